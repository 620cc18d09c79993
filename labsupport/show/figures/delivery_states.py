"""Figure of lesson 08: the states of a rollout, and the roads between them."""

from __future__ import annotations

import itertools
import textwrap

from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from labsupport.delivery.plan import CANARY, SHADOW, STAGES
from labsupport.delivery.states import ABORTED, FLEET, NEW, PAUSED, ROLLED_BACK, TRANSITIONS
from labsupport.show.draw import ASIDE, BAD, BOX, GOOD, GREY, LIT, ROAD, figure, words_in
from labsupport.show.pictures import LabFigure

_WIDTH, _HEIGHT = 116, 50  # of a state's box, in pixels of a picture 900 pixels wide
_AT = {
    NEW: (75, 88),
    SHADOW: (245, 88),
    CANARY: (425, 88),
    STAGES: (605, 88),
    FLEET: (810, 88),
    PAUSED: (75, 205),
    ROLLED_BACK: (810, 300),
    ABORTED: (810, 385),
}
_FORWARD = tuple(itertools.pairwise((NEW, SHADOW, CANARY, STAGES, FLEET)))
_GOING = (SHADOW, CANARY, STAGES)
# Where a state is left for one below: beside its middle, so that no two roads lie on another.
_ASIDE = {PAUSED: -30, ROLLED_BACK: 30, ABORTED: 0}
_INKS = {PAUSED: GREY, ROLLED_BACK: BAD, ABORTED: ASIDE}

_Places = list[tuple[float, float]]


@figure(7.5, 3.6)
def rollout_states(fig: LabFigure, lit: str | None = None) -> tuple[str, str]:
    """Draw the states of a rollout and what leads from one to the other, from the table that the
    controller obeys.

    Parameters
    ----------
    lit : the state in which a rollout is, if any.

    Raises
    ------
    ValueError : no such state; or the table has a road for which this picture has no place.
    """
    roads = _roads()
    states = [state for state in _AT if any(state in ends for ends in roads)]
    if lit is not None and lit not in states:
        raise ValueError(f"A rollout is never {lit!r}; its states: {', '.join(states)}.")
    ax = fig.add_axes((0, 0, 1, 1))
    ax.set(xlim=(0, 900), ylim=(420, -14))
    ax.set_axis_off()
    for (start, end), events in roads.items():
        _draw_road(ax, start, end, ", ".join(events))
    for name in states:
        _draw_state(ax, name, *_AT[name], name == lit)
    told = "; ".join(f"{start} to {end}: {', '.join(on)}" for (start, end), on in roads.items())
    here = f" It is {lit} now." if lit else ""
    return (
        f"The states of a rollout and the events that lead from one to another. {told}.{here}",
        "What no arrow shows cannot happen.",
    )


def _roads() -> dict[tuple[str, str], list[str]]:
    """{(state, next state): events}, as the table has them."""
    found: dict[tuple[str, str], list[str]] = {}
    for (start, event), ends in TRANSITIONS.items():
        for end in sorted(ends):
            found.setdefault((start, end), []).append(event)
    return found


def _draw_road(ax: Axes, start: str, end: str, events: str) -> None:
    """One road of the table with the events that take it."""
    if start == end and start in _AT:
        _loop(ax, *_AT[start], events)
        return
    path, ink, (x, y, side) = _road(start, end)
    _arrow(ax, path, ink)
    if end == FLEET and len(path) > 2:
        events += ", where no stage is planned"
    _words(ax, x, y, events if y < _AT[SHADOW][1] else textwrap.fill(events, 14), ink, side)


def _road(start: str, end: str) -> tuple[_Places, str, tuple[float, float, str]]:
    """The way of a road, its ink, and where its words stand; they are beside its own part only."""
    (x0, y0), (x1, y1) = _AT.get(start, (0, 0)), _AT.get(end, (0, 0))
    top, foot = y0 - _HEIGHT / 2, y0 + _HEIGHT / 2
    if (start, end) in _FORWARD:
        path = [(x0 + _WIDTH / 2, y0), (x1 - _WIDTH / 2, y1)]
        return path, GOOD, ((x0 + x1) / 2, y0 - 10, "center")
    if (start, end) == (CANARY, FLEET):
        over = top - 46
        path = [(x0 + 30, top), (x0 + 30, over), (x1, over), (x1, y1 - _HEIGHT / 2)]
        return path, GOOD, (x1 - 10, over - 9, "right")
    if (start, end) == (FLEET, ROLLED_BACK):
        return [(x0, foot), (x1, y1 - _HEIGHT / 2)], BAD, (x0 - 8, (y0 + y1) / 2, "right")
    if start in (*_GOING, PAUSED) and end in (ROLLED_BACK, ABORTED):
        x = x0 + _ASIDE[end]
        words = (x + 8, y1 - 48 if end == ROLLED_BACK else y1 - 10, "left")
        return [(x, foot), (x, y1), (x1 - _WIDTH / 2, y1)], _INKS[end], words
    if start in _GOING and end == PAUSED:
        x = x0 + _ASIDE[PAUSED]
        return [(x, foot), (x, y1), (x1 + _WIDTH / 2, y1)], GREY, (x - 8, y1 - 54, "right")
    if start == PAUSED and end in _GOING:  # the same road, the other way
        x = x1 + _ASIDE[PAUSED]
        path = [(x0 + _WIDTH / 2, y0), (x, y0), (x, y1 + _HEIGHT / 2)]
        return path, GREY, (x - 8, y0 - 34, "right")
    raise ValueError(
        f"The table leads from {start!r} to {end!r}, and this picture has no place for that road; "
        "give it one in delivery_states.py."
    )


def _draw_state(ax: Axes, name: str, x: float, y: float, lit: bool) -> None:
    face, edge, width = (*LIT, 2.6) if lit else (*BOX, 1.2)
    shape = {"boxstyle": "round,pad=0,rounding_size=9", "zorder": 3}
    paint = {"facecolor": face, "edgecolor": edge, "linewidth": width}
    corner = (x - _WIDTH / 2, y - _HEIGHT / 2)
    ax.add_patch(FancyBboxPatch(corner, _WIDTH, _HEIGHT, **shape, **paint))
    weight = "bold" if lit else "normal"
    ax.text(x, y, name, ha="center", va="center", fontsize=11, weight=weight, zorder=4)


def _loop(ax: Axes, x: float, y: float, events: str) -> None:
    top = y - _HEIGHT / 2
    look = {"arrowstyle": "-|>", "mutation_scale": 10, "color": ROAD, "linewidth": 1.3}
    look |= {"connectionstyle": "arc3,rad=-1.1", "shrinkA": 0, "shrinkB": 0, "zorder": 2}
    ax.add_patch(FancyArrowPatch((x - 18, top), (x + 10, top), **look))
    _words(ax, x - 4, top - 26, events, ROAD, "center")


def _arrow(ax: Axes, path: _Places, ink: str) -> None:
    line = {"color": ink, "linewidth": 1.5, "solid_joinstyle": "round", "zorder": 2}
    if len(path) > 2:
        ax.plot(*zip(*path[:-1], strict=True), **line)
    look = {"arrowstyle": "-|>", "mutation_scale": 12, "color": ink, "linewidth": 1.5}
    ax.add_patch(FancyArrowPatch(path[-2], path[-1], shrinkA=0, shrinkB=0, zorder=2, **look))


def _words(ax: Axes, x: float, y: float, words: str, ink: str, side: str) -> None:
    look = {"fontsize": 9.5, "color": words_in(ink), "va": "center", "zorder": 4}
    ax.text(x, y, words, ha=side, **look)
