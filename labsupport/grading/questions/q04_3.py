"""04.3: a sum that has the same bits however the numbers are spread over workers.

There are many ways to add, so a wrong answer is not recognised by its value. It is recognised by
what changes it: the order of the shards, what is in them, how far apart the numbers are.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from labsupport.grading.draws import on_edges
from labsupport.grading.exercise import Case, Question, Told, mistake
from labsupport.grading.readers import a_number

ORDINARY, MIXED = "ordinary numbers", "numbers of very different size"
SETS = (ORDINARY,) * 4 + (MIXED,) * 3
WORKERS = (1, 1, 1, 3, 5, 8)  # of each set, one split each
ORDERS = 3  # in which the shards of a split arrive


@dataclass(frozen=True)
class Arrangement(Case):
    """A set of numbers, cut into shards in one way, arriving in one order."""

    numbers: int = 0
    split: int = 0


def draw(rng: np.random.Generator, kind: str) -> np.ndarray:
    """Float32 numbers, some of them equal.

    Those of very different size cancel in pairs but for two. Those two add up to the middle between
    two float32 numbers, and the small ones to a few units in the last place of a float64. So none
    may be lost, whatever is added first.
    """
    small = rng.uniform(0.1, 2, 150).astype(np.float32)
    small[:9] = small[9:18]
    if kind == ORDINARY:
        return small
    large = rng.uniform(1, 2, 25) * 2.0 ** rng.integers(20, 121, 25)
    stay = [2.0**57 + 2.0**35 * rng.integers(2**21), 2.0**33]
    return np.concatenate([small, large, -large, stay]).astype(np.float32)


def frozen(part: np.ndarray) -> np.ndarray:
    return np.frombuffer(part.tobytes(), np.float32)


def cases(rng) -> list[Arrangement]:
    drawn = []
    for i, kind in enumerate(SETS):
        numbers = draw(rng, kind) * np.float32((-1) ** i)  # every other set is negative
        exact = math.fsum(numbers.tolist())
        for split, workers in enumerate(WORKERS):
            cuts = np.sort(rng.integers(0, len(numbers) + 1, workers - 1))
            shards = [frozen(part) for part in np.split(rng.permutation(numbers), cuts)]
            if workers == 8:
                shards.append(frozen(numbers[:0]))
            for _ in range(1 if workers == 1 else ORDERS):
                arrived = tuple(shards[j] for j in rng.permutation(len(shards)))
                drawn.append(Arrangement(kind, (arrived,), exact, i, split))
    return drawn


def case(about, shards) -> Case:
    return Case(about, (shards,), math.fsum(float(x) for shard in shards for x in shard))


def cut(numbers: Callable, workers: int = 4):
    """numbers(rng) in random order, cut into shards of any size."""

    def given(rng):
        shuffled = rng.permutation(np.asarray(numbers(rng), dtype=np.float32))
        cuts = np.sort(rng.integers(0, len(shuffled) + 1, workers - 1))
        return (tuple(frozen(part) for part in np.split(shuffled, cuts)),)

    return given


def in_threes(rng) -> np.ndarray:
    """Each large number and two smaller ones cancel, without any two that do."""
    a = 2.0 ** rng.integers(30, 110, 20)
    b = a * rng.integers(3, 2**20, 20) * 2.0**-22
    return np.concatenate([a, b, -(a + b), rng.uniform(0.1, 2, 40)])


def tiny(rng) -> np.ndarray:
    """Numbers down to the smallest one that a float32 can hold."""
    return 2.0 ** rng.integers(-149, -120, 60) * rng.choice([-1, 1, 1], 60)


def tiny_beside_large(rng) -> np.ndarray:
    large = rng.uniform(1, 2, 10) * 2.0 ** rng.integers(60, 121, 10)
    return np.concatenate([large, -large, [2.0**-149, 2.0**-140], 2.0**-149 * np.ones(5)])


def cancelling(rng) -> np.ndarray:
    numbers = rng.uniform(1, 9e9, 40).astype(np.float32)
    return np.concatenate([numbers, -numbers])


def no_multiple_of_their_mean(rng) -> np.ndarray:
    """Numbers whose mean is rounded, so that it does not lead back to the sum."""
    while True:
        numbers = rng.uniform(0.1, 2, int(rng.integers(20, 99))).astype(np.float32)
        total = math.fsum(numbers.tolist())
        if total / len(numbers) * len(numbers) != total:
            return numbers


def beyond_float32(rng) -> np.ndarray:
    """The numbers added so far exceed every float32 in most orders, the sum does not."""
    large = rng.uniform(1.5, 2, 12) * 2.0**127
    return np.concatenate([large, -large, rng.uniform(0.1, 2, 9)])


EDGES = {
    "large numbers that cancel in threes": cut(in_threes),
    "tiny numbers": cut(tiny),
    "tiny numbers beside large ones that cancel": cut(tiny_beside_large),
    "large numbers of which two exceed every number of their own type": cut(beyond_float32),
    "numbers that cancel altogether": cut(cancelling),
    "numbers whose mean is rounded": cut(no_multiple_of_their_mean),
    "many equal numbers": cut(lambda rng: np.full(3000, rng.uniform(0.1, 0.9))),
    "zeros": cut(lambda rng: np.zeros(7)),
    "a single number": cut(lambda rng: rng.uniform(0.1, 2, 1), workers=1),
    "a hundred shards, many of them empty": cut(lambda rng: rng.uniform(-2, 2, 60), workers=100),
    "shards without a number": cut(lambda rng: np.empty(0)),
}


def otherwise(case: Case, said: float) -> str:
    return f"The sum is not exact, on {case.about}."


def right(case: Case, said: float) -> bool:
    """Whether this is the exact sum, rounded once: to float64, or on to the shards' own float32."""
    return said in (case.expected, float(np.float32(case.expected)))


def ordinary(told: Sequence[Told]) -> list[Told]:
    return [one for one in told if one.case.about == ORDINARY]


def not_the_sum(told) -> bool:
    return any(abs(said - case.expected) > 1 for case, said in ordinary(told))


def all_rounded(told) -> bool:
    return all(looks_rounded(said) for _, said in ordinary(told))


def looks_rounded(said: float) -> bool:
    digits = any(math.isclose(round(said, d), said, rel_tol=1e-12) for d in range(8))
    return digits or any(float(np.float32(round(said, d))) == said for d in range(5))


def same_within(told: Sequence[Told], key: Callable) -> bool:
    """Whether all answers about arrangements with the same key are the same."""
    answers: dict = {}
    for case, said in told:
        answers.setdefault(key(case), set()).add(said)
    return all(len(values) == 1 for values in answers.values())


def one_shard_is_right(told) -> bool:
    return all(right(case, said) for case, said in told if len(case.args[0]) == 1)


def together(add: Callable) -> Callable:
    """All shards put into one array first, then added in a way of one's own."""
    return lambda shards: add(np.concatenate(shards))


QUESTION = Question(
    "04.3",
    cases,
    read=a_number("sum"),
    same=lambda a, b: a == b,
    right=right,
    then=[on_edges(EDGES, case, otherwise, times=2, right=right)],
    verified="One to nine shards in any order: the bits are equal, and the sum is exact up to one "
    "rounding.",
    mistakes=[
        mistake(
            "not the sum",
            "This is not the sum of all numbers of all shards, not even roughly, on ordinary "
            "numbers.",
            lambda shards: 0.0,
            together(lambda numbers: math.fsum(set(numbers.tolist()))),
            together(lambda numbers: math.fsum(numbers) / len(numbers)),
            together(lambda numbers: math.fsum(abs(numbers))),
            when=not_the_sum,
        ),
        mistake(
            "rounded",
            "These sums have few digits: rounding hides most differences, and close to an edge two "
            "sums still part.",
            together(lambda numbers: round(float(numbers.sum()), 2)),
            together(lambda numbers: np.round(numbers.sum(), 3)),
            together(lambda numbers: float(f"{numbers.sum():.4g}")),
            together(lambda numbers: round(math.fsum(numbers), 6)),
            together(lambda numbers: int(numbers.sum())),
            when=all_rounded,
        ),
        mistake(
            "sorted before adding",
            "The bits are equal now, but the sum is not exact: what is rounded on the way, as a "
            "small number is beside a large one?",
            together(lambda numbers: np.sort(numbers).sum()),
            together(lambda numbers: sum(sorted(numbers.tolist()))),
            together(lambda numbers: sum(sorted(numbers.tolist(), key=lambda x: (-abs(x), x)))),
            together(lambda numbers: sum(sorted(numbers.tolist(), key=lambda x: (abs(x), x)))),
            when=lambda told: same_within(told, lambda case: case.numbers),
        ),
        mistake(
            "each shard's sum rounded",
            "A single shard is added right, several are not: what is rounded before the other "
            "shards "
            "have come?",
            lambda shards: sum(math.fsum(shard) for shard in shards),
            lambda shards: sum(sorted(np.float32(math.fsum(shard)) for shard in shards)),
            when=one_shard_is_right,
        ),
        mistake(
            "shards' sums sorted",
            "The order of the shards no longer matters, but what is in them does: is a shard's own "
            "sum rounded already?",
            lambda shards: np.sum(np.sort([shard.sum() for shard in shards])),
            lambda shards: math.fsum(shard.sum() for shard in shards),
            when=lambda told: same_within(told, lambda case: (case.numbers, case.split)),
        ),
        mistake(
            "more digits",
            "On ordinary numbers the bits are equal now; let large numbers cancel, and the order "
            "shows "
            "again: more digits do not help.",
            together(lambda numbers: sum(numbers.tolist())),
            together(lambda numbers: np.float32(numbers.sum(dtype=np.float64))),
            when=lambda told: same_within(ordinary(told), lambda case: case.numbers),
        ),
        mistake(
            "as they come",
            "Other shards or another order give other bits, even on ordinary numbers: which "
            "additions round?",
            together(np.sum),
            lambda shards: sum((shard.sum() for shard in shards), np.float32(0)),
            when=lambda told: True,
        ),
    ],
)
