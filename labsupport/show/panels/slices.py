"""Lesson 03's panel: how often a set of slices cries wolf, and how often it overlooks the slice that is hurt."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import ipywidgets as widgets
import numpy as np
from matplotlib.axes import Axes
from scipy import special

from labsupport.show.panel import Panel
from labsupport.show.pictures import BLUE, GREY, INK, VERMILLION, LabFigure, Picture, picture_of
from labsupport.slices import holm

WORLDS = 2000
LEVEL = 0.05  # one-sided, as the gate accuses a slice of a loss
CHURN = 0.05  # share of rows on which exactly one of the two models is right
MOST_SLICES, MOST_BAD = 40, 5
CORRECTIONS = ("none", "Bonferroni", "Holm")
_COUNTS = (1, 2, 3, 4, 5, 6, 8, 10, 13, 16, 20, 25, 30, 35, 40)
_START = {"n_slices": 10, "rows": 1000, "loss": 2.0, "n_bad": 1, "correction": "none"}

PRESETS = {
    "one slice": _START | {"n_slices": 1},
    "ten slices": _START,
    "ten, Holm": _START | {"correction": "Holm"},
    "ten, Holm, more rows": _START | {"correction": "Holm", "rows": 2000},
}


@dataclass(frozen=True)
class ManyView:
    """One setting of the panel and what came of it in many worlds.

    Attributes
    ----------
    n_slices, rows, loss, n_bad, correction : the setting; n_bad is at most n_slices.
    false_alarm : share of the worlds without any harm in which some slice is accused.
    missed : share of the slices that are hurt, in worlds that have some, that are not accused.
    counts, false_alarms, misses : the same over the number of slices, for the picture.
    sentence : the numbers in words.
    """

    n_slices: int
    rows: int
    loss: float
    n_bad: int
    correction: str
    false_alarm: float
    missed: float
    counts: tuple[int, ...]
    false_alarms: tuple[float, ...]
    misses: tuple[float, ...]
    sentence: str

    def __str__(self) -> str:
        return self.sentence

    def picture(self) -> Picture:
        """Both rates over the number of slices, with this setting marked."""
        caption = (
            f"{_plural(self.n_slices, 'slice')}, correction {self.correction}: {self.false_alarm:.0%} false alarms, "
            f"{self.missed:.0%} missed."
        )
        return picture_of(self, plot_many, caption)


def many_view(
    n_slices: int = 10,
    rows: int = 1000,
    loss: float = 2.0,
    n_bad: int = 1,
    correction: str = "none",
) -> ManyView:
    """Compare two models on several slices in many simulated worlds.

    Parameters
    ----------
    n_slices : slices that are looked at, 1 to 40.
    rows : rows in each.
    loss : what the candidate truly loses in a slice that is hurt, in percentage points, above 0 and
        at most 5.
    n_bad : how many slices are hurt, 1 to 5, and at most all of them.
    correction : "none", "Bonferroni" or "Holm".

    Raises
    ------
    ValueError : a value out of range.
    """
    if not (
        1 <= n_slices <= MOST_SLICES
        and 1 <= n_bad <= MOST_BAD
        and rows >= 1
        and 0 < loss <= 100 * CHURN
    ):
        raise ValueError(
            f"Ask for 1 to {MOST_SLICES} slices, 1 to {MOST_BAD} of them hurt, 1 row or more, and a loss above 0 and up to "
            f"{100 * CHURN:g} points; got {n_slices!r}, {n_bad!r}, {rows!r} and {loss!r}."
        )
    if correction not in CORRECTIONS:
        raise ValueError(
            f"There is no correction {correction!r}; choose one of: {', '.join(CORRECTIONS)}."
        )
    counts, false_alarms, misses = _curves(rows, loss, n_bad, correction)
    false_alarm, missed = _rates(n_slices, rows, loss, n_bad, correction)
    n_bad = min(n_bad, n_slices)
    sentence = (
        f"{false_alarm:.0%} false alarms, {missed:.0%} missed. "
        f"{_plural(n_slices, 'slice')} of {rows:,} rows, {_CORRECTION_WORDS[correction]}: {false_alarm:.0%} of {WORLDS:,} "
        f"worlds without any harm accuse some slice, and {missed:.0%} of the slices that truly lose {loss:g} points "
        f"({n_bad} of {n_slices}) go unnoticed."
    )
    return ManyView(
        n_slices,
        rows,
        loss,
        n_bad,
        correction,
        false_alarm,
        missed,
        counts,
        false_alarms,
        misses,
        sentence,
    )


def many_panel() -> Panel:
    """The panel of lesson 03: show it as the last expression of a cell."""
    return Panel(many_view, plot_many, _controls(), PRESETS)


def plot_many(fig: LabFigure, view: ManyView) -> str:
    """Draw both rates over the number of slices into a figure; return the alt text."""
    ax = fig.frame("rates", lambda: _empty(fig))
    ax.plot([view.n_slices] * 2, [0, 100], color=GREY, linewidth=1, linestyle=(0, (4, 3)), zorder=1)
    curves = [
        ("false alarms", "X", VERMILLION, view.false_alarms, view.false_alarm),
        ("missed", "o", BLUE, view.misses, view.missed),
    ]
    upper_here, upper_end = (
        max(curves, key=lambda curve: curve[4]),
        max(curves, key=lambda curve: curve[3][-1]),
    )
    end_apart = 7 if abs(view.false_alarms[-1] - view.misses[-1]) < 0.07 else 0
    for curve in curves:
        name, marker, colour, rates, here = curve
        side, end_side = (1 if curve is upper else -1 for upper in (upper_here, upper_end))
        ax.plot(view.counts, 100 * np.array(rates), color=colour, zorder=2)
        ax.plot(
            view.n_slices,
            100 * here,
            marker,
            color=colour,
            markersize=13,
            markeredgecolor="white",
            zorder=4,
        )
        around = {
            "ha": "center",
            "va": "center",
            "weight": "bold",
            "fontsize": 10,
            "zorder": 5,
            "bbox": _HALO,
        }
        ax.text(view.n_slices, 100 * here + 8 * side, f"{here:.0%}", color=INK, **around)
        ax.text(
            43,
            100 * rates[-1] + end_apart * end_side / 2,
            name,
            color=INK,
            va="center",
            fontsize=10,
        )
    said = "; ".join(
        f"{count}: {false:.0%} and {missed:.0%}"
        for count, false, missed in zip(view.counts, view.false_alarms, view.misses, strict=True)
        if count in (1, 5, 10, 20, 40)
    )
    return (
        f"False alarms (share of the worlds) and missed alarms (share of the slices that lose) over the number of slices, "
        f"correction {view.correction}, {view.rows:,} rows a slice, true loss {view.loss:g} points. At {said}. Marked: "
        f"{_plural(view.n_slices, 'slice')}, {view.false_alarm:.0%} false alarms, {view.missed:.0%} missed."
    )


_HALO = {"boxstyle": "round,pad=0.15", "facecolor": "white", "edgecolor": "none", "alpha": 0.85}
_CORRECTION_WORDS = {
    "none": "no correction",
    "Bonferroni": "Bonferroni's correction",
    "Holm": "Holm's correction",
}


@lru_cache(maxsize=64)
def _p_values(rows: int, loss: float, columns: int) -> np.ndarray:
    """One-sided p-values (WORLDS, columns) of the score test against "no loss", as the gate makes it with tolerance 0."""
    rng = np.random.default_rng(columns)  # other draws for the slices that are hurt
    pairs = rng.binomial(rows, CHURN, (WORLDS, columns))
    worse = rng.binomial(pairs, (1 + loss / (100 * CHURN)) / 2)
    return special.ndtr((pairs - 2 * worse) / np.sqrt(np.maximum(pairs, 1)))


def _accused(p: np.ndarray, correction: str) -> np.ndarray:
    """Which of the p-values (worlds, k) accuse their slice."""
    k = p.shape[1]
    if correction == "none":
        return p <= LEVEL
    if correction == "Bonferroni":
        return p <= LEVEL / k
    return holm(p) <= LEVEL


@lru_cache(maxsize=4096)
def _rates(k: int, rows: int, loss: float, n_bad: int, correction: str) -> tuple[float, float]:
    healthy, hurt = _p_values(rows, 0.0, MOST_SLICES), _p_values(rows, loss, MOST_BAD)
    n_bad = min(n_bad, k)
    false = _accused(healthy[:, :k], correction).any(axis=1)
    found = _accused(np.hstack([hurt[:, :n_bad], healthy[:, n_bad:k]]), correction)[:, :n_bad]
    return float(false.mean()), float(1 - found.mean())


def _curves(rows: int, loss: float, n_bad: int, correction: str) -> tuple[tuple, tuple, tuple]:
    false_alarms, misses = zip(
        *(_rates(k, rows, loss, n_bad, correction) for k in _COUNTS), strict=True
    )
    return _COUNTS, false_alarms, misses


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _empty(fig: LabFigure) -> Axes:
    ax = fig.add_axes((0.12, 0.15, 0.85, 0.82))
    ax.set(
        xlim=(-1, 55),
        ylim=(-12, 112),
        xlabel="number of slices",
        ylabel="false or missed alarms (%)",
    )
    ax.set_xticks([1, 10, 20, 30, 40])
    ax.set_yticks([0, 20, 40, 60, 80, 100])
    ax.plot([-1, MOST_SLICES], [100 * LEVEL] * 2, color="#c9c9c9", linewidth=1, zorder=1)
    return ax


def _controls() -> dict[str, widgets.ValueWidget]:
    look = {"style": {"description_width": "130px"}, "layout": widgets.Layout(width="auto")}
    return {
        "n_slices": widgets.IntSlider(
            _START["n_slices"], min=1, max=MOST_SLICES, description="slices", **look
        ),
        "rows": widgets.SelectionSlider(
            options=[100, 200, 500, 1000, 2000, 5000, 10_000],
            value=_START["rows"],
            description="rows in each",
            **look,
        ),
        "loss": widgets.FloatSlider(
            _START["loss"],
            min=0.5,
            max=5,
            step=0.5,
            readout_format=".1f",
            description="true loss (points)",
            **look,
        ),
        "n_bad": widgets.IntSlider(
            _START["n_bad"], min=1, max=MOST_BAD, description="slices that lose", **look
        ),
        "correction": widgets.Dropdown(
            options=CORRECTIONS, value="none", description="correction", **look
        ),
    }
