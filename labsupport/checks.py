"""The conditions of a gate, one function each: what was measured, what was asked for, and whether
the rows can tell.

Without a confidence a check compares what was measured with its bound, on counts. With one, it asks
on which side of the bound the whole interval lies, and answers None when the interval holds the
bound: in doubt.

For accuracies that interval is the exact judge's (see limits), so that a wrong promotion is no more
likely than (1 - confidence) / 2. An interval without width is in doubt: rows that do not vary prove
nothing about others.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from labsupport.comparisons import Comparison, side_of
from labsupport.exact import as_written
from labsupport.slices import gap_interval, slices_within


@dataclass(frozen=True)
class Check:
    """One condition of the gate and how it came out.

    Attributes
    ----------
    name : "gain", "anchor", "gap", "slice loss", or "rows" for a slice that arrived empty.
    slice : the slice it is about, or None for the whole holdout.
    value : what was measured, a share of rows; NaN when it could not be measured.
    bound : what the policy asks for.
    passed : True, False, or None when the data cannot tell.
    sentence : the same for people.
    needed : how many rows would tell, where that can be said; 0 when no number of rows would.
    """

    name: str
    slice: str | None
    value: float
    bound: float
    passed: bool | None
    sentence: str
    needed: int | None = None

    def __post_init__(self) -> None:
        if isinstance(self.passed, np.bool_):
            object.__setattr__(self, "passed", bool(self.passed))
        if self.passed is not None and type(self.passed) is not bool:
            raise TypeError(f"A check passed: True, False or None (in doubt); got {self.passed!r}.")
        if self.passed and self.value != self.value:
            raise ValueError(f"Check {self.name!r} measured NaN, so it cannot have passed.")


def check_gain(outcomes: Comparison, margin: float, confidence: float | None) -> Check:
    """Is the candidate better by the margin?"""
    if why := _unmeasured(outcomes):
        return _not_measured("gain", None, margin, f"The holdout {why}, so no gain was measured.")
    gain, asked = outcomes.exact_gain, as_written(margin)
    if confidence is not None:
        return _check_gain_in_doubt(outcomes, margin, confidence)
    passed = gain >= asked
    words = "clears" if passed else "does not clear"
    sentence = f"The gain of {float(gain):+z.4f} {words} the margin of {float(asked):g}."
    return Check("gain", None, float(gain), margin, passed, sentence)


def _check_gain_in_doubt(outcomes: Comparison, margin: float, confidence: float) -> Check:
    """On which side of the margin is the whole interval?"""
    gain, asked = outcomes.exact_gain, as_written(margin)
    interval = outcomes.interval(confidence)
    if not interval.low <= interval.high:
        sentence = (
            f"The gain of {float(gain):+z.4f} came with an interval from {interval.low} to "
            f"{interval.high}, which is none."
        )
        return _not_measured("gain", None, margin, sentence)
    passed = side_of(interval, asked)
    if passed and gain < asked:
        sentence = (
            f"The gain of {float(gain):+z.4f} came with an interval from {interval.low} to "
            f"{interval.high}, all of it on the other side of the margin."
        )
        return _not_measured("gain", None, margin, sentence)
    level = f"{float(100 * as_written(confidence)):.10g}% confidence"
    ends = f"{interval.low:+z.5f} to {interval.high:+z.5f} at {level}"
    found = f"The gain of {float(gain):+z.4f} may truly be {ends}"
    if passed is not None:
        where = "at or above" if passed else "below"
        sentence = f"{found}: all of it {where} the margin of {float(asked):g}."
        return Check("gain", None, float(gain), margin, passed, sentence)
    needed = _needed(outcomes, asked, confidence)
    where = "inside" if interval.side(asked) is None else "outside, but no row varies to show it"
    instead = getattr(outcomes, "instead_of_rows", "train both more often")
    settled = _settled(needed, outcomes.n, gain == asked, instead)
    sentence = f"{found}: the margin of {float(asked):g} is {where}, so {settled}."
    return Check("gain", None, float(gain), margin, None, sentence, needed)


def check_gap(outcomes: Comparison, tolerance: float, confidence: float | None) -> Check:
    """Are the candidate's accuracies on the slices close enough to each other?"""
    try:
        gap = outcomes.exact_disparity
    except AttributeError:
        sentence = "The gap is one of accuracy, and no accuracy was given; set max_gap=None."
        return _not_measured("gap", None, tolerance, sentence)
    except ValueError as error:
        why = str(error)
        sentence = f"The gap was not measured: {why[0].lower()}{why[1:]}"
        return _not_measured("gap", None, tolerance, sentence)
    asked = as_written(tolerance)
    found = f"The largest accuracy gap between two slices, {float(gap):.3f},"
    limit = f"the tolerance of {float(asked):g}"
    if confidence is None:
        passed = gap <= asked
        words = "is within" if passed else "exceeds"
        return Check("gap", None, float(gap), tolerance, passed, f"{found} {words} {limit}.")
    interval = gap_interval(outcomes, confidence)
    passed, side = None, f"and {limit} is inside"
    if interval.high <= asked:
        passed, side = True, f"all within {limit}"
    elif interval.low > asked:
        passed, side = False, f"all above {limit}"
    sentence = f"{found} may truly be {interval.low:.3f} to {interval.high:.3f}, {side}."
    return Check("gap", None, float(gap), tolerance, passed, sentence)


def check_slice_losses(
    outcomes: Comparison,
    tolerance: float | Mapping[str, float],
    confidence: float | None,
) -> list[Check]:
    """Does every slice keep its accuracy, but for its slice margin? One check per slice."""
    bounds = tolerance if isinstance(tolerance, Mapping) else {...: tolerance}
    if set(bounds) == {...} and not outcomes.slices:
        sentence = "No slices were given, so none was compared."
        return [_not_measured("slice loss", None, bounds[...], sentence)]
    tolerances = {name: t for name, t in bounds.items() if name is not ...}
    rest = [name for name in outcomes.slices if name not in tolerances]
    if ... in bounds:
        tolerances |= dict.fromkeys(rest, bounds[...])
        rest = []
    measured = {
        name: t
        for name, t in tolerances.items()
        if name in outcomes.slices and not _unmeasured(outcomes.slices[name])
    }
    if confidence is None:
        within = {
            name: -outcomes.slices[name].exact_gain <= as_written(t) for name, t in measured.items()
        }
    else:
        within = slices_within(outcomes, measured, confidence)
    judged = [_slice_loss(name, outcomes, t, within.get(name)) for name, t in tolerances.items()]
    return judged + [_without_bound(name, outcomes.slices[name]) for name in rest]


def check_slices_hold_rows(outcomes: Comparison) -> list[Check]:
    """A slice that someone named and that arrives empty was lost on the way: no policy promotes
    over that, nor over one whose rows or gain are no number.
    """
    return [
        Check("rows", name, 0, 1, False, f"Slice {name!r} {why}; a slice must hold some.")
        for name, part in outcomes.slices.items()
        if (why := _unmeasured(part))
    ]


def _unmeasured(part: Comparison) -> str | None:
    """Why a comparison says nothing, as the end of a sentence; None if it says something.

    NaN is neither 0 nor below it, so what may be judged is said, not what may not.
    """
    if not (part.n >= 0 and part.n % 1 == 0):
        return f"has {part.n!r} rows, which is no number of rows"
    if part.n == 0:
        return "has no rows"
    if not math.isfinite(part.exact_gain):
        return f"has a gain of {part.exact_gain!r}, which is no number"
    return None


def _without_bound(name: str, part: Comparison) -> Check:
    sentence = (
        f"Slice {name!r} has no bound: the policy names other slices; name it too, or give `...` "
        "the bound of the rest."
    )
    return Check("slice loss", name, -float(part.exact_gain), math.nan, None, sentence)


def _slice_loss(name: str, outcomes: Comparison, tolerance: float, within: bool | None) -> Check:
    part = outcomes.slices.get(name)
    if part is None:
        return _not_measured(
            "slice loss",
            name,
            tolerance,
            f"The policy names slice {name!r}, which was not compared: it got lost.",
        )
    if why := _unmeasured(part):
        sentence = f"Slice {name!r} {why}, so it was not compared."
        return _not_measured("slice loss", name, tolerance, sentence)
    loss = -part.exact_gain
    words = {True: "is within", False: "exceeds", None: "may or may not exceed"}[within]
    change = (
        f"{abs(float(loss)):.4f} {'lost' if loss > 0 else 'gained'}"
        if loss
        else "nothing lost or gained"
    )
    sentence = (
        f"Slice {name!r}, {part.n} rows: {change}; this {words} the slice margin of "
        f"{float(as_written(tolerance)):g}."
    )
    return Check("slice loss", name, float(loss), tolerance, within, sentence)


def _not_measured(name: str, where: str | None, bound: float, sentence: str) -> Check:
    return Check(name, where, math.nan, bound, False, sentence)


def _needed(outcomes: Comparison, margin: Fraction, confidence: float) -> int | None:
    """How many rows would settle it, or None if that cannot be said."""
    if outcomes.exact_gain == margin:
        return None
    needed = outcomes.examples_needed(margin, confidence)
    return None if 0 < needed <= outcomes.n else needed


def _settled(needed: int | None, n: int, on_the_margin: bool, instead: str) -> str:
    if needed == 0:
        return f"{n:,} rows cannot tell, and no number of rows would: {instead}"
    if needed:
        return f"{n:,} rows cannot tell; about {needed:,} would"
    more = (
        "with a gain of exactly the margin more may not either"
        if on_the_margin
        else "somewhat more may"
    )
    return f"{n:,} rows cannot tell, and {more}"
