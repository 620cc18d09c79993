"""How often a threshold is exceeded although nothing changed, and the threshold for a wanted rate.

A share of c in m reference rows, k in n current rows: if nothing changed, all m + n rows are alike,
and where the c-th of the m falls among the n is a matter of counting. Its tails are those of
Fisher's exact test. For a number's bins that is exact, whatever its distribution: their edges are
values of the reference itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import scipy
from scipy import special

from labsupport.exact import as_written


def share_rate(bound: float, counts: Sequence[int], m: int, n: int) -> float:
    """The chance, without drift, that the share of any bin changes by more than the bound.

    The sum over the bins of both exact tails: never too low by adding up (union bound), and close
    where the rate is small.

    Parameters
    ----------
    bound : a change of share, the decimal that was written.
    counts : of the reference in each bin, at most m each.
    m, n : rows of the reference, rows of the current snapshot.
    """
    a, b = as_written(bound).as_integer_ratio()
    cells = [int(c) for c in counts if _may_reach(float(bound), int(c), m, n)]
    above = np.array([n * (c * b + a * m) // (m * b) + 1 for c in cells], dtype=float)
    below = np.array([-(n * (a * m - c * b) // (m * b)) - 1 for c in cells], dtype=float)
    c = np.array(cells, dtype=float)
    rate = 0.0
    if (up := above <= n).any():
        rate += _at_least(above[up], c[up], m, n).sum()
    if (down := below >= 0).any():
        rate += _at_most(below[down], c[down], m, n).sum()
    return float(min(1.0, rate))


def _may_reach(bound: float, c: int, m: int, n: int) -> bool:
    """Whether the tails of a bin are more than 1e-12 or so: it saves their exact sums."""
    share = max(c, 30) / m
    return bound < 10 * math.sqrt(share * max(1 - c / m, 30 / m) * (1 / n + 1 / m)) + 30 / n


def _at_least(k: np.ndarray, c: np.ndarray, m: int, n: int) -> np.ndarray:
    """The chance that k or more of n fall below the (c + 1)-th of m."""
    return scipy.stats.hypergeom.sf(k - 1, m + n, n, c + k)


def _at_most(k: np.ndarray, c: np.ndarray, m: int, n: int) -> np.ndarray:
    """The chance that k or fewer of n fall below the c-th of m."""
    return scipy.stats.hypergeom.cdf(k, m + n, n, c + k)


def lost_rate(bound: float, counts: Sequence[int], m: int, n: int) -> float:
    """The chance, without drift, that a category with more than this share of the reference has no
    row among n: the sum over these categories.
    """
    asked = as_written(bound)
    c = np.array([c for c in counts if c > asked * m], dtype=float)
    return float(min(1.0, chance_of_none(c, m, n).sum()))


def chance_of_none(c: np.ndarray, m: int, n: int) -> np.ndarray:
    """The chance, without drift, that a bin with c of m rows has none of n."""
    without = special.gammaln(m + 1) - special.gammaln(m - c + 1)
    return np.exp(without + special.gammaln(m + n - c + 1) - special.gammaln(m + n + 1))


def new_rate(bound: float, counts: Sequence[int], m: int, n: int) -> float:
    """The chance, without drift, that more than this share of n rows has a category which the
    reference never saw.

    By Good and Turing what was never seen is about as frequent as what was seen exactly once.
    """
    once = sum(c == 1 for c in counts)
    a, b = as_written(bound).as_integer_ratio()
    k = np.array([a * n // b + 1], dtype=float)
    return float(_at_least(k, np.array([once], dtype=float), m, n)[0]) if k[0] <= n else 0.0


def ks_rate(bound: float, m: int, n: int) -> float:
    """The chance, without drift, that KS exceeds the bound: 2 exp(-2 bound^2 mn/(m+n)).

    The first term of Kolmogorov's series, an upper bound of it. Wei and Dudley (2012) prove it for
    m = n >= 458; for ties and for few bins it is too high, on the safe side.
    """
    return min(1.0, 2 * math.exp(-2 * float(bound) ** 2 * m * n / (m + n)))


def threshold(rate: Callable[[float], float], level: float, highest: float = 1.0) -> float:
    """The smallest bound of three digits whose false-alarm rate is at most the level.

    Parameters
    ----------
    rate : bound -> false-alarm rate; falls as its bound rises.
    level : the wanted rate.
    highest : the largest bound; returned where none has the wanted rate.
    """
    if rate(0.0) <= level:
        return 0.0
    if rate(highest) > level:
        return highest
    low, high = 0.0, float(highest)
    while high - low > 1e-3 * high:
        # By halves while nothing is known below, then by digits.
        middle = math.sqrt(low * high) if low else high / 4
        low, high = (middle, high) if rate(middle) > level else (low, middle)
    return _rounded_up(high)


def _rounded_up(number: float) -> float:
    """The next decimal of three digits."""
    digits = 2 - math.floor(math.log10(number))
    up = round(number, digits)
    return up if up >= number else round(up + 10.0**-digits, digits)
