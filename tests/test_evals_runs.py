"""A suite that is asked: errors in the denominator, a log that survives a kill, tiers, sums."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from refusals import refuses

from labsupport.durable import EventLog, only_one
from labsupport.evals.estimate import share
from labsupport.evals.suites import log as log_module
from labsupport.evals.suites.paired import PairedScores
from labsupport.evals.suites.runs import Answer, Run, part_of, read_run, run_suite
from labsupport.evals.suites.suite import Suite, Task
from labsupport.evals.suites.sums import figures_of, group_of, scores_of, variance_of
from labsupport.evals.suites.talk import Talk
from labsupport.evals.suites.tiers import Tier, tier_table
from labsupport.evals.system import Reply
from labsupport.gate import Policy, gate

SUITE = Suite(
    "numbers",
    1,
    tuple(Task(f"t{i}", (f"What is {i}?",), "exact", str(i), articles=("a",)) for i in range(6)),
)


@dataclass
class Parrot:
    """Says the number that it is asked for, but for what a test plants; counts what it is asked."""

    name: str = "parrot"
    digest: str = "1"
    planted: dict | None = None
    asked: int = 0

    def answer(self, turns, seed=0, document=None):
        self.asked += 1
        number = turns[-1].split()[-1].rstrip("?")
        found = (self.planted or {}).get((number, seed), Reply(number, articles=("a",), calls=2))
        if isinstance(found, BaseException):
            raise found
        return found


def test_every_task_is_asked_in_every_epoch_with_its_seed():
    parrot = Parrot()
    seen = []
    run = run_suite(SUITE, parrot, 3, progress=seen.append)
    assert seen == list(run.answers) and parrot.asked == len(seen) == 18
    assert [(a.task, a.epoch) for a in seen] == [(t.id, e) for e in range(3) for t in SUITE.tasks]
    assert all(a.right and a.recall == 1 and a.error is None for a in seen)
    assert (run.suite, run.system, run.system_digest) == (SUITE.digest, "parrot", "1")
    assert (run.asked, run.calls, run.epochs) == (18, 36, 3) and run.seconds > 0
    assert run.right == {task.id: [True] * 3 for task in SUITE.tasks}


@pytest.mark.parametrize(
    ("planted", "words"),
    [
        (RuntimeError("the server is gone"), "RuntimeError: the server is gone"),
        (SystemError(), "SystemError"),
        ("3", "The system returned no Reply but str."),
        (None, "The system returned no Reply but NoneType."),
        (Reply(None), "The system's reply has text of type NoneType."),
        (Reply("3", tools="cancel()"), "The system's reply has tools of type str."),
        (Reply("3", tools=None), "The system's reply has tools of type NoneType."),
        (Reply("3", articles=("a", 1)), "The system's reply has articles of type tuple."),
        (Reply("3", prompt=None), "The system's reply has prompt of type NoneType."),
        (Reply("3", blocked=False), "The system's reply has blocked of type bool."),
        (Reply("3", error=0), "The system's reply has error of type int."),
        (Reply("3", calls=1.5), "The system's reply has calls of type float."),
        (Reply("3", seconds=math.nan), "The system's reply has seconds of type float."),
        (Reply("3", repeated="no"), "The system's reply has repeated of type str."),
        (Reply("", error="400: the prompt is too long."), "400: the prompt is too long."),
    ],
)
def test_what_is_no_answer_is_an_error_in_the_denominator(planted, words):
    run = run_suite(SUITE, Parrot(planted={("3", 0): planted}))
    assert len(run.answers) == 6 and run.asked == 5
    assert [a.task for a in run.answers if not a.right] == ["t3"]
    assert run.answers[3].error.startswith(words) and run.answers[3].recall == 0
    assert scores_of(run, SUITE, lambda task: "all")["all"].value == pytest.approx(5 / 6)


def test_empty_and_repeated_answers_are_wrong():
    planted = {
        ("1", 0): Reply(""),
        ("2", 0): Reply("2", repeated=True),
        ("4", 1): Reply("4", repeated=True),
    }
    run = run_suite(SUITE, Parrot(planted=planted), 2)
    assert {name: right for name, right in run.right.items() if not all(right)} == {
        "t1": [False, True],
        "t4": [True, False],
    }


def test_a_run_in_which_nothing_was_answered_says_so():
    planted = {(str(i), 0): OSError("refused") for i in range(6)}
    run = run_suite(SUITE, Parrot(planted=planted))
    assert run.asked == 0 and not any(a.right for a in run.answers)
    sound = run_suite(SUITE, Parrot())
    verdict = gate(PairedScores.from_runs(run, sound, SUITE), Policy(0.0, max_gap=None))
    assert verdict.decision == "block"


# ---- the log
# ----------------------------------------------------------------------------------------------


def test_a_run_goes_on_where_its_log_ends_and_asks_nothing_twice(tmp_path):
    log = tmp_path / "logs" / "run.jsonl"
    first = Parrot(planted={("2", 0): ValueError("x"), ("4", 0): KeyboardInterrupt()})
    with pytest.raises(KeyboardInterrupt):
        run_suite(SUITE, first, 2, log)
    assert first.asked == 5
    second = Parrot()
    run = run_suite(SUITE, second, 2, log)
    assert second.asked == 12 - 4  # the error is an answer
    assert [a.task for a in run.answers if a.error] == ["t2"]
    third = Parrot()
    assert run_suite(SUITE, third, 2, log) == run and third.asked == 0
    assert run_suite(SUITE, third, 1, log).answers == run.answers[:6] and third.asked == 0
    assert len(run_suite(SUITE, third, 3, log).answers) == 18 and third.asked == 6
    again, suite = read_run(log)
    assert suite == SUITE and again.answers[:12] == run.answers and again.epochs == 3


def test_a_line_that_was_cut_off_never_happened(tmp_path, monkeypatch):
    monkeypatch.setattr(log_module, "_OFTEN", 0.0)  # a line for each answer
    log = tmp_path / "run.jsonl"
    whole = run_suite(SUITE, Parrot(), 1, log)
    data = log.read_bytes()
    for cut in range(data.index(b"\n") + 1, len(data), 97):
        log.write_bytes(data[:cut])
        parrot = Parrot()
        assert run_suite(SUITE, parrot, 1, log).right == whole.right
        assert parrot.asked == 6 - (data[:cut].count(b"\n") - 1)


def test_a_log_of_something_else_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(log_module, "_OFTEN", 0.0)  # what follows a line seals it
    log = tmp_path / "run.jsonl"
    run_suite(SUITE, Parrot(), 1, log)
    before = log.read_bytes()
    other = replace(SUITE, tasks=SUITE.tasks[1:])
    with refuses(ValueError, "run.jsonl is the log of another suite"):
        run_suite(other, Parrot(), 1, log)
    with refuses(ValueError, "run.jsonl is the log of another system"):
        run_suite(SUITE, Parrot(digest="2"), 1, log)
    with only_one(tmp_path / ".run.jsonl.lock"), pytest.raises(BlockingIOError):
        run_suite(SUITE, Parrot(), 2, log)
    assert log.read_bytes() == before
    log.write_bytes(before.replace(b'"text": "3"', b'"text": "4"'))
    with refuses(ValueError, "the log was altered"):
        run_suite(SUITE, Parrot(), 1, log)
    with refuses(ValueError, "at least 1; got 0"):
        run_suite(SUITE, Parrot(), 0)


SAID = {"task": "t0", "epoch": 0, "reply": {"text": "0"}}


@pytest.mark.parametrize(
    ("events", "words"),
    [
        ([], "run.jsonl is empty"),
        ([{"state": "shadow"}], "is no log of a suite's run"),
        ([{"suite": {"name": "s", "version": 1, "tasks": [], "canary": None}}], "is no log of"),
        (["head", {"answers": [{"task": "t0", "epoch": 0, "reply": {}}]}], "is no log of"),
        (["head", {"answers": 7}], "is no log of"),
        (["head", {"answers": [{"task": "t0", "epoch": 0, "reply": 7}]}], "is no log of"),
        (["head", {"answers": [{**SAID, "reply": {"text": "0", "tools": "c()"}}]}], "is no log of"),
        (["head", {"answers": [SAID, SAID]}], "is no log of"),
        (["head"], "run.jsonl ends before every task was asked"),
    ],
)
def test_what_is_no_whole_run_is_not_read_as_one(events, words, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        run_suite(SUITE, Parrot(planted={("0", 0): KeyboardInterrupt()}), 1, tmp_path / "head")
    (head,) = EventLog(tmp_path / "head").events()
    log = tmp_path / "run.jsonl"
    log.touch()
    for event in events:
        EventLog(log).append(head if event == "head" else event)
    with refuses(ValueError, words):
        read_run(log)
    with pytest.raises(FileNotFoundError):
        read_run(tmp_path / "nobody.jsonl")


KILLED = """
import sys, time
from pathlib import Path
from test_evals_runs import SUITE, Parrot
from labsupport.evals.suites import log
from labsupport.evals.suites.runs import run_suite
log._OFTEN = 0.0
class Slow(Parrot):
    def answer(self, turns, seed=0, document=None):
        print(turns[-1], flush=True)
        time.sleep(0.05)
        return super().answer(turns, seed)
run_suite(SUITE, Slow(), 50, Path(sys.argv[1]))
"""


def test_a_killed_run_loses_at_most_what_it_was_asking(tmp_path):
    log = tmp_path / "run.jsonl"
    here = os.pathsep.join(sys.path)
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, str(log)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": here},
    ) as child:
        said = [child.stdout.readline() for _ in range(8)]
        child.kill()
        asked = len(said) + child.stdout.read().count("\n")
    told = [a for event in EventLog(log).events()[1:] for a in event["answers"]]
    assert asked - 1 <= len(told) <= asked and len(told) >= 7
    parrot = Parrot()
    run_suite(SUITE, parrot, 50, log)
    assert parrot.asked == 300 - len(told)


# ---- sums
# ----------------------------------------------------------------------------------------------


def run_with(right) -> tuple[Run, Suite]:
    """A run with right[task][epoch]."""
    epochs = len(right[0])
    suite = Suite("s", 1, tuple(Task(f"t{i}", ("?",), "exact", "a") for i in range(len(right))))
    answers = tuple(
        Answer(f"t{i}", e, bool(right[i][e]), None, Reply("x"))
        for e in range(epochs)
        for i in range(len(right))
    )
    return Run(suite.digest, "x", "y", epochs, answers), suite


def test_a_score_has_the_exact_interval_of_its_tasks():
    run, suite = run_with([[1]] * 7 + [[0]] * 3)
    assert scores_of(run, suite, group_of) == {"exact": share(7, 10)}
    again, _ = run_with([[1] * 9] * 7 + [[0] * 9] * 3)
    assert scores_of(again, suite, group_of) == {"exact": share(7, 10)}  # epochs are no tasks
    half, _ = run_with([[1, 0]] * 5 + [[0, 0]] * 5)
    found = scores_of(half, suite, lambda task: None if task.id == "t9" else "most", 0.9)["most"]
    assert found.value == pytest.approx(2.5 / 9)
    assert (found.low, found.high) == (share(2, 9, 0.9).low, share(3, 9, 0.9).high)


@pytest.mark.slow
@settings(deadline=None, max_examples=20)
@given(st.integers(0, 2**32 - 1))
def test_variances_are_those_of_tasks_and_of_epochs(seed):
    """Tasks with a chance of their own, which each epoch draws from: known variances."""
    rng = np.random.default_rng(seed)
    chances = rng.choice([0.2, 0.9], 3000)
    right = rng.random((3000, 5)) < chances[:, None]
    found = variance_of(run_with(right)[0])
    assert found.items == pytest.approx(0.35**2, abs=0.02)
    assert found.epochs == pytest.approx((0.2 * 0.8 + 0.9 * 0.1) / 2, abs=0.02)
    assert found.error == pytest.approx(math.sqrt((found.items + found.epochs / 5) / 3000))


def test_variances_at_the_ends():
    sure = variance_of(run_with([[1, 1], [0, 0], [1, 1]])[0])
    assert (sure.items, sure.epochs) == (pytest.approx(1 / 3), 0)
    noisy = variance_of(run_with([[1, 0], [0, 1], [1, 0]])[0])
    assert (noisy.items, noisy.epochs) == (0, pytest.approx(0.5))
    once = variance_of(run_with([[1], [0]])[0])
    assert (once.items, once.epochs) == (0.5, None)
    with refuses(ValueError, "One task has no variance between tasks"):
        variance_of(run_with([[1, 0]])[0])


def test_the_figures_of_a_run_are_json_and_add_up():
    run = run_suite(SUITE, Parrot(planted={("3", 0): OSError("gone")}))
    told = json.loads(json.dumps(figures_of(run, SUITE)))
    assert (told["answers"], told["errors"], told["calls"]) == (6, 1, 10)
    assert told["recall"] == pytest.approx(5 / 6)
    assert told["groups"]["exact"]["tasks"] == 6
    assert told["groups"]["exact"]["low"] == share(5, 6).low


# ---- tiers
# ----------------------------------------------------------------------------------------------


def test_a_part_of_a_run_is_the_run_of_the_part():
    run = run_suite(SUITE, Parrot(), 3)
    part = SUITE.select(ids=("t1", "t4"))
    found = part_of(run, SUITE, part, 2)
    assert replace(found, answers=()) == replace(run_suite(part, Parrot(), 2), answers=())
    assert [(a.task, a.epoch) for a in found.answers] == [
        ("t1", 0), ("t4", 0), ("t1", 1), ("t4", 1)
    ]  # fmt: skip
    with refuses(ValueError, "is not of suite"):
        part_of(run, part, part)
    with refuses(ValueError, "has epochs 1 to 3; got 4"):
        part_of(run, SUITE, part, 4)
    other = Suite("other", 1, (Task("t1", ("?",), "exact", "one"),))
    with refuses(ValueError, "Suite 'other' is no part of 'numbers'"):
        part_of(run, SUITE, other)


def test_tiers_cost_what_they_ask_and_catch_what_they_see():
    def decide(candidate, baseline, suite):
        return gate(PairedScores.from_runs(candidate, baseline, suite), Policy(0.0, max_gap=None))

    tiers = [
        Tier("commit", lambda task: task.id in ("t0", "t1"), decide),
        Tier("release", lambda task: task.id < "t4", decide, judge_calls=1, judge_seconds=10.0),
        Tier("night", lambda task: True, decide, epochs=2),
    ]
    planted = {
        "sound": {},
        "bad first": {("1", 0): Reply("no")},
        "bad last": {("5", 0): Reply("no")},
        "bad late": {("0", 1): Reply("no")},
    }
    candidates = {
        name: run_suite(SUITE, Parrot(digest=name, planted=plant), 2)
        for name, plant in planted.items()
    }
    champion = run_suite(SUITE, Parrot(), 2)
    commit, release, night = tier_table(tiers, SUITE, champion, candidates)
    assert [row.tier for row in (commit, release, night)] == ["commit", "release", "night"]
    assert [row.tasks for row in (commit, release, night)] == [2, 4, 6]
    assert [row.answers for row in (commit, release, night)] == [2, 4, 12]
    assert [row.calls for row in (commit, release, night)] == [4, 8 + 4, 24]
    assert commit.seconds < 1 and 40 < release.seconds < 41
    assert night.seconds == pytest.approx(champion.seconds)
    assert commit.caught == release.caught == ("bad first",)
    assert night.caught == ("bad first", "bad last", "bad late")
    assert night.decisions["sound"] == "promote"
    with refuses(ValueError, "has no task"):
        tier_table([Tier("none", lambda task: False, decide)], SUITE, champion, {})


# ---- a writer as a system
# ----------------------------------------------------------------------------------------------


class Echo:
    """A writer that repeats the last message, and keeps what it was told."""

    digest = "echo"

    def __init__(self, fails_at: int = 99):
        self.told, self.fails_at = [], fails_at

    def write(self, messages, seed=0):
        self.told.append([dict(each) for each in messages])
        if len(self.told) == self.fails_at:
            return Reply("", error="The server is gone.", calls=1)
        return Reply(f"You said {messages[-1]['content']}", calls=1)


def test_a_conversation_is_answered_turn_by_turn():
    echo = Echo()
    reply = Talk("x", echo, "Be kind.").answer(("Hello!", "Bye!"), document="A note.")
    assert reply.text == "You said Bye!" and reply.calls == 2
    last = echo.told[-1]
    assert [each["role"] for each in last] == ["system", "user", "assistant", "user"]
    assert last[0]["content"] == 'Be kind.\n\nFound for this question:\n"A note."'
    assert last[2]["content"] == "You said Hello!"
    assert reply.prompt.startswith("system: Be kind.") and reply.prompt.endswith("user: Bye!")
    alone = Talk("x", Echo()).answer(("Hello!",))
    assert alone.prompt == "user: Hello!"
    assert Talk("x", echo, "a").digest != Talk("x", echo, "b").digest
    gone = Talk("x", Echo(fails_at=1)).answer(("Hello!", "Bye!"))
    assert gone.error == "The server is gone." and gone.text == "" and gone.calls == 1


def test_a_conversation_keeps_what_was_said_before_its_last_turn():
    reply = Talk("t", Echo()).answer(["One?", "Two?", "Three?"])
    assert len(reply.earlier) == 2 and reply.text not in reply.earlier
    assert all(said in reply.prompt for said in reply.earlier)
    assert Talk("t", Echo()).answer(["One?"]).earlier == ()


class Counted:
    """A writer of three calls a message, or of none."""

    digest = "counted"

    def __init__(self, calls: int):
        self.calls = calls

    def write(self, messages, seed=0):
        return Reply("Yes.", calls=self.calls)


@pytest.mark.parametrize(("calls", "counted"), [(3, 6), (1, 2), (0, 2)])
def test_a_conversation_counts_the_calls_of_every_turn(calls, counted):
    assert Talk("t", Counted(calls)).answer(["One?", "Two?"]).calls == counted


def test_a_run_has_one_answer_to_each_task_in_each_epoch():
    run, _ = run_with([[1, 0], [1, 1]])
    for answers in (run.answers[:-1], (*run.answers, run.answers[0])):
        with refuses(ValueError, "has not one answer to task"):
            replace(run, answers=answers)
    with refuses(ValueError, "at least 1; got 0"):
        replace(run, answers=(), epochs=0)


def test_links_to_one_log_lead_to_one_lock(tmp_path):
    log, link = tmp_path / "run.jsonl", tmp_path / "link.jsonl"
    log.touch()
    link.symlink_to(log)
    with log_module.alone_with(link), pytest.raises(BlockingIOError):
        run_suite(SUITE, Parrot(), 1, log)


def test_variance_between_tasks_is_of_their_means():
    """Two tasks, two epochs, by hand: means 1 and 0.5, variance 1/8, within 1/4, items 0."""
    run, _ = run_with([[1, 1], [1, 0]])
    found = variance_of(run)
    assert (found.items, found.epochs) == (0.0, 0.25) and found.error == math.sqrt(1 / 16)
    clear, _ = run_with([[1, 1, 1, 1], [0, 0, 0, 1]])  # means 1 and 1/4: 9/32; within 1/8
    assert variance_of(clear).items == pytest.approx(9 / 32 - 1 / 8 / 4)


def test_judging_is_part_of_a_tiers_price():
    run, suite = run_with([[1, 1], [1, 0], [0, 0]])
    run = replace(run, answers=tuple(replace(a, reply=Reply("x", calls=2)) for a in run.answers))
    tier = Tier("t", lambda task: task.id != "t0", None, 2, judge_calls=3, judge_seconds=0.5)
    (row,) = tier_table([tier], suite, run, {})
    assert (row.tasks, row.answers, row.calls, row.seconds) == (2, 4, 4 * (2 + 3), 4 * 0.5)
