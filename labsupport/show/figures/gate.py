"""The gain-gap plane: where a build lies, and the corner of it that the gate lets through."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.markers import CARETDOWN, CARETLEFT, CARETRIGHT, CARETUP
from matplotlib.patches import Rectangle
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from labsupport.exact import as_written
from labsupport.show.draw import (
    BAD,
    DASHED,
    GOOD,
    GREY,
    INK,
    PALE,
    figure,
    in_points,
    minus,
    words_in,
)
from labsupport.show.labels import draw_point, place_labels, step_aside
from labsupport.show.pictures import LabFigure


@dataclass(frozen=True)
class Harm:
    """What the plane measures upwards.

    Attributes
    ----------
    words : on the axis.
    name : in a word, in sentences.
    bound : what the gate's bound on it is called.
    """

    words: str
    name: str
    bound: str


GAP = Harm("accuracy gap between two slices", "gap", "tolerance")
LOSS = Harm("largest loss of accuracy in any slice", "loss", "slice margin")
_ARROWS = {CARETLEFT: "across", CARETRIGHT: "across", CARETDOWN: "up", CARETUP: "up"}
_GAIN_LABEL = "gain over the baseline (percentage points; squeezed beyond ±1)"
# The earlier, the more it is wanted.
_TICKS = (0, 1, -1, 0.5, -0.5, 5, -5, -50, 2, -2, -20, 20, -10, 10)
Points = Mapping[str, tuple[float, float]]
Limits = tuple[tuple[float, float], tuple[float, float]]


@figure(7.5, 4.6)
def gate_plane(
    fig: LabFigure,
    points: Points,
    margin: float = 0.005,
    tolerance: float = 0.10,
    title: str | None = None,
) -> tuple[str, str]:
    """Draw builds in the plane of gain and gap, with the region that the gate promotes.

    Parameters
    ----------
    points : {name: (gain, gap)}, both as shares of rows; a Fraction is compared exactly, NaN means
        not measured.
    margin, tolerance : the gate's bounds, shares too: promote where gain >= margin and gap <=
        tolerance.
    title : one line above the plane.

    Raises
    ------
    ValueError : there is no point to draw.
    """
    if not points:
        raise ValueError("There is no build to draw: give at least one {name: (gain, gap)}.")
    alt = draw_gate_plane(fig, points, margin, tolerance, title=title)
    return alt, plane_caption(points, margin, tolerance)


def plane_caption(points: Points, margin: float, tolerance: float) -> str:
    """Who is promoted and who is blocked, in one line."""
    verdicts = {name: promoted(*at, margin, tolerance) for name, at in points.items()}
    passed = ", ".join(name for name, yes in verdicts.items() if yes)
    blocked = ", ".join(name for name, yes in verdicts.items() if not yes)
    lines = (("Promoted", passed), ("Blocked", blocked))
    return " ".join(f"{word}: {names}." for word, names in lines if names)


def draw_gate_plane(
    fig: LabFigure,
    points: Points,
    margin: float,
    tolerance: float,
    harm: Harm = GAP,
    title: str | None = None,
    faint: Points | None = None,
    limits: Limits | None = None,
) -> str:
    """Draw the plane into a figure and return its alt text.

    Parameters
    ----------
    points, margin, tolerance, title : as in gate_plane.
    harm : what lies upwards, gap or loss.
    faint : further points, drawn in grey for orientation.
    limits : ((x low, x high), (y low, y high)) in percentage points; None fits them to the points.
        What lies outside gets an arrow at the edge and its number; what was not measured gets no
        place: a dotted line at its gain, or its name alone.
    """
    faint = {name: at for name, at in (faint or {}).items() if name not in points}
    limits = limits or _limits([*points.values(), *faint.values()], margin, tolerance)
    ax = fig.frame((limits, harm, title), lambda: _empty_plane(fig, limits, harm, title))
    labels = [
        _mark(ax, name, *at, harm, promoted(*at, margin, tolerance), name in faint)
        for name, at in (points | faint).items()
    ]
    marks = [
        Bbox.from_bounds(*ax.transData.transform((x, y)), 0, 0).padded(12) for x, y, _ in labels
    ]
    taken = _region(ax, margin, tolerance, harm, marks)
    place_labels(ax, labels, taken)
    return _alt(points, margin, tolerance, harm)


def promoted(gain: float, gap: float, margin: float, tolerance: float) -> bool:
    """Whether the gate promotes a point: decimals as written, borders included, NaN outside."""
    if math.isnan(gain) or math.isnan(gap):
        return False
    return as_written(gain) >= as_written(margin) and as_written(gap) <= as_written(tolerance)


def _empty_plane(fig: LabFigure, limits: Limits, harm: Harm, title: str | None) -> Axes:
    width, height = fig.get_size_inches()
    left, bottom, top = 0.82 / width, 0.62 / height, (0.4 if title else 0.1) / height
    ax = fig.add_axes((left, bottom, 1 - left - 0.15 / width, 1 - bottom - top))
    ax.set_xscale("symlog", linthresh=1, linscale=1.2)
    ax.set(xlim=limits[0], ylim=limits[1], xlabel=_GAIN_LABEL, title=title)
    ax.set_ylabel(f"{harm.words} (points)")
    ticks = _ticks(ax)
    ax.set_xticks(ticks, [minus(f"{tick:+g}") if tick else "0" for tick in ticks])
    ax.set_xticks([], minor=True)
    return ax


def _limits(points: list[tuple[float, float]], margin: float, tolerance: float) -> Limits:
    gains = [100 * float(gain) for gain, _ in points if not math.isnan(gain)] + [100 * margin]
    gaps = [100 * float(gap) for _, gap in points if not math.isnan(gap)] + [100 * tolerance]
    low, high = min(gaps), max(gaps)
    room = 0.14 * (high - min(low, 0))
    across = (min(-1, 1.8 * min(gains)), max(4, 1.8 * max(gains)))
    return across, (min(0, low) - 0.6 * room, high + room)


def _ticks(ax: Axes, apart: float = 44) -> list[float]:
    """Ticks inside the limits, at least so many pixels apart."""
    (x0, x1), kept = ax.get_xlim(), {}
    for tick in _TICKS:
        at = ax.transData.transform((tick, 0))[0]
        if x0 <= tick <= x1 and all(abs(at - other) >= apart for other in kept.values()):
            kept[tick] = at
    return sorted(kept)


def _region(ax: Axes, margin: float, tolerance: float, harm: Harm, marks: list[Bbox]) -> list[Bbox]:
    """Shade what the gate promotes and name its borders; return what labels keep off, in pixels."""
    (x0, x1), (y0, y1) = ax.get_xlim(), ax.get_ylim()
    left = min(max(float(100 * margin), x0), x1)
    top = min(max(float(100 * tolerance), y0), y1)
    shade = {"facecolor": GOOD, "alpha": 0.16, "linewidth": 0, "zorder": 0}
    ax.add_patch(Rectangle((left, y0), x1 - left, top - y0, **shade))
    ax.plot([left, left, x1], [y0, top, top], color=GOOD, linewidth=1.6, zorder=1)
    dashed = {"color": GREY, "linewidth": 1, "linestyle": DASHED, "zorder": 1}
    ax.plot([left, left], [top, y1], **dashed)
    ax.plot([x0, left], [top, top], **dashed)

    (px, py), (right, upper) = ax.transData.transform([(left, top), (x1, y1)])
    start, lower = ax.transData.transform((x0, y0))
    bounds = minus(f"margin {_points(margin)}"), f"{harm.bound} {_points(tolerance)}"
    words = _region_words(ax, bounds, (px, py), Bbox([(start, lower), (right, upper)]))
    renderer = ax.figure.canvas.get_renderer()
    if words[2].get_window_extent(renderer).width > right - px - 14:
        words[2].set_rotation(90)  # a region narrower than its name
    beside = (0, -24) if upper - py < 50 else (40, 0)  # clear of the word `margin`, too
    taken = list(marks)
    for word, aside in zip(words, ((0, -24), beside, (0, -24)), strict=True):
        step_aside(word, *aside, taken, renderer)
        taken.append(word.get_window_extent(renderer))
    lines = [
        Bbox.from_extents(px - 3, lower, px + 3, upper),
        Bbox.from_extents(start, py - 3, right, py + 3),
    ]
    return [*lines, *(word.get_window_extent(renderer) for word in words)]


def _region_words(
    ax: Axes, bounds: tuple[str, str], corner: tuple[float, float], plane: Bbox
) -> tuple[Text, Text, Text]:
    """The names of both bounds and of the region, beside the region's corner, in pixels."""
    px, py = corner
    small = {"color": GREY, "fontsize": 10, "transform": None}
    x, side = (px - 7, "right")
    if px - plane.x0 < 150:  # no room left of the margin
        x, side = (px + 7, "left")
    y, below = (py + 5, "bottom")
    if plane.y1 - py < 50:
        y, below = (py - 5, "top")
    bold = {"color": words_in(GOOD), "weight": "bold", "transform": None}
    promote = max(min(py - 8, plane.y1 - 44), plane.y0 + 26)  # clear of the word `margin`
    return (
        ax.text(x, plane.y1 - 2, bounds[0], ha=side, va="top", **small),
        ax.text(plane.x0 + 9, y, bounds[1], va=below, **small),
        ax.text(plane.x1 - 10, promote, "promote", ha="right", va="top", **bold),
    )


def _mark(
    ax: Axes, name: str, gain: float, gap: float, harm: Harm, passed: bool, faint: bool
) -> tuple[float, float, Text]:
    """Mark a point; return where, and its label, still to be placed."""
    (x0, x1), (y0, y1) = ax.get_xlim(), ax.get_ylim()
    x, y = (100 * float(each) for each in (gain, gap))
    ink = {"color": words_in(GREY), "fontsize": 9.5} if faint else {"color": INK, "weight": "bold"}
    if math.isnan(gain) or math.isnan(gap):
        lost = "gain" if math.isnan(gain) else harm.name
        at = (x0 + x1) / 2 if math.isnan(gain) else min(max(x, x0), x1)
        if not math.isnan(gain):
            ax.axvline(at, color=PALE if faint else BAD, linewidth=1.8, linestyle=":", zorder=1)
        words, height = f"{name} ({lost} not measured)", y0 + 0.6 * (y1 - y0)
        return at, height, ax.text(at, height, words, zorder=5, **ink)
    arrow = _arrow((x, y), (x0, x1), (y0, y1))
    at = min(max(x, x0), x1), min(max(y, y0), y1)
    draw_point(ax, *at, passed, faint, arrow)
    value = {"across": f"gain {x:+.1f}", "up": f"{harm.name} {y:.1f}"}.get(_ARROWS.get(arrow))
    words = minus(f"{name} ({value})") if value else name
    return *at, ax.text(*at, words, zorder=5, **ink)


def _arrow(point: tuple[float, float], across: tuple[float, float], up: tuple) -> int | None:
    """The marker that points through the edge beyond which a point lies; None: it lies inside."""
    (x, y), (x0, x1), (y0, y1) = point, across, up
    outside = {CARETUP: y > y1, CARETDOWN: y < y0, CARETRIGHT: x > x1, CARETLEFT: x < x0}
    return next((marker for marker, yes in outside.items() if yes), None)


def _points(share: float) -> str:
    """A bound in percentage points, with its unit: 0.5 points, 1 point."""
    number = f"{float(100 * as_written(share)):g}"
    return f"{number} point" + "s" * (number != "1")


def _alt(points: Points, margin: float, tolerance: float, harm: Harm) -> str:
    said = "; ".join(
        f"{name}: "
        + ("gain not measured, " if math.isnan(gain) else f"gain {in_points(gain)} points, ")
        + f"{harm.name} "
        + ("not measured" if math.isnan(gap) else f"{100 * float(gap):.2f} points")
        + (", promoted" if promoted(gain, gap, margin, tolerance) else ", blocked")
        for name, (gain, gap) in points.items()
    )
    return (
        f"Plane of gain (across) and {harm.words} (up), both in percentage points. The gate "
        f"promotes where the gain is at least {_points(margin)} and the {harm.name} at most "
        f"{_points(tolerance)}. {said}."
    )
