"""Runs, versions and files: what is registered, once per digest."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from labsupport.durable import digest
from labsupport.ops.registry.database import BESIDE
from labsupport.ops.registry.entries import RegistryError, Version
from labsupport.ops.registry.ledger import MODEL, ensure_model, versions_of
from labsupport.ops.registry.store import Store

FILE = "model.json"
_DIGEST = re.compile(r"[0-9a-f]{64}")
_ODD = re.compile(r"[^\w\-. :/]", re.ASCII)


def register(
    store: Store,
    name: str,
    model_digest: str,
    lineage: Mapping[str, object],
    metrics: Mapping[str, float],
    files: Path | None,
) -> Version:
    """The version with this digest, which is made if there is none. Of several that processes made
    at once the first is the one; who made another takes it back.
    """
    _check(model_digest, files)
    ensure_model(store, name, "Models that the gate compares.")
    found = _with_digest(store, name, model_digest)
    if found is None:
        run = _finished(store, name, model_digest) or _log(
            store, name, model_digest, lineage, metrics, files
        )
        with store.asked() as client:
            source, tags = run.info.artifact_uri, {MODEL: model_digest}
            made = client.create_model_version(
                name, source, run.info.run_id, tags=tags, await_creation_for=0
            )
        found = _with_digest(store, name, model_digest)
        if found is None or found.number != int(made.version):
            with store.asked() as client:
                client.delete_model_version(name, made.version)
    return found


def version(store: Store, name: str, number: int) -> Version:
    """A registered version.

    Raises
    ------
    RegistryError : there is none, or it was not registered by this lab.
    """
    for found in versions_of(store, name, f" and version_number = {number}"):
        return _as_version(found)
    raise RegistryError(f"{name} has no version {number}.")


def versions(store: Store, name: str) -> tuple[Version, ...]:
    """All of them, in order, one per digest."""
    first: dict[str, Version] = {}
    for found in map(_as_version, versions_of(store, name)):
        first.setdefault(found.digest, found)
    return tuple(first.values())


def model_bytes(store: Store, name: str, wanted: Version) -> bytes:
    """Its model.json.

    Raises
    ------
    RegistryError : it is not what was registered.
    """
    data = read(store, name, wanted, FILE)
    if digest(data) != wanted.digest:
        raise RegistryError(
            f"The {FILE} of {wanted} was altered: its digest is {digest(data)[:12]}. Restore it."
        )
    return data


def read(store: Store, name: str, wanted: Version, file: str) -> bytes:
    """A file that was registered with a model, as it is now.

    Raises
    ------
    RegistryError : it is gone, or never was there.
    """
    with tempfile.TemporaryDirectory() as folder:
        try:
            with store.asked() as client:
                run = client.get_model_version(name, str(wanted.number)).run_id
                return Path(client.download_artifacts(run, file, folder)).read_bytes()
        except (RegistryError, FileNotFoundError) as error:
            raise RegistryError(
                f"The {file} of {wanted} is gone from the registry: register it again."
            ) from error


def _check(model_digest: str, files: Path | None) -> None:
    if not _DIGEST.fullmatch(model_digest):
        raise RegistryError(f"A model's digest is 64 hex digits, not {model_digest!r:.40}.")
    if files is not None:
        found = digest((files / FILE if files.is_dir() else files).read_bytes())
        if found != model_digest:
            raise RegistryError(
                f"The model to register is {model_digest[:12]}, and the {FILE} given is "
                f"{found[:12]}: give the one that was evaluated."
            )


def _with_digest(store: Store, name: str, model_digest: str) -> Version | None:
    found = versions_of(store, name, f" and tags.{MODEL} = '{model_digest}'")
    return _as_version(found[0]) if found else None


def _as_version(made) -> Version:
    if not _DIGEST.fullmatch(made.tags.get(MODEL, "")):
        raise RegistryError(
            f"Version {made.version} of {made.name} has no digest: it was not registered by `lab`."
        )
    return Version(int(made.version), made.tags[MODEL])


def _finished(store: Store, name: str, model_digest: str) -> object | None:
    """A run with this model that was logged whole, and whose process was killed then."""
    with store.asked() as client:
        found = client.search_runs(
            [_experiment(store, name)],
            f"tags.{MODEL} = '{model_digest}' and attributes.status = 'FINISHED'",
            max_results=1,
        )
    return found[0] if found else None


def _log(
    store: Store,
    name: str,
    model_digest: str,
    lineage: Mapping[str, object],
    metrics: Mapping[str, float],
    files: Path | None,
) -> object:
    """An MLflow run with the model's lineage, metrics and files."""
    from mlflow.entities import Metric, Param
    from mlflow.utils.time import get_current_time_millis

    now = get_current_time_millis()
    measured = [Metric(_ODD.sub("_", key), float(value), now, 0) for key, value in metrics.items()]
    params = [Param(_ODD.sub("_", key), value) for key, value in _flat(lineage)]
    experiment = _experiment(store, name)
    with store.asked() as client:
        run = client.create_run(experiment, tags={MODEL: model_digest}, run_name=model_digest[:12])
        client.log_batch(run.info.run_id, measured, params)
        if files is not None and files.is_dir():
            client.log_artifacts(run.info.run_id, str(files))
        elif files is not None:
            client.log_text(run.info.run_id, files.read_text(encoding="utf-8"), FILE)
        client.set_terminated(run.info.run_id)
    return run


def _flat(tree: Mapping[str, object], above: str = "") -> Iterator[tuple[str, str]]:
    for key, value in tree.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{above}{key}.")
        else:
            written = value if isinstance(value, str) else json.dumps(value)
            yield f"{above}{key}", written[:6000]


def _experiment(store: Store, name: str) -> str:
    """The experiment of the runs, which is made if there is none."""
    from mlflow.exceptions import MlflowException

    with store.asked() as client:
        found = client.get_experiment_by_name(name)
        if found is None:
            tags = {} if store.files is None else {BESIDE: "beside the database"}
            try:
                return client.create_experiment(name, store.files, tags)
            except MlflowException as error:
                if error.error_code != "RESOURCE_ALREADY_EXISTS":
                    raise
            found = client.get_experiment_by_name(name)
    return found.experiment_id
