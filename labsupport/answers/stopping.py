"""A call in a thread, which ends when its time is up."""

from __future__ import annotations

import ctypes
import threading
import time
from collections.abc import Callable

_GIVE_UP = 2.0  # seconds to wait for a stopped call to unwind


class CallTimeUp(BaseException):
    """Sent into a call that takes too long; not an Exception, so that `except Exception` in an
    answer lets it through.
    """


def within(seconds: float, done: threading.Event) -> bool:
    """Wait in short steps: on Windows a long one ignores the keyboard. Thread.join, interrupted,
    would lose its thread.
    """
    deadline = time.monotonic() + seconds
    while not done.wait(0.1) and time.monotonic() < deadline:
        pass
    return done.is_set()


def stop_thread(thread: threading.Thread, done: threading.Event) -> bool:
    """Raise CallTimeUp inside the thread until it ends; more than once, since a bare `except:` in a
    loop swallows the first.
    """
    deadline = time.monotonic() + _GIVE_UP
    while not done.is_set() and time.monotonic() < deadline:
        ctypes.pythonapi.PyThreadState_SetAsyncExc(
            ctypes.c_ulong(thread.ident), ctypes.py_object(CallTimeUp)
        )
        done.wait(0.05)
    return done.is_set()


def call_within(seconds: float, function: Callable, *args: object) -> object:
    """What a function returns, if it does so in time.

    Raises
    ------
    TimeoutError : it did not, and was stopped.
    Exception : what it raised.
    """
    done, came = threading.Event(), []

    def run() -> None:
        try:
            came.append((function(*args), None))
        except BaseException as error:  # noqa: BLE001 - raised again below, where it was asked for
            came.append((None, error))
        finally:
            done.set()

    thread = threading.Thread(target=run, daemon=True, name="called back")
    thread.start()
    if not done.wait(seconds):
        stop_thread(thread, done)
        raise TimeoutError("it did not come back in time")
    value, error = came[0]
    if error is not None:
        raise error
    return value
