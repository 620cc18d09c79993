"""Where the ends of a percentile interval must lie, whichever way its gains were resampled.

The end that is the level-a percentile of B gains lies between two order statistics next to B * a,
and the true probability below an order statistic is a Beta variable. Each range leaves out
2 * MISS of it.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy import stats

from labsupport.intervals import gain_distribution
from labsupport.outcomes import PairedOutcomes

MISS = 5e-10


def two_sided(confidence: float) -> np.ndarray:
    """The levels of both ends, shape (2,)."""
    return np.array([(1 - confidence) / 2, (1 + confidence) / 2])


def range_of(
    gains: np.ndarray, mass: np.ndarray, level: float, n_resamples: int
) -> tuple[float, float]:
    """Where the level-th percentile of n_resamples draws lies, whichever way it is interpolated."""
    k, below = math.floor(n_resamples * level), np.cumsum(mass)
    low = stats.beta.ppf(MISS, k - 1, n_resamples - k + 2) if k > 1 else 0
    high = stats.beta.isf(MISS, k + 2, n_resamples - k - 1) if k + 1 < n_resamples else 1
    first, last = np.searchsorted(below, [low, min(high, below[-1])])
    return gains[first], gains[last]


def of_rows(y, candidate, baseline) -> tuple[np.ndarray, np.ndarray]:
    """The gains of the ideal bootstrap, and how often each comes."""
    return gain_distribution(outcomes(y, candidate, baseline))


def percentiles(distribution: Callable = of_rows, levels: Callable = two_sided) -> Callable:
    """For a distribution of gains and for levels of one's own: the ranges of the ends.

    Parameters
    ----------
    distribution : distribution(y, candidate, baseline) -> gains, mass.
    levels : levels(confidence) -> two levels.

    Returns
    -------
    ranges(y, candidate, baseline, confidence, n_resamples, rng) -> (2, 2) array, from and to for
    the lower and the upper end.
    """

    def ranges(y, candidate, baseline, confidence, n_resamples, rng):
        drawn = distribution(y, candidate, baseline)
        return np.array([range_of(*drawn, level, n_resamples) for level in levels(confidence)])

    return ranges


def outcomes(y, candidate, baseline) -> PairedOutcomes:
    """The counts of labels and two predictions."""
    return PairedOutcomes.from_predictions(y, candidate, baseline)


def inside(said, ranges) -> bool:
    """Whether both ends lie in their ranges."""
    pairs = zip(said, ranges, strict=True)
    return all(low - 1e-9 <= end <= high + 1e-9 for end, (low, high) in pairs)
