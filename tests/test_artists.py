"""What is drawn, told without pixels: the digest changes with the drawing, with nothing else."""

from __future__ import annotations

import base64
import io
import re

import numpy as np
import pytest
from figure_examples import EXAMPLES, drawn
from PIL import Image
from slow import one_in

from labsupport.show import artists, pictures
from labsupport.show.artists import drawing_digest, tell
from labsupport.show.pictures import new_figure, styled

ONE_OF_EACH = {name.partition(",")[0]: name for name in EXAMPLES}


def sketch(**changed) -> str:
    """The digest of a small figure with one artist of each kind; `changed` names what differs."""
    told = {
        "x": 0.35, "ink": "#009E73", "mark": "o", "words": "gain", "at": 0.2, "low": 0.1,
        "label": "gain (points)", "limit": 1.0, "tick": "a", "key": "all rows", "title": "Gain",
        "alt": "One mark at 0.35.", "caption": "A mark.", "height": 2.0, "under": 0.25,
        "beside": 8, "width": 3.0, "scale": "linear",
    } | changed  # fmt: skip
    with styled():
        fig = new_figure(3, told["height"])
        ax = fig.add_subplot()
        ax.set(xlim=(0.01, told["limit"]), xlabel=told["label"], title=told["title"])
        ax.set_xscale(told["scale"])
        ax.set_xticks([0.1, 0.9], [told["tick"], "b"])
        ax.plot([told["x"]], [0.5], told["mark"], color=told["ink"], label=told["key"])
        ax.plot([0.1, 0.9], [0.2, 0.4], linewidth=told["width"])
        ax.axvspan(told["low"], 0.4)
        ax.fill_between([0.1, 0.9], told["under"], 0.3)
        ax.text(told["at"], 0.5, told["words"])
        ax.annotate("here", (0.5, told["at"]), (told["beside"], 0), textcoords="offset points")
        ax.legend()
        fig.canvas.draw()
        return drawing_digest(fig, told["alt"], told["caption"])


CHANGES = {
    "x": 0.36, "ink": "#D55E00", "mark": "X", "words": "gian", "at": 0.21, "low": 0.0,
    "label": "gain (rows)", "limit": 0.95, "tick": "c", "key": "one slice", "title": "Loss",
    "alt": "One mark at 0.36.", "caption": "The mark.", "height": 2.5, "under": 0.2,
    "beside": -8, "width": 2.0, "scale": "log",
}  # fmt: skip


@pytest.mark.parametrize(("name", "value"), CHANGES.items())
def test_a_digest_changes_with_what_is_drawn(name, value):
    assert sketch(**{name: value}) != sketch() == sketch()


@pytest.mark.parametrize("name", ["x", "at", "low", "limit", "height"])
def test_a_digest_stays_where_a_machine_rounds_otherwise(name):
    """The places that people write are halves and tenths; there no rounding may turn over."""
    for value in (0.125, 0.3, 0.5, 1.0):
        near = [sketch(**{name: value * (1 + off)}) for off in (-1e-12, 0, 1e-12)]
        assert len(set(near)) == 1, value


def test_both_representations_carry_the_digest():
    shown = drawn("pipeline, dark").picture
    bundle = shown._repr_mimebundle_()
    assert re.fullmatch("[0-9a-f]{16}", shown.drawing)
    assert f'data-drawing="{shown.drawing}"' in bundle["text/html"]
    source = base64.b64decode(re.search(r"base64,([^\"]+)", bundle["text/html"])[1])
    assert source == bundle["image/png"] == shown.png
    assert Image.open(io.BytesIO(shown.png)).text == {pictures.DRAWING_KEY: shown.drawing}


@pytest.mark.parametrize("name", one_in(4, ONE_OF_EACH.values()), ids=ONE_OF_EACH)
def test_a_drawing_is_told_the_same_under_letters_of_another_width(name, monkeypatch):
    """That is what differs between machines: words in pixels move, and layouts make other room."""
    known = list(tell(drawn(name).figure))
    wide = pictures._RC | {"font.family": ["DejaVu Sans Mono"]}
    monkeypatch.setattr(pictures, "_RC", wide)
    assert list(tell(drawn.__wrapped__(name).figure)) == known


def test_rules_that_depend_on_letters_count_as_they_are_written(monkeypatch):
    with styled():
        fig = new_figure(2, 2)
        fig.add_subplot().plot(np.arange(3))
        fig.canvas.draw()
    before = drawing_digest(fig)
    monkeypatch.setattr(artists, "_rule", lambda name: "another way to place words")
    assert drawing_digest(fig) != before
