"""04.2: the margin that a null candidate reaches with a given probability."""

from __future__ import annotations

import math

from scipy import stats

from labsupport.grading.draws import arguments, between, drawn, magnitudes, on_edges
from labsupport.grading.exercise import Case, Question, close, mistake
from labsupport.grading.readers import a_number
from labsupport.grading.rounding import rounded, roundings

some = arguments(rate=between(0.01, 0.09, 4), noise=between(0.0004, 0.02))
MIDDLE = {
    "a strict rate": some(rate=between(0.0005, 0.005, 4)),
    "a usual rate": some(),
    "a generous rate": some(rate=between(0.1, 0.4, 4)),
}
EDGES = {
    "a rate just below one half": some(rate=between(0.4990, 0.4999, 4)),
    "a rate of one in a million": some(rate=1e-6),
    "a rate of many digits": some(rate=between(0.011, 0.089)),
    "noise of a few rows in a million": some(noise=magnitudes(2e-6, 9e-6)),
    "noise that is counted in rows": some(noise=between(2.0, 30.0)),
    "noise of almost nothing": some(noise=magnitudes(1e-9, 1e-8)),
}


def margin(rate, noise):
    return float(stats.norm.isf(rate)) * noise


def case(about, rate, noise) -> Case:
    return Case(about, (rate, noise), margin(rate, noise))


def cases(rng) -> list[Case]:
    return [*drawn(rng, MIDDLE, case, times=3), case("a rate of one half", 0.5, 0.003)]


def deviations(times):
    """So many standard deviations of the noise, by a rule of one's own for the rate."""
    return lambda rate, noise: times(rate) * noise


def otherwise(case: Case, said: float) -> str:
    more = "more" if said < case.expected else "fewer"
    return f"With this margin {more} null candidates than wanted would win, on {case.about}."


QUESTION = Question(
    "04.2",
    cases,
    read=a_number("margin"),
    same=close(1e-8),
    otherwise=otherwise,
    then=[on_edges(EDGES, case, otherwise)],
    verified="At each drawn margin a normal null candidate wins as often as wanted.",
    mistakes=[
        mistake(
            "two tails",
            "The rate is split over two tails, but a null candidate is promoted in the upper one "
            "only.",
            lambda rate, noise: margin(rate / 2, noise),
        ),
        mistake(
            "lower tail",
            "The rate was taken as the share that stays below the margin; it is the share that "
            "reaches it.",
            lambda rate, noise: -margin(rate, noise),
        ),
        mistake(
            "noise left out",
            "This is a number of standard deviations; a margin is a gain.",
            lambda rate, noise: margin(rate, 1),
        ),
        mistake(
            "both runs again",
            "The noise is that of a gain already: the luck of both runs is in it.",
            lambda rate, noise: margin(rate, math.sqrt(2) * noise),
        ),
        mistake(
            "noise of one run",
            "This margin fits a smaller noise, as large as that of one run; the noise is given for "
            "a gain.",
            lambda rate, noise: margin(rate, noise / math.sqrt(2)),
        ),
        mistake(
            "noise squared",
            "The noise is squared here; it is a standard deviation, in the unit of a gain.",
            lambda rate, noise: margin(rate, noise**2),
        ),
        mistake(
            "root of the noise",
            "The noise is a standard deviation already; no root is left to take.",
            lambda rate, noise: margin(rate, math.sqrt(noise)),
        ),
        mistake(
            "a fixed number of deviations",
            "The margin is a fixed number of standard deviations, whatever rate is wanted.",
            *(deviations(lambda rate, k=k: k) for k in (1, 2, 3, 1.96, 1.645, 1.64)),
            *(deviations(lambda _, q=q: stats.norm.isf(q)) for q in (0.05, 0.025, 0.02, 0.01)),
        ),
        mistake(
            "a share as a distance",
            "A share is multiplied as if it were a distance; which gain is reached with this "
            "probability?",
            deviations(lambda rate: 1 - rate),
            deviations(lambda rate: rate),
        ),
        mistake(
            "from distance to probability",
            "This goes from a distance to a probability; the way back is asked for.",
            *(deviations(way) for way in (stats.norm.cdf, stats.norm.sf, stats.norm.pdf)),
            deviations(lambda rate: stats.norm.cdf(1 - rate)),
        ),
        mistake(
            "rate in percent",
            "The rate is a share from zero to one, not a percentage.",
            lambda rate, noise: margin(rate / 100, noise),
        ),
        mistake(
            "Chebyshev's bound",
            "Chebyshev's bound holds for any distribution and is far too careful for this one.",
            lambda rate, noise: noise / math.sqrt(rate),
        ),
        mistake(
            "noise as the middle",
            "The noise is taken for the middle of the bell, and added; it says how wide the bell "
            "is.",
            lambda rate, noise: stats.norm.isf(rate, noise),
            lambda rate, noise: stats.norm.ppf(1 - rate, noise),
        ),
        mistake(
            "rounded z",
            "The number of standard deviations is rounded, as in a printed table; keep its digits.",
            *(deviations(lambda rate, d=d: round(stats.norm.isf(rate), d)) for d in (1, 2, 3, 4)),
        ),
        rounded(*roundings(margin, 3, 4, 5, 6)),
    ],
)
