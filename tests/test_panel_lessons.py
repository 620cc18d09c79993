"""Where panels start, and what their presets set, is what their lessons say."""

from __future__ import annotations

import ast
import re
from functools import cache

import pytest
from notebook_rules import Notebook, is_panel, output_texts, tags
from panel_lessons import LESSONS, ROOT, STATED
from prose_numbers import tokens

from labsupport.show.controls import Choice
from labsupport.show.panels import PANELS

every_panel = pytest.mark.parametrize("word", PANELS)
NUMBERS = {"one": 1, "two": 2, "ten": 10}


@cache
def lesson(word: str) -> Notebook:
    return Notebook(LESSONS[word][0], ROOT)


@cache
def text(word: str) -> str:
    """All that a lesson says: prose, code and outputs, its spaces squeezed."""
    cells = lesson(word).node.cells
    outputs = (said for _, cell in lesson(word).code for said in output_texts(cell))
    return " ".join("\n".join([*(cell.source for cell in cells), *outputs]).split())


@cache
def parameters(word: str) -> dict[str, object]:
    """What the parameters cell sets."""
    (source,) = (cell.source for _, cell in lesson(word).code if "parameters" in tags(cell))
    assigned = [node for node in ast.parse(source).body if isinstance(node, ast.Assign)]
    return {node.targets[0].id: ast.literal_eval(node.value) for node in assigned}


def numbers(words: str) -> set[float]:
    """The numbers of some words, percentages as shares as well."""
    found = {
        float(NUMBERS[word]) for word in re.findall(r"[a-z]+", words.lower()) if word in NUMBERS
    }
    for token in tokens(words):
        value = float(token.removesuffix("%"))
        found |= {value, value / 100} if token.endswith("%") else {value}
    return found


def holds(words: str, value: object) -> bool:
    return value in words if isinstance(value, str) else float(value) in numbers(words)


def test_every_panel_has_what_its_lesson_states():
    assert set(STATED) == set(PANELS)


@every_panel
def test_a_panel_starts_where_its_lesson_says(word):
    stated = STATED[word]
    assert PANELS[word].start == pytest.approx(stated.start)
    named = set(parameters(word)) & set(stated.start)
    assert named | set(stated.quotes) | stated.unsaid == set(stated.start)
    assert not stated.unsaid & set(stated.quotes)
    for name, quote in stated.quotes.items():
        assert quote in text(word), quote
        assert holds(quote, stated.start[name]), (name, quote)


@every_panel
def test_what_the_parameters_of_a_lesson_set_a_panel_starts_with_or_a_preset_sets(word):
    panel = PANELS[word]
    for name, value in parameters(word).items():
        control = next((one for one in panel.controls if one.name == name), None)
        if control is None or isinstance(value, str) != isinstance(panel.start[name], str):
            continue
        elsewhere = [one[name] for one in panel.presets.values() if name in one]
        in_lesson = STATED[word].unsaid | set(STATED[word].quotes)
        assert value in (elsewhere if name in in_lesson else [panel.start[name]]), name


@every_panel
def test_presets_set_what_their_lesson_says(word):
    stated, presets = STATED[word].presets, PANELS[word].presets
    assert list(presets) == list(stated)
    for label, differences in presets.items():
        assert set(differences) == set(stated[label])
        for name, value in differences.items():
            expected = stated[label][name]
            assert value == (expected if isinstance(expected, str) else pytest.approx(expected))


@every_panel
def test_the_label_of_a_preset_holds_numbers_and_names_that_it_sets(word):
    panel = PANELS[word]
    choices = [one.values for one in panel.controls if isinstance(one, Choice) and not one.ordered]
    names = {name for values in choices for name in values if not numbers(name)}
    for label in panel.presets:
        held = panel.preset(label)
        set_to = {float(value) for value in held.values() if not isinstance(value, str)}
        assert numbers(label) <= set_to, label
        for name in {name for name in names if name in label}:
            assert name in held.values(), label


@every_panel
def test_buttons_that_a_lesson_names_are_there(word):
    """In the section of the panel, a name in italics with a capital is a button's."""
    panel, cells = PANELS[word], lesson(word).node.cells
    at = next(i for i, cell in enumerate(cells) if is_panel(cell))
    section = " ".join(cells[at - 1].source.rpartition("## ")[2].split())
    named = re.findall(r"(?<!\*)\*([A-Z][^*]*)\*(?!\*)", section)
    assert set(named) <= {*panel.presets, *panel.moves}
