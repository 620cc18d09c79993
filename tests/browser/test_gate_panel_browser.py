"""Lesson 01's panel where a student meets it: in a browser, in JupyterLab, under the keyboard."""

from __future__ import annotations

import json
import statistics

import pytest
from playwright.sync_api import Locator, Page, expect

LESSON = "notebooks/01_evaluation_gate.ipynb"
MOVES = 15

# Milliseconds from a key going down to the picture that it caused being decoded and painted.
_WATCH = """
image => {
  window.pending = null;
  document.addEventListener("keydown", () => { window.pressed = performance.now(); window.took = null; }, true);
  new MutationObserver(() => image.decode().then(() => requestAnimationFrame(
    () => { window.took = performance.now() - window.pressed; })))
    .observe(image, {attributes: true, attributeFilter: ["src"]});
}
"""


@pytest.fixture
def panel(page: Page, jupyterlab) -> Locator:
    """The panel of the lesson, after all its cells have run."""
    page.goto(jupyterlab.url(LESSON))
    page.locator(".jp-Notebook .jp-Cell").first.wait_for(timeout=60_000)
    page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]").wait_for(state="attached", timeout=60_000)
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    image = page.locator("img.widget-image")
    image.wait_for(timeout=120_000)
    image.scroll_into_view_if_needed()
    return page.locator(".jp-OutputArea-output").filter(has=image)
