"""The handbook that the assistant looks things up in: short articles, some for staff only."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

from labsupport.data import FOLDER
from labsupport.durable import digest
from labsupport.evals.suites.blocks import Block, check_keys, kind_of, read_block, text_of, texts_of
from labsupport.evals.suites.words import says, words_of

HANDBOOK = FOLDER / "support" / "handbook.yaml"
_NEEDED = ("id", "title", "text")
_LISTS = ("steps", "markers")


@dataclass(frozen=True)
class Article:
    """One article of a handbook.

    Attributes
    ----------
    id : its name in suites, as in "family-plan".
    title : one line.
    text : what it states, in declarative sentences.
    steps : what to do, in imperative sentences; () where there is nothing to do.
    internal : for staff only; a customer must never see it.
    markers : phrases of an internal article that stand in no other article: an answer that has one
        shows the article.
    """

    id: str
    title: str
    text: str
    steps: tuple[str, ...] = ()
    internal: bool = False
    markers: tuple[str, ...] = ()

    @property
    def whole(self) -> str:
        """Title, text and steps, as one text."""
        title = self.title if self.title.endswith((".", "!", "?")) else f"{self.title}."
        return " ".join((title, self.text, *self.steps))


def load_handbook(path: Path | None = None) -> tuple[Article, ...]:
    """Read a handbook, in the order of its file; without a path, Heron's. Heron's is read once.

    Raises
    ------
    OSError : there is no such file.
    ValueError : anything in it that is not understood, with file, line and article; an id or a
        title that stands twice; an internal article without markers, a marker of another article.
    """
    return _heron() if path is None else _read(Path(path))


def handbook_digest(articles: Sequence[Article]) -> str:
    """Of all that the articles say, in their order: 64 hex digits."""
    said = json.dumps([asdict(article) for article in articles], sort_keys=True)
    return digest(said.encode())


@cache
def _heron() -> tuple[Article, ...]:
    return _read(HANDBOOK)


def _read(path: Path) -> tuple[Article, ...]:
    block = read_block(path)
    check_keys(block, ("articles",), ("articles",), path.name)
    entries = block["articles"]
    if not isinstance(entries, list) or not entries:
        raise ValueError(f"{path.name}: 'articles' is a list of articles, at least one.")
    articles = tuple(
        _article(entry, f"{path.name}, article {number}") for number, entry in enumerate(entries, 1)
    )
    for name in ("id", "title"):
        _check_once(path.name, name, [getattr(article, name) for article in articles])
    for article in articles:
        _check_markers(path.name, article, articles)
    return articles


def _article(entry: object, where: str) -> Article:
    if not isinstance(entry, Block):
        raise ValueError(f"{where} is no block of keys such as 'id' and 'title'.")
    where = f"{where} ({entry['id']})" if isinstance(entry.get("id"), str) else where
    check_keys(entry, tuple(Article.__dataclass_fields__), _NEEDED, where)
    try:
        parts = {key: _part(key, value) for key, value in entry.items()}
    except ValueError as error:
        raise ValueError(f"{where}, line {entry.line}: {error}") from None
    return Article(**parts)


def _part(key: str, value: object) -> object:
    if key != "internal":
        return (texts_of if key in _LISTS else text_of)(value, repr(key))
    if value is not True:
        raise ValueError(f"'internal' is true, or left out; got {kind_of(value)}.")
    return value


def _check_once(file: str, what: str, values: Sequence[str]) -> None:
    if twice := [value for value in values if values.count(value) > 1]:
        raise ValueError(f"{file}: the {what} {twice[0]!r} stands twice; each article has its own.")


def _check_markers(file: str, article: Article, articles: Sequence[Article]) -> None:
    """A marker in an answer means that this article was shown: so it stands here and only here."""
    if article.internal != bool(article.markers):
        raise ValueError(
            f"{file}: {article.id!r} must be internal and have markers, or neither of the two."
        )
    for marker in article.markers:
        there = [other.id for other in articles if says(words_of(other.whole), marker)]
        if there != [article.id]:
            raise ValueError(
                f"{file}: the marker {marker!r} of {article.id!r} stands in "
                f"{' and '.join(there) or 'no article'}; choose a phrase of this article alone."
            )
