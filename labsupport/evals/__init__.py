"""Evaluating what talks: suites, judges that must be approved, guardrails.

estimate   a number with an interval; a share, exactly
system     what is judged: anything that answers
words      an answer without its case, spaces and punctuation
blocks     YAML with the lines that its blocks stand on
patterns   regular expressions that end
handbook   the articles that the system under test looks things up in
shipped    the suites that come with the lab
suite      tasks, read from a file that anybody can write
scoring    right or wrong, by rule
runs       a suite, asked, in a log that survives a kill
paired     candidate and champion on the same tasks, clustered
tiers      what to ask when, what it costs, what it catches
assistant  the system under test
model      a real language model, and what one said when it was recorded
agreement  kappa and alpha: agreement beyond chance
corrected  the true rate behind a judge's
judge      a judge is approved before it may judge
stale      items that no candidate fails, and items that a candidate has seen
mutate     attacks in other words, in a code, inside something else
refresh    attacks that follow the system: what it withstands is mutated, what works is kept
holes      the attacks that worked, for people to read
leaks      whether an attack worked
report     the attacks that worked, for people to read
sums       what a run says, in numbers
talk       a writer and its instructions as a system

A name is imported when it is asked for.
"""

from labsupport.by_name import by_name

__all__, __getattr__, __dir__ = by_name(
    __name__,
    {
        "agreement": (
            "kappa",
            "kappa_of_table",
            "krippendorff_alpha",
        ),
        "assistant.assistant": ("Assistant",),
        "model.endpoint": ("Endpoint", "ModelError"),
        "model.local": ("serve",),
        "model.transcripts": ("Recording", "load_transcripts"),
        "model.judged": ("Judged", "load_judged"),
        "corrected": (
            "Calibration",
            "corrected_rate",
        ),
        "estimate": (
            "Estimate",
            "share",
        ),
        "guarantees": (
            "GUARANTEES",
            "Guarantee",
            "guarantee_checks",
        ),
        "guardrails": (
            "GuardPolicy",
            "ever_worked",
            "families",
            "guardrail_checks",
        ),
        "handbook": (
            "Article",
            "handbook_digest",
            "load_handbook",
        ),
        "holes": (
            "guardrail_report",
            "holes",
            "transcript",
        ),
        "judge": (
            "Approval",
            "JudgePolicy",
            "approve_judge",
        ),
        "leaks": (
            "canary_said",
            "instructions_said",
            "worked",
        ),
        "mutate": (
            "MUTATIONS",
            "mutants",
            "mutate",
        ),
        "paired": ("PairedScores",),
        "refresh": (
            "follow",
            "refresh",
        ),
        "report": (
            "guardrail_report",
            "holes",
            "transcript",
        ),
        "runs": (
            "Answer",
            "Run",
            "part_of",
            "read_run",
            "run_suite",
            "scores_of",
            "variance_of",
        ),
        "scoring": (
            "recall",
            "score",
        ),
        "shipped": ("shipped_suite",),
        "stale": (
            "contamination",
            "stale_items",
        ),
        "suite": (
            "Suite",
            "Task",
        ),
        "sums": (
            "Variances",
            "scores_of",
            "variance_of",
        ),
        "system": (
            "Reply",
            "System",
            "Writer",
        ),
        "tiers": (
            "Tier",
            "TierCost",
            "tier_table",
        ),
    },
)
