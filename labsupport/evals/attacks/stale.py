"""Is a suite still worth asking? Items that no candidate fails, and items that a candidate has
seen: in its prompt, in its index, among its examples.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from labsupport.checks import Check
from labsupport.evals.estimate import Estimate, share
from labsupport.evals.suites.runs import Run
from labsupport.evals.suites.suite import Suite, Task
from labsupport.evals.suites.words import words_of

LAST, MIN_TELLING, CONFIDENCE = 10, 0.1, 0.95
LENGTH, THRESHOLD = 3, 0.5  # words that are alike in a row, and the share of an item's rows


@dataclass(frozen=True)
class Staleness:
    """What the last runs of a suite say about the suite.

    Attributes
    ----------
    systems : the candidates, oldest first; one that ran twice counts once, by its later run.
    asked : {item: by how many candidates it was answered}; an error is no answer.
    failed : {item: how many of them failed it, in one epoch or more}.
    last, min_telling : how many candidates were wanted, and what share of the items must still
        tell them apart.
    """

    systems: tuple[str, ...]
    asked: Mapping[str, int]
    failed: Mapping[str, int]
    last: int = LAST
    min_telling: float = MIN_TELLING

    @property
    def never_failed(self) -> tuple[str, ...]:
        """Items that were answered, and by nobody wrongly."""
        return tuple(item for item, n in self.asked.items() if n and not self.failed[item])

    @property
    def always_failed(self) -> tuple[str, ...]:
        """Items that were answered, and by nobody rightly: too hard, or wrong themselves."""
        return tuple(item for item, n in self.asked.items() if n and self.failed[item] == n)

    @property
    def telling(self) -> tuple[str, ...]:
        """Items that some candidates failed and some did not: only these compare them."""
        return tuple(item for item, n in self.asked.items() if 0 < self.failed[item] < n)

    def still_allowed(self, item: str) -> float:
        """The highest failure rate that is compatible with how seldom an item failed: the exact
        upper bound, one-sided, at 95%. 1 where nobody answered it.
        """
        n = self.asked[item]
        return share(self.failed[item], n, 2 * CONFIDENCE - 1).high if n else 1.0

    @property
    def checks(self) -> tuple[Check, ...]:
        """Whether somebody fails something, and whether enough items tell candidates apart. In
        doubt with fewer candidates than were wanted, unless they already show it.
        """
        return (self._somebody_fails(), self._telling_items())

    @property
    def sentence(self) -> str:
        """What silence proves. It is no check: a regression set is meant to be silent."""
        silent = self.never_failed
        if not silent:
            return f"Every item was failed by one of {self._who}."
        n = min(self.asked[item] for item in silent)
        bound = max(self.still_allowed(item) for item in silent)
        return (
            f"{len(silent)} of {len(self.asked)} items were never failed by {self._who}; silence "
            f"that long ({n}) is what up to {bound:.0%} failures may look like."
        )

    def _somebody_fails(self) -> Check:
        n, of = sum(1 for failures in self.failed.values() if failures), len(self.failed)
        passed = True if n else self._enough(False)
        found = f"{n} of {of} items are failed by somebody" if n else "all pass the whole suite"
        return Check("somebody fails", None, n, 1, passed, f"Of {self._who}, {found}.")

    def _telling_items(self) -> Check:
        n, of = len(self.telling), len(self.asked)
        passed = True if n >= self.min_telling * of - 1e-9 else self._enough(False)
        sentence = (
            f"{n} of {of} items tell {self._who} apart; {self.min_telling:.0%} are asked for. "
            f"{len(self.never_failed)} were never failed, {len(self.always_failed)} always."
        )
        return Check("telling items", None, n / of, self.min_telling, passed, sentence)

    def _enough(self, passed: bool) -> bool | None:
        return passed if len(self.systems) >= self.last else None

    @property
    def _who(self) -> str:
        return f"{len(self.systems)} candidate{'s' * (len(self.systems) != 1)}"


def stale_items(
    runs: Sequence[Run], last: int = LAST, min_telling: float = MIN_TELLING
) -> Staleness:
    """What the last candidates did with each item of a suite.

    Parameters
    ----------
    runs : of one suite, oldest first. A system that ran before is no new candidate: its later run
        replaces the earlier one.
    last : look at so many candidates.
    min_telling : the share of items that must tell candidates apart.

    Raises
    ------
    ValueError : no run, runs of different suites, a run in which nothing was answered, fewer than
        two candidates to look at, a share outside [0, 1].
    """
    if last < 2 or not 0 <= min_telling <= 1:
        raise ValueError(
            f"Items tell two candidates apart or more, and min_telling is a share; got last "
            f"{last!r} and min_telling {min_telling!r}."
        )
    if len({run.suite for run in runs}) != 1:
        raise ValueError("Staleness is of one suite: give runs of it, one at least, and no others.")
    if empty := [run.system for run in runs if not run.asked]:
        raise ValueError(f"In the run of {empty[0]} nothing was answered, so it says nothing.")
    by_system: dict[str, Run] = {}
    for run in runs:
        by_system.pop(run.system_digest, None)
        by_system[run.system_digest] = run
    looked_at = list(by_system.values())[-last:]
    asked = dict.fromkeys((answer.task for answer in looked_at[0].answers), 0)
    failed = dict(asked)
    for run in looked_at:
        right: dict[str, bool] = {}
        for answer in run.answers:
            if answer.error is None:
                right[answer.task] = right.get(answer.task, True) and answer.right
        for item, passed in right.items():
            asked[item] += 1
            failed[item] += not passed
    return Staleness(tuple(run.system for run in looked_at), asked, failed, last, min_telling)


@dataclass(frozen=True)
class Overlap:
    """Where most of an item was found again.

    Attributes
    ----------
    item : id of the task.
    text : the name of the text that shares most with it.
    share : the share of the item's runs of words that stand there too, 0 to 1.
    """

    item: str
    text: str
    share: float


@dataclass(frozen=True)
class Contamination:
    """Which items of a suite stand in texts that a candidate has seen.

    Attributes
    ----------
    overlaps : of every item that is long enough to be told, the most first.
    too_short : items of fewer words than a run: nothing can be said of them.
    threshold : an item that shares at least so much has been seen.
    """

    overlaps: tuple[Overlap, ...]
    too_short: tuple[str, ...] = ()
    threshold: float = THRESHOLD

    @property
    def seen(self) -> tuple[str, ...]:
        """The items that share so much with a text that they must have been seen."""
        return tuple(o.item for o in self.overlaps if o.share >= self.threshold)

    @property
    def rate(self) -> Estimate:
        """The share of items that count as seen. On texts that are known to be clean, this is the
        rate of false alarms.
        """
        return share(len(self.seen), len(self.overlaps))

    @property
    def check(self) -> Check:
        """No item has been seen."""
        n, of = len(self.seen), len(self.overlaps)
        sentence = f"{n} of {of} items share {self.threshold:.0%} or more of their runs of words"
        sentence += " with what the candidate has seen"
        if n:
            most = self.overlaps[0]
            sentence += f"; {most.item!r} shares {most.share:.0%} with {most.text}"
        if self.too_short:
            sentence += f"; {len(self.too_short)} are too short to tell"
        return Check("contamination", None, n, 0, n == 0, f"{sentence}.")


def contamination(
    suite: Suite,
    texts: Mapping[str, str],
    threshold: float = THRESHOLD,
    length: int = LENGTH,
) -> Contamination:
    """Look for the items of a suite in texts that a candidate has seen.

    Parameters
    ----------
    texts : {name: text} such as the prompt, each article of the index, each example.
    threshold : the share of an item's runs of words from which it counts as seen. Ask it of clean
        texts before it is believed; see Contamination.rate.
    length : words of a run.

    Returns
    -------
    Contamination. Only wording is compared: an item that was paraphrased into the prompt is not
    found.

    Raises
    ------
    ValueError : no text, a share outside (0, 1], a length below 1, no item of so many words.
    """
    if not texts or not 0 < threshold <= 1 or length < 1:
        raise ValueError(
            "To look for items takes a text, a threshold in (0, 1] and runs of a word or "
            f"more; got {len(texts)} texts, threshold {threshold!r}, length {length!r}."
        )
    there = {name: _runs_of([text], length) for name, text in texts.items()}
    overlaps, too_short = [], []
    for task in suite.tasks:
        own = _runs_of(_asked(task), length)
        if not own:
            too_short.append(task.id)
            continue
        shares = {name: len(own & runs) / len(own) for name, runs in there.items()}
        most = max(shares, key=lambda name: shares[name])
        overlaps.append(Overlap(task.id, most, shares[most]))
    if not overlaps:
        raise ValueError(f"No item of suite {suite.name!r} has {length} words, so none was told.")
    ranked = tuple(sorted(overlaps, key=lambda o: -o.share))
    return Contamination(ranked, tuple(too_short), threshold)


def _asked(task: Task) -> tuple[str, ...]:
    return (*task.turns, *((task.document,) if task.document else ()))


def _runs_of(texts: Sequence[str], length: int) -> set[tuple[str, ...]]:
    """All runs of so many words; none goes from one text into the next."""
    return {
        tuple(words[i : i + length])
        for words in map(words_of, texts)
        for i in range(len(words) - length + 1)
    }
