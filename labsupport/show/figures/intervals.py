"""Figures of lesson 02: resampled gains of one comparison; several intervals beside a margin; how
often intervals are above it by luck.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import StepPatch

from labsupport.comparisons import Interval
from labsupport.exact import as_written
from labsupport.gate import Policy, gate
from labsupport.intervals import gain_distribution, gain_interval
from labsupport.outcomes import PairedOutcomes
from labsupport.show.draw import (
    BAD,
    GOOD,
    GREY,
    INK,
    INSIDE,
    MAIN,
    TAILS,
    count,
    figure,
    in_points,
    percent,
    words_in,
)
from labsupport.show.pictures import LabFigure

GAIN_LABEL = "gain over the baseline (percentage points)"
COLOURS = {"promote": GOOD, "block": BAD, "inconclusive": MAIN}
MARKERS = {"promote": "o", "block": "X", "inconclusive": "D"}
_TOO_RARE = 1e-5  # of the most frequent gain: thinner than a pixel


@figure(7.5, 3.7)
def resampled_gains(
    fig: LabFigure,
    outcomes: PairedOutcomes,
    margin: float,
    confidence: float = 0.95,
    draws: np.ndarray | None = None,
) -> tuple[str, str]:
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
    ax = fig.add_axes((0.03, 0.165, 0.94, 0.74))
    seen = gains[mass > _TOO_RARE * mass.max()]
    ends = min(seen[0], 0, margin), max(seen[-1], margin)
    ax.set(xlim=[100 * end for end in ends], ylim=(0, 1.3))
    ax.set(yticks=[], xlabel=GAIN_LABEL)
    ax.spines["left"].set_visible(False)
    draw_distribution(ax, gains, mass, interval)
    draw_margin(ax, margin, 1.3)
    near = {"textcoords": "offset points", "va": "center", "weight": "bold"}
    for end, aside, side in ((interval.low, -6, "right"), (interval.high, 6, "left")):
        ax.plot([100 * end] * 2, [0, 0.7], color=MAIN, linewidth=1.6)
        ax.annotate(in_points(end, 3), (100 * end, 0.62), (aside, 0), ha=side, **near)
    dots = ""
    if draws is not None:
        at, times = np.unique(np.round(draws * outcomes.n).astype(int), return_counts=True)
        heights = times / len(draws) / mass.max()
        ax.plot(100 * at / outcomes.n, heights, "o", color=INK, markersize=4)
        dots = f" Dots: {count(len(draws), 'resample')}, drawn."
    return _gains_alt(outcomes, margin, interval, draws), (
        f"{percent(confidence)} of the resamples give a gain from {ends_in_points(interval)} "
        f"points.{dots}"
    )


def ends_in_points(interval: Interval) -> str:
    """Both ends of an interval of gains, as they are said of a picture: +0.325 to +1.325."""
    return f"{in_points(interval.low, 3)} to {in_points(interval.high, 3)}"


def draw_distribution(ax: Axes, gains: np.ndarray, mass: np.ndarray, interval: Interval) -> None:
    """Draw the distribution of the gain, one high, over percentage points: blue inside the
    interval, grey in its tails.
    """
    shown = mass > _TOO_RARE * mass.max()
    gains, height = gains[shown], mass[shown] / mass.max()
    step = gains[1] - gains[0] if len(gains) > 1 else 0.004
    edges = 100 * np.append(gains - step / 2, gains[-1] + step / 2)
    inside = (gains >= interval.low) & (gains <= interval.high)
    for part, colour in ((~inside, TAILS), (inside, INSIDE)):
        # Not ax.stairs, which goes over every step for the limits of an axis that has its limits.
        ax.add_artist(StepPatch(height * part, edges, facecolor=colour, linewidth=0, zorder=2))


def draw_margin(ax: Axes, margin: float, top: float) -> None:
    """Shade what lies at or above the margin, to a gate the good side, and name the line; over
    percentage points.

    Parameters
    ----------
    margin : a share of rows.
    top : where its name hangs.
    """
    x0, x1 = ax.get_xlim()
    margin = 100 * margin
    ax.axvspan(margin, x1, color=GOOD, alpha=0.13, linewidth=0, zorder=0)
    ax.axvline(margin, color=GOOD, linewidth=1.6, zorder=3)
    aside, side = (6, "left") if margin < x0 + 0.7 * (x1 - x0) else (-6, "right")
    small = {"color": words_in(GOOD), "fontsize": 10, "ha": side, "va": "top"}
    beside = {"xytext": (aside, -3), "textcoords": "offset points"}
    ax.annotate(f"margin {margin:g}", (margin, top), **beside, **small)


@figure(7.5, 3)
def interval_bars(
    fig: LabFigure,
    comparisons: Mapping[str, PairedOutcomes],
    margin: float,
    confidence: float = 0.95,
) -> tuple[str, str]:
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
    decisions = {name: gate(part, policy).decision for name, part in comparisons.items()}
    intervals = {name: part.interval(confidence) for name, part in comparisons.items()}
    fig.set_figheight(1.3 + 0.5 * len(comparisons))
    fig.set_layout_engine("constrained")
    ax = fig.add_subplot()
    ends = [0, 100 * margin, *(100 * end for i in intervals.values() for end in (i.low, i.high))]
    room = 0.12 * (max(ends) - min(ends))
    ax.set(xlim=(min(ends) - room, max(ends) + room), ylim=(len(comparisons) - 0.4, -0.95))
    ax.set(xlabel=GAIN_LABEL)
    ax.axvline(0, color=GREY, linewidth=1, zorder=1)
    draw_margin(ax, margin, -0.95)
    for y, (name, interval) in enumerate(intervals.items()):
        _bar(ax, y, interval, comparisons[name].gain, decisions[name])
    names = [f"{name}\n{count(part.n, 'row')}" for name, part in comparisons.items()]
    ax.set_yticks(range(len(intervals)), names)
    ax.tick_params(axis="y", length=0)
    said = "; ".join(f"{name}: {decision}" for name, decision in decisions.items())
    caption = f"{said[0].upper()}{said[1:]}."
    return _bars_alt(comparisons, intervals, decisions, margin), caption


def _bar(ax: Axes, y: float, interval: Interval, gain: float, decision: str) -> None:
    ink = COLOURS[decision]
    thick = {"linewidth": 5, "solid_capstyle": "butt", "zorder": 2}
    ax.plot([100 * interval.low, 100 * interval.high], [y, y], color=ink, **thick)
    mark = {"markersize": 11, "markeredgecolor": "white", "zorder": 4}
    ax.plot([100 * gain], [y], MARKERS[decision], color=ink, **mark)
    bold = {"color": words_in(ink), "weight": "bold", "va": "center"}
    ax.text(1.01, y, decision, transform=ax.get_yaxis_transform(), **bold)


@figure(7.5, 3.7)
def worst_promotions(
    fig: LabFigure,
    rows: Sequence[int],
    rates: Mapping[str, Sequence[float]],
    margin: float,
    confidence: float = 0.95,
) -> tuple[str, str]:
    """Draw how often each method's interval lies above the margin by luck, in the world that is
    worst for it, over the rows of the holdout, and what is promised.

    Parameters
    ----------
    rows : sizes of the holdout, increasing.
    rates : {method: one share per size}, as worst_false_promotion gives them.
    margin, confidence : what they were computed for; named, not computed with.

    Raises
    ------
    ValueError : no size, no method, or not one share per size.
    """
    if not rows or not rates or any(len(line) != len(rows) for line in rates.values()):
        raise ValueError("Nothing to draw: give sizes, and for each method one share per size.")
    promised = float((1 - as_written(confidence)) / 2)
    top = 115 * max(promised, *(rate for line in rates.values() for rate in line))
    ax = fig.add_axes((0.085, 0.165, 0.74, 0.8))
    ax.set(xscale="log", xlim=(rows[0] / 1.15, rows[-1] * 1.15), ylim=(0, top))
    ax.set(xlabel="rows of the holdout (log scale)", ylabel="false promotions, worst world (%)")
    ax.set_xticks(rows, [count(n) for n in rows])
    ax.set_xticks([], minor=True)
    ax.axhline(100 * promised, color=GOOD, linewidth=1, zorder=1)
    ax.axhspan(0, 100 * promised, color=GOOD, alpha=0.13, linewidth=0, zorder=0)
    low = {"xytext": (5, 4), "textcoords": "offset points", "fontsize": 10}
    said = f"promised: at most {percent(promised)}"
    ax.annotate(said, (ax.get_xlim()[0], 0), color=words_in(GOOD), **low)
    for line in rates.values():
        _promises(ax, rows, line, promised)
    _name_promises(ax, rates, promised, 0.065 * top)
    worst = {name: max(zip(line, rows, strict=True)) for name, line in rates.items()}
    most = "; ".join(
        f"{name} {percent(r, 2)} on {count(n, 'row')}" for name, (r, n) in worst.items()
    )
    return _promises_alt(rows, rates, margin, confidence), f"At worst: {most}."


def _promises(ax: Axes, rows: Sequence[int], rates: Sequence[float], promised: float) -> None:
    """A line with a disc where the promise is kept and a cross where it is broken."""
    ink = BAD if max(rates) > promised else GOOD
    ax.plot(rows, [100 * rate for rate in rates], color=ink, linewidth=1.8, zorder=2)
    for n, rate in zip(rows, rates, strict=True):
        mark, ink = ("X", BAD) if rate > promised else ("o", GOOD)
        edge = {"markeredgecolor": "white", "markersize": 10, "zorder": 3}
        ax.plot([n], [100 * rate], mark, color=ink, **edge)


def _name_promises(
    ax: Axes, rates: Mapping[str, Sequence[float]], promised: float, apart: float
) -> None:
    """Each name beside the end of its line, or as far above it as the name below it needs."""
    height = -apart
    for name, line in sorted(rates.items(), key=lambda item: item[1][-1]):
        height = max(100 * line[-1], height + apart)
        bold = {"weight": "bold", "color": words_in(BAD if max(line) > promised else GOOD)}
        beside = {"transform": ax.get_yaxis_transform(), "va": "center"}
        ax.text(1.01, height, name, **beside, **bold)


def _gains_alt(
    outcomes: PairedOutcomes, margin: float, interval: Interval, draws: np.ndarray | None
) -> str:
    side = "inside" if interval.low < margin <= interval.high else "at its edge or outside"
    dots = ""
    if draws is not None:
        dots = (
            f" Dots show {count(len(draws), 'resample')} that were drawn, scattered around the "
            "exact ones."
        )
    return (
        f"Bell-shaped distribution of the gain over all resamples of {count(outcomes.n, 'row')}, "
        f"around the measured gain of {in_points(outcomes.gain, 3)} points. Its "
        f"{percent(interval.confidence)} interval reaches from {ends_in_points(interval)}; the "
        f"margin of {100 * margin:g} lies {side}.{dots}"
    )


def _bars_alt(comparisons, intervals, decisions, margin: float) -> str:
    said = "; ".join(
        f"{name}, {count(part.n, 'row')}: gain {in_points(part.gain, 3)}, interval "
        f"{ends_in_points(intervals[name])}, {decisions[name]}"
        for name, part in comparisons.items()
    )
    return (
        f"Intervals of the gain in percentage points, beside the margin of {100 * margin:g} and "
        f"zero. {said}."
    )


def _promises_alt(
    rows: Sequence[int], rates: Mapping[str, Sequence[float]], margin: float, confidence: float
) -> str:
    said = "; ".join(
        f"{name}: "
        + ", ".join(f"{percent(r, 2)} on {count(n)}" for n, r in zip(rows, line, strict=True))
        for name, line in rates.items()
    )
    return (
        "The largest probability, in any world whose gain is no more than the margin of "
        f"{margin:g}, that an interval of {percent(confidence)} confidence lies above it, over the "
        f"rows of the holdout; {percent((1 - confidence) / 2)} is promised. {said}."
    )
