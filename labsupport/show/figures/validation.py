"""Figures of lesson 06: which check finds which damage, how often a threshold cries wolf."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from labsupport.show.draw import (
    ASIDE,
    BAD,
    DASHED,
    GOOD,
    INK,
    MAIN,
    PALE,
    RULE,
    add_line,
    count,
    figure,
    minus,
    percent,
    words_in,
)
from labsupport.show.pictures import LabFigure

UNTOUCHED = "undamaged"  # the name of the control
_EDGE = {"markeredgecolor": "white", "markeredgewidth": 1.2}
_ROW = 0.3  # inches a row of the matrix
_LINES = ((MAIN, "o"), (ASIDE, "D"))
_LOW, _HIGH = 0.02, 50.0  # ends of the axis of ratios; what lies outside is drawn at an end


@figure(7.5, 3.7)
def false_alarms(
    fig: LabFigure,
    rows: Sequence[int],
    stated: Mapping[float, Sequence[float]],
    simulated: Mapping[float, Sequence[float]],
) -> tuple[str, str]:
    """Draw how often PSI exceeds a threshold although nothing drifts, over the number of rows.

    Parameters
    ----------
    rows : of each of the two samples that are compared, from few to many.
    stated : {threshold: the rate at each number of rows}, from a formula; two thresholds at most.
    simulated : the same, counted.

    Raises
    ------
    ValueError : none or more than two thresholds, or other ones on each side.
    """
    if not 1 <= len(stated) <= len(_LINES) or set(stated) != set(simulated):
        raise ValueError(
            f"Draw one or two thresholds, the same on both sides; got {list(stated)} and "
            f"{list(simulated)}."
        )
    ax = fig.add_axes((0.1, 0.165, 0.87, 0.8))
    ax.set(xscale="log", xlim=(rows[0] / 1.15, rows[-1] * 1.15), ylim=(-3, 103))
    ax.set(xlabel="rows in each of the two samples", ylabel="false alarms (%)")
    ax.set_xticks(rows, [f"{n:,}" for n in rows])
    ax.minorticks_off()
    for (ink, marker), (bound, rates) in zip(_LINES, stated.items(), strict=False):
        (line,) = ax.plot(rows, 100 * np.asarray(rates), color=ink, linewidth=2.4, marker="")
        dots = {"color": ink, "markersize": 9, "linestyle": "none", "zorder": 4, **_EDGE}
        ax.plot(rows, 100 * np.asarray(simulated[bound]), marker, **dots)
        line.set_label(f"PSI above {bound:g}")
    key = ax.legend(loc="upper right", title="lines: stated; marks: simulated")
    key.set_alignment("right")
    entries = zip(key.legend_handles, key.get_texts(), _LINES, strict=False)
    for handle, word, (ink, marker) in entries:
        handle.set(marker=marker, markersize=9)
        word.set(color=words_in(ink), weight="bold")
    said = "; ".join(
        f"PSI above {bound:g}: "
        + ", ".join(
            f"{percent(rate, 0)} of the time at {n:,} rows (simulated {percent(seen, 0)})"
            for n, rate, seen in zip(rows, stated[bound], simulated[bound], strict=True)
        )
        for bound in stated
    )
    lowest, rates = min(stated.items())
    return f"How often PSI exceeds a threshold although nothing drifts. {said}.", (
        f"PSI above {lowest:g} without any drift: {percent(rates[0], 0)} of the time at "
        f"{count(rows[0], 'row')}, {percent(rates[-1], 0)} at {rows[-1]:,}."
    )


@figure(7.5, 4.4)
def damage_matrix(
    fig: LabFigure,
    found: Mapping[str, Collection[str]],
    checks: Sequence[str],
    harm: Mapping[str, float] | None = None,
) -> tuple[str, str]:
    """Draw which check finds which damage.

    Parameters
    ----------
    found : {damage: the checks that failed}; what failed for "undamaged" is a false alarm.
    checks : their names, from left to right.
    harm : {damage: what a model trained on it loses more, nats a row}; no column where None.

    Raises
    ------
    ValueError : nothing to draw, or a failed check that has no column.
    """
    unknown = {check for failed in found.values() for check in failed} - set(checks)
    if not found or unknown:
        raise ValueError(
            "The matrix needs a damage, and a column for every check that failed; got "
            f"{count(len(found), 'damage')} and no column for {sorted(unknown)}."
        )
    fig.set_figheight(1.25 + _ROW * len(found))
    foot, top = 0.15 / fig.get_figheight(), 1.1 / fig.get_figheight()
    right = 0.82 if harm else 0.96
    ax = fig.add_axes((0.27, foot, right - 0.27, 1 - top - foot))
    ax.set(xlim=(-0.6, len(checks) - 0.4), ylim=(len(found) - 0.4, -0.6))
    ax.set_xticks(range(len(checks)), checks, rotation=55, ha="left", rotation_mode="anchor")
    ax.set_yticks(range(len(found)), list(found))
    ax.tick_params(length=0, labeltop=True, labelbottom=False)
    for side in ax.spines.values():
        side.set_visible(False)
    for y, (name, failed) in enumerate(found.items()):
        _matrix_row(ax, y, [check in failed for check in checks], name == UNTOUCHED)
        if harm:
            said = minus(f"{harm[name]:+z.3f}")
            ax.text(len(checks) + 0.1, y, said, va="center", weight="bold", clip_on=False)
    if harm:
        ax.text(len(checks) + 0.1, -0.6, "harm\n(nats)", va="bottom", fontsize=10.5)
    return _matrix_alt(found, checks, harm), _matrix_caption(found)


def _matrix_row(ax: Axes, y: int, lit: Sequence[bool], control: bool) -> None:
    if y:
        ax.axhline(y - 0.5, color=RULE, linewidth=0.6, zorder=0)
    ink = BAD if control else MAIN
    dark = [x for x, on in enumerate(lit) if not on]
    ax.plot(dark, [y] * len(dark), ".", color=PALE, markersize=4, linestyle="none")
    for x in (x for x, on in enumerate(lit) if on):
        ax.plot([x], [y], "X" if control else "s", color=ink, markersize=12, **_EDGE)
    if control == any(lit):  # a false alarm, or a damage that nothing found
        label = ax.get_yticklabels()[y]
        label.set(color=words_in(BAD), weight="bold")


def _matrix_alt(found, checks, harm) -> str:
    rows = []
    for name, failed in found.items():
        said = ", ".join(check for check in checks if check in failed) or "nothing"
        more = f", harm {harm[name]:+z.3f} nats" if harm else ""
        rows.append(f"{name}: {said}{more}")
    return f"Which check fails on which snapshot. {'; '.join(rows)}."


def _matrix_caption(found: Mapping[str, Collection[str]]) -> str:
    missed = [name for name, failed in found.items() if not failed and name != UNTOUCHED]
    damages = len(found) - (UNTOUCHED in found)
    ends = f"; nothing finds {', '.join(missed)}" if missed else ""
    return f"{damages - len(missed)} of {damages} damages are found{ends}."


@figure(7.5, 4.6)
def check_sizes(
    fig: LabFigure,
    sizes: Mapping[str, tuple[float, float]],
    setting: str = "",
    outcome: str = "",
) -> tuple[str, str]:
    """Draw how far each check is from failing, for a damaged snapshot and for the same undamaged.

    Parameters
    ----------
    sizes : {check: (damaged, undamaged)}, each the measured change divided by its bound; infinite
        where the bound is zero. Above 1 the check fails.
    setting : what was done, in a line or two.
    outcome : what came of it, in a few words.

    Raises
    ------
    ValueError : nothing to draw.
    """
    if not sizes:
        raise ValueError("There is no check to draw; give at least one.")
    alt = draw_check_sizes(fig, sizes, setting, outcome)
    alone = [name for name, (damaged, untouched) in sizes.items() if damaged > 1 >= untouched]
    alarms = [name for name, (_, untouched) in sizes.items() if untouched > 1]
    found = ", ".join(alone) or "no check"
    if alarms:
        return alt, f"For the damage alone fails: {found}; false alarms: {', '.join(alarms)}."
    return alt, f"The damage is found by: {found}."


def draw_check_sizes(
    fig: LabFigure, sizes: Mapping[str, tuple[float, float]], setting: str, outcome: str
) -> str:
    """Draw the ratios; return the alt text."""
    names = tuple(sizes)
    ax = fig.frame(names, lambda: _sizes_frame(fig, names))
    for y, (damaged, untouched) in enumerate(sizes.values()):
        alarm = ("X", BAD) if untouched > 1 else ("o", PALE)
        found = ("s", MAIN if damaged > 1 else PALE)
        for value, (marker, ink), aside in ((untouched, alarm, 0.22), (damaged, found, -0.22)):
            at = float(np.clip(value, _LOW, _HIGH))
            add_line(ax, [at], [y + aside], marker, color=ink, markersize=9, zorder=4, **_EDGE)
    head = {"transform": fig.transFigure, "va": "top", "fontsize": 10.5, "color": INK}
    for y, line in zip((0.985, 0.93), setting.split("\n"), strict=False):
        ax.text(0.015, y, line, **head)
    ink = words_in(BAD) if outcome.startswith("costs") else words_in(GOOD)
    ax.text(0.97, 0.93, outcome, ha="right", weight="bold", **head | {"color": ink})
    said = "; ".join(
        f"{name} {_times(damaged)} (undamaged {_times(untouched)})"
        for name, (damaged, untouched) in sizes.items()
    )
    words = setting.replace("\n", "; ")
    return (
        "Measured change divided by its bound, above 1 the check fails. "
        f"{words}: {outcome}. {said}."
    )


def _sizes_frame(fig: LabFigure, names: Sequence[str]) -> Axes:
    ax = fig.add_axes((0.235, 0.14, 0.735, 0.73))
    ax.set(xscale="log", xlim=(_LOW / 1.3, _HIGH * 1.3), ylim=(len(names) - 0.4, -0.6))
    ax.set_xlabel("measured / bound (square: damaged; disc, cross: not)")
    ax.set_yticks(range(len(names)), names)
    ax.set_xticks([_LOW, 0.1, 1, 10, _HIGH])
    ends = {_LOW: f"≤ {_LOW:g}", _HIGH: f"≥ {_HIGH:g}"}
    ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: ends.get(round(x, 6), f"{x:g}")))
    ax.minorticks_off()
    ax.grid(axis="y")
    ax.axvline(1, color=BAD, linewidth=1.4, linestyle=DASHED)
    return ax


def _times(ratio: float) -> str:
    """A ratio as it is drawn."""
    if ratio <= _LOW:
        return f"at most {_LOW:g}"
    return f"at least {_HIGH:g}" if ratio >= _HIGH else f"{ratio:.2f}"
