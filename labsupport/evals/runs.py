"""A suite, asked: every task as often as wanted, in a log that survives a kill."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from labsupport.durable import EventLog, only_one
from labsupport.evals.estimate import Estimate, share
from labsupport.evals.scoring import recall, score
from labsupport.evals.suite import Suite, Task
from labsupport.evals.system import Reply, System
from labsupport.exact import check_count


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
    log : a file that every reply is written to before the next task is asked. After a kill the same
        call goes on from there. Nothing is asked twice, also after an error: who may try again
        after errors only would be measured as better than they are.
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
    with alone:
        events = None if path is None else EventLog(path)
        known = {} if events is None else _begun(events, suite, system)
        answers = []
        for epoch in range(epochs):
            for task in suite.tasks:
                reply = known.get((task.id, epoch))
                if reply is None:
                    reply = _asked(system, task, epoch)
                    if events is not None:
                        events.append({"task": task.id, "epoch": epoch, "reply": asdict(reply)})
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


def scores_of(
    run: Run, suite: Suite, by: Callable[[Task], str | None], confidence: float = 0.95
) -> dict[str, Estimate]:
    """The share of right answers of each group of tasks, with the exact interval.

    Parameters
    ----------
    by : the group of a task, or None for tasks that are in none.

    Notes
    -----
    A task counts once, with its mean over epochs: asking it again makes no new task. A sum of such
    means is no whole number; each end is that of the whole number beyond it. Tasks are taken to be
    independent, which those about one article are not: PairedScores is not taken in by that.
    """
    groups: dict[str, list[float]] = {}
    right = run.right
    for task in suite.tasks:
        if (name := by(task)) is not None:
            groups.setdefault(name, []).append(float(np.mean(right[task.id])))
    found = {}
    for name, means in groups.items():
        total, n = round(math.fsum(means), 9), len(means)
        low, high = (share(int(f(total)), n, confidence) for f in (math.floor, math.ceil))
        found[name] = Estimate(total / n, low.low, high.high, confidence, low.method)
    return found


@dataclass(frozen=True)
class Variances:
    """Where the noise of a score comes from.

    Attributes
    ----------
    items : variance between tasks, of their chances to be answered rightly.
    epochs : variance of one answer to the same task, on average; None with one epoch.
    error : standard error of the mean score that both leave, tasks taken as independent.
    """

    items: float
    epochs: float | None
    error: float


def variance_of(run: Run) -> Variances:
    """Tell apart the noise that more tasks would lower and the noise that more epochs would.

    Raises
    ------
    ValueError : fewer than two tasks.

    Notes
    -----
    One-way analysis of variance of tasks by epochs: the mean square within tasks is the epochs'
    part, and the means of tasks vary by that over the number of epochs, and by the items' part.
    """
    table = np.array(list(run.right.values()), float)
    items, epochs = table.shape
    if items < 2:
        raise ValueError("One task has no variance between tasks; a run of two or more has.")
    between = float(table.mean(axis=1).var(ddof=1))
    error = math.sqrt(between / items)
    if epochs == 1:
        return Variances(between, None, error)
    within = float(table.var(axis=1, ddof=1).mean())
    return Variances(max(0.0, between - within / epochs), within, error)


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
        for event in found[1:]:
            parts = event["reply"]
            lists = {name: tuple(parts[name]) for name in ("articles", "tools")}
            replies[event["task"], event["epoch"]] = Reply(**{**parts, **lists})
    except (LookupError, TypeError, ValueError):
        raise ValueError(f"{events.path.name} is no log of a suite's run.") from None
    return head, replies


def _suite(told: Mapping) -> Suite:
    """A suite from what JSON makes of it."""
    tasks = tuple(Task(**{name: _tuples(v) for name, v in each.items()}) for each in told["tasks"])
    return Suite(told["name"], told["version"], tasks, told["canary"])


def _tuples(value: object) -> object:
    return tuple(_tuples(each) for each in value) if isinstance(value, list) else value
