"""Rows of labels, candidate and baseline: files in step, or joined by id; in blocks."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from labsupport.ops.tables.columns import Names, Where, as_ids, as_labels, as_scores
from labsupport.ops.tables.formats import ID, NUMBER, SLICE, batches, count_rows
from labsupport.ops.tables.places import Place, TableError, files_of, format_of, stamp_of

BLOCK = 1 << 16  # rows that are counted and hashed at once
LABEL, CANDIDATE, BASELINE = "labels", "candidate", "baseline"
Chunk = dict[Any, Any]  # {what: array}, all of one length


@dataclass(frozen=True)
class Source:
    """Files that are read one after the other, and what for.

    Attributes
    ----------
    path : as it was given.
    files : in their order.
    uses : (what, column) pairs: LABEL, CANDIDATE, BASELINE, "id", or a slice's place and column.
    threshold : above it, a score is a prediction of 1.
    counts : rows of each file, where they are known.
    stamps : of the files, when they were first seen.
    """

    path: str
    files: tuple[str, ...]
    uses: tuple[tuple[Any, str], ...]
    threshold: Fraction
    counts: tuple[int, ...] | None = None
    stamps: tuple[tuple[int, int], ...] = ()

    @property
    def kinds(self) -> dict[str, str]:
        """{column: what it is for}, as formats.batches takes it; one column has one use."""
        kinds: dict[str, str] = {}
        for what, column in self.uses:
            kind = {int: SLICE}.get(type(what), ID if what == "id" else NUMBER)
            if kinds.setdefault(column, kind) != kind and NUMBER in (kind, kinds[column]):
                raise TableError(
                    f"{self.path}: column {column!r} cannot be numbers and a slice or id as well."
                )
        return kinds

    def unchanged(self) -> None:
        """Raise TableError if a file is not the one that was first seen."""
        for path, stamp in zip(self.files, self.stamps, strict=True):
            if stamp_of(path) != stamp:
                raise TableError(f"{path} changed while it was read; evaluate again.")

    @property
    def is_told(self) -> bool:
        """Whether its files say how many rows they have."""
        return all(format_of(path) != "csv" for path in self.files)

    def counted(self, executor: Executor | None = None) -> Source:
        """The same, with the rows of its files counted; CSV has to be read for it."""
        places = [(path, self.uses[0][1]) for path in self.files]
        if executor is None or self.is_told:
            return replace(self, counts=tuple(map(_count, places)))
        from labsupport.ops.cluster import spread

        return replace(self, counts=tuple(spread(_count, places, executor)))

    def chunks(self, names: list[Names], start: int = 0) -> Iterator[Chunk]:
        """What its files hold, from a row on; from the first, or they have to be counted."""
        kinds = self.kinds
        for i, path in enumerate(self.files):
            if start and start >= self.counts[i]:
                start -= self.counts[i]
                continue
            for batch in batches(path, kinds, start):
                yield {
                    key: value
                    for what, column in self.uses
                    for key, value in self._read(
                        what, batch[column], names, Where(path, column, start)
                    )
                }
                start += len(next(iter(batch.values())))
            start = 0

    def _read(self, what, array, names, where) -> Iterator[tuple[Any, Any]]:
        if what == "id":
            yield what, as_ids(array, where)
        elif what == LABEL:
            yield what, as_labels(array, where)
        elif isinstance(what, int):
            yield what, names[what].as_codes(array, where)
        else:
            predicted, scores = as_scores(array, self.threshold, where)
            yield what, scores
            yield (what, "predicted"), predicted


def _count(place: tuple[str, str]) -> int:
    return count_rows(*place)


def sources_of(
    labels: Place,
    candidate: Place,
    baseline: Place,
    slices: tuple[str, ...],
    id: str | None,
    threshold: Fraction,
) -> tuple[Source, ...]:
    """What to read from where: each file once, whatever it is for; labels first."""
    uses: dict[str, list[tuple[Any, str]]] = {}
    for what, place in ((LABEL, labels), (CANDIDATE, candidate), (BASELINE, baseline)):
        uses.setdefault(place.path, []).append((what, place.column))
    uses[labels.path] += list(enumerate(slices))
    made = []
    for path, wanted in uses.items():
        files = files_of(path)
        stamps = tuple(map(stamp_of, files))
        ids = [("id", id)] if id is not None else []
        made.append(Source(path, files, (*wanted, *ids), threshold, stamps=stamps))
    return tuple(made)


@dataclass(frozen=True)
class Block:
    """Some rows, all columns.

    Attributes
    ----------
    chunk : {LABEL: (n,) bool, CANDIDATE and BASELINE: (n,) scores, (CANDIDATE, "predicted"): (n,)
        bool ..., 0, 1 ...: (n,) codes of a slice column, "id": pyarrow array, if there is one}.
    names : of the slice columns.
    """

    chunk: Chunk
    names: list[Names]

    def __len__(self) -> int:
        return len(self.chunk[LABEL])


@dataclass(frozen=True)
class InStep:
    """Files joined by row number.

    Attributes
    ----------
    sources : the files.
    slices : columns of the labels' files.
    """

    sources: tuple[Source, ...]
    slices: tuple[str, ...]

    def blocks(self, start: int = 0, stop: int | None = None) -> Iterator[Block]:
        """The rows from start to stop, in blocks of BLOCK rows; start is a multiple of it.

        Raises
        ------
        TableError : the files differ in length, or see formats and columns.
        """
        names = [Names(column) for column in self.slices]
        streams = [_Stream(source.chunks(names, start)) for source in self.sources]
        at = start
        while stop is None or at < stop:
            wanted = BLOCK if stop is None else min(BLOCK, stop - at)
            chunks = [stream.take(wanted) for stream in streams]
            lengths = [_length(chunk) for chunk in chunks]
            if len(set(lengths)) > 1:
                raise self._differ([at + length for length in lengths], max(lengths))
            if lengths[0] == 0:
                return
            yield Block({k: v for chunk in chunks for k, v in chunk.items()}, names)
            at += lengths[0]

    def same_length(self) -> int | None:
        """Rows of every source, if all of them know.

        Raises
        ------
        TableError : they differ.
        """
        if any(source.counts is None for source in self.sources):
            return None
        lengths = [sum(source.counts) for source in self.sources]
        if len(set(lengths)) > 1:
            raise self._differ(lengths, None)
        return lengths[0]

    def _differ(self, lengths: list[int], most: int | None) -> TableError:
        longest = max(lengths)
        more = "or more " if most is not None else ""
        said = ", ".join(
            f"{source.path} {length:,} {more if length == longest else ''}".rstrip()
            for source, length in zip(self.sources, lengths, strict=True)
        )
        return TableError(
            f"The files differ in length, in rows: {said}; give the same rows, or join by --id."
        )


class _Stream:
    """Batches of any length, taken in chunks of the length that is asked for."""

    def __init__(self, chunks: Iterator[Chunk]) -> None:
        self._chunks, self._rest = chunks, None

    def take(self, n: int) -> Chunk:
        """The next n rows, or fewer at the end."""
        parts, held = [], 0
        while held < n:
            chunk = self._rest if self._rest is not None else next(self._chunks, None)
            self._rest = None
            if chunk is None:
                break
            length = _length(chunk)
            if held + length > n:
                keep = n - held
                self._rest = {key: value[keep:] for key, value in chunk.items()}
                chunk, length = {key: value[:keep] for key, value in chunk.items()}, keep
            parts.append(chunk)
            held += length
        return joined(parts)


def joined(chunks: list[Chunk]) -> Chunk:
    """Chunks one after the other."""
    if len(chunks) < 2:
        return chunks[0] if chunks else {}
    return {key: _concatenated([chunk[key] for chunk in chunks]) for key in chunks[0]}


def _concatenated(arrays: list[Any]) -> Any:
    if isinstance(arrays[0], np.ndarray):
        return np.concatenate(arrays)
    import pyarrow as pa

    if len({array.type for array in arrays}) > 1:  # numbers, and further down also text
        arrays = [array.cast(pa.large_string()) for array in arrays]
    return pa.concat_arrays(arrays)


def _length(chunk: Chunk) -> int:
    return len(next(iter(chunk.values()), ()))
