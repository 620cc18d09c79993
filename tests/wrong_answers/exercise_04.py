"""Exercise 04: plausible wrong answers as a student would write them, and a fragment of the hint each must get."""

import math

import numpy as np
from scipy import stats

from labsupport.noise import noise_floor

# ---- 04.1


def numpys_default(right, n_rows):
    return np.sqrt(2) * np.std(right / n_rows)


def all_pairs_with_themselves(right, n_rows):
    return np.std((right[:, None] - right) / n_rows)


def one_run(right, n_rows):
    return np.std(right / n_rows, ddof=1)


def one_run_numpys_default(right, n_rows):
    return (right / n_rows).std()


def standard_error(right, n_rows):
    return np.sqrt(2) * np.std(right / n_rows, ddof=1) / np.sqrt(len(right))


def scipys_standard_error(right, n_rows):
    return stats.sem(right / n_rows)


def twice_the_deviation(right, n_rows):
    deviation = np.std(right / n_rows, ddof=1)
    return deviation + deviation


def variance(right, n_rows):
    return 2 * np.var(right / n_rows, ddof=1)


def luck_cancels(right, n_rows):
    one = np.var(right / n_rows, ddof=1)
    return math.sqrt(one - one)


def range_of_runs(right, n_rows):
    return (max(right) - min(right)) / n_rows


def binomial(right, n_rows):
    p = np.mean(right) / n_rows
    return np.sqrt(p * (1 - p) / n_rows)


def binomial_of_both(right, n_rows):
    p = np.mean(right / n_rows)
    return np.sqrt(2 * p * (1 - p) / n_rows)


def best_minus_mean(right, n_rows):
    return (np.max(right) - np.mean(right)) / n_rows


def around_the_best(right, n_rows):
    accuracy = right / n_rows
    return np.sqrt(2 * np.mean((accuracy - accuracy.max()) ** 2))


def average_distance(right, n_rows):
    k = len(right)
    return np.abs(right[:, None] - right).sum() / (k * (k - 1)) / n_rows


def pairs_one_way(right, n_rows):
    return np.std([(a - b) / n_rows for i, a in enumerate(right) for b in right[:i]])


def pairs_one_fewer(right, n_rows):
    return np.std((right[:, None] - right)[~np.eye(len(right), dtype=bool)] / n_rows, ddof=1)


def neighbours(right, n_rows):
    return np.std(np.diff(right / n_rows))


def in_rows(right, n_rows):
    return np.sqrt(2) * np.std(right, ddof=1)


def in_percent(right, n_rows):
    return 100 * np.sqrt(2) * np.std(right / n_rows, ddof=1)


def two_runs_only(right, n_rows):
    return abs(right[0] - right[1]) / n_rows


def the_labs_object(right, n_rows):
    return noise_floor(right / n_rows)


# ---- 04.2


def two_tails(rate, noise):
    return noise * stats.norm.ppf(1 - rate / 2)


def lower_tail(rate, noise):
    return stats.norm.ppf(rate, scale=noise)


def quantile_alone(rate, noise):
    return stats.norm.isf(rate)


def both_runs_again(rate, noise):
    return math.sqrt(2) * noise * stats.norm.isf(rate)


def noise_of_one_run(rate, noise):
    return noise / math.sqrt(2) * stats.norm.isf(rate)


def noise_squared(rate, noise):
    return stats.norm.isf(rate, 0, noise**2)


def root_of_the_noise(rate, noise):
    return stats.norm.isf(rate, 0, np.sqrt(noise))


def two_sigma(rate, noise):
    return 2 * noise


def textbook(rate, noise):
    return 1.96 * noise


def one_in_fifty_always(rate, noise):
    return stats.norm.isf(1 / 50) * noise


def share_of_the_noise(rate, noise):
    return (1 - rate) * noise


def probability(rate, noise):
    return stats.norm.cdf(1 - rate) * noise


def rate_in_percent(rate, noise):
    return noise * stats.norm.isf(rate / 100)


def chebyshev(rate, noise):
    return noise / np.sqrt(rate)


def three_digits(rate, noise):
    return round(noise * stats.norm.isf(rate), 3)


def students_t(rate, noise):
    return noise * stats.t.isf(rate, 9)


def simulated(rate, noise):
    return np.quantile(np.random.default_rng(0).normal(0, noise, 1000), 1 - rate)


# ---- 04.3


def as_they_come(shards):
    total = np.float32(0)
    for shard in shards:
        total += shard.sum()
    return total


def one_by_one(shards):
    total = np.float32(0)
    for shard in shards:
        for value in shard:
            total += value
    return total


def put_together(shards):
    return np.sum(np.concatenate(shards))


def python_sum(shards):
    return sum(sum(float(value) for value in shard) for shard in shards)


def float64(shards):
    return np.concatenate(shards).astype(np.float64).sum()


def float64_and_back(shards):
    return np.float32(np.concatenate(shards).sum(dtype=np.float64))


def long_double(shards):
    return np.concatenate(shards).sum(dtype=np.longdouble).astype(float)


def neumaier(shards):
    total, lost = 0.0, 0.0
    for value in np.concatenate(shards).astype(float):
        new = total + value
        lost += (total - new) + value if abs(total) >= abs(value) else (value - new) + total
        total = new
    return total + lost


def partial_sums_sorted(shards):
    return np.sum(np.sort([shard.sum() for shard in shards]))


def partial_sums_exact(shards):
    return math.fsum(shard.sum() for shard in shards)


def by_size_of_shard(shards):
    return sum(shard.sum() for shard in sorted(shards, key=lambda shard: (len(shard), shard.sum())))


def fsum_per_shard(shards):
    return sum(math.fsum(shard) for shard in shards)


def fsum_per_shard_sorted(shards):
    return sum(sorted(np.float32(math.fsum(shard)) for shard in shards))


def two_decimals(shards):
    return round(float(np.concatenate(shards).sum()), 2)


def float32_decimals(shards):
    return np.round(np.concatenate(shards).sum(), 3)


def significant_digits(shards):
    return float(f"{np.concatenate(shards).sum():.4g}")


def exact_and_rounded(shards):
    return round(math.fsum(np.concatenate(shards)), 6)


def whole_number(shards):
    return int(np.concatenate(shards).sum())


def all_sorted(shards):
    return np.sort(np.concatenate(shards)).sum()


def all_sorted_float64(shards):
    return sum(sorted(float(value) for shard in shards for value in shard))


def largest_first(shards):
    return sum(sorted(np.concatenate(shards).astype(float), key=lambda value: (-abs(value), value)))


def largest_first_float32(shards):
    return np.float32(largest_first(shards))


def smallest_first(shards):
    return sum(sorted(np.concatenate(shards).astype(float), key=lambda value: (abs(value), value)))


def duplicates_lost(shards):
    return math.fsum({float(value) for shard in shards for value in shard})


def nothing_at_all(shards):
    return 0.0


def mean(shards):
    return math.fsum(np.concatenate(shards)) / len(np.concatenate(shards))


def scribbles(shards):
    for shard in shards:
        shard.sort()
    return math.fsum(np.concatenate(shards))


# ---- 04.4


def around(gain, confidence, error):
    reach = stats.norm.isf((1 - confidence) / 2) * error
    return gain - reach, gain + reach


def rows_only(gain, rows_variance, seed_variance, k_a, k_b, confidence):
    return around(gain, confidence, np.sqrt(rows_variance))


def seeds_only(gain, rows_variance, seed_variance, k_a, k_b, confidence):
    return around(gain, confidence, np.sqrt(seed_variance / k_a + seed_variance / k_b))


def deviations_added(gain, rows_variance, seed_variance, k_a, k_b, confidence):
    return around(
        gain,
        confidence,
        np.sqrt(rows_variance) + np.sqrt(seed_variance / k_a + seed_variance / k_b),
    )


def all_deviations_added(gain, rows_variance, seed_variance, k_a, k_b, confidence):
    return around(
        gain,
        confidence,
        sum(map(np.sqrt, (rows_variance, seed_variance / k_a, seed_variance / k_b))),
    )


def deviation_for_error(gain, rows_variance, seed_variance, k_a, k_b, confidence):
    return around(gain, confidence, np.sqrt(rows_variance + 2 * seed_variance))


def one_seed_variance(gain, rows_variance, seed_variance, k_a, k_b, confidence):
    return around(gain, confidence, np.sqrt(rows_variance + seed_variance))


def root_of_the_runs(gain, rows_variance, seed_variance, k_a, k_b, confidence):
    return around(
        gain,
        confidence,
        np.sqrt(rows_variance + seed_variance / k_a**0.5 + seed_variance / k_b**0.5),
    )


def runs_squared(gain, rows_variance, seed_variance, k_a, k_b, confidence):
    return around(
        gain, confidence, np.sqrt(rows_variance + seed_variance / k_a**2 + seed_variance / k_b**2)
    )


def baseline_forgotten(gain, rows_variance, seed_variance, k_a, k_b, confidence):
    return around(gain, confidence, np.sqrt(rows_variance + seed_variance / k_a))


def pooled(gain, rows_variance, seed_variance, k_a, k_b, confidence):
    return around(gain, confidence, np.sqrt(rows_variance + 2 * seed_variance / (k_a + k_b)))


def average_number_of_runs(gain, rows_variance, seed_variance, k_a, k_b, confidence):
    return around(gain, confidence, np.sqrt(rows_variance + 2 * seed_variance / ((k_a + k_b) / 2)))


def subtracted(gain, rows_variance, seed_variance, k_a, k_b, confidence):
    return around(
        gain, confidence, np.sqrt(rows_variance + abs(seed_variance / k_a - seed_variance / k_b))
    )


def rows_divided_too(gain, rows_variance, seed_variance, k_a, k_b, confidence):
    return around(gain, confidence, np.sqrt((rows_variance + seed_variance) * (1 / k_a + 1 / k_b)))


def no_root(gain, rows_variance, seed_variance, k_a, k_b, confidence):
    return around(gain, confidence, rows_variance + seed_variance / k_a + seed_variance / k_b)


def one_sided(gain, rows_variance, seed_variance, k_a, k_b, confidence):
    reach = stats.norm.ppf(confidence) * np.sqrt(
        rows_variance + seed_variance / k_a + seed_variance / k_b
    )
    return gain - reach, gain + reach


def always_95(gain, rows_variance, seed_variance, k_a, k_b, confidence):
    reach = 1.96 * np.sqrt(rows_variance + seed_variance / k_a + seed_variance / k_b)
    return gain - reach, gain + reach


def turned_round(gain, rows_variance, seed_variance, k_a, k_b, confidence):
    return around(
        gain, confidence, -np.sqrt(rows_variance + seed_variance / k_a + seed_variance / k_b)
    )


def distances(gain, rows_variance, seed_variance, k_a, k_b, confidence):
    return around(0, confidence, np.sqrt(rows_variance + seed_variance / k_a + seed_variance / k_b))


def students_interval(gain, rows_variance, seed_variance, k_a, k_b, confidence):
    error = np.sqrt(rows_variance + seed_variance / k_a + seed_variance / k_b)
    return stats.t.interval(confidence, k_a + k_b - 1, gain, error)


def low_end_only(gain, rows_variance, seed_variance, k_a, k_b, confidence):
    error = np.sqrt(rows_variance + seed_variance / k_a + seed_variance / k_b)
    return gain - stats.norm.ppf((1 + confidence) / 2) * error


FEWER, ROWS = "divide by one run fewer", "the noise of drawing other rows"
ROUNDED = "Rounding hides most differences"
COME, DIGITS = "as they come", "More digits"
INSIDE, SHARD, LOST = (
    "what is in them does",
    "Each shard is added without rounding",
    "still get lost beside large ones",
)
FIXED, NOT_THE_SUM = "a fixed number of standard deviations", "not the sum of all numbers"
ADDED, SPREAD, POOL = "Standard deviations are added", "that of one run", "into one pool"

WRONG = {
    "04.1": [
        (numpys_default, FEWER),
        (all_pairs_with_themselves, FEWER),
        (one_run, "the luck of two runs"),
        (one_run_numpys_default, "too small even for that"),
        (standard_error, "shrinks with more runs"),
        (scipys_standard_error, "shrinks with more runs"),
        (twice_the_deviation, "do not add up"),
        (variance, "This is a variance"),
        (luck_cancels, "Luck does not cancel"),
        (range_of_runs, "The range of the runs"),
        (binomial, ROWS),
        (binomial_of_both, ROWS),
        (best_minus_mean, "The best run sets the scale"),
        (around_the_best, "The best run sets the scale"),
        (average_distance, "average distance of two runs"),
        (pairs_one_way, "known to be zero"),
        (pairs_one_fewer, "known to be zero"),
        (neighbours, "Only neighbours are compared"),
        (in_rows, "counted in rows"),
        (in_percent, "in percent"),
        (two_runs_only, "on three runs; whose luck"),
        (the_labs_object, "a NoiseFloor; it should be one number"),
    ],
    "04.2": [
        (two_tails, "split over two tails"),
        (lower_tail, "the share that stays below"),
        (quantile_alone, "a number of standard deviations"),
        (both_runs_again, "that of a gain already"),
        (noise_of_one_run, "the noise of one run"),
        (noise_squared, "The noise is squared"),
        (root_of_the_noise, "no root is left to take"),
        (two_sigma, FIXED),
        (textbook, FIXED),
        (one_in_fifty_always, FIXED),
        (share_of_the_noise, "as if it were a distance"),
        (probability, "from a distance to a probability"),
        (rate_in_percent, "not a percentage"),
        (chebyshev, "Chebyshev's bound"),
        (three_digits, "The margin is rounded"),
        (students_t, "fewer null candidates than wanted"),
        (simulated, "null candidates than wanted would win"),
    ],
    "04.3": [
        (as_they_come, COME),
        (one_by_one, COME),
        (put_together, COME),
        (python_sum, DIGITS),
        (float64, DIGITS),
        (float64_and_back, DIGITS),
        (long_double, DIGITS),
        (neumaier, DIGITS),
        (partial_sums_sorted, INSIDE),
        (partial_sums_exact, INSIDE),
        (by_size_of_shard, INSIDE),
        (fsum_per_shard, SHARD),
        (fsum_per_shard_sorted, SHARD),
        (two_decimals, ROUNDED),
        (float32_decimals, ROUNDED),
        (significant_digits, ROUNDED),
        (exact_and_rounded, ROUNDED),
        (whole_number, ROUNDED),
        (all_sorted, LOST),
        (all_sorted_float64, LOST),
        (largest_first, LOST),
        (largest_first_float32, LOST),
        (smallest_first, LOST),
        (duplicates_lost, NOT_THE_SUM),
        (nothing_at_all, NOT_THE_SUM),
        (mean, NOT_THE_SUM),
        (scribbles, "raised ValueError"),
    ],
    "04.4": [
        (rows_only, "Only the rows' noise"),
        (seeds_only, "Only the seeds' noise"),
        (deviations_added, ADDED),
        (all_deviations_added, ADDED),
        (deviation_for_error, SPREAD),
        (one_seed_variance, SPREAD),
        (root_of_the_runs, "with the number of runs itself"),
        (runs_squared, "The number of runs is squared"),
        (baseline_forgotten, "One side's retrainings are missing"),
        (pooled, POOL),
        (average_number_of_runs, POOL),
        (subtracted, "noise is subtracted"),
        (rows_divided_too, "divided by the runs as well"),
        (no_root, "take its root first"),
        (one_sided, "that of another level"),
        (always_95, "the same at every confidence"),
        (turned_round, "changed places"),
        (distances, "lies around it"),
        (students_interval, "too wide, on few runs"),
        (low_end_only, "it should return two values"),
    ],
}
