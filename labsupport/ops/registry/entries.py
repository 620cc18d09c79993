"""What the log of an alias says, and what follows from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

NAME = "gate-lab"  # of the registered model, where nobody says another


class RegistryError(ValueError):
    """The registry is not as it should be, or was asked for what it cannot do."""


class PromotionLost(RegistryError):  # noqa: N818 - it says what happened
    """The alias no longer is what the candidate was compared with; it was not moved."""


class AliasMoved(RegistryError):  # noqa: N818 - it says what happened
    """Somebody moved the alias past the log."""


class RegistryUnavailable(ConnectionError):  # noqa: N818 - it says what happened
    """Nobody answers, or not now."""


@dataclass(frozen=True)
class Version:
    """A registered model.

    Attributes
    ----------
    number : that MLflow gave it, from 1.
    digest : of its model.json, 64 hex digits.
    """

    number: int
    digest: str

    def __str__(self) -> str:
        return f"version {self.number} ({self.digest[:12]})"


@dataclass(frozen=True)
class Move:
    """An entry of an alias's log.

    Attributes
    ----------
    number : its place in the log, from 1; 0 while it is not written.
    after : the last entry that was there when it was decided.
    kind : "promote" or "rollback".
    version : that the alias points to from now on.
    replaced : that it pointed to before; None for the first.
    evidence : digest of the verdict; "" for a rollback.
    verdict : as `verdict_as_json` gives it; None for a rollback.
    attempt : whose entry it is; unique.
    time : when it was written, in seconds since 1970, by the database's clock.
    """

    number: int
    after: int
    kind: str
    version: Version
    replaced: Version | None
    evidence: str
    verdict: Mapping[str, object] | None
    attempt: str
    time: float = 0.0

    @property
    def won(self) -> bool:
        """Whether it counts: nothing came between its decision and its place in the log."""
        return self.number == self.after + 1


@dataclass(frozen=True)
class Seen:
    """What MLflow says of an alias.

    Attributes
    ----------
    points : numbers of the versions that the alias and its predecessor point to.
    marks : {attempt: when it began} of those who are moving it, or died doing so.
    """

    points: tuple[int | None, int | None]
    marks: Mapping[str, float]


class Ledger(Protocol):
    """The log of one alias, and the alias.

    Attributes
    ----------
    alias, before : the alias, and the one that points to where a rollback would go.
    """

    alias: str
    before: str

    def moves(self) -> Sequence[Move]:
        """All entries, in order, also those that do not count."""

    def append(self, move: Move) -> int:
        """Write an entry; the number that it got."""

    def look(self) -> Seen:
        """The alias, as it is."""

    def point(self, alias: str, number: int | None) -> None:
        """Move one of the two, without a check; None: take it away."""

    def mark(self, attempt: str) -> None:
        """Say that the alias is being moved."""

    def unmark(self, attempt: str) -> None:
        """Say that it is no longer."""

    def now(self) -> float:
        """Seconds since 1970."""


@dataclass(frozen=True)
class State:
    """What follows from a log.

    Attributes
    ----------
    moves : the entries that count.
    last : number of the last entry, whether it counts or not.
    stack : the versions that the alias pointed to, less those that were rolled back.
    """

    moves: tuple[Move, ...]
    last: int
    stack: tuple[Version, ...]

    @classmethod
    def of(cls, entries: Sequence[Move]) -> State:
        """Read a log.

        Raises
        ------
        RegistryError : an entry is gone, or does not follow from those before it.
        """
        stack: list[Version] = []
        moves = [move for move in entries if move.won]
        for place, move in enumerate(entries, start=1):
            if move.number != place:
                raise RegistryError(f"Entry {place} of the log is gone: restore the registry.")
        for move in moves:
            before = stack[-1] if stack else None
            rolled = move.kind == "rollback"
            if move.replaced != before or (rolled and move.version not in stack[-2:-1]):
                raise RegistryError(
                    f"Entry {move.number} of the log does not follow from those before it: "
                    "restore the registry."
                )
            stack[-1 if rolled else len(stack) :] = [] if rolled else [move.version]
        return cls(tuple(moves), len(entries), tuple(stack))

    @property
    def current(self) -> Version | None:
        """What the alias has to point to."""
        return self.stack[-1] if self.stack else None

    @property
    def previous(self) -> Version | None:
        """Where a rollback would go."""
        return self.stack[-2] if len(self.stack) > 1 else None

    @property
    def points(self) -> tuple[int | None, int | None]:
        """The numbers of both, as MLflow's aliases have to have them."""
        current, previous = self.current, self.previous
        return current and current.number, previous and previous.number
