"""The handbook: what is read, what is refused in one sentence, what the digest is of."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from labsupport.evals.assistant.handbook import HANDBOOK, Article, handbook_digest, load_handbook

PAUSE = "  - {id: pause, title: Pausing, text: A plan can be paused.}\n"
STAFF = "  - {id: gift, title: Gifts, text: Staff give 12 euros., internal: true, markers: [%s]}\n"


def written(tmp_path, text: str):
    path = tmp_path / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_an_article_is_read_with_all_its_parts(tmp_path):
    more = (
        "  - {id: staff, title: 'Who?', text: Ask at 6613., internal: true, markers: [at 6613]}\n"
    )
    steps = "  - {id: stop, title: Stopping, text: It can be stopped., steps: [Open it., Press.]}\n"
    read = load_handbook(written(tmp_path, f"articles:\n{PAUSE}{steps}{more}"))
    assert read == (
        Article("pause", "Pausing", "A plan can be paused."),
        Article("stop", "Stopping", "It can be stopped.", ("Open it.", "Press.")),
        Article("staff", "Who?", "Ask at 6613.", internal=True, markers=("at 6613",)),
    )
    assert read[1].whole == "Stopping. It can be stopped. Open it. Press."
    assert read[2].whole == "Who? Ask at 6613."


def test_heron_s_handbook_is_read_once_and_is_what_its_file_says():
    assert load_handbook() is load_handbook()
    assert load_handbook() == load_handbook(HANDBOOK)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("articles: []\n", "mine.yaml: 'articles' is a list of articles, at least one."),
        ("articles: none\n", "mine.yaml: 'articles' is a list of articles, at least one."),
        ("- 1\n", "mine.yaml holds a list"),
        ("suite: a\n", "mine.yaml, line 1: unknown key 'suite'; the keys are articles."),
        ("articles:\n  - pause\n", "mine.yaml, article 1 is no block of keys"),
        (
            f"articles:\n{PAUSE}  - {{id: stop, title: Stop, text: It ends., step: [Go.]}}\n",
            r"mine.yaml, article 2 \(stop\), line 3: unknown key 'step'; did you mean 'steps'?",
        ),
        ("articles:\n  - {id: a, title: A}\n", r"article 1 \(a\), line 2: 'text' is missing."),
        ("articles:\n  - {title: A, text: B.}\n", "article 1, line 2: 'id' is missing."),
        (
            "articles:\n  - {id: 7, title: A, text: B.}\n",
            "article 1, line 2: 'id' is text; got int 7; put it in quotes.",
        ),
        ("articles:\n  - {id: a, title: A, text: ' '}\n", "'text' is empty."),
        (
            "articles:\n  - {id: a, title: A, text: B., steps: Go.}\n",
            "'steps' is a list of texts, at least one; got str 'Go.'.",
        ),
        (
            "articles:\n  - {id: a, title: A, text: B., internal: false}\n",
            "'internal' is true, or left out; got bool False.",
        ),
        (f"articles:\n{PAUSE}{PAUSE}", "the id 'pause' stands twice; each article has its own."),
        (
            f"articles:\n{PAUSE}{PAUSE.replace('pause,', 'other,')}",
            "the title 'Pausing' stands twice; each article has its own.",
        ),
        (
            "articles:\n  - {id: a, title: A, text: B., internal: true}\n",
            "'a' must be internal and have markers, or neither of the two.",
        ),
        (
            "articles:\n  - {id: a, title: A, text: B., markers: [B]}\n",
            "'a' must be internal and have markers, or neither of the two.",
        ),
        (
            f"articles:\n{STAFF % '13 euros'}",
            "the marker '13 euros' of 'gift' stands in no article; choose a phrase",
        ),
        (
            "articles:\n  - {id: bill, title: Bills, text: It is 12 EUROS a month.}\n"
            + STAFF % "12 euros",
            "the marker '12 euros' of 'gift' stands in bill and gift; choose a phrase",
        ),
    ],
)
def test_a_mistake_is_one_sentence_with_its_place(tmp_path, text, said):
    with pytest.raises(ValueError, match=said) as caught:
        load_handbook(written(tmp_path, text))
    assert str(caught.value).startswith("mine.yaml")
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        load_handbook(tmp_path / "nowhere.yaml")


@pytest.mark.parametrize(
    "change",
    [
        {"id": "other"},
        {"title": "Other"},
        {"text": "It costs 9 euros."},
        {"steps": ("Open it.",)},
        {"internal": True},
        {"markers": ("8 euros",)},
    ],
    ids=str,
)
def test_the_digest_is_of_all_that_an_article_says(change):
    article = Article("pause", "Pausing", "It costs 8 euros.")
    other = Article("stop", "Stopping", "It ends.")
    assert handbook_digest([article, other]) == handbook_digest((replace(article), other))
    assert handbook_digest([replace(article, **change), other]) != handbook_digest([article, other])
    assert handbook_digest([other, article]) != handbook_digest([article, other])


def test_the_digest_does_not_depend_on_how_the_file_is_laid_out(tmp_path):
    flow = load_handbook(written(tmp_path, f"articles:\n{PAUSE}"))
    block = (
        "articles:\n# a note\n- id: pause\n  text: A plan can\n    be paused.\n  title: Pausing\n"
    )
    assert handbook_digest(load_handbook(written(tmp_path, block))) == handbook_digest(flow)
    assert re.fullmatch(r"[0-9a-f]{64}", handbook_digest(flow))
