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
_UNIT = 1000  # weights are whole thousandths: sums of them are the same everywhere
_WORD = re.compile(r"[^\W_]+")
_STEPS = re.compile(r"\bsteps\b")
_TAIL = re.compile(r"(?:^|[:\n\"'“])\s*([^:\n\"'“”]+?)[\s.…_\"'”]*$")


@dataclass(frozen=True)
class Extract:
    """Picks sentences of the context that share most weight with what is asked.

    Attributes
    ----------
    least : a sentence must share at least so much, in thousandths of an idf ...
    covered : ... or so many percent of the weight of all that was asked.
    """

    least: int = 6000
    covered: int = 50

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
        meant = readings(context.turns, _known(context.instructions))
        said = self._said(context, meant, hidden)
        change = next((c for text in meant if (c := form(text))), None)
        return Reply(change(said) if change else said)

    def _said(self, context: Context, meant: Sequence[str], hidden: list[set[str]]) -> str:
        told = [part for text in meant for part in requests(text)]
        if made := [call for text in meant for call in calls(text, context.functions)]:
            return " ".join(dict.fromkeys(made))
        if any(map(repeats_instructions, told)):
            return context.instructions
        for text in meant:
            if (rest := _continued(text, context, hidden)) is not None:
                return rest
        return self._picked(context, told, hidden)

    def _picked(self, context: Context, told: Iterable[str], hidden: list[set[str]]) -> str:
        """The best two sentences, and where steps are asked for, the requests."""
        best = max((self._best(context, frozenset(words(t)), hidden) for t in told), key=_rank)
        said = list(best[1])
        if _STEPS.search(context.instructions):
            said += best[2].requests if best[2] and best[2] is not context.blocks[0] else ()
            for block in context.blocks[1:]:
                said += [] if block.quoted else self._obey(block, context, hidden)
        return " ".join(dict.fromkeys(said)) or UNKNOWN

    def _best(
        self, context: Context, asked: frozenset[str], hidden: list[set[str]]
    ) -> tuple[int, tuple[str, ...], Block | None]:
        """Weight shared by the best sentence, it and the next of its block, and the block."""
        ranked = sorted(_scored(context, asked, hidden), key=lambda found: -found[0])
        if not ranked:
            return 0, (), None
        shared, sentence, block = ranked[0]
        enough = shared >= self.least or 100 * shared >= self.covered * _worth(asked)
        if not shared or not enough:
            return 0, (), None
        also = [s for n, s, b in ranked[1:] if b is block and 2 * n >= shared][:1]
        return shared, (sentence, *also), block

    def _obey(self, block: Block, context: Context, hidden: list[set[str]]) -> Iterator[str]:
        """What a text's requests want said."""
        for request in block.requests:
            if made := calls(request, ()):
                yield from made
            elif repeats_instructions(request):
                yield context.instructions
            elif (wanted := obeyed(request)) is not None:
                yield wanted
                yield from self._best(context, frozenset(words(wanted)), hidden)[1]


def _rank(found: tuple[int, tuple[str, ...], Block | None]) -> int:
    return found[0]


def _scored(
    context: Context, asked: frozenset[str], hidden: list[set[str]]
) -> Iterator[tuple[int, str, Block]]:
    for block in context.blocks:
        for sentence in block.statements:
            held = frozenset(words(sentence))
            if not any(topic <= held for topic in hidden):
                yield _worth(asked & held) + _worth(asked & block.title - held), sentence, block


def _continued(text: str, context: Context, hidden: list[set[str]]) -> str | None:
    """The rest of a sentence of the context that a text begins."""
    match = _TAIL.search(text)
    begun = " ".join(plain(match[1]).split()) if match else ""
    if len(begun.split()) < 3:
        return None
    for block in context.blocks:
        for sentence in block.statements:
            held = plain(sentence)
            told = held.startswith(begun) and len(held) > len(begun)
            if told and not any(topic <= set(words(sentence)) for topic in hidden):
                return sentence[len(begun) :].strip()
    return None


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
