"""Lesson 05's panel: when do a few minutes of checks pay for themselves?"""

from __future__ import annotations

from dataclasses import dataclass

from labsupport.costs import Stage, break_even_catch_rate, duration_until_caught, two_orders
from labsupport.show.controls import Panel, Slider
from labsupport.show.draw import percent
from labsupport.show.figures.costs import draw_saving_lines, saving_lines
from labsupport.show.pictures import LabFigure, Picture


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
        return saving_lines(self.check_cost, self.training_cost, self.catch_rate)


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


def plot_view(fig: LabFigure, view: CostView) -> str:
    """Draw a view into a figure; return the alt text."""
    return draw_saving_lines(fig, view.check_cost, view.training_cost, view.catch_rate, "dollars")


def _sentence(
    first: float, alone: float, anyway: float, rate: float, even: float, hours: tuple
) -> str:
    verdict, enough = "do not pay", f"the break-even is {percent(even)}."
    if first <= alone:
        verdict = "pay" if first < alone else "break even"
    if even > 1:
        enough = "they cost more than training, so no share is enough."
    heard = ""
    if hours[0] is not None:
        heard = (
            f" The author of a stopped change hears after {_time(hours[0])} "
            f"instead of {_time(hours[1])}."
        )
    return (
        f"Checks first {verdict}: {first:,.2f} dollars per change, against {alone:,.2f} for "
        f"training alone and {anyway:,.2f} for training and then checks. "
        f"They stop {percent(rate)} of the changes; {enough}{heard}"
    )


def _time(hours: float) -> str:
    whole, minutes = divmod(round(60 * hours, 1), 60)
    return " ".join(
        [f"{whole:.0f} h"] * (whole > 0) + [f"{minutes:.3g} min"] * (minutes > 0 or whole == 0)
    )


PANEL = Panel(
    cost_view,
    plot_view,
    controls=(
        Slider("catch_rate", "catch rate", "%", 0.0, 1.0, 0.0025, 100),
        Slider("check_minutes", "checks", "minutes", 0.0, 120.0, 1.0),
        Slider("cluster_price", "cluster", "dollars/hour", 5.0, 500.0, 5.0),
        Slider("training_hours", "training", "hours", 0.25, 48.0, 0.25),
    ),
    presets={
        "This lesson": {},
        "Few catches": {"catch_rate": 0.01},
        "Slow checks": {"check_minutes": 60.0},
        "A small model": {"check_minutes": 10.0, "cluster_price": 20.0, "training_hours": 0.5},
    },
)
cost_panel = PANEL.live
