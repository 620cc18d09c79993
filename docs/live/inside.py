"""What Python runs inside of the browser: the panels, asked one at a time by worker.js.

Every name here is __main__'s: the page calls `declare` and `answer` in the interpreter that was
kept. `warm` is called once, before it is kept, so that whatever a move imports is imported.
"""

import gc
import json
import logging
import sys
import types
from pathlib import Path

sys.path.insert(0, "/lab")
sys.modules["fcntl"] = types.ModuleType("fcntl")  # no locks on files here, and panels lock none

logging.getLogger("matplotlib").setLevel(logging.ERROR)  # it asks for a folder to write in

from labsupport.show.frames import Frame, Frames  # noqa: E402
from labsupport.show.panels import gate, intervals  # noqa: E402

PANELS = {"gate": Frames(gate.PANEL), "intervals": Frames(intervals.PANEL)}
OUT = Path("/out")
TRIED = 3  # values of each control, from first to last


def declare(word: str) -> None:
    """Tell what a panel's controls are, and show it as it starts."""
    (OUT / "declared").write_text(json.dumps(PANELS[word].declared))
    answer(word, {}, {"ask": "reset"})


def answer(word: str, at: dict[str, int], request: dict[str, object]) -> Frame:
    """Tell what a panel shows after a request, where its controls stood at these positions.

    Returns the Frame.
    """
    frames = PANELS[word]
    if request["ask"] == "ahead":  # a frame that a hand may come to: nothing is moved yet
        request = {"ask": "move", "at": request["at"]}
    frame = frames.frame(frames.asked(frames.values(at), request))
    (OUT / "told").write_text(json.dumps(frame.told))
    return frame


def warm(word: str) -> None:
    """Press every button and move every control over its range; then forget the pictures.

    Raises
    ------
    RuntimeError : a setting cannot be shown.
    """
    frames, seen = PANELS[word], set()
    for label in [*frames.panel.presets, *frames.panel.moves]:
        start = shown(word, {}, {"ask": "press", "label": label})
        for control in frames.panel.controls:
            if control.name in {*start.enabled} - seen:
                seen.add(control.name)
                last = len(control.values) - 1
                for position in sorted({round(last * i / (TRIED - 1)) for i in range(TRIED)}):
                    shown(word, start.at, {"ask": "move", "at": {control.name: position}})
    PANELS[word] = Frames(frames.panel)
    declare(word)
    gc.collect()


def shown(word: str, at: dict[str, int], request: dict[str, object]) -> Frame:
    """The same as `answer`, where something has to be shown."""
    frame = answer(word, at, request)
    if frame.error:
        raise RuntimeError(f"{word} {at} {request}: {frame.error}")
    return frame
