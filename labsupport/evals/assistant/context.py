"""What stands before a writer, taken apart: instructions, tools, articles, the user's turns."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from labsupport.evals.assistant.words import imperative, sentences, words

TOOLS, HANDBOOK = "\n\nTools: ", "\n\nHandbook:\n"  # what the parts of a system message begin with
_TITLE = re.compile(r"^([^.!?:\n]{1,60}): (?=\S)")
_FUNCTION = re.compile(r"\b([a-z]+(?:_[a-z]+)*)\(account\)")


@dataclass(frozen=True)
class Block:
    """A text among those that were looked up, or the instructions.

    Attributes
    ----------
    title : the words of its title, stems.
    sentences : all of them, in order.
    statements : those that say something.
    requests : those that ask for something to be done.
    quoted : it stands in quotation marks.
    """

    title: frozenset[str]
    sentences: tuple[str, ...]
    statements: tuple[str, ...]
    requests: tuple[str, ...]
    quoted: bool = False


@dataclass(frozen=True)
class Context:
    """All that a writer has read.

    Attributes
    ----------
    instructions : the first text, as it stands.
    functions : names of tools.
    blocks : the instructions as a block, then what was looked up.
    turns : what the user said.
    """

    instructions: str
    functions: tuple[str, ...]
    blocks: tuple[Block, ...]
    turns: tuple[str, ...]


def read_context(messages: Sequence[Mapping[str, str]]) -> Context:
    """Take messages apart; see Writer.write."""
    system = "".join(m["content"] for m in messages if m["role"] == "system")
    turns = tuple(m["content"] for m in messages if m["role"] == "user")
    instructions, told, shown = apart(system)
    texts = [text for text in shown.split("\n\n") if text.strip()]
    blocks = (_block(instructions, titled=False), *map(_block, texts))
    return Context(instructions, tuple(_FUNCTION.findall(told)), blocks, turns)


def apart(system: str) -> tuple[str, str, str]:
    """A system message as instructions, the line of the tools, the texts that were looked up."""
    rest, _, shown = system.partition(HANDBOOK)
    instructions, _, told = rest.partition(TOOLS)
    return instructions, told, shown


@lru_cache(maxsize=1 << 10)
def _block(text: str, titled: bool = True) -> Block:
    text = text.strip()
    quoted = len(text) > 1 and text[0] == text[-1] == '"' and titled
    text = text[1:-1] if quoted else text
    title = _TITLE.match(text) if titled else None
    parts = sentences(text[title.end() :] if title else text)
    return Block(
        frozenset(words(title[1])) if title else frozenset(),
        parts,
        tuple(part for part in parts if not imperative(part)),
        tuple(part for part in parts if imperative(part)),
        quoted,
    )
