"""Evaluating what talks: suites, judges that must be approved, guardrails.

estimate   a number with an interval; a share, exactly
system     what is judged: anything that answers
handbook   the articles that the system under test looks things up in
blocks     YAML with the lines that its blocks stand on
words      an answer without its case, spaces and punctuation
patterns   regular expressions that end
suite      tasks, read from a file that anybody can write
scoring    right or wrong, by rule
runs       a suite, asked, in a log that survives a kill
paired     candidate and champion on the same tasks, clustered
assistant  the system under test
leaks      whether an attack worked
guarantees what holds whatever the model says
guardrails what a candidate must hold, family by family
holes      the attacks that worked, for people to read
"""

from labsupport.by_name import by_name

__all__, __getattr__, __dir__ = by_name(
    __name__,
    {
        "estimate": ("Estimate", "share"),
        "handbook": ("Article", "handbook_digest", "load_handbook"),
        "system": ("Reply", "System", "Writer"),
        "suite": ("Suite", "Task"),
        "scoring": ("recall", "score"),
        "runs": ("Answer", "Run", "read_run", "run_suite", "scores_of", "variance_of"),
        "paired": ("PairedScores",),
        "assistant.assistant": ("Assistant",),
        "leaks": ("canary_said", "instructions_said", "worked"),
        "guarantees": ("GUARANTEES", "Guarantee", "guarantee_checks"),
        "guardrails": ("GuardPolicy", "ever_worked", "families", "guardrail_checks"),
        "holes": ("guardrail_report", "holes", "transcript"),
    },
)
