"""The report, as Markdown that GitHub renders: the verdict first, then both models in one table,
every check with its sentence, what was compared. It fits into a comment on GitHub, whatever was
compared.
"""

from __future__ import annotations

import html
import math
from collections.abc import Callable, Iterable, Sequence

from labsupport.checks import Check
from labsupport.gate import Policy, Verdict
from labsupport.ops.record import Compared
from labsupport.ops.verdicts import gaps
from labsupport.ops.verdicts.markdown import code, folded, plain, row, sentence_about, table
from labsupport.ops.verdicts.policies import Policies
from labsupport.ops.verdicts.rows import digits_for, names_by_weight, rows_of

MOST = 60_000  # characters; GitHub takes 65,536 in a comment
FEW = 12  # slices, or checks, that are not folded
NOTES = 5
DIGEST = 64  # hex digits
CONFIDENCE = 0.95  # of the intervals, where the policy names none
RESULT = {True: "passed", False: "failed", None: "in doubt"}
_NOT_MADE = {
    "min_gain": "the gain",
    "max_gap": "the gap between slices",
    "max_slice_loss": "what single slices lose",
}


def confidence_of(policies: Policies | None) -> float:
    """The confidence of the report's intervals."""
    both = () if policies is None else (policies.accuracy, policies.auc)
    named = [float(p.confidence) for p in both if p is not None and p.confidence is not None]
    return named[0] if named else CONFIDENCE


def report_of(
    compared: Compared,
    verdict: Verdict | None,
    policies: Policies | None = None,
    warnings: Iterable[str] = (),
    picture: str | None = None,
) -> str:
    """The report on one comparison.

    Parameters
    ----------
    verdict : None: nobody judged it.
    policies : that it was judged by.
    warnings : sentences that belong right below the verdict, such as that an earlier one is stale.
    picture : address of a picture.
    """
    confidence = confidence_of(policies)
    names = list(compared.outcomes.slices)
    heads = ("metric", "slice", "rows", "candidate", "baseline", "gain")
    heads += (f"{confidence * 100:.6g}% interval of the gain",)
    digits = digits_for(compared.outcomes.n)

    def lines(name: str | None) -> list[list[str]]:
        return [each.cells(confidence, digits) for each in rows_of(compared, name)]

    shown, rest = names, []
    if len(names) > FEW:
        names = names_by_weight(compared, verdict)
        shown, rest = names[:FEW], names[FEW:]
    first = [cells for name in (None, *shown) for cells in lines(name)]
    above = [*_verdict(compared, verdict, warnings), *_picture(picture), *table(heads, first, 2)]
    checks, more = _checks(compared, verdict)
    checks = [*_apart(len(first), confidence), *checks]
    below = [*_without(compared, policies), "", "### What was compared", "", *_compared(compared)]
    room = MOST - sum(len(line) + 1 for line in (*above, *checks, *below))
    inner = _table_of_rest(rest, heads, lines, room // 2)
    parts = [*above, *inner, "", *checks, *_rest_of_checks(more, room // 2), *below]
    return "\n".join(parts) + "\n"


def _verdict(compared: Compared, verdict: Verdict | None, warnings: Iterable[str]) -> list[str]:
    if verdict is None:
        head, said = "Not judged", "no policy was given"
    else:
        head, said = verdict.decision.capitalize(), verdict.reason.partition(": ")[2]
    told = [f"## {head}: {plain(said or 'every check passed')}", ""]
    for warning in warnings:
        told += [f"**Note:** {plain(warning)}", ""]
    outcomes = compared.outcomes
    if compared.candidate == compared.baseline:
        told += ["Candidate and baseline are the same; this compares a model with itself.", ""]
    told += [
        f"Of {outcomes.n:,} rows the candidate is right on {outcomes.candidate_right:,}, the "
        f"baseline on {outcomes.baseline_right:,}. Only the candidate is right on "
        f"{outcomes.candidate_only:,}, only the baseline on {outcomes.baseline_only:,}.",
        "",
    ]
    return told


def _picture(link: str | None) -> list[str]:
    if link is None:
        return []
    source = html.escape("".join(link.split()))
    return [f'<img alt="The same numbers as in the table below, drawn." src="{source}">', ""]


def _table_of_rest(
    names: Sequence[str], heads: Sequence[str], lines: Callable, room: int
) -> list[str]:
    """The slices that are not shown at once, as far as there is room for them."""
    taken, used = 0, 0
    told: list[Sequence[str]] = []
    for name in names:
        cells = lines(name)
        used += sum(len(row(line)) + 1 for line in cells)
        if used > room:
            break
        told += cells
        taken += 1
    if not names:
        return []
    left = _left(len(names) - taken, "slice")
    inside = table(heads, told, 2) if told else []
    return ["", *folded(_more(len(names), "slice"), [*inside, *left])]


def _apart(lines: int, confidence: float) -> list[str]:
    missed = f"{100 - confidence * 100:.3g} of 100"
    said = f"Each interval is for its own line alone; about {missed} such miss the true gain."
    return [said, ""] if lines > 1 else []


def _left(number: int, what: str) -> list[str]:
    if not number:
        return []
    return ["", f"{_more(number, what)}, without room here: `lab report RUN --json` has all."]


def _more(number: int, what: str) -> str:
    return f"{number:,} more {what}{'s' * (number > 1)}"


def _checks(compared: Compared, verdict: Verdict | None) -> tuple[list[str], list[Check]]:
    """The lines on checks that are shown at once, and the checks that are not."""
    if verdict is None:
        return [], []
    checks, more = list(verdict.checks), []
    if len(checks) > FEW:
        checks.sort(key=_weight)
        checks, more = checks[:FEW], checks[FEW:]
    told = [_check(check) for check in checks]
    for place, check in enumerate(checks):
        if check.name == "gap":
            told[place] += f" {gaps.where(compared.outcomes)}"
    return ["### Checks", "", *told, ""], more


def _weight(check: Check) -> tuple[bool, int, float]:
    """What comes first: all rows, then the slices that failed or are in doubt, by their loss."""
    order = {False: 0, None: 1, True: 2}
    value = float(check.value)
    return check.slice is not None, order[check.passed], -value if value == value else -math.inf


def _check(check: Check) -> str:
    result = RESULT[check.passed] if check.passed else f"**{RESULT[check.passed]}**"
    return f"- {result}, {check.name}: {sentence_about(check.sentence, check.slice)}"


def _rest_of_checks(checks: Sequence[Check], room: int) -> list[str]:
    if not checks:
        return []
    told: list[str] = []
    for check in checks:
        line = _check(check)
        room -= len(line) + 1
        if room < 0:
            break
        told.append(line)
    counts = [
        f"{number:,} {words}"
        for passed, words in RESULT.items()
        if (number := sum(check.passed is passed for check in checks))
    ]
    left = _left(len(checks) - len(told), "check")
    return [*folded(f"{_more(len(checks), 'check')}: {', '.join(counts)}", [*told, *left]), ""]


def _without(compared: Compared, policies: Policies | None) -> list[str]:
    """What the policy does not ask for: a passed gate says nothing about it."""
    if policies is None:
        return []
    made: Policy | None = policies.accuracy
    missing = [says for key, says in _NOT_MADE.items() if getattr(made, key, None) is None]
    if compared.auc is not None and policies.auc is None:
        missing.append("the AUC")
    told = [f"Not checked, since the policy does not ask: {', '.join(missing)}."] if missing else []
    if any(p is not None and p.confidence is None for p in (made, policies.auc)):
        told += ["", "The policy sets no confidence: what was measured counts, luck included."]
    return told


def _compared(compared: Compared) -> list[str]:
    digests = ("holdout", "candidate", "baseline")
    told = [f"- {name}: {code(getattr(compared, name), DIGEST)}" for name in digests]
    told.append(f"- this comparison: {code(compared.digest, DIGEST)}")
    told += [f"- note: {plain(note)}" for note in compared.notes[:NOTES]]
    return told + _left(max(0, len(compared.notes) - NOTES), "note")
