"""A small network whose training lets one source of noise in at a time, and nothing else.

Every number in it is float32 and comes out of + - * / in an order that is written down here: no
matrix product, no exp, no library sum. IEEE 754 rounds those four the same way everywhere, so a run
has the same bits on every machine, and a run that differs from another differs because it was told
to.

The network: 6 features, 16 softsign units h / (1 + |h|), one output z, squashed to (1 + z / (1 +
|z|)) / 2. It learns with squared error, batches of 50 and, unless told otherwise, a learning rate
of 4: high enough that small differences grow.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

import numpy as np

from labsupport.reductions import check_reduction, fold, reduce_rows
from labsupport.world import Examples

STEPS, BATCH, RATE = 3000, 50, 4.0
EVERY = 100  # steps between two checkpoints
_FEATURES, _UNITS = 6, 16
_HIDDEN = _FEATURES * _UNITS
N_WEIGHTS = _HIDDEN + _UNITS + _UNITS + 1  # input weights, unit biases, output weights, output bias
# Runs trained at once: enough to share numpy's call overhead, few enough to stay in cache.
_SIDE_BY_SIDE = 16
_HALF, _ONE = np.float32(0.5), np.float32(1)
_KEPT: dict[tuple[Run, int], Training] = {}


@dataclass(frozen=True)
class Run:
    """What one training run was told, and all that may differ between two runs.

    Attributes
    ----------
    seed : of the initial weights.
    order : seed of the order in which batches are drawn.
    ulps : how many units in the last place the initial weight number `weight` is moved away from
        zero.
    weight : which of the weights that is.
    workers : how many workers share the rows of a batch, 1 to 50.
    arrival : seed of the order in which the workers' sums arrive, a new one each step; None: always
        by worker number.
    reduction : how the gradient is summed, see sharded_sum.
    rate : learning rate, above 0. A high one makes small differences grow.

    Raises
    ------
    ValueError : a value out of range.
    """

    seed: int = 0
    order: int = 0
    ulps: int = 0
    weight: int = 0
    workers: int = 1
    arrival: int | None = None
    reduction: str = "arrival"
    rate: float = RATE

    def __post_init__(self) -> None:
        for name, low, high in (
            ("ulps", 0, 1 << 22),
            ("weight", 0, N_WEIGHTS - 1),
            ("workers", 1, BATCH),
        ):
            if not low <= getattr(self, name) <= high:
                raise ValueError(
                    f"{name} is a whole number from {low} to {high}; got {getattr(self, name)!r}."
                )
        check_reduction(self.reduction)
        if not 0 < self.rate < np.inf:
            raise ValueError(f"rate must be a number above 0; got {self.rate!r}.")


@dataclass(frozen=True)
class Training:
    """What a run left behind.

    Attributes
    ----------
    run : what it was told.
    losses : (steps,) float64 array, the mean squared error of each batch before its step.
    checkpoints : (1 + steps // 100, 129) float32 array, the weights at the start and after every
        100 steps.
    """

    run: Run
    losses: np.ndarray
    checkpoints: np.ndarray

    @property
    def weights(self) -> np.ndarray:
        """(129,) float32 array, the weights at the end."""
        return self.checkpoints[-1]

    def same_bits(self, other: Training) -> bool:
        """Whether two runs ended in the very same weights, bit for bit."""
        return self.weights.tobytes() == other.weights.tobytes()

    def predict(self, X: np.ndarray, step: int | None = None) -> np.ndarray:
        """(n,) int array of 0 and 1 for (n, 6) features, by the weights at the end or at a
        checkpoint.
        """
        weights = self.weights if step is None else self.checkpoints[step // EVERY]
        return (_forward(weights[None], np.asarray(X, np.float32)[:, None])[2][:, 0] > 0).astype(
            np.int64
        )


@cache
def network_task() -> tuple[Examples, Examples]:
    """The 1,000 rows that the network learns from, and its frozen holdout of 4,000.

    Both are drawn by network_rows.
    """
    return network_rows(seed=1, n=1000), network_rows(seed=2, n=4000)


def network_rows(seed: int, n: int) -> Examples:
    """Draw n rows of the world that the network lives in.

    Six features from -2 to 2 in steps of 1/128, and a label that depends on products of them: no
    straight line separates the classes. 10% of the labels are turned around. Drawn and computed
    with whole numbers.
    """
    rng = np.random.default_rng(seed)
    a, b, c, d, e, f = whole = rng.integers(-256, 257, size=(6, n))
    label = 10 * (a * b + c * d) + 640 * e - 2 * a * f > 0
    turned = rng.integers(0, 10, size=n) == 0
    X, y = (whole.T / 128), (label ^ turned).astype(np.int64)
    for array in (X, y):
        array.flags.writeable = False
    return Examples(X, y)


def train_networks(
    runs: Iterable[Run], steps: int = STEPS, keep: bool = False
) -> tuple[Training, ...]:
    """Train one network per run. Runs advance side by side, which shares the cost of calls and
    changes no bit.

    Parameters
    ----------
    runs : what each is told.
    steps : gradient steps, a multiple of 100.
    keep : remember what was trained, and train nothing that is remembered. Two equal runs are then
        one training, so it proves nothing about repetition.

    Raises
    ------
    ValueError : steps is not a multiple of 100, or below 100.
    """
    if steps < EVERY or steps % EVERY:
        raise ValueError(f"steps must be a multiple of {EVERY}, at least {EVERY}; got {steps!r}.")
    runs = list(runs)
    if keep:
        new = [run for run in dict.fromkeys(runs) if (run, steps) not in _KEPT]
        for run, training in zip(new, train_networks(new, steps), strict=True):
            training.losses.flags.writeable = training.checkpoints.flags.writeable = False
            _KEPT[run, steps] = training
        return tuple(_KEPT[run, steps] for run in runs)
    # Equal sums side by side.
    fast = sorted(range(len(runs)), key=lambda i: (runs[i].reduction, runs[i].workers))
    done: dict[int, Training] = {}
    for start in range(0, len(runs), _SIDE_BY_SIDE):
        chosen = fast[start : start + _SIDE_BY_SIDE]
        done |= dict(zip(chosen, _train([runs[i] for i in chosen], steps), strict=True))
    return tuple(done[i] for i in range(len(runs)))


def _train(runs: list[Run], steps: int) -> list[Training]:
    train, _ = network_task()
    X, y = train.X.astype(np.float32), train.y.astype(np.float32)
    weights = np.stack([_initial(run) for run in runs])
    batches = np.stack([_batches(run.order, steps) for run in runs], axis=2)
    step_size = np.array([[run.rate / BATCH] for run in runs], np.float32)
    alike: dict[tuple[str, int], list[int]] = {}
    for i, run in enumerate(runs):
        alike.setdefault((run.reduction, run.workers), []).append(i)
    arrivals = [
        np.stack([_arrivals(runs[i], steps) for i in group], axis=2) for group in alike.values()
    ]
    rows = np.empty((BATCH, *weights.shape), np.float32)  # written anew in every step
    checkpoints = np.empty((1 + steps // EVERY, *weights.shape), np.float32)
    losses = np.empty((steps, len(runs)))
    checkpoints[0] = weights
    for step in range(steps):
        batch = batches[step]
        error = _gradient_rows(weights, X[batch], y[batch], rows)
        for ((reduction, _), group), arrival in zip(alike.items(), arrivals, strict=True):
            mine = rows if len(group) == len(runs) else rows[:, group]
            weights[group] -= step_size[group] * reduce_rows(mine, arrival[step], reduction)
        losses[step] = fold((error * error).astype(float)) / BATCH
        if (step + 1) % EVERY == 0:
            checkpoints[(step + 1) // EVERY] = weights
    return [Training(run, losses[:, i], checkpoints[:, i]) for i, run in enumerate(runs)]


def _forward(weights: np.ndarray, X: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Hidden sums (n, k, 16), hidden values (n, k, 16) and outputs z (n, k) of k networks for X (n,
    k or 1, 6).
    """
    hidden = np.repeat(weights[None, :, _HIDDEN : _HIDDEN + _UNITS], len(X), axis=0)
    for j in range(_FEATURES):
        hidden += X[:, :, j, None] * weights[:, _UNITS * j : _UNITS * (j + 1)]
    value = hidden / (_ONE + np.abs(hidden))
    z = fold(np.moveaxis(value * weights[:, _HIDDEN + _UNITS : -1], 2, 0))
    return hidden, value, z + weights[:, -1]


def _gradient_rows(
    weights: np.ndarray, X: np.ndarray, y: np.ndarray, rows: np.ndarray
) -> np.ndarray:
    """Write every row's gradient into rows (50, k, 129); return the errors (50, k)."""
    hidden, value, z = _forward(weights, X)
    size = _ONE + np.abs(z)
    error = (_ONE + z / size) * _HALF - y
    slope = error / (size * size)  # of error**2 by z: the 2 and the squash's 1/2 cancel
    rows[:, :, -1] = slope
    np.multiply(slope[:, :, None], value, out=rows[:, :, _HIDDEN + _UNITS : -1])
    size = _ONE + np.abs(hidden)
    slope = slope[:, :, None] * weights[:, _HIDDEN + _UNITS : -1] / (size * size)
    rows[:, :, _HIDDEN : _HIDDEN + _UNITS] = slope
    into = rows[:, :, :_HIDDEN].reshape(*z.shape, _FEATURES, _UNITS)  # a view
    np.multiply(X[:, :, :, None], slope[:, :, None], out=into)
    return error


def _initial(run: Run) -> np.ndarray:
    drawn = np.random.default_rng(run.seed).integers(-(2**23), 2**23, size=N_WEIGHTS)
    weights = (drawn / 2**23).astype(np.float32)
    weights[_HIDDEN + _UNITS :] *= _HALF
    # The next float is the next whole number.
    weights[run.weight : run.weight + 1].view(np.int32)[:] += run.ulps
    return weights


def _batches(seed: int, steps: int) -> np.ndarray:
    rng, n = np.random.default_rng(seed), len(network_task()[0])
    epochs = [rng.permutation(n).reshape(-1, BATCH) for _ in range(-(-steps * BATCH // n))]
    return np.concatenate(epochs)[:steps]


def _arrivals(run: Run, steps: int) -> np.ndarray:
    numbers = np.tile(np.arange(run.workers), (steps, 1))
    if run.arrival is None:
        return numbers
    return np.random.default_rng(run.arrival).permuted(numbers, axis=1)
