"""The model in a bundle: only what a gate promoted goes in, only verified bytes answer."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import tomllib
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from deaths import ROOT
from hypothesis import given
from hypothesis import strategies as st
from refusals import is_sentence, refuses

from labsupport.checks import Check
from labsupport.delivery import (
    Bundle,
    BundleError,
    load_model,
    mixed_versions,
    pack_model,
    same_everywhere,
)
from labsupport.delivery.model import PARTS
from labsupport.delivery.packing import RUNTIME
from labsupport.gate import Policy, Verdict, gate
from labsupport.outcomes import PairedOutcomes
from labsupport.training import predict

POLICY = Policy(min_gain=0.005, max_gap=None, max_slice_loss={"new": Fraction(1, 100), ...: 0.02})
CHECKS = (
    Check("gain", None, 0.01, 0.005, True, "The gain clears the margin."),
    Check("slice loss", "new", 0.0, 0.01, True, "Nothing was lost."),
)
PROMOTED = Verdict("promote", "promoted", CHECKS)
WEIGHTS = np.array([0.1, -1 / 3, 5e-324, -0.0, 1e308])
OF = {"data": "a" * 64, "code": "b" * 64}
A, B, C = (letter * 64 for letter in "abc")


def packed(tmp_path, weights=WEIGHTS, **others) -> Bundle:
    return pack_model(tmp_path / "model", weights, POLICY, PROMOTED, **OF | others)


def test_a_model_comes_back_bit_by_bit(tmp_path):
    mean, scale = np.linspace(-1, 1, 5), np.array([1 / 3, 2.0, -1.0, 1e-9, 1.0])
    bundle = packed(tmp_path, mean=mean, scale=scale, serving={"limit": 0.1}, parent=C)
    model = load_model(Bundle.open(bundle.path, bundle.digest))
    for there, asked in ((model.weights, WEIGHTS), (model.mean, mean), (model.scale, scale)):
        assert there.tobytes() == asked.tobytes()
    assert model.digest == bundle.digest
    assert model.lineage == OF | {"parent": C}
    assert model.serving == {"limit": 0.1}
    assert set(bundle.files) == {f"{part}.json" for part in PARTS}


def test_it_answers_as_the_model_that_was_trained(tmp_path):
    rng = np.random.default_rng(0)
    X, weights, mean = rng.normal(size=(500, 3)), rng.normal(size=3), rng.normal(size=3)
    model = load_model(packed(tmp_path, weights, mean=mean, scale=np.full(3, 2.0)))
    answers = model.predict(X)
    assert answers.shape == (500,) and set(answers.tolist()) == {0, 1}
    assert answers.tolist() == predict(weights, (X - mean) / 2).tolist()
    assert answers.tolist() != predict(weights, X).tolist()  # the transform is part of the model
    with refuses(ValueError, "This model wants 3 features a row"):
        model.predict(X[:, :2])
    with pytest.raises(ValueError, match="A logit is NaN"):
        model.predict(X * np.nan)


def test_policy_and_verdict_lie_beside_the_weights(tmp_path):
    bundle = packed(tmp_path)
    policy, verdict, runtime = (
        json.loads(bundle.read(f"{part}.json")) for part in ("policy", "verdict", "runtime")
    )
    assert policy["min_gain"] == "0.005" and policy["max_slice_loss"] == {
        "new": "1/100",
        "...": "0.02",
    }
    assert [check[-1] for check in verdict["checks"]] == [check.sentence for check in CHECKS]
    assert (verdict["decision"], runtime) == ("promote", RUNTIME)


def test_the_runtime_is_what_the_lab_wants():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [line.split(" ", 1) for line in project["dependencies"] if line.startswith("numpy ")]
    assert {"python": project["requires-python"]} | dict(wanted) == RUNTIME


SAME = """
import sys
from pathlib import Path
import numpy as np
sys.path.insert(0, sys.argv[2])
from test_delivery_model import packed
print(packed(Path(sys.argv[1])).digest)
"""


def test_the_digest_of_a_model_is_the_same_in_every_process(tmp_path):
    digests = set()
    for seed in ("0", "1"):
        place = tmp_path / seed
        done = subprocess.run(
            [sys.executable, "-c", SAME, place, ROOT / "tests"],
            capture_output=True, text=True, check=True, cwd=tmp_path,
            env={"PYTHONPATH": str(ROOT), "PYTHONHASHSEED": seed, "TZ": "Asia/Tokyo"},
        )  # fmt: skip
        digests.add(done.stdout.strip())
    assert digests == {packed(tmp_path).digest}


CHANGES = {
    "weights": {"weights": np.nextafter(WEIGHTS, 1)},
    "the sign of a zero": {"weights": np.abs(WEIGHTS) * [1, -1, 1, 1, 1]},
    "mean": {"mean": np.ones(5)},
    "scale": {"scale": np.full(5, 2.0)},
    "serving": {"serving": {"limit": 1}},
    "data": {"data": C},
    "code": {"code": C},
    "parent": {"parent": C},
}


@pytest.mark.parametrize("kind", CHANGES)
def test_whatever_is_part_of_a_model_is_part_of_its_digest(kind, tmp_path):
    assert packed(tmp_path / "a").digest != packed(tmp_path / "b", **CHANGES[kind]).digest


NOT_PROMOTED = {
    "blocked": gate(PairedOutcomes(80, 5, 6, 9), POLICY),
    "in doubt": Verdict("inconclusive", "gain in doubt", (replace(CHECKS[0], passed=None),)),
    "without checks": Verdict("promote", "promoted", ()),
    "with a failed check": Verdict(
        "promote", "promoted", (*CHECKS, replace(CHECKS[0], passed=False))
    ),
    "with a check in doubt": Verdict("promote", "promoted", (replace(CHECKS[0], passed=None),)),
    "of another word": Verdict("promoted", "promoted", CHECKS),
}


@pytest.mark.parametrize("kind", NOT_PROMOTED)
def test_what_no_gate_has_promoted_is_not_packed(kind, tmp_path):
    with refuses(BundleError, "pack what it promotes"):
        pack_model(tmp_path / "model", WEIGHTS, POLICY, NOT_PROMOTED[kind], **OF)
    assert not (tmp_path / "model").exists()


@pytest.mark.parametrize(
    "numbers",
    [
        {"weights": [0.1, math.nan]},
        {"weights": [0.1, math.inf]},
        {"weights": []},
        {"weights": [[0.1, 0.2]]},
        {"weights": 0.1},
        {"weights": [1.0, 2.0], "mean": [0.0]},
        {"weights": [1.0, 2.0], "mean": 0.0},
        {"weights": [1.0, 2.0], "scale": [1.0, 0.0]},
        {"weights": [1.0, 2.0], "scale": [1.0, math.nan]},
    ],
    ids=str,
)
def test_numbers_that_cannot_answer_are_not_packed(numbers, tmp_path):
    with refuses(ValueError, "must be finite numbers, one of each for every feature"):
        packed(tmp_path, **numbers)


@pytest.mark.parametrize("lineage", [{"data": ""}, {"code": None}, {"parent": ""}, {"data": 7}])
def test_a_model_that_came_from_nowhere_is_not_packed(lineage, tmp_path):
    with refuses(ValueError, "Data, code and parent must be texts"):
        packed(tmp_path, **lineage)


def repacked(bundle: Bundle, part: str, change) -> Bundle:
    """A bundle that is whole, and whose maker changed one part of a model's."""
    plain = bundle.path.parent / "plain"
    plain.mkdir()
    for name in bundle.files:
        (plain / name).write_bytes(bundle.read(name))
    file = plain / f"{part}.json"
    if change is None:
        file.unlink()
    elif isinstance(change, bytes):
        file.write_bytes(change)
    else:
        file.write_text(json.dumps(change(json.loads(file.read_bytes()))), encoding="utf-8")
    return Bundle.pack(plain, bundle.path.parent / "again")


def with_checks(*passed):
    return lambda said: said | {"checks": [["gain", None, "0x1p0", one, "!"] for one in passed]}


@pytest.mark.parametrize(
    ("part", "change", "words"),
    [
        *((part, None, f"has no '{part}.json'") for part in PARTS),
        *((part, b"\xff{", f"{part}.json is no JSON") for part in PARTS),
        ("weights", b"[" * 10**5, "weights.json is no JSON"),
        *(
            (part, lambda _: 7, "holds no model of this lab")
            for part in ("weights", "transform", "serving", "verdict", "lineage")
        ),
        ("weights", lambda _: "12345", "holds no model of this lab"),
        ("weights", lambda _: {"0x1p0": 1}, "holds no model of this lab"),
        ("weights", lambda _: [0.5] * 5, "holds no model of this lab"),
        ("weights", lambda _: ["0x1p99999"] * 5, "holds no model of this lab"),
        ("weights", lambda _: ["nan"] * 5, "holds a model that cannot answer"),
        ("weights", lambda _: ["inf"] * 5, "holds a model that cannot answer"),
        ("weights", lambda there: there[:4], "holds a model that cannot answer"),
        ("transform", lambda there: there | {"scale": ["0x0p0"] * 5}, "that cannot answer"),
        ("transform", lambda there: {"mean": there["mean"]}, "holds no model of this lab"),
        ("lineage", lambda there: there | {"data": 7}, "that came from nowhere"),
        ("lineage", lambda there: {"data": "a", "code": "b"}, "holds no model of this lab"),
        ("verdict", lambda there: there | {"decision": "block"}, "that a gate has promoted"),
        ("verdict", with_checks(), "that a gate has promoted"),
        ("verdict", with_checks(True, False), "that a gate has promoted"),
        ("verdict", with_checks(True, None), "that a gate has promoted"),
        ("verdict", with_checks("True"), "that a gate has promoted"),
        ("verdict", with_checks(1), "that a gate has promoted"),
        ("verdict", lambda there: there | {"checks": [[]]}, "holds no model of this lab"),
    ],
)  # fmt: skip
def test_a_whole_bundle_that_holds_no_model_is_refused(part, change, words, tmp_path):
    bundle = repacked(packed(tmp_path), part, change)
    assert Bundle.open(bundle.path).digest == bundle.digest
    with refuses(BundleError, words):
        load_model(bundle)


@given(part=st.sampled_from(PARTS), place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_a_model_is_made_of_verified_bytes_alone(part, place, bit, tmp_path_factory):
    """What is changed after the bundle was opened changes no answer: it is refused."""
    bundle = packed(tmp_path_factory.mktemp("model"))
    file = bundle.path / f"{part}.json"
    data = bytearray(file.read_bytes())
    data[int(place * len(data))] ^= 1 << bit
    file.write_bytes(data)
    with refuses(BundleError, f"{part}.json was changed"):
        load_model(bundle)


def test_a_loaded_model_needs_its_folder_no_longer(tmp_path):
    bundle = packed(tmp_path)
    model = load_model(bundle)
    for name in bundle.files:
        (bundle.path / name).write_bytes(b"!")
    assert model.predict(np.ones((1, 5))).tolist() == [1]


# What was judged, delivered and served


@pytest.mark.parametrize(
    ("digests", "passed", "words"),
    [
        ((A, A, {"r1": A, "r2": A}), (True, True), "All 2 replicas that are up serve"),
        ((A, A, {"r1": A, "r2": None}), (True, True), "what was judged, and 1 are down"),
        ((A, A, {"r1": A, "r2": B}), (True, False), "1 of 2 replicas serve another bundle: r2"),
        ((A, B, {"r1": B, "r2": B}), (False, False), "2 of 2 replicas serve another bundle: r1"),
        ((A, B, {"r1": A}), (False, True), "All 1 replicas that are up serve"),
        ((A, A, {"r1": None}), (True, None), "No replica is up"),
        ((A, A, {}), (True, None), "No replica is up"),
        ((A, A, {"r1": ""}), (True, False), "1 of 1 replicas serve another bundle"),
        ((None, None, {"r1": None}), (False, False), "Nobody knows what was evaluated"),
        (("", "", {"r1": ""}), (False, False), "Nobody knows what was evaluated"),
        ((A, None, {"r1": A}), (False, True), "All 1 replicas that are up serve"),
        ((A[:12], A[:12], {"r1": A[:12]}), (False, False), "Nobody knows what was evaluated"),
    ],
)  # fmt: skip
def test_what_was_judged_delivered_and_served_must_be_one(digests, passed, words):
    checks = same_everywhere(*digests)
    assert [check.name for check in checks] == ["delivered", "served"]
    assert tuple(check.passed for check in checks) == passed
    assert words in checks[1].sentence
    assert all(is_sentence(check.sentence) for check in checks)
    assert all(check.passed or check.value != 0 for check in checks)


@pytest.mark.parametrize(
    ("served", "words"),
    [
        ({}, None),
        ({"r1": None}, None),
        ({"r1": A, "r2": A, "r3": None}, None),
        ({"r1": B, "r2": A, "r3": A}, f"2 bundles, {A[:12]} on r2, r3; {B[:12]} on r1; bring"),
        ({"r1": A, "r2": B, "r3": C, "r4": None}, "serves 3 bundles"),
        ({f"r{i}": A if i else B for i in range(9)}, "on r1, r2, r3 and 5 more"),
    ],
)
def test_a_fleet_with_two_versions_is_seen_and_named(served, words):
    said = mixed_versions(served)
    assert said is None if words is None else is_sentence(said) and words in said
