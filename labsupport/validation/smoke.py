"""A smoke test of training: a few steps on a tiny sample, before the cluster is paid for."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from labsupport.gate import Verdict, conclude
from labsupport.validation.policy import Finding

SHUFFLES = 20
APART = 4.0  # standard deviations from what chance does: once in 30,000 samples


@dataclass(frozen=True)
class Trainer:
    """What a smoke test has to know of a training run. Weights are one array, of any shape.

    Attributes
    ----------
    start : X -> weights before the first step. A momentum that the steps keep starts anew, too.
    step : (weights, X, y) -> weights after one step on these rows.
    loss : (weights, X, y) -> mean loss of these rows.
    gradient : (weights, X, y) -> gradient of that loss, in the weights' shape.
    """

    start: Callable[[np.ndarray], np.ndarray]
    step: Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]
    loss: Callable[[np.ndarray, np.ndarray, np.ndarray], float]
    gradient: Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]

    def run(self, X: np.ndarray, y: np.ndarray, steps: int) -> np.ndarray:
        """Weights after some steps from the start."""
        weights = np.array(self.start(X), float)
        for _ in range(steps):
            weights = np.array(self.step(weights.copy(), X, y), float)
        return weights


def smoke_test(
    trainer: Trainer, X: np.ndarray, y: np.ndarray, steps: int = 30, seed: int = 0
) -> Verdict:
    """Try a training run on a small sample.

    Parameters
    ----------
    trainer : what is tried.
    X, y : (n, d) features and (n,) labels, as the run will get them; half of the rows are held out
        for the check of the labels. About 200 do where the features tell the label, 2,000 where
        labels are noisy: of 40 samples of the flights of weeks 0 to 7, 20 block a right logistic
        regression at 1,000 rows, 2 at 2,000, none at 4,000.
    steps : of each try but for the overfitted batch, which gets 20 times as many.
    seed : of the shuffles and of the point where the gradient is checked.

    Returns
    -------
    Verdict of Findings: "finite", "first step" (the loss falls as far as the gradient promises, or
    a tenth of it), "loss falls", "weights move" (all that have a gradient), "one batch" (a few rows
    are learnt by heart), "gradient" (as by finite differences), "rows twice" (the sample twice
    makes the same step), "labels" (those given teach about rows held out), "shuffled labels" (which
    do not). Their value is what was measured, their bound what was asked for. A check that crashes
    has failed.
    """
    X, y = np.asarray(X), np.asarray(y)
    rng = np.random.default_rng(seed)
    tried = {
        "finite": lambda: _finite(trainer, X, y, steps),
        "first step": lambda: _first_step(trainer, X, y),
        "loss falls": lambda: _loss_falls(trainer, X, y, steps),
        "weights move": lambda: _weights_move(trainer, X, y, steps),
        "one batch": lambda: _one_batch(trainer, X, y, 20 * steps),
        "gradient": lambda: _gradient(trainer, X, y, rng),
        "rows twice": lambda: _rows_twice(trainer, X, y),
        "labels": lambda: _labels(trainer, X, y, steps, rng),
        "shuffled labels": lambda: _shuffled_labels(trainer, X, y, steps, rng),
    }
    if X.ndim != 2 or len(X) != len(y) or len(y) < 8:
        why = f"a smoke test needs 8 rows or more, X (n, d) and y (n,); got {X.shape}, {y.shape}"
        return conclude(_crashed(name, why) for name in tried)
    with np.errstate(all="ignore"):  # what overflows is found, and said in words
        return conclude([_guarded(name, check) for name, check in tried.items()])


def _guarded(name: str, check: Callable[[], tuple[float, float, bool, str]]) -> Finding:
    try:
        value, bound, passed, sentence = check()
    except Exception as error:  # noqa: BLE001 - a check that crashes has failed
        return _crashed(name, f"{type(error).__name__}: {error}")
    passed = bool(passed) and not math.isnan(value)
    return Finding(name, None, float(value), bound, passed, sentence)


def _crashed(name: str, why: str) -> Finding:
    sentence = f"The check was not made: {why.rstrip('.')}."
    return Finding(name, None, math.nan, math.nan, False, sentence, None, math.nan)


def _finite(trainer, X, y, steps):
    weights = trainer.run(X, y, steps)
    parts = {"features": X, "labels": y, "weights": weights, "loss": trainer.loss(weights, X, y)}
    bad = {name: int((~np.isfinite(np.asarray(v, float))).sum()) for name, v in parts.items()}
    count = sum(bad.values())
    where = ", ".join(f"{number} in {name}" for name, number in bad.items() if number)
    words = f"Values that are no finite numbers: {where}." if count else "Everything is finite."
    return count, 0, count == 0, words


def _first_step(trainer, X, y):
    before = np.array(trainer.start(X), float)
    after = trainer.run(X, y, 1)
    promised = -float(np.sum(trainer.gradient(before, X, y) * (after - before)))
    fell = float(trainer.loss(before, X, y) - trainer.loss(after, X, y))
    value = fell / promised if promised > 0 else math.nan
    words = (
        f"The first step takes {fell:.3g} off the loss; the gradient promises {promised:.3g} for "
        "so long a step."
    )
    return value, 0.1, value >= 0.1, words


def _loss_falls(trainer, X, y, steps):
    start, end = (float(trainer.loss(trainer.run(X, y, k), X, y)) for k in (0, steps))
    return (
        end - start,
        0,
        end < start,
        f"In {steps} steps the loss goes from {start:.4g} to {end:.4g}.",
    )


def _weights_move(trainer, X, y, steps):
    start, end = trainer.run(X, y, 0), trainer.run(X, y, steps)
    half = trainer.run(X, y, max(1, steps // 2))
    differs = np.zeros(start.size, bool)
    for point in (start, half):
        slope = [_slope(trainer, point, _unit(point, i), X, y) for i in range(point.size)]
        differs |= np.abs(slope) > 1e-6
    frozen = int((differs & (start == end).ravel()).sum())
    words = (
        f"{frozen} of {start.size} weights stay where they are although the loss depends on them."
    )
    return frozen, 0, frozen == 0 and (start != end).any(), words


def _one_batch(trainer, X, y, steps):
    """A few rows of each label: as many as there are features at most, so that any labels fit."""
    size = int(np.clip(X.shape[1], 2, 8))
    by_label = [np.flatnonzero(y == label)[:size] for label in np.unique(y)]
    rows = [i for group in zip(*by_label, strict=False) for i in group][:size]
    if len(by_label) == 1 or len(by_label) > size:  # one label, or a number that is predicted
        rows = list(range(size))
    start, end = (
        float(trainer.loss(trainer.run(X[rows], y[rows], k), X[rows], y[rows])) for k in (0, steps)
    )
    words = f"{len(rows)} rows, {steps} steps: the loss goes from {start:.4g} to {end:.4g}."
    return end / start if start > 0 else math.nan, 0.5, end <= 0.5 * start, words


def _gradient(trainer, X, y, rng):
    start = np.array(trainer.start(X), float)
    worst = 0.0
    for _ in range(3):
        point = start + 0.3 * rng.standard_normal(start.shape)
        said = np.asarray(trainer.gradient(point, X, y), float)
        if said.shape != point.shape:
            raise ValueError(f"the gradient has shape {said.shape}, the weights {point.shape}")
        for _ in range(4):
            along = rng.standard_normal(start.shape)
            along /= np.linalg.norm(along)
            seen = _slope(trainer, point, along, X, y)
            scale = max(float(np.linalg.norm(said)), abs(seen), 1e-8)
            worst = max(worst, abs(float(np.sum(said * along)) - seen) / scale)
            if math.isnan(seen):
                worst = math.nan
    words = f"The gradient differs from a finite difference by {worst:.2g} of its length."
    return worst, 1e-3, worst <= 1e-3, words


def _slope(trainer, point, along, X, y, reach: float = 1e-5) -> float:
    """The loss's slope along a direction, by a central difference."""
    ahead, behind = (trainer.loss(point + sign * reach * along, X, y) for sign in (1, -1))
    return float(ahead - behind) / (2 * reach)


def _unit(weights: np.ndarray, i: int) -> np.ndarray:
    unit = np.zeros(weights.size)
    unit[i] = 1.0
    return unit.reshape(weights.shape)


def _rows_twice(trainer, X, y):
    """A mean does not change when every row is there twice; a sum does, and so would its step."""
    once, twice = trainer.run(X, y, 1), trainer.run(np.tile(X, (2, 1)), np.tile(y, 2), 1)
    start = np.array(trainer.start(X), float)
    length = float(np.linalg.norm(once - start))
    ratio = float(np.linalg.norm(twice - start)) / length if length else math.nan
    words = f"On the same rows twice the step is {ratio:.3g} times as long."
    return ratio, 1.25, 0.8 <= ratio <= 1.25, words


def _labels(trainer, X, y, steps, rng):
    """What the labels of some rows teach about others."""
    value = _taught(trainer, X, y, y, steps, rng)
    words = (
        f"On rows held out the loss is {value:.3g} standard deviations below that on the same rows "
        "with shuffled labels."
    )
    return value, APART, value >= APART, words


def _shuffled_labels(trainer, X, y, steps, rng):
    """Shuffled labels teach nothing, on average; unless a step has its labels from elsewhere."""
    given = _taught(trainer, X, y, y, steps, rng)
    value = np.mean(
        [_taught(trainer, X, y, rng.permutation(y), steps, rng) for _ in range(SHUFFLES)]
    )
    words = (
        f"Trained on shuffled labels it is {value:.3g} standard deviations below, on average; with "
        f"the labels as given, {given:.3g}."
    )
    # Not half of what was given: a few steps learn the base rate by way of common levels, and the
    # more rows, the clearer that shows.
    bound = max(given, APART) - APART / 2
    return value, bound, value <= bound, words


def _taught(trainer, X, y, labels, steps, rng) -> float:
    """How far the loss on one half, after training on the labels of the other, is below what it is
    when the half's own labels are shuffled: in standard deviations, over both halves.
    """
    order = rng.permutation(len(y))
    halves = order[: len(y) // 2], order[len(y) // 2 :]
    total = 0.0
    for learn, held in (halves, halves[::-1]):
        weights = trainer.run(X[learn], labels[learn], steps)
        rows, told = X[held], y[held]
        loss = trainer.loss(weights, rows, told)
        chance = [trainer.loss(weights, rows, rng.permutation(told)) for _ in range(100)]
        total += (np.mean(chance) - loss) / max(np.std(chance), 1e-12) / math.sqrt(2)
    return float(total)
