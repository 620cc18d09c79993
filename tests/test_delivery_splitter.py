"""What a real fleet is made of, without a process: who gets which request, which requests are a
pair, requests that are never waited for too long, an answer's seal.
"""

from __future__ import annotations

import json
import socket
import threading
import time
from contextlib import ExitStack, contextmanager

import numpy as np
import pytest
from scipy import stats

from labsupport.delivery.look import Pairs
from labsupport.delivery.service.client import Client, Request
from labsupport.delivery.service.seal import fleet_key, is_whole, sealed
from labsupport.delivery.service.splitter import BASELINE, CANARY, REST, SHADOW, Groups, split
from labsupport.delivery.service.tally import METRICS, TAIL, Outcome, Tally
from labsupport.delivery.states import Assignment

FIVE = tuple("abcde")


def order(step: int, share: float, canary: str | None = "new") -> Assignment:
    return Assignment(1, "any", step, share, canary, "old")


# ---- the splitter


@pytest.mark.parametrize(("step", "share"), [(0, 0.05), (0, 0.5), (1, 0.05), (2, 0.3), (2, 0.5)])
@pytest.mark.parametrize("names", [FIVE[:3], FIVE[:4], FIVE])
def test_canary_and_baseline_get_their_share(names, step, share):
    n, asked = 5_000, order(step, share)
    groups = Groups.of(asked, names)
    sent = split(asked, groups, n, np.random.default_rng(0))
    heard = [one for one in sent if one.role != SHADOW]
    assert [one.request for one in heard] == list(range(n))  # each once, in order
    new = SHADOW if step == 0 else CANARY
    assert {one.role for one in sent} - {REST} == {BASELINE, new}
    members = {new: groups.canary, BASELINE: groups.baseline}
    for role, group in members.items():
        got = [one.replica for one in sent if one.role == role]
        assert stats.binomtest(len(got), n, share).pvalue > 1e-6
        for name in group:  # each of its replicas gets as much as the others
            assert stats.binomtest(got.count(name), len(got), 1 / len(group)).pvalue > 1e-6
    for one in sent:
        told = groups.expected(asked)[one.replica]
        assert told == ("new" if one.role == new else "old")


def test_a_shadow_gets_copies_of_what_the_baseline_gets():
    asked = order(0, 0.3)
    sent = split(asked, Groups.of(asked, FIVE), 1000, np.random.default_rng(1))
    copied = [one.request for one in sent if one.role == SHADOW]
    assert copied == [one.request for one in sent if one.role == BASELINE] != []


def test_at_the_end_there_is_one_group():
    asked = order(2, 0.0, canary=None)
    groups = Groups.of(asked, FIVE)
    sent = split(asked, groups, 5000, np.random.default_rng(2))
    assert {one.role for one in sent} == {REST} and {one.replica for one in sent} == set(FIVE)
    assert set(groups.expected(asked).values()) == {"old"}


@pytest.mark.parametrize("share", [0.001, 0.2, 0.34, 0.5])
@pytest.mark.parametrize("names", [FIVE[:3], FIVE[:4], FIVE])
def test_canary_and_baseline_are_equally_large(names, share):
    groups = Groups.of(order(1, share), names)
    assert len(groups.canary) == len(groups.baseline) >= 1
    assert sorted(groups.canary + groups.baseline + groups.rest) == sorted(names)


@pytest.mark.parametrize(("names", "share", "some"), [(3, 0.5, 1), (4, 0.5, 2), (5, 0.4, 2)])
def test_the_groups_grow_with_the_share(names, share, some):
    assert len(Groups.of(order(2, share), FIVE[:names]).canary) == some


def test_who_takes_over_is_of_the_same_group():
    groups = Groups(("a",), ("b",), ("c", "d", "e"))
    assert [groups.beside(name) for name in FIVE] == [None, None, "d", "e", "c"]


# ---- the tally


def outcome(role: str, answered: bool = True, **bad) -> Outcome:
    return Outcome(role, {"quality": None, "errors": None, "slow": None, **bad}, answered)


def test_pairs_are_equally_old():
    tally = Tally()
    tally.enter(1)
    new, old = [True, False, True, True], [False, True, None]
    tally.add(
        [outcome(CANARY, errors=bad) for bad in new]
        + [outcome(BASELINE, errors=bad) for bad in old]
        + [outcome(REST, errors=True, answered=False)],
        known=1,
    )
    # The fourth has no partner, now or in the next block; of the third's nobody knows.
    assert tally.told()["errors"] == Pairs(2, 1, 1)
    tally.add([outcome(BASELINE, errors=True)], known=2)
    assert tally.told()["errors"] == Pairs(2, 1, 1)
    assert tally.of_step == {"canary": 4, "baseline": 4, "requests": 9, "failed": 1}


def test_a_shadow_is_paired_with_its_own_request_and_no_user():
    tally = Tally()
    tally.enter(0)
    for wrong in (True, None, False):
        pair = [outcome(SHADOW, quality=wrong, answered=False), outcome(BASELINE, quality=True)]
        tally.add(pair, known=0)
    tally.hear(0)
    assert tally.told()["quality"] == Pairs(2, 0, 1)
    assert tally.of_step == {"canary": 3, "baseline": 3, "requests": 3, "failed": 0}


def test_labels_are_known_later_and_slices_are_paired_by_themselves():
    tally = Tally()
    tally.enter(1)
    there = [outcome(CANARY, quality=False), outcome(CANARY, quality=True, **{TAIL: True})]
    tally.add([*there, outcome(BASELINE, quality=False, **{TAIL: False})], known=2)
    tally.hear(1.5)
    assert {pairs.n for pairs in tally.told().values()} == {0}
    tally.hear(2)
    assert tally.told()["quality"] == Pairs(1, 0, 0) and tally.told()[TAIL] == Pairs(1, 1, 0)
    tally.hear(3)
    assert tally.told()["quality"].n == 1  # once


def test_a_step_counts_its_own_requests_and_pairs_add_up():
    tally = Tally()
    for step in (0, 1, 1):
        tally.enter(step)
        tally.add([outcome(CANARY, errors=True), outcome(BASELINE, errors=False)], known=0)
    assert tally.of_step["requests"] == 4 and tally.told()["errors"] == Pairs(3, 3, 0)
    assert set(tally.told()) == set(METRICS)


# ---- requests


@contextmanager
def server(*answers: bytes, every: float = 0.0):
    """Listens; each connection gets the next of the answers, byte by byte where that takes time,
    and after the last of them nothing.
    """
    door = socket.create_server(("127.0.0.1", 0))
    left, open_ = list(answers), ExitStack()
    open_.enter_context(door)

    def listen():
        while True:
            try:
                talk = open_.enter_context(door.accept()[0])
                talk.recv(65536)
            except OSError:
                return
            if left:
                threading.Thread(target=say, args=(talk, left.pop(0)), daemon=True).start()

    def say(talk, data):
        try:
            for i in range(len(data) if every else 1):
                talk.sendall(data[i : i + 1] if every else data)
                time.sleep(every)
            talk.close()
        except OSError:
            return

    threading.Thread(target=listen, daemon=True).start()
    with open_:
        yield door.getsockname()[1]
        door.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def client():
    made = Client(at_once=2, limit=0.5)
    yield made
    made.close()


def http(body: bytes, status: str = "200 OK") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


GOOD = http(b'{"answer": 1}')


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1",
        b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n{}",
        b"x" * 200_000,
        http(b"{"),
        http(b"[1]"),
        http(b'{"answer": 1}', "503 Service Unavailable"),
    ],
)
def test_what_is_no_answer_has_failed(client, answer):
    with server(answer) as port:
        assert [reply.body for reply in client.send_all([Request(port, "/answer", {})])] == [None]


def test_a_request_ends_at_its_limit_however_it_is_kept_waiting(client):
    with server() as silent, server(GOOD, every=0.1) as dribbling:
        asked = [Request(port, "/answer", {}) for port in (silent, dribbling)]
        assert [reply.body for reply in client.send_all(asked)] == [None, None]


def test_who_is_slow_keeps_no_other_waiting_and_nobody_listens_at_a_closed_port(client):
    with socket.create_server(("127.0.0.1", 0)) as door:
        closed = door.getsockname()[1]
    with server() as silent, server(*[GOOD] * 9) as quick:
        ports = [silent] * 20 + [quick] * 9 + [closed, None]
        replies = client.send_all([Request(port, "/answer", {}) for port in ports])
    assert [reply.body for reply in replies] == [None] * 20 + [{"answer": 1}] * 9 + [None] * 2


def test_a_connection_that_was_closed_meanwhile_is_made_anew(client):
    with server(GOOD, GOOD) as port:  # each closes after its answer, without saying so
        for _ in range(2):
            assert client.send_all([Request(port, "/health")])[0].body == {"answer": 1}
        assert client.send_all([]) == []


# ---- the seal


def test_an_answer_is_whole_or_it_is_not(tmp_path):
    key, other = fleet_key(tmp_path / "one"), fleet_key(tmp_path / "other")
    assert key == fleet_key(tmp_path / "one") != other
    told = {"id": 1, "answer": 0}
    answer = json.loads(json.dumps(sealed(told, key)))
    assert is_whole(answer, key) and not is_whole(answer, other)
    for altered in (answer | {"answer": 1}, answer | {"more": None}, told, answer | {"seal": 1}):
        assert not is_whole(altered, key)
