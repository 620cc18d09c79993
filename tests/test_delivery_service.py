"""A real fleet, small: processes that serve verified bundles, driven by the controller of the
simulated one.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
from scipy import stats

from labsupport.cli import main
from labsupport.delivery.bundle import Bundle
from labsupport.delivery.plan import Metric, Plan, Step
from labsupport.delivery.rollout import Rollout, drive
from labsupport.delivery.service.client import Client
from labsupport.delivery.service.fleet import RealFleet
from labsupport.delivery.service.room import LOG, PLANTED, prepare, small_plan, trace
from labsupport.delivery.states import Assignment
from labsupport.durable import EventLog


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
        folder, new, old = packed[fault]
        place = tmp_path / "fleet"
        shutil.copytree(folder, place)
        return place, new, old

    return furnish


def standing(number: int, state: str, new: str | None, old: str, step: int = 0, share=0.3):
    return Assignment(number, state, step, share if new else 0.0, new, old)


def test_a_sound_version_reaches_the_fleet_and_every_answer_can_be_traced(room):
    folder, new, old = room()
    rollout = Rollout.start(folder / LOG, small_plan(), new, old)
    shadowed, shares = [], []

    def note(event, look):
        state = rollout.state if event == "wait" else rollout.events[-1]["from"]
        if state == "shadow":
            shadowed.extend(fleet.answers)
        shares.append((state, look.canary, look.requests))

    with RealFleet(folder) as fleet:
        assert drive(rollout, fleet, note) == "fleet"
        assert fleet.wait()
        fleet.observe()
        latest = [answer for answer in fleet.answers][-50:]
    assert {answer["model"] for answer in shadowed} == {old}  # a shadow's answers reach nobody
    assert {answer["model"] for answer in latest} == {new}
    assert {answer["replica"] for answer in latest} == {"replica-2", "replica-3"}
    for state, share in (("canary", 0.2), ("stages", 0.5)):
        got, of = [(canary, requests) for was, canary, requests in shares if was == state][-1]
        assert stats.binomtest(got, of, share).pvalue > 1e-6
    told = trace(latest[-1], folder)
    assert (told["model"], told["role"], told["verdict"]) == (new, "new", "promoted")
    assert told["parent"] == old and len(told["data"]) == 64
    assert trace(shadowed[0], folder)["role"] == "old"


@pytest.mark.parametrize("fault", [fault for fault in PLANTED if fault != "none"])
def test_a_planted_fault_is_rolled_back_within_the_looks(room, fault):
    folder, new, old = room(fault)
    rollout = Rollout.start(folder / LOG, small_plan(), new, old)
    with RealFleet(folder) as fleet:
        assert drive(rollout, fleet) == "rolled back"
        assert fleet.wait()
        assert set(fleet.observe().serving.values()) == {old}
    assert rollout.events[-1]["event"] == "harm"


def test_lost_metrics_hold_until_the_deadline(room):
    folder, new, old = room()
    plan = Plan((Step(0.3, 40), Step(0.3, 80)), (Metric("errors", 0.2),), deadline=4.0)
    rollout = Rollout.start(folder / LOG, plan, new, old)
    with RealFleet(folder, requests=40, lost=("errors",)) as fleet:
        assert drive(rollout, fleet) == "rolled back"
    assert rollout.events[-1]["event"] == "deadline"


def test_a_killed_replica_comes_back_on_the_bundle_that_stands(room):
    folder, new, old = room()
    with RealFleet(folder, replicas=3) as fleet:
        fleet.apply(standing(1, "canary", new, old, step=1))
        assert fleet.wait()
        first = fleet.process("replica-0").pid
        fleet.process("replica-0").kill()
        fleet.process("replica-2").kill()
        assert fleet.wait()
        assert fleet.process("replica-0").pid != first
        look = fleet.observe()
        assert look.serving == {"replica-0": new, "replica-1": old, "replica-2": old}


def test_the_way_back_needs_nothing_of_the_new_version_and_reaches_who_was_down(room):
    folder, new, old = room()
    with RealFleet(folder, replicas=3) as fleet:
        fleet.apply(standing(1, "stages", new, old, step=2))
        assert fleet.wait()
        shutil.rmtree(folder / "bundles" / new)
        fleet.process("replica-0").kill()
        fleet.process("replica-1").kill()
        fleet.apply(standing(2, "rolled back", None, old, step=2))
        assert fleet.wait()
        assert set(fleet.observe().serving.values()) == {old}


def test_a_bundle_that_was_changed_is_not_served(room):
    folder, new, old = room()
    weights = folder / "bundles" / new / "weights.json"
    weights.write_bytes(weights.read_bytes().replace(b"1", b"2", 1))
    with RealFleet(folder, replicas=3) as fleet:
        fleet.apply(standing(1, "canary", new, old, step=1))
        look = fleet.observe()
        assert look.serving["replica-0"] is None and look.serving["replica-1"] == old
        assert look.failed == look.canary > 0  # who is sent there gets no answer, and it is counted
        assert {answer["model"] for answer in fleet.answers} == {old}


def test_an_order_that_is_older_than_the_last_is_not_followed(room):
    folder, new, old = room()
    with RealFleet(folder, replicas=3) as fleet:
        fleet.apply(standing(5, "rolled back", None, old))
        fleet.apply(standing(4, "stages", new, old, step=2))
        assert set(fleet.observe().serving.values()) == {old}
    assert json.loads((folder / "assignment.json").read_bytes())["number"] == 5


def test_one_process_drives_a_fleet(room):
    folder, *_ = room()
    with RealFleet(folder), pytest.raises(ValueError, match="Another rollout drives the fleet"):
        RealFleet(folder)
    RealFleet(folder).close()  # and afterwards it is free


def test_a_controller_that_is_killed_leaves_nothing_behind_and_goes_on(room):
    folder, *_ = room("none")
    command = [sys.executable, "-m", "labsupport.cli", "rollout", "--folder", str(folder)]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(command, **quiet)
    log = EventLog(folder / LOG)
    while len(log.events()) < 2:  # until it has passed the shadow
        assert process.poll() is None
        time.sleep(0.05)
    family = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    process.wait()
    assert len(family) == 4
    psutil.wait_procs(family, timeout=60)
    assert not any(child.is_running() for child in family)
    pairs = json.loads((folder / "counts.json").read_bytes())["counts"]["errors"][0]
    assert subprocess.run(command, **quiet, check=False).returncode == 0
    states = [event["state"] for event in log.events()]
    assert states == ["shadow", "canary", "stages", "fleet"]
    assert pairs <= log.events()[2]["look"]["pairs"]["errors"][0]  # it went on counting


def test_ctrl_c_ends_the_replicas(room):
    folder, *_ = room("none")
    command = [sys.executable, "-m", "labsupport.cli", "rollout", "--folder", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while not (folder / "counts.json").exists():
        assert process.poll() is None
        time.sleep(0.05)
    family = psutil.Process(process.pid).children(recursive=True)
    process.terminate()
    _, said = process.communicate()
    assert process.returncode == 130 and "lab: stopped." in said
    psutil.wait_procs(family, timeout=60)
    assert not any(child.is_running() for child in family)


def test_the_command_says_what_is_wrong_in_a_sentence(room, tmp_path, capsys):
    folder, new, old = room()
    assert main(["rollout", "--fault", "evil", "--folder", str(folder)]) == 1
    Rollout.start(folder / LOG, small_plan(), new, old).order("abort", "enough")
    assert main(["rollout", "--folder", str(folder)]) == 1
    plan = tmp_path / "plan.toml"
    plan.write_text("stages = 3")
    assert main(["rollout", "--plan", str(plan), "--folder", str(folder)]) == 1
    assert main(["rollout", "--replicas", "9", "--folder", str(tmp_path / "other")]) == 1
    answer = tmp_path / "answer.json"
    told = {"model": new, "data": "0", "code": "0.1"}
    for text in ("{", "[]", json.dumps(told), json.dumps(told | {"model": "../" + new})):
        answer.write_text(text)
        assert main(["trace", str(answer), "--folder", str(folder)]) == 1
    assert main(["rollout", "--fault", "slow", "--folder", str(folder)]) == 1
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 9 and all(line.startswith("lab: ") for line in said)
    assert "it has ended" in said[1].replace("has ended", "it has ended")
    assert "altered" in said[6] and "ever delivered" in said[7]
    assert "another rollout" in said[8] and all("--again" in line for line in (said[1], said[8]))


def test_the_help_names_every_fault(capsys):
    with pytest.raises(SystemExit):
        main(["rollout", "--help"])
    said = " ".join(capsys.readouterr().out.split())
    assert all(fault in said for fault in PLANTED)


def test_no_reply_is_a_failure_and_does_not_last(room):
    client = Client(at_once=2)
    begun = time.monotonic()
    replies = client.send_all([(None, "/health", None), (1, "/health", None)])
    client.close()
    assert [reply.body for reply in replies] == [None, None] and time.monotonic() - begun < 60


def test_packing_twice_makes_the_same_bundles(packed, tmp_path):
    _, new, old = packed["none"]
    assert prepare(tmp_path) == (new, old) == prepare(tmp_path)
    assert Bundle.open(tmp_path / "bundles" / new, new).digest == new
    digests = {packed[fault][1] for fault in PLANTED}
    assert len(digests) == len(PLANTED) and old not in digests


def test_both_fleets_lead_to_the_same_events(room):
    """What a real fleet measured, given to a second rollout look by look, is judged the same: the
    controller knows nothing else of a fleet.
    """
    folder, new, old = room("failing")
    first = Rollout.start(folder / LOG, small_plan(), new, old)
    looks = []
    with RealFleet(folder) as fleet:
        drive(first, fleet, lambda event, look: looks.append(look))

    class Told:
        def apply(self, assignment):
            self.assignment = assignment

        def observe(self):
            return looks.pop(0)

    second = Rollout.start(folder / "second.jsonl", small_plan(), new, old)
    assert drive(second, Told()) == "rolled back"
    assert second.events == first.events
    assert np.isfinite(fleet.threshold)
