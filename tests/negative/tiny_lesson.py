"""A small project with one valid lesson, into which the negative controls plant one fault each."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import nbformat
from cause_rules import ANSWER_TAG, FOLDED, PLACE
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from notebook_rules import Notebook
from prose_rules import CLAIMS, claims

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
STEM = "01_evaluation_gate"  # a known lesson's name; what is in it is the tiny lesson below

PYTEST = ("pytest", "-p", "no:cacheprovider", "--color=no")

TITLE = """# Weigh one model

What you will do: score 40 rows. What you will learn: to count. What you will need: nothing.
1 minute to read, 5 seconds to run."""
SCORE = """right = rows - wrong
share = right / rows
print(f"A  {'PROMOTE' if share >= 0.9 else 'BLOCK'}  {right} of {rows} right, {share:.4f}")"""
READING = (
    "0.9250 of the rows are right, 37 of 40, with `wrong = 3`. Three are wrong, because "
    "we said so. <!-- given: the first cell sets it --> [The lesson "
    "itself](01_evaluation_gate.ipynb)."
)
PANEL = """import ipywidgets as widgets

slider, sentence = widgets.IntSlider(value=wrong, max=rows), widgets.Label()
def move(change):
    sentence.value = f"{(rows - change.new) / rows:.4f}"
slider.observe(move, "value")
widgets.VBox([slider, sentence])"""
PICTURE = """from base64 import b64decode, b64encode

from IPython.display import display

png = b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAAGHRFWHRkcmF3aW5nADAxMjM0NTY3ODlh"
    "YmNkZWYcmd8+AAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="
)
alt, data = f"One bar, {share:.4f} of 40 rows right", b64encode(png).decode()
image = f'<img alt="{alt}" src="data:image/png;base64,{data}">'
figure = '<figure data-drawing="0123456789abcdef">'  # the digest that the PNG carries as well
caption = f"<figcaption>Share of rows that are right: {share:.4f}</figcaption></figure>"
html = figure + image + caption
display({"text/html": html, "image/png": b64encode(png).decode()}, raw=True)"""
ANSWER = f"""{FOLDED}The share of rows that are right rises to one when no row is wrong, and falls
by the same step with every row that is. A good answer says so in a sentence, gives the step, and
tells what the gate then prints for this build, which is right in all rows.

</details>"""
CLOSING = (
    "## What to remember\n\nCount.",
    "## What real systems do\n\nThey count.",
    "## On to the exercise\n\nCount again.",
)

CASES = f"""
CASES = {{
    "{STEM}": [
        ({{}}, {{"A": ("PROMOTE", "0.9250")}}),
        ({{"wrong": 10}}, {{"A": ("BLOCK", "0.7500")}}),
    ],
}}
"""


def tiny_lesson() -> nbformat.NotebookNode:
    """A lesson that keeps every rule, run, with its outputs. A new copy each time."""
    return nbformat.reads(_executed(), as_version=4)


def source_of(book: nbformat.NotebookNode, source: str) -> nbformat.NotebookNode:
    """The only cell with this source."""
    (cell,) = (cell for cell in book.cells if cell.source == source)
    return cell


@cache
def _executed() -> str:
    cells = [
        new_markdown_cell(TITLE),
        new_code_cell("rows = 40\nwrong = 3", metadata={"tags": ["parameters"]}),
        new_markdown_cell("## Score\n\nBefore you run the next cell: how many are right?"),
        new_code_cell(SCORE),
        new_markdown_cell(READING),
        new_code_cell(PANEL, metadata={"tags": ["nbval-ignore-output"]}),
        new_code_cell(PICTURE),
        new_markdown_cell("What happens at 0 wrong rows? Write it down."),
        new_markdown_cell(PLACE, metadata={"tags": [ANSWER_TAG]}),
        new_markdown_cell(ANSWER),
        *map(new_markdown_cell, CLOSING),
    ]
    for i, cell in enumerate(cells):
        cell.id = f"cell-{i}"
    book = new_notebook(cells=cells)
    NotebookClient(
        book, timeout=60, kernel_name="python3", store_widget_state=False, record_timing=False
    ).execute()
    for cell in book.cells:
        if cell.metadata.get("tags") == ["nbval-ignore-output"]:
            cell.outputs = []
    book.metadata = {
        "kernelspec": {
            "name": "python3",
            "display_name": "Python 3 (ipykernel)",
            "language": "python",
        }
    }
    return json.dumps(book)


@dataclass(frozen=True)
class Project:
    """A copy of the project, in a path with a space, whose only lesson is the tiny one."""

    root: Path

    def save(self, book: nbformat.NotebookNode, stem: str = STEM) -> None:
        (self.root / "notebooks" / f"{stem}.ipynb").write_text(
            json.dumps(book, indent=1), encoding="utf-8"
        )

    def keep_claims(self, *stems: str) -> None:
        """Keep what the tiny lesson claims, without a fault, for lessons of these names."""
        valid = claims(Notebook(self.root / f"notebooks/{STEM}.ipynb", self.root))
        lines = [
            f"{stem} {cell} {' '.join(said)}" for stem in stems for cell, said in valid.items()
        ]
        (self.root / CLAIMS).write_text("\n".join(lines) + "\n", encoding="utf-8")

    def edit(self, file: str, old: str, new: str) -> None:
        """Replace the only occurrence of `old` in a file of the copy."""
        path = self.root / file
        text = path.read_text(encoding="utf-8")
        if text.count(old) != 1:
            raise ValueError(
                f"{old!r} occurs {text.count(old)} times in {file}, expected once; adapt this "
                "negative control."
            )
        path.write_text(text.replace(old, new), encoding="utf-8")

    def run(self, *command: str, ci: bool = False) -> subprocess.CompletedProcess:
        """Run a command of this environment in the copy, whose labsupport comes before the
        installed one.
        """
        env = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PYTEST", "COV", "CI"))
        }
        env |= {
            "PYTHONPATH": str(self.root),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONIOENCODING": "utf-8",
            "COLUMNS": "200",
            "SLOW": "1",
        }
        env |= {"CI": "true"} if ci else {}
        start = (
            [sys.executable, "-m", "pytest"]
            if command[0] == "pytest"
            else [shutil.which(command[0], path=BIN)]
        )
        return subprocess.run(
            [*start, *command[1:]],
            cwd=self.root,
            env=env,
            text=True,
            encoding="utf-8",
            timeout=240,  # below the limit of the test itself
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )


def copy_project(target: Path, *folders: str) -> Project:
    """Copy the settings, tests/*.py, labsupport without its data, and `folders`; write the tiny
    lesson and its cases.
    """

    def junk(folder, names):
        return [
            name
            for name in names
            if name in {"__pycache__", ".ipynb_checkpoints"} or name.endswith(".npz")
        ]

    root = target / "a lab"
    for folder in ("labsupport", *folders):
        shutil.copytree(ROOT / folder, root / folder, ignore=junk)
    (root / "tests").mkdir(exist_ok=True)
    for file in [*ROOT.glob("tests/*.py"), ROOT / "tests/sanitize.cfg", ROOT / "pyproject.toml"]:
        shutil.copy(file, root / file.relative_to(ROOT))
    # Jupyter's JSON checker offers itself this module and does without; to import it takes two
    # seconds in every command.
    (root / "rfc3987_syntax.py").write_text("raise ImportError", encoding="utf-8")
    (root / "tests/lesson_cases.py").write_text(CASES, encoding="utf-8")
    for folder in ("notebooks", "solutions"):
        (root / folder).mkdir(exist_ok=True)
    project = Project(root)
    project.save(tiny_lesson())
    project.keep_claims(STEM)
    return project


def passes(project: Project, *command: str, ci: bool = False) -> str:
    """The positive control: the same command succeeds on the copy without the fault. Its output."""
    done = project.run(*command, ci=ci)
    assert done.returncode == 0, (
        f"{command} ended with {done.returncode} without a fault.\n{done.stdout}"
    )
    return done.stdout


def record(
    record_property: Callable, fault: str, command: tuple[str, ...], status: int, caught_by: str
) -> None:
    """One row of the table that pytest prints at the end."""
    words = command[:1] if command[0] == "pytest" else command[:3]
    row = {
        "fault": fault,
        "command": " ".join(words),
        "exit status": status,
        "caught by": caught_by,
    }
    record_property("negative_control", json.dumps(row))
