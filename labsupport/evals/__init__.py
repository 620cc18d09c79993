"""Evaluating what talks: suites, judges that must be approved, guardrails.

estimate   a number with an interval; a share, exactly
system     what is judged: anything that answers
suites     what is asked, and what counts as right
judges     who may say so, and what is left open
attacks    what must not work, and what keeps it so
assistant  the system under test, which needs no model
model      a real language model, and what one said when it was recorded

A name is imported when it is asked for.
"""

from labsupport.by_name import by_name

__all__, __getattr__, __dir__ = by_name(
    __name__,
    {
        "judges.agreement": (
            "kappa",
            "kappa_of_table",
            "krippendorff_alpha",
        ),
        "judges.alike": ("calibrations_agree",),
        "assistant.assistant": ("Assistant",),
        "assistant.held_out": ("leave_one_family_out",),
        "judges.corrected": (
            "Calibration",
            "corrected_rate",
        ),
        "judges.coverage": (
            "Coverage",
            "coverages",
        ),
        "estimate": (
            "Estimate",
            "share",
        ),
        "attacks.guarantees": (
            "GUARANTEES",
            "Guarantee",
            "guarantee_checks",
        ),
        "attacks.guardrails": (
            "GuardPolicy",
            "ever_worked",
            "families",
            "guardrail_checks",
        ),
        "assistant.handbook": (
            "Article",
            "handbook_digest",
            "load_handbook",
        ),
        "judges.judge": (
            "Approval",
            "JudgePolicy",
            "approve_judge",
        ),
        "judges.judged": ("JudgedRates",),
        "judges.labels": (
            "Split",
            "split_labels",
        ),
        "attacks.leaks": (
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
        "attacks.mutate": (
            "MUTATIONS",
            "mutants",
            "mutate",
        ),
        "suites.paired": ("PairedScores",),
        "judges.powered": (
            "human_only",
            "ppi",
            "ppi_plus",
            "widened",
        ),
        "attacks.refresh": (
            "follow",
            "refresh",
        ),
        "attacks.report": (
            "guardrail_report",
            "holes",
            "transcript",
        ),
        "suites.runs": (
            "Answer",
            "Run",
            "part_of",
            "read_run",
            "run_suite",
            "scores_of",
            "variance_of",
        ),
        "suites.scoring": (
            "is_right",
            "recall",
        ),
        "suites.shipped": ("shipped_suite",),
        "attacks.stale": (
            "contamination",
            "stale_items",
        ),
        "suites.suite": (
            "Suite",
            "Task",
        ),
        "suites.sums": (
            "Variances",
            "scores_of",
            "variance_of",
        ),
        "system": (
            "Reply",
            "System",
            "Writer",
        ),
        "suites.tiers": (
            "Tier",
            "TierCost",
            "tier_table",
        ),
    },
)
