"""Rows joined by id: a hash table in memory, and the labels' order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from labsupport.ops.tables.columns import Names, as_numpy
from labsupport.ops.tables.places import TableError
from labsupport.ops.tables.rows import BLOCK, Block, Chunk, Source, joined

MOST_JOINED = 20_000_000  # rows
_COST = "about 150 bytes a row"


@dataclass(frozen=True)
class Joined:
    """All rows in memory, in the order of the labels.

    Attributes
    ----------
    chunk : as Block has it.
    names : of the slice columns.
    """

    chunk: Chunk
    names: list[Names]

    def blocks(self, start: int = 0, stop: int | None = None) -> Iterator[Block]:
        """The rows from start to stop, in blocks of BLOCK rows."""
        stop = len(self) if stop is None else min(stop, len(self))
        for at in range(start, stop, BLOCK):
            end = min(at + BLOCK, stop)
            yield Block({key: value[at:end] for key, value in self.chunk.items()}, self.names)

    def __len__(self) -> int:
        return len(self.chunk["id"])


def join(sources: tuple[Source, ...], slices: tuple[str, ...], progress=None) -> Joined:
    """Read all files, and give each row of the labels its predictions.

    Raises
    ------
    TableError : an id is there twice, or not everywhere; or there are more than MOST_JOINED rows.
    """
    names = [Names(column) for column in slices]
    first, *others = (_loaded(source, names, progress) for source in sources)
    _places(first["id"], first["id"], sources[0], sources[0])
    for source, chunk in zip(sources[1:], others, strict=True):
        place = _places(first["id"], chunk.pop("id"), sources[0], source)
        row = np.empty(len(place), np.intp)
        row[place] = np.arange(len(place))
        first |= {key: values[row] for key, values in chunk.items()}
    return Joined(first, names)


def _loaded(source: Source, names: list[Names], progress) -> Chunk:
    parts, rows = [], 0
    for chunk in source.chunks(names):
        parts.append(chunk)
        rows += len(chunk["id"])
        if rows > MOST_JOINED:
            raise TableError(
                f"{source.path} has more than {MOST_JOINED:,} rows, and a join by id holds all of "
                f"them in memory, {_COST}; write the files in one order, and leave out --id: then "
                "they are joined by row number, in any size."
            )
        if progress:
            progress(len(chunk["id"]))
    if not parts:
        raise TableError(f"{source.path} holds no rows: a comparison on no rows says nothing.")
    return joined(parts)


def _places(ids: Any, others: Any, source: Source, other: Source) -> np.ndarray:
    """(n,) which row of the labels each row of another file is."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if ids.type != others.type:
        ids, others = (part.cast(pa.large_string()) for part in (ids, others))
    found = pc.index_in(others, value_set=ids)
    if found.null_count:
        lost = np.flatnonzero(as_numpy(found.is_null()))
        raise TableError(
            f"The ids do not join: {len(lost):,} of {other.path} are not in {source.path}, "
            f"such as {others[int(lost[0])].as_py()!r:.60}; score the rows of the labels, and no "
            "others."
        )
    place = as_numpy(found)
    times = np.bincount(place, minlength=len(ids))
    if (times > 1).any():
        twice = np.argmax(times > 1)
        raise TableError(
            f"{other.path} has id {ids[int(twice)].as_py()!r:.60} {times[twice]} times, and "
            f"{(times > 1).sum():,} ids more than once; an id is of one row."
        )
    if (times == 0).any():
        lost = np.flatnonzero(times == 0)
        raise TableError(
            f"The ids do not join: {len(lost):,} of {source.path} are not in {other.path}, such as "
            f"{ids[int(lost[0])].as_py()!r:.60}; score every row of the labels."
        )
    return place
