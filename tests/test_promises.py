"""The worst case of an interval, against sums over every table that share no code with it."""

import math
from fractions import Fraction

import numpy as np
import pytest
from refusals import refuses
from scipy import optimize, stats

from labsupport.intervals import gain_interval
from labsupport.outcomes import PairedOutcomes
from labsupport.promises import METHODS, worst_false_promotion

MARGINS = (-0.5, -0.05, -0.01, 0.0, 0.005, 0.1, 0.75)


def every_table(n: int) -> list[tuple[int, int, int]]:
    """(better, worse, same) of each table of n rows."""
    return [(b, w, n - b - w) for b in range(n + 1) for w in range(n + 1 - b)]


def above(n: int, margin: float, confidence: float, method: str) -> np.ndarray:
    """The tables whose interval, as it is printed, lies at or above the margin."""
    return np.array(
        [
            (b, w, same)
            for b, w, same in every_table(n)
            if gain_interval(PairedOutcomes(same, b, w, 0), confidence, method).side(
                Fraction(str(margin))
            )
        ]
    )


def summed(tables: np.ndarray, margin: float, churn: float) -> float:
    """The probability of these tables in the world with this churn and the margin for its gain."""
    rates = [(churn + margin) / 2, (churn - margin) / 2, 1 - churn]
    return float(stats.multinomial.pmf(tables, tables[0].sum(), np.clip(rates, 0, 1)).sum())


def largest(tables: np.ndarray, margin: float) -> float:
    """Over all churns: the best of a grid, then uphill from it."""
    if not len(tables):
        return 0.0
    grid = np.linspace(abs(margin), 1, 201)
    values = [summed(tables, margin, churn) for churn in grid]
    top = int(np.argmax(values))
    ends = grid[max(top - 1, 0)], grid[min(top + 1, len(grid) - 1)]
    found = optimize.minimize_scalar(
        lambda churn: -summed(tables, margin, churn), bounds=ends, method="bounded"
    )
    return max(values[top], -found.fun)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("n", [1, 2, 5, 9])
@pytest.mark.parametrize("confidence", [0.5, 0.95])
def test_it_is_the_largest_sum_over_every_table(n, method, confidence):
    for margin in MARGINS:
        found = worst_false_promotion(n, margin, confidence, method)
        wanted = largest(above(n, margin, confidence, method), margin)
        assert found == pytest.approx(wanted, rel=3e-4, abs=1e-12), margin


@pytest.mark.parametrize("method", METHODS)
def test_more_rows_against_every_table(method):
    for margin in (-0.01, 0.05):
        wanted = largest(above(24, margin, 0.95, method), margin)
        assert worst_false_promotion(24, margin, method=method) == pytest.approx(wanted, rel=3e-4)


@pytest.mark.parametrize("confidence", [0.8, 0.95])
@pytest.mark.parametrize(("method", "n"), [("exact", 25), ("score", 25), ("unconditional", 12)])
def test_no_lower_end_falls_by_a_better_row(method, n, confidence):
    """What lets a staircase stand for all tables. 1e-5: how precise an unconditional end is."""
    low = {
        (b, w): gain_interval(PairedOutcomes(same, b, w, 0), confidence, method).low
        for b, w, same in every_table(n)
    }
    for (b, w), end in low.items():
        for favourable in ((b + 1, w), (b, w - 1)):
            assert low.get(favourable, 1.0) >= end - 1e-5


@pytest.mark.parametrize("n", [10, 20, 50, 100])
def test_the_bootstrap_takes_silence_for_proof(n):
    """The world that loses one row in a hundred and gains none: on n rows no pair is seen with
    probability 0.99^n, and then the interval is the point 0, above the margin.
    """
    found = worst_false_promotion(n, -0.01)
    assert found == pytest.approx(0.99**n, rel=1e-4)


@pytest.mark.parametrize("n", [10, 60, 200])
def test_the_score_test_of_no_gain_is_mcnemars(n):
    """Which sums over the number of pairs instead: a fair coin for each, and 1.96 of its standard
    deviations. SciPy's binomials, at the worst of 4,000 churns.
    """
    z = stats.norm.isf(0.025)
    pairs = np.arange(1, n + 1)
    least = np.ceil((pairs + z * np.sqrt(pairs)) / 2)
    beyond = stats.binom.sf(least - 1, pairs, 0.5)
    levels = [stats.binom.pmf(pairs, n, churn) @ beyond for churn in np.linspace(0, 1, 4001)]
    found = worst_false_promotion(n, 0.0, method="score")
    assert found == pytest.approx(max(levels), rel=1e-5)


@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.99])
@pytest.mark.parametrize("n", [10, 100, 200])
def test_only_the_unconditional_interval_keeps_its_promise(n, confidence):
    promised = (1 - confidence) / 2
    worst = {m: worst_false_promotion(n, 0.005, confidence, m) for m in METHODS}
    assert 0.5 * promised < worst["unconditional"] <= promised
    assert worst["exact"] > promised


def test_worlds_below_the_margin_are_no_worse():
    """The worst gain is the margin itself: with less, the same tables come less often."""
    for method in METHODS:
        tables = above(12, 0.05, 0.8, method)
        worst = worst_false_promotion(12, 0.05, 0.8, method)
        for gain in (0.04, 0.0, -0.3):
            assert largest(tables, gain) < worst


def test_a_margin_that_only_the_best_table_clears():
    assert worst_false_promotion(1, 0.5) == pytest.approx(0.75)  # all rows differ, 3 in 4 better
    assert worst_false_promotion(4, 1) == 1  # and is then true
    assert worst_false_promotion(3, 1, method="unconditional") == 0
    assert worst_false_promotion(5, -1, method="score") == 1


def test_refusals():
    with refuses(ValueError, "methods exact, score, unconditional; got 'bca'"):
        worst_false_promotion(10, 0.0, method="bca")
    with refuses(ValueError, "from -1 to 1; the margin is 1.5"):
        worst_false_promotion(10, 1.5)
    with refuses(ValueError, "n must"):
        worst_false_promotion(0, 0.0)
    with refuses(ValueError, "confidence"):
        worst_false_promotion(10, 0.0, confidence=95)
    with refuses(ValueError, "margin"):
        worst_false_promotion(10, math.nan)
