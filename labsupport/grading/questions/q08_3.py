"""08.3: how many pairs a stage needs, and which share of the traffic."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from statistics import NormalDist

from labsupport.grading.draws import on_edges
from labsupport.grading.exercise import Case, Question, Round, close, mistake
from labsupport.grading.readers import Wrong, number, pair, whole_number

z = NormalDist().inv_cdf
equal = close(1e-9, 0.0)


def of_a_pair(harm, discordance):
    return discordance - harm**2


def two_sided(alpha):
    return z(1 - alpha / 2)


def of_power(power):
    return z(power)


def added(of_alpha, at_power):
    return (of_alpha + at_power) ** 2


def one_error(first, second, reach, variance, harm, discordance):
    """Both quantiles with the standard error under harm."""
    return reach(first, second) * variance(harm, discordance)


def two_errors(first, second, reach, variance, harm, discordance):
    """The quantile of alpha with the standard error under no harm: as right, a little more."""
    return reach(first * math.sqrt(discordance), second * math.sqrt(variance(harm, discordance)))


RIGHT = (one_error, two_errors)


def exactly(
    first=two_sided,
    second=of_power,
    reach=added,
    variance=of_a_pair,
    distance=lambda harm: harm**2,
    errors=one_error,
):
    """The pairs before rounding, with each part open to another idea."""

    def pairs(harm, discordance, alpha, power, requests=0):
        quantiles = first(alpha), second(power)
        return errors(*quantiles, reach, variance, harm, discordance) / distance(harm)

    return pairs


def fitting(pairs, requests) -> float:
    """The canary's share, if there is room for as large a one of the baseline."""
    return pairs / requests if 2 * pairs <= requests else 0.0


def plan(up=math.ceil, share=fitting, **parts):
    """The answer, with ideas of its own for rounding, for the share and for the parts."""

    def answer(*given):
        pairs = up(exactly(**parts)(*given))
        return pairs, share(pairs, given[-1])

    return answer


def shared(share, **parts):
    """The answer by either right way, with an idea of its own for the share alone."""
    return [plan(share=share, errors=errors, **parts) for errors in RIGHT]


def case(about, *given) -> Case:
    return Case(about, given, tuple(plan(errors=errors)(*given) for errors in RIGHT))


def stage(
    harms=(0.005, 0.03),
    discordances=(0.04, 0.2),
    alphas=(0.01, 0.02, 0.1),
    powers=(0.7, 0.8, 0.9),
    requests=lambda least, most, rng: int(most * rng.uniform(30, 300)),
):
    """Plans whose harm and discordance lie in these ranges, with as many requests as is said of the
    pairs by either right way.

    Their number is far enough from a whole one that no rounding matters.
    """

    def draw(rng):
        while True:
            harm, discordance = (float(rng.uniform(*ends)) for ends in (harms, discordances))
            if harm > discordance or 0 < harm / discordance - 0.9 < 0.1:
                continue
            given = harm, discordance, float(rng.choice(alphas)), float(rng.choice(powers))
            found = [exactly(errors=errors)(*given) for errors in RIGHT]
            if all(0.1 < x % 1 < 0.9 for x in found):
                pairs = [math.ceil(x) for x in found]
                return *given, requests(min(pairs), max(pairs), rng)

    return draw


# One number of a plan, by its place, times a factor.
TWINS = {
    "a stage": (0, 1.0),
    "the same stage with half the alpha": (2, 0.5),
    "the same stage with more power": (3, 1.3),
    "the same stage with more discordance": (1, 1.4),
    "the same stage with half the harm": (0, 0.5),
}


def twins(rng) -> list[Case]:
    """A plan, and what becomes of it when one of its numbers is another."""
    while True:
        first = float(rng.uniform(0.02, 0.04)), float(rng.uniform(0.1, 0.3)), 0.1, 0.75
        plans = [list(first) for _ in TWINS]
        for given, (place, factor) in zip(plans, TWINS.values(), strict=True):
            given[place] *= factor
        found = [exactly(errors=errors)(*given) for given in plans for errors in RIGHT]
        if all(0.1 < pairs % 1 < 0.9 for pairs in found):
            requests = int(max(found) * rng.uniform(30, 300))
            named = zip(TWINS, plans, strict=True)
            return [case(about, *given, requests) for about, given in named]


def all_of_it(rng):
    """Harm and nothing else: every discordant pair is a worse one."""
    while True:
        harm = float(rng.uniform(0.02, 0.2))
        given = harm, harm, 0.05, 0.8
        if all(0.1 < exactly(errors=errors)(*given) % 1 < 0.9 for errors in RIGHT):
            return *given, int(rng.integers(10**5, 10**6))


MIDDLE = {
    "versions that differ on few requests": stage(),
    "versions that differ on many requests": stage((0.02, 0.08), (0.2, 0.5)),
    "a harm of half the discordance": stage((0.04, 0.06), (0.09, 0.11)),
}
TOO_FEW = {
    "one request too few": stage(requests=lambda least, most, rng: 2 * least - 1),
    "requests for the canary alone": stage(requests=lambda least, most, rng: most),
    "far too few requests": stage(requests=lambda least, most, rng: int(rng.integers(2, 20))),
}
EDGES = {
    "a harm that is all of the discordance": all_of_it,
    "versions that differ on every request": stage((0.02, 0.2), (1.0, 1.0)),
    "a power of one half": stage(powers=(0.5,)),
    "a power below one half": stage(powers=(0.3, 0.4)),
    "a power close to one": stage(powers=(0.999, 0.99999)),
    "an alpha of one half": stage(alphas=(0.5,)),
    "an alpha of one in a million": stage(alphas=(1e-6,)),
    "an alpha of many digits": stage(alphas=(0.0123, 0.00617)),
    "a harm of one in ten thousand": stage((0.00009, 0.00011), (0.01, 0.02)),
    "a harm that a few pairs show": stage((0.5, 0.6), (0.7, 0.9)),
    "just enough requests": stage(requests=lambda least, most, rng: 2 * most),
    "a billion requests": stage(requests=lambda least, most, rng: int(rng.integers(10**9, 10**10))),
}


def drawn_from(kinds, times):
    def cases(rng) -> list[Case]:
        return [case(about, *draw(rng)) for about, draw in kinds.items() for _ in range(times)]

    return cases


def read(value) -> tuple[int, float]:
    pairs, share = pair(value, ("pairs", "share"))
    if share is None:
        raise Wrong("the share is None; where no stage is run it is zero, which is a number.")
    return (
        whole_number(
            pairs,
            "number of pairs",
            "the number of pairs is not a whole number; round it up, so that the pairs suffice.",
        ),
        float(number(share, "share")),
    )


def right(case: Case, said) -> bool:
    return any(equal(said, answer) for answer in case.expected)


def otherwise(case: Case, said) -> str:
    known = [pairs for pairs, _ in case.expected]
    if said[0] in known:
        return f"The number of pairs is right and the share is not, on {case.about}."
    if min(known) < said[0] < max(known):
        return f"This is near, and not the number of pairs, on {case.about}."
    amount = "many" if said[0] > max(known) else "few"
    return f"These are too {amount} pairs, on {case.about}; work the example by hand and compare."


def as_independent(harm, discordance):
    worse, better = (discordance + harm) / 2, (discordance - harm) / 2
    return worse * (1 - worse) + better * (1 - better)


def twice(share, **parts):
    """The requests of both versions counted as pairs."""

    def answer(*given):
        pairs = plan(**parts)(*given)[0]
        return 2 * pairs, share * pairs / given[-1]

    return answer


def before_rounding(errors):
    """The share from pairs that were not rounded."""

    def answer(*given):
        pairs = exactly(errors=errors)(*given)
        return math.ceil(pairs), fitting(pairs, given[-1])

    return answer


def either(**parts):
    """The answer by either right way, with an idea of its own for a part."""
    return [plan(errors=errors, **parts) for errors in RIGHT]


def no_pair(harm, discordance):
    """The variance of one version's failures, if they were the harm alone."""
    return harm * (1 - harm)


def no_room_no_pairs(errors):
    """Nothing planned where a stage cannot be run, not even counted."""

    def answer(*given):
        found = plan(errors=errors)(*given)
        return found if found[1] else (0, 0)

    return answer


def among_discordant(harm, discordance, alpha, power, requests):
    """The mean over the discordant pairs alone: so many of those are needed."""
    lean = harm / discordance
    pairs = math.ceil(added(two_sided(alpha), z(power)) ** 2 * (1 - lean**2) / lean**2)
    return pairs, fitting(pairs, requests)


def times_more(about: str, least: float = 1.0) -> Callable:
    """when(told): this twin is not said to take so many times the pairs of the stage, or more."""

    def when(told) -> bool:
        pairs = {case.about: said[0] for case, said in told}
        return pairs[about] <= least * pairs["a stage"]

    return when


# What is often wrong together: what is said of each slip, and the parts that make it, by groups.
SLIPS = (
    {
        "alpha is one-sided": [{"first": lambda alpha: z(1 - alpha)}],
        "power is two-sided": [{"second": lambda power: z((1 + power) / 2)}],
        "each quantile is squared alone": [{"reach": lambda a, b: a**2 + b**2}],
    },
    {
        "the square of the mean is not subtracted": [{"variance": lambda harm, d: d}],
        "the variance is that of being discordant": [{"variance": lambda harm, d: d * (1 - d)}],
        "a pair is taken for two independent answers": [
            {"variance": as_independent},
            {"variance": lambda harm, d: 2 * of_a_pair(harm, d)},
        ],
    },
    {"the pairs are not rounded up": [{"up": math.floor}, {"up": round}]},
)


def two_at_once():
    """A mistake for any two slips of different groups."""
    for ours, others in itertools.combinations(SLIPS, 2):
        for one, other in itertools.product(ours, others):
            parts = itertools.product(ours[one], others[other])
            ways = [way for a, b in parts for way in either(**a, **b)]
            name = ", ".join(" ".join(slip.split()[-3:]) for slip in (one, other))
            yield mistake(name, f"Two things: {one}, and {other}.", *ways)


QUESTION = Question(
    "08.3",
    lambda rng: drawn_from(MIDDLE, 3)(rng) + twins(rng),
    read=read,
    same=equal,
    right=right,
    otherwise=otherwise,
    then=[
        Round(
            drawn_from(TOO_FEW, 2),
            (
                mistake(
                    "more requests than there are",
                    "Canary and baseline together take more requests here than there are; no such "
                    "stage can be run.",
                    *shared(lambda pairs, requests: pairs / requests),
                ),
                mistake(
                    "as many requests as there are",
                    "There are not enough requests here and the answer takes what there is; such a "
                    "stage harms users and shows nothing.",
                    *shared(lambda pairs, requests: min(pairs / requests, 0.5)),
                    *shared(lambda pairs, requests: min(pairs / requests, 1.0)),
                ),
                mistake(
                    "no pairs where there is no room",
                    "Where there is no room the pairs are zero here as well; how many the harm "
                    "takes is asked all the same, and only the share is zero.",
                    *map(no_room_no_pairs, RIGHT),
                ),
                mistake(
                    "room for the canary alone",
                    "Whether the requests suffice is asked for the canary alone; the baseline "
                    "needs as many.",
                    *shared(lambda pairs, requests: pairs / requests if pairs <= requests else 0.0),
                ),
            ),
            otherwise,
            right=right,
        ),
        on_edges(EDGES, case, otherwise, right=right),
    ],
    verified="So many pairs show the harm with the wanted power, and there is room for the canary "
    "and as large a baseline.",
    mistakes=[
        mistake(
            "one-sided",
            "The quantile of alpha is one-sided; alpha is shared by two sides.",
            *either(first=lambda alpha: z(1 - alpha)),
        ),
        mistake(
            "power forgotten",
            "The power plays no part: with so few pairs, such a harm is missed every other time.",
            *either(second=lambda power: 0.0),
        ),
        mistake(
            "alpha forgotten",
            "Alpha plays no part: the pairs also have to keep false alarms rare.",
            plan(first=lambda alpha: 0.0),
        ),
        mistake(
            "power shared by two sides",
            "The quantile of power is two-sided; a harm lies on one side, so power is all there.",
            *either(second=lambda power: z((1 + power) / 2)),
        ),
        mistake(
            "power turned round",
            "One quantile is subtracted from the other: more power would need fewer pairs.",
            *either(second=lambda power: -z(power)),
        ),
        mistake(
            "quantiles squared one by one",
            "Each quantile is squared on its own; the two distances are added first.",
            *either(reach=lambda first, second: first**2 + second**2),
        ),
        mistake(
            "quantiles not squared",
            "The quantiles are not squared: the standard error falls with the root of the pairs.",
            plan(reach=lambda first, second: first + second),
        ),
        mistake(
            "a fixed alpha or power",
            "A quantile is the same for every alpha or for every power; take those that are given.",
            *either(first=lambda alpha: z(0.975)),
            *either(first=lambda alpha: 1.96),
            *either(second=lambda power: z(0.8)),
            *either(second=lambda power: 0.84),
            *either(first=lambda alpha: 1.96, second=lambda power: 0.84),
            *either(first=lambda alpha: z(0.975), second=lambda power: z(0.8)),
        ),
        mistake(
            "rounded quantiles",
            "The quantiles are rounded, as in a printed table; keep their digits.",
            *(
                way
                for digits in (1, 2, 3)
                for way in either(
                    first=lambda alpha, digits=digits: round(two_sided(alpha), digits),
                    second=lambda power, digits=digits: round(z(power), digits),
                )
            ),
        ),
        mistake(
            "independent samples",
            "The two failure shares are treated as independent; a pair has one difference, and its "
            "variance is what counts.",
            plan(variance=as_independent),
            *(
                plan(variance=lambda harm, d, of=of: 2 * of(harm, d))
                for of in (of_a_pair, lambda harm, d: d, lambda harm, d: d * (1 - d))
            ),
        ),
        mistake(
            "variance of being discordant",
            "This is the variance of whether a pair is discordant; which of the two failed is lost "
            "in it.",
            plan(variance=lambda harm, d: d * (1 - d)),
        ),
        mistake(
            "mean square",
            "The square of the mean is not subtracted, so this is a mean square and no variance.",
            plan(variance=lambda harm, d: d),
        ),
        mistake(
            "mean subtracted",
            "The mean is subtracted as it is; a variance is the mean square less the square of the "
            "mean.",
            plan(variance=lambda harm, d: d - harm),
        ),
        mistake(
            "square of the mean added",
            "The square of the mean is added; a variance is the mean square less that.",
            plan(variance=lambda harm, d: d + harm**2),
        ),
        mistake(
            "discordant pairs alone",
            "This is how many discordant pairs it takes; most pairs agree, and the stage has to "
            "collect those as well.",
            among_discordant,
            *either(variance=lambda harm, d: d * of_a_pair(harm, d)),
        ),
        mistake(
            "discordance taken as known",
            "The square of the mean is divided by the discordance, as if the stage knew beforehand "
            "how many pairs will be discordant; the mean here is one over all pairs.",
            plan(variance=lambda harm, d: d - harm**2 / d),
        ),
        mistake(
            "deviation for variance",
            "The standard deviation stands where the variance should; square it.",
            plan(variance=lambda *given: math.sqrt(of_a_pair(*given))),
        ),
        mistake(
            "harm not squared",
            "The harm is not squared: half the harm takes four times the pairs.",
            *either(distance=lambda harm: harm),
        ),
        mistake(
            "rounded down",
            "The pairs are cut off or rounded down; they must suffice, so round up.",
            *either(up=math.floor),
        ),
        mistake(
            "rounded to the nearest",
            "The pairs are rounded to the nearest; they must suffice, so round up.",
            *either(up=round),
        ),
        mistake(
            "requests for pairs",
            "The number of pairs counts the requests of both versions; one of each makes a pair.",
            *(twice(share, errors=errors) for share in (1, 2) for errors in RIGHT),
        ),
        mistake(
            "canary and baseline together",
            "This is the share of canary and baseline together; the answer is the share that the "
            "canary gets.",
            *shared(lambda pairs, requests: 2 * fitting(pairs, requests)),
            *shared(lambda pairs, requests: 2 * pairs / requests),
        ),
        mistake(
            "half of its share",
            "This is half of what the canary has to get; a pair takes a whole request of it, and "
            "another one of the baseline.",
            *shared(lambda pairs, requests: pairs / requests / 2),
            *shared(lambda pairs, requests: fitting(pairs, requests) / 2),
        ),
        mistake(
            "of the other requests",
            "The share is taken of the requests that are left; take it of all of them.",
            *shared(lambda pairs, requests: pairs / (requests - pairs)),
            *shared(lambda pairs, requests: 2 * pairs / (requests - 2 * pairs)),
        ),
        mistake(
            "percent",
            "The share is in percent; give it as a fraction of all requests.",
            *shared(lambda pairs, requests: 100 * fitting(pairs, requests)),
        ),
        mistake(
            "rounded share",
            "The share is rounded; keep its digits, or the stage ends short of its pairs.",
            *(
                way
                for digits in (2, 3, 4)
                for way in shared(
                    lambda pairs, requests, digits=digits: round(pairs / requests, digits)
                )
            ),
        ),
        mistake(
            "share of a part of a pair",
            "The share is right for pairs before they were rounded up; take the whole ones.",
            *map(before_rounding, RIGHT),
        ),
        *two_at_once(),
        mistake(
            "no answer to alpha",
            "With half the alpha this asks for no more pairs; a rarer false alarm takes more.",
            *(plan(first=lambda alpha: 1.96, variance=way) for way in (lambda h, d: d, no_pair)),
            *either(first=lambda alpha: z(0.99)),
            plan(first=lambda alpha: z((1 + alpha) / 2)),
            when=times_more("the same stage with half the alpha"),
        ),
        mistake(
            "no answer to power",
            "With more power this asks for no more pairs; a harm that is missed less often takes "
            "more.",
            *either(second=lambda power: z(0.9)),
            plan(second=lambda power: -z(power), variance=lambda harm, d: d),
            when=times_more("the same stage with more power"),
        ),
        mistake(
            "no answer to the discordance",
            "With more discordant pairs this asks for no more pairs in all; the more of them, the "
            "more a mean varies by chance.",
            plan(variance=no_pair),
            plan(variance=lambda harm, d: 1.0),
            when=times_more("the same stage with more discordance"),
        ),
        mistake(
            "too little for half the harm",
            "Half the harm takes less than three times the pairs here; a standard error falls only "
            "with the root of their number.",
            plan(variance=lambda harm, d: d * (1 - d), distance=lambda harm: harm),
            plan(variance=lambda harm, d: math.sqrt(d), distance=lambda harm: harm),
            when=times_more("the same stage with half the harm", 3.0),
        ),
    ],
)
