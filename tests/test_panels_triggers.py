"""Lesson 07's panel: what each control changes, in which direction, and that the sentence says what
`live` found.
"""

from __future__ import annotations

import itertools
import re

import numpy as np
import pytest
from refusals import refuses

from labsupport.gate import Policy
from labsupport.show import trigger_view
from labsupport.show.panels import PANELS
from labsupport.show.panels import triggers as panel
from labsupport.triggers import TriggerPolicy, live, timeline
from labsupport.triggers.dollars import TRAINING

ANYTHING, MEASURED = panel.ANYTHING, panel.MEASURED


def values(name: str) -> tuple:
    return next(c for c in PANELS["triggers"].controls if c.name == name).values


def trainings(name: str, **others) -> list[int]:
    """How many trainings each value of a control asks for, from its lowest on."""
    return [trigger_view(**{name: value}, **others).trained for value in values(name)]


def falls(counts: list[int]) -> bool:
    return counts == sorted(counts, reverse=True) and counts[0] > counts[-1]


def test_the_view_is_the_timeline_of_the_policy_it_names():
    view = trigger_view(
        "inputs",
        sigmas=2.5,
        cooldown=21,
        delay=9,
        window="4 weeks",
        trial=2,
        judge=MEASURED,
        worth=3,
    )
    policy = TriggerPolicy(sigmas=None, inputs=2.5, cooldown=21, delay=9, window=4, trial=2)
    run = live(policy, Policy(min_gain=0.0, max_gap=None), worth=3)
    assert np.array_equal(view.run.served, run.served) and view.run.dollars == run.dollars
    assert [a.trigger for a in view.run.attempts] == [a.trigger for a in run.attempts]
    assert (view.trained, view.promoted) == (len(run.attempts), len(run.promoted))


def test_the_panel_starts_at_the_lessons_policy():
    assert np.array_equal(trigger_view().run.served, live(TriggerPolicy()).served)
    assert panel.PANEL.start["trial"] == TriggerPolicy().trial
    assert panel.PANEL.start["cooldown"] == TriggerPolicy().cooldown


@pytest.mark.parametrize("setting", [{}, *panel.PANEL.presets.values()], ids=str)
def test_the_sentence_says_what_was_found(setting):
    view = trigger_view(**setting)
    told = view.sentence.replace(",", "")
    numbers = re.match(
        r"(\d+) trainings?; (\d+) promotions?: this (saves|costs) (\d+) dollars",
        view.sentence.replace(", ", "; ", 1).replace(",", ""),
    )
    run = view.run
    dollars = (1 if numbers[3] == "saves" else -1) * int(numbers[4])
    assert (int(numbers[1]), int(numbers[2])) == (view.trained, view.promoted)
    assert dollars == pytest.approx(run.untouched_dollars - run.dollars, abs=0.51)
    assert f"regret against someone who knew the future is {run.regret:.0f} dollars." in told
    means = (run.log_loss.mean(), run.untouched.mean())
    assert "log-loss is {:.3f} on average without retraining {:.3f};".format(*means) in told
    assert view.setting.split("\n")[1] in view.sentence
    assert view.picture().alt.endswith(f"regret {run.regret:,.0f} dollars.")


def test_a_wider_limit_a_longer_schedule_and_more_rows_ask_for_fewer_trainings():
    assert falls(trainings("sigmas"))
    assert falls(trainings("every", cause="schedule"))
    assert falls(trainings("volume", cause="volume"))
    assert trainings("every", cause="schedule")[0] == 24  # every week there is


@pytest.mark.parametrize("cause", ["inputs", "degradation"])
def test_a_longer_cool_down_trains_less_and_hears_the_same(cause):
    assert falls(trainings("cooldown", cause=cause, sigmas=1.0, judge=ANYTHING))
    views = [trigger_view(cause, sigmas=3.0, cooldown=days) for days in (0, 56)]
    heard = [[s.day for s in view.run.signals] for view in views]
    assert cause == "degradation" or heard[0] == heard[1]  # the inputs do not know who serves
    for view, days in zip(views, (0, 56), strict=True):
        at = [attempt.trigger.day for attempt in view.run.attempts]
        assert all(b - a >= days for a, b in itertools.pairwise(at))


def test_a_schedule_has_no_cool_down_and_what_does_not_matter_changes_nothing():
    same = [trigger_view("schedule", cooldown=days, sigmas=s) for days, s in ((0, 1.0), (56, 6.0))]
    assert same[0].sentence == same[1].sentence and "rests" not in same[0].sentence
    assert "rests 56 days" in trigger_view(cooldown=56).sentence


def test_later_labels_ring_and_judge_later():
    rang = [trigger_view(delay=days).run.attempts[0] for days in (0, 7, 14, 28)]
    assert [attempt.model for attempt in rang] == [15, 16, 17, 19]
    assert [attempt.judged for attempt in rang] == [18, 20, 22, 26]
    assert all(attempt.weeks == tuple(range(16)) for attempt in rang)


def test_a_longer_trial_judges_later_on_more_days():
    rows = []
    for weeks in values("trial"):
        first = trigger_view(trial=weeks).run.attempts[0]
        assert first.judged == first.model + weeks
        rows.append(first.verdict.outcomes.days)
    assert rows == [7 * weeks for weeks in values("trial")]


def test_a_window_is_what_a_candidate_learns_from():
    for name, weeks in panel.WINDOWS.items():
        for attempt in trigger_view("schedule", window=name).run.attempts:
            assert len(attempt.weeks) == (weeks or attempt.model + 1)
            assert attempt.weeks[-1] == attempt.model


@pytest.mark.parametrize("cause", ["degradation", "inputs", "schedule", "volume"])
def test_a_looser_gate_promotes_more(cause):
    promoted = [trigger_view(cause, judge=judge).promoted for judge in panel.GATES]
    assert list(panel.GATES) == [panel.SURE, MEASURED, ANYTHING]
    assert promoted == sorted(promoted)
    strict, loose = (
        trigger_view("schedule", window="2 weeks", judge=j) for j in panel.GATES if j != MEASURED
    )
    assert strict.promoted < loose.promoted and strict.run.dollars < loose.run.dollars


def test_dollars_follow_the_price_of_a_nat():
    free = trigger_view(worth=0.0)
    assert free.run.saved == -TRAINING * free.trained and "costs 960 dollars" in free.sentence
    saved = [trigger_view(worth=worth).run.saved for worth in (0.0, 1.0, 2.0, 4.0)]
    assert saved == sorted(saved) and np.allclose(np.diff(saved, 2)[0], 0)
    assert saved[1] < 0 < saved[2]  # where retraining begins to pay


def test_presets_show_what_their_names_say():
    views = {label: trigger_view(**panel.PANEL.preset(label)) for label in panel.PANEL.presets}
    lesson = views["This lesson"]
    assert views["Late labels"].run.attempts[0].model > lesson.run.attempts[0].model
    assert {c for a in views["Inputs alone"].run.attempts for c in a.trigger.causes} == {"inputs"}
    assert views["Short history"].promoted == 0 < views["No gate"].promoted
    assert views["No gate"].run.log_loss.mean() > views["Every 4 weeks"].run.untouched.mean()
    assert views["A short trial"].run.attempts[0].judged == lesson.run.attempts[0].judged - 2


def test_once_open_no_move_fits_a_model_again(monkeypatch):
    trigger_view()
    monkeypatch.setattr(timeline, "fit", None)  # whoever calls it now fails
    for cause, window, delay in itertools.product(
        ("schedule", "inputs"), panel.WINDOWS, (0, 1, 13, 42)
    ):
        trigger_view(cause, every=1, window=window, delay=delay, judge=ANYTHING)


def test_settings_that_the_panel_does_not_have_are_refused():
    with refuses(ValueError, "trial must be a whole number"):
        trigger_view(trial=0)
    with refuses(ValueError, "cooldown counts days"):
        trigger_view(cooldown=-7)
    with pytest.raises(KeyError):
        trigger_view(window="3 weeks")
