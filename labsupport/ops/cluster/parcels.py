"""What travels to a worker and back: bytes, made the same way for every kind of worker.

A function of a notebook or a script travels as its code, since no other process could import it.
Whatever comes back is bytes again, so that an error which cannot travel is told from a worker that
died.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, CancelledError, Future
from typing import Any

import cloudpickle


class ClusterError(ConnectionError):
    """Nobody to work with: no scheduler at an address, no workers, or workers that cannot do it.
    The text is one sentence.
    """


class WorkerDied(BrokenExecutor):
    """A worker ended before it answered; the text is one sentence."""


def pack(function: Callable[..., Any], arguments: tuple, keywords: dict[str, Any]) -> bytes:
    """A call as bytes.

    Raises
    ------
    TypeError : a part of it cannot travel, such as an open file or a lock.
    """
    try:
        return cloudpickle.dumps((function, arguments, keywords))
    except Exception as error:  # pickle raises whatever it meets
        name = getattr(function, "__name__", "the function")
        raise TypeError(f"{name}, or what it is given, cannot travel to a worker: {error}") from (
            error
        )


def run_parcel(packed: bytes) -> bytes:
    """Make a packed call, on a worker: its result or its error, as bytes."""
    try:
        function, arguments, keywords = cloudpickle.loads(packed)
        return cloudpickle.dumps((True, function(*arguments, **keywords)))
    except BaseException as error:  # noqa: BLE001 - sys.exit is the function's, no worker's end
        return _failed(error)


def _failed(error: BaseException) -> bytes:
    where = "".join(traceback.format_exception(error))
    try:
        sent = cloudpickle.dumps((False, (error, where)))
        cloudpickle.loads(sent)
        return sent
    except Exception:  # noqa: BLE001 - an error whose class cannot be made again from its text
        told = RuntimeError(f"{type(error).__name__}: {error}")
        return cloudpickle.dumps((False, (told, where)))


def open_into(outer: Future, answer: bytes) -> None:
    """Give a future what came back."""
    try:
        fine, value = cloudpickle.loads(answer)
    except Exception as error:  # noqa: BLE001 - whatever unpickling meets belongs to the caller
        fine, value = False, (error, "".join(traceback.format_exception(error)))
    if fine:
        outer.set_result(value)
        return
    error, where = value
    error.add_note(f"On the worker:\n{where.rstrip()}")
    outer.set_exception(error)


def opened(
    inner: Future, translate: Callable[[BaseException], BaseException] = lambda error: error
) -> Future:
    """The future of what a packed call returns, from the future of its bytes.

    Parameters
    ----------
    translate : says in this lab's errors why there are no bytes.
    """
    outer: Future = Future()

    def settle(inner: Future) -> None:
        if not outer.set_running_or_notify_cancel():
            return  # nobody waits for it any more
        error = CancelledError() if inner.cancelled() else inner.exception()
        if error is None:
            open_into(outer, inner.result())
        else:
            outer.set_exception(translate(error))

    inner.add_done_callback(settle)
    outer.add_done_callback(lambda outer: inner.cancel() if outer.cancelled() else None)
    return outer
