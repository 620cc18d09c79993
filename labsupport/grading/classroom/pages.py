"""A page for each student, and those for the instructor. No page holds an expected value, or runs
anything."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from html import escape
from pathlib import Path

from labsupport.durable import replace_whole
from labsupport.grading.classroom.alike import Alike, find_alike
from labsupport.grading.classroom.class_marks import ClassMarks
from labsupport.grading.classroom.marking import Mark

_STYLE = """
:root { color-scheme: light dark; --line: #8886; --good: #007a59; --bad: #b04800; --bar: #0072b2 }
@media (prefers-color-scheme: dark) { :root { --good: #3fcf9f; --bad: #f0985c; --bar: #56b4e9 } }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; width: 100%; margin: 1rem 0 }
th, td { text-align: left; padding: .35rem .7rem; border-bottom: 1px solid var(--line);
  vertical-align: top }
h1, h3, summary, td:last-child:not(.number) { overflow-wrap: anywhere }
td:last-child:not(.number) { min-width: 8rem } .wide { overflow-x: auto }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }
.right { color: var(--good); font-weight: 600 } .wrong { color: var(--bad); font-weight: 600 }
.bar { display: inline-block; height: .9em; background: var(--bar); vertical-align: baseline }
.beside { display: flex; gap: 1rem; overflow-x: auto } .beside > * { flex: 1 1 20rem; min-width: 0 }
pre { overflow-x: auto; border: 1px solid var(--line); padding: .7rem; font-size: 13px }
.quiet { opacity: .8 }
"""
_NAMED = 6  # students of a group, before it is opened
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def write_pages(marks: ClassMarks, folder: Path) -> Path:
    """Write class.html, written.html where there is something to read, and feedback/NAME.html.

    Returns
    -------
    The class page.
    """
    names = {one.student: f"{_slug(one.student)}.html" for one in marks.submissions}
    for one in marks.submissions:
        page = _student_page(one.student, marks.marks[one.student], marks)
        _write(folder / "feedback" / names[one.student], page)
    if marks.sheet.words:
        _write(folder / "written.html", _written_page(marks))
    _write(folder / "class.html", _class_page(marks, names))
    return folder / "class.html"


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_whole(path, text.encode(errors="replace"))  # half a letter is none that can be written


def _slug(student: str) -> str:
    """A file's name that every system takes, and that no two students share."""
    ascii_only = unicodedata.normalize("NFKD", student).encode("ascii", "ignore").decode()
    short = re.sub(r"[^A-Za-z0-9]+", "-", ascii_only).strip("-")[:40]
    return f"{short or 'student'}-{hashlib.sha256(student.encode()).hexdigest()[:16]}"


def _page(title: str, *parts: str) -> str:
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width">'
        f"<style>{_STYLE}</style></head><body><main><h1>{escape(title)}</h1>{''.join(parts)}"
        "</main></body></html>\n"
    )


def _table(head: list[str], rows: list[list[str]], numbers: tuple[int, ...] = ()) -> str:
    def cells(tag: str, row: list[str]) -> str:
        scope = " scope=col" * (tag == "th")
        return "".join(
            f"<{tag}{scope}{' class=number' if at in numbers else ''}>{cell}</{tag}>"
            for at, cell in enumerate(row)
        )

    body = "".join(f"<tr>{cells('td', row)}</tr>" for row in rows)
    table = f"<table><thead><tr>{cells('th', head)}</tr></thead><tbody>{body}</tbody></table>"
    return f"<div class=wide>{table}</div>"


def _points(points: float | None) -> str:
    return "" if points is None else f"{points:g}"


def _bar(share: float) -> str:
    return f'<span class="bar" style="width: min({30 * share:.1f}vw, {12 * share:.2f}rem)"></span>'


# ---- one student ----


def _student_page(student: str, found: list[Mark], marks: ClassMarks) -> str:
    got = sum(mark.points or 0 for mark in found)
    possible = sum(mark.possible for mark in found if mark.status != "by hand")
    by_hand = sum(mark.possible for mark in found if mark.status == "by hand")
    total = f"<p>{got:g} of {possible:g} points"
    total += (
        f"; {by_hand:g} more are given by a person who reads your words.</p>"
        if by_hand
        else ".</p>"
    )
    rows = []
    for mark in found:
        kind = {"right": "right", "by hand": "quiet"}.get(mark.status, "wrong")
        state = f'<span class="{kind}">{escape(mark.status)}</span>'
        points = f"{_points(mark.points)} of {mark.possible:g}" if mark.points is not None else "—"
        rows.append([escape(mark.question), state, points, escape(mark.hint)])
    table = _table(["question", "came out", "points", "what was seen"], rows, (2,))
    told = (
        "<p class=quiet>Checks drew other inputs than those in your notebook. What is told here is "
        "what your answer did, never what it should have said.</p>"
    )
    return _page(f"{student}: {marks.sheet.name}", total, table, told)


# ---- the class ----


def _class_page(marks: ClassMarks, names: dict[str, str]) -> str:
    students = len(marks.submissions)
    parts = [
        f"<p>{students} submission{'s' * (students != 1)}, inputs drawn from seed {marks.seed}. "
        f"{escape(marks.shelter.told)}</p>"
    ]
    if marks.sheet.words:
        parts.append('<p><a href="written.html">What was written, to be read by you</a></p>')
    parts += ["<h2>Points</h2>", _histogram(marks), "<h2>Questions, the hardest first</h2>"]
    parts += [_by_difficulty(marks), "<h2>Mistakes by name</h2>", _mistakes(marks)]
    if marks.unreadable:
        parts += ["<h2>Not graded</h2>", _unreadable(marks)]
    parts += ["<h2>Nearly the same answers</h2>", _nearly_the_same(marks)]
    parts += ["<h2>Students</h2>", _students(marks, names)]
    return _page(f"{marks.sheet.name}: the class", *parts)


def _got(found: list[Mark]) -> float:
    return sum(mark.points or 0 for mark in found)


def _histogram(marks: ClassMarks) -> str:
    possible = sum(step.points for step in marks.sheet.checks)
    counts = Counter(int(_got(marks.marks[one.student])) for one in marks.submissions)
    most = max(counts.values())
    rows = [
        [f"{points}", f"{counts[points]}", _bar(counts[points] / most)]
        for points in range(int(possible), -1, -1)
    ]
    return _table(["points", "students", ""], rows, (0, 1))


def _by_difficulty(marks: ClassMarks) -> str:
    rows = []
    for step in marks.sheet.checks:
        found = [
            mark for each in marks.marks.values() for mark in each if mark.question == step.question
        ]
        kinds = Counter(mark.status for mark in found)
        share = kinds["right"] / len(found)
        others = ", ".join(f"{n} {kind}" for kind, n in sorted(kinds.items()) if kind != "right")
        rows.append((share, [escape(step.question), f"{kinds['right']}", _bar(share), others]))
    return _table(["question", "right", "", "others"], [row for _, row in sorted(rows)], (1,))


def _mistakes(marks: ClassMarks) -> str:
    wrong = [mark for each in marks.marks.values() for mark in each if mark.status == "wrong"]
    if not wrong:
        return "<p>None.</p>"
    named = Counter((mark.question, mark.mistake or "no mistake known by name") for mark in wrong)
    rows = [
        [escape(question), escape(name), f"{count}"]
        for (question, name), count in sorted(named.items(), key=lambda one: (-one[1], one[0]))
    ]
    return _table(["question", "mistake", "students"], rows, (2,))


def _unreadable(marks: ClassMarks) -> str:
    rows = [
        [escape(one.student), escape(one.file), escape(one.problem)] for one in marks.unreadable
    ]
    return _table(["student", "file", "why"], rows)


def alike(marks: ClassMarks) -> list[Alike]:
    """Groups of nearly the same answers, question by question."""
    found = []
    for step in marks.sheet.steps:
        if step.kind == "answer":
            answers = {
                one.student: one.answers[step.name]
                for one in marks.submissions
                if step.name in one.answers
            }
            found += find_alike(step.question, answers, step.source)
    return found


def _nearly_the_same(marks: ClassMarks) -> str:
    parts = [
        "<p class=quiet>Compared without names, numbers, comments and layout; short answers are "
        "left out. Two who worked alone can write the same, and most right answers to a question "
        "look alike: talk before you judge.</p>"
    ]
    for group in alike(marks):
        everybody = ", ".join(map(escape, group.students))
        first = ", ".join(map(escape, group.students[:_NAMED]))
        more = len(group.students) - _NAMED
        beside = "".join(
            f"<div><b>{escape(student)}</b><pre>{escape(source)}</pre></div>"
            for student, source in list(zip(group.students, group.answers, strict=True))[:3]
        )
        parts.append(
            f"<details><summary>{escape(group.question)}: {len(group.students)} students, {first}"
            f"{f' and {more} more' if more > 0 else ''}</summary><p>{everybody}</p>"
            f"<div class=beside>{beside}</div></details>"
        )
    return "".join(parts) if len(parts) > 1 else parts[0] + "<p>None.</p>"


def _students(marks: ClassMarks, names: dict[str, str]) -> str:
    questions = [step.question for step in marks.sheet.checks]
    rows = []
    for one in marks.submissions:
        found = {mark.question: mark for mark in marks.marks[one.student]}
        link = f'<a href="feedback/{names[one.student]}">{escape(one.student)}</a>'
        points = [_points(found[question].points) for question in questions]
        rows.append([link, *points, f"{_got(marks.marks[one.student]):g}"])
    return _table(["student", *questions, "sum"], rows, tuple(range(1, len(questions) + 2)))


def _written_page(marks: ClassMarks) -> str:
    parts = []
    for step in marks.sheet.words:
        parts.append(f"<h2>{escape(step.question)}, {step.points:g} points</h2>")
        for one in marks.submissions:
            text = one.answers.get(step.name, "")
            same = not text.strip() or text.split() == step.source.split()
            said = "<p class=quiet>Nothing written.</p>" if same else f"<pre>{escape(text)}</pre>"
            parts.append(f"<h3>{escape(one.student)}</h3>{said}")
    return _page(f"{marks.sheet.name}: what was written", *parts)
