"""The states of a rollout, in one table, and what each asks of the fleet."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

from labsupport.delivery.evidence import Look
from labsupport.delivery.plan import CANARY, SHADOW, STAGES, state_of

FLEET, PAUSED, ROLLED_BACK, ABORTED = "fleet", "paused", "rolled back", "aborted"
NEW = "new"  # nothing is in the log

# Whatever is not in this table cannot happen. Doubt is for the last step, and no shadow is that;
# while a rollout is paused nothing is judged, so nothing holds.
TRANSITIONS: Mapping[tuple[str, str], frozenset[str]] = MappingProxyType(
    {
        (NEW, "start"): frozenset({SHADOW}),
        (SHADOW, "pass"): frozenset({CANARY}),
        (CANARY, "pass"): frozenset({STAGES, FLEET}),
        (STAGES, "pass"): frozenset({STAGES, FLEET}),
        **{(state, "hold"): frozenset({state}) for state in (SHADOW, CANARY, STAGES)},
        **{(state, "pause"): frozenset({PAUSED}) for state in (SHADOW, CANARY, STAGES)},
        (PAUSED, "resume"): frozenset({SHADOW, CANARY, STAGES}),
        **{(state, "harm"): frozenset({ROLLED_BACK}) for state in (SHADOW, CANARY, STAGES, PAUSED)},
        **{(state, "doubt"): frozenset({ROLLED_BACK}) for state in (CANARY, STAGES)},
        **{(state, "deadline"): frozenset({ROLLED_BACK}) for state in (SHADOW, CANARY, STAGES)},
        **{(state, "abort"): frozenset({ABORTED}) for state in (SHADOW, CANARY, STAGES, PAUSED)},
        (FLEET, "roll back"): frozenset({ROLLED_BACK}),
    }
)
ENDS = frozenset({FLEET, ROLLED_BACK, ABORTED})


@dataclass(frozen=True)
class Assignment:
    """What a fleet has to be like; it holds until a later one.

    Attributes
    ----------
    number : of the order; a fleet follows none that is lower than its last.
    state, step : of the rollout.
    share : of all requests, for the canary, and as many for its baseline; 0 when there is none.
    canary, others : digest of the bundle for the canary's replicas, and for all others.
    """

    number: int
    state: str
    step: int
    share: float
    canary: str | None
    others: str

    @property
    def mirrored(self) -> bool:
        """Whether the canary gets copies, and its answers are thrown away."""
        return self.canary is not None and self.step == 0


class Fleet(Protocol):
    """What the controller drives, simulated or real."""

    def apply(self, assignment: Assignment) -> None:
        """Become what is asked, as far as replicas are up; the same again changes nothing."""

    def observe(self) -> Look:
        """Wait a little, and tell what was measured."""


def follow(events: list[dict]) -> list[dict]:
    """The events, if each is what the table allows after the one before, in the step where that
    was.

    Raises
    ------
    ValueError : one is not.
    """
    state, step = NEW, 0
    last = _last_step(events[0]) if events else -1
    for number, event in enumerate(events):
        ahead = event.get("event") == "pass" and event.get("state") != FLEET
        if not _can_happen(event, state, step + ahead, last):
            raise ValueError(
                f"Event {number} of the log, {event.get('event')!r}, cannot happen to a rollout "
                f"that is {state}; restore the log."
            )
        state, step = event["state"], event["step"]
    return events


def _last_step(start: dict) -> int:
    """Of the plan that the first event of a log holds; -1 if it holds none."""
    plan = start.get("plan")
    steps = plan.get("steps") if isinstance(plan, Mapping) else None
    return len(steps) - 1 if isinstance(steps, list | tuple) else -1


def _can_happen(event: dict, state: str, step: int, last: int) -> bool:
    """Whether an event can happen in a state and lead to this step."""
    name, to = event.get("event"), event.get("state")
    known = isinstance(name, str) and isinstance(to, str)
    if not known or event.get("from") != state or event.get("step") != step:
        return False
    if to not in TRANSITIONS.get((state, name), ()) or not _is_minute(event.get("minute")):
        return False
    if name == "pass" and to == FLEET:
        return step == last
    return to in ENDS or to == PAUSED or (to == state_of(step) and step <= last)


def _is_minute(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)
