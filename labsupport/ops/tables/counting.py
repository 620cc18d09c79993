"""Blocks of rows to counts and digests, here or spread over workers: the same integers."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from labsupport.ops.tables import digests
from labsupport.ops.tables.columns import MOST_SLICES, too_many
from labsupport.ops.tables.joining import Joined
from labsupport.ops.tables.places import TableError
from labsupport.ops.tables.rows import BASELINE, BLOCK, CANDIDATE, LABEL, Block, InStep
from labsupport.outcomes import PairedOutcomes

PART = 64 * BLOCK  # rows that one worker counts at once
Progress = Callable[[int], object]


@dataclass
class Tally:
    """What was counted in some rows, one after the other.

    Attributes
    ----------
    cells : (8,) both right, candidate only, baseline only, both wrong: of rows whose label is 0,
        and of those whose label is 1.
    slices : for each slice column, {value: (8,) the same}.
    blocks : {what: digests of its blocks, in order}.
    scored : which of CANDIDATE and BASELINE have scores and not only 0 and 1.
    """

    cells: np.ndarray = field(default_factory=lambda: np.zeros(8, np.int64))
    slices: list[dict[str, np.ndarray]] = field(default_factory=list)
    blocks: dict[Any, list[bytes]] = field(default_factory=dict)
    scored: frozenset[str] = frozenset()

    @property
    def rows(self) -> int:
        """Number of rows."""
        return int(self.cells.sum())

    def add(self, later: Tally) -> None:
        """Count the rows that follow these in."""
        self.cells = self.cells + later.cells
        for mine, theirs in itertools.zip_longest(self.slices, later.slices):
            if mine is None:
                self.slices.append(dict(theirs))
                continue
            for name, cells in theirs.items() if theirs else ():
                mine[name] = mine.get(name, 0) + cells
        for what, blocks in later.blocks.items():
            self.blocks.setdefault(what, []).extend(blocks)
        self.scored |= later.scored

    def outcomes(self, columns: tuple[str, ...]) -> PairedOutcomes:
        """The table; slices are named COLUMN=value, in the order of columns and names.

        Raises
        ------
        TableError : two slices have one name.
        """
        named = [
            (f"{column}={name}", found[name])
            for column, found in zip(columns, self.slices, strict=False)
            for name in sorted(found)
        ]
        parts = {name: PairedOutcomes(*(cells[:4] + cells[4:])) for name, cells in named}
        if len(parts) < len(named):
            raise TableError("Two slices have one name, COLUMN=value; rename one of the columns.")
        return PairedOutcomes(*(self.cells[:4] + self.cells[4:]), slices=parts)

    def digest(self, *columns: Any) -> str:
        """Of some columns, 64 hex digits."""
        return digests.of_blocks([b for what in columns for b in self.blocks[what]])


@dataclass(frozen=True)
class Part:
    """Rows for one worker, from start to before stop, or to the end."""

    rows: InStep | Joined
    start: int = 0
    stop: int | None = None


def count_part(part: Part, progress: Progress | None = None) -> Tally:
    """Count the rows of a part; what the workers run."""
    total = Tally()
    cells: list[np.ndarray] = []
    names: list = []
    for block in part.rows.blocks(part.start, part.stop):
        names = block.names
        cell = _cells(block)
        total.cells += np.bincount(cell, minlength=8)
        for i, known in enumerate(names):
            found = np.bincount(8 * block.chunk[i] + cell, minlength=8 * len(known.codes))
            if i == len(cells):
                cells.append(np.zeros(0, np.int64))
            cells[i] = np.pad(cells[i], (0, len(found) - len(cells[i]))) + found
        _hash(block, total)
        if progress:
            progress(len(block))
    for known, found in zip(names, cells, strict=True):
        table = found.reshape(-1, 8)
        total.slices.append(
            {name: table[code] for name, code in known.codes.items() if table[code].any()}
        )
    return total


def count_shards(
    rows: InStep | Joined, executor: Executor | None = None, progress: Progress | None = None
) -> Tally:
    """Count all rows.

    Parameters
    ----------
    rows : files in step, or joined by id. Joined rows are in this process, and are counted here.
    executor : of ops.cluster.executor, or any of concurrent.futures. The answer is the same
        without one, and for any number and order of workers.
    progress : called with the number of rows that were done since.

    Raises
    ------
    TableError : see rows, formats and columns; or there are no rows.
    """
    total = Tally()
    for tally in each_part(count_part, rows, executor, progress):
        total.add(tally)
    if total.rows == 0:
        raise TableError("The files hold no rows: a comparison on no rows says nothing.")
    for column, found in zip(getattr(rows, "slices", ()), total.slices, strict=False):
        if len(found) > MOST_SLICES:
            raise too_many(column)
    return total


def each_part(
    function: Callable, rows: InStep | Joined, executor: Executor | None, progress, parts: int = 1
) -> list:
    """function(part) for all parts, in order; without an executor, for one part that is all.

    Parameters
    ----------
    parts : how many times PART rows a part has.
    """
    size = parts * PART
    shared = list(_parts(rows, size)) if executor is not None else []
    if len(shared) < 2:
        return [function(Part(rows), progress)]
    from labsupport.ops.cluster import spread

    said = progress and (lambda done: progress(done * size))
    return spread(function, shared, executor, said)


def _parts(rows: InStep | Joined, size: int) -> Iterator[Part]:
    n = rows.same_length() if isinstance(rows, InStep) else None
    for start in range(0, n or 0, size):
        yield Part(rows, start, min(n, start + size))


def _cells(block: Block) -> np.ndarray:
    y = block.chunk[LABEL]
    wrong = [block.chunk[who, "predicted"] != y for who in (CANDIDATE, BASELINE)]
    return 4 * y.view(np.int8) + 2 * wrong[0].view(np.int8) + wrong[1].view(np.int8)


def _hash(block: Block, total: Tally) -> None:
    for what, values in block.chunk.items():
        if what == "id":
            found = digests.of_ids(values)
        elif isinstance(what, int):
            found = digests.of_slices(values, block.names[what])
        elif isinstance(what, tuple):
            continue  # follows from the scores
        else:
            found = digests.of_numbers(values)
            if what != LABEL and values.dtype != bool and not _binary(values):
                total.scored |= {what}
        total.blocks.setdefault(what, []).append(found)


def _binary(values: np.ndarray) -> bool:
    return bool(((values == 0) | (values == 1)).all())
