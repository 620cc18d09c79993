"""Times of intervals beside those who do the same: run by `make bench`, nothing here asserts a
time.

SciPy resamples the n differences of right answers, its fastest way to the paired bootstrap (two
samples with paired=True take longer, and are shown), in batches that stay in the cache. At a
million rows 10,000 replicates would take it minutes, so it and the loop draw fewer there: the name
says how many, and extra_info holds the time of one replicate.
"""

import math
from functools import partial

import numpy as np
import pytest
from scipy import stats

from labsupport.intervals import bootstrap_gains, gain_distribution, gain_interval
from labsupport.outcomes import PairedOutcomes

REPLICATES = 10_000
FEW = 50
SIZES = {4_000: REPLICATES, 1_000_000: FEW}


def build_a(n):
    """Build A's rates on n rows: the table, and the rows as -1, 0, 1."""
    better, worse = 17 * n // 1000, 35 * n // 4000
    return PairedOutcomes(n - better - worse, better, worse, 0), np.repeat(
        [1, -1, 0], [better, worse, n - better - worse]
    )


def with_scipy(rows, replicates, paired=False):
    samples = (
        ((rows == 1).astype(np.int8), (rows == -1).astype(np.int8))
        if paired
        else (rows.astype(np.int8),)
    )
    return stats.bootstrap(
        samples,
        (lambda x, y, axis: x.mean(axis) - y.mean(axis)) if paired else np.mean,
        n_resamples=replicates,
        batch=max(1, 80_000 // len(rows)),
        vectorized=True,
        paired=paired,
        method="percentile",
        rng=np.random.default_rng(0),
    ).bootstrap_distribution


def with_a_loop(rows, replicates):
    rng, n, gains = np.random.default_rng(0), len(rows), np.empty(replicates)
    rows = rows.astype(np.int8)
    for replicate in range(replicates):
        gains[replicate] = rows[rng.integers(0, n, n)].mean()
    return gains


def replicates_of(benchmark, work, replicates):
    """Time the work, keep the time of one replicate, and see that it is the paired bootstrap of
    build A.
    """
    benchmark.extra_info["replicates"] = replicates
    gains = benchmark(work)
    if benchmark.stats:
        benchmark.extra_info["microseconds per replicate"] = round(
            1e6 * benchmark.stats["min"] / replicates, 4
        )
    assert len(gains) == replicates
    return gains


def assert_is_build_a(gains, n):
    spread = math.sqrt((0.02575 - 0.00825**2) / n)
    assert gains.mean() == pytest.approx(0.00825, abs=5 * spread / math.sqrt(len(gains)))
    assert gains.std() == pytest.approx(spread, rel=5 / math.sqrt(2 * len(gains)))


@pytest.mark.benchmark(min_rounds=3)
@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize(
    "name", ["gain_interval, exact", "bootstrap_gains", "scipy", "scipy, paired=True", "numpy loop"]
)
def test_bootstrap(benchmark, n, name):
    outcomes, rows = build_a(n)
    benchmark.group, benchmark.name = f"paired bootstrap of {n:,} rows", name
    if name == "gain_interval, exact":
        assert benchmark(gain_interval, outcomes).low < 0.00825
        return
    replicates = REPLICATES if name == "bootstrap_gains" else SIZES[n]
    work = {
        "bootstrap_gains": partial(bootstrap_gains, outcomes, replicates),
        "scipy": partial(with_scipy, rows, replicates),
        "scipy, paired=True": partial(with_scipy, rows, replicates, paired=True),
        "numpy loop": partial(with_a_loop, rows, replicates),
    }[name]
    benchmark.name = f"{name}, {replicates:,} replicates"
    assert_is_build_a(replicates_of(benchmark, work, replicates), n)


@pytest.mark.benchmark(group="exact interval by holdout size")
@pytest.mark.parametrize("n", [4_000, 10**6, 10**9, 10**10])
def test_exact_interval_by_size(benchmark, n):
    outcomes, _ = build_a(4000)
    outcomes = PairedOutcomes(*(count * (n // 4000) for count in outcomes.cells))
    benchmark.extra_info["values in the window"] = len(gain_distribution(outcomes)[0])
    assert 0.00825 in benchmark(gain_interval, outcomes)


# The accuracy gap between groups, resampled: counts per group beside Fairlearn's
# MetricFrame(n_boot=...).

GROUP_ROWS, GROUP_REPLICATES = 4_000, 100


def groups():
    rng = np.random.default_rng(0)
    group = rng.integers(0, 5, GROUP_ROWS)
    right = rng.random(GROUP_ROWS) < 0.8
    return group, right


def gaps_from_tables(right_rows, group_rows, replicates):
    """Largest minus smallest accuracy over groups; the rows of each group are redrawn as well, as
    MetricFrame does.
    """
    rng = np.random.default_rng(0)
    n = group_rows.sum()
    cells = np.concatenate([right_rows, group_rows - right_rows]) / n
    right, wrong = np.split(rng.multinomial(n, cells, size=replicates), 2, axis=1)
    return np.ptp(right / (right + wrong), axis=1)


def accuracy(y, predicted):
    return np.mean(np.asarray(y) == np.asarray(predicted))


def gap_with_fairlearn(group, right, replicates):
    metrics = pytest.importorskip(
        "fairlearn.metrics", reason="Fairlearn is not a dependency; install it to compare with it."
    )
    frame = metrics.MetricFrame(
        metrics=accuracy,
        y_true=np.ones(len(right), int),
        y_pred=right.astype(int),
        sensitive_features=group,
        n_boot=replicates,
        ci_quantiles=[0.025, 0.5, 0.975],
        random_state=0,
    )
    return frame.difference_ci()


def gap_with_tables(group, right, replicates):
    right_rows, group_rows = np.bincount(group, weights=right), np.bincount(group)
    return np.quantile(gaps_from_tables(right_rows, group_rows, replicates), [0.025, 0.5, 0.975])


@pytest.mark.benchmark(
    group=f"accuracy gap of 5 groups, {GROUP_ROWS:,} rows, {GROUP_REPLICATES} replicates",
    min_rounds=3,
)
@pytest.mark.parametrize(
    "gap", [gap_with_tables, gap_with_fairlearn], ids=["table per group", "Fairlearn MetricFrame"]
)
def test_gap(benchmark, gap):
    group, right = groups()
    if gap is gap_with_fairlearn:
        pytest.importorskip(
            "fairlearn", reason="Fairlearn is not a dependency; install it to compare with it."
        )
    found = benchmark(gap, group, right, GROUP_REPLICATES)
    reference = gap_with_tables(group, right, REPLICATES)
    assert found == pytest.approx(reference, abs=5 * 0.012 * 2.7 / math.sqrt(GROUP_REPLICATES))
