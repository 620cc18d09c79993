"""Few human labels and many of a judge: estimates of a rate that stay right whatever the judge is
worth, beside what the humans alone say.

The judge's rate on all items is corrected by how far the two differ on the labelled ones. Nothing
is assumed of the judge but that labelled items are drawn like the others. A judge that does not
narrow what the human labels alone say is not worth its calls.
"""

from __future__ import annotations

import numpy as np
from scipy import special

from labsupport.evals.estimate import Estimate
from labsupport.evals.judges.corrected import Calibration
from labsupport.exact import check_count, check_level

_MORE = 1.0  # items added to each cell where a variance is estimated


def human_only(labelled: Calibration, confidence: float = 0.95) -> Estimate:
    """The rate of passes from the human labels alone, with the usual normal interval.

    It is what PPI is when the judge says nothing. Its exact twin is `share(labelled.positives,
    labelled.n)`.
    """
    return _estimate(normal_human, labelled, 0, 0, confidence, "human only")


def ppi(labelled: Calibration, passed: int, judged: int, confidence: float = 0.95) -> Estimate:
    """The prediction-powered rate of passes: the judge's on many items, plus human minus judge on
    the labelled ones.

    Parameters
    ----------
    labelled : items with both labels.
    passed, judged : other items, which only the judge has labelled, and how many it passed.

    Raises
    ------
    ValueError : numbers that are no counts, more passed than judged, or a confidence outside
        (0, 1).

    Notes
    -----
    Source: A. Angelopoulos, S. Bates, C. Fannjiang, M. Jordan, T. Zrnic, Prediction-powered
    inference, Science 382 (2023), 669-674.
    """
    return _estimate(normal_ppi, labelled, passed, judged, confidence, "PPI")


def ppi_plus(labelled: Calibration, passed: int, judged: int, confidence: float = 0.95) -> Estimate:
    """As ppi, with as much of the judge as it is worth: PPI++ as published.

    The judge's part is weighted with lambda = cov(human, judge) / ((1 + labelled / judged)
    var(judge)), from 0 to 1, all of it estimated from the labels.

    Below 100 labels it covers less than it says, .91 instead of .95 at 30 and .86 at 20, and next
    to rates of 0 and 1 nothing at all; see `widened` and `coverage.coverages`.

    Raises
    ------
    ValueError : as in ppi.

    Notes
    -----
    Source: A. Angelopoulos, J. Duchi, T. Zrnic, PPI++: efficient prediction-powered inference, 2023
    (arXiv 2311.01453), section 6.
    """
    return _estimate(normal_plus, labelled, passed, judged, confidence, "PPI++")


def widened(labelled: Calibration, passed: int, judged: int, confidence: float = 0.95) -> Estimate:
    """PPI++ that keeps its promise with few labels.

    The labels' table, with one more item in each cell, says how much of the judge is used, and how
    far the variance falls below that of the human labels alone. Then the estimate counts like the
    human labels of so many more items, in Clopper and Pearson's interval, as E. Korn and B.
    Graubard do for surveys (Survey Methodology 24 (1998), 193-201). The interval always holds what
    the humans alone have measured.

    All tables of 10 to 40 labels with 30 to 1000 judged items enumerated, and worlds searched, it
    covered at least 95% at 95%; a true rate on one side of it had a chance of at most 3.8%.

    Raises
    ------
    ValueError : as in ppi.
    """
    check_level(confidence, "confidence")
    _check_judged(passed, judged)
    counts = [float(c) for c in (labelled.tp, labelled.fn, labelled.tn, labelled.fp)]
    found = widened_ends(*counts, float(passed), judged, (1 - confidence) / 2)
    value, low, high = (float(number) for number in found)
    return Estimate(value, low, high, confidence, "PPI++, widened")


def widened_ends(tp, fn, tn, fp, passed, judged, tail: float) -> tuple:
    """Value, low and high end of `widened`; counts, or arrays of them that fit together."""
    more = (tp + _MORE, fn + _MORE, tn + _MORE, fp + _MORE)
    w = weight(*more, passed, judged)
    value = np.clip(_weighted(w, tp, fn, tn, fp, passed, judged)[0], 0, 1)
    _, with_judge = _weighted(w, *more, passed, judged)
    _, without = normal_human(*more, passed, judged)
    n = (tp + fn + tn + fp) / np.clip((with_judge / without) ** 2, 1e-9, 1)
    passes = value * n
    some, rest = np.maximum(passes, 1e-9), np.maximum(n - passes, 1e-9)
    low = np.where(passes > 0, special.betaincinv(some, n - passes + 1, tail), 0)
    high = np.where(value < 1, special.betaincinv(passes + 1, rest, 1 - tail), 1)
    humans = (tp + fn) / (tp + fn + tn + fp)
    return value, np.minimum(low, humans), np.maximum(high, humans)


def _check_judged(passed: int, judged: int) -> None:
    check_count(judged, "judged")
    if not (isinstance(passed, int | np.integer) and 0 <= passed <= judged):
        raise ValueError(f"passed counts some of the {judged} judged items; got {passed!r}.")


def _estimate(
    method, labelled: Calibration, passed: int, judged: int, confidence: float, name: str
) -> Estimate:
    check_level(confidence, "confidence")
    if method is not normal_human:
        _check_judged(passed, judged)
    z = float(special.ndtri((1 + confidence) / 2))
    counts = (labelled.tp, labelled.fn, labelled.tn, labelled.fp)
    value, error = method(*(np.float64(count) for count in counts), np.float64(passed), judged)
    low, high = np.clip((value - z * error, value + z * error), 0, 1)
    return Estimate(float(value), float(low), float(high), confidence, name)


def normal_human(tp, fn, tn, fp, passed, judged) -> tuple:
    """Value and standard error of `human_only`; counts, or arrays of them that fit together."""
    n = tp + fn + tn + fp
    rate = (tp + fn) / n
    return rate, np.sqrt(rate * (1 - rate) / n)


def normal_ppi(tp, fn, tn, fp, passed, judged) -> tuple:
    """Value and standard error of `ppi`; counts, or arrays of them that fit together."""
    return _weighted(1.0, tp, fn, tn, fp, passed, judged)


def normal_plus(tp, fn, tn, fp, passed, judged) -> tuple:
    """Value and standard error of `ppi_plus`; counts, or arrays of them that fit together."""
    return _weighted(weight(tp, fn, tn, fp, passed, judged), tp, fn, tn, fp, passed, judged)


def weight(tp, fn, tn, fp, passed, judged):
    """Lambda of PPI++, from 0 to 1; counts, or arrays of them."""
    n = tp + fn + tn + fp
    both = tp / n - (tp + fn) / n * (tp + fp) / n
    rate = (passed + tp + fp) / (judged + n)
    spread = rate * (1 - rate) * (judged + n) / (judged + n - 1)  # as the authors' package has it
    with np.errstate(invalid="ignore", divide="ignore"):
        found = np.where(spread > 0, both / ((1 + n / judged) * spread), 0.0)
    return np.clip(found, 0, 1)


def _weighted(w, tp, fn, tn, fp, passed, judged) -> tuple:
    """The estimate with weight w on the judge, and its standard error."""
    n = tp + fn + tn + fp
    rate = passed / judged
    labelled = (tp + fn) / n - w * (tp + fp) / n
    squares = (tp * (1 - w) ** 2 + fn + fp * w**2) / n
    variance = (squares - labelled**2).clip(0) / n + w**2 * rate * (1 - rate) / judged
    return labelled + w * rate, np.sqrt(variance)
