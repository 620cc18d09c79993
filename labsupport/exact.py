"""What may come in, and the sentence when not: numbers as they were written, columns of 0 and 1,
masks, levels.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
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
        # A numpy integer would keep its width.
        return Fraction(int(number.numerator), int(number.denominator))
    if not (number.is_finite() if isinstance(number, Decimal) else math.isfinite(number)):
        raise ValueError(f"{name} must be a finite number; got {number!r}.")
    return Fraction(str(number))


def check_level(level: float, name: str) -> None:
    """Raise ValueError unless a confidence, level or power lies strictly between 0 and 1."""
    if not 0 < level < 1:
        raise ValueError(f"{name} is a probability, above 0 and below 1; got {level!r}.")


def check_count(count: int, name: str) -> None:
    """Raise ValueError unless a number of things is whole and at least 1."""
    if not isinstance(count, int | np.integer) or count < 1:
        raise ValueError(f"{name} must be a whole number, at least 1; got {count!r}.")


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
                    f"Slice {name!r} must be a boolean mask of shape ({n},); "
                    f"got {mask.dtype} {mask.shape}."
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
