"""Two trained models, scored on the same frozen rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from labsupport.ops.record import Compared
from labsupport.ops.runs.folder import (
    LINEAGE,
    Run,
    RunError,
    StoredModel,
    read_lineage,
    read_model,
)
from labsupport.ops.runs.snapshots import Snapshot, load_snapshot
from labsupport.outcomes import PairedOutcomes
from labsupport.scores import PairedAUC, compare_auc
from labsupport.training import predict

if TYPE_CHECKING:
    from labsupport.ops.registry import Registry, Version


@dataclass(frozen=True)
class Scored:
    """A model that can be compared, and what it is made of.

    Attributes
    ----------
    model : its weights and digest.
    lineage : of the run that made it.
    version : in the registry; None: it was named by its run.
    """

    model: StoredModel
    lineage: Mapping[str, object]
    version: Version | None = None

    @classmethod
    def of_run(cls, run: Run) -> Scored:
        """The model of a run."""
        return cls(run.model(), run.lineage)

    @classmethod
    def serving(cls, registry: Registry, alias: str) -> Scored | None:
        """The model that an alias points to; None: it points nowhere.

        Raises
        ------
        RegistryError : the registry has lost it.
        RunError : what it has is no model, or of another lineage.
        """
        version = registry.at(alias)
        if version is None:
            return None
        data, lineage = registry.model_bytes(version), registry.read(version, LINEAGE)
        return cls(read_model(data, lineage), read_lineage(lineage), version)


def evaluate_models(candidate: Scored, baseline: Scored, holdout: str | None = None) -> Compared:
    """Score two models on one holdout.

    Parameters
    ----------
    holdout : name of a snapshot; None: the one that both lineages name.

    Raises
    ------
    FileNotFoundError : rows are gone.
    ValueError : the lineages name different holdouts, the rows have changed, a model learnt from
        them or has other features, a label is not 0 or 1.
    """
    rows = _holdout(candidate, baseline, holdout)
    models = {"candidate": candidate.model, "baseline": baseline.model}
    for name, model in models.items():
        if len(model.weights) != rows.X.shape[1]:
            raise RunError(
                f"The {name} wants {len(model.weights)} features, and {rows.name} has "
                f"{rows.X.shape[1]}; compare models of the same rows."
            )
    said = [predict(model.weights, rows.X) for model in models.values()]
    outcomes = PairedOutcomes.from_predictions(rows.y, *said, rows.slices)
    area, notes = _areas(rows, *(rows.X @ model.weights for model in models.values()))
    digests = [model.digest for model in models.values()]
    notes = (f"Both models were scored on the {rows.rows:,} rows of {rows.name}.", *notes)
    return Compared(outcomes, area, rows.digest, *digests, notes)


def _holdout(candidate: Scored, baseline: Scored, name: str | None) -> Snapshot:
    mine, theirs = (scored.lineage["holdout"] for scored in (candidate, baseline))
    if name is None and mine["digest"] != theirs["digest"]:
        raise RunError(
            f"The candidate was made for the holdout {mine['name']} ({mine['digest']!s:.12}) and "
            f"the baseline for {theirs['name']} ({theirs['digest']!s:.12}); name one that neither "
            "has learnt from with --holdout, or make the candidate for the baseline's."
        )
    rows = load_snapshot(mine["name"] if name is None else name)
    if name is None and rows.digest != mine["digest"]:
        raise RunError(
            f"The rows of {rows.name} were changed since the candidate's checks; restore them."
        )
    if name is not None:
        for scored in (candidate, baseline):
            _check_unseen(rows, scored.lineage["data"]["name"])
    return rows


def _check_unseen(rows: Snapshot, data: str) -> None:
    from labsupport.ops.runs.checking import shared_rows

    if count := shared_rows(rows, load_snapshot(data)):
        raise RunError(
            f"{count:,} rows of {rows.name} are rows of {data}, from which a model has learnt; "
            "take rows that neither has seen."
        )


def _areas(
    rows: Snapshot, candidate: np.ndarray, baseline: np.ndarray
) -> tuple[PairedAUC | None, tuple[str, ...]]:
    """The AUC of both, in all slices that have two rows of each class."""
    few = {name: _rarer(rows.y[mask]) < 2 for name, mask in rows.slices.items()}
    if _rarer(rows.y) < 2:
        return None, ("There is no AUC, with fewer than two rows of a class.",)
    asked = {name: mask for name, mask in rows.slices.items() if not few[name]}
    left = [name for name in few if few[name]]
    notes = (f"No AUC for {', '.join(left)}: fewer than two rows of a class.",) if left else ()
    return compare_auc(rows.y, candidate, baseline, asked or None), notes


def _rarer(y: np.ndarray) -> int:
    return int(min((y == 0).sum(), (y == 1).sum()))


def rows_of_parent(parent: Scored, part: str) -> Snapshot | None:
    """The data or the holdout of a model; None: they are gone, or were changed."""
    told = parent.lineage[part]
    try:
        rows = load_snapshot(told["name"])
    except FileNotFoundError:
        return None
    return rows if rows.digest == told["digest"] else None
