"""Rendered pages before axe-core, in light and dark: nothing serious, nothing at all of lesser
weight in what is ours. None asks for anything that it does not carry. Live panels are looked at
beside their other tests.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page
from slow import one_in

from labsupport.workspace import execute
from labsupport.workspace.notebook import as_html

ROOT = Path(__file__).resolve().parents[2]
BOOKS = sorted(
    p for f in ("notebooks", "exercises", "solutions") for p in (ROOT / f).glob("*.ipynb")
)

SCHEMES = ("light", "dark")
# Words of one kind have one colour: axe-core looks at one of each. All would take a minute a page.
ONE_OF_A_KIND = """(seen => document.querySelectorAll(
    '.highlight span, .jp-InputPrompt, .jp-OutputPrompt'
).forEach(e => seen.has(e.className) ? e.remove() : seen.add(e.className)))(new Set())"""


def found(page: Page, where: str | None = None) -> list[tuple[str, str, str]]:
    """What axe-core objects to: (rule, weight, the first element)."""
    violations = Axe().run(page, where).response["violations"]
    return [(each["id"], each["impact"], each["nodes"][0]["html"][:200]) for each in violations]


@pytest.fixture(scope="module")
def still(browser: Browser) -> Iterator[Page]:
    """A page that asks no network for anything."""
    alone = browser.new_page(viewport={"width": 1280, "height": 720})
    asked: list[str] = []
    alone.on("request", lambda one: asked.append(one.url) if one.url[:4] == "http" else None)
    yield alone
    alone.close()
    assert not asked


@pytest.mark.parametrize(
    "book", one_in(6, BOOKS), ids=lambda book: f"{book.parent.name}/{book.stem}"
)
def test_a_rendered_notebook_can_be_read_by_all(book, still, tmp_path):
    page = tmp_path / "page.html"
    page.write_text(as_html(nbformat.read(book, as_version=4), book.stem), encoding="utf-8")
    still.goto(page.as_uri())
    assert still.title() == still.locator("h1").first.inner_text().rstrip("¶")
    assert still.locator("html").get_attribute("lang") == "en"
    still.evaluate(ONE_OF_A_KIND)
    for scheme in SCHEMES:
        still.emulate_media(color_scheme=scheme)
        assert [each for each in found(still) if each[1] in ("serious", "critical")] == [], scheme


def test_axe_sees_what_is_wrong(still):
    """The control: the same question, of a page with a fault of each kind."""
    still.set_content(
        '<p style="color: #bbb; background: #fff">pale <a href="">link</a><img src="">'
    )
    rules = {rule for rule, _, _ in found(still)}
    assert {"color-contrast", "image-alt", "document-title", "html-has-lang"} <= rules


def test_the_index_can_be_read_by_all(still, tmp_path):
    outcomes = [
        execute.Outcome(book, 3, problem)
        for book, problem in zip(BOOKS, (None, "no"), strict=False)
    ]
    page = tmp_path / "index.html"
    page.write_text(execute.index(outcomes, tmp_path), encoding="utf-8")
    still.goto(page.as_uri())
    for scheme in SCHEMES:
        still.emulate_media(color_scheme=scheme)
        assert found(still) == []
