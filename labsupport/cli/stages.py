"""The stages on a run's folder: check, train, deploy; and what `lab evaluate` does with runs."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from labsupport.cli import checking, staging
from labsupport.cli.command import add_command
from labsupport.cli.undecided import told, usage
from labsupport.ops.registry.entries import NAME

STATUS = """64 and above, nothing was decided: 64 wrong usage, 65 bad data or a run that is not what
it says, 66 a file that is missing, 69 {not_there}, 70 a fault
of the lab, 74 a file that cannot be read or written. 130 stopped by Ctrl-C."""
ROUND = """The whole way, in an empty folder:
  lab check --data world:1:600 && lab train && lab deploy --first     the first champion
  lab check --data world:2:8000 && lab train                          a candidate
  lab evaluate --candidate build/runs/latest --baseline registry:prod
  lab gate build/runs/latest registry:prod --policy policy.toml && lab deploy
Each command again gives the same answer and no second copy; killed, it starts where it was."""
CHECK = f"""for example
  lab check --data world:2:8000                  against the rows that prod was trained on
  lab check --data flights:8-15 --reference flights:0-7 --holdout flights:16-17
  lab check --data new.parquet:late --reference old.parquet:late --holdout test.parquet:late

Rows are known by a name: world:SEED:N, world:holdout, flights:A-B (weeks), or FILE:LABEL (.csv,
.parquet, .npz; label is the default; columns slice:NAME cut into slices, the rest are features).

It makes a run, build/runs/ID, whose ID is the digest of all that the candidate is made of: rows,
holdout, code, configuration, environment, parent. Then rules (enough rows, columns, finite, labels,
no row of the holdout), the distribution against the reference, a smoke test of the training: the
first part that fails ends it.

A policy is a file like (what is not named keeps its default; "off" takes a bound away)
  rows = 500                   # the least, or [least, most]
  false_alarm_rate = 0.01      # of the whole comparison with the reference; DataPolicy has all keys
  max_psi = 0.01
  smoke_rows = 3000
  smoke_steps = 30
  max_shared = 0.0             # share of the rows that may be in the holdout

{ROUND}
Exit status: 0 it may be trained, 1 blocked, 2 inconclusive. {
    STATUS.format(not_there="the registry does not answer")
}"""
TRAIN = f"""for example
  lab train                                      the latest run
  lab train build/runs/0123456789ab --torch 2    the same on two processes, by torchrun

A run whose checks did not pass is not trained, nor one whose rows, code or environment are no
longer those of its lineage. A model that is there stays. torchrun comes by `make torch`.

{ROUND}
Exit status: 0 there is a model. {STATUS.format(not_there="no torchrun, or a busy run")}"""
DEPLOY = f"""for example
  lab deploy                                     the latest run, if the gate has promoted it
  lab deploy --policy policy.toml                and only if it was by this very policy
  lab deploy build/runs/0123456789ab --first     the first champion: nothing to compare it with

The verdict is computed again from the counts and the policy: a model, a comparison, a policy or a
verdict that was changed since is refused. Then the model is bundled and registered, and the alias
moves, if it still is the baseline that was evaluated.

{ROUND}
Exit status: 0 it is deployed, 1 the gate has blocked it, 2 the gate was inconclusive. {
    STATUS.format(not_there="another one was promoted meanwhile")
}"""


def add_commands(commands: Any) -> None:
    """Add them to argparse's subparsers."""
    for add in (_add_check, _add_train, _add_deploy):
        command = add(commands)
        command.error = usage(command)
        command.add_argument("--json", action="store_true", help="print JSON, for other programs")
        command.add_argument(
            "--runs", type=Path, default=Path("build", "runs"), metavar="DIR",
            help="where runs are (default: build/runs)",
        )  # fmt: skip


def _add_check(commands: Any) -> argparse.ArgumentParser:
    command = add_command(commands, "check", "cheap checks of rows, before training", CHECK)
    command.add_argument("--data", required=True, metavar="SNAPSHOT", help="the rows to learn from")
    command.add_argument(
        "--reference", metavar="SNAPSHOT", help="what they must look like (default: prod's rows)"
    )
    command.add_argument(
        "--holdout", metavar="SNAPSHOT", help="what models are judged on (default: prod's)"
    )
    command.add_argument("--policy", type=Path, metavar="FILE", help="in TOML, see below")
    command.add_argument("--trigger", default="by hand", metavar="TEXT", help="why it is trained")
    command.add_argument("--steps", type=int, default=None, help="of the training (default: 300)")
    command.add_argument("--rate", type=float, default=None, help="of learning (default: 0.1)")
    _add_registry(command)
    command.set_defaults(command=told(checking.check))
    return command


def _add_train(commands: Any) -> argparse.ArgumentParser:
    command = add_command(commands, "train", "train the model of a run, once", TRAIN)
    _add_run(command)
    command.add_argument("--torch", type=int, metavar="N", help="by torchrun, on N processes")
    command.set_defaults(command=told(staging.train_run_of))
    return command


def _add_deploy(commands: Any) -> argparse.ArgumentParser:
    command = add_command(commands, "deploy", "bundle, register, promote what may be", DEPLOY)
    _add_run(command)
    way = command.add_mutually_exclusive_group()
    way.add_argument("--policy", type=Path, metavar="FILE", help="that must have judged it")
    way.add_argument("--first", action="store_true", help="the first champion of a registry")
    _add_registry(command)
    command.set_defaults(command=told(staging.deploy))
    return command


def _add_run(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "run", nargs="?", metavar="RUN", help="a run's folder or ID (default: the latest)"
    )


def _add_registry(command: argparse.ArgumentParser) -> None:
    command.add_argument("--registry", metavar="URI", help="MLflow's (default: the project's own)")
    command.add_argument("--name", default=NAME, help=f"of the model (default: {NAME})")
    command.add_argument("--alias", default="prod", help="what serves (default: prod)")


def evaluate_models_command(arguments: argparse.Namespace) -> int:
    """`lab evaluate` of two models, which have runs or are registered."""
    return staging.evaluate(arguments)
