"""Figures of lesson 05: what two orders of checks and training cost, and what all orders of several checks cost."""

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
from labsupport.show.labels import place_labels
from labsupport.show.pictures import (
    BLUE,
    GREEN,
    GREY,
    INK,
    ORANGE,
    VERMILLION,
    LabFigure,
    Picture,
    new_figure,
    picture,
    styled,
)

_MOST_ORDERS = 5040  # of seven stages
_RATES = np.linspace(0, 1, 101)


def cost_lines(
    check_cost: float, training_cost: float, catch_rate: float, currency: str = "dollars"
) -> Picture:
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
    with styled():
        fig = new_figure(7.5, 4.4)
        alt = draw_cost_lines(fig, check_cost, training_cost, catch_rate, currency)
        even = break_even_catch_rate(check_cost, training_cost)
        where = f"at a catch rate of {100 * even:.4g} %" if even <= 1 else "nowhere"
        caption = f"Checks first (blue) and training without checks (grey) cost the same {where}."
        return picture(fig, alt, caption)


def draw_cost_lines(
    fig: LabFigure, check_cost: float, training_cost: float, catch_rate: float, currency: str
) -> str:
    """Draw the lines and mark a catch rate; return the alt text."""
    even = break_even_catch_rate(check_cost, training_cost)
    c, T, key = (
        float(check_cost),
        float(training_cost),
        (float(check_cost), float(training_cost), currency),
    )
    ax = fig.frame(key, lambda: _frame(fig, c, T, even, currency))
    costs = two_orders(check_cost, training_cost, catch_rate)
    first, p = costs[CHECKS_FIRST], float(catch_rate)
    colour = GREEN if first < T else VERMILLION
    ax.plot([p, p], [first, T], color=colour, linewidth=4, solid_capstyle="butt", zorder=3)
    ax.plot(
        [p],
        [first],
        "o",
        color=BLUE,
        markersize=11,
        markeredgecolor="white",
        markeredgewidth=1.2,
        zorder=5,
    )
    outcome = (
        f"saves {T - first:,.2f}"
        if first < T
        else f"costs {first - T:,.2f} more"
        if first > T
        else "breaks even"
    )
    words = ax.text(
        p,
        first,
        f"{100 * p:.4g} %: {first:,.2f}\n{outcome}",
        weight="bold",
        linespacing=1.15,
        zorder=6,
    )
    place_labels(ax, [(p, first, words)], _line_boxes(ax, c, T))
    return _lines_alt(costs, p, even, currency)


def _frame(fig: LabFigure, c: float, T: float, even: float, currency: str) -> Axes:
    ax = fig.add_axes((0.115, 0.145, 0.845, 0.815))
    top = 1.16 * (T + c)
    ax.set(xlim=(0, 1), ylim=(0, top), xlabel="catch rate: share of changes that the checks stop")
    ax.set_ylabel(f"expected cost per change ({currency})")
    ax.xaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{100 * share:.4g} %"))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda cost, _: f"{cost:,.6g}"))
    _three_lines(ax, c, T)
    _line_names(ax, c, T, even, top)
    if 0 < even < 0.08:
        _magnified(ax, c, T, even)
    elif even <= 1:
        _crossing(ax, T, even)
        left = even < 0.75
        ax.text(even + (0.012 if left else -0.012), 0.02 * top, f"even at {100 * even:.4g} %", fontsize=10, color=INK,
                ha="left" if left else "right", va="bottom")  # fmt: skip
    return ax


def _line_names(ax: Axes, c: float, T: float, even: float, top: float) -> None:
    """Each beside its line, where no other line passes."""
    ax.text(
        0.985,
        T + c + 0.012 * top,
        f"{CHECKS_AFTER}: {T + c:,.2f}",
        color="#9a6a00",
        ha="right",
        va="bottom",
    )
    at_left = 0.5 < even <= 1
    ax.text(0.015 if at_left else 0.985, T - 0.018 * top, f"{TRAINING_ALONE}: {T:,.2f}", color=GREY,
            ha="left" if at_left else "right", va="top")  # fmt: skip
    high = c > 0.12 * top
    x, y = (0.985, c - 0.01 * top) if high else (0.74, c + 0.26 * T - 0.03 * top)
    ax.text(x, y, CHECKS_FIRST, color=BLUE, weight="bold", ha="right", va="top")


def _three_lines(ax: Axes, c: float, T: float) -> None:
    ax.axhline(T + c, color=ORANGE, linewidth=1.8, linestyle=(0, (1, 1.4)))
    ax.axhline(T, color=GREY, linewidth=1.8, linestyle=(0, (5, 2)))
    ax.plot(_RATES, c + (1 - _RATES) * T, color=BLUE, linewidth=2.6)


def _crossing(ax: Axes, T: float, even: float) -> None:
    ax.plot(
        [even, even], [ax.get_ylim()[0], T], color=INK, linewidth=1, linestyle=(0, (1, 2)), zorder=1
    )
    ax.plot(
        [even],
        [T],
        "D",
        color="white",
        markeredgecolor=INK,
        markeredgewidth=1.6,
        markersize=7,
        zorder=4,
        clip_on=False,
    )


def _magnified(ax: Axes, c: float, T: float, even: float) -> None:
    """The crossing is too close to the edge to be seen: draw it again, larger, in the empty corner."""
    near = ax.inset_axes((0.1, 0.115, 0.27, 0.34))
    _three_lines(near, c, T)
    near.set(xlim=(0, 3 * even), ylim=(T - 2.3 * c, T + 1.5 * c))
    near.set_title("the crossing, enlarged", fontsize=9, weight="normal", color=GREY, pad=2)
    near.set_xticks([0, even, 3 * even], [f"{100 * share:.4g} %" for share in (0, even, 3 * even)])
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
    boxes += [
        words.get_window_extent(renderer) for words in ax.texts if words.get_zorder() < 6
    ]  # not the label itself
    return boxes + [inset.get_tightbbox(renderer) for inset in ax.child_axes]


def _lines_alt(costs: Mapping[str, float], p: float, even: float, currency: str) -> str:
    crossing = (
        f"it falls below training without checks at a catch rate of {100 * even:.4g} %"
        if even <= 1
        else "it never falls below training without checks"
    )
    return (
        f"Expected cost per change in {currency} over the catch rate of the checks. Checks first is a falling line; "
        f"{crossing}. At the marked {100 * p:.4g} % it costs {costs[CHECKS_FIRST]:,.2f}. Two level lines: "
        f"{TRAINING_ALONE}, {costs[TRAINING_ALONE]:,.2f}; {CHECKS_AFTER}, {costs[CHECKS_AFTER]:,.2f}."
    )


def order_costs(
    stages: Sequence[Stage], marked: Mapping[str, Sequence[Stage]], currency: str = "dollars"
) -> Picture:
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
            f"Drawing every order of {len(stages)} stages would take {_MOST_ORDERS} dots and more; give up to 7."
        )
    for name, order in marked.items():
        if sorted(map(repr, order)) != sorted(map(repr, stages)):
            raise ValueError(
                f"The order {name!r} does not hold the same stages as the others; reorder the same list."
            )
    named = {"by cost / catch rate": expected_cost(best_order(stages))}
    named |= {name: expected_cost(order) for name, order in marked.items()}
    costs = np.sort([expected_cost(order) for order in itertools.permutations(stages)])
    with styled():
        fig = new_figure(7.5, 3.6)
        _ladder(fig.add_axes((0.09, 0.17, 0.88, 0.8)), costs, named, currency)
        said = "; ".join(f"{name}, {cost:,.2f}" for name, cost in named.items())
        alt = (
            f"The expected cost of the checks in {currency} for all {len(costs)} orders, sorted, from {costs[0]:,.2f} to "
            f"{costs[-1]:,.2f}. Marked: {said}."
        )
        caption = f"Of {len(costs)} orders the cheapest costs {costs[0]:,.2f}, the dearest {costs[-1]:,.2f}."
        return picture(fig, alt, caption)


def _ladder(ax: Axes, costs: np.ndarray, named: Mapping[str, float], currency: str) -> None:
    ranks = np.arange(1, len(costs) + 1)
    ax.plot(
        costs,
        ranks,
        "o",
        color="#9a9a9a",
        markersize=6,
        markeredgecolor="white",
        markeredgewidth=0.6,
    )
    room = (costs[-1] - costs[0]) or 1.0
    ax.set(xlim=(costs[0] - 0.05 * room, costs[-1] + 0.3 * room), ylim=(len(costs) + 0.8, -0.3))
    ax.set(
        xlabel=f"expected cost of the checks per change ({currency})",
        ylabel="order, cheapest first",
    )
    ax.grid(axis="x")
    ax.set_yticks(sorted({1, (1 + len(costs)) // 2, len(costs)}))
    for name, cost in named.items():
        rank = int(np.argmin(np.abs(costs - cost))) + 1
        best = rank == 1
        ax.plot([cost], [rank], "o" if best else "X", color=GREEN if best else VERMILLION, markersize=12,
                markeredgecolor="white", markeredgewidth=1.2, zorder=4, clip_on=False)  # fmt: skip
        ax.annotate(
            f"{name}: {cost:,.2f}",
            (cost, rank),
            (12, 0),
            textcoords="offset points",
            va="center",
            weight="bold",
        )
