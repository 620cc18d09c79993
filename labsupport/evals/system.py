"""What is judged: anything that answers, and what it did to get there."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Reply:
    """What a system said, and all that it did.

    Attributes
    ----------
    text : the answer as the user reads it; "" after an error.
    prompt : all that stood before the model: instructions, articles, what the user said.
    articles : ids of the articles that were retrieved, best first.
    tools : calls that were made, as in "cancel_plan(account=77)".
    blocked : the rule of a guard that stopped it, or None.
    error : why there is no answer, one sentence, or None. An item with an error is in the
        denominator and never a pass.
    calls : calls of a model.
    seconds : it took so long; never part of a comparison of answers.
    repeated : the answer came from a cache, and says nothing new.
    earlier : its answers to the turns before the last, where it was asked turn by turn.
    """

    text: str
    prompt: str = ""
    articles: tuple[str, ...] = ()
    tools: tuple[str, ...] = ()
    blocked: str | None = None
    error: str | None = None
    calls: int = 0
    seconds: float = 0.0
    repeated: bool = False
    earlier: tuple[str, ...] = ()


def odd_part(reply: object) -> str | None:
    """What of a reply is not as Reply says, one sentence, or None. A call that is a text and no
    tuple would be read letter by letter, and whatever it did would not be seen.
    """
    if not isinstance(reply, Reply):
        return f"The system returned no Reply but {type(reply).__name__}."
    for name, fits in _PARTS.items():
        if not fits(part := getattr(reply, name)):
            return f"The system's reply has {name} of type {type(part).__name__}."
    return None


def _text(part: object) -> bool:
    return isinstance(part, str)


def _text_or_none(part: object) -> bool:
    return part is None or isinstance(part, str)


def _texts(part: object) -> bool:
    return isinstance(part, tuple) and all(map(_text, part))


_PARTS = {
    "text": _text,
    "prompt": _text,
    "articles": _texts,
    "tools": _texts,
    "earlier": _texts,
    "blocked": _text_or_none,
    "error": _text_or_none,
    "calls": lambda part: type(part) is int and part >= 0,
    "seconds": lambda part: type(part) in (int, float) and 0 <= part < math.inf,
    "repeated": lambda part: type(part) is bool,
}


class System(Protocol):
    """A version of an assistant: one prompt, one index, one guard, one set of tools, one model."""

    name: str

    @property
    def digest(self) -> str:
        """Of all that decides what it says; another digest is another system."""

    def answer(self, turns: Sequence[str], seed: int = 0, document: str | None = None) -> Reply:
        """Answer the last of the user's turns.

        Parameters
        ----------
        seed : of an answer that is drawn; a system that always says the same ignores it.
        document : a text that lies among the retrieved articles, as if a stranger had put it there.
        """


class Writer(Protocol):
    """What turns messages into text: a language model behind an endpoint, or a rule."""

    @property
    def digest(self) -> str:
        """Of the model and of what decides how it is read out."""

    def write(self, messages: Sequence[Mapping[str, str]], seed: int = 0) -> Reply:
        """The next message, as a Reply with text or error, calls, seconds, repeated.

        Parameters
        ----------
        messages : {"role": "system" | "user" | "assistant", "content": text}, in order.
        """
