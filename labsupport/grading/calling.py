"""Calling a student's function: the kernel survives it, and there is a plain value or a hint."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from labsupport.answers.calls import call, takes
from labsupport.answers.outcome import Outcome, RemoteAnswer, TimeUp, WorkerEnded
from labsupport.answers.stopping import CallTimeUp
from labsupport.grading.in_time import in_time, too_slow
from labsupport.grading.readers import Wrong, an_object
from labsupport.grading.watch import foreign_hands

TIME_LIMIT = 5.0  # seconds for all calls of one `ask`
_SEARCH = 6  # times as long for a question without arguments: its answer may be found by a search


@dataclass(frozen=True)
class Case:
    """One call of the student's function.

    Attributes
    ----------
    about : the kind of input, in words that fit behind "on"; empty if there is only one.
    args : the arguments, arrays and generators (of which each call gets its own copy), or things
        that cannot be changed.
    expected : what labsupport says about them.
    """

    about: str
    args: tuple
    expected: object = None

    def fresh_args(self) -> tuple:
        """The arguments for one call."""
        return tuple(
            copy.deepcopy(a) if isinstance(a, np.ndarray | np.random.Generator) else a
            for a in self.args
        )


def ask(answer: object, cases: Sequence[Case], read: Callable) -> list:
    """Put every case to the student's function, twice, and return its answers as plain values.

    A question without arguments is put once: nothing can be told from a second answer that a random
    search may give.

    Parameters
    ----------
    answer : the student's function.
    cases : each is put forwards and then once more backwards, to notice answers that depend on
        earlier calls.
    read : (value) -> plain value, raising Wrong when it is not what the question asks for; see the
        readers below.

    Raises
    ------
    Wrong : not a function, other arguments than asked for, an exception, too slow, inputs changed,
        forgetful answers.
    """
    searching = not cases[0].args
    calls = [*cases] if searching else [*cases, *reversed(cases)]
    limit = TIME_LIMIT * (_SEARCH if searching else 1)
    put = _put_elsewhere if isinstance(answer, RemoteAnswer) else _put_here
    said = put(answer, calls, read, limit)
    if len(said) != len(calls):
        raise Wrong(
            "Your function ended the check before it had answered everything; let it return "
            "its answer."
        )
    first, second = said[: len(cases)], said[len(cases) :][::-1]
    for case, a, b in zip(cases, first, second or first, strict=True):
        if a != b:
            raise Wrong(
                f"Asked twice about {case.about or 'the same thing'}, with the same values, "
                "your function gave two answers; "
                "let it depend on nothing but its arguments."
            )
    return first


def ask_for_one(answer: object, cases: Sequence[Case], read: Callable) -> list:
    """`ask` for a question whose answer is a find: the value itself will do, or a function that
    returns it.
    """
    plain = not (callable(answer) or isinstance(answer, RemoteAnswer))
    return ask((lambda: answer) if plain else answer, cases, read)


def ask_with_fractions(answer: object, cases: Sequence[Case], read: Callable) -> list:
    """`ask` for cases that hold exact fractions and NaN, where many reach for numpy's NaN test,
    which takes no fraction.
    """
    try:
        return ask(answer, cases, read)
    except Wrong as wrong:
        if "ufunc '" not in str(wrong):
            raise
        which = "The NaN test" if "ufunc 'isnan'" in str(wrong) else "A function"
        raise Wrong(
            f"{which} of numpy takes no exact fractions; ask what must hold, without it."
        ) from None


def _put_here(answer: object, calls: Sequence[Case], read: Callable, limit: float) -> list:
    """To a function of this kernel."""
    _insist_on_function(answer, len(calls[0].args))
    said: list = []
    problem: list[Wrong] = []
    in_time(lambda stop: _hear(_outcomes(answer, calls, stop), calls, read, said), problem, limit)
    if problem:
        raise problem[0]
    if foreign := foreign_hands():
        raise Wrong(
            f"Running your answer replaced {foreign}; restart the kernel and leave the "
            "libraries as they are."
        )
    return said


def _put_elsewhere(
    answer: RemoteAnswer, calls: Sequence[Case], read: Callable, limit: float
) -> list:
    """To a function in a worker. All of its answers are taken before the first is read."""
    outcomes, problem = [], None
    try:
        outcomes.extend(answer.outcomes([case.args for case in calls], limit))
    except TimeUp:
        problem = too_slow("")
    except WorkerEnded:
        problem = Wrong("Your function ended its process before it had answered.")
    if None in outcomes:
        raise _other_arguments()
    said: list = []
    _hear(outcomes, calls, read, said)
    if problem:
        raise problem
    return said


def _outcomes(answer, cases: Sequence[Case], stop: threading.Event) -> Iterator[Outcome]:
    for case in cases:
        if stop.is_set():
            return
        yield call(answer, case.fresh_args(), case.args, (CallTimeUp,))


def _hear(outcomes, cases: Sequence[Case], read: Callable, said: list) -> None:
    """Read what came of each call into `said`; Wrong for what is no answer."""
    blank: str | None = (
        None  # the first case for which the line that the stub ends with was reached
    )
    for case, outcome in zip(cases, outcomes, strict=False):
        where = f" on {case.about}" if case.about else ""
        if outcome.kind == "blank":
            blank = where if blank is None else blank
            continue
        if outcome.kind != "value":
            raise Wrong(_NO_ANSWER.get(outcome.kind, _NO_ANSWER["large"]).format(outcome, where))
        try:
            said.append(read(outcome.value))
        except Wrong as wrong:
            raise Wrong(f"{where.strip()}, {wrong}" if where else str(wrong)) from None
    if blank is not None and said:
        raise Wrong(
            "One case is not covered: your function reaches the line that raises "
            f"NotImplementedError{blank}."
        )
    if blank is not None:
        raise Wrong("This is not filled in yet: replace the line that raises NotImplementedError.")


_NO_ANSWER = {
    "raised": "Your function raised {0.text}{1}; it should return an answer.",
    "waiting": "Your function is declared with async, so it has not answered yet; declare it with "
    "def alone.",
    "changed": "Your function changed its inputs{1}; work on a copy and leave the arguments alone.",
    "large": "Your function returned more than any answer holds{1}.",
}


def _other_arguments() -> Wrong:
    return Wrong(
        "Your function does not take the arguments the question names; keep the signature as given."
    )


def _insist_on_function(answer: object, n_arguments: int) -> None:
    if not callable(answer):
        given = an_object(answer)
        raise Wrong(
            f"This question asks for a function and was given {given}; pass the function "
            "itself, without parentheses."
        )
    if not takes(answer, n_arguments):
        raise _other_arguments()
