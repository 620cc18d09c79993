"""An alias's log in MLflow: the versions of a registered model of its own, each of which is the
version that was promoted. So `models:/gate-lab.prod/3` is what prod was after its third move.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from labsupport.ops.registry.entries import Move, RegistryError, Seen, Version
from labsupport.ops.registry.store import Store

MODEL = "model"  # the tag of a version that says its digest
LONGEST = 90_000  # characters of a tag, of MLflow's 100,000
PAGE = 1000


@dataclass(frozen=True)
class MlflowLedger:
    """See `moves.Ledger`.

    Attributes
    ----------
    store : where.
    name : of the registered model.
    alias, before : the alias, and the one of where a rollback would go.
    """

    store: Store
    name: str
    alias: str
    before: str

    def moves(self) -> Sequence[Move]:
        """All entries, in order."""
        found = versions_of(self.store, self._log)
        return [_as_move(made) for made in found]

    def append(self, move: Move) -> int:
        """Write an entry; the number that it got."""
        tags = {
            "after": str(move.after),
            "kind": move.kind,
            "version": _written(move.version),
            "replaced": _written(move.replaced),
            "evidence": move.evidence,
            "verdict": _as_tag(move.verdict),
            "attempt": move.attempt,
        }
        source = f"models:/{self.name}/{move.version.number}"
        ensure_model(self.store, self._log, f"Every move of {self.name}@{self.alias}, in order.")
        with self.store.asked() as client:
            made = client.create_model_version(self._log, source, tags=tags, await_creation_for=0)
        return int(made.version)

    def look(self) -> Seen:
        """The alias, as it is."""
        model = model_of(self.store, self.name)
        if model is None:
            return Seen((None, None), {})
        points = {alias: int(number) for alias, number in model.aliases.items()}
        start = self._mark("")
        marks = {
            key.removeprefix(start): float(value)
            for key, value in model.tags.items()
            if key.startswith(start)
        }
        return Seen((points.get(self.alias), points.get(self.before)), marks)

    def point(self, alias: str, number: int | None) -> None:
        """Move one of the two, without a check."""
        point(self.store, self.name, alias, number)

    def mark(self, attempt: str) -> None:
        """Say that the alias is being moved."""
        with self.store.asked() as client:
            client.set_registered_model_tag(self.name, self._mark(attempt), str(self.now()))

    def unmark(self, attempt: str) -> None:
        """Say that it is no longer."""
        from mlflow.exceptions import MlflowException

        with self.store.asked() as client:
            try:
                client.delete_registered_model_tag(self.name, self._mark(attempt))
            except MlflowException as error:
                if error.error_code != "RESOURCE_DOES_NOT_EXIST":  # another one tidied up
                    raise

    def now(self) -> float:
        """Seconds since 1970."""
        return time.time()

    @property
    def _log(self) -> str:
        return f"{self.name}.{self.alias}"

    def _mark(self, attempt: str) -> str:
        return f"moving.{self.alias}.{attempt}"


def model_of(store: Store, name: str) -> object | None:
    """MLflow's registered model of that name, if there is one."""
    from mlflow.exceptions import MlflowException

    with store.asked() as client:
        try:
            return client.get_registered_model(name)
        except MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
            return None


def point(store: Store, name: str, alias: str, number: int | None) -> None:
    """Move an alias of MLflow's, without a check; None: take it away.

    Of several who set a new alias at once MLflow 3.17 lets one in, and gives the others an error of
    its database. A moment later the alias is there, and all may move it.
    """
    from mlflow.exceptions import MlflowException

    for again in (True, True, False):
        with store.asked() as client:
            try:
                if number is None:
                    client.delete_registered_model_alias(name, alias)
                else:
                    client.set_registered_model_alias(name, alias, str(number))
                return
            except MlflowException as error:
                if not (again and error.error_code == "BAD_REQUEST"):
                    raise


def ensure_model(store: Store, name: str, description: str) -> None:
    """Make a registered model, unless it is there."""
    from mlflow.exceptions import MlflowException

    if model_of(store, name) is not None:
        return
    with store.asked() as client:
        try:
            client.create_registered_model(name, description=description)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise


def versions_of(store: Store, name: str, also: str = "") -> list:
    """MLflow's versions of a registered model, in order: what comes while we read comes last.

    Parameters
    ----------
    also : a further condition, in MLflow's language.
    """
    found, token = [], None
    while True:
        with store.asked() as client:
            page = client.search_model_versions(
                f"name = '{name}'{also}", PAGE, ["version_number ASC"], token
            )
        found += page
        token = page.token
        if not token:
            return found


def _as_move(made) -> Move:
    try:
        tags = made.tags
        return Move(
            int(made.version),
            int(tags["after"]),
            tags["kind"],
            _read(tags["version"]),
            _read(tags["replaced"]) if tags["replaced"] else None,
            tags["evidence"],
            json.loads(tags["verdict"]),
            tags["attempt"],
            made.creation_timestamp / 1000,
        )
    except (KeyError, ValueError, TypeError) as error:
        raise RegistryError(
            f"Entry {made.version} of {made.name} cannot be understood: restore the registry."
        ) from error


def _as_tag(verdict: Mapping[str, object] | None) -> str:
    """A verdict, without its checks where they are too many for a tag."""
    written = json.dumps(verdict, sort_keys=True)
    if verdict is None or len(written) <= LONGEST:
        return written
    return json.dumps({**verdict, "checks": None}, sort_keys=True)


def _written(version: Version | None) -> str:
    return "" if version is None else f"{version.number} {version.digest}"


def _read(written: str) -> Version:
    number, digest = written.split()
    return Version(int(number), digest)
