"""The command `lab`: arguments in, one call, an exit status out.

room       the room the lab is taught in: open, run, doctor, release, damage, slides
demo       the panels in front of a room
stages     the stages on a run's folder: check, train, deploy
evaluate   two models on the same rows, of the lab or of anybody
verdicts   what was compared is judged: report, gate
registry   registered models: show, rollback, restore
pipeline   a fleet of real processes: rollout, trace
looping    the whole pipeline, day by day: loop
studies    many retrainings at once: study aa
suites     suites of questions and attacks: evals run, evals compare
llm        a language model: ask, serve, record
grading    a class: grade
"""

from __future__ import annotations

import argparse
import sys

from labsupport.cli import (
    demo,
    evaluate,
    grading,
    llm,
    looping,
    pipeline,
    registry,
    room,
    stages,
    studies,
    suites,
    verdicts,
)
from labsupport.cli.undecided import usage
from labsupport.workspace import LabError

DESCRIPTION = (
    "A lab on the evaluation gate: the step that decides whether a new model replaces the old one."
)
EXAMPLES = """\
for example
  lab open                          a student: JupyterLab on the first lesson, in the browser
  lab doctor                        is this machine ready, and if not, what to do
  lab run                           an instructor before class: every lesson into build/index.html
  lab run 01 -p margin 0.01         one lesson with another parameter
  lab demo 01                       an instructor in class: its panel as a full page, predict first
  lab run --in-place                an author: refresh the stored outputs of lessons and solutions
  lab damage --seed 7 --checks mine.py   do my data checks find what seed 7 does to the flights?
  lab rollout --fault slow          a new version on four real replicas: where does it stop?
  lab loop --fault "stale shard"     the whole pipeline for half a year: who notices?
  lab evals run mine.yaml --assistant plain   my questions, asked of the lab's assistant
  lab gate RUN --policy mine.toml   does the candidate replace the baseline? The exit status says
  lab registry                      registered models, and how prod came to be what it is
  lab grade handed_in/ --exercise 02 --out grades.csv   what is right, what is not, and why
  lab release --check               CI: are the exercises what their solutions say?

`lab COMMAND --help` has the options of a command.
Exit status: 0 all is well, 1 something is not, 2 nobody can tell, 64 wrong usage, 130 stopped by
Ctrl-C."""


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
    for each in (
        room,
        demo,
        stages,
        evaluate,
        verdicts,
        registry,
        pipeline,
        looping,
        studies,
        suites,
        llm,
        grading,
    ):
        each.add_commands(commands)
    parser.error = usage(parser)  # argparse's own 2 is the gate's `inconclusive`
    return parser
