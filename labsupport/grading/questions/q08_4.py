"""08.4: the states of a rollout, and what cannot happen to it."""

from __future__ import annotations

from labsupport.grading.draws import on_edges
from labsupport.grading.exercise import Case, Question, mistake
from labsupport.grading.readers import Wrong, text

STEPS = ("shadow", "canary", "stages")
ON = dict(zip(STEPS, ("canary", "stages", "fleet"), strict=True))
FORBIDDEN = "forbidden"
TABLE = {
    **{(step, "pass"): to for step, to in ON.items()},
    **{(step, "hold"): step for step in STEPS},
    **{(step, "pause"): "paused" for step in STEPS},
    ("paused", "resume"): "resumed",
    **{(step, "harm"): "rolled back" for step in (*STEPS, "paused")},
    **{(step, "deadline"): "rolled back" for step in STEPS},
    **{(step, "abort"): "aborted" for step in (*STEPS, "paused")},
    ("fleet", "roll back"): "rolled back",
}
STATES = (*STEPS, "fleet", "paused", "rolled back", "aborted", FORBIDDEN)
ENDS = ("rolled back", "aborted")


def walk(table=None, resume=None, otherwise=lambda state, event: FORBIDDEN):
    """The right rule, with one thing after the other done otherwise.

    Parameters
    ----------
    table : edges that replace those of the table; None: it has no such edge.
    resume : resume(step) -> the state after a pause in that step; None: that step.
    otherwise : otherwise(state, event) -> the state after an event that the table does not have.
    """
    edges = {edge: to for edge, to in {**TABLE, **(table or {})}.items() if to is not None}
    resume = resume or (lambda step: step)

    def answer(events):
        state, before = "shadow", "shadow"
        for event in events:
            if state in STEPS:
                before = state
            state = edges.get((state, event)) or otherwise(state, event)
            if state == "resumed":
                state = resume(before)
            if state == FORBIDDEN:
                return state
        return state

    return answer


right_answer = walk()


def case(about, *events) -> Case:
    given = tuple(str(event) for event in events)
    return Case(about, (given,), right_answer(given))


def in_step(rng) -> tuple[str, ...]:
    """Events that lead to one of the steps, with holds in between."""
    drawn = []
    for _ in range(int(rng.integers(0, 3))):
        drawn += ["hold"] * int(rng.integers(0, 3)) + ["pass"]
    return tuple(drawn)


DETOUR = ("pause", "resume")
THROUGH = ("pass", "pass", "pass")


def cases(rng) -> list[Case]:
    drawn = [
        case("a version that passes every step", *THROUGH),
        case("passed once, and once more", "pass", *["pass"] * int(rng.integers(0, 2))),
        case("a step that holds", *in_step(rng), "hold"),
        case("a rollout that was in the fleet and is rolled back", *THROUGH, "roll back"),
    ]
    for before in ((), ("pass",), ("pass", "pass")):
        drawn += [
            case("a pass", *before, *["hold"] * int(rng.integers(0, 3)), "pass"),
            case("harm in a step", *before, "harm"),
            case("harm during a pause", *before, "pause", "harm"),
            case("an abort during a pause", *before, "pause", "abort"),
            case("an abort", *before, "abort"),
            case("a deadline that passes", *before, "hold", "deadline"),
            case("a pause that ends", *before, *DETOUR),
            case("a pause that ends, and a pass", *before, *DETOUR, "pass"),
            case("a hold during a pause", *before, "pause", "hold"),
            case("a pass during a pause", *before, "pause", "pass"),
            case("a deadline during a pause", *before, "pause", "deadline"),
            case("a resume without a pause", *before, "resume"),
            case("a rollback before the fleet", *before, "roll back"),
            case("an event that nobody knows", *before, f"event {int(rng.integers(0, 99))}"),
            case("something after a rollback", *before, "harm", str(rng.choice(LATER))),
            case("something after an abort", *before, "abort", str(rng.choice(LATER))),
        ]
    return drawn


LATER = ("pass", "hold", "resume", "harm", "abort", "roll back")


def fixed(*events):
    return lambda rng: events


EDGES = {
    "no event at all": fixed(),
    "a pause of a pause": fixed("pass", "pause", "pause"),
    "several pauses, each in another step": fixed(*(*DETOUR, "pass") * 2, *DETOUR, "hold"),
    "pauses and then the fleet": fixed(*DETOUR, *THROUGH),
    "a long row of holds": lambda rng: ["hold"] * int(rng.integers(50, 90)),
    "a pass in the fleet": fixed(*THROUGH, "pass"),
    "a hold in the fleet": fixed(*THROUGH, "hold"),
    "harm in the fleet": fixed(*THROUGH, "harm"),
    "a pause in the fleet": fixed(*THROUGH, "pause"),
    "a rollback that is ordered twice": fixed(*THROUGH, "roll back", "roll back"),
    "events after a forbidden one": fixed("resume", "pass", "pass"),
    "an event in capitals": fixed("Pass"),
    "an empty event": fixed("pass", ""),
    "an event that is the name of a state": fixed("canary"),
    "a rollback during a pause": fixed("pass", "pause", "roll back"),
    "a second resume": fixed(*DETOUR, "resume"),
}  # fmt: skip


def read(value) -> str:
    said = text(value, "state")
    if said not in STATES:
        raise Wrong("the state is none of the texts of the question, letter by letter.")
    return said


def otherwise(case: Case, said) -> str:
    if case.expected == FORBIDDEN:
        return f"Something happened here that the table does not have, on {case.about}."
    if said == FORBIDDEN:
        return f"This forbids what the table has, on {case.about}."
    return f"The rollout is in another state, on {case.about}."


def ignored(state, event):
    return state


def ends_stay(state, event):
    return state if state in ENDS else FORBIDDEN


def ends_left(state, event):
    return "shadow" if state in ENDS else FORBIDDEN


QUESTION = Question(
    "08.4",
    cases,
    read=read,
    same=lambda a, b: a == b,
    otherwise=otherwise,
    then=[on_edges(EDGES, case, otherwise)],
    verified="Every edge of the table is there and no other: no pause leads past a step, no end is "
    "left.",
    mistakes=[
        mistake(
            "no rollback from a pause",
            "Harm that shows during a pause is no event here; the canary still serves, so it has "
            "to go back.",
            walk({("paused", "harm"): None}),
            walk({("paused", "harm"): "paused"}),
        ),
        mistake(
            "no abort from a pause",
            "Nobody can abort during a pause here; it would have to be resumed first.",
            walk({("paused", "abort"): None}),
            walk({("paused", "abort"): "paused"}),
        ),
        mistake(
            "passed during a pause",
            "A pass moves the rollout on during a pause; paused means that nothing is judged.",
            walk({("paused", "pass"): "resumed"}),
            walk({("paused", "pass"): "resumed"}, resume=lambda step: ON[step]),
            walk({("paused", "pass"): "paused"}),
        ),
        mistake(
            "a deadline during a pause",
            "The deadline passes during a pause here; a pause stops its clock.",
            walk({("paused", "deadline"): "rolled back"}),
            walk({("paused", "deadline"): "paused"}),
        ),
        mistake(
            "a hold during a pause",
            "A hold is written down during a pause here; paused means that nothing is judged, so "
            "nothing can hold.",
            walk({("paused", "hold"): "paused"}),
        ),
        mistake(
            "straight to the fleet",
            "A step is left out on the way to the fleet.",
            walk({("shadow", "pass"): "fleet"}),
            walk({("canary", "pass"): "fleet"}),
            walk({("shadow", "pass"): "stages"}),
        ),
        mistake(
            "forbidden events are ignored",
            "An event that cannot happen is ignored here; then a log that was altered looks like a "
            "good one.",
            walk(otherwise=ignored),
        ),
        mistake(
            "unknown events are ignored",
            "An event that nobody knows is ignored here; it has to be refused like any other that "
            "the table does not have.",
            walk(
                otherwise=lambda state, event: (
                    FORBIDDEN if event in {known for _, known in TABLE} else state
                )
            ),
        ),
        mistake(
            "events after the end are ignored",
            "Something happens after the end here, and is ignored; nothing may follow an end.",
            walk(otherwise=ends_stay),
        ),
        mistake(
            "an end is left",
            "A rollout that has ended begins again here; that takes a new rollout.",
            walk(otherwise=ends_left),
        ),
        mistake(
            "resumed in the shadow",
            "After a pause the rollout begins in the shadow again; it has to go on where it was "
            "paused.",
            walk(resume=lambda step: "shadow"),
        ),
        mistake(
            "resumed a step further",
            "After a pause the rollout is a step further than before; a pause is no evidence.",
            walk(resume=lambda step: ON[step]),
        ),
        mistake(
            "a hold moves on",
            "A hold moves the rollout on; it says that nothing could be told.",
            walk({(step, "hold"): to for step, to in ON.items()}),
        ),
        mistake(
            "the fleet cannot go back",
            "What is in the fleet cannot be rolled back here; that is when it is needed most.",
            walk({("fleet", "roll back"): None}),
        ),
        mistake(
            "rolled back before the fleet",
            "The order to roll back works before the fleet as well; the table has it in the fleet "
            "only, and an abort before.",
            walk({(step, "roll back"): "rolled back" for step in STEPS}),
            walk({(step, "roll back"): "rolled back" for step in (*STEPS, "paused")}),
        ),
        mistake(
            "no harm in the shadow",
            "Harm in the shadow does not stop the rollout; nobody was hurt, and it is harm all the "
            "same.",
            walk({("shadow", "harm"): "shadow"}),
            walk({("shadow", "harm"): None}),
        ),
        mistake(
            "aborted is rolled back",
            "An abort and a rollback end in one state here; who reads the log wants to know which "
            "it was.",
            walk({(step, "abort"): "rolled back" for step in (*STEPS, "paused")}),
        ),
    ],
)
