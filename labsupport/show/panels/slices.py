"""Lesson 03's panel: how often slices cry wolf, and how often a hurt one goes unnoticed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from matplotlib.axes import Axes
from scipy import special

from labsupport.show.controls import Choice, Panel, Slider
from labsupport.show.draw import BAD, DASHED, GREY, INK, MAIN, RULE, count, percent
from labsupport.show.pictures import LabFigure, Picture
from labsupport.slices import holm

WORLDS = 2000
LEVEL = 0.05  # one-sided, as the gate accuses a slice of a loss
CHURN = 0.05  # share of rows on which exactly one of the two models is right
MOST_SLICES, MOST_BAD = 40, 5
CORRECTIONS = ("none", "Bonferroni", "Holm")
_COUNTS = (1, 2, 3, 4, 5, 6, 8, 10, 13, 16, 20, 25, 30, 35, 40)


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
            f"{count(self.n_slices, 'slice')}, correction {self.correction}: "
            f"{percent(self.false_alarm, 0)} false alarms, {percent(self.missed, 0)} missed."
        )
        return PANEL.picture(self, caption)


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
    known = 1 <= n_slices <= MOST_SLICES and 1 <= n_bad <= MOST_BAD
    if not (known and rows >= 1 and 0 < loss <= 100 * CHURN):
        raise ValueError(
            f"Ask for 1 to {MOST_SLICES} slices, 1 to {MOST_BAD} of them hurt, 1 row or more, and "
            f"a loss above 0 and up to {100 * CHURN:g} points; "
            f"got {n_slices!r}, {n_bad!r}, {rows!r} and {loss!r}."
        )
    if correction not in CORRECTIONS:
        raise ValueError(
            f"There is no correction {correction!r}; choose one of: {', '.join(CORRECTIONS)}."
        )
    setting = (rows, loss, n_bad, correction)
    false_alarm, missed = _rates(n_slices, *setting)
    n_bad = min(n_bad, n_slices)
    alarms, misses = percent(false_alarm, 0), percent(missed, 0)
    sentence = (
        f"{alarms} false alarms, {misses} missed. {count(n_slices, 'slice')} of {rows:,} rows, "
        f"{_CORRECTION_WORDS[correction]}: {alarms} of {WORLDS:,} worlds without any harm accuse "
        f"some slice, and {misses} of the slices that truly lose {loss:g} points "
        f"({n_bad} of {n_slices}) go unnoticed."
    )
    rates, curves = (false_alarm, missed), _curves(*setting)
    return ManyView(n_slices, rows, loss, n_bad, correction, *rates, *curves, sentence)


def plot_many(fig: LabFigure, view: ManyView) -> str:
    """Draw both rates over the number of slices into a figure; return the alt text."""
    ax = fig.frame("rates", lambda: _empty(fig))
    ax.plot([view.n_slices] * 2, [0, 100], color=GREY, linewidth=1, linestyle=DASHED, zorder=1)
    alarms_above = (view.false_alarm >= view.missed, view.false_alarms[-1] >= view.misses[-1])
    near = abs(view.false_alarms[-1] - view.misses[-1]) < 0.07
    for name, marker, ink, rates, here, sides in (
        ("false alarms", "X", BAD, view.false_alarms, view.false_alarm, alarms_above),
        ("missed", "o", MAIN, view.misses, view.missed, [not above for above in alarms_above]),
    ):
        up, end_up = (1 if above else -1 for above in sides)
        ax.plot(view.counts, 100 * np.array(rates), color=ink, zorder=2)
        mark = {"color": ink, "markersize": 13, "markeredgecolor": "white", "zorder": 4}
        ax.plot(view.n_slices, 100 * here, marker, **mark)
        around = {"ha": "center", "weight": "bold", "zorder": 5, "bbox": _HALO}
        ax.text(view.n_slices, 100 * here + 8 * up, percent(here, 0), **_WORD, **around)
        ax.text(43, 100 * rates[-1] + 3.5 * end_up * near, name, **_WORD)
    return _alt(view)


def _alt(view: ManyView) -> str:
    said = "; ".join(
        f"{k}: {percent(false, 0)} and {percent(missed, 0)}"
        for k, false, missed in zip(view.counts, view.false_alarms, view.misses, strict=True)
        if k in (1, 5, 10, 20, 40)
    )
    return (
        "False alarms (share of the worlds) and missed alarms (share of the slices that lose) over "
        f"the number of slices, correction {view.correction}, {view.rows:,} rows a slice, true "
        f"loss {view.loss:g} points. At {said}. Marked: {count(view.n_slices, 'slice')}, "
        f"{percent(view.false_alarm, 0)} false alarms, {percent(view.missed, 0)} missed."
    )


_WORD = {"color": INK, "fontsize": 10, "va": "center"}
_HALO = {"boxstyle": "round,pad=0.15", "facecolor": "white", "edgecolor": "none", "alpha": 0.85}
_CORRECTION_WORDS = {
    "none": "no correction",
    "Bonferroni": "Bonferroni's correction",
    "Holm": "Holm's correction",
}


@lru_cache(maxsize=64)
def _p_values(rows: int, loss: float, columns: int) -> np.ndarray:
    """One-sided p-values (WORLDS, columns) of the gate's score test against "no loss"."""
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
    ax.plot([-1, MOST_SLICES], [100 * LEVEL] * 2, color=RULE, linewidth=1, zorder=1)
    return ax


PANEL = Panel(
    many_view,
    plot_many,
    controls=(
        Slider("n_slices", "slices", "", 1, MOST_SLICES, 1),
        Choice("rows", "rows in each", (100, 200, 500, 1000, 2000, 5000, 10_000), "{:,}"),
        Slider("loss", "true loss", "points", 0.5, 5.0, 0.5),
        Slider("n_bad", "slices that lose", "", 1, MOST_BAD, 1),
        Choice("correction", "correction", CORRECTIONS),
    ),
    presets={
        "one slice": {"n_slices": 1},
        "ten slices": {},
        "ten, Holm": {"correction": "Holm"},
        "ten, Holm, more rows": {"correction": "Holm", "rows": 2000},
    },
)
many_panel = PANEL.live
