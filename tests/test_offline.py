"""After the set-up the lab needs no network: commands, JupyterLab, lessons and checks run without.

Two walls stand around what runs here. Every Python in it refuses addresses that are not this
machine's, and writes down that it was asked. Where the system can, there is no network, either: a
namespace with nothing but a loopback.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from labsupport.workspace import ROOT

pytestmark = pytest.mark.posix_only("a way to take the network from one process")

LAB = ("-m", "labsupport.cli")
PYTEST = ("-m", "pytest", "-q", "-p", "no:cacheprovider")
ELSEWHERE = "192.0.2.1"  # RFC 5737: an address for examples, nobody's

REFUSE = """\
import os, socket, sys

OWN = {None, "", "localhost", "::1", "0.0.0.0", "::", socket.gethostname()}

def refuse(event, given):
    if event in ("socket.connect", "socket.sendto"):
        host = given[1][0] if isinstance(given[1], tuple) else None
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        host = given[0]
    else:
        return
    host = host.decode() if isinstance(host, bytes) else host
    if host not in OWN and not str(host).startswith("127."):
        with open(os.environ["ASKED"], "a", encoding="utf-8") as file:
            file.write(f"{host} by {sys.argv[:3]}\\n")
        raise OSError(101, "Network is unreachable")

sys.addaudithook(refuse)
"""
# A user and a network of its own, its loopback up (SIOCSIFFLAGS), then the program.
ALONE = """\
import ctypes, fcntl, os, socket, struct, sys
user, group = os.getuid(), os.getgid()
written = {"setgroups": "deny", "uid_map": f"{user} {user} 1", "gid_map": f"{group} {group} 1"}
try:
    if ctypes.CDLL(None, use_errno=True).unshare(0x10000000 | 0x40000000):
        raise OSError(os.strerror(ctypes.get_errno()))
    for name, text in written.items():
        open(f"/proc/self/{name}", "w").write(text)
    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, 0x8914, struct.pack("16sh22x", b"lo", 1 | 64))
except (OSError, AttributeError) as error:
    sys.exit(f"no namespaces: {error}")
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""
REACHES = f"""\
import socket
with socket.create_server(("127.0.0.1", 0)) as server:
    socket.create_connection(server.getsockname(), 5).close()
print("itself")
socket.create_connection(("{ELSEWHERE}", 80), 5)
"""

# As JupyterLab's page does it: a kernel is asked for, a cell is sent over the page's websocket.
IN_A_CELL = """\
import asyncio, json
from pathlib import Path
from test_workspace import ROOT, ask, start_server
from tornado.websocket import websocket_connect

CELL = {"header": {"msg_id": "1", "msg_type": "execute_request", "session": "1", "username": ""},
        "channel": "shell", "parent_header": {}, "metadata": {},
        "content": {"code": "import labsupport.gate; print(6 * 7)", "silent": False}}

async def printed(address, kernel):
    page, _, token = address.partition("/lab/tree/")[0], *address.partition("?")[1:]
    link = await websocket_connect(f"ws{page[4:]}/api/kernels/{kernel}/channels?{token}")
    await link.write_message(json.dumps(CELL))
    while True:
        told = json.loads(await link.read_message())
        if told["msg_type"] in ("stream", "error"):
            return told["content"].get("text", told["content"])

process, address = start_server(ROOT, 8890)
try:
    kernel = json.loads(ask(address, "/api/kernels", b"{}"))["id"]
    print(asyncio.run(printed(address, kernel)), end="")
    ask(address, "/api/shutdown", b"")
finally:
    process.terminate()
    process.communicate()
"""


@dataclass(frozen=True)
class Offline:
    """Runs Python without a network.

    Attributes
    ----------
    alone : whether a namespace stands around it, too.
    asked : the file with what was asked for all the same.
    """

    alone: bool
    environment: dict[str, str]
    asked: Path

    def python(self, *words: object) -> subprocess.CompletedProcess[str]:
        """Python with these words, in the folder of the lab."""
        wall = [sys.executable, "-I", "-c", ALONE] if self.alone else [sys.executable]
        return subprocess.run(
            [*wall, *map(str, words)],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=250,
        )

    def runs(self, *words: object) -> str:
        """What it prints; it must succeed, and must not have asked for any other machine."""
        done = self.python(*words)
        assert done.returncode == 0, done.stdout + done.stderr
        assert not self.asked.exists(), self.asked.read_text(encoding="utf-8")
        return done.stdout


def has_namespaces() -> bool:
    """Whether a network of one's own can be had here, found out by trying."""
    tried = [sys.executable, "-I", "-c", ALONE, "-c", ""]
    return subprocess.run(tried, capture_output=True).returncode == 0


@pytest.fixture
def offline(tmp_path: Path) -> Iterator[Offline]:
    """All walls that there are here."""
    (tmp_path / "sitecustomize.py").write_text(REFUSE, encoding="utf-8")
    asked = tmp_path / "asked.txt"
    paths = os.pathsep.join(map(str, (tmp_path, ROOT, ROOT / "tests")))
    environment = {**os.environ, "PYTHONPATH": paths, "ASKED": str(asked), "CI": ""}
    yield Offline(has_namespaces(), environment, asked)


def test_there_is_no_way_out(offline: Offline) -> None:
    done = offline.python("-c", REACHES)
    assert (done.returncode, done.stdout) == (1, "itself\n")
    assert "Network is unreachable" in done.stderr
    assert offline.asked.read_text(encoding="utf-8").startswith(f"{ELSEWHERE} by ")


def test_a_namespace_alone_has_no_way_out(offline: Offline) -> None:
    """Without the hook, which an isolated Python (-I) never reads."""
    if not offline.alone:
        assert (
            "no namespaces"
            in subprocess.run(
                [sys.executable, "-I", "-c", ALONE, "-c", ""], capture_output=True, text=True
            ).stderr
        )
        return
    done = offline.python("-I", "-c", REACHES)
    assert (done.returncode, done.stdout) == (1, "itself\n")
    assert "Network is unreachable" in done.stderr and not offline.asked.exists()


@pytest.mark.slow
def test_commands_run_offline(offline: Offline, tmp_path: Path) -> None:
    assert "ok  kernel" in offline.runs(*LAB, "doctor")
    weeks = ("--data", "flights:8-15", "--reference", "flights:0-7", "--holdout", "flights:16-17")
    assert offline.python(*LAB, "check", *weeks, "--runs", tmp_path).returncode in (0, 1)
    assert not offline.asked.exists(), offline.asked.read_text(encoding="utf-8")


@pytest.mark.slow
def test_a_lesson_runs_offline(offline: Offline, tmp_path: Path) -> None:
    assert "1 lesson, 0 failed" in offline.runs(*LAB, "run", "01", "--out", tmp_path / "build")


@pytest.mark.slow
def test_an_exercises_checks_run_offline(offline: Offline) -> None:
    assert " passed" in offline.runs(*PYTEST, "solutions/02_confidence_intervals.ipynb")


@pytest.mark.slow
def test_jupyterlab_and_a_kernel_run_offline(offline: Offline) -> None:
    assert offline.runs("-c", IN_A_CELL) == "42\n"
