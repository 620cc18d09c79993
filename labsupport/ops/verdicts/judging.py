"""The conjunction of all that a policy asks for, on accuracy and on the AUC."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace

from labsupport.checks import Check
from labsupport.gate import Policy, Verdict, conclude, gate
from labsupport.ops.record import Compared
from labsupport.ops.verdicts.policies import BOUNDS, Policies
from labsupport.scores import PairedAUC

# What a bound on the AUC is called among the checks; a gap is one of accuracy.
_CHECKS = {"min_gain": "auc gain", "max_slice_loss": "auc slice loss"}


def judge_compared(compared: Compared, policies: Policies) -> Verdict:
    """Decide whether the candidate replaces the baseline: all checks on accuracy and all on the AUC
    must pass. What was asked for and not measured has failed.
    """
    checks: list[Check] = []
    if policies.accuracy is not None:
        checks += gate(compared.outcomes, policies.accuracy).checks
    if policies.auc is not None:
        checks += _of_areas(compared, policies.auc)
    return conclude(checks, compared.outcomes)


def _of_areas(compared: Compared, policy: Policy) -> Iterator[Check]:
    if compared.auc is None:
        yield from _without_areas(policy)
        return
    for check in gate(compared.auc, policy).checks:
        sentence = f"On AUC: {check.sentence[0].lower()}{check.sentence[1:]}"
        yield replace(check, name=f"auc {check.name}", sentence=sentence)
    for name in _lost(compared, compared.auc, policy):
        sentence = f"On AUC: slice {name!r} was not compared; its rows may be of one class only."
        yield Check("auc slice loss", name, math.nan, math.nan, False, sentence)


def _without_areas(policy: Policy) -> Iterator[Check]:
    sentence = "No AUC was measured; the comparison's notes, in the report, say why."
    for key in BOUNDS:
        if (bound := getattr(policy, key)) is not None:
            # Of bounds per slice none is the bound of this check.
            one = math.nan if isinstance(bound, Mapping) else bound
            yield Check(_CHECKS[key], None, math.nan, one, False, sentence)


def _lost(compared: Compared, areas: PairedAUC, policy: Policy) -> list[str]:
    """Slices that were compared by accuracy and not by AUC, and that the policy asks for. The gate
    sees for itself that one is missing which the policy names.
    """
    asked = policy.max_slice_loss
    if asked is None or (isinstance(asked, Mapping) and ... not in asked):
        return []
    named = asked if isinstance(asked, Mapping) else ()
    return [
        name for name in compared.outcomes.slices if name not in areas.slices and name not in named
    ]
