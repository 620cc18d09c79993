"""Times of the core, each beside the plain way of doing the same: run by `make bench`, nothing here
asserts a time.
"""

import numpy as np
import pytest
from scipy.stats.contingency import crosstab

from labsupport.outcomes import PairedOutcomes
from labsupport.training import fit_logistic, fit_logistic_many
from labsupport.world import World

SEEDS, ROWS = range(100, 244), 600
HOLDOUT = 1_000_000


def one_by_one(world, seeds, n):
    return np.array([fit_logistic(world.sample(seed, n)) for seed in seeds])


@pytest.mark.benchmark(group=f"{len(SEEDS)} models on {ROWS} rows each, one thread", min_rounds=8)
@pytest.mark.parametrize(
    "fit", [one_by_one, fit_logistic_many], ids=["loop of fit_logistic", "fit_logistic_many"]
)
def test_training_many_models(benchmark, fit):
    world = World.create()
    weights = benchmark(fit, world, SEEDS, ROWS)
    np.testing.assert_allclose(
        weights[[0, -1]], one_by_one(world, [SEEDS[0], SEEDS[-1]], ROWS), rtol=0, atol=1e-12
    )


def with_scipy(y, candidate, baseline):
    return crosstab(candidate != y, baseline != y).count.ravel()


def with_outcomes(y, candidate, baseline):
    return PairedOutcomes.from_predictions(y, candidate, baseline).cells


def with_slices(y, candidate, baseline):
    return PairedOutcomes.from_predictions(y, candidate, baseline, np.arange(len(y)) % 8).cells


@pytest.mark.benchmark(group=f"paired outcomes of {HOLDOUT:,} rows")
@pytest.mark.parametrize(
    "count",
    [with_scipy, with_outcomes, with_slices],
    ids=["scipy crosstab", "from_predictions", "from_predictions, 8 slices"],
)
def test_counting_paired_outcomes(benchmark, count):
    rng = np.random.default_rng(0)
    y, candidate, baseline = (rng.integers(0, 2, HOLDOUT) for _ in range(3))
    cells = benchmark(count, y, candidate, baseline)
    right = [(candidate == y), (baseline == y)]
    assert cells[0] == np.sum(right[0] & right[1])
    assert sum(cells) == HOLDOUT
