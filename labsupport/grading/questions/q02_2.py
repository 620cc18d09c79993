"""02.2: the strict gate, which decides by the ends of an interval."""

from __future__ import annotations

import math
from fractions import Fraction

from labsupport.grading.calling import ask_with_fractions
from labsupport.grading.draws import on_edges
from labsupport.grading.exercise import Case, Question, Round, mistake
from labsupport.grading.readers import Wrong, text

DECISIONS = ("promote", "block", "inconclusive")
HAIR = Fraction(1, 10**16)  # far less than any slack, and a float still sees it beside a margin


def low_clears(low, high, margin):
    return low >= margin


def high_fails(low, high, margin):
    return high < margin


def high_clears(low, high, margin):
    return high >= margin


def middle_clears(low, high, margin):
    return low + high >= 2 * margin


def always(low, high, margin):
    return True


def ruled(promote=low_clears, block=high_fails, words=DECISIONS):
    """A gate with its own ideas of when to promote and when, of the rest, to block."""

    def answer(*given):
        if promote(*given):
            return words[0]
        return words[1] if block(*given) else words[2]

    return answer


strict = ruled()


def with_margin(about: str, margin: Fraction) -> str:
    """The case in words, with the margin's sign where it is not the usual one."""
    return about if margin > 0 else f"{about}, with a margin {'below' if margin else 'of'} zero"


def case(about, low, high, margin) -> Case:
    return Case(with_margin(about, margin), (low, high, margin), strict(low, high, margin))


def cases(rng) -> list[Case]:
    drawn = []
    loss = Fraction(int(rng.integers(10, 90)), 10_000)
    for margin in (Fraction(5, 1000), -loss, Fraction(0), Fraction(1, 50)):
        a, b, c = (Fraction(int(k), 10_000) for k in rng.integers(3, 40, 3))
        intervals = {
            "an interval above the margin": (margin + a, margin + a + b),
            "an interval below the margin": (margin - a - b, margin - a),
            "an interval that holds the margin, most of it above": (margin - a, margin + a + b),
            "an interval that holds the margin, most of it below": (margin - a - b, margin + a),
            "a lower end of exactly the margin": (margin, margin + c),
            "a lower end a hair below the margin": (margin - HAIR, margin + c),
            "an upper end of exactly the margin": (margin - c, margin),
            "an upper end a hair below the margin": (margin - c, margin - HAIR),
            "an interval around zero": (-abs(margin) - c, abs(margin) + c),
            "an interval from the margin past its opposite": (margin, abs(margin) + c),
            "an interval at zero": (Fraction(0), Fraction(0)),
        }
        drawn += [case(about, *ends, margin) for about, ends in intervals.items()]
    return drawn


def ends(low, high):
    """An interval whose ends lie so far from the margin, in shares, for a margin of each sign."""

    def given(sign: int):
        def draw(rng):
            margin = Fraction(sign * int(rng.integers(1, 400)), 10_000)
            return margin + Fraction(low), margin + Fraction(high), margin

        return draw

    return given


WIDTHS = {
    "an interval without width on the margin": ends(0, 0),
    "an interval without width below the margin": ends("-0.0031", "-0.0031"),
    "an interval without width above the margin": ends("0.0017", "0.0017"),
    "an interval without width a hair below the margin": ends(-HAIR, -HAIR),
    "an interval as narrow as can be, around the margin": ends(-HAIR, HAIR),
    "an interval that is wide, above the margin": ends(0, "0.9"),
    "an interval that is wide, below the margin": ends("-0.9", -HAIR),
    "an interval that is wide, around the margin": ends("-0.9", "0.9"),
}
EDGES = {
    with_margin(about, sign): given(sign) for about, given in WIDTHS.items() for sign in (1, 0, -1)
}


def on_edge(about, low, high, margin) -> Case:
    return Case(about, (low, high, margin), strict(low, high, margin))


def unmeasured(rng) -> list[Case]:
    """NaN, with margins that a number put in its place would clear."""
    drawn = []
    for margin in (Fraction(5, 1000), Fraction(-1, 200), Fraction(0), Fraction(-3)):
        kinds = {
            "ends": (math.nan, math.nan),
            "lower end": (math.nan, margin + Fraction(3, 200)),
            "upper end": (margin + Fraction(1, 200), math.nan),
        }
        for which, (low, high) in kinds.items():
            about = with_margin(f"an interval with NaN as its {which}", margin)
            drawn.append(Case(about, (low, high, margin)))
    return drawn


def read(value) -> str:
    decision = text(value, "decision")
    if decision not in DECISIONS:
        raise Wrong("the decision is not one of the three words of the question, letter by letter.")
    return decision


def otherwise(case: Case, said: str) -> str:
    return f"On {case.about}, {said!r} is not what the interval says."


def nan_otherwise(case: Case, said: str) -> str:
    return (
        f"On {case.about}, this promotes: what was not measured has not cleared anything, so ask "
        "what must hold."
    )


QUESTION = Question(
    "02.2",
    cases,
    read=read,
    same=lambda a, b: a == b,
    ask=ask_with_fractions,
    otherwise=otherwise,
    then=[
        on_edges(EDGES, on_edge, otherwise),
        Round(unmeasured, (), nan_otherwise, right=lambda case, said: said != "promote"),
    ],
    verified="Above, below, around and exactly on the margin it decides as the lab's gate does, "
    "and NaN is never promoted.",
    mistakes=[
        mistake(
            "upper end promotes",
            "The upper end is held against the margin: that promotes whatever might clear it, if "
            "it were lucky.",
            ruled(high_clears, always),
            ruled(high_clears, lambda low, high, margin: low < margin),
        ),
        mistake(
            "the plain gate again",
            "The middle of the interval is held against the margin; that is the plain gate again.",
            ruled(middle_clears),
            ruled(middle_clears, always),
        ),
        mistake(
            "middle blocks",
            "A middle below the margin blocks here; as long as the margin is inside, more rows may "
            "still help.",
            ruled(block=lambda *given: not middle_clears(*given)),
        ),
        mistake(
            "lower end on the margin",
            "A lower end of exactly the margin clears it, and here it does not.",
            ruled(lambda low, high, margin: low > margin),
        ),
        mistake(
            "upper end on the margin",
            "An upper end of exactly the margin does not rule it out, and here it blocks.",
            ruled(block=lambda low, high, margin: high <= margin),
        ),
        mistake(
            "both ends on the margin",
            "Both comparisons treat an end of exactly the margin as if it fell short.",
            ruled(lambda low, high, margin: low > margin, lambda low, high, margin: high <= margin),
        ),
        mistake(
            "zero for the margin",
            "The interval is held against zero; the margin plays no part.",
            ruled(lambda low, high, margin: low > 0, lambda low, high, margin: high < 0),
            ruled(lambda low, high, margin: low >= 0, lambda low, high, margin: high < 0),
        ),
        mistake(
            "upper end against zero",
            "The lower end is held against the margin, the upper one against zero; both belong to "
            "the margin.",
            ruled(block=lambda low, high, margin: high < 0),
            ruled(block=lambda low, high, margin: high <= 0),
        ),
        mistake(
            "lower end against zero",
            "The lower end is held against zero, the upper one against the margin; both belong to "
            "the margin.",
            ruled(lambda low, high, margin: low > 0),
            ruled(lambda low, high, margin: low >= 0),
        ),
        mistake(
            "inconclusive around zero",
            "An interval around zero is called inconclusive here; ask whether it holds the margin.",
            lambda *given: (
                "inconclusive" if given[0] < 0 < given[1] else ruled(block=always)(*given)
            ),
            lambda *given: "inconclusive" if given[0] < 0 < given[1] else strict(*given),
        ),
        mistake(
            "lower end turned round",
            "The lower end is compared the wrong way round: what may fall short of the margin is "
            "promoted.",
            ruled(lambda low, high, margin: low <= margin),
            ruled(lambda low, high, margin: low < margin),
            ruled(lambda low, high, margin: low <= margin, lambda low, high, margin: high > margin),
        ),
        mistake(
            "never inconclusive",
            "Whatever does not clear the margin is blocked; an interval that holds the margin does "
            "not say so.",
            ruled(block=always),
        ),
        mistake(
            "never blocks",
            "Nothing is ever blocked; say when no more rows are needed to turn a candidate away.",
            ruled(block=lambda *_: False),
        ),
        mistake(
            "block and inconclusive swapped",
            "An interval that holds the margin is inconclusive, one that lies below it is blocked; "
            "here it is the reverse.",
            ruled(words=("promote", "inconclusive", "block")),
            ruled(block=lambda low, high, margin: low < margin < high),
        ),
        mistake(
            "a fixed margin",
            "The margin is a fixed number; use the one the function is given.",
            lambda low, high, margin: strict(low, high, Fraction(5, 1000)),
        ),
        mistake(
            "no loss tolerated",
            "A margin below zero tolerates a small loss, and here it is treated as zero.",
            lambda low, high, margin: strict(low, high, max(margin, 0)),
        ),
        mistake(
            "sign of the margin lost",
            "The sign of the margin got lost; a margin below zero tolerates a small loss.",
            lambda low, high, margin: strict(low, high, abs(margin)),
        ),
    ],
)
