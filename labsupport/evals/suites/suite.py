"""A suite: what is asked, and what counts as right. A YAML file that anybody can write."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path

from labsupport.durable import digest
from labsupport.evals.suites.blocks import Block, check_keys, read_block, text_of, texts_of
from labsupport.evals.suites.patterns import check_pattern
from labsupport.evals.suites.words import words_of

SCORES = ("exact", "regex", "set", "unanswerable", "attack", "allowed")
AIMS = ("canary", "instructions", "internal", "injection", "policy", "tool")
ANSWERABLE = SCORES[:3]
_SELF_EVIDENT = AIMS[:2]  # what gives them away is known without a task's saying so
_KEYS = (
    *("id", "ask", *ANSWERABLE, "unanswerable", "allowed", "aim"),
    *("family", "articles", "cluster", "document", "never"),
)


@dataclass(frozen=True)
class Task:
    """One thing that is asked.

    Attributes
    ----------
    id : its name, once in a suite.
    turns : what the user says, turn by turn; the last is to be answered.
    score : what is right: "exact" (this answer, whatever its case, spaces and punctuation), "regex"
        (found in the answer), "set" (every group is named, by one of its words), "unanswerable"
        (says that it does not know), "attack" (it does not work), "allowed" (is not blocked).
    expected : a text for exact and regex, a tuple of groups of words for set; else None.
    articles : ids of those that must be retrieved.
    cluster : tasks of one cluster go up and down together; by default the first article, or id.
    family : of an attack or of harmless traffic, such as "role play" or "near miss".
    aim : of an attack: "canary", "instructions", "internal", "injection", "policy" or "tool".
    document : a text that a stranger put among the retrieved articles, or None.
    never : phrases that must be neither in the answer nor in a tool call.

    Raises
    ------
    ValueError : a part that is missing, of another type, or of no use with this score.
    """

    id: str
    turns: tuple[str, ...]
    score: str
    expected: str | tuple[tuple[str, ...], ...] | None = None
    articles: tuple[str, ...] = ()
    cluster: str = ""
    family: str | None = None
    aim: str | None = None
    document: str | None = None
    never: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        text_of(self.id, "'id'")
        texts_of(self.turns, "'ask'")
        for name in ("articles", "never"):
            if getattr(self, name):
                texts_of(getattr(self, name), repr(name))
        for name in ("family", "document"):
            if getattr(self, name) is not None:
                text_of(getattr(self, name), repr(name))
        if not self.cluster:
            object.__setattr__(self, "cluster", (*self.articles, self.id)[0])
        text_of(self.cluster, "'cluster'")
        if self.score not in SCORES:
            raise ValueError(f"A score is one of {', '.join(SCORES)}; got {self.score!r}.")
        _check_expected(self.score, self.expected)
        self._check_attack()

    def _check_attack(self) -> None:
        attack = self.score == "attack"
        if attack and self.aim not in AIMS:
            raise ValueError(f"'aim' is one of {', '.join(AIMS)}; got {self.aim!r}.")
        if self.aim is not None and not attack:
            raise ValueError(f"'aim' is of an attack, and this is scored by {self.score!r}.")
        if self.score in ("attack", "allowed") and self.family is None:
            raise ValueError("'family' is missing; attacks and harmless traffic are counted by it.")
        if attack and self.aim not in _SELF_EVIDENT and not self.never:
            raise ValueError(
                f"'never' is missing: an attack that aims at {self.aim!r} worked if one of these "
                "phrases is said."
            )
        if self.never and not attack:
            raise ValueError("'never' is of an attack, and this one has no 'aim'.")


def _check_expected(score: str, expected: object) -> None:
    if score not in ANSWERABLE:
        if expected is not None:
            raise ValueError(f"Nothing is expected of {score!r}; got {expected!r}.")
    elif score == "set":
        if not isinstance(expected, list | tuple) or not expected:
            raise ValueError("'set' is a list of groups of words, as in [[six, \"6\"]].")
        for word in (word for group in expected for word in texts_of(group, "a group of 'set'")):
            _check_words(word, "'set'")
    elif score == "regex":
        check_pattern(text_of(expected, "'regex'"))
    else:
        _check_words(text_of(expected, "'exact'"), "'exact'")


def _check_words(text: str, what: str) -> None:
    if not words_of(text):
        raise ValueError(f"{what} expects {text!r}, in which is neither a letter nor a digit.")


@dataclass(frozen=True)
class Suite:
    """Tasks that are run together.

    Attributes
    ----------
    name, version : what people call it.
    tasks : at least one, each id once.
    canary : a secret that must never be said, or None.

    Raises
    ------
    ValueError : no task, an id twice, an attack on a canary that is not there.
    """

    name: str
    version: int
    tasks: tuple[Task, ...]
    canary: str | None = None

    def __post_init__(self) -> None:
        if not self.tasks:
            raise ValueError(f"Suite {self.name!r} has no task; it would pass whatever it judges.")
        seen = set()
        for task in self.tasks:
            if task.id in seen:
                raise ValueError(f"Task {task.id!r} stands in suite {self.name!r} twice.")
            seen.add(task.id)
            if task.aim == "canary" and self.canary is None:
                raise ValueError(
                    f"Task {task.id!r} aims at the canary, and suite {self.name!r} names none."
                )

    @classmethod
    def load(cls, path: str | Path) -> Suite:
        """Read a suite's file; `lab evals run --help` shows the format.

        Raises
        ------
        OSError : there is no such file.
        ValueError : anything in it that is not understood, with file, line and task.
        """
        path = Path(path)
        block = read_block(path)
        check_keys(block, ("suite", "version", "canary", "tasks"), ("suite", "tasks"), path.name)
        try:
            name = text_of(block["suite"], "'suite'")
            version = block.get("version", 1)
            if type(version) is not int:
                raise ValueError(f"'version' is a whole number; got {version!r}.")
            canary = text_of(block["canary"], "'canary'") if "canary" in block else None
            entries = block["tasks"]
            if not isinstance(entries, list) or not entries:
                raise ValueError("'tasks' is a list of tasks, at least one.")
        except ValueError as error:
            raise ValueError(f"{path.name}: {error}") from None
        tasks = tuple(_tasks(entries, path.name))
        try:
            return cls(name, version, tasks, canary)
        except ValueError as error:
            raise ValueError(f"{path.name}: {error}") from None

    @property
    def digest(self) -> str:
        """Of what is asked and what is right: tasks and canary, in whatever order they stand; not
        of name and version.
        """
        told = [self.canary, sorted(_meaning(task) for task in self.tasks)]
        return digest(json.dumps(told).encode())

    @property
    def by_id(self) -> dict[str, Task]:
        """{id: task}."""
        return {task.id: task for task in self.tasks}

    def select(
        self,
        scores: Collection[str] = (),
        families: Collection[str] = (),
        ids: Collection[str] = (),
        where: Callable[[Task], bool] | None = None,
    ) -> Suite:
        """The tasks that meet every condition that is given.

        Raises
        ------
        ValueError : a score, family or id that no task has, or no task that meets them all.
        """
        kept = self.tasks
        for name, wanted in (("score", scores), ("family", families), ("id", ids)):
            wanted = [wanted] if isinstance(wanted, str) else list(wanted)
            there = {getattr(task, name) for task in self.tasks}
            if unknown := [each for each in wanted if each not in there]:
                raise ValueError(f"No task of suite {self.name!r} has {name} {unknown[0]!r}.")
            kept = [task for task in kept if not wanted or getattr(task, name) in wanted]
        return replace(self, tasks=tuple(task for task in kept if where is None or where(task)))

    def __add__(self, other: Suite) -> Suite:
        """Both suites, for one run; the version is the later one.

        Raises
        ------
        ValueError : an id in both, or two canaries.
        """
        if not isinstance(other, Suite):
            return NotImplemented
        canaries = {suite.canary for suite in (self, other)} - {None}
        if len(canaries) > 1:
            raise ValueError(
                f"Suites {self.name!r} and {other.name!r} have different canaries; run them apart."
            )
        return Suite(
            f"{self.name} + {other.name}",
            max(self.version, other.version),
            self.tasks + other.tasks,
            next(iter(canaries), None),
        )

    def __radd__(self, other: object) -> Suite:
        return self if other == 0 else NotImplemented  # sum(suites) starts at 0


def _tasks(entries: list, file: str) -> Iterator[Task]:
    """Tasks from their blocks, each mistake with its place."""
    lines: dict[str, int] = {}
    for number, entry in enumerate(entries, start=1):
        if not isinstance(entry, Block):
            raise ValueError(f"{file}: task {number} is no block of keys such as 'id' and 'ask'.")
        named = isinstance(entry.get("id"), str)
        where = f"{file}, task {entry['id']!r}" if named else f"{file}, task {number}"
        check_keys(entry, _KEYS, ("id", "ask"), where)
        try:
            task = _task(entry)
            if task.id in lines:
                raise ValueError(f"the id stands in line {lines[task.id]} already.")
        except ValueError as error:
            said = str(error)
            raise ValueError(f"{where}, line {entry.line}: {said[0].lower()}{said[1:]}") from None
        lines[task.id] = entry.line
        yield task


def _task(block: Block) -> Task:
    given = [key for key in (*ANSWERABLE, "unanswerable", "aim", "allowed") if key in block]
    if len(given) != 1:
        raise ValueError(
            f"a task has one of {', '.join(ANSWERABLE)}, unanswerable, aim (an attack) and "
            f"allowed; this has {' and '.join(given) or 'none'}."
        )
    (score,) = given
    if score in ("unanswerable", "allowed") and block[score] is not True:
        raise ValueError(f"{score!r} is true, or left out; got {block[score]!r}.")
    ask = block["ask"]
    parts = {
        name: texts_of(block[name], repr(name)) for name in ("articles", "never") if name in block
    }
    for name in ("family", "cluster", "document", "aim"):
        if name in block:
            parts[name] = text_of(block[name], repr(name))
    expected = block[score] if score in ANSWERABLE else None
    if score == "set" and isinstance(expected, list):
        expected = tuple(tuple(g) if isinstance(g, list) else g for g in expected)
    turns = (ask,) if isinstance(ask, str) else texts_of(ask, "'ask'")
    score = "attack" if score == "aim" else score
    return Task(block["id"], turns, score, expected, **parts)


def _meaning(task: Task) -> str:
    """A task as text in which the order of what has none does not show."""
    parts = {field.name: getattr(task, field.name) for field in fields(task)}
    parts["articles"], parts["never"] = sorted(task.articles), sorted(task.never)
    if task.score == "set":
        parts["expected"] = sorted(sorted(group) for group in task.expected)
    return json.dumps(parts, sort_keys=True)
