"""Progressive delivery: to the fleet, in steps, and back.

folder     files and names that every machine can hold
bundle     all that is delivered, under one digest
model      a model in a bundle, and how a replica loads it
packing    a model that the gate has promoted, packed
versions   what was judged, delivered and served, compared
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

A name is imported when it is asked for: a replica that serves a bundle loads no statistics.
"""

from labsupport.by_name import by_name

__all__, __getattr__, __dir__ = by_name(
    __name__,
    {
        "bundle": ("Bundle", "BundleError"),
        "evidence": ("Look", "Pairs", "judge_look"),
        "fleet": ("SimulatedFleet",),
        "looks": (
            "Looks",
            "crossing",
            "looks_needed",
            "nominal_levels",
            "obrien_fleming",
            "pocock",
            "traffic_share",
        ),
        "model": ("load_model",),
        "packing": ("pack_model",),
        "plan": ("Metric", "Plan", "Step", "left_after"),
        "rollout": ("Rollout", "drive"),
        "sequence": ("confidence_sequence", "harm_shown", "harm_wealth"),
        "states": ("TRANSITIONS", "Assignment"),
        "story": ("Story", "tell", "usual_plan"),
        "versions": ("mixed_versions", "same_everywhere"),
        "study": ("many_rollouts",),
        "traffic": ("FAULTS", "Fault", "Traffic", "flip"),
    },
)
