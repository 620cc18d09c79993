"""What the loop asks of a candidate, stage by stage, written down before the first day."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace

from labsupport.delivery.plan import Metric, Plan, Step
from labsupport.durable import digest
from labsupport.exact import check_count
from labsupport.gate import Policy

CHECKS, GATE, SEGMENTS, BUNDLE = "checks", "gate", "segments", "bundle"
CANARY, ROLLBACK = "canary", "rollback"
STAGES = {
    CHECKS: "cheap checks of the snapshot, before training",
    GATE: "candidate against champion on three weeks that neither has seen",
    SEGMENTS: "the gate's bound on every airline and airport",
    BUNDLE: "a replica serves what was judged, or nothing",
    CANARY: "shadow, a tenth, a quarter, a half; then everybody",
    ROLLBACK: "the fleet is watched, and taken back",
}
SMALL = "quality on small airlines"

_GATE = Policy(min_gain=0.0, max_gap=None, max_slice_loss=0.05, confidence=0.95)
_TOGETHER = 4
_PLAN = Plan(
    (Step(0.5, 1200), Step(0.1, 1400), Step(0.25, 2000), Step(0.5, 3600)),
    (
        Metric("quality", 0.02, 1 / _TOGETHER),
        Metric(SMALL, 0.15, 0.05 / _TOGETHER),
        Metric("slow", 0.02),
    ),
    deadline=7 * 1440,
)


@dataclass(frozen=True)
class LoopPolicy:
    """What every stage asks.

    Attributes
    ----------
    every : weeks after a training at which the next one is due.
    sigmas : the weekly log-loss may lie so many sd above its mean; see triggers.control_chart.
    cooldown : days that a cause rests after it has fired.
    missing : of a day's answers, the share for which the snapshot may have no row. Of all flights
        2.5% are cancelled, so a bound much lower would be a false alarm a week.
    trial : days that candidate and champion score side by side, for the gate.
    gate : its policy, in nats of log-loss: the gain, and the loss on a segment.
    plan : of the rollout.
    together : flights of one day go wrong together, so of the pairs that tell of quality so many
        count as one; in plan, a metric's share says the same. See fleet.ReplayFleet.
    watch : days that the old champion scores beside the new one, after the rollout.
    alpha : of the watch, shared out over all that it looks at.
    slow : the share of late answers at which the watch takes the fleet back.
    replicas : of the fleet.
    seed : of what is simulated: who gets the canary, and how long an answer takes.

    Raises
    ------
    ValueError : a count that is not whole and at least 1.
    """

    every: int = 7
    sigmas: float = 3.0
    cooldown: int = 14
    missing: float = 0.05
    trial: int = 21
    gate: Policy = _GATE
    plan: Plan = _PLAN
    together: int = _TOGETHER
    watch: int = 28
    alpha: float = 0.05
    slow: float = 0.02
    replicas: int = 4
    seed: int = 10

    def __post_init__(self) -> None:
        for name in ("every", "trial", "together", "watch", "replicas"):
            check_count(getattr(self, name), name)

    @property
    def digest(self) -> str:
        """What the policy is known by."""
        return digest(json.dumps(asdict(self), sort_keys=True).encode())

    @property
    def gate_without_segments(self) -> Policy:
        """The same gate, which looks at the whole only."""
        return replace(self.gate, max_slice_loss=None)


def check_stages(without: tuple[str, ...] | list[str] | str) -> tuple[str, ...]:
    """The stages that are taken off, in the pipeline's order.

    Raises
    ------
    ValueError : there is no such stage.
    """
    asked = {without} if isinstance(without, str) else set(without)
    if unknown := sorted(asked - set(STAGES)):
        raise ValueError(f"There is no stage {unknown[0]!r} to take off; there are {told()}.")
    return tuple(stage for stage in STAGES if stage in asked)


def told() -> str:
    """The names of the stages."""
    return ", ".join(STAGES)
