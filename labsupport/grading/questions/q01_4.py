"""Exercise 01, question 4: harm to a slice that accuracy cannot see, judged by the lab's own gate."""

from __future__ import annotations

from functools import cache

import numpy as np

from labsupport.gate import Policy, Verdict, gate, slice_gap_bound
from labsupport.grading.calling import ask
from labsupport.grading.old import Case, Wrong, question
from labsupport.grading.readers import number, pair
from labsupport.outcomes import PairedOutcomes
from labsupport.training import fit_logistic, predict
from labsupport.world import World

FEWEST_ROWS = 30  # on fewer rows a gap is luck
_POLICY = Policy(min_gain=0.005, max_gap=0.10)


@cache
def _scene() -> tuple[World, np.ndarray, np.ndarray]:
    """The lab's world, build A's weights and the baseline's predictions."""
    world = World.create()
    return (
        world,
        fit_logistic(world.sample(2, 8000)),
        predict(fit_logistic(world.sample(1, 600)), world.holdout),
    )


def _judged(threshold: float, bias: float) -> Verdict:
    world, weights, baseline = _scene()
    X, y = world.holdout.X, world.holdout.y
    inside = X[:, 0] < threshold
    candidate = predict(weights, X, offset=-bias * inside)
    return gate(
        PairedOutcomes.from_predictions(y, candidate, baseline, {"slice": inside, "rest": ~inside}),
        _POLICY,
    )


@question("01.4")
def _hidden_harm(answer, rng) -> str:
    def read(value):
        threshold, bias = pair(value, ("threshold", "bias"))
        return float(number(threshold, "threshold")), float(number(bias, "bias"))

    function = answer if callable(answer) else lambda: answer
    threshold, bias = ask(function, [Case("", (), None)], read)[0]
    _insist_on_slice(threshold, bias)
    verdict = _judged(threshold, bias)
    gain, gap = verdict.checks
    if gain.passed is True and gap.passed is False:
        return f"Accuracy sees nothing wrong with it, and the gap gives it away: {verdict.reason}."
    if gain.passed:
        raise Wrong("This passes both checks: the harm is too small to show in the gap.")
    if not gap.passed:
        raise Wrong(
            "The gap shows the harm, but so does accuracy: too many right answers are lost for the gain to survive."
        )
    raise Wrong(
        "This loses too many right answers for the gain, and still shows no large gap: look for a smaller slice."
    )


def _insist_on_slice(threshold: float, bias: float) -> None:
    world, _, baseline = _scene()
    inside = world.holdout.X[:, 0] < threshold
    n, rows = len(inside), int(inside.sum())
    if bias < 0:
        raise Wrong("A negative bias raises the slice's logits; the question lowers them.")
    if bias == 0:
        raise Wrong("Without a bias this is build A itself, and build A harms nobody.")
    if rows == 0:
        raise Wrong(
            "No row of the holdout lies below this threshold, so there is no slice to harm."
        )
    if rows < FEWEST_ROWS:
        raise Wrong(
            "So few rows lie below this threshold that their accuracy is luck; keep to the question's minimum."
        )
    if rows > n / 2:
        raise Wrong(
            "Most rows of the holdout lie below this threshold: harm to most is harm that accuracy sees."
        )
    lowest = float(np.mean(baseline == world.holdout.y)) + _POLICY.min_gain
    if slice_gap_bound(lowest, rows / n) <= _POLICY.max_gap:
        raise Wrong(
            "No model can pass on accuracy and fail on the gap in a slice this large; take a smaller one."
        )
