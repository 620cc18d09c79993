"""A candidate, from its trigger to its end, and where its model and bundle are kept."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from labsupport.delivery import pack_model
from labsupport.durable import digest, replace_whole
from labsupport.gate import Policy, Verdict
from labsupport.ops.loop.faults import NONE
from labsupport.ops.loop.rows import Scored, Snapshot, first
from labsupport.triggers import Line, Lineage

CODE = "labsupport.triggers.fit"
MODELS, BUNDLES = KEPT = ("models", "bundles")  # what a workshop has in its folder
_PACKED: dict[tuple, str] = {}  # bundles that this process has packed, where none is kept


@dataclass
class Attempt:
    """A candidate.

    Attributes
    ----------
    lineage : what it is made of; its name is the lineage's.
    day : on whose evening its rows were taken.
    reason : the trigger's.
    fault : what is wrong with it, which no stage knows.
    faulty : whether it is the one that a fault was planted in.
    verdict : the gate's; against, line: the line that it judged, and the one that follows.
    bundle : digest, once it is packed.
    """

    lineage: Lineage
    day: int
    reason: str
    fault: str = NONE
    faulty: bool = False
    verdict: Verdict | None = None
    against: Line | None = None
    line: Line | None = None
    bundle: str | None = None

    @property
    def name(self) -> str:
        """Of the candidate."""
        return self.lineage.name


def lineage_of(rows: Snapshot, reason: str, parent: str | None) -> Lineage:
    """What a model of some rows is made of."""
    configuration = {"weeks": "all", "ridge": 1.0}
    return Lineage(rows.digest, rows.weeks, reason, CODE, configuration, parent)


class Workshop:
    """Where models are trained and bundles packed: in memory, or in a folder, in which a model is
    not trained twice.

    Parameters
    ----------
    folder : of the bundles.
    keep : whether a model is kept there, too.

    Attributes
    ----------
    trained : how many trainings there were in this process.
    """

    def __init__(self, folder: Path, keep: bool) -> None:
        self._folder, self._keep, self.trained = Path(folder), keep, 0

    def model(self, name: str, rows: Snapshot) -> Scored:
        """The model of some rows."""
        if not self._keep:
            return fitted(rows)
        place = self._folder / MODELS / f"{name}.json"
        if not place.exists():
            self.trained += 1
            weights = [float(weight).hex() for weight in fitted(rows).weights]
            replace_whole(place, json.dumps({"weights": weights, "lineage": name}).encode())
        told = json.loads(place.read_bytes())
        return Scored(np.array([float.fromhex(weight) for weight in told["weights"]]))

    def pack(self, attempt: Attempt, model: Scored, policy: Policy, parent: str | None) -> str:
        """Pack a candidate that the gate has promoted; the bundle's digest."""
        checks = tuple(check.sentence for check in attempt.verdict.checks)
        same = (attempt.name, parent, policy, checks)
        if not self._keep and same in _PACKED:
            return _PACKED[same]
        target = self._folder / BUNDLES / attempt.name[:16]
        target.parent.mkdir(parents=True, exist_ok=True)
        bundle = pack_model(
            target,
            model.weights,
            policy,
            attempt.verdict,
            data=attempt.lineage.data,
            code=CODE,
            parent=parent,
        )
        _PACKED[same] = bundle.digest
        return bundle.digest


@cache
def fitted(rows: Snapshot) -> Scored:
    """The model of some rows, trained once in a process."""
    return Scored(rows.fit())


@cache
def first_name() -> str:
    """The name of the first day's champion."""
    return lineage_of(first(), "the first champion", None).name


def first_bundle() -> str:
    """What stands for the digest of its bundle, which nobody judged against another."""
    return digest(first_name().encode())
