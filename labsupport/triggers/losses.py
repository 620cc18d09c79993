"""Two models' losses on the same days, as a Comparison for the gate: rows of one day go up and down
together, and so do neighbouring days, though less.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction

import numpy as np
import scipy
from scipy import fft

from labsupport.comparisons import ExactPair, Interval, rows_to_settle
from labsupport.exact import as_numbers, check_level, same_rows

_WEEK = 7  # days; what swings faster than once a week says nothing about the error of the mean


@dataclass(frozen=True)
class PairedLoss(ExactPair):
    """Mean losses of candidate and baseline on the same rows. As scores they are negative: higher
    is better, and a gain is loss that went away.

    Attributes
    ----------
    n, days : rows, and the days they come from.
    exact_candidate, exact_baseline : minus the mean loss per row.
    standard_error : of their difference, from its slow swings; see compare_losses.
    neighbours : autocorrelation of the days' differences at a lag of one day, for the reader: the
        interval holds without it.
    slices : there are none; the protocol asks for the name.
    """

    n: int
    days: int
    exact_candidate: Fraction
    exact_baseline: Fraction
    standard_error: float
    neighbours: float = 0.0
    slices: Mapping[str, PairedLoss] = field(default_factory=dict)

    @property
    def freedom(self) -> int:
        """Degrees of freedom of the standard error: two for each week of days, at least one."""
        return max(1, 2 * self.days // _WEEK)

    def interval(self, confidence: float = 0.95) -> Interval:
        """A two-sided interval for the true gain: Student's t."""
        check_level(confidence, "confidence")
        reach = scipy.stats.t.isf((1 - confidence) / 2, self.freedom) * self.standard_error
        return Interval(self.gain - reach, self.gain + reach, confidence, "t over days")

    def statistic(self, gain: float) -> float:
        """Standard normal if the true gain is `gain`: the t statistic, taken to the normal scale at
        its tail probability.
        """
        distance = self.gain - gain
        if self.standard_error == 0:
            return 0.0 if distance == 0 else math.copysign(math.inf, distance)
        tail = scipy.stats.t.logsf(abs(distance) / self.standard_error, self.freedom)
        return math.copysign(float(scipy.stats.norm.isf(math.exp(tail))), distance)

    def examples_needed(self, margin: float, confidence: float = 0.95, power: float = 0.5) -> int:
        """How many rows, of as many days more, would set the interval apart from the margin; see
        intervals.examples_needed.
        """
        variance = self.n * self.standard_error**2
        return rows_to_settle(self.exact_gain, variance, margin, confidence, power)


def compare_losses(rows, candidate, baseline) -> PairedLoss:
    """Compare two models' losses, added up per day.

    Parameters
    ----------
    rows : (days,) whole numbers, the rows of each day; a day without a row does not count.
    candidate, baseline : (days,) floats, each model's loss summed over the rows of the day.

    Raises
    ------
    ValueError : lengths differ, a sum is no finite number, or fewer than two days have rows.

    Notes
    -----
    Student's t over days would take neighbouring days for independent. On the flights their gains
    correlate by 0.24, and a gate that promises 2.5% false promotions then makes 6%.

    So the standard error looks at slow swings only, where what neighbours share adds up as it does
    in the mean: cosines over the trial with a period of a week or longer, two for each week of
    days, and Student's t with as many degrees of freedom. Promised 2.5%, it makes, in trials of 14
    to 112 days that are first-order autoregressive, 3.2% at 0.24, 3.8% at 0.36 and 4.8% at 0.48
    (t over days: 6, 9 and 12%), and 2.5% without correlation. The price is power: of gains of
    three standard errors it finds 75% in 21 days, t over days 91%.

    It does not mend skewness. Days of the flights drawn anew in blocks of one or two weeks, and
    moved to no gain: 3.5% at most for a candidate that gains in storms, but up to 9% for one that
    loses in them (t over days: 5 to 13%).

    Source: U. Müller, A theory of robust long-run variance estimation, Journal of Econometrics
    2007; E. Lazarus, D. Lewis, J. Stock, M. Watson, HAR inference: recommendations for practice,
    Journal of Business & Economic Statistics 2018. Their rule for quarterly data, 0.4 days^(2/3)
    cosines, is for correlations of 0.7; two a week are fewer than it asks for at 0.5.
    """
    named = {"rows": rows, "candidate": candidate, "baseline": baseline}
    same_rows(named)
    rows, candidate, baseline = (as_numbers(values, name) for name, values in named.items())
    if rows.ndim != 1 or not rows.shape == candidate.shape == baseline.shape:
        raise ValueError(
            "rows, candidate and baseline hold one number per day; got the shapes "
            f"{rows.shape}, {candidate.shape} and {baseline.shape}."
        )
    if not all(np.isfinite(values).all() for values in (rows, candidate, baseline)):
        raise ValueError("A day's rows or loss is NaN or infinite; leave out no day: repair it.")
    seen, n = rows > 0, int(rows.sum())
    days = int(seen.sum())
    if days < 2:
        raise ValueError(f"Losses are compared over at least two days with rows; got {days}.")
    better = baseline - candidate
    apart = (better - better.sum() / n * rows)[seen]
    scores = [-Fraction(float(sums.sum())) / n for sums in (candidate, baseline)]
    square = float(apart @ apart)
    neighbours = float(apart[1:] @ apart[:-1]) / square if square else 0.0
    rough = PairedLoss(n, days, *scores, 0.0, neighbours)
    return replace(rough, standard_error=math.sqrt(days * _slow(apart, rough.freedom)) / n)


def _slow(apart: np.ndarray, cosines: int) -> float:
    """The mean square of the slowest swings; of all of them it would be the variance."""
    swings = fft.dct(apart, norm="ortho")[1 : cosines + 1]
    return float(swings @ swings) / cosines
