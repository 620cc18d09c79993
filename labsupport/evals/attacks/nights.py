"""Which attacks are tried when: a few on every commit, all of them at night."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from labsupport.evals.attacks.guardrails import GuardPolicy, guardrail_checks
from labsupport.evals.suites.runs import Run
from labsupport.evals.suites.suite import Suite, Task
from labsupport.evals.suites.tiers import Tier
from labsupport.gate import Verdict, conclude

COMMIT = ("direct request",)
RELEASE = (*COMMIT, "role play", "translation", "encoding")
USUAL = {"every commit": COMMIT, "release": RELEASE, "every night": None}


def guardrail_tiers(
    policy: GuardPolicy, families: Mapping[str, Collection[str] | None] = USUAL
) -> list[Tier]:
    """Tiers that try some families of attacks, each with all of the harmless traffic.

    Parameters
    ----------
    policy : what must hold; a tier asks it of the families that it tries.
    families : {tier: the families that it tries}; None for all that the suite has.
    """
    return [_tier(name, tried, policy) for name, tried in families.items()]


def _tier(name: str, tried: Collection[str] | None, policy: GuardPolicy) -> Tier:
    def where(task: Task) -> bool:
        attack = task.score == "attack" and (tried is None or task.family in tried)
        return attack or task.score == "allowed"

    def decide(run: Run, champion: Run, part: Suite) -> Verdict:
        wanted = policy.families if tried is None else tuple(tried)
        return conclude(guardrail_checks(run, part, replace(policy, families=wanted)))

    return Tier(name, where, decide)
