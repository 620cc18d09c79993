"""A package that loads a module when one of its names is asked for, and not before."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module


def by_name(
    package: str, names: Mapping[str, tuple[str, ...]]
) -> tuple[list[str], Callable[[str], object], Callable[[], list[str]]]:
    """What such a package assigns to `__all__`, `__getattr__` and `__dir__`.

    Parameters
    ----------
    package : its `__name__`.
    names : {module in it: the public names that the module has}.
    """
    home = {name: module for module, public in names.items() for name in public}

    def get(name: str) -> object:
        if name not in home:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(f"{package}.{home[name]}"), name)

    def names_of() -> list[str]:
        return sorted({*vars(import_module(package)), *home})

    return sorted(home), get, names_of
