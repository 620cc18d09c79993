"""A suite, asked: every task as often as wanted, in a log that survives a kill."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from labsupport.durable import EventLog, only_one
from labsupport.evals.suites.scoring import recall, score
from labsupport.evals.suites.suite import Suite, Task
from labsupport.evals.system import Reply, System
from labsupport.exact import check_count

_OFTEN = 1.0  # seconds between two writes of a log; a quick system would wait for the disk only


@dataclass(frozen=True)
class Answer:
    """One reply to one task, judged.

    Attributes
    ----------
    task : its id.
    epoch : how often it was asked before.
    right : whether that is right; see scoring.score.
    recall : share of the required articles that were retrieved, or None.
    reply : all that the system said and did.
    """

    task: str
    epoch: int
    right: bool
    recall: float | None
    reply: Reply

    @property
    def error(self) -> str | None:
        """Why there is no answer, or None."""
        return self.reply.error


@dataclass(frozen=True)
class Run:
    """What one system answered to one suite.

    Attributes
    ----------
    suite : digest of the suite.
    system : name of the system.
    system_digest : of all that decides what it says.
    epochs : how often each task was asked.
    answers : one for each task and epoch; epoch by epoch, in the suite's order.
    """

    suite: str
    system: str
    system_digest: str
    epochs: int
    answers: tuple[Answer, ...]

    @property
    def asked(self) -> int:
        """Answers that are no error. 0: nothing was evaluated, and no number of it is one."""
        return sum(answer.error is None for answer in self.answers)

    @property
    def right(self) -> dict[str, list[bool]]:
        """{task id: whether right, epoch by epoch}."""
        found: dict[str, list[bool]] = {}
        for answer in self.answers:
            found.setdefault(answer.task, []).append(answer.right)
        return found

    @property
    def calls(self) -> int:
        """Of a model, in all."""
        return sum(answer.reply.calls for answer in self.answers)

    @property
    def seconds(self) -> float:
        """That the answers took, one after the other."""
        return sum(answer.reply.seconds for answer in self.answers)


def run_suite(
    suite: Suite,
    system: System,
    epochs: int = 1,
    log: str | Path | None = None,
    progress: Callable[[Answer], object] | None = None,
) -> Run:
    """Ask a system every task.

    Parameters
    ----------
    epochs : ask each task so often, with seeds 0, 1, ...
    log : a file for the replies. After a kill the same call goes on from there; what is lost at
        most is the last second of quick answers. What is in the log is not asked again, errors
        included: who may try again after errors only would be measured as better than they are.
        A lock, `.NAME.lock`, stays beside it.
    progress : called with every answer, those of the log included.

    Returns
    -------
    Run. What the system raises is an error of that task, and wrong. KeyboardInterrupt comes
    through; the log then has all that was answered.

    Raises
    ------
    ValueError : no whole number of epochs, a log of another suite or system, or one that was
        altered.
    BlockingIOError : another run writes to this log.
    """
    check_count(epochs, "epochs")
    path = None if log is None else Path(log)
    alone = nullcontext() if path is None else only_one(path.with_name(f".{path.name}.lock"))
    answers: list[Answer] = []
    with alone:
        events = None if path is None else EventLog(path)
        known = {} if events is None else _begun(events, suite, system)
        with _written(events) as write:
            for epoch in range(epochs):
                for task in suite.tasks:
                    reply = known.get((task.id, epoch))
                    if reply is None:
                        reply = _asked(system, task, epoch)
                        write({"task": task.id, "epoch": epoch, "reply": asdict(reply)})
                    answers.append(_judged(suite, task, epoch, reply))
                    if progress is not None:
                        progress(answers[-1])
    return Run(suite.digest, system.name, system.digest, epochs, tuple(answers))


def read_run(log: str | Path) -> tuple[Run, Suite]:
    """A run as its log tells it, and the suite that it was asked; the replies are judged anew.

    Epochs that were not asked in full are left out.

    Raises
    ------
    OSError : there is no such file.
    ValueError : it is no log of a run, was altered, or not one epoch is in it in full.
    """
    path = Path(log)
    path.stat()
    head, replies = _read(EventLog(path))
    if head is None:
        raise ValueError(f"{path.name} is empty; run the suite first.")
    suite = _suite(head["suite"])
    epochs = 0
    while all((task.id, epochs) in replies for task in suite.tasks):
        epochs += 1
    if not epochs:
        raise ValueError(
            f"{path.name} ends before every task was asked; run the suite again, and it goes on."
        )
    answers = tuple(
        _judged(suite, task, epoch, replies[task.id, epoch])
        for epoch in range(epochs)
        for task in suite.tasks
    )
    return Run(suite.digest, head["system"], head["system digest"], epochs, answers), suite


def part_of(run: Run, suite: Suite, part: Suite, epochs: int | None = None) -> Run:
    """What a run of a suite would have been, had only some of its tasks been asked.

    Parameters
    ----------
    part : of the suite, as Suite.select gives it.
    epochs : the first so many; None: all of them.

    Raises
    ------
    ValueError : the run is of another suite, this is no part of it, or it has fewer epochs.
    """
    epochs = run.epochs if epochs is None else epochs
    if run.suite != suite.digest:
        raise ValueError(f"The run of {run.system!r} is not of suite {suite.name!r}.")
    if not set(part.tasks) <= set(suite.tasks) or part.canary != suite.canary:
        raise ValueError(f"Suite {part.name!r} is no part of {suite.name!r}; take suite.select.")
    if not 1 <= epochs <= run.epochs:
        raise ValueError(f"The run of {run.system!r} has epochs 1 to {run.epochs}; got {epochs!r}.")
    inside = part.by_id
    answers = tuple(a for a in run.answers if a.task in inside and a.epoch < epochs)
    return Run(part.digest, run.system, run.system_digest, epochs, answers)


def _judged(suite: Suite, task: Task, epoch: int, reply: Reply) -> Answer:
    right = score(task, reply, suite.canary, epoch)
    return Answer(task.id, epoch, right, recall(task, reply), reply)


def _asked(system: System, task: Task, epoch: int) -> Reply:
    """A reply, whatever happens; with the seconds that it took where the system names none."""
    start = time.perf_counter()
    try:
        reply = system.answer(task.turns, epoch, task.document)
        if not isinstance(reply, Reply) or not isinstance(reply.text, str):
            reply = Reply("", error=f"The system returned no Reply but {type(reply).__name__}.")
    except Exception as error:  # noqa: BLE001 - a system that crashes has not answered
        reply = Reply("", error=f"{type(error).__name__}: {error}")
    return reply if reply.seconds else replace(reply, seconds=time.perf_counter() - start)


@contextmanager
def _written(events: EventLog | None) -> Iterator[Callable[[dict], None]]:
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


def _begun(events: EventLog, suite: Suite, system: System) -> dict[tuple[str, int], Reply]:
    """What the log has of this suite and system already; a log that is empty is begun."""
    head, replies = _read(events)
    if head is None:
        told = {"suite": asdict(suite), "system": system.name, "system digest": system.digest}
        events.append(told)
        return {}
    for what, there, here in (
        ("suite", _suite(head["suite"]).digest, suite.digest),
        ("system", head["system digest"], system.digest),
    ):
        if there != here:
            raise ValueError(
                f"{events.path.name} is the log of another {what}; name another file, or delete it."
            )
    return replies


def _read(events: EventLog) -> tuple[Mapping | None, dict[tuple[str, int], Reply]]:
    """The first line of a log, and the replies that follow it."""
    found = events.events()
    if not found:
        return None, {}
    head, replies = found[0], {}
    try:
        _suite(head["suite"]), head["system"], head["system digest"]
        for told in (each for event in found[1:] for each in event["answers"]):
            parts = told["reply"]
            lists = {name: tuple(parts[name]) for name in ("articles", "tools")}
            replies[told["task"], told["epoch"]] = Reply(**{**parts, **lists})
    except (LookupError, TypeError, ValueError):
        raise ValueError(f"{events.path.name} is no log of a suite's run.") from None
    return head, replies


def _suite(told: Mapping) -> Suite:
    """A suite from what JSON makes of it."""
    tasks = tuple(Task(**{name: _tuples(v) for name, v in each.items()}) for each in told["tasks"])
    return Suite(told["name"], told["version"], tasks, told["canary"])


def _tuples(value: object) -> object:
    return tuple(_tuples(each) for each in value) if isinstance(value, list) else value
