"""Replicas as processes: started, found, ended."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

_START = 60.0  # seconds that replicas may take to come up; a busy machine takes its time


class Processes:
    """The processes of some replicas.

    Parameters
    ----------
    folder : of the fleet.
    names : of the replicas.
    """

    def __init__(self, folder: Path, names: Sequence[str]) -> None:
        self.folder, self.names = folder, names
        self._up: dict[str, _Process] = {}

    def start_missing(self) -> list[str]:
        """Start what is not up, and wait until it listens or has ended.

        Returns
        -------
        The names of those that were started.
        """
        missing = [n for n in self.names if n not in self._up or not self._up[n].alive]
        for name in missing:
            if name in self._up:
                self._up[name].end()  # also what is left of one that ended itself
            self._up[name] = _Process(self.folder, name)
        for name in missing:
            self._up[name].listens.wait(_START)
        return missing

    def port(self, name: str) -> int | None:
        """Where a replica listens; None while it is not up."""
        process = self._up.get(name)
        return process.port if process is not None and process.alive else None

    def pid(self, name: str) -> int:
        """The number of a replica's process, for who wants to kill it."""
        return self._up[name].process.pid

    def kill(self, name: str) -> None:
        """End a replica's process; see start_missing."""
        self._up[name].end()

    def end(self) -> None:
        """End all of them."""
        for process in self._up.values():
            process.process.kill()
        for process in self._up.values():
            process.end()
        self._up = {}


class _Process:
    """A replica's process, and its port once it has told it."""

    def __init__(self, folder: Path, name: str) -> None:
        said = folder / "replicas" / f"{name}.log"
        said.parent.mkdir(parents=True, exist_ok=True)
        with open(said, "wb") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "labsupport.delivery.service.replica", str(folder), name],
                stdin=subprocess.PIPE,  # closed when this process is gone, and the replica sees it
                stdout=subprocess.PIPE,
                stderr=errors,
                start_new_session=True,  # Ctrl-C is the controller's to hear
            )
        self.port: int | None = None
        self.listens = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        self._reader.join()
        self.process.stdin.close()
        self.process.stdout.close()

    def _read(self) -> None:
        """The first line has the port; without one, the process has ended."""
        try:
            line = self.process.stdout.readline()
            self.port = json.loads(line)["port"] if line else None
        finally:
            self.listens.set()
