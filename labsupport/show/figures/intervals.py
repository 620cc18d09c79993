"""Figures of lesson 02: the resampled gains of one comparison, and several intervals beside a margin."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes

from labsupport.comparisons import Interval
from labsupport.gate import Policy, gate
from labsupport.intervals import gain_distribution, gain_interval
from labsupport.outcomes import PairedOutcomes
from labsupport.show.pictures import (
    BLUE,
    GREEN,
    GREY,
    INK,
    VERMILLION,
    Picture,
    new_figure,
    picture,
    styled,
)

GAIN_LABEL = "gain over the baseline (share of rows)"
PROMOTE_INK = "#00654a"
COLOURS = {"promote": GREEN, "block": VERMILLION, "inconclusive": BLUE}
INKS = {"promote": PROMOTE_INK, "block": "#9c4400", "inconclusive": "#005b8e"}
MARKERS = {"promote": "o", "block": "X", "inconclusive": "D"}
_TOO_RARE = 1e-5  # of the most frequent gain: thinner than a pixel


def resampled_gains(
    outcomes: PairedOutcomes,
    margin: float,
    confidence: float = 0.95,
    draws: np.ndarray | None = None,
) -> Picture:
    """Draw how the gain spreads over infinitely many resamples of the holdout, its interval, and
    the margin.

    Parameters
    ----------
    outcomes : the comparison.
    margin : the gain that a gate asks for, a share of rows.
    confidence : of the interval.
    draws : (k,) float array, gains of some resamples; their histogram is drawn on top as dots.
        None: only the exact ones.
    """
    gains, mass = gain_distribution(outcomes)
    interval = gain_interval(outcomes, confidence)
    with styled():
        fig = new_figure(7.5, 3.7)
        ax = fig.add_axes((0.03, 0.165, 0.94, 0.74))
        seen = gains[mass > _TOO_RARE * mass.max()]
        ax.set(
            xlim=(min(seen[0], 0, margin), max(seen[-1], margin)),
            ylim=(0, 1.3),
            yticks=[],
            xlabel=GAIN_LABEL,
        )
        ax.spines["left"].set_visible(False)
        draw_distribution(ax, gains, mass, interval)
        draw_margin(ax, margin, 1.3)
        for end, side in ((interval.low, -1), (interval.high, 1)):
            ax.plot([end, end], [0, 0.7], color=BLUE, linewidth=1.6)
            near = {
                "textcoords": "offset points",
                "ha": "right" if side < 0 else "left",
                "va": "center",
            }
            ax.annotate(f"{end:.5f}", (end, 0.62), (6 * side, 0), weight="bold", **near)
        if draws is not None:
            at, times = np.unique(np.round(draws * outcomes.n).astype(int), return_counts=True)
            ax.plot(at / outcomes.n, times / len(draws) / mass.max(), "o", color=INK, markersize=4)
        dots = "" if draws is None else f" Dots: {len(draws):,} resamples, drawn."
        caption = f"{confidence:.0%} of the resamples give a gain from {interval.low:.5f} to {interval.high:.5f}.{dots}"
        return picture(fig, _gains_alt(outcomes, margin, interval, draws), caption)


def draw_distribution(ax: Axes, gains: np.ndarray, mass: np.ndarray, interval: Interval) -> None:
    """Draw the distribution of the gain, scaled to a height of one: blue inside the interval, grey in its tails."""
    shown = mass > _TOO_RARE * mass.max()
    gains, height = gains[shown], mass[shown] / mass.max()
    step = gains[1] - gains[0] if len(gains) > 1 else 0.004
    edges = np.append(gains - step / 2, gains[-1] + step / 2)
    inside = (gains >= interval.low) & (gains <= interval.high)
    for part, colour in ((~inside, "#b4b4b4"), (inside, "#8fbfdd")):
        ax.stairs(height * part, edges, fill=True, color=colour, linewidth=0, zorder=2)


def draw_margin(ax: Axes, margin: float, top: float) -> None:
    """Shade what lies at or above the margin, as far as a gate is concerned the good side, and name the line."""
    x0, x1 = ax.get_xlim()
    ax.axvspan(margin, x1, color=GREEN, alpha=0.13, linewidth=0, zorder=0)
    ax.axvline(margin, color=GREEN, linewidth=1.6, zorder=3)
    left = margin < x0 + 0.7 * (x1 - x0)
    ax.annotate(
        f"margin {margin:g}",
        (margin, top),
        (6 if left else -6, -3),
        textcoords="offset points",
        ha="left" if left else "right",
        va="top",
        color=PROMOTE_INK,
        fontsize=10,
    )


def interval_bars(
    comparisons: Mapping[str, PairedOutcomes], margin: float, confidence: float = 0.95
) -> Picture:
    """Draw the interval of each comparison beside the margin, coloured and marked by what the
    strict gate says to it.

    Parameters
    ----------
    comparisons : {name: outcomes}, drawn from top to bottom.
    margin, confidence : the strict gate's policy.

    Raises
    ------
    ValueError : there is no comparison to draw.
    """
    if not comparisons:
        raise ValueError("There is no comparison to draw: give at least one {name: outcomes}.")
    policy = Policy(margin, max_gap=None, confidence=confidence)
    verdicts = {name: gate(outcomes, policy) for name, outcomes in comparisons.items()}
    intervals = {
        name: gain_interval(outcomes, confidence) for name, outcomes in comparisons.items()
    }
    with styled():
        fig = new_figure(7.5, 1.3 + 0.5 * len(comparisons))
        fig.set_layout_engine("constrained")
        ax = fig.add_subplot()
        ends = [0.0, margin, *(end for i in intervals.values() for end in (i.low, i.high))]
        room = 0.12 * (max(ends) - min(ends))
        ax.set(
            xlim=(min(ends) - room, max(ends) + room),
            ylim=(len(comparisons) - 0.4, -0.95),
            xlabel=GAIN_LABEL,
        )
        ax.axvline(0, color=GREY, linewidth=1, zorder=1)
        draw_margin(ax, margin, -0.95)
        for y, (name, interval) in enumerate(intervals.items()):
            _bar(ax, y, interval, comparisons[name].gain, verdicts[name].decision)
        ax.set_yticks(
            range(len(intervals)),
            [f"{name}\n{part.n:,} rows" for name, part in comparisons.items()],
        )
        ax.tick_params(axis="y", length=0)
        said = "; ".join(f"{name}: {verdict.decision}" for name, verdict in verdicts.items())
        return picture(
            fig,
            _bars_alt(comparisons, intervals, verdicts, margin),
            f"{said[0].upper()}{said[1:]}.",
        )


def _bar(ax: Axes, y: float, interval: Interval, gain: float, decision: str) -> None:
    colour = COLOURS[decision]
    ax.plot(
        [interval.low, interval.high],
        [y, y],
        color=colour,
        linewidth=5,
        solid_capstyle="butt",
        zorder=2,
    )
    ax.plot(
        [gain],
        [y],
        MARKERS[decision],
        color=colour,
        markersize=11,
        markeredgecolor="white",
        zorder=4,
    )
    aside = {
        "transform": ax.get_yaxis_transform(),
        "color": INKS[decision],
        "weight": "bold",
        "va": "center",
    }
    ax.text(1.01, y, decision, **aside)


def _gains_alt(
    outcomes: PairedOutcomes, margin: float, interval: Interval, draws: np.ndarray | None
) -> str:
    side = "inside" if interval.low < margin <= interval.high else "at its edge or outside"
    dots = (
        ""
        if draws is None
        else f" Dots show {len(draws):,} resamples that were drawn, scattered around the exact ones."
    )
    return (
        f"Bell-shaped distribution of the gain over all resamples of {outcomes.n:,} rows, around the measured gain of "
        f"{outcomes.gain:.5f}. Its {interval.confidence:.0%} interval reaches from {interval.low:.5f} to "
        f"{interval.high:.5f}; the margin of {margin:g} lies {side}.{dots}"
    )


def _bars_alt(comparisons, intervals, verdicts, margin: float) -> str:
    said = [
        f"{name}, {part.n:,} rows: gain {part.gain:.5f}, interval {intervals[name].low:.5f} to {intervals[name].high:.5f}, "
        f"{verdicts[name].decision}"
        for name, part in comparisons.items()
    ]
    return (
        f"Intervals of the gain beside the margin of {margin:g} and zero. " + "; ".join(said) + "."
    )
