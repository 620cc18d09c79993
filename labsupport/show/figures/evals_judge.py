"""Figure of lesson 09: the exam of the judges."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.transforms import blended_transform_factory

from labsupport.evals.estimate import Estimate, share
from labsupport.evals.judges.agreement import kappa_of_table
from labsupport.evals.judges.corrected import Calibration
from labsupport.evals.judges.judge import JudgePolicy, approve_judge
from labsupport.gate import Verdict
from labsupport.show.draw import (
    APART,
    BAD,
    DASHED,
    GOOD,
    INK,
    MAIN,
    count,
    figure,
    minus,
    percent,
    two_lines,
    words_in,
)
from labsupport.show.pictures import LabFigure

_VERDICTS = {
    "promote": ("approved", "o", GOOD),
    "inconclusive": ("in doubt", "D", MAIN),
    "block": ("refused", "X", BAD),
}
_MEASURES = ("kappa", "sensitivity", "specificity")
_EDGE = {"markeredgecolor": "white", "markeredgewidth": 1.2, "clip_on": False}
PLAIN = "kappa"  # is no share


@figure(7.5, 3.9)
def judge_exam(
    fig: LabFigure,
    judges: Mapping[str, tuple[Sequence[int], Sequence[int]]],
    policy: JudgePolicy | None = None,
    ceiling: float | None = None,
    verdicts: Mapping[str, Verdict] | None = None,
) -> tuple[str, str]:
    """Draw how each judge agrees with people, against what the policy asks for.

    Parameters
    ----------
    judges : {judge: (its labels, people's labels of the same items)}, 0 and 1.
    policy : of which kappa, sensitivity and specificity are drawn, as far as it asks for them;
        None: the usual one.
    ceiling : Krippendorff's alpha of people among themselves; drawn beside kappa.
    verdicts : {judge: what approve_judge said} where it saw more than the labels; else it is asked.

    Raises
    ------
    ValueError : no judge, nothing asked of these three, or what approve_judge refuses.
    """
    policy = policy or JudgePolicy()
    asked = {name: getattr(policy, f"min_{name}") for name in _MEASURES}
    bounds = {name: float(bound) for name, bound in asked.items() if bound is not None}
    if not judges or not bounds:
        raise ValueError(
            f"An exam needs a judge, and a bound for one of {', '.join(_MEASURES)}; got "
            f"{count(len(judges), 'judge')} and {count(len(bounds), 'bound')}."
        )
    measured = {
        name: _measures(*labels, float(policy.confidence)) for name, labels in judges.items()
    }
    said = {
        name: (verdicts or {}).get(name) or approve_judge(*labels, policy)
        for name, labels in judges.items()
    }
    decided = {name: verdict.decision for name, verdict in said.items()}
    _draw_exam(fig, measured, decided, bounds, ceiling)
    return _exam_alt(measured, decided, bounds, ceiling), _exam_caption(decided)


def _measures(judge, human, confidence: float) -> dict[str, Estimate | None]:
    """{measure: its estimate}; None where there is nothing to measure it on."""
    counts = Calibration.from_labels(judge, human)
    agreed = kappa_of_table(counts.table, confidence)
    return {
        "kappa": agreed if agreed.value == agreed.value else None,
        "sensitivity": share(counts.tp, counts.positives, confidence) if counts.positives else None,
        "specificity": share(counts.tn, counts.negatives, confidence) if counts.negatives else None,
    }


def _draw_exam(fig: LabFigure, measured, decided, bounds, ceiling: float | None) -> None:
    """An axes for each measure, a row for each judge, the verdicts at the right."""
    height = 1.4 + 0.56 * len(measured)
    fig.set_figheight(height)
    width = 0.64 / len(bounds)
    for i, (measure, bound) in enumerate(bounds.items()):
        place = (0.195 + i * width, 0.6 / height, width - 0.035, 1 - 1.3 / height)
        ax = fig.add_axes(place)
        names = [name if i == 0 else "" for name in measured]
        _exam_frame(ax, measure, bound, ceiling, names)
        for y, each in enumerate(measured.values()):
            _draw_measure(ax, y, each[measure], bound, measure)
    for y, name in enumerate(measured):
        word, mark, ink = _VERDICTS[decided[name]]
        beside = blended_transform_factory(fig.transFigure, ax.transData)
        line = {"transform": beside, "clip_on": False}
        ax.plot([0.845], [y], mark, color=ink, markersize=11, **_EDGE | line)
        look = {"color": words_in(ink), "weight": "bold", "va": "center", "fontsize": 12}
        ax.text(0.865, y, word, **look | line)


def _exam_frame(
    ax: Axes, measure: str, bound: float, ceiling: float | None, names: Sequence[str]
) -> None:
    plain = measure == PLAIN
    unit = 1 if plain else 100
    ax.set(xlim=(-0.35 * unit * plain, 1.04 * unit), ylim=(len(names) - 0.5, -0.5))
    ax.set_xticks([0, 0.5 * unit, unit], ["0", "0.5", "1"] if plain else ["0", "50", "100"])
    ax.set_yticks(range(len(names)), [two_lines(name) for name in names])
    ax.tick_params(axis="y", length=0, labelsize=11, pad=11)
    ax.set_xlabel(measure if plain else f"{measure} (%)")
    ax.axvline(bound * unit, color=INK, linewidth=1.3, linestyle=DASHED, zorder=1)
    over = {"va": "bottom", "fontsize": 9.5, "clip_on": False}
    asked = f"asked: {_value(bound, measure)}"
    ax.text((bound + 0.03) * unit, -0.52, asked, color=INK, ha="right", **over)
    if ceiling is not None and plain:
        look = {"color": APART, "linewidth": 1.8, "linestyle": (0, (1, 1.2)), "clip_on": False}
        top = -0.52 - 0.35
        ax.plot([ceiling, ceiling], [len(names) - 0.5, top], zorder=1, **look)
        said = f"people among themselves: {ceiling:.3f}"
        ax.text(ceiling - 0.05, top - 0.03, said, color=APART, weight="bold", **over)


def _draw_measure(
    ax: Axes, y: float, measured: Estimate | None, bound: float, measure: str
) -> None:
    """An interval with its value, and above it the same in numbers."""
    unit = 1 if measure == PLAIN else 100
    middle, ink = sum(ax.get_xlim()) / 2, BAD
    if measured is not None:
        doubt = "inconclusive" if measured.high >= bound else "block"
        _, mark, ink = _VERDICTS["promote" if measured.low >= bound else doubt]
        ends = [unit * max(x, -0.34) for x in (measured.low, measured.high)]
        ax.plot(ends, [y + 0.14] * 2, color=ink, linewidth=3.2, zorder=2)
        x = unit * max(measured.value, -0.34)
        ax.plot([x], [y + 0.14], mark, color=ink, markersize=9, zorder=4, **_EDGE)
    ground = {"facecolor": "white", "edgecolor": "none", "pad": 1}
    look = {"ha": "center", "va": "center", "fontsize": 9.5, "color": words_in(ink)}
    ax.text(middle, y - 0.22, minus(_measured(measured, measure)), bbox=ground, zorder=5, **look)


def _value(number: float, measure: str) -> str:
    return f"{number:.2f}" if measure == PLAIN else percent(number)


def _measured(measured: Estimate | None, measure: str) -> str:
    """A value and its interval, as short as can be: 0.48, 0.31 to 0.62."""
    if measured is None:
        return "not measured"
    if measure == PLAIN:
        return f"{measured.value:.2f}, {measured.low:.2f} to {measured.high:.2f}"
    low, value, high = (f"{100 * x:.0f}" for x in (measured.low, measured.value, measured.high))
    return f"{value}, {low} to {high}"


def _exam_alt(measured, decided, bounds, ceiling) -> str:
    asked = ", ".join(f"{measure} {_value(bound, measure)}" for measure, bound in bounds.items())
    told = "; ".join(
        f"{name}: {_VERDICTS[decided[name]][0]}; "
        + "; ".join(f"{measure} {_measured(each[measure], measure)}" for measure in bounds)
        for name, each in measured.items()
    )
    people = "" if ceiling is None else f" People among themselves: {ceiling:.3f}."
    return (
        "How judges agree with people, each measure with its interval, shares in %. Asked of the "
        f"low ends: {asked}.{people} {told}."
    )


def _exam_caption(decided: Mapping[str, str]) -> str:
    said = []
    for decision, (word, _, _) in _VERDICTS.items():
        names = [name for name, given in decided.items() if given == decision]
        said += [f"{word}: {', '.join(names)}"] if names else []
    text = "; ".join(said)
    return (
        f"{text[0].upper()}{text[1:]}. A judge is approved where no interval reaches below the "
        "dashed line."
    )
