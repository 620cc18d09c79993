"""Lesson 10's panel: choose a fault, take a stage off, and watch where it is caught."""

from __future__ import annotations

from dataclasses import dataclass

from labsupport.ops.loop import FAULTS, STAGES, Loop, simulate
from labsupport.ops.loop.rows import DAYS
from labsupport.show.controls import Choice, Panel, Slider
from labsupport.show.figures.ops import draw_loop_days, loop_days
from labsupport.show.pictures import LabFigure, Picture

NOTHING, EVERYTHING = "nothing", "everything"
OFF = {NOTHING: (), **{stage: (stage,) for stage in STAGES}, EVERYTHING: tuple(STAGES)}


@dataclass(frozen=True)
class LoopView:
    """One setting of the panel and how far the loop is.

    Attributes
    ----------
    setting : in a few words.
    loop : until the day that is shown.
    sentence : the numbers in words.
    """

    setting: str
    loop: Loop
    sentence: str

    def __str__(self) -> str:
        return self.sentence

    def picture(self) -> Picture:
        """The days, with every stage's decisions."""
        return loop_days(self.loop, self.setting)


def loop_view(fault: str = "skewed logs", without: str = NOTHING, day: int = DAYS) -> LoopView:
    """Run the loop round.

    Parameters
    ----------
    fault : what goes wrong on day 105, one of FAULTS.
    without : the stage that is taken off, one of STAGES; "nothing", or "everything".
    day : until which the loop is shown.

    Raises
    ------
    ValueError : no such stage, or what simulate refuses.
    """
    if without not in OFF:
        raise ValueError(f"There is no stage {without!r} to take off; choose of {', '.join(OFF)}.")
    loop = simulate(day, fault, OFF[without])
    setting = "all stages on" if without == NOTHING else f"without {without}"
    if without == EVERYTHING:
        setting = "no stage left"
    because = "" if loop.caught is None else f" {loop.caught['reason']}"
    said = f"{loop.sentence} {setting[0].upper()}{setting[1:]}.{because}"
    return LoopView(setting, loop, said)


def plot_view(fig: LabFigure, view: LoopView) -> str:
    """Draw a view into a figure; return the alt text."""
    return draw_loop_days(fig, view.loop, view.setting)


PANEL = Panel(
    loop_view,
    plot_view,
    controls=(
        Choice("fault", "what goes wrong", tuple(FAULTS)),
        Choice("without", "taken off", tuple(OFF)),
        Slider("day", "watch until day", "", 7, DAYS, 7),
    ),
    presets={
        "Skewed logs": {},
        "No segments": {"without": "segments"},
        "Stale shard": {"fault": "stale shard"},
        "Poisoned labels": {"fault": "poisoned labels"},
        "Slow when live": {"fault": "latency regression"},
        "A stray replica": {"fault": "another bundle"},
        "Nothing wrong": {"fault": "none"},
        "No stage left": {"without": EVERYTHING},
    },
    moves={"+2 weeks": {"day": 2}},
)
loop_panel = PANEL.live
