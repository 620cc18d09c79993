"""FILE:COLUMN: which files, in which order, and which column of them."""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path

FORMATS = {".csv": "csv", ".parquet": "parquet", ".pq": "parquet", ".npz": "npz"}
_KNOWN = ".csv, .parquet or .npz"
_DRIVE = re.compile(r"[A-Za-z]:[\\/]")  # of Windows: C:\holdout.csv


class TableError(ValueError):
    """Files that cannot be compared: one sentence on which, why, and what to do."""


@dataclass(frozen=True)
class Place:
    """A column of a file, or of a folder of files that are read one after the other.

    Attributes
    ----------
    path : of the file or folder.
    column : its name.
    """

    path: str
    column: str

    @classmethod
    def parse(cls, written: str | Place) -> Place:
        """FILE:COLUMN as a person writes it. A colon may be in either: the longest FILE that
        exists is meant.

        Raises
        ------
        TableError : there is no colon, or nothing before or behind it.
        FileNotFoundError : there is no such file.
        """
        if isinstance(written, Place):
            return written
        colons = [match.start() for match in re.finditer(":", written)][::-1]
        if _DRIVE.match(written):
            colons.remove(1)
        splits = [(written[:i], written[i + 1 :]) for i in colons if i and written[i + 1 :]]
        if not splits:
            raise TableError(
                f"{written!r:.200} names no column; write FILE:COLUMN, such as holdout.csv:label."
            )
        for path, column in splits:
            if os.path.exists(path):
                return cls(path, column)
        raise FileNotFoundError(2, "No such file", splits[0][0])

    @property
    def name(self) -> str:
        """The file's or folder's own name, for sentences."""
        return Path(self.path).name or self.path


def files_of(path: str) -> tuple[str, ...]:
    """The files that a path stands for: itself, or a folder's in the order of their names. Names
    that begin with a point or an underscore are nobody's data.

    Raises
    ------
    FileNotFoundError : there is no such file or folder.
    TableError : a folder without files, or what is no file of a known kind.
    """
    if not os.path.isdir(path):
        return (_checked(path),)
    names = sorted(name for name in os.listdir(path) if name[0] not in "._")
    if not names:
        raise TableError(f"The folder {path} is empty; it should hold shards: {_KNOWN} files.")
    return tuple(_checked(os.path.join(path, name)) for name in names)


def format_of(path: str) -> str:
    """ "csv", "parquet" or "npz"."""
    return FORMATS[Path(path).suffix.lower()]


def stamp_of(path: str) -> tuple[int, int]:
    """What changes when a file does: size in bytes, time of the last change in ns."""
    seen = os.stat(path)
    return seen.st_size, seen.st_mtime_ns


def _checked(path: str) -> str:
    if not stat.S_ISREG(os.stat(path).st_mode):
        raise TableError(f"{path} is no file; give {_KNOWN}, or one folder of them.")
    if Path(path).suffix.lower() not in FORMATS:
        raise TableError(f"{path} is of no known kind; give {_KNOWN}.")
    return path
