"""Negative controls: a fault is planted in a copy of a valid lesson, and the real test command must
fail and name it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from nbformat.v4 import new_code_cell, new_output
from slow import SLOW, some_slow
from tiny_lesson import PYTEST, STEM, Project, copy_project, passes, record, tiny_lesson

PARAMETERS, SCORE_CELL, READING_CELL, PANEL_CELL, PICTURE_CELL, QUESTION = 1, 3, 4, 5, 6, 7
PLACE_CELL = QUESTION + 1
COMPARED = "Cell "  # the fault is not against a rule: nbval compares and finds it in this cell

DRAWING = "0123456789abcdef"  # of the picture of the valid lesson
OTHER_PNG = (  # one pixel that carries the same digest backwards
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAAGHRFWHRkcmF3aW5nAGZlZGNiYTk4NzY1"
    "NDMyMTCQo65dAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="
)


@dataclass(frozen=True)
class Fault:
    """What is planted (a change of the valid lesson), which rule or cell must fail, and the words
    that name it.
    """

    caught_by: str
    name: str
    plant: Callable
    words: tuple[str, ...]

    @property
    def stem(self) -> str:
        return "fault_" + "_".join(self.name.split())

    @property
    def test(self) -> str:
        """The name of the test that must fail."""
        if self.caught_by.startswith(COMPARED):
            return f"notebooks/{self.stem}.ipynb::{self.caught_by}"
        return f"test_notebook_keeps_rule[notebooks/{self.stem}-{self.caught_by}]"


def broken(caught_by: str, name: str, plant: Callable, *words: str) -> Fault:
    return Fault(caught_by, name, plant, words)


def replace_output(i: int, mime: str | None, old: str, new: str) -> Callable:
    def plant(book):
        output = book.cells[i].outputs[0]
        holder, key = (output, "text") if mime is None else (output.data, mime)
        if old not in holder[key]:
            raise ValueError(
                f"{old!r} is not in the output of cell {i}; adapt this negative control."
            )
        holder[key] = holder[key].replace(old, new)

    return plant


def set_source(i: int, source: str) -> Callable:
    return lambda book: book.cells[i].update(source=source)


def add_source(i: int, source: str) -> Callable:
    return lambda book: book.cells[i].update(source=book.cells[i].source + source)


def tag(i: int, name: str) -> Callable:
    return lambda book: book.cells[i].metadata.update(tags=[name])


def replace_source(i: int, old: str, new: str) -> Callable:
    def plant(book):
        if old not in book.cells[i].source:
            raise ValueError(f"{old!r} is not in cell {i}; adapt this negative control.")
        book.cells[i].source = book.cells[i].source.replace(old, new)

    return plant


def set_metadata(i: int, **metadata) -> Callable:
    return lambda book: book.cells[i].metadata.update(metadata)


def strip(book) -> None:
    for cell in book.cells:
        if cell.cell_type == "code":
            cell.update(outputs=[], execution_count=None)


def bare_picture(book) -> None:
    del book.cells[PICTURE_CELL].outputs[0].data["text/html"]


def other_picture(*mimes: str) -> Callable:
    """Put the picture of another drawing into some representations."""

    def plant(book):
        data = book.cells[PICTURE_CELL].outputs[0].data
        for mime in mimes:
            data[mime] = data[mime].replace(data["image/png"].strip(), OTHER_PNG)

    return plant


def second_panel(book) -> None:
    cell = new_code_cell("1", execution_count=5, metadata={"tags": ["nbval-ignore-output"]})
    book.cells[QUESTION:QUESTION] = [cell, new_code_cell("2", execution_count=6)]


FAULTS = [
    broken(
        "Cell 1",
        "wrong stored output",
        replace_output(SCORE_CELL, None, "0.9250", "0.9251"),
        "0.9251",
        "differ",
    ),
    broken(
        "Cell 1", "cell that raises", add_source(SCORE_CELL, "\nprint(1 / 0)"), "ZeroDivisionError"
    ),
    broken(
        "Cell 3",
        "wrong number in stored alt text",
        replace_output(PICTURE_CELL, "text/html", "bar, 0.92", "bar, 0.97"),
        "bar, 0.9750",
        "differ",
    ),
    broken(
        "Cell 3",
        "wrong number in stored caption",
        replace_output(PICTURE_CELL, "text/html", "right: 0.92", "right: 0.97"),
        "right: 0.9750",
        "differ",
    ),
    broken(
        "Cell 3",
        "picture by old drawing code",
        replace_output(PICTURE_CELL, "text/html", DRAWING, DRAWING[::-1]),
        DRAWING,
        "differ",
    ),
    broken(
        "execution_counts",
        "outputs and counts stripped",
        strip,
        "execution count None",
        "would not be compared",
    ),
    broken(
        "nbval_tags",
        "cell tagged nbval-skip",
        tag(SCORE_CELL, "nbval-skip"),
        "'nbval-skip'",
        "remove it",
    ),
    broken(
        "nbval_tags",
        "cell tagged raises-exception",
        tag(SCORE_CELL, "raises-exception"),
        "'raises-exception'",
    ),
    broken(
        "nbval_tags",
        "comment NBVAL_IGNORE_OUTPUT",
        add_source(SCORE_CELL, "\n# NBVAL_IGNORE_OUTPUT"),
        "'# NBVAL_IGNORE",
    ),
    broken(
        "nbval_tags",
        "printing cell tagged as panel",
        tag(SCORE_CELL, "nbval-ignore-output"),
        "goes unchecked",
    ),
    broken(
        "clean_run",
        "stored error",
        lambda book: book.cells[SCORE_CELL].update(
            outputs=[new_output("error", ename="KeyError", evalue="", traceback=[])]
        ),
        "stores an error, KeyError",
    ),
    broken(
        "clean_run",
        "semicolon that hides an output",
        add_source(SCORE_CELL, "\nright;"),
        "ends in a semicolon",
    ),
    broken(
        "stable_outputs",
        "path in an output",
        replace_output(SCORE_CELL, None, "37", "/home/ada/lab 37"),
        "'/home/ada/lab'",
    ),
    broken(
        "stable_outputs",
        "raw float in an output",
        replace_output(SCORE_CELL, None, "0.9250", "0.92500000001"),
        "0.9250000",
    ),
    broken(
        "metadata",
        "Python version in metadata",
        lambda book: book.metadata.update(language_info={"version": "3.11.7"}),
        "one machine's",
    ),
    broken(
        "alt_text",
        "picture without alt text",
        replace_output(PICTURE_CELL, "text/html", "<img alt=", "<img name="),
        "describe it",
    ),
    broken(
        "pictures",
        "picture of another drawing",
        other_picture("text/html", "image/png"),
        f"drawing fedcba9876543210 under the words of drawing {DRAWING}",
    ),
    broken(
        "pictures",
        "another picture for viewers without HTML",
        other_picture("image/png"),
        "another picture as image/png",
    ),
    broken(
        "pictures",
        "another picture for viewers with HTML",
        other_picture("text/html"),
        "another picture as image/png",
    ),
    broken("alt_text", "bare picture", bare_picture, "cell 6", "bare picture"),
    broken(
        "links",
        "dead link",
        add_source(READING_CELL, " [See](02_nowhere.ipynb)."),
        "02_nowhere.ipynb",
    ),
    broken(
        "budgets",
        "cell of 21 lines",
        set_source(SCORE_CELL, "\n".join(["right = rows"] * 21)),
        "has 21 lines",
    ),
    broken(
        "budgets",
        "too many words",
        add_source(READING_CELL, " word" * 1800),
        "words of prose, at most 1800",
    ),
    broken("order", "no parameters cell", tag(PARAMETERS, "settings"), "tagged 'parameters'"),
    broken("order", "second live panel", second_panel, "exactly one live panel"),
    broken(
        "order", "panel without a question", set_source(QUESTION, "Go on."), "must ask a question"
    ),
    broken(
        "own_names",
        "def that shadows labsupport",
        add_source(SCORE_CELL, "\ndef gate(outcomes, policy):\n    return 'promote'"),
        "defines gate, which labsupport.gate has",
    ),
    broken(
        "prose_numbers",
        "number that no cell prints",
        add_source(READING_CELL, " It was 0.97."),
        "states 0.97",
        "print it",
    ),
    broken(
        "prose_numbers",
        "number with fewer digits",
        add_source(READING_CELL, " So 0.925."),
        "states 0.925,",
    ),
    broken(
        "prose_numbers",
        "number in a code span",
        add_source(READING_CELL, " With `margin = 0.07`."),
        "has 0.07 in a code span",
    ),
    broken(
        "kept_claims",
        "two bound numbers exchanged",
        replace_source(READING_CELL, "37 of 40", "40 of 37"),
        "claims 40 37",
        "where it claimed 37 40",
    ),
    broken(
        "kept_claims",
        "small number changed",
        replace_source(QUESTION, "at 0 wrong", "at 2 wrong"),
        "claims 2 where it claimed 0",
    ),
    broken(
        "kept_claims",
        "number word changed",
        replace_source(READING_CELL, "Three are", "Four are"),
        "claims four",
        "where it claimed three",
    ),
    broken(
        "span_names",
        "function that does not exist",
        add_source(READING_CELL, " See `PairedOutcomes.from_guesses()`."),
        "`PairedOutcomes.from_guesses`",
    ),
    broken(
        "span_names",
        "name misspelt in a code span",
        add_source(READING_CELL, " It is `wrong_rows`."),
        "`wrong_rows`",
    ),
    broken(
        "honest_links",
        "link to another exercise",
        add_source(READING_CELL, " [Exercise 02](01_evaluation_gate.ipynb)."),
        "'Exercise 02' leads to 01_evaluation_gate.ipynb",
    ),
    broken(
        "honest_links",
        "dead anchor",
        add_source(READING_CELL, " [Above](#What-to-forget)."),
        "no heading #What-to-forget",
    ),
    broken(
        "same_every_day",
        "date of today",
        add_source(SCORE_CELL, "\nimport datetime\ntoday = datetime.date.today()"),
        "asks what time it is (date.today)",
    ),
    broken(
        "same_every_day",
        "draw without a seed",
        add_source(SCORE_CELL, "\nimport numpy as np\nnp.random.default_rng().random()"),
        "default_rng() without a seed",
    ),
    broken(
        "same_every_day",
        "draw from the shared generator",
        add_source(SCORE_CELL, "\nimport numpy as np\nnp.random.seed(0)"),
        "whose seed is everybody's",
    ),
    broken(
        "same_every_day",
        "network whose failure is swallowed",
        add_source(
            SCORE_CELL,
            "\ntry:\n    from urllib.request import urlopen\n    urlopen('https://example.org')"
            "\nexcept OSError:\n    pass",
        ),
        "imports urllib",
        "has the address 'https://example.org'",
    ),
    broken(
        "same_every_day",
        "shell in a lesson",
        add_source(SCORE_CELL, "\n!date"),
        "runs '!date'",
    ),
    broken(
        "nothing_left_behind",
        "file written beside the lesson",
        add_source(SCORE_CELL, "\nwith open('notes.txt', 'w') as file:\n    print(1, file=file)"),
        "calls open, which writes beside",
    ),
    broken(
        "nothing_left_behind",
        "file renamed beside the lesson",
        add_source(SCORE_CELL, "\nfrom pathlib import Path\nPath('notes.txt').rename('old.txt')"),
        "calls Path('notes.txt').rename, which writes beside",
    ),
    broken(
        "nothing_left_behind",
        "file renamed by os",
        add_source(SCORE_CELL, "\nimport os\nos.rename(src='notes.txt', dst='old.txt')"),
        "calls os.rename, which writes beside",
    ),
    broken(
        "nothing_left_behind",
        "path in the code",
        add_source(SCORE_CELL, "\ndata = '/mnt/data/rows.csv'"),
        "'/mnt/data/rows.csv', a path of one machine",
    ),
    broken(
        "stable_outputs",
        "path of a mounted disk in an output",
        replace_output(SCORE_CELL, None, "37", "/mnt/data 37"),
        "'/mnt/data'",
    ),
    broken(
        "nothing_hidden",
        "output removed from the page",
        tag(SCORE_CELL, "remove-output"),
        "tagged 'remove-output'",
    ),
    broken(
        "nothing_hidden",
        "source hidden",
        set_metadata(SCORE_CELL, jupyter={"source_hidden": True}),
        "metadata.source_hidden, which hides",
    ),
    broken(
        "causes",
        "cause without its control",
        add_source(READING_CELL, " The rounding did it."),
        "names a cause, 'The rounding did it.', without its control",
    ),
    broken(
        "causes",
        "control that went",
        add_source(READING_CELL, " The rounding did it. <!-- control: not rounded: 36 -->"),
        "a control that no output prints, 'not rounded: 36'",
    ),
    broken(
        "causes",
        "cause given without a reason",
        replace_source(READING_CELL, "the first cell sets it", "by definition"),
        "as given, 'by definition'; say in 4 words",
    ),
    broken(
        "places_to_write",
        "question without a place to write",
        lambda book: book.cells.pop(PLACE_CELL),
        "asks to write down, and no cell tagged 'answer' follows",
    ),
    broken(
        "places_to_write",
        "question without a good answer",
        set_source(PLACE_CELL + 1, "<details><summary>Yes</summary>\n\nNo.\n\n</details>"),
        "fold what a good answer contains in 40 to 110 words",
    ),
    broken(
        "places_to_write",
        "answer of somebody else in the place",
        add_source(PLACE_CELL, " It rises."),
        "is a place to write and not",
    ),
]


def is_read(fault: Fault) -> bool:
    """Whether it is seen without a run."""
    return not fault.caught_by.startswith(COMPARED)


AT_ONCE = [fault for fault in FAULTS if is_read(fault)][::4]


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Project:
    return copy_project(tmp_path_factory.mktemp("faults"))


@pytest.fixture(scope="module")
def run(project) -> tuple[int, str, dict[str, str]]:
    """The real command on one notebook per fault and one without: its exit status, its output,
    {failed test: its report}.
    """
    tried = FAULTS if SLOW else AT_ONCE
    for fault in tried:
        book = tiny_lesson()
        fault.plant(book)
        project.save(book, fault.stem)
    compared = [f"notebooks/{fault.stem}.ipynb" for fault in tried if not is_read(fault)]
    project.keep_claims(STEM, *(fault.stem for fault in tried))
    done = project.run(*PYTEST, "tests/test_lessons.py", *compared)
    parts = re.split(r"^_+ (\S.*?) _+$", done.stdout, flags=re.MULTILINE)
    return done.returncode, done.stdout, dict(zip(parts[1::2], parts[2::2], strict=True))


def test_the_lesson_without_a_fault_passes(project):
    output = passes(
        project,
        *PYTEST,
        "tests/test_lessons.py",
        f"notebooks/{STEM}.ipynb",
        "-k",
        f"{STEM} or Cell",
    )
    assert "24 passed" in output, output  # twenty rules, four cells: none left out


def test_one_lesson_passes_among_the_faulty(run):
    assert run[2], run[1]
    assert not [test for test in run[2] if STEM in test], run[1]


@pytest.mark.parametrize(
    "fault", some_slow(FAULTS, lambda fault: fault in AT_ONCE), ids=lambda fault: fault.name
)
def test_fault_is_caught(fault, run, record_property):
    status, output, failures = run
    assert status == 1, f"The command ended with {status}.\n{output}"
    assert fault.test in failures, (
        f"{fault.test} did not fail; what failed: {list(failures)}\n{output[-2000:]}"
    )
    missing = [words for words in fault.words if words not in failures[fault.test]]
    assert not missing, f"The report does not say {missing}:\n{failures[fault.test]}"
    kind = "nbval" if fault.caught_by.startswith(COMPARED) else "rule"
    record(record_property, fault.name, PYTEST, status, f"{kind} {fault.caught_by}")
