"""Where the ends of a percentile interval must lie, whichever way its gains were resampled, and
where mistakes put them.

The end that is the level-a percentile of B gains lies between two order statistics next to B * a,
and the true probability below an order statistic is a Beta variable. Each range leaves out
2 * MISS of it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

import numpy as np
from scipy import stats

from labsupport.grading.exercise import Told, mistake
from labsupport.grading.rounding import has_decimals
from labsupport.intervals import gain_distribution
from labsupport.outcomes import PairedOutcomes

MISS = 5e-10


def two_sided(confidence: float) -> np.ndarray:
    """The levels of both ends, shape (2,)."""
    return np.array([(1 - confidence) / 2, (1 + confidence) / 2])


def range_of(
    gains: np.ndarray, mass: np.ndarray, level: float, n_resamples: int
) -> tuple[float, float]:
    """Where the level-th percentile of n_resamples draws lies, whichever way it is interpolated."""
    k, below = math.floor(n_resamples * level), np.cumsum(mass)
    low = stats.beta.ppf(MISS, k - 1, n_resamples - k + 2) if k > 1 else 0
    high = stats.beta.isf(MISS, k + 2, n_resamples - k - 1) if k + 1 < n_resamples else 1
    first, last = np.searchsorted(below, [low, min(high, below[-1])])
    return gains[first], gains[last]


def of_rows(y, candidate, baseline) -> tuple[np.ndarray, np.ndarray]:
    """The gains of the ideal bootstrap, and how often each comes."""
    return gain_distribution(outcomes(y, candidate, baseline))


def percentiles(distribution: Callable = of_rows, levels: Callable = two_sided) -> Callable:
    """For a distribution of gains and for levels of one's own: the ranges of the ends.

    Parameters
    ----------
    distribution : distribution(y, candidate, baseline) -> gains, mass.
    levels : levels(confidence) -> two levels.

    Returns
    -------
    ranges(y, candidate, baseline, confidence, n_resamples, rng) -> (2, 2) array, from and to for
    the lower and the upper end.
    """

    def ranges(y, candidate, baseline, confidence, n_resamples, rng):
        drawn = distribution(y, candidate, baseline)
        return np.array([range_of(*drawn, level, n_resamples) for level in levels(confidence)])

    return ranges


def outcomes(y, candidate, baseline) -> PairedOutcomes:
    """The counts of labels and two predictions."""
    return PairedOutcomes.from_predictions(y, candidate, baseline)


def inside(said, ranges) -> bool:
    """Whether both ends lie in their ranges."""
    pairs = zip(said, ranges, strict=True)
    return all(low - 1e-9 <= end <= high + 1e-9 for end, (low, high) in pairs)


# What is seen


def on_many_rows(told: list[Told]) -> list[Told]:
    """On a handful of rows, zero is a gain of resamples of every size: those tell little."""
    return [one for one in told if len(one.case.args[0]) > 10]


def are_gains(told: list[Told]) -> bool:
    """Whether the ends are gains of resamples.

    Interpolation between two different gains happens once in twenty ends or so, not at nearly all.
    """
    rows = [(float(end), len(case.args[0])) for case, said in on_many_rows(told) for end in said]
    return sum(abs(end * n - round(end * n)) < 1e-6 for end, n in rows) > 1


def no_width(told) -> bool:
    """Whether both ends are one and the same."""
    return all(low == high for _, (low, high) in on_many_rows(told))


def zero_alone(told) -> bool:
    """Whether both ends are zero, though the models differ."""
    return all(end == 0 for _, said in on_many_rows(told) for end in said)


def the_holdout_itself(told) -> bool:
    """Whether both ends are the gain that was measured."""
    many = on_many_rows(told)
    return no_width(told) and all(abs(said[0] - parts(*case.args)[0]) < 1e-9 for case, said in many)


def reaches(told, least, most) -> bool:
    """Whether no end is a gain, and each is about so far from the measured gain."""

    def fits(case, said):
        gain, z, deviation = parts(*case.args)
        given = z, deviation, len(case.args[0]), case.args[4]
        return all(least(*given) <= abs(end - gain) <= most(*given) for end in said)

    return not are_gains(told) and all(fits(*one) for one in on_many_rows(told))


def as_wide_as_rows(told) -> bool:
    """Whether the width is that of single rows: nowhere divided by the root of n."""
    return reaches(told, lambda z, sd, *_: 0.9 * z * sd, lambda z, sd, *_: 1.1 * z * sd)


def divided_once_more(told) -> bool:
    """Around the mean of the resampled gains, which lies near the measured one."""
    return reaches(
        told,
        lambda *_: 0.0,
        lambda z, sd, n, times: (z + 6) * sd / math.sqrt(n) / math.sqrt(min(n, times)),
    )


def of_another_size(told) -> bool:
    """Whether the ends are gains of resamples that have not the holdout's number of rows."""
    ends = (Fraction(end) for end in told[0].said)
    return not are_gains(told) and any(
        abs(end.limit_denominator(1000) - end) < 1e-12 for end in ends
    )


def rounded_ends(told) -> bool:
    """Whether the ends are near where they belong, and have few decimals instead of whole rows."""
    found = [
        pair for case, said in on_many_rows(told) for pair in zip(said, case.expected, strict=True)
    ]
    return not are_gains(told) and any(
        all(
            has_decimals(float(end), d) and low - 10**-d <= end <= high + 10**-d
            for end, (low, high) in found
        )
        for d in range(1, 8)
    )


# Ways to go wrong


def answer_with(distribution=of_rows, levels=two_sided, then=lambda ends, gain: ends):
    """The answer with a distribution of gains, levels and ends of its own."""

    def answer(y, candidate, baseline, confidence, n_resamples, rng):
        gains, mass = distribution(y, candidate, baseline)
        drawn = rng.choice(gains, n_resamples, p=mass / mass.sum())
        ends = np.quantile(drawn, levels(confidence))
        return tuple(then(ends, outcomes(y, candidate, baseline).gain))

    return answer


def known(name, hint, distribution=of_rows, levels=two_sided, then=lambda ends, gain: ends):
    """A mistake told by where its ends must be; `then` works on two ends and on two ranges."""
    ranges = percentiles(distribution, levels)

    def says(y, candidate, baseline, *rest):
        return then(ranges(y, candidate, baseline, *rest), outcomes(y, candidate, baseline).gain)

    return mistake(name, hint, answer_with(distribution, levels, then), says=[says])


def apart(y, candidate, baseline):
    """Each model on rows of its own: the difference of two independent binomials."""
    n, rows = len(y), np.arange(len(y) + 1)
    one, other = (stats.binom.pmf(rows, n, np.mean(model == y)) for model in (candidate, baseline))
    return np.arange(-n, n + 1) / n, np.convolve(one, other[::-1])


def candidate_alone(y, candidate, baseline):
    """The candidate's accuracy instead of its gain."""
    rows = np.arange(len(y) + 1)
    return rows / len(y), stats.binom.pmf(rows, len(y), np.mean(candidate == y))


def baseline_alone(y, candidate, baseline):
    """The baseline's accuracy instead of the gain."""
    return candidate_alone(y, baseline, candidate)


def differing(y, candidate, baseline):
    """How often the models differ, whichever of them is right."""
    return candidate_alone(np.ones_like(y), candidate != baseline, baseline)


def predictions_alone(y, candidate, baseline):
    """How much oftener the candidate says one, whether it is right or not."""
    return of_rows(np.ones_like(y), candidate, baseline)


def with_other_labels(y, candidate, baseline):
    """Predictions are drawn, and held against the labels in their old order."""
    rates = np.array([np.mean(baseline > candidate), 0, np.mean(candidate > baseline)])
    rates[1] = 1 - rates.sum()
    mass = np.ones(1)
    for label in y:
        mass = np.convolve(mass, rates if label else rates[::-1])
    return np.arange(-len(y), len(y) + 1) / len(y), mass


def without_sign(y, candidate, baseline):
    """The size of the gain, whichever way it goes."""
    gains, mass = of_rows(y, candidate, baseline)
    sizes, place = np.unique(np.round(np.abs(gains) * len(y)), return_inverse=True)
    return sizes / len(y), np.bincount(place, mass)


def in_rows(y, candidate, baseline):
    """Right answers, instead of a share of the rows."""
    gains, mass = of_rows(y, candidate, baseline)
    return gains * len(y), mass


def never(place):
    """The row at this place is never drawn."""

    def distribution(y, candidate, baseline):
        rest = (np.delete(part, place) for part in (y, candidate, baseline))
        return gain_distribution(outcomes(*rest), draws=len(y))

    return distribution


def discordant_alone(y, candidate, baseline):
    """Only the rows that tell the models apart are resampled, a fixed number of them."""
    part = candidate != baseline
    gains, mass = of_rows(y[part], candidate[part], baseline[part])
    return gains * part.mean(), mass


def of_size(size):
    """Resamples of another size than the holdout's."""
    return lambda *rows: gain_distribution(outcomes(*rows), draws=size(len(rows[0])))


def alike(resample):
    """All resamples are one and the same; its gain, from y, candidate and baseline."""

    def answer(y, candidate, baseline, *_):
        gain = resample((candidate == y).astype(int) - (baseline == y))
        return gain, gain

    return answer


def around(width):
    """The measured gain, plus and minus a width from z, a row's standard deviation and n."""

    def answer(y, candidate, baseline, confidence, *_):
        gain, z, deviation = parts(y, candidate, baseline, confidence)
        reach = width(z, deviation, len(y))
        return gain - reach, gain + reach

    return answer


def parts(y, candidate, baseline, confidence, *_):
    """The gain, z, and the standard deviation of a row's contribution."""
    table = outcomes(y, candidate, baseline)
    z = stats.norm.ppf((1 + confidence) / 2)
    return table.gain, z, math.sqrt(table.churn - table.gain**2)
