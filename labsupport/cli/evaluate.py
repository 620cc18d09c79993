"""`lab evaluate`: two models on the same rows, of the lab or of anybody."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labsupport.cli.command import add_cluster, add_command, chosen_executor
from labsupport.cli.undecided import DATA, USAGE, UndecidedError, told, usage
from labsupport.ops.registry.entries import NAME

if TYPE_CHECKING:
    from labsupport.comparisons import Comparison
    from labsupport.ops.record import Compared

EVALUATE = """for example, models of anybody: what they said of the same rows
  lab evaluate --labels holdout.parquet:label --candidate new.csv:score --baseline old.csv:score \\
      --id row --slice region --out build/gate
  lab evaluate --labels all.csv:y --candidate all.csv:new --baseline all.csv:old --out build/gate
  lab evaluate --labels shards:y --candidate shards:new --baseline shards:old --out build/gate \\
      --cluster local
  lab gate build/gate --policy policy.toml
for example, models of the lab's own runs
  lab evaluate --candidate build/runs/latest --baseline registry:prod

FILE is CSV, Parquet or NPZ, by its suffix, or a folder of them: shards, in the order of their
names. Labels are 0 and 1. Predictions are, too, or they are scores from 0 to 1: then a score above
the threshold is a 1, both compared as the decimals that they are written as, and the AUC is
computed; of more than 4 million rows by a sketch, which says so.

Rows are joined by number: row 7 of one file is row 7 of all, and the files have one length. With
--id they are joined by a column that all files have; every id is in all of them, once. That holds
the rows in memory, in this process.

A slice COLUMN is one of the labels' file; its slices are named COLUMN=value. With several, slices
overlap.

RUN/outcomes.json has the table: counts, digests of labels, ids and slices, and of what each model
said; the same for the same rows in whatever files. `lab report` and `lab gate` read it.

Without --cluster and --workers, this process counts, with all cores. Workers read the files by
themselves, so they have to see them under the same names.

Exit status: 0 it was measured, whatever it says; see `lab gate`. Else nothing was: 64 wrong usage,
65 a file that is not what it should be, 66 a file that is missing, 69 no cluster or registry, 70 a
fault of the lab, 74 a file that cannot be read or written. 130 stopped by Ctrl-C."""
SHOWN = 20  # slices in the table
INTERVALS = 200  # slices with an interval, which takes some 10 ms each, in JSON


def add_commands(commands: Any) -> None:
    """Add it to argparse's subparsers."""
    command = add_command(commands, "evaluate", "compare two models on the same rows", EVALUATE)
    command.error = usage(command)
    place, model = "FILE:COLUMN", "FILE:COLUMN|RUN"
    command.add_argument("--labels", metavar=place, help="what was right: 0 and 1")
    command.add_argument("--candidate", required=True, metavar=model, help="the challenger")
    command.add_argument(
        "--baseline", required=True, metavar=f"{model}|registry:ALIAS", help="the champion"
    )
    files = command.add_argument_group("with --labels")
    files.add_argument(
        "--slice", dest="slices", action="append", default=[], metavar="COLUMN",
        help="of the labels' file: compare its values apart, too; may be repeated",
    )  # fmt: skip
    files.add_argument(
        "--id", metavar="COLUMN", help="that all files have (default: join by row number)"
    )
    files.add_argument(
        "--threshold", type=_threshold, default=Decimal("0.5"), metavar="T",
        help="a score above it is a 1 (default: 0.5)",
    )  # fmt: skip
    files.add_argument("--out", type=Path, metavar="RUN", help="folder for the result; required")
    files.add_argument(
        "--again", action="store_true", help="replace another comparison that --out has"
    )
    add_cluster(files)
    runs = command.add_argument_group("without --labels")
    runs.add_argument("--holdout", metavar="SNAPSHOT", help="rows that neither model learnt from")
    runs.add_argument(
        "--runs", type=Path, default=Path("build", "runs"), metavar="DIR",
        help="where runs are (default: build/runs)",
    )  # fmt: skip
    runs.add_argument("--registry", metavar="URI", help="MLflow's (default: the project's own)")
    runs.add_argument("--name", default=NAME, help=f"of the model (default: {NAME})")
    command.add_argument("--json", action="store_true", help="print JSON, for other programs")
    command.set_defaults(command=told(_evaluate))


def _threshold(text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("NaN")
    if not (number.is_finite() and 0 <= number < 1):
        raise argparse.ArgumentTypeError(f"it is a number from 0 to below 1; got {text!r}")
    return number


def _evaluate(arguments: argparse.Namespace) -> int:
    if arguments.labels is None:
        only = {"--out": arguments.out, "--id": arguments.id, "--slice": arguments.slices}
        if wrong := [option for option, given in only.items() if given]:
            raise UndecidedError(USAGE, f"{wrong[0]} is for files; give --labels FILE:COLUMN, too.")
        from labsupport.cli.stages import evaluate_models_command

        return evaluate_models_command(arguments)
    if arguments.out is None:
        raise UndecidedError(USAGE, "--out RUN is missing: the folder for the result.")
    if arguments.holdout is not None:
        raise UndecidedError(USAGE, "--holdout is for runs; with --labels, the labels are it.")
    from labsupport.ops.tables import evaluate_files

    with _workers(arguments) as executor, _bar() as progress:
        compared = evaluate_files(
            arguments.labels, arguments.candidate, arguments.baseline, arguments.slices,
            arguments.id, arguments.threshold, executor, progress,
        )  # fmt: skip
    _keep(compared, arguments.out, arguments.again)
    print(json.dumps(_told(compared, arguments), indent=2) if arguments.json else _table(compared))
    if not arguments.json:
        print(*compared.notes, sep="\n")
        print(f"The result is in {arguments.out}. Next:")
        print(f"  lab gate {arguments.out} --policy policy.toml")
    return 0


@contextmanager
def _workers(arguments: argparse.Namespace) -> Iterator[Any]:
    if arguments.cluster is None and arguments.workers is None:
        yield None
        return
    with chosen_executor(arguments) as executor:
        yield executor


@contextmanager
def _bar() -> Iterator[Any]:
    from tqdm import tqdm

    settings = {"unit": " rows", "unit_scale": True, "delay": 1.0, "leave": False}
    with tqdm(desc="read", file=sys.stderr, **settings) as bar:
        yield bar.update


def _keep(compared: Compared, out: Path, again: bool) -> None:
    """Write it, unless the folder has another one."""
    from labsupport.ops.record import RecordError, load_compared

    try:
        other = load_compared(out).digest != compared.digest
    except FileNotFoundError:
        other = False
    except RecordError:
        other = True
    if other and not again:
        raise UndecidedError(
            DATA, f"{out} has another comparison; name another --out, or replace it by --again."
        )
    compared.save(out)


def _rows_of(compared: Compared) -> Iterator[tuple[str, Comparison]]:
    for metric, whole in (("accuracy", compared.outcomes), ("AUC", compared.auc)):
        if whole is not None:
            yield metric, whole
            yield from ((f"  {name}", part) for name, part in [*whole.slices.items()][:SHOWN])


def _table(compared: Compared) -> str:
    """The comparison for people; a row is all rows of a metric, or below it a slice."""
    heads = ("", "rows", "candidate", "baseline", "gain", "95% interval", "churn")
    rows = [heads]
    for name, part in _rows_of(compared):
        low, high = _ends(part)
        churn = f"{part.churn:.4f}" if hasattr(part, "churn") else ""
        rows.append((
            name, f"{part.n:,}", f"{part.candidate:.4f}", f"{part.baseline:.4f}",
            f"{part.gain:+.4f}", f"{low:+.4f} to {high:+.4f}", churn,
        ))  # fmt: skip
    wide = [max(len(row[i]) for row in rows) for i in range(len(heads))]
    lines = [
        "  ".join(
            [row[0].ljust(wide[0]), *(c.rjust(w) for c, w in zip(row[1:], wide[1:], strict=True))]
        ).rstrip()
        for row in rows
    ]
    if len(compared.outcomes.slices) > SHOWN:
        lines.append(f"and {len(compared.outcomes.slices) - SHOWN} more slices, in --json.")
    return "\n".join(lines)


def _ends(part: Comparison) -> tuple[float, float]:
    found = part.interval(0.95)
    return float(found.low), float(found.high)


def _told(compared: Compared, arguments: argparse.Namespace) -> dict[str, Any]:
    """The comparison for programs."""
    few = len(compared.outcomes.slices) <= INTERVALS
    return {
        "run": str(arguments.out),
        "digest": compared.digest,
        "labels": {"place": arguments.labels, "digest": compared.holdout},
        "candidate": {"place": arguments.candidate, "digest": compared.candidate},
        "baseline": {"place": arguments.baseline, "digest": compared.baseline},
        "threshold": str(arguments.threshold),
        "id": arguments.id,
        "accuracy": _numbers(compared.outcomes, True, few),
        "auc": None if compared.auc is None else _numbers(compared.auc, True, few),
        "notes": list(compared.notes),
    }


def _numbers(part: Comparison, interval: bool, below: bool) -> dict[str, Any]:
    low, high = _ends(part) if interval else (None, None)
    made = {
        "rows": part.n,
        "candidate": part.candidate,
        "baseline": part.baseline,
        "gain": part.gain,
        "low": low,
        "high": high,
    }
    if hasattr(part, "cells"):
        made |= {"churn": part.churn, "cells": list(part.cells)}
    if part.slices:
        made["slices"] = {name: _numbers(s, below, below) for name, s in part.slices.items()}
    return made
