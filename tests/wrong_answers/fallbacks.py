"""What a question says where no mistake explains the answer; an answer that earns each sentence.

FALLBACKS {"question function": [(said, fragment), ...]}. said(case) is what a student's function
returned, as it is read, or None where the case is not of that kind. The tests count the entries.
"""

from __future__ import annotations

import math

from labsupport.grading.pipelines import Plan
from labsupport.grading.questions.q06_1 import NO_NUMBER


def first_off(case):
    if not case.expected:
        return None
    first, *rest = case.expected
    return (first + 1, *rest)


def last_off(case):
    *rest, last = case.expected
    return (*rest, last + 1)


def turned_round(case):
    said = tuple(reversed(case.expected))
    return said if said != tuple(case.expected) else None


CHECKS = ("lost", "new", "moved")


def finite(change):
    """What is said to a finite PSI."""
    return lambda case: None if math.isinf(case.expected) else change(case.expected)


def moved(by):
    """Every number of the answer, moved by as much times one and a half."""
    return lambda case: tuple(
        part + 1.5 * step for part, step in zip(case.expected, by, strict=True)
    )


def ends(low, high):
    """An interval whose ends lie outside (1) or inside (-1) of where they may lie."""

    def said(case):
        (low_from, low_to), (high_from, high_to) = case.expected
        if high_from - low_to < 1e-6:
            return None
        left, right = {1: low_from - 1, -1: low_to + 1e-9}, {1: high_to + 1, -1: high_from - 1e-9}
        return left[low], right[high]

    return said


def whole_ones_too(case):
    """Every name of the manifest, where some of them are right."""
    return tuple(case.args[1]) if set(case.args[1]) - set.union(*map(set, case.expected)) else None


def slices_of(case, lost):
    return case.expected[0], frozenset(lost)


def kappa(change):
    """What is said where there is a kappa."""
    return lambda case: None if case.expected == "NaN" else change(case.expected)


def value_of(case):
    """The right corrected rate, or any where the judge tells nothing apart."""
    return 0.5 if case.expected[0] is None else case.expected[0]


def corrected(case, wider):
    """The right value with an interval inside (-1), around (1) or to one side (0) of the right one,
    where there is room for that.
    """
    _, (low_from, low_to), (high_from, high_to) = case.expected
    if not 0 < low_from <= low_to < high_from <= high_to < 1:
        return None
    middle = (low_to + high_from) / 2
    ends = {-1: (middle, middle), 1: (0.0, 1.0), 0: (0.0, low_from)}[wider]
    return value_of(case), *ends


NOT_PROMOTED = ("block", "inconclusive")


def decided(said, *expected):
    """This decision where one of those would be right."""
    return lambda case: (said, frozenset()) if case.expected[0] in expected else None


FALLBACKS = {
    "01.1 otherwise": [
        (first_off, "The accuracy is not the share of rows"),
        (last_off, "The accuracy is right and the gap is not"),
    ],
    "01.2 otherwise": [
        (lambda case: (case.expected[0], "another"), "The decision is right and its reason is not"),
        (lambda case: (True, "") if not case.expected[0] else None, "This promotes the wrong"),
        (lambda case: (False, "") if case.expected[0] else None, "This blocks the wrong"),
    ],
    "01.2 nan_otherwise": [
        (lambda case: (True, ""), "this promotes: what was not measured"),
        (lambda case: (False, ""), "rightly blocked, but the reason blames a check"),
        (lambda case: (False, "promoted"), "rightly blocked, but the reason says promoted"),
    ],
    "01.3 otherwise": [
        (lambda case: None if case.expected else True, "This clears a candidate that has not"),
        (lambda case: False if case.expected else None, "This turns away a candidate that has"),
    ],
    "02.1 otherwise": [
        (ends(1, 1), "The interval is too wide"),
        (ends(-1, -1), "The interval is too narrow"),
        (ends(1, -1), "The interval is not where the resampled gains are"),
    ],
    "02.2 otherwise": [(lambda case: "perhaps", "'perhaps' is not what the interval says")],
    "02.2 nan_otherwise": [(lambda case: "promote", "this promotes: what was not measured")],
    "02.4 otherwise": [
        (lambda case: max(case.expected) + 1, "These are too many rows"),
        (lambda case: min(case.expected) - 1, "These are too few rows"),
        (
            lambda case: (
                min(case.expected) + 1 if max(case.expected) - min(case.expected) > 1 else None
            ),
            "This is near, and not the number of rows",
        ),
    ],
    "03.1 otherwise": [
        (lambda case: [*case.expected, 1.0], "not as many adjusted values as p-values"),
        (first_off, "An adjusted value is wrong"),
    ],
    "03.2 otherwise": [
        (lambda case: case.expected + 1e-5, "This is near the mean of the winners"),
        (lambda case: case.expected + 1, "This is not the mean of the winners"),
    ],
    "03.3 otherwise": [
        (lambda case: slices_of(case, {*case.expected[1], "new"}), "A slice is called lost"),
        (
            lambda case: slices_of(case, ()) if case.expected[1] else None,
            "A slice whose loss is established is not named",
        ),
        (lambda case: ("?", case.expected[1]), "The slices are right and the decision is not"),
    ],
    "03.4 otherwise": [
        (lambda case: (sum(case.expected[0]) / 2, 2.0), "The share is not what so many worlds"),
        (lambda case: (case.expected[0][1] + 0.1, 0.5), "The average gap is too large"),
        (lambda case: (case.expected[0][0] - 0.1, 0.5), "The average gap is too small"),
    ],
    "04.1 otherwise": [
        (lambda case: case.expected + 0.1, "The noise is too large"),
        (lambda case: case.expected - 0.1, "The noise is too small"),
    ],
    "04.2 otherwise": [
        (lambda case: case.expected - 1, "more null candidates than"),
        (lambda case: case.expected + 1, "fewer null candidates than"),
    ],
    "04.3 otherwise": [(lambda case: case.expected + 1, "The sum is not exact")],
    "04.4 otherwise": [
        (first_off, "The lower end is wrong and the other one is right"),
        (last_off, "The upper end is wrong and the other one is right"),
        (moved((1, 1)), "The interval is not centred on the gain"),
        (moved((1e-5, -1e-5)), "The interval is too narrow"),
        (moved((-1, 1)), "The interval is too wide"),
    ],
    "05.1 otherwise": [
        (last_off, "The cost with training first is too high"),
        (first_off, "The cost with the checks first is too high"),
        (
            lambda case: (case.expected[0], 0.37 * case.expected[1]),
            "The cost with training first is too low",
        ),
    ],
    "05.2 otherwise": [
        (lambda case: "it is a word.", ", it is a word."),
        (lambda case: case.expected + 0.5, "The break-even is too high"),
        (lambda case: case.expected - 0.5, "The break-even is too low"),
    ],
    "05.3 otherwise": [
        (lambda case: case.expected + 1, "The expected cost is too high"),
        (lambda case: case.expected - 1, "The expected cost is too low"),
    ],
    "05.4 otherwise": [
        (lambda case: tuple(i + 1 for i in case.expected), "counted from one"),
        (
            lambda case: (1,) * len(case.expected) if len(case.expected) > 1 else None,
            "the index of each check, and each of them once",
        ),
        (turned_round, "There is a cheaper order"),
    ],
    "06.1 otherwise": [
        (lambda case: NO_NUMBER, "The PSI is not a number"),
        (lambda case: 1.0 if math.isinf(case.expected) else None, "the PSI stays finite"),
        (finite(lambda psi: -1.0 - psi), "The PSI is negative"),
        (finite(lambda psi: math.inf), "infinite without a bin that has rows on one side only"),
        (finite(lambda psi: psi / 2 if psi else None), "The PSI is too low"),
        (finite(lambda psi: psi + 1), "The PSI is too high"),
    ],
    "06.2 otherwise": [
        (lambda case: () if case.expected else None, "says nothing"),
        (
            lambda case: CHECKS if len(case.expected) < len(CHECKS) else None,
            "is a false alarm",
        ),
        (lambda case: case.expected, "This is not right"),
    ],
    "06.3 otherwise": [
        (lambda case: (*case.expected, 0.5), "There is not one threshold for each column"),
        (lambda case: [bound / 2 for bound in case.expected], "A threshold is too low"),
        (lambda case: [bound * 2 for bound in case.expected], "A threshold is higher"),
    ],
    "06.4 otherwise": [
        (lambda case: True, "A fault got through"),
        (lambda case: False, "A right trainer was refused"),
    ],
    "07.1 otherwise": [
        (lambda case: (*case.expected, 10**6), "A place in the list does not exist"),
        (lambda case: () if case.expected else None, "The weeks that ring are others"),
    ],
    "07.1 nan_otherwise": [
        (lambda case: range(len(case.args[1])), "What was not measured rings, and other weeks"),
        (lambda case: (), "what was not measured is no reason to be calm"),
    ],
    "07.2 otherwise": [
        (lambda case: (1,) if not case.expected else None, "There is nothing to start"),
        (turned_round, "The triggers are right and their order is not"),
        (lambda case: () if case.expected else None, "The triggers are others"),
    ],
    "07.3 otherwise": [
        (turned_round, "What is left is right and its order is not"),
        (lambda case: (*case.expected, ("x", "y")), "What is left to do is something else"),
    ],
    "07.4 otherwise": [
        (
            lambda case: (case.args[0][0], *case.expected)[: len(case.args[0])],
            "The first champion is in the list",
        ),
        (
            lambda case: () if case.expected else None,
            "one number for each candidate, blocked ones included",
        ),
        (lambda case: tuple(-1 for _ in case.expected), "The champions are others"),
    ],
    "08.1 otherwise": [
        (lambda case: ("nobody.bin", *case.expected[0]), "is in no manifest and no folder"),
        (whole_ones_too, "A file is named that is as the manifest says"),
        (
            lambda case: tuple(case.expected[0])[1:] if case.expected[0] else None,
            "Something that is wrong is not named",
        ),
    ],
    "08.3 otherwise": [
        (
            lambda case: (case.expected[0][0], case.expected[0][1] + 0.001),
            "The number of pairs is right and the share is not",
        ),
        (
            lambda case: (
                (case.expected[0][0] + 1, 0.1)
                if case.expected[1][0] - case.expected[0][0] > 1
                else None
            ),
            "This is near, and not the number of pairs",
        ),
        (lambda case: (2 * case.expected[1][0], 0.1), "These are too many pairs"),
        (lambda case: (1, 0.1), "These are too few pairs"),
    ],
    "08.2 otherwise": [
        (
            lambda case: "go on" if case.expected == "hold" else None,
            "This decides where nothing can be told",
        ),
        (lambda case: "hold" if case.expected != "hold" else None, "This holds although all is"),
        (
            lambda case: "go on" if case.expected == "roll back" else None,
            "This goes on although harm is shown",
        ),
        (
            lambda case: "roll back" if case.expected == "go on" else None,
            "This rolls back although no harm is shown",
        ),
    ],
    "08.4 otherwise": [
        (
            lambda case: "shadow" if case.expected == "forbidden" else None,
            "Something happened here that the table does not have",
        ),
        (
            lambda case: "forbidden" if case.expected != "forbidden" else None,
            "This forbids what the table has",
        ),
        (
            lambda case: "aborted" if case.expected not in ("forbidden", "aborted") else None,
            "The rollout is in another state",
        ),
    ],
    "09.1 otherwise": [
        (lambda case: "NaN" if case.expected != "NaN" else None, "This is no number although"),
        (
            lambda case: 0.5 if case.expected == "NaN" else None,
            "a number where nothing can be told",
        ),
        (kappa(lambda value: 1.5), "No kappa is as large or as small as this"),
        (kappa(lambda value: (value + 1) / 2 if value < 1 else None), "The kappa is too high"),
        (kappa(lambda value: (value - 1) / 2 if value > -1 else None), "The kappa is too low"),
    ],
    "09.2 otherwise": [
        (lambda case: (1.5, 0.0, 1.0), "The value is not the rate that explains the passes"),
        (lambda case: (value_of(case), -0.5, 1.5), "An end is no share"),
        (lambda case: corrected(case, -1), "The interval is too narrow"),
        (lambda case: corrected(case, 1), "The interval is too wide"),
        (lambda case: corrected(case, 0), "The interval lies to one side of where it should"),
    ],
    "09.4 otherwise": [
        (
            lambda case: (case.expected[0], frozenset(["nothing like it"])),
            "The decision is right and the names are not",
        ),
        (decided("promote", *NOT_PROMOTED), "This promotes what has not passed"),
        (decided("block", "promote"), "This does not promote what has passed throughout"),
        (decided("block", "inconclusive"), "This blocks although nothing has failed"),
        (decided("inconclusive", "block"), "This leaves open what has failed"),
    ],
    "10.2 otherwise": [
        (
            lambda case: Plan("min_gain = 0.005", ("train", "gate"), frozenset({0})),
            "Not all changes end where they should",
        ),
    ],
}
