"""How long a move of a panel takes in a browser: from the key going down to the frame after the one
in which the picture that it caused is painted. Numbers, no bounds; the table comes at the end of
`make bench`.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterator

import pytest
from browser_lab import ALL_PANELS, JupyterLab, demo, jupyterlab, page, ran  # noqa: F401
from playwright.sync_api import Locator, Page, expect

from labsupport.show.controls import Slider
from labsupport.show.panels import PANELS

MOVES, STEPS, BETWEEN = 30, 30, 33  # a drag is 30 steps in one second
DRAGS = 5
PACE = 200  # milliseconds between two moves by hand
REST = 1000  # milliseconds from one slider to the next
_WATCH = """
image => {
  const now = () => performance.now();
  document.addEventListener("keydown", () => { window.pressed = now(); window.took = null; }, true);
  const painted = () => { window.took = now() - window.pressed; };
  // A picture comes decoded, as another image; the same one again has at least its alt text set.
  const watched = { childList: true, subtree: true, attributeFilter: ["alt"] };
  const next = (then) => requestAnimationFrame(() => requestAnimationFrame(then));
  new MutationObserver(() => next(painted)).observe(image.parentNode, watched);
}
"""


@pytest.fixture(scope="module")
def all_panels(page: Page, jupyterlab: JupyterLab) -> Iterator[Locator]:  # noqa: F811
    """One notebook with the panels of all lessons."""
    panels = ran(page, jupyterlab, ALL_PANELS)
    expect(panels).to_have_count(len(PANELS), timeout=120_000)
    yield panels
    page.goto("about:blank")
    jupyterlab.end_kernels()


@pytest.mark.parametrize("word", PANELS)
def test_how_long_a_move_takes_in_a_lesson(all_panels, page, word, record_property):  # noqa: F811
    _measure("lesson", all_panels.nth(list(PANELS).index(word)), page, word, record_property)


@pytest.mark.parametrize("word", PANELS)
def test_how_long_a_move_takes_in_demo_mode(demo, page, word, record_property):  # noqa: F811
    page.goto(f"{demo[0]}{word}", timeout=120_000)
    page.locator(".lab-picture img[src]").wait_for()
    _measure("demo", page.locator(".lab-panel"), page, word, record_property)


def _measure(where, panel, page, word, record_property) -> None:  # noqa: F811
    """Time moves as fast as they are answered, then at a hand's pace, then drags."""
    declared = PANELS[word]
    matter = declared.matter(declared.start)
    sliders = [c for c in declared.controls if isinstance(c, Slider) and c.name in matter]
    control = max(sliders, key=lambda slider: len(slider.values))
    panel.locator("img").evaluate(_WATCH)
    moving = panel.locator(f"[name={control.name}]")
    moving.focus()
    fast = _moves(page, moving, len(control.values) - 1, 0)
    paced = _moves(page, moving, len(control.values) - 1, PACE)
    row = {"where": where, "panel": word, "slider": control.words}
    for name, took in (("at once", fast), ("by hand", paced)):
        assert len(took) == MOVES and min(took) > 0
        low, high = statistics.median(took), statistics.quantiles(took, n=10)[-1]
        row[name] = f"{low:.0f}, {high:.0f}, {max(took):.0f} ms"
    moving.evaluate(
        "e => e.addEventListener('input', () => { window.pressed = performance.now() })"
    )
    others = [panel.locator(f"[name={one.name}]") for one in sliders if one is not control]
    ends = []
    for _ in range(DRAGS):
        for other in others[:1]:  # so that no picture of the drag has been drawn yet
            other.press(
                "ArrowLeft" if other.input_value() == other.get_attribute("max") else "ArrowRight"
            )
        page.wait_for_timeout(REST)
        ends.append(_drag(page, moving, len(control.values)))
    row["after a drag"] = f"{statistics.median(ends):.0f}, {max(ends):.0f} ms"
    record_property("latency", json.dumps(row))


def _moves(page: Page, moving: Locator, last: int, pause: float) -> list[float]:  # noqa: F811
    """Milliseconds of each move, to and fro between the ends, with a pause before each."""
    at, took, on = int(moving.input_value()), [], True
    for _ in range(MOVES):
        page.wait_for_timeout(pause)
        on = at < last if on else at == 0
        at += 1 if on else -1
        page.keyboard.press("ArrowRight" if on else "ArrowLeft")
        page.wait_for_function("window.took !== null")
        took.append(page.evaluate("window.took"))
    return took


def _drag(page: Page, moving: Locator, values: int) -> float:  # noqa: F811
    """Milliseconds from the last step of a drag to its picture."""
    box = moving.bounding_box()
    at = int(moving.input_value()) / (values - 1)
    thumb = 16
    x = box["x"] + thumb / 2 + at * (box["width"] - thumb)
    y = box["y"] + box["height"] / 2
    step = (1 if at < 0.5 else -1) * box["width"] / (3 * STEPS)
    page.mouse.move(x, y)
    page.mouse.down()
    for _ in range(STEPS):
        x += step
        page.mouse.move(x, y)
        page.wait_for_timeout(BETWEEN)
    page.evaluate("window.took = null")
    one = box["width"] / (values - 1)  # to the next value, and no less
    page.mouse.move(x + (max(step, one) if step > 0 else min(step, -one)), y)
    page.wait_for_function("window.took !== null")
    page.wait_for_timeout(300)  # the picture of the last step, not of one before it
    page.mouse.up()
    return page.evaluate("window.took")
