"""Which walls this machine can put around a process: found out by trying, not by asking.

With bubblewrap a worker sees Python, its packages, a copy of the lab and nothing else: no home
folder, no submission, no network, no other process. Each submission gets namespaces of its own
inside of these, so that what one leaves behind is gone before the next begins. Where bubblewrap is
not there, or may not make namespaces, Landlock keeps a worker to the same files. Where there is
neither, a worker still gives up what `confine` says, and sees what everybody on the machine sees.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from labsupport.answers import landlock

_SYSTEM = ("/usr", "/lib", "/lib64", "/lib32", "/bin", "/etc/ld.so.cache", "/etc/localtime")
_TRY = 20  # seconds


@dataclass(frozen=True)
class Shelter:
    """What stands around a worker.

    Attributes
    ----------
    name : "namespaces", "landlock" or "no walls".
    told : one sentence for whoever reads the marks.
    """

    name: str
    told: str

    def command(self, python: Sequence[str], folder: Path) -> list[str]:
        """The command that runs `python`, a program and its arguments, inside. `folder` is what the
        stage was built in; it can be read."""
        if self.name != "namespaces":
            return list(python)
        return [*_walls(folder, python_places()), "--", *python]

    def sees(self, folder: Path) -> list[Path]:
        """All that a worker may read, where it is kept to that without namespaces."""
        return [*map(Path, _SYSTEM), *python_places(), folder]


def _walls(folder: Path, sees: Sequence[Path]) -> list[str]:
    walls = ["bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--clearenv"]
    walls += [
        "--proc",
        "/proc",
        "--dev",
        "/dev",
        "--dir",
        "/answer",
        "--ro-bind",
        str(folder),
        "/lab",
    ]
    for place in dict.fromkeys([*map(Path, _SYSTEM), *sees]):
        if place.is_symlink() and place.parent == Path("/"):
            walls += ["--symlink", os.readlink(place), str(place)]
        elif place.exists():
            walls += ["--ro-bind", str(place), str(place)]
    for name, value in ENVIRONMENT.items():
        walls += ["--setenv", name, value]
    return [*walls, "--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/answer"]


ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "HOME": "/answer",
    "TMPDIR": "/answer",
    "LANG": "C.UTF-8",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MPLBACKEND": "agg",
    "PYTHONDONTWRITEBYTECODE": "1",
}
if "OPENBLAS_CORETYPE" in os.environ:
    ENVIRONMENT["OPENBLAS_CORETYPE"] = os.environ["OPENBLAS_CORETYPE"]


def python_places() -> list[Path]:
    """Where this Python and its packages are; a package's own link to the lab is not followed."""
    found = {Path(sys.prefix), Path(sys.base_prefix), Path(sys.executable).resolve().parent.parent}
    packages = {Path(path) for path in sys.path if path.endswith("site-packages")}
    return sorted(place for place in found | packages if place != Path("/usr"))


@cache
def find_shelter() -> Shelter:
    """The best that works here."""
    return next(shelter for shelter in shelters() if works(shelter))


def shelters() -> tuple[Shelter, ...]:
    """All that there are, the best first; the last one works everywhere."""
    return (
        Shelter(
            "namespaces",
            "Answers run in namespaces of their own: no network, no other files, no other "
            "processes.",
        ),
        Shelter(
            "landlock",
            "Answers run without namespaces, kept by Landlock to files of their own: no network, "
            "and no signal to other processes.",
        ),
        Shelter(
            "no walls",
            f"Answers run without walls: no network and no new process, but they can {_reach()}. "
            "Install bubblewrap (apt install bubblewrap), or grade on a machine that holds nothing "
            "else.",
        ),
    )


def _reach() -> str:
    """What an answer reaches where nothing keeps it: root's workers go on as nobody."""
    if os.getuid() == 0:
        return "read what everybody on this machine may read"
    return "read and change whatever you can read and change"


def works(shelter: Shelter) -> bool:
    """Whether this machine can do that."""
    if shelter.name == "landlock":
        return landlock.version() > 0 and platform.machine() in ("x86_64", "aarch64")
    if shelter.name != "namespaces":
        return True
    if sys.platform != "linux" or not shutil.which("bwrap"):
        return False
    inner = "unshare(0x10000000 | 0x20000000 | 0x00020000)"  # users, processes, mounts
    nested = f"import ctypes, sys; sys.exit(ctypes.CDLL(None).{inner} != 0)"
    python = [sys.executable, "-I", "-S", "-c", nested]
    try:
        command = shelter.command(python, Path(sys.prefix))
        tried = subprocess.run(command, check=False, capture_output=True, timeout=_TRY)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return tried.returncode == 0
