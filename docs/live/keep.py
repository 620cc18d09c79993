"""A WASI binary with the memory of an interpreter that has already started, for make.py.

The binary's own data are replaced by what lies in its memory after some turns, as wizer does it:
the next start finds every import done. What is no memory (the stack pointer, the table of
functions) stands between turns as it stood at first.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

PAGE = 65536
APART = 64  # zeros that part two pieces; a browser takes 100,000 pieces
MEMORY, GLOBAL, DATA, NAMES = 5, 6, 11, 0  # sections


def read_leb(data: bytes, at: int) -> tuple[int, int]:
    """An unsigned number as WebAssembly writes it, and where the next thing begins."""
    number = shift = 0
    while True:
        byte = data[at]
        number |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return number, at


def leb(number: int, signed: bool = False) -> bytes:
    """A number as WebAssembly writes it."""
    out = bytearray()
    while True:
        byte, number = number & 127, number >> 7
        last = number == 0 and not (signed and byte & 64)
        out.append(byte | (0 if last else 128))
        if last:
            return bytes(out)


def sections(binary: bytes) -> Iterator[tuple[int, bytes]]:
    """(number, content) of every section of a binary.

    Raises
    ------
    ValueError : it is no WebAssembly binary.
    """
    if binary[:8] != b"\0asm\1\0\0\0":
        raise ValueError("This is no WebAssembly binary.")
    at = 8
    while at < len(binary):
        number, (size, start) = binary[at], read_leb(binary, at + 1)
        yield number, binary[start : start + size]
        at = start + size


def pieces(memory: bytes) -> list[tuple[int, int]]:
    """(first, past the last) of every stretch of a memory that is not all zeros."""
    words = np.frombuffer(memory, dtype="<u8")
    full = np.flatnonzero(words)
    if not full.size:
        return []
    breaks = np.flatnonzero(np.diff(full) > APART // 8)
    first = full[np.r_[0, breaks + 1]]
    last = full[np.r_[breaks, full.size - 1]] + 1
    return [(8 * int(a), 8 * int(b)) for a, b in zip(first, last, strict=True)]


def with_memory(binary: bytes, memory: bytes) -> bytes:
    """The same binary, which starts with this memory and without names for its functions.

    Raises
    ------
    ValueError : it has data or memory of a kind that this module does not know.
    """
    out = [binary[:8]]
    for number, content in sections(binary):
        if number == NAMES:
            continue
        if number == MEMORY:
            count, flags, at = content[0], content[1], 2
            _, at = read_leb(content, at)
            if (count, flags) != (1, 0) or at != len(content):
                raise ValueError("This binary's memory is of a kind that is not known here.")
            content = b"\1\0" + leb(len(memory) // PAGE)
        elif number == DATA:
            content = _data(content, memory)
        out += [bytes([number]), leb(len(content)), content]
    return b"".join(out)


def _data(content: bytes, memory: bytes) -> bytes:
    """A data section: the passive pieces that were there, which are empty, then the memory."""
    _, at = read_leb(content, 0)
    passive = 0
    while content[at : at + 2] == b"\1\0":
        passive, at = passive + 1, at + 2
    if content[at] != 0:
        raise ValueError("This binary has data of a kind that is not known here.")
    kept = pieces(memory)
    out = [leb(passive + len(kept)), b"\1\0" * passive]
    for first, last in kept:
        out += [b"\0\x41", leb(_signed(first), signed=True), b"\x0b", leb(last - first)]
        out.append(memory[first:last])
    return b"".join(out)


def _signed(address: int) -> int:
    return address - (1 << 32) if address >= 1 << 31 else address
