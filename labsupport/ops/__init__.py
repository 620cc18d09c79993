"""The whole pipeline on the parts that people use, and the gate for other people's models.

record     what was compared, as a small file: digests, counts, areas
runs       a candidate's folder: rows, lineage, model, and the stages that it goes through
registry   models with their lineage in MLflow; aliases that move by compare-and-swap
verdicts   a policy in a file, the verdict on a comparison, the report
tables     other people's models: files of labels and predictions, down to that file
cluster    work that fans out, on this machine's processes or a Dask cluster
shards     a holdout in parts: counted anywhere, and what a cluster would take for it
studies    what fans out: retrainings, and how often luck is promoted

A name is imported when it is asked for: a gate loads no registry and no cluster.
"""

from labsupport.by_name import by_name

__all__, __getattr__, __dir__ = by_name(
    __name__,
    {
        "tables": ("Place", "TableError", "count_shards", "evaluate_files"),
        "cluster": ("ClusterError", "WorkerDied", "executor", "spread"),
        "record": ("Compared", "RecordError", "load_compared", "verdict_as_json"),
        "runs": ("Run", "RunError", "Snapshot", "load_snapshot", "resolve"),
        "registry": (
            "AliasMoved",
            "Move",
            "PromotionLost",
            "Registry",
            "RegistryError",
            "RegistryUnavailable",
            "Version",
        ),
        "verdicts": ("Policies", "PolicyError", "judge_compared", "read_policy", "report_of"),
        "shards": ("Shard", "evaluate_shard", "evaluate_shards", "predicted", "shards"),
        "studies": ("Luck", "aa_studies", "aa_study", "retrainings"),
    },
)
