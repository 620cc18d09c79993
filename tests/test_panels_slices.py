"""Lesson 03's panel: its rates against theory and against the gate."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from labsupport.outcomes import PairedOutcomes
from labsupport.show import many_view
from labsupport.show.panels import PANELS
from labsupport.show.panels.slices import (
    CHURN,
    CORRECTIONS,
    LEVEL,
    MOST_BAD,
    MOST_SLICES,
    WORLDS,
    _accused,
)
from labsupport.slices import false_alarm_rate, holm, slices_within

NOISE = 4 * math.sqrt(0.25 / WORLDS)  # four standard errors of a simulated rate, at most


def alone(rows: int, loss: float) -> float:
    """The exact chance that a slice alone is accused, by summing over its discordant pairs."""
    pairs = np.arange(rows + 1)
    worst = (
        pairs + stats.norm.isf(LEVEL) * np.sqrt(pairs)
    ) / 2  # accused from so many lost pairs on
    accused = stats.binom.sf(np.ceil(worst - 1e-9) - 1, pairs, (1 + loss / (100 * CHURN)) / 2)
    return float(stats.binom.pmf(pairs, rows, CHURN) @ np.where(pairs > 0, accused, 0))


@pytest.mark.parametrize("rows", [100, 1000, 10_000])
@pytest.mark.parametrize("loss", [0.5, 2.0, 5.0])
def test_without_correction_the_rates_are_those_of_independent_slices(rows, loss):
    for n_slices in (1, 5, 10, 40):
        view = many_view(n_slices=n_slices, rows=rows, loss=loss)
        assert view.false_alarm == pytest.approx(
            false_alarm_rate(n_slices, alone(rows, 0)), abs=NOISE
        )
        assert view.missed == pytest.approx(1 - alone(rows, loss), abs=NOISE)


def test_a_slice_alone_keeps_the_level_that_the_lesson_names():
    for rows in (1000, 2000, 5000, 10_000):
        assert alone(rows, 0) == pytest.approx(LEVEL, abs=0.01)


@pytest.mark.parametrize("correction", ["Bonferroni", "Holm"])
@pytest.mark.parametrize("n_slices", [2, 10, 40])
def test_a_correction_keeps_false_alarms_near_the_level_and_misses_more(correction, n_slices):
    plain, careful = (many_view(n_slices=n_slices, correction=one) for one in ("none", correction))
    assert careful.false_alarm < LEVEL + NOISE / 2
    assert careful.false_alarm < plain.false_alarm and careful.missed > plain.missed


def test_holm_finds_what_bonferroni_finds_and_more_when_several_are_hurt():
    for n_bad in range(1, MOST_BAD + 1):
        bonferroni, holms = (
            many_view(n_bad=n_bad, n_slices=6, correction=one) for one in ("Bonferroni", "Holm")
        )
        assert holms.missed <= bonferroni.missed and holms.false_alarm == bonferroni.false_alarm
    assert holms.missed < bonferroni.missed - 0.04


def test_more_rows_and_larger_losses_are_missed_less():
    by_rows = [
        many_view(rows=rows, correction="Holm").missed for rows in (200, 500, 1000, 2000, 5000)
    ]
    by_loss = [many_view(loss=loss, correction="Holm").missed for loss in (0.5, 1.0, 2.0, 3.0, 5.0)]
    for misses in (by_rows, by_loss):
        assert misses == sorted(misses, reverse=True) and misses[0] > 0.8 and misses[-1] < 0.05


def test_the_accused_are_those_of_holm_and_bonferroni_by_the_book():
    p = np.random.default_rng(5).uniform(size=(200, 7)) ** 4
    p[:20, 3] = p[:20, 0]  # ties
    for row in p:
        assert np.array_equal(_accused(row[None], "Holm")[0], holm(row) <= LEVEL)
        assert np.array_equal(_accused(row[None], "Bonferroni")[0], row * 7 <= LEVEL)
        assert np.array_equal(_accused(row[None], "none")[0], row <= LEVEL)


def test_the_gate_itself_misses_as_many():
    """One world after the other through slices_within, at the panel's one-sided level."""
    rng, n, worlds, found = np.random.default_rng(11), 1000, 400, 0
    rates = [CHURN / 2, CHURN / 2, 1 - CHURN]
    for _ in range(worlds):
        tables = rng.multinomial(n, rates, size=6)
        tables[0] = rng.multinomial(n, [CHURN / 2 - 0.01, CHURN / 2 + 0.01, 1 - CHURN])
        slices = {
            i: PairedOutcomes(int(rest), int(better), int(worse), 0)
            for i, (better, worse, rest) in enumerate(tables)
        }
        whole = PairedOutcomes(*sum(slices.values()).cells, slices=slices)
        found += (
            slices_within(whole, dict.fromkeys(slices, 0), confidence=1 - 2 * LEVEL)[0] is False
        )
    view = many_view(n_slices=6, rows=n, loss=2.0, correction="Holm")
    assert 1 - found / worlds == pytest.approx(view.missed, abs=4 * math.sqrt(0.25 / worlds))


def test_the_curve_passes_through_the_point():
    for n_slices in (1, 10, 40):
        view = many_view(n_slices=n_slices, n_bad=3, correction="Holm")
        at = view.counts.index(n_slices)
        assert (view.false_alarm, view.missed) == (view.false_alarms[at], view.misses[at])


def test_the_sentence_and_the_alt_text_say_the_numbers():
    view = many_view(n_slices=7, rows=500, loss=3.0, n_bad=2, correction="Bonferroni")
    for words in (
        "7 slices of 500 rows",
        "Bonferroni",
        "lose 3 points (2 of 7)",
        f"{view.false_alarm:.0%} false alarms",
    ):
        assert words in view.sentence
    shown = view.picture()
    assert f"{view.missed:.0%} missed" in shown.alt and f"{view.missed:.0%} missed" in shown.caption
    assert (
        "1 slice of" in many_view(n_slices=1, n_bad=5).sentence
        and many_view(n_slices=1, n_bad=5).n_bad == 1
    )


@pytest.mark.parametrize(
    "setting",
    [
        {"n_slices": 0},
        {"n_slices": 41},
        {"rows": 0},
        {"loss": 0},
        {"loss": 5.1},
        {"n_bad": 0},
        {"n_bad": 6},
    ],
)
def test_a_setting_out_of_range_is_refused(setting):
    with pytest.raises(ValueError, match="Ask for 1 to 40 slices, 1 to 5 of them hurt"):
        many_view(**setting)


def test_an_unknown_correction_is_named_with_the_known_ones():
    with pytest.raises(
        ValueError, match="no correction 'FDR'; choose one of: none, Bonferroni, Holm"
    ):
        many_view(correction="FDR")


def test_the_presets_tell_the_story():
    one, ten, holms, more = (many_view(**setting) for setting in PANELS["slices"].presets.values())
    assert one.false_alarm < 0.07 < 0.35 < ten.false_alarm
    assert holms.false_alarm < 0.07 and holms.missed > 3 * ten.missed
    assert more.false_alarm < 0.07 and more.missed < ten.missed + 0.02


def test_the_controls_reach_as_far_as_the_view():
    ends = {control.name: control.values for control in PANELS["slices"].controls}
    assert ends["n_slices"][-1] == MOST_SLICES and ends["n_bad"][-1] == MOST_BAD
    assert ends["correction"] == CORRECTIONS
    for name in ends:
        for value in (ends[name][0], ends[name][-1]):
            assert 0 <= many_view(**{name: value}).missed <= 1
