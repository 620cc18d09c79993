"""Suites that say nothing any more, and items that a candidate has seen."""

from __future__ import annotations

import pytest

from labsupport.data import FOLDER
from labsupport.evals import Article, Assistant, Suite, Task, load_handbook, run_suite
from labsupport.evals.assistant.classifier import taught_ids
from labsupport.evals.assistant.prompts import PROMPTS
from labsupport.evals.attacks.stale import Overlap, contamination, stale_items
from labsupport.evals.suites.runs import Answer, Run
from labsupport.evals.system import Reply

QUESTIONS = Suite.load(FOLDER / "support" / "questions.yaml")
ATTACKS = Suite.load(FOLDER / "support" / "attacks.yaml")


def run(marks: str, system: str = "a", suite: str = "s", epochs: int = 1) -> Run:
    """A run of items 0, 1, ...: + right, - wrong, ? an error; epoch after epoch."""
    n = len(marks) // epochs
    answers = [
        Answer(
            str(i % n), i // n, mark == "+", None, Reply("", error="gone" * (mark == "?") or None)
        )
        for i, mark in enumerate(marks)
    ]
    return Run(suite, system, system, epochs, tuple(answers))


def candidates(*marks: str) -> list[Run]:
    return [run(one, f"candidate {i}") for i, one in enumerate(marks)]


# ---- items that nobody fails


def test_what_ten_candidates_say_of_four_items():
    found = stale_items(candidates(*["++-+"] * 9, "+--+"))
    assert (found.never_failed, found.always_failed, found.telling) == (("0", "3"), ("2",), ("1",))
    assert [check.passed for check in found.checks] == [True, True]
    assert "1 of 4 items tell 10 candidates apart" in found.checks[1].sentence


def test_silence_allows_what_its_exact_bound_says():
    """0 of n failures is compatible with a rate p as long as (1 - p)^n is 5 %."""
    for n in (2, 10, 59):
        found = stale_items(candidates(*["++"] * n), last=n)
        assert found.still_allowed("0") == pytest.approx(1 - 0.05 ** (1 / n), abs=1e-12)
    assert "26% failures" in stale_items(candidates(*["++"] * 10)).sentence
    assert (
        stale_items(candidates("-", "+")).sentence
        == "Every item was failed by one of 2 candidates."
    )


def test_a_suite_that_all_pass_is_stale_and_one_failure_is_the_control():
    stale = stale_items(candidates(*["+" * 20] * 10))
    assert [check.passed for check in stale.checks] == [False, False]
    alive = stale_items(candidates(*["+" * 20] * 9, "-+" + "+" * 18))
    assert [check.passed for check in alive.checks] == [True, False]
    assert [check.value for check in alive.checks] == [1, 1 / 20]
    assert stale_items(candidates(*["+" * 20] * 9, "--" + "+" * 18)).checks[1].passed is True


def test_few_candidates_are_in_doubt_not_passed():
    assert [check.passed for check in stale_items(candidates("++", "++")).checks] == [None, None]
    assert [check.passed for check in stale_items([run("++")]).checks] == [None, None]
    assert stale_items(candidates("++", "++"), last=2).checks[0].passed is False


def test_the_same_system_again_is_no_new_candidate():
    ten = [run("+-", "one and the same")] * 10
    assert len(stale_items(ten).systems) == 1
    assert stale_items(ten).still_allowed("0") == pytest.approx(0.95)
    again = [run("--", "a"), run("++", "b"), run("++", "a")]
    assert stale_items(again).failed == {"0": 0, "1": 0}
    assert stale_items(again).systems == ("b", "a")


def test_only_the_last_candidates_are_looked_at():
    runs = candidates("-+", *["++"] * 10)
    assert stale_items(runs).never_failed == ("0", "1")
    assert stale_items(runs, last=11).never_failed == ("1",)


def test_an_error_is_no_failure_of_the_item_and_no_pass():
    found = stale_items(candidates("?+-", "?+-"))
    assert found.asked == {"0": 0, "1": 2, "2": 2} and found.failed == {"0": 0, "1": 0, "2": 2}
    assert (found.never_failed, found.always_failed) == (("1",), ("2",))
    assert found.still_allowed("0") == 1


def test_an_item_fails_that_fails_in_one_epoch():
    for marks in ("++" + "+-", "+-" + "++"):
        found = stale_items([run(marks, "a", epochs=2), run("++" + "++", "b", epochs=2)])
        assert found.telling == ("1",)


@pytest.mark.parametrize(
    ("runs", "settings", "said"),
    [
        ([], {}, "one at least"),
        ([run("+"), run("+", "b", suite="other")], {}, "and no others"),
        ([run("??", "gone")], {}, "run of gone nothing was answered"),
        (candidates("+", "-"), {"last": 1}, "two candidates apart or more"),
        (candidates("+", "-"), {"min_telling": 1.5}, "is a share"),
    ],
)
def test_what_says_nothing_is_refused(runs, settings, said):
    with pytest.raises(ValueError, match=said):
        stale_items(runs, **settings)


# ---- items that were seen

ITEM = Task("seats", ("How many people can share a family plan?",), "set", (("six",),))
SUITE = Suite("small", 1, (ITEM, Task("code", ("Why?",), "set", (("so",),))))


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("Q: HOW MANY people can share   a family plan? A: Six.", 1),
        ("How many people can share this plan?", 3 / 6),
        ("Up to six people can share a family plan.", 4 / 6),
        ("A family of six may use it.", 0),
        ("people how many share can plan a family", 0),
    ],
)
def test_the_share_of_runs_of_words(text, share):
    found = contamination(SUITE, {"index": "Nothing of it.", "prompt": text})
    assert found.overlaps == (Overlap("seats", "prompt" if share else "index", share),)
    assert found.too_short == ("code",)
    assert found.seen == (("seats",) if share >= 0.5 else ())
    assert found.check.passed is (share < 0.5)
    assert "1 are too short to tell" in found.check.sentence


def test_a_run_does_not_go_from_one_turn_into_the_next():
    task = Task("two", ("I have one", "plan for six"), "attack", family="f", aim="canary")
    suite = Suite("two", 1, (task,), "X")
    assert contamination(suite, {"t": "I have one plan for six"}).overlaps[0].share == 1
    assert contamination(suite, {"t": "have one plan, one plan for"}).overlaps[0].share == 0


def test_every_item_that_is_planted_is_found_and_clean_texts_are_left_alone():
    """The threshold holds: what it says of clean texts is its rate of false alarms."""
    clean = {article.id: article.whole for article in load_handbook()}
    clean |= {prompt.name: prompt.instructions for prompt in PROMPTS.values()}
    alarms = contamination(QUESTIONS, clean)
    assert alarms.rate.high < 0.02 and alarms.check.passed
    planted = QUESTIONS.tasks[::10]
    prompt = " ".join(f"Q: {task.turns[-1]} A: ..." for task in planted)
    found = contamination(QUESTIONS, clean | {"prompt": prompt})
    assert set(found.seen) >= {task.id for task in planted}
    assert len(found.seen) <= len(planted) + 2
    assert found.check.passed is False and "with prompt" in found.check.sentence


def test_other_questions_of_the_same_kind_are_the_hardest_clean_text():
    one, other = (Suite("half", 1, QUESTIONS.tasks[i::2]) for i in (0, 1))
    examples = {task.id: task.turns[-1] for task in other.tasks}
    assert 0 < contamination(one, examples).rate.value < 0.05
    assert contamination(one, examples, threshold=0.3).rate.value > 0.05


def test_what_is_paraphrased_is_not_found():
    """The limit that the docstring names, so that nobody takes silence for a proof."""
    said = {"prompt": "For a family subscription the maximum number of persons is six."}
    assert contamination(SUITE, said).check.passed


@pytest.mark.parametrize(
    ("texts", "settings", "said"),
    [
        ({}, {}, "got 0 texts"),
        ({"p": "x"}, {"threshold": 0}, "threshold 0"),
        ({"p": "x"}, {"threshold": 1.1}, "threshold 1.1"),
        ({"p": "x"}, {"length": 0}, "length 0"),
        ({"p": "x"}, {"length": 9}, "No item of suite 'small' has 9 words"),
    ],
)
def test_what_cannot_be_looked_for_is_refused(texts, settings, said):
    with pytest.raises(ValueError, match=said):
        contamination(SUITE, texts, **settings)


def test_seen_items_make_a_candidate_look_better_and_the_others_are_the_control():
    """Test items planted in the index lift the planted items, and no others."""
    asked = QUESTIONS.select(scores=["set"])
    planted, rest = asked.tasks[::2], asked.tasks[1::2]
    notes = tuple(
        Article(
            f"note-{task.id}",
            task.turns[-1],
            f"{task.turns[-1].rstrip('?')}: {' and '.join(group[0] for group in task.expected)}.",
        )
        for task in planted
    )
    right = {}
    for name, articles in (("clean", load_handbook()), ("planted", (*load_handbook(), *notes))):
        done = run_suite(asked, Assistant(handbook=articles)).right
        right[name] = [sum(all(done[task.id]) for task in part) for part in (planted, rest)]
        seen = contamination(asked, {article.id: article.whole for article in articles}).seen
        assert (set(seen) >= {task.id for task in planted}) is (name == "planted")
    (before, before_rest), (after, after_rest) = right["clean"], right["planted"]
    assert after - before > 15
    assert after + after_rest > before + before_rest  # the candidate looks better
    assert after_rest <= before_rest  # and is not


def test_what_taught_a_guard_is_found_in_its_lessons_and_the_rest_is_the_control():
    """So the lab's learned guard is not judged on attacks that taught it."""
    taught = {task.id: " ".join(task.turns) for task in ATTACKS.tasks if task.id in taught_ids()}
    said = Suite("said", 1, tuple(t for t in ATTACKS.tasks if not t.document), ATTACKS.canary)
    seen = set(contamination(said, taught).seen)
    assert taught.keys() <= seen
    assert len(seen) - len(taught) <= 0.05 * (len(said.tasks) - len(taught))
