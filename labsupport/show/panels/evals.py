"""Lesson 09's panel: change a part of the assistant, and see what it gains and what it lets in."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from labsupport.checks import Check
from labsupport.evals.assistant.guard import GUARDS
from labsupport.evals.assistant.prompts import PROMPTS
from labsupport.evals.assistant.retrieval import INDEXES
from labsupport.evals.assistant.tools import TOOLS
from labsupport.evals.attacks.guardrails import FamilyCount
from labsupport.evals.attacks.report import transcript
from labsupport.evals.estimate import Estimate
from labsupport.evals.suites.runs import Answer
from labsupport.evals.suites.suite import Task
from labsupport.gate import Verdict, conclude
from labsupport.show.asked import (
    BASELINE,
    JUDGES,
    Version,
    exam,
    gain_checks,
    gain_of,
    guard_checks,
    kind_of,
    measured,
    paired,
    suites,
)
from labsupport.show.controls import Choice, Panel, Slider
from labsupport.show.draw import count, in_points, percent
from labsupport.show.figures.evals import Cell
from labsupport.show.figures.evals_verdict import SIZE, Part, candidate_parts, draw_parts
from labsupport.show.pictures import LabFigure, Picture

_QUOTE = 150  # letters of a transcript that the sentence has room for


@dataclass(frozen=True)
class LlmView:
    """One candidate, and what the gate says of it.

    Attributes
    ----------
    setting : the candidate in a few words.
    parts : each family of attacks, each kind of harmless traffic, beside the baseline.
    gain : in right answers, a share of the questions, with its interval.
    margin : that it must reach.
    verdict : of the gain and of every guardrail.
    transcript : one attack that worked, whole; "" where none did.
    sentence : the numbers in words.
    """

    setting: str
    parts: tuple[Part, ...]
    gain: Estimate
    margin: float
    verdict: Verdict
    transcript: str
    sentence: str

    def __str__(self) -> str:
        return self.sentence

    @property
    def decisions(self) -> tuple[str, str]:
        """Of the gain alone, and of everything."""
        alone = [check for check in self.verdict.checks if kind_of(check) == "gain"]
        return conclude(alone).decision, self.verdict.decision

    @property
    def unfit(self) -> tuple[str, ...]:
        """What the judge's exam measured and did not find good enough."""
        exam_of = (check for check in self.verdict.checks if kind_of(check) == "exam")
        return tuple(check.name for check in exam_of if check.passed is not True)

    def picture(self) -> Picture:
        """The candidate beside the baseline."""
        return candidate_parts(
            self.parts, self.gain, self.margin, self.decisions, self.setting, self.unfit
        )


def llm_view(
    prompt: str = "steps",
    index: str = "public",
    guard: str = "answers",
    tools: str = "checked",
    judge: str = "known answers",
    margin: int = 0,
    misses: int = 10,
) -> LlmView:
    """Hold a candidate against the baseline: on questions, on attacks, on harmless messages.

    Parameters
    ----------
    prompt, index, guard, tools : the version of each part, by name.
    judge : who says whether an answer is right, one of JUDGES. One that does not know the answers
        has to pass an exam first.
    margin : points by which more answers must be right than the baseline's.
    misses : of the near misses, harmless messages that look like attacks, the percentage that may
        be blocked.

    Raises
    ------
    ValueError : there is no part of that name.
    """
    if judge not in JUDGES:
        raise ValueError(f"There is no judge {judge!r}; choose one of: {', '.join(JUDGES)}.")
    _warm()
    version = (prompt, index, guard, tools)
    found, gain = measured(version), gain_of(version, judge)
    verdict = conclude([*gain_checks(version, margin, judge), *guard_checks(version, misses)])
    parts = _parts(version, misses)
    hole = _hole(found.holes, verdict)
    setting = f"prompt {prompt}, index {index}, guard {guard}, tools {tools}"
    setting += "" if exam(version, judge) is None else f", judge {judge}"
    right = [sum(a.right for a in measured(v).answers.answers) for v in (version, BASELINE)]
    sentence = _sentence(setting, right, gain, margin / 100, parts, verdict, found.unsafe, hole)
    whole = transcript(*hole) if hole else ""
    return LlmView(setting, parts, gain, margin / 100, verdict, whole, sentence)


def plot_view(fig: LabFigure, view: LlmView) -> str:
    """Draw a view into a figure; return the alt text."""
    return draw_parts(
        fig, view.parts, view.gain, view.margin, view.decisions, view.setting, view.unfit
    )


@cache
def _warm() -> None:
    """Ask, when the panel opens, whatever a preset leads to; another version is asked when it is
    chosen first.
    """
    names = ("prompt", "index", "guard", "tools")
    for setting in map(PANEL.preset, PANEL.presets):
        paired(tuple(setting[name] for name in names))


def _parts(version: Version, misses: int) -> tuple[Part, ...]:
    """A part for each check of the guardrails: baseline, then candidate."""
    both = (BASELINE, version)
    return tuple(
        Part(
            pair[0].slice,
            *(_cell(measured(each).counts, pair[0]) for each in both),
            tuple(check.passed is True for check in pair),
            kind_of(pair[0]) == "attacks",
            pair[0].bound,
        )
        for pair in zip(*(guard_checks(each, misses) for each in both), strict=True)
    )


def _cell(counts: Mapping[tuple[str, str | None], FamilyCount], check: Check) -> Cell:
    own = [
        found
        for (family, aim), found in counts.items()
        if family == check.slice and (aim is not None) == (kind_of(check) == "attacks")
    ]
    worked, errors = (sum(len(getattr(c, k)) for c in own) for k in ("worked", "errors"))
    return worked, sum(c.tried for c in own), errors


def _hole(found: list[tuple[Task, Answer]], verdict: Verdict) -> tuple[Task, Answer] | None:
    """The first attack that worked, of the first family that failed."""
    lost = (check for check in verdict.checks if check.passed is not True)
    failed = [check.slice for check in lost if kind_of(check) == "attacks"]
    return next((hole for hole in found if hole[0].family in failed[:1]), None)


def _said(task: Task, answer: Answer) -> str:
    said = [f"a stranger wrote {_quoted(task.document)}"] if task.document else []
    said += [f"the user said {_quoted(turn)}" for turn in task.turns]
    said += [f"the assistant said {_quoted(answer.reply.text)}"]
    said += [f"and called {call}" for call in answer.reply.tools]
    return f"An attack that worked, {task.id} ({task.family}): {', '.join(said)}."


def _quoted(text: str) -> str:
    return f"“{textwrap.shorten(text, _QUOTE, placeholder=' …')}”"


def _sentence(setting, right, gain, margin, parts, verdict, unsafe: str, hole) -> str:
    points = [in_points(round(x, 9), 1) for x in (gain.value, gain.low, gain.high)]
    found = f"the gain of {points[0]} points may truly be {points[1]} to {points[2]}"
    if gain.value != gain.value:
        found = "no gain can be measured with this judge"
    promised = "Guaranteed, whatever the model says: no secret, no internal article, no tool."
    return (
        f"{verdict.decision.upper()}: {_why(verdict)}. {setting[0].upper()}{setting[1:]}: {found}, "
        f"the margin is {in_points(margin, None) if margin else 0} points. In truth {right[0]} of "
        f"{count(len(suites()[0].tasks), 'answer')} are right, {right[1]} of the baseline's. "
        f"{_counted(parts)}. {f'Not guaranteed: {unsafe}' if unsafe else promised} "
        f"{_said(*hole) if hole else 'No attack of the suite works.'}"
    )


def _why(verdict: Verdict) -> str:
    """What fails or is in doubt, in a few words each."""
    for passed, form in ((False, 0), (None, 1)):
        found: dict[str, list[str]] = {}
        for check in (check for check in verdict.checks if check.passed is passed):
            found.setdefault(kind_of(check), []).append(check.slice or check.name)
        if found:
            said = (_WHY[name][form].format(", ".join(each)) for name, each in found.items())
            return "; ".join(said)
    return "the gain reaches the margin and every guardrail holds"


_WHY = {
    "exam": ("the judge fails its exam ({})", "the judge's exam is in doubt ({})"),
    "gain": ("the gain is below the margin", "the gain may lie on either side of the margin"),
    "attacks": ("attacks work by {}", "attacks by {} are in doubt"),
    "traffic": ("too much is blocked of {}", "what is blocked of {} is in doubt"),
}


def _counted(parts: tuple[Part, ...]) -> str:
    """Attacks that worked, and what was blocked of each kind, in all."""
    attacks = [part.candidate for part in parts if part.attack]
    worked, tried, _ = (sum(each) for each in zip(*attacks, strict=True))
    blocked = " and ".join(
        f"{part.candidate[0]} of {part.candidate[1]} ({part.name}, {percent(part.bound)} at most)"
        for part in parts
        if not part.attack
    )
    return f"{worked} of {tried} attacks work; of harmless messages {blocked} are blocked"


PANEL = Panel(
    llm_view,
    plot_view,
    controls=(
        Choice("prompt", "prompt", tuple(PROMPTS)),
        Choice("index", "index", tuple(INDEXES)),
        Choice("guard", "guard", tuple(GUARDS)),
        Choice("tools", "tools", tuple(TOOLS)),
        Choice("judge", "judge", tuple(JUDGES)),
        Slider("margin", "margin of the gain", "points", -5, 30, 1),
        Slider("misses", "near misses blocked", "% at most", 0, 40, 1),
    ),
    presets={
        "A better prompt": {},
        "Articles quoted": {"prompt": "quoted steps"},
        "A guard of words": {"prompt": "quoted steps", "guard": "words"},
        "Both ends": {"prompt": "quoted steps", "guard": "both ends"},
        "Trusting tools": {"prompt": "quoted steps", "tools": "trusting"},
        "A weak judge": {"prompt": "quoted steps", "judge": "words in common"},
        "Nothing to tell": {"prompt": "plain", "index": "community"},
    },
    size=SIZE,
)
llm_panel = PANEL.live
