"""What can go wrong in the loop, planted where it would come from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from labsupport.ops.loop.policy import BUNDLE, CANARY, CHECKS, GATE, SEGMENTS
from labsupport.ops.loop.rows import DAY_0, Snapshot, until
from labsupport.triggers import flight_stream

NONE, SKEWED, STALE, POISONED = "none", "skewed logs", "stale shard", "poisoned labels"
SLOW, OTHER = "latency regression", "another bundle"
PLANTED = 105  # the day whose evening has the training that the gate promotes when nothing is wrong
IN_ROWS = (SKEWED, STALE, POISONED)


@dataclass(frozen=True)
class Kind:
    """One of the faults.

    Attributes
    ----------
    words : what happens, for people.
    meant_for : the stage that an engineer would expect to catch it; the loop finds out.
    """

    words: str
    meant_for: str | None


FAULTS = {
    NONE: Kind("nothing is wrong", None),
    SKEWED: Kind(
        "of FL's arrivals on time nineteen in twenty were never logged, so the airline looks "
        "nearly always late",
        SEGMENTS,
    ),
    STALE: Kind("in place of the last four weeks' shard January's was loaded once more", CHECKS),
    POISONED: Kind("of the labels of MQ seven in ten are flipped", GATE),
    SLOW: Kind(
        "with a replica's full load the new version takes half as long again as the old one", CANARY
    ),
    OTHER: Kind(
        "one of four replicas pulls last year's bundle, for which airlines were numbered otherwise",
        BUNDLE,
    ),
}
SLOWER = 0.5  # by what part, at a replica's full load
_MISSED, _FLIPPED, _SHARD = 0.95, 0.7, 28  # shares of rows; days of the stale shard
_SEED = 2013


def check_fault(fault: str) -> str:
    """The fault, if there is such a one; ValueError otherwise."""
    if fault not in FAULTS:
        raise ValueError(f"There is no fault {fault!r}; there are {', '.join(FAULTS)}.")
    return fault


@cache
def snapshot(day: int, fault: str = NONE) -> Snapshot:
    """All rows until the end of a day, as a fault leaves them."""
    rows, stream = until(day), flight_stream()
    late, rng = stream.late[rows], np.random.default_rng([_SEED, day])
    if fault == SKEWED:
        lost = (_airline("FL")[rows] & (late == 0)) & (rng.random(len(rows)) < _MISSED)
        return Snapshot(rows[~lost], late[~lost])
    if fault == STALE:
        age = DAY_0 + day - 1 - stream.day[rows]  # in days; 0: of the last day
        rows = np.sort(np.concatenate([rows[age >= _SHARD], rows[stream.day[rows] < _SHARD]]))
        return Snapshot(rows, stream.late[rows])
    if fault == POISONED:
        hit = _airline("MQ")[rows] & (rng.random(len(rows)) < _FLIPPED)
        return Snapshot(rows, np.where(hit, 1 - late, late))
    return Snapshot(rows, late)


def renumbered(weights: np.ndarray) -> np.ndarray:
    """A model for which the airlines had other numbers: each gets its neighbour's weight."""
    airlines = int(flight_stream().columns["carrier"].max())
    moved = weights.copy()
    moved[1 : 1 + airlines] = np.roll(weights[1 : 1 + airlines], 1)
    return moved


def _airline(name: str) -> np.ndarray:
    from labsupport.validation.frames import CARRIERS

    return flight_stream().columns["carrier"] == CARRIERS.index(name)
