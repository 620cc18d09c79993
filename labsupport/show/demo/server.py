"""The panels as pages of this machine, drawn in a process that may die and come back."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import threading
import webbrowser
from collections.abc import AsyncIterator, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import cache
from multiprocessing import get_context

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from labsupport.processes import end_children
from labsupport.show.demo import page
from labsupport.show.demo.steps import SCRIPTS
from labsupport.show.frames import Frames
from labsupport.show.panels import PANELS

START = 120.0  # seconds until the process that draws has imported what it needs
LIMIT = 20.0  # seconds for a frame
LARGEST = 10_000  # bytes that a request may have


@cache
def _frames(word: str) -> Frames:
    return Frames(PANELS[word])


def _page(word: str) -> str:
    return page.page(word, _frames(word), {"kind": "served"})


def _frame(word: str, at: Mapping[str, int], request: Mapping) -> dict[str, object]:
    frames = _frames(word)
    values = frames.values(at)
    if request.get("ask") == "ahead":
        request = {**request, "ask": "move"}
    return frames.frame(frames.asked(values, request)).told


def _keep(word: str, label: str) -> None:
    _frames(word).frame(PANELS[word].preset(label))


@contextlib.contextmanager
def _deaf() -> Iterator[None]:
    """A process that is started here hears no Ctrl-C: a terminal sends it to all, one decides."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


class Drawing:
    """The process that draws; whoever asks hears when it is gone, and can have it back."""

    def __init__(self) -> None:
        self._pool: ProcessPoolExecutor | None = None
        self.again()

    def again(self) -> None:
        """End the process, also one that hangs, and begin a new one."""
        self.end()
        self._pool = ProcessPoolExecutor(1, mp_context=get_context("spawn"))
        with _deaf():
            self._begun = self._pool.submit(_page, next(iter(SCRIPTS)))  # it imports all there is

    def end(self) -> None:
        """End the process."""
        if self._pool is None:
            return
        for process in list((self._pool._processes or {}).values()):
            end_children(process.pid)
            process.kill()
        self._pool.shutdown(cancel_futures=True)
        self._pool = None

    async def ask(self, function, *arguments: object) -> object:
        """What a function returns there.

        Raises
        ------
        ConnectionError : the process is gone, or did not answer in LIMIT seconds.
        ValueError : what the function raised.
        """
        try:
            await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(self._begun)), START)
            future = asyncio.get_running_loop().run_in_executor(self._pool, function, *arguments)
            return await asyncio.wait_for(future, LIMIT)
        except (BrokenProcessPool, TimeoutError, RuntimeError) as error:
            raise ConnectionError("The process that draws is gone.") from error


class Pages:
    """What a browser asks, answered by a Drawing."""

    def __init__(self, drawing: Drawing) -> None:
        self._drawing = drawing
        self._warmed: dict[str, asyncio.Task] = {}
        self._shown = ""  # the panel whose page was asked for last

    async def _warm(self, word: str) -> None:
        """Draw a panel's presets before somebody asks; a question waits for one of them at most."""
        with contextlib.suppress(ConnectionError):  # who asks next will hear of it
            for label in PANELS[word].presets:
                await self._drawing.ask(_keep, word, label)

    def _anew(self) -> None:
        """A new process to draw, which has drawn nothing ahead yet."""
        self._cool()
        self._drawing.again()
        if self._shown:
            self._warmed[self._shown] = asyncio.create_task(self._warm(self._shown))

    def _cool(self) -> None:
        for task in self._warmed.values():
            task.cancel()
        self._warmed.clear()

    def end(self) -> None:
        """Nothing more is drawn ahead, and nothing at all."""
        self._cool()
        self._drawing.end()

    async def index(self, _: Request) -> Response:
        """The list of all panels."""
        return HTMLResponse(page.index(list(SCRIPTS)))

    async def panel(self, request: Request) -> Response:
        """A panel's page."""
        word = request.path_params["word"]
        if word not in SCRIPTS:
            return PlainTextResponse(f"There is no panel {word!r}: {', '.join(SCRIPTS)}.", 404)
        try:
            told = await self._drawing.ask(_page, word)
        except ConnectionError as error:
            self._anew()  # nobody is on this page yet who could press a key
            return PlainTextResponse(f"{error} It is begun anew: load this page again.", 503)
        self._shown = word
        if word not in self._warmed:
            self._warmed[word] = asyncio.create_task(self._warm(word))
        return HTMLResponse(told)

    async def frame(self, request: Request) -> Response:
        """A frame: of where the controls stand, and what is asked of them."""
        word, body = request.path_params["word"], await request.body()
        if word not in SCRIPTS or len(body) > LARGEST:
            return PlainTextResponse(f"There is no panel {word!r}, or it was asked too much.", 400)
        try:
            asked = json.loads(body)
            drawn = await self._drawing.ask(_frame, word, asked["at"], asked["request"])
        except ConnectionError as error:
            return PlainTextResponse(str(error), 503)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            return PlainTextResponse(f"This was not understood. {error}", 400)
        return JSONResponse(drawn)

    async def again(self, _: Request) -> Response:
        """A new process to draw."""
        self._anew()
        return PlainTextResponse("It is back.")


def app(drawing: Drawing) -> Starlette:
    """The pages, answered by a Drawing that ends with them."""

    pages = Pages(drawing)

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        pages.end()

    routes = [
        Route("/", pages.index),
        Route("/again", pages.again, methods=["POST"]),
        Route("/{word}", pages.panel),
        Route("/{word}/frame", pages.frame, methods=["POST"]),
    ]
    return Starlette(routes=routes, lifespan=lifespan)


def serve(word: str = "", port: int = 8900, browser: bool = True) -> int:
    """Serve the panels at 127.0.0.1 until Ctrl-C; the next free port if this one is taken.

    Parameters
    ----------
    word : the panel that the browser opens; empty for the list of all.
    """
    with _free(port) as listening:
        listening.listen()  # who comes before all is loaded waits, and is not turned away
        free = listening.getsockname()[1]
        address = f"http://127.0.0.1:{free}/{word}"
        why = "" if free == port else f" (something else listens on port {port})"
        print(f"The panels are at {address}{why}\nCtrl-C ends them.", flush=True)
        if browser:
            webbrowser.open(address)
        settings = uvicorn.Config(app(Drawing()), log_level="warning", lifespan="on")
        with contextlib.suppress(KeyboardInterrupt):
            uvicorn.Server(settings).run(sockets=[listening])
    return 0


def _free(port: int) -> socket.socket:
    for one in (*range(port, min(port + 20, 65536)), 0):
        listening = socket.socket(proto=socket.IPPROTO_TCP)  # else asyncio leaves Nagle on: 40 ms
        if os.name == "posix":  # else one's own demo of a minute ago counts as something else
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with contextlib.suppress(OSError):
            listening.bind(("127.0.0.1", one))
            return listening
        listening.close()
    raise OSError("No port is free.")
