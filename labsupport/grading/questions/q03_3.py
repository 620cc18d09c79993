"""Exercise 03, question 3: a gate that asks for the whole and for every slice, with Holm over the slices."""

from __future__ import annotations

from functools import cache

import numpy as np

from labsupport.exact import as_written
from labsupport.grading.calling import ask
from labsupport.grading.old import Case, Mistake, Wrong, compare, question
from labsupport.grading.readers import pair, text, truth
from labsupport.intervals import mcnemar
from labsupport.outcomes import PairedOutcomes
from labsupport.slices import holm

_NAMES = ("north", "south", "east", "west", "coast", "inland", "city", "island")
_SMALLEST = 60  # rows of a slice beside its discordant pairs, at least


def _case(
    rng,
    about: str,
    pairs: list[tuple[int, int]],
    ahead: int,
    margin: float = 0.01,
    level: float = 0.05,
) -> Case:
    """Slices with these (candidate only, baseline only) pairs, in an order of its own, and the rest
    of a holdout of 2,000
    rows in which the candidate ends up `ahead` right answers in front."""
    parts = []
    for better, worse in pairs:
        both, neither = (int(k) for k in rng.integers(_SMALLEST, 2 * _SMALLEST, 2))
        parts.append(PairedOutcomes(both, better, worse, neither))
    rest = ahead - sum(part.candidate_only - part.baseline_only for part in parts)
    whole = sum(parts) + PairedOutcomes(0, max(rest, 0) + 5, max(-rest, 0) + 5, 0)
    whole = whole + PairedOutcomes(2000 - whole.n, 0, 0, 0)
    order = rng.permutation(len(parts))
    slices = {_NAMES[place]: parts[i] for place, i in enumerate(order)}
    outcomes = PairedOutcomes(*whole.cells, slices=slices)
    return Case(about, (outcomes, margin, level), _judge()(outcomes, margin, level))


def _tied(rng, about: str, pairs: list[tuple[int, int]], ahead: int, falls_short: bool) -> Case:
    """Such a case in which the difference of the two accuracies, as floats, does or does not fall short of the margin."""
    while True:
        case = _case(rng, about, pairs, ahead)
        outcomes, margin, _ = case.args
        if (outcomes.candidate_accuracy - outcomes.baseline_accuracy < margin) is falls_short:
            return case


def _segmented(rng: np.random.Generator) -> list[Case]:
    calm = [(9, 8), (6, 7), (10, 10)]
    cases = [
        _case(rng, "a gain that no slice pays for", [*calm, (8, 5)], 40),
        _case(rng, "a gain that one slice pays for", [*calm, (3, 20)], 40),
        _tied(rng, "a gain of exactly the margin", calm, 20, falls_short=False),
        _tied(rng, "a gain of exactly the margin", calm, 20, falls_short=True),
        _case(rng, "a gain that falls short of the margin", calm, 19),
        _case(rng, "no gain, and a slice that lost", [*calm, (2, 22)], -30),
        _case(
            rng, "a loss that only looks like one among many", [*calm, (4, 13), (9, 9), (7, 6)], 50
        ),
        _case(rng, "a second loss that only looks like one", [*calm, (1, 12), (5, 17)], 50),
        _case(rng, "a slice that gained much", [*calm, (25, 4)], 50),
        _case(rng, "two slices that lost", [*calm, (2, 20), (6, 20), (8, 8)], 60),
        _case(rng, "two slices that lost, one just so", [(1, 14), (5, 19), (20, 19)], 60),
        _case(
            rng,
            "the largest loss in doubt and a smaller one certain",
            [(7, 18), (0, 10), (9, 9)],
            60,
        ),
        _case(rng, "slices on which the models never differ", [(0, 0), (0, 0), (0, 7), (3, 3)], 30),
        _case(
            rng,
            "two slices that lost and two that gained",
            [(2, 15), (18, 3), (16, 4), (5, 16)],
            45,
        ),
        _case(
            rng,
            "a loss among slices that gained",
            [(9, 5), (8, 6), (10, 7), (7, 6), (12, 9), (9, 8), (3, 12)],
            40,
        ),
        _case(rng, "a loss among smaller losses", [(4, 14), (8, 9), (7, 8)], 40),
        _case(rng, "a stricter level", [*calm, (3, 18)], 40, level=0.001),
        _case(rng, "a looser level", [*calm, (5, 14)], 40, level=0.2),
        _case(rng, "a margin below zero", calm, -8, margin=-0.005),
        _case(
            rng, "two losses, one like the other", [(1, 9), (2, 11), (9, 9)], 40
        ),  # the second, times less, falls below
        _case(
            rng, "a loss on a holdout without a gain", [(2, 12), (9, 8), (10, 10)], 2, margin=-0.005
        ),
        _case(rng, "a single slice, exactly at the level", [(0, 5)], 40, level=0.0625),
        _case(rng, "a loss that just misses the level", [*calm, (6, 16)], 40, level=0.2),
    ]
    for _ in range(15):
        pairs = [tuple(int(x) for x in rng.multinomial(rng.integers(5, 40), [q, 1 - q]))
                 for q in rng.uniform(0.05, 0.7, int(rng.integers(2, 8)))]  # fmt: skip
        cases.append(_case(rng, "slices of all kinds", pairs, int(rng.integers(10, 60))))
    return cases


@cache
def _sign_test(better: int, worse: int) -> float:
    return mcnemar(PairedOutcomes(0, better, worse, 0))


def _p_value(part: PairedOutcomes) -> float:
    return _sign_test(part.candidate_only, part.baseline_only)


def _judge(
    clears=lambda o, margin: o.exact_gain >= as_written(margin),
    p_value=_p_value,
    adjust=holm,
    counted=lambda part: True,
    is_loss=lambda part: part.exact_gain < 0,
    join=lambda gain, safe: gain and safe,
    reaches=lambda p, level: p <= level,
):
    """The slice gate, with each of its parts open to another idea."""  # fmt: skip

    def answer(outcomes, margin, level):
        slices = {name: part for name, part in outcomes.slices.items() if counted(part)}
        adjusted = adjust([p_value(part) for part in slices.values()])
        lost = {
            name
            for (name, part), p in zip(slices.items(), adjusted, strict=True)
            if reaches(p, level) and is_loss(part)
        }
        return join(clears(outcomes, margin), not lost), frozenset(lost)

    return answer


def _times(k):
    return lambda p: [k(len(p)) * x for x in p]


def _benjamini_hochberg(p):
    order = np.argsort(p)
    steps = np.array(p)[order] * len(p) / np.arange(1, len(p) + 1)
    return np.minimum.accumulate(steps[::-1])[::-1][np.argsort(order)]


def _one_by_one(change, follow=np.maximum.accumulate):
    """An adjustment that goes up from the smallest p-value: `change(p, left)`, with how many comparisons are left."""

    def adjust(p):
        order = np.argsort(p, kind="stable")
        return follow(change(np.array(p, dtype=float)[order], np.arange(len(p), 0, -1)))[
            np.argsort(order)
        ]

    return adjust


def _with_the_whole(adjust):
    """The answer that adjusts the whole holdout's p-value along with those of the slices."""

    def answer(outcomes, margin, level):
        whole = _p_value(outcomes)
        return _judge(adjust=lambda p: list(adjust([*p, whole]))[:-1])(outcomes, margin, level)

    return answer


def _below_the_others(outcomes, margin, level):
    """Slices on which the candidate is worse than it is overall: a comparison within one model."""
    parts = outcomes.slices
    lost = {
        name
        for name, part in parts.items()
        if part.candidate_accuracy < outcomes.candidate_accuracy
    }
    return outcomes.exact_gain >= as_written(margin) and not lost, frozenset(lost)


def _worst_only(adjust):
    def answer(outcomes, margin, level):
        worst = min(outcomes.slices, key=lambda name: outcomes.slices[name].exact_gain)
        lost = _judge(adjust=adjust)(outcomes, margin, level)[1] & {worst}
        return outcomes.exact_gain >= as_written(margin) and not lost, lost

    return answer


_UNCORRECTED = (
    "No slice is corrected for the others; whoever looks at many finds one that looks bad."
)
_WRONG_COUNT = "The correction counts too few comparisons: every slice that was looked at counts, whatever it showed."
_BONFERRONI = (
    "Every p-value is multiplied by the same number; Holm's factor becomes smaller and finds more."
)
_WORST = (
    "Only the slice with the largest loss is looked at; a smaller loss can be the more certain one."
)
_NO_MAXIMUM = "An adjusted value falls below one that was smaller before; the correction of the first question never lets it."
_WHOLE = "The whole holdout is counted as one more comparison; the correction is for the slices that were looked at."
_SIDAK = "These powers hold for independent comparisons only (Holm and Sidak); slices overlap, so multiply."
_LOSING_ONLY = "Only the slices with a loss are counted; the others were looked at as well."

_SEGMENT_MISTAKES = [
    Mistake(_UNCORRECTED, _judge(adjust=list)),
    Mistake(_BONFERRONI, _judge(adjust=_times(lambda k: k))),
    Mistake(_WRONG_COUNT, _judge(adjust=_times(lambda k: k - 1))),
    Mistake(_NO_MAXIMUM, _judge(adjust=_one_by_one(lambda p, left: p * left, lambda p: p))),
    Mistake(_WHOLE, _with_the_whole(holm)),
    Mistake(_WHOLE, _judge(adjust=lambda p: holm(p, len(p) + 1))),
    Mistake(_WHOLE, _judge(adjust=_times(lambda k: k + 1))),
    Mistake(_SIDAK, _judge(adjust=_one_by_one(lambda p, left: 1 - (1 - p) ** left))),
    Mistake(_SIDAK, _judge(adjust=_one_by_one(lambda p, left: 1 - (1 - p) ** left, lambda p: p))),
    Mistake(_SIDAK, _judge(adjust=_one_by_one(lambda p, left: 1 - (1 - p) ** len(p)))),
    Mistake("An adjusted p-value of exactly the level establishes a loss, and here it is let off.",
            _judge(reaches=lambda p, level: p < level)),
    Mistake("The p-values are halved; the test that the question names is two-sided.",
            _judge(p_value=lambda part: _p_value(part) / 2)),
    Mistake(_LOSING_ONLY, _judge(counted=lambda part: part.exact_gain < 0)),
    Mistake(_LOSING_ONLY, _judge(counted=lambda part: part.exact_gain < 0, adjust=_times(lambda k: k))),
    Mistake("A slice without a difference was looked at too; here it is not counted.",
            _judge(counted=lambda part: part.candidate_only + part.baseline_only > 0)),
    Mistake("This allows some false alarms among the alarms (Benjamini and Hochberg); Holm allows none.",
            _judge(adjust=_benjamini_hochberg)),
    Mistake("A slice that clearly gained is called lost: the p-value knows no sign, so ask for the gain's.",
            _judge(is_loss=lambda part: True)),
    Mistake("Slices that gained are called lost; a loss is a gain below zero.",
            _judge(is_loss=lambda part: part.exact_gain > 0)),
    Mistake("Every measured loss counts, however uncertain; a loss has to be established first.",
            _judge(adjust=lambda p: [0] * len(p))),
    Mistake(_WORST, _worst_only(holm)),
    Mistake(_WORST, _worst_only(list)),
    Mistake("The candidate is compared with itself elsewhere; compare it with the baseline on the same rows.",
            _below_the_others),
    Mistake("The gain on all rows plays no part; promoting needs it as well as the slices.",
            _judge(clears=lambda outcomes, margin: True)),
    Mistake("The slices play no part in the decision; one that lost has to stop it.",
            _judge(join=lambda gain, safe: gain)),
    Mistake("One of the two conditions is enough here; promoting needs both.", _judge(join=lambda gain, safe: gain or safe)),
    Mistake("A gain of exactly the margin is enough, and here it is turned away.",
            _judge(clears=lambda outcomes, margin: outcomes.exact_gain > as_written(margin))),
    Mistake("Any gain passes; it has to reach the margin.", _judge(clears=lambda outcomes, margin: outcomes.exact_gain > 0)),
    Mistake("Two rounded accuracies are subtracted, and rounding decides when the gain is exactly the margin.",
            _judge(clears=lambda o, margin: o.candidate_accuracy - o.baseline_accuracy >= margin)),
    Mistake("The level is a fixed number; use the one the function is given.",
            lambda outcomes, margin, level: _judge()(outcomes, margin, 0.05)),
]  # fmt: skip


def _read_verdict(value):
    promote, lost = pair(value, ("promote", "lost"))
    if type(lost) is np.ndarray and lost.ndim == 1:
        lost = list(lost)
    if type(lost) not in (list, tuple, set, frozenset):
        raise Wrong(
            "the second value should be a list of the names of the slices that lost, empty if none did."
        )
    return truth(promote, "decision"), frozenset(text(name, "name of a slice") for name in lost)


def _segments_otherwise(case: Case, said) -> str:
    if said[1] - case.expected[1]:
        return f"A slice is called lost whose loss is not established, on {case.about}."
    if case.expected[1] - said[1]:
        return f"A slice whose loss is established is not named, on {case.about}."
    return f"The slices are right and the decision is not, on {case.about}."


@question("03.3")
def _segment_gate(answer, rng) -> str:
    cases = _segmented(rng)
    compare(
        cases,
        ask(answer, cases, _read_verdict),
        _SEGMENT_MISTAKES,
        lambda a, b: a == b,
        _segments_otherwise,
    )
    return "With gains on and off the margin and slices of all kinds, it names the established losses and no others."
