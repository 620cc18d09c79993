"""05.2: the catch rate from which on checks pay for themselves."""

from __future__ import annotations

import math

import numpy as np

from labsupport.costs import break_even_catch_rate
from labsupport.grading.exercise import Case, Question, Round, equal, mistake
from labsupport.grading.questions.q05_1 import draw
from labsupport.grading.readers import Wrong, number


def cases(rng) -> list[Case]:
    drawn = [draw(rng)[:2] for _ in range(6)]
    extra, dear = "checks that are an extra", "checks that cost more than training"
    return [
        *(Case(extra, (c, T, False), break_even_catch_rate(c, T)) for c, T in drawn),
        *(Case("checks that run anyway", (c, T, True), 0.0) for c, T in drawn),
        Case(dear, (90.0, 60.0, False), break_even_catch_rate(90.0, 60.0)),
        Case(dear, (90.0, 60.0, True), 0.0),
    ]


def free(rng) -> list[Case]:
    """Apart from the others: dividing by their cost is a mistake that has no answer here."""
    return [Case("checks that cost nothing", (0.0, 60.0, anyway), 0.0) for anyway in (False, True)]


def read(value) -> float | str:
    """The break-even; for None and a number that is not finite, what there is to say about it."""
    try:
        return float(number(value, "break-even"))
    except Wrong as wrong:
        is_float = issubclass(type(value), float | np.floating)
        if value is None or (is_float and not math.isfinite(value)):
            return str(wrong)
        raise


def right(case: Case, said) -> bool:
    return not isinstance(said, str) and equal(said, case.expected)


def none_if_they_run_anyway(told) -> bool:
    """Whether the checks that run anyway, and they alone, got no number."""
    without = {case.args[2] for case, said in told if isinstance(said, str)}
    return without == {True}


def otherwise(case: Case, said) -> str:
    if isinstance(said, str):
        return f"on {case.about}, {said}"
    return f"The break-even is not right, on {case.about}."


def rule(extra, anyway=lambda c, T: 0.0):
    """The answer with its own break-evens, for checks as an extra and for those that run anyway."""
    return lambda c, T, run_anyway: anyway(c, T) if run_anyway else extra(c, T)


def ratio(c, T):
    return c / T


QUESTION = Question(
    "05.2",
    cases,
    read=read,
    right=right,
    otherwise=otherwise,
    then=[Round(free, otherwise=otherwise, right=right)],
    verified="At this catch rate the two orders cost the same, for checks as an extra and for "
    "checks that run anyway.",
    mistakes=[
        mistake(
            "no break-even if run anyway",
            "Checks that run anyway have a break-even, too: set what a change costs in the two "
            "orders equal, and see how much the checks have to stop.",
            rule(ratio, lambda c, T: None),
            rule(ratio, lambda c, T: math.nan),
            rule(ratio, lambda c, T: math.inf),
            when=none_if_they_run_anyway,
        ),
        mistake(
            "upside down",
            "The fraction is upside down: dear checks need a high catch rate, dear training makes "
            "a low one enough.",
            rule(lambda c, T: T / c),
        ),
        mistake(
            "share of the total",
            "Set the cost of checks first equal to training alone: no check is paid for there.",
            rule(lambda c, T: c / (c + T)),
        ),
        mistake(
            "share that may pass",
            "This is the share of changes that may pass; the question asks for the share that has "
            "to be stopped.",
            rule(lambda c, T: 1 - c / T),
        ),
        mistake(
            "in percent",
            "A catch rate is a share from zero to one, here and everywhere in this lab, not a "
            "percentage.",
            rule(lambda c, T: 100 * c / T),
        ),
        mistake(
            "run anyway as an extra",
            "Checks that run anyway cost the same before training as after it, so any defect they "
            "catch is a gain.",
            rule(ratio, ratio),
        ),
        mistake(
            "always worth it",
            "Checks that are an extra have to earn their own cost before they save anything.",
            rule(lambda c, T: 0.0),
        ),
        mistake(
            "readings swapped",
            "The two readings have changed places: when the checks run anyway, their cost is paid "
            "in both orders.",
            rule(lambda c, T: 0.0, ratio),
        ),
        mistake(
            "capped at one",
            "Leave a break-even above one as it is: it says that no catch rate is enough.",
            rule(lambda c, T: min(1.0, c / T)),
        ),
        mistake(
            "money, not a share",
            "This is money, not a share: what does the saving of one caught change have to do with "
            "the checks' cost?",
            rule(lambda c, T: T - c),
        ),
    ],
)
