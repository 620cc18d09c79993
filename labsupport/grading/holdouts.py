"""Holdouts for a paired interval: labels and two predictions, from the middle and on the edges."""

from __future__ import annotations

import numpy as np

from labsupport.grading.exercise import Case
from labsupport.grading.resampling import percentiles

TIMES = 8  # generators that the rounds with one resample, and with a few, come with
TINY = "a handful of rows, of which only the {} tells the models apart"


def holdout(rng, better, worse) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Labels and two predictions; about these shares of rows tell the models apart.

    Of the other rows each model has half right, so that unpaired resamples scatter much more. The
    number of rows is prime: a gain on fewer rows is then no gain on these.
    """
    n = int(rng.choice([191, 193, 197, 199, 211, 223, 227]))
    better, worse = (max(1, round(n * share * rng.uniform(0.9, 1.1))) for share in (better, worse))
    rest = n - better - worse
    cells = rng.permutation(np.repeat([0, 1, 2, 3], [rest // 2, better, worse, rest - rest // 2]))
    return predicted(rng.integers(0, 2, n), cells)


def predicted(y, cells) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cells 0 to 3: both are right, the candidate alone, the baseline alone, neither."""
    return y, np.where(cells < 2, y, 1 - y), np.where(cells % 2 == 0, y, 1 - y)


def case(about, rng, rows, confidence, n_resamples) -> Case:
    """The case of these rows, with a generator of its own."""
    args = (*rows, confidence, n_resamples, rng.spawn(1)[0])
    return Case(about, args, percentiles()(*args))


def one_row_tells(rng, place, cell, about) -> Case:
    """A handful of rows of which one tells the models apart: who never draws it has no interval.

    The gain is as skewed as can be, so the interval is not its own mirror image either.
    """
    n = int(rng.integers(4, 7))
    y, cells = rng.integers(0, 2, n), rng.permutation([0, 3, 0, 3, 0, 3])[:n]
    cells[place] = cell
    return case(about, rng, predicted(y, cells), 0.97, 400)


def cases(rng) -> list[Case]:
    """Holdouts with a gain, a loss and few differences, and two of which one row tells."""
    return [
        case("a small gain", rng, holdout(rng, 0.06, 0.02), 0.8, 500),
        case("a clear gain", rng, holdout(rng, 0.14, 0.03), 0.9, 700),
        case("a loss", rng, holdout(rng, 0.03, 0.09), 0.3, 400),
        case("models that differ on few rows", rng, holdout(rng, 0.035, 0.005), 0.5, 600),
        one_row_tells(rng, 0, 1, TINY.format("first")),
        one_row_tells(rng, -1, 2, TINY.format("last")),
    ]


def generators(about: str, n_resamples: int):
    """One holdout and very few resamples, with one generator after the other."""

    def drawn(rng) -> list[Case]:
        rows = holdout(rng, 0.2, 0.15)
        return [case(about, rng, rows, 0.98, n_resamples) for _ in range(TIMES)]

    return drawn


def of_cells(*cells: int, confidence: float = 0.9, n_resamples: int = 300):
    """A holdout of so many rows in each cell."""

    def given(rng):
        n = sum(cells)
        order = rng.permutation(np.repeat(np.arange(4), cells))
        return *predicted(rng.integers(0, 2, n), order), confidence, n_resamples, rng.spawn(1)[0]

    return given


def labelled(label: int):
    """A holdout whose labels are all this one."""

    def given(rng):
        y, candidate, baseline = holdout(rng, 0.1, 0.05)
        change = y != label
        parts = (np.where(change, 1 - part, part) for part in (y, candidate, baseline))
        return *parts, 0.9, 300, rng.spawn(1)[0]

    return given


def one_answer_each(rng):
    """A candidate that always says one, a baseline that never does: y decides every row."""
    y = (rng.permutation(101) < rng.integers(45, 57)).astype(int)
    return y, np.ones_like(y), np.zeros_like(y), 0.9, 300, rng.spawn(1)[0]


EDGES = {
    "models that always give one answer each": one_answer_each,
    "models that never differ": of_cells(60, 0, 0, 41),
    "a candidate that is right wherever the baseline is wrong": of_cells(0, 50, 0, 0),
    "a candidate that is wrong wherever the baseline is right": of_cells(0, 0, 50, 0),
    "models that differ on every row": of_cells(0, 30, 29, 0),
    "models that are never right": of_cells(0, 0, 0, 23),
    "a single row": of_cells(0, 1, 0, 0),
    "two rows": of_cells(0, 1, 1, 0),
    "a thousand rows": of_cells(600, 90, 60, 259, n_resamples=200),
    "labels that are all one": labelled(1),
    "labels that are all zero": labelled(0),
    "a confidence close to one": of_cells(50, 30, 20, 13, confidence=0.99, n_resamples=900),
    "a confidence close to zero": of_cells(50, 30, 20, 13, confidence=0.05, n_resamples=900),
}


def on_edge(about, *args) -> Case:
    """The case of an edge: its arguments as they were drawn."""
    return Case(about, args, percentiles()(*args))
