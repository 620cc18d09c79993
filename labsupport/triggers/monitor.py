"""Watching a model in production: a control chart, the mix of its inputs, a detector by rows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy
from scipy import special

from labsupport.exact import check_count, check_level
from labsupport.triggers.stream import Stream


@dataclass(frozen=True)
class Chart:
    """A control chart: what was usual, and from where on it is not.

    Attributes
    ----------
    mean, sd : of the reference values; sd with runs - 1 below the fraction line.
    runs : how many reference values there were.
    sigmas : how many sd above the mean the limit lies.
    """

    mean: float
    sd: float
    runs: int
    sigmas: float

    @property
    def limit(self) -> float:
        """The value above which the chart alarms."""
        return self.mean + self.sigmas * self.sd

    def alarms(self, value: float) -> bool:
        """Whether a value lies above the limit. What is no number was not measured: that alarms."""
        return not value <= self.limit

    def false_alarm_rate(self, values: int = 1) -> float:
        """How likely at least one of so many new values alarms, if nothing changed and all values
        are normal and independent.

        Mean and sd are estimates, and all new values share them: the rate is the mean over what
        they may have come out as.
        """
        return _any_alarm(self.sigmas, self.runs, values)


def control_chart(reference: Sequence[float], sigmas: float = 3.0) -> Chart:
    """A chart from values of a time when all was well, none of which is judged by it.

    Parameters
    ----------
    reference : for a model, the losses on its training weeks, each left out in turn; see
        stream.left_out.
    sigmas : above 0. Three is custom; sigmas_for says what a wanted false-alarm rate needs.

    Raises
    ------
    ValueError : fewer than two values, one that is NaN or infinite, no spread, or sigmas not above
        0.
    """
    values = np.asarray(reference, dtype=float)
    if values.ndim != 1 or len(values) < 2 or not np.isfinite(values).all():
        raise ValueError(
            "A control chart needs at least two finite reference values, one per week; got "
            f"{values.tolist()}."
        )
    if not 0 < sigmas < math.inf:
        raise ValueError(f"sigmas must be a number above 0; got {sigmas!r}.")
    sd = float(values.std(ddof=1))
    if sd == 0:
        raise ValueError(
            "The reference values are all alike, so every other value would alarm; take weeks that "
            "differ."
        )
    return Chart(float(values.mean()), sd, len(values), float(sigmas))


def sigmas_for(rate: float, values: int, runs: int) -> float:
    """How many sd above the mean a limit has to lie, so that of so many new values one alarms with
    probability `rate` while nothing has changed.

    Parameters
    ----------
    rate : wanted over all new values together.
    values : how many will be judged.
    runs : how many reference values mean and sd come from.

    Raises
    ------
    ValueError : a rate outside (0, 1), no value to judge, or fewer than two reference values.
    """
    check_level(rate, "rate")
    check_count(values, "values")
    check_count(runs - 1, "runs - 1")
    return float(
        scipy.optimize.brentq(lambda sigmas: _any_alarm(sigmas, runs, values) - rate, -1e6, 1e6)
    )


def _any_alarm(sigmas: float, runs: int, values: int) -> float:
    """The mean, over the estimated mean and sd of so many reference values, of the probability that
    one of the new values exceeds their limit; by Gauss quadrature.
    """
    check_count(values, "values")
    z, weight_z = np.polynomial.hermite_e.hermegauss(60)
    df = runs - 1
    top = math.sqrt(scipy.stats.chi2.isf(1e-17, df))
    x, weight_x = np.polynomial.legendre.leggauss(400)
    chi = top * (x + 1) / 2
    weight = (
        np.outer(weight_z, weight_x * scipy.stats.chi.pdf(chi, df))
        * (top / 2)
        / math.sqrt(2 * math.pi)
    )
    limit = z[:, None] / math.sqrt(runs) + sigmas * chi / math.sqrt(df)
    return float((weight * -np.expm1(values * special.log_ndtr(limit))).sum())


def mix_shift(stream: Stream, column: str, reference: Sequence[int], week: int) -> float:
    """How much of a week's mix has moved: the share of its rows that would need another value of a
    column to have the mix of the reference weeks.

    That is the total variation distance, half the sum of the absolute differences of the shares;
    0: the same mix, 1: no value in common.

    Raises
    ------
    KeyError : the stream has no such column.
    ValueError : what Stream.rows refuses.
    """
    if column not in stream.columns:
        known = ", ".join(stream.columns)
        raise KeyError(f"The stream has no column {column!r}; its columns: {known}.")
    values = stream.columns[column]
    size = int(values.max()) + 1
    before, now = (
        np.bincount(values[stream.rows(weeks)], minlength=size) for weeks in (reference, [week])
    )
    return float(np.abs(before / before.sum() - now / now.sum()).sum() / 2)


def row_alarms(wrong, sigmas: float = 3.0, quiet: int = 30) -> np.ndarray:
    """Where a detector alarms that takes every row for independent of its neighbours: DDM.

    It follows the error rate p since its last alarm and s = sqrt(p (1 - p) / rows), remembers where
    p + s was lowest, and alarms where p + s exceeds that p by `sigmas` of that s; then it starts
    anew.

    Parameters
    ----------
    wrong : (n,) 0 and 1, in time order.
    quiet : rows after a start in which it does not alarm yet.

    Returns
    -------
    (alarms,) int array of row numbers.

    Notes
    -----
    Source: J. Gama, P. Medas, G. Castillo, P. Rodrigues, Learning with drift detection, SBIA 2004.
    """
    wrong = np.asarray(wrong, dtype=float)
    found, start = [], 0
    while start + quiet < len(wrong):
        at = _first_alarm(wrong[start:], sigmas, quiet + 1)
        if at is None:
            break
        found.append(start + at)
        start += at + 1
    return np.array(found, dtype=np.int64)


def _first_alarm(wrong: np.ndarray, sigmas: float, least: int) -> int | None:
    """Looks at twice as many rows each time, since most alarms come soon."""
    size = 16 * least
    while True:
        part = wrong[:size]
        rows = np.arange(1, len(part) + 1)
        p = np.cumsum(part) / rows
        s = np.sqrt(p * (1 - p) / rows)
        level = (p + s)[least - 1 :]
        lowest = np.minimum.accumulate(level)
        place = np.maximum.accumulate(np.where(level == lowest, np.arange(len(level)), 0))
        p_min, s_min = p[least - 1 :][place], s[least - 1 :][place]
        alarms = np.flatnonzero(level > p_min + sigmas * s_min)
        if len(alarms):
            return int(alarms[0]) + least - 1
        if size >= len(wrong):
            return None
        size *= 2
