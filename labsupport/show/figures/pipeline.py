"""The pipeline on one picture, which is also the map of the lessons."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from labsupport.show.draw import BADGE, BOX, INK, LIT, ROAD, figure
from labsupport.show.pictures import LabFigure

_WIDTH, _HEIGHT = 150, 66  # of a box, in pixels of a picture 900 pixels wide
_COLUMNS = (81, 265.5, 450, 634.5, 819)
_UPPER, _LOWER, _ROLLBACK = 109, 292, 400


@dataclass(frozen=True)
class Box:
    """One step: its name, the words drawn, its centre in pixels, the lessons about it."""

    name: str
    words: str
    x: float
    y: float
    lessons: str = ""


BOXES = (
    Box("change", "code, data or\nconfig change", _COLUMNS[0], _UPPER - 46),
    Box("triggers", "schedule,\nvolume, drift", _COLUMNS[0], _UPPER + 46, "07"),
    Box("cheap checks", "cheap\nchecks", _COLUMNS[1], _UPPER, "05, 06"),
    Box("distributed training", "distributed\ntraining", _COLUMNS[2], _UPPER, "04"),
    Box("evaluation gate", "evaluation\ngate", _COLUMNS[3], _UPPER, "01–03, 09"),
    Box("bundle + registry", "bundle +\nregistry", _COLUMNS[4], _UPPER, "08"),
    Box("canary/shadow", "canary /\nshadow", _COLUMNS[4], _LOWER, "08"),
    Box("staged rollout", "staged\nrollout", _COLUMNS[3], _LOWER, "08"),
    Box("fleet", "fleet", _COLUMNS[2], _LOWER, "08"),
    Box("drift monitor", "drift\nmonitor", _COLUMNS[1], _LOWER, "07"),
    Box("automatic rollback", "automatic\nrollback", _COLUMNS[3], _ROLLBACK, "08"),
)


@figure(7.5, 3.75)
def pipeline(fig: LabFigure, lit: str | Iterable[str] = ()) -> tuple[str, str]:
    """Draw the pipeline from a change to the fleet and back, with the number of the lesson on each
    step.

    Parameters
    ----------
    lit : names of the boxes to light up, one string or several.

    Raises
    ------
    ValueError : a name that no box has.
    """
    lit = [lit] if isinstance(lit, str) else list(lit)
    names = [box.name for box in BOXES]
    for name in lit:
        if name not in names:
            raise ValueError(f"The pipeline has no box {name!r}; its boxes: {', '.join(names)}.")
    ax = fig.add_axes((0, 0, 1, 1))
    ax.set(xlim=(0, 900), ylim=(450, 0))
    ax.set_axis_off()
    _draw_flow(ax)
    for box in BOXES:
        _draw_box(ax, box, box.name in lit)
    _draw_key(ax)
    alt = _alt([name for name in names if name in lit])
    return alt, "The road of a model, and the lessons about each step."


def _draw_box(ax: Axes, box: Box, lit: bool) -> None:
    face, edge, width = (*LIT, 2.6) if lit else (*BOX, 1.2)
    corner = (box.x - _WIDTH / 2, box.y - _HEIGHT / 2)
    shape = {"boxstyle": "round,pad=0,rounding_size=9", "zorder": 3}
    paint = {"facecolor": face, "edgecolor": edge, "linewidth": width}
    ax.add_patch(FancyBboxPatch(corner, _WIDTH, _HEIGHT, **shape, **paint))
    look = {"fontsize": 10.5, "weight": "bold" if lit else "normal", "linespacing": 1.25}
    ax.text(box.x, box.y, box.words, ha="center", va="center", zorder=4, **look)
    if box.lessons:
        _draw_badge(ax, box.x + _WIDTH / 2 - 6, box.y - _HEIGHT / 2, box.lessons)


def _draw_badge(ax: Axes, x: float, y: float, lessons: str) -> None:
    box = {"boxstyle": "round,pad=0.28,rounding_size=0.5", "linewidth": 1}
    box |= {"facecolor": BADGE, "edgecolor": "white"}
    look = {"fontsize": 8.5, "weight": "bold", "color": "white"}
    ax.text(x, y, lessons, ha="right", va="center", bbox=box, zorder=6, **look)


def _draw_flow(ax: Axes) -> None:
    half, tall = _WIDTH / 2, _HEIGHT / 2
    c = _COLUMNS
    for y in (_UPPER - 46, _UPPER + 46):  # both starts lead into the cheap checks
        _line(ax, [(c[0] + half, y), (c[0] + half + 16, y), (c[0] + half + 16, _UPPER)])
    _arrow(ax, [(c[0] + half + 16, _UPPER), (c[1] - half, _UPPER)])
    for left, right in itertools.pairwise(c[1:]):
        _arrow(ax, [(left + half, _UPPER), (right - half, _UPPER)])
        _arrow(ax, [(right - half, _LOWER), (left + half, _LOWER)])
    _arrow(ax, [(c[4], _UPPER + tall), (c[4], _LOWER - tall)])
    _arrow(ax, [(c[1] - half, _LOWER), (c[0], _LOWER), (c[0], _UPPER + 46 + tall)])
    _arrow(ax, [(c[3], _LOWER + tall), (c[3], _ROLLBACK - tall)])
    _arrow(ax, [(c[3] - half, _ROLLBACK), (c[2], _ROLLBACK), (c[2], _LOWER + tall)])
    _arrow(ax, [(c[3], _UPPER + tall), (c[3], _UPPER + tall + 32)])
    small = {"fontsize": 9, "color": ROAD, "va": "center", "zorder": 4}
    ax.text(c[3], _UPPER + tall + 48, "blocked: the baseline stays", ha="center", **small)
    ax.text(c[4] - 10, (_UPPER + _LOWER) / 2 + 26, "promoted", ha="right", **small)
    ax.text(c[2] - 12, _ROLLBACK - 24, "previous version", ha="right", **small)
    ax.text(c[3] - half + 62, (_LOWER + _ROLLBACK) / 2, "regression", ha="right", **small)


def _line(ax: Axes, path: list[tuple[float, float]]) -> None:
    ax.plot(*zip(*path, strict=True), color=ROAD, linewidth=1.5, solid_joinstyle="round", zorder=2)


def _arrow(ax: Axes, path: list[tuple[float, float]]) -> None:
    if len(path) > 2:
        _line(ax, path[:-1])
    look = {"arrowstyle": "-|>", "mutation_scale": 13, "color": ROAD, "linewidth": 1.5}
    ax.add_patch(FancyArrowPatch(path[-2], path[-1], shrinkA=0, shrinkB=0, zorder=2, **look))


def _draw_key(ax: Axes) -> None:
    _draw_badge(ax, 40, _ROLLBACK - 6, "01")
    ax.text(52, _ROLLBACK - 6, "the lesson about this step", va="center", fontsize=9, color=INK)
    _draw_badge(ax, 40, _ROLLBACK + 22, "10")
    ax.text(52, _ROLLBACK + 22, "the whole loop, for real", va="center", fontsize=9, color=INK)


def _alt(lit: list[str]) -> str:
    lessons = ", ".join(f"{box.name} {box.lessons}" for box in BOXES if box.lessons)
    shown = f" Lit up: {', '.join(lit)}." if lit else ""
    return (
        "The pipeline as a loop of boxes. A change to code, data or config, or a trigger "
        "(schedule, data volume, drift), starts cheap checks, then distributed training, then the "
        "evaluation gate. What the gate blocks goes no further. What it promotes goes to bundle "
        "and registry, to canary or shadow, to a staged rollout and to the fleet; a regression "
        "there means automatic rollback to the previous version. A drift monitor watches the "
        f"fleet and leads back to the triggers. Lessons: {lessons}, the whole loop 10.{shown}"
    )
