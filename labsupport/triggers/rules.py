"""When to train: signals of four kinds, and the rules that make triggers of them. A trigger starts
a training; nothing here can deploy.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

SCHEDULE, VOLUME, DEGRADATION, INPUTS = "schedule", "volume", "degradation", "inputs"


@dataclass(frozen=True)
class Signal:
    """One reason to train, on the day on which it could be known.

    Attributes
    ----------
    day : counted from the start of the stream; of a label that is late, the day of its arrival.
    cause : "schedule", "volume", "degradation", "inputs", or another name.
    reason : the same for people, with the numbers.
    """

    day: int
    cause: str
    reason: str


@dataclass(frozen=True)
class Trigger:
    """A training that is asked for.

    Attributes
    ----------
    day : on which it starts.
    causes : each once, in the order in which they came.
    reason : why, for people.
    """

    day: int
    causes: tuple[str, ...]
    reason: str


def due(today: Iterable[Signal], fired: Mapping[str, int], cooldown: int) -> Trigger | None:
    """The one trigger that a day's signals make, or None.

    A cause that fired rests until `cooldown` days have passed; it silences no other cause. Several
    causes are one trigger, and a signal that was delivered twice is one signal.

    Parameters
    ----------
    today : signals of one day.
    fired : {cause: the day on which it fired last}.
    cooldown : days, 0 for none.

    Raises
    ------
    ValueError : a cooldown below 0, or signals of several days.
    """
    if cooldown < 0:
        raise ValueError(f"cooldown counts days, zero or more; got {cooldown!r}.")
    signals = list(today)
    if len({signal.day for signal in signals}) > 1:
        raise ValueError("These signals are of several days; ask for each day on its own.")
    awake = {
        signal.cause: signal
        for signal in reversed(signals)
        if signal.cause not in fired or signal.day - fired[signal.cause] >= cooldown
    }
    first = [awake[cause] for cause in dict.fromkeys(s.cause for s in signals) if cause in awake]
    if not first:
        return None
    reason = "; ".join(signal.reason for signal in first)
    return Trigger(first[0].day, tuple(signal.cause for signal in first), reason)


def triggers(signals: Iterable[Signal], cooldown: int) -> list[Trigger]:
    """The triggers of a whole stream of signals, in the order of their days.

    Parameters
    ----------
    signals : in any order, since labels are late and messages overtake each other.
    cooldown : days that a cause rests after it fired.

    Raises
    ------
    ValueError : a cooldown below 0.
    """
    by_day: dict[int, list[Signal]] = {}
    for signal in signals:
        by_day.setdefault(signal.day, []).append(signal)
    made, fired = [], {}
    for day in sorted(by_day):
        trigger = due(by_day[day], fired, cooldown)
        if trigger is not None:
            made.append(trigger)
            fired |= dict.fromkeys(trigger.causes, day)
    return made
