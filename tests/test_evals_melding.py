"""Shares drawn from what their counts say: quantiles known from elsewhere, and the promise of a
difference.
"""

import numpy as np
import pytest
from scipy import stats

from labsupport.evals.estimate import share
from labsupport.evals.judges.alike import share_difference
from labsupport.evals.judges.melding import DRAWS, evenly, gammas, ratios


def test_the_points_are_even_in_each_direction():
    points = evenly(5)
    assert points.shape == (5, DRAWS)
    for row in points:
        assert sorted(row) == pytest.approx((np.arange(DRAWS) + 0.5) / DRAWS)
    assert np.abs(np.corrcoef(points) - np.eye(5)).max() < 0.02


def test_a_share_is_drawn_from_the_exact_interval():
    for hits, n in ((0, 10), (3, 10), (17, 20)):
        low = np.quantile(ratios(gammas(np.array([hits, n - hits + 1]))), 0.025)
        high = np.quantile(ratios(gammas(np.array([hits + 1, n - hits]))), 0.975)
        assert (low, high) == pytest.approx((share(hits, n).low, share(hits, n).high), abs=2e-3)


def test_no_count_is_no_share():
    assert not gammas(np.array([[0, 1], [2, 0]]))[0, 0].any()


@pytest.mark.parametrize("n", [(7, 7), (5, 14)])
def test_the_worst_case_of_a_difference(n):
    tables = [(a, b) for a in range(n[0] + 1) for b in range(n[1] + 1)]
    found = [share_difference((a, n[0] - a), (b, n[1] - b)) for a, b in tables]
    low, high = np.array([e.low for e in found]), np.array([e.high for e in found])
    worst = 0.0
    for p in np.linspace(0.005, 0.995, 34):
        for q in np.linspace(0.005, 0.995, 34):
            first, second = (stats.binom.pmf(range(m + 1), m, s) for m, s in ((n[0], p), (n[1], q)))
            chance = np.outer(first, second).ravel()
            worst = max(worst, chance @ (low > p - q), chance @ (high < p - q))
    assert 0.01 < worst <= 0.025


def test_a_difference_of_many_is_the_normal_one():
    found = share_difference((8000, 2000), (7000, 3000))
    reach = 1.96 * np.sqrt(0.8 * 0.2 / 10_000 + 0.7 * 0.3 / 10_000)
    assert found.value == pytest.approx(0.1)
    assert (found.low, found.high) == pytest.approx((0.1 - reach, 0.1 + reach), abs=5e-4)
