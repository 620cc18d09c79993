"""solutions/README.md names every mistake that a check knows."""

from __future__ import annotations

import re

import pytest

from labsupport.grading.kill_table import (
    MISTAKES,
    kill_table,
    names_table,
    stale_kill_table,
    write_kill_table,
)
from labsupport.grading.questions import QUESTIONS
from labsupport.workspace import ROOT


def test_the_page_is_what_the_questions_say():
    assert stale_kill_table(ROOT) == []


def test_a_page_that_is_missing_or_says_something_else_is_told(tmp_path):
    for folder in ("solutions", "docs"):
        (tmp_path / folder).mkdir()
    mistakes = tmp_path / MISTAKES
    mistakes.write_text("no place for a table", encoding="utf-8")
    both = stale_kill_table(tmp_path)
    assert len(both) == 2 and all("run `lab release`" in said for said in both)
    with pytest.raises(ValueError, match="has lost its line"):
        write_kill_table(tmp_path)
    mistakes.unlink()
    write_kill_table(tmp_path)
    assert stale_kill_table(tmp_path) == []
    mistakes.write_bytes((ROOT / MISTAKES).read_bytes().replace(b"](../solutions", b"](solutions"))
    path = write_kill_table(tmp_path)
    assert stale_kill_table(tmp_path) == []
    for page, told in ((path, both[0]), (mistakes, both[1])):
        said = page.read_text(encoding="utf-8")
        page.write_text(said.replace("01.1", "01.9"), encoding="utf-8")
        assert stale_kill_table(tmp_path) == [told]
        page.write_text(said, encoding="utf-8")


def test_each_mistake_has_a_line_of_three_cells_under_its_question():
    sections = re.split(r"^## ", kill_table(), flags=re.M)[1:]
    assert [section[:4] for section in sections] == sorted(QUESTIONS)
    for section in sections:
        rows = [re.split(r"(?<!\\)\|", line) for line in section.splitlines() if line[:2] == "| "]
        names = [cells[1].strip() for cells in rows[1:]]
        assert names == [
            one.name for one in dict.fromkeys(m for m, _ in QUESTIONS[section[:4]].named())
        ]
        assert all(len(cells) == 5 and int(cells[2]) > 0 and cells[3].strip() for cells in rows[1:])


# docs/mistakes.md: what stands above the table is written by hand, about mistakes that are there

PAGE = (ROOT / MISTAKES).read_text(encoding="utf-8").split("## All of them")[0]
NAMED = re.compile(r"\*\*(.+?)\*\* \((\d\d\.\d)\)")
ALSO = re.compile(r"(\d\d\.\d) \*(.+?)\*")
HINTS = {
    number: {one.name: " ".join(one.hint.split()) for one, _ in question.named()}
    for number, question in QUESTIONS.items()
}


def explained(page: str) -> list[dict[str, str]]:
    """{line: what it says} of each explained mistake, with its `name`, `question` and `also`."""
    found = []
    for section in re.split(r"^## ", page, flags=re.M)[1:]:
        name, question = NAMED.search(section).groups()
        lines = dict(re.findall(r"^- \*(\w+):\* ((?:.+\n?(?!- ))+)", section, flags=re.M))
        said = {line: " ".join(text.split()) for line, text in lines.items()}
        found.append(said | {"name": name, "question": question})
    return found


def faults(page: str) -> list[str]:
    """What the page says of mistakes that is not so, or does not say."""
    wrong = []
    for said in explained(page):
        name, question = said["name"], said["question"]
        if said.get("Hint", "") != HINTS[question].get(name):
            wrong.append(f"{question} {name}: another hint")
        if len(said.get("Believed", "").split()) < 5 or not said.get("Ask", "").endswith("?"):
            wrong.append(f"{question} {name}: no belief or no question")
        also = ALSO.findall(said.get("Also", ""))
        wrong += [f"{number} has no {one}" for number, one in also if one not in HINTS[number]]
    return wrong


def test_explained_mistakes_are_there_with_the_hint_that_students_get():
    assert faults(PAGE) == []
    assert 10 <= len(explained(PAGE)) <= 16
    assert {said["question"][:2] for said in explained(PAGE)} == {n[:2] for n in QUESTIONS}


def test_a_wrong_hint_name_and_question_of_the_page_are_seen():
    first = explained(PAGE)[0]
    assert faults(PAGE.replace(first["Hint"][-12:], "never told.")) == [
        f"{first['question']} {first['name']}: another hint"
    ]
    assert faults(re.sub(ALSO, r"\1 *invented*", PAGE, count=1))[0].endswith("has no invented")
    assert faults(re.sub(r"\?$", ".", PAGE, flags=re.M))[0].endswith("no belief or no question")


def test_the_table_of_names_has_each_once_under_its_question():
    rows = dict(re.findall(r"^\| \[(\d\d\.\d)\].*\| (.*) \|$", names_table(), flags=re.M))
    assert {number: names.split("; ") for number, names in rows.items()} == {
        number: list(hints) for number, hints in HINTS.items()
    }
