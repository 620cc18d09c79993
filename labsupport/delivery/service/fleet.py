"""A few replicas, the traffic between them, and what was measured: what a controller drives."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import deque
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

import numpy as np

from labsupport.delivery.evidence import Look, Pairs
from labsupport.delivery.service.client import Client, Reply
from labsupport.delivery.service.replica import ASSIGNMENT
from labsupport.delivery.states import ENDS, Assignment
from labsupport.durable import only_one, replace_whole
from labsupport.world import Examples, World

TAIL = "quality on the tail"  # of the requests whose first feature is above one
METRICS = ("quality", TAIL, "errors", "slow")
_LABELS = ("quality", TAIL)
_START = 30.0  # seconds that replicas may take to come up, or to follow
_LATE = 0.99  # the quantile of the old version's latency beyond which an answer is slow


class RealFleet:
    """Replicas that are processes; see states.Fleet. Close it, or use it in a `with`.

    Parameters
    ----------
    folder : of the fleet, with its bundles.
    replicas : how many; one is the canary, one its baseline, the others are the rest.
    requests : that come in while one observation lasts.
    seed : of the requests and of who gets them.
    lost : metrics that never arrive, for a lesson.

    Raises
    ------
    ValueError : not so many replicas, or another process drives this fleet.

    Attributes
    ----------
    minute : observations so far; one stands for a minute.
    threshold : seconds beyond which an answer is slow, the old version's own 99th percentile.
    answers : what users got last.
    """

    def __init__(
        self, folder: Path, replicas: int = 4, requests: int = 100, seed: int = 0, lost: tuple = ()
    ) -> None:
        if not 3 <= replicas <= 5:
            raise ValueError(f"A small fleet has 3 to 5 replicas; got {replicas!r}.")
        self.folder, self.lost = Path(folder), lost
        self.names = [f"replica-{i}" for i in range(replicas)]
        self.requests = requests
        self.answers: deque = deque(maxlen=1000)  # what users got last
        self._room = ExitStack()
        try:
            self._room.enter_context(only_one(self.folder / "lock"))
        except BlockingIOError:
            raise ValueError(
                f"Another rollout drives the fleet in {self.folder}; wait for it, or name another "
                "folder."
            ) from None
        self._client, self._processes = Client(), {}
        self._world, self._rng = World.create(), np.random.default_rng(seed)
        self._order: Assignment | None = None
        self._turn = 0
        self._load()

    def __enter__(self) -> RealFleet:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """End every replica."""
        self._client.close()
        for process in self._processes.values():
            process.kill()
        for process in self._processes.values():
            process.wait()
        self._processes = {}
        self._room.close()

    def apply(self, assignment: Assignment) -> None:
        """Follow an order, unless a later one stands; replicas that are up follow at once, others
        when they come back.
        """
        standing = self._standing()
        if standing is not None and standing["number"] > assignment.number:
            return
        if standing is None or standing["number"] < assignment.number:
            if standing is None or standing["step"] != assignment.step:
                self._step = dict.fromkeys(("canary", "baseline", "requests", "failed"), 0)
            told = asdict(assignment) | {"replicas": self._expected(assignment)}
            replace_whole(self.folder / ASSIGNMENT, json.dumps(told).encode())
        self._order = assignment
        self._start_missing()
        if self._serving() != self._expected(assignment):
            self._client.send_all((self._port(n), "/assignment", {}) for n in self.names)
        if self.threshold is None:
            self._calibrate()

    def observe(self) -> Look:
        """Let some requests come in."""
        self._start_missing()
        self._traffic()
        self.minute += 1
        self._save()
        order = self._order
        pairs = {name: self._pairs(name) for name in METRICS if name not in self.lost}
        step = self._step
        return Look(
            self.minute,
            pairs,
            step["canary"],
            step["baseline"],
            step["requests"],
            step["failed"],
            self._serving(),
            self._expected(order),
        )

    def wait(self) -> bool:
        """Wait until every replica serves what it should; False if that does not happen."""
        until = time.monotonic() + _START
        while time.monotonic() < until:
            self._start_missing()
            if self._serving() == self._expected(self._order):
                return True
            self._client.send_all((self._port(n), "/assignment", {}) for n in self.names)
            time.sleep(0.1)
        return False

    def process(self, name: str) -> subprocess.Popen:
        """The process of a replica, for who wants to kill it."""
        return self._processes[name]

    def _traffic(self) -> None:
        """Send requests to their groups; in the shadow, some of them twice."""
        order, rng, n = self._order, self._rng, self.requests
        came = self._world.sample(int(rng.integers(2**31)), n)
        luck = rng.random(n)
        share = 0.0 if order.state in ENDS else order.share
        canary, baseline, rest = self.names[0], self.names[1], self.names[2:]
        asked, roles = [], []
        for i in range(n):
            body = {"id": self._turn + i, "x": came.X[i].tolist()}
            to = rest[i % len(rest)]
            if luck[i] < share:
                if order.mirrored:
                    asked.append((self._port(canary), "/answer", body))
                    roles.append((i, "shadow"))
                    to = baseline
                else:
                    to = canary
            elif luck[i] >= 1 - share and not order.mirrored:
                to = baseline
            asked.append((self._port(to), "/answer", body))
            roles.append((i, {canary: "canary", baseline: "baseline"}.get(to, "rest")))
        replies = self._client.send_all(asked)
        self._turn += n
        self._count(roles, replies, came)

    def _count(self, roles: list[tuple[int, str]], replies: list[Reply], came: Examples) -> None:
        """Who got what; the shadow's answers are counted and thrown away."""
        for (i, role), reply in zip(roles, replies, strict=True):
            wrong = None if reply.body is None else reply.body["answer"] != came.y[i]
            bad = {
                "quality": wrong,
                TAIL: wrong if came.X[i, 0] > 1 else None,
                "errors": reply.body is None,
                "slow": reply.body is None or reply.seconds > (self.threshold or np.inf),
            }
            group = "canary" if role == "shadow" else role
            if group != "rest":
                self._step[group] += 1
                for name, value in bad.items():
                    if value is not None:
                        self._outcomes[name][group].append(int(value))
            if role != "shadow":
                self._step["requests"] += 1
                self._step["failed"] += bad["errors"]
                if reply.body is not None:
                    self.answers.append(reply.body)
        self._pair_up()

    def _pair_up(self) -> None:
        """First with first, second with second; labels become known one observation later."""
        for name, groups in self._outcomes.items():
            new, old = groups["canary"], groups["baseline"]
            known = min(len(new), len(old))
            if name in _LABELS:
                known, self._known[name] = min(self._known[name], known), known
            for _ in range(known):
                a, b = new.popleft(), old.popleft()
                counts = self._counts[name]
                counts[0] += 1
                counts[1] += a > b
                counts[2] += b > a
            if name in _LABELS:
                self._known[name] -= known

    def _pairs(self, name: str) -> Pairs:
        return Pairs(*map(int, self._counts[name]))

    def _calibrate(self) -> None:
        """How late the old version's answers are, before anything new has come."""
        came = self._world.sample(0, 200)
        rest = self.names[2:]
        asked = [
            (self._port(rest[i % len(rest)]), "/answer", {"id": -1, "x": came.X[i].tolist()})
            for i in range(len(came.y))
        ]
        took = [reply.seconds for reply in self._client.send_all(asked) if reply.body is not None]
        if took:
            self.threshold = float(np.quantile(took, _LATE))

    def _expected(self, order: Assignment) -> dict[str, str]:
        first = order.others if order.canary is None else order.canary
        return {name: first if i == 0 else order.others for i, name in enumerate(self.names)}

    def _serving(self) -> dict[str, str | None]:
        replies = self._client.send_all((self._port(n), "/health", None) for n in self.names)
        bodies = [reply.body or {} for reply in replies]
        return {name: body.get("model") for name, body in zip(self.names, bodies, strict=True)}

    def _standing(self) -> dict | None:
        path = self.folder / ASSIGNMENT
        return json.loads(path.read_bytes()) if path.exists() else None

    def _port(self, name: str) -> int | None:
        """Where a replica listens; None while its process is not up."""
        process, path = self._processes.get(name), self.folder / "replicas" / f"{name}.json"
        if process is None or process.poll() is not None or not path.exists():
            return None
        told = json.loads(path.read_bytes())
        return told["port"] if told["pid"] == process.pid else None

    def _start_missing(self) -> None:
        """Start what is not up, and wait for it; it reads its orders itself."""
        missing = [
            name
            for name in self.names
            if name not in self._processes or self._processes[name].poll() is not None
        ]
        for name in missing:
            command = [sys.executable, "-m", "labsupport.delivery.service.replica"]
            self._processes[name] = subprocess.Popen(
                [*command, str(self.folder), name],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C is the controller's to hear
            )
        until = time.monotonic() + _START
        while any(self._port(name) is None for name in missing):
            if time.monotonic() > until:
                raise RuntimeError(
                    f"Replicas did not start within {_START:g} s; see whether this machine is busy."
                )
            time.sleep(0.02)

    def _save(self) -> None:
        """What was counted so far; a controller that comes after a kill goes on with it."""
        told = {"minute": self.minute, "turn": self._turn, "step": self._step}
        told |= {"counts": self._counts, "threshold": self.threshold}
        replace_whole(self.folder / "counts.json", json.dumps(told).encode())

    def _load(self) -> None:
        path = self.folder / "counts.json"
        told = json.loads(path.read_bytes()) if path.exists() else {}
        self.minute, self._turn = told.get("minute", 0), told.get("turn", 0)
        fresh = dict.fromkeys(("canary", "baseline", "requests", "failed"), 0)
        self._step = told.get("step", fresh)
        self._counts = told.get("counts", {name: [0, 0, 0] for name in METRICS})
        self.threshold = told.get("threshold")
        self._outcomes = {n: {g: deque() for g in ("canary", "baseline")} for n in METRICS}
        self._known = dict.fromkeys(_LABELS, 0)
