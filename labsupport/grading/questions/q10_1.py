"""10.1: what each of a dozen changes to a pipeline is against, and where in it that lives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from labsupport.grading.calling import ask_for_one
from labsupport.grading.exercise import Case, Question, mistake
from labsupport.grading.readers import Wrong, an_object, pair, text

CHANCE, COST, DATA, QUALITY, NONE = DIFFICULTIES = (
    "nondeterminism",
    "cost",
    "data",
    "quality",
    "none",
)
TRIGGER, CHECKS, TRAINING, GATE, REGISTRY, ROLLOUT, MONITOR = STAGES = (
    "trigger",
    "checks",
    "training",
    "gate",
    "registry",
    "rollout",
    "monitor",
)


@dataclass(frozen=True)
class Place:
    """What is right to say of a change.

    Attributes
    ----------
    against : the difficulties that it answers, the one that comes to mind first in front.
    stages : where it may live, the usual one in front: what it looks at is there, and what it is to
        prevent has not happened yet.
    """

    against: tuple[str, ...]
    stages: tuple[str, ...]


PLACES = {
    "margin": Place((CHANCE, QUALITY), (GATE,)),
    "order": Place((CHANCE,), (TRAINING,)),
    "smoke test": Place((COST,), (CHECKS,)),
    "checkpoint": Place((COST,), (TRAINING,)),
    "volume": Place((COST, DATA), (TRIGGER, CHECKS, MONITOR)),
    "mix": Place((DATA,), (CHECKS, TRIGGER, MONITOR)),
    "lineage": Place((DATA, CHANCE), (CHECKS, TRIGGER, TRAINING, GATE, REGISTRY)),
    "slices": Place((QUALITY, DATA), (GATE, ROLLOUT)),
    "interval": Place((QUALITY,), (GATE,)),
    "canary": Place((QUALITY, DATA), (ROLLOUT,)),
    "unit tests": Place((NONE,), (CHECKS, TRIGGER)),
    "one build": Place((NONE,), (REGISTRY, ROLLOUT, MONITOR)),
}
Said = dict[str, tuple[str, str]]
RIGHT: Said = {name: (place.against[0], place.stages[0]) for name, place in PLACES.items()}


def word(value: object, name: str, known: tuple[str, ...]) -> str:
    said = text(value, name)
    if said not in known:
        raise Wrong(f"the {name} {said!r:.40} is none of {', '.join(known)}.")
    return said


def read(value: object) -> Said:
    """The answer's mapping in plain values, in the order of the question."""
    value = value[()] if getattr(value, "shape", None) == () else value  # an array without an axis
    if not issubclass(type(value), dict):
        kind = an_object(value)
        raise Wrong(f"the answer is {kind}; it should map each change to (difficulty, stage).")
    given = dict(dict.items(value))
    if missing := [name for name in PLACES if name not in given]:
        raise Wrong(f"the change {missing[0]!r} is missing.")
    if unknown := [name for name in given if name not in PLACES]:
        raise Wrong(f"the table has no change {unknown[0]!r:.40}.")
    said = {}
    for name in PLACES:
        difficulty, stage = pair(given[name], ("difficulty", "stage"))
        said[name] = (
            word(difficulty, f"difficulty of {name!r}", DIFFICULTIES),
            word(stage, f"stage of {name!r}", STAGES),
        )
    return said


def fits(name: str, said: tuple[str, str]) -> tuple[bool, bool]:
    """Whether the difficulty is right, and whether the stage is."""
    return said[0] in PLACES[name].against, said[1] in PLACES[name].stages


def right(case: Case, said: Said) -> bool:
    return all(all(fits(name, one)) for name, one in said.items())


def saying(**instead: tuple[str | None, str | None]) -> Callable[[], Said]:
    """The right answer but for some changes; None: as in the right one."""
    changed = {name.replace("_", " "): pair for name, pair in instead.items()}

    def answer() -> Said:
        said = dict(RIGHT)
        for name, (difficulty, stage) in changed.items():
            said[name] = (difficulty or RIGHT[name][0], stage or RIGHT[name][1])
        return said

    return answer


def misplaced(*names: str, stages: tuple[str, ...]) -> Callable:
    """Whether one of these changes stands wrongly in one of these stages."""

    def when(told) -> bool:
        said = told[0].said
        return any(said[n][1] in stages and not fits(n, said[n])[1] for n in names)

    return when


def mistaken(*names: str, for_: tuple[str, ...]) -> Callable:
    """Whether one of these changes is wrongly set against one of these difficulties."""

    def when(told) -> bool:
        said = told[0].said
        return any(said[n][0] in for_ and not fits(n, said[n])[0] for n in names)

    return when


EARLY, LATE = STAGES[:3], STAGES[4:]
COMPARISONS = ("margin", "slices", "interval")

QUESTION = Question(
    "10.1",
    lambda rng: [Case("", ())],
    read=read,
    same=lambda a, b: a == b,
    right=right,
    ask=ask_for_one,
    verified="Each change stands where it can see what it looks at and still prevent what it is "
    "for, against a difficulty that it answers.",
    mistakes=[
        mistake(
            "compared before there is a candidate",
            "Something is compared with the baseline where no candidate exists yet; training has "
            "to end first.",
            saying(margin=(None, TRAINING)),
            saying(slices=(None, CHECKS)),
            saying(interval=(None, TRIGGER)),
            when=misplaced(*COMPARISONS, stages=EARLY),
        ),
        mistake(
            "compared after the promotion",
            "A comparison on the holdout comes after the promotion that it should decide.",
            saying(margin=(None, REGISTRY)),
            saying(interval=(None, ROLLOUT)),
            saying(slices=(None, MONITOR)),
            when=misplaced(*COMPARISONS, stages=LATE),
        ),
        mistake(
            "tested before there is a snapshot",
            "A test that trains on a sample stands where it is only decided that a candidate is "
            "wanted; there is nothing to train on yet.",
            saying(smoke_test=(None, TRIGGER)),
            when=misplaced("smoke test", stages=(TRIGGER,)),
        ),
        mistake(
            "cheap check after dear training",
            "A check of minutes comes when hours of a cluster have been booked that it should have "
            "saved.",
            saying(smoke_test=(None, TRAINING)),
            saying(unit_tests=(None, GATE)),
            saying(mix=(None, GATE)),
            saying(mix=(None, REGISTRY), smoke_test=(None, GATE)),
            when=misplaced("smoke test", "unit tests", "mix", stages=STAGES[2:]),
        ),
        mistake(
            "served before the rollout",
            "The canary answers users, and before the rollout no version is there to answer them.",
            saying(canary=(None, GATE)),
            saying(canary=(None, REGISTRY)),
            saying(canary=(None, CHECKS)),
            when=misplaced("canary", stages=STAGES[:5]),
        ),
        mistake(
            "nobody left to go first",
            "When the fleet serves the candidate, all users have it; a small share of them should "
            "have had it before.",
            saying(canary=(None, MONITOR)),
            when=misplaced("canary", stages=(MONITOR,)),
        ),
        mistake(
            "outside of the training job",
            "What happens while the workers train has been put where no worker runs.",
            saying(order=(None, CHECKS)),
            saying(checkpoint=(None, REGISTRY)),
            saying(order=(None, GATE), checkpoint=(None, MONITOR)),
            when=misplaced("order", "checkpoint", stages=STAGES),
        ),
        mistake(
            "decided after it was done",
            "Whether there is enough to train on is asked after the training has begun.",
            saying(volume=(None, TRAINING)),
            saying(volume=(None, GATE)),
            when=misplaced("volume", stages=STAGES),
        ),
        mistake(
            "snapshot named too late",
            "A model names its snapshot when it has been handed on already; by then nobody knows "
            "for sure which one it was.",
            saying(lineage=(None, MONITOR)),
            saying(lineage=(None, ROLLOUT)),
            when=misplaced("lineage", stages=STAGES),
        ),
        mistake(
            "replicas before there is a build",
            "What all replicas serve is settled where no build has been promoted yet that they "
            "could serve.",
            saying(one_build=(None, TRAINING)),
            saying(one_build=(None, GATE)),
            saying(one_build=(None, CHECKS)),
            when=misplaced("one build", stages=STAGES),
        ),
        mistake(
            "what every library has",
            "A change is set against one of the four difficulties that a library without any model "
            "needs just as much.",
            saying(unit_tests=(COST, None)),
            saying(unit_tests=(QUALITY, None)),
            saying(one_build=(CHANCE, None)),
            saying(one_build=(DATA, None), unit_tests=(DATA, None)),
            when=mistaken("unit tests", "one build", for_=DIFFICULTIES),
        ),
        mistake(
            "no library has this",
            "A change is said to be needed by every library; think of one whose build takes a "
            "minute, always gives the same file, and passes its tests or does not.",
            saying(margin=(NONE, None)),
            saying(checkpoint=(NONE, None)),
            saying(canary=(NONE, None)),
            saying(mix=(NONE, None), lineage=(NONE, None)),
            when=mistaken(*PLACES, for_=(NONE,)),
        ),
        mistake(
            "rows taken for seeds",
            "An interval over the rows of the holdout knows nothing of a second training; that is "
            "another kind of luck.",
            saying(interval=(CHANCE, None)),
            when=mistaken("interval", for_=(CHANCE,)),
        ),
        mistake(
            "another run, another result",
            "What makes two runs of the same thing differ, or lives with that, is set against "
            "something else.",
            saying(order=(QUALITY, None)),
            saying(order=(COST, None)),
            saying(margin=(DATA, None)),
            when=mistaken("order", "margin", for_=DIFFICULTIES),
        ),
        mistake(
            "hours that are saved",
            "What saves hours of a cluster, whatever the model turns out to be, is set against "
            "something else.",
            saying(smoke_test=(QUALITY, None)),
            saying(checkpoint=(CHANCE, None)),
            saying(volume=(QUALITY, None)),
            when=mistaken("smoke test", "checkpoint", "volume", for_=DIFFICULTIES),
        ),
        mistake(
            "what comes in",
            "What asks for the rows that come in, and not for a score, is set against something "
            "else.",
            saying(mix=(QUALITY, None)),
            saying(mix=(CHANCE, None)),
            saying(lineage=(COST, None)),
            when=mistaken("mix", "lineage", for_=DIFFICULTIES),
        ),
        mistake(
            "a number, not yes or no",
            "What asks how good a model is, for whom, and how surely, is set against something "
            "else.",
            saying(slices=(COST, None)),
            saying(interval=(DATA, None)),
            saying(canary=(COST, None)),
            when=mistaken("slices", "interval", "canary", for_=DIFFICULTIES),
        ),
    ],
)
