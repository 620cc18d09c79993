"""What `lab check` does with its arguments; `stages` declares them."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from labsupport.cli.staging import alone, registry_of, say_verdict
from labsupport.cli.undecided import DATA, MISSING, USAGE, UndecidedError

if TYPE_CHECKING:
    from labsupport.gate import Verdict
    from labsupport.ops.runs import CheckPolicy, Run, Scored, Snapshot


def check(arguments: argparse.Namespace) -> int:
    """`lab check`: a run, and whether it may be trained."""
    from labsupport.ops.runs import (
        CheckPolicy,
        Run,
        Scored,
        load_snapshot,
        make_lineage,
        read_check_policy,
    )

    policy = arguments.policy and read_check_policy(arguments.policy)
    data, config = load_snapshot(arguments.data), _config(arguments)
    with registry_of(arguments) as registry:
        parent = Scored.serving(registry, arguments.alias)
    holdout, reference = _holdout(arguments, parent), _reference(arguments, parent)
    lineage = make_lineage(data, holdout, parent and parent.model.digest, arguments.trigger, config)
    if parent and {**lineage, "parent": parent.lineage["parent"]} == parent.lineage:
        lineage = parent.lineage  # asked for before, and it came to serve
    run = Run.create(lineage, arguments.runs)
    if lineage["parent"] != (parent and parent.model.digest) and not arguments.reference:
        reference = _reference_then(run, reference)
    with alone(run):
        verdict = _checked(run, data, holdout, reference, policy or CheckPolicy())
    known = "nothing" if reference is None else reference.name
    parts = {"run": run.folder.as_posix(), "data": f"{data.name}, {data.rows:,} rows",
             "holdout": f"{holdout.name}, {holdout.rows:,} rows",
             "reference": known, "parent": parent.version if parent else "none"}  # fmt: skip
    if reference is None:
        parts["reference"] += ": there is none, so the distribution was not compared"
    say_verdict(arguments, parts, verdict)
    return verdict.exit_status


def _config(arguments: argparse.Namespace) -> dict[str, object]:
    from labsupport.ops.runs.lineage import CONFIG

    asked = {"steps": arguments.steps, "rate": arguments.rate}
    config = CONFIG | {key: value for key, value in asked.items() if value is not None}
    if config["steps"] < 1 or not 0 < config["rate"] < float("inf"):
        raise UndecidedError(USAGE, "--steps and --rate are above zero.")
    return config


def _holdout(arguments: argparse.Namespace, parent: Scored | None) -> Snapshot:
    from labsupport.ops.runs import load_snapshot
    from labsupport.ops.runs.comparing import rows_of_parent

    if arguments.holdout is not None:
        return load_snapshot(arguments.holdout)
    if parent is None and arguments.data.startswith("world:"):
        return load_snapshot("world:holdout")
    if parent is None:
        raise UndecidedError(USAGE, "the first model needs rows to be judged on; name --holdout.")
    rows = rows_of_parent(parent, "holdout")
    if rows is None:
        name = parent.lineage["holdout"]["name"]
        raise UndecidedError(
            DATA, f"the holdout {name} of {arguments.alias} is gone or changed; restore it."
        )
    return rows


def _reference(arguments: argparse.Namespace, parent: Scored | None) -> Snapshot | None:
    from labsupport.ops.runs import load_snapshot
    from labsupport.ops.runs.comparing import rows_of_parent

    if arguments.reference is not None:
        return load_snapshot(arguments.reference)
    if parent is None:
        return None
    rows = rows_of_parent(parent, "data")
    if rows is None:
        name = parent.lineage["data"]["name"]
        raise UndecidedError(
            MISSING, f"the rows {name} of {arguments.alias} are gone or changed; name --reference."
        )
    return rows


def _reference_then(run: Run, now: Snapshot | None) -> Snapshot | None:
    """What the rows were compared with when they were checked for the first time."""
    from labsupport.ops.runs import load_snapshot

    told = run.read("checks.json")
    if told is None or "reference" not in told:
        return now
    return told["reference"] and load_snapshot(told["reference"]["name"])


def _checked(
    run: Run, data: Snapshot, holdout: Snapshot, reference: Snapshot | None, policy: CheckPolicy
) -> Verdict:
    from tqdm import tqdm

    from labsupport.ops.record import verdict_as_json
    from labsupport.ops.runs import check_rows

    config = run.lineage["config"]
    with tqdm(total=2 + (reference is not None), unit="part", delay=1, file=sys.stderr) as bar:

        def progress(name: str) -> None:
            bar.set_description(name, refresh=False)
            bar.update()

        verdict = check_rows(data, holdout, reference, policy, config, progress)
    found = {**verdict_as_json(verdict), "lineage": run.lineage_digest, "policy": policy.told()}
    known = reference and {"name": reference.name, "digest": reference.digest}
    run.write("checks.json", {**found, "reference": known})
    return verdict
