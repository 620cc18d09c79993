"""Training on several processes with PyTorch: the model of fit_logistic, whoever is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from itertools import permutations
from pathlib import Path

import numpy as np
import psutil
import pytest

from labsupport.ops.runs import Run, load_snapshot, make_lineage
from labsupport.ops.torch import Checkpoint, TorchError, launch, read_checkpoint, train_on
from labsupport.training import fit_logistic

ROOT = Path(__file__).resolve().parent.parent
CASES = ROOT / "tests" / "torch_cases.py"
PROCESSES = (1, 2, 3)
ROWS = "world:2:8000"  # 8000 is no multiple of 3
FEW = "world:1:2"  # of three processes one has no row
needs_torch = pytest.mark.skipif(not launch.HOME.exists(), reason="no PyTorch here: make torch")
pytestmark = pytest.mark.timeout(600)  # eight starts of PyTorch on a busy machine
kills = pytest.mark.posix_only("torchrun ends its processes with signals")


def new_run(folder: Path, rows: str = ROWS, rate: float = 0.1) -> Run:
    """A run that may be trained, by the rows' own statement: its checks are another test's."""
    data, holdout = load_snapshot(rows), load_snapshot("world:holdout")
    lineage = make_lineage(data, holdout, None, config={"steps": 300, "rate": rate})
    run = Run.create(lineage, folder)
    passed = [{"name": "rows", "passed": True}]
    told = {"decision": "promote", "reason": "", "checks": passed, "lineage": run.lineage_digest}
    run.write("checks.json", told)
    return run


def environment() -> dict[str, str]:
    """Of a torchrun whose processes see this checkout."""
    paths = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    return {**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1"}


def torchrun(processes: int, *words: str, restarts: int = 0) -> subprocess.CompletedProcess:
    command = [*launch.torchrun(processes, restarts), str(CASES), *words]
    return subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=240)


def bits(run: Run) -> str:
    return run.model().digest


# ---- what needs no PyTorch


def test_a_checkpoint_comes_back_bit_for_bit(tmp_path):
    weights = np.array([0.1, -1 / 3, 5e-324, 1e300])
    Checkpoint(25, weights, "a" * 64).save(tmp_path / "c")
    found = read_checkpoint(tmp_path / "c", "a" * 64)
    assert (found.step, found.lineage) == (25, "a" * 64)
    assert found.weights.tobytes() == weights.tobytes()
    assert read_checkpoint(tmp_path / "none", "a" * 64) is None


def test_a_checkpoint_with_any_byte_changed_or_cut_is_refused(tmp_path):
    path = tmp_path / "c"
    Checkpoint(25, np.array([0.1, 2.0]), "a" * 64).save(path)
    data = path.read_bytes()
    spoiled = [data[:i] + bytes([data[i] ^ 1]) + data[i + 1 :] for i in range(len(data))]
    for wrong in [*spoiled, *(data[:cut] for cut in range(len(data))), data + data, b"[]", b"{}"]:
        path.write_bytes(wrong)
        with pytest.raises(ValueError, match=r"c (was altered|is of lineage)"):
            read_checkpoint(path, "a" * 64)


def test_a_checkpoint_of_another_lineage_is_refused(tmp_path):
    Checkpoint(25, np.array([0.1]), "a" * 64).save(tmp_path / "c")
    with pytest.raises(ValueError, match="of lineage aaaaaaaaaaaa, and this run's is bbbb"):
        read_checkpoint(tmp_path / "c", "b" * 64)


def test_without_pytorch_one_is_told_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setattr(launch, "HOME", tmp_path)
    with pytest.raises(TorchError, match="make torch"):
        train_on(tmp_path, 2)
    with pytest.raises(ValueError, match="at least one process; got 0"):
        train_on(tmp_path, 0)


# ---- one group of processes for all that needs no kill


@pytest.fixture(scope="module", params=PROCESSES)
def group(request, tmp_path_factory):
    """(processes, runs by name, each process's statuses by name, each process's sums)."""
    processes, home = request.param, tmp_path_factory.mktemp("torch")
    runs, cases = {}, {}

    def case(name: str, *words: str, stop: int | None = None, again: str = "", **made) -> None:
        run = runs.get(again) or new_run(home / name, **made)
        runs[name] = run
        cases[name] = {"words": [str(run.folder), *words], "stop": stop}

    case("once")
    case("again")
    case("stopped", stop=138)
    case("resumed", again="stopped")
    case("done already", again="once")
    case("few", rows=FEW)
    case("chunks", "--reduction", "chunks")
    case("few chunks", "--reduction", "chunks", rows=FEW)
    case("NaN", rate=1e308)
    case("altered", "--every", "1")
    runs["altered"].write("checkpoint.json", b"{}")
    case("other's")
    Checkpoint(3, np.zeros(12), "a" * 64).save(runs["other's"].folder / "checkpoint.json")
    case("unchecked")
    (runs["unchecked"].folder / "checks.json").unlink()
    (home / "cases.json").write_text(json.dumps([*cases.values()]))
    done = torchrun(processes, str(home / "cases.json"))
    assert done.returncode == 0, done.stderr[-3000:]
    told = [json.loads((home / f"cases.{r}.json").read_text()) for r in range(processes)]
    statuses = {name: [t["statuses"][i] for t in told] for i, name in enumerate(cases)}
    return processes, runs, statuses, [t["sums"] for t in told], done.stderr


@pytest.mark.slow
@needs_torch
@kills
@pytest.mark.parametrize("name", ["once", "resumed", "few", "chunks", "few chunks"])
def test_the_model_is_fit_logistics(group, name):
    processes, runs, statuses, *_ = group
    assert statuses[name] == [0] * processes
    rows = FEW if "few" in name else ROWS
    wanted = fit_logistic(load_snapshot(rows).examples)
    assert np.abs(runs[name].model().weights - wanted).max() < 1e-6
    left = {path.name for path in runs[name].folder.iterdir()}
    assert left == {"lineage.json", "checks.json", "model.json", ".training"}


@pytest.mark.slow
@needs_torch
@kills
def test_again_and_resumed_it_has_the_same_bits(group):
    processes, runs, statuses, *_ = group
    assert statuses["stopped"] == [69] * processes and statuses["done already"] == [0] * processes
    assert bits(runs["once"]) == bits(runs["again"]) == bits(runs["resumed"])


CHUNKED = {}


@pytest.mark.slow
@needs_torch
@kills
def test_in_chunks_the_number_of_processes_does_not_matter(group):
    processes, runs, *_ = group
    CHUNKED[processes] = bits(runs["chunks"]), bits(runs["few chunks"])
    assert len(set(CHUNKED.values())) == 1, CHUNKED


@pytest.mark.slow
@needs_torch
@kills
def test_whoever_comes_first_the_sums_are_the_same(group):
    """All processes have one and the same sum each time, which is that of some order."""
    processes, *_, sums, _ = group
    found = {tuple(row) for told in sums for row in told[1:]}
    assert len(found) == 1 and all(len(told) == 41 for told in sums)
    own = np.array([[float.fromhex(x) for x in told[0]] for told in sums])
    total = np.array([float.fromhex(x) for x in found.pop()])
    for column, value in zip(own.T, total, strict=True):
        orders = {sum(order[1:], order[0]) for order in map(list, permutations(column.tolist()))}
        assert value in orders
    # The control: added as they arrive, three would not always make the same.
    differ = [len({sum(order) for order in permutations(column)}) > 1 for column in own.T.tolist()]
    assert any(differ) == (processes > 2)


@pytest.mark.slow
@needs_torch
@kills
@pytest.mark.parametrize(
    ("name", "status", "said"),
    [
        ("NaN", 65, "After 1 steps the loss is nan"),
        ("altered", 65, "checkpoint.json was altered or cut; delete it"),
        ("other's", 65, "checkpoint.json is of lineage aaaaaaaaaaaa"),
        ("unchecked", 65, "was not checked; run `lab check`"),
    ],
)
def test_what_cannot_be_trained_ends_with_a_status_and_without_a_model(group, name, status, said):
    processes, runs, statuses, _, stderr = group
    alone = name in {"altered", "other's"}  # process 0 sees it, and the others lose process 0
    assert statuses[name] == [status] + [69 if alone else status] * (processes - 1)
    assert said in stderr
    assert not (runs[name].folder / "model.json").exists()


# ---- kill -9


@pytest.mark.slow
@needs_torch
@kills
def test_whoever_is_killed_at_whatever_step_the_restarted_job_ends_alike(tmp_path):
    plain, killed = new_run(tmp_path / "plain"), new_run(tmp_path / "killed")
    train_on(plain.folder, 2)
    when = "1:1,0:26,1:60,0:model"  # restarted with nothing, with one checkpoint, with two ...
    done = torchrun(2, "die", when, str(killed.folder), restarts=4)
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stderr.count("failed (exitcode: -9)") >= 4 or "Signal 9" in done.stderr
    assert bits(killed) == bits(plain)
    assert not (killed.folder / "checkpoint.json").exists()


@pytest.mark.slow
@needs_torch
@kills
@pytest.mark.parametrize("when", ["1:200", "0:300"])
def test_a_process_that_dies_leaves_a_status_and_a_checkpoint_and_no_model(tmp_path, when):
    run = new_run(tmp_path)
    done = torchrun(2, "die", when, str(run.folder))
    assert done.returncode == 1, done.stderr[-3000:]
    assert not (run.folder / "model.json").exists()
    step = int(when.split(":")[1])
    found = read_checkpoint(run.folder / "checkpoint.json", run.lineage_digest)
    assert found.step == (step - 1) // 25 * 25


@pytest.mark.slow
@needs_torch
@kills
def test_lab_train_goes_on_after_the_whole_job_was_killed(tmp_path):
    run = new_run(tmp_path)
    command = [*launch.torchrun(2), str(CASES), "die", "9:9", str(run.folder), "--every", "1"]
    job = psutil.Popen(command, env=environment(), stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 200
    while not (run.folder / "checkpoint.json").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    family = [job, *job.children(recursive=True)]
    for process in family:
        process.send_signal(signal.SIGKILL)
    psutil.wait_procs(family)
    assert not (run.folder / "model.json").exists()
    command = [sys.executable, "-m", "labsupport.cli", "train", str(run.folder), "--torch", "2"]
    ended = subprocess.run(command, env=environment(), capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr[-3000:]
    assert "Trained: model " in ended.stdout
    wanted = fit_logistic(load_snapshot(ROWS).examples)
    assert np.abs(run.model().weights - wanted).max() < 1e-6
