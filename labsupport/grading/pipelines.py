"""A pipeline as a policy, an order of steps, and the exit statuses with which it goes on: where
each change ends in it, and what that costs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from fractions import Fraction
from functools import cache, lru_cache
from typing import NamedTuple

import numpy as np
from scipy.stats import binom

from labsupport.costs import Stage, expected_cost
from labsupport.gate import Policy, Verdict, gate
from labsupport.grading.changes import DECLARED, KINDS, Change, drawn
from labsupport.grading.readers import Wrong, an_object, parts_of, text, whole_number
from labsupport.ops.verdicts.policies import policies_in
from labsupport.validation import psi

__all__ = [
    "STEPS",
    "Plan",
    "Step",
    "bill",
    "judged",
    "least_bill",
    "read_plan",
    "right_ends",
    "trial",
    "walk",
]

KEYS = tuple(field.name for field in fields(Policy))
PASSED, FAILED, BAD_DATA, MISSING = 0, 1, 65, 66
LONGEST_POLICY = 5_000  # letters
LONGEST, SHARE_OF_CHANCE, MOST_DRIFT, LEAST_ACCURACY = 200, 0.001, 0.25, 0.85


@dataclass(frozen=True)
class Step:
    """One step of a pipeline.

    Attributes
    ----------
    name : as in the order of steps.
    cost : of one run, in dollars.
    told : what it does, for people.
    needs : the steps that must have run before it; without them it ends with 66, missing input.
    status : status(change, policy) -> exit status.
    """

    name: str
    cost: int
    told: str
    needs: tuple[str, ...]
    status: Callable[[Change, str], int]


class Plan(NamedTuple):
    """What a student hands in: text of policy.toml, names of steps, exit statuses to go on with."""

    policy: str
    steps: tuple[str, ...]
    go_on: frozenset[int]


class End(NamedTuple):
    """Where a change ended: the step that stopped it, None for the fleet; the status of each step
    that was run.
    """

    step: str | None
    statuses: tuple[int, ...]


def policy_in(text: str) -> Policy:
    """The policy that a policy.toml holds: what it does not name is not checked.

    Raises
    ------
    ValueError : it is no TOML, has a key that no policy has, a bound that is none, or an [auc].
    """
    read = policies_in(text.encode(), "policy.toml")
    if read.auc is not None:
        raise ValueError("Nobody has measured an AUC here; leave [auc] out of policy.toml.")
    return read.accuracy


@lru_cache(maxsize=2048)
def judged(change: Change, policy: str) -> Verdict | None:
    """What the lab's own gate says; None if there is nothing to compare, or it cannot read its
    policy.
    """
    if change.outcomes is None:
        return None
    try:
        return gate(change.outcomes, policy_in(policy))
    except (ValueError, TypeError):
        return None


def _gate(change: Change, policy: str) -> int:
    if change.outcomes is None:
        return MISSING
    verdict = judged(change, policy)
    return BAD_DATA if verdict is None else verdict.exit_status


def _passed(passed: bool) -> int:
    return PASSED if passed else FAILED


def _no_more_worse(worse: int, better: int) -> bool:
    return bool(binom.sf(worse - 1, worse + better, 0.5) > SHARE_OF_CHANCE)


def _review(change: Change, _: str) -> int:
    return _passed(all(_no_more_worse(*counts) for counts in change.reviewed.values()))


def _drifted(change: Change) -> bool:
    return psi((5_000, 5_000), change.labels) > MOST_DRIFT


STEPS = (
    Step(
        "schema",
        4,
        "are the snapshot's columns those that were declared?",
        (),
        lambda change, _: _passed(change.columns == DECLARED),
    ),
    Step(
        "profile",
        6,
        "are its classes as frequent as they were?",
        (),
        lambda change, _: _passed(not _drifted(change)),
    ),
    Step(
        "rehearsal",
        60,
        "training on a tenth of it: is the model any good?",
        (),
        lambda change, _: _passed(change.tenth >= LEAST_ACCURACY),
    ),
    Step("train", 480, "training on all of it", (), lambda change, _: PASSED),
    Step("gate", 30, "candidate and baseline on the holdout, by policy.toml", ("train",), _gate),
    Step(
        "review",
        150,
        "people read answers of each slice",
        ("train",),
        _review,
    ),
    Step(
        "shadow",
        20,
        "does it answer fast? No user sees an answer",
        ("train",),
        lambda change, _: _passed(float(np.quantile(change.milliseconds, 0.99)) <= LONGEST),
    ),
    Step(
        "canary",
        90,
        "is it as good for some users? It wants a verdict first",
        ("train", "gate"),
        lambda change, _: _passed(_no_more_worse(*change.live[1:])),
    ),
)
BY_NAME = {step.name: step for step in STEPS}


def walk(change: Change, plan: Plan) -> End:
    """Run the steps until one ends with a status that is not to go on with."""
    statuses: list[int] = []
    for at, name in enumerate(plan.steps):
        step = BY_NAME[name]
        ready = set(step.needs) <= set(plan.steps[:at])
        statuses.append(step.status(change, plan.policy) if ready else MISSING)
        if statuses[-1] not in plan.go_on:
            return End(name, tuple(statuses))
    return End(None, tuple(statuses))


def right_ends(changes: Sequence[Change], plan: Plan) -> bool:
    """Whether each good change reaches the fleet, trained, and no bad one does."""
    ends = [(change.kind.good, walk(change, plan).step is None) for change in changes]
    return "train" in plan.steps and all(good is through for good, through in ends)


def bill(changes: Sequence[Change], plan: Plan) -> float:
    """The expected cost of a change, in dollars, over the kinds as often as they arrive."""
    weights = _weights(changes)
    stopped = [(weights[change.kind.name], walk(change, plan).step) for change in changes]
    arriving, stages = sum(weight for weight, _ in stopped), []
    for name in plan.steps:
        if not arriving:
            break
        caught = sum((weight for weight, at in stopped if at == name), Fraction(0))
        stages.append(Stage(name, BY_NAME[name].cost, caught / arriving))
        arriving -= caught
    return expected_cost(stages)


def _weights(changes: Sequence[Change]) -> dict[str, Fraction]:
    """What one change of each kind counts: together the kind's share of a hundred."""
    names = [change.kind.name for change in changes]
    return {kind.name: Fraction(kind.share, names.count(kind.name)) for kind in KINDS}


def least_bill(changes: Sequence[Change], policy: str) -> float:
    """The least bill of all orders that end right, with a policy under which there is one.

    By dynamic programming over the sets of steps that ran: which changes are left depends on the
    set and not on its order.
    """
    weights = _weights(changes)
    catches = {
        step.name: frozenset(i for i, c in enumerate(changes) if step.status(c, policy) != PASSED)
        for step in STEPS
    }
    bad = frozenset(i for i, change in enumerate(changes) if not change.kind.good)

    @cache
    def from_here(ran: frozenset[str]) -> Fraction | None:
        caught = frozenset().union(*(catches[name] for name in ran))
        left = sum(weights[c.kind.name] for i, c in enumerate(changes) if i not in caught)
        found = [Fraction(0)] if "train" in ran and caught == bad else []
        for step in STEPS:
            if step.name not in ran and ran >= set(step.needs):
                then = from_here(ran | {step.name})
                found += [] if then is None else [left * step.cost + then]
        return min(found, default=None)

    return float(from_here(frozenset()) / 100)


def read_plan(value: object) -> Plan:
    """The three parts of an answer as plain values; Wrong where one of them is something else."""
    parts = parts_of(value)
    if parts is None or len(parts) != 3:
        given = an_object(value) if parts is None else "another number of values"
        raise Wrong(
            f"your function returned {given}; it should return three, (policy, steps, go_on)."
        )
    steps = tuple(text(name, "name of a step") for name in listed_in(parts[1], "steps"))
    if unknown := [name for name in steps if name not in BY_NAME]:
        raise Wrong(f"there is no step {unknown[0]!r:.40}; the steps are {', '.join(BY_NAME)}.")
    if len(set(steps)) < len(steps):
        raise Wrong("a step stands twice in the order; each runs once at most.")
    whole = "an exit status is a whole number."
    statuses = [whole_number(one, "exit status", whole) for one in listed_in(parts[2], "go_on")]
    policy = text(parts[0], "policy")
    if len(policy) > LONGEST_POLICY:
        raise Wrong("the policy is longer than any policy; give the text of policy.toml.")
    return Plan(policy, steps, frozenset(statuses))


def listed_in(value: object, name: str) -> list:
    """What one of the answer's lists holds, a set included."""
    if issubclass(type(value), set | frozenset):
        return list(value)
    if (parts := parts_of(value)) is None:
        raise Wrong(f"{name} is {an_object(value)}; it should be a list.")
    return parts


def trial(answer: Callable[[], object]) -> None:
    """Print where ten practice changes end in a student's pipeline, and what a change costs."""
    try:
        plan = read_plan(answer())
    except NotImplementedError:
        print("There is no pipeline yet.")
        return
    except Wrong as wrong:
        print(wrong)
        return
    changes = drawn(np.random.default_rng(0))[::2]
    for change in changes:
        end = walk(change, plan)
        where = "the fleet" if end.step is None else f"{end.step}, with {end.statuses[-1]}"
        should = "" if (end.step is None) is change.kind.good else "  <- should not"
        print(f"{change.kind.name:21} {where}{should}")
    print(f"A change costs {bill(changes, plan):.2f} dollars.")
