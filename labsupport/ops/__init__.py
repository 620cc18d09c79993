"""The whole pipeline on the parts that people use, and the gate for other people's models.

loop       the whole pipeline, run round on the real flights
record     what was compared, as a small file: digests, counts, areas

A name is imported when it is asked for: a gate loads no registry and no cluster.
"""

from labsupport.by_name import by_name

__all__, __getattr__, __dir__ = by_name(
    __name__,
    {
        "loop": ("LoopPolicy", "run_loop", "table_without"),
        "record": ("Compared", "RecordError", "load_compared", "verdict_as_json"),
    },
)
