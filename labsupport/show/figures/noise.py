"""Figures of lesson 04: what each source of noise does, and how null candidates fare at a margin."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from labsupport.exact import as_written
from labsupport.noise import Spread, false_promotion_rate, null_gains
from labsupport.show.pictures import BLUE, INK, VERMILLION, Picture, new_figure, picture, styled


def source_spread(spreads: Mapping[str, Spread]) -> Picture:
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
    with styled():
        fig = new_figure(7.5, 1.75 + 0.38 * len(spreads))
        fig.set_layout_engine("constrained")
        churn, accuracy = fig.subplots(1, 2, sharey=True, width_ratios=(2, 3))
        for y, spread in enumerate(spreads.values()):
            _range(churn, y, spread.churn, INK)
            _range(accuracy, y - 0.13, spread.accuracy, BLUE)
            _range(accuracy, y + 0.13, spread.slices[part], VERMILLION)
        churn.set_yticks(range(len(spreads)), list(spreads))
        churn.set(
            ylim=(len(spreads) - 0.5, -0.5),
            xlim=(-0.5, None),
            xlabel="churn against the reference (%)",
        )
        accuracy.set(xlabel="accuracy (%), lowest to highest run")
        for ax in (churn, accuracy):
            ax.tick_params(axis="y", length=0)
            ax.grid(axis="x")
        handles = [
            accuracy.plot([], [], color=colour, linewidth=5)[0] for colour in (BLUE, VERMILLION)
        ]
        fig.legend(handles, ["all rows", f"the slice: {part}"], loc="outside upper right", ncols=2)
        return picture(fig, _spread_alt(spreads, part), _spread_caption(spreads, part))


def null_candidates(right: Sequence[int], n: int, margins: Sequence[float]) -> Picture:
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
    share = 100 * times / times.sum()
    rows = [math.ceil(as_written(margin) * n) for margin in margins]
    rates = [float(false_promotion_rate(right, margin, n)) for margin in margins]
    with styled():
        fig = new_figure(7.5, 3.7)
        ax = fig.add_axes((0.085, 0.155, 0.885, 0.8))
        ax.bar(gains, share, width=0.8, color=np.where(gains >= rows[0], VERMILLION, "#9db8c9"))
        top = 1.3 * share.max()
        reach = 1.08 * max(*np.abs(gains), *rows)
        ax.set(xlim=(-reach, reach), ylim=(0, top), ylabel="share of null candidates (%)")
        ax.set_xlabel(f"gain over the baseline (rows of {n:,}); the recipe is the same")
        for place, (margin, at, rate) in enumerate(
            sorted(zip(margins, rows, rates, strict=True), reverse=True)
        ):
            height = top * (
                0.93 - 0.11 * place
            )  # the largest margin highest, so that no line crosses a word
            ax.plot([at - 0.5] * 2, [0, height], color=INK, linewidth=1.3, linestyle=(0, (4, 3)))
            words = f"margin {float(margin):g}: {rate:.2%} win"
            ax.text(at - 0.8, height, words, ha="right", va="top", fontsize=10, color=INK)
        return picture(
            fig, _null_alt(gains, share, margins, rates, n), _null_caption(margins, rates)
        )


def _range(ax: Axes, y: float, ends: tuple[float, float], colour: str) -> None:
    low, high = (100 * end for end in ends)
    ax.plot(
        [low, high], [y, y], color=colour, linewidth=5, marker="o", markersize=6, markeredgewidth=0
    )


def _spread_alt(spreads: Mapping[str, Spread], part: str) -> str:
    said = [
        f"{source}: {spread.same_bits} of {spread.runs} runs with the reference's bits, churn {_percent(spread.churn)}, "
        f"accuracy {_percent(spread.accuracy)} on all rows and {_percent(spread.slices[part])} on the slice"
        for source, spread in spreads.items()
    ]
    return (
        f"Ranges over runs, one line per source of noise; the slice is {part}. "
        + "; ".join(said)
        + "."
    )


def _spread_caption(spreads: Mapping[str, Spread], part: str) -> str:
    whole = max(spread.accuracy[1] - spread.accuracy[0] for spread in spreads.values())
    slices = max(spread.slices[part][1] - spread.slices[part][0] for spread in spreads.values())
    return (
        f"Widest range of accuracy: {100 * whole:.1f} points on all rows, {100 * slices:.1f} points on the slice. "
        "Where nothing was let in there is one point."
    )


def _percent(ends: tuple[float, float]) -> str:
    low, high = (f"{100 * end:.1f}" for end in ends)
    return f"{low} %" if low == high else f"{low} to {high} %"


def _null_alt(
    gains: np.ndarray, share: np.ndarray, margins: Sequence[float], rates: Sequence[float], n: int
) -> str:
    said = "; ".join(
        f"a margin of {float(margin):g} lets {rate:.2%} through"
        for margin, rate in zip(margins, rates, strict=True)
    )
    return (
        f"Histogram of the gains of null candidates in rows of {n:,}, symmetric around 0, {gains.min()} to {gains.max()}. "
        f"The tallest bar holds {share.max():.1f} %. {said[0].upper()}{said[1:]}."
    )


def _null_caption(margins: Sequence[float], rates: Sequence[float]) -> str:
    return f"Nobody changed anything, and yet {rates[0]:.2%} of the candidates win by a margin of {float(margins[0]):g}."
