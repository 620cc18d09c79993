"""What comes in, and what can be wrong with a new version although it won offline.

Each request is in a slice and can go bad in three ways: the answer is wrong, there is none, or it
comes late, beyond the old version's own 99th percentile. Latencies are lognormal.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from scipy import special

from labsupport.exact import as_written, check_count

SMALL = "quality on night"  # the metric of the small slice
METRICS = ("quality", SMALL, "errors", "slow")
FAULTS = (
    "none",
    "live shift",
    "slow under load",
    "small slice",
    "another bundle",
    "crash",
    "lost metrics",
    "memory leak",
    "retry storm",
)
_SIZES = {
    "live shift": 0.03,
    "slow under load": 0.25,
    "small slice": 0.15,
    "crash": 0.3,
    "memory leak": 0.05,
    "retry storm": 10.0,
}
_SIGMA, _LATE = 0.5, float(special.ndtri(0.99))  # of a latency's logarithm; its 99th percentile
_MOST = 10**6  # times as slow, or as many calls
NIGHT = 5  # of 256 requests, those of the small slice


@dataclass(frozen=True)
class Fault:
    """What is wrong with the new version, or with the fleet while it comes.

    Attributes
    ----------
    kind : one of FAULTS.
    size : how much. live shift, small slice: more wrong answers, a share (of the slice); slow under
        load: by what part a replica at its full load is slower; memory leak: by what part in an
        hour; crash: the share of the canary's replicas that die; retry storm: how many calls more
        the new version makes downstream. None: a usual one.
    minute : since the rollout began, of a crash or of the loss of the metrics.

    Raises
    ------
    TypeError, ValueError : no such fault, or no such size.
    """

    kind: str = "none"
    size: float | None = None
    minute: float = 270.0

    def __post_init__(self) -> None:
        if self.kind not in FAULTS:
            raise ValueError(f"There is no fault {self.kind!r}; there are {', '.join(FAULTS)}.")
        if self.size is None:
            object.__setattr__(self, "size", _SIZES.get(self.kind, 0.0))
        most = 1 if self.kind in ("live shift", "small slice", "crash") else _MOST
        if not 0 <= as_written(self.size, "size") <= most:
            raise ValueError(f"The size of a {self.kind} is from 0 to {most}; got {self.size!r}.")
        as_written(self.minute, "minute")


@dataclass(frozen=True)
class Traffic:
    """What comes in, and how the old version does.

    Attributes
    ----------
    requests_per_day, replicas : of the whole fleet.
    wrong, failed : the old version's share of wrong answers, and of none.
    same : in the shadow, the share of requests on which only what the versions have learned differs
        makes the difference; on the others each errs by itself.
    labelled : the share of answers of which one hears, label_delay minutes later, whether they were
        right.

    Raises
    ------
    TypeError, ValueError : no such traffic.
    """

    requests_per_day: float = 1e7
    replicas: int = 100
    wrong: float = 0.08
    failed: float = 0.001
    same: float = 0.7
    labelled: float = 0.5
    label_delay: float = 30.0

    def __post_init__(self) -> None:
        check_count(self.replicas, "replicas")
        for name, most in (("requests_per_day", 10**12), ("label_delay", 10**9)):
            if not 0 <= as_written(getattr(self, name), name) <= most:
                raise ValueError(f"{name} is from 0 to {most}; got {getattr(self, name)!r}.")
        for name in ("wrong", "failed", "same", "labelled"):
            if not 0 <= as_written(getattr(self, name), name) <= 1:
                raise ValueError(f"{name} is a share, from 0 to 1; got {getattr(self, name)!r}.")

    def rates(self, fault: Fault, share: float, minute, new: bool) -> dict[str, np.ndarray]:
        """The share of requests that go bad, by metric.

        Parameters
        ----------
        fault : of the new version.
        share : of all requests, those the new version gets.
        minute : since the rollout began; any shape.
        new : whether of the new version, or of the old one beside it.
        """
        minute = np.asarray(minute, float)
        wrong, night, failed, slower = self.wrong, self.wrong, self.failed, 1.0 + 0 * minute
        # Each call more loads what is downstream, for both; above its capacity it drops calls.
        calls = 0.8 * (1 + (share * fault.size if fault.kind == "retry storm" else 0))
        failed = 1 - (1 - failed) * min(1, 1 / calls)
        if new:
            wrong += fault.size if fault.kind == "live shift" else 0
            night += fault.size if fault.kind in ("live shift", "small slice") else 0
            if fault.kind == "slow under load":
                load = share * self.replicas / replicas_for(share, self.replicas)
                slower = slower * (1 + fault.size * load**2)
            if fault.kind == "memory leak":
                slower = slower * (1 + fault.size * minute / 60)
            if fault.kind == "crash":
                failed = failed + (1 - failed) * fault.size * (minute >= fault.minute)
        slow = special.ndtr(np.log(slower) / _SIGMA - _LATE)
        part = NIGHT / 256
        wrong, night = min(wrong, 1.0), min(night, 1.0)
        everywhere = (1 - part) * wrong + part * night
        told = {"quality": everywhere, SMALL: night, "errors": failed, "slow": slow}
        return {name: np.minimum(rate, 1.0) + 0 * minute for name, rate in told.items()}

    def known(self, name: str) -> float:
        """The share of pairs for which a metric becomes known."""
        part = {"quality": 1.0, SMALL: NIGHT / 256}.get(name)
        return 1.0 if part is None else part * self.labelled

    def discordant(self, name: str, new, old, mirrored: bool):
        """The shares of pairs that are worse and better, from the shares that go bad."""
        alike = self.same if mirrored and name.startswith("quality") else 0.0
        worse = alike * np.maximum(new - old, 0) + (1 - alike) * new * (1 - old)
        better = alike * np.maximum(old - new, 0) + (1 - alike) * old * (1 - new)
        return worse, better

    def hurt(self, fault: Fault, share: float, minute: float, mirrored: bool = False) -> float:
        """Expected share of all requests that go bad and would not have with the old version
        throughout. Who is mirrored gets the old version's answer.
        """
        before = _any_bad(self.rates(Fault(), 0.0, minute, False))
        new = _any_bad(self.rates(fault, share, minute, not mirrored))
        old = _any_bad(self.rates(fault, share, minute, False))
        return float(share * (new - before) + (1 - share) * (old - before))


def flip(
    traffic: Traffic, fault: Fault, minutes: float = 1440.0, tick: float = 5.0, start: float = 0.0
) -> float:
    """Requests that are hurt when the whole fleet is switched at once and somebody notices after
    some minutes.

    Parameters
    ----------
    minutes : until somebody notices.
    tick : minutes that are counted together.
    start : the minute from which on hurt requests are counted.
    """
    each = traffic.requests_per_day * tick / 1440
    return sum(each * traffic.hurt(fault, 1.0, start + m) for m in np.arange(0, minutes, tick))


def check_tick(tick: float) -> None:
    """Raise TypeError or ValueError unless a clock moves from one observation to the next."""
    if not Fraction(1, 1000) <= as_written(tick, "tick") <= 1440:
        raise ValueError(f"tick is in minutes, from 0.001 to 1440; got {tick!r}.")


def replicas_for(share: float, replicas: int) -> int:
    """How many replicas answer a share of the requests; one at least."""
    return max(1, int(np.ceil(share * replicas - 1e-9)))


def _any_bad(rates: dict[str, np.ndarray]) -> np.ndarray:
    return 1 - (1 - rates["quality"]) * (1 - rates["errors"]) * (1 - rates["slow"])
