"""One rollout on a simulated fleet, minute by minute, beside the same version for everybody at
once.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from labsupport.delivery.fleet import SimulatedFleet
from labsupport.delivery.plan import SPENDING, Metric, Plan, Step
from labsupport.delivery.rollout import Rollout, drive
from labsupport.delivery.traffic import METRICS, SMALL, Fault, Traffic, flip

_HARMS = {"quality": 0.01, SMALL: 0.08, "errors": 0.002, "slow": 0.005}
_STEPS = ((0.005, 4_000), (0.01, 12_000), (0.05, 40_000), (0.25, 100_000))
_HEARD = 0.9  # of the labels that are expected, so many are waited for
CANDIDATE, BASELINE = "next month's", "this month's"  # in place of digests, to be read


def usual_plan(
    alpha: float = 0.05,
    looks: str = SPENDING,
    size: float = 1.0,
    traffic: Traffic | None = None,
    max_errors: float | None = 0.02,
) -> Plan:
    """The plan of lesson 08: shadow, 1%, 5%, 25%, then everybody.

    Parameters
    ----------
    alpha, looks, max_errors : see Plan.
    size : how many times as many pairs as usual.
    traffic : what comes in, for the share of requests with a label.
    """
    traffic = traffic or Traffic()
    steps = tuple(Step(share, round(size * pairs)) for share, pairs in _STEPS)
    known = {name: traffic.known(name) for name in METRICS}
    metrics = tuple(
        Metric(name, _HARMS[name], round(share * _HEARD, 4) if share < 1 else 1.0)
        for name, share in known.items()
    )
    return Plan(steps, metrics, alpha, max_errors=max_errors, looks=looks)


@dataclass(frozen=True)
class Story:
    """How a rollout went.

    Attributes
    ----------
    plan, fault : what was run on what.
    end : the state in which it ended.
    events : as the log has them.
    minutes : (n,) at each observation.
    hurt : (n,) requests so far that went bad and would not have with the old version.
    flipped : (n,) the same if everybody had got the new version at minute 0.
    """

    plan: Plan
    fault: Fault
    end: str
    events: tuple[dict, ...]
    minutes: np.ndarray
    hurt: np.ndarray
    flipped: np.ndarray


def tell(
    plan: Plan,
    fault: Fault | None = None,
    traffic: Traffic | None = None,
    seed: int = 0,
    tick: float = 5.0,
) -> Story:
    """Run one rollout to its end.

    Parameters
    ----------
    plan, fault, traffic : what is run on what.
    seed : of everything random.
    tick : minutes from one observation to the next.
    """
    fault, traffic = fault or Fault(), traffic or Traffic()
    fleet = SimulatedFleet(CANDIDATE, BASELINE, traffic, fault, seed, tick)
    minutes, hurt = [0.0], [0.0]

    def note(event: str, look: object) -> None:
        minutes.append(fleet.minute)
        hurt.append(fleet.hurt)

    with TemporaryDirectory() as folder:
        rollout = Rollout.start(Path(folder) / "log.jsonl", plan, CANDIDATE, BASELINE)
        end = drive(rollout, fleet, note)
        events = tuple(rollout.events)
    each = [flip(traffic, fault, tick, tick, start) for start in minutes[:-1]]
    flipped = np.cumsum([0.0, *each])
    return Story(plan, fault, end, events, np.array(minutes), np.array(hurt), flipped)
