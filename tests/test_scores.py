"""AUC by counting pairs, its standard error from the paper's definition and by resampling."""

import math
from dataclasses import replace
from fractions import Fraction
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from refusals import refuses
from scipy import stats

from labsupport.scores import compare_auc

Z = NormalDist().inv_cdf(0.975)


@st.composite
def ranked_rows(draw):
    """Labels and the scores of two models with many ties, some of them infinite; at least two rows
    of each class.
    """
    score = st.sampled_from([-math.inf, -2.0, -0.0, 0.0, 0.5, 1.0, 3.0, math.inf])
    rows = draw(st.lists(st.tuples(st.integers(0, 1), score, score), min_size=4, max_size=25))
    y, candidate, baseline = map(np.array, zip(*rows, strict=True))
    assume(2 <= y.sum() <= len(y) - 2)
    return y, candidate, baseline


def wins(y, score):
    """(positives, negatives) array: 1 where the positive outranks, 1/2 where they tie."""
    positive, negative = score[y == 1][:, None], score[y == 0][None, :]
    return (positive > negative) + 0.5 * (positive == negative)


def standard_error_by_definition(y, candidate, baseline):
    """DeLong's: the structural components of both models, their covariances, and the contrast (1,
    -1).
    """
    kernels = [wins(y, candidate), wins(y, baseline)]
    m, n = kernels[0].shape
    areas = [kernel.mean() for kernel in kernels]
    S = np.zeros((2, 2))
    for r in range(2):
        for s in range(2):
            by_positive = [(kernels[k].mean(axis=1) - areas[k]) for k in (r, s)]
            by_negative = [(kernels[k].mean(axis=0) - areas[k]) for k in (r, s)]
            S[r, s] = (by_positive[0] * by_positive[1]).sum() / (m - 1) / m
            S[r, s] += (by_negative[0] * by_negative[1]).sum() / (n - 1) / n
    return math.sqrt(max(S[0, 0] + S[1, 1] - 2 * S[0, 1], 0.0))


def two_models(rng, n, positives=0.4, gain=0.4):
    """Labels and the scores of two related models, the candidate somewhat better; rounded, so that
    there are ties.
    """
    y = (rng.random(n) < positives).astype(int)
    shared = rng.standard_normal(n)
    candidate = (1.0 + gain) * y + shared + 0.7 * rng.standard_normal(n)
    baseline = 1.0 * y + shared + 0.7 * rng.standard_normal(n)
    return y, candidate.round(1), baseline.round(1)


@settings(max_examples=50)
@given(ranked_rows())
def test_areas_are_counts_of_pairs(case):
    y, candidate, baseline = case
    found = compare_auc(*case)
    for area, exact, score in (
        (found.candidate, found.exact_candidate, candidate),
        (found.baseline, found.exact_baseline, baseline),
    ):
        pairs = wins(y, score)
        assert exact == Fraction(int(2 * pairs.sum()), 2 * pairs.size)
        assert area == float(exact)
    assert found.exact_gain == found.exact_candidate - found.exact_baseline
    assert found.gain == float(found.exact_gain)
    assert found.n == len(y)


@settings(max_examples=50)
@given(ranked_rows())
def test_the_standard_error_is_that_of_the_definition(case):
    assert compare_auc(*case).standard_error == pytest.approx(
        standard_error_by_definition(*case), rel=1e-9, abs=1e-8
    )


@settings(max_examples=50)
@given(ranked_rows())
def test_only_the_order_of_scores_counts_and_swapping_models_swaps_the_sign(case):
    y, candidate, baseline = case
    found, swapped = compare_auc(y, candidate, baseline), compare_auc(y, baseline, candidate)
    assert swapped.exact_gain == -found.exact_gain
    assert swapped.standard_error == pytest.approx(found.standard_error, rel=1e-9, abs=1e-12)
    assert compare_auc(y, np.arctan(candidate), 7 * baseline).exact_gain == found.exact_gain
    upside_down = compare_auc(1 - y, -candidate, -baseline)
    assert (upside_down.exact_candidate, upside_down.exact_baseline) == (
        found.exact_candidate,
        found.exact_baseline,
    )
    same = compare_auc(y, candidate, candidate)
    assert (same.gain, same.standard_error, same.statistic(0)) == (0, 0, 0)
    assert same.statistic(2 / min(y.sum(), (1 - y).sum()) + 1e-9) < 0


def test_areas_are_scipys_mann_whitney_u():
    y, candidate, baseline = two_models(np.random.default_rng(1), 3000)
    found = compare_auc(y, candidate, baseline)
    pairs = y.sum() * (len(y) - y.sum())
    for exact, score in ((found.exact_candidate, candidate), (found.exact_baseline, baseline)):
        assert float(exact) == stats.mannwhitneyu(score[y == 1], score[y == 0]).statistic / pairs
    assert found.standard_error == pytest.approx(
        standard_error_by_definition(y, candidate, baseline), rel=1e-10
    )


def test_areas_stay_exact_on_many_rows():
    rng = np.random.default_rng(2)
    n = 300_000
    y, score = rng.integers(0, 2, n), rng.integers(0, 1000, n)
    twice_ranks = np.rint(2 * stats.rankdata(score)).astype(np.int64)
    positives = int(y.sum())
    twice_u = int(twice_ranks[y == 1].sum()) - positives * (positives + 1)
    assert compare_auc(y, score, -score).exact_candidate == Fraction(
        twice_u, 2 * positives * (n - positives)
    )
    assert (
        compare_auc(y, score, -score).exact_baseline
        == 1 - compare_auc(y, score, -score).exact_candidate
    )


@pytest.mark.parametrize(("n", "positives", "seed"), [(300, 0.4, 3), (400, 0.1, 4)])
def test_the_standard_error_is_that_of_a_paired_bootstrap_within_its_noise(n, positives, seed):
    rng = np.random.default_rng(seed)
    y, candidate, baseline = two_models(rng, n, positives)
    difference = wins(y, candidate) - wins(y, baseline)
    m, k = difference.shape
    replicates = 4000
    rows, columns = (
        rng.multinomial(m, np.full(m, 1 / m), replicates),
        rng.multinomial(k, np.full(k, 1 / k), replicates),
    )
    gains = np.einsum("bi,ij,bj->b", rows, difference, columns, optimize=True) / (m * k)
    found = compare_auc(y, candidate, baseline)
    noise = 4 / math.sqrt(2 * replicates)
    assert gains.std() == pytest.approx(found.standard_error, rel=noise + 1 / min(m, k))
    tails = np.quantile(gains, [0.025, 0.975])
    ends = [found.gain + sign * Z * found.standard_error for sign in (-1, 1)]
    assert ends == pytest.approx(tails, abs=0.25 * found.standard_error)


def test_the_interval_covers_the_true_gain():
    rng = np.random.default_rng(6)
    sd = math.sqrt(2 * (1 + 0.49))  # of the difference between a positive's and a negative's noise
    truth = NormalDist().cdf(1.4 / sd) - NormalDist().cdf(1.0 / sd)
    worlds = 400
    found = [compare_auc(*two_models(rng, 500)) for _ in range(worlds)]
    noise = 4 * math.sqrt(0.95 * 0.05 / worlds)
    assert np.mean([abs(f.gain - truth) < Z * f.standard_error for f in found]) == pytest.approx(
        0.95, abs=noise
    )
    assert np.mean([truth in f.interval() for f in found]) > 0.95 - noise


@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.99])
@pytest.mark.parametrize(("positives", "expected"), [(20, 3), (100, 3), (100, 20), (400, 20)])
def test_lost_rows_are_tolerated_as_rarely_as_promised(positives, expected, confidence):
    """Two rankers without an error, of which the candidate puts each positive last with a small
    chance: exact, over the number of rows that are lost. The true loss is the margin.
    """
    y = np.repeat([1, 0], [positives, 200])
    level, cleared, normal = (1 - confidence) / 2, 0.0, 0.0
    for lost in range(positives + 1):
        mass = stats.binom.pmf(lost, positives, expected / positives)
        if mass > 1e-9:
            candidate = np.where(np.arange(positives + 200) < lost, -1.0, y)
            found = compare_auc(y, candidate, y)
            cleared += mass * (found.interval(confidence).low >= -expected / positives)
            reach = stats.norm.isf(level) * found.standard_error
            normal += mass * (found.gain - reach >= -expected / positives)
    assert cleared <= level
    assert normal > 1.2 * level  # the control: DeLong's interval alone


@pytest.mark.parametrize("positives", [2, 5, 10])
def test_models_alike_are_told_apart_as_rarely_as_promised(positives):
    rng, worlds = np.random.default_rng(positives), 400
    y = np.repeat([1, 0], [positives, 60])
    above = [
        compare_auc(y, *(y + rng.normal(size=len(y)) for _ in range(2))).interval().low >= 0
        for _ in range(worlds)
    ]
    assert np.mean(above) <= 0.025


def test_interval_statistic_and_rows_needed_tell_the_same_story():
    found = compare_auc(*two_models(np.random.default_rng(7), 2000))
    interval = found.interval()
    assert interval.method == "DeLong, bounded"
    assert (found.statistic(interval.low), found.statistic(interval.high)) == pytest.approx((Z, -Z))
    assert found.statistic(found.gain) == 0
    assert (
        found.interval(0.99).low
        < interval.low
        < found.gain
        < interval.high
        < found.interval(0.99).high
    )
    margin = found.gain - (found.gain - interval.low) / 2  # half as far away: four times the rows
    needed = found.examples_needed(margin)
    assert 3 * found.n < needed < 4.1 * found.n
    more = replace(
        found,
        n=needed,
        standard_error=found.standard_error * math.sqrt(found.n / needed),
        fewest=round(found.fewest * needed / found.n),
    )
    assert more.interval().low == pytest.approx(margin, abs=found.standard_error / 200)
    with refuses(ValueError, "equals the margin"):
        found.examples_needed(found.exact_gain)


def test_slices_are_compared_on_their_own_rows():
    rng = np.random.default_rng(8)
    y, candidate, baseline = two_models(rng, 600)
    label = rng.choice(["phone", "tv", "web"], 600)
    masks = {"tv": label == "tv", "old": rng.random(600) < 0.3}
    for slices, parts in (
        (label, {name: label == name for name in ("phone", "tv", "web")}),
        (masks, masks),
    ):
        found = compare_auc(y, candidate, baseline, slices)
        assert set(found.slices) == set(parts)
        for name, mask in parts.items():
            alone = compare_auc(y[mask], candidate[mask], baseline[mask])
            assert found.slices[name] == alone
            assert found.slices[name].n == mask.sum()
    assert compare_auc(y, candidate, baseline).slices == {}


def test_an_aggregate_gain_can_hide_a_slice_that_collapsed():
    rng = np.random.default_rng(9)
    y, candidate, baseline = two_models(rng, 4000, gain=0.6)
    small = np.arange(4000) < 200
    candidate[small] = rng.standard_normal(200)
    found = compare_auc(y, candidate, baseline, {"small": small})
    assert found.interval().low > 0
    assert found.slices["small"].interval().high < 0
    assert found.slices["small"].candidate == pytest.approx(0.5, abs=0.15)


# Refusals

Y, SCORE = [0, 1, 0, 1, 1], [0.1, 0.4, 0.35, 0.8, 0.2]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (([0, 0, 0, 0, 1], SCORE, SCORE), "The holdout has 1 positives and 4 negatives"),
        (([1] * 5, SCORE, SCORE), "The holdout has 5 positives and 0 negatives"),
        ((Y, SCORE, SCORE, ["a", "b", "a", "b", "a"]), "Slice 'a' has 1 positives and 2 negatives"),
        (
            (Y, SCORE, SCORE, {"none": np.zeros(5, bool)}),
            "Slice 'none' has 0 positives and 0 negatives",
        ),
        ((Y, SCORE[:4], SCORE), "candidate must be one score per row, shape (5,); got shape (4,)"),
        ((Y, SCORE, [SCORE]), "baseline must be one score per row"),
        ((Y, SCORE, [0.1, 0.2, math.nan, 0.4, 0.5]), "baseline holds a NaN in row 2"),
        ((Y, np.ma.masked_greater(SCORE, 0.5), SCORE), "candidate has masked values"),
        ((Y, [2**53, 2**53 + 1, 1, 2, 3], SCORE), "candidate holds different numbers that are one"),
        ((Y, SCORE, [10**400, 1, 2, 3, 4]), "baseline must hold numbers that a float can hold"),
        ((Y, SCORE, list("abcde")), "baseline must hold numbers"),
        ((Y, SCORE, np.array(["1", 2, 3, 4, 5], object)), "baseline must hold numbers"),
        ((Y, SCORE, [1j, 2, 3, 4, 5]), "baseline must hold numbers"),
        (([0, 1, 2, 1, 0], SCORE, SCORE), "y must hold 0 and 1 only"),
        (([], [], []), "y is empty"),
        ((Y, SCORE, SCORE, ["a", "a"]), "slices must hold one label per row"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_ranked_is_refused(arguments, words):
    with refuses(ValueError, words):
        compare_auc(*arguments)


@pytest.mark.parametrize("confidence", [0, 1, 95, math.nan])
def test_a_confidence_is_a_probability(confidence):
    with refuses(ValueError, "confidence is a probability"):
        compare_auc([0, 1, 0, 1], [1, 2, 3, 4], [4, 3, 2, 1]).interval(confidence)
