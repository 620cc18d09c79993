"""Lesson 06's panel: what it says is what `validate` and lesson 05's costs say."""

from __future__ import annotations

import math

import nbformat
import pytest
from panel_lessons import LESSONS
from refusals import refuses

from labsupport.costs import Stage, expected_cost
from labsupport.show import validation_view
from labsupport.show.panels import PANELS
from labsupport.show.panels import validation as panel
from labsupport.validation import DAMAGES, DataPolicy, flights_frame, spoil, validate

CALM, STORM = "8 and 9", "24 and 25"


def test_the_panel_offers_every_damage_and_every_check():
    assert tuple(DAMAGES) == panel.DAMAGES
    assert set(validation_view().sizes) == {
        check.name for check in panel_verdict(None, CALM).checks
    } - {"row count"}


def panel_verdict(damage: str | None, weeks: str, slack: float = 2.0):
    """The verdict on one snapshot, asked for here."""
    frame = flights_frame(panel.WEEKS[weeks])
    frame = frame if damage is None else spoil(frame, damage, 2, 1.0).frame
    bounds = {name: slack * bound for name, bound in panel._tolerated().items()}
    policy = DataPolicy(None, label="late", schema=panel._schema(), **bounds)
    return validate(frame, panel._profile(), policy)


@pytest.mark.parametrize("damage", panel.DAMAGES)
def test_a_check_is_lit_where_validate_fails_it(damage):
    view = validation_view(damage)
    for kind, lit in ((damage, view.caught), (None, view.cried)):
        failed = {c.name for c in panel_verdict(kind, CALM).checks if c.passed is not True}
        assert set(lit) == failed - {"row count"}
    assert view.caught == tuple(name for name, (ratio, _) in view.sizes.items() if ratio > 1)


def test_the_panel_tolerates_what_the_lesson_prints():
    book = nbformat.read(LESSONS["validation"][0], as_version=4)
    printed = "".join(o.text for c in book.cells for o in c.get("outputs", []) if "text" in o)
    for bound, change in panel._tolerated().items():
        assert f"{bound:<17} {2 * change:.4f}\n" in printed
    assert panel_verdict(None, CALM).decision == "promote"


def test_undamaged_weeks_pass_and_weeks_that_drift_do_not():
    assert validation_view().cried == ()
    assert "lost" in validation_view(weeks=STORM).cried
    assert validation_view(slack=0.25).cried


def test_a_leaked_label_and_last_weeks_copy_pass():
    for damage in ("a leaked label", "last week's copy"):
        view = validation_view(damage)
        assert view.caught == () and view.saved == -6
        assert view.sentence.startswith("No check finds the damage; the undamaged snapshot passes.")


def test_a_check_that_rings_either_way_finds_nothing():
    """As the lesson's folded answer says: at four times what good weeks do."""
    drift = validation_view(weeks=STORM, slack=4)
    assert drift.caught == drift.cried == ("new", "psi")
    assert drift.sentence.startswith(
        "No check fails for the damage alone; the undamaged snapshot fails as well, by new, psi."
    )
    assert math.isclose(drift.saved, -6 - 100)  # somebody looks each time, and finds the season
    for slack in (2, 2.5, 3, 3.5):
        assert "is found by l_infinity;" in validation_view(weeks=STORM, slack=slack).sentence


def test_the_dollars_are_those_of_lesson_05():
    training = Stage("training", 480, 0)
    for share in (0.0, 0.2, 0.5):
        saved = 480 - expected_cost([Stage("checks", 6, share), training])
        assert math.isclose(validation_view(share=share).saved, saved)
        cried = validation_view(share=share, weeks=STORM, look=50)
        assert math.isclose(cried.saved, saved - 50 * (1 - share))
    assert "saves 90.00 $ per snapshot" in validation_view(share=0.2).sentence
    assert "costs 6.00 $ per snapshot" in validation_view(share=0.0).sentence


def test_a_smaller_damage_moves_the_checks_less():
    ratios = [validation_view(size=size).sizes["l_infinity"][0] for size in (1.0, 0.5, 0.1)]
    assert ratios == sorted(ratios, reverse=True) and ratios[0] > 1 > ratios[2]
    assert len({validation_view(size=size).sizes["l_infinity"][1] for size in (1.0, 0.5)}) == 1


def test_settings_that_the_panel_does_not_have_are_refused():
    with refuses(ValueError, "no weeks '8' here; choose one of: 8 and 9, 10 and 11"):
        validation_view(weeks="8")
    with refuses(ValueError, "No damage 'rust'"):
        validation_view("rust")
    with refuses(ValueError, "size is a share, above 0"):
        validation_view(size=0.0)


def test_presets_show_what_their_names_say():
    views = {
        label: validation_view(**PANELS["validation"].preset(label))
        for label in PANELS["validation"].presets
    }
    assert views["This lesson"].caught == ("l_infinity",) and not views["This lesson"].cried
    assert not views["A small damage"].caught and not views["What nothing sees"].caught
    assert views["Strict"].cried and views["Real drift"].cried
