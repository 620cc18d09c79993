"""Lesson 05's panel: what it says for every setting."""

from __future__ import annotations

import itertools
from fractions import Fraction

import pytest
from refusals import refuses

from labsupport.show import cost_panel, cost_view, saving_lines
from labsupport.show.panels import PANELS
from labsupport.show.pictures import LabFigure, new_figure, styled

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
        verdict = "break even"
        if first != T:
            verdict = "pay" if first < T else "do not pay"
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
    assert set(PANELS["costs"].presets) == set(PRESET_COSTS)
    for label, expected in PRESET_COSTS.items():
        view = cost_view(**PANELS["costs"].preset(label))
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


def test_the_picture_of_a_view_is_the_figure():
    view = cost_view(check_minutes=60)
    assert view.picture() == saving_lines(120, 480, 0.2)


def test_the_break_even_can_be_hit_exactly():
    panel = cost_panel()
    panel.set(catch_rate=0.0125 + 1e-9)
    assert "Checks first break even: 480.00" in panel.sentence


ENDS = [
    {control.name: value}
    for control in PANELS["costs"].controls
    for value in (control.low, control.high)
]


def drawn_at(**setting: float) -> LabFigure:
    panel = PANELS["costs"]
    with styled():
        fig = new_figure(*panel.size)
        panel.plot(fig, panel.view(**panel.start | setting))
        fig.canvas.draw()
    return fig


@pytest.mark.parametrize("setting", ENDS, ids=str)
def test_the_axes_are_held(setting):
    """So a line that is twice as steep saves twice as much."""
    start, moved = drawn_at().axes[0], drawn_at(**setting).axes[0]
    for limits in ("get_xlim", "get_ylim"):
        assert getattr(start, limits)() == getattr(moved, limits)()


def test_every_slider_but_the_mark_moves_the_line():
    """The price did not: all costs grew with it, and so did the axis."""

    def line(fig: LabFigure) -> list[float]:
        (thick,) = (line for line in fig.axes[0].lines if line.get_linewidth() == 2.6)
        return list(thick.get_ydata())

    start = line(drawn_at())
    for setting in ENDS:
        assert (line(drawn_at(**setting)) == start) == ("catch_rate" in setting), setting


@pytest.mark.parametrize("setting", ENDS, ids=str)
def test_all_words_are_inside_the_picture(setting):
    fig = drawn_at(**setting)
    ax = fig.axes[0]
    ticks = [*ax.get_xticklabels(), *ax.get_yticklabels()]
    for word in (*ax.texts, ax.xaxis.label, ax.yaxis.label, *ticks):
        box = word.get_window_extent()
        assert 0 <= box.x0 < box.x1 <= fig.bbox.x1 and 0 <= box.y0 < box.y1 <= fig.bbox.y1, word
