"""Negative controls of running lessons: what only papermill or a moved panel brings to light."""

from __future__ import annotations

import pytest
from tiny_lesson import (
    PANEL,
    PYTEST,
    SCORE,
    STEM,
    copy_project,
    passes,
    record,
    source_of,
    tiny_lesson,
)

BUTTON = "\nbutton = widgets.Button()\nbutton.on_click(lambda _: 1 / 0)\nbutton"

PAPERMILL_FAULTS = {  # lesson: (fault, cell, what replaces its source, test that must fail, words)
    "02_callback": (
        "slider callback that raises",
        PANEL,
        PANEL.replace("change.new)", "change.new) / (rows - change.new)"),
        "test_verdicts_under_other_parameters[02_callback-{'wrong': 10}]",
        "ZeroDivisionError",
    ),
    "03_button": (
        "button callback that raises",
        PANEL,
        PANEL + BUTTON,
        "test_verdicts_under_other_parameters[03_button-{'wrong': 10}]",
        "ZeroDivisionError",
    ),
    "04_verdict": (
        "verdict that ignores the parameters",
        SCORE,
        SCORE.replace("share >= 0.9", "True"),
        "test_verdicts_under_other_parameters[04_verdict-{'wrong': 10}]",
        "expected BLOCK",
    ),
    "05_parameter": (
        "parameter renamed",
        "rows = 40\nwrong = 3",
        "rows = 40\nwrong_rows = wrong = 3",
        "test_parameters_exist[05_parameter]",
        "has no parameters ['wrong']",
    ),
    "06_unlisted": (
        "lesson without cases",
        SCORE,
        SCORE,
        "test_every_lesson_has_cases",
        "Give every lesson its cases",
    ),
}


@pytest.fixture(scope="module")
def papermill_run(tmp_path_factory) -> tuple[int, str]:
    """test_papermill over one valid lesson and one per fault."""
    project = copy_project(tmp_path_factory.mktemp("papermill"))
    for stem, (_, old, new, _, _) in PAPERMILL_FAULTS.items():
        book = tiny_lesson()
        source_of(book, old).source = new
        project.save(book, stem)
    cases = "\n".join(
        f'CASES["{stem}"] = CASES["{STEM}"]' for stem in PAPERMILL_FAULTS if stem != "06_unlisted"
    )
    with (project.root / "tests/lesson_cases.py").open("a", encoding="utf-8") as file:
        file.write(cases)
    other = "(other and (callback or button or verdict))"
    only = f"has_cases or parameters_exist or {STEM} or {other}"
    done = project.run(*PYTEST, "tests/test_papermill.py", "-k", only)
    return done.returncode, done.stdout


def test_a_valid_lesson_passes_papermill(papermill_run):
    assert "passed" in papermill_run[1], papermill_run[1]
    assert not [
        line
        for line in papermill_run[1].splitlines()
        if line.startswith(("FAILED", "ERROR")) and STEM in line
    ]


@pytest.mark.parametrize("stem", PAPERMILL_FAULTS)
def test_papermill_catches(stem, papermill_run, record_property):
    status, output = papermill_run
    fault, _, _, test, words = PAPERMILL_FAULTS[stem]
    named = [
        line
        for line in output.splitlines()
        if line.startswith(("FAILED", "ERROR")) and f"::{test}" in line
    ]
    assert status == 1 and named, f"{test} did not fail.\n{output}"
    assert words in output, f"{fault}: the output does not say {words!r}.\n{output}"
    record(record_property, fault, PYTEST, status, f"test_papermill {test.split('[')[0]}")


def test_lab_run_names_the_failing_lesson_and_runs_the_others(tmp_path, record_property):
    project = copy_project(tmp_path)
    command = ("lab", "run")
    assert f"ok    {STEM}" in passes(project, *command)
    book = tiny_lesson()
    source_of(book, SCORE).source = SCORE + "\nrows / 0"
    project.save(book, "02_raises")
    done = project.run(*command)
    assert done.returncode == 1, done.stdout
    for words in ("FAIL  02_raises", "ZeroDivisionError", f"ok    {STEM}"):
        assert words in done.stdout, f"lab run does not say {words!r}.\n{done.stdout}"
    record(
        record_property, "lesson that raises", command, done.returncode, "lab run, with its cell"
    )
