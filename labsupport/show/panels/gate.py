"""Lesson 01's panel: turn a build into a good one, a bad one, or one that only looks good."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, lru_cache

import numpy as np

from labsupport.data import load_employment
from labsupport.exact import as_written
from labsupport.gate import Check, Policy, Verdict, gate
from labsupport.outcomes import PairedOutcomes
from labsupport.show.controls import Choice, Panel, Slider, Switch
from labsupport.show.draw import count, in_points
from labsupport.show.figures.gate import GAP, LOSS, draw_gate_plane
from labsupport.show.pictures import LabFigure, Picture
from labsupport.training import fit_logistic, predict
from labsupport.world import World

TRAINED = "trained here"
REAL = ("trees_without_medical", "trees_all_columns", "logistic_without_sex_race")
_BEWARE = (
    " Beware: this accuracy was measured without the bias, so it belongs to another model than the "
    "gap."
)
_SHORT = {"A more data": "A", "B stale shard": "B", "C group regress": "C"}


@dataclass(frozen=True)
class GateView:
    """One setting of the panel and what the gate says to it.

    Attributes
    ----------
    name : what the point is called.
    outcomes : PairedOutcomes of candidate and baseline.
    verdict : Verdict of the gate.
    gain : candidate minus baseline accuracy, a share of rows.
    gap : the largest accuracy gap between two slices, or for the real models the largest loss in
        any slice; NaN when a slice has no rows.
    margin, bound : what the gate asks of gain and gap (or loss), shares of rows, exact.
    sentence : decision, why, and the numbers.
    """

    name: str
    outcomes: PairedOutcomes
    verdict: Verdict
    gain: float
    gap: float
    margin: Fraction
    bound: Fraction
    sentence: str

    def __str__(self) -> str:
        return self.sentence

    def picture(self) -> Picture:
        """The gain-gap plane with this build, and others in grey."""
        return PANEL.picture(self, f"{self.name}: {self.verdict.reason}.")


def gate_view(
    candidate: str = TRAINED,
    margin_points: float = 0.5,
    tolerance_points: float = 10.0,
    bias: float = 0.0,
    n_train: int = 8000,
    threshold: float = 0.0,
    bias_in_accuracy: bool = True,
    seed: int = 2,
    people_margin_points: float = 0.1,
    slice_margin_points: float = 1.0,
) -> GateView:
    """Judge one candidate.

    Parameters
    ----------
    candidate : "trained here", or one of the models scored on real people. Only the two bounds of
        its kind matter for it; for the real ones the rest does not matter either.
    margin_points, people_margin_points : the gain that the gate asks for, in percentage points: of
        a build that is trained here, and of a real model.
    tolerance_points : the accuracy gap between slice and rest that it tolerates in a build.
    slice_margin_points : the loss that it allows in any slice of real people.
    bias : subtracted from the logits of the slice.
    n_train, seed : rows and seed of the candidate's training sample. The baseline has 600 rows of
        seed 1.
    threshold : the slice is where the first feature exceeds it.
    bias_in_accuracy : False repeats the chapter's own C: the bias counts in the safety check only,
        so that the accuracy is that of another model than the gap.

    Raises
    ------
    ValueError : an unknown candidate, or a bound that Policy refuses.
    """
    if candidate in REAL:
        margin, bound = (
            as_written(each) / 100 for each in (people_margin_points, slice_margin_points)
        )
        policy = Policy(margin, max_gap=None, max_slice_loss=bound)
        verdict = gate(_real_outcomes(candidate), policy)
    elif candidate == TRAINED:
        margin, bound = (as_written(each) / 100 for each in (margin_points, tolerance_points))
        shown = _trained_outcomes(seed, n_train, bias, threshold)
        scored = shown if bias_in_accuracy else _trained_outcomes(seed, n_train, 0.0, threshold)
        # One model's accuracy, and maybe another one's slices.
        grafted = dataclasses.replace(scored, slices=shown.slices)
        verdict = gate(grafted, Policy(margin, max_gap=bound))
    else:
        raise ValueError(
            f"There is no candidate {candidate!r}; choose one of: {TRAINED}, {', '.join(REAL)}."
        )
    outcomes = verdict.outcomes
    gap = float(np.max([check.value for check in _safety_checks(verdict)]))
    name = "your build" if candidate == TRAINED else candidate
    sentence = _sentence(verdict, margin, bound)
    if candidate == TRAINED and bias and not bias_in_accuracy:
        sentence += _BEWARE
    return GateView(name, outcomes, verdict, outcomes.gain, gap, margin, bound, sentence)


def plot_view(fig: LabFigure, view: GateView) -> str:
    """Draw the plane for a view into a figure; return the alt text."""
    real = view.name in REAL
    limits = ((-4, 4), (-2.5, 10)) if real else ((-60, 6), (-6, 42))
    here = (view.gain, view.gap)
    known = _references(real)
    name = next((label for label, at in known.items() if at == here), view.name)
    others = {label: at for label, at in known.items() if at != here}
    point = {name: (view.outcomes.exact_gain, view.gap)}
    harm = LOSS if real else GAP
    return draw_gate_plane(fig, point, view.margin, view.bound, harm, faint=others, limits=limits)


@cache
def _world() -> World:
    return World.create()


@lru_cache(maxsize=256)
def _weights(seed: int, n: int) -> np.ndarray:
    return fit_logistic(_world().sample(seed, n))


@lru_cache(maxsize=256)
def _trained_outcomes(seed: int, n: int, bias: float, threshold: float) -> PairedOutcomes:
    X, y = _world().holdout.X, _world().holdout.y
    inside = X[:, 0] > threshold
    slices = {f"X[:, 0] > {threshold:g}": inside, "the rest": ~inside}
    candidate = predict(_weights(seed, n), X, -bias * inside)
    return PairedOutcomes.from_predictions(y, candidate, predict(_weights(1, 600), X), slices)


@cache
def _real_outcomes(model: str) -> PairedOutcomes:
    people = load_employment().holdout
    champion = people.predictions("champion")
    return PairedOutcomes.from_predictions(
        people.employed, people.predictions(model), champion, people.slices
    )


@cache
def _references(real: bool) -> dict[str, tuple[float, float]]:
    """The presets' points, drawn in grey behind the current one, under short names."""
    views = {
        label: gate_view(**differences)
        for label, differences in PANEL.presets.items()
        if (label in REAL) == real
    }
    return {_SHORT.get(label, label): (view.gain, view.gap) for label, view in views.items()}


def _safety_checks(verdict: Verdict) -> list[Check]:
    return [check for check in verdict.checks if check.name in ("gap", "slice loss")]


def _sentence(verdict: Verdict, margin: Fraction, bound: Fraction) -> str:
    outcomes, rest = verdict.outcomes, _safety_checks(verdict)
    decision = verdict.decision.upper()
    if verdict.decision != "promote":
        decision += f", {verdict.reason.removeprefix('blocked: ')}"
    clears = "clears" if verdict.checks[0].passed else "does not clear"
    return (
        f"{decision}. Accuracy {outcomes.candidate_accuracy:.4f} against "
        f"{outcomes.baseline_accuracy:.4f}: the gain of {in_points(outcomes.exact_gain)} points "
        f"{clears} the margin of {float(100 * margin):g}. {_harm(outcomes, rest, bound)}"
    )


def _harm(outcomes: PairedOutcomes, checks: list[Check], bound: Fraction) -> str:
    """What the safety check, or the worst of the slices' checks, found, in percentage points."""
    worst = max(checks, key=lambda check: check.value)
    if worst.value != worst.value:
        return worst.sentence
    points, asked = f"{100 * worst.value:.2f} points", f"{float(100 * bound):g}"
    if worst.name == "gap":
        words = "is within" if worst.passed else "exceeds"
        return (
            f"The gap of {points} between the slice and the rest {words} the tolerance of {asked}."
        )
    failed = sum(not check.passed for check in checks)
    lose = f"{failed or 'None'} of {len(checks)} slices {'loses' if failed < 2 else 'lose'}"
    change = f"{in_points(outcomes.slice(worst.slice).exact_gain)} points"
    rows = count(outcomes.slice(worst.slice).n, "row")
    return (
        f"{lose} more than the slice margin of {asked}; the worst, {worst.slice}, {rows}: {change}."
    )


_HERE = {"candidate": (TRAINED,)}  # what has been trained already cannot be trained otherwise
_THERE = {"candidate": REAL}
_POINTS = "percentage points"
PANEL = Panel(
    gate_view,
    plot_view,
    controls=(
        Choice("candidate", "candidate", (TRAINED, *REAL)),
        Slider("margin_points", "margin", _POINTS, -1, 2, 0.1, only=_HERE),
        Slider("tolerance_points", "tolerance", _POINTS, 0, 40, 0.5, only=_HERE),
        Slider("seed", "training seed", "", 0, 99, 1, only=_HERE),
        Choice("n_train", "training rows", (60, 120, 300, 600, 1200, 2000, 4000, 8000), only=_HERE),
        Slider("bias", "bias", "logits", 0.0, 6.0, 0.1, only=_HERE),
        Slider("threshold", "slice: X[:, 0] above", "", -2.0, 4.0, 0.1, only=_HERE),
        Switch("bias_in_accuracy", "the accuracy sees the bias too", only=_HERE),
        Slider("people_margin_points", "margin, real people", _POINTS, -1, 2, 0.1, only=_THERE),
        Slider("slice_margin_points", "slice margin", _POINTS, 0, 10, 0.5, only=_THERE),
    ),
    presets={
        "A more data": {},
        "B stale shard": {"seed": 99, "n_train": 120},
        "C group regress": {"bias": 3.0, "bias_in_accuracy": False},
        "C honest": {"bias": 1.0, "threshold": 2.0},
    }
    | {name: {"candidate": name} for name in REAL},
)
gate_panel = PANEL.live
