"""A small runner of GitHub's: the `run:` steps of a job, in order, with conditions, outputs and
the summary; and what in a workflow would let a bad model through.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

BASH = ["bash", "--noprofile", "--norc", "-eo", "pipefail"]  # what a runner makes of `shell: bash`
BARE = ["bash", "-e"]  # and what it runs where no shell is named
STATUS = re.compile(r"\b(success|failure|always|cancelled)\(\)")
NAME = re.compile(r"'[^']*'|[A-Za-z_][\w.-]*(?!\()\b")
EXPRESSION = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)
WORDS = {"and", "or", "not", "True", "False"}
# What somebody outside can choose: in a script it would be part of the script.
UNTRUSTED = re.compile(r"\$\{\{[^}]*\b(?:inputs|github\.event|github\.head_ref|steps|env)\b")


@dataclass
class Job:
    """How a job ended.

    Attributes
    ----------
    failed : whether it is red.
    outcomes : {step: success, failure or skipped}, by name.
    summary : what its page shows.
    log : what was printed.
    """

    failed: bool = False
    outcomes: dict[str, str] = field(default_factory=dict)
    summary: str = ""
    log: str = ""


def evaluate(expression: str, context: Mapping[str, object], job: Job) -> object:
    """The value of an expression, as far as workflows here use the language."""
    status = {"success": not job.failed, "failure": job.failed, "always": True, "cancelled": False}
    said = STATUS.sub(lambda found: str(status[found[1]]), expression.strip())
    said = said.replace("&&", " and ").replace("||", " or ").replace("!=", "≠")
    said = said.replace("!", " not ").replace("≠", "!=")

    def of(found: re.Match) -> str:
        if found[0].startswith("'") or found[0] in WORDS:
            return found[0]
        value: object = context
        for part in found[0].split("."):
            value = value.get(part, "") if isinstance(value, Mapping) else ""
        return repr(value)

    return eval(NAME.sub(of, said), {"__builtins__": {}})  # the workflow is ours


def runs(step: Mapping, context: Mapping, job: Job) -> bool:
    """Whether a step's condition holds; a text around an expression is a text, and so true."""
    condition = str(step.get("if", "success()"))
    if whole := EXPRESSION.fullmatch(condition.strip()):
        condition = whole[1]
    elif "${{" in condition:
        return not job.failed
    if not STATUS.search(condition):
        condition = f"success() && ({condition})"
    return bool(evaluate(condition, context, job))


def run_job(
    workflow: Mapping, name: str, folder: Path, context: Mapping, leave: set[str], path: str
) -> Job:
    """Run a job's steps in a checkout.

    Parameters
    ----------
    context : what expressions may name: github, inputs, vars.
    leave : names of steps that are not run here.
    path : where programs are found.
    """
    told, job, steps = workflow["jobs"][name], Job(), {}
    context = {**context, "steps": steps}
    temporary = folder.parent / f"{folder.name}-runner"
    temporary.mkdir()

    def value(text: object) -> str:
        return EXPRESSION.sub(lambda found: str(evaluate(found[1], context, job)), str(text))

    for number, step in enumerate(told["steps"]):
        title = step.get("name", f"step {number}")
        if "uses" in step or title in leave:
            continue
        if not runs(step, context, job):
            job.outcomes[title] = "skipped"
            continue
        files = {name: temporary / name for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
        for file in files.values():
            file.write_text("")
        script = temporary / "script.sh"
        script.write_text(value(step["run"]))
        shell = step.get("shell", told.get("defaults", {}).get("run", {}).get("shell"))
        github = context["github"]
        ended = subprocess.run(
            [*(BASH if shell == "bash" else BARE), str(script)],
            cwd=folder, text=True, timeout=280, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env={"PATH": path, "HOME": str(temporary), "OMP_NUM_THREADS": "1"}
            | {"PYTHONPATH": os.environ.get("PYTHONPATH", ""), "GITHUB_SHA": "0" * 40}
            | {"GITHUB_EVENT_NAME": github["event_name"]}
            | {name: str(file) for name, file in files.items()}
            | {name: value(text) for name, text in told.get("env", {}).items()}
            | {name: value(text) for name, text in step.get("env", {}).items()},
        )  # fmt: skip
        job.log += f"== {title}: {ended.returncode}\n{ended.stdout}"
        job.summary += files["GITHUB_STEP_SUMMARY"].read_text(encoding="utf-8")
        lines = files["GITHUB_OUTPUT"].read_text(encoding="utf-8").splitlines()
        outcome = "failure" if ended.returncode else "success"
        job.outcomes[title] = outcome
        if "id" in step:
            outputs = dict(line.split("=", 1) for line in lines)
            steps[step["id"]] = {"outputs": outputs, "outcome": outcome}
        if ended.returncode and not step.get("continue-on-error"):
            job.failed = True
    return job


# ---- what would let a bad model through


def holes(workflow: Mapping) -> Iterator[str]:
    """A sentence for each place where a failure is not believed, or a stranger is."""
    concurrency = workflow.get("concurrency", {})
    group, cancels = concurrency.get("group", ""), concurrency.get("cancel-in-progress", False)
    if cancels not in (False, "${{ github.event_name == 'pull_request' }}"):
        yield "a newer run cancels one that deploys"
    if concurrency and "github.run_id" not in group:
        yield "of the runs that wait, only the newest stays"
    if workflow.get("permissions") != {"contents": "read"}:
        yield "the workflow has more rights than to read"
    if "pull_request_target" in workflow.get(True, workflow.get("on", {})):
        yield "a stranger's code runs with the rights of the repository"
    for name, job in workflow["jobs"].items():
        if "timeout-minutes" not in job:
            yield f"job {name} may hang for hours"
        if job.get("continue-on-error"):
            yield f"job {name} may fail unseen"
        if job.get("concurrency"):
            yield f"job {name} has a concurrency of its own"
        for step in job["steps"]:
            title = step.get("name", step.get("uses", "a step"))
            yield from (f"{title}: {hole}" for hole in _step_holes(step, job))
        yield from _order_holes(job["steps"])


def _step_holes(step: Mapping, job: Mapping) -> Iterator[str]:
    script, condition = step.get("run", ""), str(step.get("if", ""))
    if "uses" in step and not re.search(r"@[0-9a-f]{40}$", step["uses"]):
        yield "is not pinned to a commit"
    if step.get("continue-on-error"):
        yield "may fail unseen"
    if "${{" in condition and not EXPRESSION.fullmatch(condition.strip()):
        yield "its condition is a text, and so always true"
    if re.search(r"\b(always|failure|cancelled)\(\)", condition):
        yield "runs after a failure"
    shell = step.get("shell", job.get("defaults", {}).get("run", {}).get("shell"))
    if script and shell != "bash":
        yield "has a shell without pipefail"
    if re.search(r"\|\|\s*(true|:|exit 0|echo)|\bset \+|;\s*(true|:)\s*$|&\s*$", script, re.M):
        yield "swallows a failure"
    if UNTRUSTED.search(script):
        yield "what others type in becomes part of the script"


def _order_holes(steps: list[Mapping]) -> Iterator[str]:
    """The report comes before the gate, and the deployment after it, on main alone."""
    at = {}
    for number, step in enumerate(steps):
        for word in ("check", "train", "evaluate", "report", "gate", "deploy"):
            if re.search(rf"/lab {word}\b", step.get("run", "")) and "--first" not in step["run"]:
                at.setdefault(word, []).append(number)
    wanted = ["check", "train", "evaluate", "report", "gate", "deploy"]
    if [word for word in sorted(at, key=lambda word: at[word][0])] != wanted:
        yield f"the stages are {sorted(at, key=lambda word: at[word][0])}, expected {wanted}"
    elif any(len(places) > 1 for places in at.values()):
        yield "a stage is there twice"
    elif steps[at["deploy"][0]].get("if") != "github.ref == 'refs/heads/main'":
        yield "the deployment is not for main alone"
