"""Figures of lesson 10: the loop's days by stages, and every fault with and without every stage."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from labsupport.ops.loop import Loop, Row
from labsupport.ops.loop.rows import DAYS
from labsupport.ops.loop.story import STOPS, Event
from labsupport.show.draw import (
    ASIDE,
    BAD,
    DASHED,
    GOOD,
    GREY,
    INK,
    MAIN,
    RULE,
    VOID,
    add_line,
    figure,
    words_in,
)
from labsupport.show.pictures import LabFigure

# The rows of the track, and the stages of the log that each shows.
TRACK = {
    "monitor": ("monitor",),
    "trigger": ("trigger",),
    "checks": ("checks",),
    "training": ("training",),
    "gate": ("gate", "segments"),
    "bundle": ("bundle",),
    "canary": ("canary",),
    "everybody": ("fleet", "rollback"),
}
_ALARM, _QUIET = "alarm", "quiet"
TO_COME, _ROOM = "days to come", 42  # said in the grey part if that is so many days wide
_RING = 16  # points, of the disc behind the decision that caught the fault
_KINDS = {"no": ("X", BAD, 9), "alarm": ("^", ASIDE, 8), "yes": ("o", GOOD, 7)}
# How far a fault got, told apart without its colour as well.
_FATES = {"stopped": ("o", GOOD), "taken back": ("^", ASIDE), "not caught": ("X", BAD)}
_EDGE = {"markeredgecolor": "white", "markeredgewidth": 1, "clip_on": False}


@figure(7.5, 4.0)
def loop_days(fig: LabFigure, loop: Loop, setting: str = "") -> tuple[str, str]:
    """Draw the loop's days by stages: each decision, who went how far, and where the fault was
    caught.

    Parameters
    ----------
    setting : what was run, in a few words.
    """
    return draw_loop_days(fig, loop, setting), loop.sentence


def draw_loop_days(fig: LabFigure, loop: Loop, setting: str) -> str:
    """Draw a loop; return the alt text."""
    rows = _rows(loop)
    ax = fig.frame(rows, lambda: _track(fig, rows))
    seen = [(*_place(event), event) for event in loop.events if _row(event) is not None]
    for name in dict.fromkeys(e["candidate"] for e in loop.events if "candidate" in e):
        own = [(day, row) for day, row, event in seen if event.get("candidate") == name]
        if len(own) > 1:
            ax.plot(*zip(*own, strict=True), color=RULE, linewidth=1.6, zorder=1)
    shown = {(day, row, _kind(event)) for day, row, event in seen}
    for day, row, kind in sorted(shown):
        mark, ink, size = _KINDS[kind]
        add_line(ax, [day], [row], mark, color=ink, markersize=size, zorder=3, **_EDGE)
    if loop.days < DAYS:
        look = {"color": VOID, "alpha": 0.5, "linewidth": 0, "zorder": 0}
        ax.axvspan(loop.days, DAYS, **look)
    if DAYS - loop.days >= _ROOM:
        middle = ((loop.days + DAYS) / 2, (len(TRACK) - 1) / 2)
        ax.text(*middle, TO_COME, ha="center", va="center", color=words_in(GREY))
    _draw_fault(ax, loop)
    return _track_alt(loop, shown, setting)


def _rows(loop: Loop) -> tuple[str, ...]:
    """The names of the rows; a stage that was taken off says so."""
    return tuple(f"{name} (off)" if name in loop.without else name for name in TRACK)


def _track(fig: LabFigure, rows: Sequence[str]) -> Axes:
    ax = fig.add_axes((0.17, 0.14, 0.805, 0.76))  # room for "everybody (off)"
    keys = [
        Line2D([], [], marker=mark, color=ink, markersize=size - 1, linestyle="", label=kind)
        for kind, (mark, ink, size) in _KINDS.items()
    ]
    place = {"loc": "lower left", "bbox_to_anchor": (-0.2, 0.99), "ncols": len(keys)}
    ax.legend(handles=keys, fontsize=9, handletextpad=0, columnspacing=0.9, **place)
    ax.set(xlim=(0, DAYS), ylim=(len(TRACK) - 0.5, -0.6), xlabel="day of the loop")
    ax.set_yticks(range(len(TRACK)), rows)
    ax.set_xticks(range(0, DAYS + 1, 28))
    ax.tick_params(axis="y", length=0)
    return ax


def _draw_fault(ax: Axes, loop: Loop) -> None:
    """When it came, and the decision that stopped it."""
    if loop.planted is None:
        return
    day = int(loop.planted["day"])
    ax.axvline(day, color=MAIN, linestyle=DASHED, linewidth=1.8, zorder=1)
    look = {"va": "bottom", "fontsize": 9.5, "weight": "bold", "textcoords": "offset points"}
    top = (day, ax.get_ylim()[1])
    ax.annotate(loop.fault, top, (-6, 4), ha="right", color=words_in(MAIN), **look)
    if loop.caught is None:
        return
    on, row = _place(loop.caught)
    ax.plot([on], [row], "o", color=INK, markersize=_RING, zorder=2, **_EDGE)
    said = f"caught: {loop.caught_at}"
    ax.annotate(said, top, (6, 4), ha="left", color=words_in(BAD), **look)


def _row(event: Event) -> int | None:
    """In which row an event is drawn; None: in none."""
    if event["event"] == _QUIET:
        return None
    rows = [row for row, stages in enumerate(TRACK.values()) if event["stage"] in stages]
    return rows[0] if rows else None


def _place(event: Event) -> tuple[int, int | None]:
    return int(event["day"]), _row(event)


def _kind(event: Event) -> str:
    if event["event"] in STOPS:
        return "no"
    return _ALARM if event["event"] == _ALARM else "yes"


def _track_alt(loop: Loop, shown: Iterable[tuple[int, int, str]], setting: str) -> str:
    told = []
    for row, name in enumerate(_rows(loop)):
        days = {
            kind: [str(day) for day, at, one in sorted(shown) if (at, one) == (row, kind)]
            for kind in _KINDS
        }
        said = "; ".join(f"{k} on day {', '.join(d)}" for k, d in days.items() if d)
        told.append(f"{name}: {said or 'nothing'}.")
    fault = "No fault came."
    if loop.planted is not None:
        caught = f"caught: {loop.caught_at}, on day {loop.caught_on}"
        fault = f"{loop.fault}: it came on day {loop.planted['day']}; "
        fault += "caught: by nothing." if loop.caught is None else f"{caught}."
    setting = f"{setting[:1].upper()}{setting[1:]}. " if setting else ""
    return (
        f"The loop's decisions over {loop.days} of {DAYS} days, a row a stage. {setting}"
        f"{' '.join(told)} {fault}"
    )


@figure(7.5, 4.6)
def fault_matrix(fig: LabFigure, rows: Sequence[Row]) -> tuple[str, str]:
    """Draw where each fault was caught, and what it cost, with all stages and without each.

    Parameters
    ----------
    rows : a Row for each fault and setting; the same settings for each fault.

    Raises
    ------
    ValueError : no rows, or a fault without one of the settings.
    """
    faults = list(dict.fromkeys(row.fault for row in rows))
    settings = list(dict.fromkeys(row.setting for row in rows))
    at = {(row.fault, row.setting): row for row in rows}
    if not rows or len(at) != len(faults) * len(settings) or len(at) != len(rows):
        raise ValueError(
            f"Draw one row for each fault and setting; got {len(rows)} rows for {len(faults)} "
            f"faults and {len(settings)} settings."
        )
    height = 0.9 + 0.8 * len(faults)
    fig.set_figheight(height)
    ax = fig.add_axes((0.125, 0.42 / height, 0.87, 1 - 0.9 / height))
    ax.set(xlim=(-0.5, len(settings) - 0.5), ylim=(len(faults) - 0.5, -0.5))
    ax.set_xticks(range(len(settings)), [name.replace(" ", "\n") for name in settings])
    ax.set_yticks(range(len(faults)), [name.replace(" ", "\n") for name in faults])
    ax.xaxis.tick_top()
    ax.tick_params(length=0)
    for (fault, setting), row in at.items():
        _draw_cell(ax, settings.index(setting), faults.index(fault), row)
    _draw_key(ax, height)
    whole = [row for row in rows if row.setting == settings[0]]
    stopped = sum(_fate(row) == "stopped" for row in whole)
    said = (
        f"With {settings[0]}, {stopped} of {len(whole)} faults are stopped before everybody gets "
        "them."
    )
    return _matrix_alt(at, faults, settings), said


_KEY = {
    "stopped": "stopped before everybody",
    "taken back": "taken back from everybody",
    "not caught": "not caught",
}


def _draw_key(ax: Axes, height: float) -> None:
    """Below the table, in shares of the figure: however many columns it has."""
    whole = ax.get_figure().transFigure
    y = 0.17 / height
    for x, (name, (mark, ink)) in zip((0.18, 0.47, 0.76), _FATES.items(), strict=True):
        ax.plot([x], [y], mark, color=ink, markersize=9, transform=whole, **_EDGE)
        ax.text(x + 0.018, y, _KEY[name], va="center", fontsize=9, transform=whole)


def _draw_cell(ax: Axes, x: int, y: int, row: Row) -> None:
    mark, ink = _FATES[_fate(row)]
    ax.plot([x], [y - 0.3], mark, color=ink, markersize=9, zorder=3, **_EDGE)
    look = {"ha": "center", "va": "center", "color": words_in(ink)}
    ax.text(x, y - 0.03, row.caught_at or "nobody", fontsize=9, weight="bold", **look)
    ax.text(x, y + 0.3, f"{row.dollars:,.0f} $\n{row.hurt:,} bad", fontsize=8.5, **look)


def _fate(row: Row) -> str:
    if row.caught_at is None:
        return "not caught"
    return "taken back" if row.reached else "stopped"


def _matrix_alt(at: dict, faults: list[str], settings: list[str]) -> str:
    told = []
    for fault in faults:
        cells = (at[fault, setting] for setting in settings)
        said = "; ".join(
            f"{row.setting}: {row.caught_at or 'nobody'}, {_fate(row)}, {row.dollars:,.0f} $, "
            f"{row.hurt:,} bad"
            for row in cells
        )
        told.append(f"{fault}: {said}.")
    return (
        "Which stage catches each fault, how far it got, dollars for it, and answers made worse. "
        f"{' '.join(told)}"
    )
