"""Candidate and champion on the same tasks: a comparison that the gate takes, and that knows that
questions about one article go up and down together.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
from scipy import optimize, special, stats

from labsupport.comparisons import ExactPair, Interval, bounded_reach, rows_within
from labsupport.evals.runs import Run
from labsupport.evals.suite import Suite, Task
from labsupport.exact import check_level
from labsupport.outcomes import PairedOutcomes


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
        rights = [run.right for run in (candidate, baseline)]
        for right, name in zip(rights, ("candidate", "baseline"), strict=True):
            if lost := [task.id for task in suite.tasks if task.id not in right]:
                raise ValueError(f"The {name}'s run has no answer to task {lost[0]!r}.")
        groups: dict[str, list[Task]] = {}
        for task in suite.tasks:
            if slices is not None and (name := slices(task)) is not None:
                groups.setdefault(name, []).append(task)
        parts = {name: _compare(tasks, *rights, {}) for name, tasks in groups.items()}
        return _compare(suite.tasks, *rights, parts)

    def interval(self, confidence: float = 0.95) -> Interval:
        """A two-sided interval for the true gain over clusters that nobody has seen."""
        check_level(confidence, "confidence")
        if self.outcomes is not None:
            return self.outcomes.interval(confidence)
        reach = self._reach((1 - confidence) / 2)
        low, high = max(-1.0, self.gain - reach), min(1.0, self.gain + reach)
        return Interval(low, high, confidence, "clustered")

    def statistic(self, gain: float) -> float:
        """The test statistic of the hypothesis that the true gain is `gain`, on the standard normal
        scale: where the interval of the same tail ends.
        """
        if self.outcomes is not None:
            return self.outcomes.statistic(gain)
        distance = self.gain - gain

        def beyond(z: float) -> float:
            return self._reach(float(special.ndtr(-z))) - abs(distance)

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
        tail = (1 - confidence) / 2
        return rows_within(lambda more: self._reach(tail, more), self.exact_gain, margin, self.n)

    def _reach(self, tail: float, more: float = 1.0) -> float:
        """The interval's on `more` times as many clusters."""
        freedom = self.clusters * more - 1
        if freedom <= 0:
            return math.inf
        t = float(stats.t.isf(tail, freedom))
        return bounded_reach(t, self.standard_error / math.sqrt(more), self.largest / more)


def _compare(tasks, candidate: dict, baseline: dict, parts: dict) -> PairedScores:
    means = [
        [Fraction(sum(right[t.id]), len(right[t.id])) for t in tasks]
        for right in (candidate, baseline)
    ]
    n = len(tasks)
    exact = [sum(each, Fraction()) / n for each in means]
    gain = exact[0] - exact[1]
    sums: dict[str, Fraction] = {}
    sizes: dict[str, int] = {}
    for task, a, b in zip(tasks, *means, strict=True):
        sums[task.cluster] = sums.get(task.cluster, Fraction()) + a - b - gain
        sizes[task.cluster] = sizes.get(task.cluster, 0) + 1
    c = len(sums)
    squares = float(sum(each * each for each in sums.values()))
    error = math.sqrt(c / (c - 1) * squares) / n if c > 1 else math.nan
    outcomes = None
    if c == n and all(len(right[t.id]) == 1 for right in (candidate, baseline) for t in tasks):
        cells = np.bincount(
            [int(2 * (1 - a) + (1 - b)) for a, b in zip(*means, strict=True)], minlength=4
        )
        outcomes = PairedOutcomes(*cells)
    return PairedScores(n, *exact, c, error, max(sizes.values()) / n, outcomes, parts)
