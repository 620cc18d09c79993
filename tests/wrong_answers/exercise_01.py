"""Exercise 01: wrong answers that no table of mistakes holds, each with a fragment of its hint."""

import enum
import itertools
import math
from collections import Counter
from fractions import Fraction

import numpy as np
import pandas as pd

NO_GAIN, UNSAFE = "blocked: no eval gain", "blocked: failed safety check"


def accuracies(y, prediction, group):
    return [(prediction == y)[group == name].mean() for name in np.unique(group)]


def signed_gap(y, prediction, group):
    first, *_, last = accuracies(y, prediction, group)
    return (prediction == y).mean(), first - last


def groups_with_an_error(y, prediction, group):
    errors, rows = Counter(group[prediction != y].tolist()), Counter(group.tolist())
    parts = [1 - errors[name] / rows[name] for name in errors] or [1.0]
    return (prediction == y).mean(), max(parts) - min(parts)


def starts_at_one_half(y, prediction, group):
    best, worst = 0.5, 1.0
    for part in accuracies(y, prediction, group):
        best, worst = max(best, part), min(worst, part)
    return (prediction == y).mean(), best - worst


def zero_counts_as_missing(y, prediction, group):
    parts = accuracies(y, prediction, group)
    return (prediction == y).mean() or 1.0, max(parts) - min(parts)


def gap_only(y, prediction, group):
    parts = accuracies(y, prediction, group)
    return max(parts) - min(parts)


def forgotten_return(y, prediction, group):
    accuracies(y, prediction, group)


def groups_are_letters(y, prediction, group):
    right = prediction == y
    return right.mean(), abs(right[group == "A"].mean() - right[group == "B"].mean())


def strict_gain(gain, gap, margin, tolerance):
    if gain > margin:
        return (True, "promoted") if gap <= tolerance else (False, UNSAFE)
    return False, NO_GAIN


def both_strict(gain, gap, margin, tolerance):
    if gain > margin:
        return (True, "promoted") if gap < tolerance else (False, UNSAFE)
    return False, NO_GAIN


def with_slack(gain, gap, margin, tolerance):
    if not gain >= margin - Fraction(1, 10**9):
        return False, NO_GAIN
    return (True, "promoted") if gap <= tolerance else (False, UNSAFE)


def nan_falls_through(gain, gap, margin, tolerance):
    if gain < margin:
        return False, NO_GAIN
    if gap > tolerance:
        return False, UNSAFE
    return True, "promoted"


def nan_gap_is_promoted(gain, gap, margin, tolerance):
    if not gain >= margin:
        return False, NO_GAIN
    return (False, UNSAFE) if gap > tolerance else (True, "promoted")


def nan_blames_the_gap(gain, gap, margin, tolerance):
    if gain < margin:
        return False, NO_GAIN
    if gain >= margin and gap <= tolerance:
        return True, "promoted"
    return False, UNSAFE


def nan_tested_first(gain, gap, margin, tolerance):
    if math.isnan(gain):
        return False, NO_GAIN
    if math.isnan(gap):
        return False, UNSAFE
    if gain < margin:
        return False, NO_GAIN
    return (True, "promoted") if gap <= tolerance else (False, UNSAFE)


def large_gap_before_nan_gain(gain, gap, margin, tolerance):
    if gain < margin:
        return False, NO_GAIN
    if gap > tolerance:
        return False, UNSAFE
    if gain >= margin and gap <= tolerance:
        return True, "promoted"
    return False, NO_GAIN if gain != gain else UNSAFE


def nan_becomes_a_number(gain, gap, margin, tolerance):
    gain, gap = 0 if gain != gain else gain, 1 if gap != gap else gap
    return decide(gain, gap, margin, tolerance)


def nan_gap_becomes_one(gain, gap, margin, tolerance):
    return decide(gain, 1 if gap != gap else gap, margin, tolerance)


def decide(gain, gap, margin, tolerance):
    if not gain >= margin:
        return False, NO_GAIN
    return (True, "promoted") if gap <= tolerance else (False, UNSAFE)


def no_gap_is_missing(gain, gap, margin, tolerance):
    if not gain >= margin:
        return False, NO_GAIN
    return (False, UNSAFE) if not gap or not gap <= tolerance else (True, "promoted")


def no_gain_is_missing(gain, gap, margin, tolerance):
    if not gain or not gain >= margin:
        return False, NO_GAIN
    return (True, "promoted") if gap <= tolerance else (False, UNSAFE)


def no_margin_is_missing(gain, gap, margin, tolerance):
    if not (margin and gain >= margin):
        return False, NO_GAIN
    return (True, "promoted") if gap <= tolerance else (False, UNSAFE)


def default_margin(gain, gap, margin, tolerance):
    return decide(gain, gap, margin or Fraction("0.005"), tolerance)


def default_tolerance(gain, gap, margin, tolerance):
    return decide(gain, gap, margin, tolerance or Fraction("0.10"))


def numpy_nan(gain, gap, margin, tolerance):
    if np.isnan(gain) or gain < margin:
        return False, NO_GAIN
    return (False, UNSAFE) if np.isnan(gap) or gap > tolerance else (True, "promoted")


def one_case_is_blank(gain, gap, margin, tolerance):
    if gain >= margin and gap <= tolerance:
        return True, "promoted"
    if gain < margin:
        return False, NO_GAIN
    raise NotImplementedError


def own_words(gain, gap, margin, tolerance):
    return (True, "Promoted!") if gain >= margin and gap <= tolerance else (False, "blocked")


def only_the_decision(gain, gap, margin, tolerance):
    return gain >= margin and gap <= tolerance


def float_subtraction(candidate_right, baseline_right, n, margin):
    return candidate_right / n - baseline_right / n >= margin


def zero_margin_never_clears(candidate_right, baseline_right, n, margin):
    if not n or not margin:
        return False
    return (candidate_right - baseline_right) * 10_000 >= round(margin * 10_000) * n


def zero_margin_asks_for_more(candidate_right, baseline_right, n, margin):
    if n and margin == 0:
        return candidate_right > baseline_right
    return n > 0 and (candidate_right - baseline_right) * 10_000 >= round(margin * 10_000) * n


def nothing_right_never_clears(candidate_right, baseline_right, n, margin):
    if not candidate_right or not n:
        return False
    return Fraction(candidate_right - baseline_right, n) >= Fraction(str(margin))


def margin_of_few_parts(candidate_right, baseline_right, n, margin):
    return n > 0 and Fraction(candidate_right - baseline_right, n) >= Fraction(
        margin
    ).limit_denominator(1000)


def one_row_in_so_many(candidate_right, baseline_right, n, margin):
    return n > 0 and candidate_right - baseline_right >= (n // round(1 / margin) if margin else 0)


def parts_divided_again(candidate_right, baseline_right, n, margin):
    return n > 0 and candidate_right - baseline_right >= n * round(margin * 1e4) / 1e4


def no_rows_raise(candidate_right, baseline_right, n, margin):
    return Fraction(candidate_right - baseline_right, n) >= Fraction(str(margin))


def one_or_zero(candidate_right, baseline_right, n, margin):
    return int(n > 0 and Fraction(candidate_right - baseline_right, n) >= Fraction(str(margin)))


SIGNED, TWO_ONLY = "The gap has a sign", "With two groups this is right"


def runs_of_groups(y, prediction, group):
    right = (y == prediction).tolist()
    runs = itertools.groupby(zip(group.tolist(), right, strict=True), key=lambda row: row[0])
    accuracies = [np.mean([ok for _, ok in run]) for _, run in runs]
    return np.mean(right), max(accuracies) - min(accuracies)


def gap_in_hundredths(gain, gap, margin, tolerance):
    if not gain >= margin:
        return False, "blocked: no eval gain"
    if not round(float(gap), 2) <= round(float(tolerance), 2):
        return False, "blocked: failed safety check"
    return True, "promoted"


def blocks_with_every_reason(gain, gap, margin, tolerance):
    failed = [] if gain >= margin else [NO_GAIN]
    failed += [] if gap <= tolerance else [UNSAFE]
    return not failed, "; ".join(failed) or "promoted"


def promoted_after_all(gain, gap, margin, tolerance):
    if gain < margin:
        return False, "blocked: no eval gain"
    if gap > tolerance:
        return False, "blocked: failed safety check"
    return gain == gain and gap == gap, "promoted"


def margin_in_percent(candidate_right, baseline_right, n, margin):
    return n > 0 and Fraction(100 * (candidate_right - baseline_right), n) >= Fraction(str(margin))


def few_rows_never_clear(candidate_right, baseline_right, n, margin):
    gain = candidate_right - baseline_right
    return n >= 30 and Fraction(gain, n) >= Fraction(str(margin))


ROUNDING, SLACK = "Two rounded accuracies are subtracted", "where is there slack, or rounding"


WRONG = {
    "01.1": [
        (signed_gap, SIGNED),
        (groups_with_an_error, "on a group without an error beside others"),
        (starts_at_one_half, "on groups of which even the best is mostly wrong"),
        (zero_counts_as_missing, "on a model that is always wrong"),
        (gap_only, "it should return two values, (accuracy, gap)"),
        (forgotten_return, "returned None; is a return missing"),
        (groups_are_letters, "it may be a share of no rows."),
        (runs_of_groups, "The accuracy is right and the gap is not"),
    ],
    "01.2": [
        (strict_gain, "A gain of exactly the margin is enough"),
        (both_strict, "here both are turned away"),
        (blocks_with_every_reason, "not one of the three of the question"),
        (with_slack, "a gain a hair below the margin"),
        (gap_in_hundredths, "This promotes the wrong candidate, on a gain above the margin"),
        (promoted_after_all, "but the reason says promoted"),
        (nan_falls_through, "On a gain that is NaN, this promotes"),
        (nan_gap_is_promoted, "On a gap that is NaN, this promotes"),
        (nan_blames_the_gap, "rightly blocked, but the reason"),
        (
            nan_tested_first,
            "On a gap that is NaN with a gain below the margin, the candidate is rightly blocked",
        ),
        (
            large_gap_before_nan_gain,
            "On a gain that is NaN with a large gap, the candidate is rightly blocked",
        ),
        (nan_becomes_a_number, "On a gain that is NaN with a margin of zero, this promotes"),
        (nan_gap_becomes_one, "On a gap that is NaN with a margin below zero, this promotes"),
        (
            no_gap_is_missing,
            "This blocks the wrong candidate, on a gain above the margin and a gap of zero",
        ),
        (no_gain_is_missing, "This blocks the wrong candidate, on a gain of zero"),
        (no_margin_is_missing, "with a margin of zero"),
        (default_margin, "with a margin of zero"),
        (default_tolerance, "with a tolerance of zero"),
        (numpy_nan, "The NaN test of numpy takes no exact fractions"),
        (one_case_is_blank, "One case is not covered"),
        (own_words, "letter by letter"),
        (only_the_decision, "it should return two values, (promote, reason)"),
    ],
    "01.3": [
        (float_subtraction, ROUNDING),
        (zero_margin_never_clears, "on a margin of zero"),
        (zero_margin_asks_for_more, "on a margin of zero"),
        (nothing_right_never_clears, "on a candidate without a right row"),
        (margin_of_few_parts, "This clears a candidate that has not reached the margin"),
        (one_row_in_so_many, "This clears a candidate that has not reached the margin"),
        (parts_divided_again, "on a margin that is not a whole number of rows"),
        (margin_in_percent, "on a negative margin"),
        (few_rows_never_clear, "turned away for some counts and clears for others"),
        (no_rows_raise, "raised ZeroDivisionError"),
        (one_or_zero, "it should be True or False"),
    ],
    "01.4": [
        ((-1.5, 1.5), "but so does accuracy"),
        ((math.nan, 1.0), "The threshold is not a finite number"),
        ((-2.0, 10**400), "The bias is larger than any float"),
        ((-2.0, "1.5"), "The bias is a str"),
        (
            2.0,
            "Your function returned a single number; it should return two values, (threshold, "
            "bias)",
        ),
    ],
}


def by_bits(y, prediction, group):
    right = 1 - np.bitwise_xor(y, prediction)
    parts = [np.mean(right[group == name]) for name in np.unique(group)]
    return np.mean(right), np.ptp(parts)


def by_weights(y, prediction, group):
    _, place = np.unique(group, return_inverse=True)
    parts = np.bincount(place, weights=y == prediction) / np.bincount(place)
    return 1 - np.abs(y - prediction).mean(), np.max(np.abs(parts - parts[:, None]))


def by_pandas(y, prediction, group):
    by_group = pd.Series(y == prediction).groupby(group).mean()
    return (y == prediction).mean(), by_group.max() - by_group.min()


class Reason(enum.StrEnum):
    PROMOTED = "promoted"
    NO_GAIN = NO_GAIN
    UNSAFE = UNSAFE


def reason_of_an_enum(gain, gap, margin, tolerance):
    if not gain >= margin:
        return False, Reason.NO_GAIN
    return gap <= tolerance, Reason.PROMOTED if gap <= tolerance else Reason.UNSAFE


def by_patterns(gain, gap, margin, tolerance):
    match bool(gain >= margin), bool(gap <= tolerance):
        case True, True:
            return [True, "promoted"]
        case True, False:
            return [False, UNSAFE]
        case _:
            return [False, NO_GAIN]


def shares_rounded_down(candidate_right, baseline_right, n, margin):
    return n > 0 and (candidate_right - baseline_right) * 10_000 // n >= round(margin * 10_000)


RIGHT = {
    "01.1": [by_pandas, by_bits, by_weights],
    "01.2": [reason_of_an_enum, by_patterns],
    "01.3": [shares_rounded_down],
}
