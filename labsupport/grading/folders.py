"""Folders on the disk for a question about bundles: made with the case, and removed with it."""

from __future__ import annotations

import copy
import hashlib
import os
import shutil
import tempfile
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from labsupport.grading.calling import Case, ask
from labsupport.grading.readers import Wrong


@dataclass(frozen=True)
class OnDisk(Case):
    """A folder, and what a manifest says about it.

    Attributes
    ----------
    args : (folder, manifest).
    expected : (names that must be in the answer, names that may be).
    place : what holds the folder, and what lies beside it; removed with the case.
    before : what was in the place; see contents.
    """

    place: Path = Path()
    before: tuple = ()

    def fresh_args(self) -> tuple:
        """The arguments for one call."""
        folder, manifest = self.args
        return folder, copy.deepcopy(manifest)


def contents(place: Path) -> tuple:
    """All that lies below a folder, links as links."""
    return tuple(
        (
            str(path),
            os.readlink(path) if path.is_symlink() else path.is_file() and path.read_bytes(),
        )
        for path in sorted(place.rglob("*"))
    )


def ask_and_look(answer: object, cases: Sequence[OnDisk], read: Callable) -> list:
    """Ask, and insist that the folders are as they were."""
    said = ask(answer, cases, read)
    for case in cases:
        if contents(case.place) != case.before:
            raise Wrong("Your function wrote to where the bundle lies; a check only reads.")
    return said


def sha_of(data: bytes) -> str:
    """SHA-256, 64 hex digits."""
    return hashlib.sha256(data).hexdigest()


def flipped(data: bytes, place: int) -> bytes:
    """The same bytes but for one bit."""
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


class Draft:
    """A folder in the making, whole at first, and its manifest.

    Attributes
    ----------
    rng : what is drawn comes from it.
    answer : the right one.
    place, folder : a folder of its own, and the bundle's in it.
    manifest : {name: {"size": bytes, "sha256": hex digits}}.
    """

    def __init__(self, rng, answer: Callable, names: Sequence[str] = ()) -> None:
        self.rng, self.answer = rng, answer
        self.place = Path(os.path.realpath(tempfile.mkdtemp(prefix="bundle-")))
        self.folder = self.place / "bundle"
        self.folder.mkdir()
        self.manifest: dict[str, dict] = {}
        for name in names:
            self.put(name, self.lines())

    def lines(self) -> bytes:
        """Some lines of numbers, as text that every machine reads alike."""
        return "".join(f"{number:.6f}\n" for number in self.rng.normal(size=9)).encode()

    def write(self, name: str, data: bytes) -> Path:
        """A file, which no manifest need name."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path

    def tell(self, name: str, data: bytes) -> None:
        """Let the manifest say that a file has these bytes."""
        self.manifest[name] = {"size": len(data), "sha256": sha_of(data)}

    def put(self, name: str, data: bytes) -> None:
        """A file as the manifest says."""
        self.write(name, data)
        self.tell(name, data)

    def data(self, name: str) -> bytes:
        """What is in a file."""
        return (self.folder / name).read_bytes()

    def one(self) -> str:
        """A name of the manifest, at random."""
        return str(self.rng.choice(list(self.manifest)))

    def case(self, about: str, may: set[str]) -> OnDisk:
        """The case, whose answer may hold the names in `may` or not."""
        names = list(self.manifest)
        self.rng.shuffle(names)
        args = self.folder, {name: self.manifest[name] for name in names}
        expected = frozenset(self.answer(*args)) - may, frozenset(may)
        made = OnDisk(about, args, expected, self.place, contents(self.place))
        weakref.finalize(made, shutil.rmtree, self.place, ignore_errors=True)
        return made


@cache
def links_can_be_made() -> bool:
    """Not on every Windows: there the cases with links are left out."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            (Path(folder) / "link").symlink_to(folder)
        except OSError:
            return False
    return True
