"""03.2: what the best of k candidates shows when none is better."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np

from labsupport.grading.draws import on_edges
from labsupport.grading.exercise import Case, Question, close, mistake
from labsupport.grading.readers import a_number
from labsupport.grading.rounding import rounded, roundings


def winners(gains, k) -> list[float]:
    """The best of every group of k."""
    return list(map(max, combinations(gains.tolist(), k)))


def best_of(gains, k) -> float:
    return math.fsum(winners(gains, k)) / math.comb(len(gains), k)


def case(about, gains, k) -> Case:
    return Case(about, (gains, k), best_of(gains, k))


def measured(rng, n, centre=0.0):
    """(n,) gains on a holdout of 4,000 rows: counts of rows, so that some are equal."""
    return np.round(rng.normal(centre, 0.003, n) * 4000) / 4000


def all_different(rng, n):
    """Gains of which no two are equal: whoever merges equal ones has an answer here, too."""
    while True:
        gains = measured(rng, n)
        if len(np.unique(gains)) == n:
            return gains


def cases(rng) -> list[Case]:
    sizes = (5, 2), (8, 3), (12, 4), (13, 5), (15, 2), (14, 6)
    twice = rng.permutation(np.repeat(all_different(rng, 5), 2))
    return [
        *(case("the best of several", measured(rng, n), k) for n, k in sizes),
        case("candidates that are all worse", measured(rng, 9, -0.02), 3),
        case("candidates that are all better", measured(rng, 11, 0.02), 4),
        case("groups of one", measured(rng, 9), 1),
        case("a single group, of all", all_different(rng, 7), 7),
        case("candidates with equal gains", twice, 3),
    ]


def few(n: int, k: int, centre: float = 0.0, scale: float = 1.0):
    return lambda rng: (measured(rng, n, centre) * scale, k)


def one_apart(place: float):
    """Candidates that are all alike, but for one that is far better, or far worse."""
    return lambda rng: (rng.permutation(np.append(np.full(6, 0.001), place)), 3)


EDGES = {
    "a single candidate": few(1, 1, 0.005),
    "two candidates": few(2, 2),
    "many candidates in pairs": few(40, 2),
    "many candidates, one of them left out": few(30, 29),
    "candidates whose gains are all equal": lambda rng: (np.full(5, 0.0025), 2),
    "candidates without any gain": lambda rng: (np.zeros(4), 3),
    "one candidate that is far better": one_apart(0.3),
    "one candidate that is far worse": one_apart(-0.3),
    "gains that are far from zero": few(9, 4, 0.9),
    "gains of a few rows in a million": few(9, 4, scale=1e-3),
    "gains in rising order": lambda rng: (np.sort(measured(rng, 9)), 4),
    "gains in falling order": lambda rng: (np.sort(measured(rng, 9))[::-1].copy(), 4),
    "groups of one, of candidates that are all worse": few(6, 1, -0.02),
    "a single group of all, with equal gains": lambda rng: (np.repeat(measured(rng, 3), 2), 6),
}


def weighted(weight):
    """The sum of the sorted gains, weighted by rank (from 1), k and how many there are."""

    def answer(gains, k):
        n = len(gains)
        return math.fsum(weight(i, k, n) * gain for i, gain in enumerate(sorted(gains), start=1))

    return answer


def beaten(worse):
    """Each candidate wins the groups of those it beats, worse(gains, gain); who beats its equal?"""

    def answer(gains, k):
        wins = (math.comb(worse(gains, gain), k - 1) * gain for gain in gains)
        return math.fsum(wins) / math.comb(len(gains), k)

    return answer


def best_of_windows(starts):
    """The mean of the best of k neighbours, where the list is cut at starts(n, k)."""
    return lambda gains, k: np.mean([max(gains[i : i + k]) for i in starts(len(gains), k)])


def merged(gains, k):
    return best_of(np.unique(gains), k)


def otherwise(case: Case, said) -> str:
    if abs(said - case.expected) < 0.001:
        return f"This is near the mean of the winners, and not equal to it, on {case.about}."
    return f"This is not the mean of the winners, on {case.about}."


QUESTION = Question(
    "03.2",
    cases,
    read=a_number("expected best"),
    same=close(1e-9, 1e-14),
    otherwise=otherwise,
    then=[on_edges(EDGES, case, otherwise)],
    verified="From groups of one to a single group of all, it is the mean of every group's winner.",
    mistakes=[
        mistake(
            "best of all",
            "This is the best of all candidates; the best of a group of k is often another one.",
            lambda gains, k: max(gains),
        ),
        mistake(
            "mean of the k best",
            "The mean of the k best comes from a single group, the luckiest; all groups count "
            "alike.",
            lambda gains, k: np.mean(np.sort(gains)[-k:]),
        ),
        mistake(
            "k times the mean",
            "A sum of k average candidates is not the best of k.",
            lambda gains, k: k * np.mean(gains),
        ),
        mistake(
            "average candidate",
            "This is the average candidate; whoever picks the best does not get the average one.",
            lambda gains, k: np.mean(gains),
        ),
        mistake(
            "worst of each group",
            "This is the worst of each group; sort the other way round.",
            lambda gains, k: -best_of(-gains, k),
        ),
        mistake(
            "sign lost",
            "The sign is lost: a large loss is not the best of its group.",
            lambda gains, k: best_of(np.abs(gains), k),
        ),
        mistake(
            "some groups only",
            "Only some of the groups are looked at; every group of k candidates counts once.",
            best_of_windows(lambda n, k: [0]),
            best_of_windows(lambda n, k: range(n - k + 1)),
            best_of_windows(lambda n, k: range(0, n, k)),
            best_of_windows(lambda n, k: range(0, n - k + 1, k)),
        ),
        mistake(
            "drawn with replacement",
            "The same candidate may be drawn twice into a group here; a group holds k different "
            "ones.",
            weighted(lambda i, k, n: (i / n) ** k - ((i - 1) / n) ** k),
        ),
        mistake(
            "equal gains merged",
            "Equal gains are different candidates; here they are merged into one.",
            merged,
            lambda gains, k: (
                merged(gains, k) * math.comb(len(set(gains)), k) / math.comb(len(gains), k)
            ),
        ),
        mistake(
            "ties won twice or never",
            "Equal gains are different candidates, and a group that holds both still has one "
            "winner, so count it once.",
            beaten(lambda gains, gain: int(np.sum(gains < gain))),
            beaten(lambda gains, gain: int(np.sum(gains <= gain)) - 1),
        ),
        mistake(
            "ranks off by one",
            "The ranks are off by one, so the weights of the gains do not add up to one.",
            weighted(lambda i, k, n: math.comb(i, k - 1) / math.comb(n, k)),
        ),
        mistake(
            "not divided",
            "The sum over the groups is not divided by how many groups there are.",
            lambda gains, k: math.fsum(winners(gains, k)),
        ),
        mistake(
            "divided by something else",
            "The sum over the groups is divided by something else than how many groups there are.",
            lambda gains, k: math.fsum(winners(gains, k)) / len(gains),
            lambda gains, k: math.fsum(winners(gains, k)) / math.perm(len(gains), k),
        ),
        mistake(
            "median of the winners",
            "The middle of the groups' winners is not their mean.",
            lambda gains, k: np.median(winners(gains, k)),
        ),
        mistake(
            "winner minus the mean",
            "How far the winner is ahead of the average candidate is part of the answer; the "
            "answer is its gain.",
            lambda gains, k: best_of(gains, k) - np.mean(gains),
        ),
        mistake(
            "percent",
            "The gain is in percent; leave it a share.",
            lambda gains, k: 100 * best_of(gains, k),
        ),
        rounded(*roundings(best_of, 3, 4, 5, 6)),
    ],
)
