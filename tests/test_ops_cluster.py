"""Work that fans out: the same list whoever does it, whatever happens to a worker."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context

import numpy as np
import pytest
from distributed import Client
from ops_work import (
    SOON,
    echo,
    ends_worker,
    killing,
    leave,
    odd,
    outlives,
    scheduler,
    square,
    worker,
    wrong,
)

from labsupport.ops.cluster import WorkerDied, executor, spread
from labsupport.processes import in_child

PLACES = ["processes", "local", "running"]


@pytest.fixture(scope="module")
def processes():
    with executor(workers=2) as made:
        yield made


@pytest.fixture(scope="module")
def local():
    with executor("local", 2) as made:
        yield made


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """Of a scheduler with two workers, one of which nobody restarts when it dies."""
    folder = tmp_path_factory.mktemp("dask")
    with scheduler(folder) as where, worker(where), worker(where, "--no-nanny"):
        with Client(where, set_as_default=False) as client:
            client.wait_for_workers(2, timeout=SOON)
        yield where


@pytest.fixture(scope="module")
def running(address):
    with executor(address) as made:
        yield made


@pytest.fixture
def place(request):
    return request.getfixturevalue(request.param)


everywhere = pytest.mark.parametrize("place", PLACES, indirect=True)
here = pytest.mark.parametrize("place", PLACES[:2], indirect=True)


# ---- the same list, and the same error
# ----------------------------------------------------------------------------------------------


@everywhere
def test_the_result_is_the_list_in_order(place) -> None:
    assert spread(square, range(50), place) == [number**2 for number in range(50)]
    assert spread(square, iter([]), place) == []
    assert list(place.map(square, range(5))) == [0, 1, 4, 9, 16]


@everywhere
def test_items_arrive_as_they_are(place) -> None:
    items = ["a-key", "a-key", (sum, [1, 2]), b"bytes", None, {"x": (1, [2])}, 1.5, True]
    assert spread(echo, items, place) == items
    rows = np.random.default_rng(0).standard_normal((2, 700_000))  # more than Dask likes to send
    assert np.array_equal(spread(echo, list(rows), place), rows)


@everywhere
def test_a_function_that_nobody_can_import_travels(place) -> None:
    factor = 3
    assert spread(lambda number: number * factor, range(4), place) == [0, 3, 6, 9]


def test_this_process_and_foreign_executors_serve_too() -> None:
    assert spread(square, range(5)) == [0, 1, 4, 9, 16]
    with ThreadPoolExecutor(2) as threads:
        assert spread(square, range(50), threads) == spread(square, range(50))


@pytest.mark.parametrize("place", [*PLACES, "none"], indirect=True)
def test_the_first_items_error_is_raised_with_its_item(place) -> None:
    with pytest.raises(LookupError, match=r"^no 3\n") as raised:
        spread(wrong, range(20), place)
    assert "That was item 3: 3." in raised.value.__notes__


@pytest.fixture
def none() -> None:
    """Nobody: this process does it itself."""


@everywhere
def test_odd_errors_are_errors_and_no_deaths(place) -> None:
    with pytest.raises(SystemExit, match="left with 1"):
        spread(leave, [1, 2], place)
    with pytest.raises(RuntimeError, match="Odd: odd 1") as raised:
        spread(odd, [1, 2], place)
    assert any("in odd" in note for note in raised.value.__notes__)
    assert spread(square, [3], place) == [9]


@everywhere
def test_what_cannot_travel_is_said(place) -> None:
    with pytest.raises(TypeError, match=r"^echo, or what it is given, cannot travel") as raised:
        spread(echo, [1, threading.Lock()], place)
    assert raised.value.__notes__[0].startswith("That was item 1: <unlocked")


@everywhere
def test_progress_is_told_once_an_item(place) -> None:
    told: list[int] = []
    spread(square, range(20), place, told.append)
    assert told == [1] * 20
    spread(square, range(3), None, told.append)
    assert sum(told) == 23


# ---- a worker that dies
# ----------------------------------------------------------------------------------------------


@everywhere
def test_a_killed_worker_changes_nothing_but_the_time(place, tmp_path) -> None:
    told: list[int] = []
    with killing(tmp_path) as killed:
        items = [(str(tmp_path), number) for number in range(12)]
        assert spread(outlives, items, place, told.append) == [n**2 for n in range(12)]
    assert killed and sum(told) == 12
    assert spread(square, range(5), place) == [0, 1, 4, 9, 16]


def test_a_killed_worker_of_pythons_own_pool_changes_nothing_but_the_time(tmp_path) -> None:
    with ProcessPoolExecutor(2, get_context("spawn")) as pool, killing(tmp_path) as killed:
        items = [(str(tmp_path), number) for number in range(12)]
        assert spread(outlives, items, pool) == [n**2 for n in range(12)]
    assert killed


@here
def test_an_item_that_always_ends_its_worker_is_named(place) -> None:
    with pytest.raises(WorkerDied, match=r"^Item 3, 3, ended its worker .* given up: [^.]*\.$"):
        spread(ends_worker, range(8), place)
    assert spread(square, range(5), place) == [0, 1, 4, 9, 16]


def test_python_own_pool_ends_with_its_worker_and_ours_does_not() -> None:
    """The control: what `spread` and `executor` are for."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        assert pool.submit(ends_worker, 3).exception() is not None
        with pytest.raises(Exception, match=r"terminated abruptly|not usable"):
            pool.submit(square, 2)
    with executor(workers=1) as ours:
        deadly, harmless = ours.submit(ends_worker, 3), ours.submit(square, 2)
        assert isinstance(deadly.exception(), WorkerDied) and harmless.result() == 4


# ---- inside each other
# ----------------------------------------------------------------------------------------------


def below(where: str | None) -> int:
    """Spread what a worker is given over workers of its own, or of its own cluster."""
    with executor(where, 2 if where in (None, "local") else None) as made:
        return sum(spread(square, range(4), made))


@here
def test_a_worker_may_have_workers(place) -> None:
    assert spread(below, [None, None], place) == [14, 14]


def test_a_worker_may_start_a_cluster(processes, local) -> None:
    assert spread(below, ["local"], processes) == spread(below, ["local"], local) == [14]


def test_workers_may_wait_for_their_own_cluster(running, address) -> None:
    assert spread(below, [address] * 4, running) == [14] * 4


@pytest.mark.parametrize("where", [None, "local"])
def test_a_daemonic_child_may_have_workers(where) -> None:
    assert in_child(below, (where,), 100) == 14


def forbidden() -> str:
    try:
        with ProcessPoolExecutor(1, get_context("spawn")) as pool:
            return str(pool.submit(os.getpid).result())
    except AssertionError as error:
        return str(error)


def test_python_own_pool_may_not() -> None:
    """The control."""
    assert in_child(forbidden, (), 60) == "daemonic processes are not allowed to have children"
