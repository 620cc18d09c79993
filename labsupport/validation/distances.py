"""How far two distributions over the same bins are apart, from counts or shares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

Bins = Sequence[float] | np.ndarray | Mapping[object, float]


def psi(reference: Bins, current: Bins) -> float:
    """Population stability index: the sum of (q - p) * ln(q / p) over the bins.

    Parameters
    ----------
    reference, current : counts or shares over the same bins, shape (k,); or {category: count},
        where a category that one side lacks has a count of 0.

    Returns
    -------
    float, 0 or more. Infinite where a bin is empty on one side only: a floor under the shares would
    hide a category that got lost.

    Raises
    ------
    ValueError : other bins on each side, a count below zero or NaN, no counts at all.
    """
    p, q = _shares(reference, current)
    both = (p > 0) & (q > 0)
    if ((p > 0) != (q > 0)).any():
        return float("inf")
    return float(np.sum((q - p)[both] * np.log(q[both] / p[both])))


def l_infinity(reference: Bins, current: Bins) -> float:
    """The largest change of any bin's share, from 0 to 1. Arguments and errors as for psi."""
    p, q = _shares(reference, current)
    return float(np.abs(q - p).max())


def ks(reference: Bins, current: Bins) -> float:
    """Two-sided Kolmogorov-Smirnov distance, from 0 to 1: the largest difference of the cumulative
    shares at the bins' edges. The bins are in order. Arguments and errors as for psi.
    """
    p, q = _shares(reference, current)
    return float(np.abs(np.cumsum(q - p)).max())


def _shares(reference: Bins, current: Bins) -> tuple[np.ndarray, np.ndarray]:
    if isinstance(reference, Mapping) != isinstance(current, Mapping):
        raise ValueError("Both sides must be of one kind: two mappings, or two lists of counts.")
    if isinstance(reference, Mapping):
        names = list(dict.fromkeys([*reference, *current]))
        reference = [reference.get(name, 0) for name in names]
        current = [current.get(name, 0) for name in names]
    sides = [np.asarray(side, float) for side in (reference, current)]
    if sides[0].shape != sides[1].shape or sides[0].ndim != 1:
        raise ValueError(
            "Both sides must be counts over the same bins, shape (k,); got shapes "
            f"{sides[0].shape} and {sides[1].shape}."
        )
    for name, side in zip(("reference", "current"), sides, strict=True):
        if not np.isfinite(side).all() or (side < 0).any():
            raise ValueError(f"The {name} counts must be numbers of zero or more.")
        if not side.sum() > 0:
            raise ValueError(f"The {name} counts are all zero, so there is nothing to compare.")
    return sides[0] / sides[0].sum(), sides[1] / sides[1].sum()
