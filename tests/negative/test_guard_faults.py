"""Negative controls of the guard: CI is switched off quietly in a copy, and the guard must say so.

Where a fault is one of what ran, pytest itself runs in the copy and writes the report.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable

import pytest
from tiny_lesson import ROOT, Project, record

REPORT = "build/tests.xml"
GUARD = (sys.executable, "tests/guard.py", REPORT)
# Without plugins and settings: a second less, and here the report matters, not how it came about.
RUN = (sys.executable, "-m", "pytest", "-c", "none.ini", "--rootdir=.", f"--junitxml={REPORT}")
RUN += (
    "-o",
    "junit_family=xunit1",
    "-p",
    "no:cacheprovider",
    "-q",
    "tests",
    "--ignore=tests/benchmarks",
)
SETTINGS = (
    ".ci/run",
    "Makefile",
    "pyproject.toml",
    "tests/sanitize.cfg",
    ".github/workflows/ci.yml",
)
TESTS = (
    "import pytest\n\n@pytest.mark.parametrize('n', [1, 2, 3])\ndef test_adds(n):\n    assert n\n"
)
KILLS = """
WRONG = [1, 2, 3, 4]

def test_kills(record_property):
    record_property("tried", f"01.1 {len(WRONG)}")
    assert WRONG
"""
FILES = {  # a small lab that is well guarded
    "labsupport/__init__.py": "",
    "labsupport/gate.py": "",
    "tests/conftest.py": "",
    "tests/test_gate.py": TESTS,
    "tests/negative/test_faults.py": TESTS,
    "tests/browser/test_panels.py": TESTS,
    "tests/benchmarks/test_speed.py": TESTS,
    "tests/wrong_answers/test_kill_list.py": KILLS,
}
GATE = "tests/test_gate.py"


class Lab(Project):
    """A copy of what starts CI, around the small lab."""

    slow = "0"

    def ask(self, *words: str, **environment: str) -> subprocess.CompletedProcess:
        """Run a command in the copy, with nothing set that concerns tests but `environment`."""
        ours = ("CI", "PYTHONPATH", "PYTEST_ADDOPTS")
        env = {name: value for name, value in os.environ.items() if name not in ours}
        return subprocess.run(
            words,
            cwd=self.root,
            env=env | {"SLOW": self.slow} | environment,
            capture_output=True,
            text=True,
        )

    def test(self) -> int:
        """Have pytest write its report; its exit status."""
        return self.ask(*RUN, PYTEST_DISABLE_PLUGIN_AUTOLOAD="1").returncode

    def guard(self, *options: str, ci: bool = True) -> subprocess.CompletedProcess:
        """The real guard, on the report that lies there."""
        return self.ask(*GUARD, *options, **({"CI": "true"} if ci else {}))

    def put(self, file: str, text: str) -> None:
        """Write a file of the copy."""
        (self.root / file).parent.mkdir(parents=True, exist_ok=True)
        (self.root / file).write_text(text, encoding="utf-8")

    def commit(self) -> None:
        """Commit all of it, as the one earlier state that the guard can compare with."""
        who = ("-c", "user.name=lab", "-c", "user.email=lab@example.org")
        for words in (("init", "-q"), ("add", "-A"), (*who, "commit", "-qm", "as it is")):
            subprocess.run(["git", *words], cwd=self.root, check=True)


@pytest.fixture(scope="module")
def well(tmp_path_factory) -> Lab:
    """The small lab, run, with its numbers kept and committed."""
    lab = Lab(tmp_path_factory.mktemp("guard") / "a lab")
    for file in SETTINGS:
        lab.put(file, (ROOT / file).read_text(encoding="utf-8"))
    for file, text in FILES.items():
        lab.put(file, text)
    for file in ("tests/guard.py", "tests/ci_settings.py", "tests/slow.py"):
        shutil.copy(ROOT / file, lab.root / file)
    for folder in ("notebooks", "solutions"):
        (lab.root / folder).mkdir()
    lab.put("none.ini", "[pytest]\n")
    assert lab.test() == 0
    assert lab.guard("--keep").returncode == 0
    lab.commit()
    return lab


@pytest.fixture
def lab(well, tmp_path) -> Lab:
    """A copy of its own for each fault."""
    shutil.copytree(well.root, tmp_path / "lab")
    return Lab(tmp_path / "lab")


@pytest.fixture
def caught(lab, record_property) -> Callable[..., None]:
    """The guard ends with status 1 and says these words; recorded in the table."""

    def check(fault: str, *words: str, ci: bool = True) -> None:
        done = lab.guard(ci=ci)
        assert done.returncode == 1, f"{fault}: {done.stdout}{done.stderr}"
        missing = [each for each in words if each not in done.stdout]
        assert not missing, f"{fault}: the guard does not say {missing}.\n{done.stdout}"
        record(record_property, fault, ("guard",), done.returncode, "guard.py")

    return check


def test_all_is_well_without_a_fault(lab):
    done = lab.guard()
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert "10 items passed" in done.stdout


# What starts CI

SWITCHED_OFF = [  # fault, file, old, new, words
    (
        "pytest told to leave a test out",
        "pyproject.toml",
        "-ra",
        "-ra -k 'not adds'",
        "addopts has -k",
    ),
    (
        "pytest told to deselect",
        "pyproject.toml",
        "-ra",
        "-ra --deselect=x",
        "addopts has --deselect",
    ),
    ("xfail not strict", "pyproject.toml", "xfail_strict = true", "", "xfail_strict is None"),
    ("no limit for a test", "pyproject.toml", "\ntimeout = 300", "\ntimeout = 0", "could hang"),
    (
        "a folder of tests left out",
        "pyproject.toml",
        '["benchmarks"',
        '["negative"',
        "norecursedirs",
    ),
    (
        "make ignores pytest's status",
        "Makefile",
        "\t$(PY) -m pytest -n",
        "\t-$(PY) -m pytest -n",
        "-$(",
    ),
    ("make test with -k", "Makefile", "loadfile $(ARGS)", "loadfile -k gate $(ARGS)", "recipe of"),
    ("make test with ARGS", "Makefile", "ARGS ?=", "ARGS ?= -k gate", "ARGS a value"),
    ("make ignores all", "Makefile", "PY = ", "MAKEFLAGS += -i\nPY = ", "MAKEFLAGS"),
    ("run without CI=true", ".ci/run", "export CI=true", "export CI=", "does not `export CI=true`"),
    ("run takes CI=true back", ".ci/run", "make llm", "export CI=false", "takes CI=true back"),
    ("run goes on after a failure", ".ci/run", "set -euo", "set -uo", "goes on after a failure"),
    ("run without the tests", ".ci/run", "\nmake test", "\n: make test", "does not end with"),
    (
        "run swallows a failure",
        ".ci/run",
        "make llm",
        "make llm || true",
        "hides a failure",
    ),
    (
        "workflow swallows a failure",
        ".github/workflows/ci.yml",
        "run: lab run",
        "run: lab run || true",
        "'||'",
    ),
    (
        "workflow goes on after a failure",
        ".github/workflows/ci.yml",
        "      - run: lab doctor",
        "      - continue-on-error: true\n        run: lab doctor",
        "may fail",
    ),
    (
        "step that never runs",
        ".github/workflows/ci.yml",
        "      - run: lab doctor",
        "      - if: false\n        run: lab doctor",
        "runs only if False",
    ),
    (
        "workflow without .ci/run",
        ".github/workflows/ci.yml",
        "        if: runner.os != 'Windows'\n        run: .ci/run",
        "        if: runner.os != 'Windows'\n        run: make test",
        "job test does not end with",
    ),
    (
        "workflow for some changes only",
        ".github/workflows/ci.yml",
        "  pull_request:\n",
        "  pull_request:\n    paths: [docs/**]\n",
        "without filters",
    ),
    (
        "workflow that tries what is slow never",
        ".github/workflows/ci.yml",
        "'schedule' && 1 ||",
        "'schedule' && 0 ||",
        "job test must set SLOW",
    ),
    (
        "workflow without a weekly run",
        ".github/workflows/ci.yml",
        '    - cron: "17 4 * * 1"',
        "",
        "it must start once a week",
    ),
    (
        "workflow with a setting for pytest",
        ".github/workflows/ci.yml",
        "    timeout-minutes: 20\n",
        "    timeout-minutes: 20\n    env: {PYTEST_ADDOPTS: -k gate}\n",
        "sets PYTEST_ADDOPTS",
    ),
]


@pytest.mark.parametrize(
    ("fault", "file", "old", "new", "words"), SWITCHED_OFF, ids=[each[0] for each in SWITCHED_OFF]
)
def test_a_switch_is_seen(fault, file, old, new, words, lab, caught):
    lab.edit(file, old, new)
    caught(fault, words)


def test_a_second_settings_file_is_seen(lab, caught):
    lab.put("pytest.ini", "[pytest]\naddopts = -k gate\n")
    caught("settings beside pyproject.toml", "pytest.ini overrides")


def test_the_guard_itself_asks_for_ci(caught):
    caught("guard without CI=true", "CI is not 'true'", ci=False)


def test_a_report_that_was_not_written_is_seen(lab, caught):
    (lab.root / REPORT).unlink()
    caught("no report", "There is no report")


# What ran

XFAIL = "@pytest.mark.xfail(strict=False)\ndef test_adds"
DROPS = """
def pytest_ignore_collect(collection_path):
    return True if collection_path.stem == "test_gate" else None
"""
DESELECTS = "def pytest_collection_modifyitems(items):\n    items[:] = items[1:]\n"
LEFT_OUT = [  # fault, file, its new text (None: deleted), words
    ("test file emptied", GATE, "", f"{GATE} has no test", f"{GATE}: 0 of 3"),
    (
        "test file deleted",
        GATE,
        None,
        "labsupport.gate has no tests/test_gate.py",
        f"{GATE}: 0 of 3",
    ),
    (
        "fewer parameters",
        GATE,
        TESTS.replace("[1, 2, 3]", "[1, 2]"),
        f"{GATE}: 2 of 3 items passed",
    ),
    ("skipped test", GATE, TESTS.replace("assert n", "pytest.skip()"), "did not pass (skipped)"),
    ("failing test", GATE, TESTS.replace("assert n", "assert not n"), "did not pass (failure)"),
    ("xfail", GATE, TESTS.replace("def test_adds", XFAIL), "is marked xfail"),
    ("test without a body", GATE, TESTS.replace("assert n", "pass"), "it cannot fail"),
    (
        "conftest that drops a file",
        "tests/conftest.py",
        DROPS,
        f"{GATE}: of 1 tests no item passed",
    ),
    ("conftest that drops an item", "tests/conftest.py", DESELECTS, ": 2 of 3 items"),
    (
        "shorter kill list",
        "tests/wrong_answers/test_kill_list.py",
        KILLS.replace("2, 3, 4", "2"),
        "wrong answers to 01.1: 2 of 4",
    ),
    ("negative controls deleted", "tests/negative", None, "tests/negative/ has no tests any more"),
    ("browser tests deleted", "tests/browser", None, "tests/browser/ has no tests any more"),
    ("benchmarks deleted", "tests/benchmarks", None, "tests/benchmarks/test_speed.py: 0 of 1"),
    ("module without tests", "labsupport/costs.py", "", "costs has no tests/test_costs.py"),
]


@pytest.mark.parametrize(
    ("fault", "file", "text", "words"),
    [(fault, file, text, words) for fault, file, text, *words in LEFT_OUT],
    ids=[each[0] for each in LEFT_OUT],
)
def test_what_did_not_run_is_seen(fault, file, text, words, lab, caught):
    path = lab.root / file
    if text is not None:
        lab.put(file, text)
    elif path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
    lab.test()
    caught(fault, *words)


def test_a_notebook_that_was_not_compared_is_seen(lab, caught):
    lab.put("notebooks/01_new.ipynb", '{"cells": [{"cell_type": "code"}]}')
    caught("notebook not compared", "notebooks/01_new.ipynb has 1 code cells; 0 were run")


def test_a_file_that_a_lesson_left_behind_is_seen(lab, caught):
    lab.put("notebooks/model.npz", "")
    caught("file beside the lessons", "notebooks/model.npz was left behind")


# The kept numbers


def test_a_number_shrinks_with_a_reason_only(lab, caught):
    lab.put(GATE, TESTS.replace("[1, 2, 3]", "[1, 2]"))
    lab.test()
    lab.guard("--keep")
    caught("number lowered", f"tests/items.txt had 3 {GATE} and has 2; say behind it why")
    lab.edit("tests/items.txt", f"2 {GATE}", f"2 {GATE}  # 3 is no case of its own")
    assert lab.guard().returncode == 0, lab.guard().stdout


def test_a_number_that_grew_is_named_and_no_fault(lab):
    lab.put("tests/test_new.py", TESTS)
    lab.test()
    done = lab.guard()
    assert done.returncode == 0 and "they have grown in tests/test_new.py." in done.stdout


def test_a_reason_holds_once(lab, caught):
    lab.edit("tests/items.txt", f"3 {GATE}", f"3 {GATE}  # a reason of long ago")
    lab.commit()
    lab.put(GATE, TESTS.replace("[1, 2, 3]", "[1, 2]"))
    lab.test()
    lab.guard("--keep")
    caught("number lowered for an old reason", "say behind it why")


def test_a_line_cannot_go(lab, caught):
    (lab.root / GATE).unlink()
    (lab.root / "labsupport/gate.py").unlink()
    lab.test()
    lab.edit("tests/items.txt", f"    3 {GATE}\n", "")
    caught("number removed", f"had 3 {GATE} and has 0")


# What takes long

SPLITS = """
import slow

def pytest_configure(config):
    config.addinivalue_line("markers", "slow")

def pytest_collection_modifyitems(items):
    items[:], _ = slow.split(items)
"""
SOME_SLOW = """
import pytest
from slow import some_slow

@pytest.mark.parametrize("n", some_slow([1, 2, 3], lambda n: n == 1))
def test_adds(n):
    assert n

@pytest.mark.slow
def test_adds_much():
    assert True
"""


def test_what_is_slow_is_counted_apart_and_missed_where_all_is_tried(lab, caught):
    lab.put("tests/conftest.py", SPLITS)
    lab.put(GATE, SOME_SLOW)
    lab.test()
    caught("most of a file called slow", f"{GATE}: 1 of 3 items passed")
    lab.guard("--keep")
    lab.edit("tests/items.txt", f" 1 {GATE}", f" 1 {GATE}  # the others are slow")
    lab.slow = "1"
    lab.test()
    lab.guard("--keep")
    kept = (lab.root / "tests/items.txt").read_text()
    assert f"    1 {GATE}  # the others are slow\n    3 {GATE} slow\n" in kept
    assert lab.guard().returncode == 0, lab.guard().stdout
    lab.put(GATE, SOME_SLOW.replace("[1, 2, 3]", "[1, 2]"))
    lab.test()
    caught("less of what is slow", f"{GATE} slow: 2 of 3 items passed")
    lab.slow = "0"
    lab.test()
    assert lab.guard().returncode == 0, lab.guard().stdout


# .ci/run itself

STAND_IN = '#!/bin/sh\necho "$CI $(basename "$0") $*" >>told\n[ "$FAILS" != "$(basename "$0")" ]\n'


@pytest.mark.posix_only(".ci/run is a shell script")
@pytest.mark.parametrize("all_of_it", ["0", "1"])
@pytest.mark.parametrize("fails", ["", "make", "python"])
def test_run_stops_where_it_fails_and_ends_with_the_guard(lab, fails, all_of_it):
    for file in (".venv/bin/python", "bin/make", "bin/chromium"):
        lab.put(file, STAND_IN)
        (lab.root / file).chmod(0o755)
    (lab.root / ".ci/run").chmod(0o755)
    env = {name: value for name, value in os.environ.items() if name != "CI"}
    path = f"{lab.root / 'bin'}{os.pathsep}{env['PATH']}"
    run = [str(lab.root / ".ci/run")]
    done = subprocess.run(
        run, cwd=lab.root, env=env | {"FAILS": fails, "PATH": path, "SLOW": all_of_it}
    )
    assert done.returncode == (1 if fails else 0)
    asked = (lab.root / "told").read_text().splitlines()
    more = ("pythons", "torch", "mlflow", "live", ".venv/.site") if all_of_it == "1" else ()
    wanted = [
        *(f"true make {target}" for target in ("llm", "slides", *more)),
        f"true make test ARGS=--junitxml={REPORT} -o junit_family=xunit1",
        f"true python tests/guard.py {REPORT}",
    ]
    assert asked == wanted[: 1 if fails == "make" else None]
