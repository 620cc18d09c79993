"""Snapshots of the stream, models fitted to them, and who was right.

Rows have the numbers that they have in triggers.flight_stream, so what a model says of them is
worked out once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache, cached_property

import numpy as np

from labsupport.triggers import fit, flight_stream
from labsupport.triggers.stream import Stream, losses_by_day, probabilities
from labsupport.triggers.timeline import FIRST, START

DAY_0 = 7 * START  # of the stream, with which the loop's first day begins
DAYS = 168  # that can be lived through
_LEAST = 0.009  # of all rows, for a segment of its own


@dataclass(frozen=True, eq=False)
class Snapshot:
    """Rows for a training.

    Attributes
    ----------
    rows : (n,) int array, which rows of the stream, in time order; one may be there twice.
    late : (n,) int array, the labels that came with them.
    """

    rows: np.ndarray
    late: np.ndarray

    @cached_property
    def stream(self) -> Stream:
        """The same as a stream of its own, which can be fitted to and has a digest."""
        whole = flight_stream()
        columns = {name: values[self.rows] for name, values in whole.columns.items()}
        day = whole.day[self.rows]
        return Stream(whole.kinds, whole.kind[self.rows], self.late, day, columns)

    @cached_property
    def weeks(self) -> tuple[int, ...]:
        """The weeks that it has rows of."""
        return tuple(np.unique(self.stream.week).tolist())

    @cached_property
    def digest(self) -> str:
        """What it is known by."""
        return self.stream.digest(self.weeks)

    def fit(self) -> np.ndarray:
        """(d,) weights of a model of all its rows."""
        return fit(self.stream, self.weeks)


@dataclass(frozen=True, eq=False)
class Scored:
    """What a model says of every row of the stream.

    Attributes
    ----------
    weights : (d,) float array.
    """

    weights: np.ndarray

    @cached_property
    def wrong(self) -> np.ndarray:
        """(n,) boolean array: it says late with a probability above one half and the flight is not,
        or the other way round.
        """
        stream = flight_stream()
        return (probabilities(stream, self.weights) > 0.5) != stream.late

    @cached_property
    def losses(self) -> np.ndarray:
        """(days,) float array, log-loss summed over the rows of a day."""
        return losses_by_day(flight_stream(), self.weights)

    @cached_property
    def losses_on(self) -> Mapping[str, np.ndarray]:
        """The same for each segment."""
        stream = flight_stream()
        logit = stream.few @ self.weights
        late, on_time = np.logaddexp(0, -logit), np.logaddexp(0, logit)
        lost = np.where(stream.late == 1, late[stream.kind], on_time[stream.kind])
        return {name: _daily(mask, lost) for name, mask in segments().items()}


def until(day: int) -> np.ndarray:
    """The numbers of all rows until the end of one of the loop's days; day 0: before the first."""
    return np.arange(_ends()[DAY_0 + day])


def of_day(day: int) -> slice:
    """The rows of one of the loop's days, from 1."""
    ends = _ends()
    return slice(ends[DAY_0 + day - 1], ends[DAY_0 + day])


def date_of(day: int) -> str:
    """One of the loop's days as a date, such as "26 Feb"."""
    when = date(2013, 1, 1) + timedelta(days=DAY_0 + day - 1)
    return f"{when.day} {when:%b}"


@cache
def segments() -> dict[str, np.ndarray]:
    """{name: (n,) boolean mask}: every airline with one row in a hundred, the others together, the
    three airports.
    """
    from labsupport.validation.frames import CARRIERS, ORIGINS

    columns = flight_stream().columns
    carrier, origin = columns["carrier"], columns["origin"]
    share = np.bincount(carrier, minlength=len(CARRIERS)) / len(carrier)
    named = {name: carrier == i for i, name in enumerate(CARRIERS) if share[i] > _LEAST}
    others = {"other airlines": ~np.any(list(named.values()), axis=0)}
    return named | others | {name: origin == i for i, name in enumerate(ORIGINS)}


@cache
def rows_on() -> dict[str, np.ndarray]:
    """{segment: (days,) int array}, its rows of each day."""
    return {name: _daily(mask) for name, mask in segments().items()}


@cache
def small() -> np.ndarray:
    """(n,) boolean mask: airlines with fewer than one row in twenty."""
    carrier = flight_stream().columns["carrier"]
    return (np.bincount(carrier) / len(carrier) < 0.05)[carrier]


@cache
def first() -> Snapshot:
    """The rows of the first champion."""
    rows = np.flatnonzero(flight_stream().week <= FIRST[-1])
    return Snapshot(rows, flight_stream().late[rows])


@cache
def _ends() -> np.ndarray:
    return np.r_[0, np.cumsum(flight_stream().rows_by_day)]


def _daily(mask: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    day = flight_stream().day
    given = None if weights is None else weights[mask]
    return np.bincount(day[mask], weights=given, minlength=int(day[-1]) + 1)
