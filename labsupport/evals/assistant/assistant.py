"""The system under test, put together from one version of each of its parts."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace

from labsupport.durable import digest
from labsupport.evals.assistant.extract import Extract
from labsupport.evals.assistant.guard import Guard, choose_guard
from labsupport.evals.assistant.handbook import Article, load_handbook
from labsupport.evals.assistant.prompts import PROMPTS, Prompt
from labsupport.evals.assistant.retrieval import Index, choose, shipped_index
from labsupport.evals.assistant.tools import Tools
from labsupport.evals.system import Reply, Writer

REFUSAL = "I cannot help with that."


@dataclass(frozen=True, init=False)
class Assistant:
    """A support assistant: looks up, asks a writer, guarded at both ends.

    Attributes
    ----------
    prompt, index, guard, tools, writer : the parts.
    """

    prompt: Prompt
    index: Index
    guard: Guard
    tools: Tools
    writer: Writer

    def __init__(
        self,
        prompt: str | Prompt = "plain",
        index: str | Index = "public",
        guard: str | Guard = "none",
        tools: str | Tools = "checked",
        writer: Writer | None = None,
        handbook: Sequence[Article] | None = None,
    ) -> None:
        """Put the parts together, each by name or as itself.

        Parameters
        ----------
        writer : what writes the answer; by default sentences are taken from the handbook.
        handbook : articles; by default those that come with the lab.

        Raises
        ------
        ValueError : there is no part of that name.
        """
        if isinstance(prompt, str):
            if prompt not in PROMPTS:
                known = ", ".join(map(repr, PROMPTS))
                raise ValueError(f"There is no prompt {prompt!r}; the prompts are {known}.")
            prompt = PROMPTS[prompt]
        if isinstance(index, str):
            index = shipped_index(index) if handbook is None else choose(index, handbook)
        if isinstance(guard, str):
            articles = load_handbook() if handbook is None else handbook
            markers = [marker for article in articles for marker in article.markers]
            guard = choose_guard(guard, markers, prompt.instructions)
        parts = {
            "prompt": prompt,
            "index": index,
            "guard": guard,
            "tools": Tools(tools) if isinstance(tools, str) else tools,
            "writer": Extract() if writer is None else writer,
        }
        for name, part in parts.items():
            object.__setattr__(self, name, part)

    @property
    def name(self) -> str:
        """What it is made of, in words."""
        parts = (self.prompt, self.index, self.guard, self.tools)
        return " / ".join(part.name for part in parts)

    @property
    def digest(self) -> str:
        """Of every part; another digest is another system."""
        parts = (self.index, self.guard, self.tools, self.writer)
        told = [asdict(self.prompt), *(part.digest for part in parts)]
        return digest(json.dumps(told, sort_keys=True).encode())

    def answer(self, turns: Sequence[str], seed: int = 0, document: str | None = None) -> Reply:
        """Answer the last of the user's turns; see System.

        Raises
        ------
        ValueError : no turn, or one without text.
        """
        if isinstance(turns, str) or not turns or not all(t.strip() for t in turns):
            raise ValueError("Turns are a list of texts, at least one, and none of them empty.")
        if rule := self.guard.before(turns):
            return Reply(REFUSAL, blocked=rule)
        last = turns[-1:] if len(turns) > 1 else ()  # once more: it is what is to be answered
        found = self.index.search(" ".join((*turns, *last)), self.prompt.articles)
        shown = [shown_as(article) for article in found] + ([document] if document else [])
        messages = self.prompt.messages(shown, turns)
        messages[0]["content"] = f"{self.tools.definition}\n\n{messages[0]['content']}"
        reply = self.writer.write(messages, seed)
        reply = replace(reply, prompt=as_text(messages), articles=tuple(a.id for a in found))
        if reply.error is not None:
            return reply
        text, calls = self.tools.run(reply.text)
        if rule := self.guard.after(text):
            return replace(reply, text=REFUSAL, tools=calls, blocked=rule)
        return replace(reply, text=text, tools=calls)


def shown_as(article: Article) -> str:
    """An article as it stands in the prompt."""
    return "\n".join((f"{article.title}: {article.text}", *article.steps))


def as_text(messages: Sequence[Mapping[str, str]]) -> str:
    """Messages as one text, as a transcript shows them."""
    return "\n\n".join(f"{message['role']}: {message['content']}" for message in messages)
