"""How often each interval for a rate holds the true one, and how wide it is: many worlds drawn, all
methods asked about the same ones.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import special

from labsupport.evals.judges.corrected import check_informative, lang_reiczigel
from labsupport.evals.judges.powered import normal_human, normal_plus, normal_ppi, widened_ends
from labsupport.exact import check_count, check_level

_RESAMPLES = 200  # of each world's labels, for the interval that resamples them
_AT_ONCE = 500  # worlds whose resamples are held at a time


@dataclass(frozen=True)
class Coverage:
    """How one method did.

    Attributes
    ----------
    method : its name.
    covered : share of worlds whose true rate lay in the interval.
    width : mean width of the interval.
    """

    method: str
    covered: float
    width: float

    def __str__(self) -> str:
        return f"{self.method:<24} covers {self.covered:.3f}   width {self.width:.3f}"


def coverages(
    rate: float = 0.8,
    sensitivity: float = 0.9,
    specificity: float = 0.8,
    labels: int = 100,
    items: int = 300,
    confidence: float = 0.95,
    runs: int = 2000,
    seed: int = 0,
) -> tuple[Coverage, ...]:
    """Draw worlds and ask every method.

    In each world people label some items, the judge labels these and others of the same kind.

    Parameters
    ----------
    rate : the true share of passes.
    sensitivity, specificity : the judge's true ones.
    labels, items : number of items with both labels, and of those that only the judge has labelled.
    runs : worlds; a covered share is out by about 0.5 / sqrt(runs) at most.

    Returns
    -------
    One Coverage each of "human only", "corrected" (Lang and Reiczigel), "PPI", "PPI++", "PPI++,
    widened", and "labels resampled": the correction's bootstrap over the labelled items alone, as
    if the judge's rate had been measured without error. It promises too much. Where the labels do
    not allow a correction (all of one kind, or a judge no better than a coin), the interval is all
    of 0 to 1.

    Raises
    ------
    ValueError : a rate outside 0 to 1, a judge no better than a coin, numbers below 1.
    """
    for name, share in (("rate", rate), ("sensitivity", sensitivity), ("specificity", specificity)):
        if not 0 <= share <= 1:
            raise ValueError(f"{name} is a share, from 0 to 1; got {share!r}.")
    for name, count in (("labels", labels), ("items", items), ("runs", runs)):
        check_count(count, name)
    check_level(confidence, "confidence")
    check_informative(sensitivity, specificity)
    random = np.random.default_rng(seed)
    cells = [
        rate * sensitivity,
        rate * (1 - sensitivity),
        (1 - rate) * specificity,
        (1 - rate) * (1 - specificity),
    ]
    table = random.multinomial(labels, cells, runs).T.astype(float)
    passed = random.binomial(items, cells[0] + cells[3], runs).astype(float)
    found = []
    for name, method in METHODS.items():
        low, high = method(table, passed, items, confidence, random)
        inside = (low <= rate) & (rate <= high)
        found.append(Coverage(name, float(inside.mean()), float((high - low).mean())))
    return tuple(found)


def _normal(method: Callable) -> Callable:
    def ends(table, passed, items, confidence, random) -> tuple[np.ndarray, np.ndarray]:
        value, error = method(*table, passed, items)
        reach = special.ndtri((1 + confidence) / 2) * error
        return np.clip(value - reach, 0, 1), np.clip(value + reach, 0, 1)

    return ends


def _widened(table, passed, items, confidence, random) -> tuple[np.ndarray, np.ndarray]:
    return widened_ends(*table, passed, items, (1 - confidence) / 2)[1:]


def _corrected(table, passed, items, confidence, random) -> tuple[np.ndarray, np.ndarray]:
    tp, fn, tn, fp = table
    allowed = _allows(table)
    m1, m0 = np.maximum(tp + fn, 1), np.maximum(tn + fp, 1)
    z = float(special.ndtri((1 + confidence) / 2))
    with np.errstate(divide="ignore", invalid="ignore"):
        low, high = lang_reiczigel(passed / items, items, tn / m0, m0, tp / m1, m1, z)
    return np.where(allowed, low, 0.0), np.where(allowed, high, 1.0)


def _labels_resampled(table, passed, items, confidence, random) -> tuple[np.ndarray, np.ndarray]:
    """Percentiles of the corrected rate over resamples of the labelled items only."""
    ends = np.tile([[0.0], [1.0]], len(passed))
    shares = (table / table.sum(axis=0)).T
    labels = int(table[:, 0].sum())
    tail = (1 - confidence) / 2
    for start in range(0, len(passed), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        drawn = random.multinomial(labels, shares[part, None], (len(shares[part]), _RESAMPLES))
        drawn = np.moveaxis(drawn, -1, 0).astype(float)
        tp, fn, tn, fp = drawn
        allowed = _allows(drawn)
        sensitivity, specificity = tp / np.maximum(tp + fn, 1), tn / np.maximum(tn + fp, 1)
        informative = np.where(allowed, sensitivity + specificity - 1, 1.0)
        rate = np.clip(((passed[part] / items)[:, None] + specificity - 1) / informative, 0, 1)
        whole = allowed.all(axis=1)
        ends[:, part][:, whole] = np.quantile(rate[whole], (tail, 1 - tail), axis=1)
        for row in np.flatnonzero(~whole & allowed.any(axis=1)):  # the others are left out
            ends[:, start + row] = np.quantile(rate[row, allowed[row]], (tail, 1 - tail))
    return ends[0], ends[1]


def _allows(table: np.ndarray) -> np.ndarray:
    """Where labels of both kinds show a judge that is better than a coin."""
    tp, fn, tn, fp = table
    return tp * tn > fn * fp


METHODS: dict[str, Callable] = {
    "human only": _normal(normal_human),
    "corrected": _corrected,
    "PPI": _normal(normal_ppi),
    "PPI++": _normal(normal_plus),
    "PPI++, widened": _widened,
    "labels resampled": _labels_resampled,
}
