"""What a worker sees of the lab: a copy without the questions, in which `check` says nothing."""

from __future__ import annotations

import ast
import shutil
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]
_LEFT_OUT = ("cli", "grading", "workspace")  # what grades, and what reaches for the machine
_GRADING = '''"""In a worker nothing is checked; that happens elsewhere."""


def check(*_args, **_options):
    """Nothing."""
'''


def build_stage(folder: Path, sources: Iterable[str] = ()) -> None:
    """Copy into `folder` what cells may import of the lab.

    Parameters
    ----------
    folder : a folder that is empty; the package is put into it.
    sources : the cells that come with an exercise. Modules of labsupport.grading that they import
        stay visible, with those that these import, but never a question.
    """

    def ignored(where: str, names: list[str]) -> set[str]:
        hidden = _LEFT_OUT if Path(where) == _PACKAGE else ()
        return {"__pycache__", *hidden} & set(names)

    shutil.copytree(_PACKAGE, folder / "labsupport", ignore=ignored)
    grading = folder / "labsupport/grading"
    grading.mkdir()
    (grading / "__init__.py").write_text(_GRADING, encoding="utf-8")
    left = [name for source in sources for name in imports(source) if _is_open(name)]
    while left:
        name = left.pop()
        file = _PACKAGE / "grading" / f"{name.rpartition('.')[2]}.py"
        if (grading / file.name).exists():
            continue
        shutil.copy(file, grading)
        left += [one for one in imports(file.read_text(encoding="utf-8")) if _is_open(one)]


def modules(sources: Iterable[str]) -> list[str]:
    """The modules that cells import, as far as they are there."""
    return sorted({name for source in sources for name in imports(source) if _known(name)})


def imports(source: str) -> list[str]:
    """The modules that a source imports at any depth; none where it is not Python."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return []
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.append(node.module)
    return found


def _is_open(name: str) -> bool:
    head, _, module = name.rpartition(".")
    return head == "labsupport.grading" and module != "questions"


def _known(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except (ImportError, ValueError):
        return False
