"""A stream, a trigger policy and a gate, run week by week: who served, what it cost, and what
someone who knew the future would have done.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np

from labsupport.exact import check_count
from labsupport.gate import Policy, Verdict
from labsupport.triggers import rules
from labsupport.triggers.dollars import TRAINING, oracle
from labsupport.triggers.losses import PairedLoss, compare_losses
from labsupport.triggers.monitor import Chart, control_chart, mix_shift
from labsupport.triggers.ratchet import Line, judge
from labsupport.triggers.stream import by_week, fit, flight_stream, left_out, losses_by_day

FIRST = tuple(range(8))  # the weeks of the first champion
START, END = 8, 32  # the weeks that are lived through
BETTER = Policy(min_gain=0.0, max_gap=None, confidence=0.95)
WATCHED = ("origin", "hour")


@dataclass(frozen=True)
class TriggerPolicy:
    """When to train, on what, and how long a candidate is tried beside the champion.

    Attributes
    ----------
    every : weeks after a training at which the next is due. None: no schedule.
    volume : new labelled rows at which a training is due. None: no such trigger.
    sigmas : the weekly log-loss may lie so many sd above its mean. None: no such trigger.
    inputs : the same for the mix of the watched inputs. None: no such trigger.
    cooldown : days that a cause rests after it fired.
    delay : days until a label is known.
    window : weeks of history a candidate is trained on. None: all.
    trial : weeks that candidate and champion score side by side, for the gate.

    Raises
    ------
    ValueError : a number of weeks or rows that is not whole and at least 1, a negative cooldown or
        delay, or a delay after which the first candidate would have no labelled row.
    """

    every: int | None = None
    volume: int | None = None
    sigmas: float | None = 3.0
    inputs: float | None = None
    cooldown: int = 14
    delay: int = 0
    window: int | None = None
    trial: int = 3

    def __post_init__(self) -> None:
        for name in ("every", "volume", "window", "trial"):
            if (value := getattr(self, name)) is not None:
                check_count(value, name)
        for name in ("cooldown", "delay"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} counts days, zero or more; got {getattr(self, name)!r}.")
        if self.lag > START:
            raise ValueError(
                f"With labels {self.delay} days late the first candidate has nothing to learn "
                f"from; give a delay of at most {7 * START} days."
            )

    @property
    def lag(self) -> int:
        """Whole weeks until the last label of a week is known."""
        return math.ceil(self.delay / 7)


@dataclass(frozen=True)
class Attempt:
    """A trained candidate and what became of it. A model's name is the last week before it.

    Attributes
    ----------
    trigger : what asked for it.
    model : the week at whose end it was trained.
    weeks : the weeks it was trained on.
    judged : the week at whose end the gate decided; None if the stream ended first.
    verdict : the gate's, or None.
    """

    trigger: rules.Trigger
    model: int
    weeks: tuple[int, ...]
    judged: int | None = None
    verdict: Verdict | None = None

    @property
    def promoted(self) -> bool:
        """Whether it served."""
        return self.verdict is not None and self.verdict.decision == "promote"


@dataclass(frozen=True, eq=False)
class Timeline:
    """What came of a policy on the flights, weeks 8 to 31.

    Attributes
    ----------
    served : (24,) int array, the model that served each week.
    log_loss : (24,) float array, its loss that week, nats per row.
    untouched : (24,) float array, the same for the first champion.
    chart : the control chart of the log-loss, or None.
    signals : every signal there was, also of a cause that rested.
    attempts : all candidates.
    dollars : trainings and losses together; untouched_dollars without any training.
    oracle : the least that anyone could have spent with the same trainings on offer, knowing the
        future.
    """

    served: np.ndarray
    log_loss: np.ndarray
    untouched: np.ndarray
    chart: Chart | None
    signals: tuple[rules.Signal, ...]
    attempts: tuple[Attempt, ...]
    dollars: float
    untouched_dollars: float
    oracle: float

    @property
    def regret(self) -> float:
        """Dollars spent beyond the oracle's."""
        return self.dollars - self.oracle

    @property
    def saved(self) -> float:
        """Dollars against never retraining; below zero: it cost more."""
        return self.untouched_dollars - self.dollars

    @property
    def promoted(self) -> list[Attempt]:
        """The candidates that served."""
        return [attempt for attempt in self.attempts if attempt.promoted]


def live(
    policy: TriggerPolicy, gate_policy: Policy = BETTER, worth: float = 2.0, anchored: bool = True
) -> Timeline:
    """Run the flights under a policy.

    Signals are looked at when a week ends. A candidate is trained on what is labelled by then,
    scored beside the champion for the weeks of its trial, and judged by the gate when their labels
    are known. That gate is the only way to serve. The limit of the loss stays the first champion's:
    it is what users were promised, whoever serves.

    Parameters
    ----------
    worth : dollars that one nat of log-loss costs per flight.
    """
    chart = None if policy.sigmas is None else control_chart(reference_losses(), policy.sigmas)
    line, fired, attempts, heard = Line.begin(START - 1), {}, [], []
    served = np.full(END - START, START - 1)
    for week in range(START, END):
        served[week - START] = line.latest
        for place, attempt in enumerate(attempts):
            if attempt.model + policy.trial + policy.lag == week:
                attempts[place], line = _judged(attempt, week, line, policy, gate_policy, anchored)
        signals = list(_signals(week, policy, chart, served, attempts))
        heard += signals
        trigger = rules.due(signals, fired, policy.cooldown)
        if trigger is not None:
            fired |= dict.fromkeys(trigger.causes, trigger.day)
            attempts.append(Attempt(trigger, week, trained_on(week, policy.window, policy.lag)))
    return _settled(policy, served, (chart, tuple(heard), tuple(attempts)), worth)


@cache
def reference_losses() -> np.ndarray:
    """(8,) float array, the log-loss of the first weeks, each left out in turn."""
    return left_out(flight_stream(), FIRST)


def trained_on(week: int, window: int | None, lag: int) -> tuple[int, ...]:
    """The weeks that a model trained at the end of a week learns from."""
    if week < START:
        return FIRST
    known = week + 1 - lag
    return tuple(range(0 if window is None else max(0, known - window), known))


def model_losses(week: int, window: int | None, lag: int) -> np.ndarray:
    """(days,) float array: the summed loss of the model trained at the end of a week."""
    return _losses_of(trained_on(week, window, lag))


@cache
def _losses_of(weeks: tuple[int, ...]) -> np.ndarray:
    """By what was learnt: late labels make few new models, they make the same ones later."""
    start = None if weeks == FIRST else _first_weights()  # near enough to save a third of the steps
    return losses_by_day(flight_stream(), fit(flight_stream(), weeks, start))


@cache
def _first_weights() -> np.ndarray:
    return fit(flight_stream(), FIRST)


def trial_of(candidate: int, champion: int, policy: TriggerPolicy) -> PairedLoss:
    """Candidate and champion side by side, on the weeks of the candidate's trial."""
    days = slice(7 * (candidate + 1), 7 * (candidate + 1 + policy.trial))
    losses = (model_losses(week, policy.window, policy.lag)[days] for week in (candidate, champion))
    return compare_losses(flight_stream().rows_by_day[days], *losses)


def _judged(
    attempt: Attempt,
    week: int,
    line: Line,
    policy: TriggerPolicy,
    gate_policy: Policy,
    anchored: bool,
) -> tuple[Attempt, Line]:
    def compare(_: int, champion: int) -> PairedLoss:
        return trial_of(attempt.model, champion, policy)

    line, verdict = judge(line, attempt.model, compare, gate_policy, anchored)
    return Attempt(attempt.trigger, attempt.model, attempt.weeks, week, verdict), line


def _signals(
    week: int, policy: TriggerPolicy, chart: Chart | None, served: np.ndarray, attempts: list
) -> Iterator[rules.Signal]:
    """What is known when a week ends, and not before."""
    day, last = 7 * week + 6, attempts[-1].model if attempts else START - 1
    if policy.every is not None and week - last >= policy.every:
        yield rules.Signal(day, rules.SCHEDULE, f"{week - last} weeks since the last training")
    labelled, rows = week - policy.lag, flight_stream().rows_by_day
    learnt = attempts[-1].weeks[-1] if attempts else FIRST[-1]
    new = int(rows[7 * (learnt + 1) : 7 * (labelled + 1)].sum())
    if policy.volume is not None and new >= policy.volume:
        yield rules.Signal(day, rules.VOLUME, f"{new:,} new labelled rows")
    if chart is not None and labelled >= START:
        loss = _loss(served[labelled - START], labelled, policy)
        if chart.alarms(loss):
            reason = f"log-loss {loss:.3f} in week {labelled}, above {chart.limit:.3f}"
            yield rules.Signal(day, rules.DEGRADATION, reason)
    if policy.inputs is not None:
        for column in WATCHED:
            shift, usual = _shift(column, week), control_chart(_usual(column), policy.inputs)
            if usual.alarms(shift):
                reason = f"{column} mix moved by {shift:.3f}, above {usual.limit:.3f}"
                yield rules.Signal(day, rules.INPUTS, reason)


def _loss(model: int, week: int, policy: TriggerPolicy) -> float:
    return float(_weekly(int(model), policy.window, policy.lag)[week])


def _weekly(model: int, window: int | None, lag: int) -> np.ndarray:
    return _weekly_of(trained_on(model, window, lag))


@cache
def _weekly_of(weeks: tuple[int, ...]) -> np.ndarray:
    return by_week(_losses_of(weeks), flight_stream().rows_by_day)


@cache
def _shift(column: str, week: int, reference: tuple[int, ...] = FIRST) -> float:
    return mix_shift(flight_stream(), column, reference, week)


@cache
def _usual(column: str) -> np.ndarray:
    return left_out(
        flight_stream(), FIRST, lambda others, week: _shift(column, week, tuple(others))
    )


def _settled(
    policy: TriggerPolicy, served: np.ndarray, told: tuple[Chart | None, tuple, tuple], worth: float
) -> Timeline:
    weeks = np.arange(START, END)
    models = range(START - 1, END - 1)
    loss = np.array([_weekly(model, policy.window, policy.lag)[START:] for model in models])
    rows = np.add.reduceat(flight_stream().rows_by_day, 7 * np.arange(END))[START:]
    price = worth * loss * rows
    own = loss[served - models[0], weeks - START]
    paid = price[served - models[0], weeks - START].sum() + TRAINING * len(told[-1])
    untouched = float(price[0].sum())
    return Timeline(served, own, loss[0], *told, float(paid), untouched, oracle(price))
