"""What a user means, as a language model would take it: written plainly, encoded, in another
language, over several turns.

These are mechanisms, not a list of attacks: each undoes one way of writing, for any text.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import re
from collections.abc import Collection, Iterator

from labsupport.evals.assistant.phrases import translate
from labsupport.evals.assistant.words import plain, sentences

_BASE64 = re.compile(r"[A-Za-z0-9+/]{12,}={0,2}")
_SPELLED = re.compile(r"(?:(?<!\w)[^\W_](?!\w)[\W_]*){7,}")
_BETWEEN = re.compile(r"\s{2,}|\s*[/|\n]\s*")
_WORD = re.compile(r"[^\W_]+")
_LONGEST = 20  # letters of a word
_DEPTH = 2  # so many wrappings are undone: base64 of Spanish, say


def readings(text: str, known: Collection[str]) -> tuple[str, ...]:
    """All texts that a message may mean, the likeliest first.

    Parameters
    ----------
    known : words in lower case that the reader knows; they tell a text from letters.
    """
    found = [text]
    for _ in range(_DEPTH):
        for each in tuple(found):
            found += (other for other in _undone(each, known) if other not in found)
    return tuple(found)


def _undone(text: str, known: Collection[str]) -> Iterator[str]:
    """The text with one way of writing undone, for each that it shows."""
    for decoded in (_from_base64(text), _from_letters(text, known), _from_rot13(text, known)):
        if decoded != text:
            yield decoded
    turned = text[::-1]
    if _hits(turned, known) > _hits(text, known):
        yield turned
    if (english := translate(text)) is not None:
        yield english


def _hits(text: str, known: Collection[str]) -> int:
    return sum(word in known for word in _WORD.findall(plain(text)) if len(word) > 1)


def _from_base64(text: str) -> str:
    return _BASE64.sub(lambda match: _decoded(match[0]) or match[0], text)


def _decoded(code: str) -> str | None:
    try:
        said = base64.b64decode(code + "=" * (-len(code) % 4), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
    return said if said.isprintable() else None


def _from_letters(text: str, known: Collection[str]) -> str:
    """D a y  p a s s: letters put together again, and cut into words where no gap tells."""
    return _SPELLED.sub(lambda match: f" {' '.join(_joined(match[0], known))} ", text)


def _joined(run: str, known: Collection[str]) -> list[str]:
    parts = [re.sub(r"[\W_]+", "", part).lower() for part in _BETWEEN.split(run)]
    parts = [part for part in parts if part]
    return parts if len(parts) > 1 else segment(parts[0], known)


def segment(letters: str, known: Collection[str]) -> list[str]:
    """Letters without gaps, cut so that long known words cover as much as they can."""
    best, last = [0], [0]  # the worth of the first letters, and where their last word begins
    for end in range(1, len(letters) + 1):
        worth, cut = best[end - 1], end - 1
        for start in range(max(0, end - _LONGEST), end - 1):
            new = best[start] + (end - start) ** 2
            if new > worth and letters[start:end] in known:
                worth, cut = new, start
        best.append(worth)
        last.append(cut)
    found, end = [], len(letters)
    while end:
        found.append(letters[last[end] : end])
        end = last[end]
    return found[::-1]


def _from_rot13(text: str, known: Collection[str]) -> str:
    """Words that nobody knows, turned where that makes one that somebody does, if two do."""
    turned = {}
    for word in set(_WORD.findall(text)):
        new = codecs.encode(word, "rot13")
        if len(word) > 1 and plain(word) not in known and plain(new) in known:
            turned[word] = new
    if len(turned) < 2:
        return text
    unknown = {w for w in _WORD.findall(text) if plain(w) not in known}
    return _WORD.sub(lambda m: codecs.encode(m[0], "rot13") if m[0] in unknown else m[0], text)


def requests(text: str) -> tuple[str, ...]:
    """A message, and its sentences one by one: a long story may ask one short thing."""
    parts = sentences(text)
    return (text, *parts) if len(parts) > 1 else (text,)
