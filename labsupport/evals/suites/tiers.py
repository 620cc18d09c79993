"""What to ask when: a few tasks on every commit, more before a release, all of them at night; what
each costs, and what it would have caught.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from labsupport.evals.suites.runs import Run, part_of
from labsupport.evals.suites.suite import Suite, Task
from labsupport.gate import Verdict


@dataclass(frozen=True)
class Tier:
    """Some tasks of a suite, and how a candidate is judged on them.

    Attributes
    ----------
    name : such as "every commit".
    where : whether a task belongs to it.
    decide : (candidate's run, champion's run, their suite) -> Verdict.
    epochs : each task is asked so often.
    judge_calls, judge_seconds : what judging one answer costs, beside giving it.
    """

    name: str
    where: Callable[[Task], bool]
    decide: Callable[[Run, Run, Suite], Verdict]
    epochs: int = 1
    judge_calls: int = 0
    judge_seconds: float = 0.0


@dataclass(frozen=True)
class TierCost:
    """A line of the table.

    Attributes
    ----------
    tier : its name.
    tasks, answers : asked of one candidate.
    calls, seconds : of models, to answer and to judge, one after the other.
    decisions : {candidate: what the tier decides}.
    """

    tier: str
    tasks: int
    answers: int
    calls: int
    seconds: float
    decisions: dict[str, str]

    @property
    def caught(self) -> tuple[str, ...]:
        """The candidates that it blocks."""
        return tuple(name for name, decided in self.decisions.items() if decided == "block")


def tier_table(
    tiers: Sequence[Tier], suite: Suite, champion: Run, candidates: Mapping[str, Run]
) -> list[TierCost]:
    """The cost of every tier, and what it decides on candidates of which the truth is known.

    Parameters
    ----------
    suite : the one that all ran, in full.
    champion : its records say what a tier's tasks cost.
    candidates : {name: run}, such as those with a planted fault; with a sound one among them it
        shows what a tier blocks without a cause.

    Raises
    ------
    ValueError : a run of another suite, or with fewer epochs than a tier asks for; a tier without
        tasks.
    """
    return [_row(tier, suite, champion, candidates) for tier in tiers]


def _row(tier: Tier, suite: Suite, champion: Run, candidates: Mapping[str, Run]) -> TierCost:
    part = suite.select(where=tier.where)
    mine = part_of(champion, suite, part, tier.epochs)
    answers = len(mine.answers)
    return TierCost(
        tier.name,
        len(part.tasks),
        answers,
        mine.calls + answers * tier.judge_calls,
        mine.seconds + answers * tier.judge_seconds,
        {
            name: tier.decide(part_of(run, suite, part, tier.epochs), mine, part).decision
            for name, run in candidates.items()
        },
    )
