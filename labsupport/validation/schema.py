"""What must hold without exception, by pandera: columns that are there, types, domains, rules."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pandera.pandas as pa
from pandera.config import config_context
from pandera.errors import SchemaErrors

from labsupport.validation.counting import class_of
from labsupport.validation.policy import Finding
from labsupport.validation.reference import Profile

_CLASSES = {"number": {"number"}, "category": {"text", "truth", "number"}, "time": {"time"}}
_TABLE = None  # the slice of what is about no single column


def schema_of(
    reference: Profile,
    domains: Mapping[str, tuple[float, float] | Iterable[str]] | None = None,
    rules: Mapping[str, Callable[[pd.DataFrame], pd.Series]] | None = None,
    unique: list[str] | None = None,
    present: Iterable[str] = (),
) -> pa.DataFrameSchema:
    """A pandera schema: the columns of a reference, of its types, and no others.

    Parameters
    ----------
    domains : {column: (lowest, highest)} for numbers, {column: [value, ...]} for categories.
    rules : {name: frame -> one truth value per row}, rules across columns.
    unique : columns that together differ from row to row.
    present : columns in which no value may be missing.

    Raises
    ------
    ValueError : a column that the reference does not have.
    """
    domains, present = dict(domains or {}), set(present)
    unknown = {*domains, *present, *(unique or [])} - set(reference.columns)
    if unknown:
        raise ValueError(f"The reference has no column {sorted(unknown)[0]!r}; check its name.")
    columns = {}
    for name, column in reference.columns.items():
        checks = [_type_check(column.kind)]
        if name in domains:
            inside = domains[name]
            is_range = column.kind == "number" and isinstance(inside, tuple)
            checks.append(pa.Check.in_range(*inside) if is_range else pa.Check.isin(list(inside)))
        columns[name] = pa.Column(checks=checks, nullable=name not in present)
    across = [pa.Check(rule, name=name, ignore_na=False) for name, rule in (rules or {}).items()]
    return pa.DataFrameSchema(columns, checks=across, unique=unique, strict=True)


def _type_check(kind: str) -> pa.Check:
    allowed = _CLASSES[kind]
    return pa.Check(
        lambda values: class_of(values) in allowed, name=f"is a {kind}", ignore_na=False
    )


@dataclass
class SchemaRun:
    """A schema applied to one chunk after the other.

    Attributes
    ----------
    schema : what is applied; its uniqueness holds over all chunks together.
    failures : {(column, check): [rows that fail, an example]}.
    """

    schema: pa.DataFrameSchema
    failures: dict[tuple[str | None, str], list] = field(default_factory=dict)
    _keys: list[np.ndarray] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.unique = list(self.schema.unique or [])
        self._by_chunk = copy.deepcopy(self.schema)
        self._by_chunk.unique = None  # pandera would look for it in each chunk alone

    def look_at(self, chunk: pd.DataFrame) -> None:
        """Apply the schema to a chunk and remember what failed, what crashed included."""
        chunk = chunk.reset_index(drop=True)  # failing rows are counted by their index
        try:
            with config_context(
                validation_enabled=True
            ):  # an environment variable can switch it off
                self._by_chunk.validate(chunk, lazy=True)
        except SchemaErrors as errors:
            self._remember(errors.failure_cases, len(chunk))
        except Exception as error:  # noqa: BLE001 - a schema that crashes has not been met
            self._add(_TABLE, f"the schema crashed: {type(error).__name__}", len(chunk), str(error))
        if self.unique and set(self.unique) <= set(chunk.columns):
            # 64 bits a row: among 10^7 rows, two that differ are taken for alike once in 370,000
            # snapshots.
            self._keys.append(
                pd.util.hash_pandas_object(chunk[self.unique], index=False).to_numpy()
            )

    def _remember(self, cases: pd.DataFrame, rows: int) -> None:
        # A rule across columns repeats each failing row for every column.
        column = cases["column"].where(cases["schema_context"] == "Column", "")
        for (name, check), group in cases.groupby([column, "check"], dropna=False, sort=False):
            example = group["failure_case"].iloc[0]
            if check in ("column_in_dataframe", "column_in_schema"):
                said = "is not there" if check == "column_in_dataframe" else "is not expected"
                for missed in group["failure_case"]:
                    self._add(str(missed), said, rows, missed)
                continue
            where = str(name) if name else _TABLE
            failed = group["index"].nunique() if group["index"].notna().any() else rows
            self._add(where, str(check), failed, example)

    def _add(self, where: str | None, check: str, rows: int, example: object) -> None:
        found = self.failures.setdefault((where, check), [0, example])
        found[0] += rows

    def findings(self, rows: int) -> list[Finding]:
        """One finding per column and one for the table, after all chunks."""
        if self.unique:
            keys = np.concatenate(self._keys) if self._keys else np.zeros(0)
            repeated = rows - len(np.unique(keys))
            if repeated:
                self._add(_TABLE, f"unique: {', '.join(self.unique)}", repeated, "a row twice")
        where = [*self.schema.columns, *(name for name, _ in self.failures if name is not None)]
        return [self._finding(name, rows) for name in [*dict.fromkeys(where), _TABLE]]

    def _finding(self, where: str | None, rows: int) -> Finding:
        failed = {check: seen for (name, check), seen in self.failures.items() if name == where}
        subject = "The table" if where is None else f"Column {where!r}"
        if not rows:
            sentence = f"{subject} has no rows, so the schema was not looked at."
            return Finding("schema", where, float("nan"), 0, False, sentence, None, float("nan"))
        if not failed:
            return Finding("schema", where, 0.0, 0, True, f"{subject} is as the schema says.")
        said = "; ".join(
            f"{check} ({count:,} rows, for example {example!r})"
            for check, (count, example) in failed.items()
        )
        share = max(count for count, _ in failed.values()) / rows
        return Finding("schema", where, share, 0, False, f"{subject} breaks the schema: {said}.")
