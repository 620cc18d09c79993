"""Retrainings to the last bit, and luck in whole numbers, whoever does the work."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import Counter

import numpy as np
import psutil
import pytest
from ops_work import ROOT, SOON, family_of, until

from labsupport.gate import Policy, gate
from labsupport.ops import studies
from labsupport.ops.cluster import executor
from labsupport.ops.studies import Luck, aa_outcomes, aa_studies, aa_study, retrainings
from labsupport.outcomes import PairedOutcomes
from labsupport.training import fit_logistic, fit_logistic_many, predict
from labsupport.world import World

PLAIN = Policy(max_gap=None)
AA = [sys.executable, "-m", "labsupport.cli", "study", "aa"]


# ---- retrainings
# ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [37, 600, 601, 4000])
def test_a_model_does_not_depend_on_the_models_beside_it(n) -> None:
    world, seeds = World.create(), range(100, 108)
    whole = fit_logistic_many(world, seeds, n)
    for size in (1, 3):
        parts = [fit_logistic_many(world, seeds[at : at + size], n) for at in range(0, 8, size)]
        assert np.concatenate(parts).tobytes() == whole.tobytes()


@pytest.mark.slow
def test_retrainings_are_the_same_to_the_last_bit() -> None:
    world, seeds = World.create(), range(60)
    whole = fit_logistic_many(world, seeds, 200).tobytes()
    told: list[int] = []
    assert retrainings(world, seeds, 200, progress=told.append).tobytes() == whole
    assert sum(told) == 60 and len(told) == 3
    for where, workers in ((None, 1), (None, 2), ("local", 2)):
        with executor(where, workers) as made:
            assert retrainings(world, seeds, 200, made).tobytes() == whole


def test_no_seeds_are_no_models() -> None:
    assert retrainings(World.create(), [], 200).shape == (0, 12)


@pytest.mark.parametrize("block", [1, 7, 60])
def test_the_size_of_a_block_changes_nothing(monkeypatch, block) -> None:
    world = World.create()
    whole = retrainings(world, range(60), 200)
    luck = aa_study(range(20), 100, PLAIN)
    monkeypatch.setattr(studies, "BLOCK", block)
    assert retrainings(world, range(60), 200).tobytes() == whole.tobytes()
    assert aa_study(range(20), 100, PLAIN) == luck


# ---- luck
# ----------------------------------------------------------------------------------------------


def test_the_pairs_are_two_models_of_one_recipe() -> None:
    world = World.create()
    candidate, baseline = (
        predict(fit_logistic(world.sample(seed, 80)), world.holdout.X)
        for seed in (1_000_007, 1_000_006)
    )
    (outcomes,) = aa_outcomes([3], 80)
    assert outcomes == PairedOutcomes.from_predictions(world.holdout.y, candidate, baseline)


@pytest.mark.slow
def test_luck_is_counted_and_the_same_everywhere() -> None:
    policies = {"plain": PLAIN, "strict": Policy(max_gap=None, confidence=0.95)}
    one_by_one = aa_outcomes(range(30), 100)
    expected = {
        name: Luck(
            **{"promote": 0, "block": 0, "inconclusive": 0}
            | Counter(gate(outcomes, policy).decision for outcomes in one_by_one)
        )
        for name, policy in policies.items()
    }
    assert expected["plain"].promote > expected["strict"].promote
    assert aa_studies(range(30), 100, policies) == expected
    for where in (None, "local"):
        with executor(where, 2) as workers:
            assert aa_studies(range(30), 100, policies, workers) == expected


def test_neither_model_of_a_pair_is_favoured() -> None:
    """A policy without a margin promotes one of the two, unless they tie: half of the pairs."""
    luck = aa_study(range(200), 100, Policy(min_gain=0, max_gap=None))
    assert 0.5 in luck.rate(0.999)
    assert luck.n == 200 and luck.inconclusive == 0


def test_the_rate_has_the_exact_interval() -> None:
    rate = Luck(0, 50, 0).rate()
    assert rate.low == 0 and rate.high == pytest.approx(1 - 0.025 ** (1 / 50))


@pytest.mark.parametrize("seeds", [[], [-1], [3, 3]])
def test_seeds_that_will_not_do(seeds) -> None:
    with pytest.raises(ValueError, match=r"^An A/A study needs seeds"):
        aa_study(seeds, 100, PLAIN)
    with pytest.raises(ValueError, match="at least one row"):
        aa_study([1], 0, PLAIN)


# ---- the command
# ----------------------------------------------------------------------------------------------


def lab(*words: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [*AA, *words],
        capture_output=True,
        text=True,
        timeout=200,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )


@pytest.mark.slow
def test_the_command_counts_the_same_wherever_the_work_is_done() -> None:
    small = ("--seeds", "40", "--n", "100", "--json")
    done = [
        lab(*small, *more)
        for more in (("--workers", "1"), ("--workers", "2"), ("--cluster", "local"))
    ]
    assert [each.returncode for each in done] == [0, 0, 0], done[0].stderr
    assert len({each.stdout for each in done}) == 1
    told = json.loads(done[0].stdout)
    assert told["seeds"] == 40 and told["n"] == 100 and told["margin"] == 0.005
    assert "40/40" in done[0].stderr and "pair" in done[0].stderr
    luck = aa_study(range(40), 100, PLAIN)
    assert {**vars(luck), "low": luck.rate().low, "high": luck.rate().high} == told["plain"]


def test_what_it_prints_for_people() -> None:
    said = lab("--seeds", "30", "--n", "100").stdout
    assert re.fullmatch(
        r"(plain |strict)  promoted \d+ of 30 candidates that are no better: [\d.]+%, "
        r"95% interval [\d.]+% to [\d.]+%\n"
        r"strict  promoted \d+ of 30 .*\n",
        said,
    ), said


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("--seeds", "0"), 64, "at least 1"),
        (("--seeds", "x"), 64, "invalid int value"),
        (("--workers", "0"), 64, "workers must be a whole number"),
        (("--margin", "7"), 64, "min_gain is a share"),
        (("--cluster", "nowhere"), 64, "A cluster is `local` or the address"),
        (("--cluster", "tcp://127.0.0.1:1", "--workers", "2"), 64, "workers of its own"),
        pytest.param(
            *(("--cluster", "tcp://127.0.0.1:1"), 69, "No Dask scheduler answers"),
            marks=pytest.mark.slow,
        ),
    ],
)
def test_wrong_usage_and_nobody_there(words, status, said) -> None:
    done = lab(*words)
    assert done.returncode == status and said in done.stderr, done.stderr
    assert "Traceback" not in done.stderr and done.stdout == ""


@pytest.mark.slow
def test_killed_it_leaves_nobody_and_again_it_tells_the_same() -> None:
    words = ("--seeds", "30", "--n", "100", "--json", "--workers", "2")
    process = subprocess.Popen(
        [*AA, *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    until(lambda: len(family_of(process.pid)) >= 2 or process.poll() is not None)
    workers = family_of(process.pid)
    process.kill()
    process.wait(SOON)
    assert workers
    until(lambda: not any(p.is_running() and p.status() != psutil.STATUS_ZOMBIE for p in workers))
    first, second = lab(*words), lab(*words)
    assert first.returncode == 0 and first.stdout == second.stdout != ""
