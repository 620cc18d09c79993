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
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any

import numpy as np

DEEPEST = 20  # containers in containers
MOST = 2_000_000  # parts of one answer
LARGEST = 4 << 20  # bytes of one answer, written
KEYS = 1000  # of a set or a dict: numbers can be chosen to have one hash, and then take the square
_KINDS = "biufUS"  # of arrays: booleans, integers, floats, texts, bytes
_LONGEST_NUMBER = 10_000  # digits
_LARGEST_EXPONENT = 1000  # of a decimal: as fractions, many that are larger take minutes to read


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


def _few(held: Any) -> Any:
    if len(held) > KEYS:
        raise ValueError("more keys than any answer has")
    return held


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
    (set, lambda value, part: {"set": [part(each) for each in _few(list(set.__iter__(value)))]}),
    (
        frozenset,
        lambda value, part: {
            "frozenset": [part(each) for each in _few(list(frozenset.__iter__(value)))]
        },
    ),
    (dict, lambda value, part: {"dict": [[part(k), part(v)] for k, v in _few(dict.items(value))]}),
    (np.ndarray, _write_array),
)


def value_of(text: Any) -> object:
    """The value that `written` made this of.

    Raises
    ------
    NotPlain : it made nothing like this.
    """
    try:
        return _read(text, DEEPEST)
    except _WHAT_LIES_RAISE as error:
        raise NotPlain("a worker wrote what is no answer") from error


def _read(text: Any, deeper: int) -> object:
    if not deeper:
        raise ValueError("too deep")
    if text is None or text is True or text is False:
        return text
    if not isinstance(text, dict) or not text:
        raise ValueError("not tagged")
    tag, held = next(iter(text.items()))
    if tag not in _READERS:
        raise ValueError("no such tag")
    return _READERS[tag](held, text, lambda part: _read(part, deeper - 1))


def _whole(text: object) -> int:
    if not isinstance(text, str) or len(text) > _LONGEST_NUMBER:
        raise ValueError("not a whole number")
    return int(text, 16)


def _shape(text: dict, size: int) -> tuple[int, ...]:
    shape = tuple(text["shape"])
    if any(type(axis) is not int or axis < 0 for axis in shape) or math.prod(shape) != size:
        raise ValueError("not the array's shape")
    return shape


def _read_array(held: str, text: dict, _: Any) -> np.ndarray:
    dtype = np.dtype(text["dtype"])
    if dtype.kind not in _KINDS or dtype.itemsize == 0:
        if dtype.kind not in "US":
            raise ValueError("not an array of numbers or texts")
        size = math.prod(text["shape"])  # texts without a letter take no room
        if size > MOST:
            raise ValueError("larger than what is written")
        return np.zeros(_shape(text, size), dtype)
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
    value = Decimal(held[:_LONGEST_NUMBER])
    if value.is_finite() and value and abs(value.adjusted()) > _LARGEST_EXPONENT:
        raise ValueError("as a fraction it would fill the memory")
    return value


def _read_str(held: object, text: dict, _: Any) -> str:
    if not isinstance(held, str):
        raise ValueError("not a text")
    return held


_READERS = {
    "int": lambda held, text, part: _whole(held),
    "float": lambda held, text, part: float.fromhex(held),
    "str": _read_str,
    "bytes": lambda held, text, part: base64.b64decode(held, validate=True),
    "fraction": lambda held, text, part: Fraction(_whole(held[0]), _whole(held[1]) or 1),
    "decimal": _read_decimal,
    "tuple": lambda held, text, part: tuple(part(each) for each in held),
    "list": lambda held, text, part: [part(each) for each in held],
    "set": lambda held, text, part: {part(each) for each in _few(held)},
    "frozenset": lambda held, text, part: frozenset(part(each) for each in _few(held)),
    "dict": lambda held, text, part: {part(key): part(value) for key, value in _few(held)},
    "array": _read_array,
    "objects": _read_objects,
    "scalar": lambda held, text, part: part(held)[()],
    "other": _read_other,
}
