"""A damage that nobody has seen: drawn from a seed, told only after the checks have run."""

from __future__ import annotations

import runpy
import traceback
from collections.abc import Callable, Iterable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from labsupport.gate import Verdict, conclude
from labsupport.validation.damage import Damaged, possible, spoil
from labsupport.validation.frames import employment_frame, flights_frame, halves, label_of
from labsupport.validation.policy import DataPolicy
from labsupport.validation.snapshot import validate

SNAPSHOTS = {"flights": flights_frame, "employment": employment_frame}
SIZES = (0.1, 0.2, 0.5, 1.0)
FUNCTION = "checks"


@dataclass(frozen=True)
class Trial:
    """How a set of checks did.

    Attributes
    ----------
    clean, damaged : their verdicts on the snapshot as it came and on the spoilt copy.
    damage : what had been done.
    """

    clean: Verdict
    damaged: Verdict
    damage: Damaged

    @property
    def caught(self) -> bool:
        """The damage was found, and no false alarm raised on the snapshot without it."""
        return self.damaged.decision == "block" and self.clean.decision != "block"

    def __str__(self) -> str:
        lines = [
            f"The snapshot as it came:  {_words(self.clean)}",
            f"A spoilt copy of it:      {_words(self.damaged)}",
            f"What had been done:       {self.damage.kind}, size {self.damage.size:g}. "
            f"{self.damage.sentence}",
        ]
        if self.caught:
            end = "Caught."
        elif self.clean.decision == "block":
            end = "Not caught: these checks also block the snapshot that nobody has touched."
        else:
            end = "Not caught: nothing stands between this snapshot and the training but the gate."
        return "\n".join([*lines, end])


def _words(verdict: Verdict) -> str:
    failed = [
        check.name if check.slice is None else f"{check.name} of {check.slice}"
        for check in verdict.checks
        if check.passed is False
    ]
    more = f" and {len(failed) - 6} more" if len(failed) > 6 else ""
    return verdict.reason + (f" ({', '.join(failed[:6])}{more})" if failed else "")


def draw(frame: pd.DataFrame, seed: int) -> Damaged:
    """Spoil a copy of a frame: kind, size and column are drawn from the seed."""
    rng = np.random.default_rng([seed, 6])
    kinds = possible(frame)
    kind = kinds[rng.integers(len(kinds))]
    return spoil(frame, kind, int(rng.integers(2**31)), float(rng.choice(SIZES)))


def trial(
    seed: int,
    data: str = "flights",
    check: Callable[[pd.DataFrame, pd.DataFrame], object] | None = None,
) -> Trial:
    """Run checks on a snapshot and on a spoilt copy of it.

    Parameters
    ----------
    seed : of the damage.
    data : "flights" or "employment".
    check : a function of the current and the reference frame that returns a Verdict, or Checks;
        None: `validate` with its own bounds.

    Raises
    ------
    ValueError : an unknown data set.
    TypeError : the function returned something else.
    """
    if data not in SNAPSHOTS:
        raise ValueError(f"No data {data!r}; there is {' and '.join(SNAPSHOTS)}.")
    reference, current = halves(SNAPSHOTS[data]())
    damage = draw(current, seed)
    check = check or _own
    verdicts = []
    for frame in (current, damage.frame):
        verdicts.append(_verdict(check(frame.copy(), reference.copy())))
    return Trial(*verdicts, damage)


def _own(current: pd.DataFrame, reference: pd.DataFrame) -> Verdict:
    return validate(current, reference, DataPolicy(label=label_of(reference)))


def _verdict(said: object) -> Verdict:
    if isinstance(said, Verdict):
        return said
    if isinstance(said, Iterable) and not isinstance(said, str | bytes):
        return conclude(said)
    raise TypeError(
        f"`{FUNCTION}` returns a Verdict, as conclude makes one, or a list of Checks; got "
        f"{type(said).__name__}."
    )


def trial_of_file(seed: int, data: str, path: str | None) -> tuple[str, bool]:
    """The same with the function `checks` of a Python file, in words, and whether it caught the
    damage. What crashes has caught nothing, and the damage stays sealed.
    """
    check = None
    try:
        with redirect_stdout(None), redirect_stderr(None):  # nobody else says what had been done
            if path is not None:
                check = runpy.run_path(path).get(FUNCTION)
                if not callable(check):
                    needed = f"{Path(path).name} needs a function {FUNCTION}(current, reference)."
                    return needed, False
            result = trial(seed, data, check)
    except OSError:
        raise
    # A student's file may raise anything, SystemExit too.
    except BaseException as error:  # noqa: BLE001
        frames = traceback.extract_tb(error.__traceback__)
        lines = [frame.lineno for frame in frames if frame.filename == path]
        where = f" at line {lines[-1]} of {Path(path).name}" if lines else ""
        said = " ".join(f"{type(error).__name__}: {error}".split())[:200].rstrip(".")
        return f"The checks crashed{where}: {said}.", False
    return str(result), result.caught
