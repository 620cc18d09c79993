"""A confidence sequence: its promise, added up over everything that can happen."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from scipy import optimize, special, stats

from labsupport.delivery.looks import nominal_levels
from labsupport.delivery.sequence import confidence_sequence, harm_shown, harm_wealth
from labsupport.intervals import gain_interval
from labsupport.outcomes import PairedOutcomes

MOST = 100  # pairs up to which every table is asked
TRUTHS = [  # shares of pairs of which only the canary, only the baseline fails
    (0.5, 0.5), (0.3, 0.3), (0.1, 0.1), (0.02, 0.02), (0.002, 0.002), (1.0, 0.0), (0.9, 0.1),
    (0.6, 0.3), (0.3, 0.1), (0.2, 0.0), (0.05, 0.03), (0.01, 0.0), (0.0, 0.01), (0.1, 0.4),
    (0.0, 0.5), (0.05, 0.9),
]  # fmt: skip


@pytest.fixture(scope="module")
def every_interval() -> list[tuple[np.ndarray, np.ndarray]]:
    """For each n up to MOST the ends by (worse, better); what cannot be excludes nothing."""
    tables = [
        (worse, better, n)
        for n in range(MOST + 1)
        for worse in range(n + 1)
        for better in range(n + 1 - worse)
    ]
    worse, better, n = np.array(tables).T
    low, high = confidence_sequence(worse, better, n, alpha=0.1)
    ends = []
    for size in range(MOST + 1):
        lows, highs = np.full((2, size + 1, size + 1), np.array([-2.0, 2.0])[:, None, None])
        at = n == size
        lows[worse[at], better[at]], highs[worse[at], better[at]] = low[at], high[at]
        ends.append((lows, highs))
    return ends


def ever(excluded, p: float, q: float) -> float:
    """The exact probability that excluded[n][worse, better] is ever so, watched at every n."""
    going, stopped = np.ones((1, 1)), 0.0
    for n, out in enumerate(excluded):
        if n:
            longer = np.zeros((n + 1, n + 1))
            longer[:n, :n] += (1 - p - q) * going
            longer[1:, :n] += p * going
            longer[:n, 1:] += q * going
            going = longer
        stopped += going[out].sum()
        going[out] = 0.0
    assert stopped + going.sum() == pytest.approx(1.0)  # nothing was lost on the way
    return stopped


@pytest.mark.parametrize(("p", "q"), TRUTHS)
def test_the_truth_is_hardly_ever_excluded_by_either_end(every_interval, p, q):
    truth = p - q + 1e-12 * np.array([1, -1])  # as exact as an end is found
    above = ever([lows > truth[0] for lows, _ in every_interval], p, q)
    below = ever([highs < truth[1] for _, highs in every_interval], p, q)
    assert max(above, below) <= 0.05
    both = ever([(a > truth[0]) | (b < truth[1]) for a, b in every_interval], p, q)
    assert both <= 0.1


def test_the_promise_is_worth_something_and_can_be_broken(every_interval):
    """What is true is excluded now and then, what is not true almost always: the enumeration sees
    both.
    """
    used = ever([(a > 0) | (b < 0) for a, b in every_interval], 0.5, 0.5)
    assert 0.02 < used <= 0.1
    assert ever([a > 0 for a, _ in every_interval], 0.5, 0.1) > 0.9


def test_an_interval_for_one_look_breaks_that_promise():
    """The control: the same enumeration with Tango's interval, made for a single n."""
    excluded = [np.zeros((1, 1), bool)]
    for n in range(1, 41):
        out = np.zeros((n + 1, n + 1), bool)
        for worse in range(n + 1):
            for better in range(n + 1 - worse):
                outcomes = PairedOutcomes(n - worse - better, worse, better, 0)
                out[worse, better] = 0.0 not in gain_interval(outcomes, 0.9, "score")
        excluded.append(out)
    assert ever(excluded, 0.5, 0.5) > 0.3


def watched(shown: np.ndarray) -> np.ndarray:
    """The exact probability that shown[pairs, worse] was so by each number of discordant pairs, if
    either model is as likely to be the one that fails.
    """
    going, stopped = np.ones(1), [0.0]
    for pairs in range(1, len(shown)):
        going = (np.append(going, 0.0) + np.append(0.0, going)) / 2
        out = shown[pairs, : pairs + 1]
        stopped.append(stopped[-1] + going[out].sum())
        going[out] = 0.0
    return np.array(stopped)


@pytest.mark.parametrize("alpha", [0.01, 0.05, 0.2])
def test_no_harm_is_hardly_ever_shown_whatever_the_discordance(alpha):
    """Pairs on which the two agree change nothing, so the discordant ones are all there is."""
    pairs, worse = np.meshgrid(np.arange(1001), np.arange(1001), indexing="ij")
    better = np.maximum(pairs - worse, 0)
    shown = watched(harm_shown(np.minimum(worse, pairs), better, alpha))[-1]
    assert alpha / 8 < shown <= alpha / 2
    signs = stats.binom.sf(worse - 1, np.maximum(pairs, worse), 0.5) <= alpha / 2
    assert watched(signs)[-1] > 2 * alpha  # the control: a sign test after every pair


def test_harm_is_shown_where_the_interval_lies_above_zero():
    rng = np.random.default_rng(0)
    sizes = rng.integers(1, 3000, 4000)
    share = rng.uniform(0, 0.5, 4000)
    worse, better, _ = rng.multinomial(sizes, np.array([share, share / 2, 1 - 1.5 * share]).T).T
    for alpha in (0.01, 0.05, 0.5):
        low, _ = confidence_sequence(worse, better, sizes, alpha)
        shown = harm_shown(worse, better, alpha)
        assert 0 < shown.sum() < len(shown)
        assert ((low > 0) == shown).all()


def exact_wealth(m: Fraction, worse: int, better: int, n: int) -> Fraction:
    """Pair by pair as the module's text tells it, in fractions."""
    weights = [1 / (1 + abs(Fraction(j) - Fraction(5, 2))) ** 2 for j in range(1, 17)]
    total = Fraction(0)
    for j, weight in enumerate(weights, 1):
        stake = Fraction(1, 2**j)
        keeps = [1 + stake * (x - m) / (1 + m) for x in (1, -1, 0)]
        total += weight * keeps[0] ** worse * keeps[1] ** better * keeps[2] ** (n - worse - better)
    return total / sum(weights)


@pytest.mark.parametrize(
    ("worse", "better", "n"),
    [(0, 0, 1), (1, 0, 1), (3, 1, 7), (0, 9, 40), (12, 0, 12), (20, 5, 300), (0, 0, 250)],
)
def test_at_each_end_the_wealth_is_what_the_bar_asks(worse, better, n):
    low, high = confidence_sequence(worse, better, n, alpha=0.05)
    for end, won, lost in ((low, worse, better), (-high, better, worse)):
        if lost < n:
            assert exact_wealth(Fraction(float(end)), won, lost, n) == pytest.approx(40, rel=1e-9)
        else:
            assert end == -1
    wealth = exact_wealth(Fraction(0), worse, better, n)
    assert harm_wealth(worse, better) == pytest.approx(float(wealth), rel=1e-12)


def by_dirichlet(worse: int, better: int, n: int, alpha: float) -> float:
    """The lower end by Lindon and Malek (2022), a uniform mixture, the discordance profiled out."""
    counts = np.array([worse, better, n - worse - better])
    mixed = special.gammaln(1 + counts).sum() + special.gammaln(3) - special.gammaln(3 + n)

    def excess(delta: float) -> float:
        def likelihood(q: float) -> float:
            return -special.xlogy(counts, [q + delta, q, 1 - 2 * q - delta]).sum()

        ends = (max(0.0, -delta), (1 - delta) / 2)
        best = optimize.minimize_scalar(
            likelihood, bounds=ends, method="bounded", options={"xatol": 1e-12}
        )
        return mixed + best.fun - math.log(1 / alpha)

    return optimize.brentq(excess, -1 + 1e-9, (worse - better) / n)


@pytest.mark.parametrize("discordance", [0.05, 0.1, 0.2])
@pytest.mark.parametrize("n", [1000, 10_000])
def test_its_width_against_what_else_there_is(n, discordance):
    """Wider than an interval for one look, as it must be, by less than three quarters; narrower by
    a quarter and more than the Dirichlet mixture.
    """
    each = round(n * discordance / 2)
    low, high = confidence_sequence(each, each, n)
    assert high == -low
    once = gain_interval(PairedOutcomes(n - 2 * each, each, each, 0), 0.95, "score").high
    last = stats.norm.isf(nominal_levels([1, 2, 3, 4, 5], 0.05)[-1] / 2) / stats.norm.isf(0.025)
    assert once < last * once < high < 1.75 * once
    assert high < -0.75 * by_dirichlet(each, each, n, 0.05)


def test_models_exchanged_are_the_mirror_image_and_more_alpha_is_narrower():
    worse, better, n = np.array([[3, 40, 0], [1, 60, 9], [9, 1000, 30]])
    low, high = confidence_sequence(worse, better, n)
    again = confidence_sequence(better, worse, n)
    assert (again[0] == -high).all()
    assert (again[1] == -low).all()
    wider = confidence_sequence(worse, better, n, alpha=0.01)
    assert ((wider[0] < low) | (low == -1)).all()
    assert ((wider[1] > high) | (high == 1)).all()


def test_shapes_and_the_edges_of_the_domain():
    low, high = confidence_sequence(np.arange(12).reshape(3, 4), 5, np.full(4, 100))
    assert low.shape == high.shape == (3, 4)
    one = confidence_sequence(7, 5, 100)
    assert (float(low[1, 3]), float(high[1, 3])) == tuple(map(float, one))
    assert np.ndim(one[0]) == 0
    assert confidence_sequence(0, 0, 0) == (-1, 1)
    assert confidence_sequence(9, 0, 9)[1] == 1
    assert confidence_sequence(*np.empty((3, 0), int))[0].shape == (0,)
    huge = confidence_sequence(5 * 10**8, 5 * 10**8, 10**12)
    assert huge[1] == pytest.approx(4.4 * np.sqrt(1e-3 / 1e12), rel=0.05)
    assert harm_shown(0, 0) == np.False_
    assert harm_wealth(0, 0) == pytest.approx(1.0)
    assert harm_shown(np.array([[30], [3]]), [1, 2]).tolist() == [[True, True], [False, False]]


def test_many_tables_are_the_same_as_one_by_one():
    rng = np.random.default_rng(3)
    tables = rng.multinomial(400, [0.1, 0.1, 0.8], size=20_000)
    low, high = confidence_sequence(tables[:, 0], tables[:, 1], 400)
    for row in (0, 9_999, 19_999):
        single = confidence_sequence(int(tables[row, 0]), int(tables[row, 1]), 400)
        assert (low[row], high[row]) == pytest.approx(single, abs=1e-12)


@pytest.mark.parametrize(
    ("worse", "better", "n"), [(-1, 0, 5), (1.0, 0, 5), (True, 0, 5), (float("nan"), 0, 5)]
)
def test_counts_that_are_none_are_refused(worse, better, n):
    with pytest.raises(ValueError, match="counts of pairs, whole numbers of 0 or more"):
        confidence_sequence(worse, better, n)
    with pytest.raises(ValueError, match="counts of pairs, whole numbers of 0 or more"):
        harm_shown(worse, better)


def test_what_else_is_refused():
    with pytest.raises(ValueError, match="got more than n of them"):
        confidence_sequence([1, 4], [1, 2], 5)
    for alpha in (0, 1, float("nan")):
        with pytest.raises(ValueError, match="alpha is a probability"):
            confidence_sequence(1, 1, 5, alpha)
        with pytest.raises(ValueError, match="alpha is a probability"):
            harm_shown(1, 1, alpha)
