"""What `lab train`, `evaluate` and `deploy` do with their arguments; `stages` declares them."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from labsupport.cli.registry import opened
from labsupport.cli.undecided import DATA, MISSING, UNAVAILABLE, USAGE, UndecidedError

if TYPE_CHECKING:
    from labsupport.gate import Verdict
    from labsupport.ops.record import Compared
    from labsupport.ops.registry import Registry
    from labsupport.ops.runs import Run, Scored

ALIAS = "registry:"


def train_run_of(arguments: argparse.Namespace) -> int:
    """`lab train`: the model of a run."""
    from tqdm import tqdm

    from labsupport.ops.runs import train_run

    run = _run(arguments)
    with alone(run):
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
    from labsupport.ops.runs import Scored, evaluate_models

    run = _named(arguments.candidate, arguments)
    with alone(run):
        candidate, baseline = Scored.of_run(run), _baseline(arguments)
        serves = candidate.model.digest == baseline.model.digest
        if not serves:
            evaluate_models(candidate, baseline, arguments.holdout).save(run.folder)
        there = (run.folder / OUTCOMES).exists()
        compared = load_compared(run.folder) if there else None
        if compared is None or compared.candidate != candidate.model.digest:
            raise UndecidedError(DATA, "candidate and baseline are the same model.")
    _say_compared(arguments, run, compared, serves)
    return 0


def _baseline(arguments: argparse.Namespace) -> Scored:
    from labsupport.ops.runs import Scored

    if not arguments.baseline.startswith(ALIAS):
        return Scored.of_run(_named(arguments.baseline, arguments))
    alias = arguments.baseline.removeprefix(ALIAS)
    with registry_of(arguments) as registry:
        found = Scored.serving(registry, alias)
    if found is None:
        raise UndecidedError(
            MISSING, f"{alias} points to nothing yet; `lab deploy --first` is the way in."
        )
    return found


def _say_compared(
    arguments: argparse.Namespace, run: Run, compared: Compared, serves: bool
) -> None:
    outcomes = compared.outcomes
    said = [
        f"candidate {compared.candidate[:12]}  accuracy {outcomes.candidate:.4f}",
        f"baseline  {compared.baseline[:12]}  accuracy {outcomes.baseline:.4f}",
        f"gain {outcomes.gain:+.4f}, churn {outcomes.churn:.4f}, {outcomes.n:,} rows",
    ]
    for name, part in outcomes.slices.items():
        rates = f"{part.candidate:.4f} {part.baseline:.4f}" if part.n else "-"
        said.append(f"  {name:<12} {rates}  {part.n:,} rows")
    if serves:
        said.append("The candidate serves already; this is the comparison that brought it there.")
    found = {"run": run.folder.as_posix(), "compared": compared.digest, "n": outcomes.n}
    found |= {name: getattr(compared, name) for name in ("candidate", "baseline", "holdout")}
    rates = ("candidate_accuracy", "baseline_accuracy", "gain", "churn")
    _say(arguments, "\n".join(said), **found, **{name: getattr(outcomes, name) for name in rates})


def deploy(arguments: argparse.Namespace) -> int:
    """`lab deploy`: what the gate has promoted comes to serve."""
    from labsupport.ops.registry import PromotionLost
    from labsupport.ops.runs import deploying

    run = _run(arguments)
    with alone(run):
        if arguments.first:
            wanted = deploying.first(run)
        else:
            wanted = deploying.approved(run, arguments.policy)
        verdict = wanted.verdict
        if verdict.decision != "promote":
            say_verdict(arguments, {"run": run.folder.as_posix()}, verdict)
            return verdict.exit_status
        try:
            with registry_of(arguments) as registry:
                version = deploying.deploy(run, registry, wanted, arguments.alias)
        except PromotionLost as error:
            raise UndecidedError(UNAVAILABLE, str(error)) from error
    said = f"{arguments.alias} is {version}."
    _say(arguments, said, **run.read("deployed.json"), run=run.folder.as_posix())
    return 0


def registry_of(arguments: argparse.Namespace) -> AbstractContextManager[Registry]:
    """The registry that the options name; see `registry.opened`."""
    return opened(arguments.registry, arguments.name)


def _run(arguments: argparse.Namespace) -> Run:
    return _named(arguments.run or arguments.runs / "latest", arguments)


def _named(name: str | Path, arguments: argparse.Namespace) -> Run:
    from labsupport.ops.runs import Run, resolve

    try:
        return Run(resolve(name, arguments.runs))
    except FileNotFoundError:
        raise UndecidedError(MISSING, f"there is no run {name}; `lab check` makes one.") from None


@contextmanager
def alone(run: Run) -> Iterator[None]:
    """Be the only command that works on a run.

    Raises
    ------
    UndecidedError : another one does.
    """
    try:
        with run.alone():
            yield
    except BlockingIOError:
        raise UndecidedError(
            UNAVAILABLE, f"another command works on run {run.id}; wait until it has ended."
        ) from None


def say_verdict(
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
