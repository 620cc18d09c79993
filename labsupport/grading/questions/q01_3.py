"""Exercise 01, question 3: an exact comparison on counts.

What is right comes from labsupport; what is written out is how one gets it wrong.
"""

from __future__ import annotations

import math
from fractions import Fraction
from functools import cache

import numpy as np

from labsupport.gate import Policy, gate
from labsupport.grading.calling import ask
from labsupport.grading.old import Case, Mistake, compare, question
from labsupport.grading.readers import truth
from labsupport.outcomes import PairedOutcomes

_EXACT, _SHORT = "a gain of exactly the margin", "a gain one row short of the margin"
_LARGE, _PART = (
    "a gain one row short on a very large holdout",
    "a margin that is not a whole number of rows",
)
_BIG = 10**9
_HUGE = 10**28  # from here on, counts have more digits than Decimal keeps unless it is told to


def _comparison(about: str, ahead: int, baseline: int, n: int, margin: float) -> Case:
    """Candidate right on `ahead` more rows than the baseline; what the gate says to that when it looks at the gain alone."""
    candidate = baseline + ahead
    both = min(candidate, baseline)
    outcomes = PairedOutcomes(both, candidate - both, baseline - both, n - max(candidate, baseline))
    promoted = gate(outcomes, Policy(min_gain=margin, max_gap=None)).decision == "promote"
    return Case(about, (candidate, baseline, n, margin), promoted)


@cache
def _fixed() -> tuple[Case, ...]:
    """Ties over the whole range of baselines, and the smallest and largest counts there are."""
    cases = [
        _comparison(_EXACT, 20, baseline, n, 20 / n)
        for n in (4000, 8000)
        for baseline in range(0, n - 19, n // 400)
    ]
    cases += [_comparison(_EXACT, 1, baseline, 10, 0.1) for baseline in range(10)]
    for ahead in (-1, 0, 1):
        cases += [
            _comparison("a margin of zero", ahead, baseline, 50, 0.0) for baseline in (1, 20, 49)
        ]
    for ahead in range(-12, 1):  # non-inferiority: a margin below zero tolerates a loss
        cases += [
            _comparison("a negative margin", ahead, baseline, 1000, -0.005)
            for baseline in (500, 1000)
        ]
    cases += [
        _comparison("a candidate without a right row", -behind, behind, 1000, -0.005)
        for behind in (0, 5, 6)
    ]
    cases.append(_comparison("two models without a right row", 0, 0, 50, 0.0))
    return tuple(cases)


def _counts(rng: np.random.Generator) -> list[Case]:
    def somewhere(n: int, ahead: int) -> int:
        return (
            max(0, -ahead) + int(rng.integers(2**62)) * (n - abs(ahead)) // 2**62
        )  # n may not fit into an int64

    def add(about: str, ahead: int, n: int, margin: float) -> None:
        cases.append(_comparison(about, ahead, somewhere(n, ahead), n, margin))

    cases = [*_fixed()]
    for rows in range(
        1, 170
    ):  # in floating point 0.07 * 100 is above 7 and 0.0057 * 10000 may not be 57
        add(_EXACT, rows, 10_000, rows / 10_000)
        add(_LARGE, rows * 10**5 - 1, _BIG, rows / 10_000)
    for rows in range(1, 100):
        add(_EXACT, rows, 100, rows / 100)
        add(_SHORT, rows - 1, 100, rows / 100)
    for tenthousandths in map(int, rng.integers(1, 3000, size=25)):
        margin, factor = tenthousandths / 10_000, int(rng.integers(1, 10))
        for n in (int(rng.integers(30, 3000)), factor * 10**18 + 7, factor * 10**30 + 7):
            rows = Fraction(tenthousandths * n, 10_000)
            for ahead in {math.floor(rows), math.ceil(rows)}:
                add(_PART, ahead, n, margin)
        for power in (12, 15, 18, 30):
            ahead = factor * tenthousandths * 10 ** (power - 4)
            add(_LARGE, ahead - 1, factor * 10**power, margin)
            add(_EXACT, ahead, factor * 10**power, margin)
        add("a candidate that is worse", -int(rng.integers(1, 40)), 500, 0.01)
    return cases


_ROUNDED = "Two rounded accuracies are subtracted, and the rounding decides when the gain is exactly the margin."
_SLACK = "Slack or rounding repairs the ties and lets a candidate through that is one row short on a large enough holdout."
_PRODUCT = "The margin times the rows is rounded too, and then asks for a little more or less than it should."
_CUT = "The margin becomes a whole number of small parts, and on the way some of it is cut off."
_BETTER = "Being better is not enough: the margin plays no part."

_CLEARS_MISTAKES = [
    Mistake("A gain of exactly the margin clears it, and here it is turned away.",
            lambda c, b, n, m: Fraction(c - b, n) > Fraction(str(m))),
    Mistake("A float is not the decimal that was typed: this compares with the binary number next to the margin.",
            lambda c, b, n, m: Fraction(c - b, n) >= Fraction(m)),
    Mistake("This is right until the holdout is very large: one division rounds once, which is still once too often.",
            lambda c, b, n, m: (c - b) / n >= m),
    Mistake(_ROUNDED, lambda c, b, n, m: c / n - b / n >= m),
    Mistake(_ROUNDED, lambda c, b, n, m: c / n >= b / n + m),
    Mistake(_PRODUCT, lambda c, b, n, m: c - b >= m * n),
    Mistake(_PRODUCT, lambda c, b, n, m: c - b >= math.ceil(m * n)),
    Mistake(_PRODUCT, lambda c, b, n, m: c - b >= math.floor(m * n)),
    Mistake(_PRODUCT, lambda c, b, n, m: c - b >= round(m * n)),
    *(Mistake(_CUT, lambda c, b, n, m, k=10**k: (c - b) * k >= int(m * k) * n) for k in (2, 3, 4, 6)),
    *(Mistake(_CUT, lambda c, b, n, m, k=10**k: (c - b) * k >= round(m * k) * n) for k in (2, 3)),
    Mistake(_BETTER, lambda c, b, n, m: c > b),
    Mistake(_BETTER, lambda c, b, n, m: c >= b),
    Mistake("A loss is not a gain: the sign of the difference got lost.",
            lambda c, b, n, m: Fraction(abs(c - b), n) >= Fraction(str(m))),
    Mistake("Candidate and baseline have changed places.", lambda c, b, n, m: Fraction(b - c, n) >= Fraction(str(m))),
    Mistake("Rows are compared with a share: the number of rows n plays no part.", lambda c, b, n, m: c - b >= m),
]  # fmt: skip


def _otherwise(cases: list[Case], said: list):
    """What to say when no single mistake explains the answers: first what they have in common, then the first wrong one."""
    wrong = [case for case, value in zip(cases, said, strict=True) if value is not case.expected]
    slack = all(case.expected is False and case.args[2] >= _BIG for case in wrong)

    def hint(case: Case, value) -> str:
        if all(case.args[2] >= _HUGE for case in wrong):
            return "This is right until the counts have more digits than Decimal keeps; whole numbers and fractions keep all."
        if case.about == _EXACT:
            return "A gain of exactly the margin is turned away for some counts; compare whole numbers, which do not round."
        if slack:
            return _SLACK
        if value:
            return f"This clears a candidate that has not reached the margin, on {case.about}."
        return f"This turns away a candidate that has reached the margin, on {case.about}."

    return hint


def _no_rows_otherwise(case: Case, said) -> str:
    return "On a holdout without rows this clears: nothing was compared there, and nothing must not promote."


@question("01.3")
def _clears(answer, rng) -> str:
    def read(value):
        return truth(value, "answer")

    def same(a, b):
        return a is b

    cases = _counts(rng)
    said = ask(answer, cases, read)
    compare(cases, said, _CLEARS_MISTAKES, same, _otherwise(cases, said))
    no_rows = [
        Case("a holdout without rows", (0, 0, 0, margin), False) for margin in (0.005, 0.0, -0.01)
    ]
    compare(no_rows, ask(answer, no_rows, read), [], same, _no_rows_otherwise)
    return "Ties clear wherever the baseline is, one row short never does, however large the holdout; no rows, no promotion."
