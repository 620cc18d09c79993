"""Progressive delivery: to the fleet, in steps, and back.

folder     files and names that every machine can hold
bundle     all that is delivered, under one digest
model      what is in a model's bundle
looks      looks at a canary that share one alpha: levels, pairs needed, traffic
recursion  how they add up, integrated
sequence   an interval that holds at every look, however many
plan       steps, metrics and the budget, written down before
look       what a fleet has measured
belief     whether a look is to be believed
evidence   what one look shows
states     the table of states, and what each asks of a fleet
record     what the log says of a look
rollout    the controller, on a log
traffic    what comes in, and what can be wrong
fleet      a simulated fleet, request by request
story      one rollout, minute by minute, beside a flip
study      many rollouts at once
"""

from labsupport.delivery.bundle import Bundle, BundleError
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
from labsupport.delivery.model import load_model, mixed_versions, pack_model, same_everywhere
from labsupport.delivery.plan import Metric, Plan, Step, left_after
from labsupport.delivery.rollout import Rollout, drive
from labsupport.delivery.sequence import confidence_sequence, harm_shown, harm_wealth
from labsupport.delivery.states import TRANSITIONS, Assignment
from labsupport.delivery.story import Story, tell, usual_plan
from labsupport.delivery.study import many_rollouts
from labsupport.delivery.traffic import FAULTS, Fault, Traffic, flip

__all__ = [
    "FAULTS",
    "TRANSITIONS",
    "Assignment",
    "Bundle",
    "BundleError",
    "Fault",
    "Look",
    "Looks",
    "Metric",
    "Pairs",
    "Plan",
    "Rollout",
    "SimulatedFleet",
    "Step",
    "Story",
    "Traffic",
    "confidence_sequence",
    "crossing",
    "drive",
    "flip",
    "harm_shown",
    "harm_wealth",
    "judge_look",
    "left_after",
    "load_model",
    "looks_needed",
    "many_rollouts",
    "mixed_versions",
    "nominal_levels",
    "obrien_fleming",
    "pack_model",
    "pocock",
    "same_everywhere",
    "tell",
    "traffic_share",
    "usual_plan",
]
