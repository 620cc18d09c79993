"""Packing a model that the gate has promoted, with all that led to it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from labsupport.delivery.bundle import Bundle
from labsupport.delivery.folder import BundleError
from labsupport.delivery.model import are_usable, is_lineage
from labsupport.durable import replace_whole
from labsupport.gate import Policy, Verdict, conclude

RUNTIME = {"python": ">=3.11", "numpy": ">=2.3,<3"}


def pack_model(
    target: Path,
    weights,
    policy: Policy,
    verdict: Verdict,
    *,
    data: str,
    code: str,
    parent: str | None = None,
    mean=None,
    scale=None,
    serving: Mapping[str, object] | None = None,
) -> Bundle:
    """Put a model that the gate has promoted into a bundle.

    Parameters
    ----------
    target : the bundle's folder.
    weights : (d,), all finite.
    policy, verdict : what the gate was asked, and said.
    data, code, parent : digest of the rows, version of the code, digest of the bundle before.
    mean, scale : (d,) feature transform; None: as they come.
    serving : how it is served, plain JSON values.

    Raises
    ------
    BundleError : the verdict is not "promote", or it made no check.
    ValueError : numbers that are not finite, or of different lengths.
    """
    lineage = {"data": data, "code": code, "parent": parent}
    _check(verdict, lineage)
    weights = np.asarray(weights, float)
    mean = np.zeros(weights.shape) if mean is None else np.asarray(mean, float)
    scale = np.ones(weights.shape) if scale is None else np.asarray(scale, float)
    if not are_usable(weights, mean, scale):
        raise ValueError(
            "Weights, mean and scale must be finite numbers, one of each for every feature, and no "
            "scale 0; look at how they were fitted."
        )
    said = [[c.name, c.slice, _hex(c.value), c.passed, c.sentence] for c in verdict.checks]
    parts = {
        "weights": [_hex(w) for w in weights],
        "transform": {"mean": [_hex(m) for m in mean], "scale": [_hex(s) for s in scale]},
        "runtime": RUNTIME,
        "serving": dict(serving or {}),
        "policy": {f.name: _plain(getattr(policy, f.name)) for f in fields(policy)},
        "verdict": {"decision": verdict.decision, "reason": verdict.reason, "checks": said},
        "lineage": lineage,
    }
    return _packed(parts, target)


def _check(verdict: Verdict, lineage: Mapping[str, object]) -> None:
    if verdict.decision != "promote" or conclude(verdict.checks).decision != "promote":
        raise BundleError(
            f"The gate has said {verdict.decision!r}, with {len(verdict.checks)} checks; pack what "
            "it promotes, with all its checks passed."
        )
    if not is_lineage(lineage):
        raise ValueError(f"Data, code and parent must be texts, the parent or None; got {lineage}.")


def _packed(parts: Mapping[str, object], target: Path) -> Bundle:
    """A bundle of JSON files, each written in the one way."""
    with TemporaryDirectory() as folder:
        for name, part in parts.items():
            text = json.dumps(part, sort_keys=True, indent=1, allow_nan=False)
            replace_whole(Path(folder) / f"{name}.json", f"{text}\n".encode())
        return Bundle.pack(Path(folder), target)


def _hex(number: float) -> str:
    """A float as text that is the same, and exact, on every machine."""
    return float(number).hex()


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return {("..." if key is ... else str(key)): _plain(bound) for key, bound in value.items()}
    return value if value is None else str(value)
