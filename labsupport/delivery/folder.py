"""Folders that every machine can hold: plain files alone, with names that no file system changes,
takes for another one, or follows out of the folder.
"""

from __future__ import annotations

import os
import re
import stat
import unicodedata
from pathlib import Path

_LONGEST_PART, _LONGEST_NAME = 200, 800  # bytes; room for a temporary name beside it
_FORBIDDEN = re.compile(r'[<>:"|?*\\]')
_RESERVED = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[\d¹²³]) *(\..*)?", re.I)


class BundleError(ValueError):
    """A folder that is not the bundle that it should be; the text says why."""


def files_in(folder: Path) -> dict[str, Path]:
    """Each file below a folder, by its name with "/"; nothing but plain files and folders."""
    if folder.is_symlink() or not folder.is_dir():
        raise BundleError(f"{called(folder)} is no folder, or a link to one; name a folder itself.")
    found: dict[str, Path] = {}
    seen: dict[str, str] = {}
    left = [("", folder)]
    while left:
        inside, place = left.pop()
        with os.scandir(place) as scanned:
            entries = sorted(scanned, key=lambda entry: entry.name)
        if inside and not entries:
            raise BundleError(
                f"{inside!r} is an empty folder, and a bundle is made of files; remove it."
            )
        for entry in entries:
            name = unicodedata.normalize("NFC", inside + entry.name)
            check_name(name)
            there = inside + entry.name
            if (other := seen.setdefault(caseless(name), there)) != there:
                raise BundleError(
                    f"{other!a} and {there!a} are one name on some machines; rename one."
                )
            kind = entry.stat(follow_symlinks=False).st_mode
            if stat.S_ISDIR(kind):
                left.append((f"{name}/", Path(entry.path)))
            elif stat.S_ISREG(kind):
                found[name] = Path(entry.path)
            else:
                raise BundleError(
                    f"{name!r} is a link or no plain file; put the file itself in its place."
                )
    return found


def check_name(name: str) -> None:
    """Names that every file system can hold, inside the bundle."""
    long = len(name.encode("utf-8", "surrogatepass")) > _LONGEST_NAME
    other = name != unicodedata.normalize("NFC", name)
    if long or other or not all(map(_is_part, name.split("/"))):
        raise BundleError(
            f"{name[:80]!a} is no name for a file in a bundle, because it leaves the folder, or "
            "not every machine can hold it; rename the file."
        )


def _is_part(part: str) -> bool:
    """What may stand between two "/": no control, invisible or unknown character, no way out, and
    nothing that Windows keeps for itself.
    """
    return not (
        not part
        or part[-1] in " ."  # also "." and ".."; Windows drops such an end
        or any(unicodedata.category(letter)[0] == "C" for letter in part)
        or _FORBIDDEN.search(part)
        or _RESERVED.fullmatch(part)
        or len(part.encode()) > _LONGEST_PART
    )


def caseless(name: str) -> str:
    """The same for names that some file system takes for one."""
    return unicodedata.normalize("NFD", name.casefold())


def read_plain(path: Path, most: int | None = None) -> bytes:
    """The bytes of a plain file; of one that is larger, one byte more than was asked for.

    No link is followed, and nothing waits for somebody to write into a pipe.
    """
    flags = os.O_RDONLY | sum(
        getattr(os, flag, 0) for flag in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY")
    )
    file = os.open(path, flags)
    try:
        status = os.fstat(file)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(None, "no plain file", str(path))
        with open(file, "rb", closefd=False) as reader:
            return reader.read(-1 if most is None else min(most, status.st_size) + 1)
    finally:
        os.close(file)


def called(path: Path) -> str:
    """A folder's name in a sentence: the last part of its path, which is the same everywhere."""
    return path.name or str(path)
