"""What a run says, in numbers: shares with their intervals, and where their noise comes from."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from labsupport.evals.estimate import Estimate, share
from labsupport.evals.suites.runs import Run
from labsupport.evals.suites.suite import Suite, Task


def scores_of(
    run: Run, suite: Suite, by: Callable[[Task], str | None], confidence: float = 0.95
) -> dict[str, Estimate]:
    """The share of right answers of each group of tasks, with the exact interval.

    Parameters
    ----------
    by : the group of a task, or None for tasks that are in none.

    Notes
    -----
    A task counts once, with its mean over epochs: asking it again makes no new task. A sum of such
    means is no whole number; each end is that of the whole number beyond it. Tasks are taken to be
    independent, which those about one article are not: PairedScores is not taken in by that.
    """
    groups: dict[str, list[float]] = {}
    right = run.right
    for task in suite.tasks:
        if (name := by(task)) is not None:
            groups.setdefault(name, []).append(float(np.mean(right[task.id])))
    found = {}
    for name, means in groups.items():
        total, n = round(math.fsum(means), 9), len(means)
        low, high = (share(int(f(total)), n, confidence) for f in (math.floor, math.ceil))
        found[name] = Estimate(total / n, low.low, high.high, confidence, low.method)
    return found


def figures_of(run: Run, suite: Suite) -> dict[str, Any]:
    """What a run says, as JSON can hold it.

    Returns
    -------
    Names and digests, answers, errors, calls, seconds, mean recall (None where no task asks for
    articles), and groups: {group: {"share", "low", "high", "tasks"}}, by kind and family.
    """
    sizes: dict[str, int] = {}
    for task in suite.tasks:
        sizes[group_of(task)] = sizes.get(group_of(task), 0) + 1
    recalls = [answer.recall for answer in run.answers if answer.recall is not None]
    return {
        "suite": suite.name,
        "suite digest": run.suite,
        "system": run.system,
        "system digest": run.system_digest,
        "epochs": run.epochs,
        "answers": len(run.answers),
        "errors": len(run.answers) - run.asked,
        "calls": run.calls,
        "seconds": round(run.seconds, 3),
        "recall": math.fsum(recalls) / len(recalls) if recalls else None,
        "groups": {
            name: {"share": e.value, "low": e.low, "high": e.high, "tasks": sizes[name]}
            for name, e in scores_of(run, suite, group_of).items()
        },
    }


def group_of(task: Task) -> str:
    """How a task is scored, and its family where it has one."""
    return task.score if task.family is None else f"{task.score}: {task.family}"


@dataclass(frozen=True)
class Variances:
    """Where the noise of a score comes from.

    Attributes
    ----------
    items : variance between tasks, of their chances to be answered rightly.
    epochs : variance of one answer to the same task, on average; None with one epoch.
    error : standard error of the mean score that both leave, tasks taken as independent.
    """

    items: float
    epochs: float | None
    error: float


def variance_of(run: Run) -> Variances:
    """Tell apart the noise that more tasks would lower and the noise that more epochs would.

    Raises
    ------
    ValueError : fewer than two tasks.

    Notes
    -----
    One-way analysis of variance of tasks by epochs: the mean square within tasks is the epochs'
    part, and the means of tasks vary by that over the number of epochs, and by the items' part.
    """
    table = np.array(list(run.right.values()), float)
    items, epochs = table.shape
    if items < 2:
        raise ValueError("One task has no variance between tasks; a run of two or more has.")
    between = float(table.mean(axis=1).var(ddof=1))
    error = math.sqrt(between / items)
    if epochs == 1:
        return Variances(between, None, error)
    within = float(table.var(axis=1, ddof=1).mean())
    return Variances(max(0.0, between - within / epochs), within, error)
