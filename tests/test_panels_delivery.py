"""Lesson 08's panel: it tells the story that the controller and its fleet tell, up to a minute."""

from __future__ import annotations

import re
from functools import cache

import numpy as np
import pytest
from refusals import refuses

from labsupport.delivery import FAULTS, Fault, Traffic, flip, many_rollouts
from labsupport.delivery.plan import ALWAYS, SPENDING
from labsupport.delivery.states import ENDS, FLEET
from labsupport.delivery.story import tell, usual_plan
from labsupport.delivery.study import HARM
from labsupport.show import delivery_view
from labsupport.show.figures.delivery import LAST
from labsupport.show.panels import PANELS
from labsupport.show.panels import delivery as panel

PANEL = PANELS["delivery"]
AT_ALL_TIMES = "all the time"


@cache
def view(**values):
    return delivery_view(**values)


@cache
def preset(label: str):
    return view(**PANEL.presets[label])


def where(story) -> list[str]:
    """The states that a rollout went through."""
    return [event["state"] for event in story.events if event["event"] != "hold"]


# ---- presets ----


def test_presets_tell_what_their_names_promise():
    stories = {label: preset(label).story for label in PANEL.presets}
    ways = {label: where(story) for label, story in stories.items()}
    assert ways["Slow under load"] == ["shadow", "canary", "rolled back"]
    assert ways["Live shift"] == ["shadow", "rolled back"]
    assert ways["Small slice"] == ["shadow", "canary", "stages", "rolled back"]
    assert ways["Nothing wrong"] == ["shadow", "canary", "stages", "stages", FLEET]
    assert ways["Retry storm"] == ["shadow", "canary", "stages", "rolled back"]
    assert ways["Storm, no bound"] == ["shadow", "canary", "stages", "stages", "rolled back"]
    about = {label: story.events[-1]["about"] for label, story in stories.items()}
    assert (about["Slow under load"], about["Live shift"]) == ("slow", "quality")
    assert (about["Small slice"], about["Retry storm"]) == ("quality on night", "all errors")
    assert stories["Nothing wrong"].hurt[-1] == stories["Nothing wrong"].flipped[-1] == 0
    for label in ("Slow under load", "Live shift", "Small slice", "Retry storm"):
        assert stories[label].hurt[-1] < stories[label].flipped[-1] / 50


def test_the_storm_is_stopped_within_minutes_of_the_5_percent_stage_and_hurts_far_more_unbound():
    bound, unbound = preset("Retry storm").story, preset("Storm, no bound").story
    entered = next(e for e in bound.events if e["state"] == "stages")
    assert bound.plan.steps[entered["step"]].share == 0.05
    assert 0 < bound.minutes[-1] - entered["minute"] <= 10
    assert unbound.hurt[-1] > 50 * bound.hurt[-1] > 0
    assert unbound.events[-1]["event"] == "doubt"  # so end nine in ten: no comparison shows harm
    assert (bound.plan.max_errors, unbound.plan.max_errors) == (0.02, None)


@pytest.mark.parametrize("seed", [1, 3, 20])
def test_presets_tell_it_with_other_requests_too(seed):
    """Not the small slice: where its few requests show harm is luck."""
    ends = {
        label: where(view(**PANEL.presets[label], seed=seed).story)
        for label in ("Slow under load", "Live shift", "Nothing wrong", "Retry storm")
    }
    assert [way[-2:] for way in ends.values()] == [
        ["canary", "rolled back"], ["shadow", "rolled back"], ["stages", FLEET],
        ["stages", "rolled back"],
    ]  # fmt: skip


# ---- controls ----


@pytest.mark.parametrize("fault", [f for f in FAULTS if f not in ("none", "another bundle")])
def test_the_panel_tells_the_story_of_the_controller(fault):
    shown, asked = view(fault=fault).story, tell(usual_plan(), Fault(fault), seed=8)
    assert (shown.end, shown.events, shown.plan) == (asked.end, asked.events, asked.plan)
    for name in ("minutes", "hurt", "flipped"):
        assert np.array_equal(getattr(shown, name), getattr(asked, name))


def test_another_bundle_and_lost_metrics_hold_until_the_deadline():
    for fault, after in (("another bundle", 0), ("lost metrics", 155)):
        story = view(fault=fault).story
        assert (story.end, story.events[-1]["event"]) == ("rolled back", "deadline")
        assert story.minutes[-1] == after + story.plan.deadline
        assert "The deadline passed." in view(fault=fault).sentence


def test_a_stronger_fault_hurts_more_by_a_flip_and_is_found_no_later():
    for fault in ("live shift", "slow under load", "retry storm"):
        stories = [view(fault=fault, strength=times).story for times in (0.2, 1.0, 3.0)]
        rates = [story.flipped[-1] / story.minutes[-1] for story in stories]
        ends = [story.minutes[-1] for story in stories]
        assert rates == sorted(rates) and rates[0] < rates[-1]
        assert ends == sorted(ends, reverse=True) and ends[0] > ends[-1]
        sizes = [story.fault.size for story in stories]
        assert sizes == pytest.approx([times * Fault(fault).size for times in (0.2, 1, 3)])


def test_the_crash_of_every_replica_is_the_most_that_can_crash():
    assert view(fault="crash", strength=3.0).story.fault.size == pytest.approx(0.9)
    assert panel._told("crash", 4.0, SPENDING, 1.0, True, 8).fault.size == 1.0
    assert panel._told("retry storm", 3.0, SPENDING, 1.0, True, 8).fault.size == 30.0


def test_a_fault_without_a_size_has_none_to_change():
    plain = {f for f in FAULTS if Fault(f).size == 0}
    assert plain == set(FAULTS) - set(panel._SIZED)
    for fault in plain:
        assert "strength" not in PANEL.matter({"fault": fault})


def test_looks_change_when_a_large_harm_is_seen_and_not_what_is_planned():
    for fault in ("slow under load", "live shift"):
        four, always = view(fault=fault).story, view(fault=fault, looks=AT_ALL_TIMES).story
        assert (four.plan.looks, always.plan.looks) == (SPENDING, ALWAYS)
        assert always.plan.steps == four.plan.steps and always.plan.metrics == four.plan.metrics
        assert always.minutes[-1] < four.minutes[-1]
        assert always.hurt[-1] <= four.hurt[-1]


def test_more_pairs_take_longer_and_find_a_weaker_fault():
    weak = {"fault": "live shift", "strength": 0.2}
    few, usual, many = (view(**weak, pairs=pairs).story for pairs in (0.25, 1.0, 1.5))
    assert few.minutes[-1] < usual.minutes[-1] < many.minutes[-1]
    found = [
        many_rollouts(story.plan, Traffic(), story.fault, 200, 1).share(HARM)
        for story in (few, usual, many)
    ]
    assert found[0] + 0.1 < found[1] < found[2]
    for story, pairs in ((few, 0.25), (many, 1.5)):
        sizes = [step.pairs for step in story.plan.steps]
        assert sizes == [round(pairs * step.pairs) for step in usual.plan.steps]
        assert [s.share for s in story.plan.steps] == [s.share for s in usual.plan.steps]


@pytest.mark.parametrize("pairs", [0.5, 0.75, 1.0, 1.25, 1.5])
@pytest.mark.parametrize("seed", [3, 4])
def test_who_asks_for_more_pairs_gives_them_the_time(pairs, seed):
    """A harmless version gets through; with a quarter of the pairs it may end in doubt instead."""
    story = view(fault="none", pairs=pairs, seed=seed).story
    assert story.end == FLEET and story.minutes[-1] < 0.77 * LAST


def test_the_bound_changes_the_storm_and_leaves_a_shift_where_it_is():
    bound, free = (view(fault="live shift", guard=guard).story for guard in (True, False))
    assert bound.end == free.end and bound.minutes[-1] == free.minutes[-1]
    assert np.array_equal(bound.hurt, free.hurt)
    bound, free = preset("Retry storm").story, preset("Storm, no bound").story
    assert bound.minutes[-1] < free.minutes[-1] and bound.hurt[-1] < free.hurt[-1]


def test_other_requests_change_the_counts_and_not_the_plan():
    one, other = view().story, view(seed=3).story
    assert one.plan == other.plan and one.fault == other.fault
    assert one.events[-1]["reason"] != other.events[-1]["reason"]


# ---- watch until ----


@pytest.mark.parametrize("minute", [5, 150, 155, 160, 320, 325, 330, LAST])
def test_watch_until_cuts_the_story_at_that_minute(minute):
    whole, cut = preset("Retry storm").story, view(fault="retry storm", minute=minute).story
    seen = [event for event in whole.events if event["minute"] <= minute]
    assert list(cut.events) == seen and cut.end == seen[-1]["state"]
    assert len(seen) == sum(minute >= entered for entered in (0, 155, 325, 330))
    until = whole.minutes <= minute
    assert cut.minutes[-1] == min(minute, whole.minutes[-1])
    for name in ("minutes", "hurt", "flipped"):
        assert np.array_equal(getattr(cut, name), getattr(whole, name)[until])


def test_what_has_not_ended_is_not_called_an_end():
    for minute in (5, 200):
        shown = view(minute=minute)
        assert shown.story.end not in ENDS and shown.story.end.capitalize() in shown.sentence[:10]
        assert f"at minute {minute}," in shown.sentence and "so far" in shown.sentence
        assert "Rolled back" not in shown.sentence and "rolled back" not in shown.picture().alt


def test_30_minutes_more_walk_on_through_the_story():
    (step,) = (steps["minute"] for steps in PANEL.moves.values())
    slider = next(control for control in PANEL.controls if control.name == "minute")
    assert list(PANEL.moves) == ["+30 minutes"] and step * slider.step == 30
    values, minutes = PANEL.preset("Retry storm") | {"minute": 5}, []
    for _ in range(12):
        minutes.append(view(**values).story.minutes[-1])
        values = PANEL.moved("+30 minutes", values)
    assert minutes == [*range(5, 330, 30), 330.0]
    assert slider.high == LAST == PANEL.start["minute"]


def test_a_setting_that_was_shown_is_not_simulated_again(monkeypatch):
    delivery_view(fault="retry storm")
    monkeypatch.setattr(panel, "tell", None)  # it would raise
    for minute in (5, 150, LAST):
        assert delivery_view(fault="retry storm", minute=minute).story.minutes[-1] <= minute


def test_no_story_of_the_panel_is_longer_than_its_axis():
    """The longest: a last step that asks for the most and ends at its deadline."""
    weak = {"fault": "live shift", "strength": 0.2, "looks": AT_ALL_TIMES}
    for pairs in (1.0, 1.5):
        assert view(**weak, pairs=pairs).story.minutes[-1] <= LAST
    for fault in ("another bundle", "lost metrics"):
        assert view(fault=fault, pairs=1.5).story.minutes[-1] <= LAST


# ---- the sentence ----


@pytest.mark.parametrize(
    "values",
    [*PANEL.presets.values(), {"minute": 200}, {"fault": "crash"}, {"fault": "memory leak"}],
    ids=str,
)
def test_the_numbers_of_the_sentence_are_those_of_the_story(values):
    shown = view(**values)
    story, said = shown.story, shown.sentence
    minute, hurt, flipped = (
        int(number.replace(",", ""))
        for number in re.search(
            r"(?:after|at minute) (\d+)\D+ ([\d,]+) requests hurt.*?; a flip of the whole fleet "
            r"would have hurt ([\d,]+) by now\.",
            said,
        ).groups()
    )
    assert minute == story.minutes[-1]
    assert (hurt, flipped) == (round(story.hurt[-1]), round(story.flipped[-1]))
    whole = flip(Traffic(), story.fault, minute)
    assert flipped == pytest.approx(whole, rel=1e-6, abs=0.5)
    assert said.endswith(story.events[-1].get("reason", "."))
    head = {FLEET: "The fleet has it", "rolled back": "Rolled back"}
    assert said.startswith(head.get(story.end, story.end.capitalize()))


def test_the_sentence_names_what_is_not_as_usual_and_nothing_else():
    assert ". Slow under load; looks at the end of each step. " in view().sentence
    assert ". Nothing is wrong; looks" in preset("Nothing wrong").sentence
    odd = view(fault="live shift", strength=0.2, looks=AT_ALL_TIMES, pairs=0.25, guard=False)
    assert (
        ". Live shift, 0.2 times the usual; looks all the time; 0.25 times the usual pairs; no "
        "bound on all errors. "
    ) in odd.sentence
    assert "0.2 times" not in view(fault="lost metrics", strength=0.2).sentence


def test_settings_that_the_panel_does_not_have_are_refused():
    with refuses(ValueError, "Nobody looks 'never' here; choose one of: at the end of each step"):
        delivery_view(looks="never")
    with refuses(ValueError, "There is no fault 'rust'"):
        delivery_view("rust")
