"""The questions of all exercises, one module each: question 03.2 is declared in q03_2."""

from collections.abc import Iterable
from importlib import import_module
from pkgutil import iter_modules

from labsupport.grading.exercise import Question


def by_number(questions: Iterable[Question]) -> dict[str, Question]:
    """The questions under their numbers; a number that two of them have raises ValueError."""
    found: dict[str, Question] = {}
    for question in questions:
        if found.setdefault(question.number, question) is not question:
            raise ValueError(
                f"Question {question.number} is declared twice; give one of them another number."
            )
    return found


QUESTIONS = by_number(
    import_module(f"{__name__}.{found.name}").QUESTION for found in iter_modules(__path__)
)
