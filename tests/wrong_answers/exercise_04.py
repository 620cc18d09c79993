"""Exercise 04: wrong answers that no table of mistakes holds, each with a fragment of its hint."""

import math
import statistics
from fractions import Fraction

import numpy as np
from scipy import stats

from labsupport.noise import noise_floor


def numpys_default(right, n_rows):
    return np.sqrt(2) * np.std(right / n_rows)


def two_runs_only(right, n_rows):
    return abs(right[0] - right[1]) / n_rows


def the_labs_object(right, n_rows):
    return noise_floor(right / n_rows)


def lower_tail(rate, noise):
    return stats.norm.ppf(rate, scale=noise)


def students_t(rate, noise):
    return noise * stats.t.isf(rate, 9)


def simulated(rate, noise):
    return np.quantile(np.random.default_rng(0).normal(0, noise, 1000), 1 - rate)


def long_double(shards):
    return np.concatenate(shards).sum(dtype=np.longdouble).astype(float)


def neumaier(shards):
    total, lost = 0.0, 0.0
    for value in np.concatenate(shards).astype(float):
        new = total + value
        lost += (total - new) + value if abs(total) >= abs(value) else (value - new) + total
        total = new
    return total + lost


def by_size_of_shard(shards):
    return sum(shard.sum() for shard in sorted(shards, key=lambda shard: (len(shard), shard.sum())))


def exact_from_the_first(shards):
    total, *rest = (Fraction(float(value)) for shard in shards for value in shard)
    return float(sum(rest, total))


def scribbles(shards):
    for shard in shards:
        shard.sort()
    return math.fsum(np.concatenate(shards))


def around(gain, confidence, error):
    reach = stats.norm.isf((1 - confidence) / 2) * error
    return gain - reach, gain + reach


def rows_divided_too(gain, rows_variance, seed_variance, k_a, k_b, confidence):
    return around(gain, confidence, np.sqrt((rows_variance + seed_variance) * (1 / k_a + 1 / k_b)))


def in_units_of_the_rows(gain, rows_variance, seed_variance, k_a, k_b, confidence):
    share = seed_variance / rows_variance
    return around(gain, confidence, np.sqrt(rows_variance * (1 + share / k_a + share / k_b)))


def in_units_of_the_seeds(gain, rows_variance, seed_variance, k_a, k_b, confidence):
    share = rows_variance / seed_variance
    return around(gain, confidence, np.sqrt(seed_variance * (share + 1 / k_a + 1 / k_b)))


def abs_of_the_gain(gain, rows_variance, seed_variance, k_a, k_b, confidence):
    error = np.sqrt(rows_variance + seed_variance / k_a + seed_variance / k_b)
    return around(abs(gain), confidence, error)


def students_interval(gain, rows_variance, seed_variance, k_a, k_b, confidence):
    error = np.sqrt(rows_variance + seed_variance / k_a + seed_variance / k_b)
    return stats.t.interval(confidence, k_a + k_b - 1, gain, error)


def low_end_only(gain, rows_variance, seed_variance, k_a, k_b, confidence):
    error = np.sqrt(rows_variance + seed_variance / k_a + seed_variance / k_b)
    return gain - stats.norm.ppf((1 + confidence) / 2) * error


def mean_times_how_many(shards):
    numbers = [float(value) for shard in shards for value in shard]
    return statistics.fmean(numbers) * len(numbers) if numbers else 0.0


WRONG = {
    "04.1": [
        (numpys_default, "divide by one run fewer"),
        (two_runs_only, "on three runs."),
        (the_labs_object, "a NoiseFloor; it should be one number"),
    ],
    "04.2": [
        (lower_tail, "the share that stays below"),
        (students_t, "fewer null candidates than wanted"),
        (simulated, "null candidates than wanted would win"),
    ],
    "04.3": [
        (long_double, "more digits do not help"),
        (neumaier, "more digits do not help"),
        (by_size_of_shard, "what is in them does"),
        (mean_times_how_many, "sum is not exact"),
        (exact_from_the_first, "on shards without a number; it should"),
        (scribbles, "raised ValueError"),
    ],
    "04.4": [
        (rows_divided_too, "divided by the runs as well"),
        (in_units_of_the_rows, "on rows without luck"),
        (in_units_of_the_seeds, "on trainings without luck"),
        (abs_of_the_gain, "the sign of the gain got lost"),
        (students_interval, "that of Student's t"),
        (low_end_only, "it should return two values"),
    ],
}


def by_the_scale(rate, noise):
    return stats.norm.ppf(1 - rate, scale=noise)


def of_scipy(gain, rows_variance, seed_variance, k_a, k_b, confidence):
    error = np.sqrt(rows_variance + seed_variance / k_a + seed_variance / k_b)
    return stats.norm.interval(confidence, loc=gain, scale=error)


def of_the_standard_library(gain, rows_variance, seed_variance, k_a, k_b, confidence):
    error = math.sqrt(rows_variance + seed_variance / k_a + seed_variance / k_b)
    gains = statistics.NormalDist(gain, error)
    return gains.inv_cdf((1 - confidence) / 2), gains.inv_cdf((1 + confidence) / 2)


RIGHT = {"04.2": [by_the_scale], "04.4": [of_scipy, of_the_standard_library]}
