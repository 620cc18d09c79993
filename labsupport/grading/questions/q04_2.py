"""04.2: the margin that a null candidate reaches with a given probability."""

from __future__ import annotations

import math

import numpy as np
from scipy import stats

from labsupport.grading.calling import ask
from labsupport.grading.old import Case, Mistake, compare, question
from labsupport.grading.readers import number


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
