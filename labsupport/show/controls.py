"""Panels as data: what can be moved, from where to where, from which start. No widget is needed."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from labsupport.show.pictures import Picture, new_figure, picture, styled

if TYPE_CHECKING:
    from labsupport.show.panel import LivePanel


@dataclass(frozen=True)
class Control:
    """What every control has.

    Attributes
    ----------
    name : the keyword of the view that it sets.
    words : what it sets, in a word or two.
    only : {name of another control: the values of it for which this one matters}; empty: always.
    """

    name: str
    words: str
    only: Mapping[str, Collection[object]] = field(default_factory=dict, kw_only=True)

    @property
    def label(self) -> str:
        """The words beside the control."""
        return self.words


@dataclass(frozen=True)
class Slider(Control):
    """A number between two ends, in equal steps; whole numbers where the step is one.

    Attributes
    ----------
    unit : as the label names it; empty for a number that only counts.
    low, high, step : as the view takes them.
    times : what the number that is shown is larger by; 100 shows a share in percent.
    """

    unit: str
    low: float
    high: float
    step: float
    times: int = 1

    @property
    def label(self) -> str:
        """The words beside the control, with the unit."""
        return f"{self.words} ({self.unit})" if self.unit else self.words

    @cached_property
    def decimals(self) -> int:
        """How many decimals tell two neighbouring steps apart."""
        return max(0, -Decimal(str(self.step)).normalize().as_tuple().exponent)

    @cached_property
    def values(self) -> tuple[float, ...]:
        """Every value that it can show, from low to high."""
        steps = round((self.high - self.low) / self.step)
        return tuple(round(self.low + i * self.step, self.decimals) for i in range(steps + 1))

    def said(self, value: float) -> str:
        """A value as it is written, in the unit."""
        step = Decimal(str(self.step)) * self.times
        decimals = max(0, -step.normalize().as_tuple().exponent)
        return f"{value * self.times:.{decimals}f}"

    def further(self, value: float, steps: int) -> float:
        """So many steps on; past the high end it starts over, one step above the low one."""
        at, all_steps = round((value - self.low) / self.step), len(self.values) - 1
        return self.values[(at + steps - 1) % all_steps + 1]


@dataclass(frozen=True)
class Choice(Control):
    """One of several values: numbers from least to most, or names.

    Attributes
    ----------
    values : what the view gets.
    form : how a value is written, a format string; "{:,}" for large numbers.
    unit : as the label names it, or empty.
    """

    values: tuple[object, ...]
    form: str = "{}"
    unit: str = ""

    label = Slider.label

    @property
    def ordered(self) -> bool:
        """Whether the values lie on a line: numbers do, names do not."""
        return not isinstance(self.values[0], str)


@dataclass(frozen=True)
class Switch(Control):
    """Yes or no."""

    values: ClassVar[tuple[bool, bool]] = (False, True)


@dataclass(frozen=True)
class Panel:
    """A view, what draws it, and what moves it.

    Attributes
    ----------
    view : called with one keyword per control; returns any object with a `sentence`. The defaults
        in its signature are what the controls start at.
    plot : plot(figure, view) draws into figure.frame(...) and returns the alt text.
    controls : in the order shown.
    presets : {label: {name: value}}: what a preset does not name is as at the start.
    moves : {label: {slider: steps}}, buttons that move sliders on from where they stand.
    size : width and height of the picture in inches, at 120 dots per inch.
    """

    view: Callable
    plot: Callable
    controls: tuple[Control, ...]
    presets: Mapping[str, Mapping[str, object]]
    moves: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    size: tuple[float, float] = (5.6, 4.1)

    @property
    def start(self) -> dict[str, object]:
        """What every control holds at first."""
        defaults = inspect.signature(self.view).parameters
        return {control.name: defaults[control.name].default for control in self.controls}

    def preset(self, label: str) -> dict[str, object]:
        """What every control holds after a preset."""
        return self.start | dict(self.presets[label])

    def moved(self, label: str, values: Mapping[str, object]) -> dict[str, object]:
        """What every control holds after a button that moves sliders on from `values`."""
        steps = self.moves[label]
        sliders = {control.name: control for control in self.controls if control.name in steps}
        return dict(values) | {
            name: slider.further(values[name], steps[name]) for name, slider in sliders.items()
        }

    def matter(self, values: Mapping[str, object]) -> set[str]:
        """The controls that change something while the controls hold these values."""
        return {
            control.name
            for control in self.controls
            if all(values[name] in known for name, known in control.only.items())
        }

    def picture(self, view: object, caption: str) -> Picture:
        """What the panel shows for a view, as a picture that stays."""
        with styled():
            fig = new_figure(*self.size)
            return picture(fig, self.plot(fig, view), caption)

    def live(self) -> LivePanel:
        """The panel with its sliders: show it as the last expression of a cell."""
        from labsupport.show.panel import LivePanel  # only who moves sliders needs anywidget

        return LivePanel(self)
