"""A registry of models on MLflow, whose aliases move by compare-and-swap.

entries    what the log of an alias says, and what follows from it
moves      who may move an alias: of several who ask at once, one; and what a kill left is finished
ledger     that log in MLflow: the versions of a registered model
database   a database in a file, made whole or not at all, its files beside it
store      MLflow, opened: a database beside its files, or a tracking server; errors as sentences
models     runs, versions and files: what is registered
registry   all of that, as the pipeline uses it

A name is imported when it is asked for, and MLflow when a registry is opened.
"""

from labsupport.by_name import by_name

__all__, __getattr__, __dir__ = by_name(
    __name__,
    {
        "entries": (
            "AliasMoved",
            "Move",
            "PromotionLost",
            "RegistryError",
            "RegistryUnavailable",
            "Version",
        ),
        "registry": ("Registry",),
    },
)
