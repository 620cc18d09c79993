"""Commands whose exit status is a verdict: 0 promote, 1 block, 2 inconclusive. What decided nothing
ends with 64 or more, and with one sentence.
"""

from __future__ import annotations

import argparse
import signal
import sys
import traceback
from collections.abc import Callable
from typing import NoReturn

from labsupport.workspace import LabError

USAGE, DATA, MISSING, UNAVAILABLE, INTERNAL, SYSTEM = 64, 65, 66, 69, 70, 74


class UndecidedError(Exception):
    """Why nothing was decided: an exit status and a sentence."""


def usage(parser: argparse.ArgumentParser) -> Callable[[str], NoReturn]:
    """What argparse calls for wrong usage, with a status that is no verdict."""

    def error(message: str) -> NoReturn:
        parser.print_usage(sys.stderr)
        parser.exit(USAGE, f"{parser.prog}: {message}\n")

    return error


def told(command: Callable[[argparse.Namespace], int]) -> Callable[[argparse.Namespace], int]:
    """A command that says in one sentence why it decided nothing."""

    def run(arguments: argparse.Namespace) -> int:
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # stopped, what it wrote is whole
        try:
            return command(arguments)
        except UndecidedError as error:
            status, said = error.args
        except FileNotFoundError as error:
            status, said = MISSING, f"there is no file {error.filename}."
        except BlockingIOError:
            status, said = USAGE, "another run writes to this log; wait, or take another --out."
        except (ValueError, LabError) as error:
            status, said = DATA, str(error)
        except OSError as error:
            status, said = SYSTEM, f"{error.strerror or error}: {error.filename or 'no file'}."
        except Exception:  # noqa: BLE001 - no crash of ours may look like a verdict
            traceback.print_exc()
            status, said = INTERNAL, "that is a fault of the lab; please report it."
        print(f"lab: {said}", file=sys.stderr)
        return status

    return run
