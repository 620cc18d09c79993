"""One way to draw and to say things: inks by meaning, a form per kind of number, `@figure`."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence

from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgb
from matplotlib.lines import Line2D

from labsupport.show.pictures import Picture, new_figure, picture, styled

# Okabe and Ito's colours, told apart by people with any of the common kinds of colour blindness,
# under what they mean here.
GOOD, BAD, MAIN, ASIDE = "#009E73", "#D55E00", "#0072B2", "#E69F00"
INK, GREY = "#1a1a1a", "#6b6b6b"  # words, and words of less weight
PALE, RULE, VOID = "#9a9a9a", "#c9c9c9", "#d9d9d9"  # marks beside the point; rules; no man's land
APART = "#a0478a"  # the difference of two runs: darker than the palette's purple, for its words
# Many of a kind, paler than what is said about them: the inside and the tails of a distribution,
# bars that no margin lets through, candidates that no gate promotes, intervals that hold the truth.
INSIDE, TAILS, PASSED_OVER, BLOCKED, HOLDS = "#8fbfdd", "#b4b4b4", "#9db8c9", "#b5b5b5", "#7d9db1"
# A step's box and its edge, dark and lit; the number of its lesson; the road between steps.
BOX, LIT, BADGE, ROAD = ("#eef4f8", "#7f97a6"), ("#ffd37a", "#8a5a00"), "#12435c", "#4a4a4a"
DASHED = (0, (4, 3))
_WORDS = {GOOD: "#00654a", BAD: "#9c4400", MAIN: "#005a8c", ASIDE: "#7d5600", GREY: "#666666"}

FIGURES: dict[str, Callable[..., Picture]] = {}  # every figure by its name; `@figure` fills it


def words_in(ink: str) -> str:
    """The same hue, dark enough for words on white and on shades: a contrast of 4.5 and more."""
    return _WORDS.get(ink, ink)


def tint(ink: str, share: float) -> str:
    """So much of an ink on white: 0 is white, 1 the ink itself."""
    return to_hex([1 - share * (1 - part) for part in to_rgb(ink)])


def percent(share: float, digits: int | None = None) -> str:
    """A share as 9.8%, with so many decimals; None: as many as it has, four figures at most."""
    return f"{100 * share:.4g}%" if digits is None else f"{share:.{digits}%}"


def in_points(share: float, digits: int | None = 2) -> str:
    """A change of a share in percentage points, with its sign: +0.83; None: as many as it has."""
    return f"{100 * float(share):+g}" if digits is None else f"{100 * float(share):+.{digits}f}"


def count(number: int, noun: str = "") -> str:
    """A count with separators and its noun: 1 slice, 4,000 rows, 736."""
    return f"{number:,} {noun}{'s' * (number != 1)}" if noun else f"{number:,}"


def minus(text: str) -> str:
    """A number as it is drawn: with a minus sign where Python writes a hyphen."""
    return text.replace("-", "−")


def two_lines(name: str) -> str:
    """A name on two lines, for a place that is too narrow for one."""
    return name.replace(" ", "\n", 1)


def add_line(ax: Axes, x: Sequence[float], y: Sequence[float], mark: str = "", **look) -> None:
    """As ax.plot of one line, or of marks without a line, in half of the time: on axes whose limits
    are set.

    Parameters
    ----------
    x, y : as many numbers each.
    mark : a marker; then there is no line.
    look : as Line2D takes it.
    """
    if mark:
        look |= {"marker": mark, "linestyle": "None"}
    ax.add_artist(Line2D(x, y, **look))


def figure(width: float, height: float) -> Callable[[Callable], Callable[..., Picture]]:
    """Make a Picture of what a function draws, in the lab's style, and enter it in FIGURES.

    The function gets the empty figure before its own arguments and returns (alt, caption). One
    whose height depends on what it draws sets it with `fig.set_figheight`.

    Parameters
    ----------
    width, height : inches.
    """

    def decorate(draw: Callable[..., tuple[str, str]]) -> Callable[..., Picture]:
        @functools.wraps(draw)
        def drawn(*args, **kwargs) -> Picture:
            with styled():
                fig = new_figure(width, height)
                return picture(fig, *draw(fig, *args, **kwargs))

        asked = inspect.signature(draw)
        drawn.__signature__ = asked.replace(
            parameters=list(asked.parameters.values())[1:], return_annotation="Picture"
        )
        FIGURES[draw.__name__] = drawn
        return drawn

    return decorate
