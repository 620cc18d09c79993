"""How often the promise of an interval is broken at worst: counted over all tables, nothing drawn.

Where the true gain is just below a margin, each interval that lies at or above it is a false
promotion. How often that happens depends on the churn, which nobody knows: here is the largest.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import scipy
from scipy import fft, special

from labsupport.exact import as_written, check_count, check_level
from labsupport.intervals import gain_interval
from labsupport.limits import chance
from labsupport.outcomes import PairedOutcomes

METHODS = ("exact", "score", "unconditional")  # one better row more never lowers their lower end
_DENSE = 64  # how many times denser than needed to know the polynomial it is searched
_FINER = np.linspace(0, 1, 200)  # between the neighbours of the largest value found


def worst_false_promotion(
    n: int, margin: float, confidence: float = 0.95, method: str = "exact"
) -> float:
    """The largest probability, over all worlds whose true gain is at most the margin, that the
    interval on n rows lies at or above the margin. (1 - confidence) / 2 is what it promises.

    One better row more, or one worse less, keeps an interval above the margin that was there. So
    the worst gain is the margin itself, and for each number of worse rows the fewest better ones
    tell all tables. The probability is then a polynomial in the churn, of degree n, known from
    n + 1 values; on the grid that is searched it comes within 0.03% of its largest value (H.
    Ehlich, K. Zeller, Mathematische Zeitschrift 86 (1964), 41-44).

    Parameters
    ----------
    n : rows of the holdout; about n intervals are computed, 0.1 s on 200 rows.
    margin : a share of rows, from -1 to 1.
    method : "exact", "score" or "unconditional", as in gain_interval. The last is asked for its
        chance at the margin, which its lower end inverts to a hundred-thousandth of a standard
        error.

    Raises
    ------
    ValueError : n below 1, a margin that no gain can have, a confidence outside (0, 1), or another
        method: nobody has shown that BCa, or drawn resamples, never hold a better row against the
        candidate.
    """
    check_count(n, "n")
    check_level(confidence, "confidence")
    asked = as_written(margin, "margin")
    if abs(asked) > 1:
        raise ValueError(f"A gain is a share of rows, from -1 to 1; the margin is {margin!r}.")
    if method not in METHODS:
        raise ValueError(
            f"The worst case is computed for the methods {', '.join(METHODS)}; got {method!r}."
        )
    fewest = _fewest_better(n, asked, confidence, method)
    if not len(fewest):
        return 0.0
    gain = float(asked)
    middle, reach = (1 + abs(gain)) / 2, (1 - abs(gain)) / 2

    def churns(at: np.ndarray) -> np.ndarray:
        return middle + reach * np.cos(np.pi * at)

    nodes, dense = n + 1, _DENSE * (n + 1)
    terms = np.zeros(dense)
    values = _promoted(fewest, n, gain, churns((np.arange(nodes) + 0.5) / nodes))
    terms[:nodes] = fft.dct(values) / nodes
    top = int(fft.dct(terms, type=3).argmax())
    near = (np.clip(top - 0.5 + 2 * _FINER, 0, dense)) / dense
    return float(_promoted(fewest, n, gain, churns(near)).max())


def _fewest_better(n: int, margin: Fraction, confidence: float, method: str) -> np.ndarray:
    """For 0, 1, 2 ... worse rows the fewest better ones whose interval clears the margin, up to the
    last number of worse rows for which n rows have room. It never falls: a walk up a staircase.
    """
    fewest, better = [], 0
    for worse in range(n + 1):
        while better + worse <= n and not _clears(n, better, worse, margin, confidence, method):
            better += 1
        if better + worse > n:
            break
        fewest.append(better)
    return np.array(fewest)


def _clears(
    n: int, better: int, worse: int, margin: Fraction, confidence: float, method: str
) -> bool:
    if method == "unconditional":
        level = (1 - confidence) / 2
        return chance(n, better, worse, float(margin), level) <= level
    table = PairedOutcomes(n - better - worse, better, worse, 0)
    return gain_interval(table, confidence, method).side(margin) is True


def _promoted(fewest: np.ndarray, n: int, gain: float, churn: np.ndarray) -> np.ndarray:
    """The probability of a table at or above the staircase, for each churn: over the worse rows,
    that of their number times that of enough better ones among the rest.
    """
    p, q = ((churn[:, None] + sign * gain) / 2 for sign in (1, -1))
    worse = np.arange(len(fewest))
    share = np.clip(p / np.maximum(1 - q, p).clip(1e-300), 0, 1)
    enough = special.betainc(np.maximum(fewest, 1), n - worse - fewest + 1, share)
    enough = np.where(fewest > 0, enough, 1.0)
    return (scipy.stats.binom.pmf(worse, n, np.clip(q, 0, 1)) * enough).sum(axis=1)
