"""What any metric offers the gate: two scores, their difference, an interval around it, a test."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Protocol

import numpy as np
from scipy import special

from labsupport.exact import as_labels, as_numbers, as_written, check_level, same_rows


@dataclass(frozen=True)
class Interval:
    """A two-sided interval for a difference between candidate and baseline, in the unit of its
    metric.

    Attributes
    ----------
    low, high : its ends.
    confidence : the nominal coverage, between 0 and 1.
    method : how it was computed.
    rows : both ends are whole numbers of rows out of so many. None: they are any numbers.
    """

    low: float
    high: float
    confidence: float
    method: str
    rows: int | None = field(default=None, compare=False, repr=False)

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high

    def side(self, bound: Fraction) -> bool | None:
        """True if all of it is at or above the bound, False if all of it is below, None if neither.

        Ends that are numbers of rows are compared as such: 0.1 + 0.2 is not 0.3.
        """
        low, high = float(self.low), float(self.high)
        if self.rows is not None:
            low, high = (Fraction(round(end * self.rows), self.rows) for end in (low, high))
        if low >= bound:
            return True
        return False if high < bound else None

    def __str__(self) -> str:
        return f"[{self.low:.5f}, {self.high:.5f}]"


class Comparison(Protocol):
    """What any metric has to offer to be judged, as PairedOutcomes and PairedAUC do: a gain and its
    uncertainty, overall and per slice.

    One of accuracies has an exact_disparity too; without it, no gap can be checked.
    """

    n: int
    candidate: float
    baseline: float
    slices: Mapping[str, Comparison]

    @property
    def exact_gain(self) -> Fraction:
        """Candidate minus baseline."""

    def interval(self, confidence: float) -> Interval:
        """A two-sided interval for the true gain."""

    def statistic(self, gain: float) -> float:
        """Standard normal if the true gain is `gain`."""

    def examples_needed(self, margin: float, confidence: float) -> int:
        """Rows that would set the interval apart from the margin; 0 if no number would."""


_MEMBERS = (*Comparison.__annotations__, *(name for name in vars(Comparison) if name[0] != "_"))


def is_comparison(thing: object) -> bool:
    """Whether it has all that a Comparison offers; nothing is computed, which might raise."""
    missing = object()
    return all(inspect.getattr_static(thing, name, missing) is not missing for name in _MEMBERS)


def side_of(interval: Interval, bound: Fraction) -> bool | None:
    """The interval's side of the bound, and None for an interval without width: rows that do not
    vary prove nothing about others.
    """
    return None if interval.low == interval.high else interval.side(bound)


def statistic_of(comparison: Comparison, gain: float) -> float:
    """The comparison's statistic, or 0 where it is not finite.

    That is a standard error of 0: rows that do not vary prove nothing about others.
    """
    z = comparison.statistic(gain)
    return z if math.isfinite(z) else 0.0


def bounded_reach(reach: float, error: float, unit: float) -> float:
    """How far an interval reaches from the mean of contributions that are bounded.

    A normal interval takes the rows for the whole world: a loss that is rare enough to be missing
    among them is missing in its standard error, too. What a Poisson count would need, the most
    skewed of all, is added: with it k lost rows reach to k + z sqrt(k + 1) + z^2 / 3 + 1, never
    below the exact limit of a Poisson mean.

    Parameters
    ----------
    reach : of the standardised mean, z or t at the level asked for.
    error : standard error of the mean.
    unit : the most that one row can move the mean.
    """
    return reach * math.hypot(error, unit) + (reach**2 / 3 + 1) * unit


def bounded_statistic(distance: float, error: float, unit: float) -> float:
    """The reach at which an interval of bounded_reach ends so far away; 0 if none is so short."""
    spread = math.hypot(error, unit)
    far = max(0.0, abs(distance) - unit)
    if spread == 0:
        return 0.0
    # unit / 3 r^2 + spread r = far, solved without cancellation.
    reach = 2 * far / (spread + math.sqrt(spread**2 + 4 / 3 * unit * far))
    return math.copysign(reach, distance)


class ExactPair:
    """What comparisons share that hold both models' scores as ratios."""

    exact_candidate: Fraction
    exact_baseline: Fraction

    @property
    def candidate(self) -> float:
        """Score of the candidate."""
        return float(self.exact_candidate)

    @property
    def baseline(self) -> float:
        """Score of the baseline."""
        return float(self.exact_baseline)

    @property
    def exact_gain(self) -> Fraction:
        """Candidate minus baseline, without rounding."""
        return self.exact_candidate - self.exact_baseline

    @property
    def gain(self) -> float:
        """Candidate minus baseline."""
        return float(self.exact_gain)


def check_apart(gain: Fraction, margin: Fraction) -> None:
    """Raise ValueError if a gain is the margin itself: then no number of rows will do."""
    if gain == margin:
        raise ValueError(
            f"The measured gain equals the margin of {float(margin):g}; no number of rows tells "
            "them apart."
        )


def rows_to_settle(
    gain: Fraction, variance: float, margin: float, confidence: float, power: float
) -> int:
    """The rows that settle any mean over rows: its measured value, and the variance of one row's
    contribution; see intervals.examples_needed."""
    check_level(confidence, "confidence")
    check_level(power, "power")
    distance = gain - as_written(margin, "margin")
    check_apart(gain, gain - distance)
    z = max(special.ndtri((1 + confidence) / 2) + special.ndtri(power), 0.0)
    return max(1, math.ceil(z**2 * variance / float(distance) ** 2))


def rows_within(reach: Callable[[float], float], gain: Fraction, margin: float, n: int) -> int:
    """The rows at which an interval's reach is down to the distance of gain and margin; 0 if it
    never is.

    Parameters
    ----------
    reach : the interval's reach on so many times n rows of the same kind; it falls.
    """
    asked = as_written(margin, "margin")
    check_apart(gain, asked)
    distance = abs(float(gain - asked))
    if reach(1e15) > distance:
        return 0
    low, high = 1 / n, 1e15
    while high > low * (1 + 1e-12) and math.ceil(low * n) < math.ceil(high * n):
        middle = math.sqrt(low * high)
        low, high = (low, middle) if reach(middle) <= distance else (middle, high)
    return math.ceil(high * n)


def clustered_standard_error(values, clusters, correction: bool = False) -> float:
    """Standard error of a mean when rows come in clusters, such as several rows of one user, that
    go up and down together.

    Parameters
    ----------
    values : (n,) numbers, for example 1, 0 or -1 for better, equal or worse on a row.
    clusters : (n,) one label per row.
    correction : multiply the variance by C / (C - 1) for C clusters, which matters when there are
        few.

    Raises
    ------
    ValueError : empty, lengths differ, a value that is no number, a missing label, or a single
        cluster with the correction.

    Notes
    -----
    Source: E. Miller, Adding error bars to evals, 2024.
    """
    same_rows({"values": values, "clusters": clusters})
    values = as_numbers(values, "values")
    if values.ndim != 1 or len(values) == 0:
        raise ValueError(
            f"values hold one number per row, shape (n,), at least one; got shape {values.shape}."
        )
    labels, cluster = as_labels(clusters, len(values), "cluster")
    if not np.isfinite(values).all():
        raise ValueError("A value is NaN or infinite; a mean and its standard error need numbers.")
    if correction and len(labels) < 2:
        raise ValueError("The correction C / (C - 1) needs at least two clusters; there is one.")
    sums = np.bincount(cluster, weights=values - values.mean())
    factor = len(labels) / (len(labels) - 1) if correction else 1.0
    return float(np.sqrt(factor * (sums @ sums)) / len(values))
