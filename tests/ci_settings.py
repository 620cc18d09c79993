"""What could switch CI off quietly, read from what starts it: .ci/run, Makefile, workflows and
pytest's settings. Each function yields sentences, one per fault; guard.py calls them.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

import yaml

REPORT = "--junitxml=build/tests.xml -o junit_family=xunit1"
TEST = f'make test ARGS="{REPORT}"'
GUARD = ".venv/bin/python tests/guard.py build/tests.xml"
WINDOWS_TEST = rf".venv\Scripts\python -m pytest -n 2 --dist loadfile {REPORT}"
WINDOWS_GUARD = r".venv\Scripts\python tests\guard.py build/tests.xml"
# All that takes long is tried on one machine at each change, and on all of them once a week.
SLOW = {"test": "${{ github.event_name == 'schedule' && 1 || 0 }}", "readme": 1}
RECIPE = "$(PY) -m pytest -n 2 --dist loadfile $(ARGS)"
# What a step or a job may depend on: the machine, never a constant, an event or another step.
CONDITION = re.compile(r"runner\.os [!=]= '\w+'|startsWith\(matrix\.\w+, '[\w.]+'\)")
# What steps of train.yml may depend on: it is no test of the lab, but the pipeline that it teaches.
# test_ops_workflow.py reads it for holes, and runs it.
PIPELINE = {
    "vars.REGISTRY == ''",
    "github.ref == 'refs/heads/main'",
    "github.event_name == 'pull_request' && "
    "github.event.pull_request.head.repo.full_name == github.repository",
}
SWALLOWS = re.compile(r"\|\||\bset \+|\bexit 0\b|;\s*(?:true|:)\s*$|^\s*-\w", re.MULTILINE)
OPTIONS = {  # of pytest, in pyproject.toml; none of them leaves a test out
    "--nbval",
    "--nbval-current-env",
    "--nbval-cell-timeout",
    "--nbval-sanitize-with",
    "--strict-markers",
    "--strict-config",
    "-ra",
}
KEYS = {  # what decides on which tests there are, and on what counts as a failure
    "testpaths": ["tests", "notebooks", "solutions"],
    "norecursedirs": ["benchmarks", "build", ".*", "__pycache__"],
    "xfail_strict": True,
    "empty_parameter_set_mark": "fail_at_collect",
}
OTHER_SETTINGS = (
    "pytest.ini",
    ".pytest.ini",
    "pytest.toml",
    ".pytest.toml",
    "tox.ini",
    "setup.cfg",
)


def settings_faults(root: Path, environ: Mapping[str, str]) -> Iterator[str]:
    """Every fault of the settings under `root`, and of the environment that the guard runs in."""
    if environ.get("CI") != "true":
        yield "CI is not 'true' here, so a skipped test would not be a failure; export CI=true."
    yield from (f"{name} is set; unset it." for name in environ if name == "PYTEST_ADDOPTS")
    yield from run_faults((root / ".ci/run").read_text(encoding="utf-8"))
    yield from makefile_faults((root / "Makefile").read_text(encoding="utf-8"))
    yield from pytest_faults(tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8")))
    yield from (
        f"{name} overrides pytest's settings in pyproject.toml; delete it."
        for name in OTHER_SETTINGS
        if (root / name).exists()
    )
    workflows = sorted((root / ".github/workflows").glob("*.yml"))
    for path in workflows:
        workflow = yaml.safe_load(path.read_text(encoding="utf-8"))
        yield from (
            f"{path.name}: {fault}"
            for fault in workflow_faults(workflow, PIPELINE if path.name == "train.yml" else ())
        )
    if root / ".github/workflows/ci.yml" in workflows:
        ci = yaml.safe_load((root / ".github/workflows/ci.yml").read_text(encoding="utf-8"))
        yield from (f"ci.yml: {fault}" for fault in ci_faults(ci))
    else:
        yield "There is no .github/workflows/ci.yml; bring it back."


def run_faults(script: str) -> Iterator[str]:
    """.ci/run stops at the first failure, says CI=true, and ends with the tests and the guard."""
    lines = [line.split("  #")[0].strip() for line in script.splitlines()]
    lines = [line for line in lines if line and not line.startswith("#")]
    if lines[:1] != ["set -euo pipefail"]:
        yield ".ci/run does not begin with `set -euo pipefail`, so it goes on after a failure."
    if "export CI=true" not in lines[:-2]:
        yield ".ci/run does not `export CI=true` before the tests."
    if lines[-2:] != [TEST, GUARD]:
        yield f".ci/run does not end with `{TEST}` and `{GUARD}`."
    for line in lines:
        if re.search(r"\bset \+|\|\| *(?:true|:)|\bexit\b|\btrap\b|\bunset\b|PYTEST_", line):
            yield f".ci/run has {line!r}, which hides a failure; remove it."
        if re.search(r"\bCI=(?!true$)", line):
            yield f".ci/run has {line!r}, which takes CI=true back; remove it."


def makefile_faults(makefile: str) -> Iterator[str]:
    """`make test` is pytest, with nothing left out and its exit status believed."""
    recipe = re.search(r"^test:.*\n((?:\t.*\n)*)", makefile, re.MULTILINE)
    lines = recipe[1].replace("\t", "").splitlines() if recipe else []
    if lines != [RECIPE]:
        yield f"The recipe of `make test` is {lines}, expected `{RECIPE}` alone."
    for word in ("PYTEST_ADDOPTS", "MAKEFLAGS", ".IGNORE", ".SHELLFLAGS", ".ONESHELL"):
        if re.search(rf"(?<!\w){re.escape(word)}\b", makefile):
            yield f"The Makefile has {word}, which can hide a failure; remove it."
    if re.search(r"^(?:export +)?(?:override +)?SHELL\b", makefile, re.MULTILINE):
        yield "The Makefile sets SHELL, which can hide a failure; remove it."
    if set(re.findall(r"^ARGS *\S?= *(.*)$", makefile, re.MULTILINE)) != {""}:
        yield "The Makefile gives ARGS a value, so `make test` is not the whole; leave it empty."


def pytest_faults(pyproject: dict) -> Iterator[str]:
    """pytest's settings leave nothing out."""
    options = pyproject["tool"]["pytest"]["ini_options"]
    words = [word for word in options["addopts"].split() if word.startswith("-")]
    for word in words:
        if word.split("=")[0] not in OPTIONS:
            yield f"pytest's addopts has {word}, which guard.py does not know; remove it."
    for key, value in KEYS.items():
        if options.get(key) != value:
            yield f"pytest's {key} is {options.get(key)!r}, expected {value!r}."
    if options.get("filterwarnings", [""])[0] != "error":
        yield "pytest's filterwarnings does not begin with 'error'."
    if not 0 < options.get("timeout", 0) <= 600:
        yield "pytest's timeout is missing or above 600 seconds, so a test could hang."
    for key in ("python_files", "python_functions", "python_classes", "collect_imported_tests"):
        if key in options:
            yield f"pytest's {key} is set, which can leave tests out; remove it."


def workflow_faults(workflow: dict, conditions: Collection[str] = ()) -> Iterator[str]:
    """No job and no step of a workflow can fail unseen."""
    for name, job in workflow["jobs"].items():
        yield from _part_faults(f"job {name}", job, ())
        for number, step in enumerate(job.get("steps", []), start=1):
            yield from _part_faults(f"job {name}, step {number}", step, conditions)
            if found := SWALLOWS.search(step.get("run", "")):
                yield f"job {name}, step {number} has {found[0]!r}, which hides a failure."
            if "-e" not in (shell := step.get("shell", "bash -e")) and "{" in shell:
                yield f"job {name}, step {number} has a shell that goes on after a failure."


def _part_faults(where: str, part: dict, conditions: Collection[str]) -> Iterator[str]:
    if part.get("continue-on-error"):
        yield f"{where} may fail (continue-on-error); remove that."
    said = str(part.get("if", ""))
    if "if" in part and said not in conditions and not CONDITION.fullmatch(said):
        yield f"{where} runs only if {part['if']!r}; a condition may name the machine, no more."
    for name in part.get("env") or {}:
        if name.startswith("PYTEST") or name == "CI":
            yield f"{where} sets {name}; remove that."


def ci_faults(ci: dict) -> Iterator[str]:
    """The lab's own CI starts on every change, and calls .ci/run on every system."""
    starts = ci.get(True, ci.get("on"))  # YAML 1.1 reads the key `on` as true
    if (starts.get("push"), starts.get("pull_request", 0)) != ({"branches": ["main"]}, None):
        yield "it must start on each push to main and each pull request, without filters."
    if not starts.get("schedule"):
        yield "it must start once a week as well, with SLOW=1 on all machines."
    test = ci["jobs"].get("test", {})
    for job, wanted in SLOW.items():
        if ci["jobs"].get(job, {}).get("env", {}).get("SLOW") != wanted:
            yield f"job {job} must set SLOW to {wanted}."
    if "exclude" in test.get("strategy", {}).get("matrix", {}):
        yield "job test leaves machines out (exclude); remove that."
    for job, system, *wanted in (
        ("test", "runner.os != 'Windows'", ".ci/run"),
        ("test", "runner.os == 'Windows'", WINDOWS_TEST, WINDOWS_GUARD),
        ("readme", None, ".ci/run"),
    ):
        steps = ci["jobs"].get(job, {}).get("steps", [])
        runs = [step.get("run", "").strip() for step in steps if step.get("if") == system]
        if runs[-len(wanted) :] != wanted:
            yield f"job {job} does not end with {wanted} where {system or 'it runs'}."
        history = [step.get("with", {}).get("fetch-depth") for step in steps if "uses" in step]
        if 0 not in history:
            yield f"job {job} has no fetch-depth 0, so guard.py cannot see what numbers were."
