"""Exercise checks: `check("01.1", my_function)` says right, or wrong with one hint. It never shows
the expected value.

A check asks the student's function about inputs of its own and compares with what labsupport says
about them. It runs in the student's own kernel: that is enough for someone who wants to learn, and
no lock against someone who does not.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from importlib import import_module
from pkgutil import iter_modules

from labsupport.grading import questions
from labsupport.grading.calling import foreign_hands
from labsupport.grading.exercise import QUESTIONS, Wrong, draw_for

__all__ = ["Result", "check"]


@dataclass(frozen=True)
class Result:
    """What came of a check.

    Attributes
    ----------
    passed : True or False; a Result is true exactly when it passed.
    hint : one sentence on what to look at next, empty when passed.
    question : which question it answers.
    """

    passed: bool
    hint: str
    question: str = field(default="", repr=False, compare=False)

    def __bool__(self) -> bool:
        return self.passed is True

    def _ipython_display_(self) -> None:
        """Show nothing more when right. When wrong, write on stderr: nbgrader gives no points to a check cell that did."""
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
    name = question if type(question) is str else ""
    try:
        _load()
        if name not in QUESTIONS:
            known = ", ".join(sorted(QUESTIONS))
            hint, name = (
                f"There is no such question; the questions here are {known}, each written as text.",
                "",
            )
        else:
            hint, verified = _judge(name, answer, seed)
    except Exception as error:  # noqa: BLE001 - whatever breaks in here, nothing was verified
        hint = f"The check itself broke ({type(error).__name__}), so nothing was verified; please report this."
    if hint:
        print(f"{name} not yet. {hint}".strip() if name else hint)
        return Result(False, hint, name)
    print(f"{name} is right. {verified}")
    return Result(True, "", name)


def _judge(name: str, answer: object, seed: int | None) -> tuple[str, str]:
    """The hint, or else what was verified; exactly one of the two is empty."""
    if foreign := foreign_hands():
        return (
            f"In this kernel {foreign} is no longer the library's own; restart the kernel and run the cells again.",
            "",
        )
    try:
        verified = QUESTIONS[name](answer, draw_for(name, seed))
    except Wrong as wrong:
        return _sentence(str(wrong)), ""
    if type(verified) is not str or not verified:
        raise RuntimeError("a check must say what it verified")
    return "", verified


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _load() -> None:
    """Import every module of `questions`; each registers what it checks."""
    for module in iter_modules(questions.__path__):
        import_module(f"{questions.__name__}.{module.name}")
