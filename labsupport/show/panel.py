"""A panel: controls on one side, a picture and a sentence on the other, and one function that connects them."""

from __future__ import annotations

import html
from collections.abc import Callable, Collection, Mapping

import ipywidgets as widgets
import traitlets

from labsupport.show.pictures import DRAWING, new_figure, styled

_SENTENCE = '<div role="status" aria-live="polite" style="font-size:115%;line-height:1.45;padding:.3em 0">{}</div>'


class TitledImage(widgets.Image):
    """An Image whose tooltip is shown: it becomes the title of the img element, and so its
    accessible name (it has no alt).

    The browser's side of ipywidgets sets a tooltip only where an empty `description` says that
    nothing else names the widget, and breaks where there is none, as in its own Image.
    """

    description = traitlets.Unicode("").tag(sync=True)


class Panel(widgets.HBox):
    """A thin shell of widgets around a plain function.

    Parameters
    ----------
    view : called with one keyword per control; returns any object with a `sentence`.
    plot : plot(figure, view) draws into figure.frame(...) and returns the alt text.
    controls : {keyword: widget with a value}, in the order shown. What they hold now is what
        "Reset" restores.
    presets : {label: {keyword: value}}: one button each; a preset changes the controls it names and
        redraws once. A function in place of a value gets what the control holds now, as in {"Draw
        again": {"draw": lambda draw: draw + 1}}.
    applies : applies(values) returns the keywords that matter now; the other controls are disabled.
        None: all matter.
    size : width and height of the picture in inches, at 120 dots per inch.

    Attributes
    ----------
    image, sentence : the widgets that show the result.
    current : what `view` returned last.
    error : the exception of the last redraw, or None. It is shown in place of the sentence, and
        raised again as well.
    redraws : how many times the picture has been drawn; not again for the values that it shows.
    """

    def __init__(
        self,
        view: Callable,
        plot: Callable,
        controls: Mapping[str, widgets.ValueWidget],
        presets: Mapping[str, Mapping[str, object]],
        applies: Callable[[dict], Collection[str]] | None = None,
        size: tuple[float, float] = (5.6, 4.1),
    ) -> None:
        self._view, self._plot, self._applies = view, plot, applies
        self.controls = dict(controls)
        self.presets = {label: dict(values) for label, values in presets.items()}
        self._start = {name: control.value for name, control in self.controls.items()}
        self._paused, self._drawn = False, None
        self.current, self.error, self.redraws = None, None, 0
        with styled():
            self._figure = new_figure(*size)
        self.image = TitledImage(
            format="png", layout=widgets.Layout(width="100%", height="auto", max_width="700px")
        )
        self.sentence = widgets.HTML()
        self.buttons = {
            label: self._button(label, values) for label, values in self.presets.items()
        }
        self.reset_button = self._button("Reset", self._start, icon="undo")
        for control in self.controls.values():
            control.observe(self._redraw, names="value")
        super().__init__(**self._layout())
        self._redraw()

    @property
    def values(self) -> dict[str, object]:
        """What the controls hold now. Floats are rounded to the decimals a slider can show: 0.006, not 0.0060000000001."""
        held = {name: control.value for name, control in self.controls.items()}
        return {
            name: round(value, 6) if isinstance(value, float) else value
            for name, value in held.items()
        }

    def set(self, **values: object) -> None:
        """Set several controls, each to a value or to a function of the one it holds, then redraw
        once.

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
                    control = self.controls[name]
                    control.value = value(control.value) if callable(value) else value
            finally:
                self._paused = False
            self._redraw()

    def reset(self) -> None:
        """Put every control back to where it stood at first."""
        self.set(**self._start)

    def _redraw(self, change: object = None) -> None:
        with DRAWING:  # a slider may move in one thread while a button is handled in another
            values = self.values
            if (
                self._paused or values == self._drawn
            ):  # a browser echoes 0.005 as 0.004999999999999999
                return
            self.redraws += 1
            self._drawn = None
            if self._applies is not None:
                matter = self._applies(values)
                for name, control in self.controls.items():
                    control.disabled = name not in matter
            try:
                self._show(values)
            except Exception as error:
                self.error = error
                self.sentence.value = _SENTENCE.format(
                    f"This setting cannot be shown. {html.escape(str(error))}"
                )
                raise
            self._drawn, self.error = values, None

    def _show(self, values: Mapping[str, object]) -> None:
        self.current = self._view(**values)
        with styled():
            alt = self._plot(self._figure, self.current)
            with (
                self.image.hold_sync()
            ):  # one message: the browser decodes the picture anew for each
                self.image.tooltip = alt
                self.image.value = self._figure.encode_moving()
        first, stop, rest = html.escape(self.current.sentence).partition(". ")
        self.sentence.value = _SENTENCE.format(f"<b>{first}{stop}</b>{rest}")

    def _button(self, label: str, values: Mapping[str, object], icon: str = "") -> widgets.Button:
        button = widgets.Button(description=label, icon=icon, tooltip=f"Set the panel to: {label}")
        button.layout.width = "auto"
        button.on_click(lambda _: self.set(**values))
        return button

    def _layout(self) -> dict[str, object]:
        buttons = widgets.HBox(
            [*self.buttons.values(), self.reset_button], layout=widgets.Layout(flex_flow="row wrap")
        )
        left = widgets.VBox(
            [buttons, *self.controls.values()],
            layout=widgets.Layout(flex="0 1 330px", min_width="300px"),
        )
        right = widgets.VBox(
            [self.image, self.sentence], layout=widgets.Layout(flex="1 1 420px", min_width="320px")
        )
        return {
            "children": [left, right],
            "layout": widgets.Layout(flex_flow="row wrap", width="100%", grid_gap="4px 16px"),
        }
