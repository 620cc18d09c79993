"""Requests to replicas: each with a time limit, a few at a time at each replica, never more waiting
than were asked for.
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

_HEAD = b"%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\n\r\n"


class Request(NamedTuple):
    """What to ask: the port, None if nobody listens; the path; what to send, None to get."""

    port: int | None
    path: str
    body: object = None


@dataclass(frozen=True)
class Reply:
    """What became of a request.

    Attributes
    ----------
    body : the JSON object of the answer, or None where there was none.
    seconds : that it took, once its turn had come.
    """

    body: dict | None
    seconds: float


class Client:
    """Sends requests to ports of this machine.

    Parameters
    ----------
    at_once : requests under way at the same time, at each port; who is slow keeps no other waiting.
    limit : seconds that a request may take, the wait for its turn included.
    """

    def __init__(self, at_once: int, limit: float) -> None:
        self._at_once, self._limit = at_once, limit
        self._kept: dict[int, list] = defaultdict(list)  # connections that wait, by port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def send_all(self, asked: Iterable[Request]) -> list[Reply]:
        """Many requests, replies in their order. Who has no port, does not answer in time or
        answers with an error, has failed.
        """
        return self._run(self._send_all(list(asked)))

    def close(self) -> None:
        """Hang up."""
        self._run(self._hang_up())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, work) -> object:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _send_all(self, asked: list[Request]) -> list[Reply]:
        turns = defaultdict(lambda: asyncio.Semaphore(self._at_once))
        return await asyncio.gather(*(self._send(turns[one.port], one) for one in asked))

    async def _send(self, turn: asyncio.Semaphore, asked: Request) -> Reply:
        begun = time.perf_counter()
        if asked.port is None:
            return Reply(None, 0.0)
        try:
            async with asyncio.timeout(self._limit), turn:
                begun = time.perf_counter()
                answer = await self._ask(asked)
        except (OSError, ValueError, LookupError, EOFError, asyncio.LimitOverrunError):
            answer = None
        return Reply(answer, time.perf_counter() - begun)

    async def _ask(self, asked: Request) -> dict | None:
        """Ask through a connection that was kept, or that failing, through a new one."""
        data = b"" if asked.body is None else json.dumps(asked.body).encode()
        method = b"GET" if asked.body is None else b"POST"
        told = _HEAD % (method, asked.path.encode(), len(data)) + data
        while kept := self._kept[asked.port]:
            try:
                return await self._through(asked.port, kept.pop(), told)
            except (OSError, EOFError):
                continue  # it was closed meanwhile; predictions may be asked for twice
        door = await asyncio.open_connection("127.0.0.1", asked.port)
        return await self._through(asked.port, door, told)

    async def _through(self, port: int, door: tuple, told: bytes) -> dict | None:
        reader, writer = door
        done = False
        try:
            writer.write(told)
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower().split("\r\n")
            fields = dict(line.split(": ", 1) for line in head[1:] if ": " in line)
            body = await reader.readexactly(int(fields.get("content-length", "-1")))
            done = fields.get("connection") != "close"
        finally:
            if done:
                self._kept[port].append(door)
            else:
                writer.close()
        answer = json.loads(body) if head[0].split()[1] == "200" else None
        return answer if isinstance(answer, dict) else None

    async def _hang_up(self) -> None:
        for task in asyncio.all_tasks() - {asyncio.current_task()}:  # left by a Ctrl-C
            task.cancel()
        doors = [writer for kept in self._kept.values() for _, writer in kept]
        for writer in doors:
            writer.close()
        await asyncio.gather(*(w.wait_closed() for w in doors), return_exceptions=True)
