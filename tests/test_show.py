"""Pictures that everybody can read: alt text computed from the data, no word cut or covered, light ground, small file."""

from __future__ import annotations

import base64
import io
import itertools
import re
from contextlib import contextmanager
from functools import cache

import matplotlib.text
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib import pyplot
from matplotlib.colors import to_rgb
from PIL import Image

from labsupport.data import load_employment
from labsupport.gate import Policy, gate
from labsupport.intervals import bootstrap_gains
from labsupport.outcomes import PairedOutcomes
from labsupport.show import (
    best_of_k,
    corrected,
    gap_bound,
    gate_plane,
    gate_view,
    interval_bars,
    interval_view,
    many_view,
    measured_and_true,
    picture,
    pipeline,
    resampled_gains,
    slice_changes,
    worn_out,
)
from labsupport.show.figures.gate import promoted
from labsupport.show.figures.pipeline import BOXES
from labsupport.show.panels.gate import PRESETS
from labsupport.show.panels.intervals import ROWS
from labsupport.show.panels.slices import PRESETS as MANY
from labsupport.slices import slice_gap_bound, slice_tests

LESSON = {
    "A": (0.00825, 0.009),
    "B": (-0.049, 0.016),
    "C": (0.00825, 0.333),
    "C honest": (0.006, 0.101),
}
BUILD_A = PairedOutcomes(3824, 68, 35, 73)
GAINS, ACCURACIES = np.linspace(-0.015, 0.015, 61), np.array([0.960, 0.965, 0.968, 0.970, 0.972])
CLAIMS = {"C": (0.5, 0.333), "honest C": (0.0175, 0.101)}


def people(*models: str) -> dict[str, PairedOutcomes]:
    rows = load_employment().holdout
    champion = rows.predictions("champion")
    return {
        m: PairedOutcomes.from_predictions(
            rows.employed, rows.predictions(m), champion, rows.slices
        )
        for m in models
    }


FIGURES = {
    "pipeline": pipeline,
    "pipeline, every box lit": lambda: pipeline([box.name for box in BOXES]),
    "gate plane": lambda: gate_plane(LESSON, title="Three builds and an honest one"),
    "gate plane, one point": lambda: gate_plane({"C": (-0.16225, 0.333)}),
    "gate plane, nothing measured": lambda: gate_plane({"C": (0.01, float("nan"))}),
    "gap bound": lambda: gap_bound(0.973, CLAIMS, tolerance=0.1),
    "gap bound, tiny slice": lambda: gap_bound(
        0.9, {"a slice": (0.001, 0.5)}, title="A slice of one row in a thousand"
    ),
    "slice changes": lambda: slice_changes(
        people("trees_without_medical", "trees_all_columns"), 0.01
    ),
    "slice changes, three models": lambda: slice_changes(
        people(*list(load_employment().scores)[1:]), 0.01
    ),
    **{
        f"view, {label}": lambda values=values: gate_view(**values).picture()
        for label, values in PRESETS.items()
    },
    "resampled gains": lambda: resampled_gains(
        BUILD_A, 0.005, draws=bootstrap_gains(BUILD_A, 2000)
    ),
    "resampled gains, far margin": lambda: resampled_gains(BUILD_A, 0.02),
    "interval bars": lambda: interval_bars(
        {"A": BUILD_A, "a losing build": PairedOutcomes(3000, 40, 300, 660)}, 0.005
    ),
    "interval view, no draw": lambda: interval_view().picture(),
    **{f"interval view, {n}": lambda n=n: interval_view(n=n, draw=99).picture() for n in ROWS},
    "interval view, extreme": lambda: interval_view(
        margin=0.02, true_gain=-0.02, churn=0.2, draw=40
    ).picture(),
    "measured and true": lambda: measured_and_true(GAINS, GAINS[::-1], GAINS >= 0, GAINS > 0.012),
    "best of k": lambda: best_of_k([1, 2, 5, 10, 100], ACCURACIES, ACCURACIES - 0.002),
    "worn out": lambda: worn_out(
        np.stack([ACCURACIES, ACCURACIES + 0.001]), np.stack([ACCURACIES[::-1] - 0.01] * 2), 0.97
    ),
    "corrected": lambda: corrected(
        slice_tests(people("trees_without_medical")["trees_without_medical"])
    ),
    **{
        f"many view, {label}": lambda values=values: many_view(**values).picture()
        for label, values in MANY.items()
    },
    "many view, crowded": lambda: many_view(40, 200, 0.5).picture(),
}


@contextmanager
def words_drawn():
    """The texts that matplotlib really draws; ticks outside the limits exist as well, but are not drawn."""
    drawn, draw = [], matplotlib.text.Text.draw

    def record(text, renderer):
        if text.get_visible() and text.get_text().strip():
            drawn.append(text)
        return draw(text, renderer)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(matplotlib.text.Text, "draw", record)
        yield drawn


def overlapping(texts) -> list[tuple[str, str]]:
    boxes = [(text.get_text(), text.get_window_extent()) for text in texts]
    return [
        (a, b)
        for (a, p), (b, q) in itertools.combinations(boxes, 2)
        if min(p.x1, q.x1) - max(p.x0, q.x0) > 0.5 and min(p.y1, q.y1) - max(p.y0, q.y0) > 0.5
    ]


def unique(texts) -> list:
    """The last drawing of each text: a layout engine and a saved frame draw more than once."""
    return list({id(text): text for text in texts}.values())


@cache
def drawn(name: str):
    """A figure's Picture and the texts in it, drawn once for all tests."""
    with words_drawn() as texts:
        shown = FIGURES[name]()
    return shown, unique(texts)


@pytest.mark.parametrize("name", FIGURES)
def test_every_word_is_whole_and_none_covers_another(name):
    _, texts = drawn(name)
    assert len(texts) > 3
    assert overlapping(texts) == []
    for text in texts:
        box, whole = text.get_window_extent(), text.get_figure(root=True).bbox
        inside = box.x0 >= 0 and box.y0 >= 0 and box.x1 <= whole.x1 and box.y1 <= whole.y1
        assert inside, f"{text.get_text()!r} is cut: {box}"


@pytest.mark.parametrize("name", FIGURES)
def test_words_can_be_read_from_the_last_row(name):
    for text in drawn(name)[1]:
        ground = text.get_bbox_patch().get_facecolor()[:3] if text.get_bbox_patch() else (1, 1, 1)
        assert contrast(to_rgb(text.get_color()), ground) >= 4.5, text.get_text()
        assert text.get_fontsize() >= 8.5, text.get_text()


def contrast(ink, ground) -> float:
    """Contrast ratio of two colours as the web's accessibility guidelines define it; 4.5 is what they ask for."""

    def luminance(colour):
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour]
        return float(np.dot(linear, (0.2126, 0.7152, 0.0722)))

    dark, light = sorted((luminance(ink), luminance(ground)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("name", FIGURES)
def test_a_picture_is_light_opaque_and_small(name):
    shown, _ = drawn(name)
    image = Image.open(io.BytesIO(shown.png))
    assert "transparency" not in image.info and image.mode in ("P", "RGB")
    pixels = np.asarray(image.convert("RGB"))
    assert pixels[[0, 0, -1, -1], [0, -1, 0, -1]].min() >= 250
    assert np.median(pixels) >= 230
    assert len(shown.png) < 40_000
    assert image.width <= 900


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


def test_the_pipeline_says_what_is_lit():
    dark = pipeline().alt
    assert dark + " Lit up: fleet." == pipeline("fleet").alt
    assert pipeline(["fleet", "cheap checks"]).alt.endswith("Lit up: cheap checks, fleet.")
    assert len({pipeline(lit).png for lit in ((), "fleet", "drift monitor")}) == 3
    assert all(f"{box.name} {box.lessons}" in dark for box in BOXES if box.lessons)


def test_the_pipeline_names_its_boxes_to_who_asks_for_another():
    with pytest.raises(ValueError, match=r"no box 'gate'; its boxes: .*evaluation gate"):
        pipeline("gate")


def test_the_words_of_each_step_lie_in_its_box():
    with words_drawn() as texts:
        pipeline([box.name for box in BOXES])
    by_words = {text.get_text(): text for text in texts}
    for box in BOXES:
        at = by_words[box.words].get_window_extent()
        assert abs((at.x0 + at.x1) / 2 - box.x) < 1
        assert at.width < 146 and at.height < 62, box.name


def test_the_plane_says_for_each_build_where_it_lies():
    alt = gate_plane(LESSON).alt
    assert "at least 0.5 points and the gap at most 0.1." in alt
    for name, (gain, gap) in LESSON.items():
        verdict = "promoted" if gain >= 0.005 and gap <= 0.1 else "blocked"
        assert f"{name}: gain {100 * gain:+.2f} points, gap {gap:.3f}, {verdict}" in alt
    assert alt.count("promoted") == 1
    assert gate_plane(LESSON, tolerance=0.102).alt.count("promoted") == 2
    assert gate_plane(LESSON | {"B": (-0.048, 0.016)}).alt == alt.replace("-4.90", "-4.80")
    assert (
        "D: gain +1.00 points, gap not measured, blocked"
        in gate_plane({"D": (0.01, float("nan"))}).alt
    )


def test_an_empty_plane_is_refused():
    with pytest.raises(ValueError, match="no build to draw"):
        gate_plane({})


@given(
    right=st.integers(0, 3980),
    gained=st.integers(-20, 60),
    margin=st.sampled_from([0.0, 0.003, 0.005, 0.01]),
)
def test_the_plane_and_the_gate_agree_on_the_border(right, gained, margin):
    won, lost = max(gained, 0), max(-gained, 0)
    outcomes = PairedOutcomes(max(right - won - lost, 0), won, lost, 100)
    decision = gate(outcomes, Policy(margin, max_gap=None)).decision
    assert promoted(outcomes.exact_gain, 0.0, margin, 0.1) == (decision == "promote")


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


def test_the_bound_tells_the_impossible_from_the_possible():
    alt = gap_bound(0.973, CLAIMS, tolerance=0.1).alt
    assert (
        "C: a slice with 50 % of the rows can hide at most 0.054; a gap of 0.333 is impossible"
        in alt
    )
    assert (
        "honest C: a slice with 1.75 % of the rows can hide at most" in alt
        and "0.101 is possible" in alt
    )
    assert "0.054 at one half" in alt and "tolerance of 0.1." in alt
    assert f"{slice_gap_bound(0.6, 0.5):.3f} at one half" in gap_bound(0.6, CLAIMS).alt
    assert "impossible" not in gap_bound(0.6, CLAIMS).alt


def test_slice_changes_name_every_slice_with_its_change():
    judged = people("trees_without_medical", "trees_all_columns")
    alt = slice_changes(judged, 0.01).alt
    for part in (
        "hearing difficulty (736 rows) -6.93",
        "vision difficulty (675 rows) -4.89",
        "disability (4350 rows) -2.02",
    ):
        assert part in alt
    assert (
        "beyond the tolerance: hearing difficulty, vision difficulty, disability. trees_all_columns"
        in alt
    )
    assert alt.endswith("beyond the tolerance: none.")
    assert (
        "beyond the tolerance: hearing difficulty. trees_all_columns"
        in slice_changes(judged, 0.05).alt
    )


def test_a_slice_without_rows_is_said_not_to_be_measured():
    nobody = {"here": PairedOutcomes(5, 3, 1, 1), "nobody": PairedOutcomes(0, 0, 0, 0)}
    alt = slice_changes({"m": PairedOutcomes(5, 3, 1, 1, slices=nobody)}, 0.01).alt
    assert "nobody (0 rows) not measured" in alt and "beyond the tolerance: nobody." in alt


def test_models_cut_into_different_slices_are_refused():
    with pytest.raises(ValueError, match="different slices"):
        slice_changes({"a": PairedOutcomes(1, 0, 0, 1), **people("trees_all_columns")}, 0.01)
    with pytest.raises(ValueError, match="no model to draw"):
        slice_changes({}, 0.01)


def test_the_picture_of_luck_counts_who_was_promoted_and_is_worse():
    measured, true = np.array([0.01, 0.02, -0.01, 0.0]), np.array([-0.01, 0.02, 0.01, 0.0])
    shown = measured_and_true(measured, true, plain=measured > 0, strict=measured > 0.01)
    assert "promoted by the strict gate (25%)" in shown.alt
    assert shown.caption == "Truly worse: 50% of what the plain gate promotes, 0% of the strict."
    with pytest.raises(ValueError, match="plain gate promoted none"):
        measured_and_true(measured, true, plain=measured > 1, strict=measured > 1)


def test_the_picture_of_corrections_names_what_stands_and_what_fell():
    shown = corrected(slice_tests(people("trees_without_medical")["trees_without_medical"]))
    assert (
        shown.caption
        == "Losses that stand: disability, hearing difficulty. Back above 0.05: vision difficulty."
    )
    assert "vision difficulty, -4.89 points: 0.014, adjusted 0.057" in shown.alt


def test_the_pictures_of_winners_and_of_wear_say_how_far_they_flatter():
    assert best_of_k([1, 9], np.array([0.9, 0.95]), np.array([0.9, 0.92])).caption.endswith(
        "at k = 1, by 3.00 at k = 9."
    )
    worn = worn_out(np.array([[0.9, 0.91], [0.9, 0.93]]), np.array([[0.9, 0.88], [0.9, 0.9]]), 0.95)
    assert worn.caption == "On average +2.00 points on the holdout, -1.00 in truth."
