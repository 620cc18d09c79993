"""The two places where a candidate is judged before anyone is served: cheap checks of its rows, and
the gate.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache, lru_cache

import numpy as np

from labsupport.checks import Check
from labsupport.gate import Policy, Verdict, conclude
from labsupport.ops.loop.rows import DAY_0, Scored, Snapshot, first, rows_on
from labsupport.triggers import Line, compare_losses, flight_stream, judge
from labsupport.triggers.losses import PairedLoss

_COLUMNS = ["carrier", "origin", "hour", "late"]
_NEWEST = 28  # days of a snapshot whose distribution is compared with the first champion's rows
_SAMPLE, _SEED = 3000, 2013  # rows of the smoke test; with fewer a sound training fails it
# Wide: in four weeks of these flights the share of late ones moves by 0.11 without any fault.
# And an airline with three rows in eight weeks may have none in four.
_BOUNDS = {
    "max_new": 0.01,
    "max_lost": 0.01,
    "max_class_change": 0.2,
    "max_l_infinity": 0.05,
    "max_psi": 0.1,
    "max_ks": 0.1,
    "max_location": 0.1,
    "max_spread": 0.1,
}


@lru_cache(maxsize=256)
def check_rows(snapshot: Snapshot, day: int, missing: float) -> Verdict:
    """The cheap checks of a snapshot that was taken when a day had ended: is it fresh, does every
    answer have one row, are its newest rows distributed as the first champion's were, does training
    on it work.
    """
    found = check_answered(snapshot, day, missing)
    return conclude([*found, *_distribution(snapshot), *_smoke()])


def check_answered(snapshot: Snapshot, day: int, missing: float) -> list[Check]:
    """The rows of each day held against the answers that the fleet gave on it."""
    days = DAY_0 + day
    answered = flight_stream().rows_by_day[:days]
    arrived = np.bincount(snapshot.stream.day, minlength=days)
    newest = int(np.flatnonzero(arrived)[-1])
    age = days - 1 - newest
    said = f"The newest row is {age} days old." if age else "The newest row is of today."
    fresh = Check("freshness", None, float(age), 0, age == 0, said)
    short = 1 - arrived / answered
    worst = int(np.argmax(short))
    said = (
        f"Of a day's {answered[worst]:,} answers {max(0.0, 100 * short[worst]):.1f}% have no row, "
        f"at worst; {100 * missing:g}% may be missing."
    )
    all_there = Check(
        "rows missing", None, float(short[worst]), missing, not short[worst] > missing, said
    )
    twice = int((arrived > answered).sum())
    said = f"{twice or 'No'} days have more rows than there were answers."
    return [fresh, all_there, Check("rows twice", None, float(twice), 0, not twice, said)]


def _distribution(snapshot: Snapshot) -> tuple[Check, ...]:
    from labsupport.validation import DataPolicy, validate

    newest = snapshot.stream.day > snapshot.stream.day[-1] - _NEWEST
    frame = _frame(snapshot, newest)
    policy = DataPolicy(false_alarm_rate=None, label="late", **_BOUNDS)
    return validate(frame, _reference(), policy).checks


@cache
def _reference():
    from labsupport.validation import profile

    return profile(_frame(first(), np.ones(len(first().rows), bool)), ["late"])


def _frame(snapshot: Snapshot, which: np.ndarray):
    """Some of a snapshot's rows as a frame."""
    rows = _all_rows().iloc[snapshot.rows[which]]
    return rows.assign(late=snapshot.late[which])


@cache
def _all_rows():
    from labsupport.validation import flights_frame

    weeks = range(int(flight_stream().week[-1]) + 1)
    return flights_frame(weeks)[_COLUMNS]


@cache
def _smoke() -> tuple[Check, ...]:
    """The smoke test asks about the program that trains, and that is the same every time: its
    result is used again, as a build's is.
    """
    from labsupport.validation import Trainer, smoke_test

    def loss(weights, X, y):
        logit = X @ weights
        return float(np.mean(np.logaddexp(0, logit) - y * logit))

    def gradient(weights, X, y):
        return X.T @ (1 / (1 + np.exp(-(X @ weights))) - y) / len(y)

    def step(weights, X, y):
        return weights - 0.5 * gradient(weights, X, y)

    stream, snapshot = first().stream, first()
    rows = np.random.default_rng(_SEED).choice(len(snapshot.rows), _SAMPLE, replace=False)
    trainer = Trainer(lambda X: np.zeros(X.shape[1]), step, loss, gradient)
    return smoke_test(trainer, stream.kinds[stream.kind[rows]], stream.late[rows]).checks


def compare(candidate: Scored, champion: Scored, day: int, trial: int) -> PairedLoss:
    """Two models side by side on the days of a trial that has ended with a day, overall and on each
    segment.
    """
    days = slice(DAY_0 + day - trial, DAY_0 + day)
    whole = compare_losses(
        flight_stream().rows_by_day[days], candidate.losses[days], champion.losses[days]
    )
    parts = {
        name: compare_losses(
            rows[days], candidate.losses_on[name][days], champion.losses_on[name][days]
        )
        for name, rows in rows_on().items()
    }
    return replace(whole, slices=parts)


@lru_cache(maxsize=256)
def judge_trial(
    latest: Scored, best: Scored, candidate: Scored, day: int, trial: int, policy: Policy
) -> tuple[Verdict, bool]:
    """The gate's verdict on a candidate at the end of its trial, and whether it is the best so far.

    Parameters
    ----------
    latest, best : the champion that serves, and the best one ever.
    day, trial : on whose evening the trial has ended, and how many days it took.
    policy : the gate's. One without max_slice_loss looks at no segment.
    """

    def compared(one: Scored, other: Scored) -> PairedLoss:
        found = compare(one, other, day, trial)
        return found if policy.max_slice_loss is not None else replace(found, slices={})

    line, verdict = judge(Line(latest, best), candidate, compared, policy)
    return verdict, line.anchor is candidate
