"""A model in a bundle: what a replica loads and serves.

Weights, feature transform, runtime, serving config, lineage, and the policy and verdict that let it
pass; `packing` puts them there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from labsupport.delivery.bundle import Bundle
from labsupport.delivery.folder import BundleError, called
from labsupport.training import predict

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
    if not are_usable(weights, mean, scale) or not is_lineage(lineage):
        raise BundleError(
            f"{called(bundle.path)} holds a model that cannot answer, or that came from nowhere; "
            "deliver one that pack_model made."
        )
    return Model(weights, mean, scale, serving, lineage, bundle.digest)


def are_usable(weights: np.ndarray, mean: np.ndarray, scale: np.ndarray) -> bool:
    """Whether a model can answer with these: (d,) finite numbers each, no scale 0."""
    same = weights.ndim == 1 and weights.size and weights.shape == mean.shape == scale.shape
    return bool(same and np.isfinite([weights, mean, scale]).all() and scale.all())


def is_lineage(lineage: Mapping[str, object]) -> bool:
    """Whether data, code and parent are texts, the parent or None."""
    parent = lineage["parent"]
    texts = [lineage["data"], lineage["code"], *([] if parent is None else [parent])]
    return all(isinstance(text, str) and text for text in texts)


def _listed(value: object) -> list:
    """A list of the file; what else can be gone through, as text can, is none."""
    if type(value) is not list:
        raise TypeError
    return value
