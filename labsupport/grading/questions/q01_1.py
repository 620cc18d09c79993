"""Exercise 01, question 1: accuracy and gap by group.

What is right comes from labsupport; what is written out is how one gets it wrong.
"""

from __future__ import annotations

import numpy as np

from labsupport.grading.calling import ask
from labsupport.grading.old import Case, Mistake, compare, question
from labsupport.grading.readers import number, pair
from labsupport.outcomes import PairedOutcomes

_ACCURACIES = {  # what breaks an extreme that starts at some number, or a count that forgets the groups with none
    "two groups, the first one worse": [0.55, 0.9],
    "two groups, the first one better": [0.85, 0.6],
    "three groups": [0.75, 0.45, 0.95],
    "four groups": [0.7, 0.95, 0.5, 0.8],
    "groups of which even the best is mostly wrong": [0.45, 0.2, 0.35],
    "a group without an error beside others": [1.0, 0.6, 0.8],
    "a group without a right answer beside others": [0.6, 0.8, 0.0],
    "a model that is always right": [1.0, 1.0, 1.0],
}
_LABELS = [[False, True], ["east", "west"], ["a", "b", "c"], [10, 20, 30, 40], *[[-1, 0, 1]] * 4]
_TWO, _SEVEN = "two groups", "seven groups"


def _holdout(
    rng: np.random.Generator, about: str, sizes: list[int], accuracies: list[float], labels: list
) -> Case:
    """A holdout with groups of these sizes, each predicted with about this accuracy, rows in random order."""
    group = np.repeat(np.array(labels), sizes)
    right = np.concatenate(
        [np.arange(n) < round(n * a) for n, a in zip(sizes, accuracies, strict=True)]
    )
    share = np.repeat(
        rng.permutation(np.linspace(0.15, 0.85, len(sizes))), sizes
    )  # positives differ from group to group
    y = (rng.random(len(group)) < share).astype(np.int64)
    order = rng.permutation(len(group))
    y, group, right = y[order], group[order], right[order]
    prediction = np.where(right, y, 1 - y)
    counts = PairedOutcomes.from_predictions(y, prediction, prediction, group)
    return Case(
        about, (y, prediction, group), (counts.candidate_accuracy, float(counts.exact_disparity))
    )


def _holdouts(rng: np.random.Generator) -> list[Case]:
    def sizes(k: int) -> list[int]:
        return [*map(int, rng.integers(20, 90, size=k) * rng.integers(1, 4, size=k))]

    cases = [
        _holdout(rng, about, sizes(len(a)), a, labels)
        for (about, a), labels in zip(_ACCURACIES.items(), _LABELS, strict=True)
    ]
    for best in range(7):  # the best and the worst in every place, side by side and apart
        for worst in ((best + 1) % 7, (best + 3) % 7):
            accuracies = [
                0.9 if i == best else 0.5 if i == worst else 0.66 + i / 50 for i in range(7)
            ]
            cases.append(_holdout(rng, _SEVEN, sizes(7), accuracies, list("tuvwxyz")))
    return [
        *cases,
        _holdout(rng, "a group of a single row", [1, *sizes(2)], [0.0, 0.6, 0.8], [-1, 0, 1]),
    ]


def _by_group(y, p, g) -> list[float]:
    return [float(np.mean(p[g == k] == y[g == k])) for k in np.unique(g)]


def _with_gap(gap):
    """The answer that has the accuracy right and computes the gap in its own way from y, prediction and group."""
    return lambda y, p, g: (float(np.mean(y == p)), float(gap(y, p, g)))


def _from_accuracies(gap):
    return _with_gap(lambda y, p, g: gap(_by_group(y, p, g)))


def _spread(values) -> float:
    return max(values) - min(values)


def _both(change):
    """The answer that has both numbers right and then does something to them."""
    return lambda y, p, g: change(float(np.mean(y == p)), _spread(_by_group(y, p, g)))


def _either_extreme(accuracies) -> float:
    best, worst = 0.0, 1.0
    for accuracy in accuracies:
        if accuracy > best:
            best = accuracy
        elif accuracy < worst:
            worst = accuracy
    return best - worst


_AVERAGED = (
    "An average over the groups lets good ones pay for a bad one; the gate asks about the extremes."
)
_BY_LABEL = "The rows are split by their label y; the groups whose accuracies count are in the argument group."
_FROM_OVERALL = (
    "The gap is taken against the accuracy on all rows; compare the groups with each other."
)

_GAP_MISTAKES = [
    Mistake("Both values are right, but in the other order.", _both(lambda a, g: (g, a))),
    Mistake("The accuracy counts the wrong rows; the gap is right.", _both(lambda a, g: (1 - a, g))),
    Mistake("The gap is right; the accuracy is averaged over the groups, so a small group counts as much as a large one.",
            lambda y, p, g: (float(np.mean(_by_group(y, p, g))), _spread(_by_group(y, p, g)))),
    Mistake(_AVERAGED, _from_accuracies(lambda a: np.mean([abs(x - z) for i, x in enumerate(a) for z in a[i + 1 :]]))),
    Mistake(_AVERAGED, _from_accuracies(np.std)),
    Mistake(_BY_LABEL, _with_gap(lambda y, p, g: _spread(_by_group(y, p, y)))),
    Mistake(_BY_LABEL, _with_gap(lambda y, p, g: np.mean(p[y == 1] == 1) - np.mean(p[y == 0] == 0))),
    Mistake("The rows are split by the prediction; the groups whose accuracies count are in the argument group.",
            _with_gap(lambda y, p, g: _spread(_by_group(y, p, p)))),
    Mistake("A group's accuracy is a share of the rows of that group, and here it is taken of all rows.",
            _with_gap(lambda y, p, g: _spread([np.mean((y == p) & (g == k)) for k in np.unique(g)]))),
    Mistake(_FROM_OVERALL, _with_gap(lambda y, p, g: np.mean(y == p) - min(_by_group(y, p, g)))),
    Mistake(_FROM_OVERALL, _with_gap(lambda y, p, g: max(abs(a - np.mean(y == p)) for a in _by_group(y, p, g)))),
    Mistake("These are shares of positive predictions; a group's accuracy asks how often the prediction agrees with y.",
            _with_gap(lambda y, p, g: _spread([np.mean(p[g == k]) for k in np.unique(g)]))),
    Mistake("Only rows of one class are counted; accuracy counts right answers of both classes.",
            _with_gap(lambda y, p, g: _spread([np.mean((y & p)[g == k]) for k in np.unique(g)]))),
    Mistake("A ratio of accuracies is not their distance; the gap is a difference of shares.",
            _from_accuracies(lambda a: 1 - min(a) / max(a))),
    Mistake("This is the worst group's accuracy; the gap says how far it is from the best one's.", _from_accuracies(min)),
    Mistake("This is the best group's accuracy; a search for the worst one must not start at zero.", _from_accuracies(max)),
    Mistake("One group can be the best and the worst so far, as the first one is: an elif looks at it only once.",
            _from_accuracies(_either_extreme)),
]  # fmt: skip


def _off(a, b) -> float:
    return max(abs(a[0] - b[0]), abs(a[1] - b[1]))


def _close(a, b) -> bool:
    return _off(a, b) <= 1e-9


def _otherwise(cases: list[Case], said: list):
    """What to say when no single mistake explains the answers: first what they have in common, then the first wrong one."""
    wrong = {
        case.about
        for case, pair in zip(cases, said, strict=True)
        if not _close(pair, case.expected)
    }

    def hint(case: Case, pair) -> str:
        if all(_off(pair, case.expected) < 0.011 for case, pair in zip(cases, said, strict=True)):
            return "These are close but rounded, or of low precision: keep all digits and round only what is shown."
        if any(max(pair) > 1 for pair in said):
            return "These are percent, or counts; give both as shares, from zero to one."
        if abs(pair[0] - case.expected[0]) > 1e-9:
            return f"The accuracy is not the share of rows on which the model is right, on {case.about}."
        if any(gap < 0 for _, gap in said):
            return "The gap has a sign here; it should not change when groups trade names, so ask how far apart they are."
        if _SEVEN in wrong and not any(about.startswith(_TWO) for about in wrong):
            return "With two groups this is right; with more, some of them are never looked at."
        return f"The accuracy is right and the gap is not, on {case.about}; work out each group's accuracy by hand there."

    return hint


@question("01.1")
def _accuracy_and_gap(answer, rng) -> str:
    no_rows = ": a share of no rows? Take the groups from the argument group"

    def read(value):
        accuracy, gap = pair(value, ("accuracy", "gap"))
        return number(accuracy, "accuracy", no_rows), number(gap, "gap", no_rows)

    cases = _holdouts(rng)
    said = ask(answer, cases, read)
    compare(cases, said, _GAP_MISTAKES, _close, _otherwise(cases, said))
    hopeless = [
        _holdout(rng, "a model that is always wrong", [30, 40, 50], [0.0, 0.0, 0.0], [7, 8, 9])
    ]
    said = ask(
        answer, hopeless, read
    )  # apart: there, many an answer that is wrong for another reason divides by zero
    compare(hopeless, said, [], _close, _otherwise(hopeless, said))
    return "On holdouts with two to seven groups, accuracy and gap agree with a recount row by row."
