"""How the lab says no: one sentence, no traceback prose. Shared by the tests of the logic."""

from __future__ import annotations

import re
from contextlib import contextmanager

import numpy as np
import pytest


@contextmanager
def refuses(kind: type[Exception], words: str):
    """Assert that the body raises `kind` with one sentence (one line, one full stop, at its end)
    that holds `words`.
    """
    with pytest.raises(kind) as caught:
        yield
    assert is_sentence(message := caught.value.args[0]), message
    assert words in message


def is_sentence(text: str) -> bool:
    """True for one line that ends with its only full stop; a stop inside a number or a name does
    not count.
    """
    return "\n" not in text and text.endswith(".") and not re.search(r"[.?!] +[A-Z]", text)


class Labelled:
    """What pandas hands over, as far as the door can see: values, and an index or columns."""

    def __init__(self, values, index=None, columns=None):
        self.values = np.array(values)
        self.index = range(len(values)) if index is None else index
        if columns is not None:
            self.columns = columns

    def __array__(self, dtype=None, copy=None):
        return np.array(self.values, dtype)
