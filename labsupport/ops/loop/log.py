"""The loop in a folder: every decision and its reason in one log that only grows.

The loop depends on its days alone. So whoever goes on after a kill lives through them again, finds
each decision in the log as he would have taken it, and adds what is missing. What is expensive is
not done again: a model that lies in the folder is not trained anew.

    log.jsonl      the decisions
    models/        weights, by the name of the candidate
    bundles/       what was packed
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from labsupport.durable import EventLog, only_one
from labsupport.ops.loop.attempt import KEPT, Workshop
from labsupport.ops.loop.faults import NONE
from labsupport.ops.loop.policy import LoopPolicy
from labsupport.ops.loop.rows import DAYS
from labsupport.ops.loop.story import Event, Loop
from labsupport.ops.loop.turning import Turning, check_days, told_of

LOG, LOCK = "log.jsonl", ".lock"
_POLICY = LoopPolicy()


def run_loop(
    folder: Path,
    days: int = DAYS,
    fault: str = NONE,
    without: tuple[str, ...] = (),
    policy: LoopPolicy = _POLICY,
    heard: Callable[[int, Event | None, bool], None] = lambda day, event, fresh: None,
) -> Loop:
    """Run the loop in a folder, from wherever its log ends. More days later go on with the same
    log; fewer leave it as it is.

    Parameters
    ----------
    folder : it need not exist yet.
    days, fault, without, policy : as for simulate.
    heard : called with each event, its day, and whether it was not in the log before; at the end of
        a day with None.

    Raises
    ------
    ValueError : the folder has another loop, or its log was altered; or what simulate refuses.
    BlockingIOError : another one runs in this folder.
    """
    check_days(days)
    folder = Path(folder)
    with only_one(folder / LOCK), TemporaryDirectory() as scratch:
        turning = Turning(fault, without, policy, Workshop(folder, keep=True), Path(scratch))
        log = _Replayed(EventLog(folder / LOG))
        told = []
        for day in range(days + 1):
            for event in turning.day(day):
                heard(day, event, log.keep(event))
                told.append(event)
            heard(day, None, False)
        return told_of(turning, days, tuple(told))


def forget(folder: Path) -> None:
    """Take a loop out of its folder: log, models and bundles, and nothing else that lies there.

    Raises
    ------
    BlockingIOError : it is running.
    """
    folder = Path(folder)
    if not (folder / LOG).exists():
        return
    with only_one(folder / LOCK):
        (folder / LOG).unlink()
        for name in KEPT:
            shutil.rmtree(folder / name, ignore_errors=True)


class _Replayed:
    """A log whose first events have to come again."""

    def __init__(self, log: EventLog) -> None:
        self._log, self._known, self._place = log, log.events(), 0

    def keep(self, event: Event) -> bool:
        """Add an event, unless it is there; whether it was added."""
        told = json.loads(json.dumps(dict(event)))
        fresh = self._place >= len(self._known)
        if fresh:
            self._log.append(told)
        elif told != self._known[self._place]:
            raise ValueError(
                f"{self._log.path.name} is of another loop: its line {self._place + 1} says "
                f"{self._known[self._place].get('reason')!r}, and now it would be "
                f"{told['reason']!r}; begin anew, or take another folder."
            )
        self._place += 1
        return fresh
