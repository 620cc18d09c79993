"""03.4: how large the largest gap between groups is when there is none, by simulation.

An answer is random, so it is compared with ranges; see gaps. A right one is turned away less often
than once in 10^8 draws.
"""

from __future__ import annotations

import numpy as np

from labsupport.grading.calling import ask
from labsupport.grading.exercise import Case, Question, Round, mistake
from labsupport.grading.gaps import expected, gap_distribution, inside, ranges
from labsupport.grading.readers import Wrong, number, pair

REFERENCE, UNSURE = 4000, 0.0025  # worlds that show what a mistake leads to, and may miss ten
SINGLES, ROWS = 6, 2000  # single worlds; with so many rows all six are alike once in 10^7


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
        halfway("five groups of the chapter's kind", rng, 5, 50, 0.8, 0.77, some(500)),
        halfway("two groups", rng, 2, some(40), 0.7, 0.6, some(600)),
        halfway("nine groups", rng, 9, some(30), 0.85, 1.35, some(450)),
        halfway("groups with more rows", rng, 4, some(100), 0.9, 1.5, some(350)),
        case("a measured gap that worlds meet exactly", rng, 4, 8, 0.7, 3 / 8, some(2500)),
    ]


def single_worlds(rng) -> list[Case]:
    """One and the same, with one generator after the other."""
    given = 6, ROWS, 0.75, 40.5 / ROWS, 1
    return [Case("a single world", (*given, one)) for one in rng.spawn(SINGLES)]


def ends(rng) -> list[Case]:
    return [
        case("groups that are always right", rng, 3, 20, 1.0, 0.0, 50),
        case("groups that are never right", rng, 4, 8, 0.0, 1 / 8, 50),
        case("groups of a single row", rng, 3, 1, 0.5, 1.0, 400),
    ]


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


def whole(count) -> bool:
    return abs(count - round(count)) <= 1e-6


def is_one_world(case: Case, said) -> bool:
    gap, share = said
    return whole(case.args[1] * gap) and share == (gap >= case.args[3])


# Ways to go wrong


def binomial(rng, rows, accuracy, shape):
    return rng.binomial(rows, accuracy, shape) / rows


def normal(rng, rows, accuracy, shape):
    return rng.normal(accuracy, np.sqrt(accuracy * (1 - accuracy) / rows), shape)


def one_for_all(rng, rows, accuracy, shape):
    return np.broadcast_to(binomial(rng, rows, accuracy, (shape[0], 1)), shape)


def largest(right, accuracy):
    return np.ptp(right, axis=1)


def simulated(gap=largest, draw=binomial, average=np.mean, reaches=np.greater_equal):
    """The answer with its own idea of the accuracies (worlds, groups), of each world's gap, and of
    what to do with the gaps."""

    def answer(n_groups, rows, accuracy, measured, n_worlds, rng):
        gaps = gap(draw(rng, rows, accuracy, (n_worlds, n_groups)), accuracy)
        return average(gaps), np.mean(reaches(gaps, measured))

    return answer


right_answer = simulated()


def seen(gap, draw):
    """The ranges of the answer that draws or measures like this, as many worlds show them."""

    def says(n_groups, rows, accuracy, measured, n_worlds, rng):
        right = draw(np.random.default_rng(0), rows, accuracy, (REFERENCE, n_groups))
        gaps = gap(right, accuracy)
        share = np.mean(gaps >= measured)
        return ranges(np.mean(gaps), np.std(gaps), share, n_worlds, UNSURE)

    return says


def known(name, hint, *gaps, draw=binomial, when=None):
    """A mistake in the gaps, told by what many worlds lead to."""
    answers = (simulated(gap, draw) for gap in gaps)
    return mistake(name, hint, *answers, says=[seen(gap, draw) for gap in gaps], when=when)


def changed(name, hint, change):
    """A mistake that has both values right and then does something to them, or to their ranges."""

    def then(answer):
        return lambda *args: change(*answer(*args), rows=args[1], n_worlds=args[4])

    return mistake(name, hint, then(right_answer), says=[then(expected)])


def beyond(n_groups, rows, accuracy, measured, n_worlds, rng):
    """The ranges where worlds that meet the measured gap do not count."""
    after = measured + 0.5 / rows if whole(measured * rows) else measured
    return expected(n_groups, rows, accuracy, after, n_worlds, rng)


def never(said, ends) -> bool:
    """A single world tells a mistake by what it is, not by where it lies."""
    return False


def alike(told) -> bool:
    return len({said for _, said in told}) == 1


def no_whole_rows(told) -> bool:
    return any(case.args[4] == 1 and not whole(case.args[1] * said[0]) for case, said in told)


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

QUESTION = Question(
    "03.4",
    cases,
    read=read,
    same=inside,
    otherwise=otherwise,
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
        mistake(
            "strictly above the measured gap",
            "The share leaves out the worlds whose gap is exactly the measured one; at least means "
            "that they count.",
            simulated(reaches=np.greater),
            says=[beyond],
        ),
        NO_COUNTS,
        mistake(
            "share of something else",
            "The average gap is right, and the share counts something else than the worlds whose "
            "gap reaches the measured one.",
            simulated(reaches=lambda gaps, measured: gaps >= gaps.mean()),
            says=[lambda *args: (expected(*args)[0], (-np.inf, np.inf))],
        ),
    ],
    then=[
        Round(
            single_worlds,
            [
                mistake(
                    "own number of worlds",
                    "A single world has one gap, which either reaches the measured one or not: how "
                    "many worlds do you draw?",
                    lambda *args: right_answer(*args[:4], 5000, args[5]),
                    when=lambda told: any(share not in (0, 1) for _, (_, share) in told),
                ),
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
        Round(ends, otherwise=otherwise),
    ],
)
