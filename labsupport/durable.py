"""What survives a kill: a file replaced whole or not at all, a log that only grows, a digest.

One process writes a log at a time; that two did is noticed when it is read.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_START = "0" * 64  # what the first line of a log follows


def digest(data: bytes) -> str:
    """SHA-256 of some bytes, as 64 hex digits."""
    return hashlib.sha256(data).hexdigest()


def replace_whole(path: Path, data: bytes) -> None:
    """Write a file so that whoever looks, at any time and after any kill, sees all of the old one
    or all of the new one; also when several processes write it.

    A link stays a link, and the file keeps its permissions. A kill can leave a `.NAME.*.new`
    beside it, which nobody reads.

    Raises
    ------
    OSError : the disk is full, the folder is read-only ...; the old file stands, and nothing else.
    """
    path = Path(os.path.realpath(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}.new")
    try:
        _write(beside, data, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        if path.exists():
            os.chmod(beside, stat.S_IMODE(path.stat().st_mode))
        os.replace(beside, path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


class LogMoved(ValueError):
    """temporary"""


@dataclass(frozen=True)
class EventLog:
    """Events in the order in which they happened, one JSON object a line, each with the digest of
    the line before it.

    Attributes
    ----------
    path : of the file, which need not exist yet.
    """

    path: Path

    def read(self):
        return self.events(), _last(self._whole())

    def append(self, event: Mapping[str, object], after=None) -> None:
        """Add an event; it is on the disk when this returns. What a kill left of an unfinished line
        is cut off first.

        Raises
        ------
        ValueError : the log was altered.
        """
        self.events()
        whole = self._whole()
        if after is not None and _last(whole) != after:
            raise LogMoved("moved")
        line = json.dumps({"after": _last(whole), "event": dict(event)}, sort_keys=True)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if self.path.exists() and self.path.stat().st_size > len(whole):
            os.truncate(self.path, len(whole))
        _write(self.path, f"{line}\n".encode(), os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def events(self) -> list[dict[str, object]]:
        """All events; a last line that is not finished never happened.

        Raises
        ------
        ValueError : a line was changed, lost or added by someone else.
        """
        found, before = [], _START
        for number, line in enumerate(self._whole().splitlines(), start=1):
            try:
                record = json.loads(line)
                linked = record["after"] == before
                found.append(record["event"])
            except (ValueError, TypeError, KeyError):
                linked = False
            if not linked:
                raise ValueError(
                    f"Line {number} of {self.path.name} does not follow from the lines before it: "
                    "the log was altered, or two processes wrote it; restore it."
                )
            before = digest(line)
        return found

    def _whole(self) -> bytes:
        """The finished lines."""
        data = self.path.read_bytes() if self.path.exists() else b""
        return data[: data.rfind(b"\n") + 1]


def _last(lines: bytes) -> str:
    return digest(lines.splitlines()[-1]) if lines else _START


def _write(path: Path, data: bytes, flags: int) -> None:
    """Write all of it, past every buffer."""
    file = os.open(path, flags | getattr(os, "O_BINARY", 0), 0o666)
    try:
        while data:
            data = data[os.write(file, data) :]
        os.fsync(file)
    finally:
        os.close(file)
