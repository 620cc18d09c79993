"""A few replicas, the traffic between them, and what was measured: what a controller drives."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Collection
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from labsupport.delivery.evidence import Look
from labsupport.delivery.service.client import Client, Reply, Request
from labsupport.delivery.service.processes import Processes
from labsupport.delivery.service.seal import fleet_key
from labsupport.delivery.service.splitter import SHADOW, Groups, Sent, split
from labsupport.delivery.service.standing import (
    counts_so_far,
    save_counts,
    standing_order,
    write_order,
)
from labsupport.delivery.service.tally import TAIL, Outcome
from labsupport.delivery.states import Assignment
from labsupport.durable import only_one
from labsupport.world import Examples, World

_FOLLOW = 60.0  # seconds that replicas may take to follow an order
_LATE = 0.99  # the quantile of the old version's latency beyond which an answer is slow
# A busy machine stops any process for some milliseconds now and then, and all requests that are
# under way in it are late together. Counted one by one they would look like harm.
_LEAST = 0.05  # seconds below which no answer is slow
_AT_ONCE = 3  # requests under way in a replica
_WARM, _MEASURED = 10, 100  # requests to each replica, and to all, before anything is counted


class RealFleet:
    """Replicas that are processes; see states.Fleet. Close it, or use it in a `with`.

    Parameters
    ----------
    folder : of the fleet, with its bundles; it belongs to one rollout.
    replicas : how many, 3 to 5. Canary and baseline get their share of them, one at least.
    requests : that come in while one observation lasts.
    label_delay : minutes after which one hears whether an answer was right.
    seed : of the requests and of who gets them.
    lost : metrics that never arrive.
    astray : replicas that get the canary's bundle although nobody ordered it.
    limit : seconds that a request may take.

    Raises
    ------
    ValueError : not so many replicas, another process drives this fleet, or what stands in its
        folder is damaged.

    Attributes
    ----------
    minute : observations so far; one stands for a minute.
    threshold : seconds beyond which an answer is slow: the old version's own 99th percentile, but
        0.05 at least; None: not measured, and nobody knows what is slow.
    answers : what users got last.
    """

    def __init__(
        self,
        folder: Path,
        replicas: int = 4,
        requests: int = 100,
        label_delay: int = 1,
        seed: int = 0,
        lost: Collection[str] = (),
        astray: Collection[str] = (),
        limit: float = 5.0,
    ) -> None:
        if not 3 <= replicas <= 5:
            raise ValueError(f"A small fleet has 3 to 5 replicas; got {replicas!r}.")
        if type(seed) is not int or seed < 0:
            raise ValueError(f"seed is a whole number from 0; got {seed!r}.")
        self.folder, self.requests, self.label_delay = Path(folder), requests, label_delay
        self.seed, self.lost, self.astray = seed, lost, astray
        self.names = [f"replica-{i}" for i in range(replicas)]
        self.answers: deque[dict] = deque(maxlen=1000)
        self._room = ExitStack()
        try:
            self._room.enter_context(only_one(self.folder / "lock"))
        except BlockingIOError:
            raise ValueError(
                f"Another rollout drives the fleet in {self.folder}; wait for it, or name another "
                "folder."
            ) from None
        with self._room.pop_all() as room:  # which is left when something fails
            fleet_key(self.folder)  # there before the replicas ask for it
            self._world = World.create()
            self._order: Assignment | None = None
            self.minute, self.threshold, self._tally = counts_so_far(self.folder)
            self._processes = Processes(self.folder, self.names)
            self._client = Client(_AT_ONCE, limit)
            self._silent: list[str] = []
            self._room = room.pop_all()

    def __enter__(self) -> RealFleet:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """End every replica."""
        self._processes.end()
        self._client.close()
        self._room.close()

    def apply(self, assignment: Assignment) -> None:
        """Follow an order, unless a later one stands; replicas that are up follow at once, others
        when they come back.

        Raises
        ------
        RuntimeError : no replica came up.
        """
        standing = standing_order(self.folder, self.names)
        if standing is not None and standing.number >= assignment.number:
            assignment = standing
        else:
            told = Groups.of(assignment, self.names).expected(assignment)
            told |= {name: assignment.canary or assignment.others for name in self.astray}
            write_order(self.folder, assignment, told)
        self._order = assignment
        self._tally.enter(assignment.step)
        self._bring()
        if self.threshold is None and assignment.canary is not None:
            self._calibrate()

    def observe(self) -> Look:
        """Let some requests come in."""
        if self._order is None:
            raise ValueError("This fleet has no order yet; apply an assignment first.")
        self._start()
        others = self._traffic()
        self.minute += 1
        self._tally.hear(self.minute)
        save_counts(self.folder, self.minute, self.threshold, self._tally)
        count = self._tally.of_step
        pairs = {name: p for name, p in self._tally.told().items() if name not in self.lost}
        groups = (count[name] for name in ("canary", "baseline", "requests", "failed"))
        serving = self._serving() | others
        return Look(self.minute, pairs, *groups, serving, self._expected())

    def wait(self) -> bool:
        """Wait until every replica serves what it should; False if that does not happen."""
        until = time.monotonic() + _FOLLOW
        while not self._bring():
            if time.monotonic() > until:
                return False
            for name in self._silent:  # it hangs: what is started anew reads its orders itself
                self._processes.kill(name)
            time.sleep(0.1)
        return True

    def pid(self, name: str) -> int:
        """The number of a replica's process, for who wants to kill it."""
        return self._processes.pid(name)

    def ask(self, name: str, path: str, body: object = None) -> dict | None:
        """What a replica answers, for who wants to know; None: with an error, or not at all."""
        return self._client.send_all([Request(self._processes.port(name), path, body)])[0].body

    def _bring(self) -> bool:
        """Start who is down, tell who serves something else; whether all serve what they should."""
        self._start()
        if all(self._processes.port(name) is None for name in self.names):
            raise RuntimeError(
                f"No replica came up; {self.folder / 'replicas'} has what each of them said."
            )
        serving, expected = self._serving(), self._expected()
        others = [n for n in self.names if serving[n] != expected[n] and n not in self._silent]
        told = self._send([Request(self._processes.port(n), "/assignment", {}) for n in others])
        now = {
            name: (reply.body or {}).get("model") for name, reply in zip(others, told, strict=True)
        }
        return serving | now == expected

    def _traffic(self) -> dict[str, str]:
        """Send a block of requests and count what became of them; who answered with another bundle
        than it should.
        """
        rng = np.random.default_rng([self.seed, self.minute])  # goes on after a kill
        came = self._world.sample(int(rng.integers(2**62)), self.requests)
        groups, expected = self._groups(), self._expected()
        sent = split(self._order, groups, self.requests, rng)
        replies = self._send([self._asked(came, one.request, one.replica) for one in sent])
        first = dict(zip(sent, replies, strict=True))
        again = {
            one: groups.beside(one.replica)
            for one, reply in first.items()
            if reply.body is None and one.role != SHADOW
        }
        again = {one: beside for one, beside in again.items() if beside}
        replies = self._send([self._asked(came, one.request, at) for one, at in again.items()])
        second = dict(zip(again, replies, strict=True))
        others, outcomes = {}, []
        for one, reply in first.items():
            answer = reply.body or (second[one].body if one in second else None)
            if reply.body is not None and reply.body["model"] != expected[one.replica]:
                others[one.replica] = reply.body["model"]
            outcomes.append(self._outcome(came, one, reply, answer, expected))
            if answer is not None and one.role != SHADOW:
                self.answers.append(answer)
        self._tally.add(outcomes, self.minute + 1 + self.label_delay)
        return others

    def _outcome(
        self, came: Examples, one: Sent, reply: Reply, answer: dict | None, expected: dict
    ) -> Outcome:
        """How a request went at the replica that got it first."""
        i, got = one.request, reply.body
        bad: dict[str, bool | None] = {"errors": got is None, "quality": None, "slow": None}
        if got is not None:
            bad["quality"] = got["answer"] != int(came.y[i])
        if self.threshold is not None:
            bad["slow"] = got is None or reply.seconds > self.threshold
        if got is not None and got["model"] != expected[one.replica]:
            bad = dict.fromkeys(bad)  # it says nothing of the bundle that should have answered
        if came.X[i, 0] > 1:
            bad[TAIL] = bad["quality"]
        return Outcome(one.role, bad, answer is not None)

    def _asked(self, came: Examples, i: int, replica: str) -> Request:
        body = {"id": self.minute * self.requests + i, "x": came.X[i].tolist()}
        return Request(self._processes.port(replica), "/answer", body)

    def _start(self) -> None:
        """Start who is down; the first requests of a process are slower, and count for nobody."""
        names = self._processes.start_missing()
        came = self._world.sample(self.seed, _WARM)
        self._send([self._asked(came, i, name) for i in range(_WARM) for name in names])

    def _calibrate(self) -> None:
        """How late the old version's answers are, before anything is counted."""
        expected = self._expected()
        old = [name for name in self.names if expected[name] == self._order.others]
        came = self._world.sample(self.seed, _MEASURED)
        took = [
            reply.seconds
            for reply in self._send(
                [self._asked(came, i, old[i % len(old)]) for i in range(_MEASURED)]
            )
            if reply.body is not None and reply.body["model"] == self._order.others
        ]
        if len(took) > _MEASURED / 2:
            self.threshold = max(_LEAST, float(np.quantile(took, _LATE)))

    def _send(self, asked: list[Request]) -> list[Reply]:
        """Replies; one that is no answer of a replica is none."""
        replies = self._client.send_all(asked)
        wanted = {"/answer": ("answer", "model"), "/health": (), "/assignment": ()}
        return [
            reply
            if reply.body is None or all(key in reply.body for key in wanted[one.path])
            else Reply(None, reply.seconds)
            for one, reply in zip(asked, replies, strict=True)
        ]

    def _groups(self) -> Groups:
        return Groups.of(self._order, self.names)

    def _expected(self) -> dict[str, str]:
        return self._groups().expected(self._order)

    def _serving(self) -> dict[str, str | None]:
        """Who serves what; a replica that is up and says nothing is silent."""
        asked = [Request(self._processes.port(name), "/health") for name in self.names]
        told = dict(zip(self.names, self._send(asked), strict=True))
        up = {name: one.port is not None for name, one in zip(self.names, asked, strict=True)}
        self._silent = [name for name, reply in told.items() if up[name] and reply.body is None]
        return {name: (reply.body or {}).get("model") for name, reply in told.items()}
