"""07.3: what is left to do after a kill, so that nothing is trained twice and nothing is lost."""

from __future__ import annotations

from labsupport.grading.draws import on_edges
from labsupport.grading.exercise import Case, Question, mistake
from labsupport.grading.readers import Wrong, listed, parts_of, text

STEPS = ("train", "record", "judge")


def right_answer(asked, log, stored):
    left = []
    for name in dict.fromkeys(asked):
        if (name, "trained") not in log:
            left.append((name, "record" if name in stored else "train"))
        if (name, "judged") not in log:
            left.append((name, "judge"))
    return left


def case(about, asked, log, stored) -> Case:
    given = tuple(asked), tuple(log), tuple(stored)
    return Case(about, given, tuple(right_answer(*given)))


def names(rng, n: int) -> list[str]:
    """Digests are short here, and in no order that means anything."""
    return [f"{number:05x}" for number in rng.choice(2**20, n, replace=False).tolist()]


def done(*finished: str) -> list[tuple[str, str]]:
    return [(name, step) for name in finished for step in ("trained", "judged")]


def cases(rng) -> list[Case]:
    drawn = []
    for _ in range(3):
        a, b, c, d = names(rng, 4)
        asked = [a, b, c, d]
        drawn += [
            case("a run that was not begun", asked, [], []),
            case("a run killed while it trained", asked, done(a, b), [a, b]),
            case("a run killed between model and log", asked, done(a), [a, b]),
            case("a run killed before it judged", asked, [*done(a), (b, "trained")], [a, b]),
            case("a run that was finished", asked, done(a, b, c, d), asked),
            case("a request that came twice", [a, b, a, c], done(b), [b]),
            case("two that trained at once", asked, [(b, "trained"), *done(a)], [a, b, c]),
        ]
    return drawn


def of(n: int, given):
    """A state of n candidates: given(*names) -> asked, log, stored."""
    return lambda rng: given(*names(rng, n))


EDGES = {
    "no request": of(1, lambda x: ([], done(x), [x])),
    "no request and nothing done": of(1, lambda x: ([], [], [])),
    "a single request": of(1, lambda x: ([x], [], [])),
    "a single request, killed before its log": of(1, lambda x: ([x], [], [x])),
    "a single request, killed before its verdict": of(1, lambda x: ([x], [(x, "trained")], [x])),
    "a log of candidates that nobody asks for now": of(
        4, lambda a, b, c, d: ([c, d], done(a, b), [a, b])
    ),
    "a log of a candidate that nobody asks for and that waits": of(
        3, lambda a, b, c: ([b, c], [(a, "trained"), *done(b)], [a, b])
    ),
    "names of which one holds the other": of(
        2, lambda a, b: ([a, a + b, b], [(a + b, "trained")], [a + b])
    ),
    "a store with models that nobody asks for now": of(
        4, lambda a, b, c, d: ([c, d], [], [a, b, d])
    ),
    "a log in another order than the requests": of(
        4, lambda a, b, c, d: ([a, b, c, d], [*done(d), (b, "trained")], [d, b, c])
    ),
    "a later candidate done before an earlier one": of(
        3, lambda a, b, c: ([a, b, c], done(c), [c])
    ),
    "the same request three times": of(2, lambda a, b: ([a, b, a, a], [(a, "trained")], [a])),
    "requests that came twice and are done": of(2, lambda a, b: ([a, b, b, a], done(a, b), [a, b])),
    "two killed between model and log": of(3, lambda a, b, c: ([a, b, c], [], [b, c])),
}


def read(value) -> tuple[tuple[str, str], ...]:
    what = "one pair (name, step) for each thing to do"
    pairs = [parts_of(part) for part in listed(value, what)]
    if any(pair is None or len(pair) != 2 for pair in pairs):
        raise Wrong(f"the list holds something else than pairs; it should hold {what}.")
    plain = tuple((text(name, "name"), text(step, "step")) for name, step in pairs)
    if plain and all(name in STEPS for name, _ in plain):
        raise Wrong("the pairs are turned round; the name comes first, then the step.")
    if any(step not in STEPS for _, step in plain):
        raise Wrong("a step is none of the three words of the question, letter by letter.")
    return plain


def otherwise(case: Case, said) -> str:
    if sorted(said) == sorted(case.expected):
        return f"What is left is right and its order is not, on {case.about}."
    return f"What is left to do is something else, on {case.about}."


def without(step: str):
    return lambda *given: [pair for pair in right_answer(*given) if pair[1] != step]


def trained_means_done(asked, log, stored):
    seen = {name for name, _ in log}
    return right_answer([name for name in asked if name not in seen], log, stored)


QUESTION = Question(
    "07.3",
    cases,
    read=read,
    same=lambda a, b: a == b,
    otherwise=otherwise,
    then=[on_edges(EDGES, case, otherwise)],
    verified="Wherever it was killed, the run is taken up there: nothing is trained twice, nothing "
    "is lost.",
    mistakes=[
        mistake(
            "from the start",
            "Everything is done again from the start, what the log says is done included.",
            lambda asked, log, stored: right_answer(asked, (), ()),
            lambda asked, log, stored: right_answer(asked, (), stored),
        ),
        mistake(
            "trained twice",
            "A model that lies whole in the store is trained again; it was only the log that was "
            "not told.",
            lambda asked, log, stored: right_answer(asked, log, ()),
        ),
        mistake(
            "judged twice",
            "A candidate that the log has as judged is judged again.",
            lambda asked, log, stored: [
                pair
                for name in dict.fromkeys(asked)
                for pair in [*right_answer([name], log, stored)[:-1], (name, "judge")]
                if pair[1] != "train" or (name, "trained") not in log
            ],
            lambda asked, log, stored: right_answer(
                asked, [event for event in log if event[1] != "judged"], stored
            ),
        ),
        mistake(
            "recorded after training",
            "A training that is still to come is recorded once more here; the step that trains "
            "writes to the log itself.",
            lambda asked, log, stored: [
                step
                for name, what in right_answer(asked, log, stored)
                for step in [(name, what), (name, "record")][: 1 + (what == "train")]
            ],
        ),
        mistake(
            "trained means done",
            "A candidate that was trained and not judged gets lost: it is in the log, but it is "
            "not done.",
            trained_means_done,
        ),
        mistake(
            "stored means logged",
            "A model in the store counts as recorded here; but the log, which others read, was "
            "never told.",
            without("record"),
        ),
        mistake(
            "requests served twice",
            "A request that came twice is served twice; the same name is the same candidate.",
            lambda asked, log, stored: [
                pair for name in asked for pair in right_answer([name], log, stored)
            ],
        ),
        mistake(
            "stops at the judging",
            "What is trained here is never judged, so it waits for ever.",
            without("judge"),
        ),
        mistake(
            "one step at a time over all",
            "All trainings come before the first verdict; finish one candidate before the next, as "
            "the log does.",
            lambda *given: sorted(right_answer(*given), key=lambda pair: pair[1] == "judge"),
        ),
    ],
)
