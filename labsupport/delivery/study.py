"""Many rollouts at once, on counts: how often a plan errs, what it finds, how many requests it
costs.

What one rollout does with its fleet is in rollout.py and traffic.py, request by request. Here the
counts of thousands of rollouts are drawn from the same rates and judged by the same functions; a
test asks whether both come to the same ends.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from labsupport.delivery.belief import exceeds
from labsupport.delivery.evidence import harm_chance, harm_excluded, level_at
from labsupport.delivery.plan import ALWAYS, Plan
from labsupport.delivery.sequence import confidence_sequence, harm_shown
from labsupport.delivery.traffic import METRICS, Fault, Traffic, check_tick
from labsupport.exact import check_count

GOING, FLEET, HARM, DOUBT, DEADLINE = range(5)


@dataclass(frozen=True)
class Ends:
    """How n rollouts ended.

    Attributes
    ----------
    end : (n,) FLEET, or rolled back for HARM, DOUBT or DEADLINE.
    step : (n,) the step in which that was.
    minute : (n,) when it was.
    hurt : (n,) requests that went bad until then, and would not have with the old version.
    """

    end: np.ndarray
    step: np.ndarray
    minute: np.ndarray
    hurt: np.ndarray

    def share(self, *ends: int) -> float:
        """Share of the rollouts that ended so."""
        return float(np.isin(self.end, ends).mean())


def many_rollouts(
    plan: Plan,
    traffic: Traffic | None = None,
    fault: Fault | None = None,
    n: int = 10_000,
    seed: int = 0,
    tick: float = 5.0,
) -> Ends:
    """Run a plan many times.

    Parameters
    ----------
    plan, traffic, fault : what is run on what.
    n : rollouts.
    seed : of everything random.
    tick : minutes from one observation to the next.

    Raises
    ------
    TypeError, ValueError : a number that is none, or a metric that nobody simulates.
    """
    check_count(n, "n")
    check_tick(tick)
    if unknown := {metric.name for metric in plan.metrics} - set(METRICS):
        raise ValueError(
            f"Nobody simulates {min(unknown)!r}; the metrics are {', '.join(METRICS)}."
        )
    rollouts = _Rollouts(
        plan, traffic or Traffic(), fault or Fault(), n, np.random.default_rng(seed)
    )
    while (rollouts.end == GOING).any():
        rollouts.observe(tick)
        rollouts.judge()
    return Ends(rollouts.end, rollouts.step, rollouts.ended, rollouts.hurt)


class _Rollouts:
    """The state of n rollouts after some ticks."""

    def __init__(self, plan: Plan, traffic: Traffic, fault: Fault, n: int, rng) -> None:
        self.plan, self.traffic, self.fault, self.rng = plan, traffic, fault, rng
        self.names = [metric.name for metric in plan.metrics]
        self.minute = 0.0
        self.step, self.end = np.zeros(n, int), np.zeros(n, int)
        self.entered, self.ended, self.hurt = np.zeros(n), np.zeros(n), np.zeros(n)
        self.counts = np.zeros((n, len(self.names), 3), np.int64)  # pairs, worse, better
        self.requests, self.failed = np.zeros(n, np.int64), np.zeros(n, np.int64)  # of the step
        self.late: list[tuple[float, np.ndarray]] = []  # labels under way

    def observe(self, tick: float) -> None:
        """Let some minutes pass."""
        came = np.zeros_like(self.counts)
        for step, here in self._going():
            came[here] = self._requests(step, here, tick)
        labels = np.array([[name.startswith("quality")] for name in self.names])
        self.minute += tick
        self.late.append((self.minute + self.traffic.label_delay, came * labels))
        self.counts += came * ~labels
        while self.late and self.late[0][0] <= self.minute:
            self.counts += self.late.pop(0)[1]

    def judge(self) -> None:
        """Take a look wherever there are pairs enough, and go on, back or nowhere."""
        lost = self.fault.kind == "lost metrics" and self.minute >= self.fault.minute
        believed = self.fault.kind != "another bundle"
        for step, here in self._going():
            sizes = np.array([self.plan.sizes(metric)[step] for metric in self.plan.metrics])
            ready = (self.counts[here, :, 0] >= sizes).all(axis=1) & (not lost) & believed
            harm, harmless = self._verdicts(step, here, ready & believed, believed and not lost)
            last = step == len(self.plan.steps) - 1
            late = self.minute - self.entered[here] >= self.plan.deadline
            passed = ready & ~harm & (harmless if last else True)
            doubt = ready & ~harm & ~passed & (self.plan.looks != ALWAYS)
            for end, ones in ((DEADLINE, late & ~passed), (DOUBT, doubt), (HARM, harm)):
                self.end[here[ones]] = end
            self.end[here[passed & last]] = FLEET
            on = here[passed & (not last)]
            self.step[on] += 1
            self.entered[on], self.requests[on], self.failed[on] = self.minute, 0, 0
            self.ended[here[self.end[here] != GOING]] = self.minute

    def _going(self) -> Iterator[tuple[int, np.ndarray]]:
        """Each step with the rollouts that are in it."""
        going = self.end == GOING
        for step in reversed(range(len(self.plan.steps))):  # who passes is not judged again
            here = np.flatnonzero(going & (self.step == step))
            if len(here):
                yield step, here

    def _requests(self, step: int, here: np.ndarray, tick: float) -> np.ndarray:
        """Draw what comes in a step in some minutes: (rollouts, metrics, 3) counts of pairs."""
        share, mirrored = self.plan.steps[step].share, step == 0
        n = self.traffic.requests_per_day * tick / 1440
        self.hurt[here] += n * self.traffic.hurt(self.fault, share, self.minute, mirrored)
        new, old = (self.traffic.rates(self.fault, share, self.minute, v) for v in (True, False))
        came = np.zeros((len(here), len(self.names), 3), np.int64)
        for i, name in enumerate(self.names):
            each = n * share * self.traffic.known(name)
            pairs = self.rng.poisson(each, len(here))
            if not mirrored:
                pairs = np.minimum(pairs, self.rng.poisson(each, len(here)))
            worse, better = self.traffic.discordant(name, new[name], old[name], mirrored)
            came[:, i, 0] = pairs
            came[:, i, 1] = self.rng.binomial(pairs, worse)
            came[:, i, 2] = self.rng.binomial(pairs - came[:, i, 1], better / (1 - worse))
        failing = old["errors"] if mirrored else share * new["errors"] + (1 - share) * old["errors"]
        requests = self.rng.poisson(n, len(here))
        self.requests[here] += requests
        self.failed[here] += self.rng.binomial(requests, failing)
        return came

    def _verdicts(
        self, step: int, here: np.ndarray, ready: np.ndarray, known: bool
    ) -> tuple[np.ndarray, np.ndarray]:
        """For each rollout of a step: is harm shown, and is all harm that matters excluded?"""
        plan, level = self.plan, self.plan.metric_alpha / 2
        harm = np.zeros(len(here), bool)
        if plan.max_errors is not None:
            spent = level / len(plan.steps)
            harm |= exceeds(self.failed[here], self.requests[here], plan.max_errors, spent)
        harmless = np.ones(len(here), bool)
        for i, metric in enumerate(plan.metrics):
            pairs, worse, better = self.counts[here, i].T
            last = step == len(plan.steps) - 1
            if plan.looks == ALWAYS and known:
                harm |= harm_shown(worse, better, plan.metric_alpha)
                if last:
                    counts = (worse, better, pairs)
                    harmless &= confidence_sequence(*counts, plan.metric_alpha)[1] < metric.harm
            elif plan.looks != ALWAYS:
                bound = level_at(plan, metric, step, pairs)
                harm |= ready & (harm_chance(worse, better) <= bound)
                if last:
                    tables = (pairs[ready], worse[ready], better[ready])
                    harmless[ready] &= harm_excluded(*tables, metric.harm, level)
        return harm, harmless
