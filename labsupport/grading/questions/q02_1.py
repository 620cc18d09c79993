"""Exercise 02, question 1: a paired interval by resampling, checked against the ideal bootstrap
that needs no resampling.

An answer is random, so it is compared with a range. The end that is the level-a percentile of B
gains lies between two order statistics next to B * a, and the true probability below an order
statistic is a Beta variable. Each range leaves out 2 * _MISS of it. With 12 ends a right answer is
turned away about once in 10^8 draws.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import numpy as np
from scipy import stats

from labsupport.grading.calling import ask
from labsupport.grading.old import Case, Mistake, Wrong, compare, question
from labsupport.grading.readers import number, pair
from labsupport.intervals import gain_distribution
from labsupport.outcomes import PairedOutcomes

_MISS = 5e-10
_FEW, _TIMES = 4, 8  # resamples of the last cases, and how many generators they come with
_TINY = 2  # how many cases before those have a handful of rows


def _holdout(
    rng: np.random.Generator, better: float, worse: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Labels and two predictions; on about these shares of rows only the candidate is right, only
    the baseline.

    Of the other rows each model has half right, so that unpaired resamples scatter much more. The
    number of rows is prime: a gain on fewer rows is then no gain on these.
    """
    n = int(rng.choice([191, 193, 197, 199, 211, 223, 227]))
    better, worse = (max(1, round(n * share * rng.uniform(0.9, 1.1))) for share in (better, worse))
    rest = n - better - worse
    cell = rng.permutation(np.repeat([0, 1, 2, 3], [rest // 2, better, worse, rest - rest // 2]))
    y = rng.integers(0, 2, n)
    return y, np.where(cell < 2, y, 1 - y), np.where(cell % 2 == 0, y, 1 - y)


def _case(
    rng, about: str, better: float, worse: float, confidence: float, n_resamples: int
) -> Case:
    args = (*_holdout(rng, better, worse), confidence, n_resamples, rng.spawn(1)[0])
    return Case(about, args, _paired(*args))


def _one_row_tells(rng: np.random.Generator, place: int, cell: int, about: str) -> Case:
    """A handful of rows of which one, the first or the last, tells the models apart: who never
    draws it has no interval.

    The gain is as skewed as can be, so the interval is not its own mirror image either.
    """
    n = int(rng.integers(4, 7))
    y, cells = rng.integers(0, 2, n), rng.permutation([0, 3, 0, 3, 0, 3])[:n]
    cells[place] = cell
    args = (
        y,
        np.where(cells < 2, y, 1 - y),
        np.where(cells % 2 == 0, y, 1 - y),
        0.97,
        400,
        rng.spawn(1)[0],
    )
    return Case(about, args, _paired(*args))


def _cases(rng: np.random.Generator) -> list[Case]:
    cases = [
        _case(rng, "a small gain", 0.06, 0.02, 0.8, 500),
        _case(rng, "a clear gain", 0.14, 0.03, 0.9, 700),
        _case(rng, "a loss", 0.03, 0.09, 0.3, 400),
        _case(rng, "models that differ on few rows", 0.035, 0.005, 0.5, 600),
        _one_row_tells(
            rng, 0, 1, "a handful of rows, of which only the first tells the models apart"
        ),
        _one_row_tells(
            rng, -1, 2, "a handful of rows, of which only the last tells the models apart"
        ),
    ]
    few = _case(rng, "a handful of resamples", 0.2, 0.15, 0.5, _FEW)
    return [
        *cases,
        *(Case(few.about, (*few.args[:-1], rng.spawn(1)[0]), None) for _ in range(_TIMES)),
    ]


def _two_sided(confidence: float) -> tuple[float, float]:
    return (1 - confidence) / 2, (1 + confidence) / 2


def _range(
    gains: np.ndarray, mass: np.ndarray, level: float, n_resamples: int
) -> tuple[float, float]:
    """Where the level-th percentile of n_resamples draws from a distribution lies, whichever way it is interpolated."""
    k, below = math.floor(n_resamples * level), np.cumsum(mass)
    low = stats.beta.ppf(_MISS, k - 1, n_resamples - k + 2) if k > 1 else 0
    high = stats.beta.isf(_MISS, k + 2, n_resamples - k - 1) if k + 1 < n_resamples else 1
    first, last = np.searchsorted(below, [low, min(high, below[-1])])
    return gains[first], gains[last]


def _percentiles(
    distribution: Callable,
    levels: Callable = _two_sided,
    then: Callable = lambda low, high: (low, high),
):
    """The answer that takes these levels of this distribution of gains, and then does something to the ends: two ranges."""

    def answer(y, candidate, baseline, confidence, n_resamples, rng):
        drawn = distribution(PairedOutcomes.from_predictions(y, candidate, baseline))
        return then(*(_range(*drawn, level, n_resamples) for level in levels(confidence)))

    return answer


_paired = _percentiles(gain_distribution)


def _unpaired_gains(outcomes: PairedOutcomes):
    """Each model on rows of its own: the difference of two independent binomials."""
    n, rows = outcomes.n, np.arange(outcomes.n + 1)
    candidate, baseline = (
        stats.binom.pmf(rows, n, right / n)
        for right in (outcomes.candidate_right, outcomes.baseline_right)
    )
    return np.arange(-n, n + 1) / n, np.convolve(candidate, baseline[::-1])


def _candidate_alone(outcomes: PairedOutcomes):
    rows = np.arange(outcomes.n + 1)
    return rows / outcomes.n, stats.binom.pmf(rows, outcomes.n, outcomes.candidate_accuracy)


def _gains(n: int, draws: int, up: float, down: float) -> tuple[np.ndarray, np.ndarray]:
    """The distribution of the gain on n rows if `draws` of them add +1, -1 or 0, with probabilities up, down, the rest."""
    size = 2 * draws + 1
    turn = np.exp(-2j * np.pi * np.arange(size) / size)
    mass = np.fft.ifft((1 - up - down + up * turn + down / turn) ** draws).real.clip(0)
    return np.arange(-draws, draws + 1) / n, np.roll(mass, draws)


def _discordant_alone(outcomes: PairedOutcomes):
    better, worse = outcomes.candidate_only, outcomes.baseline_only
    return _gains(outcomes.n, better + worse, better / (better + worse), worse / (better + worse))


def _never(place: int) -> Callable:
    """The answer that never draws the row at this place: two ranges."""

    def answer(y, candidate, baseline, confidence, n_resamples, rng):
        drawn = PairedOutcomes.from_predictions(
            *(np.delete(part, place) for part in (y, candidate, baseline))
        )
        gains = _gains(
            len(y), len(y), drawn.candidate_only / drawn.n, drawn.baseline_only / drawn.n
        )
        return tuple(_range(*gains, level, n_resamples) for level in _two_sided(confidence))

    return answer


def _mirrored(y, candidate, baseline, confidence, n_resamples, rng):
    """The basic interval: what the percentiles are above the measured gain, the ends are below it, and the reverse."""
    low, high = _paired(y, candidate, baseline, confidence, n_resamples, rng)
    gain = PairedOutcomes.from_predictions(y, candidate, baseline).gain
    return tuple((2 * gain - last, 2 * gain - first) for first, last in (high, low))


def _around(least: Callable, most: Callable):
    """The answer whose ends lie between these two distances from the measured gain: two ranges."""

    def answer(y, candidate, baseline, confidence, n_resamples, rng):
        outcomes = PairedOutcomes.from_predictions(y, candidate, baseline)
        args = (
            stats.norm.ppf((1 + confidence) / 2),
            math.sqrt(outcomes.churn - outcomes.gain**2),
            outcomes.n,
            n_resamples,
        )
        near, far = least(*args), most(*args)
        return (outcomes.gain - far, outcomes.gain - near), (
            outcomes.gain + near,
            outcomes.gain + far,
        )

    return answer


def _narrow(z: float, deviation: float, n: int, n_resamples: int) -> float:
    """As wide as the standard error divided by the root of n or n_resamples, around the mean of the resampled gains."""
    return (z + 6) * deviation / math.sqrt(n) / math.sqrt(min(n, n_resamples))


def _scaled(factor: float) -> Callable:
    return lambda low, high: tuple(tuple(factor * end for end in ends) for ends in (low, high))


def _flipped(low, high):
    return tuple((-last, -first) for first, last in (high, low))


_READ_AS_PERCENT = Mistake(
    "The levels are shares and are read as percent, so both ends sit at the very bottom of the resampled gains.",
    _percentiles(gain_distribution, lambda confidence: np.array(_two_sided(confidence)) / 100),
)
_INTERVAL_MISTAKES = [
    Mistake("Each model is scored on rows of its own; draw the rows once per resample and score both models on them.",
            _percentiles(_unpaired_gains)),
    Mistake("The last row is never drawn; the generator leaves out the upper bound it is given by itself.", _never(-1)),
    Mistake("The first row is never drawn; the numbers of rows start at zero.", _never(0)),
    Mistake("Only rows on which the models differ are drawn, always as many; draw from all, so that their number varies.",
            _percentiles(_discordant_alone)),
    Mistake("This is the mirror image of the percentile interval at the measured gain; the percentiles are the ends.",
            _mirrored),
    Mistake("All that may be left out is left out on each side; an interval with two ends shares it between them.",
            _percentiles(gain_distribution, lambda confidence: (1 - confidence, confidence))),
    Mistake("The confidence plays no part: the ends are the same percentiles whatever is asked for.",
            _percentiles(gain_distribution, lambda confidence: _two_sided(0.95))),
    _READ_AS_PERCENT,
    Mistake("These are the smallest and the largest resampled gain; leave out the share that the confidence allows.",
            _percentiles(gain_distribution, lambda confidence: (0, 1))),
    Mistake("This is an interval for the candidate's accuracy alone; the gain is what it has more than the baseline.",
            _percentiles(_candidate_alone)),
    Mistake("The sign is turned round: a gain is the candidate's accuracy minus the baseline's.",
            _percentiles(gain_distribution, then=_flipped)),
    Mistake("The two ends are right, but in the other order.", _percentiles(gain_distribution, then=lambda a, b: (b, a))),
    Mistake("The ends are in percent; a gain is a share of rows.", _percentiles(gain_distribution, then=_scaled(100))),
]  # fmt: skip

# Answers that are no gain of any resample, since no number of its rows makes them.
_FORMULA_MISTAKES = [
    _READ_AS_PERCENT,  # out there few resamples have the same gain, so most ends are interpolated
    Mistake("This is as wide as single rows scatter; the gain is a mean over rows, and means scatter less.",
            _around(lambda z, deviation, *_: 0.9 * z * deviation, lambda z, deviation, *_: 1.1 * z * deviation)),
    Mistake("The spread of the resampled gains is the standard error already; here it is divided by a root once more.",
            _around(lambda *args: -_narrow(*args), _narrow)),
]  # fmt: skip


def _inside(said, ranges) -> bool:
    return all(
        low - 1e-9 <= end <= high + 1e-9 for end, (low, high) in zip(said, ranges, strict=True)
    )


def _is_share(end: float, rows: int) -> bool:
    return abs(float(end) * rows - round(float(end) * rows)) < 1e-6


def _formula_otherwise(case: Case, said) -> str:
    if any(_is_ratio(end) for end in said):
        return "The resamples have another size than the holdout; a resample draws as many rows as there are."
    return "These are no gains of any resample; let percentiles of the gains, not a multiple of their spread, be the ends."


def _is_ratio(end: float) -> bool:
    return abs(Fraction(end).limit_denominator(1000) - Fraction(end)) < 1e-12


def _interval_otherwise(case: Case, said) -> str:
    (low_from, low_to), (high_from, high_to) = case.expected
    if said[0] < low_from and said[1] > high_to:
        return f"The interval is too wide on {case.about}."
    if said[0] > low_to and said[1] < high_from:
        return f"The interval is too narrow on {case.about}."
    return f"The interval is not where the resampled gains are on {case.about}."


def _insist_on_resamples(cases: list[Case], said: list) -> None:
    """Few resamples make ends that scatter: an answer whose ends do not has drawn others, or always the same ones."""
    if len(set(said)) == 1:
        raise Wrong(
            "Other generators lead to the very same ends; take the random rows from the generator that is passed."
        )
    outcomes = PairedOutcomes.from_predictions(*cases[0].args[:3])
    gains, mass = gain_distribution(outcomes)
    middle = np.cumsum(mass) - mass / 2
    off = np.interp(np.array(said, dtype=float), gains, middle) - _two_sided(cases[0].args[3])
    if (
        np.sqrt(np.mean(off**2)) < 0.05
    ):  # right answers come to 0.2, and fall below 0.05 less often than once in 10^7
        raise Wrong(
            "The ends hardly change from one generator to the next: does the number of resamples play no part?"
        )


def _asked(answer, cases: list[Case]) -> list:
    def read(value):
        low, high = pair(value, ("low", "high"))
        return number(low, "lower end"), number(high, "upper end")

    try:
        return ask(answer, cases, read)
    except Wrong as wrong:
        if "did not come back in time" not in str(wrong):
            raise
        left = str(wrong).partition("?")[
            2
        ]  # what cannot be stopped asks for a restart of the kernel
        slow = "Your function did not come back in time; draw all rows of a resample in one call, not one after the other."
        raise Wrong(slow + left) from None


@question("02.1")
def _paired_interval(answer, rng) -> str:
    cases = _cases(rng)
    said = _asked(answer, cases)
    every, few = (cases[:-_TIMES], said[:-_TIMES]), (cases[-_TIMES:], said[-_TIMES:])
    many = tuple(
        part[:-_TINY] for part in every
    )  # on a handful of rows, zero is a gain of resamples of every size
    if all(low == high for low, high in many[1]):
        _explain_no_width(*many)
    shares = [
        _is_share(end, len(case.args[0])) for case, ends in zip(*many, strict=True) for end in ends
    ]
    if (
        sum(shares) > 1
    ):  # interpolation between two different gains happens once in twenty ends or so, not at nearly all
        compare(*every, _INTERVAL_MISTAKES, _inside, _interval_otherwise)
    else:
        nowhere = [replace(case, expected=((math.inf, math.inf),) * 2) for case in many[0]]
        compare(nowhere, many[1], _FORMULA_MISTAKES, _inside, _formula_otherwise)
    _insist_on_resamples(*few)
    return "On fresh holdouts both ends are as close to the ideal bootstrap's as that many resamples can be."


def _explain_no_width(cases: list[Case], said: list) -> None:
    gains = [PairedOutcomes.from_predictions(*case.args[:3]).gain for case in cases]
    if all(abs(low - gain) < 1e-9 for (low, _), gain in zip(said, gains, strict=True)):
        raise Wrong(
            "Every resample is the holdout itself in another order; draw its rows with replacement."
        )
    raise Wrong(
        "All resamples are alike, as if each started the generator anew; draw on from one and the same."
    )
