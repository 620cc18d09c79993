"""A reference snapshot in a few kilobytes: counts per column, over bins that it alone chose."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from labsupport.durable import digest, replace_whole
from labsupport.validation.chunks import Snapshot, chunks
from labsupport.validation.counting import (
    FEW,
    class_of,
    count_levels,
    count_numbers,
    name_of,
    single,
)

CUTS = 39  # a number's bins end at so many of its quantiles
MAX_LEVELS = 256  # of a category with more, the commonest are kept
_SAMPLE = 200_000  # rows that the quantiles are taken from


@dataclass(frozen=True)
class ColumnProfile:
    """One column of the reference.

    Attributes
    ----------
    kind : "number", "category" (text, truth values) or "time".
    cuts : of a number, in order: single-precision values at which bins end. Each cut has a bin of
        its own, and there is one between any two, below the first and above the last.
    levels : of a category, in order; the last bin is for all others.
    counts : rows in each bin.
    missing : rows without a value.
    listed : every value of the reference is a cut or a level, so a new one can be told.
    """

    kind: str
    cuts: tuple[float, ...]
    levels: tuple[str, ...]
    counts: tuple[int, ...]
    missing: int
    listed: bool

    @property
    def rows(self) -> int:
        """All rows of the reference, those without a value included."""
        return sum(self.counts) + self.missing

    def count(self, values: pd.Series) -> np.ndarray:
        """Count other values over the same bins.

        Returns
        -------
        (len(counts) + 1,) int array; the last is the number of missing values.
        """
        if self.kind == "category":
            return count_levels(values, self.levels)
        return count_numbers(values, np.array(self.cuts, np.float32))

    def by_level(self, counts: np.ndarray) -> tuple[np.ndarray, int]:
        """Counts of the levels, and of all that is none; of a listed number, its cuts are the
        levels.
        """
        if self.kind == "category":
            return counts[:-1], int(counts[-1])
        return counts[1::2], int(counts[::2].sum())

    @property
    def level_names(self) -> tuple[str, ...]:
        """What by_level counts, for people."""
        return self.levels if self.kind == "category" else tuple(f"{cut:g}" for cut in self.cuts)


@dataclass(frozen=True)
class Profile:
    """A reference snapshot: {column: ColumnProfile} and its number of rows."""

    rows: int
    columns: dict[str, ColumnProfile]

    def to_bytes(self) -> bytes:
        """The profile as JSON, the same bytes for the same profile."""
        columns = {name: asdict(column) for name, column in self.columns.items()}
        text = json.dumps({"rows": self.rows, "columns": columns}, separators=(",", ":"))
        return text.encode()

    @property
    def digest(self) -> str:
        """SHA-256 of its bytes: which reference a verdict was about."""
        return digest(self.to_bytes())

    def save(self, path: str | Path) -> None:
        """Write the digest in the first line and the profile in the second, or leave the old
        file.
        """
        replace_whole(Path(path), self.digest.encode() + b"\n" + self.to_bytes() + b"\n")

    @staticmethod
    def load(path: str | Path) -> Profile:
        """Read a profile.

        Raises
        ------
        ValueError : the file was altered, or is none.
        """
        first, _, rest = Path(path).read_bytes().partition(b"\n")
        body = rest.removesuffix(b"\n")
        if digest(body).encode() != first:
            raise ValueError(
                f"{Path(path).name} is not what its digest says; make the profile again from the "
                "reference."
            )
        said = json.loads(body)
        columns = {
            name: ColumnProfile(
                **{key: tuple(v) if isinstance(v, list) else v for key, v in column.items()}
            )
            for name, column in said["columns"].items()
        }
        return Profile(said["rows"], columns)


def profile(reference: Snapshot, categories: Iterable[str] = ()) -> Profile:
    """Make the profile of a reference snapshot, in two passes and bounded memory.

    Parameters
    ----------
    reference : a frame, several with the same columns, or the path of a Parquet file.
    categories : columns of numbers whose values are names, such as codes.

    Raises
    ------
    TypeError : no snapshot, or one that can be read only once.
    ValueError : no rows; columns that differ from frame to frame.
    """
    if isinstance(reference, Iterator):
        raise TypeError("A reference is read more than once; give a list of frames, or a path.")
    categories = frozenset(categories)
    total = sum(len(chunk) for chunk in chunks(reference))
    if total == 0:
        raise ValueError("The reference has no rows, so there is nothing to compare with.")
    step = max(1, total // _SAMPLE)
    sample, seen = [], 0
    levels: dict[str, pd.Series] = {}
    for chunk in chunks(reference):
        sample.append(chunk.iloc[-seen % step :: step])
        seen += len(chunk)
        for name in chunk.columns:
            if _is_category(chunk[name], name in categories):
                found = chunk[name].value_counts()
                found.index = found.index.map(name_of)
                before = levels.get(name)
                levels[name] = found if before is None else before.add(found, fill_value=0)
    bins = _empty(pd.concat(sample), levels)
    counted: dict[str, np.ndarray] = {}
    for chunk in chunks(reference):
        if list(chunk.columns) != list(bins):
            raise ValueError("The frames of the reference differ in their columns; give one table.")
        for name, column in bins.items():
            counted[name] = counted.get(name, 0) + column.count(chunk[name])
    return Profile(total, {name: _filled(bins[name], counted[name]) for name in bins})


def _is_category(values: pd.Series, named: bool) -> bool:
    if class_of(values) != "number":
        return class_of(values) in {"text", "truth"}
    return named and bool((values.dropna() % 1 == 0).all())  # a fraction is nobody's name


def _empty(sample: pd.DataFrame, levels: dict[str, pd.Series]) -> dict[str, ColumnProfile]:
    """The bins of each column, without counts."""
    bins = {}
    for name in sample.columns:
        if name in levels:
            found = levels[name][levels[name] > 0]
            kept = sorted(found.sort_values(ascending=False, kind="stable").index[:MAX_LEVELS])
            bins[name] = ColumnProfile("category", (), tuple(kept), (), 0, len(kept) == len(found))
        else:
            kind = "time" if class_of(sample[name]) == "time" else "number"
            # The shortest decimals that single precision tells apart: half the file.
            cuts = tuple(float(str(cut)) for cut in _cuts(single(sample[name])))
            bins[name] = ColumnProfile(kind, cuts, (), (), 0, False)
    return bins


def _cuts(values: np.ndarray) -> np.ndarray:
    """All values where they are few, else quantiles that are values."""
    values = values[~np.isnan(values)]
    if len(values) == 0:
        return values
    distinct = np.unique(values)
    if len(distinct) <= FEW:
        return distinct
    shares = np.arange(1, CUTS + 1) / (CUTS + 1)
    return np.unique(np.quantile(values, shares, method="inverted_cdf"))


def _filled(column: ColumnProfile, counted: np.ndarray) -> ColumnProfile:
    counts, missing = tuple(int(c) for c in counted[:-1]), int(counted[-1])
    listed = column.listed
    if column.kind == "number":
        listed = len(column.cuts) <= FEW and not any(counts[::2])
    return ColumnProfile(column.kind, column.cuts, column.levels, counts, missing, listed)
