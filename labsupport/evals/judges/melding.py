"""Exact intervals of single shares, carried through a formula of several.

What a count says about its share is a distribution: for x of n the beta distribution whose quantile
is Clopper and Pearson's lower end, with one more failure, or upper end, with one more success. Put
the unfavourable one of each share into the formula, and the quantiles of the result are an interval
for it. Source: M. Fay, M. Proschan, E. Brittain, Combining one-sample confidence procedures for
inference in the two-sample case, Biometrics 71 (2015), 146-156.

The draws are no random ones: they lie evenly (I. Sobol), the same at every call.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import scipy
from scipy import special

DRAWS = 4096


@lru_cache(maxsize=16)
def evenly(dimensions: int) -> np.ndarray:
    """(dimensions, DRAWS) points of the unit cube that fill it evenly, none on its border."""
    points = scipy.stats.qmc.Sobol(dimensions, scramble=False).random(DRAWS).T + 0.5 / DRAWS
    points.flags.writeable = False
    return points


def gammas(counts: np.ndarray) -> np.ndarray:
    """Gamma variables with these shapes; divided by their sum they are Dirichlet's shares.

    Parameters
    ----------
    counts : (...) numbers from 0; a shape of 0 gives 0.

    Returns
    -------
    (..., DRAWS) array.
    """
    flat = counts.ravel()
    rows = [_gamma(float(count), row, flat.size) for row, count in enumerate(flat)]
    return np.array(rows).reshape(*counts.shape, DRAWS)


def ratios(drawn: np.ndarray) -> np.ndarray:
    """(k, DRAWS) shares from (2 k, DRAWS) gamma variables: the first of each two, of both."""
    pairs = drawn.reshape(-1, 2, drawn.shape[-1])
    return pairs[:, 0] / pairs.sum(axis=1)


@lru_cache(maxsize=512)
def _gamma(count: float, row: int, dimensions: int) -> np.ndarray:
    if count == 0:
        return np.zeros(DRAWS)
    return special.gammaincinv(count, evenly(dimensions)[row])
