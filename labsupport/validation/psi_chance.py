"""How often PSI exceeds a threshold although nothing changed.

Without drift PSI times mn / (m + n) is nearly chi-squared, with one degree of freedom less than
there are bins. With few rows its mean is larger and its tail heavier, mostly for one bin that comes
out almost empty. So the chi-squared variable is stretched to PSI's mean, which is exact, and the
rate is never below the chance that one bin is enough by itself, which is exact, too. In simulations
with ten rows or more expected in each bin the rate is right to a sixth where it is above 5%, and
may be half of the truth where it is 0.1%.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import scipy
from scipy import special

from labsupport.validation.chance import chance_of_none

_NODES = 600  # of its counts so many are looked at in each bin; all of them, where there are fewer
_REACH = 12  # standard deviations on both sides


def psi_rate(bound: float, counts: Sequence[int], m: int, n: int) -> float:
    """The chance, without drift, that PSI exceeds the bound.

    Parameters
    ----------
    bound : of PSI.
    counts : of the reference in each of two bins or more, all above zero, adding up to m.
    m, n : rows of the reference, rows of the current snapshot.
    """
    if bound <= 0:
        return 1.0
    empty, mean, weight, least = _without_drift(tuple(int(c) for c in counts), m, n)
    alone = (weight * (least > bound)).sum(axis=1).max()
    df = len(counts) - 1
    return float(min(1.0, empty + max(alone, scipy.stats.chi2.sf(bound * df / mean, df))))


@lru_cache(maxsize=256)
def _without_drift(
    counts: tuple[int, ...], m: int, n: int
) -> tuple[float, float, np.ndarray, np.ndarray]:
    """The chance of an empty bin; PSI's mean when there is none; for each bin the chances of its
    counts, (k, nodes), and the least that PSI then is.
    """
    c = np.array(counts, float)[:, None]
    share = c / m
    sd = np.sqrt(n * share * (1 - share) * (1 + n / m))
    low = np.maximum(1, np.floor(n * share - _REACH * sd))
    high = np.minimum(n - 1, np.ceil(n * share + _REACH * sd))
    step = np.maximum(1, np.floor((high - low) / _NODES))
    x = low + step * np.arange(int(((high - low) / step).max()) + 1)
    inside = x < n
    x = np.where(inside, x, low)
    # Beta-binomial: the share itself is known from m rows only.
    log_weight = special.betaln(c + x, m - c + n - x) - special.betaln(c, m - c)
    log_weight -= special.betaln(x + 1, n - x + 1)
    weight = np.exp(log_weight - log_weight.max(axis=1, keepdims=True)) * inside
    weight /= weight.sum(axis=1, keepdims=True)
    q = x / n
    of_bin = (q - share) * np.log(q / share)
    # Bins taken together never have a larger PSI than apart: the rest as one bin.
    least = of_bin + (share - q) * np.log((1 - q) / (1 - share))
    empty = chance_of_none(c, m, n).sum()
    return float(empty), float((weight * of_bin).sum()), weight, least
