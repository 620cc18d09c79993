"""05.1: the expected cost of a change, with the checks before training and after it."""

from __future__ import annotations

from labsupport.costs import Stage, expected_cost
from labsupport.grading.draws import arguments, between, drawn, magnitudes, on_edges
from labsupport.grading.exercise import Case, Question, equal, mistake
from labsupport.grading.readers import a_pair
from labsupport.grading.rounding import rounded, roundings

some = arguments(c=between(3, 200, 2), T=between(210, 900, 2), p=between(0.03, 0.9, 3))
EDGES = {
    "checks that stop nothing": some(p=0.0),
    "checks that stop all": some(p=1.0),
    "checks that stop hardly anything": some(p=magnitudes(1e-5, 1e-3)),
    "checks that cost nothing": some(c=0.0),
    "checks that cost more than training": some(c=between(950, 2000, 2)),
    "training that costs nothing": some(T=0.0),
    "costs of less than a cent": some(c=magnitudes(1e-6, 1e-5), T=magnitudes(1e-4, 1e-3)),
    "costs of millions": some(c=between(1e6, 9e6, 2), T=between(1e8, 9e8, 2)),
}


def case(about, c, T, p) -> Case:
    check, training = Stage("checks", c, p), Stage("training", T, 0)
    orders = [check, training], [training, check]
    return Case(about, (c, T, p), tuple(expected_cost(order) for order in orders))


def cases(rng) -> list[Case]:
    return drawn(rng, {"drawn costs": some()}, case, times=6)


def first(c, T, p):
    """The right cost with the checks first."""
    return c + (1 - p) * T


def right_answer(c, T, p):
    return first(c, T, p), T + c


def otherwise(case: Case, said) -> str:
    off = 1 if equal(said[0], case.expected[0]) else 0
    which = ("the checks", "training")[off]
    size = "low" if said[off] < case.expected[off] else "high"
    return (
        f"The cost with {which} first is too {size}, on {case.about}; try your function on the ten "
        "changes of the text, too."
    )


def says(place: int, *sums):
    """Whether one of the two numbers is one of these sums, whatever the other number is."""
    return lambda told: any(
        all(equal(said[place], of(*case.args)) for case, said in told) for of in sums
    )


def in_front(name: str, hint: str, *sums):
    """A mistake about the cost with the checks first, recognised beside any second number."""
    answers = (lambda c, T, p, of=of: (of(c, T, p), T + c) for of in sums)
    return mistake(name, hint, *answers, when=says(0, *sums))


def behind(name: str, hint: str, *sums):
    """A mistake about the cost with training first, recognised beside any first number."""
    answers = (lambda c, T, p, of=of: (first(c, T, p), of(c, T, p)) for of in sums)
    return mistake(name, hint, *answers, when=says(1, *sums))


QUESTION = Question(
    "05.1",
    cases,
    read=a_pair("cost with checks first", "cost with training first"),
    otherwise=otherwise,
    then=[on_edges(EDGES, case, otherwise)],
    verified="For costs of every size and catch rates from none to all, the two costs are those "
    "of the "
    "lab's own pipelines.",
    mistakes=[
        mistake(
            "costs swapped",
            "The two costs have changed places.",
            lambda c, T, p: (T + c, first(c, T, p)),
        ),
        mistake(
            "savings",
            "These are savings; the question asks what a change costs in either order.",
            lambda c, T, p: (p * T, 0.0),
            lambda c, T, p: (p * T - c, 0.0),
            lambda c, T, p: (p * T - c, -c),
        ),
        mistake(
            "per caught defect",
            "These are costs per caught defect; the question asks for the mean over all changes.",
            lambda c, T, p: (first(c, T, p) / p, (T + c) / p),
        ),
        mistake(
            "per passing change",
            "These are costs per change that passes; the question asks for the mean over all "
            "changes.",
            lambda c, T, p: (first(c, T, p) / (1 - p), (T + c) / (1 - p)),
        ),
        in_front(
            "catch rate not used",
            "With the checks first every change is trained here, the stopped ones as well.",
            lambda c, T, p: c + T,
        ),
        in_front(
            "checks for free",
            "The checks' own cost is missing: every change pays for them, the ones they let "
            "through as well.",
            lambda c, T, p: (1 - p) * T,
        ),
        in_front(
            "only stopped changes pay for the checks",
            "Only the changes that are stopped pay for the checks here; they ran for the others, "
            "too.",
            lambda c, T, p: p * c + (1 - p) * T,
        ),
        in_front(
            "catch rate on the wrong stage",
            "The catch rate is on the wrong stage: it makes cheaper what comes after the checks, "
            "never the checks.",
            lambda c, T, p: (1 - p) * c + T,
        ),
        in_front(
            "stopped changes pay nothing",
            "The checks run for every change, but here the ones they stop do not pay for them.",
            lambda c, T, p: (1 - p) * (c + T),
        ),
        in_front(
            "trains the stopped",
            "This trains the changes that were stopped, and not the others.",
            lambda c, T, p: c + p * T,
        ),
        in_front(
            "a stopped change only",
            "The first number is what a stopped change costs; average it with the changes that go "
            "on to training.",
            lambda c, T, p: c,
        ),
        in_front(
            "rate in percent",
            "A catch rate is a share from zero to one, here and everywhere in this lab, not a "
            "percentage.",
            lambda c, T, p: first(c, T, p / 100),
        ),
        behind(
            "late checks save",
            "Training that has run is paid for: checks after it save nothing, whatever they find.",
            first,
            lambda c, T, p: T + (1 - p) * c,
            lambda c, T, p: (1 - p) * (T + c),
        ),
        behind(
            "only caught changes pay for late checks",
            "With training first, only the changes that are caught pay for the checks here; the "
            "checks run for all.",
            lambda c, T, p: T + p * c,
        ),
        behind(
            "trained again",
            "What is caught after training is trained once more here; that is another change, "
            "which pays for itself.",
            lambda c, T, p: T + c + p * T,
            lambda c, T, p: T + c + p * (T + c),
        ),
        behind(
            "training alone",
            "The second number is the cost of training alone; in this question the checks run "
            "anyway, after training.",
            lambda c, T, p: T,
        ),
        mistake(
            "all ten changes",
            "These are the costs of ten changes; the question asks for one, on average.",
            lambda c, T, p: (10 * first(c, T, p), 10 * (T + c)),
        ),
        rounded(*roundings(right_answer, 0, 1, 2)),
    ],
)
