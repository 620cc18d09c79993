"""Exercise 03, question 2: what the best of k candidates shows when none is better. All groups of k, counted."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np

from labsupport.grading.calling import ask
from labsupport.grading.old import Case, Mistake, compare, question
from labsupport.grading.readers import number


def _best_of(gains: np.ndarray, k: int) -> float:
    """The mean, over all groups of k, of the best in the group."""
    return math.fsum(map(max, combinations(gains.tolist(), k))) / math.comb(len(gains), k)


def _case(rng: np.random.Generator, about: str, n: int, k: int, centre: float = 0.0) -> Case:
    gains = (
        np.round(rng.normal(centre, 0.003, n) * 4000) / 4000
    )  # counts of rows, so some are equal
    return Case(about, (gains, k), _best_of(gains, k))


def _all_different(rng: np.random.Generator, *args) -> Case:
    """A case without equal gains: whoever merges them has an answer here, too."""
    while True:
        case = _case(rng, *args)
        if len(np.unique(case.args[0])) == len(case.args[0]):
            return case


def _pairs(rng: np.random.Generator, about: str, n_pairs: int, k: int) -> Case:
    """Every gain twice."""
    different = _all_different(rng, about, n_pairs, 1).args[0]
    gains = rng.permutation(np.repeat(different, 2))
    return Case(about, (gains, k), _best_of(gains, k))


def _candidates(rng: np.random.Generator) -> list[Case]:
    several = [
        _case(rng, "the best of several", n, k)
        for n, k in ((5, 2), (8, 3), (12, 4), (13, 5), (15, 2), (14, 6))
    ]
    return [
        *several,
        _case(rng, "candidates that are all worse", 9, 3, centre=-0.02),
        _case(rng, "candidates that are all better", 11, 4, centre=0.02),
        _case(rng, "groups of one", 9, 1),
        _all_different(rng, "a single group, of all", 7, 7),
        _pairs(rng, "candidates with equal gains", 5, 3),
    ]


def _weighted(weight):
    """The sum of the sorted gains, times weights that depend on rank (from 1), k and how many there are."""
    return lambda gains, k: math.fsum(
        weight(i + 1, k, len(gains)) * gain for i, gain in enumerate(sorted(gains.tolist()))
    )


def _merged(gains: np.ndarray, k: int) -> float:
    return _best_of(np.unique(gains), k)


def _beaten(worse):
    """Every candidate wins the groups of those it beats; what beats whom is open when gains are equal."""
    return lambda gains, k: (
        math.fsum(math.comb(worse(gains, g), k - 1) * g for g in gains.tolist())
        / math.comb(len(gains), k)
    )


def _comb_from_index(i: int, k: int, n: int) -> float:
    return math.comb(i, k - 1) / math.comb(n, k)


_REPEATS = (
    "The same candidate may be drawn twice into a group here; a group holds k different ones."
)
_MERGED = "Equal gains are different candidates; here they are merged into one."
_TIED = "Equal gains are different candidates, and a group that holds both still has one winner, so count it once."
_FIRST = "Only some of the groups are looked at; every group of k candidates counts once."

_BEST_MISTAKES = [
    Mistake("This is the best of all candidates; the best of a group of k is often another one.",
            lambda gains, k: max(gains)),
    Mistake("The mean of the k best comes from a single group, the luckiest; all groups count alike.",
            lambda gains, k: float(np.mean(np.sort(gains)[-k:]))),
    Mistake("A sum of k average candidates is not the best of k.", lambda gains, k: k * float(np.mean(gains))),
    Mistake("This is the average candidate; whoever picks the best does not get the average one.",
            lambda gains, k: float(np.mean(gains))),
    Mistake("This is the worst of each group; sort the other way round.", lambda gains, k: -_best_of(-gains, k)),
    Mistake("The sign is lost: a large loss is not the best of its group.", lambda gains, k: _best_of(np.abs(gains), k)),
    Mistake(_FIRST, lambda gains, k: max(gains[:k])),
    Mistake(_FIRST, lambda gains, k: float(np.mean([max(gains[i : i + k]) for i in range(len(gains) - k + 1)]))),
    Mistake(_FIRST, lambda gains, k: float(np.mean([max(gains[i : i + k]) for i in range(0, len(gains), k)]))),
    Mistake(_FIRST, lambda gains, k: float(np.mean([max(gains[i : i + k]) for i in range(0, len(gains) - k + 1, k)]))),
    Mistake(_REPEATS, _weighted(lambda i, k, n: (i / n) ** k - ((i - 1) / n) ** k)),
    Mistake(_MERGED, _merged),
    Mistake(_MERGED, lambda gains, k: _merged(gains, k) * math.comb(len(np.unique(gains)), k) / math.comb(len(gains), k)),
    Mistake(_TIED, _beaten(lambda gains, gain: int(np.sum(gains < gain)))),
    Mistake(_TIED, _beaten(lambda gains, gain: int(np.sum(gains <= gain)) - 1)),
    Mistake("The ranks are off by one, so the weights of the gains do not add up to one.", _weighted(_comb_from_index)),
    Mistake("The sum over the groups is not divided by how many groups there are.",
            lambda gains, k: _best_of(gains, k) * math.comb(len(gains), k)),
    Mistake("The sum over the groups is divided by something else than how many groups there are.",
            lambda gains, k: _best_of(gains, k) * math.comb(len(gains), k) / len(gains)),
    Mistake("The sum over the groups is divided by something else than how many groups there are.",
            lambda gains, k: _best_of(gains, k) / math.factorial(k)),
    Mistake("The middle of the groups' winners is not their mean.",
            lambda gains, k: float(np.median([max(group) for group in combinations(gains.tolist(), k)]))),
    Mistake("How far the winner is ahead of the average candidate is part of the answer; the answer is its gain.",
            lambda gains, k: _best_of(gains, k) - float(np.mean(gains))),
    Mistake("The gain is in percent; leave it a share.", lambda gains, k: 100 * _best_of(gains, k)),
]  # fmt: skip


def _best_otherwise(case: Case, said) -> str:
    if abs(said - case.expected) < 0.001:
        return "This is near, and not exact: is it an approximation, or an average over some groups instead of all?"
    return f"This is not the mean of the winners, on {case.about}; write down the groups of a short list by hand."


@question("03.2")
def _expected_best(answer, rng) -> str:
    cases = _candidates(rng)
    said = ask(answer, cases, lambda value: number(value, "expected best"))
    compare(cases, said, _BEST_MISTAKES, lambda a, b: bool(abs(a - b) <= 1e-9), _best_otherwise)
    return "From groups of one to a single group of all, it is the mean of every group's winner."
