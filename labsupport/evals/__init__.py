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
agreement  kappa and alpha: agreement beyond chance
corrected  the true rate behind a judge's
powered    few human labels and many of a judge: PPI, PPI++
coverage   how often each interval holds the true rate
labels     labels in three parts: for the prompt, the threshold, the approval
judge      a judge is approved before it may judge
judged     a gain through a judge, each side with its own calibration
model      a real language model, and what one said when it was recorded
stale      items that no candidate fails, and items that a candidate has seen
mutate     attacks in other words, in a code, inside something else
refresh    attacks that follow the system: what it withstands is mutated, what works is kept
alike      whether a judge is as right about one system as about another
leaks      whether an attack worked
melding    exact intervals of shares, carried through a formula
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
        "alike": ("calibrations_agree",),
        "assistant.assistant": ("Assistant",),
        "assistant.held_out": ("leave_one_family_out",),
        "corrected": (
            "Calibration",
            "corrected_rate",
        ),
        "coverage": (
            "Coverage",
            "coverages",
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
        "judge": (
            "Approval",
            "JudgePolicy",
            "approve_judge",
        ),
        "judged": ("JudgedRates",),
        "labels": (
            "Split",
            "split_labels",
        ),
        "leaks": (
            "canary_said",
            "instructions_said",
            "worked",
        ),
        "model.endpoint": (
            "Endpoint",
            "ModelError",
        ),
        "model.judged": (
            "Judged",
            "load_judged",
        ),
        "model.local": ("serve",),
        "model.transcripts": (
            "Recording",
            "load_transcripts",
        ),
        "mutate": (
            "MUTATIONS",
            "mutants",
            "mutate",
        ),
        "paired": ("PairedScores",),
        "powered": (
            "human_only",
            "ppi",
            "ppi_plus",
            "widened",
        ),
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
