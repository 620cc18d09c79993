"""data.toml: what rows must keep to before anybody trains on them."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from difflib import get_close_matches
from pathlib import Path

from labsupport.exact import as_written, check_count
from labsupport.validation import DataPolicy

LEAST_ROWS = 500
_OWN = ("smoke_rows", "smoke_steps", "max_shared")
# A snapshot's label is known, and a schema is no line of TOML.
_OF_DATA = tuple(f.name for f in fields(DataPolicy) if f.name not in ("label", "schema"))
KEYS = (*_OF_DATA, *_OWN)
OFF = "off"
_DATA = DataPolicy(rows=(LEAST_ROWS, None), label="label")


@dataclass(frozen=True)
class CheckPolicy:
    """What the cheap checks ask for.

    Attributes
    ----------
    data : of the rows, and of their difference from the reference.
    smoke_rows, smoke_steps : of the training that is tried.
    max_shared : the share of training rows that may be in the holdout.

    Raises
    ------
    TypeError : no numbers.
    ValueError : out of range.
    """

    data: DataPolicy = _DATA
    smoke_rows: int = 3000
    smoke_steps: int = 30
    max_shared: float = 0.0

    def __post_init__(self) -> None:
        check_count(self.smoke_rows, "smoke_rows")
        check_count(self.smoke_steps, "smoke_steps")
        if not 0 <= as_written(self.max_shared, "max_shared") <= 1:
            raise ValueError(f"max_shared is a share of rows, 0 to 1; got {self.max_shared!r}.")

    def told(self) -> dict[str, object]:
        """Key by key, as a file has it: `check_policy` makes the same of it."""
        told = {name: getattr(self.data, name) for name in _OF_DATA}
        told |= {name: getattr(self, name) for name in _OWN}
        told["rows"] = [limit for limit in self.data.rows if limit is not None]
        plain = {key: list(v) if isinstance(v, tuple) else v for key, v in told.items()}
        return {key: OFF if value is None else value for key, value in plain.items()}


def read_check_policy(path: Path) -> CheckPolicy:
    """The policy in a TOML file.

    Keys are DataPolicy's attributes but label and schema, and CheckPolicy's own. What is not named
    keeps its default; "off" takes a bound away. `rows` is the least number, or [least, most].

    Raises
    ------
    FileNotFoundError : there is no such file.
    ValueError : it is not understood.
    """
    data, name = Path(path).read_bytes(), Path(path).name
    try:
        return check_policy(tomllib.loads(data.decode("utf-8-sig")))
    except (ValueError, TypeError, RecursionError) as error:
        raise ValueError(f"{name} is no data policy: {str(error).rstrip('.')}.") from error


def check_policy(told: Mapping[str, object]) -> CheckPolicy:
    """The policy that these keys and values are; see read_check_policy.

    Raises
    ------
    TypeError, ValueError : they are none.
    """
    for key in told:
        if key not in KEYS:
            near = get_close_matches(key, KEYS, 1)
            meant = f"it may be meant for {near[0]}" if near else f"there are {', '.join(KEYS)}"
            raise ValueError(f"the key {key!r:.60} is unknown; {meant}")
    own = {key: told[key] for key in _OWN if key in told}
    asked = {key: _value(key, told[key]) for key in told if key not in _OWN}
    return CheckPolicy(DataPolicy(**{"rows": (LEAST_ROWS, None), "label": "label"} | asked), **own)


def _value(key: str, value: object) -> object:
    if key == "rows":
        given = value if isinstance(value, list) else [value]
        if not 1 <= len(given) <= 2 or not all(type(n) is int for n in given):
            raise ValueError(f"rows is a number of rows, or [least, most]; got {value!r}")
        return (*given, None)[:2]
    if key in ("checks", "categories"):
        if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
            raise ValueError(f"{key} is a list of names; got {value!r}")
        return tuple(value)
    return None if value == OFF else value
