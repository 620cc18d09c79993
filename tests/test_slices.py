"""Many comparisons: Holm against its definition, slices and gaps against worlds where the truth is
known.
"""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from refusals import refuses
from scipy import stats

from labsupport.data import load_employment
from labsupport.intervals import mcnemar
from labsupport.outcomes import PairedOutcomes
from labsupport.scores import compare_auc
from labsupport.slices import (
    false_alarm_rate,
    gap_interval,
    holm,
    slice_gap_bound,
    slice_tests,
    slices_within,
)

# ---- Holm
# --------------------------------------------------------------------------------------------------
# -----------

probabilities = st.integers(0, 200).map(lambda k: k / 200) | st.floats(0, 1)


def holm_by_definition(p: list[float], level: Fraction) -> list[bool]:
    """Which hypotheses fall when one goes from the smallest p-value up and stops at the first that
    stands.
    """
    order, fallen = sorted(range(len(p)), key=lambda i: p[i]), [False] * len(p)
    for rank, i in enumerate(order):
        if Fraction(p[i]) * (len(p) - rank) > level:
            break
        fallen[i] = True
    return fallen


def closed_testing(p: list[float]) -> list[float]:
    """Adjusted p-values of the closure of Bonferroni tests: a hypothesis falls when every
    intersection with it falls.
    """
    k = len(p)
    groups = [g for size in range(1, k + 1) for g in itertools.combinations(range(k), size)]
    return [
        max(min(1.0, len(g) * min(p[j] for j in g)) for g in groups if i in g) for i in range(k)
    ]


def test_the_published_example():
    adjusted = holm([0.005, 0.009, 0.019, 0.022, 0.051, 0.101, 0.361, 0.387])
    assert [f"{a:.3f}" for a in adjusted] == [
        "0.040",
        "0.063",
        "0.114",
        "0.114",
        "0.204",
        "0.303",
        "0.722",
        "0.722",
    ]


@given(st.lists(probabilities, max_size=12), st.integers(1, 199))
def test_holm_rejects_what_the_step_down_rejects(p, thousandth):
    level = Fraction(thousandth, 200) + Fraction(1, 10**6)  # off the grid: rounding must not decide
    assert [Fraction(float(a)) <= level for a in holm(p)] == holm_by_definition(p, level)


@settings(max_examples=50)
@given(st.lists(probabilities, min_size=1, max_size=7))
def test_holm_is_the_closure_of_bonferroni(p):
    assert holm(p) == pytest.approx(closed_testing(p), abs=1e-12)


@given(st.lists(probabilities, min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_holm_does_not_depend_on_the_order(p, random):
    order = random.sample(range(len(p)), len(p))
    assert holm([p[i] for i in order]) == pytest.approx(holm(p)[order])
    assert (holm(p) >= p).all()


@given(st.lists(probabilities, min_size=2, max_size=8), st.data())
def test_what_was_searched_and_not_reported_counts(p, data):
    """Leaving p-values out never makes those that are reported look better, and leaving out the
    largest changes nothing.
    """
    reported = data.draw(st.integers(1, len(p)))
    assert (holm(p[:reported], searched=len(p)) >= holm(p)[:reported] - 1e-12).all()
    best = sorted(p)
    assert holm(best[:reported], searched=len(p)) == pytest.approx(holm(best)[:reported])


def test_holm_of_nothing_is_nothing():
    assert holm([]).shape == (0,)


@pytest.mark.parametrize("searched", [None, 9])
def test_many_lists_at_once_are_each_adjusted_for_itself(searched):
    p = np.random.default_rng(0).random((2, 50, 6)) ** 3
    together = holm(p, searched)
    assert together.shape == p.shape
    for index in np.ndindex(2, 50):
        assert together[index].tolist() == holm(p[index], searched).tolist()


@pytest.mark.parametrize("p", [[0.1, math.nan], [-0.1], [1.1], 0.5, [[0.1], [math.nan]]])
def test_holm_takes_probabilities_only(p):
    with refuses(ValueError, "from 0 to 1"):
        holm(p)


def test_holm_does_not_look_under_a_mask():
    with refuses(ValueError, "p-values has masked values"):
        holm(np.ma.masked_less([0.001, 0.2], 0.01))


@pytest.mark.parametrize("searched", [1, 0, math.nan, 60.5, True])
def test_fewer_searched_than_reported_is_refused(searched):
    with refuses(ValueError, "at least as many were searched"):
        holm([0.1, 0.2], searched)


# ---- real people
# --------------------------------------------------------------------------------------------------
# ----


@pytest.fixture(scope="module")
def people():
    return load_employment().holdout


def compared(people, model, slices):
    return PairedOutcomes.from_predictions(
        people.employed, people.predictions(model), people.predictions("champion"), slices=slices
    )


def test_two_of_nine_losses_stand(people):
    outcomes = compared(people, "trees_without_medical", people.slices)
    tests = {test.slice: test for test in slice_tests(outcomes)}
    assert list(tests) == list(people.slices)
    assert f"{tests['disability'].adjusted:.3f}" == "0.013"
    assert f"{tests['hearing difficulty'].adjusted:.5f}" == "0.01548"
    assert f"{tests['vision difficulty'].adjusted:.3f}" == "0.057"
    lost = {name for name, test in tests.items() if test.adjusted < 0.05 and test.gain < 0}
    assert lost == {"disability", "hearing difficulty"}
    hearing = tests["hearing difficulty"]
    assert (hearing.n, f"{100 * hearing.gain:.2f}") == (736, "-6.93")
    assert hearing.p_value == mcnemar(outcomes.slice("hearing difficulty")) < hearing.adjusted


def test_three_questions_about_the_same_nine_slices_have_three_answers(people):
    outcomes = compared(people, "trees_without_medical", people.slices)
    found = {}
    for asked, tolerance in {"differs": None, "loses": 0, "more than a point": 0.01}.items():
        tests = {test.slice: test for test in slice_tests(outcomes, tolerance=tolerance)}
        found[asked] = [
            f"{tests[name].adjusted:.3f}"
            for name in ("hearing difficulty", "vision difficulty", "disability")
        ]
    assert found == {
        "differs": ["0.015", "0.057", "0.013"],
        "loses": ["0.011", "0.045", "0.008"],
        "more than a point": ["0.047", "0.237", "0.469"],
    }
    hearing = slice_tests(outcomes, tolerance=0.01)[0]
    assert f"{hearing.p_value:.4f}" == "0.0052"  # alone, the gate would accuse it


@pytest.mark.parametrize("tolerance", [0, 0.01, 0.03, 0.05])
@pytest.mark.parametrize("model", ["trees_without_medical", "logistic_without_sex_race"])
@pytest.mark.parametrize("confidence", [0.95, 0.8])
def test_a_one_sided_test_accuses_whom_the_gate_accuses(people, model, tolerance, confidence):
    outcomes, level = compared(people, model, people.slices), (1 - confidence) / 2
    judged = slices_within(outcomes, dict.fromkeys(people.slices, tolerance), confidence)
    tests = slice_tests(outcomes, tolerance=tolerance, level=level)
    accused = {test.slice for test in tests if test.adjusted <= level}
    assert accused == {name for name, within in judged.items() if within is False}


def test_that_the_gate_accuses_somebody_is_seen(people):
    outcomes = compared(people, "trees_without_medical", people.slices)
    accused = [t.slice for t in slice_tests(outcomes, tolerance=0) if t.adjusted <= 0.025]
    assert accused == ["hearing difficulty", "disability"]


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"tolerance": math.nan}, "NaN|not a number|finite"),
        ({"tolerance": 0.01, "level": 0}, "level"),
    ],
)
def test_a_one_sided_test_refuses_what_is_no_tolerance_or_level(asked, words):
    outcomes = PairedOutcomes(8, 1, 1, 0, slices={"all": PairedOutcomes(8, 1, 1, 0)})
    with pytest.raises(ValueError, match=words):
        slice_tests(outcomes, **asked)


def test_women_35_to_44_times_everything_that_was_searched(people):
    women = (
        (people.columns["SEX"] == 2)
        & (people.columns["AGEP"] >= 35)
        & (people.columns["AGEP"] <= 44)
    )
    outcomes = compared(people, "logistic_without_sex_race", {"women 35-44": women})
    (alone,), (of_sixty,), (of_all,) = (
        slice_tests(outcomes, searched) for searched in (None, 60, 60 * 26)
    )
    assert (alone.n, f"{100 * alone.gain:.2f}") == (4063, "-0.96")
    assert f"{alone.p_value:.5f}" == f"{alone.adjusted:.5f}" == "0.00083"
    assert f"{of_sixty.adjusted:.4f}" == "0.0499"
    assert of_all.adjusted == 1


def test_people_on_active_duty_say_nothing(people):
    outcomes = compared(
        people,
        "trees_without_medical",
        {"active duty": people.columns["MIL"] == 1, "all": people.year > 0},
    )
    silent = outcomes.slice("active duty")
    assert (silent.n, silent.churn) == (56, 0)
    assert slice_tests(outcomes)[0].p_value == 1
    assert slices_within(outcomes, {"active duty": 0.01}) == {"active duty": None}


# ---- luck
# --------------------------------------------------------------------------------------------------
# -----------


def test_false_alarms_of_several_looks():
    assert [f"{100 * false_alarm_rate(k):.1f}" for k in (0, 1, 3, 5, 10)] == [
        "0.0",
        "5.0",
        "14.3",
        "22.6",
        "40.1",
    ]
    assert false_alarm_rate(7, 0.2) == pytest.approx(1 - 0.8**7)


@pytest.mark.parametrize(
    ("k", "level", "words"), [(-1, 0.05, "k counts"), (math.nan, 0.05, "k counts"), (3, 1, "level")]
)
def test_false_alarms_need_a_count_and_a_level(k, level, words):
    with refuses(ValueError, words):
        false_alarm_rate(k, level)


# ---- every slice within its tolerance
# ---------------------------------------------------------------------------------

counts = st.integers(0, 40)
tables = st.builds(PairedOutcomes, counts, counts, counts, counts).filter(lambda table: table.n)
tolerances = st.integers(0, 300).map(lambda k: k / 1000)


def family(parts: list[PairedOutcomes]) -> PairedOutcomes:
    """The slices s0, s1 ... and a holdout that holds them."""
    return PairedOutcomes(10**6, 0, 0, 0, {f"s{i}": part for i, part in enumerate(parts)})


@settings(max_examples=40)
@given(tables, tolerances, st.sampled_from([0.5, 0.8, 0.95, 0.99]))
def test_one_slice_is_judged_by_its_own_interval(part, tolerance, confidence):
    """The one that the gate would print for it; ends so near that their precision counts apart."""
    interval = part.interval(confidence)
    near = min(abs(interval.low + tolerance), abs(interval.high + tolerance))
    holds, fails = interval.low >= -tolerance, interval.high < -tolerance
    within = holds if holds or fails else None
    assert near < 1e-4 or slices_within(family([part]), {"s0": tolerance}, confidence) == {
        "s0": within
    }


@settings(max_examples=40)
@given(
    st.lists(st.tuples(tables, tolerances), min_size=1, max_size=6), st.sampled_from([0.8, 0.95])
)
def test_slices_are_cleared_alone_and_accused_by_the_step_down(drawn, confidence):
    parts, level = [part for part, _ in drawn], (1 - confidence) / 2
    accused = holm_by_definition(
        [part.chances(-t, level / len(drawn))[1] for part, t in drawn], Fraction(level)
    )
    within = slices_within(
        family(parts), {f"s{i}": t for i, (_, t) in enumerate(drawn)}, confidence
    )
    cleared = [part.chances(-t, level)[0] <= level for part, t in drawn]
    assert list(within.values()) == [
        ok if ok or bad else None for ok, bad in zip(cleared, accused, strict=True)
    ]


def chance(n: int, tolerance: float, churn: float) -> tuple[float, float]:
    """Exact chances that one slice of n rows whose true loss is its tolerance is cleared, and that
    it is accused.
    """
    reach = {True: 0.0, False: 0.0}
    lost = (churn + tolerance) / 2
    for better, worse in itertools.product(range(n + 1), repeat=2):
        mass = stats.binom.pmf(better + worse, n, churn) if better + worse <= n else 0.0
        if mass > 1e-7:
            within = slices_within(
                family([PairedOutcomes(n - better - worse, better, worse, 0)]), {"s0": tolerance}
            )["s0"]
            if within is not None:
                reach[within] += mass * stats.binom.pmf(worse, better + worse, lost / churn)
    return reach[True], reach[False]


@pytest.mark.parametrize(
    ("n", "tolerance", "churn"),
    [(20, 0.05, 0.4), (20, 0.0, 0.2), (50, 0.005, 0.2), (100, 0.03, 0.05), (200, 0.02, 0.03)],
)
def test_a_single_slice_errs_as_rarely_as_promised(n, tolerance, churn):
    """The corners of a grid over rows, tolerance and churn in which the score test errs most."""
    cleared, accused = chance(n, tolerance, churn)
    assert cleared <= 0.025
    assert accused <= 0.025


def worlds_of_slices(
    k: int, n: int, overlap: bool, true_loss: float, churn: float, worlds: int, seed: int
):
    """Comparisons in which every slice truly loses `true_loss`; overlapping slices share rows at
    random.
    """
    rng = np.random.default_rng(seed)
    lost = (churn + true_loss) / 2
    rates = [churn - lost, lost, 1 - churn]
    for _ in range(worlds):
        if overlap:  # rows: +1, -1, 0, of which every slice takes half
            cell = rng.choice(3, size=2 * n, p=rates)
            table = [np.bincount(rng.permutation(cell)[:n], minlength=3) for _ in range(k)]
        else:
            table = rng.multinomial(n, rates, size=k)
        yield family([PairedOutcomes(same, better, worse, 0) for better, worse, same in table])


@pytest.mark.parametrize("overlap", [False, True], ids=["apart", "overlapping"])
@pytest.mark.parametrize(("k", "n"), [(3, 60), (3, 1000), (9, 60), (9, 1000)])
def test_a_family_of_slices_errs_as_rarely_as_one(k, n, overlap):
    """All slices sit on their tolerance, so none may be accused and not all be cleared; 0.04 is
    2.5 % and three standard errors of 1000 worlds.
    """
    worlds, tolerance = 1000, 0.02
    bounds = dict.fromkeys((f"s{i}" for i in range(k)), tolerance)
    judged = [
        set(slices_within(outcomes, bounds).values())
        for outcomes in worlds_of_slices(k, n, overlap, tolerance, 0.1, worlds, k)
    ]
    assert sum(found == {True} for found in judged) / worlds < 0.04
    assert sum(False in found for found in judged) / worlds < 0.04


def test_one_bad_slice_among_good_ones_is_cleared_as_rarely_as_if_it_were_alone():
    """The worst world for a promotion: eight slices that truly gained, one on its tolerance."""
    rng, worlds, passed = np.random.default_rng(8), 600, 0
    good = [PairedOutcomes(800, 150, 50, 0)] * 8
    bounds = dict.fromkeys((f"s{i}" for i in range(9)), 0.02)
    for better, worse, same in rng.multinomial(1000, [0.04, 0.06, 0.9], size=worlds):
        outcomes = family([*good, PairedOutcomes(same, better, worse, 0)])
        passed += set(slices_within(outcomes, bounds).values()) == {True}
    assert 0 < passed / worlds < 0.025 + 3 * math.sqrt(0.025 / worlds)


def test_without_correction_the_family_would_err():
    """The control: nine slices, each judged as if it were the only one."""
    alone = [
        any(slices_within(outcomes, {name: 0.02})[name] is False for name in outcomes.slices)
        for outcomes in worlds_of_slices(9, 1000, False, 0.02, 0.1, 200, 1)
    ]
    assert sum(alone) / 200 > 0.12


def test_enough_rows_tell_a_bad_slice_from_good_ones():
    parts = [PairedOutcomes(4500, 250, 250, 0)] * 5 + [PairedOutcomes(4500, 100, 400, 0)]
    within = slices_within(family(parts), dict.fromkeys((f"s{i}" for i in range(6)), 0.02))
    assert list(within.values()) == [True] * 5 + [False]


def test_slices_of_an_auc_are_judged_too():
    y = np.tile([0, 1], 500)
    rng = np.random.default_rng(3)
    good, noisy = y + rng.normal(size=1000), y + 3 * rng.normal(size=1000)
    first = np.arange(1000) < 500
    outcomes = compare_auc(
        y, np.where(first, good, noisy), np.where(first, noisy, good), {"up": first, "down": ~first}
    )
    assert slices_within(outcomes, {"up": 0.01, "down": 0.01}) == {"up": True, "down": False}


def test_rows_that_do_not_vary_prove_nothing():
    """Four rows, ranked rightly by both: DeLong's standard error is 0, and that is no proof."""
    outcomes = compare_auc([0, 0, 1, 1], [1, 2, 3, 4], [1, 2, 3, 4], {"all": np.ones(4, bool)})
    assert outcomes.standard_error == 0
    assert slices_within(outcomes, {"all": 0.05}) == {"all": None}
    worse = compare_auc([0, 0, 1, 1], [4, 3, 2, 1], [1, 2, 3, 4], {"all": np.ones(4, bool)})
    assert slices_within(worse, {"all": 0.05}) == {"all": None}


@pytest.mark.parametrize(
    ("tolerance", "confidence", "kind", "words"),
    [
        ({"gone": 0.1}, 0.95, KeyError, "'gone', which was not compared"),
        ({"empty": 0.1}, 0.95, ValueError, "no rows"),
        ({"s": math.nan}, 0.95, ValueError, "finite"),
        ({"s": True}, 0.95, TypeError, "number"),
        ({"s": 0.1}, 1, ValueError, "confidence"),
        ({"s": 0.1}, math.nan, ValueError, "confidence"),
    ],
)
def test_what_slices_within_refuses(tolerance, confidence, kind, words):
    outcomes = PairedOutcomes(
        9, 1, 0, 0, {"s": PairedOutcomes(9, 1, 0, 0), "empty": PairedOutcomes(0, 0, 0, 0)}
    )
    with refuses(kind, words):
        slices_within(outcomes, tolerance, confidence)


# ---- the largest gap
# --------------------------------------------------------------------------------------------------


def candidate_right(rights, sizes) -> PairedOutcomes:
    """Slices on which the candidate is right this often."""
    return family(
        [PairedOutcomes(int(r), 0, 0, int(n) - int(r)) for r, n in zip(rights, sizes, strict=True)]
    )


def accuracy_ends(part: PairedOutcomes, tail: float) -> tuple[float, float]:
    """Clopper and Pearson's, from scipy's binomial test."""
    found = stats.binomtest(part.candidate_right, part.n)
    ends = found.proportion_ci(1 - 2 * tail, method="exact")
    return ends.low, ends.high


@settings(max_examples=80)
@given(st.lists(tables, min_size=2, max_size=6), st.sampled_from([0.5, 0.95, 0.999]))
def test_the_gap_interval_is_made_of_exact_ones_for_the_slices(parts, confidence):
    tail = (1 - confidence) / 2
    ends = [accuracy_ends(part, tail / 2) for part in parts]
    widest = max(a[1] - b[0] for a, b in itertools.permutations(ends, 2))
    ends = [accuracy_ends(part, tail / 2 / len(parts)) for part in parts]
    apart = max(0, *(a[0] - b[1] for a, b in itertools.permutations(ends, 2)))
    interval = gap_interval(family(parts), confidence)
    assert (interval.low, interval.high) == pytest.approx((apart, widest), abs=1e-7)
    assert 0 <= interval.low <= family(parts).disparity <= interval.high + 1e-12
    assert interval.high <= 1 + 1e-12


def test_a_small_slice_is_compared_with_others_and_not_with_itself():
    """Four rows against ten thousand, both half right: the widest interval of one slice is wider
    than that of the pair.
    """
    outcomes = candidate_right([2, 5000], [4, 10_000])
    (low, high), (least, most) = (accuracy_ends(part, 0.0125) for part in outcomes.slices.values())
    assert gap_interval(outcomes).high == pytest.approx(max(high - least, most - low), abs=1e-9)
    assert gap_interval(outcomes).high < high - low


def test_a_thousand_slices():
    rng = np.random.default_rng(0)
    outcomes = candidate_right(rng.binomial(50, 0.8, 1000), [50] * 1000)
    interval = gap_interval(outcomes)
    assert outcomes.disparity > 0.3
    assert interval.low == 0  # no gap at all, and the interval knows


def test_the_point_estimate_is_biased_upward():
    """Five groups of 50, all at 0.8: exact, from the range of five binomials."""
    cdf = np.concatenate([[0.0], stats.binom.cdf(np.arange(51), 50, 0.8)])

    def at_most(r):  # the range is at most r: the smallest is m, and all lie within m to m + r
        return sum(
            (cdf[min(m + r + 1, 51)] - cdf[m]) ** 5 - (cdf[min(m + r + 1, 51)] - cdf[m + 1]) ** 5
            for m in range(51)
        )

    assert f"{1 - at_most(5):.2f}" == "0.64"  # more than 5 rows of 50 apart
    assert f"{sum(1 - at_most(r) for r in range(50)) / 50:.2f}" == "0.13"


FIVE_HUNDRED = [500] * 4
TRUTHS = {
    "no gap": ([0.8] * 5, [50] * 5),
    "no gap, unequal groups": ([0.8] * 5, [20, 50, 100, 400, 2000]),
    "no gap, nearly all right": ([0.99] * 5, [50, 50, 100, 400, 2000]),
    "one bad small slice": ([0.97] * 4 + [0.75], [*FIVE_HUNDRED, 20]),
    "a gap at the tolerance": ([0.97] * 4 + [0.87], [*FIVE_HUNDRED, 20]),
    "two groups at the tolerance": ([0.9, 0.8], [2000, 2000]),
    "a giant beside forty-nine of forty rows": ([0.999] * 50, [10**6] + [40] * 49),
    "the same, and one of them bad": ([0.999] * 49 + [0.9], [10**6] + [40] * 49),
    "steps": ([0.9, 0.8, 0.85, 0.85, 0.85], [50] * 5),
}


@pytest.mark.parametrize("name", TRUTHS)
def test_the_interval_holds_the_true_largest_gap(name):
    """0.93 and 0.04: 95 % and 2.5 % by the nominal level, less three standard errors of 1000
    worlds.
    """
    accuracies, sizes = TRUTHS[name]
    true = max(accuracies) - min(accuracies)
    rights = np.random.default_rng(len(name)).binomial(sizes, accuracies, size=(1000, len(sizes)))
    intervals = [gap_interval(candidate_right(row, sizes)) for row in rights]
    assert np.mean([true in interval for interval in intervals]) > 0.93
    assert np.mean([interval.high < true for interval in intervals]) < 0.04
    assert np.mean([interval.low > true for interval in intervals]) < 0.04
    # A false alarm of a guardrail of 0.10; the point estimate raises it in 64 % of worlds without a
    # gap.
    if true <= 0.1:
        assert np.mean([interval.low > 0.1 for interval in intervals]) < 0.04


def test_a_truly_bad_slice_of_enough_rows_is_seen():
    outcomes = candidate_right([485, 485, 485, 485, 150], [*FIVE_HUNDRED, 200])
    assert gap_interval(outcomes).low > 0.10


def test_overlapping_slices_make_the_interval_too_wide_never_too_narrow():
    """Rows that two slices share move both accuracies together."""
    rng = np.random.default_rng(5)
    held = []
    for _ in range(600):
        right = rng.random(300) < 0.8
        masks = rng.random((5, 300)) < 0.5
        held.append(
            0 in gap_interval(candidate_right((right & masks).sum(axis=1), masks.sum(axis=1)))
        )
    assert np.mean(held) > 0.97


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_shared_rows_never_pull_two_accuracies_apart(shared, first, second):
    """The sign of their covariance is that of E[(right - p)(right - q)] over the shared rows."""
    assert shared * (1 - first) * (1 - second) + (1 - shared) * first * second >= 0


@pytest.mark.parametrize(
    ("parts", "confidence", "words"),
    [
        ([PairedOutcomes(1, 0, 0, 0)], 0.95, "at least two slices"),
        ([PairedOutcomes(1, 0, 0, 0), PairedOutcomes(0, 0, 0, 0)], 0.95, "has no rows"),
        ([PairedOutcomes(1, 0, 0, 0)] * 2, 0, "confidence"),
    ],
)
def test_a_gap_that_cannot_be_bounded(parts, confidence, words):
    with refuses(ValueError, words):
        gap_interval(family(parts), confidence)


# ---- what an aggregate can hide


def worst_gap(n, size, errors):
    """The largest gap between a slice and the rest over every way to place the errors, by trying
    them all.
    """
    possible = range(max(0, errors - (n - size)), min(size, errors) + 1)
    return max(
        abs(Fraction(inside, size) - Fraction(errors - inside, n - size)) for inside in possible
    )


@given(n=st.integers(2, 60), data=st.data())
def test_the_bound_is_the_worst_case_over_all_tables(n, data):
    size, errors = data.draw(st.integers(1, n - 1)), data.draw(st.integers(0, n))
    bound = slice_gap_bound(1 - errors / n, size / n)
    assert bound == pytest.approx(float(worst_gap(n, size, errors)), abs=1e-12)


def test_two_equal_groups_cannot_hide_build_c():
    assert f"{slice_gap_bound(0.973, 0.5):.3f}" == "0.054"
    assert slice_gap_bound(0.973, 0.5) < 0.333
    assert slice_gap_bound(0.9708, 70 / 4000) > 0.101
    assert slice_gap_bound(1.0, 0.3) == 0


@given(accuracy=st.floats(0, 1), share=st.floats(0.001, 0.999))
def test_the_bound_is_a_gap(accuracy, share):
    assert 0 <= slice_gap_bound(accuracy, share) <= 1 + 1e-12
    assert slice_gap_bound(accuracy, share) == pytest.approx(
        slice_gap_bound(accuracy, 1 - share), rel=1e-9, abs=1e-12
    )


@pytest.mark.parametrize(
    ("accuracy", "share", "word"),
    [
        (1.1, 0.5, "accuracy"),
        (-0.1, 0.5, "accuracy"),
        (np.nan, 0.5, "accuracy"),
        (0.9, 0, "share"),
        (0.9, 1, "share"),
        (0.9, np.nan, "share"),
        (0.9, np.inf, "share"),
    ],
)
def test_the_bound_takes_shares_only(accuracy, share, word):
    with refuses(ValueError, word):
        slice_gap_bound(accuracy, share)
