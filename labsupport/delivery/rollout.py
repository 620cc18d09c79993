"""A rollout as a table of states, on a log that only grows.

The log is the truth: what is not in it has not happened, and whoever opens it goes on from there.
So a controller may be killed anywhere, and two of them may run: a step is appended only by who has
read the line before it, and a fleet does not follow an order that is older than its last.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from labsupport.checks import Check
from labsupport.delivery.evidence import Look, check_errors, judge_look, ready
from labsupport.delivery.plan import ALWAYS, SHADOW, Plan
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
                f"{Path(path).name} is the log of another rollout; finish that, or name another."
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
        if not events or events[0].get("event") != "start":
            raise ValueError(f"{Path(path).name} holds no rollout; start one.")
        first = events[0]
        rollout = cls(log, Plan.from_dict(first["plan"]), first["candidate"], first["baseline"])
        follow(events)
        return rollout

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

    def take(self, look: Look) -> str:
        """Judge a look and write down what follows.

        Returns
        -------
        The event: "pass", "harm", "hold", "doubt", "deadline", or "wait" when there is nothing to
        write down: too few pairs for a judgement, or the same hold as before.

        Raises
        ------
        LogMoved : another controller wrote meanwhile; read again.
        """
        events, head = self.log.read()
        last = follow(events)[-1]
        state, step = last["state"], last["step"]
        if state in ENDS:
            return "wait"
        if state == PAUSED:  # the metrics wait, and spend nothing
            verdict = conclude(check_errors(self.plan, look) or [_NOTHING])
        else:
            verdict = judge_look(self.plan, step, look)
        event = self._event(events, look, verdict)
        why = _deciding(verdict, event)
        if event == "wait" or (event, why.name) == ("hold", last.get("about")):
            return "wait"
        after, to = self._after(state, step, event)
        judged = event not in ("hold", "deadline") and ready(self.plan, step, look)
        told = {"event": event, "from": state, "state": after, "step": to, "minute": look.minute}
        late = "The deadline passed. " if event == "deadline" else ""
        told |= {"about": why.name, "reason": late + why.sentence}
        told |= {"checks": [_told(check) for check in verdict.checks]}
        told |= {"look": _packed(look)} if judged or event == "harm" else {}
        self.log.append(told, after=head)
        return event

    def order(self, event: str, reason: str, minute: float = 0.0) -> None:
        """What a person orders: "pause", "resume", "abort" or "roll back"; ordered twice, it
        happens once.

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
        self.log.append({**told, "minute": minute, "reason": reason}, after=head)

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
        believed = all(c.passed is not None for c in verdict.checks if c.name in _BELIEF)
        final = step == len(self.plan.steps) - 1
        if complete and believed and final and self.plan.looks != ALWAYS:
            return "doubt"  # the last look is spent
        if look.minute - _entered(events) >= self.plan.deadline:
            return "deadline"
        return "wait" if believed else "hold"

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
_BELIEF = ("versions", "shares", "all errors")


def drive(rollout: Rollout, fleet: Fleet, after_step=lambda event, look: None) -> str:
    """Bring a rollout to its end, from wherever it stands.

    Parameters
    ----------
    rollout, fleet : what to bring where.
    after_step : called with each event and the look that led to it.

    Returns
    -------
    The state in which it ended. The fleet has been told so; a replica that is down is told when it
    comes back.
    """
    while True:
        assignment = rollout.assignment
        fleet.apply(assignment)
        if assignment.state in ENDS:
            return assignment.state
        look = fleet.observe()
        try:
            after_step(rollout.take(look), look)
        except LogMoved:  # another controller has written: its line is read, and nothing is lost
            continue


def _entered(events: list[dict]) -> float:
    """The minute in which the present step began, less the time it was paused."""
    began = 0.0
    for event in events:
        if event["event"] in ("start", "pass"):
            began = event["minute"]
        elif event["event"] == "pause":
            stopped = event["minute"]
        elif event["event"] == "resume":
            began += event["minute"] - stopped
    return began


def _packed(look: Look) -> dict[str, object]:
    counts = {n: [int(p.n), int(p.worse), int(p.better)] for n, p in look.pairs.items() if p}
    told = {"minute": look.minute, "pairs": counts, "canary": int(look.canary)}
    return told | {"baseline": int(look.baseline), "requests": int(look.requests)}


def _told(check) -> dict[str, object]:
    value = None if check.value != check.value else float(check.value)
    return {"name": check.name, "value": value, "passed": check.passed, "sentence": check.sentence}


def _deciding(verdict: Verdict, event: str) -> Check:
    """The check that decided; of those that let it pass, the one of the metrics that came nearest
    to its harm.
    """
    if event == "pass":
        metrics = [check for check in verdict.checks if check.name not in _BELIEF]
        return max(metrics, key=lambda check: check.value / float(check.bound))
    decided = (c for c in verdict.checks if c.passed is (False if event == "harm" else None))
    return next(decided, verdict.checks[0])
