"""From a verdict to the alias that serves. The verdict is not believed: it is computed again, from
the policy and the counts.
"""

from __future__ import annotations

import math
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from labsupport.checks import Check
from labsupport.delivery import BundleError
from labsupport.delivery.packing import pack_model
from labsupport.durable import digest
from labsupport.gate import Verdict, conclude
from labsupport.ops.record import Compared, load_compared, verdict_as_json
from labsupport.ops.runs.folder import LINEAGE, MODEL, Run, RunError, StoredModel
from labsupport.ops.runs.policy import check_policy
from labsupport.ops.runs.training import passed

if TYPE_CHECKING:
    from labsupport.ops.registry import Registry, Version

POLICY, VERDICT, DEPLOYED, BUNDLE = "policy.toml", "verdict.json", "deployed.json", "bundle"
# What is registered with a model, where it is there.
EVIDENCE = (MODEL, LINEAGE, "checks.json", "outcomes.json", POLICY, VERDICT, "report.md")
_GATE = "run `lab gate` again"


@dataclass(frozen=True)
class Approved:
    """A model that may be deployed.

    Attributes
    ----------
    model : the very one that was judged.
    verdict : computed anew.
    policy : that it was judged by.
    compared : what was judged; None for a first champion.
    """

    model: StoredModel
    verdict: Verdict
    policy: object
    compared: Compared | None = None


def approved(run: Run, policy: Path | None = None) -> Approved:
    """What the gate has said about a run, computed again from the policy and the counts.

    Parameters
    ----------
    policy : the policy that is in force; None: whatever the run was judged by.

    Raises
    ------
    FileNotFoundError : there is no model, comparison, policy or verdict.
    ValueError : the model is not the one that was evaluated; the verdict is about another
        comparison or another policy, or is not what they lead to.
    """
    from labsupport.ops.verdicts import judge_compared, read_policy

    passed(run)
    model, compared = run.model(), load_compared(run.folder)
    if compared.candidate != model.digest:
        raise RunError(
            f"The model of run {run.id} is {model.digest[:12]}, and {compared.candidate[:12]} was "
            "evaluated; evaluate it, and let the gate judge it."
        )
    data, told = (run.folder / POLICY).read_bytes(), run.read(VERDICT)
    if told is None:
        raise FileNotFoundError(2, "No verdict", str(run.folder / VERDICT))
    if told.get("compared") != compared.digest:
        raise RunError(f"{VERDICT} of run {run.id} is about another comparison; {_GATE}.")
    if told.get("policy") != digest(data):
        raise RunError(f"{POLICY} of run {run.id} was changed since its verdict; {_GATE}.")
    if policy is not None and Path(policy).read_bytes() != data:
        raise RunError(f"Run {run.id} was judged by another policy than {policy}; {_GATE}.")
    policies = read_policy(run.folder / POLICY)
    verdict = judge_compared(compared, policies)
    if told != verdict_as_json(verdict) | {key: told[key] for key in ("compared", "policy")}:
        raise RunError(
            f"{VERDICT} of run {run.id} says {told.get('decision')!s:.20}, and it is not what its "
            f"policy and its counts lead to, which is {verdict.decision}; {_GATE}."
        )
    return Approved(model, verdict, policies, compared)


def first(run: Run) -> Approved:
    """The first champion, which no gate can compare with anything: its checks let it in.

    Raises
    ------
    FileNotFoundError : there is no model.
    RunError : its checks did not pass.
    """
    told = passed(run)
    try:
        verdict, policy = conclude(map(_read, told["checks"])), check_policy(told["policy"])
    except (KeyError, TypeError, ValueError) as error:
        raise RunError(f"The checks of run {run.id} cannot be understood; check anew.") from error
    return Approved(run.model(), verdict, policy)


def _read(told: Mapping[str, object]) -> Check:
    value, bound = (math.nan if told[key] is None else told[key] for key in ("value", "bound"))
    return Check(told["name"], told["slice"], value, bound, told["passed"], told["sentence"])


def deploy(run: Run, registry: Registry, wanted: Approved, alias: str = "prod") -> Version:
    """Bundle, register and promote what was approved. Again is the same, from wherever a kill left
    it.

    Returns
    -------
    The version that the alias points to now.

    Raises
    ------
    BundleError : it may not be packed.
    PromotionLost : the alias is no longer what the model was compared with.
    """
    baseline = None if wanted.compared is None else wanted.compared.baseline
    current = registry.at(alias)
    if current is None or current.digest != wanted.model.digest:
        _check_baseline(run, current, baseline, alias)
    _pack(run, wanted, baseline)
    with tempfile.TemporaryDirectory() as folder:
        for name in EVIDENCE:
            if (run.folder / name).exists():
                shutil.copyfile(run.folder / name, Path(folder) / name)
        metrics = _metrics(wanted.compared)
        version = registry.register(wanted.model.digest, run.lineage, metrics, Path(folder))
    if current is None or current.digest != wanted.model.digest:
        registry.promote(version, current, wanted.verdict, alias)
    told = {"version": version.number, "alias": alias, "model": wanted.model.digest}
    run.write(DEPLOYED, told)
    return version


def _check_baseline(run: Run, current: Version | None, baseline: str | None, alias: str) -> None:
    """Refuse before anything is written; the registry asks once more when it moves the alias."""
    from labsupport.ops.registry import PromotionLost

    if baseline is None and current is not None:
        raise PromotionLost(
            f"{alias} is {current} already, so run {run.id} is no first champion; evaluate it "
            f"against registry:{alias}, and let the gate judge it."
        )
    if baseline is not None and (current is None or current.digest != baseline):
        raise PromotionLost(
            f"{alias} is {current or 'nothing'} by now, and run {run.id} was compared with "
            f"{baseline[:12]}; evaluate it against registry:{alias} again."
        )


def _pack(run: Run, wanted: Approved, baseline: str | None) -> None:
    lineage, target = run.lineage, run.folder / BUNDLE
    made = {"data": lineage["data"]["digest"], "code": lineage["code"], "parent": baseline}
    try:
        pack_model(target, wanted.model.weights, wanted.policy, wanted.verdict, **made)
    except BundleError:
        if run.read(DEPLOYED) is not None or not target.is_dir():
            raise
        shutil.rmtree(target)  # of an earlier verdict that never came to serve
        pack_model(target, wanted.model.weights, wanted.policy, wanted.verdict, **made)


def _metrics(compared: Compared | None) -> Mapping[str, float]:
    if compared is None:
        return {}
    outcomes = compared.outcomes
    told = {"accuracy": outcomes.candidate_accuracy, "baseline": outcomes.baseline_accuracy}
    told |= {f"accuracy {name}": part.candidate for name, part in outcomes.slices.items() if part.n}
    return told | ({} if compared.auc is None else {"auc": float(compared.auc.exact_candidate)})
