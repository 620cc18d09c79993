"""What a question is made of: a check that is registered under its number, and the mistakes it
knows by name.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from labsupport.grading.calling import Case
from labsupport.grading.readers import Wrong

QUESTIONS: dict[str, Callable[[object, np.random.Generator], str]] = {}


def question(number: str):
    """Register the check of a question.

    The check takes the student's answer and a generator to draw inputs from. It returns a sentence
    on what it verified, or raises Wrong with a hint; anything else that happens in it counts as not
    verified.
    """

    def register(function):
        if number in QUESTIONS:
            raise ValueError(f"Question {number} has two checks; give one of them another number.")
        QUESTIONS[number] = function
        return function

    return register


@dataclass(frozen=True)
class Mistake:
    """A plausible mistake: the hint for it, and what an answer that makes it would return."""

    hint: str
    answer: Callable


def compare(
    cases: Sequence[Case],
    said: Sequence,
    mistakes: Sequence[Mistake],
    same: Callable,
    otherwise: Callable,
) -> None:
    """Raise Wrong unless every answer agrees with what was expected.

    Parameters
    ----------
    said : one answer per case.
    mistakes : tried in order; the first one that would have said the same in every case gives the
        hint.
    same : (a, b) -> bool, whether two answers agree.
    otherwise : (case, answer) -> hint, for the first wrong answer if no mistake explains it.
    """
    if not cases or len(cases) != len(said):
        raise RuntimeError(f"{len(said)} answers to {len(cases)} cases")
    wrong = [
        (case, value)
        for case, value in zip(cases, said, strict=True)
        if same(value, case.expected) is not True
    ]
    if not wrong:
        return
    telling = [
        *wrong,
        *zip(cases, said, strict=True),
    ]  # what went wrong first: most mistakes are ruled out there
    for mistake in mistakes:
        if all(_would_say(mistake, case, value, same) for case, value in telling):
            raise Wrong(mistake.hint)
    raise Wrong(otherwise(*wrong[0]))


def _would_say(mistake: Mistake, case: Case, value, same: Callable) -> bool:
    try:
        return same(value, mistake.answer(*case.args)) is True
    except (ArithmeticError, ValueError, LookupError, TypeError):
        return False  # the mistake has no answer here, and the student gave one
