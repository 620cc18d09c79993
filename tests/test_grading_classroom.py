"""A class is graded: what is right counts, and nobody can do more than answer."""

from __future__ import annotations

import csv
import dataclasses
import json
import os
import shutil
import stat
import subprocess
import sys
import zipfile
from functools import cache
from pathlib import Path

import nbformat
import pytest
from hostile import RIGHT, SPOILS, TRICKS
from slow import SLOW, one_in, some_slow

from labsupport.answers import shelters, works
from labsupport.cli import main
from labsupport.grading import calling
from labsupport.grading.classroom import Sheet, find_submissions, grade_class, marking
from labsupport.grading.classroom.alike import find_alike
from labsupport.grading.questions.q10_1 import PLACES
from labsupport.workspace import ROOT

pytestmark = pytest.mark.posix_only("workers need Linux")
SEED = 5


@cache
def sheet(number: str = "02") -> Sheet:
    return Sheet.of(ROOT / "exercises", number)


def solution(number: str = "02") -> nbformat.NotebookNode:
    (path,) = (ROOT / "solutions").glob(f"{number}_*.ipynb")
    return nbformat.read(path, 4)


def with_answer(source: str, cell: str = "q02_2-answer") -> str:
    """A solution whose answer to one question is another."""
    notebook = solution()
    for each in notebook.cells:
        if each.metadata.get("nbgrader", {}).get("grade_id") == cell:
            each.source = source
    return nbformat.writes(notebook)


def handed_in(folder: Path, **notebooks: str) -> Path:
    for name, text in notebooks.items():
        (folder / f"{name}.ipynb").write_text(text, encoding="utf-8")
    return folder


def graded(place: Path, seed: int = SEED, **options) -> dict[str, dict[str, marking.Mark]]:
    found = grade_class(find_submissions(place, sheet()), sheet(), seed, **options)
    return {who: {mark.question: mark for mark in each} for who, each in found.marks.items()}


def points(marks: dict[str, marking.Mark]) -> dict[str, float]:
    return {name: mark.points for name, mark in marks.items() if mark.status != "by hand"}


ALL = {"02.1": 3, "02.2": 2, "02.3": 2, "02.4": 2}


# ---- what is right, and what is not ----


NUMBERS = sorted(path.name[:2] for path in (ROOT / "exercises").glob("*.ipynb"))


@pytest.mark.parametrize("number", one_in(4, NUMBERS))
def test_solutions_get_all_points_and_stubs_none(tmp_path, number):
    (stub,) = (ROOT / "exercises").glob(f"{number}_*.ipynb")
    handed_in(
        tmp_path, right=nbformat.writes(solution(number)), stub=stub.read_text(encoding="utf-8")
    )
    asked = sheet(number)
    found = grade_class(find_submissions(tmp_path, asked), asked, SEED).marks
    right = {mark.question: mark for mark in found["right"]}
    assert {name: (mark.status, mark.hint) for name, mark in right.items()} == {
        step.question: ("right" if step.kind == "check" else "by hand", "")
        for step in asked.steps
        if step.kind in ("check", "words")
    }
    assert {mark.status for mark in found["stub"]} <= {"blank", "by hand"}


def test_a_mistake_is_told_by_name_and_with_its_hint(tmp_path):
    loose = RIGHT.replace("margin <= low <= high", "margin < low <= high")
    handed_in(tmp_path, one=with_answer(loose))
    mark = graded(tmp_path)["one"]["02.2"]
    assert (mark.status, mark.points, mark.possible) == ("wrong", 0, 2)
    assert mark.mistake == "lower end on the margin"
    assert mark.hint == "A lower end of exactly the margin clears it, and here it does not."


def test_an_answer_tuned_to_what_students_see_fails(tmp_path):
    """It knows the inputs of the check in the notebook by heart."""
    from labsupport.grading.exercise import draw_for
    from labsupport.grading.questions import QUESTIONS

    (first, *_) = QUESTIONS["02.2"].draw(draw_for("02.2", None))
    known = {repr(case.args): case.expected for case in first.cases}
    tuned = (
        "from fractions import Fraction\nnan = float('nan')\n"
        f"KNOWN = {known!r}\n"
        "def strict_gate(low, high, margin):\n    return KNOWN[repr((low, high, margin))]\n"
    )
    handed_in(tmp_path, tuned=with_answer(tuned))
    assert graded(tmp_path)["tuned"]["02.2"].points == 0


def test_a_name_from_a_cell_that_does_not_count_is_named(tmp_path):
    notebook = nbformat.reads(
        with_answer("def strict_gate(low, high, margin):\n    return mine(low)\n"), 4
    )
    notebook.cells.insert(3, nbformat.v4.new_code_cell("def mine(low):\n    return 'block'"))
    handed_in(tmp_path, one=nbformat.writes(notebook))
    mark = graded(tmp_path)["one"]["02.2"]
    assert mark.status == "wrong" and "mine is defined in a cell of its own" in mark.hint


def test_lines_for_the_notebook_alone_are_left_out(tmp_path):
    handed_in(tmp_path, one=with_answer("%matplotlib inline\n!ls\n" + RIGHT))
    assert points(graded(tmp_path)["one"]) == ALL


# ---- hostile ----


FEW = ("02.2", "02.4")
BOTH = {"02.2": 2, "02.4": 2}


@cache
def short_sheet() -> Sheet:
    """Two of the questions: what an attack costs is then mostly what it takes."""
    whole = sheet()
    kept, names = [], {f"q{question.replace('.', '_')}-answer" for question in FEW}
    for step in whole.steps:
        answer = step.kind == "answer" and step.name in names
        if answer or (step.kind == "check" and step.question in FEW) or step is whole.steps[0]:
            kept.append(step)
    return dataclasses.replace(whole, steps=tuple(kept))


TRIED = list(TRICKS) if SLOW else list(TRICKS)[::6]  # with all of them the class takes minutes


@pytest.fixture(scope="module")
def attacked(tmp_path_factory):
    """attacked(shelter): the marks of a class with an attack before each honest student."""
    before = _sources()

    @cache
    def graded_in(shelter) -> dict[str, dict[str, marking.Mark]]:
        place = tmp_path_factory.mktemp("class")
        for k, trick in enumerate(TRIED):
            handed_in(
                place,
                **{f"{k:02} attacker": with_answer(TRICKS[trick])},
                **{f"{k:02} honest": nbformat.writes(solution())},
            )
        names = sorted(path.name for path in place.iterdir())
        asked = short_sheet()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(marking, "CELL_TIME", 2.0)
            patch.setattr(calling, "TIME_LIMIT", 2.0)
            found = grade_class(find_submissions(place, asked), asked, SEED, shelter=shelter).marks
        assert sorted(path.name for path in place.iterdir()) == names
        assert _sources() == before
        return {who: {mark.question: mark for mark in each} for who, each in found.items()}

    return graded_in


def _sources() -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in (ROOT / "labsupport").rglob("*.py")}


@pytest.mark.parametrize(
    "name", some_slow(["namespaces", "landlock"], lambda name: name == "namespaces")
)
@pytest.mark.parametrize("trick", one_in(6, TRICKS))
def test_an_attack_gets_nothing_and_the_rest_is_as_it_was(attacked, trick, name):
    (shelter,) = (one for one in shelters() if one.name == name)
    assert works(shelter)
    k, marks = TRIED.index(trick), attacked(shelter)
    attacker = marks[f"{k:02} attacker"]
    assert attacker["02.2"].points == 0
    assert attacker["02.4"].points == 2 or trick in SPOILS
    assert points(marks[f"{k:02} honest"]) == BOTH
    assert attacker["02.2"].hint.endswith((".", "?"))


def test_nothing_of_the_grading_reaches_a_worker(tmp_path):
    looks = (
        "import importlib, os, pathlib, sys\n"
        "seen = [str(path) for path in pathlib.Path('/').rglob('q02_2*')]\n"
        "seen += [str(path) for path in pathlib.Path('/').rglob('02_confidence*')]\n"
        "seen += [name for name in sys.modules if name.startswith('labsupport.grading.')]\n"
        "seen += os.listdir('.')\n"
        f"for place in ({str(ROOT / 'solutions')!r}, {str(ROOT / 'tests')!r}, {str(tmp_path)!r}):\n"
        "    seen += [place] * os.path.exists(place)\n"
        "seen += list(pathlib.Path('/proc').iterdir())\n"
        "raise ValueError(seen)\n"
    )
    handed_in(tmp_path, a=with_answer(looks))
    assert "ValueError ([])" in graded(tmp_path)["a"]["02.2"].hint


def test_what_one_leaves_behind_the_next_does_not_find(tmp_path):
    leaves = (
        "import pathlib\nfor place in ('.', '/tmp', '/dev/shm', '/answer', '/lab', '/dev', '/'):\n"
        "    try:\n        pathlib.Path(place, 'left').write_text('block')\n"
        "    except OSError:\n        pass\n" + RIGHT
    )
    finds = (
        "import pathlib\nfor place in ('.', '/tmp', '/dev/shm', '/answer', '/lab', '/dev', '/'):\n"
        "    assert not pathlib.Path(place, 'left').exists(), place\n" + RIGHT
    )
    handed_in(tmp_path, a=with_answer(leaves), b=with_answer(finds))
    marks = graded(tmp_path)
    assert points(marks["a"]) == points(marks["b"]) == ALL


def test_what_breaks_a_check_is_marked_and_the_class_goes_on(tmp_path):
    """A number of more digits than Python prints, and a policy deeper than any reader goes."""
    (cell,) = (step.name for step in sheet("10").steps if step.name.startswith("q10_1-answer"))
    long = f"def places():\n    return dict.fromkeys([*{list(PLACES)!r}, 16**9000])\n"
    deep = "def pipeline():\n    return 'min_gain = ' + '[' * 4000, ['train'], [0]\n"
    notebook = solution("10")
    for each in notebook.cells:
        name = each.metadata.get("nbgrader", {}).get("grade_id")
        each.source = {cell: long, "q10_2-answer": deep}.get(name, each.source)
    handed_in(tmp_path, a=nbformat.writes(notebook), b=nbformat.writes(solution("10")))
    asked = sheet("10")
    found = grade_class(find_submissions(tmp_path, asked), asked, SEED).marks
    first, second = ({mark.question: mark for mark in found[who]} for who in "ab")
    assert first["10.1"].status == "not run" and "check itself broke" in first["10.1"].hint
    assert first["10.2"].status == "wrong" and first["10.2"].mistake
    assert second["10.1"].status == second["10.2"].status == "right"


# ---- files ----


def test_notebooks_that_cannot_be_graded_are_named_and_the_rest_is_graded(tmp_path):
    good = nbformat.writes(solution())
    handed_in(
        tmp_path,
        good=good,
        broken="{",
        none="[]",
        nothing="",
        other=nbformat.writes(solution("03")),
    )
    (tmp_path / "link.ipynb").symlink_to(tmp_path / "good.ipynb")
    (tmp_path / "folder.ipynb").mkdir()
    os.mkfifo(tmp_path / "pipe.ipynb")
    with (tmp_path / "large.ipynb").open("wb") as file:
        file.truncate(200 << 20)
    (tmp_path / "deep.ipynb").write_text("[" * 100_000, encoding="utf-8")
    twice = json.loads(good)
    twice["cells"] += [cell for cell in twice["cells"] if "q02_2-answer" in str(cell["metadata"])]
    handed_in(tmp_path, twice=json.dumps(twice))
    found = {one.student: one.problem for one in find_submissions(tmp_path, sheet())}
    assert found.pop("good") == ""
    assert set(found) == {
        "broken",
        "none",
        "nothing",
        "other",
        "link",
        "pipe",
        "large",
        "deep",
        "twice",
    }
    assert all(problem.endswith((".", "?")) for problem in found.values())
    assert points(graded(tmp_path)["good"]) == ALL


LAYOUTS = {
    "notebooks": {"ann.ipynb": "ann", "bo bo.ipynb": "bo bo"},
    "nbgrader": {
        "submitted/ann/02/02_confidence_intervals.ipynb": "ann",
        "submitted/bo bo/02/02_confidence_intervals.ipynb": "bo bo",
    },
    "moodle": {
        "Zoë Müller_31_assignsubmission_file_/02.ipynb": "Zoë Müller",
        "Ann Lee_7_assignsubmission_file_/x.ipynb": "Ann Lee",
    },
    "canvas": {
        "leeann_1001_20001_02_confidence_intervals.ipynb": "leeann",
        "mullerzoe_LATE_1002_20002_02_confidence_intervals-1.ipynb": "mullerzoe",
    },
    "nbgrader, of one": {"submitted/ann/02/02_confidence_intervals.ipynb": "ann"},
    "with the exercise's name": {
        "02_confidence_intervals_ann.ipynb": "ann",
        "bo-02_confidence_intervals.ipynb": "bo",
    },
}


@pytest.mark.parametrize("packed", [False, True], ids=["folder", "zip"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts_of_course_sites(tmp_path, layout, packed):
    text, place = nbformat.writes(solution()), tmp_path / "in"
    for name in LAYOUTS[layout]:
        path = place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    hidden = place / ".ipynb_checkpoints/old.ipynb"
    hidden.parent.mkdir()
    hidden.write_text(text, encoding="utf-8")
    if packed:
        place = Path(shutil.make_archive(str(place), "zip", place))
    found = find_submissions(place, sheet())
    assert {one.student for one in found} == set(LAYOUTS[layout].values())
    assert not any(one.problem for one in found)


def test_an_archive_reaches_no_other_file(tmp_path):
    text = nbformat.writes(solution())
    with zipfile.ZipFile(tmp_path / "in.zip", "w", zipfile.ZIP_DEFLATED) as held:
        held.writestr("../../ann.ipynb", text)
        link = zipfile.ZipInfo("bo.ipynb")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        held.writestr(link, "/etc/passwd")
        held.writestr("bomb.ipynb", b" " * (100 << 20))
    found = {one.student: one.problem for one in find_submissions(tmp_path / "in.zip", sheet())}
    assert found["ann"] == "" and "link" in found["bo"] and "larger" in found["bomb"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.zip"]


def test_an_archive_that_is_damaged_within_is_named(tmp_path):
    place = tmp_path / "in.zip"
    with zipfile.ZipFile(place, "w") as held:
        for k, kind in enumerate((zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2)):
            held.writestr(f"bad{k}.ipynb", nbformat.writes(solution()), kind)
        held.writestr("good.ipynb", nbformat.writes(solution()), zipfile.ZIP_DEFLATED)
        spots = [each.header_offset + 60 for each in held.infolist()[:3]]
    data = bytearray(place.read_bytes())
    for spot in spots:
        data[spot : spot + 400] = b"\xff" * 400
    place.write_bytes(data)
    found = {one.student: one.problem for one in find_submissions(place, sheet())}
    assert found.pop("good") == "" and len(found) == 3
    assert all("cannot be read" in problem for problem in found.values())


def test_an_archive_of_windows_has_folders(tmp_path):
    with zipfile.ZipFile(tmp_path / "in.zip", "w") as held:
        for name in ("ann", "bo"):
            held.writestr(f"class\\{name}\\02.ipynb", nbformat.writes(solution()))
    assert [one.student for one in find_submissions(tmp_path / "in.zip", sheet())] == ["ann", "bo"]


def test_an_answer_that_would_fill_the_memory_is_not_read_as_python(tmp_path):
    handed_in(tmp_path, a=with_answer("x\n" * 60_000))
    (found,) = find_submissions(tmp_path, sheet())
    assert "more than 100,000 letters" in found.problem and found.answers == {}


def test_a_student_without_a_notebook_is_named(tmp_path):
    for name in ("ann/02.ipynb", "bo/02.zip", "cy/sub/notes.txt", ".git/config"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text(nbformat.writes(solution()), encoding="utf-8")
    (tmp_path / "readme.txt").write_text("", encoding="utf-8")
    found = {one.student: one.problem for one in find_submissions(tmp_path, sheet())}
    assert found.pop("ann") == "" and set(found) == {"bo", "cy"}
    assert all("no notebook" in problem for problem in found.values())
    (tmp_path / "dee.ipynb").write_text(nbformat.writes(solution()), encoding="utf-8")
    assert {one.student for one in find_submissions(tmp_path, sheet())} == {"ann", "dee"}


def test_two_people_of_one_name_stay_two(tmp_path):
    for name in (
        "Ann Lee_7_assignsubmission_file_/02.ipynb",
        "Ann Lee_9_assignsubmission_file_/02.ipynb",
        "Bo Ek_8_assignsubmission_file_/02.ipynb",
    ):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(nbformat.writes(solution()), encoding="utf-8")
    found = {one.student: one.problem for one in find_submissions(tmp_path, sheet())}
    assert found == {"Ann Lee 7": "", "Ann Lee 9": "", "Bo Ek": ""}


def test_two_notebooks_of_one_student_are_not_guessed_at(tmp_path):
    for name in ("ann/a.ipynb", "ann/b.ipynb", "bo/a.ipynb"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(nbformat.writes(solution()), encoding="utf-8")
    found = {one.student: one for one in find_submissions(tmp_path, sheet())}
    assert "2 notebooks" in found["ann"].problem and found["bo"].problem == ""


# ---- the command ----


def grade(*arguments: object) -> int:
    return main(["grade", *map(str, arguments)])


def test_the_command_writes_a_table_and_pages(tmp_path, capsys):
    place = tmp_path / "in"
    place.mkdir()
    evil = "<script>alert(1)</script>"
    handed_in(place, ann=nbformat.writes(solution()), bo=with_answer(TRICKS["returns the inputs"]))
    (place / f"=cmd {evil.replace('/', '')} ﷽.ipynb").write_text(
        with_answer(f"raise ValueError('{evil}')")
    )
    out = tmp_path / "grades.csv"
    assert grade(place, "--exercise", "02", "--out", out, "--workers", 2) == 0
    said = capsys.readouterr().out
    assert said.startswith("Answers run in namespaces of their own")
    rows = list(csv.DictReader(out.read_text(encoding="utf-8-sig").splitlines()))
    assert len(rows) == 3 * 5
    assert {row["status"] for row in rows if row["student"] == "ann"} == {"right", "by hand"}
    assert any(row["student"].startswith("'=cmd") for row in rows)
    assert {row["shelter"] for row in rows} == {"namespaces"}
    pages = list((tmp_path / "grades").rglob("*.html"))
    assert len(list((tmp_path / "grades/feedback").iterdir())) == 3
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert "<script" not in text and "http" not in text.replace("http-equiv", "")
    assert grade(place, "--exercise", "02", "--out", out) == 0


@pytest.mark.slow
def test_no_name_and_no_error_stops_the_table_or_begins_a_formula(tmp_path, capsys):
    place = tmp_path / "in"
    place.mkdir()
    half = json.dumps(json.loads(with_answer("raise ValueError('x;=1+1 \\ud800')")))
    cells = json.loads(half)["cells"]
    cells[-1]["source"] = cells[-1]["source"] + ["\ud800"]
    (place / "x;=1+1.ipynb").write_text(json.dumps({"cells": cells}), encoding="utf-8")
    (place / "＝1+1.ipynb").write_text(half, encoding="utf-8")
    Path(os.fsdecode(os.fsencode(place) + b"/\xff.ipynb")).write_text("{", encoding="utf-8")
    out = tmp_path / "grades.csv"
    assert grade(place, "--exercise", "02", "--out", out) == 1
    assert "This file is not a notebook" in capsys.readouterr().out
    for separator in ",;\t":
        rows = list(
            csv.reader(out.read_text(encoding="utf-8-sig").splitlines(), delimiter=separator)
        )
        assert not any(field.startswith(("=", "＝")) for row in rows for field in row)


@pytest.mark.slow
def test_a_seed_is_drawn_once_and_kept(tmp_path, monkeypatch, capsys):
    handed_in(tmp_path, a=nbformat.writes(solution()))
    out, drawn = tmp_path / "out/grades.csv", iter([11, 12])
    monkeypatch.setattr("secrets.randbelow", lambda below: next(drawn))
    assert grade(tmp_path, "--exercise", "02", "--out", out) == 0
    assert "seed 11." in capsys.readouterr().out
    log = (tmp_path / "out/grades/graded.log").read_bytes()
    assert grade(tmp_path, "--exercise", "02", "--out", out) == 0
    assert (tmp_path / "out/grades/graded.log").read_bytes() == log
    for more in (["--seed", "4"], []):
        assert grade(tmp_path, "--exercise", "02", "--out", out, *more) == 0
    assert capsys.readouterr().out.count("seed 4.") == 2
    (tmp_path / "out/grades/seed.txt").write_text("x", encoding="utf-8")
    assert grade(tmp_path, "--exercise", "02", "--out", out) == 64


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (["--exercise", "02", "--out", "x.txt"], 64, "ends in .csv"),
        (["--exercise", "77", "--out", "x.csv"], 64, "no exercise 77"),
        (["--exercise", "02", "--out", "x.csv", "--seed", "-1"], 64, "whole number"),
    ],
)
def test_wrong_usage_is_one_sentence(tmp_path, capsys, arguments, status, says):
    handed_in(tmp_path, ann="{}")
    assert grade(tmp_path, *arguments) == status
    assert says in capsys.readouterr().err


def test_an_empty_folder_and_no_folder_are_told_apart(tmp_path, capsys):
    assert grade(tmp_path, "--exercise", "02", "--out", tmp_path / "x.csv") == 64
    assert "holds no notebook" in capsys.readouterr().err
    assert grade(tmp_path / "no", "--exercise", "02", "--out", tmp_path / "x.csv") == 66


def test_a_class_with_a_broken_notebook_ends_with_1(tmp_path, capsys):
    handed_in(tmp_path, ann=nbformat.writes(solution()), bo="{")
    assert grade(tmp_path, "--exercise", "02", "--out", tmp_path / "x.csv") == 1
    assert "bo (bo.ipynb): This file is not a notebook" in capsys.readouterr().out


# ---- once more ----


@pytest.mark.slow
def test_a_second_run_grades_only_what_changed(tmp_path, monkeypatch):
    from labsupport.grading.classroom import class_marks

    place = tmp_path / "in"
    place.mkdir()
    handed_in(place, ann=nbformat.writes(solution()), bo=nbformat.writes(solution()))
    asked = []
    one = class_marks.mark_submission
    monkeypatch.setattr(
        class_marks, "mark_submission", lambda it, *more: asked.append(it.student) or one(it, *more)
    )
    log = tmp_path / "log"
    first = graded(place, log=log)
    assert asked == ["ann", "bo"]
    assert graded(place, log=log) == first and asked == ["ann", "bo"]
    handed_in(place, bo=with_answer(TRICKS["returns the inputs"]))
    assert points(graded(place, log=log)["bo"]) == {**ALL, "02.2": 0}
    assert asked == ["ann", "bo", "bo"]
    assert graded(place, SEED + 1, log=log)["ann"] and asked[3:] == ["ann", "bo"]


@pytest.mark.slow
def test_a_killed_run_goes_on_and_ends_with_the_same_bytes(tmp_path):
    place = tmp_path / "in"
    place.mkdir()
    text = nbformat.writes(solution())
    handed_in(place, **{f"student{k:02}": text for k in range(8)})
    command = [
        *(sys.executable, "-m", "labsupport.cli", "grade", str(place)),
        *("--exercise", "02", "--seed", "5", "--out"),
    ]
    cut = subprocess.Popen([*command, str(tmp_path / "cut.csv")], stdout=subprocess.DEVNULL)
    log = tmp_path / "cut/graded.log"
    while not (log.exists() and log.read_bytes().count(b"\n") >= 3) and cut.poll() is None:
        pass
    cut.kill()
    cut.wait()
    done = log.read_bytes().count(b"\n")
    assert 3 <= done < 8
    subprocess.run([*command, str(tmp_path / "cut.csv")], check=True, stdout=subprocess.DEVNULL)
    subprocess.run(
        [*command, str(tmp_path / "whole.csv"), "--workers", "1"],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    assert (tmp_path / "cut.csv").read_bytes() == (tmp_path / "whole.csv").read_bytes()
    keys = [json.loads(line)["event"]["student"] for line in log.read_text().splitlines()]
    assert sorted(keys) == sorted(set(keys))


@pytest.mark.slow
def test_marks_are_the_same_bytes_on_another_processor_and_on_a_cluster(tmp_path):
    place = tmp_path / "in"
    place.mkdir()
    wrong = with_answer(TRICKS["returns the inputs"])
    handed_in(place, ann=nbformat.writes(solution()), bo=wrong, cy="{")
    command = [sys.executable, "-m", "labsupport.cli", "grade", str(place), "--exercise", "02"]
    command += ["--seed", "5"]
    tables = []
    for core, more in (("Haswell", []), ("Prescott", ["--cluster", "local", "--workers", "2"])):
        out = tmp_path / f"{core}.csv"
        made = subprocess.run(
            [*command, "--out", str(out), *more],
            env={**os.environ, "OPENBLAS_CORETYPE": core},
            capture_output=True,
            check=False,
        )
        assert made.returncode == 1, made.stderr
        tables.append(out.read_bytes())
    assert tables[0] == tables[1] and tables[0].count(b"right") == 4 + 3


# ---- alike ----


def test_a_disguised_copy_is_found_and_an_answer_of_ones_own_is_not():
    copied = RIGHT.replace("low", "a").replace("high", "b").replace("margin", "c")
    own = (
        "def strict_gate(low, high, margin):\n"
        "    clears = [low >= margin, high >= low]\n"
        "    if all(clears):\n        return 'promote'\n"
        "    if margin > high:\n        return 'block'\n    return 'inconclusive'\n"
    )
    (group,) = find_alike("02.2", {"ann": RIGHT, "bo": copied, "cy": own}, "pass")
    assert group.students == ("ann", "bo") and group.share == 1
    assert find_alike("02.2", {"ann": RIGHT, "bo": RIGHT}, RIGHT) == []
    assert find_alike("02.2", {"ann": "x = 1", "bo": "x = 1"}, "") == []
