"""A class of exercise 02, by `lab grade` and by nbgrader, in one process each.

`make bench ARGS="-k grading"`. Nothing here asserts a time. Both take the same right answers.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from labsupport.grading.classroom import Sheet, find_submissions, grade_class
from labsupport.workspace import ROOT

STUDENTS = 20
NAME = "02_confidence_intervals"
HERE = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
group = pytest.mark.benchmark(group=f"{STUDENTS} submissions of exercise 02, one process")


def nbgrader(course: Path, *arguments: str) -> None:
    command = [sys.executable, "-m", "nbgrader", *arguments]
    subprocess.run(command, cwd=course, env=HERE, check=True, capture_output=True)


@pytest.fixture
def course(tmp_path) -> Path:
    solution = ROOT / f"solutions/{NAME}.ipynb"
    places = [tmp_path / f"submitted/student{k:02}/02" for k in range(STUDENTS)]
    for place in (tmp_path / "source/02", *places):
        place.mkdir(parents=True)
        shutil.copy(solution, place)
    config = "c = get_config()\nc.CourseDirectory.course_id = 'x'\n"
    (tmp_path / "nbgrader_config.py").write_text(config, encoding="utf-8")
    return tmp_path


@group
def test_lab_grade(benchmark, course):
    sheet = Sheet.of(ROOT / "exercises", "02")
    found = find_submissions(course / "submitted", sheet)
    marks = benchmark.pedantic(grade_class, (found, sheet, 1), rounds=1).marks
    assert len(marks) == STUDENTS
    assert all(mark.status in ("right", "by hand") for each in marks.values() for mark in each)


@group
def test_nbgrader(benchmark, course):
    nbgrader(course, "generate_assignment", "02")
    benchmark.pedantic(nbgrader, (course, "autograde", "02"), rounds=1)
    assert len(list((course / "autograded").iterdir())) == STUDENTS
