"""Figures of lesson 08: looks and their bounds, requests hurt, a rollout minute by minute."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

import numpy as np
import scipy
from matplotlib.axes import Axes

from labsupport.delivery.states import ENDS, FLEET
from labsupport.delivery.story import Story
from labsupport.show.draw import (
    ASIDE,
    BAD,
    DASHED,
    GOOD,
    INK,
    MAIN,
    RULE,
    VOID,
    figure,
    percent,
    words_in,
)
from labsupport.show.pictures import LabFigure

# Told apart without their colours as well.
_BOUNDS = (
    (BAD, "-", "X"),
    (MAIN, DASHED, "s"),
    (ASIDE, (0, (7, 2, 1, 2)), "^"),
    (GOOD, (0, (1, 1)), "o"),
)
_WAYS = ((BAD, "X", 11), (MAIN, "s", 9), (ASIDE, "^", 10))
_LEAST = 0.7  # drawn for fewer requests than one, which a log axis has no place for
_EDGE = {"markeredgecolor": "white", "markeredgewidth": 1, "clip_on": False}
LAST = 960  # minutes that the axis of a rollout has at least


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
    ValueError : none or more than four plans; or a plan or a rollout without a number per look.
    """
    paths = np.asarray(paths, dtype=float)
    sizes = {np.shape(bound) for bound in bounds.values()} | {paths.shape[1:]}
    if not 1 <= len(bounds) <= len(_BOUNDS) or sizes != {(len(looks),)}:
        raise ValueError(
            f"Draw one to {len(_BOUNDS)} plans, plans and rollouts with a number for each of the "
            f"{len(looks)} looks; got {list(bounds)}, {paths.shape}."
        )
    ax = fig.add_axes((0.08, 0.15, 0.68, 0.82))
    high = max(max(bound) for bound in bounds.values())
    high = max(high, float(np.abs(paths).max(initial=0))) + 0.4
    ax.set(xlim=(0, looks[-1] * 1.02), ylim=(-high, high))
    ax.set(xlabel="pairs of requests so far", ylabel="Z of the difference")
    ax.set_xticks(looks, [f"{n:,}" for n in looks])
    ax.axhline(0, color=RULE, linewidth=1)
    name, first = next(iter(bounds.items()))
    crossed = (np.abs(paths) > np.asarray(first)).any(axis=1)
    for path, out in zip(paths, crossed, strict=True):
        look = {"color": BAD, "linewidth": 1.2} if out else {"color": VOID, "linewidth": 0.9}
        ax.plot([0, *looks], [0, *path], zorder=2 + 0.1 * out, **look)
    _draw_bounds(ax, looks, bounds)
    told = "; ".join(f"{n}: {', '.join(f'{b:.2f}' for b in bs)}" for n, bs in bounds.items())
    return (
        f"Z of {len(paths)} harmless rollouts at {len(looks)} looks, {looks[0]:,} to "
        f"{looks[-1]:,} pairs. {crossed.sum()} of {len(paths)} are beyond the bound of the plan "
        f"{name} at some look. Bounds for |Z|. {told}."
    ), f"Of {len(paths)} harmless rollouts, {crossed.sum()} cross the line {name} at some look."


def _draw_bounds(ax: Axes, looks: Sequence[int], bounds: Mapping[str, Sequence[float]]) -> None:
    """Each plan's bounds, up and down, and a thin line from its last one to its name."""
    ends = np.array([bound[-1] for bound in bounds.values()])
    order = np.argsort(-ends, kind="stable")
    apart = 0.08 * 2 * ax.get_ylim()[1] * np.arange(len(ends))
    heights = np.empty(len(ends))
    heights[order] = (
        scipy.optimize.isotonic_regression(ends[order] + apart, increasing=False).x - apart
    )
    for (name, bound), y, (ink, style, mark) in zip(bounds.items(), heights, _BOUNDS, strict=False):
        for sign in (1, -1):
            line = {"color": ink, "linestyle": style, "linewidth": 2, "marker": mark, "zorder": 3}
            ax.plot(looks, sign * np.asarray(bound), markersize=6, clip_on=False, **line)
        way = [looks[-1], 1.06 * looks[-1]], [bound[-1], y]
        ax.plot(*way, color=ink, linewidth=0.8, clip_on=False)
        ax.plot([1.08 * looks[-1]], [y], mark, color=ink, markersize=7, clip_on=False)
        look = {"color": words_in(ink), "va": "center", "weight": "bold", "fontsize": 10}
        ax.text(1.105 * looks[-1], y, name, clip_on=False, **look)


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
    height = 1.1 + 0.26 * len(hurt) * (len(ways) + 0.6)
    fig.set_figheight(height)
    ax = fig.add_axes((0.2, 1 / height, 0.77, 1 - 1.08 / height))
    most = max(max(row.values()) for row in hurt.values())
    ax.set(xscale="log", xlim=(_LEAST, 12 * max(most, 10)), ylim=(len(hurt) - 0.5, -0.5))
    ax.set_xlabel("requests hurt (at the left end: fewer than one)")
    ax.xaxis.set_major_formatter(lambda x, _: f"{x:,.0f}" if x >= 1 else "")
    ax.set_yticks(range(len(hurt)), list(hurt))
    for (y, row), (lane, way) in itertools.product(enumerate(hurt.values()), enumerate(ways)):
        lane = y + (lane - (len(ways) - 1) / 2) / (len(ways) + 0.6)
        _draw_hurt(ax, lane, row[way], *_WAYS[ways.index(way)], way if y == 0 else None)
    place = {"loc": "upper left", "bbox_to_anchor": (0, -0.52 / (height - 1.08)), "frameon": False}
    ax.legend(ncols=len(ways), **place)
    told = "; ".join(
        f"{fault}: {', '.join(f'{way} {_requests(value)}' for way, value in row.items())}"
        for fault, row in hurt.items()
    )
    worst = max(hurt, key=lambda fault: hurt[fault][ways[0]])
    shown = ", ".join(f"{_requests(hurt[worst][way])} with {way}" for way in ways)
    return (
        f"Requests hurt by each fault, on average; without a rollout it is noticed after "
        f"{hours:g} hours. {told}."
    ), f"Requests hurt by {worst}: {shown}."


def _draw_hurt(
    ax: Axes, y: float, value: float, ink: str, mark: str, size: int, name: str | None
) -> None:
    """One number in a lane of its own, so that equal ones do not hide one another."""
    x = max(value, _LEAST)
    ax.plot([_LEAST, x], [y, y], color=RULE, linewidth=1.5, zorder=1)
    ax.plot([x], [y], mark, color=ink, markersize=size, label=name, zorder=3, **_EDGE)
    look = {"textcoords": "offset points", "va": "center", "fontsize": 9.5, "weight": "bold"}
    ax.annotate(_requests(value), (x, y), (8, 0), color=words_in(ink), **look)


def _requests(value: float) -> str:
    return "under 1" if 0 < value < 1 else f"{value:,.0f}"


@figure(7.5, 4.0)
def rollout_minutes(fig: LabFigure, story: Story, setting: str = "") -> tuple[str, str]:
    """Draw a rollout over its minutes: who got the new version, and how many requests were hurt,
    beside a flip of the whole fleet.

    Parameters
    ----------
    setting : what was run, in a few words.
    """
    minute, so_far = f"{story.minutes[-1]:.0f}", "" if story.end in ENDS else " so far"
    where = f"It ends {story.end} after {minute} minutes"
    if story.end not in ENDS:
        where = f"At minute {minute} it is in {story.end}"
    return draw_rollout_minutes(fig, story, setting), (
        f"{where}, {story.hurt[-1]:,.0f} requests hurt{so_far}; by then a flip would have hurt "
        f"{story.flipped[-1]:,.0f}."
    )


def draw_rollout_minutes(fig: LabFigure, story: Story, setting: str) -> str:
    """Draw a story; return the alt text."""
    last = max(LAST, 120 * int(np.ceil(story.minutes[-1] / 120)))
    most = max(1e7, 2 * story.flipped[-1], 2 * story.hurt[-1])
    ax = fig.frame((last, most), lambda: _minutes_frame(fig, last, most))
    spans = _spans(story)
    rows = _name_steps(ax, spans)
    for (start, end, _), shade in zip(spans, itertools.cycle((VOID, "white")), strict=False):
        look = {"color": shade, "alpha": 0.6, "linewidth": 0, "zorder": 0, "clip_on": False}
        ax.axvspan(start, end, ymax=1 + 0.105 * rows, **look)
    for hurt, ink, style in ((story.flipped, BAD, DASHED), (story.hurt, MAIN, "-")):
        y = np.maximum(hurt, _LEAST)
        ax.plot(story.minutes, y, color=ink, linestyle=style, linewidth=2.6, zorder=3)
    _name_ends(ax, story)
    return _minutes_alt(story, spans, setting)


def _minutes_frame(fig: LabFigure, last: int, most: float) -> Axes:
    ax = fig.add_axes((0.11, 0.14, 0.855, 0.69))
    ax.set(xlim=(0, last), yscale="log", ylim=(0.6, most))
    ax.set(xlabel="minutes since the rollout began", ylabel="requests hurt so far")
    ax.set_xticks(range(0, last + 1, 120 * int(np.ceil(last / LAST))))
    return ax


def _name_steps(ax: Axes, spans: list[tuple[float, float, str]]) -> int:
    """Above the axes, where each step begins; in a second row where the one before is short.
    Return the number of rows.
    """
    a_letter = ax.get_xlim()[1] * 9.7 / ax.bbox.width  # how wide it is, in minutes
    free = [0.0, 0.0]
    for start, _, name in spans:
        row = 0 if free[0] <= start or free[0] <= free[1] else 1
        x, words = max(start, free[row]), name.replace(" ", "\n")
        free[row] = x + a_letter * (0.8 + max(map(len, words.split("\n"))))
        look = {"va": "baseline", "fontsize": 9.5, "color": INK, "linespacing": 1.05, "zorder": 5}
        at = (x + 0.3 * a_letter, 1.02 + 0.1 * row)
        ax.text(*at, words, transform=ax.get_xaxis_transform(), **look)
    return 1 + (free[1] > 0)


def _name_ends(ax: Axes, story: Story) -> None:
    """The last point and what it says, and the flip's last number, kept apart."""
    minute, hurt, flipped = story.minutes[-1], story.hurt[-1], story.flipped[-1]
    going = story.end not in ENDS
    ink, mark = (MAIN, "o") if going else {FLEET: (GOOD, "o")}.get(story.end, (BAD, "X"))
    ax.plot([minute], [max(hurt, _LEAST)], mark, color=ink, markersize=12, zorder=6, **_EDGE)
    where = f"in {story.end}" if going else story.end
    # No room on the right: above the lines, which only rise.
    late = minute > 0.77 * ax.get_xlim()[1]
    part = 1 / ax.bbox.height  # of the axes, that one pixel is
    (x, y), (_, top) = (
        ax.transAxes.inverted().transform(ax.transData.transform((minute, max(n, _LEAST))))
        for n in (hurt, flipped)
    )
    x += (-14 if late else 16) / ax.bbox.width
    between = min(20 * part, (top - y) / 2) if top > y else 20 * part
    y = y + between if late else max(y, 24 * part)
    top = max(top + 18 * part * late, y + (24 if late else 36) * part)
    look = {"transform": ax.transAxes, "ha": "right" if late else "left", "va": "center"}
    look |= {"weight": "bold", "zorder": 6, "linespacing": 1.1}
    said = f"{where}{', ' if late else chr(10)}{hurt:,.0f} hurt"
    ax.text(x, y, said, color=words_in(ink), **look)
    if flipped >= 1:
        ax.text(x, top, f"flip: {flipped:,.0f}", color=words_in(BAD), **look)


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
    setting = f"{setting[:1].upper()}{setting[1:]}. " if setting else ""
    then = f"then {story.end}" if story.end in ENDS else f"still in {story.end}"
    return (
        f"Requests hurt so far over the minutes of a rollout, on a logarithmic scale. {setting}"
        f"Steps: {told}; {then}. Hurt: {story.hurt[-1]:,.0f}; by a flip of the "
        f"whole fleet in the same time: {story.flipped[-1]:,.0f}."
    )
