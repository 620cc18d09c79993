"""Commands of the room the lab is taught in: each its options, then what it calls."""

from __future__ import annotations

import argparse
import ast
import signal
from pathlib import Path
from typing import Any

from labsupport.cli.command import add_command
from labsupport.workspace import ROOT, LabError

RUN = """for example
  lab run 01 -p margin 0.01         one lesson with another margin, into build/
  lab run --in-place                an author: outputs of all lessons and solutions, made anew

A lesson that fails is named with its cell; the exit status is 1 then."""
DAMAGE = """for example
  lab damage --seed 7                     the lab's own checks: do they find it?
  lab damage --seed 7 --checks mine.py    yours: checks(current, reference) gets two pandas frames,
                                          and returns a Verdict or a list of Checks

Two copies are checked, one as it came and one spoilt. What was done is told at the end. Checks that
block the sound copy have caught nothing; after a crash nothing is told."""


def add_commands(commands: Any) -> None:
    """Add them to argparse's subparsers."""
    for add in (_add_open, _add_run, _add_doctor, _add_release, _add_damage, _add_slides):
        add(commands)


def port(text: str) -> int:
    """A port's number; what is none is refused by argparse."""
    if not (text.isdecimal() and 1 <= int(text) <= 65535):
        raise argparse.ArgumentTypeError(f"a port is a number from 1 to 65535, not {text!r}")
    return int(text)


def _add_open(commands: Any) -> None:
    command = add_command(
        commands, "open", "check the machine, then open JupyterLab on the first lesson"
    )
    command.add_argument(
        "--port", type=port, default=8888, help="the port to try first (default: 8888)"
    )
    command.add_argument("--no-browser", action="store_true", help="only print the address")
    command.set_defaults(command=_open)


def _add_run(commands: Any) -> None:
    command = add_command(
        commands, "run", "execute lessons into build/, or refresh their outputs in place", RUN
    )
    command.add_argument(
        "lessons",
        nargs="*",
        metavar="LESSON",
        help="01, 01_evaluation_gate or a path (default: all)",
    )
    command.add_argument(
        *("-p", "--parameter"),
        nargs=2,
        action="append",
        default=[],
        metavar=("NAME", "VALUE"),
        help="a variable of the lesson's parameters cell, as often as needed",
    )
    command.add_argument(
        "--in-place",
        action="store_true",
        help="store normalised outputs in the notebooks and solutions",
    )
    command.add_argument("--out", default=None, help="where the report goes (default: build)")
    command.add_argument(
        "--jobs", type=int, default=2, help="lessons at the same time (default: 2)"
    )
    command.add_argument(
        "--timeout", type=float, default=120, help="seconds one cell may take (default: 120)"
    )
    command.set_defaults(command=_run)


def _add_doctor(commands: Any) -> None:
    command = add_command(
        commands, "doctor", "say whether this machine is ready, line by line, with the remedy"
    )
    command.add_argument(
        "--port", type=port, default=8888, help="the port to ask about (default: 8888)"
    )
    command.set_defaults(command=_doctor)


def _add_release(commands: Any) -> None:
    command = add_command(commands, "release", "write the exercises from their solutions")
    command.add_argument(
        "--check", action="store_true", help="write nothing; fail if an exercise is not up to date"
    )
    command.set_defaults(command=_release)


def _add_damage(commands: Any) -> None:
    command = add_command(
        commands,
        "damage",
        "spoil a snapshot in a way that nobody has seen, and let checks look for it",
        DAMAGE,
    )
    command.add_argument("--seed", type=int, required=True, help="what is drawn; one for a room")
    command.add_argument(
        "--data", choices=("flights", "employment"), default="flights", help="(default: flights)"
    )
    command.add_argument(
        "--checks",
        metavar="FILE",
        help="Python with a function checks(current, reference) (default: the lab's own checks)",
    )
    command.add_argument(
        "--timeout", type=float, default=120, help="seconds the checks may take (default: 120)"
    )
    command.set_defaults(command=_damage)


def _add_slides(commands: Any) -> None:
    command = add_command(
        commands, "slides", "lessons as slides, from their stored outputs (`make slides`)"
    )
    command.add_argument(
        "lessons", nargs="*", metavar="LESSON", help="01, 01_evaluation_gate ... (default: all)"
    )
    command.add_argument("--out", default=None, help="the folder (default: build/slides)")
    command.set_defaults(command=_slides)


def _open(arguments: argparse.Namespace) -> int:
    from labsupport.workspace.server import open_lab

    if _examine(arguments.port, start_kernel=False, fatal_only=True):
        return 1
    return open_lab(arguments.port, not arguments.no_browser)


def _doctor(arguments: argparse.Namespace) -> int:
    return _examine(arguments.port, start_kernel=True, fatal_only=False)


def _examine(port: int, start_kernel: bool, fatal_only: bool) -> int:
    """Print the findings; 1 if one of them stands in the way."""
    from labsupport.workspace.doctor import examine

    status = 0
    for finding in examine(port=port, start_kernel=start_kernel):
        print(finding, flush=True)
        if finding.fatal or (finding.remedy and not fatal_only):
            status = 1
    return status


def _run(arguments: argparse.Namespace) -> int:
    from labsupport.workspace import execute

    # A cancelled CI job ends its kernels too, and so does Ctrl-C where a shell has it ignored.
    for stop in (signal.SIGTERM, signal.SIGINT):
        signal.signal(stop, signal.default_int_handler)
    parameters = {name: _value(text) for name, text in arguments.parameter}
    if arguments.in_place and (parameters or arguments.out):
        raise LabError(
            "--in-place stores the outputs of the default parameters where the lessons are; "
            "drop -p and --out."
        )
    lessons = execute.find_lessons(
        ROOT, arguments.lessons, ("notebooks", "solutions")[: 1 + arguments.in_place]
    )
    execute.check_parameters(lessons, parameters)
    limits = execute.Limits(arguments.jobs, arguments.timeout)
    if arguments.in_place:
        outcomes = execute.refresh(lessons, limits)
    else:
        outcomes = execute.report(lessons, arguments.out or ROOT / "build", parameters, limits)
    return int(any(outcome.problem for outcome in outcomes))


def _release(arguments: argparse.Namespace) -> int:
    from labsupport.grading.kill_table import stale_kill_table, write_kill_table
    from labsupport.grading.release import ReleaseError, release, stale

    try:
        if arguments.check:
            problems = [*stale(ROOT), *stale_kill_table(ROOT)]
            print("\n".join(problems) if problems else "Every exercise is what its solution says.")
            return int(bool(problems))
        for path in (*release(ROOT), write_kill_table(ROOT)):
            print(f"written {path}")
    except ReleaseError as error:
        raise LabError(str(error)) from error
    return 0


def _damage(arguments: argparse.Namespace) -> int:
    from labsupport.processes import ChildError, in_child
    from labsupport.validation.sealed import trial_of_file

    if arguments.seed < 0:
        raise LabError(f"--seed is a whole number from 0; got {arguments.seed}.")
    asked = (arguments.seed, arguments.data, arguments.checks)
    try:
        words, caught = in_child(trial_of_file, asked, arguments.timeout)
    except ChildError as error:
        raise LabError(f"The checks had no result: the run {error}.") from error
    print(words)
    return int(not caught)


def _slides(arguments: argparse.Namespace) -> int:
    from labsupport.workspace.execute import find_lessons
    from labsupport.workspace.slides.deck import reveal_folder, write_slides

    target = Path(arguments.out) if arguments.out else ROOT / "build/slides"
    lessons = find_lessons(ROOT, arguments.lessons)
    write_slides(lessons, target, reveal_folder(ROOT))
    print(f"written {target / 'index.html'}")
    return 0


def _value(text: str) -> object:
    """A number, True, None, a list ... as Python writes it; anything else is a string."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text
