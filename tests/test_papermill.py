"""Every lesson through papermill under other parameters, with every control of its panel moved."""

from __future__ import annotations

import json
import re
from pathlib import Path

import nbformat
import papermill
import pytest
from lesson_cases import CASES
from lesson_rules import ORIENTATION, stated_budget
from nbformat.v4 import new_code_cell
from notebook_rules import PANEL_TAG, WIDGET, Notebook, is_panel, output_texts
from slow import some_slow

ROOT = Path(__file__).resolve().parents[1]
LESSONS = {path.stem: path for path in sorted(ROOT.glob("notebooks/*.ipynb"))}
VARIED = [(stem, *case) for stem, cases in CASES.items() if stem in LESSONS for case in cases[1:]]
IN_SECONDS = ("01_evaluation_gate", "05_fail_fast")
CELL_SECONDS = 120  # what hangs outside of a cell meets the limit of every test, in pyproject

# Run in the lesson's kernel after its last cell. A callback that raises leaves a notebook green:
# nbclient moves no widget, and ipywidgets only shows the error of a button. So move them all, and
# print what was raised or shown.
MOVE_EVERYTHING = """
import sys
import ipywidgets
from ipywidgets.widgets.widget import _instances

def _positions(widget):
    if hasattr(widget, "click"):
        return [None]
    if isinstance(widget, ipywidgets.Checkbox | ipywidgets.ToggleButton):
        return [not widget.value, widget.value]
    if hasattr(widget, "_options_full"):
        return [*(value for _, value in widget._options_full), widget.value]
    if isinstance(widget, ipywidgets.IntSlider | ipywidgets.FloatSlider):
        return [widget.min, widget.max, widget.value]
    if hasattr(widget, "declared"):
        values = widget.declared.values
        return [*(values[::len(values) - 1] if len(values) > 10 else values), widget.value]
    return []

def _movable(widgets):
    for widget in widgets:
        if hasattr(widget, "controls"):
            yield from (*widget.controls.values(), *widget.buttons.values(), widget.reset_button)
        else:
            yield widget

_shell, _moves = get_ipython(), 0
_shell.showtraceback = lambda *args, **kwargs: print("fault:", repr(sys.exc_info()[1]))
for _widget in _movable(list(_instances.values())):
    for _position in _positions(_widget):
        _moves += 1
        try:
            _widget.click() if _position is None else setattr(_widget, "value", _position)
        except Exception as error:
            _name = getattr(_widget, "description", getattr(_widget, "name", "a button"))
            print(f"fault: {_name!r} at {_position}: {error!r}")
del _shell.showtraceback
print("moves:", _moves)
"""

# Run in the lesson's kernel before that: the processor time that the lesson took, its children's
# included, and the least that a fixed piece of work takes now. Time of a processor, since this one
# may be shared; beside a known piece of work, since it may be a slow one.
CLOCK = """
import os
import numpy

def _spent():
    return sum(os.times()[:4])

_lesson, _numbers, _least = _spent(), numpy.random.default_rng(0).random(400_000), 1e9
for _ in range(3):
    _start = _spent()
    for _each in range(24):
        numpy.sort(_numbers)
        sum(_i * _i for _i in range(150_000))
    _least = min(_least, _spent() - _start)
print("seconds:", _lesson, _least)
"""
QUIET = 0.3  # what that work takes on the machine for which lessons state their times
GRACE = 5.0  # seconds for the start of a kernel and for imports


def run(book: nbformat.NotebookNode, folder: Path, parameters: dict) -> nbformat.NotebookNode:
    """Execute a lesson as JupyterLab does, in notebooks/; it is stored in `folder` only."""
    source = folder / "in.ipynb"
    source.write_text(json.dumps(book), encoding="utf-8")
    try:
        return papermill.execute_notebook(
            source,
            folder / "out.ipynb",
            parameters=parameters,
            cwd=ROOT / "notebooks",
            kernel_name="python3",
            execution_timeout=CELL_SECONDS,
            progress_bar=False,
        )
    except papermill.PapermillExecutionError as error:
        where = f"cell [{error.exec_count}] ({error.source.strip().splitlines()[0]!r})"
        pytest.fail(
            f"The run with {parameters} failed at {where}: {error.ename}: {error.evalue}",
            pytrace=False,
        )


def lines_on(book: nbformat.NotebookNode, name: str) -> list[str]:
    """The lines of all outputs that start with a name, its own spaces and those after it squeezed
    to one.
    """
    lines = (
        line
        for cell in book.cells
        if cell.cell_type == "code"
        for text in output_texts(cell)
        for line in text.splitlines()
    )
    return [" ".join(line.split()) for line in lines if re.match(rf"\s*{re.escape(name)}\s", line)]


def decisions(book: nbformat.NotebookNode, build: str) -> list[str]:
    """The lines of all outputs that give the decision on a build."""
    return [
        line
        for line in lines_on(book, build)
        if re.match(rf"{re.escape(build)} (PROMOTE|BLOCK|INCONCLUSIVE)\b", line)
    ]


def agree(
    book: nbformat.NotebookNode, parameters: dict, expected: dict[str, tuple[str, str] | str]
) -> None:
    """Assert that every line on a build says what the case expects; text is all that follows the
    name, to the letter.
    """
    for build, words in expected.items():
        if isinstance(words, str):
            lines, wanted = lines_on(book, build), words
            wrong = [line for line in lines if line != f"{build} {words}"]
        else:
            lines, wanted = decisions(book, build), " ... ".join(words)
            wrong = [line for line in lines if f" {words[0]} " not in line or words[1] not in line]
        assert lines, (
            f"No line of the run with {parameters} starts with {build!r} and says something "
            "about it."
        )
        assert not wrong, (
            f"{build} with {parameters}: expected {wanted}, the lesson printed {wrong[0]!r}."
        )


def test_every_lesson_has_cases():
    assert LESSONS, "There is no notebook in notebooks/, so nothing would be run."
    assert set(LESSONS) == set(CASES), (
        "Give every lesson its cases in tests/lesson_cases.py, and no other."
    )
    for stem, cases in CASES.items():
        assert cases[0][0] == {}, (
            f"{stem}: the first case is the lesson as it is stored, with no parameters."
        )
        assert stem in ORIENTATION or len(cases) > 1, f"{stem}: add a case with other parameters."


@pytest.mark.parametrize("stem", LESSONS)
def test_parameters_exist(stem):
    known = set(papermill.inspect_notebook(LESSONS[stem]))
    unknown = {name for parameters, _ in CASES.get(stem, []) for name in parameters} - known
    assert not unknown, (
        f"papermill would only warn: {stem} has no parameters {sorted(unknown)}; it has "
        f"{sorted(known)}."
    )


def is_at_once(case: tuple) -> bool:
    """The last one of a lesson that runs in seconds. The first ones also move the panels."""
    stem, parameters, _ = case
    return stem in IN_SECONDS and parameters == CASES[stem][-1][0]


@pytest.mark.parametrize("stem", LESSONS)
def test_verdicts_as_stored(stem):
    """nbval runs the lessons as they are stored and compares; here their outputs are only read."""
    book = nbformat.read(LESSONS[stem], as_version=4)
    for parameters, expected in CASES.get(stem, [])[:1]:
        agree(book, parameters, expected)


@pytest.mark.parametrize(
    ("stem", "parameters", "expected"),
    some_slow(VARIED, is_at_once),
    ids=[f"{stem}-{given}" for stem, given, _ in VARIED],
)
def test_verdicts_under_other_parameters(stem, parameters, expected, tmp_path):
    """The first of a lesson's other runs also moves every control of its panel, in the end."""
    book = nbformat.read(LESSONS[stem], as_version=4)
    moves = parameters == CASES[stem][1][0] and any(map(is_panel, book.cells))
    book.cells.append(new_code_cell(CLOCK))
    if moves:
        book.cells.append(new_code_cell(MOVE_EVERYTHING))
    done = run(book, tmp_path, parameters)
    agree(done, parameters, expected)
    keeps_its_time(stem, done)
    if moves:
        panels_move(stem, done)


def panels_move(stem: str, book: nbformat.NotebookNode) -> None:
    """Assert that the panels show widgets, and that no control raised when it was moved."""
    for panel in filter(is_panel, book.cells):
        beside = [out for out in panel.outputs if WIDGET not in out.get("data", {})]
        assert len(beside) < len(panel.outputs), f"{stem} has a panel that shows no widget."
        assert all("panel" in out.metadata for out in beside), (
            f"{stem} has a cell tagged {PANEL_TAG} that shows more than its panel."
        )
    said = "".join(output_texts(book.cells[-1])).splitlines()
    faults = [line for line in said if not line.startswith("moves:")]
    assert not faults, f"{stem}: moving its panel failed.\n" + "\n".join(faults)
    assert said != ["moves: 0"], f"The panel of {stem} has no control that could be moved."


def keeps_its_time(stem: str, book: nbformat.NotebookNode) -> None:
    """Assert that a lesson takes at most twice the time that its title states."""
    said = next(cell for cell in book.cells if cell.source == CLOCK).outputs[0].text
    lesson, work = (float(number) for number in said.split()[1:])
    stated = stated_budget(Notebook(LESSONS[stem], ROOT))[1] or 0
    faults = too_long(lesson, work, stated)
    assert not faults, f"{stem} {faults}"


def too_long(seconds: float, work: float, stated: float) -> str:
    """What is wrong with a lesson that took so many seconds of a processor; empty: nothing.

    Parameters
    ----------
    seconds : of the lesson.
    work : of the fixed piece of work, on the same machine at the same time.
    stated : by the lesson's title.
    """
    there = seconds / max(1.0, work / QUIET)  # a fast machine is no excuse
    if there <= 2 * stated + GRACE:
        return ""
    return f"takes {there:.0f} s; its title states {stated}: make it faster or say so."


@pytest.mark.parametrize(
    ("seconds", "work", "fits"),
    [(25, 0.3, True), (26, 0.3, False), (26, 0.1, False), (50, 0.6, True), (52, 0.6, False)],
)
def test_a_lesson_may_take_twice_its_time_on_the_machine_that_it_was_stated_for(
    seconds, work, fits
):
    assert (too_long(seconds, work, 10) == "") == fits
