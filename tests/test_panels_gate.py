"""Lesson 01's panel without a browser: what it says for every setting, and that its shell shows what it says."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor

import ipywidgets as widgets
import numpy as np
import pytest

from labsupport.data import load_employment
from labsupport.show import gate_panel, gate_view
from labsupport.show.panel import Panel
from labsupport.show.panels.gate import PRESETS, REAL
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
            view = gate_view(
                margin=margin / 1000, tolerance=tolerance / 1000, bias=bias, n_train=n_train, threshold=threshold,
                bias_in_accuracy=honest, seed=seed,
            )  # fmt: skip
            assert view.verdict.decision == ("promote" if clears and fair else "block")
            reason = (
                "promoted"
                if clears and fair
                else "blocked: failed safety check"
                if clears
                else "blocked: no eval gain"
            )
            assert view.verdict.reason == reason
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
    assert set(PRESETS) == set(PRESET_VERDICTS)
    for label, (reason, accuracy, gap) in PRESET_VERDICTS.items():
        view = gate_view(**PRESETS[label])
        assert view.verdict.reason == reason
        assert f"{view.outcomes.candidate_accuracy:.4f}" == f"{accuracy:.4f}"
        assert f"{view.gap:.3f}" == f"{gap:.3f}"
        assert f"{accuracy:.4f}" in view.sentence


def test_an_unknown_candidate_is_named_with_the_known_ones():
    with pytest.raises(
        ValueError, match="no candidate 'gpt'; choose one of: trained here, trees_without_medical"
    ):
        gate_view(candidate="gpt")


@pytest.fixture
def panel() -> Panel:
    return gate_panel()


MOVES = {
    "margin": 0.02,
    "tolerance": 0.005,
    "seed": 50,
    "n_train": 120,
    "bias": 2.0,
    "candidate": "trees_all_columns",
}


@pytest.mark.parametrize("name", MOVES)
def test_a_moved_control_changes_picture_sentence_and_alt_text(panel, name):
    before = panel.image.value, panel.sentence.value, panel.image.tooltip
    panel.controls[name].value = MOVES[name]
    assert panel.redraws == 2
    assert panel.error is None
    after = panel.image.value, panel.sentence.value, panel.image.tooltip
    assert all(old != new for old, new in zip(before, after, strict=True))


def test_a_slice_and_a_bias_that_the_accuracy_does_not_see_count_too(panel):
    panel.set(bias=1.0)
    for name, value in (("threshold", 2.0), ("bias_in_accuracy", False)):
        before = panel.image.value, panel.sentence.value
        panel.controls[name].value = value
        assert before[0] != panel.image.value and before[1] != panel.sentence.value


@pytest.mark.parametrize("label", PRESETS)
def test_a_preset_redraws_once_and_shows_what_the_plain_function_says(panel, label):
    panel.set(bias=0.7, margin=0.002)
    redraws = panel.redraws
    panel.buttons[label].click()
    assert panel.redraws == redraws + 1
    view = gate_view(**{**panel.values, **PRESETS[label]})
    assert panel.current == view
    assert panel.image.tooltip == view.picture().alt
    decision = view.verdict.decision.upper()
    assert f"<b>{decision}" in panel.sentence.value and 'aria-live="polite"' in panel.sentence.value


def test_reset_restores_every_value_and_the_very_same_picture(panel):
    start = panel.values, panel.image.value, panel.sentence.value, panel.image.tooltip
    for label in PRESETS:
        panel.buttons[label].click()
    panel.set(margin=0.011, bias=4.4, threshold=4.0)
    redraws = panel.redraws
    panel.reset_button.click()
    assert panel.redraws == redraws + 1
    assert (panel.values, panel.image.value, panel.sentence.value, panel.image.tooltip) == start
    assert not any(control.disabled for control in panel.controls.values())


def test_controls_that_do_not_apply_are_disabled(panel):
    panel.controls["candidate"].value = "trees_all_columns"
    enabled = {name for name, control in panel.controls.items() if not control.disabled}
    assert enabled == {"candidate", "margin", "tolerance"}
    picture = panel.image.value
    panel.set(bias=6.0)
    assert panel.image.value == picture


def test_every_setting_of_every_slider_can_be_shown(panel):
    for name, control in panel.controls.items():
        ends = (
            (control.min, control.max)
            if hasattr(control, "min")
            else getattr(control, "options", (True, False))
        )
        for value in ends:
            panel.set(**{name: value})
            assert panel.error is None
        panel.reset()


def test_a_slider_that_lands_beside_its_decimal_counts_as_the_decimal(panel):
    panel.buttons["C honest"].click()
    panel.set(margin=0.006 + 1e-12, tolerance=0.2)  # 24 rows in 4000 are exactly 0.006
    assert panel.values["margin"] == 0.006
    assert panel.current.verdict.decision == "promote"


def test_the_echo_of_a_browser_is_not_a_move(panel):
    panel.controls["margin"].value = 0.004999999999999999
    assert panel.redraws == 1


def test_threads_that_move_the_panel_at_once_leave_a_whole_picture(panel):
    """JupyterLab handles a slider in another thread of the kernel than a button."""

    def move(label: str) -> None:
        for bias in (0.5, 1.5, 2.5):
            panel.buttons[label].click()
            panel.controls["bias"].value = bias

    with ThreadPoolExecutor(4) as threads:
        for done in [
            threads.submit(move, label)
            for label in ("A more data", "C honest", "trees_all_columns", REAL[0])
        ]:
            done.result()
    panel.buttons["C honest"].click()
    alone = gate_panel()
    alone.buttons["C honest"].click()
    assert panel.image.value == alone.image.value


class _Failing:
    """A view that cannot show more than five."""

    def __init__(self, x: int) -> None:
        if x > 5:
            raise ValueError(f"{x} is <too> much")
        self.sentence = f"x is {x}. All is well."


def test_a_view_that_raises_is_recorded_shown_and_raised_again():
    def plot(fig, view):
        fig.frame(None, fig.add_subplot).plot([0, 1])
        return view.sentence

    panel = Panel(_Failing, plot, {"x": widgets.IntSlider(1)}, {"two": {"x": 2}}, size=(2, 2))
    with pytest.raises(ValueError, match="6 is <too> much"):
        panel.controls["x"].value = 6
    assert isinstance(panel.error, ValueError)
    assert "This setting cannot be shown. 6 is &lt;too&gt; much" in panel.sentence.value
    panel.buttons["two"].click()
    assert panel.error is None
    assert "x is 2." in panel.sentence.value


def test_a_control_that_a_panel_lacks_is_refused(panel):
    with pytest.raises(ValueError, match="no control 'bais'; its controls: candidate, margin"):
        panel.set(bais=1.0)
