"""What an exercise asks for: the steps of its notebook, and which of them a submission may fill."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from pathlib import Path

import nbformat

from labsupport.answers.stage import modules
from labsupport.durable import digest


@dataclass(frozen=True)
class Step:
    """A cell of an exercise.

    Attributes
    ----------
    kind : "given", run as it came; "answer", taken from the submission; "check", judged here;
        "words", read by a person.
    name : nbgrader's name of the cell, empty where it has none.
    source : what stands in the exercise.
    question : "02.1", of an answer, a check or words.
    points : what can be had.
    """

    kind: str
    name: str
    source: str
    question: str = ""
    points: float = 0

    @property
    def expression(self) -> str:
        """What a check hands in."""
        call = ast.parse(self.source).body[-1].value
        return ast.unparse(call.args[1])


@dataclass(frozen=True)
class Sheet:
    """An exercise, as it was handed out.

    Attributes
    ----------
    name : "02_confidence_intervals".
    steps : in the order of the notebook.
    """

    name: str
    steps: tuple[Step, ...]

    @classmethod
    def of(cls, exercises: Path, number: str) -> Sheet:
        """The sheet of exercise `number`, as in "02".

        Raises
        ------
        ValueError : there is no such exercise, or nothing in it is checked.
        """
        found = sorted(exercises.glob(f"{number}_*.ipynb")) if number.isdecimal() else []
        if len(found) != 1:
            known = ", ".join(sorted(path.name[:2] for path in exercises.glob("[0-9]*.ipynb")))
            raise ValueError(f"There is no exercise {number}; there are {known or 'none'}.")
        return cls(found[0].stem, tuple(_steps(nbformat.read(found[0], as_version=4))))

    @property
    def checks(self) -> list[Step]:
        """What is judged here."""
        return [step for step in self.steps if step.kind == "check"]

    @property
    def words(self) -> list[Step]:
        """What a person reads."""
        return [step for step in self.steps if step.kind == "words"]

    @property
    def given(self) -> list[str]:
        """The sources of cells that come with the exercise."""
        return [step.source for step in self.steps if step.kind == "given"]

    @property
    def modules(self) -> list[str]:
        """What its given cells import."""
        return modules(self.given)

    @property
    def digest(self) -> str:
        """Of all that is asked."""
        return digest(repr(self.steps).encode())


_KINDS = {"solution": "answer", "grade": "check"}  # by what nbgrader calls them


def _steps(notebook: nbformat.NotebookNode) -> list[Step]:
    steps: list[Step] = []
    for cell in notebook.cells:
        about = cell.metadata.get("nbgrader", {})
        name, points = about.get("grade_id", ""), about.get("points", 0)
        if cell.cell_type == "markdown":
            if about.get("grade"):
                steps.append(Step("words", name, cell.source, _number(name), points))
        elif cell.cell_type == "code":
            kind = next((_KINDS[key] for key in _KINDS if about.get(key)), "given")
            question = _question(cell.source) if kind == "check" else _number(name)
            steps.append(Step(kind, name, cell.source, question, points))
    if not any(step.kind == "check" for step in steps):
        raise ValueError("Nothing in this exercise is checked.")
    return steps


def _number(name: str) -> str:
    """ "02.1" of "q02_1-answer"; other names stay as they are."""
    found = re.match(r"q(\d+)_(\d+)-", name)
    return f"{found[1]}.{found[2]}" if found else name


def _question(source: str) -> str:
    call = ast.parse(source).body[-1].value
    return ast.literal_eval(call.args[0])
