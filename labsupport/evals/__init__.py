"""Evaluating what talks: suites, judges that must be approved, guardrails.

agreement  kappa and alpha: agreement beyond chance
corrected  the true rate behind a judge's
estimate   a number with an interval; a share, exactly
judge      a judge is approved before it may judge
system     what is judged: anything that answers
assistant  the system under test
"""

from importlib import import_module

_NAMES = {
    "agreement": ("kappa", "kappa_of_table", "krippendorff_alpha"),
    "corrected": ("Calibration", "corrected_rate"),
    "estimate": ("Estimate", "share"),
    "judge": ("Approval", "JudgePolicy", "approve_judge"),
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
