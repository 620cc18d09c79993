"""The lessons' panels where a student meets them: in JupyterLab, in a browser, by keyboard."""

from __future__ import annotations

import os
import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest
import readme_picture
from panel_lessons import LESSONS
from playwright.sync_api import Locator, Page, expect

from labsupport.show.controls import Choice, Panel, Slider, Switch
from labsupport.show.panels import PANELS

MOVES, PRESSES = 15, 3


@dataclass(frozen=True)
class Lesson:
    """A lesson, and the panel that it shows."""

    word: str
    path: Path

    @property
    def panel(self) -> Panel:
        return PANELS[self.word]

    @property
    def sliders(self) -> list[Slider]:
        """Those that can be moved at the start."""
        matter = self.panel.matter(self.panel.start)
        return [c for c in self.panel.controls if isinstance(c, Slider) and c.name in matter]

    def towards(self, slider: Slider, steps: int) -> tuple[str, float]:
        """The key that moves a slider away from its nearer end, and where so many presses lead."""
        at = slider.values.index(self.panel.start[slider.name])
        right = at + steps < len(slider.values)
        return "ArrowRight" if right else "ArrowLeft", slider.values[
            at + (steps if right else -steps)
        ]


of_every_panel = pytest.mark.parametrize("lesson", PANELS, indirect=True, scope="module")
of_the_gate = pytest.mark.parametrize("lesson", ["gate"], indirect=True, scope="module")

# Milliseconds from a key going down to the frame in which the picture that it caused is painted.
_WATCH = """
image => {
  const now = () => performance.now();
  document.addEventListener("keydown", () => { window.pressed = now(); window.took = null; }, true);
  const painted = () => { window.took = now() - window.pressed; };
  image.addEventListener("load", () => requestAnimationFrame(painted));
}
"""


@pytest.fixture(scope="module")
def lesson(request) -> Lesson:
    return Lesson(request.param, LESSONS[request.param][0])


@pytest.fixture(scope="module")
def lesson_panel(page: Page, jupyterlab, lesson: Lesson) -> Iterator[Locator]:
    """The panel of the lesson, after all its cells have run; its kernel is ended afterwards."""
    page.goto(jupyterlab.url(f"notebooks/{lesson.path.name}"))
    served = jupyterlab.root / "notebooks" / lesson.path.name
    cells = nbformat.read(served, as_version=nbformat.NO_CONVERT).cells
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
    yield page.locator(".jp-OutputArea-output").filter(has=image)
    page.goto("about:blank")
    jupyterlab.end_kernels()


@pytest.fixture
def panel(lesson_panel: Locator, lesson: Lesson) -> Locator:
    """The same, as it stands at first."""
    button(lesson_panel, "Reset").click()
    start = lesson.panel.view()
    expect(lesson_panel.get_by_role("status")).to_have_text(start.sentence)
    return lesson_panel


def button(panel: Locator, label: str) -> Locator:
    """By its whole label; the name of "Reset" holds the glyph of its icon as well."""
    return panel.get_by_role("button", name=label, exact=label != "Reset")


def slider(panel: Locator, control: Slider) -> Locator:
    label = panel.page.get_by_text(control.label, exact=True)
    return panel.locator(".widget-slider").filter(has=label).get_by_role("slider")


def assert_shows(panel: Locator, twin) -> None:
    """Sentence, title and picture are those of a panel in Python, the picture byte by byte."""
    image = panel.locator("img.widget-image")
    expect(panel.get_by_role("status")).to_have_text(twin.current.sentence)
    expect(image).to_have_attribute("title", twin.image.tooltip)
    assert png(image) == bytes(twin.image.value)


def png(image: Locator) -> bytes:
    read = "async image => Array.from(new Uint8Array(await (await fetch(image.src)).arrayBuffer()))"
    return bytes(image.evaluate(read))


@of_every_panel
def test_every_slider_moved_by_keyboard_changes_picture_and_sentence_and_reset_restores_them(
    panel, page, lesson
):
    image, twin = panel.locator("img.widget-image"), lesson.panel.live()
    assert_shows(panel, twin)
    start, said = png(image), twin.current.sentence
    assert image.evaluate("image => image.naturalWidth") > 600
    for control in lesson.sliders:
        moving, (key, value) = slider(panel, control), lesson.towards(control, PRESSES)
        stood_at, source = moving.get_attribute("aria-valuetext"), image.get_attribute("src")
        moving.focus()
        for _ in range(PRESSES):
            page.keyboard.press(key)
        expect(moving).not_to_have_attribute("aria-valuetext", stood_at)
        twin.set(**{control.name: value})
        assert_shows(panel, twin)
        seen = twin.current.sentence != said, bytes(twin.image.value) != start
        # The slice of the first panel can be cut anywhere as long as nothing is done to it, and a
        # rollout or a fault that has ended is the same whenever one stops watching.
        if control.name not in ("threshold", "minute", "day"):
            expect(image).not_to_have_attribute("src", source)
            assert seen == (True, True), control.name
        button(panel, "Reset").focus()
        page.keyboard.press("Enter")
        expect(moving).to_have_attribute("aria-valuetext", stood_at)
        twin.reset()
        assert_shows(panel, twin)


@of_every_panel
def test_every_button_shows_the_very_picture_that_python_draws(panel, lesson):
    """In JupyterLab a slider's echo is handled beside the button's click, in another thread."""
    twin = lesson.panel.live()
    for label in twin.buttons:
        button(panel, label).click()
        twin.press(label)
        assert_shows(panel, twin)


@of_every_panel
def test_names_and_switches_are_chosen_by_hand(panel, lesson):
    twin = lesson.panel.live()
    for control in lesson.panel.controls:
        if isinstance(control, Choice) and not control.ordered:
            value = control.values[-1]
            panel.get_by_label(control.label, exact=True).select_option(label=str(value))
            twin.set(**{control.name: value})
            assert_shows(panel, twin)
        elif isinstance(control, Switch) and not twin.controls[control.name].disabled:
            panel.get_by_label(control.label, exact=True).click()
            twin.set(**{control.name: not twin.values[control.name]})
            assert_shows(panel, twin)


@of_the_gate
def test_a_preset_blocks_the_model_that_fails_real_people(panel: Locator, page: Page):
    button(panel, "trees_without_medical").click()
    expect(panel.get_by_role("status")).to_contain_text("BLOCK, slice regressed.")
    expect(panel.get_by_role("status")).to_contain_text("hearing difficulty")
    unmovable = panel.locator(".widget-slider").filter(has=page.locator("[disabled]"))
    expect(unmovable).to_have_count(4)
    expect(unmovable.first).to_contain_text("training seed")


@of_the_gate
def test_the_readmes_picture_can_be_taken(panel: Locator, page: Page, lesson: Lesson):
    """And is stored, when asked: see readme_picture.py."""
    button(panel, readme_picture.PRESET).click()
    twin = lesson.panel.live()
    twin.press(readme_picture.PRESET)
    assert_shows(panel, twin)
    control = next(c for c in lesson.panel.controls if c.name == readme_picture.CONTROL)
    slider(panel, control).focus()
    for _ in range(readme_picture.PRESSES):
        page.keyboard.press("ArrowRight")
    assert_shows(panel, readme_picture.shown_panel())
    page.keyboard.press("Escape")
    cell = page.locator(".jp-Cell").filter(has=panel)
    heading = cell.locator("xpath=preceding-sibling::*[1]").get_by_role("heading").last
    heading.evaluate("heading => heading.scrollIntoView()")
    page.mouse.move(0, 0)
    box, top = cell.bounding_box(), heading.bounding_box()["y"]
    clip = box | {"y": top, "height": box["y"] + box["height"] - top}
    picture = page.screenshot(clip=clip)
    assert clip["width"] > 700 and clip["height"] > 500
    if os.environ.get("STORE_PICTURE"):
        readme_picture.store(picture)


@of_every_panel
def test_how_long_a_move_takes(panel: Locator, page: Page, lesson: Lesson, record_property):
    """No bound: a busy machine must not fail the lab. The number is printed at the end."""
    panel.locator("img.widget-image").evaluate(_WATCH)
    control = lesson.sliders[0]
    slider(panel, control).focus()
    key, _ = lesson.towards(control, MOVES)
    took = []
    for _ in range(MOVES):
        page.keyboard.press(key)
        page.wait_for_function("window.took !== null")
        took.append(page.evaluate("window.took"))
    assert len(took) == MOVES and min(took) > 0
    median = statistics.median(took)
    said = f"panel {lesson.word}, key to picture: median {median:.0f} ms of {MOVES} moves"
    record_property("latency", said)
