"""Calling an answer once, in the kernel of a student or in a worker."""

from __future__ import annotations

import inspect
import io
from collections.abc import Callable

import numpy as np

from labsupport.answers.outcome import Outcome, in_words


class Nowhere(io.TextIOBase):
    """Where an answer's prints go."""

    def write(self, text: str) -> int:
        """Keep nothing."""
        return len(text)


def takes(function: object, n_arguments: int) -> bool:
    """Whether a function can be called with so many arguments; True where only calling it tells."""
    try:
        parameters = inspect.signature(function)
    except Exception:  # noqa: BLE001 - no signature, or a broken one
        return True
    try:
        parameters.bind(*range(n_arguments))
    except TypeError:
        return False
    return True


def call(
    function: Callable,
    args: tuple,
    kept: tuple,
    let_through: tuple[type[BaseException], ...] = (),
) -> Outcome:
    """What came of a call.

    Parameters
    ----------
    args, kept : the arguments of this call, which it may spoil, and what they were.
    let_through : what ends the caller, too.
    """
    try:
        value = function(*args)
    except NotImplementedError:
        return Outcome("blank")
    except let_through:
        raise
    except BaseException as error:  # noqa: BLE001 - SystemExit must not end the caller, either
        return Outcome("raised", text=in_words(error))
    if inspect.iscoroutine(value):
        value.close()  # never awaited, it would complain on stderr
        return Outcome("waiting")
    if not all(_unchanged(a, b) for a, b in zip(args, kept, strict=True)):
        return Outcome("changed")
    return Outcome("value", value)


def _unchanged(given: object, kept: object) -> bool:
    if type(kept) is not np.ndarray:
        return True  # nothing that can be changed, or a generator, which is there to be drawn from
    return given.dtype == kept.dtype and np.array_equal(given, kept, kept.dtype.kind == "f")
