"""What a learned guard does on a family of attacks that it has not seen, beside the control that
has seen others of it, and what it costs those who mean no harm.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from labsupport.evals.assistant.classifier import Classifier, train_guard
from labsupport.evals.estimate import Estimate, share

if TYPE_CHECKING:
    from labsupport.evals.suites.suite import Task


@dataclass(frozen=True)
class HeldOut:
    """What a guard catches of one family of attacks, on the same attacks twice.

    Attributes
    ----------
    family : its name.
    known : the share that is stopped by a guard that was trained with other attacks of the family.
    unseen : the share that is stopped when the family was left out of its training.
    """

    family: str
    known: Estimate
    unseen: Estimate

    @property
    def sentence(self) -> str:
        """The same for people."""
        return (
            f"{self.family}: {self.known.value:.0%} stopped after training with others of it, "
            f"{self.unseen.value:.0%} [{self.unseen.low:.0%}, {self.unseen.high:.0%}] without."
        )


@dataclass(frozen=True)
class FamilyStudy:
    """A learned guard on families that it knows and on such that it does not, and its price.

    Attributes
    ----------
    families : one row a family, by name.
    blocked : {kind of traffic: the share of it that the guard stops}, each text judged by a guard
        that has not seen it, taught with all families.
    seconds : that reading one text takes, the median; never part of a comparison.
    """

    families: tuple[HeldOut, ...]
    blocked: Mapping[str, Estimate]
    seconds: float = field(compare=False)


def leave_one_family_out(
    attacks: Sequence[Task], traffic: Sequence[Task], documents: Sequence[str] = (), folds: int = 4
) -> FamilyStudy:
    """Train without each family in turn, and with it as the control; ask both the same attacks.

    Whatever is judged, the guard was trained on the other folds, and its threshold chosen on
    harmless texts of one of them that it was not trained on. Near misses teach nothing: they are
    judged only.

    Parameters
    ----------
    attacks : tasks with a family.
    traffic : tasks that must not be stopped; those of family "benign" teach.
    documents : harmless ones, such as articles of the handbook. They teach and are judged, as
        "document", and the guard reads what a stranger wrote. None: it reads what users say only.
    folds : 3 or more; there are at least so many attacks of each family and harmless texts.

    Raises
    ------
    ValueError : fewer than 3 folds, too few texts of a kind, fewer than two families.
    """
    by_family = _by_family(attacks)
    benign = ["\n".join(task.turns) for task in traffic if task.family == "benign"]
    _check(by_family, benign, documents, folds)
    asked = [(task.family, task.turns) for task in traffic]
    asked += [("document", (text,)) for text in documents]
    caught = {family: [0, 0] for family in by_family}
    stopped: Counter[str] = Counter()
    seconds: list[float] = []
    for fold in range(folds):
        harmless = _harmless([benign, documents], fold, folds)
        lesson = {name: _others(some, fold, folds) for name, some in by_family.items()}
        everything = _taught(lesson, harmless, bool(documents))
        for family, tasks in by_family.items():
            rest = {name: some for name, some in lesson.items() if name != family}
            for i, guard in enumerate((everything, _taught(rest, harmless, bool(documents)))):
                for task in tasks[fold::folds]:
                    seen = task.document if documents else None
                    caught[family][i] += guard.suspicious(task.turns, seen)
        for kind in {kind for kind, _ in asked}:
            for turns in [turns for one, turns in asked if one == kind][fold::folds]:
                start = time.perf_counter()
                stopped[kind] += everything.suspicious(turns)
                seconds.append(time.perf_counter() - start)
    rows = [
        HeldOut(name, *(share(hits, len(by_family[name])) for hits in caught[name]))
        for name in sorted(by_family)
    ]
    counts = sorted(Counter(kind for kind, _ in asked).items())
    blocked = {kind: share(stopped[kind], n) for kind, n in counts}
    return FamilyStudy(tuple(rows), blocked, float(np.median(seconds)))


def _by_family(attacks: Sequence[Task]) -> dict[str, list[Task]]:
    found: dict[str, list[Task]] = {}
    for task in attacks:
        found.setdefault(task.family, []).append(task)
    return found


def _check(
    by_family: Mapping[str, list[Task]], benign: list[str], documents: Sequence[str], folds: int
) -> None:
    kinds = {**by_family, "benign": benign} | ({"document": documents} if documents else {})
    few = sorted(name for name, some in kinds.items() if len(some) < folds)
    if folds < 3 or len(by_family) < 2 or few:
        what = f", and too few of {', '.join(few)}" if few else ""
        raise ValueError(
            "To leave a family out takes 3 folds, two families, and as many texts of each kind as "
            f"folds; got {folds} folds, {len(by_family)} families{what}."
        )


def _others(items: Sequence, *folds: int) -> list:
    """The items that are in none of these folds; the last number says of how many."""
    *left_out, n = folds
    return [item for i, item in enumerate(items) if i % n not in left_out]


def _harmless(kinds: Sequence[Sequence[str]], fold: int, folds: int) -> tuple[list[str], list[str]]:
    """Harmless texts to learn from, and those of the next fold for the threshold."""
    after = (fold + 1) % folds
    lesson = [text for texts in kinds for text in _others(texts, fold, after, folds)]
    return lesson, [text for texts in kinds for text in texts[after::folds]]


def _taught(
    lesson: Mapping[str, Sequence[Task]],
    harmless: tuple[list[str], list[str]],
    reads_documents: bool,
) -> Classifier:
    """A guard taught by these attacks; by a document only if it is to read documents."""
    texts = []
    for task in (task for some in lesson.values() for task in some):
        if task.document is None:
            texts.append("\n".join(task.turns))
        elif reads_documents:
            texts.append(task.document)
    return train_guard(texts, *harmless)
