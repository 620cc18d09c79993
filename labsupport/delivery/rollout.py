"""A rollout as a table of states, on a log that only grows.

The log is the truth: what is not in it has not happened, and whoever opens it goes on from there.
So a controller may be killed anywhere, and two of them may run: a step is appended only by who has
read the line before it, and a fleet does not follow an order that is older than its last.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from labsupport.checks import Check
from labsupport.delivery.belief import check_errors
from labsupport.delivery.evidence import judge_look, ready
from labsupport.delivery.look import NO_PAIRS, Look, fault
from labsupport.delivery.plan import ALWAYS, BELIEF, SHADOW, Plan
from labsupport.delivery.record import as_json, check_minute, deciding, entered, packed
from labsupport.delivery.states import (
    ENDS,
    FLEET,
    NEW,
    PAUSED,
    TRANSITIONS,
    Assignment,
    Fleet,
    follow,
)
from labsupport.durable import EventLog, LogMoved
from labsupport.gate import Verdict, conclude


@dataclass(frozen=True)
class Rollout:
    """One bundle's way to the fleet.

    Attributes
    ----------
    log : of what happened.
    plan : the policy.
    candidate, baseline : digests of the bundles.
    """

    log: EventLog
    plan: Plan
    candidate: str
    baseline: str

    @classmethod
    def start(cls, path: Path, plan: Plan, candidate: str, baseline: str) -> Rollout:
        """Begin, or go on with what was begun with the same plan and bundles.

        Raises
        ------
        ValueError : the log is of another rollout, or was altered; or both bundles are one.
        """
        for name, bundle in (("candidate", candidate), ("baseline", baseline)):
            if not isinstance(bundle, str) or not bundle:
                raise ValueError(f"{name} is the digest of a bundle, a text; got {bundle!r}.")
        if candidate == baseline:
            raise ValueError(
                "Candidate and baseline are the same bundle; there is nothing to roll out."
            )
        log = EventLog(Path(path))
        events, head = log.read()
        if not events:
            made = {"plan": asdict(plan), "candidate": candidate, "baseline": baseline}
            first = {
                "event": "start",
                "from": NEW,
                "state": SHADOW,
                "step": 0,
                "minute": 0.0,
                **made,
            }
            with suppress(LogMoved):  # another controller was a moment earlier
                log.append(first, after=head)
        rollout = cls.open(path)
        if (rollout.plan, rollout.candidate, rollout.baseline) != (plan, candidate, baseline):
            raise ValueError(
                f"{Path(path).name} is the log of another rollout, with another plan or bundle."
            )
        return rollout

    @classmethod
    def open(cls, path: Path) -> Rollout:
        """Go on from a log.

        Raises
        ------
        ValueError : there is no rollout in it, or it was altered.
        """
        log = EventLog(Path(path))
        events = log.events()
        first = events[0] if events and isinstance(events[0], Mapping) else {}
        if not {"plan", "candidate", "baseline"} <= set(first):
            raise ValueError(f"{Path(path).name} holds no rollout; start one.")
        follow(events)
        return cls(log, Plan.from_dict(first["plan"]), first["candidate"], first["baseline"])

    @property
    def events(self) -> list[dict[str, object]]:
        """All that happened, each with its event, state, step and minute.

        Raises
        ------
        ValueError : something that the table forbids.
        """
        return follow(self.log.events())

    @property
    def state(self) -> str:
        """Where it stands."""
        return self.events[-1]["state"]

    @property
    def assignment(self) -> Assignment:
        """What the fleet has to be like."""
        return self._assignment(self.events)

    def take(self, look: Look, number: int | None = None) -> str:
        """Judge a look and write down what follows.

        Parameters
        ----------
        look : what was measured.
        number : of the assignment that the fleet followed meanwhile; None: of the present one.

        Returns
        -------
        The event: "pass", "harm", "hold", "doubt", "deadline", or "wait" when there is nothing to
        write down: too few pairs for a judgement, or the same hold as before.

        Raises
        ------
        LogMoved : another controller wrote meanwhile; read again.
        ValueError : a look without its minute.
        """
        check_minute(look.minute)
        events, head = self.log.read()
        last = follow(events)[-1]
        state, step = last["state"], last["step"]
        if number is not None and number != self._assignment(events).number:
            raise LogMoved("This look was taken before the last step; take another one.")
        if state in ENDS:
            return "wait"
        if state == PAUSED:  # the metrics wait, and spend nothing
            verdict = conclude(check_errors(self.plan, look) or [_NOTHING])
        else:
            verdict = judge_look(self.plan, step, look)
        event = self._event(events, look, verdict)
        why = deciding(verdict, event)
        held = last["event"] == "hold" and last.get("about") == why.name
        if event == "wait" or (event == "hold" and held):
            return "wait"
        after, to = self._after(state, step, event)
        judged = event not in ("hold", "deadline") and ready(self.plan, step, look)
        told = {
            "event": event,
            "from": state,
            "state": after,
            "step": to,
            "minute": float(look.minute),
        }
        late = "The deadline passed. " if event == "deadline" else ""
        told |= {"about": why.name, "reason": late + why.sentence}
        told |= {"checks": [as_json(check) for check in verdict.checks]}
        told |= {"look": packed(look)} if judged or event == "harm" else {}
        self.log.append(told, after=head)
        return event

    def order(self, event: str, reason: str, minute: float | None = None) -> None:
        """What a person orders: "pause", "resume", "abort" or "roll back"; ordered twice, it
        happens once.

        Parameters
        ----------
        event, reason : what, and why.
        minute : since the rollout began; None, or before the last event: that event's. A pause for
            which nobody tells the minutes does not stop the clock of the deadline.

        Raises
        ------
        ValueError : it cannot be ordered in this state.
        LogMoved : another controller wrote meanwhile; read again.
        """
        events, head = self.log.read()
        last = follow(events)[-1]
        if last["event"] == event:
            return
        if event not in ("pause", "resume", "abort", "roll back") or (
            (last["state"], event) not in TRANSITIONS
        ):
            possible = sorted(e for s, e in TRANSITIONS if s == last["state"] and e in _ORDERS)
            raise ValueError(
                f"A rollout that is {last['state']} cannot {event}; it can "
                f"{' or '.join(possible) or 'do nothing more'}."
            )
        after, step = self._after(last["state"], last["step"], event)
        told = {"event": event, "from": last["state"], "state": after, "step": step}
        minute = last["minute"] if minute is None else max(check_minute(minute), last["minute"])
        self.log.append({**told, "minute": minute, "reason": str(reason)}, after=head)

    def _event(self, events: list[dict], look: Look, verdict: Verdict) -> str:
        last = events[-1]
        state, step = last["state"], last["step"]
        if verdict.decision == "block":
            return "harm"
        if state == PAUSED:
            return "wait"
        complete = ready(self.plan, step, look)
        if verdict.decision == "promote" and complete:
            return "pass"
        believed = all(c.passed is not None for c in verdict.checks if c.name in BELIEF)
        counts = [fault(look.pairs.get(metric.name)) for metric in self.plan.metrics]
        measured = set(counts) <= {None, NO_PAIRS}
        final = step == len(self.plan.steps) - 1
        if complete and believed and final and self.plan.looks != ALWAYS:
            return "doubt"  # the last look is spent
        if look.minute - entered(events) >= self.plan.deadline:
            return "deadline"
        return "wait" if believed and measured else "hold"

    def _after(self, state: str, step: int, event: str) -> tuple[str, int]:
        if event == "pass":
            last = step == len(self.plan.steps) - 1
            return (FLEET, step) if last else (self.plan.state(step + 1), step + 1)
        if event == "resume":
            return self.plan.state(step), step
        return next(iter(TRANSITIONS[state, event])), step

    def _assignment(self, events: list[dict]) -> Assignment:
        last = events[-1]
        state, step = last["state"], last["step"]
        number = max(
            i for i, e in enumerate(events) if e["state"] != e["from"] or e["event"] == "pass"
        )
        if state in ENDS:
            serving = self.candidate if state == FLEET else self.baseline
            return Assignment(number, state, step, 0.0, None, serving)
        return Assignment(
            number, state, step, self.plan.steps[step].share, self.candidate, self.baseline
        )


_NOTHING = Check("paused", None, float("nan"), 0, None, "Paused.")
_ORDERS = ("pause", "resume", "abort", "roll back")
_PATIENCE = 1000  # looks without a minute passing


def drive(rollout: Rollout, fleet: Fleet, after_step=lambda event, look: None) -> str:
    """Bring a rollout to its end, from wherever it stands.

    Parameters
    ----------
    rollout, fleet : what to bring where.
    after_step : called with each event and the look that led to it.

    Returns
    -------
    The state in which it ended. The fleet has been told so; a replica that is down is told when it
    comes back. Paused, it watches until somebody resumes or aborts.

    Raises
    ------
    ValueError : the fleet's clock stands still, so no deadline would ever come.
    """
    latest, ahead, still = -math.inf, 0.0, 0
    while True:
        assignment = rollout.assignment
        fleet.apply(assignment)
        if assignment.state in ENDS:
            return assignment.state
        look = fleet.observe()
        still = 0 if check_minute(look.minute) > latest else still + 1
        if still >= _PATIENCE:
            raise ValueError(
                f"The fleet's clock stands at minute {latest:g}, so no deadline would ever come; "
                "mend its clock."
            )
        latest = max(latest, look.minute)
        # A fleet that was started anew counts from 0 again; the log's clock goes on.
        ahead = max(ahead, rollout.events[-1]["minute"] - look.minute)
        look = replace(look, minute=look.minute + ahead)
        try:
            after_step(rollout.take(look, assignment.number), look)
        except LogMoved:  # another controller has written: its line is read, and nothing is lost
            continue
