"""The names of ops, and a comparison that is written and read again."""

from __future__ import annotations

import json

import numpy as np
import pytest

from labsupport import ops
from labsupport.gate import Policy, conclude, gate
from labsupport.ops import Compared, RecordError, load_compared, verdict_as_json
from labsupport.outcomes import PairedOutcomes
from labsupport.scores import compare_auc


def compared() -> Compared:
    rng = np.random.default_rng(3)
    y, candidate, baseline = (rng.integers(0, 2, 400) for _ in range(3))
    slices = np.where(rng.random(400) < 0.3, "small", "large")
    scores = [0.4 * y + rng.random(400) for _ in range(2)]
    return Compared(
        PairedOutcomes.from_predictions(y, candidate, baseline, slices),
        compare_auc(y, *scores, slices),
        *("0123456789abcdef" * 4 for _ in range(3)),
        ("Joined by row number.",),
    )


def test_every_name_is_there() -> None:
    assert all(hasattr(ops, name) for name in ops.__all__)


def test_a_comparison_is_read_as_it_was_written(tmp_path) -> None:
    made = compared()
    made.save(tmp_path)
    assert load_compared(tmp_path) == made and load_compared(tmp_path).digest == made.digest
    assert {path.name for path in tmp_path.iterdir()} == {"outcomes.json"}


@pytest.mark.parametrize(
    "spoil",
    [
        lambda told: told.pop("holdout"),
        lambda told: told["outcomes"].update(cells=[1, 2, 3]),
        lambda told: told["outcomes"].update(cells=[-1, 2, 3, 4]),
        lambda told: told["outcomes"]["slices"].update(small={"cells": [9**9, 0, 0, 0]}),
        lambda told: told["auc"].update(candidate="1/0"),
        lambda told: told.update(version=2),
        lambda told: told.update(more=1),
        lambda told: told.update(outcomes=None),
    ],
)
def test_a_spoilt_record_is_refused_in_a_sentence(tmp_path, spoil) -> None:
    compared().save(tmp_path)
    told = json.loads((tmp_path / "outcomes.json").read_text())
    spoil(told)
    (tmp_path / "outcomes.json").write_text(json.dumps(told, sort_keys=True, indent=1) + "\n")
    with pytest.raises(RecordError, match=r"outcomes.json .*; evaluate again\.$"):
        load_compared(tmp_path)


def test_half_a_record_is_refused(tmp_path) -> None:
    compared().save(tmp_path)
    place = tmp_path / "outcomes.json"
    place.write_bytes(place.read_bytes()[:200])
    with pytest.raises(RecordError):
        load_compared(tmp_path)


def test_a_verdict_is_plain_json() -> None:
    made = compared()
    verdict = gate(made.outcomes, Policy(max_slice_loss={"small": 0.01, "lost": 0.01}))
    told = json.loads(json.dumps(verdict_as_json(verdict), allow_nan=False))
    assert told["decision"] == "block" and len(told["checks"]) == len(verdict.checks)
    assert [c["value"] for c in told["checks"] if c["slice"] == "lost"] == [None]
    assert verdict_as_json(conclude([]))["checks"] == []
