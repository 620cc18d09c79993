"""Numbers are the decimals that were written, and what is no number is refused."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from refusals import refuses

from labsupport.exact import as_written, check_count, check_level


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


@pytest.mark.parametrize("count", [0, -1, 2.0, np.nan, "3", None])
def test_a_count_is_whole_and_at_least_one(count):
    with refuses(ValueError, "worlds must be a whole number, at least 1"):
        check_count(count, "worlds")
    check_count(np.int64(3), "worlds")
