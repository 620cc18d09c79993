"""The worked answers and the blanks that belong to each question, read from the notebooks."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parent.parent


@cache
def answers(folder: str = "solutions") -> dict[str, Callable]:
    """{question: the function that its check cell names}, of all notebooks of a folder."""
    found = {}
    for path in sorted((ROOT / folder).glob("*.ipynb")):
        source = "\n".join(cell.source for cell in _code(path))
        checks = dict(re.findall(r'^check\("(.+?)", (\w+)\)', source, re.MULTILINE))
        names: dict = {}
        for cell in _code(path):
            if not cell.metadata.get("nbgrader", {}).get("grade"):
                exec(compile(cell.source, f"{path.name}:{cell.id}", "exec"), names)
        found |= {number: names[name] for number, name in checks.items()}
    return found


@cache
def solution_expressions() -> frozenset[str]:
    """Every expression of every solution that is more than names and constants, without spaces."""
    found = set()
    for path in (ROOT / "solutions").glob("*.ipynb"):
        for cell in _code(path):
            if "### BEGIN SOLUTION" not in cell.source:
                continue
            for node in ast.walk(ast.parse(cell.source)):
                plain = ast.Name | ast.Constant | ast.Tuple
                if isinstance(node, ast.expr) and not isinstance(node, plain):
                    text = ast.get_source_segment(cell.source, node)
                    found.add(re.sub(r"\s", "", text))
    return frozenset(found)


def gives_away(hint: str) -> list[str]:
    """What a hint must not hold: a digit, so no expected value, and no expression of a solution.

    The words of an exception are the student's own.
    """
    own = re.sub(r"raised \w+ \(.*\)", "", hint)
    tight = re.sub(r"\s", "", own)
    return re.findall(r"\d", own) + [one for one in solution_expressions() if one in tight]


def _code(path: Path) -> list:
    cells = nbformat.read(path, as_version=4).cells
    return [cell for cell in cells if cell.cell_type == "code"]
