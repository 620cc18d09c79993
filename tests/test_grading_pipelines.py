"""Changes that arrive at a pipeline, and pipelines that they walk through: exercise 10.2."""

from __future__ import annotations

from fractions import Fraction
from itertools import permutations

import numpy as np
import pytest

from labsupport.gate import Policy
from labsupport.grading.changes import KINDS, drawn
from labsupport.grading.pipelines import (
    BAD_DATA,
    BY_NAME,
    MISSING,
    STEPS,
    Plan,
    bill,
    least_bill,
    policy_in,
    right_ends,
    trial,
    walk,
)
from labsupport.grading.questions.q10_2 import ORDER, POLICY, within_noise

RIGHT = Plan(POLICY, ORDER, frozenset({0}))
SEEDS = range(5)
CATCHES = {
    "schema": {"forbidden column"},
    "profile": {"poisoned labels"},
    "rehearsal": {"poisoned labels"},
    "train": set(),
    "gate": {"poisoned labels", "lucky seed", "cut short", "worse by day", "worse at night"},
    "review": {"worse by day", "worse at night", "poisoned labels"},
    "shadow": {"slow"},
    "canary": {"worse when live"},
}


def changes(seed=0):
    return drawn(np.random.default_rng(seed))


def of_kind(name, seed=0):
    return [change for change in changes(seed) if change.kind.name == name]


def test_a_hundred_changes_arrive_two_kinds_of_them_good():
    assert sum(kind.share for kind in KINDS) == 100
    assert len({kind.name for kind in KINDS}) == len(KINDS) == 10
    assert sum(kind.good for kind in KINDS) == 2


@pytest.mark.parametrize("seed", SEEDS)
def test_each_step_sees_what_it_is_there_for_and_nothing_else(seed):
    seen = {step.name: set() for step in STEPS}
    for change in changes(seed):
        for step in STEPS:
            if step.status(change, POLICY):
                seen[step.name].add(change.kind.name)
    assert seen == CATCHES


@pytest.mark.parametrize("seed", SEEDS)
def test_tables_keep_what_is_told_of_a_kind(seed):
    """To half a row, and the whole is the sum of its slices."""
    for change in changes(seed):
        if change.outcomes is None:
            assert change.kind.odd == "rows"
            continue
        parts = change.outcomes.slices
        assert sum(part.n for part in parts.values()) == change.outcomes.n
        assert set(parts) == set(change.kind.gains)
        for name, (low, high) in change.kind.gains.items():
            part = parts[name]
            rounding = Fraction(1, 2 * part.n)
            assert low - rounding <= part.exact_gain <= high + rounding


def points(name):
    return [100 * c.outcomes.gain for c in of_kind(name) if c.outcomes is not None]


def test_what_students_are_told_of_the_kinds_is_so():
    for name in ("better", "better, not at night"):
        assert all(0.95 <= gain <= 1.35 for gain in points(name))
    for name in ("worse by day", "worse at night", "slow", "worse when live"):
        assert all(0.9 <= gain <= 1.5 for gain in points(name))
    assert max(points("lucky seed")) <= 0.35 + 1e-9
    assert min(points("forbidden column")) >= 3
    assert max(points("poisoned labels")) <= -3
    rows, none = (change.outcomes for change in of_kind("cut short"))
    assert (rows.n, rows.candidate_only - rows.baseline_only, none) == (400, 7, None)
    assert all(np.median(change.milliseconds) > 290 for change in of_kind("slow"))
    accuracy = {name: part.baseline for name, part in of_kind("better")[0].outcomes.slices.items()}
    assert accuracy["day"] > accuracy["evening"] > accuracy["night"]


def test_a_falling_top_makes_the_gap_smaller():
    """So no max_gap tells a loss by day from a good change."""
    good = max(change.outcomes.disparity for change in of_kind("better, not at night"))
    assert all(change.outcomes.disparity < good for change in of_kind("worse by day"))


@pytest.mark.parametrize("seed", SEEDS)
def test_the_least_bill_is_that_of_the_best_order_of_all(seed):
    some = changes(seed)
    least = least_bill(some, POLICY)
    assert bill(some, RIGHT) == pytest.approx(least, rel=1e-12)
    if seed:
        return
    bills = {}
    for order in permutations(ORDER):
        plan = RIGHT._replace(steps=order)
        if right_ends(some, plan):
            bills[order] = bill(some, plan)
    assert len(bills) > 20
    assert min(bills.values()) == pytest.approx(least, rel=1e-12)
    assert min(bills, key=bills.get) == ORDER
    for more in ("rehearsal", "review"):  # wherever it stands
        for at in range(len(ORDER) + 1):
            plan = RIGHT._replace(steps=(*ORDER[:at], more, *ORDER[at:]))
            assert not right_ends(some, plan) or bill(some, plan) > least


@pytest.mark.parametrize("steps", [ORDER, ("train", "gate", "schema"), ("profile",)])
def test_a_bill_is_what_a_hundred_changes_pay_one_by_one(steps):
    some, plan = changes(), RIGHT._replace(steps=steps)
    paid = sum(
        Fraction(change.kind.share, 2)
        * sum(BY_NAME[name].cost for name in steps[: len(walk(change, plan).statuses)])
        for change in some
    )
    assert bill(some, plan) == pytest.approx(float(paid / 100), rel=1e-12)


def test_a_step_without_what_it_needs_ends_with_missing_input():
    good = of_kind("better")[0]
    for steps in (("gate", "train"), ("train", "canary", "gate"), ("shadow",)):
        end = walk(good, RIGHT._replace(steps=steps))
        assert end.statuses[-1] == MISSING
        assert end.step == next(name for name in steps if name != "train")
    on = walk(good, Plan(POLICY, ("gate", "train"), frozenset({0, MISSING})))
    assert on == (None, (MISSING, 0))


def test_a_policy_is_read_as_it_is_written():
    assert policy_in(POLICY) == Policy(
        min_gain=0.005, max_gap=None, max_slice_loss={"night": 0.05, ...: 0.01}, confidence=0.95
    )
    assert policy_in("max_gap = 0.1") == Policy(None, 0.1)


@pytest.mark.parametrize(
    "policy", ["", "confidence = 0.9", "min_gian = 0.1", "min_gain: 1", "min_gain = nan", "[gate]"]
)
def test_a_policy_that_cannot_be_read_is_bad_data_and_promotes_nobody(policy):
    with pytest.raises((ValueError, TypeError)):
        policy_in(policy)
    end = walk(of_kind("better")[0], RIGHT._replace(policy=policy))
    assert (end.step, end.statuses[-1]) == ("gate", BAD_DATA)


def test_without_training_nothing_ends_right():
    assert not right_ends(changes(), RIGHT._replace(steps=("schema",)))


def test_a_trial_shows_where_each_kind_ends(capsys):
    trial(lambda: (POLICY, ORDER, [0]))
    said = capsys.readouterr().out
    assert len(said.splitlines()) == 11 and "should not" not in said
    assert "cut short             gate, with 2" in said
    trial(lambda: (POLICY, ["train"], [0]))
    assert capsys.readouterr().out.count("the fleet  <- should not") == 8


def test_a_trial_of_no_pipeline_says_so(capsys):
    def stub():
        raise NotImplementedError

    trial(stub)
    trial(lambda: (POLICY, ["trian"], [0]))
    none, unknown = capsys.readouterr().out.splitlines()
    assert none == "There is no pipeline yet."
    assert unknown.startswith("there is no step 'trian'; the steps are schema,")


@pytest.mark.parametrize(("margin", "inside"), [(0.0034, True), (0.0035, True), (0.0036, False)])
def test_a_margin_that_the_luckiest_retraining_reaches_is_inside_the_noise(margin, inside):
    assert within_noise(Policy(min_gain=margin)) is inside
