"""What takes long is tried with SLOW=1 only: the same once more elsewhere, such as on more seeds or
in a second theme, and what needs minutes or a set-up of its own. A test or a parameter of it has
the mark `slow`. CI has SLOW=1 on one machine at each change, and on all of them once a week.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable

import pytest

SLOW = os.environ.get("SLOW", "") not in {"", "0"}


def some_slow(values: Iterable, at_once: Callable[[object], bool]) -> list:
    """Values for parametrize; those of which `at_once` is false are slow."""
    return [
        value
        if at_once(value)
        else pytest.param(
            *(value if isinstance(value, tuple) else (value,)), marks=pytest.mark.slow
        )
        for value in values
    ]


def one_in(count: int, values: Iterable) -> list:
    """Values for parametrize; of as many as `count` one is not slow."""
    values = list(values)
    return some_slow(values, values[::count].__contains__)


def split(items: list[pytest.Item]) -> tuple[list[pytest.Item], list[pytest.Item]]:
    """What is tried now, and what is not."""
    now, later = [], []
    for item in items:
        waits = item.get_closest_marker("slow") is not None
        (later if waits and not SLOW else now).append(item)
        if waits:
            item.user_properties.append(("slow", "yes"))  # guard.py counts it apart
    return now, later
