"""08.2: what a look at a canary decides, at a level of its own, and when data are missing."""

from __future__ import annotations

import math

import numpy as np
from scipy import stats

from labsupport.grading.draws import on_edges
from labsupport.grading.exercise import Case, Question, mistake
from labsupport.grading.readers import one_of

GO, HOLD, BACK = "go on", "hold", "roll back"


def chance(worse, better) -> float:
    """Of so many worse pairs or more among the discordant ones, without harm."""
    return float(stats.binom.sf(worse - 1, worse + better, 0.5))


def whole(count, planned) -> bool:
    """Whether a metric has all that its look needs."""
    return count is not None and not any(map(math.isnan, count)) and count[0] >= planned


def decide(known=whole, harmful=None, of=any, missing=HOLD, nothing=HOLD):
    """The right rule, with one thing after the other done otherwise.

    Parameters
    ----------
    known : known(count, planned), whether a metric can be judged.
    harmful : harmful(n, worse, better, level), whether it shows harm. None: as is right.
    of : any or all metrics have to show it.
    missing : said where a metric cannot be judged; None: the others are judged without it.
    nothing : said without a metric.
    """
    harmful = harmful or (lambda n, worse, better, level: chance(worse, better) <= level / 2)

    def answer(counts, planned, levels):
        there = [known(count, size) for count, size in zip(counts, planned, strict=True)]
        if missing is not None and not all(there):
            return missing
        judged = [
            harmful(*count, level)
            for count, level, here in zip(counts, levels, there, strict=True)
            if here
        ]
        if not counts:
            return nothing
        return BACK if judged and of(judged) else GO

    return answer


right_answer = decide()


def case(about, counts, planned, levels) -> Case:
    given = tuple(counts), tuple(planned), np.asarray(levels, float)
    return Case(about, given, right_answer(*given))


# How many standard errors the worse pairs lie above half of the discordant ones, halved.
LEAN = {"harm": 1.6, "calm": 0.1, "close": 0.75, "luck": 1.2, "gain": -1.6, "one": 0.8}
LEAN |= {"hair": 0.8, "loose": 0.3, "strict": 1.0, "mild": 1.0, "great": 3.0}


def pairs(rng, side: str, size: int = 0):
    """Counts and a two-sided level, so that the chance lies where its side says, and not near an
    edge: "harm", "calm", between half the level and the level ("close"), so little that a single
    test would have found it ("luck"), a clear gain, or so that one more pair would be harm ("one",
    and "hair": by a hair). "loose" and "strict" are calm, "mild" and "great" harm, at levels of
    other sizes.
    """
    n = size or int(rng.integers(2000, 9000))
    discordant = 2 * int(rng.integers(40, 90))
    shift = round(LEAN[side] * math.sqrt(discordant))
    worse = discordant // 2 + shift
    found = chance(worse, discordant - worse)
    more = chance(worse + 1, discordant - worse - 1)
    level = {
        "harm": min(0.9, found * float(rng.uniform(3, 6))),
        "calm": found * float(rng.uniform(0.02, 0.06)),
        "close": found * float(rng.uniform(1.05, 1.2)),
        "luck": found * float(rng.uniform(0.2, 0.6)),
        "gain": float(rng.uniform(0.001, 0.01)),
        "one": 2 * (0.85 * more + 0.15 * found),
        "hair": 2 * (0.15 * more + 0.85 * found),
        "loose": found * float(rng.uniform(0.8, 0.9)),
        "strict": found * float(rng.uniform(0.1, 0.2)),
        "mild": found * float(rng.uniform(3, 6)),
        "great": float(rng.uniform(0.002, 0.01)),
    }[side]
    return (n, worse, discordant - worse), n - int(rng.integers(1, 400)), level


def of_sides(*sides, change=None, place=0):
    """A metric for each side; `change(count, planned)` makes another count of one of them."""

    def given(rng):
        drawn = [pairs(rng, side) for side in sides]
        order = rng.permutation(len(drawn)) if change is None else range(len(drawn))
        counts, planned, levels = zip(*(drawn[i] for i in order), strict=True)
        if change is not None:
            counts = list(counts)
            counts[place] = change(counts[place], planned[place])
        return counts, planned, levels

    return given


def kept(count, planned):
    """The metrics as they are, and in their order."""
    return count


def lost(count, planned):
    return None


def without(*places):
    return lambda count, planned: tuple(
        math.nan if i in places else part for i, part in enumerate(count)
    )


def short(count, planned):
    return (planned // 3, *count[1:])


def of_few(drawn):
    """Harm out of few pairs, on hardly any of which both agree."""
    (_, worse, better), _, level = drawn
    n, worse = worse + better + 2, worse + better - 20
    return [(n, worse, n - 2 - worse)], [n - 1], [level]


MIDDLE = {
    "metrics without harm": of_sides("calm", "calm", "calm"),
    "metrics of which one is close to its level": of_sides("calm", "close", "calm"),
    "metrics of which one is a worse pair short of harm": of_sides("calm", "one", "calm"),
    "metrics of which one is a hair short of harm": of_sides("calm", "hair", "calm"),
    "metrics of which one has bad luck": of_sides("calm", "luck", "calm"),
    "metrics that all have bad luck": of_sides("luck", "luck"),
    "metrics of which one has a larger level and no harm": of_sides("calm", "loose", "calm"),
    "metrics of which one has a smaller level": of_sides("close", "strict", "close", change=kept),
    "metrics of which one shows harm at a larger level": of_sides(
        *("calm", "mild", "calm"), change=kept
    ),
    "metrics of which one shows harm": of_sides("calm", "harm", "calm"),
    "harm where nearly all pairs are discordant": lambda rng: of_few(pairs(rng, "harm")),
    "harm in two metrics and a gain in one": of_sides("harm", "gain", "harm", change=kept),
    "metrics of which one shows great harm": of_sides("calm", "great", "calm", change=kept),
    "metrics that all show harm": of_sides("harm", "harm"),
    "five metrics that all show harm": of_sides(*["harm"] * 5),
    "a canary that does better": of_sides("gain", "calm"),
    "a metric that was lost": of_sides("calm", "calm", change=lost),
    "a lost metric beside one that shows harm": of_sides("calm", "harm", change=lost),
    "a metric whose counts are NaN": of_sides("harm", "calm", change=without(1)),
    "a metric with too few pairs, which show harm": of_sides("harm", "calm", change=short),
    "a metric with too few pairs, which show none": of_sides("calm", "calm", change=short),
    "too few pairs beside a metric that shows harm": of_sides("calm", "harm", change=short),
}


def cases(rng) -> list[Case]:
    return [case(about, *given(rng)) for about, given in MIDDLE.items() for _ in range(2)]


def one(count, planned, level):
    return lambda rng: ([count], [planned], [level])


EDGES = {
    "no metric at all": lambda rng: ([], [], []),
    "a single metric without harm": of_sides("calm"),
    "a single metric that shows harm": of_sides("harm"),
    "exactly the planned pairs": one((700, 30, 10), 700, 0.01),
    "a single pair too few": one((699, 30, 10), 700, 0.01),
    "no discordant pair": one((700, 0, 0), 700, 0.01),
    "worse pairs only": one((700, 30, 0), 700, 0.01),
    "better pairs only": one((700, 0, 30), 700, 0.01),
    "every metric lost": lambda rng: ([None, None], [700, 70], [0.01, 0.01]),
    "pairs whose number is NaN": of_sides("calm", "calm", change=without(0)),
    "better pairs whose number is NaN": of_sides("harm", "calm", change=without(2)),
    "nothing but NaN": of_sides("calm", "calm", change=without(0, 1, 2)),
    "no pairs, where some were planned": one((0, 0, 0), 700, 0.01),
    "a level of one in a million": one((9000, 90, 40), 9000, 1e-6),
    "many pairs": one((10**7, 51_000, 50_000), 10**6, 0.01),
    "eight metrics of which the last shows harm": lambda rng: of_all(
        [pairs(rng, "calm") for _ in range(7)] + [pairs(rng, "harm")]
    ),
}


def of_all(drawn):
    return tuple(zip(*drawn, strict=True))


def read(value) -> str:
    return one_of(value, "decision", (GO, HOLD, BACK))


def otherwise(case: Case, said) -> str:
    if case.expected == HOLD:
        return f"This decides where nothing can be told yet, on {case.about}."
    if said == HOLD:
        return f"This holds although all is there, on {case.about}."
    if case.expected == BACK:
        return f"This goes on although harm is shown, on {case.about}."
    return f"This rolls back although no harm is shown, on {case.about}."


def at_least_once(n, worse, better, level):
    return worse > better


def without_nan(counts, planned, levels):
    known = [None if c is None else tuple(np.nan_to_num(c)) for c in counts]
    return right_answer(known, planned, levels)


def one_level(of):
    """One level for every metric, out of all of them."""

    def answer(counts, planned, levels):
        return right_answer(counts, planned, [of(levels)] * len(levels))

    return answer


def only_metric(place: int):
    """All have to be there, and one decides."""

    def answer(counts, planned, levels):
        said = right_answer(counts, planned, levels)
        if said == HOLD:
            return said
        return right_answer([counts[place]], [planned[place]], [levels[place]])

    return answer


def added_up(of):
    """The pairs of all metrics as if they were one."""

    def answer(counts, planned, levels):
        said = right_answer(counts, planned, levels)
        if said == HOLD:
            return said
        _, worse, better = map(sum, zip(*counts, strict=True))
        return BACK if chance(worse, better) <= of(levels) / 2 else GO

    return answer


def on_a_normal_curve(n, worse, better, level):
    return worse > better and stats.norm.sf((worse - better) / (worse + better) ** 0.5) <= level / 2


def not_none(count, planned):
    return whole(count, 0)


QUESTION = Question(
    "08.2",
    cases,
    read=read,
    same=lambda a, b: a == b,
    otherwise=otherwise,
    then=[
        on_edges(
            EDGES,
            case,
            otherwise,
            [
                mistake(
                    "nothing measured goes on",
                    "Without any metric this goes on; what nobody measured has not passed.",
                    decide(nothing=GO),
                ),
            ],
        )
    ],
    verified="Each look spends its own level, on one side, and only when all metrics are there.",
    mistakes=[
        mistake(
            "every look at five percent",
            "Each look is judged at the level of a single test here; who looks several times has "
            "to share that out.",
            decide(harmful=lambda n, w, b, level: chance(w, b) <= 0.05),
            decide(harmful=lambda n, w, b, level: chance(w, b) <= 0.025),
        ),
        mistake(
            "level not halved",
            "The level is two-sided and harm lies on one side; this stops harmless canaries twice "
            "as often as planned.",
            decide(harmful=lambda n, w, b, level: chance(w, b) <= level),
        ),
        mistake(
            "one level for all metrics",
            "Every metric is judged at one level here; each has a level of its own.",
            *(one_level(of) for of in (min, max, sum, np.mean)),
            one_level(lambda levels: levels[0]),
            one_level(lambda levels: levels[-1]),
        ),
        mistake(
            "level shared once more",
            "The level is shared among the metrics once more; each has its own part already.",
            lambda counts, planned, levels: right_answer(counts, planned, levels / len(levels)),
        ),
        mistake(
            "only one metric asked",
            "Only one of the metrics is asked whether it shows harm; any of them may.",
            *(only_metric(place) for place in (0, -1)),
        ),
        mistake(
            "metrics added up",
            "The pairs of all metrics are judged together; harm in one is lost among the others.",
            *(added_up(of) for of in (min, max, np.mean)),
            added_up(lambda levels: levels[0]),
        ),
        mistake(
            "exactly so many",
            "This is the chance of exactly so many worse pairs; it has to be that of so many or "
            "more.",
            decide(harmful=lambda n, w, b, level: stats.binom.pmf(w, w + b, 0.5) <= level / 2),
        ),
        mistake(
            "a normal curve",
            "The chance is that of a normal curve, which is too small here by a part of a pair; "
            "take the tail of the binomial distribution.",
            decide(harmful=on_a_normal_curve),
        ),
        mistake(
            "more pairs instead of as many",
            "This is the chance of more worse pairs than there were; it has to be that of so many "
            "or more.",
            decide(harmful=lambda n, w, b, level: stats.binom.sf(w, w + b, 0.5) <= level / 2),
        ),
        mistake(
            "a gain rolled back",
            "A canary that does better than its baseline is rolled back; only harm is a reason to.",
            decide(
                harmful=lambda n, w, b, level: (
                    stats.binomtest(w, w + b).pvalue <= level if w + b else False
                )
            ),
        ),
        mistake(
            "lost metrics left out",
            "A metric that is missing is left out and the rest decides; what nobody measured has "
            "not passed.",
            decide(missing=None),
        ),
        mistake(
            "harm shown beside a missing metric",
            "The metrics that are there are judged before all are; that is a look more than the "
            "plan has levels for.",
            lambda *given: BACK if decide(missing=None)(*given) == BACK else right_answer(*given),
        ),
        mistake(
            "missing data roll back",
            "Missing data roll the canary back at once; they say nothing about it, so wait until "
            "the deadline.",
            decide(missing=BACK),
        ),
        mistake(
            "missing data go on",
            "The canary goes on where data are missing; no data is no good news.",
            decide(missing=GO),
        ),
        mistake(
            "NaN taken as zero",
            "A count that is NaN does not hold the look up here; nobody counted, so nothing can be "
            "told.",
            without_nan,
        ),
        mistake(
            "judged before the planned size",
            "This judges before the look has the pairs that were planned for it; the level belongs "
            "to that size.",
            decide(known=not_none),
        ),
        mistake(
            "all metrics have to show harm",
            "This goes on as long as a single metric is well; one that shows harm is enough to "
            "roll back.",
            decide(of=all),
        ),
        mistake(
            "more worse than better is harm",
            "Any canary with more worse pairs than better ones is rolled back; chance alone does "
            "that half of the time.",
            decide(harmful=at_least_once),
        ),
        mistake(
            "out of all pairs",
            "The worse pairs are counted out of all pairs, so hardly any harm is ever seen; pairs "
            "on which both agree say nothing.",
            decide(harmful=lambda n, w, b, level: stats.binom.sf(w - 1, n, 0.5) <= level / 2),
        ),
        mistake(
            "better and worse exchanged",
            "Better and worse pairs are exchanged: this rolls back what does well.",
            decide(harmful=lambda n, w, b, level: chance(b, w) <= level / 2),
        ),
    ],
)
