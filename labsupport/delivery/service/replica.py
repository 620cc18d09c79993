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
import time
from pathlib import Path

import numpy as np
import psutil
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from labsupport.delivery.bundle import Bundle
from labsupport.delivery.model import Model, load_model
from labsupport.durable import replace_whole

ASSIGNMENT = "assignment.json"
_LATEST = 1.0  # seconds beyond which no planted fault delays an answer


class Replica:
    """One replica's state: the model it serves, or why it serves none.

    Parameters
    ----------
    folder : the fleet's.
    name : of the replica.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self.folder, self.name = folder, name
        self.model: Model | None = None
        self.reason = "nothing was assigned yet"
        self.since = time.monotonic()
        self.answers = 0
        self.take_orders()

    def take_orders(self) -> None:
        """Read what stands, verify it, serve it; what does not verify is not served."""
        try:
            told = json.loads((self.folder / ASSIGNMENT).read_bytes())
            digest = told["replicas"][self.name]
            if self.model is None or self.model.digest != digest:
                self.model = None
                self.model = load_model(Bundle.open(self.folder / "bundles" / digest, digest))
                self.since = time.monotonic()
            self.reason = ""
        except (OSError, ValueError, KeyError) as error:
            self.model, self.reason = None, str(error)

    async def answer(self, request: Request) -> JSONResponse:
        """One prediction, with where it comes from."""
        asked, model = await request.json(), self.model
        if model is None:
            return JSONResponse({"error": self.reason}, status_code=503)
        self.answers += 1
        await _misbehave(model.serving, time.monotonic() - self.since, self.answers)
        try:
            features = np.array([asked["x"]], float)
            answer = int(model.predict(features)[0])
            if features[0, 0] > model.serving.get("wrong_above", np.inf):
                answer = 1 - answer
        except (ValueError, TypeError, KeyError) as error:
            return JSONResponse({"error": str(error)}, status_code=400)
        made = {"id": asked.get("id"), "answer": answer, "replica": self.name}
        made |= {"model": model.digest, "data": model.lineage["data"]}
        return JSONResponse(made | {"code": model.lineage["code"]})

    async def health(self, request: Request) -> JSONResponse:
        """Which bundle is served, or why none."""
        digest = self.model.digest if self.model else None
        return JSONResponse({"replica": self.name, "model": digest, "reason": self.reason})

    async def assignment(self, request: Request) -> JSONResponse:
        """Somebody says that the orders have changed."""
        self.take_orders()
        return await self.health(request)


async def _misbehave(serving: dict, age: float, answers: int) -> None:
    """What a faulty bundle's serving config does: late answers, ever later ones, none."""
    delay = serving.get("delay", 0.0) + serving.get("leak", 0.0) * age
    if delay:
        await asyncio.sleep(min(delay, _LATEST))
    every = serving.get("fails_every", 0)
    if every and answers % every == 0:
        raise RuntimeError("The bundle's serving config makes this request fail.")


def serve(folder: Path, name: str) -> None:
    """Serve until who started this process is gone."""
    replica = Replica(folder, name)
    routes = [
        Route("/answer", replica.answer, methods=["POST"]),
        Route("/health", replica.health),
        Route("/assignment", replica.assignment, methods=["POST"]),
    ]
    door = socket.socket()
    door.bind(("127.0.0.1", 0))  # a port of its own, which nobody can take meanwhile
    _end_with(os.getppid())
    found = {"pid": os.getpid(), "port": door.getsockname()[1]}
    door.listen(128)
    replace_whole(folder / "replicas" / f"{name}.json", json.dumps(found).encode())
    config = uvicorn.Config(Starlette(routes=routes), log_level="critical", lifespan="off")
    uvicorn.Server(config).run(sockets=[door])


def _end_with(parent: int) -> None:
    """End this process when its parent is gone, however that ended."""
    alive = psutil.Process(parent)

    def watch() -> None:
        while alive.is_running() and os.getppid() == parent:
            time.sleep(0.3)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


if __name__ == "__main__":
    serve(Path(sys.argv[1]), sys.argv[2])
