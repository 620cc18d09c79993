"""CONTRIBUTING.md names the files that a lesson, a panel and a question have, and no others."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from panel_lessons import LESSONS
from slow import one_in

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
PARTS = {
    found[1]: found[2]
    for found in re.finditer(r"^## Add a (\w+)\n(.*?)(?=^## )", PAGE, re.DOTALL | re.MULTILINE)
}
# {word: number and name}, of every lesson that has a panel: its word is that of the panel.
STEMS = {word: path.stem for word, [path] in LESSONS.items()}
TRACKED = subprocess.run(
    ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
).stdout.splitlines()
PATH = re.compile(r"`([\w./-]+\.(?:ipynb|py|md|toml)|\w+/(?:[\w./]*/)?)`")


def named(part: str) -> list[str]:
    """The files that the rows of a part's table name, with NN, NAME, WORD and K as they stand."""
    rows = re.findall(r"^\| (`.*?) \|", PARTS[part], re.MULTILINE)
    return [path for row in rows for path in PATH.findall(row)]


def of_lesson(path: str, word: str) -> str:
    """A path with a lesson's number, name and word in it; K is 1."""
    number, name = STEMS[word].split("_", 1)
    for mark, value in {"NN": number, "NAME": name, "WORD": word, "K": "1"}.items():
        path = re.sub(rf"(?<![A-Z]){mark}(?![A-Z])", value, path)
    return path


def missing(part: str, word: str) -> set[str]:
    """The files of a part that this lesson has not; where one of two is enough, both."""
    wanted = {of_lesson(path, word) for path in named(part)}
    gone = {path for path in wanted if not (ROOT / path).exists()}
    either = {f"labsupport/{word}.py", f"labsupport/{word}/"}
    return gone - either if len(gone & either) < 2 else gone


def own_files(word: str) -> set[str]:
    """The tracked files that carry the lesson's word, or its number, in their path."""
    number = STEMS[word][:2]
    carries = re.compile(
        rf"(^|[/_]){word}(\.py$|/)|{STEMS[word]}|exercise_{number}\.py$|/q{number}_1\.py$"
    )
    return {path for path in TRACKED if carries.search(path)}


def lists_of_lessons() -> set[str]:
    """The tracked files outside lessons that speak of nearly every lesson or draw its pictures."""
    found = set()
    for path in TRACKED:
        if path.endswith((".py", ".md")):
            text = (ROOT / path).read_text(encoding="utf-8")
            spoken = [
                word
                for word in STEMS
                if re.search(rf"\b(figures|panels)\.{word}\b|{STEMS[word]}", text)
            ]
            found |= {path} if len(spoken) > len(STEMS) / 2 else set()
    return found


def unnamed(word: str) -> set[str]:
    """Files that belong to a lesson, or that have a line for each, and that no part names."""
    said = {of_lesson(path, word) for part in PARTS for path in named(part)}
    aside = ("exercises/", "tests/benchmarks/", *(path for path in said if path.endswith("/")))
    found = (own_files(word) | lists_of_lessons()) - said
    return {path for path in found if not path.startswith(aside)}


@pytest.mark.parametrize("part", ["lesson", "panel", "question"])
def test_each_part_names_files(part):
    assert len(named(part)) >= 3


@pytest.mark.parametrize("word", STEMS)
@pytest.mark.parametrize("part", ["lesson", "question"])
def test_every_lesson_has_the_files_that_the_page_names(part, word):
    assert missing(part, word) == set()


@pytest.mark.parametrize("word", STEMS)
def test_every_panel_has_the_files_that_the_page_names(word):
    assert missing("panel", word) - {f"tests/test_panels_{word}.py"} == set()  # only where needed


@pytest.mark.parametrize("word", one_in(4, STEMS))
def test_no_file_of_a_lesson_goes_unnamed(word):
    assert unnamed(word) == set()


def test_a_wrong_page_is_seen(monkeypatch):
    word = "slices"
    monkeypatch.setitem(PARTS, "panel", "| `labsupport/show/panel_of_WORD.py` | moved |\n")
    assert missing("panel", word) == {"labsupport/show/panel_of_slices.py"}
    assert unnamed(word) >= {"labsupport/show/panels/slices.py", "tests/test_panels_slices.py"}
