"""What stands around the lab: workflows, templates, hooks, the container. Each parses, and names
only commands that exist.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from labsupport.workspace.server import DEFAULT_PORT

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
GITHUB = ROOT / ".github"
YAML = [
    *sorted(GITHUB.rglob("*.yml")),
    *(ROOT / name for name in (".pre-commit-config.yaml", "CITATION.cff")),
    *(ROOT / name for name in ("environment.yml", ".binder/environment.yml")),
]
SAID = [
    *YAML,
    *sorted(GITHUB.glob("*.md")),
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "Makefile", ".ci/run")),
    *(
        ROOT / name
        for name in (".devcontainer/devcontainer.json", "labsupport/workspace/doctor.py")
    ),
]
# Of the specification of development containers: what the lab uses of it.
CONTAINERS_WORDS = {"name", "build", "forwardPorts", "portsAttributes"}
CONTAINERS_WORDS |= {"postCreateCommand", "postAttachCommand"}
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
CI = yaml.safe_load((GITHUB / "workflows" / "ci.yml").read_text(encoding="utf-8"))
HOOKS = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"]
TARGETS = set(
    re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
)
# `make` where it is a command: at the start of a line, in backticks, quotes or parentheses, or
# after a key of YAML. What follows it is targets, flags and settings.
MAKE = re.compile(
    r"(?:^ *|[`\"(]|run: |: )make((?: -B)?(?: [a-z]+)+)(?=[ `\"),.;\n]|$)", re.MULTILINE
)


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def targets_named(text: str) -> set[str]:
    """The targets that a text tells make to make."""
    return {words.split()[-1] for words in MAKE.findall(text)}


@pytest.mark.parametrize("path", YAML, ids=name_of)
def test_yaml_says_something(path: Path) -> None:
    assert isinstance(yaml.safe_load(path.read_text(encoding="utf-8")), dict)


@pytest.mark.parametrize("path", SAID, ids=name_of)
def test_make_is_asked_for_what_it_has(path: Path) -> None:
    assert targets_named(path.read_text(encoding="utf-8")) <= TARGETS


def test_a_target_that_does_not_exist_is_seen() -> None:
    said = "run `make -B setup`\n    make lab ARGS=--no-browser\n- run: make nonsense\n(make lock)"
    assert targets_named(said) == {"setup", "lab", "nonsense", "lock"}
    assert targets_named((ROOT / "README.md").read_text(encoding="utf-8")) >= {"lab", "test", "run"}


@pytest.mark.parametrize("path", WORKFLOWS, ids=name_of)
def test_workflows_ask_for_little_and_end(path: Path) -> None:
    workflow = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert workflow["permissions"] == {"contents": "read"}
    assert all("timeout-minutes" in job for job in workflow["jobs"].values())


@pytest.mark.parametrize("path", WORKFLOWS, ids=name_of)
def test_actions_are_pinned_to_a_commit(path: Path) -> None:
    """A tag can be moved to other code; a commit cannot. The version beside it is for readers."""
    lines = re.findall(r"uses: *(.*)", path.read_text(encoding="utf-8"))
    assert lines
    loose = [line for line in lines if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v[\d.]+", line)]
    assert not loose


def test_ci_runs_where_students_are() -> None:
    jobs = CI["jobs"]
    matrix = jobs["test"]["strategy"]["matrix"]
    assert [name.split("-")[0] for name in matrix["os"]] == ["ubuntu", "macos", "windows"]
    assert matrix["python"] == ["3.11", "3.12", "3.13", "3.14"]
    assert jobs["conda"]["strategy"]["matrix"]["environment"] == [
        "environment.yml",
        ".binder/environment.yml",
    ]
    assert "workflow_dispatch" in CI[True]  # YAML 1.1 reads the key `on` as true


def test_ci_runs_windows_as_the_readme_says() -> None:
    commands = {
        line.strip()
        for step in CI["jobs"]["test"]["steps"]
        if "Windows" in step.get("if", "")
        for line in step["run"].splitlines()
    }
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    said = set(re.findall(r"^ +(\.venv\\Scripts\\python .*)$", readme, re.MULTILINE))
    assert len(said) == 2
    assert {line.replace("locks/lab.lock", "locks/test.lock") for line in said} < commands


@pytest.mark.parametrize("hook", HOOKS[0]["hooks"], ids=lambda hook: hook["id"])
def test_hooks_are_the_labs_own_tools_and_pass(hook: dict) -> None:
    """No hook has an environment of its own, so none downloads; all pass on what is committed."""
    assert [repo["repo"] for repo in HOOKS] == ["local"] and hook["language"] == "system"
    program, *words = hook["entry"].split()
    assert Path(program).parent == Path(".venv/bin")
    tool = shutil.which(Path(program).name, path=Path(sys.executable).parent)
    assert tool, f"{program} is not among the tools that the locks bring."
    named = [] if hook.get("pass_filenames") is False else ["labsupport", "notebooks"]
    done = subprocess.run([tool, *words, *named], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("form", sorted(GITHUB.glob("ISSUE_TEMPLATE/*.yml")), ids=name_of)
def test_issue_forms_have_what_github_asks_for(form: Path) -> None:
    said = yaml.safe_load(form.read_text(encoding="utf-8"))
    if form.name == "config.yml":
        assert set(said) == {"blank_issues_enabled"}
        return
    assert {"name", "description", "body"} <= set(said)
    ids = [part["id"] for part in said["body"]]
    assert len(set(ids)) == len(ids)
    for part in said["body"]:
        assert part["type"] in {"input", "textarea"} and part["attributes"]["label"]


def test_citation_has_the_projects_version_and_licences() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == PROJECT["version"]
    code, lessons = PROJECT["license"].split(" AND ")
    assert citation["license"] == code  # a list of licences means a choice, in this format
    assert f"Code is {code}, lessons and figures are {lessons}." in citation["abstract"]
    assert {"cff-version", "message", "title", "authors"} <= set(citation)


def test_the_container_sets_up_as_the_readme_says() -> None:
    container = json.loads((ROOT / ".devcontainer/devcontainer.json").read_text(encoding="utf-8"))
    assert container["postCreateCommand"] == "make setup"
    assert container["postAttachCommand"] == "make lab ARGS=--no-browser"
    assert container["forwardPorts"] == [DEFAULT_PORT]
    assert list(container["portsAttributes"]) == [str(DEFAULT_PORT)]
    assert set(container) <= CONTAINERS_WORDS  # others would be ignored without a word
    dockerfile = ROOT / ".devcontainer" / container["build"]["dockerfile"]
    assert f"FROM {CI['jobs']['readme']['container']}\n" in dockerfile.read_text(encoding="utf-8")


def test_git_ends_lines_alike_and_compares_notebooks_by_cell(tmp_path: Path) -> None:
    shutil.copy(ROOT / ".gitattributes", tmp_path)
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    asked = ["exercises/01_evaluation_gate.ipynb", "labsupport/gate.py", "docs/panel.png"]
    said = subprocess.run(
        ["git", "check-attr", "eol", "text", "diff", "linguist-generated", "--", *asked],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    exercise, code, picture = asked
    assert {
        f"{exercise}: eol: lf",
        f"{exercise}: diff: jupyternotebook",
        f"{exercise}: linguist-generated: set",
        f"{code}: eol: lf",
        f"{picture}: text: unset",
    } <= set(said)
