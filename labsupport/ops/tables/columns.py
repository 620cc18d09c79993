"""What a batch of a column holds: 0 and 1, scores, slices by name, ids."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np

from labsupport.ops.tables.places import TableError

MOST_SLICES = 10_000  # values of one column
_BOOLEANS = {"True": "true", "False": "false"}  # as Python writes to CSV what Parquet has as bool


@dataclass(frozen=True)
class Where:
    """Where a batch is, for sentences: a file, a column, the row at which the batch begins."""

    path: str
    column: str
    first: int

    def error(self, bad: np.ndarray, says: str, values: Any = None) -> TableError:
        """A sentence on the first row of a mask."""
        row = int(np.argmax(bad))
        held = "nothing" if values is None else f"{values[row].as_py()!r:.60}"
        return TableError(
            f"{self.path}: column {self.column!r} holds {held} in row {self.first + row} (the "
            f"first is row 0); {says}."
        )


def as_labels(array: Any, where: Where) -> np.ndarray:
    """(n,) booleans from labels.

    Raises
    ------
    TableError : null, NaN, text, or anything but 0 and 1.
    """
    values = _numbers(array, where, "a label is 0 or 1")
    bad = (values != 0) & (values != 1)
    if bad.any():
        raise where.error(bad, "a label is 0 or 1", array)
    return values != 0


def as_scores(array: Any, threshold: Fraction, where: Where) -> tuple[np.ndarray, np.ndarray]:
    """What a model said of each row.

    Parameters
    ----------
    threshold : from 0 to below 1.

    Returns
    -------
    (n,) predictions, bool: 1 where the score exceeds the threshold, both as decimals that a person
    would write: a float32 of 0.1 stands for 0.1, and so it does not exceed it.
    (n,) scores: of bool where all are 0 or 1, else of float32 or float64.

    Raises
    ------
    TableError : null, NaN, text, or a number that is not from 0 to 1.
    """
    says = "a prediction is 0 or 1, a score from 0 to 1"
    values = _numbers(array, where, says)
    if values.dtype == bool:
        return values, values
    low, high = (values.min(), values.max()) if len(values) else (0, 0)
    if not (low >= 0 and high <= 1):  # false for NaN, too
        raise where.error(~((values >= 0) & (values <= 1)), says, array)
    ones = values == 1
    if (ones | (values == 0)).all():
        return ones, ones
    if values.dtype not in (np.float32, np.float64):
        values = values.astype(np.float32 if values.dtype == np.float16 else np.float64)
    return exceeds(values, threshold), values


def exceeds(scores: np.ndarray, threshold: Fraction) -> np.ndarray:
    """Where a score, read as the shortest decimal that is this float, is above a threshold.

    Decimals keep the order of floats, so one float is the first above: near the threshold's own.
    """
    near = scores.dtype.type(float(threshold))
    ends = [scores.dtype.type(end) for end in (-np.inf, np.inf)]
    around = (np.nextafter(near, ends[0]), near, np.nextafter(near, ends[1]))
    return scores >= next(x for x in around if Fraction(str(x)) > threshold)


@dataclass
class Names:
    """The values of a slice column, numbered in the order in which they were met. Dictionaries of
    files give other numbers to the same value, from row group to row group.
    """

    column: str
    codes: dict[str, int] = field(default_factory=dict)

    def as_codes(self, array: Any, where: Where) -> np.ndarray:
        """(n,) int numbers of a batch's values.

        Raises
        ------
        TableError : null, values that name nothing (floats, lists), or too many of them.
        """
        import pyarrow as pa

        says = "a slice is named by text, a whole number, a date, or true and false"
        if array.null_count:
            raise where.error(_nulls(array), "give every row a slice")
        if not pa.types.is_dictionary(array.type):
            array = array.dictionary_encode()
        kind = array.dictionary.type
        if not any(
            check(kind)
            for check in (
                pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view,
                pa.types.is_integer, pa.types.is_boolean, pa.types.is_date,
            )
        ):  # fmt: skip
            raise TableError(f"{where.path}: column {self.column!r} holds {kind}; {says}.")
        inside = as_numpy(array.indices)
        used = np.bincount(inside, minlength=len(array.dictionary)) > 0
        values = array.dictionary.cast(pa.large_string()).to_pylist()
        lookup = np.zeros(len(values), np.int64)
        for i in np.flatnonzero(used):
            lookup[i] = self._code(values[i], where)
        return lookup[inside]

    def _code(self, value: str | None, where: Where) -> int:
        if value is None:
            raise TableError(
                f"{where.path}: column {self.column!r} has a row of an unknown slice; give every "
                "row a slice."
            )
        code = self.codes.setdefault(_BOOLEANS.get(value, value), len(self.codes))
        if code >= MOST_SLICES:
            raise too_many(self.column)
        return code


def too_many(column: str) -> TableError:
    """The sentence on a slice column with more than MOST_SLICES values."""
    return TableError(
        f"Column {column!r} has more than {MOST_SLICES:,} values; a slice is a group of rows: take "
        "a coarser column."
    )


def as_ids(array: Any, where: Where | None = None) -> Any:
    """Ids as a pyarrow array of int64 or of large_string: whole numbers where all of them are
    written as such, since CSV has nothing but text.

    Raises
    ------
    TableError : null, or what identifies nothing (floats, lists).
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    if where and array.null_count:
        raise where.error(_nulls(array), "give every row an id")
    if pa.types.is_dictionary(array.type):
        array = array.cast(array.type.value_type)
    if pa.types.is_integer(array.type) and array.type != pa.uint64():
        return array.cast(pa.int64())
    kinds = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
    if not any(check(array.type) for check in (*kinds, pa.types.is_integer)):
        raise TableError(
            f"{where.path}: column {where.column!r} holds {array.type}; an id is text or a whole "
            "number."
        )
    text = array.cast(pa.large_string())
    try:
        whole = text.cast(pa.int64())
    except pa.ArrowInvalid:
        return text
    return whole if pc.all(pc.equal(whole.cast(pa.large_string()), text)).as_py() else text


def _numbers(array: Any, where: Where, says: str) -> np.ndarray:
    import pyarrow as pa

    if array.null_count:
        raise where.error(_nulls(array), says)
    if pa.types.is_dictionary(array.type):
        array = array.cast(array.type.value_type)
    kind = array.type
    if pa.types.is_decimal(kind):
        array = array.cast(pa.float64())
    elif not (pa.types.is_boolean(kind) or pa.types.is_integer(kind) or pa.types.is_floating(kind)):
        raise TableError(f"{where.path}: column {where.column!r} holds {kind}; {says}.")
    return as_numpy(array)


def as_numpy(array: Any) -> np.ndarray:
    """A pyarrow array of numbers or booleans without nulls; its to_numpy would load pandas."""
    import pyarrow as pa

    if pa.types.is_boolean(array.type):
        return np.from_dlpack(array.cast(pa.uint8())).view(bool)
    return np.from_dlpack(array)


def _nulls(array: Any) -> np.ndarray:
    return as_numpy(array.is_null())
