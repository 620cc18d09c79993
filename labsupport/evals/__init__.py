"""Evaluating what talks: suites, judges that must be approved, guardrails.

agreement  kappa and alpha: agreement beyond chance
corrected  the true rate behind a judge's
estimate   a number with an interval; a share, exactly
judge      a judge is approved before it may judge
system     what is judged: anything that answers
handbook   the articles that the system under test looks things up in
blocks     YAML with the lines that its blocks stand on
words      an answer without its case, spaces and punctuation
patterns   regular expressions that end
suite      tasks, read from a file that anybody can write
scoring    right or wrong, by rule
runs       a suite, asked, in a log that survives a kill
paired     candidate and champion on the same tasks, clustered
assistant  the system under test
"""

from importlib import import_module

_NAMES = {
    "agreement": ("kappa", "kappa_of_table", "krippendorff_alpha"),
    "corrected": ("Calibration", "corrected_rate"),
    "estimate": ("Estimate", "share"),
    "handbook": ("Article", "handbook_digest", "load_handbook"),
    "judge": ("Approval", "JudgePolicy", "approve_judge"),
    "system": ("Reply", "System", "Writer"),
    "suite": ("Suite", "Task"),
    "scoring": ("recall", "score"),
    "runs": ("Answer", "Run", "read_run", "run_suite", "scores_of", "variance_of"),
    "paired": ("PairedScores",),
}
_HOME = {name: module for module, names in _NAMES.items() for name in names}
__all__ = sorted(_HOME)


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return [*globals(), *__all__]
