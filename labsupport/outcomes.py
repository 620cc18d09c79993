"""Paired outcomes: the table of counts on which everything in the lab is decided.

Each row of the holdout is scored by both models, so it falls into one of four cells: both right,
only the candidate right, only the baseline right, both wrong. Four integers hold all that the
comparison needs, whatever the number of rows, and the tables of two shards of a holdout simply add
up.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from numbers import Rational, Real

import numpy as np


def as_written(number: object, name: str = "number") -> Fraction:
    """Return the decimal that a person wrote: 0.005 is exactly 5/1000, not the nearest binary
    float.

    Raises
    ------
    TypeError : not a number (a bool or a string is not one).
    ValueError : NaN or infinite.
    """
    if isinstance(number, bool | np.bool_) or not isinstance(number, Real | Decimal):
        raise TypeError(f"{name} must be a number such as 0.005; got {number!r}.")
    if isinstance(number, Rational):
        return Fraction(
            int(number.numerator), int(number.denominator)
        )  # a numpy integer would keep its width
    if not (number.is_finite() if isinstance(number, Decimal) else math.isfinite(number)):
        raise ValueError(f"{name} must be a finite number; got {number!r}.")
    return Fraction(str(number))


class ExactPair:
    """What comparisons share that hold both models' scores as ratios, exact_candidate and exact_baseline."""

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


@dataclass(frozen=True)
class PairedOutcomes:
    """How often two models were right on the same rows, in total and per slice.

    Attributes
    ----------
    both_right, candidate_only, baseline_only, both_wrong : row counts, four ints. The middle two
        are the discordant pairs.
    slices : mapping of slice name to the PairedOutcomes of its rows; slices may overlap.
    """

    both_right: int
    candidate_only: int
    baseline_only: int
    both_wrong: int
    slices: Mapping[str, PairedOutcomes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("both_right", "candidate_only", "baseline_only", "both_wrong"):
            count = getattr(self, name)
            if isinstance(count, bool) or not isinstance(count, int | np.integer) or count < 0:
                raise ValueError(
                    f"{name} counts rows: a whole number, zero or more; got {count!r}."
                )
            object.__setattr__(self, name, int(count))
        for name, part in self.slices.items():
            if not isinstance(part, PairedOutcomes):
                raise TypeError(
                    f"Slice {name!r} must be PairedOutcomes; got {type(part).__name__}."
                )
            # Rows only, not cells: lesson 01 grafts the slices of one model onto another to show
            # what goes wrong then.
            if part.n > self.n:
                raise ValueError(
                    f"Slice {name!r} has {part.n} rows, more than the {self.n} of the whole holdout."
                )

    @classmethod
    def from_predictions(cls, y, candidate, baseline, slices=None) -> PairedOutcomes:
        """Compare two models row by row.

        Parameters
        ----------
        y : (n,) labels, 0 or 1.
        candidate, baseline : (n,) predictions of the two models for the same rows, 0 or 1.
        slices : one label per row (n,), or {name: (n,) boolean mask} where masks may overlap.

        Raises
        ------
        ValueError : empty or not one-dimensional, of different lengths, or a value that is not 0 or
            1 (NaN included).
        """
        y, candidate, baseline = (
            as_binary(values, name)
            for values, name in ((y, "y"), (candidate, "candidate"), (baseline, "baseline"))
        )
        for values, name in ((candidate, "candidate"), (baseline, "baseline")):
            if len(values) != len(y):
                raise ValueError(
                    f"{name} has {len(values)} rows and y has {len(y)}: score both models on the same rows."
                )
        cell = 2 * (candidate != y) + (
            baseline != y
        )  # 0 both right, 1 candidate only, 2 baseline only, 3 both wrong
        masks = {} if slices is None else as_masks(slices, len(y))
        parts = {name: cls(*np.bincount(cell[mask], minlength=4)) for name, mask in masks.items()}
        return cls(*np.bincount(cell, minlength=4), slices=parts)

    @property
    def n(self) -> int:
        """Number of rows."""
        return self.both_right + self.candidate_only + self.baseline_only + self.both_wrong

    @property
    def candidate_right(self) -> int:
        """Rows on which the candidate is right."""
        return self.both_right + self.candidate_only

    @property
    def baseline_right(self) -> int:
        """Rows on which the baseline is right."""
        return self.both_right + self.baseline_only

    @property
    def candidate_accuracy(self) -> float:
        """Share of rows on which the candidate is right."""
        return self._share(self.candidate_right)

    @property
    def baseline_accuracy(self) -> float:
        """Share of rows on which the baseline is right."""
        return self._share(self.baseline_right)

    @property
    def gain(self) -> float:
        """Accuracy of the candidate minus accuracy of the baseline, for people to read; the gate uses exact_gain."""
        return self._share(self.candidate_only - self.baseline_only)

    @property
    def exact_gain(self) -> Fraction:
        """The gain as a ratio of counts, without rounding."""
        self._share(0)
        return Fraction(self.candidate_only - self.baseline_only, self.n)

    @property
    def churn(self) -> float:
        """Share of rows on which exactly one of the two models is right: for two classes, where they disagree."""
        return self._share(self.candidate_only + self.baseline_only)

    @property
    def exact_disparity(self) -> Fraction:
        """The candidate's largest accuracy gap between two slices, without rounding.

        Raises
        ------
        ValueError : fewer than two slices, or a slice without rows.
        """
        if len(self.slices) < 2:
            raise ValueError(
                f"An accuracy gap needs at least two slices to compare; these outcomes have {len(self.slices)}."
            )
        empty = [name for name, part in self.slices.items() if part.n == 0]
        if empty:
            raise ValueError(
                f"Slice {empty[0]!r} has no rows, so its accuracy is unknown and no gap can be stated."
            )
        accuracies = [Fraction(part.candidate_right, part.n) for part in self.slices.values()]
        return max(accuracies) - min(accuracies)

    @property
    def disparity(self) -> float:
        """The candidate's largest accuracy gap between two slices. Raises ValueError as exact_disparity does."""
        return float(self.exact_disparity)

    def slice(self, name: str) -> PairedOutcomes:
        """The outcomes of one slice.

        Raises
        ------
        KeyError : there is no slice of that name.
        """
        if name not in self.slices:
            known = ", ".join(map(repr, self.slices)) or "none"
            raise KeyError(f"No slice {name!r}; the slices here: {known}.")
        return self.slices[name]

    def __add__(self, other: PairedOutcomes) -> PairedOutcomes:
        """Merge two shards of one holdout.

        Raises
        ------
        ValueError : the shards were cut into different slices. A shard may lack a slice only where
            its slices partition its rows, since there an absent slice means that it had no rows.
        """
        if not isinstance(other, PairedOutcomes):
            return NotImplemented
        if set(self.slices) != set(other.slices) and not (
            self._is_partition() and other._is_partition()
        ):
            lost = sorted(set(self.slices) ^ set(other.slices), key=str)
            raise ValueError(
                f"Two shards were cut into different slices: only one of them has {lost[0]!r}."
            )
        nothing = PairedOutcomes(0, 0, 0, 0)
        names = [*self.slices, *(name for name in other.slices if name not in self.slices)]
        merged = {
            name: self.slices.get(name, nothing) + other.slices.get(name, nothing) for name in names
        }
        cells = (a + b for a, b in zip(self.cells, other.cells, strict=True))
        return PairedOutcomes(*cells, slices=merged)

    def __radd__(self, other: object) -> PairedOutcomes:
        return self if other == 0 else NotImplemented  # sum(shards) starts at 0

    @property
    def cells(self) -> tuple[int, int, int, int]:
        """The four counts: both right, candidate only, baseline only, both wrong."""
        return self.both_right, self.candidate_only, self.baseline_only, self.both_wrong

    def _is_partition(self) -> bool:
        # Counts cannot prove that slices are disjoint; this is what they can tell.
        parts = [part.cells for part in self.slices.values()]
        return all(sum(inside) == whole for whole, *inside in zip(self.cells, *parts, strict=True))

    def _share(self, count: int) -> float:
        if self.n == 0:
            raise ValueError(
                "There are no rows here, so there is no accuracy and nothing to compare."
            )
        return count / self.n


def _array(values, name: str, dtype: type | None = None) -> np.ndarray:
    if np.ma.is_masked(values):  # np.asarray would drop the mask and compare what lies under it
        raise ValueError(
            f"{name} has masked values, so those rows are unknown; give every row a value."
        )
    try:
        return np.asarray(values, dtype)
    except ValueError:
        raise ValueError(
            f"{name} must be one value per row, shape (n,); its rows differ in length."
        ) from None


def as_binary(values, name: str) -> np.ndarray:
    """Values of 0 and 1 as an (n,) boolean array; ValueError for anything else, empty included."""
    array = _array(values, name)
    if array.ndim != 1:
        raise ValueError(f"{name} must be one value per row, shape (n,); got shape {array.shape}.")
    if len(array) == 0:
        raise ValueError(f"{name} is empty: a comparison on no rows says nothing.")
    try:
        is_binary = (array == 0) | (array == 1)
    except TypeError:
        is_binary = np.zeros(len(array), bool)
    is_binary = np.broadcast_to(is_binary, array.shape)
    if not is_binary.all():
        row = int(np.argmin(is_binary))
        raise ValueError(
            f"{name} must hold 0 and 1 only; row {row} holds {array[row : row + 1].tolist()[0]!r}."
        )
    return array.astype(bool)


def as_masks(slices, n: int) -> dict[str, np.ndarray]:
    """Slices as {name: (n,) boolean mask}, from one label per row or from masks."""
    if isinstance(slices, Mapping):
        masks = {name: _array(mask, f"Slice {name!r}") for name, mask in slices.items()}
        for name, mask in masks.items():
            if mask.dtype != bool or mask.shape != (n,):
                raise ValueError(
                    f"Slice {name!r} must be a boolean mask of shape ({n},); got {mask.dtype} {mask.shape}."
                )
        return masks
    # A list stays a list of objects: numpy would turn ["a", nan] into the strings "a" and "nan".
    labels = _array(slices, "slices", None if isinstance(slices, np.ndarray) else object)
    if labels.shape != (n,):
        raise ValueError(
            f"slices must hold one label per row, shape ({n},); got shape {labels.shape}."
        )
    if (labels != labels).any() or (
        labels.dtype == object and any(label is None for label in labels)
    ):
        raise ValueError(
            "A slice label is missing, so the slice of that row is unknown; give every row a label."
        )
    try:
        distinct = np.unique(labels)
    except TypeError:
        kinds = ", ".join(sorted({type(label).__name__ for label in labels}))
        raise ValueError(f"Slice labels must all be of one type; these are {kinds}.") from None
    return {
        label.item() if isinstance(label, np.generic) else label: labels == label
        for label in distinct
    }
