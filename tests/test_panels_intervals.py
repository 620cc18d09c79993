"""Lesson 02's figures and panel without a browser: what they say for every setting, and that the shell shows it."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.signal import fftconvolve
from scipy.special import ndtri

from labsupport.gate import Policy, gate
from labsupport.intervals import bootstrap_gains, score_statistic
from labsupport.outcomes import PairedOutcomes
from labsupport.show import interval_bars, interval_panel, interval_view, resampled_gains
from labsupport.show.panel import Panel
from labsupport.show.panels.intervals import CONFIDENCES, DRAWS, PRESETS, ROWS, RUNGS

BUILD_A = PairedOutcomes(3824, 68, 35, 73)
HAIR = PairedOutcomes(3816, 63, 43, 78)
MARGINS = (-10, 0, 5, 20)  # thousandths, so that the expected decision needs integers only
TRUTHS = ((0.0, 0.02), (0.00825, 0.02575), (-0.02, 0.02), (0.02, 0.2))  # (gain, churn)


def rows_of_interval(outcomes: PairedOutcomes, confidence: float) -> tuple[int, int]:
    """The ends of the exact interval in rows, by adding the rows up: slower, and with nothing in common but the idea."""
    n, up, down = (
        outcomes.n,
        outcomes.candidate_only / outcomes.n,
        outcomes.baseline_only / outcomes.n,
    )
    mass, power, left = np.ones(1), np.array([down, 1 - up - down, up]), n
    while left:  # the distribution of n rows from its binary digits
        if left % 2:
            mass = fftconvolve(mass, power).clip(0)
        power, left = fftconvolve(power, power).clip(0), left // 2
    reached = np.cumsum(mass) / mass.sum()
    tail = (1 - confidence) / 2
    return tuple(int(np.argmax(reached >= level - 1e-11)) - n for level in (tail, 1 - tail))


@pytest.mark.parametrize("n", [200, 4000])
@pytest.mark.parametrize(("true_gain", "churn"), TRUTHS)
def test_the_verdict_is_the_side_of_the_margin_on_which_interval_and_score_test_put_the_gain(
    n, true_gain, churn
):
    for draw, confidence in itertools.product((0, 3), CONFIDENCES):
        view = interval_view(n, 0.0, confidence, true_gain, churn, draw)
        low, high = rows_of_interval(view.outcomes, confidence)
        assert (round(view.interval.low * n), round(view.interval.high * n)) == (low, high)
        for margin in MARGINS:
            view = interval_view(n, margin / 1000, confidence, true_gain, churn, draw)
            z = score_statistic(view.outcomes, margin / 1000) / ndtri(
                (1 + confidence) / 2
            )  # the gate's second judge
            better, worse = (
                1000 * low >= margin * n and z >= 1,
                1000 * high < margin * n and z <= -1,
            )
            expected = "promote" if better else "block" if worse else "inconclusive"
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


def test_over_all_draws_the_intervals_keep_their_promise():
    for confidence, expected in ((0.5, 0.5), (0.95, 0.95), (0.99, 0.99)):
        held = sum(
            interval_view(confidence=confidence, draw=draw).held
            for draw in range(RUNGS, DRAWS + 1, RUNGS)
        )
        error = np.sqrt(expected * (1 - expected) / DRAWS)
        assert abs(held / DRAWS - expected) < 3 * error + 0.01


def test_models_that_are_equally_good_are_promoted_as_rarely_as_the_confidence_says():
    values = PRESETS["A/A"] | {"draw": DRAWS}
    promoted = sum(
        interval_view(**values | {"draw": draw}).promotions
        for draw in range(RUNGS, DRAWS + 1, RUNGS)
    )
    assert 0 < promoted <= 0.025 * DRAWS + 3 * np.sqrt(0.025 * DRAWS)
    assert interval_view(**values | {"margin": 0.005}).promotions == 0


def test_the_presets_are_the_candidates_of_the_lesson():
    built = interval_view(**PRESETS["build A"])
    assert (built.outcomes.candidate_only, built.outcomes.baseline_only) == (68, 35)
    assert str(built.interval) == "[0.00325, 0.01325]"
    assert "about 9,341 would" in built.sentence
    hair = interval_view(**PRESETS["hair's breadth"])
    assert (hair.outcomes.candidate_only, hair.outcomes.baseline_only) == (63, 43)
    decisions = {
        label: interval_view(**PRESETS[label]).verdict.decision for label in list(PRESETS)[2:]
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


@pytest.fixture
def panel() -> Panel:
    return interval_panel()


MOVES = {"n": 1000, "margin": 0.002, "confidence": 0.8, "true_gain": 0.01, "churn": 0.05, "draw": 3}


def shown(panel: Panel) -> tuple:
    return panel.image.value, panel.sentence.value, panel.image.tooltip


@pytest.mark.parametrize("name", MOVES)
def test_a_moved_control_changes_picture_sentence_and_alt_text(panel, name):
    before = shown(panel)
    panel.controls[name].value = MOVES[name]
    assert panel.redraws == 2 and panel.error is None
    assert all(old != new for old, new in zip(before, shown(panel), strict=True))


def test_draw_again_adds_an_interval_and_starts_over_at_the_end(panel):
    seen = {panel.image.value}
    for draw in (1, 2, 3):
        panel.buttons["Draw again"].click()
        assert panel.values["draw"] == draw and len(panel.current.ladder) == draw
        seen.add(panel.image.value)
    assert len(seen) == 4
    panel.buttons["Draw 20"].click()
    assert panel.values["draw"] == 23
    panel.set(draw=DRAWS)
    panel.buttons["Draw again"].click()
    assert panel.values["draw"] == 1


@pytest.mark.parametrize("label", PRESETS)
def test_a_preset_redraws_once_and_shows_what_the_plain_function_says(panel, label):
    panel.set(true_gain=-0.01, margin=0.002, draw=7)
    redraws = panel.redraws
    panel.buttons[label].click()
    assert panel.redraws == redraws + 1
    view = interval_view(**panel.values)
    assert panel.current == view
    assert panel.image.tooltip == view.picture().alt
    assert f"<b>{view.verdict.decision.upper()}. </b>" in panel.sentence.value


def test_reset_restores_every_value_and_the_very_same_picture(panel):
    start = panel.values, shown(panel)
    for label in PRESETS:
        panel.buttons[label].click()
    panel.set(n=200, confidence=0.5, churn=0.2, draw=400)
    panel.reset_button.click()
    assert (panel.values, shown(panel)) == start


def test_every_end_of_every_control_can_be_shown_together_with_every_other(panel):
    ends = [
        (c.min, c.max)
        if hasattr(c, "min")
        else [value for _, value in (c.options[0], c.options[-1])]
        for c in panel.controls.values()
    ]
    for values in itertools.product(*ends):
        panel.set(**dict(zip(panel.controls, values, strict=True)))
        assert panel.error is None


def test_the_bars_say_what_the_gate_says():
    judged = {"hair": HAIR, "build A": BUILD_A, "loser": PairedOutcomes(3000, 40, 300, 660)}
    for margin in (-0.2, 0.003, 0.005, 0.02):
        shown = interval_bars(judged, margin)
        policy = Policy(margin, max_gap=None, confidence=0.95)
        for name, outcomes in judged.items():
            assert (
                f"{name}: {gate(outcomes, policy).decision}"
                in shown.caption[0].lower() + shown.caption[1:]
            )
    assert (
        "build A, 4,000 rows: gain 0.00825, interval 0.00325 to 0.01325, promote"
        in interval_bars(judged, 0.003).alt
    )
    with pytest.raises(ValueError, match="no comparison to draw"):
        interval_bars({}, 0.005)


def test_the_distribution_says_where_the_margin_lies():
    assert (
        "0.00325 to 0.01325; the margin of 0.005 lies inside."
        in resampled_gains(BUILD_A, 0.005).alt
    )
    for margin in (0.003, 0.00325, 0.02):
        assert (
            f"margin of {margin:g} lies at its edge or outside."
            in resampled_gains(BUILD_A, margin).alt
        )
    drawn = resampled_gains(BUILD_A, 0.005, 0.8, bootstrap_gains(BUILD_A, 500))
    assert drawn.caption.startswith("80% of the resamples") and drawn.caption.endswith(
        "Dots: 500 resamples, drawn."
    )


@pytest.mark.parametrize("cells", [(10, 0, 0, 0), (0, 7, 0, 0), (0, 3, 3, 0), (3999, 1, 0, 0)])
def test_tables_with_hardly_any_pair_can_be_drawn(cells):
    assert resampled_gains(PairedOutcomes(*cells), 0.005).png
    assert interval_bars({"one": PairedOutcomes(*cells)}, 0.005).png
