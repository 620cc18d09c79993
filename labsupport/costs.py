"""What a pipeline costs: stages in a row, each of which runs only if all before it passed.

Costs are in any currency and durations in any unit of time, as long as all stages use the same one.
Numbers count as the decimals that were written and sums are exact; they become floats at the very
end.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from labsupport.exact import as_written

CHECKS_FIRST, TRAINING_ALONE = "checks first", "training alone"
CHECKS_AFTER = "training, then checks"


@dataclass(frozen=True)
class Stage:
    """One step of a pipeline.

    Attributes
    ----------
    name : what people call it.
    cost : of one run.
    catch_rate : the share of the changes that arrive here which this stage finds defective and
        stops.
    duration : of one run, in any unit of time.
    false_alarm_rate : the share of its runs on a change without a finding that fail all the same;
        each is run again until it passes, so it costs time and money and stops nothing.
    reuse_rate : the share of arriving changes for which an earlier result is still valid (a cached
        build): no cost, no time.

    Raises
    ------
    TypeError : something that is not a number.
    ValueError : NaN, a cost or duration below zero, a rate outside of [0, 1], or a false alarm rate
        of 1: never passed.
    """

    name: str
    cost: float
    catch_rate: float
    duration: float = 0
    false_alarm_rate: float = 0
    reuse_rate: float = 0

    def __post_init__(self) -> None:
        for field in ("cost", "duration"):
            _amount(getattr(self, field), f"The {field} of {self.name!r}")
        for field in ("catch_rate", "false_alarm_rate", "reuse_rate"):
            _rate(getattr(self, field), f"The {field} of {self.name!r}")
        if as_written(self.false_alarm_rate) == 1:
            raise ValueError(
                f"A false_alarm_rate of 1 means that {self.name!r} never passes; it has to be "
                "below 1."
            )

    @property
    def expected_runs(self) -> float:
        """How often it runs for a change that arrives: less than once with reuse, more than once
        with false alarms.
        """
        return float(_runs(self))


def expected_cost(stages: Iterable[Stage]) -> float:
    """The mean cost of a change, over those that are stopped and those that pass.

    A stage's catch rate makes what comes after it cheaper, never the stage itself.

    Parameters
    ----------
    stages : in the order in which they run. Catch rates are taken to be independent: a stage finds
        its share of whatever the stages before it let through.

    Raises
    ------
    TypeError, ValueError : what was given is not a list of at least one Stage.
    """
    return _expected(stages, lambda stage: as_written(stage.cost))


def expected_duration(stages: Iterable[Stage]) -> float:
    """The mean time from a change to its verdict, over those stopped and those that pass."""
    return _expected(stages, lambda stage: as_written(stage.duration))


def pass_rate(stages: Iterable[Stage]) -> float:
    """The share of changes that no stage stops; the order does not matter."""
    return float(
        math.prod(
            (1 - as_written(stage.catch_rate) for stage in _pipeline(stages)), start=Fraction(1)
        )
    )


def duration_until_caught(stages: Iterable[Stage]) -> float:
    """The mean time from a change that will be stopped to the moment its author hears of it.

    Raises
    ------
    ValueError : no stage catches anything.
    """
    total, elapsed, arriving, stopped = Fraction(0), Fraction(0), Fraction(1), Fraction(0)
    for stage in _pipeline(stages):
        caught, unused = as_written(stage.catch_rate), 1 - as_written(stage.reuse_rate)
        duration = as_written(stage.duration)
        total += arriving * caught * (elapsed + unused * duration)
        elapsed += unused * duration / (1 - as_written(stage.false_alarm_rate))
        stopped += arriving * caught
        arriving *= 1 - caught
    if stopped == 0:
        raise ValueError(
            "No stage of this pipeline has a catch_rate above 0, so no change is ever stopped."
        )
    return float(total / stopped)


def best_order(stages: Iterable[Stage]) -> list[Stage]:
    """The cheapest order of stages that may run in any order: no swap of two neighbours helps.

    Source: L. G. Mitten (1960), "An analytic solution to the least cost testing sequence problem".
    What never stops anything comes last. Equal stages keep their order.

    Parameters
    ----------
    stages : independent of each other; leave out a stage that needs another one's result, such as a
        gate after training.
    """
    return sorted(_pipeline(stages), key=_cost_per_catch)


def two_orders(check_cost: float, training_cost: float, catch_rate: float) -> dict[str, float]:
    """The expected cost of a change with the checks first, and of training first in its two
    readings: alone, and then the same checks anyway.

    Parameters
    ----------
    check_cost, training_cost : of one run, in one currency.
    catch_rate : the share of changes that the checks stop.

    Raises
    ------
    TypeError, ValueError : what Stage refuses.
    """
    checks, training = Stage("checks", check_cost, catch_rate), Stage("training", training_cost, 0)
    return {
        CHECKS_FIRST: expected_cost([checks, training]),
        TRAINING_ALONE: expected_cost([training]),
        CHECKS_AFTER: expected_cost([training, checks]),
    }


def break_even_catch_rate(check_cost: float, training_cost: float) -> float:
    """The catch rate above which a check before training is cheaper than training without the
    check; above 1: none is.

    A check that is run anyway, before or after training, needs no break-even: any catch rate above
    0 makes "before" cheaper.

    Raises
    ------
    TypeError, ValueError : a cost that is no number, is below zero or NaN, or training that costs
        nothing.
    """
    check, training = (
        _amount(check_cost, "The check's cost"),
        _amount(training_cost, "The training's cost"),
    )
    if training == 0:
        raise ValueError(
            "Training that costs nothing has no break-even: give the training a cost above 0."
        )
    return float(check / training)


@dataclass(frozen=True)
class Simulation:
    """Changes that were sent through a pipeline, one by one.

    Attributes
    ----------
    costs, durations : (n,) float arrays, what each change took.
    stopped_at : (n,) int array, the index of the stage that stopped it, -1 if none did.
    """

    costs: np.ndarray
    durations: np.ndarray
    stopped_at: np.ndarray

    @property
    def mean_cost(self) -> float:
        """The estimate of the expected cost."""
        return float(self.costs.mean())

    @property
    def standard_error(self) -> float:
        """How far the mean cost of so many changes typically lies from the expected cost."""
        return float(self.costs.std(ddof=1) / math.sqrt(len(self.costs)))


def simulate(stages: Iterable[Stage], n: int = 1000, seed: int = 0) -> Simulation:
    """Send n changes through the stages with dice instead of the formula.

    Raises
    ------
    TypeError, ValueError : not a list of stages, or fewer than 2 changes.
    """
    pipeline = _pipeline(stages)
    if n < 2:
        raise ValueError(
            "A simulation needs at least 2 changes, or its mean has no standard error; got n "
            f"= {n}."
        )
    rng = np.random.default_rng(seed)
    costs, durations, stopped_at = np.zeros(n), np.zeros(n), np.full(n, -1)
    for index, stage in enumerate(pipeline):
        caught = rng.random(n) < float(stage.catch_rate)
        fresh = rng.random(n) >= float(stage.reuse_rate)
        until_passed = rng.geometric(1 - float(stage.false_alarm_rate), n)
        runs = np.where(stopped_at < 0, fresh * np.where(caught, 1, until_passed), 0)
        costs += runs * float(stage.cost)
        durations += runs * float(stage.duration)
        stopped_at[(stopped_at < 0) & caught] = index
    return Simulation(costs, durations, stopped_at)


def _expected(stages: Iterable[Stage], of_one_run: Callable[[Stage], Fraction]) -> float:
    total, arriving = Fraction(0), Fraction(1)
    for stage in _pipeline(stages):
        total += arriving * _runs(stage) * of_one_run(stage)
        arriving *= 1 - as_written(stage.catch_rate)
    return float(total)


def _runs(stage: Stage) -> Fraction:
    """Expected runs per arriving change: one if it is caught, else one after every false alarm;
    none if reused.
    """
    caught, alarmed = as_written(stage.catch_rate), as_written(stage.false_alarm_rate)
    return (1 - as_written(stage.reuse_rate)) * (caught + (1 - caught) / (1 - alarmed))


def _cost_per_catch(stage: Stage) -> tuple[bool, Fraction]:
    caught = as_written(stage.catch_rate)
    return caught == 0, _runs(stage) * as_written(stage.cost) / (caught or 1)


def _pipeline(stages: Iterable[Stage]) -> list[Stage]:
    if isinstance(stages, Stage) or not isinstance(stages, Iterable):
        raise TypeError(
            f"A pipeline is a list of stages, such as [Stage('checks', 6, 0.2)]; got {stages!r}."
        )
    pipeline = list(stages)
    for stage in pipeline:
        if not isinstance(stage, Stage):
            raise TypeError(
                "A pipeline is a list of stages, such as [Stage('checks', 6, 0.2)]; it holds "
                f"{stage!r}."
            )
    if not pipeline:
        raise ValueError("This pipeline is empty: give at least one Stage(name, cost, catch_rate).")
    return pipeline


def _amount(number: float, name: str) -> Fraction:
    if (exact := as_written(number, name)) < 0:
        raise ValueError(f"{name} must be zero or more; got {number!r}.")
    return exact


def _rate(number: float, name: str) -> Fraction:
    if not 0 <= (exact := as_written(number, name)) <= 1:
        raise ValueError(f"{name} is a share, from 0 to 1; got {number!r}.")
    return exact
