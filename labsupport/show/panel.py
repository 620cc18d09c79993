"""A panel on the page: controls, a picture, a sentence. The one module that knows anywidget.

What a browser makes of it is in panel.js and panel.css.
"""

from __future__ import annotations

import base64
import html
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import anywidget
import traitlets
from IPython.display import display

from labsupport.show.controls import Control, Panel
from labsupport.show.frames import Frames, known
from labsupport.show.pictures import DRAWING

HERE = Path(__file__).parent
AGAIN = "Run this cell to move it."

# A notebook that is opened again has the panel as it stood last, and beside it the view of a widget
# that is gone. JupyterLab then says "model not found", a text without elements: it is not shown.
# Where it does not trust the notebook, it keeps this style from it, but shows no widget either.
_GONE = (
    "<style>.jp-OutputArea-child:has(.lab-still) + "
    ".jp-OutputArea-child:not(:has(.jp-OutputArea-output > *)){display:none}</style>"
)
_STILL = {
    "raw": True,
    "metadata": {"panel": "as it stood"},
}  # `lab run --in-place` drops what has it
_WIDGET = "application/vnd.jupyter.widget-view+json"


class Held:
    """A control of a live panel, as Python reads and moves it.

    Attributes
    ----------
    declared : the Control.
    """

    def __init__(self, panel: LivePanel, declared: Control) -> None:
        self.panel, self.declared, self.name = panel, declared, declared.name

    @property
    def value(self) -> object:
        """What it holds; setting it redraws the panel."""
        return self.panel.values[self.name]

    @value.setter
    def value(self, value: object) -> None:
        """Move it, as its panel's `set` does."""
        self.panel.set(**{self.name: value})

    @property
    def disabled(self) -> bool:
        """Whether it changes nothing as the other controls stand."""
        return self.name not in self.panel.shown["enabled"]


@dataclass(frozen=True)
class Button:
    """A button of a live panel: click() does what a press does."""

    click: Callable[[], None]


class LivePanel(anywidget.AnyWidget):
    """A Panel that can be moved.

    Parameters
    ----------
    panel : what is shown and what moves it; one button each for its presets and moves.

    Attributes
    ----------
    controls : {name: Held}.
    buttons, reset_button : {label: Button}, and the one that puts every control back.
    picture, alt, sentence : what is shown: a PNG, the same in words, what it means.
    current : what the view returned last.
    error : the exception of the last redraw, or None. It is shown in place of the sentence, and
        raised again as well.
    redraws : how many times the picture has been drawn; not again for the values that it shows.
    declared, shown, stored_as : what the browser is told of the panel, once, with every picture,
        and of the figure that a notebook stores of it.
    """

    _esm = HERE / "panel.js"
    _css = HERE / "panel.css"
    declared = traitlets.Dict().tag(sync=True)
    shown = traitlets.Dict({"enabled": [], "alt": ""}).tag(sync=True)
    stored_as = traitlets.Unicode().tag(sync=True)

    def __init__(self, panel: Panel) -> None:
        self.panel, self._frames = panel, Frames(panel)
        self._values, self._drawn, self._stored = dict(panel.start), None, None
        self.picture = b""
        self._seen, self.error, self.redraws = None, None, 0
        self.controls = {control.name: Held(self, control) for control in panel.controls}
        labels = (*panel.moves, *panel.presets)
        self.buttons = {label: Button(lambda label=label: self.press(label)) for label in labels}
        self.reset_button = Button(self.reset)
        super().__init__(declared=self._frames.declared)
        self.stored_as = self.model_id
        self.on_msg(self._heard)
        self._redraw()

    @property
    def values(self) -> dict[str, object]:
        """What the controls hold now."""
        return dict(self._values)

    @property
    def sentence(self) -> str:
        """What stands below the picture."""
        return self.shown["first"] + self.shown["rest"]

    @property
    def alt(self) -> str:
        """The picture in words."""
        return self.shown["alt"]

    def set(self, **values: object) -> None:
        """Set several controls, then redraw once.

        Raises
        ------
        ValueError : there is no control of that name, or it has no such value.
        """
        known_values = {
            name: known(self._frames.control(name), value) for name, value in values.items()
        }
        with DRAWING:  # JupyterLab's messages come in another thread than the one that runs cells
            self._values |= known_values
            self._redraw()

    def reset(self) -> None:
        """Put every control back to where it stood at first."""
        self.set(**self.panel.start)

    def press(self, label: str) -> None:
        """Do what the button of that label does."""
        with DRAWING:
            self.set(**self._frames.asked(self.values, {"ask": "press", "label": label}))

    @property
    def current(self) -> object:
        """What the view returns for what is shown; None before the first picture."""
        return self._frames.view(self._seen) if self._seen else None

    def _redraw(self) -> None:
        values = self.values
        if values == self._drawn:
            return
        self.redraws += 1
        frame = self._frames.frame(values)
        self._drawn, self.error = values if frame.picture else None, frame.error
        self.picture = frame.picture or self.picture
        self.shown = self.shown | frame.told
        if frame.error:
            raise frame.error
        self._seen = values

    def _heard(self, _: object, message: Mapping, buffers: object) -> None:
        """Do what a browser asks; what it is told then names its turn, also when a view raised."""
        if message["ask"] == "still":
            return self._store()
        answers = {"answers": [message["page"], message["turn"]]}
        if message["ask"] == "ahead":  # a frame that may be asked for next, while nobody waits
            frame = self._frames.frame(self._frames.values(message["at"]))
            return self.send(frame.told | answers)
        with DRAWING, self.hold_sync():
            try:
                self.set(**self._frames.asked(self.values, message))
            finally:
                self.shown = self.shown | answers

    # What is stored in a notebook

    def _ipython_display_(self) -> None:
        """Show two things: the panel as it stands, which any reader of the notebook finds, and the
        live one, which hides it.
        """
        self._stored = self.shown
        display(self._still(), **_STILL, display_id=self.model_id)
        live = {_WIDGET: {"version_major": 2, "version_minor": 0, "model_id": self.model_id}}
        display(live | {"text/plain": ""}, raw=True)

    def _store(self) -> None:
        """Store the panel as it stands now."""
        if self._stored not in (None, self.shown):
            self._stored = self.shown
            display(self._still(), **_STILL, display_id=self.model_id, update=True)

    def _still(self) -> dict[str, str]:
        """A figure of the panel as it stands, as a mimebundle."""
        png = base64.b64encode(self.picture).decode()
        alt, first, rest = (html.escape(self.shown[key]) for key in ("alt", "first", "rest"))
        page = (
            f'<figure class="lab-still lab-still-{self.model_id}" style="margin:0">{_GONE}'
            f'<img alt="{alt}" style="max-width:100%;height:auto" '
            f'src="data:image/png;base64,{png}">'
            f"<figcaption><b>{first}</b>{rest} <i>{AGAIN}</i></figcaption></figure>"
        )
        return {"text/html": page, "image/png": png, "text/plain": self.alt}
