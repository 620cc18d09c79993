"""What may come in, and the sentence when not: numbers as they were written, columns of 0 and 1,
masks, levels.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from numbers import Rational, Real

import numpy as np

_NEAREST = 0.99e-12  # how close to 1 a level may be


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
        # A numpy integer would keep its width.
        return Fraction(int(number.numerator), int(number.denominator))
    if not (number.is_finite() if isinstance(number, Decimal) else math.isfinite(number)):
        raise ValueError(f"{name} must be a finite number; got {number!r}.")
    return Fraction(str(number))


def check_level(level: float, name: str) -> None:
    """Raise ValueError unless a confidence, level or power lies between 0 and 1, and so far from 1
    that a float can say how far: 10^-12; TypeError for what is no int or float.
    """
    if isinstance(level, bool) or not isinstance(level, int | float | np.integer | np.floating):
        raise TypeError(f"{name} must be a number such as 0.95; got {level!r}.")
    if not 0 < level < 1:
        raise ValueError(f"{name} is a probability, above 0 and below 1; got {level!r}.")
    if 1 - level < _NEAREST:
        raise ValueError(
            f"{name} is too close to 1 to compute with, at most 1 - 10^-12; got {level!r}."
        )


def check_count(count: int, name: str) -> None:
    """Raise ValueError unless a number of things is whole and at least 1."""
    if not isinstance(count, int | np.integer) or count < 1:
        raise ValueError(f"{name} must be a whole number, at least 1; got {count!r}.")


def as_array(values, name: str, dtype: type | None = None) -> np.ndarray:
    """Values as an array: the one door through which rows come in.

    Raises
    ------
    ValueError : masked values, also in a list of arrays; or rows that differ in length.
    """
    if _has_mask(values):  # np.asarray would drop the mask and compare what lies under it
        raise ValueError(
            f"{name} has masked values, so those rows are unknown; give every row a value."
        )
    try:
        return np.asarray(values, dtype)
    except ValueError:
        raise ValueError(
            f"{name} must be one value per row, shape (n,); its rows differ in length."
        ) from None


def as_numbers(values, name: str) -> np.ndarray:
    """Values as a float array, of any shape; infinite and NaN are the caller's to judge.

    Raises
    ------
    ValueError : masked, no numbers (text is none), or two numbers that a float cannot tell apart.
    """
    array = as_array(values, name)
    try:
        if array.dtype.kind not in "biufO":
            raise TypeError
        if array.dtype == object and any(isinstance(v, str | bytes) for v in array.flat):
            raise TypeError
        numbers = array.astype(float)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"{name} must hold numbers that a float can hold.") from None
    if array.dtype.kind in "iuO" or array.dtype.itemsize > 8:
        flat, order = numbers.ravel(), np.argsort(numbers, axis=None, kind="stable")
        first, second = order[:-1], order[1:]
        written = array.ravel()
        merged = (flat[first] == flat[second]) & (written[first] != written[second]).astype(bool)
        if merged.any():
            row = int(first[np.argmax(merged)])
            raise ValueError(
                f"{name} holds different numbers that are one as floats, such as {written[row]!r}; "
                "give smaller ones, or ranks."
            )
    return numbers


def same_rows(named: Mapping[str, object]) -> None:
    """Raise ValueError if two of these have an index (pandas) and the indexes differ.

    Rows are compared by position, so a shuffled frame would be compared with other people's rows.
    What has no index is taken at its order. A frame of runs has the rows as its columns.
    """
    known = first = None
    for name, index in _indexes(named):
        if known is None:
            known, first = index, name
        elif known.shape != index.shape or (known != index).any():
            raise ValueError(
                f"{first} and {name} have different indexes, and rows are compared by position; "
                "reindex one like the other, or pass .to_numpy() if the order is the same."
            )


def as_binary(values, name: str) -> np.ndarray:
    """Values of 0 and 1 as an (n,) boolean array; ValueError for anything else, empty included."""
    array = as_array(values, name)
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


def as_masks(slices, n: int) -> dict[Hashable, np.ndarray]:
    """Slices as {name: (n,) boolean mask}, from one label per row or from masks."""
    if isinstance(slices, Mapping):
        masks = {name: as_array(mask, f"Slice {name!r}") for name, mask in slices.items()}
        for name, mask in masks.items():
            if mask.dtype != bool or mask.shape != (n,):
                raise ValueError(
                    f"Slice {name!r} must be a boolean mask of shape ({n},); "
                    f"got {mask.dtype} {mask.shape}."
                )
        return masks
    labels, inside = as_labels(slices, n, "slice")
    return {label: inside == i for i, label in enumerate(labels)}


def as_labels(values, n: int, word: str) -> tuple[list[Hashable], np.ndarray]:
    """The distinct labels of rows, sorted, and for each row which one it has.

    Parameters
    ----------
    values : (n,) one label per row.
    word : what they are labels of, for the sentence when they cannot be.

    Returns
    -------
    labels : the distinct ones; (n,) int array of places among them.

    Raises
    ------
    ValueError : not one label per row, a label that is missing (None, NaN), or labels of different
        types: 1 and True are equal, and not the same label.
    """
    # A list stays a list of objects: numpy would turn ["a", nan] into the strings "a" and "nan".
    labels = as_array(values, f"{word}s", None if isinstance(values, np.ndarray) else object)
    if labels.shape != (n,):
        raise ValueError(
            f"{word}s must hold one label per row, shape ({n},); got shape {labels.shape}."
        )
    if _any_missing(labels):
        raise ValueError(
            f"A {word} label is missing, so the {word} of that row is unknown; give every row a "
            "label."
        )
    try:
        if labels.dtype == object and len({isinstance(a, bool | np.bool_) for a in labels}) > 1:
            raise TypeError
        distinct, inside = np.unique(labels, return_inverse=True)
    except TypeError:
        kinds = ", ".join(sorted({type(label).__name__ for label in labels}))
        raise ValueError(
            f"{word.capitalize()} labels must all be of one type; these are {kinds}."
        ) from None
    return [a.item() if isinstance(a, np.generic) else a for a in distinct], inside


def _indexes(named: Mapping[str, object]) -> Iterator[tuple[str, np.ndarray]]:
    for name, values in named.items():
        if isinstance(values, Mapping):
            yield from _indexes({f"{name} {key!r}": part for key, part in values.items()})
        elif isinstance(values, list | tuple):
            kinds = {type(value): value for value in values}
            if any(hasattr(value, "index") for value in kinds.values()):  # a list of runs
                yield from _indexes({f"{name} {i}": run for i, run in enumerate(values)})
        else:
            index = getattr(values, "columns", getattr(values, "index", None))
            if index is not None and not callable(index):  # text has a method of that name
                yield name, np.asarray(index, object)


def _has_mask(values) -> bool:
    if isinstance(values, list | tuple):
        return any(_has_mask(v) for v in values if isinstance(v, list | tuple | np.ma.MaskedArray))
    return np.ma.is_masked(values)


def _any_missing(labels: np.ndarray) -> bool:
    if labels.dtype != object:
        return bool((labels != labels).any())
    try:
        return any(label is None or label != label for label in labels)
    except TypeError:  # pandas' NA says of nothing whether it is equal
        return True
