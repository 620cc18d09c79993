"""The lessons' panels where a student meets them: in a browser, in JupyterLab, under the keyboard."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pytest
from playwright.sync_api import Locator, Page, expect

from labsupport.show import gate_panel, gate_view, interval_panel, interval_view

MOVES = 15


@dataclass(frozen=True)
class Lesson:
    """A lesson, its panel, and one slider to move: `words` of its label, pressed so often that it shows `reads`."""

    stem: str
    view: Callable
    panel: Callable
    words: str
    presses: int
    moved: Mapping[str, float]
    reads: str

    @property
    def path(self) -> str:
        return f"notebooks/{self.stem}.ipynb"


LESSONS = {
    lesson.stem: lesson
    for lesson in (
        Lesson("01_evaluation_gate", gate_view, gate_panel, "bias", 10, {"bias": 1.0}, "1.0"),
        Lesson(
            "02_confidence_intervals", interval_view, interval_panel, "draw", 3, {"draw": 3}, "3.0"
        ),
    )
}
of_every_lesson = pytest.mark.parametrize("lesson", LESSONS, indirect=True, scope="module")
of_lesson_01 = pytest.mark.parametrize(
    "lesson", ["01_evaluation_gate"], indirect=True, scope="module"
)

# Milliseconds from a key going down to the frame in which the picture that it caused is painted.
_WATCH = """
image => {
  document.addEventListener("keydown", () => { window.pressed = performance.now(); window.took = null; }, true);
  image.addEventListener("load", () => requestAnimationFrame(() => { window.took = performance.now() - window.pressed; }));
}
"""


@pytest.fixture(scope="module")
def lesson(request) -> Lesson:
    return LESSONS[request.param]


@pytest.fixture(scope="module")
def lesson_panel(page: Page, jupyterlab, lesson: Lesson) -> Locator:
    """The panel of the lesson, after all its cells have run."""
    page.goto(jupyterlab.url(lesson.path))
    cells = json.loads((jupyterlab.root / lesson.path).read_text(encoding="utf-8"))["cells"]
    # JupyterLab fills a page bit by bit, and "Run All" runs the cells that are there.
    expect(page.locator(".jp-Notebook .jp-Cell")).to_have_count(len(cells), timeout=60_000)
    # Before there is a kernel the toolbar's indicator says "idle" as well, and what runs then is
    # lost without a word.
    page.locator("#jp-main-statusbar").get_by_text("Python 3 (ipykernel) | Idle").wait_for(
        timeout=60_000
    )
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    image = page.locator("img.widget-image")
    image.wait_for(timeout=120_000)
    image.scroll_into_view_if_needed()
    return page.locator(".jp-OutputArea-output").filter(has=image)


@pytest.fixture
def panel(lesson_panel: Locator, lesson: Lesson) -> Locator:
    """The same, as it stands at first."""
    lesson_panel.get_by_role("button", name="Reset").click()
    expect(lesson_panel.get_by_role("status")).to_have_text(lesson.view().sentence)
    return lesson_panel


def slider(panel: Locator, words: str) -> Locator:
    return panel.locator(".widget-slider").filter(has_text=words).get_by_role("slider")


def shown(panel: Locator) -> tuple[list[int], str]:
    """The bytes of the picture on the page, and the sentence under it."""
    read = "async image => Array.from(new Uint8Array(await (await fetch(image.src)).arrayBuffer()))"
    return panel.locator("img.widget-image").evaluate(read), panel.get_by_role(
        "status"
    ).inner_text()


@of_every_lesson
def test_a_slider_moved_by_keyboard_changes_picture_and_sentence_and_reset_restores_them(
    panel, page, lesson
):
    image, sentence = panel.locator("img.widget-image"), panel.get_by_role("status")
    expect(image).to_have_attribute("title", lesson.panel().image.tooltip)
    start, source = shown(panel), image.get_attribute("src")
    assert image.evaluate("image => image.naturalWidth") > 600

    moving = slider(panel, lesson.words)
    stood_at = moving.get_attribute("aria-valuenow")
    moving.focus()
    for _ in range(lesson.presses):
        page.keyboard.press("ArrowRight")
    expect(moving).to_have_attribute("aria-valuenow", lesson.reads)
    expect(sentence).to_have_text(lesson.view(**lesson.moved).sentence)
    expect(image).not_to_have_attribute("src", source)
    twin = lesson.panel()
    twin.set(**lesson.moved)
    expect(image).to_have_attribute("title", twin.image.tooltip)
    moved = shown(panel)
    assert moved[0] != start[0] and moved[1] != start[1]

    reset = panel.get_by_role("button", name="Reset")
    reset.focus()
    page.keyboard.press("Enter")
    expect(moving).to_have_attribute("aria-valuenow", stood_at)
    expect(sentence).to_have_text(start[1])
    assert shown(panel) == start


@of_every_lesson
def test_every_preset_shows_the_very_picture_that_python_draws(panel, lesson):
    """Byte by byte: in JupyterLab a slider's echo is handled beside the button's click, in another thread."""
    twin = lesson.panel()
    for label in twin.presets:
        panel.get_by_role("button", name=label).click()
        twin.buttons[label].click()
        expect(panel.get_by_role("status")).to_have_text(twin.current.sentence)
        expect(panel.locator("img.widget-image")).to_have_attribute("title", twin.image.tooltip)
        assert bytes(shown(panel)[0]) == twin.image.value, label


@of_lesson_01
def test_a_preset_blocks_the_model_that_fails_real_people(panel: Locator, page: Page):
    panel.get_by_role("button", name="trees_without_medical").click()
    expect(panel.get_by_role("status")).to_contain_text("BLOCK, slice regressed.")
    expect(panel.get_by_role("status")).to_contain_text("hearing difficulty")
    unmovable = panel.locator(".widget-slider").filter(has=page.locator("[disabled]"))
    expect(unmovable).to_have_count(4)
    expect(unmovable.first).to_contain_text("training seed")


@of_every_lesson
def test_how_long_a_move_takes(panel: Locator, page: Page, lesson: Lesson, record_property):
    """No bound: a busy machine must not fail the lab. The number is printed at the end of the session."""
    panel.locator("img.widget-image").evaluate(_WATCH)
    slider(panel, lesson.words).focus()
    took = []
    for _ in range(MOVES):
        page.keyboard.press("ArrowRight")
        page.wait_for_function("window.took !== null")
        took.append(page.evaluate("window.took"))
    assert len(took) == MOVES and min(took) > 0
    record_property(
        "latency",
        f"lesson {lesson.stem[:2]}, key to picture: median {statistics.median(took):.0f} ms of {MOVES} moves",
    )
