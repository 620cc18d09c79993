"""Ten ways in which a snapshot goes wrong on its way to training.

Each is a function of a frame of the flights or the people, a random generator and a size, above 0
and up to 1: the share of the rows, or of what is lost, that is hit. The same generator gives the
same damage. The frame that came in stays as it was.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from labsupport.validation.frames import label_of


@dataclass(frozen=True)
class Damaged:
    """A snapshot that was spoilt.

    Attributes
    ----------
    frame : the snapshot.
    kind : the name of the damage.
    column : the column that was hit; None where it is all of them.
    size : from 0 to 1.
    sentence : what was done, for people.
    """

    frame: pd.DataFrame
    kind: str
    column: str | None
    size: float
    sentence: str


Damage = Callable[[pd.DataFrame, np.random.Generator, float], Damaged]
DAMAGES: dict[str, Damage] = {}
_NEEDS: dict[str, tuple[str, ...]] = {}

_UNITS = {"arr_delay": (1 / 60, "minutes", "hours"), "AGEP": (12, "years", "months")}
_PAIRS = [("origin", "dest"), ("month", "day"), ("AGEP", "SCHL"), ("DEAR", "DEYE"), ("MAR", "CIT")]
_GROUPS = ("carrier", "RAC1P", "RELP")
_CODED = ("carrier", "origin", "MAR", "SCHL")
_LEAKS = ("distance", "hour", "AGEP", "SCHL")
_TO_UTC = 5  # hours, from New York in winter


def possible(frame: pd.DataFrame) -> list[str]:
    """The damages for which a frame has the columns, by name."""
    return [name for name in DAMAGES if set(_NEEDS[name]) <= set(frame.columns)]


def spoil(frame: pd.DataFrame, kind: str, seed: int, size: float) -> Damaged:
    """Damage a copy of a frame.

    Raises
    ------
    ValueError : an unknown damage, one for which the frame lacks a column, a size out of range.
    """
    if kind not in DAMAGES:
        raise ValueError(f"No damage {kind!r}; the damages are {', '.join(DAMAGES)}.")
    return DAMAGES[kind](frame, np.random.default_rng(seed), size)


def _damage(name: str, *needs: str) -> Callable[[Callable[..., tuple]], Damage]:
    """Register a function that returns the new frame, the column and what it did."""

    def register(function: Callable[..., tuple]) -> Damage:
        def damage(frame: pd.DataFrame, rng: np.random.Generator, size: float) -> Damaged:
            if not 0 < size <= 1:
                raise ValueError(f"size is a share, above 0 and at most 1; got {size!r}.")
            missing = set(needs) - set(frame.columns)
            if missing or not len(frame):
                what = f"a column {sorted(missing)[0]!r}" if missing else "rows"
                raise ValueError(f"The damage {name!r} needs {what}, which this frame lacks.")
            spoilt, column, sentence = function(frame.copy(), rng, size)
            return Damaged(spoilt.reset_index(drop=True), name, column, size, sentence)

        damage.__doc__ = function.__doc__
        DAMAGES[name], _NEEDS[name] = damage, needs
        return damage

    return register


def _some(n: int, rng: np.random.Generator, size: float) -> np.ndarray:
    """A share of n rows, at least one, as positions."""
    return np.sort(rng.permutation(n)[: max(1, round(size * n))])


def _one(frame: pd.DataFrame, rng: np.random.Generator, names: tuple[str, ...]) -> str:
    return str(rng.choice([name for name in names if name in frame.columns]))


@_damage("minutes sold as hours")
def _unit(frame, rng, size):
    """A number arrives in another unit."""
    column = _one(frame, rng, tuple(_UNITS))
    factor, before, after = _UNITS[column]
    rows, values = _some(len(frame), rng, size), frame[column].to_numpy().copy()
    values[rows] = np.rint(values[rows] * factor).astype(values.dtype)
    frame[column] = values
    return frame, column, f"{column} is in {after}, not {before}, in {len(rows):,} rows."


@_damage("swapped columns")
def _swapped(frame, rng, size):
    """Two columns trade places."""
    pairs = [pair for pair in _PAIRS if set(pair) <= set(frame.columns)]
    one, other = pairs[rng.integers(len(pairs))]
    rows = _some(len(frame), rng, size)
    sides = [frame[name].astype(object).to_numpy().copy() for name in (one, other)]
    sides[0][rows], sides[1][rows] = sides[1][rows], sides[0][rows]
    for name, side in zip((one, other), sides, strict=True):
        frame[name] = _as_before(side, frame[name])
    return frame, one, f"{one} and {other} are swapped in {len(rows):,} rows."


@_damage("a carrier gone")
def _gone(frame, rng, size):
    """One group's rows do not arrive: a carrier, or a group of people."""
    column = _one(frame, rng, _GROUPS)
    shares = frame[column].value_counts(normalize=True)
    level = rng.choice(sorted(shares.index[shares >= 0.01]))
    rows = np.flatnonzero(frame[column] == level)
    lost = rows[_some(len(rows), rng, size)]
    words = f"{len(lost):,} of {len(rows):,} rows with {column} {level} are gone."
    return frame.drop(index=frame.index[lost]), column, words


@_damage("a class lost")
def _class(frame, rng, size):
    """One class of the label does not arrive."""
    label = label_of(frame)
    level = rng.choice(np.unique(frame[label]))
    rows = np.flatnonzero(frame[label] == level)
    lost = rows[_some(len(rows), rng, size)]
    words = f"{len(lost):,} of {len(rows):,} rows with {label} {level} are gone."
    return frame.drop(index=frame.index[lost]), label, words


@_damage("a day twice", "month", "day")
def _day(frame, rng, size):
    """One day was loaded twice."""
    day = 100 * frame["month"].to_numpy() + frame["day"].to_numpy()
    one = int(rng.choice(np.unique(day)))
    rows = np.flatnonzero(day == one)
    twice = rows[_some(len(rows), rng, size)]
    order = np.sort(np.concatenate([np.arange(len(frame)), twice]), kind="stable")
    words = f"{len(twice):,} rows of month {one // 100}, day {one % 100} are there twice."
    return frame.iloc[order], None, words


@_damage("a leaked label")
def _leak(frame, rng, size):
    """A column's values are dealt anew so that they tell the label; each value occurs as often as
    before.
    """
    column, label = _one(frame, rng, _LEAKS), label_of(frame)
    rows, values = _some(len(frame), rng, size), frame[column].to_numpy().copy()
    by_label = np.argsort(frame[label].to_numpy()[rows], kind="stable")
    values[rows[by_label]] = np.sort(values[rows])
    frame[column] = values
    return frame, column, f"In {len(rows):,} rows {column} is large where {label} is 1."


@_damage("time zone shifted", "hour")
def _zone(frame, rng, size):
    """The hour is that of another time zone."""
    rows, hours = _some(len(frame), rng, size), frame["hour"].to_numpy().copy()
    hours[rows] = (hours[rows] + _TO_UTC) % 24
    frame["hour"] = hours
    return frame, "hour", f"hour is {_TO_UTC} later, modulo 24, in {len(rows):,} rows."


@_damage("categories re-coded")
def _recoded(frame, rng, size):
    """The names are the same, and each stands for another category."""
    column = _one(frame, rng, _CODED)
    levels = sorted(frame[column].dropna().unique())
    following = dict(zip(levels, [*levels[1:], levels[0]], strict=True))
    rows, values = _some(len(frame), rng, size), frame[column].astype(object).to_numpy().copy()
    values[rows] = [following.get(value, value) for value in values[rows]]
    frame[column] = _as_before(values, frame[column])
    words = f"{column} has the next code, {levels[0]} for {levels[-1]}, in {len(rows):,} rows."
    return frame, column, words


@_damage("missing doubled")
def _missing(frame, rng, size):
    """As many values again go missing, or a twentieth of the rows where that is more."""
    label = label_of(frame)
    column = str(rng.choice([name for name in frame.columns if name != label]))
    there = np.flatnonzero(frame[column].notna())
    more = max(len(frame) - len(there), 0.05 * len(frame)) * size
    rows = rng.permutation(there)[: max(1, round(more))]
    values = frame[column]
    if pd.api.types.is_integer_dtype(values.dtype):
        values = values.astype(float)
    frame[column] = values.mask(np.isin(np.arange(len(frame)), rows))
    now, before = frame[column].isna().mean(), 1 - len(there) / len(frame)
    return frame, column, f"{column} is missing in {now:.1%} of the rows, not in {before:.1%}."


@_damage("last week's copy", "month", "day")
def _copy(frame, rng, size):
    """The last days are those of the week before, with a new date."""
    dates = pd.to_datetime({"year": 2013, "month": frame["month"], "day": frame["day"]})
    days = max(1, round(7 * size))
    first = dates.max() - pd.Timedelta(days=days - 1)
    week = pd.Timedelta(days=7)
    copied = frame[(dates >= first - week) & (dates <= dates.max() - week)].copy()
    new = (dates + week)[copied.index]
    copied["month"], copied["day"] = new.dt.month.to_numpy(), new.dt.day.to_numpy()
    copied = copied.astype(frame.dtypes)
    words = f"The last {days} days are a copy of those a week before, {len(copied):,} rows."
    return pd.concat([frame[dates < first], copied]), None, words


def _as_before(values: np.ndarray, column: pd.Series) -> pd.Series:
    """A column of its old kind, a category with whatever names there are now; objects where the
    values do not allow that.
    """
    series = pd.Series(values, index=column.index)
    if isinstance(column.dtype, pd.CategoricalDtype):
        return series.astype(str).astype("category")
    return series.astype(column.dtype)
