"""Lesson 01's panel where a student meets it: in a browser, in JupyterLab, under the keyboard."""

from __future__ import annotations

import json
import re
import statistics

import pytest
from playwright.sync_api import Locator, Page, expect

from labsupport.show import gate_panel, gate_view
from labsupport.show.gate_panel import PRESETS

LESSON = "notebooks/01_evaluation_gate.ipynb"
MOVES = 15

# Milliseconds from a key going down to the frame in which the picture that it caused is painted.
_WATCH = """
image => {
  document.addEventListener("keydown", () => { window.pressed = performance.now(); window.took = null; }, true);
  image.addEventListener("load", () => requestAnimationFrame(() => { window.took = performance.now() - window.pressed; }));
}
"""


@pytest.fixture(scope="module")
def lesson_panel(page: Page, jupyterlab) -> Locator:
    """The panel of the lesson, after all its cells have run."""
    page.goto(jupyterlab.url(LESSON))
    cells = json.loads((jupyterlab.root / LESSON).read_text(encoding="utf-8"))["cells"]
    # JupyterLab fills a page bit by bit, and "Run All" runs the cells that are there.
    expect(page.locator(".jp-Notebook .jp-Cell")).to_have_count(len(cells), timeout=60_000)
    page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]").wait_for(state="attached", timeout=60_000)
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    image = page.locator("img.widget-image")
    image.wait_for(timeout=120_000)
    image.scroll_into_view_if_needed()
    return page.locator(".jp-OutputArea-output").filter(has=image)


@pytest.fixture
def panel(lesson_panel: Locator) -> Locator:
    """The same, as it stands at first."""
    lesson_panel.get_by_role("button", name="Reset").click()
    expect(lesson_panel.get_by_role("status")).to_have_text(gate_view().sentence)
    return lesson_panel


def slider(panel: Locator, words: str) -> Locator:
    return panel.locator(".widget-slider").filter(has_text=words).get_by_role("slider")


def shown(panel: Locator) -> tuple[list[int], str]:
    """The bytes of the picture on the page, and the sentence under it."""
    read = "async image => Array.from(new Uint8Array(await (await fetch(image.src)).arrayBuffer()))"
    return panel.locator("img.widget-image").evaluate(read), panel.get_by_role("status").inner_text()


def test_a_slider_moved_by_keyboard_changes_picture_and_sentence_and_reset_restores_them(panel: Locator, page: Page):
    image, sentence = panel.locator("img.widget-image"), panel.get_by_role("status")
    expect(image).to_have_attribute("title", re.compile("A: gain .* promoted"))
    start, source = shown(panel), image.get_attribute("src")
    assert image.evaluate("image => image.naturalWidth") > 600

    bias = slider(panel, "bias")
    bias.focus()
    for _ in range(10):
        page.keyboard.press("ArrowRight")
    expect(bias).to_have_attribute("aria-valuenow", "1.0")
    expect(sentence).to_have_text(gate_view(bias=1.0).sentence)
    expect(image).not_to_have_attribute("src", source)
    expect(image).to_have_attribute("title", re.compile("your build: gain .* blocked"))
    moved = shown(panel)
    assert moved[0] != start[0] and moved[1] != start[1]

    reset = panel.get_by_role("button", name="Reset")
    reset.focus()
    page.keyboard.press("Enter")
    expect(bias).to_have_attribute("aria-valuenow", "0.0")
    expect(sentence).to_have_text(start[1])
    assert shown(panel) == start


def test_every_preset_shows_the_very_picture_that_python_draws(panel: Locator):
    """Byte by byte: in JupyterLab a slider's echo is handled beside the button's click, in another thread."""
    twin = gate_panel()
    for label in PRESETS:
        panel.get_by_role("button", name=label).click()
        twin.buttons[label].click()
        expect(panel.get_by_role("status")).to_have_text(twin.current.sentence)
        expect(panel.locator("img.widget-image")).to_have_attribute("title", twin.image.tooltip)
        assert bytes(shown(panel)[0]) == twin.image.value, label


def test_a_preset_blocks_the_model_that_fails_real_people(panel: Locator, page: Page):
    panel.get_by_role("button", name="trees_without_medical").click()
    expect(panel.get_by_role("status")).to_contain_text("BLOCK, slice regressed.")
    expect(panel.get_by_role("status")).to_contain_text("hearing difficulty")
    unmovable = panel.locator(".widget-slider").filter(has=page.locator("[disabled]"))
    expect(unmovable).to_have_count(4)
    expect(unmovable.first).to_contain_text("training seed")


def test_how_long_a_move_takes(panel: Locator, page: Page, record_property):
    """No bound: a busy machine must not fail the lab. The number is printed at the end of the session."""
    panel.locator("img.widget-image").evaluate(_WATCH)
    slider(panel, "bias").focus()
    took = []
    for _ in range(MOVES):
        page.keyboard.press("ArrowRight")
        page.wait_for_function("window.took !== null")
        took.append(page.evaluate("window.took"))
    assert len(took) == MOVES and min(took) > 0
    record_property("latency", f"lesson 01, key to picture: median {statistics.median(took):.0f} ms of {MOVES} moves")
