"""03.3: a gate that asks for the whole and for every slice, with Holm over the slices."""

from __future__ import annotations

from functools import cache

import numpy as np

from labsupport.exact import as_written
from labsupport.grading.exercise import Case, Question, Round, mistake
from labsupport.grading.questions import q03_1 as by_hand
from labsupport.grading.readers import Wrong, pair, text, truth
from labsupport.intervals import mcnemar
from labsupport.outcomes import PairedOutcomes
from labsupport.slices import holm

NAMES = ("north", "south", "east", "west", "coast", "inland", "city", "island")
SMALLEST = 60  # rows of a slice beside its discordant pairs, at least
ROWS = 2000  # of a whole holdout
CALM = [(9, 8), (6, 7), (10, 10)]

# What is special, (candidate only, baseline only) of each slice, right answers ahead on all rows;
# then the margin and the level, where they are not the usual ones.
HOLDOUTS = [
    ("a gain that no slice pays for", [*CALM, (8, 5)], 40),
    ("a gain that one slice pays for", [*CALM, (3, 20)], 40),
    ("a gain that falls short of the margin", CALM, 19),
    ("no gain, and a slice that lost", [*CALM, (2, 22)], -30),
    ("a loss that only looks like one among many", [*CALM, (4, 13), (9, 9), (7, 6)], 50),
    ("a second loss that only looks like one", [*CALM, (1, 12), (5, 17)], 50),
    ("a slice that gained much", [*CALM, (25, 4)], 50),
    ("two slices that lost", [*CALM, (2, 20), (6, 20), (8, 8)], 60),
    ("two slices that lost, one just so", [(1, 14), (5, 19), (20, 19)], 60),
    ("the largest loss in doubt and a smaller one certain", [(7, 18), (0, 10), (9, 9)], 60),
    ("slices on which the models never differ", [(0, 0), (0, 0), (0, 7), (3, 3)], 30),
    ("two slices that lost and two that gained", [(2, 15), (18, 3), (16, 4), (5, 16)], 45),
    ("a loss among slices that gained", [(9, 5), (8, 6), (10, 7), (7, 6), (12, 9), (3, 12)], 40),
    ("a loss among smaller losses", [(4, 14), (8, 9), (7, 8)], 40),
    ("two losses, one like the other", [(1, 9), (2, 11), (9, 9)], 40),  # times less, it falls below
    ("a stricter level", [*CALM, (3, 18)], 40, 0.01, 0.001),
    ("a looser level", [*CALM, (5, 14)], 40, 0.01, 0.2),
    ("a loss that just misses the level", [*CALM, (6, 16)], 40, 0.01, 0.2),
    ("a single slice, exactly at the level", [(0, 5)], 40, 0.01, 0.0625),
    ("a margin below zero", CALM, -8, -0.005),
    ("a loss on a holdout without a gain", [(2, 12), (9, 8), (10, 10)], 2, -0.005),
]


@cache
def sign_test(better: int, worse: int) -> float:
    return mcnemar(PairedOutcomes(0, better, worse, 0))


def reaches_margin(outcomes, margin) -> bool:
    return outcomes.exact_gain >= as_written(margin)


def judge(
    clears=reaches_margin,
    p_value=sign_test,
    adjust=holm,
    counted=lambda part: True,
    is_loss=lambda part: part.exact_gain < 0,
    establishes=lambda p, level: p <= level,
    join=lambda gain, safe: gain and safe,
):
    """The slice gate, with each part open to another idea; p_value(better, worse)."""

    def answer(outcomes, margin, level):
        slices = {name: part for name, part in outcomes.slices.items() if counted(part)}
        adjusted = adjust(np.array([p_value(*part.cells[1:3]) for part in slices.values()]))
        lost = [
            name
            for (name, part), p in zip(slices.items(), adjusted, strict=True)
            if establishes(p, level) and is_loss(part)
        ]
        return join(clears(outcomes, margin), not lost), lost

    return answer


right_answer = judge()


def case(rng, about, pairs, ahead, margin=0.01, level=0.05) -> Case:
    """Slices with these discordant pairs, in an order of its own, in a holdout that ends up
    `ahead` right answers in front."""
    parts = []
    for better, worse in pairs:
        both, neither = (int(k) for k in rng.integers(SMALLEST, 2 * SMALLEST, 2))
        parts.append(PairedOutcomes(both, better, worse, neither))
    rest = ahead - sum(part.candidate_only - part.baseline_only for part in parts)
    whole = sum(parts) + PairedOutcomes(0, max(rest, 0) + 5, max(-rest, 0) + 5, 0)
    whole = whole + PairedOutcomes(ROWS - whole.n, 0, 0, 0)
    order = rng.permutation(len(parts))
    slices = {NAMES[place]: parts[i] for place, i in enumerate(order)}
    given = PairedOutcomes(*whole.cells, slices=slices), margin, level
    return Case(about, given, read_verdict(right_answer(*given)))


def tied(rng, falls_short: bool) -> Case:
    """A gain of exactly the margin, of which the difference of two floats falls short, or not."""
    while True:
        drawn = case(rng, "a gain of exactly the margin", CALM, 20)
        outcomes, margin, _ = drawn.args
        if (outcomes.candidate_accuracy - outcomes.baseline_accuracy < margin) is falls_short:
            return drawn


def of_all_kinds(rng) -> Case:
    sizes = rng.integers(5, 40, int(rng.integers(2, 8)))
    better = rng.binomial(sizes, rng.uniform(0.05, 0.7, len(sizes)))
    pairs = list(zip(better.tolist(), (sizes - better).tolist(), strict=True))
    margin, level = rng.choice([-0.005, 0.005, 0.01, 0.02]), rng.choice([0.01, 0.05, 0.1])
    ahead = int(rng.integers(-10, 60))
    return case(rng, "slices of all kinds", pairs, ahead, float(margin), float(level))


def cases(rng) -> list[Case]:
    return [
        *(case(rng, *holdout) for holdout in HOLDOUTS),
        tied(rng, falls_short=False),
        tied(rng, falls_short=True),
        *(of_all_kinds(rng) for _ in range(15)),
    ]


def no_slices(rng) -> list[Case]:
    return [case(rng, "a holdout without slices", [], 19)]


def read_verdict(value) -> tuple[bool, frozenset[str]]:
    promote, lost = pair(value, ("promote", "lost"))
    if type(lost) is np.ndarray and lost.ndim == 1:
        lost = list(lost)
    if type(lost) not in (list, tuple, set, frozenset):
        raise Wrong(
            "the second value should be a list of the names of the slices that lost, empty if "
            "none did."
        )
    return truth(promote, "decision"), frozenset(text(name, "name of a slice") for name in lost)


def with_the_whole(outcomes, margin, level):
    """The whole holdout's p-value is adjusted along with those of the slices."""
    whole = sign_test(*outcomes.cells[1:3])
    return judge(adjust=lambda p: holm([*p, whole])[:-1])(outcomes, margin, level)


def below_the_rest(outcomes, margin, level):
    """Slices on which the candidate is worse than it is overall: a comparison within one model."""
    overall = outcomes.candidate_accuracy
    lost = [name for name, part in outcomes.slices.items() if part.candidate_accuracy < overall]
    return reaches_margin(outcomes, margin) and not lost, lost


def worst_only(adjust):
    """The answer that looks at the slice with the largest loss and no other."""

    def answer(outcomes, margin, level):
        worst = min(outcomes.slices, key=lambda name: outcomes.slices[name].exact_gain)
        lost = {worst}.intersection(judge(adjust=adjust)(outcomes, margin, level)[1])
        return reaches_margin(outcomes, margin) and not lost, lost

    return answer


def otherwise(case: Case, said) -> str:
    if said[1] - case.expected[1]:
        return f"A slice is called lost whose loss is not established, on {case.about}."
    if case.expected[1] - said[1]:
        return f"A slice whose loss is established is not named, on {case.about}."
    return f"The slices are right and the decision is not, on {case.about}."


QUESTION = Question(
    "03.3",
    cases,
    read=read_verdict,
    same=lambda a, b: a == b,
    otherwise=otherwise,
    then=[Round(no_slices, otherwise=otherwise)],
    verified="With gains on and off the margin and slices of all kinds, it names the established "
    "losses and no others.",
    mistakes=[
        mistake(
            "uncorrected",
            "No slice is corrected for the others; whoever looks at many finds one that looks bad.",
            judge(adjust=by_hand.untouched),
        ),
        mistake(
            "Bonferroni",
            "Every p-value is multiplied by the same number; Holm's factor becomes smaller and "
            "finds more.",
            judge(adjust=by_hand.bonferroni()),
        ),
        mistake(
            "counts one too few",
            "The correction counts too few comparisons: every slice that was looked at counts, "
            "whatever it showed.",
            judge(adjust=by_hand.bonferroni(-1)),
        ),
        mistake(
            "no running maximum",
            "An adjusted value falls below one that was smaller before; the correction of the "
            "first question never lets it.",
            judge(adjust=by_hand.stepped(follow=by_hand.untouched)),
        ),
        mistake(
            "whole holdout counted as a slice",
            "The whole holdout is counted as one more comparison; the correction is for the "
            "slices that were looked at.",
            with_the_whole,
            judge(adjust=lambda p: holm(p, searched=len(p) + 1)),
            judge(adjust=by_hand.bonferroni(+1)),
        ),
        mistake(
            "Sidak",
            "These powers hold for independent comparisons only (Holm and Sidak); slices overlap, "
            "so multiply.",
            judge(adjust=by_hand.stepped(by_hand.power)),
            judge(adjust=by_hand.stepped(by_hand.power, by_hand.untouched)),
            judge(adjust=lambda p: 1 - (1 - p) ** len(p)),
        ),
        mistake(
            "strictly below the level",
            "An adjusted p-value of exactly the level establishes a loss, and here it is let off.",
            judge(establishes=lambda p, level: p < level),
        ),
        mistake(
            "one-sided test",
            "The p-values are halved; the test that the question names is two-sided.",
            judge(p_value=lambda better, worse: sign_test(better, worse) / 2),
        ),
        mistake(
            "only slices with a loss counted",
            "Only the slices with a loss are counted; the others were looked at as well.",
            judge(counted=lambda part: part.exact_gain < 0),
            judge(counted=lambda part: part.exact_gain < 0, adjust=by_hand.bonferroni()),
        ),
        mistake(
            "slices without a difference not counted",
            "A slice without a difference was looked at too; here it is not counted.",
            judge(counted=lambda part: part.candidate_only + part.baseline_only > 0),
        ),
        mistake(
            "Benjamini and Hochberg",
            "This allows some false alarms among the alarms (Benjamini and Hochberg); Holm allows "
            "none.",
            judge(adjust=by_hand.stepped(by_hand.discovery_rate, by_hand.from_above)),
        ),
        mistake(
            "gains called lost too",
            "A slice that clearly gained is called lost: the p-value knows no sign, so ask for the "
            "gain's.",
            judge(is_loss=lambda part: True),
        ),
        mistake(
            "gains called lost instead",
            "Slices that gained are called lost; a loss is a gain below zero.",
            judge(is_loss=lambda part: part.exact_gain > 0),
        ),
        mistake(
            "every measured loss",
            "Every measured loss counts, however uncertain; a loss has to be established first.",
            judge(adjust=lambda p: 0 * p),
        ),
        mistake(
            "largest loss only",
            "Only the slice with the largest loss is looked at; a smaller loss can be the more "
            "certain one.",
            worst_only(holm),
            worst_only(by_hand.untouched),
        ),
        mistake(
            "candidate against itself",
            "The candidate is compared with itself elsewhere; compare it with the baseline on the "
            "same rows.",
            below_the_rest,
        ),
        mistake(
            "gain ignored",
            "The gain on all rows plays no part; promoting needs it as well as the slices.",
            judge(clears=lambda outcomes, margin: True),
        ),
        mistake(
            "slices ignored",
            "The slices play no part in the decision; one that lost has to stop it.",
            judge(join=lambda gain, safe: gain),
        ),
        mistake(
            "one condition is enough",
            "One of the two conditions is enough here; promoting needs both.",
            judge(join=lambda gain, safe: gain or safe),
        ),
        mistake(
            "strictly above the margin",
            "A gain of exactly the margin is enough, and here it is turned away.",
            judge(clears=lambda outcomes, margin: outcomes.exact_gain > as_written(margin)),
        ),
        mistake(
            "any gain passes",
            "Any gain passes; it has to reach the margin.",
            judge(clears=lambda outcomes, margin: outcomes.exact_gain > 0),
        ),
        mistake(
            "rounded accuracies subtracted",
            "Two rounded accuracies are subtracted, and rounding decides when the gain is exactly "
            "the margin.",
            judge(clears=lambda o, margin: o.candidate_accuracy - o.baseline_accuracy >= margin),
        ),
        mistake(
            "a fixed level",
            "The level is a fixed number; use the one the function is given.",
            lambda outcomes, margin, level: right_answer(outcomes, margin, 0.05),
        ),
    ],
)
