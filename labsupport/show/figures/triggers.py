"""Figures of lesson 07: a stream lived through week by week, and how a tolerance adds up."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from labsupport.show.draw import (
    ASIDE,
    BAD,
    DASHED,
    GOOD,
    GREY,
    INK,
    MAIN,
    PALE,
    RULE,
    add_line,
    figure,
    words_in,
)
from labsupport.show.pictures import LabFigure
from labsupport.triggers import Timeline
from labsupport.triggers.timeline import END, START, Attempt

_WEEKS = np.arange(START, END)
_LANES, _LANE = 0.105, 0.035  # of attempts, under the losses: room for all, and for one
_RULE = 0.365  # what separates them
_EDGE = {"markeredgecolor": "white", "markeredgewidth": 1}
_BESIDE = {"textcoords": "offset points", "va": "center", "weight": "bold"}


@figure(7.5, 4.3)
def stream_weeks(fig: LabFigure, run: Timeline, setting: str = "") -> tuple[str, str]:
    """Draw the weekly log-loss of what served, of a champion that was never retrained, the limit,
    the weeks with a signal, and what became of every candidate.

    Parameters
    ----------
    setting : what was run, in a few words.
    """
    return draw_stream_weeks(fig, run, setting), (
        f"Mean log-loss {run.log_loss.mean():.3f}; {run.untouched.mean():.3f} with the first "
        "champion throughout."
    )


def draw_stream_weeks(fig: LabFigure, run: Timeline, setting: str) -> str:
    """Draw a timeline; return the alt text."""
    high = max(0.9, 0.05 + float(max(run.log_loss.max(), run.untouched.max())))
    limit = None if run.chart is None else run.chart.limit
    ax = fig.frame(high, lambda: _frame(fig, high))
    if limit is not None:
        _limit(ax, limit)
    ax.plot(_WEEKS, run.untouched, color=GREY, linewidth=1.6, linestyle=(0, (1, 1.4)))
    ax.plot(_WEEKS, run.log_loss, color=MAIN, linewidth=2.6, zorder=3)
    for ink, won in ((GOOD, run.log_loss < run.untouched), (BAD, run.log_loss > run.untouched)):
        if won.any():  # what was saved or lost, which two lines alone hide
            area = {"where": won, "interpolate": True, "color": ink, "alpha": 0.35, "linewidth": 0}
            ax.fill_between(_WEEKS, run.untouched, run.log_loss, **area)
    rung = _rung(run)
    ax.plot(rung, [_RULE] * len(rung), "|", color=ASIDE, markersize=9, markeredgewidth=2.4)
    lanes = _lanes(run.attempts)
    step = min(_LANE, _LANES / max(1, *lanes, 1))
    for lane, attempt in zip(lanes, run.attempts, strict=True):
        _attempt(ax, attempt, 0.335 - lane * step)
    head = {"transform": ax.transAxes, "va": "top", "fontsize": 10}
    for y, line in zip((0.985, 0.925), setting.split("\n"), strict=False):
        ax.text(0.012, y, line, color=INK, **head)
    saved = f"{'saves' if run.saved >= 0 else 'costs'} {abs(run.saved):,.0f} dollars"
    bold = {"color": INK, "weight": "bold", **head}  # on a row of its own: settings are long
    ax.text(0.012, 0.865, saved, **bold)
    ax.text(0.988, 0.865, f"{run.regret:,.0f} dollars of regret", ha="right", **bold)
    return _stream_alt(run, limit, setting)


def _frame(fig: LabFigure, high: float) -> Axes:
    ax = fig.add_axes((0.115, 0.13, 0.87, 0.855))
    ax.set(xlim=(START - 0.7, END + 0.4), ylim=(0.115, high + 0.16))
    ax.set(xlabel="week of 2013", ylabel="log-loss per flight (nats)")
    ax.set_xticks(range(START, END, 4))
    ax.set_yticks(np.arange(0.4, high, 0.1))
    ax.axhline(_RULE, color=RULE, linewidth=1)
    small = {"fontsize": 9, "color": GREY, "ha": "right", "va": "bottom"}
    lines = "dotted: never retrained; area below it: saved, above it: lost"
    marks = "tick: signal; triangle: trained; disc: promoted; cross: not"
    ax.text(END + 0.3, 0.12, f"{lines}\n{marks}", **small)  # two rows: a panel is narrow
    return ax


def _limit(ax: Axes, limit: float) -> None:
    ax.axhline(limit, color=BAD, linewidth=1.4, linestyle=DASHED)
    said = f"limit {limit:.3f}"
    ax.text(START - 0.55, limit + 0.008, said, color=words_in(BAD), va="bottom", fontsize=10)


def _end(attempt: Attempt) -> int:
    return END if attempt.judged is None else attempt.judged


def _lanes(attempts: Sequence[Attempt]) -> list[int]:
    """For each attempt the first lane that is free when it begins; none covers another."""
    ends, lanes = [], []
    for attempt in attempts:
        free = [lane for lane, end in enumerate(ends) if end < attempt.model]
        lane = free[0] if free else len(ends)
        ends[lane : lane + 1] = [_end(attempt)]
        lanes.append(lane)
    return lanes


def _attempt(ax: Axes, attempt: Attempt, y: float) -> None:
    """From the end of the week in which it was trained to the gate."""
    end = _end(attempt)
    add_line(ax, [attempt.model, end], [y, y], color=PALE, linewidth=2, zorder=2)
    add_line(ax, [attempt.model], [y], "^", color=ASIDE, markersize=7, zorder=4, **_EDGE)
    if attempt.verdict is not None:
        marker, ink = ("o", GOOD) if attempt.promoted else ("X", BAD)
        add_line(ax, [end], [y], marker, color=ink, markersize=10, zorder=5, **_EDGE)


def _rung(run: Timeline) -> list[int]:
    """The weeks at whose end there was a signal."""
    return sorted({signal.day // 7 for signal in run.signals})


def _stream_alt(run: Timeline, limit: float | None, setting: str) -> str:
    top = int(np.argmax(run.log_loss))
    setting = setting.replace("\n", "; ")
    setting = f"{setting[:1].upper()}{setting[1:]}. " if setting else ""
    bound = "There is no limit." if limit is None else f"The limit is {limit:.3f}."
    rung = ", ".join(map(str, _rung(run))) or "none"
    told = "; ".join(_became(attempt) for attempt in run.attempts)
    return (
        f"Weekly log-loss of the flights, weeks {START} to {END - 1}. "
        f"{setting}{bound} What served loses {run.log_loss.mean():.4f} on average, at most "
        f"{run.log_loss[top]:.3f} in week {_WEEKS[top]}; the first champion, never retrained, "
        f"{run.untouched.mean():.4f}. Weeks with a signal: {rung}. Candidates: {told or 'none'}. "
        f"It {'saves' if run.saved >= 0 else 'costs'} {abs(run.saved):,.0f} dollars against never "
        f"retraining; regret {run.regret:,.0f} dollars."
    )


def _became(attempt: Attempt) -> str:
    trained = f"trained after week {attempt.model}"
    if attempt.verdict is None:
        return f"{trained}, never judged"
    outcome = "promoted" if attempt.promoted else "not promoted"
    return f"{trained}, {outcome} after week {attempt.judged}"


@figure(7.5, 3.4)
def successions(
    fig: LabFigure, plain: Sequence[int], anchored: Sequence[int], n: int
) -> tuple[str, str]:
    """Draw the champion's accuracy over a row of candidates, with and without an anchor.

    Parameters
    ----------
    plain, anchored : rows right of the champion that serves, at first and after each candidate.
    n : rows of the holdout.

    Raises
    ------
    ValueError : the two differ in length or start.
    """
    if len(plain) != len(anchored) or plain[0] != anchored[0]:
        raise ValueError(
            "Both lines start with one champion and have one number per candidate; got "
            f"{len(plain)} and {len(anchored)} numbers."
        )
    ax = fig.add_axes((0.1, 0.16, 0.66, 0.8))
    steps = np.arange(len(plain))
    for right, ink, mark in ((plain, BAD, "X"), (anchored, MAIN, "o")):
        share = 100 * np.array(right) / n
        ax.plot(steps, share, color=ink, linewidth=2.6, marker=mark, markersize=7)
    ax.margins(y=0.12)  # the words at the lower end stand clear of the axis
    ax.set(xlabel="candidates so far", ylabel="accuracy of the champion (%)")
    ax.set_xticks(steps[:: max(1, len(steps) // 10)])
    lost = [100 * (plain[0] - right[-1]) / n for right in (plain, anchored)]
    for right, ink, name, points in zip(
        (plain, anchored), (BAD, MAIN), ("latest only", "with an anchor"), lost, strict=True
    ):
        end = (steps[-1], 100 * right[-1] / n)
        said = f"{name}:\n{points:.1f} points lost"
        ax.annotate(said, end, (10, 0), color=words_in(ink), annotation_clip=False, **_BESIDE)
    return (
        f"The champion's accuracy over {len(plain) - 1} candidates, "
        f"from {100 * plain[0] / n:.1f}%. "
        f"Compared with the latest champion only it ends at {100 * plain[-1] / n:.1f}%, "
        f"{lost[0]:.1f} points lost; with an anchor at {100 * anchored[-1] / n:.1f}%, "
        f"{lost[1]:.1f} points lost."
    ), f"Without the anchor {lost[0]:.1f} points are lost, with it {lost[1]:.1f}."
