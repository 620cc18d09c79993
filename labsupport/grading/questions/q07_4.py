"""07.4: the anchor, which keeps tolerated losses from adding up."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from labsupport.gate import Policy
from labsupport.grading.draws import on_edges
from labsupport.grading.exercise import Case, Question, mistake
from labsupport.grading.readers import listed_numbers
from labsupport.triggers import succession

ROWS = 10_000_000  # more than any case has right


def right_answer(right, tolerance):
    policy = Policy(min_gain=Fraction(-int(tolerance), ROWS), max_gap=None)
    return [champion for champion, _ in succession(right.tolist(), ROWS, policy)]


def case(about, right, tolerance) -> Case:
    given = np.array(right), int(tolerance)
    return Case(about, given, tuple(right_answer(*given)))


def cases(rng) -> list[Case]:
    drawn = []
    for tolerance in (20, 50, 100):
        first = int(rng.integers(8000, 9000))
        slide = first - np.cumsum(np.full(11, tolerance // 2)) + tolerance // 2
        walk = first + np.cumsum(rng.integers(-tolerance, tolerance, 15))
        up = first + np.cumsum(rng.integers(1, tolerance, 5))
        down = up[-1] - np.cumsum(np.full(6, tolerance * 2 // 5))
        edge = [first, first + 70, first + 70 - tolerance, first + 69 - tolerance]
        drawn += [
            case("candidates that get worse bit by bit", slide, tolerance),
            case("candidates that go up and down", np.append(first, walk), tolerance),
            case("a rise and then a slide", np.concatenate([[first], up, down]), tolerance),
            case("a loss of exactly the tolerance", edge, tolerance),
            case("a slump and a recovery", [first, first - 5 * tolerance, first + 3], tolerance),
        ]
    return drawn


def steps(*moves: int, tolerance: int, times: int = 1, first=None):
    """Candidates that differ from the first champion by the sum of the moves so far."""

    def given(rng):
        start = int(rng.integers(8000, 9000)) if first is None else first
        return start + np.cumsum([0, *moves * times]), tolerance

    return given


def walk(low: int, high: int, tolerance: int, n: int = 60):
    def given(rng):
        first = int(rng.integers(8000, 8500))
        return np.append(first, first + rng.integers(low, high + 1, n)), tolerance

    return given


EDGES = {
    "no tolerance at all": walk(-3, 3, 0, n=20),
    "no tolerance and candidates that are all alike": steps(0, tolerance=0, times=5),
    "a tolerance of one row": walk(-3, 3, 1, n=20),
    "a tolerance of hundreds": walk(-900, 900, 400, n=30),
    "a tolerance larger than every loss": walk(-40, 40, 5000, n=20),
    "a long slide, a row at a time": steps(-1, tolerance=4, times=50),
    "a long slide that is blocked again and again": steps(-3, 1, tolerance=7, times=40),
    "a peak, and then candidates just within the tolerance": steps(
        *(9, -9, 1, -1, 1, -2, 1), tolerance=9, times=2
    ),
    "a single large gain and a slide": steps(500, *[-2] * 40, tolerance=20),
    "losses and gains in turn": steps(-8, 9, -8, 7, tolerance=8, times=5),
    "two tolerances below, in two steps": steps(-6, -6, tolerance=6),
    "a candidate that has nothing right, and may": lambda rng: (np.array([5, 0, 3]), 5),
    "a candidate that has nothing right": lambda rng: (np.array([50, 0, 49]), 10),
    "a first champion that has nothing right": lambda rng: (np.array([0, 0, 3, 1, 0]), 2),
    "millions of rows": steps(-31, 1, -60, tolerance=30, first=8_000_000),
    "a single candidate": steps(-4, tolerance=4),
    "a champion without candidates": lambda rng: (np.array([int(rng.integers(1, 99))]), 30),
    "candidates that go far up and down": walk(-300, 300, 100),
}


def read(value) -> tuple[int, ...]:
    what = "how many rows the champion has right after each candidate"
    return tuple(listed_numbers(value, what, "count"))


def otherwise(case: Case, said) -> str:
    if len(said) == len(case.args[0]) and said[0] == case.args[0][0]:
        return "The first champion is in the list; it should hold one number for each candidate."
    if len(said) != len(case.expected):
        return "The list should hold one number for each candidate, blocked ones included."
    return f"The champions are others, on {case.about}; who is the best so far at each step?"


def ruled(passes, keep=lambda best, candidate: max(best, candidate)):
    """A gate of one's own: passes(candidate, latest, best, first, tolerance), and how the anchor
    moves.
    """

    def answer(right, tolerance):
        first, *candidates = right.tolist()
        latest = best = first
        served = []
        for candidate in candidates:
            if passes(candidate, latest, best, first, tolerance):
                latest, best = candidate, keep(best, candidate)
            served.append(latest)
        return served

    return answer


def spent(right, tolerance):
    first, *candidates = right.tolist()
    latest, left, served = first, tolerance, []
    for candidate in candidates:
        loss = max(0, latest - candidate)
        if loss <= left:
            latest, left = candidate, left - loss
        served.append(latest)
    return served


QUESTION = Question(
    "07.4",
    cases,
    read=read,
    same=lambda a, b: a == b,
    otherwise=otherwise,
    then=[on_edges(EDGES, case, otherwise)],
    verified="All promotions together never lose more than the tolerance, and a loss of exactly "
    "the tolerance still passes.",
    mistakes=[
        mistake(
            "latest champion only",
            "Each candidate is compared with the latest champion only, so the tolerance is spent "
            "anew every time.",
            ruled(lambda c, latest, best, first, t: c >= latest - t),
        ),
        mistake(
            "first champion as anchor",
            "The anchor is the first champion here; what was gained after it may all be lost "
            "again.",
            ruled(lambda c, latest, best, first, t: c >= first - t),
            ruled(lambda c, latest, best, first, t: c >= first - t and c >= latest - t),
        ),
        mistake(
            "no tolerance",
            "What is listed never falls here: is a tolerated loss turned away, or is the best "
            "listed in place of the one that serves?",
            ruled(lambda c, latest, best, first, t: c >= best),
            ruled(lambda c, latest, best, first, t: c >= latest),
        ),
        mistake(
            "exactly the tolerance is blocked",
            "A loss of exactly the tolerance is blocked here, and it is tolerated.",
            ruled(lambda c, latest, best, first, t: c > best - t),
        ),
        mistake(
            "everything is promoted",
            "Every candidate serves here, however much it loses.",
            ruled(lambda *_: True),
        ),
        mistake(
            "tolerance asked for as a gain",
            "The tolerance is asked for as a gain here; its sign got lost.",
            ruled(lambda c, latest, best, first, t: c >= best + t),
        ),
        mistake(
            "losses are added up",
            "Losses are added up and gains pay nothing back; compare with the best champion, not "
            "with a budget.",
            spent,
        ),
    ],
)
