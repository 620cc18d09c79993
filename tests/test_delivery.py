"""The controller: nothing that the table forbids, nothing twice, nothing lost, whoever kills it."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from deaths import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st
from refusals import is_sentence, refuses

from labsupport.delivery import (
    TRANSITIONS,
    Assignment,
    Fault,
    Look,
    Metric,
    Pairs,
    Plan,
    Rollout,
    SimulatedFleet,
    Step,
    Traffic,
    drive,
)
from labsupport.delivery.evidence import judge_look, ready
from labsupport.delivery.states import ENDS, NEW, follow
from labsupport.durable import EventLog, LogMoved, digest

PLAN = Plan(
    (Step(0.1, 50), Step(0.1, 100), Step(0.3, 200), Step(0.5, 300)),
    (Metric("quality", 0.1), Metric("errors", 0.1)),
    deadline=60.0,
)
REPLICAS = {"replica-0": "new"}


def look(step: int, minute: float = 5.0, n: int | None = None, **changes) -> Look:
    """A look at which a step is passed."""
    n = PLAN.steps[step].pairs if n is None else n
    pairs = {name: Pairs(n, n // 30, n // 30) for name in ("quality", "errors")}
    share = round(10_000 * PLAN.steps[step].share)
    good = Look(minute, pairs, share, share, 10_000, 5, REPLICAS, REPLICAS)
    return replace(good, **changes)


def harmful(step: int, minute: float = 5.0) -> Look:
    n = PLAN.steps[step].pairs
    pairs = {"quality": Pairs(n, n // 2, 0), "errors": Pairs(n, 0, 0)}
    return look(step, minute, pairs=pairs)


def begun(folder, plan: Plan = PLAN) -> Rollout:
    return Rollout.start(Path(folder) / "log.jsonl", plan, "new", "old")


def at(folder, step: int) -> Rollout:
    rollout = begun(folder)
    for passed in range(step):
        assert rollout.take(look(passed, 5.0 * (passed + 1))) == "pass"
    return rollout


def names(rollout: Rollout) -> list[str]:
    return [event["event"] for event in rollout.events]


def test_a_good_version_goes_through_every_step_to_the_fleet(tmp_path):
    rollout = begun(tmp_path)
    states = [rollout.state]
    for step in range(4):
        order = rollout.assignment
        assert (order.step, order.share) == (step, PLAN.steps[step].share)
        assert (order.canary, order.others, order.mirrored) == ("new", "old", step == 0)
        assert rollout.take(look(step, 5.0 + step)) == "pass"
        states.append(rollout.state)
    assert states == ["shadow", "canary", "stages", "stages", "fleet"]
    assert rollout.assignment == Assignment(4, "fleet", 3, 0.0, None, "new")
    for _ in range(2):
        rollout.order("roll back", "a customer called")
    assert rollout.assignment == Assignment(5, "rolled back", 3, 0.0, None, "old")
    assert names(rollout)[-2:] == ["pass", "roll back"]


def test_what_cannot_be_rolled_out_is_refused_in_a_sentence(tmp_path):
    path = tmp_path / "log.jsonl"
    for candidate, baseline in (("new", "new"), (None, "old"), ("new", ""), (5, "old")):
        with pytest.raises(ValueError) as caught:
            Rollout.start(path, PLAN, candidate, baseline)
        assert is_sentence(str(caught.value))
    assert not path.exists()
    with refuses(ValueError, "holds no rollout"):
        Rollout.open(path)
    rollout = begun(tmp_path)
    assert begun(tmp_path) == rollout == Rollout.open(path)
    for other in (replace(PLAN, alpha=0.04), replace(PLAN, deadline=61)):
        with refuses(ValueError, "another rollout"):
            Rollout.start(path, other, "new", "old")
    with refuses(ValueError, "another rollout"):
        Rollout.start(path, PLAN, "newer", "old")
    EventLog(tmp_path / "other").append({"event": "trained"})
    with refuses(ValueError, "holds no rollout"):
        Rollout.start(tmp_path / "other", PLAN, "new", "old")


def test_one_look_passes_one_step(tmp_path):
    rollout = begun(tmp_path)
    number = rollout.assignment.number
    assert rollout.take(look(0), number) == "pass"
    with refuses(LogMoved, "before the last step"):
        rollout.take(look(0), number)
    assert rollout.take(look(0)) == "wait"
    assert names(rollout) == ["start", "pass"]


@pytest.mark.parametrize("changes", [
    {"pairs": {}}, {"pairs": {"quality": None, "errors": None}}, {"serving": {}},
    {"canary": 5}, {"failed": None}, {"failed": float("nan")}, {"requests": 0},
    {"pairs": {"quality": Pairs(50, 40, 40), "errors": Pairs(50, 0, 0)}},
], ids=str)  # fmt: skip
@pytest.mark.parametrize("step", range(4))
def test_without_data_it_holds_once_and_goes_back_after_the_deadline(step, changes, tmp_path):
    rollout = at(tmp_path, step)
    before = len(rollout.events)
    blind = look(step, **changes)
    for minute in (20.0, 25.0, 5.0 * step + 59.9):
        said = rollout.take(replace(blind, minute=minute))
        assert said == ("hold" if minute == 20 else "wait")
    assert len(rollout.events) == before + 1
    assert rollout.take(replace(blind, minute=5.0 * step + 60)) == "deadline"
    assert rollout.state == "rolled back" and rollout.assignment.others == "old"
    assert all(is_sentence(e["reason"].replace("The deadline passed. ", ""))
               for e in rollout.events[1:])  # fmt: skip


def test_too_little_traffic_waits_and_goes_back_after_the_deadline(tmp_path):
    rollout = begun(tmp_path)
    assert rollout.take(look(0, 59.0, n=49)) == "wait"
    assert names(rollout) == ["start"]
    assert rollout.take(look(0, 60.0, n=49)) == "deadline"


def test_at_the_deadline_a_step_that_can_be_judged_still_is(tmp_path):
    assert begun(tmp_path).take(look(0, 60.0)) == "pass"
    assert begun(tmp_path / "x").take(harmful(0, 60.0)) == "harm"


def test_a_pause_stops_the_clock_of_the_deadline_and_spends_nothing(tmp_path):
    rollout = at(tmp_path, 1)
    rollout.order("pause", "lunch", 30.0)
    for bad in (harmful(1, 40.0), look(1, 99.0), look(1, 1e6)):
        assert rollout.take(bad) == "wait"
    rollout.order("resume", "back", 130.0)
    assert rollout.state == "canary"
    assert rollout.take(look(1, 164.9, n=5)) == "wait"
    assert rollout.take(look(1, 165.0, n=5)) == "deadline"  # 5 + 60, and 100 of pause


@pytest.mark.parametrize(("paused", "resumed"), [(None, None), (0.0, 0.0), (None, 5.0)])
def test_a_pause_of_which_nobody_tells_the_minutes_does_not_stop_the_clock(
    paused, resumed, tmp_path
):
    rollout = at(tmp_path, 1)
    rollout.order("pause", "lunch", paused)
    rollout.order("resume", "back", resumed)
    assert rollout.take(look(1, 64.9, n=5)) == "wait"
    assert rollout.take(look(1, 65.0, n=5)) == "deadline"


def test_paused_it_still_watches_the_errors_of_all(tmp_path):
    rollout = at(tmp_path, 1)
    rollout.order("pause", "lunch", 10.0)
    assert rollout.take(look(1, 20.0, failed=2000)) == "harm"


@pytest.mark.parametrize("event", ["pause", "abort"])
def test_ordered_twice_it_happens_once(event, tmp_path):
    rollout = at(tmp_path, 1)
    for _ in range(2):
        rollout.order(event, "please", 10.0)
    assert names(rollout).count(event) == 1
    for wrong in ("pass", "harm", "stop", 5, None, []):
        with pytest.raises(ValueError) as caught:
            rollout.order(wrong, "please")
        assert is_sentence(str(caught.value)), caught.value
    with refuses(ValueError, "a number of minutes"):
        at(tmp_path / "x", 1).order("pause", "please", float("nan"))


# Every edge of the table, by what leads there.
WAYS = {
    "start": lambda rollout, step: None,
    "pass": lambda rollout, step: rollout.take(look(step, n=rollout.plan.steps[step].pairs)),
    "hold": lambda rollout, step: rollout.take(look(step, failed=None)),
    "harm": lambda rollout, step: rollout.take(look(step, failed=3000)),
    "doubt": lambda rollout, step: rollout.take(look(step, pairs={
        name: Pairs(300, 65, 45) for name in ("quality", "errors")})),
    "deadline": lambda rollout, step: rollout.take(look(step, 1e5, n=1)),
    **{order: lambda rollout, step, order=order: rollout.order(order, "please")
       for order in ("pause", "resume", "abort", "roll back")},
}  # fmt: skip


def walked(folder: Path, plan: Plan) -> Iterator[list[dict]]:
    """The events of many rollouts: from each step, all ways of an event more, or of two."""
    events = [event for event in WAYS if event != "start"]
    ways = [*((one,) for one in events), *itertools.product(("pass", "pause", "hold"), events)]
    for number, (way, step) in enumerate(itertools.product(ways, range(len(plan.steps)))):
        rollout = begun(folder / str(number), plan)
        for passed in range(step):
            rollout.take(look(passed, 5.0 * (passed + 1)))
        for event in way:
            try:
                WAYS[event](rollout, rollout.events[-1]["step"])
            except ValueError as error:
                assert is_sentence(str(error)), error
        yield rollout.events


def test_every_edge_of_the_table_is_walked_and_no_other(tmp_path):
    short = replace(PLAN, steps=(PLAN.steps[0], Step(0.1, 300)))
    edges = set()
    for plan in (PLAN, short):
        for events in walked(tmp_path / str(len(plan.steps)), plan):
            edges |= {(e["from"], e["event"], e["state"]) for e in events}
            passed = [e["step"] for e in events if e["event"] == "pass" and e["state"] != "fleet"]
            assert passed == list(range(1, len(passed) + 1))
            if any(e["state"] == "fleet" for e in events):
                assert len(passed) == len(plan.steps) - 1
    table = {(a, e, b) for (a, e), to in TRANSITIONS.items() for b in to}
    assert edges == table


def chained(path: Path, events: list) -> None:
    """A log as somebody writes it who knows how lines are chained."""
    head, lines = "0" * 64, []
    for event in events:
        lines.append(json.dumps({"after": head, "event": event}, sort_keys=True).encode())
        head = digest(lines[-1])
    path.write_bytes(b"".join(line + b"\n" for line in lines))


STATES = ("shadow", "canary", "stages", "paused", "fleet", "rolled back", "aborted", NEW, "new ")


def test_a_log_altered_by_hand_is_refused_whatever_edge_was_added(tmp_path):
    rollout = at(tmp_path, 2)
    good = rollout.events
    chained(rollout.log.path, good)
    assert rollout.events == good  # the control: so written, it is read
    events = {event for _, event in TRANSITIONS}
    accepted = set()
    for name, state, step in itertools.product(events | {"x"}, STATES, (-1, 1, 2, 3, 4, 2.5)):
        told = {"event": name, "from": "stages", "state": state, "step": step, "minute": 20.0}
        chained(rollout.log.path, [*good, told])
        try:
            accepted.add((name, Rollout.open(rollout.log.path).state, step))
        except ValueError as error:
            assert is_sentence(str(error)), error
    assert accepted == {
        ("pass", "stages", 3), ("hold", "stages", 2), ("pause", "paused", 2),
        ("harm", "rolled back", 2), ("doubt", "rolled back", 2), ("deadline", "rolled back", 2),
        ("abort", "aborted", 2),
    }  # fmt: skip


BROKEN = [
    [{}], [[]], ["start"], [5], [None], [{"event": "start"}],
    [{"event": "start", "plan": 5, "candidate": "a", "baseline": "b"}],
    [{"event": "start", "from": "new", "state": "shadow", "step": 0, "minute": None,
      "plan": {"steps": []}, "candidate": "a", "baseline": "b"}],
    [{"event": "start", "from": "new", "state": "shadow", "step": 0, "minute": 0.0,
      "plan": {"steps": [1]}, "candidate": "a", "baseline": "b"}],
    [{"event": ["start"], "from": "new", "state": {}, "step": 0, "minute": 0.0,
      "plan": {"steps": [1]}, "candidate": "a", "baseline": "b"}],
]  # fmt: skip


@pytest.mark.parametrize("events", BROKEN, ids=str)
def test_a_log_that_is_none_is_refused_in_a_sentence(events, tmp_path):
    chained(tmp_path / "log.jsonl", events)
    for opened in (lambda: Rollout.open(tmp_path / "log.jsonl"), lambda: begun(tmp_path)):
        with pytest.raises((TypeError, ValueError)) as caught:
            opened()
        assert is_sentence(str(caught.value)), caught.value


def test_resumed_it_is_in_the_step_in_which_it_was_paused(tmp_path):
    for step, state in enumerate(("shadow", "canary", "stages", "stages")):
        rollout = at(tmp_path / state / str(step), step)
        rollout.order("pause", "please")
        good = rollout.events
        rollout.order("resume", "please")
        assert (rollout.state, rollout.assignment.step) == (state, step)
        for other in {"shadow", "canary", "stages"} - {state}:
            with refuses(ValueError, "cannot happen"):
                follow([*good, {**rollout.events[-1], "state": other}])


def test_a_log_cut_at_any_byte_is_an_earlier_state_or_refused(tmp_path):
    rollout = at(tmp_path, 2)
    rollout.order("pause", "please")
    whole, events = rollout.log.path.read_bytes(), rollout.events
    ends = [end for end, byte in enumerate(whole) if byte == ord("\n")]
    cuts = {end + near for end in ends for near in (-1, 0, 1)} | set(range(0, len(whole), 13))
    for cut in cuts - {len(whole)}:
        rollout.log.path.write_bytes(whole[:cut])
        lines = whole[:cut].count(b"\n")
        if lines == 0:
            with refuses(ValueError, "holds no rollout"):
                Rollout.open(rollout.log.path)
        else:
            assert Rollout.open(rollout.log.path).events == events[:lines]


looks_drawn = st.builds(
    lambda step, minute, n, worse, better, changes: look(
        step, minute, n, **({"pairs": {m: Pairs(n, min(worse, n), min(better, n))
                                       for m in ("quality", "errors")}} | changes)),
    st.integers(0, 3), st.floats(0, 100), st.sampled_from([0, 49, 50, 100, 200, 300, 400]),
    st.integers(0, 12), st.integers(0, 12),
    st.sampled_from([{}, {}, {}, {"failed": None}, {"serving": {}}, {"pairs": {}}, {"canary": 1}]),
)  # fmt: skip
ACTIONS = st.lists(
    st.one_of(looks_drawn, looks_drawn, st.sampled_from(["pause", "resume", "abort", "good"])),
    max_size=14,
)


@settings(max_examples=150)
@given(actions=ACTIONS)
def test_no_sequence_of_looks_and_orders_reaches_the_fleet_past_a_step(actions):
    with TemporaryDirectory() as folder:
        rollout, passed = begun(folder), []
        for action in actions:
            step, state = rollout.events[-1]["step"], rollout.state
            taken = look(step) if action == "good" else action
            if isinstance(taken, Look):
                if rollout.take(taken) == "pass":
                    assert ready(PLAN, step, taken) and state != "paused"
                    assert judge_look(PLAN, step, taken).decision == "promote"
                    passed.append(step)
            else:
                try:
                    rollout.order(action, "please")
                except ValueError:
                    continue
        assert passed == list(range(len(passed)))
        assert (rollout.state == "fleet") == (passed == [0, 1, 2, 3])
        follow(rollout.events)


TRAFFIC = Traffic(requests_per_day=1e6, replicas=10, wrong=0.05, label_delay=10.0)
QUICK = Plan(
    (Step(0.1, 500), Step(0.1, 1500), Step(0.3, 3000), Step(0.5, 5000)),
    (Metric("quality", 0.05, 0.4), Metric("errors", 0.02), Metric("slow", 0.05)),
    deadline=120.0,
)


def fleet(kind: str = "none", seed: int = 0) -> SimulatedFleet:
    return SimulatedFleet("new", "old", TRAFFIC, Fault(kind, minute=20.0), seed)


def test_two_controllers_on_one_log_do_every_step_once(tmp_path):
    """All interleavings of two of them, observing and taking in turn, on one fleet."""
    ends = set()
    for number, turns in enumerate(itertools.product((0, 1), repeat=4)):
        one = begun(tmp_path / str(number), QUICK)
        both, shared = (one, Rollout.open(one.log.path)), fleet()
        waiting: list = [None, None]
        for who in (turns * 60)[:800]:
            if waiting[who] is None:
                order = both[who].assignment
                shared.apply(order)
                waiting[who] = shared.observe(), order.number
                continue
            seen, waiting[who] = waiting[who], None
            try:
                both[who].take(*seen)
            except LogMoved:
                continue
            if both[who].state in ENDS:
                break
        steps = [e["step"] for e in one.events if e["event"] == "pass"]
        assert steps == [1, 2, 3, 3][: len(steps)]
        assert "hold" not in names(one)  # no look is judged by another step's shares
        ends.add(one.state)
    assert ends <= {"fleet", "stages"} and "fleet" in ends


class Meanwhile(SimulatedFleet):
    """A fleet during whose observation another controller does something."""

    other = None

    def observe(self) -> Look:
        seen = super().observe()
        if self.other is not None:
            self.other()
        return seen


def test_what_another_controller_wrote_meanwhile_is_read_and_not_written_over(tmp_path):
    rollout = begun(tmp_path, QUICK)
    shared = Meanwhile("new", "old", TRAFFIC, seed=1)

    def stop():
        if rollout.state == "stages":
            shared.other = None
            Rollout.open(rollout.log.path).order("abort", "enough", shared.minute)

    shared.other = stop
    assert drive(rollout, shared) == "aborted"
    assert names(rollout)[-1] == "abort" and shared.assignment.others == "old"


def test_a_fleet_follows_no_order_older_than_its_last(tmp_path):
    rollout, shared = at(tmp_path, 1), fleet()
    old = rollout.assignment
    rollout.take(look(1))
    shared.apply(rollout.assignment)
    shared.apply(old)
    assert shared.assignment == rollout.assignment
    shared.observe()
    counted = shared._step.copy()
    shared.apply(rollout.assignment)  # the same again changes nothing
    assert (shared._step == counted).all() and counted[2] > 0


class Stopped(SimulatedFleet):
    def observe(self) -> Look:
        return replace(super().observe(), minute=self.says, pairs={})


@pytest.mark.parametrize("minute", [5.0, float("nan"), float("inf"), None, "5", True])
def test_a_fleet_whose_clock_stands_still_does_not_hang_its_controller(minute, tmp_path):
    shared = Stopped("new", "old", replace(TRAFFIC, requests_per_day=0))
    shared.says = minute
    with pytest.raises(ValueError) as caught:
        drive(begun(tmp_path, QUICK), shared)
    assert is_sentence(str(caught.value)) and "minute" in str(caught.value)


LIFE = """
import sys
from pathlib import Path
from test_delivery import QUICK, Rollout, drive, fleet
rollout = Rollout.start(Path(sys.argv[1]), QUICK, "new", "old")
print("ready", flush=True)
drive(rollout, fleet(sys.argv[2], int(sys.argv[3])), lambda event, look: print(event, flush=True))
"""


def in_a_process(program: str, *given: object) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", program, *map(str, given)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")])},
    )


# A process that dies at one of its writes to the log, before it or after; and its heirs.
FATAL = """
import os, random, sys
from pathlib import Path
from test_delivery import KINDS, QUICK, SEEDS, Rollout, drive, fleet

def dying(call):
    def counted(*args):
        if random.random() < 0.25:
            if random.random() < 0.5:
                call(*args)
            os.kill(os.getpid(), 9)
        return call(*args)
    return counted

kills = 0
for kind in KINDS:
    for seed in range(SEEDS):
        for number in range(1000):
            if os.fork() == 0:
                random.seed(f"{kind} {seed} {number}")
                os.write, os.fsync, os.ftruncate = map(dying, (os.write, os.fsync, os.ftruncate))
                rollout = Rollout.start(Path(sys.argv[1], kind, str(seed)), QUICK, "new", "old")
                drive(rollout, fleet(kind, seed + number))
                os._exit(0)
            status = os.wait()[1]
            if status == 0:
                break
            assert os.WTERMSIG(status) == 9, status
            kills += 1
print(kills)
"""
KINDS, SEEDS = ("none", "live shift", "lost metrics", "crash"), 5


@pytest.mark.posix_only("kill -9, and fork")
def test_killed_fifty_times_it_comes_to_ends_that_follow_from_the_log(tmp_path):
    with in_a_process(FATAL, tmp_path) as process:
        said, errors = process.communicate(timeout=200)
    assert process.returncode == 0, errors[-2000:]
    assert int(said) >= 50
    ends = {}
    for kind, seed in itertools.product(KINDS, range(SEEDS)):
        rollout = Rollout.open(tmp_path / kind / str(seed))
        assert_it_follows(rollout)
        ends.setdefault(kind, set()).add(rollout.events[-1]["event"])
    assert ends == {"none": {"pass"}, "live shift": {"harm"}, "crash": {"harm"},
                    "lost metrics": {"deadline"}}  # fmt: skip


@pytest.mark.slow
@pytest.mark.posix_only("kill -9")
def test_killed_at_any_time_likewise(tmp_path):
    """From outside, after some looks, which may be in the midst of the next one."""
    rng, log = np.random.default_rng(0), tmp_path / "log.jsonl"
    for _ in range(3):
        with in_a_process(LIFE, log, "none", 0) as process:
            for _ in range(int(rng.integers(1, 12))):
                process.stdout.readline()
            process.kill()
    rollout = Rollout.start(log, QUICK, "new", "old")
    assert drive(rollout, fleet()) == "fleet"
    assert_it_follows(rollout)


def assert_it_follows(rollout: Rollout) -> None:
    """No step twice, none skipped, each with a look that passes it; the minutes never fall."""
    events = rollout.events
    minutes = [event["minute"] for event in events]
    assert minutes == sorted(minutes)
    passes = [event for event in events if event["event"] == "pass"]
    assert [event["step"] for event in passes] == [1, 2, 3, 3][: len(passes)]
    for step, event in enumerate(passes):
        for metric in QUICK.metrics:
            assert event["look"]["pairs"][metric.name][0] >= QUICK.sizes(metric)[step]
        assert all(check["passed"] is True for check in event["checks"])
    last = events[-1]
    assert rollout.state == {"pass": "fleet"}.get(last["event"], "rolled back")
    assert len(passes) == 4 or last["event"] in ("harm", "doubt", "deadline")
