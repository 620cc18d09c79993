"""Digests of columns: the same for the same rows, whichever files hold them."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import numpy as np

from labsupport.ops.tables.columns import Names, as_ids, as_numpy

_LITTLE = np.dtype("<f8")


def of_numbers(values: np.ndarray) -> bytes:
    """Of 0 and 1, or of scores: as bits where a block has nothing else, else as doubles."""
    if values.dtype != bool:
        ones = values == 1
        if (ones | (values == 0)).all():
            values = ones
    if values.dtype == bool:
        return _hashed(b"bits", len(values), np.packbits(values))
    doubles = values.astype(_LITTLE) + 0.0  # -0.0 is 0.0
    return _hashed(b"doubles", len(values), doubles)


def of_slices(codes: np.ndarray, names: Names) -> bytes:
    """Of a slice column: by the names' order, not by their numbers."""
    known = list(names.codes)
    used = sorted(known[i] for i in np.flatnonzero(np.bincount(codes, minlength=len(known))))
    lookup = np.zeros(len(known), "<u2")
    lookup[[names.codes[name] for name in used]] = np.arange(len(used))
    return _hashed(json.dumps(used).encode(), len(codes), lookup[codes])


def of_ids(ids: Any) -> bytes:
    """Of ids: as whole numbers where a block has nothing else, else as texts."""
    import pyarrow as pa

    ids = as_ids(ids)
    if pa.types.is_integer(ids.type):
        return _hashed(b"ids", len(ids), as_numpy(ids).astype("<i8"))
    _, offsets, data = ids.buffers()
    ends = np.frombuffer(offsets, np.int64)[ids.offset :][: len(ids) + 1]
    lengths = np.diff(ends).astype("<i8").tobytes()
    return _hashed(b"texts" + lengths, len(ids), np.frombuffer(data, np.uint8)[ends[0] : ends[-1]])


def of_blocks(blocks: list[bytes]) -> str:
    """Of the blocks of a column, in their order, as 64 hex digits."""
    return hashlib.sha256(b"".join(blocks)).hexdigest()


def _hashed(kind: bytes, rows: int, data: np.ndarray) -> bytes:
    hasher = hashlib.sha256(f"{len(kind)} {rows}\n".encode() + kind)
    hasher.update(np.ascontiguousarray(data))
    return hasher.digest()
