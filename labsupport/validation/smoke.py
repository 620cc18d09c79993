"""A smoke test of training: a few steps on a tiny sample, before the cluster is paid for."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import scipy

from labsupport.gate import Verdict, conclude
from labsupport.validation.policy import Finding

SHUFFLES = 8
LESS = (
    1.0  # standard deviations that shuffled labels teach less; not none at all: a few steps learn
)
# the base rate by way of common levels, and the more rows, the clearer that shows
MOST = 8  # weights that are looked at on rows of their own
BATCH = 240  # rows of the batch that is learnt by heart, in which few different ones are repeated
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
        for the check of the labels. About 200 do where the features tell the label, 3,000 where
        labels are noisy: of 40 samples of the flights of weeks 0 to 7, 32 block a right logistic
        regression at 1,000 rows, 3 at 2,000, none at 3,000.
    steps : of each try; those on the labels get 4 times as many, the overfitted batch 20 times, so
        that small batches have seen enough.
    seed : of the halves, the shuffles and of the point where the gradient is checked.

    Returns
    -------
    Verdict of Findings: "finite", "first step" (the loss falls as far as the gradient promises, or
    nearly a tenth of it), "loss falls", "weights move" (all that have a gradient), "one batch" (a
    few rows are learnt by heart), "gradient" (as by finite differences), "rows twice" (the sample
    twice has the same loss, and no step twice as long), "labels" (those given teach about rows held
    out), "shuffled labels" (which teach less). Their value is what was measured, their bound what
    was asked for. A check that crashes has failed.
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
        "labels": lambda: _labels(trainer, X, y, 4 * steps, seed),
        "shuffled labels": lambda: _shuffled_labels(trainer, X, y, 4 * steps, seed),
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
    """A batch may lead uphill for a step, so a tenth of the loss is forgiven."""
    before = np.array(trainer.start(X), float)
    after = trainer.run(X, y, 1)
    promised = -float(np.sum(trainer.gradient(before, X, y) * (after - before)))
    loss = float(trainer.loss(before, X, y))
    fell, bound = loss - float(trainer.loss(after, X, y)), 0.1 * (promised - abs(loss))
    words = (
        f"The first step takes {fell:.3g} off the loss; the gradient promises {promised:.3g} for "
        "so long a step."
    )
    return fell, bound, fell >= bound, words


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
    still = np.flatnonzero(differs & (start == end).ravel())
    frozen = sum(not _moves_on_its_rows(trainer, i, X, y, steps) for i in still[:MOST])
    frozen += max(0, len(still) - MOST)
    words = (
        f"{frozen} of {start.size} weights stay where they are although the loss depends on them."
    )
    return frozen, 0, frozen == 0 and (start != end).any(), words


def _moves_on_its_rows(trainer, i, X, y, steps) -> bool:
    """Whether a weight moves on the rows that tell about it: batches may have met none of them."""
    start = np.array(trainer.start(X), float)
    slopes = [trainer.gradient(start, X[[row]], y[[row]]).flat[i] for row in range(len(y))]
    rows = np.flatnonzero(np.abs(slopes) > 1e-9)
    if len(rows) in (0, len(y)):  # the gradient does not know of it; each batch does
        return False
    rows = np.resize(rows, len(y))
    return trainer.run(X[rows], y[rows], steps).flat[i] != start.flat[i]


def _one_batch(trainer, X, y, steps):
    """A few rows of each label: as many as there are features at most, so that any labels fit.

    They are repeated, so that batches and epochs are what they are on other rows; and as a penalty
    keeps some of the loss, it has to fall half as far as it can.
    """
    size = int(np.clip(X.shape[1], 2, 8))
    by_label = [np.flatnonzero(y == label)[:size] for label in np.unique(y)]
    rows = [i for group in zip(*by_label, strict=False) for i in group][:size]
    if len(by_label) == 1 or len(by_label) > size:  # one label, or a number that is predicted
        rows = list(range(size))
    rows = np.resize(rows, size * max(1, min(len(y), BATCH) // size))
    X, y = X[rows], y[rows]
    start, end = (float(trainer.loss(trainer.run(X, y, k), X, y)) for k in (0, steps))
    share = (start - end) / (start - _least(trainer, X, y))
    words = (
        f"{size} rows, {steps} steps: the loss goes from {start:.4g} to {end:.4g}, {share:.0%} of "
        "the way that it can go."
    )
    return share, 0.5, share >= 0.5, words


def _least(trainer, X, y) -> float:
    """The smallest loss on these rows that a search downhill finds; NaN if it finds none."""
    start = np.array(trainer.start(X), float)

    def at(point, function):
        return np.asarray(function(point.reshape(start.shape), X, y), float).ravel()

    found = scipy.optimize.minimize(
        lambda point: float(at(point, trainer.loss)[0]),
        start.ravel(),
        jac=lambda point: at(point, trainer.gradient),
        method="L-BFGS-B",
        options={"maxiter": 200},
    )
    return float(found.fun) if found.fun < trainer.loss(start, X, y) else math.nan


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
    """A mean does not change when every row is there twice; a sum doubles, in loss and step.

    A step over batches may be another one, or a longer one: a sum is what grows by exactly the same
    with every copy of the rows.
    """
    copies = [(np.tile(X, (k, 1)), np.tile(y, k)) for k in (1, 2, 3)]
    start = np.array(trainer.start(X), float)
    steps = [trainer.run(*rows, 1) - start for rows in copies]
    one, two = (second - first for first, second in pairwise(steps))
    length, grown = (float(np.linalg.norm(part)) for part in (steps[0], one))
    summed = np.linalg.norm(two - one) <= 1e-6 * grown and grown > 0.25 * length
    first, second = (float(trainer.loss(start, *rows)) for rows in copies[:2])
    ratio = float(np.linalg.norm(steps[1])) / length if summed else second / first
    words = f"On the same rows twice the {'step' if summed else 'loss'} is {ratio:.3g} times as "
    return ratio, 1.25, 0.8 <= ratio <= 1.25, words + ("long." if summed else "high.")


def _labels(trainer, X, y, steps, seed):
    """What the labels of some rows teach about others."""
    value = _taught(trainer, X, y, y, steps, seed)
    words = (
        f"On rows held out the loss is {value:.3g} standard deviations below that on the same rows "
        "with shuffled labels."
    )
    return value, APART, value >= APART, words


def _shuffled_labels(trainer, X, y, steps, seed):
    """Shuffled labels teach less; unless a step has its labels from elsewhere."""
    given, rng = _taught(trainer, X, y, y, steps, seed), np.random.default_rng([seed, 1])
    shuffles = [_taught(trainer, X, y, rng.permutation(y), steps, seed) for _ in range(SHUFFLES)]
    value, bound = float(np.mean(shuffles)), max(given, APART) - LESS
    words = (
        f"Trained on shuffled labels it is {value:.3g} standard deviations below, on average; with "
        f"the labels as given, {given:.3g}."
    )
    return value, bound, value <= bound, words


def _taught(trainer, X, y, labels, steps, seed) -> float:
    """How far the loss on one half, after training on the labels of the other, is below what it is
    when the half's own labels are shuffled: in standard deviations, the mean of both halves.

    Not their sum by the root of two: what one half happens to have in common with the other, the
    other has with the one. The same seed makes the same halves and shuffles.
    """
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(y))
    halves = order[: len(y) // 2], order[len(y) // 2 :]
    total = 0.0
    for learn, held in (halves, halves[::-1]):
        weights = trainer.run(X[learn], labels[learn], steps)
        rows, told = X[held], y[held]
        loss = trainer.loss(weights, rows, told)
        chance = [trainer.loss(weights, rows, rng.permutation(told)) for _ in range(100)]
        total += (np.mean(chance) - loss) / max(np.std(chance), 1e-12)
    return float(total) / 2
