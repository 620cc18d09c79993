"""This side: a worker that is kept ready, a submission in it, and its functions as if they were
here."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import pickle
import secrets
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import FunctionType, MethodType

import psutil

from labsupport.answers import folders, plain
from labsupport.answers.outcome import Outcome, RemoteAnswer, TimeUp, WorkerEnded
from labsupport.answers.shelter import ENVIRONMENT, Shelter, python_places

LARGEST = 64 << 20  # bytes of a message
_START = 60.0  # seconds until a worker has imported what it needs
_WALL = 6  # seconds on the clock for each second of CPU time: others work here, too
_TICK = 0.25


@dataclass(frozen=True)
class Cell:
    """What came of a cell: kind "done", "blank" or "raised"; text, the error in words."""

    kind: str
    text: str = ""


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
        """A fresh process in an empty folder, until the block ends."""
        control = self._ready()
        ours, theirs = socket.socketpair()
        with ours:
            with theirs:
                socket.send_fds(control, [b"f"], [theirs.fileno()])
            submission = Submission(ours, self._seconds)
            try:
                yield submission
            finally:
                ours.close()
                once = self._shelter.name == "no walls"
                if submission.lost or once or not self._ended(control):
                    self.end()

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
            shutil.rmtree(self._place, ignore_errors=True)

    def _ready(self) -> socket.socket:
        if self._process is None or self._process.poll() is not None:
            self._start()
        return self._control

    def _start(self) -> None:
        self.end()
        walled = self._shelter.name == "namespaces"
        folder = Path("/lab") if walled else self._folder
        paths = [folder, *(path for path in python_places() if path.name == "site-packages")]
        settings = {
            "imports": self._modules,
            "shelter": self._shelter.name,
            "sees": [*map(str, self._shelter.sees(self._folder))],
            "seed": 0,
            "cpu": self._limits.cpu,
            "memory": self._limits.memory,
            "file_size": self._limits.file_size,
        }
        ours, theirs = socket.socketpair()
        start = f"import sys; sys.path[:0] = {[str(path) for path in paths]!r}; " + _RUN
        python = [
            sys.executable,
            "-I",
            "-S",
            "-c",
            start,
            str(theirs.fileno()),
            json.dumps(settings),
        ]
        self._place = "" if walled else tempfile.mkdtemp(prefix="answer-")
        if self._place:
            Path(self._place).chmod(0o777)  # without walls root's worker goes on as nobody
        self._process = subprocess.Popen(
            self._shelter.command(python, self._folder),
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            cwd=self._place or None,
            env=None if walled else {**ENVIRONMENT, "HOME": self._place, "TMPDIR": self._place},
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
            self._process.kill()
            _, problem = self._process.communicate()
            self._process = None
            last = problem.decode(errors="replace").strip().rpartition("\n")[2]
            raise RuntimeError(f"A worker did not start: {last or 'no reason given'}")

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


_RUN = "from labsupport.answers.worker import main; main(sys.argv[1:])"


class Submission:
    """The process of one submission.

    Attributes
    ----------
    lost : whether it was given up, so that its process has to be ended.
    """

    def __init__(self, link: socket.socket, seconds: Callable[[], float]) -> None:
        self._link, self._seconds = link, seconds
        self._rest = b""
        self.lost = False

    def run(self, source: str, limit: float) -> Cell:
        """Run a cell of the notebook. Raises TimeUp, WorkerEnded."""
        with self._asked({"cell": source}, limit) as say:
            told = say()
        return Cell(str(told.get("kind")), str(told.get("text", "")))

    def answer(self, expression: str) -> RemoteAnswer | Cell | object:
        """What a check line hands in: a function, a plain value, or the Cell of what went wrong.

        Raises TimeUp, WorkerEnded."""
        with self._asked({"name": expression}, 5.0) as say:
            told = say()
        if told["kind"] == "function":
            return RemoteAnswer(self, expression)
        if told["kind"] == "value":
            return self._value(told)
        return Cell("raised", str(told.get("text", "")))

    def outcomes(
        self, expression: str, calls: Sequence[tuple], limit: float
    ) -> Iterator[Outcome | None]:
        """One Outcome a call, in order; a single None where it does not take so many arguments.

        Raises TimeUp, WorkerEnded, after what was said before that."""
        packed = _Packed()
        data = packed.bytes(calls)
        asked = {"of": expression, "calls": base64.b64encode(data).decode()}
        with self._asked(asked, limit) as say:
            for _ in calls:
                told = say()
                while told["kind"] == "back":
                    say(self._called(packed, told))
                    told = say()
                if told["kind"] == "arguments":
                    yield None
                    return
                value = self._value(told) if told["kind"] == "value" else None
                yield Outcome(str(told["kind"]), value, str(told.get("text", "")))

    def _called(self, packed: _Packed, told: dict) -> dict:
        """What a function of this side says; the answer gave the arguments: expect anything."""
        try:
            function = packed.functions[int(told["number"])]
            args = plain.value_of(told["args"])
            return {"error": "", "value": plain.written(function(*args))}
        except Exception as error:  # noqa: BLE001 - told to the answer that called it so
            return {"error": f"{type(error).__name__}: {error}"[:200], "value": None}

    def _value(self, told: dict) -> object:
        try:
            return plain.value_of(told.get("value"))
        except plain.NotPlain:
            self.lost = True
            raise WorkerEnded from None

    @contextlib.contextmanager
    def _asked(self, question: dict, limit: float) -> Iterator[Callable]:
        nonce = secrets.token_hex(8)
        end = _End(limit, self._seconds)

        def say(answer: dict | None = None) -> dict | None:
            if answer is not None:
                self._send(answer)
                return None
            return self._hear(nonce, end)

        try:
            self._send({"nonce": nonce, **question})
            yield say
        except (TimeUp, WorkerEnded, GeneratorExit):
            self.lost = True
            raise

    def _send(self, message: dict) -> None:
        self._link.settimeout(30)
        try:
            self._link.sendall(json.dumps(message).encode() + b"\n")
        except OSError:
            raise WorkerEnded from None

    def _hear(self, nonce: str, end: _End) -> dict:
        pieces = [self._rest]
        size = len(self._rest)
        while b"\n" not in pieces[-1]:
            while not select.select([self._link], [], [], _TICK)[0]:
                end.insist()
            end.insist()
            try:
                piece = self._link.recv(1 << 16)
            except OSError:
                piece = b""
            size += len(piece)
            if not piece or size > LARGEST + (1 << 16):
                raise WorkerEnded
            pieces.append(piece)
        line, _, self._rest = b"".join(pieces).partition(b"\n")
        try:
            told = json.loads(line)
        except (ValueError, RecursionError):
            raise WorkerEnded from None
        if not isinstance(told, dict) or told.get("nonce") != nonce or "kind" not in told:
            raise WorkerEnded
        return told


class _End:
    """When a question's time is up: by CPU time, so that a busy machine marks no other way."""

    def __init__(self, limit: float, seconds: Callable[[], float]) -> None:
        self._limit, self._seconds = limit, seconds
        self._clock = time.monotonic()
        self._looked, self._start = self._clock, None

    def insist(self) -> None:
        now = time.monotonic()
        if now - self._looked < _TICK:
            return
        self._looked, spent = now, self._seconds()
        self._start = spent if self._start is None else self._start
        if spent - self._start > self._limit or now - self._clock > _WALL * self._limit:
            raise TimeUp


class _Packed(pickle.Pickler):
    """Arguments for the way there. Functions stay here, folders travel as what is in them."""

    def __init__(self) -> None:
        self._buffer = io.BytesIO()
        super().__init__(self._buffer, protocol=5)
        self.functions: list[Callable] = []
        self._numbers: dict[int, int] = {}
        self._folders: dict[str, int] = {}

    def bytes(self, calls: Sequence[tuple]) -> bytes:
        """The calls' arguments."""
        self.dump([tuple(args) for args in calls])
        return self._buffer.getvalue()

    def persistent_id(self, value: object) -> tuple | None:
        kind = type(value)
        if isinstance(value, Path):
            number = self._folders.setdefault(str(value), len(self._folders))
            return "folder", number, folders.entries(value)
        if _stays(kind.__module__):
            return "object", kind.__name__, list(vars(value).items())
        if isinstance(value, FunctionType | MethodType | partial) and _stays(_home(value)):
            if id(value) not in self._numbers:
                self._numbers[id(value)] = len(self.functions)
                self.functions.append(value)
            return "function", self._numbers[id(value)]
        return None


def _home(function: Callable) -> str:
    while isinstance(function, partial):
        function = function.func
    return function.__module__


def _stays(module: str) -> bool:
    """Whether a worker does not know this module."""
    return module.startswith("labsupport.grading")
