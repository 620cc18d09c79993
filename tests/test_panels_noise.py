"""Lesson 04's panel: what it says for every setting is what the two runs say."""

from __future__ import annotations

import pytest
from refusals import refuses

from labsupport.network import Run, network_task, train_networks
from labsupport.show import noise_panel, noise_view
from labsupport.show.panels import PANELS
from labsupport.show.panels.noise import (
    ARRIVAL,
    COUNT,
    ORDER,
    OTHERS,
    RATES,
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
    "1 ulp, calm": (Run(rate=1), Run(rate=1, ulps=1)),
    "nothing": (Run(), Run(ulps=0)),
    "new seed": (Run(), Run(seed=1)),
    "new seed, calm": (Run(rate=1), Run(rate=1, seed=1)),
    "8 workers": (Run(), Run(workers=8)),
    "arrival": (Run(), Run(workers=8, arrival=1)),
    "arrival, fixed": (Run(reduction="chunks"), Run(workers=8, arrival=1, reduction="chunks")),
}


@pytest.mark.parametrize("label", PANELS["noise"].presets)
def test_a_view_says_what_the_two_runs_say(label):
    """Trained again here, from what the preset means, to 600 steps."""
    steps, (_, holdout) = 600, network_task()
    runs = train_networks(TOLD[label], steps)
    predicted = [run.predict(holdout.X) for run in runs]
    view = noise_view(**PANELS["noise"].preset(label) | {"steps": steps})
    changed = int((predicted[0] != predicted[1]).sum())
    assert view.same_bits == runs[0].same_bits(runs[1])
    assert view.churn[-1] == changed / len(holdout)
    assert view.accuracy == tuple((p == holdout.y).mean() for p in predicted)
    assert (view.losses == [run.losses for run in runs]).all()
    assert f"disagree on {changed:,} of 4,000" in view.sentence
    assert view.sentence.startswith("Same bits" if view.same_bits else "Different bits")


@pytest.mark.slow
def test_equal_bits_only_where_nothing_was_let_in_or_the_order_is_fixed():
    for values in ALL:
        equal = values.get("ulps") == 0 or values.get("fixed", False)
        for steps in (100, 3000):
            view = noise_view(**values, steps=steps)
            assert view.same_bits == equal
            assert (view.churn == 0).all() or not equal
            assert (view.parted == (None, None)) == equal


@pytest.mark.slow
def test_a_run_that_differs_ends_with_a_churn_of_several_percent():
    for values in ALL:
        view = noise_view(**values)
        assert view.same_bits or 0.04 < view.churn[-1] < 0.2
        assert max(view.accuracy) - min(view.accuracy) < 0.03


def test_below_the_edge_rounding_changes_no_prediction_and_a_seed_does():
    """Lesson 04's question: from which rate on does the difference climb?"""
    for source in SOURCES:
        churn = [noise_view(source, rate=rate).churn[-1] for rate in RATES]
        if source in (SEED, ORDER):
            assert min(churn) > 0.02
        else:
            assert churn[0] == 0 and churn[1] < 0.005 and min(churn[-2:]) > 0.05


def test_the_picture_holds_its_axes():
    """Every churn that is drawn lies within the axis, at every rate."""
    panel = noise_panel()
    top, bottom = panel._frames._figure.axes
    limits = top.get_ylim(), bottom.get_ylim()
    for source in SOURCES:
        for rate in RATES:
            view = noise_view(source, rate=rate)
            assert limits[1][0] < 0 and 100 * view.churn[1:].max() < limits[1][1]
        panel.set(source=source, rate=1.0)
        assert (top.get_ylim(), bottom.get_ylim()) == limits


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
    with refuses(ValueError, "rate is one of 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0 here; got 8"):
        noise_view(rate=8)


def test_each_source_has_its_own_controls():
    panel = noise_panel()
    sums = {"workers", "fixed"}
    own = {WEIGHT: {"ulps"}, SEED: {"other"}, ORDER: {"other"}, COUNT: sums, ARRIVAL: sums}
    for source in SOURCES:
        panel.controls["source"].value = source
        enabled = {name for name, control in panel.controls.items() if not control.disabled}
        assert enabled == {"source", "rate", "steps"} | own[source]


def test_every_setting_has_its_picture_but_for_those_of_equal_bits():
    panel, shown = noise_panel(), set()
    for values in ALL:
        panel.set(**PANELS["noise"].start | values)
        shown.add((values["source"], panel.picture))
    equal = sum(values.get("fixed", False) for values in ALL)
    assert len(shown) == len(ALL) - equal + 2  # one picture of equal bits for each kind of sum
