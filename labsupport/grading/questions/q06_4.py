"""06.4: a smoke test of training, marked by the faults that it catches and what it lets pass."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, lru_cache

import numpy as np

from labsupport.grading.draws import on_edges
from labsupport.grading.exercise import Case, Question, mistake
from labsupport.grading.faults import EDGES, FAULTS, HARD_RIGHT, RIGHT
from labsupport.grading.readers import truth


def read(value) -> bool:
    return truth(value, "answer")


# The right answer, and the parts that can be left out


def finite(trainer, X, y) -> bool:
    return bool(np.isfinite(X).all())


def falls(trainer, X, y, to: float = 1.0) -> bool:
    start, end = (trainer.loss(trainer.train(X, y, steps), X, y) for steps in (0, 30))
    return end < to * start


def gradient_agrees(trainer, X, y) -> bool:
    weights = trainer.train(X, y, 0)
    seen = [
        (trainer.loss(weights + step, X, y) - trainer.loss(weights - step, X, y)) / 2e-5
        for step in 1e-5 * np.eye(len(weights))
    ]
    return np.allclose(trainer.gradient(weights, X, y), seen, rtol=1e-3, atol=1e-6)


def moves(trainer, X, y) -> bool:
    start, end = (trainer.train(X, y, steps) for steps in (0, 3))
    return not (np.abs(trainer.gradient(start, X, y)) > 1e-9)[start == end].any()


def taught(trainer, X, y) -> bool:
    """Whether rows teach about others, more than they would with any labels."""
    weights, rng = trainer.train(X[::2], y[::2], 30), np.random.default_rng(0)
    chance = [trainer.loss(weights, X[1::2], rng.permutation(y[1::2])) for _ in range(30)]
    return trainer.loss(weights, X[1::2], y[1::2]) < np.mean(chance) - 4 * np.std(chance)


ALL = (finite, falls, gradient_agrees, moves, taught)


@cache
def once(part: Callable) -> Callable:
    """The part, which tries a case once: it is in many of the mistakes, and each is asked twice."""

    @lru_cache(maxsize=64)  # more than there are cases in a draw
    def tried(trainer, shape, X: bytes, y: bytes) -> bool:
        return bool(part(trainer, np.frombuffer(X).reshape(shape), np.frombuffer(y)))

    return lambda trainer, X, y: tried(trainer, X.shape, X.tobytes(), y.tobytes())


def checks(*parts: Callable) -> Callable:
    """A smoke test of these parts."""
    return lambda trainer, X, y: all(once(part)(trainer, X, y) for part in parts)


def without(part: Callable, *instead: Callable) -> Callable:
    return checks(*(one for one in ALL if one is not part), *instead)


right_answer = checks(*ALL)


# The cases: what is right is known beforehand, since the faults are planted


def case(about, *given) -> Case:
    return Case(about, given, about in RIGHT or about in HARD_RIGHT)


def cases(rng) -> list[Case]:
    return [case(about, *draw(rng)) for about, draw in (FAULTS | RIGHT).items()]


# The mistakes


def falls_always(trainer, X, y) -> bool:
    losses = [trainer.loss(trainer.train(X, y, steps), X, y) for steps in range(31)]
    return bool((np.diff(losses) < 0).all())


def falls_elsewhere(trainer, X, y) -> bool:
    """On rows held out, below what it was at the start."""
    weights = (trainer.train(X[::2], y[::2], steps) for steps in (0, 30))
    start, end = (trainer.loss(one, X[1::2], y[1::2]) for one in weights)
    return end < 0.93 * start


def taught_by_heart(trainer, X, y) -> bool:
    """As `taught`, on the rows that were trained on."""
    weights, rng = trainer.train(X, y, 30), np.random.default_rng(0)
    chance = [trainer.loss(weights, X, rng.permutation(y)) for _ in range(30)]
    return trainer.loss(weights, X, y) < np.mean(chance) - 4 * np.std(chance)


def all_move(trainer, X, y) -> bool:
    return bool((trainer.train(X, y, 0) != trainer.train(X, y, 3)).all())


def no_weight_moves(trainer, X, y) -> bool:
    return bool((trainer.train(X, y, 0) == trainer.train(X, y, 3)).all())


def loss_is_finite(trainer, X, y) -> bool:
    return bool(np.isfinite(trainer.loss(trainer.train(X, y, 30), X, y)))


def otherwise(case: Case, said) -> str:
    if said:
        return f"A fault got through: {case.about}."
    return f"A right trainer was refused: {case.about}."


AGAINST_START = mistake(
    "held out, against the start",
    "Where one label is rare, the loss on rows held out falls although the labels belong to other "
    "rows; compare with what shuffled labels give.",
    without(taught, falls_elsewhere),
)
BY_HEART = mistake(
    "shuffled, on rows trained on",
    "Where there are many features, any labels are learnt by heart, those of other rows as well; "
    "compare with shuffled labels on rows held out.",
    without(taught, taught_by_heart),
)
EVERY_WEIGHT = mistake(
    "every weight has to move",
    "A right trainer is refused in which a weight stays where it is; so it should, where the loss "
    "does not depend on it.",
    without(moves, all_move),
)
FEATURES = mistake(
    "features not looked at",
    "A feature that is NaN gets through where training makes something of it; look at what goes "
    "in, too.",
    without(finite),
)
FALLS_FAR = mistake(
    "the loss has to fall far",
    "A right trainer is refused whose loss falls, and slowly; how far it falls is a matter of the "
    "rate.",
    without(falls, lambda *given: falls(*given, to=0.9)),
)

QUESTION = Question(
    "06.4",
    cases,
    read=read,
    same=lambda a, b: a == b,
    otherwise=otherwise,
    then=[
        on_edges(
            EDGES, case, otherwise, [AGAINST_START, BY_HEART, EVERY_WEIGHT, FEATURES, FALLS_FAR]
        )
    ],
    verified="The six faults are caught, in their harder forms as well, and every right trainer "
    "passes.",
    mistakes=[
        mistake(
            "everything passes",
            "Everything passes, the planted faults as well.",
            lambda trainer, X, y: True,
        ),
        mistake(
            "everything is refused",
            "Everything is refused, right trainers as well.",
            lambda trainer, X, y: False,
        ),
        mistake(
            "yes and no turned round",
            "The answer is turned round: True means that the trainer passes.",
            lambda *given: not right_answer(*given),
        ),
        mistake(
            "only the last loss",
            "What gets through are the faults with which the loss falls as well, and those are "
            "half of them.",
            checks(falls),
        ),
        mistake(
            "only whether all is finite",
            "What is not finite is caught and nothing else; most faults give numbers like any "
            "others.",
            checks(finite),
            checks(loss_is_finite),
        ),
        mistake(
            "no look at the loss",
            "What gets through are labels of other rows, and steps that are far too long: what "
            "does the loss say to them?",
            checks(finite, gradient_agrees, moves),
        ),
        mistake(
            "the loss may rise",
            "A run gets through whose loss is higher at the end than at the start.",
            without(falls),
        ),
        mistake(
            "no look at the gradient",
            "A gradient that is not the slope of the loss gets through; the slope can be measured "
            "with the loss alone.",
            without(gradient_agrees),
        ),
        mistake(
            "no look at the weights",
            "Weights that are frozen get through; the other weights alone can make the loss fall.",
            without(moves),
            without(moves, lambda *given: not no_weight_moves(*given)),
        ),
        mistake(
            "no rows held out",
            "Labels that belong to other rows get through; on the rows that were trained on, their "
            "loss falls as well.",
            without(taught),
        ),
        mistake(
            "the loss falls at every step",
            "Right trainers with small batches or a momentum are refused; their steps are not "
            "those of plain descent, and the loss may rise for one.",
            without(falls, falls_always),
        ),
        mistake(
            "the loss has to halve",
            "Right trainers are refused whose loss fell by less than half; how far it falls is a "
            "matter of rate and loss.",
            without(falls, lambda *given: falls(*given, to=0.5)),
        ),
    ],
)
