"""A fleet of replicas, simulated request by request: what the controller drives in a lesson, with
the same orders and the same looks as the real one.

Requests are drawn in blocks, so memory does not grow with the day.
"""

from __future__ import annotations

from collections import deque

import numpy as np
from scipy import special

from labsupport.delivery.evidence import Look, Pairs
from labsupport.delivery.states import ENDS, FLEET, Assignment
from labsupport.delivery.traffic import (
    METRICS,
    NIGHT,
    SMALL,
    Fault,
    Traffic,
    check_tick,
    replicas_for,
)

_BLOCK = 1 << 18  # requests that are drawn at once


class SimulatedFleet:
    """A fleet of replicas as a controller sees it; see states.Fleet.

    Parameters
    ----------
    candidate, baseline : digests of the bundles.
    traffic, fault : what comes in, and what is wrong.
    seed : of everything random.
    tick : minutes that one observation takes.

    Attributes
    ----------
    hurt : requests so far that went bad and would not have with the old version.
    """

    def __init__(
        self,
        candidate: str,
        baseline: str,
        traffic: Traffic | None = None,
        fault: Fault | None = None,
        seed: int = 0,
        tick: float = 5.0,
    ) -> None:
        check_tick(tick)
        self.candidate, self.baseline = candidate, baseline
        self.traffic, self.fault, self.tick = traffic or Traffic(), fault or Fault(), tick
        self.minute, self.hurt, self.requests = 0.0, 0.0, 0
        self.assignment: Assignment | None = None
        self._rng = np.random.default_rng(seed)
        self._counts = {name: np.zeros(3, np.int64) for name in METRICS}  # n, worse, better
        self._late: deque = deque()  # labels under way: minute, counts
        self._step = np.zeros(4, np.int64)  # canary, baseline, requests, failed

    def apply(self, assignment: Assignment) -> None:
        """Follow an order, unless a later one was followed."""
        if self.assignment is None or assignment.number > self.assignment.number:
            if self.assignment is None or assignment.step != self.assignment.step:
                self._step[:] = 0
            self.assignment = assignment

    def observe(self) -> Look:
        """Let some minutes pass."""
        if self.assignment is None:
            raise ValueError("This fleet has no order yet; apply an assignment first.")
        share, n = self._share, self._rng.poisson(self.traffic.requests_per_day * self.tick / 1440)
        self.requests += n
        for start in range(0, n, _BLOCK):
            self._answer(min(_BLOCK, n - start), share)
        mirrored = self.assignment.mirrored
        self.hurt += n * self.traffic.hurt(self.fault, share, self.minute, mirrored)
        self.minute += self.tick
        while self._late and self._late[0][0] <= self.minute:
            for name, counts in self._late.popleft()[1].items():
                self._counts[name] += counts
        return self._look()

    @property
    def _share(self) -> float:
        if self.assignment.state in ENDS:
            return 1.0 if self.assignment.state == FLEET else 0.0
        return self.assignment.share

    def _answer(self, n: int, share: float) -> None:
        """Draw a block of requests and count what became of them."""
        rng, mirrored = self._rng, self.assignment.mirrored
        new, old = (self.traffic.rates(self.fault, share, self.minute, v) for v in (True, False))
        group = rng.random(n, np.float32)
        canary = np.flatnonzero(group < share)
        baseline = canary if mirrored else np.flatnonzero(group >= np.float32(1 - share))
        night = rng.integers(0, 256, n, np.uint8) < NIGHT
        luck = _luck(rng, n)
        was = _bad(old, luck, night)
        own = {name: drawn[canary] for name, drawn in luck.items()}
        if mirrored:  # on requests that are alike to both, both versions have the same luck
            alike = rng.random(len(canary), np.float32) < self.traffic.same
            again = _luck(rng, len(canary))
            own = again | {"quality": np.where(alike, own["quality"], again["quality"])}
        now = _bad(new, own, night[canary])
        failed = np.count_nonzero(was["errors"])
        if not mirrored:
            failed += int(now["errors"].sum()) - int(was["errors"][canary].sum())
        self._step += np.array([len(canary), len(baseline), n, failed])
        if self.assignment.canary is not None:
            was = {name: bad[baseline] for name, bad in was.items()}
            self._count(now, was, night, canary, baseline)

    def _count(self, now: dict, was: dict, night, canary, baseline) -> None:
        """Pair the requests of a block; what becomes known of their labels is known later."""
        for name in ("errors", "slow"):
            self._counts[name] += _paired(now[name], was[name])
        known = self._rng.random(len(night), np.float32) < self.traffic.labelled
        told = {
            name: _paired(now["quality"][part[canary]], was["quality"][part[baseline]])
            for name, part in (("quality", known), (SMALL, known & night))
        }
        self._late.append((self.minute + self.tick + self.traffic.label_delay, told))

    def _look(self) -> Look:
        pairs = {name: Pairs(*map(int, counts)) for name, counts in self._counts.items()}
        if self.fault.kind == "lost metrics" and self.minute >= self.fault.minute:
            pairs = dict.fromkeys(METRICS)
        canary, baseline, requests, failed = map(int, self._step)
        expected = self._expected()
        serving = dict(expected)
        if self.fault.kind == "another bundle":
            serving[max(serving)] = "last month's"
        return Look(self.minute, pairs, canary, baseline, requests, failed, serving, expected)

    def _expected(self) -> dict[str, str]:
        order = self.assignment
        some = 0 if order.canary is None else replicas_for(order.share, self.traffic.replicas)
        return {
            f"replica-{i:03}": order.canary if i < some else order.others
            for i in range(self.traffic.replicas)
        }


def _luck(rng: np.random.Generator, n: int) -> dict[str, np.ndarray]:
    """What decides n requests: a uniform number each, and a latency in sigmas."""
    drawn = {name: rng.random(n, np.float32) for name in ("quality", "errors")}
    return drawn | {"slow": rng.standard_normal(n, np.float32)}


def _bad(rates: dict[str, np.ndarray], luck: dict, night: np.ndarray) -> dict[str, np.ndarray]:
    """Which of n requests go bad, and how."""
    part = NIGHT / 256
    by_day = (rates["quality"] - part * rates[SMALL]) / (1 - part)
    return {
        "quality": luck["quality"] < np.where(night, np.float32(rates[SMALL]), np.float32(by_day)),
        "errors": luck["errors"] < np.float32(rates["errors"]),
        "slow": luck["slow"] > np.float32(special.ndtri(1 - rates["slow"])),
    }


def _paired(new: np.ndarray, old: np.ndarray) -> np.ndarray:
    """Counts of pairs in the order in which they came; who has no partner is left out."""
    n = min(len(new), len(old))
    new, old = new[:n], old[:n]
    return np.array([n, np.sum(new & ~old), np.sum(old & ~new)])
