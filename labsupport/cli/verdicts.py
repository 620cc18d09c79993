"""Commands that judge what was compared: report, and gate, whose exit status is the verdict."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labsupport.cli.command import add_command
from labsupport.cli.registry import opened
from labsupport.cli.undecided import MISSING, UNAVAILABLE, USAGE, UndecidedError, told, usage
from labsupport.ops.registry.entries import NAME

if TYPE_CHECKING:
    from labsupport.ops.record import Compared
    from labsupport.ops.verdicts.folder import Judged

POLICY = """A policy's keys are Policy's attributes; a key that is not there is a check not made:
  min_gain = 0.005             # of accuracy; below zero it is a tolerated loss
  max_gap = 0.10               # between the candidate's accuracies on any two slices
  max_slice_loss = {"group=A" = 0.01, "..." = 0.02}   # or one number; "...": all the others
  confidence = 0.95            # each must hold for the whole interval; what is in doubt: 2
  [auc]                        # the same keys, without max_gap, for the AUC of scores
  min_gain = 0.0
All checks must pass. What is asked for and was not measured has failed."""
UNDECIDED = """64 and above, nothing was decided: 64 wrong usage, 65 a file that is not
understood, 66 a file that is missing, 69 the registry's alias is not the baseline, or no registry
answers, 70 a fault of the lab, 74 a file that cannot be read or written. 130 stopped by Ctrl-C."""
REPORT = f"""for example
  lab report build/gate --policy policy.toml
  cml comment create build/gate/report.md     posted to the pull request, by CML

The report is printed, and written to RUN/report.md: the verdict, both models with intervals, every
check, what was compared. It judges by itself, so a pipeline can post it before `lab gate` stops it.
Without --policy it takes RUN/policy.toml; without that, it has no verdict.

{POLICY}

Exit status: 0 the report is written, whatever it says. {UNDECIDED}"""
GATE = f"""for example
  lab gate build/gate --policy policy.toml
  lab gate runs/latest registry:prod          only if prod still is the baseline that was evaluated

{POLICY}

The policy and the verdict are written into RUN: policy.toml, verdict.json. Without --policy,
RUN/policy.toml judges again.

Exit status: 0 promote, 1 block, 2 inconclusive. {UNDECIDED}"""
ALIAS = "registry:"


def add_commands(commands: Any) -> None:
    """Add them to argparse's subparsers."""
    for parser in (_add_report(commands), _add_gate(commands)):
        parser.error = usage(parser)
        parser.add_argument(
            "--policy", type=Path, metavar="FILE", help="in TOML (default: RUN/policy.toml)"
        )
        parser.add_argument("--json", action="store_true", help="print JSON, for other programs")


def _add_report(commands: Any) -> argparse.ArgumentParser:
    command = add_command(commands, "report", "what was compared, as Markdown", REPORT)
    _add_run(command)
    command.add_argument("--picture", metavar="LINK", help="the address of a picture to show")
    command.set_defaults(command=told(_report))
    return command


def _add_gate(commands: Any) -> argparse.ArgumentParser:
    command = add_command(commands, "gate", "does the candidate replace the baseline", GATE)
    _add_run(command)
    command.add_argument(
        "alias",
        nargs="?",
        metavar="registry:ALIAS",
        help="refuse when this alias no longer is the baseline that was evaluated",
    )
    command.add_argument("--registry", metavar="URI", help="MLflow's (default: the project's own)")
    command.add_argument("--name", metavar="NAME", help="of the model in the registry")
    command.set_defaults(command=told(_gate))
    return command


def _add_run(command: argparse.ArgumentParser) -> None:
    command.add_argument("run", type=Path, metavar="RUN", help="the folder of `lab evaluate --out`")


def _report(arguments: argparse.Namespace) -> int:
    from labsupport.ops.verdicts.folder import REPORT, judge_run, report_run

    folder = _folder(arguments.run)
    said = report_run(folder, arguments.policy, arguments.picture)
    if arguments.json:
        found = _as_json(judge_run(folder, arguments.policy))
        print(json.dumps({"report": str(folder / REPORT), **found}, indent=2))
    else:
        _print(said)
    return 0


def _gate(arguments: argparse.Namespace) -> int:
    from labsupport.ops.record import load_compared, verdict_as_json
    from labsupport.ops.verdicts.folder import POLICY, gate_run

    folder = _folder(arguments.run)
    alias = _alias(arguments)
    compared = load_compared(folder)
    if arguments.policy is None and not (folder / POLICY).exists():
        raise UndecidedError(MISSING, f"{folder} has no {POLICY}; name one with --policy FILE.")
    if alias is not None:
        _check_baseline(arguments, alias, compared)
    verdict = gate_run(folder, arguments.policy)
    if arguments.json:
        found = {**verdict_as_json(verdict), "compared": compared.digest}
        print(json.dumps(found, indent=2))
    else:
        _print("\n".join([*(check.sentence for check in verdict.checks), f"{verdict}\n"]))
    return verdict.exit_status


def _folder(run: Path) -> Path:
    """A run's folder, by its path, its ID or `latest`."""
    if run.is_dir():  # a stranger's has no registry of runs around it
        return run
    from labsupport.ops.runs import resolve

    return resolve(run)


def _alias(arguments: argparse.Namespace) -> str | None:
    if arguments.alias is None:
        for option in ("registry", "name"):
            if getattr(arguments, option) is not None:
                raise UndecidedError(USAGE, f"--{option} is of a registry; add registry:ALIAS.")
        return None
    if not arguments.alias.startswith(ALIAS) or arguments.alias == ALIAS:
        raise UndecidedError(
            USAGE, f"{arguments.alias!r:.60} is no alias; expected registry:ALIAS."
        )
    return arguments.alias.removeprefix(ALIAS)


def _check_baseline(arguments: argparse.Namespace, alias: str, compared: Compared) -> None:
    """A gate that compared with yesterday's champion says nothing about today's."""
    with opened(arguments.registry, arguments.name or NAME) as registry:
        version = registry.at(alias)
    if version is None:
        raise UndecidedError(UNAVAILABLE, f"the registry has no version with the alias {alias!r}.")
    if version.digest == compared.candidate:
        return  # it came to serve by this very comparison; asked again, the answer is the same
    if version.digest != compared.baseline:
        raise UndecidedError(
            UNAVAILABLE,
            f"{ALIAS}{alias} is {version.digest[:12]} and the baseline evaluated is "
            f"{compared.baseline[:12]}; evaluate again.",
        )


def _as_json(judged: Judged) -> dict[str, object]:
    """All numbers of the report, and all its checks."""
    from labsupport.ops.record import verdict_as_json
    from labsupport.ops.verdicts.report import confidence_of
    from labsupport.ops.verdicts.rows import rows_of

    compared, confidence = judged.compared, confidence_of(judged.policies)
    names = [None, *compared.outcomes.slices]
    table = [
        {"metric": row.metric, "slice": row.where, "rows": row.part.n, **row.numbers(confidence)}
        for name in names
        for row in rows_of(compared, name)
    ]
    verdict = judged.verdict and verdict_as_json(judged.verdict)
    digests = {name: getattr(compared, name) for name in ("holdout", "candidate", "baseline")}
    return {
        "decision": verdict and verdict["decision"],
        "verdict": verdict,
        "confidence": confidence,
        "table": table,
        "compared": compared.digest,
        **digests,
        "notes": list(compared.notes),
    }


def _print(text: str) -> None:
    """Print what may hold any character, on a terminal that may not know it."""
    known = getattr(sys.stdout, "encoding", None) or "utf-8"
    print(text.encode(known, "replace").decode(known), end="")
