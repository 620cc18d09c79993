"""Commands of the pipeline that the lab teaches: each its options, then what it calls."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labsupport.cli.command import add_command
from labsupport.workspace import ROOT, LabError

if TYPE_CHECKING:
    from labsupport.checks import Check
    from labsupport.delivery import Plan, Rollout

ROLLOUT = """for example
  lab rollout                        a sound version: shadow, canary, stage, fleet
  lab rollout --fault slow --again   a slow one: it is rolled back, and the log says why
  lab rollout --plan mine.toml --folder mine   your own plan: steps, metrics, alpha, deadline ...
  lab trace build/rollout/answer.json   which rows, code and verdict an answer comes from

A line a step: of the discordant pairs, in how many the canary was the worse or the better one, and
p, the chance of so many worse ones without harm. Harm is shown where p is at most the level, which
is what the plan lets this look spend.

A plan is a file like
  alpha = 0.05
  deadline = 20
  steps = [{share = 0.1, pairs = 50}, {share = 0.2, pairs = 100}, {share = 0.5, pairs = 400}]
  metrics = [{name = "errors", harm = 0.1}, {name = "slow", harm = 0.2}]

Replicas are processes that listen on this machine only; they end with the command. Stopped or
killed, the same command goes on from where the log ends. Each observation stands for a minute.
Exit status: 0 the fleet has the new version, 1 it was rolled back, 2 aborted or nobody can tell."""
TRACE = """for example
  lab trace build/rollout/answer.json
  lab trace - < build/rollout/answer.json

Every answer says where it comes from, under the seal of its fleet. So one that was altered, or that
another fleet gave, is refused.

model, parent   digests of the bundle that answered and of the one before it
data, code      digests of the rows that it was trained on and of the code that did it
verdict         of the gate that let it pass
role, rollout   the new or the old version, and how the rollout in the folder stands
because         the last thing that its log says"""
AFRESH = "Start anew with --again, or name another --folder."
PLACE = ROOT / "build" / "rollout"


def add_commands(commands: Any) -> None:
    """Add them to argparse's subparsers."""
    for add in (_add_rollout, _add_trace):
        add(commands)


def _add_rollout(commands: Any) -> None:
    says = "bring a new version to a small fleet of real processes, in steps"
    command = add_command(commands, "rollout", says, ROLLOUT)
    command.add_argument(
        "--fault",
        default="none",
        help="what is wrong with the new version: live shift, slow, failing, small slice, memory "
        "leak or crash; or with the fleet: another bundle, lost metrics (default: none)",
    )
    _add_folder(command)
    command.add_argument(
        "--plan",
        metavar="FILE",
        help="a plan in TOML, with Plan's attributes (default: a small one)",
    )
    command.add_argument("--replicas", type=int, default=4, help="3 to 5 (default: 4)")
    command.add_argument("--seed", type=int, default=0, help="of the requests (default: 0)")
    command.add_argument(
        "--again", action="store_true", help="forget the rollout in the folder, and start anew"
    )
    command.set_defaults(command=_rollout)


def _add_trace(commands: Any) -> None:
    says = "find the run that made an answer: its bundle, rows, code and verdict"
    command = add_command(commands, "trace", says, TRACE)
    command.add_argument("answer", help="a file with the answer's JSON, or - for standard input")
    _add_folder(command)
    command.set_defaults(command=_trace)


def _add_folder(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--folder", type=Path, default=PLACE, help="of the fleet (default: build/rollout)"
    )


def _rollout(arguments: argparse.Namespace) -> int:
    from labsupport.delivery.service import LOG, room
    from labsupport.delivery.service.fleet import RealFleet

    for stop in (signal.SIGTERM, signal.SIGINT):  # its replicas end with it
        signal.signal(stop, signal.default_int_handler)
    folder = arguments.folder
    around = room.AROUND.get(arguments.fault, {})
    try:
        plan = _plan(arguments.plan)
        if arguments.again:
            room.clear(folder)
        rollout = _begun(folder, plan, *room.prepare(folder, arguments.fault))
        with RealFleet(folder, arguments.replicas, seed=arguments.seed, **around) as fleet:
            end = _driven(rollout, fleet)
            fleet.wait()
            served = fleet.observe().serving  # and users' answers, as they are from now on
            if fleet.answers:
                told = json.dumps(fleet.answers[-1])
                (folder / "answer.json").write_text(told, encoding="utf-8")
        checks = _compared(folder, rollout, served)
    except (ValueError, RuntimeError) as error:
        raise LabError(str(error)) from error
    print(*(check.sentence for check in checks))
    print(f"{end}: the log is {folder / LOG}, the last answer {folder / 'answer.json'}.")
    status = {"fleet": 0, "rolled back": 1}.get(end, 2)
    return status if all(check.passed for check in checks) else 2


def _compared(folder: Path, rollout: Rollout, served: dict[str, str | None]) -> list[Check]:
    """Is what the fleet was brought to what was judged, delivered and is served?"""
    from labsupport.delivery import Bundle, same_everywhere
    from labsupport.delivery.service import BUNDLES

    judged = rollout.assignment.others
    return same_everywhere(judged, Bundle.open(folder / BUNDLES / judged).digest, served)


def _begun(folder: Path, plan: Plan, new: str, old: str) -> Rollout:
    """The rollout in a folder; one that has ended, or has another plan or bundle, is not begun
    anew unless somebody says so.
    """
    from labsupport.delivery import Rollout
    from labsupport.delivery.service import LOG

    try:
        rollout = Rollout.start(folder / LOG, plan, new, old)
    except ValueError as error:
        raise LabError(f"{error} {AFRESH}") from error
    if rollout.assignment.canary is None:
        last = rollout.events[-1]
        print(f"It has ended already: {last['state']}, because {last['reason']} {AFRESH}")
    return rollout


def _plan(path: str | None) -> Plan:
    from labsupport.delivery import Plan
    from labsupport.delivery.service.room import small_plan
    from labsupport.delivery.service.tally import METRICS

    if path is None:
        return small_plan()
    try:
        plan = Plan.from_dict(tomllib.loads(Path(path).read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        raise LabError(f"{path} is no plan: {error}") from error
    if unknown := {metric.name for metric in plan.metrics} - set(METRICS):
        raise LabError(
            f"{path}: this fleet does not measure {min(unknown)!r}; it measures "
            f"{', '.join(METRICS)}."
        )
    return plan


def _driven(rollout: Rollout, fleet: Any) -> str:
    """Drive it to its end, with a bar of pairs and a line an event."""
    from tqdm import tqdm

    from labsupport.delivery import drive

    sizes = [step.pairs for step in rollout.plan.steps]
    with tqdm(total=sizes[-1], unit="pair", desc=rollout.state, file=sys.stderr) as bar:

        def show(event: str, look: Any) -> None:
            pairs = look.pairs.get("errors")
            bar.update(max(0, min(pairs.n if pairs else 0, sizes[-1]) - bar.n))
            if event != "wait":
                last = rollout.events[-1]
                bar.set_description(last["state"])
                bar.write(f"{event}, so {last['state']}: {last['reason']}", file=sys.stdout)

        return drive(rollout, fleet, show)


def _trace(arguments: argparse.Namespace) -> int:
    from labsupport.delivery.service.tracing import trace

    try:
        stdin = arguments.answer == "-"
        text = sys.stdin.buffer.read() if stdin else Path(arguments.answer).read_bytes()
        told = trace(json.loads(text), arguments.folder)
    except (ValueError, RecursionError) as error:
        no_json = isinstance(error, json.JSONDecodeError | UnicodeDecodeError | RecursionError)
        raise LabError("That is no answer: it is no JSON." if no_json else str(error)) from error
    for name, value in told.items():
        print(f"{name:<8} {'none' if value is None else value}")
    return 0
