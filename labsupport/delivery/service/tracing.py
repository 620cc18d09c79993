"""Where an answer comes from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from labsupport.delivery.bundle import Bundle
from labsupport.delivery.model import load_model
from labsupport.delivery.rollout import Rollout
from labsupport.delivery.service import BUNDLES, LOG
from labsupport.delivery.service.seal import KEY, fleet_key, is_whole

_NAMES = ("id", "answer", "replica", "model", "data", "code", "seal")


def trace(answer: object, folder: Path) -> dict[str, object]:
    """Which run made an answer: its bundle, rows, code, parent and verdict, and the rollout that
    brought it.

    Parameters
    ----------
    answer : as a replica gave it.
    folder : of the fleet.

    Raises
    ------
    ValueError : no answer of this fleet, or one that was altered; or its bundle was altered, or is
        gone (BundleError).
    """
    folder = Path(folder)
    if not ((folder / LOG).exists() and (folder / KEY).exists()):
        raise ValueError(f"No fleet has answered from {folder}; name the folder of the fleet.")
    if not isinstance(answer, Mapping) or not set(_NAMES) <= set(answer):
        raise ValueError(f"That is no answer of a replica, which has {', '.join(_NAMES)}.")
    if not is_whole(answer, fleet_key(folder)):
        raise ValueError("The answer was altered, or another fleet gave it: its seal is broken.")
    digest = str(answer["model"])
    rollout = Rollout.open(folder / LOG)
    role = {rollout.candidate: "new", rollout.baseline: "old"}.get(digest)
    if role is None:
        raise ValueError(f"The rollout in {folder} knows no bundle {digest[:12]}; ask its own log.")
    bundle = Bundle.open(folder / BUNDLES / digest, digest)
    verdict = json.loads(bundle.read("verdict.json"))
    told = {"model": digest, "role": f"the {role} version", **load_model(bundle).lineage}
    told |= {"verdict": verdict["reason"], "rollout": rollout.state}
    return told | {"because": str(rollout.events[-1].get("reason", "it has begun"))}
