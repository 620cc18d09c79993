"""What the stages' commands do with their arguments; `stages` declares them."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from labsupport.cli.undecided import DATA, MISSING, UNAVAILABLE, USAGE, UndecidedError

if TYPE_CHECKING:
    from labsupport.gate import Verdict
    from labsupport.ops.registry import Registry
    from labsupport.ops.runs import CheckPolicy, Run, Scored, Snapshot

ALIAS = "registry:"


def check(arguments: argparse.Namespace) -> int:
    """`lab check`: a run, and whether it may be trained."""
    from labsupport.ops.runs import CheckPolicy, Run, load_snapshot, make_lineage, read_check_policy

    policy = arguments.policy and read_check_policy(arguments.policy)
    data, config = load_snapshot(arguments.data), _config(arguments)
    with registry_of(arguments) as registry:
        parent = _serving(registry, arguments.alias)
    holdout, reference = _holdout(arguments, parent), _reference(arguments, parent)
    lineage = make_lineage(data, holdout, parent and parent.model.digest, arguments.trigger, config)
    if parent and {**lineage, "parent": parent.lineage["parent"]} == parent.lineage:
        lineage = parent.lineage  # asked for before, and it came to serve
    run = Run.create(lineage, arguments.runs)
    with _alone(run):
        verdict = _checked(run, data, holdout, reference, policy or CheckPolicy())
    known = "nothing" if reference is None else reference.name
    parts = {"run": run.folder.as_posix(), "data": f"{data.name}, {data.rows:,} rows",
             "holdout": f"{holdout.name}, {holdout.rows:,} rows",
             "reference": known, "parent": parent.version if parent else "none"}  # fmt: skip
    if reference is None:
        parts["reference"] += ": there is none, so the distribution was not compared"
    _say_verdict(arguments, parts, verdict)
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


def train(arguments: argparse.Namespace) -> int:
    """`lab train`: the model of a run."""
    from tqdm import tqdm

    from labsupport.ops.runs import train_run

    run = _run(arguments)
    with _alone(run):
        if arguments.torch is not None:
            made = _by_torchrun(run, arguments.torch)
            model = run.model()
        else:
            steps = run.lineage["config"].get("steps")
            with tqdm(total=steps, unit="step", delay=1, file=sys.stderr) as bar:
                model, made = train_run(run, bar.update)
    said = f"{'Trained' if made else 'It was trained already'}: model {model.digest[:12]}."
    _say(arguments, said, run=run.folder.as_posix(), model=model.digest, trained_now=made)
    return 0


def _by_torchrun(run: Run, processes: int) -> bool:
    """Train on some processes, unless there is a model."""
    from labsupport.ops.runs import passed
    from labsupport.ops.torch import TorchError, train_on

    if processes < 1:
        raise UndecidedError(
            USAGE, f"--torch is a number of processes, at least 1; got {processes}."
        )
    passed(run)
    if (run.folder / "model.json").exists():
        return False
    try:
        train_on(run.folder.resolve(), processes)
    except TorchError as error:
        raise UndecidedError(UNAVAILABLE, str(error)) from None
    return True


def evaluate(arguments: argparse.Namespace) -> int:
    """`lab evaluate` of two models."""
    from labsupport.ops.record import OUTCOMES, load_compared
    from labsupport.ops.runs import Run, Scored, evaluate_models, resolve

    run = Run(resolve(arguments.candidate, arguments.runs))
    with _alone(run):
        candidate = Scored.of_run(run)
        if arguments.baseline.startswith(ALIAS):
            alias = arguments.baseline.removeprefix(ALIAS)
            with registry_of(arguments) as registry:
                baseline = _serving(registry, alias)
            if baseline is None:
                raise UndecidedError(
                    MISSING, f"{alias} points to nothing yet; `lab deploy --first` is the way in."
                )
        else:
            baseline = Scored.of_run(Run(resolve(arguments.baseline, arguments.runs)))
        if candidate.model.digest == baseline.model.digest:
            if not (run.folder / OUTCOMES).exists():
                raise UndecidedError(DATA, "candidate and baseline are the same model.")
            compared, stands = load_compared(run.folder), True
        else:
            compared = evaluate_models(candidate, baseline, arguments.holdout)
            stands = False
            compared.save(run.folder)
    outcomes = compared.outcomes
    said = [
        f"candidate {compared.candidate[:12]}  accuracy {outcomes.candidate:.4f}",
        f"baseline  {compared.baseline[:12]}  accuracy {outcomes.baseline:.4f}",
        f"gain {outcomes.gain:+.4f}, churn {outcomes.churn:.4f}, {outcomes.n:,} rows",
        *(f"  {name:<12} {part.candidate:.4f} {part.baseline:.4f}  {part.n:,} rows"
          for name, part in outcomes.slices.items() if part.n),
    ]  # fmt: skip
    if stands:
        said.append("The candidate serves already; this is the comparison that brought it there.")
    _say(
        arguments, "\n".join(said), run=run.folder.as_posix(), compared=compared.digest,
        candidate=compared.candidate, baseline=compared.baseline, holdout=compared.holdout,
        n=outcomes.n, candidate_accuracy=outcomes.candidate, baseline_accuracy=outcomes.baseline,
        gain=outcomes.gain, churn=outcomes.churn,
    )  # fmt: skip
    return 0


def deploy(arguments: argparse.Namespace) -> int:
    """`lab deploy`: what the gate has promoted comes to serve."""
    from labsupport.ops.registry import PromotionLost
    from labsupport.ops.runs import deploying

    run = _run(arguments)
    with _alone(run):
        if arguments.first:
            wanted = deploying.first(run)
        else:
            wanted = deploying.approved(run, arguments.policy)
        verdict = wanted.verdict
        if verdict.decision != "promote":
            _say_verdict(arguments, {"run": run.folder.as_posix()}, verdict)
            return verdict.exit_status
        try:
            with registry_of(arguments) as registry:
                version = deploying.deploy(run, registry, wanted, arguments.alias)
        except PromotionLost as error:
            raise UndecidedError(UNAVAILABLE, str(error)) from error
    said = f"{arguments.alias} is {version}."
    _say(arguments, said, **run.read("deployed.json"), run=run.folder.as_posix())
    return 0


@contextmanager
def registry_of(arguments: argparse.Namespace) -> Iterator[Registry]:
    """The registry that the options name, with a bar while its database is made.

    Raises
    ------
    UndecidedError : nobody answers.
    """
    from tqdm import tqdm

    from labsupport.ops.registry import Registry, RegistryUnavailable

    with tqdm(desc="new registry", unit="step", delay=0.5, file=sys.stderr) as bar:

        def progress(done: int, steps: int) -> None:
            bar.total = steps
            bar.update(done - bar.n)

        try:
            yield Registry(arguments.registry, arguments.name, progress)
        except RegistryUnavailable as error:
            raise UndecidedError(UNAVAILABLE, str(error)) from error


def _serving(registry: Registry, alias: str) -> Scored | None:
    from labsupport.ops.runs import Scored

    return Scored.serving(registry, alias)


def _run(arguments: argparse.Namespace) -> Run:
    from labsupport.ops.runs import Run, resolve

    return Run(resolve(arguments.run or "latest", arguments.runs))


@contextmanager
def _alone(run: Run) -> Iterator[None]:
    try:
        with run.alone():
            yield
    except BlockingIOError:
        raise UndecidedError(
            UNAVAILABLE, f"another command works on run {run.id}; wait until it has ended."
        ) from None


def _say_verdict(
    arguments: argparse.Namespace, parts: Mapping[str, object], verdict: Verdict
) -> None:
    """A verdict for people: where, what was not passed, and the reason."""
    from labsupport.ops.record import verdict_as_json

    told = {name: str(part) for name, part in parts.items()}
    passed = sum(check.passed is True for check in verdict.checks)
    lines = [f"{name:<10} {part}" for name, part in told.items()]
    lines += [check.sentence for check in verdict.checks if check.passed is not True]
    lines.append(f"{verdict.reason}: {passed} of {len(verdict.checks)} checks passed")
    _say(arguments, "\n".join(lines), **told, **verdict_as_json(verdict))


def _say(arguments: argparse.Namespace, said: str, **found: object) -> None:
    print(json.dumps(found, indent=2) if arguments.json else said)
