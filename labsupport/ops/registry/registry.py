"""The registry, as the pipeline uses it."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from labsupport.durable import digest
from labsupport.gate import Verdict
from labsupport.ops.record import verdict_as_json
from labsupport.ops.registry import models, moves
from labsupport.ops.registry.entries import NAME, Move, RegistryError, State, Version
from labsupport.ops.registry.ledger import MlflowLedger, model_of, point
from labsupport.ops.registry.store import Store, open_store

CANDIDATE, PROD, PREVIOUS = "candidate", "prod", "previous"
_NAME = re.compile(r"[\w-]+", re.ASCII)


@dataclass(frozen=True)
class Registry:
    """Models with their lineage, and aliases that move by compare-and-swap.

    Attributes
    ----------
    uri : a tracking URI of MLflow: a database, or a server. None: build/registry.db below the
        current folder, made when it is first asked.
    name : of the registered model.
    progress : called with (steps done, all of them) while a new database is made, which takes 2 to
        10 seconds.

    Raises, whatever is asked
    -------------------------
    RegistryError : a ValueError: it cannot be so, or the registry is damaged.
    RegistryUnavailable : a ConnectionError: nobody answers.
    OSError : the disk is full, a file may not be written ...
    """

    uri: str | None = None
    name: str = NAME
    progress: Callable[[int, int], None] | None = None

    def __post_init__(self) -> None:
        _check_name(self.name, "A registered model's name")

    def register(
        self,
        model_digest: str,
        lineage: Mapping[str, object],
        metrics: Mapping[str, float],
        files: Path | None,
    ) -> Version:
        """Register a model, and call it candidate. Again gives the same version, also when several
        processes do it at once.

        Parameters
        ----------
        model_digest : of its model.json.
        lineage : how it came about; becomes the parameters of an MLflow run.
        metrics : of the same run.
        files : a folder with model.json and whatever belongs to it, or model.json alone.

        Raises
        ------
        RegistryError : model.json has another digest.
        """
        version = models.register(self._store, self.name, model_digest, lineage, metrics, files)
        point(self._store, self.name, CANDIDATE, version.number)
        return version

    def at(self, alias: str) -> Version | None:
        """Where an alias points; None: nowhere. What a killed promotion left undone is done first.

        Raises
        ------
        AliasMoved : somebody moved it by hand, past the log.
        """
        if alias == CANDIDATE:
            model = model_of(self._store, self.name)
            number = model and model.aliases.get(alias)
            return models.version(self._store, self.name, int(number)) if number else None
        moved = PROD if alias == PREVIOUS else alias.removesuffix(f"-{PREVIOUS}")
        state = moves.read(self._ledger(moved), _attempt())
        return state.current if moved == alias else state.previous

    def promote(
        self, version: Version, expected: Version | None, verdict: Verdict, alias: str = PROD
    ) -> Move:
        """Move an alias, if it still points to what the version was compared with. Of several who
        try, one does; again is the same.

        Returns
        -------
        The entry of the log that did it, with the verdict.

        Raises
        ------
        PromotionLost : it points elsewhere by now, or was rolled back from there.
        AliasMoved : somebody moved it by hand, past the log.
        RegistryError : the verdict is not to promote, or there is no such version.
        """
        if verdict.decision != "promote":
            raise RegistryError(f"{version} is not to be promoted: {verdict.reason}.")
        if models.version(self._store, self.name, version.number) != version:
            raise RegistryError(f"{version} is not registered as such: register it first.")
        told = verdict_as_json(verdict)
        evidence = digest(json.dumps(told, sort_keys=True).encode())
        return moves.promote(self._ledger(alias), version, expected, told, evidence, _attempt())

    def rollback(self, alias: str = PROD, expected: Version | None = None) -> Move:
        """Move an alias back to where it was before its last promotion that stands.

        Parameters
        ----------
        expected : what it points to as far as you know; None: whatever it points to now.

        Raises
        ------
        RegistryError : nothing was there before.
        PromotionLost : it was moved meanwhile.
        AliasMoved : somebody moved it by hand, past the log.
        """
        return moves.rollback(self._ledger(alias), expected, _attempt())

    def restore(self, alias: str = PROD) -> Version | None:
        """Put an alias that was moved by hand back to where its log says."""
        return moves.restore(self._ledger(alias), _attempt()).current

    def history(self, alias: str = PROD) -> tuple[Move, ...]:
        """Every move of an alias, in order, also those that lost (`won` is False)."""
        entries = tuple(self._ledger(alias).moves())
        State.of(entries)
        return entries

    def versions(self) -> tuple[Version, ...]:
        """All that is registered, in order."""
        return models.versions(self._store, self.name)

    def version(self, number: int) -> Version:
        """A registered version, by its number."""
        return models.version(self._store, self.name, number)

    def model_bytes(self, version: Version) -> bytes:
        """The model.json that was registered.

        Raises
        ------
        RegistryError : it has another digest by now, or is gone.
        """
        return models.model_bytes(self._store, self.name, version)

    def read(self, version: Version, name: str) -> bytes:
        """A file that was registered with a model. Only model.json has a digest to be held against.

        Raises
        ------
        RegistryError : there is none of that name.
        """
        return models.read(self._store, self.name, version, name)

    @cached_property
    def _store(self) -> Store:
        return open_store(self.uri, self.progress)

    def _ledger(self, alias: str) -> MlflowLedger:
        _check_name(alias, "An alias")
        if alias in (CANDIDATE, PREVIOUS) or alias.endswith(f"-{PREVIOUS}"):
            raise RegistryError(f"{alias} is moved along with others: move {PROD}.")
        before = PREVIOUS if alias == PROD else f"{alias}-{PREVIOUS}"
        return MlflowLedger(self._store, self.name, alias, before)


def _check_name(name: str, what: str) -> None:
    if not _NAME.fullmatch(name):
        raise RegistryError(f"{what} is letters, digits, - and _, not {name!r:.40}.")


def _attempt() -> str:
    return secrets.token_hex(8)
