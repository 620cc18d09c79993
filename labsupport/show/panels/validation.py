"""Lesson 06's panel: which checks see a damage, how large it has to be, and what that saves."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from labsupport.costs import Stage, expected_cost
from labsupport.show.controls import Choice, Panel, Slider
from labsupport.show.draw import percent
from labsupport.show.figures.validation import check_sizes, draw_check_sizes
from labsupport.show.pictures import LabFigure, Picture

if TYPE_CHECKING:  # a second to import, and other lessons do not need frames
    from labsupport.validation import Profile
    from labsupport.validation.policy import Finding

DAMAGES = (
    "minutes sold as hours",
    "swapped columns",
    "a carrier gone",
    "a class lost",
    "a day twice",
    "a leaked label",
    "time zone shifted",
    "categories re-coded",
    "missing doubled",
    "last week's copy",
)
WEEKS = {"8 and 9": (8, 9), "10 and 11": (10, 11), "14 and 15": (14, 15), "24 and 25": (24, 25)}
WATCHED = ["hour", "carrier", "origin", "dest", "distance", "late"]
LABEL = "late"
_ORDER = (
    "schema",
    "missing",
    "new",
    "lost",
    "class balance",
    "l_infinity",
    "psi",
    "ks",
    "location",
    "spread",
    "distribution",
)  # from top to bottom; the last one is of a column that could not be compared
_REFERENCE = range(8)
_SEED = 2
_CHECKS, _TRAINING = 6.0, 480.0  # dollars, lesson 05's


@dataclass(frozen=True)
class ValidationView:
    """One setting of the panel and what the checks say.

    Attributes
    ----------
    setting : the setting in a few words.
    sizes : {check: (damaged, undamaged)}, the largest measured change of any column divided by its
        bound; infinite where the bound is zero.
    caught, cried : the checks that fail on the damaged and on the undamaged snapshot.
    saved : dollars per snapshot against training without checks; below zero: they cost more.
    sentence : the numbers in words.
    """

    setting: str
    sizes: Mapping[str, tuple[float, float]]
    caught: tuple[str, ...]
    cried: tuple[str, ...]
    saved: float
    sentence: str

    def __str__(self) -> str:
        return self.sentence

    def picture(self) -> Picture:
        """How far each check is from failing."""
        return check_sizes(self.sizes, self.setting, _outcome(self.saved))


def validation_view(
    damage: str = "categories re-coded",
    size: float = 1.0,
    slack: float = 2.0,
    weeks: str = "8 and 9",
    share: float = 0.2,
    look: float = 100.0,
) -> ValidationView:
    """Damage two weeks of flights and check them against weeks 0 to 7.

    Parameters
    ----------
    damage : one of DAMAGES.
    size : the share of the rows that is hit, above 0.
    slack : what is tolerated, in multiples of the largest change between the weeks 0 to 7.
    weeks : which weeks arrive, one of WEEKS.
    share : of the snapshots, how many are damaged like this.
    look : dollars for somebody who looks into a false alarm.

    Raises
    ------
    ValueError : no such weeks; what spoil, DataPolicy and Stage refuse.
    """
    if weeks not in WEEKS:
        raise ValueError(f"There are no weeks {weeks!r} here; choose one of: {', '.join(WEEKS)}.")
    damaged, untouched = (_measured(kind, size, slack, weeks) for kind in (damage, None))
    sizes = {name: (ratio, untouched[name]) for name, ratio in damaged.items()}
    caught, cried = (
        tuple(name for name, ratio in one.items() if ratio > 1) for one in (damaged, untouched)
    )
    found = share if set(caught) - set(cried) else 0  # what rings either way tells nobody apart
    stages = [Stage("checks", _CHECKS, found), Stage("training", _TRAINING, 0)]
    saved = _TRAINING - expected_cost(stages) - (look * (1 - found) if cried else 0)
    setting = (
        f"{damage}, {percent(size)}; weeks {weeks}; tolerance {slack:g} x\n"
        f"{percent(share)} damaged, a look costs {look:g} $"
    )
    sentence = _sentence(setting, caught, cried, saved)
    return ValidationView(setting, sizes, caught, cried, saved, sentence)


def plot_view(fig: LabFigure, view: ValidationView) -> str:
    """Draw a view into a figure; return the alt text."""
    return draw_check_sizes(fig, view.sizes, view.setting, _outcome(view.saved))


@lru_cache(maxsize=512)
def _measured(damage: str | None, size: float, slack: float, weeks: str) -> dict[str, float]:
    """{check: its largest ratio over the columns}. The undamaged snapshot is one for all sizes."""
    from labsupport.validation import DataPolicy, spoil, validate

    if damage is None and size != 1:
        return _measured(None, 1, slack, weeks)
    frame = _snapshot(weeks)
    if damage is not None:
        frame = spoil(frame, damage, _SEED, size).frame
    bounds = {name: slack * bound for name, bound in _tolerated().items()}
    policy = DataPolicy(false_alarm_rate=None, label=LABEL, schema=_schema(), **bounds)
    ratios: dict[str, float] = {}
    for check in validate(frame, _profile(), policy).checks:
        if check.name == "row count":
            continue
        ratios[check.name] = max(ratios.get(check.name, 0.0), _ratio(check))
    return dict(sorted(ratios.items(), key=lambda each: _ORDER.index(each[0])))


def _ratio(check: Finding) -> float:
    """The change divided by its bound; what was not measured has failed, whatever its value."""
    if check.passed is True:
        return float(check.value / check.bound) if check.bound else 0.0
    ratio = float(check.value / check.bound) if check.bound else math.inf
    return ratio if ratio > 1 else math.inf


@lru_cache(maxsize=1)
def _tolerated() -> dict[str, float]:
    """{bound: the largest change of any of the weeks 0 to 7 against the other seven}."""
    from labsupport.validation import DataPolicy, flights_frame, profile, validate
    from labsupport.validation.policy import BOUNDS

    most = dict.fromkeys(BOUNDS, 0.0)
    for week in _REFERENCE:
        rest = profile(flights_frame(set(_REFERENCE) - {week})[WATCHED], [LABEL])
        one = flights_frame([week])[WATCHED]
        for check in validate(one, rest, DataPolicy(false_alarm_rate=None, label=LABEL)).checks:
            if check.name in most:
                most[check.name] = max(most[check.name], check.value)
    return {bound: float(most[name]) for name, bound in BOUNDS.items()}


@lru_cache(maxsize=1)
def _profile() -> Profile:
    from labsupport.validation import flights_frame, profile

    return profile(flights_frame(_REFERENCE)[WATCHED], [LABEL])


@lru_cache(maxsize=1)
def _schema() -> object:
    """The lesson's schema: two domains, the label's rule, no missing values."""
    from labsupport.validation import flights_frame, profile, schema_of

    reference = flights_frame(_REFERENCE)
    return schema_of(
        profile(reference),
        domains={"hour": (5, 23), "origin": ["EWR", "JFK", "LGA"]},
        rules={"late is over 15 minutes": lambda f: f.late == (f.arr_delay > 15)},
        present=reference.columns,
    )


@lru_cache(maxsize=len(WEEKS))
def _snapshot(weeks: str) -> object:
    from labsupport.validation import flights_frame

    return flights_frame(WEEKS[weeks])


def _sentence(setting: str, caught: tuple, cried: tuple, saved: float) -> str:
    apart = ", ".join(name for name in caught if name not in cried)
    nothing = "No check fails for the damage alone" if cried else "No check finds the damage"
    found = f"The damage is found by {apart}" if apart else nothing
    alarm = "the undamaged snapshot passes"
    if cried:
        alarm = f"the undamaged snapshot fails as well, by {', '.join(cried)}"
    words = setting.replace("\n", "; ")
    return f"{found}; {alarm}. {words[0].upper()}{words[1:]}: {_outcome(saved)} per snapshot."


def _outcome(saved: float) -> str:
    return f"saves {saved:.2f} $" if saved >= 0 else f"costs {-saved:.2f} $"


PANEL = Panel(
    validation_view,
    plot_view,
    controls=(
        Choice("damage", "damage", DAMAGES),
        Slider("size", "rows that are hit", "%", 0.05, 1.0, 0.05, 100),
        Slider("slack", "tolerance", "x past weeks", 0.25, 4.0, 0.25),
        Choice("weeks", "weeks", tuple(WEEKS)),
        Slider("share", "damaged snapshots", "%", 0.0, 0.5, 0.01, 100),
        Slider("look", "a false alarm costs", "dollars", 0.0, 500.0, 10.0),
    ),
    presets={
        "This lesson": {},
        "A small damage": {"size": 0.1},
        "Strict": {"slack": 0.5},
        "Real drift": {"weeks": "24 and 25"},
        "What nothing sees": {"damage": "a leaked label"},
    },
)
validation_panel = PANEL.live
