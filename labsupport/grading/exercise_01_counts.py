"""Exercise 01, question 3: an exact comparison on counts.

What is right comes from labsupport; what is written out is how one gets it wrong.
"""

from __future__ import annotations

import math
from fractions import Fraction
from functools import cache

import numpy as np

from labsupport.gate import Policy, gate
from labsupport.grading.questions import Case, Mistake, compare, question
from labsupport.grading.student import ask, truth
from labsupport.outcomes import PairedOutcomes


def _comparison(about: str, ahead: int, baseline: int, n: int, margin: float) -> Case:
    """Candidate right on `ahead` more rows than the baseline; what the gate says to that when it looks at the gain alone."""
    candidate = baseline + ahead
    both = min(candidate, baseline)
    outcomes = PairedOutcomes(both, candidate - both, baseline - both, n - max(candidate, baseline))
    promoted = gate(outcomes, Policy(min_gain=margin, max_gap=None)).decision == "promote"
    return Case(about, (candidate, baseline, n, margin), promoted)


_EXACT, _SHORT = "a gain of exactly the margin", "a gain one row short of the margin"
_LARGE, _PART = "a gain one row short on a very large holdout", "a margin that is not a whole number of rows"


@cache
def _ties() -> tuple[Case, ...]:
    """Twenty rows more of four thousand, for every number of rows that a baseline can have right."""
    return tuple(_comparison(_EXACT, 20, baseline, 4000, 0.005) for baseline in range(3981))


def _counts(rng: np.random.Generator) -> list[Case]:
    def somewhere(n: int, ahead: int) -> int:
        return max(0, -ahead) + int(rng.integers(2**62)) * (n - abs(ahead)) // 2**62  # n may not fit into an int64

    cases = [*_ties()]
    cases += [_comparison(_SHORT, 19, somewhere(4000, 19), 4000, 0.005) for _ in range(100)]
    cases += [_comparison(_EXACT, 1, baseline, 10, 0.1) for baseline in range(10)]
    for rows in range(1, 170):  # in floating point 0.07 * 100 is above 7 and 0.0057 * 10000 may not be 57
        cases.append(_comparison(_EXACT, rows, somewhere(10_000, rows), 10_000, rows / 10_000))
        large = rows * 10**5 - 1
        cases.append(_comparison(_LARGE, large, somewhere(10**9, large), 10**9, rows / 10_000))
    for rows in range(1, 100):
        cases.append(_comparison(_EXACT, rows, somewhere(100, rows), 100, rows / 100))
        cases.append(_comparison(_SHORT, rows - 1, somewhere(100, rows), 100, rows / 100))
    for tenthousandths in map(int, rng.integers(1, 3000, size=40)):
        margin, n = tenthousandths / 10_000, int(rng.integers(30, 3000))
        rows = Fraction(tenthousandths * n, 10_000)
        for ahead in {math.floor(rows), math.ceil(rows)}:
            cases.append(_comparison(_PART, ahead, somewhere(n, ahead), n, margin))
        for power in (9, 12, 15, 18, 30):
            factor = int(rng.integers(1, 10))
            n, ahead = factor * 10**power, factor * tenthousandths * 10 ** (power - 4)
            cases.append(_comparison(_LARGE, ahead - 1, somewhere(n, ahead), n, margin))
            cases.append(_comparison(_EXACT, ahead, somewhere(n, ahead), n, margin))
    cases += [_comparison("a candidate that is worse", -ahead, somewhere(500, -ahead), 500, 0.01) for ahead in range(1, 40)]
    for ahead in range(-12, 1):  # non-inferiority: a margin below zero tolerates a loss
        cases.append(_comparison("a negative margin", ahead, somewhere(1000, ahead), 1000, -0.005))
    return cases


_ROUNDED = "Two rounded accuracies are subtracted, and the rounding decides when the gain is exactly the margin."
_SLACK = "Slack or rounding repairs the ties and lets a candidate through that is one row short on a large enough holdout."
_PRODUCT = "The margin times the rows is rounded too, and then asks for a little more or less than it should."
_CUT = "The margin becomes a whole number of small parts, and on the way some of it is cut off."
_BINARY = "A float is not the decimal that was typed: this compares with the binary number next to the margin."

_CLEARS_MISTAKES = [
    Mistake("A gain of exactly the margin clears it, and here it is turned away.",
            lambda c, b, n, m: Fraction(c - b, n) > Fraction(str(m))),
    Mistake(_BINARY, lambda c, b, n, m: Fraction(c - b, n) >= Fraction(m)),
    Mistake("This is right until the holdout is very large: one division rounds once, which is still once too often.",
            lambda c, b, n, m: (c - b) / n >= m),
    Mistake(_ROUNDED, lambda c, b, n, m: c / n - b / n >= m),
    Mistake(_ROUNDED, lambda c, b, n, m: c / n >= b / n + m),
    Mistake(_ROUNDED, lambda c, b, n, m: c / n - m >= b / n),
    Mistake(_ROUNDED, lambda c, b, n, m: c / n - b / n > m),
    Mistake(_SLACK, lambda c, b, n, m: c / n - b / n >= m or math.isclose(c / n - b / n, m)),
    Mistake(_SLACK, lambda c, b, n, m: c / n - b / n >= m or bool(np.isclose(c / n - b / n, m))),
    Mistake(_PRODUCT, lambda c, b, n, m: c - b >= m * n),
    Mistake(_PRODUCT, lambda c, b, n, m: c >= b + m * n),
    Mistake(_PRODUCT, lambda c, b, n, m: c - b >= math.ceil(m * n)),
    Mistake(_PRODUCT, lambda c, b, n, m: c - b >= math.floor(m * n)),
    Mistake(_PRODUCT, lambda c, b, n, m: c - b >= round(m * n)),
    *(Mistake(_CUT, lambda c, b, n, m, k=10**k: n > 0 and (c - b) * k >= int(m * k) * n) for k in range(2, 10)),
    *(Mistake(_CUT, lambda c, b, n, m, k=10**k: n > 0 and (c - b) * k >= round(m * k) * n) for k in range(2, 4)),
    Mistake("Being better is not enough: the margin plays no part.", lambda c, b, n, m: c > b),
    Mistake("Being better is not enough: the margin plays no part.", lambda c, b, n, m: c >= b),
    Mistake("A loss is not a gain: the sign of the difference got lost.",
            lambda c, b, n, m: Fraction(abs(c - b), n) >= Fraction(str(m))),
    Mistake("Candidate and baseline have changed places.", lambda c, b, n, m: Fraction(b - c, n) >= Fraction(str(m))),
    Mistake("The gain is taken as a share of the baseline's right answers; the margin is a share of all rows.",
            lambda c, b, n, m: Fraction(c - b, b) >= Fraction(str(m))),
    Mistake("Rows are compared with a share: the number of rows n plays no part.", lambda c, b, n, m: c - b >= m),
]  # fmt: skip


def _clears_otherwise(case: Case, said) -> str:
    if case.about == _EXACT:
        return "A gain of exactly the margin is turned away for some counts; compare whole numbers, which do not round."
    if said and case.about == _LARGE:
        return _SLACK
    if said:
        return f"This clears a candidate that has not reached the margin, on {case.about}."
    return f"This turns away a candidate that has reached the margin, on {case.about}."


def _no_rows_otherwise(case: Case, said) -> str:
    return "On a holdout without rows this clears: nothing was compared there, and nothing must not promote."


@question("01.3")
def _clears(answer, rng) -> str:
    def read(value):
        return truth(value, "answer")

    def same(a, b):
        return a is b

    cases = _counts(rng)
    compare(cases, ask(answer, cases, read), _CLEARS_MISTAKES, same, _clears_otherwise)
    no_rows = [Case("a holdout without rows", (0, 0, 0, margin), False) for margin in (0.005, 0.0, -0.01)]
    compare(no_rows, ask(answer, no_rows, read), [], same, _no_rows_otherwise)
    return "Ties clear for every baseline count, one row short never does, however large the holdout; no rows, no promotion."
