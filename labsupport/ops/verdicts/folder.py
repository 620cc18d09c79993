"""policy.toml, verdict.json and report.md in a run's folder. Each is written whole, and its bytes
depend on what it is about only: done again, or killed and done again, they are the same.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

from labsupport.durable import digest, replace_whole
from labsupport.gate import Verdict
from labsupport.ops.record import Compared, load_compared, verdict_as_json
from labsupport.ops.verdicts.judging import judge_compared
from labsupport.ops.verdicts.policies import Policies, policies_in
from labsupport.ops.verdicts.report import report_of

POLICY, VERDICT, REPORT = "policy.toml", "verdict.json", "report.md"


class Judged(NamedTuple):
    """A comparison and what became of it; None where there is no policy."""

    compared: Compared
    policies: Policies | None
    verdict: Verdict | None
    policy: bytes | None


def judge_run(folder: Path, policy: Path | None = None) -> Judged:
    """Judge the comparison in a run's folder; nothing is written.

    Parameters
    ----------
    policy : a file; None: the one in the folder, if it is there.

    Raises
    ------
    FileNotFoundError : nothing was compared there, or the policy that was named is missing.
    RecordError, PolicyError : a file that is not understood.
    """
    compared = load_compared(folder)
    path = Path(folder) / POLICY if policy is None else Path(policy)
    if policy is None and not path.exists():
        return Judged(compared, None, None, None)
    data = path.read_bytes()
    policies = policies_in(data, path.name)
    return Judged(compared, policies, judge_compared(compared, policies), data)


def gate_run(folder: Path, policy: Path | None = None) -> Verdict:
    """Judge a run, and write into its folder the policy and then the verdict.

    Raises
    ------
    FileNotFoundError : nothing was compared there, or there is no policy.
    RecordError, PolicyError : a file that is not understood; nothing is written.
    """
    folder = Path(folder)
    judged = judge_run(folder, folder / POLICY if policy is None else policy)
    replace_whole(folder / POLICY, judged.policy)
    told = verdict_as_json(judged.verdict)
    told |= {"compared": judged.compared.digest, "policy": digest(judged.policy)}
    replace_whole(folder / VERDICT, f"{json.dumps(told, sort_keys=True, indent=1)}\n".encode())
    return judged.verdict


def report_run(folder: Path, policy: Path | None = None, picture: str | None = None) -> str:
    """The report on a run, which is written into its folder, too. It judges by itself, so that it
    can be there before the gate stops a pipeline.

    Parameters
    ----------
    policy : a file; None: the one in the folder; without that, the report has no verdict.
    picture : address of a picture.

    Raises
    ------
    FileNotFoundError : nothing was compared there, or the policy that was named is missing.
    RecordError, PolicyError : a file that is not understood; nothing is written.
    """
    judged = judge_run(folder, policy)
    said = report_of(
        judged.compared, judged.verdict, judged.policies, stale(folder, judged), picture
    )
    replace_whole(Path(folder) / REPORT, said.encode())
    return said


def stale(folder: Path, judged: Judged) -> list[str]:
    """A sentence, if the verdict in the folder is not about this comparison and this policy."""
    try:
        told = json.loads((Path(folder) / VERDICT).read_bytes())
        about, by, decision = (told[key] for key in ("compared", "policy", "decision"))
    except FileNotFoundError:
        return []
    except (ValueError, TypeError, KeyError):
        return [f"{VERDICT} in the folder cannot be understood; run `lab gate` again."]
    if about != judged.compared.digest:
        return [
            f"{VERDICT} in the folder is stale: it says {decision} about another comparison; run "
            "`lab gate` again."
        ]
    if judged.policy is not None and by != digest(judged.policy):
        return [
            f"{VERDICT} in the folder is stale: it says {decision} by another policy; run `lab "
            "gate` again."
        ]
    return []
