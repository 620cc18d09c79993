"""A function in a child: its result, its errors, and its end, whatever it does."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import psutil
import pytest

from labsupport.processes import ChildError, end_children, in_child


def below() -> set[psutil.Process]:
    """The processes below this one; Python's own tracker stays for the next child."""
    found = set()
    for process in psutil.Process().children(recursive=True):
        try:
            found |= set() if "resource_tracker" in " ".join(process.cmdline()) else {process}
        except psutil.NoSuchProcess:  # it ended while we looked, or nobody has asked how it ended
            continue
    return found


def start_another(seconds: float) -> None:
    """Start a process that outlives this one, unless somebody ends it."""
    subprocess.Popen([sys.executable, "-c", f"import time; time.sleep({seconds})"])
    time.sleep(seconds)


def test_what_the_function_returns_comes_back():
    assert in_child(divmod, (7, 2), limit=60) == (3, 1)
    assert in_child(os.getpid, (), limit=60) != os.getpid()


@pytest.mark.parametrize(
    ("function", "arguments", "limit", "words"),
    [
        (time.sleep, (600,), 0.5, "did not end within 0.5 s"),
        (os._exit, (3,), 60, r"ended without a result \(status 3\)"),
        (start_another, (600,), 5, "did not end within 5 s"),
    ],
    ids=["hangs", "ends itself", "starts another"],
)
def test_a_child_that_does_not_answer_is_ended_with_all_it_started(
    function, arguments, limit, words
):
    before = below()
    with pytest.raises(ChildError, match=words):
        in_child(function, arguments, limit)
    assert below() <= before


def test_an_error_of_the_system_is_raised_again():
    with pytest.raises(FileNotFoundError):
        in_child(os.stat, ("/no/such/file",), limit=60)


def test_what_was_ended_already_is_no_error():
    started = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    end_children(started.pid)
    assert started.wait(timeout=30) != 0
    end_children(started.pid)


def test_by_default_the_children_of_this_process_are_ended_and_nothing_else():
    program = """
import subprocess, sys, threading, time
from labsupport.processes import ChildError, end_children, in_child
other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
said = []
def wait():
    try:
        in_child(time.sleep, (600,), 500)
    except ChildError as error:
        said.append(str(error))
thread = threading.Thread(target=wait)
thread.start()
while thread.is_alive():
    end_children()
    time.sleep(0.05)
print(said[0].split(" (")[0], other.poll())
other.kill()
other.wait()
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "its process ended without a result None\n", done.stderr
