"""09.2: a rate that an imperfect judge measured, with all that its calibration leaves open.

Ends are compared with ranges: as far as the valid ways lie apart and a little beyond. The narrowest
that passes covers the truth in 0.93 of all draws, enumerated; what leaves one of the three samples
out lies outside where that sample matters.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy import stats

from labsupport.grading.corrected import (
    CAREFUL,
    PLAIN,
    Z,
    as_it_is,
    bands,
    clipped,
    delta,
    lang_reiczigel,
    point,
    resampled,
    tells_apart,
    value_of,
    whole,
)
from labsupport.grading.draws import on_edges
from labsupport.grading.exercise import Case, Question, Told, mistake
from labsupport.grading.readers import Wrong, an_object, number, parts_of
from labsupport.grading.rounding import HINT, is_rounded

NAMES = ("value", "low", "high")
right_answer = whole(lang_reiczigel)


def read(value) -> tuple[float, float, float]:
    parts = parts_of(value)
    if value is None:
        raise Wrong("your function returned None; is a return missing?")
    if parts is None or len(parts) != len(NAMES):
        what = an_object(value) if parts is None else "another number of them"
        raise Wrong(f"three numbers are asked for, (value, low, high), and this is {what}.")
    return tuple(float(number(*given)) for given in zip(parts, NAMES, strict=True))


# The cases


def case(about, *given) -> Case:
    if not tells_apart(*given):
        return Case(about, given, (None, (0.0, 0.0), (1.0, 1.0)))
    return Case(about, given, (clipped(value_of(*given)), *bands(*given)))


def counts(n=(400, 900), m1=(100, 300), m0=(100, 300), rate=(0.35, 0.65)):
    """Counts whose corrected rate lies in a range; the judge is better on one side."""

    def draw(rng):
        size, yes, no = (int(rng.integers(*ends)) for ends in (n, m1, m0))
        better, worse = rng.uniform(0.93, 0.97), rng.uniform(0.78, 0.86)
        se, sp = (better, worse) if rng.random() < 0.5 else (worse, better)
        a, b = round(yes * se), round(no * sp)
        passed = rng.uniform(*rate)
        k = round(size * (passed * a / yes + (1 - passed) * (1 - b / no)))
        return k, size, (a, yes), (b, no)

    return draw


FEW, MANY = (45, 80), (3000, 5000)
MIDDLE = {
    "as many judged answers as labelled ones": counts(),
    "few judged answers": counts((90, 160), MANY, MANY),
    "few answers that humans passed": counts(MANY, FEW, MANY, (0.6, 0.75)),
    "few answers that humans failed": counts(MANY, MANY, FEW, (0.25, 0.4)),
    "few labelled answers on either side": counts(MANY, FEW, FEW),
}


def cases(rng) -> list[Case]:
    return [case(about, *draw(rng)) for about, draw in MIDDLE.items() for _ in range(2)]


def certain(yes: bool, no: bool, rate=(0.3, 0.6)):
    """A judge without a miss among the labelled answers of a side."""

    def draw(rng):
        sizes = [int(rng.integers(*FEW)) if sure else 1000 for sure in (yes, no)]
        hits = [
            m if sure else m - int(rng.integers(80, 160))
            for m, sure in zip(sizes, (yes, no), strict=True)
        ]
        (a, m1), (b, m0) = tables = list(zip(hits, sizes, strict=True))
        n, passed = int(rng.integers(20_000, 50_000)), rng.uniform(*rate)
        return round(n * (passed * a / m1 + (1 - passed) * (1 - b / m0))), n, *tables

    return draw


def fixed(*given):
    return lambda rng: given


EDGES = {
    "a judge that has not missed a yes of the humans": certain(True, False, (0.6, 0.8)),
    "a judge that has not missed a no of the humans": certain(False, True, (0.1, 0.2)),
    "a judge that has not missed anything": certain(True, True),
    "fewer passes than the judge gives by mistake": fixed(190, 1000, (180, 200), (160, 200)),
    "more passes than the judge gives to what is right": fixed(905, 1000, (180, 200), (160, 200)),
    "no pass at all": fixed(0, 40, (900, 1000), (990, 1000)),
    "nothing but passes": fixed(40, 40, (990, 1000), (900, 1000)),
    "a judge that is always right and passes nothing": fixed(0, 60, (500, 500), (500, 500)),
    "a judge that tells nothing apart": fixed(300, 500, (60, 100), (40, 100)),
    "a judge that is wrong more often than right": fixed(200, 500, (30, 100), (40, 100)),
    "a million judged answers": fixed(550_000, 10**6, (180, 200), (170, 200)),
}

# What is said


def near(end: float, ends: tuple[float, float]) -> bool:
    return ends[0] - 1e-9 <= end <= ends[1] + 1e-9


def right_value(case: Case, said) -> bool:
    value = case.expected[0]
    return 0 <= said[0] <= 1 if value is None else abs(said[0] - value) < 1e-9


def right(case: Case, said) -> bool:
    ends = zip(said[1:], case.expected[1:], strict=True)
    shares = all(-1e-9 <= part <= 1 + 1e-9 for part in said)
    return shares and right_value(case, said) and all(near(*end) for end in ends)


def alike(said, other) -> bool:
    """Whether this is what the mistake says: one value, and ends within a part of the width."""
    width = max(abs(other[2] - other[1]), 1e-9)
    ends = zip(said[1:], other[1:], strict=True)
    return abs(said[0] - other[0]) < 1e-9 and all(abs(a - b) < 0.04 * width for a, b in ends)


def otherwise(case: Case, said) -> str:
    _, (low_from, low_to), (high_from, high_to) = case.expected
    if not right_value(case, said):
        return f"The value is not the rate that explains the passes, on {case.about}."
    if not all(-1e-9 <= part <= 1 + 1e-9 for part in said):
        return f"An end is no share, on {case.about}."
    if said[1] >= low_from and said[2] <= high_to:
        return f"The interval is too narrow, on {case.about}."
    if said[1] <= low_to and said[2] >= high_from:
        return f"The interval is too wide, on {case.about}."
    return f"The interval lies to one side of where it should, on {case.about}."


# Ways to go wrong


def raw(k, n, yes, no):
    return k / n


def raw_wald(k, n, yes, no):
    reach = Z * np.sqrt(k / n * (1 - k / n) / n)
    return k / n - reach, k / n + reach


def raw_of(method: str):
    def ends(k, n, yes, no):
        return binomial_ends(k, n, method)

    return ends


@lru_cache(maxsize=256)
def binomial_ends(hits, size, method="exact"):
    found = stats.binomtest(hits, size).proportion_ci(method=method)
    return found.low, found.high


def raw_ends_corrected(k, n, yes, no):
    """The ends of the judged share, put through the correction."""
    hits = yes[0] / yes[1], no[0] / no[1]
    return tuple(point(end, *hits) for end in binomial_ends(k, n))


def worst_of_all(k, n, yes, no):
    p, se, sp = binomial_ends(k, n), binomial_ends(*yes), binomial_ends(*no)
    return point(p[0], se[1], sp[0]), point(p[1], se[0], sp[1])


def of_all_labelled(yes, no):
    return yes[0] + no[0], yes[1] + no[1]


def one_for_both(way):
    def answer(k, n, yes, no):
        both = of_all_labelled(yes, no)
        return way(k, n, both, both)

    return answer


def exchanged(k, n, yes, no):
    return right_answer(k, n, no, yes)


def no_hits_are_passes(k, n, yes, no):
    """The hits among the humans' no taken for answers that the judge passed."""
    return right_answer(k, n, yes, (no[1] - no[0], no[1]))


def not_divided(k, n, yes, no):
    return k / n + no[0] / no[1] - 1


def of_the_labelled(k, n, yes, no):
    return yes[1] / (yes[1] + no[1])


def of_added_counts(k, n, yes, no):
    return point(
        (k + Z**2 / 2) / (n + Z**2), (yes[0] + 1) / (yes[1] + 2), (no[0] + 1) / (no[1] + 2)
    )


def leaving_out(*parts) -> tuple:
    """Answers that leave a source of chance out, in every way in which there are right ones."""
    return (
        whole(delta(parts=parts)),
        whole(delta(Z**2, 2.0, parts=parts)),
        whole(delta(Z**2, 2.0, shift=True, parts=parts)),
        whole(resampled(parts=parts)),
        whole(resampled(1.0, beta=True, parts=parts)),
    )


def either(**other) -> tuple:
    """Answers with standard errors wrong in the same way, with and without added counts."""
    return whole(delta(**other)), whole(delta(Z**2, 2.0, shift=True, **other))


def rounded_value(told) -> bool:
    """Whether the values, or all numbers, have few digits; the ends have ranges only."""
    some = [one for one in told if one.case.expected[0] is not None]
    values = [Told(Case("", (), one.case.expected[0]), one.said[0]) for one in some]
    return is_rounded(values)


def certain_ones(told) -> list:
    """Where a judge has not missed anything of one side, or nothing or everything was passed."""
    return [
        one
        for one in told
        if any(hits in (0, size) for hits, size in (one.case.args[:2], *one.case.args[2:]))
    ]


def certainties(told) -> bool:
    """Whether what is wrong are intervals that are too narrow where a count is zero or all."""
    wrong = [one for one in told if not right(*one)]
    known = certain_ones(told)
    return any(one in known and "too narrow" in otherwise(*one) for one in wrong)


def outside(told) -> bool:
    """Whether it would be right if it were cut off."""
    cut = [Told(case, tuple(map(clipped, said))) for case, said in told]
    return any(right(*a) and not right(*b) for a, b in zip(cut, told, strict=True))


def nothing_apart(told) -> bool:
    """Whether what is wrong are the judges that tell nothing apart."""
    wrong = [case for case, said in told if not right(case, said)]
    return bool(wrong) and all(case.expected[0] is None for case in wrong)


def uncorrected_at_times(*given):
    """The share that was passed, where it cannot be corrected."""
    return right_answer(*given) if tells_apart(*given) else (raw(*given), *raw_wald(*given))


def with_rounding(digits):
    return lambda *given: tuple(round(part, digits) for part in right_answer(*given))


def raw_around_the_value(*given):
    """The width of the judged share, around the corrected rate."""
    low, high = binomial_ends(*given[:2])
    return value_of(*given) - (high - low) / 2, value_of(*given) + (high - low) / 2


def differences(*given):
    value, low, high = right_answer(*given)
    return value, low - value, high - value


QUESTION = Question(
    "09.2",
    cases,
    read=read,
    same=alike,
    right=right,
    otherwise=otherwise,
    then=[
        on_edges(
            EDGES,
            case,
            otherwise,
            [
                mistake(
                    "not cut off at zero and one",
                    "A rate below zero or above one is none; cut the numbers off there.",
                    *(whole(way, clip=as_it_is) for way in (lang_reiczigel, *CAREFUL, *PLAIN)),
                    when=outside,
                ),
                mistake(
                    "no miss taken for certainty",
                    "The interval is too narrow where nothing or everything of a sample was a hit; "
                    "a judge that has not missed yet may still miss, and the interval has to reach "
                    "as far as that.",
                    *map(whole, PLAIN),
                    when=certainties,
                ),
                mistake(
                    "something said by a useless judge",
                    "A judge that passes no more of the humans' yes than of their no says nothing; "
                    "every rate is possible then.",
                    uncorrected_at_times,
                    lambda *given: right_answer(*given) if tells_apart(*given) else (0.5, 0.5, 0.5),
                    when=nothing_apart,
                ),
            ],
            same=alike,
            right=right,
        )
    ],
    verified="The judge's errors are taken out, and what the judged answers and both calibrations "
    "leave open is in the interval.",
    mistakes=[
        mistake(
            "raw rate",
            "This is the share that the judge passed; the judge is wrong at times, on both sides, "
            "and that has to be taken out.",
            *(
                whole(ends, value=raw)
                for ends in (raw_wald, *map(raw_of, ("exact", "wilson")), lang_reiczigel)
            ),
            when=lambda told: all(abs(said[0] - raw(*case.args)) < 1e-9 for case, said in told),
        ),
        mistake(
            "share of the labelled answers",
            "This is what the humans passed among the labelled answers; those were picked, and the "
            "judged ones are asked for.",
            whole(delta(), value=of_the_labelled),
            when=lambda told: all(
                abs(said[0] - of_the_labelled(*case.args)) < 1e-9 for case, said in told
            ),
        ),
        mistake(
            "one calibration for both sides",
            "The hits of both sides are thrown together; a judge that is lenient is right on one "
            "side more often than on the other.",
            *map(one_for_both, (whole(delta()), right_answer)),
        ),
        mistake(
            "sides exchanged",
            "The two sides of the calibration are exchanged.",
            exchanged,
        ),
        mistake(
            "hits taken for passes",
            "A hit among the humans' no is an answer that the judge failed as well; here it is "
            "taken for one that was passed.",
            no_hits_are_passes,
        ),
        mistake(
            "not divided",
            "The false passes are taken off and nothing else; the judge also fails some answers "
            "that are right, and what is left is a part of them.",
            whole(delta(), value=not_divided),
            whole(lang_reiczigel, value=not_divided),
            when=lambda told: all(
                abs(said[0] - clipped(not_divided(*case.args))) < 1e-9 for case, said in told
            ),
        ),
        mistake(
            "value from added counts",
            "The value comes from counts to which something was added; that is for the interval, "
            "the value takes them as they are.",
            whole(lang_reiczigel, value=of_added_counts),
            when=lambda told: all(
                abs(said[0] - clipped(of_added_counts(*case.args))) < 1e-9 for case, said in told
            ),
        ),
        mistake(
            "only the labelled answers resampled",
            "Only the labelled answers are left to chance; the judged ones are a sample too, and "
            "with others their share would be another.",
            *leaving_out(0, 1, 1),
        ),
        mistake(
            "only the judged answers left to chance",
            "Only the judged answers are left to chance, as if the judge's errors were known; they "
            "were counted on a few labelled answers.",
            *leaving_out(1, 0, 0),
            whole(raw_ends_corrected),
        ),
        mistake(
            "the humans' no taken as known",
            "How often the judge fails what humans failed is taken as known here; it was counted "
            "on a few answers.",
            *leaving_out(1, 1, 0),
        ),
        mistake(
            "the humans' yes taken as known",
            "How often the judge passes what humans passed is taken as known here; it was counted "
            "on a few answers.",
            *leaving_out(1, 0, 1),
        ),
        mistake(
            "errors of the uncorrected rate",
            "The interval is as wide as that of a judge without errors; taking the errors out "
            "stretches it.",
            whole(delta(stretched=False)),
            whole(raw_around_the_value),
        ),
        mistake(
            "calibration not weighted",
            "The errors of both calibrations count in full; each matters only for the answers of "
            "its side.",
            *either(weigh=lambda rate: (1, 1, 1)),
        ),
        mistake(
            "weights exchanged",
            "The calibration of each side is weighted with the share of the other side.",
            *either(weigh=lambda rate: (1, (1 - rate) ** 2, rate**2)),
        ),
        mistake(
            "weights not squared",
            "The weights of the calibrations are not squared; a variance takes them squared.",
            *either(weigh=lambda rate: (1, rate, 1 - rate)),
        ),
        mistake(
            "standard errors added",
            "The standard errors are added up; what is independent adds up in squares.",
            *either(together=lambda variances: sum(np.sqrt(variances))),
        ),
        mistake(
            "worst ends of all three",
            "The worst ends of three intervals are put together; all three are hardly ever at "
            "their worst at once.",
            whole(worst_of_all),
        ),
        mistake(
            "one-sided or another confidence",
            "The interval has another confidence, as of a single side or of another level.",
            *(
                way
                for level in (0.8, 0.9, 0.99, 0.999)
                for way in either(z=float(stats.norm.ppf((1 + level) / 2)))
            ),
            whole(resampled(levels=(0.05, 0.95))),
        ),
        mistake(
            "a single standard error",
            "The ends are a single standard error away; that covers two thirds.",
            *either(z=1.0),
        ),
        mistake(
            "as wide as single answers",
            "The interval holds nearly every share, as if it were for single answers; a share of "
            "many scatters less.",
            *either(of=lambda hits, size: hits / size * (1 - hits / size)),
        ),
        mistake(
            "ends swapped",
            "The two ends are in the other order.",
            lambda *given: tuple(right_answer(*given)[i] for i in (0, 2, 1)),
            whole(lambda *given: delta()(*given)[::-1]),
        ),
        mistake(
            "half the width instead of ends",
            "The ends are differences from the value; give the ends themselves.",
            differences,
        ),
        mistake(
            "in percent",
            "The numbers are in percent; a rate is a share.",
            lambda *given: tuple(100 * part for part in right_answer(*given)),
            whole(lambda *given: np.multiply(100, delta()(*given)), clip=lambda part: part),
            when=lambda told: all(
                case.expected[0] is None or abs(said[0] - 100 * case.expected[0]) < 1e-6
                for case, said in told
            ),
        ),
        mistake(
            "rounded",
            HINT,
            *map(with_rounding, (2, 3, 4)),
            when=rounded_value,
        ),
    ],
)
