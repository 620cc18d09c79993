"""The evaluation gate: a conjunction of named checks, and nothing that fails to be checked is ever promoted."""

from __future__ import annotations

import html
import math
from dataclasses import dataclass
from fractions import Fraction

from labsupport.outcomes import PairedOutcomes, as_written

EXIT_STATUS = {"promote": 0, "block": 1, "inconclusive": 2}

# In the order in which a blocked candidate is given its reason: no gain is named before a failed safety check.
_REASONS = {
    "gain": "no eval gain",
    "gap": "failed safety check",
    "slice loss": "slice regressed",
    "rows": "slice without rows",
}


@dataclass(frozen=True)
class Policy:
    """What a candidate must clear, written down before anyone sees its numbers.

    Attributes
    ----------
    min_gain : the margin, as a share of rows; promote only if candidate accuracy - baseline accuracy >= min_gain.
        A negative margin tolerates a loss (non-inferiority). None: no such check.
    max_gap : the candidate's largest accuracy gap between two slices must not exceed it. None: no such check.
    max_slice_loss : no slice may lose more accuracy than this against the baseline. None: no such check.

    Bounds are the decimals they are written as: 0.005 is 5/1000.

    Raises
    ------
    TypeError : a bound is not a number.
    ValueError : a bound is NaN or out of range, or there is no check at all.
    """

    min_gain: float | None = 0.005
    max_gap: float | None = 0.10
    max_slice_loss: float | None = None

    def __post_init__(self) -> None:
        for name, lowest in (("min_gain", -1), ("max_gap", 0), ("max_slice_loss", 0)):
            bound = getattr(self, name)
            if bound is not None and not lowest <= as_written(bound, name) <= 1:
                raise ValueError(f"{name} is a share of rows, from {lowest} to 1; got {bound!r}.")
        if self.min_gain is None and self.max_gap is None and self.max_slice_loss is None:
            raise ValueError("This policy checks nothing, so it would promote everything; set at least one bound.")


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
    """

    name: str
    slice: str | None
    value: float
    bound: float
    passed: bool | None
    sentence: str


@dataclass(frozen=True)
class Verdict:
    """What the gate decided, and every check that led to it.

    Attributes
    ----------
    decision : "promote", "block" or "inconclusive".
    reason : "promoted", or what was wrong, as in "blocked: no eval gain".
    checks : tuple of Check, in the order of the policy.
    outcomes : the PairedOutcomes that were judged.
    """

    decision: str
    reason: str
    checks: tuple[Check, ...]
    outcomes: PairedOutcomes

    @property
    def exit_status(self) -> int:
        """What a pipeline step returns: 0 promotes, 1 blocks, 2 is inconclusive."""
        return EXIT_STATUS[self.decision]

    def __str__(self) -> str:
        parts = [f"{self.decision.upper():<7}"]
        if self.outcomes.n:
            parts += [f"candidate {self.outcomes.candidate_accuracy:.4f}", f"baseline {self.outcomes.baseline_accuracy:.4f}"]
        parts += [f"gap {check.value:.3f}" for check in self.checks if check.name == "gap"]
        return "  ".join([*parts, self.reason])

    def _repr_html_(self) -> str:
        mark = {True: "passed", False: "failed", None: "in doubt"}
        rows = "".join(
            f"<tr><td>{html.escape(c.name)}</td><td>{html.escape('all rows' if c.slice is None else str(c.slice))}</td>"
            f"<td>{c.value:.4f}</td><td>{float(c.bound):g}</td><td>{mark[c.passed]}</td></tr>"
            for c in self.checks
        )
        return (
            f"<table><caption><b>{self.decision.upper()}</b>: {html.escape(self.reason)}</caption>"
            "<thead><tr><th>check</th><th>slice</th><th>value</th><th>bound</th><th>result</th></tr></thead>"
            f"<tbody>{rows}</tbody></table>"
        )


def gate(outcomes: PairedOutcomes, policy: Policy = Policy()) -> Verdict:
    """Decide whether the candidate replaces the baseline.

    Parameters
    ----------
    outcomes : the PairedOutcomes of candidate and baseline on the frozen holdout, with slices where the policy needs them.
    policy : the bounds.

    Returns
    -------
    Verdict. "promote" only if every check of the policy was made and passed. What could not be measured (an empty
    holdout, an empty slice, no slices at all) counts as failed: the gate fails closed.
    """
    if not isinstance(outcomes, PairedOutcomes):
        raise TypeError(f"The gate judges PairedOutcomes, as from_predictions makes them; got {type(outcomes).__name__}.")
    if not isinstance(policy, Policy):
        raise TypeError(f"The gate applies a Policy, such as Policy(min_gain=0.005); got {type(policy).__name__}.")
    checks: list[Check] = []
    if policy.min_gain is not None:
        checks.append(_check_gain(outcomes, policy.min_gain))
    if policy.max_gap is not None:
        checks.append(_check_gap(outcomes, policy.max_gap))
    if policy.max_slice_loss is not None:
        checks += _check_slice_losses(outcomes, policy.max_slice_loss)
    checks += _check_slices_hold_rows(outcomes)
    return _conclude(tuple(checks), outcomes)


def slice_gap_bound(accuracy: float, share: float) -> float:
    """The largest accuracy gap between a slice and the rest that an overall accuracy leaves room for.

    At worst all errors sit in the smaller side: with an error rate e and a smaller share f' the gap is e / f'. That holds
    until this side is wrong on every row; the other side must then make the errors that are left over. (A model that is
    wrong more often than right can also hide its few right answers in the smaller side.)

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
        raise ValueError(f"share is the slice's part of the rows, above 0 and below 1; got {share!r}.")
    error = 1 - accuracy
    slice_worse = min(error / share, accuracy / (1 - share))
    rest_worse = min(error / (1 - share), accuracy / share)
    return max(slice_worse, rest_worse)


def _check_gain(outcomes: PairedOutcomes, margin: float) -> Check:
    if outcomes.n == 0:
        return _not_measured("gain", None, margin, "The holdout has no rows, so no gain was measured.")
    passed = outcomes.exact_gain >= as_written(margin)
    words = "clears" if passed else "does not clear"
    sentence = f"The gain of {outcomes.gain:+.4f} {words} the margin of {float(margin):g}."
    return Check("gain", None, outcomes.gain, margin, passed, sentence)


def _check_gap(outcomes: PairedOutcomes, tolerance: float) -> Check:
    try:
        gap = outcomes.exact_disparity
    except ValueError as error:
        return _not_measured("gap", None, tolerance, f"{error} The gap was not measured.")
    passed = gap <= as_written(tolerance)
    words = "is within" if passed else "exceeds"
    sentence = (
        f"The largest accuracy gap between two slices, {float(gap):.3f}, {words} the tolerance of {float(tolerance):g}."
    )
    return Check("gap", None, float(gap), tolerance, passed, sentence)


def _check_slice_losses(outcomes: PairedOutcomes, tolerance: float) -> list[Check]:
    if not outcomes.slices:
        return [_not_measured("slice loss", None, tolerance, "No slices were given, so none was compared.")]
    return [_check_slice_loss(name, part, tolerance) for name, part in outcomes.slices.items()]


def _check_slice_loss(name: str, part: PairedOutcomes, tolerance: float) -> Check:
    if part.n == 0:
        return _not_measured("slice loss", name, tolerance, f"Slice {name!r} has no rows, so it was not compared.")
    loss: Fraction = -part.exact_gain
    passed = loss <= as_written(tolerance)
    words = "is within" if passed else "exceeds"
    change = f"{abs(float(loss)):.4f} {'lost' if loss > 0 else 'gained'}"
    sentence = f"Slice {name!r}, {part.n} rows: {change}; this {words} the tolerated loss of {float(tolerance):g}."
    return Check("slice loss", name, float(loss), tolerance, passed, sentence)


def _check_slices_hold_rows(outcomes: PairedOutcomes) -> list[Check]:
    """A slice that someone named and that arrives empty was lost on the way: no policy promotes over that."""
    return [
        Check("rows", name, 0, 1, False, f"Slice {name!r} has no rows; a slice that was named must hold some.")
        for name, part in outcomes.slices.items()
        if part.n == 0
    ]


def _not_measured(name: str, where: str | None, bound: float, sentence: str) -> Check:
    return Check(name, where, math.nan, bound, False, sentence)


def _conclude(checks: tuple[Check, ...], outcomes: PairedOutcomes) -> Verdict:
    failed = [check for check in checks if check.passed is False]
    if failed:
        return Verdict("block", f"blocked: {_REASONS[failed[0].name]}", checks, outcomes)
    if any(check.passed is None for check in checks):
        return Verdict("inconclusive", "inconclusive: not enough data", checks, outcomes)
    return Verdict("promote", "promoted", checks, outcomes)
