"""Is this machine ready? One line per question, and the remedy where the answer is no."""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from labsupport.workspace import ROOT, LabError, prepare_environment
from labsupport.workspace.server import DEFAULT_PORT, FIRST_LESSON

REINSTALL = "run `make -B setup`, or without make `pip install -r locks/lab.lock`"
MEMORY_NEEDED = 0.5  # GB: room for JupyterLab and a kernel
DISK_NEEDED = 0.2  # GB
SHOWN = ("numpy", "scipy", "jupyterlab")


@dataclass(frozen=True)
class Finding:
    """One answer.

    Attributes
    ----------
    subject : what was asked about, one word.
    detail : what was found.
    remedy : what to do, or "" when all is well.
    fatal : whether the lab cannot open before the remedy was applied.
    """

    subject: str
    detail: str
    remedy: str = ""
    fatal: bool = False

    def __str__(self) -> str:
        line = f"{'FIX' if self.remedy else 'ok':<4}{self.subject:<10}{self.detail}"
        return f"{line}; {self.remedy}" if self.remedy else line


def examine(
    root: Path = ROOT, port: int = DEFAULT_PORT, start_kernel: bool = True
) -> Iterator[Finding]:
    """Yield the findings about this machine, each as soon as it is known.

    Parameters
    ----------
    port : the port that `lab open` would try first.
    start_kernel : also start a kernel and let it import labsupport (about a second).

    Raises
    ------
    LabError : `root` is no folder of the lab.
    """
    yield _python(_project(root)["requires-python"])
    found = packages(root)
    yield found
    if not found.remedy:  # without Jupyter's packages there is nothing to ask about kernels
        yield _kernel(root, start_kernel)
    yield _lessons(root)
    yield _port(port)
    yield _memory()
    yield _disk(root)


def packages(root: Path = ROOT, *extras: str) -> Finding:
    """Whether what pyproject.toml asks for is there, in range: the lab's packages, and those of
    some extras. `make` asks, too, before it believes that .venv is ready.
    """
    project = _project(root)
    lists = [project["dependencies"], *(project["optional-dependencies"][name] for name in extras)]
    requirements = [Requirement(line) for lines in lists for line in lines]
    versions = {requirement.name: _version(requirement.name) for requirement in requirements}
    wrong = [
        f"{r.name} {versions[r.name] or 'is missing,'} (needs {r.specifier})"
        for r in requirements
        if versions[r.name] is None or not r.specifier.contains(versions[r.name], prereleases=True)
    ]
    if wrong:
        return Finding("packages", ", ".join(wrong), REINSTALL, True)
    shown = ", ".join(f"{name} {versions[name]}" for name in SHOWN if name in versions)
    return Finding("packages", f"all {len(requirements)} in range, {shown}")


def _project(root: Path) -> dict:
    file = root / "pyproject.toml"
    if not file.is_file():
        raise LabError(
            f"There are no lessons around {root / 'labsupport'}: it was installed without -e, away "
            "from its folder. Go to that folder and run `make lab`."
        )
    return tomllib.loads(file.read_text(encoding="utf-8"))["project"]


def _python(wanted: str) -> Finding:
    found = ".".join(map(str, sys.version_info[:3]))
    detail = f"{found} at {sys.prefix}"
    if SpecifierSet(wanted).contains(found, prereleases=True):
        return Finding("python", detail)
    return Finding(
        "python",
        detail,
        f"the lab needs Python {wanted}; install one and make a new environment",
        True,
    )


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _kernel(root: Path, start: bool) -> Finding:
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel
    from jupyter_client.manager import start_new_kernel

    prepare_environment(root)
    try:
        KernelSpecManager().get_kernel_spec("python3")
    except NoSuchKernel:
        return Finding("kernel", "python3 is not installed", REINSTALL, True)
    if not start:
        return Finding("kernel", "python3 found")
    try:
        manager, client = start_new_kernel(
            kernel_name="python3", startup_timeout=30, stderr=subprocess.DEVNULL
        )
    except (RuntimeError, OSError) as error:
        return Finding("kernel", f"python3 does not start ({error})", REINSTALL, True)
    try:
        reply = client.execute_interactive(
            "import labsupport", timeout=30, output_hook=lambda message: None
        )["content"]
    except TimeoutError:
        reply = {"status": "error", "ename": "TimeoutError", "evalue": "no answer for 30 s"}
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    if reply["status"] == "ok":
        return Finding("kernel", "python3 starts and imports labsupport")
    return Finding(
        "kernel",
        f"python3 fails on labsupport ({reply['ename']}: {reply['evalue']})",
        REINSTALL,
        True,
    )


def _lessons(root: Path) -> Finding:
    if not (root / FIRST_LESSON).is_file():
        return Finding(
            "lessons",
            f"{FIRST_LESSON} is missing",
            f"restore it with `git checkout {FIRST_LESSON}`",
            True,
        )
    return Finding(
        "lessons", f"{len(list((root / 'notebooks').glob('*.ipynb')))} in {root / 'notebooks'}"
    )


def _port(port: int) -> Finding:
    with socket.socket() as probe:
        taken = probe.connect_ex(("127.0.0.1", port)) == 0
    return Finding(
        "port",
        f"{port} is taken, `lab open` will use the next free one" if taken else f"{port} is free",
    )


def _memory() -> Finding:
    free = psutil.virtual_memory().available / 1e9
    remedy = "" if free >= MEMORY_NEEDED else f"close programs until {MEMORY_NEEDED} GB are free"
    return Finding("memory", f"{free:.1f} GB free", remedy)


def _disk(root: Path) -> Finding:
    build = root / "build"
    try:
        build.mkdir(exist_ok=True)
        with tempfile.TemporaryFile(dir=build):
            free = shutil.disk_usage(build).free / 1e9
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        return Finding(
            "disk",
            f"{build} is not writable ({reason})",
            "put the lab in a folder of your own, with room",
        )
    remedy = "" if free >= DISK_NEEDED else f"free {DISK_NEEDED} GB"
    return Finding("disk", f"{free:.1f} GB free, {build} is writable", remedy)
