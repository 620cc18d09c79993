"""The real sets as pandas frames, with names for codes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from labsupport.data import CARRIERS, ORIGINS, load_employment, load_flights

LABELS = ("late", "employed")
_NUMBERS = ("AGEP", "SCHL")


def flights_frame(weeks: Iterable[int] = range(8)) -> pd.DataFrame:
    """Flights of some weeks of 2013, 0 to 31, in time order: month, day, hour, carrier, origin,
    dest, distance (miles), arr_delay (minutes), and the label late, 0 or 1.
    """
    flights = load_flights()
    rows = np.isin(flights.week, list(weeks))
    codes = {name: values[rows] for name, values in flights.columns.items()}
    airports = [f"D{number:03d}" for number in range(int(flights.columns["dest"].max()) + 1)]
    names = {"carrier": CARRIERS, "origin": ORIGINS, "dest": airports}
    columns = {
        name: _named(values, names[name]) if name in names else values
        for name, values in codes.items()
    }
    columns |= {"arr_delay": flights.arr_delay[rows], "late": flights.late[rows]}
    return pd.DataFrame(columns)


def employment_frame(years: Iterable[int] = (2015,)) -> pd.DataFrame:
    """People of some years, 2015 to 2017: AGEP and SCHL are numbers, the other ACS codes are
    categories, and the label is employed, 0 or 1.
    """
    people = load_employment()
    rows = np.isin(people.year, list(years))
    columns = {}
    for name, values in people.columns.items():
        levels = [str(code) for code in range(int(values.max()) + 1)]
        columns[name] = values[rows] if name in _NUMBERS else _named(values[rows], levels)
    return pd.DataFrame({**columns, "employed": people.employed[rows]})


def frame_of(columns: Mapping[str, np.ndarray]) -> pd.DataFrame:
    """A frame of (n,) arrays, for those who have arrays only."""
    return pd.DataFrame(dict(columns))


def halves(
    frame: pd.DataFrame, seed: int = 0, together: pd.Series | None = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Deal the rows into two snapshots at random: two that differ by chance alone. Each keeps the
    rows' order.

    together : one label for each row, its day for one; rows with the same label stay together.
    """
    rng = np.random.default_rng(seed)
    if together is None:
        dealt = rng.permutation(len(frame)) < len(frame) // 2
    else:
        dealt = together.isin(rng.permutation(together.unique())[::2]).to_numpy()
    return frame[dealt].reset_index(drop=True), frame[~dealt].reset_index(drop=True)


def label_of(frame: pd.DataFrame) -> str:
    """The name of the frame's label.

    Raises
    ------
    ValueError : it has none of the known ones.
    """
    for name in LABELS:
        if name in frame.columns:
            return name
    raise ValueError(f"The frame needs a label, one of the columns {', '.join(LABELS)}.")


def _named(codes: np.ndarray, names: list[str]) -> pd.Categorical:
    """Names for codes; only those that occur are categories."""
    return pd.Categorical.from_codes(codes, names).remove_unused_categories()
