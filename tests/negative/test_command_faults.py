"""Negative controls of the other commands: a fault is planted in a copy of the project, and the
real command must fail.
"""

from __future__ import annotations

import shutil

import pytest
from tiny_lesson import (
    PYTEST,
    ROOT,
    SCORE,
    STEM,
    Project,
    copy_project,
    passes,
    record,
    source_of,
    tiny_lesson,
)


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Project:
    return copy_project(
        tmp_path_factory.mktemp("commands"), "solutions", "exercises", "tests/wrong_answers"
    )


@pytest.fixture
def catches(project, record_property):
    """Run a command that must fail and say these words; then record it in the table."""

    def run(
        fault: str,
        command: tuple[str, ...],
        caught_by: str,
        *words: str,
        status: int = 1,
        ci: bool = False,
    ) -> str:
        done = project.run(*command, ci=ci)
        assert done.returncode == status, (
            f"{fault}: {command} ended with {done.returncode}.\n{done.stdout}"
        )
        missing = [each for each in words if each not in done.stdout]
        assert not missing, f"{fault}: the output does not say {missing}.\n{done.stdout}"
        record(record_property, fault, command, done.returncode, caught_by)
        return done.stdout

    return run


# The rules of the modules


def test_upward_import(project, catches):
    lint = ("lint-imports", "--no-cache")
    passes(project, *lint)
    project.edit(
        "labsupport/world.py",
        "import numpy as np\n",
        "import numpy as np\n\nimport labsupport.gate\n",
    )
    catches(
        "upward import",
        lint,
        "layers contract",
        "downwards BROKEN",
        "labsupport.world -> labsupport.gate",
    )
    project.edit(
        "labsupport/world.py",
        "import numpy as np\n\nimport labsupport.gate\n",
        "import numpy as np\n",
    )


def test_unused_import_in_a_lesson(project, catches):
    lint = ("ruff", "check", "--no-cache", "notebooks")
    passes(project, *lint)
    book = tiny_lesson()
    source_of(book, SCORE).source = "import os\n\n" + SCORE
    project.save(book, "02_unused")
    catches("unused import in a lesson", lint, "F401", "F401", "02_unused.ipynb")
    (project.root / "notebooks/02_unused.ipynb").unlink()


@pytest.mark.slow
def test_range_that_differs_from_the_project(project, catches):
    shutil.copytree(ROOT / ".binder", project.root / ".binder")
    shutil.copy(ROOT / "Makefile", project.root)
    shutil.copytree(ROOT / "locks", project.root / "locks")
    shutil.copy(ROOT / "environment.yml", project.root)
    ranges = (*PYTEST, "tests/test_environment.py", "-k", "conda")
    passes(project, *ranges)
    project.edit("environment.yml", "- papermill >=2.7,<3", "- papermill >=2.6,<3")
    catches(
        "range in environment.yml",
        ranges,
        "test_environment",
        "test_conda_has_the_names_and_ranges",
        ">=2.6",
    )


# Exercises


@pytest.mark.slow
def test_stale_exercise(project, catches):
    check = ("lab", "release", "--check")
    passes(project, "lab", "release")
    passes(project, *check)
    exercise = f"exercises/{STEM}.ipynb"
    project.edit(exercise, '"nbformat_minor": 5', '"nbformat_minor": 4')
    catches("stale exercise", check, "release.stale", exercise, "differs from")
    project.edit(exercise, '"nbformat_minor": 4', '"nbformat_minor": 5')


@pytest.mark.slow
def test_check_that_accepts_everything(project, catches):
    lists = (*PYTEST, "tests/wrong_answers", "-k", "01.1 and (gap_only or signed_gap)")
    passes(project, *lists)
    project.edit(
        "labsupport/grading/__init__.py",
        "return _not_yet(name, str(wrong), wrong.mistake)",
        'return Result(True, "", name)',
    )
    catches(
        "check that accepts wrong answers",
        lists,
        "kill list",
        "FAILED tests/wrong_answers",
        "01.1-signed_gap",
        "2 failed",
    )
    project.edit(
        "labsupport/grading/__init__.py",
        'as wrong:\n        return Result(True, "", name)',
        "as wrong:\n        return _not_yet(name, str(wrong), wrong.mistake)",
    )


INTERVAL = "labsupport/grading/questions/q04_4.py"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fault", "tests", "old", "new", "words"),
    [
        (
            "check that looks at one end of an interval",
            ("tests/test_questions.py", "-k", "own_hint and 04.4"),
            "    same=same,",
            "    same=lambda a, b: same(a[0], b[0]),",
            "'one end only' on seed",
        ),
        (
            "hint that lies where no mistake is known",
            ("tests/wrong_answers", "-k", "04.4 and known_mistake"),
            "'narrow' if narrow else 'wide'",
            "'wide' if narrow else 'narrow'",
            "04.4 otherwise-The interval is too narrow",
        ),
    ],
    ids=["one end", "lying hint"],
)
def test_question_that_is_wrong(fault, tests, old, new, words, project, catches):
    passes(project, *PYTEST, *tests)
    project.edit(INTERVAL, old, new)
    catches(fault, (*PYTEST, *tests), "kill list", words)
    project.edit(INTERVAL, new, old)


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
    catches(
        "skipped test",
        one,
        "CI=true",
        "CI=true, so a skipped test is a failure",
        "no browser here",
        ci=True,
    )
    catches(
        "skipped module",
        module,
        "CI=true",
        "CI=true, so a skipped test is a failure",
        "no_such",
        ci=True,
        status=2,
    )


POSIX = """import pytest

@pytest.mark.posix_only("there are no signals")
def test_signals():
    pass
"""


@pytest.mark.slow
def test_only_windows_may_leave_out_what_only_posix_has(project, catches):
    test = project.root / "tests/test_posix.py"
    test.write_text(POSIX, encoding="utf-8")
    assert "1 passed" in passes(project, *PYTEST, str(test), ci=True)
    project.edit("tests/conftest.py", 'WINDOWS = sys.platform == "win32"', "WINDOWS = True")
    assert "1 skipped" in passes(project, *PYTEST, str(test), ci=True)
    test.write_text(SKIPS, encoding="utf-8")
    catches("skipped test on Windows", (*PYTEST, str(test)), "CI=true", "no browser", ci=True)
    project.edit("tests/conftest.py", "WINDOWS = True", 'WINDOWS = sys.platform == "win32"')


HANGS = """import time

def test_hangs():
    time.sleep(90)

def test_goes_on():
    pass
"""


def test_hang_is_ended_and_the_others_go_on(project, catches):
    (project.root / "tests/test_hangs.py").write_text(HANGS, encoding="utf-8")
    command = (*PYTEST, "-o", "timeout=1", "tests/test_hangs.py")
    catches("test that hangs", command, "timeout", "Timeout (>1.0s)", "1 failed, 1 passed")


def test_warning_is_a_failure(project, catches):
    source = (
        "import warnings\ndef test_old():\n    warnings.warn('going away', DeprecationWarning, "
        "stacklevel=1)"
    )
    (project.root / "tests/test_warns.py").write_text(source, encoding="utf-8")
    catches(
        "warning",
        (*PYTEST, "tests/test_warns.py"),
        "filterwarnings",
        "DeprecationWarning: going away",
    )


def test_no_lessons_at_all(tmp_path, record_property):
    project = copy_project(tmp_path)
    (project.root / f"notebooks/{STEM}.ipynb").unlink()
    done = project.run(*PYTEST, "tests/test_lessons.py")
    assert done.returncode == 2, done.stdout
    assert "Empty parameter set" in done.stdout, done.stdout
    record(record_property, "no lessons", PYTEST, done.returncode, "empty_parameter_set_mark")
