"""05.2: the catch rate from which on checks pay for themselves."""

from __future__ import annotations

import math

import numpy as np

from labsupport.costs import break_even_catch_rate
from labsupport.grading.draws import arguments, between, drawn, magnitudes, on_edges
from labsupport.grading.exercise import Case, Question, equal, mistake
from labsupport.grading.readers import Wrong, number
from labsupport.grading.rounding import rounded, roundings

EXTRA, ANYWAY, DEAR = (
    "checks that are an extra",
    "checks that run anyway",
    "checks that cost more than training",
)
some = arguments(c=between(3, 200, 2), T=between(210, 900, 2), anyway=False)
MIDDLE = {EXTRA: some(), ANYWAY: some(anyway=True)}
dear = {"c": between(950, 2000, 2)}
cents = {"c": magnitudes(1e-6, 1e-5), "T": magnitudes(1e-4, 1e-3)}
EDGES = {
    "checks that cost nothing": some(c=0.0),
    "checks that cost nothing and run anyway": some(c=0.0, anyway=True),
    "checks that cost as much as training": some(c=60.0, T=60.0),
    "checks that cost hardly anything": some(c=magnitudes(1e-5, 1e-3)),
    "training that costs hardly anything": some(T=magnitudes(1e-5, 1e-3)),
    "costs of less than a cent": some(**cents),
    "costs of less than a cent, of checks that run anyway": some(**cents, anyway=True),
}


def case(about, c, T, anyway) -> Case:
    return Case(about, (c, T, anyway), 0.0 if anyway else break_even_catch_rate(c, T))


def cases(rng) -> list[Case]:
    found = drawn(rng, MIDDLE, case, times=6)
    return (
        found
        + drawn(rng, {DEAR: some(**dear)}, case)
        + drawn(rng, {DEAR: some(**dear, anyway=True)}, case)
    )


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
    size = "low" if said < case.expected else "high"
    return (
        f"The break-even is too {size}, on {case.about}; hand it to your two_orders, and compare "
        "with the alternative."
    )


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
    then=[on_edges(EDGES, case, otherwise, right=right)],
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
            "share of the difference",
            "Per caught change, checks first save the whole training: the checks are paid for in "
            "any case.",
            rule(lambda c, T: c / (T - c)),
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
        rounded(*roundings(rule(ratio), 2, 4, 6)),
    ],
)
