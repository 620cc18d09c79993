"""Exercise 05, question 4: the cheapest order of independent checks."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from labsupport.costs import Stage, best_order
from labsupport.grading.calling import ask
from labsupport.grading.old import Case, Mistake, Wrong, compare, question
from labsupport.grading.readers import number

_IDLE = "one check that never finds anything"


def _checks(about: str, costs: np.ndarray, rates: np.ndarray) -> Case:
    """Indices serve as names, so that the best order is told in the terms of the question."""
    stages = [
        Stage(str(i), c, p)
        for i, (c, p) in enumerate(zip(costs.tolist(), rates.tolist(), strict=True))
    ]
    return Case(about, (costs, rates), tuple(int(stage.name) for stage in best_order(stages)))


def _drawn(rng: np.random.Generator) -> list[Case]:
    cases = []
    for n in (2, 3, 5, 8, 8, 8):
        cases.append(
            _checks(
                f"{'two' if n == 2 else 'several'} checks",
                rng.uniform(1, 20, n),
                rng.uniform(0.02, 0.5, n),
            )
        )
    cases.append(
        _checks("several checks", rng.uniform(0.1, 0.6, 8), rng.uniform(0.02, 0.5, 8))
    )  # costs as small as shares
    for place in (0, 3, 5):
        rates = rng.uniform(0.02, 0.5, 6)
        rates[place] = 0.0
        cases.append(_checks(_IDLE, rng.uniform(1, 20, 6), rates))
    return cases


def _sorted_by(key: Callable) -> Callable:
    def answer(costs, rates) -> tuple[int, ...]:
        with np.errstate(divide="ignore"):
            return tuple(np.argsort(key(costs, rates), kind="stable").tolist())

    return answer


def _ratio(costs, rates) -> np.ndarray:
    return costs / rates


def _idle_first(costs, rates) -> np.ndarray:
    return np.divide(costs, rates, out=np.zeros_like(costs), where=rates > 0)


_BACKWARDS = "This is the dearest order of all: the ratio is right and the direction is not."
_MISTAKES = [
    Mistake("Sorted by cost alone: a cheap check that finds nothing only makes the others wait.",
            _sorted_by(lambda c, p: c)),
    Mistake("Sorted by catch rate alone: what a check finds has to be weighed against what it costs.",
            _sorted_by(lambda c, p: -p)),
    Mistake("Sorted by rising catch rate: the checks that find least come first.", _sorted_by(lambda c, p: p)),
    Mistake("Sorted by falling cost: the dearest checks come first, before anything was stopped.",
            _sorted_by(lambda c, p: -c)),
    Mistake(_BACKWARDS, lambda c, p: _sorted_by(_ratio)(c, p)[::-1]),
    Mistake(_BACKWARDS, _sorted_by(lambda c, p: p / c)),
    Mistake("A check that finds nothing does not belong in front: however cheap it is, nothing is bought with it.",
            _sorted_by(_idle_first)),
    Mistake("Cost and catch rate are multiplied; a good check has little of one and much of the other.",
            _sorted_by(lambda c, p: c * p)),
    Mistake("This sorts by the cost of the changes that pass a check; ask what one found defect costs.",
            _sorted_by(lambda c, p: c * (1 - p))),
    Mistake("This sorts by the cost per change that passes; ask for the cost per change that is stopped.",
            _sorted_by(lambda c, p: c / (1 - p))),
    Mistake("Dollars and shares are subtracted from each other; the order would change with the currency.",
            _sorted_by(lambda c, p: c - p)),
    Mistake("These are ranks: the place of every check, where the question asks which check has the first place.",
            lambda c, p: _sorted_by(lambda a, b: np.array(_sorted_by(_ratio)(a, b)))(c, p)),
]  # fmt: skip


def _read(value) -> tuple[int, ...]:
    kind = type(value)
    if not issubclass(kind, list | tuple | np.ndarray):
        raise Wrong(
            "the answer is not a list; it should hold the indices of the checks, in the order in which they run."
        )
    order = [number(part, "index") for part in list(value)]
    if not all(type(part) is int for part in order):
        raise Wrong(
            "the list holds numbers that are not whole; it should hold indices, not costs or ratios."
        )
    return tuple(order)


def _otherwise(case: Case, said) -> str:
    n = len(case.expected)
    if sorted(said) == list(range(1, n + 1)):
        return "The checks are counted from one; as everywhere in Python, the first has the index zero."
    if sorted(said) != list(range(n)):
        return "The order has to hold the index of each check, and each of them once."
    return f"There is a cheaper order, on {case.about}; which of two neighbours should come first?"


@question("05.4")
def _order(answer, rng) -> str:
    cases = _drawn(rng)
    compare(cases, ask(answer, cases, _read), _MISTAKES, lambda a, b: a == b, _otherwise)
    return "No other order of the drawn checks is cheaper, and a check that never finds anything comes last."
