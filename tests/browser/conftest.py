"""A real JupyterLab, as `lab open` starts it, and a real browser in front of it."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.request import Request, urlopen

import nbformat
import pytest
from notebook_rules import PANEL_TAG
from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
FIRST_SHORTENED = 2  # lessons 00 and 01 stay whole, as a student runs them
_NAMES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "msedge",
)
_QUIET = (
    "--no-sandbox",  # as root, in a container
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_START = "import sys; from labsupport.workspace.server import open_lab; from pathlib import Path; "
_START += "sys.exit(open_lab(port=int(sys.argv[1]), browser=False, root=Path(sys.argv[2])))"


@dataclass(frozen=True)
class JupyterLab:
    """A running server: its address, its token, and the folder it serves, a copy to write in."""

    address: str
    token: str
    root: Path

    def url(self, path: str) -> str:
        """The page on which JupyterLab shows a file, alone in a fresh workspace."""
        return f"{self.address}/lab/tree/{path}?token={self.token}&reset"

    def end_kernels(self) -> None:
        """End every kernel of the server: five lessons at a time would fill a small machine."""
        for kernel in json.loads(self._ask("GET", "kernels")):
            self._ask("DELETE", f"kernels/{kernel['id']}")

    def _ask(self, method: str, what: str) -> bytes:
        headers = {"Authorization": f"token {self.token}"}
        asked = Request(f"{self.address}/api/{what}", method=method, headers=headers)
        with urlopen(asked, timeout=30) as answer:
            return answer.read()


def shorten(path: Path) -> None:
    """Leave of a lesson's code its panel: nbval and papermill run the rest, and a browser that
    waits for it ten times costs CI minutes.
    """
    book = nbformat.read(path, as_version=nbformat.NO_CONVERT)
    shown = [cell for cell in book.cells if PANEL_TAG in cell.metadata.get("tags", [])]
    for cell in shown:
        cell.source = f"from labsupport.show import *\n\n{cell.source}"
    book.cells = [cell for cell in book.cells if cell.cell_type == "markdown" or cell in shown]
    nbformat.write(book, path)


@pytest.fixture(scope="session")
def jupyterlab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterLab]:
    """JupyterLab on a copy of the lessons, ended afterwards together with its kernels."""
    root = tmp_path_factory.mktemp("lab served")  # a path with a space, as users have them
    shutil.copytree(ROOT / "notebooks", root / "notebooks")
    for path in sorted((root / "notebooks").glob("*.ipynb"))[FIRST_SHORTENED:]:
        shorten(path)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    log = (root / "server.log").open("w+", encoding="utf-8")
    command = [sys.executable, "-c", _START, str(port), str(root)]
    with (
        log,
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=log, text=True, env=environment
        ) as server,
    ):
        try:
            yield _when_ready(server, root)
        finally:
            server.terminate()
            server.stdout.close()
            server.wait(30)


def _when_ready(server: subprocess.Popen, root: Path) -> JupyterLab:
    for line in server.stdout:
        found = re.search(r"(http://127\.0\.0\.1:\d+)/lab\S*token=(\w+)", line)
        if found:
            return JupyterLab(found[1], found[2], root)
    raise RuntimeError(
        f"JupyterLab did not start: {(root / 'server.log').read_text(encoding='utf-8')}"
    )


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A headless Chromium: the machine's, or the one that Playwright fetched."""
    with sync_playwright() as playwright:
        own = playwright.chromium.executable_path
        path = next(filter(None, map(shutil.which, _NAMES)), own if Path(own).exists() else None)
        if path is None:
            pytest.skip(
                "There is no Chromium on this machine; get one with `python -m playwright install "
                "chromium`, or with the system's package manager (`apt install chromium`)."
            )
        running = playwright.chromium.launch(executable_path=path, args=_QUIET)
        yield running
        running.close()


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    """A page as wide as a projector. An error in its console fails the tests: there is none."""
    opened = browser.new_page(viewport={"width": 1400, "height": 900})
    errors: list[str] = []
    opened.on(
        "console", lambda message: errors.append(message.text) if message.type == "error" else None
    )
    opened.on("pageerror", lambda error: errors.append(str(error)))
    yield opened
    opened.close()
    assert not errors, f"The browser's console reports: {errors}"
