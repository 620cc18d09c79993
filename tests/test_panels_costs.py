"""Lesson 05's figures and panel without a browser: what they say for every setting, and that the shell shows it."""

from __future__ import annotations

import itertools
import re
from fractions import Fraction

import numpy as np
import pytest
from refusals import refuses

from labsupport.costs import Stage, best_order, expected_cost
from labsupport.show import cost_lines, cost_panel, cost_view, order_costs
from labsupport.show.panel import Panel
from labsupport.show.panels.costs import PRESETS

RATES = (Fraction(0), Fraction(1, 80), Fraction(1, 5), Fraction(1, 2), Fraction(1))
MINUTES = (0, 3, 60, 120)
CLUSTERS = (
    (5, Fraction(1, 4)),
    (120, Fraction(4)),
    (500, Fraction(48)),
)  # dollars per hour, hours of training


@pytest.mark.parametrize(("price", "hours"), CLUSTERS)
def test_numbers_and_sentence_for_every_setting(price, hours):
    for p, minutes in itertools.product(RATES, MINUTES):
        c, T = Fraction(price * minutes, 60), price * hours
        first = c + (1 - p) * T
        view = cost_view(float(p), float(minutes), float(price), float(hours))
        assert (view.check_cost, view.training_cost) == pytest.approx((float(c), float(T)))
        assert (view.checks_first, view.alone, view.anyway) == pytest.approx(
            (float(first), float(T), float(T + c))
        )
        assert view.break_even == pytest.approx(float(c / T))
        verdict = "pay" if first < T else "break even" if first == T else "do not pay"
        assert view.sentence.startswith(
            f"Checks first {verdict}: {float(first):,.2f} dollars per change"
        )
        assert ("no share is enough" in view.sentence) == (c > T)
        assert (view.hours_first is None) == (p == 0) == ("hears after" not in view.sentence)
        if p:
            heard = (float(Fraction(minutes, 60)), float(hours + Fraction(minutes, 60)))
            assert (view.hours_first, view.hours_after) == pytest.approx(heard)
        assert str(view) == view.sentence


PRESET_COSTS = {
    "This lesson": (390.0, 480.0, 486.0, 0.0125),
    "Few catches": (481.2, 480.0, 486.0, 0.0125),
    "Slow checks": (504.0, 480.0, 600.0, 0.25),
    "A small model": (8 + 10 / 3, 10.0, 10 + 10 / 3, 1 / 3),
}


def test_the_presets_cost_what_the_chapter_says():
    assert set(PRESETS) == set(PRESET_COSTS)
    for label, expected in PRESET_COSTS.items():
        view = cost_view(**PRESETS[label])
        assert (view.checks_first, view.alone, view.anyway, view.break_even) == pytest.approx(
            expected
        )


def test_times_are_told_in_hours_and_minutes():
    assert "hears after 3 min instead of 4 h 3 min" in cost_view().sentence
    assert "hears after 1 h instead of 5 h" in cost_view(check_minutes=60).sentence
    assert "hears after 0 min instead of 4 h." in cost_view(check_minutes=0).sentence


def test_what_costs_refuse_the_view_refuses():
    with refuses(ValueError, "catch_rate"):
        cost_view(catch_rate=1.2)
    with refuses(ValueError, "no break-even"):
        cost_view(training_hours=0)


# ---- figures
# ---------------------------------------------------------------------------------------------------------


def test_the_alt_text_holds_the_numbers_of_the_picture():
    shown = cost_lines(6, 480, 0.2)
    for words in (
        "at a catch rate of 1.25 %",
        "marked 20 % it costs 390.00",
        "training alone, 480.00",
        "checks, 486.00",
    ):
        assert words in shown.alt
    assert "1.25 %" in shown.caption
    dear = cost_lines(90, 60, 0.5, "euros")
    assert "in euros" in dear.alt and "never falls below" in dear.alt and "nowhere" in dear.caption
    assert cost_lines(6, 480, 0.2).png == shown.png != cost_lines(6, 480, 0.25).png


@pytest.mark.parametrize(
    ("check", "training", "rate"), [(0, 480, 0), (480, 480, 1), (1e-3, 1e6, 0.5), (1e6, 1, 0.01)]
)
def test_extreme_costs_can_be_drawn(check, training, rate):
    assert cost_lines(check, training, rate).alt


def test_the_picture_of_a_view_is_the_figure():
    view = cost_view(check_minutes=60)
    assert view.picture() == cost_lines(120, 480, 0.2)


FOUR = [Stage("a", 1, 0.01), Stage("b", 2, 0.05), Stage("c", 3, 0.15), Stage("d", 8, 0.25)]


def test_all_orders_and_the_marked_ones():
    by_cost = sorted(FOUR, key=lambda stage: stage.cost)
    shown = order_costs(FOUR, {"by cost alone": by_cost})
    costs = [expected_cost(order) for order in itertools.permutations(FOUR)]
    assert f"all 24 orders, sorted, from {min(costs):,.2f} to {max(costs):,.2f}" in shown.alt
    assert (
        f"by cost / catch rate, {expected_cost(best_order(FOUR)):,.2f}; by cost alone, {expected_cost(by_cost):,.2f}"
        in shown.alt
    )
    assert f"cheapest costs {min(costs):,.2f}, the dearest {max(costs):,.2f}" in shown.caption
    assert order_costs(FOUR[:1], {}).alt


def test_orders_that_cannot_be_drawn():
    with refuses(ValueError, "give up to 7"):
        order_costs(FOUR * 2, {})
    with refuses(ValueError, "'short' does not hold the same stages"):
        order_costs(FOUR, {"short": FOUR[:3]})


# ---- the panel
# -------------------------------------------------------------------------------------------------------


@pytest.fixture
def panel() -> Panel:
    return cost_panel()


MOVES = {"catch_rate": 0.01, "check_minutes": 60.0, "cluster_price": 20.0, "training_hours": 1.0}


@pytest.mark.parametrize("name", MOVES)
def test_a_moved_control_changes_picture_sentence_and_alt_text(panel, name):
    assert set(MOVES) == set(panel.controls)
    before = panel.image.value, panel.sentence.value, panel.image.tooltip
    panel.controls[name].value = MOVES[name]
    assert panel.redraws == 2 and panel.error is None
    after = panel.image.value, panel.sentence.value, panel.image.tooltip
    assert all(old != new for old, new in zip(before, after, strict=True))


@pytest.mark.parametrize("label", PRESETS)
def test_a_preset_redraws_once_and_shows_what_the_plain_function_says(panel, label):
    panel.set(catch_rate=0.7, check_minutes=31.0)
    redraws = panel.redraws
    panel.buttons[label].click()
    assert panel.redraws == redraws + 1
    view = cost_view(**PRESETS[label])
    assert panel.current == view
    assert panel.image.tooltip == view.picture().alt
    assert re.search(r"<b>Checks first (do not )?pay: ", panel.sentence.value)


def test_reset_restores_every_value_and_the_very_same_picture(panel):
    start = panel.values, panel.image.value, panel.sentence.value, panel.image.tooltip
    for label in PRESETS:
        panel.buttons[label].click()
    panel.set(catch_rate=0.9, cluster_price=45.0)
    panel.reset_button.click()
    assert (panel.values, panel.image.value, panel.sentence.value, panel.image.tooltip) == start


def test_every_corner_of_the_controls_can_be_shown(panel):
    ends = {name: (control.min, control.max) for name, control in panel.controls.items()}
    for corner in itertools.product(*ends.values()):
        panel.set(**dict(zip(ends, corner, strict=True)))
        assert panel.error is None and "Checks first" in panel.sentence.value


def test_the_break_even_can_be_hit_exactly(panel):
    panel.set(catch_rate=0.0125 + 1e-9)
    assert "Checks first break even: 480.00" in panel.sentence.value


def test_a_moved_point_gives_the_picture_that_a_fresh_panel_gives(panel):
    for rate in np.linspace(0, 1, 5):
        panel.set(catch_rate=float(rate))
    panel.set(catch_rate=0.4)
    fresh = cost_panel()
    fresh.set(catch_rate=0.4)
    assert panel.image.value == fresh.image.value
