"""A comparison judged by a policy in a file, and the report that people read.

policies   policy.toml: bounds on accuracy, and on the AUC
judging    the conjunction of all that a policy asks for
markdown   text of strangers in Markdown: inert, and nobody is pinged
rows       candidate and baseline, in total and per slice, as the rows of a table
report     the report: verdict, table, checks, what was compared
folder     policy.toml, verdict.json and report.md of a run
"""

from labsupport.by_name import by_name

__all__, __getattr__, __dir__ = by_name(
    __name__,
    {
        "folder": ("gate_run", "report_run"),
        "judging": ("judge_compared",),
        "policies": ("Policies", "PolicyError", "read_policy"),
        "report": ("report_of",),
    },
)
