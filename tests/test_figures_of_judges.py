"""Lesson 09's figures: what cells, verdicts and differences say, and what cannot be drawn."""

from __future__ import annotations

import itertools
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from figure_examples import AGES, HELD, JUDGES, RATES, VERSIONS, drawn, labels, words_drawn
from matplotlib.colors import to_hex, to_rgb
from refusals import refuses

from labsupport.evals import Estimate, approve_judge, kappa
from labsupport.evals.judges.judge import JudgePolicy
from labsupport.show import (
    asked,
    families_heat,
    held_out_families,
    judge_exam,
    rate_intervals,
    suite_ages,
)
from labsupport.show.draw import BAD, tint, two_lines

# ---- families ----

NINE = ("direct request", "role play", "translation", "encoding", "continuation", "multi-turn")
NINE += ("injected document", "authority claim", "a thirteenth one")


def grounds(rows) -> dict[str, str]:
    """{what a cell says: its ground} of a fresh picture; of equal words the last."""
    with words_drawn() as texts:
        families_heat(rows)
    ax = texts[-1].axes
    return {
        text.get_text(): to_hex(patch.get_facecolor())
        for text, patch in zip(ax.texts, ax.patches, strict=True)
    }


def test_the_last_row_adds_up_what_was_tried():
    shown = families_heat({"p": {"a": (1, 3), "b": (2, 4, 1), "c": (0, 0)}, "q": {"b": (0, 9)}})
    assert "p: a 1 of 3, b 2 of 4 (1 error), c not tried, all of them 3 of 7 (1 error)" in shown.alt
    assert "q: a not tried, b 0 of 9, c not tried, all of them 0 of 9." in shown.alt
    assert shown.caption == "Attacks that worked: 3 of 7 (1 error) on p, 0 of 9 on q."


def test_nothing_worked_not_tried_and_an_error_look_different_from_each_other_and_from_little():
    found = grounds({"p": {"a": (0, 50), "b": (0, 0), "c": (0, 50, 1), "d": (1, 50)}})
    apart = {found[words] for words in ("0 of 50", "0 of 50\n1 error", "1 of 50")}
    assert len(apart) == 3
    look = families_heat({"p": {"a": (0, 50)}}).drawing, families_heat({"p": {"b": (9, 9)}}).drawing
    assert len(set(look)) == 2


def test_what_a_run_counted_is_drawn_by_family_or_by_aim_without_harmless_traffic():
    counts = asked.measured(("steps", "everything", "none", "trusting")).counts
    for by, place in (("family", 0), ("aim", 1)):
        sums: dict[str, list[int]] = {}
        for key, count in counts.items():
            if key[1] is not None:
                row = sums.setdefault(key[place], [0, 0, 0])
                for i, n in enumerate((len(count.worked), count.tried, len(count.errors))):
                    row[i] += n
        assert len(sums) > 4 and sum(row[0] for row in sums.values()) > 50
        assert families_heat({"p": counts}, by).drawing == families_heat({"p": sums}).drawing
    with refuses(ValueError, "counted by 'family' or by 'aim'; got 'kind'"):
        families_heat({"p": counts}, "kind")


def test_a_cell_is_the_darker_the_larger_its_share_whatever_was_tried():
    found = grounds({"p": {"a": (1, 8), "b": (2, 8), "c": (7, 8), "d": (8, 8), "e": (50, 400)}})
    sums = [sum(to_rgb(found[f"{k} of 8"])) for k in (1, 2, 7, 8)]
    assert sums == sorted(sums, reverse=True) and len(set(sums)) == 4
    assert found["1 of 8"] == found["50 of 400"]


@pytest.mark.parametrize("prompts", [1, 5, 6])
def test_many_prompts_and_families_fit(prompts):
    rows = {
        f"{word} prompt": {family: (i, 12) for i, family in enumerate(NINE)}
        for word in ("first", "second", "third", "fourth", "fifth", "scripted")[:prompts]
    }
    with words_drawn() as texts:
        families_heat(rows)
    whole = texts[0].get_figure(root=True).bbox
    for text in texts:
        box = text.get_window_extent()
        assert box.x0 >= 0 and box.x1 <= whole.x1 and box.y0 >= 0 and box.y1 <= whole.y1
    cells = [text.get_window_extent() for text in texts if " of " in text.get_text()]
    for a, b in itertools.pairwise(cells):
        assert min(a.x1, b.x1) <= max(a.x0, b.x0) or min(a.y1, b.y1) <= max(a.y0, b.y0)


def test_attacks_that_cannot_be_drawn():
    for rows in ({}, {"p": {}}, {"p": {"a": (0, 0)}}):
        with refuses(ValueError, "No attack was tried"):
            families_heat(rows)
    for cell in ((4, 3), (-1, 3), (2, 3, 2), (0, 3, -1)):
        with refuses(ValueError, "(a); the two add up to what was tried at most"):
            families_heat({"p": {"a": cell}})


def test_a_tint_lies_between_white_and_its_ink():
    assert [tint(BAD, share) for share in (0, 1)] == ["#ffffff", BAD.lower()]
    assert two_lines("never reveal it") == "never\nreveal it" and two_lines("plain") == "plain"


# ---- judges ----


def test_the_exam_says_who_is_approved_and_what_is_asked():
    shown = judge_exam(JUDGES, ceiling=0.766)
    assert shown.caption == (
        "Approved: rule; in doubt: small model; refused: keywords. A judge is approved where no "
        "interval reaches below the dashed line."
    )
    assert "low ends: kappa 0.60, sensitivity 80%, specificity 80%. People among the" in shown.alt
    assert "themselves: 0.766. rule: approved; kappa 0.93, 0.87 to 0.97; sensiti" in shown.alt
    assert "People" not in judge_exam(JUDGES).alt


def test_the_exam_is_that_of_approve_judge_and_of_kappa():
    policy = JudgePolicy(min_kappa=0.4, min_sensitivity=None, min_specificity=0.25)
    for name, (judge, human) in JUDGES.items():
        verdict = approve_judge(judge, human, policy)
        word = {"promote": "approved", "block": "refused", "inconclusive": "in doubt"}
        shown = judge_exam({name: (judge, human)}, policy)
        agreed = kappa(judge, human)
        assert f"{name}: {word[verdict.decision]}; kappa {agreed.value:.2f}, " in shown.alt
        assert "sensitivity" not in shown.alt


def test_a_verdict_that_saw_more_than_the_labels_is_believed():
    judge, human = JUDGES["rule"]
    kinds = ["a"] * (len(judge) - 3) + ["b"] * 3
    verdict = approve_judge(judge, human, kinds=kinds)
    assert verdict.decision != approve_judge(judge, human).decision == "promote"
    shown = judge_exam({"rule": (judge, human)}, verdicts={"rule": verdict})
    assert shown.caption.startswith("In doubt: rule.")


def test_what_was_not_measured_is_said():
    shown = judge_exam({"yes": labels(90, 0, 0, 0)})
    assert "kappa not measured; sensitivity 100, 96 to 100; specificity not" in shown.alt
    assert shown.caption.startswith("Refused: yes.")


def test_exams_that_cannot_be_drawn():
    only_lengths = JudgePolicy(None, None, None, max_length_bias=0.1)
    for judges, policy in (({}, None), (JUDGES, only_lengths)):
        with refuses(ValueError, "An exam needs a judge, and a bound for one of kappa, sens"):
            judge_exam(judges, policy)


# ---- rates ----


def test_the_side_that_a_method_finds_better_is_compared_with_the_truth():
    shown = rate_intervals(RATES, {"baseline": 0.8, "candidate": 0.75})
    assert shown.caption == (
        "Widest for the baseline: corrected, 24.3 points. Wrong side found better by: raw, "
        "corrected, shared."
    )
    assert "Baseline, truly 80%, candidate, truly 75%. raw: baseline 80.0%" in shown.alt
    assert "width 4.5, difference +3.8; people only: " in shown.alt
    right = rate_intervals(RATES, {"baseline": 0.8, "candidate": 0.85})
    assert right.caption.endswith("by: people only, corrected.")
    assert "better by" not in rate_intervals(RATES).caption


def test_a_tie_is_neither_side():
    same = {side: {"raw": Estimate(0.8, 0.7, 0.9)} for side in ("baseline", "candidate")}
    shown = rate_intervals(same, {"baseline": 0.8, "candidate": 0.75})
    assert "difference +0.0." in shown.alt and shown.caption.endswith("better by: raw.")


def test_sides_that_cannot_be_drawn():
    one = {"raw": Estimate(0.8, 0.7, 0.9)}
    for sides in (
        {},
        {"a": one},
        {"a": one, "b": {}},
        {"a": {}, "b": {}},
        dict.fromkeys("abc", one),
    ):
        with refuses(ValueError, "Draw two sides, the baseline first, with the same methods"):
            rate_intervals(sides)


# ---- families held out, suites that grow old ----


def test_what_a_guard_catches_is_said_for_each_family_with_its_interval():
    shown = held_out_families(HELD)
    assert "encoding: known 100%, 74% to 100%, held out 0%, 0% to 26%; role play" in shown.alt
    assert "; benign: 2%, 0% to 13% blocked; near miss: 30%, 12% to 54% blocked." in shown.alt
    assert shown.caption == (
        "Stopped on average over the families: 97% where the guard knows the family, 50% where it "
        "was held out; least of encoding, 0%."
    )


def test_studies_that_cannot_be_drawn():
    for study in (replace(HELD, families=()), replace(HELD, blocked={})):
        with refuses(ValueError, "There must be a family and a kind of harmless text to draw"):
            held_out_families(study)


def test_a_suite_that_does_not_exist_yet_has_no_point():
    shown = suite_ages(VERSIONS, AGES)
    assert "refreshed suite: none yet on plain, 14 of 55 (25.5%) on words" in shown.alt
    line = drawn("suite_ages, lesson").figure.axes[0].lines[1]
    assert np.isnan(line.get_ydata()).tolist() == [True, False, False, False]
    assert shown.caption == (
        "What still works on classifier: yesterday's suite 0 of 40, refreshed suite 11 of 60, "
        "held-out family 4 of 8."
    )


def test_what_follow_found_is_drawn_as_its_numbers_are():
    found = [SimpleNamespace(works=w, asked=n) for w, n in AGES["held-out family"]]
    assert suite_ages(VERSIONS, AGES | {"held-out family": found}) == suite_ages(VERSIONS, AGES)


def test_the_names_of_suites_that_end_alike_do_not_overlap():
    alike = {name: [(1, 9), (0, 9)] for name in ("a", "b", "c", "d")}
    with words_drawn() as texts:
        suite_ages(["x", "y"], alike)
    boxes = [text.get_window_extent() for text in texts if "0 of 9" in text.get_text()]
    tops = sorted((box.y0, box.y1) for box in boxes)
    assert len(tops) == 4 and all(a[1] <= b[0] for a, b in itertools.pairwise(tops))


def test_suites_that_cannot_be_drawn():
    two = [(1, 2), (1, 2)]
    for versions, found in (
        (["x"], {"a": two[:1]}),
        (["x", "y"], {}),
        (["x", "y"], {"a": two[:1]}),
        (["x", "y"], {"a": [(1, 2), None]}),
        (["x", "y"], dict.fromkeys("abcde", two)),
    ):
        with refuses(ValueError, "Draw one to 4 suites over two versions at least"):
            suite_ages(versions, found)
