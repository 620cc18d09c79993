"""01.4: harm to a slice that accuracy cannot see, judged by the lab's own gate."""

from __future__ import annotations

from functools import cache

import numpy as np

from labsupport.gate import Policy, Verdict, gate
from labsupport.grading.calling import ask_for_one
from labsupport.grading.exercise import Case, Question, mistake
from labsupport.grading.readers import a_pair
from labsupport.outcomes import PairedOutcomes
from labsupport.slices import slice_gap_bound
from labsupport.training import fit_logistic, predict
from labsupport.world import World

FEWEST_ROWS = 30  # on fewer rows a gap is luck
POLICY = Policy(min_gain=0.005, max_gap=0.10)


@cache
def scene() -> tuple[World, np.ndarray, np.ndarray]:
    """The lab's world, build A's weights and the baseline's predictions."""
    world = World.create()
    baseline = predict(fit_logistic(world.sample(1, 600)), world.holdout)
    return world, fit_logistic(world.sample(2, 8000)), baseline


def inside(threshold: float) -> np.ndarray:
    return scene()[0].holdout.X[:, 0] < threshold


@cache
def judged(threshold: float, bias: float) -> Verdict:
    world, weights, baseline = scene()
    part = inside(threshold)
    candidate = predict(weights, world.holdout.X, offset=-bias * part)
    slices = {"slice": part, "rest": ~part}
    outcomes = PairedOutcomes.from_predictions(world.holdout.y, candidate, baseline, slices)
    return gate(outcomes, POLICY)


def too_large(threshold: float) -> bool:
    """Whether no model could pass on accuracy and fail on the gap."""
    world, _, baseline = scene()
    lowest = float(np.mean(baseline == world.holdout.y)) + POLICY.min_gain
    return slice_gap_bound(lowest, float(inside(threshold).mean())) <= POLICY.max_gap


def passed(threshold: float, bias: float) -> tuple:
    """Whether the gain passed, and whether the gap did."""
    return tuple(check.passed for check in judged(threshold, bias).checks)


def found(where):
    """The `when` of a property of the threshold and the bias that were found."""
    return lambda told: where(*told[0][1])


def known(name, hint, where, *pairs):
    """A mistake, with pairs that make it."""
    return mistake(name, hint, *(lambda pair=pair: pair for pair in pairs), when=found(where))


NOT_A_SLICE = [
    known(
        "negative bias",
        "A negative bias raises the slice's logits; the question lowers them.",
        lambda threshold, bias: bias < 0,
        (-2.0, -1.5),
    ),
    known(
        "no bias",
        "Without a bias this is build A itself, and build A harms nobody.",
        lambda threshold, bias: bias == 0,
        (-2.0, 0.0),
    ),
    known(
        "no rows",
        "No row of the holdout lies below this threshold, so there is no slice to harm.",
        lambda threshold, bias: not inside(threshold).any(),
        (-9.0, 1.0),
    ),
    known(
        "too few rows",
        "So few rows lie below this threshold that their accuracy is luck; keep to the question's "
        "minimum.",
        lambda threshold, bias: inside(threshold).sum() < FEWEST_ROWS,
        (-2.6, 3.0),
    ),
    known(
        "most rows",
        "Most rows of the holdout lie below this threshold: harm to most is harm that accuracy "
        "sees.",
        lambda threshold, bias: inside(threshold).mean() > 0.5,
        (0.0, 3.0),
        (2.0, 1.0),
    ),
    known(
        "slice too large for the bound",
        "No model can pass on accuracy and fail on the gap in a slice this large; take a smaller "
        "one.",
        lambda threshold, bias: too_large(threshold),
        (-0.05, 3.0),
    ),
]


def right(case: Case, said) -> bool:
    told = [(case, said)]
    return passed(*said) == (True, False) and not any(one.when(told) for one in NOT_A_SLICE)


def verified(told) -> str:
    reason = judged(*told[0][1]).reason
    return f"Accuracy sees nothing wrong with it, and the gap gives it away: {reason}."


QUESTION = Question(
    "01.4",
    lambda rng: [Case("", ())],
    read=a_pair("threshold", "bias"),
    right=right,
    ask=ask_for_one,
    verified=verified,
    mistakes=[
        *NOT_A_SLICE,
        known(
            "harm too small",
            "This passes both checks: the harm is too small to show in the gap.",
            lambda *pair: passed(*pair) == (True, True),
            (-2.0, 1.0),
        ),
        known(
            "accuracy sees it",
            "The gap shows the harm, but so does accuracy: too many right answers are lost for the "
            "gain to survive.",
            lambda *pair: passed(*pair) == (False, False),
            (-1.5, 1.5),
        ),
        known(
            "no gap, no gain",
            "This loses too many right answers for the gain, and still shows no large gap: look "
            "for a smaller slice.",
            lambda *pair: passed(*pair) == (False, True),
            (-0.5, 0.75),
        ),
    ],
)
