"""Lesson 04's figures and panel without a browser: what they say for every setting, and that the shell shows it."""

from __future__ import annotations

import numpy as np
import pytest
from refusals import refuses

from labsupport.network import Run, network_task, train_networks
from labsupport.noise import Spread
from labsupport.show import noise_panel, noise_view, null_candidates, source_spread
from labsupport.show.panel import Panel
from labsupport.show.panels.noise import (
    ARRIVAL,
    COUNT,
    ORDER,
    OTHERS,
    PRESETS,
    SEED,
    SOURCES,
    ULPS,
    WEIGHT,
    WORKERS,
)

ALL = [
    *({"source": WEIGHT, "ulps": ulps} for ulps in ULPS),
    *({"source": source, "other": other} for source in (SEED, ORDER) for other in OTHERS),
    *(
        {"source": s, "workers": w, "fixed": fixed}
        for s in (COUNT, ARRIVAL)
        for w in WORKERS
        for fixed in (False, True)
    ),
]
TOLD = {
    "1 ulp": (Run(), Run(ulps=1)),
    "nothing": (Run(), Run(ulps=0)),
    "new seed": (Run(), Run(seed=1)),
    "8 workers": (Run(), Run(workers=8)),
    "arrival": (Run(), Run(workers=8, arrival=1)),
    "arrival, fixed": (Run(reduction="chunks"), Run(workers=8, arrival=1, reduction="chunks")),
}


@pytest.mark.parametrize("label", PRESETS)
def test_a_view_says_what_the_two_runs_say(label):
    """Trained again here, from what the preset means, to 600 steps."""
    steps, (_, holdout) = 600, network_task()
    runs = train_networks(TOLD[label], steps)
    predicted = [run.predict(holdout.X) for run in runs]
    view = noise_view(**{**PRESETS[label], "steps": steps})
    changed = int((predicted[0] != predicted[1]).sum())
    assert view.same_bits == runs[0].same_bits(runs[1])
    assert view.churn[-1] == changed / len(holdout)
    assert view.accuracy == tuple((p == holdout.y).mean() for p in predicted)
    assert (view.losses == [run.losses for run in runs]).all()
    assert f"disagree on {changed:,} of 4,000" in view.sentence
    assert view.sentence.startswith("Same bits" if view.same_bits else "Different bits")


def test_equal_bits_only_where_nothing_was_let_in_or_the_order_is_fixed():
    for values in ALL:
        equal = values.get("ulps") == 0 or values.get("fixed", False)
        for steps in (100, 3000):
            view = noise_view(**values, steps=steps)
            assert view.same_bits == equal
            assert (view.churn == 0).all() or not equal
            assert (view.parted == (None, None)) == equal


def test_a_run_that_differs_ends_with_a_churn_of_several_percent():
    for values in ALL:
        view = noise_view(**values)
        assert view.same_bits or 0.04 < view.churn[-1] < 0.2
        assert max(view.accuracy) - min(view.accuracy) < 0.03


def test_the_parting_is_where_the_losses_part():
    view = noise_view()
    apart = abs(view.losses[0] - view.losses[1])
    first, plain = view.parted
    assert (apart[: first - 1] == 0).all() and apart[first - 1] > 0
    assert (apart[: plain - 1] <= 0.001).all() and apart[plain - 1] > 0.001
    assert f"first differ at step {first}, by more than 0.001 from step {plain} on" in view.sentence


def test_settings_that_the_panel_does_not_have_are_refused():
    with refuses(ValueError, "no source 'luck'; choose one of: one weight, initial seed"):
        noise_view("luck")
    with refuses(ValueError, "steps is a multiple of 100 from 100 to 3000; got 50"):
        noise_view(steps=50)
    with refuses(ValueError, "workers is one of 2, 4, 8 here; got 3"):
        noise_view(COUNT, workers=3)


@pytest.fixture(scope="module")
def built() -> Panel:
    return noise_panel()


@pytest.fixture
def panel(built) -> Panel:
    built.reset()
    return built


MOVES = [
    (WEIGHT, "ulps", 16),
    (WEIGHT, "steps", 300),
    (SEED, "other", 4),
    (ORDER, "other", 2),
    (COUNT, "workers", 2),
    (ARRIVAL, "fixed", True),
]


@pytest.mark.parametrize(("source", "name", "value"), MOVES)
def test_a_moved_control_changes_picture_sentence_and_alt_text(panel, source, name, value):
    panel.controls["source"].value = source
    redraws, before = panel.redraws, (panel.image.value, panel.sentence.value, panel.image.tooltip)
    assert not panel.controls[name].disabled
    panel.controls[name].value = value
    after = panel.image.value, panel.sentence.value, panel.image.tooltip
    assert panel.redraws == redraws + 1 and panel.error is None
    assert all(old != new for old, new in zip(before, after, strict=True))


@pytest.mark.parametrize("label", PRESETS)
def test_a_preset_redraws_once_and_shows_what_the_plain_function_says(panel, label):
    panel.set(source=ORDER, other=5, steps=700)
    redraws = panel.redraws
    panel.buttons[label].click()
    assert panel.redraws == redraws + 1
    view = noise_view(**panel.values)
    assert panel.values == PRESETS[label]
    assert panel.current.sentence == view.sentence
    assert panel.image.tooltip == view.picture().alt
    assert view.sentence.split(". ")[0] in panel.sentence.value


def test_reset_restores_every_value_and_the_very_same_picture(panel):
    start = panel.values, panel.image.value, panel.sentence.value, panel.image.tooltip
    panel.set(source=ARRIVAL, workers=4, steps=500)
    panel.reset_button.click()
    assert (panel.values, panel.image.value, panel.sentence.value, panel.image.tooltip) == start


def test_controls_that_do_not_apply_are_disabled_and_change_nothing(panel):
    own = {
        WEIGHT: {"ulps"},
        SEED: {"other"},
        ORDER: {"other"},
        COUNT: {"workers", "fixed"},
        ARRIVAL: {"workers", "fixed"},
    }
    for source in SOURCES:
        panel.controls["source"].value = source
        assert {name for name, control in panel.controls.items() if not control.disabled} == {
            "source",
            "steps",
        } | own[source]
    panel.reset()
    picture = panel.image.value
    panel.set(workers=2, fixed=True, other=3)
    assert panel.image.value == picture


def test_every_setting_of_every_control_can_be_shown(panel):
    shown = set()
    for source in SOURCES:
        panel.set(source=source)
        for name, control in panel.controls.items():
            ends = (
                (control.min, control.max)
                if hasattr(control, "min")
                else getattr(control, "options", (True, False))
            )
            for value in () if control.disabled or name == "source" else ends:
                panel.set(**{name: value})
                assert panel.error is None
                shown.add((source, panel.image.value))
        panel.reset()
    assert len(shown) > 25


# ---- figures
# ----------------------------------------------------------------------------------------------------------

SPREADS = {
    "nothing": Spread(1, 1, (0.0, 0.0), (0.81, 0.81), {"edge": (0.836, 0.836)}),
    "one ulp": Spread(5, 0, (0.065, 0.098), (0.795, 0.81), {"edge": (0.718, 0.836)}),
}


def test_the_spread_is_told_in_words_as_well():
    shown = source_spread(SPREADS)
    assert (
        "nothing: 1 of 1 runs with the reference's bits, churn 0.0 %, accuracy 81.0 % on all rows"
        in shown.alt
    )
    assert (
        "one ulp: 0 of 5" in shown.alt
        and "churn 6.5 to 9.8 %" in shown.alt
        and "71.8 to 83.6 % on the slice" in shown.alt
    )
    assert shown.caption.startswith(
        "Widest range of accuracy: 1.5 points on all rows, 11.8 points on the slice."
    )
    with refuses(ValueError, "all rows with one slice; got 0 slices"):
        source_spread({})


def test_null_candidates_are_told_in_words_as_well():
    right = [10, 10, 11, 13]
    shown = null_candidates(right, 100, [0.02, 0.03])
    gains = [a - b for i, a in enumerate(right) for j, b in enumerate(right) if i != j]
    first, second = (np.mean([gain >= rows for gain in gains]) for rows in (2, 3))
    assert (
        f"A margin of 0.02 lets {first:.2%} through; a margin of 0.03 lets {second:.2%} through."
        in shown.alt
    )
    assert "-3 to 3" in shown.alt
    assert f"{first:.2%} of the candidates win by a margin of 0.02" in shown.caption
    assert null_candidates(right, 100, [0.01]).png != shown.png
    with refuses(ValueError, "no margin to draw"):
        null_candidates(right, 100, [])
