"""The synthetic task: twelve numbers in, one bit out, and a holdout that never changes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Examples:
    """Rows to learn from or to be judged on.

    Attributes
    ----------
    X : (n, d) float array, the features.
    y : (n,) int array of 0 and 1, the labels.
    """

    X: np.ndarray
    y: np.ndarray

    def __len__(self) -> int:
        return len(self.y)


@dataclass(frozen=True)
class World:
    """Where examples come from: true weights, label noise, and one frozen holdout.

    A label is 1 where ``X @ weights + label_noise * standard_normal > 0``. The noise makes some
    labels wrong, so that even the true weights do not score 1.

    Attributes
    ----------
    weights : (d,) float array, what training tries to recover.
    label_noise : standard deviation of the noise, in logits.
    holdout : Examples, drawn once. Every model that ever runs is scored on these rows.
    """

    weights: np.ndarray
    label_noise: float
    holdout: Examples

    @classmethod
    def create(
        cls, seed: int = 7, n_holdout: int = 4000, n_features: int = 12, label_noise: float = 0.3
    ) -> World:
        """Draw a world. The order of the draws (holdout X, weights, noise) is part of its
        definition.

        Raises
        ------
        ValueError : the holdout or the features would be empty, or the noise is negative or not
            finite.
        """
        if n_holdout < 1 or n_features < 1:
            raise ValueError(
                f"A world needs at least one row and one feature; got {n_holdout} and {n_features}."
            )
        if not (np.isfinite(label_noise) and label_noise >= 0):
            raise ValueError(
                f"label_noise is a standard deviation: zero or more, finite; got {label_noise!r}."
            )
        rng = np.random.default_rng(seed)
        X = rng.standard_normal((n_holdout, n_features))
        weights = rng.standard_normal(n_features)
        y = _label(X, weights, label_noise, rng)
        for array in (X, y, weights):
            array.flags.writeable = (
                False  # frozen: a lesson that scribbles on the holdout fails at once
            )
        return cls(weights, label_noise, Examples(X, y))

    def sample(self, seed: int, n: int) -> Examples:
        """The `n` training rows that seed `seed` stands for.

        The seed that the world itself was created with draws the rows of the holdout again; leave
        it out when you train.

        Raises
        ------
        ValueError : `n` is less than 1.
        """
        if n < 1:
            raise ValueError(f"A training sample needs at least one row; got n = {n}.")
        rng = np.random.default_rng(seed)
        X = rng.standard_normal((n, len(self.weights)))
        return Examples(X, _label(X, self.weights, self.label_noise, rng))


def _label(
    X: np.ndarray, weights: np.ndarray, label_noise: float, rng: np.random.Generator
) -> np.ndarray:
    return (X @ weights + label_noise * rng.standard_normal(len(X)) > 0).astype(np.int64)
