"""The world is a definition: which numbers are drawn, in which order. These tests draw them a
second time.
"""

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from refusals import refuses

from labsupport.world import World


def test_holdout_is_the_chapters_draw():
    rng = np.random.default_rng(7)
    X, weights, noise = (
        rng.standard_normal((4000, 12)),
        rng.standard_normal(12),
        rng.standard_normal(4000),
    )
    world = World.create()
    np.testing.assert_array_equal(world.holdout.X, X)
    np.testing.assert_array_equal(world.weights, weights)
    np.testing.assert_array_equal(world.holdout.y, X @ weights + 0.3 * noise > 0)


@settings(max_examples=25)
@given(seed=st.integers(0, 2**32), n=st.integers(1, 300))
def test_sample_is_the_chapters_draw(seed, n):
    world, rng = World.create(n_holdout=1), np.random.default_rng(seed)
    X, noise = rng.standard_normal((n, 12)), rng.standard_normal(n)
    sample = world.sample(seed, n)
    np.testing.assert_array_equal(sample.X, X)
    np.testing.assert_array_equal(sample.y, X @ world.weights + 0.3 * noise > 0)
    assert len(sample) == n


def test_without_noise_the_true_weights_are_always_right():
    world = World.create(label_noise=0)
    np.testing.assert_array_equal(world.holdout.X @ world.weights > 0, world.holdout.y)
    assert set(world.holdout.y) == {0, 1}


def test_the_worlds_own_seed_redraws_the_holdout():
    """A trap that the docstring of sample names: seed 7 would train on the rows it is judged on."""
    world = World.create(seed=7)
    np.testing.assert_array_equal(world.sample(7, 100).X, world.holdout.X[:100])
    assert not np.isin(world.sample(8, 100).X, world.holdout.X).any()


def test_the_holdout_is_frozen():
    world = World.create(n_holdout=5)
    for array in (world.holdout.X, world.holdout.y, world.weights):
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0
    with pytest.raises(AttributeError):
        world.weights = np.zeros(12)


def test_a_world_survives_a_trip_to_another_process():
    world = World.create(n_holdout=50)
    copy = pickle.loads(pickle.dumps(world))
    np.testing.assert_array_equal(copy.holdout.X, world.holdout.X)
    np.testing.assert_array_equal(copy.sample(3, 20).y, world.sample(3, 20).y)


@pytest.mark.parametrize("size", [{"n_holdout": 0}, {"n_features": 0}, {"n_holdout": -1}])
def test_an_empty_world_is_refused(size):
    with refuses(ValueError, "at least one row and one feature"):
        World.create(**size)


@pytest.mark.parametrize("noise", [-0.1, np.nan, np.inf])
def test_noise_that_is_no_deviation_is_refused(noise):
    with refuses(ValueError, "standard deviation"):
        World.create(label_noise=noise)


@pytest.mark.parametrize("n", [0, -3])
def test_an_empty_sample_is_refused(n):
    with refuses(ValueError, "at least one row"):
        World.create(n_holdout=1).sample(1, n)
