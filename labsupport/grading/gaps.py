"""Where the average of simulated gaps and the share of large ones must lie, if no group is special.

The exact distribution of the largest gap says how far a right answer can be off: the mean by SIGMAS
of its standard errors, the share by what a binomial leaves out with probability MISS.
"""

from __future__ import annotations

import numpy as np
from scipy import stats

SIGMAS, MISS = 6.5, 1e-10


def gap_distribution(n_groups: int, rows: int, accuracy: float) -> np.ndarray:
    """(rows + 1,) probabilities that the best group has 0, 1, 2 ... right rows more than the worst
    one."""
    below = np.concatenate([[0.0], stats.binom.cdf(np.arange(rows + 1), rows, accuracy)])
    within = (below - below[:, None]).clip(0) ** n_groups  # [i, j]: all groups from i to j - 1
    inner = np.where(np.tri(rows + 1).T, within[1:, :-1], 0)
    exactly = within[:-1, 1:] - within[1:, 1:] - within[:-1, :-1] + inner
    return np.array([np.trace(exactly, offset=gap) for gap in range(rows + 1)])


def expected(n_groups, rows, accuracy, measured, n_worlds, rng) -> tuple[np.ndarray, np.ndarray]:
    """The ranges, from and to, of a right average and of a right share."""
    mass, gaps = gap_distribution(n_groups, rows, accuracy), np.arange(rows + 1) / rows
    mean = mass @ gaps
    deviation = np.sqrt(mass @ (gaps - mean) ** 2)
    return ranges(mean, deviation, mass[gaps >= measured].sum(), n_worlds)


def ranges(mean, deviation, share, n_worlds, unsure=0.0) -> tuple[np.ndarray, np.ndarray]:
    """The ranges for gaps of this kind; `unsure` is by how much the share itself may be off."""
    reach = SIGMAS * deviation / np.sqrt(n_worlds)
    fewest, most = np.clip([share - unsure, share + unsure], 0, 1)
    few, many = stats.binom.ppf(MISS, n_worlds, fewest), stats.binom.isf(MISS, n_worlds, most)
    return np.array([mean - reach, mean + reach]), np.array([few, many]) / n_worlds


def inside(said, ends) -> bool:
    """Whether average and share lie in their ranges, whichever end of a range comes first."""
    pairs = zip(said, ends, strict=True)
    return all(min(end) - 1e-9 <= value <= max(end) + 1e-9 for value, end in pairs)
