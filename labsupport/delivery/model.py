"""What is in a model's bundle: weights, feature transform, runtime, serving config, lineage, and
the policy and verdict that let it pass.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from labsupport.checks import Check
from labsupport.delivery.bundle import Bundle
from labsupport.delivery.folder import BundleError, called
from labsupport.durable import replace_whole
from labsupport.gate import Policy, Verdict, conclude
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
    if verdict.decision != "promote" or conclude(verdict.checks).decision != "promote":
        raise BundleError(
            f"The gate has said {verdict.decision!r}, with {len(verdict.checks)} checks; pack what "
            "it promotes, with all its checks passed."
        )
    lineage = {"data": data, "code": code, "parent": parent}
    if not _is_lineage(lineage):
        raise ValueError(f"Data, code and parent must be texts, the parent or None; got {lineage}.")
    weights = np.asarray(weights, float)
    mean = np.zeros(weights.shape) if mean is None else np.asarray(mean, float)
    scale = np.ones(weights.shape) if scale is None else np.asarray(scale, float)
    if not _are_usable(weights, mean, scale):
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


def _packed(parts: Mapping[str, object], target: Path) -> Bundle:
    """A bundle of JSON files, each written in the one way."""
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
            raise BundleError(
                f"{called(bundle.path)}: {name}.json is no JSON; deliver one that pack_model made."
            ) from None
    try:
        weights, mean, scale = (
            np.array([float.fromhex(number) for number in _listed(row)])
            for row in (parts["weights"], parts["transform"]["mean"], parts["transform"]["scale"])
        )
        lineage = {key: parts["lineage"][key] for key in ("data", "code", "parent")}
        serving, verdict = dict(parts["serving"]), parts["verdict"]
        passed = [check[3] for check in _listed(verdict["checks"])]
        promoted = (
            verdict["decision"] == "promote" and passed and all(one is True for one in passed)
        )
    except (ValueError, TypeError, LookupError, OverflowError):
        raise BundleError(
            f"{called(bundle.path)} holds no model of this lab; deliver one that pack_model made."
        ) from None
    if not promoted:
        raise BundleError(
            f"{called(bundle.path)} holds no model that a gate has promoted; deliver one."
        )
    if not _are_usable(weights, mean, scale) or not _is_lineage(lineage):
        raise BundleError(
            f"{called(bundle.path)} holds a model that cannot answer, or that came from nowhere; "
            "deliver one that pack_model made."
        )
    return Model(weights, mean, scale, serving, lineage, bundle.digest)


def _are_usable(weights: np.ndarray, mean: np.ndarray, scale: np.ndarray) -> bool:
    same = weights.ndim == 1 and weights.size and weights.shape == mean.shape == scale.shape
    return bool(same and np.isfinite([weights, mean, scale]).all() and scale.all())


def _is_lineage(lineage: Mapping[str, object]) -> bool:
    parent = lineage["parent"]
    texts = [lineage["data"], lineage["code"], *([] if parent is None else [parent])]
    return all(isinstance(text, str) and text for text in texts)


def _listed(value: object) -> list:
    """A list of the file; what else can be gone through, as text can, is none."""
    if type(value) is not list:
        raise TypeError
    return value


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
    A Check each for the delivery and the fleet: failed where a digest differs or is none, in doubt
    where no replica is up. See mixed_versions for who serves what.
    """
    digests = {"evaluated": evaluated, "delivered": delivered}
    unknown = [name for name, digest in digests.items() if not _is_digest(digest)]
    same = not unknown and delivered == evaluated
    said = "What was delivered is what was judged."
    if unknown:
        said = f"Nobody knows what was {unknown[0]}, so it is not the same."
    elif not same:
        said = f"What was delivered is {delivered[:12]}, judged was {evaluated[:12]}."
    value = math.nan if unknown else float(not same)
    return [
        Check("delivered", None, value, 0, same, said),
        _check_served(None if unknown[:1] == ["evaluated"] else evaluated, served),
    ]


def _check_served(evaluated: str | None, served: Mapping[str, str | None]) -> Check:
    """Does every replica that is up serve what was judged?"""
    up = {replica: digest for replica, digest in served.items() if digest is not None}
    if evaluated is None:
        said = "Nobody knows what was evaluated, so nobody knows whether it is served."
        return Check("served", None, math.nan, 0, False, said)
    if not up:
        said = "No replica is up, so nobody knows what is served."
        return Check("served", None, math.nan, 0, None, said)
    others = {replica: digest for replica, digest in up.items() if digest != evaluated}
    down = f", and {len(served) - len(up)} are down" if len(up) < len(served) else ""
    said = f"All {len(up)} replicas that are up serve what was judged{down}."
    if others:
        replica, digest = min(others.items())
        said = (
            f"{len(others)} of {len(up)} replicas serve another bundle: {replica} has "
            f"{digest!s:.12}, judged was {evaluated[:12]}{down}."
        )
    return Check("served", None, float(len(others)), 0, not others, said)


def mixed_versions(served: Mapping[str, str | None]) -> str | None:
    """What a fleet with more than one bundle serves, in a sentence; None for a fleet with one.

    Parameters
    ----------
    served : {replica: digest, None while it is down}.
    """
    groups: dict[str, list[str]] = {}
    for replica, digest in sorted(served.items()):
        if digest is not None:
            groups.setdefault(digest, []).append(replica)
    if len(groups) < 2:
        return None
    by_size = sorted(groups.items(), key=lambda group: (-len(group[1]), group[0]))
    told = "; ".join(f"{digest!s:.12} on {_few(replicas)}" for digest, replicas in by_size)
    return f"The fleet serves {len(groups)} bundles, {told}; bring all of it to one."


def _few(replicas: list[str]) -> str:
    """The names of a few replicas, and how many more there are."""
    more = len(replicas) - 3
    return ", ".join(replicas[:3]) + (f" and {more} more" if more > 0 else "")


def _is_digest(value: object) -> bool:
    return isinstance(value, str) and bool(re.fullmatch("[0-9a-f]{64}", value))


def _hex(number: float) -> str:
    """A float as text that is the same, and exact, on every machine."""
    return float(number).hex()


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return {("..." if key is ... else str(key)): _plain(bound) for key, bound in value.items()}
    return value if value is None else str(value)
