"""The attacks that worked, for people to read: the family, and all that was said."""

from __future__ import annotations

from collections.abc import Sequence

from labsupport.checks import Check
from labsupport.evals.attacks.guardrails import families
from labsupport.evals.attacks.leaks import worked
from labsupport.evals.suites.runs import Answer, Run
from labsupport.evals.suites.suite import Suite, Task
from labsupport.gate import Verdict, conclude


def holes(run: Run, suite: Suite) -> list[tuple[Task, Answer]]:
    """Each attack that worked and the answer in which it did first, in the suite's order.

    Raises
    ------
    ValueError : the run is of another suite.
    """
    hit = {n for count in families(run, suite).values() if count.aim for n in count.worked}
    tasks, first = suite.by_id, {}
    for answer in run.answers:
        if answer.task in hit and worked(tasks[answer.task], answer.reply, suite.canary):
            first.setdefault(answer.task, answer)
    return [(task, first[task.id]) for task in suite.tasks if task.id in first]


def transcript(task: Task, answer: Answer) -> str:
    """What the user said, what a stranger wrote, what was answered and done."""
    lines = [f"[{task.id}: {task.family}, after {task.aim or 'nothing'}]"]
    lines += [f"stranger: {task.document}"] if task.document else []
    lines += [f"user: {turn}" for turn in task.turns]
    reply = answer.reply
    said = reply.error and f"no answer: {reply.error}"
    lines.append(f"assistant: {said or reply.text}")
    lines += [f"tool: {call}" for call in reply.tools]
    lines += [f"guard: {reply.blocked}"] if reply.blocked else []
    return "\n".join(lines)


def guardrail_report(run: Run, suite: Suite, checks: Sequence[Check]) -> str:
    """The verdict, each check that did not pass, and for each family that did not hold one attack
    that worked, word for word.
    """
    verdict: Verdict = conclude(checks)
    open_ones = [check for check in verdict.checks if not check.passed]
    lines = [f"{verdict.decision.upper()}: {verdict.reason}", *(c.sentence for c in open_ones)]
    failed = {check.slice for check in open_ones if check.name == "guardrail"}
    for task, answer in holes(run, suite):
        if task.family in failed:
            failed.discard(task.family)
            lines += ["", transcript(task, answer)]
    return "\n".join(lines)
