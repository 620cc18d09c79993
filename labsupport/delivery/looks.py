"""Looks at a canary that share one alpha: what each may spend, and what it takes in pairs."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import scipy
from scipy import special

from labsupport.delivery.recursion import REACH, crossed, spending_bounds
from labsupport.exact import check_count, check_level

_CLOSEST = 0.999e-6  # the least that a look adds to the one before it, as a share


def nominal_levels(looks: Sequence[int], alpha: float) -> np.ndarray:
    """The two-sided level to test at in each look, so that all looks together raise a false alarm
    with probability alpha: by look n, alpha * (n / last n)^2 of it is spent.

    Parameters
    ----------
    looks : (k,) sample size so far at each look, whole numbers that grow.
    alpha : the chance of a false alarm on either side, over all looks.

    Returns
    -------
    (k,) levels. To act on harm only, test one-sided at half of each: alpha / 2 in all.

    Raises
    ------
    ValueError : looks that are no growing whole numbers or closer than one in a million, or an
        alpha outside (0, 1).

    Source: Lan and DeMets, Discrete sequential boundaries for clinical trials, Biometrika 70
    (1983), 659-663; the power family of Kim and DeMets, Biometrika 74 (1987), 149-154.
    """
    times = _times(looks)
    check_level(alpha, "alpha")
    return 2 * special.ndtr(-spending_bounds(times, alpha))


def pocock(looks: Sequence[int], alpha: float) -> np.ndarray:
    """(k,) bounds for |Z|, the same at every look, that spend alpha in all; looks as in
    nominal_levels.

    Source: Pocock, Group sequential methods in the design and analysis of clinical trials,
    Biometrika 64 (1977), 191-199.
    """
    return _scaled(looks, alpha, np.ones_like)


def obrien_fleming(looks: Sequence[int], alpha: float) -> np.ndarray:
    """(k,) bounds for |Z| that start high and fall with the root of the sample size, and spend
    alpha in all; looks as in nominal_levels.

    Source: O'Brien and Fleming, A multiple testing procedure for clinical trials, Biometrics 35
    (1979), 549-556.
    """
    return _scaled(looks, alpha, lambda times: 1 / np.sqrt(times))


def crossing(
    looks: Sequence[int], bounds: Sequence[float], drift: float = 0.0, one_sided: bool = False
) -> np.ndarray:
    """The probability that |Z| has exceeded its bound by each look.

    Parameters
    ----------
    looks : as in nominal_levels.
    bounds : (k,) for |Z|, 0 or more; infinity where a look cannot stop.
    drift : the mean of Z at the last look; 0 if there is no difference.
    one_sided : only a Z above its bound counts, as where harm stops and a gain does not.

    Returns
    -------
    (k,) cumulative probabilities, right to 1e-10.

    Raises
    ------
    ValueError : looks as in nominal_levels; bounds that are not one number of 0 or more for each
        look; a drift that is not finite.
    """
    times, bounds = _times(looks), np.asarray(bounds, float)
    if bounds.shape != times.shape or not (bounds >= 0).all():
        raise ValueError(
            f"bounds must hold a number of 0 or more for each of the {len(times)} looks; got "
            f"{bounds.tolist()}."
        )
    if not math.isfinite(drift):
        raise ValueError(f"drift must be a finite number; got {drift!r}.")
    return crossed(times, bounds, drift, one_sided)


class Looks(NamedTuple):
    """When to look at a rollout.

    Attributes
    ----------
    pairs : the sample size of the last look.
    sizes : the sample size of each look, the last included.
    levels : the two-sided level of each; harm is tested at half of it.
    """

    pairs: int
    sizes: tuple[int, ...]
    levels: tuple[float, ...]


def looks_needed(
    harm: float,
    discordance: float,
    alpha: float = 0.05,
    power: float = 0.8,
    looks: int | Sequence[float] = 5,
) -> Looks:
    """How many pairs it takes to see a harm with the wanted power when alpha is spent over looks.

    The test is the sign test on discordant pairs, one-sided at half of each nominal level. Normal
    approximation: exact, its power is a little lower where few pairs are discordant.

    The pairs are independent of each other. Where they go wrong by the four, five looks at alpha
    0.05 stop 22% of the harmless versions and not 2.5%; lesson 08 has the run. Count what goes
    together as one pair.

    Parameters
    ----------
    harm : the smallest that matters: the share of requests that only the new version gets wrong,
        less the share that only the old one does.
    discordance : the share of requests that exactly one of the two gets wrong, above harm.
    alpha : two-sided, over all looks; a harmless version is stopped with probability alpha / 2.
    power : the probability of stopping, at some look, a version that does this harm.
    looks : how many of them, equally far apart; or the share of the pairs at each, the last one 1.

    Raises
    ------
    ValueError : shares, levels or looks that are none.
    """
    check_level(alpha, "alpha")
    check_level(power, "power")
    if not 0 < harm < discordance <= 1:
        raise ValueError(
            "harm and discordance are shares of all pairs, with 0 < harm < discordance <= 1; got "
            f"harm {harm!r} and discordance {discordance!r}."
        )
    times = _shares(looks)
    bounds = spending_bounds(times, alpha)
    # Under harm the discordant pairs vary a little less than under no difference.
    spread = math.sqrt(1 - harm**2 / discordance)

    def excess(drift: float) -> float:
        stopped = crossed(times, bounds / spread, drift / spread, one_sided=True)
        return stopped[-1] - power

    if excess(0.0) >= 0:
        raise ValueError(
            f"power must exceed the chance of a false alarm, alpha / 2; got {power!r}."
        )
    drift = scipy.optimize.brentq(excess, 0.0, bounds[-1] + REACH, xtol=1e-10)
    pairs = max(len(times), math.ceil(discordance * (drift / harm) ** 2))
    sizes = _sizes(times, pairs)
    levels = nominal_levels(sizes, alpha)
    return Looks(pairs, tuple(sizes.tolist()), tuple(levels.tolist()))


def _sizes(times: np.ndarray, pairs: int) -> np.ndarray:
    """Whole sample sizes at these shares of the pairs; among few pairs, still one look each."""
    steps = np.arange(len(times))
    sizes = np.ceil(times * pairs - 1e-9).astype(int)
    sizes = np.maximum.accumulate(sizes - steps) + steps
    return np.minimum(sizes, pairs - steps[::-1])


def traffic_share(pairs: int, requests_per_hour: float, hours: float) -> float:
    """The share of traffic the canary has to get to see so many pairs in time.

    Every request of the canary is compared with one of the baseline that is as old, so as large a
    share again is set aside for the baseline, and a canary has half of the traffic at most.

    Raises
    ------
    ValueError : pairs, requests or hours that are none, or too few requests for so many pairs.
    """
    check_count(pairs, "pairs")
    for name, value in (("requests_per_hour", requests_per_hour), ("hours", hours)):
        if not 0 < value < math.inf:
            raise ValueError(f"{name} must be a finite number above 0; got {value!r}.")
    share = pairs / (requests_per_hour * hours)
    if share > 0.5:
        raise ValueError(
            f"{pairs} pairs need {2 * pairs} requests, and {hours!r} hours bring "
            f"{requests_per_hour * hours:.10g}; look for longer, or for a larger harm."
        )
    return share


def _times(looks: Sequence[int]) -> np.ndarray:
    """Sample sizes as shares of the last one."""
    sizes = list(looks) if np.ndim(looks) == 1 else []
    whole = all(isinstance(n, int | np.integer) and not isinstance(n, bool) for n in sizes)
    if not (sizes and whole and sizes[0] > 0 and all(np.diff(np.array(sizes, object)) > 0)):
        raise ValueError(
            "looks must be the sample sizes so far, whole numbers above 0, each larger than the "
            f"one before; got {looks!r}."
        )
    return _apart(np.array([int(n) / int(sizes[-1]) for n in sizes]), looks)


def _shares(looks: int | Sequence[float]) -> np.ndarray:
    if np.ndim(looks) == 0:
        check_count(looks, "looks")
        return np.arange(1, looks + 1) / looks
    times = np.asarray(looks, float)
    if times.ndim != 1 or not (times.size and times[0] > 0 and times[-1] == 1):
        raise ValueError(f"looks must be growing shares of which the last is 1; got {looks!r}.")
    return _apart(times, looks)


def _apart(times: np.ndarray, looks) -> np.ndarray:
    if not (np.diff(times) >= _CLOSEST * times[:-1]).all():
        raise ValueError(
            "Each look must add at least one in a million to what the one before it saw; got "
            f"{looks!r}."
        )
    return times


def _scaled(looks: Sequence[int], alpha: float, shape_of: Callable) -> np.ndarray:
    times = _times(looks)
    check_level(alpha, "alpha")
    shape = shape_of(times)

    def excess(scale: float) -> float:
        return crossed(times, scale * shape, 0.0, False)[-1] - alpha

    # Between one look's bound and the one that Bonferroni's inequality allows.
    low, high = (-special.ndtri(level / 2) for level in (alpha, alpha / len(times)))
    return shape * (
        low if low == high else scipy.optimize.brentq(excess, low - 1e-9, high, xtol=1e-12)
    )
