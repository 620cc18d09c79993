"""Intervals for a rate that an imperfect judge measured: the valid kinds, and ways to go wrong.

Of n judged answers k passed; the judge passed a of the m1 answers that humans passed, and failed b
of the m0 that humans failed. Three samples, so three sources of chance.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from scipy import stats

Z = float(stats.norm.ppf(0.975))
ALL = (1, 1, 1)  # judged answers, the humans' yes, the humans' no
DRAWS = 20_000


def clipped(value: float) -> float:
    """The nearest share."""
    return float(np.clip(value, 0, 1))


def as_it_is(value: float) -> float:
    """No share, perhaps."""
    return float(value)


def point(p: float, sensitivity: float, specificity: float) -> float:
    """The rate at which so many answers are passed on average (Rogan and Gladen, 1978)."""
    return (p + specificity - 1) / (sensitivity + specificity - 1)


def tells_apart(k, n, yes, no) -> bool:
    """Whether the judge passes more of what humans passed than of what they failed."""
    return yes[0] * no[1] > (no[1] - no[0]) * yes[1]


def value_of(k, n, yes, no) -> float:
    """The corrected rate from the counts as they are, no share perhaps."""
    return point(k / n, yes[0] / yes[1], no[0] / no[1])


def weights(rate: float) -> tuple[float, float, float]:
    """How the three variances add up."""
    return 1, rate**2, (1 - rate) ** 2


def root_of_sum(variances) -> float:
    """The standard error of a sum of independent parts."""
    return float(np.sqrt(sum(variances)))


def spread(hits: float, size: float) -> float:
    """The variance of a share."""
    return hits / size * (1 - hits / size) / size


def delta(
    judged: float = 0.0,
    labelled: float = 0.0,
    shift: bool = False,
    parts=ALL,
    z: float = Z,
    weigh: Callable = weights,
    together: Callable = root_of_sum,
    of: Callable = spread,
    stretched: bool = True,
) -> Callable:
    """Ends from standard errors, with so many answers added to the judged and to the labelled ones,
    half of them hits; `shift` as Lang and Reiczigel (2014) have it. The rest is there to be wrong.
    """

    def ends(k, n, yes, no) -> tuple[float, float]:
        added = judged, labelled, labelled
        counts = [(h + a / 2, m + a) for (h, m), a in zip(((k, n), yes, no), added, strict=True)]
        p, se, sp = (h / m for h, m in counts)
        rate, scale = point(p, se, sp), se + sp - 1 if stretched else 1.0
        terms = [
            part * weight * of(*count)
            for part, weight, count in zip(parts, weigh(rate), counts, strict=True)
        ]
        reach = z * together(terms) / scale
        if shift:
            rate += 2 * z**2 * (rate * spread(*counts[1]) - (1 - rate) * spread(*counts[2]))
        return rate - reach, rate + reach

    return ends


def resampled(
    prior: float = 0.0, beta: bool = False, parts=ALL, seed: int = 0, levels=(0.025, 0.975)
) -> Callable:
    """Ends from draws of all three: binomial counts around the shares with `prior` hits and as many
    misses added; or the shares themselves, from a beta distribution.
    """

    @lru_cache(maxsize=64)  # more than there are cases in a draw; each is asked twice
    def ends(k, n, yes, no) -> tuple[float, float]:
        rng = np.random.default_rng(seed)

        def draw(hits, size, part):
            if not part:
                return hits / size
            if beta:
                return rng.beta(hits + prior, size - hits + prior, DRAWS)
            return rng.binomial(size, (hits + prior) / (size + 2 * prior), DRAWS) / size

        p, se, sp = (
            draw(*given) for given in ((k, n, parts[0]), (*yes, parts[1]), (*no, parts[2]))
        )
        with np.errstate(all="ignore"):
            rates = np.where(se + sp > 1, point(p, se, sp), np.nan)
        return tuple(np.nanquantile(rates, levels))

    return ends


lang_reiczigel = delta(Z**2, 2.0, shift=True)
CAREFUL = (  # a count of zero, or of all, is no certainty to them
    *(lang_reiczigel, delta(Z**2, 2.0), delta(4.0, 4.0)),
    *(resampled(1.0), resampled(0.5, beta=True), resampled(1.0, beta=True)),
)
PLAIN = (delta(), resampled())


def bands(k, n, yes, no, slack: float = 0.045) -> tuple:
    """Where both ends may lie: as far as the valid ways lie apart, and a part of the mean width
    beyond, for the chance in a resampling and for ways that are not listed.
    """
    extreme = any(hits in (0, size) for hits, size in ((k, n), yes, no))
    ways = CAREFUL if extreme else (*CAREFUL, *PLAIN)
    ends = np.clip([way(k, n, yes, no) for way in ways], 0, 1)
    more = slack * float(np.mean(ends[:, 1] - ends[:, 0]))
    low, high = ends.min(axis=0) - more, ends.max(axis=0) + more
    return tuple((float(low[i]), float(high[i])) for i in range(2))


def whole(
    ends: Callable, value: Callable = value_of, clip: Callable = clipped, apart: bool = True
) -> Callable:
    """(value, low, high) with ends of one's own, clipped; from 0 to 1 where the judge tells nothing
    apart.
    """

    def answer(k, n, yes, no):
        if apart and not tells_apart(k, n, yes, no):
            return 0.5, 0.0, 1.0
        found = value(k, n, yes, no), *ends(k, n, yes, no)
        return tuple(clip(float(number)) for number in found)

    return answer
