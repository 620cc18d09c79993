"""grades.csv: a line for each student and question."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

from labsupport.durable import replace_whole
from labsupport.grading.classroom.class_marks import ClassMarks

COLUMNS = (*("student", "question", "points", "possible", "mistake", "hint", "status", "shelter"),)
_FORMULA = re.compile(r"(^|[;\t\r\n]\s*)(?=[=+@\t\r\n＝＋－＠-])")  # wide ones are read so, too


def write_table(marks: ClassMarks, path: Path) -> None:
    """Write the marks, whole or not at all, as UTF-8 that a spreadsheet opens.

    Names come from files that students named: what a spreadsheet would run as a formula gets an
    apostrophe in front, behind a semicolon, too, at which some spreadsheets begin a new field.
    """
    text = io.StringIO(newline="")
    table = csv.writer(text, lineterminator="\n")
    table.writerow(COLUMNS)
    for student, found in marks.marks.items():
        for mark in found:
            points = "" if mark.points is None else f"{mark.points:g}"
            table.writerow(
                [
                    _harmless(student),
                    mark.question,
                    points,
                    f"{mark.possible:g}",
                    mark.mistake,
                    _harmless(mark.hint),
                    mark.status,
                    marks.shelter.name,
                ]
            )
    replace_whole(path, ("\ufeff" + text.getvalue()).encode(errors="replace"))


def _harmless(text: str) -> str:
    return _FORMULA.sub(r"\1'", text)
