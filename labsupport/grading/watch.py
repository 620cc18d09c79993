"""Whose hands were in the libraries: functions that are no longer the ones that were imported."""

from __future__ import annotations

import builtins
import math
import sys
from decimal import Decimal
from fractions import Fraction
from types import ModuleType

import numpy as np

_OWN = ("labsupport.grading", "labsupport.show", "labsupport.workspace", "labsupport.cli")
_TYPES = ("bool", "enumerate", "float", "int", "list", "range", "tuple")
_FUNCTIONS = ("abs", "all", "any", "isinstance", "issubclass", "len", "max", "min", "round", "sum")
_BUILTINS = _TYPES + _FUNCTIONS

_places: dict[str, object] = {}
_snapshot: dict[str, dict] = {}
_homemade: list[str] = []


def watch() -> None:
    """Remember what the questions lean on, as it is now: called once all of them are imported.

    That is every module of the lab that their imports brought in, the classes that these define,
    and what a student might reach for in numpy and Python itself. Nothing is listed, so nothing is
    missing.
    """
    modules = [module for name, module in list(sys.modules.items()) if _is_logic(name)]
    classes = [
        thing
        for module in modules
        for thing in vars(module).values()
        if isinstance(thing, type) and thing.__module__ == module.__name__
    ]
    for place in (*modules, *classes, np, np.random, math, Fraction, Decimal, builtins):
        _places[_name(place)] = place
        _snapshot[_name(place)] = _contents(place)
    _homemade.extend(
        f"{place}.{name}"
        for place, names in _snapshot.items()
        for name, thing in names.items()
        if _is_homemade(thing)
    )


def foreign_hands() -> str | None:
    """The name of a library function that is no longer the library's own, or None.

    What was replaced since watch() is not the same thing any more. What was replaced before is
    known by where it was written, in the notebook itself; a library's function that was put in the
    place of another one by then is not.
    """
    for place, names in _snapshot.items():
        now = vars(_places[place])
        for name, thing in names.items():
            if now.get(name) is not thing:
                return f"{place}.{name}"
    return next(iter(_homemade), None)


def _is_logic(name: str) -> bool:
    return name.startswith("labsupport.") and not name.startswith(_OWN)


def _is_homemade(thing: object) -> bool:
    return getattr(thing, "__module__", None) == "__main__"


def _name(place: object) -> str:
    if isinstance(place, ModuleType):
        return place.__name__
    return f"{place.__module__}.{place.__qualname__}"


def _contents(place: object) -> dict:
    if place is builtins:
        return {name: getattr(builtins, name, None) for name in _BUILTINS}
    if isinstance(place, type):
        return dict(vars(place))
    return {
        name: thing
        for name, thing in vars(place).items()
        if not name.startswith("__") and callable(thing)
    }
