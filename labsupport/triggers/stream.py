"""The flights as a stream of days: a model fitted to some weeks of it, and what that model loses
day by day.

Flights that agree in all features are one kind with a count, so a fit costs the number of kinds,
not of flights.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
from scipy import sparse

from labsupport.data import Flights, load_flights

_RIDGE = 1.0  # keeps the weight of an airline with a handful of flights finite
_MONDAY = 1  # 1 January 2013 was a Tuesday
_FIRST_HOUR = 5  # nothing leaves earlier


@dataclass(frozen=True)
class Stream:
    """Labelled rows in time order.

    Attributes
    ----------
    kinds : (k, d) float array, the features of each kind of row; the first is the intercept.
    kind : (n,) int array, which kind a row is.
    late : (n,) int array of 0 and 1, the label.
    day : (n,) int array, from 0, never falling.
    columns : {name: (n,) int array}, the rows as they arrived.
    """

    kinds: np.ndarray
    kind: np.ndarray
    late: np.ndarray
    day: np.ndarray
    columns: Mapping[str, np.ndarray]

    @cached_property
    def week(self) -> np.ndarray:
        """(n,) int array, day // 7."""
        return self.day // 7

    @cached_property
    def rows_by_day(self) -> np.ndarray:
        """(days,) int array."""
        return np.bincount(self.day)

    @cached_property
    def few(self) -> sparse.csr_array:
        """`kinds` without its zeros, of which it has many: a fit takes a third of the time."""
        return sparse.csr_array(self.kinds)

    def rows(self, weeks: Iterable[int]) -> np.ndarray:
        """(n,) boolean array, the rows of these weeks.

        Raises
        ------
        ValueError : a week without a row, or no week at all.
        """
        asked = sorted(set(weeks))
        missing = sorted(set(asked) - set(np.flatnonzero(np.bincount(self.week)).tolist()))
        if missing or not asked:
            raise ValueError(
                f"The stream has no rows for the weeks {missing or asked}; ask for weeks from 0 to "
                f"{int(self.week[-1])}."
            )
        return np.isin(self.week, asked)

    def digest(self, weeks: Iterable[int]) -> str:
        """SHA-256 over names, labels and columns of the rows of these weeks, as 64 hex digits: the
        same on every machine.
        """
        rows, hashed = self.rows(weeks), hashlib.sha256()
        for name, values in sorted({**self.columns, "late": self.late, "day": self.day}.items()):
            hashed.update(f"{name} {int(rows.sum())}\n".encode())
            hashed.update(values[rows].astype("<i8").tobytes())
        return hashed.hexdigest()


@cache
def flight_stream() -> Stream:
    """The 200,148 flights, weeks 0 to 31. Made once, then shared.

    Features: airline, airport, weekday and hour of departure as indicators, distance in thousands
    of miles.
    """
    flights = load_flights()
    day = _day_of_year(flights)
    names = ("carrier", "origin", "hour", "distance")
    told = [*(flights.columns[name] for name in names), (day + _MONDAY) % 7]
    distinct, kind = np.unique(np.stack(told, axis=1), axis=0, return_inverse=True)
    carrier, origin, hour, distance, weekday = distinct.T
    indicators = [_indicators(carrier), _indicators(origin), _indicators(weekday)]
    kinds = np.column_stack(
        [np.ones(len(distinct)), *indicators, _indicators(hour - _FIRST_HOUR), distance / 1000]
    )
    columns = {**flights.columns, "weekday": (day + _MONDAY) % 7}
    return Stream(kinds, kind.ravel(), flights.late, day, columns)


def fit(stream: Stream, weeks: Iterable[int], start: np.ndarray | None = None) -> np.ndarray:
    """Fit a ridge logistic regression to the rows of some weeks, by Newton's method to convergence.

    Parameters
    ----------
    start : weights to start from; where it ends does not depend on them.

    Returns
    -------
    (d,) float array, the weights.

    Raises
    ------
    ValueError : what Stream.rows refuses.
    RuntimeError : it did not converge in 50 steps.
    """
    rows = stream.rows(weeks)
    flights = np.bincount(stream.kind[rows], minlength=len(stream.kinds))
    late = np.bincount(stream.kind[rows], weights=stream.late[rows], minlength=len(stream.kinds))
    seen = flights > 0
    X, flights, late = stream.few[seen], flights[seen], late[seen]
    ridge = np.full(X.shape[1], _RIDGE)
    ridge[0] = 0.0  # the intercept is free
    weights = np.zeros(X.shape[1]) if start is None else start.copy()
    for _ in range(50):
        share = 1 / (1 + np.exp(-(X @ weights)))
        gradient = X.T @ (flights * share - late) + ridge * weights
        weighed = sparse.diags_array(flights * share * (1 - share)) @ X
        curvature = (X.T @ weighed).toarray() + np.diag(ridge)
        step = np.linalg.solve(curvature, gradient)
        weights -= step
        if np.abs(step).max() < 1e-10:
            return weights
    raise RuntimeError("The fit did not converge in 50 steps; look for a feature out of range.")


def probabilities(stream: Stream, weights: np.ndarray) -> np.ndarray:
    """(n,) float array, how likely the model thinks each row is late."""
    return (1 / (1 + np.exp(-(stream.few @ weights))))[stream.kind]


def losses_by_day(stream: Stream, weights: np.ndarray) -> np.ndarray:
    """(days,) float array: the log-loss of a model, in nats, added up over the rows of each day."""
    logit = stream.few @ weights
    late, on_time = np.logaddexp(0, -logit), np.logaddexp(0, logit)
    lost = np.where(stream.late == 1, late[stream.kind], on_time[stream.kind])
    return np.bincount(stream.day, weights=lost)


def by_week(sums: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """(weeks,) float array: the mean per row of what was added up per day."""
    starts = np.arange(0, len(rows), 7)
    return np.add.reduceat(sums, starts) / np.add.reduceat(rows, starts)


def left_out(
    stream: Stream, weeks: Iterable[int], measure: Callable[[list[int], int], float] | None = None
) -> np.ndarray:
    """What each of some weeks looks like to those that are left when it is taken out.

    A week that a model was fitted to looks better than the next one will.

    Parameters
    ----------
    measure : measure(the other weeks, the week) -> number. None: the log-loss on the week of a
        model fitted to the others.
    """
    weeks = sorted(set(weeks))

    def loss(others: list[int], week: int) -> float:
        sums = losses_by_day(stream, fit(stream, others))
        return float(by_week(sums, stream.rows_by_day)[week])

    measure = measure or loss
    return np.array([measure([w for w in weeks if w != week], week) for week in weeks])


def _day_of_year(flights: Flights) -> np.ndarray:
    """Days since 1 January 2013, which has no leap day."""
    before = np.cumsum([0, 31, 28, 31, 30, 31, 30, 31])
    return before[flights.columns["month"] - 1] + flights.columns["day"] - 1


def _indicators(codes: np.ndarray) -> np.ndarray:
    """One column for each code but 0."""
    return (codes[:, None] == np.arange(1, codes.max() + 1)).astype(float)
