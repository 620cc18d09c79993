"""The corrected rate: published numbers, its refusals, and how far its promise goes."""

import math
from fractions import Fraction

import numpy as np
import pytest
from refusals import Labelled, refuses
from scipy import stats

from labsupport.evals import Calibration, calibrations_agree, corrected_rate, share


@pytest.mark.parametrize(
    ("given", "value", "low", "high"),
    [
        ((0.4, 1000, 0.7, 200, 0.9, 200), "0.166667", "0.0563507", "0.2627330"),
        ((0.62, 2000, 0.85, 150, 0.93, 350), "0.602564", "0.5544775", "0.6456328"),
        ((0.76, 300, 0.8, 20, 0.9, 80), "0.800000", "0.6720235", "0.9150666"),
    ],
)
def test_known_numbers(given, value, low, high):
    found = corrected_rate(*given)
    assert (f"{found.value:.6f}", f"{found.low:.7f}", f"{found.high:.7f}") == (value, low, high)


def test_no_hit_in_fifty_is_not_a_rate_of_zero():
    assert f"{share(0, 50).high:.4f}" == "0.0711"
    assert corrected_rate(0, 50, 1, 50, 1, 50).high > 0.0711


def test_the_value_stays_a_share():
    assert corrected_rate(0.05, 100, 0.8, 100, 0.9, 100).value == 0
    assert corrected_rate(0.99, 100, 0.8, 100, 0.9, 100).value == 1
    for p in (0, 0.05, 0.99, 1):
        found = corrected_rate(p, 100, 0.8, 100, 0.9, 100)
        assert 0 <= found.low <= found.value <= found.high <= 1


def test_a_perfect_judge_needs_no_correction():
    found = corrected_rate(0.3, 1000, 1, 10**7, 1, 10**7)
    assert found.value == pytest.approx(0.3)
    assert (found.low, found.high) == pytest.approx((0.27242, 0.32911), abs=2e-4)  # Wilson's


def test_labels_too_few_to_show_a_judge_say_nothing():
    # One label of a kind, shrunk to 2 of 3: together with .304 less than a coin's.
    found = corrected_rate(0.9, 100, 0.3, 100, 1.0, 1)
    assert (found.low, found.high) == (0, 1)


def test_the_interval_holds_the_value():
    random = np.random.default_rng(0)
    for _ in range(300):
        n, m0, m1 = (int(k) for k in random.integers(1, 30, 3))
        p, sp, se = (random.integers(0, k + 1) / k for k in (n, m0, m1))
        if sp + se > 1:
            found = corrected_rate(p, n, sp, m0, se, m1)
            assert 0 <= found.low <= found.value <= found.high <= 1


def test_no_number_of_judged_items_replaces_labels():
    widths = [
        (e := corrected_rate(0.6, n, 0.8, 40, 0.9, 40)).high - e.low for n in (10**2, 10**4, 10**8)
    ]
    assert widths[0] > widths[1] > widths[2] > 0.9 * widths[1] > 0.15


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"p": 1.2}, "p is a share"),
        ({"p": -0.1}, "p is a share"),
        ({"p": math.nan}, "p must be a finite number"),
        ({"specificity": 1.01}, "specificity is a share"),
        ({"sensitivity": -0.01}, "sensitivity is a share"),
        ({"n": 0}, "n must be a whole number"),
        ({"m0": 0}, "m0 must be a whole number"),
        ({"m1": 2.5}, "m1 must be a whole number"),
        ({"sensitivity": 0.3}, "no better than a coin"),
        ({"sensitivity": 0.2, "specificity": 0.8}, "no better than a coin"),
        ({"confidence": 1}, "confidence"),
    ],
)
def test_what_cannot_be_corrected_is_refused(change, words):
    good = {"p": 0.4, "n": 100, "specificity": 0.7, "m0": 50, "sensitivity": 0.9, "m1": 50}
    assert corrected_rate(**good).value == pytest.approx(1 / 6)
    with refuses(ValueError, words):
        corrected_rate(**{**good, **change})


def missed(rate, sensitivity, specificity, n, m0, m1):
    """The chance that the interval misses a true rate: every outcome, summed."""
    p = rate * sensitivity + (1 - rate) * (1 - specificity)
    passed, right0, right1 = (np.arange(k + 1) for k in (n, m0, m1))
    chance = stats.binom.pmf(passed, n, p), stats.binom.pmf(right0, m0, specificity)
    chance = (*chance, stats.binom.pmf(right1, m1, sensitivity))
    total = 0.0
    for a, c0 in zip(right0, chance[1], strict=True):
        for b, c1 in zip(right1, chance[2], strict=True):
            if c0 * c1 < 1e-9 or a / m0 + b / m1 <= 1:
                continue
            ends = [corrected_rate(k / n, n, a / m0, m0, b / m1, m1) for k in passed]
            out = [not e.low <= rate <= e.high for e in ends]
            total += c0 * c1 * float(chance[0] @ out)
    return total


def test_its_promise_is_kept_in_the_middle_and_nearly_at_the_edge():
    middle = missed(0.6, 0.9, 0.8, 30, 15, 20)
    edge = missed(0.97, 0.9, 0.8, 30, 15, 20)
    assert 0 < middle <= 0.05
    assert edge <= 0.06


def test_labels_are_counted():
    judge, human = [1, 1, 0, 0, 1, 0], [1, 1, 1, 0, 0, 0]
    counts = Calibration.from_labels(judge, human, "v2")
    assert (counts.tp, counts.fn, counts.tn, counts.fp, counts.system) == (2, 1, 2, 1, "v2")
    assert (counts.n, counts.positives, counts.negatives) == (6, 3, 3)
    assert (counts.sensitivity, counts.specificity) == (2 / 3, 2 / 3)
    assert counts.table == [[2, 1], [1, 2]]
    assert counts.exact_rate(Fraction(1, 2)) == Fraction(1, 2)


def test_two_calibrations_add_up():
    both = Calibration(1, 2, 3, 4, "a") + Calibration(10, 20, 30, 40, "b")
    assert both == Calibration(11, 22, 33, 44, "a + b")
    assert (both + both).system == "a + b"


def test_a_class_without_items_has_no_rate():
    only = Calibration(5, 1, 0, 0)
    assert math.isnan(only.specificity)
    with refuses(ValueError, "there are 6 and 0"):
        only.exact_rate(Fraction(1, 2))
    with refuses(ValueError, "no better than a coin"):
        Calibration(1, 1, 1, 1).exact_rate(Fraction(1, 2))


def test_counts_that_are_none_are_refused():
    for bad in (-1, 0.5, math.nan, "3"):
        with refuses(ValueError, "counts items"):
            Calibration(bad, 1, 1, 1)
    with refuses(ValueError, "no items"):
        Calibration(0, 0, 0, 0)
    with refuses(ValueError, "judge has 2 labels and human 1"):
        Calibration.from_labels([1, 0], [1])
    with refuses(ValueError, "0 and 1 only"):
        Calibration.from_labels([1, 2], [1, 0])
    with refuses(ValueError, "different indexes"):
        Calibration.from_labels(Labelled([1, 0]), Labelled([1, 0], index=[1, 0]))


@pytest.mark.parametrize(
    "count", [math.nan, math.inf, "3", "", None, [3], True, 2.5, -1, 11, 1j, np.array([1, 2]), {}]
)
def test_hits_that_are_no_count_are_one_sentence(count):
    with refuses(ValueError, "A share is of 0 to n hits in n tries"):
        share(count, 10)
    with refuses(ValueError, "A share is of 0 to n hits in n tries"):
        share(
            3, 2**60 if type(count) is int and count == 11 else count
        )  # so many that no float tells them apart


def test_a_whole_number_is_a_count_whatever_its_type():
    assert share(3.0, np.int64(10)) == share(np.uint8(3), 10) == share(3, 10)


@pytest.mark.parametrize("value", ["0.5", None, [0.5], True, np.array([0.5, 0.5]), {}, 1j])
@pytest.mark.parametrize("place", [0, 2, 4])
def test_a_rate_that_is_no_number_is_not_corrected(place, value):
    given = [0.5, 100, 0.9, 50, 0.9, 50]
    given[place] = value
    with refuses(TypeError, "must be a number"):
        corrected_rate(*given)


@pytest.mark.parametrize("other", [None, (3, 1, 3, 1), "3"])
def test_only_calibrations_are_compared(other):
    one = Calibration(3, 1, 3, 1)
    for pair in ((one, other), (other, one)):
        with refuses(TypeError, "Two Calibrations are compared"):
            calibrations_agree(*pair, 0.1)
