"""Exercise 01, question 1: accuracy and gap by group.

What is right comes from labsupport; what is written out is how one gets it wrong.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from labsupport.grading.questions import Case, Mistake, compare, question
from labsupport.grading.student import ask, number, pair
from labsupport.outcomes import PairedOutcomes


def _holdout(rng: np.random.Generator, about: str, sizes: list[int], accuracies: list[float], labels: list) -> Case:
    """A holdout with groups of these sizes, each predicted with about this accuracy, rows in random order."""
    group = np.repeat(np.array(labels), sizes)
    right = np.concatenate([np.arange(n) < round(n * a) for n, a in zip(sizes, accuracies, strict=True)])
    share = np.repeat(rng.permutation(np.linspace(0.15, 0.85, len(sizes))), sizes)  # positives differ from group to group
    y = (rng.random(len(group)) < share).astype(np.int64)
    order = rng.permutation(len(group))
    y, group, right = y[order], group[order], right[order]
    prediction = np.where(right, y, 1 - y)
    counts = PairedOutcomes.from_predictions(y, prediction, prediction, group)
    return Case(about, (y, prediction, group), (counts.candidate_accuracy, float(counts.exact_disparity)))


def _extremes_everywhere() -> list[list[float]]:
    """Accuracies of five groups, the best and the worst in each pair of places."""
    places = [(best, worst) for best in range(5) for worst in range(5) if best != worst]
    return [[0.9 if i == best else 0.5 if i == worst else 0.66 + i / 50 for i in range(5)] for best, worst in places]


def _holdouts(rng: np.random.Generator) -> list[Case]:
    def n(low=20, high=90):
        return int(rng.integers(low, high))

    return [
        _holdout(rng, "two groups, the first one worse", [n(), 2 * n()], [0.55, 0.9], [False, True]),
        _holdout(rng, "two groups, the first one better", [2 * n(), n()], [0.85, 0.6], ["east", "west"]),
        _holdout(rng, "three groups", [n(), n(), 2 * n()], [0.75, 0.45, 0.95], ["a", "b", "c"]),
        _holdout(rng, "four groups", [3 * n(), n(), n(), n()], [0.7, 0.95, 0.5, 0.8], [10, 20, 30, 40]),
        *(_holdout(rng, "five groups", [n() for _ in range(5)], a, list("vwxyz")) for a in _extremes_everywhere()),
        _holdout(rng, "a group of a single row", [1, n(), n()], [0.0, 0.6, 0.8], [-1, 0, 1]),
        _holdout(rng, "a model that is always right", [n(), n(), n()], [1.0, 1.0, 1.0], [7, 8, 9]),
    ]


def _by_group(y, prediction, group) -> list[tuple[float, int]]:
    return [(float(np.mean(prediction[group == g] == y[group == g])), int(np.sum(group == g))) for g in np.unique(group)]


def _with_gap(gap):
    """The answer that has the accuracy right and computes the gap in its own way from y, prediction and group."""
    return lambda y, p, g: (float(np.mean(y == p)), float(gap(y, p, g)))


def _from_accuracies(gap):
    return _with_gap(lambda y, p, g: gap([accuracy for accuracy, _ in _by_group(y, p, g)]))


def _spread(values) -> float:
    return max(values) - min(values)


def _both(change):
    """The answer that has both numbers right and then does something to them."""

    def answer(y, p, g):
        accuracies = [accuracy for accuracy, _ in _by_group(y, p, g)]
        return change(float(np.mean(y == p)), _spread(accuracies))

    return answer


def _mean_over_groups(y, p, g):
    accuracies = [accuracy for accuracy, _ in _by_group(y, p, g)]
    return float(np.mean(accuracies)), _spread(accuracies)


_NO_ROWS = ": a share of no rows? Take the groups from the argument group"
_SIGNED = "The gap has a sign here: it should not change when the groups trade names, so ask how far apart they are."
_TWO_ONLY = "With two groups this is right; with more, some of them are never looked at."
_AVERAGED = "An average over the groups lets good ones pay for a bad one; the gate asks about the extremes."
_BY_LABEL = "The rows are split by their label y; the groups whose accuracies count are in the argument group."
_ALL_ROWS = "A group's accuracy is a share of the rows of that group, and here it is taken of all rows."
_POSITIVES = "These are shares of positive predictions; a group's accuracy asks how often the prediction agrees with y."
_FROM_OVERALL = "The gap is taken against the accuracy on all rows; compare the groups with each other."
_ONE_CLASS = "Only rows of one class are counted; accuracy counts right answers of both classes."

_GAP_MISTAKES = [
    Mistake("Both values are right, but in the other order.", _both(lambda a, g: (g, a))),
    Mistake("These are percent; give both as shares, from zero to one.", _both(lambda a, g: (100 * a, 100 * g))),
    Mistake("The values are rounded; return them as they are and round only where they are shown.",
            _both(lambda a, g: (round(a, 2), round(g, 2)))),
    Mistake("The values are rounded; return them as they are and round only where they are shown.",
            _both(lambda a, g: (round(a, 3), round(g, 3)))),
    Mistake("The values are rounded; return them as they are and round only where they are shown.",
            _both(lambda a, g: (round(a, 4), round(g, 4)))),
    Mistake("The accuracy counts the wrong rows; the gap is right.", _both(lambda a, g: (1 - a, g))),
    Mistake("The gap is right; the accuracy is averaged over the groups, so a small group counts as much as a large one.",
            _mean_over_groups),
    Mistake(_SIGNED, _from_accuracies(lambda a: a[0] - a[1])),
    Mistake(_SIGNED, _from_accuracies(lambda a: a[1] - a[0])),
    Mistake(_SIGNED, _from_accuracies(lambda a: a[0] - a[-1])),
    Mistake(_SIGNED, _from_accuracies(lambda a: a[-1] - a[0])),
    Mistake(_SIGNED, _from_accuracies(lambda a: min(a) - max(a))),
    Mistake(_SIGNED, _from_accuracies(lambda a: a[0] - float(np.mean(a[1:])))),
    Mistake(_TWO_ONLY, _from_accuracies(lambda a: abs(a[0] - a[1]))),
    Mistake(_TWO_ONLY, _from_accuracies(lambda a: abs(a[0] - a[-1]))),
    Mistake(_TWO_ONLY, _from_accuracies(lambda a: max(abs(x - z) for x, z in pairwise(a)))),
    Mistake(_TWO_ONLY, _with_gap(lambda y, p, g: abs(
        np.mean((y == p)[g == np.unique(g)[0]]) - np.mean((y == p)[g != np.unique(g)[0]])))),
    Mistake(_TWO_ONLY, _with_gap(lambda y, p, g: abs(
        np.mean((y == p)[g == np.unique(g)[-1]]) - np.mean((y == p)[g != np.unique(g)[-1]])))),
    Mistake(_TWO_ONLY, _from_accuracies(lambda a: sorted(a)[-1] - sorted(a)[-2])),
    Mistake(_AVERAGED, _from_accuracies(lambda a: np.mean([abs(x - z) for i, x in enumerate(a) for z in a[i + 1 :]]))),
    Mistake(_AVERAGED, _from_accuracies(lambda a: np.mean([abs(x - np.mean(a)) for x in a]))),
    Mistake(_AVERAGED, _from_accuracies(lambda a: np.mean(a) - min(a))),
    Mistake(_AVERAGED, _from_accuracies(np.std)),
    Mistake(_AVERAGED, _from_accuracies(lambda a: max(a) - np.mean(a))),
    Mistake(_BY_LABEL, _with_gap(lambda y, p, g: _spread([a for a, _ in _by_group(y, p, y)]))),
    Mistake(_BY_LABEL, _with_gap(lambda y, p, g: np.mean(p[y == 1] == 1) - np.mean(p[y == 0] == 0))),
    Mistake(_BY_LABEL, _with_gap(lambda y, p, g: np.mean(p[y == 0] == 0) - np.mean(p[y == 1] == 1))),
    Mistake("The rows are split by the prediction; the groups whose accuracies count are in the argument group.",
            _with_gap(lambda y, p, g: _spread([a for a, _ in _by_group(y, p, p)]))),
    Mistake(_ALL_ROWS, _with_gap(lambda y, p, g: _spread([a * n / len(y) for a, n in _by_group(y, p, g)]))),
    Mistake(_ALL_ROWS, _with_gap(lambda y, p, g: _spread([round(a * n) for a, n in _by_group(y, p, g)]))),
    Mistake(_FROM_OVERALL, _with_gap(lambda y, p, g: np.mean(y == p) - min(_by_group(y, p, g))[0])),
    Mistake(_FROM_OVERALL, _with_gap(lambda y, p, g: max(_by_group(y, p, g))[0] - np.mean(y == p))),
    Mistake(_FROM_OVERALL, _with_gap(lambda y, p, g: max(abs(a - np.mean(y == p)) for a, _ in _by_group(y, p, g)))),
    Mistake(_POSITIVES, _with_gap(lambda y, p, g: _spread([np.mean(p[g == k]) for k in np.unique(g)]))),
    Mistake(_POSITIVES, _with_gap(lambda y, p, g: _spread([np.mean(y[g == k]) for k in np.unique(g)]))),
    Mistake(_POSITIVES, _with_gap(lambda y, p, g: _spread([np.mean(p[g == k]) - np.mean(y[g == k]) for k in np.unique(g)]))),
    Mistake(_ONE_CLASS, _with_gap(lambda y, p, g: _spread([np.mean((y & p)[g == k]) for k in np.unique(g)]))),
    Mistake("A ratio of accuracies is not their distance; the gap is a difference of shares.",
            _from_accuracies(lambda a: 1 - min(a) / max(a))),
    Mistake("A ratio of accuracies is not their distance; the gap is a difference of shares.",
            _from_accuracies(lambda a: min(a) / max(a))),
    Mistake("This is the worst group's accuracy; the gap says how far it is from the best one's.", _from_accuracies(min)),
]  # fmt: skip


def _close(a, b) -> bool:
    return abs(a[0] - b[0]) <= 1e-9 and abs(a[1] - b[1]) <= 1e-9


def _gap_otherwise(case: Case, said) -> str:
    if abs(said[0] - case.expected[0]) > 1e-9:
        return f"The accuracy is not the share of rows on which the model is right, on {case.about}."
    return f"The accuracy is right and the gap is not, on {case.about}; work out each group's accuracy by hand there."


@question("01.1")
def _accuracy_and_gap(answer, rng) -> str:
    def read(value):
        accuracy, gap = pair(value, ("accuracy", "gap"))
        return number(accuracy, "accuracy", _NO_ROWS), number(gap, "gap", _NO_ROWS)

    cases = _holdouts(rng)
    compare(cases, ask(answer, cases, read), _GAP_MISTAKES, _close, _gap_otherwise)
    return "On fresh holdouts with two to five groups, accuracy and gap agree with a recount row by row."
