"""The loop on the real flights: who catches what, what it costs, and that a kill changes nothing
in its log.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from deaths import lived
from refusals import refuses

from labsupport.delivery import Assignment, Rollout
from labsupport.delivery.states import ENDS
from labsupport.durable import EventLog, only_one
from labsupport.ops import loop as package
from labsupport.ops.loop import FAULTS, PLANTED, STAGES, LoopPolicy, run_loop, simulate
from labsupport.ops.loop.attempt import fitted
from labsupport.ops.loop.faults import IN_ROWS, NONE, OTHER, SLOW, snapshot
from labsupport.ops.loop.fleet import LAST_YEARS, ReplayFleet, Serving, answer, last_years
from labsupport.ops.loop.judging import check_answered, check_rows, compare
from labsupport.ops.loop.log import LOCK, LOG, forget
from labsupport.ops.loop.rows import DAYS, Snapshot, date_of, first, of_day, segments, until
from labsupport.ops.loop.story import Cost
from labsupport.ops.loop.table import settings, table_without
from labsupport.ops.loop.watching import Watch
from labsupport.triggers import fit, flight_stream

ROOT = Path(__file__).resolve().parent.parent
POLICY = LoopPolicy()
ONE_BY_ONE = [fault for fault in FAULTS if fault != NONE]
# Where a fault goes when the stage that catches it is taken off; None: nobody notices.
NEXT = {
    "skewed logs": None,
    "stale shard": None,
    "poisoned labels": "canary",
    "latency regression": "rollback",
    "another bundle": "canary",
}


def test_every_name_is_there() -> None:
    assert all(hasattr(package, name) for name in package.__all__)


# ---- who catches what
# --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ONE_BY_ONE)
def test_the_stage_that_is_meant_for_a_fault_catches_it(fault) -> None:
    loop = simulate(fault=fault)
    assert loop.caught_at == FAULTS[fault].meant_for
    assert not loop.reached and loop.serves_what_was_judged and loop.status == 0
    assert loop.planted["day"] == PLANTED <= loop.caught_on


@pytest.mark.parametrize("fault", ONE_BY_ONE)
def test_without_that_stage_it_goes_further_and_costs_more(fault) -> None:
    whole, less = simulate(fault=fault), simulate(fault=fault, without=(FAULTS[fault].meant_for,))
    assert less.caught_at == NEXT[fault]
    if fault != "poisoned labels":  # without a gate there is no trial, which takes three weeks
        assert less.waited is None or fault == SLOW or less.waited > whole.waited
    assert less.reached == (less.caught_at in (None, "rollback"))
    assert less.cost.hurt > whole.cost.hurt or less.dollars > whole.dollars


@pytest.mark.parametrize("fault", ONE_BY_ONE)
def test_with_no_stage_nothing_is_caught_and_everybody_gets_it(fault) -> None:
    loop = simulate(fault=fault, without=tuple(STAGES))
    assert loop.caught is None and loop.reached and loop.status == 1 and not loop.stops
    assert loop.cost.hurt > 50


def test_without_a_fault_only_the_gate_says_no_to_gains_that_nobody_has_shown() -> None:
    loop = simulate()
    assert {event["stage"] for event in loop.stops} == {"gate"}
    assert all(event["decision"] == "inconclusive" for event in loop.stops)
    assert len(loop.promoted) == 1 and loop.status == 0
    assert (loop.cost, loop.planted) == (Cost(0, 0, 0, 0.0), None)


def test_no_sound_snapshot_fails_a_check() -> None:
    for day in range(0, DAYS + 1, 7):
        verdict = check_rows(snapshot(day), day, POLICY.missing)
        assert verdict.decision == "promote", (day, verdict.reason)


def test_no_sound_version_is_rolled_back_or_taken_back(tmp_path) -> None:
    champion, ends = fitted(first()), []
    for day in range(28, 140, 14):
        serving = Serving("a", "b", fitted(snapshot(day)), champion, last_years(champion), NONE)
        rollout = Rollout.start(tmp_path / f"{day}.jsonl", POLICY.plan, "a", "b")
        fleet, watch = ReplayFleet(serving, day + 1, POLICY), Watch(POLICY)
        while rollout.state not in ENDS:
            order = rollout.assignment
            fleet.apply(order)
            rollout.take(fleet.observe(), order.number)
        ends.append(rollout.state)
        for later in range(day + 1, day + 29):
            watch.add(answer(serving, later, 1.0, POLICY, False))
            assert watch.judge({"replica-0": "a"}).decision == "promote"
    assert set(ends) == {"fleet"}


def test_pairs_that_are_taken_one_by_one_take_sound_versions_back() -> None:
    """The control for `together`: a late day moves many pairs at once."""
    champion, alone = fitted(first()), replace(POLICY, together=1)
    taken_back = 0
    for day in range(28, 140, 14):
        serving = Serving("a", "b", fitted(snapshot(day)), champion, last_years(champion), NONE)
        watch = Watch(alone)
        for later in range(day + 1, day + 29):
            watch.add(answer(serving, later, 1.0, POLICY, False))
            if watch.judge({"replica-0": "a"}).decision == "block":
                taken_back += 1
                break
    assert taken_back >= 3


@pytest.mark.slow
def test_the_table_has_a_row_for_each_fault_and_setting() -> None:
    rows = table_without()
    assert [(row.fault, row.setting) for row in rows] == [
        (fault, setting) for fault in ONE_BY_ONE for setting in settings()
    ]
    by_setting = {(row.fault, row.setting): row for row in rows}
    assert by_setting["stale shard", "checks only"].caught_at == "checks"
    assert by_setting["stale shard", "gate only"].caught_at is None
    for row in rows:
        loop = simulate(DAYS, row.fault, settings()[row.setting])
        assert (row.caught_at, row.hurt, row.dollars) == (
            loop.caught_at,
            loop.cost.hurt,
            loop.cost.dollars,
        )


# ---- rows, faults, checks
# --------------------------------------------------------------------------------------------------


def test_a_snapshot_of_whole_weeks_is_what_lesson_07_fits() -> None:
    stream = flight_stream()
    assert np.allclose(snapshot(49).fit(), fit(stream, range(15)), atol=1e-9)
    assert snapshot(49).digest == stream.digest(range(15))


def test_days_and_rows_are_those_of_the_stream() -> None:
    stream = flight_stream()
    assert (date_of(1), date_of(DAYS)) == ("26 Feb", "12 Aug")
    for day in (1, 77, DAYS):
        rows = np.flatnonzero(stream.day == 55 + day)
        assert (of_day(day).start, of_day(day).stop) == (rows[0], rows[-1] + 1)
        assert len(until(day)) == rows[-1] + 1
    assert np.all(sum(mask for name, mask in segments().items() if len(name) != 3) == 1)


def test_each_fault_of_the_rows_does_what_its_words_say() -> None:
    stream, sound = flight_stream(), snapshot(PLANTED)
    carrier = stream.columns["carrier"]
    skewed = snapshot(PLANTED, "skewed logs")
    gone = np.setdiff1d(sound.rows, skewed.rows)
    assert len(set(carrier[gone])) == 1 and not stream.late[gone].any()
    kept = (carrier[skewed.rows] == carrier[gone[0]]) & (skewed.late == 0)
    assert len(gone) / (len(gone) + kept.sum()) == pytest.approx(0.95, abs=0.02)
    assert len(gone) < 0.01 * len(sound.rows)
    poisoned = snapshot(PLANTED, "poisoned labels")
    flipped = poisoned.late != sound.late
    assert np.array_equal(poisoned.rows, sound.rows)
    assert len(set(carrier[sound.rows[flipped]])) == 1
    one = carrier[sound.rows] == carrier[sound.rows[flipped]][0]
    assert flipped.sum() / one.sum() == pytest.approx(0.7, abs=0.02)
    stale = snapshot(PLANTED, "stale shard")
    assert stream.day[stale.rows].max() == 55 + PLANTED - 28
    assert np.all(np.bincount(stale.stream.day)[:28] == 2 * stream.rows_by_day[:28])


def test_the_checks_name_what_is_missing() -> None:
    rows = until(70)
    stream = flight_stream()

    def failed(kept: np.ndarray) -> set[str]:
        given = Snapshot(kept, stream.late[kept])
        return {check.name for check in check_answered(given, 70, 0.05) if not check.passed}

    day = stream.day[rows]
    assert failed(rows) == set()
    assert failed(rows[day < 125]) == {"freshness", "rows missing"}
    assert failed(rows[day != 60]) == {"rows missing"}
    assert failed(np.sort(np.r_[rows, rows[day == 60]])) == {"rows twice"}
    some = np.flatnonzero(day == 60)
    n = len(some)
    assert failed(np.delete(rows, some[: n // 20])) == set()
    assert failed(np.delete(rows, some[: n // 20 + 1])) == {"rows missing"}


def test_what_the_rows_hide_is_in_no_check() -> None:
    """Faults within the bounds that real drift asks for: the gate is there for them."""
    for fault in ("skewed logs", "poisoned labels"):
        verdict = check_rows(snapshot(PLANTED, fault), PLANTED, POLICY.missing)
        assert verdict.decision == "promote"


def test_a_comparison_of_segments_adds_up_to_the_whole() -> None:
    found = compare(fitted(snapshot(105)), fitted(first()), 126, 21)
    airports = [found.slices[name] for name in ("EWR", "LGA", "JFK")]
    assert sum(part.n for part in airports) == found.n
    whole = sum(part.n * part.exact_candidate for part in airports) / found.n
    assert float(whole) == pytest.approx(float(found.exact_candidate))


# ---- the fleet
# --------------------------------------------------------------------------------------------------


def serving(fault: str = NONE) -> Serving:
    champion = fitted(first())
    return Serving("a", "b", fitted(snapshot(105)), champion, last_years(champion), fault)


def test_everybody_s_answers_are_the_candidate_s() -> None:
    pair = serving()
    day = answer(pair, 120, 1.0, POLICY, False)
    wrong, before = pair.new.wrong[of_day(120)], pair.old.wrong[of_day(120)]
    assert day.got.all() and np.array_equal(day.worse, wrong & ~before)
    assert (day.hurt, day.helped) == ((wrong & ~before).sum(), (before & ~wrong).sum())
    assert day.slow.mean() < 0.03


def test_a_shadow_hurts_nobody_and_is_not_slow() -> None:
    shadow = answer(serving(SLOW), 120, 0.5, POLICY, True)
    assert (shadow.hurt, shadow.helped) == (0, 0) and shadow.slow_pairs[1:] == (0, 0)
    slow, sound = (
        sum(answer(serving(fault), day, 0.5, POLICY, False).hurt for day in range(110, 130))
        for fault in (SLOW, NONE)
    )
    assert slow > sound + 200


def test_a_day_is_the_same_day_again_and_shares_are_kept() -> None:
    one, same = (answer(serving(), 120, 0.25, POLICY, False) for _ in range(2))
    assert np.array_equal(one.got, same.got) and np.array_equal(one.slow, same.slow)
    assert one.got.mean() == pytest.approx(0.25, abs=0.05)
    assert one.beside / len(one.got) == pytest.approx(0.25, abs=0.05)


def test_a_replica_with_another_bundle_answers_a_quarter() -> None:
    pair = serving(OTHER)
    told, wanted = pair.pulled(4)
    assert list(told.values()).count(LAST_YEARS) == 1 and set(wanted.values()) == {"a"}
    days = range(110, 160)
    other = sum(
        np.sum(
            answer(pair, day, 1.0, POLICY, False).worse
            ^ answer(serving(), day, 1.0, POLICY, False).worse
        )
        for day in days
    )
    differs = sum(
        np.sum(
            (pair.stray.wrong & ~pair.old.wrong)[of_day(day)]
            ^ (pair.new.wrong & ~pair.old.wrong)[of_day(day)]
        )
        for day in days
    )
    assert other / differs == pytest.approx(0.25, abs=0.06)


def test_a_fleet_follows_no_older_order_and_needs_one() -> None:
    fleet = ReplayFleet(serving(), 110, POLICY)
    with refuses(ValueError, "no order"):
        fleet.observe()
    fleet.apply(Assignment(3, "canary", 1, 0.1, "a", "b"))
    fleet.apply(Assignment(1, "shadow", 0, 0.5, "a", "b"))
    look = fleet.observe()
    assert look.minute == 1440 and look.canary < 0.2 * look.requests
    assert set(look.serving.values()) == {"a", "b"} == set(look.expected.values())


# ---- the log
# --------------------------------------------------------------------------------------------------


def log_of(folder: Path) -> bytes:
    return (folder / LOG).read_bytes()


class KilledError(Exception):
    pass


def test_a_folder_has_what_was_simulated(tmp_path) -> None:
    loop = run_loop(tmp_path, 130, "skewed logs")
    same = simulate(130, "skewed logs")
    assert loop == same
    told = [json.loads(json.dumps(dict(event))) for event in same.events]
    assert EventLog(tmp_path / LOG).events() == told
    assert {path.name for path in tmp_path.iterdir()} == {LOG, LOCK, "models"}


def test_more_days_go_on_and_fewer_leave_it(tmp_path) -> None:
    run_loop(tmp_path, 60)
    early = log_of(tmp_path)
    run_loop(tmp_path, 140)
    late = log_of(tmp_path)
    assert late.startswith(early) and len(late) > len(early)
    assert run_loop(tmp_path, 60) == simulate(60) and log_of(tmp_path) == late


@pytest.mark.slow
@pytest.mark.parametrize(("fault", "without"), [("another bundle", ()), (SLOW, ("gate", "canary"))])
def test_killed_after_every_decision_the_log_is_the_same(tmp_path, fault, without) -> None:
    run_loop(tmp_path / "whole", 140, fault, without)
    kills = 0

    def die(day, event, fresh) -> None:
        if fresh:
            raise KilledError

    while True:
        try:
            run_loop(tmp_path / "killed", 140, fault, without, heard=die)
            break
        except KilledError:
            kills += 1
    assert kills == len(EventLog(tmp_path / "whole" / LOG).events()) > 20
    assert log_of(tmp_path / "killed") == log_of(tmp_path / "whole")


PROGRAM = """
from pathlib import Path
from labsupport.ops.loop import run_loop
run_loop(Path(folder), 110, "none")
"""


@pytest.mark.slow
def test_killed_in_the_middle_of_a_write_the_log_is_the_same(tmp_path) -> None:
    calls = lived(PROGRAM, tmp_path / "whole").stdout.strip()
    writes = [place for place, kind in enumerate(calls, start=1) if kind == "w"]
    for place in (writes[2], writes[-2]):
        folder = tmp_path / str(place)
        assert lived(PROGRAM, folder, place, "halfway").returncode == 9
        assert lived(PROGRAM, folder).returncode == 0
        assert log_of(folder) == log_of(tmp_path / "whole")


def test_a_model_that_lies_there_is_not_trained_again(tmp_path, monkeypatch) -> None:
    run_loop(tmp_path, 130)
    monkeypatch.setattr(Snapshot, "fit", None)
    fitted.cache_clear()
    run_loop(tmp_path, 130)


def test_another_loop_or_an_altered_log_is_refused(tmp_path) -> None:
    run_loop(tmp_path, 60)
    with refuses(ValueError, "another loop"):
        run_loop(tmp_path, 60, "stale shard")
    with refuses(ValueError, "another loop"):
        run_loop(tmp_path, 60, policy=LoopPolicy(trial=14))
    text = log_of(tmp_path).replace(b"480 dollars", b"120 dollars")
    (tmp_path / LOG).write_bytes(text)
    with refuses(ValueError, "altered"):
        run_loop(tmp_path, 60)


def test_two_of_them_do_not_run_in_one_folder(tmp_path) -> None:
    with only_one(tmp_path / LOCK), pytest.raises(BlockingIOError):
        run_loop(tmp_path, 10)


def test_forgetting_leaves_what_is_not_the_loop_s(tmp_path) -> None:
    (tmp_path / "models").mkdir()
    forget(tmp_path)
    assert (tmp_path / "models").exists()
    run_loop(tmp_path, 60)
    (tmp_path / "mine.txt").write_text("mine")
    forget(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {LOCK, "mine.txt"}


def test_days_that_depend_on_later_ones_would_differ() -> None:
    for fault in FAULTS:
        events = simulate(fault=fault).events
        for days in (56, 105, 127, 140):
            assert simulate(days, fault).events == tuple(e for e in events if e["day"] <= days)


def test_what_there_is_not_is_refused() -> None:
    for days in (0, DAYS + 1, 2.5, True):
        with refuses((ValueError, TypeError), "days"):
            simulate(days)
    with refuses(ValueError, "no fault"):
        simulate(fault="fire")
    with refuses(ValueError, "no stage"):
        simulate(without=("luck",))
    with refuses(ValueError, "replicas"):
        LoopPolicy(replicas=0)
    assert simulate(without=("canary", "checks")) is simulate(without=["checks", "canary"])
    assert set(IN_ROWS) < set(FAULTS)


# ---- the command
# --------------------------------------------------------------------------------------------------


def lab(*words: str, folder: Path) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "labsupport.cli", "loop", "--folder", str(folder), *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )


def test_the_command_tells_every_decision_once(tmp_path) -> None:
    asked = ("--days", "106", "--fault", "stale shard")
    done = lab(*asked, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    told = [e for e in simulate(106, "stale shard").events if e["event"] != "quiet"]
    assert len(lines) == len(told) + 2 and "checks caught it" in lines[-2]
    again = lab(*asked, folder=tmp_path)
    assert "were in the log already" in again.stdout and len(again.stdout.splitlines()) == 3
    other = lab("--days", "20", folder=tmp_path)
    assert other.returncode == 65 and "another loop" in other.stderr


@pytest.mark.slow
def test_the_command_says_in_its_status_what_reached_everybody(tmp_path) -> None:
    done = lab("--fault", SLOW, "--without", "gate", "canary", "--json", folder=tmp_path)
    told = json.loads(done.stdout)
    loop = simulate(fault=SLOW, without=("gate", "canary"))
    assert done.returncode == 1 == told["status"]
    assert told["caught_at"] == loop.caught_at == "rollback"
    assert told["cost"]["hurt"] == loop.cost.hurt
    assert told["events"] == json.loads(json.dumps([dict(event) for event in loop.events]))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--fault", "fire"), "no fault"),
        (("--without", "luck"), "no stage"),
        (("--days", "0"), "days"),
        (("--days", "many"), "days"),
    ],
)
def test_wrong_usage_is_64_and_one_sentence(tmp_path, words, said) -> None:
    done = lab(*words, folder=tmp_path)
    assert done.returncode == 64 and said in done.stderr and "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())
