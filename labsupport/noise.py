"""What rerunning proves: how far two runs of one recipe lie apart, and what a gate has to ask for
on top of that.

The noise floor is the spread of a metric over retrainings in which nothing was changed on purpose.
A margin belongs above it, for every slice as well.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import scipy

from labsupport.exact import as_array, as_masks, as_numbers, as_written, check_level
from labsupport.network import Training, network_task
from labsupport.world import Examples


@dataclass(frozen=True)
class Spread:
    """How runs differ from a reference run.

    Attributes
    ----------
    runs, same_bits : how many runs there are, and how many ended in the reference's weights, bit
        for bit.
    churn : smallest and largest share of holdout rows that a run predicts otherwise than the
        reference.
    accuracy : lowest and highest accuracy, the reference included.
    slices : {name: lowest and highest accuracy on the slice, the reference included}.
    """

    runs: int
    same_bits: int
    churn: tuple[float, float]
    accuracy: tuple[float, float]
    slices: Mapping[str, tuple[float, float]]


def spread(
    reference: Training, others: Sequence[Training], slices: Mapping[str, np.ndarray] | None = None
) -> Spread:
    """Compare runs of the network with a reference run, on the network's frozen holdout.

    Parameters
    ----------
    slices : {name: (4000,) boolean mask}.

    Raises
    ------
    ValueError : there is no run to compare.
    """
    if not others:
        raise ValueError("There is no run to compare with the reference; give at least one.")
    _, holdout = network_task()
    predicted = np.array([run.predict(holdout.X) for run in (reference, *others)])
    right = predicted == holdout.y
    masks = {} if slices is None else as_masks(slices, len(holdout))
    return Spread(
        len(others),
        sum(run.same_bits(reference) for run in others),
        _ends((predicted[1:] != predicted[0]).mean(axis=1)),
        _ends(right.mean(axis=1)),
        {name: _ends(right[:, mask].mean(axis=1)) for name, mask in masks.items()},
    )


def random_slice_range(right: np.ndarray, n_rows: int, draws: int = 200) -> float:
    """How far accuracy ranges from run to run on a slice that is drawn by lot: what a slice of that
    size shows for its size alone.

    Parameters
    ----------
    right : (runs, rows) bool, which rows each run has right.
    n_rows : rows of a slice, drawn without replacement.
    draws : how many slices are drawn, always the same ones.

    Returns
    -------
    float, a share: highest less lowest accuracy, averaged over the slices.

    Raises
    ------
    ValueError : fewer than two runs, or a slice of no rows or more than there are.
    """
    right = np.asarray(right)
    if right.ndim != 2 or len(right) < 2 or not 1 <= n_rows <= right.shape[1]:
        raise ValueError(
            "Random slices need two runs or more, and one row to all of them; got an array of "
            f"shape {right.shape} and {n_rows!r} rows."
        )
    rng = np.random.default_rng(0)
    slices = (rng.choice(right.shape[1], n_rows, replace=False) for _ in range(draws))
    return float(np.mean([np.ptp(right[:, rows].mean(axis=1)) for rows in slices]))


def tail_ranges(
    runs: Sequence[Training], rows: Examples, beyond: float
) -> tuple[np.ndarray, float]:
    """How far accuracy ranges from run to run on the tails of each feature, above `beyond` and
    below minus that, and on slices drawn by lot, as large as the first tail.

    Returns
    -------
    (2 * features,) ranges, the upper tail of each feature first; and the average by lot. Shares.
    """
    right = np.array([run.predict(rows.X) == rows.y for run in runs])
    tails = [side * column > beyond for column in rows.X.T for side in (1, -1)]
    ranges = np.array([np.ptp(right[:, tail].mean(axis=1)) for tail in tails])
    return ranges, random_slice_range(right, int(tails[0].sum()))


@dataclass(frozen=True)
class NoiseFloor:
    """The spread of a metric over retrainings that should all be equal.

    Attributes
    ----------
    runs : number of retrainings.
    mean, sd : of the metric; sd with runs - 1 below the fraction line.
    low, high : an interval for the true standard deviation.
    confidence : of that interval.
    """

    runs: int
    mean: float
    sd: float
    low: float
    high: float
    confidence: float


def noise_floor(values: Sequence[float], confidence: float = 0.95) -> NoiseFloor:
    """Measure a noise floor, with the chi-square interval for a standard deviation.

    (runs - 1) sd^2 / sigma^2 follows a chi-square distribution with runs - 1 degrees of freedom if
    the metric is normal from run to run. With 5 runs the upper end is 2.9 times the estimate, with
    200 runs it is 1.1 times. Runs that all came out equal have a floor of 0: a measurement, and no
    margin can be made from it (see margin_above).

    Parameters
    ----------
    values : the metric of each retraining, on one frozen holdout.

    Raises
    ------
    ValueError : fewer than two values, or one that is NaN or infinite.
    """
    check_level(confidence, "confidence")
    metric = as_numbers(values, "The metric of the retrainings")
    if metric.ndim != 1 or len(metric) < 2:
        raise ValueError(
            f"A noise floor needs the metric of at least two retrainings; got shape {metric.shape}."
        )
    if not np.isfinite(metric).all():
        raise ValueError(
            "The metric of a retraining is NaN or infinite; a run that failed belongs to no "
            "noise floor."
        )
    df = len(metric) - 1
    sd = float(metric.std(ddof=1))
    above, below = scipy.stats.chi2.isf([(1 - confidence) / 2, (1 + confidence) / 2], df)
    ends = (sd * math.sqrt(df / quantile) for quantile in (above, below))
    return NoiseFloor(len(metric), float(metric.mean()), sd, *ends, confidence)


def margin_above(
    floor: NoiseFloor, rate: float, k_candidate: int = 1, k_baseline: int = 1
) -> float:
    """The margin that a null candidate reaches with probability `rate`, if the metric is normal
    from run to run.

    A null candidate is the baseline's own recipe, trained again. Its gain is a difference of two
    means of runs, so its standard deviation is the floor's times sqrt(1 / k_candidate + 1 /
    k_baseline); the t distribution pays for having measured the floor on so many runs only.

    Parameters
    ----------
    floor : of single runs.
    rate : the false-promotion rate that is accepted, for example 1 / 50.
    k_candidate, k_baseline : over how many retrainings each side's metric is averaged.

    Raises
    ------
    ValueError : a rate outside (0, 1), no retraining on a side, or a floor of 0. Equal runs show
        that nothing varied in them, a fixed seed for example, and not that nothing ever will.
    """
    check_level(rate, "rate")
    if floor.sd == 0:
        raise ValueError(
            "The noise floor is 0, and a margin made from it would be 0: these runs were all "
            "equal; vary the seed from run to run, or take smallest_margin."
        )
    for k, name in ((k_candidate, "k_candidate"), (k_baseline, "k_baseline")):
        if k < 1:
            raise ValueError(f"{name} counts retrainings, at least 1; got {k!r}.")
    return (
        float(scipy.stats.t.isf(rate, floor.runs - 1))
        * floor.sd
        * math.sqrt(1 / k_candidate + 1 / k_baseline)
    )


def false_promotion_rate(right: Sequence[int], margin: float, n: int) -> Fraction:
    """How often a gate with this margin promotes a null candidate: the share of ordered pairs of
    retrainings, on counts.

    Each retraining is once the candidate and once the baseline of each other one.

    Parameters
    ----------
    right : for each retraining, the holdout rows on which it is right.
    margin : the gain that the gate asks for, a share of rows.
    n : rows of the holdout.

    Raises
    ------
    ValueError : fewer than two retrainings, or a count that is not a whole number from 0 to n.
    """
    gains = null_gains(right, n)
    asked = math.ceil(
        as_written(margin, "margin") * n
    )  # gain >= margin and gain a whole number of rows
    return Fraction(int((gains >= asked).sum()), len(gains))


def smallest_margin(right: Sequence[int], rate: float | Fraction, n: int) -> Fraction:
    """The smallest margin, a whole number of rows over n, that at most a share `rate` of null
    candidates reaches.

    The same pairs as in false_promotion_rate; no distribution is assumed. May exceed what any pair
    reached by one row.

    Raises
    ------
    ValueError : a rate that is below 0 or not below 1, or what false_promotion_rate refuses.
    """
    allowed = as_written(rate, "rate")
    if not 0 <= allowed < 1:
        raise ValueError(f"rate is a share of null candidates, from 0 to below 1; got {rate!r}.")
    gains = np.sort(null_gains(right, n))[::-1]
    kept_out = gains[math.floor(allowed * len(gains))]  # the largest gain that must not pass
    return Fraction(int(kept_out) + 1, n)


def null_gains(right: Sequence[int], n: int) -> np.ndarray:
    """The gains, in rows, of all null candidates: every retraining against every other one.

    Parameters
    ----------
    right : for each of k retrainings, the holdout rows on which it is right.
    n : rows of the holdout.

    Returns
    -------
    (k (k - 1),) int array.

    Raises
    ------
    ValueError : fewer than two retrainings, or a count that is not a whole number from 0 to n.
    """
    counts = as_array(right, "right")
    if (
        counts.ndim != 1
        or len(counts) < 2
        or counts.dtype.kind not in "iu"
        or counts.min() < 0
        or counts.max() > n
    ):
        raise ValueError(
            "right holds for each of at least two retrainings a whole number of rows from 0 "
            f"to {n}."
        )
    counts = counts.astype(np.int64)
    return (counts[:, None] - counts)[~np.eye(len(counts), dtype=bool)]


def _ends(values: np.ndarray) -> tuple[float, float]:
    return float(values.min()), float(values.max())
