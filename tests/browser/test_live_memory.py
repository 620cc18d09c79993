"""What `make live` does to a binary, asked of a browser: it starts with the memory it was given."""

from __future__ import annotations

import base64
import runpy
from types import SimpleNamespace

import numpy as np
import pytest
from browser_lab import ROOT
from refusals import refuses

keep = SimpleNamespace(**runpy.run_path(str(ROOT / "docs/live/keep.py")))
HEAD = b"\0asm\1\0\0\0"
NAMED = bytes([keep.NAMES, 6]) + b"\4names"
EXPORT = bytes([7, 5, 1, 1]) + b"m" + bytes([2, 0])
DATA = bytes([keep.DATA, 12, 2, 1, 0, 0, 0x41, 0, 0x0B, 4]) + b"abcd"
ONE_PAGE = HEAD + bytes([keep.MEMORY, 3, 1, 0, 1]) + EXPORT + DATA + NAMED
START = """async base64 => {
  const binary = Uint8Array.from(atob(base64), letter => letter.charCodeAt(0));
  const { instance } = await WebAssembly.instantiate(binary);
  let said = "";
  const bytes = new Uint8Array(instance.exports.m.buffer);
  for (let at = 0; at < bytes.length; at += 8192)
    said += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(said);
}"""


def started(page, binary: bytes) -> bytes:
    """The memory of a binary that a browser has started."""
    return base64.b64decode(page.evaluate(START, base64.b64encode(binary).decode()))


def memory_of(rng: np.random.Generator, pages: int) -> bytes:
    """Stretches of all lengths, with gaps of all lengths between them."""
    memory = np.zeros(pages * keep.PAGE, dtype=np.uint8)
    for at in rng.integers(0, memory.size, 60):
        memory[at : at + rng.integers(1, 4 * keep.APART)] = rng.integers(0, 256)
    return memory.tobytes()


def test_the_binary_of_this_test_starts_as_it_says(page):
    assert started(page, ONE_PAGE).rstrip(b"\0") == b"abcd"


@pytest.mark.parametrize("pages", [1, 2, 9])
def test_a_binary_starts_with_the_memory_it_was_given(page, pages):
    for seed in range(5):
        memory = memory_of(np.random.default_rng([pages, seed]), pages)
        made = keep.with_memory(ONE_PAGE, memory)
        assert started(page, made) == memory
        assert b"names" not in made and len(made) < len(memory)


def test_an_empty_memory_is_empty(page):
    assert not any(started(page, keep.with_memory(ONE_PAGE, bytes(keep.PAGE))))


@pytest.mark.parametrize("number", [0, 1, 63, 64, 127, 128, 300, 2**31 - 1, 2**32 - 1])
def test_a_number_is_read_as_it_was_written(number):
    assert keep.read_leb(keep.leb(number), 0) == (number, len(keep.leb(number)))


@pytest.mark.parametrize(
    ("binary", "words"),
    [
        (b"MZ" + bytes(9), "no WebAssembly"),
        (HEAD + bytes([keep.MEMORY, 4, 1, 1, 1, 2]), "memory is of a kind"),
        (HEAD + bytes([keep.DATA, 2, 1, 2]), "data of a kind"),
    ],
)
def test_what_is_not_known_is_refused(binary, words):
    with refuses(ValueError, words):
        keep.with_memory(binary, bytes(keep.PAGE))
