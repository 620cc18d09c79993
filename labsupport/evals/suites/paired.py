"""Candidate and champion on the same tasks: a comparison that the gate takes, and that knows that
questions about one article go up and down together.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
import scipy
from scipy import special

from labsupport.comparisons import (
    ExactPair,
    Interval,
    bounded_reach,
    clustered_standard_error,
    rows_within,
)
from labsupport.evals.suites.runs import Run
from labsupport.evals.suites.suite import Suite, Task
from labsupport.exact import as_written, check_level
from labsupport.outcomes import PairedOutcomes

Rights = Mapping[str, Sequence[bool]]  # {task id: whether right, epoch by epoch}


@dataclass(frozen=True)
class PairedScores(ExactPair):
    """Two systems on the same tasks.

    Attributes
    ----------
    n : tasks.
    exact_candidate, exact_baseline : mean share of right answers, over tasks and epochs.
    standard_error : of the gain, between clusters, with the correction for few of them.
    sizes : tasks of each cluster, the largest first.
    outcomes : the same as PairedOutcomes, where every cluster is one task that was asked once;
        else None.
    slices : mapping of slice name to the PairedScores of its tasks.
    """

    n: int
    exact_candidate: Fraction
    exact_baseline: Fraction
    standard_error: float
    sizes: tuple[int, ...]
    outcomes: PairedOutcomes | None = None
    slices: Mapping[str, PairedScores] = field(default_factory=dict)

    @classmethod
    def from_runs(
        cls,
        candidate: Run,
        baseline: Run,
        suite: Suite,
        slices: Callable[[Task], str | None] | None = None,
    ) -> PairedScores:
        """Compare two runs of one suite, task by task.

        Parameters
        ----------
        suite : the one that both ran.
        slices : the slice of a task, such as `lambda task: task.family`; None: in no slice.

        Raises
        ------
        TypeError : what is no Run or no Suite.
        ValueError : the runs are of different suites, or of another one than this; or one lacks a
            task.
        """
        for run, name in ((candidate, "candidate"), (baseline, "baseline")):
            if not isinstance(run, Run) or not isinstance(suite, Suite):
                kinds = f"{type(run).__name__} and {type(suite).__name__}"
                raise TypeError(f"Two Runs and their Suite are compared; got {kinds}.")
            if run.suite != suite.digest:
                raise ValueError(
                    f"The {name} ran another suite than {suite.name!r}; run both on the same."
                )
            for task in suite.tasks:
                if len(run.right.get(task.id, ())) != run.epochs:
                    raise ValueError(f"The {name}'s run lacks answers to task {task.id!r}.")
        groups: dict[str, list[Task]] = {}
        for task in suite.tasks:
            if slices is not None and (name := slices(task)) is not None:
                groups.setdefault(name, []).append(task)
        rights = [run.right for run in (candidate, baseline)]
        parts = {name: _compare(tasks, rights, {}) for name, tasks in groups.items()}
        return _compare(suite.tasks, rights, parts)

    def interval(self, confidence: float = 0.95) -> Interval:
        """A two-sided interval for the true gain, were the same clusters filled anew.

        The standard error between clusters, with the t quantile of their number less one; and what
        clusters that were lost or won altogether, and are missing here, would add (see
        comparisons.bounded_reach, and _unseen). Seen from a gain g, a lost cluster is 1 + g away
        and a won one 1 - g. The chance that the true gain is below the interval, or above, was at
        most (1 - confidence) / 2 in a search over worlds, each by exact enumeration: 3 to 40
        clusters of one size, or some of them up to ten times as large, three outcomes of a cluster,
        confidence 0.6 to 0.95. The price: on 60 clusters its lower end is half as far again from
        the gain as that of the exact interval for as many single tasks.

        Tasks that are clusters of their own, and were asked once, have that exact interval.
        """
        check_level(confidence, "confidence")
        if self.outcomes is not None:
            return self.outcomes.interval(confidence)
        tail = (1 - confidence) / 2
        low = max(-1.0, self.gain - self._reach(tail, 1))
        high = min(1.0, self.gain + self._reach(tail, -1))
        return Interval(low, high, confidence, "clustered, bounded")

    def statistic(self, gain: float) -> float:
        """The test statistic of the hypothesis that the true gain is `gain`, on the standard normal
        scale: where the interval of the same tail ends.
        """
        if self.outcomes is not None:
            return self.outcomes.statistic(gain)
        distance = self.gain - gain
        side = math.copysign(1, distance)

        def beyond(z: float) -> float:
            return self._reach(float(special.ndtr(-z)), side) - abs(distance)

        ends = {0.0: beyond(0) >= 0, 37.0: beyond(37) <= 0}
        z = next((end for end, there in ends.items() if there), None)
        return math.copysign(scipy.optimize.brentq(beyond, 0, 37) if z is None else z, distance)

    def examples_needed(self, margin: float, confidence: float = 0.95) -> int:
        """How many tasks, in as many more clusters of the same kind, would set the interval apart
        from the margin.
        """
        check_level(confidence, "confidence")
        if self.outcomes is not None:
            return self.outcomes.examples_needed(margin, confidence)
        tail, side = (1 - confidence) / 2, math.copysign(1, self.exact_gain - as_written(margin))
        return rows_within(
            lambda more: self._reach(tail, side, more), self.exact_gain, margin, self.n
        )

    def _reach(self, tail: float, side: float, more: float = 1.0) -> float:
        """The interval's, below (1) or above (-1) the gain, on `more` times as many clusters."""
        freedom = len(self.sizes) * more - 1
        if freedom <= 0:
            return math.inf
        t = float(scipy.stats.t.isf(tail, freedom))
        lost = (1 + side * self.gain) * _unseen(np.array(self.sizes) / self.n, tail, more)
        unit = lost / -math.log(tail)
        return max(lost, bounded_reach(t, self.standard_error / math.sqrt(more), unit))


def _unseen(shares: np.ndarray, tail: float, more: float) -> float:
    """The largest share of the tasks that may be lost on average, and none is with probability
    `tail`, if each cluster is lost with a chance of its own, altogether or not at all.

    A cluster is spared with probability e^-x. The x of all sum to -log(tail), and are best spent so
    that share e^-x is the same for all that can be lost. With many clusters of one size this is
    -log(tail), the limit of a Poisson mean, times the share of one.

    Parameters
    ----------
    shares : (C,) of the tasks, the largest first.
    more : there are so many times as many clusters, each with so many times less.
    """
    logs = np.log(shares)
    levels = (np.cumsum(logs) + math.log(tail) / more) / np.arange(1, len(logs) + 1)
    level = levels[np.flatnonzero(levels <= logs)[-1]]
    return float(-(shares * np.expm1(-np.maximum(0, logs - level))).sum())


def _compare(tasks: Sequence[Task], rights: Sequence[Rights], parts: dict) -> PairedScores:
    n, counts = len(tasks), Counter(task.cluster for task in tasks)
    candidate, baseline = (
        [Fraction(sum(right[task.id]), len(right[task.id])) for task in tasks] for right in rights
    )
    gains = [float(a - b) for a, b in zip(candidate, baseline, strict=True)]
    error = 1.0  # the most that it can be: one cluster says nothing about others
    if len(counts) > 1:
        clusters = [task.cluster for task in tasks]
        error = clustered_standard_error(gains, clusters, correction=True)
    once = all(len(right[task.id]) == 1 for right in rights for task in tasks)
    outcomes = None
    if once and len(counts) == n:
        ones = np.ones(n, int)
        outcomes = PairedOutcomes.from_predictions(
            ones, *(np.array(side, float) for side in (candidate, baseline))
        )
    means = (sum(side, Fraction()) / n for side in (candidate, baseline))
    sizes = tuple(sorted(counts.values(), reverse=True))
    return PairedScores(n, *means, error, sizes, outcomes, parts)
