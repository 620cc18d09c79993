"""Candidate and baseline, in total and per slice, as the rows of the report's table."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from labsupport.comparisons import Comparison
from labsupport.gate import Verdict
from labsupport.ops.record import Compared
from labsupport.ops.verdicts.markdown import code

FEWEST_DIGITS = 4
NOTHING = "-"


@dataclass(frozen=True)
class Row:
    """Two models on some rows, by one metric.

    Attributes
    ----------
    metric : "accuracy" or "AUC".
    where : the slice, or None for all rows.
    part : what was compared there.
    """

    metric: str
    where: str | None
    part: Comparison

    def numbers(self, confidence: float) -> dict[str, float | None]:
        """Both scores, the gain and its interval; None where nothing can be stated."""
        keys = ("candidate", "baseline", "gain", "low", "high")
        if not self.part.n > 0:
            return dict.fromkeys(keys)
        interval = self.part.interval(confidence)
        gain = float(self.part.exact_gain)
        found = (self.part.candidate, self.part.baseline, gain, interval.low, interval.high)
        return {
            key: float(value) if math.isfinite(value) else None
            for key, value in zip(keys, found, strict=True)
        }

    def cells(self, confidence: float, digits: int) -> list[str]:
        """The cells of its line, in Markdown."""
        found = self.numbers(confidence)
        share = [_number(found[key], f".{digits}f") for key in ("candidate", "baseline")]
        gain, low, high = (_number(found[key], f"+z.{digits}f") for key in ("gain", "low", "high"))
        where = "all rows" if self.where is None else code(self.where)
        cells = [self.metric, where, f"{self.part.n:,}", *share, gain, f"{low} to {high}"]
        return [f"**{cell}**" for cell in cells] if self.where is None else cells


def rows_of(compared: Compared, where: str | None = None) -> Iterator[Row]:
    """The rows of one slice, or those for the whole holdout: one a metric."""
    for metric, whole in (("accuracy", compared.outcomes), ("AUC", compared.auc)):
        part = whole if whole is None or where is None else whole.slices.get(where)
        if part is not None:
            yield Row(metric, where, part)


def names_by_weight(compared: Compared, verdict: Verdict | None) -> list[str]:
    """The slices: first those that failed a check, then those in doubt, then the others, the
    largest loss first.
    """
    weight = {}
    for check in verdict.checks if verdict is not None else ():
        if check.passed is not True:
            heavy = 0 if check.passed is False else 1
            weight[check.slice] = min(heavy, weight.get(check.slice, heavy))
    parts = compared.outcomes.slices

    def place(name: str) -> tuple[int, float]:
        part = parts[name]
        return weight.get(name, 2), float(part.exact_gain) if part.n else -math.inf

    return sorted(parts, key=place)


def digits_for(n: int) -> int:
    """Decimals that show a difference which so many rows can tell."""
    return max(FEWEST_DIGITS, len(str(n)) - 2)


def _number(value: float | None, form: str) -> str:
    return NOTHING if value is None else format(value, form)
