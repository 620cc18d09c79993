"""Evaluating what talks: suites, judges that must be approved, guardrails.

alike      whether a judge is as right about one system as about another
agreement  kappa and alpha: agreement beyond chance
corrected  the true rate behind a judge's
coverage   how often each interval holds the true rate
estimate   a number with an interval; a share, exactly
judged     a gain through a judge, each side with its own calibration
judge      a judge is approved before it may judge
labels     labels in three parts: for the prompt, the threshold, the approval
melding    exact intervals of shares, carried through a formula
powered    few human labels and many of a judge: PPI, PPI++
system     what is judged: anything that answers
handbook   the articles that the system under test looks things up in
mutate     attacks in other words, in a code, inside something else
blocks     YAML with the lines that its blocks stand on
words      an answer without its case, spaces and punctuation
patterns   regular expressions that end
suite      tasks, read from a file that anybody can write
scoring    right or wrong, by rule
runs       a suite, asked, in a log that survives a kill
sums       what a run says, in numbers
talk       a writer and its instructions as a system
paired     candidate and champion on the same tasks, clustered
refresh    attacks that follow the system: what it withstands is mutated, what works is kept
stale      items that no candidate fails, and items that a candidate has seen
tiers      what to ask when, what it costs, what it catches
assistant  the system under test
leaks      whether an attack worked
guarantees what holds whatever the model says
guardrails what a candidate must hold, family by family
report     the attacks that worked, for people to read
"""

from labsupport.by_name import by_name

__all__, __getattr__, __dir__ = by_name(
    __name__,
    {
        "agreement": ("kappa", "kappa_of_table", "krippendorff_alpha"),
        "corrected": ("Calibration", "corrected_rate"),
        "estimate": ("Estimate", "share"),
        "handbook": ("Article", "handbook_digest", "load_handbook"),
        "judge": ("Approval", "JudgePolicy", "approve_judge"),
        "mutate": ("MUTATIONS", "mutants", "mutate"),
        "refresh": ("follow", "refresh"),
        "stale": ("contamination", "stale_items"),
        "system": ("Reply", "System", "Writer"),
        "suite": ("Suite", "Task"),
        "scoring": ("recall", "score"),
        "runs": ("Answer", "Run", "part_of", "read_run", "run_suite"),
        "sums": ("Variances", "scores_of", "variance_of"),
        "paired": ("PairedScores",),
        "tiers": ("Tier", "TierCost", "tier_table"),
        "assistant.assistant": ("Assistant",),
        "leaks": ("canary_said", "instructions_said", "worked"),
        "guarantees": ("GUARANTEES", "Guarantee", "guarantee_checks"),
        "guardrails": ("GuardPolicy", "ever_worked", "families", "guardrail_checks"),
        "report": ("guardrail_report", "holes", "transcript"),
        "alike": ("calibrations_agree",),
        "coverage": ("Coverage", "coverages"),
        "judged": ("JudgedRates",),
        "labels": ("Split", "split_labels"),
        "powered": ("human_only", "ppi", "ppi_plus", "widened"),
    },
)
