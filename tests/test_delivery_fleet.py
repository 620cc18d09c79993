"""The simulated fleet and the many rollouts: what they promise, and that they are one thing."""

from __future__ import annotations

import json
import tracemalloc
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from refusals import refuses
from scipy import special, stats
from slow import one_in

from labsupport.delivery import (
    FAULTS,
    Assignment,
    Fault,
    Metric,
    Plan,
    Rollout,
    SimulatedFleet,
    Step,
    Traffic,
    drive,
    flip,
    many_rollouts,
    usual_plan,
)
from labsupport.delivery.evidence import harm_chance
from labsupport.delivery.study import DEADLINE, DOUBT, FLEET, HARM
from labsupport.delivery.traffic import METRICS, SMALL, replicas_for

TRAFFIC = Traffic(requests_per_day=1e6, replicas=10, wrong=0.05, label_delay=10.0)
QUICK = Plan(
    (Step(0.1, 500), Step(0.1, 1500), Step(0.3, 3000), Step(0.5, 5000)),
    (Metric("quality", 0.03, 0.4), Metric("errors", 0.01), Metric("slow", 0.02)),
    deadline=120.0,
)
# Faults that QUICK sometimes finds and sometimes does not, or only in the end.
CLOSE = {
    "none": Fault(),
    "live shift": Fault("live shift", 0.02),
    "slow under load": Fault("slow under load", 0.12),
    "small slice": Fault("small slice", 0.8),
    "another bundle": Fault("another bundle"),
    "crash": Fault("crash", 0.004, 30.0),
    "lost metrics": Fault("lost metrics", minute=30.0),
    "memory leak": Fault("memory leak", 0.1),
    "retry storm": Fault("retry storm", 0.9),
}
ENDED = {"pass": FLEET, "harm": HARM, "doubt": DOUBT, "deadline": DEADLINE}


def assignment(step: int = 1, share: float = 0.1, number: int = 0) -> Assignment:
    canary = "new" if share else None
    return Assignment(number, "canary" if share else "rolled back", step, share, canary, "old")


@cache
def many(kind: str, n: int = 2000):
    return many_rollouts(QUICK, TRAFFIC, CLOSE[kind], n, seed=11)


@pytest.mark.parametrize("kind", one_in(3, FAULTS))
def test_request_by_request_and_on_counts_rollouts_come_to_the_same_ends(kind, tmp_path):
    """Fisher's exact test, at 1e-6 over all faults and ends."""
    runs, ended, hurt = 40, [], []
    for seed in range(runs):
        fleet = SimulatedFleet("new", "old", TRAFFIC, CLOSE[kind], seed)
        rollout = Rollout.start(tmp_path / f"{seed}.jsonl", QUICK, "new", "old")
        drive(rollout, fleet)
        last = rollout.events[-1]
        ended.append((ENDED[last["event"]], last["step"]))
        hurt.append(fleet.hurt)
    found = many(kind)
    for end, step in set(ended) | set(zip(found.end.tolist(), found.step.tolist(), strict=True)):
        here = int(((found.end == end) & (found.step == step)).sum())
        seen = ended.count((end, step))
        table = [[seen, runs - seen], [here, len(found.end) - here]]
        assert stats.fisher_exact(table).pvalue > 1e-8, (end, step, table)
    spread = found.hurt.std() / np.sqrt(runs) + 0.02 * abs(found.hurt.mean()) + 1
    assert abs(np.mean(hurt) - found.hurt.mean()) < 6 * spread


def test_that_comparison_tells_plans_apart():
    """The control: another fault size, or other ends, are noticed with so few rollouts."""
    one, other = many("live shift"), many("none")
    seen = round(40 * one.share(FLEET))
    table = [
        [seen, 40 - seen],
        [round(2000 * other.share(FLEET)), round(2000 * (1 - other.share(FLEET)))],
    ]
    assert stats.fisher_exact(table).pvalue < 1e-8


def at_most(found: int, n: int, promised: float, level: float = 1e-6) -> bool:
    return stats.binomtest(found, n, promised, alternative="greater").pvalue > level


@pytest.mark.parametrize("looks", ["spending", "always-valid"])
def test_a_harmless_version_is_rolled_back_for_harm_no_more_often_than_promised(
    looks, record_property
):
    plan = usual_plan(looks=looks)
    found = many_rollouts(plan, n=10_000, seed=5)
    harm = int((found.end == HARM).sum())
    record_property("false rollbacks", json.dumps([looks, harm]))
    assert at_most(harm, 10_000, plan.alpha / 2)
    assert found.share(FLEET) > 0.9  # and the plan lets the harmless one through


class Worse(Traffic):
    """Everybody fails more often from hour to hour, the old version as well as the new one."""

    def rates(self, fault, share, minute, new):
        rates = super().rates(fault, share, minute, new)
        return {name: np.minimum(rate * (1 + minute / 60), 1.0) for name, rate in rates.items()}


DRIFT = Worse(requests_per_day=1e6, replicas=10, failed=1e-4, label_delay=10.0)


def test_a_drift_that_hits_everybody_raises_no_alarm():
    found = many_rollouts(replace(QUICK, max_errors=None), DRIFT, n=4000, seed=2)
    assert at_most(int((found.end == HARM).sum()), 4000, QUICK.alpha / 2)


def test_compared_with_the_whole_fleet_of_yesterday_it_does():
    """The control: the canary's counts against the old version's rate of the day before."""
    rng, alarms = np.random.default_rng(0), 0
    yesterday = float(DRIFT.rates(Fault(), 0.0, 0.0, False)["quality"])
    for _ in range(200):
        failed = sum(
            rng.binomial(40, float(DRIFT.rates(Fault(), 0.1, minute, True)["quality"]))
            for minute in np.arange(0.0, 60.0, 5.0)
        )
        alarms += stats.binomtest(int(failed), 480, yesterday, alternative="greater").pvalue < 0.025
    assert alarms > 0.5 * 200


class Aging(Traffic):
    """Latency depends on how long a replica has been up: it warms up in an hour, and leaks."""

    old_age, leak, warming = 0.0, 0.0, 0.0

    def rates(self, fault, share, minute, new):
        rates = super().rates(fault, share, minute, new)
        age = minute + (0.0 if new else self.old_age)
        slower = (1 + self.leak * age / 60) * (1 + self.warming * (age < 60))
        worse = 1 + 0.15 * (new and fault.kind == "crash")  # harm of the new version
        beyond = special.ndtri(1 - rates["slow"]) - np.log(slower * worse) / 0.5
        return rates | {"slow": special.ndtr(-beyond)}


def aging(fault: Fault, **replicas) -> float:
    """How often a version is rolled back for harm, among replicas of some age."""
    traffic = Aging(requests_per_day=1e6, replicas=10, label_delay=10.0)
    for name, value in replicas.items():
        object.__setattr__(traffic, name, value)
    slow = replace(QUICK, metrics=(Metric("slow", 0.02),), max_errors=None)
    return many_rollouts(slow, traffic, fault, n=500, seed=3).share(HARM)


def test_an_old_baseline_hides_harm_and_cries_wolf_where_an_equally_old_one_does_neither():
    harm = Fault("crash", 0.0)
    days = 3 * 1440.0
    assert aging(harm, leak=0.02) > 0.9
    assert aging(harm, leak=0.02, old_age=days) < 0.1  # the leak of the old one hides it
    assert aging(Fault(), warming=0.3) < 0.05
    assert aging(Fault(), warming=0.3, old_age=days) > 0.9  # cold caches, called harm


def test_what_is_counted_follows_the_rates():
    """Counts of a million requests against binomial limits of the rates that they come from."""
    traffic = Traffic(requests_per_day=1440e6 / 5, label_delay=0.0)
    for kind in ("none", "live shift", "small slice", "retry storm", "memory leak"):
        for share, step in ((0.25, 0), (0.25, 2), (0.5, 3)):
            fleet = SimulatedFleet("new", "old", traffic, Fault(kind), seed=1)
            fleet.minute = 60.0
            fleet.apply(assignment(step, share))
            seen = fleet.observe()
            rates = [traffic.rates(Fault(kind), share, 60.0, new) for new in (True, False)]
            assert (seen.canary == seen.baseline) == (step == 0)
            assert abs(seen.canary - share * seen.requests) < 6 * np.sqrt(seen.requests)
            for name in METRICS:
                pairs = seen.pairs[name]
                expected = share * seen.requests * traffic.known(name)
                assert abs(pairs.n - expected) < 8 * np.sqrt(expected) + 1
                sides = traffic.discordant(name, rates[0][name], rates[1][name], step == 0)
                for count, chance in zip((pairs.worse, pairs.better), sides, strict=True):
                    p = stats.binomtest(count, pairs.n, float(chance)).pvalue
                    assert p > 1e-7, (kind, share, name)


def test_labels_come_when_their_delay_is_over_and_not_before():
    fleet = SimulatedFleet("new", "old", replace(TRAFFIC, label_delay=20.0))
    fleet.apply(assignment())
    known = [fleet.observe().pairs["quality"].n for _ in range(6)]
    assert known[:4] == [0] * 4 and 0 < known[4] < known[5]


EXTREMES = [
    (replace(TRAFFIC, labelled=0.0), DEADLINE),
    (replace(TRAFFIC, requests_per_day=10), DEADLINE),
    (replace(TRAFFIC, requests_per_day=0), DEADLINE),
    (replace(TRAFFIC, label_delay=1e6), DEADLINE),
    (replace(TRAFFIC, label_delay=0.0), FLEET),
    (replace(TRAFFIC, replicas=1), FLEET),
    (replace(TRAFFIC, failed=1.0), HARM),
    (replace(TRAFFIC, wrong=1.0), FLEET),
]


@pytest.mark.parametrize(("traffic", "end"), EXTREMES, ids=lambda part: str(part)[-60:])
def test_extremes_of_the_traffic_come_to_an_end(traffic, end, tmp_path):
    found = many_rollouts(QUICK, traffic, n=20)
    assert (found.end == end).mean() > 0.8
    rollout = Rollout.start(tmp_path / "log", QUICK, "new", "old")
    drive(rollout, SimulatedFleet("new", "old", traffic))
    assert ENDED[rollout.events[-1]["event"]] == end


@pytest.mark.parametrize("looks", ["spending", "always-valid"])
def test_a_step_of_one_pair_comes_to_an_end(looks, tmp_path):
    one = Plan((Step(0.5, 1), Step(0.5, 2)), (Metric("quality", 1.0),), looks=looks, deadline=60.0)
    assert Rollout.start(tmp_path / "log", one, "new", "old").plan == one
    fleet = SimulatedFleet("new", "old", TRAFFIC)
    assert drive(Rollout.open(tmp_path / "log"), fleet) in ("fleet", "rolled back")


@pytest.mark.parametrize("kind", FAULTS)
def test_fault_sizes_at_their_limits_come_to_an_end(kind):
    most = 1.0 if kind in ("live shift", "small slice", "crash") else 1e6
    harmless = many_rollouts(QUICK, TRAFFIC, Fault(kind, 0.0, minute=1e9), n=50)
    assert harmless.share(HARM) < 0.2
    if kind not in ("none", "another bundle", "lost metrics"):
        slice_too = (*QUICK.metrics, Metric(SMALL, 0.5, 0.007))
        plan = replace(QUICK, metrics=slice_too)
        assert many_rollouts(plan, TRAFFIC, Fault(kind, most, minute=0.0), n=50).share(FLEET) == 0


def test_what_nobody_can_simulate_is_refused_in_a_sentence():
    other = Plan(QUICK.steps, (Metric("latency", 0.1),))
    with refuses(ValueError, "Nobody simulates 'latency'"):
        many_rollouts(other)
    for tick in (0, -5, 1e-9, float("nan"), float("inf"), 1e6):
        with pytest.raises(ValueError, match="tick"):
            many_rollouts(QUICK, n=1, tick=tick)
        with pytest.raises(ValueError, match="tick"):
            SimulatedFleet("new", "old", tick=tick)
    with refuses(ValueError, "n must be a whole number"):
        many_rollouts(QUICK, n=0)
    with refuses(ValueError, "no order yet"):
        SimulatedFleet("new", "old").observe()


def test_orders_are_followed_by_number_and_replicas_serve_what_is_asked():
    fleet = SimulatedFleet("new", "old", replace(TRAFFIC, replicas=5))
    fleet.apply(assignment(1, 0.25, number=3))
    serving = fleet.observe().serving
    assert list(serving.values()) == ["new", "new", "old", "old", "old"]
    fleet.apply(assignment(1, 0.0, number=2))
    assert fleet.observe().serving == serving
    fleet.apply(assignment(1, 0.0, number=4))
    assert set(fleet.observe().serving.values()) == {"old"}
    assert [replicas_for(share, 5) for share in (1e-9, 0.2, 0.21, 0.5, 1.0)] == [1, 1, 2, 3, 5]


def test_the_same_seed_is_the_same_day():
    days = []
    for seed in (1, 1, 2):
        fleet = SimulatedFleet("new", "old", TRAFFIC, Fault("crash"), seed)
        fleet.apply(assignment())
        days.append([fleet.observe() for _ in range(5)])
    assert days[0] == days[1] != days[2]
    one, same, other = (many_rollouts(QUICK, TRAFFIC, n=50, seed=seed) for seed in (1, 1, 2))
    assert (one.hurt == same.hurt).all() and (one.end == same.end).all()
    assert (one.minute != other.minute).any() or (one.end != other.end).any()


def test_memory_does_not_grow_with_the_requests():
    peaks = []
    for requests in (1e7, 3e8):
        fleet = SimulatedFleet("new", "old", Traffic(requests_per_day=requests))
        fleet.apply(assignment())
        tracemalloc.start()
        fleet.observe()
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 40e6 and fleet.requests > 10**6


@pytest.mark.parametrize("kind", FAULTS)
def test_nobody_is_hurt_in_the_shadow_but_by_what_hits_both(kind):
    hurt = TRAFFIC.hurt(Fault(kind), 0.1, 300.0, mirrored=True)
    assert (hurt > 0) == (kind == "retry storm" and hurt > 0)
    assert TRAFFIC.hurt(Fault(kind), 0.0, 300.0) == pytest.approx(0, abs=1e-12)
    whole = flip(TRAFFIC, Fault(kind))
    assert whole >= 0 and (whole > 0) == (kind not in ("none", "another bundle", "lost metrics"))


def test_a_rollout_hurts_fewer_than_a_flip():
    for kind in ("live shift", "slow under load", "crash", "memory leak", "retry storm"):
        found = many_rollouts(usual_plan(), Traffic(), Fault(kind, minute=0.0), n=100)
        assert found.share(FLEET) == 0
        assert found.hurt.max() < flip(Traffic(), Fault(kind, minute=0.0)) / 10


def test_the_small_slice_is_found_by_its_own_metric_and_missed_by_the_mean():
    fault = Fault("small slice")
    plan = usual_plan()
    without = replace(plan, metrics=tuple(m for m in plan.metrics if m.name != SMALL))
    assert many_rollouts(plan, fault=fault, n=300).share(HARM) > 0.95
    assert many_rollouts(without, fault=fault, n=300).share(FLEET) > 0.5


def test_harm_shown_at_a_look_is_that_of_the_sign_test():
    found = many_rollouts(QUICK, TRAFFIC, Fault("live shift", 0.5), n=50)
    assert (found.end == HARM).all() and (found.step == 0).all()
    assert harm_chance(200, 20) < 1e-9
