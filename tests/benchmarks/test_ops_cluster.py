"""What fanning out costs: one worker against two, Dask against processes; nothing here asserts a
time. The means of a group are compared with each other: `make bench ARGS="-k cluster"`.

Strong scaling: the same rows for one worker and for two; two are ideally twice as fast. Weak
scaling: twice the rows for two workers; ideally as fast. Both with as many cores as workers.
"""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from multiprocessing import get_context

import numpy as np
import pytest
from ops_work import square

from labsupport.ops.cluster import executor, spread
from labsupport.ops.shards import Shard, evaluate_shard, evaluate_shards, predicted

ROWS, PARTS = 500_000, 8
PLACES = {"processes": None, "dask": "local"}


def drawn(rows: int, seed: int) -> Shard:
    """Rows that are made where they are counted, as a worker reads its own part of a file."""
    rng = np.random.default_rng(seed)
    y, candidate, baseline = (rng.integers(0, 2, rows, dtype=np.int8) for _ in range(3))
    return Shard(y, candidate, baseline, rng.integers(0, 8, rows))


def parts(number: int) -> list:
    return [partial(drawn, ROWS, seed) for seed in range(number)]


@contextmanager
def pythons(workers: int):
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        yield pool


@contextmanager
def warm(where: str | None, workers: int):
    """Workers that have imported what they need."""
    with executor(where, workers) as made:
        spread(evaluate_shard, [partial(drawn, 10, seed) for seed in range(4 * workers)], made)
        yield made


@pytest.mark.benchmark(group=f"cost per row: a shard of {ROWS:,} rows, 8 slices, this process")
def test_cost_per_row(benchmark):
    shard = drawn(ROWS, 0)
    counted = benchmark(evaluate_shard, shard)
    assert counted.n == ROWS
    if benchmark.stats:  # None under --benchmark-disable
        cost = benchmark.stats.stats.min / ROWS
        benchmark.extra_info["seconds per 10^6 rows"] = cost * 10**6
        for workers in (1, 2, 16, 256):
            hours = predicted(workers, cost, 0.005) / 3600
            benchmark.extra_info[f"10^9 rows, {workers} workers, 5 ms a shard: hours"] = hours


@pytest.mark.benchmark(group=f"strong scaling: {PARTS} shards of {ROWS:,} rows", min_rounds=3)
@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("place", PLACES)
def test_strong_scaling(benchmark, place, workers):
    with warm(PLACES[place], workers) as made:
        counted = benchmark.pedantic(evaluate_shards, (parts(PARTS), made), rounds=3)
    assert counted.n == ROWS * PARTS


@pytest.mark.benchmark(group=f"weak scaling: {PARTS // 2} shards a worker of {ROWS:,} rows")
@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("place", PLACES)
def test_weak_scaling(benchmark, place, workers):
    number = PARTS // 2 * workers
    with warm(PLACES[place], workers) as made:
        counted = benchmark.pedantic(evaluate_shards, (parts(number), made), rounds=3)
    assert counted.n == ROWS * number


@pytest.mark.benchmark(group="overhead: 400 tasks that do nothing, two workers")
@pytest.mark.parametrize("place", ["concurrent.futures", *PLACES])
def test_overhead_of_a_task(benchmark, place):
    made = pythons(2) if place not in PLACES else executor(PLACES[place], 2)
    with made as workers:
        spread(square, range(20), workers)
        done = benchmark.pedantic(spread, (square, range(400), workers), rounds=3)
    assert done[-1] == 399**2


@pytest.mark.benchmark(group="start and end of two workers, one task each")
@pytest.mark.parametrize("place", ["concurrent.futures", *PLACES])
def test_start_and_end(benchmark, place):
    def once():
        made = pythons(2) if place not in PLACES else executor(PLACES[place], 2)
        with made as workers:
            return spread(square, range(2), workers)

    assert benchmark.pedantic(once, rounds=3) == [0, 1]
