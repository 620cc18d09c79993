"""Training runs that are right, and runs with a fault planted in them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from labsupport.grading.draws import one_of
from labsupport.grading.trainers import (
    HINGE,
    HUNDREDTHS,
    SQUARED,
    Run,
    adam,
    descent,
    hidden,
    linear,
    lucky_shift,
    momentum,
    sample,
    two_outputs,
)

ROWS = 240
TOO_HIGH = 1e4  # times


def anything(rng) -> Run:
    """A run that is right."""
    model = one_of(linear(), linear(comes_in=np.copy), two_outputs(seed(rng)), hidden(seed(rng), 3))
    return Run(model(rng), descent(rng.uniform(0.3, 0.8)))


def seed(rng) -> int:
    """Of a start or an order."""
    return int(rng.integers(2**31))


def features(rng) -> int:
    """How many there are."""
    return int(rng.integers(4, 8))


def clean(run: Callable, columns: Callable = features, **of):
    """A run on a sample without a fault: run(rng) -> Run, columns(rng) -> int."""

    def given(rng):
        X, y = sample(rng, ROWS, columns(rng), **of)
        return run(rng).trainer(), X, y

    return given


def spoilt(change: Callable, run: Callable = anything, **of):
    """A run on a sample that was changed: change(rng, X, y) -> X, y."""

    def given(rng):
        trainer, X, y = clean(run, **of)(rng)
        return trainer, *change(rng, X, y)

    return given


def one_nan(rng, X, y):
    """A single value is missing."""
    X = X.copy()
    X[tuple(rng.integers(0, X.shape))] = np.nan
    return X, y


def shifted(rng, X, y):
    """The labels belong to the rows beside."""
    return X, np.roll(y, int(rng.choice([-1, 1])))


def never_there(rng, X, y):
    """A feature that is zero in every row."""
    return np.insert(X, int(rng.integers(X.shape[1])), 0.0, axis=1), y


def too_high(rng) -> Run:
    """Its scores are huge, and their order is good: rows held out alone do not show it."""
    model = one_of(linear(), two_outputs(seed(rng)))(rng)
    return Run(model, descent(TOO_HIGH * rng.uniform(0.3, 0.8)))


def plain(rng) -> Run:
    """It starts at zero, where a loss that knows no label but their share cannot fall far."""
    return Run(linear(), descent(rng.uniform(0.3, 0.8)))


def summed(rng) -> Run:
    """Its rate was found by trying, so its loss falls."""
    return Run(linear(), descent(rng.uniform(0.4, 0.8) / ROWS), summed=True)


def frozen(rng, **options) -> Run:
    """Of two outputs only the second one learns."""
    return Run(two_outputs(seed(rng)), descent(rng.uniform(0.4, 0.8)), moves=latter, **options)


def latter(w) -> np.ndarray:
    """The second half of the weights."""
    return np.arange(len(w)) >= len(w) // 2


def the_second(w) -> np.ndarray:
    """A sign for each weight, of which the second is wrong."""
    return np.where(np.arange(len(w)) == 1, -1.0, 1.0)


def faint(rng, X, y):
    """A second feature that tells little, so that its weight alone cannot spoil the loss."""
    return np.insert(X, 1, 0.3 * (2 * y - 1) + rng.standard_normal(len(y)), axis=1), y


def lucky(rng):
    """Labels shifted by one row that by chance fit a little."""
    return plain(rng).trainer(), *lucky_shift(rng, ROWS, features(rng))


def uphill(rng):
    """Small batches of which the first makes the loss of all rows rise."""
    while True:
        trainer, X, y = RIGHT["small batches in a random order"](rng)
        before, after = (trainer.loss(trainer.train(X, y, steps), X, y) for steps in (0, 1))
        if after > before:
            return trainer, X, y


def all_but_one(w) -> np.ndarray:
    """All weights but the first."""
    return np.arange(len(w)) > 0


FAULTS = {
    "a sign error in the gradient": clean(lambda rng: replace(anything(rng), sign=lambda w: -1.0)),
    "a forgotten division by the number of rows": clean(summed),
    "frozen weights": clean(frozen),
    "labels shifted by one row": spoilt(shifted, plain),
    "a feature that is NaN in one row": spoilt(one_nan),
    "a learning rate ten thousand times too high": clean(too_high),
}
RIGHT = {
    "a plain logistic regression": clean(
        lambda rng: Run(linear(comes_in=np.copy), descent(rng.uniform(0.3, 1.0)))
    ),
    "a model with an intercept": clean(plain),
    "a penalty on the weights": clean(
        lambda rng: Run(linear(), descent(0.5), penalty=rng.uniform(0.05, 0.1))
    ),
    "two outputs and a random start": clean(
        lambda rng: Run(two_outputs(seed(rng)), descent(rng.uniform(0.2, 0.5)))
    ),
    "a hidden layer": clean(
        lambda rng: Run(hidden(seed(rng), int(rng.integers(3, 6))), descent(rng.uniform(0.6, 1.0)))
    ),
    "a squared loss": clean(
        lambda rng: Run(linear(), descent(rng.uniform(0.1, 0.2)), loss=SQUARED)
    ),
    "a hinge loss": clean(lambda rng: Run(linear(), descent(rng.uniform(0.05, 0.1)), loss=HINGE)),
    "a descent with momentum": clean(
        lambda rng: Run(linear(), momentum(rng.uniform(0.1, 0.3), rng.uniform(0.8, 0.9)))
    ),
    "an adaptive rate": clean(lambda rng: Run(linear(), adam(rng.uniform(0.02, 0.1)))),
    "small batches in a random order": clean(
        lambda rng: Run(linear(), descent(rng.uniform(0.8, 1.0)), batch=4, order=seed(rng))
    ),
}
HARD_FAULTS = {
    "labels shifted by one row, where one label is rare": spoilt(shifted, plain, share=0.12),
    "labels shifted by one row, where there are many features": spoilt(
        shifted, plain, columns=lambda rng: 50
    ),
    "labels shifted by one row on their way into the model": clean(
        lambda rng: replace(anything(rng), labels=lambda y: np.roll(y, 1))
    ),
    "labels shifted by one row that by chance fit a little": lucky,
    "a sign error in one part of the gradient": spoilt(
        faint, lambda rng: Run(linear(), descent(rng.uniform(0.05, 0.1)), sign=the_second)
    ),
    "a feature that is NaN in one row, which training takes for a zero": spoilt(
        one_nan, lambda rng: replace(anything(rng), features=np.nan_to_num)
    ),
    "frozen weights that report no gradient": clean(lambda rng: frozen(rng, cut_off=True)),
    "a single frozen weight": clean(lambda rng: replace(anything(rng), moves=all_but_one)),
    "a learning rate ten thousand times too high, and adaptive": clean(
        lambda rng: Run(linear(), adam(TOO_HIGH * rng.uniform(0.02, 0.1)))
    ),
}
HARD_RIGHT = {
    "a loss that falls slowly": clean(
        lambda rng: Run(linear(), descent(rng.uniform(0.005, 0.008)))
    ),
    "a loss in a small unit": clean(
        lambda rng: Run(linear(), descent(rng.uniform(0.004, 0.008)), loss=HUNDREDTHS)
    ),
    "small batches of which the first leads uphill": uphill,
    "a feature that is zero in every row of the sample": spoilt(never_there, plain),
    "a model of many features": clean(plain, columns=lambda rng: 30),
    "a label that is rare": clean(plain, share=0.2),
    "a rate that decays": clean(lambda rng: Run(linear(), descent(1.0, decay=0.1))),
    "a hidden layer, a squared loss and momentum": clean(
        lambda rng: Run(hidden(seed(rng), 4), momentum(0.2, 0.8), loss=SQUARED)
    ),
    "a hidden layer and an adaptive rate": clean(
        lambda rng: Run(hidden(seed(rng), 4), adam(rng.uniform(0.02, 0.05)))
    ),
}
EDGES = HARD_FAULTS | HARD_RIGHT
