"""A real fleet, small: processes that serve verified bundles, driven by the controller of the
simulated one.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from scipy import stats
from slow import one_in

from labsupport.cli import main
from labsupport.cli.pipeline import ROLLOUT
from labsupport.delivery.bundle import Bundle
from labsupport.delivery.fleet import SimulatedFleet
from labsupport.delivery.plan import Plan
from labsupport.delivery.rollout import Rollout, drive
from labsupport.delivery.service import ASSIGNMENT, LOG
from labsupport.delivery.service.fleet import RealFleet
from labsupport.delivery.service.room import AROUND, PLANTED, clear, prepare, small_plan
from labsupport.delivery.service.tally import METRICS, TAIL
from labsupport.delivery.service.tracing import trace
from labsupport.delivery.states import Assignment
from labsupport.delivery.traffic import Fault, Traffic
from labsupport.durable import EventLog

QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


@pytest.fixture(scope="module")
def packed(tmp_path_factory) -> dict[str, tuple[Path, str, str]]:
    """{fault: (folder with both bundles, new digest, old digest)}."""
    made = {}
    for fault in PLANTED:
        folder = tmp_path_factory.mktemp("fleet")
        made[fault] = (folder, *prepare(folder, fault))
    return made


@pytest.fixture
def room(packed, tmp_path):
    """A fleet's folder of its own, with the bundles of a fault."""

    def furnish(fault: str = "none") -> tuple[Path, str, str]:
        folder, new, old = packed[fault if fault in PLANTED else "none"]
        place = tmp_path / "fleet"
        shutil.copytree(folder, place)
        return place, new, old

    return furnish


def standing(number: int, state: str, new: str | None, old: str, step: int = 0, share=0.3):
    return Assignment(number, state, step, share if new else 0.0, new, old)


def short() -> Plan:
    """The small plan for who is in a hurry, with the metrics that both fleets know."""
    plan = small_plan()
    steps = [replace(step, pairs=step.pairs * 2 // 3) for step in plan.steps]
    metrics = [metric for metric in plan.metrics if metric.name != TAIL]
    return replace(plan, steps=steps, metrics=metrics, deadline=6.0)


# ---- whole rollouts


def test_a_sound_version_reaches_the_fleet_although_a_replica_is_killed_on_the_way(room):
    folder, new, old = room()
    rollout = Rollout.start(folder / LOG, small_plan(), new, old)
    shadowed, shares, pids = [], {}, []

    def note(event, look):
        state = rollout.state if event == "wait" else rollout.events[-1]["from"]
        shares[state] = look.canary, look.baseline, look.requests
        if state == "shadow":
            shadowed.extend(fleet.answers)
        elif state == "canary" and not pids:
            pids.extend(fleet.pid(name) for name in fleet.names[:3])
            for pid in pids:  # the canary, its baseline and one of the rest
                psutil.Process(pid).kill()
                psutil.Process(pid).wait()
        else:
            assert look.serving == look.expected

    with RealFleet(folder) as fleet:
        assert drive(rollout, fleet, note) == "fleet"
        assert fleet.wait()
        assert not set(pids) & {fleet.pid(name) for name in fleet.names}
        look = fleet.observe()
        latest = list(fleet.answers)[-fleet.requests :]
    assert set(look.serving.values()) == {new} == {answer["model"] for answer in latest}
    assert {answer["replica"] for answer in latest} == set(look.serving)
    assert {answer["model"] for answer in shadowed} == {old}  # a shadow's answers reach nobody
    assert len({answer["id"] for answer in shadowed}) == len(set(map(str, shadowed)))
    for state, share in (("shadow", 0.3), ("canary", 0.3), ("stages", 0.5)):
        for got in shares[state][:2]:
            assert stats.binomtest(got, shares[state][2], share).pvalue > 1e-6
    told = trace(latest[-1], folder)
    assert told | {"model": new, "parent": old, "role": "the new version"} == told
    assert told["rollout"] == "fleet" and told["verdict"] == "promoted"
    assert trace(shadowed[0], folder)["role"] == "the old version"
    with pytest.raises(ValueError, match="No fleet has answered"):
        trace(latest[-1], folder.parent)
    shutil.copyfile(folder / LOG, folder.parent / LOG)
    RealFleet(folder.parent).close()  # another fleet: it makes a key of its own
    with pytest.raises(ValueError, match="another fleet gave it"):
        trace(latest[-1], folder.parent)
    (folder / "bundles" / new / "lineage.json").write_bytes(b"{}")
    with pytest.raises(ValueError, match=r"lineage\.json was changed"):
        trace(latest[-1], folder)


# The same share of bad requests in the simulator.
ALIKE = {
    "none": Fault(),
    "live shift": Fault("live shift", 0.2),
    "slow": Fault("slow under load", 1000),
    "failing": Fault("crash", 0.25, 0.0),
    "small slice": Fault("live shift", 0.16),
    "memory leak": Fault("memory leak", 10_000),
    "crash": Fault("crash", 0.4, 0.0),
    "another bundle": Fault("another bundle"),
    "lost metrics": Fault("lost metrics", minute=0.0),
}
TRAFFIC = Traffic(144_000, replicas=4, failed=0.0, labelled=1.0, label_delay=1.0)  # 100 a minute


class Told:
    """A fleet that repeats what another one measured."""

    def __init__(self, looks):
        self.looks = iter(looks)

    def apply(self, assignment):
        pass

    def observe(self):
        return next(self.looks)


FAULTS = [fault for fault in {**PLANTED, **AROUND} if fault != "none"]


@pytest.mark.parametrize("fault", one_in(3, FAULTS))
def test_a_fault_is_rolled_back_within_the_looks_by_both_fleets_alike(room, fault):
    folder, new, old = room(fault)
    plan = small_plan() if fault == "small slice" else short()
    rollout = Rollout.start(folder / LOG, plan, new, old)
    looks = []
    with RealFleet(folder, replicas=3, **AROUND.get(fault, {})) as fleet:
        assert drive(rollout, fleet, lambda event, look: looks.append(look)) == "rolled back"
        assert fleet.wait()
        assert set(fleet.observe().serving.values()) == {old}
    last = rollout.events[-1]
    assert last["event"] == ("deadline" if fault in AROUND else "harm")
    assert last["step"] < len(plan.steps)

    again = Rollout.start(folder / "again.jsonl", plan, new, old)  # counts alone lead to events
    drive(again, Told(looks))
    assert again.events == rollout.events

    other = Rollout.start(folder / "simulated.jsonl", short(), new, old)
    assert drive(other, SimulatedFleet(new, old, TRAFFIC, ALIKE[fault], tick=1.0)) == "rolled back"
    assert other.events[-1]["event"] == last["event"]


def test_a_sound_version_reaches_the_simulated_fleet_by_the_same_plan(tmp_path):
    rollout = Rollout.start(tmp_path / LOG, short(), "n", "o")
    assert drive(rollout, SimulatedFleet("n", "o", TRAFFIC, ALIKE["none"], tick=1.0)) == "fleet"


# ---- replicas


def test_the_way_back_needs_nothing_of_the_new_version_and_reaches_who_was_down(room):
    folder, new, old = room()
    with RealFleet(folder, replicas=3) as fleet:
        fleet.apply(standing(1, "stages", new, old, step=2))
        assert fleet.wait()
        shutil.rmtree(folder / "bundles" / new)
        for name in ("replica-0", "replica-1"):
            psutil.Process(fleet.pid(name)).kill()
            psutil.Process(fleet.pid(name)).wait()
        fleet.apply(standing(2, "rolled back", None, old, step=2))
        assert fleet.wait()
        assert set(fleet.observe().serving.values()) == {old}
        fleet.apply(standing(1, "stages", new, old, step=2))  # older than the last: not followed
        look = fleet.observe()
        assert set(look.serving.values()) == {old} == set(look.expected.values())
    assert json.loads((folder / ASSIGNMENT).read_bytes())["number"] == 2


def test_a_replica_serves_only_what_it_has_verified_and_answers_only_what_it_understands(room):
    folder, new, old = room()
    weights = folder / "bundles" / new / "weights.json"
    weights.write_bytes(weights.read_bytes().replace(b"1", b"2", 1))
    (folder / "bundles" / old).rename(folder / "gone")
    with RealFleet(folder, replicas=3) as fleet:
        fleet.apply(standing(1, "shadow", new, old))
        look = fleet.observe()
        assert set(look.serving.values()) == {None} and look.failed == look.requests > 0
        # The old version was not measured, so nobody knows what is slow.
        assert fleet.threshold is None and look.pairs["slow"].n == 0 < look.pairs["errors"].n

        (folder / "gone").rename(folder / "bundles" / old)
        fleet.apply(standing(2, "canary", new, old, step=1))
        look = fleet.observe()
        assert look.serving == {"replica-0": None, "replica-1": old, "replica-2": old}
        assert look.failed == look.canary > 0  # who is sent there gets no answer; it is counted
        assert {answer["model"] for answer in fleet.answers} == {old}
        health = fleet.ask("replica-0", "/health")
        assert health["model"] is None and "weights.json was changed" in health["reason"]
        x = [0.0] * 12
        odd = [{}, [], "x", {"id": 1}, {"id": 1, "x": x[1:]}, {"id": 1, "x": [*x[1:], "0"]}]
        odd += [{"id": "1", "x": x}, {"id": 1, "x": [*x[1:], float("nan")]}]
        odd += [{"id": 1, "x": [*x[1:], True]}, {"id": 1, "x": [*x[1:], 10**400]}]
        assert [fleet.ask("replica-1", "/answer", one) for one in odd] == [None] * len(odd)
        assert fleet.ask("replica-1", "/answer", {"id": 1, "x": x})["answer"] in (0, 1)


@pytest.mark.slow
def test_a_replica_that_hangs_is_started_anew_when_all_have_to_follow(room):
    folder, new, old = room()
    with RealFleet(folder, replicas=3, limit=1.0) as fleet:
        fleet.apply(standing(1, "canary", new, old, step=1))
        stopped = psutil.Process(fleet.pid("replica-0"))
        stopped.suspend()
        look = fleet.observe()  # its requests have failed; the others were answered
        assert look.failed >= look.canary > 0 and look.serving["replica-0"] is None
        fleet.apply(standing(2, "rolled back", None, old, step=1))
        assert fleet.wait() and not stopped.is_running()
        assert set(fleet.observe().serving.values()) == {old}


@pytest.fixture(scope="module")
def canary(packed, tmp_path_factory):
    """A fleet of four with a sound version on its first replica, and the order that stands."""
    folder, new, old = packed["none"]
    place = tmp_path_factory.mktemp("canary") / "fleet"
    order = standing(1, "canary", new, old, step=1)
    with RealFleet(shutil.copytree(folder, place)) as fleet:
        fleet.apply(order)
        yield fleet, order


def test_who_answers_with_another_bundle_than_it_should_is_seen(canary, monkeypatch):
    fleet, order = canary
    stands = fleet.folder / ASSIGNMENT
    told = json.loads(stands.read_bytes())
    stands.write_text(
        json.dumps(told | {"replicas": dict.fromkeys(told["replicas"], order.others)})
    )
    fleet.ask("replica-0", "/assignment", {})
    stands.write_text(json.dumps(told))
    before = fleet.observe()
    assert before.serving["replica-0"] == order.others != before.expected["replica-0"]
    with monkeypatch.context() as later:  # who asks for its health would hear nothing of it
        later.setattr(fleet, "_serving", fleet._expected)
        look = fleet.observe()
    assert look.serving["replica-0"] == order.others
    assert look.canary > before.canary > 0 and look.failed == 0
    assert look.pairs["errors"] == before.pairs["errors"]  # it says nothing of the new one
    fleet.apply(order)  # the same once more
    look = fleet.observe()
    assert look.serving == look.expected and look.pairs["errors"].n > before.pairs["errors"].n


def test_who_is_down_counts_as_an_error_and_another_one_of_its_group_answers(canary, monkeypatch):
    fleet, order = canary
    before = fleet.observe()
    fleet.answers.clear()
    for name in ("replica-0", "replica-3"):  # all of the canary, and half of the rest
        psutil.Process(fleet.pid(name)).kill()
        psutil.Process(fleet.pid(name)).wait()
    with monkeypatch.context() as kept:  # killed in the midst of it: nobody is started
        kept.setattr(fleet._processes, "start_missing", list)
        look = fleet.observe()
    up = {"replica-1": order.others, "replica-2": order.others}
    assert look.serving == {"replica-0": None, "replica-3": None} | up
    assert look.failed - before.failed == look.canary - before.canary > 0
    assert len(fleet.answers) == fleet.requests - (look.failed - before.failed)
    assert look.pairs["errors"].worse - before.pairs["errors"].worse > 0
    look = fleet.observe()
    assert look.serving == look.expected


def test_a_fleet_of_which_nothing_comes_up_is_not_waited_for(room, monkeypatch):
    folder, new, old = room()
    monkeypatch.setenv("PYTHONHOME", str(folder / "nowhere"))
    with RealFleet(folder) as fleet, pytest.raises(RuntimeError, match="No replica came up"):
        fleet.apply(standing(0, "shadow", new, old))
    assert (folder / "replicas" / "replica-0.log").read_bytes()


def test_the_clock_of_a_fleet_without_an_order_does_not_run(room):
    folder, *_ = room()
    with RealFleet(folder) as fleet, pytest.raises(ValueError, match="no order yet"):
        fleet.observe()
    with pytest.raises(ValueError, match="3 to 5 replicas"):
        RealFleet(folder, replicas=2)
    with pytest.raises(ValueError, match="whole number from 0"):
        RealFleet(folder, seed=-1)


# ---- killed, stopped, two at once


def command(folder: Path, **streams) -> subprocess.Popen:
    words = [sys.executable, "-m", "labsupport.cli", "rollout", "--folder", str(folder)]
    return subprocess.Popen([*words, "--replicas", "3"], **streams)


def family_of(process: subprocess.Popen, done) -> list[psutil.Process]:
    """The replicas of a command, when it has come so far."""
    while not done():
        assert process.poll() is None
        time.sleep(0.02)
    return psutil.Process(process.pid).children(recursive=True)


@pytest.mark.slow
def test_a_controller_that_is_killed_leaves_no_process_and_the_next_one_goes_on(room):
    folder, *_ = room()
    log, counts = EventLog(folder / LOG), folder / "counts.json"
    process = command(folder, **QUIET)
    family = family_of(process, lambda: len(log.events()) >= 2)  # it has passed the shadow
    with pytest.raises(ValueError, match="Another rollout drives the fleet"):
        RealFleet(folder)  # two at once
    with pytest.raises(ValueError, match="Another rollout drives the fleet"):
        clear(folder)
    process.kill()
    process.wait()
    assert len(family) == 3
    psutil.wait_procs(family, timeout=100)
    assert not any(child.is_running() for child in family)
    told = json.loads(counts.read_bytes())
    assert command(folder, **QUIET).wait(200) == 0
    states = [event["state"] for event in log.events()]
    assert states == ["shadow", "canary", "stages", "fleet"]
    seen = log.events()[2]["look"]
    assert seen["pairs"]["errors"][0] >= told["tally"]["pairs"]["errors"][0] > 0
    assert seen["minute"] >= told["minute"] > 0


def test_a_step_that_was_entered_before_a_kill_counts_its_own_requests_alone(room):
    folder, new, old = room()
    with RealFleet(folder, replicas=3) as fleet:
        fleet.apply(standing(1, "canary", new, old, step=1, share=0.25))
        before = fleet.observe()
        fleet.apply(standing(2, "stages", new, old, step=2, share=0.5))
        # killed here: nothing was counted in the new step
    with RealFleet(folder, replicas=3) as fleet:
        fleet.apply(standing(2, "stages", new, old, step=2, share=0.5))
        look = fleet.observe()
        assert look.requests == fleet.requests == before.requests
        assert look.pairs["errors"].n > before.pairs["errors"].n > 0


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such signal")
def test_ctrl_c_ends_the_replicas(room):
    folder, *_ = room()
    process = command(folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    family = family_of(process, (folder / "counts.json").exists)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate()
    assert process.returncode == 130 and "lab: stopped." in said and "Traceback" not in said
    psutil.wait_procs(family, timeout=100)
    assert len(family) == 3 and not any(child.is_running() for child in family)


# ---- the commands


def test_the_command_shows_each_step_and_ends_with_the_rollout(room, capsys):
    folder, *_ = room("failing")
    words = ["--fault", "failing", "--folder", str(folder)]
    assert main(["rollout", "--replicas", "3", *words]) == 1
    out, err = capsys.readouterr()
    assert "harm, so rolled back: errors:" in out and "pair" in err
    assert "All 3 replicas that are up serve what was judged." in out
    assert main(["rollout", "--replicas", "3", *words]) == 1  # the same again: it has ended
    assert "ended already: rolled back, because errors:" in capsys.readouterr().out
    assert main(["rollout", "--replicas", "4", *words]) == 1
    assert "has 3 replicas, not 4" in capsys.readouterr().err
    assert main(["rollout", "--folder", str(folder)]) == 1
    assert "Start anew with --again" in capsys.readouterr().err
    answer = folder / "answer.json"
    assert main(["trace", str(answer), *words[2:]]) == 0
    out = capsys.readouterr().out
    assert "rolled back" in out and "the old version" in out and "errors:" in out
    told = json.loads(answer.read_text())
    altered = [told | {"answer": 1 - told["answer"]}, told | {"seal": "é"}, [told], {}]
    altered += [{k: v for k, v in told.items() if k != "seal"}, told | {"more": 1}]
    for one in [*map(json.dumps, altered), "{", "[" * 100_000, "\xff"]:
        answer.write_bytes(one.encode("latin-1"))
        assert main(["trace", str(answer), *words[2:]]) == 1
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 9 and all(line.startswith("lab: T") for line in said)
    assert sum("seal is broken" in line for line in said) == 3


def test_what_is_wrong_is_said_in_a_sentence(tmp_path, capsys):
    plan = tmp_path / "plan.toml"
    night = (
        "steps = [{share=0.1, pairs=9}, {share=0.1, pairs=99}]\nmetrics = [{name='night', harm=1}]"
    )
    for text in ("stages = 3", "= 3", "\xff", "steps = 3\nmetrics = 3", night):
        plan.write_bytes(text.encode("latin-1"))
        assert main(["rollout", "--plan", str(plan), "--folder", str(tmp_path)]) == 1
    assert main(["rollout", "--fault", "evil", "--folder", str(tmp_path)]) == 1
    assert main(["rollout", "--replicas", "9", "--folder", str(tmp_path)]) == 1
    assert main(["trace", str(tmp_path / "none"), "--folder", str(tmp_path)]) == 1
    for name in (ASSIGNMENT, "counts.json"):
        for text in ("{", "[]", "{}"):
            (tmp_path / name).write_text(text)
            assert main(["rollout", "--folder", str(tmp_path)]) == 1
        (tmp_path / name).unlink()
    said = [line for line in capsys.readouterr().err.splitlines() if line.startswith("lab: ")]
    assert len(said) == 14
    assert all("is no plan" in line for line in said[:4]) and "does not measure" in said[4]
    assert all("is damaged; restore it" in line for line in said[8:])


def test_to_start_anew_leaves_what_is_not_the_labs(room):
    folder, new, old = room()
    (folder / "mine.txt").write_text("mine")
    Rollout.start(folder / LOG, small_plan(), new, old)
    clear(folder)
    assert sorted(path.name for path in folder.iterdir()) == ["lock", "mine.txt"]
    clear(folder / "none")
    assert not (folder / "none").exists()


def test_the_help_names_every_fault(capsys):
    with pytest.raises(SystemExit):
        main(["rollout", "--help"])
    said = " ".join(capsys.readouterr().out.split())
    assert all(fault in said for fault in {**PLANTED, **AROUND})


def test_the_help_has_a_plan_that_is_one():
    lines = [line for line in ROLLOUT.splitlines() if line.startswith("  ") and " = " in line]
    plan = Plan.from_dict(tomllib.loads("\n".join(lines)))
    assert {metric.name for metric in plan.metrics} <= set(METRICS)


def test_packing_twice_makes_the_same_bundles(packed, tmp_path):
    _, new, old = packed["none"]
    assert prepare(tmp_path) == (new, old) == prepare(tmp_path)
    assert Bundle.open(tmp_path / "bundles" / new, new).digest == new
    digests = {packed[fault][1] for fault in PLANTED}
    assert len(digests) == len(PLANTED) and old not in digests
