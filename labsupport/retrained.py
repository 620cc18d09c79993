"""Two recipes, each trained several times: holdout noise and retraining noise in one interval that
the gate can use.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
import scipy
from scipy import special

from labsupport.comparisons import (
    ExactPair,
    Interval,
    bounded_reach,
    rows_within,
)
from labsupport.exact import (
    as_array,
    as_binary,
    as_masks,
    check_level,
    same_rows,
)


@dataclass(frozen=True)
class RetrainedOutcomes(ExactPair):
    """Candidate and baseline recipes, each trained several times, on the same rows: a gain with
    both kinds of noise.

    A comparison that the gate accepts. Its question is whether the candidate's *recipe* is better,
    over retrainings and over rows that nobody has seen, with variance paired / n + candidate_seed /
    k_candidate + baseline_seed / k_baseline.

    Attributes
    ----------
    n : rows.
    exact_candidate, exact_baseline : mean accuracies over rows and runs, as ratios of counts.
    k_candidate, k_baseline : number of runs.
    paired : variance of one row's contribution to the gain, averaged over runs as it is.
    candidate_seed, baseline_seed : variance of a run's accuracy on endlessly many rows, so without
        what `paired` already has because the holdout is finite; 0 when that explains all of the
        runs' spread.
    candidate_spread, baseline_spread : the raw variance of the runs' accuracies on this holdout.
    slices : mapping of slice name to the RetrainedOutcomes of its rows.
    """

    n: int
    exact_candidate: Fraction
    exact_baseline: Fraction
    k_candidate: int
    k_baseline: int
    paired: float
    candidate_seed: float
    baseline_seed: float
    candidate_spread: float
    baseline_spread: float
    slices: Mapping[str, RetrainedOutcomes] = field(default_factory=dict)

    @classmethod
    def from_predictions(cls, y, candidates, baselines, slices=None) -> RetrainedOutcomes:
        """Compare two recipes row by row.

        Parameters
        ----------
        y : (n,) labels, 0 or 1, at least two rows.
        candidates, baselines : (k, n) predictions, one row per retraining, at least two each: one
            run shows no spread.
        slices : one label per row (n,), or {name: (n,) boolean mask}; every slice has at least two
            rows.

        Raises
        ------
        ValueError : too few runs or rows, different lengths or pandas indexes (a frame has the rows
            as its columns), or a value that is not 0 or 1.
        """
        same_rows({"y": y, "candidates": candidates, "baselines": baselines, "slices": slices})
        y = as_binary(y, "y")
        right = [
            _right(y, runs, name)
            for runs, name in ((candidates, "candidates"), (baselines, "baselines"))
        ]
        masks = {} if slices is None else as_masks(slices, len(y))
        parts = {
            name: _compare(*(r[:, mask] for r in right), f"Slice {name!r}", {})
            for name, mask in masks.items()
        }
        return _compare(*right, "The holdout", parts)

    @property
    def seed_variance(self) -> float:
        """What retraining adds to the variance of the gain, however many rows there are."""
        return self.candidate_seed / self.k_candidate + self.baseline_seed / self.k_baseline

    @property
    def standard_error(self) -> float:
        """Of the gain: the root of both variances together."""
        return math.sqrt(self.paired / self.n + self.seed_variance)

    def interval(self, confidence: float = 0.95) -> Interval:
        """A two-sided interval for the true gain of the recipe.

        Each of the three variances, of rows and of either side's runs, gets the t quantile of its
        own degrees of freedom, which covers as promised however they compare, if runs are normal
        (S. K. Banerjee, Sankhya 22, 1960, 357-358; Satterthwaite's common
        degrees promise too much below ten runs). What a row that every run gets wrong would add is
        added; see comparisons.bounded_reach.
        """
        check_level(confidence, "confidence")
        reach = self._reach((1 - confidence) / 2)
        low, high = max(-1.0, self.gain - reach), min(1.0, self.gain + reach)
        return Interval(low, high, confidence, "retrained")

    def statistic(self, gain: float) -> float:
        """The test statistic of the hypothesis that the true gain is `gain`, on the standard normal
        scale: where the interval of the same tail ends.
        """
        distance = self.gain - gain

        def beyond(z: float) -> float:
            return self._reach(float(special.ndtr(-z))) - abs(distance)

        ends = {0.0: beyond(0) >= 0, 37.0: beyond(37) <= 0}
        z = next((end for end, there in ends.items() if there), None)
        return math.copysign(scipy.optimize.brentq(beyond, 0, 37) if z is None else z, distance)

    def examples_needed(self, margin: float, confidence: float = 0.95) -> int:
        """How many rows would set the interval apart from the margin, with these runs; 0 when no
        number would.

        Rows shrink the paired part, and of the runs' spread what the rows put there. What the seeds
        leave has to be bought with retrainings.
        """
        check_level(confidence, "confidence")
        tail = (1 - confidence) / 2
        return rows_within(lambda more: self._reach(tail, more), self.exact_gain, margin, self.n)

    def _reach(self, tail: float, more: float = 1.0) -> float:
        """The interval's on `more` times as many rows."""
        n = self.n * more
        rows = float(scipy.stats.t.isf(tail, max(n - 1, 1)))
        square = rows**2 * self.paired / n
        for seed, spread, k in (
            (self.candidate_seed, self.candidate_spread, self.k_candidate),
            (self.baseline_seed, self.baseline_spread, self.k_baseline),
        ):
            runs = float(scipy.stats.t.isf(tail, k - 1))
            square += runs**2 * (seed + (spread - seed) / more) / k
        return bounded_reach(rows, math.sqrt(square) / rows if rows else 0.0, 1 / n)


def _compare(
    candidate: np.ndarray, baseline: np.ndarray, where: str, parts: dict
) -> RetrainedOutcomes:
    n = candidate.shape[1]
    if n < 2:
        raise ValueError(f"{where} has {n} rows; a spread over rows needs at least two.")
    difference = candidate.mean(axis=0) - baseline.mean(axis=0)
    means = (Fraction(int(right.sum()), right.size) for right in (candidate, baseline))
    (seed_c, spread_c), (seed_b, spread_b) = _seed_variance(candidate), _seed_variance(baseline)
    paired = float(difference.var(ddof=1))
    return RetrainedOutcomes(
        n, *means, len(candidate), len(baseline), paired, seed_c, seed_b, spread_c, spread_b, parts
    )


def _seed_variance(right: np.ndarray) -> tuple[float, float]:
    """The seed's part of the variance of a run's accuracy, and the whole of it, for right (k, n).

    Runs by rows is a two-way table: the runs' means vary with the seeds, and because each run errs
    on other ones of the n rows. The residual mean square over n is that second part.
    """
    k, n = right.shape
    residual = right - right.mean(axis=0) - right.mean(axis=1, keepdims=True) + right.mean()
    spread = float(right.mean(axis=1).var(ddof=1))
    return max(0.0, spread - float((residual**2).sum()) / ((k - 1) * (n - 1)) / n), spread


def _right(y: np.ndarray, predictions, name: str) -> np.ndarray:
    runs = np.atleast_2d(as_array(predictions, name))
    if len(runs) < 2:
        raise ValueError(
            f"{name} needs the predictions of at least two retrainings, one row each; one run "
            "shows no spread."
        )
    if runs.shape[1:] != y.shape:
        raise ValueError(
            f"{name} must have one row per retraining and {len(y)} columns; got shape {runs.shape}."
        )
    return np.array([as_binary(run, name) for run in runs]) == y
