"""How looks at growing data add up: the recursion of Armitage, McPherson and Rowe.

Z at look k is the standardised difference over all n_k pairs seen so far, so the looks are
correlated, corr(Z_j, Z_k) = sqrt(n_j / n_k), and their false alarms do not simply add up. Adding
them exactly takes one integral a look: Repeated significance tests on accumulating data, JRSS A 132
(1969), 235-244; here by Gauss and Legendre's rule on panels in place of Simpson's (Jennison and
Turnbull, Group sequential methods, 2000, chapter 19).

Times are sample sizes as shares of the last one: (k,) growing, the last one 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import scipy
from scipy import special

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(16)
REACH = 14.0  # standard deviations beyond which nothing is left to integrate: 10^-44
_BAND = 9.0  # standard deviations of a step beyond which it does not carry: 10^-19
_HIGHEST = 36.0  # a bound that Z exceeds with probability 10^-283


def crossed(times: np.ndarray, bounds, drift: float, one_sided: bool) -> np.ndarray:
    """(k,) the probability that |Z|, or Z, has exceeded its bound by each time; see
    looks.crossing.
    """
    steps = _recursion(times, lambda k, step: bounds[k], drift, one_sided)
    return np.cumsum([step.beyond(bound, one_sided) for step, bound in steps])


def spending_bounds(times: np.ndarray, alpha: float) -> np.ndarray:
    """(k,) bounds for |Z| that spend alpha * t^2 by each time t."""
    spent = alpha * np.diff(times**2, prepend=0.0)

    def bound_of(k: int, step: _Step) -> float:
        if k == 0:
            return float(-special.ndtri(spent[0] / 2))
        # On the scale of logarithms, where a spent 1e-20 is as easy as 0.05.
        target = math.log(spent[k])

        def excess(bound: float) -> float:
            return math.log(max(step.beyond(bound, False), 1e-300)) - target

        return scipy.optimize.brentq(excess, 0.0, _HIGHEST, xtol=1e-13)

    return np.array([bound for _, bound in _recursion(times, bound_of, 0.0, False)])


class _Step(NamedTuple):
    """From one look to the next, for those whom no look has stopped: S = Z * sqrt(time) moves by a
    normal step.
    """

    root: float  # of the time at the look to come
    spread: float  # of the step
    at: np.ndarray  # (m,) where S may be, with the step's mean added
    mass: np.ndarray  # (m,) how much of the probability is there

    def beyond(self, bound: float, one_sided: bool) -> float:
        """The probability of the next Z exceeding its bound."""
        limit = bound * self.root
        out = special.ndtr((self.at - limit) / self.spread)
        if not one_sided:
            out = out + special.ndtr((-limit - self.at) / self.spread)
        return float(self.mass @ out)


def _recursion(
    times: np.ndarray, bound_of: Callable[[int, _Step], float], drift: float, one_sided: bool
) -> Iterator[tuple[_Step, float]]:
    """Yield (step, bound) look by look; bound_of(k, step) may depend on what came before."""
    at, mass = np.zeros(1), np.ones(1)
    gaps = np.diff(times, prepend=0.0)
    for k, (time, gap) in enumerate(zip(times, gaps, strict=True)):
        step = _Step(math.sqrt(time), math.sqrt(gap), at + drift * gap, mass)
        bound = bound_of(k, step)
        yield step, bound
        if k + 1 < len(times):
            mean, reach = drift * time, REACH * step.root
            high = min(bound * step.root, mean + reach)
            low = max(-math.inf if one_sided else -bound * step.root, mean - reach)
            # A panel of two standard deviations of the narrower step: 16 nodes are right to 1e-13.
            panel = 2 * min(step.spread, math.sqrt(gaps[k + 1]))
            at, mass = _carried(step, low, max(low, high), panel)


def _carried(step: _Step, low: float, high: float, panel: float) -> tuple[np.ndarray, np.ndarray]:
    """Nodes from low to high, and the probability of being there after the step."""
    panels = max(1, math.ceil((high - low) / panel))
    half = (high - low) / panels / 2
    centres = low + half * (2 * np.arange(panels) + 1)
    nodes = centres[:, None] + half * _NODES  # (panels, 16)
    # Only what is within reach of a panel matters to it: a window of the sorted sources.
    reach = _BAND * step.spread + half
    first = np.searchsorted(step.at, centres - reach)
    width = int((np.searchsorted(step.at, centres + reach) - first).max())
    first = np.minimum(first, len(step.at) - width)
    near = first[:, None] + np.arange(width)  # (panels, width)
    apart = (nodes[:, :, None] - step.at[near][:, None, :]) / step.spread
    density = np.einsum("pnw,pw->pn", np.exp(-(apart**2) / 2), step.mass[near])
    density *= half * _WEIGHTS / (step.spread * math.sqrt(2 * math.pi))
    return nodes.ravel(), density.ravel()
