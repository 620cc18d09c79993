"""The process that holds the model: `python -m labsupport.evals.model.engine THREADS CONTEXT`.

It tells its address, or what is wrong, in one line of JSON. It ends when its standard input ends:
so it never outlives who started it, however that one ended.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

NAME = "SmolLM2-135M-Instruct"
GGUF = f"{NAME}.Q4_1.gguf"


def start(weights: Path, threads: int, context: int) -> tuple[object, str]:
    """The server, which lives as long as it is held, and its address on this machine.

    Raises
    ------
    ImportError : xllamacpp is not installed.
    RuntimeError : the weights cannot be loaded.
    """
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(weights)
    params.model_alias = {NAME}
    params.hostnames = ["127.0.0.1"]
    params.port = 0  # whichever is free
    params.n_ctx = context
    params.n_parallel = 1  # one by one: what runs beside a request can change its last bits
    params.cache_prompt = False  # so does what it kept of the one before: 11 of 24 answers changed
    params.cpuparams.n_threads = threads
    params.verbosity = 0
    params.ui = False
    server = xllamacpp.Server(params)
    return server, server.listening_address


def main(weights: str, threads: str, context: str) -> None:
    """Serve until standard input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the starter's to hear
    told = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what the engine prints is not for the pipe
    try:
        server, address = start(Path(weights), int(threads), int(context))
        line = {"address": address}
    except (ImportError, RuntimeError, ValueError) as error:
        server, line = None, {"error": str(error)}
    os.write(told, json.dumps(line).encode() + b"\n")
    if server:
        sys.stdin.buffer.read()
    os._exit(0)  # the engine's threads are not waited for


if __name__ == "__main__":
    main(*sys.argv[1:])
