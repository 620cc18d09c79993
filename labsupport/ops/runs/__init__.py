"""A run: one candidate's folder, from the rows that it is made of to the version that serves.

snapshots  rows under a name, with a digest: of the world, of the flights, of a file
lineage    what a candidate is made of; the digest of it is the run's name
folder     the files of a run, each whole or not there
policy     data.toml: what rows must keep to
checking   cheap checks of the rows, in one verdict
training   the model of a run, trained once
comparing  two models on one holdout
deploying  from a verdict to the alias that serves

A name is imported when it is asked for: whoever trains elsewhere needs numpy and no more.
"""

from labsupport.by_name import by_name

__all__, __getattr__, __dir__ = by_name(
    __name__,
    {
        "snapshots": ("Snapshot", "load_snapshot"),
        "lineage": ("code_digest", "environment", "make_lineage"),
        "checking": ("check_rows",),
        "comparing": ("Scored", "evaluate_models"),
        "deploying": ("deploy",),
        "policy": ("CheckPolicy", "read_check_policy"),
        "training": ("passed", "rows_of", "train_run"),
        "folder": ("Run", "RunError", "StoredModel", "read_model", "resolve"),
    },
)
