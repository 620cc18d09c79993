"""nbconvert's reveal slides of the lessons, in a folder that needs no network."""

from __future__ import annotations

import html
import shutil
from functools import cache
from pathlib import Path
from typing import Any

import nbformat
from nbformat.v4 import new_markdown_cell, new_notebook

from labsupport.durable import replace_whole
from labsupport.workspace import LabError
from labsupport.workspace.slides.outline import LONG, Slide, outline

TEMPLATE = Path(__file__).parent / "template"
NEEDED = ("dist/reveal.js", "dist/reveal.css", "plugin/notes/notes.js", "LICENSE")
_INDEX = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Slides</title><style>:root {{ color-scheme: light dark }}
body {{ font: 1.2rem/1.6 system-ui, sans-serif; max-width: 50rem; margin: 2rem auto }}</style>
<h1>Slides</h1>
<p>Arrow right: the next section; arrow down: its next slide; space: whichever comes next. F fills
the screen, S opens the speaker's view with the text of the section, D turns light into dark.</p>
<ul>{}</ul></html>
"""


def reveal_folder(root: Path) -> Path:
    """Where `make slides` puts reveal.js.

    Raises
    ------
    LabError : it is not there.
    """
    folder = root / ".venv/slides/sphinx_revealjs/_static/revealjs"
    if not all((folder / name).exists() for name in NEEDED):
        raise LabError("reveal.js is not here; `make slides` gets it once and makes the slides.")
    return folder


def write_slides(lessons: list[Path], target: Path, reveal: Path) -> list[Path]:
    """Write the slides of the lessons, and a page that lists them.

    Parameters
    ----------
    lessons : notebooks with their stored outputs; nothing is run.
    target : the folder; reveal.js is copied into it.
    reveal : an unpacked reveal.js.

    Returns
    -------
    The pages, one a lesson.
    """
    for name in NEEDED:
        copy = target / "reveal" / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(reveal / name, copy)
    (target / "reveal/dist/theme").mkdir(exist_ok=True)
    shutil.copyfile(TEMPLATE / "lab.css", target / "reveal/dist/theme/lab.css")
    pages, items = [], []
    for lesson in lessons:
        slides = outline(nbformat.read(lesson, as_version=4))
        page = target / f"{lesson.stem}.html"
        replace_whole(page, deck(slides).encode())
        pages.append(page)
        items.append(f'<li><a href="{page.name}">{html.escape(slides[0].heading)}</a></li>')
    replace_whole(target / "index.html", _INDEX.format("".join(items)).encode())
    return pages


def deck(slides: list[Slide]) -> str:
    """The page of one lesson; it looks for reveal.js in a folder `reveal` beside it."""
    notebook = new_notebook(cells=[cell for slide in slides for cell in _cells(slide)])
    for number, cell in enumerate(notebook.cells):
        cell.id = f"slide-{number}"  # nbformat draws ids at random, and they stand in the page
    notebook.metadata["title"] = slides[0].heading
    page, _ = _exporter().from_notebook_node(notebook)
    return page


@cache
def _exporter() -> Any:
    from nbconvert import SlidesExporter  # here, because it takes a second

    return SlidesExporter(
        template_name=TEMPLATE.name,
        extra_template_basedirs=[str(TEMPLATE.parent)],
        reveal_url_prefix="reveal",
        reveal_theme="lab",
    )


def _cells(slide: Slide) -> list[nbformat.NotebookNode]:
    head = "#" if slide.kind == "title" else "##"
    text = f"{head} {slide.heading}\n\n{slide.body}"
    if slide.kind in ("question", "task"):
        size = "long" if len(slide.body) > LONG else "question"
        text = f'{head} {slide.heading}\n\n<div class="{size}">\n\n{slide.body}\n\n</div>'
    kind = "slide" if slide.starts else "subslide"
    shown = [new_markdown_cell(text, metadata={"slideshow": {"slide_type": kind}})]
    if slide.notes:
        notes = {"slideshow": {"slide_type": "notes"}}
        shown.append(new_markdown_cell(slide.notes, metadata=notes))
    return shown
