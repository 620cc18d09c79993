"""Every picture of the lab on one page, to be judged by eye: `make sheet`, then open build/sheet.

Each stored picture of every lesson and each panel at each preset, as wide as on a screen of
1280 x 720 pixels, on a light and on a dark page, without colours and as people see them whose eyes
lack the pigment for green. Under each stands its alt text.
"""

from __future__ import annotations

import argparse
import base64
import html
from collections.abc import Iterator
from pathlib import Path

from bs4 import BeautifulSoup
from notebook_rules import Notebook, has_picture

from labsupport.show.frames import Frames
from labsupport.show.panels import PANELS

ROOT = Path(__file__).resolve().parents[1]
# Machado, Oliveira and Fernandes (2009), deuteranopia, of linear light.
_GREENBLIND = (
    "0.367322 0.860646 -0.227968 0 0 0.280085 0.672501 0.047413 0 0 "
    "-0.011820 0.042940 0.968881 0 0 0 0 0 1 0"
)
_FILTER = (
    '<svg width="0" height="0" aria-hidden="true"><filter id="green-blind">'
    f'<feColorMatrix values="{_GREENBLIND}"/></filter></svg>'
)
PAGES = {  # name: how the page is styled
    "light": "",
    "dark": "body { background: #111; color: #eee }",
    "grey": "img { filter: grayscale(1) }",
    "green-blind": "img { filter: url(#green-blind) }",
}
STYLE = """body { background: #fff; color: #111; font: 14px/1.4 sans-serif; margin: 1rem }
main { display: flex; flex-wrap: wrap; gap: 1.5rem; align-items: start }
figure { margin: 0; max-width: 900px }
figure.panel { max-width: 500px }
img { display: block; max-width: 100%; height: auto; border: 1px solid #999 }
h1, h2 { font-size: 1rem; margin: 0 0 .3rem }"""

Shown = tuple[str, str, str, str]  # kind, name, alt text, source of the picture


def stored() -> Iterator[Shown]:
    """The pictures in the lessons, as they are stored."""
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        book = Notebook(path, ROOT)
        for i, cell in (found for found in book.code if has_picture(found[1])):
            for output in cell.outputs:
                found = BeautifulSoup(output.get("data", {}).get("text/html", ""), "html.parser")
                for image in found("img"):
                    yield "stored", f"{path.stem}, cell {i}", image["alt"], image["src"]


def moved() -> Iterator[Shown]:
    """The panels, at each preset; the first of them is the start, or stands beside it."""
    for word, panel in PANELS.items():
        frames, drawn = Frames(panel), set()
        settings = {"start": panel.start} | {p: panel.preset(p) for p in panel.presets}
        for label, values in settings.items():
            frame = frames.frame(values)
            if frame.picture not in drawn:
                drawn.add(frame.picture)
                source = f"data:image/png;base64,{base64.b64encode(frame.picture).decode()}"
                yield "panel", f"{word}, {label}", frame.alt, source


def sheet(name: str, pictures: list[Shown]) -> str:
    """One page."""
    figures = "".join(
        f'<figure class="{kind}"><h2>{html.escape(called)}</h2>'
        f'<img alt="{html.escape(alt)}" src="{source}">'
        f"<figcaption>{html.escape(alt)}</figcaption></figure>"
        for kind, called, alt, source in pictures
    )
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{name}</title>'
        f"<style>{STYLE}\n{PAGES[name]}</style></head><body>{_FILTER}"
        f"<h1>{len(pictures)} pictures, {name}</h1><main>{figures}</main></body></html>\n"
    )


def main() -> None:
    """Write the pages."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--out", type=Path, default=ROOT / "build" / "sheet")
    out = asked.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    pictures = [*stored(), *moved()]
    for name in PAGES:
        (out / f"{name}.html").write_text(sheet(name, pictures), encoding="utf-8")
        print(out / f"{name}.html")


if __name__ == "__main__":
    main()
