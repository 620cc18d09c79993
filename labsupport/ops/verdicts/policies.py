"""policy.toml: what a candidate must clear, written down before anyone sees its numbers."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from difflib import get_close_matches
from pathlib import Path

from labsupport.gate import Policy

KEYS = tuple(field.name for field in fields(Policy))
BOUNDS = tuple(key for key in KEYS if key != "confidence")
REST = "..."  # what a file calls the slices that it does not name


class PolicyError(ValueError):
    """A file that is no policy."""


@dataclass(frozen=True)
class Policies:
    """What a file asks for.

    Attributes
    ----------
    accuracy : bounds on accuracy; None: the file has none.
    auc : bounds on the AUC, from the table [auc]; None: the file has none.
    """

    accuracy: Policy | None
    auc: Policy | None = None


def read_policy(path: Path) -> Policies:
    """The policy in a file.

    Raises
    ------
    FileNotFoundError : there is none.
    PolicyError : it is not understood, or it checks nothing.
    """
    return policies_in(Path(path).read_bytes(), Path(path).name)


def policies_in(data: bytes, name: str) -> Policies:
    """The policy that some bytes are, in TOML.

    Keys are Policy's attributes, for accuracy; a table [auc] has the same ones, for the AUC. What
    is not named is not checked. A confidence holds for [auc] too, unless that has its own. In
    max_slice_loss as a table, "..." stands for all slices that are not named.

    Raises
    ------
    PolicyError : it is not understood, or it checks nothing; in one sentence that begins with the
        name.
    """
    try:
        told = tomllib.loads(data.decode("utf-8-sig"))
        area = told.pop("auc", None)
        if area is not None and not isinstance(area, dict):
            raise TypeError(f"auc is a table, [auc]; got {area!r}")
        _check_keys(told, "a policy")
        if area is None:
            return Policies(_policy(told))
        _check_keys(area, "[auc]")
        if "max_gap" in area:
            raise ValueError(
                "[auc] has max_gap, and a gap is one of accuracy; take it out of [auc]"
            )
        asked = any(key in told for key in BOUNDS)
        return Policies(_policy(told) if asked else None, _policy(_inherited(told) | area))
    except (ValueError, TypeError, RecursionError) as error:
        raise PolicyError(f"{name} is no policy: {str(error).rstrip('.')}.") from error


def _check_keys(told: Mapping[str, object], where: str) -> None:
    for key in told:
        if key not in KEYS:
            near = get_close_matches(key, KEYS, 1)
            meant = f"it may be meant for {near[0]}" if near else f"{where} has {', '.join(KEYS)}"
            raise ValueError(f"the key {key!r:.60} is unknown; {meant}")


def _inherited(told: Mapping[str, object]) -> dict[str, object]:
    return {key: told[key] for key in told if key not in BOUNDS}


def _policy(told: Mapping[str, object]) -> Policy:
    losses = told.get("max_slice_loss")
    if isinstance(losses, dict):
        losses = {... if name == REST else name: bound for name, bound in losses.items()}
    return Policy(**{**dict.fromkeys(BOUNDS), **told, "max_slice_loss": losses})
