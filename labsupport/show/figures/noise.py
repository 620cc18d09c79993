"""Figures of lesson 04: what each source of noise does, and how null candidates fare."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from labsupport.exact import as_written
from labsupport.noise import Spread, false_promotion_rate, null_gains
from labsupport.show.draw import BAD, DASHED, INK, MAIN, PASSED_OVER, figure, percent
from labsupport.show.pictures import LabFigure

_LEFT = {"textcoords": "offset points", "ha": "right", "va": "top"}


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
        _range(accuracy, y + 0.13, spread.slices[part], BAD)
    churn.set_yticks(range(len(spreads)), list(spreads))
    furthest = max(100 * spread.churn[1] for spread in spreads.values())
    churn.set(ylim=(len(spreads) - 0.5, -0.5), xlim=(-0.5, 1.05 * furthest + 0.5))
    churn.set(xlabel="churn against the reference (%)")
    accuracy.set(xlabel="accuracy (%), lowest to highest run")
    for ax in (churn, accuracy):
        ax.tick_params(axis="y", length=0)
        ax.grid(axis="x")
    handles = [accuracy.plot([], [], color=ink, linewidth=5)[0] for ink in (MAIN, BAD)]
    fig.legend(handles, ["all rows", f"the slice: {part}"], loc="outside upper right", ncols=2)
    return _spread_alt(spreads, part), _spread_caption(spreads, part)


@figure(7.5, 3.7)
def null_candidates(
    fig: LabFigure, right: Sequence[int], n: int, margins: Sequence[float]
) -> tuple[str, str]:
    """Draw the gains of all null candidates, and how many of them each margin lets through.

    Parameters
    ----------
    right : for each retraining of one recipe, the holdout rows on which it is right.
    n : rows of the holdout.
    margins : what gates ask for, shares of rows; the gains at or above the first are coloured.

    Raises
    ------
    ValueError : there is no margin, or what false_promotion_rate refuses.
    """
    if not margins:
        raise ValueError("There is no margin to draw; give at least one.")
    gains, times = np.unique(null_gains(right, n), return_counts=True)
    share = times / times.sum()
    rows = [math.ceil(as_written(margin) * n) for margin in margins]
    rates = [float(false_promotion_rate(right, margin, n)) for margin in margins]
    ax = fig.add_axes((0.085, 0.155, 0.885, 0.8))
    ax.bar(gains, 100 * share, width=0.8, color=np.where(gains >= rows[0], BAD, PASSED_OVER))
    # Half a bar more than the furthest gain or margin.
    top, reach = 136 * share.max(), 0.6 + 1.04 * max(*np.abs(gains), *rows)
    ax.set(xlim=(-reach, reach), ylim=(0, top), ylabel="share of null candidates (%)")
    ax.set_xlabel(f"gain over the baseline (rows of {n:,}); the recipe is the same")
    # The largest margin highest, so that no line crosses a word.
    falling = sorted(zip(margins, rows, rates, strict=True), reverse=True)
    for place, (margin, at, rate) in enumerate(falling):
        height = top * (0.93 - 0.11 * place)
        ax.plot([at - 0.5] * 2, [0, height], color=INK, linewidth=1.3, linestyle=DASHED)
        words = f"margin {float(margin):g}: {percent(rate, 2)} win"
        ax.annotate(words, (at - 0.5, height), (-5, 0), fontsize=10, color=INK, **_LEFT)
    return _null_alt(gains, share, margins, rates, n), (
        f"Nobody changed anything, and yet {percent(rates[0], 2)} of the candidates win by a "
        f"margin of {float(margins[0]):g}."
    )


def _range(ax: Axes, y: float, ends: tuple[float, float], ink: str) -> None:
    low, high = (100 * end for end in ends)
    round_ends = {"linewidth": 5, "marker": "o", "markersize": 6, "markeredgewidth": 0}
    ax.plot([low, high], [y, y], color=ink, **round_ends)


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


def _null_alt(
    gains: np.ndarray, share: np.ndarray, margins: Sequence[float], rates: Sequence[float], n: int
) -> str:
    said = "; ".join(
        f"a margin of {float(margin):g} lets {percent(rate, 2)} through"
        for margin, rate in zip(margins, rates, strict=True)
    )
    return (
        f"Histogram of the gains of null candidates in rows of {n:,}, symmetric around 0, "
        f"{gains.min()} to {gains.max()}. The tallest bar holds {percent(share.max(), 1)}. "
        f"{said[0].upper()}{said[1:]}."
    )
