"""docs/panel.png carries a digest of what it shows, so a test can tell that it is out of date
without comparing pixels. `make picture` takes it anew, from the lesson.
"""

from __future__ import annotations

import ast
import hashlib
import io
from pathlib import Path

import nbformat
from panel_lessons import LESSONS
from PIL import Image, PngImagePlugin

from labsupport.show.panels import PANELS

ROOT = Path(__file__).resolve().parent.parent
PICTURE = ROOT / "docs/panel.png"
WORD, PRESET, CONTROL, PRESSES = "gate", "C honest", "bias", 2  # the bias moved two steps up
KEY = "digest of what is shown"
DRAWN_BY = (
    *("controls.py", "draw.py", "frames.py", "labels.py", "panel.py", "pictures.py"),
    *("figures/gate.py", "panels/gate.py"),
)


def shown_panel():
    """The panel in the state that the picture shows."""
    live = PANELS[WORD].live()
    live.press(PRESET)
    control = next(each for each in PANELS[WORD].controls if each.name == CONTROL)
    at = control.values.index(live.values[CONTROL])
    live.set(**{CONTROL: control.values[at + PRESSES]})
    return live


def digest() -> str:
    """Of the words around the panel, of its controls, sentence and alt text, and of the code that
    draws it: comments, docstrings and line breaks do not count.
    """
    live = shown_panel()
    cells = nbformat.read(LESSONS[WORD][0], as_version=nbformat.NO_CONVERT).cells
    panel = next(i for i, cell in enumerate(cells) if cell.source.strip() == f"{WORD}_panel()")
    section = cells[panel - 1].source.rpartition("\n## ")[2]
    said = [section, *live.buttons, live.current.sentence, live.alt]
    said += [f"{each.label} {live.values[each.name]}" for each in PANELS[WORD].controls]
    show = ROOT / "labsupport/show"
    said += [_code(show / name) for name in DRAWN_BY]
    looks = ("lab.mplstyle", "panel.css", "panel.js")
    said += [(show / name).read_text(encoding="utf-8") for name in looks]
    return hashlib.sha256("\n".join(said).encode()).hexdigest()[:16]


def _code(path: Path) -> str:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef) and ast.get_docstring(
            node
        ):
            node.body[0].value.value = ""
    return ast.unparse(tree)


def stored_digest() -> str:
    """The digest that the picture carries; empty where it has none."""
    with Image.open(PICTURE) as picture:
        picture.load()
        return picture.text.get(KEY, "")


def store(png: bytes) -> None:
    """Replace the picture by a screenshot of now."""
    note = PngImagePlugin.PngInfo()
    note.add_text(KEY, digest())
    with Image.open(io.BytesIO(png)) as picture:
        picture.convert("RGB").save(PICTURE, pnginfo=note, optimize=True)
