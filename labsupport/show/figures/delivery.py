"""Figures of lesson 08: the states of a rollout, looks and their bounds, requests hurt."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from labsupport.delivery.states import FLEET, TRANSITIONS
from labsupport.delivery.story import Story
from labsupport.show.draw import (
    ASIDE,
    BAD,
    BOX,
    DASHED,
    GOOD,
    GREY,
    INK,
    LIT,
    MAIN,
    ROAD,
    RULE,
    VOID,
    figure,
    percent,
    words_in,
)
from labsupport.show.pictures import LabFigure

_WIDTH, _HEIGHT = 116, 50  # of a state's box, in pixels of a picture 900 pixels wide
_AT = {
    "new": (75, 88),
    "shadow": (245, 88),
    "canary": (425, 88),
    "stages": (605, 88),
    "fleet": (810, 88),
    "paused": (75, 205),
    "rolled back": (810, 300),
    "aborted": (810, 385),
}
# Where a state is left for a state below, beside its middle, so that no two lines lie on another.
_RAILS = {"paused": (-30, 205, GREY), "rolled back": (30, 300, BAD), "aborted": (0, 385, ASIDE)}
_SAID = {"paused": 335, "rolled back": 693, "aborted": 680}  # where there is room for the words
_BOUNDS = ((BAD, "-"), (MAIN, DASHED), (ASIDE, "-"), (GOOD, "-"))
_WAYS = (("o", BAD), ("s", MAIN), ("D", ASIDE))


@figure(7.5, 3.6)
def rollout_states(fig: LabFigure, lit: str | None = None) -> tuple[str, str]:
    """Draw the states of a rollout and what leads from one to the other, from the table that the
    controller obeys.

    Parameters
    ----------
    lit : the state in which a rollout is, if any.

    Raises
    ------
    ValueError : no such state.
    """
    if lit is not None and lit not in _AT:
        raise ValueError(f"A rollout is never {lit!r}; its states: {', '.join(_AT)}.")
    ax = fig.add_axes((0, 0, 1, 1))
    ax.set(xlim=(0, 900), ylim=(420, -14))
    ax.set_axis_off()
    for between, events in _edges().items():
        _draw_edge(ax, *between, events)
    for name, (x, y) in _AT.items():
        _draw_state(ax, name, x, y, name == lit)
    rows = (
        f"from {start} to {' or '.join(end for end in _AT if end in ends)}: {event}"
        for (start, event), ends in TRANSITIONS.items()
    )
    here = f" It is {lit} now." if lit else ""
    return (
        f"The states of a rollout and the events between them. {'; '.join(rows)}.{here}",
        "What no arrow shows cannot happen.",
    )


def _edges() -> dict[tuple[str, str], list[str]]:
    """{(state, next state): events}, as the table has them."""
    found: dict[tuple[str, str], list[str]] = {}
    for (start, event), ends in TRANSITIONS.items():
        for end in sorted(ends):
            found.setdefault((start, end), []).append(event)
    return found


def _draw_state(ax: Axes, name: str, x: float, y: float, lit: bool) -> None:
    face, edge, width = (*LIT, 2.6) if lit else (*BOX, 1.2)
    shape = {"boxstyle": "round,pad=0,rounding_size=9", "zorder": 3}
    paint = {"facecolor": face, "edgecolor": edge, "linewidth": width}
    corner = (x - _WIDTH / 2, y - _HEIGHT / 2)
    ax.add_patch(FancyBboxPatch(corner, _WIDTH, _HEIGHT, **shape, **paint))
    weight = "bold" if lit else "normal"
    ax.text(x, y, name, ha="center", va="center", fontsize=11, weight=weight, zorder=4)


def _draw_edge(ax: Axes, start: str, end: str, events: list[str]) -> None:
    (x0, y0), (x1, y1) = _AT[start], _AT[end]
    words = ", ".join(events)
    if start == end:
        _loop(ax, x0, y0 - _HEIGHT / 2, words)
    elif end in _RAILS and start != FLEET:
        _rail(ax, start, end, words)
    elif start == "paused":  # back to where it came from: the rail of "pause", the other way round
        dx, y, ink = _RAILS["paused"]
        _arrow(ax, [(x1 + dx, y), (x1 + dx, y1 + _HEIGHT / 2)], ink)
    elif y0 != y1:
        _arrow(ax, [(x0, y0 + _HEIGHT / 2), (x1, y1 - _HEIGHT / 2)], BAD)
        _words(ax, x0 - 8, (y0 + y1) / 2, words, BAD, ha="right")
    elif x1 - x0 > 1.5 * 180 and start != "new":  # from the canary past the stages
        top = y0 - _HEIGHT / 2 - 46
        path = [(x0 + 30, y0 - _HEIGHT / 2), (x0 + 30, top), (x1, top), (x1, y1 - _HEIGHT / 2)]
        _arrow(ax, path, GOOD)
        _words(ax, x1 - 10, top - 9, f"{words}, where no stage is planned", GOOD, ha="right")
    else:
        _arrow(ax, [(x0 + _WIDTH / 2, y0), (x1 - _WIDTH / 2, y1)], GOOD)
        _words(ax, (x0 + x1) / 2, y0 - 10, words, GOOD)


def _rail(ax: Axes, start: str, end: str, words: str) -> None:
    """Down from a state, then along to the one below."""
    dx, y, ink = _RAILS[end]
    (x0, y0), (x1, _) = _AT[start], _AT[end]
    side = 1 if x0 > x1 else -1
    if start == "paused":
        dx = {"rolled back": 15, "aborted": -15}[end]
    path = [(x0 + dx, y0 + _HEIGHT / 2), (x0 + dx, y), (x1 + side * _WIDTH / 2, y)]
    _arrow(ax, path, ink)
    if start == "paused":
        _words(ax, x0 + dx + 8, y - 10, words, ink, ha="left")
    elif start == "stages":  # said once for all that join here
        said = f"{words}, resume" if end == "paused" else words.replace(", dead", ",\ndead")
        _words(ax, _SAID[end], y - 10 - 8 * said.count("\n"), said, ink)


def _loop(ax: Axes, x: float, y: float, words: str) -> None:
    look = {"arrowstyle": "-|>", "mutation_scale": 10, "color": ROAD, "linewidth": 1.3}
    look |= {"connectionstyle": "arc3,rad=-1.1", "shrinkA": 0, "shrinkB": 0, "zorder": 2}
    ax.add_patch(FancyArrowPatch((x - 18, y), (x + 10, y), **look))
    _words(ax, x - 4, y - 26, words, ROAD)


def _arrow(ax: Axes, path: list[tuple[float, float]], ink: str) -> None:
    line = {"color": ink, "linewidth": 1.5, "solid_joinstyle": "round", "zorder": 2}
    if len(path) > 2:
        ax.plot(*zip(*path[:-1], strict=True), **line)
    look = {"arrowstyle": "-|>", "mutation_scale": 12, "color": ink, "linewidth": 1.5}
    ax.add_patch(FancyArrowPatch(path[-2], path[-1], shrinkA=0, shrinkB=0, zorder=2, **look))


def _words(ax: Axes, x: float, y: float, words: str, ink: str, ha: str = "center") -> None:
    look = {"fontsize": 9.5, "color": words_in(ink), "va": "center", "zorder": 4}
    ax.text(x, y, words, ha=ha, **look)


@figure(7.5, 3.9)
def look_bounds(
    fig: LabFigure, looks: Sequence[int], bounds: Mapping[str, Sequence[float]], paths: np.ndarray
) -> tuple[str, str]:
    """Draw the bounds of several plans over the looks, and statistics of rollouts without harm.

    Parameters
    ----------
    looks : pairs so far at each look.
    bounds : {plan: its bound for |Z| at each look}; of the first one it is shown who crosses it.
    paths : (m, k) Z of some harmless rollouts at each look.

    Raises
    ------
    ValueError : none or more than four plans.
    """
    if not 1 <= len(bounds) <= len(_BOUNDS):
        raise ValueError(f"Draw one to {len(_BOUNDS)} plans; got {list(bounds)}.")
    ax = fig.add_axes((0.08, 0.15, 0.68, 0.82))
    high = max(max(b) for b in bounds.values()) + 0.4
    ax.set(xlim=(0, looks[-1] * 1.02), ylim=(-high, high))
    ax.set(xlabel="pairs of requests so far", ylabel="Z of the difference")
    ax.set_xticks(looks)
    ax.axhline(0, color=RULE, linewidth=1)
    name, first = next(iter(bounds.items()))
    crossed = (np.abs(paths) > np.asarray(first)).any(axis=1)
    for path, out in zip(paths, crossed, strict=True):
        look = (
            {"color": BAD, "linewidth": 1.2, "zorder": 2}
            if out
            else {"color": VOID, "linewidth": 0.9}
        )
        ax.plot([0, *looks], [0, *path], **look)
    _draw_bounds(ax, looks, bounds)
    rates = f"{crossed.sum()} of {len(paths)}"
    told = "; ".join(f"{n}: {', '.join(f'{b:.2f}' for b in bs)}" for n, bs in bounds.items())
    return (
        f"Z of {len(paths)} harmless rollouts at {len(looks)} looks, {looks[0]:,} to "
        f"{looks[-1]:,} pairs. {rates} are beyond the bound of the plan {name} at some look. "
        f"Bounds for |Z|: {told}."
    ), f"Of {len(paths)} harmless rollouts, {crossed.sum()} cross the line {name} at some look."


def _draw_bounds(ax: Axes, looks: Sequence[int], bounds: Mapping[str, Sequence[float]]) -> None:
    """Each plan's bounds, up and down, with its name beside its last one, kept apart."""
    lowest = np.inf
    ends = sorted(zip(bounds.items(), _BOUNDS, strict=False), key=lambda end: -end[0][1][-1])
    gap = 0.085 * 2 * ax.get_ylim()[1]
    for (name, bound), (ink, style) in ends:
        for sign in (1, -1):
            line = {"color": ink, "linestyle": style, "linewidth": 2, "marker": "o", "zorder": 3}
            ax.plot(looks, sign * np.asarray(bound), markersize=4, **line)
        lowest = min(bound[-1], lowest - gap)
        look = {"color": words_in(ink), "va": "center", "weight": "bold", "fontsize": 10}
        ax.text(looks[-1] * 1.035, lowest, name, clip_on=False, **look)


@figure(7.5, 4.0)
def requests_hurt(
    fig: LabFigure, hurt: Mapping[str, Mapping[str, float]], hours: float
) -> tuple[str, str]:
    """Draw how many requests each fault hurts, by the way in which the new version came.

    Parameters
    ----------
    hurt : {fault: {way: requests}}, the same ways for each, three at most.
    hours : after which somebody notices what came without a rollout.

    Raises
    ------
    ValueError : no fault, other ways for one of them, or more than three ways.
    """
    ways = list(next(iter(hurt.values()))) if hurt else []
    if not 1 <= len(ways) <= len(_WAYS) or any(list(row) != ways for row in hurt.values()):
        raise ValueError(f"Draw one to {len(_WAYS)} ways, the same for every fault; got {hurt!r}.")
    ax = fig.add_axes((0.2, 0.27, 0.77, 0.71))
    most = max(max(row.values()) for row in hurt.values())
    ax.set(xscale="log", xlim=(0.6, 3 * max(most, 10)), ylim=(len(hurt) - 0.5, -0.5))
    ax.set_xlabel("requests hurt (at the left end: fewer than one)")
    ax.set_yticks(range(len(hurt)), list(hurt))
    for y, row in enumerate(hurt.values()):
        ends = [max(value, 0.6) for value in row.values()]
        ax.plot([min(ends), max(ends)], [y, y], color=RULE, linewidth=1.5, zorder=1)
        for way, x, (marker, ink) in zip(ways, ends, _WAYS, strict=False):
            edge = {"markeredgecolor": "white", "markeredgewidth": 1, "clip_on": False}
            ax.plot([x], [y], marker, color=ink, markersize=10, label=way, zorder=3, **edge)
    handles, labels = ax.get_legend_handles_labels()
    place = {"loc": "upper center", "bbox_to_anchor": (0.4, -0.2), "frameon": False}
    ax.legend(handles[: len(ways)], labels[: len(ways)], ncols=len(ways), **place)
    told = "; ".join(
        f"{fault}: {', '.join(f'{way} {value:,.0f}' for way, value in row.items())}"
        for fault, row in hurt.items()
    )
    worst = max(hurt, key=lambda fault: hurt[fault][ways[0]])
    return (
        f"Requests hurt by each fault, on average; without a rollout it is noticed after "
        f"{hours:g} hours. {told}."
    ), f"{worst}: {hurt[worst][ways[0]]:,.0f} requests with {ways[0]}, " + ", ".join(
        f"{hurt[worst][way]:,.0f} with {way}" for way in ways[1:]
    ) + "."


@figure(7.5, 4.0)
def rollout_minutes(fig: LabFigure, story: Story, setting: str = "") -> tuple[str, str]:
    """Draw a rollout over its minutes: who got the new version, and how many requests were hurt,
    beside a flip of the whole fleet.

    Parameters
    ----------
    setting : what was run, in a few words.
    """
    return draw_rollout_minutes(fig, story, setting), (
        f"It ends {story.end} after {story.minutes[-1]:.0f} minutes, {story.hurt[-1]:,.0f} "
        f"requests hurt; by then a flip would have hurt {story.flipped[-1]:,.0f}."
    )


def draw_rollout_minutes(fig: LabFigure, story: Story, setting: str) -> str:
    """Draw a story; return the alt text."""
    ax = fig.frame("minutes", lambda: _minutes_frame(fig))
    spans = _spans(story)
    shades = itertools.cycle((VOID, "white"))
    for (start, end, name), shade in zip(spans, shades, strict=False):
        ax.axvspan(start, end, color=shade, alpha=0.6, linewidth=0, zorder=0)
        words = {"rotation": 90, "va": "top", "ha": "right", "fontsize": 9.5, "color": INK}
        ax.text(end - 4, 0.985, name, transform=ax.get_xaxis_transform(), zorder=5, **words)
    for hurt, ink, style in ((story.flipped, BAD, DASHED), (story.hurt, MAIN, "-")):
        y = np.maximum(hurt, 0.7)
        ax.plot(story.minutes, y, color=ink, linestyle=style, linewidth=2.6, zorder=3)
    ended = GOOD if story.end == FLEET else BAD
    last = (story.minutes[-1], max(story.hurt[-1], 0.7))
    marker = "o" if story.end == FLEET else "X"
    ax.plot(*last, marker, color=ended, markersize=12, zorder=6, markeredgecolor="white")
    said = f"{story.end}\n{story.hurt[-1]:,.0f} hurt"
    beside = {"textcoords": "offset points", "va": "bottom", "weight": "bold", "zorder": 6}
    ax.annotate(said, last, (12, 2), color=words_in(ended), **beside)
    if story.flipped[-1] >= 1:
        at = (story.minutes[-1], story.flipped[-1])
        ax.annotate(f"flip: {at[1]:,.0f}", at, (12, -4), color=words_in(BAD), **beside)
    return _minutes_alt(story, spans, setting)


def _minutes_frame(fig: LabFigure) -> Axes:
    ax = fig.add_axes((0.11, 0.14, 0.87, 0.84))
    ax.set(xlim=(0, 760), yscale="log", ylim=(0.6, 2e7))
    ax.set(xlabel="minutes since the rollout began", ylabel="requests hurt so far")
    ax.set_xticks(range(0, 761, 120))
    return ax


def _spans(story: Story) -> list[tuple[float, float, str]]:
    """From when to when a step lasted, and what it is called."""
    found, steps = [], story.plan.steps
    entered = [e for e in story.events if e["event"] in ("start", "pass") and e["state"] != FLEET]
    ends = [*(e["minute"] for e in entered[1:]), story.minutes[-1]]
    for event, end in zip(entered, ends, strict=True):
        share = percent(steps[event["step"]].share)
        found.append((event["minute"], end, f"{event['state']} {share}"))
    return found


def _minutes_alt(story: Story, spans: list[tuple[float, float, str]], setting: str) -> str:
    told = "; ".join(f"{name} from minute {start:.0f} to {end:.0f}" for start, end, name in spans)
    setting = f"{setting}. " if setting else ""
    return (
        f"Requests hurt so far over the minutes of a rollout, on a logarithmic scale. {setting}"
        f"{told}; then {story.end}. Hurt: {story.hurt[-1]:,.0f}; by a flip of the whole fleet in "
        f"the same time {story.flipped[-1]:,.0f}."
    )
