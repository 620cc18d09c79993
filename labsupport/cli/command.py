"""How a command is declared."""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from typing import Any


def add_command(commands: Any, name: str, says: str, more: str = "") -> argparse.ArgumentParser:
    """A command whose own help says what it is for, and shows it."""
    return commands.add_parser(
        name,
        help=says,
        description=f"{says[0].upper()}{says[1:]}.",
        epilog=more or None,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def add_cluster(command: argparse.ArgumentParser) -> None:
    """The options of a command whose work fans out; see `chosen_executor`."""
    command.add_argument(
        "--cluster",
        metavar="local|ADDRESS",
        help="a Dask cluster: `local` starts one here, tcp://HOST:PORT is a scheduler that runs "
        "(default: processes of this machine)",
    )
    command.add_argument(
        "--workers", type=int, metavar="N", help="processes to start here (default: one a core)"
    )


@contextmanager
def chosen_executor(arguments: argparse.Namespace) -> Iterator[Executor]:
    """Whoever the options ask for; what a user can put right is one sentence with its status.

    Raises
    ------
    UndecidedError : 64 wrong options, 69 nobody to work with, 74 an item ended its worker each time.
    """
    from labsupport.cli.undecided import SYSTEM, UNAVAILABLE, USAGE, UndecidedError
    from labsupport.ops.cluster import ClusterError, WorkerDied, executor

    begun = False
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _one_sentence
            with executor(arguments.cluster, arguments.workers) as workers:
                begun = True
                yield workers
    except ClusterError as error:
        raise UndecidedError(UNAVAILABLE, str(error)) from error
    except WorkerDied as error:
        raise UndecidedError(SYSTEM, str(error)) from error
    except ValueError as error:
        if begun:
            raise
        raise UndecidedError(USAGE, str(error)) from error


def _one_sentence(message: Warning | str, *place: object) -> None:
    print(f"lab: {message}", file=sys.stderr)
