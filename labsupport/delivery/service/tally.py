"""Pairs of requests, equally old, one answered by the canary and one by the baseline, and what
became of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from labsupport.delivery.look import Pairs
from labsupport.delivery.service.splitter import BASELINE, CANARY, SHADOW

TAIL = "quality on the tail"  # of the requests whose first feature is above one
METRICS = ("quality", TAIL, "errors", "slow")
_LABELS = ("quality", TAIL)
_STEP = ("canary", "baseline", "requests", "failed")


@dataclass(frozen=True)
class Outcome:
    """What became of a request, or of its copy.

    Attributes
    ----------
    role : whom it counts for, see splitter.
    bad : {metric: whether it went bad in that way; None: nobody knows}. A metric that is not about
        this request is missing.
    answered : whether somebody answered in the end.
    """

    role: str
    bad: Mapping[str, bool | None]
    answered: bool


@dataclass
class Tally:
    """What was counted so far.

    Attributes
    ----------
    step : of the rollout; -1 before the first.
    of_step : {"canary", "baseline", "requests", "failed": counts since that step began}.
    pairs : {metric: [n, worse, better]} since the rollout began.
    late : labels under way: [minute, metric, [n, worse, better]].
    """

    step: int = -1
    of_step: dict[str, int] = field(default_factory=lambda: dict.fromkeys(_STEP, 0))
    pairs: dict[str, list[int]] = field(
        default_factory=lambda: {name: [0, 0, 0] for name in METRICS}
    )
    late: list[list] = field(default_factory=list)

    def enter(self, step: int) -> None:
        """A step begins, unless it has begun already."""
        if step != self.step:
            self.step, self.of_step = step, dict.fromkeys(_STEP, 0)

    def add(self, outcomes: Iterable[Outcome], known: float) -> None:
        """Count a block of requests.

        Parameters
        ----------
        outcomes : in the order in which they came, a shadow's copy before its request.
        known : the minute from which on their labels are known.
        """
        groups: dict[str, list[Outcome]] = {CANARY: [], BASELINE: []}
        for outcome in outcomes:
            group = CANARY if outcome.role == SHADOW else outcome.role
            if group in groups:
                groups[group].append(outcome)
                self.of_step[group] += 1
            if outcome.role != SHADOW:
                self.of_step["requests"] += 1
                self.of_step["failed"] += not outcome.answered
        for name in METRICS:
            told = [
                [one.bad[name] for one in groups[group] if name in one.bad]
                for group in (CANARY, BASELINE)
            ]
            counts = _paired(*told)
            if name in _LABELS:
                self.late.append([known, name, counts])
            else:
                self._count(name, counts)

    def hear(self, minute: float) -> None:
        """Labels that are known by now."""
        for _, name, counts in (one for one in self.late if one[0] <= minute):
            self._count(name, counts)
        self.late = [one for one in self.late if one[0] > minute]

    def told(self) -> dict[str, Pairs]:
        """What is known of each metric."""
        return {name: Pairs(*counts) for name, counts in self.pairs.items()}

    def _count(self, name: str, counts: list[int]) -> None:
        self.pairs[name] = [a + b for a, b in zip(self.pairs[name], counts, strict=True)]


def _paired(new: list, old: list) -> list[int]:
    """First with first, second with second; who has no partner, or of whom nobody knows, is left
    out.
    """
    known = [(a, b) for a, b in zip(new, old, strict=False) if a is not None and b is not None]
    return [len(known), sum(a > b for a, b in known), sum(b > a for a, b in known)]
