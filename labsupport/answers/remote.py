"""A submission in its process, and its functions as if they were here."""

from __future__ import annotations

import base64
import contextlib
import json
import secrets
import select
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from labsupport.answers import plain
from labsupport.answers.outcome import Outcome, RemoteAnswer, TimeUp, WorkerEnded
from labsupport.answers.packing import Packed
from labsupport.answers.stopping import call_within

_ALL = 16 * plain.LARGEST  # bytes of all answers to one question: they are held here together
_WALL = 6  # seconds on the clock for each second of CPU time: others work here, too
_TICK = 0.25
_LOOK = 1.0  # a look at CPU time goes through all processes of the machine


@dataclass(frozen=True)
class Cell:
    """What came of a cell: kind "done", "blank" or "raised"; text, the error in words."""

    kind: str
    text: str = ""


class Submission:
    """The process of one submission.

    Attributes
    ----------
    lost : whether it was given up, so that its process has to be ended.
    """

    def __init__(self, link: socket.socket, seconds: Callable[[], float]) -> None:
        self._link, self._seconds = link, seconds
        self._rest, self._length = b"", 0  # what came too early; bytes of the last message
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
        packed = Packed()
        data = packed.bytes(calls)
        asked = {"of": expression, "calls": base64.b64encode(data).decode()}
        left = _ALL
        with self._asked(asked, limit) as say:
            for _ in calls:
                told = say()
                while told["kind"] == "back":
                    say(self._called(packed, told, limit))
                    told = say()
                if told["kind"] == "arguments":
                    yield None
                    return
                left -= self._length
                if left < 0:
                    self.lost = True
                    yield Outcome("large")
                    return
                value = self._value(told) if told["kind"] == "value" else None
                yield Outcome(str(told["kind"]), value, str(told.get("text", "")))

    def _called(self, packed: Packed, told: dict, limit: float) -> dict:
        """What a function of this side says; the answer gave the arguments: expect anything."""
        try:
            function = packed.functions[int(told["number"])]
            args = plain.value_of(told["args"])
            value = call_within(limit, function, *args)
            return {"error": "", "value": plain.written(value)}
        except TimeoutError:
            raise TimeUp from None
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
        end.insist()  # also where all comes at once: what is done here for it takes time
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
            if not piece or size > plain.LARGEST + (1 << 16):
                raise WorkerEnded
            pieces.append(piece)
        line, _, self._rest = b"".join(pieces).partition(b"\n")
        self._length = len(line)
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
        """Raise TimeUp if it is."""
        now = time.monotonic()
        if now - self._looked < _LOOK:
            return
        self._looked, spent = now, self._seconds()
        self._start = spent if self._start is None else self._start
        if spent - self._start > self._limit or now - self._clock > _WALL * self._limit:
            raise TimeUp
