"""A panel on the page: controls, a picture, a sentence. The one module that knows anywidget.

What a browser makes of it is in panel.js and panel.css. Both sides name a value by its position
among those of its control, so no number is rounded on the way.
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

from labsupport.show.controls import Choice, Control, Panel, Slider, Switch
from labsupport.show.pictures import DRAWING, new_figure, styled

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
    picture = traitlets.Bytes().tag(sync=True)
    stored_as = traitlets.Unicode().tag(sync=True)

    def __init__(self, panel: Panel) -> None:
        self.panel = panel
        self._own = {control.name: control for control in panel.controls}
        self._values, self._drawn, self._stored = dict(panel.start), None, None
        self.current, self.error, self.redraws = None, None, 0
        with styled():
            self._figure = new_figure(*panel.size)
        self.controls = {name: Held(self, control) for name, control in self._own.items()}
        labels = (*panel.moves, *panel.presets)
        self.buttons = {label: Button(lambda label=label: self.press(label)) for label in labels}
        self.reset_button = Button(self.reset)
        width, height = (round(pixels) for pixels in self._figure.bbox.size)
        super().__init__(declared=_declared(panel) | {"width": width, "height": height})
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
        for name in values:
            if name not in self._own:
                raise ValueError(
                    f"This panel has no control {name!r}; its controls: {', '.join(self._own)}."
                )
        known = {name: _known(self._own[name], value) for name, value in values.items()}
        with DRAWING:  # JupyterLab's messages come in another thread than the one that runs cells
            self._values |= known
            self._redraw()

    def reset(self) -> None:
        """Put every control back to where it stood at first."""
        self.set(**self.panel.start)

    def press(self, label: str) -> None:
        """Do what the button of that label does."""
        with DRAWING:
            if label in self.panel.moves:
                self.set(**self.panel.moved(label, self.values))
            else:
                self.set(**self.panel.preset(label))

    def _redraw(self) -> None:
        values = self.values
        if values == self._drawn:
            return
        self.redraws += 1
        self._drawn = None
        at = {name: self._own[name].values.index(value) for name, value in values.items()}
        told = {"at": at, "enabled": sorted(self.panel.matter(values)), "alt": self.alt}
        try:
            view = self.panel.view(**values)
            with styled():
                told["alt"] = self.panel.plot(self._figure, view)
                picture = self._figure.encode_moving()
        except Exception as error:
            self.error = error
            self._tell(told, f"This setting cannot be shown. {error}")
            raise
        self.current, self._drawn, self.error = view, values, None
        self._tell(told, view.sentence, picture)

    def _tell(self, told: Mapping[str, object], sentence: str, picture: bytes = b"") -> None:
        """Send all in one message: a browser decodes the picture once, and shows it with its words.

        Parameters
        ----------
        picture : empty to leave the one that is there.
        """
        first, stop, rest = sentence.partition(". ")
        with self.hold_sync():
            self.picture = picture or self.picture
            self.shown = self.shown | told | {"first": first + stop, "rest": rest}

    def _heard(self, _: object, message: Mapping, buffers: object) -> None:
        """Do what a browser asks; what it is told then names its turn, also when a view raised."""
        if message["ask"] == "still":
            return self._store()
        with DRAWING, self.hold_sync():
            try:
                if message["ask"] == "move":
                    moved = message["at"].items()
                    self.set(**{name: self._own[name].values[at] for name, at in moved})
                elif message["ask"] == "press":
                    self.press(message["label"])
                else:
                    self.reset()
            finally:
                self.shown = self.shown | {"answers": [message["page"], message["turn"]]}

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


def _declared(panel: Panel) -> dict[str, object]:
    """What a browser needs to know of a panel before it is moved."""
    controls = [_control(control) for control in panel.controls]
    return {"controls": controls, "moves": list(panel.moves), "presets": list(panel.presets)}


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


def _known(control: Control, value: object) -> object:
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
