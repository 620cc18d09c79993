"""Costs against the chapter's closed forms, against every order and every outcome, and against
dice.
"""

from __future__ import annotations

import itertools
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from refusals import refuses

from labsupport.costs import (
    Stage,
    best_order,
    break_even_catch_rate,
    duration_until_caught,
    expected_cost,
    expected_duration,
    pass_rate,
    simulate,
    two_orders,
)

TRAINING = Stage("training", 480, 0, duration=4)
CHECKS = Stage("cheap checks", 6, 0.2, duration=0.05)
RATES = st.fractions(0, 1, max_denominator=50)
COSTS = st.fractions(0, 1000, max_denominator=20)
STAGES = st.lists(
    st.builds(
        Stage, st.just("s"), COSTS, RATES, COSTS, RATES.map(lambda rate: rate / 2), RATES
    ),
    min_size=1,
    max_size=5,
)  # fmt: skip


# ---- the chapter
# --------------------------------------------------------------------------------------------------
# ---


def test_the_chapters_dollars():
    free = Stage("cheap checks", 0, 0.2)
    assert expected_cost([free, TRAINING]) == 384
    assert expected_cost([TRAINING]) == expected_cost([TRAINING, free]) == 480
    assert expected_cost([TRAINING]) - expected_cost([free, TRAINING]) == 96


@given(c=COSTS, T=COSTS, p=RATES)
def test_general_p_and_both_readings_of_afterwards(c, T, p):
    check, training = Stage("check", c, p), Stage("training", T, 0)
    assert expected_cost([check, training]) == float(c + (1 - p) * T)
    assert expected_cost([training, check]) == float(T + c)  # run anyway
    assert expected_cost([training]) == float(T)  # skipped


def test_the_break_even_at_the_clusters_price():
    assert break_even_catch_rate(6, 480) == 0.0125
    assert break_even_catch_rate(960, 480) == 2  # dearer than training: no catch rate pays
    assert break_even_catch_rate(0, 480) == 0


@given(
    c=st.fractions(0, 100, max_denominator=20), T=st.fractions(1, 1000, max_denominator=20), p=RATES
)
def test_checks_first_pay_exactly_above_the_break_even(c, T, p):
    first, without = (
        expected_cost([Stage("check", c, p), Stage("training", T, 0)]),
        expected_cost([Stage("training", T, 0)]),
    )
    assert (first < without) == (p > c / T)
    assert (first == without) == (p == c / T)
    assert break_even_catch_rate(c, T) == float(c / T)


@given(c=COSTS, T=COSTS, p=RATES)
def test_checks_that_run_anyway_belong_in_front_for_any_catch_rate_above_zero(c, T, p):
    check, training = Stage("check", c, p), Stage("training", T, 0)
    saved = Fraction(expected_cost([training, check])) - Fraction(expected_cost([check, training]))
    assert abs(saved - p * T) < Fraction(1, 10**9)


def test_numbers_mean_the_decimals_that_were_written():
    # In binary 0.1 + 0.2 * 3 is not 0.7; here no rounding happens before the end.
    assert expected_cost([Stage("a", 0.1, 0.8), Stage("b", 3, 0)]) == 0.7
    assert (
        expected_cost(
            [Stage("a", Decimal("0.1"), Fraction(4, 5)), Stage("b", np.int64(3), np.float64(0))]
        )
        == 0.7
    )


@given(stages=STAGES, unit=st.sampled_from([Fraction(1, 100), Fraction(3), Fraction(10**6)]))
def test_any_currency(stages, unit):
    exchanged = [
        Stage(s.name, s.cost * unit, s.catch_rate, 0, s.false_alarm_rate, s.reuse_rate)
        for s in stages
    ]
    assert expected_cost(exchanged) == pytest.approx(expected_cost(stages) * float(unit), rel=1e-12)


# ---- every outcome, every order
# --------------------------------------------------------------------------------------


def over_all_outcomes(stages, most_runs=60):
    """Expected cost, time, pass rate and time until caught by listing what can happen, one change
    after the other.

    False alarms may go on for ever; what comes after `most_runs` of them is cut off.
    """
    cost = time = passed = caught = caught_time = Fraction(0)

    def walk(left, probability, spent, elapsed):
        nonlocal cost, time, passed, caught, caught_time
        if not left:
            cost, time, passed = (
                cost + probability * spent,
                time + probability * elapsed,
                passed + probability,
            )
            return
        stage, *rest = left
        p, alarm, reuse = stage.catch_rate, stage.false_alarm_rate, stage.reuse_rate
        for fresh, share in ((1, 1 - reuse), (0, reuse)):
            hit = probability * share * p
            cost, time = (
                cost + hit * (spent + fresh * stage.cost),
                time + hit * (elapsed + fresh * stage.duration),
            )
            caught, caught_time = (
                caught + hit,
                caught_time + hit * (elapsed + fresh * stage.duration),
            )
            for runs in range(1, most_runs if fresh and alarm else 2):
                go = (
                    probability
                    * share
                    * (1 - p)
                    * (alarm ** (runs - 1) * (1 - alarm) if fresh else 1)
                )
                if go:
                    walk(
                        rest,
                        go,
                        spent + fresh * runs * stage.cost,
                        elapsed + fresh * runs * stage.duration,
                    )

    walk(stages, Fraction(1), Fraction(0), Fraction(0))
    return cost, time, passed, caught_time / caught if caught else None


F = Fraction
PIPELINES = {
    "the chapter": [Stage("c", F(6), F(1, 5), F(1, 20)), Stage("t", F(480), F(0), F(4))],
    "training first": [Stage("t", F(480), F(0), F(4)), Stage("c", F(6), F(1, 5), F(1, 20))],
    "three checks": [
        Stage("a", F(1), F(1, 3), F(2)),
        Stage("b", F(5), F(1, 2), F(1)),
        Stage("c", F(9), F(1, 7), F(3)),
    ],
    "all stopped": [Stage("a", F(2), F(1), F(1)), Stage("b", F(50), F(1, 2), F(9))],
    "a cached build": [
        Stage("a", F(2), F(1, 4), F(1), 0, F(1, 3)),
        Stage("b", F(50), F(0), F(9), 0, F(1, 2)),
    ],
    "flaky": [
        Stage("a", F(2), F(1, 4), F(1), F(1, 3)),
        Stage("b", F(50), F(1, 10), F(9), F(1, 5), F(1, 2)),
    ],
}


@pytest.mark.parametrize("name", PIPELINES)
def test_the_formulas_agree_with_a_list_of_all_outcomes(name):
    stages = PIPELINES[name]
    cost, time, passed, until = over_all_outcomes(stages)
    tolerance = 1e-12 if name == "flaky" else 0  # the others end, and agree to the last bit
    assert expected_cost(stages) == pytest.approx(float(cost), rel=tolerance, abs=0)
    assert expected_duration(stages) == pytest.approx(float(time), rel=tolerance, abs=0)
    assert pass_rate(stages) == pytest.approx(float(passed), rel=tolerance, abs=0)
    assert duration_until_caught(stages) == pytest.approx(float(until), rel=tolerance, abs=0)


@given(stages=STAGES)
def test_no_order_is_cheaper_than_the_best(stages):
    best = expected_cost(best_order(stages))
    assert best == min(expected_cost(order) for order in itertools.permutations(stages))


FOUR = [
    Stage("distribution", 1, 0.01),
    Stage("unit", 2, 0.05),
    Stage("schema", 3, 0.15),
    Stage("smoke", 8, 0.25),
]


def test_neither_cost_nor_catch_rate_alone_gives_the_best_order():
    by_cost, by_rate = sorted(FOUR, key=lambda s: s.cost), sorted(FOUR, key=lambda s: -s.catch_rate)
    assert [stage.name for stage in best_order(FOUR)] == ["schema", "smoke", "unit", "distribution"]
    assert expected_cost(best_order(FOUR)) < min(expected_cost(by_cost), expected_cost(by_rate))


def test_what_never_stops_anything_comes_last_and_equals_keep_their_order():
    idle, free = Stage("idle", 0, 0), Stage("free", 0, 0.1)
    twins = [Stage("one", 2, 0.2), Stage("two", 3, 0.3)]
    assert [s.name for s in best_order([idle, *twins, free])] == ["free", "one", "two", "idle"]
    assert [s.name for s in best_order([*reversed(twins), TRAINING])] == ["two", "one", "training"]


def test_false_alarms_and_reuse_move_a_check_in_the_order():
    steady, flaky = Stage("steady", 5, 0.2), Stage("flaky", 4.9, 0.2, false_alarm_rate=0.5)
    assert best_order([flaky, steady]) == [steady, flaky]
    cached = Stage("cached", 4.9, 0.2, false_alarm_rate=0.5, reuse_rate=0.9)
    assert best_order([steady, cached]) == [cached, steady]


def test_the_input_is_left_alone():
    given_order = list(FOUR)
    best_order(given_order)
    assert given_order == FOUR
    assert best_order(iter(FOUR)) == best_order(tuple(FOUR))


# ---- what has to grow
# ------------------------------------------------------------------------------------------------


@given(stages=STAGES, more=st.fractions(0, 1, max_denominator=20), data=st.data())
def test_costs_move_in_the_right_direction(stages, more, data):
    index = data.draw(st.integers(0, len(stages) - 1))
    s = stages[index]

    def cost(**changed):
        values = {
            "cost": s.cost,
            "catch_rate": s.catch_rate,
            "false_alarm_rate": s.false_alarm_rate,
            "reuse_rate": s.reuse_rate,
        } | changed
        return expected_cost([*stages[:index], Stage("s", **values), *stages[index + 1 :]])

    assert cost(cost=s.cost + more) >= cost()
    assert cost(catch_rate=s.catch_rate + more * (1 - s.catch_rate)) <= cost()
    assert cost(false_alarm_rate=s.false_alarm_rate + more * (1 - s.false_alarm_rate) / 2) >= cost()
    assert cost(reuse_rate=s.reuse_rate + more * (1 - s.reuse_rate)) <= cost()
    assert expected_cost(stages[: index + 1]) <= expected_cost(stages)


def test_a_flaky_check_runs_again_and_a_cached_one_not_at_all():
    assert Stage("flaky", 6, 0, false_alarm_rate=0.2).expected_runs == 1.25
    assert (
        Stage("flaky", 6, 1, false_alarm_rate=0.2).expected_runs == 1
    )  # a real finding is not rerun
    assert Stage("cached", 6, 0.2, reuse_rate=0.75).expected_runs == 0.25
    assert expected_cost([Stage("cached", 6, 0.2, reuse_rate=1), TRAINING]) == 384


def test_waiting():
    assert expected_duration([CHECKS, TRAINING]) == 3.25
    assert expected_duration([TRAINING, CHECKS]) == 4.05
    assert duration_until_caught([CHECKS, TRAINING]) == 0.05
    assert duration_until_caught([TRAINING, CHECKS]) == 4.05


# ---- dice
# --------------------------------------------------------------------------------------------------
# ----------

FLAKY = [Stage("a", 2, 0.25, 1, 0.3), Stage("b", 50, 0.1, 9, 0.2, 0.5), TRAINING]


@pytest.mark.parametrize(
    "stages",
    [[CHECKS, TRAINING], [TRAINING, CHECKS], FOUR, FLAKY],
    ids=["fast", "late", "4", "flaky"],
)
def test_a_hundred_simulations_are_as_far_off_as_their_standard_error_says(stages):
    expected = expected_cost(stages)
    runs = [simulate(stages, 1000, seed) for seed in range(100)]
    if stages[0] is TRAINING:  # nothing is left to chance
        assert {run.mean_cost for run in runs} == {expected} and {
            run.standard_error for run in runs
        } == {0}
        return
    z = np.array([(run.mean_cost - expected) / run.standard_error for run in runs])
    assert abs(z.mean()) < 0.4 and 0.75 < z.std() < 1.3  # 4 standard errors of each
    assert np.mean(np.abs(z) < 1.96) >= 0.88


def test_a_simulation_says_who_was_stopped_where_and_when():
    run = simulate(FLAKY, 100_000, seed=3)
    share = [float(np.mean(run.stopped_at == index)) for index in (0, 1, 2, -1)]
    assert share == pytest.approx([0.25, 0.75 * 0.1, 0, 0.75 * 0.9], abs=0.006)
    assert pass_rate(FLAKY) == pytest.approx(0.75 * 0.9)
    assert run.durations.mean() == pytest.approx(expected_duration(FLAKY), rel=0.01)
    assert run.durations[run.stopped_at >= 0].mean() == pytest.approx(
        duration_until_caught(FLAKY), rel=0.03
    )
    assert np.all(run.costs[run.stopped_at == 0] % 2 == 0)
    again = simulate(FLAKY, 100_000, seed=3)
    assert np.array_equal(run.costs, again.costs) and not np.array_equal(
        run.costs, simulate(FLAKY, 100_000, 4).costs
    )


# ---- refusals
# --------------------------------------------------------------------------------------------------
# ------

NAN, INFINITY = float("nan"), float("inf")


@pytest.mark.parametrize("field", ["catch_rate", "false_alarm_rate", "reuse_rate"])
@pytest.mark.parametrize("bad", [-0.1, 1.0001, 20, -1e-300])
def test_rates_are_shares(field, bad):
    with refuses(ValueError, f"The {field} of 's' is a share, from 0 to 1"):
        Stage(**{"name": "s", "cost": 1, "catch_rate": 0} | {field: bad})


@pytest.mark.parametrize(
    "field", ["cost", "duration", "catch_rate", "false_alarm_rate", "reuse_rate"]
)
@pytest.mark.parametrize(
    ("bad", "kind"),
    [
        (NAN, ValueError),
        (INFINITY, ValueError),
        (None, TypeError),
        ("6", TypeError),
        (True, TypeError),
        ([6], TypeError),
    ],
)
def test_only_finite_numbers(field, bad, kind):
    with refuses(kind, f"The {field} of 's' must be a"):
        Stage(**{"name": "s", "cost": 1, "catch_rate": 0} | {field: bad})


@pytest.mark.parametrize("field", ["cost", "duration"])
def test_nothing_costs_less_than_nothing(field):
    with refuses(ValueError, f"The {field} of 's' must be zero or more; got -1."):
        Stage(**{"name": "s", "cost": 1, "catch_rate": 0} | {field: -1})


def test_a_stage_that_never_passes():
    with refuses(ValueError, "'s' never passes"):
        Stage("s", 1, 0.5, false_alarm_rate=1)


@pytest.mark.parametrize(
    "ask",
    [expected_cost, expected_duration, pass_rate, duration_until_caught, best_order, simulate],
)
def test_only_pipelines(ask):
    with refuses(ValueError, "This pipeline is empty"):
        ask([])
    with refuses(ValueError, "This pipeline is empty"):
        ask(iter(()))
    for bad in (TRAINING, 480, None):
        with refuses(TypeError, "A pipeline is a list of stages"):
            ask(bad)
    with refuses(TypeError, "it holds 6"):
        ask([TRAINING, 6])


def test_a_break_even_needs_training_that_costs_something():
    with refuses(ValueError, "has no break-even"):
        break_even_catch_rate(6, 0)
    for check, training in ((-1, 480), (6, -480), (NAN, 480), (6, INFINITY)):
        with refuses(ValueError, "cost must be"):
            break_even_catch_rate(check, training)
    with refuses(TypeError, "The check's cost must be a number"):
        break_even_catch_rate("6", 480)


def test_what_cannot_be_asked():
    with refuses(ValueError, "no change is ever stopped"):
        duration_until_caught([TRAINING])
    with refuses(ValueError, "at least 2 changes"):
        simulate([TRAINING], n=1)


def test_two_orders_are_three_pipelines():
    costs = two_orders(6.0, 480.0, 0.2)
    assert costs == {"checks first": 390.0, "training alone": 480.0, "training, then checks": 486.0}
