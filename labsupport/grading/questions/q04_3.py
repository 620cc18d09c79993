"""Exercise 04, question 3: a sum that has the same bits however the numbers are spread over
workers.

There are many ways to add, so a wrong answer is not recognised by its value. It is recognised by
what changes it: the order of the shards, what is in them, how far apart the numbers are.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from labsupport.grading.calling import ask
from labsupport.grading.old import Case, Wrong, question
from labsupport.grading.readers import number

_ORDINARY, _MIXED = "ordinary numbers", "numbers of very different size"
_N_ORDINARY, _N_MIXED, _ORDERS = (
    4,
    3,
    3,
)  # sets of numbers of each kind; orders of arrival of one and the same split


@dataclass(frozen=True)
class _Arrangement:
    """A set of numbers, cut into shards in one way, arriving in one order."""

    numbers: int
    split: int
    case: Case


def _drawn(rng: np.random.Generator, kind: str) -> np.ndarray:
    """Float32 numbers, some of them equal.

    Those of very different size cancel in pairs but for two. Those two add up to the middle between
    two float32 numbers, and the small ones to a few units in the last place of a float64. So none
    may be lost, whatever is added first.
    """
    small = rng.uniform(0.1, 2, 150).astype(np.float32)
    small[:9] = small[9:18]
    if kind == _ORDINARY:
        return small
    large = rng.uniform(1, 2, 25) * 2.0 ** rng.integers(20, 121, 25)
    stay = [2.0**57 + 2.0**35 * rng.integers(2**21), 2.0**33]
    return np.concatenate([small, large, -large, stay]).astype(np.float32)


def _frozen(part: np.ndarray) -> np.ndarray:
    return np.frombuffer(part.tobytes(), np.float32)


def _arrangements(rng: np.random.Generator) -> list[_Arrangement]:
    found = []
    for i, kind in enumerate([_ORDINARY] * _N_ORDINARY + [_MIXED] * _N_MIXED):
        numbers = _drawn(rng, kind)
        exact = math.fsum(numbers.tolist())
        for split, workers in enumerate((1, 1, 1, 3, 5, 8)):
            cuts = np.sort(rng.integers(0, len(numbers) + 1, workers - 1))
            shards = [_frozen(part) for part in np.split(rng.permutation(numbers), cuts)]
            if workers == 8:
                shards.append(_frozen(numbers[:0]))
            for _ in range(1 if workers == 1 else _ORDERS):
                arrived = tuple(shards[j] for j in rng.permutation(len(shards)))
                found.append(_Arrangement(i, split, Case(kind, (arrived,), exact)))
    return found


def _right(said: float, exact: float) -> bool:
    """Whether this is the exact sum, rounded once: to float64, or on to the shards' own float32."""
    return said == exact or said == float(np.float32(exact))


def _looks_rounded(said: float) -> bool:
    digits = any(math.isclose(round(said, d), said, rel_tol=1e-12) for d in range(8))
    return digits or any(float(np.float32(round(said, d))) == said for d in range(5))


def _same_within(told: list, key) -> bool:
    """Whether all answers about arrangements with the same key are the same."""
    answers: dict = {}
    for arrangement, value in told:
        answers.setdefault(key(arrangement), set()).add(value)
    return all(len(values) == 1 for values in answers.values())


def _hint(told: list[tuple[_Arrangement, float]]) -> str:
    ordinary = [(a, value) for a, value in told if a.case.about == _ORDINARY]
    if any(abs(value - a.case.expected) > 1 for a, value in ordinary):
        return "This is not the sum of all numbers of all shards, not even roughly, on ordinary numbers."
    if all(_looks_rounded(value) for _, value in ordinary):
        return "Rounding hides most differences and costs digits: close to an edge two sums still part; add without rounding."
    if _same_within(told, lambda a: a.numbers):
        return "The bits are equal now, but the sum is not exact: small numbers still get lost beside large ones."
    if all(_right(value, a.case.expected) for a, value in told if len(a.case.args[0]) == 1):
        return "Each shard is added without rounding, but then its sum is rounded, before the other shards have come."
    if _same_within(told, lambda a: (a.numbers, a.split)):
        return "The order of the shards no longer matters, but what is in them does: a shard's own sum is rounded already."
    if _same_within(ordinary, lambda a: a.numbers):
        return "More digits make a difference rarer, not impossible: let large numbers cancel, and the order shows again."
    return "Numbers are added as they come, and each addition rounds: other shards or another order give other bits."


@question("04.3")
def _same_sum(answer, rng) -> str:
    arrangements = _arrangements(rng)
    said = ask(answer, [a.case for a in arrangements], lambda value: float(number(value, "sum")))
    told = list(zip(arrangements, said, strict=True))
    if not all(_right(value, a.case.expected) for a, value in told):
        raise Wrong(_hint(told))
    return "One to nine shards in any order: the bits are equal, and the sum is exact up to one rounding."
