"""Times of comparing two AUCs: by ranks, and by all pairs as the definition says. Nothing here
asserts a time.
"""

import math

import numpy as np
import pytest
from scipy import stats

from labsupport.scores import compare_auc


def two_models(n):
    rng = np.random.default_rng(0)
    y, shared = rng.integers(0, 2, n), rng.standard_normal(n)
    return y, 1.2 * y + shared + rng.standard_normal(n), y + shared + rng.standard_normal(n)


def by_definition(y, candidate, baseline):
    """Gain and DeLong standard error from the matrix of all pairs, positives times negatives."""
    won = sum(
        sign * ((s[y == 1][:, None] > s[y == 0]) + 0.5 * (s[y == 1][:, None] == s[y == 0]))
        for sign, s in ((1, candidate), (-1, baseline))
    )
    by_positive, by_negative = won.mean(axis=1), won.mean(axis=0)
    variance = by_positive.var(ddof=1) / len(by_positive) + by_negative.var(ddof=1) / len(
        by_negative
    )
    return won.mean(), math.sqrt(variance)


def by_ranks(y, candidate, baseline):
    found = compare_auc(y, candidate, baseline)
    return found.gain, found.standard_error


def areas_only(y, candidate, baseline):
    """Two areas without any standard error, by SciPy's ranks: a floor."""
    areas = []
    for score in (candidate, baseline):
        positives = int(y.sum())
        u = stats.rankdata(score)[y == 1].sum() - positives * (positives + 1) / 2
        areas.append(u / positives / (len(y) - positives))
    return areas[0] - areas[1], None


@pytest.mark.parametrize(
    ("n", "compare"),
    [(4_000, by_definition), (4_000, by_ranks), (1_000_000, areas_only), (1_000_000, by_ranks)],
    ids=["all pairs", "compare_auc", "scipy rankdata, areas only", "compare_auc, areas and DeLong"],
)
def test_compare_auc(benchmark, n, compare):
    benchmark.group = f"two AUCs on {n:,} rows"
    rows = two_models(n)
    gain, error = benchmark(compare, *rows)
    expected = by_ranks(*rows)
    assert gain == pytest.approx(expected[0], rel=1e-9)
    assert error is None or error == pytest.approx(expected[1], rel=1e-9)
