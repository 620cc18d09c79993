"""Landlock: a process gives up, for good, all files but those below some folders (Linux 5.13 on).

Source: the kernel's own page on it, Documentation/userspace-api/landlock.rst.
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys
from collections.abc import Iterable
from pathlib import Path

_CREATE, _ADD, _RESTRICT = 444, 445, 446  # the same numbers on every machine
_VERSION, _BENEATH = 1, 1
_EXECUTE, _WRITE, _READ, _READ_FOLDER = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_FIRST = (1 << 13) - 1  # all rights of the first version
_LATER = {2: 1 << 13, 3: 1 << 14, 5: 1 << 15}  # moving, truncating, devices' controls
_NETWORK, _SCOPES = {4: 0b11}, {6: 0b11}  # bind and connect; abstract sockets and signals


def version() -> int:
    """Which version this system has; 0 where there is none."""
    if sys.platform != "linux":
        return 0
    return max(0, _call(_CREATE, None, ctypes.c_size_t(0), ctypes.c_uint32(_VERSION)))


def keep_only(read: Iterable[Path], write: Path) -> None:
    """Leave this process what is below `read`, to be read, and below `write`, to be changed.

    Raises
    ------
    OSError : this system has no Landlock, or refuses.
    """
    known = version()
    if not known:
        raise OSError("this system has no Landlock")
    files = _FIRST | sum(right for since, right in _LATER.items() if since <= known)
    network = sum(right for since, right in _NETWORK.items() if since <= known)
    scopes = sum(right for since, right in _SCOPES.items() if since <= known)
    attributes = struct.pack("QQQ", files, network, scopes)
    size = 8 * (1 + (known >= 4) + (known >= 6))
    rules = _insist(_call(_CREATE, attributes, ctypes.c_size_t(size), ctypes.c_uint32(0)))
    for place in read:
        _allow(rules, place, _EXECUTE | _READ | _READ_FOLDER)
    _allow(rules, write, files)
    _insist(ctypes.CDLL(None).prctl(38, *map(ctypes.c_ulong, (1, 0, 0, 0))))  # no new privileges
    _insist(_call(_RESTRICT, ctypes.c_int(rules), ctypes.c_uint32(0)))
    os.close(rules)


def _allow(rules: int, place: Path, rights: int) -> None:
    if not place.exists():
        return
    if not place.is_dir():
        rights &= _EXECUTE | _READ | _WRITE
    held = os.open(place, os.O_PATH | os.O_CLOEXEC)
    rule = struct.pack("=Qi", rights, held)
    _insist(_call(_ADD, ctypes.c_int(rules), ctypes.c_int(_BENEATH), rule, ctypes.c_uint32(0)))
    os.close(held)


def _call(number: int, *arguments: object) -> int:
    return ctypes.CDLL(None, use_errno=True).syscall(ctypes.c_long(number), *arguments)


def _insist(result: int) -> int:
    if result < 0:
        raise OSError(ctypes.get_errno(), "a wall could not be put up")
    return result
