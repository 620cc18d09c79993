"""Lesson 02's panel: draw one holdout after another from a truth that you set, and watch what its interval claims."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache

import ipywidgets as widgets
import numpy as np
from matplotlib.axes import Axes

from labsupport.comparisons import Interval
from labsupport.gate import Policy, Verdict, gate
from labsupport.intervals import gain_distribution, gain_interval
from labsupport.outcomes import PairedOutcomes
from labsupport.show.figures.intervals import (
    COLOURS,
    GAIN_LABEL,
    INKS,
    draw_distribution,
    draw_margin,
)
from labsupport.show.panel import Panel
from labsupport.show.pictures import GREY, INK, VERMILLION, LabFigure, Picture, picture_of

RUNGS = 20  # intervals on the ladder
DRAWS = 400  # holdouts that the panel can draw before it starts again
ROWS = (200, 500, 1000, 2000, 4000, 10_000, 20_000, 50_000, 100_000)
CONFIDENCES = (0.5, 0.8, 0.9, 0.95, 0.99)
_TOP, _BOTTOM, _STEP = 1.3, -1.75, 0.07
_START = {
    "n": 4000,
    "margin": 0.005,
    "confidence": 0.95,
    "true_gain": 0.00825,
    "churn": 0.02575,
    "draw": 0,
}


def _further(by: int):
    return lambda draw: (draw + by - 1) % DRAWS + 1


PRESETS = {
    "Draw again": {"draw": _further(1)},
    "Draw 20": {"draw": _further(20)},
    "build A": _START,
    "hair's breadth": _START | {"true_gain": 0.005, "churn": 0.0265},
    "enough rows": _START | {"n": 20_000},
    "A/A": _START | {"true_gain": 0.0, "churn": 0.0265, "margin": 0.0},
}


@dataclass(frozen=True)
class IntervalView:
    """One holdout drawn from the truth that the controls set, and those drawn before it.

    Attributes
    ----------
    outcomes : PairedOutcomes of this holdout.
    interval : Interval around its gain.
    verdict : Verdict of the strict gate.
    true_gain : what the interval tries to catch, a share of rows.
    margin : what the gate asks for.
    ladder : (gain, Interval, decision) of the last holdouts drawn, the newest first; empty for draw
        0.
    limits : of the axis of gains.
    sentence : decision, numbers, and how many intervals of the ladder hold the true gain.
    """

    outcomes: PairedOutcomes
    interval: Interval
    verdict: Verdict
    true_gain: float
    margin: float
    ladder: tuple[tuple[float, Interval, str], ...]
    limits: tuple[float, float]
    sentence: str

    def __str__(self) -> str:
        return self.sentence

    @property
    def held(self) -> int:
        """How many intervals of the ladder hold the true gain."""
        return sum(self.true_gain in interval for _, interval, _ in self.ladder)

    @property
    def promotions(self) -> int:
        """How many holdouts of the ladder made the gate promote."""
        return sum(decision == "promote" for _, _, decision in self.ladder)

    def picture(self) -> Picture:
        """The distribution of the resampled gain, and the ladder below it."""
        return picture_of(
            self,
            plot_view,
            f"{self.verdict.decision.capitalize()}. {_ladder_words(self)}",
            height=4.6,
        )


def interval_view(
    n: int = 4000,
    margin: float = 0.005,
    confidence: float = 0.95,
    true_gain: float = 0.00825,
    churn: float = 0.02575,
    draw: int = 0,
) -> IntervalView:
    """Draw a holdout and judge it with the strict gate.

    Parameters
    ----------
    n : rows of the holdout.
    margin, confidence : the policy of the strict gate.
    true_gain : by how much the candidate is truly better, a share of rows.
    churn : share of rows on which exactly one of the two models is right.
    draw : which holdout: 1, 2, 3 ... are drawn at random from the true rates; 0 has the true rates
        themselves, as nearly as n rows can.

    Raises
    ------
    ValueError : the true gain is larger than the churn that would make it, or a bound that Policy
        refuses.
    """
    if not abs(true_gain) <= churn <= 1:
        raise ValueError(
            f"A gain of {true_gain!r} needs models that differ on as many rows; got a churn of {churn!r}."
        )
    truth, policy = (n, true_gain, churn), Policy(margin, max_gap=None, confidence=confidence)
    verdict, interval = _judged(*truth, draw, policy)
    drawn = [_judged(*truth, k, policy) for k in range(draw, max(draw - RUNGS, 0), -1)]
    ladder = tuple((one.outcomes.gain, around, one.decision) for one, around in drawn)
    limits = _limits(n, margin, true_gain, churn)
    view = IntervalView(verdict.outcomes, interval, verdict, true_gain, margin, ladder, limits, "")
    return replace(view, sentence=_sentence(view))


def interval_panel() -> Panel:
    """The panel of lesson 02: show it as the last expression of a cell."""
    return Panel(interval_view, plot_view, _controls(), PRESETS, size=(5.6, 4.6))


def plot_view(fig: LabFigure, view: IntervalView) -> str:
    """Draw a view into a figure; return the alt text."""
    ax = fig.frame(view.limits, lambda: _empty(fig, view.limits))
    draw_margin(ax, view.margin, _TOP)
    draw_distribution(ax, *gain_distribution(view.outcomes), view.interval)
    decision = view.verdict.decision
    ax.plot([view.interval.low, view.interval.high], [-0.07] * 2, color=COLOURS[decision], linewidth=6, zorder=4,
            solid_capstyle="butt")  # fmt: skip
    ax.text(
        0,
        1.02,
        decision.upper(),
        transform=ax.transAxes,
        color=INKS[decision],
        weight="bold",
        fontsize=12,
    )
    _ladder(ax, view)
    low, high = view.interval.low, view.interval.high
    return (
        f"Distribution of the resampled gain on {view.outcomes.n:,} rows, around the measured {view.outcomes.gain:.5f}; "
        f"interval {low:.5f} to {high:.5f}, margin {view.margin:g}, true gain {view.true_gain:g}: {decision}. "
    ) + _ladder_words(view)


def _empty(fig: LabFigure, limits: tuple[float, float]) -> Axes:
    ax = fig.add_axes((0.06, 0.135, 0.88, 0.795))
    ax.set(xlim=limits, ylim=(_BOTTOM, _TOP), yticks=[], xlabel=GAIN_LABEL)
    ax.spines["left"].set_visible(False)
    ax.locator_params(axis="x", nbins=6)
    return ax


def _ladder(ax: Axes, view: IntervalView) -> None:
    true, middle = view.true_gain, sum(view.limits) / 2
    ax.plot(
        [true, true], [_BOTTOM, -0.17], color=INK, linewidth=1.2, linestyle=(0, (4, 3)), zorder=5
    )
    at = (true - view.limits[0]) / (view.limits[1] - view.limits[0])
    side = (
        1 if at < 0.3 or (at < 0.7 and view.margin <= true) else -1
    )  # where there is room, away from the margin's line
    near = {"textcoords": "offset points", "ha": "left" if side > 0 else "right", "va": "bottom"}
    ax.annotate(
        f"true gain {true:g}", (true, _BOTTOM), (6 * side, 2), fontsize=10, zorder=6, **near
    )
    if not view.ladder:
        blank = {"facecolor": "white", "edgecolor": "none", "pad": 4}
        words = "Draw again: every new holdout\nleaves its interval here."
        ax.text(
            middle,
            -0.85,
            words,
            color=GREY,
            fontsize=10,
            ha="center",
            va="center",
            bbox=blank,
            zorder=6,
        )
    for rung, (gain, interval, _) in enumerate(view.ladder):
        y = -0.22 - _STEP * rung
        marker, colour, width, size, z = (
            ("o", "#7d9db1", 2, 4, 3) if true in interval else ("X", VERMILLION, 3.2, 9, 4)
        )
        ax.plot([interval.low, interval.high], [y, y], color=colour, linewidth=width, zorder=z)
        edge = {"markeredgecolor": "white" if z == 4 else colour, "markeredgewidth": 0.8}
        ax.plot([gain], [y], marker, color=colour, markersize=size, zorder=z, **edge)


def _ladder_words(view: IntervalView) -> str:
    if not view.ladder:
        return "This holdout has exactly the true rates; none was drawn yet."
    last = (
        f"the last {len(view.ladder)} intervals"
        if len(view.ladder) > 1
        else "the one interval drawn"
    )
    held, promotions = (
        (count or "none", "s" if count == 1 else "") for count in (view.held, view.promotions)
    )
    return f"Of {last}, {held[0]} hold{held[1]} the true gain, and {promotions[0]} promote{promotions[1]}."


def _sentence(view: IntervalView) -> str:
    plain = gate(view.outcomes, Policy(view.margin, max_gap=None)).decision
    return (
        f"{view.verdict.decision.upper()}. {view.verdict.checks[0].sentence} Without an interval: {plain}. "
        f"{_ladder_words(view)}"
    )


@lru_cache(maxsize=2048)
def _judged(
    n: int, true_gain: float, churn: float, draw: int, policy: Policy
) -> tuple[Verdict, Interval]:
    p, q = (churn + true_gain) / 2, (churn - true_gain) / 2
    if draw == 0:
        better, worse = round(n * p), round(n * q)
    else:
        better, worse, _ = np.random.default_rng(draw).multinomial(n, [p, q, 1 - p - q])
    outcomes = PairedOutcomes(n - better - worse, better, worse, 0)
    return gate(outcomes, policy), gain_interval(outcomes, policy.confidence)


def _limits(n: int, margin: float, true_gain: float, churn: float) -> tuple[float, float]:
    """Wide enough for nearly every holdout of this kind, and rounded so that a small move does not shift the axis."""
    reach = 5.2 * math.sqrt(churn / n)
    step = 10.0 ** math.floor(math.log10(reach))
    low, high = min(true_gain - reach, margin, 0.0), max(true_gain + reach, margin)
    return round(step * math.floor(low / step), 9), round(step * math.ceil(high / step), 9)


def _controls() -> dict[str, widgets.ValueWidget]:
    look = {"style": {"description_width": "130px"}, "layout": widgets.Layout(width="auto")}

    def slider(
        name: str, words: str, low: float, high: float, step: float, readout: str
    ) -> widgets.FloatSlider:
        return widgets.FloatSlider(
            _START[name],
            min=low,
            max=high,
            step=step,
            readout_format=readout,
            description=words,
            **look,
        )

    levels = [(f"{level:.0%}", level) for level in CONFIDENCES]
    return {
        "n": widgets.SelectionSlider(
            options=[(f"{n:,}", n) for n in ROWS],
            value=_START["n"],
            description="holdout (rows)",
            **look,
        ),
        "margin": slider("margin", "margin (share)", -0.01, 0.02, 0.001, ".3f"),
        "confidence": widgets.SelectionSlider(
            options=levels, value=_START["confidence"], description="confidence", **look
        ),
        "true_gain": slider("true_gain", "true gain (share)", -0.02, 0.02, 0.00025, ".5f"),
        "churn": slider("churn", "churn (share)", 0.02, 0.2, 0.00025, ".5f"),
        "draw": widgets.IntSlider(0, min=0, max=DRAWS, description="draw (number)", **look),
    }
