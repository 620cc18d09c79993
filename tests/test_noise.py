"""The unstable network, noise floors and retrained recipes, against references that nobody here
wrote.
"""

from __future__ import annotations

import hashlib
import itertools
import math
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from refusals import refuses
from scipy import stats
from test_portability import FLAGS, KERNELS, ROOT, run

from labsupport.gate import Policy, gate
from labsupport.network import (
    BATCH,
    N_WEIGHTS,
    Run,
    network_rows,
    network_task,
    train_networks,
)
from labsupport.noise import (
    false_promotion_rate,
    margin_above,
    noise_floor,
    null_gains,
    random_slice_range,
    smallest_margin,
    spread,
    tail_ranges,
)
from labsupport.outcomes import PairedOutcomes
from labsupport.reductions import CHUNKS, sharded_sum
from labsupport.retrained import RetrainedOutcomes

# ---- sums
# --------------------------------------------------------------------------------------------------
# -----------

ROWS = arrays(np.float32, (12, 3), elements=st.floats(-(2.0**40), 2.0**40, width=32))


@given(ROWS, st.integers(1, 12), st.randoms(use_true_random=False))
def test_an_exact_sum_is_the_rounded_true_sum_whoever_adds_and_in_which_order(
    rows, workers, random
):
    arrival = random.sample(range(workers), workers)
    true = [
        float(sum(map(Fraction, column.tolist()))) for column in rows.T
    ]  # Fraction to float rounds once, correctly
    assert (
        sharded_sum(rows, workers, arrival, "exact").tolist() == np.array(true, np.float32).tolist()
    )


@given(ROWS, st.integers(1, 12), st.randoms(use_true_random=False))
def test_fixed_chunks_give_the_same_bits_whoever_adds_and_in_which_order(rows, workers, random):
    arrival = random.sample(range(workers), workers)
    alone = sharded_sum(rows, reduction="chunks")
    assert sharded_sum(rows, workers, arrival, "chunks").tobytes() == alone.tobytes()


@pytest.mark.parametrize("reduction", ["arrival", "chunks", "exact"])
def test_every_row_is_added_once(reduction):
    """With whole numbers every float32 sum is exact, so each way must give the true one."""
    rows = np.random.default_rng(0).integers(-1000, 1000, size=(BATCH, 4)).astype(np.float32)
    for workers, n in itertools.product(range(1, 9), (8, 9, 23, BATCH)):
        arrival = np.random.default_rng(workers).permutation(workers)
        assert (
            sharded_sum(rows[:n], workers, arrival, reduction) == rows[:n].astype(int).sum(axis=0)
        ).all()


def test_shares_are_added_in_the_order_of_their_arrival():
    rows = np.array([[1e8], [-1e8], [1.0]], np.float32)
    assert sharded_sum(rows, 3, [0, 1, 2]) == 1
    assert sharded_sum(rows, 3, [2, 0, 1]) == 0
    assert sharded_sum(rows, 3, [2, 0, 1], "exact") == 1


def test_sums_that_cannot_be_are_refused():
    rows = np.ones((4, 2), np.float32)
    with refuses(ValueError, "4 rows can be shared by 1 to 4 workers; got 5"):
        sharded_sum(rows, 5)
    with refuses(ValueError, "must name each worker from 0 to 1 once; got [0, 0]"):
        sharded_sum(rows, 2, [0, 0])
    with refuses(ValueError, "Unknown reduction 'sum'; choose one of arrival, chunks, exact"):
        sharded_sum(rows, 2, reduction="sum")


# ---- the network
# --------------------------------------------------------------------------------------------------
# ----


def by_hand(steps: int) -> np.ndarray:
    """The reference run written again, one row and one unit at a time, with float32 scalars, and
    sums folded in halves.
    """
    one, half = np.float32(1), np.float32(0.5)

    def fold(terms):
        terms = list(terms)
        while len(terms) > 1:
            n = len(terms) // 2
            folded = [a + b for a, b in zip(terms[:n], terms[n : 2 * n], strict=True)]
            if len(terms) % 2:
                folded[0] = folded[0] + terms[-1]
            terms = folded
        return terms[0]

    train, _ = network_task()
    weights = (np.random.default_rng(0).integers(-(2**23), 2**23, size=N_WEIGHTS) / 2**23).astype(
        np.float32
    )
    weights[112:] *= half
    order = np.random.default_rng(0).permutation(1000).reshape(-1, BATCH)
    for step in range(steps):
        gradients = []
        for row in order[step]:
            x, y = train.X[row].astype(np.float32), np.float32(train.y[row])
            into, bias, out = weights[:96].reshape(6, 16), weights[96:112], weights[112:128]
            hidden = []
            for unit in range(16):
                total = bias[unit]
                for j in range(6):
                    total = total + x[j] * into[j, unit]
                hidden.append(total)
            value = [h / (one + abs(h)) for h in hidden]
            z = fold(v * w for v, w in zip(value, out, strict=True)) + weights[128]
            size = one + abs(z)
            slope = ((one + z / size) * half - y) / (size * size)
            back = [
                slope * w / ((one + abs(h)) * (one + abs(h)))
                for w, h in zip(out, hidden, strict=True)
            ]
            gradients.append(
                [
                    *(x[j] * b for j in range(6) for b in back),
                    *back,
                    *(slope * v for v in value),
                    slope,
                ]
            )
        for i in range(N_WEIGHTS):
            weights[i] -= np.float32(4 / BATCH) * fold(gradient[i] for gradient in gradients)
    return weights


def test_the_network_is_the_one_that_its_docstring_describes(monkeypatch):
    """Bit for bit the same as scalar float32 arithmetic, which leaves no room for a library's order
    or for fused steps.
    """
    monkeypatch.setattr("labsupport.network.EVERY", 1)
    (trained,) = train_networks([Run()], steps=3)
    assert trained.checkpoints[3].tobytes() == by_hand(3).tobytes()


def test_the_gradient_is_that_of_the_squared_error(monkeypatch):
    """Against a central difference in float64, for the loss as the docstring writes it."""
    monkeypatch.setattr("labsupport.network.EVERY", 1)
    train, _ = network_task()
    (trained,) = train_networks([Run()], steps=1)
    start, step = (trained.checkpoints[i].astype(float) for i in (0, 1))
    rows = np.random.default_rng(0).permutation(1000)[:BATCH]

    def loss(w):
        hidden = train.X[rows] @ w[:96].reshape(6, 16) + w[96:112]
        z = hidden / (1 + abs(hidden)) @ w[112:128] + w[128]
        return (((1 + z / (1 + abs(z))) / 2 - train.y[rows]) ** 2).mean()

    assert trained.losses[0] == pytest.approx(loss(start), abs=1e-6)
    bumps = 1e-6 * np.eye(N_WEIGHTS)
    slopes = [(loss(start + bump) - loss(start - bump)) / 2e-6 for bump in bumps]
    np.testing.assert_allclose(start - step, 4 * np.array(slopes), atol=2e-6)


@pytest.fixture(scope="module")
def runs():
    told = {
        "reference": Run(),
        "again": Run(),
        "ulp": Run(ulps=1),
        "seed": Run(seed=1),
        "order": Run(order=1),
        "workers": Run(workers=4),
        "arrival": Run(workers=4, arrival=1),
    }
    return dict(zip(told, train_networks(told.values(), 800), strict=True))


def test_every_source_and_nothing_else_changes_the_bits(runs):
    distinct = {run.weights.tobytes() for run in runs.values()}
    assert runs["again"].same_bits(runs["reference"])
    assert len(distinct) == len(runs) - 1


def test_company_changes_no_bit(runs):
    """Runs advance side by side; alone they end in the same weights."""
    for name in ("ulp", "arrival"):
        (alone,) = train_networks([runs[name].run], 800)
        assert alone.same_bits(runs[name])
        assert (alone.losses == runs[name].losses).all()


def test_one_ulp_is_one_ulp_and_ends_in_another_model(runs):
    before, after = runs["reference"].checkpoints[0], runs["ulp"].checkpoints[0]
    assert (before != after).sum() == 1
    assert after[0] == np.nextafter(before[0], np.float32(math.copysign(9, before[0])))
    _, holdout = network_task()
    predicted = [runs[name].predict(holdout.X) for name in ("reference", "ulp")]
    assert (predicted[0] != predicted[1]).mean() > 0.02
    assert min((p == holdout.y).mean() for p in predicted) > 0.75


def test_fixed_chunks_and_exact_sums_restore_equality_of_a_whole_training():
    for reduction in ("chunks", "exact"):
        told = [
            Run(workers=w, arrival=a, reduction=reduction) for w, a in ((1, None), (3, 1), (8, 2))
        ]
        one, *rest = train_networks(told, 100)
        assert all(run.same_bits(one) for run in rest)
    assert CHUNKS < BATCH


def test_spread_counts_what_it_says(runs):
    _, holdout = network_task()
    mask = holdout.X[:, 0] > 1.9
    others = [runs[name] for name in ("again", "ulp", "seed")]
    found = spread(runs["reference"], others, {"edge": mask})
    right = [run.predict(holdout.X) == holdout.y for run in (runs["reference"], *others)]
    assert (found.runs, found.same_bits, found.churn[0]) == (3, 1, 0)
    assert found.churn[1] == max(
        (right[0] != r).mean() for r in right
    )  # two classes: they disagree where one of them is right
    assert found.accuracy == (min(r.mean() for r in right), max(r.mean() for r in right))
    assert found.slices["edge"] == (
        min(r[mask].mean() for r in right),
        max(r[mask].mean() for r in right),
    )
    with refuses(ValueError, "no run to compare"):
        spread(runs["reference"], [])


def test_random_slices_range_as_slices_drawn_by_hand_do(runs):
    """A slice of all rows ranges as all rows do, and small slices range further."""
    _, holdout = network_task()
    others = [runs[name] for name in ("ulp", "seed", "order")]
    right = np.array([r.predict(holdout.X) == holdout.y for r in (runs["reference"], *others)])
    accuracy = right.mean(axis=1)
    found = [random_slice_range(right, n) for n in (50, 400, 4000)]
    assert found[2] == pytest.approx(np.ptp(accuracy))
    assert found[0] > 1.5 * found[1] > 1.5 * found[2]
    rng, own = np.random.default_rng(1), []
    for _ in range(400):
        rows = rng.permutation(len(holdout))[:50]
        own.append(max(r[rows].mean() for r in right) - min(r[rows].mean() for r in right))
    assert found[0] == pytest.approx(np.mean(own), rel=0.1)
    for bad in ((right[:1], 50), (right, 4001), (right, 0), (right[0], 50)):
        with refuses(ValueError, "need two runs or more"):
            random_slice_range(*bad)


def test_tails_range_as_masks_by_hand_do(runs):
    _, holdout = network_task()
    trained = [runs[name] for name in ("reference", "ulp", "seed")]
    ranges, by_lot = tail_ranges(trained, holdout, 1.9)
    right = np.array([run.predict(holdout.X) == holdout.y for run in trained])
    for place, rows in ((0, holdout.X[:, 0] > 1.9), (11, holdout.X[:, 5] < -1.9)):
        accuracy = right[:, rows].mean(axis=1)
        assert ranges[place] == pytest.approx(accuracy.max() - accuracy.min())
    assert ranges.shape == (12,) and by_lot == random_slice_range(right, 110)


def test_what_is_kept_has_the_same_bits_and_is_trained_once(monkeypatch):
    told = [Run(ulps=2), Run(), Run(ulps=2)]
    anew, kept = train_networks(told, 100), train_networks(told, 100, keep=True)
    assert [one.weights.tobytes() for one in anew] == [one.weights.tobytes() for one in kept]
    assert anew[0] is not anew[2] and kept[0] is kept[2]
    assert train_networks(told[:1], 200, keep=True)[0].losses.shape == (200,)
    monkeypatch.setattr("labsupport.network._train", None)  # nothing is trained from here on
    assert train_networks(told[::-1], 100, keep=True) == kept[::-1]
    with pytest.raises(ValueError, match="read-only"):
        kept[0].checkpoints[0, 0] = 1


def test_rounding_grows_beyond_an_edge_of_the_learning_rate_and_a_seed_on_both_sides():
    """Lesson 04's claim: at a rate of 1 other bits and no other prediction, at 4 hundreds."""
    _, holdout = network_task()
    told = (Run(), Run(ulps=1), Run(workers=8, arrival=1), Run(workers=4), Run(seed=1))
    for rate, rounded in ((1.0, range(1)), (4.0, range(200, 600))):
        runs = train_networks([replace(run, rate=rate) for run in told], keep=True)
        first, *guesses = (run.predict(holdout.X) for run in runs)
        *rounding, seed = (int((guess != first).sum()) for guess in guesses)
        assert not any(run.same_bits(runs[0]) for run in runs[1:])
        assert all(changed in rounded for changed in rounding) and seed > 250


def test_rows_that_nobody_trained_on_are_of_the_same_world():
    rows, (_, holdout) = network_rows(2, 4000), network_task()
    assert (rows.X == holdout.X).all() and (rows.y == holdout.y).all()
    assert abs(network_rows(3, 20_000).y.mean() - holdout.y.mean()) < 0.02


def test_settings_that_no_run_can_have_are_refused():
    with refuses(ValueError, "workers is a whole number from 1 to 50; got 0"):
        Run(workers=0)
    with refuses(ValueError, "weight is a whole number from 0 to 128; got 129"):
        Run(weight=129)
    with refuses(ValueError, "steps must be a multiple of 100, at least 100; got 150"):
        train_networks([Run()], 150)


SCRIPT = """
import hashlib
from labsupport.network import Run, train_networks
told = [
    Run(),
    Run(ulps=1),
    Run(workers=8, arrival=1),
    Run(workers=3, reduction="chunks"),
    Run(workers=2, reduction="exact"),
]
runs = train_networks(told, 200)
print(*(hashlib.sha256(r.weights.tobytes() + r.losses.tobytes()).hexdigest() for r in runs))
"""


@pytest.fixture(scope="module")
def digests() -> str:
    text = run(code=("-c", SCRIPT)).stdout
    assert len(set(text.split())) == 5 and {len(word) for word in text.split()} == {
        hashlib.sha256().digest_size * 2
    }
    return text


@pytest.mark.parametrize("kernel", [name for name, needs in KERNELS.items() if needs <= FLAGS])
def test_the_bits_are_the_same_under_every_kernel(kernel, digests, record_property):
    assert (
        run(code=("-c", SCRIPT), OPENBLAS_CORETYPE=kernel, OPENBLAS_NUM_THREADS="2").stdout
        == digests
    )
    record_property("portability", f"the unstable network, kernel {kernel}: same bits")


def test_the_bits_are_the_same_without_numpys_vector_code(digests, record_property):
    ask = (
        "import numpy._core._multiarray_umath as m; print(*(f for f in m.__cpu_dispatch__ if "
        "m.__cpu_features__[f]))"
    )
    features = run(code=("-c", ask)).stdout.strip()
    assert run(code=("-c", SCRIPT), NPY_DISABLE_CPU_FEATURES=features).stdout == digests
    record_property(
        "portability", f"the unstable network without {features or 'anything'}: same bits"
    )


def test_the_network_calls_nothing_whose_rounding_is_a_librarys_choice():
    source = (ROOT / "labsupport" / "network.py").read_text(encoding="utf-8")
    words = (
        "@ ",
        "np.dot",
        "matmul",
        "einsum",
        "np.sum",
        ".sum(",
        ".mean(",
        "np.exp",
        "tanh",
        "add.reduce",
        "linalg",
        "**0.5",
    )
    code = "\n".join(line.split("#")[0] for line in source.split('"""')[2::2])
    assert [word for word in words if word in code] == []


# ---- the noise floor and the margin
# -----------------------------------------------------------------------------------

VALUES = np.array([0.9700, 0.9712, 0.9695, 0.9718, 0.9703, 0.9707])


def test_the_floors_interval_is_scipys():
    """A variance test inverted by hand: at each end of the interval its p-value is 5 %."""
    floor = noise_floor(VALUES, 0.9)
    assert floor.sd == pytest.approx(stats.tstd(VALUES))
    for end, tail in ((floor.low, stats.chi2.sf), (floor.high, stats.chi2.cdf)):
        assert tail(5 * floor.sd**2 / end**2, 5) == pytest.approx(0.05)


def test_the_floors_interval_holds_the_truth_as_often_as_it_says():
    draws = np.random.default_rng(0).normal(0.97, 0.001, size=(2000, 8))
    held = sum(floor.low <= 0.001 <= floor.high for floor in map(noise_floor, draws))
    assert stats.binomtest(held, 2000, 0.95).pvalue > 0.001


def test_a_null_candidate_reaches_the_margin_as_often_as_asked():
    """Normal runs, the floor measured on six, then means of fresh runs against each other."""
    rng, sides = np.random.default_rng(1), (3, 2)
    won = 0
    for _ in range(4000):
        floor = noise_floor(rng.normal(0, 1, 6))
        a, b = (rng.normal(0, 1, k).mean() for k in sides)
        won += a - b >= margin_above(floor, 0.1, *sides)
    assert stats.binomtest(won, 4000, 0.1).pvalue > 0.001


def test_more_runs_a_smaller_margin():
    floor = noise_floor(VALUES)
    assert margin_above(floor, 0.02, 4, 4) == pytest.approx(margin_above(floor, 0.02) / 2)
    assert margin_above(floor, 0.001) > margin_above(floor, 0.02) > 0 > margin_above(floor, 0.9)


RIGHT = st.lists(st.integers(0, 40), min_size=2, max_size=8)


@given(RIGHT, st.fractions(-1, 1, max_denominator=200))
def test_false_promotions_are_counted_pair_by_pair(right, margin):
    pairs = list(itertools.permutations(right, 2))
    wins = sum(Fraction(a, 40) - Fraction(b, 40) >= margin for a, b in pairs)
    assert false_promotion_rate(right, margin, 40) == Fraction(wins, len(pairs))
    assert sorted(null_gains(right, 40).tolist()) == sorted(a - b for a, b in pairs)


@given(RIGHT, st.fractions(0, Fraction(99, 100), max_denominator=100))
def test_the_smallest_margin_keeps_the_rate_and_a_row_less_does_not(right, rate):
    margin = smallest_margin(right, rate, 40)
    assert (margin * 40).denominator == 1
    assert (
        false_promotion_rate(right, margin, 40)
        <= rate
        < false_promotion_rate(right, margin - Fraction(1, 40), 40)
    )


def test_a_margin_is_the_decimal_that_was_written():
    """20 rows of 4,000 are exactly 0.005, and reach it."""
    for low in range(0, 3980, 199):
        assert false_promotion_rate([low, low + 20], 0.005, 4000) == Fraction(1, 2)


def test_floors_and_margins_that_cannot_be_are_refused():
    with refuses(ValueError, "at least two retrainings"):
        noise_floor([0.97])
    with refuses(ValueError, "NaN or infinite"):
        noise_floor([0.97, math.nan])
    with refuses(ValueError, "The metric of the retrainings has masked values"):
        noise_floor(np.ma.masked_greater(VALUES, np.median(VALUES)))
    with refuses(ValueError, "right has masked values"):
        false_promotion_rate(np.ma.masked_greater([3, 4, 5], 4), 0.005, 40)
    with refuses(ValueError, "rate is a probability"):
        margin_above(noise_floor(VALUES), 0)
    with refuses(ValueError, "The noise floor is 0"):
        margin_above(noise_floor([0.97] * 5), 0.02)
    with refuses(ValueError, "k_baseline counts retrainings, at least 1; got 0"):
        margin_above(noise_floor(VALUES), 0.02, 1, 0)
    for right in ([3], [3, 41], [-1, 2], [0.5, 1.0]):
        with refuses(ValueError, "a whole number of rows from 0 to 40"):
            false_promotion_rate(right, 0.005, 40)
    with refuses(ValueError, "from 0 to below 1; got 1"):
        smallest_margin([1, 2], 1, 40)


# ---- both variances
# --------------------------------------------------------------------------------------------------
# -


def drawn(
    rng, k: tuple[int, int], n: int, seed_sd: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Labels all 1, and predictions of two recipes of the same true accuracy: rows are hard or
    easy, runs good or bad.
    """
    row = rng.normal(1.6, 1.2, n)
    runs = (
        rng.normal(0, seed_sd, (size, 1)) + row + rng.normal(0, 0.5, (size, n)) > 0 for size in k
    )
    return np.ones(n, int), *(right.astype(int) for right in runs)


@pytest.mark.parametrize("seed_sd", [0.0, 0.15])
def test_the_interval_holds_the_true_gain_as_often_as_it_says(seed_sd):
    """The true gain over fresh rows and fresh seeds is 0. Rows alone promise too much as soon as
    seeds matter.
    """
    rng, worlds = np.random.default_rng(2), 600
    both = rows_only = 0
    for _ in range(worlds):
        recipes = RetrainedOutcomes.from_predictions(*drawn(rng, (5, 4), 400, seed_sd))
        both += 0 in recipes.interval(0.95)
        rows_only += abs(recipes.gain) <= 1.96 * math.sqrt(recipes.paired / recipes.n)
    assert both / worlds >= 0.95
    assert (rows_only / worlds > 0.93) == (seed_sd == 0)


def test_the_variance_is_that_of_repeated_experiments():
    """On average the estimate equals the variance of the gain over worlds that were drawn anew,
    rows and seeds.
    """
    rng = np.random.default_rng(3)
    recipes = [
        RetrainedOutcomes.from_predictions(*drawn(rng, (6, 3), 300, 0.2)) for _ in range(600)
    ]
    estimated = np.mean([r.standard_error**2 for r in recipes])
    assert estimated == pytest.approx(np.var([r.gain for r in recipes]), rel=0.15)


def test_gain_and_parts_are_those_of_the_counts():
    y, a, b = drawn(np.random.default_rng(4), (3, 2), 60, 0.3)
    mask = np.arange(60) % 3 == 0
    recipes = RetrainedOutcomes.from_predictions(y, a, b, {"third": mask})
    assert recipes.exact_gain == Fraction(int(a.sum()), 180) - Fraction(int(b.sum()), 120)
    assert recipes.paired == pytest.approx(stats.tvar(a.mean(axis=0) - b.mean(axis=0)))
    assert recipes.candidate_spread == pytest.approx(stats.tvar(a.mean(axis=1)))
    assert recipes.slices["third"] == RetrainedOutcomes.from_predictions(
        y[mask], a[:, mask], b[:, mask]
    )
    table = stats.f_oneway(
        *a.astype(float)
    )  # one-way: between runs, as a check on the scatter that is split
    between = 60 * recipes.candidate_spread
    assert table.statistic == pytest.approx(between / np.mean([stats.tvar(run) for run in a]))


def test_without_seed_noise_it_is_the_paired_comparison():
    """Runs that are copies of one model leave the rows' variance only, which PairedOutcomes has as
    well.
    """
    rng = np.random.default_rng(5)
    y, a, b = (rng.integers(0, 2, 500) for _ in range(3))
    recipes = RetrainedOutcomes.from_predictions(y, [a, a, a], [b, b])
    paired = PairedOutcomes.from_predictions(y, a, b)
    assert recipes.seed_variance == 0
    assert recipes.exact_gain == paired.exact_gain
    assert recipes.paired == pytest.approx((paired.churn - paired.gain**2) * 500 / 499)


@given(st.floats(0.01, 0.99), st.floats(-0.2, 0.2))
def test_interval_and_statistic_tell_the_same_story(confidence, gain):
    recipes = RetrainedOutcomes.from_predictions(*drawn(np.random.default_rng(6), (3, 3), 80, 0.3))
    interval = recipes.interval(confidence)
    z = recipes.statistic(gain)
    if min(abs(gain - interval.low), abs(gain - interval.high)) > 1e-9:
        assert (abs(z) < stats.norm.isf((1 - confidence) / 2)) == (gain in interval)


@pytest.mark.parametrize(("k", "seed_sd"), [((2, 2), 0.03), ((3, 10), 0.01), ((5, 5), 0.0)])
def test_recipes_that_lose_what_is_tolerated_pass_as_rarely_as_promised(k, seed_sd):
    """Every run of the candidate is wrong on five rows of 1,000 that the baseline has right, and
    its seeds move all rows: the true loss is the margin.
    """
    rng, worlds, passed = np.random.default_rng(11), 500, 0
    for _ in range(worlds):
        lost = rng.random(1000) < 0.005
        runs = []
        for size, hit in zip(k, (lost, np.zeros(1000, bool)), strict=True):
            error = np.clip(0.05 + seed_sd * rng.normal(size=(size, 1)), 0, 1)
            runs.append(np.where((rng.random((size, 1000)) < error) | hit, 0, 1))
        recipes = RetrainedOutcomes.from_predictions(np.ones(1000, int), *runs)
        passed += recipes.interval(0.95).low >= -0.005 * 0.95
    assert passed / worlds < 0.025 + 2 * math.sqrt(0.025 / worlds)


def test_rows_needed_are_those_that_set_the_interval_apart_or_none():
    recipes = RetrainedOutcomes.from_predictions(*drawn(np.random.default_rng(7), (8, 8), 500, 0.0))
    assert recipes.seed_variance > 0
    margin = round(recipes.gain - 0.01, 4)
    needed = recipes.examples_needed(margin, 0.95)
    assert needed > recipes.n
    share = recipes.n / needed  # of the noise that rows make, in the runs' spread as well
    grown = {
        f"{side}_spread": getattr(recipes, f"{side}_seed")
        + share * (getattr(recipes, f"{side}_spread") - getattr(recipes, f"{side}_seed"))
        for side in ("candidate", "baseline")
    }
    assert replace(recipes, n=needed, **grown).interval(0.95).low == pytest.approx(margin, abs=1e-5)
    assert replace(recipes, n=needed // 2, **grown).interval(0.95).low < margin
    noisy = RetrainedOutcomes.from_predictions(*drawn(np.random.default_rng(8), (2, 2), 500, 0.5))
    assert noisy.examples_needed(round(noisy.gain - 0.001, 4), 0.95) == 0


@pytest.mark.parametrize(
    ("better", "decision", "words"),
    [
        (0.2, "promote", "promoted"),
        (-0.2, "block", "no eval gain"),
        (0.0, "inconclusive", "gain in doubt"),
    ],
)
def test_the_gate_takes_it(better, decision, words):
    rng = np.random.default_rng(9)
    row = rng.normal(1, 1, 2000)
    a, b = ((row + shift + rng.normal(0, 0.3, (6, 2000)) > 0).astype(int) for shift in (better, 0))
    recipes = RetrainedOutcomes.from_predictions(
        np.ones(2000, int), a, b, slices=np.arange(2000) % 2
    )
    policy = Policy(
        0.005 if better else round(recipes.gain, 3) - 0.001, max_gap=None, confidence=0.95
    )
    verdict = gate(recipes, policy)
    assert (verdict.decision, words in verdict.reason) == (decision, True)
    slices = gate(recipes, Policy(None, max_gap=None, max_slice_loss=0.02, confidence=0.95))
    assert (
        slices.decision
        == {"promote": "promote", "block": "block", "inconclusive": "promote"}[decision]
    )


def test_seeds_that_no_number_of_rows_can_outvote_are_said_in_words():
    recipes = RetrainedOutcomes.from_predictions(
        *drawn(np.random.default_rng(10), (2, 2), 500, 0.5)
    )
    verdict = gate(recipes, Policy(round(recipes.gain, 3) - 0.001, max_gap=None, confidence=0.95))
    assert verdict.reason == "inconclusive: gain in doubt, no number of rows would tell"
    assert verdict.checks[0].sentence.endswith(
        "500 rows cannot tell, and no number of rows would: train both more often."
    )
    assert verdict.exit_status == 2


def test_recipes_that_cannot_be_compared_are_refused():
    y, a = np.array([0, 1, 1]), np.array([[0, 1, 1], [1, 1, 1]])
    with refuses(ValueError, "candidates needs the predictions of at least two retrainings"):
        RetrainedOutcomes.from_predictions(y, a[0], a)
    with refuses(
        ValueError, "baselines must have one row per retraining and 3 columns; got shape (2, 2)"
    ):
        RetrainedOutcomes.from_predictions(y, a, a[:, :2])
    with refuses(ValueError, "candidates must hold 0 and 1 only"):
        RetrainedOutcomes.from_predictions(y, a + 1, a)
    for masked in (np.ma.masked_equal(a, 0), list(np.ma.masked_equal(a, 0))):
        with refuses(ValueError, "baselines has masked values"):
            RetrainedOutcomes.from_predictions(y, a, masked)
    with refuses(ValueError, "Slice 'one' has 1 rows"):
        RetrainedOutcomes.from_predictions(y, a, a, {"one": np.array([True, False, False])})
