"""Lesson 04's panel: let one source of noise in, and watch two runs part."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from matplotlib.axes import Axes

from labsupport.network import EVERY, RATE, STEPS, Run, Training, network_task, train_networks
from labsupport.show.controls import Choice, Panel, Slider, Switch
from labsupport.show.draw import APART, BAD, DASHED, INK, MAIN, count, percent, words_in
from labsupport.show.pictures import LabFigure, Picture

ULPS = (0, 1, 16, 256, 65_536)
WORKERS = (2, 4, 8)
OTHERS = (1, 2, 3)
_RATE = Slider("rate", "learning rate", "", 1.0, 4.0, 0.5)
RATES = _RATE.values
WEIGHT, SEED, ORDER, COUNT, ARRIVAL = (
    "one weight",
    "initial seed",
    "data order",
    "number of workers",
    "order of arrival",
)
SOURCES = (WEIGHT, SEED, ORDER, COUNT, ARRIVAL)
_SMOOTH = 10  # steps whose losses are averaged into one point of a curve


@dataclass(frozen=True)
class NoiseView:
    """Two runs that differ in one setting, after some steps.

    Attributes
    ----------
    what : the setting, in words.
    rate : the learning rate of both runs.
    steps : how far the runs have come.
    same_bits : whether their weights are equal, bit for bit.
    churn : (1 + steps // 100,) float array, the share of the 4,000 holdout rows that they predict
        differently, over time.
    accuracy : of the reference and of the other run.
    losses : (2, steps) float array, mean squared error per batch.
    parted : the first step whose batch losses differ at all, and by more than 0.001; None: never.
    sentence : the same in words.
    """

    what: str
    rate: float
    steps: int
    same_bits: bool
    churn: np.ndarray
    accuracy: tuple[float, float]
    losses: np.ndarray
    parted: tuple[int | None, int | None]
    sentence: str

    def __str__(self) -> str:
        return self.sentence

    def picture(self) -> Picture:
        """The two loss curves and their difference, and below them the churn."""
        churn = percent(self.churn[-1], 1)
        when = f"after {self.steps:,} steps at a learning rate of {self.rate:g}"
        return PANEL.picture(self, f"{self.what}: churn {churn} {when}.")


def noise_view(
    source: str = WEIGHT,
    ulps: int = 1,
    other: int = 1,
    workers: int = 8,
    fixed: bool = False,
    rate: float = RATE,
    steps: int = STEPS,
) -> NoiseView:
    """Compare a run with the reference run. The first call for a setting trains its runs at every
    learning rate, in a second or two.

    Parameters
    ----------
    source : what differs; one of SOURCES.
    ulps : for "one weight", how many units in the last place the first weight moves.
    other : for "initial seed" and "data order", which other seed.
    workers : for the two kinds of sums, how many workers share a batch; the reference has one.
    fixed : for these, whether the batch is summed by fixed chunks in both runs.
    rate : learning rate of both runs; one of RATES.
    steps : a multiple of 100, from 100 to 3,000.

    Raises
    ------
    ValueError : an unknown source, or a setting that the panel does not have.
    """
    if source not in SOURCES:
        raise ValueError(f"There is no source {source!r}; choose one of: {', '.join(SOURCES)}.")
    if not 0 < steps <= STEPS or steps % EVERY:
        raise ValueError(f"steps is a multiple of {EVERY} from {EVERY} to {STEPS}; got {steps!r}.")
    settings = {"ulps": ULPS, "other": OTHERS, "workers": WORKERS, "rate": RATES}
    for (name, known), value in zip(settings.items(), (ulps, other, workers, rate), strict=True):
        if value not in known:
            raise ValueError(f"{name} is one of {', '.join(map(str, known))} here; got {value!r}.")
    how = "chunks" if fixed and source in (COUNT, ARRIVAL) else "arrival"
    what, run = {
        WEIGHT: (f"one weight moved by {count(ulps, 'ulp')}", Run(ulps=ulps)),
        SEED: (f"initial seed {other} instead of 0", Run(seed=other)),
        ORDER: (f"data order {other} instead of 0", Run(order=other)),
        COUNT: (f"{workers} workers instead of 1", Run(workers=workers)),
        ARRIVAL: (f"{workers} workers, added as they arrive", Run(workers=workers, arrival=1)),
    }[source]
    pair = _pairs(replace(run, reduction=how))[rate]
    return _look(what + ", summed by fixed chunks" * (how == "chunks"), pair, rate, steps)


def plot_view(fig: LabFigure, view: NoiseView) -> str:
    """Draw a view into a figure; return the alt text."""
    top, bottom = fig.frame(None, lambda: _empty(fig))
    middle = _SMOOTH * (np.arange(view.steps // _SMOOTH) + 0.5)
    looks = ({"color": MAIN, "linewidth": 3.4}, {"color": BAD, "linewidth": 1.7, "ls": DASHED})
    for losses, look in zip(view.losses, looks, strict=True):
        top.plot(middle, losses.reshape(-1, _SMOOTH).mean(axis=1), **look)
    apart = np.abs(view.losses[0] - view.losses[1]).reshape(-1, _SMOOTH).mean(axis=1)
    none = not apart.any()
    # A log axis has no place for 0.
    top.plot(middle, np.where(apart > 0, apart, np.nan), color=APART, linewidth=1.6)
    _name(top, (0.985, 0.02), "difference of the two losses" + " (none)" * none, APART, "bottom")
    _name(top, (0.015, 0.985), "loss, reference", MAIN)
    _name(top, (0.985, 0.985), "loss, other run (dashed)", BAD)
    churn = 100 * view.churn
    bottom.plot(
        EVERY * np.arange(len(churn))[1:], churn[1:], color=INK, linewidth=1.6, marker=".", ms=4
    )
    _name(bottom, (0.015, 0.95), f"churn, now {percent(view.churn[-1], 1)}", INK)
    return _alt(view)


def _name(ax: Axes, at: tuple[float, float], words: str, ink: str, side: str = "top") -> None:
    """Write the name of a line in its ink, at a place in shares of the axes."""
    across = "left" if at[0] < 0.5 else "right"
    look = {"ha": across, "va": side, "weight": "bold", "transform": ax.transAxes}
    ax.text(*at, words, color=words_in(ink), **look)


def _alt(view: NoiseView) -> str:
    ends = view.losses[:, -_SMOOTH:].mean(axis=1)
    parted = _parted_words(view.parted)
    if view.same_bits:
        parted = "The curves lie on each other."
    return (
        f"Two loss curves and their difference, log scale, and below them the churn between the "
        f"two runs, over {view.steps:,} steps at a learning rate of {view.rate:g}; {view.what}. "
        f"The losses end at {ends[0]:.3f} and {ends[1]:.3f}, the churn at "
        f"{percent(view.churn[-1], 1)}, having been at most {percent(view.churn[1:].max(), 1)} "
        f"from step {EVERY} on. {parted}"
    )


def _empty(fig: LabFigure) -> tuple[Axes, Axes]:
    top = fig.add_axes((0.14, 0.46, 0.815, 0.525))
    bottom = fig.add_axes((0.14, 0.135, 0.815, 0.27), sharex=top)
    top.set_xscale("log")
    top.set_yscale("log")
    top.set(xlim=(_SMOOTH / 2, 1.08 * STEPS), ylim=(1e-10, 100), ylabel="mean squared error")
    top.set_yticks([1e-10, 1e-8, 1e-6, 1e-4, 1e-2, 1])
    top.set_yticks([], minor=True)
    top.tick_params(labelbottom=False)
    bottom.set(ylim=(-1, 36), ylabel="churn (%)", xlabel="training steps (log scale)")
    bottom.set_xticks([10, 30, 100, 300, 1000, 3000], ["10", "30", "100", "300", "1,000", "3,000"])
    bottom.set_xticks([], minor=True)
    bottom.set_yticks([0, 10, 20, 30])
    for ax in (top, bottom):
        ax.grid(axis="y")
    return top, bottom


@dataclass(frozen=True)
class _Pair:
    """A run and its reference at one learning rate, at every checkpoint: (31,) arrays, accuracies
    (2, 31), losses (2, steps).
    """

    same_bits: np.ndarray
    churn: np.ndarray
    accuracy: np.ndarray
    losses: np.ndarray


@cache
def _pairs(told: Run) -> dict[float, _Pair]:
    """A run and its reference at every learning rate, all trained side by side."""
    both = {
        rate: (Run(reduction=told.reduction, rate=rate), replace(told, rate=rate)) for rate in RATES
    }
    train_networks([run for pair in both.values() for run in pair], keep=True)
    return {rate: _pair(*train_networks(pair, keep=True)) for rate, pair in both.items()}


def _pair(reference: Training, other: Training) -> _Pair:
    _, holdout = network_task()
    one, two = (
        np.array([run.predict(holdout.X, step) for step in range(0, STEPS + 1, EVERY)])
        for run in (reference, other)
    )
    return _Pair(
        (reference.checkpoints == other.checkpoints).all(axis=1),
        (one != two).mean(axis=1),
        np.array([(predicted == holdout.y).mean(axis=1) for predicted in (one, two)]),
        np.array([reference.losses, other.losses]),
    )


def _look(what: str, pair: _Pair, rate: float, steps: int) -> NoiseView:
    at, n = steps // EVERY, len(network_task()[1])
    losses, churn = pair.losses[:, :steps], pair.churn[: at + 1]
    apart = np.abs(losses[0] - losses[1])
    parted = tuple(
        int(np.argmax(apart > by)) + 1 if (apart > by).any() else None for by in (0, 0.001)
    )
    same, accuracy = bool(pair.same_bits[at]), tuple(map(float, pair.accuracy[:, at]))
    sentence = (
        f"{'Same' if same else 'Different'} bits after {steps:,} steps at a learning rate of "
        f"{rate:g}: {what}. The two models disagree on {count(round(churn[-1] * n))} of {n:,} "
        f"holdout rows, a churn of {percent(churn[-1], 1)}; accuracy {accuracy[0]:.4f} and "
        f"{accuracy[1]:.4f}."
    )
    if not same:
        sentence += f" {_parted_words(parted)}"
    return NoiseView(what, rate, steps, same, churn, accuracy, losses, parted, sentence)


def _parted_words(parted: tuple[int | None, int | None]) -> str:
    first, plain = parted
    if first is None:
        return "No batch loss shows it yet."
    seen = f"by more than 0.001 from step {plain:,} on" if plain else "never yet by more than 0.001"
    return f"Their batch losses first differ at step {first:,}, {seen}."


_SEEDS, _SUMS = {"source": (SEED, ORDER)}, {"source": (COUNT, ARRIVAL)}
PANEL = Panel(
    noise_view,
    plot_view,
    controls=(
        Choice("source", "what differs", SOURCES),
        Choice("ulps", "moved by", ULPS, "{:,}", "ulp", only={"source": (WEIGHT,)}),
        Choice("other", "other seed", OTHERS, only=_SEEDS),
        Choice("workers", "workers", WORKERS, only=_SUMS),
        Switch("fixed", "sum by fixed chunks", only=_SUMS),
        _RATE,
        Slider("steps", "training steps", "", EVERY, STEPS, EVERY),
    ),
    presets={
        "1 ulp": {},
        "1 ulp, calm": {"rate": 1.0},
        "nothing": {"ulps": 0},
        "new seed": {"source": SEED},
        "new seed, calm": {"source": SEED, "rate": 1.0},
        "8 workers": {"source": COUNT},
        "arrival": {"source": ARRIVAL},
        "arrival, fixed": {"source": ARRIVAL, "fixed": True},
    },
)
noise_panel = PANEL.live
