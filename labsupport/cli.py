"""The command `lab`: arguments in, one call, an exit status out."""

from __future__ import annotations

import argparse
import ast
import signal
import sys

from labsupport.workspace import ROOT, LabError

DESCRIPTION = (
    "A lab on the evaluation gate: the step that decides whether a new model replaces the old one."
)
EXAMPLES = """\
for example
  lab open                          a student: JupyterLab on the first lesson, in the browser
  lab doctor                        is this machine ready, and if not, what to do
  lab run                           an instructor before class: every lesson, executed, in build/index.html
  lab run 01 -p margin 0.01         one lesson with another parameter
  lab run --in-place                an author: refresh the stored outputs of lessons and solutions
  lab release --check               CI: are the exercises what their solutions say?

`lab COMMAND --help` has the options of a command. Exit status: 0 all is well, 1 something is not, 130 stopped by Ctrl-C."""


def main(argv: list[str] | None = None) -> int:
    """Run one command; what a user can put right is one sentence, not a traceback."""
    arguments = _parser().parse_args(argv)
    try:
        return arguments.command(arguments)
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        place = f" ({error.filename})" if error.filename else ""
        print(f"lab: {error.strerror or error}{place}.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nlab: stopped.", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="lab",
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    command = commands.add_parser(
        "open", help="check the machine, then open JupyterLab on the first lesson"
    )
    command.add_argument(
        "--port", type=int, default=8888, help="the port to try first (default: 8888)"
    )
    command.add_argument("--no-browser", action="store_true", help="only print the address")
    command.set_defaults(command=_open)

    command = commands.add_parser(
        "run", help="execute lessons into build/, or refresh their outputs in place"
    )
    command.add_argument(
        "lessons",
        nargs="*",
        metavar="LESSON",
        help="01, 01_evaluation_gate or a path (default: all)",
    )
    command.add_argument(
        "-p", "--parameter", nargs=2, action="append", default=[], metavar=("NAME", "VALUE")
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

    command = commands.add_parser(
        "doctor", help="is this machine ready? one line per question, with the remedy"
    )
    command.add_argument(
        "--port", type=int, default=8888, help="the port to ask about (default: 8888)"
    )
    command.set_defaults(command=_doctor)

    command = commands.add_parser("release", help="write the exercises from their solutions")
    command.add_argument(
        "--check", action="store_true", help="write nothing; fail if an exercise is not up to date"
    )
    command.set_defaults(command=_release)
    return parser


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

    signal.signal(
        signal.SIGTERM, signal.default_int_handler
    )  # a cancelled CI job also ends its kernels
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
    from labsupport.grading.release import ReleaseError, release, stale

    try:
        if arguments.check:
            problems = stale(ROOT)
            print("\n".join(problems) if problems else "Every exercise is what its solution says.")
            return int(bool(problems))
        for path in release(ROOT):
            print(f"written {path}")
    except ReleaseError as error:
        raise LabError(str(error)) from error
    return 0


def _value(text: str) -> object:
    """A number, True, None, a list ... as Python writes it; anything else is a string."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


if __name__ == "__main__":
    sys.exit(main())
