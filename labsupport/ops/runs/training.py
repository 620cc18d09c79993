"""How a run's model is trained, and what a smoke test has to know of that."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from labsupport.ops.runs.folder import MODEL, Run, RunError, StoredModel
from labsupport.ops.runs.lineage import code_digest, environment
from labsupport.ops.runs.snapshots import Snapshot, load_snapshot
from labsupport.training import fit_logistic, gradient_step

if TYPE_CHECKING:
    from labsupport.validation import Trainer

_ANEW = "run `lab check` for a run of what is there now"


def train_run(
    run: Run, progress: Callable[[int], object] | None = None
) -> tuple[StoredModel, bool]:
    """Train a run's model, once.

    Parameters
    ----------
    progress : called with 1 after every step.

    Returns
    -------
    The model, and whether it was trained now; one that is there already stays.

    Raises
    ------
    FileNotFoundError : the run has no lineage, or its data are gone.
    RunError : its checks did not pass, or it is not made of what is here now.
    """
    passed(run)
    if (run.folder / MODEL).exists():
        return run.model(), False
    weights = fit_logistic(rows_of(run, "data").examples, **config_of(run), progress=progress)
    return run.write_model(weights), True


def passed(run: Run) -> dict[str, object]:
    """What the checks of a run said, if they let it pass.

    Raises
    ------
    FileNotFoundError : the run has no lineage.
    RunError : they did not, were never made, or are of another run.
    """
    _, told = run.lineage, run.read("checks.json")
    if told is None:
        raise RunError(f"Run {run.id} was not checked; run `lab check`.")
    checks = told.get("checks")
    all_passed = isinstance(checks, list) and checks and all(_passed(check) for check in checks)
    if told.get("lineage") != run.lineage_digest:
        raise RunError(f"The checks of run {run.id} are of another lineage; run `lab check` anew.")
    if told.get("decision") != "promote" or not all_passed:
        raise RunError(f"The checks of run {run.id} did not pass: {told.get('reason')!s:.200}.")
    return told


def rows_of(run: Run, part: str) -> Snapshot:
    """The data or the holdout of a run's lineage.

    Raises
    ------
    FileNotFoundError : they are gone.
    RunError : they have another digest by now.
    """
    told = run.lineage[part]
    snapshot = load_snapshot(told["name"])
    if snapshot.digest != told["digest"]:
        raise RunError(f"The rows of {told['name']} were changed since run {run.id}; {_ANEW}.")
    return snapshot


def config_of(run: Run) -> dict[str, object]:
    """Steps and rate of a run, if code and environment still are those of its lineage.

    Raises
    ------
    RunError : they are not, or it is configured by something else.
    """
    lineage = run.lineage
    for name, now in (("code", code_digest()), ("environment", environment())):
        if lineage[name] != now:
            raise RunError(f"The {name} is no longer that of run {run.id}; {_ANEW}.")
    config = lineage["config"]
    if not isinstance(config, dict) or config.keys() != {"steps", "rate"}:
        raise RunError(f"A run is configured by steps and rate; got {config!r:.80}.")
    return config


def trainer(config: Mapping[str, object]) -> Trainer:
    """The training, step by step: the very step that train_run makes."""
    from labsupport.validation import Trainer  # here: whoever trains needs no tests of it

    def step(weights: np.ndarray, X: np.ndarray, y: np.ndarray) -> np.ndarray:
        return gradient_step(weights, X, y, float(config["rate"]))

    return Trainer(lambda X: np.zeros(X.shape[1]), step, _loss, _gradient)


def _loss(weights: np.ndarray, X: np.ndarray, y: np.ndarray) -> float:
    logits = X @ weights
    return float(np.mean(np.logaddexp(0, logits) - y * logits))


def _gradient(weights: np.ndarray, X: np.ndarray, y: np.ndarray) -> np.ndarray:
    return X.T @ (1 / (1 + np.exp(-(X @ weights))) - y) / len(y)


def _passed(check: object) -> bool:
    return isinstance(check, dict) and check.get("passed") is True
