"""What survives a kill: a file replaced whole or not at all, a log that only grows, a digest.

Any number of processes may append to one log: a lock of the operating system, which ends with the
process that holds it, lets them in one by one.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import stat
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None
    import msvcrt

_START = "0" * 64  # what the first line of a log follows
_BLOCK = 1 << 16  # bytes of a log's end that are read first
_BEYOND = (
    1 << 31
) - 2  # the byte that Windows locks: far behind the lines, so that they stay readable


class LogMoved(ValueError):  # noqa: N818 - it says what happened
    """Somebody else appended since the log was read."""


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


@dataclass(frozen=True)
class EventLog:
    """Events in the order in which they happened, one JSON object a line, each with the digest of
    the line before it.

    Attributes
    ----------
    path : of the file, which need not exist yet.
    """

    path: Path

    def append(self, event: Mapping[str, object], after: str | None = None) -> None:
        """Add an event; it is on the disk when this returns, and not in the log when this raises.
        What a kill left of an unfinished line is cut off first.

        Parameters
        ----------
        after : the head that `read` returned: add the event only if nothing came since. Of several
            who read the same head, one appends.

        Raises
        ------
        LogMoved : something came since; nothing was added.
        ValueError : the last line does not follow from the one before it. An earlier line that was
            altered is found by `events` and `read`; so an append costs the same in a long log.
        OSError : the disk is full, the folder is read-only ...; nothing was added.
        """
        told = json.dumps(dict(event), sort_keys=True)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with _locked(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND) as file:
            head, end = self._end(file)
            if after is not None and after != head:
                raise LogMoved(
                    f"{self.path.name} has grown since it was read; read it again and decide anew."
                )
            os.ftruncate(file, end)
            try:
                _write_all(file, f'{{"after": "{head}", "event": {told}}}\n'.encode())
            except BaseException:
                os.ftruncate(file, end)
                raise

    def events(self) -> list[dict[str, object]]:
        """All events; a last line that is not finished never happened.

        Raises
        ------
        ValueError : a line was changed, lost or added by someone else.
        """
        return self.read()[0]

    def read(self) -> tuple[list[dict[str, object]], str]:
        """All events, and the head: what the next line will follow. See `append(..., after=)`.

        Raises
        ------
        ValueError : a line was changed, lost or added by someone else.
        """
        try:
            with _locked(self.path, os.O_RDONLY) as file:
                lines = _finished(_from(file, 0))
        except FileNotFoundError:
            lines = []
        found, head = [], _START
        for number, line in enumerate(lines, start=1):
            found.append(self._event(line, head, f"Line {number}"))
            head = digest(line)
        return found, head

    def _end(self, file: int) -> tuple[str, int]:
        """The head, and where the finished lines end, from the last two of them."""
        size, block, lines = os.fstat(file).st_size, _BLOCK, []
        while True:
            start = max(0, size - block)
            data = _from(file, start)
            lines = _finished(data)
            if start == 0 or len(lines) > 2:  # the first of them may be half a line
                break
            block *= 4
        if not lines:
            return _START, 0
        before = digest(lines[-2]) if len(lines) > 1 else _START
        self._event(lines[-1], before, "The last line")
        return digest(lines[-1]), start + data.rfind(b"\n") + 1

    def _event(self, line: bytes, before: str, which: str) -> dict[str, object]:
        try:
            record = json.loads(line)
            linked, event = record["after"] == before, record["event"]
        except (ValueError, TypeError, KeyError):
            linked = False
        if not linked:
            raise ValueError(
                f"{which} of {self.path.name} does not follow from the lines before it: "
                "the log was altered; restore it."
            )
        return event


@contextmanager
def only_one(path: Path) -> Iterator[None]:
    """Be the only one in here, by the lock on a file; it ends with the process, however that ends.

    Raises
    ------
    BlockingIOError : another one is.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        if fcntl:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        else:
            try:
                os.lseek(file, _BEYOND, os.SEEK_SET)
                msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
            except PermissionError:
                raise BlockingIOError(f"{path.name} is locked.") from None
        try:
            yield
        finally:
            _unlock(file)
    finally:
        os.close(file)


def _finished(data: bytes) -> list[bytes]:
    return data.split(b"\n")[:-1]


def _from(file: int, start: int) -> bytes:
    """The rest of an open file."""
    with open(file, "rb", buffering=0, closefd=False) as reader:
        reader.seek(start)
        return reader.read()


@contextmanager
def _locked(path: Path, flags: int) -> Iterator[int]:
    """Open a file when nobody else has it locked: readers keep out writers, a writer everybody."""
    file = os.open(path, flags | getattr(os, "O_BINARY", 0), 0o666)
    try:
        _lock(file, shared=flags & os.O_RDWR == 0)
        try:
            yield file
        finally:
            _unlock(file)  # closing is not enough where a forked child has the file too
    finally:
        os.close(file)


def _lock(file: int, shared: bool) -> None:
    if fcntl:
        fcntl.flock(file, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
        return
    while True:
        try:
            os.lseek(file, _BEYOND, os.SEEK_SET)
            return msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        except PermissionError:  # somebody has it
            time.sleep(0.01)


def _unlock(file: int) -> None:
    if fcntl:
        fcntl.flock(file, fcntl.LOCK_UN)
    else:
        os.lseek(file, _BEYOND, os.SEEK_SET)
        msvcrt.locking(file, msvcrt.LK_UNLCK, 1)


def _write(path: Path, data: bytes, flags: int) -> None:
    file = os.open(path, flags | getattr(os, "O_BINARY", 0), 0o666)
    try:
        _write_all(file, data)
    finally:
        os.close(file)


def _write_all(file: int, data: bytes) -> None:
    """Write all of it, past every buffer."""
    while data:
        data = data[os.write(file, data) :]
    os.fsync(file)
