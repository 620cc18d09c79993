"""What an answer returned, as JSON: written by a worker that nobody trusts, read without running
any of it.

Numbers, texts, arrays and what holds them travel as what they are. Subclasses travel as what they
extend, so that no object's own idea of equality arrives. Of everything else only the name of its
type does.
"""

from __future__ import annotations

import base64
import binascii
import keyword
import math
import sys
from collections import Counter
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any

import numpy as np

DEEPEST = 20  # containers in containers
MOST = 2_000_000  # parts of one answer
LARGEST = 1 << 20  # bytes of one answer, written
_KINDS = "biufUS"  # of arrays: booleans, integers, floats, texts, bytes
_LONGEST_NUMBER = 10_000  # digits
_LARGEST_EXPONENT = 1000  # of a decimal: as fractions, many that are larger take minutes to read
_STRANGERS = 1000  # things that do not travel, in one answer
_SAME_HASH = 100  # a set of more such keys takes time in their square


_WHAT_LIES_RAISE = (
    *(ValueError, TypeError, LookupError, ArithmeticError, AttributeError, binascii.Error),
    *(InvalidOperation, RecursionError, MemoryError),
)


class NotPlain(ValueError):  # noqa: N818 - it says what the text is not
    """A text that `written` did not write."""


class Other:
    """Something that did not travel; its class is called as the original's."""


def written(value: object) -> Any:
    """A value as what JSON can hold.

    Raises
    ------
    ValueError : it is deeper or larger than any question asks for.
    """
    return _write(value, DEEPEST, [MOST])


def _write(value: object, deeper: int, left: list[int]) -> Any:
    left[0] -= 1
    if not deeper or left[0] < 0:
        raise ValueError("an answer is deeper or larger than any question asks for")
    kind = type(value)
    if value is None or value is True or value is False:
        return value
    for base, write in _WRITERS:
        if issubclass(kind, base):
            return write(value, lambda part: _write(part, deeper - 1, left))
    columns = sys.modules.get("pandas")
    if columns and issubclass(kind, columns.Series | columns.Index):
        return _write(np.asarray(value), deeper - 1, left)
    return {"other": kind.__name__[:60]}


def _write_int(value: int, _: Any) -> Any:
    return {"int": hex(int.__add__(value, 0))}


def _write_float(value: float, _: Any) -> Any:
    return {"float": float.hex(float.__add__(value, 0.0))}


def _write_array(value: np.ndarray, part: Any) -> Any:
    shape = list(value.shape)
    if value.dtype.kind == "O":
        return {"objects": [part(each) for each in value.ravel().tolist()], "shape": shape}
    if value.dtype.kind not in _KINDS:
        return {"other": "ndarray"}
    data = base64.b64encode(np.ascontiguousarray(value).tobytes()).decode()
    return {"array": data, "dtype": value.dtype.str, "shape": shape}


def _write_scalar(value: np.generic, part: Any) -> Any:
    if value.dtype.kind not in _KINDS:
        return {"other": type(value).__name__}
    return {"scalar": part(np.asarray(value))}


_WRITERS = (
    (np.generic, _write_scalar),  # before float and str, which some of them extend
    (int, _write_int),
    (float, _write_float),
    (str, lambda value, _: {"str": str.__str__(value)}),
    (bytes, lambda value, _: {"bytes": base64.b64encode(bytes(value)).decode()}),
    (complex, lambda value, _: {"other": "complex"}),
    (Fraction, lambda value, _: {"fraction": [hex(value.numerator), hex(value.denominator)]}),
    (Decimal, lambda value, _: {"decimal": Decimal.__str__(value)}),
    (tuple, lambda value, part: {"tuple": [part(each) for each in tuple.__iter__(value)]}),
    (list, lambda value, part: {"list": [part(each) for each in list.__iter__(value)]}),
    (set, lambda value, part: {"set": [part(each) for each in set.__iter__(value)]}),
    (
        frozenset,
        lambda value, part: {"frozenset": [part(each) for each in frozenset.__iter__(value)]},
    ),
    (dict, lambda value, part: {"dict": [[part(k), part(v)] for k, v in dict.items(value)]}),
    (np.ndarray, _write_array),
)


def value_of(text: Any) -> object:
    """The value that `written` made this of.

    Raises
    ------
    NotPlain : it made nothing like this.
    """
    try:
        return _read(text, DEEPEST, Counter())
    except _WHAT_LIES_RAISE as error:
        raise NotPlain("a worker wrote what is no answer") from error


def _read(text: Any, deeper: int, seen: Counter) -> object:
    if not deeper:
        raise ValueError("too deep")
    if text is None or text is True or text is False:
        return text
    if not isinstance(text, dict) or not text:
        raise ValueError("not tagged")
    tag, held = next(iter(text.items()))
    seen[tag] += 1
    if tag not in _READERS or seen["other"] > _STRANGERS:
        raise ValueError("no such tag, or more things that do not travel than an answer holds")
    return _READERS[tag](held, text, lambda part: _read(part, deeper - 1, seen))


def _whole(text: object) -> int:
    if not isinstance(text, str) or len(text) > _LONGEST_NUMBER:
        raise ValueError("not a whole number")
    return int(text, 16)


def _shape(text: dict, size: int) -> tuple[int, ...]:
    """An axis has an end also where another one is empty: each of its rows takes memory here."""
    shape = tuple(text["shape"])
    if len(shape) > DEEPEST or any(type(n) is not int or not 0 <= n <= MOST for n in shape):
        raise ValueError("not the shape of an answer")
    if math.prod(shape) != size:
        raise ValueError("not the array's shape")
    return shape


def _read_array(held: str, text: dict, _: Any) -> np.ndarray:
    dtype = np.dtype(text["dtype"])
    if dtype.kind not in _KINDS or dtype.itemsize == 0:
        raise ValueError("not an array of numbers or texts")
    flat = np.frombuffer(base64.b64decode(held, validate=True), dtype).copy()
    return flat.reshape(_shape(text, flat.size))


def _read_objects(held: list, text: dict, part: Any) -> np.ndarray:
    array = np.empty(len(held), object)
    for at, each in enumerate(held):  # assigned at once, lists would become axes
        array[at] = part(each)
    return array.reshape(_shape(text, len(held)))


def _read_other(held: str, text: dict, _: Any) -> Other:
    good = isinstance(held, str) and held.isidentifier() and not keyword.iskeyword(held)
    return type(held if good else "object", (Other,), {})()


def _read_decimal(held: str, text: dict, _: Any) -> Decimal:
    if not isinstance(held, str) or len(held) > _LONGEST_NUMBER:
        raise ValueError("not a decimal")
    value = Decimal(held)
    if value.is_finite() and value and abs(value.adjusted()) > _LARGEST_EXPONENT:
        raise ValueError("as a fraction it would fill the memory")
    return value


def _read_str(held: object, text: dict, _: Any) -> str:
    if not isinstance(held, str):
        raise ValueError("not a text")
    return held


def _keys(parts: Iterable) -> list:
    """Parts of a set; refused where they were made to have the same hash, as its time would be
    theirs squared."""
    held = list(parts)
    if max(Counter(map(hash, held)).values(), default=0) > _SAME_HASH:
        raise ValueError("keys that were made to take time")
    return held


def _read_dict(held: list, text: dict, part: Any) -> dict:
    keys = _keys(part(key) for key, _ in held)
    return dict(zip(keys, (part(value) for _, value in held), strict=True))


_READERS = {
    "int": lambda held, text, part: _whole(held),
    "float": lambda held, text, part: float.fromhex(held),
    "str": _read_str,
    "bytes": lambda held, text, part: base64.b64decode(held, validate=True),
    "fraction": lambda held, text, part: Fraction(_whole(held[0]), _whole(held[1]) or 1),
    "decimal": _read_decimal,
    "tuple": lambda held, text, part: tuple(part(each) for each in held),
    "list": lambda held, text, part: [part(each) for each in held],
    "set": lambda held, text, part: set(_keys(map(part, held))),
    "frozenset": lambda held, text, part: frozenset(_keys(map(part, held))),
    "dict": _read_dict,
    "array": _read_array,
    "objects": _read_objects,
    "scalar": lambda held, text, part: part(held)[()],
    "other": _read_other,
}
