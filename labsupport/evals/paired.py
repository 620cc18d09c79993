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
from scipy import optimize, special, stats

from labsupport.comparisons import (
    ExactPair,
    Interval,
    bounded_reach,
    clustered_standard_error,
    rows_within,
)
from labsupport.evals.runs import Run
from labsupport.evals.suite import Suite, Task
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
    clusters : number of clusters.
    standard_error : of the gain, between clusters, with the correction for few of them.
    largest : share of the tasks that the largest cluster has.
    outcomes : the same as PairedOutcomes, where every cluster is one task that was asked once;
        else None.
    slices : mapping of slice name to the PairedScores of its tasks.
    """

    n: int
    exact_candidate: Fraction
    exact_baseline: Fraction
    clusters: int
    standard_error: float
    largest: float
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
        ValueError : the runs are of different suites, or of another one than this; or one lacks a
            task.
        """
        for run, name in ((candidate, "candidate"), (baseline, "baseline")):
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
        a cluster that was lost or won altogether would add (see comparisons.bounded_reach). Such a
        cluster is far from the others: seen from a gain g, a lost one by 1 + g, a won one by 1 - g.
        The chance that the true gain is below the interval, or above, was at most
        (1 - confidence) / 2 in a search over worlds, by exact enumeration: 3 to 100 clusters, of
        one size or with some four times as large, up to three outcomes of a cluster, confidence
        0.6 to 0.99. The price: with 60 clusters about half as wide again as the exact interval of
        as many single tasks.

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
        return math.copysign(optimize.brentq(beyond, 0, 37) if z is None else z, distance)

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
        freedom = self.clusters * more - 1
        if freedom <= 0:
            return math.inf
        t = float(stats.t.isf(tail, freedom))
        unit = (1 + side * self.gain) * self.largest / more
        return bounded_reach(t, self.standard_error / math.sqrt(more), unit)


def _compare(tasks: Sequence[Task], rights: Sequence[Rights], parts: dict) -> PairedScores:
    n, counts = len(tasks), Counter(task.cluster for task in tasks)
    candidate, baseline = (
        [Fraction(sum(right[task.id]), len(right[task.id])) for task in tasks] for right in rights
    )
    gains = [float(a - b) for a, b in zip(candidate, baseline, strict=True)]
    error = math.inf  # one cluster says nothing about others
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
    largest = max(counts.values()) / n
    return PairedScores(n, *means, len(counts), error, largest, outcomes, parts)
