"""Figures of lesson 09: what a guard makes of attacks that it has not seen, and what a suite still
finds when it grows old.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from scipy.optimize import isotonic_regression

from labsupport.show.draw import (
    ASIDE,
    BAD,
    DASHED,
    GOOD,
    HOLDS,
    MAIN,
    RULE,
    count,
    figure,
    percent,
    two_lines,
    words_in,
)
from labsupport.show.pictures import LabFigure

_LINES = (
    (BAD, "-", "X"),
    (MAIN, DASHED, "s"),
    (ASIDE, (0, (7, 2, 1, 2)), "^"),
    (GOOD, (0, (1, 1)), "o"),
)
_EDGE = {"markeredgecolor": "white", "markeredgewidth": 1.2, "clip_on": False}
SEEN = ("trained", "held out", "benign", "near miss")

Counts = Mapping[str, Mapping[str, tuple[int, int]]]


@figure(7.5, 4.4)
def held_out_families(fig: LabFigure, rows: Counts) -> tuple[str, str]:
    """Draw what a guard catches of a family that it was trained with, and of the same family when
    it was held out; beside it what the guard that did not see it blocks of harmless questions.

    Parameters
    ----------
    rows : {family: {"trained", "held out": (caught, tried), "benign", "near miss": (blocked,
        asked)}}.

    Raises
    ------
    ValueError : no family, one without all four, or counts that do not add up.
    """
    lost = [family for family, row in rows.items() if set(row) != set(SEEN)]
    if not rows or lost:
        raise ValueError(
            f"Each family needs counts for {', '.join(SEEN)}, and there must be one; got "
            f"{count(len(rows), 'row')}, with other counts for {lost}."
        )
    for family, row in rows.items():
        for what, (hits, tried) in row.items():
            if not 0 <= hits <= tried or not tried:
                raise ValueError(f"{hits} of {tried} is no count of {what} ({family}).")
    fig.set_figheight(1.15 + 0.5 * len(rows))
    foot, top = 0.55 / fig.get_figheight(), 0.6 / fig.get_figheight()
    axes = [
        fig.add_axes((left, foot, width, 1 - foot - top))
        for left, width in ((0.185, 0.44), (0.685, 0.3))
    ]
    _draw_caught(axes[0], rows)
    _draw_blocked(axes[1], rows)
    told = "; ".join(
        f"{family}: " + ", ".join(f"{what} {row[what][0]} of {row[what][1]}" for what in SEEN)
        for family, row in rows.items()
    )
    means = [np.mean([row[what][0] / row[what][1] for row in rows.values()]) for what in SEEN]
    return (
        "Attacks caught by a guard that was trained with their family and by one from which it was "
        f"held out, and harmless questions that the latter blocks. {told}."
    ), (
        f"On average {percent(means[0], 0)} of a family is caught when the guard was trained with "
        f"it, {percent(means[1], 0)} when it was held out; {percent(means[2], 0)} of the benign "
        f"questions and {percent(means[3], 0)} of the near misses are blocked."
    )


def _draw_caught(ax: Axes, rows: Counts) -> None:
    """A dumbbell per family, its ends in lanes of their own words."""
    ax.set(xlim=(-3, 103), ylim=(len(rows) - 0.5, -0.5), xlabel="attacks caught (%)")
    ax.set_yticks(range(len(rows)), list(rows))
    ax.tick_params(axis="y", length=0)
    ax.grid(axis="x")
    for y, row in enumerate(rows.values()):
        ends = {what: 100 * row[what][0] / row[what][1] for what in SEEN[:2]}
        ax.plot(list(ends.values()), [y, y], color=RULE, linewidth=5, zorder=2)
        for (what, x), mark, ink in zip(ends.items(), "s^", (MAIN, ASIDE), strict=True):
            ax.plot([x], [y], mark, color=ink, markersize=11, zorder=4, **_EDGE)
            up = 0.3 * (1 if what == "held out" else -1)
            said = f"{row[what][0]} of {row[what][1]}"
            side = {"ha": "left" if x < 12 else "right" if x > 88 else "center", "va": "center"}
            ax.text(x, y + up, said, color=words_in(ink), fontsize=9.5, weight="bold", **side)
    for x, mark, ink, what in ((0, "s", MAIN, SEEN[0]), (40, "^", ASIDE, SEEN[1])):
        _key(ax, x, mark, ink, what)


def _draw_blocked(ax: Axes, rows: Counts) -> None:
    """Two bars per family: benign questions, and near misses."""
    shares = {f: [100 * row[w][0] / row[w][1] for w in SEEN[2:]] for f, row in rows.items()}
    most = max(20.0, *(max(pair) for pair in shares.values()))
    ax.set(xlim=(0, 1.5 * most), ylim=(len(rows) - 0.5, -0.5), xlabel="harmless ones blocked (%)")
    step = next(step for step in (10, 25, 50) if most <= 2 * step)
    ax.set_xticks([0, step, 2 * step])
    ax.set_yticks([])
    for y, (family, pair) in enumerate(shares.items()):
        for x, what, ink, lane in zip(pair, SEEN[2:], (HOLDS, BAD), (-0.2, 0.2), strict=True):
            ax.barh([y + lane], [x], height=0.34, color=ink, hatch="" if lane < 0 else "//")
            hits, asked = rows[family][what]
            look = {"va": "center", "fontsize": 9.5}
            ax.text(x + 0.03 * most, y + lane, f"{hits} of {asked}", **look)
    for x, ink, what in ((0, HOLDS, SEEN[2]), (0.65 * most, BAD, SEEN[3])):
        look = {"facecolor": ink, "hatch": "" if ink == HOLDS else "//", "clip_on": False}
        ax.add_patch(Rectangle((x, -0.86), 0.08 * most, 0.22, edgecolor="black", **look))
        ax.text(x + 0.12 * most, -0.75, what, va="center", fontsize=10.5, weight="bold")


def _key(ax: Axes, x: float, mark: str, ink: str, what: str) -> None:
    ax.plot([x + 2], [-0.75], mark, color=ink, markersize=9, **_EDGE)
    look = {"color": words_in(ink), "weight": "bold", "fontsize": 10.5, "va": "center"}
    ax.text(x + 6, -0.75, what, **look)


@figure(7.5, 3.9)
def suite_ages(
    fig: LabFigure,
    versions: Sequence[str],
    found: Mapping[str, Sequence[tuple[int, int] | None]],
) -> tuple[str, str]:
    """Draw what each suite still finds over successive versions of an assistant.

    Parameters
    ----------
    versions : their names, from the first to the last; two at least.
    found : {suite: (attacks that work, tried) for each version}, None where it did not exist yet;
        up to four suites.

    Raises
    ------
    ValueError : fewer than two versions, no suite or more than four, or one without a count per
        version or without one for the last.
    """
    odd = [n for n, each in found.items() if len(each) != len(versions) or each[-1] is None]
    if len(versions) < 2 or not 1 <= len(found) <= len(_LINES) or odd:
        raise ValueError(
            f"Draw one to {len(_LINES)} suites over two versions at least, with counts for each "
            f"version and for the last one; got {count(len(found), 'suite')} over "
            f"{count(len(versions), 'version')}, unfit: {odd}."
        )
    ax = fig.add_axes((0.09, 0.21, 0.61, 0.76))
    ax.set(xlim=(-0.15, len(versions) - 0.85), ylim=(-3, 103))
    ax.set(xlabel="version of the assistant", ylabel="attacks that work (%)")
    ax.set_xticks(range(len(versions)), [two_lines(name) for name in versions])
    ax.grid(axis="y")
    shares = {
        name: np.array([np.nan if c is None else 100 * c[0] / c[1] for c in each])
        for name, each in found.items()
    }
    for share, (ink, style, mark) in zip(shares.values(), _LINES, strict=False):
        line = {"color": ink, "linestyle": style, "marker": mark, "linewidth": 2.4, **_EDGE}
        ax.plot(range(len(versions)), share, markersize=9, zorder=3, **line)
    _name_suites(ax, {n: (shares[n][-1], each[-1]) for n, each in found.items()}, len(versions))
    told = "; ".join(
        f"{name}: " + ", ".join(_on(version, c) for version, c in zip(versions, each, strict=True))
        for name, each in found.items()
    )
    ends = ", ".join(f"{name} {c[-1][0]} of {c[-1][1]}" for name, c in found.items())
    return (
        f"Attacks of each suite that work, over {count(len(versions), 'version')}. {told}."
    ), f"What still works on {versions[-1]}: {ends}."


def _on(version: str, counted: tuple[int, int] | None) -> str:
    if counted is None:
        return f"none yet on {version}"
    work, tried = counted
    return f"{work} of {tried} ({percent(work / tried, 1)}) on {version}"


def _name_suites(
    ax: Axes, ends: Mapping[str, tuple[float, tuple[int, int]]], versions: int
) -> None:
    """Each suite's name and last count, beside where its line ends or as near as there is room."""
    heights = np.array([height for height, _ in ends.values()])
    order = np.argsort(-heights, kind="stable")
    apart, places = 15.0 * np.arange(len(ends)), np.empty(len(ends))
    places[order] = isotonic_regression(heights[order] + apart, increasing=False).x - apart
    places += max(0, 4 - places.min())
    right = (versions - 1) * 1.0
    step = (versions - 0.7) / 20
    for (name, (height, counted)), y, (ink, _, mark) in zip(
        ends.items(), places, _LINES, strict=False
    ):
        way = [right, right + 1.2 * step], [height, y]
        ax.plot(*way, color=ink, linewidth=0.8, clip_on=False)
        ax.plot([right + 1.5 * step], [y], mark, color=ink, markersize=8, **_EDGE)
        look = {"color": words_in(ink), "va": "center", "weight": "bold", "linespacing": 1.05}
        said = f"{name}\n{counted[0]} of {counted[1]}"
        ax.text(right + 2 * step, y, said, fontsize=10, clip_on=False, **look)
