"""Lesson 02's panel: draw holdouts from a truth that you set, and watch what intervals claim."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from matplotlib.axes import Axes

from labsupport.comparisons import Interval
from labsupport.gate import Policy, Verdict, gate
from labsupport.intervals import gain_distribution
from labsupport.outcomes import PairedOutcomes
from labsupport.show.controls import Choice, Panel, Slider
from labsupport.show.draw import BAD, DASHED, GREY, HOLDS, INK, words_in
from labsupport.show.figures.intervals import COLOURS, GAIN_LABEL, draw_distribution, draw_margin
from labsupport.show.pictures import LabFigure, Picture

RUNGS = 20  # intervals on the ladder
DRAWS = 400  # holdouts that the panel can draw before it starts again
ROWS = (200, 500, 1000, 2000, 4000, 10_000, 20_000, 50_000, 100_000)
CONFIDENCES = (0.5, 0.8, 0.9, 0.95, 0.99)
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
    truth, policy = (n, true_gain, churn), Policy(margin, max_gap=None, confidence=confidence)
    verdict, interval = _judged(*truth, draw, policy)
    drawn = [_judged(*truth, k, policy) for k in range(draw, max(draw - RUNGS, 0), -1)]
    ladder = tuple((one.outcomes.gain, around, one.decision) for one, around in drawn)
    limits = _limits(n, margin, true_gain, churn)
    view = IntervalView(verdict.outcomes, interval, verdict, true_gain, margin, ladder, limits, "")
    return replace(view, sentence=_sentence(view))


def plot_view(fig: LabFigure, view: IntervalView) -> str:
    """Draw a view into a figure; return the alt text."""
    ax = fig.frame(view.limits, lambda: _empty(fig, view.limits))
    draw_margin(ax, view.margin, _TOP)
    draw_distribution(ax, *gain_distribution(view.outcomes), view.interval)
    low, high, decision = view.interval.low, view.interval.high, view.verdict.decision
    thick = {"linewidth": 6, "solid_capstyle": "butt", "zorder": 4}
    ax.plot([low, high], [-0.07] * 2, color=COLOURS[decision], **thick)
    bold = {"color": words_in(COLOURS[decision]), "weight": "bold", "fontsize": 12}
    ax.text(0, 1.02, decision.upper(), transform=ax.transAxes, **bold)
    _ladder(ax, view)
    return (
        f"Distribution of the resampled gain on {view.outcomes.n:,} rows, around the measured "
        f"{view.outcomes.gain:.5f}; interval {low:.5f} to {high:.5f}, margin {view.margin:g}, "
        f"true gain {view.true_gain:g}: {decision}. {_ladder_words(view)}"
    )


def _empty(fig: LabFigure, limits: tuple[float, float]) -> Axes:
    ax = fig.add_axes((0.06, 0.135, 0.88, 0.795))
    ax.set(xlim=limits, ylim=(_BOTTOM, _TOP), yticks=[], xlabel=GAIN_LABEL)
    ax.spines["left"].set_visible(False)
    ax.locator_params(axis="x", nbins=6)
    return ax


def _ladder(ax: Axes, view: IntervalView) -> None:
    """The true gain, and under the distribution one interval for every holdout drawn."""
    true = view.true_gain
    ax.plot([true] * 2, [_BOTTOM, -0.17], color=INK, linewidth=1.2, linestyle=DASHED, zorder=5)
    at = (true - view.limits[0]) / (view.limits[1] - view.limits[0])
    # Where there is room, away from the margin's line.
    right = at < 0.3 or (at < 0.7 and view.margin <= true)
    near = {"textcoords": "offset points", "ha": "left" if right else "right", "va": "bottom"}
    aside = (6 if right else -6, 2)
    ax.annotate(f"true gain {true:g}", (true, _BOTTOM), aside, fontsize=10, zorder=6, **near)
    if not view.ladder:
        blank = {"facecolor": "white", "edgecolor": "none", "pad": 4}
        words = "Draw again: every new holdout\nleaves its interval here."
        centred = {"ha": "center", "va": "center", "fontsize": 10, "color": GREY, "zorder": 6}
        ax.text(sum(view.limits) / 2, -0.85, words, bbox=blank, **centred)
    for rung, (gain, interval, _) in enumerate(view.ladder):
        _rung(ax, -0.22 - _STEP * rung, gain, interval, true in interval)


def _rung(ax: Axes, y: float, gain: float, interval: Interval, holds: bool) -> None:
    """One interval of the ladder; a cross where it misses the true gain."""
    bar = {"color": HOLDS if holds else BAD, "zorder": 3 if holds else 4}
    ax.plot([interval.low, interval.high], [y, y], linewidth=2 if holds else 3.2, **bar)
    marker, size, edge = ("o", 4, HOLDS) if holds else ("X", 9, "white")
    ax.plot([gain], [y], marker, markersize=size, markeredgecolor=edge, markeredgewidth=0.8, **bar)


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
    plain = gate(view.outcomes, Policy(view.margin, max_gap=None)).decision
    return (
        f"{view.verdict.decision.upper()}. {view.verdict.checks[0].sentence} "
        f"Without an interval: {plain}. {_ladder_words(view)}"
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
    return gate(outcomes, policy), outcomes.interval(policy.confidence)


def _limits(n: int, margin: float, true_gain: float, churn: float) -> tuple[float, float]:
    """Wide enough for nearly every holdout; rounded, so that a small move shifts no axis."""
    reach = 5.2 * math.sqrt(churn / n)
    step = 10.0 ** math.floor(math.log10(reach))
    low, high = min(true_gain - reach, margin, 0.0), max(true_gain + reach, margin)
    return round(step * math.floor(low / step), 9), round(step * math.ceil(high / step), 9)


PANEL = Panel(
    interval_view,
    plot_view,
    controls=(
        Choice("n", "holdout", ROWS, "{:,}", "rows"),
        Slider("margin", "margin", "share", -0.01, 0.02, 0.001),
        Choice("confidence", "confidence", CONFIDENCES, "{:.0%}"),
        Slider("true_gain", "true gain", "share", -0.02, 0.02, 0.00025),
        Slider("churn", "churn", "share", 0.02, 0.2, 0.00025),
        Slider("draw", "draw", "number", 0, DRAWS, 1),
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
