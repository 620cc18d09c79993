"""Reading what a student's function returned: a plain value, or a hint on what else it was."""

from __future__ import annotations

import math
import sys
from collections.abc import Collection
from decimal import Decimal
from fractions import Fraction

import numpy as np


class Wrong(Exception):  # noqa: N818 - it ends a check, it is not an error of the program
    """The answer is wrong; the text is the hint, `mistake` the name of the mistake where it is
    known.
    """

    def __init__(self, hint: str, mistake: str = "") -> None:
        super().__init__(hint)
        self.mistake = mistake


def an_object(value: object) -> str:
    """What kind of thing this is, with its article."""
    value = _unwrapped(value)
    kind = type(value).__name__
    if issubclass(type(value), bool | np.bool_):
        return "True or False"
    if issubclass(type(value), int | float | np.number):
        return "a single number"
    return "nothing (None)" if value is None else f"{'an' if kind[:1] in 'aeiou' else 'a'} {kind}"


def number(value: object, name: str, cause: str = "") -> int | float | Fraction:
    """Read one finite number as a plain int, float or Fraction, whatever clever type it came in;
    Wrong otherwise.

    `cause` ends the hint for a number that is not finite.
    """
    if value is None:
        raise Wrong(f"the {name} is None; is a return missing?")
    value = _unwrapped(value)
    if issubclass(type(value), bool | np.bool_):
        raise Wrong(f"the {name} is True or False; it should be a number.")
    plain = _plain(value)
    if plain is None:
        raise Wrong(f"the {name} is {an_object(value)}; it should be one number.")
    try:
        finite = math.isfinite(plain)
    except OverflowError:
        raise Wrong(
            f"the {name} is larger than any float can be; look again at how it comes about."
        ) from None
    if not finite:
        raise Wrong(f"the {name} is not a finite number{cause}.")
    return plain


def _plain(value: object) -> int | float | Fraction | None:
    kind = type(value)  # not isinstance: an object can claim another class
    if issubclass(kind, float):
        return float.__add__(
            value, 0.0
        )  # not float(value): a subclass may have its own idea of what it is
    if issubclass(kind, int):
        return int.__add__(value, 0)
    if kind is Fraction:
        return value
    if kind is Decimal:
        return Fraction(value) if value.is_finite() else math.nan
    if kind.__module__ == "numpy" and issubclass(kind, np.integer | np.floating):
        return int(value) if issubclass(kind, np.integer) else float(value)
    return None


def _unwrapped(value: object) -> object:
    """What an array without an axis holds, as np.where and np.array return it of one thing."""
    return value[()] if type(value) is np.ndarray and value.shape == () else value


def whole_number(value: object, name: str, otherwise: str) -> int:
    """Read a whole number as an int, whatever type it came in; Wrong with `otherwise` if it is a
    number and not whole.
    """
    plain = number(value, name)
    if plain != math.floor(plain):
        raise Wrong(otherwise)
    return int(plain)


def text(value: object, name: str) -> str:
    """Read text, numpy's and an enum's included, as a plain str; Wrong otherwise."""
    value = _unwrapped(value)
    if value is None:
        raise Wrong(f"the {name} is None; is a return missing?")
    if not issubclass(type(value), str):
        raise Wrong(f"the {name} is {an_object(value)}; it should be text.")
    return str.__str__(value)  # not str(value): a subclass may have its own idea of what it is


def one_of(value: object, name: str, texts: Collection[str]) -> str:
    """Read one of a question's texts; Wrong otherwise."""
    said = text(value, name)
    if said not in texts:
        raise Wrong(f"the {name} is none of the question's texts, letter by letter.")
    return said


def parts_of(value: object) -> list | None:
    """What a tuple, a list, an array, or a column of pandas holds, subclasses included; None
    otherwise.

    Of an array with two axes it is the rows: a list of pairs, as np.array makes it.
    """
    for kind in (tuple, list, np.ndarray, *_columns()):
        if issubclass(type(value), kind):
            if kind is np.ndarray and value.ndim == 0:
                return None
            return list(kind.__iter__(value))  # not iter(value): a subclass may have its own
    return None


def _columns() -> tuple[type, ...]:
    """The columns of pandas, if the student's kernel has loaded it: nothing here does."""
    pandas = sys.modules.get("pandas")
    return (pandas.Series, pandas.Index) if pandas else ()


def listed(value: object, what: str) -> list:
    """The parts of a list, see parts_of; Wrong with `what` it should hold otherwise."""
    items = parts_of(value)
    if items is None:
        raise Wrong(f"the answer is {an_object(value)}, not a list; it should hold {what}.")
    return items


def listed_numbers(value: object, what: str, name: str) -> list[int]:
    """The parts of a list as whole numbers; Wrong otherwise."""
    not_whole = f"the list holds numbers that are not whole; it should hold {what}."
    return [whole_number(part, name, not_whole) for part in listed(value, what)]


def pair(value: object, names: tuple[str, str]) -> list:
    """Read two values from whatever holds two parts, see parts_of; Wrong otherwise."""
    both = f"({names[0]}, {names[1]})"
    if value is None:
        raise Wrong(f"your function returned None; is a return missing? It should return {both}.")
    items = parts_of(value)
    if items is None:
        raise Wrong(
            f"your function returned {an_object(value)}; it should return two values, {both}."
        )
    if len(items) != len(names):
        raise Wrong(f"your function did not return two values; it should return {both}.")
    return items


def truth(value: object, name: str) -> bool:
    """Read True or False, numpy's included; Wrong otherwise."""
    value = _unwrapped(value)
    if value is True or value is False:
        return value
    if type(value) is np.bool_:
        return value.item()
    if value is None:
        raise Wrong(f"the {name} is None; is a return missing? It should be True or False.")
    raise Wrong(f"the {name} is {an_object(value)}; it should be True or False.")


def a_number(name: str):
    """read(value) for a question whose answer is one number, called so in the hints."""
    return lambda value: float(number(value, name))


def a_pair(*names: str):
    """read(value) for a question whose answer is two numbers, called so in the hints."""

    def read(value) -> tuple[float, float]:
        parts = zip(pair(value, names), names, strict=True)
        return tuple(float(number(part, name)) for part, name in parts)

    return read
