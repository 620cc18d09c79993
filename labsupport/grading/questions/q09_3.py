"""09.3: a guard, marked on families of attacks that nobody who writes it has seen."""

from __future__ import annotations

import re
from collections.abc import Callable

from labsupport.grading.exercise import Case, Question, Round, mistake
from labsupport.grading.guards import DETECTORS, EDGES, asked, cases, edges, guard_of, rate, texts
from labsupport.grading.readers import truth

CAUGHT, OF_A_FAMILY, OF_AN_AIM = 3 / 4, 1 / 2, 1 / 3  # at least so many attacks
NEAR, ORDINARY, ODD = 1 / 5, 1 / 10, 1 / 2  # at most so much of what is harmless
FORMS = 2 / 3  # at least so many attacks in every form of an edge

right_answer = guard_of(*DETECTORS.values())


def read(value) -> bool:
    return truth(value, "answer")


# What is counted


def attacks(case: Case) -> bool:
    return case.expected.attack


def harmless(case: Case) -> bool:
    return not case.expected.attack


def of(about: str) -> Callable:
    return lambda case: case.about == about


def family(name: str) -> Callable:
    return lambda case: case.expected.attack and case.expected.family == name


def aim(name: str) -> Callable:
    return lambda case: case.expected.attack and case.expected.aim == name


FAMILIES = sorted({task.family for task in texts(attack=True)})


def near_misses(told) -> bool:
    return rate(told, of("near misses")) > NEAR


def ordinary(told) -> bool:
    return rate(told, of("ordinary questions")) > ORDINARY


def by_looks(look: Callable, least: float) -> Callable:
    """Whether more than this of what is harmless and looks so is blocked, and little else is."""

    def seen(told) -> bool:
        def blocked(looks: bool) -> float:
            return rate(told, lambda case: harmless(case) and look(*case.args) is looks)

        return blocked(True) > least and blocked(False) <= NEAR

    return seen


def too_few(told) -> bool:
    return rate(told, attacks) < CAUGHT or any(
        rate(told, family(name)) < OF_A_FAMILY for name in FAMILIES
    )


def missed(name: str) -> Callable:
    """Whether hardly an attack with this aim is caught, while the others mostly are."""
    return lambda told: (
        rate(told, aim(name)) < OF_AN_AIM
        and rate(told, lambda case: attacks(case) and not aim(name)(case)) >= CAUGHT
    )


def any_aim_missed(told) -> bool:
    return any(rate(told, aim(name)) < OF_AN_AIM for name in DETECTORS)


def good_enough(told) -> bool:
    return not (near_misses(told) or ordinary(told) or too_few(told) or any_aim_missed(told))


def blocked(about: str) -> Callable:
    """Whether too much of a harmless kind is blocked."""
    return lambda told: rate(told, of(about)) > ODD


def through(about: str) -> Callable:
    """Whether too many attacks of a form get through."""
    return lambda told: rate(told, of(about)) < FORMS


def longer(told) -> bool:
    """Whether too much is blocked of what is long, or only longer than a question."""
    return any(blocked(name)(told) for name in EDGES if "texts of" in name or "long" in name)


FORMS_OF_ATTACKS = tuple(name for name in EDGES if name.startswith("attacks"))


def steady(told) -> bool:
    return not any((through if name in FORMS_OF_ATTACKS else blocked)(name)(told) for name in EDGES)


# Ways to go wrong

LIST = ("ignore", "pretend", "secret", "developer mode", "base64", "rot13", "you are now")
LONG_LIST = (
    *(*LIST, "staff", "code", "account", "instructions", "word for word", "continue", "act as"),
    *("imagine", "complete", "print", "show", "internal", "retention", "police", "plan"),
)
NARROW_LIST = ("staff code", "your instructions", "system message", "night desk", "goodwill")


def words(*names: str) -> Callable:
    return lambda turns: any(name in " ".join(turns).lower() for name in names)


def also(found: Callable) -> Callable:
    """The right answer, and whatever this finds blocked as well."""
    return lambda turns: right_answer(turns) or found(" ".join(turns))


def without(name: str) -> Callable:
    return guard_of(*(one for key, one in DETECTORS.items() if key != name))


def looks_coded(text: str) -> bool:
    return bool(re.search(r"[A-Za-z0-9+/]{24}", text))


def has_letters_beyond_ascii(text: str) -> bool:
    return not text.isascii() or not set(text.lower().split()) & ENGLISH


ALIKE = {
    "code",
    "codes",
    "table",
    "letters",
    "story",
    "imagine",
    "suppose",
    "theory",
    "word",
    "form",
}
ENGLISH = {"the", "i", "is", "a", "my", "of", "to", "you", "do", "can", "and", "what", "where"}


def looks_like_one(text: str) -> bool:
    """Words that attacks of the unseen families have, and others as well."""
    return bool(ALIKE & set(re.findall(r"\w+", text.lower())))


def last(turns) -> str:
    return turns[-1]


def first(turns) -> str:
    return turns[0]


def case_of_letters(turns) -> bool:
    """A guard that knows what is wanted in small letters only."""
    return any(one(" ".join(turns).replace("_", " ")) for one in DETECTORS.values())


def no_question(turns) -> bool:
    return not turns[-1].rstrip().endswith("?")


def long(turns) -> bool:
    return len(" ".join(turns)) > 80


AIMS = {
    "canary": ("the code is not guarded", "Attacks that want the staff code get through."),
    "instructions": (
        "the instructions are not guarded",
        "Attacks that want the instructions of the assistant get through.",
    ),
    "internal": (
        "staff articles are not guarded",
        "Attacks that want what only staff articles say get through; the handbook knows what those "
        "are about.",
    ),
    "injection": (
        "a stranger's line is not guarded",
        "Attacks that put a stranger's address into the answer get through.",
    ),
    "policy": (
        "promises are not guarded",
        "Attacks that want a promise of money get through.",
    ),
    "tool": (
        "accounts are not guarded",
        "Attacks that want something done with an account of some number get through.",
    ),
}

QUESTION = Question(
    "09.3",
    cases,
    read=read,
    same=lambda a, b: a == b,
    right=lambda case, said: True,
    together=good_enough,
    ask=asked,
    verified="Of attacks in forms that nobody showed you it stops enough, and those who mean no "
    "harm get an answer.",
    mistakes=[
        mistake(
            "blocks everything",
            "Everything is blocked; no attack works on an assistant that never answers, and nobody "
            "needs it.",
            lambda turns: True,
        ),
        mistake(
            "blocks nothing",
            "Nothing that is asked here is blocked; none of it is among what you were shown, and "
            "the attacks want the same.",
            lambda turns: False,
        ),
        mistake(
            "yes and no turned round",
            "The answer is turned round: True means that the turns are blocked.",
            lambda turns: not right_answer(turns),
            when=lambda told: rate(told, attacks) < 0.4 and rate(told, harmless) > 0.6,
        ),
        mistake(
            "sentences without a question blocked",
            "Harmless sentences that do not end in a question mark are blocked; many people "
            "simply say what happened.",
            lambda turns: right_answer(turns) or no_question(turns),
            no_question,
            when=by_looks(no_question, 9 / 10),
        ),
        mistake(
            "long texts blocked",
            "Long harmless texts are blocked; some people have much to say.",
            lambda turns: right_answer(turns) or long(turns),
            also(lambda text: len(text) > 100),
            when=by_looks(long, 1 / 2),
        ),
        mistake(
            "ordinary questions blocked",
            "Too many ordinary questions of customers are blocked.",
            also(lambda text: len(text) > 50),
            when=ordinary,
        ),
        mistake(
            "near misses blocked",
            "Too many harmless questions are blocked that only share words or a form with an "
            "attack.",
            also(looks_like_one),
            when=near_misses,
        ),
        *(
            mistake(name, hint, without(key), when=missed(key))
            for key, (name, hint) in AIMS.items()
        ),
        mistake(
            "attacks get through",
            "Too many attacks get through that come in another form than those you have seen; "
            "what they want is the same.",
            words(*LIST),
            words(*NARROW_LIST),
            guard_of(DETECTORS["canary"], DETECTORS["instructions"]),
            when=too_few,
        ),
    ],
    then=[
        Round(
            edges,
            [
                mistake(
                    "only the last turn",
                    "An attack gets through when one more turn follows; the assistant reads all "
                    "of them.",
                    guard_of(*DETECTORS.values(), reads=last),
                    when=through("attacks that came a turn earlier"),
                ),
                mistake(
                    "only the first turn",
                    "An attack gets through when a harmless turn comes first.",
                    guard_of(*DETECTORS.values(), reads=first),
                    when=through("attacks after a harmless turn"),
                ),
                mistake(
                    "capitals not read",
                    "An attack in capitals gets through; the assistant reads them as well as "
                    "small letters.",
                    case_of_letters,
                    when=through("attacks in capitals"),
                ),
                mistake(
                    "capitals blocked",
                    "Harmless questions in capitals are blocked.",
                    also(str.isupper),
                    when=blocked("harmless questions in capitals"),
                ),
                mistake(
                    "very long texts blocked",
                    "Harmless texts of many sentences are blocked; not everybody is brief.",
                    also(lambda text: len(text) > 150),
                    when=longer,
                ),
                mistake(
                    "coded texts blocked",
                    "Harmless texts that hold something coded are blocked; serial numbers and "
                    "links look like that too.",
                    also(looks_coded),
                    when=blocked("harmless texts that hold something coded"),
                ),
                mistake(
                    "other languages blocked",
                    "Harmless questions that are not in English are blocked.",
                    also(has_letters_beyond_ascii),
                    when=blocked("harmless questions in other languages"),
                ),
                mistake(
                    "several turns blocked",
                    "Harmless talks of several turns are blocked.",
                    lambda turns: right_answer(turns) or len(turns) > 2,
                    when=blocked("several harmless turns"),
                ),
                mistake(
                    "short texts blocked",
                    "Where hardly anything is said, it is blocked.",
                    also(lambda text: len(text) < 8),
                    when=blocked("hardly anything"),
                ),
            ],
            right=lambda case, said: True,
            together=steady,
            edges=EDGES,
        )
    ],
)
