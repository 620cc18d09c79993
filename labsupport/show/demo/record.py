"""Pages that need nobody: every preset's frame lies in them, and those a slider leads to from
there.

A page holds what it shows, so it opens from a disk, a memory stick or any host.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from PIL import Image

from labsupport.show.controls import Panel
from labsupport.show.demo import page
from labsupport.show.demo.steps import SCRIPTS
from labsupport.show.frames import Frames
from labsupport.show.panels import PANELS

MOST = 9  # values of a control that are recorded, beside those that a preset or a step needs
_COLOURS = 96  # as in a stored picture


def record(word: str, folder: Path, most: int | None = None) -> Path:
    """Write the page of a panel.

    Parameters
    ----------
    word : the panel's, as in PANELS.
    folder : where to; it is made if it is not there.
    most : values of a control that are recorded, MOST by default, beside those that a preset or a
        step needs.

    Returns
    -------
    The file, WORD.html.
    """
    panel = PANELS[word]
    frames, centres = Frames(panel), _centres(word, panel)
    kept = _kept(frames, centres, MOST if most is None else most)
    recorded = {}
    for values in _settings(frames, centres, kept):
        frame = frames.frame(values)
        at = page.thinned(frame.at, kept)
        shown = replace(frame, at=at, picture=_smaller(frame.picture))
        recorded["-".join(map(str, at.values()))] = shown.told
    presets = {label: page.thinned(frames.at(panel.preset(label)), kept) for label in panel.presets}
    start = page.thinned(frames.at(panel.start), kept)
    source = {"kind": "recorded", "frames": recorded, "presets": presets, "start": start}
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{word}.html"
    path.write_text(page.page(word, frames, source, kept), encoding="utf-8")
    return path


def write_index(folder: Path, words: Sequence[str]) -> None:
    """Write index.html, which lists the pages of these panels."""
    (folder / "index.html").write_text(page.index(words, ".html"), encoding="utf-8")


def _centres(word: str, panel: Panel) -> list[dict[str, object]]:
    """The settings from which a slider is moved: start, presets, steps; each once."""
    all_of_them = [panel.start, *map(panel.preset, panel.presets)]
    all_of_them += [step.values(panel) for step in SCRIPTS[word].steps]
    return [one for k, one in enumerate(all_of_them) if one not in all_of_them[:k]]


def _kept(frames: Frames, centres: Sequence[dict], most: int) -> dict[str, list[int]]:
    """{control: the positions of its values that are recorded}."""
    kept = {}
    for control in frames.panel.controls:
        last = len(control.values) - 1
        spread = {round(k * last / (most - 1)) for k in range(most)}
        needed = {control.values.index(centre[control.name]) for centre in centres}
        kept[control.name] = sorted(spread | needed)
    return kept


def _settings(
    frames: Frames, centres: Sequence[dict], kept: dict[str, list[int]]
) -> Iterator[dict[str, object]]:
    for centre in centres:
        yield centre
        for name in frames.panel.matter(centre):
            values = frames.control(name).values
            yield from (centre | {name: values[position]} for position in kept[name])


def _smaller(png: bytes) -> bytes:
    """The same picture with fewer colours, in a third of the bytes."""
    small = io.BytesIO()
    with Image.open(io.BytesIO(png)) as image:
        few = image.convert("RGB").quantize(_COLOURS, method=Image.Quantize.MEDIANCUT, dither=0)
        few.save(small, format="webp", lossless=True)
    return small.getvalue()
