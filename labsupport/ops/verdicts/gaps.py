"""Which two slices make the largest gap of accuracy.

A policy's max_gap is about any two slices, also about two that were cut from different columns and
so share rows: that is never less strict than a gap for each column, and may be stricter. So the
report says where the gap is, and how large it is within one column.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from fractions import Fraction

from labsupport.ops.verdicts.markdown import code
from labsupport.outcomes import PairedOutcomes


def where(outcomes: PairedOutcomes) -> str:
    """A sentence, in Markdown; none without a gap."""
    found = {
        name: Fraction(part.candidate_right, part.n)
        for name, part in outcomes.slices.items()
        if part.n
    }
    if len(found) < 2:
        return ""
    high, low = _ends(found)
    said = f"It is between {code(high)} at {float(found[high]):.4f} and {code(low)} at "
    said += f"{float(found[low]):.4f}."
    if _column(high) == _column(low):
        return said
    said += " These are slices of two columns, which share rows"
    within = {name: pair for name, pair in _by_column(found).items() if len(pair) > 1}
    if not within:
        return f"{said}."
    gaps = {column: max(part.values()) - min(part.values()) for column, part in within.items()}
    widest = max(gaps, key=gaps.__getitem__)
    return f"{said}; within one column it is at most {float(gaps[widest]):.4f}, in {code(widest)}."


def _ends(found: Mapping[str, Fraction]) -> tuple[str, str]:
    return max(found, key=found.__getitem__), min(found, key=found.__getitem__)


def _column(name: str) -> str:
    """`group` of `group=A`; slices of other names are all of one column."""
    column, cut, _ = name.partition("=")
    return column if cut else ""


def _by_column(found: Mapping[str, Fraction]) -> dict[str, dict[str, Fraction]]:
    columns: dict[str, dict[str, Fraction]] = defaultdict(dict)
    for name, share in found.items():
        columns[_column(name)][name] = share
    return columns
