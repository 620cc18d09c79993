"""07.2: triggers from signals that are late, with a cool-down for each cause."""

from __future__ import annotations

import numpy as np

from labsupport.grading.exercise import Case, Question, Round, mistake
from labsupport.grading.questions.q07_1 import listed
from labsupport.grading.readers import Wrong, number
from labsupport.triggers import Signal, triggers


def right_answer(days, delays, causes, cooldown):
    signals = [
        Signal(int(day + delay), int(cause), "")
        for day, delay, cause in zip(days, delays, causes, strict=True)
    ]
    made = triggers(signals, cooldown)
    return [(trigger.day, cause) for trigger in made for cause in sorted(trigger.causes)]


def case(about, days, delays, causes, cooldown) -> Case:
    given = np.array(days), np.array(delays), np.array(causes), cooldown
    return Case(about, given, tuple(right_answer(*given)))


def cases(rng) -> list[Case]:
    drawn = []
    for cooldown in (5, 9, 14):
        n = 30
        days, causes = np.sort(rng.integers(0, 90, n)), rng.integers(0, 3, n)
        drawn.append(case("signals of several causes", days, 0 * days, causes, cooldown))
        delays = rng.integers(0, 25, n)
        drawn.append(case("signals that are late", days, delays, causes, cooldown))
        drawn.append(_edge(rng, cooldown))
        steady = np.arange(0, 80, 2) + int(rng.integers(0, 9))
        drawn.append(case("a cause that goes on", steady, 0 * steady, 0 * steady, cooldown))
    return drawn


def _edge(rng, cooldown: int) -> Case:
    """Signals on the last day of the rest, on the day it is over, and two causes on one day."""
    start = int(rng.integers(0, 30))
    days = [start, start, start + 1, start + cooldown - 1, start + cooldown, start + cooldown]
    delays, causes = [0, 0, 3, 0, 0, 0], [1, 1, 2, 1, 1, 0]
    return case("signals at the edge of a rest", days, delays, causes, cooldown)


def awake(rng) -> list[Case]:
    days = np.sort(rng.integers(0, 40, 12))
    nothing = np.array([], dtype=np.int64)
    return [
        case("a cool-down of zero days", days, 0 * days, rng.integers(0, 2, 12), 0),
        case("no signal at all", nothing, nothing, nothing, 7),
    ]


def read(value) -> tuple[tuple[int, int], ...]:
    what = "one pair (day, cause) for each trigger"
    pairs = [listed(part, what) for part in listed(value, what)]
    if any(len(pair) != 2 for pair in pairs):
        raise Wrong(f"the list holds something else than pairs; it should hold {what}.")
    plain = [tuple(number(part, "day or cause") for part in pair) for pair in pairs]
    if not all(type(part) is int for pair in plain for part in pair):
        raise Wrong("a day or a cause is not a whole number; return them as they came.")
    return tuple(plain)


def walk(known=None, same_cause=True, rest_from_signal=False, late=1, order=True, once=True):
    """The right rule, with one thing after the other done otherwise.

    Parameters
    ----------
    known : known(day, delay) -> the day on which a signal counts. None: day + delay.
    same_cause : a cause silences itself only.
    rest_from_signal : the rest starts anew with each signal, not with each trigger.
    late : by how many days the rest is compared: 1 for at least the cool-down, 0 for more than it.
    order : signals are looked at in the order in which they become known.
    once : a signal that comes twice on a day is one.
    """
    known = known or (lambda day, delay: day + delay)

    def answer(days, delays, causes, cooldown):
        came = [
            (int(known(day, delay)), int(cause))
            for day, delay, cause in zip(days, delays, causes, strict=True)
        ]
        last, found = {}, []
        for day, cause in sorted(came) if order else came:
            key = cause if same_cause else "any"
            rested = key not in last or day - last[key] > cooldown - late
            again = once and (day, cause) in found
            if rested and not again:
                found.append((day, cause))
            if rested or rest_from_signal:
                last[key] = day
        return found

    return answer


def otherwise(case: Case, said) -> str:
    if sorted(said) == sorted(case.expected):
        return f"The triggers are right and their order is not, on {case.about}."
    return f"The triggers are others, on {case.about}; go through one cause by hand."


QUESTION = Question(
    "07.2",
    cases,
    read=read,
    same=lambda a, b: a == b,
    otherwise=otherwise,
    then=[Round(awake, (), otherwise)],
    verified="A signal counts from the day it is known, a cause rests after it fired, and no cause "
    "silences another one.",
    mistakes=[
        mistake(
            "a second cause is swallowed",
            "One cause silences another one here; after a drift alarm the volume of new labels is "
            "still news.",
            walk(same_cause=False),
        ),
        mistake(
            "delays ignored",
            "A signal counts on the day that it is about; nobody knew of it before its delay was "
            "over.",
            walk(known=lambda day, delay: day),
        ),
        mistake(
            "in the order given",
            "Signals are taken in the order in which they are given; late ones become known in "
            "another order.",
            walk(order=False),
        ),
        mistake(
            "each signal prolongs the rest",
            "A signal that starts nothing prolongs the rest here, so a cause that goes on is never "
            "heard again.",
            walk(rest_from_signal=True),
        ),
        mistake(
            "one day too long",
            "The rest lasts a day too long: once the cool-down has passed, a cause may fire.",
            walk(late=0),
        ),
        mistake(
            "one day too short",
            "The rest ends a day too early: the whole cool-down has to pass.",
            walk(late=2),
        ),
        mistake(
            "no rest",
            "No cause ever rests here; one bad week would start a training every day.",
            lambda days, delays, causes, cooldown: walk()(days, delays, causes, 0),
        ),
        mistake(
            "once and never again",
            "A cause fires once and then never again; its rest ends when the cool-down has passed.",
            lambda days, delays, causes, cooldown: walk()(days, delays, causes, 10**6),
        ),
        mistake(
            "days they are about returned",
            "The days are those that the signals are about; a training starts on the day on which "
            "it is known why.",
            lambda days, delays, causes, cooldown: [
                (int(day), cause)
                for known, cause in right_answer(days, delays, causes, cooldown)
                for day in days[(days + delays == known) & (causes == cause)][:1]
            ],
        ),
    ],
)
