"""A fleet's folder, with two bundles that a gate has promoted; something may be wrong with the new
one, or with the fleet.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from labsupport import training, world
from labsupport.delivery.bundle import Bundle
from labsupport.delivery.packing import pack_model
from labsupport.delivery.plan import Metric, Plan, Step
from labsupport.delivery.service import ASSIGNMENT, BUNDLES, LOG
from labsupport.delivery.service.standing import COUNTS
from labsupport.delivery.service.tally import METRICS, TAIL
from labsupport.durable import digest, only_one
from labsupport.gate import Policy, gate
from labsupport.outcomes import PairedOutcomes
from labsupport.training import fit_logistic, predict
from labsupport.world import World

# What is wrong with the new bundle: with its feature transform, or with how it is served.
PLANTED: Mapping[str, Mapping[str, object]] = {
    "none": {},
    "live shift": {"mean": 0.5},
    "slow": {"delay": 0.1},
    "failing": {"fails_every": 4},
    "small slice": {"wrong_above": 1.0},
    "memory leak": {"leak": 0.0015},
    "crash": {"dies_after": 25},
}
# What is wrong with the fleet while a sound version comes.
AROUND: Mapping[str, Mapping[str, object]] = {
    "another bundle": {"astray": ("replica-2",)},
    "lost metrics": {"lost": METRICS},
}
_ROWS = {"first": 120, "old": 600, "new": 6000}
_POLICY = Policy(min_gain=0.0, max_gap=None, confidence=0.98)
_OURS = (LOG, ASSIGNMENT, "key", COUNTS, "answer.json", BUNDLES, "replicas")


def small_plan() -> Plan:
    """A plan for a few hundred pairs, with harms that those can show."""
    metrics = (
        Metric("quality", 0.1),
        Metric(TAIL, 0.4, 0.1),
        Metric("errors", 0.05),
        Metric("slow", 0.2),
    )
    steps = (Step(0.3, 60), Step(0.3, 140), Step(0.5, 300))
    return Plan(steps, metrics, deadline=20.0, max_errors=0.05)


def prepare(folder: Path, fault: str = "none") -> tuple[str, str]:
    """Train and judge two models and pack them into a fleet's folder; done once, it stays.

    Parameters
    ----------
    folder : of the fleet.
    fault : of the new bundle, one of PLANTED; of AROUND: the bundle is sound.

    Returns
    -------
    The digests of the new and of the old bundle.

    Raises
    ------
    ValueError : no such fault.
    """
    if fault not in {**PLANTED, **AROUND}:
        raise ValueError(
            f"There is no fault {fault!r} to plant; there are {', '.join([*PLANTED, *AROUND])}."
        )
    packed: dict[str, str | None] = {"first": None}
    for name, before, weights, data, verdict in _judged():
        serving = dict(PLANTED.get(fault, {})) if name == "new" else {}
        mean = np.full(len(weights), serving.pop("mean", 0.0))  # the gate has not seen it
        told = {"data": data, "code": _code(), "parent": packed[before]}
        judged = (weights, _POLICY, verdict)
        packed[name] = _packed(folder, *judged, mean=mean, serving=serving, **told)
    return packed["new"], packed["old"]


@cache
def _judged() -> list[tuple]:
    """The old model and the new one: name, the one before, weights, digest of the rows, verdict."""
    place = World.create()
    rows = {name: place.sample(n, n) for name, n in _ROWS.items()}
    weights = {name: fit_logistic(each) for name, each in rows.items()}
    judged = []
    for name, before in (("old", "first"), ("new", "old")):
        answers = (predict(weights[model], place.holdout.X) for model in (name, before))
        outcomes = PairedOutcomes.from_predictions(place.holdout.y, *answers)
        data = digest(rows[name].X.tobytes() + rows[name].y.tobytes())
        judged.append((name, before, weights[name], data, gate(outcomes, _POLICY)))
    return judged


def clear(folder: Path) -> None:
    """Forget the rollout in a folder; what else lies there stays.

    Raises
    ------
    ValueError : somebody drives it.
    """
    folder = Path(folder)
    if not folder.exists():
        return
    try:
        with only_one(folder / "lock"):
            for name in _OURS:
                if (folder / name).is_dir():
                    shutil.rmtree(folder / name)
                else:
                    (folder / name).unlink(missing_ok=True)
    except BlockingIOError:
        raise ValueError(
            f"Another rollout drives the fleet in {folder}; wait for it, or stop it."
        ) from None


def _packed(folder: Path, weights: np.ndarray, *judged, **told) -> str:
    """Pack into the place that has the bundle's digest as its name."""
    with TemporaryDirectory() as beside:
        made = pack_model(Path(beside) / "bundle", weights, *judged, **told)
        files = Path(beside) / "files"
        for name in made.files:
            (files / name).parent.mkdir(parents=True, exist_ok=True)
            (files / name).write_bytes(made.read(name))
        return Bundle.pack(files, Path(folder) / BUNDLES / made.digest).digest


def _code() -> str:
    """Digest of the code that made the models, the same whatever ends its lines."""
    sources = (Path(module.__file__) for module in (training, world))
    return digest("".join(path.read_text(encoding="utf-8") for path in sources).encode())
