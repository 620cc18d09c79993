"""07.1: control limits from weeks that the model has not seen, and which weeks ring."""

from __future__ import annotations

import math

import numpy as np

from labsupport.grading.draws import on_edges
from labsupport.grading.exercise import Case, Question, Round, mistake
from labsupport.grading.readers import listed_numbers
from labsupport.triggers import control_chart


def read(value) -> tuple[int, ...]:
    """In any order: those above the limit may come first, then those that are NaN."""
    return tuple(sorted(listed_numbers(value, "the places of the weeks that ring", "place")))


def right_answer(usual, weeks, sigmas):
    chart = control_chart(usual, sigmas)
    return [i for i, value in enumerate(weeks) if chart.alarms(value)]


def case(about, usual, weeks, sigmas) -> Case:
    return Case(about, (usual, weeks, sigmas), tuple(right_answer(usual, weeks, sigmas)))


def limits(usual, sigmas) -> dict[str, float]:
    """The limit, and where it would lie by a mistake that looks at the usual weeks alone."""
    mean, sd = usual.mean(), usual.std(ddof=1)
    return {
        "right": mean + sigmas * sd,
        "divided by n": mean + sigmas * usual.std(),
        "standard error": mean + sigmas * sd / math.sqrt(len(usual)),
        "three for all": mean + 3 * sd,
        "largest": usual.max(),
        "mean": mean,
    }


def cases(rng) -> list[Case]:
    """Weeks between any two of the limits, so that each mistake moves one of them."""
    drawn = []
    for sigmas in (2.0, 2.5, 3.5, 4.0):
        usual = rng.uniform(0.4, 0.6, int(rng.integers(6, 11)))
        mean, sd = usual.mean(), usual.std(ddof=1)
        found = np.sort(list(limits(usual, sigmas).values()))
        between = (found[1:] + found[:-1]) / 2
        better, worse = mean - sd * rng.uniform(sigmas, 9, 4), mean + sd * rng.uniform(5, 12, 3)
        weeks = rng.permutation(np.concatenate([between, better, worse]))
        drawn.append(case("weeks of which some ring", usual, weeks, sigmas))
        drawn.append(case("quiet weeks", usual, mean + sd * rng.uniform(-2, 1, 9), sigmas))
    usual = rng.uniform(0.4, 0.6, 8)
    low = usual.mean() - usual.std(ddof=1) * rng.uniform(4, 9, 5)
    level = np.append(rng.uniform(0.77, 0.83, 9), 1.3)
    level = rng.permutation(usual.mean() + usual.std(ddof=1) * level)
    return [
        *drawn,
        case("weeks that are better than usual", usual, low, 3.0),
        case("weeks all alike but for one", usual, level, 2.0),
        case("one bad week among many", usual, bad_among_many(rng, usual), 3.0),
    ]


def bad_among_many(rng, usual):
    """So bad that it rings whatever it does to a limit that it has a say in."""
    mean, sd = usual.mean(), usual.std(ddof=1)
    return rng.permutation(mean + sd * np.append(rng.uniform(-0.5, 0.5, 24), 60.0))


def unmeasured(rng) -> list[Case]:
    usual = rng.uniform(0.4, 0.6, 8)
    weeks = rng.permutation(np.append(rng.uniform(0.4, 0.6, 6), np.nan))
    last = np.append(rng.uniform(0.4, 0.6, 3), [1.5, np.nan, np.nan])
    return [
        case("a week whose loss is NaN", usual, weeks, 3.0),
        case("weeks of which some are NaN and one is bad", usual, rng.permutation(last), 3.0),
        case("weeks that are all NaN", usual, np.full(3, np.nan), 3.0),
        case("a week that is NaN among losses close to zero", usual / 1e6, weeks / 1e6, 3.0),
    ]


def weeks_of(usual, places, sigmas=3.0):
    """Usual weeks, and weeks that lie so many of their standard deviations above their mean."""

    def given(rng):
        known = np.asarray(usual(rng), dtype=float)
        mean, sd = known.mean(), known.std(ddof=1)
        return known, rng.permutation(mean + sd * np.asarray(places(rng), dtype=float)), sigmas

    return given


def losses(k: int, low: float = 0.4, high: float = 0.6):
    return lambda rng: rng.uniform(low, high, k)


def on_the_limit(rng):
    """Numbers of which floats make no rounding error: mean, spread and limit are exact."""
    unit = 2.0 ** -int(rng.integers(0, 4))
    weeks = unit * np.array([1.0, 1.0 + 2.0**-20, 0.5, 1.0 - 2.0**-20, 1.0])
    return rng.permutation([0.25, 0.5, 0.75]) * unit, rng.permutation(weeks), 2.0


def both_sides(reach: float):
    return lambda rng: rng.uniform(0.95, 1.05, 8) * reach * np.repeat([-1.0, 1.0], 4)


EDGES = {
    "weeks exactly on the limit": on_the_limit,
    "two usual weeks": weeks_of(losses(2), lambda rng: rng.uniform(-6, 6, 9)),
    "a hundred usual weeks": weeks_of(losses(100), both_sides(3.0)),
    "losses below zero": weeks_of(losses(8, -5.0, -3.0), both_sides(3.0)),
    "losses above one": weeks_of(losses(8, 3.0, 5.0), both_sides(3.0)),
    "losses close to zero": weeks_of(losses(8, 1e-6, 3e-6), both_sides(3.0)),
    "usual weeks that hardly differ": weeks_of(losses(8, 0.5, 0.500001), both_sides(3.0)),
    "a limit of part of a standard deviation": weeks_of(losses(8), both_sides(0.5), sigmas=0.5),
    "a limit of many standard deviations": weeks_of(losses(8), both_sides(12.0), sigmas=12.0),
    "a week whose loss is infinite": lambda rng: (
        rng.uniform(0.4, 0.6, 8),
        rng.permutation([0.5, math.inf, 0.45]),
        3.0,
    ),
    "a single week": weeks_of(losses(8), lambda rng: [4.0]),
    "no week to judge": weeks_of(losses(8), lambda rng: []),
}


def above(limit):
    """The answer with a limit of its own."""
    return lambda usual, weeks, sigmas: [
        i for i, value in enumerate(weeks) if not value <= limit(usual, weeks, sigmas)
    ]


def named(name: str):
    return above(lambda usual, weeks, sigmas: limits(usual, sigmas)[name])


def from_weeks(choose):
    """The answer with a limit from other weeks than the usual ones."""

    def limit(usual, weeks, sigmas):
        taken = choose(usual, weeks)
        return taken.mean() + sigmas * taken.std(ddof=1)

    return above(limit)


def two_sided(usual, weeks, sigmas):
    reach = sigmas * usual.std(ddof=1)
    return [i for i, value in enumerate(weeks) if not abs(value - usual.mean()) <= reach]


def otherwise(case: Case, said) -> str:
    if any(not 0 <= place < len(case.args[1]) for place in said):
        return "A place in the list does not exist; count weeks from zero, in the order given."
    return f"The weeks that ring are others, on {case.about}."


def nan_otherwise(case: Case, said) -> str:
    if set(np.flatnonzero(np.isnan(case.args[1])).tolist()) <= set(said):
        return f"What was not measured rings, and other weeks are not right, on {case.about}."
    return (
        f"On {case.about}, the answer is not right: what was not measured is no reason to be calm, "
        "so it rings."
    )


QUESTION = Question(
    "07.1",
    cases,
    read=read,
    same=lambda a, b: a == b,
    otherwise=otherwise,
    then=[on_edges(EDGES, case, otherwise), Round(unmeasured, (), nan_otherwise)],
    verified="The limit comes from the usual weeks alone, and a week that was not measured rings.",
    mistakes=[
        mistake(
            "limits from the judged weeks",
            "The limit comes from the weeks that are judged, so whatever goes wrong widens it.",
            from_weeks(lambda usual, weeks: weeks),
        ),
        mistake(
            "limits from all weeks",
            "The weeks that are judged have a say in the limit; take it from the usual weeks "
            "alone.",
            from_weeks(lambda *both: np.concatenate(both)),
        ),
        mistake(
            "two-sided",
            "A week that is better than usual rings here; a low loss is no reason to train.",
            two_sided,
        ),
        mistake(
            "divided by n",
            "The spread of so few weeks is estimated too small here: divide by one less than there "
            "are weeks.",
            named("divided by n"),
        ),
        mistake(
            "standard error",
            "This is how uncertain the mean is; a limit for single weeks needs the spread of "
            "single weeks.",
            named("standard error"),
        ),
        mistake(
            "a fixed number of sigmas",
            "The number of standard deviations is fixed here; use the one the function is given.",
            named("three for all"),
        ),
        mistake(
            "largest usual week",
            "The largest usual week is the limit here; mean and spread of the usual weeks make it.",
            named("largest"),
        ),
        mistake(
            "no spread",
            "Every week above the mean rings, and that is half of all quiet ones.",
            named("mean"),
        ),
        mistake(
            "counted from one",
            "The weeks are counted from one; as everywhere in Python, the first has the place "
            "zero.",
            lambda *given: [place + 1 for place in right_answer(*given)],
        ),
    ],
)
