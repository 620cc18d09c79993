"""A call in a thread of its own, which ends when its time is up and leaves the kernel as it was."""

from __future__ import annotations

import contextlib
import contextvars
import decimal
import random
import threading
import warnings
from collections.abc import Callable

import numpy as np

from labsupport.answers.calls import Nowhere
from labsupport.answers.stopping import stop_thread, within
from labsupport.grading.readers import Wrong


def in_time(work: Callable, problem: list, limit: float) -> None:
    """Run `work(stop)` in a thread of its own, silently, and stop it when its time, in seconds, is
    up.

    A thread rather than a signal: it works on every system and from every thread, and a call that
    cannot be stopped, such as one stuck inside a C library, is left behind instead of blocking the
    kernel.
    """
    stop, done = threading.Event(), threading.Event()
    precision = decimal.getcontext().copy()  # a new thread would start with the default one

    def run() -> None:
        try:
            decimal.setcontext(precision)
            work(stop)
        except Wrong as wrong:
            problem.append(wrong)
        except BaseException as error:  # noqa: BLE001 - a hint; nothing may escape the thread
            problem.append(
                Wrong(f"The call ended with {type(error).__name__} before your function answered.")
            )
        finally:
            done.set()

    thread = threading.Thread(
        target=contextvars.copy_context().run, args=(run,), daemon=True, name="answer"
    )
    with _surroundings_restored():
        thread.start()
        try:
            late = not within(limit, done)
        finally:  # also when the person at the keyboard interrupts
            stop.set()
            stopped = stop_thread(thread, done)
    if late:
        problem[:] = [too_slow("" if stopped else " It could not be stopped; restart the kernel.")]


@contextlib.contextmanager
def _surroundings_restored():
    """No prints, no warnings, and the global random generators as they were before."""
    numpy_state = np.random.get_state()  # noqa: NPY002 - the student may use the old generator
    python_state = random.getstate()
    nowhere = Nowhere()
    try:
        with (
            warnings.catch_warnings(),
            contextlib.redirect_stdout(nowhere),
            contextlib.redirect_stderr(nowhere),
        ):
            warnings.simplefilter("ignore")
            yield
    finally:
        np.random.set_state(numpy_state)  # noqa: NPY002
        random.setstate(python_state)


def too_slow(left: str) -> Wrong:
    """The hint; `left` says what is left behind."""
    tries = "is there a loop without an end, or one that tries very much?"
    return Wrong(f"Your function did not come back in time; {tries}{left}")
