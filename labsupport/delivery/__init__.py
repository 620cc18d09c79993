"""Progressive delivery: to the fleet, in steps, and back.

looks      looks at a canary that share one alpha: levels, pairs needed, traffic
recursion  how they add up, integrated
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

__all__ = [
    "Looks",
    "crossing",
    "looks_needed",
    "nominal_levels",
    "obrien_fleming",
    "pocock",
    "traffic_share",
]
