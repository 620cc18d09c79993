"""05.4: the cheapest order of independent checks."""

from __future__ import annotations

import numpy as np

from labsupport.costs import Stage, best_order, expected_cost
from labsupport.grading.exercise import Case, Question, Round, mistake
from labsupport.grading.readers import Wrong, number


def stages(costs, rates, order) -> list[Stage]:
    """Indices serve as names, so that the best order is told in the terms of the question."""
    return [Stage(str(i), float(costs[i]), float(rates[i])) for i in order]


def case(about, costs, rates) -> Case:
    order = best_order(stages(costs, rates, range(len(costs))))
    return Case(about, (costs, rates), tuple(int(stage.name) for stage in order))


def cases(rng) -> list[Case]:
    drawn = []
    for n in (2, 3, 5, 8, 8, 8):
        about = "two checks" if n == 2 else "several checks"
        drawn.append(case(about, rng.uniform(1, 20, n), rng.uniform(0.02, 0.5, n)))
    as_small_as_shares = rng.uniform(0.1, 0.6, 8)
    drawn.append(case("several checks", as_small_as_shares, rng.uniform(0.02, 0.5, 8)))
    for place in (0, 3, 5):
        rates = rng.uniform(0.02, 0.5, 6)
        rates[place] = 0.0
        drawn.append(case("one check that never finds anything", rng.uniform(1, 20, 6), rates))
    return drawn


def ties(rng) -> list[Case]:
    """Checks of which several orders are the cheapest, and a check alone."""
    costs, rates = rng.uniform(1, 20, (4, 6)), rng.uniform(0.02, 0.5, (4, 6))
    costs[0, 4], rates[0, 4] = costs[0, 1], rates[0, 1]
    rates[1, [0, 3]] = 0.0
    rates[2, 2] = 1.0
    about = ("two checks alike", "two checks that never find anything", "a check that stops all")
    drawn = [case(*given) for given in zip(about, costs, rates, strict=False)]
    return [*drawn, case("a single check", costs[3, :1], rates[3, :1])]


def cheapest(case: Case, said) -> bool:
    """Whether it orders all checks and none costs less; the sums are exact, so equal is equal."""
    if sorted(said) != sorted(case.expected):
        return False
    cost, least = (expected_cost(stages(*case.args, order)) for order in (said, case.expected))
    return cost == least


def read(value) -> tuple[int, ...]:
    if not issubclass(type(value), list | tuple | np.ndarray):
        raise Wrong(
            "the answer is not a list; it should hold the indices of the checks, in the order in "
            "which they run."
        )
    order = [number(part, "index") for part in list(value)]
    if not all(type(part) is int for part in order):
        raise Wrong(
            "the list holds numbers that are not whole; it should hold indices, not costs or "
            "ratios."
        )
    return tuple(order)


def otherwise(case: Case, said) -> str:
    n = len(case.expected)
    if sorted(said) == list(range(1, n + 1)):
        return (
            "The checks are counted from one; as everywhere in Python, the first has the index "
            "zero."
        )
    if sorted(said) != list(range(n)):
        return "The order has to hold the index of each check, and each of them once."
    return f"There is a cheaper order, on {case.about}; which of two neighbours should come first?"


def sorted_by(key):
    def answer(costs, rates):
        with np.errstate(divide="ignore"):
            return np.argsort(key(costs, rates), kind="stable")

    return answer


right_answer = sorted_by(lambda c, p: c / p)


def idle_first(c, p):
    return np.divide(c, p, out=np.zeros_like(c), where=p > 0)


def ratios(costs, rates):
    return [c / p if p else np.inf for c, p in zip(costs, rates, strict=True)]


def looked_up(costs, rates):
    found = ratios(costs, rates)
    return [found.index(ratio) for ratio in sorted(found)]


def last_of_equals(costs, rates):
    place = {ratio: i for i, ratio in enumerate(ratios(costs, rates))}
    return [place[ratio] for ratio in sorted(place)]


QUESTION = Question(
    "05.4",
    cases,
    read=read,
    same=lambda a, b: a == b,
    otherwise=otherwise,
    then=[
        Round(
            ties,
            [
                mistake(
                    "one of two equals lost",
                    "Where two checks are equally good, one of them is lost; the order has to hold "
                    "them both.",
                    looked_up,
                    last_of_equals,
                )
            ],
            otherwise,
            right=cheapest,
        )
    ],
    verified="No other order of the drawn checks is cheaper, and a check that never finds anything "
    "comes last.",
    mistakes=[
        mistake(
            "by cost alone",
            "Sorted by cost alone: a cheap check that finds nothing only makes the others wait.",
            sorted_by(lambda c, p: c),
        ),
        mistake(
            "by catch rate alone",
            "Sorted by catch rate alone: what a check finds has to be weighed against what it "
            "costs.",
            sorted_by(lambda c, p: -p),
        ),
        mistake(
            "by rising catch rate",
            "Sorted by rising catch rate: the checks that find least come first.",
            sorted_by(lambda c, p: p),
        ),
        mistake(
            "by falling cost",
            "Sorted by falling cost: the dearest checks come first, before anything was stopped.",
            sorted_by(lambda c, p: -c),
        ),
        mistake(
            "dearest order",
            "This is the dearest order of all: the ratio is right and the direction is not.",
            lambda c, p: right_answer(c, p)[::-1],
            sorted_by(lambda c, p: p / c),
        ),
        mistake(
            "idle check in front",
            "A check that finds nothing does not belong in front: however cheap it is, nothing is "
            "bought with it.",
            sorted_by(idle_first),
        ),
        mistake(
            "multiplied",
            "Cost and catch rate are multiplied; a good check has little of one and much of the "
            "other.",
            sorted_by(lambda c, p: c * p),
        ),
        mistake(
            "cost of the passing changes",
            "This sorts by the cost of the changes that pass a check; ask what one found defect "
            "costs.",
            sorted_by(lambda c, p: c * (1 - p)),
        ),
        mistake(
            "per passing change",
            "This sorts by the cost per change that passes; ask for the cost per change that is "
            "stopped.",
            sorted_by(lambda c, p: c / (1 - p)),
        ),
        mistake(
            "subtracted",
            "Dollars and shares are subtracted from each other; the order would change with the "
            "currency.",
            sorted_by(lambda c, p: c - p),
        ),
        mistake(
            "ranks",
            "These are ranks: the place of every check, where the question asks which check has "
            "the first place.",
            lambda c, p: np.argsort(right_answer(c, p)),
        ),
    ],
)
