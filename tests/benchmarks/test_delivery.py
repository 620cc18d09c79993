"""How long looks take to plan and to judge, against the same numbers by a general tool."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize, stats

from labsupport.delivery.looks import nominal_levels
from labsupport.delivery.sequence import confidence_sequence, harm_shown

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
