"""Lesson 04's panel: let one source of noise in, and watch two runs part."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

import numpy as np
from matplotlib.axes import Axes

from labsupport.network import EVERY, STEPS, Run, Training, network_task, train_networks
from labsupport.show.controls import Choice, Panel, Slider, Switch
from labsupport.show.draw import APART, BAD, INK, MAIN, count, percent, words_in
from labsupport.show.pictures import LabFigure, Picture

ULPS = (0, 1, 2, 4, 16, 256, 65_536)
WORKERS = (2, 4, 8)
OTHERS = (1, 2, 3, 4, 5)
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
        """The two loss curves, their difference, and the churn."""
        churn = percent(self.churn[-1], 1)
        return PANEL.picture(self, f"{self.what}: churn {churn} after {self.steps:,} steps.")


def noise_view(
    source: str = WEIGHT,
    ulps: int = 1,
    other: int = 1,
    workers: int = 8,
    fixed: bool = False,
    steps: int = STEPS,
) -> NoiseView:
    """Compare a run with the reference run. The first call for a source trains all its runs, in a
    second or two.

    Parameters
    ----------
    source : what differs; one of SOURCES.
    ulps : for "one weight", how many units in the last place the first weight moves.
    other : for "initial seed" and "data order", which other seed.
    workers : for the two kinds of sums, how many workers share a batch; the reference has one.
    fixed : for these, whether the batch is summed by fixed chunks in both runs.
    steps : a multiple of 100, from 100 to 3,000.

    Raises
    ------
    ValueError : an unknown source, or a setting that the panel does not have.
    """
    if source not in SOURCES:
        raise ValueError(f"There is no source {source!r}; choose one of: {', '.join(SOURCES)}.")
    if not 0 < steps <= STEPS or steps % EVERY:
        raise ValueError(f"steps is a multiple of {EVERY} from {EVERY} to {STEPS}; got {steps!r}.")
    settings = {"ulps": ULPS, "other": OTHERS, "workers": WORKERS}
    for (name, known), value in zip(settings.items(), (ulps, other, workers), strict=True):
        if value not in known:
            raise ValueError(f"{name} is one of {', '.join(map(str, known))} here; got {value!r}.")
    chosen = {WEIGHT: ulps, SEED: other, ORDER: other}.get(source, workers)
    fixed = fixed and source in (COUNT, ARRIVAL)
    reference = _trained("reference", fixed)[0]
    run = _trained(source, fixed)[chosen]
    what = {
        WEIGHT: f"one weight moved by {count(ulps, 'ulp')}",
        SEED: f"initial seed {other} instead of 0",
        ORDER: f"data order {other} instead of 0",
        COUNT: f"{workers} workers instead of 1",
        ARRIVAL: f"{workers} workers, added as they arrive",
    }[source]
    return _compare(what + ", summed by fixed chunks" * fixed, reference, run, steps)


def plot_view(fig: LabFigure, view: NoiseView) -> str:
    """Draw a view into a figure; return the alt text."""
    ax = fig.frame(None, lambda: _empty(fig))
    middle = _SMOOTH * (np.arange(view.steps // _SMOOTH) + 0.5)
    for losses, ink, width in zip(view.losses, (MAIN, BAD), (3.4, 1.5), strict=True):
        ax.plot(middle, losses.reshape(-1, _SMOOTH).mean(axis=1), color=ink, linewidth=width)
    apart = np.abs(view.losses[0] - view.losses[1]).reshape(-1, _SMOOTH).mean(axis=1)
    # A log axis has no place for 0.
    apart, churn = (np.where(share > 0, share, np.nan) for share in (apart, view.churn))
    ax.plot(middle, apart, color=APART, linewidth=1.6)
    ax.plot(EVERY * np.arange(len(churn)), churn, color=INK, linewidth=1.8, linestyle=(0, (4, 2)))
    lines = {
        "loss, reference": MAIN,
        "loss, other run": BAD,
        "difference of the two losses" + " (none)" * bool(np.isnan(apart).all()): APART,
        f"churn, now {percent(view.churn[-1], 1)}": INK,
    }
    aside = {"transform": ax.transAxes, "ha": "right", "va": "top", "weight": "bold"}
    for place, (words, ink) in enumerate(lines.items()):
        ax.text(0.98, 0.34 - 0.085 * place, words, color=words_in(ink), **aside)
    return _alt(view)


def _alt(view: NoiseView) -> str:
    ends = view.losses[:, -_SMOOTH:].mean(axis=1)
    parted = _parted_words(view.parted)
    if view.same_bits:
        parted = "The curves lie on each other."
    return (
        f"Two loss curves, their difference and the churn between two runs over {view.steps:,} "
        f"steps, log scale; {view.what}. The losses end at {ends[0]:.3f} and {ends[1]:.3f}, the "
        f"churn at {percent(view.churn[-1], 1)}, having been at most "
        f"{percent(view.churn.max(), 1)}. {parted}"
    )


def _empty(fig: LabFigure) -> Axes:
    ax = fig.add_axes((0.14, 0.15, 0.815, 0.83))
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set(xlim=(_SMOOTH / 2, STEPS), ylim=(1e-10, 1))
    ax.set(xlabel="training steps (log scale)", ylabel="mean squared error; share of rows")
    ax.set_xticks([10, 30, 100, 300, 1000, 3000], ["10", "30", "100", "300", "1,000", "3,000"])
    ax.set_xticks([], minor=True)
    ax.set_yticks([1e-10, 1e-8, 1e-6, 1e-4, 1e-2, 1])
    ax.set_yticks([], minor=True)
    ax.grid(axis="y")
    return ax


def _compare(what: str, reference: Training, run: Training, steps: int) -> NoiseView:
    _, holdout = network_task()
    seen = steps // EVERY + 1
    predicted = np.array([_predicted(training)[:seen] for training in (reference, run)])
    churn = (predicted[0] != predicted[1]).mean(axis=1)
    accuracy = tuple(float(share) for share in (predicted[:, -1] == holdout.y).mean(axis=1))
    losses = np.array([training.losses[:steps] for training in (reference, run)])
    apart = np.abs(losses[0] - losses[1])
    parted = tuple(
        int(np.argmax(apart > by)) + 1 if (apart > by).any() else None for by in (0, 0.001)
    )
    same = bool((reference.checkpoints[seen - 1] == run.checkpoints[seen - 1]).all())
    sentence = (
        f"{'Same' if same else 'Different'} bits after {steps:,} steps: {what}. The two models "
        f"disagree on {count(round(churn[-1] * len(holdout)))} of {len(holdout):,} holdout rows, "
        f"a churn of {percent(churn[-1], 1)}; accuracy {accuracy[0]:.4f} and {accuracy[1]:.4f}."
    )
    if not same:
        sentence += f" {_parted_words(parted)}"
    return NoiseView(what, steps, same, churn, accuracy, losses, parted, sentence)


def _parted_words(parted: tuple[int | None, int | None]) -> str:
    first, plain = parted
    if first is None:
        return "No batch loss shows it yet."
    seen = f"by more than 0.001 from step {plain:,} on" if plain else "never yet by more than 0.001"
    return f"Their batch losses first differ at step {first:,}, {seen}."


@cache
def _trained(source: str, fixed: bool) -> dict[int, Training]:
    """All runs that the panel can show for a source, by the setting that tells them apart."""
    how = "chunks" if fixed else "arrival"
    runs = {
        "reference": {0: Run(reduction=how)},
        WEIGHT: {ulps: Run(ulps=ulps) for ulps in ULPS},
        SEED: {other: Run(seed=other) for other in OTHERS},
        ORDER: {other: Run(order=other) for other in OTHERS},
        COUNT: {workers: Run(workers=workers, reduction=how) for workers in WORKERS},
        ARRIVAL: {workers: Run(workers=workers, arrival=1, reduction=how) for workers in WORKERS},
    }[source]
    return dict(zip(runs, train_networks(runs.values()), strict=True))


_PREDICTED: dict[Run, np.ndarray] = {}


def _predicted(training: Training) -> np.ndarray:
    """(31, 4000) predictions of a run at its checkpoints, computed once."""
    if training.run not in _PREDICTED:
        _, holdout = network_task()
        steps: Iterable[int] = range(0, STEPS + 1, EVERY)
        _PREDICTED[training.run] = np.array(
            [training.predict(holdout.X, step) for step in steps], dtype=np.int8
        )
    return _PREDICTED[training.run]


_SEEDS, _SUMS = {"source": (SEED, ORDER)}, {"source": (COUNT, ARRIVAL)}
PANEL = Panel(
    noise_view,
    plot_view,
    controls=(
        Choice("source", "what differs", SOURCES),
        Choice("ulps", "moved by", ULPS, "{:,}", "ulps", only={"source": (WEIGHT,)}),
        Choice("other", "other seed", OTHERS, only=_SEEDS),
        Choice("workers", "workers", WORKERS, only=_SUMS),
        Switch("fixed", "sum by fixed chunks", only=_SUMS),
        Slider("steps", "training steps", "", EVERY, STEPS, EVERY),
    ),
    presets={
        "1 ulp": {},
        "nothing": {"ulps": 0},
        "new seed": {"source": SEED},
        "8 workers": {"source": COUNT},
        "arrival": {"source": ARRIVAL},
        "arrival, fixed": {"source": ARRIVAL, "fixed": True},
    },
)
noise_panel = PANEL.live
