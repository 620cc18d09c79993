"""05.1: the expected cost of a change, with the checks before training and after it."""

from __future__ import annotations

from labsupport.costs import Stage, expected_cost
from labsupport.grading.exercise import Case, Question, Round, equal, mistake
from labsupport.grading.readers import a_pair


def draw(rng) -> tuple[float, float, float]:
    """Cost of the checks, cost of training, catch rate."""
    T = round(float(rng.uniform(50, 900)), 2)
    c = round(T * float(rng.uniform(0.01, 0.6)), 2)
    return c, T, round(float(rng.uniform(0.03, 0.9)), 3)


def case(about, c, T, p) -> Case:
    check, training = Stage("checks", c, p), Stage("training", T, 0)
    orders = [check, training], [training, check]
    return Case(about, (c, T, p), tuple(expected_cost(order) for order in orders))


def cases(rng) -> list[Case]:
    return [case("drawn costs", *draw(rng)) for _ in range(6)]


def ends(rng) -> list[Case]:
    return [
        case("checks that stop nothing", 5.0, 80.0, 0.0),
        case("checks that stop all", 5.0, 80.0, 1.0),
    ]


def first(c, T, p):
    """The right cost with the checks first."""
    return c + (1 - p) * T


def otherwise(case: Case, said) -> str:
    which = "training" if equal(said[0], case.expected[0]) else "the checks"
    return (
        f"The cost with {which} first is not right, on {case.about}; list who pays for what, stage "
        "by stage."
    )


QUESTION = Question(
    "05.1",
    cases,
    read=a_pair("cost with checks first", "cost with training first"),
    otherwise=otherwise,
    then=[Round(ends, otherwise=otherwise)],
    verified="For drawn costs and catch rates, and at both ends, the two costs are those of the "
    "lab's own pipelines.",
    mistakes=[
        mistake(
            "checks for free",
            "The checks' own cost is missing: every change pays for them, the ones they let "
            "through as well.",
            lambda c, T, p: ((1 - p) * T, T),
            lambda c, T, p: ((1 - p) * T, T + c),
        ),
        mistake(
            "catch rate on the wrong stage",
            "The catch rate is on the wrong stage: it makes cheaper what comes after the checks, "
            "never the checks.",
            lambda c, T, p: ((1 - p) * c + T, T + c),
        ),
        mistake(
            "stopped changes pay nothing",
            "The checks run for every change, but here the ones they stop do not pay for them.",
            lambda c, T, p: ((1 - p) * (c + T), T + c),
        ),
        mistake(
            "trains the stopped",
            "This trains the changes that were stopped, and not the others.",
            lambda c, T, p: (c + p * T, T + c),
        ),
        mistake(
            "late checks save",
            "Training that has run is paid for: checks after it save nothing, whatever they find.",
            lambda c, T, p: (first(c, T, p), first(c, T, p)),
            lambda c, T, p: (first(c, T, p), T + (1 - p) * c),
        ),
        mistake(
            "training alone",
            "The second number is the cost of training alone; in this question the checks run "
            "anyway, after training.",
            lambda c, T, p: (first(c, T, p), T),
        ),
        mistake(
            "costs swapped",
            "The two costs have changed places.",
            lambda c, T, p: (T + c, first(c, T, p)),
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
        mistake(
            "a stopped change only",
            "The first number is what a stopped change costs; average it with the changes that go "
            "on to training.",
            lambda c, T, p: (c, T + c),
        ),
        mistake(
            "rate in percent",
            "A catch rate is a share from zero to one, here and everywhere in this lab, not a "
            "percentage.",
            lambda c, T, p: (first(c, T, p / 100), T + c),
        ),
        mistake(
            "rounded",
            "The costs are rounded; return them as they come, and round when you print.",
            *(lambda c, T, p, d=d: (round(first(c, T, p), d), round(T + c, d)) for d in (0, 1, 2)),
        ),
    ],
)
