"""The same files go through nbgrader as it is."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from labsupport.grading.release import STUB, TEXT_STUB
from labsupport.workspace import ROOT

NAME = "02_confidence_intervals"


def nbgrader(course: Path, *arguments: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "nbgrader", *arguments]
    here = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # it calls alembic
    return subprocess.run(
        command,
        cwd=course,
        env={**os.environ, "PATH": here},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def course(tmp_path_factory) -> Path:
    """A course with one assignment, which two students handed in: all right, and one mistake."""
    folder = tmp_path_factory.mktemp("course")
    source = folder / "source/02"
    source.mkdir(parents=True)
    shutil.copy(ROOT / f"solutions/{NAME}.ipynb", source)
    config = "c = get_config()\nc.CourseDirectory.course_id = 'x'\n"
    config += f"c.ClearSolutions.code_stub = {{'python': {STUB!r}}}\n"
    config += f"c.ClearSolutions.text_stub = {TEXT_STUB!r}\n"
    (folder / "nbgrader_config.py").write_text(config, encoding="utf-8")
    made = nbgrader(folder, "generate_assignment", "02")
    assert made.returncode == 0, made.stderr
    wrong = nbformat.read(source / f"{NAME}.ipynb", 4)
    for cell in wrong.cells:
        if cell.metadata.get("nbgrader", {}).get("grade_id") == "q02_2-answer":
            cell.source = "def strict_gate(low, high, margin):\n    return 'promote'\n"
    for student, notebook in (("ann", nbformat.read(source / f"{NAME}.ipynb", 4)), ("bo", wrong)):
        place = folder / f"submitted/{student}/02"
        place.mkdir(parents=True)
        nbformat.write(notebook, place / f"{NAME}.ipynb")
    return folder


def test_what_it_releases_is_what_we_hand_out(course):
    released = nbformat.read(course / f"release/02/{NAME}.ipynb", 4)
    ours = nbformat.read(ROOT / f"exercises/{NAME}.ipynb", 4)
    assert [cell.source for cell in released.cells] == [cell.source for cell in ours.cells]


def test_it_gives_the_points_that_lab_grade_gives(course):
    from nbgrader.api import Gradebook

    graded = nbgrader(course, "autograde", "02")
    assert graded.returncode == 0, graded.stderr
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as book:
        found = {
            (one.student.id, grade.name): grade.auto_score
            for one in book.assignment_submissions("02")
            for grade in next(iter(one.notebooks)).grades
            if grade.cell.cell_type == "code"
        }
    full = {"q02_1-check": 3, "q02_2-check": 2, "q02_3-check": 2, "q02_4-check": 2}
    assert {name: points for (who, name), points in found.items() if who == "ann"} == full
    assert {name: points for (who, name), points in found.items() if who == "bo"} == {
        **full,
        "q02_2-check": 0,
    }


@pytest.mark.slow
def test_validate_tells_a_student_what_fails(course):
    """An exercise as it was handed out is not done, and says so without a traceback of ours."""
    told = nbgrader(course, "validate", str(ROOT / f"exercises/{NAME}.ipynb"))
    assert "02.2 does not count as solved yet" in told.stdout + told.stderr
    fine = nbgrader(course, "validate", str(course / f"submitted/ann/02/{NAME}.ipynb"))
    assert "Success" in fine.stdout
