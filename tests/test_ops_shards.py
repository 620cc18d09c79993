"""A holdout in parts: the same integers however it is cut, wherever it is counted."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labsupport.ops.cluster import executor
from labsupport.ops.shards import Shard, evaluate_shard, evaluate_shards, predicted, shards
from labsupport.outcomes import PairedOutcomes


def holdout(n: int, kind: str, seed: int = 0) -> tuple:
    rng = np.random.default_rng(seed)
    y, candidate, baseline = (rng.integers(0, 2, n) for _ in range(3))
    labels = np.array(["large", "small", "rare"])[(rng.random(n) > [[0.6], [0.95]]).sum(axis=0)]
    masks = {"large": labels == "large", "even": np.arange(n) % 2 == 0}
    return y, candidate, baseline, {"none": None, "labels": labels, "masks": masks}[kind]


def drawn(n: int, seed: int) -> Shard:
    return Shard(*holdout(n, "labels", seed))


@given(n=st.integers(1, 400), rows=st.integers(1, 450), kind=st.sampled_from(["none", "masks"]))
def test_the_parts_add_up_to_the_whole(n, rows, kind) -> None:
    whole = holdout(n, kind)
    parts = list(shards(*whole, rows=rows))
    assert len(parts) == math.ceil(n / rows)
    assert evaluate_shards(parts) == PairedOutcomes.from_predictions(*whole)


@given(n=st.integers(1, 400), rows=st.integers(1, 450))
def test_a_part_may_lack_a_label(n, rows) -> None:
    whole = PairedOutcomes.from_predictions(*holdout(n, "labels"))
    counted = evaluate_shards(shards(*holdout(n, "labels"), rows=rows))
    assert counted.cells == whole.cells and dict(counted.slices) == dict(whole.slices)


@pytest.mark.parametrize("where", [None, "local"])
def test_workers_count_the_same_integers(where) -> None:
    whole = holdout(20_000, "labels")
    fetched = [partial(drawn, 1000 + seed, seed) for seed in range(6)]
    told: list[int] = []
    with executor(where, 2) as workers:
        counted = evaluate_shards(shards(*whole, rows=1500), workers, told.append)
        assert counted == PairedOutcomes.from_predictions(*whole)
        assert sum(told) == 14
        assert evaluate_shards(fetched, workers) == sum(map(evaluate_shard, fetched))


def test_what_is_wrong_with_a_part_is_said_with_the_part() -> None:
    parts = [Shard(*(np.array([0, 1]) for _ in range(3))), Shard(*(np.array([0, 2]),) * 3)]
    with pytest.raises(ValueError, match="y") as raised:
        evaluate_shards(parts)
    assert raised.value.__notes__[0].startswith("That was item 1: Shard(")
    with pytest.raises(ValueError, match="nothing to compare"):
        evaluate_shards([])
    with pytest.raises(ValueError, match="rows must be a whole number"):
        list(shards(*holdout(4, "none"), rows=0))


def test_predicted_by_hand() -> None:
    # 10 shards of 100 rows, 1 s a row and 5 s each: 105 s a shard.
    assert predicted(1, 1, 5, 1000, 100) == 1050
    assert predicted(5, 1, 5, 1000, 100) == 210
    assert predicted(3, 1, 5, 1000, 100) == 420  # one worker has four of them
    assert predicted(10, 1, 5, 1000, 100) == predicted(1000, 1, 5, 1000, 100) == 105
    assert predicted(10, 1, 50, 1000, 100) == 500  # the scheduler is busier than any worker
    assert predicted(1, 1, 0, 7, 100) == 7


@given(
    st.integers(1, 10**6),
    st.floats(0, 1),
    st.floats(0, 1),
    st.integers(1, 10**12),
    st.integers(1, 10**9),
)
def test_more_workers_never_take_longer_and_never_beat_their_number(w, cost, overhead, n, k):
    one, two = predicted(w, cost, overhead, n, k), predicted(2 * w, cost, overhead, n, k)
    assert two <= one <= 2 * two * (1 + 1e-12)


@pytest.mark.parametrize("wrong", [(0, 1, 1), (1.5, 1, 1), (1, -1, 1), (1, 1, math.nan)])
def test_predicted_refuses(wrong) -> None:
    with pytest.raises(ValueError, match=r"whole number|zero or more"):
        predicted(*wrong)
