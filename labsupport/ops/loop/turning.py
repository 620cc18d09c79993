"""The loop, day after day: the fleet answers, the monitor watches, a trigger fires, and a candidate
goes its way.

A day depends on the days before it and on nothing else. So more days go on where fewer ended, and
who replays them sees them again.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

from labsupport.checks import Check
from labsupport.delivery.traffic import replicas_for
from labsupport.exact import check_count
from labsupport.gate import Verdict, conclude
from labsupport.ops.loop import policy as stages
from labsupport.ops.loop.attempt import (
    Attempt,
    Workshop,
    first_bundle,
    first_name,
    lineage_of,
)
from labsupport.ops.loop.faults import FAULTS, NONE, PLANTED, check_fault, snapshot
from labsupport.ops.loop.judging import check_rows, judge_trial
from labsupport.ops.loop.policy import LoopPolicy, check_stages
from labsupport.ops.loop.rolling import deliver, waiting_for_the_fleet
from labsupport.ops.loop.rows import DAY_0, DAYS, first
from labsupport.ops.loop.state import State, event, in_rows
from labsupport.ops.loop.story import BLOCKED, Cost, Event, Loop
from labsupport.triggers import Line, Signal, Trigger, control_chart, due, flight_stream
from labsupport.triggers.dollars import TRAINING
from labsupport.triggers.rules import DEGRADATION, SCHEDULE
from labsupport.triggers.timeline import FIRST, reference_losses

_POLICY = LoopPolicy()


class Turning:
    """The loop with a fault, without some stages, under a policy.

    Parameters
    ----------
    workshop : where models are trained and bundles packed.
    scratch : a folder for the logs of rollouts, which are told again in the loop's own.

    Attributes
    ----------
    state : at the end of the last day.
    """

    def __init__(
        self,
        fault: str,
        without: tuple[str, ...],
        policy: LoopPolicy,
        workshop: Workshop,
        scratch: Path,
    ) -> None:
        self.fault, self.without, self.policy = check_fault(fault), check_stages(without), policy
        self.workshop, self.scratch = workshop, scratch
        name = first_name()
        models, bundles = {name: workshop.model(name, first())}, {name: first_bundle()}
        self.state = State(Line.begin(name), models, bundles, FIRST[-1])
        self.first = models[name]
        self._chart = control_chart(reference_losses(), policy.sigmas)

    def day(self, day: int) -> Iterator[Event]:
        """Live through one of the loop's days; day 0 is the evening before the first."""
        if day == 0:
            yield self._begun()
            return
        yield from deliver(self, day)
        for attempt in [one for one in self.state.trial if day - one.day >= self.policy.trial]:
            self.state.trial.remove(attempt)
            yield self._judge(attempt, day)
        if self.state.again is not None:
            reason, self.state.again = self.state.again.reason, None
            yield from self._candidate(day, f"{reason}; loaded again")
        if (DAY_0 + day) % 7 == 0:
            yield from self._monitor(day)
        yield from waiting_for_the_fleet(self, day)

    def _begun(self) -> Event:
        without = f"without {', '.join(self.without)}" if self.without else "all stages on"
        told = {"fault": self.fault, "without": list(self.without), "policy": self.policy.digest}
        return event(0, "loop", "begun", f"Fault: {self.fault}; {without}.", **told)

    def served(self) -> tuple[dict[str, str], dict[str, str]]:
        """{replica: digest of the bundle that it serves}, and of the one that it should."""
        state, replicas = self.state, self.policy.replicas
        if state.rolling is not None:
            order = state.rolling.rollout.assignment
            some = 0 if order.mirrored else replicas_for(order.share, replicas)
            return state.rolling.serving.pulled(replicas, some)
        if state.there is not None:
            return state.there.serving.pulled(replicas)
        one = {f"replica-{i}": state.bundles[state.line.latest] for i in range(replicas)}
        return one, one

    def _monitor(self, day: int) -> Iterator[Event]:
        """What the week was like, and whether a training is due."""
        week, state, since = (DAY_0 + day) // 7 - 1, self.state, day - 6
        rows = flight_stream().rows_by_day[DAY_0 + since - 1 : DAY_0 + day]
        loss = float(state.losses[since : day + 1].sum() / rows.sum())
        alarms = self._chart.alarms(loss)
        words = f"log-loss {loss:.3f} in week {week}, limit {self._chart.limit:.3f}"
        yield event(day, "monitor", "alarm" if alarms else "quiet", f"{words}.")
        signals = [Signal(day, DEGRADATION, words)] if alarms else []
        if (weeks := week - state.trained) >= self.policy.every:
            signals.append(Signal(day, SCHEDULE, f"{weeks} weeks since the last training"))
        trigger: Trigger | None = due(signals, state.fired, self.policy.cooldown)
        if trigger is not None and state.again is None:
            state.fired |= dict.fromkeys(trigger.causes, day)
            yield event(day, "trigger", "fired", f"{trigger.reason}.")
            yield from self._candidate(day, trigger.reason)

    def _candidate(self, day: int, reason: str) -> Iterator[Event]:
        """From a trigger to a trained candidate."""
        state = self.state
        faulty = self.fault != NONE and not state.planted and day >= PLANTED
        fault = self.fault if faulty else NONE
        rows = snapshot(day, fault if in_rows(fault) else NONE)
        attempt = Attempt(lineage_of(rows, reason, state.line.latest), day, reason, fault, faulty)
        name = attempt.name
        if faulty:
            state.planted = True
            words = FAULTS[fault].words
            yield event(day, "fault", "planted", f"{words[0].upper()}{words[1:]}.", name)
        told = f"{len(rows.rows):,} rows of {len(rows.weeks)} weeks, digest {rows.digest[:12]}."
        yield event(day, "snapshot", "taken", told, name, rows=len(rows.rows))
        if stages.CHECKS not in self.without:
            verdict = check_rows(rows, day, self.policy.missing)
            if verdict.decision != "promote":
                state.again = attempt
                yield _said(day, stages.CHECKS, BLOCKED, verdict, name)
                return
            told = f"{len(verdict.checks)} checks passed."
            yield event(day, stages.CHECKS, "passed", told, name)
        state.models[name] = self.workshop.model(name, rows)
        state.trainings += 1
        state.wasted += in_rows(fault)
        state.trained = (DAY_0 + day) // 7 - 1
        yield event(day, "training", "trained", f"{TRAINING:g} dollars.", name)
        if stages.GATE in self.without:
            attempt.verdict = _NO_GATE
            state.waiting.append(attempt)
        else:
            state.trial.append(attempt)

    def _judge(self, attempt: Attempt, day: int) -> Event:
        policy, state, name = self.policy, self.state, attempt.name
        whole = stages.SEGMENTS in self.without
        asked = policy.gate_without_segments if whole else policy.gate
        line, models = state.line, state.models
        latest, best = models[line.latest], models[line.anchor]
        verdict, best_ever = judge_trial(latest, best, models[name], day, policy.trial, asked)
        attempt.verdict, attempt.against = verdict, line
        attempt.line = Line(name, name if best_ever else line.anchor)
        failed = next((check for check in verdict.checks if check.passed is not True), None)
        of_segment = failed is not None and failed.slice is not None
        stage = stages.SEGMENTS if of_segment else stages.GATE
        if failed is None:
            state.waiting.append(attempt)
            return event(day, stage, "promoted", verdict.checks[0].sentence, name)
        return _said(day, stage, BLOCKED, verdict, name)


def _said(day: int, stage: str, what: str, verdict: Verdict, candidate: str) -> Event:
    """A verdict's no, with all checks that did not pass."""
    failed = [check for check in verdict.checks if check.passed is not True]
    reason = " ".join(check.sentence for check in failed)
    checks = [[check.name, check.slice, check.passed] for check in failed]
    return event(day, stage, what, reason, candidate, decision=verdict.decision, failed=checks)


_NO_GATE = conclude([Check("no gate", None, 0.0, 0, True, "No gate: nobody compared anything.")])


def simulate(
    days: int = DAYS,
    fault: str = NONE,
    without: tuple[str, ...] = (),
    policy: LoopPolicy = _POLICY,
) -> Loop:
    """Run the loop round for some days; asked for again, it is remembered.

    Parameters
    ----------
    days : from 26 February 2013 on, 168 at most.
    fault : one of FAULTS.
    without : the stages that are taken off, of STAGES.
    policy : what the others ask.

    Raises
    ------
    ValueError : no such days, fault or stage.
    """
    days = check_days(days)
    return _lived(check_fault(fault), check_stages(without), policy)[days]


def check_days(days: int) -> int:
    """The number of days, if there are so many flights; ValueError otherwise."""
    check_count(days, "days")
    if isinstance(days, bool) or days > DAYS:
        raise ValueError(f"There are flights for {DAYS} days; got days = {days!r}.")
    return int(days)


@lru_cache(maxsize=256)
def _lived(fault: str, without: tuple[str, ...], policy: LoopPolicy) -> tuple[Loop, ...]:
    """The story when each day has ended: who lives to the last day has lived through the others."""
    events, told = [], []
    with TemporaryDirectory() as folder:
        place = Path(folder)
        turning = Turning(fault, without, policy, Workshop(place, keep=False), place)
        for day in range(DAYS + 1):
            events += turning.day(day)
            told.append(told_of(turning, day, tuple(events)))
    return tuple(told)


def told_of(turning: Turning, days: int, events: tuple[Event, ...]) -> Loop:
    """The loop's story, when its last day has ended."""
    state = turning.state
    cost = Cost(state.wasted, state.hurt, state.helped, state.nats)
    dollars = TRAINING * state.trainings + 2.0 * float(state.losses[: days + 1].sum())
    serving, wanted = turning.served()
    return Loop(days, turning.fault, turning.without, events, serving, wanted, cost, dollars)
