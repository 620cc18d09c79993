"""07.4: the anchor, which keeps tolerated losses from adding up."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from labsupport.gate import Policy
from labsupport.grading.exercise import Case, Question, Round, mistake
from labsupport.grading.questions.q07_1 import listed
from labsupport.grading.readers import Wrong, number
from labsupport.triggers import succession

ROWS = 10_000


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


def ends(rng) -> list[Case]:
    first = int(rng.integers(8000, 9000))
    steps = first + rng.integers(-3, 4, 8)
    return [
        case("no tolerance at all", [first, first - 1, first, first + 1, first, *steps], 0),
        case("a champion without candidates", [first], 30),
    ]


def read(value) -> tuple[int, ...]:
    what = "how many rows the champion has right after each candidate"
    found = [number(part, "count") for part in listed(value, what)]
    if not all(type(part) is int for part in found):
        raise Wrong(f"the list holds numbers that are not whole; it should hold {what}.")
    return tuple(found)


def otherwise(case: Case, said) -> str:
    if len(said) == len(case.args[0]) and len(said) > 1:
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
    then=[Round(ends, (), otherwise)],
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
            "A candidate has to be at least as good here; the rule tolerates a loss.",
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
            "Every candidate serves here; nothing asks what is lost.",
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
