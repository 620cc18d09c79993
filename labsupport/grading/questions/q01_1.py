"""01.1: accuracy, and the gap between groups."""

from __future__ import annotations

import numpy as np

from labsupport.grading.draws import on_edges, prime
from labsupport.grading.exercise import Case, Question, Round, Told, close, mistake
from labsupport.grading.readers import number, pair
from labsupport.grading.rounding import is_rounded, roundings
from labsupport.outcomes import PairedOutcomes

# What breaks an extreme that starts at some number, or a count that forgets the groups with none.
GROUPS = {
    "two groups, the first one worse": ([0.55, 0.9], [False, True]),
    "two groups, the first one better": ([0.85, 0.6], ["east", "west"]),
    "three groups": ([0.75, 0.45, 0.95], ["a", "b", "c"]),
    "four groups": ([0.7, 0.95, 0.5, 0.8], [10, 20, 30, 40]),
    "groups of which even the best is mostly wrong": ([0.45, 0.2, 0.35], [-1, 0, 1]),
    "a group without an error beside others": ([1.0, 0.6, 0.8], [-1, 0, 1]),
    "a group without a right answer beside others": ([0.6, 0.8, 0.0], [-1, 0, 1]),
    "a model that is always right": ([1.0, 1.0, 1.0], [-1, 0, 1]),
}
TWO, SEVEN = "two groups", "seven groups"


def holdout(rng, about, sizes, accuracies, labels) -> Case:
    """Groups of these sizes, each predicted with about this accuracy, rows in random order."""
    group = np.repeat(np.array(labels), sizes)
    parts = zip(sizes, accuracies, strict=True)
    right = np.concatenate([np.arange(n) < round(n * a) for n, a in parts])
    positives = rng.permutation(np.linspace(0.15, 0.85, len(sizes)))  # differ from group to group
    y = (rng.random(len(group)) < np.repeat(positives, sizes)).astype(np.int64)
    order = rng.permutation(len(group))
    y, group, right = y[order], group[order], right[order]
    prediction = np.where(right, y, 1 - y)
    counts = PairedOutcomes.from_predictions(y, prediction, prediction, group)
    expected = counts.candidate_accuracy, float(counts.exact_disparity)
    return Case(about, (y, prediction, group), expected)


def holdout_on_edge(about, sizes, accuracies, labels) -> Case:
    """The same, for sizes that say what is to be drawn: an edge needs no more luck than that."""
    return holdout(np.random.default_rng(sizes), about, sizes, accuracies, labels)


def cases(rng) -> list[Case]:
    def sizes(k: int) -> list[int]:
        return [*map(int, rng.integers(20, 90, size=k) * rng.integers(1, 4, size=k))]

    drawn = [
        holdout(rng, about, sizes(len(accuracies)), accuracies, labels)
        for about, (accuracies, labels) in GROUPS.items()
    ]
    for best in range(7):  # the best and the worst in every place, side by side and apart
        for worst in ((best + 1) % 7, (best + 3) % 7):
            accuracies = [0.66 + i / 50 for i in range(7)]
            accuracies[best], accuracies[worst] = 0.9, 0.5
            drawn.append(holdout(rng, SEVEN, sizes(7), accuracies, list("tuvwxyz")))
    single = holdout(rng, "a group of a single row", [1, *sizes(2)], [0.0, 0.6, 0.8], [-1, 0, 1])
    return [*drawn, single]


def groups(sizes, accuracies, labels):
    """Groups of these sizes: a holdout without its name."""

    def given(rng):
        some = [int(n) for n in (sizes(rng) if callable(sizes) else sizes)]
        return some, accuracies, labels

    return given


def primes(k: int):
    """Sizes of which no share has few decimals."""
    return lambda rng: [prime(rng) for _ in range(k)]


MANY = [0.6 + 0.3 * ((i * 7) % 29) / 29 for i in range(29)]
EDGES = {
    "a holdout of two rows": groups([1, 1], [1.0, 0.0], [5, 3]),
    "a holdout of two rows, both right": groups([1, 1], [1.0, 1.0], [5, 3]),
    "groups of a single row": groups([1, 1, 1, 1], [1.0, 0.0, 1.0, 1.0], list("abcd")),
    "groups of which only one has any error": groups(primes(4), [1, 1, 0.7, 1], list("abcd")),
    "groups of which only one is ever right": groups(primes(4), [0, 0, 0.3, 0], list("abcd")),
    "groups that are alike": groups([50, 100, 150], [0.8, 0.8, 0.8], [1, 2, 3]),
    "groups of which two are the best": groups([50, 100, 40], [0.9, 0.9, 0.6], [1, 2, 3]),
    "groups of which two are the worst": groups([50, 100, 40], [0.5, 0.5, 0.8], [1, 2, 3]),
    "a tiny group beside a huge one": groups([2, 30_011], [0.5, 0.9], ["rare", "usual"]),
    "groups that hardly differ": groups([10_007, 9973, 9967], [0.9, 0.9001, 0.8999], [1, 2, 3]),
    "groups named by zero and one": groups(primes(2), [0.8, 0.6], [0, 1]),
    "groups named by floats": groups(primes(3), [0.8, 0.6, 0.7], [0.5, -1.5, 2.25]),
    "groups of which one has no name": groups(primes(3), [0.8, 0.55, 0.7], ["", "a", "b"]),
    "many groups": groups(primes(29), MANY, [f"g{i}" for i in range(29)]),
}


def hopeless(rng) -> list[Case]:
    """Apart: on this one, many an answer that is wrong for another reason divides by zero."""
    return [holdout(rng, "a model that is always wrong", [30, 40, 50], [0.0] * 3, [7, 8, 9])]


def read(value) -> tuple:
    no_rows = ": it may be a share of no rows"
    accuracy, gap = pair(value, ("accuracy", "gap"))
    return number(accuracy, "accuracy", no_rows), number(gap, "gap", no_rows)


same = close(absolute=1e-12)


def by_group(y, p, g):
    return [float(np.mean(p[g == k] == y[g == k])) for k in np.unique(g)]


def spread(values):
    return max(values) - min(values)


def gap(own):
    """The answer that has the accuracy right, and a gap of its own from y, prediction and group."""
    return lambda y, p, g: (float(np.mean(y == p)), float(own(y, p, g)))


def gap_of(own):
    """The same, from the groups' accuracies."""
    return gap(lambda y, p, g: own(by_group(y, p, g)))


def narrowed(part, empty=0.0):
    """The same, from the share of right rows among those of a group that part(y, p) leaves."""

    def accuracies(y, p, g):
        right, left = y == p, part(y, p)
        rows = ((g == k) & left for k in np.unique(g))
        return [float(np.mean(right[r])) if r.any() else empty for r in rows]

    return gap(lambda y, p, g: spread(accuracies(y, p, g)))


def of_groups_and_labels(y, p, g):
    parts = [(g == k) & (y == label) for k in np.unique(g) for label in (0, 1)]
    return spread([float(np.mean((y == p)[part])) for part in parts if part.any()])


def accurate(own):
    """The answer that has the gap right, and an accuracy of its own."""
    return lambda y, p, g: (float(own(y, p, g)), spread(by_group(y, p, g)))


def positives(y, p, g):
    """Where both are one: the right rows of one class, and no more."""
    right = y & p
    return float(np.mean(right)), spread([np.mean(right[g == k]) for k in np.unique(g)])


def inverted_bits(y, p, g):
    """The bits of a whole number turned round: of 0 and 1 they are -1 and -2."""
    right = ~(y ^ p)
    return float(np.mean(right)), spread([np.mean(right[g == k]) for k in np.unique(g)])


def both(change):
    """The answer that has both numbers right and then does something to them."""
    return lambda y, p, g: change(float(np.mean(y == p)), spread(by_group(y, p, g)))


def either_extreme(accuracies):
    best, worst = 0.0, 1.0
    for accuracy in accuracies:
        if accuracy > best:
            best = accuracy
        elif accuracy < worst:
            worst = accuracy
    return best - worst


def single_precision(y, p, g):
    shares = [np.mean(p[g == k] == y[g == k], dtype=np.float32) for k in np.unique(g)]
    return np.mean(y == p, dtype=np.float32), spread(shares)


def accuracy_is_right(told: list[Told]) -> bool:
    return all(abs(said[0] - case.expected[0]) <= 1e-9 for case, said in told)


def signed(told: list[Told]) -> bool:
    return accuracy_is_right(told) and any(said[1] < 0 for _, said in told)


def right_with_two_groups(told: list[Told]) -> bool:
    wrong = {case.about for case, said in told if not same(said, case.expected)}
    two = any(about.startswith(TWO) for about in wrong)
    return accuracy_is_right(told) and SEVEN in wrong and not two


def otherwise(case: Case, said) -> str:
    if abs(said[0] - case.expected[0]) > 1e-9:
        return (
            f"The accuracy is not the share of rows on which the model is right, on {case.about}."
        )
    return f"The accuracy is right and the gap is not, on {case.about}."


IN_COMMON = [
    mistake(
        "rounded",
        "These are near, but rounded or of low precision; keep all digits and round only what is "
        "shown.",
        *roundings(both(lambda a, g: (a, g)), 2, 3, 4, 6),
        *(gap_of(lambda a, d=d: spread([round(x, d) for x in a])) for d in (2, 3, 4)),
        single_precision,
        when=is_rounded,
    ),
    mistake(
        "above one",
        "A value above one is no share: is this percent, or a count, or a ratio?",
        both(lambda a, g: (100 * a, 100 * g)),
        gap(lambda y, p, g: spread([np.sum((y == p)[g == k]) for k in np.unique(g)])),
        when=lambda told: any(max(said) > 1 for _, said in told),
    ),
]

QUESTION = Question(
    "01.1",
    cases,
    read=read,
    same=same,
    otherwise=otherwise,
    then=[
        Round(hopeless, IN_COMMON, otherwise),
        on_edges(EDGES, holdout_on_edge, otherwise, IN_COMMON),
    ],
    verified="On holdouts with two to 29 groups, of one row to 30,000, accuracy and gap agree "
    "with a recount row by "
    "row.",
    mistakes=[
        mistake(
            "order swapped",
            "Both values are right, but in the other order.",
            both(lambda a, g: (g, a)),
        ),
        mistake(
            "error rate",
            "The accuracy counts the wrong rows; the gap is right.",
            both(lambda a, g: (1 - a, g)),
        ),
        mistake(
            "mean of the groups' accuracies",
            "The gap is right; the accuracy is averaged over the groups, so a small group counts "
            "as much as a large one.",
            accurate(lambda y, p, g: np.mean(by_group(y, p, g))),
        ),
        mistake(
            "mean of the labels' accuracies",
            "The gap is right; the accuracy is averaged over the two labels, so a rare one counts "
            "as much as a frequent one.",
            accurate(lambda y, p, g: np.mean(by_group(y, p, y))),
        ),
        mistake(
            "accuracy of one group",
            "The gap is right; the accuracy is that of a single group, and not that of all rows.",
            *(accurate(lambda y, p, g, k=k: by_group(y, p, g)[k]) for k in (0, -1)),
            *(accurate(lambda y, p, g, k=k: k(by_group(y, p, g))) for k in (min, max)),
        ),
        mistake(
            "accuracy below zero",
            "The accuracy is below zero, and no share is: what does a row add to it that is right, "
            "and one that is wrong?",
            inverted_bits,
            accurate(lambda y, p, g: 1 - np.sum(y != p)),
            when=lambda told: any(said[0] < 0 for _, said in told),
        ),
        mistake(
            "average gap",
            "An average over the groups lets good ones pay for a bad one; the gate asks about the "
            "extremes.",
            gap_of(lambda a: np.mean([abs(x - z) for i, x in enumerate(a) for z in a[i + 1 :]])),
            gap_of(np.std),
            gap_of(np.var),
            gap_of(lambda a: np.mean(np.abs(np.array(a) - np.mean(a)))),
            gap(lambda y, p, g: np.mean([abs(a - np.mean(y == p)) for a in by_group(y, p, g)])),
        ),
        mistake(
            "split by label",
            "The rows are split by their label y; the groups whose accuracies count are in the "
            "argument group.",
            gap(lambda y, p, g: spread(by_group(y, p, y))),
            gap(lambda y, p, g: np.mean(p[y == 1] == 1) - np.mean(p[y == 0] == 0)),
        ),
        mistake(
            "split by prediction",
            "The rows are split by the prediction; the groups whose accuracies count are in the "
            "argument group.",
            gap(lambda y, p, g: spread(by_group(y, p, p))),
        ),
        mistake(
            "share of all rows",
            "A group's accuracy is a share of the rows of that group, and here it is taken of rows "
            "of other groups, too.",
            gap(lambda y, p, g: spread([np.mean((y == p) & (g == k)) for k in np.unique(g)])),
            gap(lambda y, p, g: spread([np.mean((g == k)[y == p]) for k in np.unique(g)])),
        ),
        mistake(
            "split by more than the group",
            "The accuracy is right; for the gap, a group's rows are narrowed down by label or "
            "prediction, and all of them count.",
            *(narrowed(lambda y, p, k=k: y == k, no) for k in (0, 1) for no in (0.0, 1.0)),
            *(narrowed(lambda y, p, k=k: p == k, no) for k in (0, 1) for no in (0.0, 1.0)),
            gap(of_groups_and_labels),
        ),
        mistake(
            "gap to the middle",
            "The gap is taken from the middle, such as the accuracy on all rows, to one side; "
            "compare the groups with each other.",
            gap(lambda y, p, g: np.mean(y == p) - min(by_group(y, p, g))),
            gap(lambda y, p, g: max(by_group(y, p, g)) - np.mean(y == p)),
            gap(lambda y, p, g: max(abs(a - np.mean(y == p)) for a in by_group(y, p, g))),
            gap_of(lambda a: max(a) - np.mean(a)),
            gap_of(lambda a: np.mean(a) - min(a)),
        ),
        mistake(
            "positive rates",
            "These are shares of positive predictions; a group's accuracy asks how often the "
            "prediction agrees with y.",
            gap(lambda y, p, g: spread([np.mean(p[g == k]) for k in np.unique(g)])),
        ),
        mistake(
            "one class only",
            "Only rows of one class are counted; accuracy counts right answers of both classes.",
            gap(lambda y, p, g: spread([np.mean((y & p)[g == k]) for k in np.unique(g)])),
            positives,
            lambda y, p, g: (positives(y, p, g)[0], spread(by_group(y, p, g))),
        ),
        mistake(
            "ratio",
            "A ratio of accuracies is not their distance; the gap is a difference of shares.",
            gap_of(lambda a: 1 - min(a) / max(a)),
        ),
        mistake(
            "worst group alone",
            "This is the worst group's accuracy; the gap says how far it is from the best one's.",
            gap_of(min),
        ),
        mistake(
            "worst starts at zero",
            "This is the best group's accuracy; a search for the worst one must not start at zero.",
            gap_of(max),
        ),
        mistake(
            "best or worst, never both",
            "One group can be the best and the worst so far, as the first one is: an elif looks at "
            "it only once.",
            gap_of(either_extreme),
        ),
        *IN_COMMON,
        mistake(
            "signed gap",
            "The gap has a sign here; it should not change when groups trade names, so ask how far "
            "apart they are.",
            gap_of(lambda a: a[0] - a[-1]),
            gap_of(lambda a: a[0] - a[1]),
            gap_of(lambda a: min(a) - max(a)),
            when=signed,
        ),
        mistake(
            "right with two groups only",
            "With two groups this is right, with more it is not: which of them have a say in it?",
            gap_of(lambda a: abs(a[0] - a[1])),
            gap_of(lambda a: abs(a[0] - a[-1])),
            *(gap_of(lambda a, k=k: spread(a[:k])) for k in (3, 4, 5, 6)),
            when=right_with_two_groups,
        ),
    ],
)
