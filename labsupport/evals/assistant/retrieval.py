"""Looking things up: which articles are in the index, and which of them are about a question.

The weights are TF-IDF with 1 + ln(count), ln((1 + n) / (1 + df)) + 1 and rows of length one. No
product is left to BLAS: each word of the question adds its column, in order, so that all machines
rank alike.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from labsupport.data import FOLDER
from labsupport.durable import digest
from labsupport.evals.assistant.handbook import Article, handbook_digest, load_handbook
from labsupport.evals.assistant.words import words

INDEXES = ("public", "everything", "community")
COMMUNITY = FOLDER / "support" / "community.yaml"  # notes in the format of the handbook
_DIGITS = 9  # scores that differ less are tied, and the article that came first wins


@dataclass(frozen=True)
class Index:
    """Articles that can be found; what is not in here cannot be shown.

    Attributes
    ----------
    name : of the version.
    articles : in the order that decides between equal scores.

    Raises
    ------
    ValueError : no articles, or two with one id.
    """

    name: str
    articles: tuple[Article, ...]

    def __post_init__(self) -> None:
        twice = [i for i, n in Counter(a.id for a in self.articles).items() if n > 1]
        if not self.articles or twice:
            raise ValueError(
                f"Index {self.name!r} holds "
                + (f"article {twice[0]!r} twice; keep one." if twice else "no article; give some.")
            )

    @property
    def digest(self) -> str:
        """Of every article, word for word."""
        return digest(json.dumps([self.name, handbook_digest(self.articles)]).encode())

    @cached_property
    def vocabulary(self) -> dict[str, int]:
        """The place of each word's column."""
        found = sorted({word for article in self.articles for word in words(article.whole)})
        return {word: place for place, word in enumerate(found)}

    @cached_property
    def idf(self) -> np.ndarray:
        """(words,) how much a word says: ln((1 + n) / (1 + df)) + 1."""
        held = Counter(word for a in self.articles for word in set(words(a.whole)))
        n = len(self.articles)
        return np.array([math.log((1 + n) / (1 + held[w])) + 1 for w in self.vocabulary])

    @cached_property
    def matrix(self) -> np.ndarray:
        """(articles, words) weights; each row has length one."""
        return np.array([self.weigh(article.whole) for article in self.articles])

    def weigh(self, text: str) -> np.ndarray:
        """(words,) TF-IDF weights of a text, of length one; zeros if it has no known word."""
        row = np.zeros(len(self.vocabulary))
        for word, count in Counter(words(text)).items():
            if (place := self.vocabulary.get(word)) is not None:
                row[place] = (1 + math.log(count)) * self.idf[place]
        length = math.sqrt(math.fsum(row * row))
        return row / length if length else row

    def search(self, text: str, k: int) -> tuple[Article, ...]:
        """At most k articles that share a word with the text, best first."""
        query, scores = self.weigh(text), np.zeros(len(self.articles))
        for place in np.flatnonzero(query):
            scores += query[place] * self.matrix[:, place]
        scores = np.round(scores, _DIGITS)
        best = np.argsort(-scores, kind="stable")[:k]
        return tuple(self.articles[i] for i in best if scores[i] > 0)


def choose(name: str, handbook: Sequence[Article], notes: Sequence[Article] = ()) -> Index:
    """The index of that name.

    Parameters
    ----------
    name : "public"; "everything", internal articles too; "community", public articles and notes.
    notes : what the community wrote.

    Raises
    ------
    ValueError : there is no index of that name.
    """
    if name not in INDEXES:
        known = ", ".join(map(repr, INDEXES))
        raise ValueError(f"There is no index {name!r}; the indexes are {known}.")
    inside = [a for a in handbook if name == "everything" or not a.internal]
    return Index(name, tuple(inside) + (tuple(notes) if name == "community" else ()))


@lru_cache(maxsize=8)
def shipped_index(name: str) -> Index:
    """The index of that name over the handbook that comes with the lab."""
    return choose(name, load_handbook(), load_handbook(COMMUNITY) if name == "community" else ())
