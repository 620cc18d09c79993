"""09.4: quality, judge, attacks and over-blocking in one conjunction, each on exact bounds."""

from __future__ import annotations

from collections.abc import Callable

from labsupport.grading.conjunction import (
    ATTACKS,
    BLOCK,
    BLOCKING,
    JUDGE,
    OPEN,
    PROMOTE,
    QUALITY,
    at_most,
    both_examined,
    decided,
    judged,
    of_family,
    of_quality,
)
from labsupport.grading.draws import on_edges
from labsupport.grading.exercise import Case, Question, mistake
from labsupport.grading.readers import Wrong, one_of, pair, parts_of, text

right_answer = judged()


def case(about, *given) -> Case:
    return Case(about, given, right_answer(*given))


# The cases

FAMILIES = ("role play", "translation", "encoding", "continuation", "authority", "direct request")
BETTER, EVEN, WORSE = (60, 20), (40, 36), (20, 60)


def gain(rng, kind=BETTER, errors=0) -> tuple[int, int, int, int]:
    better, worse = (count + int(rng.integers(0, 6)) for count in kind)
    return better, worse, int(rng.integers(100, 300)), errors


def tight(rng, errors=0) -> tuple[int, int, int]:
    """Nearly all hold, of many."""
    return int(rng.integers(150, 300)), int(rng.integers(0, 3)), errors


def hole(rng) -> tuple[int, int, int]:
    return int(rng.integers(20, 40)), int(rng.integers(40, 60)), 0


def untold(rng) -> tuple[int, int, int]:
    """None that works, of too few to tell."""
    return int(rng.integers(3, 12)), 0, 0


def attacked(rng, *others, tried=tight) -> dict:
    """Families that hold, and some that are as is said, at any place."""
    names = [str(name) for name in rng.permutation(FAMILIES)[: 3 + len(others)]]
    counts = [tried(rng) for _ in range(3)] + [other(rng) for other in others]
    order = rng.permutation(len(counts))
    return {name: counts[i] for name, i in zip(names, order, strict=True)}


def given(
    quality=gain, approved=(True, True), attacks=attacked, allowed=tight, most=None
) -> Callable:
    """Arguments, each one's own or drawn so that its check passes."""

    def draw(rng):
        drawn = (part(rng) if callable(part) else part for part in (quality, attacks, allowed))
        of, families, benign = drawn
        bound = round(float(rng.uniform(0.09, 0.11)), 3) if most is None else most
        return of, approved, families, benign, bound

    return draw


def families(*others, **options):
    return lambda rng: attacked(rng, *others, **options)


def of(kind, errors=0):
    return lambda rng: gain(rng, kind, errors)


def held(good, worked=0) -> Callable:
    """Just enough to tell, or just too few: ends of another kind or level lie on the other side."""
    return lambda rng: (good, worked, 0)


def failing(rng) -> tuple[int, int, int]:
    """None that works, and most end in an error: what is left is too little to tell."""
    return int(rng.integers(8, 14)), 0, int(rng.integers(40, 60))


def some_errors(rng) -> tuple[int, int, int]:
    """Open with its errors, shown to hold without them."""
    return int(rng.integers(110, 120)), 2, int(rng.integers(12, 16))


def not_tried(rng) -> tuple[int, int, int]:
    return 0, 0, 0


MIDDLE = {
    "a candidate that is better and holds": given(),
    "a gain with a new hole": given(attacks=families(hole)),
    "a gain with two new holes": given(attacks=families(hole, hole)),
    "a gain that chance may have made": given(of(EVEN)),
    "a candidate that is worse": given(of(WORSE)),
    "a judge that was refused on the candidate's answers": given(approved=(True, False)),
    "a judge that was refused on the baseline's answers": given(approved=(False, True)),
    "a judge that was never examined": given(approved=(None, None)),
    "a loss that a refused judge reports": given(of(WORSE), (False, False)),
    "a family of which too few were tried": given(attacks=families(untold)),
    "a hole beside a family of which too few were tried": given(attacks=families(hole, untold)),
    "a family whose attacks mostly end in errors": given(attacks=families(failing)),
    "a family that a few errors leave open": given(attacks=families(some_errors)),
    "a guard that blocks what is allowed": given(allowed=hole),
    "a hole, and a guard that blocks what is allowed": given(attacks=families(hole), allowed=hole),
    "allowed questions that mostly end in errors": given(allowed=failing),
    "a gain that is none with the errors counted": given(of((50, 20), 40)),
    "a chance gain beside a hole": given(of(EVEN), attacks=families(hole)),
}


def cases(rng) -> list[Case]:
    return [case(about, *draw(rng)) for about, draw in MIDDLE.items()]


EDGES = {
    "no task at all": given((0, 0, 0, 0)),
    "no family at all": given(attacks={}),
    "a family of which nothing was tried": given(attacks=families(not_tried)),
    "no allowed question": given(allowed=(0, 0, 0)),
    "nothing measured at all": given((0, 0, 0, 0), (None, None), {}, (0, 0, 0)),
    "tasks on which both always agree": given((0, 0, 200, 0)),
    "tasks of which all end in errors": given((0, 0, 0, 80)),
    "a gain on every task": given((60, 0, 0, 0)),
    "a single family": given(attacks=lambda rng: {"role play": tight(rng)}),
    "a bound of one half": given(attacks=families(untold), most=0.5),
    "a bound of zero": given(most=0.0),
    "a bound of one": given(attacks=families(hole, failing), allowed=hole, most=1.0),
    "a bound of one, and a candidate that is worse": given(of(WORSE), most=1.0),
    "a judge examined on one side alone": given(approved=(True, None)),
    "a family that is just large enough to tell": given(attacks=families(held(36)), most=0.1),
    "a family that is one attack too small to tell": given(attacks=families(held(52, 1)), most=0.1),
    "a small family of which a quarter worked": given(attacks=families(held(18, 6)), most=0.1),
    "a gain of forty tasks against twenty": given((40, 20, 240, 0)),
    "a gain of sixteen tasks against six": given((16, 6, 200, 0)),
    "everything open": given(of(EVEN), attacks=families(tried=untold), allowed=untold),
    "everything failed": given(
        of(WORSE), (False, False), attacks=families(tried=hole), allowed=hole
    ),
}


NOTHING = tuple(EDGES)[:5]  # in which something was not measured


def read(value) -> tuple[str, frozenset]:
    decision, names = pair(value, ("decision", "names"))
    said = one_of(decision, "decision", (PROMOTE, BLOCK, OPEN))
    if issubclass(type(names), set | frozenset):
        names = list(names)
    if issubclass(type(names), str):
        raise Wrong("the names are one text; put it into a list, there may be several.")
    parts = parts_of(names)
    if parts is None:
        raise Wrong("the names are no list; it should hold the names of checks, or nothing.")
    return said, frozenset(text(name, "name of a check") for name in parts)


# What is said


def otherwise(case: Case, said) -> str:
    decision = case.expected[0]
    if said[0] == decision:
        return f"The decision is right and the names are not, on {case.about}."
    if said[0] == PROMOTE:
        return f"This promotes what has not passed, on {case.about}."
    if decision == PROMOTE:
        return f"This does not promote what has passed throughout, on {case.about}."
    if said[0] == BLOCK:
        return f"This blocks although nothing has failed, on {case.about}."
    return f"This leaves open what has failed, on {case.about}."


def in_one_pot(families, most, at_most, counted) -> dict:
    """All families added up; the name is that of the worst."""
    if not families:
        return {ATTACKS: False}
    counts = [counted(*one) for one in families.values()]
    bad, tried = (sum(column) for column in zip(*counts, strict=True))
    worst = max(families, key=lambda name: counted(*families[name])[0])
    return {worst: at_most(bad, tried, most)}


def without_untried(families, most, at_most, counted) -> dict:
    tried = {name: counts for name, counts in families.items() if sum(counts)}
    return of_family(tried, most, at_most, counted)


def first_only(checks) -> tuple:
    """The first that failed, or else the first that is open."""
    decision, names = decided(checks)
    return decision, frozenset([name for name in checks if name in names][:1])


def all_not_passed(checks) -> tuple:
    return decided(checks)[0], frozenset(n for n, passed in checks.items() if passed is not True)


def without_names(checks) -> tuple:
    return decided(checks)[0], frozenset()


def of_passed(checks) -> tuple:
    return decided(checks)[0], frozenset(n for n, passed in checks.items() if passed is True)


def most_of_them(checks) -> tuple:
    """What most checks say."""
    for decision, found in ((PROMOTE, True), (BLOCK, False)):
        if 2 * sum(passed is found for passed in checks.values()) > len(checks):
            return decision, decided(checks)[1] if decision == BLOCK else frozenset()
    return OPEN, frozenset(name for name, passed in checks.items() if passed is None)


def open_first(checks) -> tuple:
    names = frozenset(name for name, passed in checks.items() if passed is None)
    return (OPEN, names) if names else decided(checks)


def open_as(as_what: bool) -> Callable:
    return lambda checks: decided({n: as_what if p is None else p for n, p in checks.items()})


def traded(checks) -> tuple:
    """A gain makes up for what an attack or a block costs."""
    if checks[QUALITY] is True and checks[JUDGE] is True:
        return PROMOTE, frozenset()
    return decided(checks)


def ignoring(*names) -> Callable:
    return lambda checks: decided({n: p for n, p in checks.items() if n not in names})


def no_attacks(families, most, at_most, counted) -> dict:
    return {}


def measured_only(bad, tried, most) -> bool | None:
    return at_most(bad, tried, most) if tried else True


def by_points(bad, tried, most) -> bool:
    return tried > 0 and bad / tried <= most


def never_seen(bad, tried, most) -> bool | None:
    """None that works is enough, of however few."""
    return True if tried and not bad else at_most(bad, tried, most)


def none_may_work(bad, tried, most) -> bool:
    return tried > 0 and bad == 0


def of_all_tasks(quality) -> bool | None:
    """As if the tasks on which both agree were lost."""
    better, worse, same, failed = quality
    return of_quality((better, worse + same, 0, failed))


def judge_first(checks) -> tuple:
    """Without an approved judge nothing else is looked at."""
    return decided(checks) if checks[JUDGE] is True else (BLOCK, frozenset({JUDGE}))


def points_ahead(better, worse) -> bool | None:
    return better > worse


QUESTION = Question(
    "09.4",
    cases,
    read=read,
    same=lambda a, b: a == b,
    otherwise=otherwise,
    then=[
        on_edges(
            EDGES,
            case,
            otherwise,
            [
                mistake(
                    "nothing measured has passed",
                    "What nobody measured passes here; without a task, a family, an attack or an "
                    "allowed question there is nothing that could have.",
                    judged(at_most=measured_only),
                    judged(families=without_untried),
                    judged(families=lambda *given: of_family(*given) if given[0] else {}),
                    judged(quality=lambda of: of_quality(of) if sum(of) else True),
                    when=lambda told: any(
                        case.about in NOTHING and said[0] == PROMOTE for case, said in told
                    ),
                ),
                mistake(
                    "a refused judge ends it",
                    "Where the judge is not approved, nothing else is named; what failed beside it "
                    "is wanted, too, and only the quality is not looked at.",
                    judged(decided=judge_first),
                ),
            ],
        )
    ],
    verified="Every check has to pass on its own, errors included; what failed is named, and what "
    "cannot be told is not promoted.",
    mistakes=[
        mistake(
            "quality alone decides",
            "The quality decides alone; a gain may come with a hole, and then the hole decides.",
            judged(decided=ignoring(JUDGE, BLOCKING), families=no_attacks),
            judged(decided=ignoring(BLOCKING), families=no_attacks),
        ),
        mistake(
            "a gain makes up for a hole",
            "A gain makes up for what failed here; nothing does, each check has to pass.",
            judged(decided=traded),
        ),
        mistake(
            "most checks decide",
            "What most checks say is what counts here; one that failed is enough to block.",
            judged(decided=most_of_them),
        ),
        mistake(
            "attacks not looked at",
            "No attack ever stops the candidate.",
            judged(families=no_attacks),
        ),
        mistake(
            "families in one pot",
            "The families are added up, and where most of them hold, one that does not is lost in "
            "the sum.",
            judged(families=in_one_pot),
            when=lambda told: any(
                case.about == "a gain with a new hole" and said[0] in (PROMOTE, OPEN)
                for case, said in told
            ),
        ),
        mistake(
            "over-blocking not looked at",
            "A guard that blocks what is allowed passes; the safest assistant says nothing.",
            judged(decided=ignoring(BLOCKING)),
        ),
        mistake(
            "judge not looked at",
            "A gain counts here although its judge was not approved; it may be the judge's, and "
            "not the candidate's.",
            judged(approved=lambda approved: True),
        ),
        mistake(
            "a judge for one side",
            "One side's approval is enough here; a judge that is more lenient with one version "
            "makes a gain out of that.",
            judged(approved=any),
            judged(approved=lambda approved: approved[0] is True),
            judged(approved=lambda approved: approved[1] is True),
        ),
        mistake(
            "never examined is approved",
            "A judge that nobody has examined counts as approved; only a passed examination is.",
            judged(approved=lambda approved: False not in approved),
        ),
        mistake(
            "a refused judge is believed",
            "What a refused judge says of the quality is still in the names; it counts neither "
            "for the candidate nor against it.",
            judged(unapproved=lambda passed: passed),
            judged(unapproved=lambda passed: False),
            judged(unapproved=lambda passed: passed and None),
        ),
        mistake(
            "a refused judge leaves it open",
            "Without an approved judge this is left open; more tasks would not help, so it blocks.",
            judged(approved=lambda approved: both_examined(approved) or None),
        ),
        mistake(
            "errors left out",
            "Errors are left out of the count; what ended in an error was tried, and has not gone "
            "well.",
            judged(
                counted=lambda good, bad, errors: (bad, good + bad),
                quality=lambda of: of_quality(of, errors=False),
            ),
            judged(counted=lambda good, bad, errors: (bad, good + bad)),
            judged(quality=lambda of: of_quality(of, errors=False)),
        ),
        mistake(
            "errors counted as good",
            "An error counts as an attack that was held, or as a question that was answered.",
            judged(counted=lambda good, bad, errors: (bad, good + bad + errors)),
            judged(
                counted=lambda good, bad, errors: (bad, good + bad + errors),
                quality=lambda of: of_quality(of, errors=False),
            ),
        ),
        mistake(
            "shares instead of bounds",
            "The shares are compared with the bound and not their intervals, so nothing is ever "
            "open.",
            judged(at_most=by_points),
            judged(at_most=by_points, quality=lambda of: of_quality(of, ahead=points_ahead)),
        ),
        mistake(
            "a gain by points",
            "Any lead in the tasks is a gain here; of two equal versions one nearly always leads.",
            judged(quality=lambda of: of_quality(of, ahead=points_ahead)),
        ),
        mistake(
            "tasks on which both agree",
            "The tasks on which both are right, or neither, are counted against the candidate; "
            "they tell the two sides apart as little as no task at all.",
            judged(quality=of_all_tasks),
        ),
        mistake(
            "none of a few is enough",
            "A few attacks of which none works pass here; so few cannot show that the rate is low.",
            judged(at_most=never_seen),
        ),
        mistake(
            "no attack may work at all",
            "A single attack that works fails the family; asked is whether the rate is shown to be "
            "within the bound.",
            judged(at_most=none_may_work),
        ),
        mistake(
            "what is open passes",
            "What cannot be told passes; not refuted is not shown.",
            judged(decided=open_as(True)),
        ),
        mistake(
            "what is open fails",
            "What cannot be told blocks; there are three decisions, and this one asks for more "
            "data.",
            judged(decided=open_as(False)),
        ),
        mistake(
            "open before failed",
            "Something open keeps this from blocking although another check has failed; more data "
            "would change nothing.",
            judged(decided=open_first),
        ),
        mistake(
            "only one name",
            "One check is named where several failed; whoever repairs the candidate wants all.",
            judged(decided=first_only),
            when=lambda told: all(
                said[0] == case.expected[0]
                and len(said[1]) == min(1, len(case.expected[1]))
                and said[1] <= case.expected[1]
                for case, said in told
            ),
        ),
        mistake(
            "open checks among the failed",
            "Where a check failed, those that are open are named as well; they are not why it is "
            "blocked.",
            judged(decided=all_not_passed),
        ),
        mistake(
            "no name",
            "No check is ever named.",
            judged(decided=without_names),
        ),
        mistake(
            "what passed is named",
            "The checks that passed are named; asked is for those that stand in the way.",
            judged(decided=of_passed),
        ),
    ],
)
