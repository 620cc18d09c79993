"""README.md: its links, its table of lessons, its picture and its Pythons are what is there."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from urllib.parse import unquote

import nbformat
import pytest
import readme_picture
import yaml
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted(
    path
    for where in ("*", "docs/*", "solutions/*", "labsupport/**/*")
    for path in ROOT.glob(f"{where}.md")
)
README = (ROOT / "README.md").read_text(encoding="utf-8")
NUMBERED = sorted(ROOT.glob("notebooks/[0-9][0-9]_*.ipynb"))
LINK = re.compile(r"\]\(([^)\s]+)\)")


def dead_links(page: Path, text: str) -> list[str]:
    """The relative links that lead to no file of the project, or to no heading of the page."""
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", each.lower()).replace(" ", "-") for each in headings}
    dead = []
    for target in LINK.findall(text):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        there = (page.parent / unquote(path)).resolve()
        found = there.exists() and there.is_relative_to(ROOT)
        if not found or (anchor and not path and anchor not in anchors):
            dead.append(target)
    return dead


def rows(text: str) -> list[tuple[str, str, str]]:
    """(number and name, lesson, exercise) of each row of the table of lessons."""
    row = r"^\| \[([^\]]+)\]\((notebooks/[^)]+)\) \|[^|]*\| (?:\[\d\d\]\(([^)]+)\))? ?\|$"
    return re.findall(row, text, re.MULTILINE)


def expected_rows() -> list[tuple[str, str, str]]:
    """The same, of the notebooks that are there."""
    found = []
    for path in sorted(ROOT.glob("notebooks/*.ipynb")):
        exercise = f"exercises/{path.name}"
        name = path.stem.replace("_", " ")
        found.append(
            (
                name[:3] + name[3:].capitalize() if name[:2].isdigit() else name.capitalize(),
                f"notebooks/{path.name}",
                exercise if (ROOT / exercise).exists() else "",
            )
        )
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page):
    assert dead_links(page, page.read_text(encoding="utf-8")) == []


def test_the_table_has_every_lesson_and_exercise():
    assert rows(README) == expected_rows()
    there = {int(path.stem[:2]) for path in NUMBERED}
    assert there == set(range(11))
    start = (ROOT / "notebooks" / "00_start_here.ipynb").read_text(encoding="utf-8")
    offered = re.findall(r"\| \[\d\d\]\((\d\d_\w+\.ipynb)\) \|", start)
    assert offered == [path.name for path in NUMBERED[1:]]


HOURS = {"ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15}


def test_lesson_00_says_how_long_the_lab_takes():
    """What lessons and exercises state for themselves, added up."""
    start = nbformat.read(ROOT / "notebooks" / "00_start_here.ipynb", as_version=4)
    said = re.search(r"(\w+) to (\w+) hours in all", "\n".join(c.source for c in start.cells))
    low, high = map(HOURS.get, said.groups())
    found = []
    for path in [*NUMBERED, *ROOT.glob("solutions/*.ipynb")]:
        title = nbformat.read(path, as_version=4).cells
        opening = "\n".join(cell.source for cell in title[:2])
        found.append(int(re.search(r"(\d+) minutes", opening)[1]))
    assert len(found) == 21 and low - 0.5 <= sum(found) / 60 <= high


@pytest.mark.parametrize("path", NUMBERED, ids=lambda path: path.stem)
def test_a_lessons_title_has_the_number_of_its_file(path):
    title = nbformat.read(path, as_version=4).cells[0].source
    assert title.startswith(f"# {path.stem[:2]}. ")


def test_the_pythons_are_those_that_are_tested_and_accepted():
    ci = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8"))
    tested = ci["jobs"]["test"]["strategy"]["matrix"]["python"]
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    low, above = map(ast.literal_eval, re.findall(r"\(3, \d+\)", makefile)[:2])
    accepted = [f"{low[0]}.{minor}" for minor in range(low[1], above[1])]
    assert accepted == tested
    ranges = re.findall(r"Python (3\.\d+) to (3\.\d+)", README + makefile)
    assert len(ranges) >= 2 and set(ranges) == {(tested[0], tested[-1])}


def test_the_picture_is_there_and_shows_the_panel_of_today():
    with Image.open(readme_picture.PICTURE) as picture:
        assert picture.width > 700 and picture.height > 500
    assert readme_picture.stored_digest() == readme_picture.digest(), (
        "docs/panel.png shows an older panel; take it anew with `make picture`."
    )


# Each of these is also shown to fail


def test_a_dead_link_and_a_wrong_table_are_seen(monkeypatch):
    page = ROOT / "README.md"
    text = (
        "[a](notebooks/none.ipynb) [b](LICENSE) [c](#nowhere) [d](https://example.org) [e](../..)"
    )
    assert dead_links(page, text) == ["notebooks/none.ipynb", "#nowhere", "../.."]
    first = README.replace("exercises/02_confidence_intervals", "exercises/03_many_comparisons")
    assert rows(first) != expected_rows()


def test_a_panel_that_looks_otherwise_is_seen(monkeypatch):
    before = readme_picture.digest()
    monkeypatch.setattr(readme_picture, "PRESSES", 1)
    assert readme_picture.digest() != before
