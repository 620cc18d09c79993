"""The lessons as a static book: `make site`. Run in .venv/site, where Sphinx is and no lab.

    .venv/site/bin/python docs/site/build.py build/site [build/panels]

Nothing is executed. The pages are the notebooks with the outputs that they have, and each exercise
with its solutions folded below the blanks. A lesson's panel is the page of that name which
`lab demo --record build/panels` wrote; without one, the lesson says where to find it.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
import tomllib
from pathlib import Path

from sphinx.cmd.build import build_main

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
ANSWER = (
    '<textarea class="answer" rows="3" aria-label="Your answer" '
    'placeholder="Your answer. It is not stored."></textarea>'
)
SOLUTION = "A solution"
NO_PANEL = "*In JupyterLab a live panel stands here. Below is one picture of it.*"
PANEL = (
    '<iframe class="panel" src="../panels/{word}.html" loading="lazy" title="The panel"></iframe>\n'
    '<p><a href="../panels/{word}.html">The panel on a page of its own</a></p>'
)


def markdown(source: str, like: dict) -> dict:
    """A cell of text in the place of the cell `like`."""
    return {"cell_type": "markdown", "id": like["id"], "metadata": {}, "source": source}


def recorded(panels: Path | None) -> dict[str, str]:
    """{lesson: the word of its panel}, of the panels that have a page in this folder."""
    if panels is None:
        return {}
    steps = (ROOT / "labsupport/show/demo/steps.toml").read_text(encoding="utf-8")
    words = {told["lesson"]: word for word, told in tomllib.loads(steps).items()}
    return {name: word for name, word in words.items() if (panels / f"{word}.html").exists()}


def lesson(book: dict, panel: str | None) -> dict:
    """A lesson as it is read: without a kernel, with places to write; panel: its word, or None."""
    for i, cell in enumerate(book["cells"]):
        tags = cell["metadata"].get("tags", [])
        if "answer" in tags:
            book["cells"][i] = markdown(ANSWER, cell)
        elif "nbval-ignore-output" in tags:
            shown = PANEL.format(word=panel) if panel else NO_PANEL
            book["cells"][i] = markdown(shown, cell)
    return book


def exercise(book: dict, solution: dict) -> dict:
    """An exercise with its solutions, each folded below its blank."""
    solved = {cell["id"]: "".join(cell["source"]) for cell in solution["cells"]}
    cells = []
    for cell in book["cells"]:
        blank = cell["metadata"].get("nbgrader", {}).get("solution")
        if blank and cell["cell_type"] == "markdown":
            cells.append(markdown(ANSWER, cell))
        else:
            cells.append(cell)
        if blank:
            cells.append(folded(solved[cell["id"]], cell))
    return {**book, "cells": cells}


def folded(source: str, blank: dict) -> dict:
    """A solution that opens on a click, in the form of the blank that it fills."""
    if blank["cell_type"] == "markdown":
        text = f"<details><summary>{SOLUTION}</summary>\n\n{source}\n\n</details>"
        return {**markdown(text, blank), "id": blank["id"] + "-solution"}
    lines = [line for line in source.splitlines(True) if not line.strip().startswith("### ")]
    shown = {"code_prompt_show": SOLUTION, "code_prompt_hide": SOLUTION}
    return {
        **blank,
        "id": blank["id"] + "-solution",
        "metadata": {"tags": ["hide-input"], "mystnb": shown},
        "source": lines,
    }


def prepare(source: Path, panels: Path | None) -> None:
    """Write what Sphinx is to read into the folder `source`."""
    shutil.copytree(HERE, source, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    (source / "docs").mkdir()
    shutil.copy(ROOT / "README.md", source)
    shutil.copy(ROOT / "docs/panel.png", source / "docs")
    for folder in ("notebooks", "exercises"):
        (source / folder).mkdir()
        for path in sorted((ROOT / folder).glob("*.ipynb")):
            book = json.loads(path.read_text(encoding="utf-8"))
            if folder == "notebooks":
                book = lesson(book, recorded(panels).get(path.stem))
            else:
                solution = ROOT / "solutions" / path.name
                book = exercise(book, json.loads(solution.read_text(encoding="utf-8")))
            (source / folder / path.name).write_text(json.dumps(book), encoding="utf-8")


def build(out: Path, panels: Path | None = None) -> int:
    """Write the site into the folder `out`, anew. The exit status: a warning of Sphinx is 1."""
    shutil.rmtree(out, ignore_errors=True)
    with tempfile.TemporaryDirectory() as work:
        source = Path(work) / "pages"
        prepare(source, panels)
        options = ["-q", "-W", "--keep-going", "-c", str(HERE), "-d", str(Path(work) / "read")]
        status = build_main([*options, str(source), str(out)])
    for left in ("*.map", "webpack-macros.html"):  # of use to who writes the theme: a fifth
        for path in out.rglob(left):
            path.unlink()
    for folder in ("notebooks", "exercises"):  # to download
        for path in (ROOT / folder).glob("*.ipynb"):
            shutil.copy(path, out / folder)
    if panels is not None:
        shutil.copytree(panels, out / "panels")
    return status


if __name__ == "__main__":
    sys.exit(build(*(Path(word).resolve() for word in sys.argv[1:])))
