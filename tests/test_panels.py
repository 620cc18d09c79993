"""What holds for every panel: declared as data, read without widgets, moved through its range."""

from __future__ import annotations

import dataclasses
import inspect
import itertools
import json
import os
import random
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from panel_lessons import LESSONS, ROOT
from prose_numbers import tokens
from refusals import refuses
from slow import one_in

from labsupport import show
from labsupport.show.controls import Slider, Switch
from labsupport.show.panel import LivePanel
from labsupport.show.panels import PANELS

CONTROLS = [(word, control.name) for word, panel in PANELS.items() for control in panel.controls]
# Where a control changes something only if another one stands elsewhere than at the start.
BESIDE = {
    ("gate", "threshold"): {"bias": 1.0},
    ("gate", "bias_in_accuracy"): {"bias": 1.0},
    ("delivery", "guard"): {"fault": "retry storm"},
}
MOST_CORNERS = 64

every_panel = pytest.mark.parametrize("word", PANELS)
every_control = pytest.mark.parametrize(("word", "name"), CONTROLS)
every_preset = pytest.mark.parametrize(
    ("word", "label"), [(word, label) for word, panel in PANELS.items() for label in panel.presets]
)


@cache
def _built(word: str) -> LivePanel:
    return PANELS[word].live()


@pytest.fixture
def panel(word) -> LivePanel:
    """The live panel of a word as it stands at first, built once for all tests."""
    _built(word).reset()
    return _built(word)


def control_of(word: str, name: str):
    return next(control for control in PANELS[word].controls if control.name == name)


def ends(control) -> tuple:
    return control.values[0], control.values[-1]


def settings(word: str, name: str) -> list[dict]:
    """The settings of other controls under which a control matters."""
    only = control_of(word, name).only
    where = (dict(zip(only, values, strict=True)) for values in itertools.product(*only.values()))
    return [setting | BESIDE.get((word, name), {}) for setting in where]


def shown(panel: LivePanel) -> tuple[bytes, str, str]:
    return panel.picture, panel.sentence, panel.alt


def same(a: object, b: object) -> bool:
    """Whether two views hold the same in every field, arrays included."""
    fields = [field.name for field in dataclasses.fields(a)]
    return all(np.array_equal(getattr(a, name), getattr(b, name)) for name in fields)


def assert_shows_its_view(panel: LivePanel) -> None:
    """No error; sentence and alt text are those of the plain function."""
    assert panel.error is None
    said = panel.panel.view(**panel.values).sentence
    assert panel.current.sentence == said == str(panel.current) == panel.sentence
    assert panel.alt.strip() and panel.picture.startswith(b"\x89PNG")


# ---- the declarations ----


def test_every_module_of_panels_is_in_the_registry_under_its_word():
    folder = Path(inspect.getfile(sys.modules["labsupport.show.panels"])).parent
    assert sorted(PANELS) == sorted(path.stem for path in folder.glob("[!_]*.py"))
    offered = {name: getattr(show, name) for name in show.__all__ if name.endswith("_panel")}
    assert sorted(map(id, PANELS.values())) == sorted(
        id(live.__self__) for live in offered.values()
    )
    assert {panel.view for panel in PANELS.values()} <= {getattr(show, n) for n in show.__all__}


@every_panel
def test_a_panel_is_shown_by_one_lesson(word):
    assert len(LESSONS[word]) == 1


_WITHOUT_WIDGETS = """
import dataclasses, json, sys
sys.modules["anywidget"] = sys.modules["ipywidgets"] = sys.modules["IPython"] = None
from labsupport import show
from labsupport.show.panels import PANELS
print(json.dumps({word: {"start": panel.start, "presets": panel.presets, "moves": panel.moves,
    "controls": [dataclasses.asdict(control) for control in panel.controls],
    "said": panel.view().sentence} for word, panel in PANELS.items()}))
"""


@pytest.mark.slow
def test_panels_can_be_read_and_viewed_without_widgets():
    done = subprocess.run(
        [sys.executable, "-c", _WITHOUT_WIDGETS], capture_output=True, text=True, cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    read = json.loads(done.stdout)
    assert set(read) == set(PANELS)
    for word, panel in PANELS.items():
        assert read[word]["start"] == panel.start and read[word]["presets"] == panel.presets
        assert [control["name"] for control in read[word]["controls"]] == list(panel.start)
        assert read[word]["said"] == panel.view().sentence


@every_panel
def test_controls_are_the_arguments_of_the_view_and_start_at_its_defaults(word):
    panel = PANELS[word]
    arguments = inspect.signature(panel.view).parameters
    assert sorted(arguments) == sorted(control.name for control in panel.controls)
    for control in panel.controls:
        assert panel.start[control.name] == arguments[control.name].default
        assert panel.start[control.name] in control.values
        assert len(set(control.values)) == len(control.values) > 1
        assert control.words in control.label
        for name, values in control.only.items():
            assert set(values) < set(control_of(word, name).values)


@every_panel
def test_presets_hold_only_differences_from_the_start_and_values_that_a_control_has(word):
    panel = PANELS[word]
    settings = [tuple(panel.preset(label).items()) for label in panel.presets]
    assert panel.start in [dict(setting) for setting in settings]
    assert len(set(settings)) == len(settings)
    assert not {"Reset", *panel.moves} & set(panel.presets)
    for differences in panel.presets.values():
        for name, value in differences.items():
            assert value != panel.start[name] and value in control_of(word, name).values
    for steps in panel.moves.values():
        assert all(isinstance(control_of(word, name), Slider) for name in steps)


@every_control
def test_a_browser_is_told_what_a_control_declares(panel, word, name):
    control, held = control_of(word, name), panel.controls[name]
    assert held.value == PANELS[word].start[name]
    (told,) = (each for each in panel.declared["controls"] if each["name"] == name)
    assert told["words"] == control.words
    assert panel.shown["at"][name] == control.values.index(held.value)
    if isinstance(control, Switch):
        assert told["kind"] == "switch" and told["said"] == []
        return
    numbers = not isinstance(control.values[0], str)
    assert told["kind"] == ("range" if numbers else "names")
    assert len(set(told["said"])) == len(control.values)
    for said, value in zip(told["said"], control.values, strict=True):
        written, unit = said, ""
        if control.unit:
            written, unit = said.removesuffix(control.unit), control.unit
            assert said == f"{written.strip()} {unit}"
        if isinstance(control, Slider):
            assert float(written) == pytest.approx(control.times * value)
        else:
            assert written.strip() == control.form.format(value)


# ---- moved ----


@pytest.mark.parametrize(("word", "name"), one_in(4, CONTROLS))
def test_a_control_moved_to_either_end_changes_picture_sentence_and_alt_text(panel, word, name):
    for setting in settings(word, name):
        for end in ends(control_of(word, name)):
            panel.reset()
            panel.set(**setting)
            redraws, before = panel.redraws, shown(panel)
            if panel.values[name] == end:
                continue
            assert not panel.controls[name].disabled
            panel.controls[name].value = end
            assert panel.redraws == redraws + 1
            assert_shows_its_view(panel)
            changed = [old != new for old, new in zip(before, shown(panel), strict=True)]
            assert all(changed), (setting, end, changed)


@pytest.mark.slow
@every_control
def test_steps_between_the_ends_can_be_shown(panel, word, name):
    values = control_of(word, name).values
    steps = np.unique(np.linspace(0, len(values) - 1, 5).round().astype(int))[1:-1]
    for setting in settings(word, name)[:1]:
        panel.set(**setting)
        for step in steps:
            panel.set(**{name: values[step]})
            assert_shows_its_view(panel)


@pytest.mark.slow
@every_panel
def test_the_corners_of_all_controls_can_be_shown(panel, word):
    corners = list(itertools.product(*map(ends, PANELS[word].controls)))
    if len(corners) > MOST_CORNERS:
        corners = random.Random(0).sample(corners, 16)
    for corner in corners:
        panel.set(**dict(zip(panel.controls, corner, strict=True)))
        assert_shows_its_view(panel)


@every_panel
def test_a_slider_that_is_set_beside_its_decimal_has_not_moved(panel, word):
    """0.1 + 0.2 is 0.30000000000000004."""
    redraws = panel.redraws
    for name, value in PANELS[word].start.items():
        if isinstance(control_of(word, name), Slider) and isinstance(value, float):
            panel.controls[name].value = value - 1e-13
            assert panel.values == PANELS[word].start
    assert panel.redraws == redraws


@every_control
def test_a_control_that_does_not_matter_is_disabled_and_changes_nothing(panel, word, name):
    control = control_of(word, name)
    panel.set(**settings(word, name)[0])
    assert not panel.controls[name].disabled
    for other, values in control.only.items():
        for value in set(control_of(word, other).values) - set(values):
            panel.set(**{other: value})
            assert panel.controls[name].disabled
            enabled = {n for n, widget in panel.controls.items() if not widget.disabled}
            assert enabled == PANELS[word].matter(panel.values)
            before = shown(panel)
            for end in ends(control):
                panel.set(**{name: end})
                assert shown(panel) == before


# ---- buttons ----


def disturb(panel: LivePanel) -> dict[str, object]:
    """Set every control to an end at which it does not stand."""
    low_high = {control.name: ends(control) for control in panel.panel.controls}
    panel.set(**{n: low if panel.values[n] != low else high for n, (low, high) in low_high.items()})
    return panel.values


@every_preset
def test_a_preset_redraws_once_and_shows_what_the_plain_function_says(panel, word, label):
    disturb(panel)
    redraws = panel.redraws
    panel.buttons[label].click()
    assert panel.redraws == redraws + 1
    assert panel.values == PANELS[word].start | PANELS[word].presets[label]
    assert_shows_its_view(panel)
    view = PANELS[word].view(**PANELS[word].presets[label])
    assert same(panel.current, view)
    picture = view.picture()
    assert panel.alt == picture.alt
    said = tokens(f"{view.sentence} {picture.alt}")
    assert set(tokens(picture.caption)) <= set(said)


@every_panel
def test_a_button_that_moves_on_changes_its_sliders_only_and_starts_over_at_their_ends(panel, word):
    for label, steps in PANELS[word].moves.items():
        for name, by in steps.items():
            slider = control_of(word, name)
            for at, then in ((0, by), (1, 1 + by), (len(slider.values) - 1, by)):
                stood = panel.values | {name: slider.values[at]}
                panel.set(**stood)
                panel.buttons[label].click()
                assert panel.values == stood | {name: slider.values[then]}
    assert list(panel.buttons) == [*PANELS[word].moves, *PANELS[word].presets]


@every_panel
def test_reset_restores_every_value_and_the_very_same_picture(panel, word):
    start = panel.values, shown(panel), PANELS[word].matter(panel.values)
    for button in panel.buttons.values():
        button.click()
    disturb(panel)
    redraws = panel.redraws
    panel.reset_button.click()
    assert panel.redraws == redraws + 1
    enabled = {name for name, widget in panel.controls.items() if not widget.disabled}
    assert (panel.values, shown(panel), enabled) == start


@every_panel
def test_a_panel_that_was_moved_about_shows_what_a_fresh_one_shows(panel, word):
    for button in panel.buttons.values():
        button.click()
    values = disturb(panel)
    fresh = PANELS[word].live()
    fresh.set(**values)
    assert shown(panel) == shown(fresh) and fresh.redraws == 2


@every_panel
def test_a_control_that_a_panel_lacks_is_refused(panel, word):
    known = ", ".join(PANELS[word].start)
    with refuses(ValueError, f"no control 'bais'; its controls: {known}"):
        panel.set(bais=1.0)
