"""A holdout in parts: each is counted where it lies, and the counts add up to the whole's."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np

from labsupport.exact import check_count
from labsupport.ops.cluster.spreading import spread
from labsupport.outcomes import PairedOutcomes

SHARD = 1_000_000  # rows: a tenth of a second of counting, against milliseconds of overhead


@dataclass(frozen=True)
class Shard:
    """Some rows of a holdout.

    Attributes
    ----------
    y : (n,) labels, 0 or 1.
    candidate, baseline : (n,) predictions of the two models for the same rows, 0 or 1.
    slices : one label per row (n,), or {name: (n,) boolean mask}; None: no slices.
    """

    y: np.ndarray
    candidate: np.ndarray
    baseline: np.ndarray
    slices: np.ndarray | Mapping[str, np.ndarray] | None = None


def shards(y, candidate, baseline, slices=None, rows: int = SHARD) -> Iterator[Shard]:
    """Cut a holdout that lies in memory into parts of `rows` rows, in order.

    Raises
    ------
    ValueError : `rows` is not a whole number, or not at least 1.
    """
    check_count(rows, "rows")
    for start in range(0, len(y), rows):
        part = slice(start, start + rows)
        if isinstance(slices, Mapping):
            cut = {name: mask[part] for name, mask in slices.items()}
        else:
            cut = None if slices is None else slices[part]
        yield Shard(y[part], candidate[part], baseline[part], cut)


def evaluate_shard(shard: Shard | Callable[[], Shard]) -> PairedOutcomes:
    """Count a part of a holdout.

    Parameters
    ----------
    shard : the rows, or a function that fetches them: then they never travel, since it is called
        where they are counted.

    Raises
    ------
    ValueError : see PairedOutcomes.from_predictions.
    """
    rows = shard if isinstance(shard, Shard) else shard()
    return PairedOutcomes.from_predictions(rows.y, rows.candidate, rows.baseline, rows.slices)


def evaluate_shards(
    parts: Iterable[Shard | Callable[[], Shard]],
    executor: Executor | None = None,
    progress: Callable[[int], object] | None = None,
) -> PairedOutcomes:
    """Count a whole holdout, part by part: the same integers wherever, and however it was cut.

    Parameters
    ----------
    executor, progress : see `spread`.

    Raises
    ------
    ValueError : there are no parts, or they were cut into different slices.
    """
    counted = spread(evaluate_shard, parts, executor, progress)
    if not counted:
        raise ValueError("There are no shards here, so there is nothing to compare.")
    return sum(counted[1:], counted[0])


def predicted(
    workers: int,
    cost_per_row: float,
    overhead: float,
    rows: int = 10**9,
    shard: int = SHARD,
) -> float:
    """Seconds for counting so many rows, on paper: what a cluster that you do not have would take.

    Each worker takes its share of the shards, one after the other. The scheduler gives them out,
    also one after the other. So more than `1 + shard * cost_per_row / overhead` workers wait for
    the scheduler, and more workers than shards have nothing to do.

    Parameters
    ----------
    workers : that count at the same time.
    cost_per_row : seconds for one row, on one worker.
    overhead : seconds for giving out one shard and taking back its counts.
    shard : rows of one part.

    Raises
    ------
    ValueError : a number of things that is not whole, or less than 1; a cost below 0.
    """
    for name, number in (("workers", workers), ("rows", rows), ("shard", shard)):
        check_count(number, name)
    if not (cost_per_row >= 0 and overhead >= 0):
        raise ValueError(
            f"Costs are seconds, zero or more; got {cost_per_row!r} per row and {overhead!r}."
        )
    parts = math.ceil(rows / shard)
    counting = math.ceil(parts / workers) * (min(rows, shard) * cost_per_row + overhead)
    return max(counting, parts * overhead)
