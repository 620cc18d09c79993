"""Many comparisons: when enough slices are looked at, one of them looks bad by chance.

Holm's correction keeps the chance of a single false alarm among all slices at the level that was asked for. The largest gap
between slices gets an interval that knows it was picked as the largest.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

from labsupport.intervals import Interval, check_level, mcnemar, score_statistic
from labsupport.outcomes import PairedOutcomes


@dataclass(frozen=True)
class SliceTest:
    """The comparison of two models on one slice, as one of several.

    Attributes
    ----------
    slice : its name.
    n : rows.
    gain : candidate minus baseline accuracy, a share of rows.
    p_value : exact McNemar test, two-sided, as if this slice were the only one.
    adjusted : Holm's p-value over all slices that were looked at.
    """

    slice: str
    n: int
    gain: float
    p_value: float
    adjusted: float


def holm(p_values: Sequence[float], searched: int | None = None) -> np.ndarray:
    """Adjust p-values for having been looked at together (Holm 1979).

    The smallest is multiplied by k, the next by k - 1, and so on, and none may end up below one that was smaller before.
    An adjusted p-value below a level is a rejection that keeps the chance of any false one below that level, however the
    tests depend on each other.

    Parameters
    ----------
    p_values : k p-values, each from 0 to 1.
    searched : how many comparisons were looked at, if more than are reported here. Default: k.

    Returns
    -------
    (k,) float array, in the order of the input.

    Raises
    ------
    ValueError : a value that is no probability, or fewer searched than reported.
    """
    p = np.asarray(p_values, dtype=float)
    if p.ndim != 1 or not ((p >= 0) & (p <= 1)).all():
        raise ValueError(f"p-values are a list of probabilities, from 0 to 1; got {p_values!r}.")
    k = len(p) if searched is None else searched
    if k < len(p):
        raise ValueError(f"{len(p)} p-values are reported, so at least as many were searched; got searched = {searched!r}.")
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * (k - np.arange(len(p))))
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(stepped, 1)
    return adjusted


def slice_tests(outcomes: PairedOutcomes, searched: int | None = None) -> tuple[SliceTest, ...]:
    """Compare the models on every slice, with exact McNemar p-values and Holm's correction over all of them.

    Parameters
    ----------
    searched : how many slices were looked at in all, if more than these.
    """
    alone = {name: mcnemar(part) for name, part in outcomes.slices.items()}
    adjusted = holm(list(alone.values()), searched)
    return tuple(
        SliceTest(name, outcomes.slices[name].n, outcomes.slices[name].gain, p, float(a))
        for (name, p), a in zip(alone.items(), adjusted, strict=True)
    )


def slices_within(outcomes, tolerances: Mapping[str, float], confidence: float = 0.95) -> dict[str, bool | None]:
    """Judge for every slice whether its true loss is within its tolerance: True, False, or None when the rows cannot tell.

    Non-inferiority and its opposite, both by the score test and both with Holm over the slices: the chance that any slice
    is wrongly cleared is at most (1 - confidence) / 2, and so is the chance that any is wrongly accused. For a single slice
    this is the same as asking on which side of the tolerance the two-sided score interval lies.
    """
    check_level(confidence, "confidence")
    names = list(tolerances)
    z = np.array([_statistic(outcomes.slices[name], -float(tolerances[name])) for name in names])
    cleared, accused = holm(special.ndtr(-z)), holm(special.ndtr(z))
    level = (1 - confidence) / 2
    return {
        name: True if ok <= level else False if bad <= level else None
        for name, ok, bad in zip(names, cleared, accused, strict=True)
    }


def gap_interval(outcomes: PairedOutcomes, confidence: float = 0.95) -> Interval:
    """An interval for the largest true accuracy gap of the candidate between two slices.

    The largest of many measured gaps is too large on average, because it was picked for being the largest. So every pair of
    slices gets Newcombe's interval for its gap (square-and-add of Wilson's limits, Statistics in Medicine 17, 1998, 873-890)
    at a level that Bonferroni divides by the number of pairs: all of them hold at once, and then the largest true gap lies
    between the largest lower end and the largest upper end, whichever pair it belongs to.

    Raises
    ------
    ValueError : fewer than two slices, a slice without rows, or a confidence outside (0, 1).
    """
    check_level(confidence, "confidence")
    outcomes.exact_disparity  # noqa: B018 - for its errors: fewer than two slices, or an empty one
    pairs = list(itertools.combinations(outcomes.slices.values(), 2))
    z = -special.ndtri((1 - confidence) / 2 / len(pairs))
    ends = [_gap_ends(a, b, z) for a, b in pairs]
    return Interval(max(low for low, _ in ends), max(high for _, high in ends), confidence, "simultaneous")


def false_alarm_rate(k: int, level: float = 0.05) -> float:
    """The chance that at least one of k independent comparisons at this level raises a false alarm: 1 - (1 - level)^k."""
    check_level(level, "level")
    if k < 0:
        raise ValueError(f"k counts comparisons, zero or more; got {k!r}.")
    return -math.expm1(k * math.log1p(-level))


def _statistic(part, gain: float) -> float:
    return score_statistic(part, gain) if isinstance(part, PairedOutcomes) else part.statistic(gain)


def _gap_ends(a: PairedOutcomes, b: PairedOutcomes, z: float) -> tuple[float, float]:
    """Ends of the interval for the absolute accuracy gap between two slices."""
    (p, p_low, p_high), (q, q_low, q_high) = _wilson(a, z), _wilson(b, z)
    low = p - q - math.hypot(p - p_low, q_high - q)
    high = p - q + math.hypot(p_high - p, q - q_low)
    return max(low, -high, 0.0), max(-low, high)


def _wilson(part: PairedOutcomes, z: float) -> tuple[float, float, float]:
    """Accuracy of the candidate on a slice, and the ends of Wilson's score interval around it."""
    n, p = part.n, part.candidate_accuracy
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    reach = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return p, centre - reach, centre + reach
