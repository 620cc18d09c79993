"""Pictures that everybody can read: no word cut or covered, contrast, light ground, small file."""

from __future__ import annotations

import base64
import inspect
import io
import itertools
import re
import sys
from pathlib import Path

import matplotlib.figure
import numpy as np
import pytest
from contact_sheet import PAGES, sheet, stored
from figure_examples import CASES, EXAMPLES, drawn, unique, words_drawn
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib import pyplot
from matplotlib.colors import to_hex, to_rgb
from PIL import Image
from slow import one_in

from labsupport import show
from labsupport.show import draw, gate_plane, letters, picture, pictures
from labsupport.show.draw import FIGURES, count, in_points, minus, percent, words_in
from labsupport.show.panels import PANELS

SHOW = Path(show.__file__).parent


def test_every_figure_is_in_the_registry_has_examples_and_is_offered():
    modules = {figure.__module__.rpartition(".")[2] for figure in FIGURES.values()}
    assert modules == {path.stem for path in (SHOW / "figures").glob("[!_]*.py")}
    assert set(CASES) == set(FIGURES) and all(len(cases) > 1 for cases in CASES.values())
    panels = {panel.view.__name__ for panel in PANELS.values()}
    panels |= {name for name in show.__all__ if name.endswith("_panel")}
    assert set(show.__all__) == {*FIGURES, *panels, "picture"}
    assert all(getattr(show, name) is figure for name, figure in FIGURES.items())
    for module in (SHOW / "figures").glob("[!_]*.py"):
        assert "new_figure" not in module.read_text(encoding="utf-8")  # @figure makes it


def test_the_contact_sheet_has_every_stored_picture_whose_words_have_its_numbers():
    pictures = list(stored())
    lessons = {called.partition(",")[0] for _, called, _, _ in pictures}
    assert {f"{number:02}" for number in range(11)} == {name[:2] for name in lessons}
    silent = [alt for _, _, alt, _ in pictures if not re.search(r"\d", alt)]
    assert all(alt.startswith("The states of a rollout") for alt in silent)  # has no numbers
    for name in PAGES:
        page = sheet(name, pictures)
        assert page.count("<img ") == len(pictures) and f"{len(pictures)} pictures, {name}" in page


def test_a_figure_has_the_signature_and_the_words_of_what_a_reader_calls():
    asked = inspect.signature(show.saving_lines)
    assert list(asked.parameters) == [
        *("check_cost", "training_cost", "catch_rate", "currency", "near"),
    ]
    assert asked.return_annotation == "Picture" and show.saving_lines.__doc__.startswith(
        "Draw what"
    )


def test_each_kind_of_number_has_one_form():
    assert [percent(share) for share in (0.2, 0.0125, 1 / 3, 1, 0)] == [
        "20%",
        "1.25%",
        "33.33%",
        "100%",
        "0%",
    ]
    assert [percent(0.0984, digits) for digits in (0, 1, 2)] == ["10%", "9.8%", "9.84%"]
    assert [in_points(gain) for gain in (0.00825, -0.049, 0)] == ["+0.83", "-4.90", "+0.00"]
    assert in_points(0.00825, None) == "+0.825" and minus(in_points(-0.049)) == "−4.90"
    assert [count(n, "slice") for n in (0, 1, 4000)] == ["0 slices", "1 slice", "4,000 slices"]
    assert count(4350) == "4,350"


def test_no_text_of_the_package_has_a_percentage_of_another_form():
    """One way to write a share: 9.8%, by `percent`; neither `9.8 %` nor a format of its own."""
    for path in SHOW.rglob("*.py"):
        source = path.read_text(encoding="utf-8")
        found = re.findall(r"\{[^{}]*\} %|\{[^{}:]+:[^{}]*%\}", source)
        assert found == [] or path.name == "draw.py", (path.name, found)


@pytest.mark.parametrize("ink", ["GOOD", "BAD", "MAIN", "ASIDE", "INK", "GREY"])
def test_the_inks_of_words_can_be_read_on_white(ink):
    assert (
        contrast(to_rgb(words_in(getattr(sys.modules["labsupport.show.draw"], ink))), (1, 1, 1))
        >= 4.5
    )


def overlapping(texts) -> list[tuple[str, str]]:
    boxes = [(text.get_text(), text.get_window_extent()) for text in texts]
    return [
        (a, b)
        for (a, p), (b, q) in itertools.combinations(boxes, 2)
        if min(p.x1, q.x1) - max(p.x0, q.x0) > 0.5 and min(p.y1, q.y1) - max(p.y0, q.y0) > 0.5
    ]


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_word_is_whole_and_none_covers_another(name):
    texts = drawn(name).texts
    assert len(texts) > 3
    assert overlapping(texts) == []
    for text in texts:
        box, whole = text.get_window_extent(), text.get_figure(root=True).bbox
        inside = box.x0 >= 0 and box.y0 >= 0 and box.x1 <= whole.x1 and box.y1 <= whole.y1
        assert inside, f"{text.get_text()!r} is cut: {box}"


@pytest.mark.parametrize("name", one_in(4, EXAMPLES))
def test_words_can_be_read_from_the_last_row(name):
    pixels = without_words(name)
    for text in drawn(name).texts:
        for ground in grounds(text, pixels):
            assert contrast(to_rgb(text.get_color()), ground) >= 4.5, (text.get_text(), ground)
        assert text.get_fontsize() >= 8.5, text.get_text()


def without_words(name) -> np.ndarray:
    """(height, width, 3) of an example's picture as it is without its words, from 0 to 1."""
    fig, texts = drawn(name).figure, drawn(name).texts
    known = [text.get_color() for text in texts]
    for text in texts:
        text.set_color("none")  # what lies under it stays, its box as well
    fig.canvas.draw()
    pixels = np.asarray(fig.canvas.buffer_rgba())[:, :, :3] / 255
    for text, colour in zip(texts, known, strict=True):
        text.set_color(colour)
    return pixels


def grounds(text, pixels) -> list[np.ndarray]:
    """The colours that lie under a text, each under a fifth of its box or more."""
    box, height = text.get_window_extent(), len(pixels)
    rows = slice(max(0, int(height - box.y1)), int(height - box.y0) + 1)
    under = pixels[rows, max(0, int(box.x0)) : int(box.x1) + 1].reshape(-1, 3)
    colours, times = np.unique(under, axis=0, return_counts=True)
    return list(colours[times >= len(under) / 5])


def test_the_ground_of_a_word_is_what_lies_under_it():
    badge = next(text for text in drawn("pipeline, dark").texts if text.get_text() == "10")
    (ground,) = grounds(badge, without_words("pipeline, dark"))
    assert to_hex(ground) == draw.BADGE
    assert contrast(to_rgb(draw.BAD), (1, 1, 1)) < 4.5 < contrast(to_rgb(draw.GREY), (1, 1, 1))


def contrast(ink, ground) -> float:
    """Contrast ratio of two colours by the web's accessibility guidelines, which ask for 4.5."""

    def luminance(colour):
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour]
        return float(np.dot(linear, (0.2126, 0.7152, 0.0722)))

    dark, light = sorted((luminance(ink), luminance(ground)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_picture_is_light_opaque_and_small(name):
    shown = drawn(name).picture
    image = Image.open(io.BytesIO(shown.png))
    assert "transparency" not in image.info and image.mode in ("P", "RGB")
    pixels = np.asarray(image.convert("RGB"))
    assert pixels[[0, 0, -1, -1], [0, -1, 0, -1]].min() >= 250
    assert np.median(pixels) >= 230
    assert len(shown.png) < 40_000
    assert image.width <= 900


def test_pictures_that_differ_have_digests_that_differ():
    digests = {name: drawn(name).picture.drawing for name in EXAMPLES}
    pngs = {name: drawn(name).picture.png for name in EXAMPLES}
    assert len(set(digests.values())) == len(set(pngs.values())) > len(EXAMPLES) / 2


def test_the_bundle_holds_the_figure_element_the_png_and_the_words():
    with pyplot.rc_context({"backend": "agg"}):
        fig, ax = pyplot.subplots()
    ax.plot([1, 2])
    shown = picture(fig, 'gain < 0 & "gap" > 1', "a < b")
    assert not pyplot.fignum_exists(fig.number)
    bundle = shown._repr_mimebundle_()
    assert set(bundle) == {"text/html", "image/png", "text/plain"}
    assert bundle["text/plain"] == 'gain < 0 & "gap" > 1'
    assert 'alt="gain &lt; 0 &amp; &quot;gap&quot; &gt; 1"' in bundle["text/html"]
    assert "<figcaption>a &lt; b</figcaption>" in bundle["text/html"]
    source = re.search(r'src="data:image/png;base64,([^"]+)"', bundle["text/html"])[1]
    assert base64.b64decode(source) == bundle["image/png"]


@pytest.mark.parametrize("alt", ["", "  \n", None])
def test_a_picture_without_alt_text_is_refused(alt):
    with pytest.raises(ValueError, match="needs alt text"):
        picture(matplotlib.figure.Figure(), alt, "a caption")


@pytest.mark.parametrize("caption", ["", "  ", None])
def test_a_picture_without_a_caption_is_refused(caption):
    with pytest.raises(ValueError, match="needs a caption"):
        picture(matplotlib.figure.Figure(), "an alt text", caption)


@settings(max_examples=12)
@given(
    st.lists(
        st.tuples(st.integers(-12, 12), st.integers(0, 200)), min_size=2, max_size=6, unique=True
    ),
    st.sampled_from(["A", "build", "trees_all"]),
)
def test_labels_of_crowded_builds_do_not_overlap(at, stem):
    points = {f"{stem} {i}": (gain / 1000, gap / 1000) for i, (gain, gap) in enumerate(at)}
    with words_drawn() as texts:
        gate_plane(points)
    assert overlapping(unique(texts)) == []


@pytest.mark.parametrize("word", PANELS)
def test_letters_that_are_kept_are_drawn_as_matplotlib_draws_them(word, monkeypatch):
    def moved() -> list[np.ndarray]:
        with pictures.styled():
            fig = pictures.new_figure(*PANELS[word].size)
            drawn = []
            for _ in range(2):  # the second time from what was kept
                PANELS[word].plot(fig, view)
                drawn.append(np.asarray(Image.open(io.BytesIO(fig.encode_moving()))))
            return drawn

    view = PANELS[word].view()
    kept = moved()
    monkeypatch.setattr(pictures, "canvas_of", pictures.FigureCanvasAgg)
    plain = moved()
    for mine, theirs in zip(kept, plain, strict=True):
        off = np.abs(mine.astype(int) - theirs.astype(int)).max(axis=2)
        assert np.count_nonzero(off > 8) <= 10, "a few pixels where a letter's place is rounded"


def test_another_matplotlib_draws_letters_itself(monkeypatch):
    monkeypatch.setattr(letters.matplotlib, "__version_info__", (3, 12, 0))
    assert type(letters.canvas_of(matplotlib.figure.Figure())) is pictures.FigureCanvasAgg
