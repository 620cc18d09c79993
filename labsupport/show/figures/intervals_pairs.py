"""Figures of lesson 02: what keeping pairs together does; what two gates let through, and stop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from labsupport.exact import as_written
from labsupport.show.draw import BAD, GOOD, MAIN, PALE, count, figure, in_points, tint, words_in
from labsupport.show.pictures import LabFigure


@figure(7.5, 3.9)
def paired_clouds(
    fig: LabFigure, clouds: Mapping[str, np.ndarray], n: int, margin: float
) -> tuple[str, str]:
    """Draw what two models score on each resample, one cloud for each way to draw, and the line on
    which the gain is the margin.

    Parameters
    ----------
    clouds : {name: (k, 2) int array}, the right answers of candidate and baseline on k resamples.
    n : rows of a resample.
    margin : the gain that a gate asks for, a share of rows.

    Raises
    ------
    ValueError : no cloud, or one that is no (k, 2) array.
    """
    drawn = {name: np.asarray(cloud) for name, cloud in clouds.items()}
    if not drawn or any(c.ndim != 2 or c.shape[1] != 2 or not len(c) for c in drawn.values()):
        raise ValueError(
            "Nothing to draw: give {name: (k, 2) array}, the right answers of candidate and "
            f"baseline on each of k resamples; got {[c.shape for c in drawn.values()]}."
        )
    asked, everything = as_written(margin, "margin"), 100 * np.concatenate([*drawn.values()]) / n
    middle = (everything.max(axis=0) + everything.min(axis=0)) / 2
    reach = 0.55 * np.ptp(everything, axis=0).max()
    fig.set_layout_engine("constrained")
    axes = fig.subplots(1, len(drawn), squeeze=False)[0]
    told, below = [], []
    for ax, (name, cloud) in zip(axes, drawn.items(), strict=True):
        ax.set(xlim=middle[1] + [-reach, reach], ylim=middle[0] + [-reach, reach], aspect="equal")
        ax.set(xlabel="baseline's accuracy (%)", ylabel="candidate's accuracy (%)", title=name)
        ax.locator_params(nbins=5)
        gains = cloud[:, 0] - cloud[:, 1]
        few = gains < asked * n
        _cloud(ax, 100 * cloud / n, few, float(100 * asked))
        below.append(f"{few.sum():,} with {name}")
        ends = " to ".join(in_points(end / n, 3) for end in (gains.min(), gains.max()))
        told.append(f"{name}: gains of {ends} points, {few.sum():,} of {len(cloud):,} below it")
    alt = (
        f"Accuracies of baseline (across) and candidate (up) on resamples of {count(n, 'row')}, "
        f"and the line on which the gain is {100 * margin:g} points. {'; '.join(told)}."
    )
    return alt, f"Below the margin: {', '.join(below)}."


def _cloud(ax: Axes, points: np.ndarray, few: np.ndarray, margin: float) -> None:
    """The points, and the line of the margin with its name beside its lower end."""
    for part, ink in ((~few, MAIN), (few, BAD)):
        look = {"markersize": 3.2, "markeredgewidth": 0, "alpha": 0.45, "zorder": 3}
        ax.plot(points[part, 1], points[part, 0], "o", color=ink, **look)
    ax.axline((0, margin), slope=1, color=GOOD, linewidth=1.8, zorder=4)
    left = max(ax.get_xlim()[0], ax.get_ylim()[0] - margin)
    beside = {"xytext": (12, 2), "textcoords": "offset points", "va": "bottom"}
    ink = {"color": words_in(GOOD), "fontsize": 10, "zorder": 6}
    ax.annotate(f"margin {margin:g}", (left, left + margin), **beside, **ink)


Counts = tuple[int, int]  # of candidates that a gate promoted, of all that there are


@figure(7.5, 4.3)
def saved_and_refused(
    fig: LabFigure, counts: Mapping[str, Mapping[str, tuple[Counts, Counts]]]
) -> tuple[str, str]:
    """Draw what gates promote and refuse among candidates whose true gain is known: a two-by-two
    table for each holdout and gate, as a bar that grows from the middle.

    Parameters
    ----------
    counts : {holdout: {gate: ((promoted, all) of the candidates truly at or above the margin,
        (promoted, all) of those below)}}, drawn from top to bottom.

    Raises
    ------
    ValueError : there is nothing to draw, or more promoted than there are.
    """
    tables = [(h, g, table) for h, gates in counts.items() for g, table in gates.items()]
    if not tables or any(not 0 <= some <= all_ for *_, table in tables for some, all_ in table):
        raise ValueError(
            "Nothing to draw: give {holdout: {gate: ((promoted, all), (promoted, all))}}, of the "
            f"good and the other candidates, with no more promoted than there are; got {counts!r}."
        )
    fig.set_layout_engine("constrained")
    ax = fig.add_subplot()
    most = [max(table[side][1] for *_, table in tables) for side in (0, 1)]
    high = len(tables) + len(counts) - 1
    room = _room(tables) * sum(most)  # for the words beside the bars
    ax.set(xlim=(-most[1] - room, most[0] + room), ylim=(high - 0.4, -1.4))
    ax.set(xlabel="candidates, counted from the middle")
    rows = _rows(counts)
    for y, (*_, table) in zip(rows, tables, strict=True):
        for side, sign in ((0, 1), (1, -1)):
            _bar(ax, y, sign, *table[side])
    ax.axvline(0, color=words_in(PALE), linewidth=1, zorder=5)
    ax.set_yticks(rows, [f"{holdout}, {gate}" for holdout, gate, _ in tables])
    ax.set_xticks([])
    ax.tick_params(axis="y", length=0)
    ax.spines[["left", "bottom"]].set_visible(False)
    for side, words in (("left", "truly at or above the margin"), ("right", "truly below it")):
        ink = words_in(GOOD if side == "left" else BAD)
        aside = {"xytext": (6 if side == "left" else -6, 0), "textcoords": "offset points"}
        ax.annotate(words, (0, -0.95), ha=side, va="center", color=ink, weight="bold", **aside)
    return _saved_alt(tables), _saved_caption(counts)


def _room(tables: Sequence[tuple[str, str, tuple[Counts, Counts]]]) -> float:
    """What the longest words beside a bar need on each side, as a share of all bars: a letter
    takes 1.7% of the axis, which the holdouts' names leave narrow."""
    longest = max(len(f"{some:,} of {all_:,}") for *_, table in tables for some, all_ in table)
    share = 0.017 * (longest + 1)
    return share / (1 - 2 * share)


def _rows(counts: Mapping[str, Mapping[str, object]]) -> list[int]:
    """Where the bars stand: one below the other, with a gap between two holdouts."""
    at, rows = 0, []
    for gates in counts.values():
        rows += range(at, at + len(gates))
        at += len(gates) + 1
    return rows


def _bar(ax: Axes, y: int, sign: int, promoted: int, everyone: int) -> None:
    """One half of a bar: what was promoted at the middle, in full ink, and the rest beyond it."""
    ink = GOOD if sign > 0 else BAD
    look = {"height": 0.82, "zorder": 3}
    ax.barh(y, sign * promoted, color=ink, **look)
    ax.barh(y, sign * (everyone - promoted), left=sign * promoted, color=tint(ink, 0.2), **look)
    words = {"va": "center", "fontsize": 10, "zorder": 6, "textcoords": "offset points"}
    side = "left" if sign > 0 else "right"
    bold = {"weight": "bold", "color": words_in(ink)}
    aside = {"xytext": (5 * sign, 0), "ha": side}
    ax.annotate(f"{promoted:,} of {everyone:,}", (sign * everyone, y), **aside, **words, **bold)


def _saved_alt(tables: Sequence[tuple[str, str, tuple[Counts, Counts]]]) -> str:
    told = "; ".join(
        f"{holdout}, {gate}: {good[0]:,} of {good[1]:,} good ones, {bad[0]:,} of {bad[1]:,} others"
        for holdout, gate, (good, bad) in tables
    )
    return (
        "Candidates promoted, of those that are truly at or above the margin and of the others. "
        f"{told}."
    )


def _saved_caption(counts: Mapping[str, Mapping[str, tuple[Counts, Counts]]]) -> str:
    """What the first and the last holdout cost, gate by gate."""
    ends = list(dict.fromkeys((next(iter(counts)), list(counts)[-1])))
    said = [
        f"{holdout}, {gate}: {count(bad[0])} promoted wrongly, {count(good[1] - good[0])} good "
        "refused"
        for holdout in ends
        for gate, (good, bad) in counts[holdout].items()
    ]
    return f"{'; '.join(said)}."
