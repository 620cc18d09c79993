"""What a presenter does with a panel, step by step; the steps themselves are in steps.toml."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from labsupport.show.controls import Panel
from labsupport.show.panels import PANELS

STEPS = Path(__file__).with_name("steps.toml")


@dataclass(frozen=True)
class Step:
    """One step of a demo.

    Attributes
    ----------
    preset : the label of the panel's preset to press; empty for the start.
    ask : what to ask the room before it is shown.
    expects : the verdict that the panel then gives, one of the script's.
    happens : what will be seen, and why.
    minutes : how long it takes.
    """

    preset: str
    ask: str
    expects: str
    happens: str
    minutes: int

    def values(self, panel: Panel) -> dict[str, object]:
        """What every control of the panel holds in this step.

        Raises
        ------
        KeyError : the panel has no such preset.
        """
        return panel.preset(self.preset) if self.preset else panel.start


@dataclass(frozen=True)
class Script:
    """The demo of one panel.

    Attributes
    ----------
    lesson : the notebook's name without its ending.
    title : what the page is called.
    verdicts : what the room can vote for; each is how a panel's sentence may begin, or a part of
        its beginning.
    steps : in their order.
    """

    lesson: str
    title: str
    verdicts: tuple[str, ...]
    steps: tuple[Step, ...]

    @property
    def minutes(self) -> int:
        """How long all steps take."""
        return sum(step.minutes for step in self.steps)


def _scripts() -> dict[str, Script]:
    read = tomllib.loads(STEPS.read_text(encoding="utf-8"))
    scripts = {}
    for word, told in read.items():
        steps = tuple(Step(**{"preset": ""} | one) for one in told["steps"])
        scripts[word] = Script(told["lesson"], told["title"], tuple(told["verdicts"]), steps)
    return {word: scripts[word] for word in sorted(PANELS, key=lambda word: scripts[word].lesson)}


SCRIPTS = _scripts()
