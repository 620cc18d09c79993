"""06.3: a threshold for each column, so that all of them together ring as seldom as is wanted."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from labsupport.grading.draws import Strategy, between, magnitudes, on_edges, whole
from labsupport.grading.exercise import Case, Question, equal, mistake
from labsupport.grading.readers import listed, number
from labsupport.grading.rounding import rounded, roundings


def read(value) -> list[float]:
    parts = listed(value, "one threshold for each column")
    return [float(number(part, "threshold of a column")) for part in parts]


# The right answer, and the parts in which it can be changed


def half(m, n):
    """What the number of rows does to a KS distance."""
    return 1 / m + 1 / n


def shared(rate: float, k: int) -> float:
    return rate / k


def thresholds(
    level: Callable = shared,
    width: Callable = half,
    both: float = 2.0,
    root: Callable = np.sqrt,
    log: Callable = np.log,
    most: float = 1.0,
) -> Callable:
    """The right answer with any of its steps replaced."""

    def answer(m, n, rate):
        inner = log(both / level(rate, len(m))) * width(m, n) / 2
        return np.minimum(most, root(inner)).tolist()

    return answer


right_answer = thresholds()


def case(about, m, n, rate) -> Case:
    return Case(about, (m, n, rate), right_answer(m, n, rate))


# The cases


def table(columns: Strategy, m: Strategy, n: Strategy, rate: Strategy) -> Strategy:
    """The rows of each column, of which some are missing, and a wanted rate."""

    def given(rng):
        k = columns(rng)
        before, now = (np.array([rows(rng) for _ in range(k)], dtype=np.int64) for rows in (m, n))
        return before, now, rate(rng)

    return given


RATE = between(0.01, 0.2, 3)
SOME = {"columns": whole(3, 25), "m": whole(2000, 9000), "n": whole(300, 900), "rate": RATE}


def some(**other) -> Strategy:
    return table(**(SOME | other))


def whole_magnitudes(low: float, high: float) -> Strategy:
    draw = magnitudes(low, high)
    return lambda rng: int(draw(rng))


def cases(rng) -> list[Case]:
    kinds = {
        "a few columns": some(columns=whole(2, 6)),
        "many columns": some(columns=whole(30, 60)),
        "columns with few new rows": some(n=whole(40, 100)),
        "a snapshot larger than its reference": some(m=whole(300, 900), n=whole(2000, 9000)),
    }
    return [case(about, *draw(rng)) for about, draw in kinds.items() for _ in range(2)]


def same_rows(rng):
    n = int(rng.integers(200, 900))
    k = int(rng.integers(4, 12))
    return np.full(k, n), np.full(k, n), float(rng.uniform(0.02, 0.1))


EDGES = {
    "a single column": some(columns=whole(1, 1)),
    "a thousand columns": some(columns=whole(1000, 1000)),
    "a rate of one": some(rate=lambda rng: 1.0),
    "a single column and a rate of one": some(columns=whole(1, 1), rate=lambda rng: 1.0),
    "a rate close to one": some(rate=between(0.9, 0.99)),
    "a tiny rate": some(rate=magnitudes(1e-9, 1e-6)),
    "millions of rows": some(m=whole_magnitudes(1e6, 9e6), n=whole_magnitudes(1e6, 9e6)),
    "columns of a single new row": some(n=whole(1, 1)),
    "columns of a handful of rows, in which no distance is large enough": some(
        m=whole(2, 4), n=whole(1, 3), rate=between(0.01, 0.02)
    ),
    "columns of which some have a handful of rows": some(n=whole_magnitudes(1, 900)),
    "a reference that hardly any column fills": some(m=whole_magnitudes(1, 900)),
    "as many rows before as now": same_rows,
}


# The mistakes


def fixed(value: float) -> Callable:
    return lambda m, n, rate: [value] * len(m)


def of_all(rows: Callable) -> Callable:
    """One threshold for all columns, from a number of rows of the whole table."""
    return lambda m, n, rate: right_answer(np.full(len(m), rows(m)), np.full(len(m), rows(n)), rate)


def is_fixed(told) -> bool:
    """One number, whatever is asked for."""
    return len({value for _, said in told for value in said}) == 1


def capped(value: float) -> bool:
    return value == 1


def above_one(told) -> bool:
    """Right, but for thresholds above one where one would do."""
    pairs = [
        (a, b)
        for case, said in told
        if len(said) == len(case.expected)
        for a, b in zip(said, case.expected, strict=True)
    ]
    return (
        sum(len(case.expected) for case, _ in told) == len(pairs)
        and any(a > 1 for a, _ in pairs)
        and all(equal(a, b) or (a > 1 and capped(b)) for a, b in pairs)
    )


def otherwise(case: Case, said) -> str:
    if len(said) != len(case.expected):
        return f"There is not one threshold for each column, on {case.about}."
    pairs = zip(said, case.expected, strict=True)
    off = next((a - b for a, b in pairs if not equal(a, b)), 0)
    if off < 0:
        return f"A threshold is too low, so it rings too often, on {case.about}."
    return f"A threshold is higher than it has to be, on {case.about}."


QUESTION = Question(
    "06.3",
    cases,
    read=read,
    otherwise=otherwise,
    verified="Whatever the columns have to do with one another, all of them together ring no more "
    "often than is wanted, with few rows and with many.",
    then=[
        on_edges(
            EDGES,
            case,
            otherwise,
            [
                mistake(
                    "a threshold above one",
                    "A threshold lies above one, and no distance does; the largest distance is a "
                    "threshold as well.",
                    thresholds(most=math.inf),
                    when=above_one,
                )
            ],
        )
    ],
    mistakes=[
        mistake(
            "threshold by folklore",
            "The thresholds are the same number whatever is asked; how far chance gets depends on "
            "the rows, and on how many columns have a chance.",
            fixed(0.1),
            fixed(0.25),
            when=is_fixed,
        ),
        mistake(
            "rate not shared",
            "Each column gets the whole rate, so the more columns there are, the more often one of "
            "them rings.",
            thresholds(level=lambda rate, k: rate),
        ),
        mistake(
            "independent columns only",
            "This holds for columns that have nothing to do with one another, and here they may; "
            "what is asked for holds for all.",
            thresholds(level=lambda rate, k: 1 - (1 - rate) ** (1 / k)),
        ),
        mistake(
            "one-sided",
            "This is the threshold for a shift in one direction; a distance in either direction "
            "rings.",
            thresholds(both=1.0),
            thresholds(level=lambda rate, k: 2 * rate / k),
        ),
        mistake(
            "two-sided twice",
            "The two directions are in the formula already, and the rate is halved once more.",
            thresholds(level=lambda rate, k: rate / k / 2),
            thresholds(both=4.0),
        ),
        mistake(
            "reference without error",
            "Only the new rows are looked at; the reference is a sample as well, and its rows "
            "belong into it.",
            thresholds(width=lambda m, n: 1 / n),
        ),
        mistake(
            "reference rows only",
            "Only the rows of the reference are looked at; the new ones belong into it.",
            thresholds(width=lambda m, n: 1 / m),
        ),
        mistake(
            "both samples as one",
            "The rows of both samples are added up as if they were one sample; two small ones do "
            "not make a large one.",
            thresholds(width=lambda m, n: 1 / (m + n)),
        ),
        mistake(
            "fraction turned round",
            "The more rows, the higher the threshold is here; it should be the other way round.",
            thresholds(width=lambda m, n: m * n / (m + n), most=math.inf),
        ),
        mistake(
            "no root",
            "The distance is squared in the formula, and its root was not taken.",
            thresholds(root=lambda value: value),
        ),
        mistake(
            "factor in the exponent forgotten",
            "The factor in the exponent is missing, so the threshold is too high.",
            thresholds(width=lambda m, n: 2 * half(m, n)),
        ),
        mistake(
            "another logarithm",
            "The logarithm has another base; an exponential is undone by the natural one.",
            thresholds(log=np.log10),
            thresholds(log=np.log2),
        ),
        mistake(
            "rows of the whole table",
            "All columns have the same threshold; each has rows of its own, and what is missing is "
            "none of them.",
            *(of_all(rows) for rows in (np.max, np.min, np.sum, np.mean)),
            when=lambda told: all(len(said) > 1 and len(set(said)) == 1 for _, said in told),
        ),
        rounded(*roundings(right_answer, 2, 3, 4)),
    ],
)
