"""Evaluating what talks: suites, judges that must be approved, guardrails.

estimate   a number with an interval; a share, exactly
system     what is judged: anything that answers
assistant  the system under test
"""

from labsupport.by_name import by_name

__all__, __getattr__, __dir__ = by_name(
    __name__,
    {
        "estimate": ("Estimate", "share"),
        "system": ("Reply", "System", "Writer"),
    },
)
