"""A process that dies at its nth call of the system, and one whose disk is full: how the tests of
everything that must survive a kill end it.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import nursery

ROOT = Path(__file__).resolve().parent.parent
NEVER = 10**9

# Counts writes (w), syncs (s) and replacements (r), and prints them at the end of a whole life.
PREAMBLE = """
import atexit, os, sys

folder, deadly, how = sys.argv[1], int(sys.argv[2]), sys.argv[3]
calls = ""

def dying(kind, call):
    def counted(*args):
        global calls
        calls += kind
        if len(calls) != deadly:
            return call(*args)
        if how == "after":
            call(*args)
        if how == "halfway":
            call(args[0], args[1][: len(args[1]) // 2])
        os._exit(9)
    return counted

os.write, os.fsync = dying("w", os.write), dying("s", os.fsync)
os.replace = dying("r", os.replace)
atexit.register(lambda: print(calls))
"""


def lived(
    program: str, folder: Path, deadly: int = NEVER, how: str = "before", **more
) -> subprocess.CompletedProcess[str]:
    """Run a program, which finds `folder`, and end it with status 9 before its nth call, after it,
    or, of a write, halfway. `more`: see nursery.born.
    """
    return nursery.lived(PREAMBLE + program, str(folder), str(deadly), how, **more)


def deaths(calls: str) -> list[tuple[int, str]]:
    """Every end of a life that makes these calls: before each, halfway through each write, after
    the last. (After a call is also before the next.)
    """
    halfway = [(n, "halfway") for n, kind in enumerate(calls, start=1) if kind == "w"]
    return [*((n, "before") for n in range(1, len(calls) + 1)), *halfway, (len(calls), "after")]
