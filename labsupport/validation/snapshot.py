"""A snapshot against its reference: schema and distribution, in one verdict."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
import pandas as pd

from labsupport.exact import as_written
from labsupport.gate import Verdict, conclude
from labsupport.validation.chunks import Snapshot, chunks
from labsupport.validation.counting import class_of
from labsupport.validation.measures import Measure, measures
from labsupport.validation.policy import DataPolicy, Finding
from labsupport.validation.reference import Profile, profile
from labsupport.validation.schema import SchemaRun, schema_of

_POLICY = DataPolicy()


def validate(
    current: Snapshot | Iterable[pd.DataFrame],
    reference: Snapshot | Profile,
    policy: DataPolicy = _POLICY,
) -> Verdict:
    """Decide whether a snapshot may be trained on.

    Parameters
    ----------
    current : a frame, frames one after the other, or the path of a Parquet file; read once.
    reference : the snapshot that it is compared with, or its stored Profile.
    policy : what must hold.

    Returns
    -------
    Verdict of Findings, whose slice names the column: "promote" only if every check was made and
    passed. A check that crashes, sees no rows or has nothing to compare has failed. "inconclusive"
    if none failed and one could not have failed with so few rows.

    Raises
    ------
    TypeError : no snapshot, no policy.
    ValueError : a reference without rows; a label or category that the reference does not have.
    """
    if not isinstance(policy, DataPolicy):
        raise TypeError(
            "validate applies a DataPolicy, such as DataPolicy(max_psi=0.1); got "
            f"{type(policy).__name__}."
        )
    if not isinstance(reference, Profile):
        named = [*policy.categories, *([policy.label] if policy.label else [])]
        reference = profile(reference, named)
    for name in [policy.label, *policy.categories]:
        if name is not None and name not in reference.columns:
            raise ValueError(f"The reference has no column {name!r}; check its name.")
    schema = SchemaRun(policy.schema if policy.schema is not None else schema_of(reference))
    counts = Counts(reference)
    for chunk in chunks(current):
        schema.look_at(chunk)
        counts.add(chunk)
    found = [_row_count(counts.rows, policy), *schema.findings(counts.rows)]
    return conclude([*found, *_distribution(reference, counts, policy)])


class Counts:
    """The counts of a snapshot over the bins of a profile, chunk by chunk.

    Attributes
    ----------
    rows : all of them.
    by_column : {column: counts, as ColumnProfile.count returns them}.
    problems : {column: why it was not counted}.
    """

    def __init__(self, reference: Profile) -> None:
        self.rows = 0
        self.by_column: dict[str, np.ndarray] = {}
        self.problems: dict[str, str] = {}
        self._reference = reference

    def add(self, chunk: pd.DataFrame) -> None:
        """Count the rows of another chunk."""
        self.rows += len(chunk)
        for name, column in self._reference.columns.items():
            if name not in chunk.columns:
                self.problems[name] = "it is not there"
            elif name not in self.problems:
                try:
                    counted = column.count(chunk[name])
                except Exception as error:  # noqa: BLE001 - what crashes was not checked
                    what = class_of(chunk[name]) if chunk[name].ndim == 1 else "several columns"
                    self.problems[name] = f"counting {what} crashed with {type(error).__name__}"
                else:
                    self.by_column[name] = self.by_column.get(name, 0) + counted


def _row_count(rows: int, policy: DataPolicy) -> Finding:
    least, most = policy.rows
    too_many = most is not None and rows > most
    limits = f"at least {least:,}" + ("" if most is None else f" and at most {most:,}")
    passed = rows >= least and not too_many
    sentence = f"The snapshot has {rows:,} rows; asked for: {limits}."
    return Finding("row count", None, float(rows), most if too_many else least, passed, sentence)


def _distribution(reference: Profile, counts: Counts, policy: DataPolicy) -> list[Finding]:
    """All columns' findings; all that is measured has an equal share of the wanted rate."""
    found: list[tuple[str, Measure | str]] = []
    level = None
    if policy.false_alarm_rate is not None:  # of each, were all checks made of all columns
        level = float(policy.false_alarm_rate) / len(policy.checks) / len(reference.columns)
    for name, column in reference.columns.items():
        problem = counts.problems.get(name) or ("" if counts.rows else "there are no rows")
        if problem:
            found.append((name, problem))
            continue
        try:
            wanted = [
                measure
                for measure in measures(column, counts.by_column[name], name == policy.label, level)
                if measure.check in policy.checks
            ]
        except Exception as error:  # noqa: BLE001 - what crashes was not checked
            found.append((name, f"measuring it crashed with {type(error).__name__}: {error}"))
            continue
        found += [(name, measure) for measure in wanted]
    measured = sum(isinstance(measure, Measure) for _, measure in found)
    if not found:
        return [_not_compared(None, "no column has what the policy's checks look at")]
    return [
        _not_compared(name, what)
        if isinstance(what, str)
        else _judged(name, what, policy, measured)
        for name, what in found
    ]


def _not_compared(name: str | None, why: str) -> Finding:
    subject = "The table" if name is None else f"Column {name!r}"
    sentence = f"{subject} was not compared with the reference: {why}."
    return Finding("distribution", name, math.nan, math.nan, False, sentence, None, math.nan)


def _judged(name: str, measure: Measure, policy: DataPolicy, measured: int) -> Finding:
    bound = policy.bound(measure.check)
    if measure.value is None:
        sentence = f"Column {name!r}: {measure.words}, so the check was not made."
        asked = math.nan if bound is None else bound
        return Finding(measure.check, name, math.nan, asked, False, sentence, None, math.nan)
    if policy.false_alarm_rate is not None:
        bound = _larger(bound, measure, float(as_written(policy.false_alarm_rate)) / measured)
    rate = measure.rate(bound)
    passed: bool | None = (
        measure.value <= as_written(bound) if math.isfinite(measure.value) else False
    )
    words = "within" if passed else "above"
    if passed and measure.most <= bound:
        passed, words = None, "and nothing could be above"
    sentence = (
        f"Column {name!r}: {measure.words}, {words} the bound of {float(bound):.4g}, which chance "
        f"alone exceeds in {_percent(rate)} of snapshots."
    )
    return Finding(measure.check, name, float(measure.value), bound, passed, sentence, None, rate)


def _larger(bound: float | None, measure: Measure, level: float) -> float:
    """The tolerated change, or the threshold of this level if it is larger."""
    if bound is not None and measure.rate(bound) <= level:
        return bound
    return measure.threshold(level)


def _percent(rate: float) -> str:
    """0.0123 as "1.2%"; what is next to nothing as "under 0.001%"."""
    return "under 0.001%" if rate < 1e-5 else f"{100 * rate:.2g}%"
