"""docs/syllabus.md: the plans add up, and every goal is tested by a question that exists."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest
from panel_lessons import LESSONS as SHOWN

from labsupport.show.panels import PANELS

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs/syllabus.md").read_text(encoding="utf-8")
LESSONS = sorted((ROOT / "notebooks").glob("*.ipynb"))
EXERCISES = sorted((ROOT / "solutions").glob("*.ipynb"))
PRESETS = {path.stem[:2]: PANELS[word].presets for word, (path,) in SHOWN.items()}
IN_WRITING = re.compile(r"(\w+) in writing")
WORDS_A_MINUTE, TOLERANCE = 130, 10


def cells(path: Path) -> list[nbformat.NotebookNode]:
    return nbformat.read(path, as_version=4).cells


def short(path: Path) -> str:
    """How the page calls a lesson: its number, or `appendix`."""
    return path.stem.split("_")[0]


def stated(path: Path) -> int:
    """The minutes that a notebook's first page states."""
    return int(re.search(r"(\d+) minutes", "\n".join(c.source for c in cells(path)[:2]))[1])


def questions() -> set[str]:
    """The numbers of all questions of the exercises, as nbgrader grades them."""
    graded = [
        cell.metadata["nbgrader"]
        for path in EXERCISES
        for cell in cells(path)
        if cell.metadata.get("nbgrader", {}).get("grade")
    ]
    return {
        "{}.{}".format(*re.match(r"q(\d\d)_(\d)-", each["grade_id"]).groups()) for each in graded
    }


def tables(page: str, level: str) -> dict[str, list[list[str]]]:
    """{heading of that level: rows of the tables directly below it}, without their heads."""
    found = {}
    for section in re.split(rf"^{level} ", page, flags=re.MULTILINE)[1:]:
        heading, _, text = section.partition("\n")
        text = re.split(r"^#", text, flags=re.MULTILINE)[0]
        lines = [line for line in text.splitlines() if line.startswith("|")]
        found[heading] = [[part.strip() for part in line[1:-1].split("|")] for line in lines[2:]]
    return found


DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday")


def plans(page: str) -> dict[str, list[list[str]]]:
    """{plan, or day of the week: its rows}."""
    found = {name: rows for name, rows in tables(page, "##").items() if rows}
    return found | {n: rows for n, rows in tables(page, "###").items() if n.startswith(DAYS)}


def goals(page: str) -> dict[str, list[list[str]]]:
    """{lesson: its rows of goal and question}."""
    return {n: rows for n, rows in tables(page, "###").items() if not n.startswith(DAYS)}


def wrong_sums(page: str) -> list[str]:
    """The plans whose minutes are not what the heading says."""
    per_day = int(re.search(r"half-days of (\d+) hours", page)[1]) * 60
    wrong = []
    for name, rows in plans(page).items():
        total = sum(int(row[0]) for row in rows)
        said = re.search(r"(\d+) (minutes|hours)", name)
        due = per_day if said is None else int(said[1]) * (60 if said[2] == "hours" else 1)
        wrong += [f"{name}: {total}, not {due}"] * (total != due)
    return wrong


def test_the_minutes_of_each_plan_add_up():
    assert len(plans(PAGE)) == 2 + len(DAYS)
    assert wrong_sums(PAGE) == []


def test_lessons_and_exercises_take_what_they_state():
    """Where a plan lets students do one, whole."""
    due = {f"Lesson {short(path)}": stated(path) for path in LESSONS}
    due |= {f"Exercise {short(path)}": stated(path) for path in EXERCISES}
    planned: dict[str, set[int]] = {}
    for rows in plans(PAGE).values():
        for minutes, what, *_ in rows:
            if name := re.match(r"(?:Lesson|Exercise) \w+", what):
                planned.setdefault(name[0], set()).add(int(minutes))
    assert planned == {name: {minutes} for name, minutes in due.items()}


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_the_stated_minutes_are_near_the_rule_of_thumb(path):
    text = " ".join(cell.source for cell in cells(path) if cell.cell_type == "markdown")
    read = re.sub(r"<details>.*?</details>|<!--.*?-->", "", text, flags=re.DOTALL)
    code = sum(cell.cell_type == "code" for cell in cells(path))
    assert abs(len(read.split()) / WORDS_A_MINUTE + code - stated(path)) <= TOLERANCE
    assert f"{WORDS_A_MINUTE} words" in PAGE and "ten minutes either way" in PAGE


def wrong_presets(page: str) -> list[str]:
    """Presets that a plan names and the lesson's panel does not have, and panels without any."""
    wrong = []
    for rows in plans(page).values():
        for number, names in re.findall(r"panel (\d\d): ([^;|]*)", "|".join(r[2] for r in rows)):
            named = re.findall(r"\*([^*]+)\*", names)
            wrong += [f"{number} has no {name}" for name in named if name not in PRESETS[number]]
            wrong += [f"{number} without a preset"] * (not named)
    return wrong


def test_presets_exist_and_each_panel_is_shown_in_the_week():
    assert wrong_presets(PAGE) == []
    week = PAGE.split("## One week")[1]
    assert set(re.findall(r"panel (\d\d):", week)) == set(PRESETS)


def test_every_lesson_has_two_to_four_goals():
    names = []
    for path in LESSONS:
        words = path.stem.replace("_", " ")
        numbered = words[:2].isdigit()
        names.append(words[:3] + words[3:].capitalize() if numbered else words.capitalize())
    assert list(goals(PAGE)) == names
    assert all(2 <= len(rows) <= 4 for rows in goals(PAGE).values())


def untested(page: str) -> list[str]:
    """Goals without a question, questions that do not exist, and questions without a goal."""
    wrong, used = [], set()
    for lesson, rows in goals(page).items():
        for goal, tested in rows:
            named = tested.split(", ")
            used |= set(named)
            unknown = [n for n in named if n not in questions() and not _asked_in_writing(n, page)]
            wrong += [f"{lesson}: {goal}: {name!r}" for name in unknown]
    return wrong + sorted(questions() - used)


def _asked_in_writing(name: str, page: str) -> bool:
    """Whether the lesson has a cell for an answer, or this page asks."""
    if not (found := IN_WRITING.fullmatch(name)):
        return False
    (path,) = (path for path in LESSONS if short(path) == found[1])
    tags = [tag for cell in cells(path) for tag in cell.metadata.get("tags", [])]
    return "answer" in tags or f"**{name.capitalize()}.** *" in page


def test_every_goal_is_tested_and_every_question_tests_a_goal():
    assert len(questions()) >= 47
    assert untested(PAGE) == []


# Each of these is also shown to fail


def test_faults_of_the_page_are_seen():
    assert wrong_sums(PAGE.replace("| 25 | Slides 02", "| 20 | Slides 02")) == [
        "One lecture: 90 minutes: 85, not 90"
    ]
    assert "02 has no B/B" in wrong_presets(PAGE.replace("*A/A*", "*B/B*"))
    assert untested(PAGE.replace("| 08.3 |", "| 08.7 |"))[-1] == "08.3"
    assert untested(PAGE.replace("| 08.3 |", "| nothing |"))[0].endswith("'nothing'")
    assert untested(PAGE.replace("**Appendix in writing.**", "**Nobody asks.**"))
