"""The suites that come with the lab: what is asked of Heron's assistant."""

from __future__ import annotations

from functools import cache

from labsupport.data import FOLDER
from labsupport.evals.suites.suite import Suite

SHIPPED = ("questions", "attacks", "traffic", "unseen")


@cache
def shipped_suite(name: str) -> Suite:
    """One of them: "questions" to answer, "attacks", harmless "traffic", and "unseen", families of
    attacks that no lesson shows, for marking.

    Raises
    ------
    ValueError : there is no such suite.
    """
    if name not in SHIPPED:
        raise ValueError(f"The lab has the suites {', '.join(SHIPPED)}; got {name!r}.")
    return Suite.load(FOLDER / "support" / f"{name}.yaml")
