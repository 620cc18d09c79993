"""Exercise 03: wrong answers that no table of mistakes holds, each with a fragment of its hint."""

import math

import numpy as np
import pandas as pd

from labsupport.intervals import mcnemar
from labsupport.slices import holm, slice_tests


def no_running_maximum(p_values):
    k, order = len(p_values), np.argsort(p_values)
    adjusted = np.empty(k)
    for step, i in enumerate(order):
        adjusted[i] = min(1, (k - step) * p_values[i])
    return adjusted


def decisions_instead(p_values):
    return [p <= 0.05 for p in holm(p_values)]


def changes_its_input(p_values):
    p_values.sort()
    return np.minimum(np.maximum.accumulate(p_values * np.arange(len(p_values), 0, -1)), 1)


def rank_off_by_one(gains, k):
    wins = [math.comb(rank, k - 1) for rank in range(1, len(gains) + 1)]
    return np.dot(wins, np.sort(gains)) / math.comb(len(gains), k)


def normal_approximation(gains, k):
    expected = {1: 0, 2: 0.5642, 3: 0.8463, 4: 1.0294, 5: 1.1630, 6: 1.2672, 7: 1.3522}
    return np.mean(gains) + np.std(gains, ddof=1) * expected[k]


def simulated_best(gains, k):
    rng = np.random.default_rng(0)
    return np.mean([rng.choice(gains, k, replace=False).max() for _ in range(1000)])


def losing_slices_only(outcomes, margin, level):
    losing = {name: mcnemar(part) for name, part in outcomes.slices.items() if part.gain < 0}
    adjusted = holm(list(losing.values()))
    lost = [name for name, p in zip(losing, adjusted, strict=True) if p <= level]
    return outcomes.gain >= margin and not lost, lost


def count_of_losses(outcomes, margin, level):
    lost = [t.slice for t in slice_tests(outcomes) if t.adjusted <= level and t.gain < 0]
    return outcomes.gain >= margin and not lost, len(lost)


def gaps_of(rng, n_groups, rows, accuracy, n_worlds):
    return np.ptp(rng.binomial(rows, accuracy, size=(n_worlds, n_groups)), axis=1) / rows


def two_groups(n_groups, rows, accuracy, measured, n_worlds, rng):
    gaps = gaps_of(rng, 2, rows, accuracy, n_worlds)
    return gaps.mean(), (gaps >= measured).mean()


def unseeded_generator(n_groups, rows, accuracy, measured, n_worlds, rng):
    gaps = gaps_of(np.random.default_rng(), n_groups, rows, accuracy, n_worlds)
    return gaps.mean(), (gaps >= measured).mean()


def always_fifty_rows(n_groups, rows, accuracy, measured, n_worlds, rng):
    gaps = gaps_of(rng, n_groups, 50, accuracy, n_worlds)
    return gaps.mean(), (gaps >= measured).mean()


def unsorted_gains(gains, k):
    wins = [math.comb(rank, k - 1) for rank in range(len(gains))]
    return np.dot(wins, gains) / math.comb(len(gains), k)


def gate_with(outcomes, margin, level, looked_at=lambda part: True):
    parts = {name: part for name, part in outcomes.slices.items() if looked_at(part)}
    adjusted = holm([mcnemar(part) for part in parts.values()])
    tests = zip(parts.items(), adjusted, strict=True)
    lost = [name for (name, part), p in tests if part.gain < 0 and p <= level]
    return outcomes.gain >= margin and not lost, lost


def half_the_level(outcomes, margin, level):
    return gate_with(outcomes, margin, level / 2)


def never_above_the_usual_level(outcomes, margin, level):
    return gate_with(outcomes, margin, min(level, 0.05))


def few_pairs_left_out(outcomes, margin, level):
    return gate_with(
        outcomes, margin, level, lambda part: part.candidate_only + part.baseline_only >= 10
    )


def no_slices_no_promotion(outcomes, margin, level):
    if not outcomes.slices:
        return False, []
    lost = [t.slice for t in slice_tests(outcomes) if t.adjusted <= level and t.gain < 0]
    return outcomes.gain >= margin and not lost, lost


WRONG = {
    "03.1": [
        (no_running_maximum, "carry the largest so far along"),
        (decisions_instead, "is True or False; it should be a number"),
        (changes_its_input, "changed its inputs"),
    ],
    "03.2": [
        (rank_off_by_one, "The ranks are off by one"),
        (normal_approximation, "near the mean of the winners, and not equal"),
        (unsorted_gains, "the mean of the winners, "),
        (simulated_best, "near the mean of the winners, and not equal"),
    ],
    "03.3": [
        (half_the_level, "A slice whose loss is established is not named"),
        (few_pairs_left_out, "A slice"),
        (never_above_the_usual_level, "A slice whose loss is established is not named"),
        (no_slices_no_promotion, "and a gain that reaches the margin"),
        (losing_slices_only, "Only the slices with a loss are counted"),
        (count_of_losses, "a list of the names"),
    ],
    "03.4": [
        (two_groups, "between the same two groups"),
        (unseeded_generator, "let it depend on nothing but its arguments"),
        (always_fifty_rows, "how does a group's accuracy come about?"),
    ],
}


def step_down(outcomes, margin, level):
    """Holm as textbooks write it: stop at the first that fails."""
    tests = sorted((mcnemar(part), name) for name, part in outcomes.slices.items())
    lost = []
    for step, (p, name) in enumerate(tests):
        if p * (len(tests) - step) > level:
            break
        if outcomes.slices[name].gain < 0:
            lost.append(name)
    return outcomes.gain >= margin and not lost, lost


def column_of_pandas(p_values):
    ordered = pd.Series(p_values).sort_values()
    return (ordered * np.arange(len(ordered), 0, -1)).cummax().clip(upper=1).sort_index()


RIGHT = {"03.1": [column_of_pandas], "03.3": [step_down]}
