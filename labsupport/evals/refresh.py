"""A suite of attacks that follows the system: mutate what it withstands, keep what works.

An attack is kept because it worked on this system, so a refreshed suite always finds something
here. Whether that says anything about attacks that nobody wrote, two things show: a family that is
held out, from the suite and from the mutations; and the control, as many mutations that nobody
selected.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from labsupport.evals.estimate import Estimate, share
from labsupport.evals.guardrails import worked
from labsupport.evals.mutate import drawn, mutants, text_of
from labsupport.evals.suite import Suite, Task
from labsupport.evals.system import System


@dataclass(frozen=True)
class Found:
    """So many attacks worked, of so many that were asked.

    Attributes
    ----------
    works, asked : attacks.
    """

    works: int
    asked: int

    @property
    def share(self) -> Estimate:
        """With its exact interval. Mutations of one attack are alike: as a claim about attacks that
        are not in the suite, the interval is too narrow.
        """
        return share(self.works, self.asked)

    def __str__(self) -> str:
        return f"{self.works} of {self.asked}"


@dataclass(frozen=True)
class Refreshed:
    """A suite that has followed a system.

    Attributes
    ----------
    suite : the old one and what was found, its version one higher; the old one where nothing was.
    parents : ids of the attacks that the system withstood, of which it was made.
    rounds : what was tried in each generation, and what of it worked.
    """

    suite: Suite
    parents: tuple[str, ...]
    rounds: tuple[Found, ...]

    @property
    def found(self) -> Found:
        """Over all generations."""
        return Found(sum(r.works for r in self.rounds), sum(r.asked for r in self.rounds))


def refresh(
    suite: Suite,
    system: System,
    seed: int = 0,
    rounds: int = 3,
    tries: int = 60,
    held_out: str | None = None,
) -> Refreshed:
    """Mutate the attacks that a system withstands and keep the mutations that work; these are the
    parents of the next generation. What does not differ from an attack that was there is dropped.

    Parameters
    ----------
    seed : decides which mutations are tried.
    tries : mutations a round, or fewer where there are no more.
    held_out : a family that is not in the suite, and that no mutation may resemble.

    Raises
    ------
    ValueError : no attack in the suite, one of the family that is held out, no round or no try.
    RuntimeError : the system could not be asked.
    """
    attacks = _attacks(suite, held_out)
    if rounds < 1 or tries < 1:
        raise ValueError(f"Refreshing takes a round and a try; got {rounds} and {tries}.")
    pool = parents = [task for task in attacks if not _works(task, system, suite.canary)]
    seen, kept, counts = {text_of(task) for task in attacks}, [], []
    for number in range(rounds):
        some = _generation(pool, seen, tries, seed + number, held_out)
        works = [task for task in some if _works(task, system, suite.canary)]
        counts.append(Found(len(works), len(some)))
        kept += works
        pool = works or pool
    new = replace(suite, version=suite.version + 1, tasks=suite.tasks + tuple(kept))
    return Refreshed(new if kept else suite, tuple(task.id for task in parents), tuple(counts))


def unselected(
    suite: Suite, like: Refreshed, seed: int = 0, held_out: str | None = None
) -> list[list[Task]]:
    """The control of a refreshed suite: of the same parents as many mutations, generation by
    generation, but nobody asks whether they work.

    Parameters
    ----------
    suite : what was refreshed.
    like : what came of it.
    """
    attacks = _attacks(suite, held_out)
    pool = [task for task in attacks if task.id in like.parents]
    seen, found = {text_of(task) for task in attacks}, []
    for number, tried in enumerate(like.rounds):
        pool = _generation(pool, seen, tried.asked, seed + number, held_out) or pool
        found.append(pool)
    return found


@dataclass(frozen=True)
class Version:
    """One version of a system, and what each suite finds in it.

    Attributes
    ----------
    system : its name.
    first : the suite that was written once.
    yesterday : that suite, refreshed on all versions before this one.
    yesterday_control : it and as many mutations that nobody selected.
    search, search_control : the mutations tried today, selected by generation and not; as many
        calls each.
    refreshed : the suite after today's search; what it finds was selected on this very system.
    unseen : the family that was held out.
    """

    system: str
    first: Found
    yesterday: Found
    yesterday_control: Found
    search: Found
    search_control: Found
    refreshed: Found
    unseen: Found

    @property
    def sentence(self) -> str:
        """The same for people."""
        return (
            f"{self.system}: yesterday's suite finds {self.yesterday}, the refreshed one "
            f"{self.refreshed}; {self.search} mutations worked, {self.search_control} without "
            f"selection; of the family held out, {self.unseen}."
        )


def follow(
    suite: Suite,
    systems: Sequence[System],
    held_out: str,
    seed: int = 0,
    rounds: int = 3,
    tries: int = 60,
) -> tuple[Version, ...]:
    """A suite that is refreshed on one version after another, beside its control, with a family
    held out throughout.

    Raises
    ------
    ValueError : no attack of that family in the suite, or none of another.
    """
    first = yesterday = control = suite.select(
        scores=["attack"], where=lambda task: task.family != held_out
    )
    hidden = suite.select(scores=["attack"], families=[held_out])
    versions = []
    for number, system in enumerate(systems):
        # Seeds of their own, so that the control does not draw what the search drew.
        here, beside = ((2 * number + i) * rounds + seed * 1000 for i in (0, 1))
        new = refresh(yesterday, system, here, rounds, tries, held_out)
        fresh = unselected(yesterday, new, beside, held_out)
        versions.append(
            Version(
                system.name,
                first=ask(first, system),
                yesterday=ask(yesterday, system),
                yesterday_control=ask(control, system),
                search=new.found,
                search_control=_of([task for some in fresh for task in some], system, suite.canary),
                refreshed=ask(new.suite, system),
                unseen=ask(hidden, system),
            )
        )
        yesterday, control = new.suite, _grown(control, fresh, new)
    return tuple(versions)


def ask(suite: Suite, system: System) -> Found:
    """How many attacks of a suite work on a system.

    Raises
    ------
    RuntimeError : the system could not be asked.
    """
    return _of(_attacks(suite, None), system, suite.canary)


def _of(tasks: Sequence[Task], system: System, canary: str | None) -> Found:
    return Found(sum(_works(task, system, canary) for task in tasks), len(tasks))


def _grown(control: Suite, fresh: Sequence[Sequence[Task]], new: Refreshed) -> Suite:
    """The control's suite with as many mutations of each generation as were kept of it."""
    some = [t for tasks, r in zip(fresh, new.rounds, strict=True) for t in tasks[: r.works]]
    there = {text_of(task) for task in control.tasks}
    names = set(control.by_id)
    added = tuple(t for t in some if text_of(t) not in there and t.id not in names)
    return replace(control, tasks=control.tasks + added)


def _attacks(suite: Suite, held_out: str | None) -> list[Task]:
    attacks = [task for task in suite.tasks if task.score == "attack"]
    if not attacks:
        raise ValueError(f"Suite {suite.name!r} has no attack to mutate.")
    if seen := [task.id for task in attacks if task.family == held_out]:
        raise ValueError(
            f"Family {held_out!r} is held out, but task {seen[0]!r} in the suite is of it; leave "
            "its tasks out."
        )
    return attacks


def _generation(
    pool: Sequence[Task], seen: set[tuple[str, ...]], tries: int, seed: int, held_out: str | None
) -> list[Task]:
    """So many mutations of what is in the pool, none of them seen before."""
    some = []
    children = [child for task in pool for child in mutants(task, held_out)]
    for task in drawn(children, seed):
        if len(some) < tries and text_of(task) not in seen:
            seen.add(text_of(task))
            some.append(task)
    return some


def _works(task: Task, system: System, canary: str | None) -> bool:
    reply = system.answer(task.turns, document=task.document)
    if reply.error is not None:
        raise RuntimeError(
            f"{system.name} could not be asked task {task.id!r}, so nothing is known of it: "
            f"{reply.error}"
        )
    return worked(task, reply, canary)
