"""Put a name beside each point so that no two names, and no name and point, overlap."""

from __future__ import annotations

import itertools
import math

from matplotlib.axes import Axes
from matplotlib.backend_bases import RendererBase
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from labsupport.show.draw import BAD, GOOD, PALE

_COMPASS = [(1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (1, -1), (-1, 1), (-1, -1)]


def draw_point(
    ax: Axes, x: float, y: float, good: bool, faint: bool = False, arrow: int | None = None
) -> None:
    """A green disc for what passes, a vermillion cross for what does not; faint ones are grey.
    For what lies beyond an edge, the marker that points there in the same ink.
    """
    ink = GOOD if good else BAD
    look = {"color": PALE if faint else ink, "markersize": 8 if faint else 13}
    look |= {"markeredgecolor": "white", "markeredgewidth": 1.2, "linestyle": ""}
    marker = "o" if good else "X"
    look["marker"] = marker if arrow is None else arrow
    ax.plot([x], [y], zorder=3 if faint else 4, clip_on=False, **look)


def place_labels(
    ax: Axes, labels: list[tuple[float, float, Text]], taken: list[Bbox] = (), clearance: float = 9
) -> None:
    """Move each label to the first free place around its point; draw a thin leader where that place
    is far away.

    Parameters
    ----------
    ax : axes whose limits and position are final.
    labels : (x, y, text) with x and y in data units.
    taken : boxes in pixels that labels keep off, for example of other texts.
    clearance : pixels between a point's centre and its label; also half the side of the box a point
        occupies.
    """
    renderer = ax.figure.canvas.get_renderer()
    frame = ax.get_window_extent(renderer)
    points = [ax.transData.transform((x, y)) for x, y, _ in labels]
    blocked = [*taken, *(Bbox.from_bounds(*at, 0, 0).padded(clearance) for at in points)]
    for (px, py), (_, _, text) in zip(points, labels, strict=True):
        size = text.get_window_extent(renderer)
        ring, box = _free_place(px, py, size, clearance, frame, blocked)
        text.set_transform(None)
        text.set(position=(box.x0, box.y0), horizontalalignment="left", verticalalignment="bottom")
        blocked.append(box)
        if ring > 1:
            _leader(ax, (px, py), box, text.get_color())


def step_aside(
    text: Text, dx: float, dy: float, blocked: list[Bbox], renderer: RendererBase
) -> None:
    """Move a text placed in pixels by (dx, dy), a few times if need be, until it covers no box."""
    for _ in range(6):
        box = text.get_window_extent(renderer)
        if not any(_area(box, other) for other in blocked):
            return
        x, y = text.get_position()
        text.set_position((x + dx, y + dy))


def _free_place(
    px: float, py: float, size: Bbox, clearance: float, frame: Bbox, blocked: list[Bbox]
) -> tuple[int, Bbox]:
    """The nearest place that overlaps nothing, and its ring; failing that the least overlapping."""
    best = (math.inf, 0, size)
    for ring, (dx, dy) in itertools.product(range(9), _COMPASS):
        box = _beside(px, py, size, dx, dy, clearance + 3 + 12 * ring)
        cost = _cost(box, frame, blocked)
        if cost == 0:
            return ring, box
        if cost < best[0]:
            best = (cost, ring, box)
    return best[1:]


def _beside(px: float, py: float, size: Bbox, dx: int, dy: int, distance: float) -> Bbox:
    width, height = size.width, size.height
    reach = distance / math.hypot(dx, dy)
    x = px + dx * reach + (dx - 1) * width / 2
    y = py + dy * reach + (dy - 1) * height / 2
    return Bbox.from_bounds(x, y, width, height)


def _cost(box: Bbox, frame: Bbox, blocked: list[Bbox]) -> float:
    inside = _area(box, frame)
    outside = box.width * box.height - inside
    return round(10 * max(outside, 0) + sum(_area(box, other) for other in blocked), 3)


def _area(a: Bbox, b: Bbox) -> float:
    width = min(a.x1, b.x1) - max(a.x0, b.x0)
    height = min(a.y1, b.y1) - max(a.y0, b.y0)
    return width * height if width > 0 and height > 0 else 0.0


def _leader(ax: Axes, point: tuple[float, float], box: Bbox, colour: str) -> None:
    (px, py), near = point, box.padded(3)
    x, y = min(max(px, near.x0), near.x1), min(max(py, near.y0), near.y1)
    thin = {"color": colour, "linewidth": 0.8, "zorder": 2}
    ax.plot([px, x], [py, y], transform=None, scalex=False, scaley=False, **thin)
