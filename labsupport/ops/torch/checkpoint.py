"""Where a training stands, as a small file: a killed training goes on from it, bit for bit."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from labsupport.durable import digest, replace_whole


@dataclass(frozen=True)
class Checkpoint:
    """The weights after some steps.

    Attributes
    ----------
    step : how many gradient steps were made.
    weights : (d,) float array.
    lineage : digest of the lineage that is being trained.
    """

    step: int
    weights: np.ndarray
    lineage: str

    def save(self, path: Path) -> None:
        """Write it, whole or not at all, with a digest of what it says."""
        told = {
            "step": self.step,
            "weights": [float(weight).hex() for weight in self.weights],
            "lineage": self.lineage,
        }
        replace_whole(Path(path), _sealed(told))


def read_checkpoint(path: Path, lineage: str) -> Checkpoint | None:
    """Where the training of a lineage stands; None where it has not begun.

    Raises
    ------
    ValueError : the file was altered or cut, or is of another lineage: going on from it would
        make a model of something else.
    """
    try:
        data = Path(path).read_bytes()
    except FileNotFoundError:
        return None
    name = Path(path).name
    try:
        told = json.loads(data)
        told.pop("digest")
        whole = _sealed(told) == data
        made = Checkpoint(
            int(told["step"]),
            np.array([float.fromhex(weight) for weight in told["weights"]]),
            told["lineage"],
        )
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
        whole = False
    if not whole:
        raise ValueError(f"{name} was altered or cut; delete it, and training begins anew.")
    if made.lineage != lineage:
        raise ValueError(
            f"{name} is of lineage {str(made.lineage)[:12]}, and this run's is {lineage[:12]}; "
            "delete it, and training begins anew."
        )
    return made


def _sealed(told: dict[str, object]) -> bytes:
    """What stands in the file: what is told, and the digest of it."""
    inside = json.dumps(told, sort_keys=True).encode()
    return f"{json.dumps({**told, 'digest': digest(inside)}, sort_keys=True)}\n".encode()
