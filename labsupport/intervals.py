"""One comparison, honestly: how far the measured gain may be from the true one, and how many rows
would settle it.

Everything here works on the discordant pairs of PairedOutcomes: `better` rows on which only the
candidate is right, `worse` rows on which only the baseline is, out of n. So every function costs
the same for 4,000 rows and for 10^9.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from scipy import optimize, special, stats

from labsupport.bootstrap import (
    Pairs,
    bootstrap_gains,
    counts_of,
    gain_distribution,
    row_variance,
)
from labsupport.comparisons import Interval, rows_to_settle
from labsupport.exact import as_written, check_count, check_level

_TIE = 1e-12  # a cumulative probability this close to a level has reached it


class _Counts(NamedTuple):
    n: int
    candidate_only: int
    baseline_only: int


def gain_interval(outcomes: Pairs, confidence: float = 0.95, method: str = "exact") -> Interval:
    """A two-sided interval for the true gain.

    Parameters
    ----------
    method : "exact", percentiles of the ideal bootstrap, no seed: the smallest gain whose
        cumulative probability reaches (1 - confidence) / 2, and likewise above; "percentile", the
        same from 10,000 resamples; "bca", bias-corrected and accelerated (Efron 1987); "score"
        (Tango 1998), which behaves when there are few discordant pairs, or none.

    Raises
    ------
    ValueError : no rows, a confidence outside (0, 1), or an unknown method.
    """
    check_level(confidence, "confidence")
    if method not in _METHODS:
        raise ValueError(f"Unknown method {method!r}; choose one of {', '.join(_METHODS)}.")
    low, high = _METHODS[method](outcomes, (1 - confidence) / 2)
    rows = None if method == "score" else outcomes.n  # the others' ends are resampled gains
    return Interval(float(low), float(high), confidence, method, rows)


def score_statistic(outcomes: Pairs, gain: float) -> float:
    """Tango's score statistic of the hypothesis that the true gain is `gain`: standard normal if it
    is.

    The variance is the one the hypothesis implies, so it does not vanish when no discordant pair
    was seen. Source: T. Tango, Equivalence test and confidence interval for the difference in
    proportions for the paired-sample design, Statistics in Medicine 17 (1998), 891-908.
    """
    n, better, worse = counts_of(outcomes)
    if abs(gain) > 1:  # no table has it
        return math.copysign(math.inf, -gain)
    if gain < 0:  # the mirror image, where the formulas lose no digits
        return -score_statistic(_Counts(n, worse, better), -gain)
    linear = (2 * n - better + worse) * gain - better - worse
    constrained = (math.hypot(linear, math.sqrt(8 * n * worse * gain * (1 - gain))) - linear) / (
        4 * n
    )
    spread = math.sqrt(n * (2 * constrained + gain * (1 - gain)))
    excess = better - worse - n * gain
    if spread == 0:
        return 0.0 if excess == 0 else math.copysign(math.inf, excess)
    return excess / spread


def mcnemar(outcomes: Pairs) -> float:
    """The exact two-sided p-value of "both models are equally often right": a sign test on the
    discordant pairs.
    """
    pairs = outcomes.candidate_only + outcomes.baseline_only
    return 1.0 if pairs == 0 else float(stats.binomtest(outcomes.candidate_only, pairs).pvalue)


def examples_needed(
    outcomes: Pairs, margin: float, confidence: float = 0.95, power: float = 0.5
) -> int:
    """How many rows a holdout needs so that the interval excludes the margin, if the rates stay as
    measured.

    With power 0.5 the end of the interval is expected to sit at the margin; ask for 0.8 to get past
    it four times in five. Rows that are all in one cell show no variance; then the score interval
    is meant.

    Raises
    ------
    ValueError : the gain equals the margin, so that no number of rows would tell them apart.
    """
    variance = row_variance(outcomes)
    if variance == 0 and (
        z := score_statistic(outcomes, float(margin))
    ):  # the rows show none; take what the margin implies
        variance = outcomes.n * ((float(_gain(outcomes)) - float(margin)) / z) ** 2
    return rows_to_settle(_gain(outcomes), variance, margin, confidence, power)


def power(outcomes: Pairs, n: int, margin: float, confidence: float = 0.95) -> float:
    """The probability that a holdout of n fresh rows puts the interval's lower bound at or above
    the margin.

    The rates of the four cells are taken to be those measured; normal approximation.
    """
    check_level(confidence, "confidence")
    check_count(n, "n")
    distance = float(_gain(outcomes) - as_written(margin, "margin"))
    spread = math.sqrt(row_variance(outcomes) / n)
    if spread == 0:
        return float(distance >= 0)
    return float(special.ndtr(distance / spread - special.ndtri((1 + confidence) / 2)))


def coverage(
    rates: tuple[float, float],
    n: int,
    method: str = "exact",
    confidence: float = 0.95,
    worlds: int = 1000,
    seed: int = 0,
) -> float:
    """The share of simulated holdouts whose interval holds the true gain: what `confidence`
    promises, measured.

    Parameters
    ----------
    rates : (p, q), the true shares of rows on which only the candidate, only the baseline is right;
        the true gain is p - q.
    n : rows of a holdout.
    worlds : holdouts to draw. The same seed draws the same ones for every method.

    Raises
    ------
    ValueError : rates that are no two shares of one holdout, n or worlds below 1, or what
        gain_interval refuses.
    """
    p, q = _rates(rates)
    check_count(n, "n")
    check_count(worlds, "worlds")
    draws = np.random.default_rng(seed).multinomial(
        n, [float(p), float(q), float(1 - p - q)], size=worlds
    )
    held = 0
    tables, counts = np.unique(draws[:, :2], axis=0, return_counts=True)
    for (better, worse), times in zip(tables.tolist(), counts.tolist(), strict=True):
        found = gain_interval(_Counts(n, better, worse), confidence, method)
        held += times * (float(p - q) in found)
    return float(held / worlds)


def _exact(outcomes: Pairs, tail: float) -> tuple[float, float]:
    return _reached(*gain_distribution(outcomes), tail, 1 - tail)


def _percentile(outcomes: Pairs, tail: float) -> tuple[float, float]:
    return tuple(np.quantile(bootstrap_gains(outcomes), [tail, 1 - tail], method="inverted_cdf"))


def _bca(outcomes: Pairs, tail: float) -> tuple[float, float]:
    n, better, worse = counts_of(outcomes)
    measured = float(_gain(outcomes))
    deviation = np.array([1, -1, 0]) - measured
    weight = np.array([better, worse, n - better - worse])
    spread = weight @ deviation**2
    if spread == 0:
        return measured, measured
    gains, mass = gain_distribution(outcomes)
    acceleration = weight @ deviation**3 / (6 * spread**1.5)
    at = np.searchsorted(gains, measured - 0.5 / n)
    bias = special.ndtri(mass[:at].sum() + mass[at] / 2)
    z = bias + special.ndtri([tail, 1 - tail])
    return _reached(
        gains, mass, *special.ndtr(bias + z / np.maximum(1 - acceleration * z, 1e-9))
    )  # 0: all of the tail


def _score(outcomes: Pairs, tail: float) -> tuple[float, float]:
    z, measured = -special.ndtri(tail), float(_gain(outcomes))

    def end(sign: int) -> float:
        def beyond(gain: float) -> float:
            return score_statistic(outcomes, gain) + sign * z

        return (
            sign * 1.0 if measured == sign else optimize.brentq(beyond, measured, sign, xtol=1e-14)
        )

    return end(-1), end(1)


_METHODS: dict[str, Callable[[Pairs, float], tuple[float, float]]] = {
    "exact": _exact,
    "percentile": _percentile,
    "bca": _bca,
    "score": _score,
}


def _reached(gains: np.ndarray, mass: np.ndarray, *levels: float) -> tuple[float, ...]:
    at = np.searchsorted(np.cumsum(mass), np.asarray(levels) - _TIE)
    return tuple(gains[np.minimum(at, len(gains) - 1)])


def _rates(rates: tuple[float, float]) -> tuple[Fraction, Fraction]:
    shares = [as_written(rate, "a rate") for rate in rates] if np.shape(rates) == (2,) else []
    if not shares or min(shares) < 0 or sum(shares) > 1:
        raise ValueError(
            "rates are two shares of the holdout, candidate only and baseline only, each 0 or "
            "more and together at most 1; "
            f"got {rates!r}."
        )
    return shares[0], shares[1]


def _gain(outcomes: Pairs) -> Fraction:
    n, better, worse = counts_of(outcomes)
    return Fraction(better - worse, n)
