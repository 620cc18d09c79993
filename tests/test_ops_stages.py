"""The stages as commands, on a real registry: the whole way, what is refused, again, and killed."""

from __future__ import annotations

import hashlib
import json
import shutil
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from deaths import deaths, lived
from registries import STORE

from labsupport.cli import main
from labsupport.durable import digest
from labsupport.ops import Registry, load_compared, verdict_as_json
from labsupport.ops.runs import Run, load_snapshot, resolve

POLICY = "min_gain = 0.005\nmax_gap = 0.10\n"
LAX = "min_gain = -0.5\n"
PROD = "registry:prod"
LATEST = "build/runs/latest"
EVALUATE = ["evaluate", "--candidate", LATEST, "--baseline", PROD]


class Shell:
    """A folder in which commands are run, each its status and what it said."""

    def __init__(self, folder: Path, capsys):
        self.folder, self.capsys = folder, capsys

    def __call__(self, *words: str) -> tuple[int, str]:
        self.capsys.readouterr()
        try:
            status = main(list(words))
        except SystemExit as end:  # argparse
            status = end.code
        said = self.capsys.readouterr()
        return status, said.out + said.err

    def json(self, *words: str) -> dict:
        self.capsys.readouterr()
        assert main([*words, "--json"]) is not None
        return json.loads(self.capsys.readouterr().out)

    def good(self, *words: str) -> str:
        status, said = self(*words)
        assert status == 0, said
        return said

    def candidate(self, data: str = "world:2:8000", *more: str) -> Run:
        self.good("check", "--data", data, *more)
        self.good("train")
        return Run(resolve(Path("build", "runs", "latest")))

    def judged(self, data: str = "world:2:8000", policy: str = POLICY) -> Run:
        run = self.candidate(data)
        self.good(*EVALUATE)
        Path("policy.toml").write_text(policy)
        self.good("gate", LATEST, PROD, "--policy", "policy.toml")
        return run

    def at(self, alias: str = "prod") -> str:
        return Registry().at(alias).digest

    def picture(self) -> dict[str, str]:
        """All files of the runs, with digests."""
        return {
            path.as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(Path("build", "runs").rglob("*")) if path.is_file()
        }  # fmt: skip


@pytest.fixture(scope="module")
def begun(tmp_path_factory, request) -> Path:
    """A folder with a first champion, made once: a new database takes seconds."""
    folder = tmp_path_factory.mktemp("begun")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert main(["check", "--data", "world:1:600"]) == 0
        assert main(["train"]) == 0 and main(["deploy", "--first"]) == 0
    return folder


@pytest.fixture
def shell(begun, tmp_path, monkeypatch, capsys) -> Shell:
    folder = tmp_path / "room"
    shutil.copytree(begun, folder)
    monkeypatch.chdir(folder)
    return Shell(folder, capsys)


def test_the_whole_way_promotes_build_a(shell):
    champion = shell.at()
    said = shell.good("check", "--data", "world:2:8000")
    assert "reference  world:1:600" in said and "105 of 105 checks passed" in said
    assert Run(resolve(LATEST)).lineage["parent"] == champion
    shell.good("train")
    said = shell.good(*EVALUATE)
    assert "accuracy 0.9730" in said and "accuracy 0.9647" in said
    Path("policy.toml").write_text(POLICY)
    shell.good("gate", LATEST, PROD, "--policy", "policy.toml")
    shell.good("deploy", "--policy", "policy.toml")
    run = Run(resolve(LATEST))
    assert shell.at() == run.model().digest and shell.at("previous") == champion
    assert run.read("deployed.json") == {"version": 2, "alias": "prod", "model": shell.at()}
    registered = Registry().read(Registry().at("prod"), "verdict.json")
    assert registered == (run.folder / "verdict.json").read_bytes()


def test_again_is_the_same_answer_and_no_second_copy(shell):
    way = [
        ["check", "--data", "world:2:8000"], ["train"], EVALUATE,
        ["gate", LATEST, PROD, "--policy", "policy.toml"], ["deploy"],
    ]  # fmt: skip
    Path("policy.toml").write_text(POLICY)
    for words in way:
        first, before = shell(*words), shell.picture()
        again = shell(*words)
        assert first[0] == again[0] == 0 and shell.picture() == before
    for words in way:  # and the whole of it, when the candidate is prod
        assert shell(*words)[0] == 0 and shell.picture() == before
    assert [version.number for version in Registry().versions()] == [1, 2]
    assert len(Registry().history()) == 2


def test_the_stale_shard_is_stopped_by_its_rows_and_then_by_the_gate(shell):
    status, said = shell("check", "--data", "world:99:120")
    assert status == 1 and "The snapshot has 120 rows; asked for: at least 500." in said
    assert shell("train")[0] == 65
    Path("data.toml").write_text("rows = 100\n")
    shell.candidate("world:99:120", "--policy", "data.toml")
    found = shell.json(*EVALUATE)
    rates = [found["candidate_accuracy"], found["baseline_accuracy"]]
    assert [f"{rate:.4f}" for rate in rates] == ["0.9157", "0.9647"]
    Path("policy.toml").write_text(POLICY)
    assert shell("gate", LATEST, PROD, "--policy", "policy.toml")[0] == 1
    champion = shell.at()
    status, said = shell("deploy")
    assert status == 1 and "blocked: no eval gain" in said and shell.at() == champion
    assert not (resolve(LATEST) / "bundle").exists() and len(Registry().versions()) == 1


def test_a_first_champion_comes_once(shell):
    champion = shell.at()
    assert shell("deploy", "--first")[0] == 0  # again
    shell.candidate("world:2:8000")
    status, said = shell("deploy", "--first")
    assert status == 69 and "is no first champion" in said and shell.at() == champion
    assert shell("deploy", "--first", "--policy", "policy.toml")[0] == 64


def test_a_model_that_is_not_the_one_that_was_evaluated_is_not_deployed(shell):
    run, champion = shell.judged(), shell.at()
    run.write_model(run.model().weights + 0.001)
    status, said = shell("deploy")
    assert status == 65 and "was evaluated" in said and shell.at() == champion


def test_a_verdict_on_another_comparison_is_not_deployed(shell):
    run, champion = shell.judged(), shell.at()
    shell.good("evaluate", "--candidate", LATEST, "--baseline", PROD, "--holdout", "world:6:500")
    status, said = shell("deploy")
    assert status == 65 and "is about another comparison" in said and shell.at() == champion
    assert run.read("deployed.json") is None


def test_a_policy_that_was_changed_since_is_refused(shell):
    run, champion = shell.judged(), shell.at()
    (run.folder / "policy.toml").write_text(LAX)
    status, said = shell("deploy")
    assert status == 65 and "policy.toml" in said and "was changed since" in said
    shell.good("gate", LATEST, PROD)  # judged anew, by what somebody has made of it
    status, said = shell("deploy", "--policy", "policy.toml")
    assert status == 65 and "by another policy" in said and shell.at() == champion


@pytest.mark.parametrize("thorough", [False, True])
def test_a_verdict_edited_to_promote_is_not_believed(shell, thorough):
    run = shell.candidate("world:5:600")
    shell.good(*EVALUATE)
    Path("policy.toml").write_text(POLICY)
    assert shell("gate", LATEST, PROD, "--policy", "policy.toml")[0] == 1
    told, champion = run.read("verdict.json"), shell.at()
    told |= {"decision": "promote", "reason": "promoted"}
    for check in told["checks"] if thorough else ():
        check["passed"] = True
    run.write("verdict.json", told)
    status, said = shell("deploy")
    assert status == 65 and "it is not what its policy and its counts lead to" in said
    assert shell.at() == champion


def test_a_comparison_that_was_edited_is_a_verdict_on_another_one(shell):
    run = shell.candidate("world:5:600")
    shell.good(*EVALUATE)
    Path("policy.toml").write_text(POLICY)
    shell("gate", LATEST, PROD, "--policy", "policy.toml")
    told = run.read("outcomes.json")
    told["outcomes"]["cells"] = [4000, 0, 0, 0]
    run.write("outcomes.json", told)
    assert shell("deploy")[0] == 65


def test_another_promotion_wins_and_the_second_is_told_so(shell):
    first, second = shell.judged("world:2:8000", LAX), shell.judged("world:8:9000", LAX)
    shell.good("deploy", str(first.folder))
    prod = shell.at()
    status, said = shell("deploy", str(second.folder))
    assert status == 69 and "evaluate it against registry:prod again" in said
    assert shell.at() == prod == first.model().digest
    assert not (second.folder / "bundle").exists() and len(Registry().versions()) == 2


def test_a_bundle_of_an_earlier_verdict_is_packed_anew(shell):
    run = shell.judged()
    (run.folder / "bundle").mkdir()
    (run.folder / "bundle" / "weights.json").write_text("[]")
    shell.good("deploy")
    assert shell.at() == run.model().digest


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["train", "nobody"], 66, "there is no run nobody"),
        (["check"], 64, "--data"),
        (["check", "--data", "gone.csv"], 66, "gone.csv"),
        (["check", "--data", "world:1"], 65, "names no snapshot"),
        (["check", "--data", "world:3:800", "--policy", "gone.toml"], 66, "gone.toml"),
        (["check", "--data", "world:3:800", "--steps", "0"], 64, "above zero"),
        (["check", "--data", "world:3:800", "--registry", "file:x"], 65, "is no registry"),
        (["evaluate", "--candidate", "nobody", "--baseline", PROD], 66, "no run nobody"),
        (["evaluate", "--candidate", LATEST, "--baseline", "registry:other"], 66, "points to"),
        (["evaluate", "--candidate", LATEST, "--baseline", PROD], 65, "are the same model"),
        (["deploy"], 66, "outcomes.json"),
        (["deploy", "--registry"], 64, "expected one argument"),
        (["train", "--torch", "0"], 64, "at least 1"),
    ],
)
def test_what_cannot_be_decided_has_a_status_and_a_sentence(shell, words, status, said):
    found, told = shell(*words)
    assert found == status and said in told and "Traceback" not in told


def test_without_torchrun_the_command_says_how_to_get_it(shell, monkeypatch, tmp_path):
    monkeypatch.setattr("labsupport.ops.torch.launch.HOME", tmp_path)
    shell.good("check", "--data", "world:2:900")
    status, said = shell("train", "--torch", "2")
    assert status == 69 and "`make torch`" in said
    assert not (resolve(LATEST) / "model.json").exists()


def test_one_command_at_a_time_works_on_a_run(shell):
    shell.good("check", "--data", "world:2:900")
    with Run(resolve(LATEST)).alone():
        status, said = shell("train")
    assert status == 69 and "another command works on run" in said


def test_rows_of_prod_that_are_gone_ask_for_a_reference(shell):
    rows = load_snapshot("world:3:700")
    np.savez("rows.npz", **dict(zip(rows.columns, rows.X.T, strict=True)), label=rows.y)
    other = ["--name", "other"]
    status, said = shell("check", "--data", "rows.npz", *other)
    assert status == 64 and "name --holdout" in said
    shell.candidate("rows.npz", "--holdout", "world:holdout", *other)
    shell.good("deploy", "--first", *other)
    shell.good("check", "--data", "world:4:700", *other)
    Path("rows.npz").unlink()
    status, said = shell("check", "--data", "world:4:700", *other)
    assert status == 66 and "rows.npz of prod are gone or changed; name --reference" in said
    shell.good("check", "--data", "world:4:700", "--reference", "world:5:700", *other)


@pytest.mark.parametrize("command", ["check", "train", "deploy", "evaluate", "gate"])
def test_every_command_tells_what_its_status_means(capsys, command):
    with pytest.raises(SystemExit, match="0"):
        main([command, "--help"])
    said = " ".join(capsys.readouterr().out.split())
    assert "for example" in said and "Exit status: 0" in said and "70 a fault" in said


# ---- killed


STEPS = """
import os, sys
from pathlib import Path
from labsupport.cli import main

os.chdir(folder)
sys.exit(main(sys.argv[4:] or %r))
"""
# A registry in one file, so that a life takes half a second; the real one is killed below.
DEPLOY = """
import json, os
from dataclasses import dataclass
from pathlib import Path
from labsupport.durable import digest, replace_whole
from labsupport.ops.registry import Version
from labsupport.ops.runs import Run, load_snapshot, resolve
from labsupport.ops.runs.deploying import approved, deploy

os.chdir(folder)

class Small:
    place = Path("registry.json")

    def told(self):
        return json.loads(self.place.read_text())

    def at(self, alias):
        number = self.told()["aliases"].get(alias)
        return number and Version(number, self.told()["models"][number - 1])

    def register(self, model, lineage, metrics, files):
        told = self.told()
        if model not in told["models"]:
            told["models"].append(model)
            replace_whole(self.place, json.dumps(told).encode())
        assert digest((files / "model.json").read_bytes()) == model
        return Version(told["models"].index(model) + 1, model)

    def promote(self, version, expected, verdict, alias):
        told = self.told()
        assert self.at(alias) == expected and verdict.decision == "promote"
        told["aliases"][alias] = version.number
        told["moves"] += 1
        replace_whole(self.place, json.dumps(told).encode())

run = Run(resolve("build/runs/latest"))
with run.alone():
    deploy(run, Small(), approved(run))
"""


def end_of(folder: Path) -> dict[str, bytes]:
    """Every file but locks and the registry's own, which has times in it."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != ".lock" and "registry-files" not in path.parts
        and not path.name.startswith(("registry.db", ".registry"))
    }  # fmt: skip


def killed(start: Path, program: str, tmp_path: Path, lives: int) -> None:
    """Kill some lives, each at another of its calls, and live again: what comes out is what came
    out without.
    """
    whole = tmp_path / "whole"
    shutil.copytree(start, whole)
    done = lived(program, whole)
    assert done.returncode == 0, done.stderr
    wanted, calls = end_of(whole), done.stdout.strip().splitlines()[-1]
    assert "r" in calls
    ends = deaths(calls)
    for number in np.random.default_rng(len(calls)).permutation(len(ends))[:lives]:
        deadly, how = ends[number]
        folder = tmp_path / f"{deadly}{how}"
        shutil.copytree(start, folder)
        assert lived(program, folder, deadly, how).returncode == 9
        for path, data in end_of(folder).items():
            if path != "registry.json" and not any(p[0] == "." for p in Path(path).parts):
                known = wanted.get(path), end_of(start).get(path)
                assert data in known, f"half of {path} after {deadly}{how}"
        assert lived(program, folder).returncode == 0
        assert end_of(folder) == wanted, (deadly, how)
        shutil.rmtree(folder)


def test_training_killed_ends_the_same(shell, tmp_path):
    shell.good("check", "--data", "world:2:900")
    killed(shell.folder, STEPS % (["train"],), tmp_path, 3)


def test_evaluating_killed_ends_the_same(shell, tmp_path):
    champion = resolve(LATEST)
    shell.candidate("world:2:900")
    words = ["evaluate", "--candidate", LATEST, "--baseline", f"build/runs/{champion.name}"]
    killed(shell.folder, STEPS % (words,), tmp_path, 2)


def test_deploying_killed_ends_the_same(shell, tmp_path):
    run = shell.judged("world:2:8000")
    told = {"models": [load_compared(run.folder).baseline], "aliases": {"prod": 1}, "moves": 0}
    Path("registry.json").write_text(json.dumps(told))
    killed(shell.folder, DEPLOY, tmp_path, 4)


@pytest.mark.slow
def test_deploying_to_mlflow_killed_ends_the_same(shell, tmp_path):
    run = shell.judged("world:2:8000")
    for deadly in (30, 48):  # while it is packed; when the alias has moved
        folder = tmp_path / str(deadly)
        shutil.copytree(shell.folder, folder)
        life = partial(lived, STEPS % (["deploy"],), folder, imports=STORE)
        assert life(deadly).returncode == 9
        moved = Registry(f"sqlite:///{(folder / 'build' / 'registry.db').as_posix()}").at("prod")
        assert moved.number == (2 if deadly == 48 else 1)
        done = life()
        assert done.returncode == 0, done.stderr
        registry = Registry(f"sqlite:///{(folder / 'build' / 'registry.db').as_posix()}")
        assert registry.at("prod").digest == run.model().digest
        assert len(registry.versions()) == 2 and len(registry.history()) == 2
        there = Run(folder / run.folder)
        assert there.read("deployed.json")["version"] == 2
        assert not list(there.folder.glob(".*.new"))


def test_the_verdict_in_a_run_is_the_one_of_its_counts(shell):
    run = shell.judged()
    told = run.read("verdict.json")
    assert told["compared"] == load_compared(run.folder).digest
    assert told["policy"] == digest(POLICY.encode())
    from labsupport.ops.runs.deploying import approved

    verdict = verdict_as_json(approved(run).verdict)
    assert verdict == {key: told[key] for key in verdict}
