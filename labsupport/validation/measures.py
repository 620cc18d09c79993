"""One column against its profile: what is measured, and how often chance alone gets as far."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

import numpy as np

from labsupport.validation.chance import ks_rate, lost_rate, new_rate, share_rate, threshold
from labsupport.validation.distances import psi
from labsupport.validation.psi_chance import psi_rate
from labsupport.validation.reference import ColumnProfile

BINS = 10  # of a number, for PSI and L-infinity
EXPECTED = 10  # rows that PSI expects in each of its bins
PSI_HIGHEST = 64.0  # no bound of PSI is searched for above


@dataclass(frozen=True)
class Measure:
    """One distance of one column.

    Attributes
    ----------
    check : which check it is for.
    value : the distance; a Fraction where it is one, None when it could not be measured.
    most : what the distance can be at most: a bound that is not below it can never fail.
    law : (function, arguments after the bound), the chance of exceeding a bound without drift.
    words : what was seen, for people.
    """

    check: str
    value: Fraction | float | None
    most: float
    law: tuple
    words: str

    def rate(self, bound: float) -> float:
        """The chance of exceeding a bound without drift."""
        return self.law[0](bound, *self.law[1:])

    def threshold(self, level: float) -> float:
        """The smallest bound that chance exceeds at most so often; the largest, where none is."""
        return _threshold(self.law, level, min(self.most, PSI_HIGHEST))


@lru_cache(maxsize=4096)
def _threshold(law: tuple, level: float, highest: float) -> float:
    return threshold(lambda bound: law[0](bound, *law[1:]), level, highest)


def measures(
    column: ColumnProfile, counts: np.ndarray, is_label: bool, level: float | None = None
) -> Iterator[Measure]:
    """Everything that can be measured of a column of at least one row.

    Parameters
    ----------
    counts : as ColumnProfile.count returns them.
    is_label : its largest change of a share is the class balance, and its order means nothing.
    level : the false-alarm rate that each check is to keep to, if any.
    """
    before = np.array([*column.counts, column.missing], dtype=np.int64)
    yield _share("missing", before, counts, [len(before) - 1], ["missing"])
    if column.kind == "time":
        return
    by_level = column.kind == "category" or column.listed
    if by_level:
        yield from _levels(column, counts, is_label)
    else:
        groups = grouped(column)
        bins = [f"bin {number + 1}" for number in range(groups.max() + 1)]
        apart = [np.bincount(groups, side[:-1]) for side in (before, counts)]
        sides = [
            np.append(side, whole[-1]) for side, whole in zip(apart, (before, counts), strict=True)
        ]
        yield _share("l_infinity", *sides, range(len(bins) + 1), [*bins, "missing"])
    yield from _psi(column, before, counts, level)
    if column.kind == "number" and not (is_label and by_level):
        yield from _ordered(before[:-1], counts[:-1])


def _share(check: str, before, now, cells, names: list[str], rows: str = "rows") -> Measure:
    """The largest change of a share among some cells, and all of them count for its rate."""
    m, n = int(np.sum(before)), int(np.sum(now))
    c, x = ([int(side[cell]) for cell in cells] for side in (before, now))
    if not n:
        return Measure(check, None, 1.0, (share_rate, (), m, n), f"there are no {rows}")
    changes = [xi * m - ci * n for ci, xi in zip(c, x, strict=True)]
    at = max(range(len(changes)), key=lambda cell: abs(changes[cell]))
    words = f"the share of {names[at]} went from {c[at] / m:.4g} to {x[at] / n:.4g}"
    most = max(max(ci / m, 1 - ci / m) for ci in c)
    return Measure(
        check,
        Fraction(abs(changes[at]), m * n),
        most,
        (share_rate, tuple(c), m, n),
        words,
    )


def _levels(column: ColumnProfile, counts: np.ndarray, is_label: bool) -> Iterator[Measure]:
    """New and lost categories, and the largest change of a category's share."""
    m, n = column.rows, int(counts.sum())
    (before, other), (now, new) = (
        column.by_level(side) for side in (np.array(column.counts), counts[:-1])
    )
    names = [repr(name) for name in column.level_names]
    if column.listed:
        words = f"{new:,} of {n:,} rows are in categories that the reference does not have"
        yield Measure("new", Fraction(new, n), 1.0, (new_rate, tuple(before.tolist()), m, n), words)
    gone = [(int(c), name) for c, x, name in zip(before, now, names, strict=True) if c and not x]
    share, name = max(gone, default=(0, ""))
    words = f"{name} had a share of {share / m:.4g} and is gone" if gone else "no category is gone"
    most = float(max(before, default=0)) / m
    yield Measure(
        "lost", Fraction(share, m), most, (lost_rate, tuple(before.tolist()), m, n), words
    )
    sides = ([*before, other, column.missing], [*now, new, counts[-1]])
    check = "class balance" if is_label else "l_infinity"
    yield _share(check, *sides, range(len(sides[0])), [*names, "all others", "missing"])


def _psi(
    column: ColumnProfile, before: np.ndarray, counts: np.ndarray, level: float | None
) -> Iterator[Measure]:
    """PSI over bins of ten expected rows or more, missing values in their own where they have so
    many. A column with one such bin is left to the other checks.
    """
    m, n = int(before.sum()), int(counts.sum())
    groups = enough(column, n, level)
    c, x = (np.bincount(groups, side) for side in (before, counts))
    if len(c) > 1:
        words = f"the PSI over {len(c)} bins is {psi(c, x):.4g}"
        yield Measure("psi", psi(c, x), math.inf, (psi_rate, tuple(c.tolist()), m, n), words)


def _ordered(before: np.ndarray, now: np.ndarray) -> Iterator[Measure]:
    """Distances of the values that are there, in their order."""
    m, n = int(before.sum()), int(now.sum())
    if not m:
        yield Measure("ks", None, 1.0, (ks_rate, 1, 1), "the reference has no values")
        return
    c, x = ([int(i) for i in np.cumsum(side)] for side in (before, now))
    if not n:
        value, words = None, "there are no values"
    else:
        value = Fraction(max(abs(xi * m - ci * n) for ci, xi in zip(c, x, strict=True)), m * n)
        words = f"the KS distance is {float(value):.4g}"
    yield Measure("ks", value, 1.0, (ks_rate, m, n), words)
    low, middle, high = (_cut(c, m, share) for share in (0.25, 0.5, 0.75))
    if middle is not None:
        halves = [np.array([side[middle], side[-1] - side[middle]]) for side in (c, x)]
        name = "values up to the reference's median"
        yield _share("location", *halves, [0], [name], "values")
    if low is not None and low < high:
        inner = [side[high] - side[low] for side in (c, x)]
        parts = [np.array([i, side[-1] - i]) for i, side in zip(inner, (c, x), strict=True)]
        name = "values between the reference's quartiles"
        yield _share("spread", *parts, [0], [name], "values")


def _cut(cumulative: list[int], m: int, share: float) -> int | None:
    """The edge that cuts off nearest to a share of the reference, and neither none nor all."""
    inner = [i for i, c in enumerate(cumulative) if 0 < c < m]
    return min(inner, key=lambda i: abs(cumulative[i] - share * m), default=None)


def grouped(column: ColumnProfile, least: float = 0) -> np.ndarray:
    """Bins of a number taken together into ten of about the same share of the reference, or fewer.

    Returns
    -------
    (len(counts),) int array, the number of each bin's group: 0, 1, 2 ...
    """
    m = sum(column.counts)
    groups = np.zeros(len(column.counts), np.int64)
    group, total, inside, goal = 0, 0, 0, 1
    for number, count in enumerate(column.counts):
        groups[number] = group
        total, inside = total + count, inside + count
        if total * BINS >= goal * m and inside >= least and total < m:
            group, inside, goal = group + 1, 0, total * BINS // m + 1
    if group and inside < max(least, 1):
        groups[groups == group] = group - 1
    return groups


def enough(column: ColumnProfile, n: int, level: float | None = None) -> np.ndarray:
    """Bins taken together until each expects ten rows of n and has ten of the reference; and until
    chance leaves one of them empty, which makes PSI infinite, far less often than the level.

    Returns
    -------
    (len(counts) + 1,) int array, the number of each bin's group; the last bin holds the missing.
    """
    m = column.rows
    least = EXPECTED * max(1.0, m / n)
    if level is not None:  # none of n rows, c of m: a chance of at most (m / (m + n)) ** c
        least = max(least, math.log(4 * BINS / level) / math.log1p(n / m))
    if column.kind == "category":
        rare = [count < least for count in column.counts]
        groups = np.where(rare, -1, np.cumsum(np.logical_not(rare)) - 1)
    else:
        groups = grouped(column, least)
    # The missing ones and the rare categories: bins of their own if they are enough.
    groups = np.append(groups, -2 if column.missing >= least else -1)
    counts = np.array([*column.counts, column.missing])
    kept = np.bincount(groups[groups >= 0], counts[groups >= 0])
    rare = counts[groups == -1].sum()
    groups[groups == -2] = len(kept)
    smallest = int(np.argmin(kept)) if len(kept) else 0
    groups[groups == -1] = groups.max() + 1 if rare >= least else smallest
    return groups
