"""What the log of a rollout says of a look, and what follows from what it says."""

from __future__ import annotations

import math
from numbers import Real

from labsupport.checks import Check
from labsupport.delivery.look import Look, fault, is_count
from labsupport.delivery.plan import BELIEF
from labsupport.gate import Verdict


def check_minute(minute: object) -> float:
    """The minute, if it is one; NaN would never reach a deadline."""
    if isinstance(minute, bool) or not isinstance(minute, Real) or not math.isfinite(minute):
        raise ValueError(f"minute is a number of minutes since the start; got {minute!r}.")
    return float(minute)


def entered(events: list[dict]) -> float:
    """The minute in which the present step began, less the time it was paused."""
    began = 0.0
    for event in events:
        if event["event"] in ("start", "pass"):
            began = event["minute"]
        elif event["event"] == "pause":
            stopped = event["minute"]
        elif event["event"] == "resume":
            began += event["minute"] - stopped
    return began


def packed(look: Look) -> dict[str, object]:
    """The counts of a look, as far as they are counts."""
    counts = {
        name: [int(p.n), int(p.worse), int(p.better)]
        for name, p in look.pairs.items()
        if fault(p) is None
    }
    groups = {name: getattr(look, name) for name in ("canary", "baseline", "requests")}
    known = {name: int(count) for name, count in groups.items() if is_count(count)}
    return {"minute": float(look.minute), "pairs": counts} | known


def as_json(check: Check) -> dict[str, object]:
    """A check, as JSON has it: without NaN."""
    value = None if check.value != check.value else float(check.value)
    return {"name": check.name, "value": value, "passed": check.passed, "sentence": check.sentence}


def deciding(verdict: Verdict, event: str) -> Check:
    """The check that decided; of those that let it pass, the one of the metrics that came nearest
    to its harm.
    """
    if event == "pass":
        metrics = [check for check in verdict.checks if check.name not in BELIEF]
        return max(metrics, key=lambda check: check.value / float(check.bound))
    decided = (c for c in verdict.checks if c.passed is (False if event == "harm" else None))
    return next(decided, verdict.checks[0])
