"""Lesson 08's figures: the picture of states follows the table, and what else is theirs alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from figure_examples import BOUNDS, HURT, LOOKS, Z, drawn, told
from figure_readers import state_roads, state_words
from refusals import refuses

from labsupport.delivery import Fault, usual_plan
from labsupport.delivery.states import TRANSITIONS
from labsupport.delivery.story import tell
from labsupport.show import draw as show_draw
from labsupport.show import look_bounds, requests_hurt, rollout_minutes, rollout_states
from labsupport.show.figures import delivery_states

# ---- the states ----

Rows = set[tuple[str, str, str]]


def rows_of(table) -> Rows:
    return {(start, event, end) for (start, event), ends in table.items() for end in ends}


def rows_drawn() -> Rows:
    """(state, event, next state) of every arrow in a fresh picture, with the words beside it."""
    with pytest.MonkeyPatch.context() as patch:
        figures = []
        made = show_draw.picture
        patch.setattr(
            show_draw, "picture", lambda fig, *told: figures.append(fig) or made(fig, *told)
        )
        rollout_states()
    ax = figures[-1].axes[0]
    words = state_words(ax, state_roads(ax))
    return {
        (start, event, end)
        for (start, end), events in words.items()
        for event in events.removesuffix(", where no stage is planned").split(", ")
    }


def rows_told(alt: str) -> Rows:
    """The same of its alt text."""
    found = set()
    for part in alt.partition("another. ")[2].rstrip(".").split("; "):
        (start, _, end), events = (
            (part.partition(": ")[0]).partition(" to "),
            part.partition(": ")[2],
        )
        found |= {(start, event, end) for event in events.split(", ")}
    return found


def test_every_row_of_the_table_is_in_the_picture_and_in_its_alt_text_and_nothing_else():
    rows = rows_of(TRANSITIONS)
    assert rows_drawn() == rows_told(rollout_states().alt) == rows and len(rows) > 20


ROWS = sorted(TRANSITIONS)


@pytest.mark.parametrize(
    "row",
    [
        row if i % 4 == 0 else pytest.param(row, marks=pytest.mark.slow)
        for i, row in enumerate(ROWS)
    ],
    ids=" ".join,
)
def test_a_row_that_is_taken_out_of_the_table_is_in_the_picture_no_more(monkeypatch, row):
    before, table = rollout_states(), {key: TRANSITIONS[key] for key in TRANSITIONS if key != row}
    monkeypatch.setattr(delivery_states, "TRANSITIONS", table)
    after = rollout_states()
    assert after.drawing != before.drawing and after.png != before.png
    assert rows_drawn() == rows_told(after.alt) == rows_of(table)


@pytest.mark.parametrize(
    ("row", "ends"),
    [
        (("paused", "doubt"), {"rolled back"}),
        (("paused", "deadline"), {"rolled back"}),
        (("paused", "hold"), {"paused"}),
        (("shadow", "doubt"), {"rolled back"}),
        (("fleet", "hold"), {"fleet"}),
        (("shadow", "skip"), {"canary"}),
    ],
)
def test_a_row_that_is_put_into_the_table_is_put_into_the_picture(monkeypatch, row, ends):
    table = dict(TRANSITIONS) | {row: frozenset(ends)}
    monkeypatch.setattr(delivery_states, "TRANSITIONS", table)
    assert rows_drawn() == rows_told(rollout_states().alt) == rows_of(table)


@pytest.mark.parametrize(
    ("row", "end"),
    [
        (("fleet", "abort"), "aborted"),
        (("canary", "back"), "shadow"),
        (("shadow", "pass"), "fleet"),
        (("paused", "pass"), "fleet"),
        (("rolled back", "start"), "new"),
        (("shadow", "sleep"), "asleep"),
        (("asleep", "hold"), "asleep"),
    ],
)
def test_a_road_for_which_there_is_no_place_is_refused(monkeypatch, row, end):
    table = dict(TRANSITIONS) | {row: TRANSITIONS.get(row, frozenset()) | {end}}
    monkeypatch.setattr(delivery_states, "TRANSITIONS", table)
    with refuses(
        ValueError, f"The table leads from {row[0]!r} to {end!r}, and this picture has no"
    ):
        rollout_states()


def test_a_state_that_the_table_no_longer_has_is_not_drawn(monkeypatch):
    table = {key: ends for key, ends in TRANSITIONS.items() if "aborted" not in ends}
    monkeypatch.setattr(delivery_states, "TRANSITIONS", table)
    assert "aborted" not in rollout_states().alt
    with refuses(ValueError, "A rollout is never 'aborted'; its states: new, shadow, canary, st"):
        rollout_states("aborted")


def test_the_state_that_is_lit_is_said():
    dark = rollout_states()
    lit = {state: rollout_states(state) for state in ("new", "paused", "rolled back")}
    assert all(shown.alt == f"{dark.alt} It is {state} now." for state, shown in lit.items())
    assert len({shown.drawing for shown in (dark, *lit.values())}) == 4


# ---- looks ----


def test_the_paths_and_the_bounds_are_those_that_were_given():
    ax = drawn("look_bounds, lesson").figure.axes[0]
    lines = [line.get_ydata() for line in ax.lines]
    for path in Z:
        assert any(np.array_equal(line, [0, *path]) for line in lines)
    for bound in BOUNDS.values():
        for sign in (1, -1):
            assert any(np.array_equal(line, sign * np.array(bound)) for line in lines)


def test_who_is_beyond_the_first_bound_is_counted_at_any_look_and_on_both_sides():
    paths = np.array([[0, 0, 2.0], [-2.0, 0, 0], [1.5, -1.5, 1.9], [1.96, 0, 0]])
    shown = look_bounds([10, 20, 3000], {"a": [1.96] * 3, "b": [1, 1, 1]}, paths)
    assert "10 to 3,000 pairs. 2 of 4 are beyond the bound of the plan a at some look" in shown.alt
    assert shown.caption == "Of 4 harmless rollouts, 2 cross the line a at some look."
    assert "a: 1.96, 1.96, 1.96; b: 1.00, 1.00, 1.00." in shown.alt


def test_plans_that_cannot_be_drawn():
    for bounds in ({}, {str(i): [2.0] * 5 for i in range(5)}):
        with refuses(ValueError, "Draw one to 4 plans"):
            look_bounds(LOOKS, bounds, Z)
    for looks, bounds, paths in (
        (LOOKS, {"a": [2.0] * 4}, Z),
        (LOOKS, {"a": [2.0] * 5}, Z[:, 1:]),
        (LOOKS[1:], {"a": [2.0] * 5}, Z),
    ):
        with refuses(ValueError, "with a number for each of the"):
            look_bounds(looks, bounds, paths)


# ---- requests hurt ----


def test_the_requests_are_said_for_every_fault_and_way():
    shown = requests_hurt(HURT, 24)
    assert (
        "it is noticed after 24 hours. live shift: flip 296,703, four looks 42, all the"
        in shown.alt
    )
    assert "time under 1; small slice: flip 28,906, four looks 148, all the time 148." in shown.alt
    assert shown.caption == (
        "Requests hurt by live shift: 296,703 with flip, 42 with four looks, under 1 with all the "
        "time."
    )
    assert "flip 0" in requests_hurt({"none": {"flip": 0.0}}, 1).alt


def test_hurt_that_cannot_be_drawn():
    four = {way: 1.0 for way in "abcd"}
    for hurt in ({}, {"a": {}}, {"a": four}, {"a": {"x": 1.0}, "b": {"y": 1.0}}):
        with refuses(ValueError, "Draw one to 3 ways, the same for every fault"):
            requests_hurt(hurt, 24)


# ---- minutes ----


def test_a_story_is_told_with_its_steps_its_end_and_a_flip_beside_it():
    shown = rollout_minutes(told("rolled back", [0, 140], 295, 198, 37_751), "slow under load")
    assert (
        "logarithmic scale. Slow under load. Steps: shadow 0.5% from minute 0 to 140; can"
        in shown.alt
    )
    assert "canary 1% from minute 140 to 295; then rolled back. Hurt: 198; by a flip" in shown.alt
    assert shown.caption == (
        "It ends rolled back after 295 minutes, 198 requests hurt; by then a flip would have hurt "
        "37,751."
    )


def test_a_rollout_that_goes_on_is_not_said_to_have_ended():
    shown = rollout_minutes(told("canary", [0, 140], 200, 77, 25_594))
    assert "; still in canary. Hurt: 77" in shown.alt and "then" not in shown.alt
    assert shown.caption.startswith("At minute 200 it is in canary, 77 requests hurt so far;")


@pytest.mark.parametrize("minutes", [230, 960, 2000])
def test_a_story_of_any_length_fits(minutes):
    plan = replace(usual_plan(), deadline=float(minutes))
    story = tell(plan, Fault("lost metrics", minute=0.0), seed=1, tick=10.0)
    assert "then rolled back. Hurt: 0" in rollout_minutes(story).alt
    assert f"from minute 0 to {story.minutes[-1]:.0f};" in rollout_minutes(story).alt
