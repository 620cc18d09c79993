"""Negative controls of the other commands: a fault is planted in a copy of the project, and the real command must fail."""

from __future__ import annotations

import pytest
from tiny_lesson import PANEL, PYTEST, SCORE, STEM, Project, copy_project, record, source_of, tiny_lesson

BUTTON = "\nbutton = widgets.Button()\nbutton.on_click(lambda _: 1 / 0)\nbutton"


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Project:
    return copy_project(tmp_path_factory.mktemp("commands"), "solutions", "exercises", "tests/wrong_answers")


@pytest.fixture
def catches(project, record_property):
    """Run a command that must fail and say these words; then record it in the table."""

    def run(fault: str, command: tuple[str, ...], caught_by: str, *words: str, status: int = 1, ci: bool = False) -> str:
        done = project.run(*command, ci=ci)
        assert done.returncode == status, f"{fault}: {command} ended with {done.returncode}.\n{done.stdout}"
        missing = [each for each in words if each not in done.stdout]
        assert not missing, f"{fault}: the output does not say {missing}.\n{done.stdout}"
        name = command[0].removeprefix("labsupport.").replace("cli", "lab")
        record(
            record_property, fault, " ".join([name, *command[1:2]]) if name == "lab" else name, done.returncode, caught_by
        )
        return done.stdout

    return run


def passes(project: Project, *command: str, ci: bool = False) -> str:
    """The positive control: the same command succeeds on the copy without the fault."""
    done = project.run(*command, ci=ci)
    assert done.returncode == 0, f"{command} ended with {done.returncode} without a fault.\n{done.stdout}"
    return done.stdout


# papermill

PAPERMILL_FAULTS = {  # lesson: (fault, cell, what replaces its source, test that must fail, words)
    "02_callback": (
        "slider callback that raises",
        PANEL,
        PANEL.replace("change.new)", "change.new) / (rows - change.new)"),
        "test_every_control_of_the_panel_moves[02_callback]",
        "ZeroDivisionError",
    ),
    "03_button": (
        "button callback that raises",
        PANEL,
        PANEL + BUTTON,
        "test_every_control_of_the_panel_moves[03_button]",
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
    "06_unlisted": ("lesson without cases", SCORE, SCORE, "test_every_lesson_has_cases", "Give every lesson its cases"),
}


@pytest.fixture(scope="module")
def papermill_run(tmp_path_factory) -> tuple[int, str]:
    """test_papermill over one valid lesson and one per fault."""
    project = copy_project(tmp_path_factory.mktemp("papermill"))
    for stem, (_, old, new, _, _) in PAPERMILL_FAULTS.items():
        book = tiny_lesson()
        source_of(book, old).source = new
        project.save(book, stem)
    cases = "\n".join(f'CASES["{stem}"] = CASES["{STEM}"]' for stem in PAPERMILL_FAULTS if stem != "06_unlisted")
    with (project.root / "tests/lesson_cases.py").open("a", encoding="utf-8") as file:
        file.write(cases)
    only = "has_cases or parameters_exist or " + STEM + " or (moves and (callback or button)) or (other and verdict)"
    done = project.run(*PYTEST, "tests/test_papermill.py", "-k", only)
    return done.returncode, done.stdout


def test_a_valid_lesson_passes_papermill(papermill_run):
    assert "passed" in papermill_run[1], papermill_run[1]
    assert not [line for line in papermill_run[1].splitlines() if line.startswith(("FAILED", "ERROR")) and STEM in line]


@pytest.mark.parametrize("stem", PAPERMILL_FAULTS)
def test_papermill_catches(stem, papermill_run, record_property):
    status, output = papermill_run
    fault, _, _, test, words = PAPERMILL_FAULTS[stem]
    named = [line for line in output.splitlines() if line.startswith(("FAILED", "ERROR")) and f"::{test}" in line]
    assert status == 1 and named, f"{test} did not fail.\n{output}"
    assert words in output, f"{fault}: the output does not say {words!r}.\n{output}"
    record(record_property, fault, "pytest", status, f"test_papermill {test.split('[')[0]}")


# lab


def test_lab_run_names_the_failing_lesson_and_runs_the_others(project, catches):
    book = tiny_lesson()
    source_of(book, SCORE).source = SCORE + "\nrows / 0"
    project.save(book, "02_raises")
    output = catches("lesson that raises", ("lab", "run"), "lab run", "FAIL  02_raises", "ZeroDivisionError")
    (project.root / "notebooks/02_raises.ipynb").unlink()
    assert f"ok    {STEM}" in output, output
    assert f"ok    {STEM}" in passes(project, "lab", "run")


# The rules of the modules


def test_upward_import(project, catches):
    lint = ("lint-imports", "--no-cache")
    passes(project, *lint)
    project.edit("labsupport/world.py", "import numpy as np\n", "import numpy as np\n\nimport labsupport.gate\n")
    catches("upward import", lint, "layers contract", "downwards BROKEN", "labsupport.world -> labsupport.gate")
    project.edit("labsupport/world.py", "import numpy as np\n\nimport labsupport.gate\n", "import numpy as np\n")


def test_unused_import_in_a_lesson(project, catches):
    lint = ("ruff", "check", "--no-cache", "notebooks")
    passes(project, *lint)
    book = tiny_lesson()
    source_of(book, SCORE).source = "import os\n\n" + SCORE
    project.save(book, "02_unused")
    catches("unused import in a lesson", lint, "F401", "F401", "02_unused.ipynb")
    (project.root / "notebooks/02_unused.ipynb").unlink()


# Exercises


def test_stale_exercise(project, catches):
    check = ("lab", "release", "--check")
    passes(project, *check)
    exercise = f"exercises/{STEM}.ipynb"
    project.edit(exercise, '"nbformat_minor": 5', '"nbformat_minor": 4')
    catches("stale exercise", check, "release.stale", exercise, "differs from")
    project.edit(exercise, '"nbformat_minor": 4', '"nbformat_minor": 5')


def test_check_that_accepts_everything(project, catches):
    lists = (*PYTEST, "tests/wrong_answers")
    passes(project, *lists)
    project.edit("labsupport/grading/__init__.py", 'return _sentence(str(wrong)), ""', 'return "", "It looks fine."')
    catches("check that accepts wrong answers", lists, "kill list", "FAILED tests/wrong_answers", "01.1", "01.4")


# pytest itself

SKIPS = """import pytest

def test_left_out():
    pytest.skip("no browser here")
"""


def test_skip_is_a_failure_under_ci_only(project, catches):
    (project.root / "tests/test_skips.py").write_text(SKIPS, encoding="utf-8")
    (project.root / "tests/test_module_skips.py").write_text(
        'import pytest\npytest.importorskip("no_such")', encoding="utf-8"
    )
    one, module = (*PYTEST, "tests/test_skips.py"), (*PYTEST, "tests/test_module_skips.py")
    assert "1 skipped" in passes(project, *one)
    catches("skipped test", one, "CI=true", "CI=true, so a skipped test is a failure", "no browser here", ci=True)
    catches("skipped module", module, "CI=true", "CI=true, so a skipped test is a failure", "no_such", ci=True, status=2)


def test_hang_is_ended(project, catches):
    (project.root / "tests/test_hangs.py").write_text("import time\ndef test_hangs():\n    time.sleep(90)", encoding="utf-8")
    command = (*PYTEST, "-o", "faulthandler_timeout=1", "tests/test_hangs.py")
    catches("test that hangs", command, "faulthandler_timeout", "Timeout", "in test_hangs")


def test_warning_is_a_failure(project, catches):
    source = "import warnings\ndef test_old():\n    warnings.warn('going away', DeprecationWarning, stacklevel=1)"
    (project.root / "tests/test_warns.py").write_text(source, encoding="utf-8")
    catches("warning", (*PYTEST, "tests/test_warns.py"), "filterwarnings", "DeprecationWarning: going away")


def test_no_lessons_at_all(tmp_path, record_property):
    project = copy_project(tmp_path)
    (project.root / f"notebooks/{STEM}.ipynb").unlink()
    done = project.run(*PYTEST, "tests/test_lessons.py")
    assert done.returncode == 2, done.stdout
    assert "Empty parameter set" in done.stdout, done.stdout
    record(record_property, "no lessons", "pytest", done.returncode, "empty_parameter_set_mark")
