"""A server that speaks OpenAI's protocol and does one thing wrong."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Asked:
    """What arrived: paths, headers, bodies; and what is said about the models that there are."""

    url: str
    models: tuple = (200, {"object": "list", "data": []})
    paths: list = field(default_factory=list)
    headers: list = field(default_factory=list)
    bodies: list = field(default_factory=list)


def completion(text: str | None, **choice: object) -> dict:
    """A whole answer of a model."""
    message = {"role": "assistant", "content": text}
    whole = {"index": 0, "finish_reason": "stop", "message": message, **choice}
    return {
        **{"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "m"},
        "choices": [whole],
    }


def logprobs(**top: float) -> dict:
    """The likeliest first tokens; _yes stands for " yes"."""
    told = [{"token": t.replace("_", " "), "logprob": p, "bytes": None} for t, p in top.items()]
    return {"content": [{**told[0], "top_logprobs": told}]}


@contextmanager
def chat_server(answer: Callable[[int], tuple]) -> Iterator[Asked]:
    """Serve what `answer` gives for the n-th request: (status, body, headers, seconds to wait)."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *words: object) -> None:
            """Say nothing."""

        def do_GET(self) -> None:
            self._send(*asked.models, {})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            asked.paths.append(self.path)
            asked.headers.append({k.lower(): v for k, v in self.headers.items()})
            asked.bodies.append(json.loads(body))
            status, told, headers, wait = answer(len(asked.bodies) - 1)
            time.sleep(wait)
            self._send(status, told, headers)

        def _send(self, status: int, told: object, headers: dict) -> None:
            data = told if isinstance(told, bytes) else json.dumps(told).encode()
            try:
                self.send_response(status)
                for name, value in {"Content-Type": "application/json", **headers}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)
            except OSError:
                self.close_connection = True  # who asked has hung up

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    asked = Asked(f"http://127.0.0.1:{server.server_port}/v1")
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
