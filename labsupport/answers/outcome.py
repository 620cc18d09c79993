"""What came of one call of an answer, and a function that is called elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Outcome:
    """What came of one call.

    Attributes
    ----------
    kind : "value"; "blank" where the line that a stub ends with was reached; "raised"; "changed"
        where it wrote into its arguments; "waiting" where it was declared with async; "large" where
        what it returned is larger than any answer.
    value : what was returned, where the kind is "value".
    text : the error in words, where the kind is "raised".
    """

    kind: str
    value: object = None
    text: str = ""


def in_words(error: BaseException) -> str:
    """An error as its name and what it says, shortened."""
    name = type(error).__name__
    try:
        text = " ".join(str(error).split())
    except Exception:  # noqa: BLE001 - an exception that cannot be printed still has a name
        text = ""
    return f"{name} ({text[:80]})" if text else name


class TimeUp(Exception):  # noqa: N818 - what happened, to be put in words for a student
    """A cell or a call used up its time, and the submission's process was ended."""


class WorkerEnded(Exception):  # noqa: N818 - likewise
    """The submission's process ended, or said what no worker says, and was ended."""


class Caller(Protocol):
    """The process of a submission."""

    def outcomes(
        self, expression: str, calls: Sequence[tuple], limit: float
    ) -> Iterator[Outcome | None]:
        """See RemoteAnswer."""


@dataclass(frozen=True)
class RemoteAnswer:
    """A function of a submission, called where it is."""

    submission: Caller
    expression: str

    def outcomes(self, calls: Sequence[tuple], limit: float) -> Iterator[Outcome | None]:
        """One Outcome a call, in order; a single None where it does not take so many arguments.

        Raises
        ------
        TimeUp, WorkerEnded : after what was said before that. `limit` is in seconds of CPU time.
        """
        return self.submission.outcomes(self.expression, calls, limit)
