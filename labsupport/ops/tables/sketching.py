"""The AUC of more rows than fit in memory: of scores that are rounded to steps."""

from __future__ import annotations

import math
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial, reduce

import numpy as np

from labsupport.ops.tables.counting import Part, each_part
from labsupport.ops.tables.joining import Joined
from labsupport.ops.tables.rows import BASELINE, CANDIDATE, LABEL, Block, InStep
from labsupport.scores import PairedAUC

MOST_STEPS, CELLS = 1 << 20, 1 << 23  # of one histogram, of all
MOST_GROUPS = 256
_PARTS = 8  # times PART rows: a histogram travels with each


@dataclass(frozen=True)
class Layout:
    """What is counted: for each group of rows, model and class, so many steps of the score.

    Attributes
    ----------
    groups : (slice column, value), behind the group of all rows.
    steps : a power of two; a score is rounded down to a multiple of 1 / steps, which keeps ranks
        but makes ties.
    """

    groups: tuple[tuple[int, str], ...]
    steps: int

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Groups, classes, models, steps."""
        return len(self.groups) + 1, 2, 2, self.steps

    def places(self, block: Block) -> tuple[np.ndarray, list[np.ndarray]]:
        """For all rows and below them each slice column, (1 + slice columns, rows): the place of a
        row's group and class; for each model, its place in the flattened histograms.
        """
        number = {group: i for i, group in enumerate(self.groups, start=1)}
        cell = np.empty((1 + len(block.names), len(block)), np.int64)
        cell[0] = block.chunk[LABEL]
        for i, names in enumerate(block.names):
            lookup = np.array([2 * number[i, name] for name in names.codes])
            np.add(lookup[block.chunk[i]], cell[0], out=cell[i + 1])
        found = []
        for model, who in enumerate((CANDIDATE, BASELINE)):
            step = (block.chunk[who] * self.steps).astype(np.int64)  # exact: a power of two
            np.minimum(step, self.steps - 1, out=step)
            found.append(cell * (2 * self.steps) + (step + model * self.steps))
        return cell, found


def sketch_auc(
    rows: InStep | Joined,
    groups: list[tuple[int, str]],
    columns: tuple[str, ...],
    executor: Executor | None = None,
    progress=None,
) -> tuple[PairedAUC | None, str]:
    """The AUC of both models' rounded scores, and a sentence that says so. Each group has at least
    two rows of both classes.

    Two scores that are rounded to one are a tie, which counts half. So rounding moves an area by
    at most half the share of pairs, of a positive and a negative, that became ties or were: this
    bound is computed and, for both models, added to the standard error.

    Returns
    -------
    None, and the reason: too many slices, or a bound above the standard error of a group.
    """
    if len(groups) > MOST_GROUPS:
        return None, (
            f"No AUC: of so many rows there is a sketch only, and of {len(groups)} slices it would "
            f"be too coarse; name a column of at most {MOST_GROUPS} values."
        )
    steps = min(MOST_STEPS, 1 << int(math.log2(CELLS // (4 * (len(groups) + 1)))))
    layout = Layout(tuple(groups), steps)
    found = each_part(partial(_counted, layout), rows, executor, progress, _PARTS)
    counts = reduce(np.add, found)
    names = ["The holdout", *(f"{columns[i]}={name}" for i, name in groups)]
    spread = partial(_spread, layout, counts)
    sums = [s for part in each_part(spread, rows, executor, progress, _PARTS) for s in part]
    return _areas(counts, np.array(sums), names, steps)


def _counted(layout: Layout, part: Part, progress=None) -> np.ndarray:
    """Histograms of the rows of a part."""
    counts = np.zeros(math.prod(layout.shape), np.uint32)
    one = np.uint32(1)
    for block in part.rows.blocks(part.start, part.stop):
        for places in layout.places(block)[1]:
            np.add.at(counts, places.ravel(), one)
        if progress:
            progress(len(block))
    return counts.reshape(layout.shape)


def _spread(layout: Layout, counts: np.ndarray, part: Part, progress=None) -> list[np.ndarray]:
    """For each block, the sum and the sum of squares of the rows' contributions to the gain, per
    group and class. Block by block, so that the order of parts changes no bit.
    """
    table = _placements(counts).ravel()
    classes = 2 * len(counts)
    sums = []
    for block in part.rows.blocks(part.start, part.stop):
        cell, (candidate, baseline) = layout.places(block)
        value = (table[candidate] - table[baseline]).ravel()
        cell = cell.ravel()
        sums.append(np.array([np.bincount(cell, w, classes) for w in (value, value * value)]))
        if progress:
            progress(len(block))
    return sums


def _placements(counts: np.ndarray) -> np.ndarray:
    """For each step of a score, the share of the other class that it is ordered rightly against,
    ties half: DeLong's placements of rounded scores.
    """
    table = np.empty(counts.shape)
    for group, classes in zip(table, counts, strict=True):
        for model, (negative, positive) in enumerate(classes.swapaxes(0, 1)):
            place = group[:, model]
            below = np.cumsum(negative, dtype=np.int64)
            above = np.cumsum(positive[::-1], dtype=np.int64)[::-1]
            place[1] = (below - negative / 2) / below[-1]
            place[0] = (above - positive / 2) / above[0]
    return table


def _areas(
    counts: np.ndarray, sums: np.ndarray, names: list[str], steps: int
) -> tuple[PairedAUC | None, str]:
    totals = np.array([math.fsum(column) for column in sums.reshape(len(sums), -1).T])
    totals = totals.reshape(2, len(counts), 2)
    made, bounds = [], []
    for i, classes in enumerate(counts):
        models = classes.swapaxes(0, 1).astype(np.int64)
        area, bound = _area(models, totals[:, i])
        if bound > area.standard_error:
            return None, (
                f"No AUC: of so many rows there is a sketch only, of scores rounded to {steps:,} "
                f"steps; for {names[i]} that could move the gain by {bound:.1e}, more than its "
                f"standard error of {area.standard_error:.1e}."
            )
        blur = sum(_blur(*model) for model in models)
        made.append(replace(area, standard_error=area.standard_error + bound + blur))
        bounds.append(bound)
    return replace(made[0], slices=dict(zip(names[1:], made[1:], strict=True))), (
        f"The AUC is a sketch, of scores rounded to {steps:,} steps: that moves the gain by at "
        f"most {bounds[0]:.1e}, and by {max(bounds):.1e} in any slice, which the standard errors "
        "include."
    )


def _area(models: np.ndarray, totals: np.ndarray) -> tuple[PairedAUC, float]:
    """Of a group's rounded scores: the AUC, and the most that rounding can have moved the gain."""
    negatives, positives = size = [int(n) for n in models[0].sum(axis=1)]
    variance = sum(
        max(0.0, square - total * total / n) / (n - 1) / n
        for total, square, n in zip(*totals, size, strict=True)
    )
    areas, bound = [], 0.0
    for negative, positive in models:
        wins = int((2 * np.cumsum(negative) - negative) @ positive)  # of two a pair
        areas.append(Fraction(wins, 2 * positives * negatives))
        bound += int(negative @ positive) / (2 * positives * negatives)
    return PairedAUC(sum(size), *areas, math.sqrt(variance), min(size)), bound


def _blur(negative: np.ndarray, positive: np.ndarray) -> float:
    """By how much rounding moves the standard error at most: a standard error is a seminorm of the
    rows' placements, and each moves by at most half its step's share of the other class.
    """
    total = 0.0
    for mine, other in ((positive, negative), (negative, positive)):
        n = float(mine.sum())
        shift = other / (2 * other.sum())
        total += float(mine @ (shift * shift)) / (n - 1) / n
    return math.sqrt(total)
