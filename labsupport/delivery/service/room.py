"""A whole rollout in a folder: two bundles, one of them with a planted fault; and where an answer
comes from.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from labsupport.delivery.bundle import Bundle, BundleError
from labsupport.delivery.model import load_model
from labsupport.delivery.packing import pack_model
from labsupport.delivery.plan import Metric, Plan, Step
from labsupport.delivery.rollout import Rollout
from labsupport.delivery.service.fleet import TAIL
from labsupport.durable import digest
from labsupport.gate import Policy, gate
from labsupport.outcomes import PairedOutcomes
from labsupport.training import fit_logistic, predict
from labsupport.world import World

LOG = "rollout.jsonl"
CODE = "0.1"
# What is wrong with the new bundle: in its weights, or in how it is served.
PLANTED: Mapping[str, Mapping[str, object]] = {
    "none": {},
    "live shift": {"weights": 1.0},
    "slow": {"delay": 0.1},
    "failing": {"fails_every": 4},
    "small slice": {"wrong_above": 1.0},
    "leak": {"leak": 0.05},
}


def small_plan() -> Plan:
    """A plan for a few hundred pairs, with harms that those can show."""
    metrics = (
        Metric("quality", 0.1),
        Metric(TAIL, 0.4, 0.1),
        Metric("errors", 0.05),
        Metric("slow", 0.2),
    )
    steps = (Step(0.2, 60), Step(0.2, 140), Step(0.5, 300))
    return Plan(steps, metrics, deadline=60.0, max_errors=0.05)


def prepare(folder: Path, fault: str = "none") -> tuple[str, str]:
    """Train and judge two models and pack them into a fleet's folder; done once, it stays.

    Parameters
    ----------
    folder : of the fleet.
    fault : of the new bundle, one of PLANTED.

    Returns
    -------
    The digests of the new and of the old bundle.

    Raises
    ------
    ValueError : no such fault.
    """
    if fault not in PLANTED:
        raise ValueError(f"There is no fault {fault!r} to plant; there are {', '.join(PLANTED)}.")
    world, policy = World.create(), Policy(min_gain=0.0, max_gap=None, confidence=0.98)
    rows = {name: world.sample(n, n) for name, n in (("new", 6000), ("old", 600), ("first", 120))}
    weights = {name: fit_logistic(each) for name, each in rows.items()}
    packed: dict[str, str | None] = {"first": None}
    for name, before in (("old", "first"), ("new", "old")):
        X, y = world.holdout.X, world.holdout.y
        answers = (predict(weights[model], X) for model in (name, before))
        verdict = gate(PairedOutcomes.from_predictions(y, *answers), policy)
        serving, sold = dict(PLANTED[fault]) if name == "new" else {}, weights[name]
        if noise := serving.pop("weights", 0):  # what the gate has not seen
            sold = sold + noise * np.random.default_rng(0).normal(size=len(sold))
        data = digest(rows[name].X.tobytes() + rows[name].y.tobytes())
        packed[name] = _packed(
            folder, sold, policy, verdict, data=data, parent=packed[before], serving=serving
        )
    return packed["new"], packed["old"]


def _packed(folder: Path, weights: np.ndarray, *judged, **told) -> str:
    """Pack into the place that has the bundle's digest as its name."""
    with TemporaryDirectory() as beside:
        made = pack_model(Path(beside) / "bundle", weights, *judged, code=CODE, **told)
        files = Path(beside) / "files"
        for name in made.files:
            (files / name).parent.mkdir(parents=True, exist_ok=True)
            (files / name).write_bytes(made.read(name))
        return Bundle.pack(files, Path(folder) / "bundles" / made.digest).digest


def trace(answer: Mapping[str, object], folder: Path) -> dict[str, object]:
    """Which run made an answer: its bundle, rows, code, parent and verdict, and the rollout that
    brought it.

    Parameters
    ----------
    answer : as a replica gave it.
    folder : of the fleet.

    Raises
    ------
    ValueError : no answer of this fleet, or one that was altered.
    """
    wanted = ("model", "data", "code")
    if not isinstance(answer, Mapping) or not all(isinstance(answer.get(k), str) for k in wanted):
        raise ValueError("That is no answer of a replica: it has no model, data and code.")
    name = answer["model"]
    place = Path(folder) / "bundles" / name
    if place.parent.parent != Path(folder) or not place.is_dir():
        raise ValueError(f"No bundle {name[:12]} was ever delivered to this fleet.")
    try:
        bundle = Bundle.open(place, name)
    except BundleError as error:
        raise ValueError(f"The bundle of that answer cannot be believed: {error}") from None
    model = load_model(bundle)
    if any(answer[key] != model.lineage[key] for key in ("data", "code")):
        raise ValueError("The answer was altered: its model was made from other rows or code.")
    verdict = json.loads(bundle.read("verdict.json"))
    told = {"model": name, **model.lineage, "verdict": verdict["reason"]}
    log = Path(folder) / LOG
    if log.exists():
        rollout = Rollout.open(log)
        role = {rollout.candidate: "new", rollout.baseline: "old"}.get(name, "neither")
        told |= {"role": role, "rollout": rollout.state}
    return told
