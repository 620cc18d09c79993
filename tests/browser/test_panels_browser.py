"""The panels of all lessons in JupyterLab and in `lab demo`: every control and button by keyboard,
each picture byte by byte what Python draws, and nothing jumps.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from functools import cache

import pytest
import readme_picture
from axe_playwright_python.sync_playwright import Axe
from browser_lab import ALL_PANELS, JupyterLab, ran, watched
from panel_lessons import LESSONS
from playwright.sync_api import Browser, Locator, Page, TimeoutError, expect
from slow import some_slow

from labsupport.show.controls import Choice, Control, Switch
from labsupport.show.panels import PANELS

PRESSES = 2
LONG = 120_000  # milliseconds, for what begins on a busy machine
# A sentence and an alt text are there. Asked at every frame that is painted; `expect` asks once a
# second, when it has waited for one.
SAYS = """([panel, said, alt]) => {
  const words = panel.querySelector(".lab-said").textContent.replace(/\\s+/g, " ").trim();
  return words === said && panel.querySelector("img").alt === alt;
}"""
twin_of = cache(lambda word: PANELS[word].live())  # it keeps what it has drawn


@pytest.fixture(scope="module")
def all_panels(page: Page, jupyterlab: JupyterLab) -> Iterator[Locator]:
    """One notebook with the panels of all lessons; its kernel is ended afterwards."""
    panels = ran(page, jupyterlab, ALL_PANELS)
    expect(panels).to_have_count(len(PANELS), timeout=LONG)
    yield panels
    page.goto("about:blank")
    jupyterlab.end_kernels()


@pytest.fixture(scope="module")
def projector(browser: Browser) -> Iterator[Page]:
    """A page as wide as a lecture hall's."""
    with watched(browser, 1280, 720) as page:
        yield page


def in_lesson(word: str, request: pytest.FixtureRequest) -> Locator:
    """A panel in that notebook."""
    return request.getfixturevalue("all_panels").nth(list(PANELS).index(word))


def in_demo(word: str, request: pytest.FixtureRequest) -> Locator:
    """A panel that `lab demo` serves."""
    page = request.getfixturevalue("projector")
    page.goto(request.getfixturevalue("demo")[0] + word, timeout=LONG)
    page.locator(".lab-picture img[src]").wait_for(timeout=LONG)
    return page.locator(".lab-panel")


# One panel after another, so that its pictures are drawn once; the notebook first, whole.
# One of them in `lab demo` at once: all take thirteen minutes.
every_panel = pytest.mark.parametrize(
    ("where", "word"),
    some_slow(
        [(where, word) for where in (in_lesson, in_demo) for word in PANELS],
        lambda each: each[0] is in_demo and each[1] == "gate",
    ),
)


def button(panel: Locator, label: str) -> Locator:
    return panel.get_by_role("button", name=label, exact=True)


def assert_shows(panel: Locator, twin) -> None:
    """Sentence, alt text and picture are those of a panel in Python, the picture byte by byte."""
    image, said = panel.locator("img"), " ".join(twin.sentence.split())
    with suppress(TimeoutError):  # then the next lines say what is there
        panel.page.wait_for_function(SAYS, arg=[panel.element_handle(), said, twin.alt])
    expect(panel.locator(".lab-said")).to_have_text(twin.sentence)
    expect(image).to_have_attribute("alt", twin.alt)
    assert png(image) == twin.picture


def png(image: Locator) -> bytes:
    read = "async image => Array.from(new Uint8Array(await (await fetch(image.src)).arrayBuffer()))"
    return bytes(image.evaluate(read))


def focused(page: Page) -> str:
    """The `name` or the words of what has the focus."""
    return page.evaluate(
        "(({name, type, textContent, closest}, e = document.activeElement) =>"
        " e.type === 'radio' ? e.closest('fieldset').querySelector('legend').textContent"
        " : e.name || e.textContent)(document.activeElement)"
    )


def move(page: Page, control: Control, value: object) -> object:
    """Move the control that has the focus by its keys; return where that leads."""
    if isinstance(control, Switch):
        page.keyboard.press("Space")
        return not value
    at = control.values.index(value)
    steps = 1 if isinstance(control, Choice) else PRESSES
    on = at + steps < len(control.values)
    for _ in range(steps):
        page.keyboard.press("ArrowRight" if on else "ArrowLeft")
    return control.values[at + steps if on else at - steps]


@pytest.mark.slow
def test_axe_finds_nothing_in_the_panels_and_every_picture_is_told_with_numbers(all_panels, page):
    """In light; test_shell_browser has the same controls in dark."""
    for image in all_panels.locator("img").all():
        expect(image).to_have_attribute("alt", re.compile(r"\d"))
    found = Axe().run(page, ".lab-panel").response["violations"]
    assert not found, [(each["id"], each["nodes"][0]["html"][:200]) for each in found]


def places(panel: Locator) -> list[dict[str, float]]:
    """Where the picture and the first control are, seen from the panel's corner."""
    corner = panel.bounding_box()
    boxes = [panel.locator(each).first.bounding_box() for each in ("figure", ".lab-control")]
    return [box | {"x": box["x"] - corner["x"], "y": box["y"] - corner["y"]} for box in boxes]


@every_panel
def test_every_control_is_reached_by_tab_and_moved_by_its_keys(where, word, request):
    panel, twin = where(word, request), twin_of(word)
    page = panel.page
    twin.reset()
    assert_shows(panel, twin)
    assert panel.locator("img").evaluate("image => image.naturalWidth") > 600
    button(panel, "Reset").focus()
    for control in PANELS[word].controls:
        if twin.controls[control.name].disabled:
            continue
        page.keyboard.press("Tab")
        names = isinstance(control, Choice) and not control.ordered
        assert focused(page) == (control.words if names else control.name)
        value = move(page, control, twin.values[control.name])
        twin.set(**{control.name: value})
        assert_shows(panel, twin)
        # Back, so that the next control is there as well.
        twin.reset()
        page.keyboard.press("Space" if isinstance(control, Switch) else "Tab")
        button(panel, "Reset").press("Enter")
        assert_shows(panel, twin)
        one = panel.get_by_role("group", name=control.words, exact=True).get_by_role("radio")
        at = control.values.index(twin.values[control.name])
        (one.nth(at) if names else panel.locator(f"[name={control.name}]")).focus()


@every_panel
def test_every_button_shows_the_very_picture_that_python_draws(where, word, request):
    panel, twin = where(word, request), twin_of(word)
    twin.reset()
    button(panel, "Reset").press("Enter")
    assert_shows(panel, twin)
    before, height = places(panel), panel.bounding_box()["height"]
    for label in twin.buttons:
        button(panel, label).press("Enter")
        twin.press(label)
        assert_shows(panel, twin)
        assert places(panel) == before, label
        # The place for the sentence only grows, so what follows does not go up and down.
        height, lower = panel.bounding_box()["height"], height
        assert height >= lower, label


@pytest.fixture(scope="module")
def gate_lesson(page: Page, jupyterlab: JupyterLab) -> Iterator[Locator]:
    """The panel of lesson 01, after all its cells have run, as a student runs them."""
    path = LESSONS[readme_picture.WORD][0]
    yield ran(page, jupyterlab, f"notebooks/{path.name}").first
    page.goto("about:blank")
    jupyterlab.end_kernels()


@pytest.mark.slow
def test_the_readmes_picture_can_be_taken(gate_lesson: Locator, page: Page):
    """And is stored, when asked: `make picture`."""
    button(gate_lesson, readme_picture.PRESET).click()
    twin = PANELS[readme_picture.WORD].live()
    twin.press(readme_picture.PRESET)
    assert_shows(gate_lesson, twin)
    gate_lesson.locator(f"[name={readme_picture.CONTROL}]").focus()
    for _ in range(readme_picture.PRESSES):
        page.keyboard.press("ArrowRight")
    assert_shows(gate_lesson, readme_picture.shown_panel())
    page.evaluate("document.activeElement.blur()")
    cell = page.locator(".jp-Cell").filter(has=gate_lesson)
    heading = cell.locator("xpath=preceding-sibling::*[1]").get_by_role("heading").last
    heading.evaluate("heading => heading.scrollIntoView()")
    page.mouse.move(0, 0)
    box, top = cell.bounding_box(), heading.bounding_box()["y"]
    clip = box | {"y": top, "height": box["y"] + box["height"] - top}
    picture = page.screenshot(clip=clip)
    assert clip["width"] > 700 and clip["height"] > 500
    if os.environ.get("STORE_PICTURE"):
        readme_picture.store(picture)
