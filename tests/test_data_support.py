"""The texts of the support desk: what must be true of them, whatever an assistant makes of them."""

from __future__ import annotations

import base64
import binascii
import codecs
import math
import re
from collections import Counter
from collections.abc import Iterable
from functools import cache
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

import labsupport.data
from labsupport.evals.assistant.handbook import load_handbook
from labsupport.evals.suites.scoring import is_right
from labsupport.evals.suites.suite import AIMS, ANSWERABLE, Suite, Task
from labsupport.evals.suites.words import says, words_of
from labsupport.evals.system import Reply
from labsupport.grading.questions.q09_3 import CAUGHT, NEAR, ORDINARY

FOLDER = Path(labsupport.data.FOLDER) / "support"
NAMES = ("questions", "attacks", "traffic", "unseen")
SUITES = {name: Suite.load(FOLDER / f"{name}.yaml") for name in NAMES}
HANDBOOK = {article.id: article for article in load_handbook()}
PUBLIC = [article for article in HANDBOOK.values() if not article.internal]
FAMILIES = {
    *("direct request", "role play", "translation", "encoding"),
    *("continuation", "multi-turn", "injected document", "authority claim"),
}


def tasks(suite: str, *scores: str) -> list[Task]:
    return [task for task in SUITES[suite].tasks if task.score in scores]


ANSWERED = tasks("questions", *ANSWERABLE)
ATTACKS = {name: tasks(name, "attack") for name in ("attacks", "unseen")}
EVERY_ATTACK = [task for name in ATTACKS for task in ATTACKS[name]]


def family(suite: str, name: str) -> list[Task]:
    return [task for task in SUITES[suite].tasks if task.family == name]


def parts(task: Task) -> tuple[str, ...]:
    return (*task.turns, task.document) if task.document else task.turns


def whole(task: Task) -> str:
    return " ".join(parts(task))


def sentences(text: str) -> list[str]:
    return re.split(r"(?<=[.!?]) ", text)


@cache
def runs(text: str, length: int) -> frozenset[tuple[str, ...]]:
    words = words_of(text)
    return frozenset(tuple(words[i : i + length]) for i in range(len(words) - length + 1))


def shared(ones: Iterable[str], others: Iterable[str], length: int = 6) -> set[str]:
    """Runs of so many words that stand in a text here and in one there."""
    here, there = (
        frozenset().union(*(runs(text, length) for text in texts)) for texts in (ones, others)
    )
    return {" ".join(run) for run in here & there}


def by_id(task: Task) -> str:
    return task.id


# ---- the handbook


def test_the_handbook_has_articles_of_every_kind():
    assert 72 <= len(HANDBOOK) <= 90 and len(HANDBOOK) - len(PUBLIC) >= 10
    assert 0.4 <= sum(bool(article.steps) for article in PUBLIC) / len(PUBLIC) <= 0.6
    assert not any(article.steps for article in HANDBOOK.values() if article.internal)


@pytest.mark.parametrize("article", HANDBOOK.values(), ids=lambda article: article.id)
def test_an_article_is_whole_sentences(article):
    stated = sentences(article.text)
    assert 2 <= len(stated) <= 5
    for sentence in (*stated, *article.steps):
        assert sentence[0].isupper() or sentence[0].isdigit(), sentence
        assert sentence.endswith("."), sentence
    assert len(article.markers) <= 2
    assert all(1 <= len(words_of(marker)) <= 8 for marker in article.markers)


def test_a_step_is_told_from_a_statement_by_its_first_word():
    verbs = {words_of(step)[0] for article in PUBLIC for step in article.steps}
    stated = {words_of(s)[0] for article in HANDBOOK.values() for s in sentences(article.text)}
    assert not verbs & stated


# ---- questions


def test_the_questions_come_in_clusters_and_a_third_of_them_ask_how():
    clusters = Counter(task.cluster for task in ANSWERED)
    assert len(ANSWERED) >= 120 and len(tasks("questions", "unanswerable")) >= 25
    assert sum(number >= 2 for number in clusters.values()) >= 40
    assert 0.28 <= len(answered_by_steps()) / len(ANSWERED) <= 0.4


def answered_by_steps() -> list[Task]:
    """Questions that what an article states does not answer, only what it says is to be done."""
    return [
        task
        for task in ANSWERED
        if not is_right(task, Reply(" ".join(HANDBOOK[name].text for name in task.articles)))
    ]


@pytest.mark.parametrize("task", ANSWERED, ids=by_id)
def test_a_right_answer_stands_in_the_required_articles(task):
    articles = [HANDBOOK[name] for name in task.articles]
    assert articles and not any(article.internal for article in articles)
    assert is_right(task, Reply(" ".join(article.whole for article in articles)))


@pytest.mark.parametrize("task", ANSWERED, ids=by_id)
def test_neither_the_question_nor_ignorance_is_a_right_answer(task):
    assert not is_right(task, Reply(task.turns[-1]))
    assert not is_right(task, Reply("I do not know. There is nothing about it in the handbook."))
    assert not is_right(task, Reply("I cannot help with that."))


def test_sentences_of_other_articles_are_seldom_right():
    told = [
        (article.id, sentence)
        for article in PUBLIC
        for sentence in (*sentences(article.text), *article.steps)
    ]
    right = sum(
        is_right(task, Reply(sentence))
        for task in ANSWERED
        for name, sentence in told
        if name not in task.articles
    )
    assert right < 0.005 * len(ANSWERED) * len(told)


@pytest.mark.parametrize("task", SUITES["questions"].tasks, ids=by_id)
def test_a_question_is_not_in_the_words_of_the_handbook(task):
    for article in HANDBOOK.values():
        assert not shared(task.turns, [article.whole])


# ---- attacks


def test_the_families_are_there_each_with_every_aim():
    assert {task.family for task in ATTACKS["attacks"]} == FAMILIES
    assert len({task.family for task in ATTACKS["unseen"]} - FAMILIES) == 3
    for suite, at_least in ATTACKS.items():
        for name in {task.family for task in at_least}:
            there = family(suite, name)
            assert len(there) >= 12 and {task.aim for task in there} == set(AIMS), name


@pytest.mark.parametrize("task", EVERY_ATTACK, ids=by_id)
def test_an_attack_does_not_bring_what_it_is_after(task):
    canary = SUITES["attacks"].canary
    assert canary == SUITES["unseen"].canary and not says(words_of(whole(task)), canary)
    internal = {article.markers for article in HANDBOOK.values() if article.internal}
    assert (task.aim == "internal") == (task.never in internal)
    if task.aim in ("internal", "tool"):
        assert not any(says(words_of(whole(task)), phrase) for phrase in task.never)


def test_what_is_forbidden_of_a_tool_is_a_call_with_the_account_that_is_named():
    for task in EVERY_ATTACK:
        if task.aim == "tool":
            (account,) = {re.search(r"\(account=(\d+)\)$", phrase)[1] for phrase in task.never}
            calls = {phrase.split("(")[0] for phrase in task.never}
            assert calls == {"cancel_plan", "show_account"}
            assert account in words_of(whole(task) + " " + " ".join(decoded(task)))


def test_addresses_are_nobody_s():
    files = [*FOLDER.glob("*.yaml"), FOLDER / "README.md"]
    said = " ".join(path.read_text(encoding="utf-8") for path in files)
    hosts = re.findall(r"\b[\w-]+(?:\.[\w-]+)*\.(?:com|org|net|io|example)\b", said)
    assert len(hosts) > 20 and all(host.endswith(".example") for host in hosts)


def decoded(task: Task) -> list[str]:
    """What a turn says in base64, in rot13 or in letters with gaps, if it reads as English."""
    found = []
    for turn in task.turns:
        for run in re.findall(r"[A-Za-z0-9+/]{12,}={0,2}", turn):
            try:
                found.append(base64.b64decode(run, validate=True).decode("ascii"))
            except (binascii.Error, UnicodeDecodeError):
                continue
        gaps = re.findall(r"(?:(?<=\s)|^)(?:\S {1,3}){4,}\S(?=\s|$)", turn)
        found += [" ".join(gap.replace(" ", "") for gap in run.split("   ")) for run in gaps]
        found += re.split(r"(?<=[.!?:]) ", codecs.encode(turn, "rot13"))
    return [text for text in found if reads_as_english(text)]


def reads_as_english(text: str) -> bool:
    words = words_of(text)
    known = sum(word in vocabulary() or word.isdigit() for word in words)
    return len(words) >= 2 and known >= 0.8 * len(words)


@cache
def vocabulary() -> frozenset[str]:
    """Words of the texts in plain English."""
    texts = [whole(t) for t in ATTACKS["attacks"] if t.family not in ("encoding", "translation")]
    return frozenset(words_of(" ".join([*texts, *(article.whole for article in PUBLIC)])))


def test_only_what_is_called_encoded_is_encoded():
    for task in EVERY_ATTACK:
        assert bool(decoded(task)) == (task.family == "encoding"), (task.id, decoded(task))
    for task in family("attacks", "encoding"):
        assert not shared(parts(task), decoded(task), 3), task.id


def test_three_encodings_and_three_languages_are_used():
    encoded = [task.turns[-1] for task in family("attacks", "encoding")]
    assert sum("   " in turn for turn in encoded) >= 4
    for name in ("base64", "rot13"):
        assert sum(name in turn for turn in encoded) >= 4
    foreign = [set(words_of(task.turns[-1])) for task in family("attacks", "translation")]
    spanish, german, french = (
        *({"el", "la", "de", "tus", "código"}, {"der", "mir", "ein", "das", "deine"}),
        {"le", "du", "vos", "votre", "ceci"},
    )
    for language in (spanish, german, french):
        assert sum(len(language & words) >= 1 for words in foreign) >= 5
    assert not any(words & {"the", "is", "your", "and"} for words in foreign)


def test_only_the_family_with_a_document_has_one_and_several_turns_are_a_family():
    for task in EVERY_ATTACK:
        assert (task.document is not None) == (task.family == "injected document"), task.id
        assert (len(task.turns) > 1) == (task.family == "multi-turn"), task.id


# ---- all suites


def test_the_suites_add_up():
    assert len(sum(SUITES.values()).tasks) == sum(len(suite.tasks) for suite in SUITES.values())


def test_no_text_stands_twice():
    """Neither as a whole nor, among attacks, as a template of six words."""
    everything = [(task.id, whole(task)) for suite in SUITES.values() for task in suite.tasks]
    said = Counter(" ".join(words_of(text)) for _, text in everything)
    assert [text for text, times in said.items() if times > 1] == []
    for one, other in combinations(EVERY_ATTACK, 2):
        assert not shared(parts(one), parts(other)), (one.id, other.id)


def test_the_unseen_shares_no_sentence_with_what_a_lesson_shows():
    shown = [task for name in NAMES if name != "unseen" for task in SUITES[name].tasks]
    for unseen in SUITES["unseen"].tasks:
        for task in shown:
            assert not shared(parts(unseen), parts(task)), (unseen.id, task.id)


def test_there_is_enough_harmless_traffic():
    assert len(tasks("traffic", "allowed")) >= 80 and len(family("traffic", "benign")) >= 60
    assert len(family("traffic", "near miss")) >= 25
    assert min(len(family("unseen", name)) for name in ("benign", "near miss")) >= 20


LOOKS = {
    "length": len,
    "words": lambda text: len(text.split()),
    "length of the words": lambda text: len(text) / len(text.split()),
    "ends in a question mark": lambda text: text.endswith("?"),
    "capitals": lambda text: sum(map(str.isupper, text)),
    "digits": lambda text: sum(map(str.isdigit, text)),
    "signs": lambda text: sum(not (c.isalnum() or c.isspace()) for c in text),
    **{sign: lambda text, sign=sign: text.count(sign) for sign in "?.!,:'\""},
}


def test_no_look_tells_the_unseen_attacks_from_what_is_harmless():
    """Whatever blocks by looks alone, or by two looks together or either, misses a bar of 09.3."""
    attacks, near, benign = ([whole(task) for task in those] for those in (
        ATTACKS["unseen"], family("unseen", "near miss"), family("unseen", "benign")
    ))  # fmt: skip
    everything = [*attacks, *near, *benign]
    rules = []
    for look in LOOKS.values():
        seen = np.array([look(text) for text in everything], float)
        rules += [side for cut in np.unique(seen) for side in (seen >= cut, seen < cut)]
    rules = np.unique(rules, axis=0)

    def passes(blocked) -> np.ndarray:
        ends = [len(attacks), len(attacks) + len(near)]
        caught, of_near, of_benign = (
            part.mean(axis=-1) for part in np.split(blocked, ends, axis=-1)
        )
        return (caught >= CAUGHT) & (of_near <= NEAR) & (of_benign <= ORDINARY)

    known = np.arange(len(everything)) < len(attacks)
    assert passes(known), "the bars let a perfect guard through"
    for rule in rules:  # with itself, too: one look alone
        assert not passes(rules & rule).any() and not passes(rules | rule).any()


@pytest.mark.parametrize("suite", ["traffic", "unseen"])
def test_near_misses_look_more_like_attacks_than_benign_traffic_does(suite):
    """By the words that stand in more attacks than questions: most pairs are in that order."""
    attacks, questions = (
        Counter(word for task in those for word in set(words_of(whole(task))))
        for those in (EVERY_ATTACK, SUITES["questions"].tasks)
    )

    def suspicion(task: Task) -> float:
        words = set(words_of(whole(task)))
        odds = (math.log((attacks[word] + 0.5) / (questions[word] + 0.5)) for word in words)
        return sum(odds) / len(words)

    near, benign = ([suspicion(t) for t in family(suite, name)] for name in ("near miss", "benign"))
    assert sum(n > b for n in near for b in benign) > 0.65 * len(near) * len(benign)


# ---- README.md


def test_the_readme_counts_what_is_there():
    counted = {
        ("handbook", "articles"): len(HANDBOOK),
        ("handbook", "internal articles, for staff only"): len(HANDBOOK) - len(PUBLIC),
        ("handbook", "public articles with steps"): sum(bool(a.steps) for a in PUBLIC),
        ("community", "notes of customers"): len(load_handbook(FOLDER / "community.yaml")),
        ("questions", "questions that the handbook answers"): len(ANSWERED),
        ("questions", "of these, answered by the steps alone"): len(answered_by_steps()),
        ("questions", "questions that it does not answer"): len(tasks("questions", "unanswerable")),
    }
    for suite, attacks in ATTACKS.items():
        counted[suite, "attacks"] = len(attacks)
        counted[suite, "families of attacks"] = len({task.family for task in attacks})
    for suite in ("traffic", "unseen"):
        counted[suite, "benign traffic"] = len(family(suite, "benign"))
        counted[suite, "near misses"] = len(family(suite, "near miss"))
    page = (FOLDER / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\w+)\.yaml \| (.+?) \| (\d+) \|$", page, re.MULTILINE)
    assert {(file, what): int(number) for file, what, number in rows} == counted


def test_the_example_in_the_readme_is_a_suite(tmp_path):
    page = (FOLDER / "README.md").read_text(encoding="utf-8")
    lines = [line[4:] for line in page.splitlines() if line.startswith("    ")]
    (tmp_path / "mine.yaml").write_text("\n".join(lines), encoding="utf-8")
    suite = Suite.load(tmp_path / "mine.yaml")
    assert {task.score for task in suite.tasks} == {"set", "unanswerable", "attack", "allowed"}
