"""Lineage: which rows, trigger, code and parent made a model, and a run that comes to its end
however often it is killed.

A candidate's name is the digest of what it is made of, so the same request is the same candidate.
What happened is in one log that only grows; a step whose event is in it is not done again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from labsupport.comparisons import Comparison
from labsupport.durable import EventLog, digest, replace_whole
from labsupport.gate import Policy
from labsupport.triggers.ratchet import Line, judge
from labsupport.triggers.stream import Stream

BEGAN, TRIGGERED, TRAINED, JUDGED = "began", "triggered", "trained", "judged"


@dataclass(frozen=True)
class Lineage:
    """What a model is made of.

    Attributes
    ----------
    data : digest of its rows; see Stream.digest.
    weeks : the weeks those rows are from, so that the digest can be rebuilt.
    trigger : why it was trained.
    code : the version of the code that trains.
    configuration : {name: value}, whatever else the training depends on.
    parent : the name of the model that served then; None for the first.
    """

    data: str
    weeks: tuple[int, ...]
    trigger: str
    code: str
    configuration: Mapping[str, object]
    parent: str | None

    @property
    def name(self) -> str:
        """The model's name: the digest of all this."""
        return digest(json.dumps(asdict(self), sort_keys=True).encode())

    def rebuilt_from(self, stream: Stream) -> bool:
        """Whether the stream still holds the very rows that made the model."""
        return stream.digest(self.weeks) == self.data


@dataclass(frozen=True)
class Book:
    """A folder with the log and the models.

    Attributes
    ----------
    folder : it need not exist yet.
    """

    folder: Path

    @property
    def log(self) -> EventLog:
        """What happened."""
        return EventLog(Path(self.folder) / "log.jsonl")

    @property
    def line(self) -> Line:
        """Who serves and who is the anchor, as the last verdict left it.

        Raises
        ------
        ValueError : no champion has begun.
        """
        for event in reversed(self.log.events()):
            if event["step"] in (BEGAN, JUDGED):
                return Line(event["latest"], event["anchor"])
        raise ValueError("This book has no champion yet; begin it with the first model.")

    def lineage_of(self, name: str) -> Lineage:
        """Which rows made this model, and what else.

        Raises
        ------
        KeyError : no such model was ever asked for.
        """
        for event in self.log.events():
            if event["name"] == name and "lineage" in event:
                told = event["lineage"]
                return Lineage(**{**told, "weeks": tuple(told["weeks"])})
        raise KeyError(f"No model {name!r} was ever asked for.")

    def model(self, name: str) -> bytes:
        """A trained model, as it was stored.

        Raises
        ------
        ValueError : it is not what the log says was trained.
        """
        data = self._place(name).read_bytes()
        if digest(data) != self._event(TRAINED, name)["model"]:
            raise ValueError(
                f"The model {name[:8]} is not the one that was trained; restore it, or train anew."
            )
        return data

    def begin(self, lineage: Lineage, train: Callable[[], bytes]) -> None:
        """Train the first champion, which no gate can compare with anything. Once.

        Raises
        ------
        ValueError : the book has another champion already.
        """
        began = [event["name"] for event in self.log.events() if event["step"] == BEGAN]
        if began and began != [lineage.name]:
            raise ValueError(
                f"This book began with {began[0][:8]}; another model comes in by carry, through "
                "the gate."
            )
        if not began:
            self._trained(lineage, train)
            line = asdict(Line.begin(lineage.name))
            self.log.append({"step": BEGAN, "name": lineage.name, **line})

    def carry(
        self,
        lineage: Lineage,
        train: Callable[[], bytes],
        compare: Callable[[object, object], Comparison],
        policy: Policy,
        anchored: bool = True,
    ) -> Line:
        """Bring a candidate from its trigger through the gate, from wherever it stands.

        Killed and called again it goes on: a model that lies in the folder is not trained again,
        and a verdict that is in the log stands.

        Parameters
        ----------
        train : () -> the model as bytes.
        compare : compare(name, champion's name) -> Comparison; with the next two, see
            ratchet.judge.
        policy : the gate's.
        anchored : compare with the anchor as well.

        Returns
        -------
        The line of champions afterwards.
        """
        name = lineage.name
        if not self._happened(JUDGED, name):
            self._trained(lineage, train)
            line, verdict = judge(self.line, name, compare, policy, anchored)
            said = {"decision": verdict.decision, "reason": verdict.reason}
            self.log.append({"step": JUDGED, "name": name, **said, **asdict(line)})
        return self.line

    def _trained(self, lineage: Lineage, train: Callable[[], bytes]) -> None:
        name = lineage.name
        if not self._happened(TRIGGERED, name):
            told = asdict(lineage)
            self.log.append({"step": TRIGGERED, "name": name, "lineage": told})
        if not self._happened(TRAINED, name):
            if not self._place(name).exists():
                replace_whole(self._place(name), train())
            model = digest(self._place(name).read_bytes())
            self.log.append({"step": TRAINED, "name": name, "model": model})

    def _place(self, name: str) -> Path:
        return Path(self.folder) / "models" / name

    def _happened(self, step: str, name: str) -> bool:
        return any(e["step"] == step and e["name"] == name for e in self.log.events())

    def _event(self, step: str, name: str) -> dict[str, object]:
        for event in self.log.events():
            if event["step"] == step and event["name"] == name:
                return event
        raise KeyError(f"The log does not say that {name!r} was {step}.")
