"""05.4: the cheapest order of independent checks."""

from __future__ import annotations

import numpy as np

from labsupport.costs import Stage, best_order, expected_cost
from labsupport.grading.draws import on_edges
from labsupport.grading.exercise import Case, Question, close, mistake
from labsupport.grading.readers import listed_numbers


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


def six(*changes, cost=1.0, rate=1.0):
    """Six checks, of which some get a cost and a rate of their own: changes of (place, cost, rate),
    where None leaves what was drawn, and a place stands for what was drawn there.
    """

    def given(rng):
        costs, rates = rng.uniform(1, 20, 6) * cost, rng.uniform(0.02, 0.5, 6) * rate
        for place, new_cost, new_rate in changes:
            costs[place] = costs[place] if new_cost is None else new_cost(costs)
            rates[place] = rates[place] if new_rate is None else new_rate(rates)
        order = rng.permutation(6)
        return costs[order], rates[order]

    return given


def fixed(value: float):
    return lambda drawn: value


def like(place: int, factor: float = 1.0):
    return lambda drawn: drawn[place] * factor


NONE, ALL = fixed(0.0), fixed(1.0)
EDGES = {  # of which several orders may be the cheapest
    "two checks alike": six((4, like(1), like(1))),
    "checks with equal ratios of cost and rate": six((4, like(1, 0.5), like(1, 0.5))),
    "checks of equal cost": six((4, like(1), None), (2, like(1), None)),
    "checks with equal catch rates": six((4, None, like(1)), (2, None, like(1))),
    "two checks that never find anything": six((0, None, NONE), (3, None, NONE)),
    "checks that never find anything, alike": six((0, None, NONE), (3, like(0), NONE)),
    "checks of which none ever finds anything": six(rate=0.0),
    "a check that stops all": six((2, None, ALL)),
    "two checks that stop all": six((2, None, ALL), (5, None, ALL)),
    "a check that stops all, beside one that is cheaper and finds half": six(
        (2, fixed(4.0), ALL), (5, fixed(3.0), fixed(0.5))
    ),
    "checks that find most of what there is": six(
        (1, None, fixed(0.97)), (2, None, fixed(0.91)), (5, None, fixed(0.85))
    ),
    "a dear check that stops all": six((2, fixed(400.0), ALL)),
    "a cheap idle check beside one that hardly finds anything": six(
        (1, fixed(0.001), NONE), (4, None, fixed(1e-12))
    ),
    "costs of less than a cent": six(cost=1e-6),
    "catch rates of one in a million": six(rate=1e-6),
    "costs of millions": six(cost=1e6),
    "a single check": lambda rng: (rng.uniform(1, 20, 1), rng.uniform(0.02, 0.5, 1)),
    "a single check that never finds anything": lambda rng: (rng.uniform(1, 20, 1), np.zeros(1)),
}


equal = close(1e-13, 0.0)  # equal ratios need not be equal to the last bit


def cheapest(case: Case, said) -> bool:
    """Whether it orders all checks, none costs less, and what never stops anything comes last."""
    if sorted(said) != sorted(case.expected):
        return False
    cost, least = (expected_cost(stages(*case.args, order)) for order in (said, case.expected))
    stopping = case.args[1][list(said)] > 0
    idle_last = bool(np.all(stopping[:-1] >= stopping[1:]))
    return idle_last and equal(cost, least)


def read(value) -> tuple[int, ...]:
    what = "the indices of the checks, in the order in which they run, not costs or ratios"
    return tuple(listed_numbers(value, what, "index"))


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
        on_edges(
            EDGES,
            case,
            otherwise,
            [
                mistake(
                    "one of two equals lost",
                    "Where two checks are equally good, one of them is lost; the order has to hold "
                    "them both.",
                    looked_up,
                    last_of_equals,
                )
            ],
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
