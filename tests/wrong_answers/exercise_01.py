"""Exercise 01: plausible wrong answers as a student would write them, and a fragment of the hint each must get."""

import math
from collections import Counter
from decimal import Decimal
from fractions import Fraction

import numpy as np

NO_GAIN, UNSAFE = "blocked: no eval gain", "blocked: failed safety check"


def accuracies(y, prediction, group):
    return [(prediction == y)[group == name].mean() for name in np.unique(group)]


def signed_gap(y, prediction, group):
    first, *_, last = accuracies(y, prediction, group)
    return (prediction == y).mean(), first - last


def signed_two_groups(y, prediction, group):
    parts = accuracies(y, prediction, group)
    return (prediction == y).mean(), parts[0] - parts[1]


def smallest_minus_largest(y, prediction, group):
    parts = accuracies(y, prediction, group)
    return (prediction == y).mean(), min(parts) - max(parts)


def gap_over_all_rows(y, prediction, group):
    right = prediction == y
    shares = [(right & (group == name)).sum() / len(y) for name in np.unique(group)]
    return right.mean(), max(shares) - min(shares)


def gap_to_the_whole(y, prediction, group):
    overall = (prediction == y).mean()
    return overall, max(abs(part - overall) for part in accuracies(y, prediction, group))


def group_by_label(y, prediction, group):
    parts = accuracies(y, prediction, y)
    return (prediction == y).mean(), max(parts) - min(parts)


def sensitivity_minus_specificity(y, prediction, group):
    return np.mean(y == prediction), np.mean(prediction[y == 1]) - np.mean(1 - prediction[y == 0])


def group_by_prediction(y, prediction, group):
    parts = accuracies(y, prediction, prediction)
    return (prediction == y).mean(), max(parts) - min(parts)


def first_two_groups(y, prediction, group):
    parts = accuracies(y, prediction, group)
    return (prediction == y).mean(), abs(parts[0] - parts[1])


def first_group_and_rest(y, prediction, group):
    right, first = prediction == y, group == np.unique(group)[0]
    return right.mean(), abs(right[first].mean() - right[~first].mean())


def positive_rates(y, prediction, group):
    rates = [prediction[group == name].mean() for name in np.unique(group)]
    return (prediction == y).mean(), max(rates) - min(rates)


def first_four_groups(y, prediction, group):
    parts = accuracies(y, prediction, group)[:4]
    return (prediction == y).mean(), max(parts) - min(parts)


def mean_gap(y, prediction, group):
    parts = accuracies(y, prediction, group)
    pairs = [abs(a - b) for i, a in enumerate(parts) for b in parts[:i]]
    return (prediction == y).mean(), sum(pairs) / len(pairs)


def standard_deviation(y, prediction, group):
    return (prediction == y).mean(), np.std(accuracies(y, prediction, group))


def percent(y, prediction, group):
    parts = accuracies(y, prediction, group)
    return 100 * (prediction == y).mean(), 100 * (max(parts) - min(parts))


def wrong_order(y, prediction, group):
    parts = accuracies(y, prediction, group)
    return max(parts) - min(parts), (prediction == y).mean()


def accuracy_of_groups(y, prediction, group):
    parts = accuracies(y, prediction, group)
    return np.mean(parts), max(parts) - min(parts)


def error_rate(y, prediction, group):
    parts = accuracies(y, prediction, group)
    return (prediction != y).mean(), max(parts) - min(parts)


def true_positives_only(y, prediction, group):
    hits = (prediction == 1) & (y == 1)
    parts = [hits[group == name].mean() for name in np.unique(group)]
    return (prediction == y).mean(), max(parts) - min(parts)


def rounded(y, prediction, group):
    parts = accuracies(y, prediction, group)
    return round((prediction == y).mean(), 4), round(max(parts) - min(parts), 4)


def six_digits(y, prediction, group):
    parts = accuracies(y, prediction, group)
    return (prediction == y).mean(), round(max(parts) - min(parts), 6)


def single_precision(y, prediction, group):
    parts = [
        np.mean(prediction[group == name] == y[group == name], dtype=np.float32)
        for name in np.unique(group)
    ]
    return np.mean(prediction == y, dtype=np.float32), max(parts) - min(parts)


def groups_rounded(y, prediction, group):
    parts = [round(part, 2) for part in accuracies(y, prediction, group)]
    return (prediction == y).mean(), max(parts) - min(parts)


def groups_with_an_error(y, prediction, group):
    errors, rows = Counter(group[prediction != y].tolist()), Counter(group.tolist())
    parts = [1 - errors[name] / rows[name] for name in errors] or [1.0]
    return (prediction == y).mean(), max(parts) - min(parts)


def worst_starts_at_zero(y, prediction, group):
    best = worst = 0.0
    for part in accuracies(y, prediction, group):
        best, worst = max(best, part), min(worst, part)
    return (prediction == y).mean(), best - worst


def either_best_or_worst(y, prediction, group):
    best, worst = 0.0, 1.0
    for part in accuracies(y, prediction, group):
        if part > best:
            best = part
        elif part < worst:
            worst = part
    return (prediction == y).mean(), best - worst


def gap_in_rows(y, prediction, group):
    rows = [(prediction == y)[group == name].sum() for name in np.unique(group)]
    return (prediction == y).mean(), max(rows) - min(rows)


def starts_at_one_half(y, prediction, group):
    best, worst = 0.5, 1.0
    for part in accuracies(y, prediction, group):
        best, worst = max(best, part), min(worst, part)
    return (prediction == y).mean(), best - worst


def zero_counts_as_missing(y, prediction, group):
    parts = accuracies(y, prediction, group)
    return (prediction == y).mean() or 1.0, max(parts) - min(parts)


def first_five_groups(y, prediction, group):
    parts = accuracies(y, prediction, group)[:5]
    return (prediction == y).mean(), max(parts) - min(parts)


def ratio(y, prediction, group):
    parts = accuracies(y, prediction, group)
    return (prediction == y).mean(), 1 - min(parts) / max(parts)


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


def strict_gap(gain, gap, margin, tolerance):
    if gain >= margin:
        return (True, "promoted") if gap < tolerance else (False, UNSAFE)
    return False, NO_GAIN


def both_strict(gain, gap, margin, tolerance):
    if gain > margin:
        return (True, "promoted") if gap < tolerance else (False, UNSAFE)
    return False, NO_GAIN


def or_for_and(gain, gap, margin, tolerance):
    if gain >= margin or gap <= tolerance:
        return True, "promoted"
    return False, NO_GAIN


def reasons_swapped(gain, gap, margin, tolerance):
    if not gain >= margin:
        return False, UNSAFE
    return (True, "promoted") if gap <= tolerance else (False, NO_GAIN)


def safety_first(gain, gap, margin, tolerance):
    if not gap <= tolerance:
        return False, UNSAFE
    return (True, "promoted") if gain >= margin else (False, NO_GAIN)


def absolute_gain(gain, gap, margin, tolerance):
    if not abs(gain) >= margin:
        return False, NO_GAIN
    return (True, "promoted") if gap <= tolerance else (False, UNSAFE)


def bounds_crossed(gain, gap, margin, tolerance):
    if not gain >= tolerance:
        return False, NO_GAIN
    return (True, "promoted") if gap <= margin else (False, UNSAFE)


def gap_ignored(gain, gap, margin, tolerance):
    return (True, "promoted") if gain >= margin else (False, NO_GAIN)


def fixed_bounds(gain, gap, margin, tolerance):
    if not gain >= Fraction("0.005"):
        return False, NO_GAIN
    return (True, "promoted") if gap <= Fraction("0.1") else (False, UNSAFE)


def any_gain(gain, gap, margin, tolerance):
    if not gain > 0:
        return False, NO_GAIN
    return (True, "promoted") if gap <= tolerance else (False, UNSAFE)


def with_slack(gain, gap, margin, tolerance):
    if not gain >= margin - Fraction(1, 10**9):
        return False, NO_GAIN
    return (True, "promoted") if gap <= tolerance else (False, UNSAFE)


def no_loss_ever(gain, gap, margin, tolerance):
    if not (gain >= 0 and gain >= margin):
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


def float_addition(candidate_right, baseline_right, n, margin):
    return candidate_right / n >= baseline_right / n + margin


def one_division(candidate_right, baseline_right, n, margin):
    return (candidate_right - baseline_right) / n >= margin


def epsilon(candidate_right, baseline_right, n, margin):
    return candidate_right / n - baseline_right / n >= margin - 1e-9


def tiny_epsilon(candidate_right, baseline_right, n, margin):
    return candidate_right / n - baseline_right / n > margin - 1e-12


def is_close(candidate_right, baseline_right, n, margin):
    gain = candidate_right / n - baseline_right / n
    return gain > margin or math.isclose(gain, margin)


def rounded_gain(candidate_right, baseline_right, n, margin):
    return round(candidate_right / n - baseline_right / n, 6) >= margin


def strict_counts(candidate_right, baseline_right, n, margin):
    return n > 0 and Fraction(candidate_right - baseline_right, n) > Fraction(str(margin))


def margin_times_rows(candidate_right, baseline_right, n, margin):
    return candidate_right - baseline_right >= margin * n


def rows_rounded_up(candidate_right, baseline_right, n, margin):
    return candidate_right - baseline_right >= math.ceil(margin * n)


def rows_rounded(candidate_right, baseline_right, n, margin):
    return candidate_right - baseline_right >= round(n * margin)


def binary_fraction(candidate_right, baseline_right, n, margin):
    return n > 0 and Fraction(candidate_right - baseline_right, n) >= Fraction(margin)


def binary_decimal(candidate_right, baseline_right, n, margin):
    return n > 0 and candidate_right - baseline_right >= n * Fraction(Decimal(margin))


def margin_in_thousandths(candidate_right, baseline_right, n, margin):
    return n > 0 and (candidate_right - baseline_right) * 1000 >= int(margin * 1000) * n


def margin_cut_off(candidate_right, baseline_right, n, margin):
    return n > 0 and (candidate_right - baseline_right) * 10**6 >= int(margin * 10**6) * n


def decimal_division(candidate_right, baseline_right, n, margin):
    return n > 0 and Decimal(candidate_right - baseline_right) / n >= Decimal(str(margin))


def decimal_accuracies(candidate_right, baseline_right, n, margin):
    return n > 0 and Decimal(candidate_right) / n - Decimal(baseline_right) / n >= Decimal(
        str(margin)
    )


def decimal_product(candidate_right, baseline_right, n, margin):
    return n > 0 and Decimal(candidate_right - baseline_right) >= Decimal(str(margin)) * n


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


def no_rows_clear(candidate_right, baseline_right, n, margin):
    return candidate_right - baseline_right >= Fraction(str(margin)) * n


def no_rows_raise(candidate_right, baseline_right, n, margin):
    return Fraction(candidate_right - baseline_right, n) >= Fraction(str(margin))


def lost_sign(candidate_right, baseline_right, n, margin):
    return n > 0 and Fraction(abs(candidate_right - baseline_right), n) >= Fraction(str(margin))


def changed_places(candidate_right, baseline_right, n, margin):
    return n > 0 and Fraction(baseline_right - candidate_right, n) >= Fraction(str(margin))


def rows_against_share(candidate_right, baseline_right, n, margin):
    return n > 0 and candidate_right - baseline_right >= margin


def one_or_zero(candidate_right, baseline_right, n, margin):
    return int(n > 0 and Fraction(candidate_right - baseline_right, n) >= Fraction(str(margin)))


SIGNED, TWO_ONLY = "The gap has a sign", "With two groups this is right"
ROUNDING, SLACK = "Two rounded accuracies are subtracted", "Slack or rounding repairs the ties"
DIGITS = "more digits than Decimal keeps"
TURNED_AWAY = "A gain of exactly the margin is turned away for some counts"
CLOSE = "close but rounded, or of low precision"
CUT = "on the way some of it is cut off"
PRODUCT, BINARY = (
    "The margin times the rows is rounded",
    "A float is not the decimal that was typed",
)

WRONG = {
    "01.1": [
        (signed_gap, SIGNED),
        (signed_two_groups, SIGNED),
        (smallest_minus_largest, SIGNED),
        (gap_over_all_rows, "it is taken of all rows"),
        (gap_to_the_whole, "against the accuracy on all rows"),
        (group_by_label, "split by their label"),
        (sensitivity_minus_specificity, "split by their label"),
        (group_by_prediction, "split by the prediction"),
        (first_two_groups, TWO_ONLY),
        (first_group_and_rest, TWO_ONLY),
        (first_four_groups, TWO_ONLY),
        (first_five_groups, TWO_ONLY),
        (positive_rates, "shares of positive predictions"),
        (mean_gap, "An average over the groups"),
        (standard_deviation, "An average over the groups"),
        (percent, "These are percent"),
        (wrong_order, "in the other order"),
        (accuracy_of_groups, "averaged over the groups, so a small group counts"),
        (error_rate, "The accuracy counts the wrong rows"),
        (true_positives_only, "Only rows of one class"),
        (rounded, CLOSE),
        (six_digits, CLOSE),
        (single_precision, CLOSE),
        (groups_rounded, CLOSE),
        (groups_with_an_error, "on a group without an error beside others"),
        (worst_starts_at_zero, "must not start at zero"),
        (either_best_or_worst, "an elif looks at it only once"),
        (gap_in_rows, "These are percent, or counts"),
        (starts_at_one_half, "on groups of which even the best is mostly wrong"),
        (zero_counts_as_missing, "on a model that is always wrong"),
        (ratio, "A ratio of accuracies"),
        (gap_only, "it should return two values, (accuracy, gap)"),
        (forgotten_return, "returned None; is a return missing"),
        (groups_are_letters, "a share of no rows?"),
    ],
    "01.2": [
        (strict_gain, "A gain of exactly the margin is enough"),
        (strict_gap, "A gap of exactly the tolerance is still tolerated"),
        (
            both_strict,
            "This blocks the wrong candidate, on a gain above the margin and a gap equal to the tolerance",
        ),
        (or_for_and, "One passed check is not enough"),
        (reasons_swapped, "the two reasons for blocking have changed places"),
        (safety_first, "the wrong one is named first"),
        (absolute_gain, "A large loss is not a gain"),
        (bounds_crossed, "held against the other one's bound"),
        (gap_ignored, "The gap plays no part"),
        (fixed_bounds, "The bounds are fixed numbers"),
        (any_gain, "Any gain above zero passes"),
        (with_slack, "a gain a hair below the margin"),
        (no_loss_ever, "A margin below zero tolerates a small loss"),
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
        (nan_becomes_a_number, "On a gain that is NaN, this promotes"),
        (nan_gap_becomes_one, "On a gap that is NaN, this promotes"),
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
        (float_addition, ROUNDING),
        (one_division, "right until the holdout is very large"),
        (epsilon, SLACK),
        (tiny_epsilon, SLACK),
        (is_close, SLACK),
        (rounded_gain, SLACK),
        (strict_counts, "A gain of exactly the margin clears it"),
        (margin_times_rows, PRODUCT),
        (rows_rounded_up, PRODUCT),
        (rows_rounded, PRODUCT),
        (binary_fraction, BINARY),
        (binary_decimal, BINARY),
        (margin_in_thousandths, CUT),
        (margin_cut_off, CUT),
        (decimal_division, DIGITS),
        (decimal_accuracies, DIGITS),
        (decimal_product, DIGITS),
        (zero_margin_never_clears, "on a margin of zero"),
        (zero_margin_asks_for_more, "on a margin of zero"),
        (nothing_right_never_clears, "on a candidate without a right row"),
        (margin_of_few_parts, "This clears a candidate that has not reached the margin"),
        (one_row_in_so_many, "This clears a candidate that has not reached the margin"),
        (parts_divided_again, "on a margin that is not a whole number of rows"),
        (no_rows_clear, "On a holdout without rows this clears"),
        (no_rows_raise, "raised ZeroDivisionError"),
        (lost_sign, "the sign of the difference got lost"),
        (changed_places, "have changed places"),
        (rows_against_share, "the number of rows n plays no part"),
        (one_or_zero, "it should be True or False"),
    ],
    "01.4": [
        ((-0.05, 3.0), "in a slice this large"),
        ((0.0, 3.0), "Most rows of the holdout"),
        ((-1.5, 1.5), "but so does accuracy"),
        ((-2.0, 1.0), "the harm is too small"),
        ((-0.5, 0.75), "still shows no large gap"),
        ((2.0, 1.0), "Most rows of the holdout"),
        ((-2.6, 3.0), "their accuracy is luck"),
        ((-9.0, 1.0), "there is no slice"),
        ((-2.0, 0.0), "harms nobody"),
        ((-2.0, -1.5), "A negative bias"),
        ((math.nan, 1.0), "The threshold is not a finite number"),
        ((-2.0, 10**400), "The bias is larger than any float"),
        ((-2.0, "1.5"), "The bias is a str"),
        (
            2.0,
            "Your function returned a single number; it should return two values, (threshold, bias)",
        ),
    ],
}
