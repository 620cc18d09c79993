"""Adding up float32 numbers as the workers of a cluster do, in an order that is written down.

A sum rounds after each addition, so other workers or another order of arrival give other bits. Two
of the reductions here do not depend on either.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

CHUNKS = 10  # parts of the rows that are summed on their own under "chunks", whoever sums them
REDUCTIONS = ("arrival", "chunks", "exact")


def sharded_sum(
    rows: np.ndarray,
    workers: int = 1,
    arrival: Sequence[int] | None = None,
    reduction: str = "arrival",
) -> np.ndarray:
    """Sum float32 rows as a cluster would: every worker sums its share, and the shares are added as
    they arrive.

    Parameters
    ----------
    rows : (n, d) float32 array, for example one gradient per training row.
    workers : the rows are cut into so many contiguous shares, as even as possible.
    arrival : the workers' numbers in the order in which they arrive; None: 0, 1, 2 ...
    reduction : "arrival" adds one float32 sum per worker, in the order of arrival. "chunks" cuts
        the rows into 10 chunks, whoever sums them, and adds the chunks' sums by chunk number.
        "exact" sends the rows and adds them without rounding, then rounds once.

    Returns
    -------
    (d,) float32 array.

    Raises
    ------
    ValueError : an unknown reduction, too many workers, or an arrival that does not name every
        worker once.
    """
    check_reduction(reduction)
    rows = np.asarray(rows, np.float32)
    if not 1 <= workers <= len(rows):
        raise ValueError(
            f"{len(rows)} rows can be shared by 1 to {len(rows)} workers; got {workers!r}."
        )
    order = np.arange(workers) if arrival is None else np.asarray(arrival)
    if sorted(order.tolist()) != list(range(workers)):
        raise ValueError(
            f"arrival must name each worker from 0 to {workers - 1} once; got {arrival!r}."
        )
    return reduce_rows(rows[:, None], order[:, None], reduction)[0]


def reduce_rows(rows: np.ndarray, arrival: np.ndarray, reduction: str) -> np.ndarray:
    """Sum rows (n, k, d) over n, with the arrivals (workers, k) of each of the k sums."""
    (n, k, _), workers = rows.shape, len(arrival)
    if reduction == "exact":
        shares = np.array_split(np.arange(n), workers)
        arrived = [np.concatenate([shares[worker] for worker in order]) for order in arrival.T]
        sums = [
            [math.fsum(column) for column in rows[order, i].T.tolist()]
            for i, order in enumerate(arrived)
        ]
        return np.array(sums, np.float32)
    parts = workers if reduction == "arrival" else min(CHUNKS, n)
    sums = np.stack([fold(part) for part in np.array_split(rows, parts)])
    each = np.arange(k)
    if reduction == "arrival":
        return _in_turn(sums[arrival, each])
    # Chunk c is summed by worker c modulo the number of workers, and arrives with that worker.
    place = np.argsort(arrival, axis=0)[np.arange(parts) % workers]
    arrived = np.argsort(place, axis=0, kind="stable")
    by_number = np.argsort(arrived, axis=0)
    return _in_turn(sums[arrived, each][by_number, each])


def fold(rows: np.ndarray) -> np.ndarray:
    """Sum (n, ...) over n: the second half is added to the first, until one row is left.

    In this order everywhere.
    """
    while (n := len(rows)) > 1:
        folded = rows[: n // 2] + rows[n // 2 : n - n % 2]
        if n % 2:
            folded[0] += rows[-1]
        rows = folded
    return rows[0]


def _in_turn(sums: np.ndarray) -> np.ndarray:
    """Sum (w, ...) over w, one after the other."""
    total = sums[0].copy()
    for later in sums[1:]:
        total += later
    return total


def check_reduction(reduction: str) -> None:
    """Raise ValueError for a reduction that is none of the three."""
    if reduction not in REDUCTIONS:
        raise ValueError(f"Unknown reduction {reduction!r}; choose one of {', '.join(REDUCTIONS)}.")
