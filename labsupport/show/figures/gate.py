"""The gain-gap plane: where a build lies, and the corner of it that the gate lets through."""

from __future__ import annotations

import math
from collections.abc import Mapping

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from labsupport.exact import as_written
from labsupport.show.draw import DASHED, GOOD, GREY, INK, figure, in_points, minus, words_in
from labsupport.show.labels import draw_point, place_labels, step_aside
from labsupport.show.pictures import LabFigure

GAP_LABEL = "accuracy gap between two slices"
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
    gap_label: str = GAP_LABEL,
    title: str | None = None,
) -> tuple[str, str]:
    """Draw builds in the plane of gain and gap, with the region that the gate promotes.

    Parameters
    ----------
    points : {name: (gain, gap)}, both as shares of rows; a Fraction is compared exactly, NaN means
        not measured.
    margin, tolerance : the gate's bounds: promote where gain >= margin and gap <= tolerance.
    gap_label : what the vertical axis measures.
    title : one line above the plane.

    Raises
    ------
    ValueError : there is no point to draw.
    """
    if not points:
        raise ValueError("There is no build to draw: give at least one {name: (gain, gap)}.")
    alt = draw_gate_plane(fig, points, margin, tolerance, gap_label, title=title)
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
    gap_label: str = GAP_LABEL,
    title: str | None = None,
    faint: Points | None = None,
    limits: Limits | None = None,
) -> str:
    """Draw the plane into a figure and return its alt text.

    Parameters
    ----------
    points, margin, tolerance, gap_label, title : as in gate_plane.
    faint : further points, drawn in grey for orientation.
    limits : ((x low, x high) in percentage points, (y low, y high)); None fits them to the points.
    """
    faint = {name: at for name, at in (faint or {}).items() if name not in points}
    limits = limits or _limits([*points.values(), *faint.values()], margin, tolerance)
    ax = fig.frame((limits, gap_label, title), lambda: _empty_plane(fig, limits, gap_label, title))
    labels = [
        _mark(ax, name, *at, promoted(*at, margin, tolerance), name in faint)
        for name, at in (points | faint).items()
    ]
    marks = [
        Bbox.from_bounds(*ax.transData.transform((x, y)), 0, 0).padded(12) for x, y, _ in labels
    ]
    taken = _region(ax, margin, tolerance, marks)
    place_labels(ax, labels, taken)
    return _alt(points, margin, tolerance, gap_label)


def promoted(gain: float, gap: float, margin: float, tolerance: float) -> bool:
    """Whether the gate promotes a point: decimals as written, borders included, NaN outside."""
    if math.isnan(gain) or math.isnan(gap):
        return False
    return as_written(gain) >= as_written(margin) and as_written(gap) <= as_written(tolerance)


def _empty_plane(fig: LabFigure, limits: Limits, gap_label: str, title: str | None) -> Axes:
    width, height = fig.get_size_inches()
    left, bottom, top = 0.82 / width, 0.62 / height, (0.4 if title else 0.1) / height
    ax = fig.add_axes((left, bottom, 1 - left - 0.15 / width, 1 - bottom - top))
    ax.set_xscale("symlog", linthresh=1, linscale=1.2)
    ax.set(xlim=limits[0], ylim=limits[1], xlabel=_GAIN_LABEL, ylabel=gap_label, title=title)
    ticks = _ticks(ax)
    ax.set_xticks(ticks, [minus(f"{tick:+g}") if tick else "0" for tick in ticks])
    ax.set_xticks([], minor=True)
    return ax


def _limits(points: list[tuple[float, float]], margin: float, tolerance: float) -> Limits:
    gains = [100 * float(gain) for gain, _ in points if not math.isnan(gain)] + [100 * margin]
    gaps = [float(gap) for _, gap in points if not math.isnan(gap)] + [tolerance]
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


def _region(ax: Axes, margin: float, tolerance: float, marks: list[Bbox]) -> list[Bbox]:
    """Shade what the gate promotes and name its borders; return what labels keep off, in pixels."""
    (x0, x1), (y0, y1) = ax.get_xlim(), ax.get_ylim()
    left, top = min(max(100 * margin, x0), x1), min(max(tolerance, y0), y1)
    shade = {"facecolor": GOOD, "alpha": 0.16, "linewidth": 0, "zorder": 0}
    ax.add_patch(Rectangle((left, y0), x1 - left, top - y0, **shade))
    ax.plot([left, left, x1], [y0, top, top], color=GOOD, linewidth=1.6, zorder=1)
    dashed = {"color": GREY, "linewidth": 1, "linestyle": DASHED, "zorder": 1}
    ax.plot([left, left], [top, y1], **dashed)
    ax.plot([x0, left], [top, top], **dashed)

    (px, py), (right, upper) = ax.transData.transform([(left, top), (x1, y1)])
    start, lower = ax.transData.transform((x0, y0))
    words = _region_words(ax, margin, tolerance, (px, py), Bbox([(start, lower), (right, upper)]))
    renderer = ax.figure.canvas.get_renderer()
    for word, aside in zip(words, ((0, -24), (40, 0), (0, -24)), strict=True):
        step_aside(word, *aside, marks, renderer)
    lines = [
        Bbox.from_extents(px - 3, lower, px + 3, upper),
        Bbox.from_extents(start, py - 3, right, py + 3),
    ]
    return [*lines, *(word.get_window_extent(renderer) for word in words)]


def _region_words(
    ax: Axes, margin: float, tolerance: float, corner: tuple[float, float], plane: Bbox
) -> tuple[Text, Text, Text]:
    """The names of margin, tolerance and region, beside the region's corner, in pixels."""
    px, py = corner
    small = {"color": GREY, "fontsize": 10, "transform": None}
    x, side = (px - 7, "right")
    if px - plane.x0 < 150:  # no room left of the margin
        x, side = (px + 7, "left")
    y, below = (py + 5, "bottom")
    if plane.y1 - py < 50:
        y, below = (py - 5, "top")
    bold = {"color": words_in(GOOD), "weight": "bold", "transform": None}
    promote = max(py - 8, plane.y0 + 26)
    return (
        ax.text(x, plane.y1 - 2, f"margin {margin:g}", ha=side, va="top", **small),
        ax.text(plane.x0 + 9, y, f"tolerance {tolerance:g}", va=below, **small),
        ax.text(plane.x1 - 10, promote, "promote", ha="right", va="top", **bold),
    )


def _mark(ax: Axes, name: str, gain: float, gap: float, passed: bool, faint: bool) -> tuple:
    x0, x1 = ax.get_xlim()
    y0, y1 = ax.get_ylim()
    x = min(max(100 * float(gain), x0), x1)
    y = y1 - 0.03 * (y1 - y0) if math.isnan(gap) else min(max(float(gap), y0), y1)
    draw_point(ax, x, y, passed, faint)
    words = f"{name} (gap not measured)" if math.isnan(gap) else name
    ink = {"color": words_in(GREY), "fontsize": 9.5} if faint else {"color": INK, "weight": "bold"}
    return x, y, ax.text(x, y, words, zorder=5, **ink)


def _alt(points: Points, margin: float, tolerance: float, gap_label: str) -> str:
    said = "; ".join(
        f"{name}: gain {in_points(gain)} points, "
        + ("gap not measured" if math.isnan(gap) else f"gap {float(gap):.3f}")
        + (", promoted" if promoted(gain, gap, margin, tolerance) else ", blocked")
        for name, (gain, gap) in points.items()
    )
    return (
        f"Plane of gain (percentage points, across) and {gap_label} (up). The gate promotes where "
        f"the gain is at least {100 * margin:g} points and the gap at most {tolerance:g}. {said}."
    )
