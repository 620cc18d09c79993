"""A panel as one page that asks nothing of a network: script, style and first frame lie in it."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from labsupport.show.demo.steps import SCRIPTS
from labsupport.show.frames import Frames

SHOW = Path(__file__).parents[1]
_EXPORT = "export default { render };"


def page(
    word: str,
    frames: Frames,
    source: Mapping[str, object],
    kept: Mapping[str, Sequence[int]] | None = None,
) -> str:
    """The page of a panel.

    Parameters
    ----------
    word : the panel's, as in PANELS.
    frames : of the panel.
    source : who answers a move: {"kind": "served"}, or {"kind": "recorded", ...} with the frames.
    kept : {control: positions}, if the page has not all values.
    """
    script, panel = SCRIPTS[word], frames.panel
    steps = []
    for step in script.steps:
        at = thinned(frames.at(step.values(panel)), kept)
        told = {key: getattr(step, key) for key in ("preset", "ask", "expects", "happens")}
        steps.append(told | {"at": at, "minutes": step.minutes})
    declared = frames.declared
    if kept:
        controls = [_thinned(control, kept[control["name"]]) for control in declared["controls"]]
        declared = declared | {"controls": controls, "moves": []}
    start = frames.frame(panel.start)
    told = {
        "word": word,
        "title": script.title,
        "verdicts": script.verdicts,
        "steps": steps,
        "declared": declared,
        "first": replace(start, at=thinned(start.at, kept)).told,
        "source": source,
    }
    return _document(script.title, json.dumps(told))


def thinned(at: Mapping[str, int], kept: Mapping[str, Sequence[int]] | None) -> dict[str, int]:
    """Positions among the values that are kept."""
    return {name: kept[name].index(k) if kept else k for name, k in at.items()}


def _thinned(control: Mapping[str, object], kept: Sequence[int]) -> dict[str, object]:
    """A declared control with the values that are kept; a switch says none."""
    said = control["said"]
    return dict(control) | {"said": [said[k] for k in kept] if said else []}


def _document(title: str, told: str) -> str:
    def read(name: str) -> str:
        return (SHOW / name).read_text(encoding="utf-8")

    panel = read("panel.js")
    if _EXPORT not in panel:
        raise LookupError(f"panel.js no longer ends with {_EXPORT!r}.")
    script = panel.replace(_EXPORT, "") + read("demo/demo.js")
    told = told.replace("</", "<\\/")  # it stands in a script element
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<link rel="icon" href="data:,"><title>{html.escape(title)}</title>'
        f"<style>{read('panel.css')}{read('demo/demo.css')}</style></head><body>"
        f'<main id="demo"></main>'
        f'<script type="application/json" id="told">{told}</script>'
        f'<script type="module">{script}</script></body></html>\n'
    )


def index(words: Sequence[str], endings: str = "") -> str:
    """The page that lists panels.

    Parameters
    ----------
    words : the panels'.
    endings : what follows a panel's word in its address, ".html" for files.
    """
    rows = "".join(
        f'<tr><th scope="row"><a href="{word}{endings}">{html.escape(script.title)}</a></th>'
        f"<td>{len(script.steps)} steps, {script.minutes} min</td>"
        f'<td><a href="{word}{endings}?presenter">for the presenter</a></td></tr>'
        for word, script in ((word, SCRIPTS[word]) for word in words)
    )
    style = (SHOW / "demo" / "demo.css").read_text(encoding="utf-8")
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<link rel="icon" href="data:,"><title>The panels</title><style>{style}</style></head>'
        '<body><main class="lab-index"><h1>The panels</h1><table><thead><tr>'
        '<th scope="col">panel</th><th scope="col">demo</th><th scope="col">notes</th>'
        f"</tr></thead><tbody>{rows}</tbody></table></main></body></html>\n"
    )
