"""The book that `make site` writes: whole, linked, readable, and on its own."""

from __future__ import annotations

import json
import os
import re
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from labsupport.show.demo.record import record
from labsupport.show.panels import PANELS

ROOT = Path(__file__).resolve().parents[1]
HOME = ROOT / ".venv" / "site"  # as the Makefile says
PYTHON = HOME.joinpath(*(("Scripts", "python.exe") if os.name == "nt" else ("bin", "python")))
BOOKS = [
    path.relative_to(ROOT).with_suffix("").as_posix()
    for folder in ("notebooks", "exercises")
    for path in sorted((ROOT / folder).glob("*.ipynb"))
]
# The panels that the book of these tests has; `make site` has them all.
RECORDED = {"notebooks/05_fail_fast": ["costs"]}
WIDE, NARROW = {"width": 1280, "height": 720}, {"width": 390, "height": 844}
GROUNDS = """() => {
  const ground = (each) => {
    const own = getComputedStyle(each).backgroundColor;
    return own === "rgba(0, 0, 0, 0)" && each.parentElement ? ground(each.parentElement) : own;
  };
  const all = document.querySelectorAll("article figcaption, article section > p");
  return [...all].map((each) => [getComputedStyle(each).color, ground(each)]);
}"""
ALONE = {"preload": False}  # axe would ask for style sheets once more, under wrong addresses
needs_sphinx = pytest.mark.skipif(not HOME.exists(), reason="no Sphinx here: make site")
# The book is made in 10 seconds, on a busy machine in 100.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@dataclass
class Read(HTMLParser):
    """What a page names: its ids, its links, what it loads by itself, and its pictures."""

    text: str
    ids: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    loads: list[str] = field(default_factory=list)
    alts: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self.feed(self.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        self.ids |= {told["id"]} if told.get("id") else set()
        if tag == "a" and told.get("href"):
            self.links.append(told["href"])
        if tag == "link" and told.get("rel") not in {"next", "prev", "index", "search", "author"}:
            self.loads.append(told["href"])
        if told.get("src"):
            self.loads.append(told["src"])
        if tag == "img":
            self.alts.append(told.get("alt") or "")


def link_faults(pages: dict[str, Read], files: set[str]) -> Iterator[str]:
    """Links and loads that lead nowhere, and loads from elsewhere. {page's path: Read}"""
    for path, page in pages.items():
        for target in [*page.links, *page.loads]:
            parts = urlsplit(target)
            if parts.scheme == "data":
                continue
            if parts.scheme or parts.netloc:
                if target in page.loads:
                    yield f"{path} loads {target} from elsewhere."
                continue
            found = unquote(urlsplit(urljoin(path, parts.path)).path) if parts.path else path
            if found not in files:
                yield f"{path} names {target}, which is not there."
            elif parts.fragment and unquote(parts.fragment) not in pages[found].ids:
                yield f"{path} names {target}, and {found} has no such place."


def is_panel_cell(cell: dict) -> bool:
    return "nbval-ignore-output" in cell["metadata"].get("tags", [])


def cells_of(book: str) -> list[dict]:
    return json.loads((ROOT / f"{book}.ipynb").read_text(encoding="utf-8"))["cells"]


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """The folder of the book. A warning of Sphinx, such as of a link to nothing, is a failure."""
    if not HOME.exists():
        pytest.skip("no Sphinx here: make site")
    out = tmp_path_factory.mktemp("a book") / "site"
    panels = out.parent / "panels"
    panels.mkdir()
    for [word] in RECORDED.values():
        record(word, panels, most=2)
    command = [str(PYTHON), str(ROOT / "docs/site/build.py"), str(out), str(panels)]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=500)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
    return out


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[str, Read]:
    return {
        path.relative_to(site).as_posix(): Read(path.read_text(encoding="utf-8"))
        for path in site.rglob("*.html")
        if path.parent.name != "panels"
    }


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *said: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    """Where the book is served, in a folder below the root as on Pages."""
    with ThreadingHTTPServer(
        ("127.0.0.1", 0), partial(Quiet, directory=str(site.parent))
    ) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/site/"
        server.shutdown()


@pytest.fixture
def reader(browser: Browser, address: str) -> Iterator[Page]:
    """A page of a browser that is fresh. No error in its console, no request to elsewhere."""
    context = browser.new_context(viewport=WIDE, color_scheme="light")
    page, faults = context.new_page(), []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
    page.on(
        "request",
        lambda asked: (
            None if asked.url.startswith((address, "data:", "blob:")) else faults.append(asked.url)
        ),
    )
    page.on("response", lambda got: faults.append(got.url) if got.status >= 400 else None)
    yield page
    context.close()
    assert not faults


# ---- the files


def test_links_that_lead_nowhere_are_seen():
    page = Read('<p id="a"><a href="#a"><a href="#b"><a href="x.html"><a href="../up.html#c">')
    other = Read('<script src="https://cdn/x.js"></script><img src="data:image/png;base64,AA">')
    faults = list(link_faults({"n/p.html": page, "up.html": other}, {"n/p.html", "up.html"}))
    assert [re.sub(" .*", "", fault) for fault in faults] == ["n/p.html"] * 3 + ["up.html"]
    assert "#b, and" in faults[0] and "x.html" in faults[1] and "no such place" in faults[2]
    assert other.alts == [""]


@needs_sphinx
def test_every_link_and_picture_is_there(site, pages):
    files = {path.relative_to(site).as_posix() for path in site.rglob("*") if path.is_file()}
    assert not list(link_faults(pages, files))


@needs_sphinx
@pytest.mark.parametrize("book", BOOKS)
def test_a_notebook_is_a_page_with_all_its_pictures_and_itself_to_download(site, pages, book):
    page = pages[f"{book}.html"]
    assert (site / f"{book}.ipynb").read_bytes() == (ROOT / f"{book}.ipynb").read_bytes()
    assert f"{Path(book).name}.ipynb" in page.links
    stored = [
        alt
        for cell in cells_of(book)
        for output in cell.get("outputs", [])
        for alt in Read("".join(output.get("data", {}).get("text/html", ""))).alts
    ]
    assert page.alts == stored and all(stored)
    titles = [line for line in "".join(cells_of(book)[0]["source"]).splitlines() if line]
    assert titles[0].removeprefix("# ") in page.text.replace("’", "'")


@needs_sphinx
def test_from_next_to_next_one_comes_through_the_whole_book(pages):
    path, seen = "index.html", []
    while path:
        seen.append(path)
        following = re.search(r'<link rel="next" [^>]*href="([^"]*)"', pages[path].text)
        path = following and urljoin(path, following[1])
    contents = [f"{book}.html" for book in BOOKS]
    lessons = [path for path in contents if path.startswith("notebooks")]
    assert seen == [
        "index.html",
        "lessons.html",
        *lessons,
        "exercises.html",
        *contents[len(lessons) :],
    ]


@needs_sphinx
@pytest.mark.parametrize("book", [book for book in BOOKS if book.startswith("exercises")])
def test_solutions_are_folded_below_their_blanks(pages, book):
    blanks = [
        cell for cell in cells_of(book) if cell["metadata"].get("nbgrader", {}).get("solution")
    ]
    text = pages[f"{book}.html"].text
    folds = re.findall(r"<details[^>]*>(.*?)</details>", text, re.DOTALL)
    assert len([fold for fold in folds if "A solution" in fold]) == len(blanks) > 0
    assert "<details open" not in text and "SOLUTION" not in text
    shown = re.sub(r"<details.*?</details>", "", text, flags=re.DOTALL)
    written = "".join("".join(cell["source"]) for cell in cells_of(book))
    assert shown.count("NotImplementedError") == written.count("NotImplementedError") > 0
    assert all("NotImplementedError" not in fold for fold in folds)


@needs_sphinx
@pytest.mark.parametrize("book", [book for book in BOOKS if book.startswith("notebooks")])
def test_a_recorded_panel_stands_in_its_lesson(pages, book):
    text, panels = pages[f"{book}.html"].text, sum(map(is_panel_cell, cells_of(book)))
    frames = re.findall(r'<iframe class="panel" src="../panels/(\w+).html" loading="lazy"', text)
    assert frames == RECORDED.get(book, []) and len(frames) <= panels
    assert text.count("a live panel stands here") == panels - len(frames)
    assert '_panel</span><span class="p">()' not in text


# ---- in a browser


@needs_sphinx
@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_every_page_fits_and_its_pictures_are_drawn(reader, address, pages, size):
    reader.set_viewport_size(size)
    for path in sorted(pages):
        reader.goto(address + path)
        expect(reader.locator("h1").first).to_be_visible()
        told = reader.evaluate(
            """() => ({
                wide: document.documentElement.scrollWidth,
                drawn: [...document.images].every(each => each.complete && each.naturalWidth > 0),
                over: [...document.querySelectorAll("article img, article table, article textarea")]
                    .filter(each => each.getBoundingClientRect().right > innerWidth + 1
                        && !each.closest(".pst-scrollable-table-container")).length,
            })"""
        )
        assert told == {"wide": size["width"], "drawn": True, "over": 0}, path


@needs_sphinx
def test_the_search_finds_a_word_and_no_page_where_there_is_none(reader, address):
    reader.goto(address)
    reader.keyboard.press("Control+k")
    reader.keyboard.type("discordant")
    reader.keyboard.press("Enter")
    found = reader.locator("#search-results li a")
    expect(found.filter(has_text="Ask how much of the gain is luck").first).to_be_visible()
    found.filter(has_text="Ask how much of the gain is luck").first.click()
    expect(reader).to_have_url(re.compile("02_confidence_intervals"))
    reader.goto(address + "search.html?q=xyzzyx")
    expect(reader.locator("#search-results")).to_contain_text("did not match any")
    expect(found).to_have_count(0)


@needs_sphinx
def test_dark_mode_is_chosen_once_and_stays(reader, address):
    ground = "getComputedStyle(document.body).backgroundColor"
    reader.goto(address + "notebooks/01_evaluation_gate.html")
    light = reader.evaluate(ground)
    reader.get_by_role("button", name="Color mode").click()
    reader.get_by_role("button", name="Dark").click()
    dark = reader.evaluate(ground)
    assert light != dark
    reader.goto(address + "exercises/01_evaluation_gate.html")
    assert reader.evaluate(ground) == dark


@needs_sphinx
def test_a_panel_moves_in_its_page_and_is_as_dark_as_the_book(reader, address):
    [(book, [word])] = RECORDED.items()
    reader.goto(f"{address}{book}.html")
    reader.locator("iframe.panel").scroll_into_view_if_needed()
    panel = reader.frame_locator("iframe.panel")
    said, body = panel.locator(".lab-said"), panel.locator("body")
    label = list(PANELS[word].presets)[-1]
    panel.get_by_role("button", name=label, exact=True).click()
    expect(said).to_contain_text(PANELS[word].view(**PANELS[word].preset(label)).sentence[:40])
    expect(body).to_have_css("background-color", "rgb(255, 255, 255)")
    reader.get_by_role("button", name="Color mode").click()
    reader.get_by_role("button", name="Dark").click()
    expect(body).not_to_have_css("background-color", "rgb(255, 255, 255)")
    reader.reload()
    reader.locator("iframe.panel").scroll_into_view_if_needed()
    expect(said).to_be_visible()
    expect(body).not_to_have_css("background-color", "rgb(255, 255, 255)")


@needs_sphinx
def test_equations_are_drawn_without_a_script(reader, address, pages):
    book = "exercises/06_cheap_checks"
    written = sum(
        len(re.findall(r"\$\$.+?\$\$|\$[^$]+\$", "".join(cell["source"]), re.DOTALL))
        for cell in cells_of(book)
        if cell["cell_type"] == "markdown"
    )
    reader.goto(address + f"{book}.html")
    expect(reader.locator("math")).to_have_count(written)
    over, under = (
        reader.locator("math[display=block] mfrac > *").nth(i).bounding_box() for i in (0, 1)
    )
    assert over["y"] + over["height"] <= under["y"] + 1 and over["width"] > 0
    assert "\\frac" not in reader.locator("article").inner_text()
    scripts = {load for page in pages.values() for load in page.loads if ".js" in load}
    assert scripts and not [load for load in scripts if "mathjax" in load.lower()]


@needs_sphinx
def test_a_solution_opens_on_a_key_and_a_notebook_is_downloaded(reader, address):
    reader.goto(address + "exercises/02_confidence_intervals.html")
    solution = reader.locator("details", has_text="A solution").first
    expect(solution.locator("pre")).to_be_hidden()
    solution.locator("summary").focus()
    reader.keyboard.press("Enter")
    expect(solution.locator("pre")).to_be_visible()
    with reader.expect_download() as told:
        reader.get_by_role("link", name="Download this notebook").click()
    got = Path(told.value.path()).read_bytes()
    assert got == (ROOT / "exercises/02_confidence_intervals.ipynb").read_bytes()


@needs_sphinx
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_has_nothing_serious_to_say(reader, address, scheme):
    reader.emulate_media(color_scheme=scheme)
    for path in ("index", "notebooks/02_confidence_intervals", "exercises/06_cheap_checks"):
        reader.goto(f"{address}{path}.html")
        expect(reader.locator(f"html[data-theme={scheme}]")).to_be_attached()
        serious = [
            (each["id"], [node["html"][:200] for node in each["nodes"]][:3])
            for each in Axe().run(reader, options=ALONE).response["violations"]
            if each["impact"] in {"serious", "critical"}
        ]
        assert not serious, path
    # Where a picture is near, axe does not decide: a caption has the text's colour and ground.
    reader.goto(f"{address}notebooks/02_confidence_intervals.html")
    told = reader.evaluate(GROUNDS)
    assert len({tuple(each) for each in told}) == 1 and len(told) > 5, told
