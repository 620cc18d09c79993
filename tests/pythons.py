"""The Pythons of this machine, and for each the locked packages that the core imports.

`make pythons` runs this: it downloads them into build/pythons, once per lock. test_portability then
compares what is there, and downloads nothing.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("numpy", "scipy")  # what the core imports; test_portability looks
NAMES = ("python3.11", "python3.12", "python3.13", "python3.14", "python3", "python")


def version_of(python: str) -> str | None:
    """The version of a CPython, or None for a program that is not one or does not start."""
    ask = "import sys; print(sys.implementation.name, '.'.join(map(str, sys.version_info[:3])))"
    try:
        answer = subprocess.run(
            [python, "-c", ask], capture_output=True, text=True, timeout=20, check=True
        ).stdout.split()
    except (OSError, subprocess.SubprocessError):
        return None
    return answer[1] if len(answer) == 2 and answer[0] == "cpython" else None


def pythons() -> dict[str, str]:
    """{version: program} of every CPython 3.11 to 3.14 on PATH and under pyenv, and of this one."""
    places = [Path(place) for place in os.get_exec_path() if "shims" not in Path(place).parts]
    pyenv = Path.home().glob(".pyenv/versions/3.1[1234].*/bin/python")
    found = [shutil.which(name, path=place) for name in NAMES for place in places]
    programs: dict[str, str] = {}
    asked = set()
    for program in [sys.executable, *sorted(map(str, pyenv)), *filter(None, found)]:
        real = os.path.realpath(program)
        if program != sys.executable and real in asked:
            continue
        asked.add(real)
        version = version_of(program)
        wanted = version and version.startswith(("3.11.", "3.12.", "3.13.", "3.14."))
        if version and (program == sys.executable or wanted):
            programs.setdefault(version, program)
    return programs


def locked() -> str:
    """The entries of the core's packages in locks/lab.lock, with their hashes."""
    entries = re.split(r"\n(?=\S)", (ROOT / "locks/lab.lock").read_text(encoding="utf-8"))
    wanted = [e for e in entries if e.startswith(tuple(f"{name}==" for name in PACKAGES))]
    if {entry.split("==")[0] for entry in wanted} != set(PACKAGES):
        raise LookupError("locks/lab.lock lacks a package that the core needs.")
    return "\n".join(wanted) + "\n"


def packages_for(version: str, python: str) -> Path | None:
    """The folder of the packages for a Python, there or not; None for this one, which has them."""
    if python == sys.executable:
        return None
    made_for = [locked(), os.path.realpath(python), platform.platform()]
    key = hashlib.sha256(json.dumps(made_for).encode()).hexdigest()[:12]
    return ROOT / "build" / "pythons" / f"{version}-{key}"


def is_ready(version: str, python: str) -> bool:
    """Whether the packages for a Python are there."""
    folder = packages_for(version, python)
    return folder is None or folder.exists()


def prepare(version: str, python: str) -> None:
    """Download the packages for a Python; the folder appears when it is complete."""
    folder = packages_for(version, python)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        listed, made = Path(scratch) / "requirements.txt", Path(scratch) / "packages"
        listed.write_text(locked(), encoding="utf-8")
        # This Python's pip chooses for the other: `pip --python` runs inside it, where an old pip
        # fails (23.0, Debian 12's, under 3.12 and later).
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
        pip += ["--python-version", version, "--implementation", "cp"]
        options = ["--require-hashes", "--only-binary", ":all:", "--target", str(made)]
        subprocess.run([*pip, *options, "-r", str(listed)], timeout=300, check=True)
        made.rename(folder)


def main() -> int:
    """Prepare every Python that is not ready; 1 if one could not be."""
    failed = 0
    for version, python in pythons().items():
        if not is_ready(version, python):
            print(f"Python {version}: getting {' and '.join(PACKAGES)} ...", flush=True)
            try:
                prepare(version, python)
            except (OSError, subprocess.SubprocessError) as error:
                print(f"Python {version} could not get them: {error}", file=sys.stderr)
                failed = 1
                continue
        print(f"Python {version} is ready.")
    return failed


if __name__ == "__main__":
    sys.exit(main())
