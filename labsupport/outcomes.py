"""Paired outcomes: the table of counts on which everything in the lab is decided.

Each row of the holdout is scored by both models, so it falls into one of four cells: both right,
only the candidate right, only the baseline right, both wrong. Four integers hold all that the
comparison needs, whatever the number of rows, and the tables of two shards of a holdout simply add
up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from labsupport.comparisons import Interval
from labsupport.exact import as_binary, as_masks, same_rows
from labsupport.intervals import examples_needed, gain_interval, score_statistic
from labsupport.limits import chance


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
                    f"Slice {name!r} has {part.n} rows, more than the {self.n} of the whole "
                    "holdout."
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
        ValueError : empty or not one-dimensional, of different lengths or pandas indexes, or a
            value that is not 0 or 1 (NaN included).
        """
        same_rows({"y": y, "candidate": candidate, "baseline": baseline, "slices": slices})
        y, candidate, baseline = (
            as_binary(values, name)
            for values, name in ((y, "y"), (candidate, "candidate"), (baseline, "baseline"))
        )
        for values, name in ((candidate, "candidate"), (baseline, "baseline")):
            if len(values) != len(y):
                raise ValueError(
                    f"{name} has {len(values)} rows and y has {len(y)}: score both models on the "
                    "same rows."
                )
        # 0: both right, 1: candidate only, 2: baseline only, 3: both wrong.
        cell = 2 * (candidate != y) + (baseline != y)
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

    # The words of any comparison; an accuracy is this one's score.
    candidate = candidate_accuracy
    baseline = baseline_accuracy

    @property
    def gain(self) -> float:
        """Candidate minus baseline accuracy, for people to read; the gate uses exact_gain."""
        return self._share(self.candidate_only - self.baseline_only)

    @property
    def exact_gain(self) -> Fraction:
        """The gain as a ratio of counts, without rounding."""
        self._share(0)
        return Fraction(self.candidate_only - self.baseline_only, self.n)

    def interval(self, confidence: float = 0.95) -> Interval:
        """A two-sided interval for the true gain: the unconditional one; see gain_interval."""
        return gain_interval(self, confidence, "unconditional")

    def chances(self, gain: float, level: float) -> tuple[float, float]:
        """How likely so good a table is at most if the true gain is `gain` or less, and one so bad
        if it is `gain` or more; see limits.chance.
        """
        self._share(0)
        gain, pairs = float(gain), (self.candidate_only, self.baseline_only)
        return (
            chance(self.n, *pairs, gain, level),
            chance(self.n, *pairs[::-1], -gain, level),
        )

    def statistic(self, gain: float) -> float:
        """Tango's score statistic: about standard normal if the true gain is `gain`.

        A gain that no such table can have is as far away as a finite number can say.
        """
        return float(np.nan_to_num(score_statistic(self, gain)))

    def examples_needed(self, margin: float, confidence: float = 0.95) -> int:
        """How many rows of the same kind would set the interval apart from the margin; ValueError
        if the gain equals the margin. See intervals.examples_needed.
        """
        return examples_needed(self, margin, confidence)

    @property
    def churn(self) -> float:
        """Share of rows on which exactly one model is right: with two classes, they disagree."""
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
                "An accuracy gap needs at least two slices to compare; these outcomes have "
                f"{len(self.slices)}."
            )
        empty = [name for name, part in self.slices.items() if part.n == 0]
        if empty:
            raise ValueError(
                f"Slice {empty[0]!r} has no rows, so its accuracy is unknown and no gap can be "
                "stated."
            )
        accuracies = [Fraction(part.candidate_right, part.n) for part in self.slices.values()]
        return max(accuracies) - min(accuracies)

    @property
    def disparity(self) -> float:
        """exact_disparity as a float; it raises the same."""
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
        # By type as well: 1 and True are equal, and not the same slice.
        mine, theirs = ({(type(name), name) for name in o.slices} for o in (self, other))
        if mine != theirs and not (self._is_partition() and other._is_partition()):
            lost = [name for _, name in sorted(mine ^ theirs, key=str)]
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
