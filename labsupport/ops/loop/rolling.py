"""From the gate to everybody, and back: bundle, rollout, watch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from labsupport.delivery import Rollout, same_everywhere
from labsupport.delivery.states import ENDS, FLEET
from labsupport.gate import conclude
from labsupport.ops.loop import policy as stages
from labsupport.ops.loop.attempt import Attempt
from labsupport.ops.loop.faults import NONE, OTHER, SLOW
from labsupport.ops.loop.fleet import ReplayFleet, Serving, answer, last_years
from labsupport.ops.loop.rows import DAY_0
from labsupport.ops.loop.state import Delivery, event, losses_served
from labsupport.ops.loop.story import BLOCKED, EVERYBODY, ROLLED_BACK, Event
from labsupport.ops.loop.watching import Watch
from labsupport.triggers import Line

if TYPE_CHECKING:
    from labsupport.ops.loop.turning import Turning


def deliver(turning: Turning, day: int) -> Iterator[Event]:
    """Answer a day's requests, and decide in the evening what they mean for what is new."""
    state, policy = turning.state, turning.policy
    there, share = state.there, 0.0
    if state.rolling is not None:
        order = state.rolling.rollout.assignment
        share = 0.0 if order.mirrored else order.share
    own = state.serves.losses if there is None else losses_served(there.serving, policy.replicas)
    state.losses[day] = own[DAY_0 + day - 1]
    if there is not None:
        answers = answer(there.serving, day, 1.0 - share, policy, False)
        state.bill(there, answers, 1.0 - share, policy.replicas)
        if state.rolling is None:
            yield from _watch(turning, there, answers, day)
    if state.rolling is not None:
        yield from _roll(turning, state.rolling, day)


def _roll(turning: Turning, delivery: Delivery, day: int) -> Iterator[Event]:
    """A day of a rollout."""
    state, rollout = turning.state, delivery.rollout
    order = rollout.assignment
    delivery.fleet.apply(order)
    look = delivery.fleet.observe()
    share = 0.0 if order.mirrored else order.share
    state.bill(delivery, delivery.fleet.last, share, turning.policy.replicas)
    what, name = rollout.take(look, order.number), delivery.attempt.name
    if what == "wait":
        return
    last = rollout.events[-1]
    ended = last["state"] in ENDS
    told = {"pass": "passed", "hold": "hold"}.get(what, ROLLED_BACK)
    words = f"{order.state} {order.share:.0%}: {last['reason']}"
    yield event(day, stages.CANARY, told, words, name, state=last["state"])
    if ended:
        state.rolling = None
    if last["state"] == FLEET:
        yield _everybody(turning, delivery, day)


def _watch(turning: Turning, there: Delivery, answers, day: int) -> Iterator[Event]:
    """An evening on which everybody has had the new version."""
    state, policy, name = turning.state, turning.policy, there.attempt.name
    if stages.ROLLBACK in turning.without or there.watch is None:
        return
    there.watch.add(answers)
    verdict = there.watch.judge(there.serving.pulled(policy.replicas)[0])
    if verdict.decision != "promote":
        failed = next(check for check in verdict.checks if check.passed is not True)
        state.line, state.there = there.before, None
        yield event(day, stages.ROLLBACK, ROLLED_BACK, failed.sentence, name)
    elif day - there.since >= policy.watch:
        there.watch = None
        told = f"{policy.watch} days watched: {verdict.checks[2].sentence}"
        yield event(day, stages.ROLLBACK, "kept", told, name)


def _everybody(turning: Turning, delivery: Delivery, day: int) -> Event:
    """All replicas get the new version, from tomorrow on."""
    state, attempt = turning.state, delivery.attempt
    delivery.since, delivery.watch = day, Watch(turning.policy)
    state.line, state.there = attempt.line, delivery
    told = f"All {turning.policy.replicas} replicas serve {attempt.bundle[:12]}."
    return event(day, "fleet", EVERYBODY, told, attempt.name)


def waiting_for_the_fleet(turning: Turning, day: int) -> Iterator[Event]:
    """Pack whoever is promoted and waits, as soon as the fleet is free."""
    state, policy = turning.state, turning.policy
    while state.waiting and state.rolling is None:
        attempt = state.waiting.pop(0)
        if attempt.against is not None and attempt.against != state.line:
            state.trial.append(attempt)  # judged against a champion that serves no more
            continue
        if attempt.line is None:  # nobody compared it
            attempt.line = Line(attempt.name, state.line.anchor)
        delivery = _packed(turning, attempt)
        checks = _what_is_served(delivery, policy.replicas)
        name = attempt.name
        if stages.BUNDLE not in turning.without and (wrong := [c for c in checks if not c.passed]):
            attempt.fault, attempt.faulty = NONE, False  # it is made to pull what was judged
            state.waiting.insert(0, attempt)
            said = f"{wrong[0].sentence} It gets no request, and pulls again."
            yield event(day, stages.BUNDLE, BLOCKED, said, name)
            return
        told = f"Bundle {attempt.bundle[:12]} is packed."
        yield event(day, stages.BUNDLE, "packed", told, name)
        if stages.CANARY in turning.without:
            yield _everybody(turning, delivery, day)
            continue
        place = turning.scratch / f"rollout-{day}.jsonl"
        serving = delivery.serving
        delivery.rollout = Rollout.start(place, policy.plan, serving.candidate, serving.champion)
        delivery.fleet = ReplayFleet(serving, day + 1, policy)
        state.rolling = delivery


def _packed(turning: Turning, attempt: Attempt) -> Delivery:
    state, policy = turning.state, turning.policy
    model, champion = state.models[attempt.name], state.line.latest
    if attempt.bundle is None:
        parent = state.bundles[champion]
        attempt.bundle = turning.workshop.pack(attempt, model, policy.gate, parent)
        state.bundles[attempt.name] = attempt.bundle
    live = attempt.fault if attempt.fault in (SLOW, OTHER) else NONE
    serving = Serving(
        attempt.bundle,
        state.bundles[champion],
        model,
        state.models[champion],
        last_years(turning.first),
        live,
    )
    return Delivery(attempt, serving, state.line)


def _what_is_served(delivery: Delivery, replicas: int) -> tuple:
    """Is what replicas have pulled, before they get a request, what was judged?"""
    pulled, judged = delivery.serving.pulled(replicas)[0], delivery.attempt.bundle
    return conclude(same_everywhere(judged, judged, pulled)).checks
