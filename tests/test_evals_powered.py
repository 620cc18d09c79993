"""Prediction-powered estimates: the authors' numbers, and their coverage over every table."""

import itertools
import math

import numpy as np
import pytest
from refusals import refuses
from scipy import special, stats

from labsupport.evals import Calibration, corrected_rate, human_only, ppi, ppi_plus, share, widened

KNOWN = Calibration(72, 8, 16, 4)


def test_the_reference_side_by_side():
    found = {
        "PPI": ppi(KNOWN, 228, 300),
        "PPI++": ppi_plus(KNOWN, 228, 300),
        "human only": human_only(KNOWN),
        "corrected": corrected_rate(0.76, 300, 0.8, 20, 0.9, 80),
    }
    assert {name: f"[{e.low:.6f}, {e.high:.6f}]" for name, e in found.items()} == {
        "PPI": "[0.717031, 0.882969]",
        "PPI++": "[0.735463, 0.864537]",
        "human only": "[0.721601, 0.878399]",
        "corrected": "[0.672024, 0.915067]",
    }
    assert all(e.value == pytest.approx(0.8) for e in found.values())


@pytest.mark.parametrize(
    ("counts", "passed", "judged", "as_published", "plus"),
    [  # by ppi-python 0.2.3
        ((30, 5, 10, 5), 140, 200, (0.56071839, 0.83928161), (0.58778269, 0.81221731)),
        ((20, 15, 20, 15), 90, 200, (0.28185441, 0.61814559), (0.37846028, 0.61093873)),
    ],
)
def test_as_the_authors_package_has_it(counts, passed, judged, as_published, plus):
    for method, ends in ((ppi, as_published), (ppi_plus, plus)):
        found = method(Calibration(*counts), passed, judged)
        assert (found.low, found.high) == pytest.approx(ends, abs=1e-8)


def test_a_judge_that_says_nothing_adds_nothing():
    coin = Calibration(40, 40, 10, 10)
    assert ppi_plus(coin, 150, 300) == human_only(coin).__class__(
        0.8, human_only(coin).low, human_only(coin).high, 0.95, "PPI++"
    )
    wide = ppi(coin, 150, 300)
    assert wide.high - wide.low > 1.4 * (human_only(coin).high - human_only(coin).low)


def test_a_judge_that_is_always_right_counts_like_people():
    perfect = Calibration(80, 0, 20, 0)
    found = ppi_plus(perfect, 8000, 10_000)
    assert found.high - found.low < 0.12 * (human_only(perfect).high - human_only(perfect).low)


def test_a_judge_that_passes_everything_has_no_weight():
    blind = Calibration(40, 0, 0, 10)
    assert ppi_plus(blind, 100, 100).value == human_only(blind).value


def test_without_variety_the_normal_intervals_have_no_width_and_the_widened_one_has():
    seen = Calibration(20, 0, 0, 0)
    for method in (ppi, ppi_plus):
        found = method(seen, 50, 50)
        assert (found.low, found.high) == (1, 1)
    assert widened(seen, 50, 50).low < 0.87


def test_the_widened_one_is_wider_than_published_and_narrower_than_people_alone():
    for n, judge in ((1, 300), (4, 1200)):
        labels = Calibration(9 * n, n, 4 * n, n)
        published, wide = (m(labels, 2 * judge // 3, judge) for m in (ppi_plus, widened))
        exact = share(10 * n, 15 * n)
        widths = [e.high - e.low for e in (published, wide, exact)]
        assert widths == sorted(widths)


def test_with_many_labels_the_widened_one_is_the_published_one():
    labels = Calibration(7200, 800, 1600, 400)
    published, wide = (m(labels, 22_800, 30_000) for m in (ppi_plus, widened))
    assert (wide.low, wide.high) == pytest.approx((published.low, published.high), abs=4e-4)


def misses(method, n, judged, worlds):
    """For each world the chance of a true rate below the interval and above it, all outcomes
    summed.
    """
    tables = [c for c in itertools.product(range(n + 1), repeat=4) if sum(c) == n]
    passed = range(judged + 1)
    ends = np.array(
        [[(e.low, e.high) for k in passed if (e := method(Calibration(*t), k, judged))]
         for t in tables]
    )  # fmt: skip
    counts = np.array(tables)
    factor = special.gammaln(n + 1) - special.gammaln(counts + 1).sum(axis=1)
    found = []
    for world in worlds:
        chance = np.exp(factor + counts @ np.log(world.clip(1e-12)))
        of_judge = stats.binom.pmf(passed, judged, world[0] + world[3])
        rate = world[0] + world[1]
        below = chance @ (ends[..., 0] > rate + 1e-9) @ of_judge
        above = chance @ (ends[..., 1] < rate - 1e-9) @ of_judge
        found.append((below, above))
    return np.array(found)


WORLDS = np.concatenate(
    [
        np.random.default_rng(8).dirichlet(shape, 60)
        for shape in ([1] * 4, [2, 0.3, 0.6, 0.3], [3, 0.1, 0.05, 0.05], [0.05, 0.05, 3, 0.1])
    ]
)


def test_the_widened_one_covers_in_every_world_tried():
    found = misses(widened, 8, 24, WORLDS)
    assert found.sum(axis=1).max() <= 0.05
    assert 0.01 < found.max() <= 0.038


def test_as_published_it_covers_too_little_on_few_labels():
    found = misses(ppi_plus, 8, 24, WORLDS)
    rates = WORLDS[:, 0] + WORLDS[:, 1]
    middle = (rates > 0.2) & (rates < 0.8)
    assert np.median(found[middle].sum(axis=1)) > 0.1


@pytest.mark.parametrize("method", [ppi, ppi_plus, widened])
@pytest.mark.parametrize(
    ("passed", "judged", "words"),
    [
        (5, 4, "passed counts"),
        (-1, 4, "passed counts"),
        (0.5, 4, "passed counts"),
        (0, 0, "judged"),
    ],
)
def test_numbers_that_are_no_counts_are_refused(method, passed, judged, words):
    with refuses(ValueError, words):
        method(KNOWN, passed, judged)


@pytest.mark.parametrize("confidence", [0, 1, math.nan])
def test_a_confidence_is_a_probability(confidence):
    for ask in (
        lambda: human_only(KNOWN, confidence),
        lambda: ppi_plus(KNOWN, 1, 2, confidence),
        lambda: widened(KNOWN, 1, 2, confidence),
    ):
        with refuses(ValueError, "confidence"):
            ask()
