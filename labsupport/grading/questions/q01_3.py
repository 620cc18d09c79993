"""01.3: an exact comparison on counts."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from functools import cache

from labsupport.checks import check_gain
from labsupport.exact import as_written
from labsupport.grading.draws import on_edges
from labsupport.grading.exercise import Case, Question, Round, Told, mistake
from labsupport.grading.readers import truth
from labsupport.outcomes import PairedOutcomes

EXACT, SHORT = "a gain of exactly the margin", "a gain one row short of the margin"
LARGE = "a gain one row short on a very large holdout"
PART = "a margin that is not a whole number of rows"
EXACT_BELOW, PART_BELOW, LARGE_BELOW = (
    "a loss of exactly what a margin below zero tolerates",
    "a margin below zero that is not a whole number of rows",
    "a loss one row too large for a margin below zero, on a very large holdout",
)
BIG = 10**9
HUGE = 10**28  # from here on, counts have more digits than Decimal keeps unless it is told to


def comparison(about, ahead, baseline, n, margin) -> Case:
    """Candidate right on `ahead` more rows; whether that reaches the margin as it is written."""
    reached = Fraction(ahead, n) >= as_written(margin)
    return Case(about, (baseline + ahead, baseline, n, margin), reached)


def insist_on_the_gate(case: Case) -> None:
    """RuntimeError unless the lab's gate says the same."""
    candidate, baseline, n, margin = case.args
    both = min(candidate, baseline)
    outcomes = PairedOutcomes(both, candidate - both, baseline - both, n - max(candidate, baseline))
    if check_gain(outcomes, margin, None).passed is not case.expected:
        raise RuntimeError(f"the gate says otherwise, on {case.about}")


@cache
def fixed() -> tuple[Case, ...]:
    """Ties over the whole range of baselines, and the smallest and largest counts there are."""
    found = [
        comparison(EXACT, 20, baseline, n, 20 / n)
        for n in (4000, 8000)
        for baseline in range(0, n - 19, n // 400)
    ]
    found += [comparison(EXACT, 1, baseline, 10, 0.1) for baseline in range(10)]
    for ahead in (-1, 0, 1):
        zero = "a margin of zero"
        found += [comparison(zero, ahead, baseline, 50, 0.0) for baseline in (1, 20, 49)]
    for ahead in range(-12, 1):  # non-inferiority: a margin below zero tolerates a loss
        found += [
            comparison("a negative margin", ahead, baseline, 1000, -0.005)
            for baseline in (500, 1000)
        ]
    nothing = "a candidate without a right row"
    found += [comparison(nothing, -behind, behind, 1000, -0.005) for behind in (0, 5, 6)]
    found.append(comparison("two models without a right row", 0, 0, 50, 0.0))
    for one in found:
        insist_on_the_gate(one)
    return tuple(found)


def cases(rng) -> list[Case]:
    def somewhere(n: int, ahead: int) -> int:
        room = n - abs(ahead)  # may not fit into an int64
        return max(0, -ahead) + int(rng.integers(2**62)) * room // 2**62

    def add(about: str, ahead: int, n: int, margin: float) -> None:
        drawn.append(comparison(about, ahead, somewhere(n, ahead), n, margin))

    drawn = [*fixed()]
    # In floating point 0.07 * 100 is above 7, and 0.0057 * 10000 may not be 57.
    for rows in range(1, 170):
        add(EXACT, rows, 10_000, rows / 10_000)
        add(LARGE, rows * 10**5 - 1, BIG, rows / 10_000)
    for rows in range(1, 100):
        add(EXACT, rows, 100, rows / 100)
        add(SHORT, rows - 1, 100, rows / 100)
    for tenthousandths in map(int, rng.integers(1, 3000, size=25)):
        margin, factor = tenthousandths / 10_000, int(rng.integers(1, 10))
        for n in (int(rng.integers(30, 3000)), factor * 10**18 + 7, factor * 10**30 + 7):
            rows = Fraction(tenthousandths * n, 10_000)
            for ahead in {math.floor(rows), math.ceil(rows)}:
                add(PART, ahead, n, margin)
                add(PART_BELOW, -ahead, n, -margin)
        for power in (12, 15, 18, 30):
            ahead = factor * tenthousandths * 10 ** (power - 4)
            add(LARGE, ahead - 1, factor * 10**power, margin)
            add(EXACT, ahead, factor * 10**power, margin)
            add(LARGE_BELOW, -ahead - 1, factor * 10**power, -margin)
            add(EXACT_BELOW, -ahead, factor * 10**power, -margin)
        add("a candidate that is worse", -int(rng.integers(1, 40)), 500, 0.01)
        add("a few rows more on a large holdout", factor, 1_000_003, 0.01)
    return drawn


def edge(sign: int, sizes, short: bool):
    """A margin of this sign and a gain next to it, reached or a row short, on a holdout of a size
    drawn from these.
    """

    def given(rng):
        n, parts = int(rng.choice(sizes)), sign * int(rng.integers(1, 3000))
        ahead = math.ceil(Fraction(parts * n, 10_000)) - short
        ahead = max(-n, min(n, ahead))
        baseline = max(0, -ahead) + int(rng.integers(0, n - abs(ahead) + 1))
        return ahead, baseline, n, parts / 10_000

    return given


SIZES = {
    "a holdout of an odd size": (307, 997, 2003, 4001, 99_991),
    "a holdout of a few rows": (2, 3, 5, 7, 11),
    "a holdout of a million and some rows": (1_000_003, 3_000_017, 7_654_321),
}
KINDS = {
    "a gain that reaches the margin": (1, False),
    "a gain one row short": (1, True),
    "a loss that a margin below zero tolerates": (-1, False),
    "a loss one row too large for a margin below zero": (-1, True),
}
EDGES = {
    f"{kind}, on {size}": edge(sign, sizes, short)
    for size, sizes in SIZES.items()
    for kind, (sign, short) in KINDS.items()
} | {
    "a holdout of a single row, won": lambda rng: (1, 0, 1, 0.5),
    "a holdout of a single row, and no gain": lambda rng: (0, 1, 1, 0.0001),
    "a holdout of a single row, lost": lambda rng: (-1, 1, 1, -0.9999),
    "a margin of all rows, reached": lambda rng: (53, 0, 53, 1.0),
    "a margin of all rows, one short": lambda rng: (52, 0, 53, 1.0),
    "a margin that tolerates the loss of all rows": lambda rng: (-53, 53, 53, -1.0),
    "the smallest margin there is": lambda rng: (1, 5000, 10_000, 0.0001),
    "the smallest margin there is, not reached": lambda rng: (0, 5000, 10_000, 0.0001),
    "the smallest loss that is tolerated": lambda rng: (-1, 5000, 10_000, -0.0001),
    "the smallest loss that is tolerated, exceeded": lambda rng: (-2, 5000, 10_000, -0.0001),
}


def no_rows(rng) -> list[Case]:
    margins = 0.005, 0.0, -0.01
    return [Case("a holdout without rows", (0, 0, 0, margin), False) for margin in margins]


def same(a, b) -> bool:
    return a is b


def wrong(told: list[Told]) -> list[Case]:
    return [case for case, said in told if said is not case.expected]


def short_of_digits(told) -> bool:
    return all(case.args[2] >= HUGE for case in wrong(told))


def tie_turned_away(told) -> bool:
    return wrong(told)[0].about in (EXACT, EXACT_BELOW)


def slack(told) -> bool:
    return all(case.expected is False and case.args[2] >= BIG for case in wrong(told))


def otherwise(case: Case, said) -> str:
    if said:
        return f"This clears a candidate that has not reached the margin, on {case.about}."
    return f"This turns away a candidate that has reached the margin, on {case.about}."


QUESTION = Question(
    "01.3",
    cases,
    read=lambda value: truth(value, "answer"),
    same=same,
    otherwise=otherwise,
    verified="Ties clear wherever the baseline is, one row short never does, however large the "
    "holdout; no rows, no promotion.",
    mistakes=[
        mistake(
            "strictly above the margin",
            "A gain of exactly the margin clears it, and here it is turned away.",
            lambda c, b, n, m: Fraction(c - b, n) > Fraction(str(m)),
        ),
        mistake(
            "margin as a binary number",
            "A float is not the decimal that was typed: this compares with the binary number next "
            "to the margin.",
            lambda c, b, n, m: Fraction(c - b, n) >= Fraction(m),
        ),
        mistake(
            "too few digits",
            "This is right until the counts have very many digits; whole numbers and fractions "
            "keep "
            "all of them.",
            lambda c, b, n, m: Decimal(c - b) / n >= Decimal(str(m)),
            lambda c, b, n, m: Decimal(c - b) >= Decimal(str(m)) * n,
            lambda c, b, n, m: Decimal(c) / n - Decimal(b) / n >= Decimal(str(m)),
            when=short_of_digits,
        ),
        mistake(
            "one division",
            "This is right until the holdout is very large: one division rounds once, which is "
            "still once too often.",
            lambda c, b, n, m: (c - b) / n >= m,
        ),
        mistake(
            "rounded accuracies subtracted",
            "Two rounded accuracies are subtracted, and the rounding decides when the gain is "
            "exactly the margin.",
            lambda c, b, n, m: c / n - b / n >= m,
            lambda c, b, n, m: c / n >= b / n + m,
        ),
        mistake(
            "margin times rows in floats",
            "The margin times the rows is rounded too, and then asks for a little more or less "
            "than it should.",
            lambda c, b, n, m: c - b >= m * n,
            *(lambda c, b, n, m, f=f: c - b >= f(m * n) for f in (math.ceil, math.floor, round)),
        ),
        mistake(
            "margin cut off",
            "The margin becomes a whole number of small parts, and on the way some of it is cut "
            "off.",
            *(
                lambda c, b, n, m, k=10**k, whole=whole: (c - b) * k >= whole(m * k) * n
                for whole, ks in ((int, (2, 3, 4, 6)), (round, (2, 3)))
                for k in ks
            ),
        ),
        mistake(
            "better is enough",
            "Being better is not enough: the margin plays no part.",
            lambda c, b, n, m: c > b,
            lambda c, b, n, m: c >= b,
        ),
        mistake(
            "sign lost",
            "A loss is not a gain: the sign of the difference got lost.",
            lambda c, b, n, m: Fraction(abs(c - b), n) >= Fraction(str(m)),
        ),
        mistake(
            "models swapped",
            "Candidate and baseline have changed places.",
            lambda c, b, n, m: Fraction(b - c, n) >= Fraction(str(m)),
        ),
        mistake(
            "rows against a share",
            "Rows are compared with a share: the number of rows n plays no part.",
            lambda c, b, n, m: c - b >= m,
        ),
        mistake(
            "some ties turned away",
            "A gain of exactly the margin is turned away for some counts and clears for others: in "
            "what do they differ?",
            lambda c, b, n, m: c / n > b / n + m - 1e-17,
            when=tie_turned_away,
        ),
        mistake(
            "slack",
            "This lets a candidate through that is one row short on a large enough holdout: "
            "where is "
            "there slack, or rounding?",
            *(lambda c, b, n, m, e=e: c / n - b / n >= m - e for e in (1e-9, 1e-12)),
            lambda c, b, n, m: round(c / n - b / n, 6) >= m,
            lambda c, b, n, m: c / n - b / n > m or math.isclose(c / n - b / n, m),
            when=slack,
        ),
    ],
    then=[
        on_edges(EDGES, comparison, otherwise, times=3),
        Round(
            no_rows,
            [
                mistake(
                    "no rows clear",
                    "On a holdout without rows this clears: nothing was compared there, and "
                    "nothing must not promote.",
                    lambda c, b, n, m: c - b >= Fraction(str(m)) * n,
                    when=lambda told: True,
                )
            ],
        ),
    ],
)
