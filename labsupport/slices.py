"""Many comparisons: when enough slices are looked at, one of them looks bad by chance.

Holm's correction keeps the chance of a single false alarm among all slices at the level that was
asked for. The largest gap between slices gets an interval that knows it was picked as the largest.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

from labsupport.comparisons import Interval, side_of, statistic_of
from labsupport.exact import as_numbers, as_written, check_level
from labsupport.intervals import mcnemar
from labsupport.outcomes import PairedOutcomes


@dataclass(frozen=True)
class SliceTest:
    """The comparison of two models on one slice, as one of several.

    Attributes
    ----------
    slice : its name.
    n : rows.
    gain : candidate minus baseline accuracy, a share of rows.
    p_value : as if this slice were the only one; slice_tests says of which question.
    adjusted : Holm's p-value over all slices that were looked at.
    """

    slice: str
    n: int
    gain: float
    p_value: float
    adjusted: float


def holm(p_values: Sequence[float], searched: int | None = None) -> np.ndarray:
    """Adjust p-values for having been looked at together (Holm 1979).

    The smallest is multiplied by k, the next by k - 1, and so on, and none may end up below one
    that was smaller before. An adjusted p-value below a level is a rejection that keeps the chance
    of any false one below that level, however the tests depend on each other.

    Parameters
    ----------
    p_values : k p-values, each from 0 to 1; or (..., k), many such lists, each for itself.
    searched : how many comparisons were looked at, if more than are reported here. Default: k. What
        is returned is then the most that Holm over all of them could say, whatever the other
        p-values are.

    Returns
    -------
    float array of the same shape, in the order of the input.

    Raises
    ------
    ValueError : a value that is no probability, or a `searched` that is not a whole number or less
        than k.
    """
    p = as_numbers(p_values, "p-values")
    if p.ndim == 0 or not ((p >= 0) & (p <= 1)).all():
        raise ValueError(f"p-values are a list of probabilities, from 0 to 1; got {p_values!r}.")
    reported = p.shape[-1]
    k = reported if searched is None else searched
    if isinstance(k, bool) or not isinstance(k, int | np.integer) or k < reported:
        raise ValueError(
            f"{reported} p-values are reported, so at least as many were searched; "
            f"got searched = {searched!r}."
        )
    order = np.argsort(p, axis=-1, kind="stable")
    steps = np.take_along_axis(p, order, axis=-1) * (k - np.arange(reported))
    adjusted = np.empty_like(p)
    stepped = np.minimum(np.maximum.accumulate(steps, axis=-1), 1)
    np.put_along_axis(adjusted, order, stepped, axis=-1)
    return adjusted


def slice_tests(
    outcomes: PairedOutcomes,
    searched: int | None = None,
    tolerance: float | None = None,
    level: float = 0.025,
) -> tuple[SliceTest, ...]:
    """Compare the models on every slice, with Holm's correction over all of them.

    Parameters
    ----------
    searched : how many slices were looked at in all, if more than these.
    tolerance : None asks whether the two models differ at all, by exact McNemar tests, two-sided. A
        number asks whether the candidate loses more accuracy than that, a share of rows, one-sided,
        by the test with which the gate accuses a slice.
    level : of that one-sided test, and of all slices together: half of what the gate's confidence
        leaves over. An adjusted p-value of at most `level` accuses; see limits.chance for why the
        p-value depends on it.

    Raises
    ------
    ValueError : a slice without rows, a tolerance that is NaN, or a level outside (0, 1).
    """
    parts = outcomes.slices
    if tolerance is None:
        alone = {name: mcnemar(part) for name, part in parts.items()}
    else:
        check_level(level, "level")
        first = level / max(1, len(parts))  # what the first of Holm's steps asks for
        gain = -as_written(tolerance)
        alone = {name: part.chances(gain, first)[1] for name, part in parts.items()}
    adjusted = holm(list(alone.values()), searched)
    return tuple(
        SliceTest(name, parts[name].n, parts[name].gain, p, float(a))
        for (name, p), a in zip(alone.items(), adjusted, strict=True)
    )


def slices_within(
    outcomes, tolerances: Mapping[str, float], confidence: float = 0.95
) -> dict[str, bool | None]:
    """Judge for every slice whether its true loss is within its tolerance: True, False, or None
    when the rows cannot tell.

    A slice is cleared by its own interval, without a correction: the gate promotes only if every
    slice is cleared, so a slice that truly lost too much stops it, unless that very slice errs, and
    it errs with probability (1 - confidence) / 2 at most. Nobody can be lucky in all of them more
    often than in one (R. Berger, Technometrics 24, 1982, 295-300). To accuse, one slice is enough,
    and any of them may be the unlucky one: so accusing is corrected by Holm, and the chance that
    any slice is wrongly accused is (1 - confidence) / 2 at most, however the slices overlap.

    Parameters
    ----------
    outcomes : PairedOutcomes or another comparison with slices, such as PairedAUC.
    tolerances : {slice: the loss that it is allowed}. A tolerance of 0 asks every slice for proof
        of a gain.

    Raises
    ------
    KeyError : a slice that was not compared.
    ValueError : a slice without rows, a tolerance that is NaN, or a confidence outside (0, 1).
    """
    check_level(confidence, "confidence")
    for name in tolerances:
        if name not in outcomes.slices:
            raise KeyError(f"A tolerance is given for slice {name!r}, which was not compared.")
    level = (1 - confidence) / 2
    alone = level / max(1, len(tolerances))  # what the first of Holm's steps asks for
    cleared, bad = [], []
    for name, tolerance in tolerances.items():
        part, gain = outcomes.slices[name], -as_written(tolerance)
        if isinstance(part, PairedOutcomes):
            cleared.append(part.chances(gain, level)[0] <= level)
            bad.append(part.chances(gain, alone)[1])
        else:
            cleared.append(side_of(part.interval(confidence), gain) is True)
            bad.append(float(special.ndtr(statistic_of(part, float(gain)))))
    accused = holm(bad) <= level
    return {
        name: bool(ok) if ok or fell else None
        for name, ok, fell in zip(tolerances, cleared, accused, strict=True)
    }


def gap_interval(outcomes: PairedOutcomes, confidence: float = 0.95) -> Interval:
    """An interval for the largest true accuracy gap of the candidate between two slices.

    The largest of many measured gaps is too large on average, because it was picked for being the
    largest. The interval is made of exact ones for the slices (C. Clopper, E. Pearson, Biometrika
    26, 1934, 404-413), and holds for any number of rows, any accuracy, and slices that overlap:

    - its upper end is the highest upper end of a slice minus the lowest lower one. It is too low
      only if one of two slices, the truly best and the truly worst, is outside its own interval;
      so each gets half of (1 - confidence) / 2, however many slices there are.
    - its lower end is the largest distance between two slices' intervals. Any slice may be the one
      that is wrong, so (1 - confidence) / 2 is shared by both ends of all of them.

    Raises
    ------
    ValueError : fewer than two slices, a slice without rows, or a confidence outside (0, 1).
    """
    check_level(confidence, "confidence")
    outcomes.exact_disparity  # noqa: B018 - for its errors: fewer than two slices, or an empty one
    n = np.array([part.n for part in outcomes.slices.values()], dtype=float)
    right = np.array([part.candidate_right for part in outcomes.slices.values()], dtype=float)
    tail = (1 - confidence) / 2
    low, high = _accuracies_within(n, right, tail / 2)
    apart = high[:, None] - low
    np.fill_diagonal(apart, 0)  # a slice is compared with the others and not with itself
    widest = float(apart.max())
    low, high = _accuracies_within(n, right, tail / 2 / len(n))
    surely = max(0.0, float(low.max() - high.min()))
    return Interval(surely, widest, confidence, "simultaneous")


def slice_gap_bound(accuracy: float, share: float) -> float:
    """The largest accuracy gap between a slice and the rest that an overall accuracy leaves room
    for.

    At worst all errors sit in the smaller side: with an error rate e and a smaller share f' the gap
    is e / f'. That holds until this side is wrong on every row; the other side must then make the
    errors that are left over. (A model that is wrong more often than right can also hide its few
    right answers in the smaller side.)

    Parameters
    ----------
    accuracy : overall accuracy, from 0 to 1.
    share : the slice's share of the rows, strictly between 0 and 1.

    Raises
    ------
    ValueError : a value out of range.
    """
    if not 0 <= accuracy <= 1:
        raise ValueError(f"accuracy is a share, from 0 to 1; got {accuracy!r}.")
    if not 0 < share < 1:
        raise ValueError(
            f"share is the slice's part of the rows, above 0 and below 1; got {share!r}."
        )
    error = 1 - accuracy
    slice_worse = min(error / share, accuracy / (1 - share))
    rest_worse = min(error / (1 - share), accuracy / share)
    return max(slice_worse, rest_worse)


def false_alarm_rate(k: int, level: float = 0.05) -> float:
    """The chance that at least one of k independent comparisons at this level raises a false alarm:
    1 - (1 - level)^k."""
    check_level(level, "level")
    if not k >= 0:
        raise ValueError(f"k counts comparisons, zero or more; got {k!r}.")
    return -math.expm1(k * math.log1p(-level))


def _accuracies_within(n: np.ndarray, right: np.ndarray, tail: float) -> tuple:
    """Clopper and Pearson's ends for each share right / n: each is wrong with probability tail at
    most.
    """
    low = np.where(right > 0, special.betaincinv(np.maximum(right, 1), n - right + 1, tail), 0)
    wrong = n - right
    high = np.where(wrong > 0, special.betainccinv(right + 1, np.maximum(wrong, 1), tail), 1)
    return low, high
