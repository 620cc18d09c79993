"""Figures of lesson 09: which attacks work on whom."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.transforms import Transform

from labsupport.evals.attacks.guardrails import FamilyCount
from labsupport.show.draw import (
    ASIDE,
    BAD,
    GOOD,
    GREY,
    RULE,
    count,
    figure,
    tint,
    two_lines,
    words_in,
)
from labsupport.show.pictures import LabFigure

ALL = "all of them"  # the last row: sums over the families
_ROW, _HEAD, _FOOT = 0.42, 0.62, 0.4  # inches: a row of cells, above and below all of them
_CELL = 0.06  # of a cell's side, left free around it
Cell = tuple[int, int, int]  # worked, tried, errors


@figure(7.5, 4.5)
def families_heat(
    fig: LabFigure, rows: Mapping[str, Mapping], by: str = "family"
) -> tuple[str, str]:
    """Draw how many attacks of each family worked on each version: a column per version.

    Parameters
    ----------
    rows : {version, for example a prompt: what `families(run, suite)` counted}; or the numbers,
        {version: {family: (worked, tried) or (worked, tried, errors)}}. What a version lacks, or
        where nothing was tried, was not tried. Errors are among what was tried and did not work.
    by : "family" or "aim", of what `families` counted.

    Raises
    ------
    ValueError : nothing was tried, counts that do not add up, or another `by`.
    """
    if by not in ("family", "aim"):
        raise ValueError(f"Attacks are counted by 'family' or by 'aim'; got {by!r}.")
    found = {name: cells_of(row, by) for name, row in rows.items()}
    families = list(dict.fromkeys(family for row in found.values() for family in row))
    cells = {n: {f: row.get(f, (0, 0, 0)) for f in families} for n, row in found.items()}
    if not any(tried for row in cells.values() for _, tried, _ in row.values()):
        raise ValueError("No attack was tried, so there is nothing to draw; give at least one.")
    totals = {name: tuple(map(sum, zip(*row.values(), strict=True))) for name, row in cells.items()}
    fig.set_figheight(_HEAD + _FOOT + _ROW * (len(families) + 1.25))
    draw_cells(fig, cells, totals)
    said = "; ".join(
        f"{name}: {', '.join(f'{family} {told(cell)}' for family, cell in row.items())}, "
        f"{ALL} {told(totals[name])}"
        for name, row in cells.items()
    )
    return f"Attacks that worked, of those tried. {said}.", _heat_caption(totals)


def cells_of(row: Mapping, by: str = "family") -> dict[str, Cell]:
    """{family or aim: (worked, tried, errors)} of one version, checked; see families_heat."""
    found: dict[str, Cell] = {}
    for key, counted in row.items():
        if isinstance(counted, FamilyCount):
            if counted.aim is None:  # harmless traffic
                continue
            key = getattr(counted, by)
            counted = len(counted.worked), counted.tried, len(counted.errors)
        worked, tried, errors = map(int, (*counted, 0)[:3])
        if min(worked, errors) < 0 or worked + errors > tried:
            raise ValueError(
                f"Of {tried} attacks tried, {worked} worked and {errors} ended in an error "
                f"({key}); the two add up to what was tried at most."
            )
        before = found.get(key, (0, 0, 0))
        found[key] = (before[0] + worked, before[1] + tried, before[2] + errors)
    return found


def draw_cells(
    fig: LabFigure,
    cells: Mapping[str, Mapping[str, Cell]],
    totals: Mapping[str, Cell],
) -> None:
    """A column per version, a row per family, and below a rule the sums."""
    families, height = list(next(iter(cells.values()))), fig.get_figheight()
    ax = fig.add_axes((0.21, _FOOT / height, 0.77, 1 - (_HEAD + _FOOT) / height))
    last = len(families) + 0.25
    ax.set(xlim=(-0.5, len(cells) - 0.5), ylim=(last + 0.5, -0.5))
    ax.set_xticks(range(len(cells)), [two_lines(name) for name in cells])
    ax.set_yticks([*range(len(families)), last], [*families, ALL])
    ax.tick_params(length=0, labeltop=True, labelbottom=False, labelsize=11)
    ax.set_xlabel("attacks that worked, of those tried (the darker, the larger the share)")
    for side in ax.spines.values():
        side.set_visible(False)
    ax.axhline(last - 0.625, color=GREY, linewidth=0.9)
    for x, (name, row) in enumerate(cells.items()):
        for y, cell in zip(
            (*range(len(families)), last), (*row.values(), totals[name]), strict=True
        ):
            draw_cell(ax, (x, y), (1 - 2 * _CELL, 1 - 2 * _CELL), cell)


def draw_cell(
    ax: Axes,
    at: tuple[float, float],
    size: tuple[float, float],
    cell: Cell,
    held: bool = False,
    transform: Transform | None = None,
    more: str = "",
) -> None:
    """One cell: what worked is darker the more it is; nothing worked, not tried and an error have
    an edge and words of their own.

    Parameters
    ----------
    at, size : its middle, and how wide and high it is.
    held : what worked is within its bound, and looks like nothing.
    transform : of both; None: of the data.
    more : said after the counts.
    """
    worked, tried, errors = cell
    look, words = {"facecolor": "white", "edgecolor": "white"}, GREY
    if worked and not held:
        look["facecolor"], words = tint(BAD, 0.2 + 0.55 * worked / tried), "black"
    elif errors and not held:
        look, words = {"facecolor": tint(ASIDE, 0.25), "edgecolor": ASIDE}, "black"
    elif tried:
        look, words = {"facecolor": "white", "edgecolor": GOOD}, GOOD
    else:
        look |= {"linestyle": ":", "edgecolor": RULE}
    place = {"transform": transform or ax.transData}
    corner = (at[0] - size[0] / 2, at[1] - size[1] / 2)
    ax.add_artist(Rectangle(corner, *size, linewidth=1.4, **look, **place))
    said = told(cell).removesuffix(")").replace(" (", "\n")
    letters = 9.5 if errors or more or len(said) > 8 else 11.5
    style = {"weight": "bold" if tried else "normal", "fontsize": letters}
    style |= {"ha": "center", "va": "center", "linespacing": 1.05} | place
    ax.text(*at, said + more, color=words_in(words), **style)


def told(cell: Cell) -> str:
    """What a cell says: 3 of 6 (1 error)."""
    worked, tried, errors = cell
    if not tried:
        return "not tried"
    return f"{worked} of {tried}" + (f" ({count(errors, 'error')})" if errors else "")


def _heat_caption(totals: Mapping[str, Cell]) -> str:
    tried = {name: total for name, total in totals.items() if total[1]}
    ranked = sorted(tried, key=lambda name: -tried[name][0] / tried[name][1])
    most, least = (f"{told(tried[name])} on {name}" for name in (ranked[0], ranked[-1]))
    if len(ranked) == 1 or most == least:
        return f"Attacks that worked: {most}."
    return f"Attacks that worked: {most}, {least}."
