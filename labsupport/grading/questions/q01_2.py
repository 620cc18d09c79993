"""Exercise 01, question 2: the conjunction and its reasons.

What is right comes from labsupport; what is written out is how one gets it wrong.
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np

from labsupport.gate import Policy, gate
from labsupport.grading.calling import ask_with_fractions
from labsupport.grading.old import Case, Mistake, Wrong, compare, question
from labsupport.grading.readers import pair, text, truth
from labsupport.outcomes import PairedOutcomes

_PROMOTED, _NO_GAIN, _UNSAFE = "promoted", "blocked: no eval gain", "blocked: failed safety check"
_HAIR = Fraction(1, 10**12)
_REASONS = (_PROMOTED, _NO_GAIN, _UNSAFE)


def _decision(
    about: str, gain: Fraction, gap: Fraction, margin: Fraction, tolerance: Fraction
) -> Case:
    """What labsupport's gate says about a candidate with this gain and gap, built from counts."""
    half = math.lcm(
        gain.denominator, gap.denominator
    )  # of a group's rows; both groups have 2 * half
    ahead, behind, apart = (
        int(max(gain, 0) * 4 * half),
        int(max(-gain, 0) * 4 * half),
        int(gap * 2 * half),
    )
    better = PairedOutcomes(half - ahead, ahead, behind, half - behind)
    worse = PairedOutcomes(half - apart, 0, 0, half + apart)
    whole = better + worse
    outcomes = PairedOutcomes(*whole.cells, slices={"better": better, "worse": worse})
    verdict = gate(outcomes, Policy(min_gain=margin, max_gap=tolerance))
    if (outcomes.exact_gain, outcomes.exact_disparity) != (gain, gap):
        raise RuntimeError("the counts do not stand for this gain and gap")
    return Case(
        about, (gain, gap, margin, tolerance), (verdict.decision == "promote", verdict.reason)
    )


def _decisions(rng: np.random.Generator) -> list[Case]:
    def draw(low: int, high: int) -> Fraction:
        return Fraction(int(rng.integers(low, high)), 10_000)

    cases = []
    for margin, tolerance in (
        (Fraction(5, 1000), Fraction(1, 10)),
        (draw(10, 300), draw(200, 2500)),
        (-draw(10, 300), draw(200, 2500)),  # non-inferiority: a small loss is tolerated
        (Fraction(0), draw(200, 2500)),
        (draw(10, 300), Fraction(0)),
    ):
        above, below = draw(1, 40), draw(1, 40)
        gains = {"a gain above the margin": margin + above, "a gain equal to the margin": margin,
                 "a gain below the margin": margin - below, "a gain a hair below the margin": margin - _HAIR,
                 "a gain of zero": Fraction(0), "a loss larger than the margin": -abs(margin) - above}  # fmt: skip
        gaps = {"a gap within the tolerance": tolerance - below, "a gap equal to the tolerance": tolerance,
                "a gap above the tolerance": tolerance + above, "a gap a hair above it": tolerance + _HAIR,
                "a gap of zero": Fraction(0)}  # fmt: skip
        zero = " with a margin of zero" * (margin == 0) + " with a tolerance of zero" * (
            tolerance == 0
        )
        cases += [
            _decision(f"{a} and {b}{zero}", gain, gap, margin, tolerance)
            for a, gain in gains.items()
            for b, gap in gaps.items()
            if gap >= 0
        ]
    return cases


def _unmeasured() -> list[Case]:
    """NaN for what was not measured; labsupport's gate on outcomes without rows, or without slices, says what follows."""
    no_rows, better, worse = (
        PairedOutcomes(0, 0, 0, 0),
        PairedOutcomes(90, 10, 0, 0),
        PairedOutcomes(0, 0, 100, 0),
    )
    within, above = Fraction(1, 50), Fraction(1, 2)
    kinds = (  # bounds that a number put in the place of NaN would meet are among those below
        ("a gain that is NaN", math.nan, within, no_rows),
        ("a gain that is NaN with a large gap", math.nan, above, no_rows),
        ("a gap that is NaN", Fraction(1, 10), math.nan, better),
        ("a gap that is NaN with a gain below the margin", Fraction(-1), math.nan, worse),
        ("a gain and a gap that are NaN", math.nan, math.nan, no_rows),
    )
    cases = []
    for margin, tolerance in (
        (Fraction(5, 1000), Fraction(1, 10)),
        (Fraction(0), Fraction(2, 5)),
        (Fraction(-1, 2), Fraction(1)),
    ):
        policy = Policy(min_gain=margin, max_gap=tolerance)
        for about, gain, gap, outcomes in kinds:
            verdict = gate(outcomes, policy)
            cases.append(
                Case(
                    about,
                    (gain, gap, margin, tolerance),
                    (verdict.decision == "promote", verdict.reason),
                )
            )
    return cases


def _ruled(gains, safe, promote=lambda a, b: a and b, reasons=_REASONS, first="gain"):
    """A gate with its own idea of a cleared gain, a safe gap, how they join, and what is named first."""

    def answer(gain, gap, margin, tolerance):
        clears, is_safe = gains(gain, gap, margin, tolerance), safe(gain, gap, margin, tolerance)
        if promote(clears, is_safe):
            return True, reasons[0]
        blame_gain = not clears if first == "gain" else is_safe
        return False, reasons[1] if blame_gain else reasons[2]

    return answer


def _gain_ok(gain, gap, margin, tolerance):
    return gain >= margin


def _gap_ok(gain, gap, margin, tolerance):
    return gap <= tolerance


def _decide_mistakes() -> list[Mistake]:
    def over(gain, gap, margin, tolerance):
        return gain > margin

    def under(gain, gap, margin, tolerance):
        return gap < tolerance

    def absolute(gain, gap, margin, tolerance):
        return abs(gain) >= margin

    def always(*_):
        return True

    crossed = _ruled(lambda gain, gap, m, t: gain >= t, lambda gain, gap, m, t: gap <= m)
    exactly_margin = "A gain of exactly the margin is enough, and here it is turned away."
    exactly_tolerance = (
        "A gap of exactly the tolerance is still tolerated, and here it is turned away."
    )
    swapped = (_PROMOTED, _UNSAFE, _NO_GAIN)
    return [
        Mistake(exactly_margin, _ruled(over, _gap_ok)),
        Mistake(exactly_tolerance, _ruled(_gain_ok, under)),
        Mistake("One passed check is not enough: this promotes candidates that fail the other one.",
                _ruled(_gain_ok, _gap_ok, lambda a, b: a or b)),
        Mistake("The decisions are right, but the two reasons for blocking have changed places.",
                _ruled(_gain_ok, _gap_ok, reasons=swapped)),
        Mistake("The decisions are right; when both checks fail, though, the wrong one is named first.",
                _ruled(_gain_ok, _gap_ok, first="gap")),
        Mistake("A large loss is not a gain: the sign of the gain got lost.", _ruled(absolute, _gap_ok)),
        Mistake("Each number is held against the other one's bound.", crossed),
        Mistake("The gap plays no part in the decision.", _ruled(_gain_ok, always)),
        Mistake("The bounds are fixed numbers; use the margin and the tolerance that the function is given.",
                lambda gain, gap, m, t: _ruled(_gain_ok, _gap_ok)(gain, gap, Fraction(5, 1000), Fraction(1, 10))),
        Mistake("Any gain above zero passes; it has to reach the margin.",
                _ruled(lambda gain, gap, m, t: gain > 0, _gap_ok)),
        Mistake("A margin below zero tolerates a small loss, and here every loss is turned away.",
                _ruled(lambda gain, gap, m, t: gain >= max(m, 0), _gap_ok)),
    ]  # fmt: skip


_DECIDE_MISTAKES = _decide_mistakes()


def _read_decision(value):
    promote, reason = pair(value, ("promote", "reason"))
    reason = text(reason, "reason")
    if reason not in _REASONS:
        raise Wrong(
            "the reason is not one of the three of the question, letter by letter; machines downstream compare it."
        )
    return truth(promote, "decision"), reason


def _decide_otherwise(case: Case, said) -> str:
    if said[0] == case.expected[0]:
        return f"The decision is right and its reason is not, on {case.about}."
    return f"{'This promotes' if said[0] else 'This blocks'} the wrong candidate, on {case.about}."


def _nan_otherwise(case: Case, said) -> str:
    if said[0]:
        return f"On {case.about}, this promotes: what was not measured has not cleared its bound, so say what must hold."
    return f"On {case.about}, the candidate is rightly blocked, but the reason blames a check that comes later or did pass."


@question("01.2")
def _decide(answer, rng) -> str:
    cases, unmeasured = _decisions(rng), _unmeasured()
    compare(
        cases,
        ask_with_fractions(answer, cases, _read_decision),
        _DECIDE_MISTAKES,
        lambda a, b: a == b,
        _decide_otherwise,
    )
    compare(
        unmeasured,
        ask_with_fractions(answer, unmeasured, _read_decision),
        [],
        lambda a, b: a == b,
        _nan_otherwise,
    )
    return "Above, on and below both bounds, at zero and with NaN, it decides as the lab's gate does and gives the same reason."
