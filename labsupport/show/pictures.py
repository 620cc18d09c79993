"""Pictures that reach every reader: a PNG, its alt text, and one look for the whole lab."""

from __future__ import annotations

import base64
import html
import io
import struct
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import matplotlib
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from labsupport.show.artists import drawing_digest
from labsupport.show.letters import canvas_of

STYLE = Path(__file__).parent / "lab.mplstyle"
_Frame = TypeVar("_Frame")  # one axes, or a tuple of them
DRAWING = threading.RLock()  # held by whoever draws
_RC = matplotlib.rc_params_from_file(STYLE, use_default_template=False)

DRAWING_KEY = "drawing"  # of the digest in a stored PNG
_SOON = 3  # effort of compressing a moving picture: 3 ms, where 1 is hardly sooner and larger
_FRAMES = 6  # that a moving picture keeps
_PALETTE = 96  # colours in a stored PNG: smooth letters, a third of the bytes


@dataclass(frozen=True)
class Picture:
    """A picture as a notebook shows it.

    Attributes
    ----------
    png : the encoded image.
    alt : what it shows, in words and numbers, for readers who do not see it.
    caption : one line under it: what to see.
    drawing : digest of what was drawn, also in the PNG; see `artists`.
    """

    png: bytes
    alt: str
    caption: str
    drawing: str

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict[str, object]:
        return {"text/html": self.html, "image/png": self.png, "text/plain": self.alt}

    @property
    def html(self) -> str:
        """The figure element. Viewers that refuse HTML find the same PNG beside it."""
        source = base64.b64encode(self.png).decode()
        return (
            f'<figure style="margin:0" data-drawing="{self.drawing}">'
            f'<img alt="{html.escape(self.alt)}" '
            f'style="max-width:100%;height:auto" src="data:image/png;base64,{source}">'
            f"<figcaption>{html.escape(self.caption)}</figcaption></figure>"
        )


def picture(fig: Figure, alt: str, caption: str) -> Picture:
    """Turn a finished figure into a Picture, and close it so that it is not shown a second time.

    Parameters
    ----------
    fig : a matplotlib figure, of pyplot or not.
    alt : what the picture shows, computed from the same data.
    caption : one line under the picture: what to see in it.

    Raises
    ------
    ValueError : the alt text or the caption is empty.
    """
    if not isinstance(alt, str) or not alt.strip():
        raise ValueError("A picture needs alt text: say in words and numbers what it shows.")
    if not isinstance(caption, str) or not caption.strip():
        raise ValueError("A picture needs a caption: one line on what to see in it.")
    canvas = _drawn(fig)
    drawing = drawing_digest(fig, alt.strip(), caption)
    shown = Picture(_encode(canvas, _PALETTE, drawing), alt.strip(), caption, drawing)
    if fig.canvas.manager is not None:
        from matplotlib import pyplot  # only a figure that pyplot made needs pyplot to forget it

        pyplot.close(fig)
    return shown


def encode_png(fig: Figure, colours: int | None = None) -> bytes:
    """Draw a figure with Agg and encode it.

    Parameters
    ----------
    fig : the figure.
    colours : size of an adaptive palette, for a small file; None keeps every colour and is faster.
    """
    return _encode(_drawn(fig), colours)


def _drawn(fig: Figure) -> FigureCanvasAgg:
    """The Agg canvas of a figure, with the figure drawn on it."""
    canvas = fig.canvas if isinstance(fig.canvas, FigureCanvasAgg) else FigureCanvasAgg(fig)
    with styled():
        canvas.draw()
    return canvas


def _encode(canvas: FigureCanvasAgg, colours: int | None, drawing: str | None = None) -> bytes:
    width, height = canvas.get_width_height()
    pixels = canvas.buffer_rgba()
    image = Image.frombuffer("RGBA", (width, height), pixels, "raw", "RGBA", 0, 1).convert("RGB")
    if colours is None:
        return _png_soon(image)
    image = image.quantize(colours, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    words = PngInfo()
    if drawing is not None:
        words.add_text(DRAWING_KEY, drawing)
    encoded = io.BytesIO()
    image.save(encoded, format="png", optimize=True, compress_level=9, pnginfo=words)
    return encoded.getvalue()


def _png_soon(image: Image.Image) -> bytes:
    """A PNG of an RGB image in a third of the time that Pillow takes, who tries five filters for
    each row: drawings are best without any.
    """
    rows = np.zeros((image.height, 1 + 3 * image.width), np.uint8)  # each after its filter, none
    rows[:, 1:] = np.frombuffer(image.tobytes(), np.uint8).reshape(image.height, -1)
    head = struct.pack(">IIBBBBB", image.width, image.height, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(rows, _SOON)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in parts
    )


@dataclass(frozen=True)
class _Kept:
    """A frame: what its maker returned, all its axes, their artists, and how it looks empty."""

    made: object
    axes: tuple[Axes, ...]
    artists: frozenset[Artist]
    background: object


class LabFigure(Figure):
    """A figure for moving pictures: axes, ticks and words are drawn once and kept, what lies in
    them is drawn anew.

    Ticks are the slow part of a matplotlib drawing; without them a move of a slider takes a third
    of the time.
    """

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self._frames: dict[object, _Kept] = {}  # the last one is shown
        self._shown = None

    def frame(self, key: object, make: Callable[[], _Frame]) -> _Frame:
        """The axes that `make` draws, one or several, without the artists that were added since.

        Parameters
        ----------
        key : what the axes depend on; `make` is called for a key that is not among the last ones.
        make : draws the empty axes into this figure and returns them.
        """
        kept = self._frames.pop(key, None)
        if kept is None or kept is not self._shown:
            for ax in self.axes:
                self.delaxes(ax)
            self.clear()
            kept = kept or self._made(make)
            for ax in kept.axes:
                self.add_axes(ax)
        self._frames[key] = self._shown = kept
        if len(self._frames) > _FRAMES:
            del self._frames[next(iter(self._frames))]
        for _, artist in self._added():
            artist.remove()
        return kept.made

    def _made(self, make: Callable[[], object]) -> _Kept:
        made = make()
        self.canvas.draw()
        artists = frozenset(artist for ax in self.axes for artist in ax.get_children())
        return _Kept(made, tuple(self.axes), artists, self.canvas.copy_from_bbox(self.bbox))

    def encode_moving(self) -> bytes:
        """A PNG of the kept frame and what was added since: what a full drawing gives, sooner."""
        self.canvas.restore_region(self._shown.background)
        for ax, artist in sorted(self._added(), key=lambda added: added[1].zorder):
            ax.draw_artist(artist)
        return _encode(self.canvas, None)

    def _added(self) -> list[tuple[Axes, Artist]]:
        kept = self._shown.artists
        return [(ax, a) for ax in self.axes for a in ax.get_children() if a not in kept]


@contextmanager
def styled() -> Iterator[None]:
    """Apply the lab's style inside a `with` block, one thread at a time.

    JupyterLab sends what a slider says to a thread of its own in the kernel (a subshell), beside
    the thread that runs cells and buttons; matplotlib's settings and a figure's canvas belong to no
    thread. Only what the style sets is put back: a copy of all settings costs a millisecond.
    """
    with DRAWING:
        before = {name: matplotlib.rcParams[name] for name in _RC}
        matplotlib.rcParams.update(_RC)
        try:
            yield
        finally:
            matplotlib.rcParams.update(before)


def new_figure(width: float, height: float) -> LabFigure:
    """An empty figure outside pyplot, with an Agg canvas. Call inside `with styled()`.

    Parameters
    ----------
    width, height : inches; at the style's 120 dots per inch, 7.5 inches are 900 pixels.
    """
    fig = LabFigure(figsize=(width, height))
    canvas_of(fig)
    return fig
