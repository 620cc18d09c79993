"""A panel on the page: controls, a picture, a sentence. The one module that knows ipywidgets."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping

import ipywidgets as widgets
import traitlets

from labsupport.show.controls import Choice, Control, Panel, Slider
from labsupport.show.pictures import DRAWING, new_figure, styled

_SENTENCE = (
    '<div role="status" aria-live="polite" style="font-size:115%;line-height:1.45;padding:.3em 0">'
    "{}</div>"
)
_LABEL = {"description_width": "150px"}


class TitledImage(widgets.Image):
    """An Image whose tooltip is shown: it becomes the title of the img element, and so its
    accessible name (it has no alt).

    The browser's side of ipywidgets sets a tooltip only where an empty `description` says that
    nothing else names the widget, and breaks where there is none, as in its own Image.
    """

    description = traitlets.Unicode("").tag(sync=True)


class LivePanel(widgets.HBox):
    """A thin shell of widgets around a Panel.

    Parameters
    ----------
    panel : what is shown and what moves it; one button each for its presets and moves.

    Attributes
    ----------
    controls : {name: widget with a value}.
    buttons, reset_button : {label: widget}, and the one that puts every control back.
    image, sentence : the widgets that show the result.
    current : what the view returned last.
    error : the exception of the last redraw, or None. It is shown in place of the sentence, and
        raised again as well.
    redraws : how many times the picture has been drawn; not again for the values that it shows.
    """

    def __init__(self, panel: Panel) -> None:
        self.panel = panel
        self._paused, self._drawn = False, None
        self.current, self.error, self.redraws = None, None, 0
        with styled():
            self._figure = new_figure(*panel.size)
        start = panel.start
        self.controls = {
            control.name: _widget(control, start[control.name]) for control in panel.controls
        }
        grows = widgets.Layout(width="100%", height="auto", max_width="700px")
        self.image = TitledImage(format="png", layout=grows)
        self.sentence = widgets.HTML()
        self.buttons = {
            label: self._button(label, lambda label=label: self.press(label))
            for label in (*panel.moves, *panel.presets)
        }
        self.reset_button = self._button("Reset", self.reset, icon="undo")
        for control in self.controls.values():
            control.observe(self._redraw, names="value")
        super().__init__(**self._layout())
        self._redraw()

    @property
    def values(self) -> dict[str, object]:
        """What the controls hold now, floats rounded as sliders show them: 0.006, not 0.0060001."""
        held = {name: control.value for name, control in self.controls.items()}
        return {
            name: round(value, 6) if isinstance(value, float) else value
            for name, value in held.items()
        }

    def set(self, **values: object) -> None:
        """Set several controls, then redraw once.

        Raises
        ------
        ValueError : there is no control of that name.
        """
        for name in values:
            if name not in self.controls:
                raise ValueError(
                    f"This panel has no control {name!r}; its controls: {', '.join(self.controls)}."
                )
        with DRAWING:
            self._paused = True
            try:
                for name, value in values.items():
                    self.controls[name].value = value
            finally:
                self._paused = False
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

    def _redraw(self, change: object = None) -> None:
        with DRAWING:  # a slider may move in one thread while a button is handled in another
            values = self.values
            # A browser echoes 0.005 as 0.004999999999999999: that is no move.
            if self._paused or values == self._drawn:
                return
            self.redraws += 1
            self._drawn = None
            matter = self.panel.matter(values)
            for name, control in self.controls.items():
                control.disabled = name not in matter
            try:
                self._show(values)
            except Exception as error:
                self.error = error
                said = f"This setting cannot be shown. {html.escape(str(error))}"
                self.sentence.value = _SENTENCE.format(said)
                raise
            self._drawn, self.error = values, None

    def _show(self, values: Mapping[str, object]) -> None:
        self.current = self.panel.view(**values)
        with styled():
            alt = self.panel.plot(self._figure, self.current)
            # One message: the browser decodes the picture anew for each.
            with self.image.hold_sync():
                self.image.tooltip = alt
                self.image.value = self._figure.encode_moving()
        first, stop, rest = html.escape(self.current.sentence).partition(". ")
        self.sentence.value = _SENTENCE.format(f"<b>{first}{stop}</b>{rest}")

    def _button(self, label: str, act: Callable[[], None], icon: str = "") -> widgets.Button:
        button = widgets.Button(description=label, icon=icon, tooltip=f"Set the panel to: {label}")
        button.layout.width = "auto"
        button.on_click(lambda _: act())
        return button

    def _layout(self) -> dict[str, object]:
        wrap = widgets.Layout(flex_flow="row wrap")
        buttons = widgets.HBox([*self.buttons.values(), self.reset_button], layout=wrap)
        left = widgets.VBox(
            [buttons, *self.controls.values()],
            layout=widgets.Layout(flex="0 1 330px", min_width="300px"),
        )
        right = widgets.VBox(
            [self.image, self.sentence], layout=widgets.Layout(flex="1 1 420px", min_width="320px")
        )
        whole = widgets.Layout(flex_flow="row wrap", width="100%", grid_gap="4px 16px")
        return {"children": [left, right], "layout": whole}


def _widget(control: Control, start: object) -> widgets.ValueWidget:
    """The widget of a control, holding its start value."""
    look = {"description": control.label, "layout": widgets.Layout(width="auto")}
    if isinstance(control, Slider):
        look |= {"min": control.low, "max": control.high, "step": control.step, "style": _LABEL}
        if isinstance(control.step, int):
            return widgets.IntSlider(start, **look)
        return widgets.FloatSlider(start, readout_format=f".{control.decimals}f", **look)
    if isinstance(control, Choice):
        options = [(control.form.format(value), value) for value in control.values]
        kind = widgets.SelectionSlider if control.ordered else widgets.Dropdown
        return kind(options=options, value=start, style=_LABEL, **look)
    return widgets.Checkbox(start, indent=False, **look)
