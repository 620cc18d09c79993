"""Exercise 04, question 4: holdout noise and retraining noise in one interval."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy import stats

from labsupport.grading.calling import ask
from labsupport.grading.old import Case, Mistake, compare, question
from labsupport.grading.readers import number, pair
from labsupport.retrained import RetrainedOutcomes


def _same(a, b) -> bool:
    return np.shape(a) == np.shape(b) and bool(np.all(np.isclose(a, b, rtol=1e-6, atol=1e-12)))


def _two_sided(confidence: float) -> float:
    return float(stats.norm.isf((1 - confidence) / 2))


def _around(error: Callable, z: Callable = _two_sided) -> Callable:
    """The answer with its own idea of the gain's standard error, and of how many of them the interval reaches."""

    def answer(gain, rows, seed, k_a, k_b, confidence) -> tuple[float, float]:
        reach = z(confidence) * error(rows, seed, k_a, k_b)
        return gain - reach, gain + reach

    return answer


def _root(variance: Callable) -> Callable:
    return _around(lambda *given: math.sqrt(variance(*given)))


def _standard_error(rows, seed, k_a, k_b) -> float:
    """The lab's own; with a single row, the variance of one row is the holdout's whole part."""
    return RetrainedOutcomes(1, 0, 0, k_a, k_b, rows, seed, seed, seed, seed).standard_error


_expected = _around(_standard_error)


def _cases(rng: np.random.Generator) -> list[Case]:
    cases = []
    kinds = (
        ("few runs", 2, 6),
        ("many runs", 30, 8),
        ("one run of the candidate", 1, 9),
        ("as many runs on each side", 4, 4),
    )
    for about, k_a, k_b in kinds:
        for confidence in rng.permutation([0.8, 0.9, 0.95, 0.99])[:3].tolist():
            rows, seed = (float(x) for x in rng.uniform(0.0008, 0.004, 2) ** 2)
            given = (round(float(rng.uniform(-0.01, 0.02)), 4), rows, seed, k_a, k_b, confidence)
            cases.append(Case(about, given, _expected(*given)))
    return cases


_SPREAD = "The seeds' variance is that of one run; the mean of several runs has less of it."
_ADDED = "Standard deviations are added here; independent noise adds up as variances."
_SIDE = "One side's retrainings are missing: candidate and baseline both have their luck."
_POOL = "The runs of both sides are put into one pool; each side has a mean of its own, and the worse measured one counts more."
_LEVEL = "The reach is that of another level: what is left out lies half below and half above the interval."
_VARIANCE = "A variance is used for a distance; take its root first."

_MISTAKES = [
    Mistake("Only the rows' noise is in it; the recipe could be trained again.", _root(lambda rows, *_: rows)),
    Mistake("Only the seeds' noise is in it; the holdout could have had other rows.",
            _root(lambda _, seed, a, b: seed / a + seed / b)),
    Mistake(_ADDED, _around(lambda rows, seed, a, b: rows**0.5 + (seed / a + seed / b) ** 0.5)),
    Mistake(_ADDED, _around(lambda rows, seed, a, b: rows**0.5 + (seed / a) ** 0.5 + (seed / b) ** 0.5)),
    Mistake(_SPREAD, _root(lambda rows, seed, a, b: rows + 2 * seed)),
    Mistake(_SPREAD, _root(lambda rows, seed, a, b: rows + seed)),
    Mistake("A variance shrinks with the number of runs itself; it is the standard deviation that shrinks with the root.",
            _root(lambda rows, seed, a, b: rows + seed / a**0.5 + seed / b**0.5)),
    Mistake("The number of runs is squared: the seeds' noise is given as a variance already.",
            _root(lambda rows, seed, a, b: rows + seed / a**2 + seed / b**2)),
    Mistake(_SIDE, _root(lambda rows, seed, a, b: rows + seed / a)),
    Mistake(_SIDE, _root(lambda rows, seed, a, b: rows + seed / b)),
    *[Mistake(_POOL, _root(lambda rows, seed, a, b, share=share: rows + share * seed / (a + b))) for share in (1, 2, 4)],
    Mistake("The two sides' noise is subtracted; in a difference of independent means the variances still add up.",
            _root(lambda rows, seed, a, b: rows + abs(seed / a - seed / b))),
    Mistake("The rows' part is divided by the runs as well; every run is judged on the same rows.",
            _root(lambda rows, seed, a, b: (rows + seed) / a + (rows + seed) / b)),
    Mistake(_VARIANCE, _around(lambda rows, seed, a, b: rows + seed / a + seed / b)),
    Mistake(_LEVEL, _around(_standard_error, lambda c: stats.norm.ppf(c))),
    Mistake("The reach is the same at every confidence.", _around(_standard_error, lambda _: 1.96)),
    Mistake("The reach is the same at every confidence.", _around(_standard_error, lambda _: 2)),
    Mistake("The reach is the same at every confidence.", _around(_standard_error, lambda _: stats.norm.isf(0.025))),
    Mistake("The two ends have changed places.", lambda *given: _expected(*given)[::-1]),
    Mistake("These are distances from the gain; the interval lies around it.",
            lambda gain, *rest: _expected(0.0, *rest)),
]  # fmt: skip


@question("04.4")
def _interval_of_gain(answer, rng) -> str:
    def read(value):
        return tuple(
            float(number(part, name)) for part, name in zip(pair(value, ends), ends, strict=True)
        )

    def otherwise(case: Case, said) -> str:
        if not math.isclose(sum(said) / 2, case.args[0], rel_tol=1e-6, abs_tol=1e-9):
            return f"The interval is not centred on the gain, on {case.about}."
        narrow = said[1] - said[0] < case.expected[1] - case.expected[0]
        return f"The interval is too {'narrow' if narrow else 'wide'}, on {case.about}; which three variances add up?"

    ends = ("low", "high")
    cases = _cases(rng)
    compare(cases, ask(answer, cases, read), _MISTAKES, _same, otherwise)
    return "Rows and seeds, with any number of runs on each side: the interval is as wide as both together make it."
