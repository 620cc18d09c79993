"""Figures of lesson 01 beside the gate plane: what an accuracy can hide; changes slice by slice."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter
from matplotlib.transforms import Bbox

from labsupport.exact import as_written
from labsupport.outcomes import PairedOutcomes
from labsupport.show.draw import (
    ASIDE,
    BAD,
    DASHED,
    GREY,
    INK,
    MAIN,
    RULE,
    VOID,
    count,
    figure,
    in_points,
    minus,
    percent,
    words_in,
)
from labsupport.show.labels import draw_point, place_labels
from labsupport.show.pictures import LabFigure
from labsupport.slices import slice_gap_bound

_ALL = "all rows"
_SHARES = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5)  # ticks


@figure(7.5, 4.4)
def gap_bound(
    fig: LabFigure,
    accuracy: float,
    points: Mapping[str, tuple[float, float]],
    tolerance: float | None = None,
    title: str | None = None,
    beside: float | None = None,
) -> tuple[str, str]:
    """Draw the largest gap that an overall accuracy leaves room for, over the share of the slice.

    Parameters
    ----------
    accuracy : overall accuracy, from 0 to 1.
    points : {name: (share, gap)}: the slice's share of the rows and a gap that someone points.
    tolerance : the gate's bound on the gap, drawn as a line; None leaves it out.
    title : one line above the figure.
    beside : another accuracy, whose curve is drawn thin; None draws none.

    Raises
    ------
    ValueError : an accuracy or a share out of range.
    """
    # The bound is symmetric: a slice and its rest share one.
    smaller = {name: (min(share, 1 - share), float(gap)) for name, (share, gap) in points.items()}
    bounds = {name: slice_gap_bound(accuracy, share) for name, (share, _) in smaller.items()}
    possible = {name: gap <= bounds[name] + 1e-12 for name, (_, gap) in smaller.items()}
    ax = fig.add_axes((0.105, 0.165, 0.855, 0.76 if title else 0.81))
    low = min([0.01, *(share / 1.5 for share, _ in smaller.values())])
    shares = np.geomspace(low, 0.5, 400)
    bound = np.array([100 * slice_gap_bound(accuracy, share) for share in shares])
    ax.set_xscale("log")
    ax.set(xlim=(low, 0.5), ylim=(0, 105), title=title)
    ax.set(xlabel="share of the rows in the slice")
    ax.set_ylabel("accuracy gap between slice and rest (points)")
    ax.set_xticks([tick for tick in _SHARES if tick >= low], minor=False)
    ax.set_xticks([], minor=True)
    ax.xaxis.set_major_formatter(FuncFormatter(lambda share, _: percent(share)))
    ax.fill_between(shares, bound, 105, color=VOID, linewidth=0, zorder=0)
    ax.plot(shares, bound, color=INK, zorder=1)
    if beside is not None:
        _other_bound(ax, beside)
    _gap_words(ax, accuracy, tolerance, smaller, possible)
    half = 100 * slice_gap_bound(accuracy, 0.5)
    return _gap_bound_alt(accuracy, smaller, bounds, possible, tolerance, beside), (
        f"At accuracy {accuracy:.4f} a half of the rows hides a gap of {half:.1f} points at most, "
        "a small slice far more."
    )


def _other_bound(ax: Axes, accuracy: float) -> None:
    """The thin curve of another accuracy, named beside its right end."""
    low, high = ax.get_xlim()
    shares = np.geomspace(low, high, 399)
    bound = [100 * slice_gap_bound(accuracy, share) for share in shares]
    ax.plot(shares, bound, color=ASIDE, linewidth=1.6, zorder=1)
    look = {"ha": "right", "va": "bottom", "color": words_in(ASIDE), "fontsize": 10}
    ax.text(high / 1.3, bound[-1], f"limit at accuracy {accuracy:.4f}", **look)


def _gap_words(ax: Axes, accuracy: float, tolerance: float | None, points, possible) -> None:
    inside = {"transform": ax.transAxes, "color": INK}
    impossible = f"impossible at\naccuracy {accuracy:.4f}"
    # Where the bound leaves room: above its left end, or right of its peak.
    left = slice_gap_bound(accuracy, ax.get_xlim()[0]) < 0.85
    x, side = (0.03, "left") if left else (0.98, "right")
    words = [
        ax.text(x, 0.985, impossible, ha=side, va="top", **inside),
        ax.text(0.04, 0.55, "possible", weight="bold", **inside),
    ]
    if tolerance is not None:
        ax.axhline(100 * tolerance, color=MAIN, linewidth=1.3, linestyle=DASHED, zorder=1)
        middle = 10 ** (math.log10(ax.get_xlim()[0] / 0.5) * 0.55) * 0.5
        said = f"tolerance {100 * tolerance:g} points"
        words.append(ax.text(middle, 100 * tolerance + 1.2, said, color=MAIN, fontsize=10))
    labels = []
    for name, (share, gap) in points.items():
        at = share, 100 * gap
        draw_point(ax, *at, possible[name])
        labels.append((*at, ax.text(*at, name, weight="bold", zorder=5)))
    renderer = ax.figure.canvas.get_renderer()
    taken = [word.get_window_extent(renderer) for word in words]
    if tolerance is not None:
        ends = [(ax.get_xlim()[0], 100 * tolerance), (0.5, 100 * tolerance)]
        taken.append(Bbox(ax.transData.transform(ends)).padded(3))
    place_labels(ax, labels, taken)


def _gap_bound_alt(
    accuracy: float, points, bounds, possible, tolerance: float | None, beside: float | None
) -> str:
    said = "; ".join(
        f"{name}: a slice with {percent(share)} of the rows can hide at most "
        f"{100 * bounds[name]:.1f} points; a gap of {100 * gap:.1f} points is "
        f"{'possible' if possible[name] else 'impossible'}"
        for name, (share, gap) in points.items()
    )
    line = (
        "" if tolerance is None else f" A line marks the tolerance of {100 * tolerance:g} points."
    )
    other = (
        ""
        if beside is None
        else f" At accuracy {beside:.4f} it would end at {100 * slice_gap_bound(beside, 0.5):.1f}."
    )
    return (
        f"Curve of the largest accuracy gap that an overall accuracy of {accuracy:.4f} leaves room "
        "for, in percentage points, falling as the slice's share of the rows grows, to "
        f"{100 * slice_gap_bound(accuracy, 0.5):.1f} at one half.{other}{line} {said}."
    )


@figure(7.5, 4)
def slice_changes(
    fig: LabFigure, models: Mapping[str, PairedOutcomes], tolerance: float
) -> tuple[str, str]:
    """Draw, slice by slice, how much accuracy each model gains or loses against the baseline.

    Parameters
    ----------
    models : {name: outcomes}, all cut into the same slices.
    tolerance : the loss that a slice may suffer, a share of rows; what loses more is marked.

    Raises
    ------
    ValueError : there is no model, or the models were cut into different slices.
    """
    if not models:
        raise ValueError("There is no model to draw: give at least one {name: outcomes}.")
    first = next(iter(models.values()))
    if any(set(outcomes.slices) != set(first.slices) for outcomes in models.values()):
        raise ValueError(
            "The models were cut into different slices; compare them on the same ones."
        )
    order = sorted(first.slices, key=lambda name: _change(first.slices[name]))
    parts = {
        model: {_ALL: outcomes} | {name: outcomes.slices[name] for name in order}
        for model, outcomes in models.items()
    }
    fig.set_figheight((1.5 if len(parts) > 1 else 1.3) + 0.33 * (len(order) + 1))
    fig.set_layout_engine("constrained")
    axes = fig.subplots(1, len(parts), sharex=True, sharey=True, squeeze=False)[0]
    for ax, (model, rows) in zip(axes, parts.items(), strict=True):
        _dots(ax, rows, tolerance)
        title = textwrap.fill(model.replace("_", " "), 16 if len(parts) > 1 else 60)
        ax.set_title(title, fontsize=10.5, loc="center", linespacing=1.2)
    across = f"(dashed: the slice margin of {100 * tolerance:g})"
    fig.supxlabel(f"change of accuracy in percentage points {across}", fontsize=11)
    return _changes_alt(parts, tolerance), _changes_caption(parts, tolerance)


def _change(part: PairedOutcomes) -> float:
    return float(100 * part.exact_gain) if part.n else math.nan


def _failed(part: PairedOutcomes, tolerance: float) -> bool:
    return part.n == 0 or -part.exact_gain > as_written(tolerance)


def _bad(rows: Mapping[str, PairedOutcomes], tolerance: float) -> list[str]:
    """The slices that lose more than the tolerance, or were not measured."""
    return [name for name, part in rows.items() if name != _ALL and _failed(part, tolerance)]


def _dots(ax: Axes, rows: Mapping[str, PairedOutcomes], tolerance: float) -> None:
    """One line a slice, from no change to its change; a cross where it loses too much."""
    ax.axvline(0, color=GREY, linewidth=1, zorder=1)
    ax.axvline(-100 * tolerance, color=BAD, linewidth=1.3, linestyle=DASHED, zorder=1)
    ax.axhline(0.5, color=RULE, linewidth=1, zorder=0)
    bad = _bad(rows, tolerance)
    near = {"textcoords": "offset points", "va": "center", "fontsize": 9.5, "weight": "bold"}
    for y, (name, part) in enumerate(rows.items()):
        change = _change(part)
        marker, size, ink = ("X", 10, BAD) if name in bad else ("o", 8, MAIN)
        ax.plot([0, change], [y, y], color=RULE, linewidth=2, zorder=1)
        mark = {"markersize": size, "color": ink, "markeredgecolor": "white", "zorder": 3}
        ax.plot([change], [y], marker, **mark)
        if name in bad and part.n:
            said = minus(f"{change:.2f}")
            ax.annotate(said, (0, y), (6, 0), color=words_in(BAD), **near)
    ax.set_yticks(range(len(rows)), [f"{name} ({count(part.n)})" for name, part in rows.items()])
    ax.set_ylim(len(rows) - 0.4, -0.6)
    ax.tick_params(axis="y", length=0)
    ax.grid(axis="x")


def _changes_caption(parts: Mapping[str, Mapping[str, PairedOutcomes]], tolerance: float) -> str:
    said = "; ".join(
        f"{model.replace('_', ' ')}, {len(_bad(rows, tolerance)) or 'none'}"
        for model, rows in parts.items()
    )
    return f"Slices that lose more than {100 * tolerance:g} points: {said}."


def _changes_alt(parts: Mapping[str, Mapping[str, PairedOutcomes]], tolerance: float) -> str:
    said = []
    for model, rows in parts.items():
        changes = ", ".join(
            f"{name} ({count(part.n, 'row')}) "
            + (in_points(part.exact_gain) if part.n else "not measured")
            for name, part in rows.items()
        )
        bad = ", ".join(_bad(rows, tolerance)) or "none"
        said.append(f"{model}: {changes}; beyond the slice margin: {bad}.")
    return (
        "Change of accuracy against the baseline per slice, in percentage points, with a line at "
        f"the slice margin of {100 * tolerance:g}. " + " ".join(said)
    )
