"""Two who move an alias at once, in every order of their steps, killed at every moment; and the
same without each part of what makes it safe.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from interleavings import Asking, End, World, alone, ends

from labsupport.ops.registry import moves
from labsupport.ops.registry.entries import (
    AliasMoved,
    PromotionLost,
    RegistryError,
    State,
    Version,
)

A, B, C = (Version(number, f"{number:064x}") for number in (1, 2, 3))


def promoter(version: Version, expected: Version | None, attempt: str):
    def process(ledger: Asking) -> str:
        move = moves.promote(ledger, version, expected, {}, f"proof {version.number}", attempt)
        return f"{move.kind} {move.version.number}"

    return process


def roller(attempt: str, expected: Version | None = None):
    def process(ledger: Asking) -> str:
        return f"back to {moves.rollback(ledger, expected, attempt).version.number}"

    return process


def reader(attempt: str):
    return lambda ledger: moves.read(ledger, attempt).points


def with_prod(*versions: Version) -> World:
    world, before = World(), None
    for version in versions:
        got, world = alone(world, promoter(version, before, f"earlier {version.number}"))
        assert not isinstance(got, Exception), got
        before = version
    return world


def is_right(world: World) -> bool:
    return State.of(world.log).points == world.points


def heals(end: End) -> bool:
    """Whether the next reader, undisturbed, finds everything and leaves it right."""
    got, after = alone(end.world, reader("later"))
    return got == State.of(end.world.log).points and is_right(after)


def told(end: End) -> list[str]:
    return [type(got).__name__ if isinstance(got, Exception) else str(got) for got in end.got]


def test_of_two_promotions_one_wins_in_every_order() -> None:
    found = list(ends(with_prod(A), [promoter(B, A, "b"), promoter(C, A, "c")]))
    assert {tuple(told(end)) for end in found} == {
        ("promote 2", "PromotionLost"),
        ("PromotionLost", "promote 3"),
    }
    for end in found:
        (winner,) = (got for got in end.got if isinstance(got, str))
        assert (winner, end.world.points[1]) == (f"promote {end.world.points[0]}", 1)
        assert is_right(end.world) and not end.world.marks, end.path


TWO = {
    "against the same": ((A,), [promoter(B, A, "b"), promoter(C, A, "c")]),
    "one on the other": ((A,), [promoter(B, A, "b"), promoter(C, B, "c")]),
    "the same twice": ((A,), [promoter(B, A, "b"), promoter(B, A, "c")]),
    "the first ever": ((), [promoter(B, None, "b"), promoter(C, None, "c")]),
    "against a rollback": ((A, B), [promoter(C, B, "c"), roller("r")]),
    "two rollbacks": ((A, B, C), [roller("r"), roller("s")]),
    "a rollback that knows": ((A, B), [promoter(C, B, "c"), roller("r", B)]),
}


@pytest.mark.parametrize("name", TWO)
def test_whoever_is_killed_whenever_the_next_reader_finds_all_right(name) -> None:
    before, processes = TWO[name]
    found = list(ends(with_prod(*before), processes, kills=2))
    assert len(found) > 100
    for end in found:
        assert "AliasMoved" not in told(end) and heals(end), end.path
        if None not in end.got:
            assert is_right(end.world), end.path
        winners = {got for got in end.got if isinstance(got, str)}
        counted = [move for move in State.of(end.world.log).moves[len(before) :]]
        assert len(winners) <= len(counted) <= 2


def test_who_was_killed_starts_anew_and_it_comes_to_the_same() -> None:
    for end in ends(with_prod(A), [promoter(B, A, "b")], kills=1):
        got, world = alone(end.world, promoter(B, A, "again"))
        assert got == "promote 2" and world.points == (2, 1) and is_right(world)
        assert [move.version for move in world.log] == [A, B]


def test_a_reader_meanwhile_accuses_nobody() -> None:
    found = list(ends(with_prod(A), [promoter(B, A, "b"), reader("r")], kills=1))
    assert all(heals(end) for end in found)
    assert {tuple(told(end)) for end in found if None not in end.got} == {
        ("promote 2", "(1, None)"),
        ("promote 2", "(2, 1)"),
    }


def test_an_alias_moved_by_hand_is_said_and_put_back() -> None:
    world = with_prod(A, B)
    _, moved = world.answer("point", "prod", 3)
    for process in (reader("r"), promoter(C, B, "c"), roller("r")):
        got, after = alone(moved, process)
        assert isinstance(got, AliasMoved) and "by hand" in str(got)
        assert after == moved  # nothing was done, and no mark stays
    _, after = alone(moved, lambda ledger: moves.restore(ledger, "r"))
    assert after == world


def test_a_verdict_moves_an_alias_once() -> None:
    _, world = alone(with_prod(A, B), roller("r"))
    got, after = alone(world, promoter(B, A, "again"))
    assert isinstance(got, PromotionLost) and "rolled back since" in str(got)
    assert after == world
    got, _ = alone(world, promoter(C, A, "c"))
    assert got == "promote 3"


def test_rollbacks_go_back_one_by_one_and_end() -> None:
    world = with_prod(A, B, C)
    for version in (2, 1):
        got, world = alone(world, roller(f"to {version}"))
        assert got == f"back to {version}"
    got, after = alone(world, roller("once more"))
    assert isinstance(got, RegistryError) and "nothing was there before" in str(got)
    assert after == world and world.points == (1, None)


def test_an_answer_that_was_lost_is_no_second_move() -> None:
    """A server did what it was asked, and its answer got lost: the client asks again."""

    def twice(ledger: Asking) -> str:
        append = ledger.append

        def lossy(move):
            append(move)
            return append(move)

        ledger.append = lossy
        return f"back to {moves.rollback(ledger, None, 'r').version.number}"

    got, world = alone(with_prod(A, B, C), twice)
    assert got == "back to 2" and world.points == (2, 1) and is_right(world)
    assert [move.won for move in world.log] == [True] * 4 + [False]


def test_a_log_with_a_hole_is_refused() -> None:
    log = with_prod(A, B, C).log
    for spoilt in (log[1:], log[:1] + log[2:], (log[0], replace(log[1], replaced=C))):
        with pytest.raises(RegistryError, match=r"restore the registry\.$"):
            State.of(spoilt)


# The same without each part of it: what the parts are for.


def unchecked(version: Version, expected: Version):
    """What one can do with MLflow's aliases alone: look, then move."""

    def process(ledger: Asking) -> str:
        if ledger.look().points[0] != expected.number:
            raise PromotionLost
        ledger.point("prod", version.number)
        return f"promote {version.number}"

    return process


def test_without_the_log_two_win() -> None:
    found = list(ends(with_prod(A), [unchecked(B, A), unchecked(C, A)]))
    assert ["promote 2", "promote 3"] in [told(end) for end in found]


def test_without_a_second_look_the_alias_stays_behind(monkeypatch) -> None:
    def once(ledger, attempt):
        state = State.of(ledger.moves())
        ledger.point("prod", state.points[0])
        ledger.point("previous", state.points[1])
        ledger.unmark(attempt)
        return state

    monkeypatch.setattr(moves, "_settle", once)
    processes = [promoter(B, A, "b"), promoter(C, B, "c")]
    assert not all(is_right(end.world) for end in ends(with_prod(A), processes))


def test_without_marks_the_innocent_are_accused() -> None:
    class Unmarked(Asking):
        def mark(self, attempt):
            pass

        unmark = mark

    def process(ledger: Asking) -> str:
        ledger.__class__ = Unmarked
        return promoter(B, A, "b")(ledger)

    found = ends(with_prod(A), [process], kills=1)
    assert not all(heals(end) for end in found)
