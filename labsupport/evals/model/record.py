"""Asking the model all that the lessons show: resumed after any kill, changed texts only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from labsupport.durable import EventLog, only_one
from labsupport.evals.assistant.assistant import Assistant
from labsupport.evals.model.endpoint import Endpoint
from labsupport.evals.model.source import Source
from labsupport.evals.model.transcripts import (
    CHANGED,
    Header,
    Recording,
    Said,
    asked_of,
    path_of,
    prompt_digest,
    read_recording,
    write_recording,
)
from labsupport.evals.suites.suite import Suite
from labsupport.evals.system import Reply

Progress = Callable[[str, int, int], object]


class _Note:
    """A Writer that notes what it is shown, and says nothing."""

    digest = "note"

    def __init__(self) -> None:
        self.shown: list[dict[str, str]] = []

    def write(self, messages: Sequence[Mapping[str, str]], seed: int = 0) -> Reply:
        self.shown = [dict(message) for message in messages]
        return Reply("", error=CHANGED)


def shown(prompt: str, suite: Suite) -> dict[str, list[dict[str, str]]]:
    """{task id: the messages that a model is shown} of a suite under a prompt."""
    note = _Note()
    assistant = Assistant(prompt, writer=note)
    found = {}
    for task in suite.tasks:
        assistant.answer(task.turns, 0, task.document)
        found[task.id] = note.shown
    return found


def record(
    source: Source,
    prompts: Sequence[str],
    suites: Mapping[str, Suite],
    folder: Path,
    log: Path,
    progress: Progress | None = None,
) -> None:
    """Ask a model what its recordings lack, and write them.

    What was said to the same messages by the same model is kept, whether it stands in a recording
    or in the log of a call that was killed. An error is kept, too, and not asked again. A model
    that is gone ends the recording: what it was not asked is no failure of its answers.

    Parameters
    ----------
    folder : of the recordings.
    log : a file for what was said and is not in a recording yet.
    progress : called with the prompt, and how many of its tasks are done, of how many.

    Raises
    ------
    ModelError : the model is gone; the same call goes on from here.
    BlockingIOError : another process records into this log.
    ValueError : two suites have a task of one id, or the log was altered.
    """
    ids = Counter(task.id for suite in suites.values() for task in suite.tasks)
    if twice := [name for name, n in ids.items() if n > 1]:
        raise ValueError(f"Two suites have a task {twice[0]!r}; rename one.")
    with only_one(log.with_name(f".{log.name}.lock")):
        known = _logged(log, source)
        for prompt in prompts:
            path = path_of(prompt, folder)
            known |= _recorded(path, source)
            asks = {t: m for suite in suites.values() for t, m in shown(prompt, suite).items()}
            for done, messages in enumerate(asks.values(), start=1):
                if (asked := asked_of(messages)) not in known:
                    known[asked] = ask(source.endpoint, messages)
                    event = {"writer": source.endpoint.digest, "said": asdict(known[asked])}
                    EventLog(log).append(event)
                if progress is not None:
                    progress(prompt, done, len(asks))
            said = {task: known[asked_of(messages)] for task, messages in asks.items()}
            write_recording(Recording(_header(source, prompt, suites), said), path)


def _header(source: Source, prompt: str, suites: Mapping[str, Suite]) -> Header:
    return Header(
        source.endpoint.model,
        source.model_digest,
        source.engine,
        source.endpoint.digest,
        prompt,
        prompt_digest(prompt),
        {name: suite.digest for name, suite in suites.items()},
    )


def _logged(log: Path, source: Source) -> dict[str, Said]:
    events = EventLog(log).events()
    said = [Said(**e["said"]) for e in events if e["writer"] == source.endpoint.digest]
    return {each.asked: each for each in said}


def ask(endpoint: Endpoint, messages: Sequence[Mapping[str, str]]) -> Said:
    """What the model says to some messages.

    Raises
    ------
    ModelError : it is gone, which is not its answer.
    """
    reply = endpoint.write(messages)
    if reply.error is not None:
        endpoint.check()
    return Said(asked_of(messages), reply.text, reply.error, round(reply.seconds, 2))


def _recorded(path: Path, source: Source) -> dict[str, Said]:
    if not path.exists():
        return {}
    recording = read_recording(path)
    same = recording.header.writer == source.endpoint.digest
    return {said.asked: said for said in recording.said.values()} if same else {}
