"""02.3: a candidate that only the plain gate lets through."""

from __future__ import annotations

from functools import cache

import numpy as np

from labsupport.gate import Policy, gate
from labsupport.grading.calling import ask_for_one
from labsupport.grading.exercise import Case, Question, mistake
from labsupport.grading.readers import number, pair
from labsupport.intervals import gain_interval
from labsupport.outcomes import PairedOutcomes
from labsupport.training import fit_logistic, predict
from labsupport.world import World


def read(value) -> tuple:
    found = zip(pair(value, ("seed", "n")), ("seed", "n"), strict=True)
    plain = [number(part, name) for part, name in found]
    return tuple(int(part) if part == int(part) else part for part in plain)


@cache
def scene() -> tuple[World, np.ndarray]:
    """The chapter's world, and the baseline's predictions on its holdout."""
    world = World.create()
    return world, predict(fit_logistic(world.sample(1, 600)), world.holdout)


@cache
def trained(seed: int, n: int) -> PairedOutcomes:
    world, baseline = scene()
    candidate = predict(fit_logistic(world.sample(seed, n)), world.holdout)
    return PairedOutcomes.from_predictions(world.holdout.y, candidate, baseline)


def decision(seed, n, confidence):
    policy = Policy(min_gain=0.005, max_gap=None, confidence=confidence)
    return gate(trained(seed, n), policy)


def plainly_promoted(seed, n) -> bool:
    return decision(seed, n, None).decision == "promote"


def beyond_doubt(seed, n) -> bool:
    return decision(seed, n, 0.95).decision == "promote" or gain_interval(trained(seed, n)).low > 0


def right(case: Case, said) -> bool:
    unfair = any(one.when([(case, said)]) for one in UNFAIR)
    return not unfair and plainly_promoted(*said) and not beyond_doubt(*said)


def verified(told) -> str:
    plain, strict = (decision(*told[0].said, confidence) for confidence in (None, 0.95))
    return (
        f"The plain gate says {plain.reason}, the strict one {strict.decision}: zero is in the "
        "interval."
    )


def known(name, hint, where, *pairs):
    """A mistake in a seed and a number of rows, with pairs that make it."""
    answers = (lambda pair=pair: pair for pair in pairs)
    return mistake(name, hint, *answers, when=lambda told: where(*told[0][1]))


UNFAIR = [
    known(
        "not whole numbers",
        "Seed and n are whole numbers, as the sample method of the world takes them.",
        lambda seed, n: type(seed) is not int or type(n) is not int,
        (12.5, 2000),
        (13, 2000.5),
    ),
    known("negative seed", "A seed is zero or more.", lambda seed, n: seed < 0, (-1, 2000)),
    known(
        "n out of bounds",
        "Keep n within the bounds of the question.",
        lambda seed, n: not 50 <= n <= 20_000,
        (12, 20),
        (12, 50_000),
    ),
    known(
        "seed of the holdout",
        "That seed made the world: training on it draws rows of the holdout again, which is a "
        "leak.",
        lambda seed, n: seed == 7,
        (7, 4000),
    ),
    known(
        "seed of the baseline",
        "That seed made the baseline: compare it with a candidate that was trained on other rows.",
        lambda seed, n: seed == 1,
        (1, 600),
    ),
    known(
        "seed of the lesson",
        "That seed is the lesson's; find one of your own, by hand or with a loop.",
        lambda seed, n: seed == 12,
        (12, 2000),
    ),
]

QUESTION = Question(
    "02.3",
    lambda rng: [Case("", ())],
    read=read,
    right=right,
    ask=ask_for_one,
    verified=verified,
    mistakes=[
        *UNFAIR,
        known(
            "below the margin",
            "The plain gate does not promote this one: its measured gain is below the margin.",
            lambda *pair: not plainly_promoted(*pair),
            (99, 120),
        ),
        known(
            "better beyond doubt",
            "The plain gate promotes it, but it is better beyond doubt: its interval leaves zero "
            "out.",
            beyond_doubt,
            (2, 8000),
        ),
    ],
)
