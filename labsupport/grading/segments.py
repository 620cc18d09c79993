"""Holdouts with slices, and the gate that asks every slice, with each of its parts open to another
idea.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from labsupport.exact import as_written
from labsupport.intervals import mcnemar
from labsupport.outcomes import PairedOutcomes
from labsupport.slices import holm

NAMES = ("north", "south", "east", "west", "coast", "inland", "city", "island")
SIZES = 60, 120  # rows of a slice on which both models are right, and on which neither is
ROWS = 2000  # of a whole holdout, unless the case is about that
CALM = [(9, 8), (6, 7), (10, 10)]


@cache
def sign_test(better: int, worse: int) -> float:
    """The exact two-sided p-value of these discordant pairs."""
    return mcnemar(PairedOutcomes(0, better, worse, 0))


def reaches_margin(outcomes, margin) -> bool:
    """Whether the gain on all rows is at least the margin as it is written."""
    return outcomes.exact_gain >= as_written(margin)


def judge(
    clears=reaches_margin,
    p_value=sign_test,
    adjust=holm,
    counted=lambda part: True,
    is_loss=lambda part: part.exact_gain < 0,
    establishes=lambda p, level: p <= level,
    join=lambda gain, safe: gain and safe,
):
    """The slice gate, with each part open to another idea; p_value(better, worse)."""

    def answer(outcomes, margin, level):
        slices = {name: part for name, part in outcomes.slices.items() if counted(part)}
        adjusted = adjust(np.array([p_value(*part.cells[1:3]) for part in slices.values()]))
        lost = [
            name
            for (name, part), p in zip(slices.items(), adjusted, strict=True)
            if establishes(p, level) and is_loss(part)
        ]
        return join(clears(outcomes, margin), not lost), lost

    return answer


right_answer = judge()


def segments(pairs, ahead, margin=0.01, level=0.05, rows=ROWS, sizes=SIZES):
    """Slices with these pairs (candidate only, baseline only), in an order of its own, in a holdout
    that ends up `ahead` right answers in front.
    """

    def given(rng):
        parts = []
        for better, worse in pairs:
            both, neither = (int(k) for k in rng.integers(sizes[0], sizes[1] + 1, 2))
            parts.append(PairedOutcomes(both, better, worse, neither))
        rest = ahead - sum(part.candidate_only - part.baseline_only for part in parts)
        spare = 5 if rows > 100 else 0
        whole = sum(parts) + PairedOutcomes(0, max(rest, 0) + spare, max(-rest, 0) + spare, 0)
        whole = whole + PairedOutcomes(rows - whole.n, 0, 0, 0)
        order = rng.permutation(len(parts)).tolist()
        names = NAMES if len(parts) <= len(NAMES) else [f"slice {i}" for i in range(len(parts))]
        slices = {names[place]: parts[i] for place, i in enumerate(order)}
        return PairedOutcomes(*whole.cells, slices=slices), margin, level

    return given


# What is special: pairs of each slice, right answers ahead on all rows; then the margin and the
# level, where they are not the usual ones.
HOLDOUTS = {
    "a gain that no slice pays for": segments([*CALM, (8, 5)], 40),
    "a gain that one slice pays for": segments([*CALM, (3, 20)], 40),
    "a gain that falls short of the margin": segments(CALM, 19),
    "no gain, and a slice that lost": segments([*CALM, (2, 22)], -30),
    "a loss that only looks like one among many": segments([*CALM, (4, 13), (9, 9), (7, 6)], 50),
    "a second loss that only looks like one": segments([*CALM, (1, 12), (5, 17)], 50),
    "a slice that gained much": segments([*CALM, (25, 4)], 50),
    "two slices that lost": segments([*CALM, (2, 20), (6, 20), (8, 8)], 60),
    "two slices that lost, one just so": segments([(1, 14), (5, 19), (20, 19)], 60),
    "the largest loss in doubt and a smaller one certain": segments([(7, 18), (0, 10), (9, 9)], 60),
    "slices on which the models never differ": segments([(0, 0), (0, 0), (0, 7), (3, 3)], 30),
    "two slices that lost and two that gained": segments([(2, 15), (18, 3), (16, 4), (5, 16)], 45),
    "a loss among slices that gained": segments(
        [(9, 5), (8, 6), (10, 7), (7, 6), (12, 9), (3, 12)], 40
    ),
    "a loss among smaller losses": segments([(4, 14), (8, 9), (7, 8)], 40),
    "two losses, one like the other": segments(
        [(1, 9), (2, 11), (9, 9)], 40
    ),  # times less, it falls below
    "a stricter level": segments([*CALM, (3, 18)], 40, 0.01, 0.001),
    "a looser level": segments([*CALM, (5, 14)], 40, 0.01, 0.2),
    "a loss that just misses the level": segments([*CALM, (6, 16)], 40, 0.01, 0.2),
    "a single slice, exactly at the level": segments([(0, 5)], 40, 0.01, 0.0625),
    "a single slice of more pairs, exactly at a strict level": segments(
        [(0, 11)], 40, 0.01, 2.0**-10
    ),
    "a loss that is sure enough, with slices that are calm": segments(
        [*CALM, (3, 18)], 40, 0.01, 0.0089
    ),  # 4 times its p-value, and 5 times, are below the level; 8 times is not
    "a margin below zero": segments(CALM, -8, -0.005),
    "a loss on a holdout whose gain is nearly zero, with a margin below zero": segments(
        [(2, 12), (9, 8), (10, 10)], 2, -0.005
    ),
}
BIG = (9_000, 11_000)
EDGES = {
    "a sure loss of less than the margin, in a large slice": segments(
        [*CALM, (5, 32)], 1500, rows=99_991, sizes=BIG
    ),
    "a sure loss in a large slice, less than a margin below zero tolerates": segments(
        [*CALM, (5, 32)], 1500, margin=-0.01, rows=99_991, sizes=BIG
    ),
    "a gain that rounding would lift to the margin": segments(CALM, 100, margin=0.005, rows=20_011),
    "a gain just above the margin": segments(CALM, 101, margin=0.005, rows=20_011),
    "a gain one row short of the margin, on many rows": segments(
        CALM, 9_999_999, rows=1_000_000_000
    ),
    "a gain of exactly the margin, on many rows": segments(CALM, 10_000_000, rows=1_000_000_000),
    "a margin of zero, and no gain": segments(CALM, 0, margin=0.0, rows=1999),
    "a margin of zero, and a row lost": segments(CALM, -1, margin=0.0, rows=1999),
    "a loss that a margin below zero tolerates": segments(CALM, -9, margin=-0.005, rows=1999),
    "a loss one row too large for a margin below zero": segments(
        CALM, -10, margin=-0.005, rows=1999
    ),
    "a margin below zero, and a slice that lost": segments(
        [*CALM, (2, 22)], -5, margin=-0.01, rows=1999
    ),
    "a margin of few rows": segments(CALM, 1, margin=0.0005, rows=1999),
    "slices of which two are exactly at the level": segments(
        [(0, 6), (0, 5)], 40, level=0.0625, rows=2003
    ),
    "two slices, one of them exactly at the level": segments(
        [(0, 5), (3, 3)], 40, level=0.125, rows=2003
    ),
    "two slices, both far from the level": segments([(0, 30), (3, 3)], 40, level=1e-6, rows=2003),
    "a very strict level": segments([*CALM, (1, 40)], 60, level=1e-9, rows=2003),
    "a very loose level": segments(CALM, 40, level=0.95, rows=2003),
    "many slices": segments([*CALM * 10, (2, 22)], 99, rows=16_001),
    "many slices, and a loss that only looks like one": segments(
        [*CALM * 10, (5, 19)], 99, rows=16_001
    ),
    "slices of a few rows": segments([(0, 1), (1, 0), (0, 0)], 1, rows=23, sizes=(1, 2)),
    "slices on which every row tells the models apart": segments(
        [(3, 20), (12, 9)], 40, rows=2003, sizes=(0, 0)
    ),
    "slices that all lost": segments([(0, 14), (1, 16), (2, 19)], 40, rows=2003),
    "slices that all gained": segments([(14, 0), (16, 1), (19, 2)], 60, rows=2003),
    "a single slice that lost": segments([(3, 15)], 40, rows=2003),
}


def tied(falls_short: bool):
    """A gain of exactly the margin, of which the difference of two floats falls short, or not."""

    def given(rng):
        while True:
            outcomes, margin, level = segments(CALM, 20)(rng)
            if (outcomes.candidate_accuracy - outcomes.baseline_accuracy < margin) is falls_short:
                return outcomes, margin, level

    return given


def of_all_kinds(rng):
    """A holdout of two to seven slices, of any sizes and gains."""
    sizes = rng.integers(5, 40, int(rng.integers(2, 8)))
    better = rng.binomial(sizes, rng.uniform(0.05, 0.7, len(sizes)))
    pairs = list(zip(better.tolist(), (sizes - better).tolist(), strict=True))
    margin, level = rng.choice([-0.005, 0.005, 0.01, 0.02]), rng.choice([0.01, 0.05, 0.1])
    return segments(pairs, int(rng.integers(-10, 60)), float(margin), float(level))(rng)
