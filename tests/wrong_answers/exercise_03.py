"""Exercise 03: wrong answers that no table of mistakes holds, each with a fragment of its hint."""

import math

import numpy as np

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


def accuracies(n_groups, rows, accuracy, n_worlds, rng):
    return rng.binomial(rows, accuracy, size=(n_worlds, n_groups)) / rows


def summary(gaps, measured):
    return np.mean(gaps), np.mean(np.array(gaps) >= measured)


def two_groups(n_groups, rows, accuracy, measured, n_worlds, rng):
    right = accuracies(2, rows, accuracy, n_worlds, rng)
    return summary(abs(right[:, 0] - right[:, 1]), measured)


def signed(n_groups, rows, accuracy, measured, n_worlds, rng):
    right = accuracies(n_groups, rows, accuracy, n_worlds, rng)
    return summary(right[:, 0] - right[:, -1], measured)


def deviation(n_groups, rows, accuracy, measured, n_worlds, rng):
    return summary(accuracies(n_groups, rows, accuracy, n_worlds, rng).std(axis=1), measured)


def deviation_ddof(n_groups, rows, accuracy, measured, n_worlds, rng):
    return summary(
        accuracies(n_groups, rows, accuracy, n_worlds, rng).std(axis=1, ddof=1), measured
    )


def best_minus_overall(n_groups, rows, accuracy, measured, n_worlds, rng):
    right = accuracies(n_groups, rows, accuracy, n_worlds, rng)
    return summary(right.max(axis=1) - right.mean(axis=1), measured)


def largest_distance_to_the_truth(n_groups, rows, accuracy, measured, n_worlds, rng):
    return summary(
        abs(accuracies(n_groups, rows, accuracy, n_worlds, rng) - accuracy).max(axis=1), measured
    )


def same_rows_for_all_groups(n_groups, rows, accuracy, measured, n_worlds, rng):
    gaps = []
    for _ in range(n_worlds):
        parts = [np.random.default_rng(0).binomial(rows, accuracy) / rows for _ in range(n_groups)]
        gaps.append(max(parts) - min(parts))
    return summary(gaps, measured)


def in_rows(n_groups, rows, accuracy, measured, n_worlds, rng):
    gaps = np.ptp(rng.binomial(rows, accuracy, size=(n_worlds, n_groups)), axis=1)
    return np.mean(gaps), np.mean(gaps >= measured * rows)


def in_percent(n_groups, rows, accuracy, measured, n_worlds, rng):
    average, share = summary(
        np.ptp(accuracies(n_groups, rows, accuracy, n_worlds, rng), axis=1), measured
    )
    return 100 * average, share


def within_the_measured(n_groups, rows, accuracy, measured, n_worlds, rng):
    gaps = np.ptp(accuracies(n_groups, rows, accuracy, n_worlds, rng), axis=1)
    return gaps.mean(), np.mean(gaps < measured)


def number_of_worlds(n_groups, rows, accuracy, measured, n_worlds, rng):
    gaps = np.ptp(accuracies(n_groups, rows, accuracy, n_worlds, rng), axis=1)
    return gaps.mean(), np.sum(gaps >= measured)


def largest_of_all_worlds(n_groups, rows, accuracy, measured, n_worlds, rng):
    gaps = np.ptp(accuracies(n_groups, rows, accuracy, n_worlds, rng), axis=1)
    return gaps.max(), np.mean(gaps >= measured)


def against_the_average(n_groups, rows, accuracy, measured, n_worlds, rng):
    gaps = np.ptp(accuracies(n_groups, rows, accuracy, n_worlds, rng), axis=1)
    return gaps.mean(), np.mean(gaps >= gaps.mean())


def own_number_of_worlds(n_groups, rows, accuracy, measured, n_worlds, rng):
    return summary(np.ptp(accuracies(n_groups, rows, accuracy, 5000, rng), axis=1), measured)


def own_generator(n_groups, rows, accuracy, measured, n_worlds, rng):
    return summary(
        np.ptp(accuracies(n_groups, rows, accuracy, n_worlds, np.random.default_rng(0)), axis=1),
        measured,
    )


def unseeded_generator(n_groups, rows, accuracy, measured, n_worlds, rng):
    return summary(
        np.ptp(accuracies(n_groups, rows, accuracy, n_worlds, np.random.default_rng()), axis=1),
        measured,
    )


def share_first(n_groups, rows, accuracy, measured, n_worlds, rng):
    return summary(np.ptp(accuracies(n_groups, rows, accuracy, n_worlds, rng), axis=1), measured)[
        ::-1
    ]


def always_fifty_rows(n_groups, rows, accuracy, measured, n_worlds, rng):
    return summary(np.ptp(accuracies(n_groups, 50, accuracy, n_worlds, rng), axis=1), measured)


def above_the_measured(n_groups, rows, accuracy, measured, n_worlds, rng):
    gaps = np.ptp(accuracies(n_groups, rows, accuracy, n_worlds, rng), axis=1)
    return gaps.mean(), np.mean(gaps > measured)


def normal_accuracies(n_groups, rows, accuracy, measured, n_worlds, rng):
    right = rng.normal(
        accuracy, (accuracy * (1 - accuracy) / rows) ** 0.5, size=(n_worlds, n_groups)
    )
    return summary(np.ptp(right, axis=1), measured)


def row_by_row(n_groups, rows, accuracy, measured, n_worlds, rng):
    gaps = []
    for _ in range(n_worlds):
        right = [
            sum(rng.choice([1, 0], p=[accuracy, 1 - accuracy]) for _ in range(rows)) / rows
            for _ in range(n_groups)
        ]
        gaps.append(max(right) - min(right))
    return summary(gaps, measured)


TWO_ONLY, SPREAD, MIDDLE = (
    "between the same two groups",
    "The standard deviation of the accuracies",
    "taken from the middle",
)


WRONG = {
    "03.1": [
        (no_running_maximum, "carry the largest so far along"),
        (decisions_instead, "is True or False; it should be a number"),
        (changes_its_input, "changed its inputs"),
    ],
    "03.2": [
        (rank_off_by_one, "The ranks are off by one"),
        (normal_approximation, "near, and not exact"),
        (simulated_best, "near, and not exact"),
    ],
    "03.3": [
        (losing_slices_only, "Only the slices with a loss are counted"),
        (count_of_losses, "a list of the names"),
    ],
    "03.4": [
        (two_groups, TWO_ONLY),
        (signed, "The gap has a sign"),
        (deviation, SPREAD),
        (deviation_ddof, SPREAD),
        (best_minus_overall, MIDDLE),
        (largest_distance_to_the_truth, MIDDLE),
        (same_rows_for_all_groups, "All groups draw the same rows"),
        (in_rows, "counted in rows"),
        (in_percent, "in percent"),
        (within_the_measured, "The share is turned round"),
        (number_of_worlds, "a count of worlds"),
        (largest_of_all_worlds, "the largest gap of all worlds"),
        (against_the_average, "the share counts something else"),
        (own_number_of_worlds, "how many worlds do you draw"),
        (own_generator, "draw from the generator that is passed"),
        (unseeded_generator, "let it depend on nothing but its arguments"),
        (share_first, "in the other order"),
        (always_fifty_rows, "The average gap is too"),
        (above_the_measured, "leaves out the worlds"),
        (normal_accuracies, "draw how many come out right"),
        (row_by_row, "rows drawn one by one"),
    ],
}
