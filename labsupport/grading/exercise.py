"""A question as one declaration: what is asked, what is right, and the mistakes known by name.

A named mistake comes with answers that make it. They do two things: a student's answer that says
the same is told the mistake's hint, and the tests hand each of them in and demand that very hint.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from labsupport.grading.calling import Case, ask
from labsupport.grading.readers import Wrong

__all__ = [
    *("Case", "Mistake", "Question", "Round", "Told"),
    *("close", "draw_for", "mistake", "not_right"),
]


class Told(NamedTuple):
    """A case, and what the student's function said to it, as a plain value."""

    case: Case
    said: object


@dataclass(frozen=True)
class Mistake:
    """A plausible mistake.

    Attributes
    ----------
    name : a few words for an instructor, as in "divided by k".
    hint : one sentence for the student, without the answer and without a digit.
    answers : functions that make the mistake, as a student would hand them in.
    when : when(told) -> bool, whether the answers of a round have in common what shows the mistake;
        beside that it is recognised by its values: one of `answers` says the same in every case.
    says : what to compare with in place of `answers`, where those draw at random and `same`
        compares with a range.
    """

    name: str
    hint: str
    answers: tuple[Callable, ...]
    when: Callable[[Sequence[Told]], bool] | None = None
    says: tuple[Callable, ...] = ()


def mistake(
    name: str, hint: str, *answers: Callable, when: Callable | None = None, says: Sequence = ()
) -> Mistake:
    """A Mistake, written so that a table of them reads well."""
    return Mistake(name, hint, answers, when, tuple(says))


def close(rel: float = 1e-9, absolute: float = 1e-12) -> Callable[[object, object], bool]:
    """same(a, b) for numbers, and for tuples or lists of numbers of one length."""

    def same(a, b) -> bool:
        if isinstance(a, tuple | list):
            pairs = zip(a, b, strict=False)
            return len(a) == len(b) and all(same(x, y) for x, y in pairs)
        return math.isclose(a, b, rel_tol=rel, abs_tol=absolute)

    return same


equal = close()


def not_right(case: Case, said: object) -> str:
    """The hint where nothing explains the answer: the case, and no invented cause."""
    return f"This is not right, on {case.about}."


@dataclass(frozen=True)
class Round:
    """Cases that are put together and judged together; a question with several asks them in turn.

    Attributes
    ----------
    cases : cases(rng) -> list of Case, freshly drawn.
    mistakes : tried in order once an answer is wrong; the first that explains them gives the hint.
    otherwise : otherwise(case, said) -> hint, for the first wrong answer if no mistake explains it.
    same : same(a, b) -> bool, whether two answers agree. None: as the question says.
    right : right(case, said) -> bool, where no single value is. None: same(said, case.expected).
    together : together(told) -> bool, what must hold for the round's answers taken together.
    edges : which of its cases are the edges of the question's domain; see draws.
    """

    cases: Callable[[np.random.Generator], list[Case]]
    mistakes: Sequence[Mistake] = ()
    otherwise: Callable[[Case, object], str] = not_right
    same: Callable[[object, object], bool] | None = None
    right: Callable[[Case, object], bool] | None = None
    together: Callable[[Sequence[Told]], bool] | None = None
    edges: Sequence[str] = ()


class Drawn(NamedTuple):
    """A round, and its cases."""

    part: Round
    cases: list[Case]


@dataclass(frozen=True)
class Question:
    """A question that checks an answer.

    Attributes
    ----------
    number : as in "02.4"; the module that declares it is called q02_4.
    read : read(value) -> plain value, raising Wrong for what is not an answer at all; see readers.
    verified : a sentence on what was verified; or verified(told) -> sentence, of the first round.
    ask : ask(answer, cases, read) -> plain values; see calling.
    then : further rounds.
    cases, mistakes, otherwise, same, right, together : the first round; see Round.
    """

    number: str
    cases: Callable[[np.random.Generator], list[Case]]
    read: Callable[[object], object]
    mistakes: Sequence[Mistake]
    verified: str | Callable[[Sequence[Told]], str]
    otherwise: Callable[[Case, object], str] = not_right
    same: Callable[[object, object], bool] = equal
    right: Callable[[Case, object], bool] | None = None
    together: Callable[[Sequence[Told]], bool] | None = None
    ask: Callable = ask
    then: Sequence[Round] = ()

    @property
    def rounds(self) -> tuple[Round, ...]:
        """All rounds, in the order in which they are asked."""
        first = Round(
            self.cases, self.mistakes, self.otherwise, self.same, self.right, self.together
        )
        return first, *self.then

    def named(self) -> Iterator[tuple[Mistake, Callable]]:
        """Every mistake with each answer that makes it, once: the kill list."""
        for one in dict.fromkeys(one for part in self.rounds for one in part.mistakes):
            for answer in one.answers:
                yield one, answer

    def __call__(self, answer: object, rng: np.random.Generator) -> str:
        """Judge an answer on inputs drawn from rng; a sentence on what was verified, or Wrong."""
        return self.judge(answer, self.draw(rng))

    def draw(self, rng: np.random.Generator) -> Iterator[Drawn]:
        """What is asked, round by round: drawn when it is its turn, or once for a whole class."""
        for part in self.rounds:
            yield Drawn(part, part.cases(rng))

    def judge(self, answer: object, drawn: Iterable[Drawn]) -> str:
        """Judge an answer on what was drawn; a sentence on what was verified, or Wrong."""
        first = None
        for part, cases in drawn:
            said = self.ask(answer, cases, self.read)
            if not cases or len(cases) != len(said):
                raise RuntimeError(f"{len(said)} answers to {len(cases)} cases")
            told = [Told(case, value) for case, value in zip(cases, said, strict=True)]
            self._insist(part, told)
            first = told if first is None else first
        return self.verified(first) if callable(self.verified) else self.verified

    def _insist(self, part: Round, told: list[Told]) -> None:
        """Raise Wrong unless every answer of the round is right."""
        same = part.same or self.same
        right = part.right or (lambda case, said: same(said, case.expected))
        wrong = [one for one in told if right(*one) is not True]
        if not wrong:
            if part.together is None or part.together(told):
                return
            wrong = told
        telling = [*wrong, *told]  # what went wrong first: most mistakes are ruled out there
        for one in part.mistakes:
            if self._explains(one, told, telling, same):
                raise Wrong(one.hint, one.name)
        raise Wrong(part.otherwise(*wrong[0]))

    def _explains(self, one: Mistake, told, telling: Sequence[Told], same: Callable) -> bool:
        if one.when is not None and one.when(told):
            return True
        read = self.read if not one.says else _as_it_is
        return any(
            all(_would_say(answer, case, said, same, read) for case, said in telling)
            for answer in one.says or one.answers
        )


def _would_say(answer: Callable, case: Case, said, same: Callable, read: Callable) -> bool:
    try:
        return same(said, _says(answer, case, read)) is True
    except (ArithmeticError, ValueError, LookupError, TypeError, Wrong):
        return False  # the mistake has no answer here, and the student gave one


def _says(answer: Callable, case: Case, read: Callable) -> object:
    return read(answer(*case.fresh_args()))


def _as_it_is(value: object) -> object:
    return value


def draw_for(number: str, seed: int | None) -> np.random.Generator:
    """The generator a check draws its inputs from: the same for everyone unless a seed is given."""
    return np.random.default_rng([zlib.crc32(number.encode()), 0 if seed is None else seed + 1])
