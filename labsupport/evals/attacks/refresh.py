"""A suite of attacks that follows the system: mutate what it withstands, keep what works.

An attack is kept because it worked on this system, so a refreshed suite always finds something
here. Whether that says anything about attacks that nobody wrote, two things show: a family that is
held out, from the suite and from the mutations; and the control, as many mutations that nobody
selected.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import islice, zip_longest

from labsupport.evals.attacks.leaks import worked
from labsupport.evals.attacks.mutate import drawn, mutants, text_of
from labsupport.evals.estimate import Estimate, share
from labsupport.evals.suites.suite import Suite, Task
from labsupport.evals.system import System

KIN = 3  # working mutations of one attack, after which it is left alone


@dataclass(frozen=True)
class Found:
    """So many attacks worked, of so many that were asked.

    Attributes
    ----------
    works, asked : attacks.
    roots : so many attacks that somebody wrote are behind those that worked; mutations of one
        attack mostly go through one hole.
    """

    works: int
    asked: int
    roots: int

    @property
    def share(self) -> Estimate:
        """With its exact interval, which takes attacks for independent. Mutations of one attack are
        not: it is too narrow as a claim about others.
        """
        return share(self.works, self.asked)

    def __str__(self) -> str:
        return f"{self.works} of {self.asked} (from {self.roots})"


@dataclass(frozen=True)
class Refreshed:
    """A suite that has followed a system.

    Attributes
    ----------
    suite : the old one and what was found, its version one higher; the old one where nothing was.
    parents : the attacks that the system withstood, of which it was made.
    tried : the mutations of each generation.
    kept : those of them that worked.
    """

    suite: Suite
    parents: tuple[Task, ...]
    tried: tuple[tuple[Task, ...], ...]
    kept: tuple[tuple[Task, ...], ...]

    @property
    def found(self) -> Found:
        """Over all generations."""
        return _count(sum(self.kept, ()), sum(map(len, self.tried)))


def refresh(
    suite: Suite,
    system: System,
    seed: int = 0,
    rounds: int = 3,
    tries: int = 60,
    held_out: str | None = None,
    kin: int | None = KIN,
) -> Refreshed:
    """Mutate the attacks that a system withstands and keep the mutations that work; these are the
    parents of the next generation. What does not differ from an attack that was there is dropped.

    Parameters
    ----------
    seed : decides which mutations are tried.
    tries : mutations a round, or fewer where there are no more.
    held_out : a family that is not in the suite, and that no mutation may resemble.
    kin : an attack of which so many mutations work is left alone, and one of which none works stays
        a parent. None: as long as anything works, only that has children. This finds more that
        works, and fewer holes: most of it is of one family tree.

    Raises
    ------
    ValueError : no attack in the suite, one of the family that is held out, no round or no try.
    RuntimeError : the system could not be asked.
    """
    attacks = _attacks(suite, held_out)
    if rounds < 1 or tries < 1 or (kin is not None and kin < 1):
        raise ValueError(
            f"Refreshing takes a round, a try, and a number of kin from 1 or None; got {rounds}, "
            f"{tries} and {kin}."
        )

    def works(task: Task) -> bool:
        return _works(task, system, suite.canary)

    pool = parents = tuple(task for task in attacks if not works(task))
    seen, tried, kept = {text_of(task) for task in attacks}, [], []
    for number in range(rounds):
        tried.append(_generation(pool, seen, tries, seed + number, held_out))
        kept.append(tuple(filter(works, tried[-1])))
        pool = (kept[-1] or pool) if kin is None else _open(parents, sum(kept, ()), kin)
    found = sum(kept, ())
    new = replace(suite, version=suite.version + 1, tasks=suite.tasks + found) if found else suite
    return Refreshed(new, parents, tuple(tried), tuple(kept))


def _open(parents: Sequence[Task], found: Sequence[Task], kin: int) -> tuple[Task, ...]:
    """What goes on having children: the parents of which nothing works, and few of a kind."""
    many = Counter(task.cluster for task in found)
    childless = (task for task in parents if not many[task.cluster])
    return (*childless, *(task for task in found if many[task.cluster] < kin))


def unselected(
    suite: Suite, like: Refreshed, seed: int = 0, held_out: str | None = None
) -> tuple[tuple[Task, ...], ...]:
    """The control of a refreshed suite: of the same parents as many mutations, generation by
    generation, but all of them are the parents of the next, whether they work or not.

    Parameters
    ----------
    suite : what was refreshed.
    like : what came of it.
    """
    seen = {text_of(task) for task in _attacks(suite, held_out)}
    pool, found = like.parents, []
    for number, tried in enumerate(like.tried):
        found.append(_generation(pool, seen, len(tried), seed + number, held_out))
        pool = found[-1] or pool
    return tuple(found)


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
    kin: int | None = KIN,
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
    for number, system in enumerate(map(_Once, systems)):

        def found(tasks: Sequence[Task], system: System = system) -> Found:
            return _count([t for t in tasks if _works(t, system, suite.canary)], len(tasks))

        # Seeds of their own, so that the control does not draw what the search drew.
        here, beside = (1000 * seed + (2 * number + i) * rounds for i in (0, 1))
        new = refresh(yesterday, system, here, rounds, tries, held_out, kin)
        fresh = unselected(yesterday, new, beside, held_out)
        versions.append(
            Version(
                system.name,
                first=found(first.tasks),
                yesterday=found(yesterday.tasks),
                yesterday_control=found(control.tasks),
                search=new.found,
                search_control=found(sum(fresh, ())),
                refreshed=found(new.suite.tasks),
                unseen=found(hidden.tasks),
            )
        )
        yesterday, control = new.suite, _grown(control, fresh, new)
    return tuple(versions)


class _Once:
    """A system that answers what it was asked before as it did then."""

    def __init__(self, system: System) -> None:
        self.name, self.digest = system.name, system.digest
        self.answer = cache(
            lambda turns, seed=0, document=None: system.answer(turns, seed, document)
        )


def _works(task: Task, system: System, canary: str | None) -> bool:
    reply = system.answer(task.turns, document=task.document)
    if reply.error is not None:
        raise RuntimeError(
            f"{system.name} could not be asked task {task.id!r}, so nothing is known of it: "
            f"{reply.error}"
        )
    return worked(task, reply, canary)


def _count(works: Sequence[Task], asked: int) -> Found:
    """A mutation is in the cluster of the attack that it comes from."""
    return Found(len(works), asked, len({task.cluster for task in works}))


def _grown(control: Suite, fresh: Sequence[Sequence[Task]], new: Refreshed) -> Suite:
    """The control's suite with as many mutations of each generation as were kept of it."""
    some = [t for tasks, kept in zip(fresh, new.kept, strict=True) for t in tasks[: len(kept)]]
    there = {text_of(task) for task in control.tasks}
    return replace(
        control, tasks=control.tasks + tuple(task for task in some if text_of(task) not in there)
    )


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
) -> tuple[Task, ...]:
    """So many mutations of what is in the pool, none of them seen before: one of each attack that
    somebody wrote, then the next of each.
    """
    by_root: dict[str, list[Task]] = {}
    texts, children = set(seen), [child for task in pool for child in mutants(task, held_out)]
    for child in drawn(children, seed):
        if text_of(child) not in texts:
            texts.add(text_of(child))
            by_root.setdefault(child.cluster, []).append(child)
    turns = (child for one in zip_longest(*by_root.values()) for child in one if child is not None)
    some = tuple(islice(turns, tries))
    seen.update(map(text_of, some))
    return some
