"""Which request goes to which replica, by weight."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from labsupport.delivery.states import Assignment

CANARY, BASELINE, REST, SHADOW = "canary", "baseline", "rest", "shadow"


class Sent(NamedTuple):
    """A request on its way: its place in the block, whom it counts for, and who gets it. What goes
    to a shadow is a copy; nobody hears its answer.
    """

    request: int
    role: str
    replica: str


@dataclass(frozen=True)
class Groups:
    """Who answers as what: canary and baseline have equally many replicas, one at least.

    Attributes
    ----------
    canary, baseline, rest : names of replicas; without a canary, all are the rest.
    """

    canary: tuple[str, ...]
    baseline: tuple[str, ...]
    rest: tuple[str, ...]

    @classmethod
    def of(cls, order: Assignment, names: Sequence[str]) -> Groups:
        """The groups that an order asks for.

        Parameters
        ----------
        order : what the fleet has to be like.
        names : of all replicas, 3 at least.
        """
        if order.canary is None:
            return cls((), (), tuple(names))
        some = max(1, int(order.share * len(names)))
        return cls(tuple(names[:some]), tuple(names[some : 2 * some]), tuple(names[2 * some :]))

    def beside(self, replica: str) -> str | None:
        """Who takes over when a replica gives no answer: the next one of its group, if any."""
        for group in (self.canary, self.baseline, self.rest):
            if replica in group and len(group) > 1:
                return group[(group.index(replica) + 1) % len(group)]
        return None

    def expected(self, order: Assignment) -> dict[str, str]:
        """{replica: digest of the bundle that it should serve}."""
        told = {name: order.others for name in (*self.baseline, *self.rest)}
        return {name: order.canary for name in self.canary} | told


def split(order: Assignment, groups: Groups, n: int, rng: np.random.Generator) -> list[Sent]:
    """Who gets each of n requests. Canary and baseline get the share that was asked for, each; in
    the shadow, what the baseline gets goes to the canary as well.

    Parameters
    ----------
    order, groups : what the fleet has to be like, and is.
    n : requests that come in.
    rng : draws for each to whom it goes.
    """
    luck, place = rng.random(n), rng.random(n)
    sent = []
    for i in range(n):
        role = REST
        if groups.canary and luck[i] < order.share:
            role = BASELINE if order.mirrored else CANARY
            if order.mirrored:
                sent.append(Sent(i, SHADOW, _one(groups.canary, place[i])))
        elif groups.canary and luck[i] >= 1 - order.share and not order.mirrored:
            role = BASELINE
        group = {CANARY: groups.canary, BASELINE: groups.baseline}.get(role, groups.rest)
        # Half to the canary and half to the baseline may leave nobody for the rest, and no request.
        sent.append(Sent(i, role, _one(group or groups.baseline, place[i])))
    return sent


def _one(group: tuple[str, ...], place: float) -> str:
    return group[int(place * len(group))]
