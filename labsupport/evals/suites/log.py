"""The log of a run: a line with the suite and the system, then replies as they come."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict
from pathlib import Path

from labsupport.durable import EventLog, only_one
from labsupport.evals.suites.suite import Suite, Task
from labsupport.evals.system import Reply, System, odd_part

_OFTEN = 1.0  # seconds between two writes of a log; a quick system would wait for the disk only


def alone_with(log: Path) -> AbstractContextManager[None]:
    """Be the only one who writes to a log, whatever links lead to it.

    Raises
    ------
    BlockingIOError : another one does.
    """
    path = Path(os.path.realpath(log))
    return only_one(path.with_name(f".{path.name}.lock"))


def forget(log: Path, unless_answered: bool = False) -> None:
    """Delete the log of a run.

    Parameters
    ----------
    unless_answered : keep it if one of its replies is no error, such as those of a later epoch.

    Raises
    ------
    BlockingIOError : a run still writes to it.
    ValueError : the file is no log of a run; it stays.
    """
    if not log.exists():
        return
    with alone_with(log):
        replies = read_log(EventLog(log))[1].values()
        if not unless_answered or all(reply.error is not None for reply in replies):
            log.unlink()


@contextmanager
def written(events: EventLog | None) -> Iterator[Callable[[dict], None]]:
    """A function that notes an answer: on the disk at once, or with others of the same second."""
    noted: list[dict] = []
    since = time.monotonic()

    def flush() -> None:
        nonlocal since
        if noted and events is not None:
            events.append({"answers": noted})
        noted.clear()
        since = time.monotonic()

    def note(answer: dict) -> None:
        noted.append(answer)
        if time.monotonic() - since >= _OFTEN:
            flush()

    try:
        yield note
    finally:
        flush()


def begun(events: EventLog, suite: Suite, system: System) -> dict[tuple[str, int], Reply]:
    """What the log has of this suite and system already; a log that is empty is begun."""
    head, replies = read_log(events)
    if head is None:
        told = {"suite": asdict(suite), "system": system.name, "system digest": system.digest}
        events.append(told)
        return {}
    for what, there, here in (
        ("suite", suite_told(head["suite"]).digest, suite.digest),
        ("system", head["system digest"], system.digest),
    ):
        if there != here:
            raise ValueError(
                f"{events.path.name} is the log of another {what}; name another file, or delete it."
            )
    return replies


def read_log(events: EventLog) -> tuple[Mapping | None, dict[tuple[str, int], Reply]]:
    """The first line of a log, and the replies that follow it."""
    found = events.events()
    if not found:
        return None, {}
    head, replies = found[0], {}
    try:
        suite_told(head["suite"]), head["system"], head["system digest"]
        for told in (each for event in found[1:] for each in event["answers"]):
            reply = Reply(**{name: _tuples(part) for name, part in told["reply"].items()})
            place = told["task"], told["epoch"]
            if place in replies or odd_part(reply) is not None:
                raise ValueError(place)
            replies[place] = reply
    except (AttributeError, LookupError, TypeError, ValueError):
        raise ValueError(f"{events.path.name} is no log of a suite's run.") from None
    return head, replies


def suite_told(told: Mapping) -> Suite:
    """A suite from what JSON makes of it."""
    tasks = tuple(Task(**{name: _tuples(v) for name, v in each.items()}) for each in told["tasks"])
    return Suite(told["name"], told["version"], tasks, told["canary"])


def _tuples(value: object) -> object:
    return tuple(_tuples(each) for each in value) if isinstance(value, list) else value
