"""The paired bootstrap of the gain, by resampling and without: on three counts of rows.

No row is touched. Resampling costs the same for any number of rows; the distribution has as many
values as the gain may plausibly take, which grows with the root of the rows.
"""

from __future__ import annotations

import math
from typing import Protocol

import numpy as np
from scipy import fft

from labsupport.exact import check_count

# Minus the log of the probability that the window of gain_distribution may cut off on a side:
# e^-42 < 1e-18.
_LOST = 42.0


class Pairs(Protocol):
    """What an interval for the gain needs to know, as PairedOutcomes does: three counts of rows."""

    n: int
    candidate_only: int
    baseline_only: int


def bootstrap_gains(outcomes: Pairs, n_resamples: int = 10_000, seed: int = 0) -> np.ndarray:
    """The gain on each of `n_resamples` paired bootstrap resamples of the holdout.

    To draw n rows with replacement and count the cells of the table is to draw once from a
    multinomial over the cells, so no row is touched.

    Returns
    -------
    (n_resamples,) float array.

    Raises
    ------
    ValueError : there are no rows, or n_resamples is below 1.
    """
    n, better, worse = counts_of(outcomes)
    check_count(n_resamples, "n_resamples")
    draws = np.random.default_rng(seed).multinomial(
        n, [better / n, worse / n, (n - better - worse) / n], size=n_resamples
    )
    return (draws[:, 0] - draws[:, 1]) / n


def gain_distribution(outcomes: Pairs, draws: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """The distribution of the gain over infinitely many bootstrap resamples: exact, without a seed.

    A resampled row changes the difference of right answers by +1, -1 or 0, with the probabilities
    p, q, 1 - p - q that the table shows. The sum over all draws has the characteristic function
    (1 + p(e^it - 1) + q(e^-it - 1))^draws, and one inverse FFT over a window around the mean turns
    it into probabilities. Bernstein's inequality says how wide the window must be.

    Parameters
    ----------
    draws : rows in a resample. None: as many as there are.

    Returns
    -------
    gains : (k,) float array, increasing in steps of 1/draws.
    probabilities : (k,) float array; they sum to 1.
    """
    n, better, worse = counts_of(outcomes)
    if draws is None:
        draws = n
    check_count(draws, "draws")
    variance = draws * row_variance(outcomes)
    reach = math.ceil(2 / 3 * _LOST + math.sqrt((2 / 3 * _LOST) ** 2 + 2 * _LOST * variance))
    mean = (better - worse) * draws // n
    low, high = max(-draws, mean - reach), min(draws, mean + reach)
    size = fft.next_fast_len(high - low + 1, real=True)
    shares = {1: better / n, -1: worse / n, 0: (n - better - worse) / n}
    mass = fft.irfft(_transform(draws, shares, low, size), size)[: high - low + 1].clip(0)
    return np.arange(low, high + 1) / draws, mass / mass.sum()


def row_variance(outcomes: Pairs) -> float:
    """Variance of one row's contribution to the gain."""
    n, better, worse = counts_of(outcomes)
    return (better + worse) / n - ((better - worse) / n) ** 2


def counts_of(outcomes: Pairs) -> tuple[int, int, int]:
    """Rows, and the discordant ones for either model; ValueError without rows."""
    if outcomes.n == 0:
        raise ValueError("There are no rows here, so there is no gain to put an interval around.")
    return outcomes.n, outcomes.candidate_only, outcomes.baseline_only


def _transform(n: int, cells: dict[int, float], low: int, size: int) -> np.ndarray:
    """E exp(-it (S - low)) for the sum S over n resampled rows, at t = 2 pi k / size, k = 0 ...
    size // 2.

    cells: the share of rows that add 1, -1 and 0. n multiplies every rounding error of a row's
    angle, so angles stay small where it counts: t is measured from pi where that is nearer, and a
    row's contribution from the commonest one.
    """
    common = max(cells, key=cells.get)
    k = np.arange(size // 2 + 1)
    far = 4 * k > size
    t = np.pi * (2 * k - size * far) / size
    sign = np.where(far, -1, 1)  # e^it of the true t is sign e^it of this one
    row = sum(
        share * sign ** (step - common & 1) * np.exp(1j * (step - common) * t)
        for step, share in cells.items()
    )
    start = low - n * common
    # 1 - |row|^2 as a sum without cancellation; the row may be 0, and log(0) = -inf is then the
    # right answer.
    half = np.where(far, np.cos(t / 2), np.sin(t / 2))
    lost = 4 * (cells[0] * (cells[1] + cells[-1]) * half**2 + cells[1] * cells[-1] * np.sin(t) ** 2)
    with np.errstate(divide="ignore"):
        log_size = n / 2 * np.log1p(-np.minimum(lost, 1))
    return sign ** (start & 1) * np.exp(log_size - 1j * (n * np.angle(row) - start * t))
