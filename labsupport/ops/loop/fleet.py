"""A fleet that answers the real flights of the next days, one request a flight.

Who was right is real. Which replica gets a request, and how long its answer takes, is simulated,
from a seed and the day: so a day is the same day again, whoever replays it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from labsupport.delivery import Assignment, Fault, Look, Pairs, Traffic
from labsupport.delivery.traffic import replicas_for
from labsupport.durable import digest
from labsupport.ops.loop.faults import OTHER, SLOW, SLOWER, renumbered
from labsupport.ops.loop.policy import SMALL, LoopPolicy
from labsupport.ops.loop.rows import Scored, of_day, small

LAST_YEARS = digest(b"last year's bundle")  # what a replica may pull instead
_DAY = 1440.0  # minutes


@dataclass(frozen=True, eq=False)
class Serving:
    """A candidate and the champion beside it, in bundles.

    Attributes
    ----------
    candidate, champion : digests.
    new, old : what the two say of each row.
    fault : what is wrong with the way in which the candidate is served.
    stray : what a replica says that pulled last year's bundle.
    """

    candidate: str
    champion: str
    new: Scored
    old: Scored
    stray: Scored
    fault: str

    def pulled(self, replicas: int, some: int | None = None) -> tuple[dict, dict]:
        """({replica: digest that it serves}, {replica: digest that it should}), some of them the
        candidate's; None: all.
        """
        some = replicas if some is None else some
        wanted = {
            f"replica-{i}": self.candidate if i < some else self.champion for i in range(replicas)
        }
        serving = dict(wanted)
        if self.fault == OTHER and some:
            serving["replica-0"] = LAST_YEARS
        return serving, wanted


@dataclass(frozen=True, eq=False)
class Answers:
    """What became of a day's requests.

    Attributes
    ----------
    day, rows : of the loop, and the slice of the stream.
    got : (n,) boolean array, who got the candidate; in the shadow, of whose request it got a copy.
    worse, better : (n,) boolean arrays, where of the two only the candidate was wrong, only the
        champion.
    slow : (n,) boolean array, whose answer came late.
    slow_pairs : n, worse, better: late answers of the candidate's requests beside as many others.
    beside : requests of the baseline that was compared.
    hurt, helped : answers that users got from the candidate and that were wrong or late where the
        champion's would not have been; that were right where its would have been wrong.
    """

    day: int
    rows: slice
    got: np.ndarray
    worse: np.ndarray
    better: np.ndarray
    slow: np.ndarray
    slow_pairs: tuple[int, int, int]
    beside: int
    hurt: int
    helped: int


def answer(serving: Serving, day: int, share: float, policy: LoopPolicy, mirrored: bool) -> Answers:
    """Answer a day's requests.

    Parameters
    ----------
    share : of the requests, those that the candidate answers.
    mirrored : it answers copies, and nobody gets its answers. They are scored when a replica has
        nothing else to do, so what is slow under load only is not slow.
    """
    rows = of_day(day)
    n, rng = rows.stop - rows.start, np.random.default_rng([policy.seed, day])
    place, luck = rng.random(n), rng.standard_normal(n)
    got = place < share
    wrong, before = serving.new.wrong[rows], serving.old.wrong[rows]
    if serving.fault == OTHER:
        replicas = replicas_for(share, policy.replicas)
        wrong = np.where(place * replicas < share, serving.stray.wrong[rows], wrong)
    new, old = (luck > bar for bar in _bars(serving.fault, share, policy, mirrored))
    others = got if mirrored else place >= 1 - share
    worse, better = got & wrong & ~before, got & before & ~wrong
    late = got & new & ~old
    beside = (new[got], old[others])
    few = min(map(len, beside))
    canary, baseline = (slow[:few] for slow in beside)
    pairs = (few, int((canary & ~baseline).sum()), int((baseline & ~canary).sum()))
    hurt, helped = (0, 0) if mirrored else (int((worse | late).sum()), int((better & ~late).sum()))
    slow = np.where(got & (not mirrored), new, old)
    return Answers(day, rows, got, worse, better, slow, pairs, int(others.sum()), hurt, helped)


class ReplayFleet:
    """The fleet as a rollout's controller sees it; see delivery.states.Fleet.

    Both versions score the canary's requests, in its answers' shadow: so their quality is compared
    on the same flights, and a day's luck falls to both. But a late day moves many of them at once:
    from day to day worse less better varies 6 to 12 times as much as if each pair were on its own.
    Taken as they come, pairs rolled back 8 of 56 sound versions, where one was promised; so
    `together` of them count as one.

    Parameters
    ----------
    serving : who is compared with whom.
    day : the loop's day that is answered first.

    Attributes
    ----------
    last : the last day's Answers.
    """

    def __init__(self, serving: Serving, day: int, policy: LoopPolicy) -> None:
        self.serving, self.policy, self.last = serving, policy, None
        self._day, self._began = day, day
        self._order: Assignment | None = None
        self._pairs = {"quality": np.zeros(3, int), SMALL: np.zeros(3, int)}
        self._pairs["slow"] = np.zeros(3, int)
        self._step = np.zeros(3, int)  # canary, baseline, requests

    def apply(self, assignment: Assignment) -> None:
        """Follow an order, unless a later one was followed."""
        if self._order is None or assignment.number > self._order.number:
            if self._order is None or assignment.step != self._order.step:
                self._step[:] = 0
            self._order = assignment

    def observe(self) -> Look:
        """Let a day pass.

        Raises
        ------
        ValueError : there is no order yet.
        """
        if self._order is None:
            raise ValueError("This fleet has no order yet; apply an assignment first.")
        order = self._order
        day = answer(self.serving, self._day, order.share, self.policy, order.mirrored)
        for name, mask in (("quality", slice(None)), (SMALL, small()[day.rows])):
            counts = [int(seen[mask].sum()) for seen in (day.got, day.worse, day.better)]
            self._pairs[name] += np.array(counts)
        self._pairs["slow"] += np.array(day.slow_pairs)
        self._step += np.array([day.got.sum(), day.beside, len(day.got)])
        self.last, self._day = day, self._day + 1
        return self._look(order)

    def _look(self, order: Assignment) -> Look:
        of = {name: 1 if name == "slow" else self.policy.together for name in self._pairs}
        pairs = {name: Pairs(*map(int, n // of[name])) for name, n in self._pairs.items()}
        some = replicas_for(order.share, self.policy.replicas)
        minute = _DAY * (self._day - self._began)
        return Look(
            minute,
            pairs,
            *map(int, self._step),
            0,
            *self.serving.pulled(self.policy.replicas, some),
        )


def last_years(first: Scored) -> Scored:
    """What last year's bundle says: the first champion's weights, at other airlines."""
    return Scored(renumbered(first.weights))


def _bars(fault: str, share: float, policy: LoopPolicy, mirrored: bool) -> list[float]:
    """Above which a standard normal number stands for a late answer, of the new and the old
    version: one in a hundred of the old one's is late.
    """
    traffic = Traffic(replicas=policy.replicas, failed=0)
    wrong = Fault("slow under load", SLOWER) if fault == SLOW and not mirrored else Fault()
    rates = [float(traffic.rates(wrong, share, 0, new)["slow"]) for new in (True, False)]
    return [float(special.ndtri(1 - rate)) for rate in rates]
