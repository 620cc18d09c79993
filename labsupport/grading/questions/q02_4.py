"""02.4: how many rows would settle it."""

from __future__ import annotations

import math
from statistics import NormalDist

from scipy import stats

from labsupport.grading.draws import drawn, on_edges
from labsupport.grading.exercise import Case, Question, mistake
from labsupport.grading.readers import whole_number
from labsupport.intervals import examples_needed
from labsupport.outcomes import PairedOutcomes


def two_sided(confidence):
    return NormalDist().inv_cdf((1 + confidence) / 2)


def of_a_row(p, q, n):
    return p + q - (p - q) ** 2


def of_the_sample(p, q, n):
    """With n - 1 in place of n. Both are in use, and the question leaves it open: both count."""
    return of_a_row(p, q, n) * n / (n - 1)


def squared(gain, margin):
    return (gain - margin) ** 2


def exactly(z=two_sided, variance=of_a_row, distance=squared):
    """The number of rows before rounding, with each of its three parts open to another idea."""

    def rows(candidate_only, baseline_only, n, margin, confidence):
        p, q = candidate_only / n, baseline_only / n
        return z(confidence) ** 2 * variance(p, q, n) / distance(p - q, margin)

    return rows


def rounded(up=math.ceil, **parts):
    """The answer, with ideas of its own for rounding and for the parts."""
    return lambda *given: up(exactly(**parts)(*given))


def table(
    better, worse, sizes=(300, 5000), margins=(1, 200), levels=(80, 90, 98, 99), needed=(30, 50_000)
):
    """Tables whose shares, margin and number of rows needed lie in these ranges.

    The number of rows is far enough from a whole one that no rounding matters.
    """

    def draw(rng):
        while True:
            n = int(rng.integers(*sizes))
            counts = [round(n * float(rng.uniform(*shares))) for shares in (better, worse)]
            margin = int(rng.integers(*margins)) / 10_000
            confidence = float(rng.choice(levels)) / 100
            given = *counts, n, margin, confidence
            gain, asked = counts[0] - counts[1], round(margin * n, 9)
            if sum(counts) > n or gain == asked or (better[0] < better[1] and gain in (0, -asked)):
                continue  # without an answer, or only without a mistake's answer
            found = [exactly(variance=v)(*given) for v in (of_a_row, of_the_sample)]
            if all(needed[0] < x < needed[1] and 0.2 < x % 1 < 0.8 for x in found):
                return given

    return draw


FEW, MANY, NONE = (0.005, 0.06), (0.05, 0.45), (0, 0)
LOSS = (-200, 0)
MIDDLE = {
    "models that differ on few rows": table(FEW, FEW),
    "models that differ on many rows": table(MANY, MANY),
    "models that differ on many rows, with a margin below zero": table(MANY, MANY, margins=LOSS),
    "a gain close to the margin": table(FEW, FEW, needed=(300_000, 3_000_000)),
}
EDGES = {
    "a candidate that never loses a row": table(FEW, NONE, needed=(5, 50_000)),
    "a candidate that never wins a row": table(NONE, FEW, needed=(5, 50_000)),
    "as many pairs on either side": table((0.1, 0.1), (0.1, 0.1), sizes=(400, 900)),
    "models that differ on every row": table((0.5, 0.5), (0.5, 0.5), sizes=(400, 900)),
    "a margin of zero": table(FEW, FEW, margins=(0, 1)),
    "a margin below zero, close to the loss": table(
        (0.01, 0.02), (0.02, 0.03), margins=LOSS, needed=(100_000, 3_000_000)
    ),
    "a holdout of a dozen rows": table(MANY, MANY, sizes=(11, 14), needed=(3, 50_000)),
    "a holdout of a billion rows": table(FEW, FEW, sizes=(10**9, 2 * 10**9)),
    "a confidence of one half": table(FEW, FEW, levels=(50,), needed=(3, 50_000)),
    "a confidence of many digits": table(FEW, FEW, levels=(93.7, 97.3, 99.95)),
    "a confidence close to one": table(FEW, FEW, levels=(99.99,)),
    "fewer rows than there are": table((0.4, 0.6), (0.01, 0.02), needed=(2, 30)),
}


def case(about, *given) -> Case:
    rows = (exactly(variance=variance)(*given) for variance in (of_a_row, of_the_sample))
    return Case(about, given, {math.ceil(needed) for needed in rows})


def cases(rng) -> list[Case]:
    return drawn(rng, MIDDLE, case, times=5)


def read(value) -> int:
    return whole_number(
        value,
        "number of rows",
        "the number of rows is not a whole number; round it up, so that the rows suffice.",
    )


def right(case: Case, said: int) -> bool:
    return said in case.expected


def of_rounded(digits: int):
    """The rows, from a gain and a variance that were rounded before."""

    def rows(candidate_only, baseline_only, n, margin, confidence):
        p, q = round(candidate_only / n, digits), round(baseline_only / n, digits)
        return math.ceil(two_sided(confidence) ** 2 * of_a_row(p, q, n) / (p - q - margin) ** 2)

    return rows


def students(candidate_only, baseline_only, n, margin, confidence):
    t = float(stats.t.isf((1 - confidence) / 2, n - 1))
    return rounded(z=lambda _: t)(candidate_only, baseline_only, n, margin, confidence)


def in_counts(gain, mean_square, margin):
    """The rows, where each of the three parts is a count of rows instead of a share if so said."""

    def rows(candidate_only, baseline_only, n, asked, confidence):
        difference, pairs = candidate_only - baseline_only, candidate_only + baseline_only
        share = difference / (1 if gain else n)
        variance = pairs / (1 if mean_square else n) - share**2
        distance = share - asked * (n if margin else 1)
        return math.ceil(two_sided(confidence) ** 2 * variance / distance**2)

    return rows


def of_discordant(candidate_only, baseline_only, n, margin, confidence):
    """The rows, from shares of the pairs."""
    return rounded()(
        candidate_only, baseline_only, candidate_only + baseline_only, *(margin, confidence)
    )


def in_proportion(candidate_only, baseline_only, n, margin, confidence):
    """As many times the rows as the reach is too wide."""
    return math.ceil(math.sqrt(n * exactly()(candidate_only, baseline_only, n, margin, confidence)))


def ahead(candidate_only, baseline_only, n, margin, confidence):
    """Whether the measured gain exceeds the margin."""
    return candidate_only - baseline_only > margin * n


def with_power(*given):
    """So many rows that four holdouts in five put their end beyond the margin."""
    return rounded(z=lambda confidence: two_sided(confidence) + NormalDist().inv_cdf(0.8))(*given)


def by_the_lab(candidate_only, baseline_only, n, margin, confidence):
    """What labsupport says, by the unconditional interval, to three digits."""
    table = PairedOutcomes(n - candidate_only - baseline_only, candidate_only, baseline_only, 0)
    return examples_needed(table, margin, confidence)


def otherwise(case: Case, said) -> str:
    if min(case.expected) < said < max(case.expected):
        return f"This is near, and not the number of rows, on {case.about}."
    size = "many" if said > max(case.expected) else "few"
    return f"These are too {size} rows, on {case.about}."


QUESTION = Question(
    "02.4",
    cases,
    read=read,
    same=lambda a, b: a == b,
    right=right,
    otherwise=otherwise,
    then=[on_edges(EDGES, case, otherwise, times=2, right=right)],
    verified="For gains above and below all kinds of margins, at several confidences, so many rows "
    "bring the end to the margin.",
    mistakes=[
        mistake(
            "rounded z",
            "The z is rounded, as in a printed table; keep its digits, and round the rows alone.",
            *(rounded(z=lambda c, d=d: round(two_sided(c), d)) for d in (1, 2, 3)),
        ),
        mistake(
            "rounded shares",
            "The shares of discordant pairs are rounded on the way; keep their digits, and round "
            "the "
            "rows alone.",
            *map(of_rounded, (2, 3, 4)),
        ),
        mistake(
            "Student's t",
            "Student's t stands where z should; the question's interval reaches so many standard "
            "errors of the normal curve.",
            students,
        ),
        mistake(
            "gain for distance",
            "The distance to be told apart is that between gain and margin; here it is the gain "
            "itself.",
            rounded(distance=lambda gain, margin: gain**2),
        ),
        mistake(
            "margin for distance",
            "The distance to be told apart is that between gain and margin; here it is the margin "
            "itself.",
            rounded(distance=lambda gain, margin: margin**2),
        ),
        mistake(
            "counts for shares",
            "A count of rows stands where a share should: the margin is a share, so gain, mean "
            "square and variance are, too.",
            in_counts(True, True, False),
            in_counts(True, False, False),
            in_counts(False, True, False),
            in_counts(False, False, True),
            rounded(distance=lambda gain, margin: (100 * gain - margin) ** 2),
            lambda better, worse, n, margin, confidence: rounded(
                distance=lambda gain, margin: (better - worse - margin) ** 2
            )(better, worse, n, margin, confidence),
        ),
        mistake(
            "shares of the pairs",
            "Shares of the discordant pairs stand where shares of all rows should: most rows add "
            "nothing, and count.",
            of_discordant,
        ),
        mistake(
            "margin or gain turned round",
            "Gain and margin are on different sides here: is one added to the other, or have the "
            "models changed places?",
            rounded(distance=lambda gain, margin: (gain + margin) ** 2),
            lambda candidate_only, baseline_only, *rest: rounded()(
                baseline_only, candidate_only, *rest
            ),
        ),
        mistake(
            "distance not squared",
            "The distance is not squared: the standard error falls with the root of the rows only.",
            rounded(distance=lambda gain, margin: abs(gain - margin)),
        ),
        mistake(
            "deviation for variance",
            "The standard deviation stands where the variance should; square it.",
            rounded(variance=lambda *given: math.sqrt(of_a_row(*given))),
        ),
        mistake(
            "one-sided z",
            "The z is one-sided: all that may be left out is left out on one side.",
            rounded(z=NormalDist().inv_cdf),
        ),
        mistake(
            "z of the confidence left out",
            "The z leaves out the confidence and keeps the rest; it is the reverse.",
            rounded(z=lambda confidence: two_sided(1 - confidence)),
        ),
        mistake(
            "the whole width",
            "The distance is held against the whole width of the interval, and it is the reach to "
            "one side that has to fit.",
            rounded(z=lambda confidence: 2 * two_sided(confidence)),
        ),
        mistake(
            "with power",
            "These rows would also make up for bad luck, as a plan with power does; the question's "
            "interval just ends at the margin.",
            with_power,
        ),
        mistake(
            "by the lab's own interval",
            "These are the rows that the lab's own interval needs, to few digits; the question's "
            "reaches z standard errors to each side.",
            by_the_lab,
        ),
        mistake(
            "z not squared",
            "The z is not squared.",
            rounded(z=lambda confidence: math.sqrt(two_sided(confidence))),
        ),
        mistake(
            "in proportion",
            "The rows grow in proportion to what the interval is too wide; it narrows with their "
            "root only.",
            in_proportion,
        ),
        mistake(
            "nothing squared",
            "This is the root of the number: z, spread and distance all stand unsquared.",
            lambda *given: math.ceil(math.sqrt(exactly()(*given))),
        ),
        mistake(
            "a fixed z",
            "The confidence plays no part in z; it is another one for every confidence.",
            rounded(z=lambda confidence: two_sided(0.95)),
            rounded(z=lambda confidence: 1.96),
        ),
        mistake(
            "independent shares",
            "The variances of the two shares are added as if they were independent; a row cannot "
            "be in both.",
            rounded(variance=lambda p, q, n: p * (1 - p) + q * (1 - q)),
        ),
        mistake(
            "mean square",
            "The square of the gain is not subtracted, so this is a mean square and no variance.",
            rounded(variance=lambda p, q, n: p + q),
        ),
        mistake(
            "another thing for the square",
            "The variance is the mean square less the square of the mean; here something else is "
            "subtracted, or the square is added.",
            rounded(variance=lambda p, q, n: p + q + (p - q) ** 2),
            rounded(variance=lambda p, q, n: p + q - abs(p - q)),
            rounded(variance=lambda p, q, n: p + q - (p - q)),
        ),
        mistake(
            "variance of a yes or no",
            "This is the variance of something that is there or not; what a row adds to the gain "
            "takes three values.",
            rounded(variance=lambda p, q, n: (p + q) * (1 - p - q)),
            rounded(variance=lambda p, q, n: abs(p - q) * (1 - abs(p - q))),
            rounded(variance=lambda p, q, n: 1 / 4),
        ),
        mistake(
            "variance of the mean",
            "This is too small by a factor, the rows there are: does a variance of the mean gain, "
            "or of counts, stand where that of a single row's contribution should?",
            rounded(variance=lambda p, q, n: of_a_row(p, q, n) / n),
        ),
        mistake(
            "variance of the sum",
            "This is too large by a factor, the rows there are: take the variance of a single "
            "row's contribution, and no other.",
            rounded(variance=lambda p, q, n: of_a_row(p, q, n) * n),
        ),
        mistake(
            "rounded down",
            "The formula is right and its result is cut off or rounded down; the rows must "
            "suffice, so round up.",
            rounded(math.floor),
        ),
        mistake(
            "rounded to the nearest",
            "The formula is right and its result is rounded to the nearest; the rows must suffice, "
            "so round up.",
            rounded(round),
        ),
        mistake(
            "rows still missing",
            "These are the rows that are still missing; count the ones that are there as well.",
            lambda *given: rounded()(*given) - given[2],
            lambda *given: max(0, rounded()(*given) - given[2]),
        ),
        mistake(
            "never fewer than there are",
            "Where fewer rows would do, this asks for the rows there are; say how many it takes.",
            lambda *given: max(given[2], rounded()(*given)),
        ),
        mistake(
            "gains above the margin alone",
            "A gain below the margin can be told from it, too; how many rows does that take?",
            *(
                lambda *given, none=none: rounded()(*given) if ahead(*given) else none(*given)
                for none in (lambda *given: 0, lambda *given: given[2])
            ),
        ),
        mistake(
            "sign of the margin lost",
            "The sign of the margin got lost; a margin below zero tolerates a small loss.",
            rounded(distance=lambda gain, margin: (gain - abs(margin)) ** 2),
            rounded(distance=lambda gain, margin: (abs(gain) - abs(margin)) ** 2),
            rounded(distance=lambda gain, margin: (abs(gain) - margin) ** 2),
        ),
    ],
)
