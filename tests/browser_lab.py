"""A real JupyterLab and a real browser in front of it, for tests/browser and tests/benchmarks."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import Request, urlopen

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from notebook_rules import Notebook, is_panel
from panel_lessons import LESSONS
from playwright.sync_api import Browser, Locator, Page, expect

ROOT = Path(__file__).resolve().parents[1]
ALL_PANELS = "notebooks/all_panels.ipynb"  # the panel cells of all lessons, one after another
_START = "import sys; from labsupport.workspace.server import open_lab; from pathlib import Path; "
_START += "sys.exit(open_lab(port=int(sys.argv[1]), browser=False, root=Path(sys.argv[2])))"


expect.set_options(
    timeout=20_000
)  # what holds is seen at once; on a busy machine, when it is there


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
        """End every kernel of the server."""
        for kernel in json.loads(self._ask("GET", "api/kernels")):
            self._ask("DELETE", f"api/kernels/{kernel['id']}")

    def theme(self, name: str) -> None:
        """Choose the theme of the pages that are opened from now on."""
        what = "lab/api/settings/@jupyterlab/apputils-extension:themes"
        self._ask("PUT", what, {"raw": json.dumps({"theme": name})})

    def _ask(self, method: str, what: str, told: dict | None = None) -> bytes:
        headers = {"Authorization": f"token {self.token}", "Content-Type": "application/json"}
        body = json.dumps(told).encode() if told else None
        asked = Request(f"{self.address}/{what}", body, headers, method=method)
        with urlopen(asked, timeout=30) as answer:
            return answer.read()


def panel_cells() -> dict[str, str]:
    """{word: the source of the cell that shows its panel}, from the lessons."""
    shown = [cell for paths in LESSONS.values() for _, cell in Notebook(paths[0], ROOT).code]
    return dict(zip(LESSONS, (cell.source for cell in shown if is_panel(cell)), strict=True))


def write(path: Path, *sources: str) -> None:
    """Write a notebook of code cells, and one of words that is long enough to scroll."""
    book = new_notebook(cells=[*map(new_code_cell, sources), new_markdown_cell("Words.\n\n" * 60)])
    book.metadata.kernelspec = {
        "name": "python3", "language": "python", "display_name": "Python 3 (ipykernel)",
    }  # fmt: skip
    nbformat.write(book, path)


def served(root: Path, start: Sequence[str]) -> Iterator[JupyterLab]:
    """JupyterLab on a copy of the lessons, ended afterwards together with its kernels.

    Parameters
    ----------
    start : the command, after Python; {port} and {root} are filled in.
    """
    shutil.copytree(ROOT / "notebooks", root / "notebooks")
    write(
        root / ALL_PANELS, *(f"from labsupport.show import *\n{s}" for s in panel_cells().values())
    )
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | {
        "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1",
        "JUPYTER_CONFIG_DIR": str(root / "config"), "JUPYTER_DATA_DIR": str(root / "data"),
    }  # fmt: skip
    log = root / "server.log"
    command = [sys.executable, *(word.format(port=port, root=root) for word in start)]
    with (
        log.open("w", encoding="utf-8") as said,
        subprocess.Popen(command, stdout=said, stderr=said, env=environment) as server,
    ):
        try:
            yield _when_ready(server, log, root)
        finally:
            server.terminate()
            server.wait(30)


@pytest.fixture(scope="session")
def jupyterlab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterLab]:
    """JupyterLab as `lab open` starts it."""
    root = tmp_path_factory.mktemp("lab served")  # a path with a space, as users have them
    yield from served(root, ["-c", _START, "{port}", "{root}"])


def _when_ready(server: subprocess.Popen, log: Path, root: Path) -> JupyterLab:
    while server.poll() is None:
        text = log.read_text(encoding="utf-8")
        if found := re.search(r"(http://127\.0\.0\.1:\d+)/lab\S*token=(\w+)", text):
            return JupyterLab(found[1], found[2], root)
        time.sleep(0.1)
    raise RuntimeError(f"JupyterLab did not start: {log.read_text(encoding='utf-8')}")


@pytest.fixture(scope="session")
def demo() -> Iterator[tuple[str, subprocess.Popen]]:
    """The address of a running `lab demo`, and its process."""
    command = [sys.executable, "-m", "labsupport.cli", "demo", "--no-browser"]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            yield re.search(r"http\S+", process.stdout.readline())[0], process
        finally:
            process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0, "Ctrl-C ends it, and that is no error"


@contextmanager
def watched(browser: Browser, width: int, height: int) -> Iterator[Page]:
    """A page. An error in its console fails the tests: there is none."""
    opened = browser.new_page(viewport={"width": width, "height": height})
    errors: list[str] = []
    opened.on(
        "console", lambda message: errors.append(message.text) if message.type == "error" else None
    )
    opened.on("pageerror", lambda error: errors.append(str(error)))
    yield opened
    opened.close()
    assert not errors, f"The browser's console reports: {errors}"


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    """A page as wide as a screen."""
    with watched(browser, 1400, 900) as page:
        yield page


def opened(page: Page, lab: JupyterLab, path: str) -> None:
    """Open a notebook, and wait until its cells can be run."""
    page.goto(lab.url(path))
    cells = nbformat.read(lab.root / path, as_version=nbformat.NO_CONVERT).cells
    # JupyterLab fills a page bit by bit, and "Run All" runs the cells that are there.
    expect(page.locator(".jp-Notebook .jp-Cell")).to_have_count(len(cells), timeout=60_000)
    # Before there is a kernel the toolbar's indicator says "idle" as well, and what runs then is
    # lost without a word.
    bar = page.locator("#jp-main-statusbar")
    bar.get_by_text("Python 3 (ipykernel) | Idle").wait_for(timeout=60_000)


def menu(page: Page, *names: str) -> None:
    """Choose in JupyterLab's menus; an entry's name goes on with its keys."""
    for name in names:
        page.get_by_role("menuitem", name=re.compile(f"^{re.escape(name)}")).first.click()


def ran(page: Page, lab: JupyterLab, path: str) -> Locator:
    """Open a notebook, run all of it, and wait for its panels."""
    opened(page, lab, path)
    menu(page, "Run", "Run All Cells")
    panels = page.locator(".lab-panel")
    panels.first.wait_for(timeout=120_000)
    return panels
