"""The loop of lesson 00's figure, run round on the real flights, day by day.

policy     stages, and what each asks
faults     what can go wrong, planted into real rows
rows       a snapshot of the stream, a model fitted to it, who is right
judging    cheap checks and the gate
fleet      replicas that answer the next days' flights
watching   the fleet after a rollout
attempt    a candidate, from its trigger to its end
turning    all of it, day after day
story      what came of it: events, where it was caught, what it cost
log        the same in a folder, which survives a kill
table      every fault, with every stage and without it

A name is imported when it is asked for.
"""

from labsupport.by_name import by_name

__all__, __getattr__, __dir__ = by_name(
    __name__,
    {
        "faults": ("FAULTS", "PLANTED"),
        "log": ("run_loop",),
        "policy": ("STAGES", "LoopPolicy"),
        "story": ("Loop",),
        "table": ("Row", "table_without"),
        "turning": ("simulate",),
    },
)
