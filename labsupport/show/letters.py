"""A canvas that keeps the words it has laid out, and the letters it has drawn: they cost most in a
moving picture.
"""

from __future__ import annotations

from collections.abc import Iterable

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg, get_hinting_flag
from matplotlib.figure import Figure

_MOST = 8192  # letters that are kept, some hundred bytes each
_LINES = 512  # lines of words that are kept
_ONE = 64  # parts of a pixel, in which FreeType counts
_WHOLE = 0x10000  # 1, as FreeType writes a matrix
_HOOKED = (3, 11)  # the matplotlib whose hook is known here; it is not a public one


class LettersCanvas(FigureCanvasAgg):
    """An Agg canvas with such a renderer; every pixel is the one that Agg's own would draw."""

    def get_renderer(self) -> RendererAgg:
        """The renderer, a new one when the figure's size has changed."""
        key = *self.get_width_height(physical=True), self.figure.dpi
        if self._lastKey != key:
            self.renderer, self._lastKey = _Renderer(*key), key
        return self.renderer


class _Renderer(RendererAgg):
    def __init__(self, width: float, height: float, dpi: float) -> None:
        super().__init__(width, height, dpi)
        self._letters: dict[tuple, tuple[np.ndarray, int, int]] = {}
        self._lines: dict[tuple, list[tuple]] = {}

    def draw_text(self, gc, x, y, s, prop, angle, ismath=False, mtext=None) -> None:
        """Draw a line; where its letters go is asked of the font once."""
        if ismath or mtext is None:
            return super().draw_text(gc, x, y, s, prop, angle, ismath, mtext)
        key = s, prop, mtext.get_fontfeatures(), mtext.get_language()
        if key not in self._lines:
            if len(self._lines) >= _LINES:
                self._lines.clear()
            self._lines[s, prop.copy(), *key[2:]] = self._laid_out(*key)
        self._draw_text_glyphs_and_boxes(gc, x, y, angle, self._lines[key], [])

    def _laid_out(self, s, prop, features, language) -> list[tuple]:
        asked = {"flags": get_hinting_flag(), "features": features, "language": language}
        size = prop.get_size_in_points()
        return [
            (letter.ft_object, size, letter.glyph_index, 0, 1, letter.x, letter.y)
            for letter in self._prepare_font(prop)._layout(s, **asked)
        ]

    # The hook of matplotlib 3.11, through which all words go; see canvas_of.
    def _draw_text_glyphs_and_boxes(self, gc, x, y, angle, glyphs: Iterable[tuple], boxes) -> None:
        if angle or boxes or not gc.get_antialiased():
            return super()._draw_text_glyphs_and_boxes(gc, x, y, angle, glyphs, boxes)
        below = self.height - y
        for font, size, index, slant, extend, dx, dy in glyphs:
            # Where it begins: the pixel, and the part of it; the same part gives the same letter.
            left, in_x = divmod(round(_ONE * (x + dx)), _ONE)
            up, in_y = divmod(round(_ONE * (below + dy)), _ONE)
            key = (font, size, index, slant, extend, in_x, in_y)
            letter = self._letters.get(key)
            if letter is None:
                letter = self._letter(*key)
            ink, aside, top = letter
            at = left + aside, int(self.height) - (up + top) + ink.shape[0]
            self._renderer.draw_text_image(ink, *at, 0, gc)

    def _letter(self, font, size, index, slant, extend, in_x, in_y) -> tuple[np.ndarray, int, int]:
        font.set_size(size, self.dpi)
        shape = np.array([[extend, extend * slant], [0, 1]])
        font._set_transform((_WHOLE * shape).round().astype(int), [in_x, in_y])
        from matplotlib.ft2font import RenderMode  # 3.10 lacks it, and never comes here

        drawn = font._render_glyph(index, get_hinting_flag(), RenderMode.NORMAL)
        if len(self._letters) >= _MOST:
            self._letters.clear()
        found = drawn.buffer, drawn.left, drawn.top
        self._letters[font, size, index, slant, extend, in_x, in_y] = found
        return found


def canvas_of(fig: Figure) -> FigureCanvasAgg:
    """A canvas for a figure that moves: with another matplotlib its own, which is slower."""
    known = matplotlib.__version_info__[:2] == _HOOKED
    return (LettersCanvas if known else FigureCanvasAgg)(fig)
