"""Every order in which processes can take their steps, and every moment at which they can die.

A process is a function of a ledger. It is run again and again: with the answers that it got so far,
up to its next question. So the code that is explored is the code that runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from labsupport.ops.registry.entries import Move, Seen

Process = Callable[["Asking"], object]


@dataclass(frozen=True)
class World:
    """What MLflow's database holds, and its promises: numbers are given once; whoever moves an
    alias moves it.
    """

    log: tuple[Move, ...] = ()
    points: tuple[int | None, int | None] = (None, None)
    marks: frozenset[str] = frozenset()

    def answer(self, question: str, *told: object) -> tuple[object, World]:
        """What a question is answered, and the world after it."""
        if question == "moves":
            return self.log, self
        if question == "look":
            return Seen(self.points, dict.fromkeys(sorted(self.marks), 0.0)), self
        if question == "append":
            (move,) = told
            number = len(self.log) + 1
            return number, replace(self, log=(*self.log, replace(move, number=number)))
        if question == "point":
            alias, number = told
            current, previous = self.points
            moved = (number, previous) if alias == "prod" else (current, number)
            return None, replace(self, points=moved)
        if question == "mark":
            return None, replace(self, marks=self.marks | {*told})
        return None, replace(self, marks=self.marks - {*told})  # unmark


class Pause(BaseException):
    """The next question; no `except Exception` keeps it."""


class Asking:
    """A ledger that knows some answers, and stops at the first question beyond them."""

    alias, before = "prod", "previous"

    def __init__(self, answers: Sequence[object]) -> None:
        self._answers = list(answers)

    def __getattr__(self, question: str) -> Callable:
        def ask(*told: object) -> object:
            if not self._answers:
                raise Pause(question, *told)
            return self._answers.pop(0)

        return ask

    def now(self) -> float:
        """No time passes."""
        return 0.0


class Life(NamedTuple):
    """How far a process has come: `asks`, or it ended with `got`, a value or an error."""

    asks: tuple | None
    got: object = None


@dataclass(frozen=True)
class End:
    """A world in which nobody goes on.

    Attributes
    ----------
    got : what each process returned or raised; None: it was killed.
    path : who took a step, in order; negative: who was killed.
    """

    world: World
    got: tuple[object, ...]
    path: tuple[int, ...]


def ends(world: World, processes: Sequence[Process], kills: int = 0) -> Iterator[End]:
    """Every end, each state of the world and of the processes explored once.

    Parameters
    ----------
    kills : how many of the processes may be killed, each at any moment.
    """
    lives = [_Lives(process) for process in processes]
    worlds = _Numbered()
    dead = -1
    start = (worlds.of(world), (0,) * len(processes))
    seen, todo = {start}, [(*start, ())]
    while todo:
        here, lived, path = todo.pop()
        world = worlds.known[here]
        alive = [
            (i, life.asks)
            for i, at in enumerate(lived)
            if at != dead and (life := lives[i].lives[at]).asks is not None
        ]
        if not alive:
            got = [None if at == dead else lives[i].lives[at].got for i, at in enumerate(lived)]
            yield End(world, tuple(got), path)
        for i, asks in alive:
            answer, after = world.answer(*asks)
            steps = [(worlds.of(after), lives[i].after(lived[i], answer), i + 1)]
            if lived.count(dead) < kills:
                steps.append((here, dead, -i - 1))
            for there, then, who in steps:
                state = (there, (*lived[:i], then, *lived[i + 1 :]))
                if state not in seen:
                    seen.add(state)
                    todo.append((*state, (*path, who)))


def alone(world: World, process: Process) -> tuple[object, World]:
    """A process to whom nobody comes between: what it returned or raised, and the world then."""
    answers: list[object] = []
    while (life := _run(process, answers)).asks is not None:
        answer, world = world.answer(*life.asks)
        answers.append(answer)
    return life.got, world


class _Numbered:
    """Things that are the same when they are written the same, by number."""

    def __init__(self) -> None:
        self.known: list = []
        self._numbers: dict[str, int] = {}

    def of(self, thing: object) -> int:
        number = self._numbers.setdefault(repr(thing), len(self.known))
        if number == len(self.known):
            self.known.append(thing)
        return number


class _Lives:
    """How far a process comes with the answers that it got, each series of answers by number."""

    def __init__(self, process: Process) -> None:
        self._process, self._answers = process, [()]
        self._numbers: dict[tuple[int, str], int] = {}
        self.lives = [_run(process, ())]

    def after(self, number: int, answer: object) -> int:
        """The series with one more answer."""
        key = (number, repr(answer))
        if key not in self._numbers:
            self._numbers[key] = len(self.lives)
            self._answers.append((*self._answers[number], answer))
            self.lives.append(_run(self._process, self._answers[-1]))
        return self._numbers[key]


def _run(process: Process, answers: Sequence[object]) -> Life:
    try:
        return Life(None, process(Asking(answers)))
    except Pause as pause:
        return Life(pause.args)
    except ValueError as error:
        return Life(None, error)
