"""The registry on a real MLflow server, which knows nothing of us: the same promises."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from registries import ROOT, race, registered, verdict
from test_ops_registry import PROMOTE

from labsupport.ops.registry import PromotionLost, Registry, RegistryError

SERVER = ROOT / ".venv" / "mlflow"
needs_server = pytest.mark.skipif(not SERVER.exists(), reason="no MLflow server here: make mlflow")


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[str]:
    """Its URI, and a folder for it alone."""
    folder = tmp_path_factory.mktemp("server")
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
    command = [
        sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port),
        "--workers", "1", "--backend-store-uri", f"sqlite:///{(folder / 'server.db').as_posix()}",
        "--artifacts-destination", str(folder / "files"),
    ]  # fmt: skip
    own = {"PYTHONPATH": str(SERVER), "MLFLOW_DISABLE_TELEMETRY": "true"}
    with open(folder / "server.log", "wb") as log:
        running = subprocess.Popen(
            command, cwd=folder, stdout=log, stderr=log, env=os.environ | own
        )
    try:
        _wait(running, f"http://127.0.0.1:{port}/health", folder / "server.log")
        yield f"http://127.0.0.1:{port}"
    finally:
        _end(running)


def _wait(running: subprocess.Popen, health: str, log: Path) -> None:
    for _ in range(2000):
        assert running.poll() is None, log.read_text(encoding="utf-8")[-2000:]
        try:
            urllib.request.urlopen(health, timeout=5).close()
            return
        except OSError:
            time.sleep(0.1)
    pytest.fail(log.read_text(encoding="utf-8")[-2000:])


def _end(running: subprocess.Popen) -> None:
    import psutil

    family = psutil.Process(running.pid)
    for process in [*family.children(recursive=True), family]:
        process.kill()
    running.wait()


@pytest.mark.slow
@needs_server
def test_the_same_promises_hold_behind_a_server(server, tmp_path, capfd):
    registry = Registry(server, "promises")
    one, two, three = (registered(registry, tmp_path, n) for n in (1, 2, 3))
    assert registered(registry, tmp_path, 2) == two == registry.version(2)
    registry.promote(one, None, verdict())
    registry.promote(two, one, verdict())
    with pytest.raises(PromotionLost):
        registry.promote(three, one, verdict())
    assert registry.rollback().version == one == registry.at("prod")
    assert [(move.kind, move.won) for move in registry.history()] == [
        ("promote", True), ("promote", True), ("rollback", True),
    ]  # fmt: skip
    run = tmp_path / "run2" / "model.json"
    assert registry.model_bytes(two) == run.read_bytes()
    assert Registry(server, "another").versions() == ()
    with pytest.raises(RegistryError, match="not found"):
        Registry(server, "another").rollback()
    assert capfd.readouterr() == ("", "")


@pytest.mark.slow
@needs_server
def test_of_two_racing_promotions_behind_a_server_one_wins(server, tmp_path):
    registry = Registry(server)
    one = registered(registry, tmp_path, 1)
    registry.promote(one, None, verdict())
    told = race(PROMOTE.format(times=3), server, tmp_path / "race")
    rounds = [sorted(line.split()[0] for line in lines) for lines in zip(*told, strict=True)]
    assert rounds == [["lost", "won"]] * 3, told
    assert len([move for move in registry.history() if move.won]) == 4


def test_the_server_is_of_the_version_that_asks_it():
    def version(package: str, lock: str) -> str:
        return re.search(rf"^{package}==(\S+)", (ROOT / lock).read_text(), re.M)[1]

    whole = version("mlflow", "locks/mlflow.lock")
    assert whole == version("mlflow-skinny", "locks/lab.lock")
