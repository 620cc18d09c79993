"""The command `lab loop`: the whole pipeline, run round on the real flights, day by day."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labsupport.cli.command import add_command
from labsupport.cli.undecided import USAGE, UndecidedError, told, usage
from labsupport.workspace import ROOT

if TYPE_CHECKING:
    from labsupport.ops.loop import Loop

LOOP = """for example
  lab loop                                      168 days, 26 February to 12 August 2013
  lab loop --fault "skewed logs" --again        an airline's logs go wrong: where is it caught?
  lab loop --fault "skewed logs" --without gate --again     and without the gate?
  lab loop --days 120 --folder mine             the first 120 days; more of them go on from there

A line a decision: the day, the stage, and why. What can go wrong (--fault): skewed logs, stale
shard, poisoned labels, latency regression, another bundle. What can be taken off (--without):
checks, gate, segments, bundle, canary, rollback.

Stopped or killed, the same command goes on from where the log ends, and the log is the same in the
end. A model that lies in the folder is not trained again.

Exit status: 0 nothing that is wrong reached everybody, and what is served is what was judged; 1 a
fault reached everybody, or the fleet was taken back after everybody had the new version. 64 wrong
usage, 65 the folder has another loop or its log was altered, 74 it cannot be written."""
PLACE = ROOT / "build" / "loop"


def add_commands(commands: Any) -> None:
    """Add it to argparse's subparsers."""
    says = "run the whole pipeline round on the real flights, day by day"
    command = add_command(commands, "loop", says, LOOP)
    command.add_argument("--days", type=int, metavar="N", help="1 to 168 (default: 168)")
    command.add_argument("--fault", default="none", help="what goes wrong (default: none)")
    command.add_argument(
        "--without",
        nargs="+",
        action="extend",
        default=[],
        metavar="STAGE",
        help="stages that are taken off",
    )
    command.add_argument(
        "--folder", type=Path, default=PLACE, help="of the log (default: build/loop)"
    )
    command.add_argument(
        "--again", action="store_true", help="forget the loop in the folder, and start anew"
    )
    command.add_argument("--json", action="store_true", help="print the result as JSON")
    command.error = usage(command)
    command.set_defaults(command=told(_run))


def _run(arguments: argparse.Namespace) -> int:
    from labsupport.ops.loop.faults import check_fault
    from labsupport.ops.loop.log import LOG, forget
    from labsupport.ops.loop.policy import check_stages
    from labsupport.ops.loop.rows import DAYS
    from labsupport.ops.loop.turning import check_days

    days = DAYS if arguments.days is None else arguments.days
    try:
        check_days(days), check_fault(arguments.fault), check_stages(arguments.without)
    except ValueError as error:
        raise UndecidedError(USAGE, str(error)) from error
    try:
        if arguments.again:
            forget(arguments.folder)
        loop, known = _turned(arguments, days)
    except BlockingIOError as error:
        said = "another loop runs in this folder; wait, or name another --folder."
        raise UndecidedError(USAGE, said) from error
    if arguments.json:
        print(json.dumps(as_json(loop)))
        return loop.status
    if known:
        print(f"{known} of its decisions were in the log already.")
    print(loop.sentence)
    print(f"The log is {arguments.folder / LOG}.")
    return loop.status


def _turned(arguments: argparse.Namespace, days: int) -> tuple[Loop, int]:
    """The loop, with a bar of days and a line a decision; and how many it had taken before."""
    from tqdm import tqdm

    from labsupport.ops.loop import run_loop

    known = 0
    with tqdm(total=days, unit="day", desc="begun", file=sys.stderr) as bar:

        def show(day: int, event: Any, fresh: bool) -> None:
            nonlocal known
            if event is None:
                bar.update(day > 0)
                return
            known += not fresh
            bar.set_description(f"{event['date']}, {event['stage']}", refresh=False)
            if fresh and event["event"] != "quiet" and not arguments.json:
                bar.write(decision_line(event), file=sys.stdout)

        without = tuple(arguments.without)
        return run_loop(arguments.folder, days, arguments.fault, without, heard=show), known


def decision_line(event: Any) -> str:
    """A decision in a line."""
    what = f"{event['stage']} {event['event']}"
    return f"day {event['day']:>3}, {event['date']:>6}  {what:<22} {event['reason']}"


def as_json(loop: Loop) -> dict[str, object]:
    """The result in plain values."""
    cost = loop.cost
    names = ("trainings", "hurt", "helped", "dollars")
    return {
        "days": loop.days,
        "fault": loop.fault,
        "without": list(loop.without),
        "caught_at": loop.caught_at,
        "caught_on": loop.caught_on,
        "cost": {name: getattr(cost, name) for name in names},
        "serves_what_was_judged": loop.serves_what_was_judged,
        "status": loop.status,
        "sentence": loop.sentence,
        "events": [dict(event) for event in loop.events],
    }
