"""Lesson 01's panel: what the gate says to every setting of it."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from labsupport.data import load_employment
from labsupport.show import gate_panel, gate_view
from labsupport.show.panels import PANELS
from labsupport.show.panels.gate import REAL
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
            bounds = {"margin": margin / 1000, "tolerance": tolerance / 1000}
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
        view = gate_view(
            candidate=model, margin=margin / 1000, tolerance=tolerance / 1000, bias=3.0
        )
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


def test_an_unknown_candidate_is_named_with_the_known_ones():
    with pytest.raises(
        ValueError, match="no candidate 'gpt'; choose one of: trained here, trees_without_medical"
    ):
        gate_view(candidate="gpt")


def test_controls_of_the_training_do_not_apply_to_models_that_are_trained_already():
    panel = gate_panel()
    panel.controls["candidate"].value = "trees_all_columns"
    enabled = {name for name, control in panel.controls.items() if not control.disabled}
    assert enabled == {"candidate", "margin", "tolerance"}


def test_a_slider_that_lands_beside_its_decimal_counts_as_the_decimal():
    panel = gate_panel()
    panel.buttons["C honest"].click()
    panel.set(margin=0.006 + 1e-12, tolerance=0.2)  # 24 rows in 4000 are exactly 0.006
    assert panel.values["margin"] == 0.006
    assert panel.current.verdict.decision == "promote"
