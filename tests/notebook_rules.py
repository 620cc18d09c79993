"""The rules of a notebook, one function each: it takes a Notebook and returns sentences, one per
fault, none if all is well.

A sentence says where, what is wrong and what to do. tests/test_lessons.py applies the rules,
tests/negative breaks them. The rules here hold for lessons and solutions; lesson_rules and
prose_numbers have those of lessons only.
"""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import unquote, urlsplit

import nbformat
from bs4 import BeautifulSoup
from PIL import Image

WIDGET = "application/vnd.jupyter.widget-view+json"
PANEL_TAG = "nbval-ignore-output"
MIN_ALT = 20  # characters; anything shorter is a title, not a description

_NBVAL_WORDS = re.compile(
    r"(nbval|pytest-validate|pytest_validate|raises-exception)", re.IGNORECASE
)
_DRAWING = re.compile(r'<figure[^>]* data-drawing="([0-9a-f]{16})"')
_SOURCE = re.compile(r'src="data:image/png;base64,([^"]+)"')
_UNSTABLE = {
    "a path of one machine": re.compile(
        r"(?<![\w.:/])(?:/[A-Za-z][\w.-]*/|~/|[A-Z]:\\)[^\s'\"<>]*"
    ),
    "a time": re.compile(
        r"\b\d{1,2}:\d{2}:\d{2}\b|\b(?:Wall time|CPU times)\b|\b\d[\d.]*\s?(?:it/s|s/it)\b"
    ),
    "a memory address": re.compile(r"\b0x[0-9a-fA-F]{6,}\b"),
    "a number with more than six decimals": re.compile(r"\d\.\d{7,}"),
}


@dataclass(frozen=True)
class Notebook:
    """A notebook file, read as it is stored."""

    path: Path
    # Of the project: links may not leave it, and its labsupport is the one whose names are taken.
    root: Path

    @cached_property
    def node(self) -> nbformat.NotebookNode:
        return nbformat.reads(self.path.read_text(encoding="utf-8"), as_version=nbformat.NO_CONVERT)

    @property
    def code(self) -> list[tuple[int, nbformat.NotebookNode]]:
        """(position, cell) of the code cells; positions count all cells, from 0."""
        return [(i, cell) for i, cell in enumerate(self.node.cells) if cell.cell_type == "code"]

    @property
    def prose(self) -> list[tuple[int, nbformat.NotebookNode]]:
        return [(i, cell) for i, cell in enumerate(self.node.cells) if cell.cell_type == "markdown"]

    @cached_property
    def page(self) -> BeautifulSoup:
        """The notebook as nbconvert renders it, which is what most readers without a kernel look
        at.
        """
        from nbconvert import HTMLExporter  # a second to import, and most rules do not need it

        return BeautifulSoup(HTMLExporter().from_notebook_node(self.node)[0], "html.parser")


def tags(cell: nbformat.NotebookNode) -> list[str]:
    return list(cell.metadata.get("tags", []))


def is_panel(cell: nbformat.NotebookNode) -> bool:
    return cell.cell_type == "code" and PANEL_TAG in tags(cell)


def has_picture(cell: nbformat.NotebookNode) -> bool:
    return any("image/png" in output.get("data", {}) for output in cell.outputs)


def output_texts(cell: nbformat.NotebookNode) -> Iterator[str]:
    """What a reader is told by the outputs of a cell: streams, plain text, and the words, alt and
    title of HTML.
    """
    for output in cell.outputs:
        if output.output_type == "stream":
            yield output.text
        for mime, data in output.get("data", {}).items():
            if mime == "text/html":
                yield html_words(data)
            elif mime.startswith("text/"):
                yield data


def html_words(html: str) -> str:
    """The words of a piece of HTML with its alt texts, each element apart, without styles, scripts
    and picture data.
    """
    soup = BeautifulSoup(html, "html.parser")
    for element in soup(["style", "script"]):
        element.decompose()
    return "\n".join([soup.get_text("\n"), *(image.get("alt", "") for image in soup("img"))])


def at(i: int, cell: nbformat.NotebookNode) -> str:
    lines = cell.source.strip().splitlines() or [""]
    return f"cell {i} ({lines[0][:50]!r})"


# Outputs that CI compares


def execution_counts(book: Notebook) -> list[str]:
    """nbval does not compare a cell without an execution count: the counts must run 1, 2, 3 ..."""
    faults = []
    for expected, (i, cell) in enumerate(book.code, start=1):
        if not cell.source.strip():
            faults.append(f"{at(i, cell)} is empty; delete it.")
        if cell.execution_count != expected:
            faults.append(
                f"{at(i, cell)} has execution count {cell.execution_count}, expected "
                f"{expected}: its output would not be "
                "compared; restart the kernel, run all cells and save."
            )
    return faults


def nbval_tags(book: Notebook) -> list[str]:
    """Nothing switches the comparison off, except on the cell that holds a panel's widgets and
    nothing else.
    """
    faults = []
    for i, cell in book.code:
        words = [tag for tag in tags(cell) if _NBVAL_WORDS.search(tag) and tag != PANEL_TAG]
        words += [
            line.strip()
            for line in cell.source.splitlines()
            if line.strip().startswith("#") and _NBVAL_WORDS.search(line)
        ]
        faults += [
            f"{at(i, cell)} carries {word!r}, which switches its check off; remove it."
            for word in words
        ]
        widgets = [WIDGET in output.get("data", {}) for output in cell.outputs]
        if is_panel(cell) and not all(
            widgets
        ):  # widget views themselves are not stored: `lab run --in-place` drops them
            faults.append(
                f"{at(i, cell)} is tagged {PANEL_TAG}, so what it stores besides widgets goes "
                "unchecked; "
                "let it show the panel only, or remove the tag."
            )
        if any(widgets) and not is_panel(cell):
            faults.append(
                f"{at(i, cell)} shows a widget; tag it {PANEL_TAG} and show its numbers in the "
                "next cell."
            )
        following = next((later for j, later in book.code if j > i), None)
        if is_panel(cell) and (following is None or is_panel(following) or not following.outputs):
            faults.append(
                f"{at(i, cell)} is not compared, so an untagged cell with a stored output must "
                "follow it."
            )
    return faults


def clean_run(book: Notebook) -> list[str]:
    """No stored error, nothing on stderr (a warning, a path), no trailing semicolon (it hides an
    output).
    """
    faults = []
    for i, cell in book.code:
        for output in cell.outputs:
            if output.output_type == "error":
                faults.append(
                    f"{at(i, cell)} stores an error, {output.ename}; repair the cell and run "
                    "all again."
                )
            if output.get("name") == "stderr":
                faults.append(
                    f"{at(i, cell)} wrote to stderr: {output.text.strip()[:60]!r}; remove the "
                    "cause."
                )
        if any(line.rstrip().endswith(";") for line in cell.source.splitlines()):
            faults.append(
                f"{at(i, cell)} has a line that ends in a semicolon, which hides an output; "
                "remove it."
            )
    return faults


def stable_outputs(book: Notebook) -> list[str]:
    """Outputs say the same on every machine: no paths, clock times, memory addresses, no digits
    beyond the sixth.
    """
    faults = []
    for i, cell in book.code:
        if is_panel(cell):
            continue
        for text in output_texts(cell):
            for what, pattern in _UNSTABLE.items():
                if found := pattern.search(text):
                    faults.append(
                        f"{at(i, cell)} prints {what}, {found[0]!r}; print what holds on every "
                        "machine."
                    )
    return faults


def metadata(book: Notebook) -> list[str]:
    """Metadata that change from machine to machine, or run to run, stay out of the file."""
    node, faults = book.node, []
    if (node.nbformat, node.nbformat_minor) != (4, 5):
        return [
            f"The format is {node.nbformat}.{node.nbformat_minor}, expected 4.5; save it with "
            "JupyterLab 4."
        ]
    if node.metadata.get("kernelspec", {}).get("name") != "python3":
        faults.append(
            "The kernel is not 'python3'; choose the kernel Python 3 (ipykernel) and save."
        )
    if "version" in node.metadata.get("language_info", {}):
        faults.append(
            "metadata.language_info.version names one machine's Python; delete that entry."
        )
    faults += [
        f"metadata.{key} is left over from a run; delete it."
        for key in ("widgets", "papermill")
        if key in node.metadata
    ]
    for i, cell in enumerate(node.cells):
        faults += [
            f"{at(i, cell)} has metadata.{key}, left over from a run; delete it."
            for key in ("execution", "papermill")
            if key in cell.metadata
        ]
    ids = [cell.get("id") for cell in node.cells]
    faults += [
        f"The cell id {each!r} is missing or used twice; give every cell its own."
        for each in sorted({str(each) for each in ids if each is None or ids.count(each) > 1})
    ]
    return faults


# What reaches the reader


def alt_text(book: Notebook) -> list[str]:
    """Every picture has words: a figure with alt text and caption in its output, and alt text in
    the rendered page.
    """
    faults = []
    for i, cell in book.code:
        for output in cell.outputs:
            data = output.get("data", {})
            if WIDGET in data or not any(mime.startswith("image/") for mime in data):
                continue
            soup = BeautifulSoup(data.get("text/html", ""), "html.parser")
            if not soup.select("figure img"):
                faults.append(
                    f"{at(i, cell)} shows a bare picture; show it with show.picture(fig, alt, "
                    "caption)."
                )
            elif not "".join(caption.get_text(strip=True) for caption in soup("figcaption")):
                faults.append(
                    f"{at(i, cell)} shows a picture without figcaption; give show.picture a "
                    "caption."
                )
    for image in book.page("img"):
        alt = (image.get("alt") or "").strip()
        if len(alt) <= MIN_ALT or alt.startswith(
            "No description has been provided"
        ):  # nbconvert's filler
            faults.append(
                f"A picture in the rendered page has the alt text {alt!r}; describe it in over "
                f"{MIN_ALT} characters."
            )
    for svg in book.page.select(".jp-OutputArea-output svg"):
        if not svg.get("aria-label") and not svg.find("title"):
            faults.append(
                "A drawing (svg) in the rendered page has neither aria-label nor title; "
                "describe it."
            )
    return faults


def pictures(book: Notebook) -> list[str]:
    """A stored picture is the one of its figure element: both carry the digest of the drawing.

    nbval compares the digest in the HTML with a fresh run, and leaves out every picture's bytes.
    """
    faults = []
    for i, cell in book.code:
        for output in cell.outputs:
            data = output.get("data", {})
            if "image/png" not in data:
                continue
            png, html = data["image/png"], data.get("text/html", "")
            found = [pattern.search(html) for pattern in (_DRAWING, _SOURCE)]
            if None in found or "".join(found[1][1].split()) != "".join(png.split()):
                faults.append(
                    f"{at(i, cell)} stores another picture as image/png than in its figure, or one "
                    "that labsupport.show did not draw; run `make outputs`."
                )
            elif _drawing(png) != found[0][1]:
                faults.append(
                    f"{at(i, cell)} stores a picture of drawing {_drawing(png)} under the words of "
                    f"drawing {found[0][1]}; run `make outputs`."
                )
    return faults


def _drawing(png: str) -> str | None:
    """The digest that a PNG carries, given as base64; None where it carries none."""
    return Image.open(io.BytesIO(base64.b64decode(png))).info.get("drawing")


def links(book: Notebook) -> list[str]:
    """A relative link leads to a file of the project."""
    faults = []
    targets = [a["href"] for a in book.page.select("a[href]")] + [
        img["src"] for img in book.page.select("img[src]")
    ]
    for target in dict.fromkeys(targets):
        parts = urlsplit(target)
        if parts.scheme or parts.netloc or not parts.path:
            continue
        file = (book.path.parent / unquote(parts.path)).resolve()
        if not file.is_relative_to(book.root.resolve()) or not file.exists():
            faults.append(f"The link to {target!r} leads to no file of the project; correct it.")
    return faults
