"""02.1: a paired interval by resampling, against the ideal bootstrap that needs no resampling.

An answer is random, so it is compared with ranges; see resampling. With 12 ends a right answer is
turned away about once in 10^8 draws.
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
from scipy import stats

from labsupport.grading.calling import ask
from labsupport.grading.exercise import Case, Question, Round, Told, mistake
from labsupport.grading.readers import Wrong, number, pair
from labsupport.grading.resampling import inside, of_rows, outcomes, percentiles, two_sided
from labsupport.intervals import gain_distribution

FEW, TIMES = 4, 8  # resamples of the last round, and how many generators it comes with
TINY = "a handful of rows, of which only the {} tells the models apart"


# The cases


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
    return [
        case("a small gain", rng, holdout(rng, 0.06, 0.02), 0.8, 500),
        case("a clear gain", rng, holdout(rng, 0.14, 0.03), 0.9, 700),
        case("a loss", rng, holdout(rng, 0.03, 0.09), 0.3, 400),
        case("models that differ on few rows", rng, holdout(rng, 0.035, 0.005), 0.5, 600),
        one_row_tells(rng, 0, 1, TINY.format("first")),
        one_row_tells(rng, -1, 2, TINY.format("last")),
    ]


def generators(rng) -> list[Case]:
    """One holdout and very few resamples, with one generator after the other."""
    rows = holdout(rng, 0.2, 0.15)
    return [case("a handful of resamples", rng, rows, 0.5, FEW) for _ in range(TIMES)]


def asked(answer, cases: list[Case], read) -> list:
    try:
        return ask(answer, cases, read)
    except Wrong as wrong:
        if "did not come back in time" not in str(wrong):
            raise
        _, _, left = str(wrong).partition("?")  # what cannot be stopped asks for a restart
        raise Wrong(
            "Your function did not come back in time; draw all rows of a resample in one call, not "
            f"one after the other.{left}"
        ) from None


def read(value) -> tuple:
    low, high = pair(value, ("low", "high"))
    return number(low, "lower end"), number(high, "upper end")


# What is right


def on_many_rows(told: list[Told]) -> list[Told]:
    """On a handful of rows, zero is a gain of resamples of every size: those tell little."""
    return [one for one in told if len(one.case.args[0]) > 10]


def are_gains(told: list[Told]) -> bool:
    """Whether the ends are gains of resamples.

    Interpolation between two different gains happens once in twenty ends or so, not at nearly all.
    """
    rows = [(float(end), len(case.args[0])) for case, said in on_many_rows(told) for end in said]
    return sum(abs(end * n - round(end * n)) < 1e-6 for end, n in rows) > 1


def error(told: list[Told]) -> float:
    """How far the ends are from where they belong, in their own probability: root mean square."""
    case = told[0].case
    gains, mass = of_rows(*case.args[:3])
    middle = np.cumsum(mass) - mass / 2
    said = np.array([said for _, said in told], dtype=float)
    off = np.interp(said, gains, middle) - two_sided(case.args[3])
    return float(np.sqrt(np.mean(off**2)))


def scatters(told: list[Told]) -> bool:
    """Whether the ends change from one generator to the next as much as few resamples do.

    Right ones have an error of about 0.2, and below 0.05 less often than once in 10^7.
    """
    return not all_the_same(told) and error(told) >= 0.05


def all_the_same(told: list[Told]) -> bool:
    return len({said for _, said in told}) == 1


def otherwise(case: Case, said) -> str:
    (low_from, low_to), (high_from, high_to) = case.expected
    if said[0] < low_from and said[1] > high_to:
        return f"The interval is too wide on {case.about}."
    if said[0] > low_to and said[1] < high_from:
        return f"The interval is too narrow on {case.about}."
    return f"The interval is not where the resampled gains are on {case.about}."


# Ways to go wrong


def resampled(distribution=of_rows, levels=two_sided, then=lambda ends, gain: ends):
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

    return mistake(name, hint, resampled(distribution, levels, then), says=[says])


def apart(y, candidate, baseline):
    """Each model on rows of its own: the difference of two independent binomials."""
    n, rows = len(y), np.arange(len(y) + 1)
    one, other = (stats.binom.pmf(rows, n, np.mean(model == y)) for model in (candidate, baseline))
    return np.arange(-n, n + 1) / n, np.convolve(one, other[::-1])


def candidate_alone(y, candidate, baseline):
    rows = np.arange(len(y) + 1)
    return rows / len(y), stats.binom.pmf(rows, len(y), np.mean(candidate == y))


def never(place):
    """The row at this place is never drawn."""

    def distribution(y, candidate, baseline):
        rest = (np.delete(part, place) for part in (y, candidate, baseline))
        return gain_distribution(outcomes(*rest), draws=len(y))

    return distribution


def discordant_alone(y, candidate, baseline):
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


def no_width(told) -> bool:
    return all(low == high for _, (low, high) in on_many_rows(told))


def the_holdout_itself(told) -> bool:
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
    return reaches(told, lambda z, sd, *_: 0.9 * z * sd, lambda z, sd, *_: 1.1 * z * sd)


def divided_once_more(told) -> bool:
    """Around the mean of the resampled gains, which lies near the measured one."""
    return reaches(
        told,
        lambda *_: 0.0,
        lambda z, sd, n, times: (z + 6) * sd / math.sqrt(n) / math.sqrt(min(n, times)),
    )


def of_another_size(told) -> bool:
    ends = (Fraction(end) for end in told[0].said)
    return not are_gains(told) and any(
        abs(end.limit_denominator(1000) - end) < 1e-12 for end in ends
    )


QUESTION = Question(
    "02.1",
    cases,
    read=read,
    same=inside,
    together=are_gains,
    otherwise=otherwise,
    ask=asked,
    verified="On fresh holdouts both ends are as close to the ideal bootstrap's as that many "
    "resamples can be.",
    mistakes=[
        mistake(
            "without replacement",
            "Every resample is the holdout itself in another order; draw its rows with "
            "replacement.",
            alike(np.mean),
            when=the_holdout_itself,
        ),
        mistake(
            "generator started anew",
            "All resamples are alike, as if each started the generator anew; draw on from one and "
            "the same.",
            alike(lambda rows: np.random.default_rng(0).choice(rows, len(rows)).mean()),
            when=no_width,
        ),
        known(
            "levels read as percent",
            "The levels are shares and are read as percent, so both ends sit at the very bottom of "
            "the resampled gains.",
            levels=lambda confidence: two_sided(confidence) / 100,
        ),
        mistake(
            "as wide as single rows",
            "This is as wide as single rows scatter; the gain is a mean over rows, and means "
            "scatter less.",
            around(lambda z, deviation, n: z * deviation),
            when=as_wide_as_rows,
        ),
        mistake(
            "divided by a root again",
            "The spread of the resampled gains is the standard error already; here it is divided "
            "by a root once more.",
            around(lambda z, deviation, n: z * deviation / n),
            when=divided_once_more,
        ),
        mistake(
            "resamples of another size",
            "The resamples have another size than the holdout; a resample draws as many rows as "
            "there are.",
            resampled(of_size(lambda n: n // 2)),
            resampled(of_size(lambda n: 100)),
            resampled(of_size(lambda n: 2 * n + 1)),
            when=of_another_size,
        ),
        mistake(
            "no percentiles",
            "These are no gains of any resample; let percentiles of the gains, not a multiple of "
            "their spread, be the ends.",
            around(lambda z, deviation, n: z * deviation / math.sqrt(n)),
            when=lambda told: not are_gains(told),
        ),
        known(
            "models on rows of their own",
            "Each model is scored on rows of its own; draw the rows once per resample and score "
            "both models on them.",
            apart,
        ),
        known(
            "last row never drawn",
            "The last row is never drawn; the generator leaves out the upper bound it is given by "
            "itself.",
            never(-1),
        ),
        known(
            "first row never drawn",
            "The first row is never drawn; the numbers of rows start at zero.",
            never(0),
        ),
        known(
            "discordant rows alone",
            "Only rows on which the models differ are drawn, always as many; draw from all, so "
            "that their number varies.",
            discordant_alone,
        ),
        known(
            "mirrored",
            "This is the mirror image of the percentile interval at the measured gain; the "
            "percentiles are the ends.",
            then=lambda ends, gain: 2 * gain - np.flip(ends),
        ),
        known(
            "one-sided levels",
            "All that may be left out is left out on each side; an interval with two ends shares "
            "it between them.",
            levels=lambda confidence: (1 - confidence, confidence),
        ),
        known(
            "a fixed confidence",
            "The confidence plays no part: the ends are the same percentiles whatever is asked "
            "for.",
            levels=lambda confidence: two_sided(0.95),
        ),
        known(
            "extremes",
            "These are the smallest and the largest resampled gain; leave out the share that the "
            "confidence allows.",
            levels=lambda confidence: (0, 1),
        ),
        known(
            "candidate alone",
            "This is an interval for the candidate's accuracy alone; the gain is what it has more "
            "than the baseline.",
            candidate_alone,
        ),
        known(
            "sign turned round",
            "The sign is turned round: a gain is the candidate's accuracy minus the baseline's.",
            then=lambda ends, gain: np.flip(-ends),
        ),
        known(
            "ends swapped",
            "The two ends are right, but in the other order.",
            then=lambda ends, gain: ends[::-1],
        ),
        known(
            "in percent",
            "The ends are in percent; a gain is a share of rows.",
            then=lambda ends, gain: 100 * ends,
        ),
    ],
    then=[
        Round(
            generators,
            [
                mistake(
                    "own generator",
                    "Other generators lead to the very same ends; take the random rows from the "
                    "generator that is passed.",
                    lambda *args: resampled()(*args[:-1], np.random.default_rng(0)),
                    when=lambda told: all_the_same(told) and error(told) >= 0.05,
                ),
                mistake(
                    "number of resamples ignored",
                    "The ends hardly change from one generator to the next: does the number of "
                    "resamples play no part?",
                    lambda *args: resampled()(*args[:-2], 1000, args[-1]),
                    when=lambda told: True,
                ),
            ],
            right=lambda case, said: True,
            together=scatters,
        )
    ],
)
