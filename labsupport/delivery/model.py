"""What is in a model's bundle: weights, feature transform, runtime, serving config, lineage, and
the policy and verdict that let it pass.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from labsupport.checks import Check
from labsupport.delivery.bundle import Bundle, BundleError
from labsupport.durable import replace_whole
from labsupport.gate import Policy, Verdict
from labsupport.training import predict

RUNTIME = {"python": ">=3.11", "numpy": ">=2.3,<3"}
PARTS = ("weights", "transform", "runtime", "serving", "policy", "verdict", "lineage")


@dataclass(frozen=True)
class Model:
    """A model that can answer, made of verified bytes.

    Attributes
    ----------
    weights : (d,) of the logistic regression.
    mean, scale : (d,) of the features: (X - mean) / scale is what the weights are for.
    serving : {name: value}, how it is served.
    lineage : {"data": digest of the snapshot, "code": version, "parent": digest or None}.
    digest : of its bundle.
    """

    weights: np.ndarray
    mean: np.ndarray
    scale: np.ndarray
    serving: Mapping[str, object]
    lineage: Mapping[str, str | None]
    digest: str

    def predict(self, X) -> np.ndarray:
        """(n,) answers of 0 and 1 for (n, d) features.

        Raises
        ------
        ValueError : a logit is NaN, or X has other features.
        """
        X = np.asarray(X, float)
        if X.ndim != 2 or X.shape[1] != len(self.weights):
            raise ValueError(f"This model wants {len(self.weights)} features a row; got {X.shape}.")
        return predict(self.weights, (X - self.mean) / self.scale)


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
    if verdict.decision != "promote" or not verdict.checks:
        raise BundleError(
            f"The gate has said {verdict.decision!r}; only what it promotes is packed."
        )
    weights = np.asarray(weights, float)
    mean = np.zeros(weights.shape) if mean is None else np.asarray(mean, float)
    scale = np.ones(weights.shape) if scale is None else np.asarray(scale, float)
    numbers = np.array([weights, mean, scale])  # refuses other lengths
    if weights.ndim != 1 or not np.isfinite(numbers).all() or not scale.all():
        raise ValueError("Weights, mean and scale are rows of finite numbers, no scale 0.")
    said = [[c.name, c.slice, _hex(c.value), c.passed, c.sentence] for c in verdict.checks]
    parts = {
        "weights": [_hex(w) for w in weights],
        "transform": {"mean": [_hex(m) for m in mean], "scale": [_hex(s) for s in scale]},
        "runtime": RUNTIME,
        "serving": dict(serving or {}),
        "policy": {f.name: _plain(getattr(policy, f.name)) for f in fields(policy)},
        "verdict": {"decision": verdict.decision, "reason": verdict.reason, "checks": said},
        "lineage": {"data": data, "code": code, "parent": parent},
    }
    with TemporaryDirectory() as folder:
        for name, part in parts.items():
            text = json.dumps(part, sort_keys=True, indent=1, allow_nan=False)
            replace_whole(Path(folder) / f"{name}.json", f"{text}\n".encode())
        return Bundle.pack(Path(folder), target)


def load_model(bundle: Bundle) -> Model:
    """The model in a bundle, from bytes that are verified as they are read.

    Raises
    ------
    BundleError : a part is missing, was changed, or is none.
    """
    parts = {}
    for name in PARTS:
        try:
            parts[name] = json.loads(bundle.read(f"{name}.json"))
        except (ValueError, RecursionError) as error:
            if isinstance(error, BundleError):
                raise
            raise BundleError(f"{bundle.path.name}: {name}.json is no JSON.") from None
    try:
        weights, mean, scale = (
            np.array([float.fromhex(number) for number in row])
            for row in (parts["weights"], parts["transform"]["mean"], parts["transform"]["scale"])
        )
        lineage = {key: parts["lineage"][key] for key in ("data", "code", "parent")}
        serving, promoted = dict(parts["serving"]), parts["verdict"]["decision"] == "promote"
    except (ValueError, TypeError, KeyError):
        raise BundleError(f"{bundle.path.name} holds no model of this lab.") from None
    if not promoted or not len(weights) == len(mean) == len(scale):
        raise BundleError(f"{bundle.path.name} holds no model that a gate has promoted.")
    return Model(weights, mean, scale, serving, lineage, bundle.digest)


def same_everywhere(
    evaluated: str, delivered: str, served: Mapping[str, str | None]
) -> list[Check]:
    """Is what the gate has judged what was delivered and what is served?

    Parameters
    ----------
    evaluated, delivered : digests of bundles.
    served : {replica: digest, None while it is down}.

    Returns
    -------
    A Check each for the delivery and the fleet: failed where a digest differs, in doubt where no
    replica is up. A fleet with two versions is named.
    """
    same = delivered == evaluated
    words = "is what was judged" if same else f"is {delivered[:12]}, judged was {evaluated[:12]}"
    checks = [Check("delivered", None, float(not same), 0, same, f"What was delivered {words}.")]
    up = {replica: digest for replica, digest in served.items() if digest is not None}
    others = {replica: digest for replica, digest in up.items() if digest != evaluated}
    passed = None if not up else not others
    said = f"All {len(up)} replicas serve what was judged."
    if not up:
        said = "No replica is up, so nobody knows what is served."
    elif others:
        replica, digest = min(others.items())
        said = (
            f"{len(others)} of {len(up)} replicas serve another bundle: {replica} has "
            f"{digest[:12]}, judged was {evaluated[:12]}."
        )
    checks.append(
        Check("served", None, float(len(others)) if up else float("nan"), 0, passed, said)
    )
    return checks


def _hex(number: float) -> str:
    """A float as text that is the same, and exact, on every machine."""
    return float(number).hex()


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return {("..." if key is ... else str(key)): _plain(bound) for key, bound in value.items()}
    return value if value is None else str(value)
