"""The same small model as a judge: how sure it is of "yes, this answer is right".

Its odds are recorded beside what the suite's own rule says, for a lesson in which a judge has to be
approved before anybody believes it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from labsupport.durable import EventLog, digest, only_one, replace_whole
from labsupport.evals.assistant.assistant import shown_as
from labsupport.evals.assistant.handbook import load_handbook
from labsupport.evals.model.source import Source
from labsupport.evals.model.transcripts import RECORDED, Recording, asked_of
from labsupport.evals.suites.suite import ANSWERABLE, Suite, Task

INSTRUCTIONS = "You check the answers of a support assistant against the handbook."
FILE = "judge.jsonl"
JUDGED = ("plain", "no secret")  # answers under these prompts


@dataclass(frozen=True)
class Judged:
    """One answer, judged twice.

    Attributes
    ----------
    prompt, task : under which it was given, and to what.
    log_odds : of "yes" against "no", in nats; None after an error.
    error : why there are none, one sentence, or None.
    right : what the suite's rule says; never shown to the judge.
    """

    prompt: str
    task: str
    log_odds: float | None
    error: str | None
    right: bool


def question(task: Task, text: str) -> list[dict[str, str]]:
    """What the judge is shown: the articles that the task needs, the question, the answer."""
    articles = {article.id: article for article in load_handbook()}
    shown = "\n\n".join(shown_as(articles[name]) for name in task.articles)
    asks = "Is this answer right according to the handbook? Say yes or no."
    told = f"Handbook:\n{shown}\n\nQuestion: {task.turns[-1]}\nAnswer: {text}\n\n{asks}"
    return [{"role": "system", "content": INSTRUCTIONS}, {"role": "user", "content": told}]


def judge_digest(writer: str) -> str:
    """Digest of a judge: its model and what it is asked; of another one, it is another judge."""
    empty = Task("x", ("x",), "exact", "x")
    return digest(json.dumps([writer, question(empty, "x")]).encode())


def record_judge(
    source: Source,
    recordings: Mapping[str, Recording],
    suite: Suite,
    folder: Path,
    log: Path,
    progress: Callable[[str, int, int], object] | None = None,
) -> None:
    """Have the model judge its own recorded answers to the questions that have one; see record."""
    header = {"judge": judge_digest(source.endpoint.digest), "model": source.endpoint.model}
    with only_one(log.with_name(f".{log.name}.lock")):
        events = EventLog(log)
        known = {e["asked"]: e["odds"] for e in events.events() if e["judge"] == header["judge"]}
        if (path := folder / FILE).exists():
            head, rows = _read(path)
            same = head["judge"] == header["judge"]
            known |= {row["asked"]: _odds(row) for row in rows if same}
        found = []
        for prompt, recording in recordings.items():
            answers = to_judge(recording, suite)
            for done, (task, text, _) in enumerate(answers, start=1):
                messages = question(task, text)
                asked = asked_of(messages)
                if asked not in known:
                    odds = source.endpoint.log_odds(messages)
                    if odds.error is not None:
                        source.endpoint.check()
                    known[asked] = _odds(asdict(odds))
                    events.append({**header, "asked": asked, "odds": known[asked]})
                found.append({"prompt": prompt, "task": task.id, "asked": asked, **known[asked]})
                if progress is not None:
                    progress(f"judge of {prompt}", done, len(answers))
        lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in [header, *found])
        replace_whole(path, "".join(lines).encode())


def to_judge(recording: Recording, suite: Suite) -> list[tuple[Task, str, bool]]:
    """(task, answer, whether the rule calls it right) of the questions that have an answer."""
    run = recording.run(suite)
    pairs = zip(suite.tasks, run.answers, strict=True)
    return [(t, a.reply.text, a.right) for t, a in pairs if t.score in ANSWERABLE and not a.error]


def load_judged(
    recordings: Mapping[str, Recording], suite: Suite, folder: Path = RECORDED
) -> tuple[Judged, ...]:
    """The recorded judgements that still belong to what is asked and answered now.

    Raises
    ------
    ValueError : there are none, or the file is damaged.
    OSError : there is no such file.
    """
    _, rows = _read(folder / FILE)
    odds = {(row["prompt"], row["task"], row["asked"]): _odds(row) for row in rows}
    found = []
    for prompt, recording in recordings.items():
        for task, text, right in to_judge(recording, suite):
            key = (prompt, task.id, asked_of(question(task, text)))
            if key in odds:
                told = odds[key]
                found.append(Judged(prompt, task.id, told["value"], told["error"], right))
    if not found:
        raise ValueError(f"No line of {FILE} belongs to these answers; record them anew.")
    return tuple(found)


def _odds(row: Mapping[str, object]) -> dict[str, object]:
    value = row["value"]
    return {"value": None if value is None else round(value, 3), "error": row.get("error")}


def _read(path: Path) -> tuple[dict, Sequence[dict]]:
    try:
        head, *rows = map(json.loads, path.read_text(encoding="utf-8").splitlines())
        _ = head["judge"], [row["asked"] for row in rows], [_odds(row) for row in rows]
    except (ValueError, TypeError, KeyError):
        raise ValueError(f"{path.name} is damaged; restore it, or record it anew.") from None
    return head, rows
