"""Exercise 04, questions 1 and 2: the noise of a null candidate's gain, and the margin for a false-promotion rate."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy import stats

from labsupport.grading.calling import ask
from labsupport.grading.exercise import Case, Mistake, compare, question
from labsupport.grading.readers import number
from labsupport.noise import noise_floor, null_gains


def _same(a, b) -> bool:
    return math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-12)


def _noise(right, n_rows) -> float:
    return math.sqrt(2) * noise_floor(right / n_rows).sd


def _retrainings(rng: np.random.Generator) -> list[Case]:
    cases = []
    for about, k in (
        ("two runs", 2),
        ("three runs", 3),
        ("five runs", 5),
        ("five runs", 5),
        ("many runs", 60),
    ):
        n_rows = int(rng.integers(500, 5000))
        right = rng.binomial(n_rows, rng.uniform(0.6, 0.95), size=k)
        right[:2] += [0, 3 if right[0] == right[1] else 0]
        cases.append(Case(about, (right, n_rows), _noise(right, n_rows)))
    return [*cases, Case("runs that agree", (np.full(4, 1234), 2000), 0.0)]


def _scaled(factor: Callable, ddof: int = 1) -> Callable:
    """The answer that multiplies the runs' standard deviation by a factor of its own."""
    return lambda right, n: float(np.std(right / n, ddof=ddof)) * factor(len(right))


def _holdout(factor: float, accuracy: Callable = np.mean) -> Callable:
    def answer(right, n) -> float:
        p = float(accuracy(right)) / n
        return factor * math.sqrt(p * (1 - p) / n)

    return answer


def _once(right, n) -> np.ndarray:
    """Each pair in one direction only."""
    return (right[:, None] - right)[np.triu_indices(len(right), 1)] / n


_FEWER = "A few runs lie closer to their own mean than to the true one; divide by one run fewer."
_ONE_RUN = "This is the spread of one run; a gain has the luck of two runs in it."
_MEAN = "The spread of a mean shrinks with more runs; the spread of the next gain does not."
_ADDED = "Standard deviations do not add up; their squares do."
_VARIANCE = "This is a variance; the noise is its root."
_ROWS = "This is the noise of drawing other rows; here the rows stay, and training is repeated."
_BEST = "The best run sets the scale here; luck is measured from the mean, by all runs."
_ZERO = "A null candidate's mean gain is known to be zero: do not estimate it from the pairs, and do not pay for having done so."
_ORDER = "Only neighbours are compared, so the answer depends on the order of the runs."

_NOISE_MISTAKES = [
    Mistake(_FEWER, _scaled(lambda _: math.sqrt(2), ddof=0)),
    Mistake(_ONE_RUN, _scaled(lambda _: 1)),
    Mistake("This is the spread of one run, and too small even for that: the runs lie closer to their own mean.",
            _scaled(lambda _: 1, ddof=0)),
    *[Mistake(_MEAN, _scaled(lambda k, factor=factor: factor / math.sqrt(k), ddof)) for factor in (1, math.sqrt(2))
      for ddof in (0, 1)],
    *[Mistake(_ADDED, _scaled(lambda _: 2, ddof)) for ddof in (0, 1)],
    *[Mistake(_VARIANCE, lambda right, n, factor=factor, ddof=ddof: factor * np.var(right / n, ddof=ddof))
      for factor in (1, 2) for ddof in (0, 1)],
    Mistake("Luck does not cancel: the variances of two runs add up, whichever is subtracted from which.", lambda *_: 0.0),
    Mistake("The range of the runs grows with their number; the noise does not.", lambda right, n: np.ptp(right) / n),
    *[Mistake(_ROWS, _holdout(factor, best)) for factor in (1, math.sqrt(2)) for best in (np.mean, np.max)],
    Mistake(_BEST, lambda right, n: (right.max() - right.mean()) / n),
    *[Mistake(_BEST, lambda right, n, factor=factor: factor * math.sqrt(np.mean((right - right.max()) ** 2.0)) / n)
      for factor in (1, math.sqrt(2))],
    Mistake("This is the average distance of two runs; a standard deviation squares before it averages.",
            lambda right, n: float(np.abs(null_gains(right, n)).mean()) / n),
    Mistake(_ZERO, lambda right, n: np.std(null_gains(right, n), ddof=1) / n),
    Mistake(_ZERO, lambda right, n: float(np.std(_once(right, n)))),
    Mistake(_ORDER, lambda right, n: float(np.std(np.diff(right / n)))),
    Mistake(_ORDER, lambda right, n: math.sqrt(np.mean(np.diff(right / n) ** 2))),
    Mistake("This is counted in rows; a gain is a share of the holdout.", lambda right, n: n * _noise(right, n)),
    Mistake("This is in percent; a gain is a share of the holdout.", lambda right, n: 100 * _noise(right, n)),
]  # fmt: skip


@question("04.1")
def _gain_noise(answer, rng) -> str:
    cases = _retrainings(rng)
    said = ask(answer, cases, lambda value: float(number(value, "noise")))
    compare(cases, said, _NOISE_MISTAKES, _same, _direction)
    return "For two to sixty drawn retrainings it is the spread of the lab's own null candidates."


def _direction(case: Case, said: float) -> str:
    return f"The noise is too {'small' if said < case.expected else 'large'}, on {case.about}; whose luck is in a gain?"


def _margin(rate: float, noise: float) -> float:
    return float(stats.norm.isf(rate)) * noise


def _rates(rng: np.random.Generator) -> list[Case]:
    cases = []
    for about, low, high in (
        ("a strict rate", 0.0005, 0.005),
        ("a usual rate", 0.01, 0.09),
        ("a generous rate", 0.1, 0.4),
    ):
        for _ in range(3):
            rate, noise = round(float(rng.uniform(low, high)), 4), float(rng.uniform(0.0004, 0.02))
            cases.append(Case(about, (rate, noise), _margin(rate, noise)))
    return [*cases, Case("a rate of one half", (0.5, 0.003), 0.0)]


_FIXED = "The margin is a fixed number of standard deviations, whatever rate is wanted."
_TWICE = "The noise is that of a gain already: the luck of both runs is in it."

_MARGIN_MISTAKES = [
    Mistake("The rate is split over two tails, but a null candidate is promoted in the upper one only.",
            lambda rate, noise: _margin(rate / 2, noise)),
    Mistake("The rate was taken as the share that stays below the margin; it is the share that reaches it.",
            lambda rate, noise: -_margin(rate, noise)),
    Mistake("This is a number of standard deviations; a margin is a gain.", lambda rate, _: _margin(rate, 1)),
    Mistake(_TWICE, lambda rate, noise: _margin(rate, math.sqrt(2) * noise)),
    Mistake("This is the margin for the noise of one run; leave the noise as it is given, it is that of a gain.",
            lambda rate, noise: _margin(rate, noise / math.sqrt(2))),
    Mistake("The noise is squared here; it is a standard deviation, in the unit of a gain.",
            lambda rate, noise: _margin(rate, noise**2)),
    Mistake("The noise is a standard deviation already; no root is left to take.",
            lambda rate, noise: _margin(rate, math.sqrt(noise))),
    *[Mistake(_FIXED, lambda rate, noise, times=times: times * noise) for times in (1, 2, 3, 1.96, 1.645, 1.64)],
    *[Mistake(_FIXED, lambda rate, noise, q=q: stats.norm.isf(q) * noise) for q in (0.05, 0.025, 0.02, 0.01)],
    Mistake("A share is multiplied as if it were a distance; which gain is reached with this probability?",
            lambda rate, noise: (1 - rate) * noise),
    Mistake("A share is multiplied as if it were a distance; which gain is reached with this probability?",
            lambda rate, noise: rate * noise),
    *[Mistake("This goes from a distance to a probability; the way back is asked for.",
              lambda rate, noise, way=way: way(rate) * noise)
      for way in (stats.norm.cdf, stats.norm.sf, stats.norm.pdf, lambda rate: stats.norm.cdf(1 - rate))],
    Mistake("The rate is a share from zero to one, not a percentage.", lambda rate, noise: _margin(rate / 100, noise)),
    Mistake("Chebyshev's bound holds for any distribution and is far too careful for this one.",
            lambda rate, noise: noise / math.sqrt(rate)),
    *[Mistake("The margin is rounded; return it as it comes.", lambda rate, noise, d=d: round(_margin(rate, noise), d))
      for d in (3, 4, 5)],
]  # fmt: skip


@question("04.2")
def _margin_for(answer, rng) -> str:
    def otherwise(case: Case, said: float) -> str:
        more = "more" if said < case.expected else "fewer"
        return f"With this margin {more} null candidates than wanted would win, on {case.about}."

    def same(a, b) -> bool:
        return math.isclose(a, b, rel_tol=1e-6, abs_tol=1e-12)

    cases = _rates(rng)
    said = ask(answer, cases, lambda value: float(number(value, "margin")))
    compare(cases, said, _MARGIN_MISTAKES, same, otherwise)
    return "At each drawn margin a normal null candidate wins as often as wanted."
