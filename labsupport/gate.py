"""The evaluation gate: a conjunction of named checks, and nothing that fails to be checked is ever
promoted.
"""

from __future__ import annotations

import html
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from types import MappingProxyType

from labsupport.checks import (
    Check,
    check_gain,
    check_gap,
    check_slice_losses,
    check_slices_hold_rows,
)
from labsupport.comparisons import Comparison, is_comparison
from labsupport.exact import as_written, check_level

__all__ = ["Check", "Policy", "Verdict", "conclude", "gate"]

EXIT_STATUS = {"promote": 0, "block": 1, "inconclusive": 2}

# In the order in which a blocked candidate is given its reason: no gain is named before a failed
# safety check.
_REASONS = {
    "gain": "no eval gain",
    "anchor": "worse than the best champion",
    "gap": "failed safety check",
    "slice loss": "slice regressed",
    "rows": "slice without rows",
}
_DOUBTS = {
    "gain": "gain in doubt",
    "anchor": "best champion in doubt",
    "gap": "safety check in doubt",
    "slice loss": "a slice in doubt",
}


@dataclass(frozen=True)
class Policy:
    """What a candidate must clear, written down before anyone sees its numbers.

    Attributes
    ----------
    min_gain : the margin, as a share of rows; promote only if candidate accuracy - baseline
        accuracy >= min_gain. A negative margin tolerates a loss (non-inferiority). None: no such
        check.
    max_gap : the candidate's largest accuracy gap between two slices must not exceed it. None: no
        such check.
    max_slice_loss : no slice may lose more accuracy than this against the baseline; a mapping
        {slice: loss} gives each slice its own bound, `...` as a name all the others theirs, and
        fails when a named one was not measured. A slice that no bound covers stays in doubt. None:
        no such check.
    confidence : for example 0.95: every condition must hold for the whole interval around what was
        measured. What contradicts its bound blocks, what is in doubt is inconclusive. None: what
        was measured is taken at its word.

    Bounds are the decimals they are written as: 0.005 is 5/1000.

    Raises
    ------
    TypeError : a bound is not a number.
    ValueError : a bound is NaN or out of range, or there is no check at all.
    """

    min_gain: float | None = 0.005
    max_gap: float | None = 0.10
    max_slice_loss: float | Mapping[str, float] | None = None
    confidence: float | None = None

    def __post_init__(self) -> None:
        per_slice = self.max_slice_loss
        losses = per_slice.values() if isinstance(per_slice, Mapping) else [per_slice]
        bounds = [
            ("min_gain", -1, self.min_gain),
            ("max_gap", 0, self.max_gap),
            *(("max_slice_loss", 0, b) for b in losses),
        ]
        for name, lowest, bound in bounds:
            if bound is not None and not lowest <= as_written(bound, name) <= 1:
                raise ValueError(f"{name} is a share of rows, from {lowest} to 1; got {bound!r}.")
        if isinstance(per_slice, Mapping) and (not per_slice or None in per_slice.values()):
            raise ValueError(
                "max_slice_loss as a mapping gives every slice a bound, and names at least one."
            )
        if isinstance(per_slice, Mapping):
            # A copy that cannot be written to: nobody can loosen the policy afterwards.
            object.__setattr__(self, "max_slice_loss", MappingProxyType(dict(per_slice)))
        if self.confidence is not None:
            check_level(float(as_written(self.confidence, "confidence")), "confidence")
        if self.min_gain is None and self.max_gap is None and self.max_slice_loss is None:
            raise ValueError(
                "This policy checks nothing, so it would promote everything; set at least one "
                "bound."
            )

    def __reduce__(self) -> tuple:
        bounds = [getattr(self, field.name) for field in fields(self)]
        return type(self), tuple(dict(b) if isinstance(b, Mapping) else b for b in bounds)


@dataclass(frozen=True)
class Verdict:
    """What the gate decided, and every check that led to it.

    Attributes
    ----------
    decision : "promote", "block" or "inconclusive".
    reason : "promoted", or what was wrong, as in "blocked: no eval gain".
    checks : tuple of Check, in the order of the policy.
    outcomes : the comparison that was judged, or None where none was.
    """

    decision: str
    reason: str
    checks: tuple[Check, ...]
    outcomes: Comparison | None = None

    @property
    def exit_status(self) -> int:
        """What a pipeline step returns: 0 promotes, 1 blocks, 2 is inconclusive."""
        return EXIT_STATUS[self.decision]

    def __str__(self) -> str:
        parts = [f"{self.decision.upper():<7}"]
        if self.outcomes is not None and self.outcomes.n:
            parts.append(f"candidate {self.outcomes.candidate:.4f}")
            parts.append(f"baseline {self.outcomes.baseline:.4f}")
        parts += [f"gap {check.value:.3f}" for check in self.checks if check.name == "gap"]
        return "  ".join([*parts, self.reason])

    def _repr_html_(self) -> str:
        mark = {True: "passed", False: "failed", None: "in doubt"}
        rated = any(hasattr(c, "false_alarm_rate") for c in self.checks)
        rows = ""
        for c in self.checks:
            where = "all rows" if c.slice is None else str(c.slice)
            rows += f"<tr><td>{html.escape(c.name)}</td><td>{html.escape(where)}</td>"
            rows += f"<td>{c.value:z.4f}</td><td>{float(c.bound):g}</td>"
            if rated:  # a check of data: how often its bound is exceeded without a change
                rate = getattr(c, "false_alarm_rate", math.nan)
                rows += "<td>-</td>" if math.isnan(rate) else f"<td>{rate:.4f}</td>"
            rows += f"<td>{mark[c.passed]}</td></tr>"
        heads = ("check", "slice", "value", "bound", *["false alarms"] * rated, "result")
        return (
            f"<table><caption><b>{self.decision.upper()}</b>: {html.escape(self.reason)}</caption>"
            f"<thead><tr>{''.join(f'<th scope=col>{head}</th>' for head in heads)}</tr></thead>"
            f"<tbody>{rows}</tbody></table>"
        )


def gate(
    outcomes: Comparison, policy: Policy = Policy(), anchor: Comparison | None = None
) -> Verdict:
    """Decide whether the candidate replaces the baseline.

    Parameters
    ----------
    outcomes : the PairedOutcomes of candidate and baseline on the frozen holdout, with slices where
        the policy needs them; or another comparison with an interval, such as PairedAUC.
    policy : the bounds.
    anchor : the comparison of the same candidate, on the same rows, with the best champion ever; it
        must keep policy.min_gain, too. With a margin below zero, promotion after promotion may
        otherwise lose a little, and all of them together a lot.

    Returns
    -------
    Verdict. "promote" only if every check of the policy was made and passed. What could not be
    measured (an empty holdout, an empty slice, no slices at all) counts as failed: the gate fails
    closed. With a confidence, "block" when what was measured contradicts a bound, and
    "inconclusive" when the rows are too few to tell.

    Raises
    ------
    TypeError : no comparison, or no policy.
    ValueError : an anchor that is about other rows or another candidate, or that a policy without
        min_gain would not look at.
    """
    if not is_comparison(outcomes):
        raise TypeError(
            "The gate judges PairedOutcomes, as from_predictions makes them, or a Comparison such "
            f"as PairedAUC; got {type(outcomes).__name__}."
        )
    if not isinstance(policy, Policy):
        raise TypeError(
            "The gate applies a Policy, such as Policy(min_gain=0.005); got "
            f"{type(policy).__name__}."
        )
    confidence = None if policy.confidence is None else float(as_written(policy.confidence))
    checks: list[Check] = []
    if policy.min_gain is not None:
        checks.append(check_gain(outcomes, policy.min_gain, confidence))
    if anchor is not None:
        checks.append(_check_anchor(outcomes, anchor, policy, confidence))
    if policy.max_gap is not None:
        checks.append(check_gap(outcomes, policy.max_gap, confidence))
    if policy.max_slice_loss is not None:
        checks += check_slice_losses(outcomes, policy.max_slice_loss, confidence)
    checks += check_slices_hold_rows(outcomes)
    return conclude(checks, outcomes)


def _check_anchor(
    outcomes: Comparison, anchor: Comparison, policy: Policy, confidence: float | None
) -> Check:
    """The gain over the best champion, held against the same margin."""
    if not is_comparison(anchor):
        raise TypeError(
            "The anchor is a comparison with the best champion, made as the one with the latest; "
            f"got {type(anchor).__name__}."
        )
    if policy.min_gain is None:
        raise ValueError(
            "An anchor is held against min_gain, and this policy has none; set it, below zero for "
            "a tolerated loss."
        )
    if anchor.n != outcomes.n or (anchor.n and anchor.candidate != outcomes.candidate):
        raise ValueError(
            "The anchor must be compared with the same candidate on the same rows; score both "
            "champions on one holdout."
        )
    check = check_gain(anchor, policy.min_gain, confidence)
    sentence = f"Against the best champion: {check.sentence[0].lower()}{check.sentence[1:]}"
    return replace(check, name="anchor", sentence=sentence)


def conclude(checks: Iterable[Check], outcomes: Comparison | None = None) -> Verdict:
    """The conjunction that every stage ends in: promote only what was checked and passed
    throughout.

    Parameters
    ----------
    checks : in the order in which a blocked candidate is given its reason.
    outcomes : the comparison that they are about, where there is one.

    Returns
    -------
    Verdict. "block" if a check failed, or if there is none: nothing that was not checked is
    promoted. "inconclusive" if none failed and one could not tell.

    Raises
    ------
    TypeError : something among the checks is no Check.
    """
    checks = tuple(checks)
    for check in checks:
        if not isinstance(check, Check):
            raise TypeError(f"A verdict is made of Checks; got {type(check).__name__}.")
    if not checks:
        return Verdict("block", "blocked: nothing was checked", checks, outcomes)
    for check in checks:
        if check.passed is False:
            reason = _REASONS.get(check.name, f"{check.name} failed")
            return Verdict("block", f"blocked: {reason}", checks, outcomes)
    for check in checks:
        if check.passed is None:
            doubt = _DOUBTS.get(check.name, f"{check.name} in doubt")
            reason = f"inconclusive: {doubt}, {_rows(check.needed, outcomes)}"
            return Verdict("inconclusive", reason, checks, outcomes)
    return Verdict("promote", "promoted", checks, outcomes)


def _rows(needed: int | None, outcomes: Comparison | None) -> str:
    if needed == 0:
        return "no number of rows would tell"
    if needed and (outcomes is None or needed > outcomes.n):
        return f"about {needed:,} rows needed"
    return "too few rows to tell"
