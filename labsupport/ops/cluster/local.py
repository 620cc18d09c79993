"""Processes of this machine, one thread and one pipe for each.

concurrent.futures has a pool of processes too. There, all share one queue, so one that is killed
takes the others with it, nobody knows what it was working on, and half an answer in the queue can
stop the rest for good. Here the end of a worker is the end of its own pipe.
"""

from __future__ import annotations

import atexit
import multiprocessing
import os
import queue
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from multiprocessing import connection, resource_tracker
from typing import Any

from labsupport.ops.cluster.parcels import ClusterError, WorkerDied, open_into, pack, run_parcel

# Sums in several threads may round otherwise, and workers share the cores already.
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
_STARTING = threading.RLock()


@contextmanager
def children_allowed() -> Iterator[None]:
    """Let this process start others also where it is a daemonic one, which multiprocessing forbids:
    a function of `in_child` and a worker of Dask are. Whoever does so ends them.
    """
    me = multiprocessing.current_process()
    with _STARTING:
        was = me.daemon
        if was:
            me.daemon = False
    try:
        yield
    finally:
        if was:
            me.daemon = True


@contextmanager
def environment(**variables: str) -> Iterator[None]:
    """Set variables for what is started meanwhile, and put them back."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


class LocalWorkers(Executor):
    """Processes of this machine, started when there is work; one that dies is replaced.

    A future whose worker died raises WorkerDied, and no other one does.

    Attributes
    ----------
    slots : how many work at once.
    lives : how often an item may end its worker before nobody tries again.
    knows : whether it is certain which item ended a worker.
    """

    lives, knows = 3, True

    def __init__(self, slots: int) -> None:
        self.slots = slots
        self._tasks: queue.SimpleQueue = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._idle = threading.Semaphore(0)
        self._lock = threading.Lock()
        self._workers: set[_Worker] = set()
        self._closed = self._ended = False
        atexit.register(self.end)  # multiprocessing waits for children, and these would wait too

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future:
        """Have fn(*args, **kwargs) called by a worker."""
        packed, future = pack(fn, args, kwargs), Future()
        with self._lock:
            if self._closed:
                raise RuntimeError("These workers were shut down; make others.")
            self._tasks.put((future, packed))
            if not self._idle.acquire(blocking=False) and len(self._threads) < self.slots:
                self._threads.append(threading.Thread(target=self._serve, daemon=True))
                self._threads[-1].start()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take no more work; with `wait`, return when the last one has ended."""
        with self._lock:
            self._closed = True
            if cancel_futures:
                self._cancel()
            for _ in self._threads:
                self._tasks.put(None)
        if wait:
            for thread in self._threads:
                thread.join()
            atexit.unregister(self.end)

    def end(self) -> None:
        """Shut down at once: what is being worked on is lost."""
        with self._lock:
            self._closed = self._ended = True
            self._cancel()
            for worker in self._workers:
                worker.process.kill()
        self.shutdown()

    def check(self) -> None:
        """Nothing: who dies here is noticed without being asked."""

    def _cancel(self) -> None:
        while True:
            try:
                task = self._tasks.get_nowait()
            except queue.Empty:
                return
            if task is not None:
                task[0].cancel()
                task[0].set_running_or_notify_cancel()

    def _serve(self) -> None:
        """Hand tasks to one worker, and to the next when that has died."""
        worker = None
        while task := self._tasks.get():
            future, packed = task
            if future.set_running_or_notify_cancel():
                try:
                    worker = worker or self._started()
                    answer = worker.ask(packed)
                except (ClusterError, RuntimeError) as error:  # none could be started
                    future.set_exception(error)
                except (EOFError, OSError):
                    told = f"A worker ended before it answered (status {self._gone(worker)})."
                    worker = None
                    future.set_exception(WorkerDied(told))
                else:
                    open_into(future, answer)
            del task, future, packed  # not kept until the next one comes
            self._idle.release()
        self._gone(worker)

    def _started(self) -> _Worker:
        """A worker that is ready; one that is killed on its way is started again."""
        for _ in range(self.lives):
            with self._lock:
                if self._ended:
                    break
                worker = _Worker()
                self._workers.add(worker)
            try:
                worker.hear()
                return worker
            except (EOFError, OSError):
                status = self._gone(worker)
            if status is not None and status >= 0:  # it was not killed: it could not begin
                raise ClusterError(
                    f"A worker process ended while it was starting (status {status}); in a script, "
                    'work that fans out belongs below `if __name__ == "__main__":`.'
                )
        raise EOFError

    def _gone(self, worker: _Worker | None) -> int | None:
        if worker is None:
            return None
        with self._lock:
            self._workers.discard(worker)
        return worker.end()


class _Worker:
    """A process, and this side of its pipe."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self.process = context.Process(target=_work, args=(theirs,), daemon=False)
        try:
            with _STARTING, children_allowed(), environment(**ONE_THREAD), _no_ctrl_c():
                self.process.start()
        finally:
            theirs.close()  # so that its end is the end of the pipe

    def hear(self) -> bytes:
        return self._pipe.recv_bytes()

    def ask(self, packed: bytes) -> bytes:
        self._pipe.send_bytes(packed)
        return self.hear()

    def end(self) -> int | None:
        """Close the pipe, which an idle worker takes for its end, and return the status."""
        self._pipe.close()
        self.process.join()
        return self.process.exitcode


@contextmanager
def _no_ctrl_c() -> Iterator[None]:
    """Start a process that does not hear Ctrl-C while it imports; it decides for itself later."""
    if os.name != "posix":
        yield
        return
    resource_tracker.ensure_running()  # it would unblock the signal when started later
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _work(pipe: connection.Connection) -> None:
    """A worker's life: until its pipe is closed, or its parent is gone, whatever it is doing."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the group; the parent decides
    if os.name == "posix":
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    threading.Thread(target=_end_with_parent, daemon=True).start()
    answer = b"ready"
    while True:
        try:
            pipe.send_bytes(answer)
            answer = run_parcel(pipe.recv_bytes())
        except (EOFError, OSError):
            return


def _end_with_parent() -> None:
    connection.wait([multiprocessing.parent_process().sentinel])
    os._exit(1)
