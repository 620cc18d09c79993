"""policy.toml, `lab report` and `lab gate`: what a file may say, what is decided, what is written,
and every exit status.
"""

from __future__ import annotations

import json
import subprocess
import sys
import types
from pathlib import Path

import numpy as np
import pytest
from deaths import deaths, lived
from refusals import is_sentence

from labsupport.cli import main
from labsupport.gate import Policy, gate
from labsupport.ops import Compared, Policies, PolicyError, judge_compared, read_policy
from labsupport.ops.registry import RegistryUnavailable
from labsupport.ops.verdicts import gate_run, report_run
from labsupport.outcomes import PairedOutcomes
from labsupport.scores import PairedAUC, compare_auc

A, B = PairedOutcomes(860, 60, 20, 60), PairedOutcomes(900, 50, 10, 40)
OUTCOMES = PairedOutcomes(*(A + B).cells, slices={"group=A": A, "group=B": B})
GOOD = "min_gain = 0.005\nmax_gap = 0.1\nmax_slice_loss = 0.01\n"


def compared(outcomes: PairedOutcomes = OUTCOMES, auc: PairedAUC | None = None) -> Compared:
    return Compared(outcomes, auc, "a" * 64, "b" * 64, "c" * 64)


def areas(slices: bool = True) -> PairedAUC:
    rng = np.random.default_rng(1)
    y = rng.integers(0, 2, 2000)
    good, bad = (y * size + rng.normal(size=2000) for size in (2, 1))
    names = np.where(rng.random(2000) < 0.5, "group=A", "group=B")
    return compare_auc(y, good, bad, names if slices else None)


@pytest.fixture
def run(tmp_path: Path, monkeypatch) -> Path:
    """A folder in which two models were compared, and a policy beside it."""
    monkeypatch.chdir(tmp_path)
    compared().save(tmp_path / "run")
    Path("policy.toml").write_text(GOOD)
    return tmp_path / "run"


def lab(*words: object) -> int:
    try:
        return main([str(word) for word in words])
    except SystemExit as done:  # argparse's
        return done.code


def policy(text: str | bytes) -> Policies:
    path = Path("policy.toml")
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_policy(path)


# ---- the file


@pytest.mark.parametrize(
    ("text", "accuracy", "auc"),
    [
        ("min_gain = 0.005", Policy(0.005, None), None),
        ("min_gain = -0.005\r\nconfidence = 0.9\r\n", Policy(-0.005, None, None, 0.9), None),
        (b"\xef\xbb\xbfmax_gap = 1", Policy(None, 1), None),
        ("max_slice_loss = 0", Policy(None, None, 0), None),
        (
            'max_slice_loss = {"group=A" = 0.01, "..." = 0.02}',
            Policy(None, None, {"group=A": 0.01, ...: 0.02}),
            None,
        ),
        ("[auc]\nmin_gain = 0.0", None, Policy(0.0, None)),
        ("confidence = 0.9\n[auc]\nmin_gain = 0.0", None, Policy(0.0, None, None, 0.9)),
        (
            "min_gain = 0.1\nconfidence = 0.9\n[auc]\nmax_slice_loss = {a = 0.1}\nconfidence = 0.8",
            Policy(0.1, None, None, 0.9),
            Policy(None, None, {"a": 0.1}, 0.8),
        ),
    ],
)
def test_a_file_says_what_is_checked_and_nothing_else_is(run, text, accuracy, auc) -> None:
    assert policy(text) == Policies(accuracy, auc)


BROKEN = [
    ("", "checks nothing"),
    ("confidence = 0.95", "checks nothing"),
    ("[auc]", "checks nothing"),
    ("[auc]\nconfidence = 0.9", "checks nothing"),
    ("min_gian = 0.1", "the key 'min_gian' is unknown; it may be meant for min_gain"),
    ("margin = 0.1", "is unknown; a policy has min_gain, max_gap, max_slice_loss, confidence"),
    ("min_gain = 0.1\n[auc]\nmin_gian = 0.1", "it may be meant for min_gain"),
    ("min_gain = 0.1\n[AUC]\nmin_gain = 0.1", "the key 'AUC' is unknown"),
    ("min_gain = 0.1\nauc = 0.9", "auc is a table"),
    ("min_gain = 0.1\n[[auc]]\nmin_gain = 0.1", "auc is a table"),
    ("[auc]\nmax_gap = 0.1", "a gap is one of accuracy"),
    ('min_gain = "0.005"', "must be a number"),
    ("min_gain = true", "must be a number"),
    ("min_gain = [0.1]", "must be a number"),
    ("min_gain = {a = 0.1}", "must be a number"),
    ("min_gain = 2026-01-01", "must be a number"),
    ("min_gain = nan", "finite"),
    ("max_gap = inf", "finite"),
    ("max_slice_loss = {a = nan}", "finite"),
    ("max_slice_loss = {a = -inf}", "finite"),
    ("confidence = nan\nmin_gain = 0", "finite"),
    ("confidence = 1\nmin_gain = 0", "probability"),
    ("confidence = 95\nmin_gain = 0", "probability"),
    ("min_gain = 5", "share of rows"),
    ("max_gap = -0.1", "share of rows"),
    ("max_slice_loss = -0.1", "share of rows"),
    ("min_gain = 1e999999999", "finite"),
    ("max_slice_loss = {}", "names at least one"),
    ("max_slice_loss = {group.A = 0.1}", "must be a number"),
    ("min_gain = 0.1\nmin_gain = 0.2", "Cannot overwrite"),
    ("min_gain: 0.1", "policy.toml is no policy"),
    (b"min_gain = 0.1 # \xff", "policy.toml is no policy"),
    (b"PK\x03\x04", "policy.toml is no policy"),
    ("a = " + "[" * 10_000, "policy.toml is no policy"),
]


@pytest.mark.parametrize(("text", "words"), BROKEN)
def test_a_file_that_is_no_policy_is_refused_in_one_sentence(run, capsys, text, words) -> None:
    with pytest.raises(PolicyError) as caught:
        policy(text)
    assert is_sentence(said := str(caught.value)) and words in said
    for command in ("gate", "report"):
        assert lab(command, run, "--policy", "policy.toml") == 65
        out, err = capsys.readouterr()
        assert out == "" and err == f"lab: {said}\n"
    assert [path.name for path in run.iterdir()] == ["outcomes.json"]


# ---- the decision


@pytest.mark.parametrize("asked", [Policy(), Policy(0.0, None, 0.01, 0.95), Policy(None, 0.001)])
def test_on_accuracy_it_is_the_gates_own_decision(asked) -> None:
    assert judge_compared(compared(), Policies(asked)) == gate(OUTCOMES, asked)


def test_accuracy_and_auc_must_both_hold() -> None:
    both = compared(auc=areas())
    lax, strict = Policy(0.005, None), Policy(0.3, None)
    decided = {
        (first, second): judge_compared(both, Policies(first, second)).decision
        for first in (lax, strict, None)
        for second in (lax, strict)
    }
    assert decided == {
        (lax, lax): "promote", (lax, strict): "block", (strict, lax): "block",
        (strict, strict): "block", (None, lax): "promote", (None, strict): "block",
    }  # fmt: skip


def test_an_auc_that_was_not_measured_has_failed() -> None:
    asked = Policies(Policy(0.005, None), Policy(0.0, None, {"group=A": 0.1}))
    verdict = judge_compared(compared(), asked)
    assert verdict.decision == "block" and verdict.reason == "blocked: auc gain failed"
    found = [(check.name, check.passed) for check in verdict.checks]
    assert found == [("gain", True), ("auc gain", False), ("auc slice loss", False)]


@pytest.mark.parametrize("losses", [0.5, {"group=A": 0.5, ...: 0.5}, {"group=A": 0.5}])
def test_a_slice_without_an_auc_has_failed_where_it_is_asked_for(losses) -> None:
    whole = areas()
    lost = PairedAUC(
        whole.n, whole.exact_candidate, whole.exact_baseline, whole.standard_error, whole.fewest,
        {"group=A": whole.slices["group=A"]},
    )  # fmt: skip
    asked = Policies(None, Policy(None, None, losses))
    assert judge_compared(compared(auc=whole), asked).decision != "block"
    verdict = judge_compared(compared(auc=lost), asked)
    failed = [check.slice for check in verdict.checks if check.passed is False]
    covered = not isinstance(losses, dict) or ... in losses
    assert failed == ["group=B"] * covered
    assert verdict.decision == ("block" if covered else "promote")


def test_the_rest_of_the_slices_has_its_own_bound() -> None:
    asked = {"group=A": 0.001, ...: 1.0}
    worse = PairedOutcomes(900, 0, 10, 90)
    for name, decision in (("group=A", "block"), ("group=B", "promote")):
        slices = {"group=A": A, "group=B": B} | {name: worse}
        outcomes = PairedOutcomes(*sum(slices.values()).cells, slices=slices)
        verdict = judge_compared(compared(outcomes), Policies(Policy(None, None, asked)))
        assert verdict.decision == decision


# ---- the commands


@pytest.mark.parametrize(
    ("text", "status", "decision"),
    [
        (GOOD, 0, "promote"),
        ("min_gain = 0.5", 1, "block"),
        ("min_gain = 0.035\nconfidence = 0.95", 2, "inconclusive"),
        ("[auc]\nmin_gain = 0.0", 1, "block"),
    ],
)
def test_the_exit_status_is_the_verdict(run, capsys, text, status, decision) -> None:
    policy(text)
    assert lab("gate", run, "--policy", "policy.toml") == status
    out, err = capsys.readouterr()
    assert out.splitlines()[-1].startswith(decision.upper()) and err == ""
    told = json.loads((run / "verdict.json").read_text())
    assert told["decision"] == decision and told["compared"] == compared().digest
    assert (run / "policy.toml").read_text() == text
    assert lab("gate", run, "--json") == status  # by the policy that it kept
    again = json.loads(capsys.readouterr().out)
    assert again == {key: told[key] for key in ("decision", "reason", "checks", "compared")}


def test_latest_names_a_run(run, capsys) -> None:
    named = run.rename(run.with_name("0123456789ab"))
    Path("latest").write_text(f"{named.name}\n")
    assert lab("gate", "latest", "--policy", "policy.toml") == 0
    assert lab("report", "latest") == 0
    assert {path.name for path in named.iterdir()} >= {"verdict.json", "report.md"}


def test_as_a_process_too(run) -> None:
    command = [sys.executable, "-m", "labsupport.cli", "gate", str(run), "--policy"]
    for text, status in ((GOOD, 0), ("min_gain = 0.5", 1), ("min_gian = 0.5", 65)):
        Path("policy.toml").write_text(text)
        done = subprocess.run([*command, "policy.toml"], capture_output=True, text=True)
        assert done.returncode == status, done.stderr


UNDECIDED = [
    ("gate", 64),
    ("gate run --wrong", 64),
    ("gate run --policy", 64),
    ("gate run prod", 64),
    ("gate run registry:", 64),
    ("gate run --registry sqlite:///x.db", 64),
    ("gate run registry:prod more", 64),
    ("report", 64),
    ("report run --wrong", 64),
    ("gaet run", 64),
    ("evals compare a b --wrong", 64),
    ("", 64),
    ("gate run", 66),
    ("gate run --policy none.toml", 66),
    ("gate none --policy policy.toml", 66),
    ("report none", 66),
    ("report run --policy none.toml", 66),
    ("gate half --policy policy.toml", 65),
    ("report half", 65),
]


@pytest.mark.parametrize(("words", "status"), UNDECIDED)
def test_what_decides_nothing_has_no_status_of_a_verdict(run, capsys, words, status) -> None:
    Path("half").mkdir()
    whole = (run / "outcomes.json").read_bytes()
    Path("half/outcomes.json").write_bytes(whole[: len(whole) // 2])
    assert lab(*words.split()) == status
    out, err = capsys.readouterr()
    assert out == "" and err.splitlines()[-1].startswith("lab")
    assert [path.name for path in run.iterdir()] == ["outcomes.json"]


def test_a_fault_of_the_lab_is_no_verdict(run, monkeypatch, capsys) -> None:
    def broken(*_):
        raise RuntimeError("it broke")

    monkeypatch.setattr("labsupport.ops.verdicts.folder.judge_compared", broken)
    assert lab("gate", run, "--policy", "policy.toml") == 70
    assert "fault of the lab" in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_is_no_verdict(run, monkeypatch, capsys) -> None:
    def full(path, data):
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr("labsupport.ops.verdicts.folder.replace_whole", full)
    for command in ("gate", "report"):
        assert lab(command, run, "--policy", "policy.toml") == 74
        assert "No space left" in capsys.readouterr().err


def test_the_report_comes_before_the_gate_and_stays_the_same(run, capsys) -> None:
    assert lab("report", run, "--policy", "policy.toml") == 0
    first = (run / "report.md").read_bytes()
    assert capsys.readouterr().out.encode() == first and first.startswith(b"## Promote: ")
    assert {path.name for path in run.iterdir()} == {"outcomes.json", "report.md"}
    lab("gate", run, "--policy", "policy.toml")
    assert lab("report", run) == 0 and (run / "report.md").read_bytes() == first


def test_the_report_says_that_a_verdict_is_stale(run, capsys) -> None:
    lab("gate", run, "--policy", "policy.toml")
    capsys.readouterr()
    other = PairedOutcomes(*B.cells, slices={"group=A": B})
    compared(other).save(run)
    assert lab("report", run) == 0
    words = "verdict.json in the folder is stale: it says promote about another comparison"
    assert words in capsys.readouterr().out
    lab("gate", run)
    policy("min_gain = 0.5")
    lab("report", run, "--policy", "policy.toml")
    assert "stale: it says block by another policy" in capsys.readouterr().out
    for spoilt in ("{", "[]", "null", "{}"):
        (run / "verdict.json").write_text(spoilt)
        assert lab("report", run) == 0
        assert "verdict.json in the folder cannot be understood" in capsys.readouterr().out
    lab("gate", run)
    capsys.readouterr()
    lab("report", run)
    assert "verdict.json" not in capsys.readouterr().out


def test_without_a_policy_the_report_has_numbers_and_no_verdict(run, capsys) -> None:
    assert lab("report", run) == 0
    assert capsys.readouterr().out.startswith("## Not judged: no policy was given\n")
    assert lab("report", run, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["decision"] is None and told["verdict"] is None
    assert [row["slice"] for row in told["table"]] == [None, "group=A", "group=B"]
    assert told["table"][0]["gain"] == OUTCOMES.gain


def test_a_picture_is_linked_and_its_address_leads_out_of_nothing(run, capsys) -> None:
    assert lab("report", run, "--picture", 'https://x.yz/a.png"><script>') == 0
    out = capsys.readouterr().out
    assert '<img alt="' in out and "<script>" not in out


def test_what_a_terminal_cannot_show_does_not_stop_the_report(run) -> None:
    compared(PairedOutcomes(*A.cells, slices={"größe=\ud800ß→": A})).save(run)
    for command in ("report", "gate"):
        done = subprocess.run(
            [sys.executable, "-m", "labsupport.cli", command, str(run), "--policy", "policy.toml"],
            capture_output=True, env={"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"},
        )  # fmt: skip
        assert done.returncode == (1 if command == "gate" else 0), done.stderr


# ---- the registry


@pytest.fixture
def registry(monkeypatch) -> dict:
    """A registry that knows what the test puts into it: alias -> digest."""
    aliases: dict = {}

    class Registry:
        def __init__(self, uri, name, progress):
            aliases["asked"] = (uri, name)

        def at(self, alias):
            digest = aliases.get(alias)
            if isinstance(digest, Exception):
                raise digest
            return digest and types.SimpleNamespace(digest=digest)

    monkeypatch.setattr("labsupport.ops.registry.registry.Registry", Registry)
    return aliases


@pytest.mark.parametrize(
    ("held", "status", "words"),
    [
        ({"prod": "c" * 64}, 0, ""),
        ({"prod": "d" * 64}, 69, "registry:prod is dddddddddddd and the baseline evaluated is ccc"),
        ({"prod": RegistryUnavailable("nobody answers there.")}, 69, "nobody answers there."),
        ({"candidate": "c" * 64}, 69, "no version with the alias 'prod'"),
    ],
)
def test_the_gate_refuses_when_the_alias_is_another_model(
    run, capsys, registry, held, status, words
) -> None:
    registry.update(held)
    command = ("gate", run, "registry:prod", "--policy", "policy.toml")
    assert lab(*command, "--registry", "sqlite:///x.db", "--name", "mine") == status
    assert words in capsys.readouterr().err
    assert registry["asked"] == ("sqlite:///x.db", "mine")
    assert (run / "verdict.json").exists() == (status == 0)


# ---- kills


LIFE = """
from pathlib import Path
from labsupport.ops.verdicts import gate_run, report_run
run = Path(folder) / "run"
gate_run(run, Path(folder) / "policy.toml")
report_run(run)
"""


def files(folder: Path) -> dict[str, bytes]:
    """What is in a folder; what a kill left beside a file is read by nobody."""
    return {p.name: p.read_bytes() for p in folder.iterdir() if not p.name.startswith(".")}


def test_killed_anywhere_and_done_again_the_files_are_the_same(run, tmp_path) -> None:
    calls = lived(LIFE, tmp_path).stdout.strip()
    assert calls.count("r") == 3
    whole = files(run)
    earlier = PairedOutcomes(*B.cells, slices={"group=A": B})
    for death, how in deaths(calls):
        for path in run.iterdir():
            path.unlink()
        compared(earlier).save(run)
        gate_run(run, tmp_path / "policy.toml")
        before = files(run)
        compared().save(run)
        assert lived(LIFE, tmp_path, death, how).returncode == 9
        for name, data in files(run).items():
            assert data in (whole.get(name), before.get(name)), f"half of {name}"
        gate_run(run, tmp_path / "policy.toml")
        report_run(run)
        assert files(run) == whole
