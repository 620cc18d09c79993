"""A browser. One for all tests of a process: Playwright runs no second time beside itself."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

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
