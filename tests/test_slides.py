"""Slides of the lessons: which cells they show, by rule, and that nothing they show is invented."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from labsupport.cli import main
from labsupport.workspace import ROOT, LabError
from labsupport.workspace.slides import deck as decks
from labsupport.workspace.slides.deck import NEEDED, deck, reveal_folder, write_slides
from labsupport.workspace.slides.outline import PRINTED_COLUMNS, PRINTED_LINES, outline

LESSONS = sorted((ROOT / "notebooks").glob("*.ipynb"))
PIXEL = (  # a PNG of 2 x 1
    "iVBORw0KGgoAAAANSUhEUgAAAAIAAAABCAYAAAD0In+KAAAADklEQVR4nGNgYGD4D8UAEwUB/0Ua"
    "e9QAAAAASUVORK5CYII="
)


class Parts(HTMLParser):
    """What a page refers to, and the alt texts of its pictures."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.sources: list[str] = []
        self.alts: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        known = dict(attrs)
        loads = {"script": "src", "img": "src", "iframe": "src", "link": "href"}.get(tag)
        if loads in known:
            self.sources.append(known[loads])
        if tag == "img":
            self.alts.append(known.get("alt", ""))


def read(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4)


def figures(lesson: nbformat.NotebookNode) -> list[str]:
    """The figure elements that a lesson stores, from its first section on."""
    seen, found = False, []
    for cell in lesson.cells:
        seen = seen or (cell.cell_type == "markdown" and re.search(r"^## ", cell.source, re.M))
        for output in cell.get("outputs", []) if seen else []:
            shown = output.get("data", {}).get("text/html", "")
            found += [shown] * shown.startswith("<figure")
    return found


def lesson(*cells: nbformat.NotebookNode) -> nbformat.NotebookNode:
    return new_notebook(cells=[new_markdown_cell("# 99. Test\n\nFirst.\n\nSecond."), *cells])


def printed(text: str) -> nbformat.NotebookNode:
    return new_code_cell("hidden()", outputs=[new_output("stream", text=text)])


def drawn(alt: str) -> nbformat.NotebookNode:
    figure = f'<figure><img alt="{alt}" src="data:,"><figcaption>seen</figcaption></figure>'
    data = {"text/html": figure, "image/png": PIXEL}
    return new_code_cell("hidden()", outputs=[new_output("display_data", data=data)])


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_a_deck_has_every_section_every_picture_and_the_take_aways(path):
    stored = read(path)
    slides = outline(stored)
    shown = [slide.body for slide in slides if slide.kind == "picture"]
    assert len(shown) == len(figures(stored))
    assert all(figure in body for figure, body in zip(figures(stored), shown, strict=True))
    text = "\n".join(cell.source for cell in stored.cells if cell.cell_type == "markdown")
    headings = re.findall(r"^## (?:\d+\. )?(.*)$", text, re.MULTILINE)
    left_out = {"What real systems do", "Do the exercise"}
    starts = [slide.heading for slide in slides[1:] if slide.starts]
    assert starts == [heading for heading in headings if heading not in left_out]
    assert slides[0].kind == "title" and stored.cells[0].source.startswith(f"# {slides[0].heading}")
    if path.stem[:2] not in ("00", "ap"):
        assert slides[-1].kind == "remember" and slides[-1].body.count("\n2. ") == 1


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_a_page_shows_no_code_and_loads_only_what_lies_beside_it(path):
    stored = read(path)
    page = deck(outline(stored))
    parts = Parts(page)
    outside = [each for each in parts.sources if not each.startswith(("reveal/", "data:"))]
    assert not outside
    beside = {each for each in parts.sources if each.startswith("reveal/")}
    assert beside <= {f"reveal/{name}" for name in (*NEEDED, "dist/theme/lab.css")}
    assert parts.alts == [alt for figure in figures(stored) for alt in Parts(figure).alts]
    assert all(len(alt) > 20 for alt in parts.alts)
    lines = {line for c in stored.cells if c.cell_type == "code" for line in c.source.splitlines()}
    assert not [line for line in lines if len(line) > 50 and line in page]


def test_a_question_stands_before_its_picture_and_its_print():
    slides = outline(
        lesson(
            new_markdown_cell("## 1. Look\n\nA fact. How much?\n\n<!-- control: x -->"),
            drawn("a"),
            new_markdown_cell("**Write down** what you saw.\n\n## 2. Read\n\nSo. Which one?"),
            printed("the answer"),
            new_markdown_cell("And this? It is not asked again."),
            printed("x" * (PRINTED_COLUMNS + 1)),
            printed("line\n" * (PRINTED_LINES + 1)),
            new_markdown_cell("## What to remember\n\n1. One.\n\n## Do the exercise\n\nNow."),
        )
    )
    assert [(slide.kind, slide.heading, slide.starts) for slide in slides] == [
        ("title", "99. Test", True),
        ("question", "Look", True),
        ("picture", "Look", False),
        ("task", "Look", False),
        ("question", "Read", True),
        ("printed", "Read", False),
        ("remember", "What to remember", True),
    ]
    assert slides[1].body == "A fact. How much?" and slides[4].body == "So. Which one?"
    assert "the answer" in slides[5].body and "control" not in slides[1].notes


def test_a_section_that_asks_and_prints_nothing_still_has_its_slide():
    *_, last = outline(lesson(new_markdown_cell("## 1. Stop\n\nOne thing. Another.")))
    assert (last.kind, last.heading, last.body) == ("question", "Stop", "One thing.")


def test_a_notebook_without_a_title_is_refused():
    with pytest.raises(ValueError, match="begins with a title"):
        outline(new_notebook(cells=[new_markdown_cell("no title")]))


def test_a_formula_would_need_what_slides_and_pages_do_not_have():
    """Slides and rendered lessons carry no MathJax, since no lesson has a formula."""
    for path in LESSONS:
        prose = [cell.source for cell in read(path).cells if cell.cell_type == "markdown"]
        assert not re.search(r"\$[^$\n]+\$|\\\(|\\\[", "\n".join(prose)), path.stem


def stand_in(folder: Path) -> Path:
    for name in NEEDED:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("stand-in", encoding="utf-8")
    return folder


def test_the_command_writes_a_page_a_lesson_and_one_that_lists_them(tmp_path, monkeypatch, capsys):
    reveal = stand_in(tmp_path / "reveal")
    monkeypatch.setattr(decks, "reveal_folder", lambda root: reveal)
    target = tmp_path / "out"
    assert main(["slides", "00", "05", "--out", str(target)]) == 0
    assert "index.html" in capsys.readouterr().out
    listed = re.findall(r'<a href="([^"]+)">', (target / "index.html").read_text(encoding="utf-8"))
    assert listed == ["00_start_here.html", "05_fail_fast.html"]
    assert all((target / name).exists() for name in listed)
    copied = {
        each for each in (*NEEDED, "dist/theme/lab.css") if (target / "reveal" / each).exists()
    }
    assert copied == {*NEEDED, "dist/theme/lab.css"}


def test_without_reveal_the_command_says_how_to_get_it(tmp_path):
    with pytest.raises(LabError, match="`make slides` gets it"):
        reveal_folder(tmp_path)
    stand_in(tmp_path / ".venv/slides/sphinx_revealjs/_static/revealjs")
    assert reveal_folder(tmp_path).name == "revealjs"


def test_slides_can_be_written_twice(tmp_path):
    reveal = stand_in(tmp_path / "reveal")
    first = write_slides(LESSONS[:1], tmp_path / "out", reveal)
    before = first[0].read_bytes()
    assert write_slides(LESSONS[:1], tmp_path / "out", reveal) == first
    assert first[0].read_bytes() == before
