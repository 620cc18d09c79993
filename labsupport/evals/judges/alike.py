"""Whether a judge is as right about one system's answers as about another's."""

from __future__ import annotations

import math

import numpy as np

from labsupport.checks import Check
from labsupport.evals.estimate import Estimate
from labsupport.evals.judges.corrected import Calibration
from labsupport.evals.judges.melding import gammas, ratios
from labsupport.exact import as_written, check_level
from labsupport.gate import Verdict, conclude


def calibrations_agree(
    one: Calibration, other: Calibration, tolerance: float, confidence: float = 0.95
) -> Verdict:
    """Whether a judge is as right about one system's answers as about another's, to within a
    tolerance: shown, and not merely undisputed.

    A difference that is not significant may be a large one on few labels. Here the whole interval
    of the difference has to lie within the tolerance, for sensitivity and for specificity. Judges
    whose rates differ by more pass with probability (1 - confidence) / 2 at most.

    Returns
    -------
    Verdict. "promote": shown. "block": a difference is shown to be larger. "inconclusive": neither.

    Raises
    ------
    TypeError : what is no Calibration, a tolerance or confidence that is no number.
    ValueError : a tolerance outside 0 to 1, a confidence outside (0, 1).
    """
    for side in (one, other):
        if not isinstance(side, Calibration):
            kind = type(side).__name__
            raise TypeError(f"Two Calibrations are compared, as of from_labels; got {kind}.")
    check_level(confidence, "confidence")
    if not 0 <= as_written(tolerance, "tolerance") <= 1:
        raise ValueError(f"tolerance is a difference of shares, 0 to 1; got {tolerance!r}.")
    pairs = {
        "sensitivity": [(side.tp, side.fn) for side in (one, other)],
        "specificity": [(side.tn, side.fp) for side in (one, other)],
    }
    return conclude(
        _check_alike(name, *pair, tolerance, confidence) for name, pair in pairs.items()
    )


def share_difference(
    one: tuple[int, int], other: tuple[int, int], confidence: float = 0.95
) -> Estimate:
    """The difference of two independent shares, each as (hits, misses), with the melded interval:
    each end is wrong with probability (1 - confidence) / 2 at most.
    """

    def drawn(counts: list[int]) -> np.ndarray:
        first, second = ratios(gammas(np.array(counts)))
        return first - second

    (a, b), (c, d) = one, other
    tail = (1 - confidence) / 2
    low = float(np.quantile(drawn([a, b + 1, c + 1, d]), tail))
    high = float(np.quantile(drawn([a + 1, b, c, d + 1]), 1 - tail))
    return Estimate(a / (a + b) - c / (c + d), low, high, confidence, "melded")


def _check_alike(
    name: str, one: tuple[int, int], other: tuple[int, int], tolerance: float, confidence: float
) -> Check:
    if not sum(one) or not sum(other):
        sentence = f"The {name}s were not compared: one side has no item for it."
        return Check(name, None, math.nan, tolerance, False, sentence)
    found = share_difference(one, other, confidence)
    passed = max(abs(found.low), abs(found.high)) <= tolerance
    if not passed and found.low <= tolerance and found.high >= -tolerance:
        passed = None
    words = {True: "within", False: "beyond", None: "perhaps beyond"}[passed]
    sentence = (
        f"The {name}s differ by {found.value:+z.3f}, truly {found.low:+z.3f} to "
        f"{found.high:+z.3f}: {words} the {float(tolerance):g} tolerated."
    )
    return Check(name, None, abs(found.value), tolerance, passed, sentence)
