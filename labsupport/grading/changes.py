"""Ten kinds of changes that arrive at a pipeline, and what each leaves behind on its way: recorded
artefacts, drawn anew each time, from which a step can tell what is wrong, or cannot.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from labsupport.outcomes import PairedOutcomes

__all__ = ["DECLARED", "KINDS", "LUCKIEST", "Change", "Kind", "drawn"]

DECLARED = frozenset({"age", "clicks", "device", "hour", "minutes"})
_ROWS = {"day": 60_000, "evening": 39_400, "night": 600}
_CHAMPION = {"day": 0.94, "evening": 0.88, "night": 0.80}  # its accuracy
_CHURN = {"day": 0.02, "evening": 0.02, "night": 0.05}  # rows that change sides beside the gain
_GAIN, _AT_NIGHT = (0.010, 0.013), (0.010, 0.020)
LUCKIEST = 0.0035  # the largest gain of the baseline's own recipe over itself


@dataclass(frozen=True)
class Kind:
    """Changes with the same thing wrong with them, or with nothing.

    Attributes
    ----------
    name : a few words.
    share : of a hundred changes that arrive, how many are of this kind.
    good : whether it should reach the fleet.
    told : what is known about it, for people.
    gains : {slice: (low, high)}, between which the candidate's true gain lies, a share of rows.
    odd : what else is not as usual: "columns", "labels", "rows", "latency" or "live".
    """

    name: str
    share: int
    good: bool
    told: str
    gains: Mapping[str, tuple[float, float]]
    odd: str = ""


def _everywhere(low: float, high: float) -> dict[str, tuple[float, float]]:
    return dict.fromkeys(_ROWS, (low, high))


_BETTER = {"day": _GAIN, "evening": _GAIN, "night": _AT_NIGHT}

KINDS = (
    Kind("better", 40, True, "gains 1.0 to 1.3 points, more at night", _BETTER),
    Kind(
        "better, not at night",
        22,
        True,
        "the same, and at night, when all do worse, a few rows fewer",
        {**_BETTER, "night": (-0.005, -0.0017)},
    ),
    Kind(
        "forbidden column",
        2,
        False,
        "uses a column nobody declared, and gains 3 points or more by it",
        _everywhere(0.03, 0.04),
        "columns",
    ),
    Kind(
        "poisoned labels",
        12,
        False,
        "one class is nearly gone from the snapshot; loses 3 points",
        _everywhere(-0.04, -0.03),
        "labels",
    ),
    Kind(
        "lucky seed",
        10,
        False,
        "the baseline's recipe again: 50 retrainings gain up to 0.35",
        {"day": (0.0031, LUCKIEST), "evening": (0.0031, LUCKIEST), "night": (0.0, 0.0033)},
    ),
    Kind(
        "cut short",
        4,
        False,
        "400 rows came back from the evaluation, 7 of them better; or none",
        {"day": (0.0125, 0.0167), "evening": (0.025, 0.025), "night": (0.0, 0.0)},
        "rows",
    ),
    Kind(
        "worse by day",
        4,
        False,
        "gains 1.0 to 1.5 in all, and by day loses 1.5 to 2",
        {"day": (-0.02, -0.015), "evening": (0.055, 0.06), "night": (0.0, 0.005)},
    ),
    Kind(
        "worse at night",
        2,
        False,
        "gains 1 point in all, and at night loses 8 to 10",
        {**_BETTER, "night": (-0.10, -0.08)},
    ),
    Kind("slow", 2, False, "gains 1 point, and answers in 300 ms", _BETTER, "latency"),
    Kind("worse when live", 2, False, "gains 1 point on the holdout alone", _BETTER, "live"),
)


@dataclass(frozen=True, eq=False)
class Change:
    """One change, and what is recorded of it.

    Attributes
    ----------
    kind : what it is; no step looks at that.
    columns : of its snapshot.
    labels : rows of either class in its snapshot, two ints; as many of each are usual.
    tenth : accuracy of a model that was trained on a tenth of the snapshot.
    outcomes : candidate and baseline on the holdout, with slices "day", "evening" and "night"; None
        where the evaluation left nothing.
    milliseconds : (n,) float array, answers to requests whose answers nobody saw.
    reviewed : {slice: (worse, better)}, answers of either version that people read.
    live : (n, worse, better), pairs of requests: in all, and those in which one version failed.
    """

    kind: Kind
    columns: frozenset[str]
    labels: tuple[int, int]
    tenth: float
    outcomes: PairedOutcomes | None
    milliseconds: np.ndarray
    reviewed: Mapping[str, tuple[int, int]]
    live: tuple[int, int, int]


def drawn(rng: np.random.Generator) -> list[Change]:
    """Two changes of each kind: one at each end of what is known about it.

    How many rows change sides is one draw for all, so that equal gains make equal tables, which the
    gate judges once.
    """
    churn = {name: share * float(rng.uniform(1, 1.2)) for name, share in _CHURN.items()}
    return [_change(kind, at, churn, rng) for kind in KINDS for at in (0, 1)]


def _change(kind: Kind, at: int, churn: Mapping[str, float], rng) -> Change:
    gains = {name: ends[at] for name, ends in kind.gains.items()}
    rows = {"day": 240, "evening": 158, "night": 2} if kind.odd == "rows" else _ROWS
    parts = {name: _part(rows[name], name, gain, churn[name]) for name, gain in gains.items()}
    whole = [sum(cells) for cells in zip(*(part.cells for part in parts.values()), strict=True)]
    typical = 300 if kind.odd == "latency" else 120
    return Change(
        kind,
        DECLARED | {"nationality"} if kind.odd == "columns" else DECLARED,
        (9_200, 800) if kind.odd == "labels" else (int(rng.integers(4_800, 5_200)), 5_000),
        float(rng.uniform(0.6, 0.7) if kind.odd == "labels" else rng.uniform(0.90, 0.92)),
        None if kind.odd == "rows" and at == 1 else PairedOutcomes(*whole, slices=parts),
        np.sort(rng.normal(typical, 15, 2_000)),
        dict(_reviewed(gains, rng)),
        (20_000, int(rng.integers(140, 160) if kind.odd == "live" else rng.integers(60, 70)), 75),
    )


def _part(n: int, name: str, gain: float, churn: float) -> PairedOutcomes:
    """The table of a slice: the gain to a row, and beside it the churn."""
    net = round(gain * n)
    worse = round(churn * n / 2) + max(0, -net)
    right = round(_CHAMPION[name] * n)
    return PairedOutcomes(right - worse, worse + net, worse, n - right - worse - net)


def _reviewed(gains: Mapping[str, float], rng) -> Iterator[tuple[str, tuple[int, int]]]:
    """2,000 answers of each slice: who was worse follows the gain, beside a few on either side."""
    for name, gain in gains.items():
        few, net = int(rng.integers(8, 12)), round(2_000 * gain)
        yield name, (few + max(0, -net), few + max(0, net))
