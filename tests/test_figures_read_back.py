"""Pictures are read back: positions, marks and labels of the artists say what the alt text says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from figure_examples import CASES, EXAMPLES, drawn
from figure_readers import CARETS, READ
from figure_words import WORDS
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.colors import to_hex
from matplotlib.lines import Line2D
from matplotlib.text import Text

from labsupport.show import draw
from labsupport.show.draw import FIGURES
from labsupport.show.panels import PANELS


def said_by(name: str) -> list[str]:
    return list(READ[name.partition(",")[0]](drawn(name).figure))


def test_every_figure_and_every_panel_is_read_back():
    assert set(READ) == set(FIGURES) | {f"{word} panel" for word in PANELS}
    assert set(READ) == {name.partition(",")[0] for name in EXAMPLES}


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_alt_text_says_what_the_artists_show(name):
    said = said_by(name)
    assert len(said) > 1
    for words in said:
        assert words in drawn(name).picture.alt


@pytest.mark.parametrize("figure", CASES)
def test_the_artists_of_one_example_do_not_fit_the_alt_text_of_another(figure):
    """That is: reading back tells pictures apart, it does not repeat what holds for all of them."""
    one, other = [f"{figure}, {case}" for case in CASES[figure]][:2]
    fits = [
        all(words in drawn(a).picture.alt for words in said_by(b))
        for a, b in ((one, other), (other, one))
    ]
    assert not all(fits)


# ---- words ----

NUMBER = re.compile(r"[−+-]?\d[\d,.]*%?")
# What a name in the gate plane says beside it: where beyond the edge, or that nobody knows.
_ASIDE = re.compile(r" \((?:\w+ [−+]?[\d.]+|\w+ not measured)\)$")
NAMED = r"(?:^|[.;] ){}(?:[:,.;]| \()"  # as a part of an alt text starts


def axes_of(name: str) -> Iterator[Axes]:
    for ax in drawn(name).figure.axes:
        yield from (ax, *ax.child_axes)


def axis_of(name: str) -> Iterator[Axis]:
    for ax in axes_of(name):
        yield from (ax.xaxis, ax.yaxis)


def other_words(name: str) -> Iterator[Text]:
    """What is drawn beside the names of axes and ticks, and a title that a caller gave."""
    known = [label for axis in axis_of(name) for label in (axis.label, *axis.get_majorticklabels())]
    figure, _, case = name.partition(", ")
    given = CASES.get(figure, {}).get(case, ((), {}))[1].get("title")
    return (text for text in drawn(name).texts if text not in known and text.get_text() != given)


def form(text: Text) -> str:
    return NUMBER.sub("N", text.get_text()).replace(", N", " N")


def test_every_figure_and_every_panel_has_its_words():
    assert set(WORDS) == set(READ)


@pytest.mark.parametrize("name", EXAMPLES)
def test_axes_are_called_what_they_are(name):
    called = tuple((ax.get_xlabel(), ax.get_ylabel()) for ax in drawn(name).figure.axes)
    assert called in WORDS[name.partition(",")[0]].axes


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_word_is_one_of_its_figure_or_names_what_the_alt_text_names(name):
    alt, known = drawn(name).picture.alt, WORDS[name.partition(",")[0]].forms
    for text in other_words(name):
        if form(text) not in known:
            words = " ".join(_ASIDE.sub("", text.get_text()).split())
            named = [words, words.replace(" ", "_")]
            assert any(re.search(NAMED.format(re.escape(w)), alt, re.I) for w in named), words


@pytest.mark.parametrize("figure", WORDS)
def test_no_word_is_kept_that_no_example_shows(figure):
    shown = [name for name in EXAMPLES if name.partition(",")[0] == figure]
    assert WORDS[figure].forms <= {form(text) for name in shown for text in other_words(name)}
    called = {tuple((a.get_xlabel(), a.get_ylabel()) for a in drawn(n).figure.axes) for n in shown}
    assert WORDS[figure].axes <= called


@pytest.mark.parametrize("name", EXAMPLES)
def test_ticks_say_where_they_are(name):
    for axis in axis_of(name):
        for tick in axis.get_major_ticks():
            words = tick.label1.get_text().replace("−", "-").replace(",", "").removeprefix("≤ ")
            if NUMBER.fullmatch(words):
                value = float(words.removesuffix("%")) / (100 if words.endswith("%") else 1)
                assert value == pytest.approx(tick.get_loc(), rel=1e-3, abs=1e-12), words


# ---- inks ----

# Okabe and Ito's names for them: told apart by people with the common kinds of colour blindness.
MEANINGS = {
    "GOOD": ("bluish green", "#009e73"),
    "BAD": ("vermillion", "#d55e00"),
    "MAIN": ("blue", "#0072b2"),
    "ASIDE": ("orange", "#e69f00"),
}
# A single mark of a kind means one thing in every picture. White: the crossing of two lines.
MARKS = {
    "X": {draw.BAD, draw.PALE},
    "^": {draw.ASIDE, draw.APART},
    **{caret: {draw.GOOD, draw.BAD, draw.PALE} for caret in CARETS},  # what lies beyond an edge
    "D": {draw.MAIN, "#ffffff"},
    "s": {draw.MAIN, draw.INK, draw.PALE},
    ".": {draw.PALE},
    "o": {draw.GOOD, draw.MAIN, draw.HOLDS, draw.INK, draw.GREY, draw.PALE, "#ffffff"},
    # At an edge, beyond which a bar of the same ink goes on.
    **{arrow: {draw.GOOD, draw.BAD, draw.MAIN, draw.HOLDS, draw.PALE} for arrow in "<>"},
}


@pytest.mark.parametrize("ink", MEANINGS)
def test_an_ink_is_the_colour_that_its_meaning_has(ink):
    assert to_hex(getattr(draw, ink)) == MEANINGS[ink][1]


def test_inks_are_told_apart_and_live_in_one_place():
    hues = [getattr(draw, ink) for ink in MEANINGS]
    assert len({*hues, *map(draw.words_in, hues)}) == 2 * len(hues)
    for path in Path(draw.__file__).parent.rglob("*.py"):
        found = re.findall(r"\"(?:#\w{6}|C\d|tab:\w+)\"", path.read_text(encoding="utf-8"))
        assert path.name == "draw.py" or not found, (path.name, found)


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_mark_has_the_ink_of_its_meaning(name):
    single = [line for ax in axes_of(name) for line in ax.lines if len(line.get_xdata()) == 1]
    for line in single:
        assert _fill(line) in {to_hex(ink) for ink in MARKS[line.get_marker()]}


def _fill(line: Line2D) -> str:
    return to_hex(line.get_markerfacecolor())
