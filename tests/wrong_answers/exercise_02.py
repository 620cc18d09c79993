"""Exercise 02: plausible wrong answers as a student would write them, and a fragment of the hint each must get."""

import copy
import math
from fractions import Fraction
from statistics import NormalDist

import numpy as np


def ends(gains, confidence):
    return np.quantile(gains, [(1 - confidence) / 2, (1 + confidence) / 2])


def paired_gains(y, candidate, baseline, n_resamples, rng, size=None):
    difference = (candidate == y).astype(int) - (baseline == y)
    return np.array(
        [difference[rng.integers(len(y), size=size or len(y))].mean() for _ in range(n_resamples)]
    )


def two_index_draws(y, candidate, baseline, confidence, n_resamples, rng):
    gains = []
    for _ in range(n_resamples):
        i, j = rng.integers(len(y), size=len(y)), rng.integers(len(y), size=len(y))
        gains.append((candidate[i] == y[i]).mean() - (baseline[j] == y[j]).mean())
    return ends(gains, confidence)


def one_model_after_the_other(y, candidate, baseline, confidence, n_resamples, rng):
    accuracies = []
    for model in (candidate, baseline):
        rows = rng.integers(len(y), size=(n_resamples, len(y)))
        accuracies.append((model == y)[rows].mean(axis=1))
    return ends(accuracies[0] - accuracies[1], confidence)


def choice_for_each_model(y, candidate, baseline, confidence, n_resamples, rng):
    a, b = candidate == y, baseline == y
    gains = [
        np.mean(rng.choice(a, len(y))) - np.mean(rng.choice(b, len(y))) for _ in range(n_resamples)
    ]
    return ends(gains, confidence)


def one_sided(y, candidate, baseline, confidence, n_resamples, rng):
    gains = paired_gains(y, candidate, baseline, n_resamples, rng)
    return np.quantile(gains, 1 - confidence), np.quantile(gains, confidence)


def same_seed_for_every_replicate(y, candidate, baseline, confidence, n_resamples, rng):
    gains = [
        paired_gains(y, candidate, baseline, 1, np.random.default_rng(0))[0]
        for _ in range(n_resamples)
    ]
    return ends(gains, confidence)


def same_state_for_every_replicate(y, candidate, baseline, confidence, n_resamples, rng):
    gains = [
        paired_gains(y, candidate, baseline, 1, copy.deepcopy(rng))[0] for _ in range(n_resamples)
    ]
    return ends(gains, confidence)


def own_generator(y, candidate, baseline, confidence, n_resamples, rng):
    return ends(
        paired_gains(y, candidate, baseline, n_resamples, np.random.default_rng(0)), confidence
    )


def unseeded_generator(y, candidate, baseline, confidence, n_resamples, rng):
    return ends(
        paired_gains(y, candidate, baseline, n_resamples, np.random.default_rng()), confidence
    )


def normal_interval(y, candidate, baseline, confidence, n_resamples, rng):
    gains = paired_gains(y, candidate, baseline, n_resamples, rng)
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    return gains.mean() - z * gains.std(ddof=1), gains.mean() + z * gains.std(ddof=1)


def without_resampling(y, candidate, baseline, confidence, n_resamples, rng):
    difference = (candidate == y).astype(int) - (baseline == y)
    reach = NormalDist().inv_cdf((1 + confidence) / 2) * difference.std() / math.sqrt(len(y))
    return difference.mean() - reach, difference.mean() + reach


def deviation_of_rows(y, candidate, baseline, confidence, n_resamples, rng):
    difference = (candidate == y).astype(int) - (baseline == y)
    reach = NormalDist().inv_cdf((1 + confidence) / 2) * difference.std(ddof=1)
    return difference.mean() - reach, difference.mean() + reach


def divided_by_root_n(y, candidate, baseline, confidence, n_resamples, rng):
    gains = paired_gains(y, candidate, baseline, max(n_resamples, 2), rng)
    reach = NormalDist().inv_cdf((1 + confidence) / 2) * gains.std(ddof=1) / math.sqrt(len(y))
    return gains.mean() - reach, gains.mean() + reach


def without_replacement(y, candidate, baseline, confidence, n_resamples, rng):
    difference = (candidate == y).astype(int) - (baseline == y)
    return ends([rng.permutation(difference).mean() for _ in range(n_resamples)], confidence)


def as_many_rows_as_resamples(y, candidate, baseline, confidence, n_resamples, rng):
    return ends(
        paired_gains(y, candidate, baseline, n_resamples, rng, size=n_resamples), confidence
    )


def half_the_rows(y, candidate, baseline, confidence, n_resamples, rng):
    return ends(
        paired_gains(y, candidate, baseline, n_resamples, rng, size=len(y) // 2), confidence
    )


def always_100_rows(y, candidate, baseline, confidence, n_resamples, rng):
    return ends(paired_gains(y, candidate, baseline, n_resamples, rng, size=100), confidence)


def candidate_alone(y, candidate, baseline, confidence, n_resamples, rng):
    right = candidate == y
    return ends(
        [right[rng.integers(len(y), size=len(y))].mean() for _ in range(n_resamples)], confidence
    )


def percent(y, candidate, baseline, confidence, n_resamples, rng):
    return ends(100 * paired_gains(y, candidate, baseline, n_resamples, rng), confidence)


def sign_flipped(y, candidate, baseline, confidence, n_resamples, rng):
    return ends(paired_gains(y, baseline, candidate, n_resamples, rng), confidence)


def levels_read_as_percent(y, candidate, baseline, confidence, n_resamples, rng):
    gains = paired_gains(y, candidate, baseline, n_resamples, rng)
    return np.percentile(gains, [(1 - confidence) / 2, (1 + confidence) / 2])


def always_95(y, candidate, baseline, confidence, n_resamples, rng):
    return ends(paired_gains(y, candidate, baseline, n_resamples, rng), 0.95)


def extremes(y, candidate, baseline, confidence, n_resamples, rng):
    gains = paired_gains(y, candidate, baseline, n_resamples, rng)
    return gains.min(), gains.max()


def high_first(y, candidate, baseline, confidence, n_resamples, rng):
    return ends(paired_gains(y, candidate, baseline, n_resamples, rng), confidence)[::-1]


def always_1000_resamples(y, candidate, baseline, confidence, n_resamples, rng):
    return ends(paired_gains(y, candidate, baseline, 1000, rng), confidence)


def separate_intervals(y, candidate, baseline, confidence, n_resamples, rng):
    low, high = candidate_alone(y, candidate, baseline, confidence, n_resamples, rng)
    other_low, other_high = candidate_alone(y, baseline, candidate, confidence, n_resamples, rng)
    return low - other_high, high - other_low


def labels_drawn_apart(y, candidate, baseline, confidence, n_resamples, rng):
    gains = []
    for _ in range(n_resamples):
        i, j = rng.integers(len(y), size=len(y)), rng.integers(len(y), size=len(y))
        gains.append((candidate[i] == y[j]).mean() - (baseline[i] == y[j]).mean())
    return ends(gains, confidence)


def basic_interval(y, candidate, baseline, confidence, n_resamples, rng):
    low, high = ends(paired_gains(y, candidate, baseline, n_resamples, rng), confidence)
    measured = (candidate == y).mean() - (baseline == y).mean()
    return 2 * measured - high, 2 * measured - low


def drawn_between(y, candidate, baseline, confidence, n_resamples, rng, first, stop):
    difference = (candidate == y).astype(int) - (baseline == y)
    return ends(
        difference[rng.integers(first, stop, size=(n_resamples, len(y)))].mean(axis=1), confidence
    )


def never_the_last_row(y, candidate, baseline, confidence, n_resamples, rng):
    return drawn_between(y, candidate, baseline, confidence, n_resamples, rng, 0, len(y) - 1)


def never_the_first_row(y, candidate, baseline, confidence, n_resamples, rng):
    return drawn_between(y, candidate, baseline, confidence, n_resamples, rng, 1, len(y))


def discordant_rows_alone(y, candidate, baseline, confidence, n_resamples, rng):
    difference = (candidate == y).astype(int) - (baseline == y)
    discordant = difference[difference != 0]
    rows = rng.integers(len(discordant), size=(n_resamples, len(discordant)))
    return ends(discordant[rows].sum(axis=1) / len(y), confidence)


def row_by_row(y, candidate, baseline, confidence, n_resamples, rng):
    difference = (candidate == y).astype(int) - (baseline == y)
    gains = []
    for _ in range(n_resamples):
        rows = [np.random.default_rng(rng.integers(2**32)).integers(len(y)) for _ in range(len(y))]
        gains.append(difference[rows].mean())
    return ends(gains, confidence)


def upper_for_lower(low, high, margin):
    return "promote" if high >= margin else "block"


def upper_for_lower_three_ways(low, high, margin):
    if high >= margin:
        return "promote"
    return "block" if low < margin else "inconclusive"


def point_estimate(low, high, margin):
    if (low + high) / 2 >= margin:
        return "promote"
    return "block" if high < margin else "inconclusive"


def plain_gate(low, high, margin):
    return "promote" if (low + high) / 2 >= margin else "block"


def estimate_blocks(low, high, margin):
    if low >= margin:
        return "promote"
    return "block" if (low + high) / 2 < margin else "inconclusive"


def strictly_above(low, high, margin):
    if low > margin:
        return "promote"
    return "block" if high < margin else "inconclusive"


def at_the_margin_blocks(low, high, margin):
    if low >= margin:
        return "promote"
    return "block" if high <= margin else "inconclusive"


def both_strict(low, high, margin):
    if low > margin:
        return "promote"
    return "block" if high <= margin else "inconclusive"


def zero_for_margin(low, high, margin):
    if low > 0:
        return "promote"
    return "block" if high < 0 else "inconclusive"


def blocks_on_a_loss_only(low, high, margin):
    if low >= margin:
        return "promote"
    return "block" if high <= 0 else "inconclusive"


def promotes_on_any_gain(low, high, margin):
    if low > 0:
        return "promote"
    return "block" if high < margin else "inconclusive"


def never_inconclusive(low, high, margin):
    return "promote" if low >= margin else "block"


def never_blocks(low, high, margin):
    return "promote" if low >= margin else "inconclusive"


def swapped(low, high, margin):
    if low >= margin:
        return "promote"
    return "inconclusive" if high < margin else "block"


def fixed_margin(low, high, margin):
    if low >= Fraction("0.005"):
        return "promote"
    return "block" if high < Fraction("0.005") else "inconclusive"


def slack(low, high, margin):
    if low >= margin - Fraction(1, 10**9):
        return "promote"
    return "block" if high < margin else "inconclusive"


def nan_falls_through(low, high, margin):
    if high < margin:
        return "block"
    return "inconclusive" if low < margin else "promote"


def nan_above(low, high, margin):
    if low >= margin:
        return "promote"
    return "block" if high < margin else "inconclusive"


def nan_test_of_numpy(low, high, margin):
    if np.isnan(low) or np.isnan(high):
        return "inconclusive"
    return nan_above(low, high, margin)


def exit_statuses(low, high, margin):
    return 0 if low >= margin else 1 if high < margin else 2


def z_of(confidence):
    return NormalDist().inv_cdf((1 + confidence) / 2)


def rates(candidate_only, baseline_only, n):
    p, q = candidate_only / n, baseline_only / n
    return p - q, p + q - (p - q) ** 2


def gain_for_distance(candidate_only, baseline_only, n, margin, confidence):
    gain, variance = rates(candidate_only, baseline_only, n)
    return math.ceil(z_of(confidence) ** 2 * variance / gain**2) if gain else 0


def distance_not_squared(candidate_only, baseline_only, n, margin, confidence):
    gain, variance = rates(candidate_only, baseline_only, n)
    return math.ceil(z_of(confidence) ** 2 * variance / abs(gain - margin))


def deviation_for_variance(candidate_only, baseline_only, n, margin, confidence):
    gain, variance = rates(candidate_only, baseline_only, n)
    return math.ceil(z_of(confidence) ** 2 * math.sqrt(variance) / (gain - margin) ** 2)


def one_sided_z(candidate_only, baseline_only, n, margin, confidence):
    gain, variance = rates(candidate_only, baseline_only, n)
    return math.ceil(NormalDist().inv_cdf(confidence) ** 2 * variance / (gain - margin) ** 2)


def z_not_squared(candidate_only, baseline_only, n, margin, confidence):
    gain, variance = rates(candidate_only, baseline_only, n)
    return math.ceil(z_of(confidence) * variance / (gain - margin) ** 2)


def always_196(candidate_only, baseline_only, n, margin, confidence):
    gain, variance = rates(candidate_only, baseline_only, n)
    return math.ceil(1.96**2 * variance / (gain - margin) ** 2)


def unpaired_variance(candidate_only, baseline_only, n, margin, confidence):
    p, q = candidate_only / n, baseline_only / n
    return math.ceil(z_of(confidence) ** 2 * (p * (1 - p) + q * (1 - q)) / (p - q - margin) ** 2)


def mean_square(candidate_only, baseline_only, n, margin, confidence):
    p, q = candidate_only / n, baseline_only / n
    return math.ceil(z_of(confidence) ** 2 * (p + q) / (p - q - margin) ** 2)


def variance_of_the_mean(candidate_only, baseline_only, n, margin, confidence):
    gain, variance = rates(candidate_only, baseline_only, n)
    return math.ceil(z_of(confidence) ** 2 * variance / n / (gain - margin) ** 2)


def rounded_down(candidate_only, baseline_only, n, margin, confidence):
    gain, variance = rates(candidate_only, baseline_only, n)
    return int(z_of(confidence) ** 2 * variance / (gain - margin) ** 2)


def rounded(candidate_only, baseline_only, n, margin, confidence):
    gain, variance = rates(candidate_only, baseline_only, n)
    return round(z_of(confidence) ** 2 * variance / (gain - margin) ** 2)


def not_rounded(candidate_only, baseline_only, n, margin, confidence):
    gain, variance = rates(candidate_only, baseline_only, n)
    return z_of(confidence) ** 2 * variance / (gain - margin) ** 2


def still_missing(candidate_only, baseline_only, n, margin, confidence):
    gain, variance = rates(candidate_only, baseline_only, n)
    return math.ceil(z_of(confidence) ** 2 * variance / (gain - margin) ** 2) - n


def margin_added(candidate_only, baseline_only, n, margin, confidence):
    gain, variance = rates(candidate_only, baseline_only, n)
    return (
        math.ceil(z_of(confidence) ** 2 * variance / (gain + margin) ** 2) if gain + margin else 0
    )


APART, ANEW, NO_RESAMPLE = (
    "Each model is scored on rows of its own",
    "All resamples are alike",
    "These are no gains of any resample",
)
UPPER, MIDDLE, ZERO = (
    "The upper end is held against the margin",
    "The middle of the interval",
    "The interval is held against zero",
)

WRONG = {
    "02.1": [
        (two_index_draws, APART),
        (one_model_after_the_other, APART),
        (choice_for_each_model, APART),
        (one_sided, "left out on each side"),
        (same_seed_for_every_replicate, ANEW),
        (same_state_for_every_replicate, ANEW),
        (own_generator, "the generator that is passed"),
        (unseeded_generator, "let it depend on nothing but its arguments"),
        (normal_interval, NO_RESAMPLE),
        (without_resampling, NO_RESAMPLE),
        (deviation_of_rows, "as wide as single rows scatter"),
        (divided_by_root_n, "divided by a root once more"),
        (without_replacement, "the holdout itself in another order"),
        (as_many_rows_as_resamples, "another size than the holdout"),
        (half_the_rows, "another size than the holdout"),
        (always_100_rows, "another size than the holdout"),
        (candidate_alone, "the candidate's accuracy alone"),
        (percent, "in percent"),
        (sign_flipped, "The sign is turned round"),
        (levels_read_as_percent, "read as percent"),
        (always_95, "The confidence plays no part"),
        (extremes, "the smallest and the largest"),
        (high_first, "in the other order"),
        (always_1000_resamples, "does the number of resamples play no part"),
        (separate_intervals, "The interval is too wide"),
        (labels_drawn_apart, "The interval is"),
        (basic_interval, "the mirror image of the percentile interval"),
        (never_the_last_row, "The last row is never drawn"),
        (never_the_first_row, "The first row is never drawn"),
        (discordant_rows_alone, "Only rows on which the models differ are drawn"),
        (row_by_row, "draw all rows of a resample in one call"),
    ],
    "02.2": [
        (upper_for_lower, UPPER),
        (upper_for_lower_three_ways, UPPER),
        (point_estimate, MIDDLE),
        (plain_gate, MIDDLE),
        (estimate_blocks, "A middle below the margin blocks"),
        (strictly_above, "A lower end of exactly the margin clears it"),
        (at_the_margin_blocks, "An upper end of exactly the margin does not rule it out"),
        (both_strict, "Both comparisons"),
        (zero_for_margin, ZERO),
        (blocks_on_a_loss_only, "the upper one against zero"),
        (promotes_on_any_gain, "The lower end is held against zero"),
        (never_inconclusive, "Whatever does not clear the margin is blocked"),
        (never_blocks, "Nothing is ever blocked"),
        (swapped, "here it is the reverse"),
        (fixed_margin, "The margin is a fixed number"),
        (slack, "On a lower end a hair below the margin"),
        (nan_falls_through, "On an interval with NaN as its ends, this promotes"),
        (nan_above, "On an interval with NaN as its upper end, this promotes"),
        (nan_test_of_numpy, "takes no exact fractions"),
        (exit_statuses, "the decision is a single number; it should be text"),
    ],
    "02.3": [
        ((2, 8000), "better beyond doubt"),
        ((99, 120), "The plain gate does not promote"),
        ((7, 4000), "a leak"),
        ((1, 600), "That seed made the baseline"),
        ((12, 2000), "That seed is the lesson's"),
        ((12, 20), "within the bounds"),
        ((12, 50_000), "within the bounds"),
        ((-1, 2000), "zero or more"),
        ((12.5, 2000), "whole numbers"),
        (("12", 2000), "The seed is a str"),
        ((12, math.nan), "The n is not a finite number"),
        (12, "it should return two values, (seed, n)"),
    ],
    "02.4": [
        (gain_for_distance, "here it is the gain itself"),
        (distance_not_squared, "The distance is not squared"),
        (deviation_for_variance, "The standard deviation stands where the variance should"),
        (one_sided_z, "The z is one-sided"),
        (z_not_squared, "The z is not squared"),
        (always_196, "The confidence plays no part"),
        (unpaired_variance, "as if they were independent"),
        (mean_square, "The square of the gain is not subtracted"),
        (variance_of_the_mean, "that of the mean gain"),
        (rounded_down, "cut off or rounded down"),
        (rounded, "rounded to the nearest"),
        (not_rounded, "is not a whole number"),
        (still_missing, "the rows that are still missing"),
        (margin_added, "The margin is added"),
    ],
}
