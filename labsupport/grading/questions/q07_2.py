"""07.2: triggers from signals that are late, with a cool-down for each cause."""

from __future__ import annotations

import numpy as np

from labsupport.grading.draws import on_edges
from labsupport.grading.exercise import Case, Question, mistake
from labsupport.grading.readers import Wrong, listed, parts_of, whole_number
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


def signals(n=12, until=40, late=1, codes=(0, 1, 2), cooldown=7):
    """So many signals up to a day, each known fewer than `late` days later."""

    def given(rng):
        days = np.sort(rng.integers(0, until, n))
        return days, rng.integers(0, late, n), rng.choice(codes, n), cooldown

    return given


NOTHING = np.array([], dtype=np.int64)
EDGES = {
    "a cool-down of zero days": signals(codes=(0, 1), cooldown=0),
    "a cool-down of zero days and late signals": signals(late=6, cooldown=0),
    "a cool-down of zero days and signals that come twice": lambda rng: (
        np.repeat([4, 9], 4),
        np.zeros(8, dtype=np.int64),
        np.tile([5, 5, 2, 2], 2),
        0,
    ),
    "a cause that is known on the first of all days": lambda rng: (
        np.array([0, 0, 3, 6, 9]),
        np.array([0, 0, 0, 0, 0]),
        np.array([0, 1, 0, 1, 0]),
        7,
    ),
    "a cool-down of one day": signals(n=25, until=20, cooldown=1),
    "a cool-down longer than all the days": signals(n=20, cooldown=500),
    "signals of a single day": signals(until=1),
    "signals that come twice": lambda rng: (
        np.repeat([3, 30], 4),
        np.zeros(8, dtype=np.int64),
        np.tile([5, 5, 2, 2], 2),
        9,
    ),
    "signals that overtake each other": lambda rng: (
        np.arange(0, 20),
        rng.permutation(np.arange(20, 0, -1) * 2),
        np.repeat([4], 20),
        6,
    ),
    "signals that are late by months": signals(late=200, n=40),
    "causes with other codes": signals(n=30, codes=(-1, 7, 40), late=4),
    "as many causes as signals": lambda rng: (
        np.sort(rng.integers(0, 9, 12)),
        rng.integers(0, 3, 12),
        rng.permutation(12),
        7,
    ),
    "a single signal": signals(n=1, late=5),
    "no signal at all": lambda rng: (NOTHING, NOTHING, NOTHING, 7),
}


def read(value) -> tuple[tuple[int, int], ...]:
    what = "one pair (day, cause) for each trigger"
    pairs = [parts_of(part) for part in listed(value, what)]
    if any(pair is None or len(pair) != 2 for pair in pairs):
        raise Wrong(f"the list holds something else than pairs; it should hold {what}.")
    not_whole = "a day or a cause is not a whole number; return them as they came."
    return tuple(
        tuple(whole_number(part, "day or cause", not_whole) for part in pair) for pair in pairs
    )


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
    if not case.expected:
        return f"There is nothing to start, on {case.about}."
    if sorted(said) == sorted(case.expected):
        return f"The triggers are right and their order is not, on {case.about}."
    return f"The triggers are others, on {case.about}; go through one cause by hand."


QUESTION = Question(
    "07.2",
    cases,
    read=read,
    same=lambda a, b: a == b,
    otherwise=otherwise,
    then=[on_edges(EDGES, case, otherwise)],
    verified="A signal counts from the day it is known, a cause rests after it fired, and no cause "
    "silences another one.",
    mistakes=[
        mistake(
            "pairs turned round",
            "Both values of each pair are right, but in the other order: the day comes first.",
            lambda *given: [(cause, day) for day, cause in right_answer(*given)],
        ),
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
