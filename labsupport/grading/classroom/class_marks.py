"""The whole class: spread over workers, and resumed where it was cut off."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path

from labsupport.answers import Sandbox, Shelter, build_stage, find_shelter
from labsupport.durable import EventLog, digest
from labsupport.grading.classroom.marking import Mark, mark_submission
from labsupport.grading.classroom.sheet import Sheet
from labsupport.grading.classroom.submissions import Submission
from labsupport.grading.exercise import Drawn, draw_for
from labsupport.grading.questions import QUESTIONS

AT_ONCE = 16  # submissions between two entries of the log

Each = Callable[[Callable, Sequence, Callable], list]


@dataclass(frozen=True)
class ClassMarks:
    """What came of a class.

    Attributes
    ----------
    sheet : what was asked.
    submissions : in the order of their names.
    marks : {student: marks in the order of the sheet}.
    shelter : the walls that stood around their answers.
    seed : what the inputs were drawn from.
    """

    sheet: Sheet
    submissions: list[Submission]
    marks: dict[str, list[Mark]] = field(repr=False)
    shelter: Shelter
    seed: int

    @property
    def unreadable(self) -> list[Submission]:
        """Those that could not be graded."""
        return [one for one in self.submissions if one.problem]


@dataclass(frozen=True)
class _Job:
    """What a worker needs beside a submission."""

    sheet: Sheet
    seed: int
    shelter: Shelter
    folder: str


def grade_class(
    submissions: Sequence[Submission],
    sheet: Sheet,
    seed: int,
    *,
    log: Path | None = None,
    each: Each | None = None,
    shelter: Shelter | None = None,
    progress: Callable[[int], object] = lambda done: None,
) -> ClassMarks:
    """The marks of a class. They depend on what was handed in, on the exercise and on the seed; on
    nothing else.

    Parameters
    ----------
    seed : inputs are drawn from it, so answers that are tuned to the inputs which students see
    fail. log : what is done is written here at once; a second run takes from it what has not
    changed. each : each(function, items, progress) -> list of results, in their order; by default
    one after the
        other, here.
    shelter : by default the best that works here.
    progress : called with 1 for each submission.

    Raises
    ------
    ValueError : the log is damaged.
    """
    shelter = shelter or find_shelter()
    record = EventLog(log) if log else None
    rules = digest(f"{_code()} {sheet.digest} {seed} {shelter.name}".encode())
    keys = [digest(f"{one.student}\n{one.digest}\n{rules}".encode()) for one in submissions]
    known = {event["key"]: event["marks"] for event in (record.events() if record else [])}
    marks: dict[str, list[Mark]] = {}
    left = []
    for key, one in zip(keys, submissions, strict=True):
        if key in known:
            marks[one.student] = [Mark(**mark) for mark in known[key]]
            progress(1)
        else:
            left.append((key, one))
    with tempfile.TemporaryDirectory(prefix="lab-") as folder:
        Path(folder).chmod(0o755)
        build_stage(Path(folder), sheet.given)
        job = _Job(sheet, seed, shelter, folder)
        try:
            for start in range(0, len(left), AT_ONCE):
                part = left[start : start + AT_ONCE]
                done = (each or _one_by_one)(_mark, [(one, job) for _, one in part], progress)
                for (key, one), found in zip(part, done, strict=True):
                    marks[one.student] = found
                    if record:
                        told = {"student": one.student, "key": key}
                        record.append({**told, "marks": [asdict(mark) for mark in found]})
        finally:
            _close()
    ordered = {one.student: marks[one.student] for one in submissions}
    return ClassMarks(sheet, list(submissions), ordered, shelter, seed)


def _one_by_one(function: Callable, items: Sequence, progress: Callable) -> list:
    results = []
    for item in items:
        results.append(function(item))
        progress(1)
    return results


def _mark(item: tuple[Submission, _Job]) -> list[Mark]:
    submission, job = item
    return mark_submission(submission, job.sheet, _drawn(job.sheet, job.seed), _sandbox(job))


_open: dict[_Job, tuple[Sandbox, tempfile.TemporaryDirectory | None]] = {}


def _sandbox(job: _Job) -> Sandbox:
    """This process's worker, kept for the next one; on another machine with its own stage."""
    if job not in _open:
        _close()
        folder, own = Path(job.folder), None
        if not folder.is_dir():
            own = tempfile.TemporaryDirectory(prefix="lab-")
            folder = Path(own.name)
            folder.chmod(0o755)
            build_stage(folder, job.sheet.given)
        _open[job] = Sandbox(folder, job.sheet.modules, job.shelter), own
    return _open[job][0]


def _close() -> None:
    for sandbox, own in _open.values():
        sandbox.end()
        if own:
            own.cleanup()
    _open.clear()


@cache
def _drawn(sheet: Sheet, seed: int) -> dict[str, list[Drawn]]:
    """Drawn once: what is right, and what the mistakes say, is then known for the whole class."""
    questions = [step.question for step in sheet.checks]
    return {name: list(QUESTIONS[name].draw(draw_for(name, seed))) for name in questions}


@cache
def _code() -> str:
    """Of the lab's own code: other checks, other marks."""
    package = Path(__file__).resolve().parents[2]
    return digest(b"".join(path.read_bytes() for path in sorted(package.rglob("*.py"))))
