"""One submission: its cells run in a worker, its answers are judged here."""

from __future__ import annotations

import ast
import contextlib
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from labsupport.answers import Cell, Sandbox, TimeUp, WorkerEnded
from labsupport.answers.remote import Submission as Running
from labsupport.grading.classroom.sheet import Sheet, Step
from labsupport.grading.classroom.submissions import Submission
from labsupport.grading.exercise import Drawn
from labsupport.grading.questions import QUESTIONS
from labsupport.grading.readers import Wrong

CELL_TIME = 20.0  # seconds of CPU time for a cell
STATUSES = ("right", "wrong", "blank", "not run", "by hand", "unreadable")
_HEARD = 500  # letters of a hint that go into a table


@dataclass(frozen=True)
class Mark:
    """What came of one question.

    Attributes
    ----------
    question : "02.1".
    status : one of STATUSES. "not run": nothing to check, since the cell ended in an error.
    points : None where a person decides.
    possible : points that could be had.
    mistake : the mistake's name; empty where none is known, or none was made.
    hint : what the student is told.
    """

    question: str
    status: str
    points: float | None
    possible: float
    mistake: str = ""
    hint: str = ""


def mark_submission(
    submission: Submission, sheet: Sheet, drawn: Mapping[str, Sequence[Drawn]], sandbox: Sandbox
) -> list[Mark]:
    """The marks of a submission, in the order of the sheet.

    Parameters
    ----------
    drawn : {question: what it asks}, the same for the whole class; see Question.draw.
    sandbox : where its code runs.
    """
    if submission.problem:
        return [
            Mark(
                step.question,
                "unreadable",
                None if step.kind == "words" else 0,
                step.points,
                hint=submission.problem,
            )
            for step in sheet.steps
            if step.kind in ("check", "words")
        ]
    marking = _Marking(submission, sheet, drawn)
    while marking.left:
        with sandbox.submission() as running:
            marking.go_through(running)
    by_hand = {
        step.question: Mark(step.question, "by hand", None, step.points) for step in sheet.words
    }
    marks = {**marking.marks, **by_hand}
    return [marks[step.question] for step in sheet.steps if step.kind in ("check", "words")]


class _Marking:
    """What is known of a submission so far; a process that was lost is begun again behind what
    lost it."""

    def __init__(self, submission: Submission, sheet: Sheet, drawn: Mapping) -> None:
        self._submission, self._sheet, self._drawn = submission, sheet, drawn
        self.marks: dict[str, Mark] = {}
        self._skipped: dict[int, str] = {}  # cells that ended their process, and how
        for at, step in enumerate(sheet.steps):
            if step.kind == "check" and self._is_blank(at):
                told = "This is not filled in yet."
                self.marks[step.question] = Mark(step.question, "blank", 0, step.points, hint=told)

    @property
    def left(self) -> list[Step]:
        """Questions without a mark."""
        return [step for step in self._sheet.checks if step.question not in self.marks]

    def _answer_before(self, at: int) -> int:
        return max(k for k in range(at) if self._sheet.steps[k].kind == "answer")

    def _source(self, at: int) -> str:
        step = self._sheet.steps[at]
        if step.kind != "answer":
            return step.source
        return self._submission.answers.get(step.name, "")

    def _is_blank(self, at: int) -> bool:
        answer = self._answer_before(at)
        mine, stub = self._source(answer), self._sheet.steps[answer].source
        return mine.split() in ([], stub.split())

    def go_through(self, running: Running) -> None:
        """All steps from the first on, until one ends the process or none is left."""
        errors: dict[int, str] = {}
        for at, step in enumerate(self._sheet.steps):
            if not self.left or running.lost:
                return
            if step.kind == "check":
                if step.question not in self.marks:
                    self.marks[step.question] = self._mark(running, step, at, errors)
            elif step.kind != "words" and at not in self._skipped:
                self._run(running, at, errors)

    def _run(self, running: Running, at: int, errors: dict[int, str]) -> None:
        try:
            came = running.run(without_magics(self._source(at)), CELL_TIME)
        except TimeUp:
            self._skipped[at] = "did not come to an end"
        except WorkerEnded:
            self._skipped[at] = "ended its process"
        else:
            if came.kind == "raised":
                errors[at] = f"raised {came.text[:200]}"

    def _mark(self, running: Running, step: Step, at: int, errors: dict[int, str]) -> Mark:
        answer = self._answer_before(at)
        wrong = {"question": step.question, "points": 0, "possible": step.points}
        try:
            found = running.answer(step.expression)
        except (TimeUp, WorkerEnded):
            found = Cell("raised", "")
        if isinstance(found, Cell):
            said = self._skipped.get(answer) or errors.get(answer)
            told = f"The cell {said}" if said else f"The cell does not define {step.expression}"
            hint = f"{told}; so there is nothing to check.{self._elsewhere(said or '')}"
            return Mark(status="not run", hint=hint, **wrong)
        try:
            with contextlib.redirect_stdout(io.StringIO()), np.errstate(all="ignore"):
                QUESTIONS[step.question].judge(found, self._drawn[step.question])
        except Wrong as why:
            hint = str(why)[:1].upper() + str(why)[1:_HEARD]
            blank = hint.startswith("This is not filled in yet")
            hint += self._elsewhere(hint)
            return Mark(
                status="blank" if blank else "wrong", mistake=why.mistake, hint=hint, **wrong
            )
        except Exception as error:  # noqa: BLE001 - whatever an answer breaks here is its own
            broke = f"The check itself broke ({type(error).__name__}), so nothing was verified."
            return Mark(status="not run", hint=broke, **wrong)
        return Mark(step.question, "right", step.points, step.points)

    def _elsewhere(self, said: str) -> str:
        """A word on a name that stands in a cell which does not count."""
        missing = re.search(r"name '(\w+)' is not defined", said)
        if missing and missing[1] in self._submission.elsewhere:
            return (
                f" {missing[1]} is defined in a cell of its own; only answer cells are graded, so "
                "define it there."
            )
        return ""


def without_magics(source: str) -> str:
    """A cell without lines that only a notebook understands; each leaves an empty one.

    Where the cell is Python it stays as it is: a percent sign may begin a line of a long
    expression.
    """
    try:
        ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # the last two: too deep
        return re.sub(r"^[ \t]*[%!?][^\n]*$", "", source, flags=re.M)
    return source
