"""04.4: holdout noise and retraining noise in one interval."""

from __future__ import annotations

import math

from scipy import stats

from labsupport.grading.draws import arguments, between, magnitudes, on_edges, whole
from labsupport.grading.exercise import Case, Question, close, mistake
from labsupport.grading.readers import a_pair
from labsupport.grading.rounding import rounded, roundings
from labsupport.retrained import RetrainedOutcomes

SIDES = (
    ("few runs", 2, 6),
    ("many runs", 30, 8),
    ("one run of the candidate", 1, 9),
    ("as many runs on each side", 4, 4),
)


def standard_error(rows, seed, k_a, k_b):
    """The lab's own; with a single row, the variance of one row is the holdout's whole part."""
    return RetrainedOutcomes(1, 0, 0, k_a, k_b, rows, seed, seed, seed, seed).standard_error


def two_sided(confidence):
    return float(stats.norm.isf((1 - confidence) / 2))


def around(error, z=two_sided):
    """The answer with its own idea of the gain's standard error, and of how far it reaches."""

    def answer(gain, rows, seed, k_a, k_b, confidence):
        reach = z(confidence) * error(rows, seed, k_a, k_b)
        return gain - reach, gain + reach

    return answer


def root(variance):
    """The answer with its own idea of the gain's variance."""
    return around(lambda *given: math.sqrt(variance(*given)))


right_answer = around(standard_error)


def case(about, *given) -> Case:
    return Case(about, given, right_answer(*given))


def cases(rng) -> list[Case]:
    drawn = []
    for about, k_a, k_b in SIDES:
        levels = rng.permutation([0.8, 0.9, 0.95, 0.99])[:3].tolist()
        for sign, confidence in zip((1, -1, 1), levels, strict=True):
            rows, seed = (float(x) for x in rng.uniform(0.0008, 0.004, 2) ** 2)
            gain = sign * round(float(rng.uniform(0.001, 0.02)), 4)
            drawn.append(case(about, gain, rows, seed, k_a, k_b, confidence))
    rows, seed = drawn[0].args[1:3]
    return [
        *drawn,
        case("trainings without luck", 0.004, rows, 0.0, 3, 5, 0.9),
        case("rows without luck", 0.004, 0.0, seed, 3, 5, 0.9),
    ]


some = arguments(
    gain=between(0.001, 0.02, 4),
    rows=magnitudes(1e-6, 1e-5),
    seed=magnitudes(1e-6, 1e-5),
    k_a=whole(2, 9),
    k_b=whole(2, 9),
    confidence=between(0.6, 0.99, 2),
)
EDGES = {
    "luck of almost nothing": some(rows=1e-18, seed=1e-18),
    "one run on each side": some(k_a=1, k_b=1),
    "one run of the baseline": some(k_b=1),
    "thousands of runs": some(k_a=whole(2000, 9000), k_b=whole(2000, 9000)),
    "a gain of zero": some(gain=0.0),
    "a loss larger than the noise": some(gain=between(-0.9, -0.5)),
    "variances of almost nothing": some(
        rows=magnitudes(1e-11, 1e-10), seed=magnitudes(1e-11, 1e-10)
    ),
    "a confidence of one half": some(confidence=0.5),
    "a very low confidence": some(confidence=0.01),
    "a confidence of many digits": some(confidence=between(0.951, 0.989)),
    "a confidence close to one": some(confidence=0.9999),
    "a gain that is counted in rows": some(
        gain=between(20.0, 90.0), rows=between(30.0, 900.0), seed=between(30.0, 900.0)
    ),
}


def middle(ends) -> float:
    return (ends[0] + ends[1]) / 2


def off_centre(case: Case, said) -> bool:
    return not math.isclose(middle(said), case.args[0], rel_tol=1e-6, abs_tol=1e-9)


def otherwise(case: Case, said) -> str:
    ends = zip(said, case.expected, strict=True)
    wrong = [not same(end, right) for end, right in ends]
    if wrong != [True, True]:
        which = "lower" if wrong[0] else "upper"
        return f"The {which} end is wrong and the other one is right, on {case.about}."
    if off_centre(case, said):
        return f"The interval is not centred on the gain, on {case.about}."
    narrow = said[1] - said[0] < case.expected[1] - case.expected[0]
    return f"The interval is too {'narrow' if narrow else 'wide'}, on {case.about}."


same = close(1e-8)


def one_end(move):
    """The right interval, with one end that is something else."""
    return lambda *given: move(*right_answer(*given), given[0])


def students(df):
    """Reach by Student's t, with degrees of freedom from the numbers of runs."""

    def answer(gain, rows, seed, k_a, k_b, confidence):
        error = standard_error(rows, seed, k_a, k_b)
        reach = float(stats.t.isf((1 - confidence) / 2, df(k_a, k_b))) * error
        if math.isnan(reach):
            raise ValueError("Student's t has no such degrees of freedom")
        return gain - reach, gain + reach

    return answer


def error_added(gain, rows, seed, k_a, k_b, confidence):
    reach = two_sided(confidence) + standard_error(rows, seed, k_a, k_b)
    return gain - reach, gain + reach


QUESTION = Question(
    "04.4",
    cases,
    read=a_pair("low", "high"),
    same=same,
    otherwise=otherwise,
    then=[on_edges(EDGES, case, otherwise)],
    verified="Rows and seeds, with any number of runs on each side: the interval is as wide as "
    "both together make it.",
    mistakes=[
        mistake(
            "rows only",
            "Only the rows' noise is in it; the recipe could be trained again.",
            root(lambda rows, *_: rows),
        ),
        mistake(
            "seeds only",
            "Only the seeds' noise is in it; the holdout could have had other rows.",
            root(lambda _, seed, a, b: seed / a + seed / b),
        ),
        mistake(
            "deviations added",
            "Standard deviations are added here; independent noise adds up as variances.",
            around(lambda rows, seed, a, b: rows**0.5 + (seed / a + seed / b) ** 0.5),
            around(lambda rows, seed, a, b: rows**0.5 + (seed / a) ** 0.5 + (seed / b) ** 0.5),
        ),
        mistake(
            "variance of one run",
            "The seeds' variance is that of one run; the mean of several runs has less of it.",
            root(lambda rows, seed, a, b: rows + 2 * seed),
            root(lambda rows, seed, a, b: rows + seed),
        ),
        mistake(
            "root of the runs",
            "A variance shrinks with the number of runs itself; it is the standard deviation that "
            "shrinks with the root.",
            root(lambda rows, seed, a, b: rows + seed / a**0.5 + seed / b**0.5),
        ),
        mistake(
            "runs squared",
            "The number of runs is squared: the seeds' noise is given as a variance already.",
            root(lambda rows, seed, a, b: rows + seed / a**2 + seed / b**2),
        ),
        mistake(
            "one side forgotten",
            "One side's retrainings are missing: candidate and baseline both have their luck.",
            root(lambda rows, seed, a, b: rows + seed / a),
            root(lambda rows, seed, a, b: rows + seed / b),
        ),
        mistake(
            "pooled runs",
            "The runs of both sides are put into one pool; each side has a mean of its own, and "
            "the worse measured one counts more.",
            *(root(lambda rows, s, a, b, k=k: rows + k * s / (a + b)) for k in (1, 2, 4)),
        ),
        mistake(
            "variances subtracted",
            "The two sides' noise is subtracted; in a difference of independent means the "
            "variances still add up.",
            root(lambda rows, seed, a, b: rows + abs(seed / a - seed / b)),
        ),
        mistake(
            "rows divided by runs",
            "The rows' part is divided by the runs as well; every run is judged on the same rows.",
            root(lambda rows, seed, a, b: (rows + seed) / a + (rows + seed) / b),
        ),
        mistake(
            "no root",
            "A variance is used for a distance; take its root first.",
            around(lambda rows, seed, a, b: rows + seed / a + seed / b),
        ),
        mistake(
            "one-sided level",
            "The reach is that of another level: what is left out lies half below and half above "
            "the interval.",
            around(standard_error, stats.norm.ppf),
        ),
        mistake(
            "a fixed level",
            "The reach is the same at every confidence.",
            *(around(standard_error, lambda _, z=z: z) for z in (1.96, 2, stats.norm.isf(0.025))),
        ),
        mistake(
            "ends swapped",
            "The two ends have changed places.",
            lambda *given: right_answer(*given)[::-1],
        ),
        mistake(
            "distances from the gain",
            "These are distances from the gain; the interval lies around it.",
            lambda gain, *rest: right_answer(0.0, *rest),
        ),
        mistake(
            "Student's t",
            "The reach is that of Student's t; both variances count as known here, so it is the "
            "normal distribution's.",
            students(lambda a, b: a + b - 2),
            students(lambda a, b: a + b - 1),
            students(lambda a, b: a + b),
        ),
        mistake(
            "error as the middle",
            "The standard error is taken for the middle of the bell, and added; it says how wide "
            "the "
            "bell is.",
            error_added,
        ),
        mistake(
            "rounded z",
            "The number of standard errors is rounded, as in a printed table; keep its digits.",
            *(around(standard_error, lambda c, d=d: round(two_sided(c), d)) for d in (1, 2, 3, 4)),
        ),
        mistake(
            "one end only",
            "One end is right, and the other one is the gain itself.",
            one_end(lambda low, high, gain: (low, gain)),
            one_end(lambda low, high, gain: (gain, high)),
        ),
        mistake(
            "sign of the gain lost",
            "The interval lies on the other side of zero: the sign of the gain got lost.",
            lambda gain, *rest: right_answer(abs(gain), *rest),
            lambda gain, *rest: right_answer(-gain, *rest),
        ),
        rounded(*roundings(right_answer, 3, 4, 5, 6)),
    ],
)
