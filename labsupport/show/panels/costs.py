"""Lesson 05's panel: when do a few minutes of checks pay for themselves?"""

from __future__ import annotations

from dataclasses import dataclass

import ipywidgets as widgets

from labsupport.costs import Stage, break_even_catch_rate, duration_until_caught, two_orders
from labsupport.show.figures.costs import cost_lines, draw_cost_lines
from labsupport.show.panel import Panel
from labsupport.show.pictures import LabFigure, Picture

_START = {"catch_rate": 0.2, "check_minutes": 3.0, "cluster_price": 120.0, "training_hours": 4.0}
PRESETS = {
    "This lesson": _START,
    "Few catches": _START | {"catch_rate": 0.01},
    "Slow checks": _START | {"check_minutes": 60.0},
    "A small model": {
        "catch_rate": 0.2,
        "check_minutes": 10.0,
        "cluster_price": 20.0,
        "training_hours": 0.5,
    },
}


@dataclass(frozen=True)
class CostView:
    """One setting of the panel and what it costs.

    Attributes
    ----------
    check_cost, training_cost : of one run, dollars, both at the cluster's price.
    catch_rate : the share of changes that the checks stop.
    checks_first, alone, anyway : expected dollars per change: checks, then training; training only;
        training, then checks.
    break_even : the catch rate above which checks first is cheaper than training alone; above 1
        there is none.
    hours_first, hours_after : until the author of a stopped change hears of it, with checks before
        and after training; None when nothing is stopped.
    sentence : what pays, and the numbers.
    """

    check_cost: float
    training_cost: float
    catch_rate: float
    checks_first: float
    alone: float
    anyway: float
    break_even: float
    hours_first: float | None
    hours_after: float | None
    sentence: str

    def __str__(self) -> str:
        return self.sentence

    def picture(self) -> Picture:
        """The lines over the catch rate, with this setting marked."""
        return cost_lines(self.check_cost, self.training_cost, self.catch_rate)


def cost_view(
    catch_rate: float = 0.2,
    check_minutes: float = 3.0,
    cluster_price: float = 120.0,
    training_hours: float = 4.0,
) -> CostView:
    """What a change costs in either order.

    Parameters
    ----------
    catch_rate : the share of changes that the checks stop.
    check_minutes : how long the checks run.
    cluster_price : dollars per hour, of checks and training alike.
    training_hours : how long training runs.

    Raises
    ------
    TypeError, ValueError : what Stage and break_even_catch_rate refuse.
    """
    check_cost, training_cost = check_minutes * cluster_price / 60, training_hours * cluster_price
    check = Stage("checks", check_cost, catch_rate, check_minutes / 60)
    training = Stage("training", training_cost, 0, training_hours)
    even = break_even_catch_rate(check_cost, training_cost)
    first, alone, anyway = two_orders(check_cost, training_cost, catch_rate).values()
    hours = (None, None)
    if catch_rate > 0:
        hours = duration_until_caught([check, training]), duration_until_caught([training, check])
    sentence = _sentence(first, alone, anyway, catch_rate, even, hours)
    return CostView(
        check_cost, training_cost, catch_rate, first, alone, anyway, even, *hours, sentence
    )


def cost_panel() -> Panel:
    """The panel of lesson 05: show it as the last expression of a cell."""
    return Panel(cost_view, plot_view, _controls(), PRESETS)


def plot_view(fig: LabFigure, view: CostView) -> str:
    """Draw a view into a figure; return the alt text."""
    return draw_cost_lines(fig, view.check_cost, view.training_cost, view.catch_rate, "dollars")


def _sentence(
    first: float, alone: float, anyway: float, p: float, even: float, hours: tuple
) -> str:
    verdict = "pay" if first < alone else "break even" if first == alone else "do not pay"
    parts = [
        f"Checks first {verdict}: {first:,.2f} dollars per change, against {alone:,.2f} for training alone "
        f"and {anyway:,.2f} for training and then checks.",
        f"They stop {100 * p:.4g} % of the changes; "
        + (
            f"the break-even is {100 * even:.4g} %."
            if even <= 1
            else "they cost more than training, so no share is enough."
        ),
    ]
    if hours[0] is not None:
        parts.append(
            f"The author of a stopped change hears after {_time(hours[0])} instead of {_time(hours[1])}."
        )
    return " ".join(parts)


def _time(hours: float) -> str:
    whole, minutes = divmod(round(60 * hours, 1), 60)
    return " ".join(
        [f"{whole:.0f} h"] * (whole > 0) + [f"{minutes:.3g} min"] * (minutes > 0 or whole == 0)
    )


def _controls() -> dict[str, widgets.ValueWidget]:
    look = {"style": {"description_width": "150px"}, "layout": widgets.Layout(width="auto")}

    def slider(
        name: str, words: str, low: float, high: float, step: float, readout: str
    ) -> widgets.FloatSlider:
        return widgets.FloatSlider(
            _START[name],
            min=low,
            max=high,
            step=step,
            readout_format=readout,
            description=words,
            **look,
        )

    return {
        "catch_rate": slider("catch_rate", "catch rate (share)", 0.0, 1.0, 0.0025, ".4f"),
        "check_minutes": slider("check_minutes", "checks (minutes)", 0.0, 120.0, 1.0, ".0f"),
        "cluster_price": slider("cluster_price", "cluster (dollars/hour)", 5.0, 500.0, 5.0, ".0f"),
        "training_hours": slider("training_hours", "training (hours)", 0.25, 48.0, 0.25, ".2f"),
    }
