"""05.3: the expected cost of a whole pipeline."""

from __future__ import annotations

import math

import numpy as np

from labsupport.costs import Stage, expected_cost
from labsupport.grading.draws import on_edges
from labsupport.grading.exercise import Case, Question, mistake
from labsupport.grading.readers import a_number
from labsupport.grading.rounding import rounded, roundings

PLACES = "a first stage", "a second stage", "a third stage", "a last stage"
SIZES = {"two": 2, "three": 3, "four": 4, "six": 6}


def right_answer(costs, rates):
    pairs = zip(costs.tolist(), rates.tolist(), strict=True)
    return expected_cost([Stage("stage", cost, rate) for cost, rate in pairs])


def draw(rng, n) -> tuple[np.ndarray, np.ndarray]:
    """Costs and catch rates of n stages."""
    return np.round(rng.uniform(1, 100, n), 2), np.round(rng.uniform(0.02, 0.4, n), 3)


def case(about, costs, rates) -> Case:
    return Case(about, (costs, rates), right_answer(costs, rates))


def cases(rng) -> list[Case]:
    sizes = [*((f"{size} stages", n) for size, n in SIZES.items()), ("a single stage", 1)]
    return [case(about, *draw(rng, n)) for about, n in sizes for _ in range(2)]


def with_one(place: int, cost: float | None = None, rate: float | None = None):
    """Four stages of which one has a cost or a rate of its own."""

    def given(rng):
        costs, rates = draw(rng, 4)
        costs[place] = costs[place] if cost is None else cost
        rates[place] = rates[place] if rate is None else rate
        return costs, rates

    return given


def scaled(cost: float = 1.0, rate: float = 1.0, n: int = 4):
    """Stages whose costs and rates are so many times the usual ones."""

    def given(rng):
        costs, rates = draw(rng, n)
        return costs * cost, rates * rate

    return given


EDGES = {
    **{f"{what} that stops nothing": with_one(i, rate=0.0) for i, what in enumerate(PLACES)},
    **{f"{what} that stops all": with_one(i, rate=1.0) for i, what in enumerate(PLACES)},
    **{f"{what} that costs nothing": with_one(i, cost=0.0) for i, what in enumerate(PLACES)},
    "stages that stop nothing at all": scaled(rate=0.0),
    "stages that cost nothing at all": scaled(cost=0.0),
    "a single stage that stops nothing": scaled(rate=0.0, n=1),
    "a single stage that stops all": lambda rng: (draw(rng, 1)[0], np.ones(1)),
    "stages of which each stops all": lambda rng: (draw(rng, 3)[0], np.ones(3)),
    "stages that stop hardly anything": scaled(rate=1e-3),
    **{f"{what} that stops most": with_one(i, rate=0.83) for i, what in enumerate(PLACES)},
    "stages that stop nearly all": lambda rng: (draw(rng, 4)[0], rng.uniform(0.9, 0.99, 4)),
    "costs of less than a cent": scaled(cost=1e-6),
    "costs of millions": scaled(cost=1e6),
    "a long pipeline": scaled(n=40),
}


def reached(share):
    """The answer with an idea of its own of the share of changes that reach stage i."""
    return lambda costs, rates: sum(cost * share(rates, i) for i, cost in enumerate(costs))


def passed(rates):
    return math.prod(1 - rates)


def otherwise(case: Case, said) -> str:
    size = "low" if said < case.expected else "high"
    return (
        f"The expected cost is too {size}, on {case.about}; walk through the three stages of the "
        "text by hand."
    )


QUESTION = Question(
    "05.3",
    cases,
    read=a_number("cost"),
    otherwise=otherwise,
    then=[on_edges(EDGES, case, otherwise)],
    verified="For one to forty stages it is what the lab's own expected_cost says.",
    mistakes=[
        mistake(
            "own catch rate",
            "A stage's own catch rate does not make it cheaper: it has run by the time it finds "
            "anything.",
            reached(lambda rates, i: passed(rates[: i + 1])),
        ),
        mistake(
            "every stage billed",
            "Every stage is billed for every change here; a stage runs only if all before it "
            "passed.",
            reached(lambda rates, i: 1.0),
        ),
        mistake(
            "catch rates added",
            "Catch rates do not add up: a stage finds its share of what is left, not of all "
            "changes.",
            reached(lambda rates, i: 1 - sum(rates[:i])),
            reached(lambda rates, i: max(0.0, 1 - sum(rates[:i]))),
        ),
        mistake(
            "stage before only",
            "Only the stage just before counts here; a change that was stopped earlier does not "
            "come back.",
            reached(lambda rates, i: 1 - rates[i - 1] if i else 1.0),
        ),
        mistake(
            "first catch rate only",
            "Only the first stage stops anything here; the stages behind it stop their shares, "
            "too.",
            reached(lambda rates, i: 1 - rates[0] if i else 1.0),
        ),
        mistake(
            "stopped pay nothing",
            "Only the changes that pass all stages pay here; the others paid for what they ran "
            "through.",
            lambda costs, rates: passed(rates) * sum(costs),
        ),
        mistake(
            "passing pay nothing",
            "Only the changes that are stopped pay here; the ones that pass all stages paid for "
            "each.",
            lambda costs, rates: right_answer(costs, rates) - passed(rates) * sum(costs),
        ),
        mistake(
            "caught go on",
            "The changes that were stopped go on, and the others do not: a share caught was taken "
            "for a share let through.",
            reached(lambda rates, i: math.prod(rates[:i])),
        ),
        mistake(
            "from the end",
            "This walks the pipeline from its end; the first stage in the list runs first.",
            lambda costs, rates: right_answer(costs[::-1], rates[::-1]),
        ),
        mistake(
            "last stage missing",
            "The last stage is missing: it is paid for by everyone who gets that far.",
            lambda costs, rates: right_answer(costs[:-1], rates[:-1]) if len(costs) > 1 else 0.0,
        ),
        mistake(
            "per passing change",
            "This is the cost per change that passes; the question asks for the mean over all "
            "changes.",
            lambda costs, rates: right_answer(costs, rates) / passed(rates),
        ),
        mistake(
            "per caught defect",
            "This is the cost per caught defect; the question asks for the mean over all changes.",
            lambda costs, rates: right_answer(costs, rates) / (1 - passed(rates)),
        ),
        rounded(*roundings(right_answer, 0, 1, 2, 4)),
    ],
)
