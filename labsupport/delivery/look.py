"""What a fleet has measured, and what is wrong with counts that are none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from numbers import Integral

NO_PAIRS = "no pairs"  # yet


@dataclass(frozen=True)
class Pairs:
    """Counts of pairs since the rollout began, of one metric.

    Attributes
    ----------
    n : pairs for which both outcomes are known.
    worse, better : those in which only the canary failed, and only the baseline.
    """

    n: int
    worse: int
    better: int

    @property
    def harm(self) -> float:
        """By how many requests in one the canary fails more often; NaN without pairs."""
        return (self.worse - self.better) / self.n if self.n else float("nan")


@dataclass(frozen=True)
class Look:
    """What a fleet has measured.

    Attributes
    ----------
    minute : since the rollout began; it only grows.
    pairs : {metric: Pairs} since the rollout began. A metric that was lost is missing, or None.
    canary, baseline, requests : in this step, how many requests each of the two groups got, and how
        many came in all.
    failed : of those that came in this step, how many got no answer; None: nobody knows.
    serving : {replica: digest of the bundle that it serves, None while it is down}.
    expected : {replica: digest of the bundle that it should serve}.
    """

    minute: float
    pairs: Mapping[str, Pairs | None]
    canary: int
    baseline: int
    requests: int
    failed: int | None = None
    serving: Mapping[str, str | None] = field(default_factory=dict)
    expected: Mapping[str, str] = field(default_factory=dict)


def is_count(value: object) -> bool:
    """Whether this is a number of things; NaN, None and half a request are none."""
    return isinstance(value, Integral) and not isinstance(value, bool) and value >= 0


def fault(pairs: object) -> str | None:
    """Why counts of pairs say nothing, as the end of a sentence; None if they say something."""
    if not isinstance(pairs, Pairs):
        return "not measured"
    counts = pairs.n, pairs.worse, pairs.better
    if not all(isinstance(count, Integral) and not isinstance(count, bool) for count in counts):
        return "its counts are no whole numbers"
    if min(counts) < 0 or pairs.worse + pairs.better > pairs.n:
        return "its counts contradict each other"
    return NO_PAIRS if pairs.n == 0 else None
