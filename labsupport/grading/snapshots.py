"""Snapshots with a column of classes and one of values, ordinary ones and others."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

CLASSES = np.array(["on time", "late", "cancelled", "diverted"])
USUAL = (0.7, 0.24, 0.05, 0.01)  # the rarest has one row in a hundred


def share_below(values, cut) -> float:
    """The share of all rows whose value is there, and at most the cut."""
    return float((values <= cut).mean())


def labels(rng, n: int, shares=USUAL, names=CLASSES) -> np.ndarray:
    """So many labels, in which each class with a share has a row."""
    some = rng.choice(names, n, p=np.array(shares) / np.sum(shares))
    some[: np.count_nonzero(shares)] = names[np.array(shares) > 0]
    return rng.permutation(some)


def without(*gone: int, shares=USUAL) -> tuple[float, ...]:
    """The usual shares, but for classes that have none."""
    return tuple(0.0 if i in gone else share for i, share in enumerate(shares))


def delays(rng, n: int, shift: float = 0.0, missing: float = 0.0, width: float = 10.0):
    """Skewed values, whose mean is not their median, and some are missing.

    One is drawn from each of equal parts of the distribution: chance alone moves nothing.
    """
    there = n - round(missing * n)
    values = shift - width * np.log1p(-(np.arange(there) + rng.random(there)) / there)
    return rng.permutation(np.append(values, np.full(n - there, np.nan)))


def with_outlier(values, size: float) -> np.ndarray:
    """The values, of which one is so large."""
    values = values.copy()
    values[int(np.flatnonzero(~np.isnan(values))[0])] = size
    return values


def week(before=USUAL, now=USUAL, shift=0.0, missing=(0.0, 0.0), outliers=(None, None), rows=600):
    """A reference and a snapshot of other sizes, and a bound that no whole number of rows meets."""

    def given(rng):
        n, m = (int(size * rng.uniform(0.98, 1.02)) for size in (rows, 0.6 * rows))
        values = [delays(rng, n, 0.0, missing[0]), delays(rng, m, shift, missing[1])]
        for side, size in enumerate(outliers):
            if size is not None:
                values[side] = with_outlier(values[side], size)
        return labels(rng, n, before), labels(rng, m, now), *values, rng.uniform(0.06, 0.09)

    return given


def close_to(*cuts: Callable):
    """A bound between the distances that two cuts have."""

    def given(rng):
        n, m = (int(size * rng.uniform(0.98, 1.02)) for size in (1000, 600))
        old, new = delays(rng, n), delays(rng, m, rng.uniform(2.0, 4.0), 0.0, rng.uniform(20, 30))
        places = [cut(old, new) for cut in cuts]
        both = (abs(share_below(old, place) - share_below(new, place)) for place in places)
        return labels(rng, n), labels(rng, m), old, new, sum(both) / 2

    return given


def ties(rng):
    """Many values are the median itself; the share below it changes, and not the share up to it."""
    old, new = (np.repeat([0.0, 1.0, 2.0], rows) for rows in ([60, 200, 41], [90, 80, 30]))
    values = rng.permutation(old), rng.permutation(new)
    return labels(rng, len(old)), labels(rng, len(new)), *values, rng.uniform(0.06, 0.09)


def same_ties(rng):
    """As many as before are below the median, the median itself, and above; the half is none."""
    old, new = (np.repeat([0.0, 1.0, 2.0], rows) for rows in ([60, 200, 40], [39, 130, 26]))
    values = rng.permutation(old), rng.permutation(new)
    return labels(rng, len(old)), labels(rng, len(new)), *values, rng.uniform(0.06, 0.09)


def closer(rng):
    """The median stays, and every other quantile moves."""
    values = np.linspace(-9, 9, 300), np.linspace(-1, 1, 200)
    return labels(rng, 300), labels(rng, 200), *values, rng.uniform(0.06, 0.09)


def with_hole(rng, low: float, high: float):
    """All values up to a quantile of the reference went missing, or all from one on."""
    old, new = delays(rng, 300), delays(rng, 200)
    first, last = np.nanquantile(old, [low, high])
    new[(new >= first if low else new <= last)] = np.nan
    return labels(rng, 300), labels(rng, 200), old, new, rng.uniform(0.06, 0.09)


def exactly(change: int, bound: float):
    """Shares of which floats make no rounding error: of 64 rows, so many more lie below."""

    def given(rng):
        old = rng.permutation(np.arange(64.0))
        new = np.where(np.arange(128) < 64 + 2 * change, 0.0, 99.0)
        return labels(rng, 64), labels(rng, 128), old, rng.permutation(new), bound

    return given


def some(n: int, m: int, old, new, bound: float, before=USUAL, now=USUAL):
    """Values as they are made: old(rng) and new(rng)."""
    return lambda rng: (labels(rng, n, before), labels(rng, m, now), old(rng), new(rng), bound)


EDGES = {
    "a change of exactly the bound": exactly(8, 0.125),
    "a change down of exactly the bound": exactly(-8, 0.125),
    "a change of a row more than the bound": exactly(9, 0.125),
    "a bound of zero and no change": exactly(0, 0.0),
    "a bound of zero and a small change": exactly(1, 0.0),
    "a single row": lambda rng: (
        CLASSES[:1],
        CLASSES[:1],
        rng.normal(size=1),
        np.array([-9.0]),
        0.5,
    ),
    "a single new row, of a class that is known": some(
        200, 1, lambda rng: delays(rng, 200), lambda rng: np.array([99.0]), 0.07, now=(1, 0, 0, 0)
    ),
    "values that are all missing now": some(
        300, 200, lambda rng: delays(rng, 300), lambda rng: np.full(200, np.nan), 0.07
    ),
    "values of which most were missing before": some(
        300, 200, lambda rng: delays(rng, 300, missing=0.8), lambda rng: delays(rng, 200), 0.07
    ),
    "a change that is more than the bound in its third decimal": exactly(9, 0.1402),
    "values of which the large ones went missing": lambda rng: with_hole(rng, 0.7, 1.0),
    "values of which the small ones went missing": lambda rng: with_hole(rng, 0.0, 0.3),
    "values in between the two middle ones of before": some(
        300,
        200,
        lambda rng: np.repeat([-9.0, 9.0], 150),
        lambda rng: np.repeat([-9.0, -3.0, 9.0], [60, 40, 100]),
        0.07,
    ),
    "classes of which one name holds another": lambda rng: (
        labels(rng, 500, names=np.array(["late", "on time", "very late", "later"])),
        labels(rng, 300, (0, 1, 1, 1), np.array(["late", "on time", "very late", "later"])),
        delays(rng, 500),
        delays(rng, 300),
        0.2,
    ),
    "a class lost of which the reference has a single row": lambda rng: (
        np.append(labels(rng, 4999, without(3)), CLASSES[3]),
        labels(rng, 2500, without(3)),
        delays(rng, 5000),
        delays(rng, 2500),
        0.08,
    ),
    "a single new row of an unknown class": lambda rng: (
        labels(rng, 500),
        np.append(labels(rng, 299), "Late"),
        delays(rng, 500),
        delays(rng, 300),
        0.2,
    ),
    "classes all of which are others": lambda rng: (
        labels(rng, 500),
        labels(rng, 300, names=np.array(["a", "b", "c", "d"])),
        delays(rng, 500),
        delays(rng, 300),
        0.2,
    ),
    "an infinite value": some(
        300,
        200,
        lambda rng: delays(rng, 300),
        lambda rng: with_outlier(delays(rng, 200), np.inf),
        0.2,
    ),
}
