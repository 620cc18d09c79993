"""Exercise 03, question 4: how large the largest gap is when there is none, by simulation.

An answer is random. The exact distribution of the largest gap says how far a right one can be off:
the mean by 6.5 of its standard errors, the share by what a binomial leaves out with probability
1e-10. A right answer is turned away less often than once in 10^8 draws.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import stats

from labsupport.grading.calling import ask
from labsupport.grading.old import Case, Mistake, Wrong, compare, question
from labsupport.grading.readers import number, pair

_SIGMAS, _MISS = 6.5, 1e-10
_REFERENCE, _UNSURE = (
    4000,
    0.0025,
)  # worlds that show what a mistake leads to, which may miss ten worlds
_SINGLES, _ROWS = (
    6,
    2000,
)  # worlds drawn one at a time; with so many rows all six are alike once in 10^7


def _gap_distribution(n_groups: int, rows: int, accuracy: float) -> np.ndarray:
    """(rows + 1,) probabilities that the largest number of right rows exceeds the smallest by 0, 1, 2 ..."""
    below = np.concatenate([[0.0], stats.binom.cdf(np.arange(rows + 1), rows, accuracy)])
    within = (below[None, :] - below[:, None]).clip(
        0
    ) ** n_groups  # [i, j]: all groups from i up to j - 1
    exactly = (
        within[:-1, 1:]
        - within[1:, 1:]
        - within[:-1, :-1]
        + np.where(np.tri(rows + 1, k=0).T, within[1:, :-1], 0)
    )
    return np.array([np.trace(exactly, offset=gap) for gap in range(rows + 1)])


def _expected(n_groups, rows, accuracy, measured, n_worlds, rng) -> tuple:
    mass, gaps = _gap_distribution(n_groups, rows, accuracy), np.arange(rows + 1) / rows
    return _ranges(
        mass @ gaps,
        np.sqrt(mass @ gaps**2 - (mass @ gaps) ** 2),
        mass[gaps >= measured].sum(),
        n_worlds,
    )


def _ranges(
    mean: float, deviation: float, share: float, n_worlds: int, unsure: float = 0.0
) -> tuple:
    """Where an answer can lie; `unsure` is by how much the share itself may be off."""
    shares = max(share - unsure, 0.0), min(share + unsure, 1.0)
    reach = _SIGMAS * deviation / np.sqrt(n_worlds) + 1e-9
    ends = zip((stats.binom.ppf, stats.binom.isf), shares, strict=True)
    few, many = (float(end(_MISS, n_worlds, share)) / n_worlds for end, share in ends)
    return (mean - reach, mean + reach), (few - 1e-9, many + 1e-9)


def _case(
    rng, about: str, n_groups: int, rows: int, accuracy: float, excess: float, n_worlds: int
) -> Case:
    """`excess` places the measured gap around the expected one, halfway between two shares of rows: no rounding decides."""
    expected = _gap_distribution(n_groups, rows, accuracy) @ np.arange(rows + 1)
    args = (
        n_groups,
        rows,
        accuracy,
        (int(expected * excess) + 0.5) / rows,
        n_worlds,
        rng.spawn(1)[0],
    )
    return Case(about, args, _expected(*args))


def _exactly(
    rng, about: str, n_groups: int, rows: int, accuracy: float, gap: int, n_worlds: int
) -> Case:
    """A measured gap of so many rows; `rows` is a power of two, so that shares of them are floats without rounding."""
    args = (n_groups, rows, accuracy, gap / rows, n_worlds, rng.spawn(1)[0])
    return Case(about, args, _expected(*args))


def _worlds(rng: np.random.Generator) -> list[Case]:
    def about(n: int) -> int:
        return int(n * rng.uniform(0.9, 1.1))

    return [
        _case(rng, "five groups of the chapter's kind", 5, 50, 0.8, 0.77, about(800)),
        _case(rng, "two groups", 2, about(40), 0.7, 0.6, about(600)),
        _case(rng, "nine groups", 9, about(30), 0.85, 1.35, about(700)),
        _case(rng, "groups with more rows", 4, about(150), 0.9, 1.5, about(500)),
        _exactly(rng, "a measured gap that worlds meet exactly", 4, 8, 0.7, 3, about(4000)),
        *(
            Case("a single world", (6, _ROWS, 0.75, 40.5 / _ROWS, 1, rng.spawn(1)[0]), None)
            for _ in range(_SINGLES)
        ),
    ]


def _drawn(
    rng: np.random.Generator, rows: int, accuracy: float, shape: tuple[int, int]
) -> np.ndarray:
    return rng.binomial(rows, accuracy, shape) / rows


def _drawn_normal(
    rng: np.random.Generator, rows: int, accuracy: float, shape: tuple[int, int]
) -> np.ndarray:
    return rng.normal(accuracy, np.sqrt(accuracy * (1 - accuracy) / rows), shape)


def _simulated(gap: Callable, draw: Callable = _drawn):
    """The answer that measures each world's gap in its own way, from accuracies (worlds, groups): two ranges."""

    def answer(n_groups, rows, accuracy, measured, n_worlds, rng):
        right = draw(np.random.default_rng(0), rows, accuracy, (_REFERENCE, n_groups))
        gaps = gap(right, accuracy)
        share = float(np.mean(gaps >= measured))
        return _ranges(float(np.mean(gaps)), float(np.std(gaps)), share, n_worlds, unsure=_UNSURE)

    return answer


def _beyond(n_groups, rows, accuracy, measured, n_worlds, rng) -> tuple:
    """The answer that leaves out the worlds whose gap is the measured one."""
    return _expected(
        n_groups,
        rows,
        accuracy,
        measured + 0.5 / rows if _whole(measured * rows) else measured,
        n_worlds,
        rng,
    )


def _whole(count: float) -> bool:
    return abs(count - round(count)) <= 1e-6


def _changed(change: Callable):
    """The answer that has both ranges right and then does something to them."""
    return lambda *args: change(*_expected(*args), args)


_TWO_ONLY = "The gap is always that between the same two groups; whoever measures the largest picks the pair afterwards."
_SPREAD = "The standard deviation of the accuracies is a typical distance; the gap is the largest."
_FROM_MIDDLE = "The gap is taken from the middle; it reaches from the worst group to the best."
_COUNTS = "An accuracy is a whole number of right rows divided by all rows of a group; draw how many come out right."
_SHARE = "The average gap is right, and the share counts something else than the worlds whose gap reaches the measured one."

_GAP_MISTAKES = [
    Mistake("Both values are right, but in the other order.", _changed(lambda mean, share, _: (share, mean))),
    Mistake(_TWO_ONLY, _simulated(lambda right, accuracy: np.abs(right[:, 0] - right[:, 1]))),
    Mistake("The gap has a sign here, so gaps of one world cancel those of another.",
            _simulated(lambda right, accuracy: right[:, 0] - right[:, -1])),
    Mistake(_SPREAD, _simulated(lambda right, accuracy: np.std(right, axis=1))),
    Mistake(_SPREAD, _simulated(lambda right, accuracy: np.std(right, axis=1, ddof=1))),
    Mistake(_FROM_MIDDLE, _simulated(lambda right, accuracy: right.max(axis=1) - right.mean(axis=1))),
    Mistake(_FROM_MIDDLE, _simulated(lambda right, accuracy: right.max(axis=1) - accuracy)),
    Mistake(_FROM_MIDDLE, _simulated(lambda right, accuracy: accuracy - right.min(axis=1))),
    Mistake(_FROM_MIDDLE, _simulated(lambda right, accuracy: np.abs(right - accuracy).max(axis=1))),
    Mistake("All groups draw the same rows, so there is never a gap: draw on from one generator.",
            _simulated(lambda right, accuracy: 0 * right[:, 0])),
    Mistake("The gap is counted in rows; divide by the rows of a group.",
            _changed(lambda mean, share, args: (tuple(args[1] * end for end in mean), share))),
    Mistake("The gap is in percent; leave it a share.",
            _changed(lambda mean, share, args: (tuple(100 * end for end in mean), share))),
    Mistake("The share is turned round: count the worlds whose gap reaches the measured one.",
            _changed(lambda mean, share, _: (mean, (1 - share[1], 1 - share[0])))),
    Mistake("The share is a count of worlds; divide by how many there are.",
            _changed(lambda mean, share, args: (mean, tuple(args[4] * end for end in share)))),
    Mistake("This is the largest gap of all worlds; take their mean.",
            lambda *args: ((args[3] * 1.2, 1.0), _expected(*args)[1])),
    Mistake("The share leaves out the worlds whose gap is exactly the measured one; at least means that they count.",
            _beyond),
    Mistake(_COUNTS, _simulated(lambda right, accuracy: np.ptp(right, axis=1), _drawn_normal)),
    Mistake(_SHARE, _changed(lambda mean, share, _: (mean, (-np.inf, np.inf)))),
]  # fmt: skip


def _inside(said, ranges) -> bool:
    return all(low <= value <= high for value, (low, high) in zip(said, ranges, strict=True))


def _gap_otherwise(case: Case, said) -> str:
    (low, high), _ = case.expected
    if low <= said[0] <= high:
        return f"The share is not what so many worlds would show, on {case.about}."
    return f"The average gap is too {'large' if said[0] > high else 'small'}, on {case.about}."


def _ask(answer, cases: list[Case], read: Callable) -> list:
    """`ask`, with a word on what is slow here."""
    try:
        return ask(answer, cases, read)
    except Wrong as wrong:
        slow = "are rows drawn one by one, instead of all rows of a group in one call, or is there a loop"
        raise Wrong(str(wrong).replace("is there a loop", slow)) from None


@question("03.4")
def _null_gap(answer, rng) -> str:
    def read(value):
        average, share = pair(value, ("average", "share"))
        return number(average, "average gap"), number(share, "share of worlds")

    cases = _worlds(rng)
    said = _ask(answer, cases, read)
    many, single = said[:-_SINGLES], said[-_SINGLES:]
    compare(cases[:-_SINGLES], many, _GAP_MISTAKES, _inside, _gap_otherwise)
    if any(share not in (0, 1) for _, share in single):
        raise Wrong(
            "A single world has one gap, which either reaches the measured one or not: how many worlds do you draw?"
        )
    if not all(_whole(_ROWS * gap) for gap, _ in single):
        raise Wrong(_COUNTS)
    if len(set(single)) == 1:
        raise Wrong(
            "Other generators lead to the very same gap; draw from the generator that is passed."
        )
    return "Average and share are as close to the exact ones as that many worlds can be, from two groups to nine."
