"""What a panel shows for one setting of its controls: a frame, drawn once and kept.

Whoever shows a panel asks here: the widget in a notebook, `lab demo`, a page without a kernel. A
browser names a value by its position among those of its control, so no number is rounded on the
way.
"""

from __future__ import annotations

import base64
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

from labsupport.show.controls import Choice, Control, Panel, Slider, Switch
from labsupport.show.pictures import DRAWING, new_figure, styled

KEPT = 400  # frames of a panel: 20 MB


@dataclass(frozen=True)
class Frame:
    """One setting of a panel, as a browser is told of it.

    Attributes
    ----------
    at : {control: the position of its value}.
    enabled : the controls that change something here, sorted.
    first, rest : the sentence: its first part, and what follows it.
    alt : the picture in words.
    picture : a PNG; empty where the view raised, so that the picture before stays.
    error : what the view raised, or None.
    """

    at: Mapping[str, int]
    enabled: tuple[str, ...]
    first: str
    rest: str
    alt: str = ""
    picture: bytes = b""
    error: Exception | None = None

    @property
    def told(self) -> dict[str, object]:
        """The frame as plain data, its picture as the address of an image that has its bytes in it;
        without alt text and address where there is no picture.
        """
        told = {"at": dict(self.at), "enabled": list(self.enabled), "whole": bool(self.picture)}
        told |= {"first": self.first, "rest": self.rest}
        if not self.picture:
            return told
        kind = "png" if self.picture.startswith(b"\x89PNG") else "webp"
        code = base64.b64encode(self.picture).decode()
        return told | {"alt": self.alt, "src": f"data:image/{kind};base64,{code}"}


class Frames:
    """The frames of a panel; what was drawn is kept, the newest KEPT of them.

    Parameters
    ----------
    panel : what is shown and what moves it.

    Attributes
    ----------
    declared : what a browser needs to know before the panel is moved.
    """

    def __init__(self, panel: Panel) -> None:
        self.panel = panel
        self._own = {control.name: control for control in panel.controls}
        self._kept: OrderedDict[tuple[int, ...], Frame] = OrderedDict()
        self._view: tuple[dict, object] = ({}, None)
        with styled():
            self._figure = new_figure(*panel.size)
        width, height = (round(pixels) for pixels in self._figure.bbox.size)
        self.declared = {
            "controls": [_control(control) for control in panel.controls],
            "moves": list(panel.moves),
            "presets": list(panel.presets),
            "width": width,
            "height": height,
        }

    def frame(self, values: Mapping[str, object]) -> Frame:
        """What is shown for these values, one for every control."""
        at = self.at(values)
        key = tuple(at.values())
        with DRAWING:  # JupyterLab's messages come in another thread than the one that runs cells
            if key not in self._kept:
                self._kept[key] = self._draw(dict(values), at)
            self._kept.move_to_end(key)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
            return self._kept[key]

    def _draw(self, values: dict[str, object], at: Mapping[str, int]) -> Frame:
        enabled = tuple(sorted(self.panel.matter(values)))
        try:
            view = self.panel.view(**values)
            with styled():
                alt = self.panel.plot(self._figure, view)
                picture = self._figure.encode_moving()
        except Exception as error:  # noqa: BLE001 - it is part of the frame; the widget raises it
            return Frame(at, enabled, "This setting cannot be shown.", f" {error}", error=error)
        self._view = values, view
        first, stop, rest = view.sentence.partition(". ")
        return Frame(at, enabled, first + stop, rest, alt, picture)

    def at(self, values: Mapping[str, object]) -> dict[str, int]:
        """The positions of these values, one for every control."""
        return {name: own.values.index(values[name]) for name, own in self._own.items()}

    def view(self, values: Mapping[str, object]) -> object:
        """What the view returns for these values."""
        known, view = self._view
        return view if known == values else self.panel.view(**values)

    def values(self, at: Mapping[str, int]) -> dict[str, object]:
        """The values at these positions, and where none is named the start's.

        Raises
        ------
        ValueError : there is no such control, or no such position.
        """
        values = self.panel.start
        for name, position in at.items():
            own = self.control(name).values
            if type(position) is not int or not 0 <= position < len(own):
                raise ValueError(
                    f"The control {name!r} has the positions 0 to {len(own) - 1}, not {position!r}."
                )
            values[name] = own[position]
        return values

    def asked(self, values: Mapping[str, object], request: Mapping) -> dict[str, object]:
        """The values after what a browser asks.

        Parameters
        ----------
        values : where the controls stand.
        request : {"ask": "move", "at": positions}, {"ask": "press", "label": a button}, or
            {"ask": "reset"}.

        Raises
        ------
        ValueError : it asks for something else.
        """
        asks, label = request.get("ask"), request.get("label")
        if asks == "move":
            moved = self.values(request["at"])
            return dict(values) | {name: moved[name] for name in request["at"]}
        if asks == "press" and label in self.panel.moves:
            return self.panel.moved(label, values)
        if asks == "press" and label in self.panel.presets:
            return self.panel.preset(label)
        if asks == "reset":
            return self.panel.start
        raise ValueError(f"Nobody knows how to {asks!r} {label!r} here.")

    def control(self, name: str) -> Control:
        """The control of that name.

        Raises
        ------
        ValueError : the panel has none.
        """
        if name not in self._own:
            raise ValueError(
                f"This panel has no control {name!r}; its controls: {', '.join(self._own)}."
            )
        return self._own[name]


def known(control: Control, value: object) -> object:
    """The value of a control that is meant; what is computed may miss a slider's by a rounding.

    Raises
    ------
    ValueError : it has no such value.
    """
    for own in control.values:
        off = 1e-6 * control.step if isinstance(control, Slider) else 0
        if own == value or (off and abs(own - value) <= off):
            return own
    raise ValueError(
        f"The control {control.name!r} has no value {value!r}; it has {len(control.values)}, from "
        f"{control.values[0]!r} to {control.values[-1]!r}."
    )


def _control(control: Control) -> dict[str, object]:
    """A control in words: its kind, and how each of its values is written and said."""
    kind, texts = "switch", []
    if isinstance(control, Slider):
        kind, texts = "range", [control.said(value) for value in control.values]
    elif isinstance(control, Choice):
        kind = "range" if control.ordered else "names"
        texts = [control.form.format(value) for value in control.values]
    unit = "" if isinstance(control, Switch) else control.unit
    said = [f"{text} {unit}".strip() for text in texts]
    return {"name": control.name, "words": control.words, "kind": kind, "said": said}
