"""A judge has to be approved before it may judge: against people, on the kinds of items it will
see.

An approval is a verdict like every other: a policy written down before, a conjunction of checks,
and what was not measured has failed. A judge that is too bad for its policy is approved with
probability (1 - confidence) / 2 at most, however many checks there are: it has to pass each.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, fields

import numpy as np

from labsupport.checks import Check
from labsupport.durable import digest
from labsupport.evals.judges.agreement import kappa_of_table
from labsupport.evals.judges.corrected import Calibration
from labsupport.evals.judges.judge_checks import check_estimate, check_length_bias, check_share
from labsupport.exact import as_binary, as_labels, as_numbers, as_written, check_level, same_rows
from labsupport.gate import Verdict, conclude


@dataclass(frozen=True)
class JudgePolicy:
    """What a judge must clear, written down before anyone sees its labels.

    Each bound holds for the whole interval around what was measured; None: no such check.

    Attributes
    ----------
    min_kappa : agreement with people beyond chance, from -1 to 1.
    min_sensitivity : of the items that people passed, the share that the judge passes.
    min_specificity : of those that people did not pass, the share that the judge does not.
    min_swap_agreement : share of items whose label stays when the two answers change places.
    max_length_bias : by how much more than people the judge may favour the longer half of the
        items over the shorter half, a difference of shares, in either direction.
    min_self_agreement : share of items whose label stays when the judge is asked again.
    confidence : of each interval.

    Raises
    ------
    TypeError : a bound is not a number.
    ValueError : a bound is NaN or out of range, or there is no check at all.
    """

    min_kappa: float | None = 0.6
    min_sensitivity: float | None = 0.8
    min_specificity: float | None = 0.8
    min_swap_agreement: float | None = None
    max_length_bias: float | None = None
    min_self_agreement: float | None = None
    confidence: float = 0.95

    def __post_init__(self) -> None:
        bounds = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "confidence"}
        for name, bound in bounds.items():
            lowest = -1 if name == "min_kappa" else 0
            if bound is not None and not lowest <= as_written(bound, name) <= 1:
                raise ValueError(f"{name} is a number from {lowest} to 1; got {bound!r}.")
        check_level(float(as_written(self.confidence, "confidence")), "confidence")
        if all(bound is None for bound in bounds.values()):
            raise ValueError(
                "This policy checks nothing, so it would approve every judge; set at least one "
                "bound."
            )


def approve_judge(
    judge,
    human,
    policy: JudgePolicy = JudgePolicy(),
    *,
    kinds=None,
    swapped=None,
    lengths=None,
    again=None,
) -> Verdict:
    """Decide whether a judge may label in people's place.

    Parameters
    ----------
    judge, human : (n,) labels of the same items, 1 for a pass, 0 for none.
    policy : the bounds.
    kinds : (n,) kind of each item; the judge must then be sensitive and specific enough on every
        kind, as far as the kind has such items. None: nobody knows which kinds it is good for.
    swapped : (n,) the judge's labels with the two answers in the other order, told back to the
        first order: 1 still means that the same answer won.
    lengths : (n,) length of what was judged, in any unit.
    again : (n,) the judge's labels when asked again.

    Returns
    -------
    Verdict. "promote": approved. "block": what was measured contradicts a bound. "inconclusive":
    the interval holds a bound; `needed` says about how many labels would tell. What the policy asks
    for and the evidence does not hold (no pass among the items, no second labels) has failed.

    Raises
    ------
    TypeError : no policy.
    ValueError : no items, columns that differ in length or index, labels that are not 0 and 1, or
        evidence that the policy would not look at.
    """
    if not isinstance(policy, JudgePolicy):
        raise TypeError(
            "A judge is held against a JudgePolicy, such as JudgePolicy(min_kappa=0.6); got "
            f"{type(policy).__name__}."
        )
    evidence = {"swapped": swapped, "lengths": lengths, "again": again}
    _check_asked(policy, evidence)
    same_rows({"judge": judge, "human": human, "kinds": kinds, **evidence})
    judge, human = as_binary(judge, "judge"), as_binary(human, "human")
    _check_length("human", human, judge)
    counts, confidence = Calibration.from_labels(judge, human), float(policy.confidence)
    checks = []
    if policy.min_kappa is not None:
        estimate = kappa_of_table(counts.table, confidence)
        checks.append(check_estimate("kappa", None, estimate, policy.min_kappa, counts.n))
    checks += _rates(counts, None, policy)
    if kinds is not None:
        names, kind = as_labels(kinds, len(judge), "kind")
        for place, name in enumerate(names):
            inside = kind == place
            part = Calibration.from_labels(judge[inside], human[inside])
            checks += [check for check in _rates(part, name, policy) if check.value == check.value]
    checks += _stability(judge, human, policy, evidence)
    return conclude(checks)


@dataclass(frozen=True)
class Approval:
    """A judge that was approved, and for what.

    Attributes
    ----------
    judge, prompt : digests of what the judge is (model, threshold, code) and of its prompt.
    kinds : of items on which it was found good enough.
    verdict : that approved it.
    """

    judge: str
    prompt: str
    kinds: tuple[Hashable, ...]
    verdict: Verdict

    @classmethod
    def grant(cls, verdict: Verdict, judge: str, prompt: str) -> Approval:
        """Write down who was approved, from a verdict of approve_judge with kinds.

        Parameters
        ----------
        judge, prompt : texts that change when the judge does.

        Raises
        ------
        ValueError : the verdict approves nobody, or not for any kind of items.
        """
        if verdict.decision != "promote":
            raise ValueError(f"This judge was not approved ({verdict.reason}); it may not judge.")
        kinds = tuple(dict.fromkeys(c.slice for c in verdict.checks if c.slice is not None))
        if not kinds:
            raise ValueError(
                "The verdict names no kind of items, so nobody knows what the judge is good for; "
                "give approve_judge the kinds."
            )
        return cls(digest(judge.encode()), digest(prompt.encode()), kinds, verdict)

    def still_holds(self, judge: str, prompt: str, kinds: Iterable[Hashable]) -> Verdict:
        """Whether the approval covers this judge, this prompt and these items.

        Parameters
        ----------
        judge, prompt : the texts that `grant` was given, as they are now.
        kinds : of the items that are to be judged, one each.

        Returns
        -------
        Verdict. "block" when judge or prompt changed, when an item is of a kind that it was not
        approved for, or when there are no items.
        """
        checks = []
        for word, text, approved in (
            ("judge", judge, self.judge),
            ("prompt", prompt, self.prompt),
        ):
            same = digest(text.encode()) == approved
            sentence = (
                f"The {word} is the one that was approved."
                if same
                else f"The {word} changed since its approval, so it has to be approved again."
            )
            checks.append(Check(f"same {word}", None, float(same), 1, same, sentence))
        return conclude([*checks, self._check_kinds(list(kinds))])

    def _check_kinds(self, kinds: list[Hashable]) -> Check:
        if not kinds:
            sentence = "No item is to be judged, so there is nothing to approve."
            return Check("same kinds", None, math.nan, 0, False, sentence)
        other = [kind for kind in kinds if kind not in self.kinds]
        sentence = (
            f"{len(other)} of {len(kinds)} items are of kinds that the judge was not approved "
            f"for: {', '.join(repr(kind) for kind in dict.fromkeys(other))}."
            if other
            else f"All {len(kinds)} items are of kinds that the judge was approved for."
        )
        return Check("same kinds", None, float(len(other)), 0, not other, sentence)


def _check_asked(policy: JudgePolicy, evidence: dict[str, object]) -> None:
    asked = {
        "swapped": "min_swap_agreement",
        "lengths": "max_length_bias",
        "again": "min_self_agreement",
    }
    for name, bound in asked.items():
        if evidence[name] is not None and getattr(policy, bound) is None:
            raise ValueError(
                f"{name} is held against {bound}, and this policy has none; set it, or leave "
                f"{name} out."
            )


def _check_length(name: str, column: np.ndarray, judge: np.ndarray) -> None:
    if column.shape != judge.shape:
        raise ValueError(
            f"{name} must hold one value for each of the {len(judge)} items; got shape "
            f"{column.shape}."
        )


def _rates(counts: Calibration, kind: Hashable | None, policy: JudgePolicy) -> list[Check]:
    rates = [
        ("sensitivity", policy.min_sensitivity, counts.tp, counts.positives),
        ("specificity", policy.min_specificity, counts.tn, counts.negatives),
    ]
    return [
        check_share(name, kind, hits, n, bound, float(policy.confidence))
        for name, bound, hits, n in rates
        if bound is not None
    ]


def _stability(
    judge: np.ndarray, human: np.ndarray, policy: JudgePolicy, evidence: dict[str, object]
) -> list[Check]:
    checks, confidence = [], float(policy.confidence)
    for name, bound, column in (
        ("swap agreement", policy.min_swap_agreement, "swapped"),
        ("self-agreement", policy.min_self_agreement, "again"),
    ):
        if bound is None:
            continue
        hits = n = 0
        if evidence[column] is not None:
            labels = as_binary(evidence[column], column)
            _check_length(column, labels, judge)
            hits, n = int((labels == judge).sum()), len(judge)
        checks.append(check_share(name, None, hits, n, bound, confidence))
    if policy.max_length_bias is not None:
        lengths = evidence["lengths"]
        if lengths is not None:
            lengths = as_numbers(lengths, "lengths")
            _check_length("lengths", lengths, judge)
            if not np.isfinite(lengths).all():
                raise ValueError("A length is NaN or infinite; give every item its length.")
        excess = judge.astype(int) - human
        checks.append(check_length_bias(excess, lengths, policy.max_length_bias, confidence))
    return checks
