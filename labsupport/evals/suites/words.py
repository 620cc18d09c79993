"""What an answer says, without regard to case, spaces and punctuation."""

from __future__ import annotations

import re
import unicodedata

_WORD = re.compile(r"(?:(?<!\w)-)?\d+(?:[.,:]\d+)*|[^\W_]+")


def words_of(text: str) -> list[str]:
    """The words and numbers of a text, in order, in lower case.

    A point, comma or colon between two digits is part of the number, and so is a minus before it:
    9.99 is not 999, and -5 is not 5. "5GB" is "5 GB".
    """
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold())


def says(words: list[str], phrase: str) -> bool:
    """Whether the words of a phrase stand there, one after the other, as whole words."""
    sought = words_of(phrase)
    if not sought:
        return False
    places = range(len(words) - len(sought) + 1)
    return any(words[i : i + len(sought)] == sought for i in places)
