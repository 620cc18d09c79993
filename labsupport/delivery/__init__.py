"""Progressive delivery: to the fleet, in steps, and back.

looks      looks at a canary that share one alpha: levels, pairs needed, traffic
recursion  how they add up, integrated
plan       steps, metrics and the budget, written down before
evidence   what one look shows
states     the table of states, and what each asks of a fleet
rollout    the controller, on a log
traffic    what comes in, and what can be wrong
fleet      a simulated fleet, request by request
study      many rollouts at once
"""

from labsupport.delivery.evidence import Look, Pairs, judge_look
from labsupport.delivery.fleet import SimulatedFleet
from labsupport.delivery.looks import (
    Looks,
    crossing,
    looks_needed,
    nominal_levels,
    obrien_fleming,
    pocock,
    traffic_share,
)
from labsupport.delivery.plan import Metric, Plan, Step, left_after
from labsupport.delivery.rollout import Rollout, drive
from labsupport.delivery.states import TRANSITIONS, Assignment
from labsupport.delivery.study import many_rollouts
from labsupport.delivery.traffic import FAULTS, Fault, Traffic, flip

__all__ = [
    "FAULTS",
    "TRANSITIONS",
    "Assignment",
    "Fault",
    "Look",
    "Looks",
    "Metric",
    "Pairs",
    "Plan",
    "Rollout",
    "SimulatedFleet",
    "Step",
    "Traffic",
    "crossing",
    "drive",
    "flip",
    "judge_look",
    "left_after",
    "looks_needed",
    "many_rollouts",
    "nominal_levels",
    "obrien_fleming",
    "pocock",
    "traffic_share",
]
