"""03.4: how large the largest gap between groups is when there is none, by simulation.

An answer is random, so it is compared with ranges; see gaps. A right one is turned away less often
than once in 10^8 draws.
"""

from __future__ import annotations

import numpy as np

from labsupport.grading.calling import ask
from labsupport.grading.draws import on_edges, prime
from labsupport.grading.exercise import Case, Question, Round, mistake
from labsupport.grading.gaps import (
    across_worlds,
    alike,
    beyond,
    changed,
    divided,
    expected,
    few_decimals,
    gap_distribution,
    inside,
    is_one_world,
    known,
    largest,
    near,
    never,
    no_whole_rows,
    normal,
    of_another_number,
    of_rows,
    of_so_many_worlds,
    one_for_all,
    only_the_average_is_off,
    only_the_share_is_off,
    right_answer,
    seen_across_worlds,
    simulated,
)
from labsupport.grading.readers import Wrong, number, pair
from labsupport.grading.rounding import then

SINGLES, ROWS = 6, 1999  # single worlds; with so many rows all six are alike once in 10^7


# The cases


def case(about, rng, n_groups, rows, accuracy, measured, n_worlds) -> Case:
    args = n_groups, rows, accuracy, measured, n_worlds, rng.spawn(1)[0]
    return Case(about, args, expected(*args))


def halfway(about, rng, n_groups, rows, accuracy, excess, n_worlds) -> Case:
    """The measured gap is about `excess` times the expected one, between two shares of rows: no
    rounding decides."""
    mean = gap_distribution(n_groups, rows, accuracy) @ np.arange(rows + 1)
    measured = (int(mean * excess) + 0.5) / rows
    return case(about, rng, n_groups, rows, accuracy, measured, n_worlds)


def cases(rng) -> list[Case]:
    def some(n: int) -> int:
        return int(n * rng.uniform(0.9, 1.1))

    return [
        halfway("five groups of the chapter's kind", rng, 5, 50, 0.8, 0.77, prime(rng)),
        halfway("two groups", rng, 2, some(40), 0.7, 0.6, prime(rng)),
        halfway("nine groups", rng, 9, some(30), 0.85, 1.35, prime(rng)),
        halfway("groups with more rows", rng, 4, some(100), 0.9, 1.5, prime(rng)),
        case("a measured gap that worlds meet exactly", rng, 4, 8, 0.7, 3 / 8, 2503),
    ]


def single_worlds(rng) -> list[Case]:
    """One and the same, with one generator after the other."""
    given = 6, ROWS, 0.75, 40.5 / ROWS, 1
    return [Case("a single world", (*given, one)) for one in rng.spawn(SINGLES)]


def worlds(n_groups, rows, accuracy, measured, n_worlds):
    return lambda rng: (rng, n_groups, rows, accuracy, measured, n_worlds)


EDGES = {
    "groups that are always right": worlds(3, 20, 1.0, 0.0, 53),
    "groups that are always right, and a measured gap": worlds(3, 20, 1.0, 0.05, 53),
    "groups that are never right": worlds(4, 8, 0.0, 1 / 8, 53),
    "groups that are hardly ever right": worlds(4, 30, 0.01, 0.5 / 30, 401),
    "groups that are nearly always right": worlds(4, 30, 0.99, 0.5 / 30, 401),
    "groups of a single row": worlds(3, 1, 0.5, 1.0, 401),
    "two groups of a single row": worlds(2, 1, 0.7, 0.5, 401),
    "groups of hundreds of rows": worlds(4, 499, 0.8, 20.5 / 499, 307),
    "forty groups": worlds(40, 25, 0.8, 9.5 / 25, 307),
    "a measured gap of zero": worlds(3, 20, 0.8, 0.0, 307),
    "a measured gap of everything": worlds(2, 3, 0.5, 1.0, 2003),
    "a measured gap that no world can have": worlds(3, 20, 0.8, 1.5, 307),
    "an accuracy of one half": worlds(6, 41, 0.5, 7.5 / 41, 307),
}


def asked(answer, cases: list[Case], read) -> list:
    """`ask`, with a word on what is slow here."""
    try:
        return ask(answer, cases, read)
    except Wrong as wrong:
        slow = (
            "are rows drawn one by one, instead of all rows of a group in one call, or is there "
            "a loop"
        )
        raise Wrong(str(wrong).replace("is there a loop", slow)) from None


def read(value) -> tuple:
    average, share = pair(value, ("average", "share"))
    return number(average, "average gap"), number(share, "share of worlds")


# What is right


def otherwise(case: Case, said) -> str:
    low, high = case.expected[0]
    if low <= said[0] <= high:
        return f"The share is not what so many worlds would show, on {case.about}."
    return f"The average gap is too {'large' if said[0] > high else 'small'}, on {case.about}."


NO_COUNTS = known(
    "no whole rows",
    "An accuracy is a whole number of right rows divided by all rows of a group; draw how many "
    "come out right.",
    largest,
    draw=normal,
    when=no_whole_rows,
)

ANOTHER_NUMBER = mistake(
    "another number of worlds",
    "Average and share are near, but not those of as many worlds as are asked for: how many do you "
    "draw?",
    lambda *args: right_answer(*args[:4], 4999, args[5]),
    lambda *args: right_answer(*args[:4], 5 * args[4] + 1, args[5]),
    lambda *args: right_answer(*args[:4], max(1, args[4] // 5), args[5]),
    lambda *args: right_answer(*args[:4], max(1, args[4] - 1), args[5]),
    when=of_another_number,
)


QUESTION = Question(
    "03.4",
    cases,
    read=read,
    same=inside,
    otherwise=otherwise,
    together=of_so_many_worlds,
    ask=asked,
    verified="Average and share are as close to the exact ones as that many worlds can be, from "
    "two groups to nine.",
    mistakes=[
        changed(
            "values swapped",
            "Both values are right, but in the other order.",
            lambda average, share, **_: (share, average),
        ),
        known(
            "the same two groups",
            "The gap is always that between the same two groups; whoever measures the largest "
            "picks the pair afterwards.",
            lambda right, accuracy: np.abs(right[:, 0] - right[:, 1]),
        ),
        known(
            "gap with a sign",
            "The gap has a sign here, so gaps of one world cancel those of another.",
            lambda right, accuracy: right[:, 0] - right[:, -1],
        ),
        known(
            "standard deviation",
            "The standard deviation of the accuracies is a typical distance; the gap is the "
            "largest.",
            lambda right, accuracy: np.std(right, axis=1),
            lambda right, accuracy: np.std(right, axis=1, ddof=1),
        ),
        known(
            "from the middle",
            "The gap is taken from the middle; it reaches from the worst group to the best.",
            lambda right, accuracy: right.max(axis=1) - right.mean(axis=1),
            lambda right, accuracy: right.max(axis=1) - accuracy,
            lambda right, accuracy: accuracy - right.min(axis=1),
            lambda right, accuracy: np.abs(right - accuracy).max(axis=1),
        ),
        known(
            "the same rows for all groups",
            "All groups draw the same rows, so there is never a gap: draw on from one generator.",
            largest,
            draw=one_for_all,
        ),
        changed(
            "in rows",
            "The gap is counted in rows; divide by the rows of a group.",
            lambda average, share, rows, **_: (rows * average, share),
        ),
        changed(
            "in percent",
            "The gap is in percent; leave it a share.",
            lambda average, share, **_: (100 * average, share),
        ),
        changed(
            "share turned round",
            "The share is turned round: count the worlds whose gap reaches the measured one.",
            lambda average, share, **_: (average, 1 - share),
        ),
        changed(
            "count of worlds",
            "The share is a count of worlds; divide by how many there are.",
            lambda average, share, n_worlds, **_: (average, n_worlds * share),
        ),
        mistake(
            "largest gap of all worlds",
            "This is the largest gap of all worlds; take their mean.",
            simulated(average=np.max),
            says=[lambda *args: ((1.2 * args[3], 1.0), expected(*args)[1])],
        ),
        NO_COUNTS,
        mistake(
            "share of another count",
            "The average gap is one of so many worlds, and the share is not a share of so many: "
            "what is it divided by?",
            lambda *args: divided(args[4] + 1, *right_answer(*args), args[4]),
            lambda *args: divided(args[4] - 1, *right_answer(*args), args[4]),
            lambda *args: divided(args[4] + 1, *right_answer(*args), args[4], 1),
            when=only_the_share_is_off,
        ),
        mistake(
            "accuracies of other rows",
            "The share is one of so many worlds, and the gaps do not add up to whole rows of so "
            "many: how does a group's accuracy come about?",
            lambda *args: of_rows(args[1] - 1, args[1] - 1, *args),
            lambda *args: of_rows(args[1] + 1, args[1] + 1, *args),
            when=only_the_average_is_off,
        ),
        mistake(
            "strictly above the measured gap",
            "The share leaves out the worlds whose gap is exactly the measured one; at least means "
            "that they count.",
            simulated(reaches=np.greater),
            says=[beyond],
        ),
        mistake(
            "wrong axis",
            "The gaps are taken from one world to another; a gap lies between two groups of one "
            "world.",
            across_worlds,
            says=[seen_across_worlds],
        ),
        mistake(
            "rounded",
            "These are near, and have few decimals, as so many worlds would not: are they "
            "rounded, or "
            "from another number of worlds?",
            *(then(right_answer, lambda x, d=d: round(x, d)) for d in (2, 3, 4)),
            when=lambda told: few_decimals(told) and near(told),
        ),
        ANOTHER_NUMBER,
        mistake(
            "share of something else",
            "The average gap is right, and the share is not that of the worlds whose gap reaches "
            "the "
            "measured one.",
            simulated(reaches=lambda gaps, measured: gaps >= gaps.mean()),
            says=[lambda *args: (expected(*args)[0], (-np.inf, np.inf))],
        ),
    ],
    then=[
        Round(
            single_worlds,
            [
                ANOTHER_NUMBER,
                NO_COUNTS,
                mistake(
                    "own generator",
                    "Other generators lead to the very same gap; draw from the generator that is "
                    "passed.",
                    lambda *args: right_answer(*args[:5], np.random.default_rng(0)),
                    when=alike,
                ),
            ],
            same=never,
            right=is_one_world,
            together=lambda told: not alike(told),
        ),
        on_edges(EDGES, case, otherwise),
    ],
)
