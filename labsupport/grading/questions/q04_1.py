"""04.1: the noise of a null candidate's gain."""

from __future__ import annotations

import math

import numpy as np

from labsupport.grading.draws import on_edges
from labsupport.grading.exercise import Case, Question, mistake
from labsupport.grading.readers import a_number
from labsupport.grading.rounding import rounded, roundings
from labsupport.noise import noise_floor, null_gains

ROOT2 = math.sqrt(2)


def right_answer(right, n):
    return ROOT2 * noise_floor(right / n).sd


def case(about, right, n) -> Case:
    return Case(about, (right, n), right_answer(right, n))


def cases(rng) -> list[Case]:
    drawn = []
    for about, k in (
        ("two runs", 2),
        ("three runs", 3),
        ("five runs", 5),
        ("five runs", 5),
        ("many runs", 60),
    ):
        n = int(rng.integers(500, 5000))
        right = rng.binomial(n, rng.uniform(0.6, 0.95), size=k)
        right[:2] += [0, 3 if right[0] == right[1] else 0]
        drawn.append(case(about, right, n))
    return [*drawn, case("runs that agree", np.full(4, 1234), 2000)]


def near(n: int, k: int, low: int, high: int):
    """k runs of which each has so few rows more than the first, or fewer."""

    def given(rng):
        right = low + rng.integers(0, high - low + 1, k)
        right[:2] = low, high
        return rng.permutation(right), n

    return given


EDGES = {
    "two runs that agree": lambda rng: (np.full(2, int(rng.integers(900, 1500))), 2000),
    "two runs that differ in one row": lambda rng: (np.array([700, 701]), 997),
    "two runs of which the second is worse": lambda rng: (np.array([740, 722]), 997),
    "runs without a right row": lambda rng: (np.zeros(3, dtype=np.int64), 50),
    "runs that have every row right": lambda rng: (np.full(3, 50), 50),
    "a holdout of a single row": lambda rng: (np.array([0, 1, 1]), 1),
    "a holdout of a million rows on which the runs hardly differ": near(10**6, 5, 900_000, 900_009),
    "a thousand runs": near(3001, 1000, 2400, 2700),
}


def spread(factor, ddof=1):
    """The runs' standard deviation, times a factor of one's own."""
    return lambda right, n: factor(len(right)) * float(np.std(right / n, ddof=ddof))


def sampling(factor, accuracy):
    """The noise of drawing other rows."""
    return lambda right, n: factor * math.sqrt((p := float(accuracy(right)) / n) * (1 - p) / n)


def pairs_once(right, n):
    return (right[:, None] - right)[np.triu_indices(len(right), 1)] / n


def otherwise(case: Case, said) -> str:
    return f"The noise is too {'small' if said < case.expected else 'large'}, on {case.about}."


QUESTION = Question(
    "04.1",
    cases,
    read=a_number("noise"),
    otherwise=otherwise,
    then=[on_edges(EDGES, case, otherwise)],
    verified="For two to a thousand drawn retrainings it is the spread of the lab's own null "
    "candidates.",
    mistakes=[
        mistake(
            "divided by k",
            "A few runs lie closer to their own mean than to the true one; divide by one run "
            "fewer.",
            spread(lambda k: ROOT2, ddof=0),
        ),
        mistake(
            "one run",
            "This is the spread of one run; a gain has the luck of two runs in it.",
            spread(lambda k: 1),
        ),
        mistake(
            "one run, divided by k",
            "This is the spread of one run, and too small even for that: the runs lie closer to "
            "their own mean.",
            spread(lambda k: 1, ddof=0),
        ),
        mistake(
            "spread of a mean",
            "The spread of a mean shrinks with more runs; the spread of the next gain does not.",
            *(spread(lambda k, c=c: c / math.sqrt(k), d) for c in (1, ROOT2) for d in (0, 1)),
        ),
        mistake(
            "deviations added",
            "Standard deviations do not add up; their squares do.",
            *(spread(lambda k: 2, d) for d in (0, 1)),
        ),
        mistake(
            "variance",
            "This is a variance; the noise is its root.",
            *(
                lambda right, n, c=c, d=d: c * np.var(right / n, ddof=d)
                for c in (1, 2)
                for d in (0, 1)
            ),
        ),
        mistake(
            "luck cancels",
            "The noise is zero here, though the runs differ: is luck taken to cancel, or a share "
            "cut to a whole number?",
            lambda *_: 0.0,
            lambda right, n: math.sqrt(2) * float(np.std(right // n, ddof=1)),
        ),
        mistake(
            "range",
            "The range of the runs grows with their number; the noise does not.",
            lambda right, n: np.ptp(right) / n,
        ),
        mistake(
            "other rows",
            "This is the noise of drawing other rows; here the rows stay, and training is "
            "repeated.",
            *(sampling(c, best) for c in (1, ROOT2) for best in (np.mean, np.max)),
        ),
        mistake(
            "from the best",
            "The best run sets the scale here; luck is measured from the mean, by all runs.",
            lambda right, n: (right.max() - right.mean()) / n,
            *(
                lambda right, n, c=c: c * math.sqrt(np.mean((right - right.max()) ** 2.0)) / n
                for c in (1, ROOT2)
            ),
        ),
        mistake(
            "mean distance",
            "This is the average distance of two runs; a standard deviation squares before it "
            "averages.",
            lambda right, n: float(np.abs(null_gains(right, n)).mean()) / n,
        ),
        mistake(
            "mean of the pairs",
            "A null candidate's mean gain is known to be zero: do not estimate it from the pairs, "
            "and do not pay for having done so.",
            lambda right, n: np.std(null_gains(right, n), ddof=1) / n,
            lambda right, n: float(np.std(pairs_once(right, n))),
        ),
        mistake(
            "neighbours",
            "Only neighbours are compared, so the answer depends on the order of the runs.",
            lambda right, n: float(np.std(np.diff(right / n))),
            lambda right, n: math.sqrt(np.mean(np.diff(right / n) ** 2)),
        ),
        mistake(
            "rows",
            "This is counted in rows; a gain is a share of the holdout.",
            lambda right, n: n * right_answer(right, n),
        ),
        mistake(
            "percent",
            "This is in percent; a gain is a share of the holdout.",
            lambda right, n: 100 * right_answer(right, n),
        ),
        rounded(*roundings(right_answer, 3, 4, 5, 6)),
    ],
)
