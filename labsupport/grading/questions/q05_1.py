"""Exercise 05, questions 1 to 3: two orders, the break-even, a whole pipeline.

What is right comes from labsupport; what is written out is how one gets it wrong.
"""

from __future__ import annotations

import math

import numpy as np

from labsupport.costs import Stage, break_even_catch_rate, expected_cost
from labsupport.grading.calling import ask
from labsupport.grading.old import Case, Mistake, Wrong, compare, question
from labsupport.grading.readers import number, pair

_MISSING = "The checks' own cost is missing: every change pays for them, the ones they let through as well."
_HAS_ONE = (
    "Checks that run anyway have a break-even, too: set what a change costs in the two orders equal, and see how much the "
    "checks have to stop."
)
_PERCENT = (
    "A catch rate is a share from zero to one, here and everywhere in this lab, not a percentage."
)


def _same(a, b) -> bool:
    return np.shape(a) == np.shape(b) and bool(np.all(np.isclose(a, b, rtol=1e-9, atol=1e-12)))


def _drawn(rng: np.random.Generator) -> tuple[float, float, float]:
    """Cost of the checks, cost of training, catch rate."""
    training = round(float(rng.uniform(50, 900)), 2)
    return (
        round(training * float(rng.uniform(0.01, 0.6)), 2),
        training,
        round(float(rng.uniform(0.03, 0.9)), 3),
    )


def _two_orders(about: str, c: float, T: float, p: float) -> Case:
    check, training = Stage("checks", c, p), Stage("training", T, 0)
    return Case(
        about, (c, T, p), (expected_cost([check, training]), expected_cost([training, check]))
    )


_TWO_MISTAKES = [
    Mistake(_MISSING, lambda c, T, p: ((1 - p) * T, T)),
    Mistake(_MISSING, lambda c, T, p: ((1 - p) * T, T + c)),
    Mistake("The catch rate is on the wrong stage: it makes cheaper what comes after the checks, never the checks.",
            lambda c, T, p: ((1 - p) * c + T, T + c)),
    Mistake("The checks run for every change, but here the ones they stop do not pay for them.",
            lambda c, T, p: ((1 - p) * (c + T), T + c)),
    Mistake("This trains the changes that were stopped, and not the others.", lambda c, T, p: (c + p * T, T + c)),
    Mistake("Training that has run is paid for: checks after it save nothing, whatever they find.",
            lambda c, T, p: (c + (1 - p) * T, c + (1 - p) * T)),
    Mistake("Training that has run is paid for: checks after it save nothing, whatever they find.",
            lambda c, T, p: (c + (1 - p) * T, T + (1 - p) * c)),
    Mistake("The second number is the cost of training alone; in this question the checks run anyway, after training.",
            lambda c, T, p: (c + (1 - p) * T, T)),
    Mistake("The two costs have changed places.", lambda c, T, p: (T + c, c + (1 - p) * T)),
    Mistake("These are costs per caught defect; the question asks for the mean over all changes.",
            lambda c, T, p: ((c + (1 - p) * T) / p, (T + c) / p)),
    Mistake("These are costs per change that passes; the question asks for the mean over all changes.",
            lambda c, T, p: ((c + (1 - p) * T) / (1 - p), (T + c) / (1 - p))),
    Mistake("The first number is what a stopped change costs; average it with the changes that go on to training.",
            lambda c, T, p: (c, T + c)),
    Mistake(_PERCENT, lambda c, T, p: (c + (1 - p / 100) * T, T + c)),
    Mistake("The costs are rounded; return them as they come, and round when you print.",
            lambda c, T, p: (round(c + (1 - p) * T, 2), round(T + c, 2))),
    Mistake("The costs are rounded; return them as they come, and round when you print.",
            lambda c, T, p: (round(c + (1 - p) * T), round(T + c))),
]  # fmt: skip


@question("05.1")
def _two(answer, rng) -> str:
    def read(value):
        return tuple(
            float(number(part, name)) for part, name in zip(pair(value, names), names, strict=True)
        )

    def otherwise(case: Case, said) -> str:
        which = (
            "with the checks first"
            if not _same(said[0], case.expected[0])
            else "with training first"
        )
        return f"The cost {which} is not right, on {case.about}; list who pays for what, stage by stage."

    names = ("cost with checks first", "cost with training first")
    drawn = [_two_orders("drawn costs", *_drawn(rng)) for _ in range(6)]
    ends = [
        _two_orders(f"checks that stop {what}", 5.0, 80.0, p)
        for what, p in (("nothing", 0.0), ("all", 1.0))
    ]
    for cases in (drawn, ends):
        compare(cases, ask(answer, cases, read), _TWO_MISTAKES, _same, otherwise)
    return "For drawn costs and catch rates, and at both ends, the two costs are those of the lab's own pipelines."


def _break_evens(rng: np.random.Generator) -> list[Case]:
    drawn = [(c, T) for c, T, _ in (_drawn(rng) for _ in range(6))]
    extras = [
        Case("checks that are an extra", (c, T, False), break_even_catch_rate(c, T))
        for c, T in drawn
    ]
    anyway = [Case("checks that run anyway", (c, T, True), 0.0) for c, T in drawn]
    dear = [
        Case(
            "checks that cost more than training",
            (90.0, 60.0, False),
            break_even_catch_rate(90, 60),
        )
    ]
    return [*extras, *anyway, *dear]


def _rule(extra, anyway=lambda c, T: 0.0):
    return lambda c, T, run_anyway: anyway(c, T) if run_anyway else extra(c, T)


_EVEN_MISTAKES = [
    Mistake("The fraction is upside down: dear checks need a high catch rate, dear training makes a low one enough.",
            _rule(lambda c, T: T / c)),
    Mistake("Set the cost of checks first equal to training alone: no check is paid for there.",
            _rule(lambda c, T: c / (c + T))),
    Mistake("This is the share of changes that may pass; the question asks for the share that has to be stopped.",
            _rule(lambda c, T: 1 - c / T)),
    Mistake(_PERCENT, _rule(lambda c, T: 100 * c / T)),
    Mistake("Checks that run anyway cost the same before training as after it, so any defect they catch is a gain.",
            _rule(lambda c, T: c / T, lambda c, T: c / T)),
    Mistake("Checks that are an extra have to earn their own cost before they save anything.", _rule(lambda c, T: 0.0)),
    Mistake("The two readings have changed places: when the checks run anyway, their cost is paid in both orders.",
            _rule(lambda c, T: 0.0, lambda c, T: c / T)),
    Mistake("Leave a break-even above one as it is: it says that no catch rate is enough.",
            _rule(lambda c, T: min(1.0, c / T))),
    Mistake("This is money, not a share: what does the saving of one caught change have to do with the checks' cost?",
            _rule(lambda c, T: T - c)),
]  # fmt: skip


def _read_even(value) -> float | str:
    """The break-even; for None and for a number that is not finite, what there is to say about it."""
    try:
        return float(number(value, "break-even"))
    except Wrong as wrong:
        if value is None or (
            issubclass(type(value), float | np.floating) and not math.isfinite(value)
        ):
            return str(wrong)
        raise


@question("05.2")
def _even(answer, rng) -> str:
    cases = _break_evens(rng)
    said = ask(answer, cases, _read_even)
    for case, value in zip(cases, said, strict=True):
        if isinstance(value, str):
            raise Wrong(_HAS_ONE if case.args[2] else f"on {case.about}, {value}")
    compare(
        cases,
        said,
        _EVEN_MISTAKES,
        _same,
        lambda case, _: f"The break-even is not right, on {case.about}.",
    )
    return "At this catch rate the two orders cost the same, for checks as an extra and for checks that run anyway."


def _pipelines(rng: np.random.Generator) -> list[Case]:
    cases = []
    for about, n in (
        ("two stages", 2),
        ("three stages", 3),
        ("four stages", 4),
        ("six stages", 6),
        ("a single stage", 1),
    ):
        for _ in range(2):
            costs, rates = (
                np.round(rng.uniform(1, 100, n), 2),
                np.round(rng.uniform(0.02, 0.4, n), 3),
            )
            stages = [Stage("s", c, p) for c, p in zip(costs.tolist(), rates.tolist(), strict=True)]
            cases.append(Case(about, (costs, rates), expected_cost(stages)))
    return cases


def _reach(shares):
    """The answer that has its own idea of the share of changes that reach each stage."""
    return lambda costs, rates: float(
        np.sum(costs * np.array([shares(rates, i) for i in range(len(costs))]))
    )


def _right(costs, rates) -> float:
    return float(np.sum(costs * np.concatenate([[1.0], np.cumprod(1 - rates)[:-1]])))


_PIPELINE_MISTAKES = [
    Mistake("A stage's own catch rate does not make it cheaper: it has run by the time it finds anything.",
            _reach(lambda rates, i: math.prod(1 - rates[: i + 1]))),
    Mistake("Every stage is billed for every change here; a stage runs only if all before it passed.",
            _reach(lambda *_: 1.0)),
    Mistake("Catch rates do not add up: a stage finds its share of what is left, not of all changes.",
            _reach(lambda rates, i: 1 - sum(rates[:i]))),
    Mistake("Catch rates do not add up: a stage finds its share of what is left, not of all changes.",
            _reach(lambda rates, i: max(0.0, 1 - sum(rates[:i])))),
    Mistake("Only the stage just before counts here; a change that was stopped earlier does not come back.",
            _reach(lambda rates, i: 1 - rates[i - 1] if i else 1.0)),
    Mistake("The changes that were stopped go on, and the others do not: a share caught was taken for a share let through.",
            _reach(lambda rates, i: math.prod(rates[:i]))),
    Mistake("This walks the pipeline from its end; the first stage in the list runs first.",
            lambda costs, rates: _right(costs[::-1], rates[::-1])),
    Mistake("The last stage is missing: it is paid for by everyone who gets that far.",
            lambda costs, rates: _right(costs, rates) - costs[-1] * math.prod(1 - rates[:-1])),
    Mistake("This is the cost per change that passes; the question asks for the mean over all changes.",
            lambda costs, rates: _right(costs, rates) / math.prod(1 - rates)),
    Mistake("This is the cost per caught defect; the question asks for the mean over all changes.",
            lambda costs, rates: _right(costs, rates) / (1 - math.prod(1 - rates))),
]  # fmt: skip


@question("05.3")
def _pipeline(answer, rng) -> str:
    cases = _pipelines(rng)
    said = ask(answer, cases, lambda value: float(number(value, "cost")))
    compare(
        cases,
        said,
        _PIPELINE_MISTAKES,
        _same,
        lambda case, _: f"The expected cost is not right, on {case.about}.",
    )
    return "For one to six stages it is what the lab's own expected_cost says."
