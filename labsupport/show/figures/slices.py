"""Figures of lesson 03: luck among many candidates, a holdout that wears out, p-values before and after Holm."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from labsupport.show.pictures import (
    BLUE,
    GREEN,
    GREY,
    INK,
    VERMILLION,
    Picture,
    new_figure,
    picture,
    styled,
)
from labsupport.slices import SliceTest

_DASHED = (0, (4, 3))
_DARK = {VERMILLION: "#9c4400", BLUE: "#005a8c"}  # the same hues, dark enough for words
_LEAST = 0.0001  # smaller p-values are drawn here


def measured_and_true(
    measured: np.ndarray, true: np.ndarray, plain: np.ndarray, strict: np.ndarray
) -> Picture:
    """Draw candidates by the gain that the holdout showed and the gain that they truly have.

    Parameters
    ----------
    measured, true : (n,) gains, shares of rows.
    plain, strict : (n,) bool: promoted by the plain gate, promoted by the strict gate.

    Raises
    ------
    ValueError : nobody was promoted by the plain gate, so there is no luck to show.
    """
    if not plain.any():
        raise ValueError(
            "The plain gate promoted none of these candidates; there is no luck to draw."
        )
    kinds = (
        (f"blocked by both ({(~plain & ~strict).mean():.0%})", ~plain & ~strict, "#b5b5b5", "."),
        (
            f"promoted by the plain gate only ({(plain & ~strict).mean():.0%})",
            plain & ~strict,
            VERMILLION,
            "x",
        ),
        (f"promoted by the strict gate ({strict.mean():.0%})", strict, BLUE, "o"),
    )
    with styled():
        fig = new_figure(7.5, 4.6)
        ax = _axes(fig, "gain measured on the holdout (points)", "true gain (points)")
        for label, rows, colour, marker in kinds:
            size = {".": 4, "x": 4.5, "o": 4.5}[marker]
            ax.plot(
                100 * measured[rows],
                100 * true[rows],
                marker,
                color=colour,
                markersize=size,
                label=label,
                alpha=0.8,
            )
        ax.axhline(0, color=INK, linewidth=0.9, zorder=1)
        ax.axvline(0, color=INK, linewidth=0.9, zorder=1)
        ax.legend(loc="upper left", fontsize=9.5, handletextpad=0.2, borderaxespad=0.1)
        ax.text(
            0.99,
            0.03,
            "promoted and worse",
            transform=ax.transAxes,
            ha="right",
            weight="bold",
            color=_DARK[VERMILLION],
        )
        worse = {
            name: (true[rows] < 0).mean() if rows.any() else 0
            for name, rows in (("plain", plain), ("strict", strict))
        }
        alt = (
            f"{len(true):,} candidates by measured gain (across) and true gain (up), in percentage points. "
            + "; ".join(label for label, *_ in kinds)
            + f". Of those that the plain gate promoted {worse['plain']:.0%} are truly worse, of those that the strict gate "
            f"promoted {worse['strict']:.0%}."
        )
        caption = f"Truly worse: {worse['plain']:.0%} of what the plain gate promotes, {worse['strict']:.0%} of the strict."
        return picture(fig, alt, caption)


def best_of_k(k: Sequence[int], measured: np.ndarray, true: np.ndarray) -> Picture:
    """Draw what the best of k candidates scores on the holdout that picked it, and what it truly
    scores.

    Parameters
    ----------
    k : how many candidates to pick from, increasing.
    measured, true : (len(k),) expected accuracies of the one that was picked.
    """
    with styled():
        fig = new_figure(7.5, 3.9)
        ax = _axes(fig, "candidates to choose from (k)", "accuracy of the best of k (%)")
        ax.set_xscale("log")
        ax.set_xticks(k, [str(one) for one in k])
        ax.set_xticks([], minor=True)
        ax.fill_between(k, 100 * true, 100 * measured, color=VERMILLION, alpha=0.14, linewidth=0)
        ax.plot(k, 100 * measured, "X-", color=VERMILLION, markeredgecolor="white")
        ax.plot(k, 100 * true, "o-", color=BLUE, markersize=8, markeredgecolor="white")
        _name_ends(
            ax, k[-1], {"on the holdout": (measured[-1], VERMILLION), "in truth": (true[-1], BLUE)}
        )
        said = "; ".join(
            f"k = {one}: {100 * m:.2f} and {100 * t:.2f}"
            for one, m, t in zip(k, measured, true, strict=True)
        )
        alt = f"Accuracy of the best of k candidates, in per cent, on the holdout that picked it and in truth. {said}."
        first, last = 100 * (measured - true)[[0, -1]]
        caption = f"The holdout flatters its winner: by {first:.2f} points at k = {k[0]}, by {last:.2f} at k = {k[-1]}."
        return picture(fig, alt, caption)


def worn_out(measured: np.ndarray, true: np.ndarray, ceiling: float) -> Picture:
    """Draw how models that are kept for their score on one holdout do on it, and in truth.

    Parameters
    ----------
    measured, true : (teams, tries + 1) accuracies of the model that each team holds after so many
        tries.
    ceiling : true accuracy of the best model there is.
    """
    tries = np.arange(measured.shape[1])
    with styled():
        fig = new_figure(7.5, 4.1)
        ax = _axes(fig, "tries on the same holdout", "accuracy (%)")
        for rows, colour in ((measured, VERMILLION), (true, BLUE)):
            ax.plot(
                tries, 100 * rows.T, color=colour, linewidth=0.8, alpha=0.35, drawstyle="steps-post"
            )
            ax.plot(
                tries, 100 * rows.mean(axis=0), color=colour, linewidth=2.6, drawstyle="steps-post"
            )
        ax.axhline(100 * ceiling, color=GREY, linewidth=1.2, linestyle=_DASHED)
        ax.text(
            tries[-1],
            100 * ceiling + 0.01,
            "the best model there is, in truth",
            color=GREY,
            fontsize=9.5,
            ha="right",
        )
        ends = {
            "on the holdout": (measured[:, -1].mean(), VERMILLION),
            "in truth": (true[:, -1].mean(), BLUE),
        }
        _name_ends(ax, tries[-1], ends)
        (m0, m1), (t0, t1) = ((100 * rows.mean(axis=0)[[0, -1]]) for rows in (measured, true))
        alt = (
            f"Accuracy of {len(measured)} models over {tries[-1]:,} tries on one holdout, in per cent, and their means: on "
            f"the holdout from {m0:.2f} up to {m1:.2f}, in truth from {t0:.2f} down to {t1:.2f}. "
            f"The best model there is scores {100 * ceiling:.2f}."
        )
        return picture(
            fig, alt, f"On average {m1 - m0:+.2f} points on the holdout, {t1 - t0:+.2f} in truth."
        )


def corrected(tests: Sequence[SliceTest], level: float = 0.05) -> Picture:
    """Draw the p-value of every slice alone, and after Holm's correction for all of them.

    Parameters
    ----------
    tests : as slice_tests returns them.
    level : what an adjusted p-value has to stay below to count.
    """
    tests = sorted(tests, key=lambda test: test.p_value)
    with styled():
        fig = new_figure(7.5, 1.1 + 0.36 * len(tests))
        fig.set_layout_engine("constrained")
        ax = fig.subplots()
        ax.set_xscale("log")
        ax.set(
            xlim=(_LEAST, 1.6),
            ylim=(len(tests) - 0.4, -0.6),
            xlabel="p-value: alone (ring) and after Holm (filled)",
        )
        ax.set_xticks(
            [_LEAST, 0.001, 0.01, level, 1], [f"≤ {_LEAST:.4f}", "0.001", "0.01", f"{level:g}", "1"]
        )
        ax.set_xticks([], minor=True)
        ax.axvspan(_LEAST, level, color=GREEN, alpha=0.12, linewidth=0)
        ax.axvline(level, color=GREEN, linewidth=1.5)
        for y, test in enumerate(tests):
            _arrow(ax, y, test, level)
        ax.set_yticks(
            range(len(tests)),
            [f"{test.slice} ({100 * test.gain:+.2f})".replace("-", "−") for test in tests],
        )
        ax.tick_params(axis="y", length=0)
        lost = [test.slice for test in tests if test.adjusted <= level and test.gain < 0]
        fallen = [test.slice for test in tests if test.p_value <= level < test.adjusted]
        said = "; ".join(
            f"{test.slice}, {100 * test.gain:+.2f} points: {test.p_value:.2g}, adjusted {test.adjusted:.2g}"
            for test in tests
        )
        alt = f"p-value per slice, alone and adjusted by Holm over {len(tests)} slices; the level is {level:g}. {said}."
        caption = f"Losses that stand: {', '.join(lost) or 'none'}. Back above {level:g}: {', '.join(fallen) or 'none'}."
        return picture(fig, alt, caption)


def _arrow(ax: Axes, y: float, test: SliceTest, level: float) -> None:
    """A ring at the p-value alone, a filled mark at the adjusted one: a cross where a loss stands."""
    alone, adjusted = max(test.p_value, _LEAST), max(test.adjusted, _LEAST)
    stands = test.adjusted <= level
    colour = GREY if not stands else VERMILLION if test.gain < 0 else BLUE
    ax.plot([alone, adjusted], [y, y], color=colour, linewidth=1.6, zorder=2)
    ax.plot(
        alone,
        y,
        "o",
        markerfacecolor="white",
        markeredgecolor=colour,
        markersize=8,
        zorder=3,
        clip_on=False,
    )
    mark = "X" if stands and test.gain < 0 else "o"
    ax.plot(
        adjusted,
        y,
        mark,
        color=colour,
        markersize=7 if adjusted == _LEAST else 9,
        zorder=4,
        clip_on=False,
    )


def _axes(fig: Figure, across: str, up: str) -> Axes:
    width, height = fig.get_size_inches()
    ax = fig.add_axes((0.85 / width, 0.62 / height, 1 - 1.0 / width, 1 - 0.75 / height))
    ax.set(xlabel=across, ylabel=up)
    return ax


def _name_ends(ax: Axes, x: float, ends: dict[str, tuple[float, str]]) -> None:
    """Write its name beside the right end of each curve."""
    beside = {
        "xytext": (8, 0),
        "textcoords": "offset points",
        "va": "center",
        "weight": "bold",
        "fontsize": 10,
    }
    for name, (accuracy, colour) in ends.items():
        ax.annotate(name, (x, 100 * accuracy), color=_DARK[colour], **beside)
    left, bottom, width, height = ax.get_position().bounds
    ax.set_position((left, bottom, width - 0.145, height))
