"""A measured share and how far the true one may be."""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Real

import numpy as np
from scipy import special

from labsupport.exact import check_level

_MOST = 2**53  # tries; a float cannot tell more of them apart


@dataclass(frozen=True)
class Estimate:
    """One number with a two-sided interval.

    Attributes
    ----------
    value : what was measured, in the unit of its method.
    low, high : the interval's ends.
    confidence : its nominal coverage, between 0 and 1.
    method : how it was computed.
    """

    value: float
    low: float
    high: float
    confidence: float = 0.95
    method: str = ""

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


def share(hits: int, n: int, confidence: float = 0.95) -> Estimate:
    """So many hits in so many tries, with the exact interval: 0 of 50 is not a rate of zero.

    Raises
    ------
    TypeError : a confidence that is no number.
    ValueError : no tries, hits that are no whole number from 0 to n, a confidence outside (0, 1).

    Notes
    -----
    Source: C. J. Clopper and E. S. Pearson, The use of confidence or fiducial limits illustrated
    in the case of the binomial, Biometrika 26 (1934), 404-413.
    """
    check_level(confidence, "confidence")
    if not (_whole(hits) and _whole(n) and 0 <= hits <= n and 0 < n <= _MOST):
        raise ValueError(f"A share is of 0 to n hits in n tries, n at least 1; got {hits} of {n}.")
    hits, n, tail = int(hits), int(n), (1 - confidence) / 2
    low = float(special.betaincinv(hits, n - hits + 1, tail)) if hits else 0.0
    high = float(special.betaincinv(hits + 1, n - hits, 1 - tail)) if hits < n else 1.0
    return Estimate(hits / n, low, high, confidence, "Clopper-Pearson")


def _whole(count: object) -> bool:
    """Whether it counts something: a whole number, also as a float, and no bool."""
    if isinstance(count, bool | np.bool_) or not isinstance(count, Real):
        return False
    return count == count and abs(count) != math.inf and count == int(count)
