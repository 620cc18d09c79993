"""Figures of lesson 09: what a guard makes of attacks that it has not seen, and what a suite still
finds when it grows old.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import scipy
from matplotlib.axes import Axes

from labsupport.show.draw import (
    ASIDE,
    BAD,
    DASHED,
    GOOD,
    MAIN,
    RULE,
    count,
    figure,
    percent,
    two_lines,
    words_in,
)
from labsupport.show.pictures import LabFigure

if TYPE_CHECKING:
    from labsupport.evals import Estimate
    from labsupport.evals.assistant.held_out import FamilyStudy, HeldOut
    from labsupport.evals.attacks.refresh import Found

_LINES = (
    (BAD, "-", "X"),
    (MAIN, DASHED, "s"),
    (ASIDE, (0, (7, 2, 1, 2)), "^"),
    (GOOD, (0, (1, 1)), "o"),
)
_EDGE = {"markeredgecolor": "white", "markeredgewidth": 1.2, "clip_on": False}
_LANES = ((-0.19, "s", MAIN), (0.19, "^", ASIDE))  # known to the guard, and held out
_ROW = 0.5  # inches


@figure(7.5, 4.4)
def held_out_families(fig: LabFigure, study: FamilyStudy) -> tuple[str, str]:
    """Draw what a guard catches of each family when it was trained with others of it and when the
    family was held out, and beside it what it blocks of harmless texts.

    Parameters
    ----------
    study : what `leave_one_family_out` found.

    Raises
    ------
    ValueError : a study without a family, or without harmless texts.
    """
    rows, blocked = study.families, study.blocked
    if not rows or not blocked:
        raise ValueError(
            "There must be a family and a kind of harmless text to draw; got "
            f"{count(len(rows), 'row')} and {count(len(blocked), 'kind')}."
        )
    height = 1.45 + _ROW * max(len(rows), len(blocked))
    fig.set_figheight(height)
    for left, width, n in ((0.185, 0.345, len(rows)), (0.735, 0.145, len(blocked))):
        foot = 0.75 + _ROW * (max(len(rows), len(blocked)) - n)
        ax = fig.add_axes((left, foot / height, width, _ROW * n / height))
        ax.set(xlim=(-3, 103), ylim=(n - 0.5, -0.5))
        ax.set_xticks([0, 50, 100])
        ax.tick_params(axis="y", length=0)
        ax.grid(axis="x")
    _draw_caught(fig.axes[0], rows)
    _draw_blocked(fig.axes[1], blocked)
    told = [f"{f.family}: known {_spread(f.known)}, held out {_spread(f.unseen)}" for f in rows]
    told += [f"{kind}: {_spread(share)} blocked" for kind, share in blocked.items()]
    known, unseen = (
        percent(float(np.mean([share.value for share in each])), 0)
        for each in zip(*((f.known, f.unseen) for f in rows), strict=True)
    )
    worst = min(rows, key=lambda f: f.unseen.value)
    return (
        "Attacks stopped by a guard trained with others of their family, and by one from which the "
        "family was held out; harmless texts that the guard blocks. Shares with their intervals. "
        f"{'; '.join(told)}."
    ), (
        f"Stopped on average over the families: {known} where the guard knows the family, {unseen} "
        f"where it was held out; least of {worst.family}, {percent(worst.unseen.value, 0)}."
    )


def _spread(share: Estimate) -> str:
    low, value, high = (percent(x, 0) for x in (share.low, share.value, share.high))
    return f"{value}, {low} to {high}"


def _draw_caught(ax: Axes, rows: Sequence[HeldOut]) -> None:
    """A dumbbell per family, each end in a lane of its own, with its interval and its number."""
    ax.set_xlabel("attacks stopped (%)")
    ax.set_yticks(range(len(rows)), [two_lines(row.family) for row in rows])
    for y, row in enumerate(rows):
        pair = (row.known, row.unseen)
        way = [100 * share.value for share in pair], [y + lane for lane, _, _ in _LANES]
        ax.plot(*way, color=RULE, linewidth=5, zorder=2)
        for share, (lane, mark, ink) in zip(pair, _LANES, strict=True):
            _draw_share(ax, y + lane, share, mark, ink)
    top = {"transform": ax.transAxes, "clip_on": False}
    up = 1 + 0.3 * _ROW / (_ROW * len(rows))
    for x, what, (_, mark, ink) in zip((0.02, 0.5), ("known", "held out"), _LANES, strict=True):
        ax.plot([x], [up], mark, color=ink, markersize=9, **_EDGE | top)
        look = {"color": words_in(ink), "weight": "bold", "fontsize": 10.5, "va": "center"}
        ax.text(x + 0.05, up, what, **look | top)


def _draw_blocked(ax: Axes, blocked: Mapping[str, Estimate]) -> None:
    ax.set_xlabel("harmless texts\nblocked (%)")
    ax.set_yticks(range(len(blocked)), [two_lines(kind) for kind in blocked])
    for y, share in enumerate(blocked.values()):
        _draw_share(ax, y, share, "X", BAD)


def _draw_share(ax: Axes, y: float, share: Estimate, mark: str, ink: str) -> None:
    """A share with its interval, and its number at the right of the axes."""
    bar = {"color": ink, "linewidth": 1.6, "zorder": 3, "clip_on": False}
    ax.plot([100 * share.low, 100 * share.high], [y, y], **bar)
    ax.plot([100 * share.value], [y], mark, color=ink, markersize=9, zorder=4, **_EDGE)
    look = {"va": "center", "fontsize": 10, "weight": "bold", "color": words_in(ink)}
    ax.text(108, y, percent(share.value, 0), clip_on=False, **look)


@figure(7.5, 3.9)
def suite_ages(
    fig: LabFigure,
    versions: Sequence[str],
    found: Mapping[str, Sequence[tuple[int, int] | Found | None]],
) -> tuple[str, str]:
    """Draw what each suite still finds over successive versions of an assistant.

    Parameters
    ----------
    versions : their names, from the first to the last; two at least.
    found : {suite: what it found in each version, of `follow` or as (attacks that work, tried)};
        None where it did not exist yet; up to four suites.

    Raises
    ------
    ValueError : fewer than two versions, no suite or more than four, or one without a count per
        version or without one for the last.
    """
    found = {name: [_counts(one) for one in each] for name, each in found.items()}
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


def _counts(found: tuple[int, int] | Found | None) -> tuple[int, int] | None:
    return found if found is None or isinstance(found, tuple) else (found.works, found.asked)


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
    places[order] = (
        scipy.optimize.isotonic_regression(heights[order] + apart, increasing=False).x - apart
    )
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
