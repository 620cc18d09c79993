"""Figures of lesson 04: what each source of noise does, where it grows, and how null candidates
fare.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from labsupport.exact import as_written
from labsupport.noise import Spread, false_promotion_rate, null_gains
from labsupport.show.draw import (
    APART,
    BAD,
    DASHED,
    INK,
    MAIN,
    PASSED_OVER,
    figure,
    percent,
    words_in,
)
from labsupport.show.pictures import LabFigure

_EDGE_INKS = (BAD, MAIN, INK, APART)  # of the sources, in the order given
_EDGE_MARKS = dict(zip(_EDGE_INKS, "Xos^", strict=True))  # so that no ink says it alone
_EDGE = {"markersize": 8, "markeredgecolor": "white"}
_BAR = {"linewidth": 3.5, "markersize": 8, "markeredgewidth": 0}


@figure(7.5, 3)
def source_spread(fig: LabFigure, spreads: Mapping[str, Spread]) -> tuple[str, str]:
    """Draw for each source of noise how far its runs lie from the reference run, and from each
    other.

    Parameters
    ----------
    spreads : {source: Spread}, all with the same one slice.

    Raises
    ------
    ValueError : there is nothing to draw, or not exactly one slice.
    """
    names = {name for spread in spreads.values() for name in spread.slices}
    if len(names) != 1:
        raise ValueError(f"This picture compares all rows with one slice; got {len(names)} slices.")
    part = names.pop()
    fig.set_figheight(1.75 + 0.38 * len(spreads))
    fig.set_layout_engine("constrained")
    churn, accuracy = fig.subplots(1, 2, sharey=True, width_ratios=(2, 3))
    for y, spread in enumerate(spreads.values()):
        _range(churn, y, spread.churn, INK)
        _range(accuracy, y - 0.13, spread.accuracy, MAIN)
        _range(accuracy, y + 0.13, spread.slices[part], BAD, "D")
    churn.set_yticks(range(len(spreads)), list(spreads))
    furthest = max(100 * spread.churn[1] for spread in spreads.values())
    churn.set(ylim=(len(spreads) - 0.5, -0.5), xlim=(-0.5, 1.05 * furthest + 0.5))
    churn.set(xlabel="churn against the reference (%)")
    accuracy.set(xlabel="accuracy (%), lowest to highest run")
    for ax in (churn, accuracy):
        ax.tick_params(axis="y", length=0)
        ax.grid(axis="x")
    looks = ((MAIN, "o-"), (BAD, "D-"))
    handles = [accuracy.plot([], [], look, color=ink, **_BAR)[0] for ink, look in looks]
    fig.legend(handles, ["all rows", f"the slice: {part}"], loc="outside upper right", ncols=2)
    return _spread_alt(spreads, part), _spread_caption(spreads, part)


@figure(7.5, 3.9)
def churn_edge(
    fig: LabFigure, churn: Mapping[str, Mapping[float, Sequence[float]]]
) -> tuple[str, str]:
    """Draw how churn depends on the learning rate, one line per source of noise: the mean of its
    runs, and each run as a dot.

    Parameters
    ----------
    churn : {source: {learning rate: churn of each run, shares of rows}}, at most four sources, all
        with the same rates from low to high.

    Raises
    ------
    ValueError : no source or more than four, or other rates than the first one's.
    """
    rates = [list(by_rate) for by_rate in churn.values()]
    if not 1 <= len(rates) <= len(_EDGE_INKS) or any(known != rates[0] for known in rates):
        raise ValueError(
            f"This picture takes one to four sources with the same learning rates; got {rates}."
        )
    means = {
        source: [float(np.mean(runs)) for runs in by_rate.values()]
        for source, by_rate in churn.items()
    }
    ax = fig.add_axes((0.085, 0.145, 0.66, 0.825))
    for source, ink in zip(churn, _EDGE_INKS, strict=False):
        for rate, runs in churn[source].items():
            dots = 100 * np.asarray(runs)
            ax.plot([rate] * len(dots), dots, ".", color=ink, ms=5, alpha=0.55)
        line = {"color": ink, "marker": _EDGE_MARKS[ink], "linewidth": 2.2}
        ax.plot(rates[0], [100 * mean for mean in means[source]], **line, **_EDGE)
    top = 105 * max(max(runs) for by_rate in churn.values() for runs in by_rate.values()) + 0.5
    ax.set(ylim=(-0.03 * top, top), ylabel="churn against the reference (%)")
    ax.set(xlabel="learning rate of both runs")
    ax.set_xticks(rates[0], [f"{rate:g}" for rate in rates[0]])
    ax.grid(axis="y")
    _name_ends(ax, {source: 100 * mean[-1] for source, mean in means.items()}, top)
    return _edge_alt(means, rates[0]), _edge_caption(means, rates[0])


def _name_ends(ax: Axes, ends: Mapping[str, float], top: float) -> None:
    """Write each source's name beside the end of its line, from the top down, clear of the last."""
    inks, lowest = dict(zip(ends, _EDGE_INKS, strict=False)), math.inf
    for source, end in sorted(ends.items(), key=lambda item: -item[1]):
        lowest = min(end, lowest - 0.075 * top)
        ink, place = inks[source], {"transform": ax.get_yaxis_transform(), "clip_on": False}
        ax.plot([1.03], [lowest], _EDGE_MARKS[ink], color=ink, **_EDGE, **place)
        look = {"color": words_in(ink), "weight": "bold", "va": "center"}
        ax.text(1.055, lowest, source, **look, **place)


@figure(7.5, 2)
def null_candidates(
    fig: LabFigure, recipes: Mapping[str, Sequence[int]], n: int, margin: float
) -> tuple[str, str]:
    """Draw the gains of each recipe's null candidates below each other, and how many of them one
    margin lets through.

    Parameters
    ----------
    recipes : {recipe: for each of its retrainings, the holdout rows on which it is right}.
    n : rows of the holdout.
    margin : what the gate asks for, a share of rows above 0; the gains that reach it are coloured.

    Raises
    ------
    ValueError : there is no recipe, a margin that is not above 0, or what false_promotion_rate
        refuses.
    """
    asked = math.ceil(as_written(margin, "margin") * n)
    if not recipes or asked < 1:
        raise ValueError(
            f"This picture needs a recipe and a margin above 0; got {len(recipes)} recipes and "
            f"{margin!r}."
        )
    gains = {name: null_gains(right, n) for name, right in recipes.items()}
    furthest = max(asked, *(int(np.abs(gain).max()) for gain in gains.values()))
    wide = max(1, furthest // 24)  # rows to a bar; one bar starts at the margin
    edges = np.arange(-(furthest // wide + 2), furthest // wide + 3) * wide + asked % wide - 0.5
    fig.set_figheight(1 + 1.35 * len(gains))
    fig.set_layout_engine("constrained")
    axes = np.atleast_1d(fig.subplots(len(gains), 1, sharex=True))
    wins = {name: float(false_promotion_rate(right, margin, n)) for name, right in recipes.items()}
    for ax, (name, gain) in zip(axes, gains.items(), strict=True):
        share = 100 * np.histogram(gain, edges)[0] / len(gain)
        inks = np.where(edges[:-1] > asked - 1, BAD, PASSED_OVER)
        ax.bar(edges[:-1], share, wide, align="edge", color=inks, edgecolor="white", linewidth=0.5)
        ax.axvline(asked - 0.5, color=INK, linewidth=1.3, linestyle=DASHED)
        ax.set(ylim=(0, 1.3 * share.max()), xlim=(edges[0], edges[-1]))
        look = {"transform": ax.transAxes, "va": "top", "color": INK}
        ax.text(0.01, 0.97, name, weight="bold", **look)
        ax.text(0.99, 0.97, f"{percent(wins[name], 2)} win", ha="right", **look)
    axes[-1].set_xlabel(f"gain over the baseline (rows of {n:,}); the recipe is the same")
    fig.supylabel("share of null candidates (%)", fontsize=10)
    return _null_alt(gains, wins, margin, n), (
        f"Nobody changed anything. A margin of {float(margin):g} (dashed) lets through "
        + ", ".join(f"{percent(rate, 2)} of {name}" for name, rate in wins.items())
        + "."
    )


def _range(ax: Axes, y: float, ends: tuple[float, float], ink: str, mark: str = "o") -> None:
    low, high = (100 * end for end in ends)
    ax.plot([low, high], [y, y], mark + "-", color=ink, **_BAR)


def _spread_alt(spreads: Mapping[str, Spread], part: str) -> str:
    said = "; ".join(
        f"{source}: {spread.same_bits} of {spread.runs} runs with the reference's bits, churn "
        f"{_from_to(spread.churn)}, accuracy {_from_to(spread.accuracy)} on all rows and "
        f"{_from_to(spread.slices[part])} on the slice"
        for source, spread in spreads.items()
    )
    return f"Ranges over runs, one line per source of noise; the slice is {part}. {said}."


def _spread_caption(spreads: Mapping[str, Spread], part: str) -> str:
    whole = max(spread.accuracy[1] - spread.accuracy[0] for spread in spreads.values())
    slices = max(spread.slices[part][1] - spread.slices[part][0] for spread in spreads.values())
    return (
        f"Widest range of accuracy: {100 * whole:.1f} points on all rows, {100 * slices:.1f} "
        "points on the slice. Where nothing was let in there is one point."
    )


def _from_to(ends: tuple[float, float]) -> str:
    low, high = (percent(end, 1) for end in ends)
    return low if low == high else f"{low} to {high}"


def _edge_alt(means: Mapping[str, Sequence[float]], rates: Sequence[float]) -> str:
    said = "; ".join(
        f"{source}: "
        + ", ".join(f"{percent(m, 2)} at {r:g}" for r, m in zip(rates, mean, strict=True))
        for source, mean in means.items()
    )
    return f"Mean churn over the learning rate, one line per source of noise. {said}."


def _edge_caption(means: Mapping[str, Sequence[float]], rates: Sequence[float]) -> str:
    silent = [source for source, mean in means.items() if mean[0] == 0]
    others = [source for source in means if source not in silent]
    if not silent:
        return f"At a learning rate of {rates[0]:g} every source changes predictions."
    does = f" These do: {', '.join(others)}." if others else ""
    where = f"At a learning rate of {rates[0]:g} these change no prediction"
    return f"{where}: {', '.join(silent)}.{does}"


def _null_alt(
    gains: Mapping[str, np.ndarray], wins: Mapping[str, float], margin: float, n: int
) -> str:
    said = " ".join(
        f"{name}: {gain.min()} to {gain.max()}, and {percent(wins[name], 2)} win."
        for name, gain in gains.items()
    )
    return (
        f"Histograms of the gains of null candidates in rows of {n:,}, one below the other on one "
        f"axis, with a margin of {float(margin):g}. {said}"
    )
