"""Which lesson shows which panel: the one whose panel cell opens it."""

from __future__ import annotations

from pathlib import Path

from notebook_rules import Notebook, is_panel

from labsupport import show
from labsupport.show.panels import PANELS

ROOT = Path(__file__).resolve().parent.parent


def _lessons() -> dict[str, list[Path]]:
    opened = {
        word: next(n for n in show.__all__ if getattr(show, n) == panel.live)
        for word, panel in PANELS.items()
    }
    books = [Notebook(path, ROOT) for path in sorted((ROOT / "notebooks").glob("*.ipynb"))]
    cells = [(book.path, cell.source) for book in books for _, cell in book.code if is_panel(cell)]
    return {
        word: [path for path, source in cells if f"{name}()" in source]
        for word, name in opened.items()
    }


LESSONS = _lessons()  # {word: the lessons that show its panel}
