"""What is drawn, told without pixels: every artist's place, ink, mark and words, and their digest.

A stored picture carries the digest in its HTML and in its PNG. nbval compares the HTML with a fresh
run, and a rule of the tests compares the two: so a picture that was drawn from other data or by
other code is found, on every machine, whatever its font renderer makes of the letters.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.collections import Collection
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.lines import Line2D
from matplotlib.patches import FancyArrowPatch, Patch
from matplotlib.text import Annotation, Text
from matplotlib.ticker import FixedLocator, FuncFormatter
from matplotlib.transforms import IdentityTransform, Transform

from labsupport.durable import digest

_HERE = Path(__file__).parent
# Rules whose effect depends on the size of letters on this machine: they count as they are written.
_RULES = ("labels.py", "lab.mplstyle")
_STEPS = 1000  # of an axes, from end to end: what moves by less is not seen
# Places that code writes down (a half, a tenth) must not lie where rounding turns over.
_ASIDE = 0.3183


def drawing_digest(fig: Figure, *words: str) -> str:
    """16 hex digits of a figure's artists and of words that belong to it; the same everywhere.

    Parameters
    ----------
    fig : a figure that has been drawn, so that its ticks are known.
    words : alt text and caption.
    """
    told = "\n".join([*words, *tell(fig), *map(_rule, _RULES)])
    return digest(told.encode())[:16]


def tell(fig: Figure) -> Iterator[str]:
    """One line per artist of a figure, in the order they were added, places in steps of its axes.

    Not told is what depends on the renderer of letters: where words placed in pixels came to lie,
    the leaders to them, and ticks that matplotlib chose.
    """
    yield f"figure {' '.join(map(_number, fig.get_size_inches()))}"
    yield from (_text(text, fig.transFigure) for text in fig.texts if text.get_text())
    for legend in fig.legends:
        yield from _legend(legend)
    for ax in _all_axes(fig.axes):
        if fig.get_layout_engine() is None:  # one makes room for letters, so that places differ
            yield " ".join(map(_number, ax.get_position().bounds))
        yield from _axes(ax)


def _all_axes(some: list[Axes]) -> Iterator[Axes]:
    for ax in some:
        yield ax
        yield from _all_axes(ax.child_axes)


def _axes(ax: Axes) -> Iterator[str]:
    shown = [name for name, spine in ax.spines.items() if ax.axison and spine.get_visible()]
    yield f"axes {' '.join(shown)}"
    for axis, scale, limits in (
        (ax.xaxis, ax.get_xscale(), ax.get_xlim()),
        (ax.yaxis, ax.get_yscale(), ax.get_ylim()),
    ):
        yield f"{scale} {' '.join(map(_number, limits))} {axis.label.get_text()!r} {_ticks(axis)}"
    yield from (repr(title) for loc in ("left", "center") if (title := ax.get_title(loc)))
    for line in ax.lines:
        if not isinstance(line.get_transform(), IdentityTransform):
            yield _line(line, ax.transAxes)
    yield from (_patch(patch, ax.transAxes) for patch in ax.patches)
    yield from (_collection(part, ax.transAxes) for part in ax.collections)
    yield from (_text(text, ax.transAxes) for text in ax.texts)
    if ax.get_legend() is not None:
        yield from _legend(ax.get_legend())


def _ticks(axis: Axis) -> str:
    """The words that code put at ticks; how it writes two numbers, where it only said how."""
    form = axis.get_major_formatter()
    if isinstance(axis.get_major_locator(), FixedLocator):
        return repr([label.get_text() for label in axis.get_majorticklabels()])
    return repr([form(0.25, 0), form(1000, 1)]) if isinstance(form, FuncFormatter) else ""


def _legend(legend: Legend) -> Iterator[str]:
    for handle, text in zip(legend.legend_handles, legend.get_texts(), strict=True):
        yield f"key {_look(handle)} {text.get_text()!r}"


def _line(line: Line2D, axes: Transform) -> str:
    return f"line {_look(line)} at {_places(line.get_xydata(), line.get_transform(), axes)}"


def _patch(patch: Patch, axes: Transform) -> str:
    path = patch.get_path()
    if isinstance(patch, FancyArrowPatch):  # its path is in pixels
        ends, transform = np.array(patch._posA_posB), patch.axes.transData
        return f"arrow {_look(patch)} from, to {_places(ends, transform, axes)}"
    # A rectangle is drawn from a unit square by some versions, from its corners by others.
    corners = sorted(set(_places(path.vertices, patch.get_transform(), axes).split()))
    return f"patch {_look(patch)} {' '.join(corners)}"


def _collection(part: Collection, axes: Transform) -> str:
    places = [_places(path.vertices, part.get_transform(), axes) for path in part.get_paths()]
    inks = [to_hex(ink, keep_alpha=True) for ink in part.get_facecolor()]
    return f"{type(part).__name__} {inks} {part.zorder} {places}"


def _text(text: Text, whole: Transform) -> str:
    box = text.get_bbox_patch()
    ground = f" on {_look(box)}" if box is not None else ""
    look = f"{to_hex(text.get_color())} {text.get_weight()} {_number(text.get_fontsize())}{ground}"
    if isinstance(text.get_transform(), IdentityTransform):
        return f"{text.get_text()!r} {look}"
    at, transform, aside = text.get_position(), text.get_transform(), ""
    if isinstance(text, Annotation):
        # Words beside a point: the point, and how far beside in points.
        at, transform = text.xy, text.axes.transData
        aside = f" + {text.get_position()}"
    where = f"{text.get_ha()} {text.get_va()} at {_places(np.array([at]), transform, whole)}"
    return f"{text.get_text()!r} {look} {where}{aside}"


def _look(artist: Artist) -> str:
    """Ink, width and mark of an artist, and what it lies over."""
    if isinstance(artist, Line2D):
        fill, edge = artist.get_markerfacecolor(), artist.get_markeredgecolor()
        mark = f"{artist.get_marker()} {_number(artist.get_markersize())} {_ink(fill)} {_ink(edge)}"
        look = f"{artist.get_linestyle()} {_number(artist.get_linewidth())} {mark}"
        return f"{_ink(artist.get_color())} {look} {artist.get_alpha()} {artist.zorder}"
    inks = f"{_ink(artist.get_facecolor())} {_ink(artist.get_edgecolor())}"
    return f"{inks} {_number(artist.get_linewidth())} {artist.zorder}"


def _ink(colour: object) -> str:
    return to_hex(colour, keep_alpha=True)


def _places(points: np.ndarray, transform: Transform, whole: Transform) -> str:
    """Points as "x,y x,y ...", in steps of the axes or the figure that is `whole`."""
    with np.errstate(all="ignore"):  # a log axis has no place for 0
        seen = (transform + whole.inverted()).transform(np.asarray(points, dtype=float))
    steps = np.floor(_STEPS * np.nan_to_num(seen, nan=-9, posinf=9, neginf=-9) + _ASIDE)
    return " ".join(f"{x:.0f},{y:.0f}" for x, y in steps)


def _number(value: float) -> str:
    """Four figures, turned over where no number that a person writes lies."""
    return f"{float(value) * (1 + _ASIDE / 10_000):.4g}"


@cache
def _rule(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")
