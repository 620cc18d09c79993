"""`lab demo`: the panels in front of a room."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from labsupport.cli.command import add_command
from labsupport.cli.room import port
from labsupport.cli.undecided import USAGE, UndecidedError, told, usage

DEMO = """for example
  lab demo                  all panels as full pages, and a list of them
  lab demo 01               the panel of lesson 01 in the browser
  lab demo --record demo/   a fallback: the same pages, with the presets' frames in them;
                            they open without this program, and without a network

On a page: P lets the room predict first, digits count hands, R reveals, N goes to the next step,
D changes light and dark. `?preset=B stale shard` at the end of an address presses a preset,
`?step=2` goes to a step, `?predict` and `?dark` are what they say; `?presenter` is your own page:
what to set, what it will say, what to ask, and how long it takes."""


def add_commands(commands: Any) -> None:
    """Add it to argparse's subparsers."""
    command = add_command(commands, "demo", "show the panels in front of a room", DEMO)
    command.add_argument("lesson", nargs="?", default="", help="01, or the panel's word: gate")
    command.add_argument(
        "--port", type=port, default=8900, help="the port to try first (default: 8900)"
    )
    command.add_argument("--no-browser", action="store_true", help="only print the address")
    command.add_argument(
        "--record", metavar="FOLDER", type=Path, help="write pages that need no program, and end"
    )
    command.set_defaults(command=told(_demo))
    command.error = usage(command)


def _demo(arguments: argparse.Namespace) -> int:
    from labsupport.show.demo.steps import SCRIPTS

    lessons = {script.lesson[:2]: word for word, script in SCRIPTS.items()}
    whole = {script.lesson: word for word, script in SCRIPTS.items()}
    asked = Path(arguments.lesson.lower()).name.removesuffix(".ipynb")
    word = (lessons | whole).get(asked, asked)
    if word and word not in SCRIPTS:
        raise UndecidedError(
            USAGE,
            f"There is no panel for {arguments.lesson!r}; there is one for the lessons "
            f"{', '.join(lessons)}, under the words {', '.join(SCRIPTS)}.",
        )
    if arguments.record is None:
        from labsupport.show.demo.server import serve

        return serve(word, arguments.port, not arguments.no_browser)
    return _record([word] if word else list(SCRIPTS), arguments.record)


def _record(words: Sequence[str], folder: Path) -> int:
    """Record panels, as many at once as there are cores: each takes a minute."""
    from tqdm import tqdm

    from labsupport.show.demo.record import record, write_index

    if folder.exists() and not folder.is_dir():
        raise UndecidedError(USAGE, f"{folder} is a file; --record writes into a folder.")
    folder.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        pages = [pool.submit(record, word, folder) for word in words]
        for page in tqdm(as_completed(pages), total=len(pages), unit="panel", desc="Recording"):
            page.result()
    write_index(folder, words)
    print(f"Open {folder / 'index.html'}")
    return 0
