"""The registry on the command line: what is registered, where the aliases point and how they came
there; an alias moved back.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from labsupport.cli.command import add_command
from labsupport.cli.undecided import UNAVAILABLE, UndecidedError, told, usage
from labsupport.ops.registry.entries import NAME

if TYPE_CHECKING:
    from labsupport.ops.registry import Move, Registry, Version

STATUS = """Exit status: 0 it is done; 64 wrong usage, 65 the registry says that it cannot be (an
alias that somebody else moved, or moved by hand; nothing to go back to), 69 nobody answers, 70 a
fault of the lab, 74 a file that cannot be read or written. 130 stopped by Ctrl-C."""
SHOW = f"""for example
  lab registry                                  the one in build/registry.db
  lab registry show --registry http://127.0.0.1:5000 --json
  lab registry rollback --from 7                prod is version 7, and goes back to what was before
  lab registry restore                          prod was moved by hand, and goes back to its log

{STATUS}"""
ROLLBACK = f"""for example
  lab registry rollback                         whatever prod is, it goes back to what was before
  lab registry rollback --from 7                only if prod is version 7
  lab registry rollback --alias canary --registry sqlite:///shared.db

{STATUS}"""
RESTORE = f"""for example
  lab registry restore                          prod points to where its log says again

{STATUS}"""
METAVARS = {"--registry": "URI", "--name": "NAME", "--alias": "ALIAS"}
HELPS = {
    "--registry": "a tracking URI of MLflow (default: build/registry.db)",
    "--name": f"of the registered model (default: {NAME})",
    "--alias": "whose moves (default: prod)",
    "--json": "print JSON, for other programs",
}


def add_commands(commands: Any) -> None:
    """Add them to argparse's subparsers."""
    registry = add_command(commands, "registry", "versions, aliases and how they came there", SHOW)
    registry.set_defaults(command=told(_show))
    below = registry.add_subparsers(title="commands", metavar="COMMAND")
    show = add_command(below, "show", "versions, aliases and how they came there", SHOW)
    back = add_command(below, "rollback", "move an alias back to what it was before", ROLLBACK)
    back.add_argument("--from", dest="away", type=int, metavar="VERSION", help="only if it is that")
    restore = add_command(below, "restore", "put an alias back that was moved by hand", RESTORE)
    shared = {"--registry": None, "--name": NAME, "--alias": "prod", "--json": False}
    for parser, command in ((registry, _show), (show, _show), (back, _back), (restore, _restore)):
        for option, default in shared.items():  # before the second command, or behind it
            default = default if parser is registry else argparse.SUPPRESS
            more = {"action": "store_true"} if option == "--json" else {"metavar": METAVARS[option]}
            parser.add_argument(option, default=default, help=HELPS[option], **more)
        parser.error = usage(parser)
        parser.set_defaults(command=told(command))


@contextmanager
def opened(uri: str | None, name: str) -> Iterator[Registry]:
    """A registry, with a bar while its database is made; nobody there is status 69."""
    from tqdm import tqdm

    from labsupport.ops.registry import Registry, RegistryUnavailable

    bar: list[tqdm] = []

    def progress(done: int, steps: int) -> None:
        if not bar:
            bar.append(tqdm(total=steps, desc="a new registry", unit="step", leave=False))
        bar[0].update(done - bar[0].n)

    try:
        yield Registry(uri, name, progress)
    except RegistryUnavailable as error:
        raise UndecidedError(UNAVAILABLE, str(error)) from error
    finally:
        for shown in bar:
            shown.close()


def _show(arguments: argparse.Namespace) -> int:
    with opened(arguments.registry, arguments.name) as registry:
        alias = arguments.alias
        before = "previous" if alias == "prod" else f"{alias}-previous"
        points = {name: registry.at(name) for name in ("candidate", alias, before)}
        versions, history = registry.versions(), registry.history(alias)
    if arguments.json:
        print(json.dumps({
            "versions": [_plain(version) for version in versions],
            "aliases": {name: _plain(version) for name, version in points.items()},
            "history": [_entry(move) for move in history],
        }))  # fmt: skip
        return 0
    if not versions:
        print("Nothing is registered.")
    for version in versions:
        names = [name for name, at in points.items() if at == version]
        print(f"version {version.number:4}  {version.digest[:12]}  {', '.join(names)}".rstrip())
    if history:
        print(f"\nHow {alias} came there:")
    for move in history:
        print(_line(move))
    return 0


def _line(move: Move) -> str:
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(move.time))
    before = "nothing" if move.replaced is None else f"version {move.replaced.number}"
    why = "rolled back" if move.verdict is None else move.verdict["reason"]
    end = "" if move.won else "   lost: another one was faster"
    return f"{move.number:4}  {when}  {before} -> version {move.version.number}  {why}{end}"


def _back(arguments: argparse.Namespace) -> int:
    with opened(arguments.registry, arguments.name) as registry:
        expected = None
        if arguments.away is not None:
            expected = registry.version(arguments.away)
        move = registry.rollback(arguments.alias, expected)
    return _moved(arguments, move.version)


def _restore(arguments: argparse.Namespace) -> int:
    with opened(arguments.registry, arguments.name) as registry:
        version = registry.restore(arguments.alias)
    return _moved(arguments, version)


def _moved(arguments: argparse.Namespace, version: Version | None) -> int:
    if arguments.json:
        print(json.dumps({"alias": arguments.alias, "version": _plain(version)}))
    else:
        print(f"{arguments.alias} is {version or 'nothing'}.")
    return 0


def _plain(version: Version | None) -> dict[str, object] | None:
    return version and {"number": version.number, "digest": version.digest}


def _entry(move: Move) -> dict[str, object]:
    return {
        "number": move.number,
        "kind": move.kind,
        "version": _plain(move.version),
        "replaced": _plain(move.replaced),
        "won": move.won,
        "verdict": move.verdict,
        "time": move.time,
    }
