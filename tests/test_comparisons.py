"""What any metric offers the gate, and errors of clustered rows by double sums."""

import math
from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from refusals import Labelled, refuses

from labsupport.comparisons import (
    Interval,
    clustered_standard_error,
    is_comparison,
    statistic_of,
)
from labsupport.outcomes import PairedOutcomes
from labsupport.retrained import RetrainedOutcomes
from labsupport.scores import compare_auc

Y = np.array([0, 1, 0, 1, 1, 0])


@pytest.mark.parametrize(
    "comparison",
    [
        PairedOutcomes(3, 2, 1, 0),
        PairedOutcomes(0, 0, 0, 0),
        compare_auc(Y, np.arange(6), -np.arange(6)),
        RetrainedOutcomes.from_predictions(Y, [Y, 1 - Y], [Y, Y]),
    ],
    ids=lambda comparison: type(comparison).__name__,
)
def test_every_metric_of_the_lab_is_a_comparison(comparison):
    """Also without rows, where looking at a score would raise."""
    assert is_comparison(comparison)


@pytest.mark.parametrize(
    "missing",
    [
        "n",
        "candidate",
        "baseline",
        "slices",
        "exact_gain",
        "interval",
        "statistic",
        "examples_needed",
    ],
)
def test_a_comparison_offers_all_of_it(missing):
    offered = {
        name: None
        for name in (
            "n",
            "candidate",
            "baseline",
            "slices",
            "exact_gain",
            "interval",
            "statistic",
            "examples_needed",
        )
    }
    assert is_comparison(SimpleNamespace(**offered))
    del offered[missing]
    assert not is_comparison(SimpleNamespace(**offered))


@pytest.mark.parametrize(
    ("z", "expected"),
    [(1.5, 1.5), (-9.0, -9.0), (math.inf, 0.0), (-math.inf, 0.0), (math.nan, 0.0)],
)
def test_rows_that_do_not_vary_prove_nothing(z, expected):
    assert statistic_of(SimpleNamespace(statistic=lambda gain: z), 0.0) == expected


@pytest.mark.parametrize(
    ("low", "high", "rows", "side"),
    [
        (0.31, 0.5, None, True),
        (0.3, 0.5, None, None),  # the float is a little less than the decimal
        (0.1, 0.29, None, False),
        (0.1, 0.5, None, None),
        (0.1 + 0.2, 0.5, None, True),  # above the bound by rounding alone
        (0.1 + 0.2, 0.5, 10, True),
        (0.1, 3 / 10, 10, None),
        (3 * 0.1 - 1e-16, 0.5, 10, True),  # three rows of ten, however they were computed
        (3 * 0.1 - 1e-16, 0.5, None, None),
    ],
)
def test_ends_that_are_numbers_of_rows_are_compared_as_such(low, high, rows, side):
    assert Interval(low, high, 0.95, "any", rows).side(Fraction(3, 10)) is side


def test_how_many_rows_an_interval_is_of_says_nothing_about_where_it_is():
    assert Interval(0.1, 0.2, 0.95, "exact", 10) == Interval(0.1, 0.2, 0.95, "exact")


# Clusters


def test_twenty_scores_in_four_clusters():
    values, clusters = np.arange(20), np.arange(20) % 4
    assert round(clustered_standard_error(values, clusters), 3) == 0.559
    assert round(clustered_standard_error(values, clusters, correction=True), 3) == 0.645


numbers = st.lists(st.tuples(st.integers(-5, 5), st.sampled_from("abcde")), min_size=1, max_size=30)


@given(numbers)
def test_clustered_errors_are_sums_over_pairs_and_the_sandwich_of_a_constant(
    rows,
):
    values, clusters = (np.array(column) for column in zip(*rows, strict=True))
    values, n = values.astype(float), len(rows)
    off = values - values.mean()
    together = clusters[:, None] == clusters[None, :]
    own = (off**2).sum()
    others = sum(off[i] * off[j] for i in range(n) for j in range(n) if i != j and together[i, j])
    found = clustered_standard_error(values, clusters)
    assert found == pytest.approx(math.sqrt(max(own + others, 0)) / n, abs=1e-7)
    X = np.ones((n, 1))
    bread = np.linalg.inv(X.T @ X)
    meat = sum(
        np.outer(part, part)
        for part in (X[clusters == c].T @ off[clusters == c] for c in set(clusters))
    )
    assert found == pytest.approx(math.sqrt((bread @ meat @ bread).item()), abs=1e-7)
    count = len(set(clusters))
    if count > 1:
        corrected = clustered_standard_error(values, clusters, correction=True)
        assert corrected == pytest.approx(found * math.sqrt(count / (count - 1)), rel=1e-12)


def test_a_cluster_per_row_gives_the_plain_standard_error_that_the_table_has():
    values = np.repeat([1, -1, 0], [68, 35, 3897])
    found = clustered_standard_error(values, np.arange(4000))
    assert found == pytest.approx(values.std() / math.sqrt(4000), rel=1e-12)
    outcomes = PairedOutcomes(3897, 68, 35, 0)
    assert found == pytest.approx(math.sqrt((outcomes.churn - outcomes.gain**2) / 4000), rel=1e-12)
    assert round(found, 5) == 0.00253


def test_repeating_every_row_of_a_user_adds_nothing():
    values, clusters = np.array([1.0, 0.0, -1.0, 1.0, 1.0]), np.array(list("abcde"))
    once = clustered_standard_error(values, clusters)
    assert clustered_standard_error(np.tile(values, 9), np.tile(clusters, 9)) == pytest.approx(
        once, rel=1e-12
    )
    assert clustered_standard_error(np.tile(values, 9), np.arange(45)) == pytest.approx(
        once / 3, rel=1e-12
    )


def test_the_clustered_error_is_the_spread_of_means_of_new_users():
    rng = np.random.default_rng(10)
    users, each, worlds = 200, 8, 600
    clusters = np.repeat(np.arange(users), each)
    draws = [
        rng.standard_normal(users).repeat(each) + rng.standard_normal(users * each)
        for _ in range(worlds)
    ]
    spread = np.std([draw.mean() for draw in draws])
    claimed = np.mean([clustered_standard_error(draw, clusters) for draw in draws])
    assert claimed == pytest.approx(spread, rel=4 / math.sqrt(2 * worlds) + 1 / users)
    assert (
        np.mean([clustered_standard_error(draw, np.arange(users * each)) for draw in draws])
        < 0.6 * spread
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (([], []), "values hold one number per row"),
        (([1, 2, 3], [1, 2]), "shape (3,); got shape (2,)"),
        (([[1, 2]], [[1, 2]]), "values hold one number per row"),
        (([1, math.nan], [1, 2]), "A value is NaN or infinite"),
        (([1, math.inf], [1, 2]), "A value is NaN or infinite"),
        (([1, 2], [1, math.nan]), "A cluster label is missing"),
        (([1, 2], ["a", None]), "A cluster label is missing"),
        (([1, 2, 3], ["a", "a", math.nan]), "A cluster label is missing"),
        (([1, 2], [1, True]), "Cluster labels must all be of one type; these are bool, int"),
        ((np.ma.masked_greater([1, 2, 3], 2), [1, 1, 2]), "values has masked values"),
        (([1, 2, 3], np.ma.masked_greater([1, 1, 2], 1)), "clusters has masked values"),
        ((Labelled([1, 2]), Labelled([1, 2], [1, 0])), "different indexes"),
        (([1, 2], [1, 1], True), "at least two clusters"),
    ],
)
def test_what_has_no_standard_error_is_refused(arguments, words):
    with refuses(ValueError, words):
        clustered_standard_error(*arguments)
