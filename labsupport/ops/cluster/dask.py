"""A Dask cluster: of processes started here for as long as they are needed, or one that is running
already.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import math
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Executor, Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from labsupport.ops.cluster.local import ONE_THREAD, children_allowed, environment
from labsupport.ops.cluster.parcels import ClusterError, WorkerDied, opened, pack, run_parcel

if TYPE_CHECKING:
    from distributed import Client

PATIENCE = 10.0  # seconds in which a scheduler answers
FIRST_WORKER = 20.0  # seconds in which it has a worker: who starts both, starts this at once
WITHOUT_WORKERS = 30.0  # seconds that a cluster may be without: they restart, others come
_LOGGERS = ("distributed", "distributed.client", "distributed.gc", "tornado.application")
_TELLING = ("python", "dask", "distributed", "cloudpickle", "numpy")  # versions that matter


class DaskWorkers(Executor):
    """The workers of a Dask cluster, through the client's own executor.

    Attributes
    ----------
    lives : how often an item may end its worker; Dask has tried again each time.
    knows : False, since what waited at a worker that died is blamed as well.
    """

    lives, knows = 2, False

    def __init__(self, client: Client, where: str) -> None:
        self._client, self._where = client, where
        # Equal calls are not one call: what failed is tried again, not remembered.
        self._executor = client.get_executor(pure=False)
        self._alone_since: float | None = None
        self._asked, self._threads = -math.inf, 1

    @property
    def slots(self) -> int:
        """How many threads the cluster has, a second ago at most; 1 while it has none."""
        if time.monotonic() - self._asked > 1:
            self._threads = max(1, self._seen()["total_threads"])
            self._asked = time.monotonic()
        return self._threads

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future:
        """Have fn(*args, **kwargs) called by a worker."""
        packed = pack(fn, args, kwargs)
        return opened(self._executor.submit(run_parcel, packed), self._translated)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take no more work; with `wait`, return when the last one has ended."""
        self._executor.shutdown(wait=wait and not cancel_futures)

    def check(self) -> None:
        """Raise ClusterError when nobody is left to wait for."""
        if self._seen()["n_workers"]:
            self._alone_since = None
            return
        now = time.monotonic()
        self._alone_since = self._alone_since or now
        if now - self._alone_since > WITHOUT_WORKERS:
            raise ClusterError(
                f"The scheduler at {self._where} has had no workers for {WITHOUT_WORKERS:g} s, and "
                f"work is left; start some with `dask worker {self._where}`."
            )

    def _seen(self) -> dict[str, Any]:
        client = self._client
        try:
            return client.sync(client.scheduler.identity, n_workers=0, callback_timeout=PATIENCE)
        except (OSError, TimeoutError, ValueError) as error:
            raise self._lost() from error

    def _lost(self) -> ClusterError:
        return ClusterError(
            f"The scheduler at {self._where} is gone, and the work with it; start it, then try "
            "again."
        )

    def _translated(self, error: BaseException) -> BaseException:
        from distributed import KilledWorker

        if isinstance(error, KilledWorker):
            return WorkerDied("Workers ended before they answered.")
        return self._lost() if isinstance(error, CancelledError) else error


@contextmanager
def started_here(workers: int) -> Iterator[DaskWorkers]:
    """A Dask cluster of processes of this machine, which listens on loopback only."""
    import dask
    from distributed import Client, LocalCluster

    settings = {
        "distributed.scheduler.allowed-failures": 1,  # spread tries again by itself
        # A worker that is restarting so long after a death would be given up for good, and so
        # would one that died again meanwhile (default: 15 s).
        "distributed.deploy.lost-worker-timeout": "365 days",
    } | _LARGE
    with ExitStack() as stack:
        stack.enter_context(children_allowed())
        stack.enter_context(_quiet())
        folder = stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
        stack.enter_context(dask.config.set(settings | {"temporary-directory": folder}))
        # Dask sets some of these for its workers in this process, and leaves them there.
        left = dask.config.get("distributed.nanny.pre-spawn-environ")
        stack.enter_context(environment(**{k: str(v) for k, v in left.items()} | ONE_THREAD))
        cluster = LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            dashboard_address=None,
            scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},
            local_directory=folder,
            memory_limit=0,  # the machine's; a worker near its share of it would be paused
            silence_logs=logging.CRITICAL,
        )
        stack.enter_context(cluster)
        client = stack.enter_context(Client(cluster, set_as_default=False))
        yield DaskWorkers(client, cluster.scheduler_address)


@contextmanager
def found_at(where: str) -> Iterator[DaskWorkers]:
    """The workers of a scheduler that is running.

    Raises
    ------
    ClusterError : nobody answers there within seconds, or there are no workers, or they lack this
        lab or have another one.
    """
    import dask

    with ExitStack() as stack:
        stack.enter_context(_quiet())
        stack.enter_context(dask.config.set(_LARGE))
        client = stack.enter_context(_connected(where))
        try:
            client.wait_for_workers(1, timeout=FIRST_WORKER)
        except TimeoutError:
            raise ClusterError(
                f"The scheduler at {where} has no workers; start some with `dask worker {where}`."
            ) from None
        _compare(client, where)
        yield DaskWorkers(client, where)


def check_address(where: str) -> None:
    """ValueError unless it is tcp://host:port."""
    try:
        parts = urlsplit(where)
        fine = parts.scheme == "tcp" and parts.hostname and parts.port
        fine = fine and not (parts.path or parts.query or parts.fragment or parts.username)
    except ValueError:  # the port is no number
        fine = False
    if not fine:
        raise ValueError(
            f"A cluster is `local` or the address of a Dask scheduler, such as "
            f"tcp://127.0.0.1:8786; got {where!r}."
        )


# Items may be large: `spread` gives out few at a time.
_LARGE = {"distributed.admin.large-graph-warning-threshold": "1 TB"}


@contextmanager
def _connected(where: str) -> Iterator[Client]:
    from distributed import Client
    from distributed.versions import VersionMismatchWarning

    # A client waits for ever for the first word of somebody who is silent, and leaves a thread
    # behind when it does not get through; so somebody else asks first.
    with ThreadPoolExecutor(1) as apart:  # a notebook's thread has a loop already
        try:
            found = apart.submit(asyncio.run, _kind(where)).result()
        except Exception as error:  # whatever answers there need not speak Dask
            raise ClusterError(
                f"No Dask scheduler answers at {where} within {PATIENCE:g} s; start one with "
                "`dask scheduler`, or correct the address."
            ) from error
    if found != "Scheduler":
        raise ClusterError(f"A {found} answers at {where}; give the address of its scheduler.")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", VersionMismatchWarning)  # said by _compare
        client = Client(where, timeout=PATIENCE, set_as_default=False)
    with client:
        yield client


async def _kind(where: str) -> str:
    """What listens there: Scheduler, Worker or Nanny."""
    from distributed.core import connect

    async def ask() -> str:
        comm = await connect(where, timeout=PATIENCE)
        try:
            await comm.write({"op": "identity", "reply": True})
            return (await comm.read())["type"]
        finally:
            comm.abort()

    return await asyncio.wait_for(ask(), PATIENCE)


def _compare(client: Client, where: str) -> None:
    """Refuse workers without this lab's code, and say which versions differ."""
    seen = client.run(code_digest, on_error="return")
    missing = [answer for answer in seen.values() if isinstance(answer, BaseException)]
    if missing:
        raise ClusterError(
            f"{len(missing)} of the {len(seen)} workers at {where} do not have this lab; install "
            "it in their environment, or start them with its folder in PYTHONPATH."
        ) from missing[0]
    others = sum(answer != code_digest() for answer in seen.values())
    if others:
        raise ClusterError(
            f"{others} of the {len(seen)} workers at {where} have another version of this lab, so "
            "their numbers may be others; give them this one."
        )
    if told := differences(client.get_versions()):
        warnings.warn(f"On the cluster at {where}, {told}: numbers may differ.", stacklevel=4)


def differences(versions: dict[str, Any]) -> str:
    """Which packages of the scheduler and the workers are not this process's; empty if all are.

    Parameters
    ----------
    versions : what Dask's Client.get_versions returns.
    """
    here = versions["client"]["packages"]
    others = {"the scheduler": versions["scheduler"], **versions["workers"]}
    found = []
    for name in _TELLING:
        theirs = {who: told["packages"].get(name) for who, told in others.items() if told}
        if who := next((who for who, version in theirs.items() if version != here[name]), None):
            at = who if who == "the scheduler" else f"worker {who}"
            found.append(f"{at} has {name} {_short(theirs[who])}, and this is {_short(here[name])}")
    return "; ".join(found)


def _short(version: str | None) -> str:
    return "none" if version is None else version.removesuffix(".final.0")


def code_digest() -> str:
    """Digest of this lab's modules, line ends apart."""
    import labsupport

    folder, found = Path(labsupport.__file__).parent, hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        found.update(path.relative_to(folder).as_posix().encode() + b"\0")
        found.update(path.read_bytes().replace(b"\r\n", b"\n") + b"\0")
    return found.hexdigest()


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Dask's log out of the output: what matters is raised."""
    import distributed  # noqa: F401 - it sets its loggers' levels when it is imported

    loggers = [logging.getLogger(name) for name in _LOGGERS]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
