"""Commands of the pipeline that the lab teaches: each its options, then what it calls."""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labsupport.cli.command import add_command
from labsupport.workspace import ROOT, LabError

if TYPE_CHECKING:
    from labsupport.delivery import Plan, Rollout

ROLLOUT = """for example
  lab rollout                        a sound version: shadow, canary, stage, fleet
  lab rollout --fault slow --again   then a slow one: it is rolled back, and the log says why
  lab trace build/rollout/answer.json   which rows, code and verdict an answer comes from

A line a step: of the discordant pairs, in how many the canary was the worse or the better one, and
p, the chance of so many worse ones without harm. Harm is shown where p is at most the level, which
is what the plan lets this look spend.

Replicas are processes that listen on this machine only; they end with the command. Stopped or
killed, the same command goes on from where the log ends. Exit status: 0 the fleet has the new
version, 1 it was rolled back, 2 it was aborted."""
TRACE = """for example
  lab trace build/rollout/answer.json
  echo '{"model": "...", ...}' | lab trace -

model, parent   digests of the bundle that answered and of the one before it
data, code      what it was trained on, and with which release of the lab
verdict         of the gate that let it pass
role, rollout   the new or the old version, and how the rollout in the folder stands"""
PLACE = ROOT / "build" / "rollout"
AFRESH = "Start anew with --again, or name another --folder."


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
        help="what is wrong with the new version: none, live shift, slow, failing, small slice "
        "or leak (default: none)",
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
    from labsupport.delivery import Rollout
    from labsupport.delivery.service.fleet import RealFleet
    from labsupport.delivery.service.room import LOG, prepare

    for stop in (signal.SIGTERM, signal.SIGINT):  # its replicas end with it
        signal.signal(stop, signal.default_int_handler)
    folder = arguments.folder
    if arguments.again and (folder / LOG).exists():
        shutil.rmtree(folder)
    try:
        plan = _plan(arguments.plan)
        new, old = prepare(folder, arguments.fault)
        try:
            rollout = Rollout.start(folder / LOG, plan, new, old)
        except ValueError as error:
            raise LabError(f"{error} {AFRESH}") from error
        if rollout.assignment.canary is None:
            raise LabError(f"The rollout in {folder} has ended: {rollout.state}. {AFRESH}")
        with RealFleet(folder, arguments.replicas, seed=arguments.seed) as fleet:
            end = _driven(rollout, fleet)
            (folder / "answer.json").write_text(json.dumps(fleet.answers[-1]), encoding="utf-8")
    except (ValueError, RuntimeError) as error:
        raise LabError(str(error)) from error
    print(f"{end}: the log is {folder / LOG}, the last answer {folder / 'answer.json'}.")
    return {"fleet": 0, "rolled back": 1}.get(end, 2)


def _plan(path: str | None) -> Plan:
    from labsupport.delivery import Plan
    from labsupport.delivery.service.room import small_plan

    if path is None:
        return small_plan()
    try:
        return Plan.from_dict(tomllib.loads(Path(path).read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, TypeError) as error:
        raise LabError(f"{path} is no plan: {error}") from error


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

        end = drive(rollout, fleet, show)
        if not fleet.wait():
            raise RuntimeError("Not every replica follows; see whether this machine is busy.")
    return end


def _trace(arguments: argparse.Namespace) -> int:
    from labsupport.delivery.service.room import trace

    try:
        text = sys.stdin.read() if arguments.answer == "-" else Path(arguments.answer).read_text()
        told = trace(json.loads(text), arguments.folder)
    except ValueError as error:
        no_json = isinstance(error, json.JSONDecodeError | UnicodeDecodeError)
        raise LabError("That is no answer: it is no JSON." if no_json else str(error)) from error
    for name, value in told.items():
        print(f"{name:<8} {'none' if value is None else value}")
    return 0
