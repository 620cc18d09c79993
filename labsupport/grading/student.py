"""Calling a student's function: whatever it does, the kernel survives and the answer is a plain value or a hint."""

from __future__ import annotations

import builtins
import contextlib
import ctypes
import inspect
import io
import math
import random
import threading
import time
import warnings
from collections.abc import Callable, Sequence
from decimal import Decimal
from fractions import Fraction

import numpy as np

from labsupport import gate, outcomes, training, world
from labsupport.grading.questions import Case, Wrong

TIME_LIMIT = 5.0  # seconds for all calls of one `ask`
_GIVE_UP = 2.0  # seconds to wait for a stopped call to unwind

_WORKBENCH = (np, np.random, math, outcomes, gate, training, world, outcomes.PairedOutcomes, gate.Policy, Fraction, Decimal)
_BUILTINS = [
    abs,
    all,
    any,
    bool,
    enumerate,
    float,
    int,
    isinstance,
    issubclass,
    len,
    list,
    max,
    min,
    range,
    round,
    sum,
    tuple,
]


class _TimeUp(BaseException):
    """Sent into a call that takes too long; not an Exception, so that `except Exception` in an answer lets it through."""


def ask(answer: object, cases: Sequence[Case], read: Callable) -> list:
    """Put every case to the student's function, twice, and return its answers as plain values.

    Parameters
    ----------
    answer : the student's function.
    cases : each is put forwards and then once more backwards, to notice answers that depend on earlier calls.
    read : (value) -> plain value, raising Wrong when it is not what the question asks for; see the readers below.

    Raises
    ------
    Wrong : not a function, other arguments than asked for, an exception, too slow, inputs changed, forgetful answers.
    """
    _insist_on_function(answer, len(cases[0].args))
    said: list = []
    problem: list[Wrong] = []
    twice = [*cases, *reversed(cases)]
    _in_time(lambda stop: _put(answer, twice, read, said, stop), problem)
    if problem:
        raise problem[0]
    if foreign := foreign_hands():
        raise Wrong(f"Running your answer replaced {foreign}; restart the kernel and leave the libraries as they are.")
    if len(said) != len(twice):
        raise Wrong("Your function ended the check before it had answered everything; let it return its answer.")
    first, second = said[: len(cases)], said[len(cases) :][::-1]
    for case, a, b in zip(cases, first, second, strict=True):
        if a != b:
            raise Wrong(
                f"Asked twice about {case.about or 'the same thing'}, with the same values, your function gave two answers; "
                "let it depend on nothing but its arguments."
            )
    return first


def _put(answer, cases: Sequence[Case], read: Callable, said: list, stop: threading.Event) -> None:
    for case in cases:
        if stop.is_set():
            return
        args, where = (
            tuple(a.copy() if type(a) is np.ndarray else a for a in case.args),
            f" on {case.about}" if case.about else "",
        )
        try:
            value = answer(*args)
        except NotImplementedError:
            raise Wrong("This is not filled in yet: replace the line that raises NotImplementedError.") from None
        except _TimeUp:
            raise
        except BaseException as error:  # noqa: BLE001 - SystemExit and KeyboardInterrupt of an answer must not end the kernel
            raise Wrong(f"Your function raised {_in_words(error)}{where}; it should return an answer.") from None
        if not all(_unchanged(a, b) for a, b in zip(args, case.args, strict=True)):
            raise Wrong(f"Your function changed its inputs{where}; work on a copy and leave the arguments alone.")
        try:
            said.append(read(value))
        except Wrong as wrong:
            raise Wrong(f"{where.strip()}, {wrong}" if where else str(wrong)) from None


def _in_time(work: Callable, problem: list) -> None:
    """Run `work(stop)` in a thread of its own, silently, and stop it when its time is up.

    A thread rather than a signal: it works on every system and from every thread, and a call that cannot be stopped, such as
    one stuck inside a C library, is left behind instead of blocking the kernel.
    """
    stop, done = threading.Event(), threading.Event()

    def run() -> None:
        try:
            work(stop)
        except Wrong as wrong:
            problem.append(wrong)
        except BaseException as error:  # noqa: BLE001 - reported as a hint; nothing may escape from the thread
            problem.append(Wrong(f"The call ended with {type(error).__name__} before your function answered."))
        finally:
            done.set()

    thread = threading.Thread(target=run, daemon=True, name="answer")
    with _surroundings_restored():
        thread.start()
        try:
            late = not _within(TIME_LIMIT, done)
        finally:  # also when the person at the keyboard interrupts
            stop.set()
            stopped = _stop(thread, done)
    if late:
        left = "" if stopped else " It could not be stopped; restart the kernel."
        problem[:] = [Wrong(f"Your function did not come back within a few seconds; is there a loop without an end?{left}")]


def _within(seconds: float, done: threading.Event) -> bool:
    """Wait in short steps: on Windows a long one ignores the keyboard. Thread.join, interrupted, would lose its thread."""
    deadline = time.monotonic() + seconds
    while not done.wait(0.1) and time.monotonic() < deadline:
        pass
    return done.is_set()


def _stop(thread: threading.Thread, done: threading.Event) -> bool:
    """Raise _TimeUp inside the thread until it ends; more than once, since a bare `except:` in a loop swallows the first."""
    deadline = time.monotonic() + _GIVE_UP
    while not done.is_set() and time.monotonic() < deadline:
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object(_TimeUp))
        done.wait(0.05)
    return done.is_set()


class _Nowhere(io.TextIOBase):
    def write(self, text: str) -> int:
        return len(text)


@contextlib.contextmanager
def _surroundings_restored():
    """No prints, no warnings, and the global random generators as they were before."""
    numpy_state, python_state = np.random.get_state(), random.getstate()  # noqa: NPY002 - the student may use it
    nowhere = _Nowhere()
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere):
            warnings.simplefilter("ignore")
            yield
    finally:
        np.random.set_state(numpy_state)  # noqa: NPY002
        random.setstate(python_state)


def _insist_on_function(answer: object, n_arguments: int) -> None:
    if not callable(answer):
        raise Wrong(
            f"This question asks for a function and was given {_a(answer)}; pass the function itself, without parentheses."
        )
    try:
        parameters = inspect.signature(answer)
    except Exception:  # noqa: BLE001 - some callables have no signature to look at, or a broken one; calling them will tell
        return
    try:
        parameters.bind(*range(n_arguments))
    except TypeError:
        raise Wrong("Your function does not take the arguments the question names; keep the signature as given.") from None


def foreign_hands() -> str | None:
    """The name of a library function that is not the one it was when the lab was imported, or None."""
    for place, names in _snapshot.items():
        now = _contents(_places[place])
        for name, thing in names.items():
            if now.get(name) is not thing:
                return f"{place}.{name}"
    return None


def _contents(place) -> dict:
    if place is builtins:
        return {thing.__name__: getattr(builtins, thing.__name__, None) for thing in _BUILTINS}
    if isinstance(place, type):
        return dict(vars(place))
    return {name: thing for name, thing in vars(place).items() if not name.startswith("__") and callable(thing)}


_places = {getattr(place, "__name__", str(place)): place for place in (*_WORKBENCH, builtins)}
_snapshot = {name: _contents(place) for name, place in _places.items()}


def _unchanged(given, kept) -> bool:
    if given is kept:
        return True  # not an array, so nothing that can be changed
    return given.dtype == kept.dtype and np.array_equal(given, kept)


def _in_words(error: BaseException) -> str:
    name = type(error).__name__
    try:
        text = " ".join(str(error).split())
    except Exception:  # noqa: BLE001 - an exception that cannot be printed still has a name
        text = ""
    return f"{name} ({text[:80]})" if text else name


def _a(value: object) -> str:
    kind = type(value).__name__
    if issubclass(type(value), int | float | np.number):
        return "a single number"
    return "nothing (None)" if value is None else f"{'an' if kind[:1] in 'aeiou' else 'a'} {kind}"


def number(value: object, name: str, cause: str = "") -> int | float | Fraction:
    """Read one finite number as a plain int, float or Fraction, whatever clever type it came in; Wrong otherwise.

    `cause` ends the hint for a number that is not finite.
    """
    if value is None:
        raise Wrong(f"the {name} is None; is a return missing?")
    if type(value) is np.ndarray and value.shape == ():
        value = value[()]
    if issubclass(type(value), bool | np.bool_):
        raise Wrong(f"the {name} is True or False; it should be a number.")
    plain = _plain(value)
    if plain is None:
        raise Wrong(f"the {name} is {_a(value)}; it should be one number.")
    if not isinstance(plain, Fraction) and not math.isfinite(plain):
        raise Wrong(f"the {name} is not a finite number{cause}.")
    return plain


def _plain(value: object) -> int | float | Fraction | None:
    kind = type(value)  # not isinstance: an object can claim another class
    if issubclass(kind, float):
        return float.__add__(value, 0.0)  # not float(value): a subclass may have its own idea of what it is
    if issubclass(kind, int):
        return int.__add__(value, 0)
    if kind is Fraction:
        return value
    if kind is Decimal:
        return Fraction(value) if value.is_finite() else math.nan
    if kind.__module__ == "numpy" and issubclass(kind, np.integer | np.floating):
        return int(value) if issubclass(kind, np.integer) else float(value)
    return None


def pair(value: object, names: tuple[str, str]) -> list:
    """Read two values from a tuple, list or array of shape (2,); Wrong otherwise."""
    both = f"({names[0]}, {names[1]})"
    if value is None:
        raise Wrong(f"your function returned None; is a return missing? It should return {both}.")
    for kind in (tuple, list):
        if issubclass(type(value), kind):
            items = list(kind.__iter__(value))  # not iter(value): a subclass may have its own
            break
    else:
        if type(value) is not np.ndarray or value.ndim != 1:
            raise Wrong(f"your function returned {_a(value)}; it should return two values, {both}.")
        items = list(value)
    if len(items) != len(names):
        raise Wrong(f"your function did not return two values; it should return {both}.")
    return items


def truth(value: object, name: str) -> bool:
    """Read True or False, numpy's included; Wrong otherwise."""
    if type(value) is np.ndarray and value.shape == () and value.dtype == bool:
        value = value[()]
    if value is True or value is False:
        return value
    if type(value) is np.bool_:
        return value.item()
    if value is None:
        raise Wrong(f"the {name} is None; is a return missing? It should be True or False.")
    raise Wrong(f"the {name} is {_a(value)}; it should be True or False.")
