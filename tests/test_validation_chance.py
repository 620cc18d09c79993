"""Distances on the numbers that must come out; stated false-alarm rates against exact enumeration
and simulation.
"""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest
from refusals import refuses
from scipy import special, stats

from labsupport.validation import ks, l_infinity, psi
from labsupport.validation.chance import (
    _rounded_up,
    chance_of_none,
    ks_rate,
    lost_rate,
    new_rate,
    share_rate,
    threshold,
)
from labsupport.validation.psi_chance import psi_rate

# ---- distances ----


def test_psi_numbers():
    assert psi([0.5, 0.5], [0.6, 0.4]) == pytest.approx(0.040547, abs=5e-7)
    assert psi([0.9, 0.1], [0.8, 0.2]) == pytest.approx(0.081093, abs=5e-7)
    assert psi([50, 50], [600, 400]) == pytest.approx(0.040547, abs=5e-7)
    assert psi({"a": 9, "b": 1}, {"b": 2, "a": 8}) == pytest.approx(0.081093, abs=5e-7)


def test_a_bin_that_is_empty_on_one_side_is_infinitely_far():
    assert psi([99, 1], [100, 0]) == psi([100, 0], [99, 1]) == math.inf
    assert psi([99, 0, 1], [50, 0, 50]) < math.inf  # empty on both: no bin


def test_l_infinity_numbers():
    hello, changed = {"hello": 0.1, "world": 0.9}, {"hello": 0.3, "world": 0.7}
    assert l_infinity(hello, changed) == pytest.approx(0.2)
    assert l_infinity({"a": 1}, {"b": 1}) == 1


def test_ks_is_two_sided():
    up, down = ks([1, 1, 1, 1], [0, 0, 2, 2]), ks([0, 0, 2, 2], [1, 1, 1, 1])
    assert up == down == 0.5


@pytest.mark.parametrize("distance", [psi, l_infinity, ks])
def test_what_cannot_be_compared_is_refused(distance):
    with refuses(ValueError, "shapes"):
        distance([1, 2], [1, 2, 3])
    with refuses(ValueError, "nothing to compare"):
        distance([1, 2], [0, 0])
    with refuses(ValueError, "zero or more"):
        distance([1, 2], [1, math.nan])
    with refuses(ValueError, "zero or more"):
        distance([1, -2], [1, 3])
    with refuses(ValueError, "one kind"):
        distance({"a": 1}, [1])


# ---- shares ----


def interleavings(m: int, n: int):
    """Every order in which m reference rows and n current ones can lie, as reference places."""
    return combinations(range(m + n), m)


@pytest.mark.parametrize(("m", "n", "c"), [(6, 5, 3), (8, 4, 1), (4, 8, 3), (5, 5, 5), (5, 6, 0)])
def test_share_rates_are_those_of_all_orders(m, n, c):
    """Upwards: current rows below the (c+1)-th reference row; downwards: below the c-th."""
    above, below, total = np.zeros(n + 1), np.zeros(n + 1), 0
    for places in interleavings(m, n):
        k_up = places[c] - c if c < m else n
        k_down = places[c - 1] - (c - 1) if c else 0
        above[k_up] += 1
        below[k_down] += 1
        total += 1
    for tenths in range(10):
        up = sum(above[k] for k in range(n + 1) if 10 * (k * m - c * n) > tenths * m * n)
        down = sum(below[k] for k in range(n + 1) if 10 * (c * n - k * m) > tenths * m * n)
        assert share_rate(tenths / 10, [c], m, n) == pytest.approx(min(1, (up + down) / total))


def test_share_rate_adds_bins_up_and_leaves_none_out():
    one = [share_rate(0.05, [c], 400, 300) for c in (10, 90, 300)]
    assert share_rate(0.05, [10, 90, 300], 400, 300) == pytest.approx(sum(one))
    few = share_rate(0.3, [200], 400, 300)  # far out: the shortcut may only drop what is nothing
    assert few < 1e-12


@pytest.mark.parametrize("share", [0.02, 0.3])
def test_share_rate_in_simulation(share):
    """Two-sided alarms of a category with a true share, over references and snapshots."""
    rng, m, n = np.random.default_rng(0), 2000, 1000
    c, k = rng.binomial(m, share, 200_000), rng.binomial(n, share, 200_000)
    bound = threshold(lambda b: share_rate(b, [round(share * m)], m, n), 0.01)
    alarms = np.mean(np.abs(k / n - c / m) > bound)
    assert 0.004 < alarms < 0.0125


def test_a_bound_is_the_decimal_it_was_written_as():
    """0.35 - 0.3 is 0.04999... in floating point: a change of exactly the bound is within it."""
    exact = share_rate(0.05, [300], 1000, 100)
    k = np.arange(101)
    beyond = np.abs(k * 10 - 300) > 50
    up = stats.hypergeom.sf(k[beyond & (k > 30)].min() - 1, 1100, 100, 300 + 36)
    down = stats.hypergeom.cdf(24, 1100, 100, 300 + 24)
    assert exact == pytest.approx(up + down)


def test_chance_of_none_is_the_first_term():
    c = np.array([1.0, 5, 40])
    assert chance_of_none(c, 50, 30) == pytest.approx(stats.hypergeom.cdf(0, 80, 30, c))
    assert lost_rate(0.05, [1, 5, 40], 50, 30) == pytest.approx(chance_of_none(c[1:], 50, 30).sum())
    assert lost_rate(1.0, [50], 50, 30) == 0


def test_new_rate_is_good_and_turings():
    """A long tail of rare categories: how often a snapshot has more than k rows in unseen ones."""
    rng, m, n = np.random.default_rng(1), 1000, 200
    p = 1 / np.arange(1, 2001)
    p /= p.sum()
    stated, seen = [], []
    for _ in range(300):
        reference, now = rng.multinomial(m, p), rng.multinomial(n, p)
        stated.append(new_rate(0.2, reference.tolist(), m, n))
        seen.append(now[reference == 0].sum() > 0.2 * n)
    assert np.mean(stated) == pytest.approx(np.mean(seen), abs=0.12)
    assert new_rate(0, [5, 5], 10, 10) == pytest.approx(0.5)  # ten rows for ten: one new is a coin
    assert new_rate(1.0, [5, 5], 10, 10) == 0


# ---- KS ----


def exact_ks(m: int, n: int, d: float) -> float:
    """P(KS > d) without drift or ties, by counting the orders that stay within d."""
    ways = np.zeros((m + 1, n + 1))
    ways[0, 0] = 1
    for i in range(m + 1):
        for j in range(n + 1):
            if (i, j) != (0, 0):
                before = (ways[i - 1, j] if i else 0) + (ways[i, j - 1] if j else 0)
                ways[i, j] = before if abs(i / m - j / n) <= d + 1e-12 else 0
    return 1 - ways[m, n] / special.comb(m + n, m)


@pytest.mark.parametrize(("m", "n"), [(10, 10), (40, 40), (60, 25), (150, 30), (100, 100)])
def test_ks_rate_is_never_below_the_exact_one_by_much(m, n):
    for d in (0.1, 0.2, 0.3, 0.4, 0.5):
        exact = exact_ks(m, n, d)
        assert ks_rate(d, m, n) >= 0.98 * exact
        assert ks_rate(d, m, n) <= 5 * exact + 1e-6


def test_ks_rate_tends_to_kolmogorovs():
    d = 0.02
    assert ks_rate(d, 20_000, 20_000) == pytest.approx(special.kolmogorov(d * 100), rel=1e-3)


# ---- PSI ----


def enumerate_psi(counts, n):
    """PSI and chance of every outcome in three bins: Dirichlet-multinomial around the counts."""
    c, m = np.array(counts, float), sum(counts)
    i, j = np.meshgrid(np.arange(n + 1), np.arange(n + 1), indexing="ij")
    x = np.stack([i, j, n - i - j], axis=-1)[i + j <= n]
    log_p = (special.gammaln(c + x) - special.gammaln(c) - special.gammaln(x + 1)).sum(1)
    log_p += special.gammaln(n + 1) + special.gammaln(m) - special.gammaln(n + m)
    values = np.array([psi(counts, row) for row in x])
    return values, np.exp(log_p)


@pytest.mark.parametrize(
    ("counts", "n"), [((100, 100, 100), 60), ((300, 100, 40), 130), ((30, 30, 30), 40)]
)
def test_psi_rate_against_all_outcomes(counts, n):
    values, chance = enumerate_psi(counts, n)
    assert chance.sum() == pytest.approx(1)
    for wanted, off in ((0.5, 0.10), (0.2, 0.16), (0.05, 0.16), (0.01, 0.4), (0.001, 0.55)):
        order = np.argsort(-values)
        bound = values[order][np.searchsorted(np.cumsum(chance[order]), wanted)]
        exact = chance[values > bound].sum()
        nearby = chance[values > 0.98 * bound].sum()  # PSI takes few values: the rate has steps
        stated = psi_rate(bound, counts, sum(counts), n)
        assert exact * (1 - off) <= stated <= nearby * (1 + off), (wanted, exact, stated, nearby)


@pytest.mark.parametrize("n", [100, 300, 1000])
def test_psi_above_a_tenth_without_drift(n):
    """Two samples of n rows, ten bins from the first one's deciles: simulated beside stated."""
    rng, runs = np.random.default_rng(2), 2000
    reference = np.sort(rng.standard_normal((runs, n)), axis=1)
    current = rng.standard_normal((runs, n))
    alarms = 0
    for a, b in zip(reference, current, strict=True):
        edges = a[n // 10 - 1 : -1 : n // 10][:9]
        now = np.bincount(np.searchsorted(edges, b), minlength=10)
        alarms += psi([n // 10] * 10, now) > 0.1
    stated = psi_rate(0.1, [n // 10] * 10, n, n)
    assert stated == pytest.approx(alarms / runs, abs=0.025)


def test_psi_by_folklore():
    """A threshold of 0.1: 85 % false alarms at 100 rows, about none at 10,000."""
    assert psi_rate(0.1, [10] * 10, 100, 100) == pytest.approx(0.86, abs=0.015)
    assert psi_rate(0.1, [1000] * 10, 10_000, 10_000) < 1e-90
    assert psi_rate(0, [10] * 10, 100, 100) == 1


# ---- thresholds ----


@pytest.mark.parametrize("level", [0.2, 0.01, 1e-6])
@pytest.mark.parametrize("rows", [30, 1000, 10**7])
def test_a_threshold_is_the_smallest_of_three_digits(level, rows):
    for rate in (
        lambda b: share_rate(b, [rows // 5], rows, rows),
        lambda b: ks_rate(b, rows, rows),
        lambda b: psi_rate(b, [rows] * 3, 3 * rows, rows),
    ):
        bound = threshold(rate, level, 64.0)
        if rate(64.0) > level:  # a bin of PSI is empty more often: no bound helps
            assert rows == 30 and bound == 64.0
            continue
        assert rate(bound) <= level
        assert rate(0.97 * bound) > level or rate(0.97 * bound) == rate(bound)


def test_no_threshold_where_chance_explains_all():
    assert threshold(lambda bound: 1.0, 0.01) == 1.0
    assert threshold(lambda bound: 0.0, 0.01) == 0.0


@pytest.mark.parametrize("number", [0.1, 0.12345, 0.999501, 3.0, 1e-7, 64.0])
def test_rounding_up(number):
    up = _rounded_up(number)
    assert number <= up <= number * 1.01
    assert len(f"{up:.9e}".partition("e")[0].rstrip("0")) <= 4
