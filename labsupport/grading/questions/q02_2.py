"""Exercise 02, questions 2 and 3: the strict gate, and a candidate that only the plain gate lets through."""

from __future__ import annotations

import math
from fractions import Fraction
from functools import cache

import numpy as np

from labsupport.gate import Policy, gate
from labsupport.grading.calling import ask, ask_with_fractions
from labsupport.grading.old import Case, Mistake, Wrong, compare, question
from labsupport.grading.readers import number, pair, text
from labsupport.intervals import gain_interval
from labsupport.outcomes import PairedOutcomes
from labsupport.training import fit_logistic, predict
from labsupport.world import World

_DECISIONS = ("promote", "block", "inconclusive")
_HAIR = Fraction(1, 10**12)


def _ruled(promote, block, otherwise: str = "inconclusive", blocked: str = "block"):
    """A gate with its own ideas of when to promote and when, of the rest, to block."""
    return lambda low, high, margin: (
        "promote"
        if promote(low, high, margin)
        else blocked
        if block(low, high, margin)
        else otherwise
    )


def _low_clears(low, high, margin):
    return low >= margin


def _high_fails(low, high, margin):
    return high < margin


_strict = _ruled(_low_clears, _high_fails)


def _intervals(rng: np.random.Generator) -> list[Case]:
    cases = []
    for margin in (
        Fraction(5, 1000),
        -Fraction(int(rng.integers(10, 90)), 10_000),
        Fraction(0),
        Fraction(1, 50),
    ):
        a, b, c = (Fraction(int(k), 10_000) for k in rng.integers(3, 40, 3))
        intervals = {
            "an interval above the margin": (margin + a, margin + a + b),
            "an interval below the margin": (margin - a - b, margin - a),
            "an interval that holds the margin, most of it above": (margin - a, margin + a + b),
            "an interval that holds the margin, most of it below": (margin - a - b, margin + a),
            "a lower end of exactly the margin": (margin, margin + c),
            "a lower end a hair below the margin": (margin - _HAIR, margin + c),
            "an upper end of exactly the margin": (margin - c, margin),
            "an upper end a hair below the margin": (margin - c, margin - _HAIR),
            "an interval around zero": (-abs(margin) - c, abs(margin) + c),
        }
        cases += [
            Case(about, (*ends, margin), _strict(*ends, margin))
            for about, ends in intervals.items()
        ]
    return cases


_ENDS = "Promote needs all of the interval at the margin or above, so it is the lower end that has to clear it."
_EXACTLY = "A lower end of exactly the margin clears it, and here it does not."
_SWAPPED = "An interval that holds the margin is inconclusive, one that lies below it is blocked; here it is the reverse."

_STRICT_MISTAKES = [
    Mistake("The upper end is held against the margin: that promotes whatever might clear it, if it were lucky.",
            _ruled(_high_clears := lambda low, high, margin: high >= margin, lambda low, high, margin: True)),
    Mistake("The upper end is held against the margin: that promotes whatever might clear it, if it were lucky.",
            _ruled(_high_clears, lambda low, high, margin: low < margin)),
    Mistake("The middle of the interval is held against the margin; that is the plain gate again.",
            _ruled(lambda low, high, margin: low + high >= 2 * margin, _high_fails)),
    Mistake("The middle of the interval is held against the margin; that is the plain gate again.",
            _ruled(lambda low, high, margin: low + high >= 2 * margin, lambda low, high, margin: True)),
    Mistake("A middle below the margin blocks here; as long as the margin is inside, more rows may still help.",
            _ruled(_low_clears, lambda low, high, margin: low + high < 2 * margin)),
    Mistake(_EXACTLY, _ruled(lambda low, high, margin: low > margin, _high_fails)),
    Mistake("An upper end of exactly the margin does not rule it out, and here it blocks.",
            _ruled(_low_clears, lambda low, high, margin: high <= margin)),
    Mistake("Both comparisons treat an end of exactly the margin as if it fell short.",
            _ruled(lambda low, high, margin: low > margin, lambda low, high, margin: high <= margin)),
    Mistake("The interval is held against zero; the margin plays no part.",
            _ruled(lambda low, high, margin: low > 0, lambda low, high, margin: high < 0)),
    Mistake("The interval is held against zero; the margin plays no part.",
            _ruled(lambda low, high, margin: low >= 0, lambda low, high, margin: high < 0)),
    Mistake("The lower end is held against the margin, the upper one against zero; both belong to the margin.",
            _ruled(_low_clears, lambda low, high, margin: high < 0)),
    Mistake("The lower end is held against the margin, the upper one against zero; both belong to the margin.",
            _ruled(_low_clears, lambda low, high, margin: high <= 0)),
    Mistake("The lower end is held against zero, the upper one against the margin; both belong to the margin.",
            _ruled(lambda low, high, margin: low > 0, _high_fails)),
    Mistake("The lower end is held against zero, the upper one against the margin; both belong to the margin.",
            _ruled(lambda low, high, margin: low >= 0, _high_fails)),
    Mistake("Whatever does not clear the margin is blocked; an interval that holds the margin does not say so.",
            _ruled(_low_clears, lambda low, high, margin: True)),
    Mistake("Nothing is ever blocked; say when no more rows are needed to turn a candidate away.",
            _ruled(_low_clears, lambda low, high, margin: False)),
    Mistake(_SWAPPED, _ruled(_low_clears, _high_fails, otherwise="block", blocked="inconclusive")),
    Mistake("The margin is a fixed number; use the one the function is given.",
            lambda low, high, margin: _strict(low, high, Fraction(5, 1000))),
    Mistake("The sign of the margin got lost; a margin below zero tolerates a small loss.",
            lambda low, high, margin: _strict(low, high, abs(margin))),
]  # fmt: skip


def _read_decision(value) -> str:
    decision = text(value, "decision")
    if decision not in _DECISIONS:
        raise Wrong("the decision is not one of the three words of the question, letter by letter.")
    return decision


def _strict_otherwise(case: Case, said: str) -> str:
    return f"On {case.about}, {said!r} is not what the interval says."


def _nan_otherwise(case: Case, said: str) -> str:
    return f"On {case.about}, this promotes: what was not measured has not cleared anything, so ask what must hold."


@question("02.2")
def _strict_gate(answer, rng) -> str:
    cases, margin = _intervals(rng), Fraction(5, 1000)
    compare(
        cases,
        ask_with_fractions(answer, cases, _read_decision),
        _STRICT_MISTAKES,
        lambda a, b: a == b,
        _strict_otherwise,
    )
    unmeasured = [
        Case(f"an interval with NaN as its {which}", (*ends, margin), "promote")
        for which, ends in (
            ("ends", (math.nan, math.nan)),
            ("lower end", (math.nan, 4 * margin)),
            ("upper end", (2 * margin, math.nan)),
        )
    ]
    compare(
        unmeasured,
        ask_with_fractions(answer, unmeasured, _read_decision),
        [],
        lambda decision, never: decision != never,
        _nan_otherwise,
    )
    return "Above, below, around and exactly on the margin it decides as the lab's gate does, and NaN is never promoted."


@cache
def _scene() -> tuple[World, np.ndarray]:
    """The chapter's world, and the baseline's predictions on its holdout."""
    world = World.create()
    return world, predict(fit_logistic(world.sample(1, 600)), world.holdout)


@question("02.3")
def _hairs_breadth(answer, rng) -> str:
    def read(value):
        return tuple(
            number(part, name)
            for part, name in zip(pair(value, ("seed", "n")), ("seed", "n"), strict=True)
        )

    function = answer if callable(answer) else lambda: answer
    seed, n = ask(function, [Case("", (), None)], read)[0]
    _insist_on_fair_training(seed, n)
    world, baseline = _scene()
    candidate = predict(fit_logistic(world.sample(seed, n)), world.holdout)
    outcomes = PairedOutcomes.from_predictions(world.holdout.y, candidate, baseline)
    policies = [
        Policy(min_gain=0.005, max_gap=None, confidence=confidence) for confidence in (None, 0.95)
    ]
    plain, strict = (gate(outcomes, policy) for policy in policies)
    if plain.decision != "promote":
        raise Wrong(
            "The plain gate does not promote this one: its measured gain is below the margin."
        )
    if strict.decision == "promote" or gain_interval(outcomes).low > 0:
        raise Wrong(
            "The plain gate promotes it, but it is better beyond doubt: its interval leaves zero out."
        )
    return f"The plain gate says {plain.reason}, the strict one {strict.decision}: zero is in the interval."


def _insist_on_fair_training(seed, n) -> None:
    if type(seed) is not int or type(n) is not int:
        raise Wrong("Seed and n are whole numbers, as the sample method of the world takes them.")
    if seed < 0:
        raise Wrong("A seed is zero or more.")
    if not 50 <= n <= 20_000:
        raise Wrong("Keep n within the bounds of the question.")
    if seed == 7:
        raise Wrong(
            "That seed made the world: training on it draws rows of the holdout again, which is a leak."
        )
    if seed == 1:
        raise Wrong(
            "That seed made the baseline: compare it with a candidate that was trained on other rows."
        )
    if seed == 12:
        raise Wrong("That seed is the lesson's; find one of your own, by hand or with a loop.")
