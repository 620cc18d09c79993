"""One comparison, honestly: how far the measured gain may be from the true one, and how many rows
would settle it.

Everything here works on the discordant pairs of PairedOutcomes: `better` rows on which only the
candidate is right, `worse` rows on which only the baseline is, out of n. So every function costs
about the same for 4,000 rows and for 10^14.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import NamedTuple

import numpy as np
import scipy
from scipy import special

from labsupport.bootstrap import (
    Pairs,
    bootstrap_gains,
    counts_of,
    gain_distribution,
    row_variance,
)
from labsupport.comparisons import Interval, check_apart
from labsupport.exact import as_written, check_count, check_level
from labsupport.limits import chance, lower_limit

_FEW = 20  # expected discordant pairs below which their number is taken as whole
_NEVER = 10**18  # rows that nobody will have
_WIDE = 10_000  # standard deviation of the rows gained from which on quantiles are normal ones
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
        cumulative probability reaches (1 - confidence) / 2, and likewise above, from a standard
        deviation of 10,000 rows on by the normal limit, which meets that level to within 0.0001
        (Berry and Esseen: 0.95 over the standard deviation); "percentile", the
        same from 10,000 resamples; "bca", bias-corrected and accelerated (Efron 1987); "score"
        (Tango 1998), which behaves when there are few discordant pairs, or none; "unconditional",
        the gate's: each end is wrong with probability (1 - confidence) / 2 at most, whatever the
        rows and the rates (see limits).

    Raises
    ------
    ValueError : no rows, a confidence outside (0, 1), or an unknown method.
    """
    check_level(confidence, "confidence")
    if method not in _METHODS:
        raise ValueError(f"Unknown method {method!r}; choose one of {', '.join(_METHODS)}.")
    low, high = _METHODS[method](outcomes, (1 - confidence) / 2)
    rows = outcomes.n if method in ("exact", "percentile", "bca") else None  # ends are resampled
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
    """The exact two-sided p-value of equal accuracies: a sign test on the discordant pairs."""
    better, pairs = outcomes.candidate_only, outcomes.candidate_only + outcomes.baseline_only
    return float(scipy.stats.binomtest(better, pairs).pvalue) if pairs else 1.0


def examples_needed(
    outcomes: Pairs, margin: float, confidence: float = 0.95, power: float = 0.5
) -> int:
    """How many rows a holdout needs so that the gate's interval excludes the margin, if the rates
    stay as measured; to three digits, rounded up.

    With power 0.5 that is so for a holdout on which the gain comes out as it did here; ask for 0.8,
    and it is for all but the least lucky fifth of holdouts.

    Raises
    ------
    ValueError : the gain equals the margin, so that no number of rows would tell them apart.
    """
    check_level(confidence, "confidence")
    check_level(power, "power")
    (n, better, worse), asked = counts_of(outcomes), as_written(margin, "margin")
    check_apart(_gain(outcomes), asked)
    if _gain(outcomes) < asked:
        better, worse, asked = worse, better, -asked
    level, luck = (1 - confidence) / 2, float(special.ndtri(power))
    target = float(special.ndtri(level))

    def excess(rows: int) -> float:
        """How far the chance is above the level on so many rows, on the normal scale."""
        table = _unlucky(_Counts(n, better, worse), rows, luck)
        bound = max(chance(rows, *table, float(asked), level), 1e-300)
        return float(special.ndtri(bound)) - target

    needed = _first_settled(excess, target, n)
    step = 10 ** max(0, len(str(needed)) - 3)
    return -(-needed // step) * step


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
    n, better, worse = counts_of(outcomes)
    spread = math.sqrt(n * row_variance(outcomes))
    if spread > _WIDE:
        reach = round(-special.ndtri(tail) * spread)
        return (better - worse - reach) / n, (better - worse + reach) / n
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

        if measured == sign:
            return sign * 1.0
        return scipy.optimize.brentq(beyond, measured, sign, xtol=1e-14)

    return end(-1), end(1)


def _unconditional(outcomes: Pairs, tail: float) -> tuple[float, float]:
    n, better, worse = counts_of(outcomes)
    return lower_limit(n, better, worse, tail), -lower_limit(n, worse, better, tail)


_METHODS: dict[str, Callable[[Pairs, float], tuple[float, float]]] = {
    "exact": _exact,
    "percentile": _percentile,
    "bca": _bca,
    "score": _score,
    "unconditional": _unconditional,
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


def _unlucky(seen: _Counts, rows: int, luck: float) -> tuple[float, float]:
    """The discordant rows of a holdout whose gain is no worse than its quantile at -`luck` standard
    errors, and whose number of pairs is the one to expect then.
    """
    p, q, variance = seen.candidate_only / seen.n, seen.baseline_only / seen.n, row_variance(seen)
    expected, pairs = (p - q) * rows, (p + q) * rows
    if pairs < _FEW:  # their gains come in steps
        gained = round(rows * _reached(*gain_distribution(seen, rows), special.ndtr(-luck))[0])
    else:
        gained = expected - luck * math.sqrt(rows * variance)
    if variance:
        pairs += (p - q) * (1 - p - q) / variance * (gained - expected)
    pairs = min(max(pairs, abs(gained)), rows)
    if pairs < _FEW:
        pairs = gained + 2 * math.ceil((pairs - gained) / 2 - 1e-9)
    return (pairs + gained) / 2, (pairs - gained) / 2


def _first_settled(excess: Callable[[int], float], target: float, rows: int) -> int:
    """The rows from which on the excess is not above 0, or a few thousandths more. On the normal
    scale it falls with the root of the rows, so few steps do.
    """
    low, high = 0, 0
    while (not high or high - low > max(1, high // 500)) and low < _NEVER:
        found = excess(rows)
        low, high = (low, rows) if found <= 0 else (rows, high)
        if -0.005 < found <= 0:
            break
        seen = min(found + target, -0.05)
        factor = min(max((target / seen) ** 2, 0.1), 16.0)
        if (found > 0) == (factor < 1):  # at a confidence near 0 the square root says nothing
            factor = 4 if found > 0 else 0.25
        rows = math.ceil(rows * factor * 1.001)
        if not low < rows < (high or math.inf):
            rows = (low + high) // 2 if high else 2 * low
    return high


def _gain(outcomes: Pairs) -> Fraction:
    n, better, worse = counts_of(outcomes)
    return Fraction(better - worse, n)
