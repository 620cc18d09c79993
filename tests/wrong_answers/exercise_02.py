"""Exercise 02: wrong answers that no table of mistakes holds, each with a fragment of its hint."""

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


def choice_for_each_model(y, candidate, baseline, confidence, n_resamples, rng):
    a, b = candidate == y, baseline == y
    gains = [
        np.mean(rng.choice(a, len(y))) - np.mean(rng.choice(b, len(y))) for _ in range(n_resamples)
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


def as_many_rows_as_resamples(y, candidate, baseline, confidence, n_resamples, rng):
    return ends(
        paired_gains(y, candidate, baseline, n_resamples, rng, size=n_resamples), confidence
    )


def candidate_alone(y, candidate, baseline, confidence, n_resamples, rng):
    right = candidate == y
    return ends(
        [right[rng.integers(len(y), size=len(y))].mean() for _ in range(n_resamples)], confidence
    )


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


def discordant_rows_alone(y, candidate, baseline, confidence, n_resamples, rng):
    difference = (candidate == y).astype(int) - (baseline == y)
    discordant = difference[difference != 0]
    rows = rng.integers(len(discordant), size=(n_resamples, len(discordant)))
    return ends(discordant[rows].sum(axis=1) / len(y), confidence)


def estimate_blocks(low, high, margin):
    if low >= margin:
        return "promote"
    return "block" if (low + high) / 2 < margin else "inconclusive"


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
    if low >= margin:
        return 0
    return 1 if high < margin else 2


def z_of(confidence):
    return NormalDist().inv_cdf((1 + confidence) / 2)


def rates(candidate_only, baseline_only, n):
    p, q = candidate_only / n, baseline_only / n
    return p - q, p + q - (p - q) ** 2


def unpaired_variance(candidate_only, baseline_only, n, margin, confidence):
    p, q = candidate_only / n, baseline_only / n
    return math.ceil(z_of(confidence) ** 2 * (p * (1 - p) + q * (1 - q)) / (p - q - margin) ** 2)


def not_rounded(candidate_only, baseline_only, n, margin, confidence):
    gain, variance = rates(candidate_only, baseline_only, n)
    return z_of(confidence) ** 2 * variance / (gain - margin) ** 2


def one_resample_short(*given):
    *rows, confidence, n_resamples, rng = given
    return ends(paired_gains(*rows, n_resamples - 1, rng), confidence)


def as_many_of_each_label(y, candidate, baseline, confidence, n_resamples, rng):
    difference = (candidate == y).astype(int) - (baseline == y)
    labels = [difference[y == label] for label in (0, 1) if (y == label).any()]
    gains = [
        sum(part[rng.integers(len(part), size=len(part))].sum() for part in labels) / len(y)
        for _ in range(n_resamples)
    ]
    return ends(gains, confidence)


def resamples_of_4000_rows(*given):
    *rows, confidence, n_resamples, rng = given
    return ends(paired_gains(*rows, n_resamples, rng, size=4000), confidence)


def resampled(each, y, confidence, n_resamples, rng):
    gains = [each[rng.integers(len(y), size=len(y))].mean() for _ in range(n_resamples)]
    return ends(gains, confidence)


def truths_subtracted(y, candidate, baseline, *rest):
    return resampled((candidate == y) - (baseline == y), y, *rest)


def bits_subtracted(y, candidate, baseline, *rest):
    return resampled(np.bitwise_xor(candidate == y, baseline == y), y, *rest)


def each_models_own_ends(y, candidate, baseline, confidence, n_resamples, rng):
    rows = [rng.integers(len(y), size=len(y)) for _ in range(n_resamples)]
    one, other = (
        ends([(model == y)[some].mean() for some in rows], confidence)
        for model in (candidate, baseline)
    )
    return tuple(one - other)


def rows_drawn_once(y, candidate, baseline, confidence, n_resamples, rng):
    rows = rng.integers(len(y), size=len(y))
    gain = np.mean(candidate[rows] == y[rows]) - np.mean(baseline[rows] == y[rows])
    return ends([gain] * n_resamples, confidence)


def errors_told_by_bits(y, candidate, baseline, *rest):
    return resampled(np.bitwise_xor(y, baseline) - np.bitwise_xor(y, candidate), y, *rest)


def counts_of_pairs(y, candidate, baseline, confidence, n_resamples, rng):
    pairs = ((candidate == y) & (baseline != y)).sum(), ((candidate != y) & (baseline == y)).sum()
    chances = np.array([*pairs, len(y) - sum(pairs)]) / len(y)
    better, worse, _ = rng.multinomial(len(y), chances, size=n_resamples).T
    return np.percentile((better - worse) / len(y), [50 - 50 * confidence, 50 + 50 * confidence])


def any_loss_blocks(low, high, margin):
    if high < 0:
        return "block"
    if margin <= low <= high:
        return "promote"
    return "block" if high < margin else "inconclusive"


def one_row_more(*given):
    return math.ceil(not_rounded(*given)) + 1


APART, ANEW, NO_RESAMPLE = (
    "Each model is scored on rows of its own",
    "as if all resamples were alike",
    "The ends are no gains of any resample",
)


WRONG = {
    "02.1": [
        (choice_for_each_model, APART),
        (same_state_for_every_replicate, ANEW),
        (own_generator, "the generator that is passed"),
        (unseeded_generator, "let it depend on nothing but its arguments"),
        (normal_interval, NO_RESAMPLE),
        (without_resampling, NO_RESAMPLE),
        (as_many_rows_as_resamples, "shares of another number of rows"),
        (always_1000_resamples, "the two ends differ: how many do you draw"),
        (separate_intervals, "The interval is too wide"),
        (labels_drawn_apart, "would if predictions met labels of other rows"),
        (truths_subtracted, "Numpy takes no True from a True"),
        (bits_subtracted, "whichever of them is right"),
        (each_models_own_ends, "The interval is too narrow"),
        (rows_drawn_once, "as if all resamples were alike"),
        (discordant_rows_alone, "Only rows on which the models differ are drawn"),
        (one_resample_short, "on a single resample"),
        (as_many_of_each_label, "The interval is too narrow on"),
        (resamples_of_4000_rows, "or does a resample hold more rows?"),
    ],
    "02.2": [
        (estimate_blocks, "A middle below the margin blocks"),
        (any_loss_blocks, "is not what the interval says"),
        (slack, "On a lower end a hair below the margin"),
        (nan_falls_through, "On an interval with NaN as its ends, this promotes"),
        (nan_above, "On an interval with NaN as its upper end, this promotes"),
        (nan_test_of_numpy, "takes no exact fractions"),
        (exit_statuses, "the decision is a single number; it should be text"),
    ],
    "02.3": [
        ((7, 4000), "a leak"),
        (("12", 2000), "The seed is a str"),
        ((12, math.nan), "The n is not a finite number"),
        (12, "it should return two values, (seed, n)"),
    ],
    "02.4": [
        (unpaired_variance, "as if they were independent"),
        (not_rounded, "is not a whole number"),
        (one_row_more, "on models that differ on few rows"),
    ],
}


RIGHT = {"02.1": [errors_told_by_bits, counts_of_pairs]}
