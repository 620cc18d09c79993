"""The comparison of other people's models: files of labels and predictions, down to one table.

places    FILE:COLUMN: which files, in which order, which column
formats   CSV, Parquet and NPZ, in batches, and one sentence where a file is not what it should be
columns   what a batch holds, as numbers: 0 and 1, scores, slices by name, ids
rows      the files in step, or joined by id: blocks of rows
digests   the same for the same rows, whichever file holds them
counting  blocks to counts, here or on a cluster
areas     the AUC: exact, or of rounded scores with a bound on what the rounding does
evaluating  all of it: evaluate_files

Nothing of pyarrow is loaded before a file is opened.
"""

from labsupport.by_name import by_name

__all__, __getattr__, __dir__ = by_name(
    __name__,
    {
        "counting": ("Tally", "count_shards"),
        "evaluating": ("evaluate_files",),
        "places": ("Place", "TableError"),
    },
)
