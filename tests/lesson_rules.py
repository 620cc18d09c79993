"""The rules of a lesson's form, in the way of notebook_rules: what it may cost a reader, its order,
what it may define.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from cause_rules import ANSWER_TAG
from notebook_rules import PANEL_TAG, Notebook, at, has_picture, html_words, is_panel, tags

MAX_CODE_CELLS, MAX_WORDS, MAX_MEDIAN_LINES, MAX_LINES, MAX_MINUTES = 25, 1800, 5, 20, 40
_FOLDED = re.compile(r"<details>.*?</details>", re.DOTALL)
# Lessons with nothing to vary and no exercise of their own, so without parameters, panel and
# closing sections.
ORIENTATION = {"00_start_here"}
# What was left out of a lesson, for whoever wants it: no panel, no exercise, no closing sections,
# and parameters only if there is something to vary.
APPENDIX = "appendix_"


def budgets(book: Notebook) -> list[str]:
    """A lesson can be worked through in 40 minutes, and a cell at a glance.

    What is folded, and the places to write, are not read in passing and do not count.
    """
    faults = []
    sizes = {
        i: sum(bool(line.strip()) for line in cell.source.splitlines()) for i, cell in book.code
    }
    faults += [
        f"{at(i, book.node.cells[i])} has {n} lines, at most {MAX_LINES}; split it or move logic "
        "to labsupport."
        for i, n in sizes.items()
        if n > MAX_LINES
    ]
    if len(sizes) > MAX_CODE_CELLS:
        faults.append(
            f"The lesson has {len(sizes)} code cells, at most {MAX_CODE_CELLS}; leave "
            "something out."
        )
    if sizes and median(sizes.values()) > MAX_MEDIAN_LINES:
        faults.append(
            f"The median code cell has {median(sizes.values())} lines, at most "
            f"{MAX_MEDIAN_LINES}; shorten cells."
        )
    words = sum(
        len(re.findall(r"\w[\w'’.,-]*", html_words(_FOLDED.sub(" ", cell.source))))
        for _, cell in book.prose
        if ANSWER_TAG not in tags(cell)
    )
    if words > MAX_WORDS:
        faults.append(
            f"The lesson has {words} words of prose, at most {MAX_WORDS}; leave something out."
        )
    minutes, seconds = stated_budget(book)
    if minutes is None or seconds is None or not 1 <= minutes <= MAX_MINUTES:
        faults.append(
            f"The title cell must state '... minutes' to read (1 to {MAX_MINUTES}) and '... "
            "seconds' to run; "
            f"it states {minutes} and {seconds}."
        )
    return faults


def stated_budget(book: Notebook) -> tuple[int | None, int | None]:
    """(minutes to read, seconds to run) as the title cell states; of a range, its upper end."""
    title = book.node.cells[0].source if book.node.cells else ""
    found = [re.search(rf"(\d+)\s+{unit}", title) for unit in ("minutes?", "seconds?")]
    return tuple(int(match[1]) if match else None for match in found)


def order(book: Notebook) -> list[str]:
    """Title, parameters, the lesson, its panel and question, and the three closing sections."""
    faults = []
    title = book.node.cells[0] if book.node.cells else None
    if title is None or title.cell_type != "markdown" or not title.source.startswith("# "):
        faults.append("The first cell must be the title cell, starting with '# '.")
    else:
        faults += [
            f"The title cell does not say what the reader will {word}; add it."
            for word in ("do", "learn", "need")
            if not re.search(rf"\b{word}\b", title.source)
        ]
    if book.path.stem in ORIENTATION:
        return faults
    if book.path.stem.startswith(APPENDIX):
        varied = [i for i, (_, cell) in enumerate(book.code) if "parameters" in tags(cell)]
        if varied not in ([], [0]):
            faults.append("Tag the first code cell 'parameters', or none.")
        return faults
    if not book.code or "parameters" not in tags(book.code[0][1]):
        faults.append(
            "The first code cell must be tagged 'parameters', so that papermill can vary the "
            "lesson."
        )
    sections = [
        line.lower()
        for _, cell in book.prose
        for line in re.findall(r"^## .*", cell.source, re.MULTILINE)
    ]
    closing = ("remember", "real systems", "exercise")
    if len(sections) < 3 or not all(
        word in line for word, line in zip(closing, sections[-3:], strict=True)
    ):
        faults.append(
            f"The last three sections (##) must be about {', '.join(closing)}, in this order; "
            f"they are {sections[-3:]}."
        )
    return faults + _panel_order(book)


def _panel_order(book: Notebook) -> list[str]:
    panels = [i for i, cell in book.code if is_panel(cell)]
    if len(panels) != 1:
        return [
            f"A lesson has exactly one live panel, a cell tagged {PANEL_TAG}; this one has "
            f"{len(panels)}."
        ]
    shown = next(((i, cell) for i, cell in book.code if i > panels[0]), None)
    if shown is None or not has_picture(shown[1]):
        return [
            "The code cell after the panel must show the panel's picture, for readers without "
            "a kernel."
        ]
    asked = next((cell for i, cell in book.prose if i > shown[0]), None)
    if asked is None or "?" not in asked.source:
        return [
            f"{at(*shown)} shows the panel; the text after it must ask a question for the "
            "reader to answer in writing."
        ]
    return []


def own_names(book: Notebook) -> list[str]:
    """A lesson uses what labsupport has. It may build a thing by hand only where
    metadata.lab.builds names it.
    """
    exported, faults = _exported_names(book.root / "labsupport"), []
    builds = set(book.node.metadata.get("lab", {}).get("builds", []))
    defined = {}
    for i, cell in book.code:
        defined |= {
            name: at(i, cell) for name in _definitions(ast.parse(plain_python(cell.source)))
        }
    for name, where in defined.items():
        if name in exported and name not in builds:
            faults.append(
                f"{where} defines {name}, which {exported[name]} has; import it, or name it in "
                "metadata.lab.builds."
            )
    faults += [
        f"metadata.lab.builds names {name!r}, but no cell builds it or labsupport lacks it; "
        "remove the name."
        for name in sorted(builds)
        if name not in defined or name not in exported
    ]
    return faults


def plain_python(source: str) -> str:
    """A cell without the lines that only IPython understands."""
    return "\n".join(
        "pass" if line.startswith(("%", "!")) else line for line in source.splitlines()
    )


def _definitions(tree: ast.Module) -> Iterator[str]:
    """Names that the top level defines by def, class, or a lambda."""
    for statement in tree.body:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield statement.name
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Lambda):
            yield from (target.id for target in statement.targets if isinstance(target, ast.Name))


def _exported_names(package: Path) -> dict[str, str]:
    """{public function or class: module that has it}, read from the sources.

    Of grading only what its __init__ has: the rest is answers, right and wrong ones.
    """
    names = {}
    for file in sorted(package.rglob("*.py")):
        if "grading" in file.parts and file != package / "grading/__init__.py":
            continue
        path = file.relative_to(package.parent).with_suffix("")
        module = ".".join(path.parts).removesuffix(".__init__")
        public = (
            name
            for name in _definitions(ast.parse(file.read_text(encoding="utf-8")))
            if not name.startswith("_")
        )
        names |= dict.fromkeys(public, module)
    return names
