"""The exact judge of a gain: how likely so favourable a table is, at worst, if the true gain is no
more than some value.

A row of the holdout adds 1, -1 or 0 to the number of rows gained, with probabilities p, q and
1 - p - q that nobody knows. The hypothesis fixes p - q. The churn p + q is a nuisance, so the worst
one is taken, out of a set that holds the true one but for a chance of `GUARD` times the level, and
that chance is added (R. Berger, D. Boos, Journal of the American Statistical Association 89, 1994,
1012-1016). So a wrong promotion is no more likely than the level, for every number of rows, every
churn and every margin, and nothing is approximated without its bound being added.

What counts as at least as favourable does not depend on the gain in question, so the chance rises
with the gain, and the gains at which it exceeds the level are an interval: verdict and interval are
one thing (Buehler's limit; C. Lloyd, P. Kabaila, Australian & New Zealand Journal of Statistics 45
(2003), 125-131).

Tables are as favourable as their limit b - w - z sqrt(b + w + z^2 / 4) is high, for b rows better
and w worse. Where more than `MANY` discordant pairs are expected, as b - w is high. Either way one
row more that is better, or one less that is worse, never makes a table less favourable. That is why
the worst p and q lie on the edge of the hypothesis.
"""

from __future__ import annotations

import math
from fractions import Fraction
from functools import lru_cache

import numpy as np
from scipy import fft, special

GUARD = 1 / 250  # share of the level that the confidence set of the churn may cost
MANY = 20_000  # expected discordant pairs from which on the sum over their number is avoided
_DENSE = 64  # how many times denser than the nodes a polynomial is looked at
_BETA = 1e12  # rows up to which the inverse of the beta function is taken
_HUGE = 1e13  # the variance of the sum from which on the normal limit is nearer than 3e-7
_END = 5e-6  # how precise a limit is, in standard errors
_SLACK = 1e-5  # what windows and interpolation may each add to the chance, a share of the level


@lru_cache(maxsize=16_384)  # simulations come back to the same tables
def chance(n: int, better: float, worse: float, gain: float, level: float) -> float:
    """An upper bound of the probability of a table at least as much in the candidate's favour, over
    all worlds whose true gain is `gain` or less. At most `level`: the true gain is above, and that
    is wrong at most so often.

    Parameters
    ----------
    n, better, worse : rows, and the discordant ones for either model.
    gain : from -1 to 1.
    level : of the one-sided test; which tables count as favourable depends on it, so another level
        gives another bound, as valid.

    Notes
    -----
    The probability is a polynomial in the churn. It is interpolated at Chebyshev's nodes, with the
    bound of the error that holds for any function of its size on an ellipse in the complex plane
    (L. Trefethen, Approximation Theory and Approximation Practice, theorem 8.2), and the largest
    value of the interpolant is bounded by the largest on a dense grid (H. Ehlich, K. Zeller,
    Mathematische Zeitschrift 86 (1964), 41-44).
    """
    guard = GUARD * level
    low, high = _churns(n, better + worse, guard)
    split = MANY / n
    worst = 0.0
    if low < split:
        few = _Few(n, better, worse, level)
        worst = _worst(few, gain, low, min(split, high), level)
    if high >= split:
        many = _Many(n, better - worse, level)
        worst = max(worst, _worst(many, gain, max(low, split), high, level))
    return min(1.0, worst + guard)


@lru_cache(maxsize=1024)
def lower_limit(n: int, better: float, worse: float, level: float) -> float:
    """The largest gain at which the chance is at most `level`, to a hundred-thousandth of a
    standard error: the true gain is below this limit with that probability at most.
    """
    if worse == n:  # no table is less favourable
        return -1.0
    target = float(special.ndtri(level))
    step = math.sqrt(better + worse + target**2 / 4) / n
    below, above = -1.0, 1.0
    tried = min(max((better - worse) / n + (target - 0.05) * step, -1 + step / 9), 1 - step / 9)
    # On the normal scale the chance is nearly a line, one unit for one standard error of gain.
    slope, before = 1 / step, None
    for turn in range(100):
        bound = chance(n, better, worse, tried, level)
        found = float(special.ndtri(max(bound, 1e-300))) - target
        below, above = (tried, above) if found <= 0 else (below, tried)
        if -2 * _END < found <= 0 or above - below < _END * step:
            break
        if before is not None and before[0] != tried:
            secant = (found - before[1]) / (tried - before[0])
            slope = min(max(secant, 0.1 / step), 10 / step)
        before = tried, found
        tried -= (found + _END) / slope
        if not below < tried < above or turn % 6 == 5:
            tried = (below + above) / 2 if below > -1 else max(-1.0, above - 2**turn * step)
    return below


def _churns(n: int, pairs: float, guard: float) -> tuple[float, float]:
    """An interval for the churn that misses the true one with probability guard at most: Clopper
    and Pearson's, or Chernoff's where n is too large for the beta function.
    """
    if n > _BETA:
        lost = math.log(2 / guard)
        high = pairs + lost + math.sqrt(lost * lost + 2 * pairs * lost)
        return max(0.0, pairs - math.sqrt(2 * pairs * lost)) / n, min(1.0, high / n)
    low = special.betaincinv(pairs, n - pairs + 1, guard / 2) if pairs > 0 else 0.0
    high = special.betainccinv(pairs + 1, n - pairs, guard / 2) if pairs < n else 1.0
    return float(low), float(high)


class _Few:
    """Tables in the order of their limits, by summing over the number of discordant pairs."""

    def __init__(self, n: int, better: float, worse: float, level: float) -> None:
        self.n, self.lost = n, math.log(4 / _SLACK / level)
        self.reach = reach = float(-special.ndtri(level))
        self.room = reach * reach / 4
        self.limit = better - worse - reach * math.sqrt(better + worse + self.room)
        # The number of better rows that are favourable without a worse one.
        root = max(0.0, reach * reach + 4 * (self.room + self.limit))
        self.alone = math.ceil(((reach + math.sqrt(root)) / 2) ** 2 - self.room - 1e-9)

    def probability(self, gain: float, churn: np.ndarray) -> np.ndarray:
        """Of a table at least as favourable, for each churn."""
        low, high = self.n * float(churn[0]), self.n * float(churn[-1])
        first = max(0, math.floor(low - _reach(low * (1 - churn[0]), self.lost)))
        last = min(self.n, math.ceil(high + _reach(high * (1 - churn[-1]), self.lost)))
        pairs = np.arange(first, last + 1.0)
        # b - w >= limit + z sqrt(b + w + room): the better ones that so many pairs need at least.
        need = np.ceil((pairs + self.limit + self.reach * np.sqrt(pairs + self.room)) / 2 - 1e-9)
        share = np.clip((1 + gain / churn) / 2, 0, 1)
        sums = _binomial_ratios(self.n, pairs, churn) * _upper_tails(pairs, need, share)
        return sums.sum(axis=1) + 2 * math.exp(-self.lost)


class _Many:
    """Tables in the order of the rows gained, by inverting the characteristic function of their
    sum at the few frequencies at which it is not 0.
    """

    def __init__(self, n: int, rows: float, level: float) -> None:
        self.n, self.rows, self.lost = n, math.ceil(rows), math.log(4 / _SLACK / level)
        self.alone = self.rows

    def probability(self, gain: float, churn: np.ndarray) -> np.ndarray:
        """Of at least so many rows gained, for each churn."""
        variance = self.n * (churn - gain * gain)
        if variance.min() > _HUGE:  # Berry and Esseen: 0.4748 E|x|^3 / sd^3, and a row is |x| <= 2
            beyond = float(self.rows - 1 - Fraction(gain) * int(self.n))
            return special.ndtr(-beyond / np.sqrt(variance)) + 0.95 / np.sqrt(variance)
        n, churn = self.n, churn[:, None]
        better, worse, same = (churn + gain) / 2, (churn - gain) / 2, 1 - churn
        reach = math.ceil(_reach(float(variance.max()), self.lost))
        mean = math.floor(n * gain)
        low, size = mean - reach - 1, 2 * reach + 3  # an odd number of values
        if self.rows <= low:
            return np.ones(len(churn))
        if self.rows >= low + size:
            return np.full(len(churn), 2 * math.exp(-self.lost))
        half = size // 2
        spread = max(1e-9, n * float((churn * same / 2 + 2 * better * worse).min()))
        most = min(half, math.ceil(size / 2 / math.pi * 1.5 * math.sqrt(2 * self.lost / spread)))
        if most < half // 2:  # the ends of the range; the sum is even or odd where all rows differ
            k = np.concatenate([np.arange(1, most + 1), np.arange(half - most, half + 1)])
        else:
            k = np.arange(1, half + 1)
        t = 2 * math.pi / size * k
        lost = 4 * (churn * same * np.sin(t / 2) ** 2 + better * worse * np.sin(t) ** 2)
        with np.errstate(divide="ignore"):
            size_of = np.exp(n / 2 * np.log1p(-np.minimum(lost, 1)))
        angle = np.arctan2(gain * np.sin(t), 1 - 2 * churn * np.sin(t / 2) ** 2)
        turn = n * angle - t * mean
        steps = np.exp(1j * (turn - t * (self.rows - mean))) - np.exp(
            1j * (turn - t * (low - mean))
        )
        terms = (size_of * steps / (1 - np.exp(-1j * t))).real.sum(axis=1)
        rounding = 1e-15 * (1 + n * abs(gain) * 2 * math.pi / size * most)
        found = (low + size - self.rows + 2 * terms) / size
        return found.clip(0, 1) + 4 * math.exp(-self.lost) + rounding


def _worst(order: _Few | _Many, gain: float, low: float, high: float, level: float) -> float:
    """A bound of the largest probability over churns from low to high.

    Worlds with a churn below |gain| have less gain if that is positive: then better rows alone, so
    many as to have it, are more favourable. If it is negative they have more, and are not meant.
    """
    if high <= -gain:
        return float(order.probability(gain, np.array([high]))[0]) if high == -gain > 0 else 0.0
    if high <= gain:
        least, n = order.alone, order.n
        return (
            float(special.betainc(least, n - least + 1, gain))
            if 0 < least <= n
            else float(least <= 0)
        )
    low = max(low, abs(gain))
    nodes, error = _nodes(order.n, gain, low, high, level)
    angles = np.pi * (np.arange(nodes)[::-1] + 0.5) / nodes
    values = order.probability(gain, (low + high) / 2 + (high - low) / 2 * np.cos(angles))
    terms = np.zeros(_DENSE * nodes)
    terms[:nodes] = fft.dct(values[::-1]) / nodes
    return float(fft.dct(terms, type=3).max() / 2 / math.cos(math.pi / 2 / _DENSE) + error)


def _nodes(n: int, gain: float, low: float, high: float, level: float) -> tuple[int, float]:
    """How many nodes the interpolation needs, and the bound of its error."""
    angle = np.exp(1j * np.pi * np.arange(32) / 16) / math.cos(math.pi / 32)  # around the ellipse
    radius = np.array([1.6, 2, 2.4, 2.8, 3.2, 3.6, 4.2, 5, 6, 8])
    point = (radius + 1 / radius)[:, None] / 2 * angle.real + (
        1j * (radius - 1 / radius)[:, None] / 2 * angle.imag
    )
    churn = (low + high) / 2 + (high - low) / 2 * point
    size = n * np.log(np.abs(churn + gain) / 2 + np.abs(churn - gain) / 2 + np.abs(1 - churn))
    top = np.log(4 / (radius - 1)) + size.max(axis=1)
    for nodes in (12, 16, 24, 32, 48, 64, 96):
        error = math.exp(min(0.0, float((top - nodes * np.log(radius)).min())))
        if error < _SLACK * level:
            break
    return nodes, error


def _reach(variance: float, lost: float) -> float:
    """How far a sum of rows stays from its mean on a side, but for a probability of e^-lost, by
    Bernstein's inequality: rows are at most 2 from their mean.
    """
    return 2 * lost / 3 + math.sqrt((2 * lost / 3) ** 2 + 2 * lost * variance)


def _binomial_ratios(n: int, pairs: np.ndarray, churn: np.ndarray) -> np.ndarray:
    """The probability of each number of pairs, from its ratio to the one before: at any n without
    the cancellation of large logarithms. The window holds all of it but e^-27.
    """
    churn = np.clip(churn, 1e-300, 1 - 1e-16)
    ratios = np.log((n - pairs[:-1]) / pairs[1:])
    log = np.concatenate([[0.0], np.cumsum(ratios)]) + np.outer(
        special.logit(churn), pairs - pairs[0]
    )
    weight = np.exp(log - log.max(axis=1, keepdims=True))
    return weight / weight.sum(axis=1, keepdims=True)


def _upper_tails(pairs: np.ndarray, need: np.ndarray, share: np.ndarray) -> np.ndarray:
    """P(at least need[j] of pairs[j] are better) for each share: from one number of pairs to the
    next, where the need stays or grows by one, the tail changes by one term.
    """
    grows = np.diff(need) > 0
    before, least = pairs[:-1], need[:-1]
    last = least - ~grows  # the count whose next row decides
    there = (last >= 0) & (last <= before)
    chosen = np.where(there, last, 0)
    log = (
        special.gammaln(before + 1)
        - special.gammaln(chosen + 1)
        - special.gammaln(before - chosen + 1)
    )
    inner = np.clip(share, 1e-300, 1 - 1e-16)  # where it is 0 or 1, all these terms are 0
    power = np.outer(special.logit(inner), least) + np.outer(np.log1p(-inner), before + 1)
    change = np.exp(power + np.where(there, log, -np.inf)) * np.where(grows, -1, 1)
    if need[0] <= 0:
        start = np.ones(len(share))
    elif need[0] > pairs[0]:
        start = np.zeros(len(share))
    else:
        start = special.betainc(need[0], pairs[0] - need[0] + 1, share)
    return np.cumsum(np.column_stack([start, change]), axis=1)
