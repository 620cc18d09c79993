"""train.yml: it has no hole that lets a bad model through, and its steps are run here, in order,
for a good candidate, for one that the cheap checks stop, and for one that only the gate stops.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

import pytest
import yaml
from workflow_runner import Job, evaluate, holes, run_job, runs

from labsupport.ops.registry import Registry
from labsupport.ops.torch import launch

ROOT = Path(__file__).resolve().parent.parent
WORKFLOW = ROOT / ".github" / "workflows" / "train.yml"
TEXT = WORKFLOW.read_text(encoding="utf-8")
GH = """#!/bin/sh
while [ "$1" ]; do [ "$1" != --body-file ] || cat "$2" >> comment.md; shift; done
"""
needs_torch = pytest.mark.skipif(not launch.HOME.exists(), reason="no PyTorch here: make torch")
bash = pytest.mark.posix_only("bash, as a runner has it")
pytestmark = pytest.mark.timeout(900)  # one job takes four minutes where two others compute
STAGES = ["Cheap checks", "Train", "Evaluate", "Report", "Post the report", "Gate", "Deploy"]


# ---- holes


def test_there_is_no_hole() -> None:
    assert list(holes(yaml.safe_load(TEXT))) == []


@pytest.mark.parametrize(
    ("line", "by", "hole"),
    [
        ("shell: bash #", "shell: sh #", "has a shell without pipefail"),
        ("    defaults:\n      run:\n        shell: bash", "    x:", "shell without pipefail"),
        ("lab train --torch 2", "lab train --torch 2 || true", "swallows a failure"),
        ("run: .venv/bin/lab gate", "run: set +e; .venv/bin/lab gate", "swallows a failure"),
        ("        id: gate", "        continue-on-error: true", "may fail unseen"),
        ("    runs-on:", "    continue-on-error: true\n    runs-on:", "job train may fail unseen"),
        ("if: github.ref ==", "if: ${{ github.ref }} ==", "is a text, and so always true"),
        ("if: github.ref ==", "if: always() && github.ref ==", "runs after a failure"),
        ("if: github.ref == 'refs/heads/main'", "if: always()", "runs after a failure"),
        ('--data="$DATA"', '--data="${{ inputs.data }}"', "becomes part of the script"),
        ('pr comment "$NUMBER"', "pr comment ${{ github.event.number }}", "part of the script"),
        ("${{ github.event_name == 'pull_request' }}", "true", "cancels one that deploys"),
        ("|| github.run_id }}", "}}", "only the newest stays"),
        ("    timeout-minutes: 30\n", "", "may hang"),
        ("@3d3c42e5aac5ba805825da76410c181273ba90b1", "@v7", "not pinned to a commit"),
        ("contents: read\n\n", "contents: write\n\n", "more rights than to read"),
        ("  pull_request:\n", "  pull_request_target:\n", "with the rights of the repository"),
        ("if: github.ref == 'refs/heads/main'\n", "id: deploy\n", "not for main alone"),
    ],
)
def test_a_hole_is_seen(line: str, by: str, hole: str) -> None:
    assert line in TEXT
    found = list(holes(yaml.safe_load(TEXT.replace(line, by))))
    assert found and any(hole in each for each in found), found


def moved(stage: str, before: str) -> str:
    """The workflow with one step before another."""
    head, *steps = TEXT.split("      - name: ")
    (step,) = (each for each in steps if each.startswith(f"{stage}\n"))
    steps.remove(step)
    steps.insert([each.split("\n")[0] for each in steps].index(before), step)
    return "      - name: ".join([head, *(each.rstrip("\n") + "\n" for each in steps)])


@pytest.mark.parametrize(
    ("stage", "before"), [("Gate", "Report"), ("Deploy", "Gate"), ("Train", "Cheap checks")]
)
def test_another_order_is_seen(stage: str, before: str) -> None:
    found = list(holes(yaml.safe_load(moved(stage, before))))
    assert any("the stages are" in each for each in found), found


def test_the_runner_reads_conditions_as_github_does() -> None:
    green, red, github = Job(), Job(failed=True), {"github": {"ref": "refs/heads/main"}}

    def would(condition: str, job: Job) -> bool:
        return runs({"if": condition}, github, job)

    for condition in ("github.ref == 'refs/heads/main'", "success()", "${{ github.ref != '' }}"):
        assert would(condition, green) and not would(condition, red)
    assert would("always()", red) and would("failure() && github.ref != 'x'", red)
    assert not would("failure()", green) and not would("github.ref == 'x'", green)
    assert would("${{ github.ref }} == 'x'", green)  # the hole
    assert evaluate("vars.REGISTRY || 'own'", {"vars": {}}, green) == "own"


# ---- the job, for three candidates

# PyTorch takes as long to start as all else. Two jobs train with it, the good candidate's and the
# poor one's; where only what comes after the training differs, it is done without.
ALONE = TEXT.replace("lab train --torch 2", "lab train")


@pytest.fixture(scope="module")
def seeded(tmp_path_factory) -> tuple[Path, Job]:
    """A checkout in which the job has run once, on main, for the good candidate."""
    folder = tmp_path_factory.mktemp("workflow") / "good"
    (folder / ".github").mkdir(parents=True)
    for name in ("pipeline.toml", "policy.toml"):
        shutil.copy(ROOT / ".github" / name, folder / ".github")
    tools = folder / ".venv" / "bin"
    tools.mkdir(parents=True)
    lab = f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -m labsupport.cli "$@"\n'
    python = f'#!/bin/sh\nexec "{sys.executable}" "$@"\n'
    for name, script in {"lab": lab, "python": python, "gh": GH}.items():
        (tools / name).write_text(script)
        (tools / name).chmod(0o755)
    return folder, job(folder, {"ref": "refs/heads/main", "event_name": "push"})


def job(folder: Path, github: dict, text: str = TEXT, registry: str = "", **inputs: str) -> Job:
    context = {"github": github, "inputs": inputs, "vars": {"REGISTRY": registry}}
    path = f"{folder / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}"
    return run_job(yaml.safe_load(text), "train", folder, context, {"Set up"}, path)


def candidate(seeded: tuple[Path, Job], name: str, data: str, text: str = TEXT) -> tuple:
    """The job on main for another candidate, against what served before the good one came."""
    folder = seeded[0].parent / name
    shutil.copytree(seeded[0], folder)
    uri = f"sqlite:///{folder / 'build' / 'registry.db'}"
    Registry(uri).rollback("prod")
    github = {"ref": "refs/heads/main", "event_name": "workflow_dispatch"}
    ended = job(folder, github, text, registry=uri, data=data)
    return ended, [ended.outcomes[stage] for stage in STAGES], Registry(uri).at("prod").number


@pytest.mark.slow
@needs_torch
@bash
def test_a_good_candidate_is_deployed(seeded) -> None:
    folder, ended = seeded
    assert not ended.failed, ended.log[-3000:]
    wanted = ["success"] * 4 + ["skipped"] + ["success"] * 2  # it was no pull request
    assert [ended.outcomes[stage] for stage in STAGES] == wanted
    assert "Promote: every check passed" in ended.summary
    run = folder / "build" / "runs" / (folder / "build" / "runs" / "latest").read_text().strip()
    deployed = json.loads((run / "deployed.json").read_text())
    assert Registry(f"sqlite:///{folder / 'build' / 'registry.db'}").at("prod").number == 2
    assert deployed["version"] == 2 and deployed["alias"] == "prod"


@pytest.mark.slow
@needs_torch
@bash
def test_what_the_cheap_checks_stop_is_not_trained(seeded) -> None:
    ended, outcomes, version = candidate(seeded, "stale", "world:99:120")
    assert ended.failed and outcomes == ["failure"] + ["skipped"] * 6, ended.log[-3000:]
    assert "blocked: row count failed" in ended.summary
    assert version == 1


@pytest.mark.slow
@needs_torch
@bash
def test_what_only_the_gate_stops_is_reported_and_not_deployed(seeded) -> None:
    ended, outcomes, version = candidate(seeded, "poor", "world:5:600")
    wanted = ["success"] * 4 + ["skipped", "failure", "skipped"]
    assert ended.failed and outcomes == wanted, ended.log[-3000:]
    assert "Block: no eval gain" in ended.summary
    assert version == 1


@pytest.mark.slow
@needs_torch
@bash
def test_the_report_comes_to_the_pull_request_and_nothing_is_deployed(seeded) -> None:
    folder = seeded[0].parent / "request"
    shutil.copytree(seeded[0], folder)
    uri = f"sqlite:///{folder / 'build' / 'registry.db'}"
    Registry(uri).rollback("prod")
    asked = folder / ".github" / "pipeline.toml"
    asked.write_text(asked.read_text().replace("world:2:8000", "world:5:600"))
    head = {"number": 12, "head": {"repo": {"full_name": "some/lab"}}}
    github = {
        "ref": "refs/pull/12/merge", "event_name": "pull_request", "repository": "some/lab",
        "event": {"pull_request": head}, "token": "none",
    }  # fmt: skip
    ended = job(folder, github, ALONE, registry=uri)
    assert ended.failed and ended.outcomes["Gate"] == "failure", ended.log[-3000:]
    assert "Block: no eval gain" in (folder / "comment.md").read_text(encoding="utf-8")
    assert Registry(uri).at("prod").number == 1


@pytest.mark.slow
@needs_torch
@bash
def test_where_the_gates_status_is_not_believed_lab_deploy_still_refuses(seeded) -> None:
    text = ALONE.replace("        id: gate", "        continue-on-error: true")
    ended, outcomes, version = candidate(seeded, "hole", "world:5:600", text)
    assert outcomes[-2:] == ["failure", "failure"] and ended.failed, ended.log[-3000:]
    assert version == 1
