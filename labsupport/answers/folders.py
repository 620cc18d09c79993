"""A folder as what is in it, to be made again elsewhere."""

from __future__ import annotations

import os
from pathlib import Path

Entry = tuple[str, str, object]


def entries(place: Path) -> list[Entry]:
    """What stands in a folder: (name, "folder" | "link" | "file", nothing, target or bytes)."""
    found: list[Entry] = []
    for path in sorted(place.rglob("*")):
        name = path.relative_to(place).as_posix()
        if path.is_symlink():
            found.append((name, "link", os.readlink(path)))
        elif path.is_dir():
            found.append((name, "folder", ""))
        else:
            found.append((name, "file", path.read_bytes()))
    return found


def make(place: Path, held: list[Entry]) -> Path:
    """A folder in which that stands; one that is there already stays as it is."""
    if place.exists():
        return place
    place.mkdir()
    for name, kind, what in held:
        path = place / name
        if kind == "folder":
            path.mkdir(parents=True, exist_ok=True)
        elif kind == "link":
            path.symlink_to(what)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(what)
    return place
