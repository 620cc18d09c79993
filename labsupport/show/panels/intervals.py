"""Lesson 02's panel: draw holdouts from a truth that you set, and watch what intervals claim."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache

import numpy as np
from matplotlib.axes import Axes

from labsupport.comparisons import Interval, side_of
from labsupport.exact import as_written
from labsupport.gate import Policy, Verdict, gate
from labsupport.intervals import gain_distribution
from labsupport.outcomes import PairedOutcomes
from labsupport.show.controls import Choice, Panel, Slider
from labsupport.show.draw import (
    BAD,
    DASHED,
    GREY,
    HOLDS,
    INK,
    PALE,
    add_line,
    count,
    in_points,
    words_in,
)
from labsupport.show.figures.intervals import (
    COLOURS,
    GAIN_LABEL,
    draw_distribution,
    draw_margin,
    ends_in_points,
)
from labsupport.show.pictures import LabFigure, Picture

RUNGS = 20  # intervals on the ladder
DRAWS = 400  # holdouts that the panel can draw before it starts again
ROWS = (200, 500, 1000, 2000, 4000, 10_000, 20_000, 50_000, 100_000)
CONFIDENCES = (0.5, 0.8, 0.9, 0.95, 0.99)
_LIMITS = (-3.0, 3.0)  # percentage points, whatever the controls say: narrower looks narrower
_TOP, _BOTTOM, _STEP = 1.3, -1.75, 0.07


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
    start : (outcomes, Interval) that the panel starts with, to compare; None where it still shows
        them.
    sentence : decision, numbers, and how many intervals of the ladder hold the true gain.
    """

    outcomes: PairedOutcomes
    interval: Interval
    verdict: Verdict
    true_gain: float
    margin: float
    ladder: tuple[tuple[float, Interval, str], ...]
    start: tuple[PairedOutcomes, Interval] | None
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
        decision = self.verdict.decision.capitalize()
        return PANEL.picture(self, f"{decision}. {_ladder_words(self)}")


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
            f"A gain of {true_gain!r} needs models that differ on as many rows; "
            f"got a churn of {churn!r}."
        )
    policy = Policy(margin, max_gap=None, confidence=confidence)
    truth = (n, true_gain, churn, confidence)
    outcomes, interval = _drawn(*truth, draw)
    rungs = [_drawn(*truth, k) for k in range(draw, max(draw - RUNGS, 0), -1)]
    asked = as_written(margin, "margin")
    ladder = tuple((one.gain, around, _decision(around, asked)) for one, around in rungs)
    verdict, start = gate(outcomes, policy), _start()
    ghost = None if start == (outcomes, interval) else start
    view = IntervalView(outcomes, interval, verdict, true_gain, margin, ladder, ghost, "")
    return replace(view, sentence=_sentence(view))


def plot_view(fig: LabFigure, view: IntervalView) -> str:
    """Draw a view into a figure; return the alt text."""
    ax = fig.frame(_LIMITS, lambda: _empty(fig))
    draw_margin(ax, view.margin, _TOP)
    draw_distribution(ax, *gain_distribution(view.outcomes), view.interval)
    decision, was = view.verdict.decision, ""
    thick = {"linewidth": 6, "solid_capstyle": "butt", "zorder": 4}
    _across(ax, -0.07, view.interval, COLOURS[decision], **thick)
    bold = {"color": words_in(COLOURS[decision]), "weight": "bold", "fontsize": 12}
    ax.text(0, 1.02, decision.upper(), transform=ax.transAxes, **bold)
    if view.start is not None:
        was = f"Grey outline: the start, {_ghost(ax, *view.start)}. "
    _ladder(ax, view)
    return (
        f"Distribution of the resampled gain on {count(view.outcomes.n, 'row')}, around the "
        f"measured {in_points(view.outcomes.gain, 3)} points; interval "
        f"{ends_in_points(view.interval)}, margin {100 * view.margin:g}, true gain "
        f"{100 * view.true_gain:g}: {decision}. {was}{_ladder_words(view)}"
    )


def _empty(fig: LabFigure) -> Axes:
    ax = fig.add_axes((0.06, 0.135, 0.88, 0.795))
    ax.set(xlim=_LIMITS, ylim=(_BOTTOM, _TOP), yticks=[], xlabel=GAIN_LABEL)
    ax.spines["left"].set_visible(False)
    return ax


def _ghost(ax: Axes, outcomes: PairedOutcomes, interval: Interval) -> str:
    """The distribution and the interval that the panel started with, in outline; and in words."""
    gains, mass = gain_distribution(outcomes)
    line = {"color": PALE, "linewidth": 1.5, "zorder": 3}
    height = mass / mass.max()
    seen = height > 0.005  # no line on the ground
    ax.plot(100 * gains[seen], height[seen], **line)
    _across(ax, -0.13, interval, PALE, linewidth=2.5, zorder=4)
    words = f"grey: the start, {count(outcomes.n, 'row')}"
    small = {"color": words_in(GREY), "fontsize": 10, "ha": "right"}
    ax.text(1, 1.02, words, transform=ax.transAxes, **small)
    return f"{count(outcomes.n, 'row')}, interval {ends_in_points(interval)}"


def _across(ax: Axes, y: float, interval: Interval, ink: str, **look: object) -> None:
    """An interval as a bar; an arrow at the edge where it reaches beyond the axis."""
    ends = [100 * interval.low, 100 * interval.high]
    add_line(ax, ends, [y, y], color=ink, **look)
    for edge, beyond, arrow in zip(
        _LIMITS, (ends[0] < _LIMITS[0], ends[1] > _LIMITS[1]), "<>", strict=True
    ):
        if beyond:
            add_line(ax, [edge], [y], arrow, color=ink, markersize=6, clip_on=False, zorder=5)


def _ladder(ax: Axes, view: IntervalView) -> None:
    """The true gain, and under the distribution one interval for every holdout drawn."""
    true = 100 * view.true_gain
    ax.plot([true] * 2, [_BOTTOM, -0.17], color=INK, linewidth=1.2, linestyle=DASHED, zorder=5)
    # Where there is room, away from the margin's line.
    right = true < -1.5 or (true < 1.5 and 100 * view.margin <= true)
    near = {"textcoords": "offset points", "ha": "left" if right else "right", "va": "bottom"}
    aside = (6 if right else -6, 2)
    ax.annotate(f"true gain {true:g}", (true, _BOTTOM), aside, fontsize=10, zorder=6, **near)
    if not view.ladder:
        blank = {"facecolor": "white", "edgecolor": "none", "pad": 4}
        words = "Draw again: every new holdout\nleaves its interval here."
        centred = {"ha": "center", "va": "center", "fontsize": 10, "color": GREY, "zorder": 6}
        ax.text(sum(_LIMITS) / 2, -0.85, words, bbox=blank, **centred)
    for rung, (gain, interval, _) in enumerate(view.ladder):
        _rung(ax, -0.22 - _STEP * rung, gain, interval, view.true_gain in interval)


def _rung(ax: Axes, y: float, gain: float, interval: Interval, holds: bool) -> None:
    """One interval of the ladder; a cross where it misses the true gain."""
    ink, zorder = (HOLDS, 3) if holds else (BAD, 4)
    _across(ax, y, interval, ink, linewidth=2 if holds else 3.2, zorder=zorder)
    marker, size, edge = ("o", 4, HOLDS) if holds else ("X", 9, "white")
    look = {"color": ink, "markeredgecolor": edge, "markeredgewidth": 0.8, "zorder": zorder}
    add_line(ax, [100 * gain], [y], marker, markersize=size, **look)


def _ladder_words(view: IntervalView) -> str:
    if not view.ladder:
        return "This holdout has exactly the true rates; none was drawn yet."
    last = "the one interval drawn"
    if len(view.ladder) > 1:
        last = f"the last {len(view.ladder)} intervals"
    hold, promote = (
        f"{number or 'none'} {verb}{'s' * (number == 1)}"
        for number, verb in ((view.held, "hold"), (view.promotions, "promote"))
    )
    return f"Of {last}, {hold} the true gain, and {promote}."


def _sentence(view: IntervalView) -> str:
    """The decision, what it rests on, and what the ladder shows; gains in percentage points."""
    gain, margin = in_points(view.outcomes.gain, 3), f"the margin of {100 * view.margin:g}"
    where = {"promote": "at or above", "block": "below"}.get(view.verdict.decision)
    if where:
        says = f"all of it {where} {margin}."
    else:
        says = f"{margin} is inside, so {count(view.outcomes.n, 'row')} cannot tell{_rows(view)}."
    plain = gate(view.outcomes, Policy(view.margin, max_gap=None)).decision
    return (
        f"{view.verdict.decision.upper()}. The gain of {gain} points may truly be "
        f"{ends_in_points(view.interval)}: {says} Without an interval: {plain}. "
        f"{_ladder_words(view)}"
    )


def _rows(view: IntervalView) -> str:
    """How many rows would tell, if that is a number that this panel has."""
    needed = view.verdict.checks[0].needed
    if view.outcomes.exact_gain == as_written(view.margin):
        return "; more of the same kind, with the gain on the margin, would not either"
    if not needed or needed <= view.outcomes.n:
        return ""
    if needed > ROWS[-1]:
        return f"; {ROWS[-1]:,} are not enough either, if the rates stay as they are"
    return f"; about {count(needed, 'row')} would, if the rates stay as they are"


@lru_cache(maxsize=4096)
def _drawn(
    n: int, true_gain: float, churn: float, confidence: float, draw: int
) -> tuple[PairedOutcomes, Interval]:
    """A holdout and the interval around its gain, whatever the margin is."""
    p, q = (churn + true_gain) / 2, (churn - true_gain) / 2
    if draw == 0:
        better, worse = round(n * p), round(n * q)
    else:
        better, worse, _ = np.random.default_rng(draw).multinomial(n, [p, q, 1 - p - q])
    outcomes = PairedOutcomes(n - better - worse, better, worse, 0)
    return outcomes, outcomes.interval(confidence)


def _start() -> tuple[PairedOutcomes, Interval]:
    start = PANEL.start
    return _drawn(*(start[name] for name in ("n", "true_gain", "churn", "confidence", "draw")))


def _decision(interval: Interval, margin: Fraction) -> str:
    """What the gate says about an interval; one without width proves nothing."""
    return {True: "promote", False: "block", None: "inconclusive"}[side_of(interval, margin)]


PANEL = Panel(
    interval_view,
    plot_view,
    controls=(
        Choice("n", "holdout", ROWS, "{:,}", "rows"),
        Slider("margin", "margin", "percentage points", -0.01, 0.02, 0.001, 100),
        Choice("confidence", "confidence", CONFIDENCES, "{:.0%}"),
        Slider("true_gain", "true gain", "percentage points", -0.02, 0.02, 0.00025, 100),
        Slider("churn", "churn", "% of rows", 0.02, 0.2, 0.00025, 100),
        Slider("draw", "draw", "", 0, DRAWS, 1),
    ),
    presets={
        "build A": {},
        "hair's breadth": {"true_gain": 0.005, "churn": 0.0265},
        "enough rows": {"n": 20_000},
        "A/A": {"true_gain": 0.0, "churn": 0.0265, "margin": 0.0},
    },
    moves={"Draw again": {"draw": 1}, "Draw 20": {"draw": 20}},
    size=(5.6, 4.6),
)
interval_panel = PANEL.live
