"""Lesson 08's panel: choose a fault, roll out, and watch where it stops."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

from labsupport.delivery import FAULTS, Fault
from labsupport.delivery.plan import ALWAYS, SPENDING
from labsupport.delivery.states import FLEET
from labsupport.delivery.story import Story, tell, usual_plan
from labsupport.show.controls import Choice, Panel, Slider, Switch
from labsupport.show.figures.delivery import LAST, draw_rollout_minutes, rollout_minutes
from labsupport.show.pictures import LabFigure, Picture

LOOKS = {"at the end of each step": SPENDING, "all the time": ALWAYS}
_SIZED = tuple(f for f in FAULTS if f not in ("none", "another bundle", "lost metrics"))


@dataclass(frozen=True)
class DeliveryView:
    """One setting of the panel and how far the rollout is.

    Attributes
    ----------
    setting : the setting in a few words.
    story : the rollout until the minute that is shown.
    sentence : the numbers in words.
    """

    setting: str
    story: Story
    sentence: str

    def __str__(self) -> str:
        return self.sentence

    def picture(self) -> Picture:
        """The minutes, with the steps and the requests hurt."""
        return rollout_minutes(self.story, self.setting)


def delivery_view(
    fault: str = "slow under load",
    strength: float = 1.0,
    looks: str = "at the end of each step",
    pairs: float = 1.0,
    guard: bool = True,
    seed: int = 8,
    minute: int = LAST,
) -> DeliveryView:
    """Roll a version out.

    Parameters
    ----------
    fault : what is wrong with it, one of FAULTS.
    strength : how much, as a multiple of the usual.
    looks : when somebody looks, one of LOOKS.
    pairs : how many pairs the plan waits for, as a multiple of the usual.
    guard : whether the errors of all requests have a bound.
    seed : of the requests.
    minute : until which the rollout is shown.

    Raises
    ------
    ValueError : no such looks, or what Fault and Plan refuse.
    """
    if looks not in LOOKS:
        raise ValueError(f"Nobody looks {looks!r} here; choose one of: {', '.join(LOOKS)}.")
    story = _until(_told(fault, strength, LOOKS[looks], pairs, guard, seed), minute)
    setting = "nothing is wrong" if fault == "none" else fault
    if fault in _SIZED and strength != 1:
        setting += f", {strength:g} times the usual"
    setting += f"; looks {looks}"
    setting += f"; {pairs:g} times the usual pairs" if pairs != 1 else ""
    setting += "" if guard else "; no bound on all errors"
    return DeliveryView(setting, story, _sentence(story, setting))


def plot_view(fig: LabFigure, view: DeliveryView) -> str:
    """Draw a view into a figure; return the alt text."""
    return draw_rollout_minutes(fig, view.story, view.setting)


@lru_cache(maxsize=256)
def _told(fault: str, strength: float, looks: str, pairs: float, guard: bool, seed: int) -> Story:
    plan = usual_plan(looks=looks, size=pairs, max_errors=0.02 if guard else None)
    plan = replace(plan, deadline=plan.deadline * max(1, pairs))  # more pairs need more time
    size = strength * Fault(fault).size
    return tell(plan, Fault(fault, min(size, 1.0) if Fault(fault).size < 1 else size), seed=seed)


def _until(story: Story, minute: float) -> Story:
    """The same story, told up to a minute."""
    if minute >= story.minutes[-1]:
        return story
    seen = story.minutes <= minute
    events = tuple(event for event in story.events if event["minute"] <= minute)
    return Story(
        story.plan,
        story.fault,
        events[-1]["state"],
        events,
        story.minutes[seen],
        story.hurt[seen],
        story.flipped[seen],
    )


def _sentence(story: Story, setting: str) -> str:
    last, minute = story.events[-1], story.minutes[-1]
    hurt = f"{story.hurt[-1]:,.0f} requests hurt"
    flipped = f"a flip of the whole fleet would have hurt {story.flipped[-1]:,.0f} by now"
    if story.end == FLEET:
        outcome = f"The fleet has it after {minute:.0f} minutes, {hurt}"
    elif story.end == "rolled back":
        outcome = f"Rolled back after {minute:.0f} minutes, {hurt}"
    else:
        outcome = f"{story.end.capitalize()} at minute {minute:.0f}, {hurt} so far"
    reason = f" {last['reason']}" if "reason" in last else ""
    return f"{outcome}; {flipped}. {setting[0].upper()}{setting[1:]}.{reason}"


PANEL = Panel(
    delivery_view,
    plot_view,
    controls=(
        Choice("fault", "fault", FAULTS),
        Slider("strength", "how much", "times", 0.2, 3.0, 0.1, only={"fault": _SIZED}),
        Choice("looks", "somebody looks", tuple(LOOKS)),
        Slider("pairs", "pairs per step", "times", 0.25, 1.5, 0.25),
        Switch("guard", "bound on all errors"),
        Slider("seed", "other requests", "", 1, 20, 1),
        Slider("minute", "watch until", "min", 5, LAST, 5),
    ),
    presets={
        "Slow under load": {},
        "Live shift": {"fault": "live shift"},
        "Small slice": {"fault": "small slice"},
        "Nothing wrong": {"fault": "none"},
        "Retry storm": {"fault": "retry storm"},
        "Storm, no bound": {"fault": "retry storm", "guard": False},
    },
    moves={"+30 minutes": {"minute": 6}},
)
delivery_panel = PANEL.live
