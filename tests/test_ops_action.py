"""action.yml, as a stranger's repository uses it: its steps are run here, in order, as a runner
does, for a good, a bad and a broken candidate; and the README's ten lines are what it takes.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import yaml
from ci_settings import SWALLOWS

ROOT = Path(__file__).resolve().parent.parent
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
README = (ROOT / "README.md").read_text(encoding="utf-8")
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
BASH = ["bash", "--noprofile", "--norc", "-eo", "pipefail"]  # what a runner makes of `shell: bash`
# Not run here: it downloads 120 MB into an environment of its own. Here the lab is installed
# already; that the lock suffices is tested below, and what it holds in test_environment.
INSTALL = "Install the lab"
EXPRESSION = re.compile(
    r"\$\{\{ (?:inputs\.(?P<name>[\w-]+)|steps\.(?P<step>\w+)\.outputs\.(?P<output>[\w-]+)) \}\}"
)
N = 4000
pytestmark = pytest.mark.posix_only("bash, as a runner has it")


# ---- a runner


@dataclass
class Job:
    """A job that used the action, and how it ended.

    Attributes
    ----------
    status : of the first step that failed, or 0.
    ran : names of the steps that began.
    outputs : of the action.
    summary : what the job's page shows.
    log : what was printed.
    """

    status: int = 0
    ran: list[str] = field(default_factory=list)
    outputs: dict[str, str] = field(default_factory=dict)
    summary: str = ""
    log: str = ""


def job(
    action: dict, repository: Path, given: dict[str, str], python: str = "", **environment: str
) -> Job:
    """Run the steps of a composite action in a checkout.

    Parameters
    ----------
    python : that has the lab; not given, the one that runs this.
    """
    wanted = {name for name, told in action["inputs"].items() if told.get("required")}
    assert wanted <= set(given) <= set(action["inputs"]), "inputs that are missing or unknown"
    inputs = {name: told.get("default", "") for name, told in action["inputs"].items()} | given
    temporary = repository.parent / "temporary"
    temporary.mkdir(exist_ok=True)
    run = str(temporary / "run")
    done, steps = Job(), {"python": {"python-path": sys.executable}}
    steps["lab"] = {"python": python or sys.executable, "run": run}

    def value(text: object) -> str:
        def of(found: re.Match) -> str:
            if found["name"]:
                return inputs[found["name"]]
            return steps.get(found["step"], {}).get(found["output"], "")

        said = EXPRESSION.sub(of, str(text))
        assert "${{" not in said, f"the runner of this test does not know {said}"
        return said

    for step in action["runs"]["steps"]:
        if "uses" in step or step["name"] == INSTALL:
            continue
        done.ran.append(step["name"])
        names = ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")
        files = {name: temporary / name for name in names}
        for path in files.values():
            path.write_text("")
        script = temporary / "script.sh"
        script.write_text(step["run"])
        ended = subprocess.run(
            [*BASH, str(script)], cwd=repository, text=True, timeout=120,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env={"PATH": os.environ["PATH"], "RUNNER_TEMP": str(temporary), **environment}
            | {"GITHUB_ACTION_PATH": str(ROOT), **{k: str(v) for k, v in files.items()}}
            | {name: value(text) for name, text in step.get("env", {}).items()},
        )  # fmt: skip
        done.log += ended.stdout
        done.summary += files["GITHUB_STEP_SUMMARY"].read_text(encoding="utf-8")
        lines = files["GITHUB_OUTPUT"].read_text(encoding="utf-8").splitlines()
        steps[step.get("id", step["name"])] = dict(line.split("=", 1) for line in lines)
        if ended.returncode:
            done.status = ended.returncode
            break
    done.outputs = {name: value(told["value"]) for name, told in action["outputs"].items()}
    return done


# ---- a stranger's repository, made as the README's lines say


def block(language: str) -> str:
    """The only block of the README in that language."""
    (found,) = re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)
    return found


def the_ten_lines() -> tuple[str, dict[str, str]]:
    steps = yaml.safe_load(block("yaml"))
    return steps[-1]["uses"], steps[-1]["with"]


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A checkout with the files that the README's lines name; the candidate is good."""
    rng = np.random.default_rng(5)
    y = rng.integers(0, 2, N)
    _, given = the_ten_lines()
    folder = tmp_path / "checkout"
    columns = {"labels": y, "candidate": scores(rng, y, 0.95), "baseline": scores(rng, y, 0.90)}
    for name, values in columns.items():
        write(folder, given[name], values, rng if name == "labels" else None)
    (folder / given["policy"]).write_text(block("toml"))
    return folder


def scores(rng, y: np.ndarray, accuracy: float) -> np.ndarray:
    right = rng.random(len(y)) < accuracy
    return np.where(y == right, 0.75, 0.25)


def write(folder: Path, told: str, values, rng=None) -> None:
    path, _, column = told.rpartition(":")
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    cut = the_ten_lines()[1]["slices"].split() if rng is not None else []
    lines = [",".join([column, *cut])]
    for value in values:
        lines.append(",".join([str(value), *("AB"[int(rng.integers(2))] for _ in cut)]))
    (folder / path).write_text("\n".join(lines) + "\n")


def worse(folder: Path) -> None:
    given = the_ten_lines()[1]
    live = (folder / given["baseline"].rpartition(":")[0]).read_text().splitlines()
    flipped = [str(1 - float(line)) if at % 20 == 0 else line for at, line in enumerate(live[1:])]
    (folder / given["candidate"].rpartition(":")[0]).write_text("\n".join([live[0], *flipped]))


def broken(folder: Path) -> None:
    path = folder / the_ten_lines()[1]["candidate"].rpartition(":")[0]
    path.write_text(path.read_text().replace("score", "points", 1))


# ---- good, bad, broken


def test_a_good_candidate_passes(repository) -> None:
    done = job(ACTION, repository, the_ten_lines()[1])
    assert done.status == 0, done.log
    assert done.ran == ["Evaluate", "Report", "Gate"]
    assert done.outputs["decision"] == "promote"
    assert done.summary.startswith("## Promote: every check passed\n")
    report = Path(done.outputs["report"])
    assert report.read_text(encoding="utf-8") == done.summary
    cut = the_ten_lines()[1]["slices"].split()
    assert all(f"<code>{name}={one}</code>" in done.summary for name in cut for one in "AB")
    verdict = json.loads((report.parent / "verdict.json").read_text())
    assert verdict["decision"] == "promote"


def test_a_bad_candidate_fails_the_job_and_the_report_is_there(repository) -> None:
    worse(repository)
    done = job(ACTION, repository, the_ten_lines()[1])
    assert done.status == 1, done.log
    assert done.outputs["decision"] == "block" and done.summary.startswith("## Block: no eval gain")
    assert Path(done.outputs["report"]).exists()


def test_a_broken_candidate_fails_the_job_and_nothing_is_said_of_it(repository) -> None:
    broken(repository)
    done = job(ACTION, repository, the_ten_lines()[1])
    assert done.status == 65, done.log
    assert done.ran == ["Evaluate"] and done.summary == ""
    assert done.outputs == {"decision": "", "report": ""}
    assert re.search(r"^lab: .*score", done.log, re.MULTILINE)


@pytest.mark.slow
def test_rows_that_cannot_tell_fail_the_job_too(repository) -> None:
    given = the_ten_lines()[1]
    for name in ("labels", "candidate", "baseline"):
        path = repository / given[name].rpartition(":")[0]
        path.write_text("\n".join(path.read_text().splitlines()[:100]) + "\n")
    done = job(ACTION, repository, given)
    assert (done.status, done.outputs["decision"]) == (2, "inconclusive"), done.log
    assert done.summary.startswith("## Inconclusive: ")


def test_a_policy_that_checks_nothing_fails_the_job(repository) -> None:
    (repository / the_ten_lines()[1]["policy"]).write_text("confidence = 0.95\n")
    done = job(ACTION, repository, the_ten_lines()[1])
    assert done.status == 65 and done.summary == "" and "checks nothing" in done.log


# ---- its holes, each planted


def holes(action: dict) -> list[str]:
    """What lets a bad candidate pass, or a stranger's text run, as far as the file shows it."""
    found = []
    for step in action["runs"]["steps"]:
        where = step["name"]
        if {"if", "continue-on-error"} & set(step):
            found.append(f"{where} may be left out or fail")
        if "uses" in step:
            if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", step["uses"]):
                found.append(f"{where} uses what may change")
            continue
        if step.get("shell") != "bash":
            found.append(f"{where} has another shell, without pipefail")
        if "${{" in step["run"]:
            found.append(f"{where} runs text from outside")
        if SWALLOWS.search(step["run"]):
            found.append(f"{where} swallows a failure")
        if re.search(r'\$PYTHON" (?!-I )|(?:^|[;&|] *)python3? ', step["run"], re.MULTILINE):
            found.append(f"{where} imports from the checkout")
    if action["runs"]["steps"][-1]["run"].count("\n") != 1:
        found.append("after the gate something runs")
    return found


def planted(where: str, **changes) -> dict:
    """The action with a step changed; run= holds (what, by what)."""
    steps = []
    for step in ACTION["runs"]["steps"]:
        step = dict(step)
        if step["name"] == where:
            if "run" in changes:
                step["run"] = step["run"].replace(*changes["run"])
            step |= {key: value for key, value in changes.items() if key != "run"}
        steps.append(step)
    return ACTION | {"runs": ACTION["runs"] | {"steps": steps}}


def test_it_has_no_holes() -> None:
    assert holes(ACTION) == []


@pytest.mark.parametrize(
    ("where", "changes", "words"),
    [
        ("Gate", {"run": ('"$POLICY"', '"$POLICY" || true')}, "swallows"),
        ("Gate", {"run": ('"$POLICY"', '"$POLICY" | tee log\nexit 0')}, "swallows"),
        ("Gate", {"shell": "sh"}, "pipefail"),
        ("Gate", {"continue-on-error": True}, "may be left out or fail"),
        ("Gate", {"if": "${{ always() }} == true"}, "may be left out or fail"),
        ("Gate", {"run": ('"$POLICY"', "${{ inputs.policy }}")}, "text from outside"),
        ("Gate", {"run": ("-I ", "")}, "imports from the checkout"),
        ("Python for the gate", {"uses": "actions/setup-python@v7"}, "may change"),
    ],
)
def test_a_planted_hole_is_seen(where, changes, words) -> None:
    assert any(words in hole for hole in holes(planted(where, **changes)))


@pytest.mark.slow
def test_swallowed_a_block_would_pass(repository) -> None:
    # The control: the order and the bare last line are what fails the job and keeps the report.
    worse(repository)
    given = the_ten_lines()[1]
    assert job(planted("Gate", run=("--policy", "|| true # ")), repository, given).status == 0
    *first, report, last = ACTION["runs"]["steps"]
    early = ACTION | {"runs": ACTION["runs"] | {"steps": [*first, last, report]}}
    assert job(early, repository, given).summary == ""


@pytest.mark.slow
def test_files_of_the_checkout_are_no_part_of_the_gate(repository) -> None:
    worse(repository)
    (repository / "labsupport").mkdir()
    for name in ("numpy.py", "labsupport/__init__.py"):
        (repository / name).write_text("raise SystemExit(0)\n")
    given, here = the_ten_lines()[1], {"PYTHONPATH": str(repository)}
    assert job(ACTION, repository, given, **here).status == 1
    bare = planted("Gate", run=("-I ", ""))
    assert job(bare, repository, given, **here).status == 0  # the control


HEARER = """#!/bin/sh
for word in "$@"; do printf '%s\\0' "$word"; done >> heard
mkdir -p "$RUN" && touch "$RUN/report.md"
"""


def test_inputs_arrive_as_one_word_each_and_are_never_run(repository, tmp_path) -> None:
    (tmp_path / "python").write_text(HEARER)
    (tmp_path / "python").chmod(0o755)
    names = ("labels", "candidate", "baseline", "id", "policy", "threshold", "slices")
    for text in ('"; touch pwned; "', "$(touch pwned)", "`touch pwned`", "-x", "a b*", "a=b"):
        (repository / "heard").unlink(missing_ok=True)
        job(ACTION, repository, dict.fromkeys(names, text), python=str(tmp_path / "python"))
        heard = (repository / "heard").read_text().split("\0")
        for name in names:
            assert f"--{name.replace('slices', 'slice')}={text}" in heard
    assert not (repository / "pwned").exists()
    two = {**the_ten_lines()[1], "slices": "age group\n\nregion\n"}
    job(ACTION, repository, two, python=str(tmp_path / "python"))
    heard = (repository / "heard").read_text().split("\0")
    assert [w for w in heard if w.startswith("--slice=") and "a=b" not in w] == [
        "--slice=age group", "--slice=region",
    ]  # fmt: skip


# ---- what it needs, and what the README says


ONLY = """
import sys
from importlib.abc import MetaPathFinder
class Nothing(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        known = {*sys.stdlib_module_names, "labsupport", %s}
        first = name.partition(".")[0]
        if path is None and first not in known and not first.startswith("_sysconfigdata"):
            raise ModuleNotFoundError(f"{name} is not in the gate's lock")
sys.meta_path.insert(0, Nothing())
from labsupport.cli import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.slow
def test_the_gate_needs_what_its_lock_holds_and_no_more(repository) -> None:
    lock = (ROOT / "locks/gate.lock").read_text(encoding="utf-8")
    held = {name for name in re.findall(r"^([\w-]+)==", lock, re.MULTILINE)}
    assert held >= {"numpy", "scipy", "pyarrow", "tqdm", "flit-core"}
    given = the_ten_lines()[1]
    done = job(ACTION, repository, given)
    run = Path(done.outputs["report"]).parent
    program = ONLY % ", ".join(map(repr, sorted(held)))
    files = [f"--{name}={given[name]}" for name in ("labels", "candidate", "baseline")]
    evaluate = ["evaluate", *files, f"--out={run.parent / 'other'}"]
    commands = [["report", str(run)], ["gate", str(run)], evaluate]
    for words in commands:
        ended = subprocess.run(
            [sys.executable, "-c", program, *words], cwd=repository, capture_output=True, text=True
        )
        assert ended.returncode == 0, ended.stderr


def test_the_install_step_takes_hashes_or_the_action_itself() -> None:
    (step,) = (s for s in ACTION["runs"]["steps"] if s["name"] == INSTALL)
    installs = [line for line in step["run"].splitlines() if "pip install" in line]
    assert len(installs) == 2
    assert '--require-hashes -r "$GITHUB_ACTION_PATH/locks/gate.lock"' in installs[0]
    assert '--no-deps --no-build-isolation "$GITHUB_ACTION_PATH"' in installs[1]


def test_the_readmes_ten_lines_are_what_the_action_takes() -> None:
    uses, given = the_ten_lines()
    assert len(block("yaml").splitlines()) <= 10
    assert re.fullmatch(r"OWNER/[\w-]+@v\d+", uses)
    required = {name for name, told in ACTION["inputs"].items() if told.get("required")}
    assert required <= set(given) <= set(ACTION["inputs"])


@pytest.mark.slow
def test_the_readmes_commands_do_the_same_by_hand(repository) -> None:
    section = README.partition("## The gate for your own model")[2].partition("\n## ")[0]
    commands = re.findall(r"^    lab (.*?)(?:  +#.*)?$", section, re.MULTILINE)
    assert [words.split()[0] for words in commands] == ["evaluate", "report", "gate"]
    for words in commands:
        ended = subprocess.run(
            [sys.executable, "-I", "-m", "labsupport.cli", *words.split()],
            cwd=repository, capture_output=True, text=True,
        )  # fmt: skip
        assert ended.returncode == 0, ended.stderr


# ---- the linter


def lint(*paths: Path) -> subprocess.CompletedProcess:
    """jactionlint, a fork of actionlint that reads composite actions too; it finds shellcheck."""
    tools = Path(sys.executable).parent
    linter = shutil.which("jactionlint", path=tools)
    assert linter, "jactionlint is not there; `make .venv/.test` brings it"
    return subprocess.run(
        [linter, "--profile", "correctness", "--strict-exit", *map(str, paths)],
        env=os.environ | {"PATH": f"{tools}{os.pathsep}{os.defpath}"},
        capture_output=True, text=True,
    )  # fmt: skip


def test_the_linter_finds_nothing_in_workflows_and_action() -> None:
    done = lint(ROOT / "action.yml", *WORKFLOWS)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("line", "by", "words"),
    [
        ("    - name: Gate", "    - nam: Gate", "nam"),
        ("${{ inputs.policy }}", "${{ inputs.polcy }}", "polcy"),
        ('report "$RUN"', "report $RUN", "SC2086"),
    ],
)
def test_a_fault_is_seen_by_the_linter(tmp_path, line, by, words) -> None:
    path = tmp_path / "action.yml"
    path.write_text((ROOT / "action.yml").read_text(encoding="utf-8").replace(line, by))
    done = lint(path)
    assert done.returncode == 1 and words in done.stdout
