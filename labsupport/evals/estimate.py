"""A measured share and how far the true one may be."""

from __future__ import annotations

from dataclasses import dataclass

from scipy import special

from labsupport.exact import check_level


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
    ValueError : no tries, hits that are no whole number from 0 to n, a confidence outside (0, 1).

    Notes
    -----
    Source: C. J. Clopper and E. S. Pearson, The use of confidence or fiducial limits illustrated
    in the case of the binomial, Biometrika 26 (1934), 404-413.
    """
    check_level(confidence, "confidence")
    if not (hits == int(hits) and n == int(n) and 0 <= hits <= n and n > 0):
        raise ValueError(f"A share is of 0 to n hits in n tries, n at least 1; got {hits} of {n}.")
    tail = (1 - confidence) / 2
    low = float(special.betaincinv(hits, n - hits + 1, tail)) if hits else 0.0
    high = float(special.betaincinv(hits + 1, n - hits, 1 - tail)) if hits < n else 1.0
    return Estimate(hits / n, low, high, confidence, "Clopper-Pearson")
