"""Programs that start at once: children of a process that has imported already what they import.

A test that kills a program at each of its calls runs it dozens of times, and a fresh Python takes
seconds to import numpy, SciPy or MLflow before it reaches its first line. Here one process imports
them and forks; the child is as mortal as any other. Where a process cannot be forked, on Windows,
or not safely, on a Mac, every program gets a Python of its own.
"""

from __future__ import annotations

import atexit
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")])}
FORKS = sys.platform == "linux"
IMPORTS = re.compile(r"^(?:from [\w.]+ )?import .*", re.MULTILINE)

# Reads requests; for each, imports what the program imports, and forks. The first child waits for
# the second, which runs it, and says how that ended.
_PROGRAM = """
import atexit, contextlib, json, os, sys, traceback, warnings

def run(asked):
    os.chdir(asked["cwd"])
    os.environ.clear()
    os.environ.update(asked["environment"])
    for number, name in enumerate([os.devnull, asked["out"], asked["err"]]):
        os.dup2(os.open(name, os.O_RDWR | os.O_CREAT), number)
    if not asked["strict"]:
        warnings.simplefilter("default")
    sys.argv = ["-c", *asked["words"]]
    try:
        exec(compile(asked["code"], "<string>", "exec"), {"__name__": "__main__"})
        status = 0
    except SystemExit as end:
        status = end.code or 0
        if not isinstance(status, int):
            print(status, file=sys.stderr)
            status = 1
    except BaseException:
        traceback.print_exc()
        status = 1
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)

warnings.filterwarnings("ignore", ".*fork", DeprecationWarning)
for line in sys.stdin:
    asked = json.loads(line)
    for imported in asked["imports"]:
        with contextlib.suppress(Exception):  # the child will say so
            exec(imported, {})
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            continue
    if os.fork():
        continue
    if not (child := os.fork()):
        atexit._clear()
        run(asked)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    with open(asked["end"] + "~", "w") as file:
        file.write(str(status))
    os.replace(asked["end"] + "~", asked["end"])
    os._exit(0)
"""


class Life:
    """A program that runs; poll() and communicate() as of a Popen."""

    def __init__(self, place: Path):
        self.place = place

    def poll(self) -> int | None:
        """Its exit status; None while it lives."""
        end = self.place.with_suffix(".end")
        return int(end.read_text()) if end.exists() else None

    def communicate(self) -> tuple[str, str]:
        """What it has printed, once it has ended, and what it has complained about."""
        while self.poll() is None:
            time.sleep(0.005)
        return tuple(self.place.with_suffix(end).read_text() for end in (".out", ".err"))


@cache
def _nursery() -> tuple[subprocess.Popen, Path, itertools.count]:
    running = subprocess.Popen(
        [sys.executable, "-W", "error", "-c", _PROGRAM], text=True,
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
        env=os.environ | ENVIRONMENT | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
    )  # fmt: skip
    folder = Path(tempfile.mkdtemp(prefix="nursery"))

    @atexit.register
    def over() -> None:
        running.communicate()
        shutil.rmtree(folder)

    return running, folder, itertools.count()


def born(
    code: str, *words: str, strict: bool = False, imports: str = "", at_once: bool = FORKS
) -> Life | subprocess.Popen:
    """Start a program.

    Parameters
    ----------
    code, words : as of `python -c code words`.
    strict : whether a warning is an error.
    imports : a program that imports what else it will import, where it does so late.
    at_once : False: in a Python of its own, which prints into pipes; the others print into files.
    """
    environment = os.environ | ENVIRONMENT
    if not at_once:
        return subprocess.Popen(
            [sys.executable, *["-W", "error"] * strict, "-c", code, *words],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment,
        )  # fmt: skip
    running, folder, numbers = _nursery()
    place = folder / f"{next(numbers)}"
    files = {end: str(place.with_suffix(f".{end}")) for end in ("out", "err", "end")}
    asked = {"code": code, "words": words, "strict": strict, "cwd": os.getcwd()}
    asked |= {"environment": dict(environment), **files}
    asked |= {"imports": [imports, *IMPORTS.findall(code)]}
    running.stdin.write(json.dumps(asked) + "\n")
    running.stdin.flush()
    return Life(place)


def lived(code: str, *words: str, **how) -> subprocess.CompletedProcess[str]:
    """A program, whole; see born."""
    life = born(code, *words, **how)
    out, err = life.communicate()
    return subprocess.CompletedProcess([*words], life.poll(), out, err)
