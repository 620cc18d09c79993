"""03.3: a gate that asks for the whole and for every slice, with Holm over the slices."""

from __future__ import annotations

from labsupport.exact import as_written
from labsupport.grading.draws import drawn, on_edges
from labsupport.grading.exercise import Case, Question, mistake
from labsupport.grading.questions import q03_1 as by_hand
from labsupport.grading.readers import Wrong, pair, parts_of, text, truth
from labsupport.grading.segments import (
    EDGES,
    HOLDOUTS,
    judge,
    of_all_kinds,
    reaches_margin,
    right_answer,
    segments,
    sign_test,
    tied,
)
from labsupport.slices import holm

TIE = "a gain of exactly the margin"
NO_SLICES = {
    "a holdout without slices": segments([], 19),
    "a holdout without slices, and a gain that reaches the margin": segments([], 21),
}


def case(about, *given) -> Case:
    return Case(about, given, read_verdict(right_answer(*given)))


def cases(rng) -> list[Case]:
    return [
        *drawn(rng, HOLDOUTS, case),
        *drawn(rng, {TIE: tied(falls_short=False)}, case),
        *drawn(rng, {TIE: tied(falls_short=True)}, case),
        *drawn(rng, {"slices of all kinds": of_all_kinds}, case, times=15),
    ]


def read_verdict(value) -> tuple[bool, frozenset[str]]:
    promote, lost = pair(value, ("promote", "lost"))
    names = list(lost) if issubclass(type(lost), set | frozenset) else parts_of(lost)
    if names is None and parts_of(promote) is not None:
        raise Wrong("both values are there, but in the other order; the decision comes first.")
    if names is None:
        raise Wrong(
            "the second value should be a list of the names of the slices that lost, empty if "
            "none did."
        )
    return truth(promote, "decision"), frozenset(text(name, "name of a slice") for name in names)


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


def loses_more_than_the_margin(outcomes, margin, level):
    """A loss counts from the margin on."""
    _, lost = right_answer(outcomes, margin, level)
    lost = [name for name in lost if outcomes.slices[name].exact_gain < -abs(as_written(margin))]
    return reaches_margin(outcomes, margin) and not lost, lost


def rounded_gain(decimals: int):
    """A gate that rounds the gain before it compares."""
    return judge(clears=lambda outcomes, margin: round(outcomes.gain, decimals) >= margin)


ON_EDGES = [
    mistake(
        "small losses let off",
        "A sure loss is let off where it is smaller than the margin; the margin is about the "
        "gain on "
        "all rows.",
        loses_more_than_the_margin,
    ),
    mistake(
        "rounded gain",
        "A gain just below the margin passes here: is it rounded, or is there slack?",
        rounded_gain(3),
        rounded_gain(4),
        judge(clears=lambda outcomes, margin: outcomes.gain >= margin - 1e-4),
        judge(clears=lambda outcomes, margin: outcomes.gain >= margin - 1e-5),
    ),
]

QUESTION = Question(
    "03.3",
    cases,
    read=read_verdict,
    same=lambda a, b: a == b,
    otherwise=otherwise,
    then=[on_edges(NO_SLICES, case, otherwise), on_edges(EDGES, case, otherwise, ON_EDGES)],
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
