"""One function over many items, whoever does the work."""

from __future__ import annotations

import reprlib
import sys
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager
from typing import Any

from labsupport.ops.cluster.parcels import WorkerDied
from labsupport.ops.cluster.places import executor as place

AHEAD = 2  # items given out for each that is being worked on: enough that nobody waits
_TICK = 1.0  # seconds of silence after which it is asked whether anybody is left


def spread(
    function: Callable[[Any], Any],
    items: Iterable[Any],
    executor: Executor | None = None,
    progress: Callable[[int], object] | None = None,
) -> list:
    """[function(item) for item in items], by whoever `executor` is.

    The result, and the error if there is one, are those of that list, in its order. So they do not
    depend on the executor, on how many work, or on whether a worker is killed: what it was at is
    done again.

    Parameters
    ----------
    function : called with one item; it and the items travel, so keep them small.
    executor : of `executor()`, or any of concurrent.futures; None: this process itself.
    progress : called with 1 whenever an item is done, as tqdm's `update` wants it.

    Raises
    ------
    WorkerDied : an item ended its worker again and again, and nothing is left to try.
    ClusterError : nobody is left to work.
    Exception : what the function raised for the first item for which it raised, with a note that
        names the item.
    """
    items = list(items)
    if executor is None:
        return [_here(function, number, item, progress) for number, item in enumerate(items)]
    with ExitStack() as stack:
        stack.enter_context(_thread_given_back(executor))
        work = _Work(function, items, executor, progress, stack)
        stack.callback(work.take_back)
        return work.results()


def _here(function: Callable, number: int, item: object, progress: Callable | None) -> Any:
    try:
        result = function(item)
    except Exception as error:
        _name(error, number, item)
        raise
    if progress:
        progress(1)
    return result


def _name(error: BaseException, number: int, item: object) -> None:
    error.add_note(f"That was item {number}: {reprlib.repr(item)}.")


class _Work:
    """What is given out, what is left, and what has come back."""

    def __init__(self, function, items, executor, progress, stack) -> None:
        self._function, self._items, self._executor = function, items, executor
        self._progress, self._stack = progress or (lambda done: None), stack
        self._left = deque(range(len(items)))
        self._suspects: deque[int] = deque()  # each is tried again with nobody beside it
        self._out: dict[Future, int] = {}
        self._done: dict[int, Any] = {}
        self._deaths: Counter[int] = Counter()
        self._error: tuple[int, BaseException] | None = None

    def results(self) -> list:
        while self._left or self._out or self._suspects:
            self._give_out()
            finished, _ = wait(self._out, _TICK, FIRST_COMPLETED)
            for future in finished:
                self._take(future, self._out.pop(future))
            if not finished and hasattr(self._executor, "check"):
                self._executor.check()
        if self._error:
            raise self._error[1]
        return [self._done[number] for number in range(len(self._items))]

    def take_back(self) -> None:
        """Whoever still waits for something need not begin with it."""
        for future in self._out:
            future.cancel()

    def _give_out(self) -> None:
        ahead = AHEAD * getattr(self._executor, "slots", 8)
        while self._left and len(self._out) < ahead:
            self._submit(self._left.popleft())
        if self._suspects and not self._out:
            self._submit(self._suspects.popleft())

    def _submit(self, number: int) -> None:
        item = self._items[number]
        try:
            future = self._executor.submit(self._function, item)
        except BrokenProcessPool:  # concurrent.futures' own pool ends for good with a worker
            self._executor = self._stack.enter_context(place())
            self._left.appendleft(number)
        except Exception as error:
            _name(error, number, item)
            raise
        else:
            self._out[future] = number

    def _take(self, future: Future, number: int) -> None:
        error = future.exception()
        if error is None:
            self._done[number] = future.result()
            self._progress(1)
        elif isinstance(error, BrokenExecutor):
            self._again(number, error)
        else:
            self._fail(number, error)

    def _again(self, number: int, error: BaseException) -> None:
        self._deaths[number] += 1
        if self._deaths[number] >= getattr(self._executor, "lives", 3):
            told = WorkerDied(
                f"Item {number}, {reprlib.repr(self._items[number])}, ended its worker each time "
                "it was tried, so it is given up: it may need more memory than there is."
            )
            told.__cause__ = error
            self._fail(number, told, named=True)
        elif getattr(self._executor, "knows", True):
            self._left.appendleft(number)
        else:
            self._suspects.append(number)

    def _fail(self, number: int, error: BaseException, named: bool = False) -> None:
        """Remember the first item's error; what comes after it is not wanted any more."""
        if self._error and self._error[0] < number:
            return
        if not named:
            _name(error, number, self._items[number])
        self._error = number, error
        self._left = deque(other for other in self._left if other < number)
        self._suspects = deque(other for other in self._suspects if other < number)
        for future, other in list(self._out.items()):
            if other > number:
                future.cancel()
                del self._out[future]


@contextmanager
def _thread_given_back(executor: Executor) -> Iterator[None]:
    """On a worker of Dask that waits for its own cluster: let another task have the thread."""
    task = None
    if "distributed" in sys.modules and not getattr(executor, "knows", True):
        from distributed.worker import thread_state

        task = getattr(thread_state, "execution_state", None)
    if task is None:
        yield
        return
    from distributed import rejoin, secede

    secede()
    try:
        yield
    finally:
        rejoin()
