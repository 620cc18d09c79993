"""The command that grades a class."""

from __future__ import annotations

import argparse
import secrets
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labsupport.cli.command import add_cluster, add_command, chosen_executor
from labsupport.cli.undecided import MISSING, UNAVAILABLE, USAGE, UndecidedError, told, usage
from labsupport.workspace import ROOT

if TYPE_CHECKING:
    from tqdm import tqdm

    from labsupport.grading.classroom import Sheet, Submission

GRADE = """for example
  lab grade handed_in/ --exercise 02 --out grades.csv
  lab grade moodle.zip --exercise 02 --out grades.csv --seed 4711

SUBMISSIONS is a folder of notebooks, a folder with a folder for each student, or a ZIP of either,
as Moodle, Canvas and nbgrader export them. Of a notebook only the answer cells count. They run in
a worker behind walls (bubblewrap, where it is installed), on inputs drawn from the seed; whether
an answer is right is found out on this side.

Beside grades.csv stands the folder grades/: class.html for you, written.html with what has to be
read by a person, feedback/ with a page for each student. grades/graded.log remembers what is done,
and grades/seed.txt the seed: a run that was cut off goes on, and a second run grades what has
changed.

Exit status: 0 all are graded, 1 some could not be and are named, 64 wrong usage, 66 nothing
there."""


def add_commands(commands: Any) -> None:
    """Add it to argparse's subparsers."""
    command = add_command(commands, "grade", "grade what a class handed in", GRADE)
    command.error = usage(command)
    command.add_argument("submissions", type=Path, metavar="SUBMISSIONS", help="a folder or a ZIP")
    command.add_argument("--exercise", required=True, metavar="NN", help="its number, as in 02")
    command.add_argument(
        "--out", type=Path, required=True, metavar="CSV", help="the table, as in grades.csv"
    )
    command.add_argument(
        "--seed",
        type=int,
        help="what inputs are drawn from (default: as in the last run, at first one at random)",
    )
    add_cluster(command)
    command.set_defaults(command=told(_grade))


def _grade(arguments: argparse.Namespace) -> int:
    from labsupport.answers import find_shelter
    from labsupport.grading.classroom import grade_class, write_pages, write_table
    from labsupport.ops.cluster import spread

    sheet, found = _asked(arguments)
    shelter = find_shelter()
    print(shelter.told)
    pages = arguments.out.with_suffix("")
    seed = _seed(arguments.seed, pages / "seed.txt")
    print(f"Inputs are drawn from seed {seed}.")
    with chosen_executor(arguments) as workers, _progress(len(found)) as bar:
        marks = grade_class(
            found,
            sheet,
            seed,
            log=pages / "graded.log",
            each=lambda function, items, done: spread(function, items, workers, done),
            shelter=shelter,
            progress=bar.update,
        )
    write_table(marks, arguments.out)
    page = write_pages(marks, pages)
    for one in marks.unreadable:
        print(f"{one.student} ({one.file}): {one.problem}")
    print(f"{len(found) - len(marks.unreadable)} of {len(found)} graded: {arguments.out}, {page}")
    return 1 if marks.unreadable else 0


def _asked(arguments: argparse.Namespace) -> tuple[Sheet, list[Submission]]:
    """The exercise and what was handed in; wrong usage is one sentence."""
    from labsupport.grading.classroom import Sheet, find_submissions

    if sys.platform != "linux":
        raise UndecidedError(
            UNAVAILABLE,
            "other people's answers run on Linux only, where they can be confined; grade on a "
            "Linux machine, in WSL or in a container.",
        )
    if arguments.seed is not None and arguments.seed < 0:
        raise UndecidedError(USAGE, "a seed is a whole number from 0 on.")
    if not arguments.submissions.exists():
        raise UndecidedError(MISSING, f"there is no {arguments.submissions}.")
    if arguments.out.suffix != ".csv":
        raise UndecidedError(USAGE, f"--out is a file that ends in .csv, not {arguments.out}.")
    try:
        sheet = Sheet.of(ROOT / "exercises", arguments.exercise)
        return sheet, find_submissions(arguments.submissions, sheet)
    except ValueError as error:
        raise UndecidedError(USAGE, str(error)) from error


def _seed(given: int | None, kept: Path) -> int:
    """What was given, or else what the last run drew from; at first a number that nobody knew."""
    from labsupport.durable import replace_whole

    seed = given
    if seed is None and kept.exists():
        text = kept.read_text(encoding="utf-8").strip()
        if not text.isdecimal():
            raise UndecidedError(USAGE, f"{kept} holds no seed; give one with --seed.")
        seed = int(text)
    seed = secrets.randbelow(10**9) if seed is None else seed
    replace_whole(kept, f"{seed}\n".encode())
    return seed


def _progress(total: int) -> tqdm:
    from tqdm import tqdm

    return tqdm(total=total, unit="submission", disable=not sys.stderr.isatty())
