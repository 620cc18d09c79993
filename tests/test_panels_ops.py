"""Lesson 10's panel and figures: they tell the loop that is simulated, up to a day."""

from __future__ import annotations

from dataclasses import replace

import pytest
from refusals import refuses

from labsupport.ops.loop import FAULTS, STAGES, simulate, table_without
from labsupport.ops.loop.rows import DAYS
from labsupport.ops.loop.turning import Turning
from labsupport.show import fault_matrix, loop_days, loop_view
from labsupport.show.panels import PANELS
from labsupport.show.panels.ops import EVERYTHING, NOTHING, OFF

PANEL = PANELS["ops"]


def preset(label: str):
    return loop_view(**PANEL.preset(label))


def test_presets_tell_what_their_names_promise() -> None:
    caught = {label: preset(label).loop.caught_at for label in PANEL.presets}
    assert caught == {
        "Skewed logs": "segments",
        "No segments": None,
        "Stale shard": "checks",
        "Poisoned labels": "gate",
        "Slow when live": "canary",
        "A stray replica": "bundle",
        "Nothing wrong": None,
        "No stage left": None,
    }
    reached = {label for label in PANEL.presets if preset(label).loop.reached}
    assert reached == {"No segments", "No stage left"}
    assert {preset(label).loop.fault for label in PANEL.presets} == set(FAULTS)


@pytest.mark.parametrize("without", OFF)
def test_the_panel_shows_what_is_simulated(without) -> None:
    for fault in FAULTS:
        view = loop_view(fault, without)
        assert view.loop is simulate(DAYS, fault, OFF[without])
        assert view.sentence.startswith(view.loop.sentence)
    assert OFF[NOTHING] == () and OFF[EVERYTHING] == tuple(STAGES)


def test_until_a_day_it_tells_no_later_one() -> None:
    for day in (7, 98, 105, 126):
        view = loop_view(day=day)
        assert view.loop.days == day and all(e["day"] <= day for e in view.loop.events)
        assert (view.loop.planted is None) == (day < 105)
        assert (view.loop.caught is None) == (day < 126)
    assert "Skewed logs: not yet there after 98 days." in loop_view(day=98).sentence
    assert "nothing caught it" in loop_view(day=105).sentence


def test_the_picture_s_caption_is_the_loop_s_sentence() -> None:
    view = loop_view()
    assert view.picture().caption == view.loop.sentence
    assert "All stages on." in view.picture().alt


def test_the_sentence_gives_the_reason_of_who_caught_it() -> None:
    view = loop_view()
    assert view.sentence.endswith(view.loop.caught["reason"])
    assert "the slice margin of 0.05" in view.sentence


def test_no_stage_of_that_name() -> None:
    with refuses(ValueError, "luck"):
        loop_view(without="luck")


def test_the_matrix_says_what_the_table_has() -> None:
    rows = table_without(alone=False)
    alt = fault_matrix(rows).alt
    for row in rows:
        assert f"{row.setting}: {row.caught_at or 'nobody'}, " in alt
        assert f"{row.dollars:,.0f} $, {row.hurt:,} bad" in alt
    assert "5 of 5 faults are stopped before everybody" in fault_matrix(rows).caption
    for wrong in ([], rows[1:], [*rows, replace(rows[0], setting="twice")]):
        with refuses(ValueError, "one row for each fault and setting"):
            fault_matrix(wrong)


def test_a_day_is_drawn_where_it_is() -> None:
    alts = {loop_days(simulate(day)).alt for day in (20, 60, 168)}
    assert len(alts) == 3 and all("No fault came." in alt for alt in alts)


def test_a_move_of_the_day_lives_through_no_day_again(monkeypatch) -> None:
    whole = loop_view(fault="stale shard").loop
    monkeypatch.setattr(Turning, "day", None)
    for day in (7, 112, 161):
        loop = loop_view(fault="stale shard", day=day).loop
        assert loop.days == day
        assert loop.events == tuple(event for event in whole.events if event["day"] <= day)
