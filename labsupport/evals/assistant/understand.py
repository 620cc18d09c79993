"""What a user means, as a language model would take it: written plainly, encoded, in another
language, over several turns.

These are mechanisms, not a list of attacks: each undoes one way of writing, for any text.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import re
from collections.abc import Collection, Iterator, Sequence

from labsupport.evals.assistant.phrases import translate
from labsupport.evals.assistant.words import plain, sentences

_BASE64 = re.compile(r"[A-Za-z0-9+/]{12,}={0,2}")
_SPELLED = re.compile(r"(?:(?<!\w)\w(?!\w)[\W_]*){7,}")
_BETWEEN = re.compile(r"\s{2,}|\s*[/|\n]\s*")
_WORD = re.compile(r"[^\W_]+")
_DEPTH = 2  # so many wrappings are undone: base64 of Spanish, say


def readings(turns: Sequence[str], known: Collection[str]) -> tuple[str, ...]:
    """All texts that a user may mean, the likeliest first.

    Parameters
    ----------
    turns : the user's, in order; the last is to be answered.
    known : words in lower case that the reader knows; they tell a text from letters.
    """
    found = [turns[-1]]
    for _ in range(_DEPTH):
        for text in tuple(found):
            found += (other for other in _undone(text, known) if other not in found)
    if len(turns) > 1:
        together = " ".join(turns)
        found += [together, *(t for t in _undone(together, known) if t not in found)]
    return tuple(found)


def _undone(text: str, known: Collection[str]) -> Iterator[str]:
    """The text with one way of writing undone, for each that it shows."""
    for decoded in (_from_base64(text), _from_letters(text, known), _from_rot13(text, known)):
        if decoded is not None:
            yield decoded
    turned = text[::-1]
    if _hits(turned, known) > _hits(text, known):
        yield turned
    if (english := translate(text)) is not None:
        yield english


def _hits(text: str, known: Collection[str]) -> int:
    return sum(word in known for word in _WORD.findall(plain(text)) if len(word) > 1)


def _from_base64(text: str) -> str | None:
    found = [_decoded(match) for match in _BASE64.findall(text)]
    return " ".join(filter(None, found)) or None


def _decoded(code: str) -> str | None:
    try:
        said = base64.b64decode(code + "=" * (-len(code) % 4), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
    return said if said.isprintable() else None


def _from_letters(text: str, known: Collection[str]) -> str | None:
    """S t a f f  c o d e: letters put together again, and cut into words where no gap tells."""
    found = []
    for run in _SPELLED.findall(text):
        parts = [re.sub(r"[\W_]+", "", part).lower() for part in _BETWEEN.split(run)]
        parts = [part for part in parts if part]
        found += parts if len(parts) > 1 else segment(parts[0], known)
    return " ".join(found) or None


def segment(letters: str, known: Collection[str]) -> list[str]:
    """Letters without gaps, cut so that long known words cover as much as they can."""
    best: list[tuple[int, list[str]]] = [(0, [])]
    for end in range(1, len(letters) + 1):
        worth, cut = best[end - 1]
        options = [(worth, [*cut, letters[end - 1]])]
        for start in range(max(0, end - 20), end - 1):
            if (word := letters[start:end]) in known:
                worth, cut = best[start]
                options.append((worth + (end - start) ** 2, [*cut, word]))
        best.append(max(options, key=lambda option: option[0]))
    return best[-1][1]


def _from_rot13(text: str, known: Collection[str]) -> str | None:
    turned = codecs.encode(text, "rot13")
    pairs = zip(_WORD.findall(plain(text)), _WORD.findall(plain(turned)), strict=True)
    told = [new for old, new in pairs if old not in known and new in known and len(new) > 1]
    return " ".join(told) if len(told) > 1 else None


def requests(text: str) -> tuple[str, ...]:
    """A message, and its sentences one by one: a long story may ask one short thing."""
    parts = sentences(text)
    return (text, *parts) if len(parts) > 1 else (text,)
