"""What stands in a fleet's folder: the order that is followed, and what was counted so far. Whoever
comes after a kill goes on from there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from labsupport.delivery.service import ASSIGNMENT
from labsupport.delivery.service.tally import Tally
from labsupport.delivery.states import Assignment
from labsupport.durable import replace_whole

COUNTS = "counts.json"


def standing_order(folder: Path, names: list[str]) -> Assignment | None:
    """The order that stands; None: there was none yet.

    Parameters
    ----------
    folder : of the fleet.
    names : of its replicas.

    Raises
    ------
    ValueError : it is no order, or one for another number of replicas.
    """
    told = _read(folder / ASSIGNMENT)
    if told is None:
        return None
    try:
        replicas, order = told.pop("replicas"), Assignment(**told)
    except (KeyError, TypeError):
        raise ValueError(_damaged(ASSIGNMENT)) from None
    if sorted(replicas) != names:
        raise ValueError(
            f"The fleet in {folder} has {len(replicas)} replicas, not {len(names)}; go on with "
            "that number, or forget it with --again."
        )
    return order


def write_order(folder: Path, order: Assignment, replicas: Mapping[str, str]) -> None:
    """From now on it stands.

    Parameters
    ----------
    folder : of the fleet.
    order : what the fleet has to be like.
    replicas : {name: digest of the bundle that it has to serve}.
    """
    told = asdict(order) | {"replicas": dict(replicas)}
    replace_whole(folder / ASSIGNMENT, json.dumps(told).encode())


def save_counts(folder: Path, minute: int, threshold: float | None, tally: Tally) -> None:
    """Keep what was counted; see counts_so_far."""
    told = {"minute": minute, "threshold": threshold, "tally": asdict(tally)}
    replace_whole(folder / COUNTS, json.dumps(told).encode())


def counts_so_far(folder: Path) -> tuple[int, float | None, Tally]:
    """The minute, the threshold of what is slow, and the counts.

    Raises
    ------
    ValueError : what is there are no counts.
    """
    told = _read(folder / COUNTS)
    if told is None:
        return 0, None, Tally()
    try:
        return int(told["minute"]), told["threshold"], Tally(**told["tally"])
    except (KeyError, TypeError):
        raise ValueError(_damaged(COUNTS)) from None


def _read(path: Path) -> dict | None:
    if not path.exists():
        return None
    try:
        told = json.loads(path.read_bytes())
    except ValueError:
        told = None
    if not isinstance(told, dict):
        raise ValueError(_damaged(path.name))
    return told


def _damaged(name: str) -> str:
    return f"The fleet's {name} is damaged; restore it, or start anew with --again."
