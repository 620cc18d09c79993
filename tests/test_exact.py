"""Numbers are the decimals that were written, and what is no number is refused."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from refusals import Labelled, refuses

from labsupport.comparisons import clustered_standard_error
from labsupport.exact import as_labels, as_numbers, as_written, check_count, check_level
from labsupport.outcomes import PairedOutcomes
from labsupport.retrained import RetrainedOutcomes
from labsupport.scores import compare_auc
from labsupport.triggers.losses import compare_losses


@given(st.integers(-(10**14), 10**14), st.integers(0, 15))
def test_a_decimal_is_read_as_it_was_written(digits, places):
    text = f"{Decimal(digits).scaleb(-places):f}"
    written = Fraction(digits, 10**places)
    assert as_written(float(text)) == as_written(Decimal(text)) == as_written(written) == written
    assert as_written(np.float64(text)) == written


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64, np.longdouble])
def test_a_narrow_float_is_read_as_it_prints(kind):
    assert as_written(kind("0.005")) == Fraction(5, 1000)


@pytest.mark.parametrize("kind", [np.int8, np.uint8, np.int64, int])
def test_a_narrow_integer_does_not_overflow_in_a_comparison(kind):
    assert as_written(kind(1)) > Fraction(83, 4000)
    assert type(as_written(kind(1)).numerator) is int


@pytest.mark.parametrize("value", [True, np.True_, "0.005", None, 1j, [0.1], np.array(0.1), b"1"])
def test_what_is_not_a_number_is_no_margin(value):
    with refuses(TypeError, "margin must be a number"):
        as_written(value, "margin")


@pytest.mark.parametrize(
    "value",
    [
        np.nan,
        np.inf,
        -np.inf,
        np.float32("nan"),
        Decimal("NaN"),
        Decimal("sNaN"),
        Decimal("-Infinity"),
    ],
)
def test_what_is_not_finite_is_no_margin(value):
    with refuses(ValueError, "margin must be a finite number"):
        as_written(value, "margin")


@pytest.mark.parametrize("level", [0, 1, 95, -0.1, np.nan])
def test_a_level_is_a_probability(level):
    with refuses(ValueError, "power is a probability"):
        check_level(level, "power")


@pytest.mark.parametrize("level", [None, "0.9", True, np.True_, [0.9], 1j, Decimal("0.9"), {}])
def test_what_is_no_number_is_no_level(level):
    with refuses(TypeError, "power must be a number"):
        check_level(level, "power")


@pytest.mark.parametrize("level", [1 - 1e-16, 1 - 1e-13])
def test_a_level_stays_away_from_one_as_far_as_floats_can_tell(level):
    check_level(1 - 1e-12, "confidence")
    with refuses(ValueError, "confidence is too close to 1 to compute with"):
        check_level(level, "confidence")


@pytest.mark.parametrize("count", [0, -1, 2.0, np.nan, "3", None])
def test_a_count_is_whole_and_at_least_one(count):
    with refuses(ValueError, "worlds must be a whole number, at least 1"):
        check_count(count, "worlds")
    check_count(np.int64(3), "worlds")


# ---- the door for arrays
# ----------------------------------------------------------------------------------------------


Y, SHUFFLED = [0, 1, 0, 1, 1, 0], [3, 1, 0, 2, 5, 4]
MASK = np.array([True, True, False, True, True, False])
RUNS = [Y, Y[::-1]]
DOORS = {
    "outcomes": (PairedOutcomes.from_predictions, [Y, Y, Y], list("aabbab"), {"a": MASK}),
    "scores": (compare_auc, [Y, Y, Y], None, {"all": MASK | True}),
    "clusters": (clustered_standard_error, [Y, list("aabbab")]),
    "losses": (compare_losses, [Y, Y, Y]),
}


def labelled(columns, odd):
    """The columns with one index, but for the odd one, which has the same rows in another order."""
    return [
        Labelled(np.take(values, SHUFFLED), SHUFFLED) if i == odd else Labelled(values)
        for i, values in enumerate(columns)
    ]


@pytest.mark.parametrize("odd", range(3))
@pytest.mark.parametrize("door", DOORS)
def test_rows_in_different_orders_are_not_compared_by_position(door, odd):
    compare, columns, *slices = DOORS[door]
    compare(*columns)
    compare(*labelled(columns, None))
    compare(Labelled(columns[0], SHUFFLED), *columns[1:])  # what has no index has the same order
    if odd < len(columns):
        with refuses(ValueError, "different indexes"):
            compare(*labelled(columns, odd))
    for cut in filter(None, slices):
        masks = isinstance(cut, dict)
        good, bad = (
            {name: Labelled(mask, index) for name, mask in cut.items()}
            if masks
            else Labelled(cut, index)
            for index in (None, SHUFFLED)
        )
        compare(*labelled(columns, None), good)
        with refuses(ValueError, "different indexes"):
            compare(*labelled(columns, None), bad)


def test_a_frame_of_runs_has_the_rows_as_its_columns():
    compare, y = RetrainedOutcomes.from_predictions, Labelled(Y)
    one, other = (Labelled(RUNS, [7, 8], rows) for rows in (range(6), SHUFFLED))
    assert compare(y, one, one) == compare(Y, RUNS, RUNS)
    assert compare(y, [Labelled(run) for run in RUNS], one) == compare(Y, RUNS, RUNS)
    for bad in (other, [Labelled(run, SHUFFLED) for run in RUNS]):
        with refuses(ValueError, "different indexes"):
            compare(y, one, bad)


def test_indexes_of_different_lengths_differ():
    with refuses(ValueError, "y and baseline have different indexes"):
        PairedOutcomes.from_predictions(Labelled(Y), Y, Labelled(Y[:5]))


def test_numbers_that_a_float_merges_are_refused_and_equal_ones_are_not():
    assert as_numbers([2**60, 2**60, 1], "scores").tolist() == [2.0**60, 2.0**60, 1.0]
    assert as_numbers([np.inf, np.inf, True], "scores").tolist() == [np.inf, np.inf, 1.0]
    for merged in ([2**60, 2**60 + 1], [Fraction(1, 3), Decimal(1 / 3) + Decimal("1e-30")]):
        with refuses(ValueError, "one as floats"):
            as_numbers(merged, "scores")


def test_labels_are_sorted_and_counted_from_zero():
    labels, inside = as_labels(["b", "a", "b"], 3, "slice")
    assert (labels, inside.tolist()) == (["a", "b"], [1, 0, 1])
