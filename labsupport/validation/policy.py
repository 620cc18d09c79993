"""What a snapshot must keep to, written down before it arrives; and one finding about it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from labsupport.checks import Check
from labsupport.exact import as_written, check_level

if TYPE_CHECKING:
    import pandera.pandas as pa

# Each check of the distribution and the attribute that holds its bound.
BOUNDS = {
    "missing": "max_missing",
    "new": "max_new",
    "lost": "max_lost",
    "class balance": "max_class_change",
    "l_infinity": "max_l_infinity",
    "psi": "max_psi",
    "ks": "max_ks",
    "location": "max_location",
    "spread": "max_spread",
}


@dataclass(frozen=True)
class Finding(Check):
    """A check of a snapshot: its slice names the column, or is None for the whole table.

    Attributes
    ----------
    false_alarm_rate : how often, at this number of rows, this bound is exceeded although nothing
        changed; at most that, but for PSI, where it is nearly that. 0 for rules, which admit no
        exception; NaN where nothing was measured.
    """

    false_alarm_rate: float = 0.0


@dataclass(frozen=True)
class DataPolicy:
    """What a snapshot must keep to.

    A change fails when it is larger than what is tolerated and larger than what chance explains.
    With false_alarm_rate=None only the tolerated change counts: thresholds by folklore, such as
    max_psi=0.1. With a bound of None only chance counts.

    Attributes
    ----------
    false_alarm_rate : the chance that a snapshot without drift fails at all, over all columns and
        all checks of the distribution together; each has an equal share of it. None: no such limit.
    max_missing : change of the share of missing values.
    max_new : share of rows in categories that the reference does not have.
    max_lost : share of the reference that a category may have had which now has no row.
    max_class_change : change of any class's share of the label.
    max_l_infinity : change of any bin's share, in one column.
    max_psi : population stability index.
    max_ks : two-sided Kolmogorov-Smirnov distance, numbers only.
    max_location : change of the share of values up to the reference's median.
    max_spread : change of the share of values between the reference's quartiles.
    checks : the names of the distribution's checks that are made; all by default.
    label : the column that is predicted, whose l_infinity check is the class balance.
    categories : columns of numbers whose values are names, such as codes.
    schema : a pandera DataFrameSchema for types, domains, presence, uniqueness and rules across
        columns. None: every column of the reference, of its type, and no other.
    rows : how many rows there must be, at least and at most; None: no limit.

    Raises
    ------
    TypeError : a bound that is no number, a schema that is none.
    ValueError : a bound below zero, an unknown check, no check, a check without any bound, rows
        that allow for none.
    """

    false_alarm_rate: float | None = 0.01
    max_missing: float | None = 0.005
    max_new: float | None = 0
    max_lost: float | None = 0
    max_class_change: float | None = 0.01
    max_l_infinity: float | None = 0.01
    max_psi: float | None = 0.01
    max_ks: float | None = 0.02
    max_location: float | None = 0.02
    max_spread: float | None = 0.02
    checks: tuple[str, ...] = tuple(BOUNDS)
    label: str | None = None
    categories: tuple[str, ...] = ()
    schema: pa.DataFrameSchema | None = None
    rows: tuple[int | None, int | None] = (1, None)

    def __post_init__(self) -> None:
        for field in fields(self):
            bound = getattr(self, field.name)
            if field.name.startswith("max_") and bound is not None and as_written(bound) < 0:
                raise ValueError(f"{field.name} is a change, zero or more; got {bound!r}.")
        if self.false_alarm_rate is not None:
            check_level(float(as_written(self.false_alarm_rate)), "false_alarm_rate")
        if not self.checks or not set(self.checks) <= set(BOUNDS):
            raise ValueError(
                f"checks names one or more of {', '.join(BOUNDS)}; got {self.checks!r}."
            )
        unbound = [name for name in self.checks if self.bound(name) is None]
        if unbound and self.false_alarm_rate is None:
            raise ValueError(
                f"The check {unbound[0]!r} has no bound; set {BOUNDS[unbound[0]]} or a "
                "false_alarm_rate."
            )
        if self.schema is not None:
            _check_schema(self.schema)
        least, most = self.rows
        if least is None or least < 1 or (most is not None and most < least):
            raise ValueError(f"rows is (at least 1, at most or None); got {self.rows!r}.")

    def bound(self, check: str) -> float | None:
        """The tolerated change of one check."""
        return getattr(self, BOUNDS[check])


def _check_schema(schema: object) -> None:
    import pandera.pandas as pa  # here, since rules and findings do without

    if not isinstance(schema, pa.DataFrameSchema):
        raise TypeError(
            "schema is a pandera DataFrameSchema, as schema_of makes one; got "
            f"{type(schema).__name__}."
        )
    if schema.drop_invalid_rows:
        raise ValueError(
            "The schema would drop rows that break it, and then pass; set drop_invalid_rows=False."
        )
