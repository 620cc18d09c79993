"""Small training runs for a smoke test: right ones of many kinds, and faults planted in them.

A run is a model, a loss, and a way to walk downhill; a fault replaces one thing in it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import astuple, dataclass

import numpy as np

Array = np.ndarray


@dataclass(frozen=True)
class Trainer:
    """What a smoke test is given of a training run; weights are (p,) arrays.

    Attributes
    ----------
    train : (X, y, steps) -> weights after so many steps from the start; the same every time.
    loss : (weights, X, y) -> mean loss of these rows.
    gradient : (weights, X, y) -> (p,) gradient of that loss.
    """

    train: Callable[[Array, Array, int], Array]
    loss: Callable[[Array, Array, Array], float]
    gradient: Callable[[Array, Array, Array], Array]


@dataclass(frozen=True)
class Model:
    """One number for each row.

    Attributes
    ----------
    start : columns of what comes in -> weights (p,).
    score : (weights, X) -> (n,).
    back : (weights, X, (n,) slopes of the loss in the scores) -> gradient (p,).
    comes_in : features -> X; by default a column of ones is added.
    """

    start: Callable[[int], Array]
    score: Callable[[Array, Array], Array]
    back: Callable[[Array, Array, Array], Array]
    comes_in: Callable[[Array], Array] = lambda X: np.append(X, np.ones((len(X), 1)), axis=1)


def linear(**options) -> Model:
    """A weight for each column."""
    return Model(np.zeros, lambda w, X: X @ w, lambda w, X, slopes: slopes @ X, **options)


def two_outputs(seed: int) -> Model:
    """A score for each label, of which the difference counts, as in a softmax; a random start."""

    def score(w, X):
        zero, one = w.reshape(2, -1)
        return X @ (one - zero)

    def back(w, X, slopes):
        one = slopes @ X
        return np.concatenate([-one, one])

    return Model(lambda d: spread(seed, 2 * d), score, back)


def hidden(seed: int, units: int) -> Model:
    """One hidden layer of tanh; a random start."""

    def score(w, X):
        return np.tanh(X @ w[:-units].reshape(-1, units)) @ w[-units:]

    def back(w, X, slopes):
        layer = np.tanh(X @ w[:-units].reshape(-1, units))
        inner = slopes[:, None] * w[-units:] * (1 - layer**2)
        return np.concatenate([(X.T @ inner).ravel(), slopes @ layer])

    return Model(lambda d: spread(seed, (d + 1) * units), score, back)


def spread(seed: int, p: int) -> Array:
    """A random start."""
    return 0.5 * np.random.default_rng(seed).standard_normal(p)


@dataclass(frozen=True)
class Loss:
    """What a row costs, and the slope of that in its score; both (scores, labels) -> (n,)."""

    value: Callable[[Array, Array], Array]
    slope: Callable[[Array, Array], Array]


def _short(z: Array, y: Array) -> Array:
    return np.maximum(0, 1 - (2 * y - 1) * z)


LOG_LOSS = Loss(lambda z, y: np.logaddexp(0, z) - y * z, lambda z, y: 1 / (1 + np.exp(-z)) - y)
SQUARED = Loss(lambda z, y: (z - y) ** 2 / 2, lambda z, y: z - y)
HINGE = Loss(lambda z, y: _short(z, y) ** 2, lambda z, y: -2 * (2 * y - 1) * _short(z, y))
HUNDREDTHS = Loss(*(lambda z, y, part=part: 100 * part(z, y) for part in astuple(LOG_LOSS)))


# Ways downhill: way(slope, w) -> the next weights, made anew for each training run


def descent(rate: float, decay: float = 0.0) -> Callable:
    """Plain gradient descent; the rate may fall from step to step."""

    def begin():
        taken = 0

        def way(slope, w):
            nonlocal taken
            taken += 1
            return w - rate / (1 + decay * (taken - 1)) * slope

        return way

    return begin


def momentum(rate: float, keep: float) -> Callable:
    """Descent with a memory: it overshoots."""

    def begin():
        speed = 0.0

        def way(slope, w):
            nonlocal speed
            speed = keep * speed - rate * slope
            return w + speed

        return way

    return begin


def adam(rate: float) -> Callable:
    """Steps of about the same length, whatever the slope."""

    def begin():
        first = second = taken = 0.0

        def way(slope, w):
            nonlocal first, second, taken
            taken += 1
            first = 0.9 * first + 0.1 * slope
            second = 0.99 * second + 0.01 * slope**2
            mean, size = first / (1 - 0.9**taken), second / (1 - 0.99**taken)
            return w - rate * mean / (np.sqrt(size) + 1e-8)

        return way

    return begin


@dataclass(frozen=True)
class Run:
    """A training run, with a place for each fault.

    Attributes
    ----------
    model, loss, way : see above.
    penalty : of the squared weights, halved.
    batch : rows of a step; None: all of them.
    order : seed of the order in which rows come in batches.
    sign, summed : the gradient's sign, one for all or w -> (p,); whether it is the sum over the
        rows and not their mean.
    moves : (p,) -> mask of the weights that are trained; None: all of them.
    cut_off : whether the gradient, too, is zero for the weights that `moves` leaves out.
    labels : what comes in as labels, as the loss gets it.
    features : what comes in, as the model gets it.
    """

    model: Model
    way: Callable
    loss: Loss = LOG_LOSS
    penalty: float = 0.0
    batch: int | None = None
    order: int = 0
    sign: Callable[[Array], Array | float] = lambda w: 1.0
    summed: bool = False
    moves: Callable[[Array], Array] | None = None
    cut_off: bool = False
    labels: Callable[[Array], Array] = lambda y: y
    features: Callable[[Array], Array] = lambda X: X

    def trainer(self) -> Trainer:
        """The run as a smoke test gets it."""
        return Trainer(self._train, self._loss, self._gradient)

    def _train(self, X: Array, y: Array, steps: int) -> Array:
        X, y = self._arrived(X, y)
        w, way = self.model.start(X.shape[1]), self.way()
        rng = np.random.default_rng(self.order)
        rows = slice(None)
        with np.errstate(all="ignore"):
            for _ in range(steps):
                if self.batch is not None:
                    rows = rng.permutation(len(y))[: self.batch]
                new = way(self._slope(w, X[rows], y[rows]), w)
                w = new if self.moves is None else np.where(self.moves(w), new, w)
        return w.copy()

    def _loss(self, weights: Array, X: Array, y: Array) -> float:
        X, y = self._arrived(X, y)
        w = _weights(weights)
        with np.errstate(all="ignore"):
            value = self.loss.value(self.model.score(w, X), y).mean()
            return float(value + self.penalty * w @ w / 2)

    def _gradient(self, weights: Array, X: Array, y: Array) -> Array:
        w = _weights(weights)
        with np.errstate(all="ignore"):
            slope = self._slope(w, *self._arrived(X, y))
        return slope * self.moves(w) if self.cut_off else slope

    def _arrived(self, X: Array, y: Array) -> tuple[Array, Array]:
        X, y = np.asarray(X, float), np.asarray(y, float)
        if X.ndim != 2 or y.shape != (len(X),):
            raise ValueError("a trainer takes X of shape (n, d), and y of shape (n,)")
        return self.model.comes_in(self.features(X)), self.labels(y)

    def _slope(self, w: Array, X: Array, y: Array) -> Array:
        slopes = self.loss.slope(self.model.score(w, X), y) / (1 if self.summed else len(y))
        return self.sign(w) * (self.model.back(w, X, slopes) + self.penalty * w)


def _weights(given: Array) -> Array:
    w = np.asarray(given, float)
    if w.ndim != 1:  # other shapes would make a table of rows by rows
        raise ValueError("weights have the shape (p,), as train returns them")
    return w


# Samples


def sample(rng, n: int, d: int, share: float = 0.5, flipped: float = 0.04) -> tuple[Array, Array]:
    """(n, d) features and (n,) labels, of which so large a share is one, and some are flipped.

    The rows are in an order in which neighbours have nothing in common: labels shifted by one row
    tell nothing about the features.
    """
    X, along = rng.standard_normal((n, d)), rng.standard_normal(d)
    score = X @ along
    y = (score > np.quantile(score, 1 - share)).astype(float)
    wrong = rng.permutation(n)[: round(flipped * n)]
    y[wrong] = 1 - y[wrong]
    while True:
        order = rng.permutation(n)
        X, y, score = X[order], y[order], score[order]
        if all(abs(np.corrcoef(score, np.roll(y, by))[0, 1]) < 0.05 for by in (-1, 1)):
            return X, y


def lucky_shift(rng, n: int, d: int) -> tuple[Array, Array]:
    """A sample whose labels, shifted by one row, by chance teach a little about each other's half:
    more than one standard deviation of what chance does, and less than three.
    """
    while True:
        X, y = sample(rng, n, d)
        shifted = np.roll(y, int(rng.choice([-1, 1])))
        first = np.arange(n) < n // 2
        sides = [side for rows in (first, np.arange(n) % 2 == 0) for side in (rows, ~rows)]
        if all(1.2 < _told(X, shifted, learn) < 2.6 for learn in sides):
            return X, shifted


def _told(X: Array, y: Array, learn: Array) -> float:
    """In standard deviations: how well the first step from zero orders the rows held out."""
    score = X[~learn] @ (X[learn].T @ (y[learn] - y[learn].mean()))
    return np.corrcoef(score, y[~learn])[0, 1] * np.sqrt((~learn).sum())
