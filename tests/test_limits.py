"""The exact judge: its chances against sums over all tables, its level against every world, and the
two ways to compute it against each other.
"""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special, stats

from labsupport import limits
from labsupport.bootstrap import gain_distribution
from labsupport.intervals import gain_interval
from labsupport.limits import GUARD, chance, lower_limit
from labsupport.outcomes import PairedOutcomes

CONFIDENCES = (0.5, 0.8, 0.9, 0.95, 0.99)


def tables_of(n: int) -> np.ndarray:
    """All tables of n rows, as rows (better, worse)."""
    return np.array([(b, k - b) for k in range(n + 1) for b in range(k + 1)])


def probability(tables: np.ndarray, n: int, gain: float, churn: np.ndarray) -> np.ndarray:
    """Of any of these tables, in worlds of this gain and each of these churns."""
    b, w = tables.T
    churn = np.atleast_1d(churn)[:, None]
    p, q = (np.maximum(churn + sign * gain, 0) / 2 for sign in (1, -1))
    ways = special.gammaln(n + 1) - sum(special.gammaln(x + 1) for x in (b, w, n - b - w))
    log = special.xlogy(b, p) + special.xlogy(w, q) + special.xlogy(n - b - w, 1 - churn)
    return np.exp(ways + log).sum(axis=1)


def churns(gain: float, k: int = 500) -> np.ndarray:
    """From |gain| to 1, dense near the lower end, where a few pairs are expected."""
    return abs(gain) + (1 - abs(gain)) * np.linspace(0, 1, k) ** 3


# ---- the promise
# ------------------------------------------------------------------------------------------------


def worst_level(n: int, margin: float, level: float) -> float:
    """How often a gain of `margin` is wrongly taken for shown, in the worst of the worlds that have
    it or less: a sum over all tables, nothing drawn.
    """
    tables = tables_of(n)
    promoted = np.array([chance(n, int(b), int(w), margin, level) <= level for b, w in tables])
    if not promoted.any():
        return 0.0
    gains = [margin, *(g for g in (margin - 0.01, margin - 0.1, margin - 0.4) if g >= -1)]
    return max(probability(tables[promoted], n, g, churns(g)).max() for g in gains)


@pytest.mark.parametrize("n", [1, 2, 3, 5, 8, 13, 20])
@pytest.mark.parametrize("confidence", CONFIDENCES)
def test_no_world_is_wrongly_promoted_more_often_than_promised(n, confidence):
    level = (1 - confidence) / 2
    worst = [worst_level(n, m, level) for m in (-0.6, -0.2, -0.05, -0.01, 0, 0.005, 0.1, 0.4)]
    assert max(worst) <= level
    if n == 20:  # and little of it is given away
        assert max(worst) > 0.7 * level


@pytest.mark.parametrize("n", [60, 200, 4000])
@pytest.mark.parametrize("confidence", CONFIDENCES)
@pytest.mark.parametrize("margin", [-0.01, 0.0, 0.005])
def test_nor_among_more_rows_with_few_pairs(n, confidence, margin):
    """Exact again: for each number of pairs up to 60, the fewest better ones that promote."""
    level = (1 - confidence) / 2
    most = min(n, 60)
    promoted, need = [], 0
    for pairs in range(most + 1):
        while need <= pairs and chance(n, need, pairs - need, margin, level) > level:
            need += 1
        promoted += [(b, pairs - b) for b in range(need, pairs + 1)]
    if promoted:
        few = np.array([d for d in churns(margin) if stats.binom.sf(most, n, d) < 1e-3 * level])
        few = few if len(few) else np.array([max(abs(margin), 1e-9)])
        assert probability(np.array(promoted), n, margin, few).max() <= level


def test_the_bootstrap_breaks_the_promise():
    """The control: the same sum for the interval that takes the rows for the whole world."""
    tables = tables_of(20)
    low = [gain_interval(PairedOutcomes(20 - b - w, b, w, 0), 0.95).low for b, w in tables.tolist()]
    assert probability(tables[np.array(low) >= -0.01], 20, -0.01, churns(-0.01)).max() > 0.5


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(0, 25), min_size=3, max_size=3).filter(any),
    st.integers(-90, 90).map(lambda k: k / 100),
    st.sampled_from(CONFIDENCES),
)
def test_the_chance_is_the_largest_sum_over_tables(cells, gain, confidence):
    better, worse, _ = cells
    n, level = sum(cells), (1 - confidence) / 2
    guard, pairs, z = GUARD * level, better + worse, stats.norm.isf(level)
    tables = tables_of(n)
    b, w = tables.T
    limit = b - w - z * np.sqrt(b + w + z * z / 4)
    seen = limit[(b == better) & (w == worse)][0]
    low = stats.beta.ppf(guard / 2, pairs, n - pairs + 1) if pairs else 0.0
    high = stats.beta.isf(guard / 2, pairs + 1, n - pairs) if pairs < n else 1.0
    found = chance(n, better, worse, gain, level)
    if gain < 0 and high < -gain:
        assert found == pytest.approx(guard)
        return
    grid = np.linspace(max(low, abs(gain)), max(high, abs(gain)), 800)
    worst = min(1.0, guard + probability(tables[limit >= seen - 1e-9], n, gain, grid).max())
    assert worst <= found * (1 + 1e-9)
    assert found <= worst * 1.003 + 3e-4 * level


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.integers(0, 300), min_size=3, max_size=3).filter(any),
    st.sampled_from(CONFIDENCES),
)
def test_the_chance_rises_with_the_gain_and_the_limit_is_where_it_is_the_level(cells, confidence):
    better, worse, _ = cells
    n, level = sum(cells), (1 - confidence) / 2
    rising = [chance(n, better, worse, gain, level) for gain in np.linspace(-1, 1, 21)]
    slack = 1e-4 * level  # what the bounds of interpolation and windows may add
    assert all(b >= a * (1 - 2e-3) - slack for a, b in itertools.pairwise(rising))
    low = lower_limit(n, better, worse, level)
    assert low <= Fraction(better - worse, n)
    assert low == -1 or chance(n, better, worse, low, level) <= level
    error = math.sqrt(better + worse + 1) / n
    assert low > 1 - error or chance(n, better, worse, low + error / 100, level) > level


def test_a_better_row_is_never_held_against_the_candidate():
    for n, level in itertools.product((7, 30), (0.005, 0.025, 0.25)):
        found = {(b, w): chance(n, b, w, -0.05, level) for b, w in tables_of(n).tolist()}
        for (b, w), p in found.items():
            fewer_worse, more_better = found.get((b, w - 1), 0), found.get((b + 1, w), 0)
            if p <= level:
                assert max(fewer_worse, more_better) <= level


# ---- reference values and sizes
# ---------------------------------------------------------------------------------


def test_the_limits_are_hardly_below_those_of_the_score_test():
    """Tango's interval, an approximation that promises a little too much, is nearly as wide."""
    for cells in ((4000, 68, 35), (4000, 300, 100), (10**6, 17_000, 8_750)):
        n, better, worse = cells
        table = PairedOutcomes(n - better - worse, better, worse, 0)
        exact, score = (gain_interval(table, 0.95, m) for m in ("unconditional", "score"))
        assert exact.high - exact.low == pytest.approx(score.high - score.low, rel=0.03)


def test_no_discordant_pair_on_so_many_rows():
    """The limit of the churn alone: 368 silent rows show that less than a hundredth was lost."""
    limit = lower_limit(368, 0, 0, 0.025)
    assert -0.01 < limit < -0.0099
    assert lower_limit(360, 0, 0, 0.025) < -0.01


@pytest.mark.parametrize(
    ("n", "better", "worse"),
    [(30_000, 20_000, 9_990), (10**6, 30_000, 20_000), (10**9, 10**7, 10**7)],
)
def test_many_pairs_are_summed_as_the_bootstrap_sums_them(n, better, worse):
    """The tail by a few frequencies is that of the whole distribution by FFT, and never below."""
    gains, mass = gain_distribution(PairedOutcomes(n - better - worse, better, worse, 0))
    rows = np.round(gains * n).astype(int)
    for at in (0.2, 0.5, 0.975, 0.9999):
        least = int(rows[np.searchsorted(np.cumsum(mass), at)])
        order = limits._Many(n, least, 0.025)
        churn = np.array([(better + worse) / n])
        found = order.probability((better - worse) / n, churn)[0]
        exact = mass[rows >= least].sum()
        assert exact - 1e-9 <= found <= exact + 1e-6


def test_the_two_ways_to_compute_meet():
    """Around 20,000 expected pairs the order of tables changes, and the limit only a little."""
    few, many = (lower_limit(10**6, 11 * k, 9 * k, 0.025) * 10**6 / (2 * k) for k in (900, 1100))
    assert few == pytest.approx(1 - 1.96 * math.sqrt(18_000) / 1800, abs=0.002)
    assert many == pytest.approx(1 - 1.96 * math.sqrt(22_000) / 2200, abs=0.003)


@pytest.mark.parametrize("power", [9, 12, 13, 14, 16, 20, 40])
def test_any_number_of_rows(power):
    """With the error that is stated, a limit never above the normal one by more than a hair."""
    n = 10**power
    normal = 0.01 - special.ndtri(0.975) * math.sqrt((0.05 - 0.0001) / n)
    limit = lower_limit(n, 3 * n // 100, 2 * n // 100, 0.025)
    error = math.sqrt(0.05 / n)
    assert normal - 0.01 * error - 1e-15 < limit < normal + 1e-4 * error + 1e-15
    assert lower_limit(n, 3, 0, 0.025) == pytest.approx(
        lower_limit(10**9, 3, 0, 0.025) * 1e9 / n, rel=0.35
    )


@pytest.mark.parametrize(("n", "better", "worse"), [(1, 0, 1), (5, 0, 5), (4000, 0, 4000)])
def test_nothing_is_worse_than_all_rows_worse(n, better, worse):
    assert lower_limit(n, better, worse, 0.025) == -1
    assert chance(n, better, worse, -1, 0.025) == 1
