"""Lesson 01's panel: what the gate says to every setting of it."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.markers import CARETUP

from labsupport.data import load_employment
from labsupport.show import gate_panel, gate_view
from labsupport.show.draw import PALE
from labsupport.show.panels import PANELS
from labsupport.show.panels.gate import REAL
from labsupport.show.pictures import new_figure
from labsupport.training import fit_logistic
from labsupport.world import World

MARGINS = (-10, 0, 1, 5, 6, 8, 20)  # thousandths, so that the expected decision needs integers only
TOLERANCES = (0, 10, 100, 101, 300)
BUILDS = [(2, 8000), (99, 120), (3, 60)]
BIASES = (0.0, 1.0, 3.0, 6.0)
THRESHOLDS = (-2.0, 0.0, 2.0, 4.0)


@pytest.fixture(scope="module")
def world() -> World:
    return World.create()


@pytest.mark.parametrize(("seed", "n_train"), BUILDS)
@pytest.mark.parametrize("bias", BIASES)
def test_the_decision_is_the_conjunction_on_counts(world, seed, n_train, bias):
    X, y = world.holdout.X, world.holdout.y
    candidate, baseline = (
        fit_logistic(world.sample(seed, n_train)),
        fit_logistic(world.sample(1, 600)),
    )
    n, baseline_right = len(y), int(np.sum((X @ baseline > 0) == y))
    for threshold, honest in itertools.product(THRESHOLDS, (True, False)):
        inside = X[:, 0] > threshold
        right = (X @ candidate - bias * inside > 0) == y
        scored = right if honest else (X @ candidate > 0) == y
        gained = int(scored.sum()) - baseline_right
        (a, m), (b, k) = ((int(right[rows].sum()), int(rows.sum())) for rows in (inside, ~inside))
        for margin, tolerance in itertools.product(MARGINS, TOLERANCES):
            clears = 1000 * gained >= margin * n
            fair = m > 0 and k > 0 and 1000 * abs(a * k - b * m) <= tolerance * m * k
            build = {"seed": seed, "n_train": n_train, "bias": bias, "threshold": threshold}
            bounds = {"margin_points": margin / 10, "tolerance_points": tolerance / 10}
            view = gate_view(**build, **bounds, bias_in_accuracy=honest)
            assert view.verdict.decision == ("promote" if clears and fair else "block")
            reason = "promoted" if fair else "blocked: failed safety check"
            assert view.verdict.reason == (reason if clears else "blocked: no eval gain")
            assert view.sentence.startswith(view.verdict.decision.upper())
            assert (m == 0 or k == 0) == np.isnan(view.gap)
            assert (m and k) or "has no rows" in view.sentence
            assert ("Beware" in view.sentence) == (bias > 0 and not honest)


@pytest.mark.parametrize("model", REAL)
def test_on_real_people_no_slice_may_lose_more_than_the_tolerance(model):
    rows = load_employment().holdout
    change = (rows.predictions(model) == rows.employed).astype(int) - (
        rows.predictions("champion") == rows.employed
    )
    slices = [(int(change[mask].sum()), int(mask.sum())) for mask in rows.slices.values()]
    for margin, tolerance in itertools.product(MARGINS, TOLERANCES):
        clears = 1000 * int(change.sum()) >= margin * len(change)
        kept = all(-1000 * gained <= tolerance * n for gained, n in slices)
        bounds = {"people_margin_points": margin / 10, "slice_margin_points": tolerance / 10}
        view = gate_view(candidate=model, bias=3.0, **bounds)
        assert view.verdict.decision == ("promote" if clears and kept else "block")
        assert view.gap == max(-gained / n for gained, n in slices)
        assert view.gain == change.sum() / len(change)


PRESET_VERDICTS = {
    "A more data": ("promoted", 0.9730, 0.009),
    "B stale shard": ("blocked: no eval gain", 0.9157, 0.016),
    "C group regress": ("blocked: failed safety check", 0.9730, 0.333),
    "C honest": ("blocked: failed safety check", 0.9708, 0.101),
    "trees_without_medical": ("blocked: slice regressed", 0.7936, 0.069),
    "trees_all_columns": ("promoted", 0.7980, -0.005),
    "logistic_without_sex_race": ("promoted", 0.7921, 0.009),
}


def test_the_presets_give_the_verdicts_of_the_chapter():
    assert set(PANELS["gate"].presets) == set(PRESET_VERDICTS)
    for label, (reason, accuracy, gap) in PRESET_VERDICTS.items():
        view = gate_view(**PANELS["gate"].preset(label))
        assert view.verdict.reason == reason
        assert f"{view.outcomes.candidate_accuracy:.4f}" == f"{accuracy:.4f}"
        assert f"{view.gap:.3f}" == f"{gap:.3f}"
        assert f"{accuracy:.4f}" in view.sentence


@pytest.mark.parametrize("model", REAL)
def test_choosing_a_model_is_its_preset(model):
    """The bounds of real people stand beside the others, so a choice takes them along."""
    assert gate_view(candidate=model) == gate_view(**PANELS["gate"].preset(model))
    chosen = gate_view(model, margin_points=2.0, tolerance_points=40.0)
    assert chosen.sentence == gate_view(candidate=model).sentence
    assert (chosen.margin, chosen.bound) == (Fraction(1, 1000), Fraction(1, 100))


def test_the_sentence_counts_in_points():
    said = gate_view(**PANELS["gate"].preset("C honest")).sentence
    assert "gain of +0.60 points clears the margin of 0.5." in said
    assert said.endswith(
        "gap of 10.11 points between the slice and the rest exceeds the tolerance of 10."
    )
    said = gate_view("trees_without_medical").sentence
    assert "3 of 9 slices lose more than the slice margin of 1; the worst, hearing" in said
    assert said.endswith("736 rows: -6.93 points.")


def test_what_lies_beyond_the_edge_gets_an_arrow_and_what_was_not_measured_no_place():
    panel = PANELS["gate"]
    for values, edges in (({"bias": 6.0, "threshold": 2.0}, [42]), ({"bias": 3.0}, [])):
        fig = new_figure(*panel.size)
        panel.plot(fig, gate_view(**values))
        arrows = [line for line in fig.axes[0].lines if line.get_marker() == CARETUP]
        assert [float(line.get_ydata()[0]) for line in arrows] == edges
    fig = new_figure(*panel.size)
    panel.plot(fig, gate_view(threshold=4.0))
    inks = {to_hex(line.get_color()) for line in fig.axes[0].lines if line.get_marker() in "oX"}
    assert inks == {to_hex(PALE)}  # the presets beside it, and no mark of its own


def test_an_unknown_candidate_is_named_with_the_known_ones():
    with pytest.raises(
        ValueError, match="no candidate 'gpt'; choose one of: trained here, trees_without_medical"
    ):
        gate_view(candidate="gpt")


def test_controls_of_the_training_do_not_apply_to_models_that_are_trained_already():
    panel = gate_panel()
    panel.controls["candidate"].value = "trees_all_columns"
    enabled = {name for name, control in panel.controls.items() if not control.disabled}
    assert enabled == {"candidate", "people_margin_points", "slice_margin_points"}


def test_a_slider_that_lands_beside_its_decimal_counts_as_the_decimal():
    panel = gate_panel()
    panel.buttons["C honest"].click()
    panel.set(margin_points=0.6 + 1e-12, tolerance_points=20)  # 24 rows in 4000 are 0.6 exactly
    assert panel.values["margin_points"] == 0.6
    assert panel.current.verdict.decision == "promote"
