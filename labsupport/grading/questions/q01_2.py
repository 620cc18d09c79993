"""01.2: the conjunction and its reasons."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np

from labsupport.gate import Policy, gate
from labsupport.grading.calling import ask_with_fractions
from labsupport.grading.draws import on_edges
from labsupport.grading.exercise import Case, Question, Round, mistake
from labsupport.grading.readers import Wrong, pair, text, truth
from labsupport.outcomes import PairedOutcomes

REASONS = PROMOTED, NO_GAIN, UNSAFE = (
    "promoted",
    "blocked: no eval gain",
    "blocked: failed safety check",
)
HAIR = Fraction(1, 10**16)  # far less than any slack, and a float still sees it beside a bound


def judged(about, given, outcomes) -> Case:
    """What labsupport's gate says about outcomes that have this gain and gap."""
    _, _, margin, tolerance = given
    verdict = gate(outcomes, Policy(min_gain=margin, max_gap=tolerance))
    return Case(about, given, (verdict.decision == "promote", verdict.reason))


def decision(about, gain, gap, margin, tolerance) -> Case:
    """A candidate with this gain and gap, built from counts."""
    half = math.lcm(gain.denominator, gap.denominator)  # of a group's rows; each has 2 * half
    ahead, behind = int(max(gain, 0) * 4 * half), int(max(-gain, 0) * 4 * half)
    apart = int(gap * 2 * half)
    better = PairedOutcomes(half - ahead, ahead, behind, half - behind)
    worse = PairedOutcomes(half - apart, 0, 0, half + apart)
    whole = better + worse
    outcomes = PairedOutcomes(*whole.cells, slices={"better": better, "worse": worse})
    if (outcomes.exact_gain, outcomes.exact_disparity) != (gain, gap):
        raise RuntimeError("the counts do not stand for this gain and gap")
    return judged(about, (gain, gap, margin, tolerance), outcomes)


def cases(rng) -> list[Case]:
    def draw(low: int, high: int) -> Fraction:
        return Fraction(int(rng.integers(low, high)), 10_000)

    drawn = []
    for margin, tolerance in (
        (Fraction(5, 1000), Fraction(1, 10)),
        (draw(10, 300), draw(200, 2500)),
        (-draw(10, 300), draw(200, 2500)),  # non-inferiority: a small loss is tolerated
        (Fraction(0), draw(200, 2500)),
        (draw(10, 300), Fraction(0)),
    ):
        drawn += around(margin, tolerance, draw(1, 40), draw(1, 40))
    return drawn


def with_bounds(about: str, margin, tolerance) -> str:
    """The case in words, with what is unusual about its bounds."""
    about += " with a margin below zero" if margin < 0 else ""
    about += " with a margin of zero" if margin == 0 else ""
    return about + (" with a tolerance of zero" if tolerance == 0 else "")


def bounded(gain, gap, margin, tolerance):
    """A strategy for numbers that are written as decimals."""
    return lambda rng: map(Fraction, (gain, gap, margin, tolerance))


EDGES = {
    "a gain of everything and no gap": bounded(1, 0, "0.005", "0.1"),
    "a loss of everything and no gap": bounded(-1, 0, "0.005", "0.1"),
    "a gap of everything": bounded("0.02", "0.7", "0.005", "0.1"),
    "a tolerance of everything": bounded("0.02", "0.7", "0.005", 1),
    "a margin that asks for everything": bounded("0.3", "0.02", 1, "0.1"),
    "a margin that asks for everything, and gets it": bounded(1, 0, 1, "0.1"),
    "a margin that tolerates every loss": bounded("-0.3", "0.02", -1, "0.1"),
    "bounds that are equal, between gain and gap": bounded("0.02", "0.001", "0.01", "0.01"),
    "gain and gap that are equal, on both bounds": bounded("0.01", "0.01", "0.01", "0.01"),
    "a gap above the gain, both within bounds": bounded("0.006", "0.09", "0.005", "0.1"),
    "a gain above the tolerance": bounded("0.2", "0.01", "0.005", "0.1"),
    "a loss of exactly the margin below zero, and a large gap": bounded(
        "-0.01", "0.2", "-0.01", "0.1"
    ),
}


def around(margin, tolerance, above, below) -> list[Case]:
    """Above, on and below both bounds, and at zero."""
    gains = {
        "a gain above the margin": margin + above,
        "a gain equal to the margin": margin,
        "a gain below the margin": margin - below,
        "a gain a hair below the margin": margin - HAIR,
        "a gain of zero": Fraction(0),
        "a loss larger than the margin": -abs(margin) - above,
    }
    gaps = {
        "a gap within the tolerance": tolerance - below,
        "a gap equal to the tolerance": tolerance,
        "a gap above the tolerance": tolerance + above,
        "a gap a hair above it": tolerance + HAIR,
        "a gap far above the tolerance": tolerance + Fraction(1, 5),
        "a gap of zero": Fraction(0),
    }
    return [
        decision(with_bounds(f"{a} and {b}", margin, tolerance), gain, gap, margin, tolerance)
        for a, gain in gains.items()
        for b, gap in gaps.items()
        if gap >= 0
    ]


def unmeasured(rng) -> list[Case]:
    """NaN for what was not measured: the gate judges outcomes without rows, or without slices."""
    no_rows = PairedOutcomes(0, 0, 0, 0)
    better, worse = PairedOutcomes(90, 10, 0, 0), PairedOutcomes(0, 0, 100, 0)
    within, above = Fraction(1, 50), Fraction(1, 2)
    kinds = (
        ("a gain that is NaN", math.nan, within, no_rows),
        ("a gain that is NaN with a large gap", math.nan, above, no_rows),
        ("a gap that is NaN", Fraction(1, 10), math.nan, better),
        ("a gap that is NaN with a gain below the margin", Fraction(-1), math.nan, worse),
        ("a gain and a gap that are NaN", math.nan, math.nan, no_rows),
    )
    bounds = (  # among them some that a number put in the place of NaN would meet
        (Fraction(5, 1000), Fraction(1, 10)),
        (Fraction(0), Fraction(2, 5)),
        (Fraction(-1, 2), Fraction(1)),
    )
    return [
        judged(with_bounds(about, *bound), (gain, gap, *bound), outcomes)
        for bound in bounds
        for about, gain, gap, outcomes in kinds
    ]


def is_swapped(promote, reason) -> bool:
    """Whether the reason stands where the decision belongs, and the reverse."""
    return issubclass(type(promote), str) and issubclass(type(reason), bool | np.bool_)


def read(value) -> tuple[bool, str]:
    promote, reason = pair(value, ("promote", "reason"))
    if is_swapped(promote, reason):
        raise Wrong("both values are there, but in the other order; the decision comes first.")
    reason = text(reason, "reason")
    if reason not in REASONS:
        raise Wrong(
            "the reason is not one of the three of the question, letter by letter; machines "
            "downstream compare it."
        )
    return truth(promote, "decision"), reason


def otherwise(case: Case, said) -> str:
    if said[0] == case.expected[0]:
        return f"The decision is right and its reason is not, on {case.about}."
    return f"{'This promotes' if said[0] else 'This blocks'} the wrong candidate, on {case.about}."


def nan_otherwise(case: Case, said) -> str:
    if said[0]:
        return (
            f"On {case.about}, this promotes: what was not measured has not cleared its bound, so "
            "say what must hold."
        )
    if said[1] == PROMOTED:
        return f"On {case.about}, the candidate is rightly blocked, but the reason says promoted."
    return (
        f"On {case.about}, the candidate is rightly blocked, but the reason blames a check that "
        "comes later or did pass."
    )


def clears(gain, gap, margin, tolerance):
    return gain >= margin


def is_safe(gain, gap, margin, tolerance):
    return gap <= tolerance


def ruled(gain_ok=clears, gap_ok=is_safe, join=lambda a, b: a and b, reasons=REASONS):
    """A gate with its own idea of a cleared gain and a safe gap, how they join, and the reasons."""

    def answer(*given):
        gain, gap = gain_ok(*given), gap_ok(*given)
        if join(gain, gap):
            return True, reasons[0]
        return False, reasons[2] if gain else reasons[1]

    return answer


def by_the_rule(about, *given) -> Case:
    """For gains and gaps that no two groups of one size have together."""
    return Case(about, given, ruled()(*given))


def gap_named_first(*given):
    if clears(*given) and is_safe(*given):
        return True, PROMOTED
    return False, NO_GAIN if is_safe(*given) else UNSAFE


QUESTION = Question(
    "01.2",
    cases,
    read=read,
    same=lambda a, b: a == b,
    ask=ask_with_fractions,
    otherwise=otherwise,
    then=[on_edges(EDGES, by_the_rule, otherwise), Round(unmeasured, (), nan_otherwise)],
    verified="Above, on and below both bounds, at zero and with NaN, it decides as the lab's gate "
    "does and gives the same reason.",
    mistakes=[
        mistake(
            "gain above the margin only",
            "A gain of exactly the margin is enough, and here it is turned away.",
            ruled(gain_ok=lambda gain, gap, m, t: gain > m),
        ),
        mistake(
            "gap below the tolerance only",
            "A gap of exactly the tolerance is still tolerated, and here it is turned away.",
            ruled(gap_ok=lambda gain, gap, m, t: gap < t),
        ),
        mistake(
            "neither bound may be met",
            "A gain of exactly the margin is enough and a gap of exactly the tolerance is "
            "tolerated; here both are turned away.",
            ruled(lambda gain, gap, m, t: gain > m, lambda gain, gap, m, t: gap < t),
        ),
        mistake(
            "gain turned round",
            "The gain is compared the wrong way round: what falls short of the margin passes.",
            ruled(gain_ok=lambda gain, gap, m, t: gain <= m),
            ruled(gain_ok=lambda gain, gap, m, t: gain < m),
            ruled(gain_ok=lambda gain, gap, m, t: -gain >= m),
        ),
        mistake(
            "gap turned round",
            "The gap is compared the wrong way round: what exceeds the tolerance passes.",
            ruled(gap_ok=lambda gain, gap, m, t: gap >= t),
            ruled(gap_ok=lambda gain, gap, m, t: gap > t),
        ),
        mistake(
            "both turned round",
            "Both comparisons are the wrong way round: what falls short of the margin or exceeds "
            "the tolerance passes.",
            *(
                ruled(lambda gain, gap, m, t: gain <= m, lambda gain, gap, m, t: gap >= t),
                ruled(lambda gain, gap, m, t: gain < m, lambda gain, gap, m, t: gap > t),
            ),
        ),
        mistake(
            "says whether to block",
            "The reasons are right; the first value says whether to block, and it should say "
            "whether to promote.",
            lambda *given: (not ruled()(*given)[0], ruled()(*given)[1]),
        ),
        mistake(
            "or for and",
            "One passed check is not enough: this promotes candidates that fail the other one.",
            ruled(join=lambda a, b: a or b),
        ),
        mistake(
            "reasons swapped",
            "The decisions are right, but the two reasons for blocking have changed places.",
            ruled(reasons=(PROMOTED, UNSAFE, NO_GAIN)),
        ),
        mistake(
            "gap named first",
            "The decisions are right; when both checks fail, though, the wrong one is named first.",
            gap_named_first,
        ),
        mistake(
            "one reason for both",
            "The decisions are right; the reason is the same whichever check failed.",
            ruled(reasons=(PROMOTED, NO_GAIN, NO_GAIN)),
            ruled(reasons=(PROMOTED, UNSAFE, UNSAFE)),
        ),
        mistake(
            "sign of the gain lost",
            "A large loss is not a gain: the sign of the gain got lost.",
            ruled(gain_ok=lambda gain, gap, m, t: abs(gain) >= m),
        ),
        mistake(
            "bounds crossed",
            "Each number is held against the other one's bound.",
            ruled(lambda gain, gap, m, t: gain >= t, lambda gain, gap, m, t: gap <= m),
        ),
        mistake(
            "gap ignored",
            "The gap plays no part in the decision.",
            ruled(gap_ok=lambda *_: True),
        ),
        mistake(
            "gain ignored",
            "The gain plays no part in the decision.",
            ruled(gain_ok=lambda *_: True),
            ruled(gain_ok=lambda *_: True, reasons=(PROMOTED, NO_GAIN, NO_GAIN)),
        ),
        mistake(
            "fixed bounds",
            "The bounds are fixed numbers; use the margin and the tolerance that the function is "
            "given.",
            lambda gain, gap, m, t: ruled()(gain, gap, Fraction(5, 1000), Fraction(1, 10)),
        ),
        mistake(
            "any gain",
            "Any gain above zero passes; it has to reach the margin.",
            ruled(gain_ok=lambda gain, gap, m, t: gain > 0),
        ),
        mistake(
            "no loss tolerated",
            "A margin below zero tolerates a small loss, and here every loss is turned away.",
            ruled(gain_ok=lambda gain, gap, m, t: gain >= max(m, 0)),
            ruled(gain_ok=lambda gain, gap, m, t: gain > 0 and gain >= m),
        ),
        mistake(
            "sign of the margin lost",
            "The sign of the margin got lost; a margin below zero tolerates a small loss.",
            ruled(gain_ok=lambda gain, gap, m, t: gain >= abs(m)),
        ),
        mistake(
            "gap subtracted from the gain",
            "The gap is held against the gain; each of them has a bound of its own.",
            ruled(gain_ok=lambda gain, gap, m, t: gain - gap >= m),
            ruled(gain_ok=lambda gain, gap, m, t: gain >= m and gain >= gap),
        ),
    ],
)
