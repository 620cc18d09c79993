"""Models that rank: the AUC of two models on the same rows, and how uncertain their difference is.

The second way through the lab, parallel to PairedOutcomes: scores instead of right and wrong, and
at its end the same gain with an interval, overall and per slice.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
from scipy import special

from labsupport.comparisons import (
    ExactPair,
    Interval,
    bounded_reach,
    bounded_statistic,
    rows_within,
)
from labsupport.exact import as_binary, as_masks, as_numbers, check_level, same_rows


@dataclass(frozen=True)
class PairedAUC(ExactPair):
    """The AUC of candidate and baseline on the same rows: how often a random positive outranks a
    random negative.

    Attributes
    ----------
    n : rows.
    exact_candidate, exact_baseline : the two areas as ratios of counts, ties counted half.
    standard_error : of their difference, estimated from the same rows by DeLong's method.
    fewest : rows of the rarer class; one of them moves an area by 1 / fewest at most.
    slices : mapping of slice name to the PairedAUC of its rows.
    """

    n: int
    exact_candidate: Fraction
    exact_baseline: Fraction
    standard_error: float
    fewest: int
    slices: Mapping[str, PairedAUC] = field(default_factory=dict)

    def interval(self, confidence: float = 0.95) -> Interval:
        """A two-sided interval for the true gain: DeLong's, and what a row that moved from first to
        last place would add (see comparisons.bounded_reach).

        The chance that the true gain is below it, or above, was at most (1 - confidence) / 2 in a
        search over losses of whole rows, and over models alike, from 2 rows of a class on.
        """
        check_level(confidence, "confidence")
        z = float(-special.ndtri((1 - confidence) / 2))
        reach = bounded_reach(z, self.standard_error, self._unit)
        low, high = max(-1.0, self.gain - reach), min(1.0, self.gain + reach)
        return Interval(low, high, confidence, "DeLong, bounded")

    def statistic(self, gain: float) -> float:
        """The test statistic of the hypothesis that the true gain is `gain`: where the interval of
        the same normal quantile ends.
        """
        return bounded_statistic(self.gain - gain, self.standard_error, self._unit)

    @property
    def _unit(self) -> float:
        return 1 / self.fewest

    def examples_needed(self, margin: float, confidence: float = 0.95) -> int:
        """How many rows of the same kind would set the interval apart from the margin."""
        check_level(confidence, "confidence")
        z = float(-special.ndtri((1 - confidence) / 2))

        def reach(factor: float) -> float:
            return bounded_reach(z, self.standard_error / math.sqrt(factor), self._unit / factor)

        return rows_within(reach, self.exact_gain, margin, self.n)


def compare_auc(y, candidate, baseline, slices=None) -> PairedAUC:
    """Compare two models' scores on the same rows, in O(n log n).

    Parameters
    ----------
    y : (n,) labels, 0 or 1, at least two of each.
    candidate, baseline : (n,) scores, higher for a likelier 1. Only their order counts.
    slices : one label per row, or {name: (n,) boolean mask}.

    Raises
    ------
    ValueError : lengths or pandas indexes differ, a score is NaN, masked or no number, two scores
        are one as floats, or a slice has fewer than two rows of a class.

    Notes
    -----
    With few rows, or two models that rank almost perfectly, the standard error is too small, down
    to 0; the interval does not rely on it alone. Source of the standard error: E. DeLong, D.
    DeLong, D. Clarke-Pearson, Biometrics 44 (1988), 837-845; computed from ranks as X. Sun and W.
    Xu do, IEEE Signal Processing Letters 21 (2014), 1389-1393.
    """
    same_rows({"y": y, "candidate": candidate, "baseline": baseline, "slices": slices})
    y = as_binary(y, "y")
    scores = [
        _scores(values, name, len(y))
        for values, name in ((candidate, "candidate"), (baseline, "baseline"))
    ]
    masks = {} if slices is None else as_masks(slices, len(y))
    parts = {
        name: _compare(y[mask], *(s[mask] for s in scores), f"Slice {name!r}", {})
        for name, mask in masks.items()
    }
    return _compare(y, *scores, "The holdout", parts)


def _compare(
    y: np.ndarray, candidate: np.ndarray, baseline: np.ndarray, where: str, parts: dict
) -> PairedAUC:
    positives, negatives = int(y.sum()), int((~y).sum())
    if min(positives, negatives) < 2:
        raise ValueError(
            f"{where} has {positives} positives and {negatives} negatives; an AUC needs at "
            "least two of each."
        )
    (area_c, place_c), (area_b, place_b) = _placements(y, candidate), _placements(y, baseline)
    difference = place_c - place_b
    variance = difference[y].var(ddof=1) / positives + difference[~y].var(ddof=1) / negatives
    fewest = min(positives, negatives)
    return PairedAUC(len(y), area_c, area_b, math.sqrt(variance), fewest, parts)


def _placements(y: np.ndarray, score: np.ndarray) -> tuple[Fraction, np.ndarray]:
    """The AUC, and for each row the share of rows of the other class that it is ordered rightly
    against, ties half.
    """
    _, tie = np.unique(score, return_inverse=True)
    positive, negative = np.bincount(tie, weights=y), np.bincount(tie, weights=~y)
    below = np.cumsum(negative) - negative / 2  # negatives under this score, for its positives
    above = (
        positive.sum() - np.cumsum(positive) + positive / 2
    )  # positives over this score, for its negatives
    place = np.where(y, below[tie] / negative.sum(), above[tie] / positive.sum())
    wins = Fraction(int(2 * below @ positive), 2)  # halves of whole numbers: exact below 2^53
    return wins / int(positive.sum()) / int(negative.sum()), place


def _scores(values, name: str, n: int) -> np.ndarray:
    array = as_numbers(values, name)
    if array.shape != (n,):
        raise ValueError(
            f"{name} must be one score per row, shape ({n},); got shape {array.shape}."
        )
    if np.isnan(array).any():
        raise ValueError(
            f"{name} holds a NaN in row {int(np.argmax(np.isnan(array)))}; a model that scored "
            "nothing ranks nothing."
        )
    return array
