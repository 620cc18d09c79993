"""Where the loop stands when a day ends, and the events in which it tells what happened."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from labsupport.delivery import Rollout
from labsupport.ops.loop.attempt import Attempt, fitted
from labsupport.ops.loop.faults import IN_ROWS, OTHER, snapshot
from labsupport.ops.loop.fleet import Answers, ReplayFleet, Serving
from labsupport.ops.loop.rows import DAY_0, DAYS, Scored, date_of
from labsupport.ops.loop.story import Event
from labsupport.ops.loop.watching import Watch
from labsupport.triggers import Line


@dataclass
class Delivery:
    """A bundle on its way to everybody, or there.

    Attributes
    ----------
    attempt, serving : whose it is, and beside whom it serves.
    before : the line to which a rollback goes back.
    rollout, fleet : on its way.
    watch, since : there, from the day after `since` on.
    """

    attempt: Attempt
    serving: Serving
    before: Line
    rollout: Rollout | None = None
    fleet: ReplayFleet | None = None
    watch: Watch | None = None
    since: int = 0


@dataclass
class State:
    """What the next day depends on.

    Attributes
    ----------
    line : who serves, and who was best.
    models, bundles : {candidate: what it says}, and {candidate: digest}.
    trial, waiting : candidates that are on trial, and that wait for the fleet.
    again : a candidate whose rows are loaded again tonight.
    rolling, there : what is on its way to everybody, and what everybody has.
    fired : {cause: day of its last trigger}.
    trained : week of the last training.
    planted : whether the fault has come.
    losses : (days + 1,) float array, log-loss of what was served each day.
    trainings, wasted : all, and those on a fault's rows.
    hurt, helped, nats : see story.Cost.
    """

    line: Line
    models: dict[str, Scored]
    bundles: dict[str, str]
    trained: int
    trial: list[Attempt] = field(default_factory=list)
    waiting: list[Attempt] = field(default_factory=list)
    again: Attempt | None = None
    rolling: Delivery | None = None
    there: Delivery | None = None
    fired: dict[str, int] = field(default_factory=dict)
    planted: bool = False
    losses: np.ndarray = field(default_factory=lambda: np.zeros(DAYS + 1))
    trainings: int = 0
    wasted: int = 0
    hurt: int = 0
    helped: int = 0
    nats: float = 0.0

    @property
    def serves(self) -> Scored:
        """What everybody's answers come from."""
        return self.models[self.line.latest]

    def bill(self, delivery: Delivery, answers: Answers, share: float, replicas: int) -> None:
        """Count what a day of a faulty version did to users, against the champion and against a
        model of sound rows.
        """
        if not delivery.attempt.faulty:
            return
        self.hurt += answers.hurt
        self.helped += answers.helped
        day = DAY_0 + int(answers.day) - 1
        sound = fitted(snapshot(delivery.attempt.day))
        served = losses_served(delivery.serving, replicas)
        self.nats += share * float(served[day] - sound.losses[day])


def losses_served(serving: Serving, replicas: int) -> np.ndarray:
    """(days,) float array: the log-loss of what the candidate's replicas say, summed per day."""
    own = serving.new.losses
    if serving.fault != OTHER:
        return own
    return own + (serving.stray.losses - own) / replicas


def event(day: int, stage: str, what: str, reason: str, candidate: str = "", **more) -> Event:
    """A line of the log."""
    told = {"day": day, "date": date_of(day), "stage": stage, "event": what, "reason": reason}
    return told | ({"candidate": candidate[:12]} if candidate else {}) | more


def in_rows(fault: str) -> bool:
    """Whether a fault is in the rows, and not in the way in which the model is served."""
    return fault in IN_ROWS
