"""Labels in three parts: nothing in two of them, nothing that moves."""

import numpy as np
import pytest
from refusals import refuses

from labsupport.evals import split_labels

PARTS = ("prompt", "threshold", "approval")


def parts(split):
    return [getattr(split, part) for part in PARTS]


def test_each_item_is_in_one_part():
    split = split_labels(500, seed=3)
    assert sorted(np.concatenate(parts(split)).tolist()) == list(range(500))
    assert all((np.diff(part) > 0).all() for part in parts(split))


def test_the_shares_are_kept_but_for_chance():
    sizes = [len(part) for part in parts(split_labels(20_000, shares=(0.1, 0.4)))]
    assert sizes == pytest.approx([2000, 8000, 10_000], abs=250)


def test_items_that_come_later_move_nobody():
    ids = [f"question {k}" for k in range(300)]
    early, late = split_labels(ids[:200]), split_labels(ids)
    for before, after in zip(parts(early), parts(late), strict=True):
        assert before.tolist() == after[after < 200].tolist()


def test_the_order_of_items_does_not_matter():
    ids = np.array([f"question {k}" for k in range(100)])
    order = np.random.default_rng(0).permutation(100)
    for one, other in zip(parts(split_labels(ids)), parts(split_labels(ids[order])), strict=True):
        assert set(ids[one]) == set(ids[order][other])


def test_another_seed_is_another_split():
    one, other = split_labels(200, seed=0), split_labels(200, seed=1)
    assert one.prompt.tolist() != other.prompt.tolist()
    assert one.prompt.tolist() == split_labels(range(200), seed=0).prompt.tolist()


def test_answers_to_one_question_stay_together():
    ids = [f"question {k // 3}" for k in range(90)]
    for part in parts(split_labels(ids)):
        assert all((part == k).any() == (part == k + 1).any() for k in range(0, 90, 3))


def test_the_split_is_the_same_on_every_machine():
    assert split_labels(12, seed=5).approval.tolist() == [0, 1, 3, 5, 6, 7, 8, 9, 11]


def test_a_share_may_be_nothing():
    split = split_labels(50, shares=(0, 0.5))
    assert len(split.prompt) == 0
    assert len(split.threshold) + len(split.approval) == 50


@pytest.mark.parametrize(
    ("items", "shares", "words"),
    [
        (0, (0.2, 0.3), "no items"),
        ([], (0.2, 0.3), "no items"),
        (5, (0.5, 0.5), "leave some for the approval"),
        (5, (-0.1, 0.5), "leave some for the approval"),
        ([1.5, 2.0], (0.2, 0.3), "text or a whole number"),
        ([None, "a"], (0.2, 0.3), "text or a whole number"),
    ],
)
def test_splits_that_are_none_are_refused(items, shares, words):
    with refuses(ValueError, words):
        split_labels(items, shares=shares)
