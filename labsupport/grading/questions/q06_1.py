"""06.1: PSI over bins of the reference, with a bin of its own for what is missing."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from labsupport.grading.draws import on_edges
from labsupport.grading.exercise import Case, Question, equal, mistake
from labsupport.grading.readers import Wrong, number
from labsupport.grading.rounding import rounded

NO_NUMBER = "NaN"  # as a plain value: NaN is not equal to itself


def read(value) -> float | str:
    """A float, an infinite one included."""
    try:
        return float(number(value, "PSI"))
    except Wrong as wrong:
        if "not a finite number" not in str(wrong):
            raise
    value = float(np.asarray(value))
    return NO_NUMBER if math.isnan(value) else value


def same(a, b) -> bool:
    return a == b if isinstance(a, str) or isinstance(b, str) else equal(a, b)


# The right answer, and the steps in which it can be changed


def quantiles(values, k: int) -> np.ndarray:
    """Inner edges of k bins with about as many values each."""
    return np.quantile(values[~np.isnan(values)], np.arange(1, k) / k)


def counts(values, edges) -> np.ndarray:
    """Rows in each bin, a value on an edge in the one above; the missing ones last."""
    there = values[~np.isnan(values)]
    inside = np.bincount(np.searchsorted(edges, there, side="right"), minlength=len(edges) + 1)
    return np.append(inside, len(values) - len(there))


def total(p, q) -> float:
    """The sum over the bins that are not empty on both sides."""
    some = (p > 0) | (q > 0)
    p, q = p[some], q[some]
    return float(np.sum((q - p) * np.log(q / p)))


def psi(
    edges: Callable = lambda reference, current, k: quantiles(reference, k),
    count: Callable = counts,
    share: Callable = lambda rows, values: rows / len(values),
    over: Callable = total,
) -> Callable:
    """The right answer with any of its steps replaced."""

    def answer(reference, current, k):
        cuts = edges(reference, current, k)
        with np.errstate(divide="ignore", invalid="ignore"):
            p, q = (share(count(side, cuts), side) for side in (reference, current))
            return float(over(p, q))

    return answer


right_answer = psi()


def case(about, reference, current, k) -> Case:
    return Case(about, (reference, current, k), right_answer(reference, current, k))


# The cases


def size(rng, k: int) -> int:
    """A number of values of which none lies on a quantile, so that no rounding decides."""
    return next(n for n in rng.integers(400, 700, 1000).tolist() if math.gcd(n - 1, k) == 1)


def holed(rng, values, share: float) -> np.ndarray:
    """The values, and so many missing among them."""
    missing = np.full(round(len(values) * share / (1 - share)), np.nan)
    return rng.permutation(np.append(values, missing))


def samples(
    k=None,
    here=(0.0, 1.0),
    now=(0.2, 1.1),
    missing=(0.1, 0.2),
    of=lambda rng, n: rng.normal(size=n),
):
    """A column before and now: its place and its width, and the share that is missing."""

    def given(rng):
        bins = int(rng.integers(4, 9)) if k is None else k
        sides = [
            holed(rng, place + width * of(rng, n), share)
            for (place, width), n, share in zip(
                (here, now), (size(rng, bins), int(rng.integers(300, 900))), missing, strict=True
            )
        ]
        return *sides, bins

    return given


def steps(rng):
    """Whole numbers with many ties, so that edges coincide and lie on values."""
    k = 10
    before = rng.choice([0.0, 1, 2, 3, 7], size(rng, k), p=[0.35, 0.3, 0.2, 0.1, 0.05])
    now = rng.choice([0.0, 1, 2, 3, 7], 600, p=[0.25, 0.25, 0.3, 0.05, 0.15])
    return holed(rng, before, 0.05), holed(rng, now, 0.1), k


def gap(low: float, high: float):
    """A column of which the values between two quantiles of the reference are gone."""

    def given(rng):
        before, now, k = samples()(rng)
        cuts = np.quantile(before[~np.isnan(before)], [low, high])
        return before, now[~((now >= cuts[0]) & (now <= cuts[1]))], k

    return given


def cases(rng) -> list[Case]:
    kinds = {
        "a column that moved": samples(missing=(0.1, 0.1)),
        "a column of which more is missing": samples(now=(0.0, 1.0), missing=(0.05, 0.4)),
        "a column that reaches beyond the reference": samples(now=(0.0, 2.0)),
        "a column with few different values": steps,
        "a column that lost its middle": gap(0.2, 0.8),
    }
    return [case(about, *draw(rng)) for about, draw in kinds.items()]


def alike(rng):
    values, _, k = samples()(rng)
    return values, rng.permutation(np.tile(values, 2)), k


def outlier(where: int):
    def given(rng):
        both = [*samples()(rng)]
        both[where] = np.append(both[where], 10.0 ** int(rng.integers(6, 12)))
        values = both[0][~np.isnan(both[0])]
        k = next(k for k in range(4, 99) if math.gcd(len(values) - 1, k) == 1)
        return both[0], both[1], k

    return given


EDGES = {
    "a single bin for all values": samples(k=1),
    "two bins": samples(k=2),
    "twenty bins": samples(k=20),
    "a column without missing values": samples(missing=(0.0, 0.0)),
    "a column that had no missing values before": samples(missing=(0.0, 0.2)),
    "a column that has no missing values any more": samples(missing=(0.2, 0.0)),
    "a column that is missing altogether": lambda rng: (
        holed(rng, rng.normal(size=size(rng, 6)), 0.1),
        np.full(int(rng.integers(2, 300)), np.nan),
        6,
    ),
    "a column that is almost all missing": samples(missing=(0.05, 0.9)),
    "a column that lost its low values": gap(0.0, 0.5),
    "a column that lost its high values": gap(0.5, 1.0),
    "the same values twice as often": alike,
    "one outlier in the reference": outlier(0),
    "one outlier in the new column": outlier(1),
    "a reference of one value all over": lambda rng: (
        holed(rng, np.full(300, 2.5), 0.1),
        holed(rng, np.full(200, 2.5), 0.2),
        5,
    ),
    "a reference of one value, and lower ones now": lambda rng: (
        holed(rng, np.full(300, 2.5), 0.1),
        holed(rng, rng.choice([1.5, 2.5], 200), 0.1),
        5,
    ),
    "a single new row": lambda rng: (rng.normal(size=401), rng.normal(size=1), 3),
    "negative values far from zero": samples(here=(-1e4, 1.0), now=(-1e4, 1.4)),
}


# The mistakes


def there(values) -> np.ndarray:
    return values[~np.isnan(values)]


def without_missing(reference, current, k):
    return right_answer(there(reference), there(current), k)


def in_last_bin(values, edges):
    found = counts(values, edges)
    found[-2] += found[-1]
    return found[:-1]


def filled(reference, current, k):
    return right_answer(np.nan_to_num(reference), np.nan_to_num(current), k)


def equal_width(values, k: int) -> np.ndarray:
    return np.linspace(np.nanmin(values), np.nanmax(values), k + 1)[1:-1]


def below(values, edges):
    inside = np.bincount(np.searchsorted(edges, there(values)), minlength=len(edges) + 1)
    return np.append(inside, np.isnan(values).sum())


def closed(reference, current, k):
    """The outer bins end where the reference ends, as np.histogram has it."""
    edges = np.quantile(there(reference), np.linspace(0, 1, k + 1))

    def count(values, _):
        return np.append(np.histogram(there(values), edges)[0], np.isnan(values).sum())

    return psi(count=count)(reference, current, k)


def on_both(p, q):
    return total(*(side[(p > 0) & (q > 0)] for side in (p, q)))


def floor(least: float):
    return psi(over=lambda p, q: total(np.maximum(p, least), np.maximum(q, least)))


def added(rows: float):
    def share(found, values):
        return (found + rows) / (found + rows).sum()

    return psi(share=share)


def stays_finite(told) -> bool:
    """Right, or nearly, where no bin is empty on one side only; a number where one is."""
    lost = [said for case, said in told if case.expected == math.inf]
    others = [one for one in told if one.case.expected != math.inf]
    return (
        bool(lost)
        and all(not isinstance(said, str) and math.isfinite(said) for _, said in told)
        and all(math.isclose(said, c.expected, rel_tol=0.05, abs_tol=0.01) for c, said in others)
    )


def digits(way):
    def answer(*given):
        value = right_answer(*given)
        return value if math.isinf(value) else way(value)

    return answer


def otherwise(case: Case, said) -> str:
    if said == NO_NUMBER:
        return f"The PSI is not a number, on {case.about}; go through it bin by bin."
    if math.isinf(case.expected):
        return f"A bin has rows on one side only, and the PSI stays finite, on {case.about}."
    if math.isinf(said):
        return f"The PSI is infinite without a bin that has rows on one side only, on {case.about}."
    if said < 0:
        return f"The PSI is negative, on {case.about}; no bin adds less than nothing."
    return f"The PSI is too {'low' if said < case.expected else 'high'}, on {case.about}."


FINITE = mistake(
    "a floor under the shares",
    "A bin has rows on one side only, and the PSI stays finite here; a floor under the shares "
    "would hide what is lost.",
    floor(1e-4),
    floor(1e-6),
    psi(over=lambda p, q: total(p + 1e-6, q + 1e-6)),
    added(0.5),
    when=stays_finite,
)

QUESTION = Question(
    "06.1",
    cases,
    read=read,
    same=same,
    otherwise=otherwise,
    then=[on_edges(EDGES, case, otherwise, [FINITE])],
    verified="The bins are the reference's, what is missing has one of its own, and a bin that "
    "lost all its rows is not smoothed away.",
    mistakes=[
        mistake(
            "bins from both samples",
            "The edges come from both samples, so the new one moves the bins that are to judge it.",
            psi(edges=lambda old, new, k: quantiles(np.concatenate([old, new]), k)),
        ),
        mistake(
            "bins from the new sample",
            "The edges come from the new sample; the reference alone makes the bins.",
            psi(edges=lambda old, new, k: quantiles(new, k)),
        ),
        mistake(
            "bins of equal width",
            "The bins have the same width here; the quantiles of the reference give them about the "
            "same number of rows.",
            psi(edges=lambda old, new, k: equal_width(old, k)),
        ),
        mistake(
            "missing rows left out",
            "The shares are of the rows that are there; a column that goes missing at random looks "
            "unchanged that way.",
            without_missing,
            psi(
                count=lambda values, edges: counts(there(values), edges),
                share=lambda rows, values: rows / len(there(values)),
            ),
        ),
        mistake(
            "two kinds of shares",
            "The values' shares are of the rows that are there, and the missing ones' of all rows; "
            "the shares of one side have to add up to one.",
            psi(
                share=lambda rows, values: (
                    rows / [*[len(there(values)) or 1] * (len(rows) - 1), len(values)]
                )
            ),
        ),
        mistake(
            "no bin for missing",
            "The shares are of all rows, and nothing is added for the missing ones: they have no "
            "bin of their own.",
            psi(over=lambda p, q: total(p[:-1], q[:-1])),
        ),
        mistake(
            "missing in the last bin",
            "What is missing is counted with the largest values; numpy sorts NaN behind all "
            "numbers.",
            psi(count=in_last_bin),
        ),
        mistake(
            "missing filled with zero",
            "What is missing is taken for a zero here, and lands among values that are real.",
            filled,
        ),
        mistake(
            "a bin too few or many",
            "The values have one bin too few or too many here; how many inner edges do so many "
            "bins have?",
            psi(edges=lambda old, new, k: quantiles(old, k - 1)),
            psi(edges=lambda old, new, k: quantiles(old, k + 1)),
        ),
        mistake(
            "outer bins end",
            "Values beyond the reference fall into no bin; the first and the last bin have no "
            "outer end.",
            closed,
        ),
        mistake(
            "edge in the bin below",
            "A value that lies on an edge is in the bin below it here; it belongs to the one "
            "above.",
            psi(count=below),
        ),
        mistake(
            "zero divided by zero",
            "The PSI is not a number where a bin is empty on both sides; such a bin adds nothing.",
            psi(over=lambda p, q: np.sum((q - p) * np.log(q / p))),
        ),
        mistake(
            "half-empty bins left out",
            "Bins with rows on one side only are left out, and those are the ones that changed "
            "most.",
            psi(over=on_both),
        ),
        FINITE,
        mistake(
            "one direction only",
            "This weighs the logarithms by the shares of one side; PSI weighs them by the "
            "difference of both.",
            psi(over=lambda p, q: np.sum((q * np.log(q / p))[q > 0])),
            psi(over=lambda p, q: np.sum((p * np.log(p / q))[p > 0])),
        ),
        mistake(
            "growing bins only",
            "Only the bins that grew add something here; a change down is a change as well.",
            psi(over=lambda p, q: np.sum(((q - p) * np.log(q / p))[q > p])),
        ),
        mistake(
            "shrinking bins only",
            "Only the bins that shrank add something here; a change up is a change as well.",
            psi(over=lambda p, q: np.sum(((q - p) * np.log(q / p))[q < p])),
        ),
        mistake(
            "another logarithm",
            "The logarithm has another base; the natural one is meant.",
            psi(over=lambda p, q: total(p, q) / math.log(2)),
            psi(over=lambda p, q: total(p, q) / math.log(10)),
        ),
        mistake(
            "counts, not shares",
            "These are counts and not shares, so the number of rows is taken for a change.",
            psi(share=lambda rows, values: rows),
        ),
        mistake(
            "mean over the bins",
            "This is the mean over the bins; the PSI is their sum.",
            lambda *given: right_answer(*given) / (given[2] + 1),
            lambda *given: right_answer(*given) / given[2],
        ),
        rounded(*(digits(lambda x, d=d: round(x, d)) for d in (2, 3, 4))),
    ],
)
