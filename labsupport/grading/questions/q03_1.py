"""Exercise 03, question 1: Holm's correction by hand."""

from __future__ import annotations

import numpy as np

from labsupport.grading.calling import ask
from labsupport.grading.old import Case, Mistake, Wrong, compare, question
from labsupport.grading.readers import number
from labsupport.slices import holm


def _case(about: str, p_values) -> Case:
    p = np.array(p_values, dtype=float)
    return Case(about, (p,), holm(p).tolist())


def _lists(rng: np.random.Generator) -> list[Case]:
    published = [0.005, 0.009, 0.019, 0.022, 0.051, 0.101, 0.361, 0.387]
    cases = [_case("p-values in no order", rng.permutation(published))]
    for k in (3, 4, 6, 9):
        cases.append(_case("p-values in no order", rng.permutation(rng.uniform(0.001, 0.3 / k, k))))
        close = 0.02 + 0.001 * rng.permutation(
            k
        )  # the later ones, times less, fall below the earlier ones
        cases.append(_case("p-values that are close to each other", close))
        cases.append(_case("large p-values", rng.permutation(rng.uniform(0.2, 0.99, k))))
    tie = float(rng.uniform(0.01, 0.04))
    cases += [_case("p-values that are equal", rng.permutation([tie, tie, 4 * tie, tie / 3]))]
    return [
        *cases,
        _case("p-values of zero and one", [1.0, 0.0, 0.04]),
        _case("a single p-value", [tie]),
    ]


def _stepped(
    multiply=lambda p: p * np.arange(len(p), 0, -1),
    follow=np.maximum.accumulate,
    cap=True,
    restore=None,
):
    """Holm, with each of its steps open to another idea: multiply the sorted ones, follow up, cap, restore the order."""

    def answer(p):
        order = np.argsort(p, kind="stable")
        values = follow(multiply(p[order]))
        values = np.minimum(values, 1) if cap else values
        return (values[np.argsort(order)] if restore is None else restore(values, order)).tolist()

    return answer


def _nothing(values):
    return values


def _from_above(values):
    return np.minimum.accumulate(values[::-1])[::-1]


_BONFERRONI = "All p-values are multiplied by the same number; Holm's factor becomes smaller from one to the next."
_COUNT = "The factors start one too low: the smallest p-value is multiplied by the number of all comparisons."

_HOLM_MISTAKES = [
    Mistake("An adjusted value falls below one that was smaller before; carry the largest so far along.",
            _stepped(follow=_nothing)),
    Mistake("A probability cannot exceed one; cap the adjusted values.", _stepped(cap=False)),
    Mistake("A probability cannot exceed one, and no value may fall below one that was smaller before.",
            _stepped(follow=_nothing, cap=False)),
    Mistake("The values are right but sorted; give each back to the place its p-value came from.",
            _stepped(restore=lambda values, order: values)),
    Mistake("The way back is not the way there: these places belong to the sorted values, not to the p-values.",
            _stepped(restore=lambda values, order: values[order])),
    Mistake(_BONFERRONI, _stepped(lambda p: p * len(p))),
    Mistake(_BONFERRONI, _stepped(lambda p: p * len(p), cap=False)),
    Mistake(_COUNT, _stepped(lambda p: p * (len(p) - 1))),
    Mistake(_COUNT, _stepped(lambda p: p * np.arange(len(p) - 1, -1, -1))),
    Mistake("This keeps the share of false alarms among the alarms low (Benjamini and Hochberg); Holm allows none.",
            _stepped(lambda p: p * len(p) / np.arange(1, len(p) + 1), _from_above)),
    Mistake("This keeps the share of false alarms among the alarms low (Benjamini and Hochberg); Holm allows none.",
            _stepped(lambda p: p * len(p) / np.arange(1, len(p) + 1), _nothing)),
    Mistake("The factors follow the order of the input; sort the p-values first.",
            lambda p: np.minimum(np.maximum.accumulate(p * np.arange(len(p), 0, -1)), 1).tolist()),
    Mistake("The factors follow the order of the input; sort the p-values first.",
            lambda p: np.minimum(p * np.arange(len(p), 0, -1), 1).tolist()),
    Mistake("The factors run the wrong way: the smallest p-value gets the largest one.",
            _stepped(lambda p: p * np.arange(1, len(p) + 1))),
    Mistake("The values are corrected from the largest down, which lowers them; Holm goes up from the smallest.",
            _stepped(follow=_from_above)),
    Mistake("The running maximum is taken of the p-values; take it of the products.",
            _stepped(lambda p: np.maximum.accumulate(p) * np.arange(len(p), 0, -1), _nothing)),
    Mistake("These are the p-values as they came; nothing is adjusted.", lambda p: p.tolist()),
    Mistake("These powers hold for independent comparisons only (Holm and Sidak); slices overlap, so multiply.",
            _stepped(lambda p: 1 - (1 - p) ** np.arange(len(p), 0, -1))),
]  # fmt: skip


def _read_list(value) -> list:
    if type(value) is np.ndarray and value.ndim == 1:
        value = list(value)
    if type(value) not in (list, tuple):
        raise Wrong(
            "your function should return a list, with one adjusted p-value for each that it was given."
        )
    return [number(p, "adjusted p-value") for p in value]


def _same_lists(a, b) -> bool:
    return len(a) == len(b) and all(abs(x - y) <= 1e-9 for x, y in zip(a, b, strict=True))


def _holm_otherwise(case: Case, said) -> str:
    if len(said) != len(case.expected):
        return f"There are not as many adjusted values as p-values, on {case.about}."
    return f"An adjusted value is wrong, on {case.about}; sort, multiply, look back at the one before, by hand."


@question("03.1")
def _holm_adjusted(answer, rng) -> str:
    cases = _lists(rng)
    compare(cases, ask(answer, cases, _read_list), _HOLM_MISTAKES, _same_lists, _holm_otherwise)
    return "On lists in any order, with ties, large values and a published example, it agrees with the lab's own Holm."
