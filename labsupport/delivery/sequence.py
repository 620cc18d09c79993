"""A confidence sequence for a canary: right at every look at once, however often one looks.

It is a bet. Against "the canary does no more harm than m", one stakes a share c of one's money on
every pair: 1 + c (x - m) / (1 + m) times the money is left, where x is 1 when only the canary
failed, -1 when only the baseline did, 0 otherwise. If the true difference is m or less, nothing
is won on average, so one's money ever grows by 2 / alpha with probability alpha / 2 at most (Ville
1939). Where it has grown by so much, m is excluded. That holds for every discordance and exactly,
for a few pairs as for many, because nothing is approximated.

Nobody knows beforehand which share is best, so the money is divided over sixteen of them, a half to
a 65,536th; the wealth is their sum. Source: Waudby-Smith and Ramdas, Estimating means of bounded
random variables by betting, JRSS B 86 (2024), 1-27. A Dirichlet mixture of multinomials (Lindon and
Malek, Anytime-valid inference for multinomial count data, NeurIPS 2022) is as valid and must also
pay for not knowing the discordance: its intervals are half as wide again.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy import special

from labsupport.exact import check_level

_HALVINGS = np.arange(1, 17)
_STAKES = 0.5 ** _HALVINGS[:, None]  # (16, 1)
# Most on a quarter and an eighth: the best share is about harm / discordance, such as 0.02 / 0.1.
_PRIOR = 1 / (1 + np.abs(_HALVINGS - 2.5)) ** 2
_LOG_PRIOR = np.log(_PRIOR / _PRIOR.sum())[:, None]
_BLOCK = 1 << 13  # tables at a time, so that the work stays in the cache
_MOST_STEPS = 200  # halving alone takes 55


def confidence_sequence(worse, better, n, alpha: float = 0.05) -> tuple[np.ndarray, np.ndarray]:
    """An interval for the difference of two shares of failures on the same requests, canary less
    baseline, that every look may use: the truth is outside at any n at all with probability alpha
    at most.

    Parameters
    ----------
    worse, better : pairs so far of which only the canary, only the baseline failed; numbers or
        arrays, of looks and of rollouts.
    n : all pairs so far, those included on which the two agree; 0 pairs say nothing.
    alpha : half of it for each end.

    Returns
    -------
    (low, high), in the shape of the counts: above 0, the canary does harm. Each look's interval is
    its own; those of earlier looks may be intersected with it.

    Raises
    ------
    ValueError : counts that are none or do not fit together, or an alpha outside (0, 1).
    """
    check_level(alpha, "alpha")
    worse, better, n = _counts(worse, better, n)
    bar = math.log(2 / alpha)
    # The upper end is the lower one of the table with the two models exchanged.
    ends = _each_once(
        lambda *table: _low(*table, bar),
        np.array([worse, better]),
        np.array([better, worse]),
        np.array([n, n]),
    )
    return ends[0][()], -ends[1][()]


def harm_shown(worse, better, alpha: float = 0.05) -> np.ndarray:
    """Whether the lower end of confidence_sequence is above 0: the canary does harm.

    A harmless canary is ever told so with probability alpha / 2 at most. Pairs on which the two
    agree do not matter. Counts and errors as in confidence_sequence.
    """
    check_level(alpha, "alpha")
    return _each_once(_log_wealth, *_counts(worse, better))[()] >= math.log(2 / alpha)


def harm_wealth(worse, better) -> np.ndarray:
    """What a stake of 1 on harm has become: the evidence, an e-value. If there is no harm, it ever
    reaches k with probability 1 / k at most.
    """
    return np.exp(_each_once(_log_wealth, *_counts(worse, better)))[()]


def _counts(worse, better, n=None) -> list[np.ndarray]:
    given = [np.asarray(count) for count in (worse, better, n) if count is not None]
    for count in given:
        if count.dtype.kind not in "iu" or (count < 0).any():
            raise ValueError(
                "worse, better and n are counts of pairs, whole numbers of 0 or more; got "
                f"{count.ravel()[:5].tolist()}."
            )
    counts = np.broadcast_arrays(*(count.astype(float) for count in given))
    if n is not None and (counts[0] + counts[1] > counts[2]).any():
        raise ValueError("worse and better are counted among the n pairs; got more than n of them.")
    return counts


def _each_once(work: Callable, *counts: np.ndarray) -> np.ndarray:
    """work(*counts), in their shape, where the same table is worked on once: simulated rollouts
    have many in common.
    """
    flat, back = np.stack([count.ravel() for count in counts]), slice(None)
    sizes = [int(row.max(initial=0)) + 1 for row in flat]
    if math.prod(sizes) < 2**62:
        key = np.ravel_multi_index(flat.astype(np.int64), sizes)
        _, first, back = np.unique(key, return_index=True, return_inverse=True)
        flat = flat[:, first]
    starts = range(0, flat.shape[1], _BLOCK)
    found = [work(*flat[:, start : start + _BLOCK]) for start in starts]
    return np.concatenate([*found, np.empty(0)])[back].reshape(counts[0].shape)


def _log_wealth(worse: np.ndarray, better: np.ndarray) -> np.ndarray:
    """(size,) of a bet against no harm, m = 0."""
    logs = _LOG_PRIOR + np.log1p(_STAKES) * worse + np.log1p(-_STAKES) * better
    return special.logsumexp(logs, axis=0)


def _low(worse, better, n, bar: float) -> np.ndarray:
    """(size,) the largest m that a bet on more harm than m has excluded: where the log wealth,
    which falls in m, meets the bar. Newton's steps, and halving where one would leave what is
    known.
    """
    # At the measured difference nothing is won, and where only the baseline ever failed, nowhere.
    high = (worse - better) / np.maximum(n, 1)
    low, left = np.full(len(n), -1.0), np.flatnonzero(better < n)
    reach = np.sqrt((2 * bar + 4) * (worse + better + 1)) / np.maximum(n, 1)
    at = np.where(better < n, np.maximum(high - reach, (high - 1) / 2), -1.0)
    for _ in range(_MOST_STEPS):
        excess, slope = _excess(at[left], worse[left], better[left], n[left], bar)
        low[left] = np.where(excess >= 0, at[left], low[left])
        high[left] = np.where(excess < 0, at[left], high[left])
        step = at[left] - excess / slope
        inside = (step > low[left]) & (step < high[left])
        step = np.where(inside, step, (low[left] + high[left]) / 2)
        moved, at[left] = np.abs(step - at[left]), step
        # After a step of Newton's, what is left is about its square.
        near = np.minimum(reach[left], 1 + step) * np.where(inside, 1e-7, 1e-14)
        left = left[moved > near]
        if not left.size:
            break
    return at


def _excess(m, worse, better, n, bar: float) -> tuple[np.ndarray, np.ndarray]:
    """How far the log wealth of a bet against m is above the bar, and its slope in m."""
    even = 1 + m * (1 - _STAKES)  # what is left after a pair, times 1 + m: (16, size)
    won, equal = even + _STAKES, n - worse - better
    logs = _LOG_PRIOR + better * np.log1p(-_STAKES) + worse * np.log(won) + equal * np.log(even)
    top = logs.max(axis=0)
    share = np.exp(logs - top)
    total = share.sum(axis=0)
    slope = (share * (1 - _STAKES) * (worse / won + equal / even)).sum(axis=0) / total
    return (
        top + np.log(total) - (n - better) * np.log1p(m) - bar,
        slope - (n - better) / (1 + m),
    )
