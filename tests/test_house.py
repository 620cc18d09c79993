"""The rules of the house: who may import whom, style, sizes, docstrings, the map. Each check is
also shown to fail.
"""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "labsupport"
MODULES = sorted(PACKAGE.rglob("*.py"))
MODULE_LINES, FUNCTION_LINES = 300, 40

# What the flat modules may import besides the standard library and each other.
FLAT_MODULES = [
    PACKAGE / "data" / "__init__.py",
    *(p for p in sorted(PACKAGE.glob("*.py")) if p.stem != "__init__"),
]
LIBRARIES = {"numpy", "scipy"}
MORE_LIBRARIES = {"processes": {"psutil"}}


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def command(*words: str, cwd: Path = ROOT) -> subprocess.CompletedProcess:
    """Run a tool of this environment as a person would."""
    return subprocess.run(
        [shutil.which(words[0], path=Path(sys.executable).parent), *words[1:]],
        cwd=cwd,
        capture_output=True,
        text=True,
    )


# ---- who may import whom
# ----------------------------------------------------------------------------------------------


def test_imports_go_downwards():
    done = command("lint-imports", "--no-cache")
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("module", "line", "broken"),
    [
        ("labsupport/gate.py", "from labsupport import cli", "downwards"),
        ("labsupport/outcomes.py", "import labsupport.gate", "downwards"),
        ("labsupport/world.py", "import labsupport.show", "downwards"),
        ("labsupport/show/__init__.py", "import labsupport.grading", "downwards"),
        ("labsupport/gate.py", "import labsupport.data", "counts only"),
        ("labsupport/gate.py", "import pandas", "in validation"),
        ("labsupport/delivery/fleet.py", "import starlette", "in the service"),
        ("labsupport/delivery/service/fleet.py", "import httpx", "in the service"),
        ("labsupport/evals/system.py", "import openai", "in evals.model"),
        ("labsupport/cli/llm.py", "import xllamacpp", "in evals.model"),
        ("labsupport/training.py", "import torch", "in ops.torch"),
        ("labsupport/ops/record.py", "import torch.distributed", "in ops.torch"),
        ("labsupport/unlisted.py", "", "downwards"),
    ],
)
def test_an_import_upwards_or_an_unlisted_module_is_caught(tmp_path, module, line, broken):
    shutil.copytree(
        PACKAGE, tmp_path / "labsupport", ignore=shutil.ignore_patterns("*.npz", "__pycache__")
    )
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    with open(tmp_path / module, "a", encoding="utf-8") as file:
        file.write(f"\n{line}\n")
    done = command("lint-imports", "--no-cache", cwd=tmp_path)
    assert done.returncode == 1
    assert re.search(rf"{broken} BROKEN", done.stdout)


def libraries(source: str) -> set[str]:
    """The packages that a module imports, at its top or inside a function, without the standard
    library and labsupport.
    """
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "labsupport")
    return {name.split(".")[0] for name in found} - sys.stdlib_module_names - {"labsupport"}


@pytest.mark.parametrize("path", FLAT_MODULES, ids=name_of)
def test_flat_modules_import_numpy_and_scipy_only(path):
    allowed = LIBRARIES | MORE_LIBRARIES.get(path.stem, set())
    assert libraries(path.read_text(encoding="utf-8")) <= allowed


def test_a_hidden_import_is_seen():
    assert libraries(
        "import os\ndef f():\n    from matplotlib.pyplot import plot\nimport numpy as np"
    ) == {
        "matplotlib",
        "numpy",
    }


# ---- style
# --------------------------------------------------------------------------------------------------
# ----------

CHECKED = [
    name for name in ("labsupport", "tests", "notebooks", "solutions") if (ROOT / name).exists()
]


@pytest.mark.parametrize("words", [("check",), ("format", "--check")], ids=" ".join)
def test_ruff(words):
    done = command("ruff", *words, *CHECKED)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", ["module.py", "lesson.ipynb"])
def test_ruff_sees_modules_and_notebooks_but_no_exercises(tmp_path, name):
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    bad = "import os\nx = undefined\n"
    if name.endswith(".ipynb"):
        bad = nbformat.writes(
            new_notebook(cells=[new_code_cell(bad)], metadata={"language_info": {"name": "python"}})
        )
    for folder in ("lessons", "exercises"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / name).write_text(bad)
    done = command("ruff", "check", "--no-cache", "lessons", cwd=tmp_path)
    assert done.returncode == 1
    assert "F401" in done.stdout and "F821" in done.stdout
    assert command("ruff", "check", "--no-cache", ".", cwd=tmp_path).stdout.count("exercises") == 0


# ---- sizes and docstrings
# ---------------------------------------------------------------------------------------------


def long_functions(source: str, limit: int = FUNCTION_LINES) -> list[tuple[str, int]]:
    """The functions of more than `limit` lines, the docstring not counted."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            docstring = node.body[0] if ast.get_docstring(node) is not None else None
            lines = node.end_lineno - node.lineno + 1
            lines -= docstring.end_lineno - docstring.lineno + 1 if docstring else 0
            found += [(node.name, lines)] if lines > limit else []
    return found


def lines_of_code(source: str) -> int:
    """The lines of a module, those of the table that declares a question not counted."""
    tables = [
        node.end_lineno - node.lineno + 1
        for node in ast.parse(source).body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "QUESTION"
    ]
    return len(source.splitlines()) - sum(tables)


def undocumented(source: str) -> Iterator[str]:
    """The public names without a docstring: the module, its functions and classes, the classes'
    methods and properties.
    """
    tree = ast.parse(source)
    if not ast.get_docstring(tree):
        yield "the module"
    scopes = [("", tree)]
    while scopes:
        prefix, scope = scopes.pop()
        for node in scope.body:
            if isinstance(
                node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
            ) and not node.name.startswith("_"):
                if not ast.get_docstring(node):
                    yield prefix + node.name
                if isinstance(node, ast.ClassDef):
                    scopes.append((f"{prefix}{node.name}.", node))


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_modules_and_functions_are_short_and_documented(path):
    source = path.read_text(encoding="utf-8")
    assert lines_of_code(source) <= MODULE_LINES
    assert long_functions(source) == []
    missing = set(undocumented(source))
    if path.parent.name == "questions":  # of which one name is public, and that is no function
        missing &= {"the module"}
    assert missing == set()


def test_a_long_function_and_a_missing_docstring_are_seen():
    assert lines_of_code("x = 1\nQUESTION = (\n    2,\n)\ny = 3\n") == 2
    documented = 'def f():\n    """One.\n\n    Two.\n    """\n' + "    x = 1\n" * 2
    assert long_functions(documented, limit=3) == []
    assert long_functions(documented + "    x = 2\n", limit=3) == [("f", 4)]
    methods = "    def m(self): pass\n    def __len__(self): pass\n"
    source = (
        f'"""A module."""\ndef f(): pass\ndef _g(): pass\nclass C:\n    """A class."""\n{methods}'
    )
    assert list(undocumented(source)) == ["f", "C.m"]
    assert list(undocumented("x = 1")) == ["the module"]


# ---- the map
# --------------------------------------------------------------------------------------------------
# --------


def mapped(docstring: str) -> list[str]:
    """The first words of the map's lines, which follow the docstring's first paragraph."""
    return [line.split()[0] for line in docstring.split("\n\n", 1)[1].splitlines() if line.strip()]


def test_the_map_names_what_exists_and_nothing_else():
    docstring = ast.get_docstring(ast.parse((PACKAGE / "__init__.py").read_text(encoding="utf-8")))
    exists = {p.stem for p in PACKAGE.glob("*.py") if p.stem != "__init__"} | {
        p.parent.name for p in PACKAGE.glob("*/__init__.py")
    }
    assert sorted(mapped(docstring)) == sorted(exists)


def test_a_name_off_the_map_is_seen():
    assert mapped("Title.\n\nworld  one\ngate   two\n") == ["world", "gate"]


# ---- one way to write percent
# ----------------------------------------------------------------------------------------------

PERCENT_APART = re.compile(r"[\d}] %(?! ?[\d(])")  # `17 % 4` is a remainder


@pytest.mark.parametrize(
    "path",
    [
        *MODULES,
        *(p for word in ("notebooks", "solutions") for p in sorted((ROOT / word).glob("*.ipynb"))),
    ],
    ids=name_of,
)
def test_percent_is_written_without_a_space(path):
    assert PERCENT_APART.findall(path.read_text(encoding="utf-8")) == []


def test_a_percent_with_a_space_is_seen():
    assert PERCENT_APART.findall("2.5 % of them, {x:g} %, 17 % 4, 5%") == ["5 %", "} %"]


# ---- no line is longer than 100, also where ruff looks away (a pragma, a word without a space)
# ----------------------------------------------------------------------------------------------


def too_long(source: str) -> list[int]:
    """The lines of more than 100 characters."""
    return [i for i, line in enumerate(source.splitlines(), start=1) if len(line) > 100]


@pytest.mark.parametrize("path", [*MODULES, *sorted((ROOT / "tests").rglob("*.py"))], ids=name_of)
def test_no_line_is_too_long(path):
    assert too_long(path.read_text(encoding="utf-8")) == []


def test_a_long_line_is_seen_behind_a_pragma():
    assert too_long(f"x = 1  # noqa: E501 {'-' * 90}\ny = 2\n") == [1]


# ---- one condition in a line
# ----------------------------------------------------------------------------------------------


def chained(source: str) -> list[int]:
    """The lines on which a conditional expression holds another one."""
    found = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.IfExp))
    return [
        node.lineno
        for node in found
        if any(isinstance(part, ast.IfExp) for part in (node.test, node.body, node.orelse))
    ]


@pytest.mark.parametrize("path", [*MODULES, *sorted((ROOT / "tests").rglob("*.py"))], ids=name_of)
def test_conditional_expressions_are_not_chained(path):
    assert chained(path.read_text(encoding="utf-8")) == []


def test_a_chained_conditional_expression_is_seen():
    assert chained("x = 1 if a else 2\ny = 1 if a else 2 if b else 3\n") == [2]
