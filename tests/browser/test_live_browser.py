"""The page of `make live` in a browser: Python on a static page says what Python here says."""

from __future__ import annotations

import functools
import http.server
import io
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from labsupport.show.frames import Frames
from labsupport.show.panels import PANELS

LIVE = Path(__file__).resolve().parents[2] / "build" / "live"
WORDS = ("gate", "intervals")
STARTS = 240_000  # milliseconds at most until Python has started, on a machine that is busy
ANSWERS = 60_000
ALIKE = 2.0  # of 255, the mean difference of two pictures: edges of letters, no mark
MOVE = "(input, at) => { input.value = at; input.dispatchEvent(new Event('input')); }"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (LIVE / "index.html").exists(), reason="There is no build/live; `make live` makes it."
    ),
]


class Quiet(http.server.SimpleHTTPRequestHandler):
    """A static host. It sends none of the headers that shared memory would need."""

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """build/live on a static host."""
    serve = functools.partial(Quiet, directory=LIVE)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), serve) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def live(browser: Browser, address: str) -> Iterator[Page]:
    """The page on a phone's screen, with Python started; it asks no other host for anything."""
    page = browser.new_page(viewport={"width": 390, "height": 800})
    asked: list[str] = []
    errors: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{address}/index.html")
    page.locator("html[data-live]").wait_for(timeout=STARTS)
    yield page
    page.close()
    outside = [url for url in asked if not url.startswith((address, "blob:", "data:"))]
    assert (outside, errors) == ([], [])


def shown(page: Page, word: str) -> tuple[str, str, bytes]:
    """The sentence, the alt text and the picture of a panel."""
    section = page.locator(f"[data-panel={word}]")
    picture = section.locator(".lab-picture img")
    png = picture.evaluate(
        "async (image) => [...new Uint8Array(await (await fetch(image.src)).arrayBuffer())]"
    )
    sentence = section.locator(".lab-said").text_content()
    return sentence, picture.get_attribute("alt"), bytes(png)


def pixels(png: bytes) -> np.ndarray:
    """A picture as numbers from 0 to 255."""
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"), dtype=float)


@functools.cache
def here(word: str) -> Frames:
    """The frames of a panel, drawn by this Python."""
    return Frames(PANELS[word])


def same(page: Page, word: str, values: dict[str, object]) -> None:
    """Assert that a panel on the page shows what its functions say and draw here."""
    frame = here(word).frame(values)
    section = page.locator(f"[data-panel={word}]")
    alt = section.locator(".lab-picture img")
    expect(alt).to_have_attribute("alt", frame.alt, timeout=ANSWERS)
    expect(section.locator(".lab-said")).to_have_text(frame.first + frame.rest)
    _, _, png = shown(page, word)
    assert np.abs(pixels(png) - pixels(frame.picture)).mean() < ALIKE


@pytest.mark.parametrize("word", WORDS)
def test_every_control_says_in_the_browser_what_it_says_here(live: Page, word: str):
    panel = PANELS[word]
    section = live.locator(f"[data-panel={word}]")
    same(live, word, panel.start)
    for control in panel.controls:
        if control.name not in panel.matter(panel.start):
            continue
        section.get_by_role("button", name="Reset", exact=True).click()
        same(live, word, panel.start)
        at = len(control.values) // 3
        moved = section.locator(f"[name={control.name}]")
        if not moved.count():  # names: radio buttons under their labels
            section.locator("label", has_text=str(control.values[at])).click()
        elif moved.get_attribute("type") == "checkbox":
            moved.set_checked(bool(at))
        else:
            moved.evaluate(MOVE, at)
        value = control.values[at]
        same(live, word, panel.start | {control.name: value})


def test_presets_and_moves_are_pressed_in_the_browser(live: Page):
    panel = PANELS["intervals"]
    section = live.locator("[data-panel=intervals]")
    for label in panel.presets:
        section.get_by_role("button", name=label, exact=True).click()
        same(live, "intervals", panel.preset(label))
    section.get_by_role("button", name="Reset", exact=True).click()
    section.get_by_role("button", name="Draw again").click()
    same(live, "intervals", panel.moved("Draw again", panel.start))


def test_the_page_fits_a_phone(live: Page):
    wide = live.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert wide[0] <= wide[1]


def test_where_python_does_not_load_recorded_frames_move(browser: Browser, address: str):
    page = browser.new_page()
    page.route("**/python.wasm.*", lambda route: route.abort())
    page.goto(f"{address}/index.html")
    page.locator("html[data-live=no]").wait_for()
    expect(page.locator("#progress")).to_contain_text("does not run in this browser")
    panel = PANELS["intervals"]
    inside = page.frame_locator("[data-panel=intervals] iframe")
    for label in ("enough rows", "build A"):
        inside.get_by_role("button", name=label, exact=True).click()
        alt = here("intervals").frame(panel.preset(label)).alt
        expect(inside.locator(".lab-picture img")).to_have_attribute("alt", alt)
    page.close()


def test_without_a_script_the_pictures_are_there(browser: Browser, address: str):
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto(f"{address}/index.html")
    for word in WORDS:
        frame = here(word).frame(PANELS[word].start)
        still = page.locator(f"[data-panel={word}] .still")
        assert still.locator("img").get_attribute("alt") == frame.alt
        assert still.locator("figcaption").text_content() == frame.first + frame.rest
    page.context.close()
