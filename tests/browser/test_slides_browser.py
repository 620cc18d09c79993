"""The slides in Chromium: offline, nothing cut, legible from the last row, light and dark."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page
from slow import one_in

from labsupport.workspace import ROOT, LabError
from labsupport.workspace.slides.deck import reveal_folder, write_slides

LESSONS = sorted((ROOT / "notebooks").glob("*.ipynb"))
SMALLEST = 24  # pixels of a letter at 1280 x 720, of what is not in a picture

# {what: [...]} of the slide that is shown: what reaches beyond the page or the next element, and
# letters that are too small. A slide's number and the arrows are none of its words.
FAULTS = """smallest => {
  const slide = Reveal.getCurrentSlide(), found = [];
  const parts = [...slide.querySelectorAll('h1, h2, p, pre, li, img, figcaption')]
    .filter(part => !part.closest('.notes') && part.getClientRects().length);
  if (!parts.length) found.push('nothing is shown');
  for (const part of parts) {
    const box = part.getBoundingClientRect(), name = `${part.tagName} ${part.innerText ?? ''}`;
    if (box.left < 0 || box.top < 0 || box.right > innerWidth || box.bottom > innerHeight)
      found.push(`cut: ${name}`);
    if (part.scrollWidth > part.clientWidth + 1) found.push(`too wide: ${name}`);
    if (part.tagName === 'IMG' ? !(part.naturalWidth && box.height > 300)
        : parseFloat(getComputedStyle(part).fontSize) < smallest) found.push(`small: ${name}`);
  }
  return found;
}"""
GROUND = """() => [getComputedStyle(document.body).backgroundColor,
  getComputedStyle(Reveal.getCurrentSlide().querySelector('h1, h2, p')).color]"""


@pytest.fixture(scope="module")
def pages(tmp_path_factory) -> dict[str, Path]:
    """{lesson: its page}, written as `make slides` does."""
    try:
        reveal = reveal_folder(ROOT)
    except LabError:
        pytest.skip("no reveal.js here: make slides")
    written = write_slides(LESSONS, tmp_path_factory.mktemp("slides"), reveal)
    return {page.stem: page for page in written}


def opened(browser: Browser, page: Path, shade: str = "light") -> tuple[Page, list[str]]:
    """The page, ready, and what it asked for that is no file or said to its console."""
    seen = browser.new_page(viewport={"width": 1280, "height": 720}, color_scheme=shade)
    said: list[str] = []
    seen.on("console", lambda message: said.append(message.text))
    seen.on("pageerror", lambda error: said.append(str(error)))
    seen.on(
        "request",
        lambda asked: None if asked.url.startswith(("file:", "data:")) else said.append(asked.url),
    )
    seen.goto(page.as_uri())
    seen.wait_for_function("window.Reveal && Reveal.isReady()")
    return seen, said


NAMES = [path.stem for path in LESSONS]


@pytest.mark.parametrize("name", one_in(3, NAMES))
def test_every_slide_is_whole_and_legible_and_asks_for_nothing(browser, pages, name):
    page, said = opened(browser, pages[name])
    faults = {}
    for number in range(page.evaluate("Reveal.getTotalSlides()")):
        if found := page.evaluate(FAULTS, SMALLEST):
            faults[number + 1] = found
        page.keyboard.press("Space")
    assert page.evaluate("Reveal.isLastSlide()")
    page.close()
    assert (faults, said) == ({}, [])


def luminance(colour: str) -> float:
    """Of a CSS colour `rgb(r, g, b)`, from 0 to 1, as WCAG 2 defines it."""
    parts = (int(part) / 255 for part in colour.strip("rgb() ").split(","))
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("shade", ["light", "dark"])
def test_the_machines_shade_is_followed_and_a_key_changes_it(browser, pages, shade):
    page, _ = opened(browser, pages[LESSONS[1].stem], shade)
    grounds = []
    for _ in range(2):
        ground, ink = map(luminance, page.evaluate(GROUND))
        high, low = max(ground, ink), min(ground, ink)
        assert (high + 0.05) / (low + 0.05) > 7
        grounds.append(ground)
        page.keyboard.press("d")
    page.close()
    assert (grounds[0] > 0.5) == (shade == "light") and (grounds[1] > 0.5) == (shade == "dark")


def test_a_cut_slide_and_a_small_letter_are_seen(browser, pages):
    page, _ = opened(browser, pages[LESSONS[1].stem])
    assert page.evaluate(FAULTS, SMALLEST) == []
    page.add_style_tag(
        content=".reveal h1 { margin-left: 1100px; white-space: nowrap; font-size: 20px }"
    )
    found = page.evaluate(FAULTS, SMALLEST)
    page.close()
    assert any(each.startswith("small: H1") for each in found)
    assert any(each.startswith(("cut: H1", "too wide: H1")) for each in found)
