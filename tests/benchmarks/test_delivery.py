"""How long looks take to plan and to judge, against the same numbers by a general tool; and how
many requests a second a fleet is simulated with.

simpy is no dependency; to compare with it: pip install simpy.
"""

from __future__ import annotations

import random
from collections import Counter

import numpy as np
import psutil
import pytest
from scipy import optimize, stats

from labsupport.delivery import Assignment, SimulatedFleet, many_rollouts, usual_plan
from labsupport.delivery.looks import nominal_levels
from labsupport.delivery.sequence import confidence_sequence, harm_shown
from labsupport.delivery.study import FLEET
from labsupport.delivery.traffic import NIGHT, SMALL, Fault, Traffic

STAGED = (250, 450, 630, 810)


def by_scipy(looks, alpha: float) -> np.ndarray:
    """Nominal levels look by look from the joint normal distribution, to about six digits."""
    n = np.asarray(looks, float)
    spent, bounds = alpha * (n / n[-1]) ** 2, []
    for k in range(1, len(n) + 1):
        joint = stats.multivariate_normal(
            cov=np.sqrt(np.minimum.outer(n[:k], n[:k]) / np.maximum.outer(n[:k], n[:k])),
            seed=0,
        )

        def excess(bound, joint=joint, k=k):
            limits = np.array([*bounds, bound])
            return 1 - joint.cdf(limits, lower_limit=-limits) - spent[k - 1]

        bounds.append(optimize.brentq(excess, 0.5, 8, xtol=1e-6))
    return 2 * stats.norm.sf(bounds)


@pytest.mark.benchmark(group="the levels of four looks")
@pytest.mark.parametrize("tool", [nominal_levels, by_scipy], ids=["recursion", "scipy"])
def test_levels(benchmark, tool):
    levels = benchmark(tool, STAGED, 0.01)
    assert levels == pytest.approx([0.00095, 0.00241, 0.00410, 0.00636], abs=1e-5)


@pytest.fixture(scope="module")
def rollouts() -> tuple[np.ndarray, ...]:
    """10,000 rollouts at 50 looks, a tenth of the pairs discordant."""
    n = np.arange(200, 10_001, 200)
    rng = np.random.default_rng(0)
    seen = rng.multinomial(200, [0.05, 0.05, 0.9], size=(10_000, 50)).cumsum(axis=1)
    return seen[..., 0], seen[..., 1], np.broadcast_to(n, seen.shape[:2])


@pytest.mark.benchmark(group="a confidence sequence")
def test_all_at_once(benchmark, rollouts):
    low, _ = benchmark.pedantic(confidence_sequence, rollouts, rounds=3)
    assert 0 < (low > 0).any(axis=1).mean() < 0.025


@pytest.mark.benchmark(group="a confidence sequence")
def test_a_loop_over_one_rollout(benchmark, rollouts):
    """Of 10,000: fifty tables, one by one."""
    tables = np.stack(rollouts)[:, 0].T.tolist()
    assert len(benchmark(lambda: [confidence_sequence(*table) for table in tables])) == 50


@pytest.mark.benchmark(group="a confidence sequence")
def test_harm_alone(benchmark, rollouts):
    shown = benchmark.pedantic(harm_shown, rollouts[:2], rounds=3)
    assert 0 < shown.any(axis=1).mean() < 0.025


DAY = Traffic(requests_per_day=1e7, replicas=100)
SHARE = 0.1


def a_day(traffic: Traffic) -> SimulatedFleet:
    """All requests of a day, a tenth of them for a canary."""
    fleet = SimulatedFleet("new", "old", traffic)
    fleet.apply(Assignment(0, "canary", 1, SHARE, "new", "old"))
    while fleet.minute < 1440:
        fleet.observe()
    return fleet


def in_a_loop(n: int) -> tuple[int, int, int]:
    """The same requests one after the other, as a plain loop draws and counts them."""
    draw, counts, waiting = random.Random(0), Counter(), {True: [], False: []}
    night = NIGHT / 256
    rates = {new: DAY.rates(Fault(), SHARE, 0.0, new) for new in (True, False)}
    rates = {new: {name: float(rate) for name, rate in each.items()} for new, each in rates.items()}
    for _ in range(n):
        group, at_night = draw.random(), draw.random() < night
        canary, baseline = group < SHARE, group >= 1 - SHARE
        mine = rates[canary]
        wrong = draw.random() < mine[SMALL if at_night else "quality"]
        failed = draw.random() < mine["errors"]
        slow = draw.lognormvariate(0, 0.5) > SLOW
        known = draw.random() < DAY.labelled
        counts["failed"] += failed
        if canary or baseline:
            waiting[canary].append((wrong, failed, slow, known, at_night))
            if waiting[not canary]:
                other, own = waiting[not canary].pop(0), waiting[canary].pop(0)
                counts["pairs"] += 1
                counts["discordant"] += own[1] != other[1]
    return n, counts["pairs"], counts["failed"]


def with_simpy(n: int) -> tuple[int, int, int]:
    """The same requests as processes that wait for a replica and hold it until answered."""
    simpy = pytest.importorskip("simpy", reason="no dependency; install it to compare with it.")
    world, draw, counts = simpy.Environment(), random.Random(0), Counter()
    replicas = {canary: simpy.Resource(world, 10 if canary else 90) for canary in (True, False)}

    def answered(canary: bool):
        with replicas[canary].request() as free:
            yield free
            yield world.timeout(draw.lognormvariate(-3, 0.5))
        counts["failed"] += draw.random() < DAY.failed
        counts["pairs"] += canary

    def arrivals():
        for _ in range(n):
            world.process(answered(draw.random() < SHARE))
            yield world.timeout(draw.expovariate(DAY.requests_per_day / 86400))

    world.process(arrivals())
    world.run()
    return n, counts["pairs"], counts["failed"]


SLOW = float(np.exp(0.5 * stats.norm.ppf(0.99)))
FEW = 100_000
WAYS = {"plain loop": in_a_loop, "simpy": with_simpy}


@pytest.mark.benchmark(group="requests through a fleet")
def test_a_day_of_ten_million_requests(benchmark):
    before = psutil.Process().memory_info().rss
    fleet = benchmark.pedantic(a_day, args=(DAY,), rounds=3)
    grown = psutil.Process().memory_info().rss - before
    benchmark.name = f"simulated fleet, {fleet.requests:,} requests"
    benchmark.extra_info["memory grown, MB"] = round(grown / 1e6)
    benchmark.extra_info["requests a second"] = round(fleet.requests / benchmark.stats["min"])
    assert abs(fleet.requests - 1e7) < 6 * 1e7**0.5
    assert fleet.observe().pairs["slow"].n == pytest.approx(SHARE * 1e7, rel=0.01)
    assert grown < 500e6


@pytest.mark.benchmark(group="requests through a fleet")
@pytest.mark.parametrize("name", WAYS)
def test_a_hundredth_of_it_by_other_means(benchmark, name):
    if name == "simpy":
        pytest.importorskip("simpy", reason="no dependency; install it to compare with it.")
    n, pairs, failed = benchmark.pedantic(WAYS[name], args=(FEW,), rounds=3)
    benchmark.name = f"{name}, {n:,} requests"
    benchmark.extra_info["requests a second"] = round(n / benchmark.stats["min"])
    assert pairs == pytest.approx(SHARE * n, rel=0.05)
    assert failed == pytest.approx(DAY.failed * n, abs=60)


@pytest.mark.benchmark(group="ten thousand rollouts")
@pytest.mark.parametrize("kind", ["none", "live shift", "lost metrics"])
def test_ten_thousand_rollouts(benchmark, kind):
    ends = benchmark.pedantic(
        many_rollouts, args=(usual_plan(), DAY, Fault(kind)), rounds=1, kwargs={"n": 10_000}
    )
    assert (ends.share(FLEET) > 0.9) == (kind == "none")
