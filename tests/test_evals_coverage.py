"""The table of coverages: what each interval does in worlds whose truth is known."""

import math

import pytest
from refusals import refuses
from scipy import stats

from labsupport.evals import coverages


def table(**given):
    return {row.method: row for row in coverages(**given)}


def test_all_methods_are_asked():
    assert list(table(runs=50)) == [
        "human only",
        "corrected",
        "PPI",
        "PPI++",
        "PPI++, widened",
        "labels resampled",
    ]


def test_the_corrected_interval_is_often_wider_than_the_humans_alone():
    found = table(labels=100, items=100)
    assert f"{found['corrected'].width:.3f}" == "0.315"
    assert f"{found['human only'].width:.3f}" == "0.156"


@pytest.mark.parametrize(
    ("given", "least", "most"),
    [({"items": 300}, 0.82, 0.88), ({"items": 100}, 0.69, 0.78)],
)
def test_resampling_the_labels_alone_promises_too_much(given, least, most):
    found = table(**given)
    assert least < found["labels resampled"].covered < most
    assert found["corrected"].covered > 0.94


def test_few_labels_widen_and_hold():
    found = table(labels=30, items=300, runs=4000)
    assert 0.89 < found["PPI++"].covered < 0.93
    assert found["PPI++, widened"].covered > 0.95
    assert found["PPI++, widened"].width < found["human only"].width


def test_with_many_labels_the_published_ones_hold():
    found = table(labels=2000, items=4000)
    for name in ("human only", "corrected", "PPI", "PPI++", "PPI++, widened"):
        assert 0.93 < found[name].covered < 0.97
    assert found["PPI++"].width < found["PPI"].width


def test_the_humans_alone_are_counted_right():
    # The normal interval's coverage, summed: no draw is needed.
    n, rate = 40, 0.7
    hits = range(n + 1)
    inside = [abs(k / n - rate) <= 1.959964 * math.sqrt(k * (n - k) / n**3) for k in hits]
    exact = float(stats.binom.pmf(hits, n, rate) @ inside)
    found = table(rate=rate, labels=n, items=50, runs=3000)["human only"]
    assert found.covered == pytest.approx(exact, abs=0.016)


def test_the_same_seed_gives_the_same_table():
    assert coverages(runs=100, seed=4) == coverages(runs=100, seed=4)
    assert coverages(runs=100, seed=4) != coverages(runs=100, seed=5)


def test_labels_of_one_kind_do_not_break_it():
    found = table(rate=0.97, labels=5, items=20, runs=200)
    assert all(0 <= row.covered <= 1 and 0 <= row.width <= 1 for row in found.values())
    assert found["corrected"].covered > 0.95


def test_a_row_is_printed_with_three_digits():
    row = coverages(runs=50)[0]
    assert str(row) == f"{'human only':<24} covers {row.covered:.3f}   width {row.width:.3f}"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"rate": 1.1}, "rate is a share"),
        ({"sensitivity": math.nan}, "sensitivity is a share"),
        ({"sensitivity": 0.2}, "no better than a coin"),
        ({"labels": 0}, "labels must be"),
        ({"runs": 1.5}, "runs must be"),
        ({"confidence": 1}, "confidence"),
    ],
)
def test_worlds_that_are_none_are_refused(given, words):
    with refuses(ValueError, words):
        coverages(**given)
