"""Who may move an alias, when several processes want to and any of them can be killed.

MLflow moves an alias for whoever asks last. What it does promise, on every database and behind
every server, is that of two versions of a registered model no two get the same number. So the
moves of an alias are kept as the numbered entries of a log, and each says which entry was the last
that its writer had read. An entry counts if its number is the next one; of several who read the
same log, one gets that number. The rest follows from the log, the alias too, and whoever finds it
behind moves it on.

A process that moves an alias says so before, in a mark, and takes it back when the alias is where
the log says. So an alias that differs from the log while nobody's mark is there was moved by hand.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from labsupport.ops.registry.entries import (
    AliasMoved,
    Ledger,
    Move,
    PromotionLost,
    RegistryError,
    State,
    Version,
)

OLD = 3600.0  # seconds after which a mark is that of a dead process, when it is tidied up


def read(ledger: Ledger, attempt: str) -> State:
    """What the log says; where the alias is behind, it is moved on first.

    Raises
    ------
    AliasMoved : it is elsewhere, and nobody is moving it.
    """
    state, behind = _standing(ledger, attempt)
    if behind:
        ledger.mark(attempt)
        state = _settle(ledger, attempt)
    return state


def promote(
    ledger: Ledger,
    version: Version,
    expected: Version | None,
    verdict: Mapping[str, object],
    evidence: str,
    attempt: str,
) -> Move:
    """Move the alias to a version if it points to the one that this was compared with. Again is
    the same: a process that was killed anywhere in here may start anew.

    Returns
    -------
    The entry that did it.

    Raises
    ------
    PromotionLost : the alias points elsewhere, or has been rolled back from there since.
    AliasMoved : somebody moved it past the log.
    """

    def decide(state: State) -> Move | None:
        if state.current == version:
            return None
        if state.current != expected:
            raise PromotionLost(
                f"{ledger.alias} is {_told(state.current)} by now, and {version} was compared "
                f"with {_told(expected)}: evaluate it against {ledger.alias} again."
            )
        if any((m.version, m.replaced, m.evidence) == (version, expected, evidence)
               for m in state.moves):  # fmt: skip
            raise PromotionLost(
                f"{version} was promoted on this very verdict and rolled back since: "
                "evaluate it on new rows."
            )
        return Move(0, state.last, "promote", version, expected, evidence, verdict, attempt)

    return _move(ledger, attempt, decide)


def rollback(ledger: Ledger, expected: Version | None, attempt: str) -> Move:
    """Move the alias back to where it was before its last promotion that stands.

    Parameters
    ----------
    expected : what the alias points to, as the caller knows it; None: what it points to now.

    Raises
    ------
    RegistryError : there is nothing to go back to.
    PromotionLost : the alias was moved meanwhile.
    AliasMoved : somebody moved it past the log.
    """
    away = expected

    def decide(state: State) -> Move:
        nonlocal away
        away = away or state.current
        if state.current != away:
            raise PromotionLost(
                f"{ledger.alias} is {_told(state.current)} by now, no longer {_told(away)}: "
                "look again before you roll back."
            )
        if state.previous is None:
            raise RegistryError(
                f"{ledger.alias} is {_told(state.current)}, and nothing was there before: "
                "promote another one."
            )
        return Move(0, state.last, "rollback", state.previous, away, "", None, attempt)

    return _move(ledger, attempt, decide)


def restore(ledger: Ledger, attempt: str) -> State:
    """Put an alias that was moved by hand back to where the log says."""
    ledger.mark(attempt)
    return _settle(ledger, attempt)


def _move(ledger: Ledger, attempt: str, decide: Callable[[State], Move | None]) -> Move:
    """Append what is decided until it counts. A kill leaves the mark, and the next one finishes."""
    ledger.mark(attempt)
    try:
        while True:
            state, _ = _standing(ledger, attempt)
            if _own(state, attempt):
                break  # an answer was lost, and the entry asked for twice
            wanted = decide(state)
            if wanted is None or ledger.append(wanted) == wanted.after + 1:
                break
    except RegistryError:
        ledger.unmark(attempt)  # nothing was written
        raise
    state = _settle(ledger, attempt)
    return _own(state, attempt) or state.moves[-1]


def _settle(ledger: Ledger, attempt: str) -> State:
    """Move the alias to where the log says, until the log says the same afterwards: so the last
    who moves it has seen the last entry.
    """
    state = State.of(ledger.moves())
    while True:
        for alias, number in zip((ledger.alias, ledger.before), state.points, strict=True):
            ledger.point(alias, number)
        again = State.of(ledger.moves())
        if again.stack == state.stack:
            break
        state = again
    for mark, began in ledger.look().marks.items():
        if mark == attempt or ledger.now() - began > OLD:
            ledger.unmark(mark)
    return again


def _standing(ledger: Ledger, attempt: str) -> tuple[State, bool]:
    """What the log says, and whether the alias is behind it."""
    while True:
        state, seen = State.of(ledger.moves()), ledger.look()
        if state.points == seen.points:
            return state, False
        again, later = State.of(ledger.moves()), ledger.look()
        if again != state:
            continue
        if {*seen.marks, *later.marks} - {attempt} or _own(state, attempt):
            return state, True
        if state.points != later.points:
            raise AliasMoved(
                f"{ledger.alias} points to version {later.points[0]} and {ledger.before} to "
                f"{later.points[1]}, and the log says {state.points[0]} and {state.points[1]}: "
                "somebody moved them by hand. `lab registry restore` puts them back."
            )
        return state, False


def _own(state: State, attempt: str) -> Move | None:
    return next((move for move in state.moves if move.attempt == attempt), None)


def _told(version: Version | None) -> str:
    return "nothing" if version is None else str(version)
