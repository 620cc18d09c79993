"""pyproject.toml, environment.yml and requirements.lock say the same, and none of them says where
packages come from.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from rattler import MatchSpec
from rattler.exceptions import InvalidMatchSpecError

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
NEEDED = [Requirement(line) for line in PROJECT["dependencies"]]
NEEDED_BY_TESTS = [Requirement(line) for line in PROJECT["optional-dependencies"]["test"]]
CONDA = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
CONDA_NAMES = {"matplotlib": "matplotlib-base"}  # the same package without Qt
ENTRY = re.compile(r"^(?P<requirement>\S.*?) \\\n(?P<rest>(?:    .*\n?)*)", re.MULTILINE)
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
LOCKED = [(Requirement(m["requirement"]), m["rest"]) for m in ENTRY.finditer(LOCK)]

PYTHONS = ["3.11.7", "3.12.0", "3.13.0", "3.14.0"]
SYSTEMS = [("linux", "posix", "Linux"), ("darwin", "posix", "Darwin"), ("win32", "nt", "Windows")]
NOT_OURS = {
    ".git",
    ".venv",
    "build",
    "__pycache__",
    ".ipynb_checkpoints",
    ".hypothesis",
    ".pytest_cache",
    ".ruff_cache",
}
HOSTS = [
    "py" + "pi.org",
    "files.python" + "hosted",
    "ana" + "conda.org",
    "--index" + "-url ",
    "--extra-index" + "-url",
    "/simple" + "/",
]


def environment(python: str, system: tuple[str, str, str]) -> dict[str, str]:
    return {
        "python_full_version": python,
        "python_version": ".".join(python.split(".")[:2]),
        "sys_platform": system[0],
        "os_name": system[1],
        "platform_system": system[2],
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
    }


def applies(marker: Marker | None, where: dict[str, str]) -> bool:
    return marker is None or marker.evaluate(where)


def conda_specs() -> list[str]:
    return [line for line in CONDA["dependencies"] if isinstance(line, str)]


def test_conda_has_the_names_and_ranges_of_the_project() -> None:
    wanted = {CONDA_NAMES.get(r.name, r.name): str(r.specifier) for r in NEEDED}
    found = {
        name: rest
        for name, _, rest in (spec.partition(" ") for spec in conda_specs())
        if name not in ("python", "pip")
    }
    assert {name: set(rest.split(",")) for name, rest in found.items()} == {
        n: set(s.split(",")) for n, s in wanted.items()
    }
    assert CONDA["dependencies"][-1] == {"pip": ["-e ."]}
    assert CONDA["channels"][0] == "conda-forge"


def test_conda_has_the_projects_python() -> None:
    (python,) = [
        spec.removeprefix("python ") for spec in conda_specs() if spec.startswith("python ")
    ]
    assert PROJECT["requires-python"] in python.split(",") and python.endswith("<3.15")


@pytest.mark.parametrize("spec", conda_specs())
def test_conda_specs_are_strictly_valid(spec: str) -> None:
    parsed = MatchSpec(spec, strict=True)
    assert parsed.name.normalized == spec.split(" ")[0]
    assert spec == "pip" or parsed.version is not None


def test_a_sloppy_conda_spec_is_not_valid() -> None:
    with pytest.raises(InvalidMatchSpecError):
        MatchSpec("numpy >=2.3<3,,", strict=True)


def test_every_line_of_the_lock_was_read() -> None:
    unread = ENTRY.sub("", LOCK).strip()
    assert not unread, f"These lines of requirements.lock are no entry with hashes: {unread[:200]}"
    assert len(LOCKED) > len(NEEDED)


def test_every_entry_of_the_lock_is_exact_and_has_hashes() -> None:
    for requirement, rest in LOCKED:
        assert re.fullmatch(r"==[^*,]+", str(requirement.specifier)), requirement
        assert re.search(r"--hash=sha256:[0-9a-f]{64}\b", rest), requirement


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda system: system[0])
@pytest.mark.parametrize("python", PYTHONS)
def test_the_lock_satisfies_the_project_everywhere(
    python: str, system: tuple[str, str, str]
) -> None:
    where = environment(python, system)
    for wanted in NEEDED + NEEDED_BY_TESTS:
        name = canonicalize_name(wanted.name)
        entries = [
            r for r, _ in LOCKED if canonicalize_name(r.name) == name and applies(r.marker, where)
        ]
        assert len(entries) == 1, (
            f"{name} has {len(entries)} entries for Python {python} on {system[0]}"
        )
        version = next(iter(entries[0].specifier)).version
        assert wanted.specifier.contains(version), f"{name} {version} is not {wanted.specifier}"


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda system: system[0])
@pytest.mark.parametrize("python", PYTHONS)
def test_no_package_is_locked_twice_for_one_machine(
    python: str, system: tuple[str, str, str]
) -> None:
    names = [
        canonicalize_name(r.name)
        for r, _ in LOCKED
        if applies(r.marker, environment(python, system))
    ]
    assert sorted(names) == sorted(set(names))


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


def test_ci_workflows_parse_and_ask_for_little() -> None:
    for path in (ROOT / ".github" / "workflows").glob("*.yml"):
        workflow = yaml.safe_load(path.read_text(encoding="utf-8"))
        assert workflow["permissions"] == {"contents": "read"}, path.name
        assert all("timeout-minutes" in job for job in workflow["jobs"].values()), path.name


def test_ci_covers_three_systems_and_three_pythons() -> None:
    workflow = yaml.safe_load(
        (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    )
    matrix = workflow["jobs"]["test"]["strategy"]["matrix"]
    assert [name.split("-")[0] for name in matrix["os"]] == ["ubuntu", "macos", "windows"]
    assert matrix["python"] == ["3.11", "3.12", "3.13"]
