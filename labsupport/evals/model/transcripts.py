"""What a model said when it was recorded, so that lessons say the same on every machine.

A transcript stands under the digest of all that the model was shown. So a recording is a Writer
like the model itself, and knows when a text or prompt has changed since: it was never shown that.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path

from labsupport.data import FOLDER
from labsupport.durable import digest, replace_whole
from labsupport.evals.assistant.assistant import Assistant
from labsupport.evals.assistant.prompts import PROMPTS
from labsupport.evals.suites.runs import Run, run_suite
from labsupport.evals.suites.suite import Suite
from labsupport.evals.system import Reply

SUPPORT = FOLDER / "support"
RECORDED = SUPPORT / "transcripts"
SUITES = ("questions", "attacks")
CHANGED = "Not recorded: a text or the prompt has changed since; `lab llm record` asks again."


@dataclass(frozen=True)
class Said:
    """What the model said once.

    Attributes
    ----------
    asked : digest of what it was shown; see asked_of.
    text, error : as in Reply.
    seconds : that it took, on the machine that recorded it.
    """

    asked: str
    text: str
    error: str | None = None
    seconds: float = 0.0


@dataclass(frozen=True)
class Header:
    """Where a recording comes from.

    Attributes
    ----------
    model : its name.
    model_digest : SHA-256 of its weights, "" where nobody tells.
    engine : what ran it.
    writer : digest of the Endpoint that asked it.
    prompt : name of the prompt.
    prompt_digest : of all its text.
    suites : {name: digest} of those that were asked.
    """

    model: str
    model_digest: str
    engine: str
    writer: str
    prompt: str
    prompt_digest: str
    suites: Mapping[str, str]


@dataclass(frozen=True)
class Recording:
    """What one model said under one prompt; a Writer, see there.

    Attributes
    ----------
    header : where it comes from.
    said : all that was recorded, each with the id of its task.
    """

    header: Header
    said: Mapping[str, Said]

    @property
    def digest(self) -> str:
        """That of the Endpoint that asked the model: the same system is replayed."""
        return self.header.writer

    @cached_property
    def _by_asked(self) -> dict[str, Said]:
        return {said.asked: said for said in self.said.values()}

    def write(self, messages: Sequence[Mapping[str, str]], seed: int = 0) -> Reply:
        """What the model said to this; an error if it was never shown this."""
        said = self._by_asked.get(asked_of(messages))
        if said is None:
            return Reply("", error=CHANGED)
        return Reply(said.text, error=said.error, calls=1, seconds=said.seconds)

    def assistant(self, **parts: object) -> Assistant:
        """The assistant that was recorded; other parts around the model's words as one likes."""
        return Assistant(self.header.prompt, writer=self, **parts)

    def run(self, suite: Suite) -> Run:
        """Its answers to a suite, judged by the suite's rules."""
        return run_suite(suite, self.assistant())

    def changed(self, suite: Suite) -> list[str]:
        """Ids of the tasks of a suite that were not recorded as they stand now."""
        run = self.run(suite)
        return [answer.task for answer in run.answers if answer.error == CHANGED]

    def known(self, suite: Suite) -> Suite:
        """The part of a suite that was recorded as it stands now.

        Raises
        ------
        ValueError : no task of it was.
        """
        lost = set(self.changed(suite))
        return replace(suite, tasks=tuple(t for t in suite.tasks if t.id not in lost))


def asked_of(messages: Sequence[Mapping[str, str]]) -> str:
    """Digest of what a model is shown, as 16 hex digits."""
    told = [[message["role"], message["content"]] for message in messages]
    return digest(json.dumps(told).encode())[:16]


def prompt_digest(name: str) -> str:
    """Digest of all that makes a prompt."""
    return digest(json.dumps(asdict(PROMPTS[name]), sort_keys=True).encode())


def shipped_suites() -> dict[str, Suite]:
    """{name of its file: suite} of what is recorded."""
    return {name: Suite.load(SUPPORT / f"{name}.yaml") for name in SUITES}


def path_of(prompt: str, folder: Path = RECORDED) -> Path:
    """The file of a prompt's recording."""
    return folder / f"{prompt.replace(' ', '-')}.jsonl"


def load_transcripts(folder: Path = RECORDED) -> dict[str, Recording]:
    """{name of the prompt: its recording}, in the order of PROMPTS.

    Raises
    ------
    ValueError : there is none, or a file is damaged.
    """
    found = {name: path_of(name, folder) for name in PROMPTS}
    recordings = {name: read_recording(path) for name, path in found.items() if path.exists()}
    if not recordings:
        raise ValueError(
            f"No transcripts in {folder.name}/; `make llm` and `lab llm record` make them."
        )
    return recordings


def read_recording(path: Path) -> Recording:
    """Read one file of transcripts.

    Raises
    ------
    ValueError : it is damaged.
    """
    try:
        head, *rows = map(json.loads, path.read_text(encoding="utf-8").splitlines())
        return Recording(Header(**head), {row.pop("task"): Said(**row) for row in rows})
    except (ValueError, TypeError, KeyError, AttributeError):
        raise ValueError(
            f"{path.name} is damaged; restore it from the repository, or record it anew."
        ) from None


def write_recording(recording: Recording, path: Path) -> None:
    """Write a file of transcripts: the header, then a line a task."""
    rows = [asdict(recording.header)]
    rows += [{"task": task, **_short(said)} for task, said in recording.said.items()]
    lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    replace_whole(path, "".join(lines).encode())


def stale_words(recordings: Iterable[Recording], suites: Mapping[str, Suite]) -> list[str]:
    """A sentence for each prompt and suite of which tasks were changed or added since."""
    found = []
    for recording in recordings:
        for name, suite in suites.items():
            if lost := recording.changed(suite):
                found.append(
                    f"{recording.header.prompt}: {len(lost)} of {len(suite.tasks)} {name} are not "
                    f"recorded as they stand now ({lost[0]}, ...); run `lab llm record`."
                )
    return found


def _short(said: Said) -> dict[str, object]:
    row = asdict(said) | {"seconds": round(said.seconds, 2)}
    return {key: value for key, value in row.items() if value is not None}
