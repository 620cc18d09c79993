"""How much an answer may leave in its folder, where the system sets no bound to a folder."""

from __future__ import annotations

import os
import select
import shutil
import signal
import subprocess
from pathlib import Path

BYTES, ENTRIES = 64 << 20, 4096  # what a folder may hold; in namespaces a tmpfs says the same
_TICK = 0.2  # seconds; what is written between two looks is the most that it can be too much


def wait_within(pid: int, folder: Path) -> None:
    """Wait for the end of a child, and end it once its folder holds too much."""
    process = os.pidfd_open(pid)
    try:
        while not select.select([process], [], [], _TICK)[0]:
            if is_full(folder):
                os.kill(pid, signal.SIGKILL)
    finally:
        os.close(process)
    os.waitpid(pid, 0)


def is_full(folder: Path) -> bool:
    """Whether there is more in it than BYTES or ENTRIES, or what cannot be looked at."""
    room, count, left = BYTES, ENTRIES, [str(folder)]
    while left:
        try:
            with os.scandir(left.pop()) as found:
                for entry in found:
                    room -= entry.stat(follow_symlinks=False).st_blocks * 512
                    count -= 1
                    if room < 0 or count < 0:
                        return True
                    if entry.is_dir(follow_symlinks=False):
                        left.append(entry.path)
        except FileNotFoundError:
            continue  # it was removed in the meantime
        except OSError:
            return True  # closed to its owner, or deeper than a path is long
    return False


def remove(folder: Path) -> None:
    """Remove a folder, also one that was made to be hard to remove."""
    try:
        shutil.rmtree(folder)
    except (OSError, RecursionError):  # rmtree calls itself for each level
        for command in (["chmod", "-R", "u+rwx"], ["rm", "-rf"]):
            subprocess.run([*command, "--", str(folder)], check=False, stderr=subprocess.DEVNULL)
