"""A snapshot piece by piece: a frame, several frames, or a Parquet file larger than memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

Snapshot = pd.DataFrame | Sequence[pd.DataFrame] | str | Path
ROWS = 1 << 18  # of one piece


def chunks(snapshot: Snapshot | Iterable[pd.DataFrame]) -> Iterator[pd.DataFrame]:
    """The pieces of a snapshot, in order, none longer than a file's or a frame's 262,144 rows.

    Raises
    ------
    TypeError : no snapshot.
    OSError : the file cannot be read.
    """
    if isinstance(snapshot, pd.DataFrame):
        for start in range(0, max(1, len(snapshot)), ROWS):
            yield snapshot.iloc[start : start + ROWS]
    elif isinstance(snapshot, str | Path):
        with pq.ParquetFile(snapshot) as file:
            for batch in file.iter_batches(batch_size=ROWS):
                yield pa.Table.from_batches([batch]).to_pandas()
    elif isinstance(snapshot, Iterable):
        for frame in snapshot:
            if not isinstance(frame, pd.DataFrame):
                raise TypeError(f"A snapshot is made of frames; got {type(frame).__name__}.")
            yield from chunks(frame)
    else:
        raise TypeError(
            "A snapshot is a pandas frame, a list of frames or the path of a Parquet file; got "
            f"{type(snapshot).__name__}."
        )
