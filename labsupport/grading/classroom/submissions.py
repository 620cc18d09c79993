"""Whose notebooks there are: a folder of notebooks, a folder for each student, or a ZIP of either.

Nothing is unpacked, no link is followed, and a notebook of any size is read no further than it may
be large.
"""

from __future__ import annotations

import itertools
import json
import lzma
import os
import re
import stat
import unicodedata
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from labsupport.durable import digest
from labsupport.grading.classroom.sheet import Sheet

LARGEST = 20 << 20  # bytes of a notebook
LONGEST = 100_000  # letters of an answer: reading it as Python takes a thousand times that
MOST = 200_000  # files


@dataclass(frozen=True)
class Submission:
    """One student's notebook, as far as it counts.

    Attributes
    ----------
    student : as the course site calls them.
    file : where the notebook lies, below what was handed in.
    answers : {nbgrader's name of a cell: its source}, of answer cells and of words.
    elsewhere : names that other cells of the notebook define.
    problem : why it cannot be graded, a sentence; empty if it can.
    """

    student: str
    file: str
    answers: dict[str, str]
    elsewhere: tuple[str, ...] = ()
    problem: str = ""

    @property
    def digest(self) -> str:
        """Of what counts."""
        return digest(repr((sorted(self.answers.items()), self.elsewhere, self.problem)).encode())


@dataclass(frozen=True)
class _File:
    name: PurePosixPath
    read: Callable[[], bytes]
    problem: str = ""

    @property
    def is_notebook(self) -> bool:
        return self.name.suffix.lower() == ".ipynb"


def find_submissions(place: Path, sheet: Sheet) -> list[Submission]:
    """All submissions, one a student, by name.

    Parameters
    ----------
    place : a folder, or a ZIP.

    Raises
    ------
    ValueError : there is nothing here, or nothing that looks like a notebook.
    """
    if place.is_dir():
        files = list(_in_folder(place))
    elif zipfile.is_zipfile(place):
        try:
            files = list(_in_zip(place))
        except zipfile.BadZipFile as error:
            raise ValueError(f"{place.name} is a damaged ZIP: {error}.") from error
    else:
        raise ValueError(f"{place.name} is neither a folder nor a ZIP of submissions.")
    notebooks = [file for file in files if file.is_notebook]
    if not notebooks:
        raise ValueError(f"{place.name} holds no notebook (*.ipynb).")
    by_student = defaultdict(list)
    for student, file in _students(files, sheet.name):
        if file.is_notebook:
            by_student[student].append(_taken(student, file, sheet))
    for student, file in _students(files, sheet.name):
        if student not in by_student:
            told = "There is no notebook (*.ipynb) in this folder; hand in the notebook itself."
            by_student[student].append(Submission(student, _readable(file.name), {}, problem=told))
    return [_the_one(found) for _, found in sorted(by_student.items())]


def _in_folder(place: Path) -> Iterable[_File]:
    count = 0
    for folder, folders, names in os.walk(place):
        folders[:] = sorted(name for name in folders if not _is_hidden(name))
        for name in sorted(names):
            count += 1
            if count > MOST:
                raise ValueError(f"{place.name} holds more than {MOST:,} files.")
            if not _is_hidden(name):
                path = Path(folder, name)
                yield _file_at(path, PurePosixPath(path.relative_to(place).as_posix()))


def _file_at(path: Path, name: PurePosixPath) -> _File:
    about = path.lstat()
    problem = ""
    if stat.S_ISLNK(about.st_mode):
        problem = "This is a link to another file, not a notebook; hand in the notebook itself."
    elif not stat.S_ISREG(about.st_mode):
        problem = "This is not a file; hand in the notebook itself."
    elif about.st_size > LARGEST:
        problem = _too_large()
    return _File(name, lambda: _read_no_link(path), problem)


def _read_no_link(path: Path) -> bytes:
    number = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
    with os.fdopen(number, "rb") as file:
        return file.read(LARGEST + 1)


def _too_large() -> str:
    return (
        f"This notebook is larger than {LARGEST >> 20} MB; clear its outputs (Edit, Clear Outputs "
        "of All Cells) and hand it in again."
    )


def _in_zip(place: Path) -> Iterable[_File]:
    held = zipfile.ZipFile(place)
    entries = held.infolist()
    if len(entries) > MOST:
        raise ValueError(f"{place.name} holds more than {MOST:,} files.")
    for entry in sorted(entries, key=lambda one: one.filename):
        name = PurePosixPath(
            *(part for part in re.split(r"[/\\]", entry.filename) if part not in ("", ".", ".."))
        )
        if entry.is_dir() or not name.name:
            continue
        if any(_is_hidden(part) for part in name.parts) or "__MACOSX" in name.parts:
            continue
        link = stat.S_ISLNK(entry.external_attr >> 16)
        problem = _too_large() if entry.file_size > LARGEST else ""
        if link:
            problem = "This is a link to another file, not a notebook; hand in the notebook itself."
        yield _File(name, lambda entry=entry: held.open(entry).read(LARGEST + 1), problem)


def _is_hidden(name: str) -> bool:
    return name.startswith(".")  # .ipynb_checkpoints among them


_TAIL = re.compile(r"(?:_(\d+))?_assignsubmission_.*$")
_CANVAS = re.compile(r"^(?P<who>.+?)(?:_LATE)?_(\d+)_\d+_.*$")


def _students(files: list[_File], exercise: str) -> list[tuple[str, _File]]:
    """Who a file belongs to: by the first folder that tells notebooks apart, else by its own name.

    Other files tell only that a folder belongs to somebody.
    """
    notebooks = [file.name.parts for file in files if file.is_notebook]
    folders = zip(*(each[:-1] for each in notebooks), strict=False)
    shared = len(list(itertools.takewhile(lambda level: len(set(level)) == 1, folders)))
    if len(notebooks) == 1:
        above = notebooks[0][:-1]
        while len(above) > 1 and above[-1] in (exercise, exercise[:2]):
            above = above[:-1]  # nbgrader's folder of the exercise
        shared = max(0, len(above) - 1)
    apart = all(len(each) > shared + 1 for each in notebooks)
    named = []
    for file in files:
        inner = file.name.parts[shared:]
        below = file.name.parts[:shared] == notebooks[0][:shared]
        if file.is_notebook or (apart and below and len(inner) > 1):
            named.append((*_who(inner, exercise), file))
    numbers = defaultdict(set)
    for who, number, _ in named:
        numbers[who].add(number)
    return [(f"{who} {n}" if len(numbers[who]) > 1 else who, file) for who, n, file in named]


def _who(parts: tuple[str, ...], exercise: str) -> tuple[str, str]:
    """The name, and the course site's number behind it: two people may have the same name."""
    if len(parts) > 1:
        found = _TAIL.search(parts[0])
        who, number = (parts[0][: found.start()], found[1]) if found else (parts[0], None)
    else:
        who = parts[0].removesuffix(PurePosixPath(parts[0]).suffix)
        canvas = _CANVAS.match(who)
        number = canvas[2] if canvas else None
        who = canvas["who"] if canvas else who.replace(exercise, "").strip(" _-") or who
    tidy = unicodedata.normalize("NFC", who)
    plain = "".join(" " if unicodedata.category(one)[0] in "CZ" else one for one in tidy)
    return " ".join(plain.split()) or "(no name)", number or ""


def _readable(name: PurePosixPath) -> str:
    return str(name).encode(errors="replace").decode()


_DAMAGED = (zipfile.BadZipFile, zlib.error, lzma.LZMAError)


def _taken(student: str, file: _File, sheet: Sheet) -> Submission:
    name = _readable(file.name)
    if file.problem:
        return Submission(student, name, {}, problem=file.problem)
    try:
        data = file.read()
    except (OSError, RuntimeError, MemoryError, EOFError, *_DAMAGED) as error:
        why = getattr(error, "strerror", None) or "the archive is damaged, or has a password"
        return Submission(student, name, {}, problem=f"This notebook cannot be read: {why}.")
    if len(data) > LARGEST:
        return Submission(student, name, {}, problem=_too_large())
    try:
        cells = _cells(data)
    except (ValueError, RecursionError, TypeError, AttributeError, KeyError):
        broken = "This file is not a notebook that can be read; open it in JupyterLab, and save it."
        return Submission(student, name, {}, problem=broken)
    wanted = {step.name for step in sheet.steps if step.kind in ("answer", "words")}
    answers = {grade_id: source for grade_id, source in cells if grade_id in wanted}
    ids = [grade_id for grade_id, _ in cells if grade_id in wanted]
    problem = ""
    if not answers:
        problem = f"None of its cells is an answer cell of {sheet.name}; is it another exercise?"
    elif any(len(answer) > LONGEST for answer in answers.values()):
        longest = max(answers, key=lambda one: len(answers[one]))
        problem = f"The answer cell {longest} holds more than {LONGEST:,} letters; shorten it."
    elif len(ids) != len(set(ids)):
        twice = next(one for one in ids if ids.count(one) > 1)
        problem = f"The answer cell {twice} is there twice; delete one of the two."
    others = [source for grade_id, source in cells if grade_id not in wanted]
    return Submission(student, name, {} if problem else answers, _defined(others), problem)


def _cells(data: bytes) -> list[tuple[str, str]]:
    """(nbgrader's name or "", source) of each cell."""
    notebook = json.loads(data.decode("utf-8-sig"))
    if not isinstance(notebook, dict) or not isinstance(notebook.get("cells"), list):
        raise ValueError("no notebook")
    found = []
    for cell in notebook["cells"]:
        about = cell.get("metadata", {}).get("nbgrader", {})
        source = cell["source"]
        text = source if isinstance(source, str) else "".join(source)
        found.append((str(about.get("grade_id", "")) if about.get("solution") else "", text))
    return found


def _defined(sources: list[str]) -> tuple[str, ...]:
    pattern = re.compile(r"^(?:def|class)\s+(\w+)|^(\w+)\s*=", re.M)
    return tuple(sorted({a or b for source in sources for a, b in pattern.findall(source)}))


def _the_one(found: list[Submission]) -> Submission:
    """A student's notebook: the only one, or the only one of this exercise."""
    good = [one for one in found if not one.problem]
    if len(good) == 1:
        return good[0]
    if not good:
        return found[0]
    files = ", ".join(one.file for one in good)
    told = f"There are {len(good)} notebooks of this student ({files}); leave the one that counts."
    return Submission(good[0].student, good[0].file, {}, problem=told)
