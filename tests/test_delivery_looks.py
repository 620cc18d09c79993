"""Looks that share one alpha, against tables and integrals that nobody here wrote."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, signal, stats

from labsupport.delivery.evidence import harm_chance
from labsupport.delivery.looks import (
    crossing,
    looks_needed,
    nominal_levels,
    obrien_fleming,
    pocock,
    traffic_share,
)

EQUAL = {k: range(100, 100 * k + 1, 100) for k in range(1, 21)}
STAGED = [250, 450, 630, 810]


def correlations(looks) -> np.ndarray:
    n = np.asarray(looks, float)
    return np.sqrt(np.minimum.outer(n, n) / np.maximum.outer(n, n))


def by_scipy(looks, bounds, drift=0.0, one_sided=False, precision=1e-6) -> float:
    """The probability of crossing by the last look, from the joint normal distribution."""
    mean = drift * np.sqrt(np.asarray(looks) / looks[-1])
    joint = stats.multivariate_normal(
        mean, correlations(looks), maxpts=400_000, abseps=precision, releps=0, seed=0
    )
    low = np.full(len(bounds), -np.inf) if one_sided else -np.asarray(bounds)
    return 1 - joint.cdf(bounds, lower_limit=low)


# Jennison and Turnbull, Group sequential methods (2000), tables 2.1 and 2.3: C_P(k, alpha) and
# C_B(k, alpha), the bound at the last look.
POCOCK = {
    (2, 0.01): 2.772, (3, 0.01): 2.873, (5, 0.01): 2.986, (10, 0.01): 3.117,
    (2, 0.05): 2.178, (3, 0.05): 2.289, (4, 0.05): 2.361, (5, 0.05): 2.413,
    (8, 0.05): 2.512, (10, 0.05): 2.555, (20, 0.05): 2.672,
    (2, 0.10): 1.875, (5, 0.10): 2.122, (10, 0.10): 2.270,
}  # fmt: skip
OBRIEN_FLEMING = {
    (2, 0.01): 2.580, (3, 0.01): 2.595, (5, 0.01): 2.621, (10, 0.01): 2.660,
    (2, 0.05): 1.977, (3, 0.05): 2.004, (4, 0.05): 2.024, (5, 0.05): 2.040,
    (8, 0.05): 2.072, (10, 0.05): 2.087, (20, 0.05): 2.126,
    (2, 0.10): 1.678, (5, 0.10): 1.751, (10, 0.10): 1.801,
}  # fmt: skip
# Armitage, McPherson and Rowe (1969), table 2: false alarms of k uncorrected looks at 5%.
UNCORRECTED = {1: 0.050, 2: 0.083, 3: 0.107, 4: 0.126, 5: 0.142, 10: 0.193, 20: 0.248, 50: 0.320}


@pytest.mark.parametrize(("k", "alpha"), POCOCK)
def test_pocock_bounds_are_those_of_the_table(k, alpha):
    bounds = pocock(EQUAL[k], alpha)
    assert bounds.round(3).tolist() == [POCOCK[k, alpha]] * k


@pytest.mark.parametrize(("k", "alpha"), OBRIEN_FLEMING)
def test_obrien_fleming_bounds_are_those_of_the_table(k, alpha):
    bounds = obrien_fleming(EQUAL[k], alpha)
    assert round(bounds[-1], 3) == OBRIEN_FLEMING[k, alpha]
    assert bounds * np.sqrt(np.arange(1, k + 1)) == pytest.approx([bounds[-1] * np.sqrt(k)] * k)


def test_five_looks():
    assert obrien_fleming(EQUAL[5], 0.05).round(2).tolist() == [4.56, 3.23, 2.63, 2.28, 2.04]
    assert nominal_levels(STAGED, 0.01).round(5).tolist() == [0.00095, 0.00241, 0.00410, 0.00636]


@pytest.mark.parametrize("k", UNCORRECTED)
def test_uncorrected_looks_raise_the_false_alarms_of_the_table(k):
    cumulative = crossing(range(1, k + 1), [stats.norm.isf(0.025)] * k)
    assert round(cumulative[-1], 3) == UNCORRECTED[k]


def test_one_sided_bounds_of_gsdesign_spend_what_it_says():
    """gsDesign(k = 3, test.type = 1, alpha = 0.025, sfu = sfLDOF), and rpact's "asOF": the two
    manuals print these bounds and this spending.
    """
    spent = crossing([1, 2, 3], [3.7103, 2.5114, 1.9930], one_sided=True)
    assert spent.round(4).tolist() == [0.0001, 0.0060, 0.0250]


# Jennison and Turnbull, tables 2.2 and 2.4, alpha 0.05, five looks: how many times the sample of
# one look it takes to have this power.
INFLATION = {
    (pocock, 0.8): 1.228,
    (pocock, 0.9): 1.206,
    (obrien_fleming, 0.8): 1.028,
    (obrien_fleming, 0.9): 1.026,
}


@pytest.mark.parametrize(("plan", "power"), INFLATION)
def test_power_under_drift_is_that_of_the_table(plan, power):
    once = stats.norm.isf(0.025) + stats.norm.ppf(power)
    drift = once * INFLATION[plan, power] ** 0.5
    found = crossing(EQUAL[5], plan(EQUAL[5], 0.05), drift)[-1]
    assert found == pytest.approx(power, abs=3e-4)  # the table has three decimals


@pytest.mark.parametrize("looks", [STAGED, [10, 11, 400, 1000], [1, 2, 3, 4], [3, 900, 901]])
@pytest.mark.parametrize("alpha", [0.01, 0.05, 0.3])
def test_what_is_spent_is_the_square(looks, alpha):
    levels = nominal_levels(looks, alpha)
    spent = alpha * (np.array(looks) / looks[-1]) ** 2
    assert levels[0] == pytest.approx(spent[0], rel=1e-12)
    assert crossing(looks, stats.norm.isf(levels / 2)) == pytest.approx(spent, rel=1e-9)
    assert by_scipy(looks, stats.norm.isf(levels / 2)) == pytest.approx(alpha, abs=5e-6)


@pytest.mark.parametrize("looks", [[5, 8], [100, 101], [1, 50], [7, 20, 30], STAGED])
@pytest.mark.parametrize("drift", [0.0, 1.5, -3.0])
@pytest.mark.parametrize("one_sided", [False, True])
def test_crossing_agrees_with_the_joint_normal_distribution(looks, drift, one_sided):
    bounds = np.linspace(2.6, 1.7, len(looks))
    by_hand = by_scipy(looks, bounds, drift, one_sided)
    exact = 1e-12 if len(looks) == 2 else 5e-6  # scipy integrates more than two at random
    assert crossing(looks, bounds, drift, one_sided)[-1] == pytest.approx(by_hand, abs=exact)


@pytest.mark.parametrize("drift", [0.0, 2.0])
@pytest.mark.parametrize("looks", [[1, 2, 3], [40, 41, 100]])
def test_three_looks_are_right_to_ten_digits(looks, drift):
    """Against one adaptive integral over the second look, with two looks exact on its left."""
    bounds, times = [2.4, 2.2, 2.0], np.array(looks) / looks[-1]
    root = np.sqrt(times)
    gap = np.sqrt(np.diff(times))

    def alive(s):  # second look at s, neither of the first two crossed
        tied = times[0] * times[1] ** -1
        mean, sd = tied * s, np.sqrt(times[0] * (1 - tied))
        limit = bounds[0] * root[0]
        inside = stats.norm.cdf((limit - mean) / sd) - stats.norm.cdf((-limit - mean) / sd)
        return inside * stats.norm.pdf(s, drift * times[1], root[1])

    def stays(s):
        mean = s + drift * gap[1] ** 2
        limit = bounds[2]
        return alive(s) * (
            stats.norm.cdf((limit - mean) / gap[1]) - stats.norm.cdf((-limit - mean) / gap[1])
        )

    limit = bounds[1] * root[1]
    never = integrate.quad(stays, -limit, limit, epsabs=1e-13, limit=400)[0]
    assert crossing(looks, bounds, drift)[-1] == pytest.approx(1 - never, abs=1e-10)


def test_looks_that_are_almost_one_and_looks_far_apart_are_as_exact():
    near = nominal_levels([10**6, 10**6 + 1, 2 * 10**6], 0.05)
    without = nominal_levels([10**6, 2 * 10**6], 0.05)
    assert near[[0, 2]] == pytest.approx(without, rel=1e-4)
    far = nominal_levels([1, 10**4, 10**12], 0.01)
    assert far == pytest.approx([1e-26, 1e-18, 0.01], rel=1e-6)
    assert crossing([1, 2, 3], [np.inf, np.inf, 2.0])[-1] == pytest.approx(2 * stats.norm.sf(2))
    assert crossing([1, 2], [1.0, 0.0]).tolist() == pytest.approx([2 * stats.norm.sf(1), 1.0])


def test_only_the_ratios_of_the_looks_count():
    small, large = nominal_levels([25, 45, 63, 81], 0.01), nominal_levels(STAGED, 0.01)
    assert small == pytest.approx(large, rel=1e-12)
    assert nominal_levels([70], 0.05).tolist() == pytest.approx([0.05])


@pytest.mark.parametrize(
    "looks", [[], [0, 5], [5, 5], [5, 4], [2.5, 4], [True, 2], 7, [[1, 2]], [1, float("nan")]]
)
def test_looks_that_are_none_are_refused(looks):
    for ask in (nominal_levels, pocock, obrien_fleming):
        with pytest.raises(ValueError, match="looks must be the sample sizes so far"):
            ask(looks, 0.05)


def test_what_else_is_refused():
    with pytest.raises(ValueError, match="one in a million"):
        nominal_levels([10**9, 10**9 + 1], 0.05)
    for alpha in (0, 1, float("nan"), -0.1):
        with pytest.raises(ValueError, match="alpha is a probability"):
            nominal_levels([1, 2], alpha)
    for bounds in ([1.0], [1.0, -1.0], [1.0, float("nan")]):
        with pytest.raises(ValueError, match="bounds must hold a number of 0 or more for each"):
            crossing([1, 2], bounds)
    with pytest.raises(ValueError, match="drift must be a finite number"):
        crossing([1, 2], [2, 2], float("nan"))


@pytest.mark.parametrize("power", [0.5, 0.8, 0.95])
@pytest.mark.parametrize(("harm", "discordance"), [(0.02, 0.1), (0.005, 0.03), (0.1, 0.4)])
def test_one_look_needs_what_the_textbook_says(harm, discordance, power):
    """Connor, Sample size for testing differences in proportions for the paired-sample design,
    Biometrics 43 (1987), 207-211.
    """
    found = looks_needed(harm, discordance, 0.05, power, looks=1)
    z, zb = stats.norm.isf(0.025), stats.norm.ppf(power)
    textbook = (z * discordance**0.5 + zb * (discordance - harm**2) ** 0.5) ** 2 / harm**2
    assert found.pairs == np.ceil(textbook)
    assert found.sizes == (found.pairs,)
    assert found.levels == pytest.approx((0.05,))


def test_power_counts_stops_on_the_side_of_harm_alone():
    """Less power than alpha can be asked for: false alarms of harm are half of alpha."""
    found = looks_needed(0.02, 0.1, 0.05, power=0.04, looks=1).pairs
    z = stats.norm.isf(0.025) * 0.1**0.5 + stats.norm.ppf(0.04) * (0.1 - 0.0004) ** 0.5
    assert found == np.ceil((z / 0.02) ** 2)


def test_five_looks_cost_more_than_one_and_less_than_with_equal_bounds():
    once, five = (looks_needed(0.02, 0.1, 0.05, 0.8, k).pairs for k in (1, 5))
    assert INFLATION[obrien_fleming, 0.8] < five / once < INFLATION[pocock, 0.8]


def test_the_wanted_power_comes_out_in_simulated_rollouts():
    harm, discordance, power = 0.03, 0.1, 0.8
    plan = looks_needed(harm, discordance, 0.05, power, looks=(0.2, 0.5, 1.0))
    rng = np.random.default_rng(1)
    shares = [(discordance + harm) / 2, (discordance - harm) / 2, 1 - discordance]
    steps = np.diff(plan.sizes, prepend=0)
    seen = np.cumsum([rng.multinomial(n, shares, size=20_000) for n in steps], axis=0)
    worse, better = seen[..., 0], seen[..., 1]
    z = (worse - better) / np.sqrt(np.maximum(worse + better, 1))
    bounds = stats.norm.isf(np.array(plan.levels) / 2)
    stopped = (z > bounds[:, None]).any(axis=0).mean()
    assert stopped == pytest.approx(power, abs=0.015)


@pytest.mark.parametrize("looks", [1, 5, 40, (0.01, 0.02, 0.03, 1.0), (0.9, 0.95, 1.0)])
@pytest.mark.parametrize(("harm", "discordance"), [(0.5, 0.6), (0.6, 0.60001), (0.001, 0.2)])
def test_the_looks_grow_and_end_at_the_pairs(looks, harm, discordance):
    plan = looks_needed(harm, discordance, 0.05, 0.8, looks)
    assert plan.sizes[-1] == plan.pairs
    assert plan.sizes[0] >= 1
    assert all(np.diff(plan.sizes) > 0)
    assert plan.levels == pytest.approx(nominal_levels(plan.sizes, 0.05))


def test_plans_that_are_none_are_refused():
    for harm, discordance in ((0.0, 0.1), (0.2, 0.1), (0.1, 0.1), (0.1, 1.1), (float("nan"), 0.1)):
        with pytest.raises(ValueError, match="0 < harm < discordance <= 1"):
            looks_needed(harm, discordance)
    with pytest.raises(ValueError, match="power must exceed"):
        looks_needed(0.02, 0.1, alpha=0.05, power=0.02)
    for looks in ((0.5, 0.9), (0.0, 1.0), (), (float("nan"), 1.0)):
        with pytest.raises(ValueError, match="growing shares of which the last is 1"):
            looks_needed(0.02, 0.1, looks=looks)
    with pytest.raises(ValueError, match="one in a million"):
        looks_needed(0.02, 0.1, looks=(0.5, 0.4, 1.0))
    with pytest.raises(ValueError, match="looks must be a whole number"):
        looks_needed(0.02, 0.1, looks=0)


def step_of(pairs: int, discordance: float, harm: float) -> np.ndarray:
    """The probability of (worse, better) among so many pairs."""
    worse, better = np.meshgrid(np.arange(pairs + 1), np.arange(pairs + 1), indexing="ij")
    shares = [(discordance + harm) / 2, (discordance - harm) / 2, 1 - discordance]
    cells = np.stack([worse, better, pairs - worse - better], axis=-1)
    step = stats.multinomial.pmf(np.maximum(cells, 0), cells.sum(-1, keepdims=True)[0, 0], shares)
    return np.where(worse + better <= pairs, step, 0.0)


def stops(looks, levels, discordance: float, harm: float = 0.0) -> np.ndarray:
    """The exact probability that a one-sided sign test at half of each level has stopped a rollout
    by each look: added up over all that can be seen, nothing drawn and nothing normal.
    """
    going, stopped = np.ones((1, 1)), [0.0]
    for n, added, level in zip(looks, np.diff(looks, prepend=0), levels, strict=True):
        going = signal.fftconvolve(going, step_of(added, discordance, harm))
        worse, better = np.meshgrid(np.arange(n + 1), np.arange(n + 1), indexing="ij")
        out = stats.binom.sf(worse - 1, worse + better, 0.5) <= level / 2
        stopped.append(stopped[-1] + going[out].sum())
        going = np.where(out, 0.0, going)
    assert stopped[-1] + going.sum() == pytest.approx(1.0, abs=1e-9)
    return np.array(stopped[1:])


@pytest.mark.parametrize(
    "discordance", [0.001, 0.01, 0.03, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 0.8, 1.0]
)
@pytest.mark.parametrize(("looks", "alpha"), [([25, 45, 63, 81], 0.01), ([20, 40, 60, 80], 0.2)])
def test_the_sign_test_at_these_levels_stops_no_harm_more_often_than_alpha(
    looks, alpha, discordance
):
    found = stops(looks, nominal_levels(looks, alpha), discordance)
    assert found[-1] <= alpha / 2
    uncorrected = stops(looks, [0.2] * 4, discordance)
    assert found[-1] < uncorrected[-1]


def test_it_holds_at_the_sizes_of_the_lesson_and_uses_most_of_alpha():
    found = stops(STAGED, nominal_levels(STAGED, 0.05), 0.1)
    assert 0.012 < found[-1] <= 0.025
    assert stops(STAGED, [0.05] * 4, 0.1)[-1] > 0.04  # the control: uncorrected looks


def test_pairs_that_go_wrong_by_the_four_stop_nine_times_as_many_unless_they_count_as_one():
    looks, rng = np.arange(200, 1001, 200), np.random.default_rng(0)
    drawn = np.repeat(rng.integers(0, 20, (4000, 250)), 4, axis=1)
    worse, better = (np.cumsum(drawn == side, axis=1)[:, looks - 1] for side in (0, 1))
    levels = nominal_levels(looks, 0.05) / 2
    stopped = (harm_chance(worse, better) <= levels).any(axis=1).mean()
    assert stopped == pytest.approx(0.22, abs=0.03)  # of 2.5% promised
    assert (harm_chance(worse // 4, better // 4) <= levels).any(axis=1).mean() < 0.025


def test_the_exact_power_is_near_the_one_that_was_asked_for():
    plan = looks_needed(0.1, 0.3, 0.05, 0.8, looks=4)
    found = stops(plan.sizes, plan.levels, 0.3, 0.1)[-1]
    assert 0.75 < found < 0.81


def test_traffic_share():
    assert traffic_share(2_000, 10_000, 2) == pytest.approx(0.1)
    assert traffic_share(10_000, 10_000, 2) == pytest.approx(0.5)  # the other half: the baseline
    with pytest.raises(ValueError, match="20002 requests, and 2 hours bring 20000;"):
        traffic_share(10_001, 10_000, 2)
    for wrong in ((0, 1, 1), (1.5, 9, 9), (1, 0, 1), (1, 1, float("nan")), (1, float("inf"), 1)):
        with pytest.raises(ValueError, match="must be"):
            traffic_share(*wrong)
