"""Training against outside references: scipy's sigmoid, scipy's gradient, scipy's optimum."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from refusals import refuses
from scipy.optimize import approx_fprime, minimize
from scipy.special import expit, log_expit

from labsupport import training
from labsupport.training import fit_logistic, fit_logistic_many, predict
from labsupport.world import Examples, World

WORLD = World.create(n_holdout=10)


def mean_log_loss(weights, X, y):
    return -np.mean(log_expit(np.where(y == 1, 1, -1) * (X @ weights)))


def overlapping_examples(seed=0, n=400, d=4):
    """Labels drawn as a logistic model says, so that the optimum is finite and near."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, d))
    return Examples(X, (rng.random(n) < expit(X @ rng.standard_normal(d))).astype(int))


@pytest.mark.parametrize(("seed", "n"), [(1, 600), (2, 8000), (99, 120), (5, 1)])
def test_equals_the_same_recipe_written_with_scipy(seed, n):
    examples = WORLD.sample(seed, n)
    weights = np.zeros(12)
    for _ in range(300):
        weights = weights - 0.1 * examples.X.T @ (expit(examples.X @ weights) - examples.y) / n
    np.testing.assert_allclose(fit_logistic(examples), weights, rtol=0, atol=1e-12)


def test_one_step_goes_down_the_gradient():
    examples = overlapping_examples()
    gradient = approx_fprime(np.zeros(4), mean_log_loss, 1e-7, examples.X, examples.y)
    np.testing.assert_allclose(fit_logistic(examples, steps=1, rate=1.0), -gradient, atol=1e-6)


@pytest.mark.parametrize("seed", range(3))
def test_many_steps_reach_the_optimum(seed):
    examples = overlapping_examples(seed)
    best = minimize(
        mean_log_loss, np.zeros(4), (examples.X, examples.y), method="BFGS", options={"gtol": 1e-8}
    )
    np.testing.assert_allclose(fit_logistic(examples, steps=3000, rate=1.0), best.x, atol=1e-5)


@settings(max_examples=20)
@given(seed=st.integers(0, 10**6), n=st.integers(1, 200))
def test_more_steps_never_raise_the_loss(seed, n):
    examples = WORLD.sample(seed, n)
    losses = [
        mean_log_loss(fit_logistic(examples, steps=k), examples.X, examples.y)
        for k in (0, 1, 5, 50)
    ]
    assert losses[0] == pytest.approx(np.log(2))
    assert all(later <= earlier + 1e-12 for earlier, later in pairwise(losses))


def chunk_of(n):
    return max(1, training._CACHE_BYTES // (8 * n * 12))


@pytest.mark.parametrize("n", [1, 7, 600, 8000, 30_000])
def test_many_equals_the_loop(n):
    count = 3 if n == 1 else min(chunk_of(n) + 1, 40)
    seeds = range(100, 100 + count)
    many = fit_logistic_many(WORLD, seeds, n, steps=60)
    loop = [fit_logistic(WORLD.sample(seed, n), steps=60) for seed in seeds]
    np.testing.assert_allclose(many, loop, rtol=0, atol=1e-12)


@pytest.mark.parametrize("extra", [-1, 0, 1])
@pytest.mark.parametrize("chunks", [1, 2])
def test_many_is_the_loop_around_a_chunks_edge(monkeypatch, chunks, extra):
    monkeypatch.setattr(training, "_CACHE_BYTES", 5 * 8 * 50 * 12)
    seeds = list(range(5 * chunks + extra))
    many = fit_logistic_many(WORLD, seeds, 50)
    np.testing.assert_allclose(
        many, [fit_logistic(WORLD.sample(s, 50)) for s in seeds], rtol=0, atol=1e-12
    )


@settings(max_examples=15)
@given(
    seeds=st.lists(st.integers(0, 2**31), max_size=6),
    n=st.integers(1, 80),
    steps=st.integers(0, 400),
    rate=st.floats(0, 2),
)
def test_many_is_the_loop_for_any_recipe(seeds, n, steps, rate):
    many = fit_logistic_many(WORLD, seeds, n, steps, rate)
    assert many.shape == (len(seeds), 12)
    for weights, seed in zip(many, seeds, strict=True):
        np.testing.assert_allclose(
            weights, fit_logistic(WORLD.sample(seed, n), steps, rate), rtol=0, atol=1e-12
        )


@given(
    logits=st.lists(st.floats(-50, 50) | st.sampled_from([0.0, -0.0, 1e-12, -1e-12]), min_size=1),
    offset=st.floats(-3, 3) | st.just(0.0),
)
def test_predicts_one_where_the_sigmoid_exceeds_a_half(logits, offset):
    X = np.array(logits)[:, None]
    shifted = X[:, 0] + offset
    predicted = predict(np.ones(1), X, offset)
    clear = abs(shifted) > 1e-9  # nearer to zero the sigmoid itself rounds to one half
    np.testing.assert_array_equal(predicted[clear], expit(shifted[clear]) > 0.5)
    assert not predicted[shifted == 0].any()


def test_predict_takes_examples_and_an_offset_per_row():
    examples = WORLD.sample(3, 200)
    weights = fit_logistic(examples)
    slice_ = examples.X[:, 0] > 0
    np.testing.assert_array_equal(predict(weights, examples), predict(weights, examples.X))
    regressed = predict(weights, examples, -3.0 * slice_)
    np.testing.assert_array_equal(regressed[~slice_], predict(weights, examples)[~slice_])
    assert regressed[slice_].sum() < predict(weights, examples)[slice_].sum()


@pytest.mark.parametrize("weights", [[np.nan, 1.0], [np.inf, -np.inf]])
def test_a_nan_logit_is_never_a_prediction(weights):
    with refuses(ValueError, "A logit is NaN"):
        predict(np.array(weights), np.ones((3, 2)))


@pytest.mark.parametrize(
    ("X", "y", "words"),
    [
        (np.ones((0, 2)), np.ones(0), "nothing to learn from"),
        (np.array([[np.nan], [1.0]]), np.array([0, 1]), "NaN or infinite"),
        (np.array([[np.inf], [1.0]]), np.array([0, 1]), "NaN or infinite"),
        (np.ones((3, 2)), np.array([0, 1]), "3 rows and 2 labels"),
        (np.ones((2, 2)), np.array([0, 2]), "0 or 1"),
        (np.ones((2, 2)), np.array([0, np.nan]), "0 or 1"),
    ],
)
def test_a_sample_that_teaches_nothing_is_refused(X, y, words):
    with refuses(ValueError, words):
        fit_logistic(Examples(X, y))


@pytest.mark.parametrize("n", [0, -1])
def test_many_refuses_an_empty_sample(n):
    with refuses(ValueError, "at least one row"):
        fit_logistic_many(WORLD, [1, 2], n)
