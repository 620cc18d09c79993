"""Two models' losses on the same days, as a Comparison for the gate: rows of one day go up and down
together, so the day is what counts as one observation.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
from scipy import stats

from labsupport.comparisons import ExactPair, Interval, rows_to_settle
from labsupport.exact import as_numbers, check_level, same_rows


@dataclass(frozen=True)
class PairedLoss(ExactPair):
    """Mean losses of candidate and baseline on the same rows. As scores they are negative: higher
    is better, and a gain is loss that went away.

    Attributes
    ----------
    n, days : rows, and the days they come from.
    exact_candidate, exact_baseline : minus the mean loss per row.
    standard_error : of their difference, from day to day.
    neighbours : autocorrelation of the days' differences at a lag of one day. The interval takes it
        for 0; at 0.3 an honest one is about a third wider.
    slices : there are none; the protocol asks for the name.
    """

    n: int
    days: int
    exact_candidate: Fraction
    exact_baseline: Fraction
    standard_error: float
    neighbours: float = 0.0
    slices: Mapping[str, PairedLoss] = field(default_factory=dict)

    def interval(self, confidence: float = 0.95) -> Interval:
        """A two-sided interval for the true gain: Student's t with one degree of freedom less than
        there are days.
        """
        check_level(confidence, "confidence")
        reach = stats.t.isf((1 - confidence) / 2, self.days - 1) * self.standard_error
        return Interval(self.gain - reach, self.gain + reach, confidence, "t over days")

    def statistic(self, gain: float) -> float:
        """Standard normal if the true gain is `gain`: the t statistic, taken to the normal scale at
        its tail probability.
        """
        distance = self.gain - gain
        if self.standard_error == 0:
            return 0.0 if distance == 0 else math.copysign(math.inf, distance)
        tail = stats.t.logsf(abs(distance) / self.standard_error, self.days - 1)
        return math.copysign(float(stats.norm.isf(math.exp(tail))), distance)

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
    The standard error is comparisons.clustered_standard_error of the rows, days being the clusters,
    with its correction.
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
    days, n = int((rows > 0).sum()), int(rows.sum())
    if days < 2:
        raise ValueError(f"Losses are compared over at least two days with rows; got {days}.")
    better = baseline - candidate
    apart = better - better.sum() / n * rows
    square = float(apart @ apart)
    error = math.sqrt(days / (days - 1) * square) / n
    scores = (-Fraction(float(sums.sum())) / n for sums in (candidate, baseline))
    neighbours = float(apart[1:] @ apart[:-1]) / square if square else 0.0
    return PairedLoss(n, days, *scores, error, neighbours)
