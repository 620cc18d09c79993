"""Many comparisons: when enough slices are looked at, one of them looks bad by chance.

Holm's correction keeps the chance of a single false alarm among all slices at the level that was
asked for. The largest gap between slices gets an interval that knows it was picked as the largest.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

from labsupport.comparisons import Interval, statistic_of
from labsupport.exact import as_numbers, as_written, check_level
from labsupport.intervals import mcnemar
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

    The smallest is multiplied by k, the next by k - 1, and so on, and none may end up below one
    that was smaller before. An adjusted p-value below a level is a rejection that keeps the chance
    of any false one below that level, however the tests depend on each other.

    Parameters
    ----------
    p_values : k p-values, each from 0 to 1; or (..., k), many such lists, each for itself.
    searched : how many comparisons were looked at, if more than are reported here. Default: k. What
        is returned is then the most that Holm over all of them could say, whatever the other
        p-values are.

    Returns
    -------
    float array of the same shape, in the order of the input.

    Raises
    ------
    ValueError : a value that is no probability, or a `searched` that is not a whole number or less
        than k.
    """
    p = as_numbers(p_values, "p-values")
    if p.ndim == 0 or not ((p >= 0) & (p <= 1)).all():
        raise ValueError(f"p-values are a list of probabilities, from 0 to 1; got {p_values!r}.")
    reported = p.shape[-1]
    k = reported if searched is None else searched
    if isinstance(k, bool) or not isinstance(k, int | np.integer) or k < reported:
        raise ValueError(
            f"{reported} p-values are reported, so at least as many were searched; "
            f"got searched = {searched!r}."
        )
    order = np.argsort(p, axis=-1, kind="stable")
    steps = np.take_along_axis(p, order, axis=-1) * (k - np.arange(reported))
    adjusted = np.empty_like(p)
    stepped = np.minimum(np.maximum.accumulate(steps, axis=-1), 1)
    np.put_along_axis(adjusted, order, stepped, axis=-1)
    return adjusted


def slice_tests(outcomes: PairedOutcomes, searched: int | None = None) -> tuple[SliceTest, ...]:
    """Compare the models on every slice, with exact McNemar p-values and Holm's correction over all
    of them.

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


def slices_within(
    outcomes, tolerances: Mapping[str, float], confidence: float = 0.95
) -> dict[str, bool | None]:
    """Judge for every slice whether its true loss is within its tolerance: True, False, or None
    when the rows cannot tell.

    Non-inferiority and its opposite, both by the score test and both with Holm over the slices,
    however they overlap: the chance that any slice is wrongly cleared is held at (1 - confidence) /
    2, and so is the chance that any is wrongly accused. For a single slice this is the same as
    asking on which side of the tolerance the two-sided score interval lies.

    The score test is an approximation. At 95% a wrong clearance was found in at most 3.1% of
    worlds, and wrong accusations in up to 5.3%: in slices where a handful of pairs disagree,
    nearly all of them for the baseline.

    Parameters
    ----------
    outcomes : PairedOutcomes or another comparison with slices, such as PairedAUC.
    tolerances : {slice: tolerated loss}. A tolerance of 0 asks every slice for proof of a gain.

    Raises
    ------
    KeyError : a slice that was not compared.
    ValueError : a slice without rows, a tolerance that is NaN, or a confidence outside (0, 1).
    """
    check_level(confidence, "confidence")
    for name in tolerances:
        if name not in outcomes.slices:
            raise KeyError(f"A tolerance is given for slice {name!r}, which was not compared.")
    z = np.array(
        [
            statistic_of(outcomes.slices[name], -float(as_written(t)))
            for name, t in tolerances.items()
        ]
    )
    cleared, accused = holm(special.ndtr(-z)), holm(special.ndtr(z))
    level = (1 - confidence) / 2
    return {
        name: True if ok <= level else False if bad <= level else None
        for name, ok, bad in zip(tolerances, cleared, accused, strict=True)
    }


def gap_interval(outcomes: PairedOutcomes, confidence: float = 0.95) -> Interval:
    """An interval for the largest true accuracy gap of the candidate between two slices.

    The largest of many measured gaps is too large on average, because it was picked for being the
    largest. So every pair of slices gets Newcombe's interval for its gap (square-and-add of
    Wilson's limits, Statistics in Medicine 17, 1998, 873-890) at a level that Bonferroni divides by
    the number of pairs: all of them hold at once, and then the largest true gap lies between the
    largest lower end and the largest upper end, whichever pair it belongs to.

    Slices may overlap. Bonferroni holds however the pairs depend on each other, and rows that two
    slices share move both accuracies the same way, so that the interval, which takes them as
    independent, comes out too wide and never too narrow.

    Raises
    ------
    ValueError : fewer than two slices, a slice without rows, or a confidence outside (0, 1).
    """
    check_level(confidence, "confidence")
    outcomes.exact_disparity  # noqa: B018 - for its errors: fewer than two slices, or an empty one
    n = np.array([part.n for part in outcomes.slices.values()], dtype=float)
    p = np.array([part.candidate_accuracy for part in outcomes.slices.values()])
    z = -special.ndtri((1 - confidence) / 2 / math.comb(len(n), 2))
    down, up = _wilson_reach(n, p, z)
    # lower[i, j] is the lower end for accuracy i minus accuracy j; the upper end for j minus i is
    # its negative.
    lower = p[:, None] - p - np.hypot(down[:, None], up)
    np.fill_diagonal(lower, 0)
    return Interval(max(0.0, float(lower.max())), float(-lower.min()), confidence, "simultaneous")


def slice_gap_bound(accuracy: float, share: float) -> float:
    """The largest accuracy gap between a slice and the rest that an overall accuracy leaves room
    for.

    At worst all errors sit in the smaller side: with an error rate e and a smaller share f' the gap
    is e / f'. That holds until this side is wrong on every row; the other side must then make the
    errors that are left over. (A model that is wrong more often than right can also hide its few
    right answers in the smaller side.)

    Parameters
    ----------
    accuracy : overall accuracy, from 0 to 1.
    share : the slice's share of the rows, strictly between 0 and 1.

    Raises
    ------
    ValueError : a value out of range.
    """
    if not 0 <= accuracy <= 1:
        raise ValueError(f"accuracy is a share, from 0 to 1; got {accuracy!r}.")
    if not 0 < share < 1:
        raise ValueError(
            f"share is the slice's part of the rows, above 0 and below 1; got {share!r}."
        )
    error = 1 - accuracy
    slice_worse = min(error / share, accuracy / (1 - share))
    rest_worse = min(error / (1 - share), accuracy / share)
    return max(slice_worse, rest_worse)


def false_alarm_rate(k: int, level: float = 0.05) -> float:
    """The chance that at least one of k independent comparisons at this level raises a false alarm:
    1 - (1 - level)^k."""
    check_level(level, "level")
    if not k >= 0:
        raise ValueError(f"k counts comparisons, zero or more; got {k!r}.")
    return -math.expm1(k * math.log1p(-level))


def _wilson_reach(n: np.ndarray, p: np.ndarray, z: float) -> tuple[np.ndarray, np.ndarray]:
    """How far Wilson's score interval reaches below and above each share p of n rows."""
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    reach = z / (1 + z * z / n) * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return p - centre + reach, centre + reach - p
