"""The conditions of a gate, one function each: what was measured, what was asked for, and whether
the rows can tell.

Without a confidence a check compares what was measured with its bound, on counts. With one, it asks
on which side of the bound the whole interval lies, and answers None when the interval holds the
bound: in doubt.

The gain has to convince two judges, the exact bootstrap interval and the score test. The bootstrap
alone takes the rows for the whole world: on 20 rows without a discordant pair it is certain that
there is no loss. In simulations with the true gain at the margin it cleared that margin in up to 95
% of worlds when few pairs were discordant, and both judges together in at most 3 %.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol, runtime_checkable

from scipy import special

from labsupport.intervals import Interval, examples_needed, gain_interval, score_statistic
from labsupport.outcomes import PairedOutcomes, as_written
from labsupport.slices import gap_interval, slices_within


@runtime_checkable
class Comparison(Protocol):
    """What any metric has to offer to be judged, as PairedAUC does: a gain and its uncertainty, overall and per slice."""

    n: int
    candidate: float
    baseline: float
    slices: Mapping[str, Comparison]

    @property
    def exact_gain(self) -> Fraction:
        """Candidate minus baseline."""

    def interval(self, confidence: float) -> Interval:
        """A two-sided interval for the true gain."""

    def statistic(self, gain: float) -> float:
        """Standard normal if the true gain is `gain`."""

    def examples_needed(self, margin: float, confidence: float) -> int:
        """Rows that would set the interval apart from the margin; 0 when no number of rows would."""


@dataclass(frozen=True)
class Check:
    """One condition of the gate and how it came out.

    Attributes
    ----------
    name : "gain", "gap", "slice loss", or "rows" for a slice that arrived empty.
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


def check_gain(
    outcomes: PairedOutcomes | Comparison, margin: float, confidence: float | None
) -> Check:
    """Is the candidate better by the margin?"""
    if outcomes.n == 0:
        return _not_measured(
            "gain", None, margin, "The holdout has no rows, so no gain was measured."
        )
    gain, asked = outcomes.exact_gain, as_written(margin)
    if not math.isfinite(gain):
        return _not_measured(
            "gain", None, margin, f"The gain came out as {gain!r}, which is no number."
        )
    if confidence is None:
        passed = gain >= asked
        words = "clears" if passed else "does not clear"
        return Check(
            "gain",
            None,
            float(gain),
            margin,
            passed,
            f"The gain of {float(gain):+z.4f} {words} the margin of {float(asked):g}.",
        )
    interval, z = _uncertainty(outcomes, asked, confidence)
    if not interval.low <= interval.high:
        sentence = f"The gain of {float(gain):+z.4f} came with an interval from {interval.low} to {interval.high}, which is none."
        return _not_measured("gain", None, margin, sentence)
    side = _side(interval, asked, outcomes)
    reach = special.ndtri((1 + confidence) / 2)
    passed = (
        True if side is True and z >= reach else False if side is False and z <= -reach else None
    )
    ends = f"{interval.low:+z.5f} to {interval.high:+z.5f} at {float(100 * as_written(confidence)):.10g}% confidence"
    found = f"The gain of {float(gain):+z.4f} may truly be {ends}"
    if passed is not None:
        tail = f"all of it {'at or above' if passed else 'below'} the margin of {float(asked):g}"
        return Check("gain", None, float(gain), margin, passed, f"{found}: {tail}.")
    needed = _needed(outcomes, asked, confidence, z)
    where = (
        "inside"
        if side is None or float(asked) in interval
        else "outside, but too few rows differ to trust that"
    )
    tail = f"the margin of {float(asked):g} is {where}, so {_settled(needed, outcomes.n, gain == asked)}"
    return Check("gain", None, float(gain), margin, passed, f"{found}: {tail}.", needed)


def check_gap(outcomes: PairedOutcomes, tolerance: float, confidence: float | None) -> Check:
    """Are the candidate's accuracies on the slices close enough to each other?"""
    if not isinstance(outcomes, PairedOutcomes):
        return _not_measured(
            "gap",
            None,
            tolerance,
            "The gap is one of accuracy, and no accuracy was given; set max_gap=None.",
        )
    try:
        gap = outcomes.exact_disparity
    except ValueError as error:
        why = str(error)
        return _not_measured(
            "gap", None, tolerance, f"The gap was not measured: {why[0].lower()}{why[1:]}"
        )
    asked = as_written(tolerance)
    found = f"The largest accuracy gap between two slices, {float(gap):.3f},"
    if confidence is None:
        passed = gap <= asked
        sentence = (
            f"{found} {'is within' if passed else 'exceeds'} the tolerance of {float(asked):g}."
        )
        return Check("gap", None, float(gap), tolerance, passed, sentence)
    interval = gap_interval(outcomes, confidence)
    passed = True if interval.high <= asked else False if interval.low > asked else None
    limit = f"the tolerance of {float(asked):g}"
    side = {
        True: f"all within {limit}",
        False: f"all above {limit}",
        None: f"and {limit} is inside",
    }[passed]
    sentence = f"{found} may truly be {interval.low:.3f} to {interval.high:.3f}, {side}."
    return Check("gap", None, float(gap), tolerance, passed, sentence)


def check_slice_losses(
    outcomes: PairedOutcomes | Comparison,
    tolerance: float | Mapping[str, float],
    confidence: float | None,
) -> list[Check]:
    """Does every slice keep the accuracy it has, but for the tolerated loss? One check per slice."""
    if isinstance(tolerance, Mapping):
        tolerances = dict(tolerance)
    else:
        tolerances = dict.fromkeys(outcomes.slices, tolerance)
        if not tolerances:
            return [
                _not_measured(
                    "slice loss", None, tolerance, "No slices were given, so none was compared."
                )
            ]
    measured = {
        name: t
        for name, t in tolerances.items()
        if name in outcomes.slices and outcomes.slices[name].n
    }
    if confidence is None:
        within = {
            name: -outcomes.slices[name].exact_gain <= as_written(t) for name, t in measured.items()
        }
    else:
        within = slices_within(outcomes, measured, confidence)
    return [_slice_loss(name, outcomes, tolerances[name], within.get(name)) for name in tolerances]


def check_slices_hold_rows(outcomes: PairedOutcomes | Comparison) -> list[Check]:
    """A slice that someone named and that arrives empty was lost on the way: no policy promotes over that."""
    return [
        Check(
            "rows",
            name,
            0,
            1,
            False,
            f"Slice {name!r} has no rows; a slice that was named must hold some.",
        )
        for name, part in outcomes.slices.items()
        if part.n == 0
    ]


def _slice_loss(
    name: str, outcomes: PairedOutcomes | Comparison, tolerance: float, within: bool | None
) -> Check:
    part = outcomes.slices.get(name)
    if part is None:
        return _not_measured(
            "slice loss",
            name,
            tolerance,
            f"The policy names slice {name!r}, which was not compared: it got lost.",
        )
    if part.n == 0:
        return _not_measured(
            "slice loss", name, tolerance, f"Slice {name!r} has no rows, so it was not compared."
        )
    loss = -part.exact_gain
    words = {True: "is within", False: "exceeds", None: "may or may not exceed"}[within]
    change = (
        f"{abs(float(loss)):.4f} {'lost' if loss > 0 else 'gained'}"
        if loss
        else "nothing lost or gained"
    )
    sentence = f"Slice {name!r}, {part.n} rows: {change}; this {words} the tolerated loss of {float(as_written(tolerance)):g}."
    return Check("slice loss", name, float(loss), tolerance, within, sentence)


def _not_measured(name: str, where: str | None, bound: float, sentence: str) -> Check:
    return Check(name, where, math.nan, bound, False, sentence)


def _uncertainty(
    outcomes: PairedOutcomes | Comparison, margin: Fraction, confidence: float
) -> tuple[Interval, float]:
    """The interval of the gain, and the test statistic of the hypothesis that the true gain is the margin."""
    if isinstance(outcomes, PairedOutcomes):
        return gain_interval(outcomes, confidence), score_statistic(outcomes, float(margin))
    z = outcomes.statistic(float(margin))
    return outcomes.interval(confidence), z if math.isfinite(z) else 0.0


def _side(
    interval: Interval, margin: Fraction, outcomes: PairedOutcomes | Comparison
) -> bool | None:
    """True if all of the interval is at or above the margin, False if all of it is below."""
    low, high = float(interval.low), float(interval.high)
    if isinstance(outcomes, PairedOutcomes):  # its ends are counts of rows: compare them as such
        low, high = (Fraction(round(end * outcomes.n), outcomes.n) for end in (low, high))
    return True if low >= margin else False if high < margin else None


def _needed(
    outcomes: PairedOutcomes | Comparison, margin: Fraction, confidence: float, z: float
) -> int | None:
    """How many rows would settle it, or None if that cannot be said."""
    if outcomes.exact_gain == margin:
        return None
    if not isinstance(outcomes, PairedOutcomes):
        needed = outcomes.examples_needed(margin, confidence)
    elif (needed := examples_needed(outcomes, margin, confidence)) <= outcomes.n and z:
        # Too few discordant pairs to estimate their variance. The score statistic grows with the
        # root of the rows.
        needed = math.ceil(outcomes.n * (special.ndtri((1 + confidence) / 2) / z) ** 2)
    return None if 0 < needed <= outcomes.n else needed


def _settled(needed: int | None, n: int, on_the_margin: bool) -> str:
    if needed == 0:
        return f"{n:,} rows cannot tell, and no number of rows would: train both more often"
    if needed:
        return f"{n:,} rows cannot tell; about {needed:,} would"
    more = (
        "with a gain of exactly the margin more may not either"
        if on_the_margin
        else "somewhat more may"
    )
    return f"{n:,} rows cannot tell, and {more}"
