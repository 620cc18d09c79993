"""Figures of lesson 05: what checks cost before and after training, and in every order."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter
from matplotlib.transforms import Bbox

from labsupport.costs import (
    CHECKS_AFTER,
    CHECKS_FIRST,
    TRAINING_ALONE,
    Stage,
    best_order,
    break_even_catch_rate,
    expected_cost,
    two_orders,
)
from labsupport.show.draw import (
    ASIDE,
    BAD,
    GOOD,
    GREY,
    INK,
    MAIN,
    PALE,
    figure,
    minus,
    percent,
    words_in,
)
from labsupport.show.labels import place_labels
from labsupport.show.pictures import LabFigure

_MOST_ORDERS = 5040  # of seven stages
_LEAST, _MOST, _TICKS = -250, 750, (-200, 0, 200, 400, 600)  # the lesson's 480 in the middle
_EDGE = {"markeredgecolor": "white", "markeredgewidth": 1.2}


@figure(7.5, 4.4)
def saving_lines(
    fig: LabFigure,
    check_cost: float,
    training_cost: float,
    catch_rate: float,
    currency: str = "dollars",
    near: float | None = None,
) -> tuple[str, str]:
    """Draw what checks first save over the catch rate, and where that is nothing. The axes are the
    same for all costs, so that pictures can be compared; what lies beyond them is at the edge.

    Parameters
    ----------
    check_cost, training_cost : of one run; training costs more than nothing.
    catch_rate : the share of changes that the checks stop, marked on the line.
    currency : the unit on the vertical axis.
    near : the largest catch rate of a window that enlarges the start of the lines, where they lie
        close together; None: no window.

    Raises
    ------
    TypeError, ValueError : what Stage and break_even_catch_rate refuse.
    """
    alt = draw_saving_lines(fig, check_cost, training_cost, catch_rate, currency)
    even = break_even_catch_rate(check_cost, training_cost)
    where = f"above a catch rate of {percent(even)}" if even < 1 else "at no catch rate"
    if near is not None:
        _window(fig, float(check_cost), float(training_cost), near)
        alt += f" A window enlarges catch rates up to {percent(near)}."
    return alt, f"Checks first save money against training alone (blue) {where}."


def draw_saving_lines(
    fig: LabFigure, check_cost: float, training_cost: float, catch_rate: float, currency: str
) -> str:
    """Draw the lines and mark a catch rate; return the alt text."""
    even = break_even_catch_rate(check_cost, training_cost)
    c, T, p = float(check_cost), float(training_cost), float(catch_rate)
    costs = two_orders(check_cost, training_cost, catch_rate)
    saved = costs[TRAINING_ALONE] - costs[CHECKS_FIRST]
    ax = fig.frame(currency, lambda: _frame(fig, currency))
    ax.plot([0, 1], [0, T], color=ASIDE, linewidth=1.8, linestyle=(0, (1, 1.4)))
    ax.plot([0, 1], [-c, T - c], color=MAIN, linewidth=2.6)
    at = float(np.clip(saved, _LEAST, _MOST))
    thick = {"linewidth": 4, "solid_capstyle": "butt", "zorder": 3}
    ax.plot([p, p], [0, at], color=GOOD if saved > 0 else BAD, **thick)
    ax.plot([p], [at], "o", color=MAIN, markersize=11, zorder=5, clip_on=False, **_EDGE)
    beyond = {_LEAST: "\N{DOWNWARDS ARROW} ", _MOST: "\N{UPWARDS ARROW} "}.get(at, "")
    said = f"{beyond}{percent(p)}: {_outcome(saved)}"
    label = ax.text(p, at, said, weight="bold", zorder=6)
    taken = _line_boxes(ax, c, T, p, at)
    if even <= 1:
        taken += _crossing(ax, even)
    place_labels(ax, [(p, at, label)], taken)
    return _lines_alt(costs, c, T, p, even, currency)


def _frame(fig: LabFigure, currency: str) -> Axes:
    ax = fig.add_axes((0.13, 0.145, 0.82, 0.765))
    ax.set(xlim=(0, 1), ylim=(_LEAST, _MOST), yticks=_TICKS)
    ax.set(xlabel="catch rate: share of changes that the checks stop")
    ax.set(ylabel=f"saved per change ({currency})")
    ax.xaxis.set_major_formatter(FuncFormatter(lambda share, _: percent(share)))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda saved, _: minus(f"{saved:,.6g}")))
    ax.axhline(0, color=GREY, linewidth=1.2, zorder=1)
    head = {"transform": ax.figure.transFigure, "clip_on": False}
    words = head | {"fontsize": 10.5, "va": "center"}
    ax.text(0.02, 0.955, "checks first, against", color=GREY, **words)
    for x, name, ink, style in (
        (0.31, TRAINING_ALONE, MAIN, "-"),
        (0.61, CHECKS_AFTER, ASIDE, (0, (1, 1.4))),
    ):
        ax.plot([x, x + 0.05], [0.955] * 2, color=ink, linewidth=2.4, linestyle=style, **head)
        ax.text(x + 0.065, 0.955, name, color=words_in(ink), **words)
    return ax


def _window(fig: LabFigure, c: float, T: float, near: float) -> None:
    """The start of both lines, enlarged, where the large picture is empty."""
    ax = fig.add_axes((0.22, 0.6, 0.33, 0.28))
    ax.axhline(0, color=GREY, linewidth=1.2, zorder=1)
    ax.plot([0, near], [0, T * near], color=ASIDE, linewidth=1.8, linestyle=(0, (1, 1.4)))
    ax.plot([0, near], [-c, T * near - c], color=MAIN, linewidth=2.6)
    ring = {"color": "white", "markeredgecolor": INK, "markeredgewidth": 1.6, "markersize": 7}
    ticks = [0, near]
    if c / T < near:
        ax.plot([c / T], [0], "D", zorder=6, **ring)
        ticks = [0, c / T, near]
    ax.set(xlim=(0, near), ylim=(-1.5 * c, T * near), xticks=ticks, yticks=[-c, 0])
    ax.xaxis.set_major_formatter(FuncFormatter(lambda share, _: percent(share)))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda saved, _: minus(f"{saved:,.6g}")))
    ax.tick_params(labelsize=9)
    ax.set_title("enlarged", fontsize=9.5, color=GREY, loc="left", pad=3)


def _crossing(ax: Axes, even: float) -> list[Bbox]:
    """Mark where the line is zero, and say where, at the foot; return what that takes."""
    ax.plot([even, even], [_LEAST, 0], color=INK, linewidth=1, linestyle=(0, (1, 2)), zorder=1)
    ring = {"color": "white", "markeredgecolor": INK, "markeredgewidth": 1.6, "markersize": 7}
    ax.plot([even], [0], "D", zorder=6, clip_on=False, **ring)
    x, side = (even + 0.012, "left") if even < 0.75 else (even - 0.012, "right")
    foot = {"fontsize": 10, "color": INK, "ha": side, "va": "bottom"}
    words = ax.text(x, _LEAST + 8, f"even at {percent(even)}", **foot)
    (x, bottom), (_, top) = ax.transData.transform([(even, _LEAST), (even, 0)])
    return [words.get_window_extent(), Bbox.from_extents(x - 3, bottom, x + 3, top)]


class _Side(NamedTuple):
    """A box in pixels as labels ask for it; a Bbox computes each side whenever it is asked."""

    x0: float
    y0: float
    x1: float
    y1: float


def _line_boxes(ax: Axes, c: float, T: float, p: float, at: float) -> list[_Side]:
    """What moving labels keep off: the lines, and the bar at the marked catch rate."""
    points = [(p, y) for y in np.linspace(0, at, 9)] + [(x, 0) for x in np.linspace(0, 1, 25)]
    for start in (0, -c):
        seen = np.clip([(_LEAST - start) / T, (_MOST - start) / T], 0, 1)
        points += [(x, start + T * x) for x in np.linspace(*seen, 25)]
    places = ax.transData.transform(points).tolist()
    return [_Side(x - 4, y - 4, x + 4, y + 4) for x, y in places]


def _outcome(saved: float) -> str:
    if saved == 0:
        return "breaks even"
    return f"saves {saved:,.2f}" if saved > 0 else f"costs {-saved:,.2f} more"


def _lines_alt(
    costs: Mapping[str, float], c: float, T: float, p: float, even: float, currency: str
) -> str:
    crossing = "it never reaches zero"
    if even <= 1:
        crossing = f"it crosses zero at a catch rate of {percent(even)}"
    saved, anyway = (
        _outcome(costs[name] - costs[CHECKS_FIRST]) for name in (TRAINING_ALONE, CHECKS_AFTER)
    )
    return (
        f"Saved per change in {currency} by checks first, over the catch rate of the checks, on an "
        f"axis from {_LEAST:,} to {_MOST:,}. Against {TRAINING_ALONE} a line from {-c:,.2f} to "
        f"{T - c:,.2f}; {crossing}. Against {CHECKS_AFTER}, a line from 0 to {T:,.2f}. At the "
        f"marked {percent(p)}: {saved} and {anyway}."
    )


@figure(7.5, 3.6)
def order_costs(
    fig: LabFigure,
    stages: Sequence[Stage],
    marked: Mapping[str, Sequence[Stage]],
    currency: str = "dollars",
) -> tuple[str, str]:
    """Draw the expected cost of every order of some stages, from cheapest to dearest, and mark some
    by name.

    Parameters
    ----------
    stages : up to seven, free to run in any order.
    marked : {name: order}; the order that `best_order` gives is always marked.
    currency : the unit on the horizontal axis.

    Raises
    ------
    ValueError : more than seven stages, or a marked order that is not an order of these stages.
    """
    stages = list(stages)
    if len(stages) > 7:
        raise ValueError(
            f"Drawing every order of {len(stages)} stages would take {_MOST_ORDERS} dots and more; "
            "give up to 7."
        )
    for name, order in marked.items():
        if sorted(map(repr, order)) != sorted(map(repr, stages)):
            raise ValueError(
                f"The order {name!r} does not hold the same stages as the others; reorder the "
                "same list."
            )
    named = {"the best": expected_cost(best_order(stages))}
    named |= {name: expected_cost(order) for name, order in marked.items()}
    costs = np.sort([expected_cost(order) for order in itertools.permutations(stages)])
    _ladder(fig.add_axes((0.09, 0.17, 0.88, 0.8)), costs, named, currency)
    said = "; ".join(f"{name}, {cost:,.2f}" for name, cost in named.items())
    return (
        f"The expected cost of the checks in {currency} for all {len(costs)} orders, sorted, from "
        f"{costs[0]:,.2f} to {costs[-1]:,.2f}. Marked: {said}."
    ), f"Of {len(costs)} orders the cheapest costs {costs[0]:,.2f}, the dearest {costs[-1]:,.2f}."


def _ladder(ax: Axes, costs: np.ndarray, named: Mapping[str, float], currency: str) -> None:
    ranks = np.arange(1, len(costs) + 1)
    dots = {"color": PALE, "markersize": 6, "markeredgecolor": "white", "markeredgewidth": 0.6}
    ax.plot(costs, ranks, "o", **dots)
    room = (costs[-1] - costs[0]) or 1.0
    ax.set(xlim=(costs[0] - 0.05 * room, costs[-1] + 0.3 * room), ylim=(len(costs) + 0.8, -0.3))
    ax.set(xlabel=f"expected cost of the checks per change ({currency})")
    ax.set(ylabel="order, cheapest first")
    ax.grid(axis="x")
    ax.set_yticks(sorted({1, (1 + len(costs)) // 2, len(costs)}))
    near = {"textcoords": "offset points", "va": "center", "weight": "bold"}
    for name, cost in named.items():
        rank = int(np.argmin(np.abs(costs - cost))) + 1
        marker, ink = ("o", GOOD) if rank == 1 else ("X", BAD)
        ax.plot([cost], [rank], marker, color=ink, markersize=12, zorder=4, clip_on=False, **_EDGE)
        ax.annotate(f"{name}: {cost:,.2f}", (cost, rank), (12, 0), **near)
