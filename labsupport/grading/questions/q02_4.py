"""02.4: how many rows would settle it."""

from __future__ import annotations

import math
from statistics import NormalDist

from labsupport.grading.exercise import Case, Question, mistake
from labsupport.grading.readers import Wrong, number
from labsupport.intervals import examples_needed
from labsupport.outcomes import PairedOutcomes


def two_sided(confidence):
    return NormalDist().inv_cdf((1 + confidence) / 2)


def of_a_row(p, q, n):
    return p + q - (p - q) ** 2


def of_the_sample(p, q, n):
    """With n - 1 in place of n. Both are in use, and the question leaves it open: both count."""
    return of_a_row(p, q, n) * n / (n - 1)


def squared(gain, margin):
    return (gain - margin) ** 2


def exactly(z=two_sided, variance=of_a_row, distance=squared):
    """The number of rows before rounding, with each of its three parts open to another idea."""

    def rows(candidate_only, baseline_only, n, margin, confidence):
        p, q = candidate_only / n, baseline_only / n
        return z(confidence) ** 2 * variance(p, q, n) / distance(p - q, margin)

    return rows


def rounded(up=math.ceil, **parts):
    """The answer, with ideas of its own for rounding and for the parts."""
    return lambda *given: up(exactly(**parts)(*given))


def draw(rng, about, low, high) -> Case:
    """A table whose number of rows is far enough from a whole one that no rounding matters."""
    while True:
        n = int(rng.integers(300, 5000))
        better, worse = (int(n * share) for share in rng.uniform(low, high, 2))
        margin = int(rng.integers(-100, 200)) / 10_000
        confidence = int(rng.choice([80, 90, 98, 99])) / 100
        if abs((better - worse) / n - margin) < 0.005 or min(better, worse) == 0:
            continue
        given = better, worse, n, margin, confidence
        needed, sample = exactly()(*given), exactly(variance=of_the_sample)(*given)
        if 30 < needed < 50_000 and all(0.2 < x % 1 < 0.8 for x in (needed, sample)):
            table = PairedOutcomes(n - better - worse, better, worse, 0)
            both = {examples_needed(table, margin, confidence), math.ceil(sample)}
            return Case(about, given, both)


def cases(rng) -> list[Case]:
    return [
        *(draw(rng, "models that differ on few rows", 0.005, 0.06) for _ in range(6)),
        *(draw(rng, "models that differ on many rows", 0.05, 0.45) for _ in range(10)),
    ]


def read(value) -> int:
    rows = number(value, "number of rows")
    if rows != math.floor(rows):
        raise Wrong(
            "the number of rows is not a whole number; round it up, so that the rows suffice."
        )
    return int(rows)


def otherwise(case: Case, said) -> str:
    size = "many" if said > max(case.expected) else "few"
    return f"These are too {size} rows on {case.about}; try the formula's parts one by one."


QUESTION = Question(
    "02.4",
    cases,
    read=read,
    same=lambda a, b: a == b,
    right=lambda case, said: said in case.expected,
    otherwise=otherwise,
    verified="For gains above and below all kinds of margins, at several confidences, it counts "
    "the rows as the lab does.",
    mistakes=[
        mistake(
            "gain for distance",
            "The distance to be told apart is that between gain and margin; here it is the gain "
            "itself.",
            rounded(distance=lambda gain, margin: gain**2),
        ),
        mistake(
            "margin added",
            "The margin is added to the gain; what counts is how far they are apart.",
            rounded(distance=lambda gain, margin: (gain + margin) ** 2),
        ),
        mistake(
            "distance not squared",
            "The distance is not squared: the standard error falls with the root of the rows only.",
            rounded(distance=lambda gain, margin: abs(gain - margin)),
        ),
        mistake(
            "deviation for variance",
            "The standard deviation stands where the variance should; square it.",
            rounded(variance=lambda *given: math.sqrt(of_a_row(*given))),
        ),
        mistake(
            "one-sided z",
            "The z is one-sided: all that may be left out is left out on one side.",
            rounded(z=NormalDist().inv_cdf),
        ),
        mistake(
            "z not squared",
            "The z is not squared.",
            rounded(z=lambda confidence: math.sqrt(two_sided(confidence))),
        ),
        mistake(
            "a fixed z",
            "The confidence plays no part in z; it is another one for every confidence.",
            rounded(z=lambda confidence: two_sided(0.95)),
            rounded(z=lambda confidence: 1.96),
        ),
        mistake(
            "independent shares",
            "The variances of the two shares are added as if they were independent; a row cannot "
            "be in both.",
            rounded(variance=lambda p, q, n: p * (1 - p) + q * (1 - q)),
        ),
        mistake(
            "mean square",
            "The square of the gain is not subtracted, so this is a mean square and no variance.",
            rounded(variance=lambda p, q, n: p + q),
        ),
        mistake(
            "variance of the mean",
            "The variance is that of the mean gain; take that of a single row's contribution.",
            rounded(variance=lambda p, q, n: of_a_row(p, q, n) / n),
        ),
        mistake(
            "variance of the sum",
            "The variance is that of all rows together; take that of a single row's contribution.",
            rounded(variance=lambda p, q, n: of_a_row(p, q, n) * n),
        ),
        mistake(
            "rounded down",
            "The formula is right and its result is cut off or rounded down; the rows must "
            "suffice, so round up.",
            rounded(math.floor),
        ),
        mistake(
            "rounded to the nearest",
            "The formula is right and its result is rounded to the nearest; the rows must suffice, "
            "so round up.",
            rounded(round),
        ),
        mistake(
            "rows still missing",
            "These are the rows that are still missing; count the ones that are there as well.",
            lambda *given: rounded()(*given) - given[2],
        ),
    ],
)
