"""The single conditions of a judge's approval, each with the interval around what was measured."""

from __future__ import annotations

import math
from collections.abc import Hashable

import numpy as np

from labsupport.checks import Check
from labsupport.evals.estimate import Estimate, share
from labsupport.evals.judges.melding import gammas


def check_share(
    name: str, kind: Hashable | None, hits: int, n: int, bound: float, confidence: float
) -> Check:
    """Is the share at least the bound, for the whole of its exact interval?"""
    if not n:
        sentence = f"The {name} was not measured: there is no item to measure it on."
        return Check(name, kind, math.nan, bound, False, sentence)
    return check_estimate(name, kind, share(hits, n, confidence), bound, n)


def check_estimate(
    name: str, kind: Hashable | None, estimate: Estimate, bound: float, n: int
) -> Check:
    """Is the whole interval at or above the bound?

    Parameters
    ----------
    n : items behind the estimate.
    """
    if estimate.value != estimate.value:
        sentence = f"The {name} was not measured: all labels are the same."
        return Check(name, kind, estimate.value, bound, False, sentence)
    passed = estimate.low >= bound
    if not passed and estimate.high >= bound:
        passed = None
    where = "" if kind is None else f" on items of kind {kind!r}"
    side = {True: "all of it at or above", False: "all of it below", None: "on both sides of"}
    sentence = (
        f"The {name}{where} of {estimate.value:.3f}, on {n} items, may truly be "
        f"{estimate.low:.3f} to {estimate.high:.3f}: {side[passed]} the bound of {float(bound):g}."
    )
    needed = _needed(estimate, bound, n) if passed is None else None
    return Check(name, kind, estimate.value, bound, passed, sentence, needed)


def check_length_bias(excess: np.ndarray, lengths, bound: float, confidence: float) -> Check:
    """Does the judge favour long items by no more than the bound, nor short ones?

    Parameters
    ----------
    excess : (n,) 1 where only the judge passed the item, -1 where only the human did, else 0.
    lengths : (n,) numbers; None: not measured, which has failed.
    """
    name = "length bias"
    longer = None if lengths is None else lengths > np.median(lengths)
    if longer is None or not longer.any():
        why = "no lengths were given" if longer is None else "no half of the items is longer"
        sentence = f"The {name} was not measured: {why}."
        return Check(name, None, math.nan, bound, False, sentence)
    halves = [
        np.array([(excess[part] == d).sum() for d in (1, 0, -1)]) for part in (longer, ~longer)
    ]
    bias = length_bias(*halves, confidence)
    passed = None
    if max(abs(bias.low), abs(bias.high)) <= bound:
        passed = True
    elif bias.low > bound or bias.high < -bound:
        passed = False
    needed = None
    if passed is None:
        sides = [edge for edge in (bound, -bound) if edge in bias]
        needed = max((_needed(bias, edge, len(excess)) or 0 for edge in sides), default=0) or None
    words = {True: "within", False: "beyond", None: "perhaps beyond"}[passed]
    sentence = (
        f"The judge favours the longer half by {bias.value:+z.3f} more than people do, truly "
        f"{bias.low:+z.3f} to {bias.high:+z.3f}: {words} the {float(bound):g} tolerated."
    )
    return Check(name, None, bias.value, bound, passed, sentence, needed)


def length_bias(longer: np.ndarray, shorter: np.ndarray, confidence: float = 0.95) -> Estimate:
    """By how much more than people a judge favours the longer items over the shorter ones.

    Parameters
    ----------
    longer, shorter : (3,) counts of items that only the judge passed, that both labelled alike, and
        that only the human passed.

    Returns
    -------
    Estimate of (judge's minus human's share of passes) on the longer minus the same on the shorter,
    from -2 to 2; each end puts one more item where it hurts, as kappa_of_table does.
    """

    def drawn(more: np.ndarray) -> np.ndarray:
        weights = gammas(np.array([longer, shorter]) + more)
        shares = weights / weights.sum(axis=1, keepdims=True)
        return (shares[:, 0] - shares[:, 2])[0] - (shares[:, 0] - shares[:, 2])[1]

    tail, against = (1 - confidence) / 2, np.array([[0, 0, 1], [1, 0, 0]])
    value = sum(
        sign * (half[0] - half[2]) / half.sum() for sign, half in ((1, longer), (-1, shorter))
    )
    low = float(np.quantile(drawn(against), tail))
    high = float(np.quantile(drawn(against[::-1]), 1 - tail))
    return Estimate(float(value), low, high, confidence, "melded Dirichlet")


def _needed(estimate: Estimate, bound: float, n: int) -> int | None:
    """About how many items would set the interval apart from the bound, if they came out as these
    did: its reach falls with their root. None where the bound itself was measured.
    """
    value = estimate.value
    if value == bound:
        return None
    reach = value - estimate.low if value > bound else estimate.high - value
    return math.ceil(n * (reach / (value - bound)) ** 2)
