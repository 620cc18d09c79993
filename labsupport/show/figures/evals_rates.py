"""Figure of lesson 09: what intervals the rate of a judge gets, and which side they find better."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes

from labsupport.evals.estimate import Estimate
from labsupport.show.draw import (
    ASIDE,
    BAD,
    GOOD,
    INK,
    MAIN,
    RULE,
    figure,
    minus,
    percent,
    two_lines,
    words_in,
)
from labsupport.show.pictures import LabFigure

_SIDES = (("s", MAIN), ("^", ASIDE))
_EDGE = {"markeredgecolor": "white", "markeredgewidth": 1.2, "clip_on": False}


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
    sides : {side: {method: estimate}}, two sides with the same methods: the baseline first, then
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
            "Draw two sides, the baseline first, with the same methods for both; got "
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
    ax.set_yticks(range(len(methods)), [two_lines(name) for name in methods])
    ax.tick_params(axis="y", length=0, labelsize=11)
    for y in range(1, len(methods)):
        ax.axhline(y - 0.5, color=RULE, linewidth=0.7, zorder=0)
    head = {"va": "bottom", "weight": "bold", "fontsize": 10, "clip_on": False}
    across = ax.get_yaxis_transform()
    ax.text(1.04, -0.6, "width\n(points)", transform=across, **head)
    baseline, candidate = sides
    gain = f"{candidate} minus\n{baseline} (points)"
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
    ink = INK
    if true_gain is not None:
        ink = GOOD if gain * true_gain > 0 else BAD
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
