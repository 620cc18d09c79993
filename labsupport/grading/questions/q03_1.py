"""03.1: Holm's adjusted p-values, by hand."""

from __future__ import annotations

import numpy as np

from labsupport.grading.draws import on_edges
from labsupport.grading.exercise import Case, Question, close, mistake
from labsupport.grading.readers import Wrong, number, parts_of
from labsupport.grading.rounding import rounded, roundings
from labsupport.slices import holm

PUBLISHED = [0.005, 0.009, 0.019, 0.022, 0.051, 0.101, 0.361, 0.387]


def case(about, p_values) -> Case:
    p = np.array(p_values, dtype=float)
    return Case(about, (p,), holm(p).tolist())


def cases(rng) -> list[Case]:
    drawn = [case("p-values in no order", rng.permutation(PUBLISHED))]
    for k in (3, 4, 6, 9):
        neighbours = 0.02 + 0.001 * rng.permutation(k)  # times less, the later ones fall below
        drawn += [
            case("p-values in no order", rng.permutation(rng.uniform(0.001, 0.3 / k, k))),
            case("p-values that are close to each other", neighbours),
            case("large p-values", rng.permutation(rng.uniform(0.2, 0.99, k))),
        ]
    tie = float(rng.uniform(0.01, 0.04))
    return [
        *drawn,
        case("p-values that are equal", rng.permutation([tie, tie, 4 * tie, tie / 3])),
        case("p-values of zero and one", [1.0, 0.0, 0.04]),
        case("a single p-value", [tie]),
        case("no p-values at all", []),
    ]


def of_size(k: int, low=0.001, high=0.999):
    return lambda rng: (rng.uniform(low, high, k),)


def shuffled(*p_values: float):
    return lambda rng: (rng.permutation(np.array(p_values, dtype=float)),)


def tiny(rng):
    return (rng.permutation(10.0 ** -rng.uniform(5, 290, 9)),)


def every_second_twice(rng):
    p = rng.uniform(0.001, 0.05, 4)
    return (rng.permutation(np.concatenate([p, p])),)


EDGES = {
    "two p-values": of_size(2, 0.001, 0.4),
    "two hundred p-values": of_size(200),
    "two hundred small p-values": of_size(200, 1e-6, 1e-3),
    "p-values of which each comes twice": every_second_twice,
    "p-values that are all equal": lambda rng: (np.full(5, rng.uniform(0.01, 0.1)),),
    "p-values that are all one": shuffled(1.0, 1.0, 1.0),
    "p-values that are all zero": shuffled(0.0, 0.0, 0.0),
    "p-values of which several are zero": shuffled(0.0, 0.0, 0.02, 0.5),
    "p-values of which several are one": shuffled(1.0, 1.0, 0.001, 0.02),
    "p-values that are tiny": tiny,
    "p-values in rising order": lambda rng: (np.sort(rng.uniform(0.001, 0.1, 7)),),
    "p-values in falling order": lambda rng: (-np.sort(-rng.uniform(0.001, 0.1, 7)),),
    "p-values that reach one just so": shuffled(0.25, 0.25, 0.5, 0.5),
    "a single p-value close to one": of_size(1, 0.99, 0.999),
}


def read_list(value) -> list[float]:
    value = parts_of(value)
    if value is None:
        raise Wrong(
            "your function should return a list, with one adjusted p-value for each that it was "
            "given."
        )
    return [float(number(p, "adjusted p-value")) for p in value]


def down(p):
    """(k,) Holm's factors: k for the first, one less for each that follows."""
    return np.arange(len(p), 0, -1)


def up(p):
    return np.arange(1, len(p) + 1)


def untouched(values):
    return values


def from_above(values):
    return np.minimum.accumulate(values[::-1])[::-1]


def put_back(values, order):
    return values[np.argsort(order)]


def stepped(
    multiply=lambda p: p * down(p), follow=np.maximum.accumulate, cap=True, restore=put_back
):
    """Holm, with each step open to another idea: multiply the sorted, follow up, cap, restore."""

    def answer(p):
        order = np.argsort(p, kind="stable")
        values = follow(multiply(p[order]))
        return restore(np.minimum(values, 1) if cap else values, order)

    return answer


def bonferroni(extra=0):
    """The product of every p-value with how many there are, and so many more."""
    return lambda p: p * (len(p) + extra)


def discovery_rate(p):
    return p * len(p) / up(p)


def power(p):
    return 1 - (1 - p) ** down(p)


def at_least_the_one_before(values):
    return np.maximum(values, np.append(0, values[:-1]))


def one_after_a_failure(level):
    """The lesson's walk, stopped at a level: what comes after has not survived."""

    def follow(values):
        values = np.maximum.accumulate(values)
        return np.where(values > level, 1.0, values)

    return stepped(follow=follow)


def otherwise(case: Case, said) -> str:
    if len(said) != len(case.expected):
        return f"There are not as many adjusted values as p-values, on {case.about}."
    return f"An adjusted value is wrong, on {case.about}."


QUESTION = Question(
    "03.1",
    cases,
    read=read_list,
    same=close(1e-9, 0.0),
    otherwise=otherwise,
    then=[on_edges(EDGES, case, otherwise)],
    verified="On lists in any order, with ties, large values and a published example, it agrees "
    "with the lab's own Holm.",
    mistakes=[
        mistake(
            "no running maximum",
            "An adjusted value falls below one that was smaller before; carry the largest so far "
            "along.",
            stepped(follow=untouched),
            stepped(follow=at_least_the_one_before),
        ),
        mistake(
            "not capped",
            "A probability cannot exceed one; cap the adjusted values.",
            stepped(cap=False),
        ),
        mistake(
            "no running maximum, not capped",
            "A probability cannot exceed one, and no value may fall below one that was smaller "
            "before.",
            stepped(follow=untouched, cap=False),
        ),
        mistake(
            "left in sorted order",
            "The values are right but sorted; give each back to the place its p-value came from.",
            stepped(restore=lambda values, order: values),
        ),
        mistake(
            "sorted once more",
            "The way back is not the way there: these places belong to the sorted values, not to "
            "the p-values.",
            stepped(restore=lambda values, order: values[order]),
        ),
        mistake(
            "Bonferroni",
            "All p-values are multiplied by the same number; Holm's factor becomes smaller from "
            "one to the next.",
            stepped(bonferroni()),
            stepped(bonferroni(), cap=False),
        ),
        mistake(
            "factors one too low",
            "The factors start one too low: the smallest p-value is multiplied by the number of "
            "all comparisons.",
            stepped(bonferroni(-1)),
            stepped(lambda p: p * (down(p) - 1)),
        ),
        mistake(
            "Benjamini and Hochberg",
            "This keeps the share of false alarms among the alarms low (Benjamini and Hochberg); "
            "Holm allows none.",
            stepped(discovery_rate, from_above),
            stepped(discovery_rate, untouched),
        ),
        mistake(
            "not sorted",
            "The factors follow the order of the input; sort the p-values first.",
            lambda p: np.minimum(np.maximum.accumulate(p * down(p)), 1),
            lambda p: np.minimum(p * down(p), 1),
        ),
        mistake(
            "factors the wrong way",
            "The factors run the wrong way: the smallest p-value gets the largest one.",
            stepped(lambda p: p * up(p)),
        ),
        mistake(
            "running minimum from above",
            "The values are corrected from the largest down, which lowers them; Holm goes up from "
            "the smallest.",
            stepped(follow=from_above),
        ),
        mistake(
            "nothing adjusted",
            "These are the p-values as they came; nothing is adjusted.",
            lambda p: p,
        ),
        mistake(
            "Sidak's powers",
            "These powers hold for independent comparisons only (Sidak); slices overlap, so "
            "multiply.",
            stepped(power),
            lambda p: 1 - (1 - p) ** len(p),
        ),
        mistake(
            "stopped at a level",
            "From the first that fails at some level on, all are one here; an adjusted value knows "
            "no level, and whoever reads it brings one.",
            one_after_a_failure(0.05),
            one_after_a_failure(0.1),
        ),
        rounded(*roundings(stepped(), 2, 3, 4, 6)),
    ],
)
