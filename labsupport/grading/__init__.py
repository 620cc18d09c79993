"""Exercise checks: `check("01.1", my_function)` says right, or wrong with one hint. It never shows
the expected value.

A check asks the student's function about inputs of its own and compares with what labsupport says
about them. It runs in the student's own kernel: that is enough for someone who wants to learn, and
no lock against someone who does not.
"""

from __future__ import annotations

import sys
import warnings
from dataclasses import dataclass, field

import numpy as np

from labsupport.grading.exercise import draw_for
from labsupport.grading.questions import QUESTIONS
from labsupport.grading.readers import Wrong
from labsupport.grading.watch import foreign_hands, watch

__all__ = ["Result", "check"]

watch()

_NUMPYS_OWN = {"divide": "warn", "over": "warn", "under": "ignore", "invalid": "warn"}


@dataclass(frozen=True)
class Result:
    """What came of a check.

    Attributes
    ----------
    passed : True or False; a Result is true exactly when it passed.
    hint : one sentence on what to look at next, empty when passed.
    question : which question it answers.
    mistake : the name of the mistake, in words for an instructor; empty when passed or not known by
        name.
    """

    passed: bool
    hint: str
    question: str = field(default="", repr=False, compare=False)
    mistake: str = field(default="", repr=False, compare=False)

    def __bool__(self) -> bool:
        return self.passed is True

    def _ipython_display_(self) -> None:
        """Show nothing more when right. When wrong, write on stderr: nbgrader gives no points to a
        check cell that did.
        """
        if not self:
            print(f"{self.question or 'This'} does not count as solved yet.", file=sys.stderr)


def check(question: str, answer: object, *, seed: int | None = None) -> Result:
    """Check an answer, print one line, return the Result.

    Parameters
    ----------
    question : its number, as in "01.1".
    answer : what the question asks for, usually the function itself, without parentheses.
    seed : other inputs than the usual ones. The default draws the same inputs for everyone: a check
        is not a lottery.

    Raises
    ------
    Nothing but KeyboardInterrupt, when the person at the keyboard stops it.
    """
    name = question if type(question) is str and question in QUESTIONS else ""
    try:
        with np.errstate(**_NUMPYS_OWN), warnings.catch_warnings():  # whatever the kernel has set
            warnings.simplefilter("ignore")
            verified = _judge(name, answer, seed)
    except Wrong as wrong:
        return _not_yet(name, str(wrong), wrong.mistake)
    except Exception as error:  # noqa: BLE001 - whatever breaks in here, nothing was verified
        broken = f"The check itself broke ({type(error).__name__}), so nothing was verified"
        return _not_yet(name, f"{broken}; please report this.")
    print(f"{name} is right. {verified}")
    return Result(True, "", name)


def _judge(name: str, answer: object, seed: int | None) -> str:
    """What was verified, or Wrong."""
    if not name:
        known = ", ".join(sorted(QUESTIONS))
        raise Wrong(
            f"There is no such question; the questions here are {known}, each written as text."
        )
    if foreign := foreign_hands():
        raise Wrong(
            f"In this kernel {foreign} is no longer the library's own; restart the kernel and run "
            "the cells again."
        )
    verified = QUESTIONS[name](answer, draw_for(name, seed))
    if type(verified) is not str or not verified:
        raise RuntimeError("a check must say what it verified")
    return verified


def _not_yet(name: str, hint: str, mistake: str = "") -> Result:
    hint = hint[:1].upper() + hint[1:]
    print(f"{name} not yet. {hint}" if name else hint)
    return Result(False, hint, name, mistake)
