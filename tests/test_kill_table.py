"""solutions/README.md names every mistake that a check knows."""

from __future__ import annotations

import re

from labsupport.grading.kill_table import kill_table, stale_kill_table, write_kill_table
from labsupport.grading.questions import QUESTIONS
from labsupport.workspace import ROOT


def test_the_page_is_what_the_questions_say():
    assert stale_kill_table(ROOT) == []


def test_a_page_that_is_missing_or_says_something_else_is_told(tmp_path):
    (tmp_path / "solutions").mkdir()
    (said,) = stale_kill_table(tmp_path)
    assert "lab release" in said
    path = write_kill_table(tmp_path)
    assert stale_kill_table(tmp_path) == []
    path.write_text(path.read_text(encoding="utf-8").replace("01.1", "01.9"), encoding="utf-8")
    assert stale_kill_table(tmp_path) == [said]


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
