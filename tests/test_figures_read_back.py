"""Pictures are read back: positions, marks and labels of the artists say what the alt text says."""

from __future__ import annotations

import pytest
from figure_examples import CASES, EXAMPLES, drawn
from figure_readers import READ

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
