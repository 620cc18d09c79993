"""Values into bins, fast: blocks that stay in cache, sorted as single-precision numbers."""

from __future__ import annotations

import numpy as np
import pandas as pd

FEW = 25  # a number with at most so many values has each of them for a bin
_BLOCK = 1 << 13


def class_of(values: pd.Series) -> str:
    """What a column holds: "number", "truth", "time" or "text"."""
    kind = values.dtype
    if isinstance(kind, pd.CategoricalDtype):
        return "text"
    if pd.api.types.is_bool_dtype(kind):
        return "truth"
    if pd.api.types.is_numeric_dtype(kind):
        return "number"
    if pd.api.types.is_datetime64_any_dtype(kind) or pd.api.types.is_timedelta64_dtype(kind):
        return "time"
    return "text"


def single(values: pd.Series) -> np.ndarray:
    """A column of numbers in single precision, missing values as NaN; times as seconds.

    Bins are a matter of this rounding for the reference and for all that is compared with it.
    """
    if class_of(values) == "time":
        seconds = values.dt.as_unit("s").astype("int64").to_numpy().astype(np.float32)
        return np.where(values.isna().to_numpy(), np.float32(np.nan), seconds)
    with np.errstate(over="ignore"):  # beyond 3e38 it is infinite, which has a bin, too
        if isinstance(values.dtype, np.dtype):
            return values.to_numpy().astype(np.float32)
        return values.to_numpy(dtype=np.float32, na_value=np.nan)


def count_numbers(values: pd.Series, cuts: np.ndarray) -> np.ndarray:
    """Count numbers below, at and between cuts.

    Returns
    -------
    (2 * len(cuts) + 2,) int array: below the first cut, at it, between it and the next ..., above
    the last; then the missing ones.
    """
    array = single(values)
    below = np.zeros(len(cuts), np.int64)
    up_to = np.zeros(len(cuts), np.int64)
    present = 0
    for start in range(0, len(array), _BLOCK):
        block = np.sort(array[start : start + _BLOCK])  # NaN comes last
        below += np.searchsorted(block, cuts, side="left")
        up_to += np.searchsorted(block, cuts, side="right")
        present += int(np.searchsorted(block, np.float32(np.inf), side="right"))
    edges = np.zeros(2 * len(cuts) + 2, np.int64)
    edges[1:-1:2], edges[2:-1:2], edges[-1] = below, up_to, present
    return np.append(np.diff(edges), len(array) - present)


def name_of(value: object) -> str:
    """A category's name: the code 1 is the same as 1.0, to which a missing value turns a column."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def count_levels(values: pd.Series, levels: tuple[str, ...]) -> np.ndarray:
    """Count categories.

    Returns
    -------
    (len(levels) + 2,) int array: each level, all others, the missing ones.
    """
    if isinstance(values.dtype, pd.CategoricalDtype):
        codes = values.cat.codes.to_numpy()
        found = np.bincount(codes.astype(np.int64) + 1, minlength=len(values.cat.categories) + 1)[
            1:
        ]
        names = values.cat.categories
    else:
        tally = values.value_counts()
        found, names = tally.to_numpy(), tally.index
    place = {level: number for number, level in enumerate(levels)}
    counts = np.zeros(len(levels) + 2, np.int64)
    for name, count in zip(names, found, strict=True):
        counts[place.get(name_of(name), len(levels))] += int(count)
    counts[-1] = len(values) - counts.sum()
    return counts
