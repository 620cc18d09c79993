"""06.4: a smoke test of training, marked by the faults that it catches and what it lets pass."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache, lru_cache

import numpy as np

from labsupport.grading.draws import on_edges, one_of
from labsupport.grading.exercise import Case, Question, mistake
from labsupport.grading.readers import truth
from labsupport.grading.trainers import (
    HINGE,
    HUNDREDTHS,
    SQUARED,
    Run,
    adam,
    descent,
    hidden,
    linear,
    lucky_shift,
    momentum,
    sample,
    two_outputs,
)

ROWS = 240
TOO_HIGH = 1e4  # times


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


def anything(rng) -> Run:
    """A run that is right."""
    model = one_of(linear(), linear(comes_in=np.copy), two_outputs(seed(rng)), hidden(seed(rng), 3))
    return Run(model(rng), descent(rng.uniform(0.3, 0.8)))


def seed(rng) -> int:
    return int(rng.integers(2**31))


def features(rng) -> int:
    return int(rng.integers(4, 8))


def clean(run: Callable, **of):
    """A run on a sample without a fault: run(rng) -> Run."""

    def given(rng):
        X, y = sample(rng, ROWS, features(rng), **of)
        return run(rng).trainer(), X, y

    return given


def spoilt(change: Callable, run: Callable = anything, **of):
    """A run on a sample that was changed: change(rng, X, y) -> X, y."""

    def given(rng):
        trainer, X, y = clean(run, **of)(rng)
        return trainer, *change(rng, X, y)

    return given


def one_nan(rng, X, y):
    X = X.copy()
    X[tuple(rng.integers(0, X.shape))] = np.nan
    return X, y


def shifted(rng, X, y):
    return X, np.roll(y, int(rng.choice([-1, 1])))


def never_there(rng, X, y):
    return np.insert(X, int(rng.integers(X.shape[1])), 0.0, axis=1), y


def too_high(rng) -> Run:
    """Its scores are huge, and their order is good: rows held out alone do not show it."""
    model = one_of(linear(), two_outputs(seed(rng)))(rng)
    return Run(model, descent(TOO_HIGH * rng.uniform(0.3, 0.8)))


def plain(rng) -> Run:
    """It starts at zero, where a loss that knows no label but their share cannot fall far."""
    return Run(linear(), descent(rng.uniform(0.3, 0.8)))


def summed(rng) -> Run:
    """Its rate was found by trying, so its loss falls."""
    return Run(linear(), descent(rng.uniform(0.4, 0.8) / ROWS), summed=True)


def frozen(rng, **options) -> Run:
    """Of two outputs only the second one learns."""
    return Run(two_outputs(seed(rng)), descent(rng.uniform(0.4, 0.8)), moves=latter, **options)


def latter(w) -> np.ndarray:
    return np.arange(len(w)) >= len(w) // 2


def the_second(w) -> np.ndarray:
    return np.where(np.arange(len(w)) == 1, -1.0, 1.0)


def faint(rng, X, y):
    """A second feature that tells little, so that its weight alone cannot spoil the loss."""
    return np.insert(X, 1, 0.3 * (2 * y - 1) + rng.standard_normal(len(y)), axis=1), y


def lucky(rng):
    """Labels shifted by one row that by chance fit a little."""
    return plain(rng).trainer(), *lucky_shift(rng, ROWS, features(rng))


def uphill(rng):
    """Small batches of which the first makes the loss of all rows rise."""
    while True:
        trainer, X, y = RIGHT["small batches in a random order"](rng)
        before, after = (trainer.loss(trainer.train(X, y, steps), X, y) for steps in (0, 1))
        if after > before:
            return trainer, X, y


def all_but_one(w) -> np.ndarray:
    return np.arange(len(w)) > 0


FAULTS = {
    "a sign error in the gradient": clean(lambda rng: replace(anything(rng), sign=lambda w: -1.0)),
    "a forgotten division by the number of rows": clean(summed),
    "frozen weights": clean(frozen),
    "labels shifted by one row": spoilt(shifted, plain),
    "a feature that is NaN in one row": spoilt(one_nan),
    "a learning rate ten thousand times too high": clean(too_high),
}
RIGHT = {
    "a plain logistic regression": clean(
        lambda rng: Run(linear(comes_in=np.copy), descent(rng.uniform(0.3, 1.0)))
    ),
    "a model with an intercept": clean(plain),
    "a penalty on the weights": clean(
        lambda rng: Run(linear(), descent(0.5), penalty=rng.uniform(0.05, 0.1))
    ),
    "two outputs and a random start": clean(
        lambda rng: Run(two_outputs(seed(rng)), descent(rng.uniform(0.2, 0.5)))
    ),
    "a hidden layer": clean(
        lambda rng: Run(hidden(seed(rng), int(rng.integers(3, 6))), descent(rng.uniform(0.6, 1.0)))
    ),
    "a squared loss": clean(
        lambda rng: Run(linear(), descent(rng.uniform(0.1, 0.2)), loss=SQUARED)
    ),
    "a hinge loss": clean(lambda rng: Run(linear(), descent(rng.uniform(0.05, 0.1)), loss=HINGE)),
    "a descent with momentum": clean(
        lambda rng: Run(linear(), momentum(rng.uniform(0.1, 0.3), rng.uniform(0.8, 0.9)))
    ),
    "an adaptive rate": clean(lambda rng: Run(linear(), adam(rng.uniform(0.02, 0.1)))),
    "small batches in a random order": clean(
        lambda rng: Run(linear(), descent(rng.uniform(0.8, 1.0)), batch=4, order=seed(rng))
    ),
}
HARD_FAULTS = {
    "labels shifted by one row, where one label is rare": spoilt(shifted, plain, share=0.12),
    "labels shifted by one row on their way into the model": clean(
        lambda rng: replace(anything(rng), labels=lambda y: np.roll(y, 1))
    ),
    "labels shifted by one row that by chance fit a little": lucky,
    "a sign error in one part of the gradient": spoilt(
        faint, lambda rng: Run(linear(), descent(rng.uniform(0.05, 0.1)), sign=the_second)
    ),
    "a feature that is NaN in one row, which training takes for a zero": spoilt(
        one_nan, lambda rng: replace(anything(rng), features=np.nan_to_num)
    ),
    "frozen weights that report no gradient": clean(lambda rng: frozen(rng, cut_off=True)),
    "a single frozen weight": clean(lambda rng: replace(anything(rng), moves=all_but_one)),
    "a learning rate ten thousand times too high, and adaptive": clean(
        lambda rng: Run(linear(), adam(TOO_HIGH * rng.uniform(0.02, 0.1)))
    ),
}
HARD_RIGHT = {
    "a loss that falls slowly": clean(
        lambda rng: Run(linear(), descent(rng.uniform(0.005, 0.008)))
    ),
    "a loss in a small unit": clean(
        lambda rng: Run(linear(), descent(rng.uniform(0.004, 0.008)), loss=HUNDREDTHS)
    ),
    "small batches of which the first leads uphill": uphill,
    "a feature that is zero in every row of the sample": spoilt(never_there, plain),
    "a label that is rare": clean(plain, share=0.2),
    "a rate that decays": clean(lambda rng: Run(linear(), descent(1.0, decay=0.1))),
    "a hidden layer, a squared loss and momentum": clean(
        lambda rng: Run(hidden(seed(rng), 4), momentum(0.2, 0.8), loss=SQUARED)
    ),
    "a hidden layer and an adaptive rate": clean(
        lambda rng: Run(hidden(seed(rng), 4), adam(rng.uniform(0.02, 0.05)))
    ),
}
EDGES = HARD_FAULTS | HARD_RIGHT


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
    then=[on_edges(EDGES, case, otherwise, [AGAINST_START, EVERY_WEIGHT, FEATURES, FALLS_FAR])],
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
