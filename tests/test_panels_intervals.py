"""Lesson 02's panel: what its intervals, its ladder and the strict gate say."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from matplotlib.colors import to_hex

from labsupport.show import interval_panel, interval_view
from labsupport.show.draw import INSIDE
from labsupport.show.panels import PANELS
from labsupport.show.panels.intervals import CONFIDENCES, DRAWS, ROWS, RUNGS
from labsupport.show.pictures import new_figure, styled

PANEL = PANELS["intervals"]
MARGINS = (-10, 0, 5, 20)  # thousandths, so that the expected decision needs integers only
TRUTHS = ((0.0, 0.02), (0.00825, 0.02575), (-0.02, 0.02), (0.02, 0.2))  # (gain, churn)


@pytest.mark.parametrize("n", [200, 4000])
@pytest.mark.parametrize(("true_gain", "churn"), TRUTHS)
def test_the_verdict_is_the_side_of_the_margin_on_which_the_whole_interval_is(n, true_gain, churn):
    for draw, confidence in itertools.product((0, 3), CONFIDENCES):
        view = interval_view(n, 0.0, confidence, true_gain, churn, draw)
        low, high = view.interval.low, view.interval.high
        level = (1 - confidence) / 2
        for end, side in ((low, 0), (high, 1)):  # the true gain at which the judge changes its mind
            chances = view.outcomes.chances(end, level)
            assert abs(end) == 1 or chances[side] == pytest.approx(level, rel=1e-3)
        for margin in MARGINS:
            view = interval_view(n, margin / 1000, confidence, true_gain, churn, draw)
            better, worse = low >= margin / 1000, high < margin / 1000
            expected = "inconclusive"
            if better or worse:
                expected = "promote" if better else "block"
            assert view.verdict.decision == expected
            assert view.sentence.startswith(expected.upper() + ". ")
            gained = view.outcomes.candidate_only - view.outcomes.baseline_only
            assert (
                f"Without an interval: {'promote' if 1000 * gained >= margin * n else 'block'}."
                in view.sentence
            )


@pytest.mark.parametrize("n", ROWS)
@pytest.mark.parametrize(("true_gain", "churn"), TRUTHS)
def test_draw_0_has_the_true_rates_and_the_others_scatter_around_them(n, true_gain, churn):
    cells = interval_view(n, true_gain=true_gain, churn=churn).outcomes
    assert cells.n == n
    assert abs(cells.candidate_only - n * (churn + true_gain) / 2) <= 0.5
    assert abs(cells.baseline_only - n * (churn - true_gain) / 2) <= 0.5
    gains = [
        interval_view(n, true_gain=true_gain, churn=churn, draw=draw).outcomes.gain
        for draw in range(1, 41)
    ]
    error = np.sqrt((churn - true_gain**2) / n)
    assert abs(np.mean(gains) - true_gain) < 4 * error / np.sqrt(40)
    assert 0.6 < np.std(gains) / error < 1.5 or churn == abs(true_gain)


def test_the_ladder_holds_the_last_draws_the_newest_first():
    assert interval_view().ladder == ()
    assert "none was drawn yet" in interval_view().sentence
    for draw in (1, 7, RUNGS, 33):
        view, before = interval_view(draw=draw), interval_view(draw=draw - 1)
        assert view.ladder[0] == (view.outcomes.gain, view.interval, view.verdict.decision)
        assert view.ladder[1:] == before.ladder[: RUNGS - 1]
        assert len(view.ladder) == min(draw, RUNGS)
        assert view.held == sum(i.low <= view.true_gain <= i.high for _, i, _ in view.ladder)


def test_the_sentence_counts_the_intervals_that_hold_the_truth_and_those_that_promote():
    assert (
        "Of the one interval drawn, 1 holds the true gain, and none promote."
        in interval_view(draw=1).sentence
    )
    view = interval_view(draw=60)
    assert (view.held, view.promotions) == (19, 8)
    assert "Of the last 20 intervals, 19 hold the true gain, and 8 promote." in view.sentence
    assert view.sentence.rpartition("Of the last")[2] in view.picture().caption


def test_the_sentence_speaks_in_points_as_the_picture_does():
    view = interval_view(n=20_000)
    assert "The gain of +0.825 points may truly be +0.604 to +1.050: all of it" in view.sentence
    assert "at or above the margin of 0.5." in view.sentence
    assert "below the margin of 2." in interval_view(margin=0.02).sentence


def test_no_number_of_rows_is_asked_for_that_the_panel_does_not_have():
    near = interval_view(margin=0.008)
    assert near.verdict.checks[0].needed > ROWS[-1]
    assert "4,000 rows cannot tell; 100,000 are not enough either, if" in near.sentence
    hair = interval_view(**PANEL.preset("hair's breadth"))
    assert "more of the same kind, with the gain on the margin, would not either." in hair.sentence


def test_more_rows_draw_a_narrower_bell_on_the_same_axis_beside_the_one_before():
    def drawn(n):
        with styled():
            fig = new_figure(*PANEL.size)
            PANEL.plot(fig, interval_view(n=n))
        (ax,) = fig.axes
        (inside,) = (part for part in ax.patches if to_hex(part.get_facecolor()) == INSIDE.lower())
        width = np.ptp(inside.get_window_extent().get_points()[:, 0])
        return float(width), [line for line in ax.lines if line.get_linewidth() == 1.5]

    widths = []
    for n in (1000, 4000, 20_000, 100_000):
        width, outlines = drawn(n)
        assert len(outlines) == (n != 4000)
        widths.append(width)
    assert widths == sorted(widths, reverse=True) and widths[0] > 5 * widths[-1]


def test_the_start_is_kept_in_outline_until_the_panel_shows_it_again():
    assert interval_view().start is None
    moved = interval_view(confidence=0.5)
    assert moved.start == (interval_view().outcomes, interval_view().interval)
    assert interval_view(margin=0.0).start is None  # the margin moves neither rows nor interval


@pytest.mark.slow
def test_over_all_draws_the_intervals_keep_their_promise():
    for confidence, expected in ((0.5, 0.5), (0.95, 0.95), (0.99, 0.99)):
        held = sum(
            interval_view(confidence=confidence, draw=draw).held
            for draw in range(RUNGS, DRAWS + 1, RUNGS)
        )
        error = np.sqrt(expected * (1 - expected) / DRAWS)
        assert abs(held / DRAWS - expected) < 3 * error + 0.01


def test_models_that_are_equally_good_are_promoted_as_rarely_as_the_confidence_says():
    values = PANEL.preset("A/A") | {"draw": DRAWS}
    promoted = sum(
        interval_view(**values | {"draw": draw}).promotions
        for draw in range(RUNGS, DRAWS + 1, RUNGS)
    )
    assert 0 < promoted <= 0.025 * DRAWS + 3 * np.sqrt(0.025 * DRAWS)
    assert interval_view(**values | {"margin": 0.005}).promotions == 0


def test_the_presets_are_the_candidates_of_the_lesson():
    built = interval_view(**PANEL.preset("build A"))
    assert (built.outcomes.candidate_only, built.outcomes.baseline_only) == (68, 35)
    assert str(built.interval) == "[0.00331, 0.01348]"
    assert "4,000 rows cannot tell; about 9,280 rows would, if" in built.sentence
    hair = interval_view(**PANEL.preset("hair's breadth"))
    assert (hair.outcomes.candidate_only, hair.outcomes.baseline_only) == (63, 43)
    decisions = {
        label: interval_view(**PANEL.preset(label)).verdict.decision for label in PANEL.presets
    }
    assert decisions == {
        "build A": "inconclusive",
        "hair's breadth": "inconclusive",
        "enough rows": "promote",
        "A/A": "inconclusive",
    }


def test_a_gain_without_pairs_to_make_it_is_refused():
    with pytest.raises(
        ValueError, match=r"needs models that differ on as many rows; got a churn of 0\.01"
    ):
        interval_view(true_gain=0.02, churn=0.01)


def test_draw_again_adds_an_interval_and_starts_over_at_the_end():
    panel = interval_panel()
    seen = {panel.picture}
    for draw in (1, 2, 3):
        panel.buttons["Draw again"].click()
        assert panel.values["draw"] == draw and len(panel.current.ladder) == draw
        seen.add(panel.picture)
    assert len(seen) == 4
    panel.buttons["Draw 20"].click()
    assert panel.values["draw"] == 23
    panel.set(draw=DRAWS)
    panel.buttons["Draw again"].click()
    assert panel.values["draw"] == 1
