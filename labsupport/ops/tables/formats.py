"""CSV, Parquet and NPZ in batches of columns, and one sentence where a file is damaged."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from labsupport.ops.tables.places import TableError, format_of

BATCH = 1 << 16  # rows read at once
_CSV_BYTES = 1 << 20  # and bytes of a CSV file
_SHOWN = 12  # names of columns in a sentence
NUMBER, SLICE, ID = "number", "slice", "id"  # what a column is for


def count_rows(path: str, column: str) -> int:
    """How many rows a column of a file has: said by Parquet and NPZ, counted in CSV."""
    import pyarrow as pa

    kind = format_of(path)
    with _understood(path):
        if kind == "parquet":
            return _parquet(path).metadata.num_rows
        if kind == "npz":
            with zipfile.ZipFile(path) as archive:
                return _arrays(path, archive, [column])[column].shape[0]
        with _csv(path, {column: pa.string()}) as file:
            return sum(batch.num_rows for batch in file)


def batches(path: str, kinds: Mapping[str, str], start: int = 0) -> Iterator[dict[str, Any]]:
    """The columns of a file from a row on.

    Parameters
    ----------
    kinds : {column: NUMBER, SLICE or ID}; CSV does not say, so somebody has to.
    start : the first row wanted, counted from 0.

    Yields
    ------
    {column: pyarrow array}, of one length, at most some 10^5 rows.

    Raises
    ------
    TableError : a column is missing, or the file is damaged, cut short, no such file at all.
    """
    read = {"csv": _read_csv, "parquet": _read_parquet, "npz": _read_npz}[format_of(path)]
    with _understood(path):
        yield from read(path, kinds, start)


@contextmanager
def _understood(path: str) -> Iterator[None]:
    """What a library says of a file that it cannot read, in one sentence."""
    try:
        yield
    except TableError:
        raise
    except OSError as error:
        if error.errno:  # the system's: no permission, a disk that fails
            raise
        raise _damaged(path, error) from error
    except Exception as error:  # a hostile file makes a library raise anything
        raise _damaged(path, error) from error


def _damaged(path: str, error: BaseException) -> TableError:
    said = " ".join(str(error).split()).removesuffix(".")[:160]
    return TableError(f"{path} cannot be read as {format_of(path)}: {said}; write it again.")


def _inside(path: str, columns: Iterable[str], names: list[str]) -> None:
    for column in columns:
        if names.count(column) > 1:
            raise TableError(f"{path} has {names.count(column)} columns {column!r}; rename them.")
        if column not in names:
            shown = ", ".join(f"{name!r:.40}" for name in names[:_SHOWN]) or "no columns"
            more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
            raise TableError(f"{path} has no column {column!r}; it has {shown}{more}.")


def _parquet(path: str, dictionaries: tuple[str, ...] = ()) -> Any:
    from pyarrow import parquet

    return parquet.ParquetFile(
        path,
        read_dictionary=list(dictionaries),
        buffer_size=1 << 16,  # pages as they come: row groups of any size fit
        pre_buffer=False,
        page_checksum_verification=True,
    )


def _read_parquet(path: str, kinds: Mapping[str, str], start: int) -> Iterator[dict[str, Any]]:
    import pyarrow as pa

    with _parquet(path) as opened:
        schema = opened.schema_arrow
        _inside(path, kinds, schema.names)
    texts = [
        name
        for name, kind in kinds.items()
        if kind == SLICE and pa.types.is_string(schema.field(name).type)
    ]
    with _parquet(path, tuple(texts)) as file:
        groups, before = [], 0
        for group in range(file.num_row_groups):
            rows = file.metadata.row_group(group).num_rows
            if before + rows > start:
                groups.append(group)
            elif not groups:
                skipped = before + rows
            before += rows
        drop = start - (skipped if groups and groups[0] else 0)
        for batch in file.iter_batches(BATCH, groups, columns=list(kinds)):
            if drop >= batch.num_rows:
                drop -= batch.num_rows
                continue
            batch, drop = batch.slice(drop), 0
            yield {name: batch.column(name) for name in kinds}


def _csv(path: str, types: Mapping[str, Any]) -> Any:
    """A reader of some columns, each with its pyarrow type."""
    from pyarrow import csv

    with open(path, "rb") as file:
        names = _header(path, file.read(_CSV_BYTES))
    _inside(path, types, names)
    return csv.open_csv(
        path,
        csv.ReadOptions(block_size=_CSV_BYTES),
        # A line without anything is a missing value where there is one column.
        csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=len(names) > 1),
        csv.ConvertOptions(
            include_columns=list(types),
            column_types=dict(types),
            null_values=[""],  # NA may be Namibia
            strings_can_be_null=True,
        ),
    )


def _header(path: str, beginning: bytes) -> list[str]:
    """The names in a CSV file's first line."""
    import csv

    if not beginning:
        raise TableError(f"{path} is empty; a CSV file begins with the names of its columns.")
    text = beginning.decode("utf-8-sig", errors="replace")
    try:
        names = next(csv.reader(io.StringIO(text, newline="")), [])
    except csv.Error as error:
        raise _damaged(path, error) from error
    return names or [""]


def _read_csv(path: str, kinds: Mapping[str, str], start: int) -> Iterator[dict[str, Any]]:
    import pyarrow as pa

    with _csv(path, dict.fromkeys(kinds, pa.string())) as texts:
        first = next(iter(texts), None)  # whether numbers are written as true and false
    types = {
        name: _number_type(first, name) if kind == NUMBER else pa.string()
        for name, kind in kinds.items()
    }
    with _csv(path, types) as file:
        drop = start
        for batch in file:
            if drop >= batch.num_rows:
                drop -= batch.num_rows
                continue
            batch, drop = batch.slice(drop), 0
            yield {name: batch.column(name) for name in kinds}


def _number_type(first: Any, name: str) -> Any:
    import pyarrow as pa

    values = first.column(name).drop_null() if first is not None else []
    word = values[0].as_py() if len(values) else ""
    return pa.bool_() if word.lower() in {"true", "false"} else pa.float64()


class _Array(NamedTuple):
    """An array of an NPZ file: a stream of its bytes, its shape, what it holds."""

    stream: Any
    shape: tuple[int, ...]
    dtype: np.dtype


def _arrays(path: str, archive: zipfile.ZipFile, names: Iterable[str]) -> dict[str, _Array]:
    """Arrays that are columns; nothing is unpickled."""
    _inside(path, names, [name.removesuffix(".npy") for name in archive.namelist()])
    found = {}
    for name in names:
        stream = archive.open(f"{name}.npy")
        version = np.lib.format.read_magic(stream)
        if version not in {(1, 0), (2, 0)}:
            raise TableError(f"{path}: {name!r} holds no plain column; save numbers or text.")
        read = getattr(np.lib.format, f"read_array_header_{version[0]}_{version[1]}")
        shape, _, dtype = read(stream)
        if len(shape) != 1:
            said = f"an array of shape {shape}"
            raise TableError(f"{path}: {name!r} is {said}; it should be one value a row, (n,).")
        if dtype.kind not in "biufU":
            said = "objects, which only pickle could read" if dtype.kind == "O" else str(dtype)
            raise TableError(f"{path}: {name!r} holds {said}; save numbers or text.")
        found[name] = _Array(stream, shape, dtype)
    lengths = {name: array.shape[0] for name, array in found.items()}
    if len(set(lengths.values())) > 1:
        said = ", ".join(f"{name!r} {n}" for name, n in lengths.items())
        raise TableError(f"{path}: its columns differ in length: {said} rows.")
    return found


def _read_npz(path: str, kinds: Mapping[str, str], start: int) -> Iterator[dict[str, Any]]:
    with zipfile.ZipFile(path) as archive:
        arrays = _arrays(path, archive, kinds)
        for array in arrays.values():
            array.stream.seek(start * array.dtype.itemsize, io.SEEK_CUR)
        left = next(iter(arrays.values())).shape[0] - start
        while left > 0:
            rows = min(left, BATCH)
            yield {name: _exactly(path, name, array, rows) for name, array in arrays.items()}
            left -= rows


def _exactly(path: str, name: str, array: _Array, rows: int) -> Any:
    """The next rows of an array, for pyarrow; its own `array` would load pandas for numbers."""
    import pyarrow as pa

    wanted = rows * array.dtype.itemsize
    data = array.stream.read(wanted)
    if len(data) != wanted:
        raise TableError(f"{path}: {name!r} ends before its last row; write it again.")
    values = np.frombuffer(data, array.dtype).astype(array.dtype.newbyteorder("="), copy=False)
    if array.dtype.kind == "U":
        return pa.array(values)
    bits = np.packbits(values, bitorder="little") if array.dtype.kind == "b" else values
    kind = pa.from_numpy_dtype(values.dtype)
    return pa.Array.from_buffers(kind, rows, [None, pa.py_buffer(bits)])
