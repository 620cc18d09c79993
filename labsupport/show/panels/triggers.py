"""Lesson 07's panel: what makes you train, what lets you deploy, and what it costs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache

from labsupport.gate import Policy
from labsupport.show.controls import Choice, Panel, Slider
from labsupport.show.draw import count
from labsupport.show.figures.triggers import draw_stream_weeks, stream_weeks
from labsupport.show.pictures import LabFigure, Picture
from labsupport.triggers import Timeline, TriggerPolicy, live
from labsupport.triggers.rules import DEGRADATION, INPUTS, SCHEDULE, VOLUME
from labsupport.triggers.timeline import BETTER, END, START, model_losses

WINDOWS = {"all": None, "8 weeks": 8, "4 weeks": 4, "2 weeks": 2, "1 week": 1}
SURE, MEASURED, ANYTHING = "if sure it is better", "if it was better", "whatever was trained"
GATES = {
    SURE: BETTER,
    MEASURED: Policy(min_gain=0.0, max_gap=None),
    ANYTHING: Policy(min_gain=-1, max_gap=None),
}


@dataclass(frozen=True)
class TriggerView:
    """One setting of the panel and what came of it.

    Attributes
    ----------
    setting : the setting in a few words.
    run : the timeline.
    trained, promoted : how many candidates there were, and how many served.
    sentence : the numbers in words.
    """

    setting: str
    run: Timeline
    trained: int
    promoted: int
    sentence: str

    def __str__(self) -> str:
        return self.sentence

    def picture(self) -> Picture:
        """The weeks, with what served and what became of the candidates."""
        return stream_weeks(self.run, self.setting)


def trigger_view(
    cause: str = DEGRADATION,
    every: int = 4,
    volume: int = 30_000,
    sigmas: float = 3.0,
    cooldown: int = 14,
    delay: int = 0,
    window: str = "all",
    trial: int = 3,
    judge: str = SURE,
    worth: float = 2.0,
) -> TriggerView:
    """Run the flights under a policy.

    Parameters
    ----------
    cause : what makes you train: "degradation", "inputs", "schedule" or "volume".
    every, volume, sigmas : when that is: weeks, labelled rows, sd above the mean.
    cooldown : days that a cause rests after it fired; a schedule needs none.
    delay : days until a label is known.
    window : the history a candidate is trained on, one of WINDOWS.
    trial : weeks that candidate and champion score side by side.
    judge : what lets a candidate serve, one of GATES.
    worth : dollars that a nat of log-loss costs per flight.

    Raises
    ------
    ValueError : what TriggerPolicy refuses.
    """
    policy = TriggerPolicy(
        every=every if cause == SCHEDULE else None,
        volume=volume if cause == VOLUME else None,
        sigmas=sigmas if cause == DEGRADATION else None,
        inputs=sigmas if cause == INPUTS else None,
        cooldown=0 if cause == SCHEDULE else cooldown,
        delay=delay,
        window=WINDOWS[window],
        trial=trial,
    )
    run = _lived(policy, judge, worth)
    when = {
        SCHEDULE: "every week" if every == 1 else f"every {every} weeks",
        VOLUME: f"every {volume:,} rows",
    }.get(cause, f"{cause}, {sigmas:g} sd")
    rests = "" if cause == SCHEDULE else f", rests {count(cooldown, 'day')}"
    setting = (
        f"{when}{rests}; history {window}; {worth:g} $ a nat\n"
        f"labels {count(delay, 'day')} late; trial {count(trial, 'week')}; {judge}"
    )
    trained, promoted = len(run.attempts), len(run.promoted)
    sentence = _sentence(run, setting, trained, promoted)
    return TriggerView(setting, run, trained, promoted, sentence)


def plot_view(fig: LabFigure, view: TriggerView) -> str:
    """Draw a view into a figure; return the alt text."""
    return draw_stream_weeks(fig, view.run, view.setting)


@lru_cache(maxsize=256)
def _lived(policy: TriggerPolicy, judge: str, worth: float) -> Timeline:
    _fit_all()
    return live(policy, GATES[judge], worth)


@cache
def _fit_all() -> None:
    """Fit, when the panel opens, every model that any of its settings can ask for: then a move
    costs some hundredths of a second, and not the half second of 24 fits.
    """
    late = next(control for control in PANEL.controls if control.name == "delay").values
    for lag in {TriggerPolicy(delay=days).lag for days in late}:
        for window in WINDOWS.values():
            for week in range(START - 1, END):
                model_losses(week, window, lag)


def _sentence(run: Timeline, setting: str, trained: int, promoted: int) -> str:
    outcome = f"costs {-run.saved:,.0f} dollars more than"
    if run.saved >= 0:
        outcome = f"saves {run.saved:,.0f} dollars against"
    words = setting.replace("\n", "; ")
    return (
        f"{count(trained, 'training')}, {count(promoted, 'promotion')}: this {outcome} never "
        f"retraining. {words[0].upper()}{words[1:]}. The log-loss is {run.log_loss.mean():.3f} on "
        f"average, without retraining {run.untouched.mean():.3f}; the regret against someone who "
        f"knew the future is {run.regret:,.0f} dollars."
    )


_LIMITS = {"cause": (DEGRADATION, INPUTS)}
PANEL = Panel(
    trigger_view,
    plot_view,
    controls=(
        Choice("cause", "train on", (DEGRADATION, INPUTS, SCHEDULE, VOLUME)),
        Slider("sigmas", "limit", "sd", 1.0, 6.0, 0.1, only=_LIMITS),
        Slider("every", "schedule", "weeks", 1, 12, 1, only={"cause": (SCHEDULE,)}),
        Choice(
            "volume",
            "new labels",
            (10_000, 20_000, 30_000, 50_000, 100_000),
            "{:,}",
            "rows",
            only={"cause": (VOLUME,)},
        ),
        Slider(
            "cooldown",
            "cool-down",
            "days",
            0,
            56,
            7,
            only={"cause": (DEGRADATION, INPUTS, VOLUME)},
        ),
        Slider("delay", "labels late", "days", 0, 42, 1),
        Choice("window", "history", tuple(WINDOWS)),
        Slider("trial", "trial", "weeks", 1, 8, 1),
        Choice("judge", "promote", tuple(GATES)),
        Slider("worth", "a nat costs", "dollars", 0.0, 5.0, 0.1),
    ),
    presets={
        "This lesson": {},
        "Late labels": {"delay": 28},
        "A short trial": {"trial": 1},
        "Inputs alone": {"cause": INPUTS},
        "Every 4 weeks": {"cause": SCHEDULE},
        "Short history": {"cause": SCHEDULE, "window": "2 weeks"},
        "No gate": {"cause": SCHEDULE, "window": "2 weeks", "judge": ANYTHING},
    },
)
trigger_panel = PANEL.live
