"""A replica: a process on 127.0.0.1 that serves the bundle it was assigned, if it verifies.

What it has to serve stands in the fleet's folder, not in the new version, so a replica that was
down, or is started anew, finds it. It ends itself when who started it is gone.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from labsupport.delivery.bundle import Bundle
from labsupport.delivery.model import Model, load_model
from labsupport.delivery.service import ASSIGNMENT, BUNDLES
from labsupport.delivery.service.seal import fleet_key, sealed

_LATEST = 1.0  # seconds beyond which no planted fault delays an answer
_KEPT = 60  # seconds that an idle connection is kept


class Replica:
    """One replica's state: the model it serves, or why it serves none.

    Parameters
    ----------
    folder : the fleet's.
    name : of the replica.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self.folder, self.name, self.key = folder, name, fleet_key(folder)
        self.model: Model | None = None
        self.reason = "Nothing was assigned yet."
        self.answers = 0
        self.take_orders()

    def take_orders(self) -> None:
        """Read what stands, verify it, serve it; what does not verify is not served."""
        try:
            told = json.loads((self.folder / ASSIGNMENT).read_bytes())
            digest = str(told["replicas"][self.name])
            if self.model is None or self.model.digest != digest:
                self.model, self.answers = None, 0
                self.model = load_model(Bundle.open(self.folder / BUNDLES / digest, digest))
            self.reason = ""
        except (OSError, ValueError, LookupError, TypeError) as error:
            self.model = None
            self.reason = str(error) if isinstance(error, ValueError) else _no_orders(error)

    async def answer(self, request: Request) -> JSONResponse:
        """One prediction, with where it comes from."""
        body, model = await request.body(), self.model
        if model is None:
            return JSONResponse({"error": self.reason}, status_code=503)
        self.answers += 1
        await _misbehave(model.serving, self.answers)
        try:
            asked = json.loads(body)
            features, number = _features(asked), _number(asked)
            answer = int(model.predict(features)[0])
        except (ValueError, TypeError, LookupError, OverflowError, RecursionError) as error:
            said = f"That is no request, which has an id and features x: {error}"
            return JSONResponse({"error": said}, status_code=400)
        if features[0, 0] > model.serving.get("wrong_above", np.inf):
            answer = 1 - answer
        made = {"id": number, "answer": answer, "replica": self.name}
        made |= {"model": model.digest} | {k: model.lineage[k] for k in ("data", "code")}
        return JSONResponse(sealed(made, self.key))

    async def health(self, request: Request) -> JSONResponse:
        """Which bundle is served, or why none."""
        digest = self.model.digest if self.model else None
        return JSONResponse({"replica": self.name, "model": digest, "reason": self.reason})

    async def assignment(self, request: Request) -> JSONResponse:
        """Somebody says that the orders have changed."""
        self.take_orders()
        return await self.health(request)


def _features(asked: Mapping) -> np.ndarray:
    """(1, d) numbers; texts and truth values are none."""
    given = asked["x"]
    if type(given) is not list or not all(type(value) in (int, float) for value in given):
        raise ValueError("x is a list of numbers.")
    return np.array([given], float)


def _number(asked: Mapping) -> int:
    if type(number := asked["id"]) is not int:
        raise ValueError("id is a whole number.")
    return number


def _no_orders(error: Exception) -> str:
    return f"The fleet's {ASSIGNMENT} says nothing of this replica ({type(error).__name__})."


async def _misbehave(serving: Mapping, answers: int) -> None:
    """What a faulty bundle's serving config does: late answers, ever later ones, none."""
    if answers > serving.get("dies_after", np.inf):
        os._exit(1)
    delay = serving.get("delay", 0.0) + serving.get("leak", 0.0) * answers
    if delay:
        await asyncio.sleep(min(delay, _LATEST))
    every = serving.get("fails_every", 0)
    if every and answers % every == 0:
        raise RuntimeError("The bundle's serving config makes this request fail.")


def serve(folder: Path, name: str) -> None:
    """Serve until who started this process is gone; the first line that is printed has the port."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    replica = Replica(folder, name)
    routes = [
        Route("/answer", replica.answer, methods=["POST"]),
        Route("/health", replica.health),
        Route("/assignment", replica.assignment, methods=["POST"]),
    ]
    # With the protocol spelt out, asyncio sends at once what it has: without, it waits 40 ms.
    door = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    door.bind(("127.0.0.1", 0))  # a port of its own, which nobody can take meanwhile
    door.listen(128)
    print(json.dumps({"port": door.getsockname()[1]}), flush=True)
    quiet = {"log_level": "critical", "lifespan": "off", "timeout_keep_alive": _KEPT}
    uvicorn.Server(uvicorn.Config(Starlette(routes=routes), **quiet)).run(sockets=[door])


def _end_with_parent() -> None:
    """End this process when its parent is gone, however that ended: the parent alone holds the
    other end of standard input, and the system closes it.
    """
    while os.read(0, 1024):
        pass
    os._exit(1)


if __name__ == "__main__":
    serve(Path(sys.argv[1]), sys.argv[2])
