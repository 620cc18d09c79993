"""A worker that is kept ready, and its submissions."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from labsupport.answers.outcome import TimeUp, WorkerEnded
from labsupport.answers.remote import Submission
from labsupport.answers.room import remove
from labsupport.answers.shelter import ENVIRONMENT, Shelter, python_places

_START = 60.0  # seconds until a worker has imported what it needs
_TRIES = 3  # to begin a submission
_RUN = "from labsupport.answers.worker import main; main(sys.argv[1:])"


@dataclass(frozen=True)
class Limits:
    """What one submission may use: seconds of CPU time, bytes of memory, bytes of a file it
    writes."""

    cpu: int = 120
    memory: int = 3 << 30
    file_size: int = 16 << 20


class Sandbox:
    """A worker that is kept ready: it has imported what an exercise needs and forks for each
    submission.

    Parameters
    ----------
    folder : what `build_stage` filled.
    modules : what to import before an answer comes.
    shelter : the walls; without any a worker serves one submission and is ended.
    """

    def __init__(
        self, folder: Path, modules: Sequence[str], shelter: Shelter, limits: Limits | None = None
    ) -> None:
        self._folder, self._modules, self._shelter = folder, list(modules), shelter
        self._limits = limits or Limits()
        self._process: subprocess.Popen | None = None
        self._control: socket.socket | None = None
        self._place = ""

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    @contextlib.contextmanager
    def submission(self) -> Iterator[Submission]:
        """A fresh process in an empty folder, until the block ends.

        Raises
        ------
        RuntimeError : this machine cannot start one.
        """
        submission, ours = self._begun()
        try:
            yield submission
        finally:
            ours.close()
            once = self._shelter.name == "no walls"
            if submission.lost or once or not self._ended(self._control):
                self.end()

    def _begun(self) -> tuple[Submission, socket.socket]:
        """A submission that has answered once, before any code of a student ran in it: what goes
        wrong until then is this machine's fault, and no answer's."""
        for _ in range(_TRIES):
            control = self._ready()
            ours, theirs = socket.socketpair()
            submission = Submission(ours, self._seconds)
            with contextlib.suppress(OSError, TimeUp, WorkerEnded):
                with theirs:
                    socket.send_fds(control, [b"f"], [theirs.fileno()])
                submission.run("", _START)
                return submission, ours
            ours.close()
            self.end()
        raise RuntimeError("A worker could not begin: is this machine short of memory or disk?")

    def end(self) -> None:
        """End the worker and all that it started."""
        if self._process is None:
            return
        self._control.close()
        with contextlib.suppress(psutil.NoSuchProcess):
            for child in psutil.Process(self._process.pid).children(recursive=True):
                with contextlib.suppress(psutil.NoSuchProcess):
                    child.kill()
        self._process.kill()
        self._process.communicate()
        self._process = None
        if self._place:
            remove(Path(self._place))

    def _ready(self) -> socket.socket:
        if self._process is None or self._process.poll() is not None:
            self._start()
        return self._control

    def _start(self) -> None:
        self.end()
        ours, theirs = socket.socketpair()
        walled = self._shelter.name == "namespaces"
        self._place = "" if walled else tempfile.mkdtemp(prefix="answer-")
        if self._place:
            Path(self._place).chmod(0o777)  # without walls root's worker goes on as nobody
        here = {"HOME": self._place, "TMPDIR": self._place}
        self._process = subprocess.Popen(
            self._shelter.command(self._python(theirs.fileno()), self._folder),
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            cwd=self._place or None,
            env=None if walled else {**ENVIRONMENT, **here},
            start_new_session=True,
        )
        theirs.close()
        self._control = ours
        ours.settimeout(_START)
        try:
            said = ours.recv(6)
        except TimeoutError:
            said = b""
        if said != b"ready\n":
            ours.close()
            self._process.kill()
            _, problem = self._process.communicate()
            self._process = None
            last = problem.decode(errors="replace").strip().rpartition("\n")[2]
            raise RuntimeError(f"A worker did not start: {last or 'no reason given'}")

    def _python(self, link: int) -> list[str]:
        """The worker's program; what Python adds to the path by itself would lead to the lab."""
        walled = self._shelter.name == "namespaces"
        folder = Path("/lab") if walled else self._folder
        paths = [folder, *(path for path in python_places() if path.name == "site-packages")]
        settings = {
            "imports": self._modules,
            "shelter": self._shelter.name,
            "sees": [*map(str, self._shelter.sees(self._folder))],
            "seed": 0,
            **asdict(self._limits),
        }
        start = f"import sys; sys.path[:0] = {[str(path) for path in paths]!r}; " + _RUN
        return [sys.executable, "-I", "-S", "-c", start, str(link), json.dumps(settings)]

    def _ended(self, control: socket.socket) -> bool:
        """Whether the fork is gone, and with it all that it started."""
        control.settimeout(2)
        try:
            return control.recv(6) == b"ended\n"
        except OSError:
            return False

    def _seconds(self) -> float:
        """CPU time of the worker and all its descendants."""
        try:
            first = psutil.Process(self._process.pid)
            everyone = [first, *first.children(recursive=True)]
        except psutil.NoSuchProcess:
            return 0.0
        total = 0.0
        for one in everyone:
            with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                spent = one.cpu_times()
                total += spent.user + spent.system
        return total
