"""What figures say: alt text and caption hold the numbers and verdicts of the data drawn."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import numpy as np
import pytest
from figure_examples import BUILD_A, CLAIMS, FOUR, HAIR, LESSON, LOSER, SPREADS, people, words_drawn
from hypothesis import given
from hypothesis import strategies as st
from refusals import refuses

from labsupport.costs import best_order, expected_cost
from labsupport.gate import Policy, gate
from labsupport.intervals import bootstrap_gains
from labsupport.outcomes import PairedOutcomes
from labsupport.show import (
    best_of_k,
    check_sizes,
    churn_edge,
    corrected,
    damage_matrix,
    false_alarms,
    gap_bound,
    gate_plane,
    interval_bars,
    null_candidates,
    order_costs,
    paired_clouds,
    pipeline,
    resampled_gains,
    saved_and_refused,
    saving_lines,
    slice_changes,
    source_spread,
    worn_out,
    worst_promotions,
)
from labsupport.show.figures.gate import promoted
from labsupport.show.figures.pipeline import BOXES
from labsupport.slices import slice_gap_bound, slice_tests

ROOT = Path(__file__).resolve().parent.parent

# ---- lesson 00, 01, 03 ----


def test_the_pipeline_says_what_is_lit():
    dark = pipeline().alt
    assert dark + " Lit up: fleet." == pipeline("fleet").alt
    assert pipeline(["fleet", "cheap checks"]).alt.endswith("Lit up: cheap checks, fleet.")
    assert len({pipeline(lit).png for lit in ((), "fleet", "drift monitor")}) == 3
    assert all(f"{box.name} {box.lessons}" in dark for box in BOXES if box.lessons)


def test_the_pipeline_names_its_boxes_to_who_asks_for_another():
    with pytest.raises(ValueError, match=r"no box 'gate'; its boxes: .*evaluation gate"):
        pipeline("gate")


def test_lesson_00_has_a_sentence_for_every_box_and_no_other():
    start = (ROOT / "notebooks/00_start_here.ipynb").read_text(encoding="utf-8")
    table = re.findall(r"\| ([\w /+]+) \|([\d–, ]*)\| ([^|]{20,}\.) \|", start)
    assert [(box, lessons.strip()) for box, lessons, _ in table] == [
        (box.name.replace("/", " / "), box.lessons) for box in BOXES
    ]
    assert all(len(re.findall(r"[.!?](?: |$)", sentence)) == 1 for *_, sentence in table)


def test_the_words_of_each_step_lie_in_its_box():
    with words_drawn() as texts:
        pipeline([box.name for box in BOXES])
    by_words = {text.get_text(): text for text in texts}
    for box in BOXES:
        at = by_words[box.words].get_window_extent()
        assert abs((at.x0 + at.x1) / 2 - box.x) < 1
        assert at.width < 146 and at.height < 62, box.name


def test_the_plane_says_for_each_build_where_it_lies():
    alt = gate_plane(LESSON).alt
    assert "at least 0.5 points and the gap at most 10 points." in alt
    for name, (gain, gap) in LESSON.items():
        verdict = "promoted" if gain >= 0.005 and gap <= 0.1 else "blocked"
        assert (
            f"{name}: gain {100 * gain:+.2f} points, gap {100 * gap:.2f} points, {verdict}" in alt
        )
    assert alt.count("promoted") == 1
    assert gate_plane(LESSON, tolerance=0.102).alt.count("promoted") == 2
    assert gate_plane(LESSON | {"B": (-0.048, 0.016)}).alt == alt.replace("-4.90", "-4.80")
    assert (
        "D: gain +1.00 points, gap not measured, blocked"
        in gate_plane({"D": (0.01, float("nan"))}).alt
    )
    assert (
        "E: gain not measured, gap 1.00 points, blocked"
        in gate_plane({"E": (float("nan"), 0.01)}).alt
    )


def test_an_empty_plane_is_refused():
    with pytest.raises(ValueError, match="no build to draw"):
        gate_plane({})


@given(
    right=st.integers(0, 3980),
    gained=st.integers(-20, 60),
    margin=st.sampled_from([0.0, 0.003, 0.005, 0.01]),
)
def test_the_plane_and_the_gate_agree_on_the_border(right, gained, margin):
    won, lost = max(gained, 0), max(-gained, 0)
    outcomes = PairedOutcomes(max(right - won - lost, 0), won, lost, 100)
    decision = gate(outcomes, Policy(margin, max_gap=None)).decision
    assert promoted(outcomes.exact_gain, 0.0, margin, 0.1) == (decision == "promote")


def test_the_bound_tells_the_impossible_from_the_possible():
    alt = gap_bound(0.973, CLAIMS, tolerance=0.1).alt
    assert (
        "C: a slice with 50% of the rows can hide at most 5.4 points; a gap of 33.3 points is "
        "impossible" in alt
    )
    assert (
        "honest C: a slice with 1.75% of the rows can hide at most" in alt
        and "10.1 points is possible" in alt
    )
    assert "5.4 at one half" in alt and "tolerance of 10 points." in alt
    assert f"{100 * slice_gap_bound(0.6, 0.5):.1f} at one half" in gap_bound(0.6, CLAIMS).alt
    assert "impossible" not in gap_bound(0.6, CLAIMS).alt


def test_slice_changes_name_every_slice_with_its_change():
    judged = people("trees_without_medical", "trees_all_columns")
    alt = slice_changes(judged, 0.01).alt
    for part in (
        "hearing difficulty (736 rows) -6.93",
        "vision difficulty (675 rows) -4.89",
        "disability (4,350 rows) -2.02",
    ):
        assert part in alt
    assert (
        "beyond the slice margin: hearing difficulty, vision difficulty, disability. trees_all_"
        "columns" in alt
    )
    assert alt.endswith("beyond the slice margin: none.")
    assert (
        "beyond the slice margin: hearing difficulty. trees_all_columns"
        in slice_changes(judged, 0.05).alt
    )


def test_a_slice_without_rows_is_said_not_to_be_measured():
    nobody = {"here": PairedOutcomes(5, 3, 1, 1), "nobody": PairedOutcomes(0, 0, 0, 0)}
    alt = slice_changes({"m": PairedOutcomes(5, 3, 1, 1, slices=nobody)}, 0.01).alt
    assert "nobody (0 rows) not measured" in alt and "beyond the slice margin: nobody." in alt


def test_models_cut_into_different_slices_are_refused():
    with pytest.raises(ValueError, match="different slices"):
        slice_changes({"a": PairedOutcomes(1, 0, 0, 1), **people("trees_all_columns")}, 0.01)
    with pytest.raises(ValueError, match="no model to draw"):
        slice_changes({}, 0.01)


def test_the_picture_of_corrections_names_what_stands_and_what_fell():
    shown = corrected(slice_tests(people("trees_without_medical")["trees_without_medical"]))
    assert (
        shown.caption
        == "Losses that stand: disability, hearing difficulty. Back above 0.05: vision difficulty."
    )
    assert "vision difficulty, -4.89 points: 0.014, adjusted 0.057" in shown.alt
    asked = slice_tests(people("trees_without_medical")["trees_without_medical"], tolerance=0.01)
    assert (
        corrected(asked, level=0.025).caption
        == "Losses that stand: none. Back above 0.025: hearing difficulty."
    )


def test_the_pictures_of_winners_and_of_wear_say_how_far_they_flatter():
    assert best_of_k([1, 9], np.array([0.9, 0.95]), np.array([0.9, 0.92])).caption.endswith(
        "+0.00 points too many at k = 1, +3.00 at k = 9: picking made +3.00."
    )
    worn = worn_out(np.array([[0.9, 0.91], [0.9, 0.93]]), np.array([[0.9, 0.88], [0.9, 0.9]]), 0.95)
    assert worn.caption == "On average +2.00 points on the holdout, -1.00 in truth."


# ---- lesson 05, 02, 04 ----


def test_the_alt_text_holds_the_numbers_of_the_picture():
    shown = saving_lines(6, 480, 0.2)
    for words in (
        "at a catch rate of 1.25%",
        "marked 20%: saves 90.00 and saves 96.00.",
        "training alone a line from -6.00 to 474.00",
        "checks, a line from 0 to 480.00",
    ):
        assert words in shown.alt
    assert "above a catch rate of 1.25%" in shown.caption
    dear = saving_lines(90, 60, 0.5, "euros")
    assert "in euros" in dear.alt and "never reaches zero" in dear.alt
    assert "at no catch rate" in dear.caption
    assert saving_lines(6, 480, 0.2).png == shown.png != saving_lines(6, 480, 0.25).png


@pytest.mark.parametrize(
    ("check", "training", "rate"), [(0, 480, 0), (480, 480, 1), (1e-3, 1e6, 0.5), (1e6, 1, 0.01)]
)
def test_extreme_costs_can_be_drawn(check, training, rate):
    assert saving_lines(check, training, rate).alt


def test_all_orders_and_the_marked_ones():
    by_cost = sorted(FOUR, key=lambda stage: stage.cost)
    shown = order_costs(FOUR, {"by cost alone": by_cost})
    costs = [expected_cost(order) for order in itertools.permutations(FOUR)]
    assert f"all 24 orders, sorted, from {min(costs):,.2f} to {max(costs):,.2f}" in shown.alt
    best = f"the best, {expected_cost(best_order(FOUR)):,.2f}"
    assert f"{best}; by cost alone, {expected_cost(by_cost):,.2f}" in shown.alt
    assert f"cheapest costs {min(costs):,.2f}, the dearest {max(costs):,.2f}" in shown.caption
    assert order_costs(FOUR[:1], {}).alt


def test_orders_that_cannot_be_drawn():
    with refuses(ValueError, "give up to 7"):
        order_costs(FOUR * 2, {})
    with refuses(ValueError, "'short' does not hold the same stages"):
        order_costs(FOUR, {"short": FOUR[:3]})


def test_the_bars_say_what_the_gate_says():
    judged = {"hair": HAIR, "build A": BUILD_A, "loser": LOSER}
    for margin in (-0.2, 0.003, 0.005, 0.02):
        shown = interval_bars(judged, margin)
        policy = Policy(margin, max_gap=None, confidence=0.95)
        for name, outcomes in judged.items():
            assert (
                f"{name}: {gate(outcomes, policy).decision}"
                in shown.caption[0].lower() + shown.caption[1:]
            )
    assert (
        "build A, 4,000 rows: gain +0.825, interval +0.331 to +1.348, promote"
        in interval_bars(judged, 0.003).alt
    )
    with pytest.raises(ValueError, match="no comparison to draw"):
        interval_bars({}, 0.005)


def test_the_distribution_says_where_the_margin_lies():
    assert "+0.325 to +1.325; the margin of 0.5 lies inside." in resampled_gains(BUILD_A, 0.005).alt
    for margin in (0.003, 0.00325, 0.02):
        assert (
            f"margin of {100 * margin:g} lies at its edge or outside."
            in resampled_gains(BUILD_A, margin).alt
        )
    drawn = resampled_gains(BUILD_A, 0.005, 0.8, bootstrap_gains(BUILD_A, 500))
    assert drawn.caption.startswith("80% of the resamples") and drawn.caption.endswith(
        "Dots: 500 resamples, drawn."
    )


@pytest.mark.parametrize("cells", [(10, 0, 0, 0), (0, 7, 0, 0), (0, 3, 3, 0), (3999, 1, 0, 0)])
def test_tables_with_hardly_any_pair_can_be_drawn(cells):
    assert resampled_gains(PairedOutcomes(*cells), 0.005).png
    assert interval_bars({"one": PairedOutcomes(*cells)}, 0.005).png


def test_keeping_pairs_together_is_told_in_counts():
    cloud = np.array([[11, 10], [12, 10], [10, 10], [9, 10]])
    shown = paired_clouds({"same": cloud, "own": cloud[:2]}, 200, 0.005)
    assert "line on which the gain is 0.5 points" in shown.alt
    assert "same: gains of -0.500 to +1.000 points, 2 of 4 below it" in shown.alt
    assert shown.caption == "Below the margin: 2 with same, 0 with own."  # 11 and 10: exactly on it
    for clouds in ({}, {"a": cloud[:, 0]}, {"a": cloud[:0]}, {"a": cloud.T}):
        with refuses(ValueError, "give {name: (k, 2) array}"):
            paired_clouds(clouds, 200, 0.005)


def test_what_a_gate_saves_and_refuses_is_told_in_counts():
    table = {"plain": ((3, 4), (2, 7)), "strict": ((1, 4), (0, 7))}
    last = {"strict": ((4, 4), (0, 7))}
    shown = saved_and_refused({"few rows": table, "more": table, "most": last})
    assert "few rows, plain: 3 of 4 good ones, 2 of 7 others" in shown.alt
    assert "few rows, plain: 2 promoted wrongly, 1 good refused" in shown.caption
    assert "most, strict: 0 promoted wrongly, 0 good refused" in shown.caption
    assert "more" not in shown.caption
    for counts in ({}, {"few": {}}, {"few": {"plain": ((5, 4), (0, 7))}}):
        with refuses(ValueError, "no more promoted than there are"):
            saved_and_refused(counts)


def test_the_worst_worlds_are_marked_by_whether_the_promise_is_kept():
    rates = {"a": [0.1, 0.05], "b": [0.2, 0.3]}
    shown = worst_promotions([5, 4000], rates, 0.005, 0.8)
    assert "a: 10.00% on 5, 5.00% on 4,000; b: 20.00% on 5, 30.00% on 4,000." in shown.alt
    assert "the margin of 0.005, that an interval of 80% confidence" in shown.alt
    assert "10% is promised" in shown.alt
    assert shown.caption == "At worst: a 10.00% on 5 rows; b 30.00% on 4,000 rows."
    for sizes, lines in (([5], rates), ([], {"a": []}), ([5, 10], {})):
        with refuses(ValueError, "one share per size"):
            worst_promotions(sizes, lines, 0.005)


def test_the_spread_is_told_in_words_as_well():
    shown = source_spread(SPREADS)
    assert (
        "nothing: 1 of 1 runs with the reference's bits, churn 0.0%, accuracy 81.0% on all rows"
        in shown.alt
    )
    assert (
        "one ulp: 0 of 5" in shown.alt
        and "churn 6.5% to 9.8%" in shown.alt
        and "71.8% to 83.6% on the slice" in shown.alt
    )
    assert shown.caption.startswith(
        "Widest range of accuracy: 1.5 points on all rows, 11.8 points on the slice."
    )
    with refuses(ValueError, "all rows with one slice; got 0 slices"):
        source_spread({})


def test_the_edge_is_told_in_words_as_well():
    churn = {"seed": {1: [0.1, 0.2], 2: [0.2]}, "ulp": {1: [0.0, 0.0], 2: [0.02]}}
    shown = churn_edge(churn)
    assert "seed: 15.00% at 1, 20.00% at 2; ulp: 0.00% at 1, 2.00% at 2." in shown.alt
    assert shown.caption == (
        "At a learning rate of 1 these change no prediction: ulp. These do: seed."
    )
    assert churn_edge({"seed": churn["seed"]}).caption.endswith("every source changes predictions.")
    with refuses(ValueError, "one to four sources with the same learning rates; got []"):
        churn_edge({})
    with refuses(ValueError, "with the same learning rates; got [[1, 2], [2]]"):
        churn_edge(churn | {"ulp": {2: [0.02]}})


def test_null_candidates_are_told_in_words_as_well():
    calm, nervous = [10, 10, 11, 13], [10, 14, 4, 9]
    shown = null_candidates({"calm": calm, "nervous": nervous}, 100, 0.02)
    for name, right in {"calm": calm, "nervous": nervous}.items():
        gains = [a - b for i, a in enumerate(right) for j, b in enumerate(right) if i != j]
        won = np.mean([gain >= 2 for gain in gains])
        assert f"{name}: {min(gains)} to {max(gains)}, and {won:.2%} win." in shown.alt
        assert f"{won:.2%} of {name}" in shown.caption
    for recipes, margin in (({}, 0.02), ({"calm": calm}, 0)):
        with refuses(ValueError, "needs a recipe and a margin above 0"):
            null_candidates(recipes, 100, margin)


# ---- lesson 06 ----


def test_false_alarms_are_said_for_every_number_of_rows():
    stated, counted = {0.1: [0.86, 0.37, 0.0]}, {0.1: [0.85, 0.38, 0.0]}
    shown = false_alarms([100, 200, 10_000], stated, counted)
    assert "86% of the time at 100 rows (simulated 85%)" in shown.alt
    assert shown.caption.endswith("86% of the time at 100 rows, 0% at 10,000.")
    for bad in ({}, {0.1: [0.1], 0.2: [0.1], 0.3: [0.1]}):
        with refuses(ValueError, "one or two thresholds, the same on both sides"):
            false_alarms([100], bad, bad)
    with refuses(ValueError, "got [0.1] and [0.2]"):
        false_alarms([100], {0.1: [0.5]}, {0.2: [0.5]})


def test_the_matrix_says_what_finds_a_damage_and_what_nothing_finds():
    found = {"undamaged": [], "a day twice": ["psi", "schema"], "a leaked label": []}
    harm = {"undamaged": 0.0, "a day twice": 0.002, "a leaked label": 0.967}
    shown = damage_matrix(found, ["schema", "psi"], harm)
    assert "a day twice: schema, psi, harm +0.002 nats" in shown.alt
    assert "a leaked label: nothing, harm +0.967 nats" in shown.alt
    assert shown.caption == "1 of 2 damages are found; nothing finds a leaked label."
    just_below = damage_matrix(found, ["schema", "psi"], harm | {"undamaged": -1e-9})
    assert just_below.alt == shown.alt
    assert "harm" not in damage_matrix(found, ["schema", "psi"]).alt
    with refuses(ValueError, "no column for ['psi']"):
        damage_matrix(found, ["schema"])
    with refuses(ValueError, "needs a damage"):
        damage_matrix({}, ["schema"])


def test_sizes_beyond_the_ends_of_the_axis_are_said_to_be_beyond():
    shown = check_sizes({"schema": (float("inf"), 0.0), "psi": (1.3, 0.4)}, "a\nb", "saves 1.00 $")
    assert "schema at least 50 (undamaged at most 0.02); psi 1.30 (undamaged 0.40)" in shown.alt
    assert shown.caption == "The damage is found by: schema, psi."
    assert check_sizes({"psi": (0.9, 0.4)}).caption == "The damage is found by: no check."
    drift = check_sizes({"psi": (1.4, 1.3), "new": (2.0, 0.9)}, "a", "costs 6.00 $")
    assert drift.caption == "For the damage alone fails: new; false alarms: psi."
    with refuses(ValueError, "no check to draw"):
        check_sizes({})
