"""What was compared, as a small file that anybody can read: digests of what went in, and the table
of counts in which it ended.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from labsupport.durable import digest, replace_whole
from labsupport.gate import Verdict
from labsupport.outcomes import PairedOutcomes
from labsupport.scores import PairedAUC

OUTCOMES = "outcomes.json"
VERSION = 1


class RecordError(ValueError):
    """A record that cannot be understood."""


@dataclass(frozen=True)
class Compared:
    """Two models, compared on the same rows.

    Attributes
    ----------
    outcomes : who was right, in total and per slice.
    auc : of the two models' scores; None where predictions were given, or nobody asked.
    holdout : digest of the labels, and of the slices and ids where there are any.
    candidate, baseline : digests of what was scored: of a model, or of its predictions.
    notes : sentences on how it was done, for people.
    """

    outcomes: PairedOutcomes
    auc: PairedAUC | None
    holdout: str
    candidate: str
    baseline: str
    notes: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """What this comparison is known by, 64 hex digits."""
        return digest(self._written())

    def save(self, folder: Path) -> None:
        """Write it into a run's folder, whole or not at all."""
        replace_whole(Path(folder) / OUTCOMES, self._written())

    def _written(self) -> bytes:
        told = {
            "version": VERSION,
            "holdout": self.holdout,
            "candidate": self.candidate,
            "baseline": self.baseline,
            "notes": list(self.notes),
            "outcomes": _told(self.outcomes),
            "auc": None if self.auc is None else _told(self.auc),
        }
        return f"{json.dumps(told, sort_keys=True, indent=1)}\n".encode()


def load_compared(folder: Path) -> Compared:
    """The comparison in a run's folder.

    Raises
    ------
    FileNotFoundError : nothing was compared there.
    RecordError : it is not what Compared.save writes.
    """
    data = (Path(folder) / OUTCOMES).read_bytes()
    again = "evaluate again"
    try:
        told = json.loads(data)
        if told["version"] != VERSION:
            raise RecordError(
                f"{OUTCOMES} is of version {told['version']!r:.20}, and this lab reads {VERSION}; "
                f"{again}."
            )
        made = Compared(
            _outcomes(told["outcomes"]),
            None if told["auc"] is None else _area(told["auc"]),
            *(told[name] for name in ("holdout", "candidate", "baseline")),
            tuple(told["notes"]),
        )
    except RecordError:
        raise
    except (ValueError, TypeError, KeyError, AttributeError, ZeroDivisionError) as error:
        raise RecordError(f"{OUTCOMES} cannot be understood; {again}.") from error
    if made._written() != data:
        raise RecordError(f"{OUTCOMES} is not written as this lab does; {again}.")
    return made


def verdict_as_json(verdict: Verdict) -> dict[str, object]:
    """A verdict in plain values: what was not measured is null, as JSON has no NaN."""
    checks = [
        {
            "name": check.name,
            "slice": check.slice,
            "value": _number(check.value),
            "bound": _number(check.bound),
            "passed": check.passed,
            "sentence": check.sentence,
            "needed": check.needed,
        }
        for check in verdict.checks
    ]
    return {"decision": verdict.decision, "reason": verdict.reason, "checks": checks}


def _number(value: object) -> float | None:
    return float(value) if math.isfinite(float(value)) else None


def _told(part: PairedOutcomes | PairedAUC) -> dict[str, object]:
    slices = {str(name): _told(below) for name, below in part.slices.items()}
    if isinstance(part, PairedOutcomes):
        cells = [part.both_right, part.candidate_only, part.baseline_only, part.both_wrong]
        return {"cells": cells, "slices": slices}
    return {
        "n": part.n,
        "candidate": str(part.exact_candidate),
        "baseline": str(part.exact_baseline),
        "standard_error": part.standard_error,
        "fewest": part.fewest,
        "slices": slices,
    }


def _outcomes(told: Mapping) -> PairedOutcomes:
    slices = {name: _outcomes(below) for name, below in told["slices"].items()}
    return PairedOutcomes(*told["cells"], slices=slices)


def _area(told: Mapping) -> PairedAUC:
    return PairedAUC(
        told["n"],
        Fraction(told["candidate"]),
        Fraction(told["baseline"]),
        told["standard_error"],
        told["fewest"],
        {name: _area(below) for name, below in told["slices"].items()},
    )
