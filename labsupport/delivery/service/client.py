"""Requests to replicas: each with a time limit, a few at a time, never more waiting than asked."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

_LIMIT = 2.0  # seconds that a request may take


@dataclass(frozen=True)
class Reply:
    """What became of a request.

    Attributes
    ----------
    body : the answer, or None where there was none.
    seconds : that it took.
    """

    body: dict | None
    seconds: float


class Client:
    """Sends requests to ports of this machine.

    Parameters
    ----------
    at_once : requests under way at the same time.
    """

    def __init__(self, at_once: int = 8) -> None:
        self._pool = ThreadPoolExecutor(at_once)
        self._local = threading.local()
        self._all: list[http.client.HTTPConnection] = []  # of every thread, to be closed at the end

    def send(self, port: int | None, path: str, body: dict | None = None) -> Reply:
        """One request; who has no port, does not answer in time or answers with an error, has
        failed.
        """
        begun = time.perf_counter()
        answer = None if port is None else self._ask(port, path, body)
        return Reply(answer, time.perf_counter() - begun)

    def send_all(self, asked: Iterable[tuple[int | None, str, dict | None]]) -> Sequence[Reply]:
        """Many requests, some at once, replies in their order."""
        return list(self._pool.map(lambda one: self.send(*one), asked))

    def close(self) -> None:
        """Wait for what is under way, and hang up."""
        self._pool.shutdown()
        for door in self._all:
            door.close()

    def _ask(self, port: int, path: str, body: dict | None) -> dict | None:
        doors = self._local.__dict__.setdefault("doors", {})
        data = None if body is None else json.dumps(body).encode()
        for fresh in (port not in doors, True):  # a kept connection may have been closed meanwhile
            if port not in doors or fresh:
                doors[port] = http.client.HTTPConnection("127.0.0.1", port, timeout=_LIMIT)
                self._all.append(doors[port])
            try:
                doors[port].request("GET" if data is None else "POST", path, data)
                reply = doors[port].getresponse()
                read = reply.read()
                return json.loads(read) if reply.status == 200 else None
            except (OSError, http.client.HTTPException, ValueError) as error:
                doors.pop(port).close()
                if fresh or isinstance(error, TimeoutError):
                    return None
        return None
