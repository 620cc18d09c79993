"""What a picture's artists say: their positions, marks and labels, as pieces of its alt text."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import same_color, to_hex
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.markers import CARETDOWN, CARETLEFT, CARETRIGHT, CARETUP
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Patch, StepPatch
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from labsupport.show.draw import (
    APART,
    ASIDE,
    BAD,
    BADGE,
    BOX,
    FIGURES,
    GOOD,
    GREY,
    HOLDS,
    INK,
    INSIDE,
    LIT,
    MAIN,
    PALE,
    PASSED_OVER,
    ROAD,
    RULE,
    TAILS,
    VOID,
    tint,
    words_in,
)
from labsupport.show.figures.pipeline import BOXES
from labsupport.show.panels.slices import LEVEL

CARETS = CARETLEFT, CARETRIGHT, CARETDOWN, CARETUP
VERDICTS = {"o": "promoted", "X": "blocked"}
# What the strict gate says, and how it is marked; so are its words.
DECISIONS = {"promote": ("o", GOOD), "block": ("X", BAD), "inconclusive": ("D", MAIN)}


def marks(ax: Axes, kinds: Collection = "oXD") -> list[Line2D]:
    """The single marks of an axes, in the order drawn."""
    return [line for line in ax.lines if line.get_marker() in kinds and len(line.get_xdata()) == 1]


def at(mark: Line2D) -> tuple[float, float]:
    return float(mark.get_xdata()[0]), float(mark.get_ydata()[0])


def bold(ax: Axes) -> list[str]:
    return [text.get_text() for text in ax.texts if text.get_weight() == "bold"]


def names(ax: Axes) -> list[str]:
    return [label.get_text() for label in ax.get_yticklabels()]


def flat_names(ax: Axes) -> list[str]:
    """Names that are drawn on two lines where there is little room, on one."""
    return [name.replace("\n", " ") for name in names(ax)]


def level(ax: Axes) -> list[float]:
    """The heights of the lines across the whole axes."""
    return [float(line.get_ydata()[0]) for line in ax.lines if list(line.get_xdata()) == [0, 1]]


def wide(ax: Axes, width: float) -> list[Line2D]:
    return [line for line in ax.lines if line.get_linewidth() == width]


def said(ax: Axes, start: str = "") -> Text:
    """The one text of an axes that starts with some words."""
    (found,) = (text for text in ax.texts if text.get_text().startswith(start))
    return found


def inked(artist: Line2D | Patch | Text, ink: str) -> bool:
    """Whether a line or an area has an ink, a text the words' shade of it, whatever its alpha."""
    colour = artist.get_facecolor() if isinstance(artist, Patch) else artist.get_color()
    return to_hex(colour) in {to_hex(ink), to_hex(words_in(ink))}


def spans(line: Line2D) -> tuple[list[float], list[float]]:
    return [*map(float, line.get_xdata())], [*map(float, line.get_ydata())]


def upright(ax: Axes) -> list[Line2D]:
    """The lines from the bottom to the top of the axes."""
    return [line for line in ax.lines if list(line.get_ydata()) == [0, 1]]


def box_of(text: Text) -> Bbox:
    """Where a text lies, in the units of its axes' data."""
    return text.get_window_extent().transformed(text.axes.transData.inverted())


def the_margin(ax: Axes) -> float:
    """The margin in points that a line, a shade from it to the right end, and a word agree on."""
    (line,) = (line for line in upright(ax) if inked(line, GOOD))
    (shade,) = (patch for patch in ax.patches if inked(patch, GOOD))
    margin, area = float(line.get_xdata()[0]), shade.get_extents()
    ends = ax.transData.transform([(margin, 0), (ax.get_xlim()[1], 0)])[:, 0]
    assert [area.x0, area.x1] == pytest.approx(sorted(ends))
    word = said(ax, f"margin {margin:g}")
    assert word.get_text() == f"margin {margin:g}" and word.xy[0] == margin and inked(word, GOOD)
    return margin


def the_distribution(ax: Axes, low: float, high: float) -> tuple[np.ndarray, np.ndarray]:
    """(gains in points, heights) of a distribution whose ink changes where the interval ends."""
    tails, inside = (patch for patch in ax.patches if isinstance(patch, StepPatch))
    assert inked(tails, TAILS) and inked(inside, INSIDE)
    (edges, within), beyond = inside.get_data()[1::-1], tails.get_data()[0]
    middle = (edges[:-1] + edges[1:]) / 2
    eps = 1e-9 + 1e-3 * (edges[1] - edges[0])
    among = (low - eps <= middle) & (middle <= high + eps)
    assert (within[~among] == 0).all() and (beyond[among] == 0).all()
    return middle, within + beyond


def gate_plane(fig: Figure) -> Iterator[str]:
    ax = fig.axes[0]
    harm = "loss" if ax.get_ylabel().startswith("largest loss") else "gap"
    words = [text for text in ax.texts if text.get_zorder() == 5 and text.get_weight() == "bold"]
    kinds = ("o", "X", *CARETS)
    placed = [mark for mark in marks(ax, kinds) if not same_color(mark.get_color(), PALE)]
    for word in words:
        yield _build(ax, word.get_text().replace("−", "-"), placed, harm)
    assert not placed, "a mark without a name"
    (region,) = ax.patches
    (left, bottom), top = region.get_xy(), region.get_y() + region.get_height()
    right = left + region.get_width()
    assert (right, bottom) == pytest.approx((ax.get_xlim()[1], ax.get_ylim()[0]))
    (border,) = wide(ax, 1.6)
    for drawn, wanted in zip(
        spans(border), ([left] * 2 + [right], [bottom, top, top]), strict=True
    ):
        assert drawn == pytest.approx(wanted)
    assert inked(region, GOOD) and inked(border, GOOD)
    bound = {"gap": "tolerance", "loss": "slice margin"}[harm]
    assert re.fullmatch(f"margin {left:g} points?".replace("-", "−"), said(ax, "margin").get_text())
    assert re.fullmatch(f"{bound} {top:g} points?", said(ax, bound).get_text())
    word = box_of(said(ax, "promote"))
    assert left < (word.x0 + word.x1) / 2 < right and word.y1 < max(top, bottom + 3 * word.height)
    yield f"gain is at least {region.get_x():g} point"
    yield f"{harm} at most {region.get_y() + region.get_height():g} point"


def _build(ax: Axes, name: str, placed: list[Line2D], harm: str) -> str:
    """What a build's name and its mark, the next one, say; a mark that was used is dropped."""
    if name.endswith(" not measured)"):
        name, _, lost = name.removesuffix(" not measured)").rpartition(" (")
        if lost == "gain":
            return f"{name}: gain not measured"
        (line,) = (line for line in upright(ax) if line.get_linestyle() == ":" and inked(line, BAD))
        return f"{name}: gain {line.get_xdata()[0]:+.2f} points, {lost} not measured, blocked"
    mark = placed.pop(0)
    (gain, up), (low, high), (bottom, top) = at(mark), ax.get_xlim(), ax.get_ylim()
    arrow = mark.get_marker()
    edges = dict(zip(CARETS, (gain == low, gain == high, up == bottom, up == top), strict=True))
    if arrow in edges:
        name, _, beyond = name.removesuffix(")").rpartition(" (")
        number = float(beyond.split()[1])
        across = arrow in CARETS[:2]
        assert edges[arrow] and beyond.split()[0] == ("gain" if across else harm)
        inside = (low, high) if across else (bottom, top)
        assert number <= inside[0] if arrow in CARETS[::2] else number >= inside[1]
        shown = f"{number:+.1f}" if across else f"{gain:+.2f} points, {harm} {number:.1f}"
        return f"{name}: gain {shown}"
    assert low <= gain <= high and bottom <= up <= top
    assert same_color(mark.get_color(), GOOD if arrow == "o" else BAD)
    return f"{name}: gain {gain:+.2f} points, {harm} {up:.2f} points, {VERDICTS[arrow]}"


def gap_bound(fig: Figure) -> Iterator[str]:
    ax = fig.axes[0]
    curve = next(line for line in ax.lines if len(line.get_xdata()) == 400)
    shares, bounds = curve.get_data()
    yield f"to {bounds[-1]:.1f} at one half"
    for other in (line for line in ax.lines if len(line.get_xdata()) == 399):
        end = float(other.get_ydata()[-1])
        accuracy = said(ax, "limit at accuracy").get_text().split()[-1]
        assert end == pytest.approx(200 * (1 - float(accuracy)))  # below a half, all errors
        assert inked(other, ASIDE) and inked(said(ax, "limit at accuracy"), ASIDE)
        yield f"At accuracy {accuracy} it would end at {end:.1f}."
    (area,) = ax.collections
    x, y = area.get_paths()[0].vertices.T
    assert (y >= np.interp(x, shares, bounds) - 1e-9).all() and y.max() >= ax.get_ylim()[1]
    assert to_hex(area.get_facecolor()[0]) == VOID
    for tolerance in level(ax):
        word = said(ax, f"tolerance {tolerance:g} points")
        assert box_of(word).y0 == pytest.approx(tolerance, abs=2)
        yield f"tolerance of {tolerance:g} points."
    words = [text for text in ax.texts if text.get_zorder() == 5]
    for mark, word in zip(marks(ax), words, strict=True):
        share, gap = at(mark)
        assert inked(mark, GOOD if mark.get_marker() == "o" else BAD)
        possible = gap <= np.interp(share, shares, bounds) + 1e-9
        assert mark.get_marker() == ("o" if possible else "X")
        yield f"{word.get_text()}: a slice with {100 * share:.4g}% of the rows"
        yield f"a gap of {gap:.1f} points is {'possible' if possible else 'impossible'}"
    inside = box_of(said(ax, "possible"))
    assert inside.y1 < np.interp([inside.x0, inside.x1], shares, bounds).min()
    box = box_of(said(ax, "impossible"))
    covered = (shares >= box.x0) & (shares <= box.x1)
    assert (bounds[covered] < box.y0).all(), "the word `impossible` lies in what is possible"


def slice_changes(fig: Figure) -> Iterator[str]:
    rows = names(fig.axes[0])
    for ax in fig.axes:
        lost = []
        zero, margin = upright(ax)
        assert list(zero.get_xdata()) == [0, 0] and inked(margin, BAD)
        bound = f"slice margin of {-margin.get_xdata()[0]:g}"
        assert f"{bound})" in fig.get_supxlabel()
        yield f"{bound}."
        title = "_".join(ax.get_title(loc="center").split())
        whole, _, n = rows[0].rpartition(" (")
        yield f"{title}: {whole} ({n[:-1]} rows) {at(marks(ax)[0])[0]:+.2f}"
        stems = [line for line in wide(ax, 2) if inked(line, RULE)]
        for mark, stem in zip(marks(ax), stems, strict=True):
            change, y = at(mark)
            assert spans(stem) == ([0, change], [y, y])
            assert inked(mark, BAD if mark.get_marker() == "X" else MAIN)
            name, _, count = rows[round(y)].rpartition(" (")
            yield f"{name} ({count[:-1]} rows) {change:+.2f}"
            lost += [name] if mark.get_marker() == "X" else []
        yield f"beyond the slice margin: {', '.join(lost) or 'none'}."
        assert len(bold(ax)) == len(lost)
        for word in (text for text in ax.texts if text.get_weight() == "bold"):
            assert inked(word, BAD)
            name = rows[round(word.xy[1])].rpartition(" (")[0]
            assert name in lost and float(word.get_text().replace("−", "-")) < 0


def resampled_gains(fig: Figure) -> Iterator[str]:
    ax = fig.axes[0]
    ends = [line for line in ax.lines if list(line.get_ydata()) == [0, 0.7]]
    low, high = (float(line.get_xdata()[0]) for line in ends)
    assert all(inked(line, MAIN) for line in ends)
    yield f"interval reaches from {low:+.3f} to {high:+.3f}"
    assert bold(ax) == [f"{low:+.3f}", f"{high:+.3f}"]
    assert [text.xy[0] for text in ax.texts if text.get_weight() == "bold"] == [low, high]
    margin = the_margin(ax)
    yield f"margin of {margin:g} lies {'inside' if low < margin <= high else 'at its edge'}"
    middle, shares = the_distribution(ax, low, high)
    yield f"measured gain of {round(float(shares @ middle / shares.sum()), 3):+.3f} points"
    for dots in (line for line in ax.lines if line.get_marker() == "o"):
        assert sum(dots.get_ydata()) == pytest.approx(shares.sum(), rel=0.01)
        yield "Dots show"


def interval_bars(fig: Figure) -> Iterator[str]:
    ax = fig.axes[0]
    words = [text for text in ax.texts if text.get_weight() == "bold"]
    for bar, mark, name, word in zip(wide(ax, 5), marks(ax), names(ax), words, strict=True):
        (low, high), (gain, y), decision = bar.get_xdata(), at(mark), word.get_text()
        marker, ink = DECISIONS[decision]
        assert list(bar.get_ydata()) == [y, y] and mark.get_marker() == marker
        assert inked(bar, ink) and inked(mark, ink) and inked(word, ink)
        assert word.get_position()[1] == y == names(ax).index(name)
        name = name.replace("\n", ", ")
        yield f"{name}: gain {gain:+.3f}, interval {low:+.3f} to {high:+.3f}, {decision}"
    assert 0 in {line.get_xdata()[0] for line in upright(ax) if inked(line, GREY)}
    yield f"margin of {the_margin(ax):g} and zero"


def paired_clouds(fig: Figure) -> Iterator[str]:
    for ax in fig.axes:
        (line,) = (line for line in ax.lines if inked(line, GOOD))
        (start, margin), slope = line.get_xy1(), line.get_slope()
        assert (start, slope) == (0, 1)
        yield f"the gain is {margin:g} points."
        word = said(ax, f"margin {margin:g}")
        assert inked(word, GOOD) and word.xy[1] - word.xy[0] == pytest.approx(margin)
        enough, few = (line for line in ax.lines if line.get_marker() == "o")
        assert inked(enough, MAIN) and inked(few, BAD)
        gains = [np.subtract(*part.get_data()[::-1]) for part in (enough, few)]
        assert (gains[0] > margin - 1e-9).all() and (gains[1] < margin - 1e-9).all()
        among, every = len(gains[1]), np.concatenate(gains)
        ends = f"gains of {every.min():+.3f} to {every.max():+.3f} points"
        yield f"{ax.get_title(loc='left')}: {ends}, {among:,} of {len(every):,} below it"


def saved_and_refused(fig: Figure) -> Iterator[str]:
    ax = fig.axes[0]
    words = [text for text in ax.texts if text.get_text()[0].isdigit()]
    halves = zip(words, ax.patches[::2], ax.patches[1::2], strict=True)
    told: dict[float, list[str]] = {}
    for word, chosen, rest in halves:
        sign = 1 if chosen.get_width() + rest.get_width() > 0 else -1
        ink, of = {1: (GOOD, "good ones"), -1: (BAD, "others")}[sign]
        ends = (chosen.get_width(), rest.get_x() + rest.get_width())
        promoted, everyone = (round(sign * end) for end in ends)
        assert chosen.get_x() == 0 and rest.get_x() == chosen.get_width()
        assert inked(chosen, ink) and to_hex(rest.get_facecolor()) == tint(ink, 0.2)
        assert word.get_text() == f"{promoted:,} of {everyone:,}" and inked(word, ink)
        middle = rest.get_y() + rest.get_height() / 2
        assert word.xy == (sign * everyone, pytest.approx(middle))
        told.setdefault(word.xy[1], []).append(f"{word.get_text()} {of}")
    assert list(told) == list(ax.get_yticks())
    for name, parts in zip(names(ax), told.values(), strict=True):
        yield f"{name}: {', '.join(parts)}"
    for start, ink in (("truly at", GOOD), ("truly below", BAD)):
        assert inked(said(ax, start), ink) and said(ax, start).xy[0] == 0


def worst_promotions(fig: Figure) -> Iterator[str]:
    ax = fig.axes[0]
    (promised,) = level(ax)
    yield f"an interval of {100 - 2 * promised:.4g}% confidence"
    yield f"; {promised:.4g}% is promised."
    (kept,) = ax.patches
    assert inked(kept, GOOD) and (kept.get_y(), kept.get_height()) == (0, promised)
    word = said(ax, "promised")
    assert word.get_text() == f"promised: at most {promised:.4g}%" and word.xy[1] == 0
    lines = [line for line in wide(ax, 1.8) if len(line.get_xdata()) > 1]
    ends = {text.get_text(): text for text in ax.texts if text.get_weight() == "bold"}
    heights = {text.get_position()[1]: name for name, text in ends.items()}
    ranked = [heights[height] for height in sorted(heights)]
    single = iter(marks(ax, "oX"))
    for name, line in zip(_named(lines, ranked), lines, strict=True):
        n, rates = line.get_data()
        over = rates > promised
        ink = BAD if over.any() else GOOD
        assert inked(line, ink) and inked(ends[name], ink)
        for place, broken in zip(zip(n, rates, strict=True), over, strict=True):
            mark = next(single)
            assert at(mark) == place and mark.get_marker() == ("X" if broken else "o")
            assert inked(mark, BAD if broken else GOOD)
        told = ", ".join(f"{rate:.2f}% on {size:,}" for size, rate in zip(n, rates, strict=True))
        yield f"{name}: {told}"
    assert next(single, None) is None


def _named(lines: list[Line2D], ranked: list[str]) -> list[str]:
    """The names of lines, from those beside their ends, told from the lowest to the highest."""
    order = np.argsort([line.get_ydata()[-1] for line in lines], kind="stable")
    return [ranked[place] for place in np.argsort(order)]


def level_of(line: Line2D) -> float | None:
    return float(line.get_ydata()[0]) if list(line.get_xdata()) == [0, 1] else None


def saving_lines(fig: Figure) -> Iterator[str]:
    ax = fig.axes[0]
    least, most = ax.get_ylim()
    yield f" on an axis from {least:,.0f} to {most:,.0f}."
    anyway, alone = (
        next(line for line in ax.lines if inked(line, ink) and spans(line)[0] == [0, 1])
        for ink in (ASIDE, MAIN)
    )
    keys = {line.get_xdata()[0]: line for line in ax.lines if line.get_ydata()[0] == 0.955}
    named = {"training alone": alone, "training, then checks": anyway}
    for (_, key), (name, line) in zip(sorted(keys.items()), named.items(), strict=True):
        assert key.get_linestyle() == line.get_linestyle()
        assert same_color(key.get_color(), line.get_color())
        assert inked(said(ax, name), line.get_color())
        assert key.get_xdata()[1] < said(ax, name).get_position()[0]
    (low, high), (zero, rise) = (spans(line)[1] for line in (alone, anyway))
    assert zero == 0 and rise == pytest.approx(high - low)
    yield f"training alone a line from {low:,.2f} to {high:,.2f}; "
    yield f"training, then checks, a line from 0 to {rise:,.2f}."
    (disc,) = marks(ax, "o")
    rate, height = at(disc)
    saved = low + rate * (high - low)
    assert height == pytest.approx(np.clip(saved, least, most)) and inked(disc, MAIN)
    outcome = f"saves {saved:,.2f}" if saved > 0 else f"costs {-saved:,.2f} more"
    outcome = "breaks even" if abs(saved) < 1e-9 else outcome
    beyond = {least: "\N{DOWNWARDS ARROW} ", most: "\N{UPWARDS ARROW} "}.get(height, "")
    assert bold(ax) == [f"{beyond}{100 * rate:.4g}%: {outcome}"]
    yield f" At the marked {100 * rate:.4g}%: {outcome} and "
    (bar,) = wide(ax, 4)
    assert spans(bar) == ([rate, rate], [0, height])
    assert same_color(bar.get_color(), GOOD if saved > 0 else BAD)
    yield from _crossing(ax, low, high) or ["it never reaches zero"]
    yield f" in {ax.get_ylabel().rpartition('(')[2][:-1]} by checks first"
    for window in fig.axes[1:]:
        yield _enlarged(window, low, rise)


def _enlarged(ax: Axes, low: float, rise: float) -> str:
    """The window shows the same two lines, as far as it reaches."""
    near = ax.get_xlim()[1]
    for ink, start in ((ASIDE, 0), (MAIN, low)):
        (line,) = (one for one in ax.lines if inked(one, ink))
        assert spans(line) == ([0, near], pytest.approx([start, start + rise * near]))
        assert ax.get_ylim()[0] <= start
    even = [(-low / rise, 0)] if -low / rise < near else []
    assert [at(mark) for mark in marks(ax, "D")] == even
    return f" A window enlarges catch rates up to {100 * near:.4g}%."


def _crossing(ax: Axes, low: float, high: float) -> list[str]:
    diamonds = marks(ax, "D")
    assert len(diamonds) == (low <= 0 <= high)
    for even, height in map(at, diamonds):
        assert height == 0 == pytest.approx(low + even * (high - low), abs=1e-9)
        assert said(ax, "even").get_text() == f"even at {100 * even:.4g}%"
    return [f"it crosses zero at a catch rate of {100 * at(mark)[0]:.4g}%. " for mark in diamonds]


def order_costs(fig: Figure) -> Iterator[str]:
    ax = fig.axes[0]
    costs, ranks = next(line for line in ax.lines if len(line.get_xdata()) > 1).get_data()
    assert (np.diff(costs) >= 0).all() and list(ranks) == list(range(1, len(costs) + 1))
    yield f" in {ax.get_xlabel().rpartition('(')[2][:-1]} for"
    yield f"all {len(costs)} orders, sorted, from {costs[0]:,.2f} to {costs[-1]:,.2f}"
    for mark, words in zip(marks(ax), bold(ax), strict=True):
        cost, rank = at(mark)
        assert costs[int(rank) - 1] == pytest.approx(cost)
        assert words == f"{words.rpartition(':')[0]}: {cost:,.2f}"
        assert (mark.get_marker() == "o") == (cost == costs[0])
        assert inked(mark, GOOD if cost == costs[0] else BAD)
        yield f"{words.rpartition(':')[0]}, {cost:,.2f}"


def source_spread(fig: Figure) -> Iterator[str]:
    churn, accuracy = fig.axes
    (key,) = fig.legends
    (whole, words), (part, of) = zip(key.legend_handles, key.get_texts(), strict=True)
    assert inked(whole, MAIN) and words.get_text() == "all rows" and inked(part, BAD)
    yield of.get_text().replace("slice:", "slice is") + "."
    drawn_lines = [line for line in accuracy.lines if len(line.get_xdata()) == 2]
    for y, name in enumerate(names(churn)):
        whole, part = drawn_lines[2 * y : 2 * y + 2]
        assert same_color(whole.get_color(), MAIN) and same_color(part.get_color(), BAD)
        said = [_from_to(line) for line in (churn.lines[y], whole, part)]
        yield f"churn {said[0]}, accuracy {said[1]} on all rows and {said[2]} on the slice"
        yield f"{name}: "


def _from_to(line: Line2D) -> str:
    low, high = (f"{end:.1f}%" for end in line.get_xdata())
    return low if low == high else f"{low} to {high}"


def churn_edge(fig: Figure) -> Iterator[str]:
    (ax,) = fig.axes
    lines = [line for line in ax.lines if line.get_linestyle() == "-"]
    dots = [line for line in ax.lines if line.get_marker() == "."]
    keys = {line.get_marker(): line for line in ax.lines if line not in (*lines, *dots)}
    assert len(lines) + len(dots) + len(keys) == len(ax.lines)
    heights = [text.get_position()[1] for text in ax.texts]
    assert heights == sorted(heights, reverse=True)
    assert 1 <= len(lines) == len(ax.texts)
    for line, ink in zip(lines, (BAD, MAIN, INK, APART), strict=False):
        (name,) = (text for text in ax.texts if inked(text, ink))
        assert inked(line, ink) and inked(key := keys[line.get_marker()], ink)
        assert key.get_ydata()[0] == name.get_position()[1]
        means = dict(zip(*spans(line), strict=True))
        own = [dot for dot in dots if same_color(dot.get_color(), line.get_color())]
        for dot in own:
            (rate,), runs = {*map(float, dot.get_xdata())}, dot.get_ydata()
            assert means[rate] == pytest.approx(np.mean(runs))
        assert len(own) == len(means)
        told = ", ".join(f"{mean:.2f}% at {rate:g}" for rate, mean in means.items())
        yield f"{name.get_text()}: {told}"


def null_candidates(fig: Figure) -> Iterator[str]:
    assert fig.get_supylabel() == "share of null candidates (%)"
    axes = fig.axes
    assert len({ax.get_xlim() for ax in axes}) == 1
    for ax in axes:
        (margin,) = upright(ax)
        asked = float(margin.get_xdata()[0])
        won = 0.0
        for bar in ax.patches:
            beyond = bar.get_x() > asked - 0.5
            assert inked(bar, BAD if beyond else PASSED_OVER)
            won += bar.get_height() * beyond
        assert sum(bar.get_height() for bar in ax.patches) == pytest.approx(100)
        assert any(bar.get_x() == asked for bar in ax.patches) and asked % 1 == 0.5
        name, wins = (text.get_text() for text in ax.texts)
        assert wins == f"{won:.2f}% win"
        yield f"{name}: "
        yield f", and {wins}."


def best_of_k(fig: Figure) -> Iterator[str]:
    measured, true = fig.axes[0].lines
    assert inked(measured, BAD) and inked(true, MAIN)
    for k, m, t in zip(measured.get_xdata(), measured.get_ydata(), true.get_ydata(), strict=True):
        yield f"k = {k}: {m:.2f}% and {t:.2f}%"
    _names_end_where_curves_end(fig.axes[0], {"on the holdout": measured, "in truth": true})


def worn_out(fig: Figure) -> Iterator[str]:
    ax = fig.axes[0]
    measured, true = wide(ax, 2.6)
    assert inked(measured, BAD) and inked(true, MAIN)
    ends = [line.get_ydata()[[0, -1]] for line in (measured, true)]
    yield f"from {ends[0][0]:.2f}% up to {ends[0][1]:.2f}%"
    yield f"from {ends[1][0]:.2f}% down to {ends[1][1]:.2f}%"
    yield f"scores {level(ax)[0]:.2f}%."
    each = [line for line in wide(ax, 0.8) if line.get_color() == measured.get_color()]
    yield f"{len(each)} models over {measured.get_xdata()[-1]:,} tries"
    _names_end_where_curves_end(ax, {"on the holdout": measured, "in truth": true})


def _names_end_where_curves_end(ax: Axes, curves: dict[str, Line2D]) -> None:
    ends = {text.get_text(): text.xy for text in ax.texts if text.get_weight() == "bold"}
    assert set(ends) == set(curves)
    for name, curve in curves.items():
        assert ends[name] == pytest.approx((curve.get_xdata()[-1], curve.get_ydata()[-1]))
        assert inked(said(ax, name), curve.get_color())


def corrected(fig: Figure) -> Iterator[str]:
    ax = fig.axes[0]
    each = marks(ax, "oX")
    for ring, mark, label in zip(each[::2], each[1::2], names(ax), strict=True):
        (alone, y), (adjusted, same_y) = at(ring), at(mark)
        assert y == same_y and alone <= adjusted
        name, _, gain = label.replace("−", "-").rpartition(" (")
        said = f"{name}, {gain[:-1]} points"
        yield f"{said}: {alone:.2g}, adjusted {adjusted:.2g}" if alone > 0.0001 else said
        accent = float(upright(ax)[0].get_xdata()[0])
        lost = adjusted <= accent and gain.startswith("-")
        assert mark.get_marker() == ("X" if lost else "o")
        found = BAD if lost else MAIN
        ink = GREY if adjusted > accent else found
        assert inked(mark, ink) and same_color(ring.get_markeredgecolor(), ink)
        assert same_color(ring.get_markerfacecolor(), "white") and ring.get_zorder() < 4
        assert ([alone, adjusted], [y, y]) in [spans(line) for line in ax.lines if inked(line, ink)]
    (shade,) = ax.patches
    ends = ax.transData.transform([(ax.get_xlim()[0], 0), (accent, 0)])[:, 0]
    assert [shade.get_extents().x0, shade.get_extents().x1] == pytest.approx(list(ends))
    assert inked(shade, GREY) and inked(upright(ax)[0], GREY)
    yield f"adjusted by Holm over {len(each) // 2} slices; the level is {accent:g}"


# From box to box; an arrow that turns on its way starts at a corner, which is no box.
ARROWS = [
    ("", "cheap checks"),
    ("cheap checks", "distributed training"),
    ("distributed training", "evaluation gate"),
    ("evaluation gate", ""),  # blocked
    ("evaluation gate", "bundle + registry"),
    ("bundle + registry", "canary/shadow"),
    ("canary/shadow", "staged rollout"),
    ("staged rollout", "fleet"),
    ("staged rollout", "automatic rollback"),
    ("", "fleet"),
    ("fleet", "drift monitor"),
    ("", "triggers"),
]


def _joins(arrow: FancyArrowPatch) -> tuple[str, str]:
    return tuple(
        next((box.name for box in BOXES if abs(box.x - x) <= 75 and abs(box.y - y) <= 33), "")
        for x, y in arrow._posA_posB
    )


def pipeline(fig: Figure) -> Iterator[str]:
    ax = fig.axes[0]
    boxes = [patch for patch in ax.patches if isinstance(patch, FancyBboxPatch)]
    lit = []
    for box, patch in zip(BOXES, boxes, strict=True):
        x, y = patch.get_x() + patch.get_width() / 2, patch.get_y() + patch.get_height() / 2
        assert box.words in {text.get_text() for text in ax.texts if text.get_position() == (x, y)}
        (word,) = (text for text in ax.texts if text.get_position() == (x, y))
        on = word.get_weight() == "bold"
        lit += [box.name] if on else []
        face, edge = (to_hex(ink) for ink in (patch.get_facecolor(), patch.get_edgecolor()))
        assert (face, edge) == (LIT if on else BOX)
        yield f"{box.name} {box.lessons}".rstrip()
        corner = (patch.get_x() + patch.get_width() - 6, patch.get_y())
        badges = [text for text in ax.texts if text.get_position() == corner]
        assert [text.get_text() for text in badges] == [box.lessons] * bool(box.lessons)
        assert all(inked(text.get_bbox_patch(), BADGE) for text in badges)
    arrows = [patch for patch in ax.patches if isinstance(patch, FancyArrowPatch)]
    assert sorted(map(_joins, arrows)) == sorted(ARROWS)
    yield f" Lit up: {', '.join(lit)}." if lit else "the whole loop 10."


def intervals_panel(fig: Figure) -> Iterator[str]:
    ax = fig.axes[0]
    (bar,) = wide(ax, 6)
    (low, high), (decision, *_) = bar.get_xdata(), bold(ax)
    ink = DECISIONS[decision.lower()][1]
    assert inked(bar, ink) and inked(said(ax, decision), ink)
    the_distribution(ax, low, high)
    yield f"margin {the_margin(ax):g}, "
    yield f"interval {low:+.3f} to {high:+.3f}"
    yield f": {decision.lower()}."
    assert ax.get_xlim() == (-3, 3), "a held axis: narrower looks narrower"
    if outline := wide(ax, 1.5):
        (was,), (edge,) = wide(ax, 2.5), outline
        assert inked(was, PALE) and inked(edge, PALE)
        start, (left, right) = said(ax, "grey: the start, ").get_text(), was.get_xdata()
        rows = start.removeprefix("grey: the start, ")
        yield f"the start, {rows}, interval {left:+.3f} to {right:+.3f}."
        assert left < edge.get_xdata()[edge.get_ydata().argmax()] < right
    _arrows_where_bars_end_beyond(ax)
    dashed = next(line for line in ax.lines if line.get_linewidth() == 1.2)
    yield f"true gain {dashed.get_xdata()[0]:g}:"
    true_gain = said(ax, f"true gain {dashed.get_xdata()[0]:g}")
    assert true_gain.xy[0] == dashed.get_xdata()[0]
    ladder = marks(ax, "oX")
    held = sum(mark.get_marker() == "o" for mark in ladder)
    if ladder:
        yield f"the last {len(ladder)} intervals, {held or 'none'} hold"
    bars = [line for width in (2, 3.2) for line in wide(ax, width) if len(line.get_xdata()) == 2]
    bars.sort(key=lambda bar: -bar.get_ydata()[0])  # from the newest down
    for bar, mark in zip(bars, ladder, strict=True):
        (low, high), true = bar.get_xdata(), dashed.get_xdata()[0]
        holds = low <= true <= high
        assert mark.get_marker() == ("o" if holds else "X")
        assert inked(mark, HOLDS if holds else BAD) and inked(bar, HOLDS if holds else BAD)
        assert at(mark)[1] == bar.get_ydata()[0]
        assert at(mark)[0] == pytest.approx((low + high) / 2, abs=0.2 * (high - low) + 1e-9)


def _arrows_where_bars_end_beyond(ax: Axes) -> None:
    """Each bar that reaches beyond an edge has an arrow there in its own ink, and no other has."""
    bars = [
        bar for width in (6, 2.5, 2, 3.2) for bar in wide(ax, width) if len(bar.get_xdata()) == 2
    ]
    wanted = {
        (edge, bar.get_ydata()[0], to_hex(bar.get_color()))
        for bar in bars
        for edge, end, sign in zip(ax.get_xlim(), bar.get_xdata(), (-1, 1), strict=True)
        if sign * (end - edge) > 0
    }
    found = {(*at(mark), to_hex(mark.get_color())) for mark in marks(ax, "<>")}
    assert found == wanted


def noise_panel(fig: Figure) -> Iterator[str]:
    top, bottom = fig.axes
    assert top.get_position().y0 > bottom.get_position().y1
    assert top.get_xlim() == bottom.get_xlim()
    reference, other, apart = top.lines
    (churn,) = bottom.lines
    inks = {"loss, reference": MAIN, "loss, other run (dashed)": BAD}
    inks["difference of the two losses"] = APART
    for line, (words, ink) in zip(top.lines, inks.items(), strict=True):
        assert inked(line, ink) and inked(said(top, words), ink)
    assert inked(churn, INK) and inked(said(bottom, "churn, now"), INK)
    assert other.is_dashed() and not reference.is_dashed()
    # The mean of distances is no less than the distance of means.
    least = np.abs(reference.get_ydata() - other.get_ydata())
    assert (np.nan_to_num(apart.get_ydata()) >= least * (1 - 1e-6) - 1e-12).all()
    none = np.isnan(apart.get_ydata()).all()
    assert said(top, "difference").get_text().endswith("(none)") == none
    yield f"losses end at {reference.get_ydata()[-1]:.3f} and {other.get_ydata()[-1]:.3f}"
    shares = churn.get_ydata()
    assert bottom.get_ylim()[0] < shares.min() and shares.max() < bottom.get_ylim()[1]
    yield f"churn at {shares[-1]:.1f}%, having been at most {shares.max():.1f}% from step "
    assert f"churn, now {shares[-1]:.1f}%" in bold(bottom)
    yield f"over {churn.get_xdata()[-1]:,} steps"


def slices_panel(fig: Figure) -> Iterator[str]:
    ax = fig.axes[0]
    (k, false), (_, missed) = (at(mark) for mark in marks(ax, "oX"))
    yield f"Marked: {k:.0f} slice{'s' * (k != 1)}, {false:.0f}% false alarms, {missed:.0f}% missed"
    assert bold(ax) == [f"{false:.0f}%", f"{missed:.0f}%"]
    (rule,) = (line for line in ax.lines if inked(line, RULE))
    assert list(rule.get_ydata()) == [100 * LEVEL] * 2
    pair = [line for line in ax.lines if len(line.get_xdata()) > 2]
    curves = [line.get_data() for line in pair]
    ends = {"false alarms": BAD, "missed": MAIN}
    for (name, ink), line, mark in zip(ends.items(), pair, marks(ax, "oX"), strict=True):
        assert inked(line, ink) and inked(mark, ink)
        assert said(ax, name).get_position()[1] == pytest.approx(line.get_ydata()[-1], abs=3.5)
    (counts, falses), (_, misses) = curves
    for at_k in (1, 20, 40):
        place = list(counts).index(at_k)
        yield f"{at_k}: {falses[place]:.0f}% and {misses[place]:.0f}%"


def stream_weeks(fig: Figure) -> Iterator[str]:
    ax = fig.axes[0]
    served = next(line for line in wide(ax, 2.6) if len(line.get_xdata()) == 24)
    weeks, loss = served.get_data()
    assert inked(served, MAIN)
    yield f"What served loses {loss.mean():.4f} on average, at most {loss.max():.3f} in week "
    yield f"{loss.max():.3f} in week {weeks[loss.argmax()]}"
    still = next(line for line in wide(ax, 1.6) if len(line.get_xdata()) == 24)
    assert inked(still, GREY)
    yield f"never retrained, {still.get_ydata().mean():.4f}"
    apart = loss - still.get_ydata()
    areas = {to_hex(area.get_facecolor()[0], keep_alpha=False) for area in ax.collections}
    assert areas == {
        to_hex(ink) for ink, any_ in ((GOOD, apart < 0), (BAD, apart > 0)) if any_.any()
    }
    across = [height for height in level(ax) if height > 0.4]
    yield f"The limit is {across[0]:.3f}." if across else "There is no limit."
    for limit in across:
        assert box_of(said(ax, f"limit {limit:.3f}")).y0 == pytest.approx(limit, abs=0.02)
        assert inked(next(line for line in ax.lines if level_of(line) == limit), BAD)
    assert all(inked(mark, ASIDE) for mark in marks(ax, "^"))
    for mark in marks(ax, "oX"):
        assert inked(mark, GOOD if mark.get_marker() == "o" else BAD)
    lanes = [spans(line) for line in wide(ax, 2) if inked(line, PALE)]
    for ((start, end), (y, same)), mark in zip(lanes, marks(ax, "^"), strict=True):
        assert (start, y) == at(mark) and y == same and end >= start
        assert end == weeks[-1] + 1 or (end, y) in map(at, marks(ax, "oX"))
    verdicts = {at(mark)[1]: [] for mark in marks(ax, "^")}
    for mark in marks(ax, "oX"):
        verdicts[at(mark)[1]].append((at(mark)[0], mark.get_marker()))
    for mark in marks(ax, "^"):
        trained, lane = at(mark)
        after = [found for found in verdicts[lane] if found[0] > trained]
        told = "never judged"
        if after:
            judged, marker = min(after)
            told = f"{'promoted' if marker == 'o' else 'not promoted'} after week {judged:.0f}"
        yield f"trained after week {trained:.0f}, {told}"
    ticks = next(line for line in ax.lines if line.get_marker() == "|")
    rung = ", ".join(f"{week:.0f}" for week in ticks.get_xdata()) or "none"
    assert inked(ticks, ASIDE) and set(ticks.get_ydata()) <= set(level(ax))
    yield f"Weeks with a signal: {rung}. Candidates"
    assert {at(mark)[0] for mark in marks(ax, "^")} <= set(ticks.get_xdata())
    saved, regret = sorted(bold(ax), key=lambda words: words.endswith("regret"))
    yield f"It {saved} against never retraining; regret {regret.removesuffix(' of regret')}."


def successions(fig: Figure) -> Iterator[str]:
    ax = fig.axes[0]
    for line, name, ink in zip(ax.lines, ("latest", "with an anchor"), (BAD, MAIN), strict=True):
        assert inked(line, ink) and inked(said(ax, name), ink)
        assert said(ax, name).xy == (line.get_xdata()[-1], line.get_ydata()[-1])
    plain, anchored = (line.get_ydata() for line in ax.lines)
    yield f"over {len(plain) - 1} candidates, from {plain[0]:.1f}%"
    yield f"only it ends at {plain[-1]:.1f}%, {plain[0] - plain[-1]:.1f} points lost"
    yield f"an anchor at {anchored[-1]:.1f}%, {plain[0] - anchored[-1]:.1f} points lost"
    assert [said.split("\n")[1] for said in bold(ax)] == [
        f"{plain[0] - line[-1]:.1f} points lost" for line in (plain, anchored)
    ]


def false_alarms(fig: Figure) -> Iterator[str]:
    ax = fig.axes[0]
    words = [text.get_text() for text in ax.get_legend().get_texts()]
    for word, line, dots in zip(words, ax.lines[::2], ax.lines[1::2], strict=True):
        assert list(line.get_xdata()) == list(dots.get_xdata())
        pairs = zip(*line.get_data(), dots.get_ydata(), strict=True)
        told = [
            f"{rate:.0f}% of the time at {n:,} rows (simulated {seen:.0f}%)"
            for n, rate, seen in pairs
        ]
        yield f"{word}: {told[0]}"
        yield ", ".join(told)


def damage_matrix(fig: Figure) -> Iterator[str]:
    ax = fig.axes[0]
    checks = [label.get_text() for label in ax.get_xticklabels()]
    lit = [(at(mark), mark.get_marker(), mark.get_color()) for mark in marks(ax, "sX")]
    harms = {text.get_position()[1]: text.get_text() for text in ax.texts}
    for y, label in enumerate(ax.get_yticklabels()):
        name, here = label.get_text(), [found for found in lit if found[0][1] == y]
        failed = [checks[round(x)] for (x, _), _, _ in here]
        control = name == "undamaged"
        for _, marker, ink in here:
            assert marker == ("X" if control else "s") and same_color(ink, BAD if control else MAIN)
        assert (label.get_weight() == "bold") == (control == bool(failed))
        said = f"{name}: {', '.join(failed) or 'nothing'}"
        if y in harms:
            number = harms[y].replace("\N{MINUS SIGN}", "-")
            said += f", harm {number} nats"
        yield said


def check_sizes(fig: Figure) -> Iterator[str]:
    ax = fig.axes[0]
    checks = names(ax)
    for name, untouched, damaged in zip(checks, marks(ax, "oX"), marks(ax, "s"), strict=True):
        assert [checks[round(at(mark)[1])] for mark in (untouched, damaged)] == [name, name]
        assert untouched.get_marker() == ("X" if at(untouched)[0] > 1 else "o")
        for mark, ink in ((untouched, BAD), (damaged, MAIN)):
            assert same_color(mark.get_color(), ink if at(mark)[0] > 1 else PALE)
        yield f"{name} {_ratio(at(damaged)[0])} (undamaged {_ratio(at(untouched)[0])})"
    *lines, outcome = (text.get_text() for text in ax.texts)
    yield f"{'; '.join(lines)}: {outcome}."


def _ratio(x: float) -> str:
    if x <= 0.02:
        return "at most 0.02"
    return "at least 50" if x >= 50 else f"{x:.2f}"


Place = tuple[float, float]


@dataclass(frozen=True)
class Road:
    """An arrow of the picture of states: from where to where, by which corners, in which ink."""

    start: str
    end: str
    path: tuple[Place, ...]
    ink: str

    @property
    def legs(self) -> list[tuple[Place, Place]]:
        return list(itertools.pairwise(self.path))

    def meets(self, leg: tuple[Place, Place]) -> bool:
        """Whether a leg lies on one of this road's for more than a point."""
        return any(_overlap(leg, own) for own in self.legs)


def _overlap(a: tuple[Place, Place], b: tuple[Place, Place]) -> bool:
    for along, across in ((0, 1), (1, 0)):
        if len({p[across] for p in (*a, *b)}) == 1:
            (low, high), (least, most) = (sorted(p[along] for p in leg) for leg in (a, b))
            return min(high, most) - max(low, least) > 1
    return False


def _state_boxes(ax: Axes) -> dict[str, Bbox]:
    """The states of a rollout and where they are drawn, in the units of the axes."""
    centres = {text.get_position(): text.get_text() for text in ax.texts}
    found = {}
    for patch in (patch for patch in ax.patches if isinstance(patch, FancyBboxPatch)):
        x, y, width, height = patch.get_x(), patch.get_y(), patch.get_width(), patch.get_height()
        found[centres[x + width / 2, y + height / 2]] = Bbox.from_bounds(x, y, width, height)
    return found


def state_roads(ax: Axes) -> list[Road]:
    """Every arrow, followed back over the line before it to the box from which it comes."""
    boxes, roads = _state_boxes(ax), []
    corners = [list(zip(*spans(line), strict=True)) for line in ax.lines]

    def at_edge(place: Place) -> str:
        (name,) = (n for n, box in boxes.items() if box.padded(1).contains(*place))
        assert not boxes[name].padded(-1).contains(*place)
        return name

    for arrow in (patch for patch in ax.patches if isinstance(patch, FancyArrowPatch)):
        tail, tip = (tuple(map(float, place)) for place in arrow._posA_posB)
        before = [line for line in corners if line[-1] == tail]
        for line in before[:1]:
            corners.remove(line)
        path = (*(before[0] if before else [tail]), tip)
        ink = next(i for i in (GOOD, BAD, ASIDE, GREY, ROAD) if to_hex(i) == _edge_of(arrow))
        roads.append(Road(at_edge(path[0]), at_edge(tip), path, ink))
    assert corners == [], "a line that leads to no arrow"
    return roads


def _edge_of(patch: Patch) -> str:
    return to_hex(patch.get_edgecolor())


def state_words(ax: Axes, roads: list[Road]) -> dict[tuple[str, str], str]:
    """{(state, next): events}: each text belongs to the road whose own part it stands beside; where
    two use one, to the one that leaves the state that is nearer.
    """
    boxes, found = _state_boxes(ax), {}
    for text in (text for text in ax.texts if text.get_text() not in boxes):
        place = box_of(text)
        beside = [
            road
            for road in roads
            if inked(text, road.ink) and any(_near(place, leg) for leg in _own(road, roads))
        ]
        assert len({frozenset((road.start, road.end)) for road in beside}) == 1, text.get_text()
        middle = (place.y0 + place.y1) / 2
        nearest = min(beside, key=lambda road: abs(road.path[0][1] - middle))
        assert (nearest.start, nearest.end) not in found
        found[nearest.start, nearest.end] = " ".join(text.get_text().split())
    assert set(found) == {(road.start, road.end) for road in roads}
    return found


def _own(road: Road, roads: list[Road]) -> list[tuple[Place, Place]]:
    """The legs of a road that no road between other states uses as well."""
    ends = {road.start, road.end}
    others = [other for other in roads if {other.start, other.end} != ends]
    return [leg for leg in road.legs if not any(other.meets(leg) for other in others)]


def _near(box: Bbox, leg: tuple[Place, Place]) -> bool:
    """Whether a text stands beside a leg: not on it, and not further than its arc or a little."""
    (x0, y0), (x1, y1) = leg
    low, high = sorted((box.y0, box.y1))
    aside = max(min(x0, x1) - box.x1, box.x0 - max(x0, x1), 0)
    away = max(min(y0, y1) - high, low - max(y0, y1), 0)
    return 0 < max(aside, away) < (20 if abs(x1 - x0) < 30 and y0 == y1 else 10)


def rollout_states(fig: Figure) -> Iterator[str]:
    ax = fig.axes[0]
    roads = state_roads(ax)
    words = state_words(ax, roads)
    inks = {"rolled back": BAD, "aborted": ASIDE, "paused": GREY}
    for road in roads:
        loop = road.start == road.end
        ink = GREY if road.start == "paused" else GOOD
        assert road.ink == (ROAD if loop else inks.get(road.end, ink)), road
        events = words[road.start, road.end].removesuffix(", where no stage is planned")
        past = (road.start, road.end) == ("canary", "fleet")
        assert past == (events != words[road.start, road.end])
        yield f"{road.start} to {road.end}: {events}"
    boxes = [patch for patch in ax.patches if isinstance(patch, FancyBboxPatch)]
    for name, patch in zip(_state_boxes(ax), boxes, strict=True):
        on = said(ax, name).get_weight() == "bold"
        assert (to_hex(patch.get_facecolor()), _edge_of(patch)) == (LIT if on else BOX)
        yield f" It is {name} now." if on else name


def look_bounds(fig: Figure) -> Iterator[str]:
    ax = fig.axes[0]
    bold_words = [text for text in ax.texts if text.get_weight() == "bold"]
    samples = marks(ax, "Xs^o")
    looks = [float(tick) for tick in ax.get_xticks()]
    pairs = [line for line in wide(ax, 2) if len(line.get_xdata()) == len(looks)]
    leaders = [line for line in wide(ax, 0.8) if len(line.get_xdata()) == 2]
    styles, ends = set(), []
    for i, (word, sample, leader) in enumerate(zip(bold_words, samples, leaders, strict=True)):
        (across, up), (_, down) = (spans(line) for line in pairs[2 * i : 2 * i + 2])
        assert across == looks and down == [-bound for bound in up] and min(up) > 0
        assert {line.get_marker() for line in pairs[2 * i : 2 * i + 2]} == {sample.get_marker()}
        for artist in (word, sample, leader, *pairs[2 * i : 2 * i + 2]):
            assert inked(artist, (BAD, MAIN, ASIDE, GOOD)[i])
        (x, to), (y, name_y) = spans(leader)
        assert (x, y) == (looks[-1], up[-1]) and name_y == at(sample)[1] == word.get_position()[1]
        assert to <= at(sample)[0] < word.get_position()[0]
        styles.add(str(pairs[2 * i]._unscaled_dash_pattern))
        ends.append((up[-1], name_y))
        yield f"{word.get_text()}: {', '.join(f'{bound:.2f}' for bound in up)}"
    assert len(styles) == len({mark.get_marker() for mark in samples}) == len(ends)
    assert [y for _, y in sorted(ends, key=lambda end: end[0])] == sorted(y for _, y in ends)
    paths = [spans(line) for line in ax.lines if len(line.get_xdata()) == len(looks) + 1]
    assert all(x == [0, *looks] and y[0] == 0 for x, y in paths)
    first, name = spans(pairs[0])[1], bold_words[0].get_text()
    out = [any(abs(z) > b for z, b in zip(y[1:], first, strict=True)) for _, y in paths]
    drawn_paths = [line for line in ax.lines if len(line.get_xdata()) == len(looks) + 1]
    for line, beyond in zip(drawn_paths, out, strict=True):
        assert inked(line, BAD if beyond else VOID) and line.get_linestyle() == "-"
    assert max(abs(z) for _, y in paths for z in y) < ax.get_ylim()[1] == -ax.get_ylim()[0]
    yield f"Z of {len(paths)} harmless rollouts at {len(looks)} looks, {looks[0]:,.0f} to "
    yield f"to {looks[-1]:,.0f} pairs. {sum(out)} of {len(paths)} are beyond"
    yield f"bound of the plan {name} at some look"


def requests_hurt(fig: Figure) -> Iterator[str]:
    ax = fig.axes[0]
    legend = ax.get_legend()
    ways = [text.get_text() for text in legend.get_texts()]
    looks = [(handle.get_marker(), handle.get_color()) for handle in legend.legend_handles]
    assert looks == list(zip("Xs^", (BAD, MAIN, ASIDE), strict=True))[: len(ways)]
    each = iter(zip(marks(ax, "Xs^"), wide(ax, 1.5), ax.texts, strict=True))
    (least, _), lanes = ax.get_xlim(), []
    assert ax.get_xscale() == "log" and "fewer than one" in ax.get_xlabel()
    for row, fault in enumerate(names(ax)):
        numbers = []
        for mark, ink in looks:
            point, stem, word = next(each)
            x, y = at(point)
            assert (point.get_marker(), point.get_color()) == (mark, ink) and round(y) == row
            assert spans(stem) == ([least, x], [y, y]) and inked(stem, RULE)
            assert word.xy == (x, y) and inked(word, ink) and word.get_position()[0] > 0
            number = word.get_text()
            assert number == f"{x:,.0f}" if x > least else number in ("0", "under 1")
            numbers.append(number)
            lanes.append(y)
        told = (f"{way} {number}" for way, number in zip(ways, numbers, strict=True))
        yield f"{fault}: {', '.join(told)}"
    assert next(each, None) is None
    assert lanes == sorted(lanes) and np.diff(lanes).min(initial=1) > 0.2
    yield f"{names(ax)[-1]}: {ways[0]} "


def rollout_minutes(fig: Figure) -> Iterator[str]:
    ax = fig.axes[0]
    flipped, hurt = wide(ax, 2.6)
    assert inked(flipped, BAD) and flipped.is_dashed() and inked(hurt, MAIN)
    assert not hurt.is_dashed() and ax.get_yscale() == "log"
    assert list(flipped.get_xdata()) == list(hurt.get_xdata())
    assert all((np.diff(line.get_ydata()) >= 0).all() for line in (flipped, hurt))
    steps, shades = _named_steps(ax)
    for name, start, end in steps:
        yield f"{name} from minute {start:.0f} to {end:.0f}"
    assert shades == [to_hex(i) for i in (VOID, "white")] * (len(steps) // 2) + [to_hex(VOID)] * (
        len(steps) % 2
    )
    (mark,) = marks(ax, "oX")
    assert at(mark) == (hurt.get_xdata()[-1], hurt.get_ydata()[-1])
    assert steps[-1][2] == at(mark)[0] and hurt.get_xdata()[0] == steps[0][1] == 0
    words, *flips = (text for text in ax.texts if text.get_weight() == "bold")
    where, number = re.fullmatch(r"(.+?)(?:\n|, )([\d,]+) hurt", words.get_text()).groups()
    kind = {"fleet": ("o", GOOD), "rolled back": ("X", BAD), "aborted": ("X", BAD)}
    mark_of, ink = kind.get(where, ("o", MAIN))
    assert mark.get_marker() == mark_of and inked(mark, ink) and inked(words, ink)
    assert number == _so_many(hurt)
    yield f"then {where}." if where in kind else f"still {where}."
    yield f"Hurt: {number}; by a flip of the whole fleet in the same time: {_so_many(flipped)}."
    assert [text.get_text() for text in flips] == [f"flip: {_so_many(flipped)}"] * bool(
        flipped.get_ydata()[-1] >= 1
    )
    for text, line in zip([words, *flips], (hurt, flipped), strict=False):
        box = text.get_window_extent()
        x, y = ax.transData.transform((line.get_xdata()[-1], line.get_ydata()[-1]))
        assert max(box.x0 - x, x - box.x1) > 5 and abs((box.y0 + box.y1) / 2 - y) < 45
        _covers_no_line(box, [flipped, hurt])
    assert all(inked(text, BAD) for text in flips)


def _named_steps(ax: Axes) -> tuple[list[tuple[str, float, float]], list[str]]:
    """(name, from, to) of each step, as its shade and the words above say; and the shades."""
    found, shades = [], []
    above = [text for text in ax.texts if text.get_transform() != ax.transAxes]
    for patch, word in zip(ax.patches, above, strict=True):
        start, end = patch.get_x(), patch.get_x() + patch.get_width()
        left, foot = word.get_position()
        late = (left - start) * ax.bbox.width / ax.get_xlim()[1]  # pixels
        assert 0 < late < (25 if len(found) < 3 else 90) and 1 < foot < 1.2
        found.append((word.get_text().replace("\n", " "), float(start), float(end)))
        shades.append(to_hex(patch.get_facecolor()))
    assert [start for _, start, _ in found[1:]] == [end for _, _, end in found[:-1]]
    return found, shades


def _so_many(line: Line2D) -> str:
    last = float(line.get_ydata()[-1])
    return f"{last:,.0f}" if last > 0.7 else "0"


def _covers_no_line(box: Bbox, lines: list[Line2D]) -> None:
    for line in lines:
        x, y = (np.array(part) for part in spans(line))
        points = line.axes.transData.transform(np.column_stack([x, y]))
        fine = np.linspace(points[:, 0].min(), points[:, 0].max(), 2000)
        heights = np.interp(fine, *points.T)
        inside = (fine > box.x0) & (fine < box.x1) & (heights > box.y0) & (heights < box.y1)
        assert not inside.any(), "words on a line"


# ---- lesson 09 ----


def said_in(patch: Patch, text: Text, held: bool = False) -> str:
    """What a cell says, with the ground and the edge that its words have."""
    said = text.get_text()
    ground, edge = to_hex(patch.get_facecolor()), to_hex(patch.get_edgecolor())
    worked, tried = map(int, re.findall(r"\d+", said)[:2]) if said != "not tried" else (0, 0)
    if worked and not held:
        assert ground == tint(BAD, 0.2 + 0.55 * worked / tried)
    elif "error" in said:
        assert (ground, edge) == (tint(ASIDE, 0.25), to_hex(ASIDE))
    else:
        assert (ground, edge) == (to_hex("white"), to_hex(GOOD if tried else RULE))
    return said.replace("\n", " (") + ")" * ("\n" in said)


def cells_of(ax: Axes) -> dict[tuple[int, int], str]:
    """{(column, row): what a cell says}."""
    found, columns, rows = {}, list(ax.get_xticks()), list(ax.get_yticks())
    for patch, text in zip(ax.patches, ax.texts, strict=True):
        x, y = text.get_position()
        assert (patch.get_x() + patch.get_width() / 2, patch.get_y() + patch.get_height() / 2) == (
            pytest.approx(x), pytest.approx(y)
        )  # fmt: skip
        found[columns.index(x), rows.index(y)] = said_in(patch, text)
    assert len(found) == len(columns) * len(rows)
    return found


def families_heat(fig: Figure) -> Iterator[str]:
    ax = fig.axes[0]
    families, cells = names(ax), cells_of(ax)
    for x, label in enumerate(ax.get_xticklabels()):
        each = (f"{family} {cells[x, y]}" for y, family in enumerate(families))
        yield f"{label.get_text()}: {', '.join(each)}".replace("\n", " ")
    yield f"{families[0]} {cells[0, 0]}, "


def candidate_parts(fig: Figure) -> Iterator[str]:
    ax = fig.axes[0]
    inside = [text for text in ax.texts if re.match(r"\d+ of \d+|not tried", text.get_text())]
    cells = [patch for patch in ax.patches if patch.get_linewidth() == 1.4]
    row_names = [text for text in ax.texts if text.get_position()[0] == 0.045]
    crosses = [at(mark)[1] for mark in marks(ax, "X") if at(mark)[0] == 0.015]
    rows: dict[float, dict[float, str]] = {}
    for patch, text in zip(cells, inside, strict=True):
        (x, y), middle = text.get_position(), patch.get_x() + patch.get_width() / 2
        assert (middle, patch.get_y() + patch.get_height() / 2) == (
            pytest.approx(x),
            pytest.approx(y),
        )
        held = to_hex(patch.get_facecolor()) == to_hex("white")
        assert (held or y in crosses) or x == min(rows.get(y, {x: ""}))
        rows.setdefault(y, {})[x] = said_in(patch, text, held)
    bounds = {y: re.search(r" \(≤ (.+?)\)", max(row.items())[1]) for y, row in rows.items()}
    for name in row_names:
        (_, baseline), (_, candidate) = sorted(rows[name.get_position()[1]].items())
        bound, lost = bounds[name.get_position()[1]], ""
        if bound is not None:
            candidate, lost = candidate.removesuffix(bound[0]), f", at most {bound[1]}"
        lost += ", does not hold" if name.get_position()[1] in crosses else ""
        yield f"{name.get_text()} {candidate} (baseline {baseline}){lost}"
    assert len(rows) == len(row_names) and len(crosses) == len(set(crosses))
    decided, alone = _decisions(ax)
    margin, gain = said(ax, "margin "), [t for t in ax.texts if " points, " in t.get_text()]
    (line,) = (line for line in wide(ax, 1.6) if line.is_dashed())
    number = margin.get_text().removeprefix("margin ").replace("−", "-")
    assert float(number) == pytest.approx(line.get_xdata()[0]) and inked(margin, GOOD)
    found = gain[0].get_text().replace("−", "-") if gain else "not measured"
    found = found.replace("points, ", "points, truly ")
    if gain:
        value, low, high = map(float, re.findall(r"[+-][\d.]+", found))
        assert spans(wide(ax, 4)[0])[0] == pytest.approx([max(low, -12), min(high, 36)], abs=0.051)
        assert at(alone[1])[0] == pytest.approx(value, abs=0.051)
        gone = {mark.get_marker(): at(mark)[0] for mark in marks(ax, "<>")}
        assert gone == {a: x for a, x, on in (("<", -12, low < -12), (">", 36, high > 36)) if on}
    yield f": {decided}. Gain in right answers {found}, margin {number}: {alone[0]}."
    unfit = [text for text in ax.texts if text.get_text() == "the judge fails its exam"]
    yield from ("The judge fails its exam: " for text in unfit if inked(text, BAD))


def _decisions(ax: Axes) -> tuple[str, tuple[str, Line2D | None]]:
    """The decision in words; that of the gain alone, and its mark."""
    word = next(t for t in ax.texts if t.get_text().lower() in DECISIONS)
    assert inked(word, DECISIONS[word.get_text().lower()][1])
    mark = next((mark for mark in marks(ax) if at(mark)[0] != 0.015), None)
    if mark is None:
        return word.get_text().lower(), ("block", None)
    alone = next(d for d, look in DECISIONS.items() if look[0] == mark.get_marker())
    assert inked(mark, DECISIONS[alone][1]) and inked(wide(ax, 4)[0], DECISIONS[alone][1])
    return word.get_text().lower(), (alone, mark)


EXAM = {"approved": ("o", GOOD), "refused": ("X", BAD), "in doubt": ("D", MAIN)}


def judge_exam(fig: Figure) -> Iterator[str]:
    judges, asked = flat_names(fig.axes[0]), []
    told = {name: [] for name in judges}
    for ax in fig.axes:
        measure, unit = re.fullmatch(r"(\w+)( \(%\))?", ax.get_xlabel()).groups()
        unit = 100 if unit else 1
        (line,) = (line for line in upright(ax) if line.is_dashed())
        bound = float(line.get_xdata()[0])
        word = said(ax, "asked: ")
        asked.append(f"{measure} {word.get_text().removeprefix('asked: ')}")
        assert float(word.get_text()[7:].removesuffix("%")) == pytest.approx(bound)
        bound /= unit
        numbers = [text for text in ax.texts if text.get_bbox_patch() is not None]
        each = iter(zip(wide(ax, 3.2), marks(ax, "oXD"), strict=False))
        for y, (name, text) in enumerate(zip(judges, numbers, strict=True)):
            told[name].append(f"{measure} {text.get_text().replace('−', '-')}")
            assert text.get_position()[1] == pytest.approx(y - 0.22)
            if text.get_text() == "not measured":
                assert inked(text, BAD)
                continue
            bar, mark = next(each)
            (low, high), at_y = spans(bar)
            kind, ink = EXAM["approved" if low >= bound * unit else "refused"]
            if low < bound * unit <= high:
                kind, ink = EXAM["in doubt"]
            assert mark.get_marker() == kind and all(inked(a, ink) for a in (bar, mark, text))
            assert at(mark)[1] == at_y[0] == pytest.approx(y + 0.14)
            form = "{:.2f}, {:.2f} to {:.2f}" if unit == 1 else "{:.0f}, {:.0f} to {:.0f}"
            assert text.get_text().replace("−", "-") == form.format(at(mark)[0], low, high)
    for text in fig.axes[0].texts:
        if text.get_color() == APART:
            (line,) = (line for line in fig.axes[0].lines if inked(line, APART))
            assert text.get_text().endswith(f" {line.get_xdata()[0]:.3f}")
            yield f"{text.get_text()}.".capitalize()
    verdicts = [text for text in fig.axes[-1].texts if text.get_text() in EXAM]
    for verdict, mark in zip(verdicts, marks(fig.axes[-1], "oXD")[-len(judges) :], strict=True):
        kind, ink = EXAM[verdict.get_text()]
        name, height = judges[verdict.get_position()[1]], at(mark)[1]
        assert mark.get_marker() == kind and inked(mark, ink) and inked(verdict, ink)
        assert height == verdict.get_position()[1]
        yield f"{name}: {verdict.get_text()}; {'; '.join(told[name])}"
    yield f"Asked of the low ends: {', '.join(asked)}."


def rate_intervals(fig: Figure) -> Iterator[str]:
    ax = fig.axes[0]
    keys = [text for text in ax.texts if text.get_position()[1] == -0.83]
    sides = [text.get_text().partition("\n")[0] for text in keys]
    truths = [float(line.get_xdata()[0]) for line in upright(ax)]
    if truths:
        words = [key.get_text().replace("\n", ", ") for key in keys]
        assert [word.split()[-1] for word in words] == [f"{truth:.4g}%" for truth in truths]
        yield ", ".join(words).capitalize() + "."
    samples = [mark for mark in marks(ax, "s^") if at(mark)[1] == -0.83]
    assert [mark.get_marker() for mark in samples] == ["s", "^"] and len(keys) == 2
    points = [mark for mark in marks(ax, "s^") if mark not in samples]
    widths = [text for text in ax.texts if text.get_position()[0] == 1.06]
    gains = [text for text in ax.texts if text.get_position()[0] == 1.44]
    crosses = [at(mark)[1] for mark in marks(ax, "X")]
    each = iter(zip(wide(ax, 3.2), points, widths, strict=True))
    for y, (method, gain) in enumerate(zip(flat_names(ax), gains, strict=True)):
        parts, values = [], []
        for name, ink, mark in zip(sides, (MAIN, ASIDE), "s^", strict=True):
            bar, point, width = next(each)
            (low, high), (lane, _) = spans(bar)
            value = at(point)[0]
            assert all(inked(a, ink) for a in (bar, point, width)) and point.get_marker() == mark
            assert at(point)[1] == lane == width.get_position()[1] and round(lane) == y
            assert width.get_text() == f"{high - low:.1f}" and low <= value <= high
            spread = f"{value:.1f}%, {low:.1f}% to {high:.1f}%, width {width.get_text()}"
            parts.append(f"{name} {spread}")
            values.append(value)
        change, number = values[1] - values[0], gain.get_text().replace("−", "-")
        assert float(number) == pytest.approx(change, abs=0.0500001)
        wrong = bool(truths) and change * (truths[1] - truths[0]) <= 0
        right = GOOD if truths else INK
        assert inked(gain, BAD if wrong else right) and wrong == (y in crosses)
        yield f"{method}: {', '.join(parts)}, difference {number}"
    yield f"{flat_names(ax)[0]}: {sides[0]} "


def held_out_families(fig: Figure) -> Iterator[str]:
    caught, blocked = fig.axes
    keys = [text.get_text() for text in caught.texts if text.get_transform() == caught.transAxes]
    samples = [mark for mark in marks(caught, "s^") if mark.get_transform() == caught.transAxes]
    assert [mark.get_marker() for mark in samples] == ["s", "^"] and len(keys) == 2
    ends = iter([mark for mark in marks(caught, "s^") if mark not in samples])
    numbers = iter([text for text in caught.texts if text.get_text() not in keys])
    each = iter(zip(ends, wide(caught, 1.6), numbers, strict=True))
    for y, (family, lane) in enumerate(zip(flat_names(caught), wide(caught, 5), strict=True)):
        points, told = [], []
        for key, kind, ink in zip(keys, "s^", (MAIN, ASIDE), strict=True):
            mark, bar, number = next(each)
            assert mark.get_marker() == kind and round(at(mark)[1]) == y
            told.append(f"{key} {_with_interval(mark, bar, number, ink)}")
            points.append(at(mark))
        assert list(zip(*spans(lane), strict=True)) == points
        yield f"{family}: {', '.join(told)}"
    parts = zip(flat_names(blocked), marks(blocked), wide(blocked, 1.6), blocked.texts, strict=True)
    for kind, mark, bar, number in parts:
        yield f"{kind}: {_with_interval(mark, bar, number, BAD)} blocked".replace("\n", " ")


def _with_interval(mark: Line2D, bar: Line2D, number: Text, ink: str) -> str:
    (low, high), heights = spans(bar)
    assert all(inked(artist, ink) for artist in (mark, bar, number))
    assert {*heights, number.get_position()[1]} == {at(mark)[1]}
    assert number.get_text() == f"{at(mark)[0]:.0f}%"
    return f"{number.get_text()}, {low:.0f}% to {high:.0f}%"


def suite_ages(fig: Figure) -> Iterator[str]:
    ax = fig.axes[0]
    versions = [label.get_text().replace("\n", " ") for label in ax.get_xticklabels()]
    yield f"over {len(versions)} versions."
    curves, leaders, samples = wide(ax, 2.4), wide(ax, 0.8), marks(ax, "Xs^o")
    inks = zip((BAD, MAIN, ASIDE, GOOD), "Xs^o", strict=True)
    styles = set()
    for curve, leader, sample, text in zip(curves, leaders, samples, ax.texts, strict=True):
        (ink, kind), share = next(inks), [float(y) for y in curve.get_ydata()]
        assert {curve.get_marker(), sample.get_marker()} == {kind}
        assert all(inked(a, ink) for a in (curve, leader, sample, text))
        assert spans(leader) == ([len(versions) - 1, pytest.approx(spans(leader)[0][1])],
                                 [share[-1], at(sample)[1]])  # fmt: skip
        name, last = text.get_text().split("\n")
        hits, tried = map(int, last.split(" of "))
        assert 100 * hits / tried == pytest.approx(share[-1])
        assert text.get_position()[1] == at(sample)[1]
        styles.add(str(curve._unscaled_dash_pattern))
        yield f"{name}: "
        yield f"{last} ({share[-1]:.1f}%) on {versions[-1]}"
        for y, version in zip(share, versions, strict=True):
            yield f"none yet on {version}" if np.isnan(y) else f"({y:.1f}%) on {version}"
    assert len(styles) == len(curves)


_DECISIONS = {"no": ("X", BAD), "alarm": ("^", ASIDE), "yes": ("o", GOOD)}


def loop_days(fig: Figure) -> Iterator[str]:
    ax = fig.axes[0]
    rings = [mark for mark in marks(ax, "o") if inked(mark, INK)]
    points = [mark for mark in marks(ax, "oX^") if mark not in rings]
    kinds = {}
    for mark in points:
        (kind,) = (kind for kind, look in _DECISIONS.items() if look[0] == mark.get_marker())
        assert inked(mark, _DECISIONS[kind][1])
        kinds.setdefault((at(mark)[1], kind), []).append(f"{at(mark)[0]:.0f}")
    where = {at(mark) for mark in points}
    for path in wide(ax, 1.6):
        steps = list(zip(*spans(path), strict=True))
        assert set(steps) <= where and steps == sorted(steps) and inked(path, RULE)
    for row, name in enumerate(names(ax)):
        days = {kind: kinds.get((row, kind)) for kind in _DECISIONS}
        told = "; ".join(f"{k} on day {', '.join(d)}" for k, d in days.items() if d)
        yield f"{name}: {told or 'nothing'}."
    end = int(ax.get_xlim()[1])
    lived = [patch.get_x() for patch in ax.patches]
    yield f"over {lived[0] if lived else end:.0f} of {end} days"
    key = ax.get_legend()
    for kind, mark in zip(key.get_texts(), key.legend_handles, strict=True):
        assert mark.get_marker() == _DECISIONS[kind.get_text()][0]
    ahead = [text for text in ax.texts if text.get_text() == "days to come"]
    assert all(lived[0] < text.get_position()[0] < end for text in ahead)
    said = [text for text in ax.texts if text not in ahead]
    came = upright(ax)
    if not came:
        assert not rings and not said
        yield "No fault came."
        return
    fault, *caught = said
    day = float(came[0].get_xdata()[0])
    assert came[0].is_dashed() and inked(came[0], MAIN) and inked(fault, MAIN)
    assert {text.xy[0] for text in said} == {day} and len(caught) == len(rings)
    told = f"{fault.get_text()}: it came on day {day:.0f}; "
    if not rings:
        yield f"{told}caught: by nothing."
        return
    assert at(rings[0]) in where and inked(caught[0], BAD)
    yield f"{told}{caught[0].get_text()}, on day {at(rings[0])[0]:.0f}."


def fault_matrix(fig: Figure) -> Iterator[str]:
    ax = fig.axes[0]
    faults = flat_names(ax)
    settings = [label.get_text().replace("\n", " ") for label in ax.get_xticklabels()]
    looks = {("o", GOOD): "stopped", ("^", ASIDE): "taken back", ("X", BAD): "not caught"}
    each = {}
    keys = [text for text in ax.texts if text.get_fontsize() == 9 and text.get_weight() != "bold"]
    cells = [text for text in ax.texts if text not in keys]
    points = marks(ax, "o^X")
    for mark, stage, cost in zip(points[: len(cells) // 2], cells[::2], cells[1::2], strict=True):
        (ink,) = (ink for kind, ink in looks if kind == mark.get_marker())
        assert all(inked(artist, ink) for artist in (mark, stage, cost))
        x, y = at(mark)
        place = round(x), round(y)
        assert {tuple(map(round, text.get_position())) for text in (stage, cost)} == {place}
        dollars, bad = cost.get_text().split("\n")
        fate = looks[mark.get_marker(), ink]
        each[place] = f"{settings[place[0]]}: {stage.get_text()}, {fate}, {dollars}, {bad}"
    assert [mark.get_marker() for mark in points[len(cells) // 2 :]] == list("o^X")
    assert len(keys) == 3
    for y, fault in enumerate(faults):
        told = "; ".join(each.pop((x, y)) for x in range(len(settings)))
        yield f"{fault}: {told}."
    assert not each
    yield "Which stage catches each fault"


READ: dict[str, Callable[[Figure], Iterator[str]]] = {
    **{name: globals()[name] for name in FIGURES},
    "costs panel": saving_lines,
    "delivery panel": rollout_minutes,
    "evals panel": candidate_parts,
    "gate panel": gate_plane,
    "intervals panel": intervals_panel,
    "noise panel": noise_panel,
    "ops panel": loop_days,
    "slices panel": slices_panel,
    "triggers panel": stream_weeks,
    "validation panel": check_sizes,
}
