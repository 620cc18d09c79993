"""Figures of lesson 05: what checks cost before and after training, and in every order."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

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
from labsupport.show.draw import ASIDE, BAD, GOOD, GREY, INK, MAIN, PALE, figure, percent, words_in
from labsupport.show.labels import place_labels
from labsupport.show.pictures import LabFigure

_MOST_ORDERS = 5040  # of seven stages
_RATES = np.linspace(0, 1, 101)
_EDGE = {"markeredgecolor": "white", "markeredgewidth": 1.2}


@figure(7.5, 4.4)
def cost_lines(
    fig: LabFigure,
    check_cost: float,
    training_cost: float,
    catch_rate: float,
    currency: str = "dollars",
) -> tuple[str, str]:
    """Draw what a change costs over the catch rate, checks first and training first, and where the
    lines cross.

    Parameters
    ----------
    check_cost, training_cost : of one run; training costs more than nothing.
    catch_rate : the share of changes that the checks stop, marked on the line.
    currency : the unit on the vertical axis.

    Raises
    ------
    TypeError, ValueError : what Stage and break_even_catch_rate refuse.
    """
    alt = draw_cost_lines(fig, check_cost, training_cost, catch_rate, currency)
    even = break_even_catch_rate(check_cost, training_cost)
    where = f"at a catch rate of {percent(even)}" if even <= 1 else "nowhere"
    return alt, f"Checks first (blue) and training without checks (grey) cost the same {where}."


def draw_cost_lines(
    fig: LabFigure, check_cost: float, training_cost: float, catch_rate: float, currency: str
) -> str:
    """Draw the lines and mark a catch rate; return the alt text."""
    even = break_even_catch_rate(check_cost, training_cost)
    c, T, p = float(check_cost), float(training_cost), float(catch_rate)
    ax = fig.frame((c, T, currency), lambda: _frame(fig, c, T, even, currency))
    costs = two_orders(check_cost, training_cost, catch_rate)
    first = costs[CHECKS_FIRST]
    outcome = "breaks even"
    if first != T:
        outcome = f"saves {T - first:,.2f}" if first < T else f"costs {first - T:,.2f} more"
    thick = {"linewidth": 4, "solid_capstyle": "butt", "zorder": 3}
    ax.plot([p, p], [first, T], color=GOOD if first < T else BAD, **thick)
    ax.plot([p], [first], "o", color=MAIN, markersize=11, zorder=5, **_EDGE)
    said = f"{percent(p)}: {first:,.2f}\n{outcome}"
    words = ax.text(p, first, said, weight="bold", linespacing=1.15, zorder=6)
    place_labels(ax, [(p, first, words)], _line_boxes(ax, c, T))
    return _lines_alt(costs, p, even, currency)


def _frame(fig: LabFigure, c: float, T: float, even: float, currency: str) -> Axes:
    ax = fig.add_axes((0.115, 0.145, 0.845, 0.815))
    top = 1.16 * (T + c)
    ax.set(xlim=(0, 1), ylim=(0, top), xlabel="catch rate: share of changes that the checks stop")
    ax.set_ylabel(f"expected cost per change ({currency})")
    ax.xaxis.set_major_formatter(FuncFormatter(lambda share, _: percent(share)))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda cost, _: f"{cost:,.6g}"))
    _three_lines(ax, c, T)
    _line_names(ax, c, T, even, top)
    if 0 < even < 0.08:
        _magnified(ax, c, T, even)
    elif even <= 1:
        _crossing(ax, T, even)
        x, side = (even + 0.012, "left") if even < 0.75 else (even - 0.012, "right")
        said = f"even at {percent(even)}"
        ax.text(x, 0.02 * top, said, fontsize=10, color=INK, ha=side, va="bottom")
    return ax


def _line_names(ax: Axes, c: float, T: float, even: float, top: float) -> None:
    """Each beside its line, where no other line passes."""
    said, above = f"{CHECKS_AFTER}: {T + c:,.2f}", T + c + 0.012 * top
    ax.text(0.985, above, said, color=words_in(ASIDE), ha="right", va="bottom")
    x, side = (0.015, "left") if 0.5 < even <= 1 else (0.985, "right")
    ax.text(x, T - 0.018 * top, f"{TRAINING_ALONE}: {T:,.2f}", color=GREY, ha=side, va="top")
    x, y = 0.74, c + 0.26 * T - 0.03 * top
    if c > 0.12 * top:
        x, y = 0.985, c - 0.01 * top
    ax.text(x, y, CHECKS_FIRST, color=MAIN, weight="bold", ha="right", va="top")


def _three_lines(ax: Axes, c: float, T: float) -> None:
    ax.axhline(T + c, color=ASIDE, linewidth=1.8, linestyle=(0, (1, 1.4)))
    ax.axhline(T, color=GREY, linewidth=1.8, linestyle=(0, (5, 2)))
    ax.plot(_RATES, c + (1 - _RATES) * T, color=MAIN, linewidth=2.6)


def _crossing(ax: Axes, T: float, even: float) -> None:
    thin = {"color": INK, "linewidth": 1, "linestyle": (0, (1, 2)), "zorder": 1}
    ax.plot([even, even], [ax.get_ylim()[0], T], **thin)
    ring = {"color": "white", "markeredgecolor": INK, "markeredgewidth": 1.6, "markersize": 7}
    ax.plot([even], [T], "D", zorder=4, clip_on=False, **ring)


def _magnified(ax: Axes, c: float, T: float, even: float) -> None:
    """The crossing is too close to the edge to be seen: draw it larger, in the empty corner."""
    near = ax.inset_axes((0.1, 0.115, 0.27, 0.34))
    _three_lines(near, c, T)
    near.set(xlim=(0, 3 * even), ylim=(T - 2.3 * c, T + 1.5 * c))
    near.set_title("the crossing, enlarged", fontsize=9, weight="normal", color=GREY, pad=2)
    near.set_xticks([0, even, 3 * even], [percent(share) for share in (0, even, 3 * even)])
    near.set_yticks([T, T + c], [f"{cost:,.4f}".rstrip("0").rstrip(".") for cost in (T, T + c)])
    near.tick_params(labelsize=9)
    _crossing(near, T, even)


def _line_boxes(ax: Axes, c: float, T: float) -> list[Bbox]:
    """What the moving label keeps off: the three lines, the words, and the enlarged corner."""
    renderer = ax.figure.canvas.get_renderer()
    points = [(p, y) for p in _RATES for y in (T, T + c, c + (1 - p) * T)]
    boxes = [Bbox.from_bounds(x - 4, y - 4, 8, 8) for x, y in ax.transData.transform(points)]
    down_from_crossing = ax.transData.transform([(c / T, y) for y in np.linspace(0, T, 60)])
    boxes += [Bbox.from_bounds(x - 4, y - 4, 8, 8) for x, y in down_from_crossing]
    # The moving label itself, of zorder 6, is not in its own way.
    boxes += [word.get_window_extent(renderer) for word in ax.texts if word.get_zorder() < 6]
    return boxes + [inset.get_tightbbox(renderer) for inset in ax.child_axes]


def _lines_alt(costs: Mapping[str, float], p: float, even: float, currency: str) -> str:
    crossing = "it never falls below training without checks"
    if even <= 1:
        crossing = f"it falls below training without checks at a catch rate of {percent(even)}"
    level = "; ".join(f"{name}, {costs[name]:,.2f}" for name in (TRAINING_ALONE, CHECKS_AFTER))
    return (
        f"Expected cost per change in {currency} over the catch rate of the checks. Checks first "
        f"is a falling line; {crossing}. At the marked {percent(p)} it costs "
        f"{costs[CHECKS_FIRST]:,.2f}. Two level lines: {level}."
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
