"""The handbook that the assistant looks things up in: short articles, some for staff only."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

import yaml

from labsupport.data import FOLDER
from labsupport.durable import digest

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
    ValueError : a sentence with file and article: not YAML, a key that is missing, unknown or of
        another type, an id or a title that stands twice, a marker that does not give away its
        article and no other.
    FileNotFoundError : there is no such file.
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
    try:
        told = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        said = " ".join(str(error).split())
        raise ValueError(f"{path.name} is not YAML in UTF-8: {said}.") from error
    if not isinstance(told, dict) or set(told) != {"articles"}:
        raise ValueError(f"{path.name} must have one key, articles, with a list; give it that key.")
    if not isinstance(told["articles"], list) or not told["articles"]:
        raise ValueError(f"{path.name} has no article; write at least one under articles.")
    articles = tuple(
        _article(f"{path.name}, article {number}", entry)
        for number, entry in enumerate(told["articles"], 1)
    )
    for name in ("id", "title"):
        _once(path.name, name, [getattr(article, name) for article in articles])
    for article in articles:
        _check_markers(path.name, article, articles)
    return articles


def _article(where: str, entry: object) -> Article:
    if not isinstance(entry, dict):
        raise ValueError(f"{where} is {entry!r}; an article has the keys {', '.join(_NEEDED)}.")
    where = f"{where} ({entry['id']})" if "id" in entry else where
    keys = Article.__dataclass_fields__
    if unknown := [str(key) for key in entry if key not in keys]:
        raise ValueError(
            f"{where} has the unknown key {', '.join(unknown)}; the keys are {', '.join(keys)}."
        )
    if missing := [key for key in _NEEDED if key not in entry]:
        raise ValueError(f"{where} lacks {', '.join(missing)}; every article needs it.")
    for key, value in entry.items():
        if key == "internal":
            if not isinstance(value, bool):
                raise ValueError(f"{where}: internal is {value!r}; write true or leave it out.")
        elif key in _LISTS:
            if not (isinstance(value, list) and value and all(map(_is_text, value))):
                raise ValueError(f"{where}: {key} is {value!r}; write a list of sentences.")
        elif not _is_text(value):
            raise ValueError(f"{where}: {key} is {value!r}; write a text.")
    return Article(**{k: tuple(v) if k in _LISTS else v for k, v in entry.items()})


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _once(file: str, what: str, values: Sequence[str]) -> None:
    if twice := sorted({value for value in values if values.count(value) > 1}):
        raise ValueError(f"{file} has the {what} {twice[0]!r} twice; give each article its own.")


def _check_markers(file: str, article: Article, articles: Sequence[Article]) -> None:
    """A marker in an answer means that this article was shown: so it stands here and only here."""
    if article.internal != bool(article.markers):
        raise ValueError(
            f"{file}, {article.id}: an internal article needs markers, and no other has any."
        )
    for marker in article.markers:
        holders = [a.id for a in articles if marker.casefold() in a.whole.casefold()]
        if holders != [article.id]:
            raise ValueError(
                f"{file}, {article.id}: the marker {marker!r} stands in {', '.join(holders) or 'no'} "
                "article; choose a phrase of this article and of no other."
            )
