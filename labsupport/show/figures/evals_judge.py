"""Figures of lesson 09: the exam of the judges, and what intervals a judged rate gets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.transforms import blended_transform_factory

from labsupport.evals import Estimate
from labsupport.show.draw import (
    APART,
    ASIDE,
    BAD,
    DASHED,
    GOOD,
    INK,
    MAIN,
    RULE,
    count,
    figure,
    minus,
    percent,
    words_in,
)
from labsupport.show.pictures import LabFigure

_VERDICTS = {True: ("approved", "o", GOOD), False: ("refused", "X", BAD)}
_SIDES = (("s", MAIN), ("^", ASIDE))
_EDGE = {"markeredgecolor": "white", "markeredgewidth": 1.2, "clip_on": False}
PLAIN = ("kappa", "alpha")  # these are no shares


@figure(7.5, 3.9)
def judge_exam(
    fig: LabFigure,
    judges: Mapping[str, Mapping[str, Estimate]],
    approved: Mapping[str, bool],
    bounds: Mapping[str, float],
    ceiling: float | None = None,
) -> tuple[str, str]:
    """Draw how each judge agrees with people, against what the policy asks for.

    Parameters
    ----------
    judges : {judge: {measure: its estimate}}: "kappa", "sensitivity", "specificity", or others.
    approved : {judge: whether the policy lets it judge}.
    bounds : {measure: what the low end of its interval must reach}, of all measures; four at most.
    ceiling : Krippendorff's alpha of people among themselves; drawn beside kappa.

    Raises
    ------
    ValueError : no judge, one without a measure or a verdict, or no bound or more than four.
    """
    odd = [
        name for name, each in judges.items() if set(each) != set(bounds) or name not in approved
    ]
    if not judges or odd or not 1 <= len(bounds) <= 4:
        raise ValueError(
            "An exam needs a judge, one to four measures, and of each judge all of them and a "
            f"verdict; got {count(len(judges), 'judge')}, {count(len(bounds), 'measure')}, unfit: "
            f"{odd}."
        )
    height = 1.4 + 0.56 * len(judges)
    fig.set_figheight(height)
    width = 0.66 / len(bounds)
    for i, (measure, bound) in enumerate(bounds.items()):
        place = (0.17 + i * width, 0.6 / height, width - 0.035, 1 - 1.3 / height)
        ax = fig.add_axes(place)
        _exam_frame(ax, measure, bound, ceiling, list(judges) if i == 0 else [""] * len(judges))
        for y, each in enumerate(judges.values()):
            _draw_measure(ax, y, each[measure], bound, measure)
    for y, name in enumerate(judges):
        word, mark, ink = _VERDICTS[bool(approved[name])]
        beside = blended_transform_factory(fig.transFigure, ax.transData)
        line = {"transform": beside, "clip_on": False}
        ax.plot([0.845], [y], mark, color=ink, markersize=11, **_EDGE | line)
        look = {"color": words_in(ink), "weight": "bold", "va": "center", "fontsize": 12}
        ax.text(0.865, y, word, **look | line)
    return _exam_alt(judges, approved, bounds, ceiling), _exam_caption(approved)


def _exam_frame(
    ax: Axes, measure: str, bound: float, ceiling: float | None, names: Sequence[str]
) -> None:
    plain = measure in PLAIN
    unit = 1 if plain else 100
    ax.set(xlim=(-0.35 * unit * plain, 1.04 * unit), ylim=(len(names) - 0.5, -0.5))
    ax.set_xticks([0, 0.5 * unit, unit], ["0", "0.5", "1"] if plain else ["0", "50", "100"])
    ax.set_yticks(range(len(names)), names)
    ax.tick_params(axis="y", length=0, labelsize=11)
    ax.set_xlabel(measure if plain else f"{measure} (%)")
    ax.axvline(bound * unit, color=INK, linewidth=1.3, linestyle=DASHED, zorder=1)
    over = {"va": "bottom", "fontsize": 9.5, "clip_on": False}
    asked = f"asked: {_value(bound, measure)}"
    ax.text((bound + 0.03) * unit, -0.52, asked, color=INK, ha="right", **over)
    if ceiling is not None and measure == "kappa":
        look = {"color": APART, "linewidth": 1.8, "linestyle": (0, (1, 1.2)), "clip_on": False}
        top = -0.52 - 0.35
        ax.plot([ceiling, ceiling], [len(names) - 0.5, top], zorder=1, **look)
        said = f"people among themselves: {ceiling:.3f}"
        ax.text(ceiling - 0.05, top - 0.03, said, color=APART, weight="bold", **over)


def _draw_measure(ax: Axes, y: float, measured: Estimate, bound: float, measure: str) -> None:
    """An interval with its value, and above it the same in numbers."""
    unit = 1 if measure in PLAIN else 100
    good = measured.low >= bound
    ink = GOOD if good else BAD
    left = max(unit * measured.low, ax.get_xlim()[0])
    ax.plot([left, unit * measured.high], [y + 0.14] * 2, color=ink, linewidth=3.2, zorder=2)
    mark, x = "o" if good else "X", max(unit * measured.value, left)
    ax.plot([x], [y + 0.14], mark, color=ink, markersize=9, zorder=4, **_EDGE)
    middle = sum(ax.get_xlim()) / 2
    ground = {"facecolor": "white", "edgecolor": "none", "pad": 1}
    look = {"ha": "center", "va": "center", "fontsize": 9.5, "color": words_in(ink)}
    ax.text(middle, y - 0.22, _measured(measured, measure), bbox=ground, zorder=5, **look)


def _value(number: float, measure: str) -> str:
    return f"{number:.2f}" if measure in PLAIN else percent(number)


def _measured(measured: Estimate, measure: str) -> str:
    """A value and its interval, as short as can be: 0.48, 0.31 to 0.62."""
    if measure in PLAIN:
        return minus(f"{measured.value:.2f}, {measured.low:.2f} to {measured.high:.2f}")
    low, value, high = (f"{100 * x:.0f}" for x in (measured.low, measured.value, measured.high))
    return f"{value}, {low} to {high}"


def _exam_alt(judges, approved, bounds, ceiling) -> str:
    asked = ", ".join(f"{measure} {_value(bound, measure)}" for measure, bound in bounds.items())
    told = "; ".join(
        f"{name}: {_VERDICTS[bool(approved[name])][0]}; "
        + "; ".join(f"{measure} {_measured(each[measure], measure)}" for measure in bounds)
        for name, each in judges.items()
    )
    people = "" if ceiling is None else f" People among themselves: {ceiling:.3f}."
    return (
        "How judges agree with people, each with its 95% interval, shares in %. Asked of the low "
        f"ends: {asked}.{people} {told}."
    )


def _exam_caption(approved: Mapping[str, bool]) -> str:
    said = []
    for verdict, (word, _, _) in _VERDICTS.items():
        names = [name for name, given in approved.items() if bool(given) is verdict]
        said += [f"{word}: {', '.join(names)}"] if names else []
    text = "; ".join(said)
    return f"{text[0].upper()}{text[1:]}. Asked is that each interval begins at the dashed line."


@figure(7.5, 4.6)
def rate_intervals(
    fig: LabFigure,
    sides: Mapping[str, Mapping[str, Estimate]],
    truth: Mapping[str, float] | None = None,
) -> tuple[str, str]:
    """Draw the rate of good answers of two sides by several methods, how wide each interval is, and
    which side each method finds better.

    Parameters
    ----------
    sides : {side: {method: estimate}}, two sides with the same methods: the champion first, then
        the candidate.
    truth : {side: its true rate}, where it is known.

    Raises
    ------
    ValueError : other than two sides, no method, or other methods for one of them.
    """
    names = list(sides)
    methods = list(sides[names[0]]) if names else []
    if len(names) != 2 or not methods or list(sides[names[1]]) != methods:
        raise ValueError(
            "Draw two sides, the champion first, with the same methods for both; got "
            f"{ {name: list(each) for name, each in sides.items()} }."
        )
    height = 1.5 + 0.62 * len(methods)
    fig.set_figheight(height)
    ax = fig.add_axes((0.185, 0.6 / height, 0.47, 1 - 1.45 / height))
    _rates_frame(ax, sides, truth or {})
    for y, method in enumerate(methods):
        _draw_method(ax, y, [sides[name][method] for name in names], _true_gain(names, truth))
    return _rates_alt(sides, methods, truth or {}), _rates_caption(sides, methods, truth or {})


def _true_gain(names: Sequence[str], truth: Mapping[str, float] | None) -> float | None:
    return truth[names[1]] - truth[names[0]] if truth else None


def _rates_frame(ax: Axes, sides, truth: Mapping[str, float]) -> None:
    """The axes, a dotted line for each truth, the heads of the columns, the names of the sides."""
    every = [estimate for each in sides.values() for estimate in each.values()]
    low, high = min(e.low for e in every), max(e.high for e in every)
    methods = list(next(iter(sides.values())))
    room = 3 + 5 * (high - low)
    ax.set(xlim=(100 * low - room, min(100 * high + room, 101)), ylim=(len(methods) - 0.5, -0.5))
    ax.set_xlabel("answers that are good (%)")
    ax.set_yticks(range(len(methods)), methods)
    ax.tick_params(axis="y", length=0, labelsize=11)
    for y in range(1, len(methods)):
        ax.axhline(y - 0.5, color=RULE, linewidth=0.7, zorder=0)
    head = {"va": "bottom", "weight": "bold", "fontsize": 10, "clip_on": False}
    across = ax.get_yaxis_transform()
    ax.text(1.04, -0.6, "width\n(points)", transform=across, **head)
    champion, candidate = sides
    gain = f"{candidate} minus\n{champion} (points)"
    ax.text(1.27, -0.6, gain, transform=across, **head)
    for x, (name, (mark, ink)) in zip((0.0, 0.5), zip(sides, _SIDES, strict=True), strict=True):
        known = f"\ntruly {percent(truth[name])}" if name in truth else ""
        ax.plot([x + 0.02], [-0.83], mark, color=ink, markersize=9, transform=across, **_EDGE)
        look = {"transform": across, "va": "center", "color": words_in(ink), "weight": "bold"}
        ax.text(x + 0.06, -0.83, f"{name}{known}", fontsize=10, clip_on=False, **look)
        if name in truth:
            line = {"color": ink, "linewidth": 1.4, "linestyle": (0, (1, 1.5)), "zorder": 1}
            ax.axvline(100 * truth[name], **line)


def _draw_method(ax: Axes, y: float, pair: Sequence[Estimate], true_gain: float | None) -> None:
    across = ax.get_yaxis_transform()
    for estimate, (mark, ink), lane in zip(pair, _SIDES, (-0.19, 0.19), strict=True):
        line = {"color": ink, "linewidth": 3.2, "zorder": 3, "solid_capstyle": "butt"}
        ax.plot([100 * estimate.low, 100 * estimate.high], [y + lane] * 2, **line)
        ax.plot(
            [100 * estimate.value], [y + lane], mark, color=ink, markersize=9, zorder=4, **_EDGE
        )
        look = {"transform": across, "va": "center", "color": words_in(ink), "clip_on": False}
        ax.text(1.06, y + lane, _width(estimate), fontsize=10.5, weight="bold", **look)
    gain = pair[1].value - pair[0].value
    ink = INK if true_gain is None else GOOD if gain * true_gain > 0 else BAD
    look = {"transform": across, "va": "center", "weight": "bold", "clip_on": False}
    ax.text(1.44, y, minus(_gain(pair)), fontsize=12, color=words_in(ink), ha="center", **look)
    if ink == BAD:
        ax.plot([1.62], [y], "X", color=BAD, markersize=10, transform=across, **_EDGE)


def _width(estimate: Estimate) -> str:
    return f"{100 * (estimate.high - estimate.low):.1f}"


def _gain(pair: Sequence[Estimate]) -> str:
    return f"{round(100 * (pair[1].value - pair[0].value), 9):+z.1f}"


def _rates_alt(sides, methods: Sequence[str], truth: Mapping[str, float]) -> str:
    known = ", ".join(f"{name}, truly {percent(rate)}" for name, rate in truth.items())
    told = []
    for method in methods:
        each = [
            f"{name} {percent(e.value, 1)}, {percent(e.low, 1)} to {percent(e.high, 1)}, "
            f"width {_width(e)}"
            for name, e in ((name, side[method]) for name, side in sides.items())
        ]
        pair = [side[method] for side in sides.values()]
        told.append(f"{method}: {', '.join(each)}, difference {_gain(pair)}")
    return (
        "Share of good answers with its interval, widths and differences in points. "
        f"{f'{known[0].upper()}{known[1:]}. ' if known else ''}{'; '.join(told)}."
    )


def _rates_caption(sides, methods: Sequence[str], truth: Mapping[str, float]) -> str:
    names = list(sides)
    widest = max(methods, key=lambda m: sides[names[0]][m].high - sides[names[0]][m].low)
    said = f"Widest for the {names[0]}: {widest}, {_width(sides[names[0]][widest])} points."
    true_gain = _true_gain(names, truth)
    if true_gain is None:
        return said
    gains = {m: sides[names[1]][m].value - sides[names[0]][m].value for m in methods}
    wrong = [m for m, gain in gains.items() if gain * true_gain <= 0]
    return f"{said} Wrong side found better by: {', '.join(wrong) or 'none'}."
