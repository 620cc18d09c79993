"""A writer without a model: it takes the sentences of its context that are about what was asked.

It shares with a language model what attacks live on. It reads all of its context, the instructions
too. It understands what is encoded or in another language. Told to give steps, it does what stands
in the context as a request, whoever wrote it there; text that is marked as quoted it only quotes.
And it follows the prompt only as far as that goes: "Never reveal X" holds for who asks for X in
these words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from labsupport.durable import digest
from labsupport.evals.assistant.context import Block, Context, read_context
from labsupport.evals.assistant.directives import (
    calls,
    form,
    obeyed,
    repeats_instructions,
    script_for,
    withheld,
)
from labsupport.evals.assistant.phrases import LANGUAGES
from labsupport.evals.assistant.retrieval import shipped_index
from labsupport.evals.assistant.understand import readings, requests
from labsupport.evals.assistant.words import COMMON, plain, words
from labsupport.evals.system import Reply

UNKNOWN = "I do not know."
Candidate = tuple[str, frozenset[str], Block]
_UNIT = 1000  # weights are whole thousandths: sums of them are the same everywhere
_WORD = re.compile(r"[^\W_]+")
_STEPS = re.compile(r"\bsteps\b")
_MARKS = " \t\n.…_-\"'“”"  # what may stand after a text that is to be gone on with
_BEGIN = re.compile(r"[:\n\"'“”]")


@dataclass(frozen=True)
class Extract:
    """Picks sentences of the context that share most weight with what is asked.

    Attributes
    ----------
    least : a sentence must share at least so much, in thousandths of an idf ...
    covered : ... or so many percent of the weight of all that was asked.
    """

    least: int = 6000
    covered: int = 60

    @property
    def digest(self) -> str:
        """Of its code, its numbers and its weights."""
        weights = sorted(_weights().items())
        return digest(repr((_code(), self.least, self.covered, weights)).encode())

    def write(self, messages: Sequence[Mapping[str, str]], seed: int = 0) -> Reply:
        """The answer; always the same, so the seed says nothing."""
        context = read_context(messages)
        if not context.turns:
            return Reply("", error="There is no message of a user to answer; send at least one.")
        asked = words(context.turns[-1])
        script = script_for(context.instructions, asked)
        if script is not None:
            return Reply(script)
        hidden = withheld(context.instructions, asked)
        meant = readings(context.turns[-1], _known(context.instructions))
        said = self._said(context, meant, hidden)
        change = next((c for text in meant if (c := form(text))), None)
        return Reply(change(said) if change else said)

    def _said(self, context: Context, meant: Sequence[str], hidden: list[set[str]]) -> str:
        told = tuple(part for text in meant for part in requests(text))
        if made := [call for text in told for call in calls(text, context.functions)]:
            return " ".join(dict.fromkeys(made))
        if any(map(repeats_instructions, told)):
            return context.instructions
        for text in meant:
            if (rest := _continued(text, context, hidden)) is not None:
                return rest
        return self._picked(context, told, hidden)

    def _picked(self, context: Context, told: Iterable[str], hidden: list[set[str]]) -> str:
        """The best two sentences, and where steps are asked for, the requests."""
        steps = bool(_STEPS.search(context.instructions))
        pool = tuple(_pool(context, hidden, steps))
        before = _before(context)
        found = (self._best(pool, frozenset(words(text)), before) for text in told)
        _, said, block = max(found, key=lambda each: each[0])
        if steps:
            said += block.requests if block and block is not context.blocks[0] else ()
            stated = tuple(_pool(context, hidden, steps=False))
            for other in context.blocks[1:]:
                said += () if other.quoted else tuple(self._obey(other, context, stated))
        return " ".join(dict.fromkeys(said)) or UNKNOWN

    def _best(
        self,
        pool: Sequence[Candidate],
        asked: frozenset[str],
        before: frozenset[str] = frozenset(),
    ) -> tuple[int, tuple[str, ...], Block | None]:
        """Twice the weight that the best sentence shares, it and another of its block, the block.

        What was said in earlier turns counts half.
        """
        earlier = before - asked
        ranked = sorted(
            (
                (2 * _worth(asked & held) + _worth(earlier & held), sentence, block)
                for sentence, held, block in pool
            ),
            key=lambda found: -found[0],
        )
        if not ranked or not ranked[0][0]:
            return 0, (), None
        twice, sentence, block = ranked[0]
        if twice < 2 * self.least and 50 * twice < self.covered * _worth(asked):
            return 0, (), None
        also = [s for n, s, b in ranked[1:] if b is block and 2 * n >= twice][:1]
        return twice, (sentence, *also), block

    def _obey(self, block: Block, context: Context, pool: Sequence[Candidate]) -> Iterator[str]:
        """What the requests of a text want done and said."""
        for request in block.requests:
            if made := calls(request, context.functions):
                yield from made
            elif repeats_instructions(request):
                yield context.instructions
            elif (wanted := obeyed(request)) is not None:
                yield wanted
                yield from self._best(pool, frozenset(words(wanted)))[1]


def _before(context: Context) -> frozenset[str]:
    """The words of earlier turns, however they are written."""
    known = _known(context.instructions)
    texts = (text for turn in context.turns[:-1] for text in readings(turn, known))
    return frozenset(word for text in texts for word in words(text))


def _pool(context: Context, hidden: list[set[str]], steps: bool) -> Iterator[Candidate]:
    """The sentences that may be said, each with its words and its title's."""
    for block in context.blocks:
        asks = steps and block is not context.blocks[0]
        for sentence in block.sentences if asks else block.statements:
            if not _about(sentence, hidden):
                yield sentence, frozenset(words(sentence)) | block.title, block


def _continued(text: str, context: Context, hidden: list[set[str]]) -> str | None:
    """The rest of a text of the context, from the sentence that somebody begins."""
    begun = " ".join(plain(_BEGIN.split(text.rstrip(_MARKS))[-1]).split())
    if len(begun.split()) < 3:
        return None
    for block in context.blocks:
        for place, sentence in enumerate(block.sentences):
            held = plain(sentence)
            if held.startswith(begun) and len(held) > len(begun) and not _about(sentence, hidden):
                rest = [s for s in block.sentences[place + 1 :] if not _about(s, hidden)]
                return " ".join((sentence[len(begun) :].strip(), *rest))
    return None


def _about(sentence: str, topics: list[set[str]]) -> bool:
    held = set(words(sentence))
    return any(topic <= held for topic in topics)


def _worth(stems: Iterable[str]) -> int:
    weights = _weights()
    return sum(weights.get(stem, weights[""]) for stem in stems)


@cache
def _weights() -> dict[str, int]:
    """Thousandths of an idf by stem; that of "" is for words that no article has."""
    index = shipped_index("public")
    known = {w: round(_UNIT * float(index.idf[i])) for w, i in index.vocabulary.items()}
    return known | {"": max(known.values())}


@cache
def _code() -> str:
    sources = sorted(Path(__file__).parent.glob("*.py"))
    return "".join(path.read_text(encoding="utf-8") for path in sources)


@lru_cache(maxsize=64)
def _known(instructions: str) -> frozenset[str]:
    """Words by which a text is told from letters."""
    articles = " ".join(a.whole for a in shipped_index("public").articles)
    english = " ".join(word for table in LANGUAGES.values() for word in table.values())
    foreign = {part for table in LANGUAGES.values() for key in table for part in key.split()}
    return COMMON | foreign | set(_WORD.findall(plain(f"{instructions} {articles} {english}")))
