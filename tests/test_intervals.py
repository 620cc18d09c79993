"""One comparison, against references that share no code with it: enumeration in fractions, SciPy,
simulation.
"""

import math
import tracemalloc
from fractions import Fraction
from functools import cache
from itertools import product
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from refusals import refuses
from scipy import optimize, stats

from labsupport.exact import as_written
from labsupport.intervals import (
    Interval,
    bootstrap_gains,
    coverage,
    examples_needed,
    gain_distribution,
    gain_interval,
    mcnemar,
    power,
    score_statistic,
)
from labsupport.outcomes import PairedOutcomes

METHODS = ("exact", "percentile", "bca", "score")
Z = NormalDist().inv_cdf(0.975)
HUGE = 10**10


def table(n, better, worse):
    """A holdout of n rows with these discordant pairs."""
    return PairedOutcomes(n - better - worse, better, worse, 0)


BUILD_A = table(4000, 68, 35)


@st.composite
def tables(draw, largest):
    n = draw(st.integers(1, largest))
    better = draw(st.integers(0, n))
    return table(n, better, draw(st.integers(0, n - better)))


@cache
def enumerated(n, better, worse):
    """{difference of right answers: probability} over all n^n resamples of n rows, in whole
    numbers.
    """
    found = dict.fromkeys(range(-n, n + 1), 0)
    for i in range(n + 1):
        for j in range(n - i + 1):
            ways = math.comb(n, i) * math.comb(n - i, j)
            found[i - j] += ways * better**i * worse**j * (n - better - worse) ** (n - i - j)
    return {difference: Fraction(count, n**n) for difference, count in found.items()}


def reached(distribution, level):
    """The smallest value whose cumulative probability is at least the level, without rounding."""
    total = Fraction(0)
    for value in sorted(distribution):
        total += distribution[value]
        if total >= level:
            return value
    raise AssertionError("probabilities sum to 1")


# The ideal bootstrap


@settings(max_examples=40)
@given(tables(24))
def test_the_distribution_is_the_enumeration_of_all_resamples(outcomes):
    n, better, worse = outcomes.n, outcomes.candidate_only, outcomes.baseline_only
    gains, mass = gain_distribution(outcomes)
    truth = enumerated(n, better, worse)
    np.testing.assert_allclose(
        mass, [float(truth[round(g * n)]) for g in gains], rtol=0, atol=1e-13
    )
    assert math.isclose(mass.sum(), 1, rel_tol=1e-13)


@settings(max_examples=40)
@given(tables(24), st.sampled_from([0.5, 0.75, 0.8, 0.9, 0.95, 0.99, 0.999]))
def test_exact_ends_are_the_smallest_values_that_reach_their_level(outcomes, confidence):
    truth = enumerated(outcomes.n, outcomes.candidate_only, outcomes.baseline_only)
    tail = (1 - as_written(confidence)) / 2
    interval = gain_interval(outcomes, confidence)
    assert interval.low == reached(truth, tail) / outcomes.n
    assert interval.high == reached(truth, 1 - tail) / outcomes.n


def test_a_cumulative_probability_equal_to_the_level_has_reached_it():
    # Of two rows, one better: 0, 1/2, 1 with probabilities 1/4, 1/2, 1/4. Both levels of 50 % are
    # met exactly.
    assert gain_interval(table(2, 1, 0), 0.5) == Interval(0.0, 0.5, 0.5, "exact")
    assert gain_interval(table(2, 1, 1), 0.5) == Interval(-1.0, 0.0, 0.5, "exact")
    assert gain_interval(table(2, 1, 0), 0.51) == Interval(0.0, 1.0, 0.51, "exact")


@pytest.mark.parametrize(
    ("n", "better", "worse", "draws"),
    [
        (200, 5, 2, None),
        (200, 90, 60, None),
        (4000, 68, 35, None),
        (4000, 2, 0, None),
        (199, 8, 3, 200),
        (4000, 68, 35, 100),
        (12, 5, 7, 300),
    ],
)
def test_the_distribution_against_scipys_multinomial(n, better, worse, draws):
    gains, mass = gain_distribution(table(n, better, worse), draws)
    draws = draws or n
    cells = stats.multinomial(draws, [better / n, worse / n, (n - better - worse) / n])
    mean = round((better - worse) * draws / n)
    for difference in {mean, mean + 7, mean - 9, 0}:
        j = np.arange(max(0, -difference), (draws - difference) // 2 + 1)
        counts = np.stack([difference + j, j, draws - difference - 2 * j], axis=-1)
        found = mass[np.rint(gains * draws) == difference].sum()
        assert found == pytest.approx(cells.pmf(counts).sum(), rel=1e-9, abs=1e-15)


@pytest.mark.parametrize("draws", [0, -1, 2.5])
def test_a_resample_has_rows(draws):
    with refuses(ValueError, "draws must be a whole number"):
        gain_distribution(table(200, 5, 2), draws)


@pytest.mark.parametrize("n", [3, 4000, 10**6, HUGE])
@pytest.mark.parametrize("few", [0, 1, 3])
@pytest.mark.parametrize("sign", [1, -1])
def test_few_discordant_or_few_concordant_rows_are_binomial_at_any_size(n, few, sign):
    # The sum is a binomial count of the rare cell, however many rows there are: no rounding error
    # may grow with n.
    for common, rare in ((0, sign), (sign, 0)):
        counts = {1: 0, -1: 0, 0: 0, common: n - few} | {rare: few}
        gains, mass = gain_distribution(table(n, counts[1], counts[-1]))
        difference = np.rint(gains * n).astype(np.int64)
        expected = stats.binom.pmf((difference - common * n) * (rare - common), n, few / n)
        np.testing.assert_allclose(mass, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize(("n", "share"), [(7, 0.5), (4000, 0.6), (10**6 + 1, 0.5), (HUGE, 0.6)])
def test_all_rows_discordant_leaves_every_second_value_empty(n, share):
    better = int(n * share)
    gains, mass = gain_distribution(table(n, better, n - better))
    wins = np.rint(gains * n).astype(np.int64) + n
    expected = np.where(wins % 2 == 0, stats.binom.pmf(wins // 2, n, better / n), 0)
    np.testing.assert_allclose(mass, expected, rtol=0, atol=1e-9 * mass.max())


@settings(max_examples=25)
@given(tables(10**8))
def test_mean_and_variance_are_those_of_the_table_at_any_size(outcomes):
    n, better, worse = outcomes.n, outcomes.candidate_only, outcomes.baseline_only
    variance = float(
        better + worse - Fraction((better - worse) ** 2, n)
    )  # of the difference of right answers
    gains, mass = gain_distribution(outcomes)
    deviation = np.rint(gains * n) - (better - worse)
    rounding = 1e-14 * np.ptp(deviation)
    assert abs(mass @ deviation) <= 1e-9 * math.sqrt(variance) + rounding
    assert mass @ deviation**2 == pytest.approx(
        variance, rel=1e-7, abs=rounding * np.ptp(deviation)
    )
    mirrored = gain_distribution(table(n, worse, better))
    np.testing.assert_array_equal(mirrored[0][::-1], -gains)
    np.testing.assert_allclose(mirrored[1][::-1], mass, rtol=0, atol=1e-9 * mass.max())


@pytest.mark.parametrize(
    "outcomes",
    [table(10**9, 1, 0), table(10**6, 17_000, 8_750), table(10**9, 17 * 10**6, 8_750_000)],
)
def test_memory_follows_the_window_not_the_rows(outcomes):
    n = outcomes.n
    deviation = math.sqrt(n * (outcomes.churn - outcomes.gain**2))
    gain_distribution(outcomes)
    tracemalloc.start()
    gains, _ = gain_distribution(outcomes)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(gains) < 20 * deviation + 120
    assert peak < 300 * len(gains) + 50_000
    reach = outcomes.gain - gains[0]
    assert reach * n > 9 * deviation  # what is cut off has a probability below e^-40


# Intervals


def test_build_a():
    assert str(gain_interval(BUILD_A)) == "[0.00325, 0.01325]"
    assert gain_interval(BUILD_A) == Interval(13 / 4000, 53 / 4000, 0.95, "exact")
    assert BUILD_A.gain in gain_interval(BUILD_A)
    assert 0.0 not in gain_interval(BUILD_A)
    assert 0.01326 not in gain_interval(BUILD_A)


def test_the_hairs_breadth_candidate_is_inconclusive_by_every_method():
    for method in METHODS:
        assert 0.0 in gain_interval(table(4000, 63, 43), method=method), method


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "counts",
    [
        (1, 0, 0),
        (1, 1, 0),
        (2, 1, 1),
        (50, 0, 0),
        (50, 1, 0),
        (50, 0, 3),
        (50, 50, 0),
        (4000, 68, 35),
    ],
)
def test_intervals_widen_with_confidence_and_mirror_with_the_models(method, counts):
    n, better, worse = counts
    inner = None
    for confidence in (0.5, 0.8, 0.9, 0.95, 0.99, 0.9999):
        interval = gain_interval(table(*counts), confidence, method)
        assert -1 <= interval.low <= interval.high <= 1
        assert inner is None or (interval.low <= inner.low and inner.high <= interval.high)
        inner = interval
        swapped = gain_interval(table(n, worse, better), confidence, method)
        if method == "score":
            assert (-swapped.high, -swapped.low) == pytest.approx(
                (interval.low, interval.high), rel=1e-9, abs=1e-13
            )
        elif (
            method == "exact"
        ):  # a level that is met exactly is reached one value later, seen backwards
            assert (-swapped.high, -swapped.low) == pytest.approx(
                (interval.low, interval.high), abs=2.01 / n
            )


@pytest.mark.parametrize("counts", [(400, 40, 12), (300, 3, 15), (500, 30, 0)])
@pytest.mark.parametrize("method", ["percentile", "bca"])
def test_scipys_bootstrap_agrees_within_its_noise(counts, method):
    n, better, worse = counts
    outcomes, replicates = table(*counts), 10_000
    candidate, baseline = np.ones(n), np.ones(n)
    candidate[:worse], baseline[worse : worse + better] = 0, 0
    found = stats.bootstrap(
        (candidate, baseline),
        lambda x, y, axis: x.mean(axis) - y.mean(axis),
        n_resamples=replicates,
        batch=1000,
        paired=True,
        method="BCa" if method == "bca" else method,
        rng=np.random.default_rng(3),
    ).confidence_interval
    # The noise of an empirical quantile, in standard deviations of the gain; BCa adds that of the
    # bias it estimates.
    density, spread = NormalDist().pdf(Z), math.sqrt((outcomes.churn - outcomes.gain**2) / n)
    noise = math.sqrt(0.025 * 0.975 / replicates) / density
    noise = (
        math.hypot(noise, 2 * math.sqrt(0.25 / replicates) / NormalDist().pdf(0))
        if method == "bca"
        else noise
    )
    for mine in {"percentile": ("percentile", "exact"), "bca": ("bca",)}[method]:
        interval = gain_interval(outcomes, method=mine)
        assert (interval.low, interval.high) == pytest.approx(
            tuple(found), abs=5 * noise * spread + 1.01 / n
        )


@pytest.mark.parametrize("counts", [(12, 4, 1), (12, 1, 0), (15, 0, 2), (14, 14, 0)])
def test_bca_from_its_definition(counts):
    n, better, worse = counts
    normal, rows = NormalDist(), np.repeat([1, -1, 0], [better, worse, n - better - worse])
    interval = gain_interval(table(*counts), 0.9, "bca")
    if better == n:
        assert (interval.low, interval.high) == (1, 1)
        return
    left_out = np.array([np.delete(rows, row).mean() for row in range(n)])
    pull = left_out.mean() - left_out
    acceleration = (pull**3).sum() / (6 * (pull**2).sum() ** 1.5)
    truth = enumerated(*counts)
    below = sum(share for value, share in truth.items() if value < rows.sum())
    bias = normal.inv_cdf(float(below + truth[rows.sum()] / 2))
    for end, level in ((interval.low, 0.05), (interval.high, 0.95)):
        z = bias + normal.inv_cdf(level)
        assert end == reached(truth, normal.cdf(bias + z / (1 - acceleration * z))) / n


def test_bca_at_a_confidence_at_which_its_formula_turns_over():
    for counts in ((1000, 1, 0), (1000, 0, 1)):
        wide, wider = (
            gain_interval(table(*counts), confidence, "bca") for confidence in (0.999, 1 - 1e-10)
        )
        assert wider.low <= wide.low <= wide.high <= wider.high


def test_the_percentile_method_takes_the_ends_from_the_resamples():
    outcomes = table(60, 9, 4)
    ordered = sorted(bootstrap_gains(outcomes))
    interval = gain_interval(outcomes, 0.9, "percentile")
    assert (interval.low, interval.high) == (
        ordered[499],
        ordered[9499],
    )  # the 5 % and 95 % of 10,000


# The score interval


def constrained_statistic(n, better, worse, gain):
    """The score statistic with its nuisance parameter found by maximising the likelihood of the
    trinomial.
    """

    def minus_log_likelihood(q):
        cells = ((better, q + gain), (worse, q), (n - better - worse, 1 - gain - 2 * q))
        return -sum(count * math.log(max(share, 1e-300)) for count, share in cells if count)

    bounds = (max(0.0, -gain), (1 - gain) / 2)
    q = optimize.minimize_scalar(
        minus_log_likelihood, bounds=bounds, method="bounded", options={"xatol": 1e-12}
    ).x
    return (better - worse - n * gain) / math.sqrt(n * (2 * q + gain - gain**2))


SCORED = [
    (50, 12, 2),
    (50, 2, 12),
    (4000, 68, 35),
    (200, 1, 0),
    (200, 0, 1),
    (30, 10, 20),
    (30, 29, 1),
    (200, 5, 0),
]


@pytest.mark.parametrize("counts", SCORED)
@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.999])
def test_at_the_ends_of_the_score_interval_the_statistic_is_plus_and_minus_z(counts, confidence):
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    interval = gain_interval(table(*counts), confidence, "score")
    for end, expected in ((interval.low, z), (interval.high, -z)):
        assert constrained_statistic(*counts, end) == pytest.approx(expected, rel=1e-4)
        assert score_statistic(table(*counts), end) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("counts", SCORED)
def test_the_score_statistic_falls_with_the_gain_and_is_that_of_the_likelihood(counts):
    gains = np.linspace(-0.98, 0.98, 41)
    found = [score_statistic(table(*counts), gain) for gain in gains]
    assert found == pytest.approx(
        [constrained_statistic(*counts, gain) for gain in gains], rel=1e-4, abs=1e-6
    )
    assert (np.diff(found) < 0).all()
    assert score_statistic(table(*counts), table(*counts).gain) == pytest.approx(0, abs=1e-9)


def test_tangos_published_example():
    interval = gain_interval(table(50, 12, 2), method="score")
    assert (round(interval.low, 4), round(interval.high, 4)) == (0.0611, 0.3447)


@pytest.mark.parametrize("n", [1, 6, 4000, HUGE])
def test_the_score_interval_in_closed_form_where_there_is_one(n):
    none, all_better, all_worse = (
        gain_interval(table(n, *counts), method="score") for counts in ((0, 0), (n, 0), (0, n))
    )
    assert (-none.low, none.high) == pytest.approx((Z**2 / (n + Z**2),) * 2, rel=1e-5)
    assert (all_better.high, all_worse.low) == (1, -1)
    assert 1 - all_better.low == pytest.approx(2 * Z**2 / (n + Z**2), rel=1e-5)
    assert 1 + all_worse.high == pytest.approx(2 * Z**2 / (n + Z**2), rel=1e-5)


def test_the_score_interval_of_many_discordant_pairs_is_the_normal_one():
    outcomes = table(HUGE, 170_000_000, 87_500_000)
    reach = Z * math.sqrt((outcomes.churn - outcomes.gain**2) / outcomes.n)
    interval = gain_interval(outcomes, method="score")
    assert (interval.low, interval.high) == pytest.approx(
        (outcomes.gain - reach, outcomes.gain + reach), rel=1e-7
    )
    exact = gain_interval(outcomes)
    assert (interval.low, interval.high) == pytest.approx((exact.low, exact.high), rel=1e-5)


def test_the_score_statistic_at_the_edge_of_what_is_possible():
    assert score_statistic(table(5, 0, 0), 0.0) == 0
    assert score_statistic(table(5, 5, 0), 1.0) == score_statistic(table(5, 0, 5), -1.0) == 0
    assert score_statistic(table(5, 0, 0), 1.0) == score_statistic(table(5, 5, 0), 1.5) == -math.inf
    assert (
        score_statistic(table(5, 0, 0), -1.0) == score_statistic(table(5, 0, 5), -1.5) == math.inf
    )


# Resampling


def goodness_of_fit(gains, outcomes):
    """The p-value of a chi-squared test of resampled gains against the exact distribution, cells of
    20 and more.
    """
    values, mass = gain_distribution(outcomes)
    inside = mass * len(gains) >= 20
    observed = np.array(
        [(np.rint(gains * outcomes.n) == round(v * outcomes.n)).sum() for v in values[inside]]
    )
    expected = mass[inside] * len(gains)
    rest = np.array([len(gains) - observed.sum(), len(gains) - expected.sum()])
    return stats.chisquare(np.append(observed, rest[0]), np.append(expected, rest[1])).pvalue


@pytest.mark.parametrize("counts", [(200, 12, 5), (60, 30, 30), (60, 1, 0)])
def test_bootstrap_gains_and_resampled_rows_follow_the_exact_distribution(counts):
    n, better, worse = counts
    outcomes = table(*counts)
    rows = np.repeat([1, -1, 0], [better, worse, n - better - worse])
    by_index = rows[np.random.default_rng(1).integers(0, n, size=(20_000, n))].mean(axis=1)
    assert goodness_of_fit(by_index, outcomes) > 1e-3
    assert goodness_of_fit(bootstrap_gains(outcomes, 20_000, seed=1), outcomes) > 1e-3
    unpaired = (
        bootstrap_gains(outcomes, 20_000, seed=1)
        + bootstrap_gains(outcomes, 20_000, seed=2)
        - outcomes.gain
    )
    assert goodness_of_fit(unpaired, outcomes) < 1e-9  # the test would notice twice the variance


def test_bootstrap_gains_repeat_with_their_seed_only():
    first = bootstrap_gains(BUILD_A, 500)
    assert first.shape == (500,)
    np.testing.assert_array_equal(first, bootstrap_gains(BUILD_A, 500, seed=0))
    assert (first != bootstrap_gains(BUILD_A, 500, seed=1)).any()
    assert len(np.unique(first)) > 20  # no replicate repeats the seed of another
    huge = bootstrap_gains(table(HUGE, 170_000_000, 87_500_000), 500)
    assert huge.std() == pytest.approx(math.sqrt(0.02575 - 0.00825**2) / 1e5, rel=0.2)


# McNemar


@pytest.mark.parametrize(
    ("better", "worse", "p"),
    [(1, 8, 0.03906), (0, 5, 0.0625), (5, 15, 0.04139), (10, 25, 0.01667), (15, 19, 0.60759)],
)
def test_mcnemar_published(better, worse, p):
    assert round(mcnemar(PairedOutcomes(23, better, worse, 31)), 5) == p
    assert mcnemar(PairedOutcomes(23, worse, better, 31)) == pytest.approx(p, abs=5e-6)


def test_mcnemar_counts_coin_tosses():
    for better, worse in product(range(15), repeat=2):
        pairs = better + worse
        extreme = sum(
            math.comb(pairs, k)
            for k in range(pairs + 1)
            if abs(2 * k - pairs) >= abs(better - worse)
        )
        p = mcnemar(table(40, better, worse))
        assert p == pytest.approx(extreme / 2**pairs, rel=1e-12)
        assert p == pytest.approx(stats.binomtest(better, pairs).pvalue if pairs else 1, rel=1e-12)
        assert p >= 0.05 or pairs >= 6
    assert mcnemar(table(10**6, 6, 0)) == pytest.approx(0.03125)


def test_mcnemar_of_many_pairs_is_the_normal_test():
    z = 30_000 / math.sqrt(10**8)
    assert mcnemar(table(HUGE, 50_015_000, 49_985_000)) == pytest.approx(
        2 * NormalDist().cdf(-z), rel=0.01
    )


# Rows needed, and power


def scaled(outcomes, n):
    """The same rates on n rows, as whole rows allow."""
    return table(
        n,
        round(outcomes.candidate_only * n / outcomes.n),
        round(outcomes.baseline_only * n / outcomes.n),
    )


def test_build_a_needs_9280_rows_and_they_do_it():
    assert examples_needed(BUILD_A, 0.005) == 9280
    low = [gain_interval(scaled(BUILD_A, n), method="unconditional").low for n in (9000, 9500)]
    assert low[0] < 0.005 < low[1]


@pytest.mark.parametrize(
    ("counts", "margin"),
    [
        ((4000, 68, 35), 0.005),
        ((4000, 35, 68), 0.005),
        ((400, 150, 100), 0.05),
        ((1000, 8, 1), 0.0),
        ((1000, 5, 0), 0.0),
        ((200, 3, 0), -0.01),
    ],
)
@pytest.mark.parametrize("asked", [0.5, 0.8])
def test_rows_needed_settle_it_as_often_as_was_asked_for(counts, margin, asked):
    """On so many fresh rows, drawn at the measured rates; few pairs come in steps, so that more
    than was asked for may be had.
    """
    n, better, worse = counts
    needed, worlds = examples_needed(table(*counts), margin, power=asked), 400
    shares = [better / n, worse / n, 1 - (better + worse) / n]
    draws = np.random.default_rng(n).multinomial(needed, shares, size=worlds)
    unique, times = np.unique(draws, axis=0, return_counts=True)
    settled = 0
    for (b, w, _), k in zip(unique.tolist(), times, strict=True):
        above, below = PairedOutcomes(needed - b - w, b, w, 0).chances(margin, 0.025)
        settled += k * ((above if better - worse > margin * n else below) <= 0.025)
    noise = 3 * math.sqrt(0.25 / worlds)
    assert asked - noise < settled / worlds < asked + noise + (0.2 if better + worse < 20 else 0)


def test_rows_needed_when_no_row_varies():
    needed = examples_needed(table(100, 0, 0), 0.005)
    ends = [gain_interval(table(k, 0, 0), method="unconditional") for k in (needed, needed - 8)]
    assert ends[0].high <= 0.005 < ends[1].high


def test_a_gain_equal_to_the_margin_is_never_settled():
    with refuses(ValueError, "equals the margin of 0.005"):
        examples_needed(table(4000, 63, 43), 0.005)
    assert examples_needed(table(4000, 63, 43), 0.0049999) > 10**9


@pytest.mark.parametrize(
    ("n", "margin"), [(4000, 0.005), (9341, 0.005), (16_000, 0.005), (4000, 0.0)]
)
def test_power_against_simulated_holdouts(n, margin):
    p, q, worlds = 68 / 4000, 35 / 4000, 3000
    draws = np.random.default_rng(5).multinomial(n, [p, q, 1 - p - q], size=worlds)
    unique, times = np.unique(draws, axis=0, return_counts=True)
    cleared = sum(
        k * (gain_interval(table(n, b, w)).low >= margin)
        for (b, w, _), k in zip(unique, times, strict=True)
    )
    noise = 4 * math.sqrt(0.25 / worlds)
    assert power(BUILD_A, n, margin) == pytest.approx(
        cleared / worlds, abs=noise + 0.01
    )  # 0.01: the normal approximation


def test_power_without_any_spread():
    assert power(table(10, 0, 0), 50, 0.0) == 1
    assert power(table(10, 0, 0), 50, 0.001) == 0


# Coverage

BALANCED, SKEWED = (0.017, 0.00875), (0.01, 0.001)


def true_coverage(rates, n, method):
    """Coverage as a sum over all tables of n rows that have a probability worth adding."""
    p, q = rates
    gain, total = float(as_written(p) - as_written(q)), 0.0
    for better in range(int(stats.binom.isf(1e-9, n, p)) + 1):
        for worse in range(int(stats.binom.isf(1e-9, n, q)) + 1):
            weight = stats.binom.pmf(better, n, p) * stats.binom.pmf(worse, n - better, q / (1 - p))
            total += weight * (gain in gain_interval(table(n, better, worse), method=method))
    return total


@pytest.mark.parametrize("rates", [BALANCED, SKEWED])
@pytest.mark.parametrize("method", ["exact", "bca", "score"])
def test_coverage_is_the_sum_over_all_tables_within_its_noise(rates, method):
    truth = true_coverage(rates, 200, method)
    noise = math.sqrt(truth * (1 - truth) / 4000)
    assert coverage(rates, 200, method, worlds=4000) == pytest.approx(truth, abs=4 * noise)


def test_coverage_counts_a_world_for_every_draw():
    rates, n, worlds = (0.1, 0.05), 40, 300
    draws = np.random.default_rng(9).multinomial(n, [0.1, 0.05, 0.85], size=worlds)
    held = [0.05 in gain_interval(table(n, b, w), 0.8) for b, w, _ in draws]
    assert coverage(rates, n, confidence=0.8, worlds=worlds, seed=9) == np.mean(held)


def measured(rates, n, method, worlds=3000):
    return coverage(rates, n, method, worlds=worlds, seed=11)


@pytest.mark.parametrize("rates", [BALANCED, SKEWED, (0.03, 0.025), (0.3, 0.1)])
@pytest.mark.parametrize("n", [200, 1000, 4000])
def test_the_score_interval_covers_the_truth_at_every_size(rates, n):
    # The lattice of whole rows keeps the true coverage a little off 95 %; the rest is noise of
    # 3,000 worlds.
    assert 0.93 - 0.01 < measured(rates, n, "score") < 0.995


@pytest.mark.parametrize(
    ("rates", "n"),
    [
        (BALANCED, 4000),
        ((0.03, 0.025), 1000),
        ((0.03, 0.025), 4000),
        (SKEWED, 4000),
        ((0.3, 0.1), 200),
    ],
)
@pytest.mark.parametrize("method", ["exact", "bca"])
def test_the_bootstrap_covers_the_truth_when_there_are_enough_discordant_pairs(rates, n, method):
    assert 0.93 - 0.01 < measured(rates, n, method) < 0.98


def test_the_percentile_method_covers_as_the_exact_one_it_imitates():
    exact, resampled = (
        measured(BALANCED, 1000, method, worlds=400) for method in ("exact", "percentile")
    )
    assert resampled == pytest.approx(exact, abs=0.03)


@pytest.mark.parametrize("rates", [BALANCED, SKEWED])
@pytest.mark.parametrize("method", ["exact", "bca"])
def test_the_bootstrap_promises_too_much_when_there_are_few_discordant_pairs(rates, method):
    # Five or two pairs on 200 rows. Recorded, since the lesson says so: here only the score
    # interval holds.
    few = measured(rates, 200, method)
    assert few < 0.94
    assert few < measured(rates, 200, "score") - 0.02


# Refusals


@pytest.mark.parametrize("method", METHODS)
def test_no_rows_no_interval(method):
    with refuses(ValueError, "no rows"):
        gain_interval(PairedOutcomes(0, 0, 0, 0), method=method)


@pytest.mark.parametrize("level", [0, 1, 95, -0.1, math.nan])
def test_a_confidence_is_a_probability(level):
    for call in (
        lambda: gain_interval(BUILD_A, level),
        lambda: examples_needed(BUILD_A, 0.0, level),
        lambda: power(BUILD_A, 100, 0.0, level),
        lambda: coverage(BALANCED, 10, confidence=level),
    ):
        with refuses(ValueError, "confidence is a probability"):
            call()
    with refuses(ValueError, "power is a probability"):
        examples_needed(BUILD_A, 0.0, power=level)


@pytest.mark.parametrize("rates", [(0.6, 0.5), (-0.1, 0.1), (0.1,), 0.1, (0.1, 0.1, 0.8)])
def test_rates_are_two_shares(rates):
    with refuses(ValueError, "rates are two shares"):
        coverage(rates, 100)


def test_other_refusals():
    with refuses(ValueError, "Unknown method 'wald'; choose one of exact, percentile, bca, score"):
        gain_interval(BUILD_A, method="wald")
    with refuses(ValueError, "a rate must be a finite number"):
        coverage((0.1, math.nan), 100)
    for call, name in (
        (lambda: bootstrap_gains(BUILD_A, 0), "n_resamples"),
        (lambda: bootstrap_gains(BUILD_A, 2.5), "n_resamples"),
        (lambda: power(BUILD_A, 0, 0.0), "n must"),
        (lambda: coverage(BALANCED, 0), "n must"),
        (lambda: coverage(BALANCED, 100, worlds=0), "worlds"),
    ):
        with refuses(ValueError, name):
            call()
    with refuses(ValueError, "margin must be a finite number"):
        examples_needed(BUILD_A, math.nan)
