"""What the tests give workers to do, and clusters of real processes to do it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent
DASK = [sys.executable, "-m", "dask"]
SOON = 60  # seconds after which nothing more is waited for


class Odd(Exception):  # noqa: N818
    """Cannot be made again from what pickle keeps of it."""

    def __init__(self, code: int, why: str) -> None:
        super().__init__(f"{why} {code}")


def square(number: int) -> int:
    return number * number


def echo(item: object) -> object:
    return item


def wrong(number: int) -> int:
    if number in (3, 7):
        time.sleep(0.5 if number == 3 else 0)  # the later item fails first
        raise LookupError(f"no {number}")
    return number


def leave(number: int) -> None:
    sys.exit(f"left with {number}")


def odd(number: int) -> None:
    raise Odd(number, "odd")


def ends_worker(number: int) -> int:
    if number == 3:
        os._exit(9)
    return number * number


def outlives(task: tuple[str, int]) -> int:
    """At item 3: say who is at it, then wait for the go-ahead."""
    folder, number = Path(task[0]), task[1]
    if number == 3 and not (folder / "go").exists():
        (folder / "new").write_text(str(os.getpid()))
        (folder / "new").rename(folder / "pid")
        until(lambda: (folder / "go").exists())
    return number * number


def until(true: Callable[[], object]) -> None:
    """Wait until something is so."""
    end = time.monotonic() + SOON
    while not true():
        assert time.monotonic() < end, "it did not become so"
        time.sleep(0.02)


@contextmanager
def killing(folder: Path) -> Iterator[list[int]]:
    """Kill whoever is at item 3 of `outlives`, then let the others go on."""
    killed: list[int] = []

    def kill() -> None:
        until(lambda: (folder / "pid").exists())
        worker = psutil.Process(int((folder / "pid").read_text()))
        worker.kill()
        until(lambda: not worker.is_running() or worker.status() == psutil.STATUS_ZOMBIE)
        killed.append(worker.pid)
        (folder / "go").touch()

    thread = threading.Thread(target=kill)
    thread.start()
    yield killed
    thread.join()


@contextmanager
def scheduler(folder: Path, *command: str) -> Iterator[str]:
    """A Dask scheduler in a process of its own, on loopback: its address."""
    told = folder / "scheduler.json"
    words = ["--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(told)]
    words += ["--dashboard-address", "127.0.0.1:0"]
    with started(*(command or [*DASK, "scheduler"]), *words):
        until(lambda: told.exists() and told.read_text().endswith("}"))
        yield json.loads(told.read_text())["address"]


@contextmanager
def worker(address: str, *words: str, path: Path = ROOT) -> Iterator[subprocess.Popen]:
    """A Dask worker in a process of its own, which finds this lab in `path`."""
    own = ["--nthreads", "1", "--host", "127.0.0.1", "--no-dashboard", "--memory-limit", "0"]
    paths = os.pathsep.join([str(path), str(ROOT / "tests")])
    with started(*DASK, "worker", address, *own, *words, cwd=path, PYTHONPATH=paths) as process:
        yield process


@contextmanager
def started(*command: str, cwd: Path = ROOT, **variables: str) -> Iterator[subprocess.Popen]:
    """A process that ends with the block, and what it started with it."""
    process = subprocess.Popen(
        command,
        cwd=cwd,
        env=os.environ | variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        family = [process, *family_of(process.pid)]
        for member in family:
            try:
                member.kill()
            except psutil.NoSuchProcess:
                continue
        process.wait()


def family_of(pid: int) -> list[psutil.Process]:
    """All processes below one."""
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def command_of(process: psutil.Process) -> str:
    """What it was started with; nothing where it has ended, waited for or not."""
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:  # a zombie is one of these
        return ""
