"""Exercise 02, question 4: how many rows would settle it."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np

from labsupport.grading.calling import ask
from labsupport.grading.old import Case, Mistake, Wrong, compare, question
from labsupport.grading.readers import number
from labsupport.intervals import examples_needed
from labsupport.outcomes import PairedOutcomes


def _z(confidence: float) -> float:
    return NormalDist().inv_cdf((1 + confidence) / 2)


def _exactly(
    z=_z,
    variance=lambda p, q, n: p + q - (p - q) ** 2,
    distance=lambda gain, margin: (gain - margin) ** 2,
):
    """The number of rows before rounding, with each of its three parts open to another idea."""

    def rows(candidate_only, baseline_only, n, margin, confidence):
        p, q = candidate_only / n, baseline_only / n
        return z(confidence) ** 2 * variance(p, q, n) / distance(p - q, margin)

    return rows


def _case(rng: np.random.Generator, about: str, low: float, high: float) -> Case:
    """A table whose number of rows is far enough from a whole number that no rounding on the way matters."""
    while True:
        n = int(rng.integers(300, 5000))
        better, worse = (int(n * share) for share in rng.uniform(low, high, 2))
        margin, confidence = (
            int(rng.integers(-100, 200)) / 10_000,
            int(rng.choice([80, 90, 98, 99])) / 100,
        )
        if abs((better - worse) / n - margin) < 0.005 or min(better, worse) == 0:
            continue
        args = (better, worse, n, margin, confidence)
        needed, sample = _exactly()(*args), _exactly(variance=_sample_variance)(*args)
        if 30 < needed < 50_000 and all(0.2 < x % 1 < 0.8 for x in (needed, sample)):
            expected = examples_needed(
                PairedOutcomes(n - better - worse, better, worse, 0), margin, confidence
            )
            return Case(about, args, {expected, math.ceil(sample)})


def _sample_variance(p, q, n):
    """With n - 1 in place of n. Both are in use, and the question does not say which: both count."""
    return (p + q - (p - q) ** 2) * n / (n - 1)


def _tables(rng: np.random.Generator) -> list[Case]:
    rare = [_case(rng, "models that differ on few rows", 0.005, 0.06) for _ in range(6)]
    return rare + [_case(rng, "models that differ on many rows", 0.05, 0.45) for _ in range(10)]


def _rounded(rows, up=math.ceil):
    return lambda *args: {up(rows(*args))}


_FIXED = "The confidence plays no part in z; it is another one for every confidence."

_ROWS_MISTAKES = [
    Mistake("The distance to be told apart is that between gain and margin; here it is the gain itself.",
            _rounded(_exactly(distance=lambda gain, margin: gain**2))),
    Mistake("The margin is added to the gain; what counts is how far they are apart.",
            _rounded(_exactly(distance=lambda gain, margin: (gain + margin) ** 2))),
    Mistake("The distance is not squared: the standard error falls with the root of the rows only.",
            _rounded(_exactly(distance=lambda gain, margin: abs(gain - margin)))),
    Mistake("The standard deviation stands where the variance should; square it.",
            _rounded(_exactly(variance=lambda p, q, n: math.sqrt(p + q - (p - q) ** 2)))),
    Mistake("The z is one-sided: all that may be left out is left out on one side.",
            _rounded(_exactly(z=lambda confidence: NormalDist().inv_cdf(confidence)))),
    Mistake("The z is not squared.", _rounded(_exactly(z=lambda confidence: math.sqrt(_z(confidence))))),
    Mistake(_FIXED, _rounded(_exactly(z=lambda confidence: _z(0.95)))),
    Mistake(_FIXED, _rounded(_exactly(z=lambda confidence: 1.96))),
    Mistake("The variances of the two shares are added as if they were independent; a row cannot be in both.",
            _rounded(_exactly(variance=lambda p, q, n: p * (1 - p) + q * (1 - q)))),
    Mistake("The square of the gain is not subtracted, so this is a mean square and no variance.",
            _rounded(_exactly(variance=lambda p, q, n: p + q))),
    Mistake("The variance is that of the mean gain; take that of a single row's contribution.",
            _rounded(_exactly(variance=lambda p, q, n: (p + q - (p - q) ** 2) / n))),
    Mistake("The variance is that of all rows together; take that of a single row's contribution.",
            _rounded(_exactly(variance=lambda p, q, n: (p + q - (p - q) ** 2) * n))),
    Mistake("The formula is right and its result is cut off or rounded down; the rows must suffice, so round up.",
            _rounded(_exactly(), math.floor)),
    Mistake("The formula is right and its result is rounded to the nearest; the rows must suffice, so round up.",
            _rounded(_exactly(), round)),
    Mistake("These are the rows that are still missing; count the ones that are there as well.",
            lambda better, worse, n, *rest: {math.ceil(_exactly()(better, worse, n, *rest)) - n}),
]  # fmt: skip


def _rows_otherwise(case: Case, said) -> str:
    many = said > max(case.expected)
    return f"These are too {'many' if many else 'few'} rows on {case.about}; try the formula's parts one by one."


@question("02.4")
def _rows_needed(answer, rng) -> str:
    def read(value):
        rows = number(value, "number of rows")
        if rows != math.floor(rows):
            raise Wrong(
                "the number of rows is not a whole number; round it up, so that the rows suffice."
            )
        return int(rows)

    cases = _tables(rng)
    compare(
        cases,
        ask(answer, cases, read),
        _ROWS_MISTAKES,
        lambda rows, accepted: rows in accepted,
        _rows_otherwise,
    )
    return "For gains above and below all kinds of margins, at several confidences, it counts the rows as the lab does."
