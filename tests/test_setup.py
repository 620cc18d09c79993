"""`make setup` mends what broke, and downloads nothing here: Python is a stand-in that tells what
it was asked for, and has the packages of the Python that runs the tests.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from labsupport.workspace import doctor

pytestmark = pytest.mark.posix_only("make is not part of the set-up on Windows")

ROOT = Path(__file__).parents[1]
LOCKS = [f"locks/{word}.lock" for word in ("lab", "test", "uv", "llm")]
FILES = ("Makefile", "pyproject.toml", "labsupport/__init__.py", *LOCKS)

# `-m venv` makes a .venv whose python is this file again. Its pip writes down what it should
# install; the uv that it brings does the same. BREAKS names what does not get through.
STAND_IN = """#!/bin/sh
case "$*" in
"-m venv"*)
    echo "$*" >>"$TOLD"
    rm -rf .venv && mkdir -p .venv/bin && cp "$0" .venv/bin/python ;;
"-m pip"*)
    echo "$*" >>"$TOLD"
    case "$BREAKS" in ?*) case "$*" in *"$BREAKS"*) exit 1 ;; esac ;; esac
    case "$*" in *"--target .venv/uv"*)
        mkdir -p .venv/uv/bin
        printf '#!/bin/sh\\necho "uv $*" >>"$TOLD"; [ "$BREAKS" != uv-itself ]\\n' >.venv/uv/bin/uv
        chmod +x .venv/uv/bin/uv ;;
    esac ;;
*)
    [ "$1" = -I ] && shift && set -- -P "$@"
    PYTHONPATH="{installed}" exec "{python}" "$@" ;;
esac
"""


@dataclass(frozen=True)
class Project:
    """A copy of what the set-up reads, and a Python that downloads nothing."""

    root: Path
    told: Path
    python: Path

    def make(self, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run make with the stand-in."""
        known = {"PATH": os.environ["PATH"], "TOLD": str(self.told), "BREAKS": ""}
        return subprocess.run(
            ["make", f"PYTHON={self.python}", *words],
            cwd=self.root,
            env={**known, **environment},
            capture_output=True,
            text=True,
            timeout=60,
        )

    def asked(self, *words: str, **environment: str) -> list[str]:
        """What Python and uv were asked for by a `make` that succeeds."""
        self.told.write_text("", encoding="utf-8")
        done = self.make(*words, **environment)
        assert done.returncode == 0, done.stdout + done.stderr
        return self.told.read_text(encoding="utf-8").splitlines()

    def stamps(self) -> set[str]:
        """The stamps that say what is done."""
        return {path.name for path in self.root.glob(".venv/.*")}

    def edit(self, name: str, old: str, new: str) -> None:
        """Replace what stands once in a file, and leave it as old as it was, as the stamps are."""
        path = self.root / name
        text, stat = path.read_text(encoding="utf-8"), path.stat()
        assert text.count(old) == 1
        path.write_text(text.replace(old, new), encoding="utf-8")
        os.utime(path, (stat.st_atime, stat.st_mtime))


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project that was never set up, in a folder whose name is not easy."""
    root = tmp_path / "a lab"
    shutil.copytree(ROOT / "labsupport/workspace", root / "labsupport/workspace")
    (root / "locks").mkdir()
    for name in FILES:
        shutil.copyfile(ROOT / name, root / name)
    python = tmp_path / "python"
    python.write_text(STAND_IN.format(python=sys.executable, installed=root), encoding="utf-8")
    python.chmod(0o755)
    return Project(root, tmp_path / "told.txt", python)


@pytest.fixture
def ready(project: Project) -> Project:
    """A project that is set up."""
    project.asked("setup")
    return project


VENV = "-m venv --clear .venv"
GET_UV = "-m pip install --quiet --require-hashes --target .venv/uv -r locks/uv.lock"
ITSELF = "-m pip install --quiet --no-deps --no-build-isolation -e ."


def with_uv(lock: str) -> str:
    python = "--python .venv/bin/python"
    return f"uv pip install {python} --compile-bytecode --require-hashes -r {lock}"


def with_pip(lock: str) -> str:
    return f"-m pip install --require-hashes -r {lock}"


def test_uv_installs_the_labs_lock_and_goes(project: Project) -> None:
    assert project.asked("setup") == [VENV, GET_UV, with_uv("locks/lab.lock"), ITSELF]
    assert project.stamps() == {".locked", ".ready"}
    assert not (project.root / ".venv/uv").exists()


def test_pip_installs_the_same_when_asked(project: Project) -> None:
    assert project.asked("setup", "PIP=pip") == [VENV, with_pip("locks/lab.lock"), ITSELF]


@pytest.mark.parametrize("broken", ["locks/uv.lock", "uv-itself"])
def test_pip_takes_over_where_uv_does_not_get_through(project: Project, broken: str) -> None:
    asked = project.asked("setup", BREAKS=broken)
    assert asked[-2:] == [with_pip("locks/lab.lock"), ITSELF]
    project.make("clean")
    assert "uv did not get through, so pip installs" in project.make("setup", BREAKS=broken).stderr


def test_what_is_ready_is_left_alone(ready: Project) -> None:
    assert ready.asked("setup") == []


def test_tests_add_what_they_need_once(ready: Project) -> None:
    assert ready.asked(".venv/.test") == [GET_UV, with_uv("locks/test.lock")]
    assert ready.asked(".venv/.test") == []
    assert ready.stamps() == {".locked", ".ready", ".test"}


def test_the_language_model_is_added_once_without_what_its_packages_ask_for(ready: Project) -> None:
    added = with_uv("locks/llm.lock --no-deps --only-binary :all:")
    assert ready.asked("llm") == [GET_UV, added]
    assert ready.asked("llm") == []
    assert ready.stamps() == {".locked", ".ready", ".llm"}


def test_a_set_up_that_was_interrupted_starts_again(project: Project) -> None:
    done = project.make("setup", BREAKS="locks/lab.lock", PIP="pip")
    assert done.returncode == 2 and project.stamps() == set()
    assert project.asked("setup")[0] == VENV


def test_a_new_lock_makes_a_new_environment(ready: Project) -> None:
    ready.asked(".venv/.test")
    later = (ready.root / ".venv/.test").stat().st_mtime + 1
    os.utime(ready.root / "locks/lab.lock", (later, later))
    again = [VENV, GET_UV, with_uv("locks/lab.lock"), GET_UV, with_uv("locks/test.lock")]
    assert sorted(ready.asked(".venv/.test")) == sorted([*again, ITSELF])


def python_is_gone(project: Project) -> None:
    python = project.root / ".venv/bin/python"
    python.unlink()
    python.symlink_to("/no/such/python3.11")


def python_has_no_ssl(project: Project) -> None:
    shadow = project.root.parent / "shadow"
    shadow.mkdir()
    (shadow / "ssl.py").write_text("raise ImportError('no _ssl')", encoding="utf-8")
    project.edit(".venv/bin/python", 'PYTHONPATH="', f'PYTHONPATH="{shadow}:')


def package_is_missing(project: Project) -> None:
    project.edit("pyproject.toml", '"tqdm >=', '"no-such-package >=')


def package_is_out_of_range(project: Project) -> None:
    project.edit("pyproject.toml", '"numpy >=', '"numpy >=99,>=')


def made_for_another_folder(project: Project) -> None:
    elsewhere = project.root.parent / "elsewhere"
    shutil.copytree(project.root / "labsupport", elsewhere / "labsupport")
    shutil.copy(project.root / "pyproject.toml", elsewhere)
    project.edit(".venv/bin/python", f'"{project.root}"', f'"{elsewhere}"')


BREAK = [
    python_is_gone,
    python_has_no_ssl,
    package_is_missing,
    package_is_out_of_range,
    made_for_another_folder,
]


@pytest.mark.parametrize("breaks", BREAK, ids=lambda breaks: breaks.__name__)
def test_what_no_longer_works_is_made_anew(
    ready: Project, breaks: Callable[[Project], None]
) -> None:
    breaks(ready)
    assert "no longer works here" in ready.make("--dry-run", "setup").stdout
    assert ready.asked("setup") == [VENV, GET_UV, with_uv("locks/lab.lock"), ITSELF]


def test_what_tests_need_and_is_gone_is_got_again(ready: Project) -> None:
    ready.edit("pyproject.toml", '"pytest-xdist >=', '"no-such-package >=')
    assert ready.asked("setup") == []
    ready.asked(".venv/.test")
    assert with_uv("locks/test.lock") in ready.asked(".venv/.test")


def test_the_remedy_of_doctor_makes_it_anew(ready: Project) -> None:
    """Also where make itself sees nothing wrong, such as a kernel that does not start."""
    remedy = doctor.REINSTALL.split("`")[1]
    assert ready.asked(*remedy.split()[1:])[0] == VENV


@pytest.mark.parametrize("lacks", ["ssl", "ensurepip", "venv"])
def test_a_python_that_cannot_make_an_environment_is_one_sentence(
    project: Project, tmp_path: Path, lacks: str
) -> None:
    (tmp_path / f"{lacks}.py").write_text("raise ImportError", encoding="utf-8")
    project.python.write_text(
        f'#!/bin/sh\nPYTHONPATH="{tmp_path}" exec "{sys.executable}" "$@"\n', encoding="utf-8"
    )
    done = project.make("setup")
    assert done.returncode == 2 and project.stamps() == set()
    said = done.stderr.splitlines()
    assert said[0].startswith("No Python 3.11 to 3.14 with venv and ssl found. Install one")
    assert "make lab PYTHON=" in said[0] and len(said) == 2  # the other is make's own


def test_help_and_clean_ask_nothing_of_a_broken_environment(ready: Project) -> None:
    python_is_gone(ready)
    for target in ("help", "clean"):
        assert "no longer works" not in ready.make(target).stdout
    assert not (ready.root / ".venv").exists()
