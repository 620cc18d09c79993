"""Rows under a name. The same name is the same rows, and the digest proves it.

world:SEED:N    rows that training seed SEED stands for, of the synthetic world
world:holdout   its frozen holdout
flights:A-B     the flights of weeks A to B, both included
FILE            a .csv, .parquet or .npz file with a column "label"; a column whose name begins with
                "slice:" cuts the rows into slices, and all others are features
FILE:COLUMN     the same, and COLUMN is the label
"""

from __future__ import annotations

import csv
import hashlib
import re
import warnings
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from labsupport.world import Examples, World

SLICE = "slice:"  # a file's column of this beginning cuts the rows into slices
_BUSIEST = 5
_NAMES = "world:SEED:N, world:holdout, flights:A-B, or a .csv, .parquet or .npz file (FILE:LABEL)"


@dataclass(frozen=True)
class Snapshot:
    """Labelled rows, and the slices that are watched.

    Attributes
    ----------
    name : under which load_snapshot finds them.
    X : (n, d) float array; what is missing is NaN.
    y : (n,) array, ints where all labels are whole numbers.
    slices : {name: (n,) boolean mask}; they may overlap.
    columns : the names of the d features.
    identity : (n,) array: rows of two snapshots with the same identity are the same row.
    """

    name: str
    X: np.ndarray
    y: np.ndarray
    slices: Mapping[str, np.ndarray]
    columns: tuple[str, ...]
    identity: np.ndarray

    @property
    def rows(self) -> int:
        """How many there are."""
        return len(self.y)

    @property
    def examples(self) -> Examples:
        """Features and labels, as a training takes them."""
        return Examples(self.X, self.y)

    @cached_property
    def digest(self) -> str:
        """SHA-256 over names, features, labels and slices, as 64 hex digits; not over `name`."""
        hashed = hashlib.sha256(repr((self.X.shape, self.columns)).encode())
        hashed.update(np.ascontiguousarray(self.X, "<f8").data)
        hashed.update(np.ascontiguousarray(self.y, "<f8").data)
        for name in sorted(self.slices):
            hashed.update(name.encode() + b"\n" + np.packbits(self.slices[name]).tobytes())
        return hashed.hexdigest()


def load_snapshot(name: str) -> Snapshot:
    """Load the rows of that name; see the module for names.

    Raises
    ------
    FileNotFoundError : there is no such file.
    ValueError : no such name, a file that cannot be understood, values that are no numbers.
    """
    if found := re.fullmatch(r"world:(\d+):(\d+)", name):
        seed, n = map(int, found.groups())
        return _of_world(name, World.create().sample(seed, n))
    if name == "world:holdout":
        return _of_world(name, World.create().holdout)
    if found := re.fullmatch(r"flights:(\d+)-(\d+)", name):
        first, last = map(int, found.groups())
        return _of_flights(name, range(first, last + 1))
    path, label = Path(name), "label"
    if path.suffix not in _READERS and ":" in name:
        place, _, label = name.rpartition(":")
        path = Path(place)
    if path.suffix not in _READERS:
        raise ValueError(f"{name!r} names no snapshot; it is {_NAMES}.")
    return _of_table(name, _READERS[path.suffix](path), label)


def _of_world(name: str, rows: Examples) -> Snapshot:
    group = rows.X[:, 0]
    slices = {"x0 > 0": group > 0, "x0 <= 0": group <= 0, "x0 > 2": group > 2}
    columns = tuple(f"x{i}" for i in range(rows.X.shape[1]))
    return Snapshot(name, rows.X, rows.y, slices, columns, _by_features(rows.X))


def _of_flights(name: str, weeks: range) -> Snapshot:
    from labsupport.data import CARRIERS, ORIGINS
    from labsupport.triggers import flight_stream

    stream = flight_stream()
    rows = np.flatnonzero(stream.rows(weeks))
    origin, carrier = (stream.columns[column] for column in ("origin", "carrier"))
    busiest = np.argsort(-np.bincount(carrier), kind="stable")[:_BUSIEST]
    slices = {f"from {ORIGINS[code]}": origin[rows] == code for code in range(len(ORIGINS))}
    slices |= {f"by {CARRIERS[code]}": carrier[rows] == code for code in busiest}
    columns = tuple(f"x{i}" for i in range(stream.kinds.shape[1]))
    X, y = stream.kinds[stream.kind[rows]], stream.late[rows]
    return Snapshot(name, X, y, slices, columns, rows)


def _of_table(name: str, table: Mapping[str, np.ndarray], label: str) -> Snapshot:
    """Columns of a file, each its name and (n,) values."""
    if label not in table:
        raise ValueError(
            f"{name} has no column {label!r}; name the one with the label, of "
            f"{', '.join([*table][:9])}."
        )
    lengths = {len(values) for values in table.values()}
    if lengths == {0} or len(lengths) > 1:
        raise ValueError(f"{name} holds no rows, or columns that differ in length.")
    slices = {}
    for column in (c for c in table if c.startswith(SLICE)):
        for value in np.unique(table[column].astype(str)):
            slices[f"{column[len(SLICE) :]} = {value}"] = table[column].astype(str) == value
    numbers = {
        column: _numbers(name, column, values)
        for column, values in table.items()
        if not column.startswith(SLICE)
    }
    y = numbers.pop(label)
    whole = np.isfinite(y).all() and (y == np.round(y)).all()
    if not numbers:
        raise ValueError(f"{name} has a label and no features; add columns of numbers.")
    X = np.column_stack(list(numbers.values()))
    y = y.astype(np.int64) if whole else y
    return Snapshot(name, X, y, slices, tuple(numbers), _by_features(X))


def _by_features(X: np.ndarray) -> np.ndarray:
    """Each row's bytes as one value."""
    X = np.ascontiguousarray(X, "<f8")
    return X.view(np.dtype((np.void, 8 * X.shape[1]))).ravel()


def _numbers(name: str, column: str, values: np.ndarray) -> np.ndarray:
    try:
        if values.dtype.kind in "USO":  # an empty cell is a missing value
            values = np.array([value if str(value) else "nan" for value in values])
        return values.astype(float)
    except (ValueError, TypeError):
        raise ValueError(
            f"{name}: the column {column!r} is not of numbers; make it one, leave it out, or call "
            f"it {SLICE}{column} if it only cuts the rows into slices."
        ) from None


def _read_csv(path: Path) -> dict[str, np.ndarray]:
    with open(path, encoding="utf-8-sig", newline="") as file:
        try:
            head = next(lines := csv.reader(file, strict=True))
            cells = _all_numbers(path, len(head))
            rows = list(lines) if cells is None else []
        except (csv.Error, UnicodeDecodeError, StopIteration) as error:
            why = f" ({error})" if str(error) else ""
            raise ValueError(f"{path} is no CSV file with a header{why}.") from None
    uneven = [number for number, row in enumerate(rows, start=2) if len(row) != len(head)]
    if uneven or len(set(head)) < len(head):
        where = f"line {uneven[0]} has another number of cells" if uneven else "a name is twice"
        raise ValueError(f"{path}: {where}; write one cell a column, and each name once.")
    if cells is not None:
        return dict(zip(head, cells.T, strict=True))
    return {name: np.array([row[i] for row in rows]) for i, name in enumerate(head)}


def _all_numbers(path: Path, columns: int) -> np.ndarray | None:
    """(n, columns) float array; None unless every cell is a number: three times as fast as lists
    of text, in half the memory.
    """
    asked = {"delimiter": ",", "skiprows": 1, "ndmin": 2, "comments": None, "quotechar": '"'}
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # of a file without rows
        try:
            cells = np.loadtxt(path, encoding="utf-8-sig", **asked)
        except (ValueError, UserWarning):
            return None
    return cells if cells.shape[1] == columns else None


def _read_parquet(path: Path) -> dict[str, np.ndarray]:
    from labsupport.validation.chunks import chunks  # where frames are at home

    try:
        parts = list(chunks(path))
    except FileNotFoundError:
        raise FileNotFoundError(2, "No such file", str(path)) from None
    except (OSError, ValueError) as error:
        raise ValueError(f"{path} is no whole Parquet file ({type(error).__name__}).") from None
    names = list(parts[0]) if parts else []
    return {name: np.concatenate([part[name].to_numpy() for part in parts]) for name in names}


def _read_npz(path: Path) -> dict[str, np.ndarray]:
    with open(path, "rb") as file:
        try:
            with np.load(file, allow_pickle=False) as packed:
                table = {name: packed[name] for name in packed.files}
        except (BadZipFile, EOFError, ValueError, zlib.error, AttributeError) as error:
            raise ValueError(f"{path} is no whole NPZ file ({type(error).__name__}).") from None
    if odd := [name for name, values in table.items() if values.ndim != 1]:
        raise ValueError(f"{path}: the array {odd[0]!r} is no column; give one (n,) array each.")
    return table


_READERS = {".csv": _read_csv, ".parquet": _read_parquet, ".npz": _read_npz}
