"""A suite, asked: every task as often as wanted, in a log that survives a kill."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from labsupport.durable import EventLog
from labsupport.evals.suites.log import alone_with, begun, read_log, suite_told, written
from labsupport.evals.suites.scoring import is_right, recall
from labsupport.evals.suites.suite import Suite, Task
from labsupport.evals.system import Reply, System, odd_part
from labsupport.exact import check_count


@dataclass(frozen=True)
class Answer:
    """One reply to one task, judged.

    Attributes
    ----------
    task : its id.
    epoch : how often it was asked before.
    right : whether that is right; see scoring.is_right.
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

    Raises
    ------
    ValueError : no whole number of epochs, or a task that has not one answer for each.
    """

    suite: str
    system: str
    system_digest: str
    epochs: int
    answers: tuple[Answer, ...]

    def __post_init__(self) -> None:
        check_count(self.epochs, "epochs")
        found: dict[str, list[int]] = {}
        for answer in self.answers:
            found.setdefault(answer.task, []).append(answer.epoch)
        for task, epochs in found.items():
            if sorted(epochs) != list(range(self.epochs)):
                raise ValueError(
                    f"The run of {self.system!r} has not one answer to task {task!r} for each of "
                    f"its {self.epochs} epochs; read it from its log, or take part_of."
                )

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
    def spared(self) -> Run:
        """The same with errors taken for right: a champion that was not there is not beaten."""
        answers = (replace(a, right=a.right or a.error is not None) for a in self.answers)
        return replace(self, answers=tuple(answers))

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
    alone = nullcontext() if path is None else alone_with(path)
    answers: list[Answer] = []
    with alone:
        events = None if path is None else EventLog(path)
        known = {} if events is None else begun(events, suite, system)
        with written(events) as write:
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
    head, replies = read_log(EventLog(path))
    if head is None:
        raise ValueError(f"{path.name} is empty; run the suite first.")
    suite = suite_told(head["suite"])
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
    right = is_right(task, reply, suite.canary, epoch)
    return Answer(task.id, epoch, right, recall(task, reply), reply)


def _asked(system: System, task: Task, epoch: int) -> Reply:
    """A reply, whatever happens; with the seconds that it took where the system names none."""
    start = time.perf_counter()
    try:
        reply = system.answer(task.turns, epoch, task.document)
        if (odd := odd_part(reply)) is not None:
            reply = Reply("", error=odd)
    except Exception as error:  # noqa: BLE001 - a system that crashes has not answered
        reply = Reply("", error=f"{type(error).__name__}: {error}")
    return reply if reply.seconds else replace(reply, seconds=time.perf_counter() - start)
