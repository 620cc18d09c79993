"""09.1: agreement beyond chance, which is what is left of a share of equal labels."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from labsupport.grading.draws import between, on_edges, whole
from labsupport.grading.exercise import Case, Question, close, mistake
from labsupport.grading.readers import Wrong, number
from labsupport.grading.rounding import rounded, roundings

UNKNOWN = "NaN"  # as a plain value: NaN is not equal to itself
equal = close(1e-9, 1e-9)


def read(value) -> float | str:
    """A float, or UNKNOWN."""
    try:
        return float(number(value, "kappa"))
    except Wrong as wrong:
        if "not a finite number" not in str(wrong) or not math.isnan(np.asarray(value)):
            raise
    return UNKNOWN


def same(a, b) -> bool:
    return a == b if UNKNOWN in (a, b) else equal(a, b)


# The right answer, and the parts in which it can be changed


def shares(judge, human) -> tuple[np.ndarray, np.ndarray]:
    """How often each label comes, from the judge and from the humans."""
    labels = np.unique(np.concatenate([judge, human]))
    return tuple((labels[:, None] == side).mean(axis=1) for side in (judge, human))


def of_both(p, q) -> float:
    """The chance of one label from two draws that have nothing to do with one another."""
    return p @ q


def beyond(seen, chance) -> float:
    return (seen - chance) / (1 - chance)


def as_number(value) -> float:
    return math.nan if value == UNKNOWN else value


def agreeing(
    chance: Callable = of_both,
    beyond: Callable = beyond,
    then: Callable = lambda kappa: kappa,
    no_choice: float | str = UNKNOWN,
    nothing: float | str = UNKNOWN,
) -> Callable:
    """The right answer with any of its steps replaced.

    Parameters
    ----------
    no_choice : said where chance agrees on every item.
    nothing : said without an item.
    """

    def answer(judge, human):
        if len(judge) == 0:
            return as_number(nothing)
        p, q = shares(judge, human)
        if p @ q == 1:
            return as_number(no_choice)
        return then(float(beyond((judge == human).mean(), chance(p, q))))

    return answer


right_answer = agreeing()


def case(about, judge, human) -> Case:
    return Case(about, (judge, human), read(right_answer(judge, human)))


# The cases

NAMES = np.array(["right", "partly right", "wrong", "off topic", "refused", "unsafe"])


def labelled(n, k, agree, lean=None, kind=None) -> Callable:
    """Labels of a judge that follows the humans on a share `agree` and draws his own otherwise.

    Parameters
    ----------
    n, k, agree : strategies for the items, the labels and that share.
    lean : lean(k) -> how often the judge draws each label; None: at random.
    kind : kind(labels) -> the same labels in other clothes.
    """

    def draw(rng):
        size, labels = n(rng), k(rng)
        human = rng.choice(labels, size, p=rng.dirichlet(np.full(labels, 4.0)))
        often = rng.dirichlet(np.full(labels, 2.0)) if lean is None else lean(labels)
        own = rng.choice(labels, size, p=often)
        judge = np.where(rng.random(size) < agree(rng), human, own)
        human[:labels] = judge[-labels:] = np.arange(labels)  # each label is there
        return tuple(map(kind or (lambda side: side), (judge, human)))

    return draw


def harsh(k):
    """A judge that mostly says the first label."""
    return np.array([0.9, *[0.1 / (k - 1)] * (k - 1)])


def opposed(rng):
    """A judge that says the other of two labels more often than not."""
    human = rng.integers(0, 2, 150)
    return np.where(rng.random(150) < 0.75, 1 - human, human), human


def one_label_rare(rng):
    """Nearly all answers pass, with both, and hardly one fails with both."""
    n = int(rng.integers(300, 500))
    judge, human = (np.ones(n, int) for _ in "12")
    places = rng.permutation(n)
    judge[places[: int(rng.integers(12, 20))]] = 0
    human[places[10 : int(rng.integers(32, 40))]] = 0
    return judge, human


MANY, SOME = whole(90, 200), whole(3, 5)
MIDDLE = {
    "two labels": labelled(MANY, whole(2, 2), between(0.4, 0.8)),
    "a judge that mostly says one of two labels": labelled(
        MANY, whole(2, 2), between(0.3, 0.6), harsh
    ),
    "two labels of which one is rare": one_label_rare,
    "several labels": labelled(MANY, SOME, between(0.3, 0.8)),
    "labels that are texts": labelled(MANY, SOME, between(0.3, 0.8), harsh, NAMES.__getitem__),
    "a judge that is worse than chance": opposed,
}


def cases(rng) -> list[Case]:
    return [case(about, *draw(rng)) for about, draw in MIDDLE.items() for _ in range(2)]


def fixed(judge, human):
    return lambda rng: (np.array(judge), np.array(human))


def of_table(table, labels=(0, 1)) -> Callable:
    """So many items of each pair of labels: rows are the judge's."""

    def draw(rng):
        pairs = [(a, b) for i, a in enumerate(labels) for j, b in enumerate(labels)
                 for _ in range(table[i][j])]  # fmt: skip
        mixed = [pairs[i] for i in rng.permutation(len(pairs))]
        return tuple(np.array(side) for side in zip(*mixed, strict=True))

    return draw


def all_alike(rng):
    human = NAMES[rng.integers(0, 4, 60)]
    return human, human.copy()


EDGES = {
    "two labels that agree on nine items of ten": of_table([[0, 5], [5, 90]]),
    "a judge that agrees on every item": all_alike,
    "a judge that says the other label each time": of_table([[0, 30], [30, 0]]),
    "one and the same label from both on every item": fixed(["pass"] * 40, ["pass"] * 40),
    "no item": lambda rng: (np.array([], int), np.array([], int)),
    "one item on which both agree": fixed([1], [1]),
    "one item on which they do not agree": fixed(["pass"], ["fail"]),
    "a judge that only ever says one label": of_table([[0, 0], [17, 43]]),
    "humans who only ever say one label": of_table([[0, 9], [0, 31]]),
    "a label that only the judge says": of_table([[20, 4, 0], [5, 30, 0], [3, 2, 0]], (0, 1, 7)),
    "labels of which none is common to both": fixed(["a", "b", "a"], ["c", "d", "d"]),
    "labels that are negative numbers": of_table([[20, 6], [3, 30]], (-1, 1)),
    "labels that are True and False": of_table([[12, 6], [3, 40]], (False, True)),
    "thousands of items": labelled(whole(5000, 9000), SOME, between(0.5, 0.9)),
}


# What is said


def otherwise(case: Case, said) -> str:
    if said == UNKNOWN:
        return f"This is no number although there is one, on {case.about}."
    if case.expected == UNKNOWN:
        return f"This is a number where nothing can be told, on {case.about}."
    if not -1 - 1e-9 <= said <= 1 + 1e-9:
        return f"No kappa is as large or as small as this, on {case.about}."
    return f"The kappa is too {'high' if said > case.expected else 'low'}, on {case.about}."


def balanced(judge, human):
    """The mean over the humans' labels of how often the judge finds them, less what chance
    does.
    """
    labels = np.unique(human)
    found = np.mean([(judge[human == label] == label).mean() for label in labels])
    return beyond(found, 1 / len(labels))


def correlated(judge, human):
    """Gorodkin's correlation of labels: of two of them, Pearson's."""
    p, q = shares(judge, human)
    return ((judge == human).mean() - p @ q) / np.sqrt((1 - p @ p) * (1 - q @ q))


def krippendorff(judge, human):
    """Chance draws from all labels of both, and no label twice."""
    _, counts = np.unique(np.concatenate([judge, human]), return_counts=True)
    total = counts.sum()
    chance = (counts * (counts - 1)).sum() / (total * (total - 1))
    return beyond((judge == human).mean(), chance)


def less_one(judge, human):
    """Chance out of one item fewer, as a variance has it."""
    p, q = shares(judge, human)
    return beyond((judge == human).mean(), p @ q * len(judge) / (len(judge) - 1))


def zero_and_one(judge, human):
    """Chance summed over two labels that are taken for granted."""
    both = sum((judge == label).mean() * (human == label).mean() for label in (0, 1))
    return float(beyond((judge == human).mean(), both)) if both < 1 else math.nan


def one_and_the_rest(judge, human):
    """Chance of one label and of all that is not it."""
    p, q = (judge == 1).mean(), (human == 1).mean()
    both = p * q + (1 - p) * (1 - q)
    return float(beyond((judge == human).mean(), both)) if both < 1 else math.nan


def only_ones(judge, human):
    """Chance of the label 1, which stands for a pass."""
    return float(beyond((judge == human).mean(), (judge == 1).mean() * (human == 1).mean()))


def one_label(pick) -> Callable:
    """The kappa of one label against all the others."""

    def answer(judge, human):
        label = pick(np.unique(np.concatenate([judge, human])))
        return right_answer(judge == label, human == label)

    return answer


QUESTION = Question(
    "09.1",
    cases,
    read=read,
    same=same,
    otherwise=otherwise,
    then=[
        on_edges(
            EDGES,
            case,
            otherwise,
            [
                mistake(
                    "full marks without a choice",
                    "A judge that says one label, whatever it is shown, gets full marks here; "
                    "chance would have agreed as often.",
                    agreeing(no_choice=1.0),
                ),
                mistake(
                    "zero where nothing can be told",
                    "Without an item, or without a choice, this is zero somewhere; that would say "
                    "that the judge had its chance and was no better.",
                    agreeing(no_choice=0.0, nothing=0.0),
                    agreeing(no_choice=0.0),
                    agreeing(nothing=0.0),
                ),
                mistake(
                    "full marks without an item",
                    "Without an item this is full marks; nobody has seen the judge agree.",
                    agreeing(nothing=1.0),
                ),
            ],
        )
    ],
    verified="Chance is taken off as the judge and the humans each use their labels, however many "
    "there are and whatever they are.",
    mistakes=[
        mistake(
            "share of agreement",
            "This is the share of items on which both agree; where nearly all answers pass, two "
            "who never look agree as often.",
            lambda judge, human: (judge == human).mean(),
        ),
        mistake(
            "chance is one label in so many",
            "Chance is as large here as if every label came equally often; it is larger where "
            "one label is common.",
            agreeing(chance=lambda p, q: 1 / len(p)),
            lambda judge, human: 2 * (judge == human).mean() - 1,
        ),
        mistake(
            "labels of both in one pot",
            "Chance is taken from the labels of both together; the judge and the humans each have "
            "their own way of using them.",
            agreeing(chance=lambda p, q: ((p + q) / 2) @ ((p + q) / 2)),
        ),
        mistake(
            "Krippendorff's alpha",
            "This draws both labels from one pot, without putting back, as Krippendorff's alpha "
            "does; it is another measure.",
            krippendorff,
        ),
        mistake(
            "chance from one rater alone",
            "Chance is taken from how one of the two uses the labels; it takes both to agree.",
            agreeing(chance=lambda p, q: p @ p),
            agreeing(chance=lambda p, q: q @ q),
        ),
        mistake(
            "chance of one label alone",
            "Chance is that of one label only; two who never look may agree on any of them.",
            agreeing(chance=lambda p, q: p[0] * q[0]),
            agreeing(chance=lambda p, q: p[-1] * q[-1]),
            only_ones,
        ),
        mistake(
            "chance of the most common label",
            "Chance is how often the most common label comes; it may say the others as well.",
            agreeing(chance=lambda p, q: p.max()),
            agreeing(chance=lambda p, q: q.max()),
        ),
        mistake(
            "clipped at zero",
            "A judge that is worse than chance gets zero here; the sign is what tells on it.",
            agreeing(then=lambda kappa: max(0.0, kappa)),
        ),
        mistake(
            "sign lost",
            "A judge that is worse than chance gets the marks of one that is better.",
            agreeing(then=abs),
        ),
        mistake(
            "not divided",
            "What chance leaves is not what is divided by, so a perfect judge does not reach one.",
            agreeing(beyond=lambda seen, chance: seen - chance),
        ),
        mistake(
            "divided by chance",
            "This is divided by the chance itself; what could be gained is what chance leaves.",
            agreeing(beyond=lambda seen, chance: (seen - chance) / chance),
            agreeing(beyond=lambda seen, chance: seen / chance),
        ),
        mistake(
            "corrected for one item",
            "Something is divided by one item fewer, as in a variance; kappa is made of shares "
            "of all items.",
            less_one,
        ),
        mistake(
            "recall over the humans' labels",
            "This is how often the judge finds each of the humans' labels; how often it says "
            "them is lost in it.",
            balanced,
        ),
        mistake(
            "correlation",
            "This is the correlation of the labels; a judge that is harsher than the humans does "
            "not lose by that.",
            correlated,
        ),
        mistake(
            "labels other than 0 and 1",
            "Chance is worked out as if there were two labels, known before; there may be others, "
            "and both may say those by chance, too.",
            zero_and_one,
            one_and_the_rest,
        ),
        mistake(
            "one label against the rest",
            "One label is looked at and all others are thrown together; with more than two of "
            "them that is another number.",
            one_label(lambda labels: labels[-1]),
            one_label(lambda labels: labels[0]),
        ),
        rounded(*roundings(right_answer, 2, 3, 4)),
    ],
)
