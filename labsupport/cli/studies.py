"""Commands that train many models at once."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from labsupport.cli.command import add_cluster, add_command, chosen_executor
from labsupport.cli.undecided import USAGE, UndecidedError, told, usage

AA = """for example
  lab study aa                       2,000 candidates that are no better, on this machine's cores
  lab study aa --seeds 400 --n 150   fewer pairs, of models that saw fewer rows
  lab study aa --cluster local --workers 2 --json          on a Dask cluster that is started here
  lab study aa --cluster tcp://127.0.0.1:8786              on one that is running

Candidate and baseline are the same recipe on other rows of the lab's world. Nobody had an idea, so
every promotion is luck. The plain gate asks the measured gain to reach the margin, the strict one
the whole 95% interval. The counts are the same wherever the work is done; what was stopped or
killed starts again.

Exit status: 0 done, 64 wrong usage, 69 no cluster, 74 a worker ended each time, 130 stopped."""


def add_commands(commands: Any) -> None:
    """Add them to argparse's subparsers."""
    study = add_command(commands, "study", "what the gate does over many retrainings")
    study.error = usage(study)
    parts = study.add_subparsers(title="studies", metavar="STUDY", required=True)
    command = add_command(parts, "aa", "how often the plain and the strict gate promote luck", AA)
    command.error = usage(command)
    command.add_argument("--seeds", type=int, default=2000, help="pairs of models (default: 2000)")
    command.add_argument("--n", type=int, default=600, help="training rows (default: 600)")
    command.add_argument(
        "--margin", type=float, default=0.005, help="the gain to reach (default: 0.005)"
    )
    add_cluster(command)
    command.add_argument("--json", action="store_true", help="print the counts as JSON")
    command.set_defaults(command=told(_aa))


def _aa(arguments: argparse.Namespace) -> int:
    from tqdm import tqdm

    from labsupport.gate import Policy
    from labsupport.ops.studies import aa_studies

    if arguments.seeds < 1 or arguments.n < 1:
        raise UndecidedError(USAGE, "--seeds and --n count things: whole numbers, at least 1.")
    try:
        policies = {
            name: Policy(min_gain=arguments.margin, max_gap=None, confidence=confidence)
            for name, confidence in (("plain", None), ("strict", 0.95))
        }
    except ValueError as error:
        raise UndecidedError(USAGE, f"--margin: {error}") from error
    with (
        chosen_executor(arguments) as workers,
        tqdm(total=arguments.seeds, unit="pair", desc="A/A", file=sys.stderr) as bar,
    ):
        seeds = range(arguments.seeds)
        found = aa_studies(seeds, arguments.n, policies, workers, bar.update)
    rates = {name: luck.rate() for name, luck in found.items()}
    if arguments.json:
        lucks = {
            name: vars(luck) | {"low": rates[name].low, "high": rates[name].high}
            for name, luck in found.items()
        }
        asked = {"seeds": arguments.seeds, "n": arguments.n, "margin": arguments.margin}
        print(json.dumps(asked | lucks))
        return 0
    for name, luck in found.items():
        print(
            f"{name:<6}  promoted {luck.promote} of {luck.n} candidates that are no better: "
            f"{rates[name].value:.2%}, 95% interval {rates[name].low:.2%} to {rates[name].high:.2%}"
        )
    return 0
