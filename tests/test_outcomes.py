"""The table of counts against a plain loop over rows, whole and in shards; and everything it must
refuse.
"""

import math
import pickle
from collections import Counter
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from refusals import is_sentence, refuses

from labsupport.intervals import examples_needed, gain_interval, score_statistic
from labsupport.outcomes import PairedOutcomes

compare = PairedOutcomes.from_predictions
bit = st.integers(0, 1)


@st.composite
def scored_rows(draw):
    """Rows of (label, candidate, baseline, group, in first mask?, in second mask?) and the shard
    each row goes to.
    """
    row = st.tuples(bit, bit, bit, st.sampled_from("abc"), st.booleans(), st.booleans())
    rows = draw(st.lists(row, min_size=1, max_size=40))
    shards = draw(st.lists(st.integers(0, 3), min_size=len(rows), max_size=len(rows)))
    return rows, shards


def count_by_hand(rows):
    counts = Counter((candidate == y, baseline == y) for y, candidate, baseline, *_ in rows)
    return counts[True, True], counts[True, False], counts[False, True], counts[False, False]


def by_group(rows):
    y, candidate, baseline, group, _, _ = zip(*rows, strict=True)
    return compare(y, candidate, baseline, slices=np.array(group))


def by_masks(rows):
    y, candidate, baseline, _, first, second = zip(*rows, strict=True)
    return compare(y, candidate, baseline, slices={"first": first, "second": second})


@given(scored_rows())
def test_counts_are_those_of_a_loop_over_rows(case):
    rows, _ = case
    outcomes = by_group(rows)
    assert outcomes.cells == count_by_hand(rows)
    assert list(outcomes.slices) == sorted({row[3] for row in rows})
    for name, part in outcomes.slices.items():
        assert part.cells == count_by_hand([row for row in rows if row[3] == name])
    masked = by_masks(rows)
    assert masked.slice("first").cells == count_by_hand([row for row in rows if row[4]])
    assert masked.slice("second").cells == count_by_hand([row for row in rows if row[5]])


@given(scored_rows())
def test_rates_are_those_of_the_rows(case):
    rows, _ = case
    y, candidate, baseline, group, _, _ = (np.array(column) for column in zip(*rows, strict=True))
    outcomes = by_group(rows)
    assert outcomes.n == len(rows)
    assert outcomes.candidate_accuracy == np.mean(candidate == y)
    assert outcomes.baseline_accuracy == np.mean(baseline == y)
    assert outcomes.gain == pytest.approx(
        np.mean(candidate == y) - np.mean(baseline == y), abs=1e-12
    )
    assert outcomes.exact_gain == Fraction(
        int(np.sum(candidate == y)) - int(np.sum(baseline == y)), len(rows)
    )
    assert outcomes.churn == np.mean(candidate != baseline)
    if len(outcomes.slices) > 1:
        accuracies = [np.mean((candidate == y)[group == name]) for name in outcomes.slices]
        assert outcomes.disparity == pytest.approx(max(accuracies) - min(accuracies), abs=1e-12)


@given(scored_rows(), st.sampled_from([by_group, by_masks]))
def test_shards_add_up_to_the_whole(case, compared):
    rows, shards = case
    pieces = [
        [row for row, shard in zip(rows, shards, strict=True) if shard == k] for k in set(shards)
    ]
    whole, merged = compared(rows), sum(compared(piece) for piece in pieces)
    assert merged == whole  # dictionaries compare without their order
    assert merged.cells == whole.cells


def test_a_group_that_one_shard_never_saw_is_still_counted():
    left = compare([0, 1], [0, 1], [1, 1], slices=["a", "a"])
    right = compare([0, 1, 1], [0, 1, 0], [1, 1, 1], slices=["a", "b", "b"])
    assert (left + right).slice("b") == right.slice("b")
    assert (right + left).slice("b") == right.slice("b")


def test_a_mask_that_one_shard_lost_is_an_error():
    masks = {"first": [True, True], "second": [True, False]}
    whole = compare([0, 1], [0, 1], [1, 1], slices=masks)
    for lost in (
        compare([0, 1], [0, 1], [1, 1], slices={"first": [True, True]}),
        compare([0, 1], [0, 1], [1, 1]),
    ):
        with refuses(ValueError, "second" if lost.slices else "only one of them has"):
            whole + lost
        with refuses(ValueError, "only one of them has"):
            lost + whole


def test_a_shard_of_ones_is_no_shard_of_trues():
    ones, trues = (compare([0, 1], [0, 1], [1, 1], [label, label]) for label in (1, True))
    masks = {"always": np.array([True, True])}
    assert list((ones + trues).slices) == [1]  # a partition each, so what one lacks had no rows
    overlapping = [
        replace(part, slices=part.slices | compare([0, 1], [0, 1], [1, 1], masks).slices)
        for part in (ones, trues)
    ]
    with refuses(ValueError, "different slices"):
        overlapping[0] + overlapping[1]


def test_masks_that_only_happen_to_have_n_rows_in_all_are_no_partition():
    """Two overlapping masks of two rows each, four rows in all: the rows add up, what happened on
    them does not.
    """
    first = compare(
        [0, 1, 0, 1],
        [0, 1, 0, 1],
        [1, 1, 0, 1],
        slices={"p": [True, True, False, False], "q": [True] + [False] * 2 + [True]},
    )
    second = compare([0, 1], [0, 1], [1, 1], slices={"p": [True, True]})
    with refuses(ValueError, "'q'"):
        first + second


def test_only_outcomes_can_be_added():
    outcomes = compare([0, 1], [0, 1], [1, 1])
    assert sum([outcomes]) == outcomes
    for other in (1, None, "shard"):
        with pytest.raises(TypeError):
            outcomes + other
        with pytest.raises(TypeError):
            other + outcomes


class Column:
    """What pandas hands over, as far as numpy can see: not an array, but it turns into one."""

    def __init__(self, values):
        self.values = values

    def __array__(self, dtype=None, copy=None):
        return np.array(self.values, dtype)


@pytest.mark.parametrize(
    "as_type",
    [
        list,
        tuple,
        Column,
        *(np.dtype(kind).type for kind in ("u1", "i1", "i2", "u8", "f2", "f4", "f8", "?")),
    ],
)
def test_the_type_that_holds_the_bits_does_not_matter(as_type):
    y, candidate, baseline = [0, 1, 1, 0, 1] * 60, [0, 1, 0, 0, 1] * 60, [1, 1, 1, 0, 0] * 60
    convert = (
        as_type if as_type in (list, tuple, Column) else lambda values: np.array(values, as_type)
    )
    outcomes = compare(convert(y), convert(candidate), convert(baseline))
    assert outcomes.cells == (120, 120, 60, 0)  # 300 rows: a uint8 count would have wrapped around
    assert all(type(count) is int for count in outcomes.cells)


def test_objects_and_negative_zero_are_read_as_what_they_equal():
    expected = compare([0, 1], [0, 1], [1, 1])
    assert compare(np.array([0, 1], object), [-0.0, 1.0], [True, True]) == expected


class Unknown:
    """A label that is missing in pandas' way: whether it equals anything is not known."""

    def __eq__(self, other):
        return self

    __hash__ = None

    def __bool__(self):
        raise TypeError("boolean value of NA is ambiguous")


GOOD = [0, 1, 0, 1]
BAD_COLUMNS = {
    "an empty one": ([], "is empty"),
    "a longer one": ([0, 1, 0, 1, 1], "the same rows"),
    "a shorter one": ([0], "the same rows"),
    "two": ([0, 1, 2, 1], "row 2 holds 2"),
    "minus one": ([0, -1, 0, 1], "row 1 holds -1"),
    "a half": ([0, 0.5, 0, 1], "row 1 holds 0.5"),
    "probabilities": ([0.1, 0.9, 0.2, 0.8], "0 and 1 only"),
    "NaN": ([0, 1, np.nan, 1], "row 2 holds nan"),
    "infinity": ([0, np.inf, 0, 1], "row 1 holds inf"),
    "None": ([0, None, 0, 1], "row 1 holds None"),
    "strings": (["0", "1", "0", "1"], "row 0 holds '0'"),
    "a string among numbers": (np.array([0, "1", 0, 1], object), "row 1 holds '1'"),
    "bytes": (np.array([b"0", b"1", b"0", b"1"]), "0 and 1 only"),
    "dates": (np.array(GOOD, "datetime64[D]"), "0 and 1 only"),
    "a huge integer": ([0, 10**40, 0, 1], "row 1 holds"),
    "an imaginary one": ([0, 1j, 0, 1], "0 and 1 only"),
    "two dimensions": ([GOOD], "shape (1, 4)"),
    "a column vector": (np.array(GOOD)[:, None], "shape (4, 1)"),
    "ragged rows": ([[0], [1, 0], 0, 1], "differ in length"),
    "nothing": (None, "shape ()"),
    "a single number": (1, "shape ()"),
    "a generator": ((value for value in GOOD), "shape ()"),
    "a mapping": ({0: 1}, "shape ()"),
    "a masked value": (np.ma.masked_array(GOOD, [0, 0, 1, 0]), "masked"),
    "records": (np.array([(0,), (1,), (0,), (1,)], [("value", int)]), "0 and 1 only"),
}


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("kind", BAD_COLUMNS)
def test_what_is_not_a_column_of_bits_is_refused(kind, place):
    values, words = BAD_COLUMNS[kind]
    columns = [GOOD, GOOD, GOOD]
    columns[place] = values
    with refuses(ValueError, words):
        compare(*columns)


BAD_SLICES = {
    "no labels": ([], "shape (0,)"),
    "too few labels": (["a", "b"], "shape (2,)"),
    "one string": ("abab", "shape ()"),
    "labels in two dimensions": ([["a"] * 4], "shape (1, 4)"),
    "NaN label": ([0.0, np.nan, 1.0, 1.0], "missing"),
    "NaN in an array": (np.array([0.0, np.nan, 1.0, 1.0]), "missing"),
    "NaN among strings": (["a", float("nan"), "b", "b"], "missing"),
    "None among strings": (["a", None, "b", "b"], "missing"),
    "only None": ([None] * 4, "missing"),
    "what says of nothing whether it is equal": ([Unknown(), "a", "b", "b"], "missing"),
    "True among ones": ([1, True, 0, 0], "these are bool, int"),
    "True among ones in an array": (np.array([1, np.True_, 0, 0], object), "bool"),
    "no date": (np.array(["2020-01-01", "NaT"] * 2, "datetime64[D]"), "missing"),
    "mixed types": (["a", 1, "a", 1], "these are int, str"),
    "mixed types in an array": (np.array(["a", 1, "a", 1], object), "these are int, str"),
    "a masked label": (np.ma.masked_array(["a", "b", "a", "b"], [0, 0, 1, 0]), "masked"),
    "ragged labels": ([["a"], ["a", "b"], "c", "d"], ""),
    "mask of integers": ({"a": [1, 0, 1, 0]}, "boolean mask"),
    "mask of objects": ({"a": np.array([True] * 4, object)}, "boolean mask"),
    "mask of row numbers": ({"a": [0, 2]}, "boolean mask"),
    "short mask": ({"a": [True]}, "shape (4,)"),
    "mask in two dimensions": ({"a": [[True] * 4]}, "shape (4,)"),
    "a masked mask": ({"a": np.ma.masked_array([True] * 4, [1, 0, 0, 0])}, "masked"),
    "a mask that is None": ({"a": None}, "boolean mask"),
}


@pytest.mark.parametrize("kind", BAD_SLICES)
def test_slices_that_leave_a_row_in_doubt_are_refused(kind):
    slices, words = BAD_SLICES[kind]
    with refuses(ValueError, words):
        compare(GOOD, GOOD, GOOD, slices=slices)


@pytest.mark.parametrize(
    "labels",
    [list("abab"), np.array(list("abab")), Column(list("abab")), [1, 0, 1, 0], [True, False] * 2],
)
def test_labels_of_any_one_type_make_slices(labels):
    outcomes = compare(GOOD, GOOD, [1, 1, 1, 1], slices=labels)
    assert len(outcomes.slices) == 2
    assert [part.n for part in outcomes.slices.values()] == [2, 2]
    assert all(type(name) in (str, int, bool) for name in outcomes.slices)


@pytest.mark.parametrize("count", [-1, 1.0, np.nan, "1", None, True, np.True_])
def test_a_count_is_a_whole_number_of_rows(count):
    with refuses(ValueError, "counts rows"):
        PairedOutcomes(5, 0, 0, count)


def test_narrow_numpy_counts_do_not_wrap_around():
    outcomes = PairedOutcomes(*np.array([200, 200, 200, 200], np.uint8))
    assert outcomes.n == 800
    assert outcomes + outcomes == PairedOutcomes(400, 400, 400, 400)


def test_counts_beyond_any_machine_word_stay_exact():
    huge = PairedOutcomes(10**30, 10**29 + 1, 10**29, 10**30)
    assert huge.exact_gain == Fraction(1, 22 * 10**29 + 1)
    assert 0 < huge.gain < 1e-29


def test_a_slice_holds_no_more_rows_than_the_whole():
    with refuses(ValueError, "more than the"):
        PairedOutcomes(4, 0, 0, 0, {"a": PairedOutcomes(0, 5, 0, 0)})
    with refuses(TypeError, "must be PairedOutcomes"):
        PairedOutcomes(4, 0, 0, 0, {"a": 4})


def test_without_rows_there_is_no_rate():
    empty = PairedOutcomes(0, 0, 0, 0)
    for rate in ("candidate_accuracy", "baseline_accuracy", "gain", "exact_gain", "churn"):
        with refuses(ValueError, "no rows"):
            getattr(empty, rate)


def test_a_gap_needs_two_slices_with_rows():
    one = compare(GOOD, GOOD, GOOD, slices={"a": [True] * 4})
    with refuses(ValueError, "at least two slices"):
        _ = one.disparity
    hollow = compare(GOOD, GOOD, GOOD, slices={"a": [True] * 4, "b": [False] * 4})
    with refuses(ValueError, "'b' has no rows"):
        _ = hollow.disparity


def test_an_unknown_slice_is_named_with_the_known_ones():
    with refuses(KeyError, "the slices here: 'a', 'b'"):
        compare(GOOD, GOOD, GOOD, slices=list("abab")).slice("c")
    with refuses(KeyError, "none"):
        compare(GOOD, GOOD, GOOD).slice("c")


@given(scored_rows())
def test_outcomes_survive_a_trip_to_another_process(case):
    outcomes = by_masks(case[0])
    assert pickle.loads(pickle.dumps(outcomes)) == outcomes


def test_a_subclass_counts_as_itself():
    class Named(PairedOutcomes):
        pass

    named = Named.from_predictions(GOOD, GOOD, [1, 1, 1, 1], slices=list("abab"))
    assert isinstance(named, Named)
    assert isinstance(named + named, PairedOutcomes)
    assert (named + named).n == 8


def test_two_sentences_are_not_one():
    assert is_sentence("It was 0.5, not 1.")
    assert not is_sentence("It was 0.5. Give 1.")
    assert not is_sentence("no stop")
    assert not is_sentence("two\nlines.")


# What every comparison offers


@pytest.mark.parametrize("confidence", [0.5, 0.8, 0.95, 0.99])
def test_interval_chances_and_statistic_are_those_of_the_intervals(confidence):
    outcomes, level = PairedOutcomes(3884, 68, 35, 13), (1 - confidence) / 2
    interval = outcomes.interval(confidence)
    assert interval == gain_interval(outcomes, confidence, "unconditional")
    assert outcomes.statistic(0.005) == score_statistic(outcomes, 0.005)
    assert outcomes.chances(interval.low, level)[0] == pytest.approx(level, rel=1e-4)
    assert outcomes.chances(interval.high, level)[1] == pytest.approx(level, rel=1e-4)


def test_a_gain_that_no_table_has_is_far_away_and_finite():
    assert score_statistic(PairedOutcomes(5, 4, 1, 0), 1.0) == -math.inf
    assert -math.inf < PairedOutcomes(5, 4, 1, 0).statistic(1.0) < -1e300


def test_rows_needed_are_the_intervals():
    outcomes = PairedOutcomes(3884, 68, 35, 13)
    assert outcomes.examples_needed(0.005) == examples_needed(outcomes, 0.005)
