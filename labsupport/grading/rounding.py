"""Numbers that were rounded or cut off, told by what they are: near the right ones, with few
digits.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from labsupport.grading.exercise import Mistake, Told, mistake

HINT = "These are near, but rounded or of low precision; keep all digits and round only what is shown."
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
    """Whether each number is right, or the right one with fewer digits, and at least one is the
    latter.
    """
    pairs = [pair for case, said in told for pair in _numbers(said, case.expected)]
    off = [(a, b) for a, b in pairs if not math.isclose(a, b, rel_tol=1e-12, abs_tol=1e-300)]
    if not off or len({a for a, _ in pairs}) < min(2, len({b for _, b in pairs})):
        return False  # one and the same number everywhere is near some of them by chance
    return any(all(way(a, b) for a, b in off) for way in WAYS)


def has_decimals(value: float, decimals: int) -> bool:
    """Whether the number has no more decimals than that, but for the last bits of a float."""
    return math.isclose(round(value, decimals), value, rel_tol=1e-13, abs_tol=1e-14)


def _numbers(said, expected) -> Iterator[tuple[float, float]]:
    if isinstance(said, tuple | list):
        if isinstance(expected, tuple | list) and len(said) == len(expected):
            for part, right in zip(said, expected, strict=True):
                yield from _numbers(part, right)
        else:
            yield math.nan, math.nan
    elif isinstance(said, str):
        yield math.nan, math.nan
    else:
        yield float(said), float(expected)


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
