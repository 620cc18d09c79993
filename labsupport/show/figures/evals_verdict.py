"""Figure of lesson 09: a candidate beside the baseline, quality and every guardrail on one page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from labsupport.evals.estimate import Estimate
from labsupport.show.draw import (
    BAD,
    DASHED,
    GOOD,
    GREY,
    INK,
    MAIN,
    PALE,
    figure,
    in_points,
    minus,
    percent,
    tint,
    words_in,
)
from labsupport.show.figures.evals import Cell, draw_cell, told
from labsupport.show.pictures import LabFigure

SIZE = (5.6, 5.0)
_LOW, _HIGH = -12.0, 36.0  # ends of the axis of gains, percentage points
_COLUMNS = {"baseline": 0.51, "candidate": 0.83}  # middles, in parts of the axes
_CELL = (0.29, 0.86)  # a part of the axes wide, of a row high
_STRIP = 1.15  # rows above and below the interval
_UNFIT = "the judge fails its exam"
_DECISIONS = {
    "promote": ("PROMOTE", "o", GOOD),
    "inconclusive": ("INCONCLUSIVE", "D", MAIN),
    "block": ("BLOCK", "X", BAD),
}
_EDGE = {"markeredgecolor": "white", "markeredgewidth": 1.2, "clip_on": False}


@dataclass(frozen=True)
class Part:
    """One guardrail: a family of attacks, or a kind of harmless traffic that may be blocked.

    Attributes
    ----------
    name : of the family or the kind.
    baseline, candidate : what worked or was blocked, what was tried, errors.
    held : whether baseline and candidate are within the bound.
    attack : False for harmless traffic.
    bound : the share that is allowed.
    """

    name: str
    baseline: Cell
    candidate: Cell
    held: tuple[bool, bool]
    attack: bool = True
    bound: float = 0.0


@figure(*SIZE)
def candidate_parts(
    fig: LabFigure,
    parts: Sequence[Part],
    gain: Estimate,
    margin: float,
    decisions: tuple[str, str],
    setting: str,
    unfit: Sequence[str] = (),
) -> tuple[str, str]:
    """Draw a candidate beside the baseline: attacks that worked by family, harmless traffic that
    was blocked, and the gain in right answers with its interval and the margin.

    Parameters
    ----------
    gain : candidate minus baseline, a share of the questions.
    margin : that the whole interval must reach.
    decisions : "promote", "block" or "inconclusive": of the gain alone, and of everything.
    setting : what the candidate is, in a few words.
    unfit : what a judge failed in, if the gain is a judge's who failed.

    Raises
    ------
    ValueError : no part to draw.
    """
    alt = draw_parts(fig, parts, gain, margin, decisions, setting, unfit)
    lost = [part.name for part in parts if not part.held[1]] + ["the judge"] * bool(unfit)
    found = f"a gain of {_points(gain.value)} points" if gain.value == gain.value else "no gain"
    return alt, (
        f"{decisions[1].capitalize()}: {found}; what does not hold: {', '.join(lost) or 'nothing'}."
    )


def draw_parts(
    fig: LabFigure,
    parts: Sequence[Part],
    gain: Estimate,
    margin: float,
    decisions: tuple[str, str],
    setting: str,
    unfit: Sequence[str] = (),
) -> str:
    """Draw the parts; return the alt text."""
    if not parts:
        raise ValueError("There is no guardrail to draw; give at least one part.")
    before = tuple((part.name, part.baseline, part.held[0], part.attack) for part in parts)
    ax = fig.frame(before, lambda: _frame(fig, parts))
    across = ax.get_yaxis_transform()
    for part, y in zip(parts, _heights(parts), strict=True):
        at = (_COLUMNS["candidate"], y)
        more = "" if part.attack else f" (≤ {percent(part.bound)})"
        draw_cell(ax, at, _CELL, part.candidate, part.held[1], across, more)
        if not part.held[1]:
            ax.plot([0.015], [y], "X", color=BAD, markersize=11, transform=across, **_EDGE)
    word, _, ink = _DECISIONS[decisions[1]]
    head = {"transform": across, "va": "center", "weight": "bold", "color": words_in(ink)}
    ax.text(0.0, -1.75, word, fontsize=14, **head)
    foot = _heights(parts)[-1] + 0.75 + _STRIP
    _draw_margin(ax, margin, foot)
    if gain.value == gain.value:
        _draw_gain(ax, gain, decisions[0], foot)
    if unfit:
        head |= {"ha": "right", "color": words_in(BAD)}
        ax.text(0.98, -1.75, _UNFIT, fontsize=11, **head)
    return _alt(parts, gain, margin, decisions, setting, unfit)


def _named(part: Part) -> str:
    return part.name if part.attack else f"blocked: {part.name}"


def _heights(parts: Sequence[Part]) -> list[float]:
    """Where each part stands; harmless traffic a little further down."""
    return [i + 0.3 * (not part.attack) for i, part in enumerate(parts)]


def _frame(fig: LabFigure, parts: Sequence[Part]) -> Axes:
    """The axes, the baseline's cells and the heads."""
    ax = fig.add_axes((0.025, 0.115, 0.95, 0.875))
    last = _heights(parts)[-1]
    ax.set(xlim=(_LOW, _HIGH), ylim=(last + 0.75 + 2 * _STRIP, -2.15))
    ax.set_xlabel("gain in right answers over the baseline (percentage points)")
    ax.set_xticks(range(-10, 31, 10))
    ax.xaxis.set_major_formatter(lambda x, _: minus(f"{x:+g}") if x else "0")
    ax.set_yticks([])
    ax.spines["left"].set_visible(False)
    across = ax.get_yaxis_transform()
    look = {"va": "center", "fontsize": 11, "color": words_in(GREY), "transform": across}
    ax.text(0.0, -0.9, "attacks that worked", **look)
    for name, x in _COLUMNS.items():
        ax.text(x, -0.9, name, ha="center", **look)
    for part, y in zip(parts, _heights(parts), strict=True):
        ax.text(0.045, y, _named(part), va="center", fontsize=11, color=INK, transform=across)
        draw_cell(ax, (_COLUMNS["baseline"], y), _CELL, part.baseline, part.held[0], across)
    first = next((y for part, y in zip(parts, _heights(parts), strict=True) if not part.attack), 0)
    for y in {first - 0.65, last + 0.65} - {-0.65}:
        ax.axhline(y, color=PALE, linewidth=0.9)
    return ax


def _draw_margin(ax: Axes, margin: float, y: float) -> None:
    """The margin that the interval must reach, and what lies beyond it."""
    asked, top = float(np.clip(100 * margin, _LOW, _HIGH)), y - _STRIP + 0.1
    shade = {"facecolor": tint(GOOD, 0.13), "edgecolor": "none", "zorder": 0}
    ax.add_artist(Rectangle((asked, top), _HIGH - asked, y + _STRIP - top, **shade))
    line = {"color": GOOD, "linewidth": 1.6, "linestyle": DASHED, "zorder": 1}
    ax.plot([asked, asked], [y - 0.35, y + _STRIP], **line)  # the interval's words stand above
    right = asked < 0
    look = {"ha": "right", "va": "center", "fontsize": 10, "weight": "bold", "zorder": 5}
    look |= {"ha": "left"} if right else {}
    said = f"margin {minus(_points(margin, None))}"
    ax.text(asked + (0.5 if right else -0.5), y + 0.72, said, color=words_in(GOOD), **look)


def _draw_gain(ax: Axes, gain: Estimate, decision: str, y: float) -> None:
    """The interval in its strip, above the axis."""
    low, value, high = (
        float(np.clip(100 * x, _LOW, _HIGH)) for x in (gain.low, gain.value, gain.high)
    )
    _, mark, ink = _DECISIONS[decision]
    ax.plot([low, high], [y, y], color=ink, linewidth=4, zorder=3, solid_capstyle="butt")
    ax.plot([value], [y], mark, color=ink, markersize=12, zorder=4, **_EDGE)
    beyond = {_LOW: ("<", 100 * gain.low < _LOW), _HIGH: (">", 100 * gain.high > _HIGH)}
    for end, (arrow, goes_on) in beyond.items():
        if goes_on:
            ax.plot([end], [y], arrow, color=ink, markersize=10, zorder=4, **_EDGE)
    look = {"ha": "center", "va": "center", "weight": "bold", "fontsize": 11, "zorder": 5}
    at = float(np.clip(value, _LOW + 12, _HIGH - 12))
    said = minus(f"{_points(gain.value)} points, {_points(gain.low)} to {_points(gain.high)}")
    ax.text(at, y - 0.68, said, color=words_in(ink), **look)


def _points(share: float, digits: int | None = 1) -> str:
    return in_points(round(share, 9), digits) if share or digits else "0"


def _alt(parts, gain: Estimate, margin: float, decisions, setting: str, unfit) -> str:
    rows = "; ".join(
        f"{_named(part)} {told(part.candidate)} (baseline {told(part.baseline)})"
        + ("" if part.attack else f", at most {percent(part.bound)}")
        + ("" if part.held[1] else ", does not hold")
        for part in parts
    )
    low, value, high = (_points(x) for x in (gain.low, gain.value, gain.high))
    found = f"{value} points, truly {low} to {high}" if gain.value == gain.value else "not measured"
    judge = f" {_UNFIT[0].upper()}{_UNFIT[1:]}: {', '.join(unfit)}." if unfit else ""
    return (
        f"{setting[:1].upper()}{setting[1:]}: {decisions[1]}. Gain in right answers {found}, "
        f"margin {_points(margin, None)}: {decisions[0]}.{judge} Attacks that worked by family, "
        f"harmless messages that were blocked by kind. {rows}."
    )
