"""Where work that fans out runs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager

from labsupport.exact import check_count
from labsupport.ops.cluster.local import LocalWorkers


@contextmanager
def executor(where: str | None = None, workers: int | None = None) -> Iterator[Executor]:
    """Somebody to do work, for as long as the block lasts.

    Left by an error or Ctrl-C, it ends at once what is running here, and takes back what waits
    elsewhere.

    Parameters
    ----------
    where : None, processes of this machine; "local", a Dask cluster of such processes;
        "tcp://host:port", the Dask scheduler that is running there.
    workers : how many processes to start here (default: one a core).

    Raises
    ------
    ValueError : no such place, no whole number of workers, or workers for a cluster that has its
        own.
    ClusterError : nobody answers at the address within seconds, or nobody who can work.
    """
    if where is None:
        with _local(_count(workers)) as made:
            yield made
        return
    from labsupport.ops.cluster import dask

    if where == "local":
        with dask.started_here(_count(workers)) as made:
            yield made
        return
    dask.check_address(where)
    if workers is not None:
        raise ValueError(
            f"The cluster at {where} has workers of its own; say how many only for work on this "
            "machine."
        )
    with dask.found_at(where) as made:
        yield made


@contextmanager
def _local(count: int) -> Iterator[LocalWorkers]:
    made = LocalWorkers(count)
    try:
        yield made
    except BaseException:
        made.end()
        raise
    made.shutdown()


def _count(workers: int | None) -> int:
    if workers is None:
        mine = getattr(os, "sched_getaffinity", None)  # a container may have fewer than the machine
        return len(mine(0)) if mine else os.cpu_count() or 1
    check_count(workers, "workers")
    return int(workers)
