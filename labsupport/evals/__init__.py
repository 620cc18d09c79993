"""Evaluating what talks: suites, judges that must be approved, guardrails.

alike      whether a judge is as right about one system as about another
agreement  kappa and alpha: agreement beyond chance
corrected  the true rate behind a judge's
coverage   how often each interval holds the true rate
estimate   a number with an interval; a share, exactly
judged     a gain through a judge, each side with its own calibration
judge      a judge is approved before it may judge
labels     labels in three parts: for the prompt, the threshold, the approval
melding    exact intervals of shares, carried through a formula
powered    few human labels and many of a judge: PPI, PPI++
system     what is judged: anything that answers
assistant  the system under test
"""

from importlib import import_module

_NAMES = {
    "alike": ("calibrations_agree",),
    "agreement": ("kappa", "kappa_of_table", "krippendorff_alpha"),
    "corrected": ("Calibration", "corrected_rate"),
    "coverage": ("Coverage", "coverages"),
    "estimate": ("Estimate", "share"),
    "judge": ("Approval", "JudgePolicy", "approve_judge"),
    "judged": ("JudgedRates",),
    "labels": ("Split", "split_labels"),
    "powered": ("human_only", "ppi", "ppi_plus", "widened"),
    "system": ("Reply", "System", "Writer"),
}
_HOME = {name: module for module, names in _NAMES.items() for name in names}
__all__ = sorted(_HOME)


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return [*globals(), *__all__]
