"""Progressive delivery: to the fleet, in steps, and back.

looks      looks at a canary that share one alpha: levels, pairs needed, traffic
recursion  how they add up, integrated
sequence   an interval that holds at every look, however many
"""

from labsupport.delivery.looks import (
    Looks,
    crossing,
    looks_needed,
    nominal_levels,
    obrien_fleming,
    pocock,
    traffic_share,
)
from labsupport.delivery.sequence import confidence_sequence, harm_shown, harm_wealth

__all__ = [
    "Looks",
    "confidence_sequence",
    "crossing",
    "harm_shown",
    "harm_wealth",
    "looks_needed",
    "nominal_levels",
    "obrien_fleming",
    "pocock",
    "traffic_share",
]
