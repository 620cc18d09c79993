"""Numbers that were rounded or cut off, told by what they are: near the right ones, with few
digits.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from labsupport.grading.exercise import Mistake, Told, mistake

HINT = (
    "These are near, but rounded or of low precision; keep all digits and round only what is shown."
)
DECIMALS, SIGNIFICANT = range(11), range(1, 10)


def rounded(*answers: Callable, hint: str = HINT) -> Mistake:
    """The mistake "rounded", with answers that make it; known by few digits, never by nearness
    alone.
    """
    return mistake("rounded", hint, *answers, when=is_rounded)


def then(answer: Callable, change: Callable[[float], float]) -> Callable:
    """The answer with a change made to each of its numbers."""

    def numbers(value):
        if isinstance(value, tuple | list | np.ndarray):
            return tuple(numbers(part) for part in value)
        return change(float(value))

    return lambda *given: numbers(answer(*given))


def roundings(answer: Callable, *decimals: int) -> tuple[Callable, ...]:
    """The answer with its numbers rounded: to so many decimals, to three digits, to float32."""
    ways = [lambda x, d=d: round(x, d) for d in decimals]
    ways += [lambda x: float(f"{x:.3g}"), lambda x: float(np.float32(x))]
    return tuple(then(answer, way) for way in ways)


def is_rounded(told: Sequence[Told]) -> bool:
    """Whether the right numbers came with fewer digits: all, or all in one place of a pair."""
    places: dict[int, list[tuple[float, float]]] = {}
    for case, said in told:
        for place, number, right in _numbers(said, case.expected):
            places.setdefault(place, []).append((number, right))
    off = [pairs for pairs in places.values() if not all(_equal(*pair) for pair in pairs)]
    return bool(off) and all(map(_few_digits, off))


def _few_digits(pairs: list[tuple[float, float]]) -> bool:
    said, right = map(set, zip(*pairs, strict=True))
    if len(said - {0.0}) < min(2, len(right - {0.0})):
        return False  # one and the same number, or none, is near some of them by chance
    return any(all(way(*pair) for pair in pairs) for way in WAYS)


def _equal(a: float, b: float) -> bool:
    return math.isclose(a, b, rel_tol=1e-12, abs_tol=1e-300)


def has_decimals(value: float, decimals: int) -> bool:
    """Whether the number has no more decimals than that, but for the last bits of a float."""
    return math.isclose(round(value, decimals), value, rel_tol=1e-13, abs_tol=1e-14)


def _numbers(said, expected) -> Iterator[tuple[int, float, float]]:
    """(place, number, right number): the place in a tuple; those of a list share one."""
    if isinstance(said, str):
        yield 0, math.nan, math.nan
    elif not isinstance(said, tuple | list):
        yield 0, float(said), float(expected)
    elif len(said) != len(expected):
        yield 0, math.nan, math.nan
    else:
        for i, (number, right) in enumerate(zip(said, expected, strict=True)):
            yield i if isinstance(said, tuple) else 0, float(number), float(right)


def _to_decimals(decimals: int) -> Callable[[float, float], bool]:
    unit = 10.0**-decimals
    return lambda a, b: has_decimals(a, decimals) and abs(a - b) < unit


def _to_digits(digits: int) -> Callable[[float, float], bool]:
    def way(a, b):
        if not (a and b and math.isfinite(a)):
            return False
        unit = 10.0 ** (math.floor(math.log10(abs(b))) - digits + 1)
        return math.isclose(float(f"{a:.{digits}g}"), a, rel_tol=1e-14) and abs(a - b) < unit

    return way


def _single(a: float, b: float) -> bool:
    return float(np.float32(a)) == a and math.isclose(a, b, rel_tol=1e-6)


WAYS = (*map(_to_decimals, DECIMALS), *map(_to_digits, SIGNIFICANT), _single)
