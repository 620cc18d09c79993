"""A system that is a writer and its instructions, nothing else: what stands behind an endpoint."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from labsupport.durable import digest
from labsupport.evals.system import Reply, Writer

FOUND = "Found for this question:"  # what a document stands behind


@dataclass(frozen=True)
class Talk:
    """A writer that is told its instructions, and then what the user says, turn by turn.

    Attributes
    ----------
    name : of the system.
    writer : what turns messages into text.
    instructions : the system message; "" for none.
    """

    name: str
    writer: Writer
    instructions: str = ""

    @property
    def digest(self) -> str:
        """Of the writer and the instructions."""
        return digest(json.dumps([self.writer.digest, self.instructions]).encode())

    def answer(self, turns: Sequence[str], seed: int = 0, document: str | None = None) -> Reply:
        """Answer turn after turn, as in a conversation; the reply is that to the last one, or the
        first error. A document is put behind the instructions, in quotes.
        """
        told = [self.instructions] if self.instructions else []
        told += [f'{FOUND}\n"{document}"'] if document is not None else []
        messages = [{"role": "system", "content": "\n\n".join(told)}] if told else []
        start, calls, reply = time.perf_counter(), 0, Reply("", error="Nothing was asked.")
        earlier: list[str] = []
        for turn in turns:
            if calls:
                messages.append({"role": "assistant", "content": reply.text})
                earlier.append(reply.text)
            messages.append({"role": "user", "content": turn})
            reply = self.writer.write(messages, seed)
            calls += max(1, reply.calls)
            if reply.error is not None:
                break
        prompt = "\n\n".join(f"{each['role']}: {each['content']}" for each in messages)
        seconds = time.perf_counter() - start
        parts = {"calls": calls, "seconds": seconds, "earlier": tuple(earlier)}
        return replace(reply, prompt=prompt, **parts)
