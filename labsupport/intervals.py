"""One comparison, honestly: how far the measured gain may be from the true one, and how many rows
would settle it.

Everything here works on the discordant pairs of a PairedOutcomes: `better` rows on which only the
candidate is right, `worse` rows on which only the baseline is, out of n. So every function costs
the same for 4,000 rows and for 10^9.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from scipy import fft, optimize, special, stats

from labsupport.outcomes import PairedOutcomes, as_written

_LOST = 42.0  # minus the log of the probability that the window of gain_distribution may cut off on a side: e^-42 < 1e-18
_TIE = 1e-12  # a cumulative probability this close to a level has reached it


@dataclass(frozen=True)
class Interval:
    """A two-sided interval for a difference between candidate and baseline, in the unit of its
    metric.

    Attributes
    ----------
    low, high : its ends.
    confidence : the nominal coverage, between 0 and 1.
    method : how it was computed.
    """

    low: float
    high: float
    confidence: float
    method: str

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high

    def __str__(self) -> str:
        return f"[{self.low:.5f}, {self.high:.5f}]"


def check_level(level: float, name: str) -> None:
    """Raise ValueError unless a confidence, level or power lies strictly between 0 and 1."""
    if not 0 < level < 1:
        raise ValueError(f"{name} is a probability, above 0 and below 1; got {level!r}.")


def bootstrap_gains(
    outcomes: PairedOutcomes, n_resamples: int = 10_000, seed: int = 0
) -> np.ndarray:
    """The gain on each of `n_resamples` paired bootstrap resamples of the holdout.

    To draw n rows with replacement and count the cells of the table is to draw once from a
    multinomial over the cells, so no row is touched.

    Returns
    -------
    (n_resamples,) float array.

    Raises
    ------
    ValueError : there are no rows, or n_resamples is below 1.
    """
    n, better, worse = _counts(outcomes)
    _at_least_one(n_resamples, "n_resamples")
    draws = np.random.default_rng(seed).multinomial(
        n, [better / n, worse / n, (n - better - worse) / n], size=n_resamples
    )
    return (draws[:, 0] - draws[:, 1]) / n


def gain_distribution(
    outcomes: PairedOutcomes, draws: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """The distribution of the gain over infinitely many bootstrap resamples: exact, without a seed.

    A resampled row changes the difference of right answers by +1, -1 or 0, with the probabilities
    p, q, 1 - p - q that the table shows. The sum over all draws has the characteristic function
    (1 + p(e^it - 1) + q(e^-it - 1))^draws, and one inverse FFT over a window around the mean turns
    it into probabilities. Bernstein's inequality says how wide the window must be.

    Parameters
    ----------
    draws : rows in a resample. None: as many as there are.

    Returns
    -------
    gains : (k,) float array, increasing in steps of 1/draws.
    probabilities : (k,) float array; they sum to 1.
    """
    n, better, worse = _counts(outcomes)
    if draws is None:
        draws = n
    _at_least_one(draws, "draws")
    variance = draws * _variance(outcomes)
    reach = math.ceil(2 / 3 * _LOST + math.sqrt((2 / 3 * _LOST) ** 2 + 2 * _LOST * variance))
    mean = (better - worse) * draws // n
    low, high = max(-draws, mean - reach), min(draws, mean + reach)
    size = fft.next_fast_len(high - low + 1, real=True)
    shares = {1: better / n, -1: worse / n, 0: (n - better - worse) / n}
    mass = fft.irfft(_transform(draws, shares, low, size), size)[: high - low + 1].clip(0)
    return np.arange(low, high + 1) / draws, mass / mass.sum()


def gain_interval(
    outcomes: PairedOutcomes, confidence: float = 0.95, method: str = "exact"
) -> Interval:
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
    return Interval(float(low), float(high), confidence, method)


def score_statistic(outcomes: PairedOutcomes, gain: float) -> float:
    """Tango's score statistic of the hypothesis that the true gain is `gain`: standard normal if it
    is.

    The variance is the one the hypothesis implies, so it does not vanish when no discordant pair
    was seen. Source: T. Tango, Equivalence test and confidence interval for the difference in
    proportions for the paired-sample design, Statistics in Medicine 17 (1998), 891-908.
    """
    n, better, worse = _counts(outcomes)
    if abs(gain) > 1:  # no table has it
        return math.copysign(math.inf, -gain)
    if gain < 0:  # the mirror image, where the formulas lose no digits
        return -score_statistic(PairedOutcomes(n - better - worse, worse, better, 0), -gain)
    linear = (2 * n - better + worse) * gain - better - worse
    constrained = (math.hypot(linear, math.sqrt(8 * n * worse * gain * (1 - gain))) - linear) / (
        4 * n
    )
    spread = math.sqrt(n * (2 * constrained + gain * (1 - gain)))
    excess = better - worse - n * gain
    if spread == 0:
        return 0.0 if excess == 0 else math.copysign(math.inf, excess)
    return excess / spread


def mcnemar(outcomes: PairedOutcomes) -> float:
    """The exact two-sided p-value of "both models are equally often right": a sign test on the discordant pairs."""
    pairs = outcomes.candidate_only + outcomes.baseline_only
    return 1.0 if pairs == 0 else float(stats.binomtest(outcomes.candidate_only, pairs).pvalue)


def examples_needed(
    outcomes: PairedOutcomes, margin: float, confidence: float = 0.95, power: float = 0.5
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
    variance = _variance(outcomes)
    if variance == 0 and (
        z := score_statistic(outcomes, float(margin))
    ):  # the rows show none; take what the margin implies
        variance = outcomes.n * ((outcomes.gain - float(margin)) / z) ** 2
    return rows_to_settle(outcomes.exact_gain, variance, margin, confidence, power)


def rows_to_settle(
    gain: Fraction, variance: float, margin: float, confidence: float, power: float
) -> int:
    """examples_needed for any mean over rows: its measured value, and the variance of one row's contribution."""
    check_level(confidence, "confidence")
    check_level(power, "power")
    distance = gain - as_written(margin, "margin")
    if distance == 0:
        raise ValueError(
            f"The measured gain equals the margin of {float(margin):g}; no number of rows tells them apart."
        )
    z = max(special.ndtri((1 + confidence) / 2) + special.ndtri(power), 0.0)
    return max(1, math.ceil(z**2 * variance / float(distance) ** 2))


def power(outcomes: PairedOutcomes, n: int, margin: float, confidence: float = 0.95) -> float:
    """The probability that a holdout of n fresh rows puts the interval's lower bound at or above
    the margin.

    The rates of the four cells are taken to be those measured; normal approximation.
    """
    check_level(confidence, "confidence")
    _at_least_one(n, "n")
    distance = float(outcomes.exact_gain - as_written(margin, "margin"))
    spread = math.sqrt(_variance(outcomes) / n)
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
    _at_least_one(n, "n")
    _at_least_one(worlds, "worlds")
    draws = np.random.default_rng(seed).multinomial(
        n, [float(p), float(q), float(1 - p - q)], size=worlds
    )
    held = 0
    for (better, worse, same), times in zip(
        *np.unique(draws, axis=0, return_counts=True), strict=True
    ):
        held += times * (
            float(p - q)
            in gain_interval(PairedOutcomes(same, better, worse, 0), confidence, method)
        )
    return float(held / worlds)


def _transform(n: int, cells: dict[int, float], low: int, size: int) -> np.ndarray:
    """E exp(-it (S - low)) for the sum S over n resampled rows, at t = 2 pi k / size, k = 0 ...
    size // 2.

    cells: the share of rows that add 1, -1 and 0. n multiplies every rounding error of a row's angle, so angles stay small where it counts: t is
    measured from pi where that is nearer, and a row's contribution from the commonest one.
    """
    common = max(cells, key=cells.get)
    k = np.arange(size // 2 + 1)
    far = 4 * k > size
    t = np.pi * (2 * k - size * far) / size
    sign = np.where(far, -1, 1)  # e^it of the true t is sign e^it of this one
    row = sum(
        share * sign ** (step - common & 1) * np.exp(1j * (step - common) * t)
        for step, share in cells.items()
    )
    start = low - n * common
    # 1 - |row|^2 as a sum without cancellation; the row may be 0, and log(0) = -inf is then the
    # right answer.
    half = np.where(far, np.cos(t / 2), np.sin(t / 2))
    lost = 4 * (cells[0] * (cells[1] + cells[-1]) * half**2 + cells[1] * cells[-1] * np.sin(t) ** 2)
    with np.errstate(divide="ignore"):
        log_size = n / 2 * np.log1p(-np.minimum(lost, 1))
    return sign ** (start & 1) * np.exp(log_size - 1j * (n * np.angle(row) - start * t))


def _exact(outcomes: PairedOutcomes, tail: float) -> tuple[float, float]:
    return _reached(*gain_distribution(outcomes), tail, 1 - tail)


def _percentile(outcomes: PairedOutcomes, tail: float) -> tuple[float, float]:
    return tuple(np.quantile(bootstrap_gains(outcomes), [tail, 1 - tail], method="inverted_cdf"))


def _bca(outcomes: PairedOutcomes, tail: float) -> tuple[float, float]:
    n, better, worse = _counts(outcomes)
    measured = outcomes.gain
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


def _score(outcomes: PairedOutcomes, tail: float) -> tuple[float, float]:
    z, measured = -special.ndtri(tail), outcomes.gain

    def end(sign: int) -> float:
        def beyond(gain: float) -> float:
            return score_statistic(outcomes, gain) + sign * z

        return (
            sign * 1.0 if measured == sign else optimize.brentq(beyond, measured, sign, xtol=1e-14)
        )

    return end(-1), end(1)


_METHODS: dict[str, Callable[[PairedOutcomes, float], tuple[float, float]]] = {
    "exact": _exact,
    "percentile": _percentile,
    "bca": _bca,
    "score": _score,
}


def _reached(gains: np.ndarray, mass: np.ndarray, *levels: float) -> tuple[float, ...]:
    at = np.searchsorted(np.cumsum(mass), np.asarray(levels) - _TIE)
    return tuple(gains[np.minimum(at, len(gains) - 1)])


def _at_least_one(count: int, name: str) -> None:
    if not isinstance(count, int | np.integer) or count < 1:
        raise ValueError(f"{name} must be a whole number, at least 1; got {count!r}.")


def _rates(rates: tuple[float, float]) -> tuple[Fraction, Fraction]:
    shares = [as_written(rate, "a rate") for rate in rates] if np.shape(rates) == (2,) else []
    if not shares or min(shares) < 0 or sum(shares) > 1:
        raise ValueError(
            "rates are two shares of the holdout, candidate only and baseline only, each 0 or more and together at most 1; "
            f"got {rates!r}."
        )
    return shares[0], shares[1]


def _variance(outcomes: PairedOutcomes) -> float:
    """Variance of one row's contribution to the gain."""
    return outcomes.churn - outcomes.gain**2


def _counts(outcomes: PairedOutcomes) -> tuple[int, int, int]:
    if outcomes.n == 0:
        raise ValueError("There are no rows here, so there is no gain to put an interval around.")
    return outcomes.n, outcomes.candidate_only, outcomes.baseline_only
