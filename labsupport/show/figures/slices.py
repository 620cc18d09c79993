"""Figures of lesson 03: the best of many, a worn-out holdout, p-values before and after Holm."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from labsupport.show.draw import (
    BAD,
    DASHED,
    GREY,
    MAIN,
    count,
    figure,
    in_points,
    minus,
    percent,
    words_in,
)
from labsupport.show.pictures import LabFigure
from labsupport.slices import SliceTest

_LEAST = 0.0001  # smaller p-values are drawn here


@figure(7.5, 3.9)
def best_of_k(
    fig: LabFigure, k: Sequence[int], measured: np.ndarray, true: np.ndarray
) -> tuple[str, str]:
    """Draw what the best of k candidates scores on the holdout that picked it, and what it truly
    scores.

    Parameters
    ----------
    k : how many candidates to pick from, increasing.
    measured, true : (len(k),) expected accuracies of the one that was picked.
    """
    ax = _axes(fig, "candidates to choose from (k)", "accuracy of the best of k (%)")
    ax.set_xscale("log")
    ax.set_xticks(k, [str(one) for one in k])
    ax.set_xticks([], minor=True)
    ax.fill_between(k, 100 * true, 100 * measured, color=BAD, alpha=0.14, linewidth=0)
    ax.plot(k, 100 * measured, "X-", color=BAD, markeredgecolor="white")
    ax.plot(k, 100 * true, "o-", color=MAIN, markersize=8, markeredgecolor="white")
    _name_ends(ax, k[-1], measured[-1], true[-1])
    said = "; ".join(
        f"k = {one}: {percent(m, 2)} and {percent(t, 2)}"
        for one, m, t in zip(k, measured, true, strict=True)
    )
    first, last = 100 * (measured - true)[[0, -1]]
    return (
        f"Accuracy of the best of k candidates on the holdout that picked it and in truth. {said}."
    ), (
        f"The holdout shows {in_points(first / 100)} points too many at k = {k[0]}, "
        f"{in_points(last / 100)} at k = {k[-1]}: picking made {in_points((last - first) / 100)}."
    )


@figure(7.5, 4.1)
def worn_out(
    fig: LabFigure, measured: np.ndarray, true: np.ndarray, ceiling: float
) -> tuple[str, str]:
    """Draw how models that are kept for their score on one holdout do on it, and in truth.

    Parameters
    ----------
    measured, true : (teams, tries + 1) accuracies of the model that each team holds after so many
        tries.
    ceiling : true accuracy of the best model there is.
    """
    tries = np.arange(measured.shape[1])
    ax = _axes(fig, "tries on the same holdout", "accuracy (%)")
    for rows, ink in ((measured, BAD), (true, MAIN)):
        step = {"color": ink, "drawstyle": "steps-post"}
        ax.plot(tries, 100 * rows.T, linewidth=0.8, alpha=0.35, **step)
        ax.plot(tries, 100 * rows.mean(axis=0), linewidth=2.6, **step)
    ax.axhline(100 * ceiling, color=GREY, linewidth=1.2, linestyle=DASHED)
    ax.margins(y=0.08)
    small = {"color": GREY, "fontsize": 9.5, "ha": "right", "va": "bottom"}
    above = {"xytext": (0, 3), "textcoords": "offset points"}
    ax.annotate("the best model there is, in truth", (tries[-1], 100 * ceiling), **above, **small)
    (m0, m1), (t0, t1) = (rows.mean(axis=0)[[0, -1]] for rows in (measured, true))
    _name_ends(ax, tries[-1], m1, t1)
    return (
        f"Accuracy of {count(len(measured), 'model')} over {tries[-1]:,} tries on one holdout, and "
        f"their means: on the holdout from {percent(m0, 2)} up to {percent(m1, 2)}, in truth from "
        f"{percent(t0, 2)} down to {percent(t1, 2)}. "
        f"The best model there is scores {percent(ceiling, 2)}."
    ), f"On average {in_points(m1 - m0)} points on the holdout, {in_points(t1 - t0)} in truth."


@figure(7.5, 4)
def corrected(fig: LabFigure, tests: Sequence[SliceTest], level: float = 0.05) -> tuple[str, str]:
    """Draw the p-value of every slice alone, and after Holm's correction for all of them.

    Parameters
    ----------
    tests : as slice_tests returns them.
    level : what an adjusted p-value has to stay below to count.
    """
    tests = sorted(tests, key=lambda test: test.p_value)
    fig.set_figheight(1.1 + 0.36 * len(tests))
    fig.set_layout_engine("constrained")
    ax = fig.subplots()
    ax.set_xscale("log")
    ax.set(xlim=(_LEAST, 1.6), ylim=(len(tests) - 0.4, -0.6))
    ax.set(xlabel="p-value: alone (ring) and after Holm (filled)")
    ticks = {_LEAST: f"≤ {_LEAST:.4f}", 0.001: "0.001", 0.01: "0.01", level: f"{level:g}", 1: "1"}
    ax.set_xticks(list(ticks), list(ticks.values()))
    ax.set_xticks([], minor=True)
    # Grey: what is at or below the level counts, and is neither good news nor bad.
    ax.axvspan(_LEAST, level, color=GREY, alpha=0.14, linewidth=0)
    ax.axvline(level, color=GREY, linewidth=1.5)
    for y, test in enumerate(tests):
        _arrow(ax, y, test, level)
    names = [f"{test.slice} ({minus(in_points(test.gain))})" for test in tests]
    ax.set_yticks(range(len(tests)), names)
    ax.tick_params(axis="y", length=0)
    lost = [test.slice for test in tests if test.adjusted <= level and test.gain < 0]
    fallen = [test.slice for test in tests if test.p_value <= level < test.adjusted]
    said = "; ".join(
        f"{test.slice}, {in_points(test.gain)} points: {test.p_value:.2g}, adjusted "
        f"{test.adjusted:.2g}"
        for test in tests
    )
    return (
        f"p-value per slice, alone and adjusted by Holm over {count(len(tests), 'slice')}; the "
        f"level is {level:g}. {said}."
    ), (
        f"Losses that stand: {', '.join(lost) or 'none'}. "
        f"Back above {level:g}: {', '.join(fallen) or 'none'}."
    )


def _arrow(ax: Axes, y: float, test: SliceTest, level: float) -> None:
    """A ring at the p-value alone, a mark at the adjusted one: a cross where a loss stands."""
    alone, adjusted = max(test.p_value, _LEAST), max(test.adjusted, _LEAST)
    ink, mark = GREY, "o"
    if test.adjusted <= level:
        ink, mark = (BAD, "X") if test.gain < 0 else (MAIN, "o")
    ax.plot([alone, adjusted], [y, y], color=ink, linewidth=1.6, zorder=2)
    ring = {"markerfacecolor": "white", "markeredgecolor": ink, "markersize": 8, "zorder": 3}
    ax.plot(alone, y, "o", clip_on=False, **ring)
    size = 7 if adjusted == _LEAST else 9
    ax.plot(adjusted, y, mark, color=ink, markersize=size, zorder=4, clip_on=False)


def _axes(fig: LabFigure, across: str, up: str) -> Axes:
    width, height = fig.get_size_inches()
    ax = fig.add_axes((0.85 / width, 0.62 / height, 1 - 1.0 / width, 1 - 0.75 / height))
    ax.set(xlabel=across, ylabel=up)
    return ax


def _name_ends(ax: Axes, x: float, measured: float, true: float) -> None:
    """Name the two curves beside their right ends, which are accuracies at x."""
    beside = {"xytext": (8, 0), "textcoords": "offset points", "va": "center", "fontsize": 10}
    for name, accuracy, ink in (("on the holdout", measured, BAD), ("in truth", true, MAIN)):
        ax.annotate(name, (x, 100 * accuracy), color=words_in(ink), weight="bold", **beside)
    left, bottom, width, height = ax.get_position().bounds
    ax.set_position((left, bottom, width - 0.145, height))
