"""Where the average of simulated gaps and the share of large ones must lie, if no group is special.

Also where mistakes put them. The exact distribution of the largest gap says how far a right
answer can be off: the mean by SIGMAS of its standard errors, the share by what a binomial leaves
out with probability MISS.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from scipy import stats

from labsupport.grading.exercise import Case, Told, mistake
from labsupport.grading.rounding import has_decimals

SIGMAS, MISS = 6.5, 1e-10
REFERENCE, UNSURE = 4000, 0.0025  # worlds that show what a mistake leads to, and may miss ten


@cache
def gap_distribution(n_groups: int, rows: int, accuracy: float) -> np.ndarray:
    """(rows + 1,) probabilities that the best group has 0, 1, 2 ... right rows more than the worst
    one."""
    below = np.concatenate([[0.0], stats.binom.cdf(np.arange(rows + 1), rows, accuracy)])
    within = (below - below[:, None]).clip(0) ** n_groups  # [i, j]: all groups from i to j - 1
    inner = np.where(np.tri(rows + 1).T, within[1:, :-1], 0)
    exactly = within[:-1, 1:] - within[1:, 1:] - within[:-1, :-1] + inner
    return np.array([np.trace(exactly, offset=gap) for gap in range(rows + 1)])


def expected(n_groups, rows, accuracy, measured, n_worlds, rng) -> tuple[np.ndarray, np.ndarray]:
    """The ranges, from and to, of a right average and of a right share."""
    mass, gaps = gap_distribution(n_groups, rows, accuracy), np.arange(rows + 1) / rows
    mean = mass @ gaps
    deviation = np.sqrt(mass @ (gaps - mean) ** 2)
    return ranges(mean, deviation, mass[gaps >= measured].sum(), n_worlds)


def ranges(mean, deviation, share, n_worlds, unsure=0.0) -> tuple[np.ndarray, np.ndarray]:
    """The ranges for gaps of this kind; `unsure` is by how much the share itself may be off."""
    reach = SIGMAS * deviation / np.sqrt(n_worlds)
    fewest, most = np.clip([share - unsure, share + unsure], 0, 1)
    few, many = stats.binom.ppf(MISS, n_worlds, fewest), stats.binom.isf(MISS, n_worlds, most)
    return np.array([mean - reach, mean + reach]), np.array([few, many]) / n_worlds


def inside(said, ends) -> bool:
    """Whether average and share lie in their ranges, whichever end of a range comes first."""
    pairs = zip(said, ends, strict=True)
    return all(min(end) - 1e-9 <= value <= max(end) + 1e-9 for value, end in pairs)


def whole(count) -> bool:
    """Whether this is a whole number, but for rounding."""
    return abs(count - round(count)) <= 1e-6


def average_fits(told: list[Told]) -> bool:
    """Whether each average is a whole number of rows, summed over so many worlds."""
    return all(whole(said[0] * case.args[1] * case.args[4]) for case, said in told)


def share_fits(told: list[Told]) -> bool:
    """Whether each share is a whole number of so many worlds."""
    return all(whole(said[1] * case.args[4]) for case, said in told)


def of_so_many_worlds(told: list[Told]) -> bool:
    """Whether average and share are those of so many worlds."""
    return average_fits(told) and share_fits(told)


def only_the_average_is_off(told) -> bool:
    """Whether the shares are those of so many worlds, and the averages no whole rows."""
    return share_fits(told) and not average_fits(told) and not few_decimals(told)


def only_the_share_is_off(told) -> bool:
    """Whether the averages are those of so many worlds, and the shares no whole worlds."""
    return average_fits(told) and not share_fits(told) and not few_decimals(told)


def few_decimals(told: list[Told]) -> bool:
    """Whether average or share has few decimals, and is no whole count for it."""
    return not of_so_many_worlds(told) and any(
        all(has_decimals(float(said[place]), 6) for _, said in told) for place in (0, 1)
    )


def near(told) -> bool:
    """Whether all are near their ranges: off by a rounding, or by the luck of fewer worlds."""
    return all(
        abs(value - (low + high) / 2) <= 1.5 * (high - low) + 0.006
        for case, said in told
        for value, (low, high) in zip(said, case.expected, strict=True)
    )


def of_another_number(told) -> bool:
    """Whether both are nearly right, but those of another number of worlds."""
    if all(case.args[4] == 1 for case, _ in told):
        return any(share not in (0, 1) for _, (_, share) in told)
    return near(told) and not (average_fits(told) or share_fits(told))


# Ways to go wrong


def binomial(rng, rows, accuracy, shape):
    """Accuracies of this shape, all of one true accuracy, each measured on so many rows."""
    return rng.binomial(rows, accuracy, shape) / rows


def normal(rng, rows, accuracy, shape):
    """The same from the normal approximation: off the whole rows, and beyond 0 and 1."""
    return rng.normal(accuracy, np.sqrt(accuracy * (1 - accuracy) / rows), shape)


def one_for_all(rng, rows, accuracy, shape):
    """One accuracy per world, which all its groups share."""
    return np.broadcast_to(binomial(rng, rows, accuracy, (shape[0], 1)), shape)


def largest(right, accuracy):
    """Each world's gap between its best group and its worst."""
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

    @cache
    def shown(n_groups, rows, accuracy, measured, n_worlds):
        right = draw(np.random.default_rng(0), rows, accuracy, (REFERENCE, n_groups))
        gaps = gap(right, accuracy)
        share = np.mean(gaps >= measured)
        return ranges(np.mean(gaps), np.std(gaps), share, n_worlds, UNSURE)

    return lambda *args: shown(*args[:-1])


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


def across_worlds(n_groups, rows, accuracy, measured, n_worlds, rng):
    """The gap of each group between its best world and its worst, instead of the reverse."""
    right = binomial(rng, rows, accuracy, (n_worlds, n_groups))
    gaps = np.ptp(right, axis=0)
    return gaps.mean(), np.mean(gaps >= measured)


def seen_across_worlds(n_groups, rows, accuracy, measured, n_worlds, rng):
    """The ranges of that, as many groups show them."""
    right = binomial(np.random.default_rng(0), rows, accuracy, (n_worlds, REFERENCE // 20))
    gaps = np.ptp(right, axis=0)
    share = np.mean(gaps >= measured)
    return ranges(np.mean(gaps), np.std(gaps), share, n_groups, 60 * UNSURE)


def is_one_world(case: Case, said) -> bool:
    """Whether average and share can be those of a single world."""
    gap, share = said
    return whole(case.args[1] * gap) and share == (gap >= case.args[3])


def never(said, ends) -> bool:
    """A single world tells a mistake by what it is, not by where it lies."""
    return False


def alike(told: list[Told]) -> bool:
    """Whether all answers are the same."""
    return len({said for _, said in told}) == 1


def no_whole_rows(told: list[Told]) -> bool:
    """Whether the gap of a single world is no whole number of rows."""
    return any(case.args[4] == 1 and not whole(case.args[1] * said[0]) for case, said in told)


def divided(by, average, share, n_worlds, more=0):
    """The answer that divides by a count of its own; `more` worlds count beside those drawn."""
    return average, (share * n_worlds + more) / by


def of_rows(drawn, divided_by, n_groups, rows, accuracy, measured, n_worlds, rng):
    """The answer that draws another number of rows for each group, and divides by a number of its
    own.
    """
    right = rng.binomial(max(drawn, 1), accuracy, (n_worlds, n_groups)) / max(divided_by, 1)
    gaps = np.ptp(right, axis=1)
    return gaps.mean(), np.mean(gaps >= measured)
