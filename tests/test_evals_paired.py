"""Two runs of one suite, by cluster: the gain, its interval, and how often that errs, exactly."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from refusals import refuses
from scipy import stats

from labsupport.comparisons import clustered_standard_error, is_comparison
from labsupport.evals.suites.paired import PairedScores, _unseen
from labsupport.evals.suites.runs import Answer, Run
from labsupport.evals.suites.suite import Suite, Task
from labsupport.evals.system import Reply
from labsupport.gate import Policy, gate
from labsupport.outcomes import PairedOutcomes

CONFIDENCES = (0.6, 0.8, 0.95, 0.99)


def suite_of(clusters: Sequence[str], families: Sequence[str | None] | None = None) -> Suite:
    families = families or [None] * len(clusters)
    return Suite(
        "s",
        1,
        tuple(
            Task(f"t{i}", ("?",), "unanswerable", cluster=cluster, family=family)
            for i, (cluster, family) in enumerate(zip(clusters, families, strict=True))
        ),
    )


def run_of(suite: Suite, right: Sequence[Sequence[bool]]) -> Run:
    """A run with right[epoch][task]."""
    answers = tuple(
        Answer(task.id, epoch, bool(one), None, Reply("x"))
        for epoch, row in enumerate(right)
        for task, one in zip(suite.tasks, row, strict=True)
    )
    return Run(suite.digest, "x", "y", len(right), answers)


def paired(suite: Suite, candidate, baseline, slices=None) -> PairedScores:
    return PairedScores.from_runs(run_of(suite, candidate), run_of(suite, baseline), suite, slices)


tables = st.integers(2, 12).flatmap(
    lambda n: st.tuples(
        st.lists(st.sampled_from("abcd"), min_size=n, max_size=n),
        *(
            st.integers(1, 3).flatmap(
                lambda k: st.lists(
                    st.lists(st.booleans(), min_size=n, max_size=n), min_size=k, max_size=k
                )
            )
            for _ in range(2)
        ),
    )
)


@given(tables)
def test_gain_and_error_are_those_of_the_tasks_means(table):
    clusters, candidate, baseline = table
    found = paired(suite_of(clusters), candidate, baseline)
    means = [np.mean(side, axis=0) for side in (candidate, baseline)]
    assert (found.candidate, found.baseline) == pytest.approx([mean.mean() for mean in means])
    exact = [
        sum((Fraction(sum(column), len(side)) for column in zip(*side, strict=True)), Fraction())
        for side in (candidate, baseline)
    ]
    assert found.exact_gain == (exact[0] - exact[1]) / len(clusters)
    assert found.n == len(clusters)
    assert sorted(found.sizes) == sorted(clusters.count(name) for name in set(clusters))
    if len(set(clusters)) > 1:
        error = clustered_standard_error(means[0] - means[1], clusters, correction=True)
        assert found.standard_error == pytest.approx(error)
    low, high = (getattr(found.interval(), end) for end in ("low", "high"))
    assert -1 <= low <= found.gain <= high <= 1
    swapped = paired(suite_of(clusters), baseline, candidate).interval()
    assert (swapped.low, swapped.high) == pytest.approx((-high, -low), abs=1e-5)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=2, max_size=30))
def test_single_tasks_asked_once_are_judged_as_rows_are(rows):
    candidate, baseline = zip(*rows, strict=True)
    suite = suite_of([str(i) for i in range(len(rows))])
    found = paired(suite, [candidate], [baseline], lambda task: "all")
    rows = PairedOutcomes.from_predictions([1] * len(rows), candidate, baseline)
    assert found.interval(0.9) == rows.interval(0.9)
    assert found.statistic(0.1) == rows.statistic(0.1)
    assert found.exact_gain == rows.exact_gain and found.slices["all"].outcomes == rows
    if found.gain != 0.1:
        assert found.examples_needed(0.1) == rows.examples_needed(0.1)


def test_tasks_of_one_cluster_do_not_count_as_many():
    """The same answers: one article behind them all, five, or one each."""
    candidate, baseline = [[1] * 32 + [0] * 8], [[0] * 32 + [0] * 8]
    widths = {}
    for name, clusters in (
        ("one", ["a"] * 40),
        ("five", [str(i // 8) for i in range(40)]),
        ("each", [str(i) for i in range(40)]),
    ):
        interval = paired(suite_of(clusters), candidate, baseline).interval()
        widths[name] = interval.high - interval.low
    assert widths["one"] == 2 and widths["five"] > 2 * widths["each"]


def test_more_tasks_that_say_the_same_about_each_article_say_nothing_more():
    gains = np.array([1.0, 1.0, 0.5, 0.0, 1.0, -0.5, 0.0, 1.0])
    found = [scores(gains, [size] * 8) for size in (1, 5)]
    assert found[0].interval() == found[1].interval()
    assert found[0].statistic(0.1) == pytest.approx(found[1].statistic(0.1))


def test_epochs_of_a_task_do_not_count_as_tasks():
    rng = np.random.default_rng(1)
    suite = suite_of([str(i // 2) for i in range(60)])
    candidate, baseline = rng.random((1, 60)) < 0.7, rng.random((1, 60)) < 0.5
    once = paired(suite, candidate, baseline)
    again = paired(suite, np.repeat(candidate, 5, axis=0), np.repeat(baseline, 5, axis=0))
    assert again.interval() == once.interval() and again.n == once.n


# ---- the promise
# ----------------------------------------------------------------------------------------------


def worlds(groups: Sequence[tuple[int, int]], values, chances) -> Iterator[tuple]:
    """All that can come out of clusters in groups of (number, size): (probability, gains of the
    clusters, their sizes), where a cluster's gain is one of three values with their chances.
    """
    each = []
    for (number, size), value, chance in zip(groups, values, chances, strict=True):
        some = []
        for a in range(number + 1):
            for b in range(number + 1 - a):
                counts = [a, b, number - a - b]
                if (mass := stats.multinomial.pmf(counts, number, chance)) > 1e-12:
                    some.append((mass, np.repeat(value, counts), [size] * number))
        each.append(some)
    for parts in product(*each):
        mass = math.prod(part[0] for part in parts)
        if mass > 1e-9:
            yield mass, np.concatenate([p[1] for p in parts]), [s for p in parts for s in p[2]]


def scores(gains: np.ndarray, sizes: Sequence[int]) -> PairedScores:
    """What from_runs makes of clusters with these gains; see the test of gain and error."""
    n, c = sum(sizes), len(sizes)
    gain = Fraction(float(gains @ np.array(sizes)) / n)
    deviations = (gains - float(gain)) * sizes
    error = math.sqrt(c / (c - 1) * float(deviations @ deviations)) / n
    return PairedScores(n, gain, Fraction(0), error, tuple(sorted(sizes, reverse=True)))


def error_rates(groups, values, chances, confidences=CONFIDENCES) -> dict[str, list[float]]:
    """How often the true gain is below the interval, relative to what is promised; and below that
    of the standard error alone, and below one that takes a lost cluster for 1 away from any gain.
    """
    total = sum(number * size for number, size in groups)
    truth = sum(
        number * size / total * float(np.dot(value, chance))
        for (number, size), value, chance in zip(groups, values, chances, strict=True)
    )
    wrong = {name: [0.0] * len(confidences) for name in ("ours", "error alone", "one away")}
    for mass, gains, sizes in worlds(groups, values, chances):
        found = scores(gains, sizes)
        for i, confidence in enumerate(confidences):
            tail = (1 - confidence) / 2
            t, share = stats.t.isf(tail, len(sizes) - 1), max(sizes) / total
            away = t * math.hypot(found.standard_error, share) + (t**2 / 3 + 1) * share
            for name, low in (
                ("ours", found.interval(confidence).low),
                ("error alone", found.gain - t * found.standard_error),
                ("one away", found.gain - away),
            ):
                wrong[name][i] += mass / tail * (max(low, -1) >= truth - 1e-12 and truth > -1)
    return wrong


RARE = [0.02, 0.05, 0.1, 0.2, 0.4, 0.6]


@pytest.mark.parametrize("clusters", [3, 8, 20, 40])
def test_clusters_of_one_size_break_no_promise(clusters):
    """Clusters that are won or equal, and lost altogether now and then."""
    worst: dict[str, list[float]] = {}
    for usual, chance in product([1.0, 0.4, 0.0, -0.5], RARE):
        rates = error_rates([(clusters, 1)], [[-1.0, usual, 1.0]], [[chance, 1 - chance, 0.0]])
        for name, found in rates.items():
            worst[name] = np.maximum(worst.get(name, 0), found).tolist()
    assert max(worst["ours"]) <= 1
    # The controls. Without losses among them, clusters do not vary: the standard error is 0.
    assert min(worst["error alone"]) > 2
    assert clusters < 8 or max(worst["one away"]) > 1.2
    assert clusters < 40 or worst["ours"][0] > 0.5  # and not needlessly wide


@pytest.mark.parametrize(
    ("groups", "values", "chances"),
    [  # the worst that a search found for their sizes: 13 designs, three values each, any chances
        (
            [(1, 10), (20, 1)],
            [[-1.0, 0.5, 1.0], [-1.0, 0.4, 1.0]],
            [[0.2, 0.6, 0.2], [0.5, 0.4, 0.1]],
        ),
        (
            [(3, 5), (15, 1)],
            [[-1.0, 0.0, 1.0], [-1.0, 1.0, 0.0]],
            [[0.3, 0.7, 0.0], [0.1, 0.9, 0.0]],
        ),
        (
            [(2, 7), (8, 2)],
            [[-1.0, 0.0, 1.0], [-1.0, 0.0, 1.0]],
            [[0.5, 0.0, 0.5], [0.2, 0.8, 0.0]],
        ),
        (
            [(6, 2), (12, 1)],
            [[-1.0, 1.0, 0.0], [-1.0, 1.0, 0.0]],
            [[0.2, 0.8, 0.0], [0.2, 0.8, 0.0]],
        ),
        ([(20, 1)], [[0.41, -1.0, -0.8]], [[0.369, 0.631, 0.0]]),
        (
            [(2, 1), (18, 1)],
            [[-0.9, -1.0, 1.0], [-0.43, -1.0, 0.45]],
            [[1, 0, 0], [0.308, 0.692, 0]],
        ),
    ],
    ids=str,
)
def test_nor_do_clusters_of_several_sizes(groups, values, chances):
    assert max(error_rates(groups, values, chances)["ours"]) <= 1


def test_nor_do_many_clusters_of_which_few_hold_most():
    """60 articles with one task each, and eight with five, of which some are lost."""
    sizes = [5] * 8 + [1] * 60
    for chance in RARE:
        for confidence in CONFIDENCES:
            tail, wrong = (1 - confidence) / 2, 0.0
            for lost in range(9):
                gains = np.zeros(68)
                gains[:lost] = -1
                low = scores(gains, sizes).interval(confidence).low
                wrong += stats.binom.pmf(lost, 8, chance) * (low >= -0.4 * chance)
            assert wrong <= tail


def test_the_price_is_half_as_far_again():
    """Sixty tasks, each a cluster: what the exact judge makes of them, and what this would."""
    rng = np.random.default_rng(5)
    rows = rng.choice([1.0, -1.0, 0.0], (40, 60), p=[0.15, 0.02, 0.83])
    ours = [row.mean() - scores(row, [1] * 60).interval().low for row in rows]
    exact = []
    for row in rows:
        found = PairedOutcomes(0, int((row > 0).sum()), int((row < 0).sum()), int((row == 0).sum()))
        exact.append(found.gain - found.interval().low)
    assert 1.3 < np.mean(ours) / np.mean(exact) < 1.5


@given(
    st.lists(st.integers(1, 9), min_size=1, max_size=8),
    st.floats(1e-9, 0.45),
    st.lists(st.floats(0, 1), min_size=8, max_size=8),
)
def test_no_world_loses_more_and_shows_nothing(sizes, tail, spent):
    shares = np.array(sorted(sizes, reverse=True)) / sum(sizes)
    most = _unseen(shares, tail, 1)
    spent = np.array(spent[: len(shares)]) + 1e-6
    x = spent / spent.sum() * -math.log(tail)
    assert shares @ -np.expm1(-x) <= most + 1e-12
    assert most <= -math.log(tail) * shares[0] + 1e-12
    twice = np.repeat(shares / 2, 2)
    assert _unseen(twice, tail, 1) == pytest.approx(_unseen(shares, tail, 2))


# ---- a comparison
# ----------------------------------------------------------------------------------------------


def unlike(seed: int, tasks: int = 300, gain: float = 0.2, epochs: int = 2):
    """Runs of which the candidate is better, with three tasks about each article."""
    rng = np.random.default_rng(seed)
    hard = np.repeat(rng.random(tasks // 3), 3)
    suite = suite_of([str(i // 3) for i in range(tasks)], ["even", "odd"] * (tasks // 2))
    sides = (rng.random((epochs, tasks)) < 0.7 * hard + extra for extra in (gain, 0))
    return suite, *sides


@given(st.floats(0.5, 0.99), st.floats(-0.5, 0.9))
@settings(max_examples=30, deadline=None)
def test_interval_and_statistic_tell_the_same_story(confidence, gain):
    found = paired(*unlike(2, 60))
    interval = found.interval(confidence)
    if min(abs(gain - interval.low), abs(gain - interval.high)) > 1e-9:
        inside = abs(found.statistic(gain)) < stats.norm.isf((1 - confidence) / 2)
        assert inside == (gain in interval)


def test_tasks_needed_are_those_that_set_the_interval_apart():
    found = paired(*unlike(3))
    margin = round(found.interval().low - (found.interval().low - found.gain) / 2, 4)
    needed = found.examples_needed(margin)
    assert 2 * found.n < needed < 4 * found.n
    more = PairedScores(
        needed,
        found.exact_candidate,
        found.exact_baseline,
        found.standard_error * math.sqrt(found.n / needed),
        (3,) * (needed // 3),
    )
    assert more.interval().low == pytest.approx(margin, abs=1e-3)
    with refuses(ValueError, "equals the margin"):
        found.examples_needed(found.exact_gain)


@pytest.mark.parametrize(
    ("gain", "decision"), [(0.3, "promote"), (-0.3, "block"), (0.02, "inconclusive")]
)
def test_the_gate_takes_it(gain, decision):
    suite, candidate, baseline = unlike(4, gain=gain)
    found = paired(suite, candidate, baseline, lambda task: task.family)
    assert is_comparison(found) and set(found.slices) == {"even", "odd"}
    assert found.slices["odd"].n == 150 and found.slices["odd"].sizes[0] == 2
    policy = Policy(0.0, max_gap=None, max_slice_loss=0.15, confidence=0.95)
    assert gate(found, policy).decision == decision
    assert gate(found, Policy(0.0, confidence=0.95)).checks[1].passed is False  # no gap of these


def test_one_cluster_decides_nothing():
    found = paired(suite_of(["a"] * 30), [[1] * 30], [[0] * 30])
    assert (found.interval(0.5).low, found.interval(0.5).high) == (-1, 1)
    assert found.statistic(0) == 0 and found.examples_needed(0.5) > 30
    verdict = gate(found, Policy(0.0, max_gap=None, confidence=0.95))
    assert verdict.decision == "inconclusive"


def test_runs_that_cannot_be_compared_are_refused():
    suite, other = suite_of(["a", "b"]), suite_of(["a", "c"])
    mine, theirs = run_of(suite, [[1, 0]]), run_of(other, [[1, 0]])
    with refuses(ValueError, "The baseline ran another suite than 's'"):
        PairedScores.from_runs(mine, theirs, suite)
    with refuses(ValueError, "The candidate ran another suite than 's'"):
        PairedScores.from_runs(mine, mine, other)
    cut = Run(mine.suite, "x", "y", 1, mine.answers[:1])
    with refuses(ValueError, "The candidate's run lacks answers to task 't1'"):
        PairedScores.from_runs(cut, mine, suite)


def test_what_is_no_run_is_not_compared():
    for three in ((None, None, None), ([], [], [])):
        with refuses(TypeError, "Two Runs and their Suite are compared"):
            PairedScores.from_runs(*three)
