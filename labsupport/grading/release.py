"""Making exercises from solutions: nbgrader's own preprocessors, in this process, with the same
bytes every time.
"""

from __future__ import annotations

import ast
import logging
import re
import textwrap
import warnings
from functools import cache
from pathlib import Path

import nbformat

from labsupport.durable import replace_whole

STUB = "...  # your lines\nraise NotImplementedError"
TEXT_STUB = "*Your answer, in place of this line.*"

_REGION = re.compile(r"^[ \t]*### BEGIN SOLUTION\n(.*?)^[ \t]*### END SOLUTION", re.M | re.S)
_CODE = re.compile(r"\breturn\b|[\w)\]] ?(?:=|\*|/) ?[\w(]")  # in a comment, code and no words


class ReleaseError(ValueError):
    """A solution that cannot be turned into an exercise; the text names it and says why."""


def release(root: Path) -> list[Path]:
    """Write exercises/ from solutions/.

    Parameters
    ----------
    root : the folder that holds solutions/ and exercises/.

    Returns
    -------
    The exercises, one per solution. All are made before the first is written, and each is written
    whole or not at all.

    Raises
    ------
    ReleaseError : there are no solutions, or one cannot be read, lacks nbgrader's metadata or would
        give its answer away.
    """
    texts = {_exercise(root, solution): make_exercise(solution) for solution in _solutions(root)}
    for path, text in texts.items():
        replace_whole(path, text.encode())
    return list(texts)


def stale(root: Path) -> list[str]:
    """One sentence per exercise that is not what its solution would generate, is missing, or has no
    solution.
    """
    remedy = "run `lab release`."
    sentences, expected = [], set()
    for solution in _solutions(root):
        path = _exercise(root, solution)
        expected.add(path)
        name = path.relative_to(root).as_posix()
        if not path.exists():
            sentences.append(f"{name} is missing; {remedy}")
        elif path.read_text(encoding="utf-8") != make_exercise(solution):
            sentences.append(
                f"{name} differs from what solutions/{solution.name} generates; {remedy}"
            )
    for path in sorted(set((root / "exercises").glob("*.ipynb")) - expected):
        sentences.append(
            f"exercises/{path.name} has no solution it comes from; delete it, or add "
            f"solutions/{path.name}."
        )
    return sentences


def make_exercise(solution: Path) -> str:
    """The text of the exercise that belongs to a solution notebook. Raises ReleaseError."""
    steps = _preprocessors()
    try:
        notebook = nbformat.read(solution, as_version=4)
        _insist_on_points(solution, notebook)
        _insist_on_silence(solution, notebook)
        resources: dict = {}
        for preprocessor in steps:
            notebook, resources = preprocessor(notebook, resources)
    except ReleaseError:
        raise
    except Exception as error:
        cause = (
            error.__context__ or error
        )  # nbgrader logs what is wrong with the metadata and raises a general error
        reason = str(cause).strip().split("\n")[0] or type(cause).__name__
        raise ReleaseError(
            f"{solution.name} cannot be turned into an exercise: {reason}"
        ) from error
    notebook.metadata["language_info"] = {
        "name": "python"
    }  # without the version of whoever ran the solution last
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        _insist_on_stub(solution, cell)
    return nbformat.writes(notebook).rstrip("\n") + "\n"


def _insist_on_stub(solution: Path, cell) -> None:
    grading = cell.metadata.get("nbgrader", {})
    name = grading.get("grade_id", cell.get("id", "?"))
    if cell.cell_type == "code" and grading.get("solution"):
        if cell.source.strip() == STUB:
            raise ReleaseError(
                f"{solution.name}: cell {name} has no ### BEGIN SOLUTION and ### END SOLUTION, "
                "so its signature is lost."
            )
        if not cell.source.rstrip().endswith("raise NotImplementedError"):
            raise ReleaseError(
                f"{solution.name}: cell {name} goes on after ### END SOLUTION; a stub ends "
                "with the blank."
            )


def _insist_on_points(solution: Path, notebook) -> None:
    """Every question counts: its check is graded, and what is graded has points."""
    for cell in notebook.cells:
        grading = cell.metadata.get("nbgrader", {})
        name = grading.get("grade_id", cell.get("id", "?"))
        if grading.get("grade") and not grading.get("points", 0) > 0:
            raise ReleaseError(f"{solution.name}: cell {name} is graded, with no points to get.")
        checks = cell.cell_type == "code" and cell.source.lstrip().startswith("check(")
        if checks and not grading.get("grade"):
            raise ReleaseError(f"{solution.name}: cell {name} is a check that is not graded.")


def _insist_on_silence(solution: Path, notebook) -> None:
    """What students get holds no expression of an answer, and no code in a blank's comments."""
    answers = set()
    for cell in notebook.cells:
        if cell.cell_type == "code":
            for region in _REGION.findall(cell.source):
                answers |= _expressions(textwrap.dedent(region))
    for cell in notebook.cells:
        grading = cell.metadata.get("nbgrader", {})
        if cell.cell_type == "markdown" and grading.get("solution"):
            continue  # all of it is replaced
        name = grading.get("grade_id", cell.get("id", "?"))
        shown = _REGION.sub("", cell.source)
        told = sorted(answer for answer in answers if answer in _tight(shown))
        if shown != cell.source:
            told += [line for line in re.findall(r"^\s*# (.*)", shown, re.M) if _CODE.search(line)]
        if told:
            raise ReleaseError(
                f"{solution.name}: cell {name} tells students a part of an answer, {told[0]!r}."
            )


def _expressions(code: str) -> set[str]:
    """The expressions of an answer that are more than a name, a constant or a call of names."""
    found = set()
    for node in ast.walk(ast.parse(code)):
        plain = ast.Name | ast.Constant | ast.Attribute | ast.Tuple | ast.Starred
        if isinstance(node, ast.Call):
            given = [*node.args, *(keyword.value for keyword in node.keywords)]
            telling = any(not isinstance(part, plain) for part in given)
        else:
            telling = isinstance(node, ast.expr) and not isinstance(node, plain)
        text = _tight(ast.get_source_segment(code, node) or "") if telling else ""
        found |= {text} if len(text) >= 8 else set()
    return found


def _tight(text: str) -> str:
    """Without spaces, line breaks in comments, and the modules that names are taken from."""
    text = re.sub(r"\b[a-z]\w*\.(?=[a-z])", "", re.sub(r"\n\s*#", " ", text))
    return re.sub(r"\s", "", text)


@cache
def _preprocessors() -> list:
    """nbgrader's own, in the order of its generate_assignment, without the database. Imported late:
    it takes seconds.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            from nbgrader import preprocessors as p
        except ImportError as error:
            raise ReleaseError(
                "Exercises are made by nbgrader, which only authors need: `make release` gets it, "
                f"or `pip install -r locks/test.lock` ({error})."
            ) from error
    quiet = logging.getLogger("labsupport.release")
    quiet.addHandler(logging.NullHandler())
    quiet.propagate = False
    clear = p.ClearSolutions(log=quiet, code_stub={"python": STUB}, text_stub=TEXT_STUB)
    tidy = (
        p.ClearOutput,
        p.CheckCellMetadata,
        p.ClearHiddenTests,
        p.ClearMarkScheme,
        p.ComputeChecksums,
        p.CheckCellMetadata,
    )
    return [p.LockCells(log=quiet), clear, *(step(log=quiet) for step in tidy)]


def _solutions(root: Path) -> list[Path]:
    found = sorted((root / "solutions").glob("*.ipynb"))
    if not found:
        raise ReleaseError(
            f"There is no notebook in {root / 'solutions'}, so there is nothing to make "
            "exercises from."
        )
    return found


def _exercise(root: Path, solution: Path) -> Path:
    return root / "exercises" / solution.name
